"""Mail by SMTP: one connection for all letters of a run, and what happened to each.

RFC 5321 for the conversation, RFC 3207 for STARTTLS, RFC 8314 for port 465, which speaks TLS from
the first letter on.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterable, Iterator
from email.message import EmailMessage

import msgspec

from connector.errors import Denied, RemoteError, Unavailable
from connector.model import Finding

SYSTEM = "mail"
TLS_PORT = 465


class MailAccess(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach the mail server. `has_starttls` is ignored on port 465."""

    host: str
    port: int = 25
    has_starttls: bool = True
    user: str = ""
    password: str = ""
    ca_bundle: str = ""
    timeout_s: float = 30.0


def send(access: MailAccess, letters: Iterable[EmailMessage]) -> Iterator[tuple[int, str]]:
    """Send the letters; yields the position of each and "" or why the server refused just that one.

    A letter is yielded as soon as the server has answered for it, so that it can be recorded before
    the next one goes. Raises Unavailable when the server cannot be reached or breaks off, Denied
    when it does not let us in; what was yielded before is sent.
    """
    with _conversation(access) as server:
        for position, letter in enumerate(letters):
            try:
                server.send_message(letter)
            except smtplib.SMTPRecipientsRefused as error:
                yield position, _answers(error)
            except smtplib.SMTPSenderRefused as error:
                raise _sender_refused(access, error) from error
            except smtplib.SMTPDataError as error:
                yield position, _said(error.smtp_code, error.smtp_error)
            except smtplib.SMTPNotSupportedError as error:  # an address with Danish letters
                yield position, str(error)
            except (smtplib.SMTPException, OSError) as error:
                raise _unavailable(access, error) from error
            else:
                yield position, ""


def check_mail(access: MailAccess) -> Finding:
    """Is the server there, and does it let us in? No letter is sent. Raises as `send`."""
    with _conversation(access) as server:
        code, said = server.noop()
    if code >= 400:
        raise Unavailable(f"{SYSTEM}: {access.host}: {_said(code, said)}", system=SYSTEM)
    return Finding(level="ok", system=SYSTEM, what=f"{access.host}:{access.port} takes mail")


class _Conversation:
    """A signed-in connection that is always given back."""

    def __init__(self, server: smtplib.SMTP) -> None:
        self._server = server

    def __enter__(self) -> smtplib.SMTP:
        return self._server

    def __exit__(self, *_: object) -> None:
        try:
            self._server.quit()
        except (smtplib.SMTPException, OSError):
            self._server.close()


def _conversation(access: MailAccess) -> _Conversation:
    try:
        return _Conversation(_connect(access))
    except RemoteError:
        raise
    except smtplib.SMTPAuthenticationError as error:
        raise Denied(
            f"{SYSTEM}: {access.host} does not accept the account {access.user}: "
            f"{_said(error.smtp_code, error.smtp_error)}; check mail_user and its password",
            system=SYSTEM,
        ) from error
    except (smtplib.SMTPException, OSError) as error:
        raise _unavailable(access, error) from error


def _connect(access: MailAccess) -> smtplib.SMTP:
    tls = ssl.create_default_context(cafile=access.ca_bundle or None)
    if access.port == TLS_PORT:
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            access.host, access.port, timeout=access.timeout_s, context=tls
        )
    else:
        server = smtplib.SMTP(access.host, access.port, timeout=access.timeout_s)
    try:
        if access.has_starttls and access.port != TLS_PORT:
            _protect(server, access, tls)
        if access.user:
            server.login(access.user, access.password)
    except BaseException:
        server.close()
        raise
    return server


def _protect(server: smtplib.SMTP, access: MailAccess, tls: ssl.SSLContext) -> None:
    server.ehlo_or_helo_if_needed()
    if not server.has_extn("starttls"):
        raise Denied(
            f"{SYSTEM}: {access.host} offers no STARTTLS on port {access.port}; choose its port "
            "for that (587), or set mail_starttls = false if the connection is safe anyway",
            system=SYSTEM,
        )
    server.starttls(context=tls)


def _sender_refused(access: MailAccess, error: smtplib.SMTPSenderRefused) -> RemoteError:
    said = _said(error.smtp_code, error.smtp_error)
    if error.smtp_code < 500:
        return Unavailable(f"{SYSTEM}: {access.host} takes no mail now: {said}", system=SYSTEM)
    text = f"{SYSTEM}: {access.host} does not take mail from {error.sender}: {said}"
    return Denied(f"{text}; check mail_from", system=SYSTEM)


def _unavailable(access: MailAccess, error: Exception) -> Unavailable:
    said = str(error) or type(error).__name__
    return Unavailable(
        f"{SYSTEM}: {access.host}:{access.port} does not take mail now: {said}", system=SYSTEM
    )


def _answers(error: smtplib.SMTPRecipientsRefused) -> str:
    return "; ".join(_said(code, text) for code, text in error.recipients.values())


def _said(code: int, text: bytes | str) -> str:
    words = text.decode(errors="replace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(words.split())}"[:300]
