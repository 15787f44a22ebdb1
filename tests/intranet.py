"""A Plone intranet and a portal that know each other, for tests in a real browser and pictures."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from connector.bootstrap import Program
from connector.ledger.take import take
from connector.model import Page, Presence
from connector.web.app import make_app
from tests.making import policy
from tests.plone_server import PASSWORD, RealPlone
from tests.web import town
from tests.web.conftest import Portal, free_port, no_issuer, serving

NAME = "nordnet"

PARTS = [
    {
        "key": "",
        "html": "<p>Du kan søge om pas i Borgerservice. Du skal møde personligt op, og du skal "
        "bestille en tid først. Tag dit gamle pas og dit sundhedskort med.</p>",
    },
    {
        "key": "pris",
        "heading": "Hvad koster det",
        "html": "<h2>Hvad koster det</h2><p>Prisen afhænger af din alder:</p>"
        "<table><caption>Pris for et pas</caption><thead><tr><th>Alder</th><th>Pris</th></tr>"
        "</thead><tbody><tr><td>Under 12 år</td><td>191 kr.</td></tr><tr><td>18-65 år</td>"
        "<td>915 kr.</td></tr></tbody></table>",
    },
    {
        "key": "fritagelse",
        "heading": "Fritagelse for fremmøde",
        "html": "<h2>Fritagelse for fremmøde</h2><p>Ved alvorlig sygdom kan vi komme hjem til "
        "borgeren. Spørg efter lægens erklæring, og skriv på sagen, hvem der har sagt god for "
        "det.</p>",
        "audience": "staff",
    },
    {
        "key": "udstyr",
        "heading": "Det mobile udstyr",
        "html": "<h2>Det mobile udstyr</h2><p>Kufferten står i lokale 112. Skriv dig på listen, "
        "når du tager den.</p>",
        "audience": "unit",
        "unit": "Borgerservice",
    },
]
ARTICLE: dict[str, Any] = {
    "@type": "KnowledgeArticle",
    "id": "soeg-om-pas",
    "title": "Søg om pas",
    "description": "Sådan får du et nyt pas, hvad det koster, og hvor længe det gælder.",
    "article_id": "pas",
    "audience": "citizen",
    "parts": json.dumps(PARTS),
    "subject_kle": "23.05.06",
    "subject_title": "Pas",
    "owner_name": "Bodil Bæk",
    "owner_upn": "bodil@nordvang.example",
    "owner_unit": "Borgerservice",
    "review_by": "2027-03-01",
    "article_source": "both",
}
OVERDUE: dict[str, Any] = {
    "@type": "KnowledgeArticle",
    "id": "meld-flytning",
    "title": "Meld flytning",
    "description": "Hvornår og hvordan du melder, at du flytter.",
    "article_id": "flytning",
    "parts": json.dumps([{"key": "", "html": "<p>Meld flytning senest fem dage efter.</p>"}]),
    "subject_kle": "23.05.00",
    "subject_title": "Folkeregister",
    "owner_unit": "Borgerservice",
    "review_by": "2026-06-01",
    "is_overdue": True,
    "article_source": "national",
}
INSIDE: dict[str, Any] = {
    "@type": "KnowledgeArticle",
    "id": "svar-paa-henvendelser",
    "title": "Svar på henvendelser om pas",
    "description": "Hvad vi siger, når nogen ringer og er utilfreds med ventetiden.",
    "article_id": "svar",
    "audience": "staff",
    "parts": json.dumps([{"key": "", "html": "<p>Tilbyd at ringe op.</p>", "audience": "staff"}]),
    "subject_kle": "23.05.06",
    "owner_unit": "Borgerservice",
    "article_source": "local",
}


@dataclass
class Intranet:
    """A Plone with articles, and the portal that its pages ask."""

    plone: RealPlone
    portal: Portal

    def sign_in(self, page: Any, user: str) -> None:
        """Sign in as people do."""
        page.goto(f"{self.plone.url}/login")
        page.fill("#__ac_name", user)
        page.fill("#__ac_password", PASSWORD)
        page.click("#buttons-login")
        page.wait_for_load_state("load")


@contextlib.contextmanager
def intranet(plone: RealPlone, folder: Path) -> Iterator[Intranet]:
    """The two, set up to know each other, with three articles and a document of a case."""
    _fill(plone)
    with _portal(plone, folder) as portal:
        answer = plone.session("admin").patch(
            f"{plone.url}/@controlpanels/casethread",
            json={"connector_url": portal.url, "intranet_name": NAME},
            timeout=60,
        )
        assert answer.status_code == 204, answer.text
        yield Intranet(plone, portal)


@contextlib.contextmanager
def _portal(plone: RealPlone, folder: Path) -> Iterator[Portal]:
    """The town's portal. It goes by the clock on the wall, as Plone does."""
    shutil.copy(town.made(folder / "town"), folder / "ledger.db")
    (folder / "keys").mkdir()
    (folder / "keys" / f"{NAME}.pem").write_bytes(plone.public_key)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = town.settings(folder, url)
    parts = urlsplit(plone.url)
    web = msgspec.structs.replace(
        settings.web,
        intranet_keys=folder / "keys",
        intranet_origins=(f"{parts.scheme}://{parts.netloc}",),
    )
    behind = [timedelta(minutes=1)]  # a portal believes no statement of before it was up
    program = Program(
        settings=msgspec.structs.replace(settings, web=web),
        clock=lambda: datetime.now(UTC) - behind[0],
    )
    app = make_app(program, no_issuer())
    behind[0] = timedelta()
    _see_presence(program)
    with serving(app, port):
        yield Portal(url, app, program)
    program.close()


def _see_presence(program: Program) -> None:
    """Who is free was read a moment ago."""
    now = datetime.now(UTC)
    seen = tuple(
        Presence(person=town.PEOPLE[name].id, availability=state, activity=state, observed_at=now)
        for name, state in (("bodil", "Available"), ("bent", "Busy"))
    )
    take(
        program.ledger, [Page(source="presence", part="now", cursor="1", presences=seen)], policy()
    )


def _fill(plone: RealPlone) -> None:
    admin = plone.session("admin")
    for fields, state in (
        (ARTICLE, "publish"),
        (OVERDUE, "publish"),
        (INSIDE, "publish_internally"),
    ):
        _made(admin.post(plone.articles, json=fields, timeout=60))
        done = f"{plone.articles}/{fields['id']}/@workflow/{state}"
        _made(admin.post(done, timeout=60))
    behaviors = {"casethread.plone.case": True}
    _made(admin.patch(f"{plone.url}/@controlpanels/dexterity-types/Document", json=behaviors,
                      timeout=60))  # fmt: skip
    note = {"@type": "Document", "id": "notat", "title": "Notat om skimmel i Birkevej 3",
            "case_number": town.BODILS}  # fmt: skip
    _made(admin.post(plone.articles, json=note, timeout=60))
    _made(admin.post(f"{plone.articles}/notat/@workflow/publish", timeout=60))


def _made(answer: Any) -> None:
    assert answer.status_code in (200, 201, 204), answer.text
