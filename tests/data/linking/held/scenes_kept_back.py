"""Scenes in which a case is near and the machine must not link it: rules 6 to 18."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from people import Case, staff
from speaking import spoken
from told import from_party, message, talk
from wording import fill, roughen
from world import World
from writing import distance_one, loose, slip


def _slipped(w: World, case: Case) -> str:
    """A number of nobody that is one digit off this case and no other; kept free from now on."""
    while True:
        wrong = slip(case.number, w.rng)
        near = [number for number in w.numbers if distance_one(number, wrong)]
        if near == [case.number] and w.free(wrong):
            w.barred.add(wrong)
            return wrong


def _nobodys(w: World) -> str:
    """A number far from every case."""
    while True:
        number = w.number(w.topic(), w.rng.choice([2019, 2021, 2024, 2025]))
        if not any(distance_one(number, other) for other in w.numbers):
            w.barred.add(number)
            return number


def slip_with_evidence(w: World) -> None:
    """Rule 8: one digit off, but the party of just that case speaks with its caseworker."""
    at = w.moment()
    case = w.case(at)
    opening, closing = w.say("vm_open", case), w.say("vm_close", case)
    number = w.say("vm_number", case, n=spoken(_slipped(w, case), w.rng))
    text = f"{opening} {w.line(case, 'c')} {number} {closing}"
    w.add("voicemail", at, from_party(case), text=text, case=case, link=True, rule="8")


def slip_alone(w: World) -> None:
    """Rule 8: one digit off and nothing else: the case is a suggestion."""
    at = w.moment()
    case = w.case(at)
    text = w.say("staff_number", case, n=_slipped(w, case))
    talk(w, at, text, "8", case=case, to=case.worker if w.rng.random() < 0.3 else None)


def anothers_number(w: World) -> None:
    """Rule 9: the number is another party's, one digit off the caller's own."""
    at = w.moment()
    own = w.case(at)
    wrong = _slipped(w, own)
    w.barred.discard(wrong)
    w.case(at, number=wrong, topic=w.topic(own.topic.department, but=own.topic))
    text = f"{message(w, own)} {w.say('vm_number', own, n=spoken(wrong, w.rng))}"
    w.add("voicemail", at, from_party(own), text=text, case=own, rule="9")


def two_cases(w: World) -> None:
    """Rule 10: two open cases, none of them taken back."""
    at = w.moment()
    one, other = w.case(at), w.case(at)
    known = {"n": one.number, "n2": other.number, "s2": w.line(other, "s")}
    talk(w, at, w.say("two_cases", one, **known), "10")


def number_of_nobody(w: World) -> None:
    """Rule 11: unknown here, another authority's, or an example."""
    at = w.moment()
    section = w.rng.choices(["unknown_number", "other_authority", "example"], [3, 2, 1])[0]
    year, seq = w.rng.choice([2024, 2025, 2026]), w.rng.randrange(1000, 99999)
    foreign = w.rng.choice(
        [
            f"{year % 100}-{seq}",
            f"{year}-{seq % 9999}",
            f"S{year}-{seq}",
            f"{year % 100}/{seq:05d}",
            f"{seq}-{seq % 97:04d}-{year % 100}",
        ]
    )
    talk(w, at, roughen(w.say(section, n=_nobodys(w), a=foreign), w.rng), "11")


def partial_number(w: World) -> None:
    """Rule 11: running number and year, as several cases have; nobody there handles one."""
    at = w.moment()
    tails = Counter(tuple(case.number.split("-")[2:]) for case in w.cases)
    tail = w.rng.choice([tail for tail, count in tails.items() if count > 1])
    _between_switchboard(w, at, w.say("partial", p="-".join(tail)))


def _between_switchboard(w: World, at: datetime, text: str) -> None:
    one, other = w.switchboard
    w.add(
        "chat",
        at,
        [staff("from", one), staff("to", other)],
        text=text,
        rule="11",
        thread=w.thread(),
    )


def quoted_under_other(w: World) -> None:
    """Rule 11: a number in what is quoted, under an answer about something else."""
    at = w.moment()
    case = w.case(at)
    talk(w, at, w.say("quoted_other", case, n=case.number), "11")


def closed_case(w: World) -> None:
    """Rule 12: a closed case that nothing continues, named or the caller's only one."""
    at = w.moment()
    case = w.case(at, closed=True)
    if w.rng.random() < 0.65:
        text = roughen(w.say("closed", case, n="{n}"), w.rng).replace(
            "{n}", loose(case.number, w.rng, exact=0.6)
        )
        talk(w, at, text, "12", case=case)
    else:
        w.add("voicemail", at, from_party(case), text=message(w, case), case=case, rule="12")


def old_decision(w: World) -> None:
    """Rule 6: there is a continuation, but the message is about the old decision."""
    at = w.moment()
    old = w.case(at, closed=True)
    w.case(
        at,
        party=old.party,
        topic=old.topic,
        worker=old.worker,
        after=old.number,
        opened=at.date() - timedelta(days=w.rng.randrange(4, 18)),
    )
    talk(w, at, w.say("old_decision", old, n=old.number), "6", case=old)


def several_cases(w: World) -> None:
    """Rule 13: no text, two open cases of one caseworker; a restricted one counts."""
    at = w.moment()
    case = w.case(at)
    access = "restricted" if w.rng.random() < 0.3 else ""
    other = w.topic(case.topic.department, but=case.topic)
    w.case(at, party=case.party, topic=other, worker=case.worker, access=access)
    w.add(w.rng.choice(["call", "call", "missed_call"]), at, from_party(case), rule="13")


def answered_by_another(w: World) -> None:
    """Rule 13: a caller with one open case, and a colleague of its caseworker answers."""
    at = w.moment()
    case = w.case(at)
    people = from_party(case, to=w.colleague(case.worker))
    text = message(w, case) if w.rng.random() < 0.5 else ""
    w.add("voicemail" if text else "call", at, people, text=text, case=case, rule="13")


def hint_to_another(w: World) -> None:
    """Rule 13: several open cases, the matter is plain, but somebody else takes the message."""
    at = w.moment()
    topic = w.rng.choice([t for t in w.topics if t.department != "Sygedagpenge"])
    case = w.case(at, topic=topic)
    w.case(at, party=case.party, topic=w.topic(topic.department, but=topic), worker=case.worker)
    people = from_party(case, to=w.colleague(case.worker))
    w.add("voicemail", at, people, text=message(w, case), case=case, rule="13")


def relayed_to_another(w: World) -> None:
    """Rule 13: name and telephone are right, but the message went to a colleague."""
    at = w.moment()
    case = w.case(at)
    text = w.say("relay", case, phone=case.party.line[3:])
    people = [staff("from", w.rng.choice(w.switchboard)), staff("to", w.colleague(case.worker))]
    w.add("chat", at, people, text=text, case=case, rule="13", thread=w.thread())


def masked_several(w: World) -> None:
    """Rule 14: the five digits are of two parties; a name at most makes one a suggestion."""
    at = w.moment()
    case = w.case(at)
    twin = w.party(phone=w.phone(case.party.line[:8]))
    w.case(at, party=twin, topic=case.topic, worker=case.worker)
    if w.rng.random() < 0.35:
        people = from_party(case, masked=True)
        w.add(
            "voicemail",
            at,
            people,
            text=message(w, case) + f" altså {case.party.person}",
            case=case,
            rule="14",
        )
    else:
        w.add("call", at, from_party(case, masked=True), rule="14")


def before_the_case(w: World) -> None:
    """Rule 15: the message came a few days before the case was opened."""
    at = w.moment()
    case = w.case(at, opened=at.date() + timedelta(days=w.rng.randrange(1, 5)))
    w.add("voicemail", at, from_party(case), text=message(w, case), case=case, rule="15")


def old_thread(w: World) -> None:
    """Rule 18: the thread was linked days ago, and goes on about the matter."""
    at = w.moment() - timedelta(days=7)
    case = w.case(at)
    one, other = case.worker, w.anyone(case.worker)
    known = {"case": case, "thread": w.thread()}
    text = w.say("staff_number", case, n=loose(case.number, w.rng, exact=0.6))
    w.add(
        "chat",
        at,
        [staff("from", other), staff("to", one)],
        text=text,
        link=True,
        rule="1",
        **known,
    )
    at += timedelta(days=w.rng.choice([3, 5, 7]), minutes=w.rng.randrange(200))
    text = fill(case.topic.lines["f"][0], w.rng, **case.words)
    w.add(
        "chat",
        at,
        [staff("from", one), staff("to", other)],
        text=roughen(text, w.rng),
        rule="18",
        **known,
    )


def thread_of_two(w: World) -> None:
    """Rule 18: the thread has dealt with two cases; who knows which the next words mean."""
    at = w.moment()
    one, other = w.case(at), w.case(at)
    here = {"thread": w.thread()}
    people = [staff("from", one.worker), staff("to", w.anyone(one.worker))]
    for case in (one, other):
        text = w.say("staff_number", case, n=loose(case.number, w.rng, exact=0.6))
        w.add("chat", at, people, text=text, case=case, link=True, rule="1", **here)
        at += timedelta(minutes=w.rng.randrange(5, 200))
    w.add("chat", at, people, text=w.say("followup_plain"), rule="18", **here)


def restricted_without_number(w: World) -> None:
    """Rule 7: a restricted case's party calls; the caseworker may see it, a colleague must not."""
    at = w.moment()
    case = w.case(at, topic=w.topic("Familie"), access="restricted")
    mine = w.rng.random() < 0.5
    people = from_party(case, to=case.worker if mine else w.colleague(case.worker))
    w.add("call", at, people, case=case if mine else None, rule="7")
