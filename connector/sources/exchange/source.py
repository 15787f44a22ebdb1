"""On-premises Exchange as a source: a part is a mailbox, its cursor the states of its folders."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from connector.errors import Gone, RemoteError, Unavailable
from connector.identity import People
from connector.model import Finding, Page, Person, Problem
from connector.ports import Known
from connector.sources.exchange.client import Client
from connector.sources.exchange.history import Remembered
from connector.sources.exchange.reading import Reading, state_of
from connector.sources.exchange.refusals import NO_RIGHT, PASSING, Refusal, told


def _machine_time() -> datetime:
    return datetime.now(UTC)


class Exchange:
    """The mailboxes of an Exchange server of the organisation's own, 2010 SP2 to SE.

    `mailboxes` are read; with none given, those of everybody in the directory. Changes are asked
    for folder by folder, and only in folders whose time of change is another than before; once a
    day in all of them.
    """

    def __init__(
        self,
        client: Client,
        *,
        name: str = "exchange",
        zone: ZoneInfo,
        mailboxes: Sequence[str] = (),
        folders_excluded: Sequence[str] = (),
        history: bool = True,
        initial_days: int = 30,
        since: datetime | None = None,
        max_audio_mb: int = 25,
        parallel: int = 4,
        clock: Callable[[], datetime] = _machine_time,
    ) -> None:
        self.name, self.client, self.zone, self.history = name, client, zone, history
        self.excluded = tuple(each.strip().casefold() for each in folders_excluded)
        self.max_bytes = max_audio_mb << 20
        self.remembered = Remembered()
        self._mailboxes = tuple(each.lower() for each in mailboxes)
        self._initial, self._since = timedelta(days=initial_days), since
        self._parallel, self._clock = parallel, clock
        self._people = People(())

    # -- what a source is -------------------------------------------------------------------------

    def check(self) -> list[Finding]:
        """The root of one mailbox, opened with the right that the settings name."""
        try:
            mailbox = next(iter(self._mailboxes), "")
            self.client.sign_in()
            if mailbox:
                self.client.root(mailbox)
        except Refusal as error:
            what, fix = self._told(error.code), self._fix(error.code)
            return [Finding(level="error", system=self.name, what=what, fix=fix)]
        except RemoteError as error:
            what, fix = str(error).removeprefix(f"{self.name}: "), "See docs/how-to/exchange.md."
            return [Finding(level="error", system=self.name, what=what, fix=fix)]
        what = "reachable; the service account can sign in"
        if not mailbox:
            fix = "Name one in sources.exchange.mailboxes to have the right to read tried here."
            return [Finding(level="ok", system=self.name, what=what, fix=fix)]
        what = f"{what}, and may read a mailbox by {self._right}"
        return [Finding(level="ok", system=self.name, what=what)]

    def parts(self, people: Sequence[Person]) -> list[str]:
        """The mailboxes that are named, else those of people. A run begins with it."""
        self._people = People(people)
        self.remembered = Remembered()
        self.client.begin()
        if self._mailboxes:
            return list(dict.fromkeys(self._mailboxes))
        mails = [each.mail.lower() for each in people if "@" in each.mail and not each.is_removed]
        return list(dict.fromkeys(mails))

    def changes(self, part: str, cursor: str | None, known: Known) -> Iterator[Page]:
        """What came to a mailbox since the cursor, folder by folder."""
        reading = Reading(self, part, state_of(cursor), known, self._clock())
        try:
            yield from reading.pages()
        except Refusal as error:
            if error.code in PASSING:
                raise self.unavailable(error.code) from error
            reason = f"{part}: {self._told(error.code)}"
            problem = Problem(source=self.name, part=part, key="", reason=reason, scope="part")
            yield Page(source=self.name, part=part, items=(problem,))

    def content(self, ref: str) -> Iterator[bytes]:
        """The bytes of an attachment, as they come over the line."""
        kind, _, rest = ref.partition("/")
        mailbox, _, attachment = rest.partition("/")
        if kind != "ews" or not attachment:
            raise Gone(f"{self.name}: this is no attachment of this source", system=self.name)
        return self.client.stream(unquote(mailbox), unquote(attachment))

    @property
    def in_flight(self) -> int:
        """As many mailboxes at once as the throttling policy allows."""
        return self._parallel

    # -- what the reading asks --------------------------------------------------------------------

    def first_day(self, now: datetime) -> datetime:
        """What came before is not read."""
        return self._since or now - self._initial

    def find(self, mail: str) -> Person | None:
        """Somebody of the directory by mail or SIP address."""
        return self._people.find(mail)

    def person_id(self, mail: str) -> str:
        """A directory id by mail or SIP address; "" for somebody who is not in it."""
        found = self._people.find(mail)
        return found.id if found else ""

    def thread(self, mailbox: str) -> str:
        """What the items of a mailbox stand in: its owner's directory id, else its address."""
        return self.person_id(mailbox) or mailbox

    def unavailable(self, code: str) -> Unavailable:
        """A mailbox that may be readable in the next run."""
        text = f"{self.name}: Exchange cannot answer now ({code}); the next run tries again"
        return Unavailable(text, system=self.name)

    @property
    def _right(self) -> str:
        return "impersonation" if self.client.is_impersonating else "delegated rights"

    def _told(self, code: str) -> str:
        return told(code, is_impersonated=self.client.is_impersonating)

    def _fix(self, code: str) -> str:
        if code in NO_RIGHT:
            return self._told(code)
        return "Look at the first of sources.exchange.mailboxes; see docs/how-to/exchange.md."
