"""Which case an item belongs to, and why: evidence in, one decision out. Pure.

A wrong link puts one citizen's words into another citizen's file, so the rules link on evidence
alone; all else waits for a person with the likeliest case first, or is unlinked. The order below is
the order of trust: what is said in so many words, then what came before, then who takes part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from connector.linking import by_number, by_party, by_thread
from connector.linking.asking import first_keys
from connector.linking.inquiry import Inquiry, Tools
from connector.linking.keys import CaseFinder
from connector.linking.reasons import MORE, REASONS, TOO_LONG
from connector.linking.subject import READ_CHARS, Earlier, Recent, Subject
from connector.model import Decision, Evidence, LinkState

Rule = Callable[[Inquiry], Decision | None]

MOST_EVIDENCE = 20  # of one decision; a message of ten thousand numbers is not worth more

ORDER: tuple[Rule, ...] = (
    by_number.by_named,
    by_number.by_slip,
    by_number.by_quoted,
    by_thread.by_thread,
    by_thread.by_call_back,
    by_thread.by_voicemail,
    by_party.by_caller,
    by_party.by_masked,
    by_party.by_relayed,
    by_thread.by_chain,
    by_number.by_remarked,
    by_party.by_name,
    by_number.only_unknown,
)
_OF_THREAD: tuple[Rule, ...] = (by_thread.by_thread,)


def decide(
    subject: Subject,
    cases: CaseFinder,
    tools: Tools,
    earlier: Earlier | None = None,
    recent: Sequence[Recent] = (),
) -> Decision:
    """The decision on one communication: linked, waiting for a person, or unlinked.

    Nothing is linked to a case that `cases` does not know. `earlier` is what the thread was linked
    to before, `recent` what was linked of calls with the same telephone number.
    """
    if earlier is None and not recent and _is_of_strangers(subject, cases):
        return _NOTHING
    # Nearly every message of a chat is plain: the other rules have nothing to ask about.
    rules = _OF_THREAD if subject.is_plain and not recent else ORDER
    q = Inquiry(subject, cases, tools, earlier, recent)
    waiting: list[Decision] = []
    for rule in rules:
        decision = rule(q)
        if decision is None:
            continue
        if decision.state is LinkState.LINKED and not waiting:
            return _complete(q, decision, waiting)
        waiting.append(decision)
    if waiting:
        return _complete(q, waiting[0], waiting[1:])
    is_more_said = q.named or q.quoted or subject.is_cut
    return _complete(q, _NOTHING, ()) if is_more_said else _NOTHING


def _is_of_strangers(subject: Subject, cases: CaseFinder) -> bool:
    """It was read whole, names no number and nobody, and the register knows none who takes part.

    Then no rule has anything to say. Most calls are such.
    """
    if subject.named or subject.quoted or subject.relayed or subject.names or subject.is_cut:
        return False
    keys = list(first_keys(subject))
    return not keys or not cases.find(keys)


def _complete(q: Inquiry, decision: Decision, others: Sequence[Decision]) -> Decision:
    """With the evidence that the other rules found, so that a person sees all there is."""
    evidence = (*decision.evidence, *(e for other in others for e in other.evidence))
    if q.subject.is_cut:
        decision = _unsettled(decision)
        evidence = (_CUT, *evidence)
    named = (q.shown(p) for _, found in (*q.named, *q.quoted) for p in found)
    return msgspec.structs.replace(
        decision,
        evidence=strongest((*evidence, *named, *by_number.unknown_evidence(q))),
        reason=REASONS[decision.rule][0].format(case=decision.case_number),
    )


def _unsettled(decision: Decision) -> Decision:
    """A person decides where the rest of a text may say otherwise; the case found comes first."""
    if decision.state is LinkState.WAITING:
        return decision
    return msgspec.structs.replace(decision, state=LinkState.WAITING, rule=TOO_LONG, confidence=0.0)


def strongest(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """At most MOST_EVIDENCE pieces of evidence that stands in the order of trust, each once.

    The first of every rule is among them: a person must see that the thread points there, too.
    Of the rest only the count is kept, as `found` of one more piece, whose rule is MORE.
    """
    everything = tuple(dict.fromkeys(evidence))
    if len(everything) <= MOST_EVIDENCE:
        return everything
    first = {each.rule: each for each in reversed(everything)}.values()
    chosen = set(tuple(dict.fromkeys((*first, *everything)))[:MOST_EVIDENCE])
    left = Evidence(rule=MORE, case_number="", where="", found=str(len(everything) - MOST_EVIDENCE))
    return (*(each for each in everything if each in chosen), left)


_CUT = Evidence(rule=TOO_LONG, case_number="", where="text", found=str(READ_CHARS))
_NOTHING = Decision(state=LinkState.UNLINKED, rule="nothing", reason=REASONS["nothing"][0])
