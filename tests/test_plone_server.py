"""The real Plone of the tests answers, keeps what it is told, and forgets it for the next test."""

from __future__ import annotations

import json

from tests.plone_server import SERVICE, STAFF, RealPlone

ARTICLE = {
    "@type": "KnowledgeArticle",
    "id": "pas",
    "title": "Pas til rejsen",
    "article_id": "pas",
    "article_digest": "abc",
    "parts": json.dumps(
        [
            {"key": "", "html": "<p>Bestil en tid.</p>"},
            {"key": "gebyr", "heading": "Gebyr", "html": "<h2>Gebyr</h2>", "audience": "staff"},
        ]
    ),
}


def test_publishes(plone: RealPlone) -> None:
    """The service user makes an article and publishes it; a visitor reads its open sections."""
    service = plone.session(SERVICE)
    made = service.post(plone.articles, json=ARTICLE, timeout=20)
    assert made.status_code == 201, made.text
    asked = service.post(f"{plone.articles}/pas/@workflow/publish", timeout=20)
    assert asked.json()["review_state"] == "published"

    seen = plone.session().get(f"{plone.articles}/pas", timeout=20).json()
    assert [part["key"] for part in json.loads(seen["parts"])] == [""]
    seen = plone.session(STAFF).get(f"{plone.articles}/pas", timeout=20).json()
    assert [part["key"] for part in json.loads(seen["parts"])] == ["", "gebyr"]

    found = plone.session().get(
        f"{plone.url}/@search",
        params={"article_id": "pas", "metadata_fields": ["article_id", "article_digest"]},
        timeout=20,
    )
    assert [each["article_digest"] for each in found.json()["items"]] == ["abc"]


def test_forgets(plone: RealPlone) -> None:
    """What a test made is gone in the next."""
    assert plone.session(SERVICE).get(f"{plone.articles}/pas", timeout=20).status_code == 404


def test_plain(plain_plone: RealPlone) -> None:
    """A Plone without the add-on has no such type, and takes documents."""
    service = plain_plone.session(SERVICE)
    assert service.post(plain_plone.articles, json=ARTICLE, timeout=20).status_code >= 400
    document = {"@type": "Document", "id": "pas", "title": "Pas"}
    assert service.post(plain_plone.articles, json=document, timeout=20).status_code == 201
