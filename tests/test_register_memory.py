"""The register in memory: it finds what a plain search finds, and nothing else."""

from __future__ import annotations

import random
import tomllib
import zlib
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import linking
from connector.defaults import defaults_dir
from connector.linking.communication import Shape
from connector.linking.keys import MANY, keys_of, name_key, number_key, phone_key
from connector.linking.patterns import Scanner, compile_patterns
from connector.linking.register import SAMPLE, MemoryRegister, patterns_for
from connector.model import Case, CaseParty

TABLE = tomllib.loads((defaults_dir() / "mappings" / "case-numbers.toml").read_text("utf-8"))
KLE = compile_patterns(TABLE, ["kle", "kle_nf"])


def plain_find(cases: Iterable[Case], keys: Iterable[str], scanner: Scanner) -> dict[str, Any]:
    """What must be found, the slow way."""
    known = [(case, keys_of(case, scanner)) for case in cases]
    found = {key: [case for case, its in known if key in its] for key in keys}
    return {
        key: sorted(some, key=lambda case: case.number)[:MANY]
        for key, some in found.items()
        if some
    }


numbers = st.builds(
    "{:02}.{:02}.04-{}-{}-{}".format,
    st.integers(1, 3),
    st.integers(0, 2),
    st.sampled_from(["P19", "g01", "K"]),
    st.integers(1, 4),
    st.sampled_from([24, 2024, 1999]),
)
parties = st.builds(
    CaseParty,
    name=st.sampled_from(["", "Bo", "Åse Ørbæk", "Aase Kjær Oerbaek", "Tove Lyngby"]),
    phone=st.sampled_from(["", "+4520000001", "+4520000002", "+4532100001"]),
    mail=st.sampled_from(["", "Tove@post.example", "tove@post.example"]),
)
cases = st.builds(
    Case,
    number=numbers,
    title=st.sampled_from(["", "Flytning", "Fortsættelse af 01.00.04-P19-1-24"]),
    parties=st.lists(parties, max_size=3).map(tuple),
    continues=st.sampled_from([(), ("02.01.04-P19-2-24",)]),
)


@pytest.mark.parametrize(
    "hash_of",
    [lambda key: zlib.crc32(key.encode()), lambda key: len(key) & 1, lambda key: 2**32 - 1],
    ids=["as it is", "two hashes", "one hash"],
)
@given(made=st.lists(cases, max_size=12))
def test_finds_what_a_plain_search_finds(hash_of: Callable[[str], int], made: list[Case]) -> None:
    """Every key of every case finds its cases and no other, even when all hashes collide."""
    register = MemoryRegister(made, KLE, hash_of=hash_of)
    keys = {key for case in made for key in keys_of(case, KLE)}
    keys |= {number_key(case.number) for case in made}
    strangers = [key + "0" for key in keys] + [key[:-1] for key in keys] + ["", "t:", "p:"]

    assert plain_find(made, [*keys, *strangers], KLE) == register.find([*keys, *strangers])


def test_gives_the_whole_case() -> None:
    """Nothing that a case can hold is lost."""
    case = Case(
        number="27.45.04-p19-12-2024",
        title="Boligstøtte ved flytning",
        is_open=False,
        opened=date(2024, 2, 29),
        closed=date(2026, 11, 20),
        caseworker="vita@kommune.example",
        department="Ydelseskontor",
        parties=(CaseParty(name="Åse Ørbæk", phone="+4520000001", mail="Aase@post.example"),),
        access="restricted",
        readers=("vita@kommune.example", "Borgercenter"),
        kle_subject="27.45.04",
        kle_facet="P19",
        remote_id="4711",
        continues=("27.45.04-P19-3-22",),
    )
    plain = Case(number="27.45.04-P19-12-24")
    for name in Case.__struct_fields__:
        assert getattr(case, name) != getattr(plain, name), name  # every field was tried

    assert {"n:27.45.04-P19-12-24": [case]} == MemoryRegister([case], KLE).find(
        ["n:27.45.04-P19-12-24"]
    )


def test_many_of_one_key() -> None:
    """Of a key that very many share the first MANY in order of number are given, in any order."""
    shared = CaseParty(name="Advokat Birkelund", phone="+4532100001")
    made = [Case(number=f"27.45.04-P19-{n}-24", parties=(shared,)) for n in range(300)]
    made.append(Case(number="01.00.00-G01-1-26", parties=(CaseParty(phone="+4532100002"),)))
    random.Random(1).shuffle(made)
    keys = [phone_key("+4532100001"), name_key("Advokat Birkelund"), phone_key("+4532100002")]

    found = MemoryRegister(made, KLE).find(keys)
    collided = MemoryRegister(made, KLE, hash_of=lambda _: 7).find(keys)

    assert [len(found[key]) for key in keys] == [MANY, MANY, 1]
    assert found == collided == plain_find(made, keys, KLE)


def test_two_cases_of_one_number() -> None:
    """Both are given, whatever their spelling, and the number is told."""
    made = [
        Case(number="27.45.04-P19-12-24", title="den ene"),
        Case(number="27.45.04-P19-13-24"),
        Case(number="27.45.04-p19-0012-2024", title="den anden"),
    ]

    register = MemoryRegister(made, KLE)

    assert register.doubled == ("27.45.04-P19-12-24",)
    assert {"den ene", "den anden"} == {
        case.title for case in register.find(["n:27.45.04-P19-12-24"])["n:27.45.04-P19-12-24"]
    }
    assert MemoryRegister(made[:2], KLE).doubled == ()


def test_party_without_number() -> None:
    """A case whose party has no telephone number is found by what it has, never by an empty key."""
    case = Case(number="27.45.04-P19-12-24", parties=(CaseParty(name="Tove Lyngby"), CaseParty()))

    register = MemoryRegister([case], KLE, hash_of=lambda _: 0)

    assert {"p:tove lyngby": [case]} == register.find(["p:tove lyngby", "t:", "k:", "m:", "p:", ""])


@pytest.mark.parametrize("count", [0, 1, 4095, 4096, 4097, 12_345])
def test_every_row_is_found(count: int) -> None:
    """The first and the last case of each block are there; progress ends with the whole number."""
    told: list[int] = []
    made = (Case(number=f"sag {n}") for n in range(count))

    register = MemoryRegister(made, KLE, progress=told.append)

    assert count == len(register) == told[-1]
    assert all(
        register.find([f"n:sag {n}"])[f"n:sag {n}"] == [Case(number=f"sag {n}")]
        for n in {*range(0, count, 97), *range(max(0, count - 3), count)}
    )
    assert register.find([f"n:sag {count}"]) == {}


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        (["27.45.04-P19-12-24"], ["kle", "kle_nf"]),
        (["BOR-2022-38", " Emn-2019-00024 "], ["go", "se"]),
        (["S2022-12345"] * 99 + ["27.45.04-P19-12-24"], ["kle", "kle_nf", "nova"]),
        (["S2022-12345"] * 200 + ["27.45.04-P19-12-24"], ["nova"]),
        (["27.45.04-12-24"], ["kle_nf"]),
        (["sag 27.45.04-P19-12-24"], []),
        (["24/12345"], ["acadre", "p360"]),
        (["løbenummer ti"], []),
        ([], []),
    ],
)
def test_patterns_of_a_register(numbers: Sequence[str], expected: list[str]) -> None:
    """The patterns that read a hundredth of the numbers whole are the register's own."""
    assert expected == patterns_for(numbers, TABLE)


def test_sample_is_spread() -> None:
    """What stands only at the end of a long register is seen too."""
    numbers = ["sag"] * (4 * SAMPLE) + ["Emn-2019-00023"] * SAMPLE

    assert patterns_for(numbers, TABLE) == ["go"]


def test_benchmark_data() -> None:
    """What the benchmark links is as it claims: 650 characters, 5 % with a number, in threads."""
    known = list(linking.cases(200))
    made = linking.communications(4000, known)
    chats = [each for each in made if each.kind is Shape.CHAT]
    numbered = sum(any(hit.number for hit in KLE.find(each.text)) for each in chats)

    assert all(len(case.title) <= 40 and len(case.parties) == 1 for case in known)
    assert len({case.number for case in known}) == 200
    assert made == sorted(made, key=lambda each: each.started)
    assert 0.8 < len(chats) / len(made) < 0.9
    assert 600 < sum(len(each.text) for each in chats) / len(chats) < 720
    assert 0.04 < numbered / len(chats) < 0.06
    assert 4 < len(chats) / len({each.thread_id for each in chats}) < 6
