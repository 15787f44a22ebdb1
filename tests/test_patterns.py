"""Case numbers in text: what is found, what never is, and that being quick changes nothing."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from re import _parser  # type: ignore[attr-defined]  # no public view of a parsed regex
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connector.errors import ConfigError
from connector.linking import backtracking, keys
from connector.linking.patterns import Scanner, compile_patterns, plain_spans
from connector.linking.regexes import MAX_STEPS, expand, faults
from tests.timing import cpu_s

TABLE = tomllib.loads(
    (Path(__file__).parents[1] / "mappings" / "case-numbers.toml").read_text(encoding="utf-8")
)
EVERY = compile_patterns(TABLE, list(TABLE["pattern"]))
KLE = compile_patterns(TABLE)


def numbers(text: str, scanner: Scanner = EVERY) -> list[str]:
    return [hit.number for hit in scanner.find(text)]


def one(key: str) -> Scanner:
    return compile_patterns(TABLE, [key])


@pytest.mark.parametrize(
    "text",
    [
        "27.45.04-P19-12-24",
        "sagsnr. 27.45.04-P19-12-24.",
        "j.nr.27.45.04-P19-12-24",
        "(27.45.04-P19-12-24)",
        "27.45.04–p19–12–24, tak",
        "27.45.04 — P19 — 12 — 24",
        "27.45.04 −P19- 12 -2024 er afgjort",
        "27.45.04 P19-12-24",
        "27.45.04\u00a0-\u00a0P19\u00a0-\u00a012\u00a0-\u00a024",
        "vedr. 27.45.04-\nP19-12-24",
        "vedr. 27.45.04-P19-\r\n12-24",
        "27.45.04-P19-0012-24",
        "sag-27.45.04-P19-12-24",
        "sag 27.45.04-P19-12-24-",
    ],
)
def test_kle_as_people_write_it(text: str) -> None:
    """A KLE number is found with any dash, with spaces and line breaks, in lower case."""
    assert numbers(text, KLE) == ["27.45.04-P19-12-24"]


def test_missing_zero_in_front() -> None:
    """A main group written without its leading zero is the same case."""
    assert numbers("sag 0.22.04-g01-7-25 og 00.22.04-G01-7-25", KLE) == ["00.22.04-G01-7-25"] * 2


def test_all_spellings_are_offered() -> None:
    """A hit carries every spelling a register may use, the canonical one first."""
    hit = KLE.find("27.45.04-P19-12-1998")[0]

    assert hit.numbers == ("27.45.04-P19-12-98", "27.45.04-P19-12-1998")
    assert one("f2").find("2022 -60")[0].numbers == ("2022-60", "2022 - 60")


def test_places() -> None:
    """Start and end give the raw text."""
    text = "Se 27.45.04 – p19 – 12 – 24 og GEO-2022-033830"
    for hit in EVERY.find(text):
        assert text[hit.start : hit.end] == hit.raw


@pytest.mark.parametrize(
    "label",
    ["sag ", "sagen ", "sagsnr. ", "Sagsnr.: ", "sagsnummer ", "j.nr. ", "J.nr.", "journalnr ",
     "journalnummer: ", "byggesag ", "case no. ", "Case #", "sag nr. "],
)  # fmt: skip
def test_labels(label: str) -> None:
    """A number right after a word for case is labelled, and then even "24/12" is a proposal."""
    hits = one("acadre").find(f"Jf. {label}24/12 om støtte")

    assert [(hit.number, hit.labelled) for hit in hits] == [("24/12", True)]


def test_no_label() -> None:
    """A number in running text is not labelled."""
    assert [hit.labelled for hit in KLE.find("Vedr. 27.45.04-P19-12-24")] == [False]
    assert [hit.labelled for hit in KLE.find("den sag er lukket, 27.45.04-P19-12-24")] == [False]


@pytest.mark.parametrize(
    "text",
    [
        "https://esdh.example.dk/sager/27.45.04-P19-12-24/akter",
        "se www.example.dk/2024/12345",
        "esdh.example.dk/2024/12345",
        "<a href='https://x.example/GEO-2022-033830'>",
        "skriv til GEO-2022-033830@example.dk",
        "post@2024-1234.example.dk",
        "mødet 12-11-2024",
        "mødet 12.11.2024-13.11.2024",
        "mødet 12/11-2024",
        "mødet 12/11 2024",
        "brev af 24/12",
        "2024-11-12",
        "2024/11/12",
        "skoleåret 2024/25",
        "perioden 2023-2024",
        "11/2024",
        "010190-1234",
        "010190 - 1234",
        "CPR 610190-1234",
        "tlf. 2022-1170",
        "telefon 20 22-11 70",
        "ring på 2022-1170",
        "ring 2022-1170",
        "ring: 2022-1170",
        "Ring lige tilbage 2022-1170",
        "ring mig i morgen på 2022-1170",
        "hun kan træffes på 2022-1170",
        "konto 1234 2022-1170",
        "kontonr. 1234 2022-1170",
        "reg.nr. 1234 2022-1170",
        "Nemkonto 2022-1170",
        "tlf. 20 2022-1170",
        "IBAN DK5000 2022-1170",
        "IBAN DK50 0040 0440 2022-1170",
        "DK50 0040 2022-1170",
        "uge 2024-12",
        "uge 2024-45",
        "2024-12 til 2025-01",
        "siden 2024/12",
        "huset er 16/160 m2",
        "16/160 timer",
        "jf. § 16/160",
        "§16/160",
        "forordning (EU) 2016/679",
        "+45 2022-1170",
        "0045 2022-1170",
        "adressen 10.20.30.40-12-24",
        "FD 10.0.0.0 / 8",
        "kl. 10:30-11:00",
        "kl. 2000-2130",
        "10.15-11.45",
        "kr. 2000-2500",
        "2000-2500 kr.",
        "2000/2500,-",
        "2010-1234567.50",
        "konto 2010-1234567",
        "reg.nr. 2010-1234567",
        "døgnet rundt 24/7",
        "KLE 27.45.04 P19",
        "CVR 20101234",
        "12345678901234567890-12-24",
        "27.45.04-P19-12-245",
        "127.45.04-P19-12-24",
    ],
)
def test_never(text: str) -> None:
    """Links, addresses, dates, times, prices, CPR, telephone and account numbers are no cases."""
    assert numbers(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "ring om sag 2022-1170",
        "ring på sagsnr. 2022-1170",
        "Vil du ringe til Palle? 2022-1170 haster",
        "hun ringer om 2022-1170",
        "konto 1234 er lukket. Vedr. 2022-1170",
        "i uge 12: 2022-1170 skal lukkes",
        "sag 2022-1170 timer",
        "bevillingen på 2022-1170 mangler",
    ],
)
def test_digits_that_are_a_case_all_the_same(text: str) -> None:
    """Digits and signs count after a label, and where another word stands further away."""
    assert numbers(text, one("f2")) == ["2022-1170"]


@pytest.mark.parametrize("text", ["ring 27.45.04-12-24", "konto 1234 27.45.04-P19-12-24"])
def test_kle_is_no_telephone_number(text: str) -> None:
    """A KLE number is like no telephone or account number; words before it take nothing away."""
    assert len(numbers(text, KLE)) == 1


def test_year_and_month_after_a_label() -> None:
    """ "2024-12" is the twelfth case of the year after a label, and in the register."""
    assert numbers("sag 2024-12 er åbnet", one("f2")) == ["2024-12"]
    assert keys.canonical("2024/12", one("p360"))[0] == "2024/00012"


@pytest.mark.parametrize("key", sorted(TABLE["pattern"]))
def test_each_pattern_finds_its_examples_inside_a_sentence(key: str) -> None:
    """Each shipped pattern finds its examples between words, after a label."""
    for written, canonical in TABLE["pattern"][key]["examples"].items():
        found = one(key).find(f"Angående sagsnr. {written}, som vi talte om")
        assert [(h.number, h.raw) for h in found] == [(canonical, written)]


PIECES = st.sampled_from(
    ["27.45.04", "27.45", "7.45.04", "P19", "p19", "12", "24", "2024", "1998", "033830", "1", "0",
     "GEO", "S", "s", "KS", "KL", "ZAAK", "zaak", "FD", "Client1", "æ", "_", "a", "123456789",
     "-", "–", "—", "−", "/", " / ", ":", ".", ",", " ", "  ", "   ", "\n", "\t", "\u00a0", "@",
     "://", "(", ")", "٣", "²", "27.45.04-P19-12-24", "2024/123-4", "KS/2019/0001/0009"]
)  # fmt: skip
HOSTILE = st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=80)


@settings(max_examples=600, deadline=None)
@given(HOSTILE)
@example("5 - 2024-1234")
@example("12..27.45.04-P19-12-24")
@example("1.2.3.4.5.6.7.45.04-P19-12-24")
@example("27.45.04 P19-12-24-27.45.04-12-24")
@example("FD 1.1 / 1 / 14 / 2024/1")
def test_quick_equals_plain(text: str) -> None:
    """Trying patterns only where a number begins finds what a search of the whole text finds."""
    assert sorted(EVERY.spans(text)) == sorted(plain_spans(EVERY, text))


@settings(max_examples=300, deadline=None)
@given(HOSTILE, st.integers(1, 30))
def test_pieces_equal_the_whole(text: str, piece: int) -> None:
    """A text looked at in pieces gives what it gives as a whole."""
    assert sorted(Scanner(EVERY.patterns, piece).spans(text)) == sorted(EVERY.spans(text))


@settings(max_examples=200, deadline=None)
@given(HOSTILE)
def test_hits_are_whole(text: str) -> None:
    """Every hit lies in the text, in order, and its canonical spelling is found again as itself."""
    hits = EVERY.find(text)

    assert [hit.start for hit in hits] == sorted(hit.start for hit in hits)
    for hit in hits:
        assert text[hit.start : hit.end] == hit.raw
        again = one_by_key[hit.pattern].find(f"sagsnr. {hit.number} er")
        assert hit.number in {number for h in again for number in h.numbers}


one_by_key = {key: one(key) for key in TABLE["pattern"]}


def test_ten_megabytes() -> None:
    """Time grows with the length of a text and not faster; a number at its end is still found."""
    hostile = ["1-1-1-", "1 - 1 - ", "27.45.04-P19-12-", "2024/1/", "GEO-2024-", "1.1.1.", "a" * 6]
    for piece in hostile:
        small = _cpu_s(piece * (10_000 // len(piece)))
        large = _cpu_s(piece * (100_000 // len(piece)))
        assert large < 60 * small + 0.5
    text = "1-1-1-" * 1_700_000 + " sag 27.45.04-P19-12-24"
    assert numbers(text, KLE) == ["27.45.04-P19-12-24"]


def test_repeats() -> None:
    """A text that repeats a number gives a thousand hits, and every other number all the same."""
    hits = KLE.find("27.45.04-P19-12-24 " * 3000 + "27.45.04-P19-13-24 " * 2)

    assert [hit.number for hit in hits] == ["27.45.04-P19-12-24"] * 1000 + ["27.45.04-P19-13-24"]


def _cpu_s(text: str) -> float:
    return cpu_s(lambda: EVERY.find(text))


def table(**row: object) -> dict[str, object]:
    whole = {"regex": r"%<X(?P<n>\d{3})%>", "canonical": "X{n}", "examples": {"X123": "X123"}}
    return {"pattern": {"own": {**whole, **row}}}


def test_own_pattern() -> None:
    """A customer's pattern of any shape works without `start`."""
    scanner = compile_patterns(table(), ["own"])

    assert numbers("akt X123, ikke X1234", scanner) == ["X123"]


@pytest.mark.parametrize(
    ("regex", "why"),
    [
        (r"(?P<n>\d{3}", "does not compile"),
        (r"(?P<n>(\d+)+)", "without an end"),
        (r"(?P<n>(?:[0-9]{1,20}){1,20})", "repeat inside a repeat"),
        (r"(?P<n>(?:[0-9]{1,9}a?){1,20})", "repeat inside a repeat"),
        (r"(?P<n>(?:1|12|2){1,30})", "alternatives"),
        (r"(?P<n>\d{0,30}\d{0,30}\d{0,30}x)", "of the same characters"),
        (r"(?P<n>\d{0,30}(?:\d{0,30}\d{0,30})x)", "of the same characters"),
        (r"(?P<n>[1-4]{1,50})[1-4]{1,50}[1-4]{1,50}[1-4]{1,40}x", "of the same characters"),
        (r"(?P<n>\d{1,18}(?:\d{1,18})?(?:\d{1,18})?x)", "of the same characters"),
        (r"(?P<n>q{1,50}[qr]{1,50}[qs]{1,50}q{1,40}x)", "of the same characters"),
        (r"(?P<n>(?i:k{1,50}K{1,7}k{1,50}k{1,7})x)", "of the same characters"),
        (r"(?i)(?P<n>k{1,50}K{1,7}k{1,50}k{1,7}x)", "of the same characters"),
        (r"(?P<n>(\d{1,15}|\d{1,15}a)(\d{1,15}|\d{1,15}a)x)", "of the same characters"),
        (r"(?P<n>KS-(?:x{1,3}|y[æø]{1,50}[æå]{1,50}z))", "of the same characters"),
        (r"(?P<n>(?=\d{1,50}\d{1,50}x)\d)", "of the same characters"),
        (r"(?P<n>(?:\d?\d?\d?\d?\d?\d?\d?\d?\d?\d?\d?\d?)x)", "of the same characters"),
        (r"(?P<n>.{1,300})", "more than 200"),
        (r"(?P<n>\d)(?P=n)", "refers back"),
        (r"X\d{3}", "no named group"),
        (r"(?P<n>\d{0,3})", "nothing at all"),
    ],
)
def test_refused_regex(regex: str, why: str) -> None:
    """An expression that could backtrack without end, or is useless, is refused with the reason."""
    with pytest.raises(ConfigError) as error:
        compile_patterns(table(regex=regex, canonical="{n}" if "?P<n>" in regex else "x"), ["own"])

    assert why in str(error.value)


def test_divided_repeats_are_allowed() -> None:
    """A repeat inside a repeat is allowed when a sign divides the turns."""
    assert faults(expand(r"(?P<plan>\d{1,3}(?:\.\d{1,3}){0,4})")) == []


@pytest.mark.parametrize(
    "regex",
    [
        *(row["regex"] for row in TABLE["pattern"].values()),
        r"(?P<n>.{1,200})",
        r"%<[a-z]{1,40}%-[0-9]{1,40}%-[a-z]{1,40}%-(?P<n>[0-9]{1,40})%>",
        r"%<(?:ABC|ABD|X[A-Z]{1,9})%-(?P<n>\d{1,9}|\d{1,9}[a-z])%>",
    ],
)
def test_regex_that_may_run(regex: str) -> None:
    """Repeats of different characters, and alternatives that are short, may stand side by side."""
    assert faults(expand(regex)) == []


SETS = st.sampled_from(["1", "2", "[1-4]", "[12]", "[^1]", "q", "[qr]", r"\d", r"\w", "."])
REPEATED = st.tuples(SETS, st.integers(0, 2), st.integers(0, 12)).map(
    lambda t: f"{t[0]}{{{t[1]},{t[1] + t[2]}}}"
)
SEQUENCES = st.recursive(
    SETS | REPEATED,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=5).map("".join)
        | inner.map("(?:{})?".format)
        | st.lists(inner, min_size=2, max_size=3).map(lambda of: f"(?:{'|'.join(of)})")
    ),
    max_leaves=10,
)


@settings(max_examples=300, deadline=None)
@given(SEQUENCES, st.sampled_from(["1", "2", "q"]))
def test_accepted_patterns_take_few_steps(regex: str, char: str) -> None:
    """No accepted expression tries more characters at a place than it may; each way is walked."""
    if not faults(expand(regex)):
        left = iter(range(MAX_STEPS + 1))
        tree = list(_parser.parse(expand(regex)))
        for _ in ways(tree, char * 300, 0, left):
            pass
        assert next(left, None) is not None


def ways(nodes: list[Any], text: str, at: int, left: Iterator[int]) -> Iterator[int]:
    """Every way to match, as Python's own matcher goes when each fails in the end; one by one."""
    if not nodes:
        yield at
        return
    (op, argument), *rest = nodes
    if op in backtracking.REPEATS:
        low, high, body = argument
        for end in _turns(list(body), low, high, text, at, left):
            yield from ways(rest, text, end, left)
        return
    heads = backtracking.parts(op, argument)
    if heads:
        for head in heads:
            for end in ways(head, text, at, left):
                yield from ways(rest, text, end, left)
    elif next(left, None) is not None and backtracking.matches(op, argument, text[at]):
        yield from ways(rest, text, at + 1, left)


def _turns(
    body: list[Any], low: int, high: int, text: str, at: int, left: Iterator[int]
) -> Iterator[int]:
    if high:
        for end in ways(body, text, at, left):
            yield from _turns(body, max(0, low - 1), high - 1, text, end, left)
    if low == 0:
        yield at


def test_all_problems_at_once() -> None:
    """Every mistake in the table is reported in one go."""
    bad = table(canonical=["{n:wide}", "{m}"], start="middle", colour="red", examples={"Y": "Y"})
    with pytest.raises(ConfigError) as error:
        compile_patterns(bad, ["own", "missing"])

    text = str(error.value)
    assert len(error.value.problems) == 6
    for part in ("colour", "{n:wide}", "group m", "'middle'", "no pattern 'missing'"):
        assert part in text


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"examples": {}}, "no example"),
        ({"examples": {"X12": "X12"}}, "does not find the whole"),
        ({"examples": {"X123": "X0123"}}, "makes 'X123'"),
        ({"counter_examples": ["a X123"]}, "finds its counter-example"),
        ({"start": "word"}, "joint must name"),
        ({"start": "word", "joint": "-", "regex": r"X(?P<n>\d{3})"}, "must begin with %<"),
        ({"start": "word", "joint": "-"}, "does not find the whole"),
        ({"regex": 7}, "needs a regex"),
    ],
)
def test_refused_row(row: dict[str, object], why: str) -> None:
    """A row that does not do what its examples say is refused."""
    with pytest.raises(ConfigError, match="case numbers: pattern own") as error:
        compile_patterns(table(**row), ["own"])

    assert why in str(error.value)


def test_nothing_enabled() -> None:
    """A table without patterns, or with none enabled, is a mistake and not silence."""
    for bad in ({}, {"pattern": {}}, {"pattern": {"a": {}}, "default": []}):
        with pytest.raises(ConfigError):
            compile_patterns(bad)
