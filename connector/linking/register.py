"""A case register in memory, small enough for a million cases and quick enough for every message.

Each case is a few bytes in a block, and each key eight bytes: a 32-bit hash of the key before the
number of the row, sorted, looked up by bisection. A hash is never trusted: the case's own keys
decide.
"""

from __future__ import annotations

import random
import zlib
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import islice
from operator import attrgetter
from typing import Any

import msgspec

from connector.linking.keys import (
    HIDDEN_DIGITS,
    MANY,
    keys_of,
    mail_key,
    masked_key,
    name_key,
    number_key,
    phone_key,
)
from connector.linking.patterns import Scanner, compile_patterns
from connector.model import Case, CaseParty
from connector.typed import packed_decoder

SAMPLE = 5000  # numbers that are looked at to tell which patterns a register uses
LEAST_SHARE = 0.01  # of them that a pattern must read

_BLOCK_ROWS = 4096
_STEP = 5000  # cases between two calls of `progress`
_RECENT = 8192  # cases kept decoded; a caller and a thread come again
_BUCKET_BITS = 10
_SHIFT = 32 - _BUCKET_BITS
_ROW = 0xFFFFFFFF  # the low half of an entry
_NUMBER = number_key("")
_number_of = attrgetter("number")
_OWN_NUMBER = ""  # in a row's keys: the key of the number as it is written


class _Row(msgspec.Struct, array_like=True, gc=False):
    """A case without what many cases share, which stands in a list once."""

    number: str
    title: str
    is_open: bool
    opened: int  # ordinal, 0 for none
    closed: int
    shared: tuple[int, ...]  # places of the values of `_shared`
    parties: tuple[tuple[str, str, str], ...]
    remote_id: str
    continues: tuple[str, ...]
    keys: tuple[str, ...]  # those that the parties do not tell


def _shared(case: Case) -> tuple[str, ...]:
    own = (case.caseworker, case.department, case.access, case.kle_subject, case.kle_facet)
    return (*own, *case.readers)


class _Rows:
    """Cases as bytes, in the order in which they were added, each with its keys."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._last = bytearray()
        self._ends = array("I")  # of each row, in its block
        self._places: dict[str, int] = {}
        self._values: list[str] = []
        self._encoder = msgspec.msgpack.Encoder()
        self._decode = packed_decoder(_Row).decode

    def __len__(self) -> int:
        return len(self._ends)

    def add(self, case: Case, keys: Iterable[str]) -> None:
        """One more row."""
        row = _Row(
            number=case.number,
            title=case.title,
            is_open=case.is_open,
            opened=case.opened.toordinal() if case.opened else 0,
            closed=case.closed.toordinal() if case.closed else 0,
            shared=tuple([self._place(value) for value in _shared(case)]),
            parties=tuple([(each.name, each.phone, each.mail) for each in case.parties]),
            remote_id=case.remote_id,
            continues=case.continues,
            keys=tuple(_untold(case, keys)),
        )
        self._encoder.encode_into(row, self._last, len(self._last))
        self._ends.append(len(self._last))
        if len(self._ends) % _BLOCK_ROWS == 0:
            self._blocks.append(bytes(self._last))
            self._last.clear()

    def _place(self, value: str) -> int:
        place = self._places.get(value)
        if place is None:
            place = self._places[value] = len(self._values)
            self._values.append(value)
        return place

    def get(self, number: int) -> tuple[Case, tuple[str, ...]]:
        """The case in this row, and those of its keys that its parties do not tell."""
        block, place = divmod(number, _BLOCK_ROWS)
        content = self._blocks[block] if block < len(self._blocks) else self._last
        start = self._ends[number - 1] if place else 0
        row = self._decode(content[start : self._ends[number]])
        shared = [self._values[place] for place in row.shared]
        caseworker, department, access, kle_subject, kle_facet, *readers = shared
        case = Case(
            number=row.number,
            title=row.title,
            is_open=row.is_open,
            opened=date.fromordinal(row.opened) if row.opened else None,
            closed=date.fromordinal(row.closed) if row.closed else None,
            caseworker=caseworker,
            department=department,
            access=access,
            readers=tuple(readers),
            kle_subject=kle_subject,
            kle_facet=kle_facet,
            parties=tuple([CaseParty(name=n, phone=p, mail=m) for n, p, m in row.parties]),
            remote_id=row.remote_id,
            continues=row.continues,
        )
        return case, tuple([key or number_key(row.number) for key in row.keys])


def _untold(case: Case, keys: Iterable[str]) -> Iterator[str]:
    told = set(_party_keys(case))
    own = number_key(case.number)
    for key in keys:
        if key not in told:
            yield _OWN_NUMBER if key == own else key


def _party_keys(case: Case) -> Iterator[str]:
    """What need not be kept, because the parties tell it; the dearest last.

    A key of `keys_of` that is not here is kept with its row, so the two need not agree.
    """
    for party in case.parties:
        if party.phone:
            yield phone_key(party.phone)
            yield masked_key(party.phone[:-HIDDEN_DIGITS])
        if party.mail:
            yield mail_key(party.mail)
    for party in case.parties:
        if party.name and (key := name_key(party.name)):
            yield key


def _hash(key: str) -> int:
    """32 bits, the same in every process."""
    return zlib.crc32(key.encode())


class MemoryRegister:
    """A register in memory; a `CaseFinder`. Safe to share between threads once it is made.

    `progress` is told now and then how many cases were read. `doubled` holds the numbers, in their
    canonical spelling, that more than one case has: `find` gives all of them. A million cases of
    one party take about 250 MB.
    """

    def __init__(
        self,
        cases: Iterable[Case],
        scanner: Scanner,
        progress: Callable[[int], object] | None = None,
        hash_of: Callable[[str], int] = _hash,
    ) -> None:
        self._hash_of = hash_of
        self._rows = _Rows()
        self._recent = lru_cache(_RECENT)(self._rows.get)
        self._buckets = [array("Q") for _ in range(1 << _BUCKET_BITS)]
        numbers = array("Q")
        for case in cases:
            numbers.append(self._add(case, keys_of(case, scanner)))
            if progress is not None and len(self._rows) % _STEP == 0:
                progress(len(self._rows))
        self.doubled = tuple(sorted(self._shared_numbers(sorted(numbers))))
        self._settle()
        if progress is not None:
            progress(len(self._rows))

    def __len__(self) -> int:
        return len(self._rows)

    def find(self, keys: Collection[str]) -> Mapping[str, Sequence[Case]]:
        """The cases of each key that has any: at most MANY of one key, in order of number."""
        found = {}
        for key in keys:
            hashed = self._hash_of(key)
            entries = self._buckets[hashed >> _SHIFT]
            place = bisect_left(entries, hashed << 32)
            cases = []
            while place < len(entries) and (entry := entries[place]) >> 32 == hashed:
                case, more = self._recent(entry & _ROW)
                if key in more or key in _party_keys(case):
                    cases.append(case)
                place += 1
            if cases:
                found[key] = sorted(cases, key=_number_of)[:MANY] if len(cases) > 1 else cases
        return found

    def _add(self, case: Case, keys: Sequence[str]) -> int:
        """One more case; gives the entry of its number."""
        row = len(self._rows)
        self._rows.add(case, keys)
        hash_of, buckets, number = self._hash_of, self._buckets, 0
        for key in keys:
            hashed = hash_of(key)
            entry = hashed << 32 | row
            buckets[hashed >> _SHIFT].append(entry)
            if key.startswith(_NUMBER):
                number = entry
        return number

    def _settle(self) -> None:
        """Sort every bucket, and keep of a key that very many cases share the first MANY."""
        for place, bucket in enumerate(self._buckets):
            entries = sorted(set(bucket))
            for hashed in _repeated(entries, MANY):
                low, high = _span(entries, hashed)
                kept = self._first_of_each(hashed, entries[low:high])
                entries[low:high] = [hashed << 32 | row for row in kept]
            self._buckets[place] = array("Q", entries)

    def _first_of_each(self, hashed: int, entries: Iterable[int]) -> list[int]:
        """The rows that a search for any key of this hash can give."""
        by_key: dict[str, list[tuple[str, int]]] = {}
        for row in (entry & _ROW for entry in entries):
            case, more = self._rows.get(row)
            for key in {*more, *_party_keys(case)}:
                if self._hash_of(key) == hashed:
                    by_key.setdefault(key, []).append((case.number, row))
        return sorted({row for found in by_key.values() for _, row in sorted(found)[:MANY]})

    def _shared_numbers(self, entries: Sequence[int]) -> set[str]:
        shared = set()
        for hashed in _repeated(entries, 1):
            low, high = _span(entries, hashed)
            rows = (self._rows.get(entry & _ROW) for entry in entries[low:high])
            keys = Counter(key for _, more in rows for key in more if key.startswith(_NUMBER))
            shared |= {key.removeprefix(_NUMBER) for key, count in keys.items() if count > 1}
        return shared


def _repeated(entries: Sequence[int], times: int) -> set[int]:
    """The hashes that stand more than `times` times in sorted entries."""
    later = islice(entries, times, None)
    return {low >> 32 for low, high in zip(entries, later, strict=False) if low >> 32 == high >> 32}


def _span(entries: Sequence[int], hashed: int) -> tuple[int, int]:
    return bisect_left(entries, hashed << 32), bisect_left(entries, (hashed + 1) << 32)


def patterns_for(numbers: Iterable[str], table: Mapping[str, Any]) -> list[str]:
    """The patterns of mappings/case-numbers.toml that read a register's own numbers whole.

    Each that reads at least one in a hundred of a sample spread over all numbers; with `kle` also
    `kle_nf`, because people leave the facet out. None when no pattern does. Raises ConfigError for
    a pattern that cannot be used.
    """
    sample = _sample(numbers)
    found = []
    for key in table.get("pattern", ()):
        scanner = compile_patterns(table, [key])
        read = sum(_reads(scanner, number) for number in sample)
        if read and read >= LEAST_SHARE * len(sample):
            found.append(key)
    if "kle" in found and "kle_nf" in table["pattern"] and "kle_nf" not in found:
        found.insert(found.index("kle") + 1, "kle_nf")
    return found


def _reads(scanner: Scanner, number: str) -> bool:
    return any(hit.raw.strip() == number.strip() for hit in scanner.find(number.strip()))


def _sample(numbers: Iterable[str]) -> list[str]:
    """SAMPLE of the numbers, each as likely as any other; the same ones each time."""
    rng = random.Random(0)
    sample: list[str] = []
    for count, number in enumerate(numbers):
        if count < SAMPLE:
            sample.append(number)
        elif (place := rng.randrange(count + 1)) < SAMPLE:
            sample[place] = number
    return sample
