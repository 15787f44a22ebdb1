"""Pages that repeat, shrink, stop and lie; tokens that die."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

from connector.sandbox.protocol import Request, Response, json_response, seal, unseal
from connector.sandbox.scenario import Scenario, Scene, again, listing, one_in, rewritten
from connector.sandbox.world import Json

NEXT = "@odata.nextLink"
OVERLAP = timedelta(hours=20)  # within every client's overlap of a day
LISTS = re.compile(
    r"^/(users|users/delta|users/[^/]+/chats/getAllMessages|users/[^/]+/mailFolders/[^/]+/messages/delta"
    r"|communications/callRecords|teams/[^/]+/channels/getAllMessages)$"
)


def _repeats(scene: Scene, response: Response) -> Response:
    """A later page names itself as the next one, until the listing is started again."""
    body, key = listing(response), f"{scene.name}:{scene.listing}"
    state = scene.memory.kept.get(key, "")
    if body is None or NEXT not in body:
        return response
    if not scene.is_later_page:
        scene.memory.kept[key] = "done" if state == "looping" else state
        return response
    if state == "done" or not scene.times(scene.listing, 25):
        return response
    scene.memory.kept[key] = "looping"
    return rewritten(response, {**body, NEXT: scene.request.url})


def _laps(scene: Scene, response: Response) -> Response:
    """The last page leads back to the first, with a link that looks new; twice for each listing."""
    body = listing(response)
    if body is None or not LISTS.match(scene.path):
        return response
    if not scene.is_later_page and "lap" not in scene.request.query:
        scene.memory.kept[f"first:{scene.path}"] = scene.request.target
    first = scene.memory.kept.get(f"first:{scene.path}", "")
    if NEXT in body or "@odata.deltaLink" in body or not first or not scene.times(scene.listing, 2):
        return response
    lap = scene.memory.add(f"lap:{scene.path}", 1)
    start = Request(method="GET", target=first, origin=scene.request.origin)
    return rewritten(response, {**body, NEXT: again(start, f"lap={lap}")})


def _empty(pages: int):  # type: ignore[no-untyped-def]  # a Before
    def before(scene: Scene) -> Response | None:
        fresh = not scene.is_later_page and "$deltatoken" not in scene.request.query
        if not scene.is_read or not LISTS.match(scene.path) or not fresh:
            return None
        if not scene.times(scene.listing, pages):
            return None
        number = scene.memory.add(f"empty:{scene.path}", 1)
        allowed = scene.ask(scene.request)
        if allowed.status != 200:
            return allowed
        link = again(scene.request, f"empty={number}")
        head = f"{scene.request.origin}/v1.0/$metadata#empty"
        return json_response({"@odata.context": head, NEXT: link, "value": []})

    return before


def _seam(scene: Scene, response: Response) -> Response:
    """The last three rows of a page come again at the head of the next one."""
    body = listing(response)
    if body is None:
        return response
    before = scene.memory.rows.get(scene.request.url, [])
    if NEXT in body and len(scene.memory.rows) < 20_000:
        scene.memory.rows[body[NEXT]] = body["value"][-3:]
    return rewritten(response, {**body, "value": [*before, *body["value"]]}) if before else response


def _short(scene: Scene) -> None:
    """Pages hold seven rows, whatever was asked for."""
    scene.view.most_rows = 7


def _some_deleted(scene: Scene) -> None:
    """One in five recent messages was deleted at once, so that there is one to stop at."""
    view = scene.view
    for message in view.town.messages:
        if view.now - OVERLAP < message.at and not message.event and one_in(5, message.key):
            gone = replace(message, deleted_at=message.at + timedelta(seconds=20))
            view.changed[message.thread, message.key] = gone


def _stops_at_deleted(scene: Scene, response: Response) -> Response:
    """The listing ends at a deleted message, once; what is missing lies within the last 20 hours.

    So the overlap of the next run brings it. (Older messages lost this way need a deep re-read.)
    """
    body = listing(response) if scene.is_messages else None
    if body is None:
        return response
    rows: list[Json] = body["value"]
    limit = (scene.view.now - OVERLAP).isoformat()
    for place, row in enumerate(rows):
        is_recent = row["lastModifiedDateTime"] >= limit
        if row["deletedDateTime"] and is_recent and (place + 1 < len(rows) or NEXT in body):
            if not scene.times(scene.listing, 1):
                break
            kept = {name: value for name, value in body.items() if name != NEXT}
            return rewritten(
                response, {**kept, "@odata.count": place + 1, "value": rows[: place + 1]}
            )
    return response


def _link_dies(scene: Scene) -> Response | None:
    if scene.is_read and "$skiptoken" in scene.request.query and scene.times(scene.listing, 1):
        return scene.refuse(400, "BadRequest", "Skip token is null or invalid.", "InvalidSkipToken")
    return None


def _foreign(scene: Scene, response: Response) -> Response:
    body = listing(response)
    if body is None or NEXT not in body or not scene.times(scene.listing, 1):
        return response
    link = str(body[NEXT]).replace(scene.request.origin, "https://graph.microsoft.example")
    return rewritten(response, {**body, NEXT: link})


def _directory_token_gone(scene: Scene) -> Response | None:
    if (
        scene.path == "/users/delta"
        and "$deltatoken" in scene.request.query
        and scene.times("x", 1)
    ):
        return scene.refuse(410, "resyncRequired", "Resync required.", "syncStateNotFound")
    return None


def _mail_state_lost(scene: Scene) -> Response | None:
    is_round = "/messages/delta" in scene.path and "$deltatoken" in scene.request.query
    if is_round and scene.times(scene.listing, 1):
        text = "The sync state generation is not found; generation=7;[highest=12]."
        return scene.refuse(400 if len(scene.path) % 2 else 410, "SyncStateNotFound", text)
    return None


def _mail_replays(scene: Scene) -> Response | None:
    """The first later round of each folder brings everything again."""
    token = scene.request.query.get("$deltatoken", "")
    state = unseal(token) if "/messages/delta" in scene.path else None
    if state is None or not scene.times(scene.listing, 1):
        return None
    path = scene.request.target.split("?", 1)[0]
    fresh = f"{path}?$deltatoken={seal({**state, 't': ''})}"
    return scene.ask(replace(scene.request, target=fresh))


def _delta_refused(scene: Scene) -> Response | None:
    if scene.path in ("/users/delta", "/users/delta()"):
        return scene.refuse(
            400, "Request_BadRequest", "Delta query is not supported for this application."
        )
    return None


def _needs_both_bounds(scene: Scene) -> Response | None:
    text = scene.request.query.get("$filter", "")
    if scene.is_messages and text and not (" gt " in text and " lt " in text):
        return scene.refuse(400, "BadRequest", "Invalid $filter query.", "InvalidFilter")
    return None


def _outside(scene: Scene, response: Response) -> Response:
    """One row of each page was changed after the window's end: its time lies outside."""
    body = listing(response) if scene.is_messages else None
    if body is None or not body["value"]:
        return response
    row = body["value"][len(body["value"]) // 2]
    later = scene.view.now - timedelta(seconds=2)
    if datetime.fromisoformat(row["lastModifiedDateTime"]) < later:
        row["lastModifiedDateTime"] = f"{later:%Y-%m-%dT%H:%M:%S}.000Z"
        row["etag"] = str(int(later.timestamp()) * 1000)
    return rewritten(response, body)


DOCS, CONTRIB = (
    "microsoftgraph/microsoft-graph-docs#",
    "microsoftgraph/microsoft-graph-docs-contrib#",
)

SCENARIOS = (
    Scenario(
        name="next-link-repeats",
        summary_en="a later page names itself as the next page, again and again",
        summary_da="en senere side peger på sig selv som den næste, igen og igen",
        issue=DOCS + "12995",
        after=_repeats,
    ),
    Scenario(
        name="next-link-laps",
        summary_en="the last page leads back to the first, with a link that looks new",
        summary_da="den sidste side fører tilbage til den første med et link, der ser nyt ud",
        issue=CONTRIB + "1239",
        after=_laps,
    ),
    Scenario(
        name="empty-page",
        summary_en="a listing begins with an empty page that has a next link",
        summary_da="en liste begynder med en tom side, der har et næste-link",
        issue=DOCS + "4150",
        before=_empty(1),
    ),
    Scenario(
        name="empty-pages",
        summary_en="four empty pages with next links come before the first row",
        summary_da="fire tomme sider med næste-links kommer før den første række",
        issue=DOCS + "8057",
        before=_empty(4),
    ),
    Scenario(
        name="rows-repeated",
        summary_en="the last rows of a page come again on the next page",
        summary_da="de sidste rækker på en side kommer igen på den næste",
        issue="MicrosoftDocs/msteams-docs#13435",
        after=_seam,
    ),
    Scenario(
        name="short-pages",
        summary_en="pages hold seven rows, whatever size was asked for",
        summary_da="siderne har syv rækker, uanset hvor mange der blev bedt om",
        issue="microsoftgraph/microsoft-graph-docs concepts/paging.md",
        begin=_short,
    ),
    Scenario(
        name="paging-stops-at-deleted",
        summary_en="a listing ends at a deleted message, once; the next run's overlap has the rest",
        summary_da="en liste slutter ved en slettet besked, én gang; næste kørsel henter resten",
        issue=DOCS + "13270",
        begin=_some_deleted,
        after=_stops_at_deleted,
    ),
    Scenario(
        name="next-link-dies",
        summary_en="the link to a later page is refused as an invalid token, once a listing",
        summary_da="linket til en senere side afvises som et ugyldigt token, én gang pr. liste",
        issue=CONTRIB + "2588",
        before=_link_dies,
    ),
    Scenario(
        name="next-link-foreign",
        summary_en="the next link points to another host, which would get the token",
        summary_da="næste-linket peger på en anden server, som ville få vores token",
        issue="gediz changelog 1.6.1: the token was sent to a foreign host",
        after=_foreign,
    ),
    Scenario(
        name="directory-token-gone",
        summary_en="the directory's delta token is answered with 410, once",
        summary_da="katalogets delta-token besvares med 410, én gang",
        issue=DOCS + "4803",
        before=_directory_token_gone,
    ),
    Scenario(
        name="directory-delta-refused",
        summary_en="users/delta is refused for application permissions",
        summary_da="users/delta afvises for applikationsrettigheder",
        issue=CONTRIB + "172",
        before=_delta_refused,
    ),
    Scenario(
        name="mail-sync-state-lost",
        summary_en="each mail folder's delta token is refused once (400 or 410 SyncStateNotFound)",
        summary_da="hver mailmappes delta-token afvises én gang (400 eller 410 SyncStateNotFound)",
        issue=DOCS + "2350",
        before=_mail_state_lost,
    ),
    Scenario(
        name="mail-replays",
        summary_en="a mail folder's next round brings everything again",
        summary_da="en mailmappes næste runde bringer alt igen",
        issue="microsoftgraph/microsoft-graph-docs concepts/delta-query-overview.md (replays)",
        before=_mail_replays,
    ),
    Scenario(
        name="filter-needs-both-bounds",
        summary_en="a filter with one bound only is refused",
        summary_da="et filter med kun én grænse afvises",
        issue=DOCS + "18659",
        before=_needs_both_bounds,
    ),
    Scenario(
        name="message-outside-window",
        summary_en="a page holds a message whose last change lies after the window",
        summary_da="en side har en besked, hvis seneste ændring ligger efter vinduet",
        issue=CONTRIB + "3337",
        after=_outside,
    ),
)
