"""JSON is read into types from many threads at once, and no thread finds a type half made."""

from __future__ import annotations

import ast
import subprocess
import sys
import threading
from pathlib import Path

import msgspec
import pytest

import connector
from connector import typed

PACKAGE = Path(connector.__file__).parent

# What msgspec works out on first use is looked at by twelve threads at once, which change places
# as often as Python lets them.
HURRY = """
import sys, threading
sys.setswitchinterval(1e-6)
from connector.http import Answer
from connector.sources.teams import calls

RECORD = b'{"id": "x", "version": 1, "startDateTime": "2026-01-01T00:00:00Z"}'
start = threading.Barrier(12)

def read():
    start.wait()
    calls.parse_heads("calls", Answer(200, b'{"value": [' + RECORD + b"]}", {}))
    calls.parse_record(Answer(200, RECORD, {}))

threads = [threading.Thread(target=read) for _ in range(12)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


class Thing(msgspec.Struct):
    name: str = ""


class Slow:
    """A decoder that takes its time to be made, and tells how many were made at once."""

    now = most = made = 0

    def __init__(self, kind: type[object]) -> None:
        Slow.now += 1
        Slow.made += 1
        Slow.most = max(Slow.most, Slow.now)
        threading.Event().wait(0.01)
        Slow.now -= 1
        self.kind = kind


def test_one_decoder_is_made_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight threads that ask for two types make two decoders, one after the other."""
    monkeypatch.setattr(typed, "_made", {})
    monkeypatch.setattr(msgspec.json, "Decoder", Slow)
    start = threading.Barrier(8)
    found: list[object] = []

    def ask(kind: type[object]) -> None:
        start.wait()
        found.append(typed.decoder(kind))

    threads = [threading.Thread(target=ask, args=(kind,)) for kind in (Thing, dict) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (Slow.made, Slow.most) == (2, 1)
    assert len(found) == 8
    assert len(set(map(id, found))) == 2


def test_read_json_says_what_does_not_fit() -> None:
    """A member of another type is msgspec's ValidationError, as everywhere."""
    assert typed.read_json('{"name": "a"}', Thing) == Thing("a")
    assert typed.convert({"name": "a"}, Thing) == Thing("a")
    with pytest.raises(msgspec.ValidationError, match="name"):
        typed.read_json(b'{"name": 1}', Thing)
    with pytest.raises(msgspec.ValidationError, match="name"):
        typed.convert({"name": 1}, Thing)


def test_twelve_threads_read_a_call_record_at_once() -> None:
    """A fresh process whose threads all read their first record at once lives."""
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", HURRY], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()


def _untyped(tree: ast.AST) -> list[int]:
    """The lines where msgspec itself is asked to read into a type."""
    lines = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        said = ast.unparse(node.func)
        named = {word.arg for word in node.keywords}
        if said in ("msgspec.json.Decoder", "msgspec.msgpack.Decoder", "msgspec.convert") or (
            said in ("msgspec.json.decode", "msgspec.msgpack.decode") and "type" in named
        ):
            lines.append(node.lineno)
    return lines


def test_nobody_reads_into_a_type_past_it() -> None:
    """Outside of typed.py msgspec only reads into plain values (the sandbox is another program).

    A migration and evaluation_input run before any thread does, or in none.
    """
    allowed = {"typed.py", "evaluation_input.py"}
    found = {
        f"{path.relative_to(PACKAGE)}:{line}"
        for path in PACKAGE.rglob("*.py")
        if path.name not in allowed and not {"sandbox", "migrations"} & set(path.parts)
        for line in _untyped(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert not found
    assert _untyped(ast.parse("msgspec.json.decode(x, type=Y)")) == [1]
