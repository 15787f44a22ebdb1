"""Three texts of an article made one: the national text that the local one was written against, the
national one as it is now, and the local one. Section by section, and pure.

| national since then | local | result |
|---|---|---|
| unchanged | replaced or hidden | the local |
| changed | untouched | the national |
| changed | the same change | that |
| changed or removed | replaced or hidden otherwise | a conflict: a person decides |
| added | added, another text under the same key | a conflict |

Until a person has decided, the article stays as it was last accepted: the local text over the
national one that it was written against. No local text is ever dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from connector.articles.drafts import Part

Said = tuple[str, str, str, str] | str | None


class Clash(msgspec.Struct, frozen=True, kw_only=True):
    """One section that both sides changed; None: not there, or hidden."""

    key: str
    base: Part | None
    national: Part | None
    local: Part | None


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """The sections of the article in their order, and what nobody has decided yet."""

    parts: tuple[Part, ...]
    clashes: tuple[Clash, ...] = ()
    lost: tuple[Part, ...] = ()  # new sections whose `after` names no section; they stand last
    hides_nothing: tuple[Part, ...] = ()  # hidden sections that are not there


def merge(base: Sequence[Part], national: Sequence[Part], local: Sequence[Part]) -> Merged:
    """The local sections laid over the national ones; over `base` as long as there is a clash."""
    clashes = find_clashes(base, national, local)
    return lay(base if clashes else national, local, clashes)


def find_clashes(
    base: Sequence[Part], national: Sequence[Part], local: Sequence[Part]
) -> tuple[Clash, ...]:
    """The sections that both sides changed, each in its own way."""
    was, now = _by_key(base), _by_key(national)
    found = []
    for part in local:
        key = part.section.key
        before, theirs = was.get(key), now.get(key)
        ours = None if part.is_hidden else part
        if is_clash(_said(before), _said(theirs), _said(ours)):
            found.append(Clash(key=key, base=before, national=theirs, local=ours))
    return tuple(found)


def is_clash(base: Said, national: Said, local: Said) -> bool:
    """Whether the national text changed, and not to what the local one says."""
    return national not in (base, local)


def lay(under: Sequence[Part], local: Sequence[Part], clashes: tuple[Clash, ...] = ()) -> Merged:
    """The local sections over `under`: replaced and hidden in place, new ones where they say.

    Several new ones after the same section stand in the order of their file.
    """
    ours = _by_key(local)
    there = _by_key(under)
    placed = [ours.get(part.section.key, part) for part in under]
    follows: dict[str, str] = {}  # new section -> the one it stands after
    lost: list[Part] = []
    for part in local:
        key = part.section.key
        if key in there or part.is_hidden:
            continue
        keys = [each.section.key for each in placed]
        if part.after in keys:
            at = keys.index(part.after) + 1
            while at < len(keys) and follows.get(keys[at]) == part.after:
                at += 1
            follows[key] = part.after
            placed.insert(at, part)
        else:
            lost += [part] if part.after else []
            placed.append(part) if key else placed.insert(0, part)
    return Merged(
        parts=tuple(part for part in placed if not part.is_hidden),
        clashes=clashes,
        lost=tuple(lost),
        hides_nothing=tuple(p for p in local if p.is_hidden and p.section.key not in there),
    )


def _by_key(parts: Sequence[Part]) -> Mapping[str, Part]:
    return {part.section.key: part for part in parts}


def _said(part: Part | None) -> Said:
    return None if part is None else part.said
