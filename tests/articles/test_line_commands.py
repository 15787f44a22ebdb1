"""The article line from the command line and by the schedule, on two folders as its sites."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connector.article_work import ArticleLine, lock_name
from connector.bootstrap import Program
from connector.cli import make_app
from connector.errors import ConfigError
from connector.ledger.runs import running
from connector.settings import load
from connector.work import run_job
from schedulers.embedded import schedules

SETTINGS = """
language = "{language}"
[sources]
directory.enabled = false
chats.enabled = false
call_records.enabled = false
pstn.enabled = false
direct_routing.enabled = false
voicemail.enabled = false
presence.enabled = false
[sinks.journal]
path = "journal"
"""
SITES = """
[sites.intra]
place = "intra"
audience = "staff"
[sites.borger]
place = "borger"
audience = "citizen"
"""
ARTICLE = """---
id: {id}
title: {id}
summary: Kort sagt.
language: da
unit: Borgerservice
owner: hanne@kommunen.example
review_by: 2099-01-01
{more}---
{text}

## Kun for os {{#os .staff}}

Ring til vagten.
"""
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """A folder with two articles, and two folders to publish to."""
    for name in ("articles", "intra", "borger"):
        (tmp_path / name).mkdir()
    set_up(tmp_path)
    write(tmp_path, "pas")
    write(tmp_path, "flytning")
    return tmp_path


def set_up(folder: Path, language: str = "en", more: str = SITES) -> None:
    text = SETTINGS.format(language=language) + more
    (folder / "casethread.toml").write_text(text, encoding="utf-8")


def write(folder: Path, id: str, text: str = "Teksten.", more: str = "") -> None:
    made = ARTICLE.format(id=id, text=text, more=more)
    (folder / "articles" / f"{id}.md").write_text(made, encoding="utf-8")


@pytest.fixture
def run(town: Path) -> Run:
    """Runs the program; gives its exit code and what it said."""

    def run(*words: str) -> tuple[int, str]:
        told = CliRunner().invoke(make_app(), ["--config", str(town), "articles", *words])
        assert told.exception is None or isinstance(told.exception, SystemExit), told.output
        log = " INFO connector."  # on standard error, of a new ledger
        lines = [line for line in told.output.splitlines(keepends=True) if log not in line]
        return told.exit_code, "".join(lines)

    return run


@pytest.fixture
def program(town: Path) -> Program:
    """The program in that folder."""
    return Program(settings=load(town, {}))


def test_plan_publish_and_again(run: Run, town: Path) -> None:
    """A plan writes nothing; publishing does what it said; a second run has nothing to do."""
    code, told = run("plan")
    assert code == 0
    assert "intra: 2 created" in told
    assert "+ flytning · flytning · create (new)" in told
    assert "    +Teksten." in told
    assert sorted((town / "intra").glob("pas.html")) == []

    assert run("publish")[0] == 0
    assert "Teksten." in (town / "intra" / "pas.html").read_text(encoding="utf-8")
    assert "vagten" not in (town / "borger" / "pas.html").read_text(encoding="utf-8")
    times = {path: path.stat().st_mtime_ns for path in town.glob("*/pas.html")}

    code, told = run("publish")

    assert (code, told) == (0, "intra: 2 unchanged.\nborger: 2 unchanged.\n")
    assert {path: path.stat().st_mtime_ns for path in times} == times


def test_as_json(run: Run) -> None:
    """Plan, result and status for a program."""
    plans = json.loads(run("plan", "--json")[1])
    assert [step["kind"] for step in plans[0]["steps"]] == ["create", "create"]
    results = json.loads(run("publish", "--json")[1])
    assert results[1] == {
        "site": "borger",
        "outcome": "done",
        "counts": {"created": 2},
        "problems": [],
        "stopped": "",
    }
    status = json.loads(run("status", "--json")[1])
    assert status[0]["live"] == ["flytning", "pas"]


def test_one_site_is_down(run: Run, town: Path) -> None:
    """The other goes on; what stopped is told with the site's name, and the exit code is 1."""
    (town / "intra").rmdir()

    code, told = run("publish")

    assert code == 1
    assert "borger: 2 created." in told
    assert "intra: stopped: the folder " in told
    assert "share that it is on. The next run " in told
    assert (town / "borger" / "pas.html").is_file()

    (town / "intra").mkdir()
    assert run("publish") == (0, "intra: 2 created.\nborger: 2 unchanged.\n")


def test_a_plan_while_one_site_is_down(run: Run, town: Path) -> None:
    """The other's plan is shown; what is in the way is told, and the exit code is 1."""
    (town / "intra").rmdir()

    code, told = run("plan")

    assert code == 1
    assert "borger: 2 created" in told
    assert "intra: the folder " in told


def test_the_schedule_while_one_site_is_down(program: Program, town: Path) -> None:
    """The job did its work partly, and tells the site's name once."""
    (town / "intra").rmdir()

    result = run_job(program, "articles")

    assert (result.outcome, result.counts) == ("partly", {"created": 2})
    assert [each.count("intra: ") for each in result.problems] == [1]


def test_one_article_and_one_site(run: Run, town: Path) -> None:
    """Named, only they are published; a name that is nowhere is told before anything is done."""
    assert run("publish", "pas", "--site", "borger") == (0, "borger: 1 created.\n")
    assert not (town / "borger" / "flytning.html").exists()

    code, told = run("publish", "paas")
    assert (code, "paas: there is no such article" in told) == (2, True)
    code, told = run("plan", "--site", "intro")
    assert (code, "choose of intra, borger" in told) == (2, True)


def test_what_a_sync_and_each_site_did(town: Path) -> None:
    """Asked for by name, a sync tells what became of articles; status, for each site too."""

    def told(*words: str) -> str:
        return CliRunner().invoke(make_app(), ["--config", str(town), *words]).stdout

    assert "  Articles: 4 created\n" in told("sync", "articles")
    write(town, "pas", "Nyere.")
    told("sync", "articles")
    rows = {line.split("  ")[0]: line for line in told("status").splitlines()}
    assert rows["Publishing on intra"].endswith("1 changed")


def test_an_edit_from_plan_to_page(run: Run, town: Path) -> None:
    """Found, listed with its difference, taken into the source, published again."""
    run("publish")
    path = town / "borger" / "pas.html"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("Teksten.", "Teksten, rettet."), encoding="utf-8")

    code, told = run("publish")
    assert (code, "borger: 1 edited on the site, 1 unchanged." in told) == (0, True)
    told = run("edits", "list")[1]
    assert "pas on borger: the text was edited" in told
    assert "    +Teksten, rettet." in told

    code, told = run("edits", "take", "pas")
    assert (code, "introduction (changed)" in told) == (0, True)
    assert "Teksten, rettet." in (town / "articles" / "pas.md").read_text(encoding="utf-8")
    assert "Ring til vagten." in (town / "articles" / "pas.md").read_text(encoding="utf-8")
    run("publish")
    for site in ("intra", "borger"):
        assert "rettet" in (town / site / "pas.html").read_text(encoding="utf-8")
    assert run("edits", "list")[1] == "No edit on the sites waits for a decision.\n"
    assert run("edits", "list", "--site", "intro")[0] == 2


def test_dismissing_needs_a_reason(run: Run, town: Path) -> None:
    """By name and with why; then our text stands again."""
    run("publish")
    path = town / "borger" / "pas.html"
    before = path.read_text(encoding="utf-8")
    path.write_text(before.replace("Teksten.", "Vrøvl."), encoding="utf-8")
    run("plan")

    assert run("edits", "dismiss", "pas")[0] == 2
    assert run("edits", "dismiss", "pas", "--reason", "Vrøvl")[0] == 0
    run("publish")

    assert "Vrøvl" not in path.read_text(encoding="utf-8")
    assert run("edits", "dismiss", "pas", "--reason", "igen")[0] == 2


def test_versions_and_rollback(run: Run, town: Path) -> None:
    """Back to the first, kept there, told in the status, let go again."""
    run("publish")
    code, told = run("rollback", "pas", "--site", "intra")
    assert (code, "nothing else than now has ever stood on intra" in told) == (2, True)
    write(town, "pas", "Nyere.")
    run("publish")

    code, told = run("rollback", "pas")
    assert (code, told.count("version 1 now stands as version 3")) == (0, 2)
    assert "Teksten." in (town / "intra" / "pas.html").read_text(encoding="utf-8")
    assert run("versions", "pas", "--site", "intra")[1].count("intra") == 3
    assert run("publish")[1].count("2 unchanged") == 2
    assert "1 kept at an earlier version: pas" in run("status")[1]

    assert "there are: 1, 2, 3" in run("rollback", "pas", "--to", "9")[1]
    assert run("rollback", "pas", "--to", "1", "--release")[0] == 2
    code, told = run("versions", "paas")
    assert (code, "paas: there is no such article" in told) == (2, True)
    assert run("rollback", "pas", "--release")[0] == 0
    run("publish")
    assert "Nyere." in (town / "intra" / "pas.html").read_text(encoding="utf-8")
    assert run("rollback", "pas", "--release")[0] == 2


def test_status_tells_what_comes(run: Run, town: Path) -> None:
    """Next times on the municipality's clock, what is blocked, what is not published yet."""
    write(town, "jul", more="valid_from: 2098-12-01 08:00\nvalid_to: 2098-12-24\n")
    (town / "articles" / "skat.md").write_text(
        ARTICLE.format(id="skat", text="x", more="").replace("owner: hanne@kommunen.example\n", ""),
        encoding="utf-8",
    )
    run("publish", "pas")

    told = run("status")[1]

    assert "intra (staff): 1 page is shown" in told
    assert "1 not yet published" in told
    assert "1 waiting for their time" in told
    assert "1 blocked: skat" in told
    assert "2098-12-01 08:00  jul is published" in told


def test_in_danish(run: Run, town: Path) -> None:
    """The same in the first language."""
    set_up(town, "da")

    assert "intra: 2 oprettet" in run("plan")[1]
    assert run("publish", "--site", "intra") == (0, "intra: 2 oprettet.\n")
    assert "Sidst udgivet" in run("status")[1]


def test_one_writer_for_a_site(program: Program, town: Path) -> None:
    """While one publishes there, another is told so; other sites are free."""
    with running(program.ledger, lock_name("intra")):
        results = {each.site: each for each in ArticleLine(program).publish()}

    assert "already running" in results["intra"].stopped
    assert results["borger"].counts == {"created": 2}
    assert not (town / "intra" / "pas.html").exists()


def test_an_empty_folder_withdraws_nothing(run: Run, town: Path) -> None:
    """It says so, and how to do it all the same."""
    run("publish")
    for path in (town / "articles").iterdir():
        path.unlink()

    code, told = run("publish")
    assert code == 1
    assert "--withdraw-all" in told
    assert "Teksten." in (town / "intra" / "pas.html").read_text(encoding="utf-8")

    assert run("publish", "--withdraw-all")[0] == 0
    assert "Teksten." not in (town / "intra" / "pas.html").read_text(encoding="utf-8")


def test_by_the_schedule(program: Program, town: Path) -> None:
    """The job publishes on both sites and counts; an article comes when its time has come."""
    assert "articles" in schedules(program)
    write(town, "jul", more="valid_from: 2026-12-01 08:00\n")
    program.clock = lambda: datetime.fromisoformat("2026-12-01T07:59:59+01:00")

    result = run_job(program, "articles")
    assert (result.outcome, result.counts) == ("done", {"created": 4, "waiting": 2})

    program.clock = lambda: datetime.fromisoformat("2026-12-01T08:00:00+01:00")
    assert run_job(program, "articles").counts == {"created": 2, "kept": 4}
    assert (town / "intra" / "jul.html").is_file()


def test_without_sites_nothing_runs(town: Path) -> None:
    """The job does nothing, the command says what is missing."""
    set_up(town, more="")
    program = Program(settings=load(town, {}))

    assert run_job(program, "articles").outcome == "done"
    with pytest.raises(ConfigError, match=r"\[sites\.NA"):
        ArticleLine(program).sites()


def test_a_site_that_may_not_be_written(run: Run, town: Path) -> None:
    """Told for the site, with what to do; nothing is half."""
    if os.geteuid() == 0:
        (town / "intra").rmdir()
        (town / "intra").write_text("a file, where the folder should be")
    else:
        (town / "intra").chmod(0o500)

    code, told = run("publish", "--site", "intra")

    assert code == 1
    assert "intra" in told
