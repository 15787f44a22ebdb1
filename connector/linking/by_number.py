"""Rules for case numbers: named, corrected, of a closed case, quoted, or with a slip."""

from __future__ import annotations

from functools import partial
from itertools import islice

from connector.linking.inquiry import RESTRICTED, Inquiry
from connector.linking.keys import continues_key, number_key
from connector.linking.pointing import Pointed, is_shared, once
from connector.linking.reasons import NOT_IN_REGISTER
from connector.linking.relayed import about_old_decision
from connector.linking.remarks import Remark
from connector.linking.slips import neighbours, one_apart
from connector.linking.topic import Bearing
from connector.model import Case, Decision, Evidence, LinkState

_NEIGHBOURS = 400  # numbers one slip away that the register is asked for
_UNKNOWN = 3  # unknown numbers of one text that are looked at so closely
_COMPARED = 50  # of them that are held against the caller's cases; who writes more writes a list


def by_named(q: Inquiry) -> Decision | None:
    """Exactly one open case named: linked. Several, or none open: the rules below, or a person."""
    today = [p for naming, found in q.named if naming.remark is Remark.NONE for p in found]
    if not today:
        return None
    open_ones = q.open_of(today)
    if len(open_ones) == 1:
        return _one_named(q, open_ones[0])
    if open_ones:
        several = len({each.case.number for each in open_ones}) > 1
        rule = "several numbers" if several else "two cases of one number"
        return q.suggest(rule, q.likeliest_first(open_ones))
    return _none_open(q, once(today))


def _one_named(q: Inquiry, named: Pointed) -> Decision | None:
    """One open case is named, whoever calls; but a slip into a neighbour's number is likely."""
    if named.case.access == RESTRICTED and not q.takes_part(named.case):
        return q.suggest("restricted", [named])
    own = q.callers() or q.masked() or q.relayed()
    if own and all(each.case.number != named.case.number for each in own):
        near = [p for p in own if one_apart(q.canonical(p.case), q.canonical(named.case))]
        if near:
            return q.suggest("neighbouring number", [*q.likeliest_first(near), named])
    return q.link("number", named)


def _none_open(q: Inquiry, named: list[Pointed]) -> Decision | None:
    """Only cases that were not open that day: the one that continues them, or a person."""
    if len(named) == 1:
        earlier = named[0]
        if not q.may_see(earlier.case):
            return q.suggest("restricted", [earlier])
        later = [
            Pointed(case, Evidence(
                rule="continuation", case_number=case.number, where="register",
                note=f"continues {earlier.case.number}",
            ))
            for case in q.find([continues_key(q.canonical(earlier.case))])
            if q.is_open(case)
        ]  # fmt: skip
        only = later[0] if len(later) == 1 else None
        # A restricted case is linked by its own number alone, which nobody gave.
        if only and only.case.access != RESTRICTED and not about_old_decision(q.text):
            return q.link("continuation", only, earlier)
        return q.suggest(_why_not_open(q, named), [earlier, *later])
    return q.suggest(_why_not_open(q, named), q.likeliest_first(named))


def _why_not_open(q: Inquiry, named: list[Pointed]) -> str:
    opened = [each.case.opened for each in named]
    is_early = all(day is not None and q.day < day for day in opened)
    return "not open then" if is_early else "closed"


def by_slip(q: Inquiry) -> Decision | None:
    """A number that the register does not know, but that resembles one it knows."""
    unknown = unknown_numbers(q)
    if not unknown:
        return None
    callers = q.callers()
    open_ones = q.open_of(callers)
    if len(open_ones) == 1 and q.takes_part(open_ones[0].case):
        only = open_ones[0]
        if _is_slip_of(q, unknown, only.case) and not is_shared(callers):
            if only.case.access == RESTRICTED:
                return q.suggest("restricted", [only])
            return q.link("slip", _resembling(only.case, unknown[0]), only)
    near = _near(q, unknown, callers)
    return q.suggest("resembling", near) if near else None


def _is_slip_of(q: Inquiry, unknown: list[str], case: Case) -> bool:
    """All that is unknown resembles this case's number, and the text is not about another."""
    number = q.canonical(case)
    if not all(one_apart(each, number) for each in unknown):
        return False
    return q.topics.bearing(q.text, case) not in (Bearing.OTHER, Bearing.SMALLTALK)


def _near(q: Inquiry, unknown: list[str], callers: list[Pointed]) -> list[Pointed]:
    """Cases whose number is one slip from an unknown one, those with other evidence first."""
    related = [each.case for each in callers + q.masked()]
    if q.earlier is not None and (carried := q.numbered(q.earlier.case_number)):
        related.append(carried)
    some = unknown[:_COMPARED]
    first: list[Case] = [
        case for case in related if any(map(partial(one_apart, q.canonical(case)), some))
    ]
    found = [
        case
        for number in unknown[:_UNKNOWN]
        for case in q.find(number_key(near) for near in islice(neighbours(number), _NEIGHBOURS))
    ]
    ranked = q.likeliest_first([_resembling(case) for case in dict.fromkeys(found)])
    pointed = [_resembling(case) for case in dict.fromkeys(first)]
    return [p for p in once((*pointed, *ranked)) if p.case.access != RESTRICTED]


def _resembling(case: Case, written: str = "") -> Pointed:
    evidence = Evidence(
        rule="slip",
        case_number=case.number,
        where="text",
        found=written,
        note="one character apart",
    )
    return Pointed(case, evidence)


def unknown_numbers(q: Inquiry) -> list[str]:
    """Numbers in its own words that the register does not know and that surely mean a case.

    A number that only one of several systems would write ("24/12") needs a label; what another
    pattern explains at the same place is no riddle.
    """
    if all(found for _, found in q.named):
        return []
    known = {
        (naming.where, place)
        for naming, found in q.named
        if found
        for place in range(naming.hit.start, naming.hit.end)
    }
    return list(
        dict.fromkeys(
            naming.hit.number
            for naming, found in q.named
            if not found
            and naming.remark is Remark.NONE
            and (naming.hit.labelled or naming.is_spoken or not naming.hit.number.isascii()
                 or any(c.isalpha() for c in naming.hit.number) or "." in naming.hit.number)
            and not any(
                (naming.where, place) in known
                for place in range(naming.hit.start, naming.hit.end)
            )
        )
    )  # fmt: skip


def by_quoted(q: Inquiry) -> Decision | None:
    """A number in quoted or forwarded text counts while nothing newer speaks against it."""
    pointed = [p for _, found in q.quoted for p in found]
    if not pointed:
        return None
    open_ones = q.open_of(pointed)
    if len(open_ones) != 1:
        rule = "quoted" if open_ones else "closed"
        return q.suggest(rule, q.likeliest_first(open_ones or once(pointed)))
    named = open_ones[0]
    if named.case.access == RESTRICTED and not q.takes_part(named.case):
        return q.suggest("restricted", [named])
    return (
        q.suggest("quoted", [named])
        if _is_contradicted(q, named)
        else q.link("quoted number", named)
    )


def _is_contradicted(q: Inquiry, named: Pointed) -> bool:
    remarks = {naming.remark for naming, found in q.quoted if named.case in [p.case for p in found]}
    if remarks != {Remark.NONE}:
        return True
    if q.earlier is not None and q.earlier.case_number != named.case.number:
        return True
    callers = q.callers()
    if callers and all(each.case.number != named.case.number for each in callers):
        return True
    if q.named:  # it names something itself: unknown, another authority's, an earlier case
        return True
    return not q.is_about(named.case)


def by_remarked(q: Inquiry) -> Decision | None:
    """A case named as an earlier one or for comparison only: a person's, if anybody's."""
    remarked = (Remark.EARLIER, Remark.MENTIONED)
    pointed = once(p for naming, found in q.named if naming.remark in remarked for p in found)
    if not pointed:
        return None
    if all(not q.is_open(each.case) for each in pointed):
        return _none_open(q, pointed)
    return q.suggest("earlier number", q.likeliest_first(pointed))


def has_doubt(q: Inquiry, case: Case) -> bool:
    """It names another case or citizen, or something that is not understood.

    Another case that is plainly named comes this far only where the site never links by number.
    """
    return (
        bool(unknown_numbers(q))
        or any(naming.remark is not Remark.NONE for naming, _ in q.named)
        or any(each.case.number != case.number for _, found in q.named for each in found)
        or q.names_another(case)
    )


def only_unknown(q: Inquiry) -> Decision | None:
    """Numbers that the register does not know, and nothing else."""
    unknown = [naming for naming, found in (*q.named, *q.quoted) if not found]
    if not unknown:
        return None
    return Decision(
        state=LinkState.UNLINKED, rule="unknown", reason="", evidence=unknown_evidence(q)
    )


def unknown_evidence(q: Inquiry) -> tuple[Evidence, ...]:
    """What looks like a case number and is none, for the person who looks."""
    return tuple(
        dict.fromkeys(
            Evidence(
                rule="number",
                case_number=naming.hit.number,
                where=naming.where,
                found=naming.hit.raw,
                note=NOT_IN_REGISTER,
            )
            for naming, found in (*q.named, *q.quoted)
            if not found
        )
    )
