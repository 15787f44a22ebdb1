"""What all requests share: the program, its ledger, its settings, and who is known to be who."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from fastapi import Request

from connector.ledger.waiting import Target
from connector.web.common import Common
from connector.web.page import TooOften

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from connector.bootstrap import Program
    from connector.ledger import Ledger
    from connector.settings import Settings, Web
    from connector.web.openid import OpenId


EXPORTS_PER_MIN = 20  # files and prints of one person: each takes a thread, and reads much


@dataclass
class Site:
    """One portal. Safe to use from many threads; `common` is what its processes agree on."""

    program: Program
    openid: OpenId
    common: Common = field(default_factory=Common)

    @property
    def ledger(self) -> Ledger:
        """The ledger."""
        return self.program.ledger

    @property
    def settings(self) -> Settings:
        """The whole configuration."""
        return self.program.settings

    @property
    def web(self) -> Web:
        """[web] of the configuration."""
        return self.program.settings.web

    @property
    def zone(self) -> ZoneInfo:
        """The municipality's time zone."""
        return self.program.zone

    @property
    def clock(self) -> Callable[[], datetime]:
        """Now, as an aware time."""
        return self.program.clock

    @property
    def target(self) -> Target:
        """By when what was said today, or earlier, is to be journaled."""
        return Target(
            days=self.settings.journal.target_days,
            zone=self.zone,
            today=self.clock().astimezone(self.zone).date(),
        )

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach the portal over https."""
        return self.web.url.startswith("https://")

    @property
    def cookie(self) -> str:
        """Of the session. No other host or path can set one with __Host- (RFC 6265bis)."""
        return "__Host-casethread" if self.is_secure else "casethread"

    def read(self) -> AbstractContextManager[Connection]:
        """A connection that sees one state of the ledger throughout."""
        return self.ledger.read()

    def write(self, *, durable: bool = True) -> AbstractContextManager[Connection]:
        """One transaction; durable unless said otherwise: what people decide must not be lost."""
        return self.ledger.write(durable=durable)

    def limit_exports(self, who: str) -> None:
        """Count one file or print that `who` takes. Raises TooOften."""
        self.limit("export", who, EXPORTS_PER_MIN)

    def is_within(self, what: str, who: str, per_minute: int) -> bool:
        """Count one use of `what` by `who`; whether it is one of the first of this minute."""
        return not self.common.hit(what, who, per_minute)

    def limit(self, what: str, who: str, per_minute: int) -> None:
        """Count one use of `what` by `who`. Raises TooOften with the seconds to wait."""
        wait_s = self.common.hit(what, who, per_minute)
        if not wait_s:
            return
        seconds = max(1, round(wait_s))
        error = TooOften("wrong.too_often", seconds=seconds)
        error.headers["retry-after"] = str(seconds)
        raise error


def site_of(request: Request) -> Site:
    """The portal that this request came to."""
    found: Site = request.app.state.site
    return found
