"""What waits for a person, and the person's word about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import Field

from connector.errors import RemoteError
from connector.identity import mask_cpr
from connector.ledger import deciding
from connector.ledger import todo as lists
from connector.ledger import waiting as values
from connector.ledger.access import Hidden, Viewer, case_for, visible_item
from connector.ledger.batch import Batch
from connector.ledger.tables import item as items_table
from connector.ledger.timeline_rows import standing
from connector.ledger.todo import MOST, Scope
from connector.model import LinkState
from connector.web import rules
from connector.web.api import models_todo as models
from connector.web.api.answers import Conflict, Look, answer, etag, number_in, version_of
from connector.web.api.fields import Asked, IfMatch, ItemId, Limit
from connector.web.api.models_case import Evidence
from connector.web.choosing import case_meant
from connector.web.page import NotFound, Refused, Stale, Unready, Wrong, language_of
from connector.web.site import Site, site_of
from connector.web.telling import Telling
from connector.web.todo_forms import scope_of
from connector.web.words import say

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

router = APIRouter(prefix="/api/v1", tags=["to do"])
Worker = Annotated[Viewer, Depends(rules.CASE_WORKER)]


class AskedTodo(Asked):
    """Which list."""

    scope: Scope | None = None
    """Whose: "mine" (I took part, or a suggested case is mine), "unit" (my unit's too) or "all"
    (all that I may see; for records managers). Left out: the viewer's first."""
    limit: Limit = 20
    """The most on a page."""
    cursor: Annotated[str, Field(pattern=r"^([0-9]{1,18}\.[0-9]{1,18})?$")] = ""
    """`next` of the page before."""


@router.get(
    "/todo", operation_id="todo", summary="What waits for a person", response_model=models.Todo
)
def todo(request: Request, viewer: Worker, asked: Annotated[AskedTodo, Query()]) -> Response:
    """What must be decided before it can be journaled, the oldest first."""
    site = site_of(request)
    scope = scope_of(viewer, asked.scope or "")
    with site.read() as connection:
        try:
            found = lists.todo(
                connection, viewer, scope, site.target, limit=asked.limit, cursor=asked.cursor
            )
        except ValueError as error:
            raise Wrong("api.cursor") from error
    tell = Telling(language_of(request), site.settings.folder)
    model = models.Todo(
        scope=found.scope,
        items=[_told(each, tell) for each in found.items],
        waiting=found.count.waiting,
        late=found.count.late,
        counted_to=MOST,
        next=found.next,
        time_zone=site.zone.key,
    )
    items = [each.item for each in found.items]
    return answer(
        request, model, look=Look(viewer, "todo", len(items), {"scope": found.scope}, items)
    )


@router.get(
    "/todo/{item}",
    operation_id="todoItem",
    summary="One of what waits",
    response_model=models.WaitingItem,
)
def one(request: Request, viewer: Worker, item: ItemId) -> Response:
    """What waits, with the cases that are suggested and why. Its ETag is what a decision names."""
    site = site_of(request)
    with site.read() as connection:
        found = _waiting(connection, site, viewer, item)
    tell = Telling(language_of(request), site.settings.folder)
    model = models.WaitingItem(waiting=_told(found, tell), time_zone=site.zone.key)
    return answer(request, model, look=Look(viewer, f"item {item}"), version=found.etag)


@router.post(
    "/todo/{item}/decision",
    operation_id="decide",
    summary="Decide about what waits, or take it back",
    response_model=models.Done,
)
def decide(
    request: Request, viewer: Worker, item: ItemId, said: models.Decision, if_match: IfMatch = None
) -> Response:
    """Accept the suggestion, put it on a case, on none, keep it private, or undo the last word.

    It is kept before it is answered, and followed by what it leads to: entries in the journal are
    added, or taken back with the reason.
    """
    site = site_of(request)
    seen = {item: version_of(if_match)}
    if not isinstance(said, models.Private | models.Undo):
        seen |= {each.item: number_in(each.etag) for each in said.also if each.item != item}
    try:
        keep = _step(site, viewer, seen, item, said)
        with site.write() as connection:
            batch = Batch(
                ledger=site.ledger,
                connection=connection,
                policy=site.program.policy(),
                now=site.ledger.now(),
            )
            done = keep(batch)
            stand = _stands(connection, viewer, done.now)
    except Hidden as error:
        raise _hidden(error, item, said) from error
    except deciding.Stale as error:
        raise _stale(error.stands) from error
    except deciding.ClosedCase as error:
        raise Conflict("api.closed_case", case=error.case.number) from error
    except deciding.NotYours as error:
        raise Refused("todo.wrong.not_yours") from error
    except RemoteError as error:
        raise Unready("todo.wrong.register") from error
    model = models.Done(items=stand, followed=done.followed)
    return answer(request, model, version=done.now.get(item, 0))


def _step(
    site: Site, viewer: Viewer, seen: deciding.Seen, item: int, said: models.Decision
) -> Callable[[Batch], deciding.Done]:
    """What is to be done in the transaction. The register is asked before it, if it must be."""

    def reason(word: str) -> str:
        return say(f"todo.reason.{word}", site.settings.language)

    match said:
        case models.Accept() | models.Link():
            word = "put" if isinstance(said, models.Accept) else "choose"
            number = _meant(site, viewer, item, said)
            even_closed = said.even_closed
            return lambda batch: deciding.put_on_case(
                batch, viewer, seen, number, reason=reason(word), even_closed=even_closed
            )
        case models.NotACase():
            return lambda batch: deciding.no_case(batch, viewer, seen, reason=reason("none"))
        case models.Private(whole_chat=True):
            return lambda batch: deciding.keep_chat_private(
                batch, viewer, item, seen[item], reason=reason("chat")
            )
        case models.Private():
            return lambda batch: deciding.keep_out(batch, viewer, seen, reason=reason("private"))
        case models.Undo():
            return lambda batch: deciding.take_back(batch, viewer, seen, reason=reason("undone"))


def _meant(site: Site, viewer: Viewer, item: int, said: models.Accept | models.Link) -> str:
    """The number of the case that is meant."""
    if isinstance(said, models.Link):
        return case_meant(site, viewer, said.case.strip())
    with site.read() as connection:
        suggested = _waiting(connection, site, viewer, item).suggested
    if len(suggested) != 1:
        raise Conflict("api.no_single_case", item=item)
    return suggested[0].case.number


def _waiting(connection: Connection, site: Site, viewer: Viewer, root: int) -> values.Waiting:
    """Raises NotFound for what does not wait, or not for this viewer."""
    query = sa.select(items_table.c.id).where(
        values.WAITS, items_table.c.id == root, visible_item(viewer)
    )
    if connection.execute(query, viewer.values).first() is not None:
        for found in values.waiting_items(connection, viewer, [root], site.target):
            return found
    raise NotFound("api.not_waiting", item=root)


def _told(each: values.Waiting, tell: Telling) -> models.Waiting:
    return models.Waiting(
        item=each.item,
        etag=etag(each.etag),
        kind=each.kind,
        direction=each.direction,
        at=each.at,
        due=each.due,
        late_days=each.late_days,
        who=each.who,
        others=list(each.others),
        duration_s=each.duration_s,
        subject=each.subject,
        text=each.text,
        is_erased=each.is_erased,
        may_be_private=each.may_be_private,
        rule=each.rule,
        reason=tell.why_waiting(each),
        suggested=[_suggested(case, tell) for case in each.suggested],
        evidence=[Evidence.model_validate(piece, context=tell) for piece in each.evidence],
    )


def _suggested(each: values.Suggested, tell: Telling) -> models.SuggestedCase:
    return models.SuggestedCase(
        number=each.case.number,
        title=mask_cpr(each.case.title),
        is_open=each.case.is_open,
        caseworker=each.case.caseworker,
        evidence=[Evidence.model_validate(piece, context=tell) for piece in each.evidence],
        also=[models.Seen(item=root, etag=etag(number)) for root, number in each.also],
    )


def _stands(connection: Connection, viewer: Viewer, now: deciding.Seen) -> list[models.Stands]:
    found = []
    for root, number in now.items():
        state, case = standing(connection, root)
        try:
            case = case_for(connection, viewer, case).number if case else ""
        except Hidden:
            case = ""
        found.append(
            models.Stands(item=root, etag=etag(number), state=LinkState(state), case_number=case)
        )
    return found


def _hidden(error: Hidden, item: int, said: models.Decision) -> NotFound:
    """The case that was named, or the item: either is answered as if it were not there."""
    if isinstance(said, models.Link) and str(error) != str(item):
        return NotFound("wrong.hidden", case=said.case)
    return NotFound("wrong.hidden_item", item=item)


def _stale(stands: deciding.Standing) -> Stale:
    """Who was first, and what stands now."""
    error = Stale(
        f"api.stale_{stands.state.value}", who=stands.actor, case=stands.case_number or "-"
    )
    error.members["stands"] = models.Stands(
        item=stands.item,
        etag=etag(stands.etag),
        state=stands.state,
        case_number=stands.case_number,
    ).model_dump()
    return error
