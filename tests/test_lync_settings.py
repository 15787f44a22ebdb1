"""The settings of Lync: addresses without passwords, names that stay, and what is made of them."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest

from connector.bootstrap import Program
from connector.errors import ConfigError
from connector.settings import Settings, parse
from connector.sources.lync import ArchivedMessages, CallDetails, Database
from tests.lync_world import NOW, filled, items, read

BASE = """\
language = "en"
[graph]
tenant = "t"
client_id = "c"
[sinks.journal]
kind = "folder"
path = "journal"
"""


def settings(lync: str, folder: Path = Path("/srv"), **environ: str) -> Settings:
    return parse(BASE + lync, folder, environ)


def problems(lync: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        settings(lync)
    return [one.partition(": ")[2] for one in caught.value.problems]


def test_databases() -> None:
    """Each database has a name and an address; the password comes from the environment."""
    its = settings(
        '[lync]\ncall_databases = ["main = mssql://KOMMUNE%5Csvc@sql1:1433/LcsCDR", '
        '"old=sqlite:///old.db"]',
        CASETHREAD_LYNC_PASSWORD="pw~1",
    ).lync

    assert its.call_databases == (
        ("main", "mssql://KOMMUNE%5Csvc@sql1:1433/LcsCDR"),
        ("old", "sqlite:////srv/old.db"),
    )
    assert its.password.reveal() == "pw~1"
    assert "pw~1" not in repr(its)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("mssql://sql1/LcsCDR", "must look like name = mssql://"),
        ("a = oracle://sql1/LcsCDR", "must look like name = mssql://"),
        ("a = mssql://sql1", "must look like name = mssql://"),
        ("a = mssql://sql1:port/LcsCDR", "must look like name = mssql://"),
        ("a/b = mssql://sql1/LcsCDR", "must look like name = mssql://"),
        ("a = mssql://svc:S~1@sql1/LcsCDR", "CASETHREAD_LYNC_PASSWORD"),
        ("a = mssql://svc@sql1/LcsCDR?password=S~1", "CASETHREAD_LYNC_PASSWORD"),
        ("a = sqlite:///:memory:", "sqlite"),
    ],
)
def test_wrong_addresses(written: str, told: str) -> None:
    """An address that cannot be used is told, and never with a password in it."""
    (problem,) = problems(f'[lync]\ncall_databases = ["{written}"]')

    assert told in problem
    assert "S~1" not in problem


def test_two_of_one_name() -> None:
    """Two databases of one name would mix their calls."""
    both = '"a = mssql://s1/LcsCDR", "a = mssql://s2/LcsCDR"'

    assert len(problems(f"[lync]\ncall_databases = [{both}]")) == 1


@pytest.mark.parametrize(
    ("section", "missing"),
    [
        ("lync_cdr", "lync.call_databases"),
        ("lync_archive", "sources.lync_archive.folder"),
    ],
)
def test_nothing_to_read(section: str, missing: str) -> None:
    """A source that is switched on needs something to read."""
    (problem,) = problems(f"[sources.{section}]\nenabled = true")

    assert problem.startswith(missing)


def test_sources_are_made_without_microsoft(tmp_path: Path) -> None:
    """Both sources work without access to Microsoft Graph."""
    filled(tmp_path / "cdr.db")
    made = settings(
        '[lync]\ncall_databases = ["LcsCDR = sqlite:///cdr.db"]\n'
        "[sources.lync_cdr]\nenabled = true\n"
        '[sources.lync_archive]\nenabled = true\nfolder = "export"',
        tmp_path,
    )
    program = Program(made, clock=lambda: NOW)
    calls, archive = program.source("lync_cdr"), program.source("lync_archive")

    assert isinstance(calls, CallDetails)
    assert len(items(read(calls))) > 100
    assert isinstance(archive, ArchivedMessages)
    assert archive.parts([]) == ["files"]
    assert [one.level for one in archive.check()] == ["error"]  # there is no such folder
    assert "graph" not in program.__dict__


def test_without_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the driver is not installed, it says what to install."""
    plain = builtins.__import__

    def missing(name: str, *args: Any, **named: Any) -> Any:
        if name == "pymssql":
            raise ModuleNotFoundError(name)
        return plain(name, *args, **named)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ConfigError) as caught:
        Database("main", "mssql://sql1/LcsCDR")
    assert "casethread[lync]" in caught.value.problems[0]


@pytest.mark.parametrize("url", ["nonsense", "oracle://sql1/LcsCDR"])
def test_addresses_that_no_driver_takes(url: str) -> None:
    """A database of another kind is refused when it is made."""
    with pytest.raises(ConfigError):
        Database("main", url)


def test_the_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """A domain's user and its password reach the driver as they are."""
    import pymssql
    import sqlalchemy as sa

    from connector.errors import Unavailable

    given: dict[str, Any] = {}

    def connect(*_args: Any, **named: Any) -> Any:
        given.update(named)
        raise pymssql.OperationalError(20009, b"no")

    monkeypatch.setattr(pymssql, "connect", connect)
    database = Database(
        "main", "mssql://KOMMUNE%5Csvc@sql1:14330/LcsCDR?tds_version=7.3", password="p@ss/w:1"
    )
    with pytest.raises(Unavailable):
        database.rows(sa.select(sa.literal(1)))

    assert (given["user"], given["password"]) == ("KOMMUNE\\svc", "p@ss/w:1")
    assert (given["host"], given["database"]) == ("sql1:14330", "LcsCDR")
    assert given["tds_version"] == "7.3"
