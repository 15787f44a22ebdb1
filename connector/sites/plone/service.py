"""Asking plone.restapi: reads are tried again, writes only where nothing can have been written."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec
from requests.adapters import HTTPAdapter

from connector.article import SiteAccess
from connector.errors import RemoteError, Throttled, Unavailable
from connector.journaling.remote import Answer, Remote
from connector.sites.plone.answers import Found, Listing
from connector.sites.plone.refusals import is_conflict, refusal
from connector.sites.plone.sign_in import SignIn

T = TypeVar("T")

_READS = 3  # tries
_WRITES = 4  # tries after a conflict in the database, of which Plone itself makes three
_BATCH = 500
_COLUMNS = (
    "UID", "getId", "modified", "review_state", "listCreators", "article_id", "article_digest",
)  # fmt: skip


class Service:
    """One site, signed in. `adapter`, `sleep` and `chance` are for tests."""

    def __init__(
        self,
        access: SiteAccess,
        *,
        adapter: HTTPAdapter | None = None,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.name = access.name
        self.url = access.url.rstrip("/")
        self.user = access.user
        self._sleep, self._chance = sleep, chance
        at_once = 2  # one writer; Plone has four threads for everybody
        plain = Remote(
            self.url, name=access.name, ca_bundle=access.ca_bundle,
            timeout_s=(10.0, access.timeout_s), in_flight=at_once, adapter=adapter,
        )  # fmt: skip
        self._remote = Remote(
            self.url, name=access.name, ca_bundle=access.ca_bundle,
            timeout_s=(10.0, access.timeout_s), in_flight=at_once, adapter=adapter,
            sign_in=SignIn(plain, access.user, access.secret),
            refuse=lambda answer: refusal(answer, access.name, access.user),
        )  # fmt: skip

    def address(self, path: str) -> str:
        """The address of a path within the site."""
        clean = path.strip("/")
        return f"{self.url}/{quote(clean)}" if clean else self.url

    def get(self, url: str, type: type[T]) -> T:
        """Read something; tried again when the site does not answer. Raises Gone, Denied, ..."""
        for left in range(_READS - 1, -1, -1):
            try:
                return self._remote.json("GET", url, type)
            except Throttled:
                raise
            except Unavailable:
                if not left:
                    raise
                self._sleep(0.2 + 0.6 * self._chance())
        raise AssertionError("not reached")

    def write(
        self, method: str, url: str, value: object, type: type[T], *, shows: bool = False
    ) -> T:
        """POST or PATCH, and what Plone says of it. `shows`: a PATCH gives the whole object.

        Raises Unclear when it may or may not have been carried out.
        """
        headers = {"Content-Type": "application/json"}
        if shows:
            headers["Prefer"] = "return=representation"
        body = msgspec.json.encode(value)
        return self._remote.read(self._write(method, url, body, headers), type)

    def tell(self, url: str, value: object) -> None:
        """A POST that is answered with nothing."""
        body = msgspec.json.encode(value)
        self._write("POST", url, body, {"Content-Type": "application/json"})

    def remove(self, url: str) -> None:
        """DELETE. Raises Gone when it is not there."""
        self._write("DELETE", url, None, {})

    def _write(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        for left in range(_WRITES - 1, -1, -1):
            answer = self._remote.send(method, url, body=body, headers=headers)
            if answer.is_good:
                return answer
            if not (left and is_conflict(answer)):
                break
            self._sleep(0.05 + 0.4 * self._chance())
        error: RemoteError = refusal(answer, self.name, self.user) or self._remote.refusal(answer)
        raise error

    def search(self, types: Sequence[str], within: str = "", **query: str) -> Iterator[Found]:
        """Everything of these types that we may see, also before and after its time.

        `query` is by indexes. One that the site does not have is ignored: look at what comes.
        """
        asked = [("metadata_fields", name) for name in _COLUMNS]
        asked += [("portal_type", each) for each in types] + list(query.items())
        asked += [("show_inactive", "1"), ("sort_on", "getId"), ("b_size", str(_BATCH))]
        start, total = 0, 1
        while start < total:
            url = f"{within or self.url}/@search?{urlencode([*asked, ('b_start', str(start))])}"
            listing = self.get(url, Listing)
            yield from listing.items
            total = listing.items_total
            start += _BATCH
