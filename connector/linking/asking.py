"""What the register will surely be asked about a communication.

The ledger asks for a whole batch at once; what only some rules ask, they ask for themselves.
"""

from __future__ import annotations

from collections.abc import Iterator

from connector.linking.keys import mail_key, masked_key, name_key, phone_key
from connector.linking.pointing import keys_of_hit
from connector.linking.subject import Subject


def first_keys(subject: Subject) -> Iterator[str]:
    """Keys of numbers, telephones, addresses and names in it."""
    for naming in (*subject.named, *subject.quoted):
        yield from keys_of_hit(naming.hit)
    yield from map(phone_key, subject.phones)
    yield from map(masked_key, subject.masked)
    yield from map(mail_key, subject.mails)
    if subject.relayed is not None:
        yield from map(phone_key, subject.relayed.phones)
    yield from filter(None, map(name_key, subject.names))
