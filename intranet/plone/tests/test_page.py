"""What an article's page says of itself."""

from __future__ import annotations

from tests.conftest import STAFF

BYLINE = 'id="section-byline"'


def test_no_byline(site, publish):
    """An article's page does not name the account that published it: a program's. Others do."""
    publish()
    site.post("", "admin", **{"@type": "Document", "id": "side", "title": "En side"})

    assert BYLINE not in site.page("/pas", STAFF)
    assert BYLINE in site.page("/side", "admin")
