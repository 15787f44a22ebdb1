"""Every page of the portal with an address where there is something to see on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from fastapi.routing import APIRoute

from tests.web.route_table import address, routes

# What is asked for by GET but is no page: files, what programs read, and ways to somewhere else.
NO_PAGES = ("/api/", "/static/", "/files/", "/healthz", "/readyz", "/metrics")
ELSEWHERE = frozenset({"/sign-in/start", "/signed-in"})
# Pages that look quite different with a question than without.
QUESTIONS: Mapping[str, tuple[str, ...]] = {
    "/search": ("", "q=ringe", "q=findesikke", "q=ringe&order=relevance"),
    "/todo": ("", "scope=unit", "scope=all"),
}


def is_page(route: APIRoute) -> bool:
    """Whether people look at it."""
    path = route.path
    has_suffix = "." in path.rpartition("/")[2].replace("{number:path}", "")
    return "GET" in route.methods and not (
        path.startswith(NO_PAGES) or path in ELSEWHERE or has_suffix
    )


def pages(parts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """(name, address) of every page; KeyError names a route whose parts nobody gave."""
    for route in routes():
        if not is_page(route):
            continue
        there = address(route, parts)
        name = route.path.strip("/").replace("/{number:path}", "").replace("/", "-") or "home"
        name = name.replace("{", "").replace("}", "").replace(":path", "")
        for place, question in enumerate(QUESTIONS.get(route.path, ("",))):
            shown = f"{there}?{question}" if question else there
            yield (f"{name}-{place}" if place else name), shown
    yield "error", "/cases/" + quote("99.99.99-X99-1-99")
