"""The settings of what is read from Microsoft: access, and each source with its schedule.

The figures come from Microsoft's throttling and API pages and from issue threads, read 2026-11-21.
"""

from __future__ import annotations

from connector.setting import Setting
from connector.setting import schedule as _schedule


def _enabled(section: str, default: bool = True) -> Setting:
    return Setting(
        f"sources.{section}.enabled", "flag", default, "Read this source?", "Skal kilden læses?"
    )


def _rate(service: str, default: float, en: str, da: str) -> Setting:
    return Setting(
        f"graph.rates.{service}", "number", default, en, da, unit="1/s", low=0, high=10_000
    )


def _window(section: str) -> tuple[Setting, ...]:
    """How an export of messages is read: the same for chats and channels."""
    return (
        Setting(
            f"sources.{section}.initial_days",
            "integer",
            30,
            "How far back the first run reads.",
            "Hvor langt tilbage første kørsel læser.",
            unit="days",
            low=0,
            high=3650,
        ),
        Setting(
            f"sources.{section}.overlap_h",
            "integer",
            24,
            "Each run reads so far behind the last one, because messages become visible late.",
            "Hver kørsel læser så langt bag den forrige, fordi beskeder bliver synlige sent.",
            unit="hours",
            low=0,
            high=720,
        ),
        Setting(
            f"sources.{section}.lag_min",
            "integer",
            5,
            "A run stops so long before now, so that nothing becomes visible inside a "
            "closed window.",
            "En kørsel stopper så længe før nu, så intet bliver synligt i et lukket vindue.",
            unit="minutes",
            low=0,
            high=1440,
        ),
        Setting(
            f"sources.{section}.reread_days",
            "integer",
            0,
            "Once a day read so many days again, to see late edits and deletions; 0 is not at all. "
            "Microsoft lets deleted messages be seen for 21 days.",
            "Læs så mange dage igen én gang i døgnet for at se sene rettelser og sletninger; 0 er "
            "slet ikke. Microsoft viser slettede beskeder i 21 dage.",
            unit="days",
            low=0,
            high=60,
        ),
    )


GRAPH = (
    Setting(
        "graph.base_url",
        "url",
        "https://graph.microsoft.com/v1.0",
        "Another address for a national cloud or the sandbox.",
        "En anden adresse til en national sky eller prøvekommunen.",
        check="https",
    ),
    Setting(
        "graph.authority",
        "url",
        "https://login.microsoftonline.com",
        "Where the program signs in; the tenant is added to it.",
        "Hvor programmet logger på; lejeren føjes til.",
        check="https",
    ),
    Setting(
        "graph.tenant",
        "text",
        "",
        "The directory (tenant) id, or a domain such as kommune.onmicrosoft.com. Needed unless "
        "auth is static.",
        "Katalogets id (tenant id) eller et domæne som kommune.onmicrosoft.com. Skal udfyldes, "
        "medmindre auth er static.",
        check="word",
    ),
    Setting(
        "graph.client_id",
        "text",
        "",
        "The application (client) id of the app registration. Needed unless auth is static.",
        "Programmets id (client id) i app-registreringen. Skal udfyldes, medmindre auth er static.",
        check="word",
    ),
    Setting(
        "graph.auth",
        "choice",
        "secret",
        "How the program proves who it is. A certificate is safer than a secret; static is a ready "
        "token, for measuring and testing only.",
        "Hvordan programmet beviser, hvem det er. Et certifikat er sikrere end en hemmelighed; "
        "static er et færdigt token, kun til måling og prøver.",
        choices=("secret", "certificate", "static"),
    ),
    Setting(
        "graph.secret_env",
        "text",
        "CASETHREAD_CLIENT_SECRET",
        "The name of the environment variable that holds the client secret.",
        "Navnet på den miljøvariabel, der indeholder klienthemmeligheden.",
        check="variable",
    ),
    Setting(
        "graph.secret_file",
        "path",
        "",
        "A file that holds only the client secret; used instead of the variable.",
        "En fil, der kun indeholder klienthemmeligheden; bruges i stedet for variablen.",
        check="secret_file",
    ),
    Setting(
        "graph.certificate_file",
        "path",
        "",
        "PEM with certificate and private key, when auth is certificate.",
        "PEM med certifikat og privat nøgle, når auth er certificate.",
        check="file",
    ),
    Setting(
        "graph.certificate_thumbprint",
        "text",
        "",
        "The certificate's thumbprint; worked out from the file when empty.",
        "Certifikatets fingeraftryk; regnes ud af filen, når det er tomt.",
        check="thumbprint",
    ),
    Setting(
        "graph.token_env",
        "text",
        "CASETHREAD_TOKEN",
        "The name of the environment variable that holds the token, when auth is static.",
        "Navnet på den miljøvariabel, der indeholder tokenet, når auth er static.",
        check="variable",
    ),
    Setting(
        "graph.token_file",
        "path",
        "",
        "A file that holds only the token; used instead of the variable.",
        "En fil, der kun indeholder tokenet; bruges i stedet for variablen.",
        check="secret_file",
    ),
    Setting(
        "graph.ca_bundle",
        "path",
        "",
        "PEM with extra certificate authorities, where a firewall opens TLS.",
        "PEM med ekstra certifikatudstedere, hvor en firewall åbner TLS.",
        check="file",
    ),
    Setting(
        "graph.proxy",
        "url",
        "",
        "http://host:port of the proxy. A password for it comes from CASETHREAD_PROXY_PASSWORD.",
        "http://vært:port på proxyen. En adgangskode til den kommer fra CASETHREAD_PROXY_PASSWORD.",
        check="proxy",
    ),
    Setting(
        "graph.connect_timeout_s",
        "number",
        10.0,
        "Give up a connection after this time.",
        "Opgiv en forbindelse efter så lang tid.",
        unit="s",
        low=0.1,
        high=300,
    ),
    Setting(
        "graph.read_timeout_s",
        "number",
        60.0,
        "Give up an answer that has been silent for this time.",
        "Opgiv et svar, der har været tavst så længe.",
        unit="s",
        low=0.1,
        high=600,
    ),
    Setting(
        "graph.requests_in_flight",
        "integer",
        32,
        "At most so many requests wait for an answer at once; fewer are used when the server is "
        "near. One mailbox never gets more than 4, Outlook's own limit.",
        "Højst så mange forespørgsler venter på svar på én gang; færre bruges, når serveren er "
        "nær. Én postkasse får aldrig over 4, Outlooks egen grænse.",
        low=1,
        high=128,
    ),
    Setting(
        "graph.attempts",
        "integer",
        6,
        "Attempts at one request before this run gives it up; the next run tries again.",
        "Forsøg på én forespørgsel, før denne kørsel opgiver den; næste kørsel prøver igen.",
        low=1,
        high=20,
    ),
    Setting(
        "graph.patience_s",
        "number",
        300.0,
        "The longest total wait for one request. Waits over 300 s have been seen asked for.",
        "Den længste samlede ventetid på én forespørgsel. Der er set krav om over 300 s.",
        unit="s",
        low=0,
        high=3600,
    ),
    _rate(
        "directory",
        50,
        "Microsoft: 3,500 units in 10 s for the smallest tenants; a list of users costs 1 or 2. "
        "The rest is left to other programs.",
        "Microsoft: 3.500 enheder på 10 s for de mindste lejere; en brugerliste koster 1 eller 2. "
        "Resten er levnet til andre programmer.",
    ),
    _rate(
        "chats",
        200,
        "Microsoft: 200 a second for the export of chats.",
        "Microsoft: 200 i sekundet for udtræk af chats.",
    ),
    _rate(
        "channels",
        200,
        "Microsoft: 200 a second for the export of channels, counted apart from chats.",
        "Microsoft: 200 i sekundet for udtræk af kanaler, talt for sig.",
    ),
    _rate(
        "messages",
        20,
        "Single messages and the images in them. Microsoft: 20 a second.",
        "Enkelte beskeder og deres billeder. Microsoft: 20 i sekundet.",
    ),
    _rate(
        "teams",
        30,
        "Other reads of Teams. Microsoft: 30 a second.",
        "Andre læsninger i Teams. Microsoft: 30 i sekundet.",
    ),
    _rate(
        "call_records",
        75,
        "Microsoft: 1,500 in 20 s for call records.",
        "Microsoft: 1.500 på 20 s for opkaldsposter.",
    ),
    _rate(
        "presence",
        50,
        "Microsoft: 1,500 in 30 s (another page says 10,000).",
        "Microsoft: 1.500 på 30 s (en anden side siger 10.000).",
    ),
    _rate(
        "mail",
        200,
        "Microsoft limits each mailbox (10,000 in 10 minutes, 4 at once), not all of them "
        "together.",
        "Microsoft begrænser hver postkasse (10.000 på 10 minutter, 4 på én gang), ikke dem alle "
        "tilsammen.",
    ),
)

SOURCES = (
    _enabled("directory"),
    Setting(
        "sources.directory.users",
        "list",
        (),
        "Read only these people, by object id; empty is everybody.",
        "Læs kun disse personer, efter objekt-id; tom er alle.",
    ),
    _schedule(
        "sources.directory.schedule",
        "every 60 min",
        "Only changes are asked for, one request when there are none; Microsoft forgets the place "
        "after 7 days.",
        "Der spørges kun efter ændringer, én forespørgsel, når der ingen er; Microsoft glemmer "
        "stedet efter 7 dage.",
    ),
    _enabled("chats"),
    *_window("chats"),
    _schedule(
        "sources.chats.schedule",
        "daily 19:00",
        "Microsoft's terms: the same Teams data may be polled once a day, and with a dated range; "
        "more often only together with change notifications.",
        "Microsofts vilkår: de samme Teams-data må hentes én gang i døgnet og med et datointerval; "
        "oftere kun sammen med ændringsbeskeder.",
    ),
    _enabled("channels", default=False),
    Setting(
        "sources.channels.teams",
        "list",
        (),
        "The ids of the teams whose channels are read; needed when enabled.",
        "Id på de teams, hvis kanaler læses; skal udfyldes, når kilden er slået til.",
    ),
    *_window("channels"),
    _schedule(
        "sources.channels.schedule",
        "daily 19:30",
        "Once a day, for the same reason as chats.",
        "Én gang i døgnet af samme grund som chats.",
    ),
    _enabled("call_records"),
    Setting(
        "sources.call_records.initial_days",
        "integer",
        30,
        "How far back the first run reads; Microsoft keeps 30 days.",
        "Hvor langt tilbage første kørsel læser; Microsoft gemmer 30 dage.",
        unit="days",
        low=0,
        high=30,
    ),
    Setting(
        "sources.call_records.overlap_h",
        "integer",
        48,
        "Each run lists so many hours again: a record comes up to 150 minutes after the call, "
        "later when Microsoft has trouble, and gets new versions.",
        "Hver kørsel lister så mange timer igen: en post kommer op til 150 minutter efter "
        "opkaldet, senere når Microsoft har problemer, og får nye versioner.",
        unit="hours",
        low=3,
        high=720,
    ),
    Setting(
        "sources.call_records.deep_days",
        "integer",
        7,
        "Once a day so many days are listed again, for what came later still.",
        "Én gang i døgnet listes så mange dage igen for det, der kom endnu senere.",
        unit="days",
        low=0,
        high=30,
    ),
    _schedule(
        "sources.call_records.schedule",
        "every 15 min",
        "A record is ready within 30 minutes of the call as a rule.",
        "En post er som regel klar inden for 30 minutter efter opkaldet.",
    ),
    *(
        setting
        for section in ("pstn", "direct_routing")
        for setting in (
            _enabled(section),
            Setting(
                f"sources.{section}.overlap_days",
                "integer",
                3,
                "Each run reads so many days again: rows can come a day late.",
                "Hver kørsel læser så mange dage igen: rækker kan komme et døgn for sent.",
                unit="days",
                low=1,
                high=30,
            ),
            Setting(
                f"sources.{section}.initial_days",
                "integer",
                30,
                "How far back the first run reads; Microsoft keeps 90 days.",
                "Hvor langt tilbage første kørsel læser; Microsoft gemmer 90 dage.",
                unit="days",
                low=0,
                high=89,  # one call asks for at most 90 days, today included
            ),
            _schedule(
                f"sources.{section}.schedule",
                "every 60 min",
                "Rows are hours late, so more often gives nothing.",
                "Rækkerne er timer forsinkede, så oftere giver intet.",
            ),
        )
    ),
    _enabled("voicemail"),
    Setting(
        "sources.voicemail.mailboxes",
        "list",
        (),
        "Shared mailboxes to read besides those of people; a call queue's voicemail goes to a "
        "group's mailbox.",
        "Fælles postkasser, der læses ud over personernes; en opkaldskøs beskeder går til en "
        "gruppes postkasse.",
    ),
    Setting(
        "sources.voicemail.folders_excluded",
        "list",
        ("drafts", "sentitems", "outbox", "syncissues"),
        "Folders that are not read, by Microsoft's well-known name or by the name people see. "
        "Leave junk in: voicemail can land there.",
        "Mapper, der ikke læses, efter Microsofts faste navn eller det navn, man ser. Lad uønsket "
        "mail blive læst: beskeder kan havne dér.",
    ),
    Setting(
        "sources.voicemail.initial_days",
        "integer",
        30,
        "How far back the first run reads.",
        "Hvor langt tilbage første kørsel læser.",
        unit="days",
        low=0,
        high=3650,
    ),
    Setting(
        "sources.voicemail.max_audio_mb",
        "integer",
        25,
        "Larger recordings are not fetched; the entry says that one is missing.",
        "Større optagelser hentes ikke; journalen viser, at en mangler.",
        unit="MB",
        low=1,
        high=1000,
    ),
    _schedule(
        "sources.voicemail.schedule",
        "every 5 min",
        "Mail is read by its changes only, which Microsoft allows at any pace.",
        "Mail læses kun ved ændringer, og det tillader Microsoft i ethvert tempo.",
    ),
    _enabled("presence"),
    _schedule(
        "sources.presence.schedule",
        "mon-fri 07:00-18:00 every 1 min",
        "650 people a request; outside working hours nobody needs it.",
        "650 personer pr. forespørgsel; uden for arbejdstid har ingen brug for den.",
    ),
)
