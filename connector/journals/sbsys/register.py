"""The register side of SBSYS: a case by its number. Cases are not listed.

The search pages with Limit and Skip, but no client shows a criterion of time or an order, so a
listing would read the whole archive at every run and could still miss a case that moves between
two pages. `lookup` asks for what is needed, as it is now.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import msgspec

from connector.errors import Denied, Gone
from connector.journaling.connection import Connection
from connector.journaling.words import Words
from connector.journals.sbsys import checking, wire
from connector.journals.sbsys.service import Service
from connector.journals.sbsys.wire import CaseRow
from connector.mapping import find_zone
from connector.model import Case, CaseParty, Finding


class SbsysRegister:
    """The cases of one SBSYS, by number. Use `make_register`."""

    def __init__(self, connection: Connection, words: Words) -> None:
        self.name = connection.name
        self.can_list = False
        self._user = connection.user
        self._words = words
        self._service = Service(connection)
        self._zone = find_zone(connection.time_zone)

    def check(self) -> list[Finding]:
        """The sign-in and the search by number, proven on a case where there is one."""
        return checking.check_register(self._service, self._words, self._user)

    def lookup(self, number: str) -> Case | None:
        """The case of exactly this number, in two requests: the search knows no parts of numbers.

        A case that the search shows and that cannot be opened is given as far as the search knows
        it, and as restricted. Raises Rejected (field "case_number") for a number on two cases.
        """
        number = number.strip()
        if not number:
            return None
        row = self._service.the_case(number)
        if row is None:
            return None
        try:
            whole = self._service.case(row.id)
        except (Denied, Gone) as error:
            if isinstance(error, Denied) and error.status != 403:
                raise
            return msgspec.structs.replace(self._case(row, number), access="restricted")
        return self._case(whole, number)

    def changes(self, cursor: str | None) -> Iterator[tuple[list[Case], str | None]]:  # noqa: ARG002
        """Nothing: see the module's words."""
        return iter(())

    def _case(self, row: CaseRow, number: str) -> Case:
        is_open = checking.is_open(row, self._words)
        parts = row.number_parts or row.number_parts_v10 or wire.NumberParts()
        return Case(
            number=number,
            title=row.title or "",
            is_open=is_open,
            opened=self._day(row.arisen) or self._day(row.created),
            # SBSYS keeps the last change of status only; on a closed case that is its closing.
            closed=None if is_open else self._day(row.status_changed),
            caseworker=self._upn(row),
            department=(row.office.name or "") if row.office else "",
            parties=_parties(row),
            access="restricted" if checking.is_restricted(row) else "",
            kle_subject=(parts.subject.number or "") if parts.subject else "",
            kle_facet=(parts.facet.number or "") if parts.facet else "",
            remote_id=row.uuid or str(row.id),
        )

    def _day(self, written: str | None) -> date | None:
        moment = wire.read_time(written, self._zone)
        return moment.astimezone(self._zone).date() if moment else None

    def _upn(self, row: CaseRow) -> str:
        logon = (row.caseworker.logon or "") if row.caseworker else ""
        template = self._words.text("register", "caseworker_upn")
        if not logon or "@" in logon:
            return logon
        return template.format(logon=logon)


def _parties(row: CaseRow) -> tuple[CaseParty, ...]:
    """The parties' names, the primary one first. SBSYS gives no telephone number with a case."""
    named = [row.primary] if row.primary else []
    named += [*(row.persons or []), *(row.companies or [])]
    names = dict.fromkeys((each.name or "").strip() for each in named)
    return tuple(CaseParty(name=name) for name in names if name)
