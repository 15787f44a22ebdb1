"""What a page says, as text that people can compare: Markdown in one form, whoever wrote the HTML.

Our page and the site's differ in markup, spaces and addresses though they say the same; here they
become the same lines.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from html import escape, unescape
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import nh3

from connector.article import ArticlePage, LivePage

Link = Callable[[str], str]
"""link(address) -> what stands for it: "article:ID", "file:NAME", a web address, "" for none."""

_TAGS = {
    *("a", "b", "blockquote", "br", "code", "dd", "del", "dl", "dt", "em", "hr", "i", "img", "li"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "strong", "sub", "sup", "table"),
    *("tbody", "td", "tfoot", "th", "thead", "tr", "ul"),
}
_ATTRIBUTES = {"a": {"href"}, "img": {"src", "alt"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto", "tel", "article", "file"}
_ADDRESS = re.compile(r'(<(?:a href|img src)=")([^"]*)(")')
_IMAGE = re.compile(r'<img src="([^"]*)"')


def markdown(html: str, link: Link) -> str:
    """A text in HTML as Markdown: ATX headings, hyphens for lists, no line longer than it was."""
    from markdownify import markdownify

    def address(found: re.Match[str]) -> str:
        made = escape(link(unescape(found[2])))
        return f"{found[1]}{made}{found[3]}" if made else "<a" if found[1][1] == "a" else found[0]

    clean = nh3.clean(html, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=_SCHEMES, link_rel=None)
    made = str(markdownify(_ADDRESS.sub(address, clean), heading_style="ATX", bullets="-"))
    lines = [line.rstrip() for line in made.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def page_text(page: ArticlePage, addresses: Mapping[str, str] | None = None) -> str:
    """What our page says: title, summary, sections. Of `addresses`, None knows every article."""
    return "\n\n".join(
        part for part in (f"# {page.title}", page.summary, body_text(page, addresses)) if part
    )


def body_text(page: ArticlePage, addresses: Mapping[str, str] | None = None) -> str:
    """The sections of our page. A link to an article that has no address is its words alone."""

    def link(address: str) -> str:
        kind, _, rest = address.partition(":")
        if kind == "article":
            id = rest.partition("#")[0]
            return f"article:{id}" if addresses is None or addresses.get(id) else ""
        return address

    return "\n\n".join(text for part in page.parts if (text := markdown(part.html, link)))


def live_body(live: LivePage, addresses: Mapping[str, str], files: tuple[str, ...]) -> str:
    """What the site's page says, its addresses ours again where they are of ours."""
    return markdown(live.html, site_links(live, addresses, files))


def site_links(live: LivePage, addresses: Mapping[str, str], files: tuple[str, ...]) -> Link:
    """From an address on a page of the site to what the article's source would say.

    `addresses` are those of our pages by article, `files` the names of the page's files.
    """
    known = {plain_address(url): id for id, url in addresses.items() if url}
    names = {name.rpartition("/")[2].casefold(): name for name in files}

    def link(address: str) -> str:
        if address.startswith(("article:", "mailto:", "tel:", "#")):
            return address
        whole, key = urldefrag(urljoin(live.url, address))
        id = known.get(plain_address(whole))
        if id is not None:
            return f"article:{id}"
        steps = (unquote(step).casefold() for step in urlsplit(whole).path.split("/"))
        named = next((names[step] for step in steps if step in names), "")
        if named:
            return f"file:{named}"
        return f"{whole}#{key}" if key else whole

    return link


def plain_address(url: str) -> str:
    """An address without what does not tell pages apart: a last slash, /view."""
    return urldefrag(url)[0].rstrip("/").removesuffix("/view")


def says_the_same(live: LivePage, page: ArticlePage, addresses: Mapping[str, str]) -> bool:
    """Whether the site's page shows just this page's text and title, and nothing beside them."""
    if live.title and live.title != page.title:
        return False
    shown = live_body(live, addresses, tuple(each.name for each in page.files))
    body = body_text(page, addresses)
    heads = (f"# {page.title}", page.summary)
    with_heads = ("\n\n".join((*heads[n:], body)).strip() for n in range(3))
    return _squeezed(shown) in {_squeezed(each) for each in (*with_heads, body)}


def difference(before: str, after: str, names: tuple[str, str] = ("", "")) -> str:
    """A unified difference of two texts; "" when they are the same."""
    made = difflib.unified_diff(before.splitlines(), after.splitlines(), *names, n=2, lineterm="")
    return "\n".join(made)


def _squeezed(text: str) -> str:
    """The text with images by their words alone: a site names them as it likes."""
    return re.sub(r"\s+", " ", re.sub(r"(!\[[^\]]*\])\([^)]*\)", r"\1", text)).strip()
