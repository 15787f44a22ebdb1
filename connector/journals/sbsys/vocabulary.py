"""The rows of mappings/sbsys.toml: limits, states and settings of one SBSYS. Pure."""

from __future__ import annotations

from connector.journaling.words import Row

KIND = "sbsys"
NOT_SENT = "not sent"

WORDS: tuple[Row, ...] = (
    Row("limits", "heading", "integer", 255, low=20, high=255),
    Row("limits", "note", "integer", 30_000, low=2_000),
    Row("limits", "name", "integer", 200, low=20, high=200),
    Row("limits", "description", "integer", 255, low=100, high=255),
    Row("limits", "file_mb", "integer", 0, high=2_000),
    Row("states", "open", "list", ("Aktiv", "0")),
    Row("note", "time", "choice", "offset", choices=("offset", "utc")),
    Row("note", "transcript", "choice", "when needed", choices=("when needed", "always")),
    Row("document", "transcript_type", "choice", "html", choices=("html", "txt")),
    Row("document", "external_id", "text", ""),
    Row("document", "access_requests", "choice", NOT_SENT, choices=(NOT_SENT, "yes", "no")),
    Row(
        "document_kinds",
        "",
        "integer",
        0,
        each=("inbound", "outbound", "internal", "unknown"),
    ),
    Row("register", "caseworker_upn", "template", "", placeholders=("logon",)),
    Row("links", "case", "template", "", placeholders=("id", "uuid", "number")),
    Row("check", "case_number", "text", ""),
    Row("check", "try_writing", "flag", True),
    Row("texts", "", "template", placeholders=("id", "name"), each=("document_da", "document_en")),
    Row("texts", "", "template", placeholders=("id",), each=("full_text_da", "full_text_en")),
    Row("texts", "", "template", placeholders=("id",), each=("earlier_da", "earlier_en")),
    Row("texts", "", each=("transcript_da", "transcript_en")),
)
