"""What a SharePoint site of the sandbox holds: pages with versions, a library of files, lists."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import nh3

from connector.sandbox.protocol import GraphError
from connector.sandbox.world import Json

# What the editor of a text web part knows. Everything else loses its tag and keeps its words; what
# is really taken away is not documented, so the box takes away more than is likely.
_TAGS = {
    "a", "blockquote", "br", "em", "h2", "h3", "h4", "li", "ol", "p", "pre", "s", "strong", "sub",
    "sup", "table", "tbody", "td", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}}
IMAGE = "d1d91016-032f-456d-98a4-721247c305e8"  # the image web part's type
APP: Json = {"application": {"id": "casethread-app", "displayName": "Casethread"}}
PERSON: Json = {"user": {"displayName": "Rikke Redaktør", "email": "rikke@nordvang.example"}}
_SHOWN = ("title", "description", "canvasLayout", "titleArea")


@dataclass(slots=True, kw_only=True)
class FakePage:
    """A page of the Site Pages library. `content` is the newest version, `shown` the published."""

    key: str
    name: str  # with its folder: "pas.aspx", "rejser/pas.aspx"
    content: Json
    shown: Json | None = None
    major: int = 0
    minor: int = 1
    etag: int = 1
    level: str = "checkout"
    held_by: Json | None = None
    changed_by: Json = field(default_factory=lambda: APP)
    changed_at: datetime = datetime(2026, 1, 5, 8, tzinfo=UTC)

    def change(self, values: Json, who: Json) -> None:
        """A new draft, which no reader sees."""
        self.content = {**self.content, **values}
        self.minor += 1
        self.etag += 1
        self.level, self.changed_by = "draft", who

    def publish(self) -> None:
        """The newest version is what readers see."""
        self.shown = self.content
        self.major, self.minor = self.major + 1, 0
        self.etag += 1
        self.level, self.held_by = "published", None


@dataclass(slots=True, kw_only=True)
class FakeTable:
    """A list: its columns by internal name, its rows by id."""

    key: str
    name: str  # in its address; the title may change
    title: str
    columns: dict[str, Json]
    rows: dict[str, Json] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Store:
    """One site. `needs_approval`: what is published waits for somebody."""

    path: str = "/sites/intranet"
    needs_approval: bool = False
    pages: dict[str, FakePage] = field(default_factory=dict)
    tables: dict[str, FakeTable] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)  # by path below Site Assets
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    # -- pages ----------------------------------------------------------------------------------

    def page(self, key: str) -> FakePage:
        """The page; 404 without."""
        if key not in self.pages:
            raise GraphError(404, "itemNotFound", "The resource could not be found.")
        return self.pages[key]

    def create(self, values: Json, who: Json = APP) -> FakePage:
        """A draft, checked out to whoever made it. A name that is taken gets a number."""
        if values.get("@odata.type") != "#microsoft.graph.sitePage":
            raise GraphError(400, "invalidRequest", "The request body must name its type.")
        name = str(values.get("name", ""))
        if not name.endswith(".aspx"):
            raise GraphError(400, "invalidRequest", "A page's name must end with .aspx.")
        stem, number = name.removesuffix(".aspx"), 0
        while any(page.name.lower() == name.lower() for page in self.pages.values()):
            number += 1
            name = f"{stem}{number}.aspx"
        made = FakePage(
            key=str(uuid.uuid4()),
            name=name,
            content=cleaned(values),
            held_by=who,
            changed_by=who,
            changed_at=self.clock(),
        )
        self.pages[made.key] = made
        return made

    def update(self, page: FakePage, values: Json, if_match: str, who: Json = APP) -> None:
        """Change a page's newest version; refused while somebody else holds it."""
        self._require_free(page, who)
        if if_match and if_match != etag(page):
            raise GraphError(412, "resourceModified", "The resource has changed; an eTag mismatch.")
        page.change(cleaned(values), who)
        page.changed_at = self.clock()

    def publish(self, page: FakePage, who: Json = APP) -> None:
        """Publish it, or let it wait for approval."""
        self._require_free(page, who)
        page.held_by = None
        if self.needs_approval:
            page.level = "pending"
        else:
            page.publish()

    def approve(self, page: FakePage) -> None:
        """Somebody approves what waits."""
        page.publish()

    @staticmethod
    def _require_free(page: FakePage, who: Json) -> None:
        if page.held_by is not None and page.held_by != who:
            name = page.held_by["user"]["displayName"]
            raise GraphError(423, "resourceLocked", f"The file is checked out by {name}.")

    # -- lists ----------------------------------------------------------------------------------

    def table(self, key: str) -> FakeTable:
        """A list by its id or its title; 404 without."""
        for table in self.tables.values():
            if key in (table.key, table.title):
                return table
        raise GraphError(404, "itemNotFound", "The specified list was not found.")

    def add_table(self, values: Json) -> FakeTable:
        """Make a list with its columns."""
        title = str(values["displayName"])
        if any(title in (table.title, table.name) for table in self.tables.values()):
            raise GraphError(409, "nameAlreadyExists", "Name already exists.")
        columns = {str(each["name"]): each for each in values.get("columns", ())}
        made = FakeTable(key=str(uuid.uuid4()), name=title, title=title, columns=columns)
        self.tables[made.key] = made
        return made

    def set_row(self, table: FakeTable, key: str, fields: Json) -> Json:
        """Make a row, or change one; a unique value that is there already is refused."""
        for name, value in fields.items():
            column = table.columns.get(name)
            if column is None and name != "Title":
                raise GraphError(400, "invalidRequest", f"Field '{name}' is not recognized")
            if column and column.get("enforceUniqueValues"):
                self._require_new(table, key, name, value)
            if column and "text" in column and not column["text"].get("allowMultipleLines"):
                self._require_short(value)
        table.rows[key] = {**table.rows.get(key, {}), **fields}
        return table.rows[key]

    @staticmethod
    def _require_new(table: FakeTable, key: str, name: str, value: Any) -> None:
        if any(row.get(name) == value for other, row in table.rows.items() if other != key):
            raise GraphError(409, "nameAlreadyExists", "The value is in the list already.")

    @staticmethod
    def _require_short(value: Any) -> None:
        if len(str(value or "")) > 255:
            raise GraphError(400, "invalidRequest", "A value is longer than 255 characters.")


def etag(page: FakePage) -> str:
    """The page's eTag, with its quotes, as Graph writes it."""
    return f'"{{{page.key.upper()}}},{page.etag}"'


def cleaned(values: Json) -> Json:
    """What SharePoint keeps of a page that was sent: text web parts lose what it does not know."""
    kept = {name: values[name] for name in _SHOWN if name in values}
    for part in parts_of(kept):
        if "innerHtml" in part:
            part["innerHtml"] = nh3.clean(
                str(part["innerHtml"]), tags=_TAGS, attributes=_ATTRIBUTES, link_rel=None
            )
        elif part.get("webPartType") != IMAGE:
            raise GraphError(400, "invalidRequest", "The web part is not supported.")
    return kept


def parts_of(content: Json) -> list[Json]:
    """The web parts of a page's content, in their order."""
    layout = content.get("canvasLayout") or {}
    return [
        part
        for section in layout.get("horizontalSections", ())
        for column in section.get("columns", ())
        for part in column.get("webparts", ())
    ]
