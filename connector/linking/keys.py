"""By what a case can be found: its number, its parties' telephones, addresses and names.

A register answers for keys alone, so that one in memory and one in a database find the same.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from connector.linking.contexts import verdict_on
from connector.linking.patterns import Scanner
from connector.model import Case

MANY = 50  # cases a register gives for one key at most; so many prove nothing anyway
HIDDEN_DIGITS = 3  # Microsoft's logs show outside numbers without their last three digits

_CONTINUES = re.compile(
    r"\b(?:fortsættelse\s+af|fortsætter|fortsat\s+fra|continuation\s+of|continues)\b[\s:]*"
    r"(?:sag(?:en|snr\.?|snummer)?|case)?[\s:.]*",
    re.IGNORECASE,
)
_SPELLINGS = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "ä": "ae", "ö": "oe", "é": "e"})
_NOT_NAME = re.compile(r"[^\w\s-]+")


class CaseFinder(Protocol):
    """A case register, as far as the linker asks it."""

    def find(self, keys: Collection[str]) -> Mapping[str, Sequence[Case]]:
        """The cases of each key that has any: at most MANY of one key, in order of number."""


def number_key(number: str) -> str:
    """Of a whole case number in its canonical spelling."""
    return "n:" + number


def short_key(number: str) -> str:
    """Of a case number without the part that people leave out (KLE: the facet)."""
    return "f:" + number


def phone_key(e164: str) -> str:
    """Of a whole telephone number in E.164."""
    return "t:" + e164


def masked_key(prefix: str) -> str:
    """Of a telephone number without its last three digits."""
    return "k:" + prefix


def mail_key(address: str) -> str:
    """Of a mail address."""
    return "m:" + address.strip().casefold()


def department_key(name: str) -> str:
    """A department's name for comparing: the directory and the register type it differently."""
    return " ".join(name.casefold().split())


def name_key(name: str) -> str:
    """Of a person's name: first and last word, spelled without Danish letters; "" when too short.

    "Aage Kjær Holm" and "Åge Holm" are one key.
    """
    words = plain_name(name).split()
    return f"p:{words[0]} {words[-1]}" if len(words) > 1 else ""


def plain_name(name: str) -> str:
    """A name for comparing: lower case, no accents and no signs."""
    return _NOT_NAME.sub(" ", name.casefold().translate(_SPELLINGS)).strip()


def continues_key(number: str) -> str:
    """Of the case that a later case continues."""
    return "c:" + number


def canonical(number: str, scanner: Scanner) -> tuple[str, str]:
    """A register's number as the linker compares it, and without what people leave out ("").

    Canonical where one pattern reads the whole of it, else as it is written.
    """
    stripped = number.strip()
    whole, short = "", ""
    # As Scanner.find does, but without looking for places: a million numbers are read at a load.
    for pattern in scanner.patterns:
        match = pattern.regex.fullmatch(stripped)
        if match is None or verdict_on(stripped, 0, len(stripped), is_register=True) is None:
            continue
        groups = match.groupdict()
        whole = whole or pattern.canonical[0](groups)
        short = pattern.short(groups) if pattern.short else ""
        if short:
            break
    return whole or stripped, "" if short == whole else short


def keys_of(case: Case, scanner: Scanner) -> tuple[str, ...]:
    """Every key the case is found by, each once."""
    number, short = canonical(case.number, scanner)
    keys = [number_key(number)]
    if short:
        keys.append(short_key(short))
    keys += [continues_key(earlier) for earlier in continued(case, scanner)]
    for party in case.parties:
        if party.phone:
            keys.append(phone_key(party.phone))
            keys.append(masked_key(party.phone[:-HIDDEN_DIGITS]))
        if party.mail:
            keys.append(mail_key(party.mail))
        if party.name and (key := name_key(party.name)):
            keys.append(key)
    return tuple(dict.fromkeys(keys))


def continued(case: Case, scanner: Scanner) -> Iterable[str]:
    """The numbers of the cases that this one continues: the register's relation, or its title."""
    for number in case.continues:
        yield canonical(number, scanner)[0]
    for match in _CONTINUES.finditer(case.title):
        for hit in scanner.find(case.title[match.end() : match.end() + 60])[:1]:
            if hit.start == 0:
                yield hit.number
