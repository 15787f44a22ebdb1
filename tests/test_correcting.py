"""`private`, `undo`, `relink`, `people`: what a person types, what is told, and the exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from connector.cli import make_app
from connector.ledger import Ledger, open_ledger
from connector.ledger.batch import Batch
from connector.ledger.people import keep_people
from connector.ledger.tables import event, item, link, person_merge
from connector.ledger.take import take
from connector.model import Party, Person
from tests.making import CASE, OTHER_CASE, add_cases, case, message, page, policy, sighting

CHAT = "19:a@thread.v2"
GO = "GEO-2026-001234"
Run = Callable[..., Any]


def write_config(folder: Path, linking: str = "") -> None:
    """A folder to run in, whose server answers nobody."""
    (folder / "journal").mkdir(exist_ok=True)
    (folder / "casethread.toml").write_text(
        'language = "en"\n[graph]\nbase_url = "http://127.0.0.1:9/v1.0"\nauth = "static"\n'
        'attempts = 1\n[sinks.journal]\nkind = "folder"\npath = "journal"\n'
        f"[linking]\n{linking}\n",
        encoding="utf-8",
    )


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """A chat on a case, a call, and a directory."""
    made = open_ledger(f"sqlite:///{tmp_path / 'casethread.db'}")
    add_cases(made, case(caseworker="bodil@ny.example"), case(OTHER_CASE), case(GO))
    people = [
        Person(id="u1", upn="bodil@ny.example", name="Bodil Bech", department="Ydelse"),
        Person(id="u2", upn="bb@gammel.example", name="Bodil Bech"),
    ]
    with made.write() as connection:
        rules = policy()
        keep_people(Batch(ledger=made, connection=connection, policy=rules, now=made.now()), people)
    feed = [message(f"Om {CASE}", 0), message("Hun ringer", 1)]
    take(made, [page(*feed, message(f"Se {GO.lower()}", 2, thread="19:b@thread.v2"))], policy())
    call = sighting(minute=90, call={"callees": (Party(person="u2", role="to"),)})
    take(made, [page(call)], policy())
    return made


@pytest.fixture
def run(ledger: Ledger, tmp_path: Path) -> Run:
    """Runs commands on that ledger."""
    write_config(tmp_path)

    def go(*words: str) -> Any:
        env = {"CASETHREAD_CONFIG": str(tmp_path), "LC_ALL": "C", "CASETHREAD_TOKEN": "t"}
        told = CliRunner().invoke(make_app(), list(words), env=env)
        assert "Traceback" not in told.stderr
        return told

    return go


def states(ledger: Ledger) -> list[tuple[str, str | None]]:
    with ledger.read() as connection:
        query = sa.select(item.c.state, item.c.case_number).where(
            item.c.kind != "sighting", item.c.id == item.c.root_id
        )
        return [tuple(row) for row in connection.execute(query.order_by(item.c.sent_at))]


def test_private(run: Run, ledger: Ledger) -> None:
    """The chat of an item is marked, and the mark taken back."""
    told = run("private", "2", "--reason", "their summer house", "--as", "Vita")
    assert (told.exit_code, *(s for s, _ in states(ledger)[:2])) == (0, "excluded", "excluded")
    assert "2 items are kept from the journal" in told.stdout
    assert "private already" in run("private", "1").stdout
    assert "no longer private; 2 items" in run("private", "1", "--undo").stdout
    assert states(ledger)[:2] == [("linked", CASE)] * 2
    assert "was not private" in run("private", "--chat", CHAT, "--undo").stdout
    with ledger.read() as connection:
        query = sa.select(event.c.actor).where(event.c.action == "private")
        assert list(connection.execute(query).scalars()) == ["Vita"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "either an item"),
        (("1", "--chat", CHAT), "either an item"),
        (("99",), "99 is not an item"),
        (("--chat", "19:none"), "no chat has the key"),
        (("--chat", "calls"), "no chat has the key"),
        (("5",), "casethread unlink 5 --private"),
    ],
)
def test_private_refused(run: Run, words: tuple[str, ...], said: str) -> None:
    """What is no chat cannot be private; the message says what can be done."""
    told = run("private", *words)

    assert (told.exit_code, said in told.stderr) == (2, True), told.stderr


def test_undo(run: Run, ledger: Ledger) -> None:
    """A person's decision goes back to the rule's; a rule's does not."""
    run("link", "1", OTHER_CASE, "--as", "Vita")
    told = run("undo", "1", "--reason", "slip of the pen")
    assert (0, f"1 is on case {CASE} again.\n") == (told.exit_code, told.stdout)
    again = run("undo", "1")
    assert (again.exit_code, "a rule's, not a person's" in again.stderr) == (2, True)
    run("unlink", "3", "--private")
    assert "on no case again" in run("undo", "3").stdout
    run("private", "1")
    assert "casethread private 1 --undo" in run("undo", "1").stderr
    assert run("undo", "77").exit_code == 2


def test_relink(run: Run, ledger: Ledger, tmp_path: Path) -> None:
    """A new pattern finds what it names; a dry run tells it first and changes nothing."""
    write_config(tmp_path, 'patterns = ["kle", "go"]')
    before = states(ledger)
    dry = run("relink", "--dry-run")
    assert before == states(ledger)
    told = run("relink")

    assert (dry.exit_code, told.exit_code) == (0, 0)
    assert dry.stdout == "Dry run: nothing was changed.\n" + told.stdout
    assert "1 newly linked" in told.stdout
    assert f"[3]  on no case → {GO}  (case number)" in told.stdout
    assert "Nothing changed." in run("relink").stdout
    assert "relink" in run("status").stdout or "Linking again" in run("status").stdout


@pytest.mark.parametrize("day", ["never", "2099-01-01"])
def test_relink_bad_date(run: Run, day: str) -> None:
    """A date that is none, or is to come, is refused."""
    assert run("relink", "--since", day).exit_code == 2


def test_people(run: Run, ledger: Ledger) -> None:
    """The call that was taken under the old account is linked after the merge, and not before."""
    assert states(ledger)[3] != ("linked", CASE)
    told = run("people", "merge", "BB@gammel.example", "u1", "--reason", "new domain")
    assert (told.exit_code, "bb@gammel.example goes by bodil@ny.example" in told.stdout) == (
        0,
        True,
    )
    assert states(ledger)[3] == ("linked", CASE)
    assert "bodil@ny.example (new domain)" in run("people", "list", "gammel").stdout
    listed = json.loads(run("people", "list", "--json").stdout)
    assert [(p["person"]["id"], p["goes_by"]) for p in listed] == [("u1", "u1"), ("u2", "u1")]

    assert "goes by its own name" in run("people", "unmerge", "u2").stdout
    assert states(ledger)[3] != ("linked", CASE)
    with ledger.read() as connection:
        assert connection.execute(sa.select(person_merge.c.reason)).scalar_one() == "new domain"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("merge", "u1", "u2"), "reason"),
        (("merge", "u1", "u2", "--reason", " "), "--reason"),
        (("merge", "u1", "u1", "--reason", "x"), "one person already"),
        (("merge", "u1", "nobody@x.example", "--reason", "x"), "nobody@x.example"),
        (("unmerge", "u1"), "merged into nobody"),
    ],
)
def test_people_refused(run: Run, words: tuple[str, ...], said: str) -> None:
    """A merge needs a reason and two persons; a parting needs a merge."""
    told = run("people", *words)

    assert (told.exit_code, said in told.stderr) == (2, True), told.stderr


def test_nobody_listed(run: Run) -> None:
    """Words that nobody has are told."""
    assert "Nobody in the directory" in run("people", "list", "xyz").stdout


def test_check_tells_unknown_names(run: Run, tmp_path: Path) -> None:
    """A group or user that nobody is, is a warning; others are not."""
    users = 'exclude_users = ["bodil@ny.example", "gone@ny.example"]'
    write_config(tmp_path, f'{users}\nexclude_groups = ["ydelse", "Havnen"]')
    found = json.loads(run("check", "--json").stdout)

    ours = [each for each in found if each["system"] == "linking"]
    told = [each["what"] for each in ours if each["level"] != "ok"]
    assert [each["level"] for each in ours] == ["ok", "warning", "warning"]
    assert ["gone@ny.example" in told[0], "Havnen" in told[1]] == [True, True]


def test_excluded_group(run: Run, tmp_path: Path, ledger: Ledger) -> None:
    """Settings reach the policy: groups, and the words that make a chat private."""
    from connector.bootstrap import Program
    from connector.settings import load

    write_config(tmp_path, 'exclude_groups = ["YDELSE"]\nprivate_words = ["#Ikke-Sag"]')
    run("people", "merge", "u2", "u1", "--reason", "one")
    program = Program(load(tmp_path, {}))
    rules = program.policy()
    staff = rules.staff()
    program.close()

    assert frozenset({"u1", "u2"}) == staff.excluded
    assert frozenset({"#ikke-sag"}) == rules.private_words
    assert frozenset({"bodil@ny.example", "bb@gammel.example"}) == staff.aliases["u2"]


@pytest.mark.parametrize("word", ["privat", "#", "#a b", ""])
def test_private_words_are_checked(run: Run, tmp_path: Path, word: str) -> None:
    """A word that people write by chance is refused."""
    write_config(tmp_path, f'private_words = ["{word}"]')

    assert run("status").exit_code == 2


def test_decisions_are_kept(run: Run, ledger: Ledger) -> None:
    """Nothing that was decided is ever deleted."""
    run("link", "1", OTHER_CASE)
    run("undo", "1")
    run("private", "1")
    run("private", "1", "--undo")
    with ledger.read() as connection:
        query = sa.select(link.c.rule).where(link.c.item_id == 1).order_by(link.c.id)
        rules = list(connection.execute(query).scalars())

    assert rules == ["number", "person", "number", "private", "no longer private", "number"]


def test_note(run: Run, ledger: Ledger) -> None:
    """A note is written, shown in the case's history, found, explained, and taken back."""
    run("link", "5", CASE)
    told = run("note", "5", "Hun flytter\nden 1.", "--as", "Bodil Bech")
    assert (told.exit_code, told.stdout) == (0, f"Note 6 about 5 is on case {CASE}.\n")

    history = run("history", CASE).stdout
    assert "  note  Bodil Bech  [6]\n    about [5]\n    Hun flytter\n    den 1.\n" in history
    assert "Hun flytter den 1." in run("search", "flytter").stdout
    run("note", "5", "Hun bliver boende.")
    assert "Hun bliver boende." in run("search", "boende").stdout
    assert "[6]" not in run("search", "flytter").stdout
    assert "Note about it: casethread explain 6" in run("explain", "5").stdout
    explained = run("explain", "6").stdout
    assert ("about [5]" in explained, "patterns" in explained) == (True, False)
    assert run("status").exit_code == 0

    told = run("note", "5", "")
    assert (told.exit_code, told.stdout[:29]) == (0, "Note 6 about 5 is taken back;")
    assert "deleted" in run("history", CASE).stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("note", "99", "x"), "99 is not an item"),
        (("note", "5", "x"), "item 5 is on no case; link it first"),
        (("note", "4", "x"), "item 4 is a sighting; name what it belongs to instead (5)"),
        (("note", "1", " "), "the note has no words"),
        (("note", "1", "x" * 20_001), "longer than 20,000 characters"),
    ],
)
def test_note_refused(run: Run, words: tuple[str, ...], said: str) -> None:
    """What cannot be noted is told, with what to do; nothing is kept."""
    told = run(*words)

    assert (told.exit_code, said in told.stderr) == (2, True), told.stderr


@pytest.mark.parametrize("command", [("link", "6", OTHER_CASE), ("unlink", "6"), ("undo", "6")])
def test_a_note_goes_with_its_message(run: Run, command: tuple[str, ...]) -> None:
    """A note cannot be linked by itself: the message is named that it is about."""
    run("note", "1", "Aftalt.")
    told = run(*command)

    assert told.exit_code == 2
    assert "item 6 is a note; name what it belongs to instead (1)" in told.stderr
