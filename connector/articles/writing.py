"""New files of articles: what stands in one that nobody has written yet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import msgspec

from connector.article import CITIZEN
from connector.articles.fields import ID_LENGTH, PAGES, beside_pages
from connector.articles.markdown import slug
from connector.articles.reading import Folders, keep_base, read_drafts
from connector.articles.splicing import quoted
from connector.durable import sync_directory, write_durable
from connector.errors import ConfigError
from connector.locale import text as say


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The front matter of a new article; what is "" must be filled in by a person."""

    id: str
    title: str
    language: str
    summary: str = ""
    audience: str = "citizen"
    subject: str = ""
    unit: str = ""
    owner: str = ""
    review_by: date | None = None

    def written(self, language: str) -> str:
        """As YAML, with a word beside each field that must be filled in."""
        fields = {
            "id": self.id,
            "title": quoted(self.title),
            "summary": quoted(self.summary) if self.summary else "",
            "language": self.language,
            "audience": self.audience,
            "subject": quoted(self.subject) if self.subject else "",
            "unit": quoted(self.unit) if self.unit else "",
            "owner": self.owner,
            "review_by": self.review_by.isoformat() if self.review_by else "",
        }
        lines = [
            f"{name}: {value}" if value else _open(name, language) for name, value in fields.items()
        ]
        return "\n".join(["---", *lines, "---"]) + "\n"


def _open(name: str, language: str) -> str:
    return f"{name}:  # {say(f'article.fill.{name}', language)}"


def write_overlay(
    folders: Folders, id: str, head: Head, language: str
) -> tuple[Path, tuple[str, ...]]:
    """A file of ours over the national article, with nothing in it yet, and its copy in .base.

    Gives the file and the keys of the national sections. Raises ConfigError when there is no such
    article, or a file lies over it already.
    """
    drafts = read_drafts(folders)
    if other := drafts.overlays.get(id):
        raise ConfigError([say("article.new.over_there", language, id=id, path=other.shown)])
    if id not in drafts.national:
        raise ConfigError([say("article.new.over_none", language, id=id)])
    path = folders.local / f"{id}.md"
    if path.exists():
        raise ConfigError([say("article.new.there", language, path=str(path))])
    keys = tuple(part.section.key for part in drafts.national[id].parts if part.section.key)
    told = say("article.new.over_comment", language, keys=", ".join(keys))
    own = {"unit": quoted(head.unit) if head.unit else "", "owner": head.owner,
           "review_by": head.review_by.isoformat() if head.review_by else ""}  # fmt: skip
    lines = [f"audience: {head.audience}"] if head.audience != CITIZEN else []  # else theirs holds
    lines += [f"{name}: {value}" if value else _open(name, language) for name, value in own.items()]
    keep_base(folders, drafts.national[id])
    write_durable(
        path, "\n".join(["---", f"overlays: {id}", *lines, f"# {told}", "---"]).encode() + b"\n"
    )
    sync_directory(folders.local)
    return path, keys


def id_of(title: str) -> str:
    """The id that an article of this title gets; "" when no letter or digit is in it. The name of
    a page of our own gets another in front: no article may have it."""
    id = slug(title)[:ID_LENGTH].strip("-")
    return beside_pages(id) if id in PAGES else id


def taken_ids(folders: Folders) -> Mapping[str, str]:
    """Every id that is in use, with the file that uses it."""
    drafts = read_drafts(folders)
    everything = (*drafts.overlays.values(), *drafts.local.values(), *drafts.national.values())
    return {one.article: one.shown for one in everything}


def year_after(day: date) -> date:
    """A year later: when a new article is looked through again, if nobody says otherwise."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:  # 29 February
        return day.replace(year=day.year + 1, day=28)


def write_new(
    folders: Folders,
    head: Head,
    body: str,
    language: str,
    *,
    taken: Mapping[str, str] | None = None,
) -> Path:
    """The file of a new article in the local folder, ID.md. `taken` are the ids in use, if known.

    Raises ConfigError when its id cannot be made or is in use, or a file of that name is there.
    """
    if not head.id:
        raise ConfigError([say("article.new.no_id", language, title=head.title)])
    if other := (taken_ids(folders) if taken is None else taken).get(head.id):
        raise ConfigError([say("article.new.taken", language, id=head.id, path=other)])
    path = folders.local / f"{head.id}.md"
    if path.exists():
        raise ConfigError([say("article.new.there", language, path=str(path))])
    write_durable(path, f"{head.written(language)}\n{body.strip()}\n".encode())
    sync_directory(folders.local)
    return path
