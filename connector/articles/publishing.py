"""A plan carried out: each page as one small step that the ledger knows of before the site does.

What goes wrong with one page leaves the others alone; what goes wrong with the site ends the run,
and the next one goes on where this one stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from connector.article import ArticlePage, LivePage
from connector.articles.ordering import in_order
from connector.articles.planning import (
    BLOCKED,
    CHANGE,
    CREATE,
    EDITED,
    HELD,
    KEEP,
    WAITING,
    WITHDRAW,
    Plan,
    Step,
)
from connector.articles.seeing import kind_of
from connector.errors import (
    Denied,
    Gone,
    PageEdited,
    PageLocked,
    Rejected,
    RemoteError,
)
from connector.ledger.article_edits import DELETED, close_edits, edit_of, edits, keep_edit
from connector.ledger.article_pages import (
    PUBLISHED,
    WITHDRAWN,
    KeptPage,
    begin_put,
    begin_withdraw,
    forget_intent,
    kept_pages,
    note_lost,
    note_seen,
    pin,
    settle_put,
    settle_withdraw,
)
from connector.progress import Progress, Silent

if TYPE_CHECKING:
    from connector.ledger.store import Ledger
    from connector.ports import Publisher

DENIED_IN_A_ROW = 3  # pages that may each have a right of their own; then it is the account's
JOB = "articles"
PROGRAM = "casethread"


class Result(msgspec.Struct, kw_only=True):
    """What was done on a site. `stopped` is why the run ended early; "" when it did not."""

    site: str
    counts: dict[str, int] = msgspec.field(default_factory=dict)
    problems: list[str] = msgspec.field(default_factory=list)
    stopped: str = ""

    @property
    def outcome(self) -> str:
        """done, partly (some pages could not be done) or failed (the site could not be reached)."""
        if self.stopped:
            return "failed"
        return "partly" if self.problems else "done"

    @property
    def writes(self) -> int:
        """Pages that were changed in any way."""
        return sum(self.counts.get(key, 0) for key in ("created", "changed", "withdrawn", "links"))


def note(plan: Plan, ledger: Ledger, *, actor: str = PROGRAM) -> int:
    """Write down what was found while planning; gives how many changes by people are new."""
    new = 0
    waiting = {each.article for each in edits(ledger, plan.site)}
    for step in plan.steps:
        seen = step.seen
        if seen is None:
            continue
        if seen.edit is not None and step.kind in (EDITED, WITHDRAW):
            new += keep_edit(ledger, seen.edit)
        elif step.article in waiting and not seen.is_persons and _is_shown(seen.live):
            close_edits(ledger, plan.site, step.article)
        _write_down(plan.site, step, ledger, actor)
    return new


def _is_shown(live: LivePage | None) -> bool:
    return live is not None and live.state == PUBLISHED


def _write_down(site: str, step: Step, ledger: Ledger, actor: str) -> None:
    """What became of a run that was cut short, and a page that only moved."""
    seen = step.seen
    if seen is None:
        return
    if seen.news == "forget":
        forget_intent(ledger, site, step.article)
    elif seen.news == "lost":
        note_lost(ledger, site, step.article)
    elif seen.live is not None and seen.news == "put":
        settle_put(ledger, site, seen.live, seen.digest, {}, actor=actor, version=seen.version)
        if seen.live.state == WITHDRAWN:
            settle_withdraw(ledger, site, seen.live, actor=actor)
    elif seen.live is not None and seen.news == "withdraw":
        settle_withdraw(ledger, site, seen.live, actor=actor)
    elif seen.live is not None and seen.news == "seen":
        note_seen(ledger, site, seen.live)


def publish(
    plan: Plan,
    publisher: Publisher,
    ledger: Ledger,
    progress: Progress | None = None,
    *,
    actor: str = PROGRAM,
    should_stop: Callable[[], bool] = lambda: False,
) -> Result:
    """Carry the plan out. Never raises for what a site does: the result tells it."""
    note(plan, ledger, actor=actor)
    return _Run(plan, publisher, ledger, progress or Silent(), actor, should_stop).go()


class _Run:
    """One run on one site."""

    def __init__(
        self,
        plan: Plan,
        publisher: Publisher,
        ledger: Ledger,
        progress: Progress,
        actor: str,
        should_stop: Callable[[], bool],
    ) -> None:
        self._plan = plan
        self._publisher = publisher
        self._ledger = ledger
        self._progress = progress
        self._actor = actor
        self._should_stop = should_stop
        self._kept: dict[str, KeptPage] = kept_pages(ledger, plan.site)
        self._addresses = {id: row.url for id, row in self._kept.items() if row.is_live}
        self._result = Result(site=plan.site, problems=list(plan.problems))
        self._begun: dict[str, int] = {}  # article -> its version, of pages made together
        self._denied = 0
        self._done = 0

    def go(self) -> Result:
        """All steps, then the links that had no address before, then the site's own lists."""
        for kind, counted in _COUNTED:
            self._count(counted, len(self._plan.of(kind)))
        by_links = [step for step in self._plan.steps if step.why == "links"]
        writes = [*in_order(self._plan.of(CREATE, CHANGE)), *self._plan.of(WITHDRAW)]
        writes = [step for step in writes if step.why != "links"]
        name = f"{JOB} {self._plan.site}"
        self._progress.begin(name, len(writes) + len(by_links))
        try:
            if self._all(writes) and self._all(self._with_old_links()):
                self._publisher.finish()
        except RemoteError as error:
            self._stop(error)
        finally:
            self._progress.end(name)
        return self._result

    def _all(self, steps: Sequence[Step]) -> bool:
        """Each step; false when the run has to end."""
        at = 0
        while at < len(steps):
            some = steps[at : at + max(1, self._publisher.at_once)]
            at += len(some)
            if not self._should_stop():
                self._make([step for step in some if step.kind == CREATE])
            for step in some:
                if self._should_stop() or self._result.stopped:
                    return False
                self._one(step)
                self._done += 1
                self._progress.step(f"{JOB} {self._plan.site}", self._done, {})
        return not self._result.stopped

    def _make(self, steps: Sequence[Step]) -> None:
        """New pages in one go where the site can; what became of each its own step tells."""
        if len(steps) < 2:
            return
        pages = [step.page for step in steps if step.page is not None]
        self._begun = {step.article: self._begin(step) for step in steps}
        try:
            self._addresses.update(self._publisher.make(pages, self._addresses.get))
        except RemoteError as error:
            # They may be there: what was begun stays noted, and the next run looks.
            self._stop(error)

    def _begin(self, step: Step) -> int:
        """The version that is about to be put."""
        assert step.page is not None  # noqa: S101  create and change have one
        return begin_put(
            self._ledger, self._plan.site, step.page, actor=self._actor, why=step.why,
            is_again=step.why == "links",
        )  # fmt: skip

    def _one(self, step: Step) -> None:
        try:
            if step.kind == WITHDRAW:
                self._withdraw(step)
            else:
                self._put(step)
            self._denied = 0
        except (PageEdited, Gone) as error:
            self._found_edit(step, error)
        except PageLocked as error:
            forget_intent(self._ledger, self._plan.site, step.article)
            self._problem(step, "locked", error)
        except Denied as error:
            forget_intent(self._ledger, self._plan.site, step.article)
            self._problem(step, "denied", error)
            self._denied += 1
            if self._denied >= DENIED_IN_A_ROW:
                self._stop(error)
        except Rejected as error:
            forget_intent(self._ledger, self._plan.site, step.article)
            self._problem(step, "rejected", error)
        except RemoteError as error:
            # It may have got there: what was begun stays noted, and the next run looks.
            self._stop(error)

    def _put(self, step: Step) -> None:
        page = step.page
        assert page is not None  # noqa: S101  create and change have one
        site, is_again = self._plan.site, step.why == "links"
        version = self._begun.pop(page.id, None)
        if version is None:
            version = self._begin(step)
        live = self._publisher.put(page, step.live, opener(page), self._addresses.get)
        links = {id: self._addresses.get(id, "") for id in page.links}
        settle_put(self._ledger, site, live, page.digest, links, actor=self._actor, version=version)
        row = self._kept.get(page.id)
        if row is not None and row.pinned is not None and not (step.is_pinned or is_again):
            pin(self._ledger, site, page.id, None, "")  # the source says something else now
        self._addresses[page.id] = live.url
        self._count("links" if is_again else "created" if step.kind == CREATE else "changed", 1)

    def _withdraw(self, step: Step) -> None:
        assert step.live is not None  # noqa: S101  what is withdrawn is there
        begin_withdraw(self._ledger, self._plan.site, step.article)
        live = self._publisher.withdraw(step.live)
        settle_withdraw(self._ledger, self._plan.site, live, actor=self._actor)
        self._addresses.pop(step.article, None)
        self._count("withdrawn", 1)

    def _with_old_links(self) -> list[Step]:
        """Pages whose links lead elsewhere now than when they were put, by what stands there."""
        kept = kept_pages(self._ledger, self._plan.site)
        found = []
        for step in self._plan.of(CREATE, CHANGE, KEEP, BLOCKED):
            row, page = kept.get(step.article), step.page
            if row is None or page is None or not row.is_live or row.intent:
                continue
            now = {id: self._addresses.get(id, "") for id in page.links}
            if row.digest == page.digest and dict(row.links) != now:
                live = row.as_left() if step.kind in (CREATE, CHANGE) else step.live
                found.append(msgspec.structs.replace(step, kind=CHANGE, why="links", live=live))
        return found

    def _found_edit(self, step: Step, error: RemoteError) -> None:
        """Somebody changed the page since the plan was made: kept, shown, and left alone."""
        site = self._plan.site
        forget_intent(self._ledger, site, step.article)
        before = step.live or LivePage(id=step.article, ref="", url="", title=step.title)
        try:
            live = self._publisher.read(before) if before.ref else before
            kind = kind_of(before.state, live)
        except Gone:
            live, kind = msgspec.structs.replace(before, html=""), DELETED
        keep_edit(self._ledger, edit_of(site, live, kind))
        self._problem(step, "edited", error)

    def _problem(self, step: Step, counted: str, error: RemoteError) -> None:
        self._count(counted, 1)
        self._result.problems.append(f"{step.article}: {error}")

    def _stop(self, error: RemoteError) -> None:
        self._result.stopped = str(error)

    def _count(self, key: str, count: int) -> None:
        if count:
            self._result.counts[key] = self._result.counts.get(key, 0) + count


_COUNTED = (
    (KEEP, "kept"),
    (EDITED, "edited"),
    (BLOCKED, "blocked"),
    (WAITING, "waiting"),
    (HELD, "held"),
)


def opener(page: ArticlePage) -> Callable[[str], BinaryIO]:
    """Opens the files of a page by their hashes. The opener raises Gone when one is not there."""
    paths = {file.sha256: file.path for file in page.files}

    def open_file(sha256: str) -> BinaryIO:
        try:
            return Path(paths[sha256]).open("rb")
        except (KeyError, OSError) as error:
            raise Gone(f"{page.id}: a file of this article is not there any more") from error

    return open_file
