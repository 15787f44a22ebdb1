"""A table as a workbook: text stays text, numbers and times can be reckoned with."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, BinaryIO

import xlsxwriter

from connector.web.exports import Cell, Sheet, clean

MOST_TEXT = 32_767  # characters in a cell; Excel's limit, "Excel specifications", read 2026-11-22
MOST_ROWS = 1_048_576  # in a sheet with its heading; same page


def write_xlsx(sheet: Sheet, file: BinaryIO) -> None:
    """Write the workbook; a table too long for one sheet goes on in the next."""
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(file, options) as book:
        book.set_properties({"title": sheet.title, "company": sheet.organisation})
        page = _Pages(book, sheet)
        for row in sheet.rows():
            page.write(row)
        about = book.add_worksheet("Om" if sheet.language == "da" else "About")
        about.set_column(0, 0, 100)
        for number, line in enumerate((sheet.title, *sheet.about)):
            about.write_string(number, 0, clean(line)[:MOST_TEXT])


class _Pages:
    """The sheets of one table; a new one is begun when one is full."""

    def __init__(self, book: Any, sheet: Sheet) -> None:
        self._book, self._sheet = book, sheet
        self._bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
        self._moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._day = book.add_format({"num_format": "yyyy-mm-dd"})
        self._decimal = book.add_format({"num_format": "0.00"})
        self._count = 0
        self._begin()

    def _begin(self) -> None:
        self._count += 1
        name = "Tabel" if self._sheet.language == "da" else "Table"
        self._page = self._book.add_worksheet(name if self._count == 1 else f"{name} {self._count}")
        self._page.freeze_panes(1, 0)
        self._page.repeat_rows(0)
        self._page.set_landscape()
        for number, column in enumerate(self._sheet.columns):
            self._page.set_column(number, number, max(8, column.width * 1.4))
            self._page.write_string(0, number, clean(column.label), self._bold)
        self._row = 1

    def write(self, row: Any) -> None:
        """One row of the table."""
        if self._row == MOST_ROWS:
            self._begin()
        for number, cell in enumerate(row):
            self._write_cell(number, cell)
        self._row += 1

    def _write_cell(self, number: int, cell: Cell) -> None:
        if cell is None:
            return
        if isinstance(cell, datetime):
            local = cell.astimezone(self._sheet.zone).replace(tzinfo=None)
            self._page.write_datetime(self._row, number, local, self._moment)
        elif isinstance(cell, date):
            self._page.write_datetime(self._row, number, cell, self._day)
        elif isinstance(cell, str):
            self._page.write_string(self._row, number, clean(cell)[:MOST_TEXT])
        elif isinstance(cell, float):
            self._page.write_number(self._row, number, cell, self._decimal)
        else:
            self._page.write_number(self._row, number, cell)
