"""The words of mappings/request_tracker.toml, and what of them can be wrong beyond their form."""

from __future__ import annotations

from connector.errors import ConfigError
from connector.journaling.words import Row, Words

KIND = "request_tracker"

COMPULSORY = ("case_number", "key", "proof")
OPTIONAL = ("confidential", "caseworker", "department", "parties", "kle_subject", "kle_facet")

WORDS: tuple[Row, ...] = (
    Row("queues", "names", "list", ("Sager",)),
    *(Row("fields", key) for key in COMPULSORY),
    *(Row("fields", key, default="") for key in OPTIONAL),
    Row("status", "closed", "list", ("resolved", "rejected")),
    Row("status", "locked", "list", ()),
    Row("confidential", "no", "list", ("", "nej", "no")),
    Row("parties", "separator", default=";"),
    Row("parties", "requestors", "flag", default=True),
    Row("dates", "opened", "choice", "Created", choices=("Created", "Started", "Starts", "")),
    Row("dates", "closed", "choice", "Resolved", choices=("Resolved", "")),
    Row("limits", "title", "integer", 200, low=20, high=255),
    Row("limits", "file_bytes", "integer", 10_000_000, low=1_000),
    Row("limits", "entry_bytes", "integer", 50_000_000, low=1_000),
    Row("check", "case_number", default="Casethread-check"),
)

# What would end the name inside a query: CF.{name}.
_UNSAFE = frozenset("{}'\"\\")


def require(words: Words) -> None:
    """Raises ConfigError for words that RT's query language cannot take."""
    problems = []
    if not words.list("queues", "names"):
        problems.append(f"{words.name}: [queues] names: name at least one queue")
    if not words.text("parties", "separator").strip():
        problems.append(f"{words.name}: [parties] separator: may not be empty or a space")
    for key in (*COMPULSORY, *OPTIONAL):
        name = words.text("fields", key)
        if _UNSAFE & set(name):
            problems.append(f"{words.name}: [fields] {key}: may hold none of {{ }} ' \" \\")
        if key in COMPULSORY and not name:
            problems.append(
                f"{words.name}: [fields] {key}: names a custom field; it may not be empty"
            )
    if problems:
        raise ConfigError(problems)
