"""What every case register must show. An adapter's test subclasses RegisterContract."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import ClassVar

import pytest

from connector.errors import RemoteError
from connector.model import Case, CaseParty
from connector.ports import CaseRegister

CASES = (
    Case(
        number="27.45.04-P19-12-24",
        title="Hjælp i hjemmet",
        caseworker="kim@kommune.example",
        department="Borgerservice",
        parties=(
            CaseParty(name="Carla Citat", phone="+4532100001", mail="carla@mail.example"),
            CaseParty(name="Dorte Drøm", phone="+4532100002"),
        ),
    ),
    Case(number="27.45.04-P19-13-24", title="Lukket, sag", is_open=False, access="restricted"),
)


def listed(register: CaseRegister, cursor: str | None = None) -> tuple[list[Case], str | None]:
    """All cases since the cursor and the last cursor that is safe to keep."""
    cases: list[Case] = []
    for batch, kept in register.changes(cursor):
        cases += batch
        cursor = kept or cursor
    return cases, cursor


class RegisterContract:
    """The promises of connector/ports.py, CaseRegister.

    A register that knows less of a case than these have overrides `known`.
    """

    cases: ClassVar[tuple[Case, ...]] = CASES

    def known(self, case: Case) -> Case:
        """The case as this register can give it: without what the system does not keep."""
        return case

    def numbered(self, last: int) -> str:
        """Another number of this register's form."""
        return f"27.45.04-P19-{last}-24"

    def make_register(self, cases: Sequence[Case]) -> CaseRegister:
        """A register that holds exactly these cases."""
        raise NotImplementedError

    def change(self, register: CaseRegister, cases: Sequence[Case]) -> None:
        """The register's owner replaces what it holds."""
        raise NotImplementedError

    def break_register(self, register: CaseRegister) -> AbstractContextManager[None]:
        """While it lasts, the register cannot be read."""
        raise NotImplementedError

    @pytest.fixture
    def register(self) -> CaseRegister:
        return self.make_register(self.cases)

    def test_all_cases_are_listed(self, register: CaseRegister):
        """A first listing gives every case with all its parts, and a cursor."""
        if not register.can_list:
            assert list(register.changes(None)) == []
            return
        cases, cursor = listed(register)

        assert cases == [self.known(case) for case in self.cases]
        assert cursor

    def test_nothing_changed_gives_nothing(self, register: CaseRegister):
        """From the cursor on, nothing is yielded as long as nothing changes."""
        _cases, cursor = listed(register)

        assert list(register.changes(cursor)) == []

    def test_a_change_is_seen(self, register: CaseRegister):
        """A new case is in the changes since the cursor, and the next cursor is another."""
        _cases, cursor = listed(register)
        new = Case(number=self.numbered(14), title="Ny")
        self.change(register, [*self.cases, new])
        assert register.lookup(new.number) == self.known(new)
        if not register.can_list:
            return

        cases, later = listed(register, cursor)

        assert self.known(new) in cases
        assert later not in (None, cursor)

    def test_lookup_takes_the_exact_number(self, register: CaseRegister):
        """A case is found by its whole number and by no part of it."""
        for case in self.cases:
            assert register.lookup(case.number) == self.known(case)
        whole = self.cases[0].number
        for number in ("", whole[:-1], f"{whole}4", f"{whole}' or ''='", "number"):
            assert register.lookup(number) is None

    def test_a_case_that_went_is_not_found(self, register: CaseRegister):
        """A case that its register no longer has is not found, and is not in the changes."""
        _cases, cursor = listed(register)
        assert register.lookup(self.cases[1].number)
        self.change(register, self.cases[:1])

        assert register.lookup(self.cases[1].number) is None
        assert self.known(self.cases[1]) not in listed(register, cursor)[0]

    def test_check_counts(self, register: CaseRegister):
        """A register that works says ok and how many cases it has."""
        findings = register.check()

        assert {finding.level for finding in findings} == {"ok"}
        if register.can_list:
            assert any("2" in finding.what for finding in findings)

    def test_a_broken_register_says_so(self, register: CaseRegister):
        """A register that cannot be read raises our errors, and check says what to do."""
        with self.break_register(register):
            with pytest.raises(RemoteError) as caught:
                register.lookup(self.cases[0].number)
            if register.can_list:
                with pytest.raises(RemoteError):
                    listed(register)
            findings = register.check()

        assert caught.value.system == register.name
        assert {finding.level for finding in findings} == {"error"}
        assert findings[0].fix
