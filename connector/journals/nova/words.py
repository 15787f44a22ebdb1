"""The rows of mappings/nova.toml."""

from __future__ import annotations

from connector.journaling.words import Row

KIND = "nova"
LANGUAGES = ("da", "en")
DIRECTIONS = ("inbound", "outbound", "internal", "unknown")
# From least to most; Nova's own words (public client, 2026-11).
SENSITIVITIES = ("IkkeFortrolige", "Fortrolige", "Følsomme", "SærligFølsomme")
DOCUMENT_TYPES = (
    "Indgående", "Udgående", "Internt", "Dagsordenpunkt", "Dagsorden", "Referat", "Andet",
    "GisKort", "NovaDagsordenspunkt",
)  # fmt: skip

WORDS: tuple[Row, ...] = (
    Row("api", "version"),
    Row("api", "page_rows", "integer", 500, 1, 500),
    Row("note", "title_chars", "integer", low=20, high=4000),
    Row("note", "note_chars", "integer", low=500, high=10_000_000),
    Row("note", "type"),
    Row("note", "approved", "flag"),
    Row("note", "author_id", default=""),
    Row("note", "author_name", default=""),
    Row("note", "time", "choice", "local", choices=("local", "utc", "offset")),
    Row("note", "avoid_padding", "flag", False),
    Row("note", "plain_letters", "flag", False),
    Row("documents", "transcript", "choice", "always", choices=("always", "long", "never")),
    Row("documents", "title_chars", "integer", low=20, high=4000),
    Row("documents", "description_chars", "integer", low=120, high=4000),
    Row("documents", "approved", "flag"),
    Row("documents", "access", "flag"),
    Row("documents", "category", default=""),
    Row("documents", "least_sensitivity", "choice", choices=SENSITIVITIES),
    Row("documents", "security_unit_id", "integer", 0),
    Row("documents", "security_unit_name", default=""),
    # What is written is read back whole; answers end at 64 MB.
    Row("documents", "file_mb", "integer", low=1, high=60),
    Row("document_types", "", "choice", choices=DOCUMENT_TYPES, each=DIRECTIONS),
    Row("transcript_title", "", "template", placeholders=("title",), each=LANGUAGES),
    Row("file_title", "", "template", placeholders=("title", "number", "name"), each=LANGUAGES),
    Row("cut_note", "", "template", placeholders=("document",), each=LANGUAGES),
    Row("register", "open_states", "list"),
    Row("register", "open_sensitivity", "list"),
    Row("register", "caseworker_upn", "template", "", placeholders=("racf_id",)),
    Row(
        "links",
        "note",
        "template",
        "",
        placeholders=("case_uuid", "case_number", "note_uuid"),
    ),
    Row("check", "probe_case", default=""),
)
