"""Rules for who takes part: telephone numbers, mail addresses, and names with numbers in a text."""

from __future__ import annotations

from connector.linking.by_number import has_doubt
from connector.linking.inquiry import RESTRICTED, Inquiry
from connector.linking.keys import name_key
from connector.linking.pointing import Pointed, is_shared
from connector.linking.topic import Bearing
from connector.model import Case, Decision, Evidence


def by_caller(q: Inquiry) -> Decision | None:
    """The open case of a whole telephone number or address, if its caseworker takes part."""
    callers = q.callers()
    if not callers:
        return None
    open_ones = q.open_of(callers)
    if not open_ones:
        return _no_open(q, callers)
    if len(open_ones) > q.rules.shared_by or is_shared(callers):
        return _suggest_plain(q, "shared phone", open_ones)
    chosen, rule = _choose(q, open_ones)
    if chosen is None or has_doubt(q, chosen.case) or not q.is_about(chosen.case):
        many = len(open_ones) > 1
        return _suggest_plain(q, "several of phone" if many else "uncertain phone", open_ones)
    return q.link(rule, chosen)


def _choose(q: Inquiry, open_ones: list[Pointed]) -> tuple[Pointed | None, str]:
    """The one case that caller, caseworker and matter agree on. Restricted ones count, unchosen."""
    mine = [each for each in open_ones if q.takes_part(each.case)]
    if len(open_ones) == 1:
        rule, chosen = "phone", mine[0] if mine else None
    else:
        matter = q.topics.matter(q.text, [each.case for each in open_ones])
        if matter is not None and mine and all(each.case != matter for each in mine):
            return None, ""  # the matter is one colleague's, the talk was with another
        if matter is not None:
            rule = "phone and matter"
            chosen = next(each for each in open_ones if each.case == matter)
        else:
            rule, chosen = "phone and caseworker", mine[0] if len(mine) == 1 else None
    if chosen is not None and chosen.case.access == RESTRICTED:
        return None, ""
    return chosen, rule


def _no_open(q: Inquiry, callers: list[Pointed]) -> Decision | None:
    """A caller whose cases were all closed, or not opened yet, that day."""
    day = q.day
    early = all(each.case.opened is not None and day < each.case.opened for each in callers)
    return _suggest_plain(q, "not open then" if early else "closed", callers)


def _suggest_plain(q: Inquiry, rule: str, pointed: list[Pointed]) -> Decision | None:
    """Suggest what may be shown; restricted cases are hinted at to their own caseworker only."""
    plain = [each for each in pointed if q.may_see(each.case)]
    return q.suggest(rule, q.likeliest_first(plain)) if plain else None


def by_masked(q: Inquiry) -> Decision | None:
    """The visible digits fit one party with one open case, and its caseworker takes part."""
    fitting = q.masked()
    if not fitting:
        return None
    parties = {
        party.phone
        for each in fitting
        for party in each.case.parties
        if any(party.phone.startswith(prefix) for prefix in q.subject.masked)
    }
    open_ones = q.open_of(fitting)
    if not open_ones:
        return _no_open(q, fitting)
    only = open_ones[0]
    if len(parties) > 1 or is_shared(fitting):
        return _suggest_plain(q, "several of masked", open_ones)
    is_sure = (
        len(open_ones) == 1
        and only.case.access != RESTRICTED
        and q.takes_part(only.case)
        and not has_doubt(q, only.case)
        and not _says_another_name(q, only.case)
        and q.is_about(only.case)
    )
    return q.link("masked", only) if is_sure else _suggest_plain(q, "uncertain masked", open_ones)


def _says_another_name(q: Inquiry, case: Case) -> bool:
    """Whether persons are named and no party is among them; a thousand numbers fit the digits."""
    parties = {name_key(party.name) for party in case.parties}
    return bool(q.subject.names) and parties.isdisjoint(map(name_key, q.subject.names))


def by_relayed(q: Inquiry) -> Decision | None:
    """A message taken for a colleague: name and number in it are those of the receiver's case."""
    said = q.subject.relayed
    if said is None or not said.phones:
        return None
    names = {name_key(name) for name in said.names}
    open_ones = [p for p in q.open_of(q.relayed()) if p.case.access != RESTRICTED]
    named = [p for p in open_ones if names & {name_key(party.name) for party in p.case.parties}]
    receivers = q.subject.receivers or q.subject.workers
    mine = [p for p in named if p.case.caseworker.casefold() in receivers]
    if len(mine) == 1 and not has_doubt(q, mine[0].case) and not _is_other_matter(q, mine[0].case):
        return q.link("relayed", mine[0])
    candidates = named or open_ones
    return q.suggest("uncertain phone", q.likeliest_first(candidates)) if candidates else None


def _is_other_matter(q: Inquiry, case: Case) -> bool:
    return q.topics.bearing(q.text, case) is Bearing.OTHER


def by_name(q: Inquiry) -> Decision | None:
    """A party's full name alone: never a link, at most a hint to that party's own caseworker."""
    pointed = [
        Pointed(case, Evidence(rule="name", case_number=case.number, where="text", found=name))
        for name in q.subject.names
        for case in q.find(filter(None, [name_key(name)]))
    ]
    mine = [p for p in q.open_of(pointed) if p.case.access != RESTRICTED and q.takes_part(p.case)]
    return q.suggest("name", q.likeliest_first(mine)) if mine else None
