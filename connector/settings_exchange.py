"""The settings of Exchange on the organisation's own servers.

Facts: Microsoft, "EWS throttling in Exchange" and "Impersonation and EWS in Exchange", read
2026-11-21.
"""

from __future__ import annotations

from connector.setting import Setting
from connector.setting import schedule as _schedule

EXCHANGE_SECTION = (
    "Voicemail, missed calls and Conversation History from Exchange on your own servers (2010 "
    "SP2 to Subscription Edition), by EWS. [sources.voicemail] reads mailboxes in Exchange Online.",
    "Telefonsvarerbeskeder, ubesvarede opkald og Samtalehistorik fra Exchange på egne servere "
    "(2010 SP2 til Subscription Edition) via EWS. [sources.voicemail] læser postkasser i Exchange "
    "Online.",
)

_NAME = "sources.exchange"

EXCHANGE = (
    Setting(f"{_NAME}.enabled", "flag", False, "Read this source?", "Skal kilden læses?"),
    Setting(
        f"{_NAME}.url",
        "url",
        "",
        "The address of EWS, such as https://mail.kommune.example/EWS/Exchange.asmx; needed when "
        "enabled.",
        "Adressen på EWS, for eksempel https://mail.kommune.example/EWS/Exchange.asmx; skal "
        "udfyldes, når kilden er slået til.",
        check="https",
    ),
    Setting(
        f"{_NAME}.auth",
        "choice",
        "ntlm",
        "How the program proves who it is. kerberos uses the ticket of the account it runs as and "
        "needs the extra casethread[kerberos]; oauth is hybrid modern authentication with the app "
        "in [graph]; basic sends the password itself, protected by TLS alone.",
        "Hvordan programmet beviser, hvem det er. kerberos bruger billetten hos den konto, det "
        "kører som, og kræver tilvalget casethread[kerberos]; oauth er hybrid moderne login med "
        "programmet i [graph]; basic sender selve adgangskoden, kun beskyttet af TLS.",
        choices=("ntlm", "kerberos", "oauth", "basic"),
    ),
    Setting(
        f"{_NAME}.user",
        "text",
        "",
        "The service account, as DOMAIN\\name or name@domain; for ntlm and basic.",
        "Tjenestekontoen som DOMÆNE\\navn eller navn@domæne; til ntlm og basic.",
    ),
    Setting(
        f"{_NAME}.password_file",
        "path",
        "",
        "A file that holds only the account's password; used instead of "
        "CASETHREAD_EXCHANGE_PASSWORD.",
        "En fil, der kun indeholder kontoens adgangskode; bruges i stedet for "
        "CASETHREAD_EXCHANGE_PASSWORD.",
        check="secret_file",
    ),
    Setting(
        f"{_NAME}.access",
        "choice",
        "impersonation",
        "The right by which mailboxes are read. Impersonation is one role with a scope; delegate "
        "is a permission on each mailbox.",
        "Den ret, postkasserne læses med. Impersonation er én rolle med et område; delegate er en "
        "rettighed på hver postkasse.",
        choices=("impersonation", "delegate"),
    ),
    Setting(
        f"{_NAME}.ca_bundle",
        "path",
        "",
        "PEM with your own certificate authority; REQUESTS_CA_BUNDLE in the environment is not "
        "used.",
        "PEM med jeres egen certifikatudsteder. REQUESTS_CA_BUNDLE i miljøet bruges ikke.",
        check="file",
    ),
    Setting(
        f"{_NAME}.mailboxes",
        "list",
        (),
        "The mailboxes to read, by mail address, shared ones too; empty is everybody in the "
        "directory.",
        "De postkasser, der læses, efter mailadresse, også fælles; tom er alle i kataloget.",
    ),
    Setting(
        f"{_NAME}.folders_excluded",
        "list",
        ("Kladder", "Sendt post", "Udbakke", "Drafts", "Sent Items", "Outbox"),
        "Folders that are not read, by the name people see. Leave junk in: voicemail can land "
        "there.",
        "Mapper, der ikke læses, efter det navn, man ser. Lad uønsket mail blive læst: beskeder "
        "kan havne dér.",
    ),
    Setting(
        f"{_NAME}.history",
        "choice",
        "auto",
        "Read Conversation History, the clients' own copies, which people can edit and delete? "
        "auto reads it unless Lync's archive is read, which has the same conversations whole; with "
        "always they may then stand twice.",
        "Skal Samtalehistorik læses, klienternes egne kopier, som folk kan rette og slette? auto "
        "læser den, medmindre Lyncs arkiv læses, som har de samme samtaler, og hele; med always "
        "kan de så stå to gange.",
        choices=("auto", "always", "never"),
    ),
    Setting(
        f"{_NAME}.time_zone",
        "text",
        "",
        "The zone of the clients' clocks, in which Conversation History is written; empty is "
        "time_zone.",
        "Tidszonen for klienternes ure, som Samtalehistorik er skrevet i; tom er time_zone.",
        check="zone",
    ),
    Setting(
        f"{_NAME}.initial_days",
        "integer",
        30,
        "How far back the first run reads.",
        "Hvor langt tilbage første kørsel læser.",
        unit="days",
        low=0,
        high=7300,
    ),
    Setting(
        f"{_NAME}.max_audio_mb",
        "integer",
        25,
        "Larger recordings are not fetched; the entry says that one is missing.",
        "Større optagelser hentes ikke; journalen viser, at en mangler.",
        unit="MB",
        low=1,
        high=1000,
    ),
    Setting(
        f"{_NAME}.parallel",
        "integer",
        4,
        "At most so many mailboxes are read at once. Exchange 2010 allows an account 10 requests "
        "at a time, later ones 27 (EWSMaxConcurrency).",
        "Højst så mange postkasser læses på én gang. Exchange 2010 tillader en konto 10 "
        "forespørgsler ad gangen, senere 27 (EWSMaxConcurrency).",
        low=1,
        high=27,
    ),
    Setting(
        f"{_NAME}.patience_s",
        "number",
        300.0,
        "The longest total wait for one request when Exchange asks for a pause; then the next run "
        "goes on.",
        "Den længste samlede ventetid på én forespørgsel, når Exchange beder om en pause; derefter "
        "fortsætter næste kørsel.",
        unit="s",
        low=0,
        high=3600,
    ),
    Setting(
        f"{_NAME}.connect_timeout_s",
        "number",
        10.0,
        "Give up a connection after this time.",
        "Opgiv en forbindelse efter så lang tid.",
        unit="s",
        low=0.1,
        high=300,
    ),
    Setting(
        f"{_NAME}.read_timeout_s",
        "number",
        60.0,
        "Give up an answer that has been silent for this time.",
        "Opgiv et svar, der har været tavst så længe.",
        unit="s",
        low=0.1,
        high=600,
    ),
    _schedule(
        f"{_NAME}.schedule",
        "every 10 min",
        "A mailbox in which nothing is new costs one request.",
        "En postkasse uden nyt koster én forespørgsel.",
    ),
)
