"""A folder of exported conversations as pages of messages.

Each run looks at the files that came since the last one, and at those of the window before it. A
message that stands in several files, because several people's archives were exported, is one; all
who are named in the copies that are read together took part.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec

from connector.errors import Denied, Gone, Unavailable
from connector.model import Attachment, Direction, Item, Kind, Party, Problem
from connector.sources.lync.eml import Said, read_eml, read_file
from connector.sources.lync.values import Who

LARGEST_BYTES = 50_000_000
SETTLED = timedelta(seconds=30)  # a file that changed just now may still be written
FILES = 400  # read together, so that copies in them meet; a few megabytes as a rule
MOST_KINDS = 5  # of files that cannot be read, named in a message
_SUFFIXES = (".eml", ".mht", ".msg.eml")


class Found(NamedTuple):
    """One file: when it last came or changed here, and its path within the folder."""

    at: datetime
    name: str
    size: int


class Folder:
    """The folder that an export writes into."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def since(self, first: datetime, now: datetime) -> list[Found]:
        """Files that came at `first` or later and are not being written, oldest first.

        The change time counts too: copying a file keeps its own time. Raises Unavailable or Denied.
        """
        found = []
        for folder, _, names in os.walk(self.path, onerror=_told):
            for name in names:
                if not name.lower().endswith(_SUFFIXES):
                    continue
                file = Path(folder) / name
                try:
                    its = file.stat()
                except OSError:
                    continue  # gone between the listing and the look
                at = datetime.fromtimestamp(max(its.st_mtime, its.st_ctime), UTC)
                # A file has the time of its last byte while it is written, also when a copy gives
                # it the time of its original in the end.
                is_whole = its.st_mtime <= (now - SETTLED).timestamp()
                if is_whole and first <= at <= now:
                    found.append(Found(at, file.relative_to(self.path).as_posix(), its.st_size))
        return sorted(found)

    def only_others(self) -> str:
        """The kinds of files when there are files and none of them can be read: ".csv, .txt".

        Raises Unavailable or Denied.
        """
        kinds: set[str] = set()
        for _, _, names in os.walk(self.path, onerror=_told):
            if any(name.lower().endswith(_SUFFIXES) for name in names):
                return ""
            kinds.update(Path(name).suffix.lower() or "without one" for name in names)
        return ", ".join(sorted(kinds)[:MOST_KINDS])

    def read(self, name: str) -> bytes:
        """The bytes of a file.

        Raises Gone when it is not there any more, ValueError when it may not be read, Unavailable
        when the disk or the share does not answer.
        """
        file = (self.path / name).resolve()
        if not file.is_relative_to(self.path.resolve()):
            raise Gone(f"{name[:80]!r} is no file of the export", system="lync_archive")
        try:
            return file.read_bytes()
        except FileNotFoundError as error:
            raise Gone("the exported file is gone", system="lync_archive") from error
        except PermissionError as error:
            raise ValueError("may not be read; grant the service account reading of it") from error
        except OSError as error:
            raise Unavailable(
                f"the exported file cannot be read: {error.strerror}", system="lync_archive"
            ) from error


def _told(error: OSError) -> None:
    """A folder that cannot be listed; os.walk would pass it over in silence."""
    where = error.filename or "the folder"
    if isinstance(error, PermissionError):
        raise Denied(
            f"{where} may not be read; grant the service account reading of it",
            system="lync_archive",
        ) from error
    raise Unavailable(f"{where}: {error.strerror}", system="lync_archive") from error


class Messages:
    """Items of the files of one page, each message once."""

    def __init__(self, source: str, part: str, who: Who) -> None:
        self._source, self._part, self._who = source, part, who

    def of(self, folder: Folder, files: Sequence[Found]) -> list[Item | Problem]:
        """The messages of these files and what could not be read of them."""
        said: dict[str, Item] = {}
        problems = []
        for file in files:
            try:
                for each in self._one(folder, file):
                    known = said.get(each.key)
                    said[each.key] = _together(known, each) if known else each
            except (Gone, ValueError) as error:
                reason = f"{file.name}: {error}"
                problems.append(
                    Problem(source=self._source, part=self._part, key=file.name, reason=reason)
                )
        return [*said.values(), *problems]

    def _one(self, folder: Folder, file: Found) -> Iterator[Item]:
        if file.size > LARGEST_BYTES:
            raise ValueError(f"{file.size // 1_000_000} MB; export a shorter time, so it is split")
        raw = folder.read(file.name)
        for said in read_eml(raw):
            yield self._item(said, file, raw)

    def _item(self, said: Said, file: Found, raw: bytes) -> Item:
        at = said.at or file.at
        parties = self._parties(said)
        sender = parties[0]
        told = msgspec.json.encode((said.text, said.subject, str(said.at), said.sender, said.files))
        return Item(
            source=self._source,
            thread=said.thread,
            key=said.key,
            version=hashlib.blake2b(told, digest_size=8).hexdigest(),
            kind=Kind.MESSAGE,
            sent_at=at,
            modified_at=at,
            raw=_evidence(file.name, raw),
            text=said.text,
            subject=said.subject,
            sender=sender.person or sender.mail or sender.phone,
            sender_name=sender.name,
            direction=direction_of(parties),
            parties=parties,
            attachments=tuple(
                Attachment(name=name, ref=f"{number}:{file.name}", content_type=kind)
                for name, kind, number in said.files
            ),
            flags=said.flags,
        )

    def _parties(self, said: Said) -> tuple[Party, ...]:
        sender = self._party(said.sender, "from")
        others = (self._party(each, "to") for each in said.others)
        return (sender, *(each for each in others if not same_party(each, sender)))

    def _party(self, told: tuple[str, str], role: str) -> Party:
        name, address = told
        found = self._who.party(address) if address else Party()
        return msgspec.structs.replace(found, name=found.name or name, role=role)


def _together(one: Item, other: Item) -> Item:
    """The same message of another file: who is named there took part too."""
    more = tuple(
        party
        for party in other.parties
        if not any(same_party(party, known) for known in one.parties)
    )
    return msgspec.structs.replace(one, parties=(*one.parties, *more)) if more else one


def same_party(one: Party, other: Party) -> bool:
    """Whether two are somebody by the same id or address."""
    if one.person and other.person:
        return one.person == other.person
    return bool(one.mail and one.mail == other.mail) or bool(one.phone and one.phone == other.phone)


def direction_of(parties: Sequence[Party]) -> Direction:
    """Internal when everybody is in the directory; else it cannot be told."""
    is_inside = bool(parties) and all(party.person for party in parties)
    return Direction.INTERNAL if is_inside else Direction.UNKNOWN


def _evidence(name: str, raw: bytes) -> bytes:
    """The file as it was found, in JSON: as text where it is UTF-8, else in Base64."""
    try:
        told = {"file": name, "eml": raw.decode("utf-8")}
    except UnicodeDecodeError:
        told = {"file": name, "eml_base64": base64.b64encode(raw).decode()}
    return msgspec.json.encode(told)


def content_of(folder: Folder, ref: str) -> bytes:
    """The bytes of an attachment by its `ref`. Raises Gone."""
    number, sign, name = ref.partition(":")
    content = read_file(folder.read(name), int(number)) if sign and number.isdigit() else None
    if content is None:
        raise Gone("there is no such part in the exported file", system="lync_archive")
    return content
