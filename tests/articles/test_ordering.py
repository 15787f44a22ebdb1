"""Pages are put after those that they link to; where links go in circles few are put twice."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from connector.articles.ordering import in_order
from connector.articles.planning import CREATE, Step
from tests.articles.line import page


def ordered(links: Mapping[str, Sequence[str]]) -> list[str]:
    """Ids in the order in which pages with these links are put."""
    steps = [
        Step(kind=CREATE, article=id, page=page(id, links=tuple(others)))
        for id, others in links.items()
    ]
    return [step.article for step in in_order(steps)]


def put_twice(links: Mapping[str, Sequence[str]], ids: Sequence[str]) -> list[str]:
    """Those that come before a page that they link to."""
    place = {id: number for number, id in enumerate(ids)}
    return [id for id in ids if any(place.get(other, -1) > place[id] for other in links[id])]


def test_what_has_no_links_stays_as_it_came() -> None:
    """Pages without links among them, or to themselves and to others only, keep their order."""
    assert ordered({"b": (), "a": ("a",), "c": ("elsewhere",)}) == ["b", "a", "c"]
    assert ordered({}) == []


def test_a_chain_is_put_from_its_end() -> None:
    """However the pages come, what is linked to is put before what links to it."""
    assert ordered({"a": ("b",), "b": ("c",), "c": ()}) == ["c", "b", "a"]
    assert ordered({"c": (), "b": ("c",), "a": ("b", "c")}) == ["c", "b", "a"]


def test_a_circle_costs_one_page() -> None:
    """Of a circle one page is put twice, with a chain to it and one from it none more."""
    links = {"in": ("a",), "a": ("b",), "b": ("c",), "c": ("a", "out"), "out": ("end",), "end": ()}

    ids = ordered(links)

    assert sorted(ids) == sorted(links)
    assert len(put_twice(links, ids)) == 1


def test_circles_are_cut_where_they_meet() -> None:
    """A page that ten others link to, and that links to them, is the only one put twice."""
    others = [f"a{n}" for n in range(10)]
    links = {**dict.fromkeys(others, ("middle",)), "middle": tuple(others)}

    assert put_twice(links, ordered(links)) == ["middle"]


def test_few_of_many_are_put_twice() -> None:
    """Of 1,000 articles with two links to chance each, at most 150 are put twice, each is put, and
    the order is the same every time."""
    rng = random.Random(7)
    names = [f"a{n:03}" for n in range(1000)]
    links = {each: rng.sample([one for one in names if one != each], 2) for each in names}

    ids = ordered(links)

    assert sorted(ids) == sorted(names)
    assert len(put_twice(links, ids)) <= 150
    assert ids == ordered(links)
