"""Guests of the tenant are in its directory, and are none of us."""

from __future__ import annotations

import msgspec
import pytest
import sqlalchemy as sa

from connector.ledger import Ledger
from connector.ledger.policy import Policy
from connector.ledger.tables import item, private_thread
from connector.ledger.take import take
from connector.model import CaseParty, Item
from connector.sources.teams.messages import parse_message
from tests.making import CASE, add_cases, case, page, policy

WORKER, GUEST = "22222222-2222-4222-8222-222222222222", "11111111-1111-4111-8111-111111111111"
UPNS = {WORKER: "bodil@kommune.example", GUEST: "Asger_mail.example#EXT#@kommune.example"}
CHAT = f"19:{GUEST}_{WORKER}@unq.gbl.spaces"


def directory(mail: str) -> Policy:
    """What the directory knows of the two: each under all the names it has."""
    names = {each: frozenset({upn.casefold()}) for each, upn in UPNS.items()}
    names[GUEST] |= {mail}
    return policy(upns=UPNS, aliases=names, names={GUEST: "Asger Prøve"})


def said(text: str, key: str = "1795000000001") -> Item:
    """As Graph gives a guest's message: of an `aadUser`, as any colleague's."""
    sender = {"id": GUEST, "displayName": "Asger Prøve", "userIdentityType": "aadUser"}
    raw = {
        "id": key, "etag": key, "messageType": "message", "chatId": CHAT,
        "createdDateTime": "2026-11-18T10:00:00.000Z",
        "lastModifiedDateTime": "2026-11-18T10:00:00.000Z",
        "from": {"user": sender}, "body": {"contentType": "text", "content": text},
    }  # fmt: skip
    found = parse_message("chats", WORKER, msgspec.json.encode(raw))
    assert isinstance(found, Item)
    return found


@pytest.mark.parametrize(
    ("mail", "worker", "expected"),
    [
        ("asger@mail.example", "bodil@kommune.example", [("linked", CASE)]),
        ("other@mail.example", "bodil@kommune.example", [("unlinked", None)]),
        ("asger@mail.example", "carl@kommune.example", [("waiting", None)]),
    ],
)
def test_guest_by_mail_address(
    ledger: Ledger, mail: str, worker: str, expected: list[tuple[str, str | None]]
) -> None:
    """A guest who writes to the caseworker of his one case is a party of it by his address."""
    asger = CaseParty(name="Asger Prøve", mail="asger@mail.example")
    add_cases(ledger, msgspec.structs.replace(case(), caseworker=worker, parties=(asger,)))
    take(ledger, [page(said("Hej, hvornår kommer I?"))], directory(mail))

    with ledger.read() as connection:
        found = connection.execute(sa.select(item.c.state, item.c.case_number)).all()
    assert [tuple(row) for row in found] == expected


def test_guest_keeps_nothing_private(ledger: Ledger) -> None:
    """Only our own people keep a chat from the file, whatever Graph calls the guest."""
    take(ledger, [page(said("#privat"))], directory("asger@mail.example"))

    with ledger.read() as connection:
        assert connection.execute(sa.select(private_thread)).all() == []
