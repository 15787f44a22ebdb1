"""The values of the article line: what is written, what a page shows, and what stands live.

An article is written once, as Markdown (connector/articles/). From it a page is made for each
target: the same article may show staff sections on the intranet and none on the citizens' site.
Publishers (connector/sites/) know pages, never articles.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime

import msgspec

CITIZEN, STAFF, UNIT = "citizen", "staff", "unit"
AUDIENCES = (CITIZEN, STAFF, UNIT)
"""Who a section is for: everybody; those who work here; those of one unit."""

NATIONAL, LOCAL, BOTH = "national", "local", "both"
"""Whose text an article is: the national editor's, ours, or theirs with ours laid over it."""


class Section(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One section of an article, from its heading (level 2) to the next. The first has no heading.

    `key` names it across languages of its heading and versions of its text: it is what a local
    section replaces, hides or stands after.
    """

    key: str  # "" for what stands before the first heading
    heading: str = ""
    text: str = ""  # Markdown, without the heading
    audience: str = CITIZEN
    unit: str = ""  # for UNIT: the unit's name as in the directory
    source: str = LOCAL  # NATIONAL or LOCAL
    line: int = 0  # of the heading, in its file


class ArticleFile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An image or a document that stands beside an article."""

    name: str  # as the text names it, relative to the article: "billeder/pas.png"
    path: str  # where its bytes are
    media_type: str
    size: int  # bytes
    sha256: str  # hex


class Article(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One article as its editors wrote it, the local text laid over the national one."""

    id: str  # lower-case letters, digits, hyphens; never changes
    title: str
    summary: str
    language: str  # "da", "en"
    sections: tuple[Section, ...]
    audience: str = CITIZEN  # STAFF: nobody outside sees any of it
    subject: str = ""  # KLE: "23.05.00", or a group "23.05"
    keywords: tuple[str, ...] = ()
    unit: str = ""  # the unit that owns it
    owner: str = ""  # UPN of the person who answers for it
    review_by: date | None = None
    valid_from: datetime | None = None  # aware
    valid_to: datetime | None = None  # aware
    translation_of: str = ""  # id of the article in the first language
    files: tuple[ArticleFile, ...] = ()
    source: str = LOCAL  # NATIONAL, LOCAL or BOTH
    paths: tuple[str, ...] = ()  # the files it was read from, for messages


class PagePart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One section as a page shows it. `html` is sanitised and begins with its heading.

    Links to other articles are `href="article:ID"` (with "#KEY" for a section), files of the page
    `src="file:NAME"` and `href="file:NAME"`: the publisher puts in the addresses of its site.
    """

    key: str
    heading: str
    html: str
    audience: str = CITIZEN
    unit: str = ""


class ArticlePage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one target shows of one article: only sections that its audience may see."""

    id: str  # the article's
    title: str
    summary: str
    language: str
    parts: tuple[PagePart, ...]
    audience: str = CITIZEN
    subject: str = ""
    subject_title: str = ""
    keywords: tuple[str, ...] = ()
    unit: str = ""
    owner: str = ""  # UPN
    owner_name: str = ""
    review_by: date | None = None
    is_overdue: bool = False
    effective: datetime | None = None  # aware; not to be seen before
    expires: datetime | None = None  # aware; not to be seen from then on
    translation_of: str = ""
    files: tuple[ArticleFile, ...] = ()
    source: str = LOCAL
    links: tuple[str, ...] = ()  # ids of the articles that it links to
    digest: str = ""  # hex SHA-256 of all the above; connector.article.digest_of


class LivePage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A page of ours as the site has it now."""

    id: str  # the article's, as the site keeps it
    ref: str  # how the site names the page: a UID, an item id, a path
    url: str  # where people read it
    version: str = ""  # changes with every change of the page, whoever made it; "" if unknown
    digest: str = ""  # of the ArticlePage that was put there last, as the site keeps it
    fingerprint: str = ""  # hex SHA-256 of what the page shows; "" in listings that do not read it
    state: str = "published"  # published | withdrawn | draft
    title: str = ""
    html: str = ""  # what it shows, for people to compare; "" in listings
    changed_by: str = ""  # who changed it last, as the site says
    changed_at: datetime | None = None
    locked_by: str = ""
    # Of a page that was read: its text is as a run of ours left it, by what the site keeps of that
    # run. None: the site keeps nothing that tells.
    is_as_left: bool | None = None


class Signal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What readers did on one day with one page, or searched for: counts, never who.

    `kind` is view | vote | search. A vote has `value` up or down, and perhaps a reason in the
    voter's words; a search has the words in `value` and how often nothing was found in `count`.
    """

    key: str  # unique within the target; the same key again replaces the count
    kind: str
    day: date
    count: int = 1
    article: str = ""  # id
    audience: str = CITIZEN  # CITIZEN or STAFF: whose
    value: str = ""
    reason: str = ""
    at: datetime | None = None  # of a vote with a reason


class SiteAccess(msgspec.Struct, frozen=True, kw_only=True):
    """How a publisher reaches its site: what stands in [sites.NAME], secrets read."""

    name: str  # the site's name in the configuration
    url: str = ""  # of the site; "" for a folder
    place: str = ""  # the folder of the pages: a path within the site, or on this machine (html)
    audience: str = STAFF  # CITIZEN or STAFF: whom the site is for
    language: str = "da"
    time_zone: str = "Europe/Copenhagen"
    user: str = ""
    secret: str = ""
    tenant: str = ""
    client_id: str = ""
    certificate: str = ""  # PEM, with its private key
    thumbprint: str = ""
    ca_bundle: str = ""
    authority: str = ""  # where tokens are asked for; "" is Microsoft's own
    timeout_s: float = 60


def digest_of(page: ArticlePage) -> str:
    """The hex SHA-256 of everything a page says; what a second run compares.

    Where a file lies does not count: another checkout of the same articles changes nothing.
    """
    files = tuple(msgspec.structs.replace(one, path="") for one in page.files)
    plain = msgspec.structs.replace(page, files=files, digest="")
    return hashlib.sha256(msgspec.json.encode(plain, order="sorted")).hexdigest()
