"""Pages that were written elsewhere become articles; nothing that is there is overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.articles.importing import Imported, import_folder
from connector.articles.writing import Head, id_of, write_new, year_after
from connector.errors import ConfigError
from tests.articles.source_folder import PNG, TODAY, Source, keys, source

__all__ = ["source"]

HEAD = Head(id="", title="", language="da", unit="Borgerservice")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The folder of pages."""
    folder = tmp_path / "old"
    folder.mkdir()
    return folder


def imported(source: Source, old: Path) -> dict[str, Imported]:
    """What became of each page, by its path in the folder."""
    found = import_folder(old, source.folders, HEAD, "da")
    return {str(Path(each.source).relative_to(old)): each for each in found}


def test_a_page_becomes_an_article(source: Source, old: Path) -> None:
    """Title, summary, sections, tables, images and documents are taken; furniture is not."""
    (old / "pas.html").write_text(
        "<html><head><title>Kommunen | Pas</title><script>track()</script></head><body>"
        "<nav><a href='/'>Forside</a></nav><main><h1>Pas &amp; rejser</h1><p>Sådan får du pas.</p>"
        "<h3>Pris</h3><p>Det koster <strong>900 kr.</strong></p><h4>Børn</h4><p>Mindre.</p>"
        '<p><img src="b/p%C3%A5s.png" alt="Et pas"> <a href="b/skema.pdf#page=1">Skema</a></p>'
        "<table><tr><th>Alder</th><th>Pris</th></tr><tr><td>12</td><td>115</td></tr></table>"
        '<iframe src="https://video.example"></iframe></main><footer>Adresse</footer></body></html>',
        encoding="utf-8",
    )
    (old / "b").mkdir()
    (old / "b" / "pås.png").write_bytes(PNG)
    (old / "b" / "skema.pdf").write_bytes(b"%PDF-1.7")

    found = imported(source, old)

    library = source.read()
    article = library.articles["pas-rejser"]
    assert found["pas.html"].path == str(source.local / "pas-rejser.md")
    assert library.mistakes == ()
    assert (article.title, article.summary) == ("Pas & rejser", "Sådan får du pas.")
    assert (article.unit, article.language) == ("Borgerservice", "da")
    assert [each.heading for each in article.sections] == ["Pris"]
    assert "**900 kr.**" in article.sections[0].text
    assert "### Børn" in article.sections[0].text
    assert "| 12 | 115 |" in article.sections[0].text
    assert [each.name for each in article.files] == ["pas-rejser/pås.png", "pas-rejser/skema.pdf"]
    everything = (source.local / "pas-rejser.md").read_text(encoding="utf-8")
    assert not any(word in everything for word in ("Forside", "Adresse", "track", "iframe"))
    assert "owner:  # udfyldes" in everything
    assert set(keys(source.check())) == {"no_owner", "no_review_by"}


def test_links_between_pages_lead_to_articles(source: Source, old: Path) -> None:
    """Also to those that are not imported because their article is there."""
    source.article("koerekort", title="Kørekort")
    (old / "a.html").write_text(
        '<h1>A</h1><p>x</p><h2>B</h2><p><a href="under/b.md#pris">b</a> <a href="k.html">k</a>'
        ' <a href="https://a.example">w</a> <a href="mangler.html">m</a></p>'
    )
    (old / "under").mkdir()
    (old / "under" / "b.md").write_text("# Bøger\n\nKort.\n\n## Pris {#pris}\n\n[a](../a.html)\n")
    (old / "k.html").write_text("<h1>Kørekort</h1><p>x</p>", encoding="utf-8")

    found = imported(source, old)

    articles = source.read().articles
    assert found["k.html"].why == "taken"
    assert articles["a"].sections[0].text == (
        "[b](article:boeger#pris) [k](article:koerekort) [w](https://a.example) [m](mangler.html)"
    )
    assert articles["boeger"].sections[0].text == "[a](article:a)"


def test_code_is_left_as_it_is(source: Source, old: Path) -> None:
    """What looks like a heading or a link in code is none."""
    (old / "a.md").write_text("# A\n\nKort.\n\n# B\n\n```\n# c\n[d](a.md)\n```\n")

    imported(source, old)

    assert "```\n# c\n[d](a.md)\n```" in source.read().articles["a"].sections[0].text


def test_nothing_is_overwritten(source: Source, old: Path) -> None:
    """A second run makes nothing and changes nothing; two pages of one title make one article."""
    (old / "a.html").write_text("<h1>Pas</h1><p>et</p>")
    (old / "b.html").write_text("<h1>Pas</h1><p>to</p>")
    first = imported(source, old)
    before = (source.local / "pas.md").read_bytes()

    again = imported(source, old)

    assert [each.why for each in first.values()] == ["taken", ""]
    assert {each.why for each in again.values()} == {"taken"}
    assert (source.local / "pas.md").read_bytes() == before


def test_images_of_one_name(source: Source, old: Path) -> None:
    """Two images that only their folders tell apart stay two."""
    for name in ("x", "y"):
        (old / name).mkdir()
        (old / name / "b.png").write_bytes(PNG + name.encode())
    (old / "a.html").write_text(
        '<h1>A</h1><p><img src="x/b.png" alt="X"><img src="y/b.png" alt="Y">'
    )

    imported(source, old)

    assert len({each.sha256 for each in source.read().articles["a"].files}) == 2


def test_a_folder_that_is_there_is_left_alone(source: Source, old: Path) -> None:
    """Files of an imported page go into a folder of their own."""
    source.write("a/b.png", b"not ours")
    (old / "b (1).png").write_bytes(PNG)
    (old / "a.html").write_text('<h1>A</h1><p>x</p><p><img src="b%20(1).png" alt="B"></p>')

    imported(source, old)

    assert (source.local / "a" / "b.png").read_bytes() == b"not ours"
    assert [each.name for each in source.read().articles["a"].files] == ["a-2/b (1).png"]


def test_files_outside_stay_there(source: Source, old: Path) -> None:
    """A page cannot bring along a file from beyond the folder that was named."""
    (old.parent / "secret.png").write_bytes(PNG)
    (old / "ud.png").symlink_to(old.parent / "secret.png")
    (old / "a.html").write_text(
        '<h1>A</h1><p><img src="../secret.png" alt="X"><img src="ud.png" alt="Y"></p>'
    )

    imported(source, old)

    assert not (source.local / "a").exists()


def test_what_is_left_out_says_why(
    source: Source, old: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Articles, empty pages and files that are no text are told apart."""
    (old / "artikel.md").write_text("---\nid: a\ntitle: A\n---\nx")
    (old / "tom.md").write_text("")
    (old / "tom.html").write_text("<html><body><nav>x</nav></body></html>")
    (old / "ingenting.html").write_bytes(b"")
    (old / "latin.md").write_bytes("# Ø\n\nå".encode("latin-1"))
    (old / "andet.txt").write_text("x")
    (old / "flyttet.html").symlink_to(old / "er-ikke-mere.html")

    with caplog.at_level("WARNING"):
        found = imported(source, old)

    assert not caplog.records  # a library told an empty page in its own words
    assert {name: each.why for name, each in found.items()} == {
        "artikel.md": "is_article",
        "flyttet.html": "unreadable",
        "ingenting.html": "unreadable",
        "tom.md": "unreadable",
        "tom.html": "empty",
        "latin.md": "unreadable",
    }


def test_what_no_article_may_hold_is_told(source: Source, old: Path) -> None:
    """Frames and scripts of a page are left out of the article, by name; a menu is not missed."""
    frame = '<iframe src="https://maps.example"></iframe><script>x()</script><nav>Menu</nav>'
    (old / "a.html").write_text(f"<h1>Pas</h1><p>x</p>{frame}<script>y()</script>")
    (old / "b.html").write_text("<h1>Flytning</h1><p>x</p><nav>Menu</nav>")

    found = imported(source, old)

    assert found["a.html"].left_out == ("iframe", "script")
    assert found["b.html"].left_out == ()
    assert source.read().articles["pas"].sections[0].text == "x"


def test_old_encodings_of_html_are_found_out(source: Source, old: Path) -> None:
    """A page that says it is Latin-1 is read as that."""
    page = (
        '<html><head><meta charset="iso-8859-1"></head><h1>Kørekort</h1><p>Få et på Ærø</p></html>'
    )
    (old / "a.htm").write_bytes(page.encode("latin-1"))

    imported(source, old)

    assert source.read().articles["koerekort"].sections[0].text == "Få et på Ærø"


def test_a_title_is_made_an_id() -> None:
    """The ids of new articles are Danish titles in letters of any address."""
    assert id_of("Æbler, øl & ål på Årø!") == "aebler-oel-aal-paa-aaroe"
    assert id_of("¡¿?!") == ""
    assert len(id_of("x" * 200)) == 80
    assert id_of("Search") == "om-search"  # a page of a static site has that name


def test_a_new_article(source: Source) -> None:
    """A title may hold whatever YAML would stumble over."""
    head = Head(id="pas", title='Pas: "nyt" \\ #1', language="da", review_by=TODAY)

    path = write_new(source.folders, head, "## A {#a}\n\nx", "da")

    article = source.read().articles["pas"]
    assert path == source.local / "pas.md"
    assert article.title == 'Pas: "nyt" \\ #1'
    assert article.review_by == TODAY


def test_a_new_article_of_a_taken_id(source: Source) -> None:
    """It is refused with the file that has the id, wherever that lies; a file is never replaced."""
    source.national("x", id="pas")
    source.write("koerekort.md", "ikke en artikel")

    with pytest.raises(ConfigError, match=r"shared/pas\.md"):
        write_new(source.folders, Head(id="pas", title="Pas", language="da"), "x", "da")
    with pytest.raises(ConfigError, match=r"koerekort\.md"):
        write_new(source.folders, Head(id="koerekort", title="K", language="da"), "x", "da")

    assert (source.local / "koerekort.md").read_text() == "ikke en artikel"


def test_a_year_after_a_leap_day() -> None:
    """29 February has a year after."""
    assert year_after(TODAY.replace(year=2028, month=2, day=29)).isoformat() == "2029-02-28"
