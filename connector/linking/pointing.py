"""A case and the evidence that points to it, and how such pairs are told apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from connector.linking.keys import MANY, name_key, number_key, short_key
from connector.linking.patterns import Hit
from connector.linking.remarks import Remark
from connector.linking.subject import Naming
from connector.model import Case, Evidence


class Pointed(NamedTuple):
    """A case the register knows, and the evidence that points to it."""

    case: Case
    evidence: Evidence


def is_shared(pointed: Sequence[Pointed]) -> bool:
    """Whether so many cases have it that the register did not give all of them."""
    return len(pointed) >= MANY


def party_names(case: Case) -> set[str]:
    return {name_key(party.name) for party in case.parties}


def once(pointed: Iterable[Pointed]) -> list[Pointed]:
    """The first evidence for each case. Two cases of one number are two."""
    first: dict[Case, Pointed] = {}
    pointed = list(pointed)
    if len(pointed) < 2:
        return pointed
    for each in pointed:
        first.setdefault(each.case, each)
    return list(first.values())


def keys_of_hit(hit: Hit) -> list[str]:
    """What to ask the register about a proposed number."""
    keys = [number_key(number) for number in hit.numbers]
    if hit.short and hit.short == hit.number:
        keys.append(short_key(hit.short))
    return keys


def number_evidence(case: Case, naming: Naming, is_open: bool) -> Evidence:
    notes = [
        "" if is_open else "case not open that day",
        "" if naming.remark is Remark.NONE else naming.remark.value,
        "spoken" if naming.is_spoken else "",
        "letters read as digits" if naming.is_mended else "",
    ]
    return Evidence(
        rule="number",
        case_number=case.number,
        where=naming.where,
        found=naming.hit.raw,
        note=", ".join(note for note in notes if note),
    )
