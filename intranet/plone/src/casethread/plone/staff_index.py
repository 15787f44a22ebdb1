"""A text index of staff sections that answers staff alone.

Whoever can search can name any index in a query (plone.restapi's @search, collections): so it is
the index that asks who is searching, and not each place that searches.
"""

from __future__ import annotations

from types import SimpleNamespace

from BTrees.IIBTree import IIBucket
from plone import api
from Products.ZCTextIndex.ZCTextIndex import ZCTextIndex

from casethread.plone.content.reader import is_staff

NAME = "article_staff_text"


class StaffTextIndex(ZCTextIndex):
    """Finds nothing for anybody who may not see staff sections."""

    meta_type = "StaffTextIndex"

    def query_index(self, record: object, resultset: object = None) -> object:
        if not is_staff():
            return IIBucket()
        return super().query_index(record, resultset)


def add_to(catalog: object) -> bool:
    """Make the index where it is not there yet; says whether it was made."""
    if NAME in catalog.indexes():
        return False
    extra = SimpleNamespace(index_type="Okapi BM25 Rank", lexicon_id="plone_lexicon", doc_attr=NAME)
    catalog._catalog.addIndex(NAME, StaffTextIndex(NAME, extra=extra, caller=catalog))
    return True


def add() -> None:
    """Make the index of this site and fill it."""
    catalog = api.portal.get_tool("portal_catalog")
    if add_to(catalog):
        catalog.reindexIndex(NAME, None)
