"""Addresses of the web visited with care, against a real server of this machine."""

from __future__ import annotations

import ipaddress
import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from connector.articles.link_host import Caller, Network, may_ask, place_of, resolved
from connector.articles.link_visit import StoppedError, Visit, Visitor, patient
from tests.articles.link_server import Web, web_server
from tests.articles.mail_server import certificate

HERE = (ipaddress.ip_network("127.0.0.0/8"),)


@pytest.fixture(autouse=True)
def _told(caplog: pytest.LogCaptureFixture) -> None:
    """A failure shows what kept a server from answering."""
    caplog.set_level(logging.DEBUG, "connector.articles")


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as server:
        yield server


class Waits:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []
        self.lock = threading.Lock()

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self.lock:
            self.slept.append(round(seconds, 3))
            self.now += seconds


def visitor(
    waits: Waits | None = None,
    *,
    allowed: Sequence[Network] = HERE,
    timeout_s: float = 5,
    deadline_s: float = 10,
    pause_s: float = 2,
) -> Visitor:
    its = waits or Waits()
    caller = Caller(timeout_s=timeout_s, deadline_s=deadline_s, allowed=allowed)
    return Visitor(caller, pause_s=pause_s, monotonic=its.monotonic, sleep=its.sleep)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/page", Visit(outcome="fine", code=200)),
        ("/status/404", Visit(outcome="gone", code=404)),
        ("/status/410", Visit(outcome="gone", code=410)),
        ("/status/403", Visit(outcome="closed", code=403)),
        ("/status/500", Visit(outcome="failing", code=500)),
        ("/nohead", Visit(outcome="fine", code=200)),
        ("/302/page", Visit(outcome="fine", code=200)),
        ("/302/302/302/302/302/page", Visit(outcome="fine", code=200)),
        ("/302/302/302/302/302/302/page", Visit(outcome="failing", reason="redirects")),
        ("/loop/x", Visit(outcome="failing", reason="redirects")),
        ("/302/status/404", Visit(outcome="gone", code=404)),
        ("/rubbish", Visit(outcome="failing", reason="connection")),
        ("/private", Visit(outcome="private")),
    ],
)
def test_outcomes(web: Web, path: str, expected: Visit) -> None:
    """Each thing that can stand behind a link is told apart."""
    assert expected == visitor().visit(web.url + path)


def test_moved_for_good(web: Web) -> None:
    """A permanent redirect is told with the address that lasts; a temporary one after it is not."""
    found = visitor().visit(f"{web.url}/301/308/302/page")

    assert Visit(outcome="moved", code=200, moved_to=f"{web.url}/302/page") == found


def test_no_web_address() -> None:
    """What is no http address is wrong at once, and nobody is asked."""
    assert visitor().visit("http://[half/").outcome == "wrong"
    assert visitor().visit("ftp://example.dk/").outcome == "wrong"


def test_head_first(web: Web) -> None:
    """A page that HEAD answers for is never fetched; robots.txt is read once for all links."""
    its = visitor()
    its.visit(f"{web.url}/one")
    its.visit(f"{web.url}/two#part")

    assert web.asked == [("GET", "/robots.txt"), ("HEAD", "/one"), ("HEAD", "/two")]
    assert {"casethread-links"} == web.agents
    assert {web.url.removeprefix("http://")} == web.hosts


def test_ten_gigabytes(web: Web) -> None:
    """Of an answer of ten gigabytes no more is taken than what was on its way."""
    assert visitor().visit(f"{web.url}/big").outcome == "fine"

    with web.lock:
        assert web.lock.wait_for(lambda: web.open == 0, 5)
    assert web.sent_bytes < 50_000_000


def test_endless_answer(web: Web) -> None:
    """A server that sends a letter at a time is left when the whole request has taken too long."""
    begun = time.monotonic()
    found = visitor(deadline_s=0.5).visit(f"{web.url}/drip")

    assert Visit(outcome="failing", reason="timeout") == found
    assert time.monotonic() - begun < 3


def test_silent_server() -> None:
    """A server that takes the connection and says nothing is left after the time-out."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        found = visitor(timeout_s=0.2).visit(f"http://127.0.0.1:{silent.getsockname()[1]}/")

    assert Visit(outcome="failing", reason="timeout") == found


def test_nobody_there() -> None:
    """No server, or no TLS where TLS was meant, is a failure and not a missing page."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]

    assert Visit(outcome="failing", reason="connection") == visitor().visit(
        f"http://127.0.0.1:{port}/"
    )


def test_no_tls(web: Web) -> None:
    """A server that does not speak TLS where the address says https is told as that."""
    found = visitor().visit(web.url.replace("http:", "https:") + "/page")

    assert Visit(outcome="failing", reason="tls") == found


def test_tls(web: Web, tmp_path: Path) -> None:
    """Over TLS, straight and through a proxy's tunnel, with a certificate that is checked."""
    file = certificate(tmp_path)
    ours = ssl.create_default_context(cafile=str(file))
    allowed = [*HERE, ipaddress.ip_network("::1")]
    with web_server(file) as safe:
        straight = Visitor(Caller(allowed=allowed, tls=ours), pause_s=0)
        proxied = Visitor(Caller(allowed=allowed, tls=ours, proxy=web.url), pause_s=0)
        strange = Visitor(Caller(allowed=allowed), pause_s=0)
        assert straight.visit(f"{safe.url}/a") == Visit(outcome="fine", code=200)
        assert web.asked == []
        assert proxied.visit(f"{safe.url}/b") == Visit(outcome="fine", code=200)
        assert strange.visit(f"{safe.url}/c") == Visit(outcome="failing", reason="tls")
        named_wrong = safe.url.replace("localhost", "127.0.0.2")
        assert straight.visit(f"{named_wrong}/d").outcome == "failing"

    assert {method for method, _ in web.asked} == {"CONNECT"}
    assert [path for _, path in safe.asked] == ["/robots.txt", "/a", "/robots.txt", "/b"]


def test_robots(web: Web) -> None:
    """What robots.txt forbids is not asked for; its delay is kept."""
    web.robots = "User-agent: *\nCrawl-delay: 9\nDisallow: /secret\n"
    waits = Waits()
    its = visitor(waits)

    assert its.visit(f"{web.url}/secret/plan").outcome == "not_asked"
    assert its.visit(f"{web.url}/open").outcome == "fine"
    assert its.visit(f"{web.url}/more").outcome == "fine"
    assert [path for _, path in web.asked] == ["/robots.txt", "/open", "/more"]
    assert waits.slept == [2, 9]


def test_robots_by_name(web: Web) -> None:
    """A site may keep out just us, by the name that every request carries."""
    web.robots = "User-agent: casethread-links\nDisallow: /\n\nUser-agent: *\nDisallow:\n"

    assert visitor().visit(f"{web.url}/open").outcome == "not_asked"


def test_robots_broken(web: Web) -> None:
    """While a server cannot give its robots.txt, nothing else is asked of it."""
    web.robots = 503
    its = visitor()

    assert Visit(outcome="failing", code=503) == its.visit(f"{web.url}/one")
    assert Visit(outcome="failing", code=503) == its.visit(f"{web.url}/two")
    assert web.asked == [("GET", "/robots.txt")]


def test_pause(web: Web) -> None:
    """Between two requests to one host lies the pause."""
    waits = Waits()
    its = visitor(waits, pause_s=2.5)
    its.visit(f"{web.url}/one")
    its.visit(f"{web.url}/two")

    assert waits.slept == [2.5, 2.5]


def test_one_at_a_time(web: Web) -> None:
    """However many ask, a host is asked one request at a time."""
    its = visitor(pause_s=0)
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(its.visit, [f"{web.url}/slow/{n}" for n in range(12)]))

    assert {"fine"} == {each.outcome for each in found}
    assert web.most_at_once == 1


def test_patience(web: Web) -> None:
    """A host that asks for an hour is left for this night, all of it; nothing is called broken."""
    its = visitor()

    assert Visit(outcome="later", code=429) == its.visit(f"{web.url}/busy")
    assert Visit(outcome="later", code=429) == its.visit(f"{web.url}/page")
    assert len(web.asked) == 2


def test_short_patience(web: Web) -> None:
    """A server that asks for seconds gets them, and is asked once more."""
    waits = Waits()

    assert visitor(waits).visit(f"{web.url}/once").outcome == "fine"
    assert 7 in waits.slept


def test_own_network_refused(web: Web) -> None:
    """Without an allowance this machine itself is not asked, not even after a redirect."""
    with web_server() as other:
        its = visitor(allowed=[ipaddress.ip_network("127.0.0.1/32")])
        port = other.url.rpartition(":")[2]
        assert its.visit(f"{web.url}/to/{port}/page").outcome == "fine"
        assert visitor(allowed=()).visit(f"{web.url}/page").outcome == "private"

    assert ("HEAD", "/page") in other.asked
    assert [each for each in web.asked if each[1] == "/page"] == []


@pytest.mark.parametrize(
    ("address", "is_public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.9", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("ff0e::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:93.184.216.34", True),
        ("64:ff9b::a00:1", False),
        ("2002:a00:1::", False),
    ],
)
def test_public(address: str, is_public: bool) -> None:
    """Every way to write an address of one's own network is known."""
    assert is_public == may_ask(address, ())


def test_allowed_network() -> None:
    """A network that is allowed is so however its addresses are written, and no other is."""
    assert may_ask("127.0.0.1", HERE)
    assert may_ask("::ffff:127.0.0.1", HERE)
    assert not may_ask("::1", HERE)
    assert not may_ask("10.0.0.1", HERE)


def test_one_private_address_is_enough() -> None:
    """A name with a public and a private address is refused: nobody knows which will be used."""
    caller = Caller(resolve=lambda host, port: ["93.184.216.34", "10.0.0.1"])

    assert Visitor(caller).visit("http://two-faced.example/").outcome == "private"


def test_what_was_looked_at_is_used(web: Web) -> None:
    """The connection goes to the address that was judged; the name is asked for once a request."""
    port = int(web.url.rpartition(":")[2])
    names = []

    def resolve(host: str, port: int) -> list[str]:
        names.append(host)
        return ["127.0.0.1"] if len(names) < 3 else ["10.0.0.1"]

    caller = Caller(allowed=HERE, resolve=resolve)
    its = Visitor(caller, pause_s=0)

    assert its.visit(f"http://rebinding.example:{port}/one").outcome == "fine"
    assert its.visit(f"http://rebinding.example:{port}/two").outcome == "private"
    assert {f"rebinding.example:{port}"} == web.hosts


def test_proxy() -> None:
    """Behind a proxy it is asked for the whole address, signed in; closed networks stay closed."""
    with web_server() as proxy:
        port = proxy.url.rpartition(":")[2]

        def resolve(host: str, port: int) -> list[str]:
            if host == "inside.example":
                return ["10.0.0.1"]
            raise socket.gaierror(host)

        caller = Caller(proxy=f"http://us:p%40ss@127.0.0.1:{port}", resolve=resolve)
        its = Visitor(caller, pause_s=0)
        assert its.visit("http://only-the-proxy.example/page").outcome == "fine"
        assert its.visit("http://inside.example/page").outcome == "private"
        tunnel = its.visit("https://only-the-proxy.example/page")

    assert ("HEAD", "http://only-the-proxy.example/page") in proxy.asked
    assert not [path for _, path in proxy.asked if "inside" in path]
    assert proxy.signed_in == {"Basic dXM6cEBzcw=="}
    assert proxy.asked[-1] == ("CONNECT", "only-the-proxy.example:443")
    assert tunnel == Visit(outcome="failing", reason="connection")


def test_danish_address() -> None:
    """Danish letters in the host and in the path are written as the web wants them."""
    place = place_of("https://Blåbær.example./sådan søger du?år=2026#afsnit")

    assert place.url == "https://xn--blbr-roah.example/s%C3%A5dan%20s%C3%B8ger%20du?%C3%A5r=2026"


def test_written_out_already() -> None:
    """What is percent-encoded stays so, and is not encoded twice."""
    assert place_of("http://x.example/a%20b?c=%C3%A5").url == "http://x.example/a%20b?c=%C3%A5"


def test_no_line_ends() -> None:
    """An address cannot carry a header of its own into the request."""
    assert "\r" not in place_of("http://x.example/a\r\nHost: y").url
    assert " " not in place_of("http://x.example/a\r\nHost: y").url


def test_resolved() -> None:
    """A literal address is its own, without the zone."""
    assert resolved("127.0.0.1", 80) == ["127.0.0.1"]


def test_pause_can_be_ended() -> None:
    """A pause of a minute ends within half a second of the word to stop."""
    slept: list[float] = []
    patient(lambda: False, slept.append)(1.2)
    assert slept == pytest.approx([0.5, 0.5, 0.2])
    with pytest.raises(StoppedError):
        patient(lambda: len(slept) > 3, slept.append)(60)
    assert len(slept) == 4


def test_robots_that_lead_nowhere(web: Web) -> None:
    """A robots.txt that only leads on and on is as good as none."""
    web.robots = 302

    assert visitor().visit(f"{web.url}/page").outcome == "fine"
    assert len(web.asked) <= 8
