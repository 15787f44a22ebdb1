"""A records manager's table as a file: what it is about, who made it; and that it was taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from connector.identity import mask_cpr
from connector.ledger.access import Viewer
from connector.ledger.looks import record_look
from connector.web import moments
from connector.web.exports import Cell, Column, Form, Sheet, download
from connector.web.page import language_of
from connector.web.pages.records_asking import Asked, source_name, unit_name
from connector.web.site import Site, site_of
from connector.web.words import say


def look(site: Site, viewer: Viewer, what: str, **detail: Any) -> None:
    """Keep that the viewer looked at a list in which cases and people stand."""
    with site.write(durable=False) as connection:
        record_look(connection, viewer, f"records {what}", site.ledger.now(), **detail)


def send(
    request: Request,
    viewer: Viewer,
    form: Form,
    what: str,
    columns: Sequence[tuple[str, int]],
    rows: Callable[[], Iterable[Sequence[Cell]]],
    *,
    asked: Asked | None = None,
    more: Sequence[str] = (),
) -> Response:
    """The table as a file; `columns` are word keys with widths, `what` is "items", "looks" ...

    Taking it is a look, kept before the first byte is given out.
    """
    site, language = site_of(request), language_of(request)
    site.limit_exports(viewer.actor)
    look(site, viewer, what, how="export", form=form.value, **_about(asked))
    made = moments.moment(site.clock(), language, site.zone)
    period = f"{asked.period.first} {asked.period.last}" if asked else ""
    sheet = Sheet(
        name=f"{say('portal.name', language)} {say(f'records.{what}', language)} {period}",
        title=say(f"records.{what}", language),
        about=(
            *_scope(asked, language),
            *more,
            say("records.made_by", language, name=viewer.name, at=made),
        ),
        columns=tuple(Column(say(key, language), width) for key, width in columns),
        rows=lambda: (_masked(row) for row in rows()),
        language=language,
        zone=site.zone,
        organisation=site.settings.organisation,
    )
    return download(sheet, form)


def _masked(row: Sequence[Cell]) -> list[Cell]:
    """Without CPR numbers: a file leaves the portal."""
    return [mask_cpr(cell) if isinstance(cell, str) else cell for cell in row]


def _about(asked: Asked | None) -> dict[str, str]:
    if asked is None:
        return {}
    period, scope = asked.period, asked.scope
    told = {
        "from": period.first.isoformat(),
        "to": period.last.isoformat(),
        "source": scope.source,
        "unit": scope.unit,
        "kind": scope.kind,
    }
    return {name: value for name, value in told.items() if value}


def _scope(asked: Asked | None, language: str) -> list[str]:
    if asked is None:
        return []
    period, scope = asked.period, asked.scope
    lines = [say("records.of_period", language, first=moments.short(period.first, language),
            last=moments.short(period.last, language))]  # fmt: skip
    if scope.source:
        lines.append(
            f"{say('records.col.source', language)}: {source_name(scope.source, language)}"
        )
    if scope.unit:
        lines.append(f"{say('records.col.unit', language)}: {unit_name(scope.unit, language)}")
    if scope.kind:
        kind = say(f"item.{scope.kind}", language)
        lines.append(f"{say('records.col.kind', language)}: {kind}")
    return lines
