"""The words of mappings/sharepoint.toml, and the columns that Casethread's lists have. Pure."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

import msgspec

from connector.journaling.words import Row, Words

KIND = "sharepoint"


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A column by its internal name, which never changes; people see a label of the mapping.

    `kind` is SharePoint's: Text (255 characters), Note, DateTime, Number, Boolean, URL.
    """

    name: str
    kind: str = "Text"
    is_indexed: bool = False
    is_unique: bool = False

    @property
    def key(self) -> str:
        """The label's key under [columns]."""
        return self.name.removeprefix("Ct").lower()

    def schema(self, label: str) -> str:
        """Its schema. Unique values need an index, and an index is made with the list."""
        more = {
            "Note": ' NumLines="6" RichText="FALSE"',
            "Text": ' MaxLength="255"',
            "DateTime": ' Format="DateTime"',
            "URL": ' Format="Hyperlink"',
        }.get(self.kind, "")
        if self.is_indexed:
            more += ' Indexed="TRUE"'
        if self.is_unique:
            more += ' EnforceUniqueValues="TRUE"'
        return (
            f'<Field Type="{self.kind}" Name="{self.name}" StaticName="{self.name}" '
            f"DisplayName={quoteattr(label)}{more} />"
        )


class ListPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A list that Casethread needs. `word` is its name's key under [lists]."""

    word: str
    is_library: bool
    columns: tuple[Column, ...]

    @property
    def template(self) -> int:
        """SharePoint's number of the kind of list."""
        return 101 if self.is_library else 100

    def path(self, words: Words) -> str:
        """Its address below the site."""
        name = words.text("lists", self.word)
        return name if self.is_library else f"Lists/{name}"


ENTRIES = ListPlan(
    word="entries",
    is_library=False,
    columns=(
        Column(name="CtKey", is_indexed=True, is_unique=True),
        Column(name="CtKind", is_indexed=True),
        Column(name="CtCase", is_indexed=True),
        Column(name="CtStarted", kind="DateTime", is_indexed=True),
        Column(name="CtDirection"),
        Column(name="CtDuration", kind="Number"),
        Column(name="CtParties", kind="Note"),
        Column(name="CtLink", kind="URL"),
        Column(name="CtVersion", kind="Number"),
        Column(name="CtVoid", kind="Boolean", is_indexed=True),
        Column(name="CtReason", kind="Note"),
        Column(name="CtPrevious", is_indexed=True),
        Column(name="CtHash"),
        Column(name="CtFiles", kind="Number"),
    ),
)
DOCUMENTS = ListPlan(
    word="documents",
    is_library=True,
    columns=(
        Column(name="CtKey", is_indexed=True),
        Column(name="CtCase", is_indexed=True),
        Column(name="CtHash"),
    ),
)
PRESENCE = ListPlan(
    word="presence",
    is_library=False,
    columns=(
        Column(name="CtPerson", is_indexed=True, is_unique=True),
        Column(name="CtUpn", is_indexed=True),
        Column(name="CtDepartment", is_indexed=True),
        Column(name="CtAvailability", is_indexed=True),
        Column(name="CtActivity"),
        Column(name="CtAway", kind="Boolean"),
        Column(name="CtMessage", kind="Note"),
        Column(name="CtSeen", kind="DateTime"),
    ),
)
PLANS = (DOCUMENTS, ENTRIES)  # in the order of making them: the entries last
_KEYS = tuple(
    dict.fromkeys(column.key for plan in (ENTRIES, DOCUMENTS, PRESENCE) for column in plan.columns)
)

WORDS: tuple[Row, ...] = (
    Row("connection", "sign_in", "choice", "certificate", choices=("certificate", "ntlm")),
    Row("connection", "organisation", "text", ""),
    Row("lists", "entries", "text", "Casethread"),
    Row("lists", "documents", "text", "CasethreadFiles"),
    Row("lists", "presence", "text", "CasethreadPresence"),
    Row("lists", "make", "flag", True),
    Row("columns", "", "text", each=_KEYS),
    Row("documents", "part_bytes", "integer", 10_485_760, low=1, high=262_144_000),
    Row("documents", "most_bytes", "integer", 2_147_483_647, low=1, high=250 << 30),
    Row("limits", "title", "integer", 255, low=20, high=255),
    Row("limits", "note", "integer", 60_000, low=100, high=63_999),
    Row("presence", "publish", "flag", False),
    Row("presence", "batch", "flag", True),
    Row("errors", "full", "list", ("-2147023080", "0x80070718", "0x80070070", "storage quota")),
)


def label(words: Words, column: Column) -> str:
    """What people see above a column."""
    return words.text("columns", column.key)
