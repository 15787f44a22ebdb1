"""Who is who: telephone numbers, CPR numbers and one person over all the names it has. Pure.

Facts: a Danish number is eight digits without a trunk prefix; Microsoft's logs mask the last digits
of outside numbers ("+45364212***"); CPR check digits prove nothing since 2007.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache

import msgspec

from connector.model import Party, Person

GUEST = "#ext#"  # in the user principal name of a guest, in lower case
CPR = re.compile(
    r"(?<![\w-])(?:[0-3]\d|[67]\d|[89]\d)(?:0[1-9]|1[0-2])\d{2}[- ]?\d{4}(?![\w-])", re.ASCII
)
"""A CPR number by its shape; days of 61 to 91 are replacement numbers. `is_cpr` checks the date."""

# In a file name any sign may stand round the number, and letters too ("cpr0101901234.pdf").
_CPR_IN_NAME = re.compile(r"(?<!\d)\d{6}[-_. ]?\d{4}(?!\d)", re.ASCII)
_EXTENSION = re.compile(r"(?:;ext=|;postd=|\s*(?:x|ext\.?|lok\.?|lokal)\s*)(\d{1,7})$", re.I)
_MASKED = re.compile(r"[*xX#]{2,}$")
_NOT_DIGITS = re.compile(r"[\s().\-/‐‑‒–—\u00a0]+")
_WORDS = ("anonym", "unknown", "ukendt", "private", "hemmelig", "restricted", "unavailable", "none")
_MAX_EXTENSION = 5  # digits; internal numbers have three to five, Danish outside numbers eight


class Phone(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A telephone number as far as it can be read; `raw` is as the source wrote it.

    `e164` is set for a whole outside number. `prefix` is what is known of a masked one, in E.164
    without the asterisks. `extension` is an internal number, alone or behind a main number.
    """

    e164: str = ""
    raw: str = ""
    is_masked: bool = False
    prefix: str = ""
    extension: str = ""

    @property
    def key(self) -> str:
        """The number for a `Party`: E.164, else the masked number, else the extension, else raw."""
        return self.e164 or (self.prefix + "***" if self.is_masked else self.extension or self.raw)


@lru_cache(maxsize=65_536)
def normalise_phone(raw: str, region: str = "DK", extension_prefix: str = "") -> Phone:
    """A number as sources write it: tel: URI, spaces, 00 45, ;ext=, masked with asterisks.

    `extension_prefix` in front of an internal extension makes the outside number ("+4512345" for
    extension 678). Text that is no number (anonymous, "IPM.Note", a SIP address) gives a Phone with
    `raw` alone. Sources: MS-OXPROPS (shared tags) and Graph's log rows (masking), read 2026-11-21.
    """
    text = raw.strip()
    lower = text.lower()
    if lower.startswith(("tel:", "callto:")):
        text = text.split(":", 1)[1]
    if not text or "@" in text or lower.startswith("ipm.") or lower.startswith(_WORDS):
        return Phone(raw=raw)
    text, extension = _split_extension(text)
    text = _NOT_DIGITS.sub("", text.split(";", 1)[0])
    masked = _MASKED.search(text)
    if masked:
        return _masked(raw, text[: masked.start()], region)
    digits = text.removeprefix("+")
    if not (digits.isascii() and digits.isdecimal()):
        return Phone(raw=raw)
    if len(digits) <= _MAX_EXTENSION and not text.startswith("+"):
        whole = _parse(extension_prefix + digits, region) if extension_prefix else ""
        return Phone(e164=whole, raw=raw, extension=digits)
    return Phone(e164=_parse(text, region), raw=raw, extension=extension)


def _split_extension(text: str) -> tuple[str, str]:
    match = _EXTENSION.search(text)
    return (text[: match.start()], match.group(1)) if match else (text, "")


def _masked(raw: str, known: str, region: str) -> Phone:
    digits = known.removeprefix("+").removeprefix("00")
    if not (digits.isascii() and digits.isdecimal()):
        return Phone(raw=raw, is_masked=True)
    if known.startswith(("+", "00")):
        return Phone(raw=raw, is_masked=True, prefix="+" + digits)
    return Phone(raw=raw, is_masked=True, prefix=f"+{_country_code(region)}{digits}")


@lru_cache(maxsize=16)
def _country_code(region: str) -> int:
    import phonenumbers

    return phonenumbers.country_code_for_region(region)


def _parse(text: str, region: str) -> str:
    """E.164, or nothing when the number cannot be one."""
    import phonenumbers  # 30 ms to load: only a run that meets a number pays for it

    # "45 12 34 56 78" without a plus sign is how some exchanges write a Danish number.
    tries = [text]
    if not text.startswith(("+", "00")) and text.startswith(str(_country_code(region))):
        tries.append("+" + text)
    for attempt in tries:
        try:
            number = phonenumbers.parse(attempt, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return ""


def same_phone(a: Phone | str, b: Phone | str) -> bool | None:
    """Whether two numbers are one; None when that cannot be told.

    A masked number that fits cannot tell (a thousand numbers fit); one that does not fit is another
    number. Two unreadable numbers cannot tell either.
    """
    one = normalise_phone(a) if isinstance(a, str) else a
    two = normalise_phone(b) if isinstance(b, str) else b
    if one.e164 and two.e164:
        return one.e164 == two.e164 and not _differ(one.extension, two.extension)
    if one.extension and two.extension and not (one.e164 or two.e164):
        return one.extension == two.extension
    left, right = one.e164 or one.prefix, two.e164 or two.prefix
    if left and right:
        return None if left.startswith(right) or right.startswith(left) else False
    return None


def _differ(a: str, b: str) -> bool:
    return bool(a and b and a != b)


def show_phone(e164: str) -> str:
    """A number for evidence and lists: only its last two digits can be seen."""
    keep = max(0, len(e164) - 2)
    return "".join("•" if c.isdigit() and i < keep else c for i, c in enumerate(e164))


def is_cpr(text: str) -> bool:
    """Ten digits that begin with a date, replacement numbers included. No check digit is asked for.

    Source: the CPR office's pages on modulus 11 (numbers without it are issued since 2007).
    """
    digits = re.sub(r"[^0-9]", "", text)
    if len(digits) != 10:
        return False
    day, month, year, seventh = int(digits[:2]), int(digits[2:4]), int(digits[4:6]), int(digits[6])
    try:
        date(_century(seventh, year) + year, month, day - 60 if day > 60 else day)
    except ValueError:
        return False
    return True


def _century(seventh: int, year: int) -> int:
    if seventh <= 3:
        return 1900
    if seventh in (4, 9):
        return 2000 if year <= 36 else 1900
    return 2000 if year <= 57 else 1800


def mask_cpr(text: str) -> str:
    """The text with CPR numbers' last four digits, the secret part, put out of sight.

    For logs and lists. Ten digits without a hyphen that begin with a date are masked too: better a
    production-unit number masked than a person shown.
    """
    return CPR.sub(lambda m: m[0][:-4] + "****" if is_cpr(m[0]) else m[0], text)


def holds_cpr(name: str) -> bool:
    """Whether a file name holds a CPR number in any spelling."""
    return any(is_cpr(match[0]) for match in _CPR_IN_NAME.finditer(name))


def mask_cpr_in_name(name: str) -> str:
    """A file name with the last four digits of CPR numbers, in any spelling, put out of sight."""
    return _CPR_IN_NAME.sub(lambda m: m[0][:-4] + "____" if is_cpr(m[0]) else m[0], name)


def is_guest(upn: str) -> bool:
    """Whether a user principal name is that of somebody from another organisation.

    Entra ID writes it as `name_domain#EXT#@tenant`.
    """
    return GUEST in upn.casefold()


class People:
    """The directory by every key a person has: id, UPN, mail, SIP address, telephone number.

    A key that two persons share (a common telephone, a mailbox) finds nobody: a guess would put
    words into the wrong mouth. An id or UPN always wins over what is less certain.
    """

    def __init__(self, people: Iterable[Person]) -> None:
        self._by_key: dict[str, Person | None] = {}
        known = list(people)
        for keys in (_sure_keys, _address_keys, _phone_keys):
            level: dict[str, Person | None] = {}
            for person in known:
                for key in keys(person):
                    other = level.get(key, person)
                    level[key] = person if other is not None and other.id == person.id else None
            for key, owner in level.items():
                self._by_key.setdefault(key, owner)

    def find(self, key: str) -> Person | None:
        """The one person with this key, in any case and spelling; None for nobody or several."""
        plain = _plain(key)
        if plain in self._by_key:
            return self._by_key[plain]
        phone = normalise_phone(key) if plain and "@" not in plain else Phone()
        return self._by_key.get(phone.e164 or phone.extension) if phone.raw else None

    def of(self, party: Party) -> Person | None:
        """The person a party is: by directory id, else mail, else telephone number."""
        for key in (party.person, party.mail, party.phone):
            if key:
                found = self.find(key)
                if found is not None:
                    return found
        return None

    def name(self, key: str) -> str:
        """The display name, or UPN, or the key itself when nobody is found."""
        person = self.find(key)
        return (person.name or person.upn or key) if person else key


def _plain(key: str) -> str:
    plain = key.strip().casefold()
    for scheme in ("sip:", "sips:", "mailto:", "smtp:"):
        plain = plain.removeprefix(scheme)
    return plain


def _sure_keys(person: Person) -> list[str]:
    return [_plain(key) for key in (person.id, person.upn) if key]


def _address_keys(person: Person) -> list[str]:
    return [_plain(key) for key in (person.mail, person.sip) if key]


def _phone_keys(person: Person) -> list[str]:
    phones = (normalise_phone(raw) for raw in person.phones)
    return [key for phone in phones if (key := phone.e164 or phone.extension)]


def excluded_ids(
    people: Iterable[Person],
    users: Iterable[str],
    groups: Iterable[str] = (),
    same: Mapping[str, str] | None = None,
) -> frozenset[str]:
    """Directory ids of whom nothing is kept: those named, and everybody of a group.

    `users` are user principal names, `groups` departments or offices as the directory names them,
    both in any case. `same` says which id a person goes by: who is excluded under one id is so
    under all.
    """
    unwanted = {name.strip().casefold() for name in users} - {""}
    outside = {name.strip().casefold() for name in groups}
    known = list(people)
    found = {
        person.id
        for person in known
        if person.upn.casefold() in unwanted or not outside.isdisjoint(_groups(person))
    }
    if same:
        persons = {same.get(each, each) for each in found}
        ids = {*(person.id for person in known), *same, *same.values()}
        found |= {each for each in ids if same.get(each, each) in persons}
    return frozenset(found)


def unknown_groups(people: Iterable[Person], groups: Iterable[str]) -> list[str]:
    """Those of `groups` that nobody in the directory belongs to, as they are written."""
    known = {name for person in people for name in _groups(person)}
    return [name for name in dict.fromkeys(groups) if name.strip().casefold() not in known]


def _groups(person: Person) -> set[str]:
    names = (person.department, person.office)
    return {name.strip().casefold() for name in names if name.strip()}
