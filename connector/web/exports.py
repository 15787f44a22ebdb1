"""Tables as files that people take with them: CSV, XLSX and PDF, with names that are safe.

A table is told once, as a Sheet, and written by export_csv, export_xlsx or export_pdf.
"""

from __future__ import annotations

import re
import tempfile
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import BinaryIO
from zoneinfo import ZoneInfo

import msgspec
from fastapi.responses import Response, StreamingResponse

Cell = str | int | float | date | datetime | None  # a datetime is aware
CHUNK_BYTES = 1 << 16


class Form(StrEnum):
    """What kind of file."""

    CSV = "csv"
    XLSX = "xlsx"
    PDF = "pdf"


MEDIA = {
    Form.CSV: "text/csv; charset=utf-8",
    Form.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Form.PDF: "application/pdf",
}


class Column(msgspec.Struct, frozen=True):
    """A column: its heading, and for print how wide it is beside the others."""

    label: str
    width: int = 10


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """A table with what people must know about it. `rows` is asked for once, and may be long."""

    name: str  # what the file is called, without its ending
    title: str
    about: tuple[str, ...]  # who made it, when, what it holds: a sentence each
    columns: tuple[Column, ...]
    rows: Callable[[], Iterable[Sequence[Cell]]]
    language: str
    zone: ZoneInfo
    organisation: str = ""


def download(sheet: Sheet, form: Form) -> Response:
    """The table as a file. A CSV is sent while it is made; the others are made on disk first."""
    from connector.web.export_csv import csv_of

    headers = {"content-disposition": f'attachment; filename="{file_name(sheet.name, form)}"'}
    parts = csv_of(sheet) if form is Form.CSV else _parts(_made(sheet, form))
    return StreamingResponse(parts, media_type=MEDIA[form], headers=headers)


def _made(sheet: Sheet, form: Form) -> BinaryIO:
    file: BinaryIO = tempfile.SpooledTemporaryFile(max_size=1 << 20)  # type: ignore[assignment]  # noqa: SIM115  closed by _parts
    if form is Form.XLSX:
        from connector.web.export_xlsx import write_xlsx

        write_xlsx(sheet, file)
    else:
        from connector.web.export_pdf import write_pdf

        write_pdf(sheet, file)
    file.seek(0)
    return file


def _parts(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while part := file.read(CHUNK_BYTES):
            yield part


def file_name(name: str, form: Form) -> str:
    """A name of ASCII letters, digits and hyphens only: safe in a header and on every disk."""
    for letter, others in (("æ", "ae"), ("ø", "oe"), ("å", "aa")):
        name = name.casefold().replace(letter, others)
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return (re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:80] or "table") + f".{form.value}"


def shown(cell: Cell, language: str, zone: ZoneInfo) -> str:
    """A cell in plain text: times are local, in the order that sorts; decimals have two places."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(cell, float):
        return f"{cell:.2f}".replace(".", "," if language == "da" else ".")
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def clean(text: str) -> str:
    """Without control characters and half characters; a line break is "\\n"."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return "".join(
        each for each in text if each == "\n" or unicodedata.category(each) not in ("Cc", "Cs")
    )
