"""An intranet's statement names its user once, for a moment, and gives nobody rights."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from connector.web import statements
from connector.web.statements import NotBelieved, Statements
from tests.conftest import Clock
from tests.web.stating import Intranet, public_pem

PORTAL = "https://sagstraad.nordvang.example"
USER = "00000000-0000-4000-8000-0000000000b1"


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def intranet(keys: Path) -> Intranet:
    made = Intranet()
    made.give_key(keys)
    return made


@pytest.fixture
def reader(keys: Path, clock: Clock) -> Statements:
    """A portal that has been up for a minute."""
    made = Statements(keys, PORTAL, clock)
    clock.move(minutes=1)
    return made


def refused(reader: Statements, token: str, why: str) -> None:
    with pytest.raises(NotBelieved, match=why):
        reader.read(token)


@pytest.mark.parametrize("sort", ["EdDSA", "ES256", "RS256"])
def test_read(sort: str, keys: Path, clock: Clock) -> None:
    """A statement by a key of any of the three kinds says who the user is."""
    intranet = Intranet("net-2", sort)
    intranet.give_key(keys)
    reader = Statements(keys, PORTAL, clock)
    clock.move(minutes=1)

    said = reader.read(intranet.state(PORTAL, USER, clock()))

    assert (said.intranet, said.user) == ("net-2", USER)


def test_once(reader: Statements, intranet: Intranet, clock: Clock) -> None:
    """A statement is used up by its first use; one with another number is another."""
    token = intranet.state(PORTAL, USER, clock())
    reader.read(token)
    clock.move(seconds=59)

    refused(reader, token, "used before")
    assert reader.read(intranet.state(PORTAL, USER, clock())).user == USER


def test_same_number_of_two(reader: Statements, keys: Path, clock: Clock) -> None:
    """Two intranets may number their statements alike."""
    for name in ("one", "two"):
        intranet = Intranet(name)
        intranet.give_key(keys)
        assert reader.read(intranet.state(PORTAL, USER, clock(), jti="1")).intranet == name


def test_after_restart(keys: Path, intranet: Intranet, clock: Clock) -> None:
    """A statement that was used before a restart is refused after it, as early ones are."""
    clock.move(minutes=1)
    # The intranet's clock may be ahead, so this one looks as if it were made after the restart.
    token = intranet.state(PORTAL, USER, clock.now.replace(second=4))
    anew = Statements(keys, PORTAL, clock)

    refused(anew, token, "before this portal started")
    clock.move(seconds=statements.LEEWAY_S)
    refused(anew, token, "before this portal started")
    assert anew.read(intranet.state(PORTAL, USER, clock())).user == USER


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"exp": None}, "lacks the claim exp"),
        ({"iat": None}, "lacks the claim iat"),
        ({"jti": None}, "lacks the claim jti"),
        ({"sub": None}, "lacks the claim sub"),
        ({"aud": None}, "lacks the claim aud|not for"),
        ({"aud": "https://other.example"}, "not for"),
        ({"aud": PORTAL + "/"}, "not for"),
        ({"aud": [PORTAL]}, "not for"),
        ({"aud": [PORTAL, "https://other.example"]}, "not for"),
        ({"iss": "unknown"}, "no unknown.pem"),
        ({"iss": "../keys/nordnet"}, "no intranet's name"),
        ({"iss": "nordnet.pem"}, "no intranet's name"),
        ({"iss": "NORDNET"}, "no intranet's name"),
        ({"iss": "nordnet\n"}, "no intranet's name"),
        ({"iss": ["nordnet"]}, "no intranet's name"),
        ({"iss": None}, "no intranet's name"),
        ({"sub": ""}, "empty or too long"),
        ({"sub": "x" * 257}, "empty or too long"),
        ({"sub": 17}, "cannot be checked"),
        ({"jti": ""}, "empty or too long"),
        ({"jti": "x" * 129}, "empty or too long"),
        ({"jti": 1}, "cannot be checked"),
        ({"exp": "soon"}, "exp is no time"),
        ({"exp": True}, "exp is no time"),
        ({"exp": 1e300}, "exp is no time"),
        ({"iat": -1}, "iat is no time"),
    ],
)
def test_wrong_claims(
    reader: Statements, intranet: Intranet, clock: Clock, changes: dict[str, Any], why: str
) -> None:
    """A statement that lacks a claim, or says something else than it must, is refused."""
    # PyJWT itself signs no such claims: the token is put together by hand.
    claims = intranet.claims(PORTAL, USER, clock(), **changes)
    refused(reader, by_hand({"alg": "EdDSA"}, claims, intranet.key.sign), why)


def by_hand(head: dict[str, Any], claims: Any, sign: Any) -> str:
    parts = [coded(json.dumps(each).encode()) for each in (head, claims)]
    message = ".".join(parts)
    return f"{message}.{coded(sign(message.encode()))}"


def coded(given: bytes) -> str:
    return base64.urlsafe_b64encode(given).decode().rstrip("=")


@pytest.mark.parametrize(
    ("made_s", "life_s", "why"),
    [
        (0, 121, "not for 1 to 120"),
        (0, 0, "not for 1 to 120"),
        (0, -5, "not for 1 to 120"),
        (6, 60, "in the future"),
        (-50, 45, "has expired"),
    ],
)
def test_times(
    reader: Statements, intranet: Intranet, clock: Clock, made_s: int, life_s: int, why: str
) -> None:
    """One that lives too long, is of the future or has expired is refused."""
    made = int(clock().timestamp()) + made_s
    refused(reader, intranet.state(PORTAL, USER, clock(), iat=made, exp=made + life_s), why)


@pytest.mark.parametrize(("made_s", "life_s"), [(5, 60), (-50, 46), (0, 120)])
def test_two_clocks(
    reader: Statements, intranet: Intranet, clock: Clock, made_s: int, life_s: int
) -> None:
    """Clocks that differ by five seconds are borne with."""
    made = int(clock().timestamp()) + made_s
    token = intranet.state(PORTAL, USER, clock(), iat=made, exp=made + life_s)

    assert reader.read(token).user == USER


def test_forged(reader: Statements, intranet: Intranet, clock: Clock) -> None:
    """Another key's signature, a changed claim and a cut signature are refused."""
    other = Intranet(intranet.name)
    refused(reader, other.state(PORTAL, USER, clock()), "signature is wrong")
    head, _, end = intranet.state(PORTAL, USER, clock()).split(".")
    claims = json.dumps(intranet.claims(PORTAL, "carl", clock())).encode()
    refused(reader, f"{head}.{coded(claims)}.{end}", "signature is wrong")
    refused(
        reader, intranet.state(PORTAL, USER, clock())[:-4], "signature is wrong|not a signed JWT"
    )


@pytest.mark.parametrize("algorithm", ["none", "None", "", "HS256", "HS512", "ES256", "RS256"])
def test_algorithm(reader: Statements, intranet: Intranet, clock: Clock, algorithm: str) -> None:
    """No algorithm but that of the key is taken: neither none nor the public key as a secret."""
    claims = intranet.claims(PORTAL, USER, clock())
    secret = public_pem(intranet.key)
    for sign in (lambda _: b"", lambda text: hmac.digest(secret, text, hashlib.sha256)):
        refused(reader, by_hand({"alg": algorithm}, claims, sign), "algorithm|cannot|signature")


def test_own_key_in_head(reader: Statements, intranet: Intranet, clock: Clock) -> None:
    """A key that the token brings along, or an address of one, is not looked at."""
    thief = Intranet(intranet.name, "RS256")
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(thief.key.public_key()))
    head = {"jwk": jwk, "jku": "https://evil.example/keys", "kid": "../../thief"}
    token = jwt.encode(intranet.claims(PORTAL, USER, clock()), thief.key, "RS256", headers=head)

    refused(reader, token, "algorithm|signature")


def test_key_taken_away(reader: Statements, intranet: Intranet, keys: Path, clock: Clock) -> None:
    """An intranet whose key is taken away is not believed from the next request on."""
    reader.read(intranet.state(PORTAL, USER, clock()))
    (keys / "nordnet.pem").unlink()

    refused(reader, intranet.state(PORTAL, USER, clock()), "no nordnet.pem")


@pytest.mark.parametrize("sort", ["short", "curve", "private", "text", "folder"])
def test_unusable_key(sort: str, intranet: Intranet, keys: Path, clock: Clock) -> None:
    """A key that is weak, private or none is not used, and the reason names its file."""
    file = keys / "nordnet.pem"
    file.unlink()
    if sort == "short":
        file.write_bytes(public_pem(rsa.generate_private_key(public_exponent=65537, key_size=1024)))
    elif sort == "curve":
        file.write_bytes(public_pem(ec.generate_private_key(ec.SECP384R1())))
    elif sort == "private":
        file.write_bytes(
            intranet.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
    elif sort == "text":
        file.write_text("hello")
    else:
        file.mkdir()
    reader = Statements(keys, PORTAL, clock)
    clock.move(minutes=1)

    refused(reader, intranet.state(PORTAL, USER, clock()), r"nordnet\.pem")


@pytest.mark.parametrize("folder", [None, Path("/nowhere/at/all")])
def test_no_folder(folder: Path | None, intranet: Intranet, clock: Clock) -> None:
    """Without a folder of keys no statement is believed."""
    refused(Statements(folder, PORTAL, clock), intranet.state(PORTAL, USER, clock()), "intranet_k")


def test_full(
    reader: Statements, intranet: Intranet, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When too many are in use a further one is refused, and none is forgotten; later there is room
    again.
    """
    monkeypatch.setattr(statements, "MOST_REMEMBERED", 2)
    first = intranet.state(PORTAL, USER, clock())
    reader.read(first)
    reader.read(intranet.state(PORTAL, USER, clock()))

    refused(reader, intranet.state(PORTAL, USER, clock()), "too many")
    refused(reader, first, "used before")
    clock.move(seconds=61 + statements.LEEWAY_S)
    assert reader.read(intranet.state(PORTAL, USER, clock())).user == USER


def test_refused_is_not_remembered(reader: Statements, intranet: Intranet, clock: Clock) -> None:
    """A forged statement does not use up the number of a true one."""
    refused(reader, Intranet().state(PORTAL, USER, clock(), jti="7"), "signature")

    assert reader.read(intranet.state(PORTAL, USER, clock(), jti="7")).user == USER


@given(token=st.text(max_size=200) | st.text('ab.=-_{}[]:,"', max_size=80))
def test_anything(token: str) -> None:
    """Whatever is sent as a statement is refused in our words."""
    from datetime import UTC, datetime

    reader = Statements(None, PORTAL, lambda: datetime(2026, 11, 20, tzinfo=UTC))
    with pytest.raises(NotBelieved):
        reader.read(token)


@given(claims=st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["iss", "aud", "sub", "iat", "exp", "jti"]), inner, max_size=6),
    max_leaves=8,
))  # fmt: skip
def test_any_claims(claims: Any) -> None:
    """Whatever a statement says, signed or not, it is read or refused in our words."""
    from datetime import UTC, datetime

    reader = Statements(None, PORTAL, lambda: datetime(2026, 11, 20, tzinfo=UTC))
    with pytest.raises(NotBelieved):
        reader.read(by_hand({"alg": "EdDSA"}, claims, lambda _: b"x" * 64))


def test_too_long(reader: Statements, intranet: Intranet, clock: Clock) -> None:
    """A statement of more than 4096 characters is not even read."""
    refused(reader, intranet.state(PORTAL, USER, clock(), more="x" * 4096), "too long")
