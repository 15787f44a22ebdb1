"""A case worker's notes: every version kept, journaled, and always where the call is."""

from __future__ import annotations

import hashlib
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from connector.defaults import defaults_dir, read_mapping
from connector.jobs.prune import prune
from connector.jobs.relink import relink
from connector.ledger import Ledger
from connector.ledger.batch import Batch
from connector.ledger.entries import token
from connector.ledger.linking import decide_by_person
from connector.ledger.notes import (
    LONGEST,
    REMINDED_FROM_S,
    Note,
    NoteRefused,
    Refusal,
    cleaned,
    keep_note,
    lacks_note,
    notes_of,
)
from connector.ledger.policy import Policy
from connector.ledger.privacy import mark, unmark
from connector.ledger.tables import entry, event, item, link
from connector.ledger.take import take
from connector.ledger.undoing import undo
from connector.ledger.views import backlog
from connector.mapping import load as load_mapping
from connector.model import Direction, Entry, Kind, LinkState, Party
from connector.spool import Spool
from tests.conftest import Clock
from tests.making import (
    CASE,
    NOON,
    OTHER_CASE,
    add_cases,
    case,
    message,
    page,
    policy,
    sighting,
)
from tests.test_deliveries import FakeSink, send

BODIL = {"actor": "bodil@kommune.example", "actor_name": "Bodil Bech"}
VITA = {"actor": "vita@kommune.example", "actor_name": "Vita Dalgaard"}
CALL = 2  # the root of the call: the sighting was there first


def batch_of(ledger: Ledger, connection: Any, rules: Policy | None = None) -> Batch:
    return Batch(ledger=ledger, connection=connection, policy=rules or policy(), now=ledger.now())


def keep(ledger: Ledger, root: int, text: str, **values: Any) -> int:
    """A note by Bodil, if nothing else is said."""
    rules = values.pop("rules", None)
    with ledger.write(durable=True) as connection:
        return keep_note(batch_of(ledger, connection, rules), root, text, **{**BODIL, **values})


def refused(ledger: Ledger, root: int, text: str, **values: Any) -> Refusal:
    """Why a note is not kept."""
    with pytest.raises(NoteRefused) as caught:
        keep(ledger, root, text, **values)
    assert isinstance(caught.value, ValueError)
    return caught.value.why


def note(ledger: Ledger, root: int = CALL) -> Note:
    with ledger.read() as connection:
        return notes_of(connection, [root])[root]


def says(
    ledger: Ledger, number: str = "", state: LinkState = LinkState.LINKED, root: int = CALL
) -> None:
    """A person's decision about the call."""
    with ledger.write() as connection:
        batch = batch_of(ledger, connection)
        its = case(number) if number else None
        decide_by_person(batch, root, state=state, case=its, actor="vita", reason="wrong Hansen")


def stands(ledger: Ledger, root: int) -> tuple[str, str | None]:
    """State and case of an item."""
    with ledger.read() as connection:
        query = sa.select(item.c.state, item.c.case_number).where(item.c.id == root)
        return tuple(connection.execute(query).one())


def written(sink: FakeSink) -> list[tuple[str, int, bool, str]]:
    """(case, version, is void, text) of the note entries, in order of case and version."""
    notes = [each for each in sink.entries.values() if each.kind == "note"]
    notes.sort(key=lambda each: (each.case_number, each.version))
    return [(each.case_number, each.version, each.is_void, each.text) for each in notes]


def journaled(ledger: Ledger, sink: FakeSink) -> list[tuple[str, int, bool, str]]:
    send(ledger, sink)
    return written(sink)


@pytest.fixture
def noted(ledger: Ledger) -> Ledger:
    """A call with the party of a case, three minutes long, on that case; and another case."""
    add_cases(ledger, case(), case(OTHER_CASE, parties=()))
    take(ledger, [page(sighting())], policy())
    assert stands(ledger, CALL) == ("linked", CASE)
    return ledger


def test_a_note_is_kept(noted: Ledger, clock: Clock) -> None:
    """Its text, author and time are there to read, and it stands on the case of the call."""
    root = keep(noted, CALL, "Hun flytter den 1. og vil have brevet dertil.")

    found = note(noted)
    assert found.text == "Hun flytter den 1. og vil have brevet dertil."
    assert (found.item, found.about, found.author) == (root, CALL, "Bodil Bech")
    assert (found.written_at, found.edited_at, found.version) == (clock.now, None, 1)
    assert stands(noted, root) == ("linked", CASE)
    with noted.read() as connection:
        row = connection.execute(sa.select(link).where(link.c.item_id == root)).one()
        action = connection.execute(sa.select(event.c.actor).where(event.c.action == "noted"))
        assert list(action.scalars()) == ["bodil@kommune.example"]
    assert (row.rule, row.actor) == ("person", "bodil@kommune.example")


def test_each_text_stays(noted: Ledger, clock: Clock) -> None:
    """A change is a further version with its author and time; the first text is not overwritten."""
    first = keep(noted, CALL, "Hun flytter den 1.")
    clock.move(minutes=5)
    second = keep(noted, CALL, "Hun flytter den 2.", **VITA)

    found = note(noted)
    assert first == second == found.item
    assert (found.text, found.author, found.edited_by) == (
        "Hun flytter den 2.", "Bodil Bech", "Vita Dalgaard",
    )  # fmt: skip
    assert (found.version, found.edited_at) == (2, clock.now)
    assert [(each.who, each.text) for each in found.versions] == [
        ("Bodil Bech", "Hun flytter den 1."),
        ("Vita Dalgaard", "Hun flytter den 2."),
    ]


def test_the_same_text_is_kept_once(noted: Ledger) -> None:
    """Saving what stands already makes no version."""
    keep(noted, CALL, "Det samme.")
    keep(noted, CALL, "  Det samme. \r\n", **VITA)

    assert note(noted).version == 1


def test_a_clock_that_was_set_back(noted: Ledger, clock: Clock) -> None:
    """The later text stands, although the clock says that it is the earlier one."""
    keep(noted, CALL, "Først.")
    clock.move(hours=-1)
    keep(noted, CALL, "Sidst.")

    assert (note(noted).text, note(noted).version) == ("Sidst.", 2)


def test_somebody_was_faster(noted: Ledger) -> None:
    """A text written upon another version than the one that stands is refused; nothing is kept."""
    keep(noted, CALL, "Bodils", if_version=0)

    assert refused(noted, CALL, "Vitas", if_version=0, **VITA) is Refusal.CHANGED
    assert note(noted).text == "Bodils"
    keep(noted, CALL, "Begges", if_version=1, **VITA)
    assert note(noted).text == "Begges"


def test_two_at_once(noted: Ledger) -> None:
    """Of two first notes at the same time one is kept, and the other is told."""
    start = threading.Barrier(2)
    told: list[object] = []

    def write(text: str) -> None:
        start.wait()
        try:
            told.append(keep(noted, CALL, text, if_version=0))
        except NoteRefused as error:
            told.append(error.why)

    threads = [threading.Thread(target=write, args=(text,)) for text in ("A", "B")]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert Refusal.CHANGED in told
    assert [note(noted).item] == [each for each in told if each is not Refusal.CHANGED]
    assert note(noted).version == 1


def test_what_cannot_be_noted(noted: Ledger) -> None:
    """No item, no case, no words, too many words, and what is no communication: each is told."""
    take(noted, [page(message("hej"))], policy())
    root = keep(noted, CALL, "Et notat.")

    with pytest.raises(KeyError):
        keep(noted, 99, "Et notat.")
    assert refused(noted, 3, "Et notat.") is Refusal.NO_CASE
    assert refused(noted, 1, "Et notat.") is Refusal.KIND  # a sighting
    assert refused(noted, root, "Et notat om et notat.") is Refusal.KIND
    assert refused(noted, CALL, "x" * (LONGEST + 1)) is Refusal.TOO_LONG
    assert keep(noted, CALL, "x" * LONGEST) == root
    excluded = policy(excluded=frozenset({"u9"}))
    assert refused(noted, CALL, "Et notat.", actor="u9", rules=excluded) is Refusal.EXCLUDED


def test_no_words_and_no_note(noted: Ledger) -> None:
    """An empty form is no note."""
    assert refused(noted, CALL, " \n\t ") is Refusal.EMPTY
    with noted.read() as connection:
        assert notes_of(connection, [CALL]) == {}


@given(text=st.text())
def test_cleaned(text: str) -> None:
    """A text is kept as it can be stored: no control characters; cleaning it again does nothing."""
    found = cleaned(text)

    assert not [each for each in found if each not in "\n\t" and (each < " " or each == "\x7f")]
    assert found == cleaned(found) == found.strip()
    found.encode()


def test_odd_characters(noted: Ledger) -> None:
    """NUL, bells and half characters do not stop a note; CPR numbers and line breaks stay."""
    keep(noted, CALL, "CPR 010190-1234\r\nlinje\0 2\x07 \ud800 æøå <b>", actor_name="Bo\ud800dil")
    keep(noted, CALL, "CPR 010190-1234\r\nlinje\0 2\x07 \ud800 æøå <b>")

    assert note(noted).text == "CPR 010190-1234\nlinje 2 \ufffd æøå <b>"
    assert note(noted).version == 1


def test_it_is_journaled(noted: Ledger) -> None:
    """Its entry has the text, the author, what it is about, and the hash of the bytes kept."""
    sink = FakeSink()
    send(noted, sink)
    (call,) = sink.entries.values()
    root = keep(noted, CALL, "Hun flytter.")
    send(noted, sink)

    its: Entry = next(each for each in sink.entries.values() if each.kind == "note")
    assert (its.case_number, its.version, its.text) == (CASE, 1, "Hun flytter.")
    assert [(each.name, each.mail, each.role) for each in its.parties] == [
        ("Bodil Bech", "bodil@kommune.example", "author")
    ]
    assert its.about is not None
    assert (its.about.entry_id, its.about.kind) == (call.id, "call")
    assert its.about.started_at == call.started_at
    assert its.linked_by == "bodil@kommune.example"
    assert its.direction is Direction.INTERNAL
    with noted.read() as connection:
        raw = connection.execute(sa.select(item.c.raw).where(item.c.id == root)).scalar_one()
    assert its.sources == (hashlib.sha256(raw).hexdigest(),)
    assert msgspec.json.decode(raw)["text"] == "Hun flytter."
    assert [each.state for each in note(noted).journaled] == ["done"]


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("da", "Telefonnotat, telefonsamtale 18-11-2026 12.00"),
        ("en", "Telephone note, telephone call 2026-11-18 12:00"),
    ],
)
def test_title(noted: Ledger, language: str, title: str) -> None:
    """A title says what kind of note it is and about which call; no name and no word of it."""
    sink = FakeSink()
    keep(noted, CALL, "Hun flytter.")
    send(noted, sink)
    its = next(each for each in sink.entries.values() if each.kind == "note")
    words = load_mapping(read_mapping("entry.toml", defaults_dir()), language)

    assert title == words.title(its)


def test_an_edit_is_the_next_version(noted: Ledger, clock: Clock) -> None:
    """The entry of an edited note is a further version that names both authors and both hashes."""
    sink = FakeSink()
    keep(noted, CALL, "Den 1.")
    assert journaled(noted, sink) == [(CASE, 1, False, "Den 1.")]
    clock.move(minutes=5)
    keep(noted, CALL, "Den 2.", **VITA)

    assert journaled(noted, sink) == [(CASE, 1, False, "Den 1."), (CASE, 2, False, "Den 2.")]
    last = next(each for each in sink.entries.values() if each.kind == "note" and each.version == 2)
    assert [each.name for each in last.parties] == ["Bodil Bech", "Vita Dalgaard"]
    assert len(last.sources) == 2
    assert last.ended_at - last.started_at == timedelta(minutes=5)


def test_an_emptied_note(noted: Ledger, clock: Clock) -> None:
    """It is taken back in the journal with the reason; its texts stay; it can be written anew."""
    sink = FakeSink()
    root = keep(noted, CALL, "Forkert sag.")
    journaled(noted, sink)
    clock.move(minutes=5)
    keep(noted, CALL, "", **VITA)

    assert journaled(noted, sink) == [(CASE, 1, False, "Forkert sag."), (CASE, 2, True, "")]
    void = next(each for each in sink.entries.values() if each.is_void)
    assert (void.void_reason, void.about is not None) == (policy().emptied_reason, True)
    found = note(noted)
    assert (found.text, found.edited_at, found.edited_by) == ("", clock.now, "Vita Dalgaard")
    assert [each.text for each in found.versions] == ["Forkert sag.", ""]
    assert (refused(noted, CALL, "x", if_version=1), found.version) == (Refusal.CHANGED, 2)

    keep(noted, CALL, "Rigtig sag.")
    assert journaled(noted, sink)[2:] == [(CASE, 3, False, "Rigtig sag.")]
    again = next(
        each for each in sink.entries.values() if each.kind == "note" and each.version == 3
    )
    assert [each.name for each in again.parties] == ["Bodil Bech"]  # Vita wrote nothing of it
    assert stands(noted, root) == ("linked", CASE)


def test_emptied_before_it_was_journaled(noted: Ledger) -> None:
    """What no journal ever had needs no taking back."""
    keep(noted, CALL, "Forkert.")
    keep(noted, CALL, "")

    assert journaled(noted, FakeSink()) == []


def test_it_moves_with_the_call(noted: Ledger) -> None:
    """Void on the first case with the person's reason, added on the second; and back by undo."""
    sink = FakeSink()
    root = keep(noted, CALL, "Hun flytter.")
    journaled(noted, sink)
    says(noted, OTHER_CASE)

    assert stands(noted, root) == ("linked", OTHER_CASE)
    assert journaled(noted, sink) == [
        (CASE, 1, False, "Hun flytter."),
        (CASE, 2, True, ""),
        (OTHER_CASE, 1, False, "Hun flytter."),
    ]
    void = next(each for each in sink.entries.values() if each.kind == "note" and each.is_void)
    assert void.void_reason == "wrong Hansen"
    assert [each.version for each in note(noted).journaled] == [1]  # on the case it is on now

    with noted.write() as connection:
        undo(batch_of(noted, connection), CALL, actor="vita", reason="it was right")
    assert stands(noted, root) == ("linked", CASE)
    assert (CASE, 3, False, "Hun flytter.") in journaled(noted, sink)
    assert (OTHER_CASE, 2, True, "") in written(sink)
    assert [each.version for each in note(noted).journaled] == [3]


@pytest.mark.parametrize(
    ("state", "expected"),
    [(LinkState.UNLINKED, "unlinked"), (LinkState.EXCLUDED, "excluded")],
)
def test_it_leaves_with_the_call(noted: Ledger, state: LinkState, expected: str) -> None:
    """Off its case, or private: the note too, and what was journaled of it is taken back."""
    sink = FakeSink()
    root = keep(noted, CALL, "Hun flytter.")
    journaled(noted, sink)
    says(noted, state=state)

    assert stands(noted, root) == (expected, None)
    assert journaled(noted, sink)[1:] == [(CASE, 2, True, "")]
    assert refused(noted, CALL, "Nyt") is Refusal.NO_CASE
    says(noted, OTHER_CASE)
    assert stands(noted, root) == ("linked", OTHER_CASE)


def test_it_never_waits(ledger: Ledger) -> None:
    """A person decides about the call that waits, not about its note, which comes back with it."""
    add_cases(ledger, case(), case(OTHER_CASE))  # two cases with one number: nobody knows which
    take(ledger, [page(sighting())], policy())
    says(ledger, CASE)
    root = keep(ledger, CALL, "Hun flytter.")
    with ledger.write() as connection:
        undo(batch_of(ledger, connection), CALL, actor="vita", reason="not sure")
        waiting = backlog(connection).waiting

    assert (stands(ledger, CALL)[0], waiting) == ("waiting", 1)
    assert stands(ledger, root) == ("unlinked", None)
    says(ledger, OTHER_CASE)
    assert stands(ledger, root) == ("linked", OTHER_CASE)


def test_a_private_chat(ledger: Ledger) -> None:
    """When a chat is kept private its note is excluded, and given back with it."""
    add_cases(ledger, case())
    take(ledger, [page(message(f"Om {CASE}"))], policy())
    root = keep(ledger, 1, "Aftalt at vente.")
    with ledger.write() as connection:
        batch = batch_of(ledger, connection)
        thread_id = connection.execute(sa.select(item.c.thread_id).where(item.c.id == 1)).scalar()
        assert thread_id is not None
        mark(batch, thread_id, actor="vita", reason="private")
        between = connection.execute(sa.select(item.c.state).where(item.c.id == root)).scalar()
        unmark(batch, thread_id, actor="vita", reason="it was not")

    assert between == "excluded"
    assert stands(ledger, root) == ("linked", CASE)


def test_a_rule_that_stays(noted: Ledger) -> None:
    """The call is put on the case it is on already: nothing is written about the note."""
    root = keep(noted, CALL, "Hun flytter.")
    says(noted, CASE)

    with noted.read() as connection:
        rules = connection.execute(sa.select(link.c.rule).where(link.c.item_id == root))
        assert list(rules.scalars()) == ["person"]


def test_its_words_decide_nothing(noted: Ledger) -> None:
    """A case number in a note moves neither it nor anything else, now and when all is relinked."""
    root = keep(noted, CALL, f"Det handlede også om {OTHER_CASE}.")
    relink(noted, policy())

    assert stands(noted, root) == stands(noted, CALL) == ("linked", CASE)
    for person in (
        lambda batch: decide_by_person(
            batch, root, state=LinkState.UNLINKED, case=None, actor="vita", reason="x"
        ),
        lambda batch: undo(batch, root, actor="vita", reason="x"),
    ):
        with pytest.raises(KeyError), noted.write() as connection:
            person(batch_of(noted, connection))
    assert stands(noted, root) == ("linked", CASE)


def test_a_note_for_a_conversation(ledger: Ledger) -> None:
    """There is one for a thread, day and case, whichever of its messages is named."""
    add_cases(ledger, case(), case(OTHER_CASE))
    feed = [message(f"Om {CASE}", 0), message("Tak", 1), message(f"Om {CASE}", 24 * 60)]
    take(ledger, [page(*feed)], policy())
    first = keep(ledger, 2, "Aftalt.")

    assert first == keep(ledger, 1, "Aftalt mundtligt.")
    assert first != keep(ledger, 3, "Næste dag.")
    with ledger.read() as connection:
        found = notes_of(connection, [1, 2, 3])
    assert {root: each.text for root, each in found.items()} == {
        2: "Aftalt mundtligt.",
        3: "Næste dag.",
    }
    sink = FakeSink()
    send(ledger, sink)
    about = {each.id: each for each in sink.entries.values() if each.kind == "conversation"}
    notes = [each for each in sink.entries.values() if each.about is not None]
    assert {each.about.entry_id for each in notes if each.about} == set(about)
    assert {each.about.kind for each in notes if each.about} == {"conversation"}


def test_prune_spares_it(noted: Ledger, clock: Clock, tmp_path: Path) -> None:
    """As long as the call is on a case its note is kept; off it, both are erased in time."""
    root = keep(noted, CALL, "Hun flytter.")
    keep(noted, CALL, "Hun flytter snart.")
    clock.move(days=60)
    spool = Spool(tmp_path / "spool")
    assert prune(noted, spool, quarantine_days=30).items == 0
    assert note(noted).text == "Hun flytter snart."

    says(noted, state=LinkState.UNLINKED)
    clock.move(days=60)
    prune(noted, spool, quarantine_days=30)
    with noted.read() as connection:
        left = connection.execute(
            sa.select(item.c.text, item.c.raw).where(
                item.c.kind.in_([Kind.NOTE.value, Kind.CALL.value])
            )
        )
        assert set(map(tuple, left)) == {(None, None)}
    says(noted, CASE)  # what was erased does not come back as a note without words
    assert stands(noted, root)[0] == "unlinked"


def test_keys_outlive_the_ledger(noted: Ledger) -> None:
    """The entry's id is made of remote names: a ledger built again owes it under the same key."""
    keep(noted, CALL, "Hun flytter.")
    its_call = "C" + token("call_records", "call_records", "call_records-0")
    its_note = "N" + token("calls", "calls", its_call)
    with noted.read() as connection:
        found = connection.execute(sa.select(entry.c.id).where(entry.c.kind == "note")).scalar_one()

    assert found == "E" + token("portal", f"notes\0{its_note}", CASE, "")


def call(minute: float, seconds: float, **changes: Any) -> Any:
    ended = NOON + timedelta(minutes=minute, seconds=seconds)
    return sighting(minute=minute, call={"ended_at": ended, **changes})


def test_who_lacks_a_note(ledger: Ledger) -> None:
    """Answered calls with somebody outside, from half a minute on; not once a note has words."""
    add_cases(ledger, case())
    outside = Party(phone="+4520000001")
    ours = Party(person="u1", role="from")
    calls = [
        call(0, REMINDED_FROM_S),
        call(100, REMINDED_FROM_S - 1),
        call(200, 300, is_answered=False),
        call(300, 300, direction=Direction.OUTBOUND, caller=ours, callees=(outside,)),
        call(400, 300, direction=Direction.INTERNAL),
    ]
    take(ledger, [page(*calls)], policy())
    roots = {}
    with ledger.read() as connection:
        for row in connection.execute(
            sa.select(item.c.id, item.c.sent_at).where(item.c.kind.in_(["call", "missed_call"]))
        ):
            roots[row.id] = row.sent_at
    by_time = sorted(roots, key=roots.__getitem__)
    for each in by_time:
        says(ledger, CASE, root=each)

    def lacking() -> list[int]:
        with ledger.read() as connection:
            return lacks_note(connection, CASE)

    assert lacking() == [by_time[0], by_time[3]]
    keep(ledger, by_time[0], "Noteret.")
    assert lacking() == [by_time[3]]
    keep(ledger, by_time[0], "")
    assert lacking() == [by_time[0], by_time[3]]
