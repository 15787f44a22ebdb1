"""Scenes in which the policy abstains, by its rules 9 to 18, and ordinary talk without any case."""

from datetime import timedelta

import spelling
from register import DOMAIN, STOCK
from world import World


def neighbours(world: World, count: int) -> None:
    """Rule 9: the number said is another party's case, one character from the caller's own."""
    dice = world.dice
    for _ in range(count):
        at = world.moment()
        own = world.case(at)
        wrong = world.register.slip(own.number, running_only=True)
        world.case(at, subject=own.subject, worker=own.worker, number=wrong)
        text = world.fill(dice.choice(STOCK["r1_voicemail"]), own, n=spelling.spoken(wrong, dice))
        phone = own.party.phones[0]
        world.voicemail(at, phone, own.worker, text, case=own, link=False, rule="9")


def two_named(world: World, count: int) -> None:
    """Rule 10: two open cases are named and nothing chooses."""
    dice = world.dice
    for _ in range(count):
        at = world.moment()
        one, other = world.two_staff()
        text = dice.choice(STOCK["two_numbers"]).format(
            n=spelling.plain(world.case(at).number, dice), m=world.case(at).number
        )
        world.chat(at, one, other, text, rule="10")


def false_numbers(world: World, count: int) -> None:
    """Rule 11: unknown, foreign, example or quoted below talk of something else."""
    dice = world.dice
    for n in range(count):
        at = world.moment()
        case = world.case(at)
        one, other = world.two_staff(avoid=case.worker)
        if n % 4 == 0:
            text = dice.choice(STOCK["unknown_number"]).format(n=world.unknown_number())
        elif n % 4 == 1:
            text = dice.choice(STOCK["example_number"]).format(n=case.number)
        elif n % 4 == 2:
            text = dice.choice(STOCK["foreign_number"]).format(n=case.number)
        else:
            text = world.fill(
                dice.choice(STOCK["quoted_other"]),
                case,
                n=case.number,
                off=dice.choice(STOCK["offtopic"]),
            )
        world.chat(at, one, other, text, rule="11")


def partial_numbers(world: World, count: int) -> None:
    """Rule 11: the year is left out; just one case begins so, which makes it a suggestion."""
    for _ in range(count):
        at = world.moment()
        case = world.case(at)
        one, other = world.two_staff(avoid=case.worker)
        part = case.number.rsplit("-", 1)[0]
        text = world.dice.choice(
            ["Har du set {n}? året kan jeg ikke læse", "sagsnr {n}-?? (resten er revet af)"]
        ).format(n=part)
        world.chat(at, one, other, text, case=case, link=False, rule="11")
        world.whole_after_part.append((part, case.number))


def closed_cases(world: World, count: int) -> None:
    """Rule 12: a closed case without a continuation, named or only known by its telephone."""
    dice = world.dice
    for n in range(count):
        at = world.moment()
        case = world.closed_case(at)
        if n % 4 == 3:
            world.call(at, case.party.phones[0], case.worker, rule="12")
        else:
            one, other = world.two_staff()
            text = dice.choice(STOCK["closed_named"]).format(n=spelling.plain(case.number, dice))
            world.chat(at, one, other, text, case=case, link=False, rule="12")


def wrong_desk(world: World, count: int) -> None:
    """Rule 13: the caller has one open case, but somebody else answers."""
    for n in range(count):
        at = world.moment()
        case = world.case(at)
        phone = case.party.phones[0]
        other = world.other_staff(case.worker)
        if n % 3 == 0:
            text = world.citizen_line(case)
            world.voicemail(at, phone, other, text, case=case, link=False, rule="13")
        elif n % 3 == 1:
            world.call(at, phone, other, case=case, link=False, rule="13")
        else:
            text = world.relay_text(case, at)
            world.chat(at, "omst", other, text, case=case, link=False, rule="13")


def several_open(world: World, count: int) -> None:
    """Rule 13: the caller has several open cases with one caseworker, and nothing chooses."""
    for n in range(count):
        at = world.moment()
        case, second = world.pair(at, same_worker=True)
        if n % 4 == 3:
            second.access = "restricted"
        phone = case.party.phones[0]
        if n % 3 == 0:
            world.call(at, phone, case.worker, out=n % 2 == 0, rule="13")
        elif n % 3 == 1:
            text = world.fill(world.dice.choice(STOCK["neutral_voicemail"]), case)
            world.voicemail(at, phone, case.worker, text, masked=n % 2 == 0, rule="13")
        else:
            world.missed(at, phone, case.worker, rule="13")


def masked_strangers(world: World, count: int) -> None:
    """Rule 14: the five digits fit two parties of the caseworker, or nobody."""
    for n in range(count):
        at = world.moment()
        phone = world.register.fresh_phone()
        worker = world.any_staff()
        if n % 2:
            for last in ("017", "842"):
                party = world.register.new_party(phone=phone[:8] + last)
                world.case(at, party=party, worker=worker)
        if n % 3:
            world.call(at, phone, worker, masked=True, out=n % 4 == 0, rule="14")
        else:
            world.missed(at, phone, worker, masked=True, rule="14")


def too_early(world: World, count: int) -> None:
    """Rule 15: the call came before the case; with text a few days before, or long before."""
    for n in range(count):
        at = world.moment(latest="2026-08-31")
        wait = world.dice.randint(2, 8) if n % 2 else world.dice.randint(60, 70)
        case = world.case(at, opened=at.date() + timedelta(days=wait))
        phone = case.party.phones[0]
        if n % 2:
            asked = world.dice.choice(STOCK["apply"]).format(w=case.word)
            text = f"Hej det er {case.party.name}. {asked}"
            world.voicemail(at, phone, case.worker, text, case=case, link=False, rule="15")
        else:
            world.call(at, phone, case.worker, rule="15")


def traps(world: World) -> None:
    """Rule 16: dates, prices, CPR, CVR, accounts, addresses, KLE codes and names alone."""
    dice = world.dice
    for template in STOCK["r16"]:
        at = world.moment()
        case = world.case(at)
        one, other = world.two_staff(avoid=case.worker)
        world.chat(at, one, other, world.trap_text(template, case), rule="16")
    for template in STOCK["names_only"]:
        at = world.moment()
        one, other = world.two_staff()
        stranger = world.stranger()
        text = template.format(
            fornavn=dice.choice(STOCK["first"]),
            efternavn2=stranger.split(" ")[-1],
            navn2=stranger,
        )
        world.chat(at, one, other, text, rule="16")


def other_matters(world: World, count: int) -> None:
    """Rule 17: the caller's one case is another matter than what is talked of."""
    for n in range(count):
        at = world.moment()
        case = world.case(at)
        text = world.foreign_line(case)
        phone = case.party.phones[0]
        if n % 2:
            text = f"Hej det er {case.party.name}, nu er det noget helt andet. {text}"
        world.voicemail(at, phone, case.worker, text, masked=n % 5 == 0, rule="17")


def ordinary_talk(world: World) -> None:
    """No rule: workplace talk, wrong numbers, sellers, calls between colleagues."""
    dice = world.dice
    lines = list(STOCK["workplace"])
    dice.shuffle(lines)
    while lines:
        at = world.moment()
        one, other = world.two_staff()
        thread = world.thread()
        for _ in range(min(len(lines), dice.choice([1, 1, 2, 3]))):
            world.chat(at, one, other, lines.pop(), thread=thread, rule="none")
            one, other = other, one
            at += timedelta(minutes=dice.randint(1, 40))
    for text in STOCK["unknown_voicemail"]:
        at = world.moment()
        phone = world.register.fresh_phone()
        world.voicemail(at, phone, world.any_staff(), text, rule="none")
    for n in range(14):
        at = world.moment()
        one, other = world.two_staff()
        if n % 2:
            world.internal_call(at, one, other, rule="none")
        else:
            world.call(at, world.register.fresh_phone(), one, rule="none")
    for subject in (
        "Personalemøde",
        "MUS",
        "Teammøde uge 27",
        "Budget 2027 - status",
        f"Demo af nyt system ({DOMAIN})",
        "Frokost",
        "Ledermøde 12-24",
        "1:1",
    ):
        world.meeting(world.moment(), list(world.two_staff()), subject, rule="none")
