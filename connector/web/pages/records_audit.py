"""What the records manager audits: what was moved or taken back, and who looked at what."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from connector.ledger.access import Viewer
from connector.ledger.corrections import Correction, corrections
from connector.ledger.directory import directory
from connector.ledger.looks import DENIED, LOOKED
from connector.ledger.looks_report import Look, Withholding, looks
from connector.ledger.register import find_case
from connector.ledger.storable import storable
from connector.ledger.tables import at
from connector.web import denials, rules
from connector.web.exports import Cell, Form
from connector.web.page import Wrong, language_of, render
from connector.web.pages.case import case_address, telling_of
from connector.web.pages.records_asking import Asked, names, page_of, source_name, unit_name
from connector.web.pages.records_sending import look, send
from connector.web.site import Site, site_of
from connector.web.words import say, words

router = APIRouter(include_in_schema=False)
Manager = Annotated[Viewer, Depends(rules.RECORDS_MANAGER)]
Asking = Annotated[Asked, Depends()]
Text = Annotated[str, Query(max_length=200)]

_CORRECTIONS = (
    ("records.col.changed", 18), ("records.col.number", 9), ("records.col.kind", 14),
    ("records.col.at", 18), ("records.col.from_case", 20), ("records.col.to_case", 20),
    ("records.col.actor", 16), ("records.col.reason", 30), ("records.col.done", 18),
    ("records.col.told", 18),
)  # fmt: skip
_LOOKS = (
    ("records.col.at", 18), ("records.col.person", 22), ("records.col.account", 26),
    ("records.col.what", 26), ("records.col.how", 24),
)  # fmt: skip


def people(site: Site) -> Callable[[str], str]:
    """The name behind a directory id or user principal name; itself where nobody has it."""
    with site.read() as connection:
        known = directory(connection).people
    by = {each.id: each.name for each in known if each.name}
    by |= {each.upn.casefold(): each.name for each in known if each.upn and each.name}
    return lambda actor: by.get(actor) or by.get(actor.casefold()) or actor


@router.get("/records/corrections")
def corrections_page(
    request: Request, viewer: Manager, asked: Asking, after: Text = ""
) -> Response:
    """What left a case after it was journaled there, the newest first."""
    site, language = site_of(request), language_of(request)
    try:
        found, has_more = page_of(_corrections(site, viewer, asked, after))
    except ValueError as error:
        raise Wrong("records.wrong_cursor") from error
    look(site, viewer, "corrections", how="page", count=len(found))
    who = people(site)
    return render(
        request,
        "records_corrections.html",
        viewer,
        **names(language),
        asked=asked,
        found=found,
        after=after,
        next=found[-1].cursor if has_more else "",
        who=lambda each: _actor(each, who, language),
        why=lambda each: _reason(request, each),
        case_address=case_address,
    )


def _corrections(
    site: Site, viewer: Viewer, asked: Asked, after: str
) -> Generator[Correction, None, None]:
    with site.read() as connection:
        yield from corrections(connection, site.zone, asked.period, viewer, after=after)


def _actor(each: Correction, who: Callable[[str], str], language: str) -> str:
    return say("records.by_rule", language) if each.actor == "casethread" else who(each.actor)


def _follow(each: Correction, language: str) -> str:
    """What the old case's journal was told."""
    if each.is_void is None:
        return say("records.not_told", language)
    return say("records.void" if each.is_void else "records.rewritten", language)


def _reason(request: Request, each: Correction) -> str:
    """Why, in words; nothing of a case that the viewer may not see."""
    if not each.is_visible:
        return ""
    return telling_of(request).reason(each.rule, each.reason, each.to_case)


@router.get("/records/corrections.{format}")
def corrections_file(request: Request, viewer: Manager, format: Form, asked: Asking) -> Response:
    """All of them."""
    site, language = site_of(request), language_of(request)
    who = people(site)

    def rows() -> Iterator[Sequence[Cell]]:
        hidden = say("records.hidden", language)
        for each in _corrections(site, viewer, asked, ""):
            to_case = each.to_case or say(f"state.{each.to_state}", language)
            yield [
                at(each.at),
                each.root,
                say(f"item.{each.kind}", language),
                at(each.sent_at),
                each.from_case if each.is_visible else hidden,
                to_case if each.is_visible else hidden,
                _actor(each, who, language),
                _reason(request, each),
                _follow(each, language),
                at(each.told_at) if each.told_at is not None else None,
            ]

    return send(request, viewer, format, "corrections", _CORRECTIONS, rows, asked=asked)


@router.get("/records/looks")
def looks_page(
    request: Request,
    viewer: Manager,
    asked: Asking,
    who: Text = "",
    case: Text = "",
    only: Text = "",
    after: Text = "",
) -> Response:
    """Who looked at what, or was denied it, the newest first."""
    site, language = site_of(request), language_of(request)
    sought = Sought(who=who.strip(), case=case.strip(), is_denied=_is_denied(only))
    try:
        found, has_more = page_of(_looks(site, viewer, asked, sought, after))
    except ValueError as error:
        raise Wrong("records.wrong_cursor") from error
    return render(
        request,
        "records_looks.html",
        viewer,
        **names(language),
        asked=asked,
        found=found,
        who=who,
        case=case,
        only=only,
        denied=DENIED,
        most_denied=denials.PER_MINUTE,
        after=after,
        next=found[-1].cursor if has_more else "",
        how=lambda each: _how(each, language),
        what=lambda each: _what(each, language),
        address=_address,
    )


class Sought(NamedTuple):
    """What the form above the list asks for."""

    who: str
    case: str
    is_denied: bool


def _is_denied(only: str) -> bool:
    if only not in ("", DENIED):
        raise Wrong("wrong.fields", fields="only")
    return only == DENIED


def _looks(
    site: Site, viewer: Viewer, asked: Asked, sought: Sought, after: str
) -> Generator[Look, None, None]:
    scanner = site.program.scanner
    with site.read() as connection:
        case = find_case(connection, storable(sought.case), scanner) if sought.case else None
        yield from looks(
            connection, site.zone, asked.period, Withholding(connection, viewer, scanner),
            action=DENIED if sought.is_denied else LOOKED, who=sought.who,
            case=sought.case if case is None else case.number, after=after,
        )  # fmt: skip


def _what(look: Look, language: str) -> str:
    """What was looked at: a case, an item, or a list of the portal."""
    subject = look.subject
    if look.is_hidden:
        return f"{say('records.look.case', language)} ({say('records.hidden', language)})"
    sort, _, name = subject.partition(" ")
    key = f"records.look.{sort}"
    if key not in words(language):
        return subject
    if sort == "records":
        known = f"records.{name}"
        name = say(known, language).casefold() if known in words(language) else name
    return f"{say(key, language)} {name}".strip()


def _address(look: Look) -> str:
    """Where it can be looked at; "" for a list, and for what the viewer may not see."""
    sort, _, name = look.subject.partition(" ")
    if look.is_hidden:
        return ""
    if sort == "case":
        return case_address(name)
    return f"/items/{name}" if sort == "item" and name.isdigit() else ""


def _how(each: Look, language: str) -> str:
    """How it was looked at: on a page, on paper, as a file; how many."""
    known = words(language)
    told = []
    for name, value in each.how.items():
        key = f"records.how.{value}" if name == "how" else f"records.with.{name}"
        if value in ("", None, {}, []):
            continue
        if key in known:
            told.append(say(key, language, value=_value(name, value, language)))
        else:
            told.append(str(value) if name == "how" else f"{name}: {value}")
    return ", ".join(told)


def _value(name: str, value: object, language: str) -> str:
    """A value of a look's detail in words."""
    keys = {"fate": "records.num", "kind": "item", "why": "records.denied", "via": "records.via"}
    key = f"{keys[name]}.{value}" if name in keys else ""
    if name == "scope":
        key = f"todo.scope.{value}"
    if key in words(language):
        return say(key, language).casefold()
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    if isinstance(value, dict):  # items, each with the case that it was on
        return ", ".join(f"{each} ({case})" if case else each for each, case in value.items())
    if name == "source":
        return source_name(str(value), language)
    return unit_name(str(value), language) if name == "unit" else str(value)


@router.get("/records/looks.{format}")
def looks_file(
    request: Request,
    viewer: Manager,
    format: Form,
    asked: Asking,
    who: Text = "",
    case: Text = "",
    only: Text = "",
) -> Response:
    """All of them."""
    site, language = site_of(request), language_of(request)
    sought = Sought(who=who.strip(), case=case.strip(), is_denied=_is_denied(only))

    def rows() -> Iterator[Sequence[Cell]]:
        for each in _looks(site, viewer, asked, sought, ""):
            what = _what(each, language)
            yield [at(each.at), each.name, each.actor, what, _how(each, language)]

    more = [text for text in (who, case) if text]
    if sought.is_denied:
        more.append(say("records.denied", language))
    return send(request, viewer, format, "looks", _LOOKS, rows, asked=asked, more=more)
