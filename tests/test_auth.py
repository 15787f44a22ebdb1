"""Signing in: real msal against the sandbox's token endpoint, over TLS."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from connector.auth import token_roles, token_source
from connector.errors import Denied, Unavailable
from connector.http import Graph
from connector.sandbox import Sandbox, Server, build, serve
from connector.sources.teams import Directory

WORLD = build(seed=5, users=3, days=2, now=datetime(2026, 11, 20, 12, tzinfo=UTC))


@pytest.fixture(scope="module")
def pem() -> str:
    """A certificate and then its key, as one PEM text."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "casethread-test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return (certificate.public_bytes(serialization.Encoding.PEM) + private).decode()


@pytest.fixture(scope="module")
def server(pem: str) -> Iterator[Server]:
    """A sandbox over TLS that knows the certificate."""
    sandbox = Sandbox(WORLD, clock=lambda: datetime.now(UTC), certificate=pem.encode())
    with serve(sandbox, tls=True) as running:
        yield running


def source_for(server: Server, **changes: Any) -> Any:
    settings: dict[str, Any] = {
        "auth": "secret",
        "base_url": server.base_url,
        "authority": server.authority,
        "tenant": server.tenant,
        "client_id": server.client_id,
        "secret": server.client_secret,
        "ca_bundle": server.ca_file,
        "timeout_s": (5, 5),
    }
    return token_source(**{**settings, **changes})


def tokens_given(server: Server) -> int:
    return sum("/token" in line for line in server.requests)


def test_secret(server: Server) -> None:
    """A client secret gives a token with roles, and the directory can be read with it."""
    token = source_for(server)
    assert "User.Read.All" in token_roles(token(False))
    graph = Graph(server.base_url, token, ca_bundle=server.ca_file)
    source = Directory(graph)
    assert [p for page in source.changes("users", None, lambda t, p: set()) for p in page.people]
    graph.close()


def test_certificate(server: Server, pem: str) -> None:
    """A certificate gives a token, with key and certificate in one file in any order."""
    token = source_for(server, auth="certificate", secret="", certificate_pem=pem)
    assert token_roles(token(False))


def test_kept(server: Server) -> None:
    """A token is asked for once by any number of threads, and again only when it was refused."""
    time_s = [0.0]
    token = source_for(server, monotonic=lambda: time_s[0])
    before = tokens_given(server)
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(token(False))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(set(found)), len(found), tokens_given(server) - before) == (1, 8, 1)
    time_s[0] += 60
    first = token(True)
    assert first == token(True) == token(False)
    assert tokens_given(server) - before == 2


def test_before_its_end(server: Server) -> None:
    """A token is not used in its last minutes."""
    time_s = [0.0]
    token = source_for(server, monotonic=lambda: time_s[0])
    token(False)
    before = tokens_given(server)
    time_s[0] += 12 * 3600
    token(False)
    # msal answers from its own cache while its own clock says that the token is good.
    assert tokens_given(server) - before in (0, 1)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"secret": "wrong"}, "its id was copied instead of its value"),
        ({"client_id": "11111111-2222-4333-8444-555555555555"}, "client_id"),
    ],
)
def test_refused(server: Server, changes: dict[str, str], says: str) -> None:
    """A refused sign-in says what to do, and not the secret."""
    with pytest.raises(Denied, match=says) as caught:
        source_for(server, **changes)(False)
    assert "wrong" not in str(caught.value).replace("secret is wrong", "")
    assert caught.value.status == 401


def test_expired_secret() -> None:
    """An expired secret is told from a wrong one."""
    sandbox = Sandbox(WORLD, scenario=("secret-expired",), clock=lambda: datetime.now(UTC))
    with serve(sandbox, tls=True) as server, pytest.raises(Denied, match="has expired"):
        source_for(server)(False)


def test_sign_in_down() -> None:
    """A sign-in that answers with an error page is Unavailable; nothing is wrong with the app."""
    sandbox = Sandbox(WORLD, scenario=("sign-in-unavailable",), clock=lambda: datetime.now(UTC))
    with serve(sandbox, tls=True) as server, pytest.raises(Unavailable, match="cannot answer now"):
        source_for(server)(False)


def test_unreadable_key(server: Server) -> None:
    """A certificate file that is none is told before anything is sent."""
    broken = "-----BEGIN PRIVATE KEY-----\nbm8=\n-----END PRIVATE KEY-----\n"
    with pytest.raises(Denied, match="cannot be read"):
        source_for(server, auth="certificate", certificate_pem=broken)(False)


def test_nobody_signs_in() -> None:
    """A sign-in host that does not answer is Unavailable, and the message names it."""
    token = token_source(
        auth="secret",
        base_url="https://127.0.0.1:1/v1.0",
        authority="https://127.0.0.1:1",
        tenant="t",
        client_id="c",
        secret="s",
    )
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1"):
        token(False)


def test_untrusted_certificate(server: Server) -> None:
    """A server whose certificate nobody vouches for gets no token; ca_bundle is named."""
    with pytest.raises(Unavailable, match="ca_bundle"):
        source_for(server, ca_bundle="")(False)
    graph = Graph(server.base_url, lambda renew: "t", attempts=2)
    with pytest.raises(Unavailable, match="ca_bundle"):
        graph.get("users")
    graph.close()


def test_static() -> None:
    """A static token is used as it is, and there is no renewing it."""
    token = token_source(auth="static", base_url="http://127.0.0.1/v1.0", static_token="abc")
    assert token(False) == "abc"
    with pytest.raises(Denied, match="static token"):
        token(True)


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c", "a.e30.c", "a.W10.c", "..", "a.!!.c"])
def test_roles_of_odd_tokens(token: str) -> None:
    """A token that cannot be read has no roles."""
    assert token_roles(token) == frozenset()
