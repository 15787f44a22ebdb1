"""A site's lists and columns: what is there, and making what is not. Each call is one request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from connector.errors import Gone
from connector.sites.sharepoint.site import Site, whole
from connector.sites.sharepoint.words import Column, ListPlan

if TYPE_CHECKING:
    from office365.sharepoint.client_context import ClientContext
    from office365.sharepoint.fields.field import Field

_INTERNAL_NAME = 8  # AddFieldInternalNameHint: else the display name becomes the internal one


class ListState(msgspec.Struct, frozen=True, kw_only=True):
    """A list as it is there. `rights` is SPBasePermissions, its lower 32 bits."""

    item_count: int
    rights: int


class ColumnState(msgspec.Struct, frozen=True, kw_only=True):
    """A column as it is there."""

    name: str
    kind: str
    is_indexed: bool
    is_unique: bool
    is_required: bool


def rights(site: Site) -> int:
    """What the account may do on the site: SPBasePermissions, its lower 32 bits."""

    def ask(context: ClientContext) -> int:
        found = context.web.select(["EffectiveBasePermissions"]).get().execute_query()
        return whole(found.properties["EffectiveBasePermissions"].Low)

    return site.run(ask)


def used(site: Site) -> float:
    """The part of the site's storage quota that is used, from 0 to 1."""

    def ask(context: ClientContext) -> float:
        usage = context.site.select(["Usage"]).get().execute_query().properties["Usage"]
        return float(getattr(usage, "StoragePercentageUsed", 0) or 0)

    return site.run(ask)


def list_state(site: Site, plan: ListPlan) -> ListState | None:
    """The list as it is, None when there is none (or it is hidden from the account)."""

    def ask(context: ClientContext) -> ListState:
        names = ["ItemCount", "EffectiveBasePermissions"]
        found = site.list_at(context, plan).select(names).get().execute_query()
        rights = whole(found.properties["EffectiveBasePermissions"].Low)
        return ListState(item_count=whole(found.properties["ItemCount"]), rights=rights)

    try:
        return site.run(ask)
    except Gone:
        return None


def add_list(site: Site, plan: ListPlan) -> None:
    """Make a list without columns."""
    from office365.sharepoint.lists.creation_information import ListCreationInformation

    def make(context: ClientContext) -> None:
        title = site.words.text("lists", plan.word)
        asked = ListCreationInformation(Title=title, BaseTemplate=plan.template)  # type: ignore[arg-type]
        context.web.lists.add(asked).execute_query()

    site.run(make, writes=True)


def columns(site: Site, plan: ListPlan) -> dict[str, ColumnState]:
    """The columns of a list by their internal names."""

    def ask(context: ClientContext) -> dict[str, ColumnState]:
        found = site.list_at(context, plan).fields.get().execute_query()
        states = (_column_state(each.properties) for each in found)
        return {each.name: each for each in states}

    return site.run(ask)


def add_column(site: Site, plan: ListPlan, column: Column, label: str) -> None:
    """Make a column, with its index."""
    from office365.runtime.queries.service_operation import ServiceOperationQuery
    from office365.sharepoint.fields.xmlSchemaFieldCreationInformation import (
        XmlSchemaFieldCreationInformation,
    )

    def make(context: ClientContext) -> None:
        fields = site.list_at(context, plan).fields
        asked = XmlSchemaFieldCreationInformation(column.schema(label), _INTERNAL_NAME)
        context.add_query(
            ServiceOperationQuery(fields, "CreateFieldAsXml", None, asked, "parameters")
        )
        context.execute_query()

    site.run(make, writes=True)


def change_column(site: Site, plan: ListPlan, column: Column) -> None:
    """Give a column that is there its index, and its unique values."""

    def change(context: ClientContext) -> None:
        field: Field = site.list_at(context, plan).fields.get_by_internal_name_or_title(column.name)
        field.set_property("Indexed", column.is_indexed)  # type: ignore[no-untyped-call]
        if column.is_unique:
            field.set_property("EnforceUniqueValues", True)  # type: ignore[no-untyped-call]
        field.update().execute_query()

    site.run(change, writes=True)


def _column_state(properties: Mapping[str, Any]) -> ColumnState:
    return ColumnState(
        name=str(properties["InternalName"]),
        kind=str(properties.get("TypeAsString") or ""),
        is_indexed=properties.get("Indexed") is True,
        is_unique=properties.get("EnforceUniqueValues") is True,
        is_required=properties.get("Required") is True,
    )
