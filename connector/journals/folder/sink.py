"""The sink side of the folder journal: one folder a case, one set of files an entry version.

    27.45.04-P19-12-24/
        2026-11-20_1412_opkald_CT-7Q....html    the transcript, for people
        2026-11-20_1412_opkald_CT-7Q....json    the sidecar, for programs; written last
        2026-11-20_1412_opkald_CT-7Q..._lyd-01.mp3

The sidecar makes the entry exist. Whatever a crash leaves before it is in the folder is no entry,
and the next put on the case removes it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import msgspec

from connector.defaults import defaults_dir
from connector.durable import disk_error, disk_errors, sync_directory, write_durable
from connector.errors import (
    CaseClosed,
    CaseLocked,
    ConfigError,
    ConnectorError,
    Gone,
    Rejected,
    Unavailable,
    Unclear,
)
from connector.journaling import names
from connector.journaling.refusals import other_content
from connector.journaling.transcript import Transcript, shown_file
from connector.journals.folder import leftovers
from connector.journals.folder.sidecar import FORMAT, Sidecar, WrittenFile, decode, encode
from connector.mapping import KINDS, Mapping, find_zone, load
from connector.model import Capabilities, Case, Entry, EntryFile, Finding, Receipt, entry_json
from connector.ports import OpenFile, Steps

CLOSED_MARK = ".closed"
LOCKED_MARK = ".locked"
_BLOCK_BYTES = 1 << 20


def _now() -> datetime:
    return datetime.now(UTC)


class FolderJournal:
    """Entries as files in `folder`, which must exist: a share that is not mounted is no journal.

    `mappings` is the folder with entry.toml and templates/, by default those of the program; it is
    read here and a fault in it is a ConfigError. `lookup` gives the case of a number as its
    register knows it now; with it, a closed or unknown case is refused. Without it only the marks
    `.closed` and `.locked` in a case's folder are looked at.
    """

    def __init__(
        self,
        folder: Path,
        name: str = "journal",
        language: str = "da",
        clock: Callable[[], datetime] = _now,
        *,
        mappings: Path | None = None,
        lookup: Callable[[str], Case | None] | None = None,
    ) -> None:
        self.folder = folder
        self.name = name
        self.capabilities = Capabilities()
        self.mapping = load_mapping(mappings or defaults_dir() / "mappings", language)
        self._transcript = Transcript(
            self.mapping, (mappings or defaults_dir() / "mappings") / "templates"
        )
        self._clock = clock
        self._lookup = lookup
        # One writer for a case in this process; the ledger sees to one process for a key.
        self._locks = [threading.Lock() for _ in range(64)]

    def check(self) -> list[Finding]:
        """Is the folder there and writable, are the templates good; sweeps what crashes left."""
        try:
            self._require_folder()
            with disk_errors(self.folder, self.name):
                cases = self._sweep_all()
                probe = self.folder / f".probe-{os.getpid()}"
                try:
                    write_durable(probe, b"casethread")
                finally:
                    probe.unlink(missing_ok=True)
            self._transcript.compile()
        except ConnectorError as error:
            fix = f"make {self.folder} readable and writable for the service's account"
            if isinstance(error, ConfigError):
                fix = "correct the file, or take it from the program's own mappings"
            elif not self.folder.is_dir():
                fix = f"make the folder {self.folder}, or connect the share"
            return [Finding(level="error", system=self.name, what=str(error), fix=fix)]
        what = f"{self.folder} is writable; {cases} cases have a folder"
        return [Finding(level="ok", system=self.name, what=what)]

    def find(self, key: str, case_number: str) -> Receipt | None:
        """The receipt of a whole entry, from one listing of the case's folder.

        Raises Rejected with field "key" when the sidecar is damaged, Unavailable or Denied when
        the folder cannot be read.
        """
        self._require_folder()
        case_folder = self.folder / names.case_folder_name(case_number)
        with disk_errors(case_folder, self.name):
            found = self._find(case_folder, _listed(case_folder), key, case_number)
        return None if found is None else found[0]

    def put(
        self,
        entry: Entry,
        key: str,
        open_file: OpenFile,
        steps: Steps | None = None,  # noqa: ARG002  a folder can always be read back
    ) -> Receipt:
        """Write the entry's files, the sidecar last, and see all of them to the disk.

        The same key with another entry is Rejected with field "key". Takes some milliseconds, most
        of them waiting for the disk, so several threads are quicker than one.
        """
        if entry.kind not in KINDS:
            text = f'{self.name}: the kind "{entry.kind}" is not known to mappings/entry.toml'
            raise Rejected(text, system=self.name, field="kind")
        self._require_folder()
        content_sha256 = self._content_sha256(entry)
        case_name = names.case_folder_name(entry.case_number)
        case_folder = self.folder / case_name
        with self._locks[hash(case_name) % len(self._locks)], disk_errors(case_folder, self.name):
            listed = _listed(case_folder)
            if leftovers.sweep(case_folder, listed):
                listed = _listed(case_folder)
            if found := self._find(case_folder, listed, key, entry.case_number):
                return self._same(found, content_sha256)
            self._require_open(entry.case_number, listed)
            self._make_case_folder(case_folder)
            return self._write(entry, key, content_sha256, case_folder, listed, open_file)

    def _write(
        self,
        entry: Entry,
        key: str,
        content_sha256: str,
        case_folder: Path,
        listed: Sequence[str],
        open_file: OpenFile,
    ) -> Receipt:
        there = entry.started_at.astimezone(find_zone(entry.time_zone))
        language = self.mapping.language
        word = names.kind_word(self.mapping.file_name(entry.kind), entry.is_void, language)
        stem = names.stem(there, word, key)
        with self._temporary(case_folder, stem) as temporary:
            files = [
                self._write_file(temporary, stem, number, file, open_file)
                for number, file in enumerate(entry.files, 1)
            ]
            sidecar = self._write_transcript(
                temporary, stem, entry, key, content_sha256, files, _previous(listed, entry)
            )
            content = encode(sidecar)
            write_durable(temporary / f"{stem}.json", content)
            written = [file.name for file in files if file is not None]
            for name in (*written, f"{stem}.html", f"{stem}.json"):
                (temporary / name).replace(case_folder / name)
        try:
            sync_directory(case_folder)
        except OSError as error:
            text = f"{self.name}: {case_folder} did not confirm the new files; they are looked for"
            raise Unclear(text, system=self.name) from error
        return self._receipt(sidecar, content, case_folder)

    @contextmanager
    def _temporary(self, case_folder: Path, stem: str) -> Iterator[Path]:
        """A hidden folder for the files; on any error nothing of the entry is left."""
        temporary = case_folder / leftovers.temporary_name(stem)
        temporary.mkdir()
        try:
            yield temporary
        finally:
            if not (case_folder / f"{stem}.json").exists():
                leftovers.remove_files(case_folder, stem, _listed(case_folder))
            shutil.rmtree(temporary, ignore_errors=True)

    def _write_file(
        self, temporary: Path, stem: str, number: int, file: EntryFile, open_file: OpenFile
    ) -> WrittenFile | None:
        """Copy one attachment, checking its hash on the way; None for one known to be missing."""
        if not file.sha256:
            return None
        name = names.file_name(
            stem, number, file.name, file.content_type, file.role, self.mapping.language
        )
        digest = hashlib.sha256()
        size_bytes = 0
        try:
            with open_file(file.sha256) as source, (temporary / name).open("wb") as target:
                while block := source.read(_BLOCK_BYTES):
                    digest.update(block)
                    size_bytes += len(block)
                    target.write(block)
                target.flush()
                os.fsync(target.fileno())
        except Gone as error:
            text = f"{self.name}: file {number} of the entry is not in the spool any more"
            raise Rejected(text, system=self.name, field="files") from error
        if digest.hexdigest() != file.sha256:
            text = f"{self.name}: file {number} of the entry does not have the SHA-256 it should"
            raise Rejected(text, system=self.name, field="files")
        return WrittenFile(
            name=name, original_name=file.name, size_bytes=size_bytes, sha256=file.sha256
        )

    def _write_transcript(
        self,
        temporary: Path,
        stem: str,
        entry: Entry,
        key: str,
        content_sha256: str,
        files: Sequence[WrittenFile | None],
        previous: str,
    ) -> Sidecar:
        title = entry.title or self.mapping.title(entry)
        written_at = self._clock()
        shown = [
            shown_file(
                file,
                written.name if written else "",
                written.size_bytes if written else file.size_bytes,
            )
            for file, written in zip(entry.files, files, strict=True)
        ]
        page = self._transcript.render(
            entry,
            shown,
            key=key,
            title=title,
            entry_sha256=content_sha256,
            written_at=written_at,
            previous=previous,
        )
        write_durable(temporary / f"{stem}.html", page)
        transcript = WrittenFile(
            name=f"{stem}.html",
            original_name="",
            size_bytes=len(page),
            sha256=hashlib.sha256(page).hexdigest(),
        )
        return Sidecar(
            format=FORMAT,
            key=key,
            written_at=written_at,
            title=title,
            entry_sha256=content_sha256,
            transcript=transcript,
            files=tuple(file for file in files if file is not None),
            entry=entry,
        )

    def _find(
        self, case_folder: Path, listed: Sequence[str], key: str, case_number: str
    ) -> tuple[Receipt, Sidecar] | None:
        """The entry of the key with its receipt, when all of its files are there."""
        for name in names.find_sidecars(listed, key):
            content = (case_folder / name).read_bytes()
            try:
                sidecar = decode(content)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                text = (
                    f"{self.name}: {case_folder / name} is damaged; take it back from the backup, "
                    "or move it away so that the entry is written again"
                )
                raise Rejected(text, system=self.name, field="key") from error
            is_it = sidecar.key == key and sidecar.entry.case_number == case_number
            if is_it and _is_whole(case_folder, sidecar):
                return self._receipt(sidecar, content, case_folder), sidecar
        return None

    def _receipt(self, sidecar: Sidecar, content: bytes, case_folder: Path) -> Receipt:
        page = case_folder / sidecar.transcript.name
        return Receipt(
            key=sidecar.key,
            target=f"{case_folder.name}/{page.name}",
            at=sidecar.written_at,
            url=page.absolute().as_uri(),
            sha256=hashlib.sha256(content).hexdigest(),
        )

    def _same(self, found: tuple[Receipt, Sidecar], content_sha256: str) -> Receipt:
        receipt, sidecar = found
        if sidecar.entry_sha256 != content_sha256:
            raise other_content(self.name, receipt.key)
        return receipt

    def _require_folder(self) -> None:
        with disk_errors(self.folder, self.name):
            if not self.folder.is_dir():
                text = (
                    f"{self.name}: the folder {self.folder} is not there; make it, or connect the "
                    "share it is on"
                )
                raise Unavailable(text, system=self.name)

    def _require_open(self, number: str, listed: Sequence[str]) -> None:
        if LOCKED_MARK in listed:
            text = f"{self.name}: the folder of case {number} is locked; remove {LOCKED_MARK} in it"
            raise CaseLocked(text, system=self.name)
        case = self._lookup(number) if self._lookup is not None else None
        if self._lookup is not None and case is None:
            text = f"{self.name}: the register has no case {number}; link the item to another case"
            raise Rejected(text, system=self.name, field="case_number")
        if CLOSED_MARK in listed or (case is not None and not case.is_open):
            text = (
                f"{self.name}: case {number} is closed; reopen it or link the item to another case"
            )
            raise CaseClosed(text, system=self.name, field="case_number")

    def _make_case_folder(self, case_folder: Path) -> None:
        if not case_folder.is_dir():
            case_folder.mkdir(exist_ok=True)
            sync_directory(self.folder)

    def _content_sha256(self, entry: Entry) -> str:
        try:
            return hashlib.sha256(entry_json(entry)).hexdigest()
        except UnicodeEncodeError as error:
            text = f"{self.name}: a text of the entry holds half a character (a lone surrogate)"
            raise Rejected(text, system=self.name, field="text") from error

    def _sweep_all(self) -> int:
        cases = 0
        for case_folder in self.folder.iterdir():
            if case_folder.is_dir() and not case_folder.name.startswith("."):
                cases += 1
                leftovers.sweep(case_folder, _listed(case_folder))
        return cases


def load_mapping(folder: Path, language: str) -> Mapping:
    """The words of `folder`/entry.toml in one language. Raises ConfigError with all problems."""
    path = folder / "entry.toml"
    try:
        return _mapping(path.read_text(encoding="utf-8"), language)
    except OSError as error:
        raise ConfigError([str(disk_error(error, path, "mappings"))]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: {error}"]) from error


@lru_cache(maxsize=4)  # all sinks of a site have the same
def _mapping(text: str, language: str) -> Mapping:
    return load(tomllib.loads(text), language)


def _listed(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208  names only; Path.iterdir makes an object for each
    except FileNotFoundError:
        return []


def _is_whole(case_folder: Path, sidecar: Sidecar) -> bool:
    """Whether every file of the entry is there with something in it.

    Not its hash: a person may have written a note into the transcript, and that is theirs to keep.
    """
    for file in (sidecar.transcript, *sidecar.files):
        try:
            size_bytes = (case_folder / file.name).stat().st_size
        except FileNotFoundError:
            return False
        if size_bytes == 0 and file.size_bytes:
            return False
    return True


def _previous(listed: Sequence[str], entry: Entry) -> str:
    """The transcript of the version that this one follows, when it stands in the same folder."""
    if not entry.previous_key:
        return ""
    found = names.find_sidecars(listed, entry.previous_key)
    return found[0].removesuffix(".json") + ".html" if found else ""
