"""Decisions as such: policy, restricted cases, crowded registers, reasons, and what never happens.

What each rule links is in test_linking_rules.py; here texts are read already.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.linking.communication import Communication, Shape
from connector.linking.decision import decide
from connector.linking.inquiry import Tools
from connector.linking.patterns import Hit
from connector.linking.reasons import CONFIDENCE, HIDDEN, NOT_IN_REGISTER, REASONS, reason_text
from connector.linking.register import MemoryRegister
from connector.linking.relayed import Relayed
from connector.linking.remarks import Remark
from connector.linking.rules import AUTOMATIC, CONFIRM, LINKING_RULES, NEVER, Rules
from connector.linking.subject import Earlier, Naming, Recent, Subject
from connector.linking.topic import Bearing
from connector.model import Case, CaseParty, Decision, LinkState
from tests.making import NOON, scanner
from tests.talking import (
    ASGER_MASKED,
    ASGER_PHONE,
    BODIL,
    CARL,
    CARPORT,
    HELP,
    NEIGHBOUR,
    OLD,
    call,
    call_out,
    chat,
    earlier,
    judge,
    outcome,
    recent,
    staff,
)

A, B, C = HELP.number, NEIGHBOUR.number, CARPORT.number
LINKED, WAITING, UNLINKED = LinkState.LINKED, LinkState.WAITING, LinkState.UNLINKED


class FixedTopics:
    """Says the same of every text."""

    def __init__(self, bearing: Bearing = Bearing.GOES_ON, matter: int | None = None) -> None:
        self._bearing = bearing
        self._matter = matter

    def bearing(self, text: str, case: Case) -> Bearing:
        return self._bearing

    def only_answers(self, text: str) -> bool:
        return self._bearing is not Bearing.OTHER

    def unknown_matter(self, text: str, case: Case) -> str:
        return ""

    def names_matter(self, text: str, case: Case) -> bool:
        return self._bearing is Bearing.SAME

    def says_little(self, text: str, case: Case) -> bool:
        return False

    def matter(self, text: str, cases: Sequence[Case]) -> Case | None:
        if self._matter is None or self._matter >= len(cases):
            return None
        return cases[self._matter]


def naming(number: str = A, where: str = "text", start: int = 0, **fields: Any) -> Naming:
    end = start + len(number)
    hit = Hit(
        number=number,
        raw=number,
        start=start,
        end=end,
        pattern="kle",
        labelled=fields.pop("labelled", False),
        also=fields.pop("also", ()),
    )
    return Naming(hit, where, **fields)


def subject(*named: Naming, **fields: Any) -> Subject:
    values: dict[str, Any] = {"kind": Shape.CHAT, "started": NOON, "named": named, "text": "ja"}
    return Subject(**(values | fields))


def decided(
    its: Subject,
    *cases: Case,
    thread: Earlier | None = None,
    calls: Sequence[Recent] = (),
    topics: FixedTopics | None = None,
    **rules: Any,
) -> Decision:
    zone = ZoneInfo("Europe/Copenhagen")
    tools = Tools(scanner(), topics or FixedTopics(), Rules(**rules), zone)  # type: ignore[arg-type]
    return decide(its, MemoryRegister(cases, scanner()), tools, thread, calls)


# --- what is named -----------------------------------------------------------------------------
def test_named_twice() -> None:
    """A case named in several places is one case, with evidence for each place."""
    decision = decided(subject(naming(A), naming(A, "subject"), naming(A, start=50)), HELP)

    assert outcome(decision) == (LINKED, "number", A)
    assert {each.where for each in decision.evidence} == {"text", "subject"}


def test_other_spelling() -> None:
    """A case registered under another spelling of the number is linked by its own spelling."""
    long = msgspec.structs.replace(HELP, number="27.36.04-P19-12-2024")
    decision = decided(subject(naming(A, also=(long.number,))), long)

    assert outcome(decision) == (LINKED, "number", long.number)


def test_unknown_beside_known() -> None:
    """Beside a known number an unknown one is listed, and the known one is linked."""
    decision = decided(subject(naming(A), naming(C, start=40)), HELP)

    assert outcome(decision) == (LINKED, "number", A)
    assert [(e.case_number, e.note) for e in decision.evidence] == [
        (A, ""),
        (C, NOT_IN_REGISTER),
    ]


def test_known_in_subject_explains_nothing_in_text() -> None:
    """A known number explains an unknown one at its own place only, not at the same place
    elsewhere."""
    named = (naming(A, "subject", remark=Remark.EARLIER), naming(C, "text"))
    unread = decided(subject(*named, phones=(ASGER_PHONE,), workers=frozenset({BODIL})), HELP)

    assert NOT_IN_REGISTER in {each.note for each in unread.evidence}
    assert unread.state is not LINKED


@pytest.mark.parametrize("remark", [r for r in Remark if r is not Remark.NONE])
def test_remarked_number_does_not_link(remark: Remark) -> None:
    """A number that the text takes back, calls old or another's links nothing, nor does the rest:
    not the caller and not the thread."""
    people: dict[str, Any] = {"phones": (ASGER_PHONE,), "workers": frozenset({BODIL})}
    own = naming(A, remark=remark)

    for decision in (
        decided(subject(own), HELP),
        decided(subject(own, kind=Shape.CALL, **people), HELP),
        decided(subject(own), HELP, thread=earlier()),
        decided(subject(own), HELP, CARPORT, thread=earlier(CARPORT)),
    ):
        assert decision.state is not LINKED


def test_evidence_says_how() -> None:
    """Evidence tells what was spoken and what was mended, and which number is not open."""
    decision = decided(
        subject(
            naming(A, is_spoken=True),
            naming(OLD.number, start=40, is_mended=True),
            naming(C, start=80, remark=Remark.EARLIER),
        ),
        HELP,
        OLD,
        CARPORT,
    )

    notes = {each.case_number: each.note for each in decision.evidence}
    assert notes[A] == "spoken"
    assert notes[OLD.number] == "case not open that day, letters read as digits"
    assert notes[C] == "earlier"


# --- crowded registers -------------------------------------------------------------------------
def crowd(open_ones: int, closed: int, **fields: Any) -> list[Case]:
    """Cases of one party, the closed ones first in order of number; the first open one is Bodil's.

    The others are Carl's.
    """
    return [
        msgspec.structs.replace(
            HELP,
            number=f"27.36.04-P19-{n + 100}-24",
            is_open=n >= closed,
            caseworker=BODIL if n == closed else CARL,
            **fields,
        )
        for n in range(closed + open_ones)
    ]


@pytest.mark.parametrize("phone", [ASGER_PHONE, ASGER_MASKED])
@pytest.mark.parametrize(("open_ones", "closed"), [(60, 0), (11, 49), (6, 0), (12, 48)])
def test_shared_by_many(phone: str, open_ones: int, closed: int) -> None:
    """A telephone number of sixty cases links none, although a register gives fifty of them and
    only one of these may be open."""
    decision = judge(call(phone), *crowd(open_ones, closed))

    assert decision.state is WAITING
    assert len(decision.evidence) <= 50


def test_shared_by_few() -> None:
    """Of five open cases the participating caseworker's own is linked; of six none is."""
    assert judge(call(), *crowd(5, 0)).rule == "phone and caseworker"
    assert outcome(judge(call(), *crowd(6, 0)))[:2] == (WAITING, "shared phone")


def test_shared_name() -> None:
    """A name that sixty parties have is no more than a hint."""
    many = crowd(60, 0, parties=(CaseParty(name="Asger Prøve"),))

    assert judge(call("+4599999999", "Det er Asger Prøve"), *many).state is WAITING


@pytest.mark.parametrize("parties", [(), (CaseParty(name="Asger Prøve"),), (CaseParty(),)])
def test_party_without_telephone(parties: tuple[CaseParty, ...]) -> None:
    """A case whose party has no number is found by its own number only, by no empty key."""
    bare = msgspec.structs.replace(HELP, parties=parties)

    assert judge(chat(f"sag {A}"), bare).case_number == A
    for phone in (ASGER_PHONE, ASGER_MASKED, "***", "anonymous", ""):
        assert judge(call(phone), bare).state is UNLINKED


def test_two_cases_of_one_number() -> None:
    """Two cases of one number get no link, by number, thread or call."""
    twin = msgspec.structs.replace(HELP, title="Madservice", parties=())

    named = judge(chat(f"sag {A}"), HELP, twin)
    assert outcome(named)[:2] == (WAITING, "two cases of one number")
    assert judge(chat("ja"), HELP, twin, thread=earlier()).state is UNLINKED
    assert judge(call_out("+4599999999"), HELP, twin, calls=(recent(),)).state is UNLINKED


# --- policy ------------------------------------------------------------------------------------
EXAMPLES: dict[str, tuple[Communication, dict[str, Any]]] = {
    "number": (chat(f"sag {A}"), {}),
    "continuation": (chat(f"sag {OLD.number}"), {}),
    "quoted number": (chat(f"> sag {A}\nJa"), {}),
    "thread": (chat("Har hun fået brevet?"), {"thread": earlier()}),
    "slip": (call(text="sag 27.36.04-P19-11-24"), {}),
    "phone": (call(), {}),
    "phone and caseworker": (call(), {"caseworkers": (BODIL, CARL)}),
    "phone and matter": (call(text="Om hjemmehjælpen"), {"caseworkers": (BODIL, BODIL)}),
    "masked": (call(ASGER_MASKED), {}),
    "call-back": (call_out("+4599999999"), {"calls": (recent(),)}),
    "missed call": (
        call("+4599999999", kind=Shape.MISSED_CALL),
        {"calls": (recent(seconds_ago=-60.0),)},
    ),
    "relayed": (chat("Asger Prøve, tlf. 20 00 00 01, vil gerne ringes op"), {}),
}


def by_rule(rule: str, **rules: Any) -> Decision:
    """The decision on an example of this rule, under this policy."""
    its, known = EXAMPLES[rule]
    more = dict(known)
    cases = [HELP]
    if "caseworkers" in more:
        first, second = more.pop("caseworkers")
        other = msgspec.structs.replace(
            HELP, number="05.01.00-G01-4-25", title="Fortov", caseworker=second
        )
        cases = [msgspec.structs.replace(HELP, caseworker=first), other]
    if rule == "continuation":
        cases = [msgspec.structs.replace(HELP, continues=(OLD.number,)), OLD]
    return judge(its, *cases, **more, **rules)


def test_every_rule_has_an_example() -> None:
    """Every rule that a site can set is tried here."""
    assert set(EXAMPLES) == set(LINKING_RULES)


@pytest.mark.parametrize("rule", LINKING_RULES)
def test_policy(rule: str) -> None:
    """A rule links, leaves its candidate to a person, or says nothing, as the site has set it."""
    assert outcome(by_rule(rule)) == (LINKED, rule, A)
    assert outcome(by_rule(rule, modes={rule: AUTOMATIC}, threshold=1.0)) == (LINKED, rule, A)
    assert outcome(by_rule(rule, modes={rule: CONFIRM})) == (WAITING, rule, A)
    never = by_rule(rule, modes={rule: NEVER})
    assert never.state is not LINKED
    assert never.rule != rule


@pytest.mark.parametrize("rule", [rule for rule in LINKING_RULES if rule != "number"])
def test_policy_by_confidence(rule: str) -> None:
    """What is not set goes by its confidence and the threshold; both are shown."""
    at, above = CONFIDENCE[rule], CONFIDENCE[rule] + 0.01

    assert by_rule(rule, threshold=at).state is LINKED
    assert outcome(by_rule(rule, threshold=above)) == (WAITING, rule, A)
    assert by_rule(rule).confidence == at


def test_number_needs_no_threshold() -> None:
    """An explicit number is automatic unless the site says otherwise."""
    assert by_rule("number", threshold=1.0).state is LINKED
    assert by_rule("number", modes={"number": "by confidence"}, threshold=1.0).state is WAITING


def test_policy_of_a_kind() -> None:
    """A mode for one kind goes before the rule's own, and says nothing of other kinds."""
    missed = call(kind=Shape.MISSED_CALL)
    modes = {"phone": AUTOMATIC, "phone/missed_call": CONFIRM}

    assert judge(missed, HELP, modes=modes).state is WAITING
    assert judge(call(), HELP, modes=modes).state is LINKED
    assert judge(missed, HELP, modes={"phone/missed_call": NEVER}).state is UNLINKED
    assert (
        judge(missed, HELP, modes={"phone": NEVER, "phone/missed_call": AUTOMATIC}).state is LINKED
    )


@pytest.mark.parametrize(
    ("its", "more"),
    [
        (chat(f"sag {C}"), {"thread": earlier()}),
        (call(text=f"sag {C}"), {}),
        (call(ASGER_MASKED, f"sag {C}"), {}),
        (chat(f"Asger Prøve, tlf. 20 00 00 01, vil gerne ringes op om sag {C}"), {}),
        (call_out("+4599999999", text=f"sag {C}"), {"calls": (recent(),)}),
    ],
)
def test_number_never(its: Any, more: dict[str, Any]) -> None:
    """Where numbers never link, nothing links to another case than the one that is named."""
    assert judge(its, HELP, CARPORT, **more).case_number == C
    decision = judge(its, HELP, CARPORT, modes={"number": NEVER}, **more)

    assert decision.state is not LINKED


def test_continuation_never() -> None:
    """Where continuations never link, a caller who names his old case is not put on another."""
    old = msgspec.structs.replace(OLD, parties=())
    later = msgspec.structs.replace(CARPORT, continues=(OLD.number,))
    decision = judge(
        call(text=f"sag {OLD.number}"), HELP, old, later, modes={"continuation": NEVER}
    )

    assert decision.state is not LINKED


# --- restricted cases --------------------------------------------------------------------------
def test_restricted_without_caseworker() -> None:
    """A restricted case without a caseworker is shown to nobody, not to everybody."""
    secret = msgspec.structs.replace(HELP, access="restricted", caseworker="")
    decision = decided(subject(naming(A), workers=frozenset({""})), secret)

    assert outcome(decision) == (WAITING, "restricted", "")
    assert [(e.case_number, e.found, e.note) for e in decision.evidence] == [("", "", HIDDEN)]


def test_restricted_beside_open() -> None:
    """A restricted case that is named beside an open one is counted and stays unnamed."""
    secret = msgspec.structs.replace(HELP, access="restricted")
    decision = judge(chat(f"{A} og {C}", staff(CARL)), secret, CARPORT)

    assert outcome(decision) == (WAITING, "several numbers", C)
    assert A not in str(decision)
    assert HIDDEN in str(decision)


NUMBERS = (A, B, C, OLD.number, "27.36.04-P19-11-24")
PHONES = (ASGER_PHONE, "+4520000777", "+4530000003")
NAMES = ("Asger Prøve", "Bent Testesen", "Birthe Falsk")
WORKERS = (BODIL, CARL, "")
PARTIES = st.builds(
    CaseParty,
    name=st.sampled_from((*NAMES, "")),
    phone=st.sampled_from((*PHONES, "")),
    mail=st.sampled_from(("a@mail.example", "")),
)
CASES = st.builds(
    Case,
    number=st.sampled_from(NUMBERS),
    title=st.sampled_from(("Hjemmehjælp", "Carport", "")),
    is_open=st.booleans(),
    access=st.sampled_from(("", "restricted")),
    caseworker=st.sampled_from(WORKERS),
    parties=st.lists(PARTIES, max_size=2).map(tuple),
    continues=st.sampled_from(((), (A,), (OLD.number,))),
)
NAMINGS = st.builds(
    naming,
    st.sampled_from(NUMBERS),
    st.sampled_from(("text", "subject", "link", "file")),
    st.integers(0, 60),
    labelled=st.booleans(),
    remark=st.sampled_from((Remark.NONE, Remark.NONE, Remark.NONE, *Remark)),
)
SUBJECTS = st.builds(
    Subject,
    kind=st.sampled_from(Shape),
    started=st.just(NOON),
    direction=st.sampled_from(("inbound", "outbound", "internal")),
    text=st.sampled_from(("", "ja", "hjemmehjælp", "frokost", "noget helt andet")),
    named=st.lists(NAMINGS, max_size=3).map(tuple),
    quoted=st.lists(NAMINGS, max_size=2).map(tuple),
    phones=st.lists(st.sampled_from(PHONES), max_size=2).map(tuple),
    masked=st.sampled_from(((), ("+4520000",))),
    mails=st.sampled_from(((), ("a@mail.example",))),
    workers=st.frozensets(st.sampled_from((BODIL, CARL)), max_size=2),
    relayed=st.none()
    | st.builds(
        Relayed,
        names=st.sampled_from(((), NAMES[:1])),
        phones=st.sampled_from(((ASGER_PHONE,), PHONES)),
    ),
    names=st.lists(st.sampled_from(NAMES), max_size=2).map(tuple),
)
THREADS = st.none() | st.builds(
    Earlier,
    case_number=st.sampled_from(NUMBERS),
    seconds_ago=st.floats(-100, 20 * 86_400),
    cases_in_thread=st.integers(1, 3),
    has_drifted=st.booleans(),
)
CALLS = st.lists(
    st.builds(
        Recent,
        case_number=st.sampled_from(NUMBERS),
        kind=st.sampled_from(Shape),
        seconds_ago=st.floats(-2000, 10_000),
        workers=st.frozensets(st.sampled_from((BODIL, CARL)), max_size=1),
    ),
    max_size=2,
)
TOPICS = st.builds(FixedTopics, st.sampled_from(Bearing), st.sampled_from((None, None, 0, 1)))
MODES = st.dictionaries(
    st.sampled_from(LINKING_RULES), st.sampled_from((AUTOMATIC, CONFIRM, NEVER)), max_size=3
)


@settings(max_examples=400, deadline=None)
@given(SUBJECTS, st.lists(CASES, max_size=5), THREADS, CALLS, TOPICS, MODES)
def test_restricted_is_never_named(
    its: Subject,
    cases: list[Case],
    thread: Earlier | None,
    calls: list[Recent],
    topics: FixedTopics,
    modes: dict[str, str],
) -> None:
    """A restricted case is named in no decision unless its own caseworker takes part.

    Not its number, not its party's name; what the sender wrote himself of an unknown number is his.
    """
    decision = decided(its, *cases, thread=thread, calls=calls, topics=topics, modes=modes)
    plain = {case.number for case in cases if case.access != "restricted"}
    hidden = {
        case.number
        for case in cases
        if case.access == "restricted"
        and not (case.caseworker and case.caseworker in its.workers)
        and case.number not in plain
    } - {c.number for c in cases if c.caseworker and c.caseworker in its.workers}

    assert decision.case_number not in hidden
    for each in decision.evidence:
        if each.note != NOT_IN_REGISTER:
            assert not hidden & {each.case_number, each.found}
            assert not any(number in each.note for number in hidden)
    assert not any(number in decision.reason for number in hidden)


@settings(max_examples=400, deadline=None)
@given(SUBJECTS, st.lists(CASES, max_size=5), THREADS, CALLS, TOPICS, MODES)
def test_no_link_without_a_register_hit(
    its: Subject,
    cases: list[Case],
    thread: Earlier | None,
    calls: list[Recent],
    topics: FixedTopics,
    modes: dict[str, str],
) -> None:
    """A link goes to one open case that the register holds and that some evidence names.

    The same question has the same answer, and every decision gives its reason.
    """
    decision = decided(its, *cases, thread=thread, calls=calls, topics=topics, modes=modes)

    assert decision == decided(its, *cases, thread=thread, calls=calls, topics=topics, modes=modes)
    assert decision.reason == reason_text(decision, "en")
    known = {case.number: case for case in cases}
    if decision.state is UNLINKED:
        assert decision.case_number == ""
    if decision.case_number:
        assert decision.case_number in known
        assert decision.case_number in {each.case_number for each in decision.evidence}
    if decision.state is LINKED:
        assert decision.rule in LINKING_RULES
        its_cases = {case for case in cases if case.number == decision.case_number}
        assert any(case.is_open for case in its_cases)
        assert modes.get(decision.rule) not in (CONFIRM, NEVER)
        assert not decided(its, thread=thread, calls=calls, topics=topics).case_number
        for case in its_cases:
            if case.access == "restricted" and len(its_cases) == 1:
                assert decision.rule in ("number", "quoted number")
                assert case.caseworker in its.workers
        plain = {
            number
            for each in its.named
            if each.remark is Remark.NONE
            for number in each.hit.numbers
            if any(c.number == number and c.is_open for c in cases)
        }
        assert len(plain) <= 1
        assert plain <= {decision.case_number}


# --- reasons -----------------------------------------------------------------------------------
def test_nothing() -> None:
    """Without any evidence a communication is unlinked."""
    assert outcome(decided(subject())) == (UNLINKED, "nothing", "")
    assert outcome(judge(call())) == (UNLINKED, "nothing", "")


def test_reasons() -> None:
    """Every reason is one sentence in Danish and in English; a person's own words stay."""
    for rule in REASONS:
        decision = Decision(state=LINKED, rule=rule, case_number=A)
        for language in ("en", "da"):
            text = reason_text(decision, language)
            assert text.endswith(".")
            assert "{" not in text
    own = Decision(state=LINKED, rule="person", reason="Borgeren ringede igen")
    assert reason_text(own, "da") == "Borgeren ringede igen"
    linked = decided(subject(naming(A)), HELP)
    assert reason_text(linked, "en") == linked.reason
    assert reason_text(linked, "da-DK") == f"Sagsnummer {A} står i den."


def test_every_rule_is_explained() -> None:
    """Every rule that links has its sentences and its confidence."""
    assert set(LINKING_RULES) <= set(REASONS)
    assert set(LINKING_RULES) <= set(CONFIDENCE)
    assert all(0 < confidence < 1 for confidence in CONFIDENCE.values())


@settings(max_examples=60)
@given(
    kind=st.sampled_from([Shape.CALL, Shape.MISSED_CALL, Shape.VOICEMAIL, Shape.CHAT]),
    direction=st.sampled_from(["inbound", "outbound", "internal", ""]),
    phones=st.lists(st.sampled_from([ASGER_PHONE, "+4599999999"]), unique=True, max_size=2),
    masked=st.lists(st.sampled_from([ASGER_PHONE[:-3], "+4598989"]), unique=True, max_size=1),
    mails=st.lists(st.sampled_from(["x@example.dk", "y@example.dk"]), unique=True, max_size=1),
    workers=st.frozensets(st.sampled_from([BODIL, CARL]), max_size=2),
    text=st.sampled_from(["", "Ring til mig om byggetilladelsen"]),
)
def test_strangers_need_no_rules(**said: Any) -> None:
    """What is of nobody the register knows is decided as the rules, each asked, decide it."""
    subject = Subject(started=NOON, **{name: _frozen(value) for name, value in said.items()})
    tools = Tools(scanner(), FixedTopics(), Rules(), ZoneInfo("Europe/Copenhagen"))  # type: ignore[arg-type]
    register = MemoryRegister([HELP, NEIGHBOUR, CARPORT], scanner())

    quick = decide(subject, register, tools)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("connector.linking.decision._is_of_strangers", lambda *_: False)
        assert decide(subject, register, tools) == quick


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
