"""The tables of the article line: what stands on each site, every version, what people did there.

Times are milliseconds since 1970-01-01 UTC, as in tables.py.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from connector.ledger.tables import RowId, metadata

# What stands on a site, as we left it. A row is there from before the first request: `intent` says
# what was begun and is not known to be done, so a run that was cut short is taken up.
article_page = Table(
    "article_page",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("article", Text, primary_key=True),
    Column("ref", Text, nullable=False, server_default=""),  # how the site names the page
    Column("url", Text, nullable=False, server_default=""),
    Column("title", Text, nullable=False, server_default=""),
    Column("version", Text, nullable=False, server_default=""),  # the site's own
    Column("digest", String(64), nullable=False, server_default=""),  # of the ArticlePage there
    Column("fingerprint", Text, nullable=False, server_default=""),  # of what it shows
    Column("html", Text, nullable=False, server_default=""),  # what it showed then
    Column("state", String(12), nullable=False, server_default=""),  # published | withdrawn | ""
    Column("links", Text, nullable=False, server_default="{}"),  # JSON: article -> address, "" none
    Column("intent", String(12), nullable=False, server_default=""),  # put | withdraw | ""
    Column("intent_version", BigInteger),  # article_version.id of what is being put
    # An earlier version that stands until the source is no longer what it was then.
    Column("pinned", Integer),  # article_version.number
    Column("pinned_source", String(64), nullable=False, server_default=""),
    Column("published_at", BigInteger),  # the last time that we put it
    Column("checked_at", BigInteger),  # the last time that it was seen
)

# Every page that was put, whole: what a rollback puts back, and what a page is compared with.
article_version = Table(
    "article_version",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("article", Text, nullable=False),
    Column("site", String(64), nullable=False),
    Column("number", Integer, nullable=False),  # 1, 2, 3 ... for each article and site
    Column("at", BigInteger, nullable=False),  # when the request began
    Column("done_at", BigInteger),  # when the site had it; none: nobody knows yet
    Column("actor", Text, nullable=False),
    Column("why", Text, nullable=False, server_default=""),
    Column("content", Text, nullable=False),  # an ArticlePage as JSON
    Column("digest", String(64), nullable=False),
)
Index(
    "uq_article_version_number",
    article_version.c.site,
    article_version.c.article,
    article_version.c.number,
    unique=True,
)

# What a person changed on a live page: kept whole, whatever is decided.
article_edit = Table(
    "article_edit",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("site", String(64), nullable=False),
    Column("article", Text, nullable=False),
    Column("version", Text, nullable=False),
    # Of the page as it was found; one edit of a page is one row, however often it is seen.
    Column("fingerprint", Text, nullable=False),
    Column("kind", String(12), nullable=False),  # text | deleted | withdrawn | shown
    Column("title", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("changed_at", BigInteger),
    Column("found_at", BigInteger, nullable=False),
    # "" open | taken | dismissed | gone: the page is as we left it again
    Column("decision", String(12), nullable=False, server_default=""),
    Column("reason", Text, nullable=False, server_default=""),
    Column("actor", Text, nullable=False, server_default=""),
    Column("decided_at", BigInteger),
    Column("applied_at", BigInteger),  # when our text stood again; the decision is used up
)
Index("ix_article_edit_page", article_edit.c.site, article_edit.c.article)

# What readers did, by day: never who.
article_signal = Table(
    "article_signal",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("kind", String(12), nullable=False),  # view | vote | search
    Column("day", String(10), nullable=False),  # YYYY-MM-DD
    Column("count", Integer, nullable=False),
    Column("article", Text, nullable=False),
    Column("audience", String(12), nullable=False),
    Column("value", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", BigInteger),  # of a vote with a reason
)
Index("ix_article_signal_day", article_signal.c.day, article_signal.c.kind)
Index("ix_article_signal_article", article_signal.c.article, article_signal.c.day)

article_signal_cursor = Table(
    "article_signal_cursor",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("cursor", Text, nullable=False),
)

# An editor's note on a vote.
article_answer = Table(
    "article_answer",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("site", String(64), nullable=False),
    Column("key", Text, nullable=False),  # of the signal
    Column("actor", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
    Column("is_done", Boolean, nullable=False),  # nothing more is to be done about the vote
)
Index("ix_article_answer_signal", article_answer.c.site, article_answer.c.key)

# Which reminder went to whom, for each review date.
article_reminder = Table(
    "article_reminder",
    metadata,
    Column("article", Text, primary_key=True),
    Column("step", String(12), primary_key=True),
    Column("review_by", String(10), primary_key=True),  # YYYY-MM-DD
    Column("sent_at", BigInteger, nullable=False),
    Column("to_whom", Text, nullable=False),
)

# The links out of our articles, as they were when they were tried last.
outside_link = Table(
    "outside_link",
    metadata,
    Column("url", Text, primary_key=True),
    Column("checked_at", BigInteger),
    Column("status", Text, nullable=False, server_default=""),
    Column("detail", Text, nullable=False, server_default="{}"),  # JSON: code, moved_to, reason
    Column("failed_since", BigInteger),
    Column("nights", Integer, nullable=False, server_default="0"),  # that it failed in a row
    Column("articles", Text, nullable=False),  # JSON: their ids
)
