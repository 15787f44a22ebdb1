"""A journal entry as RT holds it: the comment that is written, and the proof that is read back."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import UTC

import msgspec

from connector.errors import Rejected
from connector.journaling.draft import Draft, read_mark, shorten
from connector.journals.request_tracker import wire
from connector.journals.request_tracker.service import Service
from connector.model import Receipt
from connector.ports import OpenFile

_TAIL = re.compile(r" files:(\d+) bytes:(\d+)")
# What a text in PostgreSQL or a web page may not hold.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# RT writes texts anew as UTF-8 and takes messages apart: their bytes would not be the same.
_TOUCHED = ("text/", "message/", "multipart/")


class Proof(msgspec.Struct, frozen=True):
    """What the proof line of a comment says: key, hash of the entry, its files and their bytes."""

    key: str
    sha256: str
    files: int
    size_bytes: int


class Kept(msgspec.Struct, frozen=True):
    """An entry as it was found in RT. `is_whole`: with all its files."""

    receipt: Receipt
    transaction: int
    is_whole: bool


def read_proof(text: str) -> Proof | None:
    """The proof at the end of a text, None when there is none."""
    marked = read_mark(text)
    tail = _TAIL.findall(text)
    if marked is None or not tail:
        return None
    return Proof(marked[0], marked[1], int(tail[-1][0]), int(tail[-1][1]))


def comment(
    draft: Draft, open_file: OpenFile, service: Service, title_limit: int, follows: str
) -> Mapping[str, object]:
    """The body of the request: text, transcript, files, key and proof. `follows` is an address.

    Empty files are left out, because RT refuses them; the transcript names them.
    """
    parts = [(draft.page_name, "text/html", draft.page)]
    for file in draft.files:
        if file.size_bytes:
            with file.open(open_file) as source:
                parts.append((file.name, sent_type(file.content_type), source.read()))
    size_bytes = sum(len(content) for _name, _type, content in parts)
    proof = f"{draft.mark} files:{len(parts)} bytes:{size_bytes}"
    text = "\n".join(line for line in (draft.text, follows, proof) if line)
    return {
        "Subject": shorten(draft.title, title_limit),
        "Content": _CONTROL.sub("\ufffd", text),
        "ContentType": "text/plain",
        "Attachments": [
            {
                "FileName": name,
                "FileType": kind,
                "FileContent": base64.b64encode(content).decode(),
            }
            for name, kind, content in parts
        ],
        "TxnCustomFields": {service.key_field: draft.key, service.proof_field: proof},
    }


def sent_type(content_type: str) -> str:
    """The type a file is sent as, so that RT keeps its bytes."""
    kind = content_type.partition(";")[0].strip().lower()
    is_plain = re.fullmatch(r"[a-z0-9]+/[a-z0-9.+-]+", kind) is not None
    return kind if is_plain and not kind.startswith(_TOUCHED) else "application/octet-stream"


def read_entry(service: Service, found: wire.Transaction, key: str) -> Kept | None:
    """The entry in a comment; None when the comment is of another key."""
    attachments = service.attachments(found.number)
    proof = read_proof(found.first(service.proof_field))
    if proof is None or proof.key != key:
        proof = _proof_in_text(service, attachments)
    if proof is None or proof.key != key:
        return None
    files = [each for each in attachments if each.filename]
    receipt = Receipt(
        key=key,
        target=str(found.number),
        at=found.created.astimezone(UTC),
        url=service.ticket_url(int(found.object_id), found.number),
        sha256=proof.sha256,
    )
    size_bytes = sum(each.size_bytes for each in files)
    is_whole = (len(files), size_bytes) == (proof.files, proof.size_bytes)
    return Kept(receipt, found.number, is_whole)


def find_entry(service: Service, found: list[wire.Transaction], key: str) -> Kept | None:
    """The oldest whole entry of this key among the comments, else the oldest that is not whole."""
    kept = []
    for each in found:
        entry = read_entry(service, each, key) if _may_be(service, each, key) else None
        if entry is not None and entry.is_whole:
            return entry
        if entry is not None:
            kept.append(entry)
    return kept[0] if kept else None


def not_whole(service: Service, kept: Kept) -> Rejected:
    """The error for an entry whose files RT cut or dropped."""
    text = (
        f"{service.name}: RT took comment {kept.transaction} without all of its files; set "
        "TruncateLongAttachments and DropLongAttachments to 0 or raise MaxAttachmentSize, remove "
        "that comment (rt-shredder) and deliver the entry again"
    )
    return Rejected(text, system=service.name, field="files")


def _may_be(service: Service, found: wire.Transaction, key: str) -> bool:
    """Whether the key field says so, or nothing."""
    return found.first(service.key_field) in (key, "")


def _proof_in_text(service: Service, attachments: list[wire.Attachment]) -> Proof | None:
    """The proof in the comment's own text, for a comment whose fields were not filled."""
    for each in attachments:
        if not each.filename and (each.content_type or "").startswith("text/plain"):
            return read_proof(service.content(each.id).decode(errors="replace"))
    return None
