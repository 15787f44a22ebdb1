"""Telephone messages for a colleague; telephone numbers, names and old decisions in a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.linking.contacts import digit_span
from connector.linking.relayed import (
    Relayed,
    about_old_decision,
    names_in,
    phones_in,
    relayed,
)
from tests.timing import cpu_s

PHONE = "+4536421234"


@pytest.mark.parametrize(
    "text",
    [
        "36421234", "36 42 12 34", "3642 1234", "+45 36 42 12 34", "+4536421234", "0045 36421234",
        "tlf. 36421234", "tlf.nr. 36 42 12 34.", "Tlf: 36-42-12-34", "tlf. 36.42.12.34",
        "(36421234)",
        "ring på 3642-1234", "mobil 36 42 12 34, tak", "tel:36421234", "36421234;",
        "nummer 36421234",
        "Ring til hende på 36 42 12 34 inden kl. 12", "Hun har 36 42 12 34 eller 36421234",
        "36421234 i dag kl. 10", "(+45) 36 42 12 34", "364 21 234",
    ],
)  # fmt: skip
def test_phones(text: str) -> None:
    """A Danish telephone number in every spelling."""
    assert phones_in(text) == (PHONE,)


@pytest.mark.parametrize(
    "before", ["", "Hej Ida. ", "Kl. 9: ", "(", "Mødet er den 12. november.\n"]
)
@pytest.mark.parametrize(
    "phone", ["(+45) 36 42 12 34", "+45 36421234", "0045 36421234", "36421234"]
)
@pytest.mark.parametrize("behind", ["", " tak", ", kl. 12", "\nHilsen Bo"])
def test_phones_wherever_they_stand(before: str, phone: str, behind: str) -> None:
    """A number is the same at the edges of a text and among other digits."""
    assert phones_in(before + phone + behind) == (PHONE,)


@given(st.text(alphabet="ab 0159٣²½\n", max_size=30))
def test_digit_span(text: str) -> None:
    """All digits of case and telephone numbers are inside, and the span is no wider."""
    low, high = digit_span(text)

    assert not set(text[:low] + text[high:]) & set("0123456789")
    assert low == high == 0 or {text[low], text[high - 1]} <= set("0123456789")


def test_several_phones() -> None:
    """All numbers in order, foreign ones too, each once."""
    text = "Ring på 36 42 12 34 eller +46 8 123 456 78, ellers tlf. 36421235/36421236. 36421234"

    assert phones_in(text)[:2] == (PHONE, "+46812345678")
    assert "+4536421235" not in phones_in("27.45.04-P19-36421235-24")


@pytest.mark.parametrize(
    "text",
    [
        "", "CVR 36421234", "CVR-nr. 36421234", "cvr: 36 42 12 34", "EAN 5798036421234",
        "konto 36421234",
        "reg. 3642 konto 1234567", "faktura 36421234", "36421234 kr.", "kr. 36421234",
        "36421234,50",
        "311290-1234", "3112901234", "310190 1234", "610190-1234", "CPR 31 01 90 12 34", "20241112",
        "27.45.04-P19-12-24", "GEO-2022-033830", "24/36421234", "2022-1170", "2022 1170",
        "sag 36421234",
        "https://x.example/36421234", "?id=36421234", "ordre nr. 36421234", "1236421234",
        "364212345",
        "12.11.2024", "12-11-2024", "27.45.04.12", "36421234-12", "a36421234", "36421234@x.example",
        "DK50 3000 4400 1162 43", "P-nr. 36421234", "ref. 36421234", "skadenr. 36421234",
        "16421234",
        "matr. 36421234", "j.nr. 36421234", "S2022-36421234", "112", "36421234%", "36421234/24",
    ],
)  # fmt: skip
def test_no_phones(text: str) -> None:
    """Parts of CPR, CVR, account and case numbers, dates, prices and links are no telephones."""
    assert phones_in(text) == ()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Ring til Hanne Jensen på", ("Hanne Jensen",)),
        ("Karen Holm har ringet", ("Karen Holm",)),
        ("Har Hanne Jensen ringet?", ("Hanne Jensen",)),
        ("Hej Karen Holm", ("Karen Holm",)),
        ("det er Anne-Marie Bøgh-Lund", ("Anne-Marie Bøgh-Lund",)),
        ("Aage Kjær Ågård", ("Aage Kjær Ågård",)),
        ("Hans von Bülow og Per af Rosen", ("Hans von Bülow", "Per af Rosen")),
        ("Maria de la Cruz", ("Maria de la Cruz",)),
        ("Hanne M. Jensen", ("Hanne M. Jensen",)),
        ("Besked fra Øjvind Østergaard Æbelø: ring", ("Øjvind Østergaard Æbelø",)),
        ("Hanne Jensen, Hanne Jensen og Bo Lund", ("Hanne Jensen", "Bo Lund")),
        ("Fru Hanne Jensen", ("Hanne Jensen",)),
        ("Borgeren Hanne Jensen", ("Hanne Jensen",)),
        ("Hanne Jensen Mandag kl. 10", ("Hanne Jensen",)),
        ("Hanne Jensens sag", ("Hanne Jensens",)),
        ("Navn: Hanne Jensen\nTlf: 36421234", ("Hanne Jensen",)),
        ("(Hanne Jensen)", ("Hanne Jensen",)),
        ("Søren Kirkegaard", ("Søren Kirkegaard",)),
    ],
)
def test_names(text: str, names: tuple[str, ...]) -> None:
    """Two to four capitalised words in a row, without what begins the sentence."""
    assert names_in(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "", "Hanne", "Hej Karen", "Kære Hanne", "hanne jensen", "Jobcenter Midt",
        "Borgerservice Nord",
        "Solby Kommune", "Nørre Alslev", "Store Heddinge", "Søndre Allé", "Sankt Peders Vej",
        "Mandag Morgen",
        "Venlig Hilsen", "Med Venlig Hilsen", "Region Midtjylland", "Udbetaling Danmark",
        "Microsoft Teams",
        "Team Byg", "Plejecenter Solgården", "Distrikt Vest", "Digital Post", "Tak. Ring. Nu",
        "Den Gamle Sag",
        "Hanne.Jensen@x.example", "HANNE JENSEN", "Ring Mandag", "Hanne\nJensen", "I Dag", "Jeg Er",
        "Vester Skole", "Familieretten Odense", "Marts Oktober", "Karen.", "Center Nord",
        "Jeg kommer Mandag",
        "Solvej 12, Nørre Snede", "Ældre Sagen",
    ],
)  # fmt: skip
def test_no_names(text: str) -> None:
    """Places, units, weekdays, greetings and single words are no names."""
    assert names_in(text) == ()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Ring til Hanne Jensen på 36 42 12 34", ("Hanne Jensen",)),
        ("Karen Holm, tlf. 36421234, har ringet, vil gerne ringes op", ("Karen Holm",)),
        ("Besked fra omstillingen: Hanne Jensen, 36421234, om sin ansøgning", ("Hanne Jensen",)),
        ("Hej Lise Berg, vil du ringe til Hanne Jensen, 36421234? Mvh. Ida Dam, tlf. 36501000",
        ("Hanne Jensen",)),
        ("Hanne Jensen har ringet. Hun kan fanges på 36421234", ("Hanne Jensen",)),
        ("Hanne Jensen ringede kl. 10, bad om at blive ringet op på 3642 1234", ("Hanne Jensen",)),
        ("Telefonbesked: Hanne Jensen, tlf 36421234", ("Hanne Jensen",)),
        ("Ring tilbage til Hanne Jensen 36421234", ("Hanne Jensen",)),
        ("Hanne Jensen ønsker opkald på +45 36 42 12 34", ("Hanne Jensen",)),
        ("Kan du ringe til Hanne Jensen på 36421234?", ("Hanne Jensen",)),
        ("Borger Hanne Jensen spurgte efter dig, 36421234", ("Hanne Jensen",)),
        ("Please call Hanne Jensen on 36421234", ("Hanne Jensen",)),
        ("Hanne Jensen has called, would like a call, 36421234", ("Hanne Jensen",)),
        ("En mand har ringet, 36421234", ()),
        ("Hanne Jensen bedes ringes op på 36421234.\nMed venlig hilsen\nOmstillingen 36501000",
        ("Hanne Jensen",)),
        ("Kontakt venligst Hanne Jensen, hun ringede fra 36421234", ("Hanne Jensen",)),
        ("Hanne Jensen vil gerne tale med dig, tlf. 36421234", ("Hanne Jensen",)),
        ("Der er lagt en besked: ring til Bo Lund og Hanne Jensen på 36421234", ("Bo Lund",
        "Hanne Jensen")),
    ],
)  # fmt: skip
def test_relayed(text: str, names: tuple[str, ...]) -> None:
    """Who is to be called and on which number; not the colleagues who write."""
    assert relayed(text) == Relayed(names=names, phones=(PHONE,))


@pytest.mark.parametrize(
    "text",
    [
        "", "Ring til mig på 36421234", "Du kan ringe til mig på 36421234. Hilsen Hanne Jensen",
        "Jeg har ringet til Hanne Jensen på 36421234", "Mvh Karen Holm, tlf. 36421234",
        "Med venlig hilsen\nKaren Holm\nTlf. 36421234", "Mit telefonnummer er 36421234",
        "Hanne Jensen 36421234",
        "Hanne Jensen bor på Solvej", "Hun har ringet",
        "Jeg skal ringe til Hanne Jensen i morgen, 36421234",
        "Vi ringede til Hanne Jensen i går, 36421234", "Kan I ringe mig op på 36421234?",
        "Ring til os på 36421234",
        "Min mobil er 36421234", "Call me on 36421234", "Jeg kan kontaktes på 36421234",
        "Kontakt os på 36421234",
        "Har du talt med Hanne Jensen? 36421234", "Jeg vil gerne ringes op på 36421234",
        "Sagen handler om støj",
        "Ring op", "Jeg ringede til Hanne Jensen, 36421234",
    ],
)  # fmt: skip
def test_not_relayed(text: str) -> None:
    """Somebody's own number, calls that were made, and signatures are no messages for others."""
    assert relayed(text) is None


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Jeg vil klage over afgørelsen", "klage"),
        ("Jeg klager over jeres afgørelse", "klager"),
        ("Klagefristen er overskredet", "Klagefristen"),
        ("Jeg ønsker aktindsigt i sagen", "aktindsigt"),
        ("Ankestyrelsen har hjemvist sagen", "Ankestyrelsen"),
        ("sagen er hjemvist", "hjemvist"),
        ("Jeg kræver erstatning", "erstatning"),
        ("erstatningskrav følger", "erstatningskrav"),
        ("jeg beder om genoptagelse", "genoptagelse"),
        ("afgørelsen er påklaget", "påklaget"),
        ("jeg er uenig i afgørelsen", "uenig i afgørelsen"),
        ("utilfreds med jeres afslag", "utilfreds med jeres afslag"),
        ("den gamle afgørelse", "gamle afgørelse"),
        ("må jeg se sagens akter", "sagens akter"),
        ("this is a complaint", "complaint"),
        ("I want to appeal", "appeal"),
        ("access to the file", "access to the file"),
        ("we claim damages", "damages"),
        ("the case was remitted", "remitted"),
        ("jeg anker", "anker"),
    ],
)
def test_old_decision(text: str, word: str) -> None:
    """The word by which the text shows it."""
    assert about_old_decision(text) == word


@pytest.mark.parametrize(
    "text",
    [
        "", "Jeg beklager", "han er anklaget", "Jeg klager over støj fra naboen",
        "klage over naboens hegn",
        "klage over larm", "klager over lugt", "Hvornår kommer afgørelsen?",
        "erstatningspersonnummer",
        "som erstatning for den gamle dør", "til erstatning for det gamle kort",
        "Tak for afgørelsen",
        "ankomst kl. 12", "Hanken", "tanker om sagen", "jeg er enig i afgørelsen",
        "utilfreds med vejret",
        "complete", "appealing", "access to the building", "indsigten er god", "min ansøgning",
        "Jeg har sendt nye bilag", "torturen",
    ],
)  # fmt: skip
def test_no_old_decision(text: str) -> None:
    """Apologies, complaints about neighbours and ordinary talk are not about a decision."""
    assert about_old_decision(text) == ""


@given(st.text("abAÆå 0123456789+-./,\n", max_size=80))
def test_phones_are_there(text: str) -> None:
    """Every number found has its digits in the text, in order."""
    digits = "".join(filter(str.isdigit, text))
    assert all(phone.removeprefix("+45").removeprefix("+") in digits for phone in phones_in(text))


@pytest.mark.parametrize(
    "piece", ["36 42 12 34 ", "Hanne ", "Ring til ", "de la ", "12-", "klage over ", "+45"]
)
def test_long_texts(piece: str) -> None:
    """Hundreds of thousands of characters take time in proportion."""
    text = piece * (300_000 // len(piece))

    def all_of_it() -> None:
        for look in (phones_in, names_in, relayed, about_old_decision):
            look(text)

    assert cpu_s(all_of_it) < 15
