"""Things that come late, change, move, are forbidden or are gone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from connector.sandbox.protocol import Response
from connector.sandbox.scenario import Scenario, Scene, each_row, listing, one_in, rewritten
from connector.sandbox.world import Json, Message

RECORDS = "/communications/callRecords"
MAIL = re.compile(r"^/users/([^/]+)/(?:mailFolders|messages)")


def _is_messages(scene: Scene) -> bool:
    return scene.is_messages


def _is_new_list(scene: Scene) -> bool:
    return scene.path == RECORDS and not scene.is_later_page


# --- what is told late or told again -------------------------------------------------------------


def _hide(scene: Scene) -> None:
    scene.view.hidden_calls.update(c.key for c in scene.view.town.calls if one_in(3, c.key))


def _reveal(scene: Scene) -> Response | None:
    if _is_new_list(scene) and not scene.times("list", 2):
        scene.view.hidden_calls.clear()
    return None


def _bare(scene: Scene) -> None:
    scene.view.bare_calls.update(c.key for c in scene.view.town.calls if one_in(3, c.key))


def _complete(scene: Scene) -> Response | None:
    """From the second listing on the records are whole, and their version is 2."""
    if _is_new_list(scene) and not scene.times("list", 1) and scene.view.bare_calls:
        scene.view.versions.update(dict.fromkeys(scene.view.bare_calls, 2))
        scene.view.bare_calls.clear()
    return None


def _new_versions(scene: Scene) -> Response | None:
    """Each listing finds a third of the records with a higher version, twice."""
    if _is_new_list(scene) and not scene.times("first", 1) and scene.times("list", 2):
        for call in scene.view.town.calls:
            if one_in(3, call.key):
                scene.view.versions[call.key] = scene.view.versions.get(call.key, 1) + 1
    return None


def _no_detail(scene: Scene) -> Response | None:
    """A listed record whose details are gone already: a third of them."""
    key = scene.path.removeprefix(RECORDS + "/").split("/")[0]
    if scene.path.startswith(RECORDS + "/") and one_in(3, key) and "(" not in key:
        return scene.refuse(404, "NotFound", "The call record was not found.")
    return None


def _small_nests(scene: Scene) -> None:
    scene.view.nested_page, scene.view.participant_page = 1, 1


def _later(change: Callable[[Message, datetime], Message]) -> Callable[[Scene], Response | None]:
    """When a user's chats are listed again, some messages of the last 20 hours have changed."""

    def before(scene: Scene) -> Response | None:
        if not scene.is_messages or scene.is_later_page or scene.times(scene.path, 1):
            return None
        user = scene.path.split("/")[2]
        oldest = scene.view.now - timedelta(hours=20)
        newest = scene.view.now - timedelta(minutes=20)
        for message in scene.view.index.chat_messages.get(user, []):
            fresh = oldest < message.at < newest and not message.deleted_at and not message.event
            if fresh and one_in(2, message.key):
                at = message.at + timedelta(seconds=30)
                scene.view.changed[message.thread, message.key] = change(message, at)
        return None

    return before


def _edited(message: Message, at: datetime) -> Message:
    return replace(message, edited_at=at, first_html=message.html, html=message.html + " (rettet)")


def _deleted(message: Message, at: datetime) -> Message:
    return replace(message, deleted_at=at)


def _vanishes(scene: Scene, response: Response) -> Response:
    """What was listed once to a user is not listed again: deleted for good, nothing says so."""
    body = listing(response) if scene.is_messages else None
    if body is None:
        return response
    user = scene.path.split("/")[2]
    gone = [
        r
        for r in body["value"]
        if one_in(5, r["id"]) and not scene.times(f"{user}{r['chatId']}{r['id']}", 1)
    ]
    kept = [row for row in body["value"] if row not in gone]
    return rewritten(response, {**body, "value": kept}) if gone else response


def _goes_back(scene: Scene, row: Json) -> None:
    """The second time a message is shown, it is an older version, with a lower etag."""
    key = f"{row['chatId']}{row['id']}"
    if one_in(3, key) and not scene.times(key, 1) and scene.times("old" + key, 1):
        row["etag"] = str(int(row["etag"]) - 1)
        row["body"]["content"] = "en ældre udgave"


# --- what is forbidden or gone -------------------------------------------------------------------


def _first_mailbox(scene: Scene) -> bool:
    found = MAIL.match(scene.path)
    return bool(found) and found[1] == scene.view.town.staff[0].key if found else False


def _mailbox_forbidden(scene: Scene) -> Response | None:
    if not _first_mailbox(scene):
        return None
    return scene.refuse(
        403,
        "ErrorAccessDenied",
        "Access to OData is disabled: [RAOP] : Blocked by tenant configured AccessPolicy.",
    )


def _mailbox_missing(scene: Scene) -> Response | None:
    if not _first_mailbox(scene):
        return None
    text = "The mailbox is either inactive, soft-deleted, or is hosted on-premise."
    return scene.refuse(404, "MailboxNotEnabledForRESTAPI", text)


def _chats_forbidden(scene: Scene) -> Response | None:
    if scene.path == f"/users/{scene.view.town.staff[0].key}/chats/getAllMessages":
        return scene.refuse(403, "Forbidden", "Forbidden")
    return None


def _foreign_chat(scene: Scene) -> Response | None:
    if scene.path.startswith("/chats/") and scene.is_read:
        return scene.refuse(403, "Forbidden", "Forbidden")
    return None


def _no_picture(scene: Scene) -> Response | None:
    if "/hostedContents/" in scene.path:
        return scene.refuse(404, "NotFound", "NotFound")
    return None


def _no_attachment(scene: Scene) -> Response | None:
    if "/attachments/" in scene.path and "/messages/" in scene.path:
        return scene.refuse(
            403, "ErrorAccessDenied", "Access is denied. Check credentials and try again."
        )
    return None


# --- people and folders that change --------------------------------------------------------------


def _is_round(scene: Scene) -> bool:
    return scene.path == "/users/delta" and "$deltatoken" in scene.request.query


def _renamed(scene: Scene) -> Response | None:
    if _is_round(scene) and scene.times("x", 1):
        person = scene.view.town.staff[0]
        upn = "nyt.navn@" + person.upn.split("@")[1]
        scene.view.renamed[person.key] = (scene.view.changes + 1, upn)
        scene.view.index.people[upn] = person
    return None


def _removed(scene: Scene) -> Response | None:
    if _is_round(scene) and scene.times("x", 1):
        scene.view.removed[scene.view.town.staff[0].key] = scene.view.changes + 1
    return None


def _moved(scene: Scene) -> Response | None:
    """Before the second round every second voicemail goes to the archive, under the same id."""
    if (
        "/messages/delta" in scene.path
        and "$deltatoken" in scene.request.query
        and scene.times("x", 1)
    ):
        change = scene.view.changes + 1
        for mail in scene.view.town.mails:
            if mail.kind == "voicemail" and mail.folder == "inbox" and one_in(2, mail.key):
                scene.view.moved[mail.key] = (change, "archive")
    return None


def _moved_unseen(scene: Scene, response: Response) -> Response:
    """The move shows as a removal in the old folder; the new folder never tells of it."""
    body = listing(response) if "/messages/delta" in scene.path else None
    if body is None or "$deltatoken" not in scene.request.query:
        return response
    kept = [row for row in body["value"] if row["id"] not in scene.view.moved or "@removed" in row]
    return rewritten(response, {**body, "value": kept})


DOCS, CONTRIB = (
    "microsoftgraph/microsoft-graph-docs#",
    "microsoftgraph/microsoft-graph-docs-contrib#",
)
OFFICE = "MicrosoftDocs/OfficeDocs-SkypeForBusiness#8756"

SCENARIOS = (
    Scenario(
        name="records-late",
        summary_en="a third of the call records appears from the third listing on",
        summary_da="en tredjedel af opkaldsposterne kommer først fra tredje læsning",
        issue=DOCS + "7566",
        begin=_hide,
        before=_reveal,
    ),
    Scenario(
        name="records-partial",
        summary_en="a call record comes first without sessions and participants",
        summary_da="en opkaldspost kommer først uden sessioner og deltagere",
        issue="microsoftgraph/msgraph-sdk-powershell#3598",
        begin=_bare,
        before=_complete,
    ),
    Scenario(
        name="records-reversioned",
        summary_en="call records come again with a higher version",
        summary_da="opkaldsposter kommer igen med en højere version",
        issue=CONTRIB + "4973",
        before=_new_versions,
    ),
    Scenario(
        name="records-without-detail",
        summary_en="some listed call records are gone when asked for",
        summary_da="nogle opkaldsposter på listen er væk, når man spørger efter dem",
        issue=DOCS + "11739",
        survives="part",
        before=_no_detail,
    ),
    Scenario(
        name="records-nested-pages",
        summary_en="sessions and participants come one a page",
        summary_da="sessioner og deltagere kommer én pr. side",
        issue="microsoft-graph-docs api-reference/v1.0/api/callrecords-callrecord-get.md",
        begin=_small_nests,
    ),
    Scenario(
        name="message-edited",
        summary_en="messages have been edited when they are read again",
        summary_da="beskeder er rettet, når de læses igen",
        issue=CONTRIB + "6097",
        before=_later(_edited),
    ),
    Scenario(
        name="message-deleted",
        summary_en="messages have been deleted when they are read again, and are empty",
        summary_da="beskeder er slettet, når de læses igen, og er tomme",
        issue=CONTRIB + "3319",
        before=_later(_deleted),
    ),
    Scenario(
        name="message-vanishes",
        summary_en="messages read once are not shown again",
        summary_da="beskeder, der er læst én gang, vises ikke igen",
        issue=DOCS + "15661",
        after=_vanishes,
    ),
    Scenario(
        name="etag-goes-back",
        summary_en="an older version of a message comes after a newer",
        summary_da="en ældre udgave af en besked kommer efter en nyere",
        issue=DOCS + "9063",
        after=each_row(_goes_back, _is_messages),
    ),
    Scenario(
        name="mailbox-forbidden",
        summary_en="one mailbox is forbidden by an access policy",
        summary_da="én postkasse er spærret af en adgangspolitik",
        issue=CONTRIB + "8731",
        survives="part",
        before=_mailbox_forbidden,
    ),
    Scenario(
        name="mailbox-missing",
        summary_en="one mailbox is on premises or inactive",
        summary_da="én postkasse er lokal eller inaktiv",
        issue=CONTRIB + "6519",
        survives="part",
        before=_mailbox_missing,
    ),
    Scenario(
        name="chats-forbidden",
        summary_en="the chats of one user are forbidden",
        summary_da="én brugers chats er spærret",
        issue=DOCS + "15787",
        survives="part",
        before=_chats_forbidden,
    ),
    Scenario(
        name="chat-foreign",
        summary_en="a chat's own settings, members and pictures are refused",
        summary_da="en chats indstillinger, medlemmer og billeder afvises",
        issue=DOCS + "14677",
        before=_foreign_chat,
    ),
    Scenario(
        name="picture-gone",
        summary_en="pasted pictures are not found",
        summary_da="indsatte billeder findes ikke",
        issue=DOCS + "7796",
        before=_no_picture,
    ),
    Scenario(
        name="attachment-forbidden",
        summary_en="the bytes of attachments are refused",
        summary_da="vedhæftede filers indhold afvises",
        issue=DOCS + "8446",
        before=_no_attachment,
    ),
    Scenario(
        name="user-renamed",
        summary_en="a user gets a new UPN between two rounds",
        summary_da="en bruger får nyt UPN mellem to runder",
        issue="microsoft-graph-docs api-reference, user-delta.md",
        before=_renamed,
    ),
    Scenario(
        name="user-removed",
        summary_en="a user is removed between two rounds",
        summary_da="en bruger fjernes mellem to runder",
        issue="microsoftgraph/microsoft-graph-docs concepts/delta-query-overview.md (@removed)",
        before=_removed,
    ),
    Scenario(
        name="mail-moved",
        summary_en="voicemails are moved to another folder under the same id",
        summary_da="telefonbeskeder flyttes til en anden mappe med samme id",
        issue=DOCS + "4557",
        before=_moved,
    ),
    Scenario(
        name="mail-moved-unseen",
        summary_en="a moved voicemail shows only as removed",
        summary_da="en flyttet telefonbesked ses kun som fjernet",
        issue=CONTRIB + "72",
        before=_moved,
        after=_moved_unseen,
    ),
)
