"""Call records, telephone rows and presence: what they tell of a call."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.http import Answer
from connector.model import Call, Direction, Item, Kind, Person, Problem
from connector.sources.teams import CallRecords, Directory, DirectRouting, PresenceStates, PstnCalls
from connector.sources.teams.calls import parse_record
from connector.sources.teams.pstn import direct_call, parse_rows, pstn_call, spans
from connector.sources.teams.records import record_call
from tests.contracts.source import nothing_known
from tests.fake_graph import Asked, Reply, fault, serving

START = datetime(2026, 11, 18, 10, tzinfo=UTC)
ADA, BO, PHONE = "u-ada", "u-bo", "+4537000001"
QUEUE, ATTENDANT = "skypeForBusinessCallQueues", "skypeForBusinessAutoAttendant"


def at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def end(who: str) -> dict[str, Any]:
    """A person or telephone, or a service when the word is a role."""
    if who in (ADA, BO) or who.startswith("+"):
        return {
            "@odata.type": "#microsoft.graph.callRecords.participantEndpoint",
            "associatedIdentity": {"id": who, "displayName": None},
            "userAgent": {"productFamily": "teams"},
        }
    return {
        "@odata.type": "#microsoft.graph.callRecords.serviceEndpoint",
        "userAgent": {"role": who},
    }


def leg(begin: float, until: float, caller: str, callee: str, failure: str = "") -> dict[str, Any]:
    return {
        "startDateTime": at(begin),
        "endDateTime": at(until),
        "caller": end(caller),
        "callee": end(callee),
        "failureInfo": {"stage": "callSetup", "reason": failure} if failure else None,
    }


def record(kind: str, *legs: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "id": "r-1",
        "version": 1,
        "type": kind,
        "startDateTime": at(0),
        "endDateTime": at(90),
        "lastModifiedDateTime": at(900),
        "organizer_v2": None,
        "participants_v2": [],
        "sessions": [{**one, "segments": [one]} for one in legs],
        **changes,
    }


def call(kind: str, *legs: dict[str, Any], **changes: Any) -> Call:
    body = json.dumps(record(kind, *legs, **changes)).encode()
    return record_call(parse_record(Answer(200, body, {})))


def people(*ids: str) -> list[dict[str, Any]]:
    return [
        {"id": i, "identity": {"phone" if i.startswith("+") else "user": {"id": i}}} for i in ids
    ]


class TestRecords:
    @pytest.mark.parametrize(
        ("legs", "is_answered", "direction", "voicemail"),
        [
            ([leg(0, 90, PHONE, ADA)], True, Direction.INBOUND, False),
            ([leg(0, 9, PHONE, ADA, "no answer")], False, Direction.INBOUND, False),
            (
                [leg(0, 20, PHONE, ADA, "no answer"), leg(20, 50, PHONE, "voicemail")],
                False,
                Direction.INBOUND,
                True,
            ),
            ([leg(0, 90, ADA, PHONE)], True, Direction.OUTBOUND, False),
            ([leg(0, 90, ADA, BO)], True, Direction.INTERNAL, False),
            ([leg(0, 0, ADA, BO)], False, Direction.INTERNAL, False),
            ([leg(0, 5, ADA, "mediationServer")], False, Direction.INTERNAL, False),
        ],
        ids=["in", "missed", "voicemail", "out", "internal", "no length", "nobody reached"],
    )
    def test_between_two(
        self, legs: list[Any], is_answered: bool, direction: Direction, voicemail: bool
    ) -> None:
        """Whether a call was taken, which way it went and where it ended follow from its legs."""
        found = call("peerToPeer", *legs)
        assert found.is_answered is is_answered
        assert found.direction is direction
        assert found.went_to_voicemail is voicemail

    def test_queue(self) -> None:
        """A journey through attendant, queue, agent and transfer keeps its legs in order."""
        found = call(
            "groupCall",
            leg(25, 60, QUEUE, ADA),
            leg(0, 10, PHONE, ATTENDANT),
            leg(60, 90, ADA, BO),
            leg(10, 25, PHONE, QUEUE),
            participants_v2=people(PHONE, ADA, BO),
        )
        assert [one.role for one in found.legs] == ["attendant", "queue", "user", "user"]
        assert [one.who.person or one.who.phone for one in found.legs] == [PHONE, PHONE, ADA, BO]
        assert found.caller.phone == PHONE
        assert {party.person for party in found.callees} == {ADA, BO}
        assert found.others == ()
        assert (found.is_answered, found.direction) == (True, Direction.INBOUND)

    def test_queue_without_an_agent(self) -> None:
        """A call that no agent took is missed, whatever queues and attendants answered."""
        found = call(
            "groupCall",
            leg(0, 10, PHONE, ATTENDANT),
            leg(10, 70, PHONE, QUEUE),
            leg(70, 85, QUEUE, ADA, "no answer"),
        )
        assert found.is_answered is False
        assert found.legs[-1].failure == "callSetup: no answer"

    def test_meeting(self) -> None:
        """A meeting has its organizer as caller and the rest as others; its chat is known."""
        server = "skypeForBusinessAudioVideoMcu"
        url = (
            "https://teams.microsoft.com/l/meetup-join/19%3ameeting_x%40thread.v2/0?context=%7b%7d"
        )
        found = call(
            "groupCall",
            leg(0, 90, BO, server),
            leg(5, 90, ADA, server),
            organizer_v2=people(ADA)[0],
            participants_v2=people(ADA, BO),
            joinWebUrl=url,
        )
        assert (found.caller.person, found.callees) == (ADA, ())
        assert [party.person for party in found.others] == [BO]
        assert found.thread == "19:meeting_x@thread.v2"
        assert found.is_answered is True

    def test_without_sessions(self) -> None:
        """A first version without sessions cannot tell whether the call was answered."""
        found = call("peerToPeer", participants_v2=people(ADA, BO), organizer_v2=people(ADA)[0])
        assert found.is_answered is None
        assert [party.person for party in found.callees] == [BO]

    def test_new_kinds_of_people(self) -> None:
        """A kind of participant that is new to us is still somebody."""
        member = {"id": "x", "identity": {"user": None, "spaceUser": {"id": "s-1"}}}
        found = call("groupCall", leg(0, 9, ADA, "x"), participants_v2=[member])
        assert "s-1" in {party.person for party in found.others}

    def test_dead_members(self) -> None:
        """`organizer` and `participants`, which carry nothing any more, are not looked at."""
        dead = {"user": {"id": "wrong", "displayName": "Forkert"}}
        found = call("peerToPeer", leg(0, 9, ADA, BO), organizer=dead, participants=[dead])
        assert "wrong" not in {party.person for party in found.parties}

    def test_malformed_date(self) -> None:
        """A date without its T is mended."""
        body = record("peerToPeer", leg(0, 90, ADA, BO))
        body["startDateTime"] = body["startDateTime"].replace("T", "")
        found = record_call(parse_record(Answer(200, json.dumps(body).encode(), {})))
        assert found.started_at == START


class Records:
    """A server of call records; each record is its own answer."""

    def __init__(self, *records: dict[str, Any]) -> None:
        self.records = {one["id"]: one for one in records}
        self.refuses_both = False

    def __call__(self, asked: Asked) -> Reply:
        path, _, query = unquote(asked.target).partition("?")
        key = path.removeprefix("/v1.0/communications/callRecords").strip("/").partition("/")[0]
        if not key:
            heads = [{k: v for k, v in r.items() if k != "sessions"} for r in self.records.values()]
            return Reply(body={"value": heads})
        if path.endswith("/participants_v2"):
            return Reply(body={"value": self.records[key]["participants_v2"]})
        if self.refuses_both and "participants_v2" in query:
            return Reply(400, fault("BadRequest"))
        found = dict(self.records[key])
        if "status" in found:
            return Reply(found["status"], fault("NotFound"))
        if "participants_v2" not in query:
            del found["participants_v2"]
        return Reply(body=found)


class TestReading:
    def read(self, server: Records, known: Any = nothing_known) -> tuple[list[Any], list[str]]:
        with serving(server) as fake:
            graph = fake.graph()
            (page,) = CallRecords(graph).changes("calls", None, known)
            graph.close()
        return list(page.items), [unquote(asked.target) for asked in fake.requests]

    def test_known_versions(self) -> None:
        """A version that the ledger holds is not fetched; a later one is."""
        server = Records({**record("peerToPeer", leg(0, 9, ADA, BO)), "version": 2})
        for version, count in (("2", 0), ("1", 1)):

            def known(
                thread: str, pairs: Sequence[tuple[str, str]], have: str = version
            ) -> set[tuple[str, str]]:
                assert thread == "callRecords"
                return {pair for pair in pairs if pair[1] == have}

            items, asked = self.read(server, known)
            assert len(items) == count
            assert len(asked) == 1 + count

    def test_versions_are_ordered(self) -> None:
        """A later version comes after the earlier one, also when its date stood still."""
        items = [
            self.read(Records({**record("peerToPeer", leg(0, 9, ADA, BO)), "version": v}))[0][0]
            for v in (1, 2)
        ]
        assert items[0].modified_at < items[1].modified_at

    def test_both_expansions_refused(self) -> None:
        """Where sessions and participants cannot be had together, they are asked for apart."""
        server = Records(record("peerToPeer", leg(0, 9, ADA, BO), participants_v2=people(ADA, BO)))
        server.refuses_both = True
        (item,), asked = self.read(server)
        assert item.call.callees[0].person == BO
        assert asked[-1].endswith("/r-1/participants_v2")

    def test_record_not_there(self) -> None:
        """A call that is listed and cannot be opened is known to have been, and asked for again."""
        server = Records({**record("peerToPeer"), "status": 404})
        (item,), _ = self.read(server)
        assert isinstance(item, Item)
        assert (item.kind, item.version) == (Kind.SIGHTING, "1-head")
        assert "record not there" in item.flags
        assert item.call is not None
        assert item.call.is_answered is None

    def test_one_unreadable(self) -> None:
        """A record that makes no sense is a problem; its neighbour arrives."""
        broken = {**record("peerToPeer"), "id": "r-2", "status": 400}
        items, _ = self.read(Records(record("peerToPeer", leg(0, 9, ADA, BO)), broken))
        assert [type(item) for item in items] == [Item, Problem]

    def test_windows(self) -> None:
        """The first list reaches back 30 days, the next two, and once a day seven."""
        with serving(Records()) as fake:
            source = CallRecords(fake.graph())
            cursor = None
            for hours in (0, 1, 24):
                fake.time.passed_s += 3600 * hours
                (page,) = source.changes("calls", cursor, nothing_known)
                cursor = page.cursor
        starts = [unquote(asked.target).rpartition("ge ")[2] for asked in fake.requests]
        assert starts == [
            "2026-10-21T12:00:00.000Z",
            "2026-11-18T12:00:00.000Z",
            "2026-11-14T13:00:00.000Z",
        ]


def pstn_row(**changes: Any) -> dict[str, Any]:
    return {
        "id": "p-1",
        "callId": "not unique",
        "userId": ADA,
        "userPrincipalName": "ada@kommune.example",
        "userDisplayName": "Ada Prøve",
        "startDateTime": at(0),
        "endDateTime": at(60),
        "duration": 60,
        "callType": "user_in",
        "calleeNumber": "+4599000001",
        "callerNumber": PHONE,
        **changes,
    }


def direct_row(**changes: Any) -> dict[str, Any]:
    return {
        **pstn_row(),
        "correlationId": "c-1",
        "inviteDateTime": at(0),
        "startDateTime": at(5),
        "failureDateTime": "0001-01-01T00:00:00Z",
        "successfulCall": True,
        "callType": "ByotIn",
        "callerNumber": "+45370000***",
        **changes,
    }


def one_row(row: dict[str, Any], to_call: Any) -> Call:
    body = json.dumps({"value": [row]}).encode()
    (item,) = parse_rows("pstn", "pstn", to_call, Answer(200, body, {})).items
    assert isinstance(item, Item), item
    assert item.call is not None
    return item.call


class TestRows:
    @pytest.mark.parametrize(
        ("kind", "duration", "direction", "is_answered"),
        [
            ("user_in", 60, Direction.INBOUND, None),
            ("user_in", 0, Direction.INBOUND, False),
            ("user_out", 60, Direction.OUTBOUND, True),
            ("user_out", 0, Direction.OUTBOUND, False),
            ("ucap_in", 60, Direction.INBOUND, None),
            ("conf", 60, Direction.UNKNOWN, True),
        ],
    )
    def test_pstn(
        self, kind: str, duration: int, direction: Direction, is_answered: bool | None
    ) -> None:
        """A row tells the direction; who took an incoming call it cannot tell."""
        found = one_row(pstn_row(callType=kind, duration=duration), pstn_call)
        assert (found.direction, found.is_answered) == (direction, is_answered)
        assert found.same == ("pstn:p-1",)

    def test_parties(self) -> None:
        """The number outside is the other party; a row without a user is an attendant's."""
        inbound = one_row(pstn_row(), pstn_call)
        assert (inbound.caller.phone, inbound.callees[0].person) == (PHONE, ADA)
        outbound = one_row(
            pstn_row(callType="user_out", callerNumber="+4599000001", calleeNumber=PHONE), pstn_call
        )
        assert (outbound.caller.person, outbound.callees[0].phone) == (ADA, PHONE)
        queue = one_row(pstn_row(callType="ucap_in", userId=None), pstn_call)
        assert (queue.callees[0].person, queue.callees[0].role) == ("", "attendant")

    def test_direct_routing(self) -> None:
        """A row of the own line keeps its masked number and its correlation."""
        found = one_row(direct_row(), direct_call)
        assert (found.caller.phone, found.direction) == ("+45370000***", Direction.INBOUND)
        assert (found.same, found.started_at) == (("dr:c-1",), START)
        assert found.ended_at == START + timedelta(seconds=60)

    @pytest.mark.parametrize(
        ("kind", "direction"),
        [
            ("ByotIn", Direction.INBOUND),
            ("ByotInUcap", Direction.INBOUND),
            ("ByotOut", Direction.OUTBOUND),
            ("ByotOutUserForwarding", Direction.OUTBOUND),
            ("ByotOutUcap", Direction.OUTBOUND),
            ("dr_in_ucap", Direction.INBOUND),
            ("dr_out_user_forwarding", Direction.OUTBOUND),
            ("Unheard", Direction.UNKNOWN),
        ],
    )
    def test_way(self, kind: str, direction: Direction) -> None:
        """The word for the way stands at the beginning: "forwarding" holds an "in", too."""
        assert one_row(direct_row(callType=kind), direct_call).direction == direction

    def test_failed(self) -> None:
        """A failed call has sentinels as start and end; invite and failure tell the times."""
        sentinel = "0001-01-01T00:00:00Z"
        found = one_row(
            direct_row(
                successfulCall=False,
                startDateTime=sentinel,
                endDateTime=sentinel,
                failureDateTime=at(20),
                duration=0,
                finalSipCode=487,
                finalSipCodePhrase="Request Terminated",
            ),
            direct_call,
        )
        assert (found.started_at, found.ended_at) == (START, START + timedelta(seconds=20))
        assert (found.is_answered, found.legs[0].failure) == (False, "487 Request Terminated")

    def test_sentinel_end(self) -> None:
        """An end that is a sentinel is worked out from the duration."""
        found = one_row(direct_row(endDateTime="0001-01-01T00:00:00Z", duration=60), direct_call)
        assert found.ended_at == START + timedelta(seconds=60)

    def test_changed_row(self) -> None:
        """A row that changed is a new version; another order of its members is not."""

        def version(row: dict[str, Any]) -> str:
            body = json.dumps({"value": [row]}).encode()
            (item,) = parse_rows("pstn", "pstn", pstn_call, Answer(200, body, {})).items
            assert isinstance(item, Item)
            return item.version

        row = pstn_row()
        assert version(row) == version(dict(reversed(row.items())))
        assert version(row) != version({**row, "charge": 0.1})

    def test_unreadable(self) -> None:
        """A row without a time is a problem; its neighbour arrives."""
        body = {"value": [pstn_row(startDateTime="?"), pstn_row()]}
        found = parse_rows("pstn", "pstn", pstn_call, Answer(200, json.dumps(body).encode(), {}))
        assert [type(item) for item in found.items] == [Problem, Item]

    def test_bounds(self) -> None:
        """Both dates are included for Microsoft's lines; for the own ones the last is not."""
        with serving(lambda asked: Reply(body={"value": []})) as fake:
            for source in (PstnCalls(fake.graph()), DirectRouting(fake.graph())):
                (page,) = source.changes(source.parts([])[0], None, nothing_known)
                list(source.changes("", page.cursor, nothing_known))
        asked = [a.target.rpartition("/")[2] for a in fake.requests]
        assert asked == [
            "getPstnCalls(fromDateTime=2026-10-21,toDateTime=2026-11-20)",
            "getPstnCalls(fromDateTime=2026-11-17,toDateTime=2026-11-20)",
            "getDirectRoutingCalls(fromDateTime=2026-10-21,toDateTime=2026-11-21)",
            "getDirectRoutingCalls(fromDateTime=2026-11-17,toDateTime=2026-11-21)",
        ]

    @given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 800))
    def test_spans(self, first: date, days: int) -> None:
        """Any stretch is cut into pieces of at most 90 days that leave out and repeat no day."""
        last = first + timedelta(days=days)
        pieces = spans(first, last)
        found = [a + timedelta(days=n) for a, b in pieces for n in range((b - a).days + 1)]
        assert found == [first + timedelta(days=n) for n in range(days + 1)]
        assert all((b - a).days < 90 for a, b in pieces)


class TestPresence:
    def states(self, body: Any) -> Any:
        with serving(lambda asked: Reply(body=body)) as fake:
            (page,) = PresenceStates(fake.graph()).changes("a,b", None, nothing_known)
        assert json.loads(fake.requests[0].body) == {"ids": ["a", "b"]}
        return page

    def test_states(self) -> None:
        """Unknown words are kept as they are; somebody unknown is just missing."""
        state = {
            "id": "a",
            "availability": "OnTheMoon",
            "activity": "Floating",
            "sequenceNumber": "A7",
            "statusMessage": {
                "message": {"content": "<p>Tilbage kl. 13</p>", "contentType": "html"}
            },
            "outOfOfficeSettings": {"isOutOfOffice": True},
        }
        (found,) = self.states({"value": [state]}).presences
        assert (found.person, found.availability, found.activity) == ("a", "OnTheMoon", "Floating")
        assert (found.sequence, found.message, found.is_out_of_office) == (
            "A7",
            "Tilbage kl. 13",
            True,
        )

    @pytest.mark.parametrize("body", [{"value": {"id": "a"}}, {"id": "a"}])
    def test_other_shapes(self, body: Any) -> None:
        """One state bare, or wrapped without a list, is read too."""
        assert [one.person for one in self.states(body).presences] == ["a"]

    def test_chunks(self) -> None:
        """No more than 650 people are asked for at once, and nobody twice."""
        everybody = [Person(id=str(n)) for n in range(1500)]
        with serving(lambda asked: Reply()) as fake:
            parts = PresenceStates(fake.graph()).parts(everybody)
        assert [len(part.split(",")) for part in parts] == [650, 650, 200]
        assert len({i for part in parts for i in part.split(",")}) == 1500


class TestDirectory:
    def test_person(self) -> None:
        """Numbers, SIP address and state come from where the directory has them."""
        user = {
            "id": "a",
            "userPrincipalName": "a@k.example",
            "displayName": None,
            "businessPhones": ["+4599000001"],
            "mobilePhone": "+4599000001",
            "proxyAddresses": ["SMTP:a@k.example", "SIP:a.prøve@k.example"],
            "accountEnabled": False,
        }
        body = {"value": [user, {"id": "b", "@removed": {"reason": "deleted"}}, {"id": 4}]}
        with serving(lambda asked: Reply(body={**body, "@odata.deltaLink": "x"})) as fake:
            (page,) = Directory(fake.graph()).changes("users", None, nothing_known)
        ada, bo = page.people
        assert (ada.phones, ada.sip, ada.is_enabled) == (
            ("+4599000001",),
            "a.prøve@k.example",
            False,
        )
        assert (bo.id, bo.is_removed) == ("b", True)

    def test_unchanged(self) -> None:
        """A directory in which nothing changed costs one request."""

        def reply(asked: Asked) -> Reply:
            link = f"{fake.base_url}/users/delta?$deltatoken=1"
            return Reply(body={"value": [], "@odata.deltaLink": link})

        with serving(reply) as fake:
            source = Directory(fake.graph())
            (page,) = source.changes("users", None, nothing_known)
            list(source.changes("users", page.cursor, nothing_known))
        assert [a.target for a in fake.requests][1:] == ["/v1.0/users/delta?$deltatoken=1"]

    @pytest.mark.parametrize("status", [400, 404, 405, 410])
    def test_no_delta(self, status: int) -> None:
        """Where delta is not to be had, everybody is listed."""

        def reply(asked: Asked) -> Reply:
            if "/delta" in asked.target:
                return Reply(status, fault("x"))
            return Reply(body={"value": [{"id": "a"}]})

        with serving(reply) as fake:
            (page,) = Directory(fake.graph()).changes("users", None, nothing_known)
        assert [person.id for person in page.people] == ["a"]
        assert "$top=999" in fake.requests[-1].target

    def test_only_some(self) -> None:
        """With a list of users, the others are left out."""
        body = {"value": [{"id": "a"}, {"id": "b"}]}
        with serving(lambda asked: Reply(body=body)) as fake:
            source = Directory(fake.graph(), users=["b"])
            (page,) = source.changes("users", None, nothing_known)
        assert [person.id for person in page.people] == ["b"]
