"""What plone.restapi answers, as far as it is read here (plone.restapi 10.0, seen 2026-11-22)."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from connector.article import Signal


class Lock(msgspec.Struct, frozen=True):
    """Who holds the page open. Without a lock the names are not there."""

    locked: bool = False
    creator: str = ""
    creator_name: str = ""


class Text(msgspec.Struct, frozen=True):
    """A rich text, with the links as addresses."""

    data: str = ""


class Layout(msgspec.Struct, frozen=True):
    """The order of a page's blocks."""

    items: tuple[str, ...] = ()


class Blocks(msgspec.Struct, frozen=True):
    """The blocks of a page of Volto."""

    blocks: dict[str, dict[str, object]] = {}
    blocks_layout: Layout = Layout()


class TypeFields(msgspec.Struct, frozen=True):
    """The fields of a type."""

    properties: dict[str, msgspec.Raw] = {}


class Content(msgspec.Struct, frozen=True):
    """One object of the site. What a type does not have is absent or null."""

    url: str = msgspec.field(name="@id")
    type: str = msgspec.field(name="@type")
    uid: str = msgspec.field(name="UID", default="")
    id: str = ""
    title: str = ""
    description: str = ""
    review_state: str | None = None
    modified: str = ""
    effective: str | None = None
    lock: Lock = Lock()
    creators: tuple[str, ...] = ()
    article_id: str | None = None
    article_digest: str | None = None
    parts: str | None = None
    text: Text | None = None
    blocks: dict[str, dict[str, object]] | None = None
    blocks_layout: Layout | None = None


class Found(msgspec.Struct, frozen=True):
    """One hit of a search, with the columns of the catalog that were asked for."""

    url: str = msgspec.field(name="@id")
    type: str = msgspec.field(name="@type")
    uid: str = msgspec.field(name="UID", default="")
    id: str | None = msgspec.field(name="getId", default=None)
    title: str = ""
    review_state: str | None = None
    modified: str = ""
    creators: tuple[str, ...] | None = msgspec.field(name="listCreators", default=None)
    article_id: str | None = None
    article_digest: str | None = None


class Listing(msgspec.Struct, frozen=True):
    """One batch of a search."""

    items: tuple[Found, ...] = ()
    items_total: int = 0


class Addable(msgspec.Struct, frozen=True):
    """A type, and whether it may be added where it was asked for."""

    url: str = msgspec.field(name="@id")
    addable: bool = False

    @property
    def id(self) -> str:
        """ "Document"."""
        return self.url.rpartition("/")[2]


class Transition(msgspec.Struct, frozen=True):
    """A move of the workflow that is offered to us now."""

    url: str = msgspec.field(name="@id")

    @property
    def id(self) -> str:
        """ "publish"; titles are translated, ids are not."""
        return self.url.rpartition("/")[2]


class Moved(msgspec.Struct, frozen=True):
    """What a move of the workflow is answered with: the state after it."""

    review_state: str = ""


class Workflow(msgspec.Struct, frozen=True):
    """What may be done with a page."""

    transitions: tuple[Transition, ...] = ()


class Sharer(msgspec.Struct, frozen=True):
    """Somebody, or a group, with roles in one place: true, false, "acquired", "global"."""

    id: str = ""
    roles: dict[str, bool | str | None] = {}


class Sharing(msgspec.Struct, frozen=True):
    """Who has which role in one place."""

    entries: tuple[Sharer, ...] = ()


class CountedSignal(msgspec.Struct, frozen=True):
    """A count of the add-on's."""

    key: str
    kind: str
    day: date
    count: int = 1
    article: str = ""
    audience: str = "citizen"
    value: str = ""
    reason: str = ""
    at: datetime | None = None


class Counted(msgspec.Struct, frozen=True):
    """A batch of counts; `more` when the next can be had at once."""

    signals: tuple[CountedSignal, ...] = ()
    cursor: str = ""
    more: bool = False


def counted_signal(one: CountedSignal) -> Signal:
    """As the connector knows it."""
    return Signal(**msgspec.structs.asdict(one))


class Made(msgspec.Struct, frozen=True):
    """What a sign-in gives."""

    token: str


class Refusal(msgspec.Struct, frozen=True):
    """An error's body: some have `message`, some `error.message`, some nothing."""

    type: str = ""
    message: str = ""
    error: dict[str, object] = {}

    @property
    def said(self) -> str:
        """The message, whichever way it came."""
        return self.message or str(self.error.get("message", ""))

    @property
    def name(self) -> str:
        """The error's type: "BadRequest"."""
        return self.type or str(self.error.get("type", ""))


def moment(at: datetime | None) -> str | None:
    """A time as Plone takes it: with its offset, because it takes one without for UTC."""
    if at is None:
        return None
    if at.tzinfo is None:
        raise ValueError("a time without an offset")
    return at.isoformat(timespec="seconds")
