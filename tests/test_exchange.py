"""Exchange on own servers: signing in, rights, waiting, odd items, and the ledger after it all."""

from __future__ import annotations

import base64
import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import exchangelib.errors
import pytest

from connector.bootstrap import make_exchange
from connector.errors import ConfigError, Denied, Gone, RemoteError, Throttled, Unavailable
from connector.jobs.collect import collect
from connector.ledger import Ledger
from connector.ledger.cursors import cursors_of
from connector.model import Direction, Item, Kind, Person
from connector.sandbox.ews import Call, Refused, get_attachment
from connector.sandbox.ews import Exchange as Server
from connector.sandbox.ews_scenarios import play
from connector.sandbox.ews_store import Address, File
from connector.sandbox.ews_xml import envelope
from connector.sandbox.protocol import Request, Response
from connector.settings import parse
from connector.sources.exchange import Access, Client
from connector.sources.exchange.refusals import Refusal
from tests.ews_town import (
    ANNA,
    BENT,
    PHONE,
    START,
    found,
    items,
    known_of,
    people_of,
    problems,
    put,
    read,
    serving,
    sound,
    voicemail,
    whole_town,
)
from tests.making import policy as make_policy

UM = "{4442858E-A9E3-4E80-B900-317A210CC15B} Name "


# -- signing in ------------------------------------------------------------------------------------


@pytest.mark.parametrize("auth", ["basic", "ntlm"])
def test_passwords(auth: str) -> None:
    """The service account signs in by NTLM and by Basic, where only that is offered."""
    with serving(auth=(auth,)) as town:
        put(town, voicemail())
        assert len(items(read(town.source(town.client(auth=auth))))) == 1


def test_wrong_password_is_tried_once(ledger: Ledger) -> None:
    """With a wrong password a run knocks once, however many mailboxes and readers there are, so
    that the account is not locked; the next run knocks again."""
    _town_people, store = whole_town(users=12, days=6)
    knocks: list[Request] = []
    with serving(store) as town:
        plain = town.server.handle

        def counted(request: Request) -> Response:
            knocks.append(request)
            return plain(request)

        town.listener._http.shared.handle = counted
        boxes = [*store.mailboxes]
        source = town.source(town.client(password="forkert"), mailboxes=boxes, parallel=8)
        assert isinstance(collect(ledger, source, make_policy()).stopped, Denied)
        assert len(knocks) == 1
        collect(ledger, source, make_policy())
        assert len(knocks) == 2


def test_token() -> None:
    """The app's token is put on each request, and renewed once it is refused."""
    given: list[bool] = []

    def token(renew: bool) -> str:
        given.append(renew)
        return "new" if True in given else "old"

    with serving(auth=("bearer",), token="new") as town:
        put(town, voicemail())
        source = town.source(town.client(token, auth="oauth"))
        assert len(items(read(source))) == 1
        assert given.count(True) == 1
        town.server.token = "another"
        with pytest.raises(Denied, match=r"graph\.client_id"):
            read(source)


def test_kerberos_needs_its_extra() -> None:
    """Without the extra, Kerberos is refused with what to install."""
    from exchangelib.transport import AUTH_TYPE_MAP, GSSAPI

    with serving() as town:
        source = town.source(town.client(auth="kerberos"))
        if GSSAPI not in AUTH_TYPE_MAP:
            with pytest.raises(Denied, match=r"casethread\[kerberos\]"):
                read(source)
        assert "kerberos" in (Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8")


@pytest.mark.parametrize("url", ["https://outlook.office365.com/EWS/Exchange.asmx", ""])
def test_online(url: str) -> None:
    """Exchange Online is refused by its address or its version, with the source that reads it."""
    with serving(version="online") as town:
        client = town.client(**({"url": url} if url else {}))
        with pytest.raises(Denied, match=r"sources\.voicemail\.enabled"):
            read(town.source(client))
        assert town.asked() <= 1


@pytest.mark.parametrize("version", ["2010", "2013", "2016", "2019"])
def test_versions(version: str) -> None:
    """Every version on own servers is read."""
    with serving(version=version) as town:
        put(town, voicemail())
        assert len(items(read(town.source()))) == 1


def test_ews_forbidden() -> None:
    """HTTP 403 says that EWS is closed, and what to look at; it ends the run."""
    with serving() as town:
        town.server.before.append(lambda _server, _call: Response(status=403))
        source = town.source()
        with pytest.raises(Denied, match="EwsEnabled"):
            read(source)
        assert [one.level for one in source.check()] == ["error"]


# -- rights ----------------------------------------------------------------------------------------


def test_delegate() -> None:
    """A delegate reads mailboxes and recordings without impersonating anybody."""
    with serving(rights="delegate") as town:
        put(town, voicemail(), mailbox=BENT)
        source = town.source(town.client(access="delegate"))
        (item,) = items(read(source, BENT))
        assert b"".join(source.content(item.attachments[0].ref)) == b"sound"
        assert not any(call.is_impersonated for call in town.server.asked)


@pytest.mark.parametrize(
    ("access", "words"),
    [("impersonation", "ApplicationImpersonation"), ("delegate", "Add-MailboxPermission")],
)
def test_no_right(access: str, words: str) -> None:
    """A missing right is told with the command that grants it, by check and for the mailbox."""
    with serving(rights="") as town:
        put(town, voicemail())
        source = town.source(town.client(access=access), mailboxes=[ANNA])
        (finding,) = source.check()
        assert finding.level == "error"
        assert words in finding.fix
        (page,) = read(source)
    (problem,) = problems([page])
    assert (problem.scope, page.cursor) == ("part", None)
    assert words in problem.reason


def test_scope() -> None:
    """A mailbox outside the management scope is told; the others are read."""
    with serving(scope=lambda address: address != BENT) as town:
        put(town, voicemail())
        source = town.source()
        assert len(items(read(source, ANNA))) == 1
        assert [one.scope for one in problems(read(source, BENT))] == ["part"]


def test_check_without_a_mailbox() -> None:
    """Where no mailbox is named, check signs in, and says how to have the right tried."""
    with serving() as town:
        (finding,) = town.source().check()
    assert finding.level == "ok"
    assert "sources.exchange.mailboxes" in finding.fix


# -- waiting ---------------------------------------------------------------------------------------


def _busy(times: int, back_off_ms: str) -> Callable[[Server, Call], None]:
    def before(server: Server, call: Call) -> None:
        if call.operation == "FindFolder" and server.times("busy", times):
            raise Refused("ErrorServerBusy", "Busy.", {"BackOffMilliseconds": back_off_ms})

    return before


def test_back_off_is_honoured() -> None:
    """The pause that ErrorServerBusy asks for is waited, by every thread."""
    with serving() as town:
        put(town, voicemail())
        town.server.before.append(_busy(2, "17500"))
        assert len(items(read(town.source()))) == 1
    assert town.clock.slept == [17.5, 17.5]


def test_back_off_is_bounded() -> None:
    """A pause beyond our patience ends this mailbox's reading for now, with the pause; another
    mailbox does not ask before it is over either."""
    with serving() as town:
        town.server.before.append(_busy(1, "400000"))
        source = town.source(town.client(patience_s=300))
        with pytest.raises(Throttled) as caught:
            read(source)
        assert caught.value.wait_s == 400
        assert town.clock.slept == []


def test_others_wait_too() -> None:
    """What one thread was told to wait, the next request of another waits as well."""
    with serving() as town:
        town.server.before.append(_busy(99, "20000"))
        client = town.client(patience_s=50)
        with pytest.raises(Throttled):
            read(town.source(client))
        assert town.clock.slept == [20.0, 20.0]
        town.server.before.clear()
        town.clock.passed_s -= 15  # as if the other thread had asked 15 s earlier
        put(town, voicemail())
        assert len(items(read(town.source(client)))) == 1
    assert town.clock.slept[2:] == [15.0]


@pytest.mark.parametrize("code", ["ErrorTimeoutExpired", "ErrorInternalServerError"])
def test_smaller_batches(code: str) -> None:
    """A server that cannot give many items at once is asked for fewer."""

    def before(_server: Server, call: Call) -> None:
        if len(call.body.findall("{*}ItemIds/{*}ItemId")) > 5:
            raise Refused(code, "Too much.")

    with serving() as town:
        put(town, *(voicemail(n) for n in range(20)))
        town.server.before.append(before)
        assert len(items(read(town.source()))) == 20


def test_slow_server() -> None:
    """Where even one item times out, the mailbox waits for the next run and its place is kept."""

    def before(_server: Server, call: Call) -> None:
        if call.operation == "GetItem":
            raise Refused("ErrorTimeoutExpired", "Slow.")

    with serving() as town:
        put(town, voicemail())
        town.server.before.append(before)
        with pytest.raises(Unavailable):
            read(town.source())


@pytest.mark.parametrize("header", ["7", ""])
def test_http_503(header: str) -> None:
    """HTTP 503 and 429 are pauses, as long as Retry-After says or by our own steps."""
    told = {"retry-after": header} if header else {}
    with serving() as town:
        put(town, voicemail())

        def before(server: Server, call: Call) -> Response | None:
            if call.operation == "FindFolder" and server.times("503", 2):
                return Response(status=503, headers=told)
            return None

        town.server.before.append(before)
        assert len(items(read(town.source()))) == 1
    assert town.clock.slept == ([7.0, 7.0] if header else [2.0, 5.0])


def _errors() -> list[type[BaseException]]:
    every = vars(exchangelib.errors).values()
    return [
        one
        for one in every
        if inspect.isclass(one)
        and issubclass(
            one, exchangelib.errors.EWSError | exchangelib.errors.NaiveDateTimeNotAllowed
        )
    ]


def test_every_error_of_the_library() -> None:
    """Whatever the library raises becomes one of our errors, and never shows what it holds."""
    checked = 0
    for kind in _errors():
        access = Access(name="exchange", url="http://127.0.0.1:9/", patience_s=0)
        client = Client(access, sleep=lambda seconds: None)
        client.line._open = lambda: None  # type: ignore[method-assign]
        error = _made(kind)

        def attempt(error: BaseException = error) -> None:
            raise error

        with pytest.raises((RemoteError, Refusal)) as caught:
            client.line.patiently(attempt)
        assert "hemmeligt" not in str(caught.value)
        checked += 1
    assert checked > 400


def _made(kind: type[BaseException]) -> BaseException:
    odd: dict[str, tuple[Any, ...]] = {
        "CASError": ("hemmeligt", Response()),
        "RateLimitError": ("hemmeligt", 5),
        "RedirectError": ("http://127.0.0.1/hemmeligt",),
        "AutoDiscoverCircularRedirect": ("hemmeligt",),
        "InvalidEnumValue": ("hemmeligt", 1, ()),
        "InvalidTypeError": ("hemmeligt", 1, int),
    }
    return kind(*odd.get(kind.__name__, ("hemmeligt",)))


# -- mailboxes and folders -------------------------------------------------------------------------


def test_one_bad_mailbox(ledger: Ledger, tmp_path: Path) -> None:
    """A mailbox that is missing and one that is being moved stop no other; their cursors stay, and
    when they are back, what came meanwhile is read."""
    town_people, store = whole_town(users=6, days=6)
    gone, moving = town_people.staff[0].upn, town_people.staff[1].upn
    with serving(store) as town:
        source = town.source(initial_days=400)
        people = people_of(town_people)
        source.parts(people)
        source.parts = lambda _people: [each.mail for each in people]  # type: ignore[method-assign]
        box = store.mailboxes.pop(gone)
        store.mailboxes[moving].state = "ErrorMailboxMoveInProgress"
        first = collect(ledger, source, make_policy())
        assert first.stopped is None
        assert first.taken.problems == 2
        assert set(cursors_of(ledger, "exchange")) == {each.mail for each in people} - {
            gone,
            moving,
        }
        store.mailboxes[gone] = box
        store.mailboxes[moving].state = ""
        second = collect(ledger, source, make_policy())
        assert second.taken.problems == 0
        assert set(cursors_of(ledger, "exchange")) == {each.mail for each in people}


def test_folder_deleted_between_pages() -> None:
    """A folder that is deleted while its pages are read ends there; the others are read."""
    with serving() as town:
        put(town, *(voicemail(n) for n in range(6)), folder="archive")
        put(town, voicemail(50))
        archive = town.store.folder(ANNA, "archive").id
        box = town.store.mailboxes[ANNA]

        def before(_server: Server, call: Call) -> None:
            most = call.body.find("{*}MaxChangesReturned")
            if most is not None:
                most.text = "2"
                if archive in call.request.body.decode() and call.body.findtext("{*}SyncState"):
                    box.folders.pop(archive, None)

        town.server.before.append(before)
        pages = read(town.source())
    assert len(items(pages)) == 3
    assert archive not in (pages[-1].cursor or "")


def test_place_is_kept_after_each_page() -> None:
    """After each page of ordinary mail the folder's place is kept: a run that is cut short asks for
    no page a second time."""
    plain = {
        "item_class": "IPM.Note",
        "sender": Address("Bent", BENT),
        "properties": (),
        "files": (),
    }
    with serving() as town:
        play(town.server, ["last-page-lies"])  # two changes a page
        put(town, *(voicemail(n, **plain) for n in range(8)))
        source = town.source()
        pages = source.changes(ANNA, None, known_of([]))
        cursors = [next(pages).cursor for _ in range(4)]
        assert len(set(cursors)) == 4
        before = town.asked("SyncFolderItems")
        read(source, cursor=cursors[-1])
        assert town.asked("SyncFolderItems") - before == 1


def test_quiet_mailbox_costs_one_request() -> None:
    """Where nothing changed, one request is asked on the same day, and all folders once a day."""
    with serving() as town:
        put(town, voicemail())
        source = town.source()
        first = read(source)
        before = town.asked()
        second = read(source, cursor=first[-1].cursor)
        assert town.asked() - before == 1
        town.clock.passed_s += 86_400
        read(source, cursor=second[-1].cursor, known=known_of(first))
        assert town.asked("SyncFolderItems") == 3  # the inbox; nothing was ever in the others


def test_a_server_without_times_of_change() -> None:
    """Where a server does not say when a folder changed, all folders are asked each time."""
    with serving() as town:
        put(town, voicemail())
        town.server.after.append(
            lambda _server, call, body: (
                body.replace('PropertyTag="0x670a"', 'PropertyTag="0x670b"')
                if call.operation == "FindFolder"
                else body
            )
        )
        source = town.source()
        first = read(source)
        put(town, voicemail(2))
        second = read(source, cursor=first[-1].cursor, known=known_of(first))
    assert [one.key for one in items(second)] == ["<2@k.example>"]


def test_junk_and_excluded() -> None:
    """Junk and folders in folders are read; excluded ones, calendars and contacts are not."""
    with serving() as town:
        for number, folder in enumerate(("junkemail", "voicemail", "sentitems", "calendar")):
            put(town, voicemail(number), folder=folder)
        kept = items(read(town.source(folders_excluded=["SENDT POST"])))
    assert sorted(one.key for one in kept) == ["<0@k.example>", "<1@k.example>"]


# -- items -----------------------------------------------------------------------------------------


def test_protected() -> None:
    """A protected voicemail is recorded as such, with what is missing."""
    with serving() as town:
        put(
            town,
            voicemail(
                item_class="IPM.Note.rpmsg.Microsoft.Voicemail.UM.CA",
                files=(File("r", "message.rpmsg", "application/x-rpmsg", 900, lambda: b"x"),),
            ),
        )
        (item,) = items(read(town.source()))
    assert item.flags == ("protected",)
    (file,) = item.attachments
    assert file.ref == ""
    assert "protected" in file.note


def test_huge_attachment() -> None:
    """A recording of 60 MB is not fetched, and the item says so; the next is fetched."""
    with serving() as town:
        files = (sound("a1", size=60 << 20), sound("a2", "kort.mp3"))
        put(town, voicemail(files=files))
        (item,) = items(read(town.source(max_audio_mb=25)))
    assert [(file.ref == "", file.note) for file in item.attachments] == [
        (True, "larger than 25 MB, not fetched"),
        (False, ""),
    ]


def test_mail_within_a_mail() -> None:
    """A mail attached to a voicemail has no bytes to fetch, and is told."""
    with serving() as town:
        put(town, voicemail(files=(sound("a1"), sound("a2", "Videresendt"))))
        town.server.after.append(
            lambda _server, _call, body: (
                body.replace(
                    '<t:FileAttachment><t:AttachmentId Id="a2"',
                    '<t:ItemAttachment><t:AttachmentId Id="a2"',
                )
                .replace("Videresendt</t:Name>", "Videresendt</t:Name>")
                .replace(
                    "</t:FileAttachment></t:Attachments>", "</t:ItemAttachment></t:Attachments>"
                )
            )
        )
        (item,) = items(read(town.source()))
    assert [file.ref == "" for file in item.attachments] == [False, True]
    assert "not fetched" in item.attachments[1].note


def test_missed_call() -> None:
    """A missed-call notice is a sighting of the call, with number and owner."""
    notice = voicemail(
        item_class="IPM.Note.Microsoft.Missed.Voice",
        properties=(("String 0x6802", PHONE),),
        files=(),
    )
    with serving() as town:
        put(town, notice)
        source = town.source()
        source.parts([Person(id="id-anna", mail=ANNA, name="Anna Hansen")])
        (item,) = items(read(source))
    assert item.kind is Kind.SIGHTING
    assert item.call is not None
    assert (item.call.caller.phone, item.call.is_answered) == (PHONE, False)
    assert item.call.callees[0].person == "id-anna"
    assert item.thread == "id-anna"


def test_saved_call() -> None:
    """A call that a client saved is a sighting with its length, from the mailbox's side."""
    call = voicemail(
        item_class="IPM.Note.Microsoft.Conversation.Voice",
        sender=Address("Anna Hansen", ANNA),
        to=(Address(PHONE, PHONE),),
        properties=(("Integer 0x6801", "65"),),
        files=(),
    )
    with serving() as town:
        put(town, call)
        (item,) = items(read(town.source()))
    assert item.call is not None
    assert (item.kind, item.call.duration_s) == (Kind.SIGHTING, 65)
    assert (item.direction, item.call.is_answered) == (Direction.OUTBOUND, True)
    assert item.call.callees[0].phone == PHONE


def test_shared_mailbox() -> None:
    """A shared mailbox that is named is read like a person's."""
    with serving() as town:
        town.store.add_mailbox("borgerservice@nordvang.example")
        put(town, voicemail(), mailbox="borgerservice@nordvang.example")
        source = town.source(mailboxes=["Borgerservice@nordvang.example"])
        (part,) = source.parts([Person(id="x", mail=ANNA)])
        (item,) = items(read(source, part))
    assert item.call is not None
    assert item.call.callees[0].mail == "borgerservice@nordvang.example"


def test_transcript() -> None:
    """Exchange's own transcript is read where the words are not in the body."""
    asr = (
        '<?xml version="1.0" encoding="utf-8"?><ASR><Information>Hej,</Information>'
        "<Text c='0.9'>det er</Text> <Text>Børge</Text></ASR>"
    )
    data = base64.b64encode(asr.encode()).decode()
    properties = (("Integer 0x6801", "20"), ("String 0x6802", PHONE), (f"Binary {UM}AsrData", data))
    with serving() as town:
        put(town, voicemail(1, body="<p>Telefonbesked</p>", properties=properties))
        put(town, voicemail(2, body="<p>Hej, det er Børge</p>", properties=properties))
        broken = (("String 0x6802", PHONE), (f"Binary {UM}AsrData", "bm8geG1s"))
        put(town, voicemail(3, properties=broken))
        first, second, third = items(read(town.source()))
    assert first.text == "Telefonbesked\nHej, det er Børge"
    assert second.text == "Hej, det er Børge"
    assert "27.45.04" in third.text


def test_item_that_cannot_be_converted() -> None:
    """An item that the server cannot convert is a problem in its place."""
    with serving() as town:
        put(town, voicemail(1), voicemail(2, is_broken=True), voicemail(3))
        pages = read(town.source())
    assert [one.key for one in problems(pages)] == ["<2@k.example>"]
    assert len(found(pages)) == 3


def test_broken_xml() -> None:
    """A listed or opened item without its id is told, and its neighbours arrive."""

    def spoil(_server: Server, call: Call, body: str) -> str:
        if call.operation != broken:
            return body
        return body.replace('<t:ItemId Id="AAMk0002" ChangeKey="CQAAABYA"/>', "<t:ItemId/>")

    for broken in ("SyncFolderItems", "GetItem"):
        with serving() as town:
            town.server.after.append(spoil)
            put(town, voicemail(1), voicemail(2), voicemail(3))
            pages = read(town.source())
        assert len(problems(pages)) == 1, broken
        assert len(found(pages)) == 3, broken


def test_control_characters() -> None:
    """An answer with characters that XML forbids is read without them; one that is cut is not."""
    with serving() as town:
        put(town, voicemail(body="<p>a\x0bb & c\x1f</p>"))
        (item,) = items(read(town.source()))
        assert item.text == "ab & c"


def test_content_gone() -> None:
    """A recording that was deleted is Gone; a ref of another source too."""
    with serving() as town:
        put(town, voicemail())
        source = town.source()
        (item,) = items(read(source))
        town.store.delete(town.store.folder(ANNA, "inbox"), "AAMk0001")
        with pytest.raises(Gone):
            list(source.content(item.attachments[0].ref))
        with pytest.raises(Gone):
            list(source.content("users/nobody"))


def test_content_broken_off() -> None:
    """A line that breaks in a recording is Unavailable, so that it is fetched again."""
    with serving() as town:
        put(town, voicemail(files=(sound("a1", data=b"x" * 300_000),)))
        source = town.source()
        (item,) = items(read(source))
        town.server.before.append(_cut_content)
        with pytest.raises(Unavailable):
            list(source.content(item.attachments[0].ref))
        town.server.before.clear()
        assert len(b"".join(source.content(item.attachments[0].ref))) == 300_000


def _cut_content(server: Server, call: Call) -> Response | None:
    if call.operation != "GetAttachment":
        return None
    return Response(body=envelope(get_attachment(server, call), "2010"), cut_at=200_000)


# -- the whole program -----------------------------------------------------------------------------


def test_ledger_holds_each_once(ledger: Ledger) -> None:
    """Three readings of the municipality, the second without cursors, keep everything once."""
    town_people, store = whole_town(users=10, days=6)
    with serving(store) as town:
        counts = []
        for is_from_start in (False, True, False):
            source = town.source(initial_days=400, mailboxes=[*store.mailboxes])
            source.parts(people_of(town_people))
            collected = collect(ledger, source, make_policy(), is_from_start=is_from_start)
            counts.append(sum(collected.taken.new.values()))
    assert counts[0] > 20
    assert counts[1:] == [0, 0]


SETTINGS = """
language = "en"
[graph]
base_url = "http://127.0.0.1:9/v1.0"
auth = "static"
[sources.exchange]
enabled = true
url = "{url}"
auth = "basic"
user = "svc-casethread"
mailboxes = ["{mailbox}"]
[sinks.journal]
kind = "folder"
path = "journal"
"""


def test_from_settings(tmp_path: Path) -> None:
    """The settings make a source that reads; without the password they say which variable."""
    with serving() as town:
        put(town, voicemail())
        text = SETTINGS.format(url=town.url, mailbox=ANNA)
        settings = parse(text, tmp_path, {"CASETHREAD_EXCHANGE_PASSWORD": town.server.password})
        source = make_exchange(settings, None, lambda: START)
        assert source.name == "exchange"
        assert [one.level for one in source.check()] == ["ok"]
        (part,) = source.parts([])
        pages = list(source.changes(part, None, lambda thread, pairs: set()))
        source.client.close()  # type: ignore[attr-defined]
        assert len([one for one in found(pages) if isinstance(one, Item)]) == 1
        with pytest.raises(ConfigError, match="CASETHREAD_EXCHANGE_PASSWORD"):
            make_exchange(parse(text, tmp_path, {}), None, lambda: START)


def test_settings_together(tmp_path: Path) -> None:
    """An enabled server needs its address and account; a password never goes by plain HTTP."""
    text = SETTINGS.format(url="", mailbox=ANNA).replace('user = "svc-casethread"', "")
    with pytest.raises(ConfigError) as caught:
        parse(text, tmp_path, {})
    assert sorted(problem.split(": ")[1] for problem in caught.value.problems) == [
        "sources.exchange.url",
        "sources.exchange.user",
    ]
    text = SETTINGS.format(url="http://mail.k.example/EWS/Exchange.asmx", mailbox=ANNA)
    with pytest.raises(ConfigError, match="https"):
        parse(text, tmp_path, {})


def test_exchangelib_is_loaded_late() -> None:
    """Starting the program, and asking for the sources' names, loads nothing of exchangelib."""
    text = "import sys, connector.work, connector.cli; print('exchangelib' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
