"""Scenes linked by a number, and what follows one: rules 1, 3, 5, 6 and 7."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from people import DOMAIN, Case, Employee, Party, mask, outside, staff
from speaking import in_english, spoken
from wording import fill, roughen
from world import World
from writing import loose

Scene = Callable[[World], None]


def _pair(w: World, case: Case) -> tuple[Employee, Employee]:
    """Two colleagues who talk; in two of three the caseworker is one of them."""
    other = w.anyone(case.worker)
    first = case.worker if w.rng.random() < 0.66 else w.colleague(case.worker)
    if first == other:
        other = w.anyone(first, case.worker)
    return (first, other) if w.rng.random() < 0.5 else (other, first)


def _chat(w: World, case: Case, at: datetime, section: str, rule: str = "1", **known: str) -> None:
    """Two colleagues, and a frame of the section with the number in it."""
    one, other = _pair(w, case)
    text = _frame(
        w, section, case, **{"kol": other.name.split()[0], "kol2": one.name.split()[0], **known}
    )
    people = [staff("from", one), staff("to", other)]
    w.add("chat", at, people, text=text, case=case, link=True, rule=rule, thread=w.thread())


def _frame(w: World, section: str, case: Case, **known: str) -> str:
    """A frame whose ordinary words are roughened before the number is put in."""
    template = roughen(w.template(section), w.rng)
    return fill(template, w.rng, **{**w.about(case), **known})


def written_number(w: World) -> None:
    """Rule 1: colleagues name the number in a chat; the register may lack the party's telephone."""
    at = w.moment()
    party = Party(w.name(), "", "") if w.rng.random() < 0.12 else None
    case = w.case(at, party=party)
    _chat(w, case, at, "staff_number", n=loose(case.number, w.rng))


def closed_later(w: World) -> None:
    """Rule 1: the register says closed today, yet the case was open on the day."""
    at = w.moment()
    case = w.case(at)
    case.status, case.closed = "closed", at.date() + timedelta(days=w.rng.randrange(3, 20))
    _chat(w, case, at, "staff_number", n=loose(case.number, w.rng))


def citizen_writes(w: World) -> None:
    """Rule 1: a guest in a chat names the number; the mail address may be unknown."""
    at = w.moment()
    case = w.case(at, party=w.party(mail=True))
    mail = case.party.mail if w.rng.random() < 0.5 else f"gaest{w.rng.randrange(999)}@net.example"
    text = _frame(
        w, "citizen_number", case, n=loose(case.number, w.rng), kol=case.worker.name.split()[0]
    )
    people = [outside("from", mail=mail, name=case.party.person), staff("to", case.worker)]
    w.add("chat", at, people, text=text, case=case, link=True, rule="1", thread=w.thread())


def meeting(w: World) -> None:
    """Rule 1: the subject of a meeting holds the number; every third has its call and chat."""
    at = w.moment()
    case = w.case(at)
    thread = w.thread("meeting_")
    others = [w.anyone(case.worker) for _ in range(w.rng.choice([1, 2]))]
    people = [staff("organizer", case.worker), *(staff("attendee", e) for e in others)]
    subject = w.say("meeting_subject", case, n=loose(case.number, w.rng, exact=0.4)).replace(
        "\n", ""
    )
    w.add("meeting", at, people, subject=subject, case=case, link=True, rule="1", thread=thread)
    if w.rng.random() < 0.35:
        people = [staff("from", case.worker), *(staff("to", e) for e in others)]
        w.add(
            "call", at + timedelta(minutes=2), people, case=case, link=True, rule="1", thread=thread
        )
        w.add(
            "chat",
            at + timedelta(minutes=17),
            people,
            text=roughen(w.line(case, "f"), w.rng),
            case=case,
            link=True,
            rule="5",
            thread=thread,
        )


def _voicemail(w: World, case: Case, said: str, *, named: bool = True) -> str:
    """A transcript: who it is, what it is about, the number, good-bye."""
    kol = case.worker.name.split()[0]
    opening = w.say("vm_open" if named else "vm_open_nameless", case, kol=kol)
    pieces = [opening, w.say("vm_number", case, n=said), w.say("vm_close", case)]
    pieces.insert(w.rng.choice([1, 1, 2]), w.line(case, "c"))
    if w.rng.random() < 0.2:
        pieces.insert(-1, f"jeg gentager {said}")
    text = " ".join(pieces)
    return text[:1].upper() + text[1:] + "." if w.rng.random() < 0.3 else text


def _caller(w: World, case: Case) -> dict[str, str]:
    """The party's own number, somebody's unknown number, or either of them masked."""
    own = case.party.line
    phone = own if own and w.rng.random() < 0.5 else w.phone()
    return outside("from", phone=mask(phone) if w.rng.random() < 0.4 else phone)


def spoken_number(w: World) -> None:
    """Rule 1: a voicemail says the number in words."""
    at = w.moment()
    case = w.case(at)
    to = case.worker if w.rng.random() < 0.8 else w.colleague(case.worker)
    said = (
        loose(case.number, w.rng, exact=0.7) if w.rng.random() < 0.1 else spoken(case.number, w.rng)
    )
    text = _voicemail(w, case, said, named=w.rng.random() < 0.6)
    w.add(
        "voicemail",
        at,
        [_caller(w, case), staff("to", to)],
        text=text,
        case=case,
        link=True,
        rule="1",
    )


_ENGLISH = (
    ("hi this is {name}", "good morning my name is {name}", "hello it's {name} speaking"),
    (
        "you sent me a letter and I don't understand it",
        "I have a question about my case",
        "I would like to know how long it takes",
        "I sent you the papers last week",
    ),
    ("the case number is", "my number is", "it says", "reference number"),
)


def english_number(w: World) -> None:
    """Rule 1: the caller speaks English."""
    at = w.moment()
    case = w.case(at)
    opening, asking, label = (w.rng.choice(said) for said in _ENGLISH)
    text = f"{opening} {asking} {label} {in_english(case.number)} please call me back thank you"
    people = [_caller(w, case), staff("to", case.worker)]
    text = text.format(name=case.party.person)
    w.add("voicemail", at, people, text=text, case=case, link=True, rule="1")


def third_persons_telephone(w: World) -> None:
    """Rule 1: somebody with a case of their own calls about another's and says its number."""
    at = w.moment()
    own, case = w.case(at), w.case(at)
    text = f"{w.say('vm_open', own)} jeg ringer for {case.party.person} {w.line(case, 'c')} "
    text += f"{w.say('vm_number', case, n=spoken(case.number, w.rng))} {w.say('vm_close', case)}"
    people = [outside("from", phone=own.party.line), staff("to", case.worker)]
    w.add("voicemail", at, people, text=text, case=case, link=True, rule="1")


def _two_numbers(section: str, *, other_closed: bool) -> Scene:
    """Rule 1 with a second number that does not count: corrected, closed, or quoted."""

    def scene(w: World) -> None:
        at = w.moment()
        case = w.case(at)
        other = w.case(at, closed=other_closed, topic=case.topic if other_closed else None)
        known = {
            "n": loose(case.number, w.rng, exact=0.6),
            "n2": other.number,
            "s2": w.line(other, "s"),
        }
        _chat(w, case, at, section, **known)

    return scene


def one_number(section: str) -> Scene:
    """Rule 1: the number of a forwarded message or a file name; nothing speaks against it."""

    def scene(w: World) -> None:
        at = w.moment()
        case = w.case(at)
        to = case.worker if section == "forward" else w.colleague(case.worker)
        number = case.number if section == "file_name" else loose(case.number, w.rng, exact=0.6)
        text = w.say(section, case, n=number, kol=to.name.split()[0])
        people = [staff("from", w.anyone(to)), staff("to", to)]
        w.add("chat", at, people, text=text, case=case, link=True, rule="1", thread=w.thread())

    return scene


def own_link(w: World) -> None:
    """Rule 1: a link into the organisation's own case system."""
    at = w.moment()
    case = w.case(at)
    path = w.rng.choice(
        ["sager/{n}", "sag?nr={n}", "#/sag/{n}/dokumenter", "SagsOversigt.aspx?sagsnr={n}&tab=2"]
    )
    link = f"https://{w.rng.choice(['esdh', 'sag', 'sbsys'])}.{DOMAIN}/{path.format(n=case.number)}"
    _chat(w, case, at, "own_link", link=link)


def call_back(w: World) -> None:
    """Rule 3: a voicemail with a number from masked digits of nobody, and the call back."""
    at = w.moment()
    case = w.case(at)
    phone = mask(w.phone())
    text = _voicemail(w, case, spoken(case.number, w.rng))
    people = [outside("from", phone=phone), staff("to", case.worker)]
    w.add("voicemail", at, people, text=text, case=case, link=True, rule="1")
    back = [staff("from", case.worker), outside("to", phone=phone)]
    w.add(
        "call",
        at + timedelta(minutes=w.rng.randrange(6, 112)),
        back,
        case=case,
        link=True,
        rule="3",
    )


def thread(w: World) -> None:
    """Rule 5: a number, then talk about the matter within a day each; then, at times, another."""
    at = w.moment()
    case = w.case(at)
    one, other = _pair(w, case)
    known = {"case": case, "link": True, "thread": w.thread()}
    sides = [[staff("from", one), staff("to", other)], [staff("from", other), staff("to", one)]]
    number = loose(case.number, w.rng, exact=0.5)
    text = _frame(
        w, "staff_number", case, n=number, kol=other.name.split()[0], kol2=one.name.split()[0]
    )
    w.add("chat", at, sides[0], text=text, rule="1", **known)
    said = [*case.topic.lines["f"], w.template("followup_plain")]
    for turn, line in enumerate(said[: w.rng.choice([1, 2, 3])]):
        at += timedelta(minutes=w.rng.choice([2, 7, 31, 95, 300, 1270]))
        text = roughen(fill(line, w.rng, **case.words), w.rng)
        w.add("chat", at, sides[(turn + 1) % 2], text=text, rule="5", **known)
    if w.rng.random() < 0.35:
        at += timedelta(minutes=w.rng.choice([4, 40, 200]))
        w.add("chat", at, sides[0], text=w.say("thread_off"), rule="17", thread=known["thread"])


def continuation(w: World) -> None:
    """Rule 6: the number of a closed case that one open case continues, by its title."""
    at = w.moment()
    old = w.case(at, closed=True)
    new = w.case(
        at,
        party=old.party,
        topic=old.topic,
        worker=old.worker,
        after=old.number,
        opened=at.date() - timedelta(days=w.rng.randrange(4, 18)),
    )
    _chat(w, new, at, "continue", "6", n=loose(old.number, w.rng, exact=0.5))


def restricted(w: World) -> None:
    """Rule 7: a restricted case, its number and its caseworker."""
    at = w.moment()
    case = w.case(at, topic=w.topic("Familie"), access="restricted")
    if w.rng.random() < 0.5:
        people = [_caller(w, case), staff("to", case.worker)]
        text = _voicemail(w, case, spoken(case.number, w.rng))
        w.add("voicemail", at, people, text=text, case=case, link=True, rule="7")
    else:
        people = [staff("from", w.anyone(case.worker)), staff("to", case.worker)]
        text = _frame(w, "staff_number", case, n=loose(case.number, w.rng))
        w.add("chat", at, people, text=text, case=case, link=True, rule="7", thread=w.thread())


correction = _two_numbers("correction", other_closed=False)
earlier_closed = _two_numbers("earlier_closed", other_closed=True)
own_over_quoted = _two_numbers("own_over_quoted", other_closed=False)
