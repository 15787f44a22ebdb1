"""A server that is busy, a line that breaks, a sign-in that fails."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime

from connector.sandbox import sign_in
from connector.sandbox.protocol import Response
from connector.sandbox.scenario import After, Before, Scenario, Scene

HTML = (
    b"<!DOCTYPE html><html><head><title>Service unavailable</title></head>"
    b"<body><h1>The service is temporarily unavailable.</h1></body></html>"
)
Answer = Callable[[Scene], Response]


def sometimes(answer: Answer, limit: int = 4, every: int = 3) -> Before:
    """Every third request is answered so, four times in all."""

    def before(scene: Scene) -> Response | None:
        counts = scene.request.path.startswith("/v1.0/") and scene.answered % every == 0
        return answer(scene) if counts and scene.times("x", limit) else None

    return before


def _busy(headers: dict[str, str]) -> Answer:
    def answer(scene: Scene) -> Response:
        return scene.refuse(429, "TooManyRequests", "Please retry again later.", "429", headers)

    return answer


def _busy_until(scene: Scene) -> Response:
    at = format_datetime(scene.view.now + timedelta(seconds=1), usegmt=True)
    return scene.refuse(
        429, "TooManyRequests", "Please retry again later.", "429", {"retry-after": at}
    )


def _error(status: int, code: str, text: str = "", headers: dict[str, str] | None = None) -> Answer:
    return lambda scene: scene.refuse(status, code, text, headers=headers)


def _page(status: int) -> Answer:
    return lambda _scene: Response(status=status, headers={"content-type": "text/html"}, body=HTML)


def _silent(_scene: Scene) -> Response:
    return Response(cut_at=-1)


def broken(change: Callable[[Response], Response], limit: int = 4) -> After:
    """An `after` that spoils every second good answer, four times in all."""

    def after(scene: Scene, response: Response) -> Response:
        spoils = response.status == 200 and len(response.body) > 20 and scene.answered % 2 == 0
        return (
            change(response) if spoils and scene.is_read and scene.times("x", limit) else response
        )

    return after


def _cut(response: Response) -> Response:
    return replace(response, cut_at=len(response.body) * 2 // 3)


def _cut_chunks(response: Response) -> Response:
    return replace(response, is_chunked=True, cut_at=len(response.body) * 2 // 3)


def _half(response: Response) -> Response:
    return replace(response, body=response.body[: len(response.body) * 2 // 3])


def _zipped(scene: Scene, response: Response) -> Response:
    if "gzip" not in scene.request.headers.get("accept-encoding", ""):
        return response
    headers = {**response.headers, "content-encoding": "gzip", "vary": "Accept-Encoding"}
    return replace(response, headers=headers, body=gzip.compress(response.body, 1, mtime=0))


def _late(_scene: Scene, response: Response) -> Response:
    return replace(response, delay_s=0.05)


def _clock_jumps(scene: Scene, response: Response) -> Response:
    """Every third answer says that it is yesterday, every seventh that it is tomorrow."""
    shift = timedelta(days=-1 if scene.answered % 3 == 0 else 1 if scene.answered % 7 == 0 else 0)
    date = format_datetime(scene.view.now + shift, usegmt=True)
    return replace(response, headers={**response.headers, "date": date})


MAILBOX = re.compile(r"^/users/([^/]+)/(?:mailFolders|messages)")


def _mailbox_busy(scene: Scene) -> Response | None:
    found = MAILBOX.match(scene.path)
    if not found:
        return None
    key = f"inflight:{found[1]}"
    if scene.memory.add(key, 1) > 4:
        scene.memory.add(key, -1)
        text = "Application is over its MailboxConcurrency limit."
        return scene.refuse(429, "ApplicationThrottled", text, headers={"retry-after": "1"})
    return None


def _mailbox_done(scene: Scene, response: Response) -> Response:
    found = MAILBOX.match(scene.path)
    if not found:
        return response
    key = f"inflight:{found[1]}"
    return replace(response, delay_s=0.02, release=lambda: scene.memory.add(key, -1))


def _token_expires(scene: Scene) -> Response | None:
    """After the fifth request the token is dead; a new one is good. A static one is forgiven."""
    token = scene.request.headers.get("authorization", "")
    if not scene.is_read:
        return None
    if scene.answered >= 5 and scene.times("x", 1):
        scene.memory.kept["dead"] = token
    if token == scene.memory.kept.get("dead") and scene.times("dead", 40):
        text = "Lifetime validation failed, the token is expired."
        return scene.refuse(401, "InvalidAuthenticationToken", text)
    return None


def _never_signed_in(scene: Scene) -> Response | None:
    return scene.refuse(401, "InvalidAuthenticationToken", "Access token validation failure.")


def _secret_expired(scene: Scene) -> Response | None:
    if scene.request.path.endswith("/token"):
        return sign_in.refusal("AADSTS7000222", scene.view.now)
    return None


def _sign_in_down(scene: Scene) -> Response | None:
    if scene.request.path.endswith("/token") and scene.times("x", 2):
        return Response(status=503, headers={"content-type": "text/html"}, body=HTML)
    return None


def _protected(scene: Scene) -> Response | None:
    if not scene.is_messages:
        return None
    text = (
        "Invoked API requires Protected API access in application-only context when not using RSC."
    )
    return scene.refuse(403, "Forbidden", text)


def _unpaid(scene: Scene) -> Response | None:
    if not scene.is_messages:
        return None
    return scene.refuse(402, "PaymentRequired", "Evaluation capacity has been exceeded.")


def _without(*names: str) -> Callable[[frozenset[str]], frozenset[str]]:
    return lambda roles: roles - frozenset(names)


BROAD = frozenset(
    {"Chat.ReadWrite.All", "Directory.ReadWrite.All", "Sites.FullControl.All", "Mail.ReadWrite"}
)
DOCS, CONTRIB = (
    "microsoftgraph/microsoft-graph-docs#",
    "microsoftgraph/microsoft-graph-docs-contrib#",
)


def _line(
    name: str,
    en: str,
    da: str,
    issue: str,
    before: Before | None = None,
    after: After | None = None,
) -> Scenario:
    return Scenario(
        name=name, summary_en=en, summary_da=da, issue=issue, before=before, after=after
    )


SCENARIOS = (
    _line(
        "throttled",
        "some requests get 429 with Retry-After",
        "nogle kald får 429 med Retry-After",
        DOCS + "8777",
        sometimes(_busy({"retry-after": "1"})),
    ),
    _line(
        "throttled-silently",
        "some requests get 429 without Retry-After",
        "nogle kald får 429 uden Retry-After",
        DOCS + "13054",
        sometimes(_busy({})),
    ),
    _line(
        "throttled-always-one",
        "Retry-After says 1 second, four times in a row",
        "Retry-After siger 1 sekund, fire gange i træk",
        "microsoftgraph/msgraph-sdk-javascript#297",
        sometimes(_busy({"retry-after": "1"}), every=1),
    ),
    _line(
        "throttled-until",
        "Retry-After is a date and not a number of seconds",
        "Retry-After er et tidspunkt og ikke et antal sekunder",
        "eth-cscs/pyfirecrest#118",
        sometimes(_busy_until, limit=2),
    ),
    _line(
        "throttled-long",
        "one request is told to wait ten minutes",
        "et kald får besked på at vente ti minutter",
        "microsoftgraph/microsoft-graph-docs concepts/throttling.md",
        sometimes(_busy({"retry-after": "600"}), limit=1),
    ),
    _line(
        "throttled-as-500",
        "too many requests is told as a server error (500)",
        "for mange kald meldes som en serverfejl (500)",
        "O365/python-o365#360",
        sometimes(
            _error(500, "ErrorServerBusy", "The server cannot service this request right now.")
        ),
    ),
    _line(
        "unavailable",
        "some requests get 503 with Retry-After",
        "nogle kald får 503 med Retry-After",
        "microsoftgraph/microsoft-graph-explorer-v4#3143",
        sometimes(_error(503, "ServiceUnavailable", headers={"retry-after": "1"})),
    ),
    _line(
        "gateway-timeout",
        "some requests get 504 with an empty message",
        "nogle kald får 504 med tom besked",
        DOCS + "2505",
        sometimes(_error(504, "UnknownError")),
    ),
    _line(
        "bad-gateway",
        "some requests get 502 with an HTML page",
        "nogle kald får 502 med en HTML-side",
        "microsoftgraph/microsoft-graph-explorer-v4#4022",
        sometimes(_page(502)),
    ),
    _line(
        "html-with-200",
        "an HTML error page comes with status 200",
        "en HTML-fejlside kommer med status 200",
        "microsoftgraph/microsoft-graph-explorer-v4#4022",
        sometimes(_page(200)),
    ),
    _line(
        "no-answer",
        "the connection is closed without an answer",
        "forbindelsen lukkes uden svar",
        "psf/requests#5981",
        sometimes(_silent),
    ),
    _line(
        "connection-cut",
        "the connection breaks in the middle of a body",
        "forbindelsen brydes midt i et svar",
        "psf/requests#4956",
        after=broken(_cut),
    ),
    _line(
        "chunks-cut",
        "a chunked body ends without its last chunk",
        "et svar i bidder slutter uden den sidste bid",
        "psf/requests#4956",
        after=broken(_cut_chunks),
    ),
    _line(
        "truncated-json",
        "a body of the right length holds half a JSON document",
        "et svar med rigtig længde indeholder et halvt JSON-dokument",
        "psf/requests#2275",
        after=broken(_half),
    ),
    _line(
        "gzip",
        "every answer is compressed",
        "alle svar er komprimerede",
        "RFC 9110 section 8.4",
        after=_zipped,
    ),
    _line(
        "slow",
        "every answer comes 50 ms late",
        "alle svar kommer 50 ms for sent",
        DOCS + "5288",
        after=_late,
    ),
    _line(
        "clock-jumps",
        "the server's Date header is now and then a day wrong",
        "serverens Date-felt er af og til en dag forkert",
        "RFC 9110 section 6.6.1 (Date)",
        after=_clock_jumps,
    ),
    _line(
        "mailbox-concurrency",
        "the fifth request at once to one mailbox is throttled",
        "det femte samtidige kald til én postkasse bliver bremset",
        DOCS + "8777",
        _mailbox_busy,
        _mailbox_done,
    ),
    _line(
        "token-expires",
        "the access token dies half-way",
        "adgangstokenet dør undervejs",
        CONTRIB + "9141",
        _token_expires,
    ),
    Scenario(
        name="token-refused",
        summary_en="no token is ever accepted",
        summary_da="intet token bliver accepteret",
        issue=CONTRIB + "6991",
        survives="stop",
        before=_never_signed_in,
    ),
    Scenario(
        name="secret-expired",
        summary_en="the client secret has expired",
        summary_da="klienthemmeligheden er udløbet",
        issue="Azure-Samples/active-directory-dotnetcore-daemon-v2#87",
        survives="stop",
        sign_in=_secret_expired,
    ),
    Scenario(
        name="sign-in-unavailable",
        summary_en="the token endpoint answers 503 with an HTML page, twice",
        summary_da="login-tjenesten svarer 503 med en HTML-side, to gange",
        issue="AzureAD/microsoft-authentication-library-for-python#126",
        sign_in=_sign_in_down,
    ),
    Scenario(
        name="protected-api",
        summary_en="reading chats needs protected API access",
        summary_da="læsning af chats kræver adgang til beskyttede API'er",
        issue=DOCS + "5188",
        survives="stop",
        before=_protected,
    ),
    Scenario(
        name="payment-required",
        summary_en="reading chats answers 402",
        summary_da="læsning af chats svarer 402",
        issue="microsoftgraph/microsoft-graph-docs concepts/metered-api-list.md",
        survives="stop",
        before=_unpaid,
    ),
    Scenario(
        name="permission-missing",
        summary_en="Chat.Read.All and CallRecords.Read.All are not granted",
        summary_da="Chat.Read.All og CallRecords.Read.All er ikke tildelt",
        issue="elastic/connectors#4145",
        survives="stop",
        roles=_without("Chat.Read.All", "CallRecords.Read.All"),
    ),
    Scenario(
        name="permission-too-much",
        summary_en="far more is granted than needed",
        summary_da="der er tildelt langt mere end nødvendigt",
        issue="elastic/connectors#4066",
        roles=lambda roles: roles | BROAD,
    ),
)
