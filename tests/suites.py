"""Finds the subclasses of contract suites in the tests: no table of them is kept by hand."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.contracts.publisher import PublisherContract
from tests.contracts.register import RegisterContract
from tests.contracts.sink import SinkContract

TESTS = Path(__file__).parent
PAGES = TESTS.parent / "docs" / "systems"
_KINDS = {"folder": "folder-journal"}  # pages that are not named like the kind
# Kinds of sites for articles, which have no page of their own here.
_SITES = {
    "html_site": "A static folder",
    "plone": "Plone",
    "sharepoint_pages": "SharePoint pages",
}
_SUITES = re.compile(
    r"\b(SinkContract|SystemContract|RegisterContract|RegisterOf|PublisherContract)\b"
)


@dataclass(frozen=True)
class Suite:
    """One class of tests that an adapter is put through."""

    type: type
    kind: str  # the adapter's: "nova"

    @property
    def name(self) -> str:
        """What names it in a test's id: "nova:TestNovaSink"."""
        return f"{self.kind}:{self.type.__name__}"

    @property
    def file_name(self) -> str:
        """What a file about it is called, without suffix."""
        return self.name.replace(":", "-")

    @property
    def path(self) -> str:
        """Where another process finds it: "tests.test_nova:TestNovaSink"."""
        return f"{self.type.__module__}:{self.type.__name__}"

    @property
    def variant(self) -> str:
        """The class in words: "large files"."""
        words = re.findall(r"[A-Z][a-z0-9]*", self.type.__name__.removeprefix("Test"))
        return " ".join(words).lower()

    @property
    def system(self) -> str:
        """What the system is called, from the heading of its page; the kind without a page."""
        page = page_of(self.kind)
        if self.kind in _SITES:
            return _SITES[self.kind]
        if not page.is_file():
            return self.kind
        return page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")


def page_of(kind: str) -> Path:
    """The page about a kind of system; it need not be there."""
    return PAGES / f"{_KINDS.get(kind, kind)}.md"


def hooks_of(path: str) -> Any:
    """An object of a suite, for its hooks; its tests are not run and pytest knows nothing of it."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)()


def suites(contract: type) -> list[Suite]:
    """The classes that pytest collects and that subclass this contract, by file and place in it."""
    found = []
    for file in sorted(TESTS.glob("test_*.py")):
        if not _SUITES.search(file.read_text(encoding="utf-8")):
            continue
        module = importlib.import_module(f"tests.{file.stem}")
        found += [
            Suite(value, file.stem.removeprefix("test_"))
            for name, value in vars(module).items()
            if name.startswith("Test")
            and isinstance(value, type)
            and issubclass(value, contract)
            and value.__module__ == module.__name__
        ]
    return found


def sink_suites() -> list[Suite]:
    """Every sink's."""
    return suites(SinkContract)


def register_suites() -> list[Suite]:
    """Every case register's."""
    return suites(RegisterContract)


def publisher_suites() -> list[Suite]:
    """Every publisher's."""
    return suites(PublisherContract)
