"""Parts of requests: what each may be, checked before anything is done with it."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from fastapi import Header, Path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

# No character that a database, a header or a log could take for something else; and with a pattern
# half characters (lone surrogates) are refused too.
PLAIN = r"^[^\x00-\x1f\x7f]*$"
LARGEST = 2**53 - 1  # of a number of the ledger: all of JSON's readers keep it whole (RFC 8259, 6)

Plain = Annotated[str, StringConstraints(pattern=PLAIN, max_length=200)]
CaseNumber = Annotated[
    str,
    Path(
        min_length=1,
        max_length=100,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="The case's number as its register writes it. A slash in it may be written as "
        "it is or as %2F.",
        examples=["27.18.02-P25-14-26"],
    ),
]
ItemId = Annotated[
    int, Path(ge=1, le=LARGEST, description="The communication's number.", examples=[17])
]
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        pattern=r'^"[0-9]{1,18}(-[0-9a-f]{16})?"$',
        description="The `etag` of what was read. 428 without it, 412 when it changed meanwhile.",
        examples=['"4711"'],
    ),
]
Limit = Annotated[int, Field(ge=1, le=200)]


def _day(value: object) -> object:
    """A day as RFC 3339 writes it, and nothing else that could be read as one."""
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        raise ValueError("a day is written 2026-11-20")
    return value


Day = Annotated[date, BeforeValidator(_day)]


def _whole(value: object) -> object:
    """A JSON number, and neither true nor a text that could be read as one."""
    if isinstance(value, bool | str):
        raise ValueError("a number is written without quotes")
    return value


# Of a number in a body (in an address all is text). It stands last, behind the number's bounds:
# before them it would hide them from the description.
WHOLE = BeforeValidator(_whole)


class Asked(BaseModel):
    """The query of an address. A parameter that is not known is refused: a filter with a slip of
    the pen would show more than was meant.
    """

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)
