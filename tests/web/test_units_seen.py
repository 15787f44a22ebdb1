"""The units that a search offers."""

from __future__ import annotations

import sqlalchemy as sa

from connector.ledger.access import visible_case
from connector.ledger.mine import units_seen
from connector.ledger.tables import register_case
from connector.web.site import Site
from connector.web.who import viewer_of
from tests.making import add_cases, case
from tests.web import town


def test_units_seen(site: Site) -> None:
    """They are those of all cases that the viewer may see, for each role, and of no others."""
    bent, carl = "bent@nordvang.example", "carl@nordvang.example"
    add_cases(
        site.ledger,
        case(
            "27.24.06-P19-20-26", department="Kun navngivne", access="restricted", readers=(bent,)
        ),
        case("27.24.06-P19-21-26", department="Åben", caseworker=carl),
        case("27.24.06-P19-22-26", department="", caseworker=carl),
    )
    found = {}
    with site.read() as connection:
        for name in town.PEOPLE:
            viewer = viewer_of(connection, town.signed_in(name), site.web)
            query = sa.select(register_case.c.department).where(visible_case(viewer))
            every = set(connection.execute(query, viewer.values).scalars()) - {""}
            found[name] = units_seen(connection, viewer)
            assert set(found[name]) == every
    assert found["bent"] == ["Borgerservice", "Kun navngivne", "Teknik"]
    assert found["carl"] == ["Teknik", "Åben"]
    assert found["rita"] == ["Borgerservice", "Teknik", "Åben"]
    assert found["oda"] == []
