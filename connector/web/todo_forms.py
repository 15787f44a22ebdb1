"""What the forms of the to-do list send, and where in the list somebody stands.

Nothing of it is trusted: connector/ledger/deciding.py checks who may see and say what.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Form, Query

from connector.ledger.access import Role, Viewer
from connector.ledger.todo import Scope
from connector.web.page import Refused, Wrong

PAGE = 20  # items on a page of the list
MOST = 500  # items in one decision
_PAIR = re.compile(r"(\d{1,18}):(\d{1,18})", re.ASCII)
_NUMBER = re.compile(r"\d{1,18}", re.ASCII)
Text = Annotated[str, Form(max_length=200)]
Long = Annotated[str, Form(max_length=MOST * 40)]
Asked = Annotated[str, Query(max_length=200)]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where in which list, and what was done last: `done` are rows of `link`."""

    scope: Scope
    after: str = ""  # cursor
    at: int = 0  # the item that is looked at; 0 for the first
    done: tuple[int, ...] = ()
    followed: int = 0
    is_undone: bool = False

    @property
    def address(self) -> str:
        """Of the page that shows it."""
        pairs = [("scope", self.scope.value), ("after", self.after), ("at", self.at or "")]
        pairs += [("done", ",".join(map(str, self.done))), ("followed", self.followed or "")]
        pairs += [("undone", "1" if self.is_undone else "")]
        query = urlencode([(name, value) for name, value in pairs if value])
        return f"/todo?{query}" + (f"#item-{self.at}" if self.at else "")


def first_scope(viewer: Viewer) -> Scope:
    """The list that is opened first: a records manager without cases looks after everybody's."""
    return Scope.MINE if Role.CASE_WORKER in viewer.roles else Scope.ALL


def scopes_of(viewer: Viewer) -> list[Scope]:
    """The lists that the viewer has, their own first."""
    sees_all = Role.RECORDS_MANAGER in viewer.roles
    scopes = [Scope.MINE]
    if viewer.unit and (viewer.sees_unit or sees_all):
        scopes.append(Scope.UNIT)
    if sees_all:
        scopes.append(Scope.ALL)
    return scopes


def scope_of(viewer: Viewer, text: str) -> Scope:
    """The list that is asked for. Raises Wrong for no list, Refused for one that is not theirs."""
    try:
        scope = Scope(text) if text else first_scope(viewer)
    except ValueError as error:
        raise Wrong("todo.wrong.scope") from error
    if scope not in scopes_of(viewer):
        raise Refused("todo.wrong.all" if scope is Scope.ALL else "todo.wrong.unit")
    return scope


def numbers(text: str) -> tuple[int, ...]:
    """Numbers between commas; what is none is left out."""
    return tuple(int(each) for each in text.split(",")[:MOST] if _NUMBER.fullmatch(each))


def pairs(text: str) -> dict[int, int]:
    """Items with the decisions that were seen: "17:305,18:306". Raises Wrong."""
    found = [_PAIR.fullmatch(each) for each in text.split(",")]
    known = {int(each[1]): int(each[2]) for each in found if each is not None}
    if not known or None in found or len(known) > MOST:
        raise Wrong("todo.wrong.form")
    return known


def joined(seen: Mapping[int, int] | Sequence[tuple[int, int]]) -> str:
    """The same as text, for a hidden field."""
    each = seen.items() if isinstance(seen, Mapping) else seen
    return ",".join(f"{root}:{etag}" for root, etag in each)


class Said:
    """One decision as the form sends it.

    `seen` begins with the item whose form it is. Of several buttons the one that was pressed is
    sent: `accept` and `accept_all` with a case's number, `do` for the rest.
    """

    def __init__(
        self,
        seen: Long = "",
        scope: Text = "",
        after: Text = "",
        do: Text = "",
        accept: Text = "",
        accept_all: Text = "",
        also: Annotated[list[str], Form()] = [],  # noqa: B006  FastAPI copies it
        case: Text = "",
        closed: Text = "",
    ) -> None:
        self.seen = pairs(seen)
        self.scope_text, self.after = scope, after
        self.item = next(iter(self.seen))
        self.do = "put" if accept or accept_all else do
        self.number = (accept or accept_all or case).strip()
        self.is_typed = self.do == "choose"
        self.even_closed = closed == "1"
        if accept_all:
            self.seen |= _also(also, accept_all)


def _also(given: Sequence[str], number: str) -> dict[int, int]:
    """The rest of the chat that waits with this case: "27.18.02-P25-14-26 18:306,19:307"."""
    for each in given[:MOST]:
        name, _, rest = each.rpartition(" ")
        if name == number and rest:
            return pairs(rest)
    return {}
