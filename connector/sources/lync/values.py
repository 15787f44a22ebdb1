"""Values of a database row as ours: times, addresses, numbers, keys. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from functools import lru_cache

import msgspec

from connector.identity import People, normalise_phone
from connector.model import Party

_SCHEMES = ("sip:", "sips:", "tel:")
_NUMBER = re.compile(r"\+?[\d().\- ]{3,}(?:[;x].*)?")
_NO_GUID = "00000000-0000-0000-0000-000000000000"


def moment(value: object, zone: tzinfo) -> datetime | None:
    """A time of the database in UTC. Raises ValueError for what is no time."""
    if value is None:
        return None
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        raise ValueError(f"a {type(value).__name__} where a time should be")
    if value.tzinfo is not None:
        return value.astimezone(UTC)
    if zone is UTC:
        return value.replace(tzinfo=UTC)
    return value.replace(tzinfo=zone).astimezone(UTC)


def number(value: object) -> int | None:
    """A whole number; None for none. Raises ValueError for what is no number."""
    if value is None:
        return None
    if isinstance(value, int):  # a bit column may come as True
        return int(value)
    return int(str(value))


def words(value: object) -> str:
    """A text without the blanks round it; empty for none."""
    return "" if value is None else str(value).strip()


def clean(text: str) -> str:
    """Without NUL and halves of characters, which no database takes."""
    if text.isascii():
        return text.replace("\0", "")
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\0", "")


def key_text(time: object, seq: object) -> str:
    """The key of a row in words, the same whichever driver gave it and whatever the time zone."""
    text = str(time).replace("T", " ")
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}/{seq}"


def guid(value: object) -> str:
    """A GUID in lower case; empty for none and for the one that is all zeros."""
    text = words(value).strip("{}").lower()
    return "" if text == _NO_GUID else text


class Address(msgspec.Struct, frozen=True):
    """A SIP address or telephone number, taken apart. At most one of the two is set."""

    sip: str = ""
    phone: str = ""


@lru_cache(maxsize=65_536)
def address(uri: str) -> Address:
    """`sip:a@b;opaque=x` -> a@b; `tel:+45;phone-context=..`, `sip:+45@b;user=phone` -> +45."""
    text = uri.strip()
    lower = text.lower()
    scheme = next((each for each in _SCHEMES if lower.startswith(each)), "")
    text = text[len(scheme) :]
    user, at, rest = text.partition("@")
    is_phone = scheme == "tel:" or "user=phone" in rest.lower() or not at
    if is_phone or (user.startswith("+") and _NUMBER.fullmatch(user)):
        plain = user.split(";phone-context", 1)[0].split(";user", 1)[0]
        read = normalise_phone(plain)
        known = read.e164 or read.extension or (read.key if read.is_masked else "")
        return Address(phone=known or plain) if _NUMBER.fullmatch(plain) or known else Address()
    host = re.split(r"[;?>]", rest, maxsplit=1)[0]
    if host.lower().endswith("anonymous.invalid"):  # RFC 3323: who does not want to be known
        return Address()
    return Address(sip=f"{user}@{host}".lower())


NOBODY = Party()


class Who:
    """Parties by their addresses, with the directory's id where somebody has the address."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._known: dict[tuple[object, object, bool], Party] = {}

    def party(self, uri: object, phone: object = None, *, is_outside: bool = False) -> Party:
        """Somebody by SIP address, else by telephone number.

        A number finds its owner in the directory, unless it came over a gateway: those who call
        from outside with a colleague's number are told by the number.
        """
        if uri is None and phone is None:
            return NOBODY
        key = (uri, phone, is_outside)
        found = self._known.get(key)
        if found is None:
            if len(self._known) > 100_000:  # a few years of callers
                self._known.clear()
            found = self._known[key] = self._made(words(uri), words(phone), is_outside)
        return found

    def _made(self, uri: str, phone: str, is_outside: bool) -> Party:
        its = address(uri) if uri else Address()
        number = its.phone or (address(phone).phone if phone else "")
        if is_outside and number:
            return Party(phone=number)
        key = its.sip or number
        person = self._people.find(key) if key else None
        if person is not None:
            return Party(person=person.id, name=person.name, mail=its.sip)
        # Only an outside number is evidence of a citizen; an inside one without a SIP address is
        # all there is of a desk phone.
        return Party(mail=its.sip) if its.sip else Party(phone=number)
