"""Runs a command and tells what it cost: CPU of it and its children, wall time, peak memory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import msgspec

_SAMPLE_S = 0.05
_KILL_POLL_S = 0.004


class Cost(msgspec.Struct, frozen=True):
    """What one run of a command cost."""

    exit_code: int  # negative: the signal that ended it
    wall_s: float
    cpu_s: float  # user and system time of the command and all it waited for, start included
    peak_mb: float  # of the process tree


def run(
    command: Sequence[str],
    *,
    folder: Path,
    log: Path,
    env: Mapping[str, str],
    kill_when: Callable[[], bool] | None = None,
) -> Cost:
    """Runs the command in `folder`, its output in `log`; SIGKILL to all of it when `kill_when`.

    CPU comes from wait4, so nothing is missed. Memory is sampled from /proc, because ru_maxrss of
    a child begins with the size of the parent that started it.
    """
    ended = threading.Event()
    peak = [0.0]
    with log.open("ab") as out:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
        watchers = [threading.Thread(target=_sample, args=(process.pid, peak, ended))]
        if kill_when is not None:
            watchers.append(threading.Thread(target=_kill, args=(process.pid, kill_when, ended)))
        for watcher in watchers:
            watcher.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - began
    ended.set()
    for watcher in watchers:
        watcher.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(process.returncode, wall_s, usage.ru_utime + usage.ru_stime, peak[0])


def _sample(pid: int, peak: list[float], ended: threading.Event) -> None:
    while not ended.is_set():
        alone = _memory_mb(pid, "VmHWM")
        children = _children(pid)
        together = sum(_memory_mb(each, "VmRSS") for each in (pid, *children)) if children else 0.0
        peak[0] = max(peak[0], alone, together)
        ended.wait(_SAMPLE_S)


def _kill(pid: int, when: Callable[[], bool], ended: threading.Event) -> None:
    while not ended.wait(_KILL_POLL_S):
        if when():
            if not ended.is_set():
                os.killpg(pid, signal.SIGKILL)
            return


def _memory_mb(pid: int, field: str) -> float:
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(field):
                return int(line.split()[1]) / 1024
    except OSError:
        return 0.0  # it has just ended
    return 0.0


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *_children(int(child))]
    except OSError:
        return found
    return found


class Server:
    """The benchmark's server in a process of its own."""

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}/v1.0"
        self._root = f"http://127.0.0.1:{port}"
        self._opener = build_opener(ProxyHandler({}))

    def stats(self) -> dict[str, int]:
        """What was asked for since the last reset."""
        return self._get("/stats")

    def control(self, **settings: int) -> None:
        """reset, delay_ms, fresh_users, fresh_each."""
        self._get("/control?" + "&".join(f"{name}={value}" for name, value in settings.items()))

    def _get(self, path: str) -> dict[str, int]:
        with self._opener.open(self._root + path, timeout=30) as answer:
            told: dict[str, int] = json.loads(answer.read())
        return told


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """A server of this data set; ended when the block is left."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.server", "--data", str(folder)],
        cwd=Path(__file__).resolve().parents[1],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        yield Server(json.loads(process.stdout.readline())["port"])
    finally:
        process.terminate()
        process.wait(timeout=30)
        if process.stdout is not None:
            process.stdout.close()
