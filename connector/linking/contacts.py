"""Telephone numbers and people's names in a text. Proposals: they are compared with the parties."""

from __future__ import annotations

import re
from collections.abc import Iterator

from connector.identity import normalise_phone
from connector.linking.regexes import DASHES

# --- telephone numbers -----------------------------------------------------------------------
# What a number begins with, and what may not stand before it. A set of signs first, what stands
# before it second: to look for such a set is quick, to try the whole at every letter is not.
_START = re.compile(
    rf"[+(02-9](?<![\w=@#].)(?<![0-9][{DASHES}/.,:].)(?<!\w[{DASHES}/].)", re.DOTALL
)
_PHONE = re.compile(
    r"(?:(?:(?:\+|00)\s?45[ -]?|\(\+45\)\s?)?"
    r"(?:[2-9]\d(?P<by>[ .-]?)\d{2}(?P=by)\d{2}(?P=by)\d{2}|[2-9]\d{3}(?P<half>[ -])\d{4}"
    r"|[2-9]\d{2} \d{2} \d{3})"
    r"|(?:\+|00)(?!45)[1-9](?:[ -]?\d){6,13})"
    rf"(?![\w@%€$])(?!\s?[{DASHES}/]\s?\w)(?![.,:]\d)(?!,-)(?![ ]\d{{2}}(?:[ ]\d{{2}})?(?![\d ]))"
)
LEAST_DIGITS = 7  # of a telephone number, from the first to the last
_SIGNS_BEFORE = 2  # "(+45)"
_DIGITS = re.compile(r"[0-9](?:[^0-9\n]{0,2}[0-9]){6}")  # in every telephone number
_CALL_WORD = re.compile(
    r"(?:tlf|tel|telefon|telefonnr|telefonnummer|telefonnummeret|tlf\.?nr|mobil|mobilnr|mobilnummer"
    r"|mob|ring|ringe|ringer|ringes|ringet|kald|kaldes|træffes|fanges|sms|phone|call|cell|mobile"
    r"|nummer|nummeret|nr|number)\W{0,4}(?:(?:op|til|på|er|tilbage|hende|ham|dem|on|back"
    r"|him|her|at)"
    r"\W{1,3}){0,4}$",
    re.IGNORECASE,
)
_NR = r"(?:nummer(?:et)?|numre|nr|no|id)"
_OTHER_WORD = re.compile(
    r"\b(?:(?:cvr|ean|gln|iban|konto|reg|faktura|ordre|matr|matrikel|cpr|beløb|kr|dkk|eur"
    r"|bilag|sags?"
    rf"|case|ref)(?:[ .-]{{0,2}}{_NR})?"
    rf"|(?:journal|j|p|se|kunde|police|skade|medlems|id|tilbuds|rekvisitions)[ .-]{{0,2}}{_NR})"
    r"[\s.:#=]{0,4}(?:er\s)?$",
    re.IGNORECASE,
)
_MONEY = re.compile(r"\s?(?:kr|dkk|eur|kroner|euro|,-)\b", re.IGNORECASE)
_DAY = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\Z")


def digit_span(text: str) -> tuple[int, int]:
    """From the first digit to behind the last one; (0, 0) without any.

    A search for one sign runs at the speed of memory, one for a set of them ten times slower: what
    needs digits looks between them only.
    """
    digits = [digit for digit in "0123456789" if digit in text]
    return (min(map(text.find, digits)), 1 + max(map(text.rfind, digits))) if digits else (0, 0)


def phones_in(text: str) -> tuple[str, ...]:
    """Telephone numbers of a text in E.164, each once, in order.

    No telephone number is what belongs to a CPR, CVR, account or case number, a date, a price or a
    link. Written in a way that other numbers are, too ("2022-1170", "20.24.11.12"), it needs a word
    such as "tlf." before it.
    """
    return tuple(dict.fromkeys(_phones(text)))


def may_hold_phone(text: str) -> bool:
    """Whether something in it is written like a telephone number; quick."""
    return next(_like_phones(text), None) is not None


def _phones(text: str) -> Iterator[str]:
    for match in _like_phones(text):
        start, end = match.span()
        before = text[max(0, start - 28) : start]
        is_called = _CALL_WORD.search(before) is not None
        if _OTHER_WORD.search(before) or (not is_called and _looks_otherwise(match, before)):
            continue
        if _MONEY.match(text, end):
            continue
        e164 = normalise_phone(match[0]).e164
        if e164:
            yield e164


def _like_phones(text: str) -> Iterator[re.Match[str]]:
    low, high = digit_span(text)
    if high - low < LEAST_DIGITS or _DIGITS.search(text, low, high) is None:
        return
    end = 0
    for begin in _START.finditer(text, max(0, low - _SIGNS_BEFORE), high):
        if begin.start() >= end and (match := _PHONE.match(text, begin.start())):
            end = match.end()
            yield match


def _looks_otherwise(match: re.Match[str], before: str) -> bool:
    """Whether other numbers are written so, too: with points, as a day, a year and a number."""
    raw = match[0]
    if raw[0] in "+(0":
        return False
    goes_on = before.endswith(" ") and before[-2:-1].isdigit()  # groups of an account number
    return (
        (goes_on and " " in raw)
        or match["by"] in (".", "-")
        or match["half"] == "-"
        or (match["half"] == " " and raw[:2] in ("19", "20"))
        or _DAY.match(raw) is not None
    )


# --- names -----------------------------------------------------------------------------------
_CAPITAL = "[A-ZÆØÅÄÖÉÜ]"
_SMALL = "[a-zæøåäöéüáíß']{1,20}"
NAME_WORD = rf"{_CAPITAL}{_SMALL}(?:-{_CAPITAL}{_SMALL})?"
_LINK_WORD = r"(?:von|van|af|de|der|la|el|al|bin|da|di)"
_NAME = re.compile(
    # A capital first, what stands before it second: a search for a set of characters is quick.
    rf"({_CAPITAL}(?<![\w.@/-]{_CAPITAL}){_SMALL}(?:-{_CAPITAL}{_SMALL})?"
    rf"(?: (?:[A-ZÆØÅ]\.?|{_LINK_WORD}|{_LINK_WORD} {_LINK_WORD}|{NAME_WORD})){{0,4}}"
    rf" {NAME_WORD})(?![\w@/]|-\w)"
)


def _words(listed: str) -> tuple[str, ...]:
    return tuple(listed.split())


def _capitalised(listed: str) -> frozenset[str]:
    return frozenset(word.capitalize() for word in listed.split())


# Begin a sentence or stand before a name, and are none.
_NO_NAME = _capitalised(
    "har kan vil skal må er var bliver blev havde jeg du han hun vi de den det der dette "
    "disse en et hej kære hallo goddag godmorgen halløj dear hi hello davs mojn tak mange "
    "venlig venligst hilsen mvh vh ring kald kontakt skriv svar send giv husk bed spørg tal "
    "mød besøg tjek se hils ringer ringede besked telefonbesked fra til på ved med for om af "
    "i hos mod under over uden efter før siden jf hvad hvor hvem hvornår hvordan hvorfor "
    "hvilken hvis når da så og men eller fordi at som min mit mine din dit dine vores jeres "
    "deres hendes sin borger borgeren fru hr herr frøken nu her lige også ja nej ok "
    "okay please call message from to the this that she he they we you and but mr mrs ms "
    "miss dr sagen sag part parten emne vedr vedrørende ang angående navn telefon tlf mobil "
    "ny nye gamle gammel ansøger kunde læge lærer pædagog mor far søn datter bror søster "
    "kollega mandag tirsdag onsdag torsdag fredag lørdag søndag januar februar marts "
    "maj juli august september oktober november december monday tuesday wednesday "
    "thursday friday saturday sunday jul påske pinse glædelig god godt held dansk danske "
    "danmark europa norden kun både hverken alle "
)
_PLACE = _capitalised(
    "nørre store lille kongens sankt skt gammel vester øster sønder søndre nordre vestre "
    "østre team distrikt hjemmepleje hjemmeplejen plejehjem område region udbetaling kommune "
    "microsoft outlook teams digital post mit nem borger familieretten ankestyrelsen "
    "statsforvaltningen skat politiet jylland midtjylland nordjylland sjælland fyn bornholm "
    "københavn aarhus odense aalborg esbjerg rådhus rådhuset kantine reception omstilling "
    "omstillingen borgerservice jobcenter windows word excel "
)
_UNIT_ENDS = _words(
    "vej vejen gade gaden allé plads pladsen stræde vænge vænget center centret "
    "centeret centre "
    "kommune kommunes forvaltning forvaltningen styrelse styrelsen service afdeling afdelingen "
    "skole skolen huset sagen retten nævnet hallen gården kontoret sygehus hospital "
    "biblioteket "
    "børnehave børnehaven vuggestuen kirke kirken station foreningen forening fonden banken "
    "ministeriet sekretariatet udvalget rådet parken haven"
)


def names_in(text: str) -> tuple[str, ...]:
    """People's names of a text, each once, in order: two to four capitalised words in a row.

    A word that begins a sentence, a weekday, a place, a street or a unit ("Jobcenter Midt") is no
    name. What is left may still be none: a proposal, to be compared with the parties of cases.
    """
    return tuple(dict.fromkeys(_names(text)))


def _names(text: str) -> Iterator[str]:
    for match in _NAME.finditer(text):
        words = match[1].split()
        while words and (words[0] in _NO_NAME or words[0].islower() or len(words[0]) < 2):
            del words[0]
        for n, word in enumerate(words):
            if n and word in _NO_NAME:
                del words[n:]
                break
        while words and (words[-1].islower() or len(words[-1].rstrip(".")) < 2):
            del words[-1]
        if not 2 <= len(words) <= 5 or any(_is_place(word) for word in words):
            continue
        yield " ".join(words)


def _is_place(word: str) -> bool:
    return word in _PLACE or word.lower().endswith(_UNIT_ENDS)
