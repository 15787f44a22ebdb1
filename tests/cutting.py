"""A line that is cut, or a program that dies, at the n-th request or at its answer."""

from __future__ import annotations

from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

from connector.wire import QuickAdapter


class Killed(BaseException):
    """The program died here: nothing of it may run on, so nothing catches it."""


class Cutter(HTTPAdapter):
    """The connections to `origin`; `at` is the request to be cut (from 1, 0 for none).

    `when` is "before" the request leaves or "after" the system has carried it out. `how` is "cut"
    (the program sees a broken line) or "killed" (it does not live to see anything).
    """

    def __init__(self, origin: str, at: int = 0, when: str = "before", how: str = "cut") -> None:
        super().__init__()
        self._inner = QuickAdapter(origin, 8)
        self.at, self.when, self.how = at, when, how
        self.count = 0

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """Pass the request on, or not."""
        self.count += 1
        is_now = self.count == self.at
        if is_now and self.when == "before":
            self._break()
        response = self._inner.send(request, *args, **kwargs)
        if is_now:
            response.raw.read()
            response.raw.close()
            self._break()
        return response

    def _break(self) -> None:
        if self.how == "killed":
            raise Killed
        raise requests.exceptions.ConnectionError(urllib3.exceptions.ProtocolError("cut"))

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()
