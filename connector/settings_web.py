"""The settings of the portal and its API: [web]."""

from __future__ import annotations

from connector.setting import Setting

WEB_SECTION = (
    "The portal and its API: casethread web. It needs an app registration for signing in; see "
    "docs/how-to/portal.md.",
    "Portalen og dens API: casethread web. Der skal bruges en app-registrering til at logge på; se "
    "docs/how-to/portal.md.",
)

WEB = (
    Setting(
        "web.url",
        "url",
        "",
        "The address that people open, as their browsers see it. https, but for this machine.",
        "Adressen, som folk åbner, set fra deres browser. https, undtagen på maskinen selv.",
        check="https",
    ),
    Setting(
        "web.host",
        "text",
        "127.0.0.1",
        "The network address to listen on; a reverse proxy with TLS stands before it.",
        "Netværksadressen, som portalen lytter på; foran den står en reverse proxy med TLS.",
    ),
    Setting(
        "web.port",
        "integer",
        8080,
        "The port that the portal listens on.",
        "Porten, som portalen lytter på.",
        low=1,
        high=65535,
    ),
    Setting(
        "web.workers",
        "integer",
        0,
        "Processes that answer, each with up to 300 MB; 0: two where the machine has two "
        "processors or more, else one.",
        "Processer, der svarer, hver med op til 300 MB; 0: to, hvor maskinen har to processorer "
        "eller flere, ellers en.",
        low=0,
        high=32,
    ),
    Setting(
        "web.issuer",
        "url",
        "",
        "Who signs people in: https://login.microsoftonline.com/TENANT-ID/v2.0, or the issuer of "
        "another OpenID Connect provider.",
        "Hvem der logger folk på: https://login.microsoftonline.com/LEJER-ID/v2.0 eller udstederen "
        "hos en anden OpenID Connect-udbyder.",
        check="https",
    ),
    Setting(
        "web.client_id",
        "text",
        "",
        "The portal's application id at the issuer.",
        "Portalens program-id hos udstederen.",
    ),
    Setting(
        "web.client_secret_file",
        "path",
        "",
        "A file that holds only the portal's client secret. Else it comes from "
        "CASETHREAD_WEB_CLIENT_SECRET.",
        "En fil, der kun indeholder portalens klienthemmelighed. Ellers kommer den fra "
        "CASETHREAD_WEB_CLIENT_SECRET.",
        check="secret_file",
    ),
    Setting(
        "web.ca_bundle",
        "path",
        "",
        "Certificates of the organisation's own authority (PEM), when it vouches for the issuer.",
        "Certifikater fra organisationens egen udsteder (PEM), når udbyderens er udstedt af den.",
    ),
    Setting(
        "web.api_audience",
        "text",
        "",
        "The audience of tokens for the API (Entra: the application's id or its URI); empty takes "
        "none.",
        "Modtageren (audience) i tokens til API'et (Entra: programmets id eller URI); tom tager "
        "ingen.",
    ),
    Setting(
        "web.intranet_keys",
        "path",
        "",
        "A folder with the public keys of intranets that may ask on behalf of their users: one PEM "
        "file each, NAME.pem.",
        "En mappe med offentlige nøgler for intranet, der må spørge på deres brugeres vegne: en "
        "PEM-fil til hvert, NAVN.pem.",
    ),
    Setting(
        "web.intranet_origins",
        "list",
        (),
        "Addresses of intranets, such as https://intranet.kommune.example, whose pages may let a "
        "browser ask for a case's communications and for presence, with a statement of the user.",
        "Adresser på intranet, fx https://intranet.kommune.example, hvis sider må lade browseren "
        "spørge efter en sags henvendelser og efter tilstedeværelse med en erklæring om brugeren.",
        check="origins",
    ),
    Setting(
        "web.case_workers",
        "list",
        ("CaseWorker",),
        "App roles or group ids whose members are case workers.",
        "App-roller eller gruppe-id'er, hvis medlemmer er sagsbehandlere.",
    ),
    Setting(
        "web.records_managers",
        "list",
        ("RecordsManager",),
        "The same for those who must show that everything was journaled.",
        "Det samme for dem, der skal vise, at alt er journaliseret.",
    ),
    Setting(
        "web.editors",
        "list",
        ("Editor",),
        "The same for those who keep the intranet's articles.",
        "Det samme for dem, der holder intranettets artikler.",
    ),
    Setting(
        "web.operators",
        "list",
        ("Operator",),
        "The same for those who run the program.",
        "Det samme for dem, der driver programmet.",
    ),
    Setting(
        "web.unit_sees_cases",
        "flag",
        False,
        "Case workers see the cases of their own department too; restricted cases never.",
        "Sagsbehandlere ser også deres egen afdelings sager; fortrolige sager aldrig.",
    ),
    Setting(
        "web.owner_sees_looks",
        "flag",
        False,
        "A case's caseworker sees who looked at it. Records managers always do.",
        "En sags sagsbehandler ser, hvem der har set på den. Arkivmedarbejdere gør altid.",
    ),
    Setting(
        "web.session_h",
        "number",
        4,
        "So long one stays signed in at most. A role that is taken from somebody lasts no longer.",
        "Så længe er man højst logget på. En rolle, der tages fra nogen, varer ikke længere.",
        unit="hours",
        low=0.25,
        high=24,
    ),
    Setting(
        "web.idle_min",
        "integer",
        60,
        "So long one stays signed in without doing anything.",
        "Så længe er man logget på uden at foretage sig noget.",
        unit="minutes",
        low=5,
        high=1440,
    ),
    Setting(
        "web.searches_per_min",
        "integer",
        60,
        "The most searches of one person a minute.",
        "Højst så mange søgninger pr. person i minuttet.",
        low=1,
        high=10_000,
    ),
    Setting(
        "web.looks_per_min",
        "integer",
        300,
        "The most pages, files and answers of the API with what was said that one person is given "
        "a minute. People need a tenth of it.",
        "Højst så mange sider, filer og svar fra API'et med det, der er sagt, får én person i "
        "minuttet. Mennesker bruger en tiendedel.",
        low=20,
        high=100_000,
    ),
    Setting(
        "web.sign_ins_per_min",
        "integer",
        20,
        "The most attempts to sign in from one address a minute.",
        "Højst så mange forsøg på at logge på fra én adresse i minuttet.",
        low=1,
        high=10_000,
    ),
    Setting(
        "web.proxies",
        "list",
        ("127.0.0.1", "::1"),
        "Addresses of reverse proxies whose X-Forwarded-For is believed.",
        "Adresser på reverse proxyer, hvis X-Forwarded-For der stoles på.",
    ),
    Setting(
        "web.metrics_from",
        "list",
        ("127.0.0.1", "::1"),
        "Addresses and networks that may read /metrics, and never through a proxy; none: nobody.",
        "Adresser og net, der må læse /metrics, og aldrig gennem en proxy; ingen: ikke nogen.",
    ),
)
