"""Mail by SMTP: one connection for all letters of a run, and what happened to each.

RFC 5321 for the conversation, RFC 3207 for STARTTLS, RFC 8314 for port 465, which speaks TLS from
the first letter on.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
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
            except OSError as error:  # the other SMTPExceptions too
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


@contextmanager
def _conversation(access: MailAccess) -> Iterator[smtplib.SMTP]:
    """A signed-in connection that is always given back. Raises as `send`."""
    with ExitStack() as until_signed_in:
        try:
            server = _connect(access, until_signed_in)
        except smtplib.SMTPAuthenticationError as error:
            raise Denied(
                f"{SYSTEM}: {access.host} does not accept the account {access.user}: "
                f"{_said(error.smtp_code, error.smtp_error)}; check mail_user and its password",
                system=SYSTEM,
            ) from error
        except OSError as error:  # SMTPException is one
            raise _unavailable(access, error) from error
        until_signed_in.pop_all()
    try:
        yield server
    finally:
        try:
            server.quit()
        except OSError:
            server.close()


def _connect(access: MailAccess, cleanup: ExitStack) -> smtplib.SMTP:
    """A connection that is signed in; `cleanup` closes it should that fail."""
    tls = ssl.create_default_context(cafile=access.ca_bundle or None)
    is_tls = access.port == TLS_PORT
    where = (access.host, access.port)
    server = (
        smtplib.SMTP_SSL(*where, timeout=access.timeout_s, context=tls)
        if is_tls
        else smtplib.SMTP(*where, timeout=access.timeout_s)
    )
    cleanup.callback(server.close)
    if access.has_starttls and not is_tls:
        _protect(server, access, tls)
    if access.user:
        server.login(access.user, access.password)
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
