"""Conversation History: copies of conversations -> each message once. All names are made up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from connector.jobs.collect import collect
from connector.ledger import Ledger
from connector.ledger.policy import Staff
from connector.ledger.tables import item
from connector.model import Item, Kind, Person, Problem
from connector.sandbox.ews_history import conversations, words_of
from connector.sandbox.ews_store import Address
from connector.sources.exchange import history
from connector.sources.exchange.saved_times import Clock, moments, read
from connector.sources.exchange.saved_words import lines
from tests.ews_town import (
    ANNA,
    BENT,
    START,
    Town,
    conversation,
    found,
    items,
    known_of,
    people_of,
    put,
    serving,
    whole_town,
)
from tests.ews_town import read as read_mailbox
from tests.making import policy

ZONE = ZoneInfo("Europe/Copenhagen")
SAVED = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)  # 10:30 in Copenhagen
FOLDER = "conversationhistory"


def body(*said: tuple[str, str, str]) -> str:
    """A copy as Lync 2010 wrote it: (name, time, words)."""
    return "".join(f"<div><b>{n} [{at}]:</b></div><div>{w}</div>" for n, at, w in said)


def messages(things: Sequence[Item | Problem]) -> list[Item]:
    return [one for one in things if isinstance(one, Item) and one.kind is Kind.MESSAGE]


def both(town: Town, first: str, second: str, **people: list[Person]) -> list[Item]:
    """What is kept of Anna's copy and then of Bent's."""
    put(town, conversation(1, first, saved=SAVED), folder=FOLDER)
    put(town, conversation(2, second, saved=SAVED, owner=BENT), folder=FOLDER, mailbox=BENT)
    source = town.source()
    source.parts(people.get("people", []))
    return [
        one for mailbox in (ANNA, BENT) for one in messages(found(read_mailbox(source, mailbox)))
    ]


THREE = body(
    ("Anna Hansen", "10:15", "Er du der?"),
    ("Bent Olsen", "10:16", "Ja"),
    ("Anna Hansen", "10:16", "Det er 27.45.04-P19-12-24"),
)


class TestJoining:
    def test_once(self) -> None:
        """Two participants' copies of a conversation give each message once, in one thread."""
        with serving() as town:
            kept = both(town, THREE, THREE)
        assert [one.text for one in kept] == ["Er du der?", "Ja", "Det er 27.45.04-P19-12-24"]
        assert len({one.thread for one in kept}) == 1
        assert [f"{one.sent_at:%H:%M}" for one in kept] == ["09:15", "09:16", "09:16"]
        assert [one.sender for one in kept] == [ANNA, BENT, ANNA]
        assert kept[1].sent_at < kept[2].sent_at

    def test_clock_ahead(self) -> None:
        """A copy whose clock is a minute ahead tells of the same messages."""
        ahead = body(
            ("Anna Hansen", "10:16", "Er du der?"),
            ("Bent Olsen", "10:17", "Ja"),
            ("Anna Hansen", "10:17", "Det er 27.45.04-P19-12-24"),
        )
        with serving() as town:
            assert len(both(town, THREE, ahead)) == 3

    def test_same_words_twice(self) -> None:
        """The same words said twice in a minute, or a minute apart, are two messages."""
        twice = body(*(("Bent Olsen", at, "Ja") for at in ("10:15", "10:15", "10:16")))
        with serving() as town:
            assert len(both(town, twice, twice)) == 3

    def test_disagreement_is_marked(self) -> None:
        """What only one copy has is kept and marked, between what both have; what was said after
        the other had left is not marked."""
        more = body(
            ("Anna Hansen", "10:15", "Er du der?"),
            ("Bent Olsen", "10:16", "Ja"),
            ("Bent Olsen", "10:16", "Slettet hos Anna"),
            ("Anna Hansen", "10:16", "Det er 27.45.04-P19-12-24"),
            ("Bent Olsen", "10:20", "Sagt bagefter"),
        )
        with serving() as town:
            kept = both(town, THREE, more)
        marked = {one.text: history.ONE_COPY in one.flags for one in kept}
        assert marked == {
            "Er du der?": False,
            "Ja": False,
            "Det er 27.45.04-P19-12-24": False,
            "Slettet hos Anna": True,
            "Sagt bagefter": False,
        }

    def test_saved_again(self) -> None:
        """A conversation that went on was saved in the middle and at its end: each message once,
        also when the first copy is known from the ledger alone."""
        with serving() as town:
            part = body(("Anna Hansen", "10:15", "Er du der?"))
            put(town, conversation(1, part, saved=SAVED), folder=FOLDER)
            first = read_mailbox(town.source())
            put(town, conversation(2, THREE, saved=SAVED), folder=FOLDER)
            cursor = first[-1].cursor
            second = read_mailbox(town.source(), cursor=cursor, known=known_of(first))
        assert [one.text for one in messages(found(second))] == ["Ja", "Det er 27.45.04-P19-12-24"]

    def test_copy_grows(self) -> None:
        """A client that writes on in its own copy gives the new lines; a copy that its owner
        shortened removes nothing."""
        with serving() as town:
            folder = town.store.folder(ANNA, FOLDER)
            copy = conversation(1, body(("Anna Hansen", "10:15", "Er du der?")), saved=SAVED)
            town.store.put(folder, copy)
            source = town.source()
            first = read_mailbox(source)
            town.store.change(folder, replace(copy, body=THREE))
            second = read_mailbox(source, cursor=first[-1].cursor, known=known_of(first))
            town.store.change(folder, replace(copy, body=body(("Bent Olsen", "10:16", "Ja"))))
            both_read = known_of([*first, *second])
            third = read_mailbox(source, cursor=second[-1].cursor, known=both_read)
        assert len(messages(found(second))) == 2
        assert messages(found(third)) == []
        assert [one.kind for one in items(third)] == [Kind.EVENT]

    def test_evidence(self) -> None:
        """Each copy is kept as it came, beside the messages, as something that is not journaled."""
        with serving() as town:
            put(town, conversation(1, THREE, saved=SAVED), folder=FOLDER)
            event = items(read_mailbox(town.source()))[0]
        assert event.kind is Kind.EVENT
        assert b"Er du der?" in event.raw
        assert {party.mail for party in event.parties} == {ANNA, BENT}

    def test_excluded_people(self, ledger: Ledger) -> None:
        """Of a conversation with somebody of whom nothing is kept, no copy keeps any words."""
        bent = Person(id="id-bent", mail=BENT, name="Bent Olsen", upn=BENT)
        staff = Staff(excluded=frozenset({"id-bent"}))
        with serving() as town:
            put(town, conversation(1, THREE, saved=SAVED), folder=FOLDER)
            source = town.source(mailboxes=[ANNA])
            source.parts = lambda _people, parts=source.parts: parts([bent])  # type: ignore[method-assign, misc]
            collect(ledger, source, policy(staff=lambda: staff))
        with ledger.read() as connection:
            rows = connection.execute(sa.select(item.c.kind, item.c.text, item.c.raw)).all()
        assert len(rows) == 4
        assert {(row.text, row.raw) for row in rows} == {(None, None)}

    def test_chat_of_two(self) -> None:
        """A conversation of two people of the directory has the name by which both are known."""
        anna, bent = (
            "0a" * 4 + "-0000-4000-8000-" + "0" * 12,
            "0b" * 4 + "-0000-4000-8000-" + "0" * 12,
        )
        people = [
            Person(id=anna, mail=ANNA, name="Anna Hansen"),
            Person(id=bent, mail=BENT, name="Bent Olsen"),
        ]
        with serving() as town:
            kept = both(town, THREE, THREE, people=people)
        assert {one.thread for one in kept} == {f"19:{anna}_{bent}@unq.gbl.spaces"}
        assert [one.sender for one in kept] == [anna, bent, anna]

    def test_teams_copies_are_left_out(self) -> None:
        """Teams' own hidden copies of chats are not read: the chats source has them whole."""
        with serving() as town:
            copy = conversation(1, THREE, saved=SAVED)
            copy = replace(copy, item_class="IPM.SkypeTeams.Message")
            put(town, copy, folder=FOLDER)
            assert found(read_mailbox(town.source())) == []

    def test_switched_off(self) -> None:
        """With history off no saved conversation is opened, and voicemail goes on."""
        with serving() as town:
            put(town, conversation(1, THREE, saved=SAVED), folder=FOLDER)
            assert found(read_mailbox(town.source(history=False))) == []
            assert town.asked("GetItem") == 0

    def test_missed_message(self) -> None:
        """The notice of a missed conversation gives its words, once with the saved copy."""
        with serving() as town:
            notice = conversation(1, THREE, saved=SAVED)
            put(town, replace(notice, item_class="IPM.Note.Microsoft.Missed"))
            put(town, conversation(2, THREE, saved=SAVED), folder=FOLDER)
            kept = messages(found(read_mailbox(town.source())))
        assert len(kept) == 3

    def test_unknown_layout(self) -> None:
        """A copy without times is one message with all of its words, and is marked."""
        with serving() as town:
            put(town, conversation(1, "<p>Anna: hej<br>Bent: hej</p>", saved=SAVED), folder=FOLDER)
            (kept,) = messages(found(read_mailbox(town.source())))
        assert kept.text == "Anna: hej\nBent: hej"
        assert kept.flags == (history.NOT_PARSED,)

    def test_ordinary_mail_in_the_folder(self) -> None:
        """An ordinary mail that somebody put into Conversation History is no conversation."""
        with serving() as town:
            mail = conversation(1, "<p>Kære Anna, vedhæftet er referatet.</p>", saved=SAVED)
            put(town, replace(mail, item_class="IPM.Note"), folder=FOLDER)
            assert found(read_mailbox(town.source())) == []

    def test_whole_municipality(self) -> None:
        """All copies of all participants together give every message of the municipality once."""
        town_people, store = whole_town(users=30, days=6)
        with serving(store) as town:
            source = town.source(initial_days=400)
            kept = [
                one
                for part in source.parts(people_of(town_people))
                for one in messages(found(read_mailbox(source, part)))
            ]
        said = [words_of(m) for _, run in conversations(town_people) for m in run]
        assert len(said) > 100
        assert sorted(one.text for one in kept) == sorted(" ".join(text.split()) for text in said)


class TestTimes:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("10:15", (10, 15)),
            ("9.05", (9, 5)),
            ("kl. 23.59", (23, 59)),
            ("12:01 AM", (0, 1)),
            ("12:30 pm", (12, 30)),
            ("1:05:30 PM", (13, 5)),
            ("1:05 p.m.", (13, 5)),
        ],
    )
    def test_clocks(self, text: str, expected: tuple[int, int]) -> None:
        """Times are read in 12 and 24 hours, with points and colons."""
        clock = read(text)
        assert clock is not None
        assert (clock.at.hour, clock.at.minute) == expected

    @pytest.mark.parametrize(
        "text", ["", "25:00", "10:75", "i går", "10", "13:05 xm", "99-99-2026 10:00"]
    )
    def test_no_clocks(self, text: str) -> None:
        """What is no time is none."""
        assert read(text) is None

    def test_days(self) -> None:
        """A conversation over midnight goes on into the next day, whichever end it was saved at."""
        clocks = [c for c in map(read, ("23:58", "23:59", "00:01")) if c]
        for saved in ("2026-11-17T23:02:00+00:00", "2026-11-17T22:58:00+00:00"):
            at = moments(clocks, datetime.fromisoformat(saved), ZONE)
            assert [f"{one:%d %H:%M}" for one in at] == ["17 22:58", "17 22:59", "17 23:01"]

    def test_written_day(self) -> None:
        """A day that was written is the day."""
        clocks = [c for c in map(read, ("03-02-2012 10:15", "04-02-2012 08:00")) if c]
        at = moments(clocks, SAVED, ZONE)
        assert [f"{one:%Y-%m-%d %H:%M}" for one in at] == ["2012-02-03 09:15", "2012-02-04 07:00"]

    def test_summer_time(self) -> None:
        """The zone's summer time counts; the hour that autumn repeats is marked."""
        summer = moments([Clock(read("10:15").at)], datetime(2026, 7, 1, 9, tzinfo=UTC), ZONE)  # type: ignore[union-attr]
        assert f"{summer[0]:%H:%M}" == "08:15"
        with serving() as town:
            night = datetime(2026, 10, 25, 0, 35, tzinfo=UTC)
            copy = conversation(1, body(("Bent Olsen", "02:30", "Vagten")), saved=night)
            put(town, copy, folder=FOLDER)
            (kept,) = messages(found(read_mailbox(town.source())))
        assert history.TWICE in kept.flags
        assert f"{kept.sent_at:%H:%M}" == "00:30"

    @given(
        st.lists(st.times(), min_size=1, max_size=12),
        st.integers(631_152_000, 2_208_988_800),
    )
    def test_near_the_saving(self, times: list[object], saved_s: int) -> None:
        """Whatever the clocks say, an end of the conversation is within a day of its saving, and
        a line never goes back more than an hour."""
        clocks = [Clock(one) for one in times]  # type: ignore[arg-type]
        saved = datetime.fromtimestamp(saved_s, UTC)
        at = moments(clocks, saved, ZoneInfo("UTC"))
        assert min(abs(at[0] - saved), abs(at[-1] - saved)) <= timedelta(days=1)
        for before, after in pairwise(at):
            assert after >= before - timedelta(hours=1)


class TestWords:
    def test_table(self) -> None:
        """A table names speaker and time only where they change."""
        table = (
            "<table><tr><td>Anna Hansen&nbsp;</td><td>Er du der?</td><td>10:15&nbsp;</td></tr>"
            "<tr><td>&nbsp;</td><td>Hallo</td><td>&nbsp;</td></tr>"
            "<tr><td>Bent Olsen</td><td>Ja <b>her</b></td><td>10:16</td></tr></table>"
        )
        told = [(one.name, one.clock.at.minute, one.words) for one in lines(table)]
        assert told == [
            ("Anna Hansen", 15, "Er du der?"),
            ("Anna Hansen", 15, "Hallo"),
            ("Bent Olsen", 16, "Ja her"),
        ]

    def test_heads(self) -> None:
        """Words beside or below the head belong to it, also over several lines; what stands before
        the first head does not."""
        text = (
            "Samtale med Bent\nAnna Hansen [10:15]: Hej\nder\n\nBent Olsen 10:16:\nHej selv [tak]\n"
            "Anna Hansen (18-11-2026 10:17)\nFarvel 10:18"
        )
        told = [(one.name, one.words) for one in lines(text, is_html=False)]
        assert told == [
            ("Anna Hansen", "Hej\nder"),
            ("Bent Olsen", "Hej selv [tak]"),
            ("Anna Hansen", "Farvel 10:18"),
        ]

    def test_rtf(self) -> None:
        """RTF of old clients gives the same words, letters of Danish included."""
        rtf = (
            r"{\rtf1\ansi{\fonttbl{\f0 Segoe UI;}}{\colortbl;\red0;}{\*\generator x;}\f0 "
            r"{\b S\'f8ren \'c5g\'e5rd [10:15]:}\par Bl\u230?b\'e6r \{1\} gr\'f8d\par }"
        )
        assert [(one.name, one.words) for one in lines(rtf)] == [("Søren Ågård", "Blæbær {1} grød")]

    @given(st.text(max_size=400))
    def test_anything(self, text: str) -> None:
        """No body makes the reader fail, and of plain text it tells no word that is not there."""
        lines(text)
        lines("{\\rtf1" + text)
        for one in lines(text, is_html=False):
            assert all(word in text for word in f"{one.name} {one.words}".split())

    def test_hostile(self) -> None:
        """A body made to be slow, such as a hundred thousand open brackets, is read to its end, and
        nobody is heard to speak in it; time that grew with its square would take minutes."""
        for text in ("a" * 200_000, "<td>" * 50_000, "[10:15" * 30_000, "{\\rtf1 " + "{" * 100_000):
            assert lines(text) == []


def test_names_by_address() -> None:
    """A line that names its speaker by address, or surname first, finds the participant."""
    told = body((BENT, "10:15", "Hej"), ("OLSEN, BENT", "10:16", "Igen"), ("Ukendt", "10:17", "Nå"))
    with serving() as town:
        copy = conversation(1, told, saved=SAVED)
        copy = replace(copy, to=(Address("Olsen, Bent", BENT),))
        put(town, copy, folder=FOLDER)
        kept = messages(found(read_mailbox(town.source())))
    assert [(one.sender, one.sender_name) for one in kept] == [
        (BENT, "Olsen, Bent"),
        (BENT, "Olsen, Bent"),
        ("", "Ukendt"),
    ]
    assert START > SAVED
