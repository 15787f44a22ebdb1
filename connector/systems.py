"""From the settings of a sink to the adapter of its records system. With bootstrap.py, the only
place that names adapters.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from connector.auth import read_pem
from connector.defaults import mapping_file, mapping_text, read_mapping
from connector.journaling.connection import Connection
from connector.journaling.draft import Drafter
from connector.journaling.words import Row, Words, load
from connector.mapping import KINDS, TITLE_PARTS
from connector.mapping import load as load_mapping

if TYPE_CHECKING:
    from connector.ports import CaseRegister, PresenceList, Sink
    from connector.settings import Settings
    from connector.settings import Sink as SinkSettings

# What every system's file may hold: titles of its own, made of the same parts as in entry.toml.
COMMON = (Row("titles", "", "list", (), choices=TITLE_PARTS, each=KINDS),)
_SITES = ("sharepoint",)  # an intranet, not a records system: it has no cases


def make_sink(sink: SinkSettings, settings: Settings, clock: Callable[[], datetime]) -> Sink:
    """The sink side of a records system. No request is made yet.

    Raises ConfigError for a mapping, a file or a set-up that cannot be used.
    """
    its = words(sink.kind, settings)
    drafter = make_drafter(settings, sink, its, clock)
    made: Sink = _module(sink.kind).make_sink(connection(sink, settings), its, drafter)
    return made


def make_register(sink: SinkSettings, settings: Settings) -> CaseRegister:
    """The register side of a records system; errors as for `make_sink`."""
    module = _module(sink.kind)
    made: CaseRegister = module.make_register(
        connection(sink, settings), words(sink.kind, settings)
    )
    return made


def make_presence_list(sink: SinkSettings, settings: Settings) -> PresenceList | None:
    """Where this site shows who is free now; None when its mapping does not ask for it."""
    its = words(sink.kind, settings)
    if not its.flag("presence", "publish"):
        return None
    made: PresenceList = _module(sink.kind).make_presence_list(connection(sink, settings), its)
    return made


def words(kind: str, settings: Settings) -> Words:
    """mappings/KIND.toml, the site's own where there is one. Raises ConfigError."""
    name = f"{kind}.toml"
    rows = (*_module(kind).WORDS, *COMMON)
    text = mapping_text(name, settings.folder)
    return load(text, rows, str(mapping_file(name, settings.folder)))


def make_drafter(
    settings: Settings, sink: SinkSettings, its: Words, clock: Callable[[], datetime]
) -> Drafter:
    """What makes entries ready: the site's own words, titles and template where there are any.

    mappings/templates/KIND/ goes before mappings/templates/.
    """
    table = read_mapping("entry.toml", settings.folder)
    mapping = load_mapping(table, sink.language or settings.language)
    titles = {kind: parts for kind in KINDS if (parts := its.list("titles", kind))}
    mapping = msgspec.structs.replace(mapping, titles={**mapping.titles, **titles})
    templates = mapping_file(f"templates/{sink.kind}", settings.folder)
    if not templates.is_dir():
        templates = mapping_file("templates", settings.folder)
    return Drafter(mapping, templates, clock)


def connection(sink: SinkSettings, settings: Settings) -> Connection:
    """How to reach the system. Raises ConfigError when a certificate cannot be read."""
    return Connection(
        name=sink.name,
        url=sink.url,
        contacts_url=sink.contacts_url,
        token_url=sink.token_url,
        tenant=sink.tenant,
        client_id=sink.client_id,
        user=sink.user,
        secret=sink.secret.reveal(),
        client_secret=sink.client_secret.reveal(),
        contacts_secret=sink.contacts_secret.reveal(),
        certificate=_certificate(sink),
        thumbprint=sink.certificate_thumbprint,
        ca_bundle=str(sink.ca_bundle or ""),
        timeout_s=sink.timeout_s,
        in_flight=sink.in_flight,
        time_zone=settings.time_zone,
    )


def _module(kind: str) -> Any:
    """The adapter's module: `make_sink`, `make_register`, `WORDS`."""
    return importlib.import_module(f"connector.{'sites' if kind in _SITES else 'journals'}.{kind}")


def _certificate(sink: SinkSettings) -> str:
    if sink.certificate_file is None:
        return ""
    return read_pem(sink.certificate_file, f"sinks.{sink.name}.certificate_file")
