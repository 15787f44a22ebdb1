"""Scenes in which the policy links, by its rules 1 to 8."""

from datetime import timedelta

import spelling
from register import STOCK, Case
from world import World


def _numbered_text(world: World, case: Case) -> str:
    dice = world.dice
    style = dice.random()
    if style < 0.08:
        text = dice.choice(STOCK["r1_file"]).format(c=case.number)
    elif style < 0.16:
        text = dice.choice(STOCK["r1_link"]).format(c=case.number)
    elif style < 0.27:
        text = world.fill(
            dice.choice(STOCK["r1_mailish"]),
            case,
            n=spelling.plain(case.number, dice),
            dato=world.any_date(),
        )
    else:
        text = dice.choice(STOCK["r1_chat"]).format(n=spelling.any_way(case.number, dice))
        if dice.random() < 0.4:
            text += dice.choice([" ", "\n", "\n\n"]) + world.staff_line(case)
        if dice.random() < 0.2:
            text += "\n" + world.trap_text(dice.choice(STOCK["noise"]), case)
    return text


def numbered_chats(world: World, count: int) -> None:
    """Rule 1: colleagues name a case in a chat."""
    for _ in range(count):
        at = world.moment()
        case = world.case(at)
        one, other = world.two_staff()
        world.chat(at, one, other, _numbered_text(world, case), case=case, rule="1")


def numbered_meetings(world: World, count: int) -> None:
    """Rule 1: the number stands in a meeting's subject and counts for its call and chat."""
    for n in range(count):
        at = world.moment()
        case = world.case(at)
        title = case.title.split(",")[0].lower()
        subject = world.dice.choice(STOCK["r1_meeting"]).format(
            n=spelling.plain(case.number, world.dice), titel=title, fornavn=case.party.first
        )
        _, other = world.two_staff(case.worker)
        thread = world.thread()
        world.meeting(at, [case.worker, other], subject, thread=thread, case=case, rule="1")
        if n % 3 == 0:
            late = at + timedelta(minutes=1)
            world.internal_call(late, case.worker, other, thread=thread, case=case, rule="1")
        if n % 3 == 1:
            late = at + timedelta(minutes=12)
            text = world.staff_line(case)
            world.chat(late, case.worker, other, text, thread=thread, case=case, rule="5")


def spoken_numbers(world: World, count: int) -> None:
    """Rule 1: voicemail in which the caller says the number."""
    dice = world.dice
    for n in range(count):
        at = world.moment()
        case = world.case(at)
        if n % 9 == 8:
            said = spelling.spoken_english(case.number, dice)
            text = world.fill(dice.choice(STOCK["english_voicemail"]), case, n=said)
        else:
            said = spelling.spoken(case.number, dice)
            text = world.fill(dice.choice(STOCK["r1_voicemail"]), case, n=said)
        phone = dice.choice([case.party.phones[0], world.register.fresh_phone()])
        if n % 8 == 3:
            # Somebody with a case of his own rings for somebody else: the number stands.
            phone = world.case(at).party.phones[0]
        to = case.worker if n % 4 else world.other_staff(case.worker)
        world.voicemail(at, phone, to, text, masked=n % 5 == 0, case=case, rule="1")


def corrected_numbers(world: World, count: int) -> None:
    """Rule 1: a correction beats what it corrects; an open case beats one called closed."""
    for n in range(count):
        at = world.moment()
        case = world.case(at)
        one, other = world.two_staff()
        if n % 2:
            wrong = world.case(at)
            text = world.dice.choice(STOCK["r1_correct"]).format(
                wrong=wrong.number, n=spelling.plain(case.number, world.dice)
            )
        else:
            old = world.closed_case(at)
            text = world.dice.choice(STOCK["r1_old"]).format(
                old=old.number, n=spelling.plain(case.number, world.dice)
            )
        world.chat(at, one, other, text, case=case, rule="1")


def closed_later(world: World, count: int) -> None:
    """Rule 1: the case is closed today but was open on the day of the message."""
    for _ in range(count):
        at = world.moment(latest="2026-08-31")
        case = world.case(at)
        case.closed = at.date() + timedelta(days=world.dice.randint(15, 60))
        one, other = world.two_staff()
        text = world.dice.choice(STOCK["r1_chat"]).format(n=spelling.plain(case.number, world.dice))
        world.chat(at, one, other, text, case=case, rule="1")


def known_callers(world: World, count: int) -> None:
    """Rule 2: one open case has the whole number or address, and its caseworker takes part."""
    dice = world.dice
    for n in range(count):
        at = world.moment()
        case = world.case(at)
        phone = dice.choice(case.party.phones)
        way = n % 6
        if way == 0:
            world.call(at, phone, case.worker, case=case, rule="2")
        elif way == 1:
            world.call(at, phone, case.worker, out=True, case=case, rule="2")
        elif way == 2:
            world.call(at, phone, "omst", moved_to=case.worker, case=case, rule="2")
        elif way == 3:
            world.missed(at, phone, case.worker, case=case, rule="2")
            if dice.random() < 0.5:
                text = world.fill(dice.choice(STOCK["neutral_voicemail"]), case)
                late = at + timedelta(minutes=1)
                world.voicemail(late, phone, case.worker, text, case=case, rule="2")
        elif way == 4:
            text = world.citizen_line(case)
            if dice.random() < 0.5:
                text = world.fill(dice.choice(STOCK["neutral_voicemail"]), case)
            world.voicemail(at, phone, case.worker, text, case=case, rule="2")
        else:
            world.guest_chat(at, case, world.citizen_line(case), case.worker, case=case, rule="2")


def one_of_several(world: World, count: int) -> None:
    """Rule 2: several open cases, but one is the caseworker's or is plainly named."""
    for n in range(count):
        at = world.moment()
        if n % 2:
            mine, other = world.pair(at, same_worker=False)
            world.call(at, mine.party.phones[0], mine.worker, case=mine, rule="2")
        else:
            mine, other = world.pair(at, same_worker=True)
            text = world.plain_line(mine, other)
            world.voicemail(at, mine.party.phones[0], mine.worker, text, case=mine, rule="2")


def masked_callers(world: World, count: int) -> None:
    """Rule 3: five digits, one party, one open case, and its caseworker."""
    dice = world.dice
    for n in range(count):
        at = world.moment()
        case = world.case(at)
        phone = case.party.phones[0]
        if n % 3 == 0:
            world.call(at, phone, case.worker, masked=True, case=case, rule="3")
        elif n % 3 == 1:
            text = world.fill(dice.choice(STOCK["neutral_voicemail"]), case)
            world.voicemail(at, phone, case.worker, text, masked=True, case=case, rule="3")
        else:
            unknown = world.register.fresh_phone()
            said = spelling.spoken(case.number, dice)
            text = world.fill(dice.choice(STOCK["r1_voicemail"]), case, n=said)
            world.voicemail(at, unknown, case.worker, text, masked=True, case=case, rule="1")
            late = at + timedelta(minutes=dice.randint(8, 100))
            world.call(late, unknown, case.worker, out=True, masked=True, case=case, rule="3")


def relayed(world: World, count: int) -> None:
    """Rule 4: the switchboard passes on name and telephone of the caseworker's one open case."""
    for _ in range(count):
        at = world.moment()
        case = world.case(at)
        world.chat(at, "omst", case.worker, world.relay_text(case, at), case=case, rule="4")


def threads(world: World, count: int) -> None:
    """Rules 1 and 5, then 17 and 18: a thread names its case, goes on, strays and grows old."""
    dice = world.dice
    for n in range(count):
        at = world.moment()
        case = world.case(at)
        one, other = world.two_staff(case.worker)
        thread = world.thread()
        lines = world.staff_lines(case)
        first = dice.choice(STOCK["r1_chat"]).format(n=spelling.any_way(case.number, dice))
        world.chat(at, one, other, first, thread=thread, case=case, rule="1")
        at += timedelta(minutes=dice.randint(2, 200))
        world.chat(at, other, one, lines[0], thread=thread, case=case, rule="5")
        if n % 2:
            at += timedelta(minutes=dice.randint(3, 600))
            world.chat(at, one, other, lines[1], thread=thread, case=case, rule="5")
        if n % 3 == 0:
            at += timedelta(minutes=dice.randint(5, 90))
            text = dice.choice(STOCK["offtopic"])
            world.chat(at, other, one, text, thread=thread, rule="17")
        if n % 6 == 3:
            at += timedelta(minutes=dice.randint(5, 90))
            text = dice.choice(STOCK["back"]).format(staff=lines[2])
            world.chat(at, one, other, text, thread=thread, case=case, rule="5")
        if n % 4 == 1:
            at += timedelta(days=dice.randint(4, 12))
            world.chat(at, other, one, lines[2], thread=thread, case=case, link=False, rule="18")
        if n % 4 == 2:
            _second_case(world, one, other, thread, at)


def _second_case(world: World, one: str, other: str, thread: str, at: object) -> None:
    dice = world.dice
    assert hasattr(at, "date")
    later = at + timedelta(minutes=dice.randint(10, 120))  # type: ignore[operator]
    case = world.case(later)
    text = "Og så noget andet: " + dice.choice(STOCK["r1_chat"]).format(
        n=spelling.plain(case.number, dice)
    )
    world.chat(later, one, other, text, thread=thread, case=case, rule="1")
    later += timedelta(minutes=dice.randint(3, 60))
    neutral = dice.choice(STOCK["thread_two_neutral"])
    world.chat(later, other, one, neutral, thread=thread, rule="18")


def continued(world: World, count: int) -> None:
    """Rule 6: a closed number with one open case that continues it; not for the old decision."""
    dice = world.dice
    for n in range(count):
        at = world.moment()
        old = world.closed_case(at)
        new = world.case(at, party=old.party, subject=old.subject, worker=old.worker)
        new.opened = max(new.opened, old.closed or new.opened)
        title = new.matter["titles"][0].format(navn=old.party.name, adr=old.party.address)
        new.title = f"{title} (fortsættelse af {old.number})"
        one, other = world.two_staff(old.worker)
        said = spelling.plain(old.number, dice)
        if n % 3 == 2:
            text = dice.choice(STOCK["old_decision"]).format(n=said)
            world.chat(at, one, other, text, case=old, link=False, rule="12")
        else:
            text = dice.choice(STOCK["successor_msg"]).format(n=said)
            world.chat(at, one, other, text, case=new, rule="6")


def restricted(world: World, count: int) -> None:
    """Rule 7: a restricted case, with its number and its caseworker; else it is not even shown."""
    dice = world.dice
    for n in range(count):
        at = world.moment()
        case = world.case(at, subject=dice.choice(["familie", "handicap", "kontanthjaelp"]))
        case.access = "restricted"
        if n % 4 == 0:
            text = world.fill(
                dice.choice(STOCK["r1_voicemail"]), case, n=spelling.spoken(case.number, dice)
            )
            phone = case.party.phones[0]
            world.voicemail(at, phone, case.worker, text, case=case, rule="7")
        elif n % 4 == 3:
            one, other = world.two_staff(avoid=case.worker)
            text = dice.choice(STOCK["r1_chat"]).format(n=spelling.plain(case.number, dice))
            world.chat(at, one, other, text, rule="7")
        else:
            one, other = world.two_staff(case.worker)
            text = dice.choice(STOCK["r1_chat"]).format(n=spelling.plain(case.number, dice))
            world.chat(at, one, other, text, case=case, rule="7")


def slips(world: World, count: int) -> None:
    """Rule 8: a number one character off, with the telephone that agrees and without."""
    dice = world.dice
    for n in range(count):
        at = world.moment()
        case = world.case(at)
        wrong = world.register.slip(case.number)
        if n % 2:
            said = spelling.spoken(wrong, dice)
            text = world.fill(dice.choice(STOCK["r1_voicemail"]), case, n=said)
            world.voicemail(at, case.party.phones[0], case.worker, text, case=case, rule="8")
        else:
            one, other = world.two_staff(avoid=case.worker)
            text = dice.choice(STOCK["unknown_number"] + STOCK["r1_chat"][:9]).format(n=wrong)
            world.chat(at, one, other, text, case=case, link=False, rule="8")
