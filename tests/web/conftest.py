"""The portal of a small town, in the process, and in a browser."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from connector.bootstrap import Program
from connector.ledger import sessions
from connector.web.app import make_app
from connector.web.openid import OpenId
from connector.web.site import Site
from tests.conftest import Clock
from tests.web import town

URL = "http://127.0.0.1:8080"
CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


def no_issuer() -> OpenId:
    """An issuer that is away: these tests begin when somebody is signed in."""
    return OpenId(
        issuer="http://127.0.0.1:9/tenant/v2.0",
        client_id="portal",
        secret="y",
        redirect_uri=f"{URL}/signed-in",
    )


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with the town in it, to be copied: making it takes longer than most tests."""
    return town.made(tmp_path_factory.mktemp("town"))


@pytest.fixture
def program(tmp_path: Path, clock: Clock, filled: Path) -> Iterator[Program]:
    """A program on a ledger of its own, with the town in it."""
    shutil.copy(filled, tmp_path / "ledger.db")
    made = Program(settings=town.settings(tmp_path, URL), clock=clock)
    yield made
    made.close()


@pytest.fixture
def app(program: Program) -> FastAPI:
    """The portal."""
    return make_app(program, no_issuer())


@pytest.fixture
def site(app: FastAPI) -> Site:
    """What the portal's requests share."""
    found: Site = app.state.site
    return found


class Client(TestClient):
    """A signed-in browser without scripts; `post` sends the form's token by itself."""

    csrf = ""

    def post(self, url: Any, *args: Any, **values: Any) -> Any:  # type: ignore[override]
        if self.csrf and "data" in values:
            values["data"] = {"csrf": self.csrf, **values["data"]}
        elif self.csrf and "headers" not in values:
            values["headers"] = {"x-csrf-token": self.csrf}
        return super().post(url, *args, **values)


def token_for(site: Site, name: str) -> str:
    """A session of one of the town's people."""
    with site.write() as connection:
        return sessions.begin(
            connection, town.signed_in(name), now=site.ledger.now(), life_ms=3_600_000
        )


@pytest.fixture
def client(app: FastAPI, site: Site) -> Iterator[Callable[..., Client]]:
    """`client("bodil")` is a browser in which she is signed in; `client("")` nobody's."""
    from connector.web.who import csrf_of

    made: list[Client] = []

    def make(name: str = "", **values: Any) -> Client:
        one = Client(app, base_url=URL, follow_redirects=False, **values)
        one.headers["accept-language"] = "da"
        if name:
            token = token_for(site, name)
            one.cookies.set(site.cookie, token)
            one.csrf = csrf_of(token)
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()


@dataclass
class Portal:
    """A portal that a real browser can open."""

    url: str
    app: FastAPI
    program: Program

    @property
    def site(self) -> Site:
        found: Site = self.app.state.site
        return found

    def sign_in(self, page: Any, name: str) -> None:
        """Give the page's browser a session of one of the town's people."""
        page.context.add_cookies(
            [
                {
                    "name": self.site.cookie,
                    "value": token_for(self.site, name),
                    "url": self.url,
                    "httpOnly": True,
                    "sameSite": "Lax",
                }
            ]
        )


@contextlib.contextmanager
def serving(app: FastAPI, port: int) -> Iterator[None]:
    """The application behind a real server in a thread."""
    import uvicorn

    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started:
        if time.monotonic() > until:
            raise AssertionError("the portal did not start")
        time.sleep(0.02)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=20)


def in_a_thread(do: Callable[[], Any]) -> None:
    """Run an event loop where none runs: Playwright keeps one in the tests' own thread."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(do).result()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def portal(tmp_path: Path, clock: Clock, filled: Path) -> Iterator[Portal]:
    """The town's portal on a port of its own."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    shutil.copy(filled, tmp_path / "ledger.db")
    program = Program(settings=town.settings(tmp_path, url), clock=clock)
    app = make_app(program, no_issuer())
    with serving(app, port):
        yield Portal(url, app, program)
    program.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A real Chromium. Where there is none the tests are not run, and say how to get it."""
    if CHROMIUM is None:
        text = "Chromium is not installed; on Debian, as root: apt install chromium"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(text)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def browser(chromium: Any) -> Iterator[Callable[..., Any]]:
    """`browser()` is a page in a new profile; `width`, `language` and `scripts` may be said."""
    contexts = []

    def make(
        *,
        width: int = 1280,
        height: int = 900,
        language: str = "da",
        scripts: bool = True,
        **more: Any,
    ) -> Any:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            locale={"da": "da-DK", "en": "en-GB"}[language],
            java_script_enabled=scripts,
            **more,
        )
        contexts.append(context)
        page = context.new_page()
        page.wrong = []
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        page.on(
            "console",
            lambda told: page.wrong.append(told.text) if told.type == "error" else None,
        )
        return page

    yield make
    for context in contexts:
        context.close()
