"""The article line as work: the source read and checked once, then each site planned and published.

The command line and the schedule both come through here. One writer at a time for one site; a site
that is down leaves the others alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from connector.articles.checking import check
from connector.articles.planning import Plan, plan
from connector.articles.publishing import JOB, PROGRAM, Result, note, publish
from connector.articles.reading import Folders, Library, Mistake, read
from connector.articles.wanting import Wanted, wanted_of
from connector.errors import Busy, ConfigError, RemoteError
from connector.ledger.runs import running
from connector.progress import Progress

if TYPE_CHECKING:
    from datetime import date, datetime

    from connector.articles.owners import Owners
    from connector.articles.versions import RolledBack
    from connector.bootstrap import Program
    from connector.ports import Publisher
    from connector.settings import Settings


def folders(settings: Settings) -> Folders:
    """Where the sources lie."""
    its = settings.articles
    return Folders(
        its.folder,
        its.shared,
        settings.time_zone,
        most_bytes=its.max_file_mb * 1_000_000,
        kept=settings.ledger.spool.parent / "articles.parsed",
    )


class ArticleLine:
    """The articles as they are now, and the sites that they go to."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.settings = program.settings

    @cached_property
    def library(self) -> Library:
        """All articles. Raises ConfigError when a folder is not there."""
        return read(folders(self.settings))

    @cached_property
    def mistakes(self) -> tuple[Mistake, ...]:
        """What is wrong in them, by today's date and the directory as it is kept."""
        return check(self.library, self.today, self.owners.is_here)

    @property
    def today(self) -> date:
        """The municipality's day."""
        return self.program.clock().astimezone(self.program.zone).date()

    @cached_property
    def publishers(self) -> Mapping[str, Publisher]:
        """The sites' publishers by name. Raises ConfigError when a secret is missing."""
        from connector.article_sites import make_publishers

        return make_publishers(self.settings)

    @cached_property
    def owners(self) -> Owners:
        """The directory as owners are looked up in it."""
        from connector.articles.owners import owners_of

        return owners_of(self.program.ledger)

    def sites(self, name: str = "") -> list[Publisher]:
        """All sites, or the one named. Raises ConfigError for a name that is none."""
        if not self.publishers:
            raise ConfigError([_text(self.settings, "article.no_sites")])
        if name and name not in self.publishers:
            names = ", ".join(self.publishers)
            raise ConfigError([_text(self.settings, "article.no_site", name=name, names=names)])
        return [self.publishers[name]] if name else list(self.publishers.values())

    def plan(
        self,
        publisher: Publisher,
        *,
        only: Collection[str] = (),
        withdraw_all: bool = False,
        shows_text: bool = True,
    ) -> Plan:
        """What would be done on a site now; raises as the publisher."""
        now = self.program.clock()
        return plan(
            self._wanted(publisher, now),
            publisher,
            self.program.ledger,
            now,
            only=only,
            withdraw_all=withdraw_all,
            shows_text=shows_text,
        )

    def _wanted(self, publisher: Publisher, now: datetime) -> Wanted:
        """What readers of the site should see."""
        return wanted_of(
            self.library,
            publisher.audience,
            now,
            self.mistakes,
            time_zone=self.settings.time_zone,
            language=self.settings.language,
            owner_name=self.owners.shown_name,
        )

    def look(
        self, publisher: Publisher, *, only: Collection[str] = (), withdraw_all: bool = False
    ) -> Plan:
        """The plan, and what it found written down. Raises Busy while somebody publishes there."""
        with running(self.program.ledger, lock_name(publisher.name)):
            made = self.plan(publisher, only=only, withdraw_all=withdraw_all)
            note(made, self.program.ledger)
        return made

    def publish_on(
        self,
        publisher: Publisher,
        *,
        only: Collection[str] = (),
        withdraw_all: bool = False,
        actor: str = PROGRAM,
        progress: Progress | None = None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Result:
        """Plan and publish on one site; a site that cannot be reached is told in the result."""
        try:
            with running(self.program.ledger, lock_name(publisher.name)) as run:
                made = self.plan(publisher, only=only, withdraw_all=withdraw_all, shows_text=False)
                result = publish(
                    made,
                    publisher,
                    self.program.ledger,
                    progress,
                    actor=actor,
                    should_stop=should_stop,
                )
                result.problems[: len(made.problems)] = [
                    _text(self.settings, f"article.guard.{each}") for each in made.problems
                ]
                run.counts, run.outcome = result.counts, result.outcome
                run.reason = result.stopped or "; ".join(result.problems[:3])
        except (RemoteError, Busy) as error:
            return Result(site=publisher.name, stopped=str(error))
        return result

    def roll_back(
        self, publisher: Publisher, article: str, number: int | None, *, actor: str = PROGRAM
    ) -> RolledBack:
        """Put an earlier version back. Raises Busy, CannotRollBack, and as the publisher."""
        from connector.articles.versions import roll_back

        now, ledger = self.program.clock(), self.program.ledger
        wanted = self._wanted(publisher, now)
        with running(ledger, lock_name(publisher.name)):
            return roll_back(wanted, publisher, ledger, now, article, number, actor=actor)

    def publish(
        self,
        *,
        site: str = "",
        only: Collection[str] = (),
        withdraw_all: bool = False,
        actor: str = PROGRAM,
        progress: Progress | None = None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[Result]:
        """Publish on every site, or the one named, each whatever becomes of the others."""
        for publisher in self.sites(site):
            if should_stop():
                return
            yield self.publish_on(
                publisher,
                only=only,
                withdraw_all=withdraw_all,
                actor=actor,
                progress=progress,
                should_stop=should_stop,
            )

    def run(
        self, progress: Progress | None = None, should_stop: Callable[[], bool] = lambda: False
    ) -> Iterator[Result]:
        """What the schedule does: publish everywhere, and read what readers did there."""
        for result in self.publish(progress=progress, should_stop=should_stop):
            if not result.stopped:
                self._read_signals(result)
            yield result

    def _read_signals(self, result: Result) -> None:
        from connector.articles.signals import collect

        try:
            read_now = collect(self.publishers[result.site], self.program.ledger)
        except RemoteError as error:
            result.problems.append(str(error))
        else:
            if read_now:
                result.counts["signals"] = read_now


def lock_name(site: str) -> str:
    """The name of the run that keeps a second writer from a site."""
    return f"{JOB} {site}"


def _text(settings: Settings, key: str, **values: object) -> str:
    from connector.locale import text

    return text(key, settings.language, **values)
