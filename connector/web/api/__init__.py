"""The API /api/v1: the same as the pages, for programs."""

from __future__ import annotations

from connector.web.api import cases, items, me, openapi, presence, search, todo

# A number may hold slashes: what stands after it is looked for before the case alone.
ROUTERS = (
    openapi.router,
    me.router,
    presence.router,
    items.router,
    todo.router,
    search.router,
    cases.router,
)
