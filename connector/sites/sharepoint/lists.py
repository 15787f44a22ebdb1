"""Making Casethread's lists, with their columns and indexes, and telling what is missing.

A unique column is what makes a second row of one key impossible, and an index what keeps the list
readable above 5,000 rows. SharePoint takes no new index above 20,000 rows, so both are made with
the list.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from connector.errors import Denied, Rejected, Unavailable
from connector.journaling.words import Words
from connector.sites.sharepoint import structure
from connector.sites.sharepoint.site import Site
from connector.sites.sharepoint.words import Column, ListPlan, label

VIEW_THRESHOLD = 5_000
MOST_FOR_NEW_INDEX = 20_000
MANAGE_GRANT = (
    "let somebody with the right to make lists do it once: an owner of the site, or the app with "
    "the role fullcontrol (PATCH /sites/{site-id}/permissions/{id}), which can be write again after"
)


class Lacks(msgspec.Struct, frozen=True):
    """What a list lacks: columns that are not there, and columns without their index."""

    missing: tuple[Column, ...] = ()
    plain: tuple[Column, ...] = ()  # without the index, or without unique values
    odd: tuple[Column, ...] = ()  # of another kind

    def __bool__(self) -> bool:
        return bool(self.missing or self.plain or self.odd)


def prepare(site: Site, words: Words, plans: Sequence[ListPlan]) -> None:
    """Make what is missing of these lists; what is there stays. Safe to be done again.

    Raises Denied with the grant when the account may not make lists, Rejected when a list stands in
    the way (a column of another kind, or too many rows for an index).
    """
    for plan in plans:
        try:
            _prepare_one(site, words, plan)
        except Denied as error:
            text = f"{site.name}: the account may not make the list {site.list_url(plan)}; "
            raise Denied(text + MANAGE_GRANT, system=site.name, status=error.status) from error


def _prepare_one(site: Site, words: Words, plan: ListPlan) -> None:
    state = structure.list_state(site, plan)
    if state is None:
        structure.add_list(site, plan)
        state = structure.list_state(site, plan)
    if state is None:
        text = (
            f"{site.name}: the list {site.list_url(plan)} was made, but is not at this address; "
            f"give another name under [lists] in {words.name}"
        )
        raise Unavailable(text, system=site.name)
    lacks = lacking(site, plan)
    if lacks.odd:
        names = ", ".join(each.name for each in lacks.odd)
        text = f"{site.name}: {site.list_url(plan)} has columns of another kind: {names}"
        raise Rejected(f"{text}; delete or rename them", system=site.name, field="list")
    needs_index = any(each.is_indexed for each in (*lacks.missing, *lacks.plain))
    if needs_index and state.item_count > MOST_FOR_NEW_INDEX:
        text = (
            f"{site.name}: {site.list_url(plan)} has {state.item_count} rows, and SharePoint takes "
            f"no new index above {MOST_FOR_NEW_INDEX}; give a new list under [lists] in "
            f"{words.name}, and keep the old one to read"
        )
        raise Rejected(text, system=site.name, field="list")
    # The unique key last: until it is there a list is not used, so no half-made one is.
    for column in sorted(lacks.missing, key=lambda each: each.is_unique):
        structure.add_column(site, plan, column, label(words, column))
    for column in lacks.plain:
        structure.change_column(site, plan, column)


def is_unused(site: Site, plan: ListPlan) -> bool:
    """Whether a list that refuses a look-up was only begun: it lacks columns and has no rows.

    Raises Denied when it lacks columns and has rows: somebody took them away, and with them the
    keys that prevent duplicates.
    """
    state = structure.list_state(site, plan)
    if state is None:
        return True
    lacks = lacking(site, plan)
    if not lacks.missing:
        return False
    if state.item_count:
        names = ", ".join(each.name for each in lacks.missing)
        text = (
            f"{site.name}: {site.list_url(plan)} has {state.item_count} rows, but lacks {names}; "
            "restore them from a backup: without them entries would be written twice"
        )
        raise Denied(text, system=site.name)
    return True


def lacking(site: Site, plan: ListPlan) -> Lacks:
    """What an existing list lacks."""
    there = structure.columns(site, plan)
    missing, plain, odd = [], [], []
    for column in plan.columns:
        state = there.get(column.name)
        if state is None:
            missing.append(column)
        elif state.kind != column.kind:
            odd.append(column)
        elif (column.is_indexed and not state.is_indexed) or (
            column.is_unique and not state.is_unique
        ):
            plain.append(column)
    return Lacks(tuple(missing), tuple(plain), tuple(odd))
