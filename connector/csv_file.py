"""CSV files as other programs leave them: their encoding, their delimiter, their first line."""

from __future__ import annotations

import codecs
import csv
import hashlib
from collections.abc import Sequence
from pathlib import Path

_BLOCK_BYTES = 1 << 20
_DELIMITERS = ",;\t"


def hash_and_encoding(path: Path) -> tuple[str, str]:
    """SHA-256 of a file and how it is encoded: utf-8-sig, cp1252 or utf-16 (not readable here)."""
    digest = hashlib.sha256()
    decoder = codecs.getincrementaldecoder("utf-8")()
    encoding = "utf-8-sig"
    with path.open("rb") as file:
        if file.peek(2)[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "", "utf-16"
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
            if encoding == "utf-8-sig":
                try:
                    decoder.decode(block)
                except UnicodeDecodeError:
                    encoding = "cp1252"
    return digest.hexdigest(), encoding


def read_header(line: bytes, encoding: str) -> tuple[Sequence[str], str]:
    """The names in the first line, in lower case, and the delimiter: the commonest of , ; tab."""
    text = line.decode(encoding, errors="replace")
    delimiter = max(_DELIMITERS, key=text.count)
    return next(csv.reader([text], delimiter=delimiter), []), delimiter
