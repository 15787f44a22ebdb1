"""The content type."""

from __future__ import annotations

from AccessControl import ClassSecurityInfo
from AccessControl.class_init import InitializeClass
from plone.dexterity.content import Container
from plone.supermodel import model
from zope.interface import implementer

from casethread.plone.content.parts import CITIZEN
from casethread.plone.interfaces import IKnowledgeArticle

STORE = "_casethread"
"""Where an article keeps its fields. What begins with "_" is published by no address, listed by no
search and read by no template: whoever wants it goes through Knowledge, which knows the reader."""


class IKnowledgeArticleSchema(model.Schema):
    """No fields of its own: they are the behaviours'."""


@implementer(IKnowledgeArticle)
class KnowledgeArticle(Container):
    """A knowledge article; its images and files lie in it."""

    security = ClassSecurityInfo()

    # For the workflow's guard. Without a docstring no address publishes it.
    @security.public
    def is_for_everybody(self) -> bool:
        return kept(self, "audience", CITIZEN) == CITIZEN


InitializeClass(KnowledgeArticle)


def kept(article: object, name: str, default: object = None) -> object:
    """A field as it is kept, whoever asks."""
    return getattr(article, STORE, {}).get(name, default)


def keep(article: object, name: str, value: object) -> None:
    """Keep a field."""
    setattr(article, STORE, {**getattr(article, STORE, {}), name: value})
