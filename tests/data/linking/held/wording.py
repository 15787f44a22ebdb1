"""Reads the stock of phrases and fills it: topics.txt (matters), phrases.txt (frames, talk)."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
_MANY_LINES = {"forward", "own_over_quoted", "quoted_other"}


def _names() -> dict[str, list[str]]:
    lines = (HERE / "names.txt").read_text(encoding="utf-8").splitlines()[1:]
    return {key: values.split("|") for key, values in (line.split(": ", 1) for line in lines)}


_NAMES = _names()
STREETS, FIRST, LAST = _NAMES["streets"], _NAMES["first"], _NAMES["last"]
CLUBS, FIRMS = _NAMES["clubs"], _NAMES["firms"]


@dataclass(frozen=True)
class Topic:
    """One matter: its department, KLE subjects and facets, title and what is said about it."""

    department: str
    subjects: tuple[str, ...]
    facets: tuple[str, ...]
    title: str
    lines: dict[str, tuple[str, ...]]


def topics() -> list[Topic]:
    """Reads topics.txt in its order."""
    found: list[Topic] = []
    head: list[str] = []
    lines: dict[str, list[str]] = {}
    title = ""

    def close() -> None:
        if title:
            kept = {mark: tuple(said) for mark, said in lines.items()}
            subjects, facets = (tuple(part.split(", ")) for part in head[1:3])
            found.append(Topic(head[0], subjects, facets, title, kept))

    for line in (HERE / "topics.txt").read_text(encoding="utf-8").splitlines():
        if line[:1] in ("@", "#"):
            close()
            title = line[2:] if line[0] == "#" else ""
            head = line[2:].split(" | ") if line[0] == "@" else head
            lines = {"c": [], "s": [], "f": []}
        elif line[:3] in ("c: ", "s: ", "f: "):
            lines[line[0]].append(line[3:])
    close()
    return found


def phrases() -> dict[str, list[str]]:
    """Reads phrases.txt: section -> templates."""
    sections: dict[str, list[str]] = {}
    name = ""
    for line in (HERE / "phrases.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("[") and line.endswith("]"):
            name = line[1:-1]
            sections[name] = []
        elif name:
            sections[name].append(line)
    for name, lines in sections.items():
        if name in _MANY_LINES:
            sections[name] = "\n".join(lines).split("\n|")
        else:
            sections[name] = [line.replace("\\n", "\n") for line in lines if line]
    return sections


def telephone(rng: random.Random) -> str:
    """Eight digits as people write them, of nobody in the register."""
    digits = f"{rng.choice('2346')}{rng.randrange(10**7):07d}"
    pairs = " ".join(digits[i : i + 2] for i in range(0, 8, 2))
    return rng.choice([digits, pairs, "+45 " + pairs, f"{digits[:4]} {digits[4:]}"])


def cvr(rng: random.Random) -> str:
    """Eight digits that look like a CVR number and fail its check digit, so that nobody owns it."""
    while True:
        number = rng.randrange(10_000_000, 99_999_999)
        weighed = sum(
            int(d) * w for d, w in zip(str(number), (2, 7, 6, 5, 4, 3, 2, 1), strict=True)
        )
        if weighed % 11:
            return str(number)


def _dates(rng: random.Random) -> dict[str, str]:
    day, month, week = rng.randrange(1, 29), rng.randrange(1, 13), rng.randrange(6, 24)
    hour, minute = rng.randrange(8, 17), rng.choice(["00", "15", "30", "45"])
    forms = [
        f"{day}. {month}.",
        f"{day:02d}.{month:02d}.2026",
        f"{day}/{month}-26",
        f"{day:02d}-{month:02d}-2026",
        f"2026-{month:02d}-{day:02d}",
    ]
    return {
        "date": rng.choice(forms),
        "time": f"{hour}.{minute}",
        "time2": f"{hour + 1}:{minute}",
        "week": str(week),
        "week2": str(week + 2),
        "year": "2027",
        "ver": f"{week}.{minute}.{day}-b{month}",
        "ip": f"10.{week}.{day}.{month}",
        "url": f"https://www.vejledning.example/{day:02d}.{month:02d}.{week:02d}-P{week}-{day}-24/x",
    }


def _numbers(rng: random.Random) -> dict[str, str]:
    """Numbers that are no case numbers. CPR days are 30 February: nobody's."""
    price = rng.randrange(150, 98_000)
    prices = [f"{price:,} kr.".replace(",", "."), f"kr. {price},00", f"{price},-"]
    codes = ["27.45.04", "02.34.02 P19", "32.24.04", "05.01.12 G01", "28.06", "17.03"]
    gap = rng.choice(["-", "", " "])
    return {
        "price": rng.choice(prices),
        "kle": rng.choice(codes),
        "cpr": f"3002{rng.randrange(40, 99)}{gap}{rng.randrange(1000, 9999)}",
        "cvr": cvr(rng),
        "pnr": f"10{rng.randrange(10**7, 10**8)}",
        "matr": f"{rng.randrange(1, 40)}{rng.choice('abcdefgh')}, {rng.choice(STREETS)[:5]} By",
        "konto": f"{rng.randrange(1000, 9999)} {rng.randrange(10**9):010d}",
        "room": f"{rng.randrange(1, 4)}.{rng.randrange(10, 40)}",
        "room2": f"{rng.randrange(1, 4)}.{rng.randrange(10, 40)}",
        "ean": f"57980{rng.randrange(10**8):08d}",
        "invoice": f"2026-{rng.randrange(10**5):05d}",
        "order": f"{rng.randrange(10, 99)}-{rng.randrange(10**4):04d}-{rng.randrange(10, 50)}",
        "lokal": f"{rng.randrange(10, 40)}.{rng.randrange(10, 40)}",
        "bfe": str(rng.randrange(10**6, 10**7)),
        "isbn": f"87-{rng.randrange(1000, 9999)}-{rng.randrange(100, 999)}-{rng.randrange(10)}",
        "plate": f"{rng.choice(['AX', 'BN'])} {rng.randrange(10, 99)} {rng.randrange(100, 999)}",
    }


def invented(rng: random.Random) -> dict[str, str]:
    """Values for every placeholder that a template may hold."""
    name = f"{rng.choice(FIRST)} {rng.choice(LAST)}"
    return {
        **_dates(rng),
        **_numbers(rng),
        "kol": rng.choice(FIRST),
        "kol2": rng.choice(FIRST),
        "name": name,
        "first": name.split()[0],
        "tlf": telephone(rng),
        "phone": telephone(rng),
        "vej": rng.choice(STREETS),
        "firma": rng.choice(FIRMS),
        "mail": f"{name.split()[0].lower()}@post.example",
    }


def fill(template: str, rng: random.Random, **known: str) -> str:
    """The template with what is known, and invented values for the rest."""
    return template.format(**{**invented(rng), **known})


_SLACK = {
    "angående": "ang.",
    "ikke": "ik",
    "også": "osse",
    "spørger": "spøger",
    "stadig": "stadigvæk",
    "kommet": "kommmet",
    "skal": "ska",
    "noget": "noge",
    "hvornår": "hvornr",
    "afgørelsen": "afgørlsen",
    "svaret": "svart",
    "mangler": "magnler",
}


def roughen(text: str, rng: random.Random) -> str:
    """Ordinary words as people type them in a hurry; digits stay as they are."""
    if rng.random() < 0.3:
        for proper, loose in rng.sample(list(_SLACK.items()), 6):
            text = text.replace(f" {proper} ", f" {loose} ", 1)
    if rng.random() < 0.3:
        text = text[:1].lower() + text[1:]
    if rng.random() < 0.08:
        text = text.replace("æ", "ae").replace("ø", "oe").replace("å", "aa")
    return text
