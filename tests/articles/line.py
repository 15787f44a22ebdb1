"""A small article line for tests: pages as a source would give them, a site in memory, a ledger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from connector.article import STAFF, ArticlePage, PagePart, digest_of
from connector.articles.planning import Plan, plan
from connector.articles.publishing import Result, note, publish
from connector.articles.wanting import Wanted
from connector.ledger import Ledger
from tests.articles.memory_site import MemorySite, Place


def page(id: str, text: str = "Her er teksten.", **changes: object) -> ArticlePage:
    """A page of one section; links of the text are found."""
    import re

    html = f"<h2>Sådan gør du</h2>\n<p>{text}</p>"
    made = ArticlePage(
        id=id,
        title=f"Artikel {id}",
        summary="I en sætning.",
        language="da",
        parts=(PagePart(key="saadan", heading="Sådan gør du", html=html),),
        links=tuple(sorted(set(re.findall(r'href="article:([^"#]+)', text)))),
    )
    made = msgspec.structs.replace(made, **changes)
    return msgspec.structs.replace(made, digest=digest_of(made))


def link(id: str) -> str:
    """A link to another article."""
    return f'Se <a href="article:{id}">{id}</a>.'


class Line:
    """What is wanted on one site, and doing it."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Callable[[], datetime],
        audience: str = STAFF,
        name: str = "intra",
    ) -> None:
        self.ledger, self.clock = ledger, clock
        self.place = Place()
        self.site = MemorySite(self.place, clock, name, audience)
        self.pages: dict[str, ArticlePage | None] = {}
        self.blocked: dict[str, str] = {}
        self.is_whole = True
        self.closed: frozenset[str] = frozenset()

    def want(self, *pages: ArticlePage) -> None:
        """These are in the source now, beside the others."""
        self.pages |= {each.id: each for each in pages}

    def wanted(self) -> Wanted:
        """The source as it is."""
        return Wanted(
            pages=self.pages.get,
            articles=frozenset(self.pages),
            blocked=self.blocked,
            is_whole=self.is_whole,
            closed=self.closed,
        )

    def plan(self, *only: str, withdraw_all: bool = False) -> Plan:
        """What would be done, with a new publisher, as another run would have it."""
        self.site = MemorySite(self.place, self.clock, self.site.name, self.site.audience)
        return plan(
            self.wanted(),
            self.site,
            self.ledger,
            self.clock(),
            only=only,
            withdraw_all=withdraw_all,
        )

    def look(self) -> Plan:
        """The plan, and what it found written down."""
        made = self.plan()
        note(made, self.ledger)
        return made

    def publish(self, *only: str, withdraw_all: bool = False) -> Result:
        """Plan and publish."""
        made = self.plan(*only, withdraw_all=withdraw_all)
        return publish(made, self.site, self.ledger)

    def kinds(self, *only: str) -> dict[str, str]:
        """Article -> what would happen."""
        return {step.article: step.kind for step in self.plan(*only).steps}

    def shown(self, id: str) -> str:
        """What readers see of an article; "" for nothing."""
        found = [each for each in self.place.pages.values() if each.article == id]
        return found[0].html if found and found[0].state == "published" else ""
