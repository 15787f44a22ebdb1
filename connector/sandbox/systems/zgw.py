"""What the Dutch case services have in common: the shape of a refusal, and signed requests."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from datetime import UTC, datetime

from connector.sandbox.protocol import Request, Response
from connector.sandbox.systems.base import plain
from connector.sandbox.world import Json


class Fault(Exception):
    """A refusal in the shape that all of these services share."""

    def __init__(
        self, status: int, code: str, *params: tuple[str, str], kind: str = "ValidationError"
    ) -> None:
        super().__init__(code)
        self.response = fault(status, code, *params, kind=kind)


def fault(
    status: int, code: str, *params: tuple[str, str], kind: str = "ValidationError"
) -> Response:
    """The body of an error; `params` are (name, code)."""
    value: Json = {
        "type": f"http://openzaak.example/ref/fouten/{kind}/",
        "code": code,
        "title": "Ongeldige invoer.",
        "status": status,
        "detail": "",
        "instance": f"urn:uuid:{uuid.uuid4()}",
    }
    if params:
        value["invalidParams"] = [
            {"name": name, "code": why, "reason": "Reden in woorden."} for name, why in params
        ]
    return plain(status, value)


def signed_by(request: Request, client_id: str, secret: str) -> str:
    """The user that a signed request names. A signature is good for an hour from its `iat`."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind != "Bearer" or token.count(".") != 2:
        raise Fault(403, "permission_denied", kind="PermissionDenied")
    signed, _, signature = token.rpartition(".")
    proof = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    whole = base64.urlsafe_b64encode(proof).decode().rstrip("=")
    if not hmac.compare_digest(whole, signature):
        raise Fault(403, "invalid-jwt-signature", kind="PermissionDenied")
    claims = json.loads(base64.urlsafe_b64decode(signed.split(".")[1] + "=="))
    if claims["iss"] != client_id or claims["client_id"] != client_id:
        raise Fault(403, "invalid-jwt-signature", kind="PermissionDenied")
    age_s = datetime.now(UTC).timestamp() - claims["iat"]
    if not -1 <= age_s < 3600:
        raise Fault(403, "jwt-expired", kind="PermissionDenied")
    return str(claims.get("user_id", ""))


def check_crs(request: Request, *, is_write: bool) -> None:
    """Zaken wants a coordinate system named, in the question and in what is sent."""
    for header in ("accept-crs", "content-crs")[: 1 + is_write]:
        if request.headers.get(header) is None:
            raise Fault(412, "missing-headers", kind="PreconditionFailed")
        if request.headers[header] != "EPSG:4326":
            raise Fault(406, "not_acceptable", kind="NotAcceptable")
