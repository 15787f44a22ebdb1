"""A table on paper: headings on every page, page x of y, who made it and when.

The font that comes with us has Latin, Greek, Cyrillic, Hebrew and Arabic letters; any other sign is
printed as a square, and a line under the table says so.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from fpdf import FPDF
from fpdf.enums import TableBordersLayout
from fpdf.fonts import FontFace, TTFFont

from connector.web import moments
from connector.web.exports import Cell, Sheet, clean, shown
from connector.web.words import say

FONT = Path(__file__).parent / "fonts" / "DejaVuSansCondensed.ttf"
FAMILY = "DejaVu"
SQUARE = "□"
MOST_ROWS = 2_000  # some sixty pages; more is for a spreadsheet, and the page says so
MOST_TEXT = 500  # characters in a cell: a cell must fit on a page
_GREY = (226, 233, 236)


class _Paper(FPDF):
    """A4 across, with a foot."""

    def __init__(self, sheet: Sheet) -> None:
        super().__init__(orientation="landscape", format="A4")
        self._foot = " · ".join(filter(None, (sheet.organisation, sheet.title)))
        self._language = sheet.language
        self.add_font(FAMILY, fname=FONT)
        font = self.fonts[FAMILY.lower()]
        self.letters: Container[int] = font.cmap if isinstance(font, TTFFont) else ()
        self.set_title(sheet.title)
        self.set_lang(sheet.language)
        self.set_margin(12)
        self.set_auto_page_break(auto=True, margin=16)

    def written(self, text: str) -> str:
        """The text in letters that the font has."""
        return _written(text, self.letters)

    def footer(self) -> None:
        """What it is, and which page of how many."""
        self.set_y(-12)
        self.set_font(FAMILY, size=8)
        page = say("records.pdf_page", self._language, page=self.page_no(), pages="{nb}")
        self.cell(0, 6, f"{self.written(self._foot)} · {page}", align="R")


def write_pdf(sheet: Sheet, file: BinaryIO) -> None:
    """Write the table; what is past MOST_ROWS is left out, and the file says so."""
    paper = _Paper(sheet)
    paper.add_page()
    paper.set_font(FAMILY, size=15)
    paper.multi_cell(0, 8, paper.written(sheet.title), new_x="LMARGIN", new_y="NEXT")
    paper.set_font(FAMILY, size=9)
    for line in sheet.about:
        paper.multi_cell(0, 5, paper.written(line), new_x="LMARGIN", new_y="NEXT")
    paper.ln(3)
    rows = iter(sheet.rows())
    strange = _table(paper, sheet, rows)
    paper.ln(3)
    if next(rows, None) is not None:
        text = say("records.pdf_more", sheet.language, count=MOST_ROWS)
        paper.multi_cell(0, 5, text, new_x="LMARGIN", new_y="NEXT")
    if strange:
        text = say("records.pdf_square", sheet.language, square=SQUARE)
        paper.multi_cell(0, 5, text, new_x="LMARGIN", new_y="NEXT")
    paper.output(file)


def _table(paper: _Paper, sheet: Sheet, rows: Iterator[Sequence[Cell]]) -> bool:
    """The rows on paper; whether a sign was met that the font does not have."""
    paper.set_font(FAMILY, size=8)
    strange = False
    with paper.table(
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        col_widths=tuple(column.width for column in sheet.columns),
        headings_style=FontFace(fill_color=_GREY),
        line_height=4.5,
        padding=0.8,
        text_align="LEFT",
    ) as table:
        table.row([paper.written(column.label) for column in sheet.columns])
        for row in islice(rows, MOST_ROWS):
            texts = [paper.written(_told(cell, sheet)) for cell in row]
            strange = strange or any(SQUARE in text for text in texts)
            table.row(texts)
    return strange


def _told(cell: Cell, sheet: Sheet) -> str:
    """A cell for people: a paper is read, not sorted."""
    if isinstance(cell, datetime):
        return moments.moment(cell, sheet.language, sheet.zone)
    if isinstance(cell, date):
        return moments.short(cell, sheet.language)
    return shown(cell, sheet.language, sheet.zone)


def _written(text: str, letters: Container[int]) -> str:
    """What the font can write of a text, squares for the rest, cut where a cell must end."""
    text = clean(text)
    text = text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1] + "…"
    return "".join(each if ord(each) in letters or each == "\n" else SQUARE for each in text)
