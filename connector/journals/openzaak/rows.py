"""The words of mappings/openzaak.toml."""

from __future__ import annotations

from connector.journaling.words import Row
from connector.mapping import COMMUNICATIONS

# How confidential a case is, from the least to the most (Zaken API, vertrouwelijkheidaanduiding).
LEVELS = (
    "openbaar", "beperkt_openbaar", "intern", "zaakvertrouwelijk", "vertrouwelijk",
    "confidentieel", "geheim", "zeer_geheim",
)  # fmt: skip

WORDS: tuple[Row, ...] = (
    Row("case", "organisation", default=""),
    Row("case", "link", "template", default="", placeholders=("number", "uuid", "document")),
    Row("case", "open_to_all_until", "choice", default="zaakvertrouwelijk", choices=LEVELS),
    Row("case", "caseworker_roles", "list", default=["behandelaar"]),
    Row("case", "caseworker_from", "choice", default="mail", choices=("mail", "identifier")),
    Row("case", "caseworker_domain", default=""),
    Row("case", "party_roles", "list", default=["initiator", "mede_initiator", "belanghebbende"]),
    Row("case", "kle_source", default="KLE"),
    Row("case", "list_all", "flag", default=True),
    Row("document", "organisation"),
    Row("document", "author", default="Casethread"),
    Row("document", "language", default="dan"),
    Row("document", "confidentiality", "choice", default="", choices=("", *LEVELS)),
    Row("document", "user", "choice", default="service", choices=("service", "worker")),
    Row("types", "", each=(*COMMUNICATIONS, "file")),
    Row("types", "note", default="Contactverslag"),
    Row("limits", "title", "integer", default=200, low=20, high=10_000),
    Row("limits", "author", "integer", default=200, low=20, high=10_000),
    Row("limits", "contact_subject", "integer", default=200, low=20, high=10_000),
    Row("limits", "contact_text", "integer", default=1000, low=100, high=100_000),
    Row("limits", "single_upload_kb", "integer", default=40_000, low=1, high=4_000_000),
    Row("channels", "", each=COMMUNICATIONS),
    Row("contact", "language", default="dan"),
    Row("contact", "confidential", "flag", default=True),
    Row("contact", "with_party", "flag", default=True),
    Row("contact", "register", default="openzaak"),
    Row("contact", "case_type", default="zaak"),
    Row("contact", "case_id", default="uuid"),
    Row("contact", "document_type", default="enkelvoudiginformatieobject"),
    Row("contact", "document_id", default="uuid"),
    Row("contact", "key_type", default="casethread"),
    Row("contact", "key_register", default="casethread"),
    Row("contact", "key_id", default="key"),
    Row("contact", "more", default="Hele teksten står i dokumentet."),
    Row("callback", "kinds", "list", default=["voicemail"]),
    Row("callback", "action", default="Ring tilbage"),
    Row("callback", "status", "choice", default="te_verwerken",
        choices=("te_verwerken", "verwerkt")),
    Row("callback", "actor", default=""),
)  # fmt: skip
