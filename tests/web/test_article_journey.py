"""From the editor's file to a reader's vote and back: with the commands, a real Plone and a real
browser."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.plone_server import FOLDER, PASSWORD, SERVICE, RealPlone

ARTICLE = """---
id: pas
title: Søg om pas
summary: Hvad du skal have med.
language: da
subject: "23.05"
unit: Borgerservice
owner: bodil@nordvang.example
review_by: 2099-01-01
---

Du søger ved personligt fremmøde.

## Det skal du have med {#med}

Dit gamle pas.

## Ved skranken {#skranke .staff}

Spørg efter lægens erklæring.
"""
REASON = "Der står ikke, hvad et pas koster"


class Editor:
    """Somebody with a folder of articles and the commands."""

    def __init__(self, folder: Path, plone: RealPlone) -> None:
        self.folder = folder
        self.article = folder / "articles" / "pas.md"
        self.article.parent.mkdir()
        self.article.write_text(ARTICLE, encoding="utf-8")
        (folder / "journal").mkdir()
        (folder / "casethread.toml").write_text(_configuration(plone.url), encoding="utf-8")

    def run(self, *words: str) -> str:
        """What a command says; it must go well."""
        env = {
            **os.environ,
            "LC_ALL": "da_DK.UTF-8",
            "CASETHREAD_TOKEN": "none",
            "CASETHREAD_SITE_INTRANET_SECRET": PASSWORD,
        }
        command = [sys.executable, "-m", "connector.cli", "--config", str(self.folder)]
        done = subprocess.run(
            [*command, *words], capture_output=True, env=env, encoding="utf-8", check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def editor(plone: RealPlone, tmp_path: Path) -> Editor:
    return Editor(tmp_path, plone)


def _configuration(url: str) -> str:
    return f"""
language = "da"
[graph]
auth = "static"
token_env = "CASETHREAD_TOKEN"
[register]
path = "journal"
[sinks.journal]
kind = "folder"
path = "journal"
[articles]
folder = "articles"
[sites.intranet]
kind = "plone"
url = "{url}"
place = "{FOLDER}"
user = "{SERVICE}"
"""


def test_editor_publishes_and_reader_votes(
    editor: Editor, plone: RealPlone, browser: Callable[..., Any]
) -> None:
    """An editor publishes; a citizen reads, misses something and says so; the editor is told,
    mends it, and the citizen reads the mended page at the same address."""
    editor.run("articles", "check")
    assert "+ pas" in editor.run("articles", "plan")
    editor.run("articles", "publish")

    page = browser(width=360)
    page.goto(f"{plone.articles}/pas")
    page.get_by_text("Dit gamle pas").wait_for()
    assert page.get_by_text("lægens erklæring").count() == 0
    page.check("#casethread-down")
    page.fill("#casethread-reason", REASON)
    with page.expect_navigation():
        page.get_by_role("button", name="Send", exact=True).click()
    page.get_by_text("Redaktørerne læser dit svar").wait_for()

    editor.run("sync", "articles")  # what the schedule does: it asks what readers said, too
    assert "Ret · Søg om pas" in editor.run("articles", "gaps")

    mended = ARTICLE.replace("Dit gamle pas.", "Dit gamle pas. Et pas koster det, taksten siger.")
    editor.article.write_text(mended, encoding="utf-8")
    assert "taksten" in editor.run("articles", "plan")
    editor.run("articles", "publish", "pas")
    page.goto(f"{plone.articles}/pas")
    assert page.get_by_text("taksten siger").is_visible()
