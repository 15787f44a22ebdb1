"""Case numbers as people write them, and with one slip of a finger."""

from __future__ import annotations

import random
import re

_LIKE = {"0": "O", "1": "lI", "5": "S", "8": "B"}
_FORM = re.compile(r"(\d\d)\.(\d\d)\.(\d\d)-([A-Z])(\d\d)-(\d+)-(\d\d)")


def parts(number: str) -> tuple[str, ...]:
    """Seven parts: three subject levels, facet letter and digits, running number, year."""
    found = _FORM.fullmatch(number)
    if not found:
        raise ValueError(f"not a case number: {number}")
    return found.groups()


def distance_one(one: str, other: str) -> bool:
    """True when two strings are equal or one substituted, dropped or added character apart."""
    if len(one) > len(other):
        one, other = other, one
    if len(other) - len(one) > 1:
        return False
    i = 0
    while i < len(one) and one[i] == other[i]:
        i += 1
    if len(one) == len(other):
        return one[i + 1 :] == other[i + 1 :]
    return one[i:] == other[i + 1 :]


def _en_dash(number: str, rng: random.Random) -> str:
    return number.replace("-", rng.choice(["–", " – ", "‑", "—"]))


def _spaced(number: str, rng: random.Random) -> str:
    head, facet, seq, year = number.split("-")
    gap = rng.choice([" - ", "- ", " -", " "])
    return f"{head}{gap}{facet}{rng.choice(['-', gap])}{seq}-{year}"


def _zeros(number: str, rng: random.Random) -> str:
    """Leading zeros left out, or put before the running number."""
    a, b, c, letter, facet, seq, year = parts(number)
    if rng.random() < 0.4 or not any(level.startswith("0") for level in (b, c)):
        return f"{a}.{b}.{c}-{letter}{facet}-{int(seq):0{rng.choice([3, 4, 5])}d}-{year}"
    levels = [level[1:] if level[0] == "0" and level != "00" else level for level in (b, c)]
    return f"{a}.{levels[0]}.{levels[1]}-{letter}{facet}-{seq}-{year}"


def _year(number: str, rng: random.Random) -> str:
    return f"{number[:-2]}20{number[-2:]}"


def _no_facet(number: str, rng: random.Random) -> str:
    head, _, seq, year = number.split("-")
    return f"{head}-{seq}-{year}"


def _alike(number: str, rng: random.Random) -> str:
    """One or two digits as the letter that looks like them."""
    places = [i for i, sign in enumerate(number) if sign in _LIKE]
    chosen = rng.sample(places, min(len(places), rng.choice([1, 1, 2])))
    return "".join(rng.choice(_LIKE[s]) if i in chosen else s for i, s in enumerate(number))


def _html(number: str, rng: random.Random) -> str:
    head, facet, seq, year = number.split("-")
    return rng.choice(
        [
            f"<b>{number}</b>",
            f"<span>{head}</span>-{facet}-<strong>{seq}</strong>-{year}",
            f"{head}&#8209;{facet}&#8209;{seq}&#8209;{year}",
            f"{head}-{facet}-<br>{seq}-{year}",
            f"{head}&nbsp;-&nbsp;{facet}-{seq}-{year}",
            f'<a href="#"><i>{head}-{facet}</i>-{seq}-{year}</a>',
        ]
    )


def _broken(number: str, rng: random.Random) -> str:
    place = rng.choice([i for i, sign in enumerate(number) if sign == "-"])
    return f"{number[: place + 1]}\n{number[place + 1 :]}"


def _lower(number: str, rng: random.Random) -> str:
    return number.lower()


def _several(number: str, rng: random.Random) -> str:
    return _en_dash(_year(number, rng), rng).lower()


_STYLES = (
    (_en_dash, 12),
    (_spaced, 12),
    (_zeros, 12),
    (_year, 10),
    (_no_facet, 7),
    (_alike, 9),
    (_html, 7),
    (_broken, 4),
    (_lower, 10),
    (_several, 6),
)


def loose(number: str, rng: random.Random, *, exact: float = 0.25) -> str:
    """The number as somebody might write it; `exact` is the share written as in the register."""
    if rng.random() < exact:
        return number
    styles = [style for style, _ in _STYLES]
    style = rng.choices(styles, [weight for _, weight in _STYLES])[0]
    return style(number, rng)


def slip(number: str, rng: random.Random) -> str:
    """The number with one digit wrong in subject, facet or running number."""
    while True:
        places = [i for i, sign in enumerate(number) if sign.isdigit() and i < len(number) - 2]
        place = rng.choice(places)
        wrong = rng.choice([digit for digit in "0123456789" if digit != number[place]])
        slipped = number[:place] + wrong + number[place + 1 :]
        if parts(slipped)[5][0] != "0":
            return slipped
