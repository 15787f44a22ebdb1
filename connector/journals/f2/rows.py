"""The words of mappings/f2.toml that an F2 site decides, and the limits of F2 13."""

from __future__ import annotations

from connector.journaling.words import Row

WORDS = (
    Row("service", "index", default="ServiceIndex"),
    Row("service", "organization", default=""),
    Row("types", "", "choice", choices=("Inbound", "Outbound", "Internal"),
        each=("inbound", "outbound", "internal", "unknown")),
    Row("matter", "archived", "flag", default=False),
    Row("matter", "status", "choice", default="", choices=("", "InProgress", "Closed")),
    Row("matter", "access_level", "choice", default="", choices=("", "Involved", "Unit", "All")),
    Row("matter", "responsible", "choice", default="nobody", choices=("nobody", "case")),
    Row("matter", "keyword_codes", "list", default=()),
    Row("matter", "external_access", default=""),
    Row("matter", "follows", "template", placeholders=("number",)),
    Row("matter", "in_document"),
    Row("limits", "title", "integer", default=255, low=60, high=255),
    Row("limits", "description", "integer", default=255, low=20, high=100_000),
    Row("limits", "text", "integer", default=500_000, low=2_000),
    Row("limits", "file_bytes", "integer", default=0),
    Row("parties", "relations", "list", default=()),
    Row("parties", "department_relation", default="ResponsibleUnit"),
)  # fmt: skip
