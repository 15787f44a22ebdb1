"""A search and what it found, as the API takes and tells them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from connector.model import Kind, LinkState
from connector.web.api.fields import WHOLE, Asked, Day, Plain
from connector.web.api.models import Model


class AskedSearch(Asked):
    """What is searched for. What is left out leaves nothing out."""

    q: Annotated[str, Field(max_length=400, pattern=r"^[^\x00-\x1f\x7f]*$")] = Field(
        "", examples=["boligstøtte", '"ring tilbage" -frokost', "27.18.02-P25-14-26"]
    )
    """Words, all of them, in any Danish spelling and ending; a "phrase"; begin* and -not; a case
    number, a telephone number or a name."""
    kind: list[Literal["message", "call", "missed_call", "voicemail", "note"]] = Field(
        [], max_length=5
    )
    """Only these."""
    first_day: Day | None = Field(None, alias="from", examples=["2026-11-01"])
    """Not before this local day."""
    last_day: Day | None = Field(None, alias="to", examples=["2026-11-30"])
    """Not after this local day."""
    colleague: Plain = ""
    """A colleague who took part: directory id, user principal name or name."""
    unit: Plain = ""
    """The unit whose case it is on."""
    state: Literal["", "linked", "waiting"] = ""
    """Only what is on a case, or only what waits for a person."""
    case: Plain = ""
    """The case that it is on."""
    order: Literal["newest", "relevance"] = "newest"
    """Which comes first; by relevance only the newest are ranked."""
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    """The most hits."""
    cursor: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,120}$")] = ""
    """`next` of the answer before, with the same question."""


class SearchBody(AskedSearch):
    """The same as JSON."""

    limit: Annotated[int, Field(ge=1, le=100), WHOLE] = 20
    """The most hits."""


class Piece(Model):
    """A stretch of an excerpt."""

    text: str
    is_hit: bool
    """Whether it is one of the words that were searched for."""


class Hit(Model):
    """Something that was said. CPR numbers are masked."""

    item: int
    kind: Kind
    at: datetime
    who: str
    state: LinkState
    case_number: str
    """Empty when it is on no case, or on one that the viewer may not see."""
    excerpt: list[Piece]
    """A part of what was said, in pieces."""
    href: str
    """Its page for people, in this portal."""


class CaseFound(Model):
    """A case that the number or name leads to."""

    number: str
    title: str
    is_open: bool
    caseworker: str
    href: str


class PersonFound(Model):
    """A colleague whose name was typed."""

    person: str
    name: str
    upn: str
    unit: str


class Search(Model):
    """Some of the hits, over all that the viewer may see and nothing more."""

    cases: list[CaseFound]
    """Cases that a number or name in the question leads to; on the first page alone."""
    people: list[PersonFound]
    """Colleagues whose name it is; on the first page alone."""
    hits: list[Hit]
    count: int
    """Hits up to the end of this page."""
    next: str
    """Cursor of what comes after; empty at the end."""
    looked_back_to: datetime | None
    """When the search stopped at this time for the work it was: `next` goes on from there."""
    by_arrival: bool
    """Whether that is when it was read, rather than when it was said."""
    is_part: bool
    """By relevance: whether there are older ones that were not ranked."""
    left_out: list[str]
    """Words that were not searched for: too long, or too many."""
    time_zone: str = Field(examples=["Europe/Copenhagen"])
