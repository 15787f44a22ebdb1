"""Which case an item belongs to, and why: evidence in, one decision out. Pure.

A wrong link puts one citizen's words into another citizen's file, so the rules link on evidence
alone; all else waits for a person with the likeliest case first, or is unlinked. The order below is
the order of trust: what is said in so many words, then what came before, then who takes part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from connector.linking import by_number, by_party, by_thread
from connector.linking.inquiry import Inquiry, Tools
from connector.linking.keys import CaseFinder
from connector.linking.reasons import REASONS
from connector.linking.subject import Earlier, Recent, Subject
from connector.model import Decision, LinkState

Rule = Callable[[Inquiry], Decision | None]

ORDER: tuple[Rule, ...] = (
    by_number.by_named,
    by_number.by_slip,
    by_number.by_quoted,
    by_thread.by_thread,
    by_thread.by_call_back,
    by_party.by_caller,
    by_party.by_masked,
    by_party.by_relayed,
    by_thread.by_chain,
    by_number.by_remarked,
    by_party.by_name,
    by_number.only_unknown,
)


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
    if subject.is_plain and earlier is None and not recent:
        return _NOTHING
    q = Inquiry(subject, cases, tools, earlier, recent)
    waiting: list[Decision] = []
    for rule in ORDER:
        decision = rule(q)
        if decision is None:
            continue
        if decision.state is LinkState.LINKED and not waiting:
            return _complete(q, decision, waiting)
        waiting.append(decision)
    if waiting:
        return _complete(q, waiting[0], waiting[1:])
    return _complete(q, _NOTHING, ()) if q.named or q.quoted else _NOTHING


def _complete(q: Inquiry, decision: Decision, others: Sequence[Decision]) -> Decision:
    """With the evidence that the other rules found, so that a person sees all there is."""
    evidence = (*decision.evidence, *(e for other in others for e in other.evidence))
    named = (q.shown(p) for _, found in (*q.named, *q.quoted) for p in found)
    everything = dict.fromkeys((*evidence, *named, *by_number.unknown_evidence(q)))
    return msgspec.structs.replace(
        decision,
        evidence=tuple(everything),
        reason=REASONS[decision.rule][0].format(case=decision.case_number),
    )


_NOTHING = Decision(state=LinkState.UNLINKED, rule="nothing", reason=REASONS["nothing"][0])
