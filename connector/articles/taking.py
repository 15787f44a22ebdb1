"""What a person wrote on a live page, section by section, as it should stand in the source. Pure.

The page as we left it and the page as it is are compared with each other, so that what the site
adds to every page (labels, the summary, dates) is not taken for a person's text.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

import msgspec

from connector.article import ArticlePage
from connector.articles.comparing import Link, markdown
from connector.articles.markdown import cut, slug

CHANGED, ADDED, HIDDEN, TITLE, SUMMARY = "changed", "added", "hidden", "title", "summary"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a person changed. `text` is Markdown: of a section, or a field's value."""

    kind: str
    key: str = ""
    heading: str = ""
    text: str = ""
    after: str = ""  # of an added section: the key of the one before it


class Part(msgspec.Struct, frozen=True):
    """A section of a page as blocks (paragraphs, lists, headings of lower levels)."""

    heading: str
    blocks: tuple[str, ...]


def changes(page: ArticlePage, left: str, live: str, link: Link) -> list[Change]:
    """What differs between two texts in HTML of the same page: as we left it, and as it is."""
    ours = [_cut(markdown(part.html, link)) for part in page.parts]
    before, after = _cut(markdown(left, link)), _cut(markdown(live, link))
    keys = _keys(page, ours, before)
    found: list[Change] = []
    added_by = {key: _added_by_site(parts, before) for key, parts in _own(page, ours).items()}
    if summary := _summary(page, before[0], after[0]):
        found.append(summary)
    taken = {each.key for each in page.parts}
    last = ""
    for was, now in _pairs(before, after):
        key = keys.get(id(was), "")
        if now is None:
            found.append(Change(kind=HIDDEN, key=key, heading=was.heading if was else ""))
            continue
        if was is None:
            key = _free(slug(now.heading) or "afsnit", taken)
            taken.add(key)
            text = "\n\n".join(now.blocks)
            found.append(Change(kind=ADDED, key=key, heading=now.heading, text=text, after=last))
        elif was != now:
            drop = {*added_by.get(key, set()), page.summary, f"# {page.title}"}
            drop |= {summary.text} if summary and not key else set()
            text = "\n\n".join(_without_titles(now.blocks, drop, is_first=not was.heading))
            same = "\n\n".join(_without_titles(was.blocks, drop, is_first=not was.heading))
            if text != same or was.heading != now.heading:
                found.append(Change(kind=CHANGED, key=key, heading=now.heading, text=text))
        last = key
    return found


def _cut(text: str) -> list[Part]:
    """A page's Markdown cut at its headings of level 2; the first part has none."""
    found = cut(text)
    parts = [] if found and found[0].is_top else [Part("", ())]
    for one in found:
        braces = "" if one.attributes is None else f" {{{one.attributes}}}"  # words on a page
        parts.append(Part(one.heading + braces, _blocks(one.text)))
    return parts


def _blocks(text: str) -> tuple[str, ...]:
    return tuple(block.strip("\n") for block in text.strip("\n").split("\n\n") if block.strip())


def _keys(
    page: ArticlePage, ours: Sequence[Sequence[Part]], before: Sequence[Part]
) -> dict[int, str]:
    """The key of each part of the page as we left it, by the part itself, for two may be equal.

    The same headings stand in the same order.
    """
    known = [(parts[-1].heading, part.key) for part, parts in zip(page.parts, ours, strict=True)]
    found: dict[int, str] = {}
    for part in before:
        match = next((each for each in known if each[0] == part.heading), None)
        if match is not None:
            known.remove(match)
            found[id(part)] = match[1]
    return found


def _own(page: ArticlePage, ours: Sequence[Sequence[Part]]) -> dict[str, Part]:
    return {part.key: parts[-1] for part, parts in zip(page.parts, ours, strict=True)}


def _added_by_site(own: Part, before: Sequence[Part]) -> set[str]:
    """Blocks of the site's page in this section that are not of our text: labels of the site."""
    shown = next((each for each in before if each.heading == own.heading), None)
    return set(shown.blocks) - set(own.blocks) if shown is not None else set()


def _summary(page: ArticlePage, before: Part, after: Part) -> Change | None:
    """A changed summary, where the site shows it above the text."""
    if not page.summary or page.summary not in before.blocks or page.summary in after.blocks:
        return None
    # What stands now where it stood, between the same neighbours.
    place = before.blocks.index(page.summary)
    if place >= len(after.blocks) or after.blocks[place] in before.blocks:
        return None
    return Change(kind=SUMMARY, text=after.blocks[place])


def _pairs(
    before: Sequence[Part], after: Sequence[Part]
) -> Iterator[tuple[Part | None, Part | None]]:
    """Sections beside each other: by their headings, and in a changed place by their order."""
    names = [part.heading for part in before], [part.heading for part in after]
    matcher = difflib.SequenceMatcher(a=names[0], b=names[1], autojunk=False)
    for _tag, a, b, c, d in matcher.get_opcodes():
        was: list[Part | None] = list(before[a:b])
        now: list[Part | None] = list(after[c:d])
        for n in range(max(len(was), len(now))):
            yield (was[n] if n < len(was) else None, now[n] if n < len(now) else None)


def _without_titles(blocks: Sequence[str], drop: set[str], *, is_first: bool) -> Iterator[str]:
    for block in blocks:
        is_title = is_first and block.startswith("# ")
        if block not in drop and not is_title:
            yield block


def _free(key: str, taken: set[str]) -> str:
    number, made = 2, key
    while made in taken:
        made, number = f"{key}-{number}", number + 1
    return made
