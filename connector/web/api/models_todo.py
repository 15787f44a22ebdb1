"""What waits for a person, and the person's word about it, as the API tells and takes them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StringConstraints

from connector.ledger.todo import Scope
from connector.model import Kind, LinkState
from connector.web.api.fields import LARGEST, WHOLE
from connector.web.api.models import Model
from connector.web.api.models_case import Evidence
from connector.web.todo_forms import MOST

Number = Annotated[int, Field(ge=1, le=LARGEST), WHOLE]
CaseWords = Annotated[
    str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")
]


class Seen(Model):
    """A communication with the decision that stood when it was read."""

    item: Number
    etag: str = Field(pattern=r'^"[0-9]{1,18}"$', examples=['"4711"'])


class SuggestedCase(Model):
    """A case that the evidence points to, and that the viewer may see."""

    number: str
    title: str
    is_open: bool
    caseworker: str
    evidence: list[Evidence]
    also: list[Seen]
    """Other messages of the same chat that wait with this case, to be decided together."""


class Waiting(Model):
    """Something that was said, and that a person must decide about. CPR numbers are masked."""

    item: int
    etag: str = Field(examples=['"4711"'])
    """What a decision names in If-Match."""
    kind: Kind
    direction: str
    at: datetime
    due: date
    """The last day in time, by the journaling target."""
    late_days: int
    """Working days since then; 0 in time."""
    who: str
    others: list[str]
    duration_s: int | None
    subject: str
    text: str
    is_erased: bool
    may_be_private: bool
    """Whether the viewer may keep the whole chat private."""
    rule: str
    """Empty when it is about a case that the viewer may not see."""
    reason: str = Field(examples=["It names several open cases; a person must choose."])
    """Why a person must decide, in the language that was asked for."""
    suggested: list[SuggestedCase]
    """The likeliest first."""
    evidence: list[Evidence]
    """What points to no case that the viewer may see."""


class WaitingItem(Model):
    """One of what waits."""

    waiting: Waiting
    time_zone: str = Field(examples=["Europe/Copenhagen"])


class Todo(Model):
    """A page of what waits, the oldest first."""

    scope: Scope
    items: list[Waiting]
    waiting: int
    """How much waits; nothing is counted further than `counted_to`."""
    late: int
    """How much of it is past the journaling target."""
    counted_to: int
    next: str
    """Cursor of the next page; empty at the end."""
    time_zone: str = Field(examples=["Europe/Copenhagen"])


class Accept(Model):
    """It belongs to the one case that is suggested. With several the case must be named: link."""

    decision: Literal["accept"]
    even_closed: StrictBool = False
    """Also when the case is closed; else that is refused with 409."""
    also: list[Seen] = Field([], max_length=MOST - 1)
    """Others that are decided with it, in one go; as a rule those of the suggestion."""


class Link(Model):
    """It belongs to this case."""

    decision: Literal["link"]
    case: CaseWords = Field(examples=["27.18.02-P25-14-26"])
    """The number, as people write it."""
    even_closed: StrictBool = False
    """Also when the case is closed; else that is refused with 409."""
    also: list[Seen] = Field([], max_length=MOST - 1)
    """Others that are decided with it, in one go."""


class NotACase(Model):
    """It belongs to no case."""

    decision: Literal["not_a_case"]
    also: list[Seen] = Field([], max_length=MOST - 1)
    """Others that are decided with it, in one go."""


class Private(Model):
    """It is never to be journaled."""

    decision: Literal["private"]
    whole_chat: StrictBool = False
    """The whole chat, what is to come and what was journaled of it too; that is taken back."""


class Undo(Model):
    """Take one's own last decision about it back: what stood before stands again."""

    decision: Literal["undo"]


Decision = Annotated[Accept | Link | NotACase | Private | Undo, Field(discriminator="decision")]


class Stands(Model):
    """What stands now about one communication."""

    item: int
    etag: str = Field(examples=['"4712"'])
    """What the next change names in If-Match; also to undo this one."""
    state: LinkState
    case_number: str
    """Empty for none."""


class Done(Model):
    """What came of a decision."""

    items: list[Stands]
    followed: int
    """How many others of the same chat waited before and no longer do."""
