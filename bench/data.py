"""Makes the data of the benchmark: a deterministic tenant of 420 users and their chats.

A data set is a folder: `rows.bin` (every message's JSON, user after user, oldest change first, a
comma after each), `times.bin` (when each was last changed, epoch ms), `offsets.bin` (where each row
begins; one more for the end), `meta.json` (users and where their rows are), `cases.csv`.
"""

from __future__ import annotations

import csv
import json
import random
import shutil
import uuid
from array import array
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from bench import text

SIZES = (20_160, 100_800, 1_008_000)
USERS = 420
CASES = 20_000
PAGE_ROWS = 50
NOW = datetime(2026, 11, 20, tzinfo=UTC)
"""The day the data was made for. Messages lie 28 to 3 days before it, so that a second sync, which
reads the last 24 hours again, finds nothing."""
_SPAN = (timedelta(days=28), timedelta(days=3))
_VERSION = 1  # raise it when the generator changes: cached data is then made again
_CHATS_A_USER = 8
_TENANT = str(uuid.uuid5(uuid.NAMESPACE_DNS, "tenant.example"))


class Feed(msgspec.Struct, frozen=True):
    """One user and where the user's messages are: rows first .. first + count - 1."""

    id: str
    name: str
    upn: str
    unit: str
    first: int
    count: int


class DataSet(msgspec.Struct, frozen=True):
    """A data set on disk."""

    folder: Path
    feeds: tuple[Feed, ...]
    messages: int
    with_case: int  # messages that hold a case number
    number_like: int  # messages with a date or span of years that looks like one

    @property
    def rows(self) -> Path:
        """Every message's JSON, a comma after each."""
        return self.folder / "rows.bin"

    @property
    def cases(self) -> Path:
        """The case register that belongs to the messages."""
        return self.folder / "cases.csv"

    def times(self) -> array[int]:
        """When each row was last changed, epoch milliseconds."""
        return _read_array("q", self.folder / "times.bin")

    def offsets(self) -> array[int]:
        """Where each row begins in `rows`, and the end."""
        return _read_array("Q", self.folder / "offsets.bin")


def case_numbers(count: int = CASES) -> list[str]:
    """`count` distinct case numbers in KLE style."""
    rng = random.Random("cases")
    found: dict[str, None] = {}
    while len(found) < count:
        subject = f"{rng.randint(0, 85):02}.{rng.randint(0, 45):02}.{rng.randint(0, 30):02}"
        facet = f"{rng.choice('AGKPØ')}{rng.randint(1, 29):02}"
        found[f"{subject}-{facet}-{rng.randint(1, 4000)}-{rng.randint(20, 26)}"] = None
    return list(found)


def data_set(
    cache: Path, messages: int, users: int = USERS, progress: Callable[[int], None] | None = None
) -> DataSet:
    """The data set of this size from the cache folder; made when it is not there.

    `progress` is called with the number of messages made since the last call. A data set appears
    only when it is whole: it is made beside its place and renamed.
    """
    folder = cache / f"data-v{_VERSION}-{users}x{messages}"
    if not (folder / "meta.json").exists():
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        _make(part, messages, users, progress)
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
    meta = json.loads((folder / "meta.json").read_text())
    return DataSet(
        folder=folder,
        feeds=tuple(Feed(**feed) for feed in meta["feeds"]),
        messages=meta["messages"],
        with_case=meta["with_case"],
        number_like=meta["number_like"],
    )


class Writer:
    """Writes messages as Graph v1.0 gives them; one for each user, with chance of its own."""

    def __init__(self, user_no: int, feed_id: str, name: str) -> None:
        self._rng = random.Random(f"user/{user_no}")
        self._plain = _pool("plain")
        self._like = _pool("like")
        self._cases = _pool("cases")
        self._people = [_person(feed_id, name)]
        self._chats = []
        for number in range(_CHATS_A_USER):
            other = str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
            self._people.append(_person(other, text.names(1, f"{user_no}/{number}")[0]))
            self._chats.append(f"19:{feed_id}_{other}@unq.gbl.spaces")
        self.with_case = 0
        self.number_like = 0

    def row(self, created_ms: int, modified_ms: int) -> bytes:
        """The JSON of one message: about 1,600 bytes, 650 characters of it text."""
        rng = self._rng
        chat = int(rng.random() * _CHATS_A_USER)
        who = self._people[0 if rng.random() < 0.5 else chat + 1]
        content = self._content()
        if rng.random() < 0.7:
            kind, content = "html", "<p>" + content.replace("\\n", "</p>\\n<p>") + "</p>"
        else:
            kind = "text"
        created, modified = _iso(created_ms), _iso(modified_ms)
        edited = f'"{modified}"' if modified_ms != created_ms else "null"
        chat_id = self._chats[chat]
        return (
            f'{{"@odata.type":"#microsoft.graph.chatMessage","id":"{created_ms}","replyToId":null,'
            f'"etag":"{modified_ms}","messageType":"message","createdDateTime":"{created}",'
            f'"lastModifiedDateTime":"{modified}","lastEditedDateTime":{edited},'
            f'"deletedDateTime":null,"subject":null,"summary":null,"chatId":"{chat_id}",'
            f'"importance":"normal","locale":"da-dk","webUrl":null,"channelIdentity":null,'
            f'"policyViolation":null,"eventDetail":null,"from":{who},'
            f'"body":{{"contentType":"{kind}","content":"{content}"}},'
            f'"attachments":[],"mentions":[],"reactions":[]}}'
        ).encode()

    def _content(self) -> str:
        """About 650 characters, escaped for JSON; 2 % with a case number, 40 % number-like."""
        rng = self._rng
        plain = self._plain
        words: list[str] = []
        length, wanted = 0, 420 + int(rng.random() * 380)
        while length < wanted:
            words.append(plain[int(rng.random() * len(plain))])
            length += len(words[-1]) + 1
        if rng.random() < 0.4:
            self.number_like += 1
            words.insert(len(words) // 2, self._like[int(rng.random() * len(self._like))])
        if rng.random() < 0.02:
            self.with_case += 1
            number = self._cases[int(rng.random() * len(self._cases))]
            words.insert(1, f"Det drejer sig om sag {_as_people_write(number, rng.random())}.")
        half = len(words) // 2
        return " ".join(words[:half]) + "\\n" + " ".join(words[half:])


def _as_people_write(number: str, chance: float) -> str:
    if chance < 0.8:
        return number
    if chance < 0.9:
        return number.replace("-", " - ")
    return number.lower() if chance < 0.95 else number.replace("-", "–")


def _make(folder: Path, messages: int, users: int, progress: Callable[[int], None] | None) -> None:
    times, offsets = array("q"), array("Q", [0])
    feeds, with_case, number_like = [], 0, 0
    with (folder / "rows.bin").open("wb", buffering=1 << 20) as out:
        for user_no, (feed, count) in enumerate(_users(messages, users)):
            writer = Writer(user_no, feed["id"], feed["name"])
            feeds.append({**feed, "first": len(times), "count": count})
            for created_ms, modified_ms in _times(user_no, count):
                row = writer.row(created_ms, modified_ms)
                out.write(row + b",")
                times.append(modified_ms)
                offsets.append(offsets[-1] + len(row) + 1)
            with_case += writer.with_case
            number_like += writer.number_like
            if progress is not None:
                progress(count)
    for name, values in (("times.bin", times), ("offsets.bin", offsets)):
        (folder / name).write_bytes(values.tobytes())
    _write_cases(folder / "cases.csv")
    meta = {
        "feeds": feeds,
        "messages": len(times),
        "with_case": with_case,
        "number_like": number_like,
    }
    (folder / "meta.json").write_text(json.dumps(meta))


def _users(messages: int, users: int) -> Iterator[tuple[dict[str, Any], int]]:
    """Each user with the number of messages; the first users take what does not divide evenly."""
    each, rest = divmod(messages, users)
    for number, name in enumerate(text.names(users, "staff")):
        user = {
            "id": str(uuid.uuid5(uuid.NAMESPACE_DNS, f"user{number}.example")),
            "name": name,
            "upn": f"medarbejder{number:03}@kommune.example",
            "unit": text.UNITS[number % len(text.UNITS)],
        }
        yield user, each + (number < rest)


def _times(user_no: int, count: int) -> list[tuple[int, int]]:
    """(created, last changed) in epoch ms, in the order of the last change; created is unique."""
    rng = random.Random(f"times/{user_no}")
    start = int((NOW - _SPAN[0]).timestamp() * 1000)
    end = int((NOW - _SPAN[1]).timestamp() * 1000)
    created = rng.sample(range(start, end - 600_000), count)
    pairs = [
        (moment, moment + int(rng.random() * 600_000) if rng.random() < 0.03 else moment)
        for moment in created
    ]
    return sorted(pairs, key=lambda pair: (pair[1], pair[0]))


_pools: dict[str, list[str]] = {}


def _pool(name: str) -> list[str]:
    """Sentences and numbers to choose from; made once."""
    if not _pools:
        _pools["plain"] = text.sentences(4000, "chat")
        _pools["like"] = text.number_like(1500, "chat")
        _pools["cases"] = case_numbers()
    return _pools[name]


def _person(person_id: str, name: str) -> str:
    return (
        f'{{"application":null,"device":null,"user":{{"@odata.type":'
        f'"#microsoft.graph.teamworkUserIdentity","id":"{person_id}","displayName":"{name}",'
        f'"userIdentityType":"aadUser","tenantId":"{_TENANT}"}}}}'
    )


_day_text: dict[int, str] = {}


def _iso(epoch_ms: int) -> str:
    """ "2026-11-02T09:10:11.123Z"; the day's part is kept, because formatting dates is slow."""
    days, rest = divmod(epoch_ms, 86_400_000)
    day = _day_text.get(days)
    if day is None:
        day = datetime.fromtimestamp(days * 86_400, UTC).strftime("%Y-%m-%dT")
        _day_text[days] = day
    seconds, ms = divmod(rest, 1000)
    minutes, s = divmod(seconds, 60)
    h, m = divmod(minutes, 60)
    return f"{day}{h:02}:{m:02}:{s:02}.{ms:03}Z"


def _write_cases(path: Path) -> None:
    """A register in the columns of the folder journal; one case in ten is closed."""
    columns = "number,title,status,opened,closed,caseworker_upn,department,party_name,party_phone"
    rng = random.Random("register")
    people = text.names(CASES, "parties")
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow([*columns.split(","), "party_email", "kle_subject", "kle_facet", "access"])
        for place, number in enumerate(case_numbers()):
            subject, facet = number.split("-")[:2]
            unit = text.UNITS[place % len(text.UNITS)]
            closed = rng.random() < 0.1
            out.writerow(
                [number, f"Sag om {unit.lower()} nr. {place + 1}", "closed" if closed else "open",
                 f"2025-{rng.randint(1, 12):02}-15", "2026-09-30" if closed else "",
                 f"medarbejder{place % USERS:03}@kommune.example", unit, people[place], "", "",
                 subject, facet, ""]
            )  # fmt: skip


def _read_array(kind: str, path: Path) -> array[int]:
    values: array[int] = array(kind)
    values.frombytes(path.read_bytes())
    return values
