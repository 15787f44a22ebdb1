"""Microsoft's own example answers, where they lie beside the checkout, are read without loss."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connector.errors import RemoteError
from connector.http import Answer
from connector.model import Item, Kind
from connector.sources import voicemail
from connector.sources.teams.calls import parse_heads, parse_record
from connector.sources.teams.directory import parse_users
from connector.sources.teams.messages import parse_message, parse_messages
from connector.sources.teams.presence import parse_presences
from connector.sources.teams.pstn import direct_call, parse_rows, pstn_call
from connector.sources.teams.records import record_call
from tests.fake_graph import Reply, one_after_another, serving

FOLDER = Path(__file__).parents[2] / "shared" / "reference" / "graph-samples"
SAMPLES = sorted(FOLDER.glob("*.json")) if FOLDER.is_dir() else []
SEEN = datetime(2026, 11, 20, tzinfo=UTC)


def rows(body: bytes) -> int:
    return len(msgspec.json.decode(body)["value"])


def read(name: str, body: bytes) -> Any:
    """What our reader for this kind of sample makes of it; None when no source asks for it."""
    answer = Answer(200, body, {})
    if name.startswith("chats-getallmessages"):
        return parse_messages("chats", "u", answer).items
    if name.startswith("system-messages"):
        return (parse_message("chats", "u", body),)
    if "getpstncalls" in name:
        return parse_rows("pstn", "pstn", pstn_call, answer).items
    if "getdirectroutingcalls" in name:
        return parse_rows("dr", "dr", direct_call, answer).items
    if "list-callrecords" in name:
        return parse_heads("records", answer).heads
    if name.startswith("callrecords-callrecord-get"):
        return (record_call(parse_record(answer)),)
    if "getpresencesbyuserid" in name:
        return parse_presences("presence", "p", answer, SEEN)[0]
    if name.startswith("user-delta"):
        return parse_users(answer).people
    if name.startswith("message-list-attachments"):
        return voicemail.parse_files(answer)
    return None


def chosen(*starts: str) -> list[Path]:
    """The samples whose names begin so; none on a machine that has no samples."""
    return [path for path in SAMPLES if path.name.startswith(starts)]


def test_samples() -> None:
    """Every row of every sample becomes a value; none becomes a problem."""
    for sample in SAMPLES:
        body = sample.read_bytes()
        found = read(sample.name, body)
        if found is None:
            assert sample not in chosen("chats", "callrecords", "cloudcomm", "user", "system")
            continue
        assert len(found) == (rows(body) if b'"value"' in body else 1), sample.name
        assert not [one for one in found if hasattr(one, "reason")], sample.name


def test_call_events() -> None:
    """A documented event of a call is a sighting with the call's id."""
    for sample in chosen("system"):
        item = parse_message("chats", "u", sample.read_bytes())
        assert isinstance(item, Item)
        assert item.kind is Kind.SIGHTING
        assert item.call is not None
        assert item.call.same[0].startswith("chatcall:")


def test_documented_errors() -> None:
    """A documented error body gives its code and request id."""
    for sample in chosen("errors", "throttling"):
        reply = Reply(429 if sample.name.startswith("throttling") else 400, sample.read_bytes())
        outer = msgspec.json.decode(sample.read_bytes())["error"]
        inner = outer["innerError"]
        code = outer["code"] if inner["code"].isdigit() else inner["code"]
        with (
            serving(one_after_another(reply)) as fake,
            pytest.raises(RemoteError, match=code) as caught,
        ):
            fake.graph(attempts=1).get("users")
        assert caught.value.request_id == inner["request-id"]
