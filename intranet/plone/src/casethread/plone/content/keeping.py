"""What must stay true of an article whatever somebody does to it."""

from __future__ import annotations

from plone import api
from zope.lifecycleevent.interfaces import IObjectRemovedEvent

from casethread.plone.content.files import guard
from casethread.plone.interfaces import IKnowledgeArticle


def article_changed(article: IKnowledgeArticle, event: object) -> None:
    """An article that has become one for staff, and files that have, are taken from visitors."""
    if not IObjectRemovedEvent.providedBy(event):
        _keep_inside(article)
        guard(article)


def article_moved_on(article: IKnowledgeArticle, event: object) -> None:
    """However an article for staff came to be published, visitors do not get it."""
    _keep_inside(article)
    guard(article)


def _keep_inside(article: IKnowledgeArticle) -> None:
    if not article.is_for_everybody() and _state(article) == "published":
        with api.env.adopt_roles(["Manager"]):
            api.content.transition(article, "publish_internally")


def _state(article: IKnowledgeArticle) -> str:
    return api.content.get_state(article, default="draft")
