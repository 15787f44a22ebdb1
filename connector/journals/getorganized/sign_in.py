"""Signing in at GetOrganized: NTLM, which takes a session of its own, or Basic."""

from __future__ import annotations

import requests

from connector.errors import ConfigError, Denied, RemoteError
from connector.journaling.connection import Connection
from connector.journaling.remote import Answer, Remote, no_sign_in
from connector.journaling.token import basic

READ_GRANT = "ask for the right to read the cases (in SharePoint: Read on the case sites)"


def connect(connection: Connection, sign_in: str) -> Remote:
    """The server, signed in with "ntlm" or "basic". Raises ConfigError without requests-ntlm."""
    is_basic = sign_in == "basic"

    if not is_basic:
        _ntlm_session(connection)  # a package that is missing is told at once

    def refuse(answer: Answer) -> RemoteError | None:
        if answer.status != 403:
            return None
        text = f"{connection.name}: the account may not read here; {READ_GRANT}"
        return Denied(text, system=connection.name, status=403)

    return Remote(
        connection.url,
        name=connection.name,
        sign_in=basic(connection.user, connection.secret) if is_basic else no_sign_in,
        refuse=refuse,
        ca_bundle=connection.ca_bundle,
        timeout_s=(10.0, connection.timeout_s),
        in_flight=connection.in_flight,
        session=None if is_basic else lambda: _ntlm_session(connection),
        adapter=connection.adapter,
    )


def _ntlm_session(connection: Connection) -> requests.Session:
    try:
        from requests_ntlm import HttpNtlmAuth
    except ImportError as error:
        text = (
            f"{connection.name}: GetOrganized signs in with NTLM, which needs the package "
            "requests-ntlm; install casethread[getorganized]"
        )
        raise ConfigError([text]) from error
    session = requests.Session()
    session.trust_env = False  # no proxy and no .netrc that nobody set here
    session.auth = HttpNtlmAuth(connection.user, connection.secret)
    return session
