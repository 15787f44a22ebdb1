"""Reading a communication: whose words, which numbers, who takes part; odd and huge texts.

Also what holds for any text: without a register hit nothing is ever linked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.linking import reading
from connector.linking.communication import Communication, Participant, Shape
from connector.linking.register import MemoryRegister
from connector.linking.remarks import Remark
from connector.linking.rules import LINKING_RULES
from connector.linking.subject import READ_CHARS, Subject
from connector.model import Case, CaseParty, Decision, LinkState
from tests.making import linker, scanner
from tests.talking import (
    ASGER_MAIL,
    ASGER_MASKED,
    ASGER_PHONE,
    BODIL,
    CARL,
    CARPORT,
    HELP,
    NEIGHBOUR,
    OLD,
    call,
    chat,
    citizen,
    mail_chat,
    staff,
    voicemail,
)
from tests.timing import cpu_s

A, C = HELP.number, CARPORT.number


def read(its: Communication) -> Subject:
    return linker().read(its)


def named(its: Communication) -> list[tuple[str, str]]:
    """(number, where) of what stands in its own words."""
    return [(each.hit.number, each.where) for each in read(its).named]


# --- numbers with spaces in them ---------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("27. 45. 04-P19-12-24", "27.45.04-P19-12-24"),
        ("Kl. 9. 27. 45. 04 – P19-12-24, tak", "27.45.04-P19-12-24"),
        ("sag 7. 45. 04-P19-12-24", "07.45.04-P19-12-24"),
        ("x27. 45. 04-P19-12-24", ""),
        ("1.27. 45. 04-P19-12-24", ""),
        ("127. 45. 04-P19-12-24", ""),
    ],
)
def test_spaces_after_points(text: str, number: str) -> None:
    """Spaces after the points of a number are read over, those in another number are not."""
    assert named(chat(text)) == ([(number, "text")] if number else [])


# --- whose words -------------------------------------------------------------------------------
QUOTED = {
    "lines": f"> sag {A}\nJa",
    "head of a mail": f"Ja\nFra: Birthe Falsk\nSendt: 12. november 2026 10:15\nEmne: {A}\nHej",
    "X wrote": f"Ja\nDen 12. nov. 2026 kl. 10.15 skrev Birthe Falsk:\nsag {A}",
    "block quote": f"<blockquote>sag {A}</blockquote>Ja",
    "copied from a chat": f"[12-11-2026 10:15] Birthe Falsk: sag {A}\n\nJa",
    "forwarded": f"VS: Ansøgning\nsag {A}",
}


@pytest.mark.parametrize("text", QUOTED.values(), ids=QUOTED.keys())
def test_quoted(text: str) -> None:
    """A number in what is quoted or forwarded is told apart from the sender's own words."""
    subject = read(chat(text))

    assert not subject.named
    assert {(each.hit.number, each.where) for each in subject.quoted} == {(A, "quoted")}
    assert A not in subject.text


def test_quoted_by_source() -> None:
    """What a source already told apart is quoted, too."""
    subject = read(chat(f"Ja, sag {C}", quoted=f"sag {A}"))

    assert [each.hit.number for each in subject.named] == [C]
    assert [each.hit.number for each in subject.quoted] == [A]


def test_where() -> None:
    """A number is told by where it stands: text, subject, file, link."""
    its = chat(
        f"sag {A} og https://esdh.kommune.example/sag/{C}",
        subject=f"SV: {C}",
        files=(f"bilag_{A}.pdf",),
    )

    assert named(its) == [(A, "text"), (C, "subject"), (A, "file"), (C, "link")]


@pytest.mark.parametrize(
    ("link", "is_own"),
    [
        (f"https://esdh.kommune.example/sag/{A}", True),
        (f"https://kommune.example/sag?id={A}&x=1", True),
        (f"HTTPS://ESDH.KOMMUNE.EXAMPLE:8443/{A}", True),
        (f"http://sbsys/{A}", True),  # a host of the house
        (f'<a href="https://esdh.kommune.example/{A}">sagen</a>', True),
        (f"https://other.example/{A}", False),
        (f"https://kommune.example.other.example/{A}", False),
        (f"https://otherkommune.example/{A}", False),
        (f"https://kommune.example@other.example/{A}", False),
        (f"https://other.example/kommune.example/{A}", False),
        (f"> https://esdh.kommune.example/{A}\nJa", False),
        (f"www.other.example/{A}", False),
        (f"Se klik her (https://other.example/{A})", False),
        (f"https://other.example/sag;{A}", False),
        (f"https://other.example/sag,{A}", False),
        (f"https://other.example/sag({A})", False),
        (f"> https://other.example/sag;{A}\nJa", False),
        (f"Se her, (https://kommune.example/sag?nr={A}) og svar", True),
    ],
)
def test_links(link: str, is_own: bool) -> None:
    """A link into a system of our own names a case; another's, or a quoted one, does not."""
    assert named(chat(link)) == ([(A, "link")] if is_own else [])


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        (f"{A}, nej undskyld, {C}", [C]),
        (f"{A}, nej {C}, nej {A}", [A]),
        (f"Ikke {A}, men {C}", [C]),
        (f"{A} og {C}", [A, C]),
        (f"{A} {A}", [A, A]),
    ],
)
def test_corrected(text: str, numbers: list[str]) -> None:
    """What a text puts right is left out, wherever it stood."""
    assert [n for n, _ in named(chat(text))] == numbers


def test_put_right_alone() -> None:
    """A number that is called wrong with none in its place stays, as corrected."""
    assert [each.remark for each in read(chat(f"{A} var forkert")).named] == [Remark.CORRECTED]


def test_how_it_was_written() -> None:
    """Spoken and mended numbers are marked as such, and hold the words as they stand."""
    spoken = "syvogtyve punktum seksogtredive punktum nul fire bindestreg P nitten bindestreg tolv "
    text = f"Sag {spoken}bindestreg fireogtyve."
    said = read(voicemail(text)).named
    mended = read(chat("sag 27.36.O4-P19-l2-24")).named

    assert [(each.hit.number, each.is_spoken, each.is_mended) for each in said] == [
        (A, True, False)
    ]
    assert text[said[0].hit.start : said[0].hit.end] == said[0].hit.raw
    assert [(each.hit.number, each.is_spoken, each.is_mended) for each in mended] == [
        (A, False, True)
    ]


# --- who takes part ----------------------------------------------------------------------------
def test_people() -> None:
    """Staff are known by their names in the directory, others by number and address."""
    its = call(
        participants=(
            citizen("tel:+45 20 00 00 01", "ASGER@mail.example"),
            citizen(ASGER_MASKED),
            citizen("anonymous"),
            Participant(role="to", upn="Bodil@Kommune.Example"),
            Participant(role="organizer", upn=CARL),
            Participant(role="to", mail="dorte@kommune.example"),
        )
    )
    subject = read(its)

    assert subject.phones == (ASGER_PHONE,)
    assert subject.masked == ("+4520000",)
    assert subject.mails == (ASGER_MAIL,)
    assert subject.workers == {BODIL, CARL, "dorte@kommune.example"}
    assert subject.receivers == {BODIL}


def test_guest_in_the_directory() -> None:
    """A guest's name in our directory makes no member of staff of him."""
    guest = Participant(role="from", upn="asger_mail.example#EXT#@kommune.example", mail=ASGER_MAIL)
    subject = read(chat("Hej", guest, staff(BODIL, "to")))

    assert subject.workers == {BODIL}
    assert subject.mails == (ASGER_MAIL,)


def test_names_of_staff_numbers() -> None:
    """The telephone number of one of our own is no citizen's."""
    its = call(participants=(Participant(role="from", upn=CARL, phone=ASGER_PHONE), staff()))

    assert read(its).phones == ()


def test_nothing_to_go_by() -> None:
    """A message between colleagues without a number, a name or a message is plain."""
    assert read(chat("Har hun fået brevet?")).is_plain
    assert not read(chat(f"sag {A}")).is_plain
    assert not read(mail_chat("Hej")).is_plain


# --- any text ----------------------------------------------------------------------------------
PIECES = st.sampled_from(
    (
        A, C, OLD.number, NEIGHBOUR.number, "27.36.04-12-24", "27.36.O4-P19-l2-24", "24/12345",
        "2024-1234", "syvogtyve punktum seksogtredive punktum nul fire ", " bindestreg P nitten",
        " bindestreg tolv bindestreg fireogtyve", "sagsnr. ", "sag ", "ikke ", "nej undskyld, ",
        "den gamle sag ", "f.eks. ", " lukket", "tlf. 20 00 00 01", "+4520000001", "010190-1234",
        "12.11.2024", "1.250,00 kr.", "https://esdh.kommune.example/", "https://other.example/?q=",
        "<b>", "</b>", "<br>", "<blockquote>", "</blockquote>", "&nbsp;", "&#45;", "<!--", "\n",
        "\n> ", "Fra: Birthe\nSendt: 1. maj 2026 10:00\nEmne: ", "VS: ", "Asger Prøve", "Hej ",
        "har ringet og vil gerne ringes op", "hjemmehjælp", "carport", "frokost", "–", "\u2011",
        "\u200b", "\xa0", "-", ".", "/", "_", " ",
    )
)  # fmt: skip
TEXTS = st.lists(PIECES | st.text(max_size=12), max_size=14).map("".join)
PHONES = st.sampled_from((ASGER_PHONE, ASGER_MASKED, "+4530000003", "anonymous", "", "***"))


@st.composite
def communications(draw: st.DrawFn) -> Communication:
    """Any kind of communication with any text, mostly of what the linker looks for."""
    kind = draw(st.sampled_from(Shape))
    values: dict[str, Any] = {
        "kind": kind,
        "subject": draw(st.just("") | TEXTS),
        "quoted": draw(st.just("") | TEXTS),
        "files": tuple(draw(st.lists(TEXTS, max_size=1))),
        "direction": draw(st.sampled_from(("inbound", "outbound", "internal"))),
        "participants": (
            staff(draw(st.sampled_from((BODIL, CARL))), "to"),
            citizen(draw(PHONES), draw(st.sampled_from((ASGER_MAIL, "", "x@y.example")))),
        ),
    }
    return chat(draw(TEXTS), **values)


STRANGERS = tuple(  # cases of numbers, people and telephones that no text above holds
    Case(
        number=f"88.77.66-X{n}-987{n}-91",
        title="Ukendt",
        caseworker=BODIL,
        parties=(CaseParty(name="Zenia Qvist", phone=f"+45998877{n}", mail="z@q.example"),),
    )
    for n in range(50, 56)
)
EMPTY = MemoryRegister((), scanner())
OTHERS = MemoryRegister(STRANGERS, scanner())
KNOWN = (HELP, CARPORT, NEIGHBOUR, OLD, msgspec.structs.replace(HELP, number="24/12345"))


@settings(max_examples=400, deadline=None)
@given(communications())
def test_no_register_hit_no_link(its: Communication) -> None:
    """Whatever a text says, nothing links while the register knows none of its numbers."""
    ours = linker()
    subject = ours.read(its)

    for register in (EMPTY, OTHERS):
        decision = ours.decide(subject, register)
        assert decision.state is not LinkState.LINKED
        assert decision.case_number == ""


@settings(max_examples=400, deadline=None)
@given(communications(), st.lists(st.sampled_from(KNOWN), unique_by=lambda c: c.number))
def test_links_only_what_evidence_names(its: Communication, cases: list[Case]) -> None:
    """A link goes to an open case of the register, and to one that evidence from the text or the
    participants names."""
    ours = linker()
    subject = ours.read(its)
    decision = ours.decide(subject, MemoryRegister(cases, scanner()))
    if decision.state is not LinkState.LINKED:
        return

    assert decision.rule in LINKING_RULES
    case = next(each for each in cases if each.number == decision.case_number)
    assert case.was_open_on(its.started.date())
    its_words = {
        number for each in (*subject.named, *subject.quoted) for number in each.hit.numbers
    } | {each.hit.short for each in (*subject.named, *subject.quoted)}
    short = case.number.replace("P19-", "").replace("G01-", "")
    party = case.parties[0]
    reached = (
        party.phone in subject.phones
        or party.mail in subject.mails
        or any(party.phone.startswith(prefix) for prefix in subject.masked)
        or (subject.relayed is not None and party.phone in subject.relayed.phones)
    )
    assert {case.number, short} & its_words or reached
    assert any(each.case_number == case.number for each in decision.evidence)


@settings(max_examples=200, deadline=None)
@given(communications())
def test_read_twice(its: Communication) -> None:
    """The same communication is read the same way, and hits lie within their text."""
    subject = read(its)

    assert subject == read(its)
    for each in subject.named:
        assert each.hit.raw
        assert each.hit.start < each.hit.end


# --- huge texts --------------------------------------------------------------------------------
def repeated(unit: str) -> Callable[[int], str]:
    return lambda chars: (unit * (chars // len(unit) + 1))[:chars]


def numbers(form: str) -> Callable[[int], str]:
    return lambda chars: " ".join(form.format(n) for n in range(chars // 20))


QUICK = {
    "words": repeated("Hej Bodil, jeg har talt med hende og hun sender papirerne i morgen. "),
    "digits": repeated("1234567890"),
    "digits and dashes": repeated("12-34-56--7-8 "),
    "dashes": repeated("-"),
    "spaces": repeated(" "),
    "line breaks": repeated("\n"),
    "quoted lines": repeated(">\n"),
    "quoted words": repeated("> hej med dig\n"),
    "greater": repeated(">"),
    "smaller": repeated("<"),
    "bold": repeated("<b>"),
    "bold words": repeated("<b>x</b>"),
    "scripts": repeated("<script>"),
    "comments": repeated("<!--"),
    "block quotes": repeated("<blockquote>"),
    "references": repeated("&amp;"),
    "names": repeated("Asger Prøve "),
    "name parts": repeated("Aa "),
    "capitals": repeated("A"),
    "telephones": repeated("20 00 00 01 "),
    "called telephones": repeated("tlf. +4520000001, "),
    "mail heads": repeated("Fra: x\nSendt: y\n"),
    "X wrote": repeated("Den 12. nov. skrev Bo: "),
    "underscores": repeated("a_"),
}
SLOW = {  # some microseconds a character: every one of these names a number
    "one number": repeated(f"{A} "),
    "corrected numbers": repeated(f"{A} nej "),
    "links": repeated(f"https://kommune.example/{A} "),
    "number words": repeated("syvogtyve punktum femogfyrre "),
    "many numbers": numbers("27.36.04-P19-{}-24"),
    "many slips": numbers("27.36.O4-P19-{}-24"),
    "numbers and slips": numbers("27.36.04-P19-{0}-24 27.36.O4-P19-{0}-24"),
    "many known": numbers("02.34.02-G01-7-25 27.36.04-P19-{}-24"),
}
REGISTER = MemoryRegister(
    (HELP, CARPORT, *(
        msgspec.structs.replace(HELP, number=f"05.01.00-G01-{n}-25") for n in range(60)
    )),
    scanner(),
)  # fmt: skip


def seconds(text: str) -> float:
    """What a call with this text costs, of processor time."""
    ours = linker()
    its = call(text=text)
    decisions: list[Decision] = []
    found = cpu_s(lambda: decisions.append(ours.decide(ours.read(its), REGISTER)))
    assert decisions[0].reason
    return found


def check_growth(make: Callable[[int], str], chars: int, limit_s: float) -> None:
    """Four times the text takes about four times as long: 16 times would be quadratic."""
    small, large = seconds(make(chars)), seconds(make(4 * chars))

    assert large < limit_s
    assert large < 8 * small + 0.3, (small, large)


def read_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long: growth is seen without the bound, too."""
    monkeypatch.setattr(reading, "READ_CHARS", 1 << 40)


@pytest.mark.parametrize("make", QUICK.values(), ids=QUICK.keys())
def test_huge(make: Callable[[int], str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A megabyte takes seconds, in proportion to its length."""
    read_everything(monkeypatch)
    check_growth(make, 250_000, 20)


@pytest.mark.parametrize("make", SLOW.values(), ids=SLOW.keys())
def test_huge_of_numbers(make: Callable[[int], str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of case numbers in one text take time in proportion, too."""
    read_everything(monkeypatch)
    check_growth(make, 50_000, 20)


NASTY = {
    "known number": f"Se {A} og ",
    "unknown number": "Se 27.45.04-P19-99-24 og ",
    "slips": "27.36.O4-P19-l2-24 ",
    "telephones": "36 11 11 11 ",
    "number words": "syvogtyve punktum ",
    "mark-up": "<s>a</s>",
    "nothing": " ",
}


@pytest.mark.parametrize("unit", NASTY.values(), ids=NASTY.keys())
@pytest.mark.parametrize("make", [chat, voicemail])
def test_ten_megabytes(unit: str, make: Callable[[str], Communication]) -> None:
    """Ten megabytes of whatever take seconds: the beginning is read, and a person decides."""
    its = make(unit * (10_000_000 // len(unit)))
    ours = linker()
    decisions: list[Decision] = []

    assert cpu_s(lambda: decisions.append(ours.decide(ours.read(its), REGISTER))) < 20
    assert decisions[0].state is LinkState.WAITING
    assert decisions[0].evidence[0].rule == "too long"


@pytest.mark.parametrize("place", ["text", "quoted", "subject"])
def test_longer_than_is_read(place: str) -> None:
    """What is not read holds a link back; the case found is suggested, and why is in the evidence.

    The next case, which stands at the end, is not seen.
    """
    long = f"Sag {A}. " + "Vi tales ved. " * 10_000 + f"Sag {C}."
    its = msgspec.structs.replace(chat(f"Sag {A}"), **{place: long})
    ours = linker()
    decision = ours.decide(ours.read(its), MemoryRegister((HELP, CARPORT), scanner()))

    assert (decision.state, decision.rule, decision.case_number) == (
        LinkState.WAITING,
        "too long",
        A,
    )
    assert (decision.evidence[0].rule, decision.evidence[0].found) == ("too long", str(READ_CHARS))
    assert decision.confidence == 0


def test_mark_up_is_not_read() -> None:
    """A message that is long by its mark-up alone is read to its end, and links."""
    its = chat("<p><b></b></p>" * 10_000 + f"<p>Sag {A}</p>")
    ours = linker()
    decision = ours.decide(ours.read(its), REGISTER)

    assert (decision.state, decision.case_number) == (LinkState.LINKED, A)
