"""Bodil's case with one of everything: for what is seen of a case, in tests and in a browser."""

from __future__ import annotations

import io
import wave
from datetime import timedelta

import msgspec
import sqlalchemy as sa

from connector.bootstrap import Program
from connector.jobs.deliver import write_entries
from connector.ledger.batch import Batch
from connector.ledger.deliveries import Outcome, exchange, settle
from connector.ledger.notes import keep_note
from connector.ledger.runs import running
from connector.ledger.tables import attachment, item
from connector.ledger.take import take
from connector.model import Attachment, Call, Direction, Item, Kind, Leg, Page, Party, Receipt
from tests.making import NOON, edited, sighting
from tests.web import town

BODIL, BENT, CARL = (town.PEOPLE[name] for name in ("bodil", "bent", "carl"))
CITIZEN = Party(phone=town.CITIZEN, role="from")
HOSTILE = '<script>alert(1)</script> "><img src=x onerror=alert(2)> javascript:alert(3)'


def sound() -> bytes:
    """A tenth of a second of silence as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(8000)
        target.writeframes(bytes(1600))
    return file.getvalue()


def _leg(role: str, start: int, end: int, who: Party, *, is_answered: bool = True) -> Leg:
    begin = NOON + timedelta(days=1)
    return Leg(
        role=role,
        started_at=begin + timedelta(seconds=start),
        ended_at=begin + timedelta(seconds=end),
        who=who,
        is_answered=is_answered,
        failure="" if is_answered else "callSetup: the call was not answered",
    )


def items() -> list[Item]:
    """A chat that was edited and deleted in, a call through a queue, missed calls, voicemails."""
    both = town.chat_of("bodil", "bent")
    first = town.message_of(
        "bodil", both, f"Sag {town.BODILS}: mødet er mandag kl. 10 i lokale 2", 1450
    )
    corrected = town.message_of(
        "bodil", both, "Asta kommer klokken 10", 1452, edited_at=NOON + timedelta(minutes=1453)
    )
    gone = town.message_of("bent", both, "Hun har også en søster i Aabenraa", 1455)
    link = town.message_of(
        "bent", both, f"Se https://www.borger.dk/boligstoette. {HOSTILE}", 1460,
        attachments=(
            Attachment(name="../../etc/passwd", ref="f1", content_type="application/pdf"),
            Attachment(name="Årsopgørelse 2025.pdf", ref="f2", content_type="application/pdf"),
            Attachment(name="skema.docx", url="https://nordvang.example/skema.docx"),
        ),
    )  # fmt: skip
    queue = sighting(
        key="queued",
        call={
            "started_at": NOON + timedelta(days=1),
            "ended_at": NOON + timedelta(days=1, seconds=385),
            "caller": CITIZEN,
            "callees": (Party(person=BENT.id, role="to"), Party(person=BODIL.id, role="to")),
            "legs": (
                _leg("attendant", 0, 12, CITIZEN),
                _leg("queue", 12, 95, CITIZEN),
                _leg("user", 95, 110, Party(person=CARL.id), is_answered=False),
                _leg("user", 110, 160, Party(person=BENT.id)),
                _leg("user", 160, 385, Party(person=BODIL.id)),
            ),
        },
    )
    missed = sighting(
        minute=2900,
        call={
            "caller": CITIZEN,
            "callees": (Party(person=BODIL.id, role="to"),),
            "is_answered": False,
        },
    )
    return [
        first,
        edited(first, f"Sag {town.BODILS}: mødet er tirsdag kl. 10.30 i lokale 2", 3),
        corrected,
        gone,
        edited(gone, "", 2, is_deleted=True),
        link,
        queue,
        missed,
        _voicemail(2905, "v2"),
    ]


def _voicemail(minute: int, key: str) -> Item:
    at = NOON + timedelta(minutes=minute)
    call = Call(
        started_at=at,
        ended_at=at + timedelta(seconds=23),
        direction=Direction.INBOUND,
        is_answered=False,
        caller=CITIZEN,
        callees=(Party(person=BODIL.id, role="to"),),
        went_to_voicemail=True,
    )
    audio = Attachment(
        name="besked.wav", ref=key, content_type="audio/wav", size_bytes=1644, role="audio"
    )
    return Item(
        source="voicemail", thread=BODIL.id, key=key, version="1", kind=Kind.VOICEMAIL,
        sent_at=at, modified_at=at, raw=msgspec.json.encode({"id": key}), duration_s=23,
        text=f"Hej, det er Asta Prøve. Jeg ringer om {town.BODILS}. Ring gerne tilbage i dag.",
        direction=Direction.INBOUND, parties=(call.caller, *call.callees), call=call,
        attachments=(audio,), sender=town.CITIZEN,
    )  # fmt: skip


def fill(program: Program) -> None:
    """All of it: taken, its files fetched or not, written and journaled, with a note."""
    ledger = program.ledger
    page = Page(source="chats", part="rich", cursor="1", items=tuple(items()))
    take(ledger, [page], program.policy())
    stored = program.spool.add([sound()])
    values = {"state": "kept", "sha256": stored.sha256, "size_bytes": stored.size_bytes}
    with ledger.write() as connection:
        for name, what in (
            ("besked.wav", values),
            ("../../etc/passwd", values),
            ("Årsopgørelse 2025.pdf", {"state": "missing", "note": "403: ingen adgang"}),
        ):
            connection.execute(
                sa.update(attachment).where(attachment.c.name == name).values(**what)
            )
    write_entries(ledger, program.policy(), program.title)
    with running(ledger, "deliver") as opened:
        for each in exchange(ledger, "journal", opened.id, (), 50):
            receipt = Receipt(
                key=each.key,
                target=f"2026/{each.key}",
                at=NOON,
                url=f"https://esdh.example/{each.key}",
            )
            outcome = Outcome(key=each.key, state="done", receipt=receipt)
            settle(ledger, [outcome], opened.id)
    with ledger.write() as connection:
        root = connection.execute(
            sa.select(item.c.id).where(item.c.kind == "call").order_by(item.c.sent_at).limit(1)
        ).scalar_one()
        batch = Batch(
            ledger=ledger, connection=connection, policy=program.policy(), now=ledger.now()
        )
        text = (
            "Asta oplyser, at huslejen stiger til 6.500 kr. fra 1. januar.\nHun sender kontrakten."
        )
        keep_note(batch, root, text, actor=BODIL.upn, actor_name=BODIL.name)
