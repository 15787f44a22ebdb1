"""An article's Markdown: cut into sections, looked into, made HTML.

CommonMark with tables, by markdown-it-py. Raw HTML is let through by the parser and cleaned
afterwards (rendering.py), so that what is dangerous can be named with its line and does not vanish.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import msgspec
import nh3
from markdown_it import MarkdownIt
from markdown_it.common.normalize_url import normalizeLink

if TYPE_CHECKING:
    from markdown_it.token import Token

_BRACES = re.compile(r"[ \t]*\{([^{}]*)\}[ \t]*$")
_ATTRIBUTE = re.compile(
    r"""\s*(?:\#(?P<key>[^\s.#=}"]+)|\.(?P<mark>[^\s.#=}"]+)"""
    r"""|(?P<name>\w+)=(?:"(?P<quoted>[^"]*)"|(?P<bare>[^\s"}]+)))(?=\s|$|[.#])"""
)
_LETTERS = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "ß": "ss", "ö": "oe", "ä": "ae"})
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
# What runs, embeds or takes input, and what Markdown has its own way to write (which is then looked
# into): refused by name, never only cleaned away.
_DANGEROUS = re.compile(
    r"<\s*(script|iframe|object|embed|frame|frameset|applet|form|input|button|style|link|meta|base"
    r"|svg|math|video|audio|template|img|a|h[1-6]|body|html|head|title|textarea|select)\b"
    r"|<[^<>]*\s(on[a-z]+)\s*=",
    re.IGNORECASE,
)


class Cut(msgspec.Struct, frozen=True):
    """One section as the file has it; `attributes` is what stands between the braces, or None."""

    heading: str
    text: str
    line: int  # of the heading, from 1 in the body; of the first line for what has no heading
    text_line: int  # of the text's first line, from 1 in the body
    attributes: str | None = None
    is_top: bool = False  # what stands before the first heading


class Link(msgspec.Struct, frozen=True):
    """A link or an image in a section."""

    target: str  # as written, percent signs undone
    text: str  # what is read: the link's text or the image's text alternative
    line: int  # from 1 in the section's text
    is_image: bool = False


class Parsed(msgspec.Struct, frozen=True):
    """The text of one section as HTML, and what it holds, with lines from 1 in that text.

    The HTML is sanitised. Its links are `article:ID#KEY`, `#KEY`, `file:NAME` or of the web.
    """

    html: str = ""
    links: tuple[Link, ...] = ()
    dangerous: tuple[tuple[int, str], ...] = ()  # line, name of the tag or attribute
    headings: tuple[tuple[int, int], ...] = ()  # line, level; those within the section
    labels: tuple[str, ...] = ()  # of link definitions ("[pas]: https://..."), all in one case


_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "caption", "code", "dd", "del", "details", "div", "dl",
    "dt", "em", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "ol", "p",
    "pre", "q", "s", "small", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td",
    "tfoot", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href"},
    "abbr": {"title"},
    "img": {"src", "alt"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "span": {"lang"},
}
_SCHEMES = {"http", "https", "mailto", "tel", "article", "file"}
_PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9:/#?&=.,;_~@+-]*")
_MARKED = re.compile(r"[^\w ,.:;?()/%+=§'–-]")  # what may mean something in Markdown or HTML


@functools.cache
def parser() -> MarkdownIt:
    """CommonMark, tables; every address is let through: inspecting.py judges and names them."""
    made = MarkdownIt("commonmark", {"html": True}).enable("table")
    made.validateLink = lambda url: True  # type: ignore[method-assign]  # noqa: ARG005
    made.normalizeLink = _normalized  # type: ignore[method-assign, assignment]
    return made


def _normalized(address: str) -> str:
    """An address as it is sent. Plain ones are so already, and asking takes a third of a parse."""
    return address if _PLAIN_ADDRESS.fullmatch(address) else normalizeLink(address)


@functools.cache
def _blocks() -> MarkdownIt:
    """Finds headings alone: three times as fast as the whole."""
    return MarkdownIt("commonmark", {"html": True}).enable("table").disable("inline")


def slug(text: str) -> str:
    """A key or id made of words, of a to z, digits and hyphens: "Æbler på ø" is aebler-paa-oe.

    "" when nothing is left.
    """
    plain = unicodedata.normalize("NFC", text).lower().translate(_LETTERS)
    plain = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def cut(body: str) -> list[Cut]:
    """The sections of a body, first what stands before the first heading when there is any.

    Only headings of level 2 in the text itself begin a section: not those in code, lists or quotes.
    """
    lines = body.split("\n")
    starts = _headings(body)
    sections: list[Cut] = []
    before = "\n".join(lines[: starts[0][0]] if starts else lines)
    if before.strip():
        blank = len(before) - len(before.lstrip("\n"))
        sections.append(Cut("", before.strip("\n").rstrip(), 1, blank + 1, is_top=True))
    for index, (first, after, heading) in enumerate(starts):
        end = starts[index + 1][0] if index + 1 < len(starts) else len(lines)
        braces = _BRACES.search(heading)
        shown = heading[: braces.start()] if braces else heading
        text = "\n".join(lines[after:end])
        blank = len(text) - len(text.lstrip("\n"))
        written = braces[1] if braces else None
        text = text.strip("\n").rstrip()
        sections.append(Cut(shown.strip(), text, first + 1, after + blank + 1, written))
    return sections


# What makes a ## at the start of a line perhaps no heading, or something else one: code, HTML,
# headings underlined with hyphens, those indented or closed with #.
_DOUBTFUL = re.compile(
    r"```|~~~|^[ \t]*<|^[ \t]*-+[ \t]*$|^[ \t]+##|^##.*(?:#[ \t]*$|\\)", re.MULTILINE
)
_HEADING = re.compile(r"^##(?:[ \t]+(.*))?$")


def _headings(body: str) -> list[tuple[int, int, str]]:
    """The headings of level 2: first line, line after, words. Line numbers are from 0.

    The parser is asked only where reading the lines could be wrong: it takes a hundred times as
    long.
    """
    if _DOUBTFUL.search(body):
        return _parsed_headings(body)
    found = []
    for number, line in enumerate(body.split("\n")):
        if heading := _HEADING.match(line):
            found.append((number, number + 1, (heading[1] or "").strip()))
    return found


def _parsed_headings(body: str) -> list[tuple[int, int, str]]:
    tokens = _blocks().parse(body)
    return [
        (token.map[0], token.map[1], tokens[index + 1].content)
        for index, token in enumerate(tokens)
        if token.type == "heading_open" and token.tag == "h2" and not token.level and token.map
    ]


class Attributes(msgspec.Struct, frozen=True):
    """What stands between the braces of a heading."""

    key: str = ""
    marks: tuple[str, ...] = ()
    values: dict[str, str] = {}
    rest: str = ""  # what could not be read


def attributes(written: str) -> Attributes:
    """`#key .staff unit="Borgerservice"` read."""
    key, at = "", 0
    marks: list[str] = []
    values: dict[str, str] = {}
    while written[at:].strip():
        found = _ATTRIBUTE.match(written, at)
        if found is None or (found["key"] and key):
            return Attributes(key, tuple(marks), values, written[at:].strip())
        at = found.end()
        if found["key"]:
            key = found["key"]
        elif found["mark"]:
            marks.append(found["mark"])
        else:
            values[found["name"]] = found["quoted"] if found["bare"] is None else found["bare"]
    return Attributes(key, tuple(marks), values)


def parse(text: str) -> Parsed:
    """A section's text."""
    links: list[Link] = []
    dangerous: list[tuple[int, str]] = []
    headings: list[tuple[int, int]] = []
    env: dict[str, Any] = {}
    tokens = parser().parse(text, env)
    for token in tokens:
        line = token.map[0] + 1 if token.map else 0
        if token.type == "heading_open":
            headings.append((line, int(token.tag[1:])))
        elif token.type == "th_open":
            token.attrSet("scope", "col")
        elif token.type == "html_block":
            dangerous += _dangerous(token.content, line)
        elif token.type == "inline":
            for inner, at in _with_lines(token, line):
                if inner.type == "html_inline":
                    dangerous += _dangerous(inner.content, at)
            links += _links(token, line)
            _lead(token)
    html = parser().renderer.render(tokens, parser().options, {})
    labels = tuple(env.get("references", ()))
    return Parsed(_clean(str(html)), tuple(links), tuple(dangerous), tuple(headings), labels)


def inline_html(text: str) -> str:
    """A heading's words as sanitised HTML."""
    if not _MARKED.search(text):
        return text
    tokens = parser().parseInline(text)
    return _clean(str(parser().renderer.render(tokens, parser().options, {})))


def _clean(html: str) -> str:
    return nh3.clean(
        html, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=_SCHEMES, link_rel=None
    ).strip()


def _lead(token: Token) -> None:
    """Give the links of a block the form that publishers know: a bare name is a file's."""
    for inner in token.children or ():
        name = {"link_open": "href", "image": "src"}.get(inner.type)
        if name is None:
            continue
        target = _target_of(str(inner.attrs.get(name, "")))
        scheme = SCHEME.match(target)
        if scheme is None and target and not target.startswith(("#", "/")):
            inner.attrs[name] = f"file:{target}"
        elif target.startswith("#") or (scheme and scheme[1].lower() in ("article", "file")):
            inner.attrs[name] = target


def _target_of(written: str) -> str:
    """Where a link leads: an address of the web as it is sent, all others with no percent signs.

    A file is named without what follows # or ?.
    """
    scheme = SCHEME.match(written)
    kind = scheme[1].lower() if scheme else ""
    if kind in ("http", "https"):
        return written
    if kind == "file" or not (kind or written.startswith(("#", "/"))):
        written = written.partition("#")[0].partition("?")[0]
    return unicodedata.normalize("NFC", unquote(written))


def _dangerous(html: str, line: int) -> Iterator[tuple[int, str]]:
    for found in _DANGEROUS.finditer(html):
        name = (found[1] or found[2]).lower()
        yield line + html.count("\n", 0, found.start()), name


def _with_lines(token: Token, line: int) -> Iterator[tuple[Token, int]]:
    """The inline tokens of one block, each with its line."""
    for inner in token.children or ():
        yield inner, line
        if inner.type in ("softbreak", "hardbreak"):
            line += 1


def _links(token: Token, line: int) -> Iterator[Link]:
    """The links and images of one block, each once, with what is read of it."""
    opened: list[tuple[str, int, list[str]]] = []
    for inner, at in _with_lines(token, line):
        if inner.type == "link_open":
            opened.append((str(inner.attrs.get("href", "")), at, []))
        elif inner.type == "link_close" and opened:
            target, began, words = opened.pop()
            yield Link(_target_of(target), "".join(words).strip(), began)
        elif inner.type == "image":
            alt = "".join(child.content for child in inner.children or ()).strip()
            if opened:
                opened[-1][2].append(alt)
            yield Link(_target_of(str(inner.attrs.get("src", ""))), alt, at, is_image=True)
        elif opened:
            opened[-1][2].append(inner.content)
