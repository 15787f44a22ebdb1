"""What the documents name exists: pages, files, commands, settings, tables, rights, scenarios."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from connector.cli import make_app, to_front
from connector.ledger import tables
from connector.sandbox.scenarios import ALL
from connector.settings_table import SECTIONS, TABLE
from connector.sources import rights

ROOT = Path(__file__).parent.parent
GENERATED = {
    "docs/reference/commands.md",
    "docs/reference/settings.md",
    "docs/scenarios.md",
    "docs/performance.md",
}
PAGES = sorted(
    path
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("schedulers/**/*.md"))
)
WRITTEN = [page for page in PAGES if page.relative_to(ROOT).as_posix() not in GENERATED]

_FENCE = re.compile(r"^(?: {4})?```(\w*)\n(.*?)^(?: {4})?```", re.S | re.M)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")


def named(page: Path) -> str:
    """The page's name in a test's id."""
    return page.relative_to(ROOT).as_posix()


def each_page(pages: Sequence[Path] = PAGES) -> pytest.MarkDecorator:
    """A test for each page."""
    return pytest.mark.parametrize("page", pages, ids=named)


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def blocks(page: Path, *languages: str) -> Iterator[str]:
    """The fenced blocks of a page in these languages."""
    for language, content in _FENCE.findall(page.read_text(encoding="utf-8")):
        if language in languages:
            yield content


def anchor(heading: str) -> str:
    """The anchor that a heading gets: lower case, signs left out, hyphens for spaces."""
    kept = re.sub(r"[^\w\- ]", "", heading.replace("`", "").strip().lower())
    return kept.replace(" ", "-")


@cache
def anchors(page: Path) -> frozenset[str]:
    """All anchors of a page."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.M)
    return frozenset(map(anchor, headings))


@each_page()
def test_links_resolve(page: Path) -> None:
    """Every relative link leads to a file that is there, and to a heading that it has."""
    for link in _LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, heading = link.partition("#")
        target = (page.parent / path).resolve() if path else page

        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        assert not heading or heading in anchors(target), link


def test_every_page_is_reached() -> None:
    """Every page under docs/ is linked from the index."""
    index = ROOT / "docs" / "index.md"
    linked = {
        (index.parent / link.partition("#")[0]).resolve() for link in _LINK.findall(prose(index))
    }
    pages = {page.resolve() for page in (ROOT / "docs").rglob("*.md")} - {index.resolve()}

    assert pages <= linked


@cache
def root() -> Any:
    """The program as a command with all others below it."""
    return typer.main.get_command(make_app())


def wrong_with(words: Sequence[str]) -> str:
    """What the program would not understand of a command line; "" for nothing.

    Values are not looked at: a file named in a document need not be there.
    """
    command, rest = root(), to_front(words)
    given = 0
    while rest:
        word = rest.pop(0)
        if word == "--":
            given += len(rest)
            break
        if word.startswith("-") and word != "-":
            name, is_joined, _ = word.partition("=")
            if name in ("-h", "--help"):
                continue
            options = [each for each in command.params if name in each.opts]
            if not options:
                return f"{command.name} has no option {name}"
            is_flag = getattr(options[0], "is_flag", False)
            if not is_flag and not is_joined and not (rest and rest.pop(0)):
                return f"{name} needs a value"
        elif hasattr(command, "commands"):
            if word not in command.commands:
                return f"{command.name} has no command {word}"
            command = command.commands[word]
        else:
            given += 1
    return wrong_count(command, given, is_help="--help" in words)


def wrong_count(command: Any, given: int, *, is_help: bool) -> str:
    """Whether there are too few or too many arguments."""
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    fewest = sum(each.required for each in arguments)
    most = 10_000 if any(each.nargs == -1 for each in arguments) else len(arguments)
    if not is_help and not fewest <= given <= most:
        return f"{command.name} takes {fewest} to {most} arguments, not {given}"
    return ""


def command_lines(text: str) -> Iterator[list[str]]:
    """The words after `casethread` of each call of it in a shell text, also behind sudo."""
    for line in text.splitlines():
        for one in split(shlex.split(line, comments=True)):
            words = [word for word in one if not re.match(r"[A-Z_]+=", word)]
            places = [n for n, word in enumerate(words) if word.endswith("/bin/casethread")]
            if words[:1] == ["casethread"]:
                yield words[1:]
            elif places and (places[0] == 0 or words[0] == "sudo"):
                yield words[places[0] + 1 :]


def split(words: Sequence[str]) -> Iterator[list[str]]:
    """The commands of a line that joins several."""
    one: list[str] = []
    for word in words:
        if word in ("&&", "||", "|", ";", ">"):
            yield one
            one = []
        else:
            one.append(word)
    yield one


@each_page(WRITTEN)
def test_commands_exist(page: Path) -> None:
    """Every call of casethread, in a block or in a sentence, is one the program understands."""
    calls = [words for block in blocks(page, "sh", "bash") for words in command_lines(block)]
    for code in _CODE.findall(prose(page)):
        if code.startswith("casethread ") and "..." not in code:
            # A sentence may name a command alone; what it takes is then not the point.
            calls += [[*words, "--help"] for words in command_lines(code)]
    wrong = {" ".join(words): told for words in calls if (told := wrong_with(words))}

    assert wrong == {}


def test_wrong_commands_are_seen() -> None:
    """The check above knows a wrong option, a wrong command and a missing argument."""
    calls = [
        *command_lines("sudo -u ct /opt/bin/casethread --config x status --limits 3 # no"),
        *command_lines("casethread sandbox start && casethread link 1204"),
        *command_lines(
            'casethread link 1 27.1 --reason "a b" --config /srv && casethread sync a b'
        ),
    ]

    assert [bool(wrong_with(words)) for words in calls] == [True, True, True, False, False]


NAMES = {each.name for each in TABLE}
SETTING = re.compile(
    r"(?:ledger|graph|sources|register|linking|journal|sinks|sites|articles|jobs|log)\.[a-zA-Z_]+(?:\.[a-z_]+)?"
)


def is_setting(name: str) -> bool:
    """Whether a dotted name is a setting or a table of settings; NAME is the operator's choice."""
    plain = re.sub(r"^(sinks|sites)\.[A-Za-z_]+", r"\1.*", name)
    return plain in NAMES or plain in SECTIONS


@each_page()
def test_settings_exist(page: Path) -> None:
    """Every dotted name in backticks that looks like a setting is one."""
    no_settings = (".py", ".md", ".toml", ".json", ".csv", ".db", ".html", ".com", ".us")
    found = {
        code
        for code in _CODE.findall(prose(page))
        if SETTING.fullmatch(code) and not code.endswith(no_settings)
    }

    assert {name for name in found if not is_setting(name)} == set()


@each_page()
def test_configuration_in_examples_exists(page: Path) -> None:
    """Every key of a TOML block is a setting of its table."""
    for block in blocks(page, "toml"):
        section = ""
        for line in block.splitlines():
            if match := re.match(r"\[([\w.]+)\]", line):
                section = f"{match[1]}."
            elif match := re.match(r"(\w+) *=", line):
                assert is_setting(section + match[1]), line


@each_page()
def test_files_exist(page: Path) -> None:
    """Every file of the project that is named in backticks, and every make target, is there."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.M))
    folders = r"(?:connector|schedulers|mappings|config|tests|bench|docs|scripts)/[\w./*-]+"
    for code in _CODE.findall(prose(page)):
        path = re.fullmatch(rf"({folders})", code)
        if path and "_defaults" not in code and "NAME" not in code:
            assert any(ROOT.glob(code.rstrip("/"))), code
        if target := re.match(r"make ([a-z]+)", code):
            assert target[1] in targets, code
    for block in blocks(page, "sh", "bash"):
        for target_name in re.findall(r"^make ([a-z]+)", block, re.M):
            assert target_name in targets


@each_page()
def test_workplace_is_not_named(page: Path) -> None:
    """No page names a path outside the project that only one machine has."""
    text = page.read_text(encoding="utf-8")

    assert re.findall(r"/work/|\.\./shared|/root/|/home/\w+|/tmp/brief", text) == []


def test_tables_are_described() -> None:
    """The reference of the ledger has every table, every column, and no other."""
    text = (ROOT / "docs" / "reference" / "ledger.md").read_text(encoding="utf-8")
    found = {
        name: re.findall(r"^\| `(\w+)` \|", part, re.M)
        for name, part in re.findall(r"^## `(\w+)`\n(.*?)(?=^## |\Z)", text, re.S | re.M)
    }

    assert found == {
        table.name: [column.name for column in table.columns]
        for table in tables.metadata.tables.values()
    }


def test_rights_are_described() -> None:
    """The page for the administrator names exactly the rights that `check` asks for."""
    text = (ROOT / "docs" / "how-to" / "connect-tenant.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `sources\.[^|]*\| `([\w.-]+)` \|", text, re.M)

    assert set(rows) == {each.least for each in vars(rights).values() if type(each) is rights.Need}


def test_scenarios_exist() -> None:
    """Every scenario that a page asks for is one of the sandbox's."""
    asked = {
        name
        for page in WRITTEN
        for name in re.findall(r"--scenario ([\w-]+)", page.read_text(encoding="utf-8"))
    }

    assert asked - {"NAME"} <= ALL.keys()
