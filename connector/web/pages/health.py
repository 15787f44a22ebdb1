"""For machines that look after the portal: does it live, can it work, how is it doing."""

from __future__ import annotations

import ipaddress
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from connector.ledger.access import Role
from connector.web import rules
from connector.web.headers import LOOPBACK, host_of
from connector.web.metrics import CONTENT_TYPE, Metrics
from connector.web.page import Refused, Unready, language_of
from connector.web.readiness import unready
from connector.web.rules import Anybody
from connector.web.site import site_of
from connector.web.words import say

router = APIRouter(include_in_schema=False)
LOCAL = ("127.0.0.0/8", "::1")
PROXY_HEADERS = (
    "forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port",
    "x-forwarded-proto", "x-forwarded-server", "x-real-ip",
)  # fmt: skip


class FromAddress(Anybody):
    """For those who ask from one of the addresses of web.metrics_from, whoever they are, and
    themselves: what comes through a proxy has the proxy's address unless the proxy says otherwise.
    """

    def __call__(  # type: ignore[override]  # nobody is looked for
        self, request: Request
    ) -> None:
        """Raises Refused for another address, and for what came through a proxy."""
        its = site_of(request).web
        address = request.client.host if request.client else ""
        if not is_among(address, its.metrics_from):
            raise Refused("health.address", address=address)
        if came_by_proxy(request, urlsplit(its.url).hostname or ""):
            raise Refused("health.proxy")


def came_by_proxy(request: Request, public: str) -> bool:
    """Whether a proxy passed the request on; `public` is the portal's own name.

    A proxy either tells of itself, or asks by the name that browsers know: on this machine nobody
    else does. One that hides both is seen by nothing; docs/how-to/portal.md closes that way.
    """
    if any(name in request.headers for name in PROXY_HEADERS):
        return True
    address = request.client.host if request.client else ""
    asked = host_of(request.headers.get("host", ""))
    return is_among(address, LOCAL) and asked == public and public not in LOOPBACK


METRICS = FromAddress("an address of web.metrics_from", frozenset(Role))


def is_among(address: str, allowed: tuple[str, ...]) -> bool:
    """Whether this address is one of those, or within one of those networks."""
    try:
        it = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(it, "ipv4_mapped", None)  # as a socket for both kinds tells an IPv4 address
    networks = [ipaddress.ip_network(each, strict=False) for each in allowed]
    return any(one in network for network in networks for one in (it, mapped) if one is not None)


@router.get("/healthz")
def healthz(_anybody: Annotated[None, Depends(rules.STATIC)]) -> Response:
    """The process lives; the ledger is not asked."""
    return JSONResponse({"status": "alive"})


@router.get("/readyz")
def readyz(request: Request, _anybody: Annotated[None, Depends(rules.STATIC)]) -> Response:
    """The ledger answers and is of this version, and there is room on the disk."""
    wrong = unready(site_of(request))
    if wrong:
        language = language_of(request)
        reasons = " ".join(say(key, language) for key in wrong)
        raise Unready("health.unready", reasons=reasons)
    return JSONResponse({"status": "ready"})


@router.get("/metrics")
def metrics(request: Request, _allowed: Annotated[None, Depends(METRICS)]) -> Response:
    """Figures for Prometheus; no person, no case and no content in them."""
    its: Metrics = request.app.state.metrics
    return Response(its.text(), media_type=CONTENT_TYPE)
