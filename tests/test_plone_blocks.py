"""A text as Volto's blocks and back: nothing that a reader reads is lost on the way."""

from __future__ import annotations

from typing import Any

import pytest

from connector.sites.fingerprints import plain
from connector.sites.plone.blocks import fields_of, html_of


def blocks(text: str) -> list[dict[str, Any]]:
    """The blocks of a text, in order."""
    made: Any = fields_of(text, "pas")
    return [made["blocks"][name] for name in made["blocks_layout"]["items"]]


def there_and_back(text: str) -> str:
    made: Any = fields_of(text, "pas")
    return html_of(made["blocks"], made["blocks_layout"]["items"]).strip()


@pytest.mark.parametrize(
    "text",
    [
        "<p>Et pas gælder i ti år.</p>",
        "<h2>Sådan</h2>\n<h3>Først</h3>\n<p>Ring <strong>nu</strong>.</p>",
        '<p>Se <a href="resolveuid/0#k">flytning &amp; mere</a> her</p>',
        "<ul><li>et<ul><li>inde</li></ul></li><li>to</li></ul>",
        "<ol><li>først <em>dette</em></li></ol>",
        '<table><tr><th>Hvem</th></tr><tr><td>b <a href="x">c</a></td></tr></table>',
        "<p>linje<br>ny &lt;script&gt; 😀</p>",
        "<p>H<sub>2</sub>O <code>a &lt; b</code></p>",
    ],
)
def test_a_text_comes_back(text: str) -> None:
    """What is made here comes back as it was."""
    assert there_and_back(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<section><h2>A</h2><p>b</p></section>", "<h2>A</h2>\n<p>b</p>"),
        ("løs tekst<p>b</p>hale", "<p>løs tekst</p>\n<p>b</p>\n<p>hale</p>"),
        ("<blockquote><p>sagt</p></blockquote>", "<blockquote>sagt</blockquote>"),
        ("<pre><code>x = 1\ny</code></pre>", "<p><code>x = 1<br>y</code></p>"),
        ("<p><b>fed</b> <a>uden adresse</a></p>", "<p><strong>fed</strong> uden adresse</p>"),
        (
            '<p>Før <img src="resolveuid/0" alt="Kort &quot;x&quot;"> efter</p>',
            '<p>Før efter</p>\n<p><img src="resolveuid/0" alt="Kort &quot;x&quot;"></p>',
        ),
    ],
)
def test_other_forms(text: str, expected: str) -> None:
    """Wrappers go, images get a block of their own, and every word stays."""
    assert there_and_back(text).replace("  ", " ") == expected
    assert set(plain(text).split()) <= set(plain(expected).split())


def test_the_forms_of_volto() -> None:
    """A title block comes first; text is slate with its plain text beside; a table is one block."""
    made = blocks('<p>Hej <a href="u">dig</a></p><table><tr><th>A</th></tr></table>')

    assert [each["@type"] for each in made] == ["title", "slate", "slateTable"]
    assert made[1]["plaintext"] == "Hej dig"
    assert made[1]["value"][0] == {
        "type": "p",
        "children": [
            {"text": "Hej "},
            {"type": "link", "data": {"url": "u"}, "children": [{"text": "dig"}]},
            {"text": ""},
        ],
    }


def test_the_same_text_has_the_same_blocks() -> None:
    """Names of blocks are made of the page's id: a second run writes nothing."""
    assert fields_of("<p>a</p>", "pas") == fields_of("<p>a</p>", "pas")
    assert fields_of("<p>a</p>", "pas") != fields_of("<p>a</p>", "flytning")


def test_a_block_that_a_person_added_is_seen() -> None:
    """A block of any other kind changes what the page says."""
    video = {"@type": "video", "url": "https://video.example/1"}

    assert "video.example" in html_of({"1": video}, ["1"])
    assert html_of({"1": {"@type": "slate"}, "2": {"@type": "slateTable"}}, ["1", "2", "3"])
