"""`sandbox serve --on-premises`: an Exchange that misbehaves as asked."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from typer.testing import CliRunner

from connector.cli import make_app
from connector.model import Item
from connector.sources.directory_file import DirectoryFile
from connector.sources.exchange import Access, Client, Exchange
from tests.contracts.source import nothing_known
from tests.ews_town import ZONE


def first_voicemail(told: Mapping[str, str]) -> bytes:
    """The first item of any mailbox as the served Exchange gave it."""
    access = Access(
        name="exchange",
        url=told["exchange_url"],
        auth="basic",
        user=told["exchange_user"],
        password=told["exchange_password"],
    )
    people = DirectoryFile(Path(told["people"]))
    mails = [p.mail for page in people.changes("", None, nothing_known) for p in page.people]
    client = Client(access)
    source = Exchange(client, zone=ZONE, history=False, initial_days=400)
    try:
        for mail in mails:
            for page in source.changes(mail, None, nothing_known):
                for each in page.items:
                    if isinstance(each, Item):
                        return each.raw
    finally:
        client.close()
    raise AssertionError("no mailbox has any")


def test_serve_plays_scenarios_of_exchange(tmp_path: Path) -> None:
    """The sandbox's Exchange misbehaves as asked; without an Exchange there is no such scenario."""
    words = ["sandbox", "serve", "--users", "12", "--days", "3", "--scenario", "nine-digits"]
    told = CliRunner().invoke(make_app(), words)
    assert told.exit_code == 2
    child = subprocess.Popen(
        [
            *[sys.executable, "-m", "connector.cli", *words, "--json", "--while-stdin", "--no-tls"],
            *["--on-premises", str(tmp_path / "servers")],
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        lines = ""
        for line in child.stdout:
            lines += line
            if line.strip() == "}":
                break
        raw = first_voicemail(json.loads(lines))
    finally:
        child.stdin.close()
        child.wait(timeout=60)
        child.stdout.close()
    assert b".379977800Z" in raw
