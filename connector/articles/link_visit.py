"""One address of the web visited with care: one request at a time to a host, with pauses.

robots.txt is obeyed (RFC 9309), a server that asks for patience gets it, and of a page no more is
asked for than whether it is there.
"""

from __future__ import annotations

import http.client
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin
from urllib.robotparser import RobotFileParser

import msgspec

from connector.articles.link_host import USER_AGENT, Answer, Caller, NotPublicError, Place, place_of

log = logging.getLogger(__name__)

FINE, MOVED, CLOSED, NOT_ASKED, LATER = "fine", "moved", "closed", "not_asked", "later"
GONE, PRIVATE, WRONG = "gone", "private", "wrong"
"""Outcomes that say what they say at once; FAILING is one that a single night does not prove."""
FAILING = "failing"

MOST_REDIRECTS = 5
LONGEST_WAIT_S = 60.0  # a longer pause is the next night
_ROBOTS_BYTES = 500 * 1024  # RFC 9309, section 2.5: parsers read at least so much
_PERMANENT, _REDIRECTS = (301, 308), (301, 302, 303, 307, 308)
_FOREIGN = (OSError, ValueError, http.client.HTTPException)


class StoppedError(Exception):
    """The run is to end, and this visit was given up before it asked."""


def patient(
    should_stop: Callable[[], bool], sleep: Callable[[float], None] = time.sleep
) -> Callable[[float], None]:
    """A sleep that looks twice a second whether the run is to end. Raises StoppedError then."""

    def wait(seconds: float) -> None:
        while seconds > 0:
            if should_stop():
                raise StoppedError
            sleep(min(seconds, 0.5))
            seconds -= 0.5

    return wait


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """What a visit showed. `code` is the HTTP status, 0 when there was none.

    `outcome` is fine | moved (for good, to `moved_to`) | closed (asks for a sign-in, or keeps
    machines out) | not_asked (robots.txt) | later (the host asked for patience) | gone (404, 410)
    | private (an address of somebody's own network) | wrong (no web address) | failing.
    """

    outcome: str
    code: int = 0
    moved_to: str = ""
    reason: str = ""  # of failing: time-out, name, tls, redirects, connection, or ""


class _Site:
    """What has one robots.txt, and what that says."""

    def __init__(self) -> None:
        self.robots: RobotFileParser | None = None
        self.closed: Visit | None = None  # nothing more is asked here in this run


class _Lane:
    """The one way to a host: who holds it, and when it may be asked again."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.free_at = 0.0
        self.pause_s = 0.0  # of robots.txt
        self.sites: dict[str, _Site] = {}


class Visitor:
    """Visits addresses. Safe from many threads: a host is asked by one at a time."""

    def __init__(
        self,
        caller: Caller,
        *,
        pause_s: float = 2.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._caller = caller
        self._pause_s = pause_s
        self._clock = clock
        self._monotonic = monotonic
        self._sleep = sleep
        self._lock = threading.Lock()
        self._lanes: dict[str, _Lane] = {}

    def visit(self, url: str) -> Visit:
        """What stands at `url` now; redirects are followed, five at most."""
        try:
            place = place_of(url)
        except ValueError:
            return Visit(outcome=WRONG)
        moved_to, is_permanent = "", True
        for _ in range(MOST_REDIRECTS + 1):
            found = self._look(place)
            if isinstance(found, Visit):
                is_moved = found.outcome == FINE and moved_to
                return (
                    Visit(outcome=MOVED, code=found.code, moved_to=moved_to) if is_moved else found
                )
            is_permanent = is_permanent and found.status in _PERMANENT
            try:
                place = place_of(urljoin(place.url, found.location))
            except ValueError:
                return Visit(outcome=FAILING, code=found.status, reason="redirects")
            moved_to = place.url if is_permanent else moved_to
        return Visit(outcome=FAILING, reason="redirects")

    def _look(self, place: Place) -> Visit | Answer:
        """One hop: what it is, or the answer that leads on."""
        lane = self._lane(place)
        with lane.lock:
            site = lane.sites.setdefault(place.site, _Site())
            if site.closed is None and site.robots is None:
                self._read_robots(lane, site, place)
            if site.closed is not None:
                return site.closed
            if site.robots is not None and not site.robots.can_fetch(USER_AGENT, place.url):
                return Visit(outcome=NOT_ASKED)
            answer = self._ask(lane, "HEAD", place)
            if isinstance(answer, Answer) and _head_proves_nothing(answer.status):
                answer = self._ask(lane, "GET", place)
            if isinstance(answer, Visit) and answer.outcome == LATER:
                site.closed = answer
        if isinstance(answer, Visit):
            return answer
        leads_on = answer.status in _REDIRECTS and answer.location
        return answer if leads_on else Visit(outcome=_meaning(answer.status), code=answer.status)

    def _ask(self, lane: _Lane, method: str, place: Place, most_bytes: int = 0) -> Visit | Answer:
        """The answer, or what it means that there is none. Waits first, and once if told to."""
        for is_last in (False, True):
            self._wait_for(lane)
            try:
                answer = self._caller.ask(method, place, most_bytes)
            except NotPublicError:
                return Visit(outcome=PRIVATE)
            except _FOREIGN as error:
                log.debug("no answer from %s: %r", place.host, error)
                return Visit(outcome=FAILING, reason=_reason(error))
            finally:
                lane.free_at = self._monotonic() + max(self._pause_s, lane.pause_s)
            if answer.status != 429 and not (answer.status == 503 and answer.retry_after):
                return answer
            wait_s = self._asked_wait_s(answer.retry_after)
            if is_last or wait_s > LONGEST_WAIT_S:
                return Visit(outcome=LATER, code=answer.status)
            lane.free_at = max(lane.free_at, self._monotonic() + wait_s)
        raise AssertionError("the second try always ends")

    def _wait_for(self, lane: _Lane) -> None:
        wait_s = lane.free_at - self._monotonic()
        if wait_s > 0:
            self._sleep(wait_s)

    def _read_robots(self, lane: _Lane, site: _Site, place: Place) -> None:
        """Read robots.txt, once in a run. A site that cannot give it is not asked for more.

        RFC 9309, section 2.3.1: none (4xx) allows all, an error of the server or the network
        forbids all. So what is there for readers but fails today counts as a failed night.
        """
        answer = self._robots_of(lane, place)
        if isinstance(answer, Visit):
            site.closed = answer
            return
        site.robots = RobotFileParser()
        is_file = answer.status == 200
        site.robots.parse(answer.body.decode(errors="replace").splitlines() if is_file else [])
        delay_s = float(site.robots.crawl_delay(USER_AGENT) or 0)
        lane.pause_s = max(lane.pause_s, min(delay_s, LONGEST_WAIT_S))

    def _robots_of(self, lane: _Lane, place: Place) -> Visit | Answer:
        """The answer to the question for robots.txt, or what keeps us from all of this site."""
        where = place_of(f"{place.site}/robots.txt")
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._ask(lane, "GET", where, _ROBOTS_BYTES)
            if isinstance(answer, Visit):
                return answer
            if answer.status >= 500:
                return Visit(outcome=FAILING, code=answer.status)
            if answer.status not in _REDIRECTS:
                return answer
            try:
                where = place_of(urljoin(where.url, answer.location))
            except ValueError:
                break
        return Answer(404)  # section 2.3.1.2: too many redirects are as if there were none

    def _asked_wait_s(self, retry_after: str) -> float:
        """The seconds of a Retry-After header: a number or a date; a minute when unreadable."""
        if retry_after.isascii() and retry_after.isdigit():
            return float(retry_after)
        try:
            return max(0.0, (parsedate_to_datetime(retry_after) - self._clock()).total_seconds())
        except (ValueError, TypeError):
            return LONGEST_WAIT_S

    def _lane(self, place: Place) -> _Lane:
        with self._lock:
            return self._lanes.setdefault(place.host, _Lane())


def _head_proves_nothing(status: int) -> bool:
    """Many servers answer HEAD wrongly; only success, a redirect and 410 are believed."""
    return status >= 400 and status != 410


def _meaning(status: int) -> str:
    if status < 400:
        return FINE
    if status in (404, 410):
        return GONE
    return CLOSED if status in (401, 403, 407, 451) else FAILING


def _reason(error: Exception) -> str:
    """A word for why there was no answer; the locale has a sentence for each."""
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, socket.gaierror | UnicodeError):
        return "name"
    return "tls" if isinstance(error, ssl.SSLError) else "connection"
