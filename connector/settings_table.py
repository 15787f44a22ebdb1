"""Every setting, once: name, type, default, bounds, and what it is for in English and Danish.

The parser (settings.py), the example file and the reference page are all made from `TABLE`.
"*" in a name stands for a name that the operator chooses.
"""

from __future__ import annotations

from collections.abc import Mapping

from connector.setting import Setting
from connector.setting import schedule as _schedule
from connector.settings_articles import ARTICLES, ARTICLES_SECTION, SITES, SITES_SECTION
from connector.settings_directory import DIRECTORY_FILE, DIRECTORY_FILE_SECTION
from connector.settings_exchange import EXCHANGE, EXCHANGE_SECTION
from connector.settings_graph import GRAPH, SOURCES
from connector.settings_lync import (
    ARCHIVE_SECTION,
    CDR_SECTION,
    LYNC,
    LYNC_SECTION,
    LYNC_SOURCES,
)
from connector.settings_sinks import SINKS
from connector.settings_web import WEB, WEB_SECTION

SECTIONS: Mapping[str, tuple[str, str]] = {
    "": (
        "Paths are relative to this file's folder. Secrets never stand here: they come from the "
        "environment or from a file that is named here.",
        "Stier er relative til denne fils mappe. Hemmeligheder står aldrig her: de kommer fra "
        "miljøet eller fra en fil, der nævnes her.",
    ),
    "ledger": (
        "The ledger: what was read, which case it belongs to and what is journaled.",
        "Hovedbogen: hvad der er læst, hvilken sag det hører til, og hvad der er journaliseret.",
    ),
    "graph": (
        "Access to Microsoft Graph, where the communications are read.",
        "Adgang til Microsoft Graph, hvor kommunikationen læses.",
    ),
    "graph.rates": (
        "The most requests a second to each service; 0 is no limit. Microsoft counts for each "
        "application and tenant, and answers 429 above its limit.",
        "Højst så mange forespørgsler i sekundet til hver tjeneste; 0 er ingen grænse. Microsoft "
        "tæller pr. program og lejer og svarer 429 over sin grænse.",
    ),
    "sources.directory": (
        "The directory: who the people are.",
        "Brugerkataloget: hvem personerne er.",
    ),
    "sources.chats": ("Teams chats.", "Chats i Teams."),
    "sources.channels": (
        "Teams channels. Off by default: a channel is seldom about one citizen.",
        "Kanaler i Teams. Slået fra som udgangspunkt: en kanal handler sjældent om én borger.",
    ),
    "sources.call_records": (
        "Call records: who called whom, when and for how long.",
        "Opkaldsposter: hvem ringede til hvem, hvornår og hvor længe.",
    ),
    "sources.pstn": (
        "Calls to and from the telephone network through a Microsoft calling plan.",
        "Opkald til og fra telefonnettet via Microsofts opkaldsplan.",
    ),
    "sources.direct_routing": (
        "Calls to and from the telephone network through the municipality's own trunk.",
        "Opkald til og fra telefonnettet via kommunens egen forbindelse (Direct Routing).",
    ),
    "sources.voicemail": (
        "Voicemail and notices of missed calls, which arrive as mail.",
        "Telefonsvarerbeskeder og besked om ubesvarede opkald, som kommer som mail.",
    ),
    "sources.presence": (
        "Presence: the present state of each person. No history is kept.",
        "Tilstedeværelse: hver persons tilstand lige nu. Der gemmes ingen historik.",
    ),
    "sources.directory_file": DIRECTORY_FILE_SECTION,
    "sources.exchange": EXCHANGE_SECTION,
    "lync": LYNC_SECTION,
    "sources.lync_cdr": CDR_SECTION,
    "sources.lync_archive": ARCHIVE_SECTION,
    "register": (
        "The case register: where the cases are looked up.",
        "Sagsregistret: hvor sagerne slås op.",
    ),
    "linking": (
        "How a communication finds its case.",
        "Hvordan en henvendelse finder sin sag.",
    ),
    "journal": ("What is journaled, and when.", "Hvad der journaliseres, og hvornår."),
    "sinks.*": (
        "A place where entries are journaled. The last part of the heading is a name you choose; "
        "there may be several.",
        "Et sted, hvor der journaliseres. Sidste del af overskriften er et navn, du selv vælger; "
        "der må være flere.",
    ),
    "articles": ARTICLES_SECTION,
    "sites.*": SITES_SECTION,
    "web": WEB_SECTION,
    "jobs": ("Jobs that belong to no source.", "Job, der ikke hører til en kilde."),
    "log": ("The technical log.", "Den tekniske log."),
}

SCHEDULE_HELP = (
    'A schedule is "off", "every 15 min", "daily 19:00", "mon-fri 07:00" or '
    '"mon-fri 07:00-18:00 every 1 min"; local time in time_zone.',
    'En tidsplan er "off", "every 15 min", "daily 19:00", "mon-fri 07:00" eller '
    '"mon-fri 07:00-18:00 every 1 min"; lokal tid i time_zone.',
)

_GENERAL = (
    Setting(
        "language",
        "choice",
        "da",
        "The language of messages and transcripts.",
        "Sproget i beskeder og udskrifter.",
        choices=("da", "en"),
    ),
    Setting(
        "time_zone",
        "zone",
        "Europe/Copenhagen",
        "Decides what a day is in the journal, and when the schedules run.",
        "Afgør, hvad en dag er i journalen, og hvornår tidsplanerne kører.",
    ),
    Setting(
        "organisation",
        "text",
        "",
        "The organisation's name, as people should see it.",
        "Organisationens navn, som folk skal se det.",
    ),
)

_LEDGER = (
    Setting(
        "ledger.url",
        "url",
        "sqlite:///casethread.db",
        "SQLite for one machine, or postgresql://user@host/database. A PostgreSQL password comes "
        "from CASETHREAD_LEDGER_PASSWORD or password_file.",
        "SQLite til én maskine, eller postgresql://bruger@vært/database. Adgangskoden til "
        "PostgreSQL kommer fra CASETHREAD_LEDGER_PASSWORD eller password_file.",
        check="database",
    ),
    Setting(
        "ledger.password_file",
        "path",
        "",
        "A file that holds only the database password.",
        "En fil, der kun indeholder adgangskoden til databasen.",
        check="secret_file",
    ),
    Setting(
        "ledger.spool",
        "path",
        "spool",
        "The folder for audio and images until they are journaled.",
        "Mappen til lyd og billeder, indtil de er journaliseret.",
    ),
    Setting(
        "ledger.quarantine_days",
        "integer",
        30,
        "The content of what is on no case is erased after so many days; that it existed stays. "
        "Keep it short: it is the time a person has to link it.",
        "Indholdet af det, der ikke er på en sag, slettes efter så mange dage; at det har været "
        "der, bliver stående. Hold den kort: det er den tid, en person har til at knytte det.",
        unit="days",
        low=1,
        high=3650,
    ),
    Setting(
        "ledger.runs_days",
        "integer",
        90,
        "The record of a run is forgotten after so many days; the newest of each job stays.",
        "Optegnelsen om en kørsel glemmes efter så mange dage; den nyeste for hvert job bliver.",
        unit="days",
        low=2,
        high=3650,
    ),
    Setting(
        "ledger.batch_items",
        "integer",
        2000,
        "Messages kept in one transaction. Measured: 50 costs a quarter more time, 10,000 saves a "
        "tenth and makes an interruption dearer.",
        "Beskeder, der gemmes i én transaktion. Målt: 50 koster en fjerdedel mere tid, 10.000 "
        "sparer en tiendedel og gør en afbrydelse dyrere.",
        unit="messages",
        low=1,
        high=100_000,
    ),
    Setting(
        "ledger.reread_limit_items",
        "integer",
        2500,
        "At most so many messages are fetched and not yet kept, so an interruption costs no more "
        "than reading these again. Not less than batch_items.",
        "Højst så mange beskeder er hentet og endnu ikke gemt, så en afbrydelse koster højst, at "
        "de læses igen. Ikke mindre end batch_items.",
        unit="messages",
        low=1,
        high=200_000,
    ),
)

_JOURNAL = (
    Setting(
        "register.kind",
        "choice",
        "folder",
        "folder: the file cases.csv in a folder. sink: the records system of the sink named below.",
        "folder: filen cases.csv i en mappe. sink: journalsystemet i den journal, der nævnes "
        "nedenfor.",
        choices=("folder", "sink"),
    ),
    Setting(
        "register.sink",
        "text",
        "",
        'kind = "sink" only: the name of the sink whose system holds the cases.',
        'Kun kind = "sink": navnet på den journal, hvis system har sagerne.',
    ),
    Setting(
        "register.path",
        "path",
        "journal",
        "The folder that holds cases.csv.",
        "Mappen med cases.csv.",
    ),
    _schedule(
        "register.schedule",
        "every 10 min",
        "An unchanged file costs one look at its size and date. A system that lists its changes is "
        "asked for them, another for the numbers that were mentioned.",
        "En uændret fil koster ét blik på dens størrelse og dato. Et system, der kan liste sine "
        "ændringer, spørges om dem, et andet om de numre, der er nævnt.",
    ),
    Setting(
        "linking.patterns",
        "list",
        ("kle", "kle_nf"),
        "The ways a case number is written here: kle, go, f2, acadre ... in "
        "mappings/case-numbers.toml. Enable only your own: many look like dates.",
        "De måder, et sagsnummer skrives på hos jer: kle, go, f2, acadre ... i "
        "mappings/case-numbers.toml. Slå kun jeres egne til: mange ligner datoer.",
        check="patterns",
    ),
    Setting(
        "linking.thread_h",
        "number",
        24,
        "A message without a number follows its thread's case for so long.",
        "En besked uden nummer følger trådens sag så længe.",
        unit="hours",
        low=0,
        high=720,
    ),
    Setting(
        "linking.threshold",
        "number",
        0.9,
        "A rule links by itself when at least this share of its links was right in trials; the "
        "number of an open case always does. See docs/linking.md and `casethread evaluate`.",
        "En regel knytter selv, når mindst denne del af dens koblinger var rigtig i forsøg; "
        "nummeret på en åben sag gør det altid. Se docs/linking.md og `casethread evaluate`.",
        low=0.5,
        high=1,
    ),
    Setting(
        "linking.automatic",
        "list",
        (),
        "Rules that may link by themselves whatever the threshold, for all kinds or one: "
        '"thread", "phone/voicemail".',
        "Regler, der må knytte selv uanset grænsen, for alle slags eller én: "
        '"thread", "phone/voicemail".',
        check="rules",
    ),
    Setting(
        "linking.confirm",
        "list",
        (),
        'Rules whose links a person confirms. A strict site: "phone", "masked".',
        'Regler, hvis koblinger et menneske bekræfter. Et strengt sted: "phone", "masked".',
        check="rules",
    ),
    Setting(
        "linking.never",
        "list",
        (),
        "Rules that are not used at all.",
        "Regler, der slet ikke bruges.",
        check="rules",
    ),
    Setting(
        "linking.call_back_h",
        "number",
        2,
        "A call back to the number of a linked voicemail follows its case for so long.",
        "Et opkald tilbage til nummeret på en knyttet telefonbesked følger dens sag så længe.",
        unit="hours",
        low=0,
        high=24,
    ),
    Setting(
        "linking.shared_by",
        "integer",
        5,
        "A telephone number or address of more open cases than this (a lawyer, a hospital) proves "
        "nothing.",
        "Et telefonnummer eller en adresse på flere åbne sager end dette (en advokat, et "
        "hospital) beviser intet.",
        low=1,
        high=50,
    ),
    Setting(
        "linking.exclude_users",
        "list",
        (),
        "User principal names; nothing of theirs is journaled (the mayor, a union representative).",
        "UPN; intet fra dem journaliseres (borgmesteren, tillidsrepræsentanten).",
        check="upn",
    ),
    Setting(
        "linking.exclude_groups",
        "list",
        (),
        "Departments or offices as the directory names them; nothing of anybody there is "
        "journaled (the occupational health service).",
        "Afdelinger eller kontorer, som kataloget kalder dem; intet fra nogen dér journaliseres "
        "(arbejdsmiljøtjenesten).",
    ),
    Setting(
        "linking.private_words",
        "list",
        ("#privat", "#private"),
        "A member who writes one of these, and nothing else, in a chat keeps all of that chat "
        "from being journaled.",
        "Et medlem, der skriver ét af disse og intet andet i en chat, holder hele den chat ude af "
        "journalen.",
        check="private_words",
    ),
    Setting(
        "linking.not_private_words",
        "list",
        ("#ikke-privat", "#not-private"),
        "What the same member writes to take that back.",
        "Det, samme medlem skriver for at tage det tilbage.",
        check="private_words",
    ),
    Setting(
        "journal.quiet_min",
        "integer",
        60,
        "A conversation is closed, and journaled, after so many quiet minutes.",
        "En samtale lukkes og journaliseres efter så mange stille minutter.",
        unit="minutes",
        low=0,
        high=1440,
    ),
    Setting(
        "journal.target_days",
        "integer",
        3,
        "What waits for a person should be decided within so many working days; the to-do list "
        "tells what is late.",
        "Det, der venter på en person, bør være afgjort inden så mange arbejdsdage; listen over "
        "det, der skal journaliseres, viser, hvad der er for sent ude.",
        unit="workdays",
        low=0,
        high=60,
    ),
    Setting(
        "journal.attachments",
        "choice",
        "all",
        "Journal recordings and images too, or none of them.",
        "Journalisér også optagelser og billeder, eller ingen af dem.",
        choices=("all", "none"),
    ),
    Setting(
        "journal.max_file_mb",
        "integer",
        100,
        "Larger files are not journaled; the entry says that one is missing.",
        "Større filer journaliseres ikke; journalen viser, at en mangler.",
        unit="MB",
        low=1,
        high=10_000,
    ),
)

_RUNNING = (
    _schedule(
        "jobs.deliver",
        "every 5 min",
        "When what is owed is journaled.",
        "Hvornår det, der skyldes, journaliseres.",
    ),
    _schedule(
        "jobs.prune",
        "daily 03:00",
        "When content past its quarantine is erased.",
        "Hvornår indhold, hvis karantæne er udløbet, slettes.",
    ),
    Setting(
        "log.level",
        "choice",
        "info",
        "How much is logged.",
        "Hvor meget der logges.",
        choices=("debug", "info", "warning", "error"),
    ),
    Setting(
        "log.file",
        "path",
        "",
        "The log file; empty is standard error, which systemd and Windows services collect.",
        "Logfilen; tom er standard error, som systemd og Windows-tjenester opsamler.",
    ),
    Setting(
        "log.format",
        "choice",
        "text",
        "Lines for people, or JSON for a log system.",
        "Linjer til mennesker eller JSON til et logsystem.",
        choices=("text", "json"),
    ),
)

TABLE: tuple[Setting, ...] = (
    *_GENERAL,
    *_LEDGER,
    *GRAPH,
    *SOURCES,
    *DIRECTORY_FILE,
    *EXCHANGE,
    *LYNC,
    *LYNC_SOURCES,
    *_JOURNAL,
    *SINKS,
    *ARTICLES,
    *SITES,
    *WEB,
    *_RUNNING,
)
