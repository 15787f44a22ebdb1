"""The settings of the article line: [articles], and [sites.NAME] for each place it publishes to."""

from __future__ import annotations

from connector.setting import Setting
from connector.setting import schedule as _schedule

# The kinds of site, each a module of connector/sites named alike.
SITE_KINDS = ("plone", "html", "sharepoint_pages")

ARTICLES_SECTION = (
    "Knowledge articles: where their sources lie, when they are published, and who is reminded of "
    "their review. Nothing is published before there is a [sites.NAME].",
    "Vidensartikler: hvor kilderne ligger, hvornår de udgives, og hvem der mindes om at gennemgå "
    "dem. Intet udgives, før der er et [sites.NAVN].",
)
SITES_SECTION = (
    "A place where articles are published. The last part of the heading is a name you choose; "
    "there may be several.",
    "Et sted, hvor artikler udgives. Sidste del af overskriften er et navn, du selv vælger; der må "
    "være flere.",
)

ARTICLES = (
    Setting(
        "articles.folder",
        "path",
        "articles",
        "The folder of our own articles and of our additions to the shared ones; a git checkout, "
        "perhaps.",
        "Mappen med vores egne artikler og vores tilføjelser til de fælles; eventuelt en "
        "git-udtjekning.",
    ),
    Setting(
        "articles.shared",
        "path",
        "",
        "The folder of the shared articles that a national editor keeps; empty is none.",
        "Mappen med de fælles artikler, som en landsdækkende redaktør vedligeholder; tom er ingen.",
    ),
    Setting(
        "articles.max_file_mb",
        "integer",
        10,
        "An image or document beside an article may be this large.",
        "Så stort må et billede eller et dokument ved en artikel være.",
        unit="MB",
        low=1,
        high=100,
    ),
    _schedule(
        "articles.schedule",
        "every 5 min",
        "When what is new, due or expired is published.",
        "Hvornår det, der er nyt, skal ud eller er udløbet, udgives.",
    ),
    _schedule(
        "articles.links_schedule",
        "daily 02:30",
        "When links to other sites are checked.",
        "Hvornår links til andre websteder kontrolleres.",
    ),
    _schedule(
        "articles.reminders_schedule",
        "mon-fri 07:30",
        "When people are reminded of articles to review.",
        "Hvornår folk mindes om artikler, der skal gennemgås.",
    ),
    Setting(
        "articles.links_pause_s",
        "number",
        2,
        "So long lies between two requests to the same host when links are checked.",
        "Så længe går der mellem to forespørgsler til samme vært, når links kontrolleres.",
        unit="s",
        low=0.1,
        high=60,
    ),
    Setting(
        "articles.links_timeout_s",
        "number",
        15,
        "So long an answer of a linked site is waited for.",
        "Så længe ventes der på et svar fra et websted, der linkes til.",
        unit="s",
        low=1,
        high=120,
    ),
    Setting(
        "articles.links_networks",
        "list",
        (),
        'Networks of your own where links may be checked, such as "10.20.0.0/16" for the '
        "intranet. Addresses of no public network are not asked otherwise.",
        'Jeres egne net, hvor links må kontrolleres, for eksempel "10.20.0.0/16" til '
        "intranettet. Adresser uden for de offentlige net spørges ellers ikke.",
        check="networks",
    ),
    Setting(
        "articles.remind_before_days",
        "integer",
        14,
        "The owner is reminded so long before the review date.",
        "Den ansvarlige mindes så længe før gennemgangsdatoen.",
        unit="days",
        low=0,
        high=365,
    ),
    Setting(
        "articles.remind_unit_after_days",
        "integer",
        14,
        "The unit is told when an article has been overdue for so long.",
        "Enheden får besked, når en artikel er så længe over tiden.",
        unit="days",
        low=0,
        high=365,
    ),
    Setting(
        "articles.remind_editor_after_days",
        "integer",
        30,
        "The editor is told when an article has been overdue for so long.",
        "Redaktøren får besked, når en artikel er så længe over tiden.",
        unit="days",
        low=0,
        high=365,
    ),
    Setting(
        "articles.editor_mail",
        "text",
        "",
        "The mail address of whoever answers for all articles; also for what has no owner any "
        "more.",
        "Mailadressen på den, der svarer for alle artikler; også for det, der ikke længere har en "
        "ansvarlig.",
        check="mail",
    ),
    Setting(
        "articles.unit_mails",
        "list",
        (),
        'The mail address of each unit, such as "Borgerservice = borgerservice@kommune.example".',
        'Hver enheds mailadresse, for eksempel "Borgerservice = borgerservice@kommune.example".',
        check="unit_mails",
    ),
    Setting(
        "articles.mail_folder",
        "path",
        "reminders",
        "A folder where each reminder is kept as a file (.eml), sent or not; empty is none.",
        "En mappe, hvor hver påmindelse gemmes som fil (.eml), sendt eller ej; tom er ingen.",
    ),
    Setting(
        "articles.mail_host",
        "text",
        "",
        "The mail server that takes reminders by SMTP; empty sends none.",
        "Mailserveren, der tager imod påmindelser med SMTP; tom sender ingen.",
    ),
    Setting(
        "articles.mail_port",
        "integer",
        25,
        "Its port: 25 or 587; 465 speaks TLS from the first letter on.",
        "Dens port: 25 eller 587; 465 taler TLS fra første bogstav.",
        low=1,
        high=65535,
    ),
    Setting(
        "articles.mail_starttls",
        "flag",
        True,
        "Send only over a connection that is protected by STARTTLS.",
        "Send kun over en forbindelse, der er beskyttet med STARTTLS.",
    ),
    Setting(
        "articles.mail_ca_bundle",
        "path",
        "",
        "PEM with your own certificate authority, when it issued the mail server's certificate.",
        "PEM med jeres egen certifikatudsteder, når den har udstedt mailserverens certifikat.",
        check="file",
    ),
    Setting(
        "articles.mail_from",
        "text",
        "",
        "The address that reminders come from; needed with mail_host.",
        "Adressen, som påmindelser kommer fra; skal udfyldes sammen med mail_host.",
        check="mail",
    ),
    Setting(
        "articles.mail_user",
        "text",
        "",
        "The account to sign in to the mail server with; empty is without signing in.",
        "Kontoen, der logges på mailserveren med; tom er uden at logge på.",
    ),
    Setting(
        "articles.mail_password_file",
        "path",
        "",
        "A file that holds only its password; used instead of CASETHREAD_MAIL_PASSWORD.",
        "En fil, der kun indeholder dens adgangskode; bruges i stedet for "
        "CASETHREAD_MAIL_PASSWORD.",
        check="secret_file",
    ),
)

SITES = (
    Setting(
        "sites.*.kind",
        "choice",
        "html",
        "html: a folder of pages that any web server can show. plone: a Plone site by its REST "
        "API. sharepoint_pages: modern pages of a SharePoint site by Microsoft Graph.",
        "html: en mappe med sider, som enhver webserver kan vise. plone: et Plone-websted via dets "
        "REST-API. sharepoint_pages: moderne sider på et SharePoint-websted via Microsoft Graph.",
        choices=SITE_KINDS,
    ),
    Setting(
        "sites.*.url",
        "url",
        "",
        "The address of the site, as people open it.",
        "Webstedets adresse, som folk åbner det.",
        check="https",
    ),
    Setting(
        "sites.*.place",
        "text",
        "",
        "Where in the site the pages lie: a folder's path in Plone; for html the folder on this "
        "machine; empty for SharePoint, whose pages all lie in Site Pages.",
        "Hvor på webstedet siderne ligger: en mappes sti i Plone; for html mappen på denne "
        "maskine; tom for SharePoint, hvis sider alle ligger i Webstedssider.",
    ),
    Setting(
        "sites.*.audience",
        "choice",
        "",
        "Whom the site is for. citizen: only what is for citizens is ever sent there. staff: "
        "everything. Empty: citizen for html, which keeps nothing from anybody; else staff.",
        "Hvem webstedet er for. citizen: kun det, der er for borgere, sendes nogensinde dertil. "
        "staff: alt. Tom: citizen for html, der ikke skjuler noget for nogen; ellers staff.",
        choices=("", "staff", "citizen"),
    ),
    Setting(
        "sites.*.language",
        "choice",
        "",
        "The language of what the program itself writes there; empty is the program's language.",
        "Sproget i det, programmet selv skriver der; tom er programmets sprog.",
        choices=("", "da", "en"),
    ),
    Setting(
        "sites.*.user",
        "text",
        "",
        "The account to publish with; its rights are in docs/systems/.",
        "Kontoen, der udgives med; dens rettigheder står i docs/systems/.",
    ),
    Setting(
        "sites.*.secret_file",
        "path",
        "",
        "A file that holds only the account's password or the app's secret. Else it comes from "
        "CASETHREAD_SITE_NAME_SECRET, NAME being the site's in capitals.",
        "En fil, der kun indeholder kontoens adgangskode eller programmets hemmelighed. Ellers "
        "kommer den fra CASETHREAD_SITE_NAVN_SECRET, hvor NAVN er webstedets med store bogstaver.",
        check="secret_file",
    ),
    Setting(
        "sites.*.tenant",
        "text",
        "",
        "SharePoint only: the tenant's id or domain.",
        "Kun SharePoint: lejerens id eller domæne.",
    ),
    Setting(
        "sites.*.client_id",
        "text",
        "",
        "SharePoint only: the id of the app registration.",
        "Kun SharePoint: app-registreringens id.",
    ),
    Setting(
        "sites.*.certificate_file",
        "path",
        "",
        "SharePoint only: a PEM file with the app's certificate and its private key.",
        "Kun SharePoint: en PEM-fil med programmets certifikat og dets private nøgle.",
    ),
    Setting(
        "sites.*.certificate_thumbprint",
        "text",
        "",
        "SharePoint only: the certificate's SHA-1 thumbprint, as Entra shows it.",
        "Kun SharePoint: certifikatets SHA-1-aftryk, som Entra viser det.",
    ),
    Setting(
        "sites.*.authority",
        "url",
        "",
        "SharePoint only: where tokens are asked for; empty is Microsoft's own.",
        "Kun SharePoint: hvor der bedes om tokens; tom er Microsofts egen.",
        check="https",
    ),
    Setting(
        "sites.*.ca_bundle",
        "path",
        "",
        "Certificates of the organisation's own authority (PEM), when the site's is issued by it.",
        "Certifikater fra organisationens egen udsteder (PEM), når webstedets er udstedt af den.",
        check="file",
    ),
    Setting(
        "sites.*.timeout_s",
        "number",
        60,
        "So long an answer is waited for.",
        "Så længe ventes der på et svar.",
        unit="s",
        low=5,
        high=600,
    ),
)
