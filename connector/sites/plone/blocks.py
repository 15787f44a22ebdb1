"""A text as the blocks that Volto shows, and blocks as a text: title, slate, images and tables.

Both ways are here, because the fingerprint of a page is taken of what its blocks say. The forms are
Volto's (slate 18): paragraphs, headings, lists and quotations are one slate block each.
"""

from __future__ import annotations

import html
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import lxml.html

Block = dict[str, Any]
Node = dict[str, Any]

_HEADINGS = frozenset({"h2", "h3", "h4", "h5", "h6"})
_LISTS = frozenset({"ul", "ol"})
_MARKS = {
    "strong": "strong", "b": "strong", "em": "em", "i": "em", "code": "code", "sub": "sub",
    "sup": "sup", "del": "del", "s": "del",
}  # fmt: skip
_WRAPPERS = frozenset({"div", "section", "article", "figure", "dl"})
_SPACE = uuid.UUID("8f3c2a1e-5d0b-4a57-9c3e-2b7d64f10a95")


def fields_of(text: str, page_id: str) -> dict[str, object]:
    """`blocks` and `blocks_layout` of a text. The same text gives the same ones."""
    made: list[Block] = [{"@type": "title"}]
    root = lxml.html.fragment_fromstring(text, create_parent="div")
    made += _blocks(root)
    names = [str(uuid.uuid5(_SPACE, f"{page_id} {number}")) for number in range(len(made))]
    return {
        "blocks": dict(zip(names, made, strict=True)),
        "blocks_layout": {"items": names},
    }


def html_of(blocks: Mapping[str, Block], order: Sequence[str]) -> str:
    """What blocks say. One of a kind that is not made here is given whole: a person added it."""
    return "\n".join(_block_html(blocks[name]) for name in order if name in blocks)


# -- a text as blocks -----------------------------------------------------------------------------


def _blocks(parent: Any) -> Iterator[Block]:
    if (parent.text or "").strip():
        yield _slate("p", [{"text": _spaced(parent.text)}])
    for element in parent:
        tag = element.tag if isinstance(element.tag, str) else ""
        if tag in _WRAPPERS:
            yield from _blocks(element)
        elif tag == "table":
            yield _table(element)
        elif tag:
            yield from _text_blocks(tag, element)
        if (element.tail or "").strip():
            yield _slate("p", [{"text": _spaced(element.tail)}])


def _text_blocks(tag: str, element: Any) -> Iterator[Block]:
    if tag in _LISTS:
        made = _slate(tag, _items(element))
    elif tag in _HEADINGS or tag == "blockquote":
        made = _slate(tag, _inline(element))
    elif tag == "pre":
        made = _slate("p", [{"text": ""}, _mark("code", element.text_content()), {"text": ""}])
    else:
        made = _slate("p", _inline(element))
    if made["plaintext"].strip():
        yield made
    for image in [element] if tag == "img" else element.iter("img"):
        yield {"@type": "image", "url": image.get("src", ""), "alt": image.get("alt", "")}


def _slate(kind: str, children: list[Node]) -> Block:
    node: Node = {"type": kind, "children": children}
    return {"@type": "slate", "value": [node], "plaintext": _plain(node)}


def _mark(kind: str, text: str) -> Node:
    return {"type": kind, "children": [{"text": text}]}


def _items(element: Any) -> list[Node]:
    return [{"type": "li", "children": _inline(each)} for each in element.iter("li")
            if each.getparent() is element]  # fmt: skip


def _inline(element: Any) -> list[Node]:
    """What stands in one line of text, each piece between two texts, as slate wants it."""
    made: list[Node] = [{"text": _spaced(element.text)}]
    for child in element:
        made += _piece(child)
        made.append({"text": _spaced(child.tail)})
    return _joined(made)


def _piece(child: Any) -> list[Node]:
    tag = child.tag if isinstance(child.tag, str) else ""
    if not tag or tag == "img":
        return []
    if tag == "br":
        return [{"text": "\n"}]
    if tag == "a" and child.get("href"):
        return [{"type": "link", "data": {"url": child.get("href")}, "children": _inline(child)}]
    if tag in _LISTS:
        return [{"type": tag, "children": _items(child)}]
    if tag in _MARKS:
        return [{"type": _MARKS[tag], "children": _inline(child)}]
    return _inline(child)


def _joined(nodes: list[Node]) -> list[Node]:
    """Texts that follow each other made one."""
    made: list[Node] = []
    for node in nodes:
        if made and "text" in node and "text" in made[-1]:
            made[-1] = {"text": made[-1]["text"] + node["text"]}
        else:
            made.append(node)
    return made


def _table(element: Any) -> Block:
    rows = []
    for number, row in enumerate(element.iter("tr")):
        cells = [
            {
                "key": f"{number}-{place}",
                "type": "header" if cell.tag == "th" else "data",
                "value": [{"type": "p", "children": _inline(cell)}],
            }
            for place, cell in enumerate(row)
            if cell.tag in ("th", "td")
        ]
        rows.append({"key": str(number), "cells": cells})
    return {"@type": "slateTable", "table": {"celled": True, "hideHeaders": False, "rows": rows}}


def _spaced(text: str | None) -> str:
    """Spaces and line breaks of the source as one space each."""
    if not text:
        return ""
    words = " ".join(text.split())
    return f"{' ' if text[0].isspace() else ''}{words}{' ' if words and text[-1].isspace() else ''}"


def _plain(node: Node) -> str:
    if "text" in node:
        return str(node["text"])
    return "".join(_plain(child) for child in node.get("children", ()))


# -- blocks as a text -----------------------------------------------------------------------------


def _block_html(block: Block) -> str:
    kind = block.get("@type")
    if kind == "title":
        return ""
    if kind == "slate":
        return "".join(_node_html(node) for node in block.get("value") or ())
    if kind == "image":
        src, alt = html.escape(str(block.get("url", ""))), html.escape(str(block.get("alt", "")))
        return f'<p><img src="{src}" alt="{alt}"></p>'
    if kind == "slateTable":
        rows = (block.get("table") or {}).get("rows") or ()
        return f"<table>{''.join(_row_html(row) for row in rows)}</table>"
    return f"<pre>{html.escape(json.dumps(block, sort_keys=True, ensure_ascii=False))}</pre>"


def _row_html(row: Mapping[str, Any]) -> str:
    made = []
    for cell in row.get("cells") or ():
        tag = "th" if cell.get("type") == "header" else "td"
        inner = "".join(_node_html(node) for node in cell.get("value") or ())
        made.append(f"<{tag}>{inner.removeprefix('<p>').removesuffix('</p>')}</{tag}>")
    return f"<tr>{''.join(made)}</tr>"


def _node_html(node: Node) -> str:
    if "text" in node:
        return html.escape(str(node["text"])).replace("\n", "<br>")
    inner = "".join(_node_html(child) for child in node.get("children", ()))
    kind = str(node.get("type", "p"))
    if kind == "link":
        url = html.escape(str((node.get("data") or {}).get("url", "")))
        return f'<a href="{url}">{inner}</a>'
    return f"<{kind}>{inner}</{kind}>" if kind.isalnum() else inner
