"""What came before: threads and calls in order of time, and a thread of fifty thousand messages."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import msgspec
import pytest

from connector.linking import decision
from connector.linking.communication import Communication, Shape
from connector.linking.register import MemoryRegister
from connector.linking.stream import Stream
from connector.model import Case, LinkState
from tests.making import NOON, linker, scanner
from tests.talking import (
    ASGER_MASKED,
    BODIL,
    CARL,
    CARPORT,
    HELP,
    NEIGHBOUR,
    call,
    call_out,
    chat,
    citizen,
    mail_chat,
    staff,
    voicemail,
)
from tests.timing import cpu_s

A, B, C = HELP.number, NEIGHBOUR.number, CARPORT.number
HOUR, DAY = 60.0, 24 * 60.0
BARE = msgspec.structs.replace(HELP, parties=())


def stream(*cases: Case, **rules: Any) -> Stream:
    return Stream(linker(**rules), MemoryRegister(cases or (HELP, CARPORT, NEIGHBOUR), scanner()))


def at(its: Communication, minute: float, thread: str = "t") -> Communication:
    started = NOON + timedelta(minutes=minute)
    return msgspec.structs.replace(its, started=started, thread_id=thread)


class Said(NamedTuple):
    """A message so many minutes after noon, and the rule and case that must come of it."""

    minute: float
    text: str
    rule: str
    case: str = ""
    state: LinkState | None = None  # None: linked when there is a case


def tell(said: Said, ours: Stream, thread: str = "t") -> None:
    decision = ours.take(at(chat(said.text), said.minute, thread))
    state = said.state or (LinkState.LINKED if said.case else LinkState.UNLINKED)
    assert (decision.rule, decision.case_number, decision.state) == (
        said.rule,
        said.case,
        state,
    ), said


WAITING = LinkState.WAITING
TALKS = {
    "goes on": [
        Said(0, f"Det er sag {A}", "number", A),
        Said(1, "Har hun fået brevet?", "thread", A),
        Said(2, "Ja, det har hun", "thread", A),
    ],
    "begins without a case": [
        Said(0, "Har hun fået brevet?", "nothing"),
        Said(1, f"Det er sag {A}", "number", A),
    ],
    "small talk, then an answer to it": [
        Said(0, f"Det er sag {A}", "number", A),
        Said(1, "Skal vi spise frokost?", "nothing"),
        Said(2, "ja kl. 12", "nothing"),
    ],
    "small talk, then the matter again": [
        Said(0, f"Det er sag {A}", "number", A),
        Said(1, "Skal vi spise frokost?", "nothing"),
        Said(30, "Hjemmehjælpen er bevilget nu", "thread", A),
        Said(31, "Ja, jeg skriver til hende", "thread", A),
    ],
    "quiet for a day": [
        Said(0, f"Det er sag {A}", "number", A),
        Said(DAY, "Har hun fået brevet?", "thread", A),
        Said(2 * DAY + 1, "Ja, i går", "nothing"),
    ],
    "quiet for a day, then the matter": [
        Said(0, f"Det er sag {A}", "number", A),
        Said(DAY + 1, "Hjemmehjælpen er bevilget nu", "uncertain thread", A, WAITING),
        Said(DAY + 2, f"Det er sag {A}", "number", A),
        Said(DAY + 3, "Ja, gør det", "thread", A),
    ],
    "two cases, one after the other": [
        Said(0, f"Det er sag {A}", "number", A),
        Said(1, f"Og så er der sag {C}", "number", C),
        Said(2, "Ja, gør det", "uncertain thread", C, WAITING),
    ],
    "two cases in one message at the start": [
        Said(0, f"Vi har sag {A} og sag {C}", "several numbers", A, WAITING),
        Said(1, f"Først sag {A}", "number", A),
        Said(2, "Ja, gør det", "uncertain thread", A, WAITING),
    ],
    "corrected": [
        Said(0, f"Det er sag {A}", "number", A),
        Said(1, f"Nej undskyld, det er sag {C}", "number", C),
        Said(2, "Ja, gør det", "uncertain thread", C, WAITING),
    ],
    "put right without another": [
        Said(0, f"Det er sag {A}", "number", A),
        Said(1, f"Beklager, {A} var forkert", "uncertain thread", A, WAITING),
    ],
    "an unknown number": [
        Said(0, f"Det er sag {A}", "number", A),
        Said(1, "Og sag 02.34.02-G01-99-25?", "uncertain thread", A, WAITING),
    ],
    "another's telephone message": [
        Said(0, f"Det er sag {A}", "number", A),
        Said(1, "Bent Testesen, tlf. 40 00 00 04, vil gerne ringes op", "relayed", B),
        Said(2, "Ja, det gør jeg", "uncertain thread", B, WAITING),
    ],
}  # fmt: skip


@pytest.mark.parametrize("talk", TALKS.values(), ids=TALKS.keys())
def test_thread(talk: list[Said]) -> None:
    """A thread carries its case on while it goes on about it, and no further."""
    ours = stream()
    for said in talk:
        tell(said, ours)


def test_threads_are_apart() -> None:
    """What is said in one thread says nothing of another, nor of what has no thread."""
    ours = stream()
    tell(Said(0, f"Det er sag {A}", "number", A), ours, "t")
    tell(Said(1, "Ja, gør det", "nothing"), ours, "u")
    tell(Said(1, f"Det er sag {C}", "number", C), ours, "")
    tell(Said(2, "Ja, gør det", "nothing"), ours, "")
    tell(Said(3, "Ja, gør det", "thread", A), ours, "t")


def test_confirmed_by_nobody() -> None:
    """What waits for a person carries no case on."""
    ours = stream(modes={"number": "confirm"})
    tell(Said(0, f"Det er sag {A}", "number", A, WAITING), ours)
    tell(Said(1, "Ja, gør det", "nothing"), ours)


def test_long_silence_is_forgotten() -> None:
    """After two weeks a thread is not even a suggestion."""
    ours = stream()
    tell(Said(0, f"Det er sag {A}", "number", A), ours)
    tell(Said(14 * DAY + 1, "Hjemmehjælpen er bevilget nu", "nothing"), ours)


def test_meeting_and_its_chat() -> None:
    """A meeting's subject counts for its chat."""
    ours = stream()
    meeting = chat("", staff(CARL, "organizer"), staff(BODIL, "attendee"), subject=f"Møde om {A}")
    assert ours.take(at(msgspec.structs.replace(meeting, kind=Shape.MEETING), 0)).case_number == A
    tell(Said(5, "Har hun fået brevet?", "thread", A), ours)


def test_another_citizen_in_the_thread() -> None:
    """Where the thread says one case and the guest who writes has another, a person decides."""
    ours = stream()
    ours.take(at(chat(f"Det er sag {A}"), 0))
    decision = ours.take(at(mail_chat("Ja tak, gerne", "birthe@mail.example"), 1))

    assert decision.state is not LinkState.LINKED


# --- voicemail, missed call and call-back ------------------------------------------------------
NUMBER_SAID = f"Det drejer sig om sag {A}, ring til mig."


def back(minute: float, phone: str = ASGER_MASKED, worker: str = BODIL) -> Communication:
    return at(call_out(phone, worker), minute, "")


@pytest.mark.parametrize(
    ("answer", "rule", "state"),
    [
        (back(90), "call-back", LinkState.LINKED),
        (back(120), "call-back", LinkState.LINKED),
        (back(90, "+4520000123"), "call-back", LinkState.LINKED),  # fits the masked voicemail
        (back(90, worker=CARL), "chain", WAITING),
        (back(121), "nothing", LinkState.UNLINKED),
        (back(180), "nothing", LinkState.UNLINKED),
        (back(90, "+4520001***"), "nothing", LinkState.UNLINKED),
        (at(call(ASGER_MASKED), 90, ""), "chain", WAITING),
        (at(chat("", staff(), citizen(ASGER_MASKED, role="to")), 90, ""), "nothing",
         LinkState.UNLINKED),
    ],
)  # fmt: skip
def test_call_back(answer: Communication, rule: str, state: LinkState) -> None:
    """A linked voicemail's masked number that its caseworker calls back within two hours."""
    ours = stream(BARE)
    assert ours.take(at(voicemail(NUMBER_SAID, ASGER_MASKED), 0, "")).case_number == A
    decision = ours.take(answer)

    assert (decision.rule, decision.state) == (rule, state)


def test_call_back_of_another_whole_number() -> None:
    """Two whole numbers with the same first digits are two numbers."""
    ours = stream(BARE)
    ours.take(at(voicemail(NUMBER_SAID, "+4520000001"), 0, ""))

    assert ours.take(back(10, "+4520000002")).state is LinkState.UNLINKED
    assert ours.take(back(11, "+4520000001")).rule == "call-back"


def test_call_back_after_two_voicemails() -> None:
    """Two voicemails on two cases with the same visible digits: nobody can tell which."""
    ours = stream(BARE, msgspec.structs.replace(NEIGHBOUR, parties=()))
    ours.take(at(voicemail(NUMBER_SAID, ASGER_MASKED), 0, ""))
    ours.take(at(voicemail(f"Det drejer sig om sag {B}.", ASGER_MASKED), 5, ""))

    assert ours.take(back(10)).state is LinkState.UNLINKED


def test_old_voicemail_and_other_call() -> None:
    """A voicemail of last week is not what is called back today."""
    ours = stream(BARE)
    ours.take(at(voicemail(NUMBER_SAID, ASGER_MASKED), 0, ""))
    ours.take(at(call(ASGER_MASKED, f"Sag {A}"), 7 * DAY, ""))

    assert ours.take(back(7 * DAY + 30)).rule == "chain"


def test_unlinked_voicemail() -> None:
    """A voicemail that waits for a person links no call-back."""
    ours = stream(BARE)
    ours.take(at(voicemail("Ring til mig.", ASGER_MASKED), 0, ""))

    assert ours.take(back(10)).state is LinkState.UNLINKED


def test_call_back_about_another_matter() -> None:
    """A call-back whose words are about something else is not on the voicemail's case."""
    ours = stream(BARE)
    ours.take(at(voicemail(NUMBER_SAID, ASGER_MASKED), 0, ""))
    its = at(call_out(ASGER_MASKED, text="Det gælder en helt anden sag"), 10, "")

    assert ours.take(its).state is not LinkState.LINKED


def test_missed_call_before_voicemail() -> None:
    """A missed call and the voicemail after it are on one case; a masked call alone waits."""
    ours = stream(HELP, NEIGHBOUR)
    missed = at(call(ASGER_MASKED, kind=Shape.MISSED_CALL), 0, "")

    assert ours.take(missed).rule == "masked"
    assert ours.take(at(voicemail(NUMBER_SAID, ASGER_MASKED), 1, "")).rule == "number"
    assert ours.take(back(30)).case_number == A


MISSED = at(call(ASGER_MASKED, kind=Shape.MISSED_CALL), 0, "")


def test_voicemail_after_missed_call() -> None:
    """Looking back, a missed call has the case of the voicemail; what came between is in order."""
    feed = [
        at(call("+4599999999", kind=Shape.MISSED_CALL), -1, ""),
        MISSED,
        at(chat("Skal vi spise frokost?"), 0.5),
        at(voicemail(NUMBER_SAID, ASGER_MASKED), 1, ""),
        back(30),
    ]

    assert [each.rule for each in stream(BARE).through(iter(feed))] == [
        "nothing", "missed call", "nothing", "number", "call-back",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("minute", "rule"), [(10, "missed call"), (10.5, "chain"), (30, "chain"), (30.5, "nothing")]
)
def test_how_long_a_missed_call_waits(minute: float, rule: str) -> None:
    """Ten minutes for a link, half an hour for a hint; nothing is read ahead of that."""
    ours = stream(BARE)
    read: list[Communication] = []

    def feed() -> Iterator[Communication]:
        later = at(voicemail(NUMBER_SAID, ASGER_MASKED), minute, "")
        for its in (MISSED, later, at(chat("ok"), 60), at(chat("ok"), 61)):
            read.append(its)
            yield its

    assert next(ours.through(feed())).rule == rule
    assert len(read) == (2 if minute > 30 else 3)


# --- many messages -----------------------------------------------------------------------------
WORDS = (
    "Har hun fået brevet?", "Ja, i går", "Jeg ringer til hende i morgen", "ok", "Tak",
    "Skal vi spise frokost?", "Hjemmehjælpen er bevilget nu", f"Det er sag {A}",
)  # fmt: skip


def talk(ours: Stream, first: int, last: int) -> int:
    """How many of these messages in one thread are linked; half a minute between them."""
    linked = 0
    for n in range(first, last):
        its = at(chat(f"{WORDS[n % len(WORDS)]} {n}"), n / 2)
        linked += ours.take(its).state is LinkState.LINKED
    return linked


def test_plain_message_is_decided_by_its_thread_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a message has nothing of its own, no rule but that of its thread has a word on it."""
    words = ["Hej", "Ja tak, gør det", HELP.title, CARPORT.title, "Sag 27.45.04-P19-99-24?", ""]
    talk = [
        at(chat(text), minute, thread)
        for minute, (thread, text) in enumerate(
            (begins, text)
            for begins in (f"Sag {A}", f"Sag {C} og {B}", "Fredagsbar", f"Sag {A} og {C}")
            for text in (begins, *words, *words)
        )
    ]
    ours = stream()
    quick = [ours.take(its) for its in talk]
    monkeypatch.setattr(decision, "_OF_THREAD", decision.ORDER)
    thorough = stream()

    assert quick == [thorough.take(its) for its in talk]
    assert {each.rule for each in quick} >= {"number", "thread", "unknown", "nothing"}


def test_fifty_thousand_messages() -> None:
    """A message in a thread of fifty thousand costs no more than in one of five thousand."""
    ours = stream()
    talk(ours, 0, 1_000)
    linked: list[int] = []
    first = cpu_s(lambda: linked.append(talk(ours, 1_000, 6_000)))
    talk(ours, 6_000, 45_000)
    last = cpu_s(lambda: talk(ours, 45_000, 50_000))

    assert linked[0] > 1_000
    assert last < 3 * first + 0.5
    assert first + last < 20


def test_memory_of_a_long_thread() -> None:
    """Memory does not grow with the messages of a thread."""
    ours = stream()
    talk(ours, 0, 1_000)
    tracemalloc.start()
    try:
        talk(ours, 1_000, 1_500)
        before = tracemalloc.get_traced_memory()[0]
        talk(ours, 1_500, 6_500)
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()

    assert after - before < 1_000_000  # words of the text that the topics remember, and no more


def test_calls_with_one_number() -> None:
    """Of thousands of linked calls with one number the last ones are remembered, and no more."""
    ours = stream(BARE)
    its = voicemail(NUMBER_SAID, ASGER_MASKED)
    for n in range(100):
        ours.take(at(its, n / 100, ""))
    tracemalloc.start()
    try:
        for n in range(2_000):
            ours.take(at(its, 1 + n / 100, ""))
        grown = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()

    assert grown < 100_000
    assert ours.take(back(25)).rule == "call-back"
