"""The settings of [sinks.NAME]: a folder, or a records system on the network."""

from __future__ import annotations

from connector.setting import Setting

# The kinds that are reached over the network, each a module named alike.
SYSTEMS = (
    "request_tracker",
    "openzaak",
    "sbsys",
    "getorganized",
    "f2",
    "nova",
    "sharepoint",
)

SINKS = (
    Setting(
        "sinks.*.kind",
        "choice",
        "folder",
        "folder: one folder a case, with a readable page for each entry. The others are records "
        "systems; each has a page in docs/systems/ and a file mappings/KIND.toml.",
        "folder: en mappe pr. sag med en læsbar side for hver journalpost. De andre er "
        "journalsystemer; hvert har en side i docs/systems/ og en fil mappings/KIND.toml.",
        choices=("folder", *SYSTEMS),
    ),
    Setting(
        "sinks.*.path",
        "path",
        "journal",
        "folder only: the folder to journal in. It may be the register's folder.",
        "Kun folder: mappen, der journaliseres i. Det må være registrets mappe.",
    ),
    Setting(
        "sinks.*.language",
        "choice",
        "",
        "The language of the transcripts; empty is the program's language.",
        "Sproget i udskrifterne; tom er programmets sprog.",
        choices=("", "da", "en"),
    ),
    Setting(
        "sinks.*.url",
        "url",
        "",
        "The address of the records system or SharePoint site; what it ends in, docs/systems/ "
        "says.",
        "Adressen på journalsystemet eller SharePoint-webstedet; hvad den slutter med, står i "
        "docs/systems/.",
        check="https",
    ),
    Setting(
        "sinks.*.contacts_url",
        "url",
        "",
        "openzaak only: the address of Open Klant, where contact moments are written.",
        "Kun openzaak: adressen på Open Klant, hvor kontaktmomenter skrives.",
        check="https",
    ),
    Setting(
        "sinks.*.token_url",
        "url",
        "",
        "Where a token is asked for, when it is not at the system itself (sbsys, nova).",
        "Hvor der bedes om et token, når det ikke er hos systemet selv (sbsys, nova).",
        check="https",
    ),
    Setting(
        "sinks.*.user",
        "text",
        "",
        "The account to sign in with; its rights are in docs/systems/.",
        "Kontoen, der logges på med; dens rettigheder står i docs/systems/.",
    ),
    Setting(
        "sinks.*.secret_file",
        "path",
        "",
        "A file that holds only the account's password, key or token. Else it comes from "
        "CASETHREAD_SINK_NAME_SECRET, NAME being the sink's in capitals.",
        "En fil, der kun indeholder kontoens adgangskode, nøgle eller token. Ellers kommer den fra "
        "CASETHREAD_SINK_NAVN_SECRET, hvor NAVN er journalens med store bogstaver.",
        check="secret_file",
    ),
    Setting(
        "sinks.*.client_id",
        "text",
        "",
        "The id of the client or app registration, where the system asks for one.",
        "Klientens eller app-registreringens id, hvor systemet beder om et.",
    ),
    Setting(
        "sinks.*.client_secret_file",
        "path",
        "",
        "The client's own secret, where it has one beside the account's (sbsys, f2). Else from "
        "CASETHREAD_SINK_NAME_CLIENT_SECRET.",
        "Klientens egen hemmelighed, hvor den har en ved siden af kontoens (sbsys, f2). Ellers fra "
        "CASETHREAD_SINK_NAVN_CLIENT_SECRET.",
        check="secret_file",
    ),
    Setting(
        "sinks.*.contacts_secret_file",
        "path",
        "",
        "openzaak only: the token of Open Klant. Else from CASETHREAD_SINK_NAME_CONTACTS_SECRET.",
        "Kun openzaak: token til Open Klant. Ellers fra CASETHREAD_SINK_NAVN_CONTACTS_SECRET.",
        check="secret_file",
    ),
    Setting(
        "sinks.*.tenant",
        "text",
        "",
        "SharePoint Online only: the tenant's id or domain.",
        "Kun SharePoint Online: lejerens id eller domæne.",
    ),
    Setting(
        "sinks.*.certificate_file",
        "path",
        "",
        "SharePoint Online only: a PEM file with the certificate and its private key.",
        "Kun SharePoint Online: en PEM-fil med certifikatet og dets private nøgle.",
    ),
    Setting(
        "sinks.*.certificate_thumbprint",
        "text",
        "",
        "SharePoint Online only: the certificate's SHA-1 thumbprint, as Entra shows it.",
        "Kun SharePoint Online: certifikatets SHA-1-aftryk, som Entra viser det.",
    ),
    Setting(
        "sinks.*.ca_bundle",
        "path",
        "",
        "Certificates of the organisation's own authority (PEM), when the system's is issued by "
        "it.",
        "Certifikater fra organisationens egen udsteder (PEM), når systemets er udstedt af den.",
    ),
    Setting(
        "sinks.*.timeout_s",
        "number",
        120,
        "So long an answer is waited for. A write without an answer is looked for, never repeated "
        "blindly.",
        "Så længe ventes der på et svar. En skrivning uden svar søges fremsøgt, aldrig gentaget i "
        "blinde.",
        unit="s",
        low=5,
        high=1800,
    ),
    Setting(
        "sinks.*.in_flight",
        "integer",
        4,
        "Entries written at once, each on another case.",
        "Journalposter, der skrives på én gang, hver på sin sag.",
        low=1,
        high=32,
    ),
)
