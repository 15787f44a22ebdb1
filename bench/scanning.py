"""How long it takes to look for case numbers in the benchmark's own messages."""

from __future__ import annotations

import itertools
import json
import time
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from bench import store
from bench.case_numbers import one_by_one
from bench.data import DataSet
from connector.linking.patterns import compile_patterns

_TABLE = Path(__file__).parents[1] / "mappings" / "case-numbers.toml"
ALL = "all patterns"


def scanning(source: DataSet, messages: int = 10_000, rounds: int = 5) -> dict[str, float]:
    """Microseconds of CPU a message, median of the rounds, of each way to look."""
    table = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    every, default = compile_patterns(table, list(table["pattern"])), compile_patterns(table)
    rows = itertools.islice(store.rows(source), messages)
    texts = [json.loads(row)["body"]["content"] for row in rows]
    return {
        ALL: _us(every.find, texts, rounds),
        "the default pattern": _us(default.find, texts, rounds),
        "all patterns, one after the other with `re`": _us(
            lambda text: one_by_one(every, text), texts[:2000], rounds
        ),
    }


def _us(find: Callable[[str], object], texts: Sequence[str], rounds: int) -> float:
    spent = []
    for _ in range(rounds):
        began = time.process_time()
        for text in texts:
            find(text)
        spent.append((time.process_time() - began) / len(texts) * 1e6)
    return median(spent)
