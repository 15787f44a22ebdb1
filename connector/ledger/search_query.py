"""What a person asks the search for, and the place where a long answer goes on. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from connector.identity import mask_cpr, normalise_phone
from connector.ledger.search_words import Words, read_words
from connector.ledger.tables import ms
from connector.linking.contacts import phones_in
from connector.model import Kind

if TYPE_CHECKING:
    from connector.linking.patterns import Scanner

SEARCHED = (Kind.MESSAGE, Kind.CALL, Kind.MISSED_CALL, Kind.VOICEMAIL, Kind.NOTE)
HIDDEN = "***"  # what stands for a telephone number's last digits, in `phone` too
_LARGEST = 2**63 - 1
_MASKED = re.compile(r"\+?[0-9][0-9 .-]{3,18}\*{2,}")


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """One search. Empty fields ask for nothing; `numbers` and `phones` were read from the text.

    Times are milliseconds since 1970 UTC, `sent_to` is the first that is too late.
    """

    words: Words = Words()
    numbers: tuple[str, ...] = ()  # case numbers in every spelling of them
    phones: tuple[str, ...] = ()  # as in the table `phone`
    kinds: tuple[Kind, ...] = SEARCHED
    sent_from: int | None = None
    sent_to: int | None = None
    colleague: str = ""  # directory id
    unit: str = ""  # of the case
    state: str = ""
    case_number: str = ""  # as the register writes it
    by_relevance: bool = False
    text: str = ""  # as it was typed

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all was asked for."""
        return self == Query(by_relevance=self.by_relevance, text=self.text)

    @property
    def shown(self) -> str:
        """The text as it may be written down: without CPR numbers."""
        return mask_cpr(self.text)


def read_query(text: str, scanner: Scanner, **filters: object) -> Query:
    """A query of what somebody typed. Case numbers and telephone numbers in it are no words."""
    text = text.encode("utf-8", "ignore").decode().replace("\0", " ")  # no database takes these
    numbers, rest = _case_numbers(text, scanner)
    phones, rest = _phones(rest)
    return Query(words=read_words(rest), numbers=numbers, phones=phones, text=text, **filters)  # type: ignore[arg-type]  # msgspec checks no types; the callers' are checked by tests


def _case_numbers(text: str, scanner: Scanner) -> tuple[tuple[str, ...], str]:
    hits = scanner.find(text)
    numbers = dict.fromkeys(name for hit in hits for name in hit.numbers)
    rest = list(text)
    for hit in hits:
        rest[hit.start : hit.end] = " " * (hit.end - hit.start)
    return tuple(numbers), "".join(rest)


def _phones(text: str) -> tuple[tuple[str, ...], str]:
    """Whole numbers and such without their last digits ("+45364212***"), and the text without."""
    found: dict[str, None] = {}
    masked = _MASKED.search(text)
    if masked:
        prefix = normalise_phone(masked[0]).prefix
        if prefix:
            found[prefix + HIDDEN] = None
            text = text[: masked.start()] + " " + text[masked.end() :]
    plain = text.strip()
    whole = normalise_phone(plain).e164 if len(re.sub(r"\D", "", plain)) >= 8 else ""
    numbers: tuple[str, ...] = (whole,)
    if whole and not re.search(r"[^\W\d_]", plain):
        text = ""
    else:
        numbers = phones_in(text)
        text = _without(text, numbers)
    for number in numbers:
        found.update({number: None, number[:-3] + HIDDEN: None})
    return tuple(found), text


def _without(text: str, numbers: tuple[str, ...]) -> str:
    for number in numbers:
        spaced = r"[ .-]?".join(re.escape(each) for each in number.removeprefix("+45"))
        text = re.sub(rf"(?:\(?(?:\+|00)45\)?[ -]?)?{spaced}", " ", text)
    return text


def days(zone: ZoneInfo, first: date | None, last: date | None) -> tuple[int | None, int | None]:
    """`sent_from` and `sent_to` of a period of whole local days; not all have 24 hours."""

    def midnight(day: date) -> int:
        return ms(datetime.combine(day, time.min, zone))

    end = None if last is None or last == date.max else last + timedelta(days=1)
    return (
        None if first is None else midnight(first),
        None if end is None else midnight(end),
    )


class BadPlace(ValueError):
    """The cursor is none of ours."""


class Place(msgspec.Struct, frozen=True):
    """Where an answer goes on: what arrived later than `top` is not looked at.

    Behind `at` (ms; by relevance the score) and `item`, where there is one; `shown` were before.
    """

    top: int
    at: int = _LARGEST
    item: int = _LARGEST
    shown: int = 0

    @property
    def key(self) -> tuple[int, int]:
        """The order of what is behind: smaller."""
        return self.at, self.item

    def cursor(self) -> str:
        """As it stands in an address."""
        plain = ".".join(map(str, (self.top, self.at, self.item, self.shown)))
        return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def read_place(cursor: str) -> Place:
    """The place that a cursor says. Raises BadPlace for what is none of ours."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        plain = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
        numbers = [int(part) for part in plain.split(".") if re.fullmatch(r"\d{1,19}", part)]
        place = Place(*numbers)
    except (ValueError, TypeError, binascii.Error) as error:
        raise BadPlace("search: the cursor is none of ours; search anew") from error
    if len(numbers) != 4 or max(numbers) > _LARGEST or place.cursor() != cursor:
        raise BadPlace("search: the cursor is none of ours; search anew")
    return place
