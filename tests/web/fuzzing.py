"""Schemathesis against the API in the process: what it finds is what the API does not keep to.

By hand, for longer: .venv/bin/python -m tests.web.fuzzing SECONDS [SEED]
"""

from __future__ import annotations

import logging
import sys
import tempfile
import warnings
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import schemathesis
from fastapi import FastAPI
from schemathesis import engine
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events

from connector.bootstrap import Program
from connector.web.api.openapi import PATH
from connector.web.app import make_app
from tests.conftest import Clock
from tests.web import town
from tests.web.conftest import URL
from tests.web.test_bearer import AUDIENCE, Issuer

ACCEPTED = ("2xx", "3xx", 401, 403, 404)
REJECTED = (400, 401, 403, 406, 415, 422)
WHO = "bodil"
HOST = URL.removeprefix("http://")


def fuzzed_app(folder: Path, filled: Path) -> tuple[FastAPI, Program]:
    """A portal that takes the town's tokens and lets them ask as often as they like."""
    import shutil

    shutil.copy(filled, folder / "ledger.db")
    (folder / "journal").mkdir()
    (folder / "journal" / "cases.csv").write_text("number\n", encoding="utf-8")
    clock = Clock(datetime(2026, 11, 20, 12, tzinfo=UTC))
    program = Program(settings=town.settings(folder, URL), clock=clock)
    web = msgspec.structs.replace(
        program.settings.web, api_audience=AUDIENCE, searches_per_min=10_000,
        looks_per_min=100_000,
        sign_ins_per_min=10_000,
    )  # fmt: skip
    program.settings = msgspec.structs.replace(program.settings, web=web)
    return make_app(program, Issuer()), program  # type: ignore[arg-type]


def config(seconds: int, seed: int, examples: int) -> SchemathesisConfig:
    """Every phase and every check, the same each time."""
    return SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "max-time": seconds,
            "headers": {"Authorization": f"Bearer true-{WHO}", "Host": HOST},
            "checks": {
                # What may be refused although it is well formed: because of what stands now.
                "positive_data_acceptance": {"expected-statuses": [*ACCEPTED, 409, 412]},
                "missing_required_header": {"expected-statuses": [*REJECTED, 428]},
            },
            "operations": [
                # A cursor that is none of ours looks like one, to a description; and it cannot say
                # that one day must not be before another.
                {
                    "include-path": ["/api/v1/search", "/api/v1/cases/{number}/timeline"],
                    "checks": {
                        "positive_data_acceptance": {
                            "expected-statuses": [*ACCEPTED, 400, 409, 412]
                        },
                    },
                }
            ],
            "generation": {"max-examples": examples, "deterministic": True},
        }
    )


def failures(
    app: FastAPI, seconds: int, seed: int = 7, examples: int = 25
) -> tuple[list[str], int]:
    """What is wrong, each once, with how to see it again; and how many requests were sent."""
    its = config(seconds, seed, examples)
    schema = schemathesis.openapi.from_asgi(PATH, app, config=its, headers={"Host": HOST})
    found: dict[str, str] = {}
    count: Counter[str] = Counter()
    for event in engine.from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            count["requests"] += len(event.recorder.cases)
            if event.status is Status.FAILURE:
                for text in _told(event):
                    found.setdefault(text.split("\n")[0], text)
        elif isinstance(event, events.NonFatalError | events.FatalError):
            found.setdefault(repr(event), repr(event))
    return list(found.values()), count["requests"]


def _told(event: events.ScenarioFinished) -> list[str]:
    told = []
    for number, checks in event.recorder.checks.items():
        case = event.recorder.cases[number].value
        for each in checks:
            if each.failure_info is not None:
                failure = each.failure_info.failure
                label = f"{case.operation.label}: {failure.title}"
                told.append(f"{label}\n{failure.message}\n{case.as_curl_command()}")
    return told


def main(seconds: int, seed: int) -> Any:
    """Run by hand."""
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        filled = town.made(folder / "town")
        app, program = fuzzed_app(folder, filled)
        found, count = failures(app, seconds, seed, examples=1000)
        program.close()
    sys.stdout.write("\n\n".join(found) + f"\n{len(found)} failures, {count} requests\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 7))
