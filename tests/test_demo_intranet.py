"""`make demo INTRANET=plone`: the articles stand in a real Plone and on a citizens' site."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tests.demo_run import demo
from tests.plone_server import PYTHON, SERVE, installed


def test_once(tmp_path: Path) -> None:
    """The demo publishes what is not wrong on purpose on both sites, and then ends."""
    installed()
    place = tmp_path / "demo"
    serve = shlex.join([str(PYTHON), str(SERVE)])
    small = ("--users", "12", "--days", "6")
    done = demo("--once", "--folder", str(place), *small, "--intranet", serve)
    said = dict(re.findall(r"^(intranet|borger): (\d+) created, .*blocked", done.stdout, re.M))
    assert (
        int(said["intranet"]) > int(said["borger"]) >= 30
    )  # some owners are not in so small a town
    # Citizens read the article, and nothing of what is for the desk alone.
    citizens = (place / "borger" / "pas.html").read_text(encoding="utf-8")
    source = (place / "articles" / "shared" / "pas.md").read_text(encoding="utf-8")
    assert "Bestil en tid" in citizens
    inside = re.search(r"^## (.+?) \{#\S+ \.staff", source, re.M)
    assert inside
    assert inside[1] not in citizens
    # The passwords and the key of the demo are its owner's alone.
    for name in ("site.json", "intranet-key.pem"):
        assert (place / "plone" / name).stat().st_mode & 0o077 == 0


def test_no_such_command(tmp_path: Path) -> None:
    """A command that is not there is named, with what installs it."""
    small = ("--users", "3", "--days", "2")
    place = str(tmp_path / "demo")
    done = demo("--once", "--folder", place, *small, "--intranet", "/nowhere/plone", code=2)
    assert "/nowhere/plone: the program cannot be started; scripts/plone" in done.stderr
    assert "Traceback" not in done.stderr
