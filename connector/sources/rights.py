"""What each source must be allowed to do, how to grant it, and what is more than needed.

Least permissions: Microsoft Graph permissions reference, read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from connector.auth import token_roles
from connector.errors import Denied, Gone, RemoteError
from connector.http import Answer, Graph
from connector.model import Finding
from connector.typed import read_json


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """The least application permission of a source, others that do too, and the roles it minds."""

    least: str
    also: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()  # roles that begin like this are this source's to judge
    hint: str = ""


DIRECTORY = Need(
    least="User.Read.All",
    also=("Directory.Read.All",),
    areas=("",),
    hint="users/delta needs User.Read.All; User.ReadBasic.All has no telephone numbers.",
)
CHATS = Need(
    least="Chat.Read.All",
    also=("Chat.ReadWrite.All",),
    areas=("Chat.", "ChatMessage."),
    hint="Reading messages as an app may also need Microsoft's approval for protected APIs.",
)
CHANNELS = Need(
    least="ChannelMessage.Read.All", areas=("ChannelMessage.", "Channel.", "Team.", "Teamwork.")
)
CALL_RECORDS = Need(least="CallRecords.Read.All", areas=("CallRecords.",))
CALL_ROWS = Need(
    least="CallRecord-PstnCalls.Read.All",
    also=("CallRecords.Read.All",),
    areas=("CallRecord-",),
)
PRESENCE = Need(least="Presence.Read.All", also=("Presence.ReadWrite.All",), areas=("Presence.",))
MAIL = Need(
    least="Mail.Read",
    also=("Mail.ReadWrite",),
    areas=("Mail.", "MailboxSettings.", "full_access_as_app"),
    hint=(
        "Mail.Read reaches every mailbox: narrow it to the mailboxes concerned with RBAC for "
        "Applications in Exchange Online. A change takes up to some hours to be applied."
    ),
)

# What we know to be too much, and what does instead.
_TOO_MUCH = {
    "Chat.ReadWrite.All": "Chat.Read.All",
    "ChatMessage.Read.All": "Chat.Read.All",
    "Directory.Read.All": "User.Read.All",
    "Directory.ReadWrite.All": "User.Read.All",
    "User.ReadWrite.All": "User.Read.All",
    "Group.ReadWrite.All": "nothing: groups are not read",
    "Mail.ReadWrite": "Mail.Read",
    "Mail.Send": "nothing: no mail is sent",
    "Presence.ReadWrite.All": "Presence.Read.All",
    "Sites.FullControl.All": "Sites.Selected with a write role on one site",
    "Sites.ReadWrite.All": "Sites.Selected with a write role on one site",
    "Files.ReadWrite.All": "nothing: files are not read through this permission",
    "full_access_as_app": "Mail.Read in Graph; EWS ends in Exchange Online in April 2027",
}
_WRITES = ("ReadWrite", "FullControl", "Manage", "Send", "full_access")


def check(graph: Graph, source: str, need: Need, attempt: Callable[[], None]) -> list[Finding]:
    """Make the smallest real request, and say what is missing and what is too much.

    `attempt` raises one of our errors when the service cannot be used.
    """
    roles = graph_roles(graph)
    try:
        attempt()
    except Denied as error:
        return [Finding(level="error", system=source, what=str(error), fix=_fix(error, need))]
    except Gone as error:
        what = f"{error}; the right is there, but what was asked for is not"
        found = [Finding(level="warning", system=source, what=what, fix=need.hint)]
    except RemoteError as error:
        fix = "Look at [graph] base_url, proxy and ca_bundle, and at the network; try again."
        return [Finding(level="error", system=source, what=str(error), fix=fix)]
    else:
        found = [Finding(level="ok", system=source, what=f"reachable, with {need.least} or more")]
    return found + _too_much(source, need, roles)


_EVERYWHERE = ("missing role permissions", "protected api", "insufficient privileges")


def concerns_all(error: RemoteError) -> bool:
    """Whether a refusal is about the app as a whole and not about this mailbox or chat.

    Then each further part would only be refused again, and the run should end.
    """
    if not isinstance(error, Denied):
        return False
    text = str(error).lower()
    return error.status in (401, 402) or any(words in text for words in _EVERYWHERE)


def _fix(error: Denied, need: Need) -> str:
    if error.status == 401:
        return (
            "Look at tenant, client_id and the secret or certificate in [graph]; renew the secret."
        )
    others = f" ({' or '.join(need.also)} does too, and is more than needed)" if need.also else ""
    steps = (
        f"Grant the application permission {need.least}{others}: Microsoft Entra admin center, App "
        f"registrations, this app, API permissions, Add, Microsoft Graph, Application permissions, "
        f"{need.least}; then Grant admin consent. A new token carries it within the hour."
    )
    return f"{steps} {need.hint}".strip()


def _too_much(source: str, need: Need, roles: frozenset[str]) -> list[Finding]:
    """A warning for each role of this source's area that it does not need."""
    found = []
    for role in sorted(roles):
        if role == need.least or not _is_ours(role, need):
            continue
        if role not in _TOO_MUCH and not any(word in role for word in _WRITES):
            continue
        instead = _TOO_MUCH.get(role, "nothing: this program only reads")
        what = f"the app may do more than needed: {role}"
        fix = f"Remove {role} under API permissions. What is needed instead: {instead}."
        found.append(Finding(level="warning", system=source, what=what, fix=fix))
    return found


_OTHERS = tuple(
    area
    for need in (CHATS, CHANNELS, CALL_RECORDS, CALL_ROWS, PRESENCE, MAIL)
    for area in need.areas
)


def _is_ours(role: str, need: Need) -> bool:
    """Each role is judged by one source; the directory judges what belongs to none."""
    if need.areas == ("",):
        return not role.startswith(_OTHERS)
    return role.startswith(need.areas)


def graph_roles(graph: Graph) -> frozenset[str]:
    """The roles in the app's token, empty when it holds none that can be read."""
    try:
        return token_roles(graph.token())
    except RemoteError:
        return frozenset()


class _Ids(msgspec.Struct):
    value: list[dict[str, Any]]


def first_id(answer: Answer) -> str:
    """The id of the first row of a listing, or ""."""
    rows = read_json(answer.body, _Ids).value
    return str(rows[0].get("id", "")) if rows else ""
