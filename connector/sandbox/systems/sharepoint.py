"""SharePoint in a box: one site's `_api`, as SharePoint Online or as a server of one's own.

Answers are odata=verbose, the form that every version knows. Signing in is by a bearer token that
the box gives for an app's certificate, or by NTLM when it has neither. A form digest is asked for
on every write, also with a token, which SharePoint Online itself does not.
Sources: Microsoft, "Complete basic operations using SharePoint REST endpoints", "Files and folders
REST API reference", "Make batch requests with the REST APIs", [MS-CSOMSPT] 2.2.1 (codes of the form
digest), read 2026-11-22.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote

from connector.sandbox.protocol import Request, Response
from connector.sandbox.sign_in import LIFE_S, check, configuration, refusal
from connector.sandbox.systems import ntlm
from connector.sandbox.systems.base import EXPIRED, FULL, READ_ONLY, FakeSystem, plain
from connector.sandbox.systems.sharepoint_calls import answer_call, fault, good
from connector.sandbox.systems.sharepoint_store import DENIED, Refused, Store

DIGEST_S = 1800
_QUOTA = (
    "-2147023080, Microsoft.SharePoint.SPException",
    "Your changes could not be saved because this SharePoint Web site has exceeded the storage "
    "quota limit. (Exception from HRESULT: 0x80070718)",
)
_PART = re.compile(
    rb"(?P<method>[A-Z]+) (?P<url>\S+) HTTP/1\.1\r?\n(?P<rest>.*?)(?=\r?\n--(?:batch|changeset)_)",
    re.S,
)


class FakeSharePoint(FakeSystem):
    """One site. `has_batch` is false for servers before 2019; `may_manage` lets lists be made."""

    def __init__(self, user: str = "casethread", password: str = "fictional") -> None:  # noqa: S107
        super().__init__()
        self.user = user
        self.password = password
        self.tokens: set[str] = set()
        self.secret_tokens: set[str] = set()  # got with a client secret, which SharePoint refuses
        self.client_id = "casethread-app"
        self.certificate = b""  # PEM, as registered with the app; with it tokens are given
        self.has_batch = True
        self.may_manage = True
        self.digests: dict[str, datetime] = {}
        self.throttles: list[tuple[int, str]] = []  # status and Retry-After of the next answers
        self.throttled_parts: set[int] = set()  # numbers of the parts of a batch, from 0
        self.origin = "http://127.0.0.1"  # what links in answers begin with
        self.store = Store()
        self._challenges: set[bytes] = set()
        self._numbers = itertools.count(1)

    # -- who asks ----------------------------------------------------------------------------------

    def is_write(self, request: Request) -> bool:
        """Asking for a form digest is a POST that changes nothing."""
        return request.method != "GET" and not request.path.lower().endswith("/contextinfo")

    def refusal(self, state: str, request: Request) -> Response:  # noqa: ARG002
        """FULL, READ_ONLY, EXPIRED."""
        if state == EXPIRED:
            return self._unauthorized()
        if state == READ_ONLY:
            return fault(*DENIED, "Access denied. You do not have permission to do this.")
        return fault(500, *_QUOTA)

    def _unauthorized(self, challenge: str = "", token: str = "") -> Response:
        if self.tokens or self.certificate:
            said = {"error_description": "Unsupported app only token."}
            if token in self.secret_tokens:
                return plain(401, said)
            said = {"error_description": "Invalid JWT token. The token is expired."}
            return plain(401, said, {"www-authenticate": 'Bearer realm="fictional"'})
        ways = f"NTLM {challenge}".strip()
        return Response(status=401, headers={"www-authenticate": ways}, body=b"401 UNAUTHORIZED")

    def _signed_in(self, request: Request) -> Response | None:
        """None for somebody it knows. A real server signs a connection in, this each request."""
        kind, _, value = request.headers.get("authorization", "").partition(" ")
        if self.tokens or self.certificate:
            is_known = kind == "Bearer" and value in self.tokens
            return None if is_known else self._unauthorized(token=value)
        try:
            message = base64.b64decode(value, validate=True) if kind == "NTLM" else b""
        except binascii.Error:
            return self._unauthorized()
        if ntlm.message_type(message) == 1:
            challenge = secrets.token_bytes(8)
            self._challenges.add(challenge)
            return self._unauthorized(base64.b64encode(ntlm.challenge_message(challenge)).decode())
        for challenge in list(self._challenges):
            if ntlm.proves(message, challenge, self.user, self.password):
                self._challenges.discard(challenge)
                return None
        return self._unauthorized()

    def _sign_in(self, request: Request) -> Response | None:
        """The Entra side: a token for a certificate, or for a secret; None for other requests."""
        tenant, _, rest = request.path.strip("/").partition("/")
        if rest == "v2.0/.well-known/openid-configuration":
            return configuration(request, tenant)
        if rest != "oauth2/v2.0/token":
            return None
        now = datetime.now(UTC)
        if code := check(request, self.client_id, "fictional-secret", self.certificate, now):
            return refusal(code, now)
        token = f"token-{next(self._numbers)}"
        is_signed = b"client_assertion=" in request.body
        (self.tokens if is_signed else self.secret_tokens).add(token)
        return plain(200, {"token_type": "Bearer", "expires_in": LIFE_S, "access_token": token})

    # -- what is asked -----------------------------------------------------------------------------

    def answer(self, request: Request) -> Response:
        """The answer on a good day."""
        if self.certificate and (given := self._sign_in(request)) is not None:
            return given
        if (refused := self._signed_in(request)) is not None:
            return refused
        if self.throttles:
            status, wait = self.throttles.pop(0)
            headers = {"retry-after": wait} if wait else {}
            headers |= {"ratelimit-limit": "1200", "ratelimit-remaining": "0"}
            return plain(status, {"error": {"code": "throttled", "message": "wait"}}, headers)
        site, api, rest = request.path.partition("/_api/")
        if not api or site.lower() != self.store.url.lower():
            return Response(
                status=404, headers={"content-type": "text/html"}, body=b"<html></html>"
            )
        try:
            if rest.lower() == "contextinfo" and request.method == "POST":
                return good({"GetContextWebInformation": self._digest(request)})
            if self.is_write(request):
                self._require_digest(request)
            if rest.lower() == "$batch" and request.method == "POST":
                return self._batch(request)
            self.origin = request.origin
            return self._call(request.method, request.target, request.headers, request.body)
        except Refused as error:
            return fault(error.status, error.code, str(error))

    def _call(self, method: str, target: str, headers: Any, body: bytes) -> Response:
        path, _, query = target.partition("?")
        rest = unquote(path).partition("/_api/")[2]
        verb = headers.get("x-http-method", method).upper()
        if verb in ("MERGE", "DELETE", "PUT") and "if-match" not in headers:
            raise Refused(412, "-2130575305, Microsoft.SharePoint.SPException", "Wrong version.")
        return answer_call(self, verb, rest, dict(parse_qsl(query, keep_blank_values=True)), body)

    def require_manage(self) -> None:
        """Raises Refused unless lists and columns may be made."""
        if not self.may_manage:
            raise Refused(*DENIED, "Access denied. You do not have permission to do this.")

    @property
    def rights(self) -> int:
        """SPBasePermissions: look, and when allowed add, edit, delete, manage lists."""
        if READ_ONLY in self.states:
            return 0x1_0003_0041
        return 0x1B0_3C43_10EF | (0x800 if self.may_manage else 0)

    @property
    def used(self) -> float:
        """The part of the quota that is used."""
        return 1.0 if FULL in self.states else 0.25

    def _digest(self, request: Request) -> dict[str, Any]:
        now = self.store.clock()
        value = f"0x{next(self._numbers):08X},{now:%d %b %Y %H:%M:%S} -0000"
        self.digests[value] = now + timedelta(seconds=DIGEST_S)
        return {
            "__metadata": {"type": "SP.ContextWebInformation"},
            "FormDigestTimeoutSeconds": DIGEST_S,
            "FormDigestValue": value,
            "LibraryVersion": "16.0.0.0",
            "WebFullUrl": f"{request.origin}{self.store.url}",
        }

    def _require_digest(self, request: Request) -> None:
        until = self.digests.get(request.headers.get("x-requestdigest", ""))
        text = "The security validation for this page is invalid and might be corrupted."
        if until is None:
            raise Refused(403, "-2130575251, Microsoft.SharePoint.SPException", text)
        if until <= self.store.clock():
            raise Refused(403, "-2130575252, Microsoft.SharePoint.SPException", text)

    def _batch(self, request: Request) -> Response:
        """Each part for itself: what fails fails alone, within an answer of 200."""
        if not self.has_batch:
            raise Refused(404, "-1, Microsoft.SharePoint.Client.ResourceNotFoundException",
                          "Cannot find resource for the request $batch.")  # fmt: skip
        boundary = f"batchresponse_{next(self._numbers)}"
        parts = []
        for number, match in enumerate(_PART.finditer(request.body)):
            if number in self.throttled_parts:
                answer = plain(429, {"error": {"code": "throttled"}}, {"Retry-After": "7"})
            else:
                answer = self._part(match)
            head = "".join(f"{name.upper()}: {each}\r\n" for name, each in answer.headers.items())
            parts.append(
                f"--{boundary}\r\nContent-Type: application/http\r\n"
                "Content-Transfer-Encoding: binary\r\n\r\n"
                f"HTTP/1.1 {answer.status} Status\r\n{head}\r\n".encode()
                + answer.body
                + b"\r\n"
            )
        kind = {"content-type": f"multipart/mixed; boundary={boundary}"}
        return Response(headers=kind, body=b"".join(parts) + f"--{boundary}--\r\n".encode())

    def _part(self, match: re.Match[bytes]) -> Response:
        head, _, body = re.sub(rb"\r?\n", b"\r\n", match["rest"]).partition(b"\r\n\r\n")
        lines = (line.partition(":") for line in head.decode().splitlines() if ":" in line)
        headers = {name.strip().lower(): value.strip() for name, _, value in lines}
        target = re.sub(r"^https?://[^/]+", "", match["url"].decode())
        try:
            return self._call(match["method"].decode(), target, headers, body.strip())
        except Refused as error:
            return fault(error.status, error.code, str(error))
