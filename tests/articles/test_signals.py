"""What readers did: read from a site once, kept once, and told to editors."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest
import sqlalchemy as sa

from connector.article import STAFF, Signal
from connector.articles.signals import collect
from connector.errors import Unavailable
from connector.ledger import Ledger
from connector.ledger.article_signals import (
    all_votes_between,
    cursor_of,
    keep_answer,
    keep_signals,
    signals_between,
    tallies,
    votes_on,
)
from connector.ledger.article_tables import article_answer, article_signal
from connector.ports import Publisher

DAY = date(2026, 11, 20)
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


def signal(key: str, kind: str = "view", **values: Any) -> Signal:
    return Signal(key=key, kind=kind, day=values.pop("day", DAY), **values)


def vote(key: str, value: str = "down", **values: Any) -> Signal:
    return signal(key, "vote", article="pas", value=value, **values)


class Site:
    """A site that tells its signals in batches and breaks off when it is told to."""

    name = "intranet"

    def __init__(self, *batches: list[Signal]) -> None:
        self.batches = list(batches)
        self.asked: list[str] = []
        self.breaks_after: int | None = None

    def signals(self, since: str) -> Iterator[tuple[list[Signal], str]]:
        self.asked.append(since)
        for place, batch in enumerate(self.batches):
            if place < int(since or 0):
                continue
            if place == self.breaks_after:
                raise Unavailable("away", system=self.name)
            yield batch, str(place + 1)


def read(site: Site, ledger: Ledger) -> int:
    return collect(cast(Publisher, site), ledger)


def kept(ledger: Ledger) -> list[tuple[str, int]]:
    with ledger.read() as connection:
        rows = connection.execute(
            sa.select(article_signal.c.key, article_signal.c.count).order_by(article_signal.c.key)
        )
        return [(key, count) for key, count in rows]


def test_collect(ledger: Ledger) -> None:
    """What there is is kept; a second run asks from where the first ended and finds nothing."""
    site = Site([signal("a"), signal("b", count=3)], [signal("c")])

    assert read(site, ledger) == 3
    assert read(site, ledger) == 0
    assert site.asked == ["", "2"]
    assert kept(ledger) == [("a", 1), ("b", 3), ("c", 1)]


def test_cut_short(ledger: Ledger) -> None:
    """A run that breaks off keeps its batches and goes on behind the last of them."""
    site = Site([signal("a")], [signal("b")])
    site.breaks_after = 1
    with pytest.raises(Unavailable):
        read(site, ledger)
    site.breaks_after = None

    assert kept(ledger) == [("a", 1)]
    assert read(site, ledger) == 1
    assert site.asked[-1] == "1"


def test_same_key_again(ledger: Ledger) -> None:
    """A signal that comes again replaces its count, within a batch too; another site's stays."""
    keep_signals(ledger, "intranet", [signal("a", count=2), signal("a", count=5)], "1")
    keep_signals(ledger, "intranet", [signal("a", count=9, article="pas")], "2")
    keep_signals(ledger, "web", [signal("a", count=1)], "1")

    assert kept(ledger) == [("a", 9), ("a", 1)] or kept(ledger) == [("a", 1), ("a", 9)]
    assert (cursor_of(ledger, "intranet"), cursor_of(ledger, "web")) == ("2", "1")


def test_what_sites_may_send(ledger: Ledger) -> None:
    """A kind nobody knows, an impossible count, a NUL or a long text stop nothing."""
    odd = [
        signal("a", "hover"),
        signal("b", count=-4),
        signal("c", count=2**40),
        signal("d", audience="everybody"),
        vote("e", reason="x\0" + "æ" * 5000, at=AT),
        signal("f", "search", value="\ud800 søg" + "g" * 500),
    ]

    assert keep_signals(ledger, "intranet", odd, "1\0") == 5
    assert kept(ledger)[:2] == [("b", 0), ("c", 2**31 - 1)]
    with ledger.read() as connection:
        (one,) = votes_on(connection, "pas")
        searches = [each for each in signals_between(connection, DAY, DAY) if each.kind == "search"]
    assert len(one.signal.reason) == 2000
    assert one.signal.at == AT
    assert len(searches[0].value) == 200


def test_cpr_numbers(ledger: Ledger) -> None:
    """A CPR number that somebody typed is not kept."""
    its = [
        vote("a", reason="Jeg er 010190-1234 og fik intet svar"),
        signal("b", "search", value="0101901234"),
    ]
    keep_signals(ledger, "intranet", its, "1")
    with ledger.read() as connection:
        rows = connection.execute(sa.select(article_signal.c.value, article_signal.c.reason)).all()

    assert "1234" not in str(rows)


def test_old_ones_are_erased(ledger: Ledger) -> None:
    """What is older than 400 days is erased with its answers, whatever a site tells again."""
    old, new = date(2025, 10, 15), date(2025, 10, 16)
    keep_signals(ledger, "intranet", [vote("a", day=old), vote("b", day=new)], "1")
    assert answer(ledger, "a", "x", is_done=True)
    assert answer(ledger, "b", "y", is_done=True)
    read(Site([vote("c", day=old)]), ledger)

    assert [key for key, _ in kept(ledger)] == ["b"]
    with ledger.read() as connection:
        texts = connection.execute(sa.select(article_answer.c.text)).scalars().all()
    assert texts == ["y"]


def test_days(ledger: Ledger) -> None:
    """Both the first and the last day are within; other days are not."""
    its = [signal(str(day), day=date(2026, 11, day)) for day in (17, 18, 20, 21)]
    keep_signals(ledger, "intranet", its, "1")
    with ledger.read() as connection:
        found = signals_between(connection, date(2026, 11, 18), DAY)

    assert [each.key for each in found] == ["18", "20"]


def answer(ledger: Ledger, key: str, text: str, *, is_done: bool) -> bool:
    with ledger.write() as connection:
        return keep_answer(
            connection, "intranet", key, actor="erik@nordvang.example", now=ledger.now(),
            text=text, is_done=is_done,
        )  # fmt: skip


def test_answers(ledger: Ledger) -> None:
    """A vote that is dealt with counts no more, until an editor takes it up again."""
    keep_signals(
        ledger, "intranet", [vote("a", reason="Hvad koster det?"), vote("b"), vote("c", "up")], "1"
    )

    def open_votes() -> list[str]:
        with ledger.read() as connection:
            return [each.key for each in signals_between(connection, DAY, DAY)]

    assert answer(ledger, "a", "Prisen står der nu 010190-1234", is_done=False)
    assert open_votes() == ["a", "b", "c"]
    assert answer(ledger, "a", "", is_done=True)
    assert open_votes() == ["b", "c"]
    assert answer(ledger, "a", "Den er væk igen", is_done=False)
    assert open_votes() == ["a", "b", "c"]
    with ledger.read() as connection:
        found = {each.signal.key: each for each in votes_on(connection, "pas")}
        every = all_votes_between(connection, DAY, DAY)
    assert [each.text for each in found["a"].answers] == [
        "Prisen står der nu 010190-****", "", "Den er væk igen",
    ]  # fmt: skip
    assert set(found) == {"a", "b"}  # an up vote without a reason says nothing
    assert len(every) == 3
    assert not found["a"].is_done


@pytest.mark.parametrize("key", ["nobody's", "a\0b", "\ud800"])
def test_answers_to_nothing(ledger: Ledger, key: str) -> None:
    """A vote that is not there cannot be answered, whatever signs its key has."""
    assert not answer(ledger, key, "Prisen står der nu", is_done=True)


def test_voted_anew(ledger: Ledger) -> None:
    """Who votes again after an answer is heard again; a vote that was taken back is not listed."""
    keep_signals(ledger, "intranet", [vote("a", reason="Før", at=AT), vote("b", count=0)], "1")
    assert answer(ledger, "a", "", is_done=True)  # at noon, too: the clock stands still

    def is_done() -> tuple[bool, int]:
        with ledger.read() as connection:
            (one,) = votes_on(connection, "pas")
            counted = [each for each in signals_between(connection, DAY, DAY) if each.count]
        return one.is_done, len(counted)

    assert is_done() == (True, 0)
    later = vote("a", reason="Stadig ikke", at=AT + timedelta(minutes=5))
    keep_signals(ledger, "intranet", [later], "2")
    assert is_done() == (False, 1)


def test_answer_to_no_vote(ledger: Ledger) -> None:
    """What is no vote, or another site's, takes no answer."""
    keep_signals(ledger, "web", [vote("a")], "1")
    keep_signals(ledger, "intranet", [signal("v")], "1")

    assert not answer(ledger, "a", "x", is_done=True)
    assert not answer(ledger, "v", "x", is_done=True)


def test_tallies(ledger: Ledger) -> None:
    """Views by audience and votes of one article, over all sites."""
    theirs = [signal("a", article="pas", count=7), vote("b", count=2), vote("c", "up")]
    ours = [signal("a", article="pas", count=3, audience=STAFF), signal("z", article="bil")]
    keep_signals(ledger, "web", theirs, "1")
    keep_signals(ledger, "intranet", ours, "1")
    with ledger.read() as connection:
        found = tallies(connection, "pas", DAY, DAY)

    assert found == {"citizen": 7, "staff": 3, "up": 1, "down": 2}
