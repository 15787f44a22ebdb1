"""POST @feedback {value: up or down, reason}: a vote on an article. POST @article-view: a look."""

from __future__ import annotations

from typing import Any

from AccessControl import Unauthorized, getSecurityManager
from plone.restapi.deserializer import json_body

from casethread.plone import asking, counts, limits
from casethread.plone.content.article import kept
from casethread.plone.content.reader import is_staff
from casethread.plone.services.refusing import Refusing


class Wrong(ValueError):
    """A vote that is none; says what is wrong with it."""


def vote(article: object, request: object, value: object, reason: object) -> None:
    """Keep a reader's vote. Raises Wrong, asking.Foreign and asking.TooOften."""
    if value not in (counts.UP, counts.DOWN):
        raise Wrong("value is neither up nor down")
    if not isinstance(reason, str) or len(reason) > 4 * counts.MOST_REASON:
        raise Wrong("reason is no text, or is too long")
    _check_seen(article)
    asking.take_write(request, limits.VOTES)
    who, is_user = asking.voter_of(request)
    counts.voted(name_of(article), is_staff(), who, is_user, value, reason)


def _check_seen(article: object) -> None:
    """An address is all it takes to send a vote; the article must be the voter's to read too."""
    if not getSecurityManager().checkPermission("View", article):
        raise Unauthorized("this article is not yours to read")


def name_of(article: object) -> str:
    """The id that the connector knows it by; else the site's own. No "|": it divides our keys."""
    return str(kept(article, "article_id") or article.getId()).replace("|", "-")


class _Told(Refusing):
    """A service that a visitor may use, from a page of ours and not too often."""

    def reply(self) -> dict[str, Any] | None:
        try:
            self.tell()
        except Wrong as error:
            return self.refuse(400, "BadRequest", str(error))
        except asking.Foreign:
            return self.refuse(403, "Forbidden", "asked by a page of another site")
        except asking.TooOften:
            self.request.response.setHeader("Retry-After", "60")
            return self.refuse(429, "TooManyRequests", "too many from this address; wait a minute")
        return self.reply_no_content()

    def tell(self) -> None:
        raise NotImplementedError


class Feedback(_Told):
    def tell(self) -> None:
        said = json_body(self.request)
        vote(self.context, self.request, said.get("value"), said.get("reason") or "")


class View(_Told):
    def tell(self) -> None:
        asking.take_write(self.request, limits.VIEWS)
        counts.viewed(name_of(self.context), is_staff())
