"""Parsed sections, kept between runs by the hash of their text: most of a reading is parsing.

It is only speed. A file that is missing, damaged, of another release or not to be written changes
nothing but the time. Measured with 1,000 articles of five sections: a tenth of the time.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
from contextlib import suppress
from pathlib import Path

import msgspec

from connector.articles import markdown
from connector.articles.markdown import Parsed, parse
from connector.durable import replace_durable
from connector.typed import packed_decoder

_DIGEST = hashlib.sha256().digest_size


class _File(msgspec.Struct, frozen=True):
    """What lies on the disk. `made_by` is all that decides what becomes of a text."""

    made_by: str
    sections: dict[str, Parsed]


class Kept:
    """The parsed sections of one reading: those of the last one, and new ones."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._before = _read(path) if path else {}
        self._now: dict[str, Parsed] = {}

    def parse(self, text: str) -> Parsed:
        """The section, parsed now or earlier."""
        key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        found = self._now.get(key) or self._before.get(key)
        self._now[key] = found = parse(text) if found is None else found
        return found

    def save(self) -> None:
        """Keep what this reading used, and nothing else."""
        if self._path is None or self._now.keys() == self._before.keys():
            return
        with suppress(OSError):
            content = msgspec.msgpack.encode(_File(_made_by(), self._now))
            replace_durable(self._path, hashlib.sha256(content).digest() + content)


def _read(path: Path) -> dict[str, Parsed]:
    try:
        stored = path.read_bytes()
        digest, content = stored[:_DIGEST], stored[_DIGEST:]
        # Two threads of one process may write at once; half of each is nobody's.
        if hashlib.sha256(content).digest() != digest:
            return {}
        found = packed_decoder(_File).decode(content)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return found.sections if found.made_by == _made_by() else {}


@functools.cache
def _made_by() -> str:
    """The parser's and the sanitiser's release, and our own text of what is made with them."""
    own = hashlib.sha256(Path(markdown.__file__).read_bytes()).hexdigest()
    releases = [importlib.metadata.version(name) for name in ("markdown-it-py", "nh3")]
    return " ".join((*releases, own))
