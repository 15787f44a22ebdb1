"""The municipality's articles as files: a shared folder and its own, for the demo and the tests.

They lie in connector/sandbox/articles/: shared/ is the national text, local/ what Nordvang has of
its own and lays over it, local/.base/ the national text as it was when that was written. Wrong on
purpose, so that there is something to see: a few review dates are past; the national text of
"hjemmehjaelp" has changed where Nordvang has its own; who owns "hundeskov" has left.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from importlib.resources import as_file, files
from pathlib import Path

AUTHORED = date(2026, 11, 22)  # the day that the dates in the files are written for
_DATE = re.compile(r"^(review_by|valid_from|valid_to): (\d{4}-\d{2}-\d{2})$", re.MULTILINE)


def write_articles(folder: Path, today: date) -> None:
    """Write shared/ and local/ into `folder`, their dates as far from `today` as from AUTHORED.

    A file that is there is written anew; others stay. Raises OSError when it cannot be written.
    """
    later = today - AUTHORED
    with as_file(files("connector.sandbox") / "articles") as source:
        for path in sorted(source.rglob("*")):
            if path.is_dir():
                continue
            target = folder / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == ".md":
                text = path.read_text(encoding="utf-8")
                target.write_text(moved(text, later), encoding="utf-8", newline="\n")
            else:
                target.write_bytes(path.read_bytes())


def moved(text: str, later: timedelta) -> str:
    """An article with the dates of its front matter `later`; dates in its text stay."""
    head, mark, body = text.partition("\n---\n")

    def move(match: re.Match[str]) -> str:
        return f"{match[1]}: {date.fromisoformat(match[2]) + later}"

    return _DATE.sub(move, head) + mark + body
