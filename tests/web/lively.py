"""The portal of the sandbox's municipality, as `make demo` leaves it: much was said, journaled, and
waits. For looking at pages: by axe, by people, and for docs/screenshots.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests
import sqlalchemy as sa

from connector import settings as settings_module
from connector.article import STAFF
from connector.articles.owners import owners_of
from connector.articles.rendering import page_of
from connector.bootstrap import Program
from connector.ledger import sessions, views
from connector.ledger.people import directory
from connector.ledger.register import find_case
from connector.ledger.sessions import SignedIn
from connector.ledger.tables import item
from connector.model import Case, Person
from connector.sandbox.article_files import write_articles
from connector.web.app import make_app
from connector.web.who import csrf_of
from tests.web import article_town
from tests.web.conftest import free_port, no_issuer, serving

ROOT = Path(__file__).parents[2]
GRANTS = ("CaseWorker", "RecordsManager", "Editor", "Operator")


@dataclass
class Lively:
    """A running portal, and what is worth looking at in it."""

    url: str
    program: Program
    site: Any
    case: Case
    person: Person  # the case's caseworker
    items: dict[str, int]  # kind -> root on that case

    @property
    def parts(self) -> dict[str, str]:
        """What stands for the parts of addresses."""
        number = quote(self.case.number)
        root = str(min(self.items.values()))
        return {
            "number": number, "number:path": number, "root": root, "item": root, "sample": "1",
            "position": "1",
            "person": self.person.id, "job": "register", "article": "pas", "edit": "1",
        }  # fmt: skip

    def sign_in(self, page: Any, *grants: str) -> None:
        """The case's caseworker is signed in, with these roles."""
        cookie = {"name": self.site.cookie, "value": self.session(*grants), "url": self.url}
        page.context.add_cookies([{**cookie, "httpOnly": True}])

    def session(self, *grants: str) -> str:
        """The token of a new session of the case's caseworker."""
        who = SignedIn(
            subject="lively", oid=self.person.id, name=self.person.name, upn=self.person.upn,
            grants=grants or GRANTS,
        )  # fmt: skip
        with self.site.write() as connection:
            return sessions.begin(connection, who, now=self.site.ledger.now(), life_ms=3_600_000)


@contextmanager
def lively(users: int = 60, days: int = 5) -> Iterator[Lively]:
    """One sync of a made-up municipality, and its portal. Takes about twenty seconds to make."""
    folder = Path(tempfile.mkdtemp(prefix="casethread-lively-"))
    try:
        _demo(folder / "demo", users, days)
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        file = folder / "demo" / "casethread.toml"
        ours = f'url = "{url}"\nissuer = "http://127.0.0.1:9/t/v2.0"\nclient_id = "portal"\n'
        text = _with_web(file.read_text("utf-8"), ours) + article_town.MORE
        file.write_text(text, "utf-8")
        program = Program(settings=settings_module.load(file, _environ()))
        app = make_app(program, no_issuer())
        with serving(app, port):
            made = _lively(url, program, app.state.site)
            _draw_sample(made)
            _publish(made, file.parent)
            yield made
        program.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _environ() -> dict[str, str]:
    return {"CASETHREAD_CLIENT_SECRET": "x", "CASETHREAD_WEB_CLIENT_SECRET": "y"}


def _demo(folder: Path, users: int, days: int) -> None:
    words = [sys.executable, "-m", "connector.cli", "demo", "--once", "--folder", str(folder)]
    words += ["--users", str(users), "--days", str(days)]
    made = subprocess.run(
        words, cwd=ROOT, env={**os.environ, "LC_ALL": "da_DK.UTF-8"}, capture_output=True, text=True
    )
    assert made.returncode == 0, made.stdout + made.stderr


def _with_web(text: str, ours: str) -> str:
    """The configuration with our [web] and no other; [articles] is the caller's."""
    lines, is_ours = [], False
    for line in text.splitlines():
        if line.startswith("["):
            is_ours = line.strip() in ("[web]", "[articles]")
        if not is_ours:
            lines.append(line)
    return "\n".join(lines) + "\n[web]\nunit_sees_cases = true\nowner_sees_looks = true\n" + ours


def _draw_sample(made: Lively) -> None:
    """A records manager draws a control, so that there is one to look at."""
    token = made.session()
    with requests.Session() as browser:
        browser.trust_env = False
        browser.cookies.set(made.site.cookie, token)
        form = {"csrf": csrf_of(token), "size": "5", "seed": "lively"}
        answer = browser.post(f"{made.url}/records/samples", form, allow_redirects=False)
    assert answer.headers["location"] == "/records/samples/1", answer.text


def _publish(made: Lively, folder: Path) -> None:
    """The municipality's articles are on two sites, and their readers have said something."""
    today = made.site.target.today
    write_articles(folder / "articles", today)
    article_town.publish_all(made.program, today, made.person.upn)
    article_town.call(made.program, today, made.person)
    library = article_town.library_of(made.program)
    name_of = owners_of(made.program.ledger).shown_name
    page = page_of(library.articles["pas"], library, STAFF, today, name_of)
    assert page is not None
    article_town.publish(made.program, article_town.INTRANET, page, days_ago=20)


def _lively(url: str, program: Program, site: Any) -> Lively:
    with program.ledger.read() as connection:
        number = views.richest_case(connection)
        case = find_case(connection, number, program.scanner)
        rows = connection.execute(
            sa.select(item.c.kind, item.c.id).where(
                item.c.case_number == number, item.c.root_id == item.c.id
            )
        ).all()
    assert case is not None
    people = directory(program.ledger)
    person = next(each for each in people if each.upn.casefold() == case.caseworker.casefold())
    return Lively(url, program, site, case, person, {row.kind: row.id for row in rows})
