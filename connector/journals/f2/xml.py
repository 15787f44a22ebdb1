"""F2's XML, read safely: no document type, no entities of its own, no namespaces to think of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from xml.parsers import expat

import msgspec

_DEEPEST = 60


class XmlError(ValueError):
    """Not well-formed, or with a document type, which F2 never sends."""


class Node(msgspec.Struct):
    """An element: its name without the namespace, its attributes, its text and its children."""

    name: str
    attributes: Mapping[str, str]
    text: str
    children: list[Node]

    def child(self, name: str) -> Node | None:
        """The first child of this name."""
        return next((each for each in self.children if each.name == name), None)

    def all(self, name: str) -> Iterator[Node]:
        """Its children of this name."""
        return (each for each in self.children if each.name == name)

    def value(self, name: str) -> str:
        """The text of the first child of this name; "" without one, and for xsi:nil."""
        found = self.child(name)
        return found.text.strip() if found is not None else ""

    def link(self, rel: str) -> str:
        """The address of its first <Link> of this relation; "" without one."""
        for each in self.all("Link"):
            if each.attributes.get("rel") == rel:
                return each.attributes.get("href", "")
        return ""


def parse(body: bytes) -> Node:
    """The root element. Raises XmlError.

    A document type is refused as a whole: entities that grow (and files that are read by name) are
    declared there and nowhere else.
    """
    top = Node("", {}, "", [])
    stack = [top]

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(stack) > _DEEPEST:
            raise XmlError("nested too deep")
        node = Node(_local(name), {_local(key): value for key, value in attributes.items()}, "", [])
        stack[-1].children.append(node)
        stack.append(node)

    def end(_name: str) -> None:
        stack.pop()

    def characters(text: str) -> None:
        stack[-1].text += text

    def refuse(*_args: object) -> None:
        raise XmlError("it has a document type")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise XmlError(f"line {error.lineno}") from error
    return top.children[0]


def _local(name: str) -> str:
    return name.rpartition(" ")[2]
