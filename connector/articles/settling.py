"""A person's decision about a section that both the national and the local editor changed.

Local: the copy in .base gets the national section as it is now; our text was written knowing it.
National: our section is taken out of the overlay, and kept in .base/removed/. Each is the writing
of one file that is whole or not there. When nothing is left to decide, the copy becomes the
national file of today.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from connector.articles.building import Conflict
from connector.articles.drafts import Draft
from connector.articles.reading import (
    BASES,
    Drafts,
    Folders,
    base_path,
    keep_base,
    read,
    read_drafts,
)
from connector.articles.splicing import section_text, with_field, with_section
from connector.durable import replace_durable
from connector.errors import ConfigError
from connector.locale import text as say

TAKE_NATIONAL, TAKE_LOCAL = "national", "local"


def conflicts_of(folders: Folders, id: str = "") -> tuple[Conflict, ...]:
    """What nobody has decided yet, of one article or of all."""
    found = read(folders).conflicts
    return tuple(each for each in found if not id or each.article == id)


def settle(
    folders: Folders,
    id: str,
    section: str,
    take: str,
    today: date,
    language: str = "en",
    *,
    seen: str = "",
) -> tuple[Path, ...]:
    """Decide about one section (or field, "title:"); the files that were written.

    `seen` is the mark of the conflict that the person looked at, when that was a while ago. Raises
    ConfigError when the section of this article is not in conflict, or is in another one by now.
    """
    marks = {each.section: each.mark for each in conflicts_of(folders, id)}
    if section not in marks:
        key = "article.merge.no_conflict" if marks else "article.merge.none_of"
        told = say(key, language, id=id, section=section, sections=", ".join(marks))
        raise ConfigError([told])
    if seen and seen != marks[section]:
        raise ConfigError([say("article.merge.other", language, id=id, section=section)])
    drafts = read_drafts(folders)
    if take == TAKE_LOCAL:
        written = [_acknowledge(folders, drafts, id, section)]
    else:
        written = list(_give_way(folders, drafts.overlays[id], section, today))
    if not conflicts_of(folders, id):
        written.append(accept(folders, id, language))
    return tuple(dict.fromkeys(written))


def accept(folders: Folders, id: str, language: str = "en") -> Path:
    """Let all our sections stand over the national text of today: it becomes the copy.

    Raises ConfigError when there is no overlay or no national file of this article.
    """
    drafts = read_drafts(folders)
    if id not in drafts.overlays or id not in drafts.national:
        raise ConfigError([say("article.merge.no_overlay", language, id=id)])
    return keep_base(folders, drafts.national[id])


def _acknowledge(folders: Folders, drafts: Drafts, id: str, section: str) -> Path:
    path, base, national = base_path(folders, id), drafts.bases[id], drafts.national[id]
    if section.endswith(":"):
        name = section[:-1]
        text = with_field(base.text, name, national.fields.get(name, ""))
    else:
        text = with_section(base, section, section_text(national, section))
    replace_durable(path, text.encode())
    return path


def _give_way(folders: Folders, overlay: Draft, section: str, today: date) -> tuple[Path, Path]:
    if section.endswith(":"):
        name = section[:-1]
        ours = f"{name}: {overlay.fields[name]}\n"
        text = with_field(overlay.text, name, "")
    else:
        ours = section_text(overlay, section)
        text = with_section(overlay, section, "")
    kept = folders.local / BASES / "removed" / f"{overlay.article}.md"
    kept.parent.mkdir(parents=True, exist_ok=True)
    before = kept.read_bytes() if kept.is_file() else b""
    replace_durable(kept, before + f"<!-- {today.isoformat()} -->\n{ours.rstrip()}\n\n".encode())
    replace_durable(overlay.path, text.encode())
    return overlay.path, kept
