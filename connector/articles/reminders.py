"""Who is to be told of an article that nobody has looked at for too long: worked out as values.

The ladder has a step for each reader. The owner is told before the review date and on it, the unit
when that did not help, the editor when nothing did. Each step is taken once for each review date;
what stands behind a new date starts afresh.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, timedelta

import msgspec

from connector.article import Article
from connector.articles.owners import LEFT, Owner, Owners

SOON, DUE, UNIT, EDITOR, OWNER_LEFT = "soon", "due", "unit", "editor", "left"
STEPS = (SOON, DUE, UNIT, EDITOR, OWNER_LEFT)


class Ladder(msgspec.Struct, frozen=True, kw_only=True):
    """When each step is due, in days from the review date, and where units and the editor read."""

    before_days: int = 14
    unit_after_days: int = 14
    editor_after_days: int = 30
    unit_mails: Mapping[str, str] = {}
    editor_mail: str = ""

    def unit_mail(self, unit: str) -> str:
        """The mailbox of a unit, however its name is cased; "" when it has none here."""
        wanted = unit.strip().casefold()
        return next((to for name, to in self.unit_mails.items() if name.casefold() == wanted), "")


class Reminder(msgspec.Struct, frozen=True, kw_only=True):
    """One article, one step, and whom it goes to."""

    article: str
    title: str
    step: str
    review_by: date | None
    owner: Owner
    unit: str
    to: str  # mail address; "" when there is nobody to tell
    path: str = ""

    @property
    def key(self) -> tuple[str, str, date | None]:
        """What is kept of it: article, step, review date."""
        return self.article, self.step, self.review_by


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One mail to one address, with everything that it is to be told today."""

    to: str
    reminders: tuple[Reminder, ...]


Taken = Collection[tuple[str, str, date | None]]


def reminders_due(
    articles: Iterable[Article], owners: Owners, ladder: Ladder, taken: Taken, today: date
) -> list[Reminder]:
    """What is to be told today and was not, most overdue first.

    Of the two steps for the owner only the later one is told: who installs the program with an
    article a year overdue gets one reminder, not two.
    """
    found = [
        reminder
        for article in articles
        for reminder in _of_one(article, owners, ladder, today)
        if reminder.key not in taken
    ]
    return sorted(found, key=lambda each: (each.review_by or date.max, each.article, each.step))


def _of_one(article: Article, owners: Owners, ladder: Ladder, today: date) -> Iterator[Reminder]:
    owner = owners.owner(article.owner)
    instead = ladder.unit_mail(article.unit) or ladder.editor_mail

    def to(step: str, address: str) -> Reminder:
        return Reminder(
            article=article.id,
            title=article.title,
            step=step,
            review_by=article.review_by,
            owner=owner,
            unit=article.unit,
            to=address,
            path=article.paths[-1] if article.paths else "",
        )

    has_left = owner.state == LEFT
    owners_step = _owners_step(article.review_by, ladder, today)
    if has_left and not owners_step:
        yield to(OWNER_LEFT, instead)
    if owners_step:
        yield to(owners_step, instead if has_left else owner.mail or instead)
    if article.review_by is None:
        return
    overdue_days = (today - article.review_by).days
    if overdue_days >= max(ladder.unit_after_days, 1):
        yield to(UNIT, instead)
    if overdue_days >= max(ladder.editor_after_days, 1):
        yield to(EDITOR, ladder.editor_mail or ladder.unit_mail(article.unit))


def _owners_step(review_by: date | None, ladder: Ladder, today: date) -> str:
    """The step of the owner that is due: on the day and after it DUE, before it SOON, else ""."""
    if review_by is None:
        return ""
    if today >= review_by:
        return DUE
    return SOON if today >= review_by - timedelta(days=ladder.before_days) else ""


def letters(
    reminders: Iterable[Reminder], written_today: Collection[str] = ()
) -> tuple[list[Letter], list[Reminder]]:
    """One letter for each address, and what can be told to nobody.

    An address in `written_today` waits until tomorrow: nobody gets two of these in a day. An
    article that reaches one reader by several steps stands in the letter once, with the last step;
    all of them count as told.
    """
    told: dict[str, list[Reminder]] = {}
    homeless = []
    waiting = {address.casefold() for address in written_today}
    for each in reminders:
        if not each.to:
            homeless.append(each)
        elif each.to.casefold() not in waiting:
            told.setdefault(each.to.casefold(), []).append(each)
    return [Letter(to=each[0].to, reminders=tuple(each)) for each in told.values()], homeless


def shown(letter: Letter) -> list[Reminder]:
    """What the letter says: each article once, with the step that stands highest."""
    last: dict[str, Reminder] = {}
    for each in letter.reminders:
        before = last.get(each.article)
        if before is None or STEPS.index(each.step) > STEPS.index(before.step):
            last[each.article] = each
    return list(last.values())
