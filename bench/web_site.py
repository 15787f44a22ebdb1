"""The configuration of the portal that is measured: as an operator writes it, without a network."""

from __future__ import annotations

from pathlib import Path

from connector import settings as settings_module
from connector.settings import Settings


def settings(folder: Path, ledger_url: str, url: str = "http://127.0.0.1:8080") -> Settings:
    """Everything by its default, but for what has none. Searches are limited to many a minute."""
    text = f"""
language = "da"
organisation = "Nordvang Kommune"
[ledger]
url = "{ledger_url}"
spool = "{folder / "spool"}"
[graph]
tenant = "00000000-0000-4000-8000-000000000001"
client_id = "00000000-0000-4000-8000-000000000002"
[register]
path = "{folder / "journal"}"
[sinks.esdh]
kind = "folder"
path = "{folder / "journal"}"
[log]
level = "warning"
[web]
url = "{url}"
issuer = "http://127.0.0.1:9/tenant/v2.0"
client_id = "portal"
unit_sees_cases = true
searches_per_min = 1000
looks_per_min = 100_000
"""
    environ = {"CASETHREAD_CLIENT_SECRET": "x", "CASETHREAD_WEB_CLIENT_SECRET": "y"}
    return settings_module.parse(text, folder, environ)
