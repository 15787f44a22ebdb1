"""The objects are what the settings say, and a site's own mappings come before the program's."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from connector.bootstrap import SOURCES, Program
from connector.defaults import defaults_dir
from connector.errors import ConfigError
from connector.ports import Source
from connector.settings import parse

SETTINGS = """
language = "en"
[graph]
base_url = "http://127.0.0.1:9/v1.0"
auth = "static"
[linking]
patterns = ["kle"]
[sinks.journal]
kind = "folder"
path = "journal"
"""


def program(folder: Path, text: str = SETTINGS) -> Program:
    return Program(parse(text, folder, {"CASETHREAD_TOKEN": "t"}))


@pytest.mark.parametrize("name", SOURCES)
def test_every_source(tmp_path: Path, name: str) -> None:
    """Each name in the configuration makes a source of that name with all the port's methods."""
    source: Source = program(tmp_path).source(name)

    assert source.name == name
    assert source.in_flight >= 1


def test_unknown_source(tmp_path: Path) -> None:
    """A name that is no source is told with the names there are."""
    with pytest.raises(ConfigError, match="call_records"):
        program(tmp_path).source("telepathy")


def test_unknown_pattern(tmp_path: Path) -> None:
    """A pattern that no mapping has is a mistake in the configuration."""
    with pytest.raises(ConfigError, match="nosuch"):
        _ = program(tmp_path, SETTINGS.replace('"kle"', '"nosuch"')).scanner


def test_site_patterns(tmp_path: Path) -> None:
    """A site's own case-numbers.toml beside its configuration is used instead of the program's."""
    (tmp_path / "mappings").mkdir()
    ours = (defaults_dir() / "mappings" / "case-numbers.toml").read_text("utf-8")
    theirs = ours.replace("[pattern.kle", "[pattern.house").replace("house_nf", "kle_nf")
    assert theirs != ours
    (tmp_path / "mappings" / "case-numbers.toml").write_text(theirs, "utf-8")
    made = program(tmp_path, SETTINGS.replace('"kle"', '"house"'))

    assert [hit.pattern for hit in made.scanner.find("sag 27.45.04-P19-12-24")] == ["house"]


def test_site_pattern_broken(tmp_path: Path) -> None:
    """A site's file that is no TOML is told with its name and what to do."""
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "case-numbers.toml").write_text("[patterns", "utf-8")

    with pytest.raises(ConfigError, match=r"case-numbers\.toml.*correct it"):
        _ = program(tmp_path).scanner


def test_site_titles(tmp_path: Path) -> None:
    """A site's own entry.toml and templates are what its journal is written with."""
    shutil.copytree(defaults_dir() / "mappings", tmp_path / "mappings")
    path = tmp_path / "mappings" / "entry.toml"
    path.write_text(path.read_text("utf-8").replace("Telephone call", "Ring-ring"), "utf-8")
    (tmp_path / "journal").mkdir()
    sink = program(tmp_path).sinks["journal"]

    assert "Ring-ring" in sink.mapping.kind("call")  # type: ignore[attr-defined]
