"""The linker's rules: what is linked, what waits for a person, and why."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.linking import Carried, Hit, Subject, decide, numbers_to_verify, reason_text
from connector.linking.decision import HIDDEN, NOT_IN_REGISTER, REASONS, THREAD_QUIET_S
from connector.model import Case, Decision, Kind, LinkState

A, B, C = "27.45.04-P19-12-24", "27.45.04-P19-13-24", "00.22.04-G01-7-25"
WORKER = "mette.holm@example.dk"


def case(number: str = A, **fields: object) -> Case:
    return Case(number=number, caseworker=WORKER, **fields)  # type: ignore[arg-type]


def hit(number: str = A, labelled: bool = False, start: int = 0) -> Hit:
    end = start + len(number)
    return Hit(number=number, raw=number, start=start, end=end, pattern="kle", labelled=labelled)


def cases(*known: Case) -> dict[str, Case]:
    return {c.number: c for c in known}


def message(**fields: object) -> Subject:
    return Subject(kind=Kind.MESSAGE, **fields)  # type: ignore[arg-type]


def call(**fields: object) -> Subject:
    return Subject(kind=Kind.CALL, phones=("+4520123456",), **fields)  # type: ignore[arg-type]


def outcome(decision: Decision) -> tuple[LinkState, str, str]:
    return decision.state, decision.rule, decision.case_number


@pytest.mark.parametrize("place", ["own", "subject"])
def test_number(place: str) -> None:
    """One open case named in the text or the subject is linked, however often it is named."""
    decision = decide(message(**{place: (hit(), hit(start=50))}), cases(case()), {})

    assert outcome(decision) == (LinkState.LINKED, "number", A)
    assert decision.confidence > 0.9
    assert decision.evidence[0].where == ("text" if place == "own" else "subject")


def test_other_spelling() -> None:
    """A case registered under another spelling of the number is linked by its own spelling."""
    long = "27.45.04-P19-12-2024"
    spoken = msgspec.structs.replace(hit(), also=(long,))

    assert numbers_to_verify(message(own=(spoken,))) == (A, long)
    assert decide(message(own=(spoken,)), cases(case(long)), {}).case_number == long


def test_two_numbers() -> None:
    """Two open cases named wait for a person, both listed."""
    decision = decide(message(own=(hit(A), hit(B, start=40))), cases(case(A), case(B)), {})

    assert outcome(decision) == (LinkState.WAITING, "several numbers", "")
    assert [e.case_number for e in decision.evidence] == [A, B]


def test_closed() -> None:
    """A closed case waits for a person; an open one beside it is linked."""
    closed = case(A, is_open=False)

    alone = decide(message(own=(hit(A),)), cases(closed), {})
    beside = decide(message(own=(hit(A), hit(B, start=40))), cases(closed, case(B)), {})

    assert outcome(alone) == (LinkState.WAITING, "closed", "")
    assert alone.evidence[0].note == "case closed"
    assert outcome(beside) == (LinkState.LINKED, "number", B)


def test_quoted() -> None:
    """A number in quoted text alone waits; beside an own number it changes nothing."""
    known = cases(case(A), case(B))

    assert decide(message(quoted=(hit(A),)), known, {}).rule == "quoted"
    assert decide(message(own=(hit(B),), quoted=(hit(A),)), known, {}).case_number == B


def test_unknown_number() -> None:
    """A number the register does not know links nothing; it is listed as not in the register."""
    decision = decide(message(own=(hit(A),)), {}, {})

    assert outcome(decision) == (LinkState.UNLINKED, "unknown", "")
    assert decision.evidence[0].note == NOT_IN_REGISTER


def test_unknown_beside_known() -> None:
    """Beside a known number, an unknown one is listed only when a word announced it."""
    for labelled in (False, True):
        own = (hit(A), hit(B, labelled=labelled, start=40))
        notes = [e.note for e in decide(message(own=own), cases(case(A)), {}).evidence]
        assert (NOT_IN_REGISTER in notes) is labelled


def test_same_place_read_twice() -> None:
    """What one system's pattern explains is not listed as unknown for another's."""
    other = Hit(number="04-12", raw="04-12", start=4, end=9, pattern="f2", labelled=True)
    decision = decide(message(own=(hit(A), other)), cases(case(A)), {})

    assert len(decision.evidence) == 1


THREAD = Carried(case_number=A, seconds_ago=3600, cases_in_thread=1)


def test_thread() -> None:
    """A message without a number carries on the case of its fresh thread."""
    decision = decide(message(), cases(case()), {}, THREAD)

    assert outcome(decision) == (LinkState.LINKED, "thread", A)
    assert decision.evidence[0].where == "thread"


@pytest.mark.parametrize(
    ("carried", "state"),
    [
        (msgspec.structs.replace(THREAD, seconds_ago=THREAD_QUIET_S), LinkState.LINKED),
        (msgspec.structs.replace(THREAD, seconds_ago=THREAD_QUIET_S + 1), LinkState.UNLINKED),
        (msgspec.structs.replace(THREAD, seconds_ago=-1.0), LinkState.UNLINKED),
        (msgspec.structs.replace(THREAD, cases_in_thread=2), LinkState.WAITING),
    ],
)
def test_thread_limits(carried: Carried, state: LinkState) -> None:
    """A thread quiet for more than a day says nothing; one with two cases waits for a person."""
    assert decide(message(), cases(case()), {}, carried).state is state


def test_thread_in_doubt() -> None:
    """An announced unknown number, or another case quoted, keeps the thread from linking."""
    for subject in (message(own=(hit(C, labelled=True),)), message(quoted=(hit(B),))):
        decision = decide(subject, cases(case(A), case(B)), {}, THREAD)
        assert outcome(decision) == (LinkState.WAITING, "uncertain thread", "")


def test_thread_closed_or_restricted() -> None:
    """A thread's case that was closed since, or is restricted, waits for a person."""
    closed, secret = case(is_open=False), case(access="restricted")

    assert decide(message(), cases(closed), {}, THREAD).rule == "closed"
    hidden = decide(message(caseworkers=(WORKER,)), cases(secret), {}, THREAD)
    assert hidden.rule == "restricted"
    assert A not in str(hidden)


def test_number_beats_thread() -> None:
    """A case named in the message beats the thread's."""
    decision = decide(message(own=(hit(B),)), cases(case(A), case(B)), {}, THREAD)

    assert outcome(decision) == (LinkState.LINKED, "number", B)


@pytest.mark.parametrize("kind", [Kind.CALL, Kind.MISSED_CALL, Kind.VOICEMAIL])
def test_phone(kind: Kind) -> None:
    """A call from a number of exactly one open case is linked; the number is not shown whole."""
    subject = Subject(kind=kind, phones=("+4520123456",))
    decision = decide(subject, {}, {"+4520123456": [case(A), case(B, is_open=False)]})

    assert outcome(decision) == (LinkState.LINKED, "phone", A)
    assert "20123456" not in str(decision)
    assert decision.evidence[0].found.endswith("56")


def test_phone_says_nothing_of_chats() -> None:
    """A telephone number is no evidence for a chat message."""
    subject = message(phones=("+4520123456",))

    assert decide(subject, {}, {"+4520123456": [case()]}).state is LinkState.UNLINKED


def test_phone_of_several() -> None:
    """A number of several open cases waits with all of them; closed cases alone wait too."""
    several = decide(call(), {}, {"+4520123456": [case(A), case(B)]})
    closed = decide(call(), {}, {"+4520123456": [case(A, is_open=False)]})

    assert several.rule == "several of phone"
    assert {e.case_number for e in several.evidence} == {A, B}
    assert outcome(closed) == (LinkState.WAITING, "closed", "")


def test_phone_and_number_in_doubt() -> None:
    """An announced unknown number keeps the telephone number from linking; a quoted one too."""
    phones = {"+4520123456": [case(A)]}

    assert decide(call(own=(hit(C, labelled=True),)), {}, phones).rule == "uncertain phone"
    assert decide(call(quoted=(hit(B),)), cases(case(B)), phones).rule == "quoted"
    assert decide(call(quoted=(hit(A),)), cases(case(A)), phones).rule == "phone"


def test_restricted() -> None:
    """A restricted case is linked by number when its caseworker takes part, else never named."""
    secret = case(access="restricted", title="Underretning")
    with_worker = message(own=(hit(),), caseworkers=(WORKER.upper(),))

    assert decide(with_worker, cases(secret), {}).case_number == A
    for decision in (
        decide(message(own=(hit(),)), cases(secret), {}),
        decide(message(quoted=(hit(),)), cases(secret), {}),
        decide(call(), {}, {"+4520123456": [secret]}),
        decide(call(), {}, {"+4520123456": [secret, case(B)]}),
    ):
        assert decision.state is LinkState.WAITING
        assert A not in str(decision)
        assert HIDDEN in {e.note for e in decision.evidence}


def test_restricted_without_caseworker() -> None:
    """A restricted case without a caseworker is shown to nobody, not to everybody."""
    secret = Case(number=A, access="restricted")

    assert decide(message(own=(hit(),), caseworkers=("",)), cases(secret), {}).rule == "restricted"


def test_nothing() -> None:
    """Without any evidence an item is unlinked."""
    assert outcome(decide(call(), {}, {})) == (LinkState.UNLINKED, "nothing", "")


def test_reasons() -> None:
    """Every reason is one sentence in Danish and in English; a person's own words stay."""
    for rule in REASONS:
        decision = Decision(state=LinkState.LINKED, rule=rule, case_number=A)
        for language in ("en", "da"):
            text = reason_text(decision, language)
            assert text.endswith(".")
            assert "{" not in text
    own = Decision(state=LinkState.LINKED, rule="person", reason="Borgeren ringede igen")
    assert reason_text(own, "da") == "Borgeren ringede igen"
    linked = decide(message(own=(hit(),)), cases(case()), {})
    assert reason_text(linked, "en") == linked.reason
    assert reason_text(linked, "da-DK") == f"Sagsnummer {A} står i den."


NUMBERS = st.sampled_from([A, B, C])
CASES = st.builds(
    Case,
    number=NUMBERS,
    is_open=st.booleans(),
    access=st.sampled_from(["", "restricted"]),
    caseworker=st.sampled_from(["", WORKER]),
)
HITS = st.lists(st.builds(hit, NUMBERS, st.booleans(), st.integers(0, 60)), max_size=3).map(tuple)
SUBJECTS = st.builds(
    Subject,
    kind=st.sampled_from(Kind),
    own=HITS,
    subject=HITS,
    quoted=HITS,
    phones=st.lists(st.sampled_from(["+4520123456", "+4530123456"]), max_size=2).map(tuple),
    caseworkers=st.sampled_from([(), (WORKER,)]),
)
CARRIED = st.none() | st.builds(
    Carried,
    case_number=NUMBERS,
    seconds_ago=st.floats(0, 2 * THREAD_QUIET_S),
    cases_in_thread=st.integers(1, 3),
)


@settings(max_examples=500, deadline=None)
@given(
    SUBJECTS,
    st.lists(CASES, max_size=3).map(lambda known: {c.number: c for c in known}),
    st.dictionaries(st.sampled_from(["+4520123456", "+4530123456"]), st.lists(CASES, max_size=3)),
    CARRIED,
)
def test_no_link_without_a_register_hit(
    subject: Subject,
    known: dict[str, Case],
    by_phone: dict[str, list[Case]],
    carried: Carried | None,
) -> None:
    """No decision links to a number that register, telephones and thread do not give."""
    decision = decide(subject, known, by_phone, carried)
    phoned = {c.number for phone in subject.phones for c in by_phone.get(phone, ()) if c.is_open}
    named = {h.number for h in (*subject.own, *subject.subject)}
    fresh = carried is not None and carried.seconds_ago <= THREAD_QUIET_S

    assert decision.reason
    assert decision == decide(subject, known, by_phone, carried)
    if decision.state is not LinkState.LINKED:
        assert decision.case_number == ""
        return
    allowed = {n for n in named if n in known and known[n].is_open} | phoned
    if fresh and carried is not None:
        allowed.add(carried.case_number)
    assert decision.case_number in allowed
    assert decision.rule in ("number", "thread", "phone")
    assert decision.case_number in {e.case_number for e in decision.evidence}
