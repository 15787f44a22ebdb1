"""The demo ends with a link, and what is behind it works: the program as a visitor meets it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

LINK = re.compile(r"Open the portal in a browser: (http://127\.0\.0\.1:\d+)")


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A demo of a very small municipality, in English, under way."""
    words = ["demo", "--folder", str(tmp_path / "demo"), "--users", "12", "--days", "6"]
    child = subprocess.Popen(
        [sys.executable, "-m", "connector.cli", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "LC_ALL": "en_GB.UTF-8"},
        text=True,
        encoding="utf-8",
    )
    timer = threading.Timer(TOO_LONG_S, child.kill)  # what never comes must not be waited for
    timer.start()
    yield child
    timer.cancel()
    child.kill()
    child.communicate(timeout=30)


TOO_LONG_S = 240
CASE = re.compile(r"The case above belongs to (.+): (http://\S+/cases/\S+)")


def link_of(child: subprocess.Popen[str], wanted: re.Pattern[str] = LINK) -> tuple[str, ...]:
    """What the demo ends with, once it has said it."""
    assert child.stdout is not None
    heard = ""
    for line in child.stdout:
        heard += line
        found = wanted.search(line)
        if found:
            return found.groups()
    assert child.stderr is not None
    raise AssertionError(heard + child.stderr.read())


def test_demo_ends_with_a_link(
    demo: subprocess.Popen[str], browser: Callable[..., Any], tmp_path: Path
) -> None:
    """The link opens the portal; one click signs in; a job can be run; Ctrl-C ends it all."""
    (link,) = link_of(demo)
    page = browser(language="en")
    page.goto(link)
    page.get_by_role("link", name="Sign in").click()
    page.get_by_role("button", name=re.compile("operator")).click()
    page.goto(f"{link}/operations")
    assert page.get_by_text("The schedule runs on").is_visible()

    page.get_by_role("button", name="Run Erasing now").click()

    # The page comes again by itself.
    page.locator("#job-prune").get_by_text("done").wait_for(timeout=60_000)
    assert page.wrong == []

    demo.send_signal(signal.SIGINT)
    _, errors = demo.communicate(timeout=60)
    assert demo.returncode == 130
    assert "Traceback" not in errors
    assert "Traceback" not in (tmp_path / "demo" / "portal.log").read_text(encoding="utf-8")


def test_demo_case_can_be_opened(demo: subprocess.Popen[str], browser: Callable[..., Any]) -> None:
    """The case that the demo shows belongs to somebody who may sign in, and its link opens it."""
    name, link = link_of(demo, CASE)
    page = browser(language="en")
    page.goto(link)
    page.get_by_role("link", name="Sign in").click()
    page.get_by_role("button", name=re.compile(re.escape(name))).click()
    page.wait_for_url(link)

    assert link.rpartition("/")[2] in page.inner_text("h1")
    assert name in page.inner_text("main")
    assert page.wrong == []
