"""A table as CSV that Excel opens right and that runs nothing when it is opened.

UTF-8 with a byte order mark, without which Excel reads it as Windows-1252. Semicolons and decimal
commas in Danish, commas and points in English, as Excel of that language expects.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from connector.web.exports import CHUNK_BYTES, Cell, Sheet, clean, shown

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
# What a spreadsheet takes for a formula: = + - @ and their full-width twins, at the start of a
# cell. Also after any separator: a program set to another one than ours would begin a cell there.
# Source: OWASP, "CSV Injection", read 2026-11-22.
# Blanks, but not line ends: each of those is a start itself, and many in a row took a minute.
_FORMULA = re.compile(r"""(^|[;,|\n"'])([^\S\n]*)(?=[=+\-@＝＋－＠])""")


def csv_of(sheet: Sheet) -> Iterator[bytes]:
    """The file, some rows at a time."""
    buffer = io.StringIO()
    separator = ";" if sheet.language == "da" else ","
    writer = csv.writer(
        buffer, delimiter=separator, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n"
    )
    buffer.write(BOM)
    writer.writerow([harmless(column.label) for column in sheet.columns])
    for row in sheet.rows():
        writer.writerow([_cell(cell, sheet) for cell in row])
        if buffer.tell() > CHUNK_BYTES:
            yield _taken(buffer)
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def _cell(cell: Cell, sheet: Sheet) -> str | int:
    if isinstance(cell, int):
        return cell
    text = shown(cell, sheet.language, sheet.zone)
    return text if isinstance(cell, float) else harmless(text)


def harmless(text: str) -> str:
    """The text with an apostrophe before whatever could be read as a formula."""
    return _FORMULA.sub(r"\1\2'", clean(text))
