"""What GetOrganized and its SharePoint answer, and what we call the places there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec


class Place(msgspec.Struct, frozen=True):
    """A case as a search finds it; `url` begins with "/" and ends without."""

    number: str
    url: str

    @property
    def folder(self) -> str:
        """A sub-case lies in a folder of its parent's library; "" for every other case."""
        parent = self.url.rsplit("/", 1)[-1]
        return self.number[len(parent) + 1 :] if self.number.startswith(f"{parent}-") else ""

    def library(self, name: str) -> str:
        """Where its documents lie, relative to the server."""
        return "/".join(filter(None, (self.url, name, self.folder)))


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A document of ours. `id` is None until the index knows it; `row` holds its metadata."""

    name: str
    url: str
    size_bytes: int
    at: datetime
    id: int | None
    row: Mapping[str, str]


class Found(msgspec.Struct):
    """A hit of a search for cases."""

    CaseID: str
    RelativeUrl: str | None = None
    ItemExists: bool = True


class Search(msgspec.Struct):
    """What a search for cases found."""

    CasesInfo: list[Found] | None = None


class Metadata(msgspec.Struct):
    """A row of metadata, XML in JSON."""

    Metadata: str


class Item(msgspec.Struct):
    """The list item of a file."""

    DocID: int | str | float | None = None


class File(msgspec.Struct):
    """A file of a library."""

    Name: str
    ServerRelativeUrl: str
    TimeCreated: str
    Length: int | str = 0
    ListItemAllFields: Item | None = None


class Files(msgspec.Struct):
    """The files of a folder."""

    value: list[File]


class Digest(msgspec.Struct):
    """What SharePoint's contextinfo says."""

    d: dict[str, dict[str, Any]]
