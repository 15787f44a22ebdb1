"""What `casethread check` can tell of a SharePoint site without writing or making anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connector.errors import ConnectorError, Denied, Gone, Rejected, RemoteError, Throttled
from connector.journaling.words import Words
from connector.model import Finding
from connector.sites.sharepoint import structure
from connector.sites.sharepoint.lists import (
    MANAGE_GRANT,
    MOST_FOR_NEW_INDEX,
    VIEW_THRESHOLD,
    lacking,
)
from connector.sites.sharepoint.site import Site
from connector.sites.sharepoint.structure import ListState
from connector.sites.sharepoint.words import Column, ListPlan

# SPBasePermissions, lower half.
_ADD, _EDIT, _MANAGE = 0x2, 0x4, 0x800


def findings(site: Site, words: Words, plans: Sequence[ListPlan]) -> list[Finding]:
    """Reachable, signed in; each list with its columns, indexes, rights and size; room."""
    try:
        found: list[Finding] = []
        for plan in plans:
            found += _list_findings(site, words, plan)
        found += _room_findings(site)
    except ConnectorError as error:
        return [_broken(site, error)]
    ok = Finding(level="ok", system=site.name, what=f"signed in at {site.url}")
    return [ok, *found]


def _list_findings(site: Site, words: Words, plan: ListPlan) -> Iterator[Finding]:
    where = site.list_url(plan)
    state = structure.list_state(site, plan)
    if state is None:
        what = f"there is no list {where} yet"
        if words.flag("lists", "make") and structure.rights(site) & _MANAGE:
            yield _finding(site, "warning", what, "nothing: it is made with the first entry")
        else:
            yield _finding(site, "error", what, MANAGE_GRANT)
        return
    yield from _column_findings(site, plan, state)
    missing = [
        what
        for bit, what in ((_ADD, "add rows and files"), (_EDIT, "edit rows and files"))
        if not state.rights & bit
    ]
    if missing:
        from connector.sites.sharepoint.line import GRANT

        yield _finding(
            site, "error", f"the account may not {' or '.join(missing)} in {where}", GRANT
        )
    else:
        yield _ok(site, f"the account may add and edit in {where}")


def _column_findings(site: Site, plan: ListPlan, state: ListState) -> Iterator[Finding]:
    where, count = site.list_url(plan), state.item_count
    lacks = lacking(site, plan)
    is_late = count > MOST_FOR_NEW_INDEX
    late = f"it has more than {MOST_FOR_NEW_INDEX} rows: give a new list under [lists]"
    if lacks.missing:
        fix = late if is_late else MANAGE_GRANT
        yield _finding(site, "error", f"{where} lacks the columns {_names(lacks.missing)}", fix)
    if lacks.odd:
        what = f"columns of {where} are of another kind: {_names(lacks.odd)}"
        yield _finding(site, "error", what, "delete or rename them; they are then made anew")
    if lacks.plain:
        is_hard = count > VIEW_THRESHOLD or any(each.is_unique for each in lacks.plain)
        what = f"columns of {where} lack their index or their unique values: {_names(lacks.plain)}"
        fix = (
            late if is_late else f"set them in the list's settings before {MOST_FOR_NEW_INDEX} rows"
        )
        yield _finding(site, "error" if is_hard else "warning", what, fix)
    if not lacks:
        yield _ok(site, f"{where} has its columns and indexes, and {count} rows")


def _room_findings(site: Site) -> Iterator[Finding]:
    try:
        used = structure.used(site)
    except (Denied, Gone, Rejected):
        # Only administrators of the site collection see it: nothing proven, nothing wrong.
        return
    fix = "ask the SharePoint administrators for a larger storage quota of the site"
    if used >= 1:
        yield _finding(site, "error", "the site has no room left", fix)
    elif used > 0.95:
        yield _finding(site, "warning", f"the site is {used:.0%} full", fix)


def _names(columns: Sequence[Column]) -> str:
    return ", ".join(each.name for each in columns)


def _finding(site: Site, level: str, what: str, fix: str) -> Finding:
    return Finding(level=level, system=site.name, what=what, fix=fix)


def _ok(site: Site, what: str) -> Finding:
    return Finding(level="ok", system=site.name, what=what)


def _broken(site: Site, error: ConnectorError) -> Finding:
    fix = "look at the address of the site, and whether it answers there"
    if isinstance(error, Denied):
        fix = (
            "look at the certificate (or user and password) and whether it has expired; a grant "
            "that was just given may take an hour to be seen"
        )
    elif isinstance(error, Throttled):
        fix = "wait, or lower in_flight"
    elif isinstance(error, Rejected) and error.field:
        fix = "see mappings/sharepoint.toml"
    elif isinstance(error, RemoteError) and error.status and error.status >= 500:
        fix = "wait until SharePoint is up again; ask those who run it"
    return _finding(site, "error", str(error), fix)
