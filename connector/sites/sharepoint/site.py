"""One SharePoint site as the sink needs it: rows, files, lists, each in one request.

A context of the library holds a queue of requests and may not be shared, so each thread has its
own. The library is imported at the first request, because that takes a second.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlsplit

import msgspec
import requests

from connector import __version__
from connector.errors import ConnectorError, Gone, Unavailable, Unclear
from connector.journaling.connection import Connection
from connector.journaling.remote import Remote
from connector.journaling.words import Words
from connector.sites.sharepoint.words import ListPlan

if TYPE_CHECKING:
    from office365.sharepoint.client_context import ClientContext
    from office365.sharepoint.files.file import File
    from office365.sharepoint.lists.list import List

T = TypeVar("T")
Tokens = Callable[[bool], str]
"""tokens(renew) -> a bearer token for SharePoint; anew when `renew` is true."""

_PAGE = 2_000  # rows a page; at most 5,000


class FileState(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it is there; `key` and `sha256` are empty until its columns are set."""

    size_bytes: int
    key: str
    sha256: str


class Site:
    """Signed in at `connection.url`. Safe from many threads."""

    def __init__(self, connection: Connection, words: Words, tokens: Tokens | None) -> None:
        self.name = connection.name
        self.url = connection.url.rstrip("/")
        self.words = words
        parts = urlsplit(self.url)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self.path = parts.path
        self._connection = connection
        self._tokens = tokens
        self._rules = Remote(self.url, name=self.name)
        self._local = threading.local()

    # -- the library ------------------------------------------------------------------------------

    def run(self, work: Callable[[ClientContext], T], *, writes: bool = False) -> T:
        """Do one thing with this thread's context. Raises our errors only.

        A form digest that has expired is renewed, and the same is sent again: nothing was done.
        """
        from connector.sites.sharepoint.line import DigestRefused

        for is_last in (False, True):
            context = self._context()
            try:
                return work(context)
            except DigestRefused:
                if is_last:
                    break
            except ConnectorError:
                raise
            # Whatever else comes from the library: it trips over answers it does not expect.
            except (
                requests.RequestException, AttributeError, LookupError, TypeError, ValueError,
                AssertionError, OverflowError, RuntimeError,
            ) as error:  # fmt: skip
                text = f"{self.name}: the answer is not understood ({type(error).__name__})"
                if writes:
                    text += "; it is looked for there"
                    raise Unclear(text, system=self.name) from error
                raise Unavailable(text, system=self.name) from error
            finally:
                self._settle(context)
            context.pending_request().invalidate_digest()
        raise Unavailable(f"{self.name}: SharePoint refuses its own form digest", system=self.name)

    def _settle(self, context: ClientContext) -> None:
        """A context that something is left in, after an error, is not used again."""
        if context.has_pending_request:
            self._local.context = None

    def _context(self) -> ClientContext:
        known: ClientContext | None = getattr(self._local, "context", None)
        if known is None:
            known = self._local.context = self._new_context()
            self._local.lists = {}
        return known

    def _new_context(self) -> ClientContext:
        from office365.sharepoint.client_context import ClientContext

        from connector.sites.sharepoint.line import Line, Session

        its = self._connection
        session = Session(self.origin, its.ca_bundle, its.adapter)
        if self._tokens is None:
            from requests_ntlm import HttpNtlmAuth

            # On the session: the library's own way sets 10 s for every request, and its own trust.
            session.auth = HttpNtlmAuth(its.user, its.secret)
        # "NONISV|organisation|app/version" as Microsoft asks for, to be told apart when throttling.
        organisation = self.words.text("connection", "organisation") or "Casethread"
        organisation = organisation.encode("ascii", "replace").decode()  # as headers have to be
        context = ClientContext(self.url)
        context.pending_request().transport = Line(
            session,
            self._rules,
            self._tokens,
            timeout_s=its.timeout_s,
            user_agent=f"NONISV|{organisation}|Casethread/{__version__}",
            full=self.words.list("errors", "full"),
        )
        return context

    # -- lists and rows -----------------------------------------------------------------------

    def list_url(self, plan: ListPlan) -> str:
        """Where a list is, relative to the server."""
        return f"{self.path}/{plan.path(self.words)}"

    def list_at(self, context: ClientContext, plan: ListPlan) -> List:
        """The list as an object of the library; nothing is asked."""
        return context.web.get_list(self.list_url(plan))

    def rows_with(
        self, plan: ListPlan, column: str, value: str, wanted: list[str]
    ) -> list[dict[str, Any]]:
        """At most five rows whose indexed column equals the value, as the database compares."""
        text = quote(value.replace("'", "''"), safe="'")

        def ask(context: ClientContext) -> list[dict[str, Any]]:
            items = self.list_at(context, plan).items
            found = items.filter(f"{column} eq '{text}'").select(wanted).top(5).get()
            return [_members(each, wanted) for each in found.execute_query()]

        return self.run(ask)

    def all_rows(self, plan: ListPlan, wanted: list[str]) -> Iterator[dict[str, Any]]:
        """Every row, by ID and in pages, which no threshold stops."""
        last = 0
        while True:

            def ask(context: ClientContext, after: int = last) -> list[dict[str, Any]]:
                items = self.list_at(context, plan).items
                page = items.filter(f"ID gt {after}").select(wanted).top(_PAGE).order_by("ID")
                return [_members(each, wanted) for each in page.get().execute_query()]

            rows = self.run(ask)
            yield from rows
            if len(rows) < _PAGE:
                return
            last = whole(rows[-1]["Id"])

    def typed_list(self, context: ClientContext, plan: ListPlan) -> List:
        """The list with its rows' type name known, which a write must name."""
        known: dict[str, List] = self._local.lists
        if plan.word not in known:
            found = self.list_at(context, plan).select(["ListItemEntityTypeFullName", "Id"])
            known[plan.word] = found.get().execute_query()
        return known[plan.word]

    def add_row(self, plan: ListPlan, values: Mapping[str, object]) -> None:
        """Make a row. Raises Taken when a unique value is there already."""

        def make(context: ClientContext) -> None:
            self.typed_list(context, plan).add_item(dict(values)).execute_query()

        self.run(make, writes=True)

    # -- files ------------------------------------------------------------------------------------

    def add_folder(self, path: str) -> None:
        """Make a folder; one that is there stays as it is."""
        self.run(lambda context: context.web.folders.add(path).execute_query(), writes=True)

    def add_file(self, folder: str, name: str, content: bytes, *, overwrite: bool) -> None:
        """Make a file. Raises Taken when it is there, Gone when the folder is not."""

        def make(context: ClientContext) -> None:
            there = context.web.get_folder_by_server_relative_url(folder)
            there.files.add(name, content, overwrite).execute_query()

        self.run(make, writes=True)

    def file(self, context: ClientContext, path: str) -> File:
        """A file of the library's object model."""
        return context.web.get_file_by_server_relative_url(path)

    def file_state(self, path: str) -> FileState | None:
        """The file as it is, None when there is none."""

        def ask(context: ClientContext) -> FileState:
            found = self.file(context, path).expand(["ListItemAllFields"]).get().execute_query()
            fields = found.listItemAllFields.properties
            return FileState(
                size_bytes=whole(found.properties["Length"]),
                key=str(fields.get("CtKey") or ""),
                sha256=str(fields.get("CtHash") or ""),
            )

        try:
            return self.run(ask)
        except Gone:
            return None

    def file_content(self, path: str) -> bytes:
        """Its bytes."""
        return self.run(
            lambda context: bytes(self.file(context, path).get_content().execute_query().value)
        )

    def set_file_columns(self, path: str, values: Mapping[str, str]) -> list[str]:
        """Set text columns of a file; gives those that SharePoint did not take, with its reason.

        It answers 200 all the same, and says by each column whether it was taken.
        """

        def change(context: ClientContext) -> list[str]:
            item = self.file(context, path).listItemAllFields
            answer = item.validate_update_list_item(dict(values), True).execute_query().value
            return [str(each.FieldName) for each in answer if each.HasException] or (
                [] if len(answer) == len(values) else sorted(values)
            )

        return self.run(change, writes=True)


def _members(item: Any, wanted: list[str]) -> dict[str, Any]:
    return {name: item.properties.get(name) for name in wanted}


def whole(value: Any) -> int:
    """A number of an answer, which may stand there as a text."""
    return int(str(value))
