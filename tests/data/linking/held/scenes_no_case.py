"""Scenes that concern no case: rules 14, 16, 17 and ordinary talk."""

from __future__ import annotations

from people import mask, outside, staff
from told import from_party, talk
from wording import roughen
from world import World


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
    said = w.say("other_matter_citizen", name=w.name())
    text = f"{w.say('vm_open', case)} {said} {w.say('vm_close')}"
    w.add("voicemail", at, from_party(case), text=text, rule="17")


def chatter(w: World) -> None:
    """None: ordinary talk at work."""
    talk(w, w.moment(), roughen(w.say("chatter"), w.rng))


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
