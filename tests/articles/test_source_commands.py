"""`casethread articles new`, `check`, `import` and `merge`, as a person calls them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connector.cli import make_app
from connector.commands.columns import beside
from tests.articles.source_folder import PNG, Source, source

__all__ = ["source"]

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Calls the program in Danish, in the folder of a configuration with these articles.

    Gives the exit code and what was said; the log only when something went wrong.
    """
    (tmp_path / "casethread.toml").write_text(
        'language = "da"\n[graph]\nauth = "static"\n'
        '[sinks.journal]\nkind = "folder"\n[articles]\nfolder = "local"\nshared = "shared"\n'
    )
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> tuple[int, str]:
        env = {"CASETHREAD_TOKEN": "x", "CASETHREAD_CONFIG": str(tmp_path), "COLUMNS": "120"}
        told = CliRunner().invoke(make_app("articles"), ["articles", *words], env=env)
        return told.exit_code, told.stdout + ("" if told.exit_code < 2 else told.stderr)

    return call


def test_new(run: Run, source: Source) -> None:
    """It writes a file with the fields to fill in, and refuses a title whose id is taken."""
    code, told = run("new", "Nøgler til rådhuset", "--unit", "Borgerservice", "--staff")

    assert code == 0
    assert "local/noegler-til-raadhuset.md" in told
    text = (source.local / "noegler-til-raadhuset.md").read_text(encoding="utf-8")
    assert 'title: "Nøgler til rådhuset"' in text
    assert "audience: staff" in text
    code, told = run("new", "Nøgler til Rådhuset")
    assert code == 2
    assert "noegler-til-raadhuset.md" in told


def test_new_over_a_national_article(run: Run, source: Source) -> None:
    """It writes the overlay and the copy of what it is written for; the page stays as it was."""
    source.national("x\n\n## Frist {#frist}\n\nFem dage.\n\n## Pris {#pris}\n\n0")

    code, told = run("new", "--over", "flytning", "--unit", "Byg og Miljø")

    assert code == 0
    assert "frist, pris" in told
    assert run("check") == (0, "1 artikel, 0 fejl, 0 advarsler\n")
    article = source.read().articles["flytning"]
    assert (article.unit, [each.key for each in article.sections]) == (
        "Byg og Miljø", ["", "frist", "pris"],
    )  # fmt: skip
    for words in (("--over", "flytning"), ("--over", "nix"), (), ("T", "--over", "flytning")):
        assert run("new", *words)[0] == 2


def test_ours_over_theirs_for_staff_alone(run: Run, source: Source) -> None:
    """Begun for staff, it is for staff, though the national text is for everybody."""
    source.national("x")

    assert run("new", "--over", "flytning", "--unit", "Byg og Miljø", "--staff")[0] == 0

    assert source.read().articles["flytning"].audience == "staff"


def test_check(run: Run, source: Source) -> None:
    """Each mistake stands with its file and line, and errors give exit code 1."""
    source.article("a")
    assert run("check") == (0, "1 artikel, 0 fejl, 0 advarsler\n")
    source.article("b", body="[x](article:nix)", subject='"77"', unit="")

    code, told = run("check")

    assert code == 1
    assert "local/b.md:10" in told
    assert "Der er ingen artikel med id nix." in told
    assert "2 artikler, 2 fejl, 1 advarsler" in told
    assert run("check", "a")[0] == 0
    assert run("check", "b")[0] == 1


def test_how_large_a_file_may_be(run: Run, source: Source, tmp_path: Path) -> None:
    """The most that an image may have is a setting."""
    source.write("b.png", PNG + bytes(1_100_000))
    source.article("b", "![Et billede](b.png)")
    assert run("check")[0] == 0
    with (tmp_path / "casethread.toml").open("a") as file:
        file.write("max_file_mb = 1\n")

    assert "b.png fylder 1.1 MB; højst 1." in run("check")[1]


def test_check_for_a_program(run: Run, source: Source) -> None:
    """As JSON each mistake has its place, its key and its words."""
    source.article("b", unit="")

    code, told = run("check", "--json")

    assert code == 1
    found = json.loads(told)
    assert [(each["article"], each["line"], each["key"]) for each in found] == [("b", 1, "no_unit")]
    assert "unit: Borgerservice" in found[0]["text"]


def test_check_of_an_unknown_article(run: Run, source: Source) -> None:
    """An id that is none is told, not passed over."""
    source.article("a")

    code, told = run("check", "nix")

    assert code == 2
    assert "nix" in told


def test_import(run: Run, tmp_path: Path, source: Source) -> None:
    """It tells what became of each page; when nothing did, the exit code is 1."""
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "p.html").write_text("<h1>Pas</h1><p>x</p><iframe></iframe>")

    code, told = run("import", "old")

    assert code == 0
    assert "local/pas.md, uden iframe" in told
    assert "1 side blev til en artikel" in told
    code, told = run("import", "old")
    assert code == 1
    assert "sprunget over: id pas bruges i local/pas.md" in told


def test_merge(run: Run, source: Source) -> None:
    """Conflicts are listed, shown side by side, decided one by one, and then gone."""
    for text, write in (("Fem dage.", source.base), ("Syv dage.", source.national)):
        write(f"## Frist {{#frist}}\n\n{text}")
    source.overlay("## Frist {#frist}\n\nTre dage.")

    assert "flytning  frist" in run("merge")[1]
    shown = run("merge", "flytning")[1]
    row = next(line for line in shown.splitlines() if "Fem dage." in line)
    assert [cell.strip() for cell in row.split("│")] == ["Fem dage.", "Syv dage.", "Tre dage."]
    assert "--take local --section frist" in shown
    code, told = run("merge", "flytning", "--take", "local")
    assert code == 0
    assert "local/.base/flytning.md" in told
    assert "Ingen konflikter" in run("merge")[1]
    assert run("check")[1].startswith("1 artikel, 0 fejl")


def test_merge_says_what_to_write(run: Run, source: Source) -> None:
    """A decision that names no side, no section or no article is refused."""
    text = "## Frist {#frist}\n\nA\n\n## Pris {#pris}\n\nA"
    source.base(text)
    source.national(text.replace("A", "B"))
    source.overlay(text.replace("A", "C"))

    for words in (("--take", "ours"), ("--take", "local"), ("--take", "local", "--section", "nix")):
        code, told = run("merge", "flytning", *words)
        assert code == 2
        assert "frist, pris" in told
    assert run("merge", "--take", "local")[0] == 2
    for words in (("--take", "local", "--section", "frist"), ("--section", "frist")):
        assert run("merge", "flytning", *words, "--accept")[0] == 2
    assert "afsnit pris" not in run("merge", "flytning", "--section", "frist")[1]
    assert run("merge", "flytning", "--accept")[0] == 0
    assert "Ingen konflikter" in run("merge")[1]


def test_columns_fit_the_terminal() -> None:
    """No line is wider than the terminal, no word is lost, and a narrow one gets them in turn."""
    texts = ["en to tre fire fem seks syv otte ni ti " * 3, "kort", "a\n\nb"]

    for width in (60, 90, 140):
        lines = list(beside(["A", "B", "C"], texts, width))
        assert width == 60 or max(map(len, lines)) <= width
        assert sum(line.count("otte") for line in lines) == 3
