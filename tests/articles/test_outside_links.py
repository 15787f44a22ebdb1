"""Links out of our articles: which there are, when they count as broken, what the ledger keeps."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from connector.articles.link_host import Caller
from connector.articles.link_visit import StoppedError, Visit, Visitor
from connector.articles.outside_links import (
    Checked,
    after,
    check_links,
    found_in,
    is_broken,
    link_mistakes,
    linked,
)
from connector.articles.reading import Folders, read
from connector.errors import Unavailable
from connector.ledger import Ledger, open_ledger
from connector.ledger.outside_links import OutsideLink, outside_links
from tests.articles.link_server import web_server
from tests.conftest import Clock

FINE, FAILING = Visit(outcome="fine", code=200), Visit(outcome="failing", reason="timeout")


@pytest.fixture
def ledger(ledger_url: str, clock: Clock) -> Iterator[Ledger]:
    made = open_ledger(ledger_url, clock=clock)
    yield made
    made.close()


def links(*urls: str) -> list[tuple[str, str, int]]:
    return [(url, "a.md", line) for line, url in enumerate(urls, 1)]


def kept(ledger: Ledger) -> dict[str, OutsideLink]:
    with ledger.read() as connection:
        return {each.url: each for each in outside_links(connection)}


def test_found_in_articles(tmp_path: Path) -> None:
    """Links to the web are found with file and line, as they will be sent; nothing else is."""
    file = tmp_path / "pas.md"
    file.write_text(
        "---\nid: pas\ntitle: Pas\n---\nSe [borger.dk](https://www.borger.dk/flyt#hvor) og\n"
        "<http://kommunen.example>. [skriv](mailto:a@b.example) [her](article:pas)\n\n"
        "## Hvor {#hvor}\n\n`https://code.example` [to](https://to.example/a%2Fb%20å)\n",
        encoding="utf-8",
    )

    assert dict(found_in(read(Folders(tmp_path)))) == {
        "pas": (
            ("https://www.borger.dk/flyt#hvor", str(file), 5),
            ("http://kommunen.example", str(file), 6),
            ("https://to.example/a%2Fb%20%C3%A5", str(file), 10),
        )
    }


def test_each_address_once() -> None:
    """Two articles with one address, or two parts of one page, are one link."""
    found = {
        "pas": [("https://x.example/a#one", "p", 1), ("https://x.example/a#two", "p", 2)],
        "flytning": [("https://x.example/a", "f", 1)],
    }

    assert linked(found) == {"https://x.example/a": ("pas", "flytning")}


def test_three_nights(clock: Clock) -> None:
    """Broken after three nights in a row; a second look in one night is no second night."""
    link = OutsideLink(url="https://x.example/", articles=("pas",))
    broken = []
    for _ in range(4):
        first = after(link, FAILING, clock())
        link = after(first, FAILING, clock() + timedelta(minutes=5))
        assert link.nights == first.nights
        broken.append(is_broken(link))
        clock.move(days=1)

    assert broken == [False, False, True, True]
    assert link.failed_since == clock() - timedelta(days=4)
    well = after(link, FINE, clock())
    assert (well.nights, well.failed_since, is_broken(well)) == (0, None, False)


def test_a_night_that_says_nothing(clock: Clock) -> None:
    """A host that asked for patience neither mends a link nor makes it worse."""
    link = OutsideLink(url="https://x.example/", articles=("pas",))
    for visit in (FAILING, Visit(outcome="later", code=429), FAILING):
        link = after(link, visit, clock())
        clock.move(days=1)

    assert link.nights == 2


@pytest.mark.parametrize("outcome", ["gone", "private", "wrong"])
def test_wrong_at_once(outcome: str, clock: Clock) -> None:
    """What says so itself needs no three nights."""
    link = OutsideLink(url="https://x.example/", articles=("pas",))

    assert is_broken(after(link, Visit(outcome=outcome), clock()))


@pytest.mark.parametrize("outcome", ["fine", "moved", "closed", "not_asked", "later"])
def test_not_broken(outcome: str, clock: Clock) -> None:
    """A page behind a sign-in, or one that machines may not ask for, is not called broken."""
    link = OutsideLink(url="https://x.example/", articles=("pas",))

    assert not is_broken(after(link, Visit(outcome=outcome), clock()))


def test_a_night(ledger: Ledger, clock: Clock) -> None:
    """All links are visited and kept; what no article links to any more is forgotten."""
    with web_server() as web:
        here = (ipaddress.ip_network("127.0.0.0/8"),)
        visit = Visitor(Caller(allowed=here), pause_s=0).visit
        of_pas = links(f"{web.url}/a", f"{web.url}/status/404")
        of_skat = links(f"{web.url}/301/a", f"{web.url}/status/500", f"{web.url}/a#x")
        done = check_links({"pas": of_pas, "skat": of_skat}, visit, ledger, clock())
        assert done == Checked(visited=4, broken=1, failing=1, moved=1, left=0)
        assert kept(ledger)[f"{web.url}/a"] == OutsideLink(
            url=f"{web.url}/a",
            articles=("pas", "skat"),
            checked_at=clock(),
            status="fine",
            code=200,
        )
        clock.move(days=1)
        check_links({"skat": of_skat}, visit, ledger, clock())

    assert sorted(kept(ledger)) == [f"{web.url}/{each}" for each in ("301/a", "a", "status/500")]
    assert kept(ledger)[f"{web.url}/a"].articles == ("skat",)
    assert kept(ledger)[f"{web.url}/status/500"].nights == 2
    assert kept(ledger)[f"{web.url}/301/a"].moved_to == f"{web.url}/a"


def test_stopped_and_taken_up(ledger: Ledger, clock: Clock) -> None:
    """A run that is stopped keeps what it saw; the next one begins with what was not visited."""
    its = {"pas": links(*(f"https://x.example/{n}" for n in range(10)))}
    asked: list[str] = []

    def visit(url: str) -> Visit:
        asked.append(url)
        return FINE

    done = check_links(its, visit, ledger, clock(), should_stop=lambda: len(asked) >= 4)
    assert (done.visited, done.left) == (4, 6)
    first, asked[:] = set(asked), []
    clock.move(minutes=1)
    check_links(its, visit, ledger, clock())

    assert not first & set(asked[:6])
    assert set(asked[6:]) == first


def test_stopped_while_waiting(ledger: Ledger, clock: Clock) -> None:
    """A visit that is given up in its pause counts as not visited; nothing is an error."""

    def visit(url: str) -> Visit:
        if url.endswith("3"):
            raise StoppedError
        return FINE

    its = {"pas": links(*(f"https://x.example/{n}" for n in range(6)))}
    done = check_links(its, visit, ledger, clock())

    assert (done.visited, done.left) == (3, 3)


def test_hosts_beside_each_other(ledger: Ledger, clock: Clock) -> None:
    """Four hosts are asked at once, and no more."""
    its = {"pas": links(*(f"https://h{n % 6}.example/{n}" for n in range(24)))}
    four = threading.Barrier(4, timeout=5)
    lock, now, most = threading.Lock(), [0], [0]

    def visit(url: str) -> Visit:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        if url.startswith(("https://h0", "https://h1", "https://h2", "https://h3")):
            four.wait()
        with lock:
            now[0] -= 1
        return FINE

    done = check_links(its, visit, ledger, clock())

    assert done.visited == 24
    assert most == [4]


def test_cut_off(ledger: Ledger, clock: Clock) -> None:
    """When none of several hosts answers, the line is ours: no link is blamed for that night."""
    its = {"pas": links(*(f"https://h{n}.example/" for n in range(3)))}
    for _ in range(3):
        with pytest.raises(Unavailable, match="3 hosts"):
            check_links(its, lambda url: FAILING, ledger, clock())
        clock.move(days=1)
    assert {each.nights for each in kept(ledger).values()} == {0}

    def last_answers(url: str) -> Visit:
        return FINE if "h2" in url else FAILING

    done = check_links(its, last_answers, ledger, clock())
    assert (done.visited, done.failing) == (3, 2)
    assert sorted(each.nights for each in kept(ledger).values()) == [0, 1, 1]


def test_nonsense(ledger: Ledger, clock: Clock) -> None:
    """What looks like an address and is none is told as that, and stops nothing."""
    odd = ["http://[half/", "https://x.example:99999/", f"https://{'a' * 80}.example/", "http://"]
    caller = Caller()
    check_links({"pas": links(*odd)}, Visitor(caller, pause_s=0).visit, ledger, clock())

    found = {url: each.status for url, each in kept(ledger).items()}
    assert found == dict(zip(odd, ("wrong", "wrong", "failing", "wrong"), strict=True))


def test_error_while_visiting(ledger: Ledger, clock: Clock) -> None:
    """A mistake in the program ends the run with its error instead of a wait without end."""

    def visit(url: str) -> Visit:
        raise ZeroDivisionError(url)

    with pytest.raises(ZeroDivisionError):
        check_links({"pas": links("https://x.example/")}, visit, ledger, clock())


def test_mistakes(clock: Clock) -> None:
    """A warning stands at the article and line, in Danish and English; a good link has none."""
    its = {"pas": [("https://x.example/a#b", "pas.md", 12)]}
    link = OutsideLink(url="https://x.example/a", articles=("pas",), status="gone", code=404)
    found = list(link_mistakes(its, [link]))

    assert [(each.article, each.place(), each.level, each.key) for each in found] == [
        ("pas", "pas.md:12", "warning", "link_gone")
    ]
    assert "HTTP 404" in found[0].text("da")
    assert "https://x.example/a" in found[0].text("en")
    assert not list(link_mistakes(its, [OutsideLink(url=link.url, articles=(), status="fine")]))


@pytest.mark.parametrize(
    ("link", "key"),
    [
        (OutsideLink(url="u", articles=(), status="failing", nights=3), "link_failing"),
        (OutsideLink(url="u", articles=(), status="later", nights=3), "link_failing"),
        (OutsideLink(url="u", articles=(), status="failing", nights=2), ""),
        (OutsideLink(url="u", articles=(), status="moved", moved_to="v"), "link_moved"),
        (OutsideLink(url="u", articles=(), status="private"), "link_private"),
        (OutsideLink(url="u", articles=(), status="wrong"), "link_wrong"),
    ],
)
def test_every_mistake_has_words(link: OutsideLink, key: str) -> None:
    """Each thing that can be wrong with a link is told in both languages."""
    its = {"pas": links("https://x.example/")}
    link = msgspec.structs.replace(link, url="https://x.example/")
    found = list(link_mistakes(its, [link]))

    assert [each.key for each in found] == ([key] if key else [])
    assert all(each.text("da") != each.text("en") for each in found)
