"""Makes a ledger that owes one of each: a voicemail with its sound, a chat in two versions, a void.

All of it is on two cases, so that an entry on the wrong one would be seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from connector.jobs.deliver import write_entries
from connector.jobs.fetch import fetch
from connector.ledger import Ledger, open_ledger
from connector.ledger.batch import Batch
from connector.ledger.linking import decide_by_person
from connector.ledger.policy import Policy
from connector.ledger.tables import item
from connector.ledger.take import take
from connector.model import Attachment, Case, Direction, Entry, Item, Kind, LinkState, Party
from connector.spool import Spool
from tests.contracts.sink import AUDIO
from tests.killing_sinks import NOW
from tests.making import message, page, policy

FIRST, SECOND, SPOKEN = "Hvornår kommer I?", "Klokken ti.", "Ring venligst tilbage."
ON_NUMBER, ON_OTHER = 3, 2  # deliveries on each case: chat, chat 2, voicemail; chat, void


class Mailbox:
    """A source that has the one sound."""

    name = "voicemail"

    def content(self, ref: str) -> Iterator[bytes]:
        """The bytes of the recording."""
        return iter((AUDIO,))


def owe(folder: Path, sink: str, number: str, other: str) -> tuple[Path, Path]:
    """A ledger that owes `sink` five deliveries on these two cases, and the spool."""
    path, spool = folder / "owing.db", folder / "spool"
    ledger = open_ledger(f"sqlite:///{path}", clock=lambda: NOW)
    rules = policy(sinks=(sink,))
    chat, moved = message(FIRST, 0), message("Forkert sted", 1, thread="19:b@thread.v2")
    take(ledger, [page(chat, moved)], rules)
    take(ledger, [page(_voicemail())], rules)
    fetch(ledger, ["voicemail"], lambda _name: Mailbox(), Spool(spool))  # type: ignore[arg-type,return-value]
    for root, case in ((1, number), (2, other), (3, number)):
        _decide(ledger, rules, root, case)
    write_entries(ledger, rules, _title)
    take(ledger, [page(message(SECOND, 9), cursor="c2")], rules)
    _decide(ledger, rules, 4, number)
    _decide(ledger, rules, 2, "")
    write_entries(ledger, rules, _title)
    with ledger.read() as connection:
        kinds = list(connection.execute(sa.select(item.c.kind).order_by(item.c.id)).scalars())
    assert kinds == ["message", "message", "voicemail", "message"]
    ledger.close()
    return path, spool


def _voicemail() -> Item:
    sound = Attachment(name="Besked.wav", content_type="audio/wav", ref="r", role="audio")
    parties = (Party(phone="+4520000001", role="from"), Party(person="u1", role="to"))
    return message(
        SPOKEN,
        5,
        source="voicemail",
        thread="u1",
        kind=Kind.VOICEMAIL,
        direction=Direction.INBOUND,
        sender="+4520000001",
        sender_name="",
        parties=parties,
        attachments=(sound,),
    )


def _decide(ledger: Ledger, rules: Policy, root: int, number: str) -> None:
    """A person puts an item on a case, or takes it off."""
    case = Case(number=number, title="Flytning") if number else None
    state = LinkState.LINKED if case else LinkState.UNLINKED
    with ledger.write(durable=True) as connection:
        batch = Batch(ledger=ledger, connection=connection, policy=rules, now=ledger.now())
        decide_by_person(batch, root, state=state, case=case, actor="bodil", reason="Forkert sag.")


def _title(entry: Entry) -> str:
    return f"{entry.kind} {entry.local_day}"
