"""The site in memory keeps every promise of a publisher."""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from connector.article import CITIZEN, STAFF, LivePage
from connector.errors import Unavailable
from connector.ports import Publisher
from tests.articles.memory_site import MemorySite, Page, Place, links_in, while_
from tests.contracts.publisher import PublisherContract


class TestMemorySite(PublisherContract):
    """A site for staff; a stranger gets sections for citizens alone."""

    audience = STAFF

    @pytest.fixture(autouse=True)
    def _place(self) -> None:
        self.place = Place()

    def make_publisher(self) -> Publisher:
        return MemorySite(self.place, self.clock, audience=self.audience)

    def reopen(self, publisher: Publisher) -> Publisher:
        self.place.cut_at = 0
        return self.make_publisher()

    def broken(
        self, publisher: Publisher, at: int, when: str
    ) -> tuple[Publisher, Callable[[], int]]:
        self.place.writes = 0
        self.place.cut_at, self.place.cut, self.place.dies = at, when, Unavailable
        return self.make_publisher(), lambda: self.place.writes

    def empty(self, publisher: Publisher) -> None:
        self.place.pages.clear()
        self.place.cut_at = 0

    def page_of(self, live: LivePage) -> Page | None:
        return self.place.pages.get(live.ref)

    def reader_sees(self, live: LivePage) -> str:
        page = self.page_of(live)
        if page is None or page.state != "published":
            return ""
        title = page.title.replace("&", "&amp;").replace("<", "&lt;")
        return f"<h1>{title}</h1><p>{page.summary}</p>{page.html}"

    def stranger_sees(self, live: LivePage) -> str:
        return self.reader_sees(live) if self.audience == CITIZEN else ""

    def files_of(self, live: LivePage) -> list[bytes]:
        page = self.page_of(live)
        return list(page.files.values()) if page and page.state == "published" else []

    def follows(self, live: LivePage, words: str) -> str:
        url = links_in(self.reader_sees(live)).get(words, "")
        return url.partition("#")[0]

    def edit(self, live: LivePage, text: str) -> None:
        self.place.edit(live.id, text)

    def lock(self, live: LivePage) -> None:
        self.place.of(live.id).locked_by = "Karla Redaktør"

    def move(self, live: LivePage) -> None:
        self.place.move(live.id, "https://site.example/rejser/nyt-sted")

    def delete(self, live: LivePage) -> None:
        self.place.delete(live.id)

    def occupy(self, publisher: Publisher, id_: str) -> None:
        self.place.pages[f"person-{id_}"] = Page("", f"https://site.example/{id_}")

    def snapshot(self, publisher: Publisher) -> object:
        return copy.deepcopy(self.place.pages)

    def forbid_writing(self, publisher: Publisher) -> AbstractContextManager[None]:
        return while_(self.place, is_read_only=True)

    def disconnect(self, publisher: Publisher) -> AbstractContextManager[None]:
        return while_(self.place, is_away=True)

    def lose_reply(self, publisher: Publisher) -> AbstractContextManager[None]:
        return while_(self.place, loses_replies=True)


class TestMemorySiteForCitizens(TestMemorySite):
    """The same for citizens."""

    audience = CITIZEN
