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
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import requests
import sqlalchemy as sa

from connector import settings as settings_module
from connector.article import STAFF
from connector.articles.owners import owners_of
from connector.articles.rendering import page_of
from connector.bootstrap import Program
from connector.ledger import sessions, views
from connector.ledger.batch import Batch
from connector.ledger.linking import decide_by_person
from connector.ledger.people import directory
from connector.ledger.register import find_case
from connector.ledger.sessions import SignedIn
from connector.ledger.tables import at, delivery, entry, item
from connector.ledger.take import take
from connector.model import Case, LinkState, Person
from connector.sandbox.article_files import write_articles
from connector.web.app import make_app
from connector.web.who import csrf_of
from tests.making import edited, message, page
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
            "conflict": "hjemmehjaelp",
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


WRITTEN = "Hun sender kontrakten i morgen"


def write_over(made: Lively, page: Any) -> None:
    """Leave the page at the answer to a note that somebody else has changed meanwhile."""
    page.goto(f"{made.url}/items/{made.items['call']}")
    page.evaluate("document.querySelector('details.write').open = true")
    page.evaluate("document.querySelector('details.write [name=version]').value = 99")
    page.fill("details.write textarea", WRITTEN)
    page.click("details.write button")


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
            _talk(made)
            _move(made)
            _trouble(made)
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


def _talk(made: Lively) -> None:
    """A chat about the case: an edit, one that was made before it was read, and a deletion."""
    program, number = made.program, made.case.number
    begun = at(program.ledger.now()) - timedelta(hours=2)
    whose: dict[str, Any] = {"sender": made.person.id, "sender_name": made.person.name}
    said = [
        message(text, thread="19:lively@thread.v2", sent_at=begun + timedelta(minutes=n), **whose)
        for n, text in enumerate(
            (
                f"Sag {number}: mødet er mandag kl. 10 i lokale 2",
                "Hun vil gerne ringes op i morgen formiddag",
                "Jeg har også talt med hendes søster",
            )
        )
    ]
    moved = edited(said[0], f"Sag {number}: mødet er tirsdag kl. 10.30 i lokale 2")
    said[1] = msgspec.structs.replace(said[1], edited_at=begun + timedelta(minutes=3))
    gone = edited(said[2], "", minutes=9, is_deleted=True)
    take(program.ledger, [page(*said, moved, gone, part="lively")], program.policy())


def _move(made: Lively) -> None:
    """What was journaled on another case is put on this one."""
    program = made.program
    with program.ledger.write(durable=True) as connection:
        root = (
            connection.execute(
                sa.select(item.c.id)
                .join(entry, entry.c.item_id == item.c.id)
                .join(delivery, delivery.c.entry_id == entry.c.id)
                .where(item.c.case_number != made.case.number, item.c.state == "linked")
                .where(delivery.c.state == "done", item.c.kind == "call")
                .order_by(item.c.id)
            )
            .scalars()
            .first()
        )
        assert root is not None
        its = Batch(
            ledger=program.ledger, connection=connection, policy=program.policy(),
            now=program.ledger.now(),
        )  # fmt: skip
        decide_by_person(
            its, root, state=LinkState.LINKED, case=made.case, actor=made.person.upn,
            reason="Hun ringede om den anden sag",
        )  # fmt: skip


TROUBLES = {
    "unsure": "journal: no answer came in time",
    "failed": "journal: the case is locked",
    "held": "journal: the case is closed",
}


def _trouble(made: Lively) -> None:
    """Of three entries a person must say what is to become."""
    with made.program.ledger.write() as connection:
        query = sa.select(delivery.c.key).where(delivery.c.case_number != made.case.number)
        keys = connection.execute(query.order_by(delivery.c.key).limit(3)).scalars().all()
        for key, (state, reason) in zip(keys, TROUBLES.items(), strict=True):
            connection.execute(
                sa.update(delivery)
                .where(delivery.c.key == key)
                .values(state=state, reason=reason, receipt=None, tries=3)
            )


def _publish(made: Lively, folder: Path) -> None:
    """The municipality's articles are on two sites, and their readers have said something."""
    today = made.site.target.today
    write_articles(folder / "articles", today)
    article_town.publish_all(made.program, today, made.person.upn)
    article_town.call(made.program, today, made.person)
    library = article_town.library_of(made.program)
    name_of = owners_of(made.program.ledger).shown_name
    passport = page_of(library.articles["pas"], library, STAFF, today, name_of)
    assert passport is not None
    article_town.publish(made.program, article_town.INTRANET, passport, days_ago=20)


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
