"""cBrain F2: the contracts of a sink and of a register on the fake, and what is F2's own."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest

from connector.errors import CaseClosed, CaseLocked, Denied, Rejected, Unavailable, Unclear
from connector.journaling.connection import Connection
from connector.journaling.draft import Drafter
from connector.journaling.remote import Answer
from connector.journaling.words import Words, load
from connector.journals import f2
from connector.journals.f2.reasons import refusal
from connector.journals.f2.text import read_text
from connector.journals.f2.wire import plain_number
from connector.journals.f2.xml import XmlError, parse
from connector.journals.folder.sink import load_mapping
from connector.model import Case, CaseParty, Direction, Entry, EntryFile, Line, Receipt
from connector.ports import CaseRegister, NoSteps, Sink
from connector.sandbox.protocol import Request, Response
from connector.sandbox.server import listen
from connector.sandbox.systems.base import LARGEST_BODY, LOSES_ANSWERS, READ_ONLY
from connector.sandbox.systems.f2 import FakeF2
from connector.sandbox.systems.f2_records import FakeMatter, FakeParty
from tests.contracts.sink import AUDIO, STARTED, entry, open_file, sha256_of
from tests.contracts.system import RegisterOf, SystemContract
from tests.cutting import Cutter

NUMBER = "2026-1170"
MAPPINGS = Path(__file__).parent.parent / "mappings"


def words(**changes: object) -> Words:
    """The words of mappings/f2.toml; `changes` as section__key=value."""
    found = load((MAPPINGS / "f2.toml").read_text(encoding="utf-8"), f2.WORDS, "f2.toml")
    values = {section: dict(keys) for section, keys in found.values.items()}
    for place, value in changes.items():
        section, key = place.split("__")
        values[section][key] = value
    return Words(found.name, values)


def drafter() -> Drafter:
    mapping = load_mapping(MAPPINGS, "da")
    return Drafter(mapping, MAPPINGS / "templates", lambda: datetime(2026, 11, 20, 15, tzinfo=UTC))


def connection(origin: str, adapter: Cutter | None = None) -> Connection:
    return Connection(
        name="esdh",
        url=f"{origin}/F2Rest",
        client_id="casethread-client",
        user="casethread",
        secret="fictional",
        adapter=adapter,
    )


class TestF2Sink(SystemContract):
    number: ClassVar[str] = NUMBER
    other_number: ClassVar[str] = "2026-1171"
    system: FakeF2

    # -- hooks ----------------------------------------------------------------------------------

    def make_system(self) -> FakeF2:
        system = FakeF2()
        system.add_case("2026 - 1170", title="Hjælp i hjemmet")
        return system

    def connection(self, origin: str, adapter: Cutter | None = None) -> Connection:
        return connection(origin, adapter)

    def connect(self, connection: Connection, **changes: object) -> Sink:
        return f2.make_sink(connection, words(**changes), drafter())

    def documents(self, sink: Sink, case_number: str) -> list[str]:
        return [str(matter.values["Title"]) for matter in self.system.on_case(case_number)]

    def matter(self, receipt: Receipt) -> FakeMatter:
        return self.system.matters[int(receipt.target)]

    def read(self, sink: Sink, receipt: Receipt) -> str:
        matter = self.matter(receipt)
        pages = [d.content.decode() for d in matter.documents if d.file_type == "html"]
        return "\n".join([str(matter.values["Text"]), *pages])

    def recordings(self, receipt: Receipt) -> list[bytes]:
        return [d.content for d in self.matter(receipt).documents if d.file_type == "wav"]

    def orphans(self) -> list[str]:
        """Akter on no case: the factory of the service index makes such."""
        return [str(m.values["Title"]) for m in self.system.matters.values() if not m.case_id]

    def close_case(self, sink: Sink, case_number: str) -> None:
        self.system.case(case_number).is_closed = True

    def lock_case(self, sink: Sink, case_number: str) -> None:
        self.system.case(case_number).is_locked = True


CASES = (
    Case(
        number=NUMBER,
        title="Hjælp i hjemmet",
        opened=date(2026, 11, 2),
        caseworker="kim@kommune.example",
        department="Borgerservice",
        parties=(
            CaseParty(name="Carla Citat", phone="+4532100001", mail="carla@mail.example"),
            CaseParty(name="Dorte Drøm", phone="+4532100002"),
        ),
        kle_subject="27.45.04",
        kle_facet="P19",
    ),
    Case(
        number="2026-1171",
        title="Lukket, sag",
        is_open=False,
        opened=date(2026, 11, 2),
        access="restricted",
    ),
)


class TestF2Register(RegisterOf):
    cases: ClassVar[tuple[Case, ...]] = CASES
    system: FakeF2

    def make_system(self) -> FakeF2:
        return FakeF2()

    def connection(self, origin: str) -> Connection:
        return connection(origin)

    def connect(self, connection: Connection, **changes: object) -> CaseRegister:
        return f2.make_register(connection, words(**changes))

    def numbered(self, last: int) -> str:
        return f"2026-{last}"

    def known(self, case: Case) -> Case:
        """With F2's own id and the day F2 created it."""
        held = {c.number.replace(" ", ""): str(c.id) for c in self.system.cases.values()}
        return msgspec.structs.replace(
            case, remote_id=held.get(case.number, ""), opened=date(2026, 11, 2)
        )

    def hold(self, cases: Sequence[Case]) -> None:
        self.system.cases.clear()
        for case in cases:
            parties = [
                FakeParty(name=party.name, mail=party.mail, phone=party.phone.removeprefix("+45"))
                for party in case.parties
            ]
            if case.department:
                unit = FakeParty(
                    name=case.department, sort="Organization", relation="ResponsibleUnit"
                )
                parties.append(unit)
            user = FakeParty(name="Kim", sort="User", mail=case.caseworker)
            self.system.add_case(
                case.number.replace("-", " - "),
                title=case.title,
                is_closed=not case.is_open,
                responsible=user if case.caseworker else None,
                groups=["Sikkerhedsgruppe"] if case.access else [],
                parties=parties,
                keyword=case.kle_subject,
                process=case.kle_facet,
            )


class Site:
    """A running fake with one open case, and what is asked of it."""

    def __init__(self, system: FakeF2, origin: str) -> None:
        self.system, self.origin = system, origin
        self.case = system.add_case("2026 - 1170", title="Hjælp i hjemmet")

    def sink(self, **changes: object) -> Sink:
        return f2.make_sink(connection(self.origin), words(**changes), drafter())

    def register(self, **changes: object) -> CaseRegister:
        return f2.make_register(connection(self.origin), words(**changes))

    def posts(self, start: int = 0) -> int:
        """How often content was posted."""
        return sum(self.system.is_write(request) for request in self.system.requests[start:])

    def akt(self) -> FakeMatter:
        (akt,) = self.system.on_case(NUMBER)
        return akt


@pytest.fixture
def site() -> Iterator[Site]:
    system = FakeF2()
    with listen(system.handle, most_body_bytes=LARGEST_BODY) as listener:
        yield Site(system, listener.origin)


def made(kind: str = "conversation", **changes: object) -> Entry:
    return entry(kind, **{"case_number": NUMBER, **changes})


def two_files() -> tuple[EntryFile, ...]:
    names = ("Besked fra Carla.wav", "Besked mere.wav")
    return tuple(EntryFile(name=name, sha256=sha256_of(AUDIO)) for name in names)


# -- posting once ----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [201, 303])
@pytest.mark.parametrize("spellings", [("plain",), ("spaced",), ("plain", "spaced")])
def test_what_the_documentation_leaves_open(site: Site, status: int, spellings: tuple[str, ...]):
    """Either status for a one-time address, and either spelling of a number, is understood."""
    site.system.poe_status, site.system.spellings = status, spellings

    receipt = site.sink().put(made("voicemail"), "CT-1", open_file)

    assert receipt == site.sink().find("CT-1", NUMBER)
    assert receipt.target == str(site.akt().id)
    assert receipt.detail == str(site.akt().number)


def test_an_address_is_kept_before_it_is_used(site: Site):
    """At the moment content arrives, its one-time address is in the steps; each has its own."""
    steps = NoSteps()
    seen: list[dict[str, str]] = []
    site.system.meanwhile = lambda: seen.append(msgspec.json.decode(steps.text))

    site.sink().put(made("voicemail", files=two_files()), "CT-1", open_file, steps)

    posted = [r.url for r in site.system.requests if site.system.is_write(r)]
    assert [list(kept.values())[-1] for kept in seen] == posted
    assert len(set(posted)) == 3
    assert "Carla" not in steps.text
    assert "Ring venligst" not in steps.text


def test_a_repeat_is_answered_with_what_was_made(site: Site):
    """Where a look-up does not see the akt yet, the kept address still makes no second one."""
    steps = NoSteps()
    with site.system.being(LOSES_ANSWERS), pytest.raises(Unclear):
        site.sink().put(made(), "CT-1", open_file, steps)
    site.system.lags = True

    receipt = site.sink().put(made(), "CT-1", open_file, steps)

    site.system.lags = False
    assert receipt == site.sink().find("CT-1", NUMBER)
    assert receipt.target == str(site.akt().id)


def test_an_address_that_expired_unused(site: Site):
    """A forgotten one-time address is replaced by a new one, which is kept."""
    steps = NoSteps()
    steps.save(
        msgspec.json.encode({f"matter on {site.case.id}": f"{site.origin}/F2Rest/poe/old"}).decode()
    )

    receipt = site.sink().put(made(), "CT-1", open_file, steps)

    assert receipt.target == str(site.akt().id)
    assert "old" not in steps.text


def test_an_address_that_expired_after_use(site: Site):
    """What a forgotten address had made is found by looking, before a new one is asked for."""
    steps = NoSteps()
    with site.system.being(LOSES_ANSWERS), pytest.raises(Unclear):
        site.sink().put(made(), "CT-1", open_file, steps)
    site.system.forget_addresses()

    receipt = site.sink().put(made(), "CT-1", open_file, steps)

    assert receipt.target == str(site.akt().id)
    assert site.posts() == 1


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"<html><body>An error has occurred</body></html>", {"content-type": "text/html"}),
        (b"", {}),
    ],
)
def test_a_good_status_is_not_success(
    site: Site, monkeypatch: pytest.MonkeyPatch, body: bytes, headers: dict[str, str]
):
    """A 200 that does not say what was created is unclear, and the akt is looked for."""
    answer = site.system.answer

    def silent(request: Request) -> Response:
        response = answer(request)
        is_made = response.status == 201 and request.body
        return Response(body=body, headers=headers) if is_made else response

    monkeypatch.setattr(site.system, "answer", silent)
    with pytest.raises(Unclear):
        site.sink().put(made(), "CT-1", open_file)
    monkeypatch.undo()

    assert site.sink().find("CT-1", NUMBER) == site.sink().put(made(), "CT-1", open_file)
    assert site.posts() == 1


def test_only_what_is_missing_is_sent(site: Site):
    """An akt with one of its two files is no entry yet, and a put sends the other alone."""
    site.sink().put(made("voicemail", files=two_files()), "CT-1", open_file)
    site.akt().documents.pop()
    before = len(site.system.requests)
    assert site.sink().find("CT-1", NUMBER) is None

    site.sink().put(made("voicemail", files=two_files()), "CT-1", open_file)

    assert site.posts(before) == 1
    assert [document.content for document in site.akt().documents] == [AUDIO, AUDIO]
    assert len({document.title for document in site.akt().documents}) == 2


def test_how_many_requests(site: Site):
    """What a put costs, as docs/systems/f2.md says."""
    sink = site.sink()

    def asked(entry: Entry, key: str) -> int:
        before = len(site.system.requests)
        sink.put(entry, key, open_file)
        return len(site.system.requests) - before

    sink.find("CT-0", NUMBER)  # reads the service index and signs in
    assert asked(made(), "CT-1") == 6
    assert asked(made("voicemail"), "CT-2") == 10
    assert asked(made("voicemail"), "CT-2") == 4


# -- what F2 refuses -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "expected", "field"),
    [
        ({"is_closed": True}, CaseClosed, "case_number"),
        ({"is_locked": True}, CaseLocked, ""),
        ({"is_read_only": True}, Rejected, "case_number"),
        ({"is_hidden": True}, Rejected, "case_number"),
    ],
)
@pytest.mark.parametrize("gives_reasons", [True, False])
def test_what_changes_meanwhile(
    site: Site, gives_reasons: bool, change: dict[str, bool], expected: type[Exception], field: str
):
    """A case that changes between the look-up and the create: the right error, with its number and
    without its title, and nothing written; also where F2 gives no reason code."""
    site.system.gives_reasons = gives_reasons

    def meanwhile() -> None:
        for name, value in change.items():
            setattr(site.case, name, value)

    site.system.meanwhile = meanwhile

    with pytest.raises(expected, match=NUMBER) as caught:
        site.sink().put(made(), "CT-1", open_file)

    assert type(caught.value) is expected
    assert getattr(caught.value, "field", "") == field
    assert "Hjælp" not in str(caught.value)
    assert site.system.on_case(NUMBER) == []


@pytest.mark.parametrize("gives_reasons", [True, False])
def test_a_case_that_may_not_be_read(site: Site, gives_reasons: bool):
    """403 to one case hides that case; the other cases go on."""
    site.system.gives_reasons = gives_reasons
    site.case.is_forbidden = True
    site.system.add_case("2026 - 1171")

    assert site.register().lookup(NUMBER) is None
    with pytest.raises(Rejected, match="hidden") as caught:
        site.sink().put(made(), "CT-1", open_file)
    assert caught.value.field == "case_number"
    assert site.sink().put(made(case_number="2026-1171"), "CT-2", open_file)


def test_an_address_of_another_case(site: Site):
    """A one-time address that was kept for one case is not used for another."""
    steps = NoSteps()
    site.case.is_locked = True
    with pytest.raises(CaseLocked):
        site.sink().put(made(), "CT-1", open_file, steps)
    site.case.is_locked = False
    site.system.add_case("2026 - 1171")

    site.sink().put(made(case_number="2026-1171"), "CT-1", open_file, steps)

    assert site.system.on_case(NUMBER) == []
    assert len(site.system.on_case("2026-1171")) == 1


@pytest.mark.parametrize("accept", ["xml", "json"])
@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (404, "DossierCaseClosed", CaseClosed),
        (409, "CaseClosed", CaseClosed),
        (423, "Locked", CaseClosed),
        (423, "LockedByAnotherUser", CaseLocked),
        (400, "DossierBadTitle", Rejected),
        (400, "DossierNoResponsible", Rejected),
        (403, "DossierNoWriteAccess", Rejected),
        (403, "", Denied),
        (423, "", None),
        (400, "", None),
        (500, "CaseClosed", None),
    ],
)
def test_reason_codes(status: int, code: str, expected: type[Exception] | None, accept: str):
    """A reason decides whatever the status beside it; without one the general rules do."""
    reason = f"<ReasonCode>{code}</ReasonCode>" if code else ""
    body = f"<Error xmlns='http://x/'><Message>Carla</Message>{reason}</Error>"
    if accept == "json":
        body = msgspec.json.encode({"Message": "Carla", "ReasonCode": code or None}).decode()

    error = refusal(Answer(status, body.encode(), {}, "POST", "http://x/"), "esdh")

    assert (type(error) if error else None) is expected
    assert "Carla" not in str(error)


@pytest.mark.parametrize("loose", ["2026-117", "2026-1"])
def test_a_look_up_that_is_looser_than_ours(site: Site, loose: str):
    """The number of what comes back is compared, so another case is never taken for it."""
    site.system.is_loose = True

    assert site.register().lookup(loose) is None
    with pytest.raises(Rejected, match=loose):
        site.sink().put(made(case_number=loose), "CT-1", open_file)
    assert site.system.on_case(NUMBER) == []


@pytest.mark.parametrize(
    ("written", "plain"),
    [("2026 - 1170", NUMBER), ("2026-1170", NUMBER), ("2026\u00a0-\u00a01170", NUMBER)],
)
def test_spaces_in_a_number_mean_nothing(site: Site, written: str, plain: str):
    """F2 shows spaces that our canonical spelling does not have."""
    assert plain_number(written) == plain
    found = site.register().lookup(written)
    assert found is not None
    assert found.number == plain


def test_a_virus_scan(site: Site):
    """A warning in the place of a file is told, by put and by find, and nothing is sent again."""
    site.system.infected = (AUDIO[:4],)

    for _ in range(2):
        with pytest.raises(Rejected, match="virus scan") as caught:
            site.sink().put(made("voicemail"), "CT-1", open_file)
        assert caught.value.field == "files"
    with pytest.raises(Rejected):
        site.sink().find("CT-1", NUMBER)
    assert len(site.akt().documents) == 1


def test_a_file_of_another_size(site: Site):
    """A file whose stored size is not that of the bytes sent is not taken for them."""
    site.sink().put(made("voicemail"), "CT-1", open_file)
    site.akt().documents[0].content += b"x"

    with pytest.raises(Rejected) as caught:
        site.sink().find("CT-1", NUMBER)

    assert caught.value.field == "files"


def test_a_file_over_the_site_s_limit(site: Site):
    """Refused before anything is written."""
    sink = site.sink(limits__file_bytes=100)

    with pytest.raises(Rejected) as caught:
        sink.put(made("voicemail"), "CT-1", open_file)

    assert caught.value.field == "files"
    assert sink.capabilities.max_file_bytes == 100
    assert site.system.requests == []


# -- which akt is ours -----------------------------------------------------------------------------


def reply(site: Site, **changes: object) -> FakeMatter:
    """Somebody answers the akt in F2: a new akt with its title and text."""
    akt = site.akt()
    made = FakeMatter(
        id=akt.id + 50,
        number=7,
        case_id=akt.case_id,
        created=akt.created,
        values={**akt.values, "Title": f"SV: {akt.values['Title']}", **changes},
    )
    site.system.matters[made.id] = made
    return made


@pytest.mark.parametrize("text", ["the same", "none"])
def test_a_reply_is_not_the_entry(site: Site, text: str):
    """The first akt stays the entry when a reply repeats its title, and even its mark."""
    receipt = site.sink().put(made(), "CT-1", open_file)
    reply(site, **({} if text == "the same" else {"Text": ""}))

    assert receipt == site.sink().find("CT-1", NUMBER)
    assert receipt == site.sink().put(made(), "CT-1", open_file)


def test_a_mark_that_somebody_removed(site: Site):
    """An akt with our key and without its proof is told, not doubled."""
    site.sink().put(made(), "CT-1", open_file)
    site.akt().values["Text"] = "<p>Rettet</p>"

    with pytest.raises(Rejected, match=str(site.akt().number)) as caught:
        site.sink().put(made(), "CT-1", open_file)

    assert caught.value.field == "key"


def test_a_deleted_akt_is_no_entry(site: Site):
    """What lies in F2's bin is not on the case."""
    site.sink().put(made(), "CT-1", open_file)
    site.akt().binned = "2026-11-20T16:00:00"

    assert site.sink().find("CT-1", NUMBER) is None


def test_f2_may_write_the_markup_anew():
    """The proof is read from the words, whatever an editor did to the mark-up and the spaces."""
    line = f"Casethread&nbsp;CT-1\n<span>sha256:{'a' * 64}</span> files:s_lyd-01.wav=12,s.html="
    quoted = f"Casethread CT-9 sha256:{'b' * 64}"

    found = read_text(f"<div>{quoted}</div><div><b>{line}</b></div>")

    assert found is not None
    assert found[:2] == ("CT-1", "a" * 64)
    assert [(part.title, part.file_type, part.size_bytes) for part in found[2]] == [
        ("s_lyd-01", "wav", 12),
        ("s", "html", None),
    ]
    assert read_text("<p>Casethread CT-1</p>") is None


# -- what an akt says ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("direction", "kind", "dates"),
    [
        (Direction.INBOUND, "Inbound", {"LetterDate", "ReceivedDate"}),
        (Direction.OUTBOUND, "Outbound", {"LetterDate", "SentDate"}),
        (Direction.INTERNAL, "Internal", {"LetterDate"}),
        (Direction.UNKNOWN, "Internal", {"LetterDate"}),
    ],
)
def test_type_and_dates(site: Site, direction: Direction, kind: str, dates: set[str]):
    """The type follows the direction, one date with it, and nothing is sent out of F2."""
    site.sink().put(made("call", direction=direction), "CT-1", open_file)

    values = site.akt().values
    assert values["Type"] == kind
    assert values["DeliveryType"] == "None"
    assert {name for name in values if name.endswith("Date")} == dates


@pytest.mark.parametrize(
    ("started", "day"),
    [
        (datetime(2026, 7, 1, 21, 59, tzinfo=UTC), "2026-07-01T00:00:00"),
        (datetime(2026, 7, 1, 22, 1, tzinfo=UTC), "2026-07-02T00:00:00"),
        (datetime(2026, 12, 1, 22, 1, tzinfo=UTC), "2026-12-01T00:00:00"),
        (datetime(2026, 12, 1, 23, 1, tzinfo=UTC), "2026-12-02T00:00:00"),
    ],
)
def test_the_day_is_the_server_s(site: Site, started: datetime, day: str):
    """F2's dates are local to its server, in summer and in winter."""
    site.sink().put(made(started_at=started), "CT-1", open_file)

    assert site.akt().values["LetterDate"] == day


@pytest.mark.parametrize(
    ("now", "at"),
    [
        (datetime(2026, 11, 20, 15, 0), datetime(2026, 11, 20, 14, 0, 1, tzinfo=UTC)),  # noqa: DTZ001
        (datetime(2026, 7, 20, 15, 0), datetime(2026, 7, 20, 13, 0, 1, tzinfo=UTC)),  # noqa: DTZ001
    ],
)
def test_the_receipt_s_time(site: Site, now: datetime, at: datetime):
    """F2's own time of creation, read as the server's local time."""
    site.system.now = now

    assert site.sink().put(made(), "CT-1", open_file).at == at


@pytest.mark.parametrize("limit", [60, 255])
def test_a_title_keeps_its_key(site: Site, limit: int):
    """However long, the title is within the limit and ends in the key."""
    site.sink(limits__title=limit).put(made(title="Æ" * 400), "CT-1", open_file)

    title = str(site.akt().values["Title"])
    assert len(title) == limit
    assert title.endswith("… [CT-1]")


def test_a_text_over_the_limit(site: Site):
    """A long text is begun in the akt and is whole in a document, which comes last."""
    said = "Det var en lang samtale. " * 200 + "Slut på samtalen."
    line = Line(key="1", at=STARTED, who="Anna Prøvesen", text=said)
    sink = site.sink(limits__text=2000)

    receipt = sink.put(made("voicemail", lines=(line,)), "CT-1", open_file)

    text = str(site.akt().values["Text"])
    assert len(text) < 2000
    assert "Hele teksten" in text
    assert [document.file_type for document in site.akt().documents] == ["wav", "html"]
    assert "Slut på samtalen." in site.akt().documents[1].content.decode()
    site.akt().documents.pop()
    assert sink.find("CT-1", NUMBER) is None
    assert receipt == sink.put(made("voicemail", lines=(line,)), "CT-1", open_file)


def test_the_text_is_for_f2(site: Site):
    """No style, no player, no link to a file that lies elsewhere; the facts are all there."""
    site.sink().put(made("voicemail"), "CT-1", open_file)

    text = str(site.akt().values["Text"])
    for none in ("<style", "<audio", "<img", "<html", "href=", "class="):
        assert none not in text
    for fact in (NUMBER, "Carla Citat", "Ring venligst tilbage.", "lyd-01.wav", "<table>"):
        assert fact in text


def test_a_later_version_names_the_akt(site: Site):
    """The number that people know of the earlier akt stands first."""
    site.sink().put(made(), "CT-1", open_file)
    number = site.akt().number
    site.sink().put(made(version=2, previous_key="CT-1"), "CT-2", open_file)

    later = site.system.on_case(NUMBER)[1]
    assert str(later.values["Text"]).startswith(f"<p>Følger efter akt {number} ")


def test_what_the_site_decides(site: Site):
    """Responsible, keywords, access and status as the mapping says; by default none is sent."""
    site.case.responsible = FakeParty(name="Kim", sort="User", number=118)
    site.sink().put(made(), "CT-1", open_file)
    assert site.akt().values.keys() & {
        "Responsible", "KeywordCodes", "AccessLevel", "Status", "ExternalAccessCode",
    } == set()  # fmt: skip

    site.sink(
        matter__responsible="case",
        matter__keyword_codes=("00.03.04",),
        matter__access_level="Unit",
        matter__status="Closed",
        matter__archived=True,
        matter__external_access="Closed",
    ).put(made("call"), "CT-2", open_file)

    values = site.system.on_case(NUMBER)[1].values
    assert values["Responsible"] == {"PartyNo": 118}
    assert values["KeywordCodes"] == ["00.03.04"]
    assert (values["AccessLevel"], values["Status"]) == ("Unit", "Closed")
    assert (values["Archived"], values["ExternalAccessCode"]) == (True, "Closed")


# -- the register ----------------------------------------------------------------------------------


def test_two_telephones_are_two_rows(site: Site):
    """A party is found by either of its numbers; equal ones are one."""
    site.case.parties = [
        FakeParty(name="Carla", phone="32 10 00 01", mobile="32100002"),
        FakeParty(name="Dorte", phone="32100003", mobile="+45 32100003"),
        FakeParty(name="Emil", phone="intern 12"),
        FakeParty(name="Kim", sort="User", phone="32100009"),
    ]

    case = site.register().lookup(NUMBER)

    assert case is not None
    assert [(party.name, party.phone) for party in case.parties] == [
        ("Carla", "+4532100001"),
        ("Carla", "+4532100002"),
        ("Dorte", "+4532100003"),
        ("Emil", ""),
    ]


def test_which_contacts_are_parties(site: Site):
    """A site may say which relations count."""
    site.case.parties = [
        FakeParty(name="Carla", relation="Sagspart"),
        FakeParty(name="Dorte", relation="Sender"),
    ]

    case = site.register(parties__relations=("Sagspart",)).lookup(NUMBER)

    assert case is not None
    assert [party.name for party in case.parties] == ["Carla"]


@pytest.mark.parametrize("sort", ["User", "Unit"])
def test_who_is_responsible(site: Site, sort: str):
    """A user is the caseworker, a unit the department; hidden parties leave the rest as it is."""
    site.system.has_parties = False
    site.case.responsible = FakeParty(name="Borgerservice", sort=sort, mail="kim@kommune.example")

    case = site.register().lookup(NUMBER)

    assert case is not None
    expected = ("kim@kommune.example", "") if sort == "User" else ("", "Borgerservice")
    assert (case.caseworker, case.department) == expected
    assert case.parties == ()


def test_unknown_access_is_restricted(site: Site, monkeypatch: pytest.MonkeyPatch):
    """An F2 that does not tell who may see a case is not read as one that all may see."""
    hide = site.system.answer

    def answer(request: Request) -> Response:
        response = hide(request)
        body = response.body.replace(b"<SecurityGroups></SecurityGroups>", b"")
        return dataclasses.replace(response, body=body)

    register = site.register()
    open_case = register.lookup(NUMBER)
    monkeypatch.setattr(site.system, "answer", answer)
    unknown = register.lookup(NUMBER)

    assert open_case is not None
    assert unknown is not None
    assert (open_case.access, unknown.access) == ("", "restricted")


# -- signing in and check --------------------------------------------------------------------------


def test_a_token_that_f2_forgot(site: Site):
    """A new one is asked for, and the request sent once more."""
    sink = site.sink()
    sink.put(made(), "CT-1", open_file)
    site.system.tokens.clear()
    site.system.tokens.add("another")

    assert sink.find("CT-1", NUMBER) is not None


def test_a_user_with_a_password(site: Site):
    """With a client secret of its own, the connection's secret is the F2 user's password."""
    site.system.password = "fictional too"
    base = connection(site.origin)
    both = msgspec.structs.replace(base, client_secret="fictional", secret="fictional too")

    assert f2.make_sink(both, words(), drafter()).find("CT-1", NUMBER) is None
    with pytest.raises(Denied):
        f2.make_sink(base, words(), drafter()).find("CT-1", NUMBER)


def test_check_names_the_grant(site: Site):
    """Whatever is missing, check says where it is given, and what was proven before."""
    wrong = msgspec.structs.replace(connection(site.origin), secret="wrong")
    levels = [(f.level, f.fix) for f in f2.make_sink(wrong, words(), drafter()).check()]
    assert [level for level, _ in levels] == ["ok", "error"]
    assert "ClientValidationRules.config" in levels[1][1]

    with site.system.being(READ_ONLY):
        findings = site.sink().check()
    assert [finding.level for finding in findings] == ["ok", "ok", "ok", "error"]
    assert "create akter" in findings[3].fix
    assert [f.level for f in site.register().check()] == ["ok", "ok", "ok"]
    assert site.system.matters == {}


def test_an_index_that_points_elsewhere(site: Site, monkeypatch: pytest.MonkeyPatch):
    """An address on another host is not followed: it would be shown the client's secret."""
    answer = site.system.answer

    def elsewhere(request: Request) -> Response:
        response = answer(request)
        if request.path != "/F2Rest/ServiceIndex":
            return response
        there = response.body.replace(site.origin.encode(), b"https://f2.elsewhere.example")
        return dataclasses.replace(response, body=there)

    monkeypatch.setattr(site.system, "answer", elsewhere)

    # Every entry would meet it: the run ends, and no entry is refused for good.
    with pytest.raises(Unavailable, match="elsewhere"):
        site.sink().put(made(), "CT-1", open_file)
    with pytest.raises(Unavailable):
        site.register().lookup(NUMBER)
    assert [finding.level for finding in site.sink().check()] == ["ok", "error"]


def test_an_older_f2(site: Site, monkeypatch: pytest.MonkeyPatch):
    """A relation that is not there is named."""
    answer = site.system.answer

    def older(request: Request) -> Response:
        response = answer(request)
        return dataclasses.replace(response, body=response.body.replace(b"create-matter", b"x"))

    monkeypatch.setattr(site.system, "answer", older)

    (finding,) = site.sink().check()
    assert finding.level == "error"
    assert "create-matter" in finding.what


def test_an_index_without_a_relation(site: Site, monkeypatch: pytest.MonkeyPatch):
    """An F2 whose index is not whole, as while it is upgraded, fails no entry for good."""
    answer = site.system.answer

    def without(request: Request) -> Response:
        response = answer(request)
        body = response.body.replace(b"case-by-case-number", b"x")
        return dataclasses.replace(response, body=body)

    sink = site.sink()
    monkeypatch.setattr(site.system, "answer", without)
    with pytest.raises(Unavailable, match="case-by-case-number"):
        sink.put(made(), "CT-1", open_file)
    monkeypatch.undo()

    assert sink.put(made(), "CT-1", open_file)  # the index is read again


@pytest.mark.parametrize(
    ("closed", "is_open"),
    [("false", True), ("0", True), ("true", False), ("1", False), ("", False)],
)
def test_whether_a_case_is_open(
    site: Site, monkeypatch: pytest.MonkeyPatch, closed: str, is_open: bool
):
    """A case is open where F2 says so; what it does not say, or writes otherwise, is closed."""
    answer = site.system.answer

    def says(request: Request) -> Response:
        response = answer(request)
        written = f"<Closed>{closed}</Closed>".encode()
        body = response.body.replace(b"<Closed>false</Closed>", written)
        return dataclasses.replace(response, body=body)

    monkeypatch.setattr(site.system, "answer", says)

    case = site.register().lookup(NUMBER)

    assert case is not None
    assert case.is_open == is_open
    if not is_open:
        with pytest.raises(CaseClosed):
            site.sink().put(made(), "CT-1", open_file)


@pytest.mark.parametrize("shown", ["2026 - 1170", "2026-1170", "2026 — 1170", "2026 – 1170"])
def test_how_f2_shows_a_number(site: Site, shown: str):
    """Spaces and the sort of dash are the documentation's, and no part of the number."""
    site.case.number = shown

    case = site.register().lookup(NUMBER)

    assert case is not None
    assert case.number == NUMBER


def test_an_akt_that_takes_no_documents(site: Site, monkeypatch: pytest.MonkeyPatch):
    """An akt that offers no place for a file: the entry's error says so, not that the case is
    hidden."""
    answer = site.system.answer

    def without(request: Request) -> Response:
        response = answer(request)
        body = response.body.replace(b"rel/create-document", b"rel/x")
        return dataclasses.replace(response, body=body)

    monkeypatch.setattr(site.system, "answer", without)

    with pytest.raises(Rejected, match="create-document"):
        site.sink().put(made("voicemail"), "CT-1", open_file)


def test_a_file_type_with_its_dot(site: Site):
    """The documentation shows no example of every sort: ".WAV" is a recording too."""
    receipt = site.sink().put(made("voicemail"), "CT-1", open_file)
    site.akt().documents[0].file_type = ".WAV"

    assert receipt == site.sink().find("CT-1", NUMBER)


def test_the_limit_of_the_text_holds_for_all_of_it(site: Site):
    """What stands before and after the transcript counts too."""
    site.sink().put(made("voicemail", files=two_files()), "CT-1", open_file)
    limit = len(str(site.akt().values["Text"])) - 1

    site.sink(limits__text=limit).put(made("voicemail", files=two_files()), "CT-2", open_file)

    later = site.system.on_case(NUMBER)[1]
    assert len(str(later.values["Text"])) <= limit
    assert [document.file_type for document in later.documents] == ["wav", "wav", "html"]


# -- XML -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/hostname"><a/>',
        b"<a>" * 100 + b"</a>" * 100,
        b"<a><b></a>",
        b"<a>&undeclared;</a>",
        b"",
        b"{}",
    ],
)
def test_xml_that_is_refused(body: bytes):
    """Document types, endless depth and what is not well-formed."""
    with pytest.raises(XmlError):
        parse(body)


def test_xml_is_read_without_namespaces():
    """Text, attributes, nothing for xsi:nil, and links by their relation."""
    node = parse(
        b"<Case xmlns='http://cbrain.com/casefile/schema/' xmlns:xsi='http://i/'>"
        b"<Id>1</Id><Deadline xsi:nil='true' /><Title>\xc3\x86 &amp; &lt;b&gt;</Title>"
        b"<Link rel='self' href='http://x/'/><Link rel='down' href='http://y/'/></Case>"
    )

    assert (node.name, node.value("Id"), node.value("Deadline")) == ("Case", "1", "")
    assert node.value("Title") == "Æ & <b>"
    assert (node.link("down"), node.link("up")) == ("http://y/", "")
