"""Letters for digits, and numbers that are one slip apart."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector.linking.slips import mended, neighbours, one_apart
from tests.timing import cpu_s


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("27.4S.O4-Pl9-l2-24", "27.45.04-P19-12-24"),
        ("27.45.04-P19-l2-24", "27.45.04-P19-12-24"),
        ("27.45.04-Pl9-12-24", "27.45.04-P19-12-24"),
        ("27.45.O4-P19-12-24", "27.45.04-P19-12-24"),
        ("Z7 27.45.04-P19-12-2O24", "Z7 27.45.04-P19-12-2024"),
        ("27.45.OO-GOl-l-24", "27.45.00-G01-1-24"),
        ("27.45.04-P19-lO-24", "27.45.04-P19-10-24"),
        ("27.45.04-pI9-I2-24", "27.45.04-p19-12-24"),
        ("27.45.04-O19-l2-24", "27.45.04-O19-12-24"),
        ("27.45.04-S0l-12-24", "27.45.04-S01-12-24"),
        ("27.45.04 Pl9-12-24", "27.45.04 P19-12-24"),
        ("27.45.04 – P19 – l2 – 24", "27.45.04 – P19 – 12 – 24"),
        ("sagsnr. 27.45.04-P19-12-2B, tak", "sagsnr. 27.45.04-P19-12-28, tak"),
        ("(27.4S.04-P19-12-24)", "(27.45.04-P19-12-24)"),
        ("e-mail om 27.4S.04-P19-12-24", "e-mail om 27.45.04-P19-12-24"),
        ("27.45.O4-12-24", "27.45.04-12-24"),
        ("GEO-2O22-O3383O", "GEO-2022-033830"),
        ("EMN-2019-0O023", "EMN-2019-00023"),
        ("BOS-2O22-38", "BOS-2022-38"),
        ("PER-2026-000l23-00l", "PER-2026-000123-001"),
        ("S2O22-l2345", "S2022-12345"),
        ("24/l2345", "24/12345"),
        ("2O22-117O", "2022-1170"),
        ("2O11/3869", "2011/3869"),
        ("2021/4l-765", "2021/41-765"),
        ("27.4S.04-P19-12-24 og 27.45.O4-P19-13-24", "27.45.04-P19-12-24 og 27.45.04-P19-13-24"),
    ],
)  # fmt: skip
def test_mended(text: str, right: str) -> None:
    """O, o, l, I, S and B in digit places are digits; the facet and the prefix keep their "
    "letters."""
    found = mended(text)

    assert found is not None
    assert found.text == right
    assert all(found.text[a:b] != text[a:b] for a, b in found.spans)


@pytest.mark.parametrize(
    "text",
    [
        "", "Sol", "Sol-12", "BIL-12", "SOS-2024-123", "BOB-2024-00123", "I/S 12", "e-mail 12",
        "27.45.04-P19-12-24", "27.45.04-O19-12-24", "S2022-12345", "Solby-12/24", "2024-BIO",
        "10/BIO", "15/SOS", "12B-14", "Solvej 12B-14", "B12-vitamin", "SO2-måling 12", "24/7",
        "den 12/11-2024", "kl. 10-12", "I 2024-planen", "1-OS", "O-20", "so-10", "IS-10 og BS-20",
        "lO/11 i skolen", "Bo-Lis 12", "Il-2 og 3", "1. sal-lejlighed", "10 l/100 km", "SSSS-OOOO",
        "lOlO-lOlO", "x27.4S.04-P19-12-24", "27.4S.04-P19-12-245", "2024-Solo", "12-Oslo",
        "2OlO-lS5", "27.45.04-P19-SOB-24", "3-lO",
    ],
)  # fmt: skip
def test_words_stay(text: str) -> None:
    """Words, ordinary numbers and numbers that are right already are left alone."""
    assert mended(text) is None


TEXTS = st.text("27.45O4lISBoP-– /\n19xæ", max_size=60)


@given(TEXTS)
@example("27.4S.O4-Pl9-l2-24")
def test_length(text: str) -> None:
    """A mended text is as long, and differs only inside its spans, there by digits for letters."""
    found = mended(text)
    if found is None:
        return
    assert len(found.text) == len(text)
    inside = {i for a, b in found.spans for i in range(a, b)}
    for i, (old, new) in enumerate(zip(text, found.text, strict=True)):
        assert old == new or (i in inside and old in "OolISB" and new in "01158")


@given(st.sampled_from(["27.45.04-P19-1234-24", "GEO-2022-033830", "S2022-12345",
"02.34.00-G01-7-2025"]),
       st.data())  # fmt: skip
def test_any_slip_of_one_letter(number: str, data: st.DataObject) -> None:
    """Whichever digit is written as a letter that looks like it, the number comes back."""
    letters = {"0": "Oo", "1": "lI", "5": "S", "8": "B"}
    first = 3 if number.startswith("GEO") else 1  # S of Nova
    places = [
        i
        for i, sign in enumerate(number)
        if (sign in letters and i >= first) or (i == 0 and sign == "0")
    ]
    at = data.draw(st.sampled_from(places))
    letter = data.draw(st.sampled_from(letters[number[at]]))
    found = mended(f"sag {number[:at]}{letter}{number[at + 1 :]}, tak")

    assert found is not None
    assert found.text == f"sag {number}, tak"


@pytest.mark.parametrize(
    "piece", ["l-", "27.4S.O4-Pl9-l2-24 ", "-", "1-", "2O22-", "/S", "1.l", "O "]
)
def test_long_texts(piece: str) -> None:
    """Hundreds of thousands of characters take time in proportion."""
    text = "1 " + piece * (300_000 // len(piece))

    assert cpu_s(lambda: mended(text)) < 8


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("27.45.04-P19-12-24", "27.45.04-P19-13-24"),
        ("27.45.04-P19-12-24", "27.45.04-P19-21-24"),
        ("27.45.04-P19-12-24", "27.45.04-P19-1-24"),
        ("27.45.04-P19-12-24", "27.45.04-P19-122-24"),
        ("27.45.04-P19-12-24", "27.54.04-P19-12-24"),
        ("27.45.04-P19-12-24", "27.45.04-G19-12-24"),
        ("a", ""),
        ("", "a"),
        ("ab", "ba"),
        ("abc", "bc"),
        ("abc", "ab"),
        ("abc", "abd"),
    ],
)
def test_one_apart(a: str, b: str) -> None:
    """One wrong, missing, too much or swapped."""
    assert one_apart(a, b)
    assert one_apart(b, a)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("", ""),
        ("27.45.04-P19-12-24", "27.45.04-P19-12-24"),
        ("27.45.04-P19-12-24", "27.45.04-P19-34-24"),
        ("27.45.04-P19-12-24", "27.45.04-P19-12-2024"),
        ("27.45.04-P19-12-24", "27.54.40-P19-12-24"),
        ("abc", "cba"),
        ("abc", "cab"),
        ("ab", ""),
        ("abcd", "acbx"),
        ("ca", "abc"),
        ("aab", "abab"[::-1]),
        ("abc", "bcd"),
    ],
)
def test_not_one_apart(a: str, b: str) -> None:
    """The same, or two slips."""
    assert not one_apart(a, b)
    assert not one_apart(b, a)


def distance(a: str, b: str) -> int:
    """The textbook table of optimal string alignment."""
    table = [[i + j if 0 in (i, j) else 0 for j in range(len(b) + 1)] for i in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            cost = int(a[i - 1] != b[j - 1])
            table[i][j] = min(table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + cost)
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                table[i][j] = min(table[i][j], table[i - 2][j - 2] + 1)
    return table[len(a)][len(b)]


@given(st.text("ab1", max_size=6), st.text("ab1", max_size=6))
def test_distance(a: str, b: str) -> None:
    """The same answer as the full table."""
    assert one_apart(a, b) is (distance(a, b) == 1)


CANONICAL = st.one_of(
    st.from_regex(
        r"[0-9]{2}\.[0-9]{2}(\.[0-9]{2})?(-[A-Z][0-9]{2})?-[1-9][0-9]{0,4}-([0-9]{2}|20[0-9]{2})",
        fullmatch=True,
    ),
    st.from_regex(r"[A-Z]{3}-20[0-9]{2}-[0-9]{5,6}|S20[0-9]{2}-[1-9][0-9]{0,5}", fullmatch=True),
    st.from_regex(r"[0-9]{2}/[1-9][0-9]{0,4}", fullmatch=True),
)


def shape(number: str) -> str:
    return "".join("0" if c.isdigit() else ("A" if c.isalpha() else c) for c in number)


@given(CANONICAL)
def test_neighbours(number: str) -> None:
    """Each is one slip away, once, with the joints and letters where they were."""
    found = list(neighbours(number))

    assert len(found) == len(set(found)) <= 400
    assert all(one_apart(number, other) for other in found)
    longer = {shape(number)[:i] + "0" + shape(number)[i:] for i in range(len(number))}
    shorter = {shape(number)[:i] + shape(number)[i + 1 :] for i in range(len(number))}
    assert {shape(other) for other in found} <= {shape(number)} | longer | shorter


def test_likeliest_first() -> None:
    """Swapped neighbours come first, then one character, then a digit too few or too many."""
    found = list(neighbours("27.45.04-P19-12-24"))

    assert found[:3] == ["27.45.04-P19-21-24", "72.45.04-P19-12-24", "27.54.04-P19-12-24"]
    at = [
        found.index(f"27.45.04-{rest}")
        for rest in ("P91-12-24", "P19-13-24", "G19-12-24", "P19-2-24", "P19-123-24")
    ]
    assert at == sorted(at)


@pytest.mark.parametrize(
    "other",
    ["27.45.04-P19-02-24", "27.45.04-P19-012-24", "27.45.04-P19-12-2", "27.45.04-P19-12-224",
    "27.45.4-P19-12-24",
     "27.45.04-P199-12-24", "27.45.04-P19--24", "27.45.04-919-12-24", "27.45.04-P19-12-24",
     "27.45.04-P1912-24"],
)  # fmt: skip
def test_no_neighbours(other: str) -> None:
    """No canonical number has another shape, or a zero before its running number."""
    assert other not in list(neighbours("27.45.04-P19-12-24"))


def test_padded_and_limited() -> None:
    """A number that is padded with zeros keeps them; the limit is kept; a word has few."""
    assert "GEO-2022-003830" in list(neighbours("GEO-2022-033830"))
    assert len(list(neighbours("27.45.04-P19-12-24", limit=7))) == 7
    assert len(list(neighbours("", limit=7))) == 0
