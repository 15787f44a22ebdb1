"""The sandbox's sign-in page in a real browser: one click, any language, keyboard alone."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

from connector.sandbox.openid import OpenId as Provider
from connector.sandbox.openid_users import DemoUser
from connector.sandbox.protocol import Request, Response
from connector.sandbox.server import listen

TENANT = "6f1c2a52-9a0e-4a61-8b39-0d3c1f1b7a10"
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
USERS = tuple(
    DemoUser(
        oid=f"oid-{name}",
        upn=f"{name}@nordvang.example",
        name=name,
        mail="",
        department="Sundhed og Ældre",
        roles=roles,
    )
    for name, roles in (("Bodil", ("CaseWorker",)), ("Rita", ("RecordsManager", "Operator")))
)


@dataclass
class Place:
    """Where to sign in, and where that leads back to."""

    provider: Provider
    url: str
    back: str


@pytest.fixture
def place() -> Iterator[Place]:
    provider = Provider(tenant=TENANT, users=USERS)

    def portal(request: Request) -> Response:
        return Response(headers={"content-type": "text/html"}, body=request.target.encode())

    with listen(provider.handle) as server, listen(portal) as there:
        digest = hashlib.sha256(b"v" * 43).digest()
        asked = {
            "client_id": provider.portal.client_id,
            "redirect_uri": f"{there.origin}/signed-in",
            "response_type": "code",
            "scope": "openid profile",
            "state": "s",
            "code_challenge": urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        base = f"{server.origin}/{TENANT}/oauth2/v2.0/authorize"
        yield Place(provider, f"{base}?{urlencode(asked)}", f"{there.origin}/signed-in")


def _violations(page: Any) -> list[str]:
    found = Axe().run(page, options=WCAG).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found]


@pytest.mark.parametrize("language", ["da", "en"])
def test_accessible(browser: Callable[..., Any], place: Place, language: str) -> None:
    """Each of the provider's pages meets WCAG 2.1 A and AA, in both languages."""
    page = browser(language=language)
    for url in (place.url, place.url.replace("signed-in", "nowhere"), _out(place)):
        page.goto(url)
        assert page.locator("html").get_attribute("lang") == language
        assert _violations(page) == []
    assert [each for each in page.wrong if "400" not in each] == []


def _out(place: Place) -> str:
    return place.url.partition("/authorize")[0] + "/logout"


def test_one_click(browser: Callable[..., Any], place: Place) -> None:
    """A click on a name leads back to the portal, on another port, with a code; without scripts."""
    page = browser(scripts=False)
    page.goto(place.url)
    page.get_by_role(
        "button", name="Rita arkivmedarbejder, driftsansvarlig, Sundhed og Ældre"
    ).click()
    page.wait_for_url(f"{place.back}?code=*")

    assert page.url.endswith("state=s") or "state=s&" in page.url
    assert page.wrong == []


def test_keyboard(browser: Callable[..., Any], place: Place) -> None:
    """The first Tab reaches the first name, it is seen to have focus, and Enter signs in."""
    page = browser()
    page.goto(place.url)
    page.keyboard.press("Tab")
    focused = page.locator("button:focus")
    outline = focused.evaluate("one => getComputedStyle(one).outlineWidth")
    name = focused.inner_text()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{place.back}?code=*")

    assert name.startswith("Bodil")
    assert outline == "3px"


def test_cancel(browser: Callable[..., Any], place: Place) -> None:
    """Cancelling leads back too, with the refusal."""
    page = browser(language="en")
    page.goto(place.url)
    page.get_by_role("button", name="Cancel").click()
    page.wait_for_url(f"{place.back}?error=access_denied*")


def test_phone(browser: Callable[..., Any], place: Place) -> None:
    """At 360 pixels nothing has to be scrolled sideways."""
    page = browser(width=360)
    page.goto(place.url)

    assert page.evaluate("document.documentElement.scrollWidth") <= 360
