"""One decision in the making: what is asked of the register, and what was found to point where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from connector.identity import show_phone
from connector.linking.keys import (
    HIDDEN_DIGITS,
    CaseFinder,
    canonical,
    department_key,
    mail_key,
    masked_key,
    name_key,
    number_key,
    phone_key,
)
from connector.linking.patterns import Scanner
from connector.linking.pointing import Pointed, keys_of_hit, number_evidence, once, party_names
from connector.linking.reasons import CONFIDENCE, HIDDEN, REASONS
from connector.linking.rules import AUTOMATIC, BY_CONFIDENCE, NEVER, Rules
from connector.linking.subject import Earlier, Naming, Recent, Subject
from connector.linking.topic import Bearing, Topics
from connector.model import Case, Decision, Evidence, LinkState

RESTRICTED = "restricted"
_TOPIC = 20_000  # characters that are read for what a text is about
# With every message of a thread its case is asked for again.
_canonical = lru_cache(8192)(canonical)


class Tools(NamedTuple):
    """What every decision needs and no decision changes."""

    scanner: Scanner
    topics: Topics
    rules: Rules
    zone: ZoneInfo


class Inquiry:
    """A subject, the register, and what is known of the thread and of the caller.

    Rules are functions of it; they end with `link`, `suggest` or None for "nothing to say".
    """

    def __init__(
        self,
        subject: Subject,
        cases: CaseFinder,
        tools: Tools,
        earlier: Earlier | None = None,
        recent: Sequence[Recent] = (),
    ) -> None:
        self.subject = subject
        self.topics = tools.topics
        self.rules = tools.rules
        self._scanner = tools.scanner
        self.day = subject.started.astimezone(tools.zone).date()  # local: cases have local days
        self.earlier = earlier
        self.recent = recent
        self._cases = cases
        self.text = subject.text[:_TOPIC]
        self._callers: list[Pointed] | None = None
        self._masked: list[Pointed] | None = None
        self.named = self._pointed(subject.named) if subject.named else []
        self.quoted = self._pointed(subject.quoted) if subject.quoted else []

    def find(self, keys: Iterable[str]) -> list[Case]:
        """The cases of these keys, each once."""
        wanted = list(dict.fromkeys(keys))
        if not wanted:
            return []
        found = self._cases.find(wanted)
        cases = [case for key in wanted for case in found.get(key, ())]
        return list(dict.fromkeys(cases)) if len(cases) > 1 else cases

    def numbered(self, number: str) -> Case | None:
        """The one case of this number, as its register or as a text writes it."""
        found = self.find([number_key(_canonical(number, self._scanner)[0])])
        return found[0] if len(found) == 1 else None

    def canonical(self, case: Case) -> str:
        """The case's number as numbers in texts are read."""
        return _canonical(case.number, self._scanner)[0]

    def _pointed(self, namings: Iterable[Naming]) -> list[tuple[Naming, list[Pointed]]]:
        return [(each, self.point(each)) for each in namings]

    def point(self, naming: Naming) -> list[Pointed]:
        """The cases that a number names; none when the register does not know it."""
        return [
            Pointed(case, number_evidence(case, naming, self.is_open(case)))
            for case in self.find(keys_of_hit(naming.hit))
        ]

    def is_open(self, case: Case) -> bool:
        """Whether the case was open on the day of the communication."""
        return case.was_open_on(self.day)

    def open_of(self, pointed: Iterable[Pointed]) -> list[Pointed]:
        """Those to cases open on the day, each case once."""
        return once(each for each in pointed if self.is_open(each.case))

    def takes_part(self, case: Case) -> bool:
        """Whether the case's own caseworker took part."""
        return bool(case.caseworker) and case.caseworker.casefold() in self.subject.workers

    def is_of_department(self, case: Case) -> bool:
        """Whether somebody of the case's department took part, as far as the directory tells."""
        return department_key(case.department) in self.subject.departments

    def may_see(self, case: Case) -> bool:
        """A restricted case is named to its own caseworker only."""
        return case.access != RESTRICTED or self.takes_part(case)

    def is_about(self, case: Case) -> bool:
        """Whether its words are about the case, or so few that they are about nothing else.

        The party's name is not enough: whoever calls says who it is, whatever it is about.
        """
        text = self.text
        if not text:
            return True
        said = self.topics.bearing(text, case)
        if said is Bearing.SAME and self.topics.names_matter(text, case):
            return True
        if said in (Bearing.OTHER, Bearing.SMALLTALK) or self.topics.unknown_matter(text, case):
            return False
        return said is Bearing.GOES_ON or self.topics.says_little(text, case)

    def against(self, case: Case) -> str:
        """What keeps a case from being the caller's matter, for the person who looks."""
        if not self.is_open(case):
            return "case not open that day"
        of_department = "a colleague of its department takes part"
        notes = [
            "" if self.takes_part(case) else "its caseworker takes no part",
            of_department if not self.takes_part(case) and self.is_of_department(case) else "",
            "" if self.is_about(case) else "not plainly about the case",
        ]
        return ", ".join(filter(None, notes))

    def callers(self) -> list[Pointed]:
        """The cases of the outside party's whole telephone number or mail address.

        Found once: nearly every rule asks.
        """
        if self._callers is None:
            is_outside = self.subject.phones or self.subject.mails
            self._callers = self._find_callers() if is_outside else []
        return self._callers

    def masked(self) -> list[Pointed]:
        """The cases that a number without its last digits fits. Found once."""
        if self._masked is None:
            self._masked = self._find_masked() if self.subject.masked else []
        return self._masked

    def _find_callers(self) -> list[Pointed]:
        pointed = [
            Pointed(
                case,
                Evidence(
                    rule="phone",
                    case_number=case.number,
                    where="phone",
                    found=show_phone(phone),
                    note=self.against(case),
                ),
            )
            for phone in self.subject.phones
            for case in self.find([phone_key(phone)])
        ]
        pointed += [
            Pointed(
                case,
                Evidence(
                    rule="mail",
                    case_number=case.number,
                    where="mail",
                    found=address,
                    note=self.against(case),
                ),
            )
            for address in self.subject.mails
            for case in self.find([mail_key(address)])
        ]
        return once(pointed)

    def _find_masked(self) -> list[Pointed]:
        return once(
            Pointed(case, Evidence(
                rule="masked", case_number=case.number, where="phone",
                found=show_phone(prefix + "*" * HIDDEN_DIGITS),
            ))
            for prefix in self.subject.masked
            for case in self.find([masked_key(prefix)])
        )  # fmt: skip

    def relayed(self) -> list[Pointed]:
        """The cases of the telephone numbers in a message that was taken for somebody."""
        if self.subject.relayed is None:
            return []
        return once(
            Pointed(case, Evidence(rule="relayed", case_number=case.number, where="text"))
            for phone in self.subject.relayed.phones
            for case in self.find([phone_key(phone)])
        )

    def names_another(self, case: Case) -> bool:
        """Whether a citizen of another open case of those who take part is named, none of this."""
        if not self.subject.names:
            return False
        names = {key for name in self.subject.names if (key := name_key(name))}
        if not names or names & party_names(case):
            return False
        return any(
            other.number != case.number and self.is_open(other) and self.takes_part(other)
            for other in self.find(names)
        )

    def link(self, rule: str, pointed: Pointed, *more: Pointed) -> Decision | None:
        """Link by this rule, as far as the site's policy lets it; None when it never may."""
        mode = self.rules.mode(rule, self.subject.kind)
        if mode == NEVER:
            return None
        confidence = CONFIDENCE[rule]
        is_automatic = mode == AUTOMATIC or (
            mode == BY_CONFIDENCE and confidence >= self.rules.threshold
        )
        state = LinkState.LINKED if is_automatic else LinkState.WAITING
        return self._decision(state, rule, pointed.case.number, [pointed, *more])

    def suggest(self, rule: str, pointed: Sequence[Pointed]) -> Decision:
        """Leave it to a person, the likeliest case first. Restricted cases stay unnamed."""
        shown = [each for each in pointed if self.may_see(each.case)]
        best = shown[0].case.number if shown else ""
        return self._decision(LinkState.WAITING, rule, best, pointed)

    def _decision(
        self, state: LinkState, rule: str, number: str, pointed: Sequence[Pointed]
    ) -> Decision:
        return Decision(
            state=state,
            case_number=number,
            rule=rule,
            confidence=CONFIDENCE.get(rule, 0.0),
            reason=REASONS[rule][0].format(case=number),
            evidence=tuple(dict.fromkeys(self.shown(each) for each in pointed)),
        )

    def shown(self, pointed: Pointed) -> Evidence:
        """The evidence, without number and words where the case must not be shown to everybody."""
        if self.may_see(pointed.case):
            return pointed.evidence
        return msgspec.structs.replace(pointed.evidence, case_number="", found="", note=HIDDEN)

    def likeliest_first(self, pointed: Sequence[Pointed]) -> list[Pointed]:
        """The candidates in the order in which a person would try them.

        The department orders them and links nothing: colleagues take each other's calls, and a
        department has many cases of one citizen.
        """
        if len(pointed) < 2:
            return list(pointed)
        matter = self.topics.matter(self.text, [each.case for each in pointed])
        return sorted(
            pointed,
            key=lambda each: (
                not self.is_open(each.case),
                each.case is not matter,
                not self.takes_part(each.case),
                not self.is_of_department(each.case),
                each.case.closed is not None and -each.case.closed.toordinal(),
            ),
        )
