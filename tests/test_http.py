"""The HTTP client: what it repeats, when it stops, and whom it gives the token to."""

from __future__ import annotations

import gzip
import inspect
import logging
import math
import threading
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import msgspec
import pytest
import requests
import responses
import urllib3
from hypothesis import given
from hypothesis import strategies as st
from requests.adapters import HTTPAdapter

from connector.errors import (
    CursorExpired,
    Denied,
    Gone,
    Rejected,
    RemoteError,
    Throttled,
    Unavailable,
)
from connector.http import Graph, _retry_after
from connector.pace import RATES, Pace
from tests.fake_graph import (
    TOKEN,
    Asked,
    Reply,
    Time,
    date_header,
    fault,
    one_after_another,
    serving,
)

GOOD = Reply(body={"value": []})
SECRET = "Kære Ida, din sag handler om noget privat"


def rows(answer: Any) -> list[Any]:
    return list(msgspec.json.decode(answer.body, type=dict[str, list[Any]])["value"])


class TestPlainReading:
    def test_an_answer(self) -> None:
        """A path is asked under the base URL, with token, user agent and the caller's headers."""
        with serving(one_after_another(GOOD)) as fake:
            answer = fake.graph().get("users?$top=1", headers={"Prefer": "x"})
        asked = fake.requests[0]
        assert (answer.status, answer.body) == (200, b'{"value": []}')
        assert asked.target == "/v1.0/users?$top=1"
        assert asked.headers["Authorization"] == f"Bearer {TOKEN}"
        assert (asked.headers["Prefer"], asked.headers["User-Agent"]) == ("x", "casethread")

    def test_one_connection(self) -> None:
        """Requests one after another use one connection."""
        with serving(one_after_another(GOOD)) as fake:
            graph = fake.graph()
            for _ in range(5):
                graph.get("users")
            graph.close()
        assert fake.connections == 1

    def test_connection_after_an_error(self) -> None:
        """An error answer is read to its end, so its connection is used again."""
        with serving(one_after_another(Reply(404, fault("x")), GOOD)) as fake:
            graph = fake.graph()
            with pytest.raises(Gone):
                graph.get("users")
            graph.get("users")
            graph.close()
        assert fake.connections == 1

    def test_post(self) -> None:
        """A question by POST carries its body and is repeated like a GET."""
        with serving(one_after_another(Reply(503), GOOD)) as fake:
            fake.graph().post_read("communications/getPresencesByUserId", b'{"ids":[]}')
        assert [(a.method, a.body) for a in fake.requests] == [("POST", b'{"ids":[]}')] * 2
        assert fake.requests[0].headers["Content-Type"] == "application/json"

    def test_gzip(self) -> None:
        """A compressed answer arrives unpacked."""
        packed = Reply(body=gzip.compress(b'{"value": []}'), headers={"Content-Encoding": "gzip"})
        with serving(one_after_another(packed)) as fake:
            assert fake.graph().get("users").body == b'{"value": []}'

    def test_chunked(self) -> None:
        """A chunked answer arrives whole."""
        reply = Reply(body=b'{"value": []}', is_chunked=True)
        with serving(one_after_another(reply)) as fake:
            assert fake.graph().get("users").body == b'{"value": []}'

    @pytest.mark.parametrize("is_packed", [False, True])
    def test_too_much(self, is_packed: bool) -> None:
        """An answer beyond the limit is refused, also when it is small on the line."""
        body = b"[" + b" " * 200_000 + b"]"
        reply = Reply(body=body)
        if is_packed:
            reply = Reply(body=gzip.compress(body), headers={"Content-Encoding": "gzip"})
        with serving(one_after_another(reply)) as fake, pytest.raises(Rejected, match="100000"):
            fake.graph(max_body_bytes=100_000).get("users")

    @pytest.mark.parametrize("link", ["a b?x=ø", "users?$filter=x eq 'é'"])
    def test_unquoted_links(self, link: str) -> None:
        """Characters that may not stand in a URL are quoted; what is quoted already stays."""
        with serving(one_after_another(GOOD)) as fake:
            fake.graph().get(link + "%20")
        assert " " not in fake.requests[0].target
        assert fake.requests[0].target.isascii()
        assert fake.requests[0].target.endswith("%20")

    def test_through_a_proxy(self) -> None:
        """With a proxy configured, requests go there and nowhere else."""
        with serving(one_after_another(GOOD)) as fake:
            graph = fake.graph(base_url="http://graph.example/v1.0", proxy=fake.origin)
            graph.get("users")
            graph.close()
        assert fake.requests[0].target == "http://graph.example/v1.0/users"

    def test_every_request_has_a_timeout(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """No request goes out without a time to connect and a time to read."""
        seen = []

        def send(self: HTTPAdapter, request: Any, **settings: Any) -> Any:
            seen.append(settings["timeout"])
            raise requests.ConnectionError

        monkeypatch.setattr(HTTPAdapter, "send", send)
        graph = Graph("http://127.0.0.1:1/v1.0", lambda r: TOKEN, attempts=1, timeout_s=(3, 7))
        for ask in (
            lambda: graph.get("users"),
            lambda: graph.post_read("x", b"{}"),
            lambda: list(graph.stream("x")),
        ):
            with pytest.raises(Unavailable):
                ask()
        assert [(t.connect_timeout, t.read_timeout) for t in seen] == [(3, 7)] * 3

    @responses.activate
    def test_can_be_faked(self) -> None:
        """The usual library for faking requests works with this client."""
        responses.get("https://graph.example/v1.0/users", json={"value": [1]})
        assert rows(Graph("https://graph.example/v1.0", lambda r: TOKEN).get("users")) == [1]


class TestOtherHosts:
    @pytest.mark.parametrize(
        "link",
        [
            "https://evil.example/v1.0/users",
            "http://127.0.0.1@evil.example/v1.0",
            "http://127.0.0.1:1/v1.0/users",
            "http://127.0.0.1.evil.example/v1.0",
            "https://127.0.0.1/v1.0",
            "http://evil.example\\@127.0.0.1/v1.0",
            "http://127.0.0.1:99999/v1.0",
            "ftp://127.0.0.1/v1.0",
        ],
    )
    def test_next_link_elsewhere(self, link: str) -> None:
        """A link to any other scheme, host or port is refused before anything is sent."""
        with serving(one_after_another(GOOD)) as fake:
            with pytest.raises(Rejected, match="another host") as caught:
                fake.graph().get(link)
            assert not fake.requests
            assert TOKEN not in str(caught.value)

    def test_same_origin(self) -> None:
        """A link to the same origin is followed, also in capitals or with the default port."""
        graph = Graph("https://graph.example/v1.0", lambda r: TOKEN)
        for link in (
            "https://graph.example/v1.0/a?b",
            "HTTPS://GRAPH.example/v1.0/a?b",
            "https://graph.example:443/v1.0/a?b",
        ):
            assert graph._url(link) == link

    def test_redirects(self) -> None:
        """A redirect is not followed: it could lead the token anywhere."""
        reply = Reply(302, headers={"Location": "http://evil.example/"})
        with serving(one_after_another(reply)) as fake:
            with pytest.raises(Rejected, match="302"):
                fake.graph().get("users")
            assert len(fake.requests) == 1


class TestRepeating:
    @pytest.mark.parametrize("status", [408, 423, 429, 500, 502, 503, 504, 509])
    def test_passing_faults(self, status: int) -> None:
        """A fault that passes is survived."""
        with serving(one_after_another(Reply(status), Reply(status), GOOD)) as fake:
            fake.graph().get("users")
        assert len(fake.requests) == 3

    @pytest.mark.parametrize("status", [500, 503])
    def test_lasting_faults(self, status: int) -> None:
        """A fault that lasts ends after the attempts, with status, deepest code and request id."""
        body = fault("outer", SECRET, {"code": "inner", "request-id": "r-1"})
        with (
            serving(one_after_another(Reply(status, body))) as fake,
            pytest.raises(Unavailable, match=rf"{status} inner \(request-id r-1\)") as caught,
        ):
            fake.graph(attempts=4).get("users")
        assert len(fake.requests) == 4
        assert (caught.value.status, caught.value.request_id) == (status, "r-1")
        assert SECRET not in str(caught.value)

    def test_back_off(self) -> None:
        """Without Retry-After the wait doubles each time up to a cap; chance shortens it."""
        with serving(one_after_another(Reply(500))) as fake, pytest.raises(Unavailable):
            fake.graph(attempts=9, patience_s=1e6).get("users")
        assert fake.time.slept == [2, 4, 8, 16, 32, 60, 60, 60]

    @pytest.mark.parametrize("form", ["seconds", "date"])
    def test_retry_after(self, form: str) -> None:
        """Retry-After is obeyed in both forms."""

        def reply(asked: Asked) -> Reply:
            if len(fake.requests) > 1:
                return GOOD
            date = format_datetime(fake.time.now() + timedelta(seconds=17), usegmt=True)
            return Reply(429, headers={"Retry-After": "17" if form == "seconds" else date})

        with serving(reply) as fake:
            fake.graph().get("users")
        assert fake.time.slept == [17]

    def test_throttled_for_ever(self) -> None:
        """Throttling without end becomes Throttled with the last wait that was asked for."""
        with (
            serving(one_after_another(Reply(429, headers={"Retry-After": "3"}))) as fake,
            pytest.raises(Throttled) as caught,
        ):
            fake.graph(attempts=5).get("users")
        assert (len(fake.requests), caught.value.wait_s, fake.time.slept) == (5, 3.0, [3] * 4)

    def test_end_by_patience(self) -> None:
        """The waiting of one call has an end in seconds, whatever the number of attempts."""
        with (
            serving(one_after_another(Reply(429, headers={"Retry-After": "40"}))) as fake,
            pytest.raises(Throttled),
        ):
            fake.graph(attempts=1000, patience_s=100).get("users")
        assert sum(fake.time.slept) <= 100

    def test_a_wait_beyond_patience(self) -> None:
        """A longer wait ends the call at once, and until it is over nobody asks that service."""
        with serving(one_after_another(Reply(429, headers={"Retry-After": "900"}), GOOD)) as fake:
            graph = fake.graph(patience_s=300)
            for _ in range(3):
                with pytest.raises(Throttled) as caught:
                    graph.get("users")
                assert caught.value.wait_s == 900
            assert len(fake.requests) == 1
            graph.get("users", service="mail")
            fake.time.passed_s += 901
            graph.get("users")
        assert (len(fake.requests), fake.time.slept) == (3, [])

    def test_one_mailbox_throttled(self) -> None:
        """A mailbox that is throttled does not hold up the others."""

        def reply(asked: Asked) -> Reply:
            is_busy = "busy" in asked.target and len(fake.requests) == 1
            return Reply(429, headers={"Retry-After": "900"}) if is_busy else GOOD

        with serving(reply) as fake:
            graph = fake.graph()
            with pytest.raises(Throttled):
                graph.get("users/busy", service="mail", mailbox="busy")
            graph.get("users/calm", service="mail", mailbox="calm")
        assert fake.time.slept == []

    @pytest.mark.parametrize(
        "reply",
        [
            Reply(body={"value": [1, 2]}, cut=5),
            Reply(body={"value": [1, 2]}, cut=0),
            Reply(body={"value": [1, 2]}, is_chunked=True, cut=9),
            Reply(
                body=gzip.compress(bytes(range(256)))[:-60], headers={"Content-Encoding": "gzip"}
            ),
            Reply(body=b"<html>proxy error</html>", headers={"Content-Type": "text/html"}),
            Reply(body=b""),
        ],
        ids=["cut", "nothing", "cut chunk", "cut gzip", "html", "empty"],
    )
    def test_half_an_answer(self, reply: Reply) -> None:
        """Half an answer, or a page that is no JSON, is asked for again and is never a result."""
        with serving(one_after_another(reply, GOOD)) as fake:
            assert rows(fake.graph().get("users")) == []
        with serving(one_after_another(reply)) as fake:
            with pytest.raises(Unavailable):
                fake.graph(attempts=2).get("users")
            assert len(fake.requests) == 2

    def test_truncated_json(self) -> None:
        """JSON that ends too early with a length that agrees is noticed by its reader."""
        with serving(one_after_another(Reply(body=b'{"value": [1'), GOOD)) as fake:
            assert fake.graph().ask("users", rows) == []

    def test_nobody_listens(self) -> None:
        """A closed port is Unavailable and says which address; it needs no traceback."""
        with serving(one_after_another(GOOD)) as fake:
            pass
        with pytest.raises(Unavailable, match=r"127\.0\.0\.1"):
            fake.graph(attempts=2).get("users")

    @pytest.mark.parametrize("module", [requests.exceptions, urllib3.exceptions])
    def test_every_foreign_error(self, module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whatever error the libraries know becomes one of ours; a new one fails here."""
        classes = [
            one
            for _, one in inspect.getmembers(module, inspect.isclass)
            if issubclass(one, Exception)
            and not issubclass(one, Warning)
            and one.__module__.startswith(("requests", "urllib3"))
        ]
        assert len(classes) > 15
        graph = Graph("http://127.0.0.1:1/v1.0", lambda r: TOKEN, attempts=1)
        for one in classes:
            error = one.__new__(one)

            def send(self: HTTPAdapter, *args: Any, _error: Any = error, **settings: Any) -> Any:
                raise _error

            monkeypatch.setattr(HTTPAdapter, "send", send)
            with pytest.raises(RemoteError):
                graph.get("users")


class TestRefusals:
    @pytest.mark.parametrize(
        ("status", "code", "kind"),
        [
            (400, "BadRequest", Rejected),
            (400, "resyncRequired", CursorExpired),
            (400, "syncStateNotFound", CursorExpired),
            (404, "SyncStateInvalid", CursorExpired),
            (402, "PaymentRequired", Denied),
            (403, "Forbidden", Denied),
            (404, "NotFound", Gone),
            (410, "Gone", CursorExpired),
            (405, "MethodNotAllowed", Rejected),
            (418, "Teapot", Rejected),
        ],
    )
    def test_statuses(self, status: int, code: str, kind: type[RemoteError]) -> None:
        """A refusal is asked once and becomes the error that says what to do next."""
        reply = Reply(status, fault("outer", "text", {"code": code}), {"request-id": "r-2"})
        with serving(one_after_another(reply)) as fake, pytest.raises(kind) as caught:
            fake.graph().get("users")
        assert type(caught.value) is kind
        assert len(fake.requests) == 1
        assert code in str(caught.value)
        assert (caught.value.status, caught.value.request_id) == (status, "r-2")

    def test_rejected_names_the_code(self) -> None:
        """A rejection carries the code, and not the text, which may quote what was asked."""
        with (
            serving(one_after_another(Reply(400, fault("BadFilter", SECRET)))) as fake,
            pytest.raises(Rejected) as caught,
        ):
            fake.graph().get("users")
        assert caught.value.field == "BadFilter"
        assert SECRET not in str(caught.value)

    def test_invalid_token_on_a_later_page(self) -> None:
        """A page token that died is told from a wrong question by its text."""
        reply = Reply(400, fault("BadRequest", "Invalid token."))
        with serving(one_after_another(reply)) as fake, pytest.raises(CursorExpired):
            fake.graph().get("users")

    def test_protected_api(self) -> None:
        """A protected API is explained: Microsoft must approve the app."""
        text = "Invoked API requires Protected API access in application-only context"
        with (
            serving(one_after_another(Reply(403, fault("Forbidden", text)))) as fake,
            pytest.raises(Denied, match="Microsoft must approve") as caught,
        ):
            fake.graph().get("users")
        assert text in str(caught.value)

    @pytest.mark.parametrize(
        "body", [b"", b"null", b"[]", b'{"error": "text"}', b"<html>", b"\xff"]
    )
    def test_odd_error_bodies(self, body: bytes) -> None:
        """An error whose body says nothing is still told by its status."""
        with (
            serving(one_after_another(Reply(403, body))) as fake,
            pytest.raises(Denied, match="403"),
        ):
            fake.graph().get("users")


class TestToken:
    def test_renewed_once(self) -> None:
        """A refused token is renewed, and the request sent again with the new one."""
        asked: list[bool] = []

        def token(renew: bool) -> str:
            asked.append(renew)
            return "new" if renew else "old"

        with serving(one_after_another(Reply(401), GOOD)) as fake:
            fake.graph(token=token).get("users")
        assert asked == [False, True]
        assert [a.headers["Authorization"] for a in fake.requests] == ["Bearer old", "Bearer new"]

    def test_refused_twice(self) -> None:
        """A new token that is refused too is Denied; a third is not asked for."""
        with (
            serving(one_after_another(Reply(401, fault("InvalidAuthenticationToken")))) as fake,
            pytest.raises(Denied, match=r"client|secret") as caught,
        ):
            fake.graph().get("users")
        assert (len(fake.requests), caught.value.status) == (2, 401)

    def test_refused_again_after_a_fault(self) -> None:
        """One renewal is for the whole call, also when another fault comes between."""
        asked: list[bool] = []

        def token(renew: bool) -> str:
            asked.append(renew)
            return "t"

        replies = (Reply(401), Reply(500), Reply(401))
        with serving(one_after_another(*replies)) as fake, pytest.raises(Denied):
            fake.graph(token=token).get("users")
        assert asked.count(True) == 1


class TestStreams:
    def test_content(self) -> None:
        """Content comes in pieces and unpacked."""
        content = bytes(range(256)) * 1000
        packed = Reply(body=gzip.compress(content), headers={"Content-Encoding": "gzip"})
        for reply in (Reply(body=content), packed):
            with serving(one_after_another(Reply(503), reply)) as fake:
                pieces = list(fake.graph().stream("x/$value"))
            assert b"".join(pieces) == content

    @pytest.mark.parametrize("is_chunked", [False, True])
    def test_cut(self, is_chunked: bool) -> None:
        """A stream that is cut never ends as if it were whole."""
        reply = Reply(body=b"x" * 200_000, cut=100_000, is_chunked=is_chunked)
        with serving(one_after_another(reply)) as fake, pytest.raises(Unavailable, match="cut"):
            list(fake.graph().stream("x/$value"))

    def test_gone(self) -> None:
        """Content that is no longer there is Gone."""
        with serving(one_after_another(Reply(404))) as fake, pytest.raises(Gone):
            list(fake.graph().stream("x/$value"))


class TestPace:
    def test_rate(self) -> None:
        """No more than the rate and a tenth of a second's worth go out, over any number."""
        with serving(one_after_another(GOOD)) as fake:
            graph = fake.graph(rates={"chats": 10})
            for _ in range(31):
                graph.get("users")
        assert 2.8 <= sum(fake.time.slept) <= 3.0

    @given(
        rate=st.floats(0.5, 500),
        gaps=st.lists(st.floats(0, 3), min_size=2, max_size=60),
        pauses=st.dictionaries(st.integers(0, 59), st.floats(0, 9), max_size=3),
    )
    def test_moments(self, rate: float, gaps: list[float], pauses: dict[int, float]) -> None:
        """The moments given out never exceed the rate, and never fall into a pause."""
        time = Time()
        pace = Pace(rate, time.monotonic)
        moments: list[float] = []
        paused_until = 0.0
        for number, gap in enumerate(gaps):
            time.passed_s += gap
            if number in pauses:
                pace.pause(pauses[number])
                paused_until = max(paused_until, time.passed_s + pauses[number])
            wait_s, pause_s = pace.take()
            at = time.passed_s + wait_s
            assert 0 <= pause_s <= wait_s
            assert at >= paused_until - 1e-6
            moments.append(at)
        span_s = max(moments) - min(moments)
        assert len(moments) <= math.ceil(rate * (span_s + 0.1)) + 1

    def test_in_flight(self) -> None:
        """Few requests at once to a near server, many to a far one, never more than allowed."""
        time_of = {"near": 0.001, "middle": 0.05, "far": 0.15, "very far": 3.0}

        def reply(asked: Asked) -> Reply:
            fake.time.passed_s += latency_s
            return GOOD

        found = {}
        for name, latency_s in time_of.items():  # noqa: B007  the server reads it
            with serving(reply) as fake:
                graph = fake.graph(rates={"chats": 0}, max_in_flight=32)
                before = graph.in_flight("chats")
                for _ in range(20):
                    graph.get("users")
                found[name] = graph.in_flight("chats")
        assert 1 <= before <= 32
        assert found == {"near": 1, "middle": 13, "far": 32, "very far": 32}

    def test_four_at_once_in_a_mailbox(self) -> None:
        """Four requests at once to one mailbox and no fifth; another mailbox is not held up."""
        arrived, go_on = threading.Semaphore(0), threading.Event()

        def reply(asked: Asked) -> Reply:
            arrived.release()
            assert go_on.wait(20)
            return GOOD

        with serving(reply) as fake:
            graph = fake.graph()

            def ask(mailbox: str) -> None:
                graph.get("x", service="mail", mailbox=mailbox)

            threads = [threading.Thread(target=ask, args=("a",)) for _ in range(6)]
            for thread in threads:
                thread.start()
            assert all(arrived.acquire(timeout=20) for _ in range(4))
            assert not arrived.acquire(timeout=0.1)
            other = threading.Thread(target=ask, args=("b",))
            other.start()
            assert arrived.acquire(timeout=20)
            go_on.set()
            for thread in [*threads, other]:
                thread.join()
            assert len(fake.requests) == 7
            assert not graph._mailboxes

    def test_rates_have_their_service(self) -> None:
        """Every service has a published rate; a setting goes over it."""
        graph = Graph("http://127.0.0.1:1/v1.0", lambda r: TOKEN, rates={"chats": 5})
        assert graph._pace("chats").rate == 5
        assert all(
            graph._pace(name).rate == rate for name, rate in RATES.items() if name != "chats"
        )


class TestServerTime:
    @pytest.mark.parametrize("ahead_s", [-3600, 0, 3600])
    def test_clocks(self, ahead_s: int) -> None:
        """The server's time counts, but never one that our own clock has not reached."""

        def reply(asked: Asked) -> Reply:
            now = fake.time.now() + timedelta(seconds=ahead_s)
            return Reply(body={"value": []}, headers=date_header(now))

        with serving(reply) as fake:
            graph = fake.graph()
            assert graph.server_now() == fake.time.now()
            graph.get("users")
            fake.time.passed_s += 60
            assert graph.server_now() == fake.time.now() + timedelta(seconds=min(ahead_s, 0))

    @pytest.mark.parametrize("text", ["", "yesterday", "Fri, 99 Nov 2026 12:00:00 GMT"])
    def test_no_date(self, text: str) -> None:
        """Without a date that can be read, the local clock is used."""
        headers = {"Date": text} if text else {}
        with serving(one_after_another(Reply(body={"value": []}, headers=headers))) as fake:
            graph = fake.graph()
            graph.get("users")
            assert graph.server_now() == fake.time.now()


class TestLogging:
    def test_outage(self, caplog: pytest.LogCaptureFixture) -> None:
        """An outage is logged once when it begins and once when it ends."""
        down = Reply(500, fault("x", SECRET))
        replies = [down] * 6 + [GOOD, GOOD]
        caplog.set_level(logging.INFO)
        with serving(one_after_another(*replies)) as fake:
            graph = fake.graph(attempts=2)
            for _ in range(3):
                with pytest.raises(Unavailable):
                    graph.get("users")
            graph.get("users")
            graph.get("users")
        actions = [getattr(r, "action", "") for r in caplog.records if r.name == "connector.http"]
        assert actions == ["outage_begins", "outage_ends"]
        assert SECRET not in caplog.text
        assert TOKEN not in caplog.text


@given(st.text(max_size=40))
def test_retry_after_is_never_trusted(text: str) -> None:
    """Whatever stands in Retry-After, the wait is absent or a number that is not negative."""
    wait_s = _retry_after(text, Time().now())
    assert wait_s is None or (wait_s >= 0 and math.isfinite(wait_s))


def test_type_of_reply() -> None:
    """The fake server's replies are what the tests say they are."""
    maker: Callable[[Asked], Reply] = one_after_another(Reply(500), GOOD)
    asked = Asked("GET", "/", {}, b"")
    assert [maker(asked).status for _ in range(3)] == [500, 200, 200]
