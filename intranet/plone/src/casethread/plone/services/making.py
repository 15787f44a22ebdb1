"""POST FOLDER/@casethread-articles {"articles": [...]}: new articles at once, all of them or none.

Each is {"name": 32 hex digits, "move": "publish", "article": {"id": ..., "title": ...}}: its fields
as in a POST of one, and the move of the workflow that shows it. Every check of Plone's is made for
each: whether it may be added, its fields, its id, the move's guard. What Plone refuses of one is
the answer for all, and nothing is written.

Articles may link to each other, in circles too, before they are there: `resolveuid/NAME` becomes
the UID of the article of that name. Names are the asker's; UIDs are this site's.
"""

from __future__ import annotations

import re
from typing import Any

from Acquisition import aq_base
from plone.protect.interfaces import IDisableCSRFProtection
from plone.restapi.deserializer import json_body
from plone.restapi.exceptions import DeserializationError
from plone.restapi.interfaces import IDeserializeFromJson
from plone.restapi.serializer.converters import json_compatible
from plone.restapi.services import Service
from plone.restapi.services.content.utils import add, create
from plone.uuid.interfaces import ATTRIBUTE_NAME, IUUIDGenerator
from Products.CMFCore.utils import getToolByName
from Products.CMFCore.WorkflowCore import WorkflowException
from zExceptions import BadRequest, Forbidden, Unauthorized
from zope.component import getMultiAdapter, getUtility
from zope.event import notify
from zope.i18n import translate
from zope.interface import alsoProvides
from zope.lifecycleevent import ObjectCreatedEvent

from casethread.plone.content.knowledge import IKnowledge
from casethread.plone.indexing import indexed_once

MOST = 50
_TYPE = "KnowledgeArticle"
_NAME = re.compile(r"[0-9a-f]{32}\Z")


class Making(Service):
    def reply(self) -> dict[str, Any]:
        alsoProvides(self.request, IDisableCSRFProtection)  # as POST of one article does
        asked = _asked(json_body(self.request))
        generated = getUtility(IUUIDGenerator)
        uids = {each["name"]: generated() for each in asked}
        with indexed_once():
            made = [self._made(each, uids) for each in asked]
        return {"items": [_told(article) for article in made]}

    def _made(self, asked: dict[str, Any], uids: dict[str, str]) -> object:
        """One article, shown to its readers. Raises BadRequest and Forbidden, which abort all."""
        fields = {**asked["article"], "parts": _linked(asked["article"].get("parts"), uids)}
        try:
            article = create(self.context, _TYPE, id_=fields["id"], title=fields.get("title"))
            article = article.__of__(self.context)
            read = getMultiAdapter((article, self.request), IDeserializeFromJson)
            read(validate_all=True, data=fields, create=True)
            setattr(aq_base(article), ATTRIBUTE_NAME, uids[asked["name"]])
            notify(ObjectCreatedEvent(aq_base(article)))
            article = add(self.context, aq_base(article), rename=False)
            getToolByName(self.context, "portal_workflow").doActionFor(article, asked["move"])
        except Unauthorized as error:
            raise Forbidden(str(error)) from error
        except WorkflowException as error:
            raise BadRequest(translate(str(error), context=self.request)) from error
        except DeserializationError as error:
            raise BadRequest(str(error)) from error
        return article


def _asked(body: object) -> list[dict[str, Any]]:
    """What is to be made. Raises BadRequest."""
    articles = body.get("articles") if isinstance(body, dict) else None
    if not isinstance(articles, list) or not 1 <= len(articles) <= MOST:
        raise BadRequest(f"articles is no list of 1 to {MOST}")
    for each in articles:
        if not isinstance(each, dict) or not isinstance(each.get("article"), dict):
            raise BadRequest("an article is no object with its fields in `article`")
        if not isinstance(each.get("name"), str) or not _NAME.match(each["name"]):
            raise BadRequest("a name is not 32 hex digits")
        for said in (each.get("move"), each["article"].get("id")):
            if not isinstance(said, str) or not said:
                raise BadRequest("an article has no move, or no id")
    if len({each["name"] for each in articles}) < len(articles):
        raise BadRequest("two articles have one name")
    return articles


def _linked(parts: object, uids: dict[str, str]) -> object:
    """The sections with the UIDs of the articles made with this one. What is no text is refused
    with the other fields."""
    if not isinstance(parts, str):
        return parts
    for name, uid in uids.items():
        parts = parts.replace(f"resolveuid/{name}", f"resolveuid/{uid}")
    return parts


def _told(article: Any) -> dict[str, Any]:
    """What the connector reads of an article, as a GET says it."""
    knowledge = IKnowledge(article)
    state = getToolByName(article, "portal_workflow").getInfoFor(article, "review_state", None)
    return {
        "@id": article.absolute_url(),
        "@type": article.portal_type,
        "UID": article.UID(),
        "id": article.getId(),
        "title": article.title,
        "description": article.description,
        "review_state": state,
        "modified": json_compatible(article.modified()),
        "effective": json_compatible(article.effective_date),
        "article_id": knowledge.article_id,
        "article_digest": knowledge.article_digest,
        "parts": knowledge.parts,
    }
