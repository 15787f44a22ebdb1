"""The sandbox: a municipality behind Graph's wire, with a sign-in and, on request, misbehaviour."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime

from connector.sandbox import graph, sign_in
from connector.sandbox.municipality import Municipality
from connector.sandbox.protocol import GraphError, Request, Response, error_response, json_response
from connector.sandbox.scenario import Memory, Scenario, Scene
from connector.sandbox.scenarios import ALL
from connector.sandbox.view import Index, View


def _machine_time() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Sandbox:
    """Answers requests about one municipality. May be called from many threads.

    `clock` is the server's clock and decides what is visible; it stands at the municipality's `now`
    unless given. `roles` are the granted application permissions. `certificate` (PEM) is the one
    registered for signing in. `scenario` names misbehaviours from scenarios.ALL.
    """

    municipality: Municipality
    scenario: Sequence[str] = ()
    static_token: str | None = None
    clock: Callable[[], datetime] | None = None
    roles: frozenset[str] = graph.DEFAULT_ROLES
    certificate: bytes = b""
    most_rows: int = 1000  # a page of a listing never holds more; small in tests of paging
    wall_clock: Callable[[], datetime] = _machine_time  # msal signs with the machine's clock
    view: View = field(init=False)
    memory: Memory = field(init=False)
    active: tuple[Scenario, ...] = field(init=False)
    lock: threading.Lock = field(init=False, default_factory=threading.Lock)
    tokens: int = field(init=False, default=0)
    answered: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        unknown = [name for name in self.scenario if name not in ALL]
        if unknown:
            raise ValueError(f"unknown scenario: {', '.join(unknown)}")
        self.active = tuple(ALL[name] for name in self.scenario)
        self.memory = Memory()
        for scenario in self.active:
            if scenario.roles:
                self.roles = scenario.roles(frozenset(self.roles))
        index = Index(self.municipality)
        self.view = View(index, self.now(), frozenset(self.roles), most_rows=self.most_rows)
        for scenario in self.active:
            if scenario.begin:
                scenario.begin(self._scene(Request(method="GET", target="/"), scenario))

    @property
    def tenant(self) -> str:
        """The tenant's id."""
        return self.municipality.tenant

    @property
    def client_id(self) -> str:
        """The id of the registered application."""
        return str(uuid.uuid5(uuid.UUID(self.tenant), "casethread"))

    @property
    def client_secret(self) -> str:
        """The secret of the registered application; it opens this sandbox and nothing else."""
        return f"sandbox~{uuid.uuid5(uuid.UUID(self.tenant), 'secret').hex}"

    def now(self) -> datetime:
        """The server's clock."""
        return self.clock() if self.clock else self.municipality.now

    def handle(self, request: Request) -> Response:
        """The answer to one request, by the clock and by what the scenarios remember."""
        now = self.now()
        path = request.path
        if path.startswith(f"/{self.tenant}/") or path.endswith(("/token", "openid-configuration")):
            return self._dated(self._sign_in(request, now), request, now)
        with self.lock:
            self.answered += 1
        response = self._misbehave(request, now)
        return self._dated(response, request, now)

    def _misbehave(self, request: Request, now: datetime) -> Response:
        for scenario in self.active:
            if scenario.before:
                early = scenario.before(self._scene(request, scenario))
                if early is not None:
                    return early
        response = self.plain(request, now)
        for scenario in self.active:
            if scenario.after:
                response = scenario.after(self._scene(request, scenario), response)
        return response

    def _scene(self, request: Request, scenario: Scenario) -> Scene:
        return Scene(
            request=request,
            view=replace(self.view, now=self.now()) if request.target != "/" else self.view,
            memory=self.memory,
            name=scenario.name,
            answered=self.answered,
            ask=lambda other: self.plain(other, self.now()),
        )

    def plain(self, request: Request, now: datetime) -> Response:
        """The answer of a server that behaves."""
        try:
            if not request.path.startswith("/v1.0/"):
                raise GraphError(404, "BadRequest", "Only /v1.0 is served here.")
            roles = self._signed_in(request, now)
            return graph.answer(replace(self.view, now=now, roles=roles), request)
        except GraphError as error:
            client_id = request.headers.get("client-request-id", "")
            return error_response(error, self._request_id(request), client_id, now)

    def _signed_in(self, request: Request, now: datetime) -> frozenset[str]:
        kind, _, text = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not text:
            raise GraphError(401, "InvalidAuthenticationToken", "Access token is empty.")
        if self.static_token is not None and text == self.static_token:
            return frozenset(self.roles)
        claims = sign_in.claims_of(self.municipality.seed, text)
        if claims is None:
            raise GraphError(401, "InvalidAuthenticationToken", "IDX14100: JWT is not well formed.")
        if int(claims.get("exp", 0)) <= now.timestamp():
            raise GraphError(
                401,
                "InvalidAuthenticationToken",
                "Lifetime validation failed, the token is expired.",
            )
        return frozenset(claims.get("roles", ()))

    def _sign_in(self, request: Request, now: datetime) -> Response:
        for scenario in self.active:
            if scenario.sign_in:
                early = scenario.sign_in(self._scene(request, scenario))
                if early is not None:
                    return early
        if not request.path.startswith(f"/{self.tenant}/"):
            return sign_in.refusal("AADSTS90002", now)
        if request.path.endswith("openid-configuration"):
            return sign_in.configuration(request, self.tenant)
        code = sign_in.check(
            request, self.client_id, self.client_secret, self.certificate, self.wall_clock()
        )
        if code:
            return sign_in.refusal(code, now)
        with self.lock:
            self.tokens += 1
            serial = self.tokens
        made = sign_in.token(
            self.municipality.seed, self.tenant, self.client_id, frozenset(self.roles), now, serial
        )
        life = {"expires_in": sign_in.LIFE_S, "ext_expires_in": sign_in.LIFE_S}
        body = {"token_type": "Bearer", **life, "access_token": made}
        return json_response(body)

    def _request_id(self, request: Request) -> str:
        return str(uuid.uuid5(uuid.UUID(self.tenant), f"{self.answered}{request.target}"))

    def _dated(self, response: Response, request: Request, now: datetime) -> Response:
        """The headers that every answer has; a scenario's own win."""
        headers = {
            "date": format_datetime(now.astimezone(UTC), usegmt=True),
            "request-id": self._request_id(request),
            **response.headers,
        }
        if "client-request-id" in request.headers:
            headers["client-request-id"] = request.headers["client-request-id"]
        return replace(response, headers=headers)
