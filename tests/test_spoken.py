"""Case numbers as people say them: what is read, what never is, in which order of likelihood."""
# ruff: noqa: E501  # what people say is longer than a line, and is best read in one piece

from __future__ import annotations

import timeit
import tomllib
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from connector.linking.patterns import MAX_REPEATS, Hit, Scanner, compile_patterns
from connector.linking.spoken import MAX_WAYS, Speech
from connector.linking.spoken_shapes import shapes
from connector.linking.spoken_words import WORDS
from tests.timing import cpu_s

TABLE = tomllib.loads(
    (Path(__file__).parents[1] / "mappings" / "case-numbers.toml").read_text(encoding="utf-8")
)
KLE = compile_patterns(TABLE)
EVERY = compile_patterns(TABLE, list(TABLE["pattern"]))
SPEECH = Speech(KLE.patterns)
SPEECH_OF_ALL = Speech(EVERY.patterns)
A = "27.45.04-P19-12-24"


def numbers(text: str, speech: Speech = SPEECH) -> list[str]:
    return [hit.number for hit in speech.find(text)]


def speech_of(key: str) -> tuple[Scanner, Speech]:
    scanner = compile_patterns(TABLE, [key])
    return scanner, Speech(scanner.patterns)


WAYS = [
    # In compounds, with every sign said.
    "syvogtyve punktum femogfyrre punktum nul fire bindestreg P nitten bindestreg tolv bindestreg fireogtyve",
    "syvogtyve prik femogfyrre prik nul fire streg p nitten streg tolv streg fireogtyve",
    "syvogtyve komma femogfyrre komma nul fire tankestreg P nitten tankestreg tolv tankestreg fireogtyve",
    "syvogtyve punktum femogfyrre punktum nul fire minus P nitten minus tolv minus fireogtyve",
    "syv og tyve punktum fem og fyrre punktum nul fire streg P nitten streg tolv streg fire og tyve",
    "SYVOGTYVE PUNKTUM FEMOGFYRRE PUNKTUM NUL FIRE STREG P NITTEN STREG TOLV STREG FIREOGTYVE",
    # Digit by digit.
    "to syv punktum fire fem punktum nul fire bindestreg P et ni bindestreg et to bindestreg to fire",
    "to syv fire fem nul fire P en ni en to to fire",
    "2 7 4 5 0 4 P 1 9 1 2 2 4",
    # Speech-to-text writes digits, all or some.
    "27 punktum 45 punktum 04 bindestreg p19 bindestreg 12 bindestreg 24",
    "27 punktum femogfyrre punktum 04 streg P nitten streg 12 streg fireogtyve",
    "27 45 04 P 19 12 24",
    "27 45 04 p19 12 24",
    "27.45.04 P19 12 24",
    "27.45.04 bindestreg P19 bindestreg 12 bindestreg 24",
    "27.45.04-P19 streg 12 streg 24",
    "27, 45, 04, P, 19, 12, 2024",
    # No sign said.
    "syvogtyve femogfyrre nul fire P nitten tolv fireogtyve",
    # Full stops, commas and line breaks that nobody said.
    "Syvogtyve. Femogfyrre. Nul fire. P nitten. Tolv. Fireogtyve.",
    "Syvogtyve punktum, femogfyrre punktum, nul fire. Bindestreg P nitten. Bindestreg tolv. Streg fireogtyve.",
    "syvogtyve\npunktum femogfyrre\npunktum nul fire\nstreg P nitten\nstreg tolv\nstreg fireogtyve",
    "Syvogtyve,\nfemogfyrre,\nnul fire,\nP nitten,\ntolv,\nfireogtyve",
    # Letters.
    "syvogtyve punktum femogfyrre punktum nul fire streg pe nitten streg tolv streg fireogtyve",
    "syvogtyve punktum femogfyrre punktum nul fire streg stort P nitten streg tolv streg fireogtyve",
    "syvogtyve punktum femogfyrre punktum nul fire streg P som i Peter nitten streg tolv streg fireogtyve",
    "syvogtyve punktum femogfyrre punktum nul fire streg pe, som i Peter, nitten streg tolv streg fireogtyve",
    "syvogtyve punktum femogfyrre punktum nul fire streg P for Paul nitten streg tolv streg fireogtyve",
    "syvogtyve femogfyrre nul fire pe nitten tolv fireogtyve",
    # Words that mean nothing.
    "syvogtyve øh punktum femogfyrre altså punktum og så nul fire hvad hedder det bindestreg P nitten vent"
    " bindestreg tolv bindestreg fireogtyve",
    "syvogtyve punktum femogfyrre punktum nul fire så kommer der en streg og så stort p nitten streg tolv"
    " streg fireogtyve",
    "syvogtyve punktum og femogfyrre punktum og nul fire streg P nitten streg tolv streg og fireogtyve",
    "syvogtyve femogfyrre øh nul fire P nitten altså tolv ja fireogtyve",
    # Years.
    "syvogtyve punktum femogfyrre punktum nul fire streg P nitten streg tolv streg to tusind fireogtyve",
    "syvogtyve punktum femogfyrre punktum nul fire streg P nitten streg tolv streg to tusind og fireogtyve",
    "syvogtyve punktum femogfyrre punktum nul fire streg P nitten streg tolv streg tyve fireogtyve",
    # Corrections inside the number.
    "syvogtyve punktum femogfyrre punktum nul fem, nej undskyld, nul fire streg P nitten streg tolv streg fireogtyve",
    "syvogtyve punktum femogfyrre punktum nul fire streg P nitten streg tretten, nej, tolv streg fireogtyve",
    "syvogtyve punktum femogfyrre punktum nul fire streg P nitten streg tolv streg femogtyve, nej, fireogtyve",
    "syvogtyve punktum femogfyrre punktum nul fire streg P atten streg tolv, nej jeg mener P nitten streg tolv"
    " streg fireogtyve",
    "otteogtyve, nej, syvogtyve punktum femogfyrre punktum nul fire streg P nitten streg tolv streg fireogtyve",
    "syvogtyve femogfyrre nul fem, nej undskyld, nul fire P nitten tolv fireogtyve",
    # English.
    "twenty-seven point forty-five point zero four dash P nineteen dash twelve dash twenty-four",
    "twenty seven dot forty five dot oh four hyphen P nineteen hyphen twelve hyphen twenty twenty-four",
    "two seven point four five point zero four dash pee one nine dash one two dash two four",
    "twenty-seven forty-five zero four P nineteen twelve twenty-four",
    "twenty-seven point forty-five point zero five, no sorry, zero four dash P as in Peter nineteen dash twelve"
    " dash two thousand and twenty-four",
    # Another sign than the written one: with a letter inside nothing else is meant.
    "syvogtyve komma femogfyrre komma nul fire komma P nitten komma tolv komma fireogtyve",
]  # fmt: skip


@pytest.mark.parametrize("said", WAYS)
def test_kle_as_people_say_it(said: str) -> None:
    """One number in all these ways, alone and in a message; the hit covers just its words."""
    message = f"Goddag, det er Bo Vesterlund, jeg ringer om {said} ring gerne tilbage"

    assert numbers(said) == [A]
    assert [hit.raw for hit in SPEECH.find(message)] in (
        [said.removesuffix(".")],
        [said.removeprefix("otteogtyve, nej, ")],
    )


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("nul fem punktum nul et punktum nul otte streg P et ni streg et hundrede og tolv streg seksogtyve",
         "05.01.08-P19-112-26"),
        ("nul fem punktum nul et punktum nul otte streg P nitten streg hundrede og tolv streg seksogtyve",
         "05.01.08-P19-112-26"),
        ("toogtredive punktum fireogtyve punktum nul seks streg P nitten streg tre hundrede og en streg seksogtyve",
         "32.24.06-P19-301-26"),
        ("toogtredive fireogtyve nul seks P nitten hundrede og tre seksogtyve", "32.24.06-P19-103-26"),
        ("toogtredive fireogtyve nul seks P nitten fem og tyve seksogtyve", "32.24.06-P19-25-26"),
        ("toogtredive punktum fireogtyve punktum nul seks streg P nitten streg to tusind tre hundrede og fem streg"
         " seksogtyve", "32.24.06-P19-2305-26"),
        ("femoghalvtreds punktum seksogtres punktum otteoghalvfjerds streg G nioghalvfems streg treogfirs streg"
         " otteoghalvfems", "55.66.78-G99-83-98"),
        ("fem og halvtreds punktum tres punktum halvfems streg ge nul et streg en streg nitten halvfems",
         "55.60.90-G01-1-90"),
        ("halvtres punktum halvfjers punktum treds streg ka nul otte streg firs streg femogtyve",
         "50.70.60-K08-80-25"),
        ("syv punktum femogfyrre punktum nul fire streg P nitten streg tolv streg fireogtyve",
         "07.45.04-P19-12-24"),
        ("syvogtyve punktum femogfyrre punktum fire streg P nitten streg tolv streg fireogtyve", A),
        ("syvogtyve punktum femogfyrre punktum nul fire streg P otte streg tolv streg fireogtyve",
         "27.45.04-P08-12-24"),
        ("syvogtyve punktum femogfyrre streg A nul nul streg tolv streg fireogtyve", "27.45-A00-12-24"),
        ("nul nul punktum dobbelt nul punktum nul et streg stort A nul nul streg en streg fireogtyve",
         "00.00.01-A00-1-24"),
        ("one point two two point twelve dash gee ten dash one hundred and twelve dash nineteen ninety-eight",
         "01.22.12-G10-112-98"),
        ("syvogtyve punktum femogfyrre punktum nul fire streg stort Ø nitten streg tolv streg fireogtyve",
         "27.45.04-Ø19-12-24"),
        # The facet may be left out when both hyphens are said, or behind a label.
        ("syvogtyve punktum femogfyrre punktum nul fire streg tolv streg fireogtyve", "27.45.04-12-24"),
        ("27 45 04 streg 12 streg 24", "27.45.04-12-24"),
        ("sagsnummer syvogtyve femogfyrre nul fire tolv fireogtyve", "27.45.04-12-24"),
        ("sagsnummeret det er altså øh syvogtyve femogfyrre nul fire tolv fireogtyve", "27.45.04-12-24"),
        ("j.nr. 27 45 04 12 24", "27.45.04-12-24"),
        ("case number twenty-seven forty-five zero four twelve twenty-four", "27.45.04-12-24"),
    ],
)  # fmt: skip
def test_values(said: str, number: str) -> None:
    """Hundreds, thousands, halvtreds to halvfems, old years, missing zeros, a facet left out."""
    assert numbers(said) == [number]


@pytest.mark.parametrize(
    ("key", "said", "written"),
    [
        ("go", "G E O bindestreg tyve toogtyve bindestreg nul tre tre otte tre nul", "GEO-2022-033830"),
        ("go", "GEO streg to tusind toogtyve streg nul tre tre otte tre nul", "GEO-2022-033830"),
        ("go", "sagsnummer ge e o 2022 033830", "GEO-2022-033830"),
        ("go", "EMN streg to tusind nitten streg treogtyve", "EMN-2019-23"),
        ("f2", "to tusind toogtyve bindestreg tres", "2022-60"),
        ("f2", "tyve toogtyve streg elleve halvfjerds", "2022-1170"),
        ("f2", "sagsnummer to tusind toogtyve tres", "2022-60"),
        ("acadre", "seksten skråstreg et hundrede og tres", "16/160"),
        ("acadre", "femten slash fem otte to nul", "15/5820"),
        ("p360", "sagsnummer tyve skråstreg nul nul nul nul et", "20/00001"),
        ("p360", "seksten skrå streg to tre fem ni to tre", "16/235923"),
        ("nova", "S tyve toogtyve streg et to tre fire fem", "S2022-12345"),
        ("nova", "stort S to tusind toogtyve bindestreg tolv", "S2022-12"),
        ("wz", "to tusind enogtyve skråstreg enogfyrre streg syv hundrede og femogtres", "2021/41-765"),
        ("noark", "to tusind elleve skråstreg tre otte seks ni", "2011/3869"),
        ("noark", "twenty eleven slash three eight six nine", "2011/3869"),
        ("se", "KS skråstreg tyve nitten skråstreg nul nul nul et", "KS/2019/0001"),
        ("nl", "zaak streg tyve seksogtyve streg sytten", "ZAAK-2026-17"),
        ("gever", "FD nul punktum nul punktum nul skråstreg et skråstreg niogtredive", "FD 0.0.0 / 1 / 39"),
    ],
)  # fmt: skip
def test_other_systems(key: str, said: str, written: str) -> None:
    """Each system's numbers; a hit has number, also and short just as the written form has."""
    scanner, speech = speech_of(key)
    expected = scanner.find("sag " + written)[0]

    assert [(h.number, h.also, h.short, h.pattern) for h in speech.find(said)] == [
        (expected.number, expected.also, expected.short, key)
    ]


NEVER = [
    # Telephone numbers.
    "tolv fireogtredive seksoghalvtreds otteoghalvfjerds",
    "mit nummer er tolv fireogtredive seksoghalvtreds otteoghalvfjerds",
    "telefon tolv fireogtredive seksoghalvtreds otteoghalvfjerds",
    "mit telefonnummer er to syv fire fem nul fire et to",
    "ring på 27 45 04 12",
    "ring om sagen på tolv fireogtredive seksoghalvtreds otteoghalvfjerds",
    "sagen drejer sig om mit nummer tolv fireogtredive seksoghalvtreds otteoghalvfjerds",
    "sagsnummer tolv fireogtredive seksoghalvtreds otteoghalvfjerds",
    "plus femogfyrre tolv fireogtredive seksoghalvtreds otteoghalvfjerds",
    "sagsnummer femogfyrre tolv fireogtredive seksoghalvtreds otteoghalvfjerds",
    "tolv streg fireogtredive streg seksoghalvtreds streg otteoghalvfjerds",
    "call me on two seven four five zero four one two",
    "my number is twenty-seven forty-five zero four twelve",
    "27 45 04 P 19. Tolv fireogtredive seksoghalvtreds otteoghalvfjerds.",
    "jeg kan træffes på tolv fireogtredive streg seksoghalvtreds streg otteoghalvfjerds",
    # CPR numbers.
    "nul et nul et halvfems tolv fireogtredive",
    "nul et nul et halvfems streg tolv fireogtredive",
    "cpr nul et nul et halvfems bindestreg et to tre fire",
    "mit cpr-nummer er nul et nul to nul fem streg tolv seksogtyve",
    "sagen, mit cpr er nul et nul to nul fem tolv seksogtyve",
    "sagsnummer nul et nul to nul fem tolv seksogtyve",
    "sagen er nul et punktum nul to punktum nul fem streg tolv seksogtyve",
    "personnummer 01 02 05 streg 12 streg 26",
    # Dates, times, ages.
    "den tolvte i elvte",
    "den tolvte i elvte to tusind fireogtyve",
    "tolv punktum elleve punktum tyve fireogtyve",
    "tolv punktum elleve bindestreg to tusind fireogtyve",
    "den 12 punktum 11 punktum 2024",
    "mødet er klokken tolv punktum tredive streg tretten punktum tredive",
    "klokken ti nul nul til tolv femogfyrre",
    "mellem klokken tolv punktum tredive streg fjorten streg femten",
    "han er syvogtyve, hun er femogfyrre, og børnene er fire, ni og tolv",
    "mine børn er fire og tolv og fireogtyve år",
    "i årene to tusind og fire til to tusind og fireogtyve",
    "fra nittenhundrede femogfyrre til tyve fireogtyve",
    # Prices and amounts.
    "to tusind fem hundrede kroner",
    "det kostede syvogtyve komma femogfyrre kroner",
    "syvogtyve punktum femogfyrre punktum nul fire streg tolv streg fireogtyve kroner",
    "tolv komma fem procent af syvogtyve tusind fire hundrede",
    "tre gange fireogtyve minus tolv er tres",
    "one hundred and twelve dollars and twenty-four cents",
    # Accounts and other registers.
    "registreringsnummer syv seks otte et konto nul nul nul et to tre fire fem seks syv",
    "konto 27 45 streg 04 streg 12 streg 24",
    "kontonummer syvogtyve punktum femogfyrre punktum nul fire streg tolv streg fireogtyve",
    "cvr tolv fireogtredive seksoghalvtreds otteoghalvfjerds",
    "faktura syvogtyve punktum femogfyrre punktum nul fire streg tolv streg fireogtyve",
    "ean fem syv ni otte nul nul nul et to tre fire fem seks",
    "matrikel syvogtyve A femogfyrre",
    # Addresses.
    "jeg bor Nørregade tolv, tredje til venstre, femogfyrre nul fire",
    "Skovvej syvogtyve A, fire nul nul nul Roskilde",
    "Bygning tolv, lokale nul fire streg nitten",
    # Digits alone, parts of numbers, numbers that go on.
    "syvogtyve femogfyrre nul fire tolv fireogtyve",
    "2 7 4 5 0 4 1 2 2 4",
    "syvogtyve punktum femogfyrre punktum nul fire",
    "syvogtyve punktum femogfyrre punktum nul fire streg P nitten",
    "syvogtyve femogfyrre nul fire P nitten",
    "P nitten streg tolv streg fireogtyve",
    "syvogtyve punktum femogfyrre punktum nul fire streg P nitten streg tolv",
    "syvogtyve punktum femogfyrre punktum nul fire streg P nitten streg tolv streg fireogtyve streg seks streg syv",
    "syvogtyve punktum femogfyrre punktum nul fire streg P nitten streg tolv streg et to fem seks syv",
    "et hundrede syvogtyve punktum femogfyrre punktum nul fire streg P nitten streg tolv streg et to tre",
    "syvogtyve hunde, femogfyrre katte, nul fire P-pladser, nitten, tolv og fireogtyve",
    # Talk.
    "det er en god idé, og der er to der har sagt ni ja og en nej",
    "jeg skulle have to sager med, punktum.",
    "vi var fire, nej fem, der kom klokken ti",
    "der mangler en streg på tegning tolv",
    "punktum, komma, streg, så er månen en",
    "a dash of salt and two points for the twenty-four people",
    "sagen er at vi har to tusind fireogtyve sager",
    "i sagen fra to tusind fireogtyve er der tolv bilag",
    "",
    "nul",
    "27.45.04-P19-12-24",
    "sag 27.45.04 - p19 - 12 - 2024, tak",
    "27.45.04 P19 - 12 - 24 er lukket",
]  # fmt: skip


@pytest.mark.parametrize("said", NEVER)
def test_no_case_number(said: str) -> None:
    """Telephone, CPR, date, time, price, account, age, address, a part; or written already."""
    assert numbers(said) == []
    assert numbers(f"Goddag, det er Bo Vesterlund. {said}") == []


@pytest.mark.parametrize(
    "said",
    [
        "tolv fireogtredive seksoghalvtreds otteoghalvfjerds",
        "nul et nul et halvfems streg tolv fireogtredive",
        "mødet er klokken tolv punktum tredive streg tretten punktum tredive",
        "fireogtyve skråstreg tolv",
        "tre slash fire",
        "fra nitten femoghalvfems streg to tusind tyve",
        "CPR nitten nul et firs tolv fireogtredive",
        "kontonummer tyve toogtyve streg tolv",
        "det var i tyve toogtyve tres mennesker",
        "to tusind toogtyve minus tolv kroner",
        "Hilsen S. To tusind toogtyve var et godt år",
        "telefon to tusind toogtyve streg et to tre fire",
        "KMD tyve toogtyve fem",
        "sagen er fem og tyve tres",
        "tolv punktum elleve skråstreg tyve fireogtyve",
    ],
)
def test_no_case_number_of_any_system(said: str) -> None:
    """With every pattern on, these are none either."""
    assert numbers(said, SPEECH_OF_ALL) == []


def test_places_and_label() -> None:
    """Start and end are places in the original text; a label is seen over words in between."""
    text = "Hej.\nMit sagsnummer det er øh, " + WAYS[0] + ".\nTak"
    (hit,) = SPEECH.find(text)

    assert (hit.raw, text[hit.start : hit.end], hit.labelled) == (WAYS[0], WAYS[0], True)
    assert SPEECH.find("om " + WAYS[0])[0].labelled is False


def test_as_the_scanner_gives_it() -> None:
    """Number, also, short and pattern are those of the written form."""
    (hit,), (written,) = SPEECH.find(WAYS[0]), KLE.find(A)

    assert (hit.number, hit.also, hit.short, hit.pattern) == (
        written.number, written.also, written.short, written.pattern,
    )  # fmt: skip


@pytest.mark.parametrize("said", [WAYS[0], WAYS[6], WAYS[7], WAYS[16]])
@pytest.mark.parametrize("between", [" ", ". ", ", jeg gentager ", " punktum. ", ", altså "])
def test_said_twice(said: str, between: str) -> None:
    """A number that is repeated is found both times, and nothing across the two."""
    assert numbers(said + between + said) == [A, A]


def test_whole_number_corrected() -> None:
    """A whole number put in place of another makes two hits; which one stands is decided elsewhere."""
    other = WAYS[0].replace("tolv", "tretten")

    assert numbers(f"{WAYS[0]}, nej undskyld, {other}") == [A, "27.45.04-P19-13-24"]


def test_telephone_behind() -> None:
    """A telephone number right behind the case number is no part of it."""
    phone = "tolv fireogtredive seksoghalvtreds otteoghalvfjerds"

    assert numbers(f"{WAYS[0]}. {phone}") == [A]
    assert numbers(f"{WAYS[0]} mit nummer er {phone}") == [A]
    assert numbers(f"{phone}. {WAYS[0]}") == [A]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("to syv fire fem nul fire P et ni et to nul to fire", ["1-24", "120-24"]),
        ("syvogtyve femogfyrre nul fire P nitten tolv tyve fireogtyve", ["12-24", "1220-24"]),
        ("27 45 04 P 19 12 20 24", ["12-24", "1220-24"]),
    ],
)
def test_several_ways(said: str, found: list[str]) -> None:
    """Without signs the digits may be shared in several ways: each is a hit, the likeliest first."""
    assert numbers(said) == [f"27.45.04-P19-{end}" for end in found]


def test_shapes() -> None:
    """A shape has the widths of the pattern, and parts that may be left out make several."""
    found = shapes(compile_patterns(TABLE, ["wz", "acadre"]).patterns)

    assert [[(s.kind, max(s.widths), s.joint) for s in shape] for shape in found] == [
        [("digits", 4, ""), ("digits", 6, "/"), ("digits", 7, "-")],
        [("digits", 2, ""), ("digits", 6, "/")],
    ]


def test_own_pattern() -> None:
    """A customer's own pattern is spoken too: the shape comes from the expression."""
    table = {
        "default": ["own"],
        "pattern": {
            "own": {
                "regex": r"%<(?P<unit>[A-D])(?P<seq>\d{5})%/(?P<year>\d{2})%>",
                "canonical": "{unit}{seq}/{year}",
                "examples": {"B00017/24": "B00017/24"},
            }
        },
    }
    speech = Speech(compile_patterns(table).patterns)

    assert numbers("sag B nul nul nul et syv skråstreg fireogtyve", speech) == ["B00017/24"]
    assert numbers("sag E nul nul nul et syv skråstreg fireogtyve", speech) == []


# A speaker: the number in one of the ways above.

DANISH = ["nul", "et", "to", "tre", "fire", "fem", "seks", "syv", "otte", "ni", "ti", "elleve", "tolv",
          "tretten", "fjorten", "femten", "seksten", "sytten", "atten", "nitten"]  # fmt: skip
DANISH_TENS = [
    "",
    "",
    "tyve",
    "tredive",
    "fyrre",
    "halvtreds",
    "tres",
    "halvfjerds",
    "firs",
    "halvfems",
]
ENGLISH = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
           "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
           "nineteen"]  # fmt: skip
ENGLISH_TENS = [
    "",
    "",
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "sixty",
    "seventy",
    "eighty",
    "ninety",
]
NAMES = {
    "P": "pe",
    "G": "ge",
    "K": "ka",
    "B": "be",
    "F": "ef",
    "Q": "ku",
    "I": "stort i",
    "E": "stort E",
}


def count(value: int, way: str) -> str:
    """A number below a million in words."""
    is_english = way == "english"
    if value >= 1000:
        thousands, rest = divmod(value, 1000)
        head = count(thousands, way) + (" thousand" if is_english else " tusind")
        return head if not rest else f"{head} {count(rest, way)}"
    if value >= 100:
        hundreds, rest = divmod(value, 100)
        head = count(hundreds, way) + (" hundred" if is_english else " hundrede")
        return head if not rest else f"{head} {'and' if is_english else 'og'} {count(rest, way)}"
    if value < 20:
        return ENGLISH[value] if is_english else DANISH[value]
    tens, ones = divmod(value, 10)
    if is_english:
        return ENGLISH_TENS[tens] + (f"-{ENGLISH[ones]}" if ones else "")
    link = " og " if way == "split" else "og"
    return (DANISH[ones] + link if ones else "") + DANISH_TENS[tens]


def group(digits: str, way: str) -> str:
    """One group: in digits, digit by digit, or as a number with its zeros before."""
    if way == "digits":
        return digits
    names = ENGLISH if way == "english" else DANISH
    if way == "singly":
        return " ".join(names[int(digit)] for digit in digits)
    rest = digits.lstrip("0")
    zeros = [names[0]] * (len(digits) - len(rest))
    return " ".join([*zeros, count(int(rest), way)] if rest else zeros)


def letter_said(letter: str, way: str) -> str:
    if way == "plain":
        return letter
    if way == "named":
        return NAMES.get(letter, letter.lower() if letter not in "IÅOE" else letter)
    if way == "capital":
        return "stort " + letter
    return f"{letter} som i {letter}lse"


def assume_seen_by_the_gate(text: str) -> None:
    """The gate, to be quick, wants two number words that begin with other letters than a, e, h."""
    words = [word.partition("-")[0] for word in text.lower().split()]
    assume(sum(w[0].isdigit() or (w[0] not in "aeh" and bool(WORDS.get(w.strip(".,"))) and
               WORDS[w.strip(".,")].kind == "number") for w in words) > 1)  # fmt: skip


KLE_NUMBERS = st.builds(
    lambda levels, letter, facet, seq, year: (
        levels,
        letter,
        f"{facet:02}",
        str(seq),
        f"{year:02}",
    ),
    st.lists(st.integers(0, 99), min_size=3, max_size=3).map(lambda v: [f"{x:02}" for x in v]),
    st.sampled_from("AGKPSIEBFQØÅ"),
    st.integers(0, 99),
    st.integers(1, 999_999) | st.integers(1, 99),
    st.integers(0, 99),
)
WAY = st.sampled_from(["words", "split", "singly", "digits", "english"])
LETTER_WAY = st.sampled_from(["plain", "named", "capital", "as in"])
FILLER = st.sampled_from(["", "", "", "øh ", "altså ", "og så ", "hvad hedder det ", "vent "])


@given(
    parts=KLE_NUMBERS,
    ways=st.lists(WAY, min_size=6, max_size=6) | WAY.map(lambda way: [way] * 6),
    letter_way=LETTER_WAY,
    dot=st.sampled_from(["punktum", "komma", "prik", "point", "dot"]),
    dash=st.sampled_from(["bindestreg", "streg", "minus", "tankestreg", "dash", "hyphen"]),
    fillers=st.lists(FILLER, min_size=5, max_size=5).filter(lambda f: sum(map(bool, f)) < 4),
    stop=st.sampled_from(["", "", ",", "."]),
    is_full_year=st.booleans(),
)
@settings(max_examples=400)
def test_any_number_with_signs(
    parts: tuple[list[str], str, str, str, str],
    ways: list[str],
    letter_way: str,
    dot: str,
    dash: str,
    fillers: list[str],
    stop: str,
    is_full_year: bool,
) -> None:
    """Any KLE number with its signs said is found again, exactly and alone, in any mixture."""
    levels, letter, facet, seq, year = parts
    if is_full_year:
        year = ("19" if year >= "70" else "20") + year
    said = [group(level, way) for level, way in zip(levels, ways[:3], strict=True)]
    head = f" {dot}{stop} ".join([said[0], fillers[0] + said[1], fillers[1] + said[2]])
    facet_said = letter_said(letter, letter_way) + " " + group(facet, ways[3])
    tail = [
        fillers[2] + facet_said,
        fillers[3] + group(seq, ways[4]),
        fillers[4] + group(year, ways[5]),
    ]
    text = f" {dash} ".join([head, *tail])
    assume_seen_by_the_gate(text)

    expected = KLE.find(f"{'.'.join(levels)}-{letter}{facet}-{seq}-{year}")[0]
    assert [(h.number, h.also, h.raw) for h in SPEECH.find(text)] == [
        (expected.number, expected.also, text)
    ]


@given(
    # A hundred thousand, digit by digit, with a year looks like a telephone number behind a code.
    parts=KLE_NUMBERS.filter(lambda parts: len(parts[3]) < 6),
    ways=st.lists(WAY, min_size=6, max_size=6) | WAY.map(lambda way: [way] * 6),
    letter_way=LETTER_WAY,
    stop=st.sampled_from([" ", " ", ", ", ". ", "\n", ".\n"]),
)
@settings(max_examples=400)
def test_any_number_without_signs(
    parts: tuple[list[str], str, str, str, str], ways: list[str], letter_way: str, stop: str
) -> None:
    """Any KLE number without its signs is among what is found; alone when seq has two digits."""
    levels, letter, facet, seq, year = parts
    said = [group(level, way) for level, way in zip(levels, ways[:3], strict=True)]
    facet_said = letter_said(letter, letter_way) + " " + group(facet, ways[3])
    text = stop.join([*said, facet_said, group(seq, ways[4]), group(year, ways[5])])
    assume_seen_by_the_gate(text)

    expected = KLE.find(f"{'.'.join(levels)}-{letter}{facet}-{seq}-{year}")[0].number
    found = numbers(text)
    assert expected in found
    assert len(found) <= MAX_WAYS


@given(
    st.lists(
        st.sampled_from([*WORDS, "sag", "sagsnummer", "27", "4", "P19", ".", ","]), max_size=60
    )
)
@settings(max_examples=300)
def test_any_words(words: list[str]) -> None:
    """Whatever the words, hits stand in the text, and the scanner knows each number."""
    text = " ".join(words)
    for hit in SPEECH_OF_ALL.find(text):
        assert text[hit.start : hit.end] == hit.raw
        assert hit.raw


@pytest.mark.parametrize(
    "line",
    [
        "nul fire tolv syvogtyve ",
        "Nul. Fire. Tolv. ",
        WAYS[0] + ". ",
        "to syv fire fem nul fire P et ni et to to fire ",
        "fire punktum ",
        "fire. P. ",
        "nul fire nej nul fem streg ",
        "27 punktum 4 bindestreg P ",
    ],
)
def test_ten_times_the_text_ten_times_the_time(line: str) -> None:
    """Time grows with the text, no faster; a megabyte of numbers gives a bounded list."""

    def seconds(chars: int) -> float:
        text = line * (chars // len(line))
        hits: list[Hit] = []
        found = cpu_s(lambda: hits.extend(SPEECH_OF_ALL.find(text)))
        assert len(hits) <= MAX_REPEATS + MAX_WAYS * 4
        return found

    small = min(seconds(3_000) for _ in range(3))
    assert seconds(30_000) < 25 * small + 0.05


def test_a_megabyte_of_number_words() -> None:
    """No number in it, and little memory beyond the copies of the text that the gate makes."""
    text = "nul fire tolv syvogtyve fem og halvtreds " * 25_000
    tracemalloc.start()
    try:
        hits = SPEECH.find(text)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert hits == ()
    assert peak < 4 * len(text)


def test_an_ordinary_message_costs_little() -> None:
    """A message without number words is left at the gate: far quicker than one with a number."""
    ordinary = (
        "Hej Mette, jeg har lige talt med borgeren igen, og hun er stadig ikke glad for den afgørelse,"
        " som vi sendte i sidste uge. Kan du kigge på sagen, inden du går hjem? Hun mener, at vi har"
        " overset lægens erklæring, og at retten til dækning gælder fra den dag, hun flyttede."
    ) * 2
    number = (ordinary + WAYS[0])[-len(ordinary) :]

    assert 8 * quickest(lambda: SPEECH.find(ordinary)) < quickest(lambda: SPEECH.find(number))


def quickest(call: Callable[[], object]) -> float:
    return min(timeit.repeat(call, number=20, repeat=20))
