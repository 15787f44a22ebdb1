"""The register side of F2: cases by their number, with their parties' telephone numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from connector.errors import Denied, Gone, Rejected
from connector.identity import normalise_phone
from connector.journaling.connection import Connection
from connector.journaling.words import Words
from connector.journals.f2 import text
from connector.journals.f2.checking import check
from connector.journals.f2.wire import F2, REL, is_closed, plain_number
from connector.journals.f2.xml import Node
from connector.mapping import find_zone
from connector.model import Case, CaseParty, Finding

_SUBJECT = re.compile(r"\d{2}\.\d{2}\.\d{2}")
_FACET = re.compile(r"[A-ZÆØÅ]\d{2}")


class F2Register:
    """Cases of an F2. It cannot list what changed: F2-REST documents no such search."""

    can_list = False

    def __init__(self, connection: Connection, words: Words) -> None:
        self.name = connection.name
        self._region = connection.default_region
        self._zone = find_zone(connection.time_zone)
        self._words = words
        self._f2 = F2(connection, words)

    def check(self) -> list[Finding]:
        """Service index, sign-in and the right to look cases up."""
        return check(self._f2, may_write=False)

    def lookup(self, number: str) -> Case | None:
        """The case of this number, in three requests: a redirect, the case, its parties."""
        node = self._f2.find_case(number)
        return None if node is None else self._case(node)

    def changes(self, cursor: str | None) -> Iterator[tuple[list[Case], str | None]]:  # noqa: ARG002
        """Nothing."""
        return iter(())

    def _case(self, node: Node) -> Case:
        parties, department = self._parties(node)
        responsible = node.child("Responsible")
        is_user = responsible is not None and responsible.value("Type") in ("", "User")
        unit = "" if responsible is None or is_user else responsible.value("Name")
        return Case(
            number=plain_number(node.value("CaseNumber")),
            title=node.value("Title"),
            is_open=not is_closed(node),
            opened=self._day(node.value("CreatedDate")),
            caseworker=responsible.value("EMail") if responsible is not None and is_user else "",
            department=department or unit,
            parties=parties,
            access=_access(node),
            kle_subject=_code(node, "Keyword", _SUBJECT),
            kle_facet=_code(node, "ProcessInstruction", _FACET),
            remote_id=node.value("Id"),
        )

    def _day(self, written: str) -> date | None:
        try:
            return text.utc(written, self._zone).astimezone(self._zone).date()
        except ValueError:
            return None

    def _parties(self, node: Node) -> tuple[tuple[CaseParty, ...], str]:
        """The case's external contacts, one row for each telephone number, and its department."""
        items = self._items(node)
        wanted = self._words.list("parties", "relations")
        rows: list[CaseParty] = []
        for party in items.all("External") if items is not None else ():
            if wanted and party.value("Relation") not in wanted:
                continue
            phones = [self._phone(party.value(name)) for name in ("Phone", "MobilePhone")]
            for phone in dict.fromkeys(filter(None, phones)) or [""]:
                mail = party.value("EMail") or party.value("Email")
                row = CaseParty(name=party.value("Name"), phone=phone, mail=mail)
                rows.append(row)
        relation = self._words.text("parties", "department_relation")
        units = [
            unit.value("Name")
            for unit in (items.all("Organization") if items is not None else ())
            if unit.value("Relation") == relation
        ]
        return tuple(dict.fromkeys(rows)), units[0] if units else ""

    def _items(self, node: Node) -> Node | None:
        """The parties of a case; None where F2 does not show them to the account."""
        url = node.link(REL + "parties")
        try:
            return self._f2.read(url).child("Items") if url else None
        except (Gone, Rejected):
            return None
        except Denied as error:
            if error.status != 403:
                raise
            return None

    def _phone(self, written: str) -> str:
        return normalise_phone(written, self._region).e164 if written else ""


def _access(node: Node) -> str:
    """ "restricted" where security groups hold the case, and where F2 does not tell."""
    groups = node.child("SecurityGroups")
    return "" if groups is not None and not groups.children else "restricted"


def _code(node: Node, name: str, shape: re.Pattern[str]) -> str:
    """The code of an enumeration, when it has the shape of a KLE code; sites have others too."""
    found = node.child(name)
    code = found.value("Code") if found is not None else ""
    return code if shape.fullmatch(code) else ""
