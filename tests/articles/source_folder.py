"""Folders of articles for tests: a local one, and a national one under it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from connector.articles.checking import check
from connector.articles.reading import Folders, Library, Mistake, read

TODAY = date(2026, 11, 22)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
FIELDS = {
    "title": "Meld flytning",
    "summary": "Du skal melde flytning.",
    "unit": "Borgerservice",
    "owner": "hanne.holm@kommunen.example",
    "review_by": "2027-06-01",
}


def text_of(body: str = "Tekst.", **fields: str) -> str:
    """An article's file: the usual fields, and those given; one that is "" is left out."""
    lines = [f"{name}: {value}" for name, value in {**FIELDS, **fields}.items() if value]
    return "---\n" + "\n".join(lines) + f"\n---\n\n{body}\n"


class Source:
    """The two folders of one test."""

    def __init__(self, folder: Path) -> None:
        self.local = folder / "local"
        self.shared = folder / "shared"
        self.local.mkdir()
        self.shared.mkdir()
        self.folders = Folders(self.local, self.shared)

    def write(self, name: str, text: str | bytes) -> Path:
        """A file in the local folder."""
        path = self.local / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def article(self, id: str = "flytning", body: str = "Tekst.", **fields: str) -> Path:
        """A local article in the file ID.md."""
        return self.write(f"{id}.md", text_of(body, id=id, **fields))

    def national(self, body: str, id: str = "flytning", **fields: str) -> Path:
        """A national article."""
        path = self.shared / f"{id}.md"
        path.write_text(text_of(body, id=id, **fields), encoding="utf-8")
        return path

    def base(self, body: str, id: str = "flytning", **fields: str) -> Path:
        """The national text that the overlay was written for."""
        return self.write(f".base/{id}.md", text_of(body, id=id, **fields))

    def overlay(self, body: str, id: str = "flytning", **fields: str) -> Path:
        """A local text laid over a national one."""
        head = {"overlays": id, **fields}
        lines = "\n".join(f"{name}: {value}" for name, value in head.items())
        return self.write(f"over-{id}.md", f"---\n{lines}\n---\n\n{body}\n")

    def read(self) -> Library:
        return read(self.folders)

    def check(self) -> tuple[Mistake, ...]:
        return check(self.read(), TODAY)


def keys(mistakes: Sequence[Mistake]) -> list[str]:
    """What is wrong, as word keys."""
    return [each.key for each in mistakes]


def one(mistakes: Sequence[Mistake], key: str) -> Mistake:
    """The only mistake of this key; fails when there is none or several."""
    found = [each for each in mistakes if each.key == key]
    assert len(found) == 1, [(each.key, each.line) for each in mistakes]
    return found[0]


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """Two empty folders."""
    return Source(tmp_path)
