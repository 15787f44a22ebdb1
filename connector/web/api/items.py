"""One communication: what it was, its files, and the case worker's own note about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response
from pydantic import Field

from connector.ledger.access import Hidden, Role, Viewer, case_for, may_see_item
from connector.ledger.batch import Batch
from connector.ledger.notes import LONGEST, NoteRefused, Refusal, keep_note
from connector.ledger.timeline import item_entry, timeline
from connector.web import rules
from connector.web.api import models_case
from connector.web.api.answers import Conflict, Look, answer, etag, version_of
from connector.web.api.fields import IfMatch, ItemId
from connector.web.api.models import Model
from connector.web.page import NotFound, Problem, Refused, Stale, language_of
from connector.web.pages.files import give
from connector.web.site import Site, site_of
from connector.web.telling import Telling

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from connector.ledger.timeline_values import TimelineEntry

router = APIRouter(prefix="/api/v1", tags=["communications"])
WRITES = rules.any_of(Role.CASE_WORKER)  # a note is of somebody who took part in the case
# A pattern refuses half characters (lone surrogates); all others may be written.
Text = Annotated[str, Field(max_length=LONGEST, pattern=r"^[\s\S]*$")]


class NewNote(Model):
    """The text of a note."""

    text: Text
    """Plain text; an empty one takes the note back, and what it said stays readable."""


@router.get(
    "/items/{item}",
    operation_id="item",
    summary="One communication",
    response_model=models_case.Item,
)
def one(
    request: Request, viewer: Annotated[Viewer, Depends(rules.SIGNED_IN)], item: ItemId
) -> Response:
    """A call, voicemail or message, wherever it is: on a case, waiting, or on none."""
    site = site_of(request)
    with site.read() as connection:
        entry = _seen(connection, site, viewer, item)
    tell = Telling(language_of(request), site.settings.folder)
    told = models_case.Entry.model_validate(entry, context=tell)
    model = models_case.Item.model_construct(entry=told, time_zone=site.zone.key)
    return answer(request, model, look=Look(viewer, f"item {item}"))


@router.get(
    "/items/{item}/files/{position}",
    operation_id="file",
    summary="A recording or another file",
    response_class=Response,
    responses={
        200: {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}},
        206: {"description": "The range that was asked for."},
        416: {"description": "No byte of the file is in that range."},
    },
)
def file(
    request: Request,
    viewer: Annotated[Viewer, Depends(rules.SIGNED_IN)],
    item: ItemId,
    position: Annotated[int, Path(ge=0, lt=2**31, examples=[0])],
) -> Response:
    """The bytes of a file, all or a range. Its address is its `href`."""
    return give(request, viewer, item, position)


@router.get(
    "/items/{item}/note",
    operation_id="note",
    summary="The note about a communication",
    response_model=models_case.OwnNote,
)
def note(
    request: Request, viewer: Annotated[Viewer, Depends(rules.CASE_WORKER)], item: ItemId
) -> Response:
    """What a case worker wrote down of what was said, with its earlier texts; empty for none."""
    site = site_of(request)
    with site.read() as connection:
        model, version = _note(connection, site, viewer, item)
    return answer(request, model, look=Look(viewer, f"item {item}"), version=version)


@router.put(
    "/items/{item}/note",
    operation_id="writeNote",
    summary="Write the note about a communication",
    response_model=models_case.OwnNote,
)
def write_note(
    request: Request,
    viewer: Annotated[Viewer, Depends(WRITES)],
    item: ItemId,
    new: NewNote,
    if_match: IfMatch = None,
) -> Response:
    """Keep a text as the note. It is journaled on the case, and replaces no earlier text."""
    site = site_of(request)
    seen = version_of(if_match)
    with site.write() as connection:
        _note(connection, site, viewer, item)
        batch = Batch(
            ledger=site.ledger,
            connection=connection,
            policy=site.program.policy(),
            now=site.ledger.now(),
        )
        try:
            keep_note(
                batch, item, new.text, actor=viewer.actor, actor_name=viewer.name, if_version=seen
            )
        except NoteRefused as error:
            raise _not_kept(error.why) from error
        model, version = _note(connection, site, viewer, item)
    return answer(request, model, version=version)


def _seen(connection: Connection, site: Site, viewer: Viewer, root: int) -> TimelineEntry:
    """The item, if the viewer may see it. Raises NotFound, the same for one that is not there."""
    if may_see_item(connection, viewer, root):
        try:
            return item_entry(connection, root, site.zone, viewer)
        except KeyError:
            pass
    raise NotFound("wrong.hidden_item", item=root)


def _note(
    connection: Connection, site: Site, viewer: Viewer, root: int
) -> tuple[models_case.OwnNote, int]:
    """The note about an item on a case that the viewer may see; empty when there is none."""
    number = _seen(connection, site, viewer, root).case_number
    try:
        case = case_for(connection, viewer, number)
    except Hidden as error:
        raise Conflict("api.note_no_case", item=root) from error
    # A message stands for its conversation, whose note may stand at another message.
    (entry,) = timeline(connection, number, site.zone, viewer, item=root, limit=1).entries
    kept = entry.note
    version = 0 if kept is None else kept.version
    model = models_case.OwnNote(
        item=root,
        case_number=case.number,
        text="" if kept is None else kept.text,
        etag=etag(version),
        versions=[
            models_case.NoteVersion.model_validate(each) for each in (kept.versions if kept else ())
        ],
        time_zone=site.zone.key,
    )
    return model, version


def _not_kept(why: Refusal) -> Problem:
    if why is Refusal.CHANGED:
        return Stale("api.note_changed")
    if why is Refusal.EXCLUDED:
        return Refused("api.note_excluded")
    return Conflict(f"api.note_{why.value}")
