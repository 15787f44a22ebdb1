"""Voicemail: which mails are one, and what they tell. All numbers and names are made up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.model import Direction, Item, Kind, Page, Person, Problem
from connector.sources.mail import Voicemail
from connector.sources.voicemail import phone_in, property_key
from tests.contracts.source import nothing_known
from tests.fake_graph import Asked, FakeGraph, Reply, fault, serving

NO_REPLY = "noreply@skype.voicemail.microsoft.com"
CLASS = "IPM.Note.Microsoft.Voicemail.UM.CA"
PHONE = "+4537000001"
UM = "{4442858e-a9e3-4e80-b900-317a210cc15b} Name "


def mail(**changes: Any) -> dict[str, Any]:
    """A voicemail as Graph gives it."""
    made: dict[str, Any] = {
        "id": "AAMk1",
        "changeKey": "CQ1",
        "internetMessageId": "<1@k.example>",
        "receivedDateTime": "2026-11-18T10:01:00Z",
        "sentDateTime": "2026-11-18T10:00:40Z",
        "subject": "Telefonbesked",
        "from": {"emailAddress": {"name": PHONE, "address": PHONE}},
        "replyTo": [{"emailAddress": {"address": NO_REPLY}}],
        "hasAttachments": True,
        "body": {"contentType": "html", "content": "<p>Hej, det er om 27.45.04-P19-12-24</p>"},
        "internetMessageHeaders": [],
        "class": CLASS,
        "properties": {"Integer 0x6801": "20", "String 0x6802": PHONE},
        "files": [{"id": "a1", "name": "audio.mp3", "contentType": "audio/mpeg", "size": 900}],
    }
    return {**made, **changes}


class Mailbox:
    """A server with one mailbox: folders, their mails, and what is asked of each."""

    def __init__(self, *mails: dict[str, Any], **folders: list[dict[str, Any]]) -> None:
        self.folders = {"inbox": list(mails), **folders}
        self.names = {name: name.capitalize() for name in self.folders}
        self.fake: FakeGraph

    def __call__(self, asked: Asked) -> Reply:
        path, _, query = unquote(asked.target).partition("?")
        steps = path.split("/")[4:]
        if steps == ["mailFolders"]:
            rows = [{"id": f, "displayName": self.names[f]} for f in self.folders]
            return Reply(body={"value": rows})
        if steps[0] == "mailFolders" and len(steps) == 2:
            found = steps[1] in self.folders
            return Reply(body={"id": steps[1]}) if found else Reply(404, fault("ErrorItemNotFound"))
        if steps[-1] == "delta":
            folder = steps[1]
            link = f"{self.fake.base_url}/users/u/mailFolders/{folder}/messages/delta?$deltatoken=1"
            rows = [] if "deltatoken" in query else [self.row(m) for m in self.folders[folder]]
            return Reply(body={"value": rows, "@odata.deltaLink": link})
        one = next(m for rows in self.folders.values() for m in rows if m["id"] == steps[1])
        if steps[-1] == "attachments":
            return Reply(body={"value": one["files"]})
        if steps[-1] == "$value":
            return Reply(body=b"sound")
        return Reply(body={**self.row(one), **{k: one[k] for k in OPENED}})

    def row(self, one: dict[str, Any]) -> dict[str, Any]:
        properties = {"String 0x1a": one["class"], **one["properties"]}
        extended = [{"id": k, "value": v} for k, v in properties.items() if v]
        kept = {k: v for k, v in one.items() if k not in (*OPENED, "class", "properties", "files")}
        return {**kept, "singleValueExtendedProperties": extended}


OPENED = ("subject", "body", "internetMessageHeaders")


def read(mailbox: Mailbox, **settings: Any) -> tuple[list[Page], list[str]]:
    with serving(mailbox) as fake:
        mailbox.fake = fake
        graph = fake.graph()
        pages = list(Voicemail(graph, **settings).changes("u", None, nothing_known))
        graph.close()
    return pages, [unquote(asked.target) for asked in fake.requests]


def items(mailbox: Mailbox, **settings: Any) -> list[Item]:
    found = [i for page in read(mailbox, **settings)[0] for i in page.items]
    assert not [i for i in found if isinstance(i, Problem)]
    return [i for i in found if isinstance(i, Item)]


class TestWhat:
    def test_voicemail(self) -> None:
        """A voicemail has the caller's number, its words, its sound and how long it is."""
        (item,) = items(Mailbox(mail()))
        assert (item.kind, item.thread, item.key) == (Kind.VOICEMAIL, "u", "<1@k.example>")
        assert item.text == "Hej, det er om 27.45.04-P19-12-24"
        assert (item.sender, item.duration_s, item.direction) == (PHONE, 20, Direction.INBOUND)
        (sound,) = item.attachments
        assert (sound.role, sound.ref) == ("audio", "users/u/messages/AAMk1/attachments/a1")
        assert item.call is not None
        assert item.call.went_to_voicemail
        assert item.call.callees[0].person == "u"
        assert (item.call.ended_at, item.call.duration_s) == (item.sent_at, 20)

    @pytest.mark.parametrize(
        "kind",
        [
            "IPM.Note.Microsoft.Voicemail.UM",
            "ipm.note.microsoft.voicemail.um.ca",
            "IPM.Note.rpmsg.Microsoft.Voicemail.UM",
            "IPM.Note.Microsoft.Exchange.Voice.UM.CA",
            "IPM.Note.Something.Microsoft.Voicemail",
        ],
    )
    def test_classes(self, kind: str) -> None:
        """Every class of voicemail is known, in any letter case."""
        (item,) = items(Mailbox(mail(**{"class": kind}, replyTo=[])))
        assert item.kind is Kind.VOICEMAIL

    def test_missed(self) -> None:
        """A missed-call notice is a sighting of a call that nobody answered."""
        one = mail(**{"class": "IPM.Note.Microsoft.Missed.Voice"}, hasAttachments=False, replyTo=[])
        (item,) = items(Mailbox(one))
        assert item.kind is Kind.SIGHTING
        assert item.call is not None
        assert (item.call.is_answered, item.call.went_to_voicemail) == (False, False)

    @pytest.mark.parametrize(
        ("changes", "flag"),
        [
            (
                {"internetMessageHeaders": [{"name": "Content-Class", "value": "voice-ca"}]},
                "class lost, known by Content-Class",
            ),
            ({}, "class lost, known by the reply address"),
            ({"replyTo": []}, "class lost, known by its sender's number"),
        ],
    )
    def test_class_lost(self, changes: dict[str, Any], flag: str) -> None:
        """A voicemail whose class was lost on the way is known by other signs, and flagged."""
        (item,) = items(Mailbox(mail(**{"class": "IPM.Note"}, **changes)))
        assert (item.kind, item.flags) == (Kind.VOICEMAIL, (flag,))

    @pytest.mark.parametrize(
        "changes",
        [
            {"properties": {"String 0x6802": "IPM.Note", "Integer 0x6801": "1"}},
            {"properties": {"String 0x6802": "sip:bo@k.example"}},
            {"properties": {"String 0x6802": PHONE}, "files": [{"id": "f", "name": "a.pdf"}]},
            {"replyTo": [{"emailAddress": {"address": NO_REPLY}}], "files": []},
            {"class": "IPM.Note.Microsoft.Conversation.Voice", "files": []},
        ],
        ids=["recall", "sip", "a number and a paper", "no sound", "history"],
    )
    def test_not_one(self, changes: dict[str, Any]) -> None:
        """A telephone property on an ordinary mail proves nothing."""
        sender = {"emailAddress": {"name": "Bo", "address": "bo@k.example"}}
        one = mail(**{"class": "IPM.Note", "replyTo": [], "from": sender, **changes})
        assert items(Mailbox(one)) == []

    def test_ordinary_mail_stays_closed(self) -> None:
        """Of ordinary mail neither subject nor text is asked for."""
        sender = {"emailAddress": {"name": "Bo", "address": "bo@k.example"}}
        one = mail(**{"class": "IPM.Note", "replyTo": [], "from": sender, "properties": {}})
        alarm = {"emailAddress": {"name": "Alarm", "address": PHONE}}
        two = {**one, "id": "AAMk12", "from": alarm, "hasAttachments": False}
        _, asked = read(Mailbox(one, two))
        assert not [path for path in asked if "/messages/AAMk1" in path]
        selected = [path.partition("$select=")[2].partition("&")[0] for path in asked]
        assert not [one for one in selected if {"subject", "body"} & set(one.split(","))]


class TestDetails:
    def test_numbers(self) -> None:
        """The number to call back is preferred, then the sender's, then the From address."""
        callback, sender = "+4537000009", "+4537000008"
        for properties, expected in (
            (
                {f"String {UM}PstnCallbackTelephoneNumber": callback, "String 0x6802": sender},
                callback,
            ),
            ({"String 0x6802": sender}, sender),
            ({"string 0x6802": "IPM.Note"}, PHONE),
            ({}, PHONE),
        ):
            (item,) = items(Mailbox(mail(properties=properties)))
            assert item.sender == expected

    def test_order(self) -> None:
        """Recordings come first, the newest first; other attachments after them."""
        files = [
            {"id": "1", "name": "logo.png", "contentType": "image/png"},
            {"id": "2", "name": "old.wav", "contentType": "audio/wav"},
            {"id": "3", "name": "new.MP3", "contentType": "application/octet-stream"},
        ]
        properties = {"String 0x6805": "new.mp3;old.wav"}
        (item,) = items(Mailbox(mail(files=files, properties=properties)))
        found = [(a.name, a.role) for a in item.attachments]
        assert found == [("new.MP3", "audio"), ("old.wav", "audio"), ("logo.png", "file")]

    def test_protected(self) -> None:
        """A protected voicemail is kept, with a note that its sound cannot be played here."""
        files = [{"id": "1", "name": "message.rpmsg", "contentType": "application/x-rpmsg"}]
        kind = "IPM.Note.rpmsg.Microsoft.Voicemail.UM"
        (item,) = items(Mailbox(mail(**{"class": kind}, files=files)))
        assert "protected" in item.flags
        assert (item.attachments[0].ref, bool(item.attachments[0].note)) == ("", True)

    def test_too_large(self) -> None:
        """A recording beyond the limit is not fetched, and that is said."""
        files = [{"id": "1", "name": "a.wav", "contentType": "audio/wav", "size": 3 << 20}]
        (item,) = items(Mailbox(mail(files=files)), max_audio_mb=2)
        assert (item.attachments[0].ref, item.attachments[0].note) == (
            "",
            "larger than 2 MB, not fetched",
        )

    def test_content(self) -> None:
        """The sound is fetched by its path, with the id that survives a move."""
        mailbox = Mailbox(mail())
        with serving(mailbox) as fake:
            mailbox.fake = fake
            source = Voicemail(fake.graph())
            pages = list(source.changes("u", None, nothing_known))
            (item,) = [i for page in pages for i in page.items if isinstance(i, Item)]
            assert b"".join(source.content(item.attachments[0].ref)) == b"sound"
        assert all('IdType="ImmutableId"' in asked.headers["Prefer"] for asked in fake.requests)

    def test_version(self) -> None:
        """A mail that was only read or moved is the same version."""
        first, again = (
            items(Mailbox(mail(changeKey=key, id=key, isRead=True)))[0] for key in ("CQ1", "CQ2")
        )
        assert (first.key, first.version) == (again.key, again.version)


class TestFolders:
    def test_all_but_excluded(self) -> None:
        """Every folder is read but those excluded by their fixed or their shown name."""
        box = Mailbox(
            mail(),
            junkemail=[mail(id="J", internetMessageId="<j>")],
            sentitems=[mail(id="S", internetMessageId="<s>")],
            private=[mail(id="P", internetMessageId="<p>")],
        )
        box.names["sentitems"] = "Sendt post"
        found = items(box, folders_excluded=("drafts", "sentitems", "Private"))
        assert {item.key for item in found} == {"<1@k.example>", "<j>"}

    def test_quiet(self) -> None:
        """A quiet mailbox costs one request for its folders and one for each."""
        box = Mailbox(mail(), junkemail=[], archive=[])
        with serving(box) as fake:
            box.fake = fake
            source = Voicemail(fake.graph())
            cursor = list(source.changes("u", None, nothing_known))[-1].cursor
            before = len(fake.requests)
            (page,) = source.changes("u", cursor, nothing_known)
        assert (len(fake.requests) - before, page.items) == (4, ())

    def test_known(self) -> None:
        """A voicemail that the ledger holds is not opened again."""

        def known(thread: str, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
            assert thread == "u"
            return set(pairs)

        box = Mailbox(mail())
        with serving(box) as fake:
            box.fake = fake
            pages = list(Voicemail(fake.graph()).changes("u", None, known))
        assert [page.items for page in pages] == [()]
        assert not [a for a in fake.requests if "AAMk1" in a.target]

    def test_lost_link(self) -> None:
        """A link that the server forgot means that folder again from its first day."""
        box = Mailbox(mail())
        forgets = [False]

        def reply(asked: Asked) -> Reply:
            if forgets[0] and "deltatoken" in asked.target:
                return Reply(400, fault("x", "", {"code": "SyncStateNotFound"}))
            return box(asked)

        with serving(reply) as fake:
            box.fake = fake
            source = Voicemail(fake.graph())
            cursor = list(source.changes("u", None, nothing_known))[-1].cursor
            forgets[0] = True
            pages = list(source.changes("u", cursor, nothing_known))
        assert [i.key for page in pages for i in page.items] == ["<1@k.example>"]

    @pytest.mark.parametrize("status", [403, 404])
    def test_closed(self, status: int) -> None:
        """A mailbox that is closed to the app is one problem, and its cursor stays."""
        with serving(lambda asked: Reply(status, fault("ErrorAccessDenied"))) as fake:
            (page,) = Voicemail(fake.graph()).changes("u", None, nothing_known)
        (problem,) = page.items
        assert isinstance(problem, Problem)
        assert (problem.scope, page.cursor) == ("part", None)

    def test_whose(self) -> None:
        """People with a mail address and the shared mailboxes are read, each once."""
        people = [
            Person(id="a", mail="a@k.example"),
            Person(id="b"),
            Person(id="c", mail="c@k.example", is_removed=True),
        ]
        with serving(lambda asked: Reply()) as fake:
            source = Voicemail(fake.graph(), mailboxes=["queue@k.example", "a"])
            assert source.parts(people) == ["a", "queue@k.example"]


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("String 0x001A", "string 0x1a"),
        (f"String {UM.upper().replace('NAME', 'Name')}AsrData", f"String {UM}asrdata"),
    ],
)
def test_property_ids(text: str, same: str) -> None:
    """Property ids are equal however they are written."""
    assert property_key(text) == property_key(same)


@given(st.text(max_size=40))
def test_odd_property_ids(text: str) -> None:
    """Any text can be compared as a property id."""
    assert property_key(text) == property_key(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+4537000001", "+4537000001"),
        ("tel:+4537000001", "+4537000001"),
        ("37 00 00 01", "37 00 00 01"),
        ("+45370000***", "+45370000***"),
        ("112", "112"),
        ("IPM.Note", ""),
        ("bo@k.example", ""),
        ("bo1234@k.example", ""),
        ("sip:+4537000001@k.example", ""),
        ("", ""),
        ("12", ""),
    ],
)
def test_numbers(text: str, number: str) -> None:
    """What stands where a number should is only believed when it is one."""
    assert phone_in(text) == number


def test_made_up_mail_is_json() -> None:
    """The mails of these tests can be sent."""
    assert json.loads(json.dumps(mail()))["class"] == CLASS
