"""`casethread demo` as people start it: in a process of its own, in English."""

from __future__ import annotations

import os
import subprocess
import sys


def demo(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """What it printed, once it has ended with this code."""
    done = subprocess.run(
        [sys.executable, "-m", "connector.cli", "demo", *words],
        capture_output=True,
        env={**os.environ, "LC_ALL": "en_GB.UTF-8"},
        encoding="utf-8",
        timeout=240,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done
