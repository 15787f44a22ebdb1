"""What the words round a case number say of it."""

from __future__ import annotations

import pytest

from connector.linking.remarks import Remark, corrections, remark
from tests.timing import cpu_s

X, Y = "27.45.04-P19-12-24", "27.45.04-P19-13-24"
LABELS = ("", "sag ", "sagsnr. ", "sag nr. ", "j.nr. ")


def spans(text: str) -> list[tuple[int, int]]:
    """Where the numbers stand in `written(text)`."""
    places = [at for at, letter in enumerate(text) if letter in "XY"]
    grown = [at + n * (len(X) - 1) for n, at in enumerate(places)]
    return [(at, at + len(X)) for at in grown]


def written(text: str) -> str:
    """The text with numbers for the letters X and Y, which stand for nothing else here."""
    return text.replace("X", X).replace("Y", Y)


def said(text: str, *, inbound: bool = False) -> Remark:
    """The remark on the first X."""
    order = [letter for letter in text if letter in "XY"]
    start, end = spans(text)[order.index("X")]
    assert written(text)[start:end] == X
    return remark(written(text), start, end, inbound=inbound)


@pytest.mark.parametrize(
    "text",
    [
        "Det er X, nej det er Y",
        "X, nej, det er Y",
        "Sag X. Nej undskyld, det skulle være Y",
        "forkert nummer: X, rettelse: Y",
        "Jeg skrev X, det var forkert, det rigtige nummer er Y",
        "ikke X men Y",
        "Det er ikke sag X, men sag Y",
        "X - undskyld, det skulle være Y",
        "X eller rettere Y",
        "X. Hov, forkert sag. Det er Y.",
        "Brug Y i stedet for X",
        "brug sag Y, ikke sag X",
        "Det er Y (ikke X)",
        "X er forkert",
        "X er en fejl",
        "Jeg journaliserede det på X ved en fejl, det skal på Y",
        "Brevet er fejlagtigt lagt på sag X",
        "X rettes til Y",
        "X, nej det er 13-24",
        "X, nej jeg mener nul fem",
        "sagen er X. Vent, nej, Y",
        "It is X, no sorry, it is Y",
        "not X but Y",
        "use Y instead of X",
        "X is wrong, the right number is Y",
        "I meant Y rather than X",
    ],
)
def test_corrected(text: str) -> None:
    """A number that the text takes back."""
    assert said(text) is Remark.CORRECTED


@pytest.mark.parametrize(
    "text",
    [
        "X og Y", "X eller Y", "X, Y", "X. Undskyld ventetiden, sag Y er klar", "X, det er Y",
        "X er den rigtige. Y er også åben", "Er der nyt i X? Nej, jeg ser på Y",
        "X, nej det er i morgen kl. 12", "X. Nej, 12/11 passer bedre", "X. Nej, 12. november",
        "Nej, det er X", "undskyld, det skulle være X", "rettelse: X",
        "forkert nummer, rettelse: X",
        "ikke kun X men også Y", "Ja, X. Forkert adresse står der i Y",
        "X. Sorry for the delay with Y",
        "Nej, ikke i dag. Sag X", "Fejlen i X er rettet", "Er X forkert?", "ikke Y men X",
        "Brug X i stedet for Y", "Har du fejlen i X?", "undskyld jeg skriver igen om X",
    ],
)  # fmt: skip
def test_not_corrected(text: str) -> None:
    """What stands, or corrects another."""
    assert said(text) is Remark.NONE


@pytest.mark.parametrize(
    "text",
    [
        "f.eks. X", "fx X", "for eksempel sag X", "I emnet kan du f.eks. skrive X",
        "noget i stil med X",
        "Sagsnumre har formatet X", "i formatet X", "Et nummer ser sådan ud: X", "som dette: X",
        "skabelon: X", "test X", "Test test X", "testsag X", "X (test)", "X er bare et eksempel",
        "e.g. X", "for example case X", "it looks like X", "X is just an example", "eksempel: X",
    ],
)  # fmt: skip
def test_example(text: str) -> None:
    """A number that shows how numbers look."""
    assert said(text) is Remark.EXAMPLE


@pytest.mark.parametrize(
    "text",
    [
        "den gamle sag X", "tidligere sag X", "den tidligere sag om hegn, X",
        "sidste år søgte jeg i sag X",
        "den henlagte sag X", "afsluttet sag X", "den lukkede sag X", "den forrige, X",
        "X, som er lukket", "sag X er afsluttet", "X blev henlagt", "X (lukket)", "X fra sidste år",
        "X er jo lukket", "hendes gamle sag nr. X", "the old case X", "last year's case X",
        "X, which was closed",
        "the previous case: X", "X, den gamle sag",
    ],
)  # fmt: skip
def test_earlier(text: str) -> None:
    """A number that is called old or closed."""
    assert said(text) is Remark.EARLIER


@pytest.mark.parametrize(
    "text",
    [
        "Ankestyrelsens journalnummer X", "Statsforvaltningens j.nr. X", "Familieretshusets sag X",
        "Region Midts j.nr. X", "Odense Kommunes sag X", "politiets journalnr. X",
        "advokatens j.nr. er X",
        "jeres journalnummer X", "deres j.nr. X", "deres ref.: X", "Ankestyrelsen, j.nr. X",
        "X hos Ankestyrelsen",
        "forsikringsselskabets skadenr. X", "your reference X", "the court's case X",
        "sygehusets nr. X",
        "Familieretshusets sagsnummer er X", "byrettens j.nr. X", "Deres ref. X",
        "X (Ankestyrelsen)",
    ],
)  # fmt: skip
def test_foreign(text: str) -> None:
    """A number of somebody else's."""
    assert said(text) is Remark.FOREIGN


@pytest.mark.parametrize(
    "text",
    [
        "Odense Kommune har sag X", "Odense Kommune har sagen X", "Odense Kommune has case no. X",
        "Hos Odense Kommune har sagen nr. X", "Nabokommunen har journalnummer X",
        "Nabokommunens sag X", "Den anden kommune har sag nr. X",
        "Ankestyrelsen (j.nr. X)", "Odense Kommune (sagsnr. X)",
        "Deres sagsnummer i Odense er X", "jeres sagsnr. i Odense Kommune: X",
        "X er Odense Kommunes nummer", "X er Ankestyrelsens sag", "X is Odense Kommunes own number",
        "brev fra Odense Kommune med sagsnr. X",
    ],
)  # fmt: skip
def test_foreign_however_it_is_said(text: str) -> None:
    """Another authority's number, by whom it is had or from whom it comes; ours is ours."""
    start, end = spans(text)[0]
    assert remark(written(text), start, end, inbound=True) is Remark.FOREIGN
    there = ["odense kommune"]
    if "Odense" in text:
        assert remark(written(text), start, end, inbound=True, ours=there) is Remark.NONE


@pytest.mark.parametrize(
    "text",
    [
        "Vores kommune har sag X", "i vores kommune er sag X", "Kommunen har sagsnummer X",
        "jeres sagsnummer i Acadre er X", "Deres sagsnummer i sagen er X", "X er kommunens nummer",
        "Ankestyrelsen har sag X til behandling", "brev fra kommunen med sagsnr. X",
        "Jeres sagsnummer hos Borgerservice er X",
    ],
)  # fmt: skip
def test_ours(text: str) -> None:
    """The municipality without a name is ours; another authority may have our case."""
    start, end = spans(text)[0]
    assert remark(written(text), start, end, inbound=True) is Remark.NONE


def test_whose() -> None:
    """What a citizen calls "jeres" is ours; and so is our own municipality's number."""
    assert said("jeres sagsnummer X", inbound=True) is Remark.NONE
    assert said("deres j.nr. X", inbound=True) is Remark.FOREIGN
    assert said("Deres j.nr. X", inbound=True) is Remark.NONE
    start, end = spans("Solby Kommunes sag X")[0]
    text = written("Solby Kommunes sag X")
    assert remark(text, start, end, ours=["solby kommune"]) is Remark.NONE
    assert remark(text, start, end, ours=["vestby kommune"]) is Remark.FOREIGN


@pytest.mark.parametrize(
    "text",
    [
        "Det drejer sig ikke om sag X", "ikke vedr. sag X", "har intet med X at gøre",
        "Det handler ikke om X", "det gælder ikke sag X", "det er ikke sag X",
        "skal ikke journaliseres på X",
        "hører ikke til X", "det har ikke noget med sag X at gøre", "ikke sag nr. X",
        "nothing to do with X",
        "this is not about case X", "it does not concern X", "hverken X eller Y",
    ],
)  # fmt: skip
def test_negated(text: str) -> None:
    """A number that the message is not about."""
    assert said(text) is Remark.NEGATED


@pytest.mark.parametrize(
    "text",
    [
        "det ligner sag X", "samme som i X", "samme problem som i sag X", "se til sammenligning X",
        "praksis i sag X", "praksis fra X", "ligesom i X", "en tilsvarende sag X",
        "svarer til sag X",
        "som i sag X", "minder meget om X", "præcedens: X", "i modsætning til X",
        "similar to case X",
        "same problem as in X", "cf. X", "X til sammenligning", "parallelt med X",
    ],
)  # fmt: skip
def test_mentioned(text: str) -> None:
    """A number that is named for comparison."""
    assert said(text) is Remark.MENTIONED


@pytest.mark.parametrize(
    "text",
    [
        "X", "sag X", "Vedr. sagsnr. X", "jf. sag X", "ad sag X: tak for brevet",
        "Hej, jeg ringer om X",
        "Vi talte tidligere om sag X", "samme sag som X", "Jeg har ikke hørt noget i sag X",
        "Jeg har ikke fået svar på sag X", "bilaget ligger ikke i sag X", "hvornår lukkes X?",
        "når X er lukket",
        "Ankestyrelsens afgørelse i sag X", "politiet har sendt rapport til sag X",
        "min advokat ringer om X",
        "Testamentet er lagt på X", "borgerens sag X", "kommunens sagsnummer X", "vores j.nr. X",
        "den nye sag X", "Den gamle er lukket. Ny sag X", "Sidste år flyttede jeg. Det gælder X",
        "Formatet på brevet er forkert. Sag X", "Skabelonen mangler. Sag X",
        "Jeg søgte tidligere. Sag X",
        "X er åben igen", "X handler om hegn", "Er sag X lukket?", "Hun ligner sin mor. Sag X",
        "et eksempel følger. Sag X", "Hvad er status på X, som jeg sendte i går?", "the new case X",
        "please see case X", "I have not heard back on case X", "den åbne sag X", "Husk X, tak",
        "Vi er enige. Retten har talt. Sag X", "min tidligere sagsbehandler sagde X", "sagen er X",
        "sidste frist i sag X er fredag", "hun er utilfreds med afgørelsen i X",
    ],
)  # fmt: skip
def test_nothing_said(text: str) -> None:
    """Ordinary words round a number say nothing against it."""
    assert said(text) is Remark.NONE


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize(
    ("words", "expected"),
    [("den gamle", Remark.EARLIER), ("det er ikke", Remark.NEGATED), ("i stedet for",
    Remark.CORRECTED),
     ("f.eks.", Remark.EXAMPLE), ("det ligner", Remark.MENTIONED), ("jeg ringer om", Remark.NONE)],
)  # fmt: skip
def test_labels(label: str, words: str, expected: Remark) -> None:
    """A label between the words and the number changes nothing, nor do case and breaks."""
    assert said(f"{words} {label}X") is expected
    assert said(f"Hej.\n{words.capitalize()}\n{label}X.") is expected


@pytest.mark.parametrize(
    ("text", "standing"),
    [
        ("X, nej det er Y", [1]),
        ("X og Y", [0, 1]),
        ("ikke X men Y", [1]),
        ("Y, ikke X", [0]),
        ("Y i stedet for X", [0]),
        ("X. Tak. X, nej undskyld, Y", [2]),
        ("X, nej det er X", [0, 1]),
        ("X, nej Y, nej X", [2]),
        ("X, nej det er 13-24", []),
        ("X er lukket, Y er åben", [0, 1]),
        ("X, nej jeg mener Y og X", [1, 2]),
        ("Undskyld, X og Y", [0, 1]),
        ("X", [0]),
        ("", []),
    ],
)
def test_corrections(text: str, standing: list[int]) -> None:
    """A correction beats what it corrects, wherever that stood before; the rest stands."""
    assert list(corrections(written(text), spans(text))) == standing


def test_two_patterns_at_one_place() -> None:
    """Hits of two patterns at one place fall together."""
    text = written("X, nej det er Y")
    (a, b) = spans("X, nej det er Y")

    assert corrections(text, [a, a, b, b]) == (2, 3)


def test_words_far_away() -> None:
    """Only words near the number count, and those of a long text cost nothing."""
    text = "Det drejer sig ikke om. " + "ord " * 60 + X + " ord" * 60 + ", nej det er " + Y
    start = text.index(X)

    assert remark(text, start, start + len(X)) is Remark.NONE


def test_ten_megabytes() -> None:
    """A remark in ten megabytes costs what it costs in ten lines."""
    text = "ikke " * 1_000_000 + X + " nej" * 1_000_000
    start = text.index(X)

    assert cpu_s(lambda: [remark(text, start, start + len(X)) for _ in range(100)]) < 1


def test_many_numbers() -> None:
    """Thousands of numbers in one text take time in proportion."""
    piece = X + ", nej det er "
    text = piece * 3_000
    places = [(i * len(piece), i * len(piece) + len(X)) for i in range(3_000)]

    assert cpu_s(lambda: corrections(text, places)) < 5
