"""What real Exchange servers do beside their documentation, as named misbehaviours.

Seen with an independent implementation of EWS and exchangelib 5.6.0 on 2026-11-21, or told in
Microsoft's pages on errors of synchronisation and on throttling.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from connector.sandbox import ews_xml as xml
from connector.sandbox.ews import After, Before, Call, Exchange, Refused
from connector.sandbox.ews_xml import M
from connector.sandbox.protocol import Response
from connector.sandbox.scenario import one_in

SEEN = "an independent EWS server with exchangelib 5.6.0, 2026-11-21"
SYNC_ERRORS = "Microsoft: Handling synchronization-related errors in EWS in Exchange"
THROTTLING = "Microsoft: EWS throttling in Exchange"


@dataclass(frozen=True, slots=True, kw_only=True)
class EwsScenario:
    """One named misbehaviour. `survives` is "all" (everything arrives, in this run or the next) or

    "part" (what cannot be had is told, and the rest arrives).
    """

    name: str
    summary_en: str
    summary_da: str
    issue: str
    survives: str = "all"
    before: Before | None = None
    after: After | None = None


def play(server: Exchange, names: Sequence[str]) -> Exchange:
    """Let the server misbehave in these ways. Raises KeyError for a name that is none."""
    for name in names:
        scenario = ALL[name]
        if scenario.before is not None:
            server.before.append(scenario.before)
        if scenario.after is not None:
            server.after.append(scenario.after)
    return server


def _each(pattern: str, change: Callable[[re.Match[str]], str]) -> After:
    """An `after` that changes every place of an answer that looks so."""
    found = re.compile(pattern, re.S)
    return lambda _server, _call, body: found.sub(change, body)


# --- times --------------------------------------------------------------------------------------


def _nine_digits(match: re.Match[str]) -> str:
    return f"{match[1]}.379977800Z"


_TIMES = r"(<t:DateTime(?:Created|Received)>[^<Z.]+)Z"
_RECEIVED = r"<t:DateTimeReceived>[^<]*</t:DateTimeReceived>"


# --- synchronising ------------------------------------------------------------------------------


def _last_lies(_server: Exchange, call: Call, body: str) -> str:
    """Every page says that it is the last one."""
    if call.operation != "SyncFolderItems":
        return body
    return body.replace("<m:IncludesLastItemInRange>false", "<m:IncludesLastItemInRange>true")


def _repeats(_server: Exchange, call: Call, body: str) -> str:
    """Each change comes twice, and a read mark of an item comes as an update of it too."""
    if call.operation != "SyncFolderItems":
        return body
    again = re.sub(r"<(/?)t:Create>", r"<\1t:Update>", _changes(body))
    return body.replace("</m:Changes>", f"{again}</m:Changes>")


def _changes(body: str) -> str:
    found = re.search(r"<m:Changes>(.*)</m:Changes>", body, re.S)
    return found[1] if found else ""


def _small_pages(_server: Exchange, call: Call) -> None:
    """The server gives two changes at a time, whatever was asked."""
    most = call.body.find(M + "MaxChangesReturned")
    if most is not None:
        most.text = "2"


def _state_lost(server: Exchange, call: Call) -> None:
    """After an upgrade of the server no state is good; each folder learns it once."""
    if call.operation == "SyncFolderItems" and call.body.findtext(M + "SyncState"):
        folder = call.body.find(M + "SyncFolderId")[0].get("Id")
        if server.times(f"lost {folder}", 1):
            raise Refused("ErrorInvalidSyncStateData", "The synchronization state is corrupt.")


def _malformed_id(_server: Exchange, call: Call, body: str) -> str:
    """One listed item in seven has an id that the server then calls malformed."""
    if call.operation != "SyncFolderItems":
        return body
    return re.sub(
        r'<t:ItemId Id="AA([^"]+)"',
        lambda m: f'<t:ItemId Id="{"XX" if one_in(7, m[1]) else "AA"}{m[1]}"',
        body,
    )


def _unconvertible(_server: Exchange, call: Call, body: str) -> str:
    """One item in seven cannot be converted, with a code that no library knows."""
    if call.operation != "GetItem":
        return body

    def spoilt(match: re.Match[str]) -> str:
        if not one_in(7, match[1]):
            return match[0]
        return xml.failure("GetItem", "ErrorOfTomorrow", "Something new.", "<m:Items/>")

    pattern = (
        r"<m:GetItemResponseMessage ResponseClass=\"Success\">(?:(?!</m:GetItemResponse).)*?"
        r"<t:ItemId Id=\"([^\"]+)\".*?</m:GetItemResponseMessage>"
    )
    return re.sub(pattern, spoilt, body, flags=re.S)


# --- the line -----------------------------------------------------------------------------------


def _busy(server: Exchange, call: Call) -> None:
    """Every tenth request is answered with ErrorServerBusy and a pause of a second, once."""
    if server.times("all", 10**9) and server.counts["all"] % 10 == 0:
        text = "The server cannot service this request right now. Try again later."
        raise Refused("ErrorServerBusy", text, {"BackOffMilliseconds": "1000"})
    if call.operation == "GetItem" and server.times("timeout", 1):
        raise Refused("ErrorTimeoutExpired", "The request timed out.")


def _unauthorized(server: Exchange, call: Call) -> Response | None:
    """A busy server answers 401 to an account that it let in before."""
    if call.operation == "SyncFolderItems" and server.times("401", 1):
        return Response(status=401, headers={"www-authenticate": 'Basic realm="mail"'})
    return None


def _bad_request(server: Exchange, call: Call) -> Response | None:
    """HTTP 400 to a request that is right, as after a large one on the same connection."""
    if call.operation == "GetItem" and server.times("400", 2):
        return Response(status=400, body=b"Bad Request")
    return None


def _cut(server: Exchange, call: Call) -> Response | None:
    if call.operation == "GetItem" and server.times("cut", 2):
        return Response(body=b"<s:Envelope" * 40, cut_at=80)
    return None


# --- items --------------------------------------------------------------------------------------


def _class_lost(_server: Exchange, _call: Call, body: str) -> str:
    """Every voicemail has become a plain note on its way."""
    return re.sub(
        r"(?i)<t:ItemClass>IPM\.Note\.(?:rpmsg\.)?Microsoft\.Voicemail[\w.]*<",
        "<t:ItemClass>IPM.Note<",
        body,
    )


def _odd_attachments(_server: Exchange, _call: Call, body: str) -> str:
    """Nothing said of attachments is true: neither that there are some, nor kind, nor size."""
    body = body.replace("<t:HasAttachments>true<", "<t:HasAttachments>false<")
    body = re.sub(r"<t:ContentType>[^<]*</t:ContentType>", "<t:ContentType/>", body)
    return re.sub(
        r"<t:Size>(\d+)</t:Size><t:IsInline>", r"<t:Size>\g<1>9</t:Size><t:IsInline>", body
    )


def _text_as_html(_server: Exchange, _call: Call, body: str) -> str:
    """HTML says that it is text."""
    return body.replace('<t:Body BodyType="HTML">', '<t:Body BodyType="Text">')


# --- mailboxes ----------------------------------------------------------------------------------


def _moving(_server: Exchange, call: Call) -> None:
    """One mailbox in five is just being moved."""
    if one_in(5, call.mailbox):
        raise Refused("ErrorMailboxMoveInProgress", "Mailbox move in progress.")


def _folder_gone(server: Exchange, call: Call) -> None:
    """One folder in nine is deleted between its listing and its reading."""
    if call.operation == "SyncFolderItems":
        folder = call.body.find(M + "SyncFolderId")[0].get("Id")
        if one_in(9, folder) and server.times(f"gone {folder}", 1):
            raise Refused("ErrorSyncFolderNotFound", "The folder was not found.")


SCENARIOS = (
    EwsScenario(
        name="nine-digits",
        summary_en="times have nine digits of fraction, which the library turns into none",
        summary_da="tidspunkter har ni decimaler, som biblioteket gør til ingenting",
        issue=SEEN,
        after=_each(_TIMES, _nine_digits),
    ),
    EwsScenario(
        name="no-delivery-time",
        summary_en="no item says when it was received",
        summary_da="ingen post siger, hvornår den blev modtaget",
        issue=SEEN,
        after=_each(_RECEIVED, lambda _match: ""),
    ),
    EwsScenario(
        name="last-page-lies",
        summary_en="pages of two changes, and each says that it is the last",
        summary_da="sider med to ændringer, og hver siger, at den er den sidste",
        issue=SEEN,
        before=_small_pages,
        after=_last_lies,
    ),
    EwsScenario(
        name="changes-repeat",
        summary_en="each change comes twice, the second time as an update",
        summary_da="hver ændring kommer to gange, anden gang som en opdatering",
        issue=SEEN,
        after=_repeats,
    ),
    EwsScenario(
        name="state-lost",
        summary_en="a folder's state is refused once",
        summary_da="en mappes tilstand bliver afvist én gang",
        issue=SYNC_ERRORS,
        before=_state_lost,
    ),
    EwsScenario(
        name="malformed-id",
        summary_en="one item in seven has an id that refuses every request it is in",
        summary_da="én post af syv har et id, der får hele forespørgslen afvist",
        issue=SEEN,
        survives="part",
        after=_malformed_id,
    ),
    EwsScenario(
        name="unknown-code",
        summary_en="one item in seven is answered with an error code that nobody knows",
        summary_da="én post af syv bliver besvaret med en fejlkode, som ingen kender",
        issue=SEEN,
        survives="part",
        after=_unconvertible,
    ),
    EwsScenario(
        name="busy",
        summary_en="every tenth request must wait a second, and one times out",
        summary_da="hver tiende forespørgsel må vente et sekund, og én går ud på tid",
        issue=THROTTLING,
        before=_busy,
    ),
    EwsScenario(
        name="unauthorized-when-busy",
        summary_en="401 to an account that was let in before",
        summary_da="401 til en konto, der lige er lukket ind",
        issue=SEEN,
        before=_unauthorized,
    ),
    EwsScenario(
        name="bad-request",
        summary_en="HTTP 400 to a request that is right",
        summary_da="HTTP 400 til en rigtig forespørgsel",
        issue=SEEN,
        before=_bad_request,
    ),
    EwsScenario(
        name="answers-cut",
        summary_en="the line breaks in the middle of an answer",
        summary_da="forbindelsen går midt i et svar",
        issue=SYNC_ERRORS,
        before=_cut,
    ),
    EwsScenario(
        name="class-lost",
        summary_en="every voicemail has become a plain note on its way",
        summary_da="alle telefonbeskeder er blevet til almindelige noter undervejs",
        issue="MicrosoftDocs/OfficeDocs-Support#600",
        after=_class_lost,
    ),
    EwsScenario(
        name="odd-attachments",
        summary_en="attachments are denied, without a type, and larger than they are",
        summary_da="vedhæftede filer nægtes, mangler type og er større, end de er",
        issue=SEEN,
        after=_odd_attachments,
    ),
    EwsScenario(
        name="text-as-html",
        summary_en="bodies in HTML say that they are text",
        summary_da="HTML siger, at det er tekst",
        issue=SEEN,
        after=_text_as_html,
    ),
    EwsScenario(
        name="mailbox-moving",
        summary_en="one mailbox in five is being moved",
        summary_da="én postkasse af fem er ved at blive flyttet",
        issue=SYNC_ERRORS,
        survives="part",
        before=_moving,
    ),
    EwsScenario(
        name="folder-gone",
        summary_en="one folder in nine is gone when it is to be read, once",
        summary_da="én mappe af ni er væk, når den skal læses, én gang",
        issue=SYNC_ERRORS,
        before=_folder_gone,
    ),
)

ALL: dict[str, EwsScenario] = {scenario.name: scenario for scenario in SCENARIOS}
