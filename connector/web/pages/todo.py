"""What must be journaled: what waits for a person, and the person's word about it.

Every form works without scripts: it is answered with a redirect to the list. htmx asks for the list
alone and gets it at once, with the next item to be looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup, escape

from connector.errors import RemoteError
from connector.ledger import deciding
from connector.ledger import todo as lists
from connector.ledger.access import Hidden, Viewer, visible_item
from connector.ledger.batch import Batch
from connector.ledger.directory import directory
from connector.ledger.looks import record_look
from connector.ledger.merging import find_person
from connector.ledger.tables import item, link, ms
from connector.ledger.todo import Todo
from connector.ledger.waiting import Target
from connector.web import denials, rules
from connector.web.choosing import case_meant
from connector.web.page import NotFound, Wrong, language_of, render
from connector.web.site import Site, site_of
from connector.web.telling import Telling
from connector.web.todo_forms import (
    PAGE,
    Asked,
    Long,
    Place,
    Said,
    Text,
    joined,
    numbers,
    pairs,
    scope_of,
    scopes_of,
)
from connector.web.words import say

router = APIRouter(include_in_schema=False)
Worker = Annotated[Viewer, Depends(rules.CASE_WORKER)]
TAB = 100  # up to so many are counted in the lists that are not shown
EXCERPT = 400  # characters that are shown at once
# What a button says: on this case; on the one whose number was typed; on none; never to be
# journaled; the whole chat never; this message alone never, after it was asked about the chat.
DECISIONS = ("put", "choose", "none", "private", "chat", "alone")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is said on the page beside the list: an error, or a question before something is done.

    `key` is "" for neither. A question is "closed" or "chat", about the items in `seen`.
    """

    key: str = ""
    values: dict[str, Any] | None = None
    status: int = 200
    question: str = ""
    seen: dict[int, int] | None = None
    number: str = ""  # of the case that was meant
    typed: str = ""  # what stood in the field


@router.get("/todo")
def todo(
    request: Request,
    viewer: Worker,
    scope: Asked = "",
    after: Asked = "",
    at: Annotated[int, Query(ge=0, lt=2**63)] = 0,
    done: Annotated[str, Query(max_length=12_000)] = "",
    followed: Annotated[int, Query(ge=0, lt=10**6)] = 0,
    undone: Asked = "",
) -> Response:
    """The list, with what was done last above it."""
    place = Place(
        scope=scope_of(viewer, scope),
        after=after,
        at=at,
        done=numbers(done),
        followed=followed,
        is_undone=undone == "1",
    )
    return _page(request, viewer, place, Answer())


@router.post("/todo/decide")
def decide(request: Request, viewer: Worker, said: Annotated[Said, Depends()]) -> Response:
    """Keep what the viewer decided, and go on to the next."""
    site = site_of(request)
    place = Place(scope=scope_of(viewer, said.scope_text), after=said.after, at=said.item)
    if said.do == "private" and _asks_for_chat(site, viewer, said):
        return _page(request, viewer, place, Answer(question="chat", seen=said.seen))
    try:
        is_case = said.do in ("put", "choose")
        number = case_meant(site, viewer, said.number) if is_case else ""
        done = _keep(site, viewer, said, number)
    except deciding.ClosedCase as error:
        number = error.case.number
        return _page(
            request, viewer, place, Answer(question="closed", seen=said.seen, number=number)
        )
    except deciding.Stale as error:
        return _page(request, viewer, place, _stale(request, site, error.stands))
    except Hidden as error:
        if said.do not in ("put", "choose"):
            raise NotFound("wrong.hidden_item", item=said.item) from error
        values = {"case": said.number}
        denials.keep(request, "wrong.hidden", said.number)
        answer = Answer(key="wrong.hidden", values=values, status=404, typed=said.number)
        return _page(request, viewer, place, answer)
    except RemoteError:
        answer = Answer(key="todo.wrong.register", status=503, typed=said.number)
        return _page(request, viewer, place, answer)
    return _next(request, viewer, place, done)


@router.post("/todo/undo")
def undo(
    request: Request, viewer: Worker, seen: Long = "", scope: Text = "", after: Text = ""
) -> Response:
    """Take the viewer's own last decision back; the item is looked at again."""
    site = site_of(request)
    decided = pairs(seen)
    place = Place(scope=scope_of(viewer, scope), after=after, at=next(iter(decided)))
    reason = say("todo.reason.undone", site.settings.language)
    try:
        with site.write() as connection:
            deciding.take_back(_batch(site, connection), viewer, decided, reason=reason)
    except deciding.Stale as error:
        return _page(request, viewer, place, _stale(request, site, error.stands))
    except deciding.NotYours:
        return _page(request, viewer, place, Answer(key="todo.wrong.not_yours", status=403))
    return _answer(request, viewer, replace(place, is_undone=True))


# deciding


def _keep(site: Site, viewer: Viewer, said: Said, number: str) -> deciding.Done:
    """One transaction. The reason is in the language of the journal."""
    if said.do not in DECISIONS:
        raise Wrong("todo.wrong.form")
    reason = say(f"todo.reason.{said.do}", site.settings.language)
    with site.write() as connection:
        batch = _batch(site, connection)
        if number:
            even_closed = said.even_closed
            return deciding.put_on_case(
                batch, viewer, said.seen, number, reason=reason, even_closed=even_closed
            )
        if said.do == "chat":
            etag = said.seen[said.item]
            return deciding.keep_chat_private(batch, viewer, said.item, etag, reason=reason)
        keep = deciding.no_case if said.do == "none" else deciding.keep_out
        return keep(batch, viewer, said.seen, reason=reason)


def _batch(site: Site, connection: Any) -> Batch:
    ledger = site.ledger
    return Batch(
        ledger=ledger, connection=connection, policy=site.program.policy(), now=ledger.now()
    )


def _asks_for_chat(site: Site, viewer: Viewer, said: Said) -> bool:
    """Whether the whole chat could be meant: that is asked, because it may undo much."""
    with site.read() as connection:
        return deciding.private_thread_of(connection, viewer, said.item) is not None


def _stale(request: Request, site: Site, stands: deciding.Standing) -> Answer:
    language = language_of(request)
    with site.read() as connection:
        person = find_person(connection, stands.actor)
    who = person.name if person is not None else stands.actor
    if stands.actor == "casethread":
        who = say("todo.stale.program", language)
    sort = stands.state.value
    if sort == "linked" and not stands.case_number:
        sort = "hidden"
    values = {"who": who, "case": stands.case_number}
    return Answer(key=f"todo.stale.{sort}", values=values, status=412)


# answering


def _next(request: Request, viewer: Viewer, place: Place, done: deciding.Done) -> Response:
    links = tuple(number for number in done.now.values() if number)
    return _answer(request, viewer, replace(place, done=links, followed=done.followed))


def _answer(request: Request, viewer: Viewer, place: Place) -> Response:
    if request.headers.get("hx-request"):
        return _page(request, viewer, place, Answer())
    return RedirectResponse(place.address, 303)


def _page(request: Request, viewer: Viewer, place: Place, answer: Answer) -> Response:
    site = site_of(request)
    is_part = bool(request.headers.get("hx-request"))
    now, target = site.clock(), site.target
    with site.read() as connection:
        found = _list(connection, viewer, place, target)
        counts = {} if is_part else _counts(connection, viewer, place)
        today = lists.decided_since(connection, viewer, lists.midnight(now, site.zone))
        done = [deciding.standing(connection, viewer, number) for number in place.done]
        current = _current(connection, viewer, found, place.at)
        caseworkers = directory(connection).names
    with site.write(durable=False) as connection:
        seen = [each.item for each in found.items]
        record_look(
            connection, viewer, "todo", site.ledger.now(), scope=place.scope.value, items=seen
        )
    page = render(
        request,
        "todo_part.html" if is_part else "todo.html",
        viewer,
        status=answer.status,
        todo=found,
        place=place,
        answer=answer,
        counts=counts,
        most=lists.MOST,
        tab=TAB,
        today=today,
        done=[each for each in done if each is not None],
        current=current,
        caseworkers=caseworkers,
        tell=Telling(language_of(request), site.settings.folder),
        marked=marked,
        excerpt=EXCERPT,
        joined=joined,
        zone_today=target.today,
    )
    page.headers["x-part"] = "todo"  # todo.js shows this answer whatever its status
    return page


def _list(connection: Any, viewer: Viewer, place: Place, target: Target) -> Todo:
    """The page of the list; the first one when the place behind the cursor is empty by now."""
    try:
        found = lists.todo(connection, viewer, place.scope, target, limit=PAGE, cursor=place.after)
    except ValueError as error:
        raise Wrong("todo.wrong.form") from error
    if not found.items and place.after:
        return lists.todo(connection, viewer, place.scope, target, limit=PAGE)
    return found


def _counts(connection: Any, viewer: Viewer, place: Place) -> dict[str, int | None]:
    """The lists that the viewer has; how much waits in the others, for the one shown None."""
    return {
        scope.value: None
        if scope is place.scope
        else lists.how_many(connection, viewer, scope, TAB)
        for scope in scopes_of(viewer)
    }


def _current(connection: Any, viewer: Viewer, found: Todo, at: int) -> int:
    """The item to be looked at: the one asked for, else the one that comes after it; 0 for none.

    That tells when it was said: to who may see it, and to who decided about it.
    """
    ids = [each.item for each in found.items]
    if not ids or at in ids:
        return at if ids else 0
    if not at:
        return ids[0]
    is_own = sa.exists().where(link.c.item_id == item.c.id, link.c.actor == viewer.actor)
    query = sa.select(item.c.sent_at).where(
        item.c.id == at, item.c.root_id == item.c.id, sa.or_(is_own, visible_item(viewer))
    )
    sent_at = connection.execute(query, viewer.values).scalar()
    if sent_at is None:
        return ids[0]
    row = (sent_at, at)
    places = ((ms(each.at), each.item) for each in found.items)
    return next((number for when, number in places if (when, number) > row), ids[-1])


def marked(text: str, words: Iterable[str]) -> Markup:
    """The text with what points to a case marked."""
    wanted = sorted({re.escape(each) for each in words if each}, key=len, reverse=True)
    if not wanted:
        return escape(text)
    pieces = re.split(f"({'|'.join(wanted)})", text, flags=re.IGNORECASE)
    return Markup("").join(
        Markup("<mark>{}</mark>").format(piece) if number % 2 else escape(piece)
        for number, piece in enumerate(pieces)
    )
