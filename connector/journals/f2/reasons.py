"""What F2's refusals mean: its reason codes, told apart whatever the status beside them."""

from __future__ import annotations

import msgspec

from connector.errors import CaseClosed, CaseLocked, Denied, Rejected, RemoteError
from connector.journaling.remote import Answer
from connector.journals.f2.xml import XmlError, parse

_NEXT = "reopen the case, or link the item to another"
_HIDDEN = "it is not there, or is hidden from the service account"
_GRANT = "give the service account write access to this case in F2"
# Reason code -> (the error, the field, what it means or what to do next).
_REASONS: dict[str, tuple[type[Rejected], str, str]] = {
    "CaseClosed": (CaseClosed, "case_number", f"the case is closed; {_NEXT}"),
    "DossierCaseClosed": (CaseClosed, "case_number", f"the case is closed; {_NEXT}"),
    # Documented for cases that were moved to an external archive: waiting would not help.
    "Locked": (CaseClosed, "case_number", f"the case is locked, as in an archive; {_NEXT}"),
    "DossierCaseNotFound": (Rejected, "case_number", _HIDDEN),
    "DossierNotFound": (Rejected, "case_number", _HIDDEN),
    "DossierNoReadAccess": (Rejected, "case_number", _HIDDEN),
    "DossierNoWriteAccess": (Rejected, "case_number", _GRANT),
    "DossierDocumentNoWriteAccess": (Rejected, "case_number", _GRANT),
    "DossierOnMeeting": (Rejected, "case_number", "it is on a meeting's agenda"),
    "DossierBadCaseNumber": (Rejected, "case_number", "F2 has no numbers of this form"),
    "DossierBadTitle": (Rejected, "title", "look at limits.title in mappings/f2.toml"),
    "DossierBadResponsible": (Rejected, "responsible", 'set matter.responsible = "nobody"'),
    "DossierNoResponsible": (Rejected, "responsible", 'set matter.responsible = "case"'),
    "DossierDocumentNotFound": (Rejected, "files", "a document of the akt is not there"),
}


class _Problem(msgspec.Struct):
    ReasonCode: str | None = None


def refusal(answer: Answer, name: str) -> RemoteError | None:
    """What F2's reason codes mean; None to leave an answer to the general rules.

    Nothing else of the body is shown: its message may repeat a name or a title.
    """
    code = _reason(answer) if 400 <= answer.status < 500 else ""
    text = f"{name}: F2 refuses with the reason {code}"
    if code == "LockedByAnotherUser":
        text += "; somebody has it open; tried again later"
        return CaseLocked(text, system=name, status=answer.status)
    if code in _REASONS:
        kind, field, what = _REASONS[code]
        return kind(f"{text}: {what}", system=name, status=answer.status, field=field)
    if answer.status == 403:
        text = (
            f"{name}: the client or its F2 user may not do this (HTTP 403); see "
            "ClientValidationRules.config and the user's roles in F2"
        )
        return Denied(text, system=name, status=403)
    return None


def _reason(answer: Answer) -> str:
    """The ReasonCode of an error, from XML or JSON; "" without one."""
    try:
        if answer.body.lstrip().startswith(b"{"):
            return answer.decoded(_Problem).ReasonCode or ""
        return parse(answer.body).value("ReasonCode")
    except (msgspec.DecodeError, XmlError):
        return ""
