"""Fixtures: a site of each test's own, over HTTP where it is asked as a browser asks."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import requests
import transaction
from plone import api
from plone.app.testing import SITE_OWNER_NAME, SITE_OWNER_PASSWORD
from pytest_plone import fixtures_factory

from casethread.plone import limits
from casethread.plone.testing import FUNCTIONAL_TESTING, INTEGRATION_TESTING

pytest_plugins = ["pytest_plone"]
globals().update(
    fixtures_factory(((FUNCTIONAL_TESTING, "functional"), (INTEGRATION_TESTING, "integration")))
)

PASSWORD = "fictional-12"
STAFF, NEIGHBOUR, EDITOR = "bodil", "henrik", "rikke"

# A word that stands in one kind of section alone tells which kind has leaked.
OPEN, INSIDE, UNITS = "hvalros", "kanelsnegl", "mursten"
PARTS = [
    {"key": "", "html": f"<p>Bestil en tid, og tag et foto med. {OPEN}</p>"},
    {
        "key": "gebyr",
        "heading": "Fritagelse",
        "html": f"<h2>Fritagelse</h2><p>Spørg efter {INSIDE}.</p>",
        "audience": "staff",
    },
    {
        "key": "vagt",
        "heading": "Vagt",
        "html": f"<h2>Vagt</h2><p>Vagttelefonen har kode {UNITS}.</p>",
        "audience": "unit",
        "unit": "Borgerservice",
    },
]


@dataclass
class Site:
    """The site over HTTP."""

    url: str

    def session(self, user: str | None = None) -> requests.Session:
        made = requests.Session()
        made.headers["Accept"] = "application/json"
        if user == "admin":
            made.auth = (SITE_OWNER_NAME, SITE_OWNER_PASSWORD)
        elif user:
            made.auth = (user, PASSWORD)
        return made

    def get(self, path: str, user: str | None = None, **asked: object) -> requests.Response:
        headers = asked.pop("headers", {})
        return self.session(user).get(
            self.url + path, params=asked, headers=headers, timeout=60, allow_redirects=False
        )

    def page(self, path: str, user: str | None = None, **asked: object) -> str:
        """A page as a browser is given it."""
        return self.get(path, user, headers={"Accept": "text/html"}, **asked).text

    def post(
        self, path: str, user: str | None = None, headers: dict | None = None, **said: object
    ) -> requests.Response:
        return self.session(user).post(self.url + path, json=said, headers=headers, timeout=60)

    def patch(self, path: str, user: str | None = None, **said: object) -> requests.Response:
        return self.session(user).patch(self.url + path, json=said, timeout=60)


@pytest.fixture
def site(functional_portal: object) -> Site:
    """A site with a group, people of two units and an editor."""
    with api.env.adopt_roles(["Manager"]):
        api.group.create("borgerservice", title="Borgerservice")
        for name in (STAFF, NEIGHBOUR, EDITOR):
            functional_portal.acl_users.userFolderAddUser(name, PASSWORD, ["Member"], [])
        api.group.add_user(groupname="borgerservice", username=STAFF)
        api.user.grant_roles(EDITOR, roles=["Editor", "Contributor"])
    transaction.commit()
    for limit in (limits.VOTES, limits.VIEWS):
        limit.forget()
    return Site(functional_portal.absolute_url())


@pytest.fixture
def publish(site: Site) -> Callable[..., str]:
    """Makes an article over REST, published; gives its path."""

    def make(name: str = "pas", transition: str = "publish", **fields: object) -> str:
        fields = {"parts": PARTS, "title": "Pas til rejsen", "article_id": name, **fields}
        fields["parts"] = json.dumps(fields["parts"])
        made = site.post("", "admin", **{"@type": "KnowledgeArticle", "id": name, **fields})
        assert made.status_code == 201, made.text
        if transition:
            done = site.post(f"/{name}/@workflow/{transition}", "admin")
            assert done.status_code == 200, done.text
        return f"/{name}"

    return make
