"""What a person searches for, read into words; and where a text holds them. Pure.

A word stands for all spellings and endings that Danish gives it: å is aa, æ is ae or ä, ø is oe or
ö, and what Snowball's Danish stemmer leaves of it may have any inflection. The databases are asked
for the same list of forms, and what they answer is held against the pattern made of it: so both
find the same, although one of them folds å into a and the other leaves out the words "og" and "at".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import product

import msgspec

MOST_TERMS = 12
MOST_CHARS = 300
LEAST_PREFIX = 3  # letters before a *: "s*" is half of all words, and took a second
_LONGEST = 40  # letters of a word; the longest of the KLE's titles has 34
_MOST_SPELLINGS = 6

_TERM = re.compile(r'(?P<no>(?<!\S)-)?"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+)')
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»", '"'))
_NOT_WORD = re.compile(r"-[^\W_]+\*?")
_TOKEN = re.compile(r"[^\W_]+")

_CANONICAL = (("aa", "å"), ("ae", "æ"), ("oe", "ø"), ("ä", "æ"), ("ö", "ø"))
_SPELLED = {"å": ("å", "aa"), "æ": ("æ", "ae", "ä"), "ø": ("ø", "oe", "ö"), "é": ("é", "e")}
_VOWELS = "aeiouyæøå"
_DOUBLED = "bdfgklmnprst"

# Inflections of nouns, adjectives and verbs, as Snowball takes them off; "" is the stem itself.
_NOUN = ("e", "en", "er", "et", "ens", "ers", "ets", "ene", "enes", "erne", "ernes")
_VERB = ("es", "ede", "ende", "endes", "erende", "erede", "erer", "eret", "erets", "ered")
_OTHER = ("ere", "eres", "eren", "erens", "s")
_ALL = ("", *_NOUN, *_VERB, *_OTHER)
_FEW = ("", "e", "en", "er", "erne", "et", "s")  # in spellings that are seldom met
_AFTER_IG = ("t", "st", "ste", "est", "este")
# What Snowball takes off too, but makes another word: "venlig" is no form of "ven".
_DERIVED = re.compile(r"(?:elig|lig|ig|els|hed)")
# All that Snowball may take off a word, in the order it stands there.
SNOWBALL_ENDINGS = tuple(
    first + last
    for first in ("", "elig", "lig", "ig", "els", "hed", "t", "d")
    for last in (*_ALL, "erens", *_AFTER_IG)
)


class Base(msgspec.Struct, frozen=True):
    """The part of a word that stays, and what may follow it."""

    text: str
    endings: tuple[str, ...]
    doubled: tuple[str, ...] = ()  # what may follow when its last letter is written twice


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that must be there, or must not: a word, a beginning of one, words in a row."""

    typed: tuple[str, ...]  # its words, lower case; several are a phrase
    is_prefix: bool = False
    is_unwanted: bool = False
    raw: str = ""  # of words in a row: as they were typed

    @property
    def is_phrase(self) -> bool:
        """Whether its words must stand in a row, as they are."""
        return len(self.typed) > 1 or bool(self.raw)


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for. `left_out` is what could not be used, for the asker to be told."""

    terms: tuple[Term, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def wanted(self) -> tuple[Term, ...]:
        """The terms that must be there."""
        return tuple(term for term in self.terms if not term.is_unwanted)

    def places(self, *texts: str) -> list[list[tuple[int, int]]] | None:
        """For each text where the terms stand in it; None when a term is missing or unwanted."""
        plain = [lowered(text) for text in texts]
        found: list[list[tuple[int, int]]] = [[] for _ in texts]
        for term in self.terms:
            spans = [spans_of(term, text) for text in plain]
            if any(spans) is term.is_unwanted:
                return None
            for place, some in zip(found, spans, strict=True):
                place += some
        return [merged(place) for place in found]


def spans_of(term: Term, text: str) -> list[tuple[int, int]]:
    """Where the term stands in a text in lower case; readings may overlap."""
    return [match.span() for regex in patterns_of(term) for match in regex.finditer(text)]


def read_words(text: str) -> Words:
    """The query language: words, "words in a row", word* and -word. Nothing else means anything.

    A word with signs in it ("24/117", "anna@mail.example") is its parts in a row.
    """
    plain = unicodedata.normalize("NFC", text.encode("utf-8", "ignore").decode())
    plain = plain.translate(_QUOTES)
    terms: list[Term] = []
    left_out: list[str] = []
    for match in _TERM.finditer(plain[:MOST_CHARS]):
        term = _term(match)
        if term is None:
            continue
        too_long = any(len(word) > _LONGEST for word in term.typed)
        if too_long or len(terms) == MOST_TERMS or len(term.typed) > MOST_TERMS:
            left_out.append(match[0])
        elif term not in terms:
            terms.append(term)
    if len(plain) > MOST_CHARS:
        left_out.append(plain[MOST_CHARS : MOST_CHARS + 20] + "…")
    return Words(terms=tuple(terms), left_out=tuple(left_out))


def _term(match: re.Match[str]) -> Term | None:
    phrase, word = match["phrase"], match["word"]
    if word is None:
        typed = tokens(phrase)
        raw = phrase if typed else ""
        return Term(typed=typed, raw=raw, is_unwanted=bool(match["no"])) if typed else None
    unwanted = _NOT_WORD.fullmatch(word) is not None
    typed = tokens(word)
    if not typed:
        return None
    is_prefix = word.endswith("*") and len(typed) == 1 and len(typed[0]) >= LEAST_PREFIX
    raw = word if len(typed) > 1 else ""
    return Term(typed=typed, is_prefix=is_prefix, is_unwanted=unwanted, raw=raw)


def tokens(text: str) -> tuple[str, ...]:
    """The words of a text in lower case; what is neither letter nor digit stands between them."""
    return tuple(_TOKEN.findall(lowered(text)))


def lowered(text: str) -> str:
    """The text in lower case, letter for letter: a place in the one is the same in the other."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(low if len(low := each.lower()) == 1 else each for each in text)


def canonical(word: str) -> str:
    """A lower-case word in Danish letters: "boeger" is "bøger"."""
    for written, meant in _CANONICAL:
        word = word.replace(written, meant)
    return word


def is_part(part: str, text: str) -> bool:
    """Whether a text has this part of a word, as it is written or in another Danish spelling.

    Both are in lower case. "nabo" is a part of "naboer", which has no ø in it.
    """
    return part in text or canonical(part) in canonical(text)


@lru_cache(maxsize=4096)
def bases_of(word: str) -> tuple[Base, ...]:
    """What a lower-case word is a form of. Read as typed, too: "naboer" has no ø in it."""
    if not word.isalpha() or len(word) < 2:
        return (Base(word, ("",)),)
    found: dict[Base, None] = {}
    for reading in dict.fromkeys((canonical(word), word)):
        found.update(dict.fromkeys(_bases(reading)))
    if word.endswith("e") and len(word) > 2:  # "cafe" is how many write café
        found[Base(canonical(word[:-1]) + "é", _FEW)] = None
    return tuple(found)


def _bases(word: str) -> Iterator[Base]:
    if len(word) < 3:
        yield Base(word, ("", "s", *(_NOUN if word[-1] in _VOWELS else ())))
        return
    stem = _stemmer().stemWord(word)
    rest = word[len(stem) :]
    derived = _DERIVED.match(rest)
    if derived:
        text = stem + derived[0]
        yield Base(text, _ALL + (_AFTER_IG if text.endswith("ig") else ()))
    elif rest[:1] in tuple("td") and stem[-1] in "gdk":  # Snowball makes "kontakt" "kontak"
        yield Base(stem + rest[0], _ALL)
    elif rest and rest[0] == stem[-1] and rest[0] in _DOUBLED:
        yield Base(stem + rest[0], tuple(each for each in _ALL if each[:1] == "e"))
        if rest[1:] in _NOUN:  # "trafikken" is of trafik, but "billede" not of bil
            yield Base(stem, ("", "s"))
    else:
        may_double = stem[-1] in _DOUBLED and stem[-2] in _VOWELS
        yield Base(stem, _ALL, _NOUN if may_double else ())


@lru_cache(maxsize=1)
def _stemmer():  # type: ignore[no-untyped-def]  # snowballstemmer is untyped
    import snowballstemmer  # 20 ms to load: only who searches pays for it

    return snowballstemmer.stemmer("danish")


def spellings(text: str) -> tuple[str, ...]:
    """The ways to write it, the likeliest first, at most six: all letters, all digraphs, mixed."""
    options = [_SPELLED.get(letter, (letter,)) for letter in text]
    uniform = ["".join(each[min(way, len(each) - 1)] for each in options) for way in range(3)]
    some = dict.fromkeys(uniform)
    for mixed in product(*options):
        if len(some) >= _MOST_SPELLINGS:
            break
        some["".join(mixed)] = None
    return tuple(some)


@lru_cache(maxsize=1024)
def forms_of(word: str) -> tuple[str, ...]:
    """Every form of a lower-case word in every spelling, to ask a database for."""
    forms: dict[str, None] = {}
    for base in bases_of(word):
        for text in spellings(base.text):
            is_foreign = "ä" in text or "ö" in text
            endings = _FEW if is_foreign and len(base.endings) > len(_FEW) else base.endings
            forms.update(dict.fromkeys(text + ending for ending in endings))
            if not is_foreign:
                forms.update(dict.fromkeys(text + text[-1] + ending for ending in base.doubled))
    return tuple(forms)


@lru_cache(maxsize=1024)
def patterns_of(term: Term) -> tuple[re.Pattern[str], ...]:
    """Find the term in a text in lower case, each one of its readings."""
    if term.is_phrase:
        first, *others = term.typed
        after = "".join(rf"[\W_]+{_in_all_spellings(word)}" for word in others) + _END
        return tuple(_beginning(text, after) for text in _readings(first))
    if term.is_prefix:
        return tuple(_beginning(text, r"[^\W_]*") for text in _readings(term.typed[0]))
    return tuple(_beginning(base.text, _endings(base)) for base in bases_of(term.typed[0]))


_END = r"(?![^\W_])"


def _readings(word: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((canonical(word), word)))


def _in_all_spellings(word: str) -> str:
    return f"(?:{'|'.join(map(_letters, _readings(word)))})"


def _endings(base: Base) -> str:
    ways = ["|".join(sorted(base.endings, key=len, reverse=True))]
    if base.doubled:
        ways.append(f"{re.escape(base.text[-1])}(?:{'|'.join(base.doubled)})")
    return f"(?:{'|'.join(ways)}){_END}"


def _beginning(text: str, after: str) -> re.Pattern[str]:
    """A pattern for a word that begins so.

    That no letter stands before it is asked behind its first letters: a search for letters runs at
    the speed of memory, one that begins with a look back is fifty times slower.
    """
    ways = []
    for first in _SPELLED.get(text[0], (text[0],)):
        plain = first + re.split("[åæøé]", text[1:], maxsplit=1)[0]
        rest = text[1:][len(plain) - len(first) :]
        ways.append(rf"{re.escape(plain)}(?<![^\W_]{re.escape(plain)}){_letters(rest)}{after}")
    return re.compile("|".join(ways))


def _letters(text: str) -> str:
    return "".join(
        f"(?:{'|'.join(_SPELLED[each])})" if each in _SPELLED else re.escape(each) for each in text
    )


def merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The places in order, those that overlap as one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found
