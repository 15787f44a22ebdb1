"""Which of the town's people may use which route: asked of the portal itself, route by route.

The table stands in docs/reference/access.md; scripts/route-table writes it, a test compares it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from connector.bootstrap import Program
from connector.ledger.tables import attachment, item
from connector.ledger.take import take
from connector.web.app import ROUTERS, make_app
from connector.web.rules import Rule
from connector.web.who import csrf_of
from tests.conftest import Clock
from tests.making import add_cases
from tests.making import page as page_of_items
from tests.web import article_town, town
from tests.web.conftest import URL, no_issuer, token_for
from tests.web.test_records import send

PEOPLE = ("", "bodil", "bent", "carl", "rita", "erik", "oda", "nobody")
HEADS = {
    "": "not signed in",
    "bodil": "its caseworker",
    "bent": "colleague of the unit",
    "carl": "case worker elsewhere",
    "rita": "records manager",
    "erik": "editor",
    "oda": "operator",
    "nobody": "no role",
}
# What stands for a part of a path: all of bodil's case, so that each column has its meaning.
PARTS = {
    "number": quote(town.BODILS),
    "number:path": quote(town.BODILS),
    "name": "style.css",
    "position": "0",
    "job": "register",
    "person": town.PEOPLE["bodil"].id,
    "sample": "1",
    "key": "CT-NONE",
    "article": "pas",
    "edit": "1",
    "conflict": "hjemmehjaelp",
    "first": "1",
    "format": "csv",
}


# Of these another one than for the others: what has a recording, a person to decide, a conflict.
OTHER_PARTS: Mapping[str, tuple[str, str]] = {
    "/api/v1/items/{item}/files/{position}": ("item", "version"),
    "/api/v1/todo/{item}": ("item", "waiting"),
    "/articles/{article}/conflict": ("article", "conflict"),
    "/records/samples/{sample}/{position}": ("position", "first"),
}


def routes() -> Iterator[APIRoute]:
    """Every route of the portal, each once, in the order of their addresses."""
    found = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    yield from sorted(found, key=lambda route: (route.path, sorted(route.methods)))


def methods_of(route: APIRoute) -> str:
    """Its methods in words; HEAD goes with GET."""
    return ", ".join(sorted(route.methods - {"HEAD"})) or "HEAD"


def rule_of(route: APIRoute) -> Rule:
    """The one rule of a route."""
    (found,) = (each.call for each in route.dependant.dependencies if isinstance(each.call, Rule))
    return found


def parts_of(program: Program) -> dict[str, str]:
    """PARTS, and the numbers of what was said on bodil's case."""
    with program.ledger.read() as connection:
        rows = connection.execute(
            sa.select(item.c.kind, item.c.id)
            .where(item.c.case_number == town.BODILS, item.c.root_id == item.c.id)
            .order_by(item.c.id)
        ).all()
        waiting = connection.execute(
            sa.select(item.c.id).where(item.c.state == "waiting", item.c.sender != "")
        ).scalars()
        waits = str(next(waiting))
    by_kind = {row.kind: str(row.id) for row in rows}
    call, voicemail = by_kind["call"], by_kind["voicemail"]
    return PARTS | {"root": call, "item": call, "id": call, "version": voicemail, "waiting": waits}


def address(route: APIRoute, parts: Mapping[str, str]) -> str:
    """An address of the route. Raises KeyError for a part that PARTS does not have."""
    path = route.path
    if path in OTHER_PARTS and OTHER_PARTS[path][1] in parts:
        name, other = OTHER_PARTS[path]
        parts = {**parts, name: parts[other]}
    while "{" in path:
        before, _, rest = path.partition("{")
        name, _, after = rest.partition("}")
        path = before + parts[name] + after
    return path


def outcome(status: int, where: str) -> str:
    """What an answer means to who asked."""
    if status == 401 or (status == 303 and where.startswith("/sign-in?")):
        return "sign in"
    if status == 303 and where == "/sign-in":
        return "sign in"
    return {403: "no", 404: "not there"}.get(status, "yes")


def outcomes(folder: Path, filled: Path) -> dict[tuple[str, str], dict[str, str]]:
    """(methods, path) -> who -> what came of it. What changes something has a ledger of its own."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    filled = _whole(folder / "filled", filled)
    shared = _App(folder / "shared", filled)
    for place, route in enumerate(routes()):
        methods = methods_of(route)
        row: dict[str, str] = {}
        for who in PEOPLE:
            is_safe = route.methods <= {"GET", "HEAD"}
            app = shared if is_safe else _App(folder / f"{place}-{who}", filled)
            row[who] = app.ask(who, route)
            if not is_safe:
                app.close()
        found[methods, route.path] = row
    shared.close()
    return found


def _program(folder: Path) -> Program:
    clock = Clock(datetime(2026, 11, 20, 12, tzinfo=UTC))
    return Program(settings=town.settings(folder, URL, more=article_town.MORE), clock=clock)


def _whole(folder: Path, filled: Path) -> Path:
    """A folder with something behind each part of an address, to be copied."""
    folder.mkdir(parents=True)
    shutil.copy(filled, folder / "ledger.db")
    program = _program(folder)
    _keep_audio(program)
    add_cases(program.ledger, town.second_case())
    asked = f"Er det {town.BODILS} eller {town.second_case().number}?"
    said = town.message_of("bodil", "19:asked@thread.v2", asked, 20)
    take(program.ledger, [page_of_items(said, part="asked")], program.policy())
    article_town.fill(folder, program)
    send(program)
    _draw_sample(program)
    program.close()
    return folder


def _draw_sample(program: Program) -> None:
    """The records manager draws a control."""
    app = make_app(program, no_issuer())
    token = token_for(app.state.site, "rita")
    with TestClient(app, base_url=URL, follow_redirects=False) as one:
        one.cookies.set(app.state.site.cookie, token)
        form = {"csrf": csrf_of(token), "size": "2", "seed": "s"}
        answer = one.post("/records/samples", data=form)
    assert answer.headers["location"] == "/records/samples/1", answer.text


class _App:
    """A portal of its own, to be asked by any of the town's people."""

    def __init__(self, folder: Path, filled: Path) -> None:
        shutil.copytree(filled, folder)
        self.program = _program(folder)
        self.app = make_app(self.program, no_issuer())
        self.parts = parts_of(self.program)

    def ask(self, who: str, route: APIRoute) -> str:
        here = ("127.0.0.1", 1)
        with TestClient(self.app, base_url=URL, follow_redirects=False, client=here) as one:
            headers = {}
            if who:
                token = token_for(self.app.state.site, who)
                one.cookies.set(self.app.state.site.cookie, token)
                headers["x-csrf-token"] = csrf_of(token)
            method = min(route.methods - {"HEAD"} or {"HEAD"})
            answer = one.request(method, address(route, self.parts), headers=headers)
        return outcome(answer.status_code, answer.headers.get("location", ""))

    def close(self) -> None:
        self.program.close()


def _keep_audio(program: Program) -> None:
    """The voicemail's recording was fetched."""
    stored = program.spool.add([b"RIFF"])
    kept = {"state": "kept", "sha256": stored.sha256, "size_bytes": stored.size_bytes}
    with program.ledger.write() as connection:
        connection.execute(sa.update(attachment).values(**kept))


def table(found: Mapping[tuple[str, str], Mapping[str, str]]) -> str:
    """The outcomes as a table in Markdown."""
    rules = {(methods_of(route), route.path): rule_of(route).name for route in routes()}
    lines = [["route", "rule", *HEADS.values()], ["---"] * (len(HEADS) + 2)]
    for (methods, path), row in found.items():
        shown = f"`{methods} {path.replace(':path', '')}`"
        lines.append([shown, rules[methods, path], *(row[who] for who in HEADS)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


PAGE = """# Who may use what

Made by `scripts/route-table` from the portal itself: each route is asked for by each of eight
people of the tests' town, with the number of a case, or of what was said on it.
The case is not restricted, and the unit sees its cases (`web.unit_sees_cases`).
Which cases and communications somebody sees within a route is decided in
`connector/ledger/access.py`.

"sign in": one must sign in first. "no": refused (403). "not there": answered as if it did not exist
(404). "yes": answered, or refused for another reason than who asked (an empty form, say).

{table}
"""


def page(folder: Path, filled: Path) -> str:
    """docs/reference/access.md."""
    return PAGE.format(table=table(outcomes(folder, filled)))
