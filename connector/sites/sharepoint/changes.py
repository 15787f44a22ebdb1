"""Many rows made, changed and removed: in batches where SharePoint has them, else one by one.

A batch is answered with 200 whatever became of its parts, so each part is looked at.
Source: Microsoft, "Make batch requests with the REST APIs" (SharePoint Online), read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from connector.errors import Denied, Gone, Rejected
from connector.sites.sharepoint.site import Site
from connector.sites.sharepoint.words import ListPlan

if TYPE_CHECKING:
    from office365.sharepoint.client_context import ClientContext
    from office365.sharepoint.listitems.listitem import ListItem

_PER_BATCH = 100


class Change(msgspec.Struct, frozen=True):
    """A row to be: number 0 is a new one, no values are a removal."""

    number: int
    values: Mapping[str, object] | None

    @property
    def is_removal(self) -> bool:
        """Whether the row is to go."""
        return self.values is None


def change_rows(
    site: Site, plan: ListPlan, changes: Sequence[Change], *, in_batches: bool
) -> list[str]:
    """Carry them out; gives why rows were refused, without their content, one reason a row.

    A row to be removed that is gone already is no refusal. Denied when the account may not.
    """
    size = _PER_BATCH if in_batches else 1
    refused = []
    for start in range(0, len(changes), size):
        some = changes[start : start + size]
        refused += _batch(site, plan, some) if in_batches else _one(site, plan, some[0])
    return refused


def _one(site: Site, plan: ListPlan, change: Change) -> list[str]:
    def send(context: ClientContext) -> None:
        (item,) = _items(site, context, plan, [change])
        _queue(item, change)
        context.execute_query()

    try:
        site.run(send, writes=True)
    except Gone as error:
        return [] if change.is_removal else [str(error)]
    except Rejected as error:
        return [str(error)]
    return []


def _batch(site: Site, plan: ListPlan, changes: Sequence[Change]) -> list[str]:
    def send(context: ClientContext) -> list[str]:
        removals = set()
        for item, change in zip(_items(site, context, plan, changes), changes, strict=True):
            query = _queue(item, change)
            if change.is_removal:
                removals.add(id(query))
        with context.collect_batch_failures() as failures:
            context.execute_batch(_PER_BATCH)
        refused = []
        for query, fault in failures:
            status = fault.response.status_code if fault.response is not None else 0
            if status in (401, 403):
                from connector.sites.sharepoint.line import GRANT

                text = f"{site.name}: the account may not change rows. {GRANT}"
                raise Denied(text, system=site.name, status=status)
            if status not in (404, 410) or id(query) not in removals:
                code = fault.hresult or "no code"
                refused.append(f"{site.name}: a row was refused with HTTP {status} ({code})")
        return refused

    return site.run(send, writes=True)


def _items(
    site: Site, context: ClientContext, plan: ListPlan, changes: Sequence[Change]
) -> list[ListItem]:
    """The rows as objects of the library, their type named before anything is sent.

    Naming it later would put a barrier before each row, and so each row in a batch of its own.
    """
    from office365.sharepoint.listitems.listitem import ListItem

    where = site.typed_list(context, plan)
    items = []
    for change in changes:
        item = where.items.get_by_id(change.number) if change.number else None
        items.append(item or ListItem(context, None, where))  # type: ignore[no-untyped-call]
        items[-1].ensure_type_name(where)
    context.execute_query()  # sends nothing: the list's type is known
    return items


def _queue(item: ListItem, change: Change) -> object:
    """Put one row's request in the queue; gives the request."""
    from office365.runtime.queries.delete_entity import DeleteEntityQuery
    from office365.runtime.queries.service_operation import ServiceOperationQuery
    from office365.runtime.queries.update_entity import UpdateEntityQuery

    for name, value in (change.values or {}).items():
        item.set_property(name, value)  # type: ignore[no-untyped-call]
    query: ServiceOperationQuery[Any] | UpdateEntityQuery[Any] | DeleteEntityQuery[Any]
    if change.is_removal:
        query = DeleteEntityQuery(item)
    elif change.number:
        query = UpdateEntityQuery(item)
    else:
        query = ServiceOperationQuery(item.parent_list, "items", None, item)
    item.context.add_query(query)
    return query
