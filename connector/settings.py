"""The configuration: one TOML file and the environment, read into frozen values.

Every mistake is reported at once, with its line, in the file's own language. The values are msgspec
structs like those of model.py: making the classes costs 0.4 ms of start-up, as dataclasses 15 ms.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from connector.schedule import Schedule


class Secret:
    """A secret that no message, log or traceback shows; false when it is not known."""

    __slots__ = ("_value",)

    def __init__(self, value: str = "") -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself, for the one call that needs it."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret(***)" if self._value else "Secret()"


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """[ledger]. `url` holds no password; `database_url` does."""

    url: str
    password_file: Path | None
    password: Secret
    spool: Path
    quarantine_days: int
    runs_days: int
    batch_items: int
    reread_limit_items: int

    @property
    def database_file(self) -> Path | None:
        """The SQLite file; None when the ledger is on PostgreSQL."""
        scheme, _, name = self.url.partition(":///")
        return Path(name) if scheme == "sqlite" else None

    def database_url(self) -> str:
        """The address for SQLAlchemy, with driver and password. Never to be logged."""
        from urllib.parse import quote, urlsplit

        if self.database_file is not None:
            return self.url
        parts = urlsplit(self.url)
        user, at, host = parts.netloc.rpartition("@")
        if self.password:
            user, at = f"{user}:{quote(self.password.reveal(), safe='')}", "@"
        return parts._replace(scheme="postgresql+psycopg", netloc=f"{user}{at}{host}").geturl()


class Graph(msgspec.Struct, frozen=True, kw_only=True):
    """[graph]. `secret` and `token` come from the file named, else from the environment."""

    base_url: str
    authority: str
    tenant: str
    client_id: str
    auth: str
    secret_env: str
    secret_file: Path | None
    secret: Secret
    certificate_file: Path | None
    certificate_thumbprint: str
    token_env: str
    token_file: Path | None
    token: Secret
    ca_bundle: Path | None
    proxy: str
    proxy_password: Secret
    connect_timeout_s: float
    read_timeout_s: float
    requests_in_flight: int
    attempts: int
    patience_s: float
    rates: Mapping[str, float]

    @property
    def authority_url(self) -> str:
        """Where to sign in: the authority with the tenant, which may already be part of it."""
        if self.authority.lower().endswith(f"/{self.tenant.lower()}"):
            return self.authority
        return f"{self.authority}/{self.tenant}"

    def proxy_url(self) -> str:
        """The proxy with its password; empty for none. Never to be logged."""
        from urllib.parse import quote

        if not self.proxy_password or "@" not in self.proxy:
            return self.proxy
        user, _, host = self.proxy.rpartition("@")
        return f"{user}:{quote(self.proxy_password.reveal(), safe='')}@{host}"


class Directory(msgspec.Struct, frozen=True, kw_only=True):
    """[sources.directory]"""

    enabled: bool
    users: tuple[str, ...]
    schedule: Schedule


class Chats(msgspec.Struct, frozen=True, kw_only=True):
    """[sources.chats]"""

    enabled: bool
    initial_days: int
    overlap_h: int
    lag_min: int
    reread_days: int
    schedule: Schedule


class Channels(msgspec.Struct, frozen=True, kw_only=True):
    """[sources.channels]"""

    enabled: bool
    teams: tuple[str, ...]
    initial_days: int
    overlap_h: int
    lag_min: int
    reread_days: int
    schedule: Schedule


class CallRecords(msgspec.Struct, frozen=True, kw_only=True):
    """[sources.call_records]"""

    enabled: bool
    initial_days: int
    overlap_h: int
    deep_days: int
    schedule: Schedule


class PhoneRows(msgspec.Struct, frozen=True, kw_only=True):
    """[sources.pstn] and [sources.direct_routing]"""

    enabled: bool
    overlap_days: int
    initial_days: int
    schedule: Schedule


class Voicemail(msgspec.Struct, frozen=True, kw_only=True):
    """[sources.voicemail]"""

    enabled: bool
    mailboxes: tuple[str, ...]
    folders_excluded: tuple[str, ...]
    initial_days: int
    max_audio_mb: int
    schedule: Schedule


class Lync(msgspec.Struct, frozen=True, kw_only=True):
    """[lync]. Databases are pairs of name and address; the addresses hold no password."""

    call_databases: tuple[tuple[str, str], ...]
    message_databases: tuple[tuple[str, str], ...]
    password_file: Path | None
    password: Secret
    time_zone: str
    version: str
    isolation: str
    query_timeout_s: int


class DirectoryFile(msgspec.Struct, frozen=True, kw_only=True):
    """[sources.directory_file]"""

    enabled: bool
    path: Path | None
    schedule: Schedule


class LyncCalls(msgspec.Struct, frozen=True, kw_only=True):
    """[sources.lync_cdr]"""

    enabled: bool
    initial_days: int
    window_days: int
    schedule: Schedule


class LyncArchive(msgspec.Struct, frozen=True, kw_only=True):
    """[sources.lync_archive]"""

    enabled: bool
    initial_days: int
    window_days: int
    schedule: Schedule
    folder: Path | None


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """[sources.exchange]. `time_zone` is "" for that of the whole configuration."""

    enabled: bool
    url: str
    auth: str
    user: str
    password_file: Path | None
    password: Secret
    access: str
    ca_bundle: Path | None
    mailboxes: tuple[str, ...]
    folders_excluded: tuple[str, ...]
    history: str
    time_zone: str
    initial_days: int
    max_audio_mb: int
    parallel: int
    patience_s: float
    connect_timeout_s: float
    read_timeout_s: float
    schedule: Schedule


class Presence(msgspec.Struct, frozen=True, kw_only=True):
    """[sources.presence]"""

    enabled: bool
    schedule: Schedule


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """[sources]"""

    directory: Directory
    directory_file: DirectoryFile
    chats: Chats
    channels: Channels
    call_records: CallRecords
    pstn: PhoneRows
    direct_routing: PhoneRows
    voicemail: Voicemail
    exchange: Exchange
    lync_cdr: LyncCalls
    lync_archive: LyncArchive
    presence: Presence


class Register(msgspec.Struct, frozen=True, kw_only=True):
    """[register]. `sink` names the sink whose system holds the cases, for kind "sink"."""

    kind: str
    sink: str
    path: Path
    schedule: Schedule


class Linking(msgspec.Struct, frozen=True, kw_only=True):
    """[linking]. `exclude_users` and the words that make a chat private are in lower case."""

    patterns: tuple[str, ...]
    threshold: float
    automatic: tuple[str, ...]
    confirm: tuple[str, ...]
    never: tuple[str, ...]
    thread_h: float
    call_back_h: float
    shared_by: int
    exclude_users: tuple[str, ...]
    exclude_groups: tuple[str, ...]
    private_words: tuple[str, ...]
    not_private_words: tuple[str, ...]


class Journal(msgspec.Struct, frozen=True, kw_only=True):
    """[journal]"""

    quiet_min: int
    target_days: int
    attachments: str
    max_file_mb: int


class Sink(msgspec.Struct, frozen=True, kw_only=True):
    """[sinks.NAME]. A folder has a path and a language; the rest is for records systems."""

    name: str
    kind: str
    path: Path
    language: str
    url: str
    contacts_url: str
    token_url: str
    user: str
    secret_file: Path | None
    secret: Secret
    client_id: str
    client_secret_file: Path | None
    client_secret: Secret
    contacts_secret_file: Path | None
    contacts_secret: Secret
    tenant: str
    certificate_file: Path | None
    certificate_thumbprint: str
    ca_bundle: Path | None
    timeout_s: float
    in_flight: int


class Articles(msgspec.Struct, frozen=True, kw_only=True):
    """[articles]. `unit_mails` are pairs of unit and address; `links_networks` are as written."""

    folder: Path
    shared: Path | None
    max_file_mb: int
    schedule: Schedule
    links_schedule: Schedule
    reminders_schedule: Schedule
    links_pause_s: float
    links_timeout_s: float
    links_networks: tuple[str, ...]
    remind_before_days: int
    remind_unit_after_days: int
    remind_editor_after_days: int
    editor_mail: str
    unit_mails: tuple[tuple[str, str], ...]
    mail_folder: Path | None
    mail_host: str
    mail_port: int
    mail_starttls: bool
    mail_ca_bundle: Path | None
    mail_from: str
    mail_user: str
    mail_password_file: Path | None
    mail_password: Secret


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """[sites.NAME]: where articles are published."""

    name: str
    kind: str
    url: str
    place: str
    audience: str
    language: str
    user: str
    secret_file: Path | None
    secret: Secret
    tenant: str
    client_id: str
    certificate_file: Path | None
    certificate_thumbprint: str
    authority: str
    ca_bundle: Path | None
    timeout_s: float


class Web(msgspec.Struct, frozen=True, kw_only=True):
    """[web]. `url` is empty until the portal is set up. Roles are app roles or group ids."""

    url: str
    host: str
    port: int
    workers: int
    issuer: str
    client_id: str
    client_secret_file: Path | None
    client_secret: Secret
    ca_bundle: Path | None
    api_audience: str
    intranet_keys: Path | None
    intranet_origins: tuple[str, ...]
    case_workers: tuple[str, ...]
    records_managers: tuple[str, ...]
    editors: tuple[str, ...]
    operators: tuple[str, ...]
    unit_sees_cases: bool
    owner_sees_looks: bool
    session_h: float
    idle_min: int
    searches_per_min: int
    looks_per_min: int
    sign_ins_per_min: int
    proxies: tuple[str, ...]
    metrics_from: tuple[str, ...]


class Jobs(msgspec.Struct, frozen=True, kw_only=True):
    """[jobs]"""

    deliver: Schedule
    prune: Schedule


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """[log]"""

    level: str
    file: Path | None
    format: str


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The whole configuration. `file` is where it was read, None for a text."""

    file: Path | None
    folder: Path
    language: str
    time_zone: str
    organisation: str
    ledger: Ledger
    graph: Graph
    lync: Lync
    sources: Sources
    register: Register
    linking: Linking
    journal: Journal
    sinks: tuple[Sink, ...]
    articles: Articles
    sites: tuple[Site, ...]
    web: Web
    jobs: Jobs
    log: Log


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """The settings in `path`, else in $CASETHREAD_CONFIG, else in ./casethread.toml.

    A folder means the casethread.toml in it. Relative paths in the file start from its folder.
    Raises ConfigError with every problem, each beginning with file and line.
    """
    from connector.settings_reader import find_file, read_text

    file = find_file(path, environ)
    text = read_text(file, environ)
    return parse(text, file.resolve().parent, environ, file=file)


def parse(
    text: str, folder: Path, environ: Mapping[str, str], *, file: Path | None = None
) -> Settings:
    """The settings in a TOML text, with paths relative to `folder`. Raises ConfigError as load."""
    from connector.settings_reader import read_values

    values = read_values(text, folder, environ, str(file or "casethread.toml"))
    return _settings(values, file, folder)


def missing_secrets(settings: Settings) -> tuple[str, ...]:
    """What signing in needs and neither file nor environment gave: a sentence each.

    Not a problem of `load`, because history and status must work without them.
    """
    from connector.locale import text

    graph = settings.graph
    name, variable, secret = {
        "secret": ("graph.secret_file", graph.secret_env, graph.secret),
        "static": ("graph.token_file", graph.token_env, graph.token),
    }.get(graph.auth, ("", "", None))
    if secret is None or secret:
        return ()
    return (text("config.secret_missing", settings.language, variable=variable, setting=name),)


def _settings(values: Mapping[str, Mapping[str, Any]], file: Path | None, folder: Path) -> Settings:
    """The values of each table, put into the structs above."""
    language = values[""]["language"]
    named: dict[str, list[dict[str, Any]]] = {"sinks": [], "sites": []}
    for table in values:
        kind, _, name = table.partition(".")
        if kind in named:
            chosen = values[table]["language"] or language
            named[kind].append({**values[table], "name": name, "language": chosen})
    for site in named["sites"]:
        site["audience"] = site["audience"] or ("citizen" if site["kind"] == "html" else "staff")
    return Settings(
        file=file,
        folder=folder,
        **values[""],
        ledger=Ledger(**values["ledger"]),
        graph=Graph(**values["graph"], rates=dict(values["graph.rates"])),
        lync=Lync(**values["lync"]),
        sources=Sources(
            directory=Directory(**values["sources.directory"]),
            directory_file=DirectoryFile(**values["sources.directory_file"]),
            chats=Chats(**values["sources.chats"]),
            channels=Channels(**values["sources.channels"]),
            call_records=CallRecords(**values["sources.call_records"]),
            pstn=PhoneRows(**values["sources.pstn"]),
            direct_routing=PhoneRows(**values["sources.direct_routing"]),
            voicemail=Voicemail(**values["sources.voicemail"]),
            exchange=Exchange(**values["sources.exchange"]),
            lync_cdr=LyncCalls(**values["sources.lync_cdr"]),
            lync_archive=LyncArchive(**values["sources.lync_archive"]),
            presence=Presence(**values["sources.presence"]),
        ),
        register=Register(**values["register"]),
        linking=Linking(**values["linking"]),
        journal=Journal(**values["journal"]),
        sinks=tuple(Sink(**each) for each in named["sinks"]),
        articles=Articles(**values["articles"]),
        sites=tuple(Site(**each) for each in named["sites"]),
        web=Web(**values["web"]),
        jobs=Jobs(**values["jobs"]),
        log=Log(**values["log"]),
    )
