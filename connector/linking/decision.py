"""Which case an item belongs to, and why: evidence in, one decision out. Pure, first version.

A wrong link puts one citizen's words into another citizen's file, so a link needs an explicit
number, a thread that deals with one case, or a telephone number of exactly one open case. All else
waits for a person with the candidates listed, or is unlinked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from connector.identity import show_phone
from connector.linking.patterns import Hit
from connector.model import Case, Decision, Evidence, Kind, LinkState

THREAD_QUIET_S = 24 * 3600.0  # a thread that was silent for longer may be about something else
PHONE_KINDS = frozenset((Kind.CALL, Kind.MISSED_CALL, Kind.VOICEMAIL))
RESTRICTED = "restricted"

# How sure each rule is, until issue 3 calibrates them on labelled data.
CONFIDENCE = {"number": 0.99, "thread": 0.9, "phone": 0.85}


class Subject(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an item says of itself, ready for the rules.

    `own` are hits in its own text or transcript, `subject` in its subject line, `quoted` in what it
    quotes or forwards. `phones` are whole outside numbers in E.164 (a masked one proves nothing).
    `caseworkers` are the user principal names of our own staff who take part.
    """

    kind: Kind
    own: tuple[Hit, ...] = ()
    subject: tuple[Hit, ...] = ()
    quoted: tuple[Hit, ...] = ()
    phones: tuple[str, ...] = ()
    caseworkers: tuple[str, ...] = ()


class Carried(msgspec.Struct, frozen=True, kw_only=True):
    """What an earlier message linked this thread to, and how many cases the thread dealt with."""

    case_number: str
    seconds_ago: float
    cases_in_thread: int
    quiet_s: float = THREAD_QUIET_S


class Named(NamedTuple):
    """A case the register knows, and the evidence that names it."""

    case: Case
    evidence: Evidence


# rule -> the sentence in English and in Danish. `Decision.rule` holds the key.
REASONS: dict[str, tuple[str, str]] = {
    "number": ("The number of case {case} is written in it.", "Sagsnummer {case} står i den."),
    "thread": (
        "The conversation was linked to case {case} shortly before and deals with no other.",
        "Samtalen blev knyttet til sag {case} kort forinden og handler ikke om andre.",
    ),
    "phone": (
        "The telephone number belongs to one open case only, {case}.",
        "Telefonnummeret hører til netop én åben sag, {case}.",
    ),
    "several numbers": (
        "It names several open cases; a person must choose.",
        "Den nævner flere åbne sager; et menneske må vælge.",
    ),
    "closed": (
        "The only case it points to is closed; a person must decide.",
        "Den eneste sag, den peger på, er lukket; et menneske må afgøre det.",
    ),
    "quoted": (
        "A case number stands only in quoted or forwarded text; a person must decide.",
        "Et sagsnummer står kun i citeret eller videresendt tekst; et menneske må afgøre det.",
    ),
    "uncertain thread": (
        "The conversation was linked lately, but may be about something else now.",
        "Samtalen er knyttet for nylig, men kan handle om noget andet nu.",
    ),
    "several of phone": (
        "The telephone number belongs to several open cases; a person must choose.",
        "Telefonnummeret hører til flere åbne sager; et menneske må vælge.",
    ),
    "uncertain phone": (
        "The telephone number points to a case, but something else speaks against it.",
        "Telefonnummeret peger på en sag, men noget andet taler imod.",
    ),
    "restricted": (
        "It points to a case with restricted access; only its caseworker can link it.",
        "Den peger på en sag med begrænset adgang; kun dens sagsbehandler kan knytte den.",
    ),
    "unknown": (
        "What looks like a case number is not in the register.",
        "Det, der ligner et sagsnummer, findes ikke i registret.",
    ),
    "nothing": ("Nothing in it points to a case.", "Intet i den peger på en sag."),
}

NOT_IN_REGISTER = "not in the register"
HIDDEN = "a case with restricted access"


def reason_text(decision: Decision, language: str = "en") -> str:
    """The reason as one sentence, Danish for "da", else English; a person's own words stay."""
    sentences = REASONS.get(decision.rule)
    if sentences is None:
        return decision.reason
    return sentences[1 if language.startswith("da") else 0].format(case=decision.case_number)


def numbers_to_verify(subject: Subject, carried: Carried | None = None) -> tuple[str, ...]:
    """Every spelling that the register must be asked about before `decide`, each once."""
    hits = (*subject.own, *subject.subject, *subject.quoted)
    thread = (carried.case_number,) if carried else ()
    return tuple(dict.fromkeys((*(number for hit in hits for number in hit.numbers), *thread)))


def decide(
    subject: Subject,
    cases: Mapping[str, Case],
    by_phone: Mapping[str, Sequence[Case]],
    carried: Carried | None = None,
) -> Decision:
    """The decision on one item: linked, waiting for a person, or unlinked, with all evidence.

    `cases` holds the verified cases by the spelling that was looked up (`numbers_to_verify`; a
    number that is missing is not in the register), `by_phone` the cases of each telephone number.
    Nothing is linked to a case that is in neither, nor in `carried`.
    """
    own = _named(subject.own, "text", cases) + _named(subject.subject, "subject", cases)
    quoted = _named(subject.quoted, "quoted", cases)
    unknown = _unknown(subject, cases)
    # A case number that was announced and is not known: the talk may be of another case.
    is_doubtful = any(e.note for e, labelled in unknown if labelled and e.where != "quoted")
    phoned = _phoned(subject, by_phone)
    decision = (
        _by_number(own, subject)
        or _by_thread(carried, cases, quoted, is_doubtful)
        or _by_quoted(quoted, phoned)
        or _by_phone(phoned, is_doubtful)
        or _decision(LinkState.UNLINKED, "unknown" if unknown else "nothing")
    )
    seen = _shown((*own, *quoted, *phoned), subject)
    evidence = tuple(dict.fromkeys((*decision.evidence, *seen)))
    unsure = [e for e, labelled in unknown if labelled or not evidence]
    return msgspec.structs.replace(decision, evidence=(*evidence, *unsure))


def _decision(
    state: LinkState, rule: str, case_number: str = "", evidence: tuple[Evidence, ...] = ()
) -> Decision:
    return Decision(
        state=state,
        case_number=case_number,
        rule=rule,
        confidence=CONFIDENCE.get(rule, 0.0),
        reason=REASONS[rule][0].format(case=case_number),
        evidence=evidence,
    )


def _waits(rule: str) -> Decision:
    return _decision(LinkState.WAITING, rule)


def _links(rule: str, case_number: str, evidence: tuple[Evidence, ...] = ()) -> Decision:
    return _decision(LinkState.LINKED, rule, case_number, evidence)


def _by_number(own: list[Named], subject: Subject) -> Decision | None:
    """One open case named: linked. Open beats closed; two open ones, or none, wait for a person."""
    if not own:
        return None
    open_cases = _open(own)
    if len(open_cases) > 1:
        return _waits("several numbers")
    if not open_cases:
        return _waits("closed")
    case = open_cases[0]
    return _links("number", case.number) if _may_see(case, subject) else _waits("restricted")


def _by_thread(
    carried: Carried | None, cases: Mapping[str, Case], quoted: list[Named], is_doubtful: bool
) -> Decision | None:
    """The case of the earlier messages, while the thread is fresh and deals with one case only."""
    if carried is None or not 0 <= carried.seconds_ago <= carried.quiet_s:
        return None
    number = carried.case_number
    case = cases.get(number)
    if case is not None and case.access == RESTRICTED:
        return _waits("restricted")  # by its number only
    evidence = Evidence(rule="thread", case_number=number, where="thread")
    rule = "uncertain thread"
    if case is not None and not case.is_open:
        rule = "closed"
    elif (
        carried.cases_in_thread == 1
        and not is_doubtful
        and all(named.case.number == number for named in quoted)
    ):
        return _links("thread", number, (evidence,))
    return _decision(LinkState.WAITING, rule, evidence=(evidence,))


def _by_quoted(quoted: list[Named], phoned: list[Named]) -> Decision | None:
    """What is only quoted waits, unless the telephone number alone says the same."""
    if not quoted:
        return None
    same = {n.case.number for n in quoted} == {n.case.number for n in phoned}
    return None if same else _waits("quoted")


def _by_phone(phoned: list[Named], is_doubtful: bool) -> Decision | None:
    """The one open case of the outside telephone numbers; restricted ones count, unnamed."""
    if not phoned:
        return None
    open_cases = _open(phoned)
    if len(open_cases) > 1:
        return _waits("several of phone")
    if not open_cases:
        return _waits("closed")
    case = open_cases[0]
    if case.access == RESTRICTED:
        return _waits("restricted")
    return _waits("uncertain phone") if is_doubtful else _links("phone", case.number)


def _named(hits: Iterable[Hit], where: str, cases: Mapping[str, Case]) -> list[Named]:
    """The cases that hits name, each with its evidence; one hit may fit two spellings."""
    return [
        Named(case, _evidence("number", case, where, hit.raw))
        for hit in hits
        for number in hit.numbers
        if (case := cases.get(number)) is not None
    ]


def _phoned(subject: Subject, by_phone: Mapping[str, Sequence[Case]]) -> list[Named]:
    if subject.kind not in PHONE_KINDS:
        return []
    return [
        Named(case, _evidence("phone", case, "phone", show_phone(phone)))
        for phone in dict.fromkeys(subject.phones)
        for case in by_phone.get(phone, ())
    ]


def _evidence(rule: str, case: Case, where: str, found: str) -> Evidence:
    note = "" if case.is_open else "case closed"
    return Evidence(rule=rule, case_number=case.number, where=where, found=found, note=note)


def _unknown(subject: Subject, cases: Mapping[str, Case]) -> list[tuple[Evidence, bool]]:
    """Hits the register does not know, each with whether a word such as "sagsnr." announced it."""
    places = (("text", subject.own), ("subject", subject.subject), ("quoted", subject.quoted))
    known = [
        (hit.start, hit.end, where)
        for where, hits in places
        for hit in hits
        if any(number in cases for number in hit.numbers)
    ]
    return [
        (
            Evidence(
                rule="number",
                case_number=hit.number,
                where=where,
                found=hit.raw,
                note=NOT_IN_REGISTER,
            ),
            hit.labelled,
        )
        for where, hits in places
        for hit in hits
        # Several systems write numbers alike: what one pattern explains needs no other.
        if not any(w == where and a < hit.end and hit.start < b for a, b, w in known)
    ]


def _open(named: Iterable[Named]) -> list[Case]:
    return list({n.case.number: n.case for n in named if n.case.is_open}.values())


def _may_see(case: Case, subject: Subject) -> bool:
    workers = {worker.casefold() for worker in subject.caseworkers}
    return case.access != RESTRICTED or (
        bool(case.caseworker) and case.caseworker.casefold() in workers
    )


def _shown(named: Iterable[Named], subject: Subject) -> list[Evidence]:
    """The evidence, without number and words where the case must not be shown to everybody."""
    return [
        e
        if _may_see(case, subject)
        else msgspec.structs.replace(e, case_number="", found="", note=HIDDEN)
        for case, e in named
    ]
