"""Recordings and files: given out whole or in ranges, to those who may see what they belong to."""

from __future__ import annotations

import hashlib
import string
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from connector.bootstrap import Program
from connector.ledger.looks import LOOKED
from connector.ledger.tables import attachment, event, item
from connector.web.pages.files import disposition, media_type, safe_name
from connector.web.ranges import Unsatisfiable, asked_range
from tests.web import rich, town
from tests.web.conftest import Client

Clients = Callable[..., Client]
SOUND = rich.sound()
SIZE = len(SOUND)


@pytest.fixture
def talk(program: Program) -> Program:
    rich.fill(program)
    return program


def address(program: Program, name: str) -> str:
    with program.ledger.read() as connection:
        row = connection.execute(
            sa.select(attachment)
            .where(attachment.c.name == name)
            .order_by(attachment.c.item_id.desc())
        ).first()
    assert row is not None
    return f"/files/{row.item_id}/{row.position}"


@pytest.fixture
def sound(talk: Program) -> str:
    """Where the newest voicemail's recording is."""
    return address(talk, "besked.wav")


def test_whole(client: Clients, sound: str) -> None:
    """A recording is given out under its own type, to be played, and to be kept by nobody."""
    answer = client("bodil").get(sound)

    assert (answer.status_code, answer.content) == (200, SOUND)
    told = answer.headers
    assert told["content-type"] == "audio/wav"
    assert told["content-length"] == str(SIZE)
    assert told["accept-ranges"] == "bytes"
    assert told["content-disposition"].startswith('inline; filename="besked.wav"')
    assert told["x-content-type-options"] == "nosniff"
    assert "sandbox" in told["content-security-policy"]
    assert "no-store" in told["cache-control"]
    assert told["etag"] == f'"{hashlib.sha256(SOUND).hexdigest()}"'


@pytest.mark.parametrize(
    ("asked", "span"),
    [
        ("bytes=0-99", (0, 99)),
        ("bytes=100-", (100, SIZE - 1)),
        ("bytes=-10", (SIZE - 10, SIZE - 1)),
        ("bytes=0-999999", (0, SIZE - 1)),
        ("bytes=-999999", (0, SIZE - 1)),
        (f"bytes={SIZE - 1}-", (SIZE - 1, SIZE - 1)),
    ],
)
def test_range(client: Clients, sound: str, asked: str, span: tuple[int, int]) -> None:
    """A player gets the piece it asks for, and is told which it is."""
    answer = client("bodil").get(sound, headers={"range": asked})

    first, last = span
    assert answer.status_code == 206
    assert answer.content == SOUND[first : last + 1]
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{SIZE}"
    assert answer.headers["content-length"] == str(last - first + 1)


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", "bytes=-0", f"bytes={SIZE + 5}-{SIZE + 9}"])
def test_range_outside(client: Clients, sound: str, asked: str) -> None:
    """A piece that is not in the file is refused with the file's size."""
    answer = client("bodil").get(sound, headers={"range": asked})

    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{SIZE}"
    assert answer.content == b""


@pytest.mark.parametrize(
    "asked", ["bytes=", "bytes=5-2", "lines=0-1", "bytes=0-1,5-6", "x", "bytes=a-"]
)
def test_range_that_means_nothing(client: Clients, sound: str, asked: str) -> None:
    """What is no range, or several, is answered with the whole file."""
    answer = client("bodil").get(sound, headers={"range": asked})

    assert (answer.status_code, answer.content) == (200, SOUND)


def test_if_range(client: Clients, sound: str) -> None:
    """Who has a piece of another file gets all of this one."""
    one = client("bodil")
    mark = one.get(sound).headers["etag"]

    same = one.get(sound, headers={"range": "bytes=0-9", "if-range": mark})
    other = one.get(sound, headers={"range": "bytes=0-9", "if-range": '"other"'})

    assert (same.status_code, other.status_code) == (206, 200)
    assert other.content == SOUND


def test_not_sent_again(program: Program, client: Clients, sound: str) -> None:
    """Who has the file already gets 304 and none of it; that is no look. Who may not is refused."""
    one = client("bodil")
    mark = f'"{hashlib.sha256(SOUND).hexdigest()}"'

    for asked in (mark, f"W/{mark}", f'"x", {mark}', "*"):
        answer = one.get(sound, headers={"if-none-match": asked, "range": "bytes=0-9"})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", mark)
    with program.ledger.read() as connection:
        looked = connection.execute(sa.select(event.c.id).where(event.c.action == LOOKED)).all()
    assert looked == []
    assert one.get(sound, headers={"if-none-match": '"x"'}).status_code == 200
    assert client("oda").get(sound, headers={"if-none-match": mark}).status_code == 404


def test_head(client: Clients, sound: str) -> None:
    """HEAD tells how much there is, and gives none of it."""
    answer = client("bodil").head(sound)

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(SIZE)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("svar.html", "svar.html.txt"), ("kort.SVG", "kort.SVG.txt"), ("a.hta ", "a.hta.txt"),
        ("x.xhtml.", "x.xhtml.txt"), ("brev.pdf", "brev.pdf"), ("html", "html"), ("a.txt", "a.txt"),
    ],
)  # fmt: skip
def test_nothing_that_runs(name: str, given: str) -> None:
    """What would run scripts when it is opened from the disk is called .txt when it is sent."""
    row = SimpleNamespace(name=name, content_type="text/html")

    assert disposition(row).startswith(f'attachment; filename="{given}";')


# --- who may have it


@pytest.mark.parametrize(
    ("who", "status"),
    [("bodil", 200), ("bent", 200), ("rita", 200), ("carl", 404), ("oda", 404), ("", 303)],
)
def test_who(client: Clients, sound: str, who: str, status: int) -> None:
    """A file is seen with what it belongs to, and by nobody else."""
    answer = client(who).get(sound)

    assert answer.status_code == status
    assert (answer.content == SOUND) is (status == 200)


def test_file_of_hidden_case(talk: Program, client: Clients, sound: str) -> None:
    """A file that follows its communication to another's case is no longer given out."""
    with talk.ledger.write() as connection:
        root = int(sound.split("/")[2])
        connection.execute(sa.update(item).where(item.c.id == root).values(case_number=town.SECRET))
        connection.execute(sa.text("DELETE FROM item_person"))

    assert client("bodil").get(sound).status_code == 404
    assert client("carl").get(sound).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/files/0/0", "/files/-1/0", f"/files/{2**63}/0", f"/files/{2**70}/0", "/files/1/-1",
     f"/files/1/{2**31}", "/files/1/9"],
)  # fmt: skip
def test_no_file(talk: Program, client: Clients, path: str) -> None:
    """A number that is no file's, however large, is not there."""
    assert client("bodil").get(path).status_code == 404


@pytest.mark.parametrize(
    "path", ["/files/../../etc/passwd", "/files/1/..%2f..%2fetc%2fpasswd", "/files/x/0", "/files/1"]
)
def test_no_path(talk: Program, client: Clients, path: str) -> None:
    """No path of a disk ever comes from an address."""
    answer = client("bodil").get(path)

    assert answer.status_code in (404, 422)
    assert "root:" not in answer.text


# --- what is not here


def test_missing_says_why(talk: Program, client: Clients) -> None:
    """A file that could not be fetched tells why."""
    answer = client("bodil").get(address(talk, "Årsopgørelse 2025.pdf"))

    assert answer.status_code == 404
    assert "403: ingen adgang" in answer.text


@pytest.mark.parametrize(
    ("state", "words"),
    [("waiting", "ikke hentet"), ("erased", "slettet"), ("linked", "delt fil")],
)
def test_not_kept(talk: Program, client: Clients, sound: str, state: str, words: str) -> None:
    """A file that is not kept says in which state it is, even when its bytes happen to be here."""
    with talk.ledger.write() as connection:
        connection.execute(sa.update(attachment).values(state=state))

    answer = client("bodil").get(sound)

    assert answer.status_code == 404
    assert words in answer.text


def test_lost(talk: Program, client: Clients, sound: str) -> None:
    """A file that the store has lost says so, and whom to tell."""
    talk.spool.remove(hashlib.sha256(SOUND).hexdigest())

    answer = client("bodil").get(sound)

    assert answer.status_code == 404
    assert "Bed driften" in answer.text


# --- looks


def _looks(program: Program) -> list[Any]:
    with program.ledger.read() as connection:
        return [
            (row.subject, msgspec.json.decode(row.detail))
            for row in connection.execute(sa.select(event).where(event.c.action == LOOKED))
        ]


def test_look(talk: Program, client: Clients, sound: str) -> None:
    """Who listens is kept once, however many pieces the player asks for."""
    one = client("bodil")
    for asked in ("bytes=0-", "bytes=100-", "bytes=200-300"):
        one.get(sound, headers={"range": asked})

    ((subject, detail),) = _looks(talk)

    assert subject == f"item {sound.split('/')[2]}"
    assert (detail["how"], detail["file"]) == ("audio", sound.removeprefix("/files/"))


def test_look_without_beginning(talk: Program, client: Clients, sound: str) -> None:
    """Who leaves out the first byte has looked all the same."""
    client("bodil").get(sound, headers={"range": "bytes=1-"})

    assert len(_looks(talk)) == 1


def test_each_has_looked(talk: Program, client: Clients, sound: str) -> None:
    """One person's look does not stand for another's, nor one file's for another's."""
    client("bodil").get(sound)
    client("bent").get(sound)
    client("bodil").get(address(talk, "../../etc/passwd"))

    assert len(_looks(talk)) == 3


def test_refused_look_is_none(talk: Program, client: Clients, sound: str) -> None:
    """Who got nothing has not looked; nor has who asked for the size alone."""
    client("carl").get(sound)
    client("bodil").head(sound)

    assert _looks(talk) == []


# --- names and types


@pytest.mark.parametrize(
    ("told", "given"),
    [
        ("audio/mpeg", "audio/mpeg"),
        ("Audio/X-WAV; codec=1", "audio/wav"),
        ("image/png", "image/png"),
        ("application/pdf", "application/pdf"),
        ("text/html", "application/octet-stream"),
        ("image/svg+xml", "application/octet-stream"),
        ("text/javascript", "application/octet-stream"),
        ("audio/wav\r\nx: y", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_media_type(told: str, given: str) -> None:
    """Only a few types are sent as they are called; nothing that can hold a script is."""
    assert media_type(told) == given


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Windows\\system.ini", "system.ini"),
        ('a"; filename="b.exe', "a_; filename=_b.exe"),
        ("x\r\nSet-Cookie: a=b", "xSet-Cookie_ a=b"),
        ("rapport\u202efdp.exe", "rapportfdp.exe"),
        ("...", "file"),
        ("", "file"),
        ("Årsopgørelse 2025.pdf", "Årsopgørelse 2025.pdf"),
        ("cpr010190-1234.pdf", "cpr010190-____.pdf"),
        ("0101901234_kontrakt.pdf", "010190_____kontrakt.pdf"),
        ("010190 1234.pdf", "010190 ____.pdf"),
    ],
)
def test_safe_name(name: str, safe: str) -> None:
    """Of a foreign name the last part is kept, without what a disk or a header would obey, and
    without the last four digits of a CPR number.
    """
    assert safe_name(name) == safe


@given(st.text(max_size=200), st.sampled_from(["audio/wav", "text/html", ""]))
def test_disposition_is_one_header(name: str, kind: str) -> None:
    """Whatever the name, the header is one line of ASCII with two names in it."""
    told = disposition(SimpleNamespace(name=name, content_type=kind))

    assert set(told) <= set(string.printable) - set("\r\n\t\x0b\x0c")
    assert told.count('"') == 2
    assert told.split(";")[0] == ("inline" if kind == "audio/wav" else "attachment")


@given(st.text(alphabet="bytes=-,0123456789 x", max_size=30), st.integers(0, 2000))
def test_ranges_are_within(header: str, size_bytes: int) -> None:
    """A range that is given out lies within the file, whatever was asked for."""
    try:
        span = asked_range(header, size_bytes)
    except Unsatisfiable:
        return

    if span is not None:
        assert 0 <= span[0] <= span[1] < size_bytes


@pytest.mark.parametrize("address", ["/items/abc", "/files/abc", "/files/abc/0", "/files/1/x"])
def test_no_such_address(client: Callable[..., Client], address: str) -> None:
    """What is no number is an address without a page, told in the reader's language."""
    answer = client("bodil").get(address)

    assert answer.status_code == 404
    assert "Der er ingen side på denne adresse." in answer.text


def test_no_such_address_of_the_api(client: Callable[..., Client]) -> None:
    """A program is told the same as problem+json."""
    answer = client("bodil").get("/api/v1/items/abc")

    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
