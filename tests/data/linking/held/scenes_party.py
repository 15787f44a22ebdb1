"""Scenes linked by who speaks with whom: rules 2, 3 and 4. Each makes its own cases."""

from __future__ import annotations

from people import Party, mask, outside, staff
from told import from_party, message
from wording import roughen
from world import World


def known_telephone(w: World) -> None:
    """Rule 2: a call without text between a party with one open case and its caseworker."""
    at = w.moment()
    case = w.case(at)
    party, worker = (
        outside("from", phone=w.rng.choice(case.party.phone.split("|"))),
        staff("to", case.worker),
    )
    kind = w.rng.choices(["call", "outbound", "transfer", "missed_call"], [5, 3, 2, 2])[0]
    people = [party, worker]
    if kind == "outbound":
        people = [worker | {"role": "from"}, party | {"role": "to"}]
    elif kind == "transfer":
        people = [
            party,
            staff("to", w.rng.choice(w.switchboard)),
            worker | {"role": "transferred_to"},
        ]
    w.add(kind if kind == "missed_call" else "call", at, people, case=case, link=True, rule="2")


def known_voicemail(w: World) -> None:
    """Rule 2: a voicemail about the matter; a closed case of the caller does not disturb."""
    at = w.moment()
    case = w.case(at)
    if w.rng.random() < 0.3:
        w.case(at, party=case.party, closed=True)
    w.add("voicemail", at, from_party(case), text=message(w, case), case=case, link=True, rule="2")


def known_guest(w: World) -> None:
    """Rule 2: a guest whose mail address the register knows, in a chat or a meeting."""
    at = w.moment()
    case = w.case(at, party=w.party(mail=True))
    guest = outside("from", mail=case.party.mail, name=case.party.person)
    if w.rng.random() < 0.5:
        people = [staff("organizer", case.worker), guest | {"role": "attendee"}]
        w.add(
            "meeting",
            at,
            people,
            subject=w.say("meeting_party_subject"),
            case=case,
            link=True,
            rule="2",
            thread=w.thread("meeting_"),
        )
    else:
        w.add(
            "chat",
            at,
            [guest, staff("to", case.worker)],
            text=roughen(w.line(case, "c"), w.rng),
            case=case,
            link=True,
            rule="2",
            thread=w.thread(),
        )


def several_one_mine(w: World) -> None:
    """Rule 2: the party has several open cases, one of them with the employee who talks."""
    at = w.moment()
    case = w.case(at)
    for _ in range(w.rng.choice([1, 1, 2])):
        elsewhere = [t for t in w.topics if t.department != case.topic.department]
        w.case(at, party=case.party, topic=w.rng.choice(elsewhere))
    people = [outside("from", phone=case.party.line), staff("to", case.worker)]
    text = f"{w.say('vm_open', case)} {w.line(case, 'c')}" if w.rng.random() < 0.5 else ""
    w.add("voicemail" if text else "call", at, people, text=text, case=case, link=True, rule="2")


def several_by_matter(w: World) -> None:
    """Rule 2: two open cases of one caseworker; the message plainly names the matter of one."""
    at = w.moment()
    topic = w.rng.choice([t for t in w.topics if t.department != "Sygedagpenge"])
    case = w.case(at, topic=topic)
    w.case(at, party=case.party, topic=w.topic(topic.department, but=topic), worker=case.worker)
    text = f"{w.say('vm_open', case)} {w.line(case, 'c')} {w.say('vm_close', case)}"
    people = [outside("from", phone=case.party.line), staff("to", case.worker)]
    w.add("voicemail", at, people, text=text, case=case, link=True, rule="2")


def shared_telephone(w: World) -> None:
    """Rule 2 or 13: a builder has three cases of one caseworker; only the address tells which."""
    at = w.moment()
    firm, phone = f"{w.name().split()[1]} Byg ApS", w.phone()
    topic = next(t for t in w.topics if t.title.startswith("Carport"))
    worker = w.rng.choice(w.employees[topic.department])
    owners = [w.party(phone=w.phone()) for _ in range(3)]
    parties = [
        Party(f"{owner.name}|{firm}", f"{owner.phone}|{phone}", owner.mail) for owner in owners
    ]
    case = [w.case(at, party=party, topic=topic, worker=worker) for party in parties][1]
    people = [outside("from", phone=phone), staff("to", worker)]
    if w.rng.random() < 0.5:
        where = f"det drejer sig om den carport på {case.words['adr']}"
        text = f"ja hej det er fra {firm} {where} {w.say('vm_close')}"
        w.add("voicemail", at, people, text=text, case=case, link=True, rule="2")
    else:
        w.add("call", at, people, rule="13")


def masked_number(w: World) -> None:
    """Rule 3: five digits of one party with one open case, and its caseworker."""
    at = w.moment()
    case = w.case(at)
    party, worker = outside("from", phone=mask(case.party.line)), staff("to", case.worker)
    kind = w.rng.choice(["call", "outbound", "voicemail", "voicemail", "missed_call"])
    people = (
        [worker | {"role": "from"}, party | {"role": "to"}]
        if kind == "outbound"
        else [party, worker]
    )
    text = f"{w.say('vm_open', case)} {w.line(case, 'c')}" if kind == "voicemail" else ""
    w.add(
        "call" if kind == "outbound" else kind,
        at,
        people,
        text=text,
        case=case,
        link=True,
        rule="3",
    )


def relayed(w: World) -> None:
    """Rule 4: the switchboard passes on name and telephone of the caseworker's party."""
    at = w.moment()
    case = w.case(at)
    digits = case.party.line[3:]
    phone = w.rng.choice(
        [digits, " ".join(digits[i : i + 2] for i in (0, 2, 4, 6)), f"+45 {digits}"]
    )
    text = w.say("relay", case, phone=phone, kol=case.worker.name.split()[0])
    people = [staff("from", w.rng.choice(w.switchboard)), staff("to", case.worker)]
    w.add("chat", at, people, text=text, case=case, link=True, rule="4", thread=w.thread())
