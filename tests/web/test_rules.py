"""Each route has one rule; who may use which route."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute

from connector.web.app import ROUTERS
from connector.web.rules import PUBLIC, SIGNED_IN, Rule
from tests.web.route_table import page


def rules_of(route: APIRoute) -> list[Rule]:
    return [each.call for each in route.dependant.dependencies if isinstance(each.call, Rule)]


def routes() -> Iterator[APIRoute]:
    """Every route of the portal; anything else in a router fails here."""
    for router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, APIRoute), route
            yield route


def test_every_route_has_one_rule(app: FastAPI) -> None:
    """A route without a rule, or with two, is a mistake; nothing is served beside the routers."""
    wrong = [route.path for route in routes() if len(rules_of(route)) != 1]

    assert wrong == []
    assert app.routes == list(routes())


def test_route_by_role(tmp_path: Path, filled: Path) -> None:
    """Who may use which route is as docs/reference/access.md says; scripts/route-table makes it."""
    kept = Path("docs/reference/access.md").read_text(encoding="utf-8")

    assert page(tmp_path, filled) == kept


def test_a_rule_is_asked(app: FastAPI) -> None:
    """The test above bites: a route without a rule, and one with two, are found."""
    router = APIRouter()
    router.get("/none")(lambda: None)
    router.get("/two")(
        lambda one=Depends(PUBLIC), two=Depends(SIGNED_IN): None  # noqa: B008  made for FastAPI
    )
    counts = {route.path: len(rules_of(route)) for route in router.routes}  # type: ignore[arg-type]

    assert counts == {"/none": 0, "/two": 2}
