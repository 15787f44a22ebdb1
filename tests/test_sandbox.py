"""The sandbox municipality: what is in it, how it answers, and that it answers like Graph."""

from __future__ import annotations

import base64
import csv
import io
import json
import threading
import wave
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msal
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.sandbox import (
    Municipality,
    Request,
    Response,
    Sandbox,
    build,
    serve,
    write_cases_csv,
    write_truth,
)
from connector.sandbox.audio import FRAME, recording
from connector.sandbox.municipality import COLUMNS
from connector.sandbox.protocol import seal, unseal
from connector.sandbox.world import Sound, open_cases_by_phone

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SCOPE = ["https://graph.microsoft.com/.default"]
SCHEMA = Path(__file__).parents[2] / "shared" / "reference" / "graph-openapi-subset.json"


@pytest.fixture(scope="module")
def town() -> Municipality:
    return build(seed=5, users=60, days=6, now=NOW)


@pytest.fixture(scope="module")
def sandbox(town: Municipality) -> Sandbox:
    return Sandbox(town, static_token="token")


def ask(sandbox: Sandbox, path: str, prefer: str = "", body: bytes = b"", **query: str) -> Response:
    """One request with the static token; `top` in the query means $top, and so on."""
    named = {f"${name}": value for name, value in query.items()}
    target = f"/v1.0{path}" + (f"?{urlencode(named, safe='$')}" if named else "")
    headers = {"authorization": "Bearer token", "prefer": prefer}
    method = "POST" if body else "GET"
    return sandbox.handle(Request(method=method, target=target, headers=headers, body=body))


def rows(sandbox: Sandbox, path: str, prefer: str = "", **query: str) -> list[Any]:
    """All rows of a listing."""
    found: list[Any] = []
    response = ask(sandbox, path, prefer, body=b"", **query)
    while True:
        body = json.loads(response.body)
        assert response.status == 200, body
        found += body["value"]
        link = body.get("@odata.nextLink")
        if not link:
            return found
        target = link.removeprefix("https://127.0.0.1")
        headers = {"authorization": "Bearer token", "prefer": prefer}
        response = sandbox.handle(Request(method="GET", target=target, headers=headers))


def window(low: datetime, high: datetime) -> str:
    shape = "%Y-%m-%dT%H:%M:%S.000Z"
    return (
        f"lastModifiedDateTime gt {low.strftime(shape)} "
        f"and lastModifiedDateTime lt {high.strftime(shape)}"
    )


# --- what is in it --------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 1000),
    users=st.integers(1, 12),
    days=st.integers(1, 5),
    now=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_same_seed_same_town(seed: int, users: int, days: int, now: datetime) -> None:
    """Equal arguments give an equal municipality, and nothing in it lies after its time."""
    town = build(seed, users, days, now=now)
    assert town == build(seed, users, days, now=now)
    assert all(town.since <= message.at < now for message in town.messages)
    assert all(call.start < call.end < now or call.end == call.start for call in town.calls)
    assert all(mail.at <= now for mail in town.mails)
    keys = [(m.thread, m.key) for m in town.messages]
    assert len(keys) == len(set(keys))


def test_naive_time_is_refused() -> None:
    """A time without zone is refused."""
    with pytest.raises(ValueError, match="aware"):
        build(now=datetime(2026, 1, 1))  # noqa: DTZ001


def test_volume() -> None:
    """The defaults give a laptop's demonstration: 420 users and some thousand messages."""
    town = build(now=NOW)
    kinds = Counter(mail.kind for mail in town.mails)
    assert len(town.staff) == 420
    assert 6_000 <= len(town.messages) <= 10_000
    assert 1_300 <= len(town.calls) <= 1_600
    assert 200 <= kinds["voicemail"] <= 400
    assert len([case for case in town.cases() if case.is_open]) == 3 * 420


def test_truth(town: Municipality, tmp_path: Path) -> None:
    """Every truth names a case of the register or none; phone truths are exactly the rule."""
    numbers = {case.number for case in town.cases()}
    owners = open_cases_by_phone(town.case_files)
    truths = list(town.truth())
    assert all(row["case"] in numbers | {None} for row in truths)
    for call in town.calls:
        if call.organizer.kind == "phone":
            found = owners.get(call.organizer.key, [])
            assert call.right.case == (found[0].number if len(found) == 1 else None)
    write_truth(town, tmp_path / "truth.jsonl")
    lines = (tmp_path / "truth.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == truths
    reasons = {row["why"] for row in truths}
    assert {"the number is named", "the thread goes on after a number"} <= reasons


def test_number_is_in_the_text(town: Municipality) -> None:
    """Where the truth says that a number is named, the text holds it, whatever the spelling."""
    named = [m for m in town.messages if m.right.why == "the number is named"]
    assert len(named) > 10
    for message in named:
        plain = message.html.lower()
        for mark, sign in (
            ("<strong>", ""),
            ("</strong>", ""),
            ("&nbsp;", ""),
            ("–", "-"),
            (" ", ""),
        ):
            plain = plain.replace(mark, sign)
        assert str(message.right.case).lower() in plain


def test_register_file(town: Municipality, tmp_path: Path) -> None:
    """cases.csv has the register's columns, lists of equal length, and closed cases with a date."""
    write_cases_csv(town, tmp_path / "cases.csv")
    text = (tmp_path / "cases.csv").read_text(encoding="utf-8")
    found = list(csv.DictReader(io.StringIO(text)))
    assert tuple(found[0]) == COLUMNS
    assert len(found) == len(town.cases())
    assert len({row["number"] for row in found}) == len(found)
    for row in found:
        parts = [row[name].split("|") for name in ("party_name", "party_phone", "party_email")]
        assert len({len(part) for part in parts}) == 1
        assert (row["status"] == "closed") == bool(row["closed"])


def test_audio() -> None:
    """A WAV opens and lasts as long as it says; an MP3 is whole frames; two are never equal."""
    sound = recording(Sound(seconds=4, suffix="wav", title="a"))
    with wave.open(io.BytesIO(sound)) as file:
        assert file.getnframes() / file.getframerate() == 4
    first = recording(Sound(seconds=9, suffix="mp3", title="a"))
    assert first.startswith(b"ID3")
    assert first.count(FRAME) == round(9 * 16_000 / 576)
    assert first != recording(Sound(seconds=9, suffix="mp3", title="b"))


def test_call_times_are_near_and_not_equal(town: Municipality) -> None:
    """A record and its row begin within ten seconds of each other, never at the same time."""
    for call in town.calls:
        if call.pstn:
            apart = abs(call.pstn["startDateTime"] - call.start)
            assert timedelta(0) < apart < timedelta(seconds=10)


# --- how it answers -------------------------------------------------------------------------------


def test_one_copy_for_each_participant(town: Municipality, sandbox: Sandbox) -> None:
    """A message is exported to each participant who works here, and to nobody else."""
    query = window(NOW - timedelta(days=30), NOW)
    seen: Counter[tuple[str, str]] = Counter()
    for person in town.staff:
        for row in rows(sandbox, f"/users/{person.key}/chats/getAllMessages", filter=query):
            seen[row["chatId"], row["id"]] += 1
    wanted = {(m.thread, m.key): len(town.chat[m.thread].members) for m in town.messages}
    assert seen == wanted


@pytest.mark.parametrize("operator", ["ge", "le", "eq"])
def test_chat_filter_is_strict(town: Municipality, sandbox: Sandbox, operator: str) -> None:
    """ge, le and eq on lastModifiedDateTime are refused with 400."""
    path = f"/users/{town.staff[0].key}/chats/getAllMessages"
    query = f"lastModifiedDateTime {operator} 2026-11-01T00:00:00Z"
    assert ask(sandbox, path, filter=query).status == 400


@settings(max_examples=30, deadline=None)
@given(cut=st.integers(1, 8_000), size=st.integers(1, 50))
def test_windows_fit_together(cut: int, size: int) -> None:
    """Two windows that meet give together what one wide window gives, save what lies on the cut."""
    town = build(seed=2, users=4, days=6, now=NOW)
    sandbox = Sandbox(town, static_token="token")
    path = f"/users/{town.staff[0].key}/chats/getAllMessages"
    middle = NOW - timedelta(minutes=cut)
    low = NOW - timedelta(days=30)
    names = [
        [row["id"] for row in rows(sandbox, path, filter=window(*span), top=str(size))]
        for span in ((low, middle), (middle, NOW), (low, NOW))
    ]
    assert names[0] + names[1] == names[2]


def test_system_events_need_the_header(town: Municipality, sandbox: Sandbox) -> None:
    """Without include-unknown-enum-members a system event is unknownFutureValue."""
    event = next(message for message in town.messages if message.event)
    path = f"/chats/{event.thread}/messages/{event.key}"
    plain = json.loads(ask(sandbox, path).body)
    known = json.loads(ask(sandbox, path, "include-unknown-enum-members").body)
    assert plain["messageType"] == "unknownFutureValue"
    assert known["messageType"] == "systemEventMessage"


def test_edits_show_when_their_time_comes(town: Municipality) -> None:
    """Before an edit the first text is shown, with a lower etag than after it."""
    edited = next(m for m in town.messages if m.edited_at and m.edited_at < NOW)
    assert edited.edited_at is not None
    path = f"/chats/{edited.thread}/messages/{edited.key}"
    shown = []
    clock = [edited.edited_at - timedelta(seconds=1)]
    sandbox = Sandbox(town, static_token="token", clock=lambda: clock[0])
    for _ in range(2):
        shown.append(json.loads(ask(sandbox, path).body))
        clock[0] = edited.edited_at
    assert shown[0]["body"]["content"] == edited.first_html != shown[1]["body"]["content"]
    assert int(shown[0]["etag"]) < int(shown[1]["etag"])
    assert shown[0]["lastEditedDateTime"] is None
    assert shown[1]["lastEditedDateTime"] is not None


def test_deleted_message_is_empty(town: Municipality, sandbox: Sandbox) -> None:
    """A deleted message keeps its id and has no text."""
    deleted = next(m for m in town.messages if m.deleted_at and m.deleted_at < NOW)
    body = json.loads(ask(sandbox, f"/chats/{deleted.thread}/messages/{deleted.key}").body)
    assert body["deletedDateTime"]
    assert body["body"]["content"] == ""


def test_nothing_from_the_future(town: Municipality) -> None:
    """A server whose clock stands at an earlier time shows only what had happened by then."""
    then = NOW - timedelta(days=2)
    sandbox = Sandbox(town, static_token="token", clock=lambda: then)
    query = window(NOW - timedelta(days=30), NOW)
    for person in town.staff[:10]:
        for row in rows(sandbox, f"/users/{person.key}/chats/getAllMessages", filter=query):
            assert row["lastModifiedDateTime"] < f"{then:%Y-%m-%dT%H:%M:%S}.999Z"
    found = rows(sandbox, "/communications/callRecords")
    assert found
    assert len(found) < len(town.calls)


def test_records(town: Municipality, sandbox: Sandbox) -> None:
    """The list has header data, 60 a page; a record expands; one of 31 days ago is gone."""
    first = json.loads(ask(sandbox, "/communications/callRecords").body)
    assert len(first["value"]) == 60
    assert "sessions" not in first["value"][0]
    found = rows(sandbox, "/communications/callRecords")
    assert {row["id"] for row in found} == {call.key for call in town.calls}
    path = f"/communications/callRecords/{found[0]['id']}"
    whole = json.loads(ask(sandbox, path, expand="sessions($expand=segments)").body)
    assert whole["sessions"][0]["segments"]
    late = Sandbox(town, static_token="token", clock=lambda: NOW + timedelta(days=31))
    assert ask(late, path).status == 404
    assert rows(late, "/communications/callRecords") == []


@pytest.mark.parametrize("operator", ["ge", "gt", "le", "lt"])
def test_record_filter(town: Municipality, sandbox: Sandbox, operator: str) -> None:
    """The four comparisons on startDateTime mean what they say."""
    middle = town.calls[len(town.calls) // 2].start
    text = f"startDateTime {operator} {middle:%Y-%m-%dT%H:%M:%S}.{middle:%f}Z"
    kept: Callable[[datetime], bool] = {
        "ge": lambda at: at >= middle,
        "gt": lambda at: at > middle,
        "le": lambda at: at <= middle,
        "lt": lambda at: at < middle,
    }[operator]
    found = rows(sandbox, "/communications/callRecords", filter=text)
    assert {row["id"] for row in found} == {c.key for c in town.calls if kept(c.start)}


def test_row_bounds(town: Municipality, sandbox: Sandbox) -> None:
    """PSTN bounds are inclusive, Direct Routing's last is exclusive; 90 days is the most."""
    pstn = next(call.pstn for call in town.calls if call.pstn)
    direct = next(call.direct[0] for call in town.calls if call.direct)
    base = "/communications/callRecords"
    at = f"{pstn['startDateTime']:%Y-%m-%dT%H:%M:%S.%f}Z"
    span = f"(fromDateTime={at},toDateTime={at})"
    assert [row["id"] for row in rows(sandbox, f"{base}/getPstnCalls{span}")] == [pstn["id"]]
    at = f"{direct['inviteDateTime']:%Y-%m-%dT%H:%M:%S.%f}Z"
    span = f"(fromDateTime={at},toDateTime={at})"
    assert rows(sandbox, f"{base}/getDirectRoutingCalls{span}") == []
    wide = f"{base}/getPstnCalls(fromDateTime=2026-01-01,toDateTime=2026-11-01)"
    assert ask(sandbox, wide).status == 400


def test_masked_and_sentinel(town: Municipality, sandbox: Sandbox) -> None:
    """Direct Routing rows hide the outside number and use the sentinel for what did not happen."""
    span = "(fromDateTime=2026-11-01,toDateTime=2026-11-21)"
    found = rows(sandbox, f"/communications/callRecords/getDirectRoutingCalls{span}")
    assert found
    for row in found:
        assert row["callerNumber"].endswith("***") or row["calleeNumber"].endswith("***")
        sentinel = "0001-01-01T00:00:00Z"
        assert (row["failureDateTime"] == sentinel) == row["successfulCall"]
        assert (row["endDateTime"] == sentinel) != row["successfulCall"]


def test_presence_bounds(town: Municipality, sandbox: Sandbox) -> None:
    """650 ids are answered, 651 refused, and unknown ids are left out."""
    path = "/communications/getPresencesByUserId"
    known = [person.key for person in town.staff]
    found = json.loads(
        ask(sandbox, path, body=json.dumps({"ids": [*known, "nobody"]}).encode()).body
    )
    assert {row["id"] for row in found["value"]} == set(known)
    assert ask(sandbox, path, body=json.dumps({"ids": ["x"] * 651}).encode()).status == 400
    assert ask(sandbox, path, body=b'{"ids": 7}').status == 400


def test_directory_rounds(town: Municipality) -> None:
    """The first round gives everybody, the next nobody; an unknown token is 410."""
    sandbox = Sandbox(town, static_token="token")
    body = json.loads(ask(sandbox, "/users/delta").body)
    assert {row["id"] for row in body["value"]} == {p.key for p in town.staff + town.shared}
    token = body["@odata.deltaLink"].split("deltatoken=")[1]
    assert json.loads(ask(sandbox, "/users/delta", deltatoken=token).body)["value"] == []
    assert ask(sandbox, "/users/delta", deltatoken="zzz").status == 410
    assert ask(sandbox, "/users/delta", skiptoken="zzz").status == 400


def test_mail_rounds(town: Municipality) -> None:
    """A folder's round brings what came since the last; a token of another folder is refused."""
    owner = Counter(mail.mailbox for mail in town.mails).most_common(1)[0][0]
    clock = [min(m.at for m in town.mails if m.mailbox == owner and m.folder == "inbox")]
    sandbox = Sandbox(town, static_token="token", clock=lambda: clock[0])
    inbox = {m.internet_id for m in town.mails if m.mailbox == owner and m.folder == "inbox"}
    path = f"/users/{owner}/mailFolders/inbox/messages/delta"
    got: list[str] = []
    token = None
    for _ in range(8):
        named: dict[str, str] = {"deltatoken": token} if token else {}
        target = ask(sandbox, path, body=b"", **named)
        body = json.loads(target.body)
        while "@odata.nextLink" in body:
            got += [row["internetMessageId"] for row in body["value"]]
            link = body["@odata.nextLink"].removeprefix("https://127.0.0.1")
            headers = {"authorization": "Bearer token"}
            response = sandbox.handle(Request(method="GET", target=link, headers=headers))
            body = json.loads(response.body)
        got += [row["internetMessageId"] for row in body["value"]]
        token = body["@odata.deltaLink"].split("deltatoken=")[1]
        clock[0] += timedelta(days=1)
    assert len(got) == len(set(got))
    assert set(got) == inbox
    assert token is not None
    other = path.replace("inbox", "archive")
    refused = json.loads(ask(sandbox, other, deltatoken=token).body)
    assert refused["error"]["code"] == "SyncStateNotFound"


def test_extended_properties(town: Municipality, sandbox: Sandbox) -> None:
    """Asked properties come back under Exchange's spelling; a filter on the class finds them."""
    mail = next(m for m in town.mails if m.message_class.endswith("UM.CA"))
    base = f"/users/{mail.mailbox}/messages"
    ask_for = "singleValueExtendedProperties($filter=id eq 'String 0x001A')"
    body = json.loads(ask(sandbox, f"{base}/{mail.key}", expand=ask_for).body)
    assert body["singleValueExtendedProperties"] == [
        {"id": "String 0x1a", "value": mail.message_class}
    ]
    text = (
        "singleValueExtendedProperties/any(ep:ep/id eq 'String 0x001A' and "
        "startswith(ep/value,'IPM.Note.Microsoft.Voicemail'))"
    )
    found = {row["internetMessageId"] for row in rows(sandbox, base, filter=text)}
    assert mail.internet_id in found
    assert ask(sandbox, base, filter="subject eq 'x'").status == 400


def test_message_ids(town: Municipality, sandbox: Sandbox) -> None:
    """The immutable id needs its header; both ids open the same mail."""
    mail = town.mails[0]
    base = f"/users/{mail.mailbox}/messages"
    plain = rows(sandbox, base)[0]
    fixed = rows(sandbox, base, 'IdType="ImmutableId"')[0]
    assert plain["id"] != fixed["id"]
    assert plain["internetMessageId"] == fixed["internetMessageId"]
    for key in (plain["id"], fixed["id"]):
        assert ask(sandbox, f"{base}/{key}").status == 200


def test_attachment(town: Municipality, sandbox: Sandbox) -> None:
    """A recording comes as JSON and as bytes, and the two are equal."""
    mail = next(m for m in town.mails if m.sound and "rpmsg" not in m.message_class)
    base = f"/users/{mail.mailbox}/messages/{mail.key}/attachments"
    sound = next(r for r in rows(sandbox, base) if r["contentType"].startswith("audio/"))
    value = ask(sandbox, f"{base}/{sound['id']}/$value")
    assert base64.b64decode(sound["contentBytes"]) == value.body
    assert value.headers["content-type"] == sound["contentType"]


def test_permissions(town: Municipality) -> None:
    """A call whose permission is not granted answers 403 with Graph's shape; others go on."""
    sandbox = Sandbox(town, static_token="token", roles=frozenset({"User.Read.All"}))
    user = town.staff[0].key
    assert ask(sandbox, "/users").status == 200
    for path in (f"/users/{user}/chats/getAllMessages", "/communications/callRecords"):
        response = ask(sandbox, path)
        assert response.status == 403
        assert set(json.loads(response.body)["error"]) == {"code", "message", "innerError"}


def test_basic_mail_permission(town: Municipality) -> None:
    """Mail.ReadBasic.All shows subjects and hides bodies, properties and attachments."""
    sandbox = Sandbox(town, static_token="token", roles=frozenset({"Mail.ReadBasic.All"}))
    mail = next(m for m in town.mails if m.sound)
    base = f"/users/{mail.mailbox}/messages/{mail.key}"
    body = json.loads(ask(sandbox, base).body)
    assert body["subject"]
    assert "body" not in body
    assert ask(sandbox, base + "/attachments").status == 403


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x.y.z", "Basic abc"])
def test_no_token(town: Municipality, header: str) -> None:
    """Without a token of this sandbox the answer is 401."""
    request = Request(method="GET", target="/v1.0/users", headers={"authorization": header})
    assert Sandbox(town).handle(request).status == 401


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=9), max_size=4))
def test_seal(state: dict[str, Any]) -> None:
    """A paging token gives back its state, and a changed one nothing."""
    token = seal(state)
    assert unseal(token) == state
    assert unseal(token[:-2]) is None


@given(st.text(max_size=60))
def test_any_text_as_token(text: str) -> None:
    """No text breaks the reading of a token."""
    unseal(text)


# --- over a real line -----------------------------------------------------------------------------


@pytest.fixture
def line(town: Municipality) -> Iterator[Any]:
    with serve(Sandbox(town), tls=True) as server:
        session = requests.Session()
        session.trust_env = False
        session.verify = server.ca_file
        yield server, session
        session.close()


def sign_in(server: Any, session: requests.Session, credential: Any) -> dict[str, Any]:
    application = msal.ConfidentialClientApplication(
        server.client_id,
        authority=server.authority,
        client_credential=credential,
        instance_discovery=False,
        http_client=session,
    )
    result: dict[str, Any] = application.acquire_token_for_client(SCOPE)
    return result


def test_real_msal_with_secret(line: Any) -> None:
    """Real msal signs in over TLS with the secret, and the token opens the directory."""
    server, session = line
    token = sign_in(server, session, server.client_secret)["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    answer = session.get(server.base_url + "/users", headers=headers, timeout=10)
    assert answer.status_code == 200
    assert answer.headers["Date"] == "Fri, 20 Nov 2026 12:00:00 GMT"
    assert answer.headers["request-id"]
    assert "GET /v1.0/users" in server.requests


def test_real_msal_refused(line: Any) -> None:
    """A wrong secret is AADSTS7000215; an unknown tenant is told at once."""
    server, session = line
    wrong = sign_in(server, session, "wrong")
    assert "AADSTS7000215" in wrong["error_description"]


def test_real_msal_with_certificate(town: Municipality) -> None:
    """Real msal signs in with a registered certificate, and not with another one."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509.oid import NameOID

    def pair() -> tuple[str, bytes, str]:
        key = rsa.generate_private_key(65537, 2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "casethread")])
        today = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(today - timedelta(days=1))
            .not_valid_after(today + timedelta(days=1))
            .sign(key, hashes.SHA256())
        )
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        print_ = made.fingerprint(hashes.SHA1()).hex()
        return private.decode(), made.public_bytes(serialization.Encoding.PEM), print_

    mine, other = pair(), pair()
    with serve(Sandbox(town, certificate=mine[1]), tls=True) as server:
        session = requests.Session()
        session.trust_env, session.verify = False, server.ca_file
        good = sign_in(server, session, {"private_key": mine[0], "thumbprint": mine[2]})
        bad = sign_in(server, session, {"private_key": other[0], "thumbprint": other[2]})
        session.close()
    assert good["access_token"]
    assert "AADSTS700027" in bad["error_description"]


def test_broken_line(town: Municipality) -> None:
    """A cut body, cut chunks and silence are seen by requests as errors, not as short answers."""
    for name in ("connection-cut", "chunks-cut", "no-answer"):
        with serve(Sandbox(town, scenario=(name,), static_token="t")) as server:
            failures = 0
            with requests.Session() as session:
                session.trust_env = False
                for _ in range(14):
                    try:
                        answer = session.get(
                            server.base_url + "/users",
                            headers={"Authorization": "Bearer t"},
                            timeout=10,
                        )
                        assert answer.json()["value"]
                    except requests.RequestException:
                        failures += 1
            assert failures == 4, name


def test_keep_alive_and_threads(town: Municipality) -> None:
    """Eight threads get right answers over kept connections, and closing ends every thread."""
    before = set(threading.enumerate())
    wrong: list[int] = []
    with serve(Sandbox(town, static_token="t")) as server:

        def read() -> None:
            with requests.Session() as session:
                session.trust_env = False
                for _ in range(10):
                    answer = session.get(
                        server.base_url + "/users?$top=5",
                        headers={"Authorization": "Bearer t"},
                        timeout=10,
                    )
                    if len(answer.json()["value"]) != 5:
                        wrong.append(answer.status_code)

        threads = [threading.Thread(target=read) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(server.requests) == 80
    assert wrong == []
    # Threads of other tests may end meanwhile; none of ours may be left.
    assert set(threading.enumerate()) <= before


# --- like Graph -----------------------------------------------------------------------------------


Check = Callable[[str, Any], None]
NAMESPACE = "microsoft.graph."


def test_bodies_fit_the_published_schema(town: Municipality, sandbox: Sandbox) -> None:
    """Every kind of answer fits the schema of Microsoft Graph v1.0, where that file is at hand.

    Unknown members fail too: a misspelt name would otherwise go unseen.
    """
    if not SCHEMA.exists():
        return
    check = schema_checker()
    check_chats(town, sandbox, check)
    check_teams(town, sandbox, check)
    check_calls(sandbox, check)
    for row in rows(sandbox, "/users"):
        check("user", row)
    ids = json.dumps({"ids": [town.staff[0].key]}).encode()
    presence = ask(sandbox, "/communications/getPresencesByUserId", body=ids)
    check("presence", json.loads(presence.body)["value"][0])
    for owner in sorted({mail.mailbox for mail in town.mails if mail.sound})[:15]:
        check_mailbox(sandbox, owner, check)
    check("ODataErrors.ODataError", json.loads(ask(sandbox, "/users/nobody").body))


def check_chats(town: Municipality, sandbox: Sandbox, check: Check) -> None:
    """Messages of every kind, chats and members."""
    query = window(NOW - timedelta(days=30), NOW)
    for person in town.staff[:25]:
        path = f"/users/{person.key}/chats/getAllMessages"
        for row in rows(sandbox, path, "include-unknown-enum-members", filter=query):
            check("chatMessage", row)
    for chat in town.chats:
        check("chat", json.loads(ask(sandbox, f"/chats/{chat.key}").body))
        for row in rows(sandbox, f"/chats/{chat.key}/members"):
            check("conversationMember", row)


def check_teams(town: Municipality, sandbox: Sandbox, check: Check) -> None:
    """Teams, channels and their messages."""
    for row in rows(sandbox, "/teams"):
        check("team", row)
    for team in town.teams[:2]:
        for row in rows(sandbox, f"/teams/{team.key}/channels"):
            check("channel", row)
        for row in rows(sandbox, f"/teams/{team.key}/channels/getAllMessages"):
            check("chatMessage", row)


def check_calls(sandbox: Sandbox, check: Check) -> None:
    """Call records with everything in them, PSTN rows and Direct Routing rows."""
    for row in rows(sandbox, "/communications/callRecords"):
        check("callRecords.callRecord", row)
        path = f"/communications/callRecords/{row['id']}"
        for expand in ("sessions($expand=segments)", "participants_v2"):
            check("callRecords.callRecord", json.loads(ask(sandbox, path, expand=expand).body))
    span = "(fromDateTime=2026-11-01,toDateTime=2026-11-21)"
    for name, kind in (("Pstn", "pstnCallLogRow"), ("DirectRouting", "directRoutingLogRow")):
        found = rows(sandbox, f"/communications/callRecords/get{name}Calls{span}")
        assert found
        for row in found:
            check(f"callRecords.{kind}", row)


def check_mailbox(sandbox: Sandbox, owner: str, check: Check) -> None:
    """Folders, mails with extended properties, and attachments of one mailbox."""
    for row in rows(sandbox, f"/users/{owner}/mailFolders"):
        check("mailFolder", row)
    names = ("String 0x001A", "Integer 0x6801", "String 0x6802")
    wanted = " or ".join(f"id eq '{name}'" for name in names)
    expand = f"singleValueExtendedProperties($filter={wanted})"
    for row in rows(sandbox, f"/users/{owner}/messages", expand=expand):
        check("message", row)
        for one in rows(sandbox, f"/users/{owner}/messages/{row['id']}/attachments"):
            check("fileAttachment", one)


def ancestors(schemas: dict[str, Any], name: str) -> list[str]:
    """The schemas that a schema extends, itself first."""
    found = [name]
    for part in schemas[name].get("allOf", []):
        if "$ref" in part:
            found += ancestors(schemas, part["$ref"].rsplit("/", 1)[-1])
    return found


def own_fields(schema: dict[str, Any]) -> dict[str, Any]:
    """The properties that a schema adds to those it extends."""
    found: dict[str, Any] = dict(schema.get("properties", {}))
    for part in schema.get("allOf", []):
        found |= part.get("properties", {})
    return found


def translated(part: Any) -> Any:
    """OpenAPI 3.0's `nullable`, allOf and $ref as JSON Schema."""
    if "$ref" in part:
        core: Any = {"$ref": "#/$defs/" + part["$ref"].rsplit("/", 1)[-1]}
    elif "allOf" in part:
        core = {"allOf": [translated(one) for one in part["allOf"]]}
    else:
        core = {key: value for key, value in part.items() if key in ("type", "enum", "pattern")}
        if "items" in part:
            core["items"] = translated(part["items"])
    return {"anyOf": [core, {"type": "null"}]} if part.get("nullable") else core


def definition(schemas: dict[str, Any], heirs: dict[str, list[str]], name: str) -> Any:
    """One schema, closed: its own members, those it inherits, and those of its subtypes."""
    if "enum" in schemas[name]:
        return {"enum": schemas[name]["enum"]}
    fields: dict[str, Any] = {}
    for other in [*heirs[name], *reversed(ancestors(schemas, name))]:
        fields |= own_fields(schemas[other])
    return {
        "type": "object",
        "properties": {key: translated(value) for key, value in fields.items()},
        "patternProperties": {"@odata": True},
        "additionalProperties": not fields,
    }


def schema_checker() -> Check:
    """A function (schema name, value) that fails when the value does not fit the schema."""
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # has no stubs

    schemas = json.loads(SCHEMA.read_text(encoding="utf-8"))["components"]["schemas"]
    heirs: dict[str, list[str]] = {name: [] for name in schemas}
    for name in schemas:
        for parent in ancestors(schemas, name)[1:]:
            heirs[parent].append(name)
    defined = {name: definition(schemas, heirs, name) for name in schemas}
    made: dict[str, Draft202012Validator] = {}

    def check(short: str, value: Any) -> None:
        kind = str(value.get("@odata.type", "")).lstrip("#")
        name = kind if kind in schemas else NAMESPACE + short
        if name not in made:
            made[name] = Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": defined})
        errors = [(list(e.absolute_path), e.message[:300]) for e in made[name].iter_errors(value)]
        assert not errors, f"{name}: {errors[:3]}"

    return check


def test_the_schema_check_can_fail() -> None:
    """A misspelt member and a wrong type are found."""
    if not SCHEMA.exists():
        return
    check = schema_checker()
    check("presence", {"id": "a", "availability": "Busy", "activity": None})
    for wrong in ({"id": "a", "availabilty": "Busy"}, {"id": "a", "activity": 7}):
        with pytest.raises(AssertionError):
            check("presence", wrong)
