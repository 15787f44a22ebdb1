"""Reads the stock of phrases and fills them: topics.txt (matters) and phrases.txt (frames, talk)."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
_MANY_LINES = {"forward", "own_over_quoted", "quoted_other"}

STREETS = [
    "Birkevej",
    "Elmevej",
    "Skovbrynet",
    "Møllebakken",
    "Nørregade",
    "Engvangen",
    "Kirkestien",
    "Hasselvej",
    "Ålykkevej",
    "Søndergade",
    "Rugmarken",
    "Teglværksvej",
    "Lærkehegnet",
    "Bækkelunden",
    "Toftegårdsvej",
    "Havnestræde",
    "Ørnebakken",
    "Stationsvej",
    "Kløvermarken",
    "Pilealle",
    "Østerled",
    "Granstien",
    "Vestervang",
    "Degnebakken",
    "Bygmarken",
    "Violvej",
    "Åparken",
    "Fasanhaven",
]
FIRST = [
    "Karen",
    "Jens",
    "Mette",
    "Søren",
    "Anne",
    "Lars",
    "Kirsten",
    "Ole",
    "Hanne",
    "Bent",
    "Inger",
    "Poul",
    "Lone",
    "Erik",
    "Gitte",
    "Niels",
    "Fatima",
    "Ahmad",
    "Aase",
    "Jørgen",
    "Bodil",
    "Villy",
    "Tove",
    "Palle",
    "Sanne",
    "Kjeld",
    "Yrsa",
    "Torben",
    "Rikke",
    "Mikkel",
    "Signe",
    "Emil",
    "Freja",
    "Oliver",
    "Zainab",
    "Kasper",
    "Dorthe",
    "Henrik",
    "Ulla",
    "Flemming",
    "Birgit",
    "Egon",
    "Solveig",
    "Mads",
    "Ditte",
    "Asger",
    "Ragnhild",
    "Nikolaj",
    "Merete",
    "Ivan",
]
LAST = [
    "Holmgaard",
    "Brixen",
    "Skovsted",
    "Dalsgård",
    "Krabbe",
    "Munkholm",
    "Vestergren",
    "Østerby",
    "Lindskov",
    "Ravnholt",
    "Tangaa",
    "Bagge",
    "Kjærulf",
    "Hovmand",
    "Stenild",
    "Fuglede",
    "Askov",
    "Rosenlund",
    "Bjerring",
    "Thuesen",
    "Nymark",
    "Halkjær",
    "Gadegaard",
    "Sejersen",
    "Vadgaard",
    "Yding",
    "Ørskov",
    "Åbenrod",
    "Damkjær",
    "Ebberup",
    "Frandsen",
    "Grønhøj",
    "Hvilsted",
    "Ibsgaard",
    "Kvistorp",
    "Lykkeby",
    "Mosegren",
    "Nissum",
    "Overby",
    "Qvortrup",
    "Skyum",
    "Toftlund",
    "Uhrbrand",
    "Winkel",
    "Al-Sabah",
    "Hussein",
    "Popescu",
    "Jankowska",
]
CLUBS = [
    "Aadal Boldklub",
    "Café Anker",
    "Spejderne i Lyng",
    "Restaurant Det Gule Hus",
    "Lyng Motionsklub",
    "Bryghuset Nord",
    "Aadal Rideklub",
    "Vinstuen Kælderen",
    "Kulturforeningen Broen",
    "Aadal Svømmeklub",
]
FIRMS = [
    "Nordkontor",
    "Printhuset",
    "Dansk Toner",
    "Lyng El",
    "Bogholderi Plus",
    "Kontorriget",
    "Rensdig",
]


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


def invented(rng: random.Random) -> dict[str, str]:
    """Values for every placeholder that a template may hold. CPR days are 30 February: nobody's."""
    day, month = rng.randrange(1, 29), rng.randrange(1, 13)
    hour, minute = rng.randrange(8, 17), rng.choice(["00", "15", "30", "45"])
    week, price = rng.randrange(6, 24), rng.randrange(150, 98_000)
    name = f"{rng.choice(FIRST)} {rng.choice(LAST)}"
    return {
        "kol": rng.choice(FIRST), "kol2": rng.choice(FIRST), "name": name, "first": name.split()[0],
        "date": rng.choice([f"{day}. {month}.", f"{day:02d}.{month:02d}.2026", f"{day}/{month}-26",
                            f"{day:02d}-{month:02d}-2026", f"2026-{month:02d}-{day:02d}"]),
        "time": f"{hour}.{minute}", "time2": f"{hour + 1}:{minute}", "week": str(week),
        "week2": str(week + 2), "year": "2027", "tlf": telephone(rng), "phone": telephone(rng),
        "price": rng.choice([f"{price:,} kr.".replace(",", "."), f"kr. {price},00", f"{price},-"]),
        "cpr": f"3002{rng.randrange(40, 99)}{rng.choice(['-', '', ' '])}{rng.randrange(1000, 9999)}",
        "cvr": cvr(rng), "pnr": f"10{rng.randrange(10**7, 10**8)}",
        "matr": f"{rng.randrange(1, 40)}{rng.choice('abcdefgh')}, {rng.choice(STREETS)[:5]} By",
        "konto": f"{rng.randrange(1000, 9999)} {rng.randrange(10**9):010d}",
        "kle": rng.choice(["27.45.04", "02.34.02 P19", "32.24.04", "05.01.12 G01", "28.06", "17.03"]),
        "room": f"{rng.randrange(1, 4)}.{rng.randrange(10, 40)}", "vej": rng.choice(STREETS),
        "room2": f"{rng.randrange(1, 4)}.{rng.randrange(10, 40)}", "firma": rng.choice(FIRMS),
        "url": f"https://www.vejledning.example/{day:02d}.{month:02d}.{week:02d}-P{week}-{day}-24/side{price}",
        "ean": f"57980{rng.randrange(10**8):08d}", "invoice": f"2026-{rng.randrange(10**5):05d}",
        "order": f"{rng.randrange(10, 99)}-{rng.randrange(10**4):04d}-{week}",
        "ver": f"{week}.{minute}.{day}-b{month}", "ip": f"10.{week}.{day}.{month}",
        "lokal": f"{rng.randrange(10, 40)}.{rng.randrange(10, 40)}", "bfe": str(rng.randrange(10**6, 10**7)),
        "isbn": f"87-{rng.randrange(1000, 9999)}-{rng.randrange(100, 999)}-{month % 10}",
        "plate": f"{rng.choice(['AX', 'BN', 'CK'])} {rng.randrange(10, 99)} {rng.randrange(100, 999)}",
        "mail": f"{name.split()[0].lower()}@post.example",
    }  # fmt: skip


def fill(template: str, rng: random.Random, **known: str) -> str:
    """The template with what is known, and invented values for the rest."""
    return template.format(**{**invented(rng), **known})


_SLACK = (
    ("angående", "ang."), ("ikke", "ik"), ("også", "osse"), ("fordi", "fordi at"), ("måske", "måske"),
    ("venligst", "venligst"), ("har", "har"), ("mangler", "mangler"), ("spørger", "spøger"),
    ("siger", "siger"), ("stadig", "stadigvæk"), ("kommet", "kommmet"), ("skal", "ska"),
    ("noget", "noge"), ("hvornår", "hvornr"), ("afgørelsen", "afgørlsen"), ("svaret", "svart"),
)  # fmt: skip


def roughen(text: str, rng: random.Random) -> str:
    """Ordinary words as people type them in a hurry; digits stay as they are."""
    if rng.random() < 0.3:
        for proper, loose in rng.sample(_SLACK, 6):
            text = text.replace(f" {proper} ", f" {loose} ", 1)
    if rng.random() < 0.3:
        text = text[:1].lower() + text[1:]
    if rng.random() < 0.08:
        text = text.replace("æ", "ae").replace("ø", "oe").replace("å", "aa")
    return text
