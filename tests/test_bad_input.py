"""What operators mistype, what others write to harm, and what a machine does when it fails."""

from __future__ import annotations

import json
import logging
import resource
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from typer.testing import CliRunner

from connector import screen
from connector.cli import make_app
from connector.commands import tell
from connector.errors import Unavailable
from connector.ledger import Ledger, open_ledger
from connector.ledger.cursors import known_versions
from connector.ledger.deliveries import try_again
from connector.ledger.history import history
from connector.ledger.storable import storable
from connector.ledger.tables import item
from connector.ledger.take import take
from connector.log import Lines
from connector.model import Attachment, Item, Party, Person, Presence, Problem
from connector.sources.teams.messages import parse_message
from connector.sources.text import plain
from connector.spool import Spool
from tests.conftest import Clock
from tests.making import (
    CASE,
    NOON,
    OTHER_CASE,
    add_cases,
    case,
    edited,
    message,
    page,
    policy,
    sighting,
)
from tests.test_deliveries import FakeSink, send

NASTY = "\x1b]0;owned\x07\x1b[31m[red]\u202eEvil\u2066\x9b2J\r\nlinked: person"
OBEYED = ("\x1b", "\x07", "\r", "\x9b", "\u202e", "\u2066", "\x00")

Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for made in [each for each in root.handlers if each not in handlers]:
        made.close()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configured folder with a register of two cases, and nothing read."""
    (tmp_path / "journal").mkdir()
    (tmp_path / "casethread.toml").write_text(
        'language = "en"\n[graph]\nbase_url = "http://127.0.0.1:9/v1.0"\nauth = "static"\n'
        'attempts = 1\n[journal]\nquiet_min = 0\n[sinks.journal]\nkind = "folder"\n'
        'path = "journal"\n'
    )
    (tmp_path / "journal" / "cases.csv").write_text(
        f"number;title;status\n{CASE};Flytning;open\n{OTHER_CASE};Hjælp;open\n"
    )
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Run:
    """Runs a command in the folder; no traceback is ever shown."""

    def words(*asked: str) -> Any:
        env = {"CASETHREAD_TOKEN": "t", "CASETHREAD_CONFIG": str(folder), "LC_ALL": "C"}
        told = CliRunner().invoke(make_app(), list(asked), env=env)
        assert "Traceback" not in told.stderr
        return told

    return words


def keep(folder: Path, *items: Item, people: tuple[Person, ...] = ()) -> None:
    """Put items into the folder's ledger as a sync would."""
    ledger = open_ledger(f"sqlite:///{folder / 'casethread.db'}")
    add_cases(ledger, case(), case(OTHER_CASE))
    take(ledger, [page(*items)], policy(quiet_s=0))
    ledger.close()


# what others write


def test_terminal_is_not_commanded(folder: Path, run: Run) -> None:
    """Escape codes, turned text and line ends of names and files are told, never obeyed."""
    nasty = message(
        f"Sag {CASE} {NASTY}",
        sender="",
        sender_name=NASTY,
        subject=NASTY,
        thread=f"19:{NASTY}\x00@thread.v2",
        attachments=(Attachment(name=NASTY, url="https://files.example/a"),),
        parties=(Party(name=NASTY, role="to"),),
    )
    keep(folder, nasty)

    for words in (("sync", "deliver"), ("history", CASE), ("explain", "1"), ("status",)):
        told = run(*words)
        assert told.exit_code == 0, told.stderr
        assert [sign for sign in OBEYED if sign in told.stdout + told.stderr] == []
        assert not [line for line in told.stdout.splitlines() if line.startswith("linked: person")]
    found = json.loads(run("history", CASE, "--json").stdout)
    assert found["communications"][0]["who"] == NASTY


def test_written_out() -> None:
    """What a terminal would obey is written out; letters of any language and tabs stay."""
    assert screen.printable("\x1b[1mÅ\tø\u202e \x9b \n") == "\\u001b[1mÅ\tø\\u202e \\u009b \\u000a"
    assert screen.printable("Ærø 👩‍👧 مرحبا [red]") == "Ærø 👩‍👧 مرحبا [red]"


def test_error_is_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    """An error that repeats a foreign system's words is told without its escape codes."""
    tell("graph: \x1b[2J and 010190-1234")

    assert capsys.readouterr().err == "graph: \\u001b[2J and 010190-****\n"


def test_log_line_is_one_line() -> None:
    """No value can begin a line of the log, or command the terminal that shows it."""
    record = logging.makeLogRecord({"name": "x", "msg": "kept", "part": "a\r\x1b[2J\u2028b"})

    line = Lines().format(record)

    assert line.endswith('part="a\\r\\u001b[2J\\u2028b"')


BROKEN = "a\0b\ud800c"


def test_unstorable_characters(ledger: Ledger) -> None:
    """NUL and half characters, wherever they stand, stop neither database; texts stay apart."""
    add_cases(ledger, case(title=BROKEN))
    items = [
        replace(
            message("", minute),
            text=f"Sag {CASE} {BROKEN}",
            thread=f"19:{BROKEN}",
            key=f"{minute}{BROKEN}",
            version=BROKEN,
            sender=BROKEN,
            sender_name=BROKEN,
            subject=BROKEN,
            quoted=BROKEN,
            reply_to=BROKEN,
            mentions=(BROKEN,),
            parties=(Party(name=BROKEN, phone=BROKEN),),
            attachments=(Attachment(name=BROKEN, ref=BROKEN, url=BROKEN, content_type=BROKEN),),
            raw=json.dumps(BROKEN).encode(),
        )
        for minute in range(2)
    ]
    bad = Problem(source="chats", part="u1", key=BROKEN, reason=BROKEN, raw=b"\0")
    people = (Person(id="u9", name=BROKEN),)
    presences = (Presence(person="u9", availability=BROKEN, activity="", observed_at=NOON),)
    whole = replace(page(*items, bad), people=people, presences=presences)

    first, second = (take(ledger, [whole], policy()) for _ in range(2))

    assert (first.new["message"], first.linked, second.new["message"]) == (2, 2, 0)
    known = known_versions(ledger, "chats")
    assert known(f"19:{BROKEN}", [(BROKEN, BROKEN), ("1", "1")]) == set()
    with ledger.read() as connection:
        (first_row, _) = history(connection, CASE, ZoneInfo("Europe/Copenhagen"), {})
    assert first_row.who == "ab\ufffdc"


@given(st.text(st.characters(), max_size=20))
def test_storable(words: str) -> None:
    """What both databases can keep stays as it is; the rest differs only where it must."""
    kept = storable(message("", sender_name=words, raw=json.dumps(words).encode()))

    assert len(kept.sender_name) <= len(words)
    kept.sender_name.encode()
    assert "\0" not in kept.sender_name
    broken = any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in words)
    assert broken or kept.sender_name == words


@pytest.mark.parametrize("shape", ["<", "< ", "<1", "<!--", "<a", "<b>", "&", '<a "', "<p><"])
def test_hostile_markup_is_read_in_one_walk(shape: str) -> None:
    """A million signs that open and close nothing are read in a moment, not in a quarter hour."""
    words = plain(shape * (1_000_000 // len(shape)) + "<p>slut</p>").text

    assert words.endswith("slut") or shape in ("<!--", '<a "', "<a")


def hosted(source: str) -> tuple[Attachment, ...]:
    """What is to be fetched for an image that a message of the chat 19:own shows."""
    row = {
        "id": "1700000000000",
        "messageType": "message",
        "createdDateTime": "2026-11-20T10:00:00Z",
        "chatId": "19:own@thread.v2",
        "body": {"contentType": "html", "content": f'<img src="{source}">'},
    }
    found = parse_message("chats", "u1", json.dumps(row).encode())
    assert isinstance(found, Item)
    return found.attachments


@pytest.mark.parametrize(
    "path",
    [
        "chats/19:other@thread.v2/messages/1/hostedContents/a/$value",
        "users/boss/messages/AAMk/hostedContents/../$value",
        "chats/19:own@thread.v2/../../users/boss/messages/AAMk/hostedContents/../$value",
        "chats/19:own@thread.v2/messages/1/hostedContents/%2e%2e/$value",
        "chats/19:own@thread.v2/messages/..%2f..%2f..%2fusers/hostedContents/a/$value",
        "chats/19:own@thread.v2/messages/1/hostedContents/..%5ca/$value",
        "teams/t/channels/c/messages/1/hostedContents/a/$value",
    ],
)
def test_image_of_others(path: str) -> None:
    """An image that leads out of its own conversation is not fetched with our rights."""
    (image,) = hosted(f"https://graph.microsoft.com/v1.0/{path}")

    assert (image.ref, image.note) == ("", "the image is said to be of another conversation")


@pytest.mark.parametrize("chat", ["19:own@thread.v2", "19%3Aown%40thread.v2"])
@pytest.mark.parametrize("host", ["graph.microsoft.com", "evil.example"])
def test_image_of_its_own(host: str, chat: str) -> None:
    """A pasted picture is fetched from our own server, whatever host the text names."""
    path = f"chats/{chat}/messages/1/hostedContents/aWQ=/$value"
    (image,) = hosted(f"https://{host}/v1.0/{path}")

    assert image.ref == path


# a machine that fails


def test_full_spool(tmp_path: Path) -> None:
    """A disk that is full is told as that, and nothing half is left; the close fails too."""

    def chunks() -> Iterator[bytes]:
        yield b"x" * 100  # waits in the buffer until it is flushed
        limit = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, limit[1]))

    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    heard = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with pytest.raises(Unavailable, match="is full"):
            Spool(tmp_path).add(chunks())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, heard)

    assert list(tmp_path.iterdir()) == []


# every number is true


def test_call_is_counted_once(ledger: Ledger) -> None:
    """A call that three sources saw is one call in what was read, in one page or in three."""
    seen = [sighting("call_records"), sighting("pstn"), sighting("direct_routing", 60)]

    together = take(ledger, [page(seen[0], seen[1])], policy()).new["call"]
    apart = [take(ledger, [page(each)], policy()).new["call"] for each in seen]
    with ledger.read() as connection:
        query = sa.select(sa.func.count()).where(item.c.kind == "call", item.c.id == item.c.root_id)
        calls = connection.execute(query).scalar_one()

    assert together + sum(apart) == calls == 2


def test_retry_does_not_wait(ledger: Ledger, clock: Clock) -> None:
    """Somebody who has made room and asks for a retry need not wait for the back-off."""
    sink = FakeSink()
    sink.errors = [Unavailable("journal: the disk is full")]
    add_cases(ledger, case())
    take(ledger, [page(message(f"Sag {CASE}"))], policy())
    clock.move(days=1)
    assert send(ledger, sink).done == 0
    assert send(ledger, sink).done == 0

    with ledger.write() as connection:
        assert try_again(connection, ledger.now(), "Bodil") == 1

    assert send(ledger, sink).done == 1


def test_taken_back_is_explained(folder: Path, run: Run) -> None:
    """The key on a transcript that was taken back still leads to what happened, and to the void."""
    keep(folder, message(f"Sag {CASE}"))
    run("sync", "deliver")
    (first,) = (folder / "journal" / CASE).glob("*.json")
    key = json.loads(first.read_text())["key"]
    run("unlink", "1", "--reason", "another Hansen")
    run("sync", "deliver")

    (told,) = json.loads(run("explain", key, "--json").stdout)

    assert [each["state"] for each in told["decisions"]] == ["unlinked", "linked"]
    assert [each["version"] for each in told["deliveries"]] == [1, 2]
    (void,) = set((folder / "journal" / CASE).glob("*.json")) - {first}
    assert json.loads(void.read_text())["entry"]["void_reason"] == "another Hansen"


def test_edit_has_its_own_time(folder: Path, run: Run) -> None:
    """`history` tells when a message was edited, not when the earlier words were written."""
    first = message(f"Sag {CASE} i dag")
    keep(folder, first, edited(first, f"Sag {CASE} i morgen", minutes=5))

    told = run("history", CASE).stdout

    assert f"edited 2026-11-18 12:05; before: Sag {CASE} i dag" in told


def test_reason_is_in_the_journals_language(folder: Path, run: Run) -> None:
    """Without --reason the record says so in the language of the configuration."""
    config = folder / "casethread.toml"
    config.write_text(config.read_text().replace('"en"', '"da"'))
    keep(folder, message(f"Sag {CASE}"))
    run("sync", "deliver")
    run("link", "1", OTHER_CASE)
    run("sync", "deliver")

    (void,) = (folder / "journal" / CASE).glob("*tilbagetaget*.json")
    assert json.loads(void.read_text())["entry"]["void_reason"] == "besluttet af en person"


def test_sighting_leads_to_its_call(folder: Path, run: Run) -> None:
    """`explain` of one source's view of a call names the call, which has the case."""
    keep(folder, sighting())

    told = run("explain", "1").stdout

    assert "casethread explain 2" in told
    assert "nothing points" not in told


@pytest.mark.parametrize("date", ["2999-01-01", "9999-12-31T23:59", "0001-01-01T00:00+14:00"])
def test_since_of_no_day(run: Run, date: str) -> None:
    """A --since in the future, or where no calendar reaches, is wrong use."""
    told = run("sync", "chats", "--since", date)

    assert told.exit_code == 2
    assert "--since" in told.stderr
