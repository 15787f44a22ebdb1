"""Tables as files: they hold what the page shows, and run nothing where they are opened."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.web import export_pdf, export_xlsx
from connector.web.export_csv import csv_of, harmless
from connector.web.export_pdf import write_pdf
from connector.web.export_xlsx import write_xlsx
from connector.web.exports import Cell, Column, Form, Sheet, download, file_name
from tests.alone import alone

AT = datetime(2026, 7, 1, 10, 5, tzinfo=UTC)  # 12:05 in Denmark
ATTACKS = [
    "=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1+1", " =1+1", "＝1+1", "＋1", "－1",
    "＠A1", "x;=1+1", "x,=1+1", "x\t=1+1", "x|=1+1", "x\n=1+1", 'x";=1+1', '"=1+1', "'=1+1",
    "x; =1+1", '=cmd|"/c calc"!A1', "\u00a0=1", "\x00=1+1",
]  # fmt: skip


def sheet(*rows: Sequence[Cell], language: str = "da", labels: str = "Hvad Hvornår") -> Sheet:
    return Sheet(
        name="Æblegrød 2026",
        title="Sagstråd: æøå ÆØÅ",
        about=("Lavet af Rita Riis den 22.11.2026",),
        columns=tuple(Column(label) for label in labels.split()),
        rows=lambda: rows,
        language=language,
        zone=ZoneInfo("Europe/Copenhagen"),
        organisation="Nordvang Kommune",
    )


def csv_text(told: Sheet) -> str:
    return b"".join(csv_of(told)).decode()


def csv_rows(told: Sheet) -> list[list[str]]:
    separator = ";" if told.language == "da" else ","
    return list(csv.reader(io.StringIO(csv_text(told)[1:], newline=""), delimiter=separator))


def test_csv() -> None:
    """Excel reads it right: a mark for UTF-8, semicolons and decimal commas, local times."""
    text = csv_text(sheet(['Åge; "Ø"', 1234, 0.5, AT, date(2026, 7, 1), None]))

    assert text == (
        '\N{ZERO WIDTH NO-BREAK SPACE}"Hvad";"Hvornår"\r\n'
        '"Åge; ""Ø""";1234;"0,50";"2026-07-01 12:05:00";"2026-07-01";""\r\n'
    )


def test_csv_in_english() -> None:
    """In English it has commas and decimal points."""
    assert csv_rows(sheet(["a,b", 0.5], language="en"))[1] == ["a,b", "0.50"]


STARTS = "=+-@＝＋－＠\t\r"


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_no_formula(attack: str, separator: str) -> None:
    """Whatever separator a program reads it by, no cell begins as a formula would."""
    text = csv_text(sheet([attack, f"{attack}{attack}"]))[1:]
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
        for cell in row:
            for part in cell.splitlines():
                assert not part.strip().strip("\"' ;").startswith(tuple(STARTS)) or "'" in part
                assert not part.strip().startswith(tuple(STARTS))


@given(st.text(alphabet=st.sampled_from("=+-@;,|\t\r\n\"' aå1＝"), max_size=12))
def test_nothing_starts_a_formula(text: str) -> None:
    """After every separator, quote, line break and space, what would be a formula is not one."""
    made = harmless(text)
    before = ";,|\n\"' "
    for place, letter in enumerate(made):
        if letter in "=+-@＝" and made[:place].rstrip(" ")[-1:] in ("", *before.strip(" ")):
            assert made[place - 1 : place] == "'"
    assert "\r" not in made
    assert "\t" not in made


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=30))
def test_ordinary_text_is_unchanged(text: str) -> None:
    """Where nothing could be a formula, not a letter is changed."""
    if not set(text) & set(STARTS):
        assert harmless(text) == text


def test_headings_are_harmless() -> None:
    """A heading is held to the same."""
    assert csv_rows(sheet(labels="=A1 b"))[0] == ["'=A1", "b"]


def test_csv_is_sent_while_it_is_made() -> None:
    """A long table leaves in parts; its rows are not all asked for before the first one is sent."""
    asked = 0

    def rows() -> Any:
        nonlocal asked
        for number in range(20_000):
            asked += 1
            yield ["x" * 50, number]

    told = sheet()
    told = Sheet(**{name: getattr(told, name) for name in Sheet.__struct_fields__} | {"rows": rows})
    parts = csv_of(told)
    first = next(parts)

    assert 65_536 < len(first) < 70_000
    assert asked < 2_000
    assert sum(len(part) for part in parts) > 1_000_000


def book(told: Sheet) -> Any:
    file = io.BytesIO()
    write_xlsx(told, file)
    return openpyxl.load_workbook(io.BytesIO(file.getvalue()))


@pytest.mark.parametrize("attack", [*ATTACKS, "https://ond.example/", "mailto:a@b.example"])
def test_xlsx_text_is_text(attack: str) -> None:
    """In a workbook every text is a text, exactly as it was: no formula, no link."""
    cell = book(sheet([attack, 1]))["Tabel"]["A2"]

    plain = attack.replace("\x00", "").replace("\t", " ").replace("\r", "\n")
    assert (cell.data_type, cell.value, cell.hyperlink) == ("s", plain, None)


def test_xlsx() -> None:
    """Numbers and times can be reckoned with; the headings stay; who made it stands beside."""
    made = book(sheet(["Åge", 3, 0.25, AT, date(2026, 7, 1), None, "012"]))
    row = [cell.value for cell in made["Tabel"][2]]

    assert row == ["Åge", 3, 0.25, datetime(2026, 7, 1, 12, 5), datetime(2026, 7, 1), None, "012"]  # noqa: DTZ001  a workbook knows no zone
    assert made["Tabel"].freeze_panes == "A2"
    assert [cell.value for cell in made["Om"]["A"]] == [
        "Sagstråd: æøå ÆØÅ", "Lavet af Rita Riis den 22.11.2026",
    ]  # fmt: skip


def test_long_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that is too long for a sheet goes on in the next one, with its headings."""
    monkeypatch.setattr(export_xlsx, "MOST_ROWS", 3)
    made = book(sheet(*([str(number)] for number in range(5))))

    assert [[cell.value for cell in made[name]["A"]] for name in ("Tabel", "Tabel 2", "Tabel 3")] \
        == [["Hvad", "0", "1"], ["Hvad", "2", "3"], ["Hvad", "4"]]  # fmt: skip


def test_long_text() -> None:
    """A text that is too long for a cell is cut, and nothing fails."""
    assert len(book(sheet(["x" * 40_000]))["Tabel"]["A2"].value) == 32_767


def pages(told: Sheet) -> list[str]:
    file = io.BytesIO()
    write_pdf(told, file)
    return [each.extract_text() for each in pypdf.PdfReader(io.BytesIO(file.getvalue())).pages]


def test_pdf() -> None:
    """Danish and neighbouring letters are right; who made it, and where one is, stands there."""
    (page,) = pages(sheet(["Ærlig Østergård, Łukasz Şahin Đặng Αθήνα Київ", AT]))

    for words in ("Sagstråd: æøå ÆØÅ", "Lavet af Rita Riis", "Nordvang Kommune", "side 1 af 1",
                  "Łukasz", "Şahin", "Đặng", "Αθήνα", "Київ", "1.7.2026 kl. 12.05"):  # fmt: skip
        assert words in page


def test_pdf_headings_on_every_page() -> None:
    """A table over several pages has its headings on each."""
    found = pages(sheet(*([f"række {number}", AT] for number in range(90))))

    assert len(found) > 2
    assert all("Hvornår" in page for page in found)
    assert f"side 2 af {len(found)}" in found[1]
    assert "række 89" in found[-1]


def test_pdf_unknown_letters() -> None:
    """A sign that the font does not have is a square, and the file says so; others do not."""
    (page,) = pages(sheet(["漢字 🙂", 1]))

    assert "□□ □" in page
    assert "skrifttypen ikke har" in page
    assert "skrifttypen ikke har" not in pages(sheet(["dansk"]))[0]


def test_pdf_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table too long for paper is cut, and the file says how and where the rest is."""
    monkeypatch.setattr(export_pdf, "MOST_ROWS", 5)
    whole, cut = sheet(*([f"nr. {n}"] for n in range(5))), sheet(*([f"nr. {n}"] for n in range(6)))

    assert "Kun de første 5 rækker" in pages(cut)[0]
    assert "nr. 5" not in pages(cut)[0]
    assert "Kun de første" not in pages(whole)[0]


def test_pdf_long_cell() -> None:
    """A cell of any length fits."""
    assert "…" in "".join(pages(sheet(["ord " * 5000, 1])))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Tal 2026-10-01", "tal-2026-10-01.csv"),
        ("æble ØRE å", "aeble-oere-aa.csv"),
        ('../../etc/"passwd"\r\nX: y', "etc-passwd-x-y.csv"),
        ("漢字", "table.csv"),
        ("x" * 300, "x" * 80 + ".csv"),
    ],
)
def test_file_name(name: str, expected: str) -> None:
    """A file's name is safe in a header and on every disk, whatever it was made of."""
    assert file_name(name, Form.CSV) == expected


async def _body(answer: Any) -> list[bytes]:
    return [part async for part in answer.body_iterator]


@pytest.mark.parametrize("form", list(Form))
def test_download(form: Form) -> None:
    """Each form is answered as a file of its own type and name."""
    answer = download(sheet(["a", 1]), form)
    assert sum(len(part) for part in alone(lambda: asyncio.run(_body(answer)))) > 20

    assert answer.headers["content-disposition"] == (
        f'attachment; filename="aeblegroed-2026.{form.value}"'
    )
    assert answer.headers["content-type"].split("/")[0] in ("text", "application")
