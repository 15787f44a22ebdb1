"""What Exchange's error codes mean for us: wait, this one only, this folder, this mailbox.

Source: Microsoft, "ResponseCode" and "Handling synchronization-related errors in EWS in Exchange",
read 2026-11-22. A code that is not named here concerns one mailbox, and is told by its name.
"""

from __future__ import annotations

# Another moment, or fewer requests, may do.
PASSING = frozenset(
    {
        *("ErrorServerBusy", "ErrorTimeoutExpired", "ErrorInternalServerTransientError"),
        *("ErrorInternalServerError", "ErrorTooManyObjectsOpened", "ErrorExceededConnectionCount"),
        *("ErrorConnectionFailed", "ErrorConnectionFailedTransientError"),
        *("ErrorInsufficientResources", "ErrorRightsManagementTransientException"),
        "ErrorBatchProcessingStopped",
    }
)
# The mailbox, or the database it is in, is away for minutes or hours; the others are not. The last
# two are HTTP's: the account was let in, and this mailbox was not opened.
AWAY = frozenset(
    {
        *("ErrorMailboxStoreUnavailable", "ErrorMailboxFailover", "ErrorMailboxMoveInProgress"),
        *("HTTP 401", "HTTP 403"),
    }
)
# The request was too much at once, or one thing in it spoilt it for the others.
TOO_MUCH = frozenset(
    {
        *(
            "ErrorTimeoutExpired",
            "ErrorInvalidIdMalformed",
            "ErrorInvalidId",
            "ErrorInvalidIdEmpty",
        ),
        *("ErrorInvalidIdNotAnItemAttachmentId", "ErrorInvalidIdMonikerTooLong"),
        *("ErrorInvalidIdMalformedEwsLegacyIdFormat", "ErrorResponseSchemaValidation"),
        *("ErrorSchemaValidation", "ErrorExceededLimit", "ErrorMessageSizeExceeded"),
        *("ErrorInternalServerError",),
    }
)
GONE = frozenset({"ErrorItemNotFound", "ErrorMessageTrackingNoSuchDomain"})
FOLDER_GONE = frozenset(
    {"ErrorSyncFolderNotFound", "ErrorFolderNotFound", "ErrorItemNotFound", "ErrorInvalidFolderId"}
)
STATE_UNUSABLE = frozenset(
    {"ErrorInvalidSyncStateData", "ErrorSyncStateVersionMismatch", "ErrorInvalidIdMalformed"}
)
NO_RIGHT = frozenset(
    {
        *("ErrorImpersonateUserDenied", "ErrorImpersonationDenied", "ErrorImpersonationFailed"),
        *("ErrorAccessDenied", "ErrorImpersonationRequired"),
    }
)

# In a hybrid organisation a mailbox that moved is known here, or is not, and is not here.
_ONLINE = (
    "if it was moved to Exchange Online, it is read by Microsoft Graph: set "
    "sources.voicemail.enabled to true"
)
_WHAT_TO_DO = {
    "ErrorNonExistentMailbox": (
        "there is no such mailbox here; was it moved, renamed or removed? Look at "
        f"sources.exchange.mailboxes and the directory; {_ONLINE}"
    ),
    "ErrorMailboxMoveInProgress": "the mailbox is just being moved; the next run tries again",
    "ErrorMailboxStoreUnavailable": "its database is not mounted; the next run tries again",
    "ErrorMailboxFailover": "its database is moving to another server; the next run tries again",
    "HTTP 401": (
        "the account can sign in, but not where this mailbox is; look at the mailbox's server and "
        "how its EWS signs in (Get-WebServicesVirtualDirectory)"
    ),
    "HTTP 403": (
        "EWS is closed for this mailbox; look at Get-CASMailbox: EwsEnabled, "
        "EwsApplicationAccessPolicy and the allow list"
    ),
    "ErrorAccountDisabled": "the account is disabled; enable it, or leave the mailbox out",
    "ErrorWrongServerVersion": (
        f"the mailbox is on another server; look at sources.exchange.url; {_ONLINE}"
    ),
    "ErrorProxyRequestNotAllowed": (
        f"the mailbox is on another server, which this one may not ask; {_ONLINE}"
    ),
    "ErrorNoRespondingCASInDestinationSite": "no server of the mailbox's site answers",
    "ErrorMissingEmailAddress": "the account has no mailbox",
    "ErrorInvalidSmtpAddress": "this is not a mail address",
}
IMPERSONATION = (
    "Give the service account the role ApplicationImpersonation, bounded by a management scope "
    "(New-ManagementRoleAssignment -Role ApplicationImpersonation -User ... "
    "-CustomRecipientWriteScope ...); see docs/how-to/exchange.md."
)
DELEGATION = (
    "Give the service account the right to read the mailbox (Add-MailboxPermission -User ... "
    "-AccessRights FullAccess), or set sources.exchange.access to impersonation."
)


class Refusal(Exception):
    """Exchange's refusal of a request, by its code. Stays in this package."""

    def __init__(self, code: str, text: str = "", back_off_s: float | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.text = text
        self.back_off_s = back_off_s


def told(code: str, *, is_impersonated: bool = True) -> str:
    """A code in words: what, and what to do. The server's own text is left out: it holds names."""
    if code in NO_RIGHT:
        return f"Exchange refuses it ({code}). {IMPERSONATION if is_impersonated else DELEGATION}"
    what = _WHAT_TO_DO.get(code, "see the code in Microsoft's list of EWS response codes")
    return f"Exchange refuses it ({code}): {what}"
