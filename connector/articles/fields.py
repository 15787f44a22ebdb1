"""What may stand in the front matter of an article, and what each value must look like."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connector.article import CITIZEN, STAFF
from connector.articles.front_matter import Fault, Value
from connector.articles.markdown import slug

ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
ID_LENGTH = 80  # addresses are made of it
LONGEST = 1000  # characters of one value; a title on a page is far below
EXAMPLES = {
    "id": "id: flytning",
    "title": "title: Meld flytning",
    "summary": "summary: Du skal melde flytning senest fem dage efter, at du er flyttet.",
    "language": "language: da",
    "audience": "audience: citizen",
    "subject": 'subject: "23.05.08"',
    "keywords": "keywords: [flytning, adresse]",
    "unit": "unit: Borgerservice",
    "owner": "owner: hanne.holm@kommunen.example",
    "review_by": "review_by: 2027-06-01",
    "valid_from": 'valid_from: "2026-12-01 08:00"',
    "valid_to": "valid_to: 2027-12-31",
    "translation_of": "translation_of: flytning",
    "overlays": "overlays: flytning",
}
DANISH = {
    "titel": "title", "overskrift": "title", "resume": "summary", "resumé": "summary",
    "sprog": "language", "målgruppe": "audience", "emne": "subject", "kle": "subject",
    "emneord": "keywords", "nøgleord": "keywords", "enhed": "unit", "afdeling": "unit",
    "ejer": "owner", "ansvarlig": "owner", "revision": "review_by", "gyldig_fra": "valid_from",
    "gyldig_til": "valid_to", "oversættelse_af": "translation_of",
}  # fmt: skip
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(?::00)?(Z|[+-]\d{2}:\d{2})?", re.ASCII)
_SUBJECT = re.compile(r"\d{2}(?:\.\d{2}){0,2}", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2}", re.ASCII)
_UPN = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>]+")


class Wrong(ValueError):
    """A value that cannot be used: the end of a word key, and its values."""

    def __init__(self, key: str, **values: str) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


# Pages of the portal (/articles/NAME) and of a static site (NAME.html) have these names.
PAGES = frozenset(("gaps", "effect", "index", "search"))


def typed(fields: Mapping[str, Value], zone: ZoneInfo) -> tuple[dict[str, Any], list[Fault]]:
    """The fields with their types, and what is wrong. A wrong one is left out."""
    found: dict[str, Any] = {}
    faults: list[Fault] = []
    for name, value in fields.items():
        read = _READERS.get(name)
        try:
            if read is None:
                meant = _meant(name)
                key = "field_unknown_near" if meant else "field_unknown"
                raise Wrong(key, meant=meant, all=", ".join(EXAMPLES))
            if len(value.text) > LONGEST:
                raise Wrong("field_long", count=str(len(value.text)), most=str(LONGEST))
            if value.text:
                found[name] = read(value, zone)
        except Wrong as wrong:
            # The value first: what a reader says of it wins.
            values = {"field": name, "value": value.text[:80], "example": EXAMPLES.get(name, "")}
            faults.append(Fault(value.line, wrong.key, values | wrong.values))
    return found, faults


def _meant(name: str) -> str:
    """The field that was probably meant by an unknown name."""
    plain = name.lower().replace("-", "_")
    if plain in EXAMPLES or plain in DANISH:
        return DANISH.get(plain, plain)
    near = difflib.get_close_matches(plain, EXAMPLES, n=1, cutoff=0.6)
    return near[0] if near else ""


def _text(value: Value, zone: ZoneInfo) -> str:  # noqa: ARG001  all readers take the same
    if value.is_list:
        raise Wrong("field_list")
    return " ".join(value.text.split())


def _id(value: Value, zone: ZoneInfo) -> str:
    text = _text(value, zone)
    if not ID.fullmatch(text) or len(text) > ID_LENGTH:
        raise Wrong("id_not_allowed", suggestion=slug(text)[:ID_LENGTH].strip("-") or "artikel")
    if text in PAGES:
        raise Wrong("id_of_a_page", suggestion=beside_pages(text))
    return text


def beside_pages(name: str) -> str:
    """An id for an article that cannot have the name of a page of our own."""
    return f"om-{name}"


def _one_of(*allowed: str) -> Callable[[Value, ZoneInfo], str]:
    def read(value: Value, zone: ZoneInfo) -> str:
        text = _text(value, zone)
        if text not in allowed:
            raise Wrong("field_one_of", all=", ".join(allowed))
        return text

    return read


def _shaped(shape: re.Pattern[str]) -> Callable[[Value, ZoneInfo], str]:
    def read(value: Value, zone: ZoneInfo) -> str:
        text = _text(value, zone)
        if not shape.fullmatch(text):
            raise Wrong("field_shape")
        return text

    return read


def _keywords(value: Value, zone: ZoneInfo) -> tuple[str, ...]:  # noqa: ARG001
    texts = value.texts if value.is_list else tuple(value.text.split(","))
    return tuple(dict.fromkeys(" ".join(text.split()) for text in texts if text.strip()))


def _day(value: Value, zone: ZoneInfo) -> date:
    text = _text(value, zone)
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise Wrong("field_date")


def _from(value: Value, zone: ZoneInfo) -> datetime:
    """A date means the day's beginning."""
    return _moment(value, zone, days=0)


def _to(value: Value, zone: ZoneInfo) -> datetime:
    """A date means the day's end: the article is valid on it."""
    return _moment(value, zone, days=1)


def _moment(value: Value, zone: ZoneInfo, *, days: int) -> datetime:
    """A local date or time; of an hour that the clocks show twice the first is meant."""
    text = _text(value, zone)
    try:
        if _DAY.fullmatch(text):
            day = date.fromisoformat(text) + timedelta(days=days)
            return datetime.combine(day, time(), zone)
        if found := _MOMENT.fullmatch(text):
            moment = datetime.fromisoformat(f"{found[1]}T{found[2]}{found[3] or ''}")
            moment = moment if found[3] else moment.replace(tzinfo=zone)
            if moment.astimezone(ZoneInfo("UTC")).astimezone(moment.tzinfo) != moment:
                raise Wrong("time_skipped", zone=zone.key)
            return moment
    except (ValueError, OverflowError) as error:
        if isinstance(error, Wrong):
            raise
    raise Wrong("field_date")


_READERS: dict[str, Callable[[Value, ZoneInfo], Any]] = {
    "id": _id,
    "title": _text,
    "summary": _text,
    "language": _shaped(_LANGUAGE),
    "audience": _one_of(CITIZEN, STAFF),
    "subject": _shaped(_SUBJECT),
    "keywords": _keywords,
    "unit": _text,
    "owner": _shaped(_UPN),
    "review_by": _day,
    "valid_from": _from,
    "valid_to": _to,
    "translation_of": _id,
    "overlays": _id,
}
