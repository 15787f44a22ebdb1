"""Drafts made articles: the fields filled in, sections looked into, files found."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from connector.article import BOTH, CITIZEN, LOCAL, NATIONAL, UNIT, Article, Section
from connector.articles.drafts import Draft, Part
from connector.articles.inspecting import Findings, InnerLink, Place
from connector.articles.markdown import Parsed
from connector.articles.merging import Clash, is_clash, lay, merge
from connector.articles.mistakes import Mistake, error, warning

OVERLAID = ("title", "summary")  # fields whose national change must not go unseen


class Conflict(msgspec.Struct, frozen=True, kw_only=True):
    """A section that both the national and the local editor changed: a person decides.

    The texts are Markdown with the heading; "" is a section that is not there, or is hidden.
    """

    article: str
    section: str  # key; "" is what stands before the first heading; "title:" or "summary:" a field
    base: str
    national: str
    local: str
    paths: tuple[str, ...] = ()  # of the national file (or its base) and of the overlay

    @property
    def mark(self) -> str:
        """What tells these three texts from all others: of the conflict that a person was shown."""
        texts = "\0".join((self.section, self.base, self.national, self.local))
        return hashlib.sha256(texts.encode()).hexdigest()[:16]


class Origin(msgspec.Struct, frozen=True):
    """Where the parts of an article stand: for messages that are found later."""

    fields: dict[str, tuple[str, int]]  # path and line
    sections: dict[str, tuple[str, int]]  # of the heading
    links: tuple[InnerLink, ...]
    outside: tuple[tuple[str, str, int], ...]  # address of the web, path, line
    path: str  # of the file to write in


class Built(msgspec.Struct, frozen=True):
    """An article, or None when it cannot be made, and what is wrong with it."""

    article: Article | None
    mistakes: tuple[Mistake, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    origin: Origin = Origin({}, {}, (), (), "")
    parsed: dict[str, Parsed] = {}  # by the text of the section


class Means(NamedTuple):
    """What articles are made with."""

    roots: Mapping[str, Path]  # the folders, NATIONAL and LOCAL; no file of an article lies outside
    most_bytes: int  # of one image or document
    parse: Callable[[str], Parsed]


def build(draft: Draft, means: Means) -> Built:
    """The article of one file."""
    return _build(
        draft.article,
        draft.fields,
        draft.parts,
        drafts={draft.source: draft},
        means=means,
    )


def build_overlaid(
    overlay: Draft, *, national: Draft | None, base: Draft | None, means: Means
) -> Built:
    """The national article with the local text over it; last accepted when they are in conflict."""
    id = overlay.article
    line = overlay.lines.get("overlays", 1)
    if national is None and base is None:
        return Built(None, (error(id, overlay.shown, line, "overlay_of_nothing", id=id),))
    mistakes: list[Mistake] = []
    conflicts: tuple[Conflict, ...] = ()
    if national is None:
        mistakes.append(error(id, overlay.shown, line, "national_gone", id=id))
    elif base is None:
        mistakes.append(error(id, overlay.shown, line, "no_base", id=id))
    was, now = base or national, national or base
    assert was is not None  # noqa: S101  one of them is there, as asked above
    assert now is not None  # noqa: S101
    merged = merge(was.parts, now.parts, overlay.parts)
    conflicts = tuple(_conflict(id, one, now, overlay) for one in merged.clashes)
    conflicts += tuple(_field_conflicts(id, was, now, overlay))
    under = was if conflicts else now
    if conflicts and not merged.clashes:
        merged = lay(was.parts, overlay.parts)
    for part in merged.lost:
        line, after = part.section.line, part.after
        mistakes += [warning(id, overlay.shown, line, "after_unknown", key=after)]
    for part in merged.hides_nothing:
        line, key = part.section.line, part.section.key
        mistakes += [warning(id, overlay.shown, line, "hides_nothing", key=key)]
    own = {name: value for name, value in overlay.fields.items() if name != "overlays"}
    built = _build(
        id,
        {**under.fields, **own, "id": id},
        merged.parts,
        drafts={NATIONAL: under, LOCAL: overlay},
        means=means,
    )
    told = _told_conflicts(conflicts, overlay)
    return msgspec.structs.replace(
        built, mistakes=(*built.mistakes, *mistakes, *told), conflicts=conflicts
    )


def _conflict(id: str, clash: Clash, national: Draft, overlay: Draft) -> Conflict:
    return Conflict(
        article=id,
        section=clash.key,
        base=written(clash.base),
        national=written(clash.national),
        local=written(clash.local),
        paths=(national.shown, overlay.shown),
    )


def _field_conflicts(id: str, was: Draft, now: Draft, overlay: Draft) -> list[Conflict]:
    return [
        Conflict(
            article=id,
            section=f"{name}:",
            base=was.fields.get(name, ""),
            national=now.fields.get(name, ""),
            local=overlay.fields[name],
            paths=(now.shown, overlay.shown),
        )
        for name in OVERLAID
        if name in overlay.fields
        and is_clash(was.fields.get(name), now.fields.get(name), overlay.fields[name])
    ]


def _told_conflicts(conflicts: Sequence[Conflict], overlay: Draft) -> list[Mistake]:
    lines = {part.section.key: part.section.line for part in overlay.parts}
    lines |= {f"{name}:": line for name, line in overlay.lines.items()}
    return [
        error(
            one.article,
            overlay.shown,
            lines.get(one.section, 0),
            "conflict" if one.national else "conflict_removed",
            section=one.section or "-",
            id=one.article,
        )
        for one in conflicts
    ]


def written(part: Part | None) -> str:
    """A section as one would write it, for a person to read; "" for none."""
    if part is None:
        return ""
    one = part.section
    if not one.key:
        return one.text
    marks = [f"#{one.key}"]
    marks += [f".{one.audience}"] if one.audience != CITIZEN else []
    marks += [f'unit="{one.unit}"'] if one.unit else []
    return f"## {one.heading} {{{' '.join(marks)}}}\n\n{one.text}".rstrip()


def _build(
    id: str,
    fields: Mapping[str, Any],
    parts: Sequence[Part],
    *,
    drafts: Mapping[str, Draft],
    means: Means,
) -> Built:
    found = Findings(id, means.most_bytes, means.parse)
    owner = drafts.get(LOCAL) or next(iter(drafts.values()))
    told = {each.values.get("field") for each in owner.mistakes}  # there, and no good: said once
    if fields and not fields.get("id") and "id" not in told:  # without any, it is told why
        found.add(owner.shown, 1, "no_id", suggestion=id)
    if fields and not fields.get("title") and "title" not in told:
        found.add(owner.shown, 1, "no_title")
    sections: list[Section] = []
    places: dict[str, tuple[str, int]] = {}
    for part in parts:
        draft = drafts.get(part.section.source, owner)
        section = part.section
        if section.audience == UNIT and not section.unit:
            section = msgspec.structs.replace(section, unit=fields.get("unit", ""))
            if not section.unit:
                found.add(draft.shown, section.line, "section_no_unit")
        sections.append(section)
        places[section.key] = (draft.shown, section.line)
        root = means.roots[section.source]
        found.look_into(
            Place(section.key, draft.shown, part.text_line, draft.path.parent, root), section.text
        )
    found.look_across()
    if not any(section.text.strip() for section in sections) and not owner.mistakes:
        found.add(owner.shown, 0, "no_text")
    paths = tuple(dict.fromkeys(draft.shown for draft in drafts.values()))
    known = {name: value for name, value in fields.items() if name in Article.__struct_fields__}
    values = {"title": id, "summary": "", "language": "da", **known, "id": id}
    article = Article(
        **values,
        sections=tuple(sections),
        files=tuple(found.files[name] for name in sorted(found.files)),
        source=BOTH if len(drafts) > 1 else next(iter(drafts)),
        paths=paths,
    )
    origin = Origin(
        fields=_field_places(drafts),
        sections=places,
        links=tuple(found.links),
        outside=tuple(found.outside),
        path=owner.shown,
    )
    return Built(article, tuple(found.mistakes), (), origin, found.parsed)


def _field_places(drafts: Mapping[str, Draft]) -> dict[str, tuple[str, int]]:
    places: dict[str, tuple[str, int]] = {}
    for source in (NATIONAL, LOCAL):
        if draft := drafts.get(source):
            places |= {name: (draft.shown, line) for name, line in draft.lines.items()}
    return places
