"""Case numbers: microseconds a message of 650 characters, against every pattern one by one.

Run: python bench/case_numbers.py [--json]. Both are measured in the same run on the same texts.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

from connector.linking.patterns import Scanner, compile_patterns

TABLE = Path(__file__).parents[1] / "mappings" / "case-numbers.toml"
WORDS = [
    "hej",
    "jeg",
    "har",
    "talt",
    "med",
    "borgeren",
    "om",
    "ansøgningen",
    "og",
    "hun",
    "vil",
    "gerne",
    "have",
    "svar",
    "inden",
    "fredag",
    "kan",
    "du",
    "se",
    "på",
    "bilaget",
    "som",
    "ligger",
    "på",
    "drevet",
    "vi",
    "mangler",
    "stadig",
    "lønsedler",
    "fra",
    "januar",
    "og",
    "en",
    "udtalelse",
    "fra",
    "lægen",
    "tak",
    "for",
    "hjælpen",
    "det",
    "haster",
    "ikke",
    "men",
    "sagen",
    "har",
    "ligget",
    "længe",
    "så",
    "vi",
    "bør",
    "ringe",
    "til",
    "hende",
    "i",
    "morgen",
    "formiddag",
]
DATED = ("mødet d. 12-11-2024 kl. 10:30-11:00", "brev af 24/12", "perioden 2023-2024", "3-4 uger")
NUMBERED = (
    "sagsnr. 27.45.04-P19-12-24",
    "jf. 27.45.04 – p19 – 7 – 2024",
    "sag GEO-2022-033830",
    "sag 24/12345",
    "F2 2024 - 1234",
    "S2022-12345",
)
OTHER = ("tlf. 20 12 34 56", "2.500 kr", "https://intranet.example/sider/2024-guide", "ca. 15 %")


def messages(count: int, seed: int = 1) -> list[str]:
    """Danish chat messages of about 650 characters; two in five hold a date or a case number."""
    rng = random.Random(seed)
    made = []
    for _ in range(count):
        words: list[str] = []
        size = 0
        while size < 640:
            words.append(rng.choice(WORDS))
            size += len(words[-1]) + 1
        for share, phrases in ((0.3, DATED), (0.2, NUMBERED), (0.5, OTHER)):
            if rng.random() < share:
                words[rng.randrange(len(words))] = rng.choice(phrases)
        made.append(" ".join(words)[:652])
    return made


def one_by_one(scanner: Scanner, text: str) -> int:
    """The plain way: each pattern over the whole text, nothing else."""
    return sum(1 for pattern in scanner.patterns for _ in pattern.regex.finditer(text))


def _median_us(work: Callable[[str], object], texts: list[str], rounds: int = 5) -> float:
    """Median over rounds of the mean processor time for a text, in microseconds."""
    spent = []
    for _ in range(rounds):
        start = time.process_time()
        for text in texts:
            work(text)
        spent.append((time.process_time() - start) / len(texts) * 1e6)
    return statistics.median(spent)


def measure(count: int = 4000) -> dict[str, float]:
    """Microseconds a message: all patterns, the default one, no digit at all, and one by one."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    every = compile_patterns(table, list(table["pattern"]))
    default = compile_patterns(table)
    texts = messages(count)
    wordy = ["".join(c for c in text if not c.isdigit()) for text in texts]
    return {
        "all patterns": _median_us(every.find, texts),
        "default pattern": _median_us(default.find, texts),
        "all patterns, no digit in the text": _median_us(every.find, wordy),
        "baseline: each pattern one by one": _median_us(lambda t: one_by_one(every, t), texts, 3),
        "hits a message": sum(len(every.find(text)) for text in texts) / len(texts),
    }


if __name__ == "__main__":
    figures = measure()
    if "--json" in sys.argv:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:<40} {value:8.2f}")
