"""What the OpenID provider refuses with: Entra's codes, as they are documented.

Source: Microsoft, "Microsoft Entra authentication and authorization error codes", and "OAuth 2.0
authorization code flow", read 2026-11-22. The texts are ours. Not documented there, and as seen in
public reports: 7000218, 500112, 90023, 9002313; for 500112 and 9002313 the word `invalid_grant` is
OAuth's own (RFC 6749, section 5.2).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

from connector.sandbox.protocol import Response, json_response
from connector.sandbox.world import Json

# code: the OAuth word, the status of the token endpoint, a sentence
ERRORS: Mapping[int, tuple[str, int, str]] = {
    16000: ("interaction_required", 400, "The account does not exist in the tenant."),
    50011: ("invalid_request", 400, "The redirect URI {detail} is not registered."),
    500112: ("invalid_grant", 400, "The redirect URI is not the one the code was asked with."),
    50058: ("login_required", 400, "A silent sign-in was asked for, but no user is signed in."),
    501481: ("invalid_grant", 400, "The code verifier does not match the code challenge."),
    501491: ("invalid_request", 400, "The size of the code challenge is not valid."),
    54005: ("invalid_grant", 400, "The authorization code was already redeemed."),
    65004: ("access_denied", 400, "The user declined to consent to access the app."),
    70003: ("unsupported_grant_type", 400, "The grant type {detail} is not supported."),
    70005: ("unsupported_response_type", 400, "The response type {detail} is not supported."),
    70007: ("invalid_request", 400, "The response mode {detail} is not supported."),
    70008: ("invalid_grant", 400, "The authorization code has expired."),
    70011: ("invalid_scope", 400, "The scope {detail} is not valid."),
    700016: ("unauthorized_client", 400, "The application was not found in the directory."),
    7000215: ("invalid_client", 401, "Invalid client secret provided."),
    7000218: ("invalid_client", 401, "The request must hold a client_secret."),
    90002: ("invalid_request", 400, "The tenant was not found."),
    90023: ("invalid_request", 400, "The value {detail} of prompt is not supported."),
    900144: ("invalid_request", 400, "The request must hold the parameter {detail}."),
    9002313: ("invalid_grant", 400, "The authorization code is malformed or invalid."),
}


class Refusal(Exception):
    """One refusal; `detail` is what the sentence needs."""

    def __init__(self, code: int, detail: str = "") -> None:
        self.code = code
        self.error, self.status, text = ERRORS[code]
        self.text = f"AADSTS{code}: {text.format(detail=detail[:200])}"
        super().__init__(self.text)

    def described(self, now: datetime) -> str:
        """The error_description, with the ids that support asks for."""
        trace = uuid.uuid5(uuid.NAMESPACE_OID, f"{self.code}{now}")
        return f"{self.text} Trace ID: {trace} Timestamp: {now:%Y-%m-%d %H:%M:%SZ}"

    def response(self, now: datetime) -> Response:
        """The answer of the token endpoint."""
        body: Json = {
            "error": self.error,
            "error_description": self.described(now),
            "error_codes": [self.code],
            "timestamp": f"{now:%Y-%m-%d %H:%M:%SZ}",
            "error_uri": f"https://login.microsoftonline.com/error?code={self.code}",
        }
        return json_response(body, self.status, {"cache-control": "no-store"})
