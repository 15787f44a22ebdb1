"""The rules of a careful records manager, one by one: what links, and what nearly does.

Each rule has examples that it decides, and examples beside them that it must leave alone.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
import pytest

from connector.linking.communication import Communication, Participant, Shape
from connector.linking.reasons import REASONS, reason_text
from connector.linking.subject import Earlier, Recent
from connector.model import Case, CaseParty, LinkState
from connector.sources.text import plain
from tests.talking import (
    ASGER_MAIL,
    ASGER_MASKED,
    ASGER_PHONE,
    BENT_PHONE,
    BIRTHE_PHONE,
    BODIL,
    CARL,
    CARPORT,
    HELP,
    NEIGHBOUR,
    OLD,
    call,
    call_out,
    chat,
    citizen,
    earlier,
    judge,
    mail_chat,
    recent,
    staff,
    voicemail,
)

LINKED, WAITING, UNLINKED = LinkState.LINKED, LinkState.WAITING, LinkState.UNLINKED
DAY_S, HOUR_S = 86_400.0, 3600.0

PASSPORT = Case(  # a second open case of Asger, with another caseworker
    number="23.03.00-G01-5-26",
    title="Nyt pas",
    caseworker=CARL,
    parties=HELP.parties,
)
CLEANING = Case(  # goes on with OLD
    number="27.36.04-P19-77-23",
    title="Rengøring",
    caseworker=BODIL,
    parties=(CaseParty(name="Asger Prøve"),),
    continues=(OLD.number,),
)
CLEANING_BY_TITLE = msgspec.structs.replace(
    CLEANING, title=f"Rengøring, fortsættelse af {OLD.number}", continues=()
)
SECRET = msgspec.structs.replace(HELP, access="restricted")
SECRET_PASSPORT = msgspec.structs.replace(PASSPORT, caseworker=BODIL, access="restricted")
BARE = msgspec.structs.replace(HELP, parties=())
HIS_OTHER = msgspec.structs.replace(CLEANING, parties=HELP.parties)
NO_PARTY = msgspec.structs.replace(NEIGHBOUR, parties=())


class Example(NamedTuple):
    """What is said, and what must come of it. `evidence` are some (rule, where) that it shows."""

    its: Communication
    cases: tuple[Case, ...]
    state: LinkState
    rule: str
    case: Case | None = None
    evidence: tuple[tuple[str, str], ...] = ()
    thread: Earlier | None = None
    calls: tuple[Recent, ...] = ()


def links(rule: str, its: Communication, case: Case, *others: Case, **more: Any) -> Example:
    """It is linked to the first case, while the register holds the others, too."""
    return Example(its, (case, *others), LINKED, rule, case, **more)


def waits(rule: str, its: Communication, *cases: Case, first: Case | None, **more: Any) -> Example:
    """A person must decide; `first` is the best candidate."""
    return Example(its, cases, WAITING, rule, first, **more)


def nothing(its: Communication, *cases: Case, rule: str = "nothing", **more: Any) -> Example:
    """It is not linked, and nothing is suggested."""
    return Example(its, cases, UNLINKED, rule, None, **more)


def check(example: Example) -> None:
    decision = judge(example.its, *example.cases, thread=example.thread, calls=example.calls)
    number = example.case.number if example.case else ""
    assert (decision.state, decision.rule, decision.case_number) == (
        example.state,
        example.rule,
        number,
    )
    shown = [(each.rule, each.where) for each in decision.evidence]
    assert set(example.evidence) <= set(shown)
    assert number in {each.case_number for each in decision.evidence} or not number
    for place, language in enumerate(("en", "da")):
        assert reason_text(decision, language) == REASONS[example.rule][place].format(case=number)
    if example.state is LINKED:
        assert number in reason_text(decision, "en")
        assert number in reason_text(decision, "da")


# What a reader must find in the reason, in English and in Danish.
SENTENCES = {
    "number": ("is written in it", "står i den"),
    "continuation": ("continues it", "fortsættelse"),
    "quoted number": ("quotes or forwards", "citerede eller videresendte"),
    "thread": ("shortly before", "kort forinden"),
    "slip": ("one wrong character", "ét forkert tegn"),
    "phone": ("one open case only", "netop én åben sag"),
    "phone and caseworker": ("caseworker who takes part", "sagsbehandler, der deltager"),
    "phone and matter": ("about what is said", "det, der bliver sagt"),
    "masked": ("visible digits", "synlige cifre"),
    "call-back": ("calls back", "ringes tilbage"),
    "missed call": ("left a voicemail right after", "lagde lige efter en telefonbesked"),
    "relayed": ("name and telephone number", "Navn og telefonnummer"),
    "neighbouring number": ("one character", "ét tegn"),
    "several numbers": ("several open cases", "flere åbne sager"),
    "closed": ("is closed", "er lukket"),
    "not open then": ("not opened yet", "endnu ikke oprettet"),
    "restricted": ("restricted access", "begrænset adgang"),
    "unknown": ("not in the register", "findes ikke i registret"),
}


@pytest.mark.parametrize("rule", SENTENCES)
def test_reason(rule: str) -> None:
    """The reason says in both languages what the rule went by."""
    english, danish = SENTENCES[rule]

    assert english in REASONS[rule][0]
    assert danish in REASONS[rule][1]


H, C, N, L = HELP.number, CARPORT.number, NEIGHBOUR.number, OLD.number
SPOKEN = (
    "syvogtyve punktum seksogtredive punktum nul fire bindestreg P nitten bindestreg tolv "
    "bindestreg fireogtyve"
)
TEXT, QUOTED, PHONE, MAIL = (
    ("number", "text"),
    ("number", "quoted"),
    ("phone", "phone"),
    ("mail", "mail"),
)


def behind_words(address: str) -> str:
    """A chat's link as the source reads it."""
    return plain(f'<p>Se <a href="{address}">klik her</a></p>', with_addresses=True).text


RULE_1_NUMBER = {
    "plain": links("number", chat(f"Det er sag {H}."), HELP, evidence=(TEXT,)),
    "as people write": links("number", chat("jf. sag 27.36.04 – p19 – 012 – 2024"), HELP),
    "mark-up inside": links("number", chat("<p>27.36.<b>04</b>-P19-<br>12-24</p>"), HELP),
    "letters for digits": links("number", chat("sag 27.36.O4-P19-l2-24"), HELP),
    "facet left out": links("number", chat("sag 27.36.04-12-24"), HELP, NEIGHBOUR),
    "spoken": links("number", voicemail(f"Det gælder sag {SPOKEN}.", "+4599999999"), HELP),
    "subject": links("number", chat("Hej", subject=f"Vedr. {H}"), HELP,
                     evidence=(("number", "subject"),)),
    "file": links("number", chat("Hej", files=(f"{H}_bilag.pdf",)), HELP,
                  evidence=(("number", "file"),)),
    "own link": links("number", chat(f"https://esdh.kommune.example/sag?nr={H}"), HELP,
                      evidence=(("number", "link"),)),
    "own link behind words": links(
        "number", chat(behind_words(f"https://esdh.kommune.example/{H}")), HELP,
        evidence=(("number", "link"),)),
    "forwarded": links("quoted number", chat(f"Til orientering\nVS: Ansøgning\nVedr. sag {H}"),
                       HELP, evidence=(QUOTED,)),
    "quoted reply": links("quoted number", chat(f"> sag {H}\nJa, det er i orden."), HELP),
    "own beats quoted": links("number", chat(f"> sag {C}\nNu om sag {H}"), HELP, CARPORT),
    "struck out for another": links("number", chat(f"<del>{C}</del> {H}"), HELP, CARPORT),
    "corrected": links("number", chat(f"Sag {C}, nej undskyld, det er {H}"), HELP, CARPORT),
    "beside a closed": links("number", chat(f"Den gamle sag {L} er lukket, nu er det {H}"),
                             HELP, OLD),
    "unknown telephone": links("number", call("+4599999999", f"Det er sag {H}"), HELP),
    "third person": links("number", call(BIRTHE_PHONE, f"Det er om sag {H}"), HELP, CARPORT),
    "beats the thread": links("number", chat(f"Nu om sag {C}"), CARPORT, HELP, thread=earlier()),
    "jeres number": links("number", mail_chat(f"Hej, vedr. jeres j.nr. {H}"), HELP),
}  # fmt: skip
RULE_1_NOT = {
    "link behind words": nothing(chat(behind_words(f"https://other.example/sag?nr={H}")), HELP),
    "struck out": nothing(chat(f"<s>{H}</s>"), HELP),
    "struck out, as read": nothing(chat(f"Vedr. ~~sag {H}~~ de nye regler"), HELP),
    "foreign link": nothing(chat(f"https://other.example/sag/{H}"), HELP),
    "quoted link": nothing(chat(f"Mere følger\n> https://esdh.kommune.example/{H}"), HELP),
    "denied": nothing(chat(f"Det handler ikke om sag {H}"), HELP),
    "denied link": nothing(chat(f"Det er ikke https://esdh.kommune.example/{H}"), HELP),
    "put right, nothing in its place": nothing(chat(f"Beklager, {H} var forkert"), HELP),
    "two facets fit": waits("several numbers", chat("sag 27.36.04-12-24"), HELP,
                            msgspec.structs.replace(HELP, number="27.36.04-K02-12-24"),
                            first=msgspec.structs.replace(HELP, number="27.36.04-K02-12-24")),
}  # fmt: skip

RULE_2_PHONE = {
    "call": links("phone", call(), HELP, CARPORT, NEIGHBOUR, evidence=(PHONE,)),
    "missed call": links("phone", call(kind=Shape.MISSED_CALL), HELP),
    "guest": links("phone", mail_chat("Hvornår kommer I?"), HELP, evidence=(MAIL,)),
    "guest in the directory": links(
        "phone",
        chat("Hvornår kommer I?", Participant(role="from", mail=ASGER_MAIL,
             upn="asger_mail.example#EXT#@kommune.example"), staff(BODIL, "to")),
        HELP,
    ),
    "transferred": links(
        "phone",
        call(participants=(citizen(ASGER_PHONE), staff(CARL), staff(BODIL, "transferred_to"))),
        HELP,
    ),
    "beside a closed case": links("phone", call(), HELP, OLD),
    "several, one is the caseworker's": links("phone and caseworker", call(), HELP, PASSPORT),
    "several, one is meant": links(
        "phone and matter",
        call(text="Jeg ringer om mit nye pas"),
        msgspec.structs.replace(PASSPORT, caseworker=BODIL),
        HELP,
    ),
}  # fmt: skip
RULE_2_NOT = {
    "another employee": waits("uncertain phone", call(worker=CARL), HELP, first=HELP),
    "another number": nothing(call("+4520000002"), HELP),
    "guest with a like address": nothing(mail_chat("Hej", "asger@post.example"), HELP),
    "both are the caseworker's": waits(
        "several of phone", call(), HELP, msgspec.structs.replace(PASSPORT, caseworker=BODIL),
        first=msgspec.structs.replace(PASSPORT, caseworker=BODIL),
    ),
    "a colleague's matter": waits(
        "several of phone", call(text="Jeg ringer om mit nye pas"), HELP, PASSPORT, first=PASSPORT
    ),
}  # fmt: skip


def missed(phone: str = ASGER_MASKED, **changes: Any) -> Communication:
    """A missed call to Bodil."""
    return call(phone, kind=Shape.MISSED_CALL, **changes)


def left(seconds_ago: float = -60.0, **changes: Any) -> Recent:
    """A voicemail with the same number, a minute later, linked to Asger's case."""
    return recent(seconds_ago=seconds_ago, **changes)


RULE_3_MASKED = {
    "call": links("masked", call(ASGER_MASKED), HELP, CARPORT, evidence=(("masked", "phone"),)),
    "name agrees": links("masked", voicemail("Hej, det er Asger Prøve.", ASGER_MASKED), HELP),
    "call-back": links("call-back", call_out(ASGER_MASKED), BARE, calls=(recent(),),
                       evidence=(("call-back", "phone"),)),
    "call-back of whole number": links("call-back", call_out(), BARE, calls=(recent(),)),
    "missed call before voicemail": links("missed call", missed(), BARE, calls=(left(),),
                                          evidence=(("call-back", "phone"),)),
    "missed call of several cases": links("missed call", missed(ASGER_PHONE), HELP, HIS_OTHER,
                                          calls=(left(),)),
    "missed call by its number": links("phone", missed(ASGER_PHONE), HELP, calls=(left(),)),
}  # fmt: skip
RULE_3_NOT = {
    "missed call long before": waits("chain", missed(), BARE, first=BARE, calls=(left(-601),)),
    "missed call after voicemail": waits("chain", missed(), BARE, first=BARE, calls=(left(60),)),
    "missed call to another": waits("chain", missed(), BARE, first=BARE,
                                    calls=(left(worker=CARL),)),
    "answered call before voicemail": waits("chain", call(ASGER_MASKED), BARE, first=BARE,
                                            calls=(left(),)),
    "missed call before a call": waits("chain", missed(), BARE, first=BARE,
                                       calls=(left(kind=Shape.CALL),)),
    "missed call before two voicemails": nothing(
        missed(), BARE, NO_PARTY, calls=(left(), left(-90, case=NO_PARTY))
    ),
    "missed call of another case": waits("chain", missed(BENT_PHONE), NEIGHBOUR, BARE,
                                         first=BARE, calls=(left(),)),
    "missed call of a restricted case": nothing(
        missed(), msgspec.structs.replace(SECRET, parties=()), calls=(left(),)
    ),
    "missed call of a closed case": waits(
        "chain", missed(), msgspec.structs.replace(BARE, is_open=False), calls=(left(),),
        first=msgspec.structs.replace(BARE, is_open=False),
    ),
    "another employee": waits("uncertain masked", call(ASGER_MASKED, worker=CARL), HELP,
                              first=HELP),
    "another name": waits("uncertain masked",
                          voicemail("Hej, det er Bent Testesen, ring til mig.", ASGER_MASKED),
                          HELP, NEIGHBOUR, first=HELP),
    "a name that no case has": waits("uncertain masked",
                                     voicemail("Hej, det er Per Hansen.", ASGER_MASKED), HELP,
                                     first=HELP),
    "a colleague's citizen": waits("uncertain masked",
                                   voicemail("Hej, det er Birthe Falsk.", ASGER_MASKED), HELP,
                                   CARPORT, first=HELP),
    "called back too late": nothing(call_out(ASGER_MASKED), BARE,
                                    calls=(recent(seconds_ago=3 * HOUR_S),)),
    "called back by another": waits("chain", call_out(ASGER_MASKED, worker=CARL), BARE,
                                    first=BARE, calls=(recent(),)),
    "no voicemail": waits("chain", call_out(ASGER_MASKED), BARE, first=BARE,
                          calls=(recent(kind=Shape.CALL),)),
    "voicemail of last week": waits(
        "chain", call_out(ASGER_MASKED), BARE, NEIGHBOUR, first=BARE,
        calls=(recent(NEIGHBOUR, seconds_ago=7 * DAY_S), recent(kind=Shape.CALL)),
    ),
    "two cases before": nothing(call_out("+4520000009"), BARE, CARPORT,
                                calls=(recent(), recent(CARPORT))),
    "incoming again": waits("chain", call("+4520000009"), BARE, first=BARE, calls=(recent(),)),
}  # fmt: skip

RELAYED = "Asger Prøve, tlf. 20 00 00 01, har ringet og vil gerne ringes op."
RULE_4_RELAYED = {
    "switchboard": links("relayed", chat(RELAYED), HELP, CARPORT, evidence=(("relayed", "text"),)),
    "English": links("relayed", chat("Please call back Asger Prøve on +45 20000001."), HELP),
    "in another's thread": links(
        "relayed", chat(RELAYED.replace("20 00 00 01", "20000001")), HELP, NEIGHBOUR,
        thread=earlier(NEIGHBOUR),
    ),
}  # fmt: skip
RULE_4_NOT = {
    "no number": nothing(chat("Asger Prøve har ringet og vil gerne ringes op."), HELP),
    "another's number": nothing(chat(RELAYED.replace("01", "09")), HELP),
    "another's name": waits("uncertain phone", chat(RELAYED.replace("Asger Prøve", "Per Hansen")),
                            HELP, first=HELP),
    "another receiver": waits("uncertain phone", chat(RELAYED, staff(BODIL), staff(CARL, "to")),
                              HELP, first=HELP),
}  # fmt: skip

RULE_5_THREAD = {
    "goes on": links("thread", chat("Jeg skriver til hende"), HELP, thread=earlier(),
                     evidence=(("thread", "thread"),)),
    "answer right after": links("thread", chat("Ja, gør det"), HELP, thread=earlier()),
    "a call without words": links("thread", call_out("+4599999999"), HELP, thread=earlier()),
    "a day later": links("thread", chat("Har hun fået brevet?"), HELP,
                         thread=earlier(seconds_ago=DAY_S)),
    "resumed by the matter": links("thread", chat("Tilbage til hjemmehjælpen: hun siger ja"), HELP,
                                   thread=earlier(has_drifted=True)),
}  # fmt: skip
RULE_5_NOT = {
    "lunch": nothing(chat("Skal vi spise frokost?"), HELP, thread=earlier()),
    "after lunch": nothing(chat("Ja, kl. 12"), HELP, thread=earlier(has_drifted=True)),
    "quiet too long": nothing(chat("Ja, kl. 12"), HELP, thread=earlier(seconds_ago=DAY_S + 1)),
    "before it": nothing(chat("Ja, kl. 12"), HELP, thread=earlier(seconds_ago=-1)),
    "case gone": nothing(chat("Ja, kl. 12"), CARPORT, thread=earlier()),
}  # fmt: skip

RULE_6_CONTINUATION = {
    "relation": links("continuation", chat(f"Vedr. sag {L}"), CLEANING, OLD, HELP,
                      evidence=(("continuation", "register"), TEXT)),
    "title": links("continuation", chat(f"Vedr. sag {L}"), CLEANING_BY_TITLE, OLD),
}  # fmt: skip
RULE_6_NOT = {
    "complaint": waits("closed", chat(f"Klage over afgørelsen i sag {L}"), OLD, CLEANING,
                       first=OLD),
    "access to documents": waits("closed", chat(f"Aktindsigt i sag {L}"), OLD, CLEANING,
                                 first=OLD),
    "two go on with it": waits(
        "closed", chat(f"Vedr. sag {L}"), OLD, CLEANING,
        msgspec.structs.replace(CLEANING, number="27.36.04-P19-78-23"), first=OLD,
    ),
    "the later one is closed": waits(
        "closed", chat(f"Vedr. sag {L}"), OLD, msgspec.structs.replace(CLEANING, is_open=False),
        first=OLD,
    ),
}  # fmt: skip

SLIP, SWAP = "27.36.04-P19-11-24", "27.36.04-P19-21-24"
RULE_7_RESTRICTED = {
    "written": links("number", chat(f"Sag {H}"), SECRET, evidence=(TEXT,)),
    "spoken": links("number", voicemail(f"Sag {SPOKEN}"), SECRET),
}
RULE_7_NOT = {
    "without its caseworker": waits("restricted", chat(f"Sag {H}", staff(CARL)), SECRET,
                                    first=None),
    "by telephone": waits("uncertain phone", call(), SECRET, first=SECRET),
    "by masked telephone": waits("uncertain masked", call(ASGER_MASKED), SECRET, first=SECRET),
    "by telephone of others": nothing(call(worker=CARL), SECRET),
    "by masked telephone of others": nothing(call(ASGER_MASKED, worker=CARL), SECRET),
    "by thread": waits("restricted", chat("Ja, gør det"), SECRET, first=SECRET, thread=earlier()),
    "by thread of others": waits("restricted", chat("Ja", staff(CARL)), SECRET, first=None,
                                 thread=earlier()),
    "by message": nothing(chat(RELAYED), SECRET),
    "by call-back": nothing(call_out("+4599999999"), SECRET, calls=(recent(),)),
    "by slip": waits("restricted", call(text=f"Sag {SLIP}"), SECRET, first=SECRET),
    "by slip of others": nothing(call(text=f"Sag {SLIP}", worker=CARL), SECRET, rule="unknown"),
    "by the case it continues": waits(
        "closed", chat(f"Sag {L}"), OLD, msgspec.structs.replace(CLEANING, access="restricted"),
        first=OLD,
    ),
    "closed, another goes on with it": waits(
        "restricted", chat(f"Sag {L}", staff(CARL)),
        msgspec.structs.replace(OLD, access="restricted"), CLEANING, first=None,
    ),
}  # fmt: skip

RULE_8_SLIP = {
    "telephone": links("slip", call(text=f"Det er sag {SLIP}"), HELP, CARPORT,
                       evidence=(("slip", "text"), PHONE)),
    "guest": links("slip", mail_chat(f"Min sag er {SWAP}"), HELP, evidence=(MAIL,)),
}  # fmt: skip
RULE_8_NOT = {
    "nothing else": waits("resembling", chat(f"Sag {SLIP}"), HELP, first=HELP),
    "another employee": waits("resembling", call(text=SLIP, worker=CARL), HELP, first=HELP),
    "several cases": waits("resembling", call(text=SLIP), HELP, PASSPORT, first=HELP),
    "two unknown": waits("resembling", call(text=f"{SLIP} og 02.34.02-G01-8-25"), HELP,
                         first=HELP),
    "another matter": waits("resembling", call(text=f"En helt anden sag, {SLIP}"), HELP,
                            first=HELP),
    "two characters": waits("uncertain phone", call(text="Sag 27.36.04-P19-33-24"), HELP,
                            first=HELP),
    "of another's case": waits("resembling", call(BIRTHE_PHONE, f"Sag {SLIP}"), HELP, CARPORT,
                               first=HELP),
}  # fmt: skip

RULE_9_NEIGHBOUR = {
    "telephone": waits("neighbouring number", call(text=f"Det er sag {N}"), HELP, NEIGHBOUR,
                       first=HELP, evidence=(PHONE, TEXT)),
    "masked": waits("neighbouring number", call(ASGER_MASKED, f"Sag {N}"), HELP, NEIGHBOUR,
                    first=HELP),
    "guest": waits("neighbouring number", mail_chat(f"Min sag er {N}"), HELP, NEIGHBOUR,
                   first=HELP),
    "message": waits("neighbouring number", chat(f"{RELAYED} Det er sag {N}."), HELP, NEIGHBOUR,
                     first=HELP),
}  # fmt: skip
RULE_9_NOT = {
    "own number": links("number", call(text=f"Det er sag {H}"), HELP, NEIGHBOUR),
    "no near number": links("number", call(text=f"Det er sag {C}"), CARPORT, HELP),
    "unknown caller": links("number", call("+4599999999", f"Det er sag {N}"), NEIGHBOUR, HELP),
    "both are the caller's": links(
        "number", call(text=f"Det er sag {N}"),
        msgspec.structs.replace(NEIGHBOUR, parties=HELP.parties), HELP,
    ),
}  # fmt: skip

RULE_10_TWO = {
    "two": waits("several numbers", chat(f"Sag {H} og sag {C}"), HELP, CARPORT, first=HELP,
                 evidence=(TEXT,)),
    "subject and text": waits("several numbers", chat(f"Sag {C}", subject=f"Sag {H}"), HELP,
                              CARPORT, first=CARPORT),
    "text and file": waits("several numbers", chat(f"Sag {C}", files=(f"{H}.pdf",)), HELP, CARPORT,
                           first=CARPORT),
    "one number of two cases": waits(
        "two cases of one number", chat(H), HELP, msgspec.structs.replace(HELP, title="Madservice"),
        first=HELP,
    ),
}  # fmt: skip
RULE_10_NOT = {
    "twice the same": links("number", chat(f"{H} ... altså {H}"), HELP, CARPORT),
    "the other for comparison": links("number", chat(f"Sag {H} minder om sag {C}"), HELP, CARPORT),
    "the other denied": links("number", chat(f"Sag {H}, ikke {C}"), HELP, CARPORT),
}

RULE_11_UNKNOWN = {
    "unknown": nothing(chat(f"Sag {C}"), HELP, rule="unknown", evidence=(TEXT,)),
    "another authority's": nothing(chat(f"Ankestyrelsens j.nr. {H}"), HELP),
    "an example": nothing(chat(f"Skriv sagsnr. som f.eks. {H}"), HELP),
    "partial": nothing(chat("Sag 27.36.04-P19"), HELP),
    "quoted under another matter": waits(
        "quoted", chat(f"> sag {H}\nKan du se på en parkeringsbøde?"), HELP, first=HELP,
        evidence=(QUOTED,),
    ),
    "quoted under lunch": waits("quoted", chat(f"> sag {H}\nSkal vi spise frokost?"), HELP,
                                first=HELP),
    "quoted in another's thread": waits("quoted", chat(f"> sag {H}\nJa"), HELP, CARPORT,
                                        first=HELP, thread=earlier(CARPORT)),
    "quoted to another's guest": waits("quoted", mail_chat(f"> sag {C}\nJa tak"), CARPORT, HELP,
                                       first=CARPORT),
    "caller says another number": waits("uncertain phone", call(text="Sag 02.34.02-G01-99-25"),
                                        HELP, first=HELP),
}  # fmt: skip

RULE_12_CLOSED = {
    "number": waits("closed", chat(f"Sag {L}"), OLD, first=OLD, evidence=(TEXT,)),
    "telephone": waits("closed", call(), OLD, first=OLD, evidence=(PHONE,)),
    "called the old one": waits("closed", chat(f"Den gamle sag {L}"), OLD, HELP, first=OLD),
    "thread": waits("closed", chat("Ja"), OLD, first=OLD, thread=earlier(OLD)),
}
RULE_12_NOT = {
    "on its last day": links(
        "number", chat(f"Sag {L}", started=datetime(2022, 6, 30, 12, tzinfo=UTC)), OLD
    ),
    "before it was closed": links(
        "phone", call(started=datetime(2021, 5, 5, 12, tzinfo=UTC)), OLD
    ),
    "in the evening of its last day": links(  # 23:59 in Denmark
        "number", chat(f"Sag {L}", started=datetime(2022, 6, 30, 21, 59, tzinfo=UTC)), OLD
    ),
    "after midnight": waits(  # 00:01 in Denmark, still the last day in UTC
        "closed", chat(f"Sag {L}", started=datetime(2022, 6, 30, 22, 1, tzinfo=UTC)), OLD, first=OLD
    ),
}  # fmt: skip

RULE_13_SEVERAL = {
    "a restricted one counts": waits(
        "several of phone", call(),  HELP,
        SECRET_PASSPORT, first=SECRET_PASSPORT,
    ),
    "a restricted one of another": links(
        "phone and caseworker", call(), HELP,
        msgspec.structs.replace(PASSPORT, access="restricted"),
    ),
    "not the caseworker": waits("uncertain phone", mail_chat("Hej igen", worker=CARL), HELP,
                                first=HELP),
    "case without caseworker": waits(
        "uncertain phone", call(), msgspec.structs.replace(HELP, caseworker=""),
        first=msgspec.structs.replace(HELP, caseworker=""),
    ),
}  # fmt: skip

SHARED_PREFIX = msgspec.structs.replace(
    PASSPORT, caseworker=BODIL, parties=(CaseParty(name="Ida Falsk", phone="+4520000777"),)
)
RULE_14_MASKED = {
    "two parties": waits("several of masked", call(ASGER_MASKED), HELP, SHARED_PREFIX,
                         first=SHARED_PREFIX),
    "two parties, one closed": waits(
        "several of masked", call(ASGER_MASKED), HELP,
        msgspec.structs.replace(SHARED_PREFIX, is_open=False), first=HELP,
    ),
    "nobody": nothing(call("+4520001***"), HELP),
    "nothing visible": nothing(call("***"), HELP),
}  # fmt: skip

RULE_15_EARLY = {
    "number": waits("not open then", chat(f"Sag {C}", started=datetime(2025, 2, 28, tzinfo=UTC)),
                    CARPORT, first=CARPORT),
    "telephone": waits("not open then", call(started=datetime(2023, 5, 5, tzinfo=UTC)), HELP,
                       first=HELP),
    "masked": waits("not open then", call(ASGER_MASKED, started=datetime(2023, 5, 5, tzinfo=UTC)),
                    HELP, first=HELP),
}  # fmt: skip
RULE_15_NOT = {
    "on its first day": links(
        "phone", call(started=datetime(2024, 1, 2, 7, tzinfo=UTC)), HELP
    ),
    "first day begins": links(  # half past midnight in Denmark
        "phone", call(started=datetime(2024, 1, 1, 23, 30, tzinfo=UTC)), HELP
    ),
}  # fmt: skip

RULE_16_OTHER_NUMBERS = {
    text: nothing(chat(text), HELP, CARPORT, NEIGHBOUR, rule=rule)
    for text, rule in {
        "Asger Prøve": "nothing",
        "12.11.2024": "nothing",
        "Den 27.36.04 eller 12-24": "nothing",
        "1.250,00 kr.": "nothing",
        "010190-1234": "nothing",
        "CVR 12345678": "nothing",
        "matr.nr. 7a, Prøveby": "nothing",
        "KLE 27.36.04": "nothing",
        "27.36.04 P19": "nothing",
        "tlf. 20 00 00 01": "nothing",
        "konto 1234-0000271204": "nothing",
        "kl. 12-24": "nothing",
    }.items()
}
RULE_16_HINT = {
    "a name, to its caseworker": waits(
        "name", voicemail("Hej, det er Asger Prøve.", "+4599999999"), HELP, first=HELP,
        evidence=(("name", "text"),),
    ),
    "a name, to another": nothing(voicemail("Hej, det er Asger Prøve.", "+4599999999", worker=CARL),
                                  HELP),
}  # fmt: skip

RULE_17_ELSE = {
    "caller": waits("uncertain phone", call(text="Jeg ringer om en helt anden sag"), HELP,
                    first=HELP),
    "caller, another field": waits("uncertain phone", call(text="Jeg ringer om en byggetilladelse"),
                                   HELP, first=HELP),
    "guest": waits("uncertain phone", mail_chat("Jeg vil gerne søge om byggetilladelse"), HELP,
                   first=HELP),
    "caller, for another citizen": waits(
        "uncertain phone", voicemail("Det drejer sig om Bent Testesen, ring til mig."), HELP,
        NEIGHBOUR, first=HELP,
    ),
    "thread": nothing(chat("Noget helt andet: kan du se på en parkeringsbøde?"), HELP,
                      thread=earlier()),
    "thread, another's message": nothing(
        chat("Per Hansen, tlf. 60 00 00 06, har ringet og vil gerne ringes op."), HELP,
        thread=earlier(),
    ),
    "thread, a number put right": waits("uncertain thread", chat(f"Beklager, {H} var forkert"),
                                        HELP, first=HELP, thread=earlier()),
    "caller puts the number right": waits("uncertain phone", call(text=f"{H} er forkert"), HELP,
                                          first=HELP),
}  # fmt: skip

RULE_18_OLD_THREAD = {
    "days old, the matter": waits("uncertain thread", chat("Hjemmehjælpen er bevilget"), HELP,
                                  first=HELP, thread=earlier(seconds_ago=3 * DAY_S),
                                  evidence=(("thread", "thread"),)),
    "an answer, not right after": waits("uncertain thread", chat("Ja, gør det"), HELP, first=HELP,
                                        thread=earlier(is_direct=False)),
    "two cases": waits("uncertain thread", chat("Jeg skriver til hende"), HELP, first=HELP,
                       thread=earlier(cases_in_thread=2)),
    "an unknown number": waits("uncertain thread", chat("Sag 02.34.02-G01-99-25"), HELP,
                               first=HELP, thread=earlier()),
    "another case quoted": waits("quoted", chat(f"> sag {C}\nJa, gør det"), HELP, CARPORT,
                                 first=CARPORT, thread=earlier()),
}  # fmt: skip
RULE_18_NOT = {
    "forgotten": nothing(chat("Hjemmehjælpen er bevilget"), HELP,
                         thread=earlier(seconds_ago=15 * DAY_S)),
}  # fmt: skip

ALL = {
    f"{name[5:].lower().replace('_', ' ')}: {said}": example
    for name, examples in list(globals().items())
    if name.startswith("RULE_")
    for said, example in examples.items()
}


@pytest.mark.parametrize("example", ALL.values(), ids=ALL.keys())
def test_rule(example: Example) -> None:
    """The decision, its first case, its evidence and its reason in both languages."""
    check(example)
