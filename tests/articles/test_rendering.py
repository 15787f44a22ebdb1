"""Pages for citizens and for staff from one text."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.article import CITIZEN, STAFF, UNIT, Article, ArticlePage, Section
from connector.articles.reading import Library, read
from connector.articles.rendering import page_of
from tests.articles.source_folder import PNG, TODAY, Source, source

__all__ = ["source"]


def pages(source: Source, id: str = "flytning") -> tuple[ArticlePage | None, ArticlePage | None]:
    library = source.read()
    article = library.articles[id]
    return (
        page_of(article, library, CITIZEN, TODAY),
        page_of(article, library, STAFF, TODAY, lambda upn: upn.partition("@")[0]),
    )


def html_of(source: Source, body: str) -> str:
    source.article(body=body)
    page = pages(source)[1]
    assert page is not None
    return "\n".join(part.html for part in page.parts)


def test_each_reader_sees_what_is_theirs(source: Source) -> None:
    """Staff see all sections with whom they are for; citizens see theirs, and no person's name."""
    source.article(body="Åben.\n\n## Inde {#i .staff}\n\nS\n\n## Byg {#b unit=Byg}\n\nU")

    citizen, staff = pages(source)

    assert citizen is not None
    assert staff is not None
    assert [part.html for part in citizen.parts] == ["<p>Åben.</p>"]
    assert [(part.key, part.audience, part.unit) for part in staff.parts] == [
        ("", CITIZEN, ""), ("i", STAFF, ""), ("b", UNIT, "Byg"),
    ]  # fmt: skip
    assert (citizen.owner, citizen.owner_name, citizen.unit) == ("", "", "Borgerservice")
    assert (staff.owner, staff.owner_name) == ("hanne.holm@kommunen.example", "hanne.holm")


def test_an_article_for_staff_has_no_page_for_citizens(source: Source) -> None:
    """Nor has one whose sections are all for staff."""
    source.article("a", "Tekst.", audience="staff")
    source.article("b", "## A {.staff}\n\nTekst.")

    assert pages(source, "a")[0] is None
    assert pages(source, "b")[0] is None
    staff = pages(source, "a")[1]
    assert staff is not None
    assert staff.parts[0].audience == STAFF


SECRET = "hemmelig"
WORDS = st.text(st.sampled_from("abæ <>&\"'[](){}#*_`!|\n-:/"), max_size=30)


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from([CITIZEN, STAFF, UNIT]), WORDS, WORDS), min_size=1, max_size=5
    )
)
def test_no_word_for_staff_reaches_citizens(found: list[tuple[str, str, str]]) -> None:
    """Whatever stands in sections for staff or a unit, none of it is in a page for citizens."""
    sections = tuple(
        Section(
            key=f"k{number}" if audience == CITIZEN else f"{SECRET}{number}",
            heading=heading if audience == CITIZEN else f"{SECRET} {heading}",
            text=text
            if audience == CITIZEN
            else f"{text} {SECRET} ![{SECRET}]({SECRET}.png) {text}",
            audience=audience,
            unit=SECRET if audience == UNIT else "",
        )
        for number, (audience, heading, text) in enumerate(found)
    )
    article = Article(
        id="a", title="A", summary="S", language="da", sections=sections,
        owner=f"{SECRET}@a.example",
    )  # fmt: skip
    page = page_of(article, Library({"a": article}), CITIZEN, TODAY)

    if page is None:
        assert all(audience != CITIZEN for audience, _, _ in found)
    else:
        assert SECRET not in msgspec.json.encode(page).decode()


PIECES = (
    "<script>", "</script>", "<iframe src=x>", "<IFRAME\n", "<svg/onload=y>", "<b onclick=y>",
    "<img ", "src=x onerror=y", 'href="javascript:y"', "<a ", ">", "<", "[a](", "javascript:y",
    "data:text/html,y", ")", "![b](", "<!--", "-->", "&lt;script&gt;", "`", "```\n", "\n", "\n\n",
    "æ", "\\", '"', "<style>", "<math><mi//xlink:href='data:x,y'>", "<p style=x>", "- ", "> ",
    "| a |\n|---|\n", "&#106;avascript:y",
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_no_text_runs_in_a_page(text: str) -> None:
    """Whatever is written, no script, frame, handler or address that runs is in the HTML."""
    article = Article(
        id="a", title="A", summary="S", language="da",
        sections=(Section(key="k", heading=text.replace("\n", " "), text=text),),
    )  # fmt: skip
    page = page_of(article, Library({"a": article}), STAFF, TODAY)

    assert page is not None
    html = page.parts[0].html
    tags = re.findall(r"<[a-zA-Z][^>]*>", html)
    assert not [tag for tag in tags if re.match(r"<(script|iframe|object|form)\b", tag)]
    assert not [tag for tag in tags if re.search(r"""\son\w+=|(href|src)="\s*javascript:""", tag)]
    assert html.startswith('<h2 id="k">')


@pytest.mark.parametrize(
    "address",
    ["javascript:y", "JavaScript:y", "&#106;avascript:y", "data:text/html,y", "vbscript:y"],
)
@pytest.mark.parametrize("form", ["[a]({})", "![a]({})", '<a href="{}">a</a>', "<{}>"])
def test_addresses_that_run_lead_nowhere(source: Source, address: str, form: str) -> None:
    """However it is written, an address that would run is in no attribute of the page."""
    html = html_of(source, form.format(address))

    assert "href" not in html
    assert "src" not in html


def test_what_markdown_can_say(source: Source) -> None:
    """Lists, tables, emphasis, code and quotes are there; table headings say that they are."""
    html = html_of(
        source,
        "## Pris & *vilkår* {#pris}\n\n1. **Et**\n2. To\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n"
        "> citat\n\n```\n<kode>\n```\n\n### Mere\n\nLinje  \nskift",
    )

    assert '<h2 id="pris">Pris &amp; <em>vilkår</em></h2>' in html
    assert "<ol>\n<li><strong>Et</strong></li>" in html
    assert '<th scope="col">a</th>' in html
    assert "<code>&lt;kode&gt;" in html
    assert "<h3>Mere</h3>" in html
    assert "<br>" in html
    assert "style" not in html


def test_headings_are_plain_in_lists(source: Source) -> None:
    """The heading of a part has no markup: it stands in tables of contents."""
    source.article(body="## Pris & *vilkår* {#pris}\n\nx")

    page = pages(source)[0]

    assert page is not None
    assert page.parts[0].heading == "Pris & vilkår"


def test_links_and_files_as_publishers_take_them(source: Source) -> None:
    """Other articles by id, files by name, own sections by key, the web as it is."""
    source.write("mit kort & så.png", PNG)
    source.article("pas", "## Pris {#pris}\n\nx")
    html = html_of(
        source,
        "[pas](article:pas#pris) [alt](article:pas) [her](#her) [web](https://a.example/æ?b=1&c=2) "
        "[mail](mailto:a@b.example) [tlf](tel:+4570101010)\n\n![Et kort](<mit kort & så.png>)\n\n"
        "## Her {#her}\n\nx",
    )

    assert '<a href="article:pas#pris">pas</a>' in html
    assert '<a href="article:pas">alt</a>' in html
    assert '<a href="#her">her</a>' in html
    assert 'href="https://a.example/%C3%A6?b=1&amp;c=2"' in html
    assert 'href="mailto:a@b.example"' in html
    assert 'href="tel:+4570101010"' in html
    assert '<img src="file:mit kort &amp; så.png" alt="Et kort">' in html


def test_a_link_that_readers_may_not_follow_is_its_words(source: Source) -> None:
    """A page for citizens names nothing that only staff may see."""
    source.article("intern", "x", audience="staff")
    source.article("pas", "A\n\n## Inde {#inde .staff}\n\nx")
    source.article(
        body="[Intern](article:intern) [**væk**](article:nix) [pas](article:pas#inde) "
        "[her](#inde)\n\n## Inde {#inde .staff}\n\nx"
    )

    citizen, staff = pages(source)

    assert citizen is not None
    assert staff is not None
    assert citizen.parts[0].html == (
        '<p>Intern <strong>væk</strong> <a href="article:pas">pas</a> her</p>'
    )
    assert citizen.links == ("pas",)
    assert staff.links == ("intern", "pas")
    assert '<a href="#inde">her</a>' in staff.parts[0].html


def test_files_of_hidden_sections_stay_inside(source: Source) -> None:
    """A page carries the files of its own sections alone."""
    source.write("aaben.png", PNG)
    source.write("intern.pdf", b"%PDF-1.7")
    source.article(body="![Åben](aaben.png)\n\n## Inde {.staff}\n\n[Skema](intern.pdf)")

    citizen, staff = pages(source)

    assert citizen is not None
    assert staff is not None
    assert [each.name for each in citizen.files] == ["aaben.png"]
    assert [each.name for each in staff.files] == ["aaben.png", "intern.pdf"]


def test_an_overdue_article_says_so(source: Source) -> None:
    """From the day after its review date, and never on it."""
    source.article(review_by="2026-11-22")
    library = source.read()
    article = library.articles["flytning"]

    overdue = [
        page.is_overdue
        for day in (date(2026, 11, 22), date(2026, 11, 23))
        if (page := page_of(article, library, STAFF, day))
    ]

    assert overdue == [False, True]


def test_another_checkout_changes_nothing(tmp_path: Path) -> None:
    """The digest is of what readers see: not of paths, line ends or the order of the files."""
    digests = []
    for name, ends in (("a", "\n"), ("b/deeper", "\r\n")):
        (tmp_path / name).mkdir(parents=True)
        source = Source(tmp_path / name)
        source.write("kort.png", PNG)
        path = source.article(body="![Kort](kort.png)\n\n## A {#a}\n\nx", valid_to="2027-01-01")
        path.write_bytes(path.read_bytes().replace(b"\n", ends.encode()))
        page = pages(source)[1]
        assert page is not None
        digests.append(page.digest)

    assert digests[0] == digests[1]
    # Kept here so that another machine or release that makes other pages is seen.
    assert digests[0] == "0d177cb9c60e915cc6a83751554d3c42253fa9730a80ddbd53db60c781fb6dd4"


@pytest.mark.parametrize(
    "change",
    [{"title": "Ny"}, {"review_by": "2027-06-02"}, {"keywords": "[a]"}, {"unit": "Byg"}],
)
def test_the_digest_follows_what_is_shown(source: Source, change: dict[str, str]) -> None:
    """Whatever a reader can see changes it."""
    source.article()
    before = pages(source)[1]
    source.article(**change)
    after = pages(source)[1]

    assert before is not None
    assert after is not None
    assert before.digest != after.digest


def test_translations_name_their_original(source: Source) -> None:
    """Unless its readers may not see that."""
    source.article("a", language="da")
    source.article("b", language="en", translation_of="a")
    source.article("c", "x", language="en", translation_of="d")
    source.article("d", "x", language="da", audience="staff")

    shown = [page.translation_of for id in "bc" for page in pages(source, id) if page]

    assert shown == ["a", "a", "", "d"]


def test_pages_without_the_library_kept(source: Source) -> None:
    """A library that was built by hand, with no parsed sections, gives the same pages."""
    source.article(body="**A** [x](https://a.example)\n\n## B {#b}\n\nC")
    library = read(source.folders)
    article = library.articles["flytning"]

    bare = page_of(article, Library(library.articles), STAFF, TODAY)

    assert bare == page_of(article, library, STAFF, TODAY)
