"""Chat and channel messages: what a row becomes, and what is done about servers that lie."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import Denied
from connector.model import Direction, Item, Kind, Page, Person, Problem
from connector.sources.teams import Channels, Chats
from connector.sources.teams.messages import iso_duration, moment, parse_message
from tests.contracts.source import nothing_known
from tests.fake_graph import Asked, FakeGraph, Reply, fault, serving

AT = datetime(2026, 11, 18, 10, 0, 0, 123_000, tzinfo=UTC)


def row(**changes: Any) -> dict[str, Any]:
    """A message as the export gives it; everybody in it is made up."""
    made: dict[str, Any] = {
        "id": "1794996000123",
        "etag": "1794996000123",
        "messageType": "message",
        "createdDateTime": "2026-11-18T10:00:00.123Z",
        "lastModifiedDateTime": "2026-11-18T10:00:00.123Z",
        "deletedDateTime": None,
        "chatId": "19:prøve@thread.v2",
        "channelIdentity": None,
        "from": {"user": {"id": "u-1", "displayName": "Ada Prøve", "userIdentityType": "aadUser"}},
        "body": {"contentType": "html", "content": "<p>hej</p>"},
        "attachments": [],
        "mentions": [],
        "eventDetail": None,
    }
    return {**made, **changes}


def read(**changes: Any) -> Item:
    raw = json.dumps(row(**changes)).encode()
    item = parse_message("chats", "u-1", raw)
    assert isinstance(item, Item), item
    assert item.raw == raw
    return item


class TestRow:
    def test_message(self) -> None:
        """A message keeps its thread, key, version, times, sender and words."""
        item = read()
        assert (item.thread, item.key, item.version) == ("19:prøve@thread.v2",) + (
            "1794996000123",
        ) * 2
        assert (item.kind, item.sent_at, item.modified_at) == (Kind.MESSAGE, AT, AT)
        assert (item.sender, item.sender_name, item.text) == ("u-1", "Ada Prøve", "hej")
        assert item.direction is Direction.INTERNAL
        assert item.flags == ()

    @pytest.mark.parametrize(
        ("edited", "wanted"),
        [
            ("2026-11-18T10:05:00Z", AT.replace(minute=5, microsecond=0)),
            ("2026-11-18T11:05:00+01:00", AT.replace(minute=5, microsecond=0)),
            ("2026-11-18 10:05:00Z", AT.replace(minute=5, microsecond=0)),
            ("2026-11-18T10:00:00.123Z", None),  # the time of sending
            ("0001-01-01T00:00:00Z", None),
            (None, None),
        ],
    )
    def test_edited(self, edited: str | None, wanted: datetime | None) -> None:
        """A message says when its words were last changed; when it was sent is no edit."""
        assert read(lastEditedDateTime=edited).edited_at == wanted
        channel = {"teamId": "t", "channelId": "c"}
        post = read(lastEditedDateTime=edited, chatId=None, channelIdentity=channel)
        assert post.edited_at == wanted

    @pytest.mark.parametrize(
        ("kind", "direction"),
        [
            ("aadUser", Direction.INTERNAL),
            ("onPremiseAadUser", Direction.INTERNAL),
            ("federatedUser", Direction.INBOUND),
            ("anonymousGuest", Direction.INBOUND),
            ("phoneUser", Direction.INBOUND),
            ("somethingNew", Direction.INBOUND),
        ],
    )
    def test_direction(self, kind: str, direction: Direction) -> None:
        """Who is not of the organisation comes from outside."""
        sender = {"user": {"id": "x", "displayName": None, "userIdentityType": kind}}
        assert read(**{"from": sender}).direction is direction

    def test_equal_ids(self) -> None:
        """Equal ids in two chats are two messages."""
        assert read().thread != read(chatId="19:other@thread.v2").thread

    def test_channel(self) -> None:
        """In a channel, a message and the replies to it share a thread."""
        channel = {"teamId": "t", "channelId": "c"}
        root = read(chatId=None, channelIdentity=channel)
        reply = read(id="2", chatId=None, channelIdentity=channel, replyToId="1794996000123")
        assert root.thread == reply.thread == "t/c/1794996000123"
        assert reply.reply_to == "1794996000123"

    def test_deleted(self) -> None:
        """A deletion is marked; its empty text is given as it came."""
        body = {"contentType": "html", "content": ""}
        item = read(deletedDateTime="2026-11-18T11:00:00Z", body=body, etag="9")
        assert (item.is_deleted, item.text, item.version) == (True, "", "9")
        assert not read(deletedDateTime="0001-01-01T00:00:00Z").is_deleted

    def test_mentions(self) -> None:
        """Who is mentioned is known by id, once each, and their names stay in the words."""
        user = {"mentioned": {"user": {"id": "u-2", "displayName": "Bo"}}}
        tag = {"mentioned": {"user": None, "tag": {"id": "x"}}}
        body = {"contentType": "html", "content": '<p><at id="0">Bo</at> og <at id="1">Bo</at></p>'}
        item = read(mentions=[user, user, tag], body=body)
        assert (item.mentions, item.text) == (("u-2",), "Bo og Bo")

    def test_shared_file(self) -> None:
        """A shared file is a link; its bytes are not ours to fetch."""
        shared = {
            "id": "a",
            "contentType": "reference",
            "contentUrl": "https://x.example/Notat.docx",
            "name": "Notat.docx",
        }
        (found,) = read(attachments=[shared]).attachments
        assert (found.name, found.url, found.ref, found.role) == (
            "Notat.docx",
            "https://x.example/Notat.docx",
            "",
            "file",
        )

    def test_picture(self) -> None:
        """A picture in the text is fetched by its path only, whatever host the text names."""
        path = "chats/19:prøve@thread.v2/messages/1/hostedContents/aWQ=/$value"
        content = f'<img src="https://evil.example/v1.0/{path}"><img src="https://x.example/y.png">'
        ours, other = read(body={"contentType": "html", "content": content}).attachments
        assert (ours.ref, ours.role, ours.url) == (path, "image", "")
        assert (other.ref, other.url) == ("", "https://x.example/y.png")

    @pytest.mark.parametrize(
        ("kind", "content"),
        [
            ("messageReference", {"messageId": "1", "messagePreview": "om 27.45.04-P19-12-24"}),
            (
                "forwardedMessageReference",
                {"originalMessageContent": "<p>om 27.45.04-<b>P19</b>-12-24</p>"},
            ),
        ],
    )
    def test_quotes(self, kind: str, content: dict[str, str]) -> None:
        """A quoted or forwarded message is kept apart from the sender's words."""
        item = read(attachments=[{"id": "1", "contentType": kind, "content": json.dumps(content)}])
        assert (item.text, item.quoted, item.attachments) == ("hej", "om 27.45.04-P19-12-24", ())

    def test_card(self) -> None:
        """The words on a card are part of what was said."""
        card = {
            "id": "1",
            "contentType": "application/vnd.microsoft.card.thumbnail",
            "content": json.dumps({"title": "Sag 27.45.04-P19-12-24"}),
        }
        item = read(attachments=[card])
        assert item.text == "hej\nSag 27.45.04-P19-12-24"
        assert item.attachments[0].role == "card"

    def test_application(self) -> None:
        """What a bot writes has the bot as its sender."""
        item = read(**{"from": {"application": {"id": "bot", "displayName": "Robotten"}}})
        assert (item.sender, item.sender_name) == ("bot", "Robotten")

    def test_new_type(self) -> None:
        """A type of message that is new to us is still a message, and flagged."""
        item = read(messageType="voiceNote")
        assert (item.kind, item.flags) == (Kind.MESSAGE, ("unknown enum: voiceNote",))


class TestEvents:
    def event(self, what: str, **detail: Any) -> Item:
        detail["@odata.type"] = f"#microsoft.graph.{what}EventMessageDetail"
        body = {"contentType": "html", "content": "<systemEventMessage/>"}
        return read(
            messageType="systemEventMessage", body=body, eventDetail=detail, **{"from": None}
        )

    def people(self, *ids: str, kind: str = "aadUser") -> list[dict[str, Any]]:
        return [
            {"participant": {"user": {"id": i, "displayName": i, "userIdentityType": kind}}}
            for i in ids
        ]

    def test_call_ended(self) -> None:
        """The end of a call tells how long it was and who took part."""
        everybody = self.people("u-1", "u-2")
        item = self.event(
            "callEnded",
            callId="c-1",
            callDuration="PT1M5S",
            callParticipants=everybody,
            initiator=everybody[0]["participant"],
        )
        assert item.kind is Kind.SIGHTING
        call = item.call
        assert call is not None
        assert (call.started_at, call.ended_at) == (AT - timedelta(seconds=65), AT)
        assert (call.same, call.thread) == (("chatcall:c-1",), item.thread)
        assert (call.caller.person, [p.person for p in call.others]) == ("u-1", ["u-2"])
        assert (call.is_answered, call.direction) == (True, Direction.INTERNAL)

    @pytest.mark.parametrize("what", ["callStarted", "callRecording"])
    def test_other_call_events(self, what: str) -> None:
        """That a call began or was recorded cannot tell whether it was answered."""
        item = self.event(what, callId="c-1", initiator=self.people("u-1")[0]["participant"])
        assert item.kind is Kind.SIGHTING
        assert item.call is not None
        assert item.call.is_answered is None

    @pytest.mark.parametrize("what", ["membersAdded", "chatRenamed", "callTranscript"])
    def test_other_events(self, what: str) -> None:
        """Other events of a chat are events with a word that says which."""
        detail = {"callId": "c"} if what == "callTranscript" else {}
        item = self.event(what, **detail)
        assert (item.kind, item.text) == (Kind.EVENT, what)

    def test_telephone_in_a_call(self) -> None:
        """Somebody who takes part by telephone is known by the number."""
        item = self.event(
            "callEnded",
            callId="c",
            callDuration="PT5S",
            callParticipants=self.people("+4537000001", kind="phoneUser"),
        )
        assert item.call is not None
        assert item.call.others[0].phone == "+4537000001"


class TestOddRows:
    @pytest.mark.parametrize(
        ("text", "at", "flag"),
        [
            ("2026-11-1810:00:00.123Z", AT, "malformed date"),
            ("2026-11-18T10:00:00.1230000Z", AT, ""),
            ("2026-11-18T10:00:00.123", AT, "date without zone"),
            ("2026-11-18T11:00:00.123+01:00", AT, ""),
        ],
    )
    def test_dates(self, text: str, at: datetime, flag: str) -> None:
        """Dates of other forms are read, and what was odd is flagged."""
        item = read(createdDateTime=text)
        assert item.sent_at == at
        assert item.sent_at.utcoffset() == timedelta(0)
        assert item.flags == ((flag,) if flag else ())

    def test_no_date_at_all(self) -> None:
        """Without a date that can be read, the id tells when it was."""
        item = read(createdDateTime="soon")
        assert (item.sent_at, "date taken from the id" in item.flags) == (AT, True)

    @pytest.mark.parametrize(
        "changes",
        [
            {"id": None},
            {"id": []},
            {"id": "x", "createdDateTime": "soon"},
            {"chatId": None, "channelIdentity": None},
            {"body": "text"},
            {"from": 3},
        ],
    )
    def test_unreadable(self, changes: dict[str, Any]) -> None:
        """A row that is no message is a problem with its bytes; the reason tells no content."""
        raw = json.dumps(row(subject="HEMMELIGT", **changes)).encode()
        problem = parse_message("chats", "u-1", raw)
        assert isinstance(problem, Problem)
        assert (problem.raw, problem.scope, problem.part) == (raw, "item", "u-1")
        assert "HEMMELIGT" not in problem.reason

    @pytest.mark.parametrize("raw", [b"3", b"null", b"[]", b'"x"', b'{"id": "1"}', b"{}"])
    def test_other_things(self, raw: bytes) -> None:
        """Anything else that stands in a list is a problem too."""
        assert isinstance(parse_message("chats", "u-1", raw), Problem)

    def test_half_characters(self) -> None:
        """Half an emoji, which no database can store, becomes a sign and a flag."""
        raw = json.dumps(row()).replace("<p>hej</p>", "hej \\ud83d").encode()
        item = parse_message("chats", "u-1", raw)
        assert isinstance(item, Item)
        assert (item.text, item.flags) == ("hej ?", ("characters replaced",))
        item.text.encode()

    def test_attachments_of_another_form(self) -> None:
        """Attachments that are no list are left out and flagged; the message is kept."""
        item = read(attachments={"id": "1"})
        assert item.flags == ("unexpected form: attachments",)

    @given(
        st.dictionaries(
            st.sampled_from(sorted(row())),
            st.none() | st.integers() | st.text(max_size=5) | st.just([]) | st.just({}),
            max_size=4,
        )
    )
    def test_never_fails(self, changes: dict[str, Any]) -> None:
        """Whatever a member holds, the result is an item or a problem."""
        raw = json.dumps(row(**changes)).encode()
        found = parse_message("chats", "u-1", raw)
        assert isinstance(found, (Item, Problem))
        assert found.raw == raw


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT59S", 59), ("PT40M19.26S", 2419.26), ("P1DT1H", 90_000), ("", 0), ("P", 0), ("x", 0)],
)
def test_durations(text: str, seconds: float) -> None:
    """Durations of ISO 8601 are read; anything else is nothing."""
    assert iso_duration(text).total_seconds() == seconds


@given(st.text(max_size=30) | st.integers() | st.none())
def test_moments(text: object) -> None:
    """A date that cannot be read is none; one that can is in UTC."""
    at, _flag = moment(text)
    assert at is None or at.utcoffset() == timedelta(0)


class Pages:
    """A server of messages in pages that lies as a test says."""

    def __init__(self, lie: Callable[[int, dict[str, Any]], None], pages: int = 3) -> None:
        self.lie, self.pages = lie, pages
        self.fake: FakeGraph

    def __call__(self, asked: Asked) -> Reply:
        query = parse_qs(urlsplit(asked.target).query)
        number = int(query.get("$skiptoken", ["0"])[0])
        body: dict[str, Any] = {"value": [row(id=f"17949960000{number}")]}
        if number + 1 < self.pages:
            body["@odata.nextLink"] = self.link(number + 1)
        self.lie(number, body)
        return Reply(body=body)

    def link(self, number: int) -> str:
        return f"{self.fake.base_url}/users/u/chats/getAllMessages?$skiptoken={number}"


Run = Callable[[Callable[[Asked], Reply]], tuple[list[Page], FakeGraph]]


@pytest.fixture
def run() -> Run:
    """Read one part from a server."""

    def reading(reply: Callable[[Asked], Reply]) -> tuple[list[Page], FakeGraph]:
        with serving(reply) as fake:
            if isinstance(reply, Pages):
                reply.fake = fake
            graph = fake.graph()
            pages = list(Chats(graph, name="chats").changes("u", None, nothing_known))
            graph.close()
        return pages, fake

    return reading


def keys(pages: list[Page]) -> set[str]:
    return {item.key for page in pages for item in page.items if isinstance(item, Item)}


class TestPaging:
    def test_requests(self, run: Run) -> None:
        """The first page is asked with both bounds in milliseconds; each with the Prefer header."""
        _, fake = run(Pages(lambda number, body: None))
        first = parse_qs(urlsplit(fake.requests[0].target).query)
        assert first["$filter"] == [
            "lastModifiedDateTime gt 2026-10-21T12:00:00.000Z"
            " and lastModifiedDateTime lt 2026-11-20T11:55:00.000Z"
        ]
        assert first["$top"] == ["50"]
        assert len(fake.requests) == 3
        for asked in fake.requests:
            assert asked.headers["Prefer"] == "include-unknown-enum-members"

    def test_empty_page(self, run: Run) -> None:
        """An empty page with a next link is not the end."""

        def lie(number: int, body: dict[str, Any]) -> None:
            if number == 1:
                body["value"] = []

        pages, _ = run(Pages(lie))
        assert len(keys(pages)) == 2
        assert pages[-1].cursor is not None

    def test_empty_for_ever(self, run: Run) -> None:
        """Empty pages without end do end, and the part's cursor stays."""

        def lie(number: int, body: dict[str, Any]) -> None:
            body["value"] = []

        pages, fake = run(Pages(lie, pages=10**6))
        assert len(fake.requests) <= 110
        (problem,) = pages[-1].items
        assert isinstance(problem, Problem)
        assert (problem.scope, pages[-1].cursor) == ("part", None)

    @pytest.mark.parametrize("back_to", [1, 2])
    def test_circle(self, run: Run, back_to: int) -> None:
        """Pages in a circle are read a second time, then the part waits with its cursor unmoved."""

        def lie(number: int, body: dict[str, Any]) -> None:
            if number == 2:
                body["@odata.nextLink"] = server.link(back_to)

        server = Pages(lie)
        pages, fake = run(server)
        assert len(keys(pages)) == 3
        assert len(fake.requests) == 6
        assert isinstance(pages[-1].items[0], Problem)
        final = [page.cursor for page in pages if page.cursor and '"next"' not in page.cursor]
        assert final == []

    def test_circle_once(self, run: Run) -> None:
        """A circle that is gone the second time costs nothing but the repetition."""
        lies = [True]

        def lie(number: int, body: dict[str, Any]) -> None:
            if number == 2 and lies:
                lies.clear()
                body["@odata.nextLink"] = server.link(1)

        server = Pages(lie)
        pages, _ = run(server)
        assert len(keys(pages)) == 3
        assert pages[-1].cursor is not None

    def test_dead_link(self, run: Run) -> None:
        """A next link that dies means the window again from its start, once."""
        died = [Reply(400, fault("BadRequest", "Invalid token"))]
        pages_server = Pages(lambda number, body: None)

        def reply(asked: Asked) -> Reply:
            return died.pop() if died and "skiptoken=1" in asked.target else pages_server(asked)

        with serving(reply) as fake:
            pages_server.fake = fake
            pages = list(Chats(fake.graph()).changes("u", None, nothing_known))
        assert len(keys(pages)) == 3
        assert pages[-1].cursor is not None

    def test_foreign_link(self, run: Run) -> None:
        """A next link to another host is not followed, also not the second time."""

        def lie(number: int, body: dict[str, Any]) -> None:
            if number == 1:
                body["@odata.nextLink"] = "https://evil.example/v1.0/x"

        pages, fake = run(Pages(lie))
        (problem,) = pages[-1].items
        assert isinstance(problem, Problem)
        assert "another host" in problem.reason
        assert all("evil" not in asked.target for asked in fake.requests)

    @pytest.mark.parametrize("status", [403, 404])
    def test_closed_part(self, run: Run, status: int) -> None:
        """A user whose chats are closed to the app is one problem; the run goes on."""
        pages, _ = run(lambda asked: Reply(status, fault("Forbidden", "not for this chat")))
        assert [page.cursor for page in pages] == [None]
        (problem,) = pages[0].items
        assert isinstance(problem, Problem)
        assert problem.scope == "part"

    def test_missing_permission(self, run: Run) -> None:
        """A permission that the app lacks altogether ends the run."""
        body = fault("Forbidden", "Missing role permissions on the request.")
        with pytest.raises(Denied):
            run(lambda asked: Reply(403, body))


def test_quiet_feed() -> None:
    """A feed that was read long after its newest message is asked for the last day only."""
    with serving(Pages(lambda number, body: None, pages=1)) as fake:
        source = Chats(fake.graph())
        (page,) = source.changes("u", None, nothing_known)
        fake.time.passed_s += 86_400
        list(source.changes("u", page.cursor, nothing_known))
    (window,) = parse_qs(urlsplit(fake.requests[-1].target).query)["$filter"]
    assert window == (
        "lastModifiedDateTime gt 2026-11-19T12:00:00.000Z"
        " and lastModifiedDateTime lt 2026-11-21T11:55:00.000Z"
    )


def test_who_is_read() -> None:
    """Everybody in the directory has a part, but guests and those who were removed."""
    with serving(lambda asked: Reply()) as fake:
        people = [
            Person(id="a"),
            Person(id="b", is_enabled=False),
            Person(id="c", is_removed=True),
            Person(id="d", upn="gæst_x.example#EXT#@kommune.example"),
        ]
        assert Chats(fake.graph()).parts(people) == ["a", "b"]


def test_channels_ask_for_teams() -> None:
    """Channels are read for each chosen team, once."""
    with serving(lambda asked: Reply(body={"value": []})) as fake:
        source = Channels(fake.graph(), teams=["t 1", "t2", "t2"])
        assert source.parts([]) == ["t 1", "t2"]
        list(source.changes("t 1", None, nothing_known))
    assert fake.requests[0].target.startswith("/v1.0/teams/t%201/channels/getAllMessages?")
