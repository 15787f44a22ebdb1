"""Chats: every message a user takes part in, by users/{id}/chats/getAllMessages.

One message is exported once for each participant; the key (chat, id) and the version (etag) make
the copies one. Facts: Microsoft Graph, "chats: getAllMessages" and "chatMessage resource type",
read 2026-11-21, and the issues named in the comments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import quote

from connector.errors import CursorExpired, Denied, Gone, Rejected
from connector.http import Answer, Graph
from connector.identity import is_guest
from connector.model import Finding, Item, Page, Person, Problem
from connector.ports import Known
from connector.sources import rights
from connector.sources.teams.messages import ListPage, parse_messages
from connector.sources.teams.windows import Span, Window, cursor_after, following, plan, stamp

# Without it, system events (a call began, a member joined) all come as unknownFutureValue.
HEADERS = {"Prefer": "include-unknown-enum-members"}
_EMPTY_PAGES = 50  # empty pages with a next link are real (#4150); so many in a row are a loop
_PAGE = 50  # Graph's largest page of chat messages


def messages_request(collection: str, window: Window, *, top: int = _PAGE) -> str:
    """The path of a window's first page. Both bounds always: `gt` alone was refused (#18659)."""
    return (
        f"{collection}?$top={top}"
        f"&$filter=lastModifiedDateTime%20gt%20{stamp(window.since)}"
        f"%20and%20lastModifiedDateTime%20lt%20{stamp(window.until)}"
    )


class Chats:
    """The chats of each user; a part is a user's id.

    The schedule is daily by default, because Microsoft's terms allow one poll of the same Teams
    data a day without change notifications, and ask for a dated range on each.
    """

    def __init__(
        self,
        graph: Graph,
        *,
        name: str = "teams.chats",
        initial_days: int = 30,  # deleted and edited messages are reachable for 21 days
        since: datetime | None = None,  # an exact beginning, instead of initial_days
        overlap_h: float = 24.0,  # rows become visible late; an outage of a day is covered
        lag_min: float = 5.0,  # the end of a window stays behind the server's clock
        window_days: int = 0,  # split longer stretches; 0 = one window
        reread_days: int = 0,  # once a day read back so far, for late edits and deletions
    ) -> None:
        self.name = name
        self._graph = graph
        self._span = Span(
            lag=timedelta(minutes=lag_min),
            overlap=timedelta(hours=overlap_h),
            initial=timedelta(days=initial_days),
            start=since,
            longest=timedelta(days=window_days),
            deep=timedelta(days=reread_days),
        )

    def check(self) -> list[Finding]:
        """One page of one user's chats. The right needed is Chat.Read.All."""
        return rights.check(self._graph, self.name, rights.CHATS, self._try)

    def _try(self) -> None:
        now = self._graph.server_now()
        window = plan(None, now, self._span)
        users = self._graph.ask("users?$select=id&$top=1", rights.first_id, service="directory")
        if users:
            path = messages_request(_collection(users), window, top=1)
            self._graph.get(path, service="chats", headers=HEADERS)

    def parts(self, people: Sequence[Person]) -> list[str]:
        """Everybody in the directory, also when the account is closed: their last day counts.

        Guests have no chats of their own here; what they write stands in the chats of colleagues.
        """
        return [p.id for p in people if not p.is_removed and not is_guest(p.upn)]

    def changes(self, part: str, cursor: str | None, known: Known) -> Iterator[Page]:
        """Messages changed since the cursor's window was begun, with a day of overlap."""
        del known  # a message comes whole; there is no second request to spare
        yield from read_windows(
            self._graph, self.name, part, _collection(part), cursor, self._span, service="chats"
        )

    def content(self, ref: str) -> Iterator[bytes]:
        """The bytes of an inline image."""
        return self._graph.stream(ref, service="messages")

    @property
    def in_flight(self) -> int:
        return self._graph.in_flight("chats")


def _collection(user: str) -> str:
    return f"users/{quote(user, safe='')}/chats/getAllMessages"


def read_windows(
    graph: Graph,
    source: str,
    part: str,
    collection: str,
    cursor: str | None,
    span: Span,
    *,
    service: str,
) -> Iterator[Page]:
    """Pages of the messages of a collection, window after window, until shortly before now.

    A part that is refused, and a window whose pages go round in a circle twice, end in a `Problem`
    of scope "part" that leaves the cursor where it is.
    """
    window: Window | None = plan(cursor, graph.server_now(), span)
    while window is not None and not window.is_empty:
        reading = _Reading(graph, source, part, collection, window, service)
        yield from reading.pages()
        if not reading.is_complete:
            return
        window = following(reading.window, graph.server_now(), span)


class _Reading:
    """The pages of one window, with the guards against servers that lie about paging."""

    def __init__(
        self, graph: Graph, source: str, part: str, collection: str, window: Window, service: str
    ) -> None:
        self.window = window
        self.is_complete = False
        self._graph, self._source, self._part = graph, source, part
        self._collection, self._service = collection, service
        self._parse: Callable[[Answer], ListPage] = partial(parse_messages, source, part)
        self._seen: set[int] = set()
        self._empty = 0
        self._restarts = 0

    def pages(self) -> Iterator[Page]:
        link = self.window.link
        while True:
            asked = link or messages_request(self._collection, self.window)
            try:
                page = self._graph.ask(asked, self._parse, service=self._service, headers=HEADERS)
            except (Denied, Gone, Rejected, CursorExpired) as error:
                if rights.concerns_all(error):
                    raise
                if not link or self._restarts or isinstance(error, Denied):
                    yield self._stop(f"{error}")
                    return
                # A next link died before its time; the window itself is still good.
                self._restarts, link = 1, ""
                self._forget()
                continue
            trouble = self._guard(link, page)
            if trouble and self._restarts:
                yield self._page(page.items, None)
                yield self._stop(trouble)
                return
            if trouble:
                yield self._page(page.items, None)
                self._restarts, link = 1, ""
                self._forget()
                continue
            link = page.next
            yield self._page(page.items, link)
            if not link:
                self.is_complete = True
                return

    def _guard(self, link: str, page: ListPage) -> str:
        """Why the pages of this window cannot be believed, if they cannot."""
        self._empty = 0 if page.items else self._empty + 1
        self._seen.add(hash(link))
        if page.next and hash(page.next) in self._seen:
            return "the server's next link leads back to a page already read (#12995)"
        if page.next and self._empty >= _EMPTY_PAGES:
            return f"the server gave {self._empty} empty pages in a row, each with a next link"
        return ""

    def _forget(self) -> None:
        self._seen.clear()
        self._empty = 0

    def _page(self, items: tuple[Item | Problem, ...], link: str | None) -> Page:
        cursor = None
        if link is not None:
            cursor = cursor_after(self.window, self._graph.server_now(), link)
        return Page(source=self._source, part=self._part, cursor=cursor, items=items)

    def _stop(self, reason: str) -> Page:
        problem = Problem(source=self._source, part=self._part, key="", reason=reason, scope="part")
        return Page(source=self._source, part=self._part, items=(problem,))
