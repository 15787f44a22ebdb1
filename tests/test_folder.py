"""The folder journal: the contracts of a sink and of a register, and what is its own."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import CaseClosed, ConfigError, Denied, Rejected, Unavailable
from connector.journaling import names
from connector.journals.folder import (
    FolderJournal,
    FolderRegister,
    columns_help,
    import_cases,
    leftovers,
    sidecar,
)
from connector.journals.folder import sink as sink_module
from connector.journals.folder.columns import COLUMNS, parse_date, parse_phone
from connector.mapping import KINDS
from connector.model import Case, EntryFile, Line, Receipt, entry_json
from connector.ports import CaseRegister, Sink
from tests.contracts.register import RegisterContract, listed
from tests.contracts.sink import AUDIO, STARTED, SinkContract, entry, open_file, sha256_of

NUMBER = entry().case_number


def clock() -> datetime:
    return datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def visible(folder: Path) -> list[str]:
    """Every file of the journal, hidden ones too, relative to it."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@contextmanager
def failing_fsync(number: int) -> Iterator[None]:
    """The operating system refuses to keep what is written."""

    def fail(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        yield


class TestFolderJournal(SinkContract):
    """The sink side keeps the contract."""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "journal"
        self.folder.mkdir()

    def make_sink(self) -> FolderJournal:
        return FolderJournal(self.folder, clock=clock)

    def reopen(self, sink: Sink) -> FolderJournal:
        later = clock() + timedelta(days=1)
        return FolderJournal(self.folder, clock=lambda: later)

    def documents(self, sink: Sink, case_number: str) -> list[str]:
        return [path.name for path in (self.folder / case_number).glob("*.html")]

    def read(self, sink: Sink, receipt: Receipt) -> str:
        return (self.folder / receipt.target).read_text(encoding="utf-8")

    def close_case(self, sink: Sink, case_number: str) -> None:
        (self.folder / case_number / ".closed").touch()

    def lock_case(self, sink: Sink, case_number: str) -> None:
        (self.folder / case_number / ".locked").touch()

    def fill_disk(self, sink: Sink):
        return failing_fsync(errno.ENOSPC)

    def forbid_writing(self, sink: Sink):
        return failing_fsync(errno.EROFS)

    @contextmanager
    def disconnect(self, sink: Sink) -> Iterator[None]:
        away = self.folder.rename(self.folder.with_name("away"))
        try:
            yield
        finally:
            away.rename(self.folder)

    @contextmanager
    def lose_reply(self, sink: Sink) -> Iterator[None]:
        def fail(folder: Path) -> None:
            if folder != self.folder:
                raise OSError(errno.EIO, "lost")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sink_module, "sync_directory", fail)
            yield


class TestFolderRegister(RegisterContract):
    """The register side keeps the contract."""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def make_register(self, cases: Sequence[Case]) -> CaseRegister:
        self._write(cases)
        return FolderRegister(self.folder)

    def change(self, register: CaseRegister, cases: Sequence[Case]) -> None:
        self._write(cases)

    def _write(self, cases: Sequence[Case]) -> None:
        rows = [",".join(COLUMNS)]
        for case in cases:
            parties = [
                "|".join(getattr(party, field) for party in case.parties)
                for field in ("name", "phone", "mail")
            ]
            status = "open" if case.is_open else "closed"
            title = f'"{case.title}"'
            fields = [case.number, title, status, "", "", case.caseworker, case.department]
            rows.append(",".join([*fields, *parties, "", "", case.access]))
        (self.folder / "cases.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")

    @contextmanager
    def break_register(self, register: CaseRegister) -> Iterator[None]:
        away = (self.folder / "cases.csv").rename(self.folder / "away.csv")
        try:
            yield
        finally:
            away.rename(self.folder / "cases.csv")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "journal"
    made.mkdir()
    return made


@pytest.fixture
def journal(folder: Path) -> FolderJournal:
    return FolderJournal(folder, clock=clock)


# The sink's own


def test_the_files_of_an_entry(journal: FolderJournal, folder: Path):
    """A voicemail is a transcript, a sidecar and the sound, named by local time, kind and key."""
    receipt = journal.put(entry("voicemail"), "CT-7QX", open_file)

    stem = f"{NUMBER}/2026-11-20_1412_telefonsvarer_CT-7QX"
    assert visible(folder) == [NUMBER, f"{stem}.html", f"{stem}.json", f"{stem}_lyd-01.wav"]
    assert receipt.target == f"{stem}.html"
    assert receipt.url == (folder / receipt.target).as_uri()
    assert (folder / f"{stem}_lyd-01.wav").read_bytes() == AUDIO


def test_edited_before_it_was_read(journal: FolderJournal, folder: Path):
    """The transcript says when, and that the earlier words were not read; once."""
    its = entry("conversation")
    at = its.started_at + timedelta(minutes=1)
    line = Line(key="1", at=its.started_at, who="Bo", text="x", edited_at=at, unread_edit_at=at)
    later = msgspec.structs.replace(line, edited_at=at + timedelta(minutes=1), earlier=("y",))

    told = {}
    for key, each in (("CT-1", line), ("CT-2", later)):
        receipt = journal.put(msgspec.structs.replace(its, lines=(each,)), key, open_file)
        told[key] = " ".join((folder / receipt.target).read_text("utf-8").split())

    assert told["CT-1"].count("<strong>Rettet</strong>") == 1
    assert "14.13</time>, de tidligere ord blev ikke læst." in told["CT-1"]
    assert "14.13</time>, de tidligere ord blev ikke læst." in told["CT-2"]
    assert "14.14</time>. Tidligere tekst, ældste først:" in told["CT-2"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_sidecar_proves_the_files(journal: FolderJournal, folder: Path, kind: str):
    """The sidecar follows its schema and holds the hash of every file and of the entry."""
    receipt = journal.put(entry(kind), "CT-1", open_file)

    path = (folder / receipt.target).with_suffix(".json")
    content = path.read_bytes()
    table = json.loads(content)
    validator = jsonschema.validators.validator_for(sidecar.schema())
    validator.check_schema(sidecar.schema())
    assert list(validator(sidecar.schema()).iter_errors(table)) == []
    assert receipt.sha256 == sha256_of(content)
    assert table["entry_sha256"] == sha256_of(entry_json(entry(kind)))
    assert msgspec.convert(table["entry"], type(entry())) == entry(kind)
    for file in (table["transcript"], *table["files"]):
        assert file["sha256"] == sha256_of((path.parent / file["name"]).read_bytes())
        assert file["size_bytes"] == (path.parent / file["name"]).stat().st_size


def test_the_schema_in_the_documents_is_the_programs():
    """docs/schema/entry.schema.json is what the program writes; every member is described there."""
    path = Path(__file__).parent.parent / "docs" / "schema" / "entry.schema.json"

    assert path.read_text(encoding="utf-8") == sidecar.schema_json()


@pytest.mark.parametrize(
    ("kind", "language", "expected"),
    [
        ("conversation", "da", ["Chat, 20-11-2026, 2 beskeder", "<del>Tak</del>", "Slettet"]),
        ("conversation", "en", ["Chat, 2026-11-20, 2 messages", "<del>Tak</del>", "Deleted"]),
        ("call", "da", ["Telefonsamtale, indgående, 20-11-2026 14.12, 3 min 20 s", "Notat"]),
        ("call", "en", ["Telephone call, inbound, 2026-11-20 14:12, 3 min 20 s", "Note"]),
        ("missed_call", "da", ["Ubesvaret opkald, indgående, 20-11-2026 14.12", "+4532100001"]),
        ("voicemail", "da", ["Telefonsvarerbesked", "Ring venligst tilbage.", "<audio controls"]),
        ("voicemail", "en", ["Voicemail", "Friday 20 November 2026 at 14:12", "_audio-01.wav"]),
        ("note", "da", ["Telefonnotat, telefonsamtale 20-11-2026 13.12", "Skrevet", "– forfatter"]),
        ("note", "en", ["Telephone note, telephone call 2026-11-20 13:12", "Written", "– author"]),
    ],
)
def test_transcripts(folder: Path, kind: str, language: str, expected: list[str]):
    """Each kind reads in the journal's language, with the facts a records manager looks for."""
    journal = FolderJournal(folder, language=language, clock=clock)

    receipt = journal.put(entry(kind), "CT-1", open_file)

    page = (folder / receipt.target).read_text(encoding="utf-8")
    for text in (*expected, f'<html lang="{language}">', NUMBER, "CT-1", "Europe/Copenhagen"):
        assert text in page
    assert sha256_of(entry_json(entry(kind))) in page
    assert "<script" not in page
    assert len(re.findall("<h1>", page)) == 1
    assert "<th>" not in page


def test_a_void_entry_links_to_what_it_takes_back(journal: FolderJournal, folder: Path):
    """The page that takes an entry back links to that entry and is named so."""
    first = journal.put(entry(), "CT-1", open_file)
    void = entry(version=2, is_void=True, void_reason="Forkert sag", previous_key="CT-1")

    receipt = journal.put(void, "CT-2", open_file)

    page = (folder / receipt.target).read_text(encoding="utf-8")
    assert f'href="{Path(first.target).name}"' in page
    assert "tilbagetaget" in receipt.target


def test_a_link_is_a_link_only_when_it_is_safe(journal: FolderJournal, folder: Path):
    """An address of a shared file is a link for http; a script in its place is not."""
    files = (
        EntryFile(name="a.docx", url="https://kommune.example/a.docx"),
        EntryFile(name="b.docx", url="javascript:alert(1)"),
    )

    receipt = journal.put(entry(files=files), "CT-1", open_file)

    page = (folder / receipt.target).read_text(encoding="utf-8")
    assert 'href="https://kommune.example/a.docx"' in page
    assert "javascript:" not in page


def test_control_characters_do_not_break_the_page(journal: FolderJournal, folder: Path):
    """A NUL in a message is shown as a replacement character."""
    lines = (msgspec.structs.replace(entry().lines[0], text="a\0b"),)

    receipt = journal.put(entry(lines=lines), "CT-1", open_file)

    assert "a\ufffdb" in (folder / receipt.target).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "fax"}, "kind"),
        ({"time_zone": "Europe/Atlantis"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"text": "\ud800"}, "text"),
    ],
)
def test_an_impossible_entry_is_rejected(
    journal: FolderJournal, folder: Path, changes: dict[str, object], field: str
):
    """An entry that cannot be written is rejected by the part that is wrong; no file is made."""
    with pytest.raises(Rejected) as caught:
        journal.put(msgspec.structs.replace(entry(), **changes), "CT-1", open_file)

    assert caught.value.field == field
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_the_register_decides_where_it_is_asked(folder: Path):
    """With a look-up, a closed case is CaseClosed and an unknown one is rejected by its number."""
    closed = FolderJournal(folder, lookup=lambda number: Case(number=number, is_open=False))
    unknown = FolderJournal(folder, lookup=lambda number: None)
    fine = FolderJournal(folder, lookup=lambda number: Case(number=number))

    with pytest.raises(CaseClosed):
        closed.put(entry(), "CT-1", open_file)
    with pytest.raises(Rejected) as caught:
        unknown.put(entry(), "CT-1", open_file)
    assert caught.value.field == "case_number"
    assert fine.put(entry(), "CT-1", open_file).key == "CT-1"


def test_a_note_in_the_transcript_is_kept(journal: FolderJournal, folder: Path):
    """A person's note in the page does not make the entry unknown, and is not overwritten."""
    receipt = journal.put(entry("call"), "CT-1", open_file)
    page = folder / receipt.target
    page.write_text(page.read_text(encoding="utf-8") + "Notat: aftalt møde", encoding="utf-8")

    assert receipt == journal.find("CT-1", NUMBER)
    assert receipt == journal.put(entry("call"), "CT-1", open_file)
    assert "aftalt møde" in page.read_text(encoding="utf-8")


def test_an_entry_without_its_page_is_written_again(journal: FolderJournal, folder: Path):
    """When the transcript is gone the entry is not whole: find says so and put writes it again."""
    receipt = journal.put(entry("voicemail"), "CT-1", open_file)
    (folder / receipt.target).unlink()

    assert journal.find("CT-1", NUMBER) is None
    assert receipt == journal.put(entry("voicemail"), "CT-1", open_file)
    assert (folder / receipt.target).exists()


def test_a_page_that_a_power_cut_emptied_is_written_again(journal: FolderJournal, folder: Path):
    """An empty transcript is no transcript: find says so and put writes it again."""
    receipt = journal.put(entry(), "CT-1", open_file)
    (folder / receipt.target).write_bytes(b"")

    assert journal.find("CT-1", NUMBER) is None
    assert receipt == journal.put(entry(), "CT-1", open_file)
    assert (folder / receipt.target).stat().st_size > 0


def test_everything_is_seen_to_the_disk(
    journal: FolderJournal, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    """Each file of an entry, its folder and the folder above are synced before put returns."""
    synced = set()
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.add(os.fstat(descriptor).st_ino)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    journal.put(entry("voicemail"), "CT-1", open_file)
    source = folder.parent / "export.csv"
    source.write_text("number\nA-1\n")
    import_cases(source, folder.parent / "register")

    written = [folder, *folder.rglob("*"), *(folder.parent / "register").rglob("*")]
    for path in (*written, folder.parent / "register"):
        assert path.stat().st_ino in synced, path


def test_a_damaged_sidecar_is_told(journal: FolderJournal, folder: Path):
    """A sidecar that cannot be read is neither found nor overwritten; a person is told."""
    receipt = journal.put(entry(), "CT-1", open_file)
    path = (folder / receipt.target).with_suffix(".json")
    path.write_bytes(b'{"format": ')

    for ask in (
        lambda: journal.find("CT-1", NUMBER),
        lambda: journal.put(entry(), "CT-1", open_file),
    ):
        with pytest.raises(Rejected, match="backup"):
            ask()
    assert path.read_bytes() == b'{"format": '


KILL = textwrap.dedent("""
    import io, os, sys
    from pathlib import Path
    sys.path.insert(0, sys.argv[3])
    from tests.contracts.sink import entry, open_file
    from connector.journals.folder import FolderJournal
    left = int(sys.argv[2])
    def dying(real):
        def call(*args, **kwargs):
            global left
            if left == 0:
                os._exit(9)
            left -= 1
            return real(*args, **kwargs)
        return call
    os.fsync, Path.replace, os.mkdir = dying(os.fsync), dying(Path.replace), dying(os.mkdir)
    import shutil
    shutil.rmtree = dying(shutil.rmtree)
    FolderJournal(Path(sys.argv[1])).put(entry("voicemail"), "CT-1", open_file)
""")


@pytest.mark.crash
def test_death_at_every_step(folder: Path, tmp_path: Path):
    """A process that dies at any step leaves either the whole entry or none, and a put heals it."""
    whole = tmp_path / "whole"
    whole.mkdir()
    FolderJournal(whole, clock=clock).put(entry("voicemail"), "CT-1", open_file)
    expected = visible(whole)
    found = []
    for step in range(40):
        place = folder / str(step)
        place.mkdir()
        arguments = [str(place), str(step), str(Path(__file__).parent.parent)]
        died = subprocess.run([sys.executable, "-c", KILL, *arguments], check=False)
        left = visible(place)
        if any(name.endswith(".json") and ".new-" not in name for name in left):
            assert set(expected) <= set(left), "a sidecar is visible after its files only"
        journal = FolderJournal(place, clock=clock)
        found.append(journal.find("CT-1", NUMBER) is not None)
        receipt = journal.put(entry("voicemail"), "CT-1", open_file)

        assert receipt == journal.find("CT-1", NUMBER)
        assert visible(place) == expected
        if died.returncode == 0:
            break
        assert died.returncode == 9

    assert len(found) > 9
    assert found == sorted(found), "once it exists, it exists"
    assert found[-3:] == [True] * 3


def test_leftovers_of_the_living_stay(journal: FolderJournal, folder: Path):
    """What another live process is writing is left alone until it is an hour old."""
    case_folder = folder / NUMBER
    host_and_pid = leftovers.temporary_name("x").split("-")
    host_and_pid[2] = str(os.getppid())
    alive = case_folder / "-".join(host_and_pid)
    elsewhere = case_folder / ".new-00000000-1-abcdef~2026-11-20_0000_chat_CT-9"
    orphan = case_folder / "2026-11-20_0000_chat_CT-9.html"
    for path in (alive, elsewhere):
        path.mkdir(parents=True)
    orphan.touch()

    journal.put(entry(), "CT-1", open_file)
    assert alive.exists()
    assert elsewhere.exists()
    assert orphan.exists()

    for path in (alive, elsewhere):
        os.utime(path, (1, 1))
    assert [finding.level for finding in journal.check()] == ["ok"]
    assert [path.name for path in case_folder.iterdir() if path.name.startswith(".")] == []
    assert not orphan.exists()
    assert journal.find("CT-1", NUMBER)


def test_leftovers_of_an_earlier_start_with_the_same_number_go(
    journal: FolderJournal, folder: Path
):
    """In a container each start may have one process number: its old leftovers are swept."""
    mine = leftovers.temporary_name("2026-11-20_0000_chat_CT-9")
    old = re.sub(r"-[0-9a-f]{6}~", "-zzzzzz~", mine)
    assert old != mine
    (folder / NUMBER / old).mkdir(parents=True)

    journal.put(entry(), "CT-1", open_file)

    assert not (folder / NUMBER / old).exists()


def test_a_broken_template_is_a_finding(tmp_path: Path, folder: Path):
    """A template that an operator broke is told by check with file and line, and stops put."""
    from connector.defaults import defaults_dir

    mappings = tmp_path / "mappings"
    (mappings / "templates").mkdir(parents=True)
    (mappings / "entry.toml").write_bytes((defaults_dir() / "mappings/entry.toml").read_bytes())
    (mappings / "templates" / "transcript.html.j2").write_text("{{ title }\n")
    journal = FolderJournal(folder, mappings=mappings)

    findings = journal.check()

    assert [finding.level for finding in findings] == ["error"]
    assert "line 1" in findings[0].what
    with pytest.raises(ConfigError):
        journal.put(entry(), "CT-1", open_file)
    assert journal.find("CT-1", NUMBER) is None


def test_missing_mappings_are_a_configuration_error(tmp_path: Path):
    """A folder without entry.toml is a ConfigError when the journal is made."""
    with pytest.raises(ConfigError, match=r"entry\.toml"):
        FolderJournal(tmp_path, mappings=tmp_path)


# Names

ASCII_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
numbers = st.text(max_size=90) | st.from_regex(r"[0-9./_ a-zA-Z-]{1,40}", fullmatch=True)


@given(first=numbers, second=numbers)
def test_every_case_has_a_folder_of_its_own(first: str, second: str):
    """Any two case numbers get different folders, also where case does not count; all are safe."""
    one, two = names.case_folder_name(first), names.case_folder_name(second)

    assert (first == second) == (one.lower() == two.lower())
    assert ASCII_NAME.fullmatch(one)
    assert len(one) <= 64
    assert one.split(".")[0].upper() not in {"CON", "PRN", "AUX", "NUL", "COM1", "LPT1"}


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("27.45.04-P19-12-24", "27.45.04-P19-12-24"),
        ("ZAAK-2026-0000000001", "ZAAK-2026-0000000001"),
        ("2021/41-765", r"2021-41-765_[0-9a-f]{10}"),
        ("FD 0.0.0 / 1 / 39", r"FD-0\.0\.0-1-39_[0-9a-f]{10}"),
        ("../../etc", r"etc_[0-9a-f]{10}"),
        ("NUL", r"NUL_[0-9a-f]{10}"),
        ("ÆØÅ", r"case_[0-9a-f]{10}"),
    ],
)
def test_case_folders(number: str, expected: str):
    """A number that every file system takes is its folder's name; another gets a hash."""
    assert re.fullmatch(expected, names.case_folder_name(number))


@pytest.mark.parametrize("cpr", ["0101901234", "010190-1234", "610190-1234", "010190 1234"])
def test_no_name_holds_a_cpr_number(cpr: str):
    """A CPR number in a case number, a key or a file's name never becomes part of a name."""
    made = [
        names.case_folder_name(cpr),
        names.case_folder_name(f"PERS-{cpr}"),
        names.safe_key(cpr.replace(" ", "-")),
        names.file_name("s", 1, f"{cpr}.{cpr}", "", "file", "da"),
    ]

    for name in made:
        assert cpr[:6] not in name
        assert "1234" not in name.split("_")[0]


@given(
    name=st.text(max_size=300)
    | st.sampled_from(["../../x.sh", "CON.txt", "a\\b.exe", "x" * 300 + ".pdf", "a.tar.gz", ".."]),
    content_type=st.sampled_from(["", "audio/wav", "IMAGE/PNG; q=1", "x/y"]),
    role=st.sampled_from(["audio", "image", "file", "card", ""]),
)
def test_attachments_have_safe_names(name: str, content_type: str, role: str):
    """Whatever an attachment was called, its name here is short plain ASCII in the folder."""
    made = names.file_name("2026-11-20_1412_chat_CT-1", 1, name, content_type, role, "da")

    assert ASCII_NAME.fullmatch(made)
    assert len(made) < 60
    assert Path(made).name == made


@given(key=st.text(min_size=1, max_size=80))
def test_any_key_is_found(key: str):
    """The name that was made from a key is found by it, and not by a longer or shorter key."""
    name = names.stem(STARTED, "chat", key) + ".json"

    assert names.find_sidecars(["a.json", name, ".new-1"], key) == [name]
    assert names.find_sidecars([name], f"{key}x") == []
    assert names.find_sidecars([name], key[1:] or "x") == []
    assert len(name) < 100


# The register's own


def register_of(folder: Path, content: str | bytes) -> FolderRegister:
    raw = content.encode() if isinstance(content, str) else content
    (folder / "cases.csv").write_bytes(raw)
    return FolderRegister(folder)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_files_as_people_save_them(tmp_path: Path, encoding: str, delimiter: str, newline: str):
    """Comma, semicolon or tab, with or without a mark, UTF-8 or Windows: the same cases."""
    rows = [
        ["Number", "TITLE", "status", "opened"],
        ["27.45.04-P19-12-24", '"Hjælp, \næøå; ""nu"""', "Åben", "20-11-2026"],
        ["S2026-1", "Bo", "lukket", "2026-11-20"],
    ]
    text = newline.join(delimiter.join(row) for row in rows) + newline
    register = register_of(tmp_path, text.encode(encoding))

    cases, cursor = listed(register)

    title = 'Hjælp, \næøå; "nu"'
    day = date(2026, 11, 20)
    assert cases == [
        Case(number="27.45.04-P19-12-24", title=title, opened=day),
        Case(number="S2026-1", title="Bo", is_open=False, opened=day),
    ]
    assert cursor
    assert [register.lookup(case.number) for case in cases] == cases
    said = [finding for finding in register.check() if "Windows-1252" in finding.what]
    assert len(said) == (encoding == "cp1252")


def test_wrong_lines_are_findings_with_their_number(tmp_path: Path):
    """No number, a number twice, a bad date, state or telephone: each is told, the rest is used."""
    register = register_of(
        tmp_path,
        "number,status,opened,party_phone,colour\n"
        "A-1,open,,\n"
        ",open,,\n"
        "A-1,closed,,\n"
        "\n"
        "A-2,måske,31-02-2026,nej tak\n"
        "A-3\n",
    )

    cases, _cursor = listed(register)
    warnings = [finding.what for finding in register.check()[1:]]

    assert [case.number for case in cases] == ["A-1", "A-2", "A-3"]
    assert [case.is_open for case in cases] == [True, False, True]
    assert [re.match(r"line \d+|the column", what)[0] for what in warnings] == [
        "the column",
        "line 3",
        "line 4",
        "line 6",
        "line 6",
        "line 6",
    ]
    assert "nej tak" not in str(warnings)


def test_an_unchanged_file_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """With the same size and time the file is not read; with a new time it is hashed only."""
    register = register_of(tmp_path, "number\nA-1\n")
    _cases, cursor = listed(register)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", lambda *args, **kwargs: pytest.fail("opened"))
        assert list(register.changes(cursor)) == []

    os.utime(register.path, (1, 1))
    assert list(register.changes(cursor)) == []


def test_a_file_that_changes_while_it_is_read_gives_no_cursor(tmp_path: Path):
    """Cases come in batches; when the file changed meanwhile the next run reads it again."""
    lines = "".join(f"A-{number}\n" for number in range(5001))
    register = register_of(tmp_path, "number\n" + lines)

    batches = register.changes(None)
    first = next(batches)
    (tmp_path / "cases.csv").write_text("number\nA-X\n" + lines)
    rest = list(batches)

    assert (len(first[0]), first[1]) == (5000, None)
    assert [cursor for _batch, cursor in rest] == [None]


def test_a_look_up_survives_a_file_that_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A file replaced between finding a case's place and reading it is read again."""
    register = register_of(tmp_path, "number,title\nA-1,one\nA-2,two\n")
    real = register._read_at

    def replaced(*place: object) -> Case | None:
        monkeypatch.setattr(register, "_read_at", real)
        register_of(tmp_path, "number,title\nA-0,a much longer title than before\nA-2,new\n")
        return real(*place)

    monkeypatch.setattr(register, "_read_at", replaced)

    assert register.lookup("A-2") == Case(number="A-2", title="new")
    assert register.lookup("A-1") is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", 'no column "number"'),
        ("sag,titel\n1,x\n", 'no column "number"'),
        ("number\nA-1\n".encode("utf-16"), "UTF-16"),
        ('number,title\nA-1,"' + "x" * 200_000, "line 2"),
    ],
)
def test_a_file_that_is_no_table_is_unavailable(tmp_path: Path, content: str | bytes, words: str):
    """A file that cannot be used at all says why; it never looks like an empty register."""
    register = register_of(tmp_path, content)

    with pytest.raises(Unavailable, match=words):
        listed(register)
    assert [finding.level for finding in register.check()] == ["error"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-11-20", date(2026, 11, 20)),
        ("20-11-2026", date(2026, 11, 20)),
        ("1.2.2026", date(2026, 2, 1)),
        ("20/11/2026 00:00:00", date(2026, 11, 20)),
        ("2026-11-20T08:00:00Z", date(2026, 11, 20)),
        ("31-02-2026", None),
        ("20-11-26", None),
        ("i går", None),
    ],
)
def test_dates(written: str, expected: date | None):
    """Dates are read as Danish systems write them; a year of two digits is no date."""
    assert parse_date(written) == expected


@given(number=st.integers(20_000_000, 99_999_999))
def test_the_fast_way_reads_numbers_like_phonenumbers(number: int):
    """Danish numbers, with or without country code and spaces, read as phonenumbers reads them."""
    import phonenumbers

    text = str(number)
    spaced = " ".join(text[place : place + 2] for place in range(0, 8, 2))
    for written in (text, spaced, f"+45{text}", f"+45 {spaced}", f"0045 {text}", f"(+45) {text}"):
        parsed = phonenumbers.parse(written, "DK")
        expected = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
        assert parse_phone(written, "DK") == expected


@pytest.mark.parametrize(
    ("written", "region", "expected"),
    [
        ("040-123 45 67", "SE", "+46401234567"),
        ("+46 40 123 45 67", "DK", "+46401234567"),
        ("112", "DK", ""),
        ("1234567890123456789", "DK", ""),
        ("ukendt", "DK", ""),
    ],
)
def test_foreign_and_unreadable_numbers(written: str, region: str, expected: str):
    """Numbers of other countries are read; what is no number is empty."""
    assert parse_phone(written, region) == expected


def test_one_name_owns_all_its_numbers(tmp_path: Path):
    """A party with two telephones is written once by name; both lines carry the name."""
    register = register_of(tmp_path, "number,party_name,party_phone\nA-1,Carla,32100001|32100002\n")

    parties = register.lookup("A-1").parties

    assert [(party.name, party.phone) for party in parties] == [
        ("Carla", "+4532100001"),
        ("Carla", "+4532100002"),
    ]


# Import


def test_an_import_is_read_back_equal(tmp_path: Path):
    """What is imported reads as the same cases; the file before it is kept as .previous."""
    source = tmp_path / "export.csv"
    folder = tmp_path / "new" / "folder"
    source.write_bytes(
        "number;title;status;party_name;party_phone;access\n"
        "27.45.04-P19-12-24;Hjælp; åben;Carla|Dorte;32 10 00 01|;\n"
        "27.45.04-P19-12-24;igen;;;;\n"
        "27.45.04-P19-13-24;;lukket;;;fortrolig\n".encode("cp1252")
    )

    done = import_cases(source, folder)
    again = import_cases(folder / "cases.csv", folder)

    assert (done.cases, done.open_cases, done.parties_with_phone) == (2, 1, 1)
    assert (done.lines_left_out, done.problem_count) == (1, 2)
    assert (again.cases, again.problem_count) == (2, 0)
    assert visible(folder) == ["cases.csv", "cases.csv.previous"]
    assert (folder / "cases.csv").read_bytes() == (folder / "cases.csv.previous").read_bytes()
    cases, _cursor = listed(FolderRegister(folder))
    assert [case.access for case in cases] == ["", "restricted"]
    assert [party.name for party in cases[0].parties] == ["Carla", "Dorte"]


@pytest.mark.parametrize("content", ["", "number\n", "nummer\nA-1\n"])
def test_an_empty_import_changes_nothing(tmp_path: Path, content: str):
    """A file without cases is refused, and the register stays as it was."""
    (tmp_path / "cases.csv").write_text("number\nA-1\n")
    source = tmp_path / "export.csv"
    source.write_text(content)

    with pytest.raises(ConfigError):
        import_cases(source, tmp_path)
    with pytest.raises(ConfigError, match="there is no"):
        import_cases(tmp_path / "none.csv", tmp_path)

    assert (tmp_path / "cases.csv").read_text() == "number\nA-1\n"


def test_a_failed_import_leaves_the_old_register(tmp_path: Path):
    """A full disk in the middle of an import leaves the old file whole and nothing beside it."""
    (tmp_path / "cases.csv").write_text("number\nA-1\n")
    source = tmp_path / "export.csv"
    source.write_text("number\nA-2\n")

    with failing_fsync(errno.ENOSPC), pytest.raises(Unavailable):
        import_cases(source, tmp_path)
    with failing_fsync(errno.EACCES), pytest.raises(Denied):
        import_cases(source, tmp_path)

    assert visible(tmp_path) == ["cases.csv", "export.csv"]
    assert (tmp_path / "cases.csv").read_text() == "number\nA-1\n"


@pytest.mark.parametrize("language", ["da", "en"])
def test_the_help_names_every_column(language: str):
    """The help of casethread cases import has a line for each column."""
    lines = columns_help(language).splitlines()

    assert [line.split()[0] for line in lines] == list(COLUMNS)
