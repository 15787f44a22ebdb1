"""The ledger's tables. Times are milliseconds since 1970-01-01 UTC; JSON is text.

Integers and not the databases' own date types: a million messages pass through `item`, the two
databases agree on nothing finer, and an epoch has no time zone to get wrong.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only when the key is exactly INTEGER.
RowId = BigInteger().with_variant(Integer, "sqlite")


def ms(at: datetime) -> int:
    """Milliseconds since the epoch; `at` must be aware. Rounded down, so order is kept."""
    delta = at - EPOCH
    return delta.days * 86_400_000 + delta.seconds * 1000 + delta.microseconds // 1000


def at(milliseconds: int) -> datetime:
    """The aware UTC time of a column."""
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)


meta = Table(
    "meta",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

PRUNED_TO = "pruned_to"  # in meta: every older item was looked at for erasing

# What an item stands in: a chat, a channel thread, a mailbox, a list of calls. A small integer in
# place of the 80-character chat id saves a sixth of each insert.
thread = Table(
    "thread",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("source", String(64), nullable=False),
    Column("key", Text, nullable=False),
    UniqueConstraint("source", "key"),
)

# The cases a thread was linked to by anything but the thread itself, by how many messages, and
# when the first of them was sent.
thread_case = Table(
    "thread_case",
    metadata,
    Column("thread_id", BigInteger, primary_key=True),
    Column("case_number", Text, primary_key=True),
    Column("links", Integer, nullable=False),
    Column("first_at", BigInteger, nullable=False),
)

item = Table(
    "item",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=False),  # in order of arrival
    # The first version that arrived of the same (thread, key): what links and entries point to.
    Column("root_id", BigInteger, nullable=False),
    Column("thread_id", BigInteger, nullable=False),
    Column("key", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("sent_at", BigInteger, nullable=False),
    Column("modified_at", BigInteger, nullable=False),
    Column("taken_at", BigInteger, nullable=False),
    Column("is_current", Boolean, nullable=False),
    Column("is_deleted", Boolean, nullable=False),
    Column("sender", Text, nullable=False),
    Column("sender_name", Text, nullable=False),
    Column("subject", Text),
    Column("text", Text),
    Column("raw", LargeBinary),  # exactly as received; None once erased
    Column("sha256", LargeBinary, nullable=False),  # of raw; stays
    Column("detail", Text),  # the rest of model.Item as JSON; None when there is nothing
    # Root of the joined call, for a sighting or a voicemail; of what it is about, for a note.
    Column("call_id", BigInteger),
    # Decided about the root row; the other versions follow it.
    Column("state", String(12), nullable=False),
    Column("case_number", Text),
    UniqueConstraint("thread_id", "key", "version"),
)
Index("ix_item_thread_sent", item.c.thread_id, item.c.sent_at)

# Every case number found in an item, known to the register or not: when the case appears, this
# says which items to look at again.
mention = Table(
    "mention",
    metadata,
    Column("number", Text, primary_key=True),
    Column("item_id", BigInteger, primary_key=True),
)

Index("ix_mention_item", mention.c.item_id)

# A telephone number or mail address of an outside party, for the same purpose. A whole telephone
# number stands here a second time as Microsoft's logs would show it ("+4536421***").
phone = Table(
    "phone",
    metadata,
    Column("number", Text, primary_key=True),
    Column("item_id", BigInteger, primary_key=True),
)

Index("ix_phone_item", phone.c.item_id)

# Who of us took part, by directory id, so that everybody finds their own: in a chat or channel all
# who wrote or were mentioned, in a call or voicemail its parties. See access.py.
thread_person = Table(
    "thread_person",
    metadata,
    Column("person", Text, primary_key=True),
    Column("thread_id", BigInteger, primary_key=True),
)
Index("ix_thread_person_thread", thread_person.c.thread_id)

item_person = Table(
    "item_person",
    metadata,
    Column("person", Text, primary_key=True),
    Column("item_id", BigInteger, primary_key=True),  # a root
)
Index("ix_item_person_item", item_person.c.item_id)

# What the evidence of a waiting item points to; empty for all that does not wait.
suggestion = Table(
    "suggestion",
    metadata,
    Column("item_id", BigInteger, primary_key=True),  # a root
    Column("case_number", Text, primary_key=True),
)
Index("ix_suggestion_case", suggestion.c.case_number)

# Keys that prove that two sightings are one call.
call_key = Table(
    "call_key",
    metadata,
    Column("key", Text, primary_key=True),
    Column("call_id", BigInteger, nullable=False),
)

# Which chat a call or meeting was held in: what is said of a case in one counts for the other.
chat_call = Table(
    "chat_call",
    metadata,
    Column("thread_id", BigInteger, primary_key=True),
    Column("call_id", BigInteger, primary_key=True),  # root of the joined call
)

attachment = Table(
    "attachment",
    metadata,
    Column("item_id", BigInteger, primary_key=True),  # the version that names it
    Column("position", Integer, primary_key=True),
    Column("source", String(64), nullable=False),
    Column("name", Text, nullable=False),
    Column("ref", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("url", Text, nullable=False),
    Column("size_bytes", BigInteger),
    Column("sha256", String(64)),
    Column("state", String(12), nullable=False),  # waiting | kept | missing | linked | erased
    Column("note", Text, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
)
Index("ix_attachment_sha256", attachment.c.sha256)

person = Table(
    "person",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("directory_id", Text, nullable=False),
    Column("valid_from", BigInteger, nullable=False),
    Column("valid_to", BigInteger),
    Column("detail", Text, nullable=False),  # model.Person
)

presence = Table(
    "presence",
    metadata,
    Column("person", Text, primary_key=True),
    Column("observed_at", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),  # model.Presence
)

register_case = Table(
    "register_case",
    metadata,
    Column("number", Text, primary_key=True),  # as the register writes it
    Column("match", Text, nullable=False),  # as the linker compares it
    Column("is_open", Boolean, nullable=False),
    Column("caseworker", Text, nullable=False),
    Column("detail", Text, nullable=False),  # model.Case
    Column("department", Text, nullable=False, server_default=""),
    Column("access", Text, nullable=False, server_default=""),
)
Index("ix_register_case_match", register_case.c.match)
Index("ix_register_case_department", register_case.c.department)

# People and groups that the register names as allowed to see a case: lower-case names.
case_reader = Table(
    "case_reader",
    metadata,
    Column("case_number", Text, primary_key=True),
    Column("name", Text, primary_key=True),
)

# By what a case can be found beside its number: its parties' telephones, addresses and names, its
# number without the facet, the case it continues. See connector/linking/keys.py.
case_key = Table(
    "case_key",
    metadata,
    Column("key", Text, primary_key=True),
    Column("case_number", Text, primary_key=True),
)
Index("ix_case_key_case", case_key.c.case_number)

# The words of a case's title and its parties' names, and its number without signs; see
# connector/ledger/case_words.py. In PostgreSQL compared letter by letter: it is asked for what
# begins a word.
case_word = Table(
    "case_word",
    metadata,
    Column("word", Text().with_variant(Text(collation="C"), "postgresql"), primary_key=True),
    Column("case_number", Text, primary_key=True),
    sqlite_with_rowid=False,
)
Index("ix_case_word_case", case_word.c.case_number, case_word.c.word)

# Numbers that a register which cannot list its cases was asked for, known to it or not.
asked_number = Table(
    "asked_number",
    metadata,
    Column("number", Text, primary_key=True),  # as in `mention`
    Column("asked_at", BigInteger, nullable=False),
)

# Chats that one of their members keeps private: nothing of them is journaled. How it came about is
# in `event`.
private_thread = Table(
    "private_thread",
    metadata,
    Column("thread_id", BigInteger, primary_key=True),
    Column("actor", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
)

# Two directory entries that are one person, as somebody said and may take back.
person_merge = Table(
    "person_merge",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("directory_id", Text, nullable=False),
    Column("same_as", Text, nullable=False),  # the directory id that the person goes by
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("ended_by", Text, nullable=False, server_default=""),
    Column("ended_reason", Text, nullable=False, server_default=""),
)
Index("ix_person_merge_directory", person_merge.c.directory_id)

link = Table(
    "link",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("item_id", BigInteger, nullable=False),  # a root
    Column("state", String(12), nullable=False),
    Column("case_number", Text),
    Column("rule", String(32), nullable=False),
    Column("confidence", Integer, nullable=False),  # per cent
    Column("reason", Text, nullable=False),
    Column("evidence", Text, nullable=False),  # JSON list of model.Evidence
    Column("actor", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("superseded_at", BigInteger),
)
Index("ix_link_item", link.c.item_id)

entry = Table(
    "entry",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("case_number", Text, nullable=False),
    Column("thread_id", BigInteger),  # of a conversation
    Column("item_id", BigInteger),  # root of a call or voicemail
    Column("day", String(10), nullable=False),  # local date
    Column("started_at", BigInteger, nullable=False),
    Column("due_at", BigInteger),  # when to write the next version; None: nothing changed
    Column("version", Integer, nullable=False, server_default="0"),
    Column(
        "sha256", String(64), nullable=False, server_default=""
    ),  # of the newest version's matter
    Column("is_void", Boolean, nullable=False, server_default=text("false")),
    Column("reason", Text, nullable=False, server_default=""),  # why it changed, by a person
)
Index("ix_entry_case", entry.c.case_number)

entry_version = Table(
    "entry_version",
    metadata,
    Column("entry_id", String(40), ForeignKey("entry.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("made_at", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("content", Text, nullable=False),  # model.entry_json
)

delivery = Table(
    "delivery",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("entry_id", String(40), nullable=False),
    Column("version", Integer, nullable=False),
    Column("sink", String(64), nullable=False),
    Column("case_number", Text, nullable=False),
    # waiting | sending | done | unsure | failed | held
    Column("state", String(12), nullable=False),
    Column("run_id", BigInteger),  # who claimed it
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("not_before", BigInteger, nullable=False, server_default="0"),
    Column("changed_at", BigInteger, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("receipt", Text),  # model.Receipt
    Column("made_at", BigInteger, nullable=False, server_default="0"),  # the order of sending
    Column("steps", Text, nullable=False, server_default=""),  # ports.Steps
    UniqueConstraint("entry_id", "version", "sink"),
)
# One for the next to send, one for what is put off: 100,000 may be owed at once.
Index(
    "ix_delivery_order",
    delivery.c.sink,
    delivery.c.state,
    delivery.c.made_at,
    delivery.c.entry_id,
    delivery.c.version,
)
Index("ix_delivery_put_off", delivery.c.sink, delivery.c.state, delivery.c.not_before)

event = Table(
    "event",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", String(32), nullable=False),
    Column("subject", Text, nullable=False),  # "item 17", "delivery CT-...", "case 27.45..."
    Column("detail", Text, nullable=False),  # JSON, never content
)
Index("ix_event_subject", event.c.subject)

# Under what a look is found: the case that it was at, or that what was seen was on at that moment
# ("case 27.45..."); "item 17" for what was on none.
look = Table(
    "look",
    metadata,
    Column("what", Text, primary_key=True),
    Column("at", BigInteger, primary_key=True),  # as the event's
    Column("event_id", BigInteger, primary_key=True),
)

run = Table(
    "run",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("job", String(80), nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("process_started", Text, nullable=False),  # tells a recycled pid from the old process
    Column("started_at", BigInteger, nullable=False),
    Column("heartbeat_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("outcome", String(16), nullable=False, server_default=""),
    Column("counts", Text, nullable=False, server_default="{}"),
    Column("reason", Text, nullable=False, server_default=""),
)

cursor = Table(
    "cursor",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("part", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("kept_at", BigInteger, nullable=False),
)

problem = Table(
    "problem",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("source", String(64), nullable=False),
    Column("part", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("scope", String(8), nullable=False),
    Column("reason", Text, nullable=False),
    Column("raw", LargeBinary),  # what could not be read, until the quarantine ends
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("times", Integer, nullable=False, server_default="1"),
    UniqueConstraint("source", "part", "key", "scope"),
)

# Who is signed in to the portal. The cookie holds the token, the ledger only its SHA-256.
web_session = Table(
    "web_session",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("detail", Text, nullable=False),  # what the sign-in said of the person
    Column("made_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),  # to the minute
    Column("ends_at", BigInteger, nullable=False),
)

# A records manager's random control of what was journaled; the seed draws the same again.
sample = Table(
    "sample",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("made_at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("period_from", BigInteger, nullable=False),
    Column("period_to", BigInteger, nullable=False),
    Column("seed", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("detail", Text, nullable=False),  # what it was drawn from, JSON
)

sample_item = Table(
    "sample_item",
    metadata,
    Column("sample_id", BigInteger, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("item_id", BigInteger, nullable=False),  # a root
    Column(
        "verdict", Text, nullable=False, server_default=""
    ),  # JSON; empty until it was looked at
    Column("comment", Text, nullable=False, server_default=""),
    Column("actor", Text, nullable=False, server_default=""),
    Column("at", BigInteger),
)

# Indexes over a part of a table, in words that both databases understand. As Index objects they
# would load the whole PostgreSQL dialect at every start: a tenth of a sync without news.
PARTIAL_INDEXES = (
    "CREATE INDEX ix_item_case ON item (case_number, sent_at) WHERE case_number IS NOT NULL",
    "CREATE INDEX ix_item_waiting ON item (sent_at) WHERE state = 'waiting'",
    "CREATE INDEX ix_item_later_version ON item (root_id) WHERE root_id <> id",
    "CREATE INDEX ix_item_call ON item (call_id) WHERE call_id IS NOT NULL",
    # Calls, voicemails and sightings by time; a query must say kind <> 'message' to use it.
    "CREATE INDEX ix_item_no_message ON item (sent_at) WHERE kind <> 'message'",
    "CREATE INDEX ix_attachment_waiting ON attachment (item_id) WHERE state = 'waiting'",
    "CREATE UNIQUE INDEX uq_person_now ON person (directory_id) WHERE valid_to IS NULL",
    "CREATE UNIQUE INDEX uq_link_now ON link (item_id) WHERE superseded_at IS NULL",
    "CREATE INDEX ix_entry_due ON entry (due_at) WHERE due_at IS NOT NULL",
    "CREATE INDEX ix_delivery_open ON delivery (sink, state, not_before) WHERE state <> 'done'",
    "CREATE UNIQUE INDEX uq_run_open ON run (job) WHERE ended_at IS NULL",
)
# The same, since migration 0004.
PORTAL_INDEXES = (
    # One row for each thing that was said, by time; a query must say root_id = id to use it.
    "CREATE INDEX ix_item_root_sent ON item (sent_at, kind, state, thread_id, case_number) "
    "WHERE root_id = id",
    "CREATE INDEX ix_event_look ON event (at) WHERE action = 'looked'",
    # A person's own: what waits in their chats, their cases, what they decided today.
    "CREATE INDEX ix_item_waiting_thread ON item (thread_id, sent_at) WHERE state = 'waiting'",
    "CREATE INDEX ix_register_case_caseworker ON register_case (lower(caseworker))",
    "CREATE INDEX ix_link_person ON link (actor, at) WHERE rule = 'person'",
    # A year of runs is five million: the newest of a job, and those of a day, without the others.
    "CREATE INDEX ix_run_job ON run (job, started_at)",
)
# The same, since migration 0005.
DENIED_INDEXES = ("CREATE INDEX ix_event_denied ON event (at) WHERE action = 'denied'",)

# What only one of the databases has. These two and PARTIAL_INDEXES are part of the first migration.
SQLITE_DDL = (
    "CREATE VIRTUAL TABLE item_search USING fts5(subject, text, content='item', "
    "content_rowid='id', tokenize='unicode61 remove_diacritics 2')",
    "CREATE TRIGGER event_no_update BEFORE UPDATE ON event "
    "BEGIN SELECT RAISE(ABORT, 'event is append-only'); END",
    "CREATE TRIGGER event_no_delete BEFORE DELETE ON event "
    "BEGIN SELECT RAISE(ABORT, 'event is append-only'); END",
)
POSTGRES_DDL = (
    "CREATE SEQUENCE item_number",
    # A tsvector holds at most 1 MB: longer texts are found by their first 200,000 characters.
    "ALTER TABLE item ADD COLUMN words tsvector GENERATED ALWAYS AS (to_tsvector('danish', "
    "left(coalesce(subject, '') || ' ' || coalesce(text, ''), 200000))) STORED",
    "CREATE INDEX ix_item_words ON item USING gin (words)",
    "CREATE FUNCTION event_append_only() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'event is append-only'; END $$",
    "CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON event "
    "FOR EACH STATEMENT EXECUTE FUNCTION event_append_only()",
)
