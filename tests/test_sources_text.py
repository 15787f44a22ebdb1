"""HTML of chats and mails becomes the words that a person would read."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.sources import text
from connector.sources.text import card_text, plain
from tests.timing import cpu_s


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("hej", "hej"),
        ("a &amp; b &#248;", "a & b ø"),
        ("27.45.04-<b>P19</b>-12-24", "27.45.04-P19-12-24"),
        ("27.45.04&#8203;-P19&shy;-12-24", "27.45.04-P19-12-24"),
        ("sag&nbsp;27.45.04", "sag 27.45.04"),
        ("<p>en</p><p>to</p>", "en\nto"),
        ("<div>en<br>to<br/>tre</div>\n<div></div><p>fire</p>", "en\nto\ntre\nfire"),
        ('<p>spørg <at id="0">Bo Test</at> om det</p>', "spørg Bo Test om det"),
        ('<p>se her</p><attachment id="a1"></attachment>', "se her"),
        ("<ul><li>en</li><li>to</li></ul>", "en\nto"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a b"),
        ("en\nlinje i <b>kilden</b>", "en linje i kilden"),
        ("<script>alert('x<y')</script>hej<style>p{}</style> du", "hej du"),
        ("<!-- en <b>note</b> -->hej", "hej"),
        ('<p title="a > b">hej</p>', "hej"),
        ('<a href="https://x.example/?a=1&b=2">linket</a>', "linket"),
        (
            "sag <s>1-24</s> <DEL class='x'>2-24</DEL><strike>3</strike>",
            "sag ~~1-24~~ ~~2-24~~~~3~~",
        ),
        ("3 < 4 og 5 > 2 <b>ja</b>", "3 < 4 og 5 > 2 ja"),
        ("&lt;b&gt;ikke fed&lt;/b&gt;", "<b>ikke fed</b>"),
        ('<p>fint <emoji alt="👍"></emoji></p>', "fint 👍"),
        ('<img itemtype="http://schema.skype.com/Emoji" alt="😀" src="x">', "😀"),
        ("<P>STORE</P><P>tags</P>", "STORE\ntags"),
        ("<systemEventMessage/>", ""),
        ("", ""),
        ("nul\x00tegn", "nultegn"),
    ],
)
def test_words(content: str, words: str) -> None:
    """Mark-up goes, words stay in order, and numbers that were cut by it are whole again."""
    assert plain(content).text == words


ADDRESS = "https://borger.dk/x?y=1"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (f'<p>Se <a href="{ADDRESS}">klik her</a></p>', f"Se klik her ({ADDRESS})"),
        (f'Se <a href="{ADDRESS}">her</a>, og svar', f"Se her, ({ADDRESS}) og svar"),
        (f'<p><a href="{ADDRESS}">her</a></p><p>to</p>', f"her ({ADDRESS})\nto"),
        (f'<a href="{ADDRESS}">{ADDRESS}</a>', ADDRESS),
        ('<a href="https://www.borger.dk/">borger.dk</a>', "borger.dk"),
        ('<a href="https://borger.dk/b%C3%B8rn">https://borger.dk/børn</a>', "https://borger.dk/børn"),
        (f'<A title="t" HREF=\'{ADDRESS}\'><b>klik</b> her</A>', f"klik her ({ADDRESS})"),
        ('<a href="https://x.example/?a=1&amp;b=2&copy=3">nu</a>', "nu (https://x.example/?a=1&b=2&copy=3)"),
        (f'<a href="{ADDRESS}"><img src="x"></a>', f"({ADDRESS})"),
        ('<a href="mailto:bo@solby.example">Bo</a>', "Bo (bo@solby.example)"),
        ('<a href="mailto:bo@solby.example">bo@solby.example</a>', "bo@solby.example"),
        ('<a href="javascript:alert(1)">klik</a>', "klik"),
        ('<a href="java&#10;script:alert(1)">klik</a>', "klik"),
        ('<a href="file://server/x">klik</a>', "klik"),
        ('<a name="x">klik</a> <a>her</a></a>', "klik her"),
        (f'<a href="{ADDRESS}">et<a href="{ADDRESS}&b">to</a>', f"etto ({ADDRESS}) ({ADDRESS}&b)"),
        (f'27.45.04-<a href="{ADDRESS}">P19</a>-12-24 er', f"27.45.04-P19-12-24 ({ADDRESS}) er"),
        ('<a href="https://x.example/&lt;b&gt;">nu</a>', "nu (https://x.example/<b>)"),
    ],
)  # fmt: skip
def test_addresses(content: str, words: str) -> None:
    """Where the words of a link are not its address, it follows them; web and mail only."""
    assert plain(content, with_addresses=True).text == words
    assert "(" not in plain(content).text


def test_address_in_a_quote() -> None:
    """The address of a quoted link is quoted."""
    found = plain(
        '<blockquote itemtype="http://schema.skype.com/Reply">'
        f'<a href="{ADDRESS}">her</a></blockquote><p>tak</p>',
        with_addresses=True,
    )
    assert (found.text, found.quoted) == ("tak", f"her ({ADDRESS})")


def test_plain_bodies() -> None:
    """A body that is text already keeps its mark-up-like words."""
    assert plain("a <b> &amp; c", is_html=False).text == "a <b> &amp; c"


def test_quotes() -> None:
    """What is quoted in a reply is kept apart from the sender's own words."""
    found = plain(
        '<blockquote itemscope itemtype="http://schema.skype.com/Reply" itemid="1">'
        "<strong>Bo</strong><p>sag 27.45.04-P19-12-24?</p></blockquote><p>ja</p>"
    )
    assert (found.text, found.quoted) == ("ja", "Bo\nsag 27.45.04-P19-12-24?")
    assert plain("<blockquote>egne ord</blockquote>").text == "egne ord"


def test_images() -> None:
    """The sources of images are remembered in order."""
    assert plain('<p>a<img src="x/1" alt="b > c">d<img src=\'x/2\'></p>').images == ("x/1", "x/2")


def test_cards() -> None:
    """A card gives the words that it shows, each once, and no addresses."""
    card = {
        "type": "AdaptiveCard",
        "body": [{"type": "TextBlock", "text": "Sag <b>27.45.04</b>"}, {"items": [{"text": "x"}]}],
        "title": "Ny sag",
        "text": "https://sag.example/1",
        "deep": {"title": "Ny sag"},
    }
    assert card_text(card).split("\n") == ["Sag 27.45.04", "x", "Ny sag"]


@pytest.mark.parametrize("odd", [None, 3, "x", [], {"text": 4}, [[[[{"text": {}}]]]]])
def test_odd_cards(odd: Any) -> None:
    """A card of another form has no words."""
    assert card_text(odd) == ""


MARKUP = st.lists(
    st.sampled_from(
        [
            "<",
            ">",
            '"',
            "'",
            "<a href=https://x.dk>",
            "</a>",
            "<p>",
            "</p>",
            "<b",
            "a=",
            "&amp;",
            "&",
            "<!--",
            "-->",
            "x",
            " ",
        ]
    )
    | st.text(max_size=3),
    max_size=40,
).map("".join)


@given(MARKUP)
def test_never_fails(content: str) -> None:
    """Whatever stands in a body, the result is text without invisible characters."""
    found = plain(content, with_addresses=True).text
    assert not set(found) & {"\x00", "\u200b", "\xad"}
    assert found == found.strip()


ORDINARY = st.lists(
    st.sampled_from(
        ["<p>", "</p>", "<b>", "</b>", '<at id="0">', "</at>", "<br>", "27.45", "\n", " ", "ø"]
    ),
    max_size=30,
).map("".join)


@given(ORDINARY)
def test_both_ways_agree(content: str) -> None:
    """The quick way for ordinary bodies gives what the careful walk gives."""
    quick = text._simple(content)
    if quick is not None and "<" in content:
        assert text._tidy(quick) == text._Reader().read(content).text


@given(st.text(alphabet="abc æøå0123456789.-", max_size=60))
def test_words_survive(words: str) -> None:
    """Words in a paragraph come out as they went in, but for runs of spaces."""
    assert plain(f"<div><p>{words}</p></div>").text == " ".join(words.split())


@pytest.mark.parametrize(
    "piece",
    [
        '<a "', "<!--", '<a b="', "<b", "&", "<blockquote>", "< ", "<p>  ",
        "<a href='http://x'>", "<a href='http://x'>y</a>", "<a href=http://x> y",
    ],
)  # fmt: skip
def test_hostile_bodies(piece: str) -> None:
    """A body that is ten times as long takes about ten times as long, not a hundred."""
    plain(piece * 100)
    read = partial(plain, with_addresses=True)
    times = [cpu_s(lambda count=count: read(piece * count)) for count in (5_000, 50_000)]
    assert times[1] < max(0.5, 40 * times[0])
