"""`casethread articles gaps`, as an editor has it in a terminal."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connector.article import Signal
from connector.bootstrap import Program
from connector.cli import make_app
from connector.ledger.article_signals import keep_signals
from connector.settings import load

SETTINGS = """
language = "{language}"
[graph]
tenant = "00000000-0000-4000-8000-000000000001"
client_id = "00000000-0000-4000-8000-000000000002"
[register]
path = "journal"
[sinks.journal]
path = "journal"
"""
ARTICLE = """---
id: pas
title: Bestil pas
summary: Kort sagt.
language: da
unit: Borgerservice
owner: hanne@kommunen.example
review_by: 2099-01-01
---
Pas bestilles i Borgerservice.
"""
ENVIRON = {"CASETHREAD_CLIENT_SECRET": "x", "CASETHREAD_WEB_CLIENT_SECRET": "y"}


def run(folder: Path, *words: str) -> str:
    command = ["--config", str(folder / "casethread.toml"), "articles", "gaps", *words]
    answer = CliRunner(env=ENVIRON).invoke(make_app(), command)
    assert answer.exit_code == 0, answer.output
    return answer.output


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration with one article."""
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "pas.md").write_text(ARTICLE, "utf-8")
    (tmp_path / "casethread.toml").write_text(SETTINGS.format(language="da"), "utf-8")
    return tmp_path


def voted(folder: Path) -> None:
    program = Program(settings=load(folder / "casethread.toml", ENVIRON))
    today = datetime.now(UTC).astimezone(program.zone).date()
    its = [
        Signal(key="a", kind="vote", day=today, article="pas", value="down", reason="Prisen?"),
        Signal(key="b", kind="search", day=today, value="gravsten", count=3),
    ]
    keep_signals(program.ledger, "web", its, "1")
    program.close()


def test_nothing(folder: Path) -> None:
    """Without calls, votes and searches it says so."""
    assert "Der er intet at skrive eller rette" in run(folder)


@pytest.mark.parametrize("language", ["da", "en"])
def test_list(folder: Path, language: str) -> None:
    """Each line with what to do, why and the points; how points are counted stands below."""
    text = SETTINGS.format(language=language)
    (folder / "casethread.toml").write_text(text, "utf-8")
    voted(folder)
    told = run(folder)

    assert "Bestil pas · 3" in told
    assert "gravsten" not in told  # three searches count as two
    assert {"da": "ikke hjalp", "en": "did not help"}[language] in told
    assert {"da": "Point = ", "en": "Points = "}[language] in told


def test_as_json(folder: Path) -> None:
    """The same for a program, with what the points are made of."""
    voted(folder)
    (line,) = json.loads(run(folder, "--json"))

    assert (line["article"], line["do"], line["score"]) == ("pas", "mend", 3)
    assert line["parts"]["down"] == 3
