"""What a records manager's page is asked for: a period, a source, a unit, a kind; and addresses."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import closing
from datetime import date, timedelta
from itertools import islice
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

from fastapi import Query, Request

from connector.ledger.days import Period
from connector.ledger.directory import directory
from connector.ledger.figure_sorting import UNKNOWN_UNIT
from connector.ledger.figures import Scope
from connector.ledger.views import JOURNALED
from connector.web.page import Wrong
from connector.web.site import Site, site_of
from connector.web.words import say, words

T = TypeVar("T")
DAYS = 30  # when nothing is asked for
MOST_DAYS = 366
PAGE = 100  # rows of a list
SOURCES = ("chats", "channels", "calls", "voicemail")

Text = Annotated[str, Query(max_length=200)]


class Asked:
    """The form at the top of each page. Raises Wrong for what cannot be meant."""

    def __init__(
        self,
        request: Request,
        first: Annotated[str, Query(alias="from", max_length=20)] = "",
        last: Annotated[str, Query(alias="to", max_length=20)] = "",
        source: Text = "",
        unit: Text = "",
        kind: Text = "",
    ) -> None:
        site = site_of(request)
        today = site.clock().astimezone(site.zone).date()
        ends = _day(last) or today
        begins = _day(first) or ends - timedelta(days=DAYS - 1)
        if not 0 <= (ends - begins).days < MOST_DAYS:
            raise Wrong("records.wrong_period", days=MOST_DAYS)
        if kind and kind not in JOURNALED:
            raise Wrong("records.wrong_kind", kind=kind)
        self.period = Period(begins, ends)
        self.scope = Scope(source=source, unit=unit, kind=kind)

    def query(self, **more: object) -> str:
        """The same, with changes, as the end of an address; what is "" is left out."""
        its = {
            "from": self.period.first.isoformat(),
            "to": self.period.last.isoformat(),
            "source": self.scope.source,
            "unit": self.scope.unit,
            "kind": self.scope.kind,
        }
        pairs = {name: value for name, value in (its | more).items() if value not in ("", None)}
        return "?" + urlencode(pairs)


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise Wrong("records.wrong_day", day=text) from error
    if not 1971 <= day.year < 9000:  # of the ledger's times; a year more on each side for zones
        raise Wrong("records.far_day", day=text)
    return day


def departments(site: Site) -> Mapping[str, str]:
    """The units of our staff by directory id, as the directory has them now."""
    with site.read() as connection:
        return {
            each.id: each.department for each in directory(connection).people if each.department
        }


def units(of: Mapping[str, str]) -> list[str]:
    """The units there are, in the order of the alphabet."""
    return sorted(set(of.values()), key=str.casefold)


def source_name(source: str, language: str) -> str:
    """What people call a source."""
    for key in (f"records.source.{source}", f"source.{source}"):
        if key in words(language):
            return say(key, language)
    return source


def unit_name(unit: str, language: str) -> str:
    """What people call a unit; also the one that nobody knows."""
    return say("records.unknown_unit", language) if unit == UNKNOWN_UNIT else unit


def page_of(found: Generator[T, None, None], size: int = PAGE) -> tuple[list[T], bool]:
    """The first of a list, and whether there are more. The list and its connection are closed."""
    with closing(found):
        some = list(islice(found, size + 1))
    return some[:size], len(some) > size


def names(language: str) -> dict[str, Any]:
    """What every template of these pages uses."""
    return {
        "source_name": lambda source: source_name(source, language),
        "unit_name": lambda unit: unit_name(unit, language),
        "kinds": JOURNALED,
        "sources": SOURCES,
        "unknown_unit": UNKNOWN_UNIT,
    }
