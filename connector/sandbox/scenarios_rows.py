"""Rows that are odd: dates, enumerations, names, numbers, classes."""

from __future__ import annotations

import re
from dataclasses import replace

from connector.sandbox.phone import masked
from connector.sandbox.protocol import Response
from connector.sandbox.scenario import Scenario, Scene, each_row, listing, one_in, rewritten
from connector.sandbox.world import Json

RECORDS = "/communications/callRecords"
SENTINEL = "0001-01-01T00:00:00Z"
MAIL = re.compile(r"^/users/([^/]+)/(?:mailFolders|messages)")


def _is_messages(scene: Scene) -> bool:
    return scene.is_messages


def _is_rows(scene: Scene) -> bool:
    return "getPstnCalls(" in scene.path or "getDirectRoutingCalls(" in scene.path


def _is_new_list(scene: Scene) -> bool:
    return scene.path == RECORDS and not scene.is_later_page


# --- dates, enumerations, names -------------------------------------------------------------------


def _without_t(_scene: Scene, row: Json) -> None:
    if one_in(4, str(row["id"])):
        row["createdDateTime"] = row["createdDateTime"].replace("T", "", 1)


def _seven_digits(_scene: Scene, row: Json) -> None:
    for name in ("createdDateTime", "lastModifiedDateTime"):
        row[name] = row[name].replace("Z", "4567Z")


def _sentinels(_scene: Scene, row: Json) -> None:
    """The end is not known, though the call was answered; the duration is."""
    if one_in(3, str(row["id"])):
        row["endDateTime"] = SENTINEL


def _unknown_members(_scene: Scene, row: Json) -> None:
    if "messageType" in row:
        row["importance"] = "whenever"
        if row["from"] and one_in(3, row["id"]):
            row["from"]["user"]["userIdentityType"] = "avatarUser"
        if row["messageType"] == "systemEventMessage" and "members" in (row["eventDetail"] or {}):
            row["eventDetail"]["@odata.type"] = "#microsoft.graph.moodChangedEventMessageDetail"
    elif row.get("modalities"):
        row["modalities"] = ["hologram", *row["modalities"]]
        row["type"] = "unknownFutureValue" if one_in(3, row["id"]) else row["type"]


def _no_names(_scene: Scene, row: Json) -> None:
    if "displayName" in row:
        row["displayName"] = None
    if row.get("from"):
        row["from"]["user"]["displayName"] = None


def _mask_rows(scene: Scene, response: Response) -> Response:
    """Every outside number is masked, in rows and in call records."""
    if not scene.is_read or not scene.path.startswith(RECORDS):
        return response
    inside = {person.phone for person in scene.view.town.staff}
    text = re.sub(
        r"\+45\d{8}", lambda m: m[0] if m[0] in inside else masked(m[0]), response.body.decode()
    )
    return replace(response, body=text.encode())


def _one_call_id(_scene: Scene, row: Json) -> None:
    if "callId" in row:
        row["callId"] = "1_1@198.51.100.1"


def _doubled(scene: Scene, response: Response) -> Response:
    body = listing(response) if _is_rows(scene) else None
    if body is None or not body["value"]:
        return response
    return rewritten(response, {**body, "value": [*body["value"], body["value"][0]]})


def _broken(scene: Scene, response: Response) -> Response:
    """One row more in each page, of which nothing fits the schema."""
    body = listing(response) if scene.is_messages else None
    if body is None:
        return response
    bad = {"id": 7, "etag": None, "createdDateTime": "soon", "chatId": ["?"], "body": "text"}
    rows: list[Json] = body["value"]
    return rewritten(response, {**body, "value": [*rows[:1], bad, *rows[1:]]})


def _presence_holes(scene: Scene, response: Response) -> Response:
    body = listing(response) if scene.path.endswith("getPresencesByUserId") else None
    if body is None:
        return response
    return rewritten(
        response, {**body, "value": [r for r in body["value"] if not one_in(3, r["id"])]}
    )


def _class_lost(scene: Scene, response: Response) -> Response:
    """Every mail has become a plain note on its way; header or reply address must do."""
    if not MAIL.match(scene.path) or b"IPM.Note.Microsoft" not in response.body:
        return response
    body = re.sub(rb"(?i)IPM\.Note\.(Microsoft|rpmsg)[\w.]*", b"IPM.Note", response.body)
    return replace(response, body=body)


DOCS, CONTRIB = (
    "microsoftgraph/microsoft-graph-docs#",
    "microsoftgraph/microsoft-graph-docs-contrib#",
)
OFFICE = "MicrosoftDocs/OfficeDocs-SkypeForBusiness#8756"

SCENARIOS = (
    Scenario(
        name="malformed-dates",
        summary_en="some dates lack the T between day and time",
        summary_da="nogle datoer mangler T mellem dag og klokkeslæt",
        issue="microsoftgraph/microsoft-graph-docs concepts/system-messages.md",
        after=each_row(_without_t, _is_messages),
    ),
    Scenario(
        name="seven-digit-fractions",
        summary_en="times have seven digits of fraction",
        summary_da="tidspunkter har syv decimaler",
        issue=CONTRIB + "779",
        after=each_row(_seven_digits, _is_messages),
    ),
    Scenario(
        name="sentinel-dates",
        summary_en="ends of calls are 0001-01-01 though the call was answered",
        summary_da="opkalds sluttid er 0001-01-01, selv om de blev besvaret",
        issue="microsoft-graph-docs api-reference, callrecords-callrecord-getdirectroutingcalls.md",
        after=each_row(_sentinels, _is_rows),
    ),
    Scenario(
        name="unknown-enum-members",
        summary_en="enumerations have members that nobody knew",
        summary_da="opremsninger har værdier, som ingen kendte",
        issue="microsoft-graph-docs concepts/best-practices-concept.md (evolvable enums)",
        after=each_row(_unknown_members, lambda scene: scene.is_messages or scene.path == RECORDS),
    ),
    Scenario(
        name="names-missing",
        summary_en="display names are null everywhere",
        summary_da="visningsnavne er null overalt",
        issue="microsoft-graph-docs concepts/system-messages.md (displayName null)",
        after=each_row(_no_names, lambda s: s.is_messages or s.path.startswith("/users/delta")),
    ),
    Scenario(
        name="numbers-masked",
        summary_en="every outside number ends in asterisks",
        summary_da="alle eksterne numre ender på stjerner",
        issue=DOCS + "8137",
        after=_mask_rows,
    ),
    Scenario(
        name="call-id-not-unique",
        summary_en="all PSTN rows have the same callId",
        summary_da="alle PSTN-rækker har samme callId",
        issue=OFFICE + " (pstn-usage-report.md)",
        after=each_row(_one_call_id, _is_rows),
    ),
    Scenario(
        name="rows-doubled",
        summary_en="a PSTN or Direct Routing row comes twice on the seam",
        summary_da="en PSTN- eller Direct Routing-række kommer to gange ved sømmen",
        issue="microsoft-graph-docs api-reference, callrecords-callrecord-getpstncalls.md",
        after=_doubled,
    ),
    Scenario(
        name="broken-row",
        summary_en="one row of each page fits no schema",
        summary_da="én række på hver side passer ikke til noget skema",
        issue=DOCS + "5853",
        after=_broken,
    ),
    Scenario(
        name="presence-missing",
        summary_en="a third of the people is left out of the answer",
        summary_da="en tredjedel af personerne mangler i svaret",
        issue="microsoft-graph-docs api-reference, cloudcommunications-getpresencesbyuserid.md",
        after=_presence_holes,
    ),
    Scenario(
        name="mail-class-lost",
        summary_en="every voicemail has become a plain note on its way",
        summary_da="alle telefonbeskeder er blevet til almindelige noter undervejs",
        issue="MicrosoftDocs/OfficeDocs-Support#600",
        after=_class_lost,
    ),
)
