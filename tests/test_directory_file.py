"""The directory from a file of Active Directory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from connector.errors import Denied, Unavailable
from connector.http import Answer
from connector.model import Page, Person, Problem
from connector.sources.directory_file import PAGE, DirectoryFile
from connector.sources.teams.directory import parse_users

HEADER = (
    '"ObjectGUID","UserPrincipalName","mail","DisplayName","msRTCSIP-PrimaryUserAddress",'
    '"msRTCSIP-Line","telephoneNumber","Department","Office","Enabled"'
)
GUID = "3f2504e0-4f89-41d3-9a0c-0305e82c33{:02x}"
BODIL = (
    f'"{GUID.format(1)}","bodil@kommune.example","bodil@kommune.example","Bodil Ærø",'
    '"sip:bodil@kommune.example","tel:+4520304050;ext=4050","59 64 64 64","Borgerservice","Asnæs",'
    '"True"'
)


def nothing_known(thread: str, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    return set()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of one person."""
    path = tmp_path / "people.csv"
    path.write_text(f"{HEADER}\n{BODIL}\n", encoding="utf-8-sig")
    return path


def read(file: Path, cursor: str | None = None) -> list[Page]:
    source = DirectoryFile(file)
    (part,) = source.parts(())
    return list(source.changes(part, cursor, nothing_known))


def people(file: Path) -> list[Person]:
    return [each for page in read(file) for each in page.people]


def test_one_person(file: Path) -> None:
    """A row is a person, whose line's telephone number stands before the one at the desk."""
    assert people(file) == [
        Person(
            id=GUID.format(1),
            upn="bodil@kommune.example",
            mail="bodil@kommune.example",
            name="Bodil Ærø",
            sip="bodil@kommune.example",
            phones=("+4520304050", "59 64 64 64"),
            department="Borgerservice",
            office="Asnæs",
        )
    ]


def test_a_file_that_did_not_change(file: Path) -> None:
    """It is handed over once; a change hands everybody over again."""
    cursor = read(file)[-1].cursor
    assert read(file, cursor) == []

    with file.open("a", encoding="utf-8") as more:
        more.write(BODIL.replace(GUID.format(1), GUID.format(2)).replace("True", "False") + "\n")
    assert [each.is_enabled for each in people(file)] == [True, False]
    assert read(file, cursor)[-1].cursor != cursor


def test_many(file: Path) -> None:
    """Pages are small; only the last one has the cursor."""
    count = 2 * PAGE + 1
    rows = [f'"00000000-0000-4000-8000-{n:012x}","p{n}@kommune.example"' for n in range(count)]
    file.write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    pages = read(file)

    assert [len(page.people) for page in pages] == [PAGE, PAGE, 1]
    assert [page.cursor is None for page in pages] == [True, True, False]


@pytest.mark.parametrize(
    "text",
    [
        f"#TYPE Selected.Microsoft.ActiveDirectory.Management.ADUser\n{HEADER}\n{BODIL}\n",
        f"{HEADER}\n{BODIL}\n".replace('","', '";"'),
        f"{HEADER}\r\n{BODIL}\r\n",
        f"{HEADER.upper()}\n\n{BODIL}\n",
    ],
    ids=["with its type", "semicolons", "Windows", "capitals and an empty line"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_ways_of_writing(file: Path, text: str, encoding: str) -> None:
    """However PowerShell or Excel wrote the file, the person is the same."""
    expected = people(file)
    file.write_bytes(text.encode(encoding))

    assert people(file) == expected


def test_one_broken_row(file: Path) -> None:
    """A row without a GUID is told with its line; the others are read."""
    text = file.read_text(encoding="utf-8-sig")
    file.write_text(text.replace(BODIL, f'"?","x"\n{BODIL}'), encoding="utf-8")
    (page,) = read(file)

    assert [each.name for each in page.people] == ["Bodil Ærø"]
    (problem,) = page.items
    assert isinstance(problem, Problem)
    assert "line 2" in problem.reason
    assert page.cursor


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "there is no"),
        (b"", "ObjectGUID"),
        (b"name,mail\nBodil,b@x.example\n", "ObjectGUID"),
        (HEADER.encode("utf-16"), "UTF-16"),
    ],
)
def test_no_directory(file: Path, content: bytes | None, told: str) -> None:
    """A file that is missing or something else is said to be so, and nobody is changed."""
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    with pytest.raises(Unavailable, match=told):
        read(file)
    (finding,) = DirectoryFile(file).check()
    assert finding.level == "error"
    assert told in finding.what


def test_no_right(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the right to read it, that is said."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(Denied):
        read(file)


def test_check(file: Path) -> None:
    """The check says how many there are."""
    (finding,) = DirectoryFile(file).check()
    assert (finding.level, finding.what) == ("ok", f"{file}: 1 people")


@pytest.mark.parametrize(
    ("immutable", "account"),
    [
        ('"AQIDBAUGBwgJCgsMDQ4PEA=="', "04030201-0605-0807-090a-0b0c0d0e0f10"),
        ('"anna@kommune.example"', ""),  # a site may make the immutable id of something else
        ("null", ""),
    ],
)
def test_account_of_a_cloud_user(immutable: str, account: str) -> None:
    """Microsoft 365 tells the account in Active Directory as the base64 of its objectGUID."""
    body = f'{{"value": [{{"id": "c1", "onPremisesImmutableId": {immutable}}}]}}'
    (person,) = parse_users(Answer(200, body.encode(), {})).people

    assert person.account == account
