"""A folder of Markdown, and perhaps a national one under it, read into a library of articles."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from connector.article import LOCAL, NATIONAL, Article
from connector.articles.building import Built, Conflict, Means, Origin, build, build_overlaid
from connector.articles.drafts import Draft, read_draft
from connector.articles.kept import Kept
from connector.articles.markdown import Parsed, slug
from connector.articles.mistakes import ERROR, Mistake, error, in_order
from connector.durable import replace_durable
from connector.errors import ConfigError

__all__ = ["Conflict", "Folders", "Library", "Mistake", "base_path", "read", "read_drafts"]

BASES = ".base"
"""The folder in the local one with copies of the national texts that were written against."""
IGNORED = frozenset(("readme.md", "contributing.md", "license.md", "changelog.md"))


class Folders(msgspec.Struct, frozen=True):
    """Where the articles lie, and what is allowed there."""

    local: Path
    shared: Path | None = None  # the national editor's
    time_zone: str = "Europe/Copenhagen"
    most_bytes: int = 10_000_000  # of one image or document
    kept: Path | None = None  # a file for parsed sections, so that the next reading is faster


class Library(msgspec.Struct, frozen=True):
    """All articles as they should be shown, and what keeps some of them from it.

    An article in conflict is in `articles` as it was last accepted, the local text over the
    national one that it was written against, so that what is live stays. The ids in `blocked` may
    not be published or withdrawn: what is live of them stays as it is. One of them may be missing
    in `articles`, when its file cannot be read. When not even an id can be told, or no article is
    there at all, `is_whole` is false: then no page may be withdrawn because its article is missing.
    """

    articles: dict[str, Article]
    mistakes: tuple[Mistake, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    blocked: frozenset[str] = frozenset()
    is_whole: bool = True
    origins: dict[str, Origin] = {}
    parsed: dict[str, Parsed] = {}  # the sections, by their text


class Drafts(NamedTuple):
    """The files of both folders, before they are laid over each other."""

    national: dict[str, Draft]
    local: dict[str, Draft]
    overlays: dict[str, Draft]
    bases: dict[str, Draft]
    mistakes: tuple[Mistake, ...]
    is_whole: bool


def read(folders: Folders) -> Library:
    """Everything in the folders. What is wrong in an article never stops the others.

    Raises ConfigError when a folder is not there.
    """
    drafts = read_drafts(folders)
    kept = Kept(folders.kept)
    roots = {NATIONAL: folders.shared or folders.local, LOCAL: folders.local}
    means = Means(roots, folders.most_bytes, kept.parse)
    built: dict[str, Built] = {}
    for draft in (*drafts.national.values(), *drafts.local.values()):
        if draft.article in drafts.overlays and draft.source == NATIONAL:
            continue
        built[draft.article] = build(draft, means)
    mistakes: list[Mistake] = list(drafts.mistakes)
    for id, overlay in drafts.overlays.items():
        made = build_overlaid(
            overlay,
            national=drafts.national.get(id),
            base=drafts.bases.get(id),
            means=means,
        )
        built[id] = made
    kept.save()
    for one in built.values():
        mistakes += one.mistakes
    conflicts = tuple(each for one in built.values() for each in one.conflicts)
    wrong = {each.article for each in mistakes if each.level == ERROR and each.article}
    articles = {id: one.article for id, one in sorted(built.items()) if one.article is not None}
    return Library(
        articles=articles,
        mistakes=in_order(mistakes),
        conflicts=conflicts,
        blocked=frozenset(wrong | {each.article for each in conflicts}),
        is_whole=drafts.is_whole and bool(articles),
        origins={id: one.origin for id, one in built.items() if one.article is not None},
        parsed={text: each for one in built.values() for text, each in one.parsed.items()},
    )


def base_path(folders: Folders, id: str) -> Path:
    """Where the copy lies of the national text that the overlay of this article was made for."""
    return folders.local / BASES / f"{id}.md"


def keep_base(folders: Folders, national: Draft) -> Path:
    """Make the national text of today the copy that the overlay is written against; its path."""
    path = base_path(folders, national.article)
    path.parent.mkdir(exist_ok=True)
    replace_durable(path, national.path.read_bytes())
    return path


def read_drafts(folders: Folders) -> Drafts:
    """The files of both folders, each by the id of its article. Raises ConfigError."""
    zone = ZoneInfo(folders.time_zone)
    mistakes: list[Mistake] = []
    national: list[Draft] = []
    if folders.shared is not None:
        national = list(_drafts(folders.shared, NATIONAL, zone, mistakes))
    local = list(_drafts(folders.local, LOCAL, zone, mistakes))
    for one in (*national, *local):
        mistakes += one.mistakes
    is_whole = True
    known: list[Draft] = []
    for one in (*national, *local):
        if one.article:
            known.append(one)
            continue
        is_whole = False
        if not any(each.level == ERROR for each in one.mistakes):
            mistakes.append(error("", one.shown, 1, "no_id", suggestion=slug(one.path.stem)))
    own = [one for one in known if not one.is_overlay]
    overlays = _unique((one for one in known if one.is_overlay), mistakes)
    by_id = _unique(own, mistakes)
    bases = _bases(folders, overlays, by_id, zone)
    return Drafts(
        national={id: one for id, one in by_id.items() if one.source == NATIONAL},
        local={id: one for id, one in by_id.items() if one.source == LOCAL},
        overlays=overlays,
        bases=bases,
        mistakes=tuple(mistakes),
        is_whole=is_whole,
    )


def _bases(
    folders: Folders, overlays: Mapping[str, Draft], by_id: Mapping[str, Draft], zone: ZoneInfo
) -> dict[str, Draft]:
    found: dict[str, Draft] = {}
    for id in overlays:
        path = base_path(folders, id)
        if path.is_file():
            draft = read_draft(path, str(path), NATIONAL, zone)
            if id in by_id:  # its images are those of the national text
                draft = msgspec.structs.replace(draft, path=by_id[id].path)
            found[id] = draft
    return found


def _unique(drafts: Iterable[Draft], mistakes: list[Mistake]) -> dict[str, Draft]:
    """The drafts by id; of two of one id the first is kept, and both files are told."""
    found: dict[str, Draft] = {}
    for one in drafts:
        other = found.setdefault(one.article, one)
        if other is not one:
            line, key = one.lines.get("id", one.lines.get("overlays", 1)), "id_twice"
            mistakes.append(
                error(one.article, one.shown, line, key, id=one.article, other=other.shown)
            )
    return found


def _drafts(folder: Path, source: str, zone: ZoneInfo, mistakes: list[Mistake]) -> Iterator[Draft]:
    for path in _files(folder, mistakes):
        yield read_draft(path, str(path), source, zone)


def _files(folder: Path, mistakes: list[Mistake]) -> Iterator[Path]:
    """The articles' files in the folder and below, in the order of their names.

    What begins with a dot is left out, and what a checkout has for its readers (README.md). A link
    that leads out of the folder is not followed.
    """
    if not folder.is_dir():
        told = f"articles: the folder {folder} is not there; make it, or correct [articles]"
        raise ConfigError([told])
    root = folder.resolve()
    for at, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        here = Path(at)
        links = (here / name for name in folders)
        mistakes += [error("", str(one), 0, "link_folder") for one in links if one.is_symlink()]
        for name in sorted(names):
            path = here / name
            if name.startswith(".") or not name.lower().endswith(".md"):
                continue
            if name.lower() in IGNORED:
                continue
            if path.is_symlink() and not path.resolve().is_relative_to(root):
                mistakes.append(error("", str(path), 0, "link_outside"))
                continue
            yield path
