"""What nobody expected: told by a number, and logged without what was said.

The message of an error may hold what somebody wrote, a name or a case; its type and the lines of
the program where it arose do not. So only these are logged. Nothing is left to the server, whose
log would hold the message.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from fastapi import Request

from connector.log import places_of
from connector.web import page

if TYPE_CHECKING:
    from connector.web.headers import Receive, Scope, Send

log = logging.getLogger(__name__)


class BrokenOff(Exception):
    """An answer that was under way could not be finished; the log has the number."""


class Mishaps:
    """A layer of the application, within the one that adds the security headers."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_begun = False

        async def noted(message: Any) -> None:
            nonlocal is_begun
            is_begun = is_begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, noted)
            return
        except Exception as error:  # noqa: BLE001  whatever it is, its message goes no further
            number = secrets.token_hex(4)
            log.error(
                "portal: unexpected error %s",
                number,
                extra={"action": "portal_error", "error": places_of(error)},
            )
        if is_begun or scope["type"] != "http":
            raise BrokenOff(number)
        wrong = page.Problem("wrong.unexpected", number=number)
        wrong.status = 500
        await page.problem(Request(scope), wrong)(scope, receive, send)
