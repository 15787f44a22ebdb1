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
from connector.sites.sharepoint.words import Column, ListPlan

if TYPE_CHECKING:
    from office365.sharepoint.client_context import ClientContext
    from office365.sharepoint.fields.field import Field
    from office365.sharepoint.files.file import File
    from office365.sharepoint.lists.list import List

T = TypeVar("T")
Tokens = Callable[[bool], str]
"""tokens(renew) -> a bearer token for SharePoint; anew when `renew` is true."""

_PAGE = 2_000  # rows a page; at most 5,000
_INTERNAL_NAME = 8  # AddFieldInternalNameHint: else the display name becomes the internal one


class ListState(msgspec.Struct, frozen=True, kw_only=True):
    """A list as it is there. `rights` is SPBasePermissions, its lower 32 bits."""

    item_count: int
    rights: int


class ColumnState(msgspec.Struct, frozen=True, kw_only=True):
    """A column as it is there."""

    name: str
    kind: str
    is_indexed: bool
    is_unique: bool
    is_required: bool


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

    def rights(self) -> int:
        """What the account may do on the site: SPBasePermissions, its lower 32 bits."""

        def ask(context: ClientContext) -> int:
            found = context.web.select(["EffectiveBasePermissions"]).get().execute_query()
            return _whole(found.properties["EffectiveBasePermissions"].Low)

        return self.run(ask)

    def used(self) -> float:
        """The part of the site's storage quota that is used, from 0 to 1."""

        def ask(context: ClientContext) -> float:
            usage = context.site.select(["Usage"]).get().execute_query().properties["Usage"]
            return float(getattr(usage, "StoragePercentageUsed", 0) or 0)

        return self.run(ask)

    # -- lists ------------------------------------------------------------------------------------

    def list_url(self, plan: ListPlan) -> str:
        """Where a list is, relative to the server."""
        return f"{self.path}/{plan.path(self.words)}"

    def _list(self, context: ClientContext, plan: ListPlan) -> List:
        return context.web.get_list(self.list_url(plan))

    def list_state(self, plan: ListPlan) -> ListState | None:
        """The list as it is, None when there is none (or it is hidden from the account)."""

        def ask(context: ClientContext) -> ListState:
            names = ["ItemCount", "EffectiveBasePermissions"]
            found = self._list(context, plan).select(names).get().execute_query()
            rights = _whole(found.properties["EffectiveBasePermissions"].Low)
            return ListState(item_count=_whole(found.properties["ItemCount"]), rights=rights)

        try:
            return self.run(ask)
        except Gone:
            return None

    def add_list(self, plan: ListPlan) -> None:
        """Make a list without columns."""
        from office365.sharepoint.lists.creation_information import ListCreationInformation

        def make(context: ClientContext) -> None:
            title = self.words.text("lists", plan.word)
            asked = ListCreationInformation(Title=title, BaseTemplate=plan.template)  # type: ignore[arg-type]
            context.web.lists.add(asked).execute_query()

        self.run(make, writes=True)

    def columns(self, plan: ListPlan) -> dict[str, ColumnState]:
        """The columns of a list by their internal names."""

        def ask(context: ClientContext) -> dict[str, ColumnState]:
            found = self._list(context, plan).fields.get().execute_query()
            states = (_column_state(each.properties) for each in found)
            return {each.name: each for each in states}

        return self.run(ask)

    def add_column(self, plan: ListPlan, column: Column, label: str) -> None:
        """Make a column, with its index."""
        from office365.runtime.queries.service_operation import ServiceOperationQuery
        from office365.sharepoint.fields.xmlSchemaFieldCreationInformation import (
            XmlSchemaFieldCreationInformation,
        )

        def make(context: ClientContext) -> None:
            fields = self._list(context, plan).fields
            asked = XmlSchemaFieldCreationInformation(column.schema(label), _INTERNAL_NAME)
            context.add_query(
                ServiceOperationQuery(fields, "CreateFieldAsXml", None, asked, "parameters")
            )
            context.execute_query()

        self.run(make, writes=True)

    def change_column(self, plan: ListPlan, column: Column) -> None:
        """Give a column that is there its index, and its unique values."""

        def change(context: ClientContext) -> None:
            field: Field = self._list(context, plan).fields.get_by_internal_name_or_title(
                column.name
            )
            field.set_property("Indexed", column.is_indexed)  # type: ignore[no-untyped-call]
            if column.is_unique:
                field.set_property("EnforceUniqueValues", True)  # type: ignore[no-untyped-call]
            field.update().execute_query()

        self.run(change, writes=True)

    # -- rows -------------------------------------------------------------------------------------

    def rows_with(
        self, plan: ListPlan, column: str, value: str, wanted: list[str]
    ) -> list[dict[str, Any]]:
        """At most five rows whose indexed column equals the value, as the database compares."""
        text = quote(value.replace("'", "''"), safe="'")

        def ask(context: ClientContext) -> list[dict[str, Any]]:
            items = self._list(context, plan).items
            found = items.filter(f"{column} eq '{text}'").select(wanted).top(5).get()
            return [_members(each, wanted) for each in found.execute_query()]

        return self.run(ask)

    def all_rows(self, plan: ListPlan, wanted: list[str]) -> Iterator[dict[str, Any]]:
        """Every row, by ID and in pages, which no threshold stops."""
        last = 0
        while True:

            def ask(context: ClientContext, after: int = last) -> list[dict[str, Any]]:
                items = self._list(context, plan).items
                page = items.filter(f"ID gt {after}").select(wanted).top(_PAGE).order_by("ID")
                return [_members(each, wanted) for each in page.get().execute_query()]

            rows = self.run(ask)
            yield from rows
            if len(rows) < _PAGE:
                return
            last = _whole(rows[-1]["Id"])

    def typed_list(self, context: ClientContext, plan: ListPlan) -> List:
        """The list with its rows' type name known, which a write must name."""
        known: dict[str, List] = self._local.lists
        if plan.word not in known:
            found = self._list(context, plan).select(["ListItemEntityTypeFullName", "Id"])
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
                size_bytes=_whole(found.properties["Length"]),
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


def _whole(value: Any) -> int:
    return int(str(value))


def _column_state(properties: Mapping[str, Any]) -> ColumnState:
    return ColumnState(
        name=str(properties["InternalName"]),
        kind=str(properties.get("TypeAsString") or ""),
        is_indexed=properties.get("Indexed") is True,
        is_unique=properties.get("EnforceUniqueValues") is True,
        is_required=properties.get("Required") is True,
    )
