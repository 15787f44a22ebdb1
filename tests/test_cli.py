"""The command line: what a person types, what is told, and with which exit code it ends."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from connector import screen
from connector.bootstrap import SOURCES
from connector.cli import COMMANDS, asked_for, make_app, to_front
from connector.commands import Session, exit_code_of
from connector.commands.reference import commands, reference_text
from connector.errors import Busy, ConfigError, Unavailable
from connector.ledger import open_ledger, views
from connector.ledger.tables import delivery, event, item, link
from connector.ledger.take import take
from connector.log import Json, Lines
from connector.sandbox import Sandbox, Server, build, serve, write_cases_csv
from tests.making import CASE, NOON, add_cases, case, message, page, policy

ROOT = Path(__file__).resolve().parent.parent
TOKEN = "sandbox-token"


class Told:
    """What a command wrote and how it ended."""

    def __init__(self, result: Any) -> None:
        self.out: str = result.stdout
        self.err: str = result.stderr
        self.code: int = result.exit_code
        assert "Traceback" not in self.err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Told]


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    """A command sets up the log; no test is to see another's."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for made in [each for each in root.handlers if each not in handlers]:
        made.close()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A small municipality, which stands still."""
    town = build(seed=3, users=12, days=4, now=datetime.now(UTC))
    with serve(Sandbox(town, static_token=TOKEN)) as running:
        yield running


def _write_config(folder: Path, base_url: str, more: str = "") -> None:
    (folder / "journal").mkdir(parents=True, exist_ok=True)
    (folder / "casethread.toml").write_text(
        f'language = "en"\n[graph]\nbase_url = "{base_url}"\nauth = "static"\nattempts = 1\n'
        f'[journal]\nquiet_min = 0\n[sinks.journal]\nkind = "folder"\npath = "journal"\n{more}'
    )


def _runner(folder: Path) -> Run:
    def run(*words: str, **environ: str) -> Told:
        env = {"CASETHREAD_TOKEN": TOKEN, "CASETHREAD_CONFIG": str(folder), "LC_ALL": "C"}
        return Told(CliRunner().invoke(make_app(), list(words), env=env | environ))

    return run


@pytest.fixture(scope="module")
def synced(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which one sync was made; not to be changed."""
    folder = tmp_path_factory.mktemp("synced")
    _write_config(folder, server.base_url)
    write_cases_csv(server.sandbox.municipality, folder / "journal" / "cases.csv")
    told = _runner(folder)("sync")
    assert told.code == 0, told.err + told.out
    (folder / "summary.txt").write_text(told.out)
    return folder


@pytest.fixture
def look(synced: Path) -> Run:
    """Runs commands that only look."""
    return _runner(synced)


@pytest.fixture
def town(synced: Path, tmp_path: Path) -> Path:
    """A copy of the synced folder, to be changed."""
    folder = tmp_path / "town"
    shutil.copytree(synced, folder)
    return folder


@pytest.fixture
def there(town: Path) -> Run:
    """Runs commands on the copy."""
    return _runner(town)


@pytest.fixture
def fresh(tmp_path: Path) -> Run:
    """Runs commands on a folder without any sync, and without a server."""
    _write_config(tmp_path, "http://127.0.0.1:9/v1.0")
    return _runner(tmp_path)


def _rows(folder: Path, query: Any) -> list[Any]:
    ledger = open_ledger(f"sqlite:///{folder / 'casethread.db'}")
    with ledger.read() as connection:
        found = list(connection.execute(query))
    ledger.close()
    return found


# help and wrong use


@pytest.mark.parametrize("words", [words for words, _ in commands(make_app())])
def test_help_shows_example(words: tuple[str, ...]) -> None:
    """The help of every command shows an example that can be copied."""
    told = Told(CliRunner().invoke(make_app(), [*words, "--help"]))

    assert told.code == 0
    assert "casethread " + " ".join(words) in told.out
    if words not in (("cases",), ("sandbox",)):
        assert "Example" in told.out


def test_reference_is_current() -> None:
    """docs/reference/commands.md says what the commands say."""
    written = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")

    assert written == reference_text(make_app()), "run scripts/generate-commands"


def test_cases_help_names_columns() -> None:
    """The help of `cases import` names every column of cases.csv."""
    from connector.journals.folder.columns import COLUMNS

    told = Told(CliRunner().invoke(make_app(), ["cases", "import", "--help"]))

    assert [name for name in COLUMNS if name not in told.out] == []


@pytest.mark.parametrize(
    "words", [["no-such"], ["sync", "--no-such"], ["history"], ["link", "x", "y"], ["search"]]
)
def test_wrong_use(fresh: Run, words: list[str]) -> None:
    """Wrong use ends with 2, and says what is wrong in a line."""
    told = fresh(*words)

    assert told.code == 2
    assert "Error" in told.err


def test_version(fresh: Run) -> None:
    """The version is told without a configuration."""
    assert fresh("--version").out.startswith("casethread 0.")


def test_one_command_is_loaded() -> None:
    """Only the command that is asked for is loaded; a wrong word loads all, for a suggestion."""
    assert asked_for(["--config", "sync", "status"]) == "status"
    assert asked_for(["--debug", "sync", "chats"]) == "sync"
    assert asked_for(["snyc"]) == ""
    assert len(make_app("sync").registered_commands) == 1
    assert len(make_app().registered_commands) == len(COMMANDS)


def test_options_anywhere() -> None:
    """--config and --debug may stand behind the command; after "--" they are words."""
    words = ["sync", "--config", "a.toml", "chats", "--debug"]

    assert to_front(words) == ["--config", "a.toml", "--debug", "sync", "chats"]
    assert to_front(["search", "--", "--debug"]) == ["search", "--", "--debug"]
    assert to_front(["status", "--config=a"]) == ["--config=a", "status"]
    assert to_front(["status", "--config"]) == ["--config", "status"]


# configuration


def test_no_configuration(tmp_path: Path) -> None:
    """Without a configuration, one line says how to make one."""
    told = Told(
        CliRunner().invoke(
            make_app(),
            ["--config", str(tmp_path / "none.toml"), "status"],
            env={"LC_ALL": "en_GB"},
        )
    )

    assert told.code == 2
    assert "casethread init DIR" in told.err


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    """Every mistake in the configuration is listed with its line, in the file's language."""
    _write_config(tmp_path, "nowhere", '[log]\nlevel = "loud"\n')

    told = _runner(tmp_path)("status")

    assert told.code == 2
    assert "graph.base_url" in told.err
    assert "log.level" in told.err
    assert len(told.err.splitlines()) >= 3


@pytest.mark.parametrize(("language", "word"), [("da", "Oprettede"), ("en", "Created")])
def test_init(tmp_path: Path, language: str, word: str) -> None:
    """init makes a folder to run in, and says what to do next; again it changes nothing."""
    words = ["init", str(tmp_path / "new"), "--language", language]

    told, again = (Told(CliRunner().invoke(make_app(), words)) for _ in range(2))

    assert told.code == 0
    assert word in told.out
    assert "casethread check" in told.out
    assert again.code == 2
    assert (tmp_path / "new" / "journal" / "cases.csv").is_file()


def test_init_language(tmp_path: Path) -> None:
    """A language that there is not is wrong use."""
    told = Told(CliRunner().invoke(make_app(), ["init", str(tmp_path), "--language", "sv"]))

    assert told.code == 2
    assert not (tmp_path / "casethread.toml").exists()


# errors


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (ConfigError(["a: is wrong"]), 2, "a: is wrong"),
        (Busy("daemon: already running on vm as process 7"), 2, "process 7"),
        (Unavailable("graph: no answer", system="graph"), 1, "graph: no answer"),
        (KeyboardInterrupt(), 130, "kept"),
        (ZeroDivisionError("x"), 1, "--debug"),
    ],
)
def test_errors_in_words(
    capsys: pytest.CaptureFixture[str], error: BaseException, code: int, words: str
) -> None:
    """An error becomes a line and an exit code, never a traceback."""
    assert exit_code_of(error, Session(environ={"LC_ALL": "C"})) == code

    told = capsys.readouterr().err
    assert words in told


def test_unexpected_error(fresh: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An error that nobody foresaw is one line and exit code 1, and the log has the traceback."""
    _write_config(tmp_path, "http://127.0.0.1:9/v1.0", '[log]\nfile = "a.log"\n')

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(views, "status", fail)

    told = fresh("status")

    assert told.code == 1
    assert "a.log" in told.err
    assert "ZeroDivisionError" in (tmp_path / "a.log").read_text()


def test_no_connection(fresh: Run) -> None:
    """A sync that reaches nobody lists what failed, and ends with 1."""
    told = fresh("sync", "directory")

    assert told.code == 1
    assert "Directory: failed" in told.out
    assert "graph" in told.out


def test_secret_missing(fresh: Run) -> None:
    """A missing secret is told with the variable to set."""
    told = fresh("sync", "directory", CASETHREAD_TOKEN="")

    assert told.code == 2
    assert "CASETHREAD_TOKEN" in told.err


def test_read_only_ledger(fresh: Run, tmp_path: Path) -> None:
    """A ledger that is no database is told as such, without a traceback."""
    (tmp_path / "casethread.db").write_bytes(b"this is no database" * 100)

    told = fresh("status")

    assert told.code == 1
    assert "ledger" in told.err


# sync and what it shows


def test_summary(synced: Path) -> None:
    """The summary tells what was read, linked and journaled, and where to look."""
    told = (synced / "summary.txt").read_text()

    for words in ("messages", "linked to a case", "journaled", "casethread history", "journal"):
        assert words in told


def test_sync_again(there: Run) -> None:
    """A second sync finds nothing new, and journals nothing twice."""
    told = there("sync", "--once", "--json")

    assert told.code == 0
    assert told.json["journaled"] == 0
    assert sum(told.json["new"].values()) == 0


def test_sync_unknown_job(look: Run) -> None:
    """A job that there is not is named, with those that there are."""
    told = look("sync", "chatz")

    assert told.code == 2
    assert "chatz" in told.err
    assert "call_records" in told.err


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "01-11-2026"])
def test_sync_since_wrong(look: Run, day: str) -> None:
    """A day that is none is refused before anything is read."""
    told = look("sync", "--since", day)

    assert told.code == 2
    assert day in told.err


def test_sync_of_chats_alone(server: Server, tmp_path: Path) -> None:
    """Where nobody is known yet the directory is read first, and a refusal of it is told."""
    _write_config(tmp_path, server.base_url)
    run = _runner(tmp_path)
    denied = run("sync", "chats", CASETHREAD_TOKEN="wrong")
    first, second = (run("sync", "chats", "--json").json["jobs"] for _ in range(2))

    everybody = server.sandbox.municipality
    assert denied.code == 1
    assert "Directory: failed" in denied.out
    assert [each["job"] for each in first] == ["directory", "chats"]
    assert [each["job"] for each in second] == ["chats"]
    assert first[1]["counts"]["parts"] == len(everybody.staff + everybody.shared)


def test_sync_since(there: Run) -> None:
    """Reading again from a day finds what is kept already, and keeps it once."""
    told = there("sync", "chats", "--since", "2020-01-01", "--json")

    (job,) = told.json["jobs"]
    assert job["counts"]["read"] > 0
    assert sum(told.json["new"].values()) == 0


def test_dry_run_keeps_nothing(server: Server, tmp_path: Path) -> None:
    """A dry run tells what would be journaled, and leaves not even an empty ledger."""
    _write_config(tmp_path, server.base_url)
    write_cases_csv(server.sandbox.municipality, tmp_path / "journal" / "cases.csv")

    told = _runner(tmp_path)("sync", "--dry-run", "--json")

    assert told.code == 0
    assert len(told.json["would"]["journal"]) > 0
    assert {file.name for file in tmp_path.iterdir()} == {"casethread.toml", "journal"}
    assert [file.name for file in (tmp_path / "journal").iterdir()] == ["cases.csv"]


def test_dry_run_tells_the_truth(server: Server, synced: Path, tmp_path: Path) -> None:
    """A dry run names exactly the entries that the real sync then journals."""
    _write_config(tmp_path, server.base_url)
    write_cases_csv(server.sandbox.municipality, tmp_path / "journal" / "cases.csv")

    told = _runner(tmp_path)("sync", "--dry-run", "--json")

    would = sorted((row["case"], row["version"]) for row in told.json["would"]["journal"])
    real = _rows(synced, delivery.select())
    assert would == sorted((row.case_number, row.version) for row in real)


def test_dry_run_beside_a_ledger(there: Run, town: Path) -> None:
    """A dry run beside a ledger in use changes nothing in it."""
    before = [len(_rows(town, table.select())) for table in (item, link, event)]

    assert there("sync", "--dry-run", "--since", "2020-01-01").code == 0

    assert before == [len(_rows(town, table.select())) for table in (item, link, event)]


def test_status(look: Run) -> None:
    """The state lists each job, the journal and what waits."""
    told = look("status")

    assert told.code == 0
    for words in ("Chats", "Voicemail", "journaled", "cases"):
        assert words in told.out
    assert {job["job"] for job in look("status", "--json").json["jobs"]} >= {"chats", "deliver"}


def _a_case(folder: Path) -> str:
    rows = _rows(folder, delivery.select().where(delivery.c.state == "done"))
    return str(rows[0].case_number)


def test_history(look: Run, synced: Path) -> None:
    """A case's history tells what was said, and where it is journaled."""
    number = _a_case(synced)

    told = look("history", number)

    assert told.code == 0
    assert f"Case {number} (" in told.out
    assert "journaled in journal: file://" in told.out
    found = look("history", number, "--json").json
    assert found["case"]["number"] == number
    assert found["communications"][0]["journaled"][0]["state"] == "done"


def test_history_unknown(look: Run) -> None:
    """A case that nobody knows is said to be unknown."""
    told = look("history", "99.99.99-Z99-1-26")

    assert told.code == 1
    assert "not in the register" in told.err


def test_explain(look: Run, synced: Path) -> None:
    """An item is explained with rule and evidence, by its number or its delivery's key."""
    row = _rows(synced, delivery.select())[0]
    number = _rows(synced, link.select().where(link.c.case_number == row.case_number))[0].item_id

    assert "Evidence:" in look("explain", str(number)).out
    assert row.key in json.dumps(look("explain", row.key, "--json").json)


def test_explain_unknown(look: Run) -> None:
    """An item that there is not has no explanation."""
    assert look("explain", "999999").code == 1


def test_search(look: Run) -> None:
    """Words are found, and signs are no search language."""
    assert look("search", "og").code == 0
    assert look("search", "zzzzz").out.strip().endswith("zzzzz")
    assert look("search", "--", '"').code == 2


def test_check(look: Run) -> None:
    """Everything is in order, system by system."""
    told = look("check")

    assert told.code == 0
    assert "Everything is in order." in told.out
    assert {each["level"] for each in look("check", "--json").json} <= {"ok", "warning"}


def test_check_tells_all(fresh: Run) -> None:
    """What is wrong is told system by system; the ledger's health does not hide a dead network."""
    told = fresh("check")

    assert told.code == 1
    assert "error" in told.out
    assert "ledger" in told.out


def test_check_makes_the_linker(tmp_path: Path) -> None:
    """A pattern that there is not would end the next sync: it is told before."""
    _write_config(tmp_path, "http://127.0.0.1:9/v1.0", '[linking]\npatterns = ["kl"]\n')
    told = _runner(tmp_path)("check", "--json")

    assert told.code == 1
    (wrong,) = [each for each in told.json if each["system"] == "linking"]
    assert wrong["level"] == "error"
    assert "there is no pattern 'kl'" in wrong["what"]


def test_cases(look: Run) -> None:
    """Cases are listed, and found by a part of their title."""
    found = look("cases", "list", "--json", "--limit", "3").json

    assert len(found) == 3
    assert found[0]["number"] in look("cases", "list", found[0]["number"]).out


def test_cases_import(fresh: Run, tmp_path: Path) -> None:
    """A foreign list is checked, put in place of the register, and read into the ledger."""
    csv = tmp_path / "list.csv"
    csv.write_text(f"number;title\n{CASE};Flytning\n;uden nummer\n", encoding="cp1252")

    told = fresh("cases", "import", str(csv))

    assert told.code == 0, told.err
    assert "1 case imported" in told.out
    assert "1 row was left out" in told.out
    assert CASE in fresh("cases", "list").out


# decisions


def _item(folder: Path, state: str = "linked", kind: str = "message") -> int:
    rows = _rows(folder, item.select().where(item.c.state == state, item.c.kind == kind).limit(1))
    return int(rows[0].id)


def test_link(there: Run, town: Path) -> None:
    """A person's link stands with the person's name, and the next sync journals it."""
    number = _item(town, state="unlinked")
    target = _a_case(town)

    told = there("link", str(number), target, "--as", "karen", "--reason", "she said so")

    assert told.code == 0, told.err
    (row,) = _rows(
        town, link.select().where(link.c.item_id == number, link.c.superseded_at.is_(None))
    )
    assert (row.actor, row.rule, row.case_number) == ("karen", "person", target)
    there("sync", "deliver")
    mine = there("history", target, "--json").json["communications"]
    (found,) = [each for each in mine if each["item"] == number]
    assert found["journaled"][0]["state"] == "done"


@pytest.mark.parametrize("item_", ["0", "999999", "99999999999999999999"])
def test_link_no_item(there: Run, town: Path, item_: str) -> None:
    """An item that there is not cannot be linked."""
    assert there("link", item_, _a_case(town)).code == 2


def test_link_no_case(there: Run, town: Path) -> None:
    """A case that the register does not know cannot be linked to."""
    told = there("link", str(_item(town)), "99.99.99-Z99-1-26")

    assert told.code == 2
    assert "cases import" in told.err


def test_link_sighting(there: Run, town: Path) -> None:
    """A sighting is not linked; the call it belongs to is named."""
    number = _item(town, state="unlinked", kind="sighting")

    told = there("link", str(number), _a_case(town))

    assert told.code == 2
    assert "sighting" in told.err
    assert re.search(r"instead \(\d+\)", told.err)


@pytest.mark.parametrize(("option", "state"), [("", "unlinked"), ("--private", "excluded")])
def test_unlink(there: Run, town: Path, option: str, state: str) -> None:
    """What a person takes off its case stays off it."""
    number = _item(town)

    told = there("unlink", str(number), "--reason", "wrong Hansen", *filter(None, [option]))

    assert told.code == 0, told.err
    (row,) = _rows(town, item.select().where(item.c.id == number))
    assert (row.state, row.case_number) == (state, None)


def test_retry(there: Run, town: Path) -> None:
    """A delivery that failed is tried again; one that is done, or unknown, is named."""
    ledger = open_ledger(f"sqlite:///{town / 'casethread.db'}")
    with ledger.write() as connection:
        connection.execute(delivery.update().values(state="failed", reason="closed"))
    ledger.close()
    key = _rows(town, delivery.select())[0].key

    assert "casethread retry CT-" in there("status").out
    assert "1 delivery" in there("retry", key).out
    assert there("retry", "CT-NONE").code == 1
    assert there("retry").code == 0
    assert "Nothing" in there("retry").out


def test_prune(there: Run, town: Path) -> None:
    """A dry prune only counts; within the quarantine there is nothing to erase."""
    assert "0 items" in there("prune", "--dry-run").out
    assert there("prune").code == 0


# what is printed


def test_cpr_is_masked(fresh: Run, tmp_path: Path) -> None:
    """No list shows the secret part of a CPR number."""
    ledger = open_ledger(f"sqlite:///{tmp_path / 'casethread.db'}")
    add_cases(ledger, case())
    take(ledger, [page(message(f"{CASE}: hun er 010190-1234"))], policy())
    ledger.close()

    for words in (["history", CASE], ["history", CASE, "--json"], ["search", "hun"]):
        told = fresh(*words)
        assert "010190" in told.out
        assert "010190-1234" not in told.out


def test_lines_progress() -> None:
    """Without a terminal, each job that did something is one line."""
    lines: list[str] = []
    shown = screen.Lines("en", lines.append)
    for job, counts in (("chats", {"read": 12}), ("presence", {"read": 0})):
        shown.begin(job, 3)
        shown.step(job, 3, counts)
        shown.end(job)

    assert lines == ["Chats: 12 read\n"]


def test_bars_progress(capsys: pytest.CaptureFixture[str]) -> None:
    """Bars can be begun, moved and ended in any order, with and without a known total."""
    shown = screen.Bars("da")
    shown.begin("chats", 3)
    shown.begin("register.folder", None)
    shown.step("chats", 2, {"read": 1200})
    shown.step("register.folder", 500, {"read": 500})
    shown.end("register.folder")
    shown.end("chats")
    shown.close()

    assert "1.200 læst" in capsys.readouterr().err


def test_log_lines() -> None:
    """A log line has the time in UTC, the text and what was given beside it."""
    record = logging.makeLogRecord(
        {"msg": "delivered", "levelname": "INFO", "name": "connector.x", "created": 0.0}
        | {"action": "delivered", "reason": "a b"}
    )

    assert Lines().format(record) == (
        '1970-01-01T00:00:00Z INFO connector.x: delivered action=delivered reason="a b"'
    )
    assert json.loads(Json().format(record))["reason"] == "a b"


# the sandbox


def test_scenarios() -> None:
    """Every misbehaviour is listed with the issue it was seen in."""
    told = Told(CliRunner().invoke(make_app(), ["sandbox", "scenarios", "--json"]))

    assert len(told.json) >= 25
    assert all(each["issue"] for each in told.json)


def test_scenario_unknown() -> None:
    """A misbehaviour that there is not is named."""
    told = Told(CliRunner().invoke(make_app(), ["sandbox", "serve", "--scenario", "nonsense"]))

    assert told.code == 2
    assert "nonsense" in told.err


def _start(*words: str, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "connector.cli", *words],
        cwd=cwd,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "LC_ALL": "C", "PYTHONPATH": str(ROOT)},
    )


def test_serve(tmp_path: Path) -> None:
    """The sandbox says where it is, writes register and truth, and ends on SIGTERM."""
    child = _start(
        *("sandbox", "serve", "--users", "5", "--days", "1", "--no-tls", "--json"),
        *("--truth", "truth.jsonl", "--cases", "journal/cases.csv"),
        cwd=tmp_path,
    )
    told = ""
    assert child.stdout is not None
    for line in child.stdout:
        told += line
        if line.strip() == "}":
            break
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=30)

    assert child.returncode == 0
    assert json.loads(told)["base_url"].startswith("http://127.0.0.1:")
    assert (tmp_path / "truth.jsonl").stat().st_size > 0
    assert (tmp_path / "journal" / "cases.csv").read_text().startswith("number,")


def test_run_stops(tmp_path: Path) -> None:
    """The daemon ends on SIGTERM with 0, for a service manager; its run is closed."""
    off = "".join(f"[sources.{name}]\nenabled = false\n" for name in SOURCES)
    _write_config(tmp_path, "http://127.0.0.1:9/v1.0", off)
    (tmp_path / "journal" / "cases.csv").write_text("number\n")
    child = _start("run", cwd=tmp_path)
    assert child.stderr is not None
    heard = ""
    for line in child.stderr:
        heard += line
        if "daemon started" in line:
            break
    child.send_signal(signal.SIGTERM)
    _, rest = child.communicate(timeout=30)

    assert child.returncode == 0, heard + rest
    assert "Traceback" not in heard + rest


def test_demo(tmp_path: Path) -> None:
    """The demo signs in for real, syncs over TLS, shows a case and ends; again it starts afresh."""
    for _ in range(2):
        child = _start("demo", "--once", "--users", "8", "--days", "6", cwd=tmp_path)
        out, err = child.communicate(timeout=120)

        assert child.returncode == 0, err
        assert "journaled" in out
        assert "One case's history:" in out
    assert list((tmp_path / "demo" / "journal").rglob("*.html"))


def test_demo_spares_other_folders(tmp_path: Path) -> None:
    """The demo replaces no folder that it did not make."""
    (tmp_path / "precious.txt").write_text("x")

    told = Told(CliRunner().invoke(make_app(), ["demo", "--once", "--folder", str(tmp_path)]))

    assert told.code == 2
    assert (tmp_path / "precious.txt").read_text() == "x"


def test_newest_is_known(look: Run) -> None:
    """The age of the newest communication is told."""
    assert look("status", "--json").json["newest_at"] > NOON.timestamp() * 1000 - 10**12


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        ("2026-10-25T00:30:00+00:00", "2026-10-25 02:30 (UTC+02:00)"),
        ("2026-10-25T01:30:00+00:00", "2026-10-25 02:30 (UTC+01:00)"),
        ("2026-10-25T02:30:00+00:00", "2026-10-25 03:30"),
        ("2026-03-29T01:30:00+00:00", "2026-03-29 03:30"),
        ("2026-07-01T12:00:00+00:00", "2026-07-01 14:00"),
    ],
)
def test_times_are_shown_without_doubt(moment: str, shown: str) -> None:
    """Local time; in the hour that comes twice in autumn with its offset."""
    from types import SimpleNamespace
    from zoneinfo import ZoneInfo

    from connector.commands.looking import local

    session = SimpleNamespace(program=SimpleNamespace(zone=ZoneInfo("Europe/Copenhagen")))

    assert local(session, datetime.fromisoformat(moment)) == shown  # type: ignore[arg-type]
