"""Who is measured: the plain script, the same with threads, and the program."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from bench import data, store

ROOT = Path(__file__).resolve().parents[1]
PLAIN = "plain script"
THREADS = "plain script, 8 threads"
PROGRAM = "casethread"
_TOKEN = {"CASETHREAD_TOKEN": "bench"}

_CONFIG = """\
# Made by the benchmark.
language = "en"

[ledger]
url = "sqlite:///casethread.db"

[graph]
auth = "static"
base_url = {base}

[graph.rates]
directory = 0
chats = 0

[sources.directory]
enabled = true

[sources.chats]
enabled = true
initial_days = {days}

{others}
[register]
kind = "folder"
path = "journal"

[sinks.journal]
kind = "folder"
path = "journal"
"""
_OTHERS = ("channels", "call_records", "pstn", "direct_routing", "voicemail", "presence")


class Peer(msgspec.Struct, frozen=True):
    """A command that reads all chats into a store of its own."""

    name: str
    prepare: Callable[[Path, str, data.DataSet, Mapping[str, str]], None]  # not measured
    command: Callable[[Path, str], list[str]]
    check: Callable[[Path, data.DataSet, int], store.Check]


def _script(name: str, threads: int) -> Peer:
    def command(folder: Path, base: str) -> list[str]:
        place = ["--base", base, "--db", str(folder / "plain.db"), "--threads", str(threads)]
        return [sys.executable, str(ROOT / "bench" / "reference.py"), *place]

    def check(folder: Path, source: data.DataSet, fresh: int) -> store.Check:
        return store.check_reference(folder / "plain.db", source, fresh)

    return Peer(name, lambda *_: None, command, check)


def write_config(folder: Path, base: str) -> Path:
    """A configuration that reads the directory and chats of the benchmark's server, no more."""
    # From before the oldest message, whatever today is.
    days = (datetime.now(UTC) - data.NOW + timedelta(days=30)).days
    config = folder / "casethread.toml"
    others = "".join(f"[sources.{name}]\nenabled = false\n\n" for name in _OTHERS)
    config.write_text(_CONFIG.format(base=json.dumps(base), days=days, others=others))
    return config


def _casethread(*words: str) -> list[str]:
    return [str(Path(sys.executable).parent / "casethread"), *words]


def _prepare(folder: Path, base: str, source: data.DataSet, env: Mapping[str, str]) -> None:
    """Configuration and register; the cases are in the ledger before the chats are read.

    Raises RuntimeError with the program's own words when it cannot.
    """
    write_config(folder, base)
    (folder / "journal").mkdir()
    shutil.copy(source.cases, folder / "journal" / "cases.csv")
    done = subprocess.run(
        _casethread("sync", "register"),
        cwd=folder,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(
            f"casethread sync register: exit {done.returncode}\n{done.stdout}{done.stderr}"
        )


def environment(cache: Path) -> dict[str, str]:
    """The same for everybody: compiled modules are kept, as they are in an installed program."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CASETHREAD")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return {**kept, **_TOKEN, "PYTHONPYCACHEPREFIX": str(cache / "pycache")}


def _check_ledger(folder: Path, source: data.DataSet, fresh: int) -> store.Check:
    return store.check_ledger(folder / "casethread.db", source, fresh)


def peers() -> list[Peer]:
    """In the order in which they run within a round."""
    program = Peer(
        PROGRAM,
        _prepare,
        lambda _folder, _base: _casethread("sync", "directory", "chats", "--once"),
        _check_ledger,
    )
    return [_script(PLAIN, 1), _script(THREADS, 8), program]


def names() -> list[str]:
    """The names of all peers."""
    return [PLAIN, THREADS, PROGRAM]
