"""Articles as modern pages: files first, then a draft of the page, then it is published.

Graph can publish a page but not take it back, so a page that is withdrawn, or waits for its time
after it was seen, says so and nothing else; its address and its versions stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import msgspec

from connector.article import ArticleFile, ArticlePage, LivePage, Signal, SiteAccess
from connector.auth import token_roles
from connector.errors import ConnectorError, Gone, PageEdited, PageLocked, Rejected
from connector.model import Finding
from connector.ports import Address, OpenFile
from connector.sites.sharepoint_pages.canvas import (
    hidden,
    html_of,
    is_marked,
    print_of,
    print_of_content,
    shown,
)
from connector.sites.sharepoint_pages.graph import GRANT, Graph
from connector.sites.sharepoint_pages.rows import Row, Rows, Work
from connector.sites.sharepoint_pages.wire import SitePage
from connector.sites.showing import (
    DRAFT,
    PUBLISHED,
    WITHDRAWN,
    checked_id,
    content_of,
    refuse_staff_text,
    resolved,
    state_at,
)

PENDING = "pending"  # published, and waiting for somebody's approval
_FOLDER = "casethread"  # in Site Assets
_FORBIDDEN = str.maketrans(dict.fromkeys('"*:<>?/\\|#%', "-"))  # in names of files


class _Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a put or a withdrawal is to make of a page."""

    state: str
    content: dict[str, Any]
    sent: str  # its fingerprint with the site's addresses
    print: str  # and with articles in the place of their addresses
    files: tuple[str, ...] = ()


class PagesPublisher:
    """The pages of one site. `clock` is an argument so that tests choose the time."""

    def __init__(self, access: SiteAccess, graph: Graph, clock: Callable[[], datetime]) -> None:
        self.name = access.name
        self.audience = access.audience
        self._access = access
        self._graph = graph
        self._rows = Rows(graph, access.language)
        self._clock = clock
        self._addresses: dict[str, str] | None = None  # path of a page -> the article's id

    # -- the Publisher protocol --------------------------------------------------------------

    def check(self) -> list[Finding]:
        """Is it reachable, may the app write, has it Site Assets, does anything wait."""
        try:
            found = [self._ok(f"signed in at {self._access.url}")]
            waiting = [row.article for row in self._rows.all() if row.state == PENDING]
            self._rows.library()
            found += self._rights()
        except ConnectorError as error:
            return [self._finding("error", str(error), f"look at [sites.{self.name}]; {GRANT}")]
        if waiting:
            what = f"{len(waiting)} pages wait for approval: {', '.join(waiting[:10])}"
            found.append(self._finding("warning", what, "approve them in the library Site Pages"))
        return found

    def pages(self) -> Iterator[LivePage]:
        """Every page of ours that is there, by the rows of the list."""
        rows = {row.page: row for row in self._rows.all() if row.page}
        addresses: dict[str, str] = {}
        found = []
        for page in self._graph.pages() if rows else ():
            if (row := rows.get(page.id)) is not None:
                addresses[_path(page.web_url)] = row.article
                found.append(self._live(row, page))
        self._addresses = addresses
        yield from found

    def read(self, live: LivePage) -> LivePage:
        """The page as it is now, its newest version, which an editor may not have published."""
        row = self._rows.find(live.id)
        page = self._graph.page(row.page or live.ref)
        if page is None:
            raise Gone(f"{self.name}: the page of {live.id} is not there", system=self.name)
        return self._whole(row, page)

    at_once = 1

    def make(self, pages: Sequence[ArticlePage], address: Address) -> Mapping[str, str]:  # noqa: ARG002
        """None: each page is put by itself."""
        return {}

    def put(
        self, page: ArticlePage, before: LivePage | None, open_file: OpenFile, address: Address
    ) -> LivePage:
        """A row that says what is coming, files, a draft, publishing, and the row once more."""
        refuse_staff_text(page, self.audience, self.name)
        name = f"{checked_id(page, self.name)}.aspx"
        row = self._rows.find(page.id)
        present = self._present(row, name)
        state = state_at(page, self._clock())
        if state == PUBLISHED:
            plan = self._shown(page, address)
        else:
            plan = self._hidden(page.id, page.title, state, page.language)
        self._refuse_edited(page.id, before, present, row, plan)
        if present is not None and self._is_done(row, present, plan, page.digest):
            return self._whole(row, present)
        fresh = self._contents(page, row, plan, open_file)
        row = self._announce(row, present, plan)
        for path, (content, media_type) in fresh.items():
            self._graph.put_file(self._rows.library()[0], path, content, media_type)
        if fresh:  # somebody may have been at the page while its files came
            present = self._present(row, name)
            self._refuse_edited(page.id, before, present, row, plan)
        return self._carry_out(row, present, plan, name, page)

    def withdraw(self, before: LivePage) -> LivePage:
        """The page says that it was withdrawn, and nothing else; its files are deleted."""
        row = self._rows.find(before.id)
        present = self._graph.page(row.page or before.ref)
        title = (present.title if present else "") or before.title
        plan = self._hidden(before.id, title, WITHDRAWN, self._access.language)
        self._refuse_edited(before.id, before, present, row, plan)
        if present is None:
            raise self._deleted(before.id)
        if self._is_done(row, present, plan, row.digest):
            return self._whole(row, present)
        return self._carry_out(self._announce(row, present, plan), present, plan, "", None)

    def finish(self) -> None:
        """Nothing: SharePoint lists and searches its pages by itself."""

    def signals(self, since: str) -> Iterator[tuple[list[Signal], str]]:  # noqa: ARG002
        """Nothing: Graph counts no readers of pages."""
        return iter(())

    # -- what is there -------------------------------------------------------------------------

    def _present(self, row: Row, name: str) -> SitePage | None:
        """The article's page: by its row, or one that a run which was cut short has made.

        Raises Rejected (field "id") when a page of somebody else has its name.
        """
        found = self._graph.page(row.page) if row.page else None
        if found is None:
            found = self._graph.page_named(name)
            if found is not None and not is_marked(found, row.article):
                text = (
                    f"{self.name}: {name} in Site Pages is taken by a page that is not ours; "
                    "rename that page, or give the article another id"
                )
                raise Rejected(text, system=self.name, field="id")
        return found

    def _live(self, row: Row, page: SitePage) -> LivePage:
        state = row.state or DRAFT
        if state == PENDING:
            state = PUBLISHED if page.publishing_state.level == "published" else DRAFT
        return LivePage(
            id=row.article,
            ref=page.id,
            url=quote(page.web_url, safe="/:%?=&,;@+$!*'()~"),  # Graph leaves spaces in it
            version=page.e_tag,
            digest=row.digest,
            state=state,
            title=page.title or "",
            changed_by=page.last_modified_by.name if page.last_modified_by else "",
            changed_at=page.last_modified_date_time,
            locked_by=page.locked_by,
        )

    def _whole(self, row: Row, page: SitePage) -> LivePage:
        shown, left = self._print(page), (row.work.print, row.work.next)
        return msgspec.structs.replace(
            self._live(row, page),
            fingerprint=shown,
            html=html_of(page),
            is_as_left=shown in left if any(left) else None,
        )

    def _print(self, page: SitePage) -> str:
        return print_of(page, self._identity)

    def _identity(self, address: str) -> str:
        """What an address leads to: an article wherever its page is, else its path or itself."""
        if not self._is_here(address):
            return address
        path = _path(address)
        if f"{self._graph.path}/SitePages/".lower() not in path.lower():
            return path
        if self._addresses is None:
            for _ in self.pages():
                pass
        known = (self._addresses or {}).get(path)
        # A page that is not there any more was named after its article when the link was made.
        return f"article:{known or path.rpartition('/')[2].removesuffix('.aspx')}"

    def _is_here(self, address: str) -> bool:
        return address.startswith((f"{self._graph.origin}/", "/")) and address[:2] != "//"

    # -- what it should be -----------------------------------------------------------------------

    def _shown(self, page: ArticlePage, address: Address) -> _Plan:
        paths = {file.name: _file_path(page.id, file) for file in page.files}
        library = quote(self._rows.library()[1]) if paths else ""

        def article(id_: str, _key: str) -> str | None:
            found = address(id_)
            return quote(_path(found)) if found and self._is_here(found) else found

        def file(name: str) -> str:
            return f"{library}/{quote(paths[name])}" if name in paths else ""

        parts = [
            msgspec.structs.replace(part, html=resolved(part.html, article, file))
            for part in page.parts
        ]
        original = article(page.translation_of, "") if page.translation_of else None
        content = shown(page, parts, original or "")
        return self._plan(PUBLISHED, content, tuple(sorted(set(paths.values()))))

    def _hidden(self, article: str, title: str, state: str, language: str) -> _Plan:
        return self._plan(state, hidden(article, title, state, language))

    def _plan(self, state: str, content: dict[str, Any], files: tuple[str, ...] = ()) -> _Plan:
        return _Plan(
            state=state,
            content=content,
            sent=print_of_content(content, lambda value: value),
            print=print_of_content(content, self._identity),
            files=files,
        )

    def _refuse_edited(
        self, article: str, before: LivePage | None, present: SitePage | None, row: Row, plan: _Plan
    ) -> None:
        """Raises PageEdited unless the page is as planned, or as a run of ours left it."""
        if present is None:
            if before is not None:
                raise self._deleted(article)
            return
        if before is None or before.version != present.e_tag:
            now = self._print(present)
            planned = before.fingerprint if before is not None else ""  # it was moved, perhaps
            if now not in (row.work.print, row.work.next, plan.print, planned):
                text = (
                    f"{self.name}: {present.name} was changed since this was planned; look at the "
                    "change and take it into the article, or dismiss it"
                )
                raise PageEdited(text, system=self.name)
        if present.locked_by:
            text = (
                f"{self.name}: {present.locked_by} has {present.name} checked out; it is tried "
                "again later"
            )
            raise PageLocked(text, system=self.name)

    def _deleted(self, article: str) -> PageEdited:
        text = f"{self.name}: the page of {article} was deleted by hand since it was planned"
        return PageEdited(text, system=self.name)

    def _is_done(self, row: Row, page: SitePage, plan: _Plan, digest: str) -> bool:
        """Whether an earlier run left everything as it should be now, and nobody came since."""
        state = PUBLISHED if row.state == PENDING else row.state
        return (
            (state, row.digest, row.work.sent) == (plan.state, digest, plan.sent)
            and not row.work.next
            and self._print(page) == row.work.print
        )

    # -- writing ---------------------------------------------------------------------------------

    def _contents(
        self, page: ArticlePage, row: Row, plan: _Plan, open_file: OpenFile
    ) -> dict[str, tuple[bytes, str]]:
        """The files that are not there yet, read whole before anything is written."""
        if plan.state != PUBLISHED:
            return {}
        return {
            path: (content_of(file, open_file, self.name), file.media_type)
            for file in page.files
            if (path := _file_path(page.id, file)) not in row.work.files
        }

    def _announce(self, row: Row, present: SitePage | None, plan: _Plan) -> Row:
        """Say in the row what is there and what is about to be written, and which files may have
        to go after it. However many runs die one after another, the page is one of the two."""
        stale = {*row.work.files, *row.work.stale, *plan.files}
        work = msgspec.structs.replace(
            row.work,
            print=self._print(present) if present is not None else "",
            next=plan.print,
            files=tuple(path for path in row.work.files if path in plan.files),
            stale=tuple(sorted(stale)),
        )
        return self._rows.save(msgspec.structs.replace(row, work=work))

    def _carry_out(
        self, row: Row, present: SitePage | None, plan: _Plan, name: str, about: ArticlePage | None
    ) -> LivePage:
        if present is None:
            present = self._graph.add_page(name, plan.content)
            # Before an editor can see it: from then on it is listed, whatever happens to us.
            row = self._rows.save(msgspec.structs.replace(row, page=present.id))
        elif print_of(present, lambda value: value) != plan.sent:
            present = self._graph.change_page(present, plan.content)
        page = self._publish(present, plan)
        if self._addresses is not None:
            self._addresses[_path(page.web_url)] = row.article
        level = page.publishing_state.level
        state = PENDING if plan.state == PUBLISHED and level != "published" else plan.state
        for path in row.work.stale:
            if path not in plan.files and state != PENDING:
                self._graph.delete_file(self._rows.library()[0], path)
        work = Work(
            print=self._print(page),
            sent=plan.sent,
            files=plan.files,
            stale=row.work.stale if state == PENDING else (),
        )
        digest = about.digest if about is not None else row.digest
        row = msgspec.structs.replace(row, page=page.id, state=state, digest=digest, work=work)
        return self._whole(self._rows.save(row, about), page)

    def _publish(self, page: SitePage, plan: _Plan) -> SitePage:
        """The page read back, published where readers are to see it, or have seen it before."""
        is_for_readers = plan.state == PUBLISHED or page.was_published
        if is_for_readers and page.publishing_state.level in ("checkout", "draft"):
            self._graph.publish(page.id)
        return self._read_back(page.id)

    def _read_back(self, key: str) -> SitePage:
        page = self._graph.page(key)
        if page is None:
            text = f"{self.name}: the page was deleted while it was being written"
            raise PageEdited(text, system=self.name)
        return page

    # -- what check tells ------------------------------------------------------------------------

    def _rights(self) -> list[Finding]:
        """By the roles in a new token. What Sites.Selected opens is told by no token."""
        roles = token_roles(self._graph.tokens(True))
        if roles & {"Sites.ReadWrite.All", "Sites.Manage.All", "Sites.FullControl.All"}:
            return [self._ok(f"the app may write: {', '.join(sorted(roles))}")]
        if "Sites.Selected" in roles:
            return [self._ok("the app has Sites.Selected; the first page tells if it may write")]
        return [self._finding("error", "the app may not write to the site", GRANT)]

    def _ok(self, what: str) -> Finding:
        return Finding(level="ok", system=self.name, what=what)

    def _finding(self, level: str, what: str, fix: str) -> Finding:
        return Finding(level=level, system=self.name, what=what, fix=fix)


def _path(address: str) -> str:
    """The path of an address, unquoted, without what comes after it."""
    return unquote(urlsplit(address).path)


def _file_path(article: str, file: ArticleFile) -> str:
    """Where a file lies in Site Assets: other bytes lie elsewhere, so nobody sees half a change."""
    name = file.name.rpartition("/")[2].translate(_FORBIDDEN)
    return f"{_FOLDER}/{article}/{file.sha256[:12]}-{name}"
