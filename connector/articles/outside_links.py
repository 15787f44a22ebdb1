"""The links that lead out of our articles: visited at night, and what is wrong with them told.

A page that is gone says so at once. A server that does not answer is broken only when three nights
in a row have shown it: a site is down for an hour every week, and a false alarm is not read twice.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from connector.articles.link_visit import (
    FAILING,
    GONE,
    LATER,
    MOVED,
    NOT_ASKED,
    PRIVATE,
    WRONG,
    StoppedError,
    Visit,
)
from connector.articles.mistakes import Mistake, warning
from connector.articles.reading import Library
from connector.errors import Unavailable
from connector.ledger.outside_links import OutsideLink, forget_links, keep_links, outside_links
from connector.progress import Progress, Silent

if TYPE_CHECKING:
    from connector.ledger.store import Ledger

JOB = "article_links"
BROKEN_AFTER_NIGHTS = 3
HOSTS_AT_ONCE = 4
DEAF_HOSTS = 3  # so many that do not answer, and none that does: it is our own line
Found = Mapping[str, Sequence[tuple[str, str, int]]]
"""Article id -> its links out: address, path of the file, line."""

_AT_ONCE_WRONG = (GONE, PRIVATE, WRONG)
_UNKNOWN_STILL = (LATER, NOT_ASKED)  # these say nothing of the page


class Checked(msgspec.Struct):
    """What a night of checking did."""

    visited: int = 0
    broken: int = 0
    failing: int = 0  # not for three nights yet
    moved: int = 0
    left: int = 0  # not visited: the run was stopped

    def counts(self) -> dict[str, int]:
        """By name, for the record of the run."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value}


def found_in(library: Library) -> Found:
    """The links out of each article, as reading it found them."""
    return {id: origin.outside for id, origin in library.origins.items() if origin.outside}


def linked(found: Found) -> dict[str, tuple[str, ...]]:
    """Every address of the web, without its fragment, and the ids of the articles that have it."""
    by_url: dict[str, dict[str, None]] = {}
    for id, places in found.items():
        for url, _, _ in places:
            by_url.setdefault(_page(url), {})[id] = None
    return {url: tuple(ids) for url, ids in sorted(by_url.items())}


def _page(url: str) -> str:
    """The address without its fragment, also of what is no address."""
    return url.partition("#")[0]


def _host(url: str) -> str:
    """The host that is asked; "" for what is no address, which is never sent."""
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""


def is_broken(link: OutsideLink) -> bool:
    """Should an editor mend it?"""
    return link.status in _AT_ONCE_WRONG or link.nights >= BROKEN_AFTER_NIGHTS


def after(link: OutsideLink, visit: Visit, now: datetime) -> OutsideLink:
    """The link as it stands after a visit. A second visit in one night makes no second night."""
    seen = msgspec.structs.replace(
        link,
        checked_at=now,
        status=visit.outcome,
        code=visit.code,
        moved_to=visit.moved_to,
        reason=visit.reason,
    )
    if visit.outcome in _UNKNOWN_STILL:
        return seen
    if visit.outcome == FAILING:
        is_new_night = not link.nights or _day(link.checked_at) != _day(now)
        return msgspec.structs.replace(
            seen, nights=link.nights + is_new_night, failed_since=link.failed_since or now
        )
    since = (link.failed_since or now) if visit.outcome in _AT_ONCE_WRONG else None
    return msgspec.structs.replace(seen, nights=0, failed_since=since)


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.astimezone(UTC).date()


def check_links(
    found: Found,
    visit: Callable[[str], Visit],
    ledger: Ledger,
    now: datetime,
    *,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Checked:
    """Visit every link, the longest unvisited first, and keep what was seen as it is seen.

    Raises Unavailable when no host at all answers: then nothing is held against any link. Four
    hosts at once, each asked by one. What is stopped in the middle goes on the next time with
    those that were not visited.
    """
    told = progress or Silent()
    unheard: list[tuple[OutsideLink, Visit]] = []
    known = _known(ledger, linked(found))
    done = Checked(left=len(known))
    told.begin(JOB, len(known))
    try:
        for link, seen in _visited(list(known.values()), visit, should_stop):
            unheard.append((link, seen))
            # Until somebody has answered, it may be this machine that is cut off.
            if seen.code or done.visited:
                _keep(ledger, unheard, now, done)
                unheard.clear()
            told.step(JOB, done.visited, {"broken": done.broken})
        if unheard:
            _told_if_deaf(unheard)
            _keep(ledger, unheard, now, done)
    finally:
        told.end(JOB)
    return done


def _keep(
    ledger: Ledger, seen: Iterable[tuple[OutsideLink, Visit]], now: datetime, done: Checked
) -> None:
    kept = [after(link, visit, now) for link, visit in seen]
    keep_links(ledger, kept)
    for each in kept:
        done.visited += 1
        done.left -= 1
        done.broken += is_broken(each)
        done.failing += each.status == FAILING and not is_broken(each)
        done.moved += each.status == MOVED


def _told_if_deaf(seen: Sequence[tuple[OutsideLink, Visit]]) -> None:
    """Raises Unavailable when several hosts were asked and not one answered anything."""
    hosts = {_host(link.url) for link, visit in seen if visit.outcome == FAILING}
    if len(hosts) >= DEAF_HOSTS:
        raise Unavailable(
            f"links: none of {len(hosts)} hosts answered; can this machine reach the web? "
            "(a proxy is set as graph.proxy)",
            system="links",
        )


def _known(ledger: Ledger, there: Mapping[str, tuple[str, ...]]) -> dict[str, OutsideLink]:
    """What the ledger knows of these addresses, new ones added; it forgets all others."""
    with ledger.read() as connection:
        before = {each.url: each for each in outside_links(connection)}
    gone = before.keys() - there.keys()
    if gone:
        forget_links(ledger, gone)
    new = {
        url: msgspec.structs.replace(before[url], articles=ids)
        if url in before
        else OutsideLink(url=url, articles=ids)
        for url, ids in there.items()
    }
    keep_links(ledger, [each for url, each in new.items() if before.get(url) != each])
    return new


_Results = queue.Queue[tuple[OutsideLink, Visit] | BaseException | None]


def _visited(
    links: Sequence[OutsideLink], visit: Callable[[str], Visit], should_stop: Callable[[], bool]
) -> Iterator[tuple[OutsideLink, Visit]]:
    """Each link with what was seen there, as it comes; hosts beside each other.

    When whoever asks goes away, or says stop, each host is left after the visit in hand.
    """
    hosts: dict[str, list[OutsideLink]] = {}
    for link in sorted(links, key=lambda each: each.checked_at or datetime.min.replace(tzinfo=UTC)):
        hosts.setdefault(_host(link.url), []).append(link)
    results: _Results = queue.Queue()
    gone = threading.Event()

    def is_over() -> bool:
        return gone.is_set() or should_stop()

    with ThreadPoolExecutor(HOSTS_AT_ONCE, "links") as pool:
        for those in hosts.values():
            pool.submit(_visit_host, those, visit, is_over, results)
        try:
            open_ = len(hosts)
            while open_:
                result = results.get()
                if result is None:
                    open_ -= 1
                elif isinstance(result, BaseException):
                    raise result
                else:
                    yield result
        finally:
            gone.set()


def _visit_host(
    those: Sequence[OutsideLink],
    visit: Callable[[str], Visit],
    is_over: Callable[[], bool],
    results: _Results,
) -> None:
    """Visit the links of one host in order; None ends what is told of it."""
    try:
        for link in those:
            if is_over():
                break
            results.put((link, visit(link.url)))
    except StoppedError:
        pass
    except BaseException as error:  # noqa: BLE001  raised again where it is waited for
        results.put(error)
    finally:
        results.put(None)


def link_mistakes(found: Found, links: Iterable[OutsideLink]) -> Iterator[Mistake]:
    """A warning where an article links to what is broken or has moved for good."""
    wrong = {each.url: each for each in links if is_broken(each) or each.status == MOVED}
    if not wrong:
        return
    for id, places in found.items():
        for url, path, line in places:
            link = wrong.get(_page(url))
            if link is not None:
                key, values = _what(link)
                yield warning(id, path, line, key, url=link.url, **values)


def _what(link: OutsideLink) -> tuple[str, dict[str, str]]:
    """The key of what is wrong with a link, and its values."""
    match link.status:
        case "moved":
            return "link_moved", {"moved_to": link.moved_to}
        case "gone":
            return "link_gone", {"code": str(link.code)}
        case "private":
            return "link_private", {}
        case "wrong":
            return "link_wrong", {}
    # It failed for three nights; after that it may have asked us to wait.
    since = str(_day(link.failed_since) or "")
    return "link_failing", {"nights": str(link.nights), "since": since}
