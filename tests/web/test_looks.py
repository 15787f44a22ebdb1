"""Every look is kept; who may read that somebody looked."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
import sqlalchemy as sa

from connector.bootstrap import Program
from connector.ledger.tables import event
from connector.web.site import Site
from tests.web import town
from tests.web.conftest import Client

Clients = Callable[..., Client]
PAGE = f"/cases/{town.BODILS}/looks"


@pytest.fixture
def shown(program: Program) -> None:
    """A portal whose caseworkers see who looked."""
    web = msgspec.structs.replace(program.settings.web, owner_sees_looks=True)
    program.settings = msgspec.structs.replace(program.settings, web=web)


def test_off_by_default(client: Clients) -> None:
    """Unless the organisation decided so, not even the caseworker sees who looked."""
    answer = client("bodil").get(PAGE)

    assert answer.status_code == 403
    assert "/looks" not in client("bodil").get(f"/cases/{town.BODILS}").text


@pytest.mark.usefixtures("shown")
def test_caseworker_sees(client: Clients) -> None:
    """The caseworker sees a colleague's look, with name and time, by a link on the case's page."""
    client("bent").get(f"/cases/{town.BODILS}")
    one = client("bodil")

    assert "Bent Bro" in one.get(PAGE).text
    assert PAGE in one.get(f"/cases/{town.BODILS}").text


@pytest.mark.usefixtures("shown")
@pytest.mark.parametrize(("who", "status"), [("bent", 403), ("carl", 404), ("rita", 403)])
def test_others_do_not(client: Clients, who: str, status: int) -> None:
    """A colleague does not see who looked; who may not see the case is told it is not there."""
    assert client(who).get(PAGE).status_code == status


def looks(site: Site) -> list[tuple[str, str]]:
    with site.read() as connection:
        rows = connection.execute(
            sa.select(event.c.actor, event.c.subject)
            .where(event.c.action == "looked")
            .order_by(event.c.id)
        )
        return [(row.actor, row.subject) for row in rows]


def test_hidden_case_is_no_look(client: Clients, site: Site) -> None:
    """Who is refused has seen nothing, and no look is kept; who is shown it leaves one."""
    client("carl").get(f"/cases/{town.BODILS}")
    client("bodil").get(f"/cases/{town.BODILS}")

    assert looks(site) == [("bodil@nordvang.example", f"case {town.BODILS}")]


def test_nothing_is_shown_when_the_look_cannot_be_kept(
    client: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the ledger cannot keep the look, the page is not given out."""
    from connector.errors import Unavailable
    from connector.web.pages import case

    def cannot(*_args: object, **_values: object) -> None:
        raise Unavailable("ledger: the disk is full", system="ledger")

    one = client("bodil")
    monkeypatch.setattr(case, "record_look", cannot)
    answer = one.get(f"/cases/{town.BODILS}")

    assert answer.status_code == 503
    assert "Asta" not in answer.text
