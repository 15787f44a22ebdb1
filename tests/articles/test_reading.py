"""A folder of Markdown becomes articles; what is wrong is told with its place and what to write."""

from __future__ import annotations

import hashlib
import unicodedata
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it.common.normalize_url import normalizeLink

from connector.articles import kept, markdown
from connector.articles.front_matter import split
from connector.articles.markdown import _headings, _normalized, _parsed_headings, cut, slug
from connector.articles.reading import Folders, read
from connector.errors import ConfigError
from tests.articles.source_folder import PNG, Source, keys, one, source, text_of

__all__ = ["source"]


def test_fields_and_sections(source: Source) -> None:
    """Everything that an editor writes in a file is in the article, with its types."""
    source.article(
        body="Indledning.\n\n## Sådan gør du {#saadan}\n\nA\n\n## Internt {#i .staff}\nB\n\n"
        '## Kun os {.unit unit="Byg og Miljø"}\nC',
        subject='"23.05.08"',
        keywords="[flytning, adresse, flytning]",
        valid_from='"2026-12-01 08:00"',
        valid_to="2027-12-31",
        language="da",
    )

    library = source.read()

    article = library.articles["flytning"]
    assert library.mistakes == ()
    assert (article.subject, article.keywords) == ("23.05.08", ("flytning", "adresse"))
    assert article.review_by == date(2027, 6, 1)
    assert article.valid_from == datetime(2026, 12, 1, 7, tzinfo=UTC)
    # Valid on its last day as well.
    assert article.valid_to == datetime(2027, 12, 31, 23, tzinfo=UTC)
    assert [(s.key, s.heading, s.text, s.audience, s.unit) for s in article.sections] == [
        ("", "", "Indledning.", "citizen", ""),
        ("saadan", "Sådan gør du", "A", "citizen", ""),
        ("i", "Internt", "B", "staff", ""),
        ("kun-os", "Kun os", "C", "unit", "Byg og Miljø"),
    ]


def test_headings_in_code_are_text(source: Source) -> None:
    """A ## within a fence, an indented block or a quote begins no section."""
    source.article(body="```\n## a\n```\n\n    ## b\n\n> ## c\n\n- ## d\n\n## Rigtig\n\nx")

    sections = source.read().articles["flytning"].sections

    assert [each.key for each in sections] == ["", "rigtig"]


@given(
    st.text(
        st.sampled_from("##  \n\n\n-`~<>=a*+1.|\\\t{}éØ"),
        max_size=60,
    )
)
def test_quick_headings_are_the_parsers(body: str) -> None:
    """Reading lines for headings finds what the parser finds, or asks the parser."""
    assert _headings(body) == _parsed_headings(body)


@given(st.text(st.sampled_from('aÉ9:/#?&=.,;_~@+-%20 <>"\\[|]'), max_size=30))
def test_plain_addresses_are_the_parsers(address: str) -> None:
    """Leaving an address as it is gives what the parser would have made of it."""
    for written in (address, f"https://a.example/{address}", f"article:{address}"):
        assert _normalized(written) == normalizeLink(written)


@given(st.text(st.sampled_from("#\n ab{}.-`é"), max_size=80))
def test_cutting_loses_no_words(body: str) -> None:
    """Every letter of a body is in one of its sections: text, heading or braces."""
    found = "".join(f"{s.heading}{s.attributes or ''}{s.text}" for s in cut(body))
    for letter in "abé":
        assert found.count(letter) == body.count(letter)


@pytest.mark.parametrize(
    ("line", "key", "words"),
    [
        ("titel: Noget", "field_unknown_near", "title"),
        ("ejer: a@b.example", "field_unknown_near", "owner"),
        ("sumary: x", "field_unknown_near", "summary"),
        ("xyzzy: 1", "field_unknown", "review_by"),
        ("review_by: 1. juni 2027", "field_date", "2027-06-01"),
        ("review_by: 2027-02-30", "field_date", "2027-06-01"),
        ("valid_from: i morgen", "field_date", "2026-12-01 08:00"),
        ("valid_from: 2027-03-28 02:30", "time_skipped", "Europe/Copenhagen"),
        ("audience: alle", "field_one_of", "citizen, staff"),
        ("subject: 23.5", "field_shape", "23.05.08"),
        ("language: dansk", "field_shape", "language: da"),
        ("owner: Hanne", "field_shape", "hanne.holm@kommunen.example"),
        ("summary: [a, b]", "field_list", "summary"),
        ("unit: {a: b}", "field_not_plain", "keywords"),
        ("keywords: [a, [b]]", "field_not_plain", "keywords"),
        ("summary: Flytning: sådan", "yaml", "Flytning: sådan"),
        ("\ttab: x", "yaml_tab", "mellemrum"),
        ("summary: \x07", "yaml_character", "tegn"),
        ("unit: &a x", "yaml_special", "&"),
        ("&a unit: x", "yaml_special", "&"),
        ("!!str unit: x", "yaml_special", "!"),
        ("keywords: *a", "yaml_special", "*"),
        ("summary: !!python/object x", "yaml_special", "!"),
        ("? [a]\n: b", "yaml_special", "helt ud"),
        ("summary: " + "x" * 1001, "field_long", "1001"),
    ],
)
def test_wrong_front_matter(source: Source, line: str, key: str, words: str) -> None:
    """A wrong line is told with its file and number, and what to write instead."""
    path = source.write("a.md", f"---\nid: a\ntitle: T\n{line}\n---\nTekst.\n")

    library = source.read()

    mistake = one(library.mistakes, key)
    assert (mistake.path, mistake.line, mistake.level) == (str(path), 4, "error")
    assert words in mistake.text("da")
    assert mistake.text("en") != mistake.text("da")
    assert "a" in library.blocked


def test_no_front_matter(source: Source) -> None:
    """A file without fields shows what they look like; no page may be withdrawn meanwhile."""
    source.write("a.md", "# Flytning\n\nTekst\n")
    source.article("pas")

    library = source.read()

    assert "id: flytning" in one(library.mistakes, "no_front_matter").text("da")
    assert list(library.articles) == ["pas"]
    assert not library.is_whole


def test_front_matter_without_end(source: Source) -> None:
    """Fields that never end block the article that they name."""
    source.write("a.md", "---\nid: flytning\ntitle: T\n\nTekst\n")

    library = source.read()

    assert keys(library.mistakes) == ["front_matter_open"]
    assert "flytning" in library.blocked


def test_broken_yaml_still_names_its_article(source: Source) -> None:
    """An article whose fields cannot be read is blocked by the id that can still be seen."""
    source.write("a.md", "---\ntitle: a: b\nid: flytning\n---\nTekst\n")

    library = source.read()

    assert library.blocked == {"flytning"}
    assert library.is_whole


def test_many_anchors_cost_nothing(source: Source) -> None:
    """A small file that YAML would make a large one is refused at its first anchor."""
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{new}: &{new} [{','.join(f'*{old}' for _ in range(9))}]\n"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )

    front = split(f"---\n{bomb}---\n")

    assert {each.key for each in front.faults} == {"field_not_plain"} or front.faults
    assert all(len(value.texts) < 100 for value in front.fields.values())


def test_deep_nesting_is_no_crash(source: Source) -> None:
    """Ten thousand brackets are told as a mistake of their line."""
    source.write("a.md", f"---\nid: a\ntitle: T\nkeywords: {'[' * 10_000}\n---\nTekst\n")

    library = source.read()

    assert library.mistakes
    assert library.mistakes[0].article == "a"


def test_values_stay_texts(source: Source) -> None:
    """`no` is no false, 23.10 no number, 2026-12-01 in a title no date."""
    source.article(title="no", keywords="[no, 23.10, 1e3, ~]")

    article = source.read().articles["flytning"]

    assert article.title == "no"
    assert article.keywords == ("no", "23.10", "1e3", "~")


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_marks_change_nothing(source: Source, ends: str, mark: bytes) -> None:
    """Windows' line ends and its byte order mark give the same article."""
    plain = text_of("A\n\n## B {#b}\n\nC\nD", id="flytning")
    source.write("flytning.md", mark + plain.replace("\n", ends).encode())

    library = source.read()

    assert library.mistakes == ()
    assert [each.text for each in library.articles["flytning"].sections] == ["A", "C\nD"]


def test_other_encodings_are_told_with_the_line(source: Source) -> None:
    """A file in Latin-1 is told with the words that are wrong in it."""
    source.write("a.md", text_of("Første\nlinje på dansk", id="a").encode("latin-1"))

    mistake = one(source.read().mistakes, "not_utf8")

    assert mistake.line == 10
    assert "Første" in mistake.text("da")


def test_zero_bytes_are_no_text(source: Source) -> None:
    """UTF-16 and binary files are told as no text."""
    source.write("a.md", text_of(id="a").encode() + b"\x00")

    assert keys(source.read().mistakes) == ["no_text_file"]


def test_a_huge_file_is_not_read(source: Source) -> None:
    """An article of more than a megabyte is told, not parsed."""
    source.write("a.md", text_of("x" * 1_000_001, id="a"))

    assert keys(source.read().mistakes) == ["file_long"]


def test_two_articles_of_one_id(source: Source) -> None:
    """Both files are named, the id is blocked, and other articles stand."""
    source.article("pas")
    first = source.write("a/flytning.md", text_of(id="flytning"))
    second = source.write("b/flytning.md", text_of(id="flytning", title="Anden"))

    library = source.read()

    mistake = one(library.mistakes, "id_twice")
    assert mistake.path == str(second)
    assert str(first) in mistake.text("da")
    assert library.blocked == {"flytning"}


def test_local_article_of_a_national_id(source: Source) -> None:
    """A local article may not take the id of a national one unseen."""
    source.national("Fælles.")
    source.article(body="Vores.")

    assert keys(source.read().mistakes) == ["id_twice"]


@pytest.mark.parametrize(
    ("id", "suggestion"),
    [("Pas Og Kørekort", "pas-og-koerekort"), ("a_b", "a-b"), ("x" * 90, "x" * 80)],
)
def test_ids_that_are_not_allowed(source: Source, id: str, suggestion: str) -> None:
    """An id that no address can be made of is told with one that is allowed."""
    source.write("a.md", text_of(id=id))

    mistake = one(source.read().mistakes, "id_not_allowed")

    assert suggestion in mistake.text("da")


@pytest.mark.parametrize("id", ["gaps", "effect", "index", "search"])
def test_ids_of_our_own_pages(source: Source, id: str) -> None:
    """The portal's and the static site's own pages are not hidden behind an article, nor it."""
    source.write("a.md", text_of(id=id))

    mistakes = source.read().mistakes

    assert f"om-{id}" in one(mistakes, "id_of_a_page").text("da")
    assert "no_id" not in {each.key for each in mistakes}


def test_a_title_that_is_no_good_is_told_once(source: Source) -> None:
    """It is not said to be missing as well."""
    source.write("a.md", text_of(id="a", title="x" * 1001))

    keys = {each.key for each in source.read().mistakes}

    assert "field_long" in keys
    assert "no_title" not in keys


def test_missing_id_is_suggested(source: Source) -> None:
    """A file that is an article but for its id is told which id it could have."""
    source.write("Flytning på tværs.md", text_of())

    library = source.read()

    assert "flytning-paa-tvaers" in one(library.mistakes, "no_id").text("da")
    assert not library.is_whole


def test_missing_title_and_text(source: Source) -> None:
    """An article without a title or a text is blocked, and is still there."""
    source.write("a.md", "---\nid: a\n---\n")

    library = source.read()

    assert set(keys(library.mistakes)) == {"no_title", "no_text"}
    assert set(library.articles) == {"a"}


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_danish_letters_in_every_name(source: Source, form: Literal["NFC", "NFD"]) -> None:
    """Files and folders named with æ, ø and å are found, however the file system composes them."""
    name = unicodedata.normalize(form, "Æbler på øen")
    source.write(f"{name}/{name}.png", PNG)
    text = text_of(f"![Æbler](<{unicodedata.normalize('NFC', name)}.png>)", id="aebler")
    source.write(f"{name}/{name}.md", text)

    library = source.read()

    assert library.mistakes == ()
    assert library.articles["aebler"].files[0].name == "Æbler på øen.png"


def test_readme_is_no_article(source: Source) -> None:
    """What a checkout has for its readers, hidden folders and other files are left out."""
    source.article()
    source.write("README.md", "# Artikler")
    source.write(".git/x.md", "x")
    source.write("notes.txt", "x")

    library = source.read()

    assert library.mistakes == ()
    assert list(library.articles) == ["flytning"]


def test_links_out_of_the_folder_are_refused(source: Source, tmp_path: Path) -> None:
    """A symbolic link to an article or folder elsewhere is told and not followed."""
    (tmp_path / "secret.md").write_text(text_of(id="secret"), encoding="utf-8")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "b.md").write_text(text_of(id="b"), encoding="utf-8")
    source.article()
    (source.local / "a.md").symlink_to(tmp_path / "secret.md")
    (source.local / "folder").symlink_to(tmp_path / "elsewhere")

    library = source.read()

    assert set(keys(library.mistakes)) == {"link_outside", "link_folder"}
    assert list(library.articles) == ["flytning"]


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("![a](../hemmelig.png)", "file_outside"),
        ("![a](/etc/passwd)", "file_outside"),
        ("![a](..%2Fhemmelig.png)", "file_outside"),
        ("![a](ud.png)", "file_outside"),
        ("![a](mangler.png)", "file_missing"),
        ("![a](tekst.png)", "image_type"),
        ("![a](jpeg.png)", "file_type"),
        ("![a](https://andre.example/a.png)", "image_elsewhere"),
        ("![a](data:image/png;base64,AAAA)", "image_elsewhere"),
        ("![](b.png)", "image_no_alt"),
        ("[skema](side.html)", "file_active"),
        ("[skema](tegning.svg)", "file_active"),
        ("[skema](stor.pdf)", "file_large"),
        ("[skema](fup.pdf)", "file_type"),
        ("[](b.png)", "link_no_text"),
        ("[x](javascript:alert(1))", "link_scheme"),
        ("[x](flytning.md)", "link_to_file"),
        ("[x](//andre.example)", "link_broken"),
        ("[x](https://)", "link_broken"),
        ("[x]()", "link_broken"),
    ],
)
def test_files_and_links_that_are_refused(source: Source, written: str, key: str) -> None:
    """What an article may not show or link to is told with its line."""
    (source.local.parent / "hemmelig.png").write_bytes(PNG)
    (source.local / "ud.png").symlink_to(source.local.parent / "hemmelig.png")
    source.write("tekst.png", b"<html>")
    source.write("jpeg.png", b"\xff\xd8\xff" + bytes(40))
    source.write("b.png", PNG)
    source.write("side.html", b"<html>")
    source.write("tegning.svg", b"<svg>")
    source.write("fup.pdf", b"MZ" + bytes(40))
    source.write("stor.pdf", b"%PDF-" + bytes(10_000_001))
    source.article(body=f"Linje\n\n## Afsnit\n\nTekst\n{written}")

    library = source.read()

    mistake = one(library.mistakes, key)
    assert mistake.line == 15
    assert mistake.text("da")
    assert library.blocked == {"flytning"}


def test_names_never_go_upwards(source: Source) -> None:
    """Not even to a file that lies within the folder: publishers make addresses of names."""
    source.write("b.png", PNG)
    source.write("under/a.md", text_of("![b](../b.png)", id="a"))

    assert keys(source.read().mistakes) == ["file_outside"]


def test_an_image_of_50_mb(source: Source) -> None:
    """A file that is too large is named with its size and the most that is allowed."""
    path = source.local / "stor.png"
    with path.open("wb") as file:
        file.write(PNG)
        file.truncate(50_000_000)
    source.article(body="![Et kort](stor.png)")

    told = one(source.read().mistakes, "file_large").text("da")

    assert "stor.png fylder 50.0 MB; højst 10." in told


def test_files_beside_the_article(source: Source) -> None:
    """Images and documents are found by the names of the text, percent signs and all."""
    source.write("billeder/mit kort.png", PNG)
    source.write("skema.pdf", b"%PDF-1.7")
    source.article(body="![Kort](billeder/mit%20kort.png) [Skema](skema.pdf#page=2)")

    article = source.read().articles["flytning"]

    assert [(each.name, each.media_type) for each in article.files] == [
        ("billeder/mit kort.png", "image/png"),
        ("skema.pdf", "application/pdf"),
    ]
    assert len(article.files[0].sha256) == 64


@pytest.mark.parametrize(
    "html",
    [
        '<iframe src="https://a.example"></iframe>',
        "Tekst <script>alert(1)</script>",
        "<SCRIPT\n>x</SCRIPT>",
        '<b onclick="x()">y</b>',
        '<img src="b.png">',
        '<a href="https://a.example">y</a>',
        "<form><input></form>",
        '<svg onload="x"></svg>',
        '<p style="x" onmouseover=y>z</p>',
    ],
)
def test_html_that_is_refused(source: Source, html: str) -> None:
    """What runs, embeds or takes input is told with its line and name."""
    source.article(body=f"Tekst.\n\n{html}\n\nMere.")

    mistake = next(each for each in source.read().mistakes if each.key == "dangerous")

    assert mistake.line == 12
    assert mistake.text("en").startswith("<")


@pytest.mark.parametrize("name", ["mangler.png", "Billeder/Pas.png"])
def test_a_name_in_other_letters(source: Source, name: str) -> None:
    """A name that only some file systems would find is told with the one that all find."""
    source.write("billeder/pas.png", PNG)
    source.article(body=f"![Et pas]({name})")

    mistakes = source.read().mistakes

    if name == "mangler.png":
        assert keys(mistakes) == ["file_missing"]
    else:
        assert "billeder/pas.png" in one(mistakes, "file_case").text("da")


def test_a_link_defined_in_another_section(source: Source) -> None:
    """A section must stand alone: it may be replaced, hidden, or left out for citizens."""
    source.article(
        body="Se [Pas] og [kort][kk].\n\n## A {#a}\n\n[pas]: https://a.example\n"
        "[kk]: https://b.example\n\nSe [Pas] og `[kk]`."
    )

    library = source.read()

    assert keys(library.mistakes) == ["definition_elsewhere"] * 2
    assert {each.line for each in library.mistakes} == {10}
    assert "[Pas]" in library.mistakes[0].text("da") + library.mistakes[1].text("da")


def test_html_in_code_is_text(source: Source) -> None:
    """A script that is shown as code is no script."""
    source.article(body="Skriv `<script>` eller\n\n```\n<iframe>\n```")

    assert source.read().mistakes == ()


@pytest.mark.parametrize(
    ("heading", "key"),
    [
        ("## A {#a #b}", "braces"),
        ("## A {.hemmelig}", "braces_unknown"),
        ("## A {.hidden}", "braces_overlay"),
        ("## A {#a after=b}", "braces_overlay"),
        ("## A {#Ærø}", "key_not_allowed"),
        ("## A {.staff .unit}", "audience_twice"),
        ("## A {#a}\n\n## B {#a}", "section_twice"),
        ("# A", "heading_top"),
        ("#### A", "heading_order"),
    ],
)
def test_headings_that_are_wrong(source: Source, heading: str, key: str) -> None:
    """What cannot be read behind a heading, or stands on a wrong level, is told."""
    source.article(body=f"Tekst.\n\n{heading}\n\nMere.")

    mistake = one(source.read().mistakes, key)

    assert mistake.text("da")
    assert mistake.line >= 11


def test_a_wrong_audience_shows_nothing_to_citizens(source: Source) -> None:
    """Of two audiences the narrower holds until somebody corrects it."""
    source.article(body="## A {.citizen .staff}\n\nx")

    assert source.read().articles["flytning"].sections[0].audience == "staff"


def test_a_units_section_is_the_owning_units(source: Source) -> None:
    """A section for a unit that names none is for the unit that owns the article."""
    source.article(body="## A {.unit}\n\nx")

    assert source.read().articles["flytning"].sections[0].unit == "Borgerservice"


def test_a_units_section_of_nobody(source: Source) -> None:
    """It is a mistake when the article has no unit either."""
    source.article(body="## A {.unit}\n\nx", unit="")

    assert "section_no_unit" in keys(source.read().mistakes)


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    """A folder that is not there stops everything: a share that is not mounted empties no site."""
    with pytest.raises(ConfigError, match="is not there"):
        read(Folders(tmp_path / "no"))


def test_an_empty_folder_is_not_whole(tmp_path: Path) -> None:
    """When no article is there at all, nothing may be withdrawn for it."""
    library = read(Folders(tmp_path))

    assert library.articles == {}
    assert not library.is_whole


def test_only_what_changed_is_parsed_again(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second reading gives the same library, and parses new sections alone."""
    folders = msgspec.structs.replace(source.folders, kept=source.local.parent / "kept")
    source.article(body="En\n\n## A {#a}\n\nTo")
    read(folders)
    source.article(body="En\n\n## A {#a}\n\nTre")
    seen: list[str] = []

    def parse(text: str) -> markdown.Parsed:
        seen.append(text)
        return markdown.parse(text)

    monkeypatch.setattr(kept, "parse", parse)
    library = read(folders)

    assert seen == ["Tre"]
    assert library == read(source.folders)


def another(content: bytes) -> bytes:
    """What was kept with another word in its HTML, and the digest that fits."""
    changed = content[32:].replace(b"<strong>En", b"<strong>Ej")
    assert changed != content[32:]
    return hashlib.sha256(changed).digest() + changed


@pytest.mark.parametrize("damage", ["gone", "cut", "other", "one letter", "older", "folder"])
def test_what_was_kept_may_be_lost(
    source: Source, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    """A kept file that is damaged, of another release or not to be written costs time alone."""
    path = source.local.parent / "kept"
    folders = msgspec.structs.replace(source.folders, kept=path)
    source.article(body="**En**")
    expected = read(folders)
    content = path.read_bytes()
    path.write_bytes(another(content))
    assert read(folders) != expected  # so it is used at all
    damaged = {
        "cut": content[:-3],
        "other": b"x" * 99,
        "one letter": content[:32] + another(content)[32:],
        "older": another(content),
    }
    path.unlink()
    if damage == "folder":
        path.mkdir()
    elif damage != "gone":
        path.write_bytes(damaged[damage])
    if damage == "older":
        monkeypatch.setattr(kept, "_made_by", lambda: "another release")

    assert read(folders) == expected


@given(st.text(max_size=40))
def test_slugs_are_ids(text: str) -> None:
    """Whatever a title holds, what is made of it is an id or nothing."""
    made = slug(text)

    assert made == "" or (made.isascii() and made == made.lower() and not made.startswith("-"))
    assert slug(made) == made


def test_slugs_are_danish() -> None:
    """Æ, ø and å become letters that every address can hold."""
    assert slug("Æbler, øl & ål på Årø") == "aebler-oel-aal-paa-aaroe"


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_told(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    """No content of a file stops the reading of the others."""
    folder = tmp_path_factory.mktemp("articles")
    (folder / "a.md").write_bytes(content)
    (folder / "b.md").write_text(text_of(id="b"), encoding="utf-8")

    library = read(Folders(folder))

    assert "b" in library.articles or any(each.key == "id_twice" for each in library.mistakes)


@given(st.text(st.sampled_from("---\nid: a[]{}&*!|>'\"#\t,x"), max_size=120))
def test_any_front_matter_is_read_or_told(text: str) -> None:
    """No front matter raises; each fault has words in both languages."""
    front = split(f"---\n{text}\n---\nbody")

    assert all(each.line >= 1 for each in front.faults)
