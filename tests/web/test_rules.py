"""Each route has one rule; who may use which route."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from connector.web.app import ROUTERS
from connector.web.rules import Rule


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
    beside = [
        route
        for route in app.routes
        if not any(getattr(route, "original_router", None) is router for router in ROUTERS)
    ]

    assert (wrong, beside) == ([], [])


@pytest.mark.parametrize("path", ["/", "/sign-in", "/static/style.css", "/nowhere"])
def test_public(client, path: str) -> None:
    """What nobody signed in gets: a page, or the way to sign in."""
    assert client().get(path).status_code in (200, 303, 404)


def test_home(client) -> None:
    """Bodil sees her case on the start page, with what waits."""
    answer = client("bodil").get("/")

    assert answer.status_code == 200
    assert "27.18.02-P25-14-26" in answer.text
