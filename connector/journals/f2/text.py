"""An entry as an akt (matter) and its documents: title, HTML text, dates, and what proves it.

The title ends in the key. The text ends in a line with the entry's mark and the names and sizes of
the documents that belong to it, so that F2 alone can tell whether an entry is whole.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import nh3
import urllib3

from connector.journaling.draft import Draft, DraftFile, clean, read_mark, shorten
from connector.journaling.words import Words
from connector.model import Direction
from connector.ports import OpenFile

_TAGS = {
    "h1", "h2", "p", "br", "strong", "em", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th",
    "td", "del", "ins", "code", "q", "a",
}  # fmt: skip
_NOT_IN_F2 = {"script", "style", "title", "audio", "noscript"}
_BODY = re.compile(r"<body>(.*)</body>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_SPACES = re.compile(r"\s+")
_FILES = re.compile(r"files:(\S+)")
# F2 answers in XML, which cannot hold these.
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A document to be uploaded. `file` is None for the transcript, whose bytes are `page`."""

    name: str
    description: str
    content_type: str
    page: bytes = b""
    file: DraftFile | None = None

    def content(self, open_file: OpenFile) -> bytes:
        """Its bytes."""
        if self.file is None:
            return self.page
        with self.file.open(open_file) as source:
            return source.read()


class Part(msgspec.Struct, frozen=True):
    """A document that an akt says it has. `size_bytes` is None for the transcript: the time it was
    written at stands in it, so a later attempt may differ in length."""

    name: str
    size_bytes: int | None

    @property
    def title(self) -> str:
        """What F2 shows, without the extension, which decides the file type."""
        return self.name.rpartition(".")[0]

    @property
    def file_type(self) -> str:
        """ "wav", as F2 tells it."""
        return self.name.rpartition(".")[2].lower()


def title(draft: Draft, limit: int) -> str:
    """ "Telefonsamtale, indgående [CT-ABC]", within the limit; the key is never cut."""
    end = f" [{draft.key}]"
    text = clean(_NOT_IN_XML.sub("\ufffd", draft.title))
    return shorten(text, limit - len(end)) + end


def documents(draft: Draft, words: Words) -> tuple[Document, ...]:
    """All that may be uploaded, in order: the entry's files, then the transcript."""
    limit = words.number("limits", "description")
    files = [
        Document(
            name=file.name,
            description=shorten(f"{_plain_line(file.original)} sha256:{file.sha256}", limit),
            content_type=file.content_type,
            file=file,
        )
        for file in draft.files
    ]
    page = Document(
        name=draft.page_name,
        description=shorten(draft.mark, limit),
        content_type="text/html; charset=utf-8",
        page=draft.page,
    )
    return (*files, page)


def text(draft: Draft, words: Words, follows: str) -> str:
    """The akt's HTML. `follows` is the number of the akt of the earlier version, "" without one."""
    found = _BODY.search(draft.page.decode())
    body = nh3.clean(
        found[1] if found else "",
        tags=_TAGS,
        clean_content_tags=_NOT_IN_F2,
        attributes={"a": {"href"}},
        url_relative="deny",
    )
    parts = [Part(file.name, file.size_bytes) for file in draft.files]
    head = words.text("matter", "follows").format(number=follows) if follows else ""
    first = f"<p>{html.escape(head)}</p>\n" if head else ""
    if len(first) + len(body) + len(_last(draft, parts)) > words.number("limits", "text"):
        short = shorten(draft.text, words.number("limits", "text") // 8)
        lines = [*short.splitlines(), "", words.text("matter", "in_document")]
        body = "<p>" + "<br>".join(html.escape(line) for line in lines) + "</p>"
        parts.append(Part(draft.page_name, None))
    return _NOT_IN_XML.sub("\ufffd", f"{first}{body}{_last(draft, parts)}")


def _last(draft: Draft, parts: Sequence[Part]) -> str:
    """The line that proves the entry and tells its documents."""
    return f"\n<p><code>{draft.mark}{_shown(parts)}</code></p>"


def _shown(parts: Sequence[Part]) -> str:
    listed = ",".join(f"{part.name}={part.size_bytes or ''}" for part in parts)
    return f" files:{listed}" if listed else ""


def read_text(markup: str) -> tuple[str, str, tuple[Part, ...]] | None:
    """(key, hash, documents) from the end of an akt's text; None when it holds no mark.

    Only its words are looked at: F2's editor may write the mark-up anew.
    """
    plain = _SPACES.sub(" ", html.unescape(_TAG.sub(" ", markup)))
    mark = read_mark(plain)
    if mark is None:
        return None
    found = _FILES.search(plain, plain.rindex(mark[1]))
    return (*mark, tuple(_parts(found[1])) if found else ())


def _parts(listed: str) -> list[Part]:
    pairs = (each.partition("=") for each in listed.split(","))
    return [Part(name, int(size) if size.isdecimal() else None) for name, _, size in pairs]


def matter(
    draft: Draft, words: Words, zone: ZoneInfo, *, follows: str, responsible: str
) -> dict[str, object]:
    """The parameters of an akt. `responsible` is a party number, "" for F2's choice."""
    entry = draft.entry
    kind = words.text("types", entry.direction)
    # F2 keeps dates without a zone in its server's local time, and recommends midnight.
    day = f"{entry.started_at.astimezone(zone).date().isoformat()}T00:00:00"
    made: dict[str, object] = {
        "Title": title(draft, words.number("limits", "title")),
        "Type": kind,
        "Text": text(draft, words, follows),
        "DeliveryType": "None",
        "Archived": words.flag("matter", "archived"),
        "LetterDate": day,
    }
    if entry.direction is Direction.INBOUND and kind != "Outbound":
        made["ReceivedDate"] = day
    if entry.direction is Direction.OUTBOUND:
        made["SentDate"] = day
    more = {
        "Status": words.text("matter", "status"),
        "AccessLevel": words.text("matter", "access_level"),
        "KeywordCodes": list(words.list("matter", "keyword_codes")),
        "ExternalAccessCode": words.text("matter", "external_access"),
        "Responsible": {"PartyNo": int(responsible)} if responsible.isdecimal() else None,
    }
    return {**made, **{name: value for name, value in more.items() if value}}


def form(document: Document, part: Part, content: bytes) -> tuple[bytes, str]:
    """The multipart form of an upload and its content type."""
    file = urllib3.fields.RequestField("File", content, filename=part.name)
    file.make_multipart(content_type=document.content_type)
    fields = [_field("Title", part.title), _field("Description", document.description), file]
    return urllib3.encode_multipart_formdata(fields)


def _field(name: str, value: str) -> urllib3.fields.RequestField:
    field = urllib3.fields.RequestField(name, value.encode())
    field.make_multipart(content_type="text/plain; charset=utf-8")
    return field


def _plain_line(value: str) -> str:
    return clean(_NOT_IN_XML.sub("\ufffd", value))


def utc(written: str, zone: ZoneInfo) -> datetime:
    """A time of F2's, which is local to its server and names no zone. Raises ValueError."""
    moment = datetime.fromisoformat(written)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
