"""What would be done on a site, page by page. Nothing is written there, and nothing in the ledger.

For each article two questions: what should readers see now, and is the page as we left it? A page
that is not is a person's: it is shown as it is, until somebody decides.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from connector.article import ArticlePage, LivePage
from connector.articles import comparing
from connector.articles.edit_texts import difference_of
from connector.articles.seeing import Seen, Sight, see
from connector.articles.wanting import Wanted, said, with_badge
from connector.ledger.article_edits import DELETED, HIDDEN, OPEN, SHOWN, TAKEN, TEXT, latest_edits
from connector.ledger.article_pages import PUBLISHED, WITHDRAWN, KeptPage, kept_pages
from connector.ledger.article_versions import last_version, versions_of

if TYPE_CHECKING:
    from connector.ledger.store import Ledger
    from connector.ports import Publisher

CREATE, CHANGE, WITHDRAW, KEEP = "create", "change", "withdraw", "keep"
EDITED, BLOCKED, WAITING, HELD = "edited", "blocked", "waiting", "held"
WRITES = (CREATE, CHANGE, WITHDRAW)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to one page. `why` is a word: new, text, links, badge, expired, gone ..."""

    kind: str
    article: str
    title: str = ""
    page: ArticlePage | None = None  # what is put; for KEEP what stands
    live: LivePage | None = None  # the page as it is now
    difference: str = ""  # unified, of readable text
    why: str = ""
    detail: str = ""  # for people: what blocks it, when it is due
    seen: Seen | None = None
    is_pinned: bool = False  # an earlier version that a person put back


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The steps of one site by article; `problems` are words of what holds withdrawals back."""

    site: str
    steps: tuple[Step, ...]
    problems: tuple[str, ...] = ()
    made_at: datetime

    def of(self, *kinds: str) -> list[Step]:
        """The steps of these kinds."""
        return [step for step in self.steps if step.kind in kinds]


def plan(
    wanted: Wanted,
    publisher: Publisher,
    ledger: Ledger,
    now: datetime,
    *,
    only: Collection[str] = (),
    withdraw_all: bool = False,
    shows_text: bool = True,
) -> Plan:
    """What would be done on the site; `only` these articles, else all. Errors as a publisher.

    `shows_text` works out how each text differs: a thousand pages cost seconds.
    """
    kept = kept_pages(ledger, publisher.name)
    planner = _Planner(wanted, publisher, ledger, now, kept, shows_text=shows_text)
    listed = _listed(publisher, kept, only)
    ids = set(only) or {*wanted.articles, *wanted.blocked, *kept, *listed}
    steps = [step for id in sorted(ids) if (step := planner.step(id, listed.get(id))) is not None]
    problem = "" if withdraw_all or only else _guard(wanted, kept)
    if problem:
        steps = [
            msgspec.structs.replace(step, kind=HELD)
            if step.kind == WITHDRAW and step.why == "gone"
            else step
            for step in steps
        ]
        problem = problem if any(step.kind == HELD for step in steps) else ""
    return Plan(
        site=publisher.name,
        steps=tuple(_with_links(steps, kept)),
        problems=(problem,) if problem else (),
        made_at=now,
    )


def _listed(
    publisher: Publisher, kept: Mapping[str, KeptPage], only: Collection[str]
) -> dict[str, LivePage]:
    """The site's pages by article. One that we know is asked for by its name: no listing."""
    from connector.errors import Gone

    if only and all(id in kept and kept[id].ref for id in only):
        try:
            return {id: publisher.read(kept[id].as_left()) for id in only}
        except Gone:
            pass  # moved, perhaps: the listing knows
    return {page.id: page for page in publisher.pages()}


def _guard(wanted: Wanted, kept: Mapping[str, KeptPage]) -> str:
    """Why nothing is withdrawn for being gone from the source: it is suddenly empty, perhaps."""
    live = [id for id, page in kept.items() if page.is_live]
    vanished = [id for id in live if id not in wanted.articles and id not in wanted.blocked]
    if not wanted.articles:
        return "empty"
    if not wanted.is_whole:
        return "unreadable"
    return "vanished" if len(vanished) * 2 > len(live) else ""


def _with_links(steps: Sequence[Step], kept: Mapping[str, KeptPage]) -> Iterable[Step]:
    """Pages that stay but whose links lead elsewhere once the others are done."""
    addresses = {id: page.url for id, page in kept.items() if page.is_live}
    for step in steps:
        if step.kind == CREATE or (step.kind == CHANGE and step.why == "again"):
            addresses.setdefault(step.article, "?")  # an address that nobody knows yet
        elif step.kind == WITHDRAW:
            addresses.pop(step.article, None)
        elif step.live is not None and step.article in addresses:
            addresses[step.article] = step.live.url
    for step in steps:
        row = kept.get(step.article)
        if step.kind == KEEP and step.page is not None and row is not None:
            now = {id: addresses.get(id, "") for id in step.page.links}
            if now != dict(row.links):
                yield msgspec.structs.replace(step, kind=CHANGE, why="links")
                continue
        yield step


class _Planner:
    """Plans one article after the other on one site."""

    def __init__(
        self,
        wanted: Wanted,
        publisher: Publisher,
        ledger: Ledger,
        now: datetime,
        kept: Mapping[str, KeptPage],
        *,
        shows_text: bool,
    ) -> None:
        self._wanted = wanted
        self._publisher = publisher
        self._ledger = ledger
        self._now = now
        self._kept = kept
        self._shows_text = shows_text
        self._edits = latest_edits(ledger, publisher.name)
        self._addresses = {id: page.url for id, page in kept.items() if page.is_live}

    def step(self, id: str, live: LivePage | None) -> Step | None:
        """What happens to this article; None when there is nothing to tell."""
        row = self._kept.get(id)
        source = self._wanted.pages(id) if id in self._wanted.articles else None
        page, why = self._page(id, source, row)
        seen = see(row, live, page or source, self._publisher, self._ledger, self._addresses)
        title = next((each.title for each in (page, source, seen.live, row) if each), "")
        base = Step(kind=KEEP, article=id, title=title, page=page, live=seen.live, seen=seen)
        base = msgspec.structs.replace(base, is_pinned=why == "pinned")
        if page is None:
            return self._without(base, why, source)
        if seen.is_persons and not self._may_overwrite(base, row):
            return self._edited(base)
        return self._with(base, page, why, row)

    def _page(
        self, id: str, source: ArticlePage | None, row: KeptPage | None
    ) -> tuple[ArticlePage | None, str]:
        """What readers should see now, or None; and why."""
        if id not in self._wanted.articles and id not in self._wanted.blocked:
            return None, "gone"
        if id in self._wanted.closed or (source is None and id not in self._wanted.blocked):
            return None, "audience"
        if source is not None and source.expires is not None and source.expires <= self._now:
            return None, "expired"
        if source is not None and source.effective is not None and source.effective > self._now:
            return None, "early"
        if id in self._wanted.blocked:
            return self._accepted(id, source, row), "blocked"
        assert source is not None  # noqa: S101  only what is blocked may lack it, see above
        if row is not None and row.pinned is not None and row.pinned_source == said(source):
            return self._pinned(id, row.pinned, source), "pinned"
        return source, "text"

    def _accepted(
        self, id: str, source: ArticlePage | None, row: KeptPage | None
    ) -> ArticlePage | None:
        """What stands of an article that may not be published now, its badge as it should be."""
        if row is None or not row.is_live:
            return None
        version = last_version(self._ledger, self._publisher.name, id)
        return with_badge(version.page, source) if version else None

    def _pinned(self, id: str, number: int, source: ArticlePage) -> ArticlePage:
        for version in versions_of(self._ledger, self._publisher.name, id):
            if version.number == number:
                return with_badge(version.page, source)
        return source

    def _without(self, base: Step, why: str, source: ArticlePage | None) -> Step | None:
        """Nothing of the article should be seen here."""
        base = msgspec.structs.replace(base, seen=agreed(base.seen))
        live, seen = base.live, base.seen
        blocked = self._wanted.blocked.get(base.article)
        if why == "early" and source is not None and source.effective is not None:
            base = msgspec.structs.replace(
                base, title=source.title, detail=source.effective.isoformat()
            )
        if live is not None and live.state == PUBLISHED and why != "blocked":
            if self._is_kept_up(base):
                return self._edited(base)
            return msgspec.structs.replace(base, kind=WITHDRAW, why=why, page=None)
        if why == "early":
            return msgspec.structs.replace(base, kind=WAITING, why=why)
        if why == "blocked":
            return msgspec.structs.replace(base, kind=BLOCKED, why=why, detail=blocked or "")
        return msgspec.structs.replace(base, why=why) if seen is not None and seen.is_news else None

    def _is_kept_up(self, base: Step) -> bool:
        """Shown though we hid it, or never put by us: a person decides whether it goes."""
        seen = base.seen
        if seen is None or seen.edit is None:
            return False
        is_theirs = seen.sight == Sight.FOREIGN or seen.edit.kind == SHOWN
        return is_theirs and not self._may_overwrite(base, None)

    def _may_overwrite(self, base: Step, row: KeptPage | None) -> bool:
        """A person let our text win over this very change, and it has not been put since."""
        seen, page = base.seen, base.page
        assert seen is not None  # noqa: S101
        edit = seen.edit
        known = edit and self._edits.get((edit.article, edit.fingerprint))
        if not known or not known.allows_ours:
            return False
        # What was taken over must be in the source before ours may replace it on the page.
        is_same = row is not None and page is not None and page.digest == row.digest
        return known.decision != TAKEN or not is_same

    def _edited(self, base: Step) -> Step:
        seen = base.seen
        assert seen is not None  # noqa: S101
        if seen.edit is None:
            return msgspec.structs.replace(base, kind=EDITED)
        made = difference_of(self._ledger, seen.edit, self._kept) if self._shows_text else ""
        return msgspec.structs.replace(base, kind=EDITED, why=seen.edit.kind, difference=made)

    def _with(self, base: Step, page: ArticlePage, why: str, row: KeptPage | None) -> Step:
        """The article should be seen here, and nothing of a person's stands in the way."""
        seen, live = base.seen, base.live
        assert seen is not None  # noqa: S101
        detail = self._wanted.blocked.get(base.article, "")
        base = msgspec.structs.replace(base, detail=detail)
        if live is None:
            made = self._difference(None, page)
            return msgspec.structs.replace(base, kind=CREATE, why="new", difference=made)
        if live.state != PUBLISHED:
            if row is not None and self._has_open_text(base.article) and row.state == WITHDRAWN:
                return self._edited(base)
            return self._change(base, page, "again")
        if seen.is_persons:
            return self._change(base, page, self._decision(seen))
        if seen.digest == page.digest:
            return msgspec.structs.replace(base, kind=BLOCKED if detail else KEEP, why=why)
        if why == "blocked":
            return self._change(base, page, "badge")
        return self._change(base, page, why)

    def _decision(self, seen: Seen) -> str:
        """Whether a person dismissed the change, or took it into the source."""
        edit = seen.edit
        known = edit and self._edits.get((edit.article, edit.fingerprint))
        return known.decision if known else "dismissed"

    def _has_open_text(self, article: str) -> bool:
        return any(
            edit.decision == OPEN and edit.kind == TEXT
            for (id, _), edit in self._edits.items()
            if id == article
        )

    def _change(self, base: Step, page: ArticlePage, why: str) -> Step:
        version = last_version(self._ledger, self._publisher.name, base.article)
        before = version.page if version else None
        if why == "text" and before is not None and _text_of(before) == _text_of(page):
            why = "fields"
        made = self._difference(before, page)
        return msgspec.structs.replace(base, kind=CHANGE, why=why, difference=made)

    def _difference(self, before: ArticlePage | None, after: ArticlePage) -> str:
        if not self._shows_text:
            return ""
        was = comparing.page_text(before) if before is not None else ""
        return comparing.difference(was, comparing.page_text(after))


def _text_of(page: ArticlePage) -> object:
    return (page.title, page.summary, page.parts)


def agreed(seen: Seen | None) -> Seen | None:
    """What a person did, where it is just what should be done: the page is away, and may be."""
    if seen is None or seen.edit is None or seen.edit.kind not in (DELETED, HIDDEN):
        return seen
    if seen.edit.kind == DELETED:
        return Seen(sight=Sight.NOTHING, news="lost")
    return Seen(sight=Sight.OURS, live=seen.live, news="withdraw")
