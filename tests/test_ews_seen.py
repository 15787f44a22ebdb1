"""Sixteen things that a real EWS server did with exchangelib 5.6.0, each survived.

Real exchangelib is the client of all of them; the server is the sandbox's.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from connector.errors import Denied, Gone, Unavailable
from connector.model import Direction, Item, Kind
from connector.sandbox.ews import Call, Refused
from connector.sandbox.ews import Exchange as Server
from connector.sandbox.ews_scenarios import ALL, play
from connector.sandbox.ews_store import Address
from connector.sandbox.ews_xml import M, T
from connector.sandbox.protocol import Response
from connector.sources.exchange import history
from tests.ews_town import (
    ANNA,
    BENT,
    PHONE,
    START,
    Town,
    conversation,
    found,
    items,
    known_of,
    people_of,
    problems,
    put,
    read,
    serving,
    sound,
    voicemail,
    whole_town,
)


def one(town: Town) -> Item:
    """The only item of Anna's mailbox."""
    (item,) = items(read(town.source()))
    return item


# 1 -----------------------------------------------------------------------------------------------


def test_nine_digits() -> None:
    """Times with nine digits of fraction are read, not lost."""
    with serving() as town:
        received = "2026-11-19T09:30:33.379977800Z"
        put(town, voicemail(received=received, sent=received, created=received))
        item = one(town)
    assert f"{item.sent_at:%Y-%m-%dT%H:%M:%S}" == "2026-11-19T09:30:33"
    assert item.sent_at == item.modified_at
    assert item.flags == ()


# 2 -----------------------------------------------------------------------------------------------


def test_no_delivery_time() -> None:
    """An item that does not say when it was received is read all the same; its sending counts."""
    with serving() as town:
        put(town, voicemail(received=None))
        put(town, voicemail(2, received=None, sent=None, created=None))
        first, second = items(read(town.source()))
    assert first.sent_at == START - timedelta(days=1, minutes=1)
    assert second.sent_at == START
    assert history.NO_DATE in second.flags


# 3 -----------------------------------------------------------------------------------------------


def test_last_page_lies() -> None:
    """Pages that each claim to be the last are followed until one is empty."""
    with serving() as town:
        play(town.server, ["last-page-lies"])
        put(town, *(voicemail(n) for n in range(7)))
        assert len(items(read(town.source()))) == 7
        assert town.asked("SyncFolderItems") == 5


# 4 -----------------------------------------------------------------------------------------------


def test_changes_repeat() -> None:
    """Read marks, repeats and a move to another folder make no second item."""
    with serving() as town:
        play(town.server, ["changes-repeat"])
        inbox, archive = (town.store.folder(ANNA, name) for name in ("inbox", "archive"))
        put(town, *(voicemail(n) for n in range(7)))
        source = town.source()
        first = read(source)
        assert len(items(first)) == 7
        for key in [*inbox.posts] * 4:
            town.store.read(inbox, key)
            town.store.change(inbox, inbox.posts[key])
        moved = town.store.move(inbox, next(iter(inbox.posts)), archive)
        assert moved.id not in inbox.posts
        second = read(source, cursor=first[-1].cursor, known=known_of(first))
    assert found(second) == []


# 5 -----------------------------------------------------------------------------------------------


def test_junk_state() -> None:
    """A junk state is a fresh start, whether the server refuses it or takes it for none."""
    with serving() as town:
        put(town, voicemail())
        source = town.source()
        first = read(source)
        cursor = msgspec.json.decode(first[-1].cursor or "{}")
        for place in cursor["folders"].values():
            place["state"], place["changed_at"] = "junk", ""
        junk = msgspec.json.encode(cursor).decode()
        assert found(read(source, cursor=junk)) == found(first)
        town.server.before.append(_takes_junk)
        assert found(read(source, cursor=junk)) == found(first)


def _takes_junk(_server: Server, call: Call) -> None:
    state = call.body.find(M + "SyncState")
    if state is not None and state.text == "junk":
        call.body.remove(state)


def test_state_of_another_folder() -> None:
    """Another folder's state gives deletes: nothing kept is removed, and what is new is read."""
    with serving() as town:
        put(town, *(voicemail(n) for n in range(21)))
        put(town, voicemail(99), folder="archive")
        source = town.source()
        first = read(source)
        cursor = msgspec.json.decode(first[-1].cursor or "{}")
        inbox, archive = (town.store.folder(ANNA, name).id for name in ("inbox", "archive"))
        places = cursor["folders"]
        places[inbox], places[archive] = places[archive], places[inbox]
        put(town, voicemail(100), folder="archive")
        swapped = msgspec.json.encode(cursor).decode()
        pages = read(source, cursor=swapped, known=known_of(first))
    (new,) = items(pages)
    assert new.key == "<100@k.example>"
    assert not new.is_deleted


# 6 -----------------------------------------------------------------------------------------------


def test_malformed_id() -> None:
    """One malformed id refuses the whole batch: it is told alone, and the others arrive."""
    with serving() as town:
        put(town, *(voicemail(n, id=f"{'XX' if n == 5 else 'AA'}{n:04d}") for n in range(12)))
        pages = read(town.source())
    (problem,) = problems(pages)
    assert problem.key == "<5@k.example>"
    assert "ErrorInvalidIdMalformed" in problem.reason
    assert len(found(pages)) == 12


# 7 -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("auth", ["basic", "ntlm"])
def test_wrong_password(auth: str) -> None:
    """A wrong password is told at once, with the user and where the password comes from."""
    with serving() as town:
        source = town.source(town.client(password="forkert", auth=auth))
        with pytest.raises(Denied, match=r"svc-casethread.*CASETHREAD_EXCHANGE_PASSWORD"):
            read(source)
        assert [finding.level for finding in source.check()] == ["error"]
        assert town.clock.slept == []


def test_unknown_code() -> None:
    """An error code that nobody knows concerns its item, or its mailbox, and is told by name."""
    with serving() as town:
        put(town, *(voicemail(n) for n in range(3)))
        town.server.after.append(_unknown_once)
        pages = read(town.source())
        assert ["ErrorOfTomorrow" in each.reason for each in problems(pages)] == [True]
        assert len(found(pages)) == 3
        town.server.before.append(_unknown_mailbox)
        (page,) = read(town.source())
    assert [(each.scope, "ErrorOfTomorrow" in each.reason) for each in problems([page])] == [
        ("part", True)
    ]
    assert page.cursor is None


def _unknown_once(_server: Server, call: Call, body: str) -> str:
    if call.operation != "GetItem":
        return body
    return body.replace(
        'ResponseClass="Success"><m:ResponseCode>NoError',
        'ResponseClass="Error"><m:ResponseCode>ErrorOfTomorrow',
        1,
    )


def _unknown_mailbox(_server: Server, call: Call) -> None:
    if call.mailbox:
        raise Refused("ErrorOfTomorrow", "Something new.")


# 8 -----------------------------------------------------------------------------------------------


def test_no_shared_protocol() -> None:
    """Two readers of the same server with the same user have policies of their own, and a request
    that hangs holds up no other mailbox."""
    with serving() as town:
        put(town, voicemail(1))
        put(town, voicemail(2), mailbox=BENT)
        hanging, release = threading.Event(), threading.Event()

        def hang(_server: Server, call: Call) -> None:
            if call.mailbox == ANNA and call.operation == "FindFolder":
                hanging.set()
                release.wait(20)

        patient, brisk = town.client(patience_s=300), town.client(patience_s=0)
        assert len(items(read(town.source(patient)))) == 1
        town.server.before.append(hang)
        source = town.source(patient)
        with ThreadPoolExecutor(1) as other:
            slow = other.submit(read, source, ANNA)
            assert hanging.wait(20)
            assert len(items(read(source, BENT))) == 1
            assert len(items(read(town.source(brisk), BENT))) == 1
            assert not slow.done()
            assert patient.line._protocol is not brisk.line._protocol
            release.set()
            assert len(items(slow.result(20))) == 1


# 9 -----------------------------------------------------------------------------------------------


def test_bad_request() -> None:
    """HTTP 400 to a right request is asked again; and no request of ours is large."""
    with serving() as town:
        play(town.server, ["bad-request"])
        put(town, *(voicemail(n, id=f"AA{'x' * 200}{n:04d}") for n in range(60)))
        assert len(items(read(town.source()))) == 60
        assert len(town.clock.slept) == 2
        assert max(len(call.request.body) for call in town.server.asked) < 16_384


# 10 ----------------------------------------------------------------------------------------------

MIME = "String {00020386-0000-0000-c000-000000000046} Name "


def test_class_lost() -> None:
    """A plain note with Content-Class Voice-CA is a voicemail; encoded names are read."""
    with serving() as town:
        put(
            town,
            voicemail(
                item_class="IPM.Note",
                headers=(("Content-Class", "Voice-CA"),),
                properties=(
                    ("Integer 0x6801", "20"),
                    ("String 0x6802", PHONE),
                    ("String 0x6803", "=?utf-8?q?S=C3=B8ren_=C3=85g=C3=A5rd?="),
                    ("String 0x6805", "=?utf-8?b?bnllc3RlLm1wMztnYW1tZWwubXAz?="),
                ),
                files=(sound("a1", "gammel.mp3"), sound("a2", "nyeste.mp3")),
            ),
        )
        item = one(town)
    assert item.kind is Kind.VOICEMAIL
    assert item.sender_name == "Søren Ågård"
    assert [file.name for file in item.attachments] == ["nyeste.mp3", "gammel.mp3"]
    assert item.flags == ("class lost, known by Content-Class",)


def test_encoded_names() -> None:
    """The sender's name, the subject and the names of files are read where they are encoded as in
    a mail's head, and the order of the recordings is found by them."""
    new, old = "=?utf-8?q?nyeste_=C3=A6.mp3?=", "=?utf-8?q?gammel_=C3=B8.mp3?="
    order = "=?utf-8?q?nyeste_=C3=A6=2Emp3=3Bgammel_=C3=B8=2Emp3?="
    with serving() as town:
        put(
            town,
            voicemail(
                sender=Address("=?utf-8?q?S=C3=B8ren_=C3=85g=C3=A5rd?=", PHONE),
                subject="=?utf-8?q?Besked_fra_S=C3=B8ren?=",
                properties=(("Integer 0x6801", "20"), ("String 0x6805", order)),
                files=(sound("a1", old), sound("a2", new)),
            ),
        )
        item = one(town)
    assert (item.sender_name, item.subject) == ("Søren Ågård", "Besked fra Søren")
    assert [file.name for file in item.attachments] == ["nyeste æ.mp3", "gammel ø.mp3"]


def test_properties_alone() -> None:
    """Caller's number and length with a recording are a voicemail; without one they are a recalled
    mail, and so is a "number" that is IPM.Note."""
    told = (("Integer 0x6801", "20"), ("String 0x6802", PHONE))
    trap = (("Integer 0x6801", "1"), ("String 0x6802", "IPM.Note"))
    colleague = Address("Bent Olsen", BENT)
    plain = {"item_class": "IPM.Note", "sender": colleague}
    with serving() as town:
        put(
            town,
            voicemail(1, **plain, properties=told),
            voicemail(2, **plain, properties=told, files=()),
            voicemail(3, **plain, properties=trap),
        )
        item = one(town)
    assert item.key == "<1@k.example>"
    assert item.sender == PHONE


# 11 ----------------------------------------------------------------------------------------------


def test_odd_attachments() -> None:
    """What a server says of attachments is not believed: a recording is known by its name, its
    place by the order although "<1>" became "_1_", and size counts more than the content."""
    with serving() as town:
        play(town.server, ["odd-attachments"])
        put(
            town,
            voicemail(
                item_class="IPM.Note",
                headers=(("Content-Class", "voice-ca"),),
                properties=(("String 0x6802", PHONE), ("String 0x6805", "<2>.wav;<1>.wav")),
                files=(sound("a1", "_1_.wav"), sound("a2", "_2_.wav"), sound("a3", "logo.png")),
            ),
        )
        source = town.source()
        (item,) = items(read(source))
        assert [(file.name, file.role) for file in item.attachments] == [
            ("_2_.wav", "audio"),
            ("_1_.wav", "audio"),
            ("logo.png", "file"),
        ]
        assert b"".join(source.content(item.attachments[0].ref)) == b"sound"


# 12 ----------------------------------------------------------------------------------------------


def test_odd_bodies_and_names() -> None:
    """HTML that says it is text is read as HTML; id, sender, subject and number may be missing."""
    with serving() as town:
        put(
            town,
            voicemail(
                body_type="Text",
                body="<html><body><div>Det er <b>27.45.04</b>-P19-12-24</div></body></html>",
                internet_id=None,
                subject=None,
                sender=None,
                properties=(("Integer 0x6801", "20"),),
            ),
        )
        item = one(town)
    assert item.text == "Det er 27.45.04-P19-12-24"
    assert (item.sender, item.sender_name, item.subject) == ("", "", "")
    assert item.direction is Direction.INBOUND
    assert item.key == "c2VhcmNo0001"


def test_no_internet_id_moves() -> None:
    """An item without an Internet message id is the same item after it was moved."""
    with serving() as town:
        put(town, voicemail(internet_id=None))
        source = town.source()
        first = read(source)
        inbox, archive = (town.store.folder(ANNA, name) for name in ("inbox", "archive"))
        town.store.move(inbox, "AAMk0001", archive)
        assert found(read(source, cursor=first[-1].cursor, known=known_of(first))) == []
        assert len(found(first)) == 1


# 13 ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Samtalehistorik", "Conversation History", "SAMTALEOVERSIGT"])
def test_folders_by_class_and_name(name: str) -> None:
    """Conversation History is known by its name in any language, also when the class of its items
    was lost; no distinguished name but the root's is used, and a search folder is left out."""
    with serving() as town:
        folder = town.store.folder(ANNA, "conversationhistory")
        folder.name = name
        body = "<div><b>Anna Hansen [10:15]:</b></div><div>Er du der?</div>"
        copy = conversation(1, body, saved=START - timedelta(hours=2, minutes=40))
        town.store.put(folder, replace(copy, item_class="IPM.Note"))
        put(town, voicemail(), folder="finder")
        event, message = items(read(town.source()))
        names = {
            each.get("Id")
            for call in town.server.asked
            for each in call.body.iter(T + "DistinguishedFolderId")
        }
    assert (event.kind, message.kind) == (Kind.EVENT, Kind.MESSAGE)
    assert message.text == "Er du der?"
    finder = town.store.folder(ANNA, "finder").id.encode()
    assert not any(finder in call.request.body for call in town.server.asked)
    assert names == {"msgfolderroot"}


# 14 ----------------------------------------------------------------------------------------------


def test_no_restrictions() -> None:
    """Nothing is left to the server's comparing: no request has a restriction, what is too old is
    left out here, and names are compared as Unicode (SØRENSEN is Sørensen)."""
    with serving() as town:
        old = voicemail(1, received="2026-01-01T00:00:00Z", sent="2026-01-01T00:00:00Z")
        put(town, old)
        body = "<div><b>SØRENSEN, ÅSE [10:15]:</b></div><div>Ja</div>"
        copy = conversation(1, body, saved=START - timedelta(hours=2, minutes=40))
        copy = replace(copy, sender=Address("Sørensen, Åse", BENT), to=(Address("A", ANNA),))
        put(town, copy, folder="conversationhistory")
        _event, message = items(read(town.source(initial_days=30)))
        asked = b"".join(call.request.body for call in town.server.asked)
    assert message.sender == BENT
    assert b"Restriction" not in asked
    assert b"IsGreater" not in asked


# 15 ----------------------------------------------------------------------------------------------


def test_own_certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own authority is trusted though REQUESTS_CA_BUNDLE names another; without it, the fault
    is told with the setting."""
    other = tmp_path / "other.pem"
    with serving() as elsewhere, serving(tls=True) as town:
        assert elsewhere.url.startswith("http://")
        other.write_text("")
        monkeypatch.setitem(os.environ, "REQUESTS_CA_BUNDLE", str(other))
        put(town, voicemail())
        ca_file = town.listener.ca_file
        assert len(items(read(town.source(town.client(ca_bundle=ca_file))))) == 1
        with pytest.raises(Unavailable, match="ca_bundle"):
            read(town.source())
        assert town.clock.slept == []


# 16 ----------------------------------------------------------------------------------------------


def test_large_attachment() -> None:
    """A recording of 4.8 MB arrives byte for byte, in pieces."""
    data = os.urandom(4_800_000)
    with serving() as town:
        put(town, voicemail(files=(sound("a1", size=len(data) + 200, data=data),)))
        source = town.source()
        (item,) = items(read(source))
        pieces = list(source.content(item.attachments[0].ref))
    assert b"".join(pieces) == data
    assert len(pieces) > 10
    with pytest.raises(Gone), serving() as empty:
        list(empty.source().content(item.attachments[0].ref))


def test_change_while_paging() -> None:
    """What comes and goes while the pages are read is had once."""
    with serving() as town:
        play(town.server, ["last-page-lies"])
        inbox = town.store.folder(ANNA, "inbox")
        put(town, *(voicemail(n) for n in range(9)))
        pages = town.source().changes(ANNA, None, lambda thread, pairs: set())
        first = next(pages)
        town.store.delete(inbox, "AAMk0008")
        put(town, voicemail(50))
        keys = [item.key for item in items([first, *pages])]
    assert sorted(keys) == sorted(f"<{n}@k.example>" for n in (*range(8), 50))


def test_server_restarts() -> None:
    """A cursor is good after a restart of the server; it is an opaque text that we only keep."""
    with serving() as town:
        put(town, *(voicemail(n) for n in range(5)))
        first = read(town.source())
        store = town.store
    with serving(store) as town:
        put(town, voicemail(6))
        second = read(town.source(), cursor=first[-1].cursor, known=known_of(first))
    assert [item.key for item in items(second)] == ["<6@k.example>"]


def test_eight_at_once() -> None:
    """Eight threads read eight mailboxes of the municipality at once, and get what one would."""
    town_people, store = whole_town()
    people = people_of(town_people)
    with serving(store) as town:
        source = town.source(town.client(parallel=8, auth="ntlm"), history=False)
        parts = source.parts(people)[:8]
        alone = {part: names_of(found(read(source, part))) for part in parts}
        with ThreadPoolExecutor(8) as threads:
            seen = threads.map(lambda part: names_of(found(read(source, part))), parts)
            together = dict(zip(parts, seen, strict=True))
    assert alone == together
    assert any(alone.values())


def names_of(things: Sequence[object]) -> set[tuple[str, str]]:
    return {(each.key, each.version) for each in things if isinstance(each, Item)}


# -- all of them at once ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(ALL))
def test_scenario(name: str) -> None:
    """The municipality is read whole though the server misbehaves: nothing lost, nothing twice."""
    town_people, store = whole_town(users=8, days=6)
    people = people_of(town_people)
    with serving(store) as town:
        right = _all(town, people, 1)
    with serving(store) as town:
        play(town.server, [name])
        seen = _all(town, people, 3)
    if ALL[name].survives == "all":
        assert seen == right
    else:
        assert _without_minutes(seen) < _without_minutes(right)


def _without_minutes(kept: set[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    """Where one copy cannot be read, another's clock tells: a minute more or less."""
    return {(k, t, key.partition("/")[2] if k == "message" else key) for k, t, key in kept}


def _all(town: Town, people: Sequence[object], passes: int) -> set[tuple[str, str, str]]:
    """What some passes over all mailboxes keep. A thing that came twice fails here."""
    kept: set[tuple[str, str, str]] = set()
    versions: set[tuple[str, str, str]] = set()
    cursors: dict[str, str] = {}

    def known(thread: str, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        return {pair for pair in pairs if (thread, *pair) in versions}

    for _ in range(passes):
        source = town.source(initial_days=400)
        for part in source.parts(people):  # type: ignore[arg-type]
            for page in source.changes(part, cursors.get(part), known):
                for thing in page.items:
                    if isinstance(thing, Item):
                        assert (thing.thread, thing.key, thing.version) not in versions
                        versions.add((thing.thread, thing.key, thing.version))
                        kept.add((thing.kind.value, thing.thread, thing.key))
                if page.cursor is not None:
                    cursors[part] = page.cursor
    assert kept
    return kept


def test_bearer_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Neither contents nor passwords reach a log, whatever the library meets."""
    with serving() as town:
        put(town, voicemail(subject="hemmeligt emne"))
        town.server.before.append(lambda _server, _call: Response(status=418, body=b"teapot"))
        with caplog.at_level("DEBUG"), pytest.raises(Unavailable):
            read(town.source())
    assert "sandkasse" not in caplog.text
    assert "hemmeligt" not in caplog.text
    assert "exchangelib" not in caplog.text
