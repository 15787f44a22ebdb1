"""Who works in the municipality, who lives there, and the cases between them."""

from __future__ import annotations

import random
import unicodedata
import uuid
from datetime import date, timedelta

from connector.sandbox import words
from connector.sandbox.world import CaseFile, Citizen, Draw, Staff, Team

OPEN_CASES_PER_USER = 3
CITIZENS_PER_USER = 4


def ascii_name(name: str) -> str:
    """A name as it is written in an address: "Søren Ågård" gives "soren.aagaard"."""
    for danish, plain in (
        ("æ", "ae"),
        ("ø", "o"),
        ("å", "aa"),
        ("Æ", "ae"),
        ("Ø", "o"),
        ("Å", "aa"),
    ):
        name = name.replace(danish, plain)
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return plain.replace(" ", ".")


def account(person: Staff) -> uuid.UUID:
    """The objectGUID of somebody's account in the municipality's own directory."""
    return uuid.uuid5(uuid.NAMESPACE_URL, person.key)


def staff(draw: Draw, users: int) -> tuple[Staff, ...]:
    """The employees; each has a mailbox, a direct number and a SIP address."""
    made: list[Staff] = []
    taken: dict[str, int] = {}
    departments = [(c, d) for c, names in words.CENTRES for d in names]
    for n in range(users):
        given, surname = draw.dice.choice(words.GIVEN), draw.dice.choice(words.SURNAME)
        local = ascii_name(f"{given} {surname}")
        taken[local] = taken.get(local, 0) + 1
        centre, department = departments[n % len(departments)]
        made.append(
            Staff(
                key=draw.guid(),
                upn=f"{local}{taken[local] if taken[local] > 1 else ''}@{words.DOMAIN}",
                given=given,
                surname=surname,
                title=draw.dice.choice(words.TITLES),
                phone=f"+4537{100_001 + n:06d}",
                centre=centre,
                department=department,
            )
        )
    return tuple(made)


def citizens(draw: Draw, users: int) -> tuple[Citizen, ...]:
    """People and a few companies outside. Each has one number, made up."""
    numbers = draw.dice.sample(range(500_000, 999_999), users * CITIZENS_PER_USER + 8)
    made: list[Citizen] = []
    for n in range(users * CITIZENS_PER_USER + 4):
        if n < len(words.COMPANIES):
            name = words.COMPANIES[n]
        else:
            name = f"{draw.dice.choice(words.GIVEN)} {draw.dice.choice(words.SURNAME)}"
        mail = f"{ascii_name(name.replace('/', ''))}.{n}@borger.example"
        phone = f"+4537{numbers[n]:06d}"
        made.append(Citizen(name=name, phone=phone, mail=mail, is_company=n < len(words.COMPANIES)))
    return tuple(made)


def cases(
    draw: Draw, employees: tuple[Staff, ...], outside: tuple[Citizen, ...]
) -> tuple[CaseFile, ...]:
    """About three open cases for each employee, and a fifth as many that are closed."""
    dice, made = draw.dice, []
    counts: dict[tuple[str, str], int] = {}
    total = len(employees) * OPEN_CASES_PER_USER
    for n in range(total + total // 5):
        subject, facet, department, title = dice.choice(words.KLE)
        opened = draw.now.date() - timedelta(days=dice.randint(5, 700))
        year = f"{opened.year % 100:02d}"
        counts[subject, year] = counts.get((subject, year), 0) + 1
        is_open = n < total
        made.append(
            CaseFile(
                number=f"{subject}-{facet}-{counts[subject, year]}-{year}",
                title=f"{title}, {dice.choice(words.STREETS)} {dice.randint(1, 120)}",
                is_open=is_open,
                opened=opened,
                closed=None if is_open else _closed(dice, opened, draw.now.date()),
                caseworker=_caseworker(dice, employees, department),
                department=department,
                parties=_parties(dice, outside),
                kle_subject=subject,
                kle_facet=facet,
                access="restricted" if dice.random() < 0.03 else "",
            )
        )
    return tuple(made)


def _closed(dice: random.Random, opened: date, today: date) -> date:
    return opened + timedelta(days=dice.randint(1, max(1, (today - opened).days)))


def _caseworker(dice: random.Random, employees: tuple[Staff, ...], department: str) -> Staff:
    own = [person for person in employees if person.department == department]
    return dice.choice(own or list(employees))


def _parties(dice: random.Random, outside: tuple[Citizen, ...]) -> tuple[Citizen, ...]:
    """One or two parties; a company in one case of fifteen, so that its number tells nothing."""
    people = [dice.choice(outside[len(words.COMPANIES) :])]
    if dice.random() < 0.2:
        people.append(dice.choice(outside[len(words.COMPANIES) :]))
    if dice.random() < 0.07:
        people.append(outside[dice.randrange(len(words.COMPANIES))])
    return tuple(dict.fromkeys(people))


def teams(draw: Draw, employees: tuple[Staff, ...]) -> tuple[Team, ...]:
    """One team for each department, with two channels."""
    made = []
    for _centre, names in words.CENTRES:
        for name in names:
            members = tuple(person for person in employees if person.department == name)
            if members:
                channels = tuple(
                    (f"19:{draw.dice.getrandbits(128):032x}@thread.tacv2", channel)
                    for channel in words.CHANNELS
                )
                made.append(Team(key=draw.guid(), name=name, channels=channels, members=members))
    return tuple(made)
