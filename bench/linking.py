"""The linker over a stream of communications, and the register that it asks, in their own process.

Run: python -m bench.linking [--cases 200000] [--messages 40000]. Prints JSON. What it is compared
with, in the same run on the same texts: looking for case numbers alone.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median

from bench import text
from connector.linking.communication import Communication, Participant, Shape
from connector.linking.patterns import Scanner, compile_patterns
from connector.linking.register import MemoryRegister
from connector.model import Case, CaseParty

ROOT = Path(__file__).resolve().parents[1]
PATTERNS = ("kle", "kle_nf")
CASES, MANY_CASES, MESSAGES, ROUNDS = 200_000, 1_000_000, 40_000, 5
RATE = "messages a second through the linker"
SHORT_RATE = "chat messages of about 100 characters a second through the linker"
SCAN_RATE = "the same, looking for case numbers alone"
LOAD = "seconds to load {:,} cases"
PEAK = "peak MB of a process with {:,} cases"

# Of a hundred communications of a municipality; the others are chat messages in threads of five.
_SHARES = {Shape.CALL: 8, Shape.MISSED_CALL: 3, Shape.VOICEMAIL: 3, Shape.MEETING: 1}
_THREAD = 5
_NUMBERED = 0.05  # of the chat messages
_STAFF = 3000
_SUBJECTS = ("27.45.04", "32.03.12", "15.20.00", "02.34.02", "28.09.02", "05.01.08", "07.18.02")
_TITLES = (
    "Boligstøtte ved flytning til ny adresse", "Byggetilladelse til carport og redskabsskur",
    "Sygedagpenge, opfølgning og afklaring", "Klage over afgørelse om hjemmehjælp",
    "Skolestart, udsættelse efter forældrenes ønske", "Støj fra ventilation på naboejendom",
    "Enkeltydelse til tandbehandling", "Affaldsgebyr, klage over opkrævning",
)  # fmt: skip
_BEGINNINGS = (
    "Askov", "Birke", "Dam", "Elle", "Fugl", "Grøn", "Hassel", "Hede", "Høj", "Kær", "Linde",
    "Lund", "Mose", "Nør", "Rav", "Skov", "Sten", "Sønder", "Vester", "Ørne",
)  # fmt: skip
_ENDINGS = ("bæk", "borg", "dal", "gaard", "holm", "høj", "lev", "lund", "mark", "skov", "strup")


def cases(count: int) -> Iterator[Case]:
    """A register: titles of 40 characters, one party each with name, telephone and mail."""
    rng = random.Random("cases")
    for place in range(count):
        subject, facet = rng.choice(_SUBJECTS), rng.choice(("P19", "G01", "K08", "A26"))
        name = _name(rng)
        opened = date(2022, 1, 1) + timedelta(days=rng.randrange(1700))
        closed = opened + timedelta(days=200) if rng.random() < 0.4 else None
        yield Case(
            number=f"{subject}-{facet}-{place + 1}-{opened:%y}",
            title=f"{rng.choice(_TITLES)}, {rng.choice(text.UNITS).lower()}"[:40],
            is_open=closed is None,
            opened=opened,
            closed=closed,
            caseworker=f"medarbejder{rng.randrange(_STAFF):04}@kommune.example",
            department=rng.choice(text.UNITS),
            parties=(
                CaseParty(
                    name=name,
                    phone=f"+45{rng.randrange(20_000_000, 100_000_000)}",
                    mail=f"{name.lower().replace(' ', '.')}{place % 997}@post.example",
                ),
            ),
            kle_subject=subject,
            kle_facet=facet,
        )


def _name(rng: random.Random) -> str:
    last = rng.choice(text.LAST_NAMES)
    if rng.random() < 0.8:
        last = rng.choice(_BEGINNINGS) + rng.choice(_ENDINGS)
    return f"{rng.choice(text.FIRST_NAMES)} {last}"


LONG, SHORT = (420, 800), (40, 130)  # characters; chats that people label average about 100


def communications(
    count: int, known: list[Case], lengths: tuple[int, int] = LONG, *, only_chat: bool = False
) -> list[Communication]:
    """In order of time: mostly chat of these lengths, with calls and voicemails between."""
    rng = random.Random("communications")
    plain, like = text.sentences(4000, "linking"), text.number_like(1500, "linking")
    kinds = [kind for kind, share in _SHARES.items() for _ in range(share)]
    kinds = [Shape.CHAT] if only_chat else kinds + [Shape.CHAT] * (100 - len(kinds))
    at = datetime(2026, 11, 16, 7, tzinfo=UTC)
    made = []
    chats = 0
    for number in range(count):
        at += timedelta(seconds=rng.random() * 2)
        kind, case = rng.choice(kinds), rng.choice(known)
        if kind in (Shape.CHAT, Shape.MEETING):
            chats += kind is Shape.CHAT
            # Some threads go on side by side.
            thread = f"19:{chats // (_THREAD * 20)}-{rng.randrange(20)}@thread.v2"
            words = _words(rng, plain, like, lengths)
            made.append(_chat(rng, str(number), kind, at, case, thread, words))
        else:
            made.append(_call(rng, str(number), kind, at, case, plain))
    return made


def _words(
    rng: random.Random, plain: list[str], like: list[str], lengths: tuple[int, int]
) -> list[str]:
    words: list[str] = []
    length, wanted = 0, rng.uniform(*lengths)
    while length < wanted:
        words.append(rng.choice(plain))
        length += len(words[-1]) + 1
    # As many numbers that are no case numbers for each character, whatever the length.
    if rng.random() < 0.4 * min(1, wanted / 420):
        words.insert(len(words) // 2, rng.choice(like))
    return words


def _chat(
    rng: random.Random,
    key: str,
    kind: Shape,
    at: datetime,
    case: Case,
    thread: str,
    words: list[str],
) -> Communication:
    if kind is Shape.CHAT and rng.random() < _NUMBERED:
        words.insert(1, f"Det drejer sig om sag {case.number}.")
    other = f"medarbejder{rng.randrange(_STAFF):04}@kommune.example"
    return Communication(
        id=key,
        kind=kind,
        started=at,
        direction="internal",
        participants=(
            Participant(role="from", upn=case.caseworker),
            Participant(role="to", upn=other),
        ),
        subject="Teammøde" if kind is Shape.MEETING else "",
        text=" ".join(words),
        thread_id=thread,
    )


def _call(
    rng: random.Random, key: str, kind: Shape, at: datetime, case: Case, plain: list[str]
) -> Communication:
    phone = case.parties[0].phone
    if rng.random() < 0.4:
        phone = f"+45{rng.randrange(20_000_000, 100_000_000)}"  # of nobody in the register
    is_masked = rng.random() < 0.5
    worker = case.caseworker
    if rng.random() < 0.3:
        worker = f"medarbejder{rng.randrange(_STAFF):04}@kommune.example"
    spoken = " ".join(rng.choice(plain) for _ in range(4)) if kind is Shape.VOICEMAIL else ""
    return Communication(
        id=key,
        kind=kind,
        started=at,
        direction="inbound",
        participants=(
            Participant(role="from", phone=phone[:-3] + "***" if is_masked else phone),
            Participant(role="to", upn=worker),
        ),
        text=spoken,
    )


def _table(name: str) -> dict[str, object]:
    return tomllib.loads((ROOT / "mappings" / name).read_text(encoding="utf-8"))


def measure(case_count: int, message_count: int) -> dict[str, float]:
    """What one process costs that loads so many cases and links so many communications."""
    gc.freeze()
    scanner = compile_patterns(_table("case-numbers.toml"), PATTERNS)
    began = time.process_time()
    for _ in cases(case_count):
        pass
    making_s = time.process_time() - began
    began = time.process_time()
    register = MemoryRegister(cases(case_count), scanner)
    found = {LOAD.format(case_count): max(0.0, time.process_time() - began - making_s)}
    if message_count:
        step = max(1, case_count // 5000)
        known = [case for place, case in enumerate(cases(case_count)) if place % step == 0]
        found |= _rates(register, scanner, communications(message_count, known))
        short = communications(message_count, known, SHORT, only_chat=True)
        found[SHORT_RATE] = _rates(register, scanner, short)[RATE]
    else:
        found[PEAK.format(case_count)] = _peak_mb()
    return found


def _rates(
    register: MemoryRegister, scanner: Scanner, its: list[Communication]
) -> dict[str, float]:
    """Medians of the rounds; both ways take turns, for a shared machine's speed changes."""
    from connector.linking.linker import make_linker
    from connector.linking.stream import Stream

    linker = make_linker(_table("case-numbers.toml"), _table("subjects.toml"), PATTERNS)
    gc.collect()
    gc.freeze()
    linked, scanned = [], []
    for _ in range(ROUNDS):
        take = Stream(linker, register).take
        began = time.process_time()
        for one in its:
            take(one)
        between = time.process_time()
        for one in its:
            scanner.find(one.text)
        linked.append(between - began)
        scanned.append(time.process_time() - between)
    return {RATE: len(its) / median(linked), SCAN_RATE: len(its) / median(scanned)}


def _peak_mb() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


def linking(case_count: int = CASES, many_cases: int = MANY_CASES) -> dict[str, float]:
    """Each in a process of its own. Raises RuntimeError when one fails."""
    found: dict[str, float] = {}
    for count, messages in ((case_count, MESSAGES), (many_cases, 0)):
        if count:
            found |= _in_process(count, messages)
    return found


def _in_process(case_count: int, message_count: int) -> dict[str, float]:
    words = ["--cases", str(case_count), "--messages", str(message_count)]
    ended = subprocess.run(
        [sys.executable, "-m", "bench.linking", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise RuntimeError("\n".join(["bench.linking:", *ended.stderr.splitlines()[-5:]]))
    figures: dict[str, float] = json.loads(ended.stdout)
    return figures


def main() -> None:
    """Print the figures of one process as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.linking", description=__doc__)
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--messages", type=int, default=MESSAGES)
    given = parser.parse_args()
    print(json.dumps(measure(given.cases, given.messages)))


if __name__ == "__main__":
    main()
