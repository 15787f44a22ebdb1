"""Texts without mark-up, and whose words their parts are."""

from __future__ import annotations

import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.linking import plain as module
from connector.linking.patterns import compile_patterns
from connector.linking.plain import parts, plain
from connector.sources import text as sources_text
from tests.timing import cpu_s

SCANNER = compile_patterns(
    tomllib.loads(
        (Path(__file__).parents[1] / "mappings" / "case-numbers.toml").read_text(encoding="utf-8")
    )
)
NUMBER = "27.45.04-P19-12-24"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("27.45.04-<b>P19</b>-12-24", NUMBER),
        ("27.45.04&#8203;-P19&shy;-12-24", NUMBER),
        ("27.45.04\u2011P19\u201112\u201124", NUMBER),
        ("27.45.04\u00ad-P19\u200b-12\ufeff-24", NUMBER),
        ("sag&nbsp;27.45.04&#8209;P19&#8209;12&#8209;24", "sag " + NUMBER),
        ("27.45.<br>04-P19-12-24", NUMBER),
        ("27.45.04-P<wbr>19-12-24", NUMBER),
        ("<p>en</p><p>to</p>", "en\nto"),
        ("<div>en<br>to<br/>tre</div><DIV>fire</DIV>", "en\nto\ntre\nfire"),
        ("a &amp; b &#248; &quot;c&quot;", 'a & b ø "c"'),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a b"),
        ("<style>p{x:1}</style>hej<script>if (a<b) {}</script> du", "hej du"),
        ("<!-- en <b>note</b> -->hej", "hej"),
        ('<p title="a > b">hej</p>', "hej"),
        ("<o:p>&nbsp;</o:p>hej", "hej"),
        ("<a href='https://esdh.example/?a=1&b=2'>linket</a>", "linket"),
        ("<p>nej</p><blockquote>sag 1<br>sag 2</blockquote><p>tak</p>",
        "nej\n> sag 1\n> sag 2\ntak"),
        ("<blockquote><blockquote>dybt</blockquote>igen</blockquote>", "> dybt\n> igen"),
        ("sag <s>27.45.04-P19-11-24</s> 27.45.04-P19-12-24", "sag 27.45.04-P19-12-24"),
        ("<DEL>sag</DEL> <strike class='x'>1<br>2</strike>tak", "tak"),
        ("27.45.04-<s>P18</s><s>G01</s>P19-12-24", NUMBER),
        ("sag ~~27.45.04-P19-11-24~~ er lukket", "sag  er lukket"),
        ("hej\u202fdu\xa0der", "hej du der"),
        ("nul\x00tegn", "nultegn"),
    ],
)  # fmt: skip
def test_words(text: str, words: str) -> None:
    """Mark-up and unseen signs go, blocks break lines, and a number that was cut is whole."""
    assert plain(text) == words


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hej Karen\n\nsag 27.45.04-P19-12-24\r\n  indrykket",
        "3 < 4 og 5 > 2",
        "Fra: Hanne Holm <hanne@holm.example>",
        "se <https://esdh.example/sag> for mere",
        "<mailto:hanne@holm.example>",
        "sag <27.45.04-P19-12-24>",
        "<indsæt navn> skriver",
        "a <b",
        "<",
        "x<y && y<z",
        "Hansen & Søn",
        "R&D og AT&T",
        "27.45.04 – P19 – 12 – 24",
        "tak 👍 for hjælpen",
        "<!-- ingen ende",
        "pris < 500 kr.",
        "<3 tak",
        "1. ... 2. ...",
        "27.45.\n04-P19-12-24",
        "~~~ 27.45.04-P19-12-24 ~~~",
        "ca. ~~ 10",
    ],
)
def test_nothing_to_take_out(text: str) -> None:
    """A text without mark-up is given back as it is; a lone "<" or "&" is a word."""
    expected = text.removeprefix("<!-- ") if text.startswith("<!--") else text
    assert plain(text).strip() == expected.strip()


@pytest.mark.parametrize(
    "text",
    [
        "27.45.04-<b>P19</b>-12-24", "<i>27.45.04</i>-P19-12-24", "27.45.04<br>-P19-12-24",
        "27.45.04-<br>P19-12-24", "27.45.04-P19-<p>12-24</p>", "27.<span>45</span>.04-P19-12-24",
        "27.45.04-P19-<a href=\"x\">12</a>-24", "27.<br>45.04-P19-12-24", "27.45.04-P&shy;19-12-24",
        "<font size=2>27.45.04</font>&nbsp;-&nbsp;P19&nbsp;-&nbsp;12&nbsp;-&nbsp;24",
    ],
)  # fmt: skip
def test_numbers_stay_one(text: str) -> None:
    """What mark-up tore apart is found as one case number."""
    assert [hit.number for hit in SCANNER.find(plain(text))] == [NUMBER]


def test_a_break_before_a_number() -> None:
    """A date at the end of a line does not grow into the number on the next."""
    words = plain("<p>Mødet er den 12.</p><p>27.45.04-P19-12-24</p>")

    assert words == f"Mødet er den 12.\n{NUMBER}"


def test_same_tables_as_the_sources() -> None:
    """Both readers of mark-up break lines, part cells and skip scripts at the same tags."""
    assert module.BREAKS == sources_text._BREAKS
    assert module.CELLS == sources_text._CELLS
    assert module.STRUCK == sources_text._STRUCK
    assert module.SKIPPED == sources_text._SKIPPED
    assert set(sources_text._INVISIBLE) <= set(module.INVISIBLE)


@given(st.lists(st.sampled_from(["<p>", "</p>", "<", ">", "sag 1", " ", "\n", "<b>", "&amp;", '"',
                                 "<!--", "-->", "<style>", "</style>", "<blockquote>",
                                 "é"])))  # fmt: skip
def test_any_mark_up(pieces: list[str]) -> None:
    """Broken mark-up never fails and leaves no known tag of a whole one."""
    words = plain("".join(pieces))

    assert "sag 1" not in pieces or "<style>" in pieces or "<!--" in pieces or "sag 1" in words


HEAD = "Fra: Hanne Holm <hanne@holm.example>\nSendt: 12. november 2024 10:15\nTil: Karen\nEmne: Sag"


def roles(text: str) -> list[tuple[str, str]]:
    return [(part.role, text[part.start : part.end].strip()) for part in parts(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ja.\n> sag 1\n> tak\nHilsen", [("own", "Ja."), ("quoted", "> sag 1\n> tak"), ("own",
        "Hilsen")]),
        ("> sag 1\n\n> sag 2", [("quoted", "> sag 1\n\n> sag 2")]),
        ("Tak!\n\nDen 12. nov. 2024 kl. 10.15 skrev Hanne Holm <h@x.example>:\nsag 1",
         [("own", "Tak!"), ("quoted",
         "Den 12. nov. 2024 kl. 10.15 skrev Hanne Holm <h@x.example>:\nsag 1")]),
        ("Tak!\nDen tirsdag den 12. november 2024 kl. 10.15 skrev Hanne\n<h@x.example>:\n\n> "
         "sag 1\n\nMvh Karen",
         [("own", "Tak!"),
          ("quoted", "Den tirsdag den 12. november 2024 kl. 10.15 skrev "
           "Hanne\n<h@x.example>:\n\n> sag 1"),
          ("own", "Mvh Karen")]),
        ("Fint. Den 12. nov. 2024 kl. 10.15 skrev Hanne Holm: sag 1",
         [("own", "Fint."), ("quoted", "Den 12. nov. 2024 kl. 10.15 skrev Hanne Holm: sag 1")]),
        ("Ok\nOn Tue, Nov 12, 2024 at 10:15 AM Hanne Holm <h@x.example> wrote:\ncase 1",
         [("own", "Ok"), ("quoted",
         "On Tue, Nov 12, 2024 at 10:15 AM Hanne Holm <h@x.example> wrote:\ncase 1")]),
        ("Ok\nOn 12 Nov 2024, at 10.15, Hanne Holm wrote:\ncase 1",
         [("own", "Ok"), ("quoted", "On 12 Nov 2024, at 10.15, Hanne Holm wrote:\ncase 1")]),
        ("Ja\nHanne Holm skrev den 12.11.2024 kl. 10:15:\nsag 1",
         [("own", "Ja"), ("quoted", "Hanne Holm skrev den 12.11.2024 kl. 10:15:\nsag 1")]),
        (f"Svar følger.\n\n{HEAD}\n\nsag 1", [("own", "Svar følger."), ("quoted",
        f"{HEAD}\n\nsag 1")]),
        (f"Jeg videresender den her.\n{HEAD}\nsag 1",
         [("own", "Jeg videresender den her."), ("forwarded", f"{HEAD}\nsag 1")]),
        (f"{HEAD}\n\nsag 1", [("forwarded", f"{HEAD}\n\nsag 1")]),
        (f"Til orientering.\n{HEAD}\nsag 1", [("own", "Til orientering."), ("forwarded",
        f"{HEAD}\nsag 1")]),
        ("Ja tak. Fra: Hanne Holm Sendt: 12. november 2024 Til: Karen Emne: Sag 1",
         [("own", "Ja tak."), ("quoted",
         "Fra: Hanne Holm Sendt: 12. november 2024 Til: Karen Emne: Sag 1")]),
        ("Ja\n-----Oprindelig meddelelse-----\nsag 1",
         [("own", "Ja"), ("quoted", "-----Oprindelig meddelelse-----\nsag 1")]),
        ("Ja\n-----Original Message-----\ncase 1", [("own", "Ja"), ("quoted",
        "-----Original Message-----\ncase 1")]),
        ("Se\n---------- Forwarded message ---------\nFrom: Hanne\nDate: 1.1.2024\n\ncase 1",
         [("own", "Se"), ("forwarded",
         "---------- Forwarded message ---------\nFrom: Hanne\nDate: 1.1.2024\n\ncase 1")]),
        ("VS: Ansøgning\nHej Karen, se sag 1", [("forwarded",
        "VS: Ansøgning\nHej Karen, se sag 1")]),
        (f"VS: Ansøgning sag 1\nTag den her på sag 2.\n{HEAD}",
         [("forwarded", "VS: Ansøgning sag 1"), ("own", "Tag den her på sag 2."), ("forwarded",
         HEAD)]),
        ("Videresendt besked:\nsag 1", [("forwarded", "Videresendt besked:\nsag 1")]),
        ("Se:\n--- Videresendt besked fra Hanne ---\nsag 1\n--- Slut på videresendt besked "
         "---\nMvh Karen",
         [("own", "Se:"),
          ("forwarded", "--- Videresendt besked fra Hanne ---\nsag 1\n--- Slut på videresendt "
           "besked ---"),
          ("own", "Mvh Karen")]),
        ("[12-11-2024 10:15] Hanne Holm: sag 1\nog mere\n\nHvad gør vi?",
         [("quoted", "[12-11-2024 10:15] Hanne Holm: sag 1\nog mere"), ("own", "Hvad gør vi?")]),
        ("**Fra:** Hanne\n**Sendt:** 12. november\n**Emne:** sag 1",
         [("forwarded", "**Fra:** Hanne\n**Sendt:** 12. november\n**Emne:** sag 1")]),
    ],
)  # fmt: skip
def test_parts(text: str, expected: list[tuple[str, str]]) -> None:
    """Quoted and forwarded words are told apart from the sender's own."""
    assert roles(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Vedr. sag 1",
        "Hej\n\nMed venlig hilsen\nKaren Holm\nTlf. 36 42 12 34",
        "Tak\n-- \nKaren Holm",
        "Hanne skrev at sag 1 er klar",
        "Hun skrev: sag 1 er klar",
        "Den 12. november skrev Hanne til os om sag 1.",
        "Mødet er d. 12/11.\nHanne skrev sådan her:\nsag 1",
        "Perioden er fra: 1. januar til: 31. marts",
        "Fra: 1/1\nTil: 31/3",
        "Fra: Hanne Holm\nTlf: 36 42 12 34\nEmne: sag 1",
        "Kan du videresende sag 1 til mig?",
        "Videresendt til dig i går",
        "5 > 3 i sag 1",
        "pilen -> sag 1",
        "A vs. B: sag 1",
        "[vigtigt] sag 1",
        "Den, som skrev: det var mig i sag 1",
        "I wrote: case 1 is done",
        "----\nsag 1\n----",
        "Emne: sag 1",
        "Sendt fra min iPhone",
        "Hvem har skrevet brevet af 12. november 2024?",
        "On Monday I wrote a letter in case 1.",
    ],
)
def test_own_words(text: str) -> None:
    """Signatures, periods and people who wrote something are the sender's own words."""
    assert [part.role for part in parts(text)] == ["own"]


def test_no_text() -> None:
    """Nothing has no parts."""
    assert parts("") == ()


MARKS = ["Fra: A\n", "Sendt: B\n", "> x\n", "Den 1. maj 2024 kl. 10.15 skrev A:\n", "VS: y\n",
"ord ",
         "\n", "-----Original Message-----\n", "--- End of forwarded message ---\n", " ",
         "[10:15] A\n"]  # fmt: skip


@given(st.lists(st.sampled_from(MARKS), max_size=12))
def test_parts_are_the_whole(pieces: list[str]) -> None:
    """The parts cover the text without gap or overlap, and neighbours differ in role."""
    text = "".join(pieces)
    found = parts(text)

    assert "".join(text[part.start : part.end] for part in found) == text
    assert all(a.role != b.role for a, b in pairwise(found))


@pytest.mark.parametrize(
    "piece",
    ["<style>", "<!--", "<", "<a \"", "<blockquote>", "&", "<p> ", "> x\n", "Fra: ", "skrev ",
    "VS: ",
     "[10.15] ", "Den 1. ", "---", "Fra: x Sendt: "],
)  # fmt: skip
def test_long_texts(piece: str) -> None:
    """Hundreds of thousands of characters take time in proportion."""
    text = piece * (300_000 // len(piece))

    assert cpu_s(lambda: parts(plain(text))) < 8
