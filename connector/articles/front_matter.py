"""The lines at the top of an article's file, between two lines of ---: YAML, read without trust.

Only what an article needs is taken: one mapping of names to texts or lists of texts. Every value
keeps the line it stands on. Values stay texts: YAML 1.1 would make `no` a false and 23.05 a number.
Anchors, aliases and tags are refused, so that no small file can become a large one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
import yaml

try:  # five times as fast; every wheel of PyYAML has it, a build of one's own may not
    from yaml import CSafeLoader as _Loader
except ImportError:  # pragma: no cover
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

_FENCE = re.compile(r"---[ \t]*\n")
_END = re.compile(r"^---[ \t]*$", re.MULTILINE)
_TAB = re.compile(r"^[ ]*\t", re.MULTILINE)
_ID = re.compile(r"^(?:id|overlays):[ \t]*[\"']?([^\s\"'#]+)", re.MULTILINE)


class Value(msgspec.Struct, frozen=True):
    """What stands behind a name, and where."""

    texts: tuple[str, ...]
    line: int  # in the file, from 1
    is_list: bool = False

    @property
    def text(self) -> str:
        """The value as one text; a list with commas between."""
        return ", ".join(self.texts)


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with the front matter: the end of a word key, and its values."""

    line: int
    key: str
    values: dict[str, str] = {}


class FrontMatter(msgspec.Struct, frozen=True):
    """The fields of a file and the text below them."""

    fields: dict[str, Value]
    faults: tuple[Fault, ...]
    body: str
    body_line: int  # of the body's first line, in the file
    guessed_id: str = ""  # what looks like the id, for a front matter that is no YAML


def split(text: str) -> FrontMatter:
    """The front matter and the body of a file's text, whose lines end with one line feed."""
    start = _FENCE.match(text)
    if start is None:
        return FrontMatter({}, (Fault(1, "no_front_matter"),), text, 1)
    end = _END.search(text, start.end())
    if end is None:
        fault = Fault(1, "front_matter_open")
        return FrontMatter({}, (fault,), "", 1, _guess(text[start.end() :]))
    block = text[start.end() : end.start()]
    body_line = text.count("\n", 0, end.end()) + 2
    fields, faults = _fields(block)
    return FrontMatter(fields, tuple(faults), text[end.end() + 1 :], body_line, _guess(block))


def _guess(block: str) -> str:
    found = _ID.search(block)
    return found[1] if found else ""


def _fields(block: str) -> tuple[dict[str, Value], list[Fault]]:
    if tab := _TAB.search(block):
        return {}, [Fault(block.count("\n", 0, tab.start()) + 2, "yaml_tab")]
    faults: list[Fault] = []
    try:
        events = yaml.parse(block, Loader=_Loader)
        return _mapping(events, faults), faults
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line if mark else 0
        lines = block.split("\n")
        shown = lines[line].strip() if line < len(lines) else ""
        return {}, [Fault(line + 2, "yaml", {"text": shown[:80]})]
    except (yaml.YAMLError, ValueError) as error:  # a character that YAML does not allow
        line = block.count("\n", 0, getattr(error, "position", 0) or 0)
        return {}, [Fault(line + 2, "yaml_character")]


def _mapping(events: Iterator[yaml.Event], faults: list[Fault]) -> dict[str, Value]:
    """The fields of the one mapping that `events` begin with."""
    fields: dict[str, Value] = {}
    next(events), next(events)  # the stream's and the document's start
    first = next(events, None)
    if first is None or isinstance(first, yaml.StreamEndEvent | yaml.DocumentEndEvent):
        return fields
    if not isinstance(first, yaml.MappingStartEvent):
        faults.append(Fault(_line(first), "yaml_no_fields"))
        return fields
    for event in events:
        if isinstance(event, yaml.MappingEndEvent):
            break
        line = _line(event)
        if not isinstance(event, yaml.ScalarEvent) or event.anchor or event.tag:
            faults.append(Fault(line, "yaml_special"))
            return fields  # what follows cannot be told apart any more
        name = event.value
        value = _value(next(events), events, name, faults)
        if name in fields:
            values = {"field": name, "line": str(fields[name].line)}
            faults.append(Fault(line, "field_twice", values))
        elif value is not None:
            fields[name] = value
    return fields


def _line(event: yaml.Event) -> int:
    """The line in the file; the block begins on the second."""
    return event.start_mark.line + 2 if event.start_mark else 2


def _value(
    event: yaml.Event, events: Iterator[yaml.Event], name: str, faults: list[Fault]
) -> Value | None:
    line = _line(event)
    texts: list[str] = []
    if isinstance(event, yaml.ScalarEvent) and not event.anchor and not event.tag:
        return Value((event.value.strip(),), line)
    is_plain = isinstance(event, yaml.SequenceStartEvent) and not event.anchor and not event.tag
    if not is_plain and not isinstance(event, yaml.CollectionStartEvent):
        faults.append(Fault(line, "yaml_special"))
        return None
    depth = 1
    for each in events:
        if isinstance(each, yaml.CollectionStartEvent):
            depth += 1
            is_plain = False
        elif isinstance(each, yaml.CollectionEndEvent):
            depth -= 1
            if not depth:
                break
        elif isinstance(each, yaml.ScalarEvent) and not each.anchor and not each.tag:
            texts.append(each.value.strip())
        else:
            is_plain = False
    if not is_plain:
        faults.append(Fault(line, "field_not_plain", {"field": name}))
        return None
    return Value(tuple(texts), line, is_list=True)
