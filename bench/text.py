"""Danish sentences as staff of a municipality write them, for made-up messages. All fictional."""

from __future__ import annotations

import random

FIRST_NAMES = [
    "Anne",
    "Bo",
    "Camilla",
    "Dorte",
    "Emil",
    "Freja",
    "Gitte",
    "Henrik",
    "Ida",
    "Jens",
    "Karen",
    "Lars",
    "Mette",
    "Niels",
    "Oline",
    "Per",
    "Rikke",
    "Søren",
    "Tove",
    "Ulla",
    "Viggo",
    "Åse",
    "Ærøe",
    "Birthe",
    "Claus",
    "Ditte",
    "Esben",
    "Frode",
    "Grethe",
    "Hanne",
]
LAST_NAMES = [
    "Aagesen",
    "Birkelund",
    "Dalsgård",
    "Egeskov",
    "Fjordby",
    "Granholt",
    "Hedelund",
    "Isbjerg",
    "Kildevang",
    "Lyngby",
    "Mosegård",
    "Nørrelund",
    "Overby",
    "Præstholm",
    "Rosenvang",
    "Skovager",
    "Toftegård",
    "Vesterholt",
    "Ørbæk",
    "Åkjær",
]
UNITS = [
    "Borgerservice",
    "Jobcenter",
    "Byggesag",
    "Børn-og-Unge",
    "Miljø",
    "Vej-og-Park",
    "Socialforvaltning",
    "Ydelseskontor",
    "Sekretariat",
    "Ældreområdet",
    "Kontrolgruppen",
    "Skoleforvaltning",
]
_THINGS = [
    "ansøgningen",
    "partshøringen",
    "afgørelsen",
    "naboindsigelsen",
    "bilaget",
    "fuldmagten",
    "udtalelsen",
    "regningen",
    "lægeerklæringen",
    "opfølgningen",
    "handleplanen",
    "bevillingen",
    "klagen",
    "tegningen",
    "kvitteringen",
    "referatet",
]
_DONE = [
    "er kommet ind",
    "mangler stadig",
    "er sendt videre",
    "ligger klar til underskrift",
    "skal læses igennem",
    "er gået retur",
    "kan først behandles i næste uge",
    "er godkendt af lederen",
]
_DAYS = ["mandag", "tirsdag", "onsdag", "torsdag", "fredag"]
_FRAMES = (
    "{name} har ringet igen, og {thing} {done}.",
    "Kan du nå at se på det inden {day}? {Thing} {done}.",
    "Jeg har talt med {unit}, og de siger, at {thing} {done}.",
    "Borgeren er ked af forløbet og vil gerne have et møde {day} formiddag.",
    "Husk at skrive til {name}, når {thing} {done}.",
    "{Thing} {done}, så vi afventer svar fra {unit}.",
    "Tak for hjælpen i går, det gik meget bedre end vi havde regnet med.",
    "Jeg tager den med på teammødet {day} og vender tilbage bagefter.",
    "Der er aftalt hjemmebesøg {day}, og {name} deltager som bisidder.",
    "Vi skal lige have afklaret, om {unit} eller vi selv svarer på henvendelsen.",
    "Hun spørger, hvor længe der går, før {thing} {done}.",
    "Telefonerne har været travle hele dagen, så jeg når det nok ikke før {day}.",
)
_NUMBER_LIKE = (
    "Fristen er {d}-{m}-{y}.",
    "Mødet er flyttet til {d}/{m} kl. {h}.30.",
    "Det gælder perioden {y0}-{y}.",
    "Budgettet for {y0}/{y} er vedtaget.",
    "Kom gerne {d}. {m}. mellem {h}.15 og {h}.45.",
    "Beløbet er {h}.500 kr. og betales senest {d}/{m}-{y}.",
    "Lokalet hedder {h}.{m}.{d} og ligger i bygning {m}-{d}.",
    "Satserne fra {y0} - {y} ligger på intranettet.",
)


def names(count: int, seed: str) -> list[str]:
    """`count` fictional full names."""
    rng = random.Random(f"names/{seed}")
    return [f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}" for _ in range(count)]


def sentences(count: int, seed: str) -> list[str]:
    """`count` sentences without any number in them."""
    rng = random.Random(f"sentences/{seed}")
    out = []
    for _ in range(count):
        thing = rng.choice(_THINGS)
        out.append(
            rng.choice(_FRAMES).format(
                name=rng.choice(FIRST_NAMES),
                thing=thing,
                Thing=thing.capitalize(),
                done=rng.choice(_DONE),
                unit=rng.choice(UNITS),
                day=rng.choice(_DAYS),
            )
        )
    return out


def number_like(count: int, seed: str) -> list[str]:
    """`count` sentences with dates, years and amounts that look a little like case numbers."""
    rng = random.Random(f"number-like/{seed}")
    out = []
    for _ in range(count):
        year = rng.randint(2019, 2026)
        out.append(
            rng.choice(_NUMBER_LIKE).format(
                d=rng.randint(10, 28),
                m=rng.randint(10, 12),
                y=year,
                y0=year - 1,
                h=rng.randint(9, 15),
            )
        )
    return out
