"""Telephone numbers, CPR numbers and people under all the names they have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.identity import (
    People,
    Phone,
    holds_cpr,
    is_cpr,
    mask_cpr,
    normalise_phone,
    same_phone,
    show_phone,
)
from connector.model import Party, Person


@pytest.mark.parametrize(
    "raw",
    [
        "20123456",
        "20 12 34 56",
        "2012-3456",
        "+45 20 12 34 56",
        "+4520123456",
        "0045 20123456",
        "00 45 20 12 34 56",
        "45 20 12 34 56",
        "tel:+4520123456",
        "tel:+4520123456;phone-context=example.dk",
        "TEL:+45-20-12-34-56",
        "(+45) 20123456",
        "\u00a0+45\u00a020123456 ",
    ],
)
def test_danish_numbers(raw: str) -> None:
    """A Danish number is the same number in every spelling, and its raw form is kept."""
    phone = normalise_phone(raw)

    assert (phone.e164, phone.raw, phone.is_masked) == ("+4520123456", raw, False)


def test_foreign_numbers() -> None:
    """A foreign number keeps its country; a region of its own reads national numbers."""
    assert normalise_phone("+46 8 123 456 78").e164 == "+46812345678"
    assert normalise_phone("08-123 456 78", region="SE").e164 == "+46812345678"


def test_extensions() -> None:
    """An extension is kept apart from the main number, and completed when the site says how."""
    assert normalise_phone("tel:+4559100000;ext=4711") == Phone(
        e164="+4559100000", raw="tel:+4559100000;ext=4711", extension="4711"
    )
    assert normalise_phone("59 10 00 00 lokal 4711").extension == "4711"
    assert normalise_phone("4711") == Phone(raw="4711", extension="4711")
    assert normalise_phone("4711", extension_prefix="+455910").e164 == "+4559104711"


@pytest.mark.parametrize(
    ("raw", "prefix"),
    [("+45201234***", "+45201234"), ("45201234**", "+4545201234"), ("20123***", "+4520123"),
     ("004520123XXX", "+4520123"), ("+45 20 12 3* **", "+4520123")],
)  # fmt: skip
def test_masked(raw: str, prefix: str) -> None:
    """A masked number is no number, but its known prefix is kept."""
    phone = normalise_phone(raw)

    assert (phone.e164, phone.is_masked, phone.prefix) == ("", True, prefix)
    assert phone.key == prefix + "***"


@pytest.mark.parametrize(
    "raw",
    ["", "Anonym", "anonymous", "None", "IPM.Note", "sip:mette@example.dk", "+45@example.dk",
     "Ukendt nummer", "-", "12345678901234567890", "٢٠١٢٣٤٥٦", "+", "***"],
)  # fmt: skip
def test_no_numbers(raw: str) -> None:
    """What is no telephone number gives none; the raw text is kept."""
    phone = normalise_phone(raw)

    assert (phone.e164, phone.extension, phone.prefix, phone.raw) == ("", "", "", raw)


@given(st.text(max_size=30) | st.text(alphabet="+0123456789* -;ext=tel:", max_size=30))
def test_any_text_is_read(raw: str) -> None:
    """Any text gives a value, and a number that was read is read again as itself."""
    phone = normalise_phone(raw)

    assert phone.raw == raw
    if phone.e164:
        assert normalise_phone(phone.e164).e164 == phone.e164


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("+4520123456", "20 12 34 56", True),
        ("+4520123456", "+4520123457", False),
        ("+4520123***", "+4520123456", None),
        ("+4520123***", "+4520124456", False),
        ("+4520123***", "+4520123***", None),
        ("+45201***", "+4520123***", None),
        ("Anonym", "+4520123456", None),
        ("4711", "4711", True),
        ("4711", "4712", False),
        ("4711", "+4520123456", None),
        ("+4559100000;ext=11", "+4559100000;ext=12", False),
        ("+4559100000;ext=11", "+4559100000", True),
    ],
)
def test_same_phone(a: str, b: str, same: bool | None) -> None:
    """Whole numbers are the same or not; a masked one that fits cannot tell."""
    assert same_phone(a, b) is same
    assert same_phone(b, a) is same


def test_show_phone() -> None:
    """Of a shown number only the last two digits can be seen."""
    assert show_phone("+4520123456") == "+••••••••56"
    assert show_phone("") == ""


@pytest.mark.parametrize(
    "text",
    ["010190-1234", "0101901234", "010190 1234", "610190-1234", "311299-4321", "290200-4123"],
)
def test_cpr(text: str) -> None:
    """CPR numbers are masked, without check digits, replacement numbers and leap days included."""
    assert is_cpr(text)
    assert mask_cpr(f"Borger {text}, ringede") == f"Borger {text[:-4]}****, ringede"
    assert holds_cpr(f"notat_{text}.pdf")
    assert holds_cpr(f"cpr{text}x")


@pytest.mark.parametrize(
    "text",
    ["310290-1234", "011390-1234", "000190-1234", "20123456", "27.45.04-P19-12-24", "123-4567"],
)
def test_not_cpr(text: str) -> None:
    """What is no date, and other numbers, stay as they are."""
    assert mask_cpr(text) == text
    assert not holds_cpr(text)


METTE = Person(
    id="AAAA-1",
    upn="mette.holm@example.dk",
    mail="mho@example.dk",
    name="Mette Holm",
    sip="sip:mette@old.example.dk",
    phones=("+45 59 10 00 01", "4711"),
)
JENS = Person(id="BBBB-2", upn="jens.krogh@example.dk", name="Jens Krogh", phones=("+4559100002",))
SHARED = Person(id="CCCC-3", upn="bo@example.dk", phones=("+4559100002",), mail="mho@example.dk")


@pytest.mark.parametrize(
    "key",
    ["aaaa-1", "METTE.HOLM@EXAMPLE.DK", "mho@example.dk", "mette@old.example.dk",
     "SIP:mette@old.example.dk", "tel:+4559100001", "59 10 00 01", "4711", " AAAA-1 "],
)  # fmt: skip
def test_people(key: str) -> None:
    """A person is found by id, UPN, mail, SIP address, number and extension, in any case."""
    people = People([METTE, JENS])

    assert people.find(key) == METTE
    assert people.name(key) == "Mette Holm"


def test_shared_keys_find_nobody() -> None:
    """A telephone or mailbox that two share finds nobody; their own keys still find each."""
    people = People([METTE, JENS, SHARED])

    assert people.find("+4559100002") is None
    assert people.find("mho@example.dk") is None
    assert people.find("jens.krogh@example.dk") == JENS
    assert people.name("+4559100002") == "+4559100002"
    assert people.name("bo@example.dk") == "bo@example.dk"


def test_an_upn_beats_a_mail() -> None:
    """One person's UPN that is another's mail address finds the first."""
    people = People([Person(id="1", upn="post@example.dk"), Person(id="2", mail="post@example.dk")])

    found = people.find("post@example.dk")
    assert found is not None
    assert found.id == "1"


def test_party() -> None:
    """A party is the person of its id, else of its mail, else of its number."""
    people = People([METTE, JENS])

    assert people.of(Party(person="gone", mail="mho@example.dk")) == METTE
    assert people.of(Party(phone="59100002")) == JENS
    assert people.of(Party(name="Mette Holm")) is None
    assert people.find("") is None
