"""What is known of a request that may come from anybody."""

from __future__ import annotations

from urllib.parse import urlsplit

from plone import api
from plone.protect.interfaces import IDisableCSRFProtection
from zope.interface import alsoProvides

from casethread.plone.limits import Limit


class TooOften(Exception):
    """This address asks too often."""


class Foreign(Exception):
    """A page of another site made this browser ask."""


def address_of(request: object) -> str:
    """Where it came from; behind a proxy that Zope trusts, where the proxy says."""
    return str(request.getClientAddr() or "?")


def take_write(request: object, limit: Limit) -> None:
    """Let this request write a count although it has no token of a form.

    A visitor has none to prove anything with; so what counts is that the browser says it comes
    from a page of ours. Raises Foreign and TooOften.
    """
    if not _is_ours(request):
        raise Foreign
    if not limit.allows(address_of(request)):
        raise TooOften
    alsoProvides(request, IDisableCSRFProtection)


def _is_ours(request: object) -> bool:
    site = request.getHeader("Sec-Fetch-Site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = request.getHeader("Origin")
    if origin is None:
        return True  # programs send none, and no browser can be made to leave it out of a POST
    here = urlsplit(api.portal.get().absolute_url())
    return origin == f"{here.scheme}://{here.netloc}"


def voter_of(request: object) -> tuple[str, bool]:
    """Who votes, to tell one from another: a user's id, or an address and a browser."""
    if not api.user.is_anonymous():
        return api.user.get_current().getId(), True
    return f"{address_of(request)}|{request.getHeader('User-Agent') or ''}", False
