"""The API against its own description: whatever is sent, it keeps to what it says."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from tests.web.fuzzing import failures, fuzzed_app

SECONDS = 45


@pytest.fixture
def fuzzed(tmp_path: Path, filled: Path) -> Iterator[FastAPI]:
    app, program = fuzzed_app(tmp_path, filled)
    yield app
    program.close()


def test_keeps_to_its_description(fuzzed: FastAPI) -> None:
    """Made-up requests, right and wrong ones and chains of them, find no answer that is not
    described, no error of ours, nothing valid refused and nothing invalid taken.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of schemathesis, about its own use of others
        found, count = failures(fuzzed, SECONDS)

    assert found == []
    assert count > 200
