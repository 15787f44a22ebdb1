"""A real mail server in the test: STARTTLS, sign-in, addresses that it refuses, and a cut line."""

from __future__ import annotations

import asyncio
import email
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from connector.sandbox.server import self_signed

USER, PASSWORD = "casethread", "not-a-real-password"


class Post:
    """What the server took, and what it is to refuse."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.to: list[str] = []
        self.refused: set[str] = set()
        self.was_protected: list[bool] = []
        self.closes_after: int | None = None  # letters
        self.port = 0
        self.ca = ""

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """550 for an address that is refused."""
        if address in self.refused:
            return "550 5.1.1 no such mailbox here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802  aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take the letter."""
        if self.closes_after is not None and len(self.letters) >= self.closes_after:
            assert server.transport is not None
            server.transport.close()
            return "421 closing"
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        letter = email.message_from_bytes(content, policy=default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        self.to += envelope.rcpt_tos
        self.was_protected.append(session.ssl is not None)
        return "250 taken"


def _sign_in(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, told: Any
) -> AuthResult:
    is_right = isinstance(told, LoginPassword) and (told.login, told.password) == (
        USER.encode(),
        PASSWORD.encode(),
    )
    return AuthResult(success=is_right, handled=is_right)


class _Controller(Controller):
    """Starts on any free port, and then knows which."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def mail_server(
    folder: Path,
    *,
    has_tls: bool = False,
    is_tls_from_start: bool = False,
    needs_user: bool = False,
) -> Iterator[Post]:
    """A server on a free port of loopback; `post.ca` is the certificate that it shows."""
    post = Post()
    context = None
    if has_tls or is_tls_from_start:
        file = certificate(folder)
        post.ca = str(file)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(file)
    controller = _Controller(
        post,
        hostname="127.0.0.1",
        port=0,
        ssl_context=context if is_tls_from_start else None,
        tls_context=context if has_tls else None,
        authenticator=_sign_in if needs_user else None,
        auth_required=needs_user and has_tls,  # aiosmtpd warns of the other
        auth_require_tls=has_tls,
        require_starttls=has_tls,
    )
    controller.start()
    post.port = controller.port
    try:
        yield post
    finally:
        controller.stop()


def certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 and localhost with its key in one file, signed by itself."""
    public, private = self_signed(folder, "127.0.0.1")
    file = folder / "mail.pem"
    file.write_bytes(private.read_bytes() + public.read_bytes())
    return file
