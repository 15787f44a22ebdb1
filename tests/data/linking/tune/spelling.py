"""Case numbers as people write and say them. Pure functions, but for the dice they are given."""

import random

ONES = [
    "nul",
    "en",
    "to",
    "tre",
    "fire",
    "fem",
    "seks",
    "syv",
    "otte",
    "ni",
    "ti",
    "elleve",
    "tolv",
    "tretten",
    "fjorten",
    "femten",
]
ONES += ["seksten", "sytten", "atten", "nitten"]
TENS = ["-", "-", "tyve", "tredive", "fyrre", "halvtreds", "tres", "halvfjerds", "firs", "halvfems"]
EN_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
]
EN_ONES += ["fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
EN_TENS = ["-", "-", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
FILLERS = ["øh", "øhm", "altså", "og så", "vent lige", "ja", "ikk"]
LETTERS = {
    "P": ["P", "p", "pe", "P som i Peter"],
    "G": ["G", "g", "G som i Gerda"],
    "K": ["K", "k"],
    "A": ["A", "a"],
}
SLIPS = {"0": "O", "1": "lI", "5": "S", "8": "B"}


def parts(number: str) -> tuple[str, str, str, str]:
    """Subject, facet, running number and year of a number in the register's form."""
    subject, facet, running, year = number.split("-")
    return subject, facet, running, year


def plain(number: str, dice: random.Random) -> str:
    """One loose way to write the number on one line, without mark-up."""
    subject, facet, running, year = parts(number)
    ways = {
        number: 9,
        number.lower(): 3,
        number.replace("-", "–"): 3,
        number.replace("-", "\u2011"): 1,
        number.replace("-", " - "): 3,
        number.replace("-", " – "): 1,
        number.lower().replace("-", " -"): 1,
        f"{subject}-{facet}-{running}-20{year}": 3,
        f"{subject}-{facet}-{running.zfill(4)}-{year}": 2,
        f"{subject}-{running}-{year}": 3,
        f"{subject}-{facet[0]} {facet[1:]}-{running}-{year}": 1,
        number.replace("-", " "): 1,
        subject.replace(".", ". ") + f"-{facet}-{running}-{year}": 1,
        _letters_for_digits(number, dice): 3,
        _zeros_lost(number): 2,
    }
    return dice.choices(list(ways), list(ways.values()))[0]


def marked_up(number: str, dice: random.Random) -> str:
    """The number with HTML or a line break inside."""
    subject, facet, running, year = parts(number)
    return dice.choice(
        [
            f"{subject}-<b>{facet}</b>-{running}-{year}",
            number.replace("-", "&#8209;"),
            number.replace("-", "&ndash;"),
            f"{subject}-{facet}-<br>{running}-{year}",
            f"<span>{subject}</span>-<span>{facet}-{running}-{year}</span>",
            f"{subject}&nbsp;- {facet}&nbsp;- {running}&nbsp;- {year}",
            f"{subject}-{facet}-\n{running}-{year}",
            f"<p><strong>{number.lower()}</strong></p>",
        ]
    )


def any_way(number: str, dice: random.Random) -> str:
    """Plain most of the time, now and then with mark-up."""
    return marked_up(number, dice) if dice.random() < 0.15 else plain(number, dice)


def _letters_for_digits(number: str, dice: random.Random) -> str:
    # The facet's own letter and digits stay: a letter there would be a facet of its own.
    facet = number.index("-")
    spots = [i for i, c in enumerate(number) if c in SLIPS and not facet < i < facet + 4]
    if not spots:
        return number
    spot = dice.choice(spots)
    return number[:spot] + dice.choice(SLIPS[number[spot]]) + number[spot + 1 :]


def _zeros_lost(number: str) -> str:
    subject, rest = number.split("-", 1)
    groups = subject.split(".")
    if groups[0].startswith("0"):
        groups[0] = groups[0][1:]
    elif groups[2].startswith("0"):
        groups[2] = groups[2][1:]
    return ".".join(groups) + "-" + rest


def danish(value: int) -> str:
    """A number below 1000 in Danish words."""
    if value >= 100:
        hundreds, rest = divmod(value, 100)
        head = "hundrede" if hundreds == 1 else f"{ONES[hundreds]} hundrede"
        return f"{head} og {danish(rest)}" if rest else head
    if value < 20:
        return ONES[value]
    tens, ones = divmod(value, 10)
    return f"{ONES[ones]}og{TENS[tens]}" if ones else TENS[tens]


def english(value: int) -> str:
    """A number below 1000 in English words."""
    if value >= 100:
        hundreds, rest = divmod(value, 100)
        head = f"{EN_ONES[hundreds]} hundred"
        return f"{head} and {english(rest)}" if rest else head
    if value < 20:
        return EN_ONES[value]
    tens, ones = divmod(value, 10)
    return f"{EN_TENS[tens]}-{EN_ONES[ones]}" if ones else EN_TENS[tens]


def _digits(text: str, dice: random.Random) -> str:
    return " ".join(dice.choice(["et", "en"]) if d == "1" else ONES[int(d)] for d in text)


def _group(text: str, dice: random.Random, *, singly: bool) -> str:
    if singly or text.startswith("0"):
        return _digits(text, dice)
    return danish(int(text))


def spoken(number: str, dice: random.Random) -> str:
    """The number as a speech-to-text engine writes down a Danish caller."""
    subject, facet, running, year = parts(number)
    way = dice.choices(["words", "singly", "digits", "bare"], [5, 3, 2, 1])[0]
    dot = dice.choice([" punktum ", " punktum ", " komma ", " punktum og "])
    dash = dice.choice([" bindestreg ", " bindestreg ", " streg "])
    if way == "digits":
        numbers = [subject.replace(".", dot), facet, running, year]
        return dash.join(numbers)
    if way == "bare" and int(running) < 100:
        # From a hundred on, "P nitten hundrede og tre" would be read in two ways.
        dot = dash = " "
    singly = way == "singly"
    head = dot.join(_group(g, dice, singly=singly) for g in subject.split("."))
    letter = dice.choice(LETTERS[facet[0]])
    ending = _group(year, dice, singly=singly)
    if way == "words" and dice.random() < 0.2:
        ending = "to tusind og " + ending
    groups = [head, f"{letter} {_group(facet[1:], dice, singly=singly)}"]
    groups += [_group(running, dice, singly=singly), ending]
    said = groups[0]
    for group in groups[1:]:
        filler = dice.choice(FILLERS) + " " if dice.random() < 0.12 else ""
        said += dash + filler + group
    return said


def spoken_english(number: str, dice: random.Random) -> str:
    """The number as an English-speaking caller says it."""
    subject, facet, running, year = parts(number)
    dash = dice.choice([" dash ", " hyphen "])
    groups = [
        "zero " + EN_ONES[int(g[1])] if g.startswith("0") else english(int(g))
        for g in subject.split(".")
    ]
    head = dice.choice([" dot ", " point "]).join(groups)
    return dash.join(
        [head, f"{facet[0]} {english(int(facet[1:]))}", english(int(running)), english(int(year))]
    )


def one_off(left: str, right: str) -> bool:
    """Whether the two differ by one character put in, left out or changed, or not at all."""
    if abs(len(left) - len(right)) > 1:
        return False
    start = 0
    while start < min(len(left), len(right)) and left[start] == right[start]:
        start += 1
    if len(left) == len(right):
        return left[start + 1 :] == right[start + 1 :]
    longer, shorter = (left, right) if len(left) > len(right) else (right, left)
    return longer[start + 1 :] == shorter[start:]
