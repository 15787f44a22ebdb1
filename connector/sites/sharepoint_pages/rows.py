"""The list that says which page is which article's: for people to filter, and for us to plan by.

A row is written before its page and again after it. Between the two it says what is about to be
written, so that a run that was cut short is told from a person's edit.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import msgspec

from connector.article import ArticlePage
from connector.errors import Rejected
from connector.sites.sharepoint_pages.graph import Graph
from connector.sites.sharepoint_pages.wire import Item
from connector.sites.sharepoint_pages.words import words
from connector.typed import read_json

LIST = "CasethreadArticles"
_UNIQUE = {"indexed": True, "enforceUniqueValues": True}
_COLUMNS: tuple[dict[str, object], ...] = (
    {"name": "CtArticle", "text": {}, **_UNIQUE},
    {"name": "CtPage", "text": {}},
    {"name": "CtState", "text": {}, "indexed": True},
    {"name": "CtDigest", "text": {}},
    {"name": "CtAudience", "text": {}, "indexed": True},
    {"name": "CtSubject", "text": {}},
    {"name": "CtUnit", "text": {}, "indexed": True},
    {"name": "CtOwner", "text": {}},
    {"name": "CtReview", "dateTime": {"format": "dateOnly"}, "indexed": True},
    {"name": "CtWork", "text": {"allowMultipleLines": True}},
)
_WANTED = ",".join(["Title", *(str(column["name"]) for column in _COLUMNS)])
_LONGEST = 255  # of a single line of text in a list


class Work(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a run has to know of the last one."""

    print: str = ""  # of the page as we left it
    sent: str = ""  # of what was sent for that, with the site's addresses
    next: str = ""  # of what is about to be written
    files: tuple[str, ...] = ()  # in Site Assets, that the page shows
    stale: tuple[str, ...] = ()  # that may be there and may not be shown


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row. `key` is the list's, "" for one that is not there yet."""

    key: str = ""
    article: str
    page: str = ""  # the page's id; "" while it is being made for the first time
    state: str = ""  # published | withdrawn | draft | pending
    digest: str = ""
    work: Work = Work()


class Rows:
    """The list of one site. It is made with the first row."""

    def __init__(self, graph: Graph, language: str) -> None:
        self._graph = graph
        self._language = language
        self._list = ""
        self._library: tuple[str, str] | None = None

    def find(self, article: str) -> Row:
        """The article's row; one without a key when there is none."""
        if self._known():
            asked = f"fields/CtArticle eq '{article}'"
            for item in self._graph.rows(self._list, _WANTED, asked):
                return _row(item)
        return Row(article=article)

    def all(self) -> Iterator[Row]:
        """Every row; nothing without a list."""
        if self._known():
            for item in self._graph.rows(self._list, _WANTED):
                if item.fields.get("CtArticle"):
                    yield _row(item)

    def save(self, row: Row, page: ArticlePage | None = None) -> Row:
        """Write what the run needs to know, and with a `page` what it is about."""
        fields: dict[str, object] = {
            "CtPage": row.page,
            "CtState": row.state,
            "CtDigest": row.digest,
            "CtWork": msgspec.json.encode(row.work).decode(),
        }
        if page is not None:
            fields |= _about(page)
        if row.key:
            self._graph.change_row(self._list, row.key, fields)
            return row
        self._ensure()
        fields["CtArticle"] = row.article
        made = self._graph.add_row(self._list, fields)
        return msgspec.structs.replace(row, key=made.id)

    def library(self) -> tuple[str, str]:
        """The id of Site Assets and its path on the server. Its title differs by language."""
        if self._library is None:
            for each in self._graph.lists():
                path = urlsplit(each.web_url).path
                if path.lower().endswith("/siteassets"):
                    self._library = (each.id, path)
                    break
            else:
                text = (
                    f"{self._graph.name}: the site has no library Site Assets; open the site's "
                    "contents once as an owner, which makes it"
                )
                raise Rejected(text, system=self._graph.name, field="files")
        return self._library

    def _known(self) -> bool:
        if not self._list:
            # By its address: people may give the list another title.
            end = f"/lists/{LIST}".lower()
            found = (each for each in self._graph.lists() if each.web_url.lower().endswith(end))
            self._list = next((each.id for each in found), "")
        return bool(self._list)

    def _ensure(self) -> None:
        if not self._known():
            labels = words(self._language)
            columns = [
                {**column, "displayName": labels[str(column["name"])]} for column in _COLUMNS
            ]
            values = {"displayName": LIST, "list": {"template": "genericList"}, "columns": columns}
            self._list = self._graph.add_list(values).id


def _row(item: Item) -> Row:
    def text(name: str) -> str:
        return str(item.fields.get(name) or "")

    try:
        work = read_json(text("CtWork") or "{}", Work)
    except msgspec.DecodeError:  # somebody wrote into it: the page counts as changed by a person
        work = Work()
    return Row(
        key=item.id,
        article=text("CtArticle"),
        page=text("CtPage"),
        state=text("CtState"),
        digest=text("CtDigest"),
        work=work,
    )


def _about(page: ArticlePage) -> dict[str, object]:
    review = f"{page.review_by}T12:00:00Z" if page.review_by else None  # noon: a day in any zone
    texts = {
        "Title": page.title,
        "CtAudience": page.audience,
        "CtSubject": f"{page.subject} {page.subject_title}".strip(),
        "CtUnit": page.unit,
        "CtOwner": page.owner,
    }
    return {**{name: text[:_LONGEST] for name, text in texts.items()}, "CtReview": review}
