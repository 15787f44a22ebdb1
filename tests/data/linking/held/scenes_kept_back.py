"""Scenes in which the machine must not link: rules 8 to 18 and talk that concerns no case."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from speaking import spoken
from wording import fill, roughen
from world import Case, Employee, World, mask, outside, staff
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


def _talk(w: World, at: datetime, text: str, rule: str = "none", *, case: Case | None = None,
          to: Employee | None = None, thread: str = "") -> None:  # fmt: skip
    """An internal chat that is not linked."""
    to = to or w.anyone()
    people = [staff("from", w.anyone(to)), staff("to", to)]
    w.add("chat", at, people, text=text, case=case, rule=rule, thread=thread or w.thread())


def _from_party(
    case: Case, *, to: Employee | None = None, masked: bool = False
) -> list[dict[str, str]]:
    phone = case.party.line
    return [outside("from", phone=mask(phone) if masked else phone), staff("to", to or case.worker)]


def _message(w: World, case: Case) -> str:
    opening = w.say("vm_open", case, kol=case.worker.name.split()[0])
    return f"{opening} {w.line(case, 'c')} {w.say('vm_close', case)}"


def slip_with_evidence(w: World) -> None:
    """Rule 8: one digit off, but the caller is the party of just that case and speaks with its caseworker."""
    at = w.moment()
    case = w.case(at)
    opening, closing = w.say("vm_open", case), w.say("vm_close", case)
    number = w.say("vm_number", case, n=spoken(_slipped(w, case), w.rng))
    text = f"{opening} {w.line(case, 'c')} {number} {closing}"
    w.add("voicemail", at, _from_party(case), text=text, case=case, link=True, rule="8")


def slip_alone(w: World) -> None:
    """Rule 8: one digit off and nothing else: the case is a suggestion."""
    at = w.moment()
    case = w.case(at)
    text = w.say("staff_number", case, n=_slipped(w, case))
    _talk(w, at, text, "8", case=case, to=case.worker if w.rng.random() < 0.3 else None)


def anothers_number(w: World) -> None:
    """Rule 9: the number is another party's, one digit off the caller's own."""
    at = w.moment()
    own = w.case(at)
    wrong = _slipped(w, own)
    w.barred.discard(wrong)
    w.case(at, number=wrong, topic=w.topic(own.topic.department, but=own.topic))
    text = f"{_message(w, own)} {w.say('vm_number', own, n=spoken(wrong, w.rng))}"
    w.add("voicemail", at, _from_party(own), text=text, case=own, rule="9")


def two_cases(w: World) -> None:
    """Rule 10: two open cases, none of them taken back."""
    at = w.moment()
    one, other = w.case(at), w.case(at)
    known = {"n": one.number, "n2": other.number, "s2": w.line(other, "s")}
    _talk(w, at, w.say("two_cases", one, **known), "10")


def number_of_nobody(w: World) -> None:
    """Rule 11: unknown here, another authority's, or an example."""
    at = w.moment()
    section = w.rng.choices(["unknown_number", "other_authority", "example"], [3, 2, 1])[0]
    year, seq = w.rng.choice([2024, 2025, 2026]), w.rng.randrange(1000, 99999)
    foreign = w.rng.choice([f"{year % 100}-{seq}", f"{year}-{seq % 9999}", f"S{year}-{seq}",
                            f"{year % 100}/{seq:05d}", f"{seq}-{seq % 97:04d}-{year % 100}"])  # fmt: skip
    _talk(w, at, roughen(w.say(section, n=_nobodys(w), a=foreign), w.rng), "11")


def partial_number(w: World) -> None:
    """Rule 11: running number and year, as several cases have; nobody in the talk handles one of them."""
    at = w.moment()
    tails = Counter(tuple(case.number.split("-")[2:]) for case in w.cases)
    tail = w.rng.choice([tail for tail, count in tails.items() if count > 1])
    _talk_between_switchboard(w, at, w.say("partial", p="-".join(tail)))


def _talk_between_switchboard(w: World, at: datetime, text: str) -> None:
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
    _talk(w, at, w.say("quoted_other", case, n=case.number), "11")


def closed_case(w: World) -> None:
    """Rule 12: a closed case that nothing continues, named or the caller's only one."""
    at = w.moment()
    case = w.case(at, closed=True)
    if w.rng.random() < 0.65:
        text = roughen(w.say("closed", case, n="{n}"), w.rng).replace(
            "{n}", loose(case.number, w.rng, exact=0.6)
        )
        _talk(w, at, text, "12", case=case)
    else:
        w.add("voicemail", at, _from_party(case), text=_message(w, case), case=case, rule="12")


def old_decision(w: World) -> None:
    """Rule 6: there is a continuation, but the message is about the old decision."""
    at = w.moment()
    old = w.case(at, closed=True)
    w.case(at, party=old.party, topic=old.topic, worker=old.worker, after=old.number,
           opened=at.date() - timedelta(days=w.rng.randrange(4, 18)))  # fmt: skip
    _talk(w, at, w.say("old_decision", old, n=old.number), "6", case=old)


def several_cases(w: World) -> None:
    """Rule 13: a call without text from a party with two open cases of one caseworker; a restricted one counts."""
    at = w.moment()
    case = w.case(at)
    access = "restricted" if w.rng.random() < 0.3 else ""
    other = w.topic(case.topic.department, but=case.topic)
    w.case(at, party=case.party, topic=other, worker=case.worker, access=access)
    w.add(w.rng.choice(["call", "call", "missed_call"]), at, _from_party(case), rule="13")


def answered_by_another(w: World) -> None:
    """Rule 13: a caller with one open case, and a colleague of its caseworker answers."""
    at = w.moment()
    case = w.case(at)
    people = _from_party(case, to=w.colleague(case.worker))
    text = _message(w, case) if w.rng.random() < 0.5 else ""
    w.add("voicemail" if text else "call", at, people, text=text, case=case, rule="13")


def hint_to_another(w: World) -> None:
    """Rule 13: several open cases, the matter is plain, but somebody else takes the message."""
    at = w.moment()
    topic = w.rng.choice([t for t in w.topics if t.department != "Sygedagpenge"])
    case = w.case(at, topic=topic)
    w.case(at, party=case.party, topic=w.topic(topic.department, but=topic), worker=case.worker)
    people = _from_party(case, to=w.colleague(case.worker))
    w.add("voicemail", at, people, text=_message(w, case), case=case, rule="13")


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
        people = _from_party(case, masked=True)
        w.add(
            "voicemail",
            at,
            people,
            text=_message(w, case) + f" altså {case.party.person}",
            case=case,
            rule="14",
        )
    else:
        w.add("call", at, _from_party(case, masked=True), rule="14")


def caller_of_nobody(w: World) -> None:
    """Rule 14 or none: a number that no party has, without text or with a general question."""
    at = w.moment()
    masked = w.rng.random() < 0.5
    phone = w.phone()
    who = outside("from", phone=mask(phone) if masked else phone)
    text = w.say("general_vm", name=w.name()) if w.rng.random() < 0.45 else ""
    kind = "voicemail" if text else w.rng.choice(["call", "call", "missed_call"])
    people = [who, staff("to", w.rng.choice([w.anyone(), w.rng.choice(w.switchboard)]))]
    if kind == "call" and w.rng.random() < 0.25:
        people = [people[1] | {"role": "from"}, who | {"role": "to"}]
    w.add(kind, at, people, text=text, rule="14" if masked and not text else "none")


def before_the_case(w: World) -> None:
    """Rule 15: the message came a few days before the case was opened."""
    at = w.moment()
    case = w.case(at, opened=at.date() + timedelta(days=w.rng.randrange(1, 5)))
    w.add("voicemail", at, _from_party(case), text=_message(w, case), case=case, rule="15")


def only_marks(w: World) -> None:
    """Rule 16: a name, date, price, CPR, CVR, matrikel number, KLE code and the like."""
    at = w.moment()
    known = {"name": w.rng.choice(w.cases).party.person} if w.cases else {}
    text = roughen(w.say("trap16", **known), w.rng)
    holders = {case.worker for case in w.cases if case.party.person == known.get("name")}
    to = w.anyone(*holders)
    people = [staff("from", w.anyone(to, *holders)), staff("to", to)]
    w.add("chat", at, people, text=text, rule="16", thread=w.thread())


def other_matter(w: World) -> None:
    """Rule 17: the party and the caseworker, but the message is about something else."""
    at = w.moment()
    case = w.case(at)
    text = f"{w.say('vm_open', case)} {w.say('other_matter_citizen', name=w.name())} {w.say('vm_close')}"
    w.add("voicemail", at, _from_party(case), text=text, rule="17")


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
    people = _from_party(case, to=case.worker if mine else w.colleague(case.worker))
    w.add("call", at, people, case=case if mine else None, rule="7")


def chatter(w: World) -> None:
    """None: ordinary talk at work."""
    _talk(w, w.moment(), roughen(w.say("chatter"), w.rng))


def chatter_meeting(w: World) -> None:
    """None: a meeting of colleagues, sometimes with its link in the invitation."""
    at = w.moment()
    people = [staff("organizer", w.anyone()), *(staff("attendee", w.anyone()) for _ in range(2))]
    join = f"https://teams.example/l/meetup-join/19%3ameeting_{w.rng.getrandbits(48)}%40thread.v2/0"
    text = w.rng.choice(["", "", f"Klik her for at deltage: {join}"])
    w.add(
        "meeting",
        at,
        people,
        subject=w.say("subject_chatter"),
        text=text,
        thread=w.thread("meeting_"),
    )
