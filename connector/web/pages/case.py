"""A case: what was said on it, why it is there, where it is journaled, and notes about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from connector.identity import CPR, is_cpr, mask_cpr
from connector.ledger.access import Hidden, Role, Viewer, case_for, may_see_item
from connector.ledger.batch import Batch
from connector.ledger.looks import record_look
from connector.ledger.notes import LONGEST, NoteRefused, Refusal, keep_note, lacks_note
from connector.ledger.present import free_caseworker, old_after_s
from connector.ledger.timeline import KINDS, NEWEST, OLDEST, BadCursor, Wanted, item_entry, timeline
from connector.ledger.timeline_rows import standing
from connector.ledger.todo_places import MOST, for_case, spots
from connector.model import LinkState
from connector.web import moments, rules
from connector.web.case_export import export
from connector.web.page import NotFound, Wrong, is_web, language_of, render
from connector.web.pages.looks import sees_looks
from connector.web.site import Site, site_of
from connector.web.telephone import readable
from connector.web.telling import Telling
from connector.web.todo_forms import PAGE, Place, scopes_of
from connector.web.words import say

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from connector.ledger.timeline_values import Timeline, TimelineEntry
    from connector.model import Case, Party

router = APIRouter(include_in_schema=False)
WAITING_SHOWN = 5  # of what waits for a case
WRITES = rules.any_of(Role.CASE_WORKER)  # a note is of somebody who took part in the case
Seeing = Annotated[Viewer, Depends(rules.CASE_WORKER)]


class Asked:
    """What the filter of a case's page asks for.

    `wrong` says what cannot be meant; then nothing is wanted. `typed` fills the form in again,
    without a CPR number.
    """

    def __init__(
        self,
        kind: Annotated[list[str], Query(max_length=20)] = [],  # noqa: B006  FastAPI copies it
        first: Annotated[str, Query(alias="from", max_length=20)] = "",
        last: Annotated[str, Query(alias="to", max_length=20)] = "",
        who: Annotated[str, Query(max_length=200)] = "",
        words: Annotated[str, Query(max_length=200)] = "",
        order: Annotated[str, Query(max_length=20)] = NEWEST,
    ) -> None:
        self.typed = {
            "from": first,
            "to": last,
            "who": "" if _has_cpr(who) else who.strip(),
            "words": "" if _has_cpr(words) else words.strip(),
        }
        self.kinds = frozenset(kind) & frozenset(KINDS)
        self.order = OLDEST if order == OLDEST else NEWEST
        self.wrong: Wrong | None = None
        self.wanted = Wanted(order=self.order)
        try:
            if _has_cpr(who) or _has_cpr(words):
                raise Wrong("case.cpr_in_address")
            wanted = Wanted(
                kinds=self.kinds,
                first_day=_day(first),
                last_day=_day(last),
                who=who.strip(),
                words=words.strip(),
                order=self.order,
            )
            self.wanted = in_order(wanted)
        except Wrong as error:
            self.wrong = error

    def query(self, **more: str) -> str:
        """The same as the end of an address."""
        its = self.wanted
        pairs = [("kind", kind) for kind in KINDS if kind in its.kinds]
        pairs += [("from", _iso(its.first_day)), ("to", _iso(its.last_day))]
        pairs += [("who", its.who), ("words", its.words)]
        pairs += [("order", its.order if its.order != NEWEST else ""), *more.items()]
        text = urlencode([(name, value) for name, value in pairs if value])
        return f"?{text}" if text else ""


def _has_cpr(text: str) -> bool:
    return any(is_cpr(match[0]) for match in CPR.finditer(text))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Wrong("case.bad_day", text=text) from error


def in_order(wanted: Wanted) -> Wanted:
    """The same. Raises Wrong for a period that ends before it begins."""
    if wanted.first_day and wanted.last_day and wanted.last_day < wanted.first_day:
        raise Wrong("case.bad_period")
    return wanted


def _iso(day: date | None) -> str:
    return day.isoformat() if day is not None else ""


def case_address(number: str, item: int | None = None) -> str:
    """Where a case is shown, at one of its items."""
    path = f"/cases/{quote(number, safe='/')}"
    return path if item is None else f"{path}?item={item}#item-{item}"


def telling_of(request: Request) -> Telling:
    """Words for this reader."""
    return Telling(language_of(request), site_of(request).settings.folder)


def teams_call(phone: str) -> str:
    """The address that lets Teams call a telephone number, after asking.

    Source: Microsoft Teams, "Deep link to a workflow: start an audio-video call", read 2026-11-22:
    a number of the telephone network is written "4:<number>".
    """
    return f"https://teams.microsoft.com/l/call/0/0?users={quote('4:' + phone, safe=':')}"


def file_address(file: Any) -> str:
    """Where a page finds the bytes of a file; "" when they are not here."""
    return f"/files/{file.item}/{file.position}" if file.state == "kept" else ""


def shared(request: Request) -> dict[str, Any]:
    """What the parts of a case's pages are told with."""
    tell = telling_of(request)
    unknown = say("case.unknown", language_of(request))

    def someone(party: Party) -> str:
        """Somebody as a list names them: a CPR number that a name holds is masked."""
        phone = readable(party.phone) if party.phone else ""
        return (mask_cpr(party.name) if party.name else phone or party.mail) or unknown

    return {
        "tell": tell,
        "linked": tell.linked,
        "someone": someone,
        "readable": readable,
        "teams_call": teams_call,
        "file_address": file_address,
        "case_address": case_address,
        "is_web": is_web,
        "clock_text": _clock_text(request),
        "days_of": days_of,
        "longest": LONGEST,
        "is_whole": False,
        "is_archive": False,
        "may_write": False,
        "lacks": frozenset(),
    }


def days_of(line: Timeline) -> list[list[TimelineEntry]]:
    """The entries of a page by local day, in their order."""
    return [list(entries) for _, entries in groupby(line.entries, key=lambda each: each.day)]


def _clock_text(request: Request) -> Callable[[datetime], str]:
    language, zone = language_of(request), site_of(request).zone
    return lambda when: moments.moment(when, language, zone)


@router.get("/cases/{number:path}/print.css")
def print_style(request: Request, number: str, viewer: Seeing) -> Response:
    """What stands in the margin of each printed sheet: it must be known when sheets are parted."""
    site = site_of(request)
    with site.read() as connection:
        case = case_for(connection, viewer, number)
    line = f"{case.number} · {viewer.name} · {site.clock().astimezone(site.zone):%Y-%m-%d %H:%M}"
    escaped = "".join(f"\\{ord(sign):06x}" for sign in line)
    text = f'@page {{ @bottom-left {{ content: "{escaped}"; }} }}\n'
    return Response(text, media_type="text/css")


@router.get("/cases/{number:path}/print")
def print_case(
    request: Request, number: str, viewer: Seeing, asked: Annotated[Asked, Depends()]
) -> Response:
    """All of it unfolded, for paper."""
    values = _whole(request, viewer, number, asked, how="print")
    return render(request, "case_print.html", viewer, **values)


@router.get("/cases/{number:path}/export.zip")
def export_case(
    request: Request, number: str, viewer: Seeing, asked: Annotated[Asked, Depends()]
) -> Response:
    """A page to read without a network, the same for programs, and the files with their hashes."""
    values = _whole(request, viewer, number, asked, how="export")
    return export(request, viewer, values)


def _whole(
    request: Request, viewer: Viewer, number: str, asked: Asked, *, how: str
) -> dict[str, Any]:
    """Everything on the case that the filter lets through; the look is kept."""
    if asked.wrong is not None:
        raise asked.wrong
    site = site_of(request)
    site.limit_exports(viewer.actor)
    with site.read() as connection:
        case = case_for(connection, viewer, number)
        line = timeline(
            connection, case.number, site.zone, viewer,
            wanted=asked.wanted, parties=case.parties, limit=None,
        )  # fmt: skip
        head = _head(site, connection, case)
    _look(site, viewer, f"case {case.number}", how=how, count=len(line.entries))
    return {
        **shared(request),
        **head,
        "line": line,
        "wanted": asked.wanted,
        "is_whole": True,
    }


@router.get("/cases/{number:path}")
def case_page(
    request: Request,
    number: str,
    viewer: Seeing,
    asked: Annotated[Asked, Depends()],
    cursor: Annotated[str, Query(max_length=60)] = "",
    item: Annotated[int | None, Query()] = None,
) -> Response:
    """One page of a case's line of time; `item` is on it."""
    site = site_of(request)
    with site.read() as connection:
        case = case_for(connection, viewer, number)
        try:
            line = timeline(
                connection, case.number, site.zone, viewer,
                wanted=asked.wanted, cursor=cursor, item=item, parties=case.parties,
            )  # fmt: skip
        except BadCursor as error:
            raise Wrong("case.bad_cursor") from error
        head = _head(site, connection, case) | _waits(connection, viewer, case.number)
        lacks = frozenset(lacks_note(connection, case.number)) if _writes(viewer) else frozenset()
    _look(site, viewer, f"case {case.number}", how="page", count=len(line.entries))
    return render(
        request,
        "case.html",
        viewer,
        status=200 if asked.wrong is None else asked.wrong.status,
        **(shared(request) | head | {"lacks": lacks, "may_write": _writes(viewer)}),
        line=line,
        wanted=asked.wanted,
        asked=asked,
        kinds=KINDS,
        sees_looks=sees_looks(site, viewer, case),
    )


def _waits(connection: Connection, viewer: Viewer, number: str) -> dict[str, Any]:
    """What waits to be put on the case; of the oldest few also where it is decided."""
    waiting = for_case(connection, viewer, number)
    places = _places(connection, viewer, [each.item for each in waiting[:WAITING_SHOWN]])
    return {
        "waiting": waiting,
        "places": places,
        "most_waiting": MOST,
        "waiting_shown": WAITING_SHOWN,
    }


def _places(connection: Connection, viewer: Viewer, roots: Sequence[int]) -> dict[int, str]:
    """The address in the to-do list of each of these that is on one of the viewer's lists."""
    if not roots or not viewer.roles & rules.CASE_WORKER.roles:
        return {}
    found = spots(connection, viewer, scopes_of(viewer), roots, page=PAGE)
    return {
        root: Place(scope=spot.scope, after=spot.after, at=root).address
        for root, spot in found.items()
    }


def _writes(viewer: Viewer) -> bool:
    return bool(viewer.roles & WRITES.roles)


def _head(site: Site, connection: Connection, case: Case) -> dict[str, Any]:
    interval_s = site.settings.sources.presence.schedule.interval_s
    worker = free_caseworker(connection, case, site.ledger.now(), old_s=old_after_s(interval_s))
    return {"case": case, "worker": worker}


def _look(site: Site, viewer: Viewer, subject: str, **detail: Any) -> None:
    # Not seen to the disk: of a look only the record would be lost with the machine's power.
    with site.write(durable=False) as connection:
        record_look(connection, viewer, subject, site.ledger.now(), **detail)


@router.get("/items/{root}")
def item_page(
    request: Request, root: int, viewer: Annotated[Viewer, Depends(rules.SIGNED_IN)]
) -> Response:
    """What is on a case is shown there; anything else that the viewer may see, alone."""
    site = site_of(request)
    with site.read() as connection:
        entry = seen_entry(connection, site, viewer, root)
        is_waiting = entry.state == LinkState.WAITING.value
        places = _places(connection, viewer, [root] if is_waiting else [])
    if entry.case_number and rules.CASE_WORKER.roles & viewer.roles:
        return RedirectResponse(case_address(entry.case_number, root), 303)
    _look(site, viewer, f"item {root}", how="page")
    return render(
        request, "case_item.html", viewer, **shared(request), entry=entry, place=places.get(root)
    )


def seen_entry(connection: Connection, site: Site, viewer: Viewer, root: int) -> TimelineEntry:
    """The item, if the viewer may see it. Raises NotFound, the same for one that is not there."""
    if may_see_item(connection, viewer, root):
        try:
            return item_entry(connection, root, site.zone, viewer)
        except KeyError:
            pass
    raise NotFound("wrong.hidden_item", item=root)


@router.post("/items/{root}/note")
def write_note(
    request: Request,
    root: int,
    viewer: Annotated[Viewer, Depends(WRITES)],
    text: Annotated[str, Form(max_length=200_000)] = "",
    version: Annotated[int, Form(ge=0)] = 0,
) -> Response:
    """Keep the case worker's own note; `version` is that of the note the writer saw, 0 for none.

    A text that cannot be kept comes back to its writer: nobody should have to write it again.
    """
    site = site_of(request)
    with site.write() as connection:
        number = _noted_case(connection, viewer, root)
        batch = Batch(
            ledger=site.ledger,
            connection=connection,
            policy=site.program.policy(),
            now=site.ledger.now(),
        )
        try:
            keep_note(
                batch, root, text, actor=viewer.actor, actor_name=viewer.name, if_version=version
            )
        except NoteRefused as error:
            why = error.why
        else:
            return RedirectResponse(case_address(number, root), 303)
    return _note_refused(request, viewer, root, number, text, why)


def _noted_case(connection: Connection, viewer: Viewer, root: int) -> str:
    """The case that the item is on, which the viewer must be allowed to see."""
    if not may_see_item(connection, viewer, root):
        raise NotFound("wrong.hidden_item", item=root)
    _, number = standing(connection, root)
    if not number:
        raise Wrong("case.note_no_case")
    try:
        return case_for(connection, viewer, number).number
    except Hidden as error:
        raise NotFound("wrong.hidden_item", item=root) from error


def _note_refused(
    request: Request, viewer: Viewer, root: int, number: str, text: str, why: Refusal
) -> Response:
    site = site_of(request)
    with site.read() as connection:
        entry = seen_entry(connection, site, viewer, root)
    _look(site, viewer, f"item {root}", how="note")
    return render(
        request,
        "case_note.html",
        viewer,
        status=412 if why is Refusal.CHANGED else 400,
        **shared(request),
        entry=entry,
        case_number=number,
        text=text,
        why=why.value,
    )
