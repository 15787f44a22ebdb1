"""Mailboxes that are closed to us, each for itself: the others are read all the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connector.errors import Denied, Unavailable
from connector.jobs.collect import Collected, collect
from connector.ledger import Ledger
from connector.ledger.cursors import cursors_of
from connector.sandbox.ews import Before, Call, Refused
from connector.sandbox.ews import Exchange as Server
from connector.sandbox.ews_xml import answer, failure
from connector.sandbox.protocol import Response
from connector.sources.exchange.line import MOST_CLOSED
from tests.ews_town import (
    ANNA,
    BENT,
    Town,
    items,
    people_of,
    problems,
    put,
    read,
    serving,
    voicemail,
    whole_town,
)
from tests.making import policy as make_policy

PEOPLE, STORE = whole_town(users=8, days=3)
ADDRESSES = [each.mail for each in people_of(PEOPLE)]
Closed = Callable[[set[str]], Before]


def status(code: int) -> Closed:
    """HTTP tells that these mailboxes are closed, whoever signs in."""
    headers = {"www-authenticate": 'Basic realm="mail"'} if code == 401 else {}

    def closed(mailboxes: set[str]) -> Before:
        return lambda _server, call: (
            Response(status=code, headers=headers) if call.mailbox in mailboxes else None
        )

    return closed


def fault(code: str) -> Closed:
    """A SOAP fault tells it."""

    def closed(mailboxes: set[str]) -> Before:
        def before(_server: Server, call: Call) -> None:
            if call.mailbox in mailboxes:
                raise Refused(code, "The mailbox cannot be opened.")

        return before

    return closed


def message(code: str) -> Closed:
    """The answer is well, and its one message tells it."""

    def closed(mailboxes: set[str]) -> Before:
        def before(_server: Server, call: Call) -> str | None:
            if call.mailbox not in mailboxes:
                return None
            name = call.operation
            told = failure(name, code, "The mailbox cannot be opened.")
            return answer(name, told)

        return before

    return closed


def run(ledger: Ledger, town: Town) -> Collected:
    """One run over all mailboxes, in their order, by one reader."""
    source = town.source(initial_days=400, mailboxes=ADDRESSES, parallel=1)
    return collect(ledger, source, make_policy())


@pytest.mark.parametrize(
    "closed",
    [
        status(403),
        status(401),
        fault("ErrorMailboxStoreUnavailable"),
        message("ErrorMailboxStoreUnavailable"),
        message("ErrorMailboxFailover"),
        message("ErrorMailboxMoveInProgress"),
    ],
    ids=["403", "401", "fault", "store", "failover", "move"],
)
@pytest.mark.parametrize("first", [0, 2])
def test_others_are_read(ledger: Ledger, closed: Closed, first: int) -> None:
    """Four closed mailboxes, also when they are the first to be asked, are told, and every other is
    read in the same run; when they are open again, they are read, too."""
    shut = set(ADDRESSES[first : first + 4])
    with serving(STORE) as town:
        town.server.before.append(closed(shut))
        got = run(ledger, town)
        assert got.stopped is None
        assert set(cursors_of(ledger, "exchange")) == set(ADDRESSES) - shut
        assert got.taken.problems == len(shut)
        assert sum(town.clock.slept) <= 4 * 7.0  # no reader waits for minutes
        town.server.before.clear()
        assert run(ledger, town).taken.problems == 0
        assert set(cursors_of(ledger, "exchange")) == set(ADDRESSES)


@pytest.mark.parametrize("code", [401, 403])
def test_all_are_closed(ledger: Ledger, code: int) -> None:
    """Where the account may sign in and no mailbox opens, the run ends after some."""
    with serving() as town:
        town.server.before.append(
            lambda _server, call: Response(status=code) if call.mailbox else None
        )
        boxes = [f"{n}@nordvang.example" for n in range(40)]
        source = town.source(mailboxes=boxes, parallel=1)
        got = collect(ledger, source, make_policy())
        assert isinstance(got.stopped, Denied)
        assert str(code) in str(got.stopped)
        asked = {call.mailbox for call in town.server.asked if call.mailbox}
        assert len(asked) == MOST_CLOSED


def test_password_changed_during_a_run() -> None:
    """A password that is changed after mailboxes were read is told after two knocks more, and then
    nobody tries again in this run."""
    with serving() as town:
        put(town, voicemail())
        source = town.source()
        assert len(items(read(source))) == 1
        town.server.password = "en ny"
        knocks = town.listener._http.shared
        plain, count = knocks.handle, []
        knocks.handle = lambda request: count.append(request) or plain(request)  # type: ignore[func-returns-value]
        for mailbox in (ANNA, BENT, ANNA):
            with pytest.raises(Denied, match="the password"):
                read(source, mailbox)
        assert len(count) == 2
        assert sum(town.clock.slept) < 5


def test_item_of_a_closed_mailbox() -> None:
    """A database that goes down between the listing and the reading costs no item: the mailbox
    keeps its place."""
    with serving() as town:
        put(town, voicemail())
        source = town.source()

        def down(_server: Server, call: Call, body: str) -> str:
            if call.operation != "GetItem":
                return body
            told = failure("GetItem", "ErrorMailboxStoreUnavailable", "Down.", "<m:Items/>")
            return answer("GetItem", told)

        town.server.after.append(down)
        pages = read(source)
        assert [one.scope for one in problems(pages)] == ["part"]
        assert [page.cursor for page in pages] == [None]
        town.server.after.clear()
        assert len(items(read(source))) == 1


@pytest.mark.parametrize(
    "closed", [status(403), fault("ErrorMailboxStoreUnavailable"), fault("ErrorMailboxFailover")]
)
def test_recording_of_a_closed_mailbox(closed: Closed) -> None:
    """Its recording is asked for again later: it is neither gone nor refused for good."""
    with serving() as town:
        put(town, voicemail())
        source = town.source()
        (item,) = items(read(source))
        town.server.before.append(closed({ANNA}))
        with pytest.raises((Unavailable, Denied)):
            list(source.content(item.attachments[0].ref))
        town.server.before.clear()
        assert b"".join(source.content(item.attachments[0].ref)) == b"sound"


def test_one_database_down_makes_nobody_wait() -> None:
    """Only a busy server makes all readers wait, not one mailbox's trouble."""
    with serving() as town:
        put(town, voicemail(), mailbox=BENT)
        town.server.before.append(fault("ErrorInternalServerTransientError")({ANNA}))
        client = town.client(patience_s=50)
        with pytest.raises(Unavailable):
            read(town.source(client))
        waited = len(town.clock.slept)
        town.clock.passed_s -= 15  # another reader, at the same time
        assert len(items(read(town.source(client), BENT))) == 1
    assert town.clock.slept[waited:] == []


@pytest.mark.parametrize(
    "code", ["ErrorNonExistentMailbox", "ErrorWrongServerVersion", "ErrorProxyRequestNotAllowed"]
)
def test_one_mailbox_is_online(code: str) -> None:
    """Where a mailbox may have moved to Exchange Online, what reads it there is named."""
    with serving() as town:
        town.server.before.append(fault(code)({ANNA}))
        (problem,) = problems(read(town.source()))
    assert code in problem.reason
    assert "sources.voicemail.enabled" in problem.reason
