"""Rules for what came before: the thread, and calls with the same number."""

from __future__ import annotations

from connector.linking.by_number import has_doubt
from connector.linking.by_party import by_caller
from connector.linking.communication import Shape
from connector.linking.inquiry import RESTRICTED, Inquiry
from connector.linking.pointing import Pointed
from connector.linking.subject import Earlier, Recent
from connector.linking.topic import Bearing
from connector.model import Decision, Evidence, LinkState

LEADS_TO_S = 1800.0  # a missed call and the voicemail or call that it led to
_VOICEMAIL_S = 600.0  # a missed call and the voicemail of the same attempt
_ELSE = (Bearing.OTHER, Bearing.SMALLTALK)


def by_thread(q: Inquiry) -> Decision | None:
    """The thread's case, while the thread is fresh, deals with one and goes on about it."""
    earlier = q.earlier
    if earlier is None or not 0 <= earlier.seconds_ago <= q.rules.thread_forgotten_s:
        return None
    case = q.numbered(earlier.case_number)
    if case is None:
        return None
    pointed = Pointed(case, Evidence(rule="thread", case_number=case.number, where="thread"))
    if case.access == RESTRICTED:
        return q.suggest("restricted", [pointed])  # by its number only
    if q.subject.relayed is not None and case not in [each.case for each in q.relayed()]:
        return None  # a message about somebody else, taken for a colleague
    said = q.topics.bearing(q.text, case)
    if said in _ELSE or (earlier.has_drifted and said is not Bearing.SAME):
        return None
    if not q.is_open(case):
        return q.suggest("closed", [pointed])
    is_fresh = earlier.seconds_ago <= q.rules.thread_quiet_s
    if not is_fresh and said is not Bearing.SAME:
        return None  # "yes, do that" days later: nobody could tell of what
    is_sure = is_fresh and earlier.cases_in_thread == 1 and not has_doubt(q, case)
    callers = [each.case for each in q.callers()]
    is_sure = is_sure and (not callers or case in callers)  # a guest has a case of his own
    if is_sure and not q.quoted and _goes_on(q, earlier, said):
        return q.link("thread", pointed)
    return q.suggest("uncertain thread", [pointed])


def _goes_on(q: Inquiry, earlier: Earlier, said: Bearing) -> bool:
    """Whether the text surely goes on about the case. A call without words does."""
    if said in (Bearing.SAME, Bearing.GOES_ON):
        return True
    if not q.subject.text:
        return True
    return earlier.is_direct and q.topics.only_answers(q.text)


def by_call_back(q: Inquiry) -> Decision | None:
    """The caseworker calls back the number of a linked voicemail within two hours."""
    pointed = _called(q)
    if pointed is None or q.subject.direction != "outbound" or has_doubt(q, pointed.case):
        return None
    voicemails = [each for each in _soon_before(q) if each.kind is Shape.VOICEMAIL]
    is_same_worker = q.takes_part(pointed.case) or any(
        each.workers & q.subject.workers for each in voicemails
    )
    if not (voicemails and is_same_worker and q.is_open(pointed.case)):
        return None
    said = q.topics.bearing(q.text, pointed.case)
    return None if said in _ELSE else q.link("call-back", pointed)


def by_voicemail(q: Inquiry) -> Decision | None:
    """A missed call belongs to the voicemail that the caller left the same colleague right after.

    Where the number itself links it, that is surer; to another case, a person must decide.
    """
    if q.subject.kind is not Shape.MISSED_CALL:
        return None
    left = [
        each
        for each in q.recent
        if each.kind is Shape.VOICEMAIL
        and -_VOICEMAIL_S <= each.seconds_ago <= 0
        and each.workers & q.subject.workers
    ]
    numbers = {each.case_number for each in left}
    if len(numbers) != 1:
        return None
    pointed = _numbered(q, numbers.pop())
    if pointed is None or not q.is_open(pointed.case) or has_doubt(q, pointed.case):
        return None
    own = by_caller(q)
    if own is not None and own.state is LinkState.LINKED:
        return own if own.case_number == pointed.case.number else q.suggest("chain", [pointed])
    return q.link("missed call", pointed)


def by_chain(q: Inquiry) -> Decision | None:
    """Another call with a number that was linked shortly before: a hint, no more."""
    pointed = _called(q, before_s=LEADS_TO_S)
    return q.suggest("chain", [pointed]) if pointed else None


def _called(q: Inquiry, before_s: float = 0.0) -> Pointed | None:
    """The one case of the linked calls with this number; `before_s`: those soon after, too."""
    if not q.recent:
        return None
    numbers = {each.case_number for each in _soon_before(q, before_s)}
    if len(numbers) != 1 or not q.subject.is_phone:
        return None
    return _numbered(q, numbers.pop())


def _numbered(q: Inquiry, number: str) -> Pointed | None:
    """The case of a call close by; a restricted one is linked by its own number alone."""
    case = q.numbered(number)
    if case is None or case.access == RESTRICTED:
        return None
    return Pointed(case, Evidence(rule="call-back", case_number=case.number, where="phone"))


def _soon_before(q: Inquiry, before_s: float = 0.0) -> list[Recent]:
    return [each for each in q.recent if -before_s <= each.seconds_ago <= q.rules.call_back_s]
