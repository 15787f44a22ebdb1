"""What marks this add-on's requests and contents."""

from __future__ import annotations

from zope.interface import Interface
from zope.publisher.interfaces.browser import IDefaultBrowserLayer


class IBrowserLayer(IDefaultBrowserLayer):
    """Requests to a site on which the add-on is installed."""


class IKnowledgeArticle(Interface):
    """A knowledge article."""
