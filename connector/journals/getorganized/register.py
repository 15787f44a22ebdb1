"""The register side of GetOrganized: one case by its number.

No public client asks what has changed since a moment, and a list gives numbers and titles only, so
this register does not list: numbers found in texts are looked up, telephone numbers are not known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connector.journaling.words import Words
from connector.journals.getorganized import check, rows
from connector.journals.getorganized.wire import Wire
from connector.model import Case, CaseParty, Finding


class GetOrganizedRegister:
    """Cases as the service account sees them: two requests for each look-up."""

    can_list = False

    def __init__(self, wire: Wire, words: Words) -> None:
        self.name = wire.name
        self._wire = wire
        self._words = words

    def check(self) -> list[Finding]:
        """Sign-in, search, and the case's fields of the mapping."""
        return check.register_findings(self._wire, self._words)

    def lookup(self, number: str) -> Case | None:
        """The case of exactly this number. Rejected when two sites hold one of this number."""
        place = self._wire.place(number)
        row = None if place is None else self._wire.case_row(number)
        return (
            None
            if row is None or row.get("ows_CaseID", number) != number
            else self._case(number, row)
        )

    def changes(self, cursor: str | None) -> Iterator[tuple[list[Case], str | None]]:  # noqa: ARG002
        """Nothing: it cannot list."""
        return iter(())

    def _case(self, number: str, row: Mapping[str, str]) -> Case:
        def value(key: str) -> str:
            return row.get(self._words.text("case", key), "")

        is_open = value("status") in self._words.list("case", "open_values")
        is_public = value("category") in self._words.list("case", "open_categories")
        contact = rows.contact_name(value("contact"))
        return Case(
            number=number,
            title=row.get("ows_Title", ""),
            is_open=is_open,
            opened=rows.day(value("opened")),
            closed=None if is_open else rows.day(value("closed")),
            caseworker=self._caseworker(value("owner")),
            department=rows.shown(value("department")),
            parties=(CaseParty(name=contact),) if contact else (),
            access="" if is_public else "restricted",
            kle_subject=rows.code(rows.KLE, value("kle")),
            kle_facet=rows.code(rows.FACET, value("facet")),
        )

    def _caseworker(self, written: str) -> str:
        """The user principal name, as [case] caseworker makes it of the people field."""
        name, login = rows.owner(written)
        template = self._words.text("case", "caseworker")
        if template and (login or "{login}" not in template) and name:
            return template.format(login=login, name=name)
        return name if "@" in name else ""
