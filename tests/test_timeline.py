"""A case's line of time tells all that the ledger holds of it, and nothing of other cases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from connector.jobs.deliver import write_entries
from connector.ledger import Ledger
from connector.ledger.access import Hidden, Role, Viewer, case_for
from connector.ledger.batch import Batch
from connector.ledger.deliveries import Outcome, exchange, settle
from connector.ledger.linking import decide_by_person
from connector.ledger.people import keep_people
from connector.ledger.runs import running
from connector.ledger.tables import attachment, item
from connector.ledger.take import take
from connector.ledger.timeline import BadCursor, Wanted, item_entry, timeline
from connector.ledger.timeline_changes import MOST_WORDS, Wording, changes, marks
from connector.ledger.timeline_values import Change, Timeline, TimelineEntry
from connector.model import (
    Attachment,
    Call,
    CaseParty,
    Direction,
    Item,
    Kind,
    Leg,
    LinkState,
    Party,
    Person,
    Receipt,
)
from tests.conftest import Clock
from tests.making import (
    CASE,
    NOON,
    OTHER_CASE,
    add_cases,
    case,
    edited,
    message,
    page,
    policy,
    sighting,
)

ZONE = ZoneInfo("Europe/Copenhagen")
ASGER = "+4520000001"
BODIL = Viewer(
    name="Bodil Bech",
    upn="bodil@kommune.example",
    person="u1",
    persons=frozenset({"u1"}),
    names=frozenset({"bodil@kommune.example"}),
    roles=frozenset({Role.CASE_WORKER}),
)


@pytest.fixture
def kept(ledger: Ledger) -> Ledger:
    """Bodil's case with Asger as its party, and somebody else's."""
    add_cases(ledger, case(), case(OTHER_CASE, caseworker="carl@kommune.example", parties=()))
    with batch(ledger) as its:
        keep_people(
            its,
            [
                Person(id="u1", name="Bodil Bech", upn="bodil@kommune.example"),
                Person(id="u2", name="Carl Clausen", upn="carl@kommune.example"),
            ],
        )
    return ledger


@contextmanager
def batch(ledger: Ledger) -> Iterator[Batch]:
    with ledger.write() as connection:
        yield Batch(ledger=ledger, connection=connection, policy=policy(), now=ledger.now())


def keep(ledger: Ledger, *items: Item) -> None:
    for each in items:
        take(ledger, [page(each)], policy())


def line(ledger: Ledger, viewer: Viewer | None = BODIL, **options: Any) -> Timeline:
    with ledger.read() as connection:
        parties = case().parties
        return timeline(connection, CASE, ZONE, viewer, parties=parties, **options)


def only(ledger: Ledger, **options: Any) -> TimelineEntry:
    (entry,) = line(ledger, **options).entries
    return entry


def voicemail(minute: float = 0, **changes: Any) -> Item:
    """A message that Asger left for Bodil."""
    at = NOON + timedelta(minutes=minute)
    call = Call(
        started_at=at,
        ended_at=at + timedelta(seconds=20),
        direction=Direction.INBOUND,
        is_answered=False,
        caller=Party(phone=changes.pop("phone", ASGER), role="from"),
        callees=(Party(person="u1", role="to"),),
        went_to_voicemail=True,
    )
    values: dict[str, Any] = {
        "source": "voicemail",
        "thread": "u1",
        "key": f"v{minute}",
        "version": "1",
        "kind": Kind.VOICEMAIL,
        "sent_at": at,
        "modified_at": at,
        "raw": b"{}",
        "text": f"Ring om sag {CASE}",
        "direction": Direction.INBOUND,
        "parties": (call.caller, *call.callees),
        "call": call,
        "duration_s": 20,
    }
    return Item(**(values | changes))


def missed(minute: float = 0, **call: Any) -> Item:
    return sighting(minute=minute, call={"is_answered": False, **call})


def call_out(minute: float, *, is_answered: bool = True) -> Item:
    """Bodil calls Asger."""
    return sighting(
        minute=minute,
        call={
            "direction": Direction.OUTBOUND,
            "is_answered": is_answered,
            "caller": Party(person="u1", role="from"),
            "callees": (Party(phone=ASGER, role="to"),),
        },
    )


# --- order, groups and pages


def test_conversation_is_a_day(kept: Ledger) -> None:
    """The messages of a thread and a local day stand together, as they are journaled."""
    keep(
        kept,
        message(f"om {CASE}"),
        message(f"og mere om {CASE}", minute=5),
        message(f"næste dag om {CASE}", minute=24 * 60),
        sighting(minute=30),
    )

    found = line(kept, wanted=Wanted(order="oldest"))

    assert [each.kind for each in found.entries] == ["conversation", "call", "conversation"]
    assert [len(each.messages) for each in found.entries] == [2, 0, 1]
    assert found.counts == {"conversation": 2, "call": 1, "missed_call": 0, "voicemail": 0}
    assert found.total == 3


def test_day_is_local(kept: Ledger) -> None:
    """A message at 23:30 UTC stands on the next day in Denmark."""
    keep(kept, message(f"om {CASE}", minute=12 * 60 + 30))

    assert only(kept).day == date(2026, 11, 19)


def test_newest_first(kept: Ledger) -> None:
    """The newest stands first unless the oldest is asked for."""
    keep(kept, *(sighting(minute=n * 30) for n in range(3)))

    newest = [each.item for each in line(kept).entries]

    oldest = [each.item for each in line(kept, wanted=Wanted(order="oldest")).entries]
    assert newest == oldest[::-1]
    assert len(newest) == 3


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_pages_join(kept: Ledger, order: str) -> None:
    """Pages forwards, and pages backwards, are the whole line without a gap or a double."""
    keep(kept, *(sighting(minute=n * 30) for n in range(7)))
    wanted = Wanted(order=order)
    whole = [each.item for each in line(kept, wanted=wanted, limit=None).entries]

    pages, cursor = [], ""
    while True:
        found = line(kept, wanted=wanted, limit=3, cursor=cursor)
        pages.append(found)
        if not found.next:
            break
        cursor = found.next

    assert [each.item for one in pages for each in one.entries] == whole
    assert not pages[0].previous
    back = line(kept, wanted=wanted, limit=3, cursor=pages[2].previous)
    assert back.entries == pages[1].entries


def test_page_stands_still(kept: Ledger) -> None:
    """What arrives while somebody reads does not move the next page."""
    keep(kept, *(sighting(minute=n * 30) for n in range(4)))
    cursor = line(kept, limit=2).next
    before = line(kept, limit=2, cursor=cursor).entries

    keep(kept, sighting(minute=600))

    assert line(kept, limit=2, cursor=cursor).entries == before


@pytest.mark.parametrize(
    "cursor", ["x", "a", "a1", "a1-b", "a-1", "c1-1", "a١-1", "a" * 50, "a1-1-1"]
)
def test_bad_cursor(kept: Ledger, cursor: str) -> None:
    """A cursor that is none of ours is refused, and nothing else happens."""
    with pytest.raises(BadCursor):
        line(kept, cursor=cursor)


def test_page_with_item(kept: Ledger) -> None:
    """A page can be had on which a certain item stands, however far down."""
    keep(kept, *(sighting(minute=n * 30) for n in range(9)))
    last = line(kept, limit=None).entries[-1].item

    found = line(kept, limit=3, item=last)

    assert last in [each.item for each in found.entries]
    assert found.previous


def test_long_conversations_share_no_page(kept: Ledger) -> None:
    """A page ends before it holds more messages than one can read, but never before the first."""
    for day in range(2):
        take(
            kept,
            [page(*(message(f"{n} {CASE}", minute=n + day * 1440) for n in range(310)))],
            policy(),
        )

    first = line(kept)

    assert [len(each.messages) for each in first.entries] == [310]
    assert [len(each.messages) for each in line(kept, cursor=first.next).entries] == [310]


def test_statements_do_not_grow(kept: Ledger) -> None:
    """A page of forty entries takes as many statements as a page of two."""
    counts = []
    for n in (2, 40):
        keep(kept, *(sighting(minute=k * 30, key=f"{n}-{k}") for k in range(n)))
        keep(kept, *(message(f"{CASE}", minute=k * 30, thread=f"t{n}-{k}") for k in range(n)))
        counts.append(_statements(kept))

    assert counts[1] <= counts[0] <= 12


def _statements(ledger: Ledger) -> int:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    sa.event.listen(ledger.engine, "before_cursor_execute", note)
    line(ledger)
    sa.event.remove(ledger.engine, "before_cursor_execute", note)
    return len([each for each in seen if each.lstrip().startswith("SELECT")])


# --- what is asked for


@pytest.fixture
def mixed(kept: Ledger) -> Ledger:
    """A chat, an answered call, a missed call from a masked number, and a voicemail."""
    keep(
        kept,
        message(f"Ansøgning om {CASE}", sender="u2", sender_name="", direction=Direction.INTERNAL),
        sighting(minute=30),
        missed(minute=1500, caller=Party(phone="+4520000***", role="from")),
        voicemail(minute=3000),
    )
    return kept


@pytest.mark.parametrize(
    ("wanted", "kinds"),
    [
        (Wanted(kinds=frozenset({"voicemail"})), ["voicemail"]),
        (Wanted(kinds=frozenset({"conversation", "call"})), ["call", "conversation"]),
        (Wanted(words="ANSØGNING"), ["conversation"]),
        (Wanted(words="ansoegning"), ["conversation"]),
        (Wanted(words="ansögn"), ["conversation"]),
        (Wanted(words="ansøgning ring"), []),
        (Wanted(who="carl"), ["conversation"]),
        (Wanted(who="20 00 00 01"), ["voicemail", "call"]),
        (Wanted(who="0001"), ["voicemail", "call"]),
        (Wanted(first_day=date(2026, 11, 19)), ["voicemail", "missed_call"]),
        (Wanted(last_day=date(2026, 11, 18)), ["call", "conversation"]),
        (
            Wanted(first_day=date(2026, 11, 19), last_day=date(2026, 11, 19)),
            ["missed_call"],
        ),
        (Wanted(first_day=date.min, last_day=date.max), None),
    ],
)  # fmt: skip
def test_filter(mixed: Ledger, wanted: Wanted, kinds: list[str] | None) -> None:
    """A filter leaves out what is not asked for, and says how much is left."""
    found = line(mixed, wanted=wanted)

    if kinds is None:
        kinds = [each.kind for each in line(mixed).entries]
    assert [each.kind for each in found.entries] == kinds
    assert found.total == len(kinds)


# --- what is told of each


def test_edit_is_a_difference(kept: Ledger) -> None:
    """An edited message tells which words went and which came, and when."""
    first = message(f"{CASE}: mødet er mandag kl. 10")
    later = edited(first, f"{CASE}: mødet er tirsdag kl. 10")
    keep(kept, first, later)

    (said,) = only(kept).messages

    (mark,) = said.marks
    assert (mark.sort, mark.at) == ("edited", later.modified_at)
    assert [(each.sort, each.text) for each in mark.changes if each.sort != "same"] == [
        ("removed", "mandag"),
        ("added", "tirsdag"),
    ]
    assert said.text.endswith("tirsdag kl. 10")


def test_edit_before_the_first_reading(kept: Ledger) -> None:
    """An edit of which the words before were never read is told with its time, without words."""
    at = NOON + timedelta(minutes=2)
    first = message(f"{CASE}: mødet er mandag kl. 10", edited_at=at)
    again = NOON + timedelta(minutes=7)
    later = edited(first, f"{CASE}: mødet er tirsdag kl. 10", minutes=60, edited_at=again)
    keep(kept, first)
    (alone,) = only(kept).messages
    keep(kept, later)
    (both,) = only(kept).messages

    assert [(mark.sort, mark.at, mark.changes) for mark in alone.marks] == [("edited", at, ())]
    assert both.marks[0] == alone.marks[0]
    assert [(mark.at, bool(mark.changes)) for mark in both.marks[1:]] == [(again, True)]


def test_deletion_is_a_dated_mark(kept: Ledger) -> None:
    """A deleted message keeps its words and says when it was deleted."""
    first = message(f"{CASE}: hun flytter")
    gone = edited(first, "", minutes=60, is_deleted=True)
    keep(kept, first, gone)

    (said,) = only(kept).messages

    assert said.text.endswith("hun flytter")
    assert said.deleted_at == gone.modified_at
    assert [(mark.sort, mark.at) for mark in said.marks] == [("deleted", gone.modified_at)]


def test_restored(kept: Ledger) -> None:
    """A deletion that was taken back is told, and the message is not deleted."""
    first = message(f"{CASE}: hun flytter")
    gone = edited(first, "", minutes=5, is_deleted=True)
    back = edited(first, first.text, minutes=9)
    keep(kept, first, gone, back)

    (said,) = only(kept).messages

    assert [mark.sort for mark in said.marks] == ["deleted", "restored"]
    assert said.deleted_at is None


def test_erased(kept: Ledger) -> None:
    """What was erased is said to be erased."""
    keep(kept, message(f"om {CASE}"))
    with kept.write() as connection:
        connection.execute(sa.update(item).values(raw=None, text=None))

    entry = only(kept)

    assert entry.messages[0].is_erased
    assert [each.what for each in entry.missing] == ["erased"]


def test_files(kept: Ledger) -> None:
    """A file tells where its bytes are, or why they are not here; no other link than http."""
    files = (
        Attachment(name="plan.pdf", ref="r1"),
        Attachment(name="skema.docx", url="https://x.example/skema.docx"),
        Attachment(name="ond.html", url="javascript:alert(1)"),
    )
    keep(kept, message(f"se {CASE}", attachments=files))
    with kept.write() as connection:
        connection.execute(
            sa.update(attachment)
            .where(attachment.c.name == "plan.pdf")
            .values(state="missing", note="403: ingen adgang")
        )

    entry = only(kept)

    assert [(each.name, each.url) for each in entry.messages[0].files] == [
        ("plan.pdf", ""),
        ("skema.docx", "https://x.example/skema.docx"),
        ("ond.html", ""),
    ]
    assert [(each.what, each.name, each.note) for each in entry.missing] == [
        ("missing_file", "plan.pdf", "403: ingen adgang")
    ]


def test_file_that_waits(kept: Ledger) -> None:
    """A file that has not been fetched yet is missing until it is."""
    keep(kept, message(f"se {CASE}", attachments=(Attachment(name="plan.pdf", ref="r1"),)))

    assert [each.what for each in only(kept).missing] == ["waiting_file"]


def test_call(kept: Ledger) -> None:
    """A call tells who called whom, which way, how long, and which sources saw it."""
    keep(kept, sighting(minute=0), sighting("pstn", minute=0, call={"same": ("record:1",)}))

    call = only(kept)

    assert (call.who.name, call.who.phone, call.duration_s) == ("Asger Prøve", ASGER, 180)
    assert [each.name for each in call.others] == ["Bodil Bech"]
    assert call.direction is Direction.INBOUND
    assert call.call is not None
    assert call.call.is_answered is True
    assert set(call.call.sources) == {"call_records", "pstn"}
    assert call.missing == ()


def _leg(role: str, start: int, end: int, who: Party, *, is_answered: bool = True) -> Leg:
    return Leg(
        role=role,
        started_at=NOON + timedelta(seconds=start),
        ended_at=NOON + timedelta(seconds=end),
        who=who,
        is_answered=is_answered,
    )


def test_legs_and_transfer(kept: Ledger) -> None:
    """The legs stand in order with their lengths; who answers after a colleague was put through."""
    asger, bodil, carl = Party(phone=ASGER), Party(person="u1"), Party(person="u2")
    legs = (
        _leg("queue", 0, 40, asger),
        _leg("user", 40, 55, carl, is_answered=False),
        _leg("user", 55, 100, bodil),
        _leg("user", 100, 180, carl),
    )
    keep(kept, sighting(call={"legs": legs}))

    call = only(kept).call

    assert call is not None
    assert [(each.role, each.who.name, each.length_s) for each in call.legs] == [
        ("queue", "Asger Prøve", 40),
        ("user", "Carl Clausen", 15),
        ("user", "Bodil Bech", 45),
        ("user", "Carl Clausen", 80),
    ]
    assert [each.is_transfer for each in call.legs] == [False, False, False, True]


@pytest.mark.parametrize(
    ("call", "what"),
    [
        ({"is_answered": None}, ["answer", "one_source"]),
        ({"ended_at": NOON}, ["length", "one_source"]),
        ({"caller": Party(phone="+4520000***", role="from")}, ["masked", "one_source"]),
        ({}, ["one_source"]),
    ],
)
def test_missing_of_call(kept: Ledger, call: dict[str, Any], what: list[str]) -> None:
    """What no source could tell of a call is said to be missing."""
    keep(kept, sighting(call=call))

    assert [each.what for each in only(kept).missing] == what


def test_unknown_length(kept: Ledger) -> None:
    """A call that ended as it began has no length, rather than one of nothing."""
    keep(kept, sighting(call={"ended_at": NOON}))

    assert only(kept).duration_s is None


def test_voicemail(kept: Ledger) -> None:
    """A voicemail has its transcript, its length and its recording."""
    audio = Attachment(name="besked.mp3", ref="r", role="audio", content_type="audio/mpeg")
    keep(kept, voicemail(attachments=(audio,)))

    found = only(kept)

    assert (found.kind, found.duration_s, found.text) == ("voicemail", 20, f"Ring om sag {CASE}")
    assert [(each.role, each.state) for each in found.files] == [("audio", "waiting")]
    assert found.call_back == ASGER


def test_voicemail_lacks(kept: Ledger) -> None:
    """A voicemail without recording, transcript and length says all three."""
    keep(kept, voicemail(text="", subject=f"Sag {CASE}", duration_s=None, call=None))

    assert {each.what for each in only(kept).missing} == {"audio", "transcript", "length"}


# --- called back


def test_call_back_number(kept: Ledger) -> None:
    """Somebody who was not answered can be called back."""
    keep(kept, missed())

    found = only(kept)

    assert (found.call_back, found.returned) == (ASGER, None)


def test_masked_number_has_no_call_back(kept: Ledger) -> None:
    """A number of which digits are hidden cannot be called, nor be known to have been."""
    keep(kept, missed(caller=Party(phone="+4520000***", role="from")), call_out(60))

    first = line(kept, wanted=Wanted(order="oldest")).entries[0]

    assert (first.kind, first.call_back, first.returned) == ("missed_call", "", None)


def test_called_back(kept: Ledger) -> None:
    """A missed call tells who called back first, when, and whether that was answered."""
    keep(kept, missed(), call_out(45, is_answered=False), call_out(90))

    first = line(kept, wanted=Wanted(order="oldest")).entries[0]

    assert first.returned is not None
    assert (first.returned.who, first.returned.is_answered) == ("Bodil Bech", False)
    assert first.returned.at == NOON + timedelta(minutes=45)


def test_another_number_is_no_call_back(kept: Ledger) -> None:
    """A call to somebody else on the case is no call back."""
    birthe = CaseParty(name="Birthe Falsk", phone="+4530000003")
    add_cases(kept, case(parties=(*case().parties, birthe)))
    other = sighting(
        minute=45,
        call={
            "direction": Direction.OUTBOUND,
            "caller": Party(person="u1", role="from"),
            "callees": (Party(phone=birthe.phone, role="to"),),
        },
    )
    keep(kept, missed(), other)

    found = line(kept, wanted=Wanted(order="oldest")).entries

    assert [each.kind for each in found] == ["missed_call", "call"]
    assert found[0].returned is None


def test_called_back_on_another_page(kept: Ledger) -> None:
    """The call back counts also when it stands on another page."""
    keep(kept, missed(), call_out(45))

    (first,) = line(kept, wanted=Wanted(order="oldest"), limit=1).entries

    assert first.returned is not None


def test_got_through(kept: Ledger) -> None:
    """A caller who got through later need not be called back."""
    keep(kept, missed(), sighting(minute=50))

    first = line(kept, wanted=Wanted(order="oldest")).entries[0]

    assert first.returned is not None
    assert first.returned.direction is Direction.INBOUND


def test_earlier_call_is_no_call_back(kept: Ledger) -> None:
    """A call before the missed one, or another missed one, is no call back."""
    keep(kept, call_out(0), missed(45), missed(90))

    found = line(kept, wanted=Wanted(order="oldest", kinds=frozenset({"missed_call"})))

    assert [each.returned for each in found.entries] == [None, None]


# --- why it is here, and where it went


def _written(ledger: Ledger, clock: Clock) -> None:
    clock.move(days=1)
    write_entries(ledger, policy(), lambda entry: f"{entry.kind} {entry.local_day}")


def _settled(ledger: Ledger) -> None:
    with running(ledger, "deliver") as opened:
        for each in exchange(ledger, "journal", opened.id, (), 50):
            receipt = Receipt(key=each.key, target=f"t/{each.key}", at=NOON, url="https://j/1")
            settle(ledger, [Outcome(key=each.key, state="done", receipt=receipt)], opened.id)


def test_why(kept: Ledger) -> None:
    """An entry tells the rule, how sure it was, and what was found where."""
    keep(kept, message(f"om {CASE}"))

    (why,) = only(kept).why

    assert (why.rule, why.confidence, why.state) == ("number", 99, "linked")
    assert why.evidence[0].found == CASE


def test_why_of_messages_is_told_once(kept: Ledger) -> None:
    """Messages that are here for the same reason share it."""
    keep(kept, *(message(f"om {CASE}", minute=n) for n in range(3)), message("ok", minute=4))

    why = only(kept).why

    assert [(each.rule, len(each.items)) for each in why] == [("number", 3), ("thread", 1)]


def test_journaled_versions(kept: Ledger, clock: Clock) -> None:
    """A journal tells its newest version with the link, and the ones before it."""
    first = message(f"om {CASE}")
    keep(kept, first)
    _written(kept, clock)
    _settled(kept)
    keep(kept, edited(first, f"igen om {CASE}"))
    _written(kept, clock)
    _settled(kept)

    (place,) = only(kept).places

    assert (place.newest.version, place.newest.url) == (2, "https://j/1")
    assert [each.version for each in place.earlier] == [1]


def test_owed(kept: Ledger, clock: Clock) -> None:
    """What is not journaled yet says when it will be written."""
    keep(kept, sighting())

    entry = only(kept)

    assert entry.places == ()
    assert entry.owed_at is not None


def _moved(ledger: Ledger, clock: Clock) -> None:
    """A call that was journaled on the other case, and moved to ours by Carl."""
    with batch(ledger) as its:
        root = its.connection.execute(
            sa.select(item.c.id).where(item.c.kind == "call")
        ).scalar_one()
        decide_by_person(
            its, root, state=LinkState.LINKED, case=case(OTHER_CASE), actor="carl@kommune.example",
            reason="hemmelig grund",
        )  # fmt: skip
    _written(ledger, clock)
    _settled(ledger)
    with batch(ledger) as its:
        decide_by_person(
            its, root, state=LinkState.LINKED, case=case(), actor="bodil@kommune.example",
            reason="det er Asgers",
        )  # fmt: skip
    _written(ledger, clock)
    _settled(ledger)


def test_moved(kept: Ledger, clock: Clock) -> None:
    """What was moved tells who decided what before, and that it was taken back there."""
    keep(kept, sighting())
    _moved(kept, clock)

    found = only(kept, viewer=None)

    assert [(each.actor_name, each.reason) for each in found.why] == [
        ("Bodil Bech", "det er Asgers")
    ]
    assert [each.case_number for each in found.earlier] == [OTHER_CASE, CASE]
    (there,) = found.elsewhere
    assert (there.case_number, there.is_void) == (OTHER_CASE, True)
    assert there.places[0].newest.version == 2


def test_hidden_case_is_not_told(kept: Ledger, clock: Clock) -> None:
    """Who may not see the other case learns neither its number, nor the reason, nor a link."""
    keep(kept, sighting(), message(f"{CASE}, ikke {OTHER_CASE}", minute=600))
    _moved(kept, clock)
    with batch(kept) as its:
        root = its.connection.execute(
            sa.select(item.c.id).where(item.c.kind == "message")
        ).scalar_one()
        decide_by_person(
            its, root, state=LinkState.LINKED, case=case(), actor="carl@kommune.example", reason=""
        )

    found = line(kept)
    told = (
        msgspec.json.encode([*found.entries])
        .decode()
        .replace(found.entries[0].messages[0].text, "")
    )

    assert OTHER_CASE not in told
    assert "hemmelig grund" not in told
    call = found.entries[1]
    assert [each.is_hidden for each in call.earlier] == [True, False]
    assert [(each.case_number, each.places) for each in call.elsewhere] == [("", ())]


def test_other_messages_of_the_day_stay_out(kept: Ledger, clock: Clock) -> None:
    """That others of the same chat and day are on another case says nothing of these."""
    keep(
        kept,
        message(f"om {CASE}", thread="19:x@thread.v2"),
        message(f"om {OTHER_CASE}", thread="19:x@thread.v2", minute=9),
    )
    _written(kept, clock)

    found = only(kept, viewer=None)

    assert [each.text for each in found.messages] == [f"om {CASE}"]
    assert found.elsewhere == ()


# --- one item


def test_item_that_waits(kept: Ledger) -> None:
    """An item on no case can be had alone, with the cases that it may belong to."""
    keep(kept, message(f"{CASE} eller {OTHER_CASE}?"))
    with kept.read() as connection:
        root = connection.execute(sa.select(item.c.id)).scalar_one()
        found = item_entry(connection, root, ZONE, None)
        mine = item_entry(connection, root, ZONE, BODIL)

    assert (found.state, found.case_number, len(found.messages)) == ("waiting", "", 1)
    assert {each.case_number for each in found.why[0].evidence} == {CASE, OTHER_CASE}
    assert {each.case_number for each in mine.why[0].evidence} == {CASE}


@pytest.mark.parametrize("number", ["", "x", f"{CASE}\0", "\0"])
def test_no_case(kept: Ledger, number: str) -> None:
    """A number that is no case's is hidden, also one that no database can hold."""
    with kept.read() as connection, pytest.raises(Hidden):
        case_for(connection, BODIL, number)


def test_item_on_hidden_case(kept: Ledger, clock: Clock) -> None:
    """Who took part in something sees it, but not on which case of others it is."""
    keep(kept, message(f"om {OTHER_CASE}"))
    _written(kept, clock)
    _settled(kept)
    with kept.read() as connection:
        root = connection.execute(sa.select(item.c.id)).scalar_one()
        found = item_entry(connection, root, ZONE, BODIL)

    assert (found.case_number, found.places) == ("", ())
    assert found.messages[0].text == f"om {OTHER_CASE}"


@pytest.mark.parametrize("root", [0, 999, 2**62])
def test_no_item(kept: Ledger, root: int) -> None:
    """A number that is no item's raises KeyError."""
    with kept.read() as connection, pytest.raises(KeyError):
        item_entry(connection, root, ZONE, None)


def test_sighting_is_no_entry(kept: Ledger) -> None:
    """One source's view of a call stands in the call, never alone."""
    keep(kept, sighting())
    with kept.read() as connection:
        root = connection.execute(
            sa.select(item.c.id).where(item.c.kind == "sighting")
        ).scalar_one()
        with pytest.raises(KeyError):
            item_entry(connection, root, ZONE, None)


# --- differences


@given(st.text(alphabet="ab \n.,æ", max_size=60), st.text(alphabet="ab \n.,æ", max_size=60))
def test_changes_hold_both_texts(before: str, after: str) -> None:
    """Read without what came a difference is the old text, without what went the new one."""
    found = changes(before, after)

    assert "".join(each.text for each in found if each.sort != "added") == before
    assert "".join(each.text for each in found if each.sort != "removed") == after
    assert all(each.text for each in found)


def test_changes_keep_phrases_together() -> None:
    """Neighbouring words that changed are one change, not one for each word."""
    found = changes("vi ses på mandag morgen her", "vi ses på tirsdag aften her")

    assert found == (
        Change(sort="same", text="vi ses på "),
        Change(sort="removed", text="mandag morgen"),
        Change(sort="added", text="tirsdag aften"),
        Change(sort="same", text=" her"),
    )


def test_long_texts_are_told_whole() -> None:
    """Texts that take too long to compare are shown as the old and the new one."""
    before, after = "a " * MOST_WORDS, "b " * MOST_WORDS

    assert [each.sort for each in changes(before, after)] == ["removed", "added"]


def test_same_words_are_no_edit() -> None:
    """A version that changed no word, such as a reaction, is no edit."""
    assert marks([Wording(NOON, "a", False), Wording(NOON, "a", False)]) == ()
