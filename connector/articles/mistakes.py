"""What is wrong in an article's file: where, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from connector import locale

ERROR, WARNING = "error", "warning"


class Mistake(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is wrong in one article. An error keeps this article from being published.

    `key` is the end of a word key: "no_owner" is told by "article.mistake.no_owner".
    """

    article: str  # id; "" when the file does not tell it
    path: str
    line: int  # from 1; 0 for the file as a whole
    level: str  # ERROR or WARNING
    key: str
    values: dict[str, str] = {}

    def text(self, language: str) -> str:
        """What is wrong and what to write, in one or two sentences."""
        return locale.text(f"article.mistake.{self.key}", language, **self.values)

    def place(self) -> str:
        """ "artikler/pas.md:12"."""
        return f"{self.path}:{self.line}" if self.line else self.path


def in_order(found: Iterable[Mistake]) -> tuple[Mistake, ...]:
    """As they are told: by file and line."""
    return tuple(sorted(found, key=lambda one: (one.path, one.line, one.key)))


def error(article: str, path: str, line: int, key: str, /, **values: str) -> Mistake:
    """A mistake that blocks publishing."""
    return Mistake(article=article, path=path, line=line, level=ERROR, key=key, values=values)


def warning(article: str, path: str, line: int, key: str, /, **values: str) -> Mistake:
    """Something to look at, that blocks nothing."""
    return Mistake(article=article, path=path, line=line, level=WARNING, key=key, values=values)
