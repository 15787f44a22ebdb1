"""A mailbox that moves from own servers to Exchange Online: its voicemail is journaled once."""

from __future__ import annotations

import sqlalchemy as sa

from connector.jobs.collect import collect
from connector.ledger import Ledger
from connector.ledger.tables import item
from connector.model import Kind
from connector.sandbox import Sandbox
from connector.sandbox.protocol import Request
from connector.sources.mail import Voicemail
from connector.sources.teams import Directory
from tests.ews_town import people_of, serving, whole_town
from tests.fake_graph import TOKEN, Asked, FakeGraph, Reply
from tests.making import policy

TOWN, STORE = whole_town(users=20, days=9)


def kept(ledger: Ledger) -> list[str]:
    """The keys of the voicemails and sightings in the ledger."""
    with ledger.read() as connection:
        wanted = (Kind.VOICEMAIL.value, Kind.SIGHTING.value)
        rows = connection.execute(sa.select(item.c.key).where(item.c.kind.in_(wanted)))
        return sorted(row.key for row in rows)


def _graph(fake: FakeGraph) -> Sandbox:
    return Sandbox(TOWN, static_token=TOKEN, clock=fake.time.now)


def test_moved_at_noon(ledger: Ledger) -> None:
    """What was read on own servers is not read again online, nor the other way round, and nothing
    is lost: the mails that came after the move are read where the mailbox is now."""
    sandbox: list[Sandbox] = []

    def reply(asked: Asked) -> Reply:
        headers = {name.lower(): value for name, value in asked.headers.items()}
        answer = sandbox[0].handle(
            Request(
                method=asked.method,
                target=asked.target,
                headers=headers,
                body=asked.body,
                origin=fake.origin,
            )
        )
        return Reply(answer.status, answer.body, {"content-type": "application/json"})

    fake = FakeGraph(reply)
    sandbox.append(_graph(fake))
    graph = fake.graph()
    people = people_of(TOWN)
    with serving(STORE) as town:
        collect(ledger, Directory(graph, name="directory"), policy())
        half = {person.mail for person in people[: len(people) // 2]}
        source = town.source(history=False, initial_days=400, mailboxes=sorted(half))
        collect(ledger, source, policy())
        before = kept(ledger)
        collect(ledger, Voicemail(graph, name="voicemail", initial_days=400), policy())
        after = kept(ledger)
        everybody = town.source(
            history=False, initial_days=400, mailboxes=[person.mail for person in people]
        )
        collect(ledger, everybody, policy())
    graph.close()
    fake.close()
    true = sorted(mail.internet_id for mail in TOWN.mails if mail.kind in ("voicemail", "missed"))
    assert 0 < len(before) < len(true)
    assert after == true
    assert kept(ledger) == true
