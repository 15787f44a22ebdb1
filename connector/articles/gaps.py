"""The ranked list "write or mend these": what readers miss, and what people still call about. Pure.

Two periods of 28 days are compared, the last one ending today. A line is about an article, a
subject without one, or words that were searched for in vain. Its score counts who was not helped:

    score = calls + missed calls + calls more than in the period before
            + 3 x down votes that nobody has dealt with + searches without a hit

so a missed call counts twice, and so does each call that is new; new are none when the ledger does
not know the period before. Citizens' calls and searches under
5 count as 2 and are shown as "under 5": so few could point at a person. Words are listed when they
were searched for twice or more, and never with a number of six digits or an address in them.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import lru_cache

import msgspec

from connector.article import CITIZEN, STAFF, Article, Signal
from connector.ledger.days import Period
from connector.ledger.search_words import bases_of, tokens
from connector.ledger.subject_calls import SubjectCalls

DAYS = 28
FEW = 5  # fewer citizens than these are not told by their number
FEW_COUNTS = 2  # in the score: about the middle of what "under 5" may be
DOWN_COUNTS = 3  # few vote; who does has found the page and still not the answer
LEAST_SCORE = 3  # one down vote is worth a line, one call is not
LEAST_SEARCHES = 2  # once is chance, and could be about one person
_PERSONAL = re.compile(r"\d(?:\W?\d){5}|@")

WRITE, MEND, CHECK = "write", "mend", "check"


class Evidence(msgspec.Struct, kw_only=True):
    """What speaks for a line: counts of the last period, `_before` of the one before it."""

    calls: int = 0
    calls_before: int | None = None  # None: the ledger does not reach back so far
    missed: int = 0
    moved: int = 0  # calls that more than one of us answered
    waited_s: int = 0  # seconds in queues, all calls together
    up: int = 0
    down: int = 0
    reasons: int = 0  # of the down votes: those with a reason
    citizen_views: int = 0
    staff_views: int = 0
    searches: int = 0  # without a hit
    since: date | None = None  # the first day that speaks for it, of both periods

    @property
    def parts(self) -> dict[str, int]:
        """What the score is made of, as the module says it."""
        is_few = self.calls < FEW
        return {
            "calls": masked(self.calls),
            "missed": 0 if is_few else masked(self.missed),
            "rise": 0 if is_few else self._rise(),
            "down": DOWN_COUNTS * self.down,
            "searches": masked(self.searches),
        }

    def _rise(self) -> int:
        return 0 if self.calls_before is None else max(0, self.calls - masked(self.calls_before))

    @property
    def score(self) -> int:
        """The parts added up."""
        return sum(self.parts.values())

    def saw(self, day: date) -> None:
        """Something of that day speaks for it."""
        self.since = day if self.since is None else min(self.since, day)


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list."""

    do: str  # write | mend | check
    evidence: Evidence
    article: str = ""  # id; "" when there is none
    title: str = ""
    also: tuple[str, ...] = ()  # titles of other articles on the same subject
    subject: str = ""  # KLE
    words: tuple[str, ...] = ()  # as they were typed, the most frequent first
    score: int = 0


def masked(count: int) -> int:
    """A count of citizens as it goes into a score: under 5 all are alike."""
    return count if count >= FEW or count == 0 else FEW_COUNTS


def periods(today: date) -> tuple[Period, Period]:
    """The last 28 days with today, and the 28 before them."""
    first = today - timedelta(days=DAYS - 1)
    before = first - timedelta(days=DAYS)
    return Period(first, today), Period(before, first - timedelta(days=1))


def gaps(
    articles: Iterable[Article],
    calls: Iterable[SubjectCalls],
    signals: Iterable[Signal],
    today: date,
    begins: date | None = None,
) -> list[Gap]:
    """The lines, what weighs most first. `signals` are without the votes that were dealt with.

    `begins` is the first day whose calls are known; without it all are.
    """
    known = sorted(articles, key=lambda each: each.id)
    now, before = periods(today)
    signals = [each for each in signals if now.first <= each.day <= now.last]
    is_compared = begins is None or begins <= before.first

    def nothing() -> Evidence:
        return Evidence(calls_before=0 if is_compared else None)

    evidence: dict[str, Evidence] = defaultdict(nothing)
    for signal in signals:
        if signal.article and signal.kind != "search":
            _count_signal(evidence[signal.article], signal)
    homes = _homes(known, evidence)
    loose: dict[str, Evidence] = defaultdict(nothing)
    for day in calls:
        home = _home(homes, day.subject)
        its = evidence[home[0]] if home else loose[day.subject]
        _count_calls(its, day, now, before)
    words, unmet = _searches(signals, known, evidence)
    found = [
        *_of_articles(known, evidence, homes, words),
        *(_gap(WRITE, its, subject=subject) for subject, its in loose.items()),
        *unmet,
    ]
    listed = [each for each in found if each.score >= LEAST_SCORE]
    return sorted(listed, key=lambda each: (-each.score, each.article, each.subject, each.words))


def _count_signal(its: Evidence, signal: Signal) -> None:
    if signal.kind == "view":
        if signal.audience == STAFF:
            its.staff_views += signal.count
        else:
            its.citizen_views += signal.count
    elif signal.value == "up":
        its.up += signal.count
    elif signal.value == "down":
        its.down += signal.count
        its.reasons += bool(signal.reason)
        its.saw(signal.day)


# calls


def _homes(known: Sequence[Article], evidence: dict[str, Evidence]) -> dict[str, tuple[str, ...]]:
    """By subject the articles on it; the first, the most read, is the one that calls count for."""
    found: dict[str, list[str]] = defaultdict(list)
    for article in known:
        if article.subject and not article.translation_of:
            found[article.subject].append(article.id)
    return {
        subject: tuple(sorted(ids, key=lambda each: (-_views(evidence.get(each)), each)))
        for subject, ids in found.items()
    }


def _views(its: Evidence | None) -> int:
    return its.citizen_views + its.staff_views if its else 0


def _home(homes: dict[str, tuple[str, ...]], subject: str) -> tuple[str, ...]:
    """The articles on the subject itself, else on the group or main group that it is in."""
    while subject:
        if subject in homes:
            return homes[subject]
        subject = subject.rpartition(".")[0]
    return ()


def _count_calls(its: Evidence, day: SubjectCalls, now: Period, before: Period) -> None:
    if before.first <= day.day <= before.last:
        if its.calls_before is None:
            return
        its.calls_before += day.calls
    elif now.first <= day.day <= now.last:
        its.calls += day.calls
        its.missed += day.missed
        its.moved += day.moved
        its.waited_s += day.waited_s
    else:
        return
    its.saw(day.day)


# searches


def stems(text: str) -> frozenset[str]:
    """The words of a text without their endings: "Byggetilladelser" is "byggetilladelse"."""
    return frozenset(_stem(word) for word in tokens(text))


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    # The shortest: "trafikken" could be of "trafikk", too.
    return min((base.text for base in bases_of(word)), key=len)


def text_of(article: Article, audience: str) -> str:
    """All that an article says to this audience."""
    if audience == CITIZEN and article.audience != CITIZEN:
        return ""
    parts = [article.title, article.summary, *article.keywords]
    for section in article.sections:
        if audience == STAFF or section.audience == CITIZEN:
            parts += [section.heading, section.text]
    return "\n".join(parts)


def _searches(
    signals: Iterable[Signal], known: Sequence[Article], evidence: dict[str, Evidence]
) -> tuple[dict[str, tuple[str, ...]], list[Gap]]:
    """Words by the article that has them all and was not found; and lines of those in no article.

    An article is looked for among those that the searchers may read: a staff section does not help
    a citizen.
    """
    groups: dict[frozenset[str], list[Signal]] = defaultdict(list)
    for signal in signals:
        if signal.kind == "search" and signal.count > 0 and not _PERSONAL.search(signal.value):
            groups[stems(signal.value)].append(signal)
    said: dict[str, dict[str, frozenset[str]]] = {}  # of the audiences that searched in vain
    words: dict[str, Counter[str]] = defaultdict(Counter)
    unmet = []
    for wanted, its in groups.items():
        count = sum(each.count for each in its)
        if not wanted or count < LEAST_SEARCHES:
            continue
        audience = CITIZEN if any(each.audience == CITIZEN for each in its) else STAFF
        if audience not in said:
            said[audience] = {each.id: stems(text_of(each, audience)) for each in known}
        home = _said_by(wanted, known, said[audience])
        typed: Counter[str] = Counter()
        for each in its:
            typed[" ".join(tokens(each.value))] += each.count
        target = evidence[home] if home else Evidence()
        target.searches += count
        target.saw(min(each.day for each in its))
        if home:
            words[home].update(typed)
        else:
            unmet.append(_gap(WRITE, target, words=_ranked(typed)))
    return {article: _ranked(typed) for article, typed in words.items()}, unmet


def _said_by(
    wanted: frozenset[str], known: Sequence[Article], said: dict[str, frozenset[str]]
) -> str:
    """The article with all of these words, in its title rather than in its text; "" for none."""
    fits = [each for each in known if wanted <= said[each.id]]
    if not fits:
        return ""
    return max(fits, key=lambda each: (len(wanted & stems(each.title)), -len(said[each.id]))).id


def _ranked(typed: Counter[str]) -> tuple[str, ...]:
    return tuple(sorted(typed, key=lambda each: (-typed[each], each))[:5])


# lines


def _of_articles(
    known: Sequence[Article],
    evidence: dict[str, Evidence],
    homes: dict[str, tuple[str, ...]],
    words: dict[str, tuple[str, ...]],
) -> Iterable[Gap]:
    titles = {article.id: article.title for article in known}
    for article in known:
        its = evidence.get(article.id)
        if its is None:
            continue
        others = homes.get(article.subject, ())
        yield _gap(
            MEND if its.down else CHECK,
            its,
            article=article.id,
            title=article.title,
            also=tuple(titles[each] for each in others if each != article.id),
            subject=article.subject,
            words=words.get(article.id, ()),
        )


def _gap(
    do: str,
    evidence: Evidence,
    *,
    article: str = "",
    title: str = "",
    also: tuple[str, ...] = (),
    subject: str = "",
    words: tuple[str, ...] = (),
) -> Gap:
    return Gap(
        do=do, evidence=evidence, article=article, title=title, also=also, subject=subject,
        words=words, score=evidence.score,
    )  # fmt: skip
