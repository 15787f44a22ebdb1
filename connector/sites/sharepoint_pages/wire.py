"""What Graph answers about pages, lists and rows, as far as it is read.

Source: Microsoft Graph, "sitePage resource type", "publicationFacet resource type", "List items in
a list", read 2026-11-22.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class _Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    pass


class Account(_Wire, frozen=True, kw_only=True):
    display_name: str | None = None
    email: str | None = None


class Who(_Wire, frozen=True, kw_only=True):
    """Somebody, or an app."""

    user: Account | None = None
    application: Account | None = None

    @property
    def name(self) -> str:
        """A name for people to read."""
        for account in (self.user, self.application):
            if account is not None and (account.display_name or account.email):
                return account.display_name or account.email or ""
        return ""

    @property
    def is_person(self) -> bool:
        """An app has no address, whatever it is shown as."""
        return self.user is not None and bool(self.user.email)


class Publishing(_Wire, frozen=True, kw_only=True):
    """`level` is published, checkout, draft, or what an approval makes it wait as."""

    level: str = ""
    version_id: str = "0.0"
    checked_out_by: Who | None = None


class Image(_Wire, frozen=True, kw_only=True):
    value: str = ""


class Processed(_Wire, frozen=True, kw_only=True):
    image_sources: list[Image] = []


class Properties(_Wire, frozen=True, kw_only=True):
    alt_text: str | None = None
    caption_text: str | None = None


class PartData(_Wire, frozen=True, kw_only=True):
    title: str | None = None
    properties: Properties | None = None
    server_processed_content: Processed | None = None


class WebPart(_Wire, frozen=True, kw_only=True):
    id: str | None = None
    inner_html: str | None = None
    web_part_type: str | None = None
    data: PartData | None = None


class Column(_Wire, frozen=True, kw_only=True):
    webparts: list[WebPart] = []


class Section(_Wire, frozen=True, kw_only=True):
    columns: list[Column] = []


class Canvas(_Wire, frozen=True, kw_only=True):
    horizontal_sections: list[Section] | None = None
    vertical_section: Column | None = None


class SitePage(_Wire, frozen=True, kw_only=True):
    """A page; `canvas_layout` only where it was asked for. `title_area` is given back as it is."""

    id: str
    name: str = ""
    web_url: str = ""
    title: str | None = None
    description: str | None = None
    e_tag: str = ""
    last_modified_date_time: datetime | None = None
    last_modified_by: Who | None = None
    publishing_state: Publishing = Publishing()
    canvas_layout: Canvas | None = None
    title_area: dict[str, Any] | None = None

    @property
    def was_published(self) -> bool:
        """Whether readers have ever seen a version of it."""
        return not self.publishing_state.version_id.startswith("0.")

    @property
    def locked_by(self) -> str:
        """The name of the editor who has checked it out; "" when nobody, or an app, has."""
        holder = self.publishing_state.checked_out_by
        return (holder.name or "?") if holder is not None and holder.is_person else ""

    @property
    def web_parts(self) -> list[WebPart]:
        """Its web parts, in their order; those beside the text last."""
        canvas = self.canvas_layout or Canvas()
        columns = [
            column for section in canvas.horizontal_sections or () for column in section.columns
        ]
        if canvas.vertical_section is not None:
            columns.append(canvas.vertical_section)
        return [part for column in columns for part in column.webparts]


class SiteInfo(_Wire, frozen=True, kw_only=True):
    id: str
    web_url: str = ""


class ListInfo(_Wire, frozen=True, kw_only=True):
    id: str
    web_url: str = ""


class Item(_Wire, frozen=True, kw_only=True):
    id: str
    fields: dict[str, Any] = {}


class Listing(msgspec.Struct, frozen=True):
    """One page of any listing; its rows are read by whoever asked."""

    value: list[msgspec.Raw] = []
    next_link: str = msgspec.field(default="", name="@odata.nextLink")
