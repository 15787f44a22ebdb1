"""What a SharePoint site of the sandbox holds: lists with columns and rows, and files in folders.

Sources: Microsoft, "Manage large lists and libraries", "SharePoint limits" and "Working with lists
and list items with REST", read 2026-11-22; error codes as they stand in issue threads of
vgrem/office365-rest-python-client and pnp/pnpjs. Codes marked (made up) are shown nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from xml.etree import ElementTree

from connector.sandbox.world import Json

THRESHOLD = 5_000
MOST_FOR_NEW_INDEX = 20_000
MOST_INDEXES = 20
GENERIC, LIBRARY = 100, 101
_EQUALS = re.compile(r"(?P<name>\w+) eq '(?P<text>(?:[^']|'')*)'")
_ABOVE = re.compile(r"I[dD] gt (?P<id>\d+)")


class Refused(Exception):
    """An error of SharePoint: status, "hresult, .NET type" and a sentence."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


NOT_FOUND = (404, "-2147024894, System.IO.FileNotFoundException")
THROTTLED_QUERY = (500, "-2147024860, Microsoft.SharePoint.SPQueryThrottledException")
DUPLICATE = (400, "-2130575169, Microsoft.SharePoint.SPDuplicateValuesFoundException")
FILE_EXISTS = (400, "-2130575257, Microsoft.SharePoint.SPException")
BAD_QUERY = (400, "-1, Microsoft.SharePoint.Client.InvalidClientQueryException")
DENIED = (403, "-2147024891, System.UnauthorizedAccessException")
OTHER = "-2146232832, Microsoft.SharePoint.SPException"


@dataclass
class Column:
    """A column by its internal name."""

    name: str
    kind: str = "Text"
    title: str = ""
    is_indexed: bool = False
    is_unique: bool = False
    max_length: int = 255


@dataclass
class FakeList:
    """A list or library. `url` begins with "/" and is relative to the server."""

    url: str
    title: str
    template: int
    columns: dict[str, Column] = field(default_factory=dict)
    rows: dict[int, Json] = field(default_factory=dict)
    last_id: int = 0

    @property
    def item_type(self) -> str:
        """ListItemEntityTypeFullName."""
        name = self.url.rpartition("/")[2].replace(" ", "_x0020_")
        return f"SP.Data.{name}{'Item' if self.template == LIBRARY else 'ListItem'}"

    def column(self, name: str) -> Column:
        """The column of exactly this internal name."""
        if name not in self.columns:
            raise Refused(400, "-1, Microsoft.SharePoint.SPException",
                          f"The field or property '{name}' does not exist.")  # fmt: skip
        return self.columns[name]

    def query(self, condition: str, order: str) -> list[Json]:
        """The rows that fit, by ID. A scan of more than 5,000 rows is refused."""
        found: Iterable[Json] = (self.rows[each] for each in sorted(self.rows))
        is_large = len(self.rows) > THRESHOLD
        if match := _EQUALS.fullmatch(condition):
            column = self.column(match["name"])
            if is_large and not column.is_indexed:
                self._refuse_scan()
            wanted = match["text"].replace("''", "'").casefold()  # the database ignores case
            found = [row for row in found if str(row.get(column.name) or "").casefold() == wanted]
            if len(found) > THRESHOLD:
                self._refuse_scan()
        elif match := _ABOVE.fullmatch(condition):
            found = [row for row in found if row["Id"] > int(match["id"])]
        elif condition:
            raise Refused(*BAD_QUERY, f'The expression "{condition}" is not valid.')
        name = order.split(" ")[0]
        if name and name.upper() != "ID":
            if is_large and not self.column(name).is_indexed:
                self._refuse_scan()
            found = sorted(found, key=lambda row: str(row.get(name)))
        return list(found)

    def _refuse_scan(self) -> None:
        text = "The attempted operation is prohibited because it exceeds the list view threshold."
        raise Refused(*THROTTLED_QUERY, text)

    def add_column(self, xml: str, options: int, named: str = "") -> Column:
        """A new column from its schema. Without option 8 its display name becomes its name."""
        schema = ElementTree.fromstring(xml)  # noqa: S314  the sandbox reads what tests sent
        title = schema.get("DisplayName", "")
        name = schema.get("Name", "") if options & 8 else re.sub(r"\W", "_x0020_", title)
        if name in self.columns:
            raise Refused(500, "-2130575276, Microsoft.SharePoint.SPException",
                          "A duplicate field name was found.")  # fmt: skip
        made = Column(name, schema.get("Type", "Text"), title or named)
        made.max_length = int(schema.get("MaxLength", "255"))
        if schema.get("Indexed") == "TRUE":
            self.index(made)
        made.is_unique = schema.get("EnforceUniqueValues") == "TRUE"
        if made.is_unique and not made.is_indexed:
            raise Refused(500, OTHER, "This field must be indexed to enforce unique values.")
        self.columns[name] = made
        return made

    def index(self, column: Column) -> None:
        """Index a column, where the size of the list still allows it."""
        if column.kind == "Note":
            raise Refused(500, OTHER, "This field cannot be indexed.")
        if len(self.rows) > MOST_FOR_NEW_INDEX:
            self._refuse_scan()
        if sum(each.is_indexed for each in self.columns.values()) >= MOST_INDEXES:
            raise Refused(500, OTHER, "The list has the most indices allowed.")  # (made up)
        column.is_indexed = True

    def check(self, values: Json, but: int = 0) -> None:
        """Raises Refused for values that the columns do not take."""
        for name, value in values.items():
            column = self.column(name)
            wrong = (
                (column.kind == "Text" and len(_utf16(value)) > 2 * column.max_length)
                or (column.kind == "Number" and not isinstance(value, int | float))
                or (column.kind == "Boolean" and not isinstance(value, bool))
                or (column.kind == "DateTime" and not _is_time(value))
                or (column.kind == "URL" and len(str(_url(value))) > 255)
            )
            if value is not None and wrong:
                raise Refused(400, "-2147467261, Microsoft.SharePoint.SPInvalidFieldValue",
                              f"The value of {name} is invalid.")  # fmt: skip
            if column.is_unique and value and self._has(name, str(value), but):
                text = "The list item could not be added or updated: duplicate values were found."
                raise Refused(*DUPLICATE, text)

    def _has(self, name: str, value: str, but: int) -> bool:
        wanted = value.casefold()
        return any(
            str(row.get(name) or "").casefold() == wanted
            for number, row in self.rows.items()
            if number != but
        )

    def add_row(self, values: Json, now: datetime) -> Json:
        """A new row; its ID is never given again."""
        self.check(values)
        self.last_id += 1
        blank = dict.fromkeys(self.columns)
        row: Json = {**blank, **values, "Id": self.last_id, "ID": self.last_id}
        row["Created"] = row["Modified"] = f"{now:%Y-%m-%dT%H:%M:%SZ}"
        self.rows[self.last_id] = row
        return row


@dataclass
class FakeFile:
    """A file of a library; `item` is its row there."""

    url: str
    content: bytes
    created_at: datetime
    library: FakeList
    item: int
    upload: str = ""  # the session under way
    coming: bytes = b""  # its parts, not yet the file's


class Store:
    """Lists, folders and files of one site; `url` is the site, relative to the server."""

    def __init__(self, url: str = "/sites/journal") -> None:
        self.url = url
        self.lists: dict[str, FakeList] = {}
        self.folders: set[str] = {url.lower()}
        self.files: dict[str, FakeFile] = {}
        self.clock: Callable[[], datetime] = lambda: datetime(2026, 11, 20, 15, 0, tzinfo=UTC)

    def list_at(self, url: str) -> FakeList:
        """The list at this address."""
        found = self.lists.get(url.lower())
        if found is None:
            raise Refused(*NOT_FOUND, "File Not Found.")
        return found

    def add_list(self, title: str, template: int) -> FakeList:
        """A new list; its address is made of the title it has now."""
        if any(each.title.lower() == title.lower() for each in self.lists.values()):
            raise Refused(500, "-2130575342, Microsoft.SharePoint.SPException",
                          "A list with the specified title already exists.")  # fmt: skip
        if template not in (GENERIC, LIBRARY):
            raise Refused(500, OTHER, "Invalid list template.")
        where = f"{self.url}/{'Lists/' if template == GENERIC else ''}{title}"
        made = FakeList(where, title, template)
        made.columns["Title"] = Column("Title", title="Title")
        if template == LIBRARY:
            self.folders.add(where.lower())
        self.lists[where.lower()] = made
        return made

    def add_folder(self, url: str) -> None:
        """A new folder; one that is there stays as it is."""
        if url.rpartition("/")[0].lower() not in self.folders:
            raise Refused(*NOT_FOUND, "File Not Found.")
        self.folders.add(url.lower())

    def file(self, url: str) -> FakeFile:
        """The file at this address."""
        found = self.files.get(url.lower())
        if found is None:
            raise Refused(*NOT_FOUND, "File Not Found.")
        return found

    def add_file(self, folder: str, name: str, content: bytes, overwrite: bool) -> FakeFile:
        """A file, new or with new content."""
        if folder.lower() not in self.folders:
            raise Refused(*NOT_FOUND, "File Not Found.")
        if re.search(r'["*:<>?/\\|]', name) or name != name.strip() or not name:
            raise Refused(400, OTHER, "The file or folder name contains characters not permitted.")
        url = f"{folder}/{name}"
        known = self.files.get(url.lower())
        if known is not None:
            if not overwrite:
                raise Refused(*FILE_EXISTS, f"A file with the name {url} already exists.")
            known.content = content
            return known
        library = next(
            each
            for each in self.lists.values()
            if f"{folder.lower()}/".startswith(f"{each.url.lower()}/")
        )
        row = library.add_row({}, self.clock())
        made = FakeFile(url, content, self.clock(), library, row["Id"])
        self.files[url.lower()] = made
        return made


def _utf16(value: object) -> bytes:
    return str(value).encode("utf-16-le", "surrogatepass")


def _url(value: object) -> object:
    return value.get("Url", "") if isinstance(value, dict) else ""


def _is_time(value: object) -> bool:
    return isinstance(value, str) and bool(
        re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value)
    )
