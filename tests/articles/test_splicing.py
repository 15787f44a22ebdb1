"""Single fields changed in an article's file, the rest of it left as it is."""

from __future__ import annotations

import pytest

from connector.articles.splicing import with_field

HEAD = "---\nid: pas\n{}# Skriv resten.\nunit: Borgerservice\n---\n\ntitle: i teksten\n"


@pytest.mark.parametrize(
    "written",
    ["title: Pas\n", "title : Pas\n", "title:\n  Pas\n", "title: >\n  Pas\n\n  og kort\n"],
)
def test_a_field_however_it_is_written(written: str) -> None:
    """Another value takes the place of the old one, also of one on lines of its own."""
    text = HEAD.format(written)

    assert with_field(text, "title", 'Pas: "nyt"') == HEAD.format('title: "Pas: \\"nyt\\""\n')
    assert with_field(text, "title", "") == HEAD.format("")


def test_a_field_that_is_not_there() -> None:
    """It is added at the end of the front matter; the text below is never taken for it."""
    text = HEAD.format("")

    assert with_field(text, "title", "Pas") == text.replace("\n---\n", '\ntitle: "Pas"\n---\n')
    assert with_field(text, "title", "") == text
