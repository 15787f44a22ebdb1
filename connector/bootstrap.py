"""From settings to objects: the only module that names adapters.

Each adapter is imported when it is asked for: starting up costs more CPU than a sync in which
nothing changed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from connector.defaults import read_mapping
from connector.errors import ConfigError
from connector.ledger import Ledger, open_ledger
from connector.ledger.policy import Policy, Staff
from connector.ledger.store import utc_now
from connector.locale import text

if TYPE_CHECKING:
    from connector import mapping
    from connector.http import Graph
    from connector.linking.linker import Linker
    from connector.linking.patterns import Scanner
    from connector.linking.rules import Rules
    from connector.model import Entry
    from connector.ports import CaseRegister, PresenceList, Sink, Source
    from connector.settings import Settings
    from connector.settings import Sink as SinkSettings
    from connector.spool import Spool

# In the order in which a full sync reads them: who there is, what was said, what is free now.
SOURCES = (
    "directory",
    "directory_file",
    "chats",
    "channels",
    "call_records",
    "pstn",
    "direct_routing",
    "voicemail",
    "exchange",
    "lync_cdr",
    "lync_archive",
    "presence",
)
DIRECTORIES = ("directory", "directory_file")
LYNC = ("lync_cdr", "lync_archive")  # of databases and files; they need no access to Microsoft


@dataclass
class Program:
    """Everything a command or a job needs, made when it is first used."""

    settings: Settings
    clock: Callable[[], datetime] = utc_now
    since: datetime | None = None  # read from here instead of from the cursors
    _sources: dict[str, Source] = field(default_factory=dict)

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger, opened. Raises ConfigError, LedgerError or Unavailable."""
        return open_ledger(self.settings.ledger.database_url(), clock=self.clock)

    @cached_property
    def graph(self) -> Graph:
        """The one client of Microsoft Graph. Raises ConfigError when a secret is missing."""
        return make_graph(self.settings, clock=self.clock)

    @cached_property
    def spool(self) -> Spool:
        """Where attachments' bytes are kept."""
        from connector.spool import Spool

        return Spool(self.settings.ledger.spool)

    @cached_property
    def scanner(self) -> Scanner:
        """Finds case numbers by the patterns that are enabled."""
        from connector.linking.patterns import compile_patterns

        table = read_mapping("case-numbers.toml", self.settings.folder)
        return compile_patterns(table, self.settings.linking.patterns)

    @cached_property
    def linker(self) -> Linker:
        """Decides which case a communication belongs to."""
        from connector.linking.linker import Linker
        from connector.linking.topic import compile_topics

        topics = compile_topics(read_mapping("subjects.toml", self.settings.folder))
        return Linker(self.scanner, topics, make_rules(self.settings), self.zone)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The municipality's time zone."""
        return ZoneInfo(self.settings.time_zone)

    @cached_property
    def register(self) -> CaseRegister:
        """Where the cases are. Raises ConfigError for a mapping that cannot be used."""
        its = self.settings.register
        if its.kind == "sink":
            from connector.systems import make_register

            sink = next(each for each in self.settings.sinks if each.name == its.sink)
            return make_register(sink, self.settings)
        from connector.journals.folder import FolderRegister

        return FolderRegister(its.path)

    @cached_property
    def mapping(self) -> mapping.Mapping:
        """How an entry's title is made."""
        from connector import mapping

        return mapping.load(
            read_mapping("entry.toml", self.settings.folder), self.settings.language
        )

    def title(self, entry: Entry) -> str:
        """The short subject line of an entry."""
        return self.mapping.title(entry)

    def source(self, name: str) -> Source:
        """The source of that name in the configuration."""
        if name not in self._sources:
            if name == "exchange":
                made = make_exchange(self.settings, self.since, self.clock)
            elif name == "directory_file":
                from connector.sources.directory_file import DirectoryFile

                made = DirectoryFile(self.settings.sources.directory_file.path or Path())
            elif name in LYNC:
                made = make_lync(name, self.settings, self.since, self.clock)
            else:
                made = make_source(name, self.graph, self.settings, self.since)
            self._sources[name] = made
        return self._sources[name]

    @property
    def has_articles(self) -> bool:
        """Is there a folder of knowledge articles, or a site to publish them to?"""
        its = self.settings.articles
        return bool(self.settings.sites) or its.folder.is_dir() or its.shared is not None

    def enabled_sources(self) -> list[str]:
        """The names of the sources that are switched on, in the order of a full sync."""
        return [name for name in SOURCES if getattr(self.settings.sources, name).enabled]

    @cached_property
    def sinks(self) -> Mapping[str, Sink]:
        """The journals by name."""
        return {
            each.name: make_sink(each, self.settings, self.clock) for each in self.settings.sinks
        }

    @cached_property
    def presence_lists(self) -> Sequence[PresenceList]:
        """Where the present state of everybody is shown; none as a rule."""
        shown = [each for each in self.settings.sinks if each.kind == "sharepoint"]
        if not shown:
            return ()
        from connector.systems import make_presence_list

        made = [make_presence_list(each, self.settings) for each in shown]
        return [each for each in made if each is not None]

    def policy(self) -> Policy:
        """How to link and when to journal, with the directory as it is when it is first needed."""
        its = self.settings.linking
        return Policy(
            patterns=lambda: self.scanner,
            linker=lambda: self.linker,
            zone=self.zone,
            staff=cache(self._staff),
            quiet_s=self.settings.journal.quiet_min * 60,
            keeps_attachments=self.settings.journal.attachments != "none",
            sinks=tuple(each.name for each in self.settings.sinks),
            private_words=frozenset(its.private_words),
            not_private_words=frozenset(its.not_private_words),
            private_reason=text("private.reason", self.settings.language),
            emptied_reason=text("note.emptied", self.settings.language),
        )

    def _staff(self) -> Staff:
        from connector.identity import excluded_ids
        from connector.ledger.merging import names_of, same_persons
        from connector.ledger.people import everybody

        with self.ledger.read() as connection:
            people = everybody(connection)
            same, aliases = same_persons(connection), names_of(connection)
        its = self.settings.linking
        return Staff(
            names={each.id: each.name for each in people if each.name},
            upns={each.id: each.upn for each in people if each.upn},
            aliases=aliases,
            departments={each.id: each.department for each in people if each.department},
            excluded=excluded_ids(people, its.exclude_users, its.exclude_groups, same),
        )

    def close(self) -> None:
        """Give connections back."""
        for name in ("ledger", "graph"):
            if name in self.__dict__:
                self.__dict__[name].close()


def make_rules(settings: Settings) -> Rules:
    """The site's policy for linking. What is set twice goes by the more careful word."""
    from connector.linking.rules import AUTOMATIC, CONFIRM, NEVER, Rules

    its = settings.linking
    modes = dict.fromkeys(its.automatic, AUTOMATIC)
    modes |= dict.fromkeys(its.confirm, CONFIRM)
    modes |= dict.fromkeys(its.never, NEVER)
    return Rules(
        modes=modes,
        threshold=its.threshold,
        thread_quiet_s=its.thread_h * 3600,
        call_back_s=its.call_back_h * 3600,
        shared_by=its.shared_by,
    )


def site_mappings(folder: Path) -> Path | None:
    """The site's own mappings/ when it has all that a transcript needs, else None."""
    own = folder / "mappings"
    is_whole = (own / "entry.toml").is_file() and (own / "templates").is_dir()
    return own if is_whole else None


def make_graph(
    settings: Settings,
    *,
    clock: Callable[[], datetime] = utc_now,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Graph:
    """The client for the tenant in the settings. Its waits are an argument, for tests."""
    from connector.http import Graph

    graph = settings.graph
    timeout_s = (graph.connect_timeout_s, graph.read_timeout_s)
    token = _token(settings, graph.base_url, timeout_s, monotonic)
    return Graph(
        graph.base_url,
        token,
        timeout_s=timeout_s,
        ca_bundle=str(graph.ca_bundle or ""),
        proxy=graph.proxy_url(),
        rates=graph.rates,
        max_in_flight=graph.requests_in_flight,
        attempts=graph.attempts,
        patience_s=graph.patience_s,
        clock=clock,
        monotonic=monotonic,
        sleep=sleep,
    )


def _token(
    settings: Settings, url: str, timeout_s: tuple[float, float], monotonic: Callable[[], float]
) -> Callable[[bool], str]:
    """Signs the app in for the server at `url`. Raises ConfigError when a secret is missing."""
    from connector.auth import token_source
    from connector.settings import missing_secrets

    missing = missing_secrets(settings)
    if missing:
        raise ConfigError(missing)
    graph = settings.graph
    return token_source(
        auth=graph.auth,
        base_url=url,
        authority=graph.authority_url,
        tenant=graph.tenant,
        client_id=graph.client_id,
        secret=graph.secret.reveal(),
        certificate_pem=_certificate(settings),
        certificate_thumbprint=graph.certificate_thumbprint,
        static_token=graph.token.reveal(),
        ca_bundle=str(graph.ca_bundle or ""),
        proxy=graph.proxy_url(),
        timeout_s=timeout_s,
        monotonic=monotonic,
    )


def _certificate(settings: Settings) -> str:
    from connector.auth import read_pem

    file = settings.graph.certificate_file
    if settings.graph.auth != "certificate" or file is None:
        return ""
    return read_pem(file, "graph.certificate_file")


def make_source(name: str, graph: Graph, settings: Settings, since: datetime | None) -> Source:
    """One source of the platform, as its settings say."""
    from connector.sources import teams

    its = settings.sources
    match name:
        case "directory":
            return teams.Directory(graph, name=name, users=its.directory.users)
        case "chats":
            return teams.Chats(
                graph,
                name=name,
                since=since,
                initial_days=its.chats.initial_days,
                overlap_h=its.chats.overlap_h,
                lag_min=its.chats.lag_min,
                reread_days=its.chats.reread_days,
            )
        case "channels":
            return teams.Channels(graph, name=name, since=since, teams=its.channels.teams)
        case "call_records":
            return teams.CallRecords(
                graph,
                name=name,
                since=since,
                overlap_h=its.call_records.overlap_h,
                deep_days=its.call_records.deep_days,
            )
        case "pstn" | "direct_routing":
            rows = its.pstn if name == "pstn" else its.direct_routing
            make = teams.PstnCalls if name == "pstn" else teams.DirectRouting
            return make(
                graph,
                name=name,
                since=since,
                overlap_days=rows.overlap_days,
                initial_days=rows.initial_days,
            )
        case "voicemail":
            from connector.sources.mail import Voicemail

            return Voicemail(
                graph,
                name=name,
                since=since,
                mailboxes=its.voicemail.mailboxes,
                folders_excluded=its.voicemail.folders_excluded,
                initial_days=its.voicemail.initial_days,
                max_audio_mb=its.voicemail.max_audio_mb,
            )
        case "presence":
            return teams.PresenceStates(graph, name=name)
    raise ConfigError([f"{name}: there is no such source; choose of {', '.join(SOURCES)}"])


def make_exchange(
    settings: Settings,
    since: datetime | None,
    clock: Callable[[], datetime],
    *,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Source:
    """The mailboxes of Exchange on own servers. Its waits are an argument, for tests.

    Raises ConfigError when the password, or the secret of the app in [graph], is missing.
    """
    from connector.sources import exchange

    its, archive, graph = (
        settings.sources.exchange,
        settings.sources.lync_archive,
        settings.graph,
    )
    needs_password = its.enabled and its.auth in ("ntlm", "basic")
    if needs_password and not its.password:
        variable, setting = "CASETHREAD_EXCHANGE_PASSWORD", "sources.exchange.password_file"
        told = text("config.secret_missing", settings.language, variable=variable, setting=setting)
        raise ConfigError([told])
    timeout_s = (its.connect_timeout_s, its.read_timeout_s)
    access = exchange.Access(
        name="exchange",
        url=its.url,
        auth=its.auth,
        user=its.user,
        password=its.password.reveal(),
        password_from=str(its.password_file or "CASETHREAD_EXCHANGE_PASSWORD"),
        access=its.access,
        ca_bundle=str(its.ca_bundle or graph.ca_bundle or ""),
        timeout_s=timeout_s,
        patience_s=its.patience_s,
        parallel=its.parallel,
    )
    token = _token(settings, its.url, timeout_s, monotonic) if its.auth == "oauth" else None
    return exchange.Exchange(
        exchange.Client(access, token=token, monotonic=monotonic, sleep=sleep),
        zone=ZoneInfo(its.time_zone or settings.time_zone),
        mailboxes=its.mailboxes,
        folders_excluded=its.folders_excluded,
        history=its.history == "always" or (its.history == "auto" and not archive.enabled),
        initial_days=its.initial_days,
        since=since,
        max_audio_mb=its.max_audio_mb,
        parallel=its.parallel,
        clock=clock,
    )


def make_lync(
    name: str, settings: Settings, since: datetime | None, clock: Callable[[], datetime]
) -> Source:
    """One source of Lync's databases. Raises ConfigError when the driver is not installed."""
    from connector.sources import lync

    its = settings.lync
    databases = [
        lync.Database(
            label,
            url,
            password=its.password.reveal(),
            zone=ZoneInfo(its.time_zone),
            version=None if its.version == "auto" else int(its.version),
            isolation=its.isolation,
            timeout_s=its.query_timeout_s,
        )
        for label, url in (its.call_databases if name == "lync_cdr" else its.message_databases)
    ]
    if name == "lync_archive":
        archive = settings.sources.lync_archive
        return lync.ArchivedMessages(
            databases,
            archive.folder,
            name=name,
            window_days=archive.window_days,
            initial_days=archive.initial_days,
            since=since,
            clock=clock,
        )
    calls = settings.sources.lync_cdr
    return lync.CallDetails(
        databases,
        name=name,
        window_days=calls.window_days,
        initial_days=calls.initial_days,
        since=since,
        clock=clock,
    )


def make_sink(sink: SinkSettings, settings: Settings, clock: Callable[[], datetime]) -> Sink:
    """One journal, as its settings say. Raises ConfigError for a mapping that cannot be used."""
    if sink.kind != "folder":
        from connector.systems import make_sink as make_system_sink

        return make_system_sink(sink, settings, clock)
    from connector.journals.folder import FolderJournal

    return FolderJournal(
        sink.path,
        name=sink.name,
        language=sink.language or settings.language,
        clock=clock,
        mappings=site_mappings(settings.folder),
    )


def unknown_names(names: Iterable[str], known: Iterable[str]) -> list[str]:
    """Those of `names` that are not known, each once, in order."""
    there = set(known)
    return [name for name in dict.fromkeys(names) if name not in there]
