"""What a person wrote on a live page goes into the source, section by section, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.article import STAFF
from connector.articles.checking import check
from connector.articles.edits import CannotTake, dismiss, open_edit, take
from connector.articles.planning import plan
from connector.articles.publishing import note, publish
from connector.articles.reading import Folders, base_path, read
from connector.articles.wanting import wanted_of
from connector.ledger import Ledger, open_ledger
from connector.ledger.article_edits import edits
from tests.articles.memory_site import MemorySite, Place
from tests.conftest import Clock

FRONT = (
    'id: pas\ntitle: "Pas"\nsummary: Sådan får du et pas.\nlanguage: da\nunit: Borgerservice\n'
    "owner: anna@kommune.example\nreview_by: 2027-05-01\n"
)
LOCAL = f"""---
{FRONT}---

Et pas gælder i ti år.

## Pris {{#pris}}

Det koster 890 kr. Se [flytning](article:flytning).

- Voksne
- Børn

## Kun os {{#os .staff}}

Nøglen ligger i skabet.

## Til sidst

Husk billede.
"""
OTHER = LOCAL.replace("id: pas", "id: flytning").replace("article:flytning", "article:pas")


class Town:
    """Folders, a site for staff and a ledger; and what a person does."""

    def __init__(self, folder: Path, ledger: Ledger, clock: Clock) -> None:
        self.folders = Folders(folder / "local", folder / "shared")
        for each in (self.folders.local, folder / "shared"):
            each.mkdir()
        self.shared = folder / "shared"
        self.ledger, self.clock = ledger, clock
        self.place = Place()
        self.site = MemorySite(self.place, clock, audience=STAFF)

    def publish(self) -> dict[str, int]:
        library = read(self.folders)
        found = check(library, self.clock().date())
        assert [each.key for each in found if each.level == "error"] == []
        wanted = wanted_of(library, STAFF, self.clock(), found)
        made = plan(wanted, self.site, self.ledger, self.clock())
        return publish(made, self.site, self.ledger).counts

    def edit(self, before: str, after: str, article: str = "pas") -> None:
        """A person replaces one text by another on the live page, and it is found."""
        page = self.place.of(article)
        assert before in page.html
        page.html = page.html.replace(before, after, 1)
        page.version += 1
        self.look()

    def look(self) -> None:
        wanted = wanted_of(read(self.folders), STAFF, self.clock())
        made = plan(wanted, self.site, self.ledger, self.clock())
        note(made, self.ledger)

    def take(self, article: str = "pas") -> Path:
        edit = open_edit(self.ledger, article)
        library = read(self.folders)
        return take(self.ledger, edit, library, self.folders, actor="anna").path


@pytest.fixture
def town(tmp_path: Path, clock: Clock) -> Town:
    """One local article, published."""
    made = Town(tmp_path, open_ledger("sqlite:///:memory:", clock=clock), clock)
    (made.folders.local / "pas.md").write_text(LOCAL, encoding="utf-8")
    (made.folders.local / "flytning.md").write_text(OTHER, encoding="utf-8")
    made.publish()
    return made


def test_a_changed_sentence(town: Town) -> None:
    """Only that line of the file changes; the page is then published with it."""
    town.edit("890 kr", "<strong>950</strong> kr")

    path = town.take()

    assert path.read_text(encoding="utf-8") == LOCAL.replace("890 kr", "**950** kr")
    assert town.publish() == {"kept": 1, "changed": 1}
    assert "950" in town.place.of("pas").html
    assert edits(town.ledger) == []


def test_links_and_lists_come_back_as_they_were_written(town: Town) -> None:
    """An address of our own page is the article again, a new line of a list a line."""
    town.edit("<li>Børn</li>", "<li>Børn</li>\n<li>Unge</li>")

    text = town.take().read_text(encoding="utf-8")

    assert text == LOCAL.replace("- Børn\n", "- Børn\n- Unge\n")


def test_an_address_with_a_query(town: Town) -> None:
    """It comes as it is, though the beginning of a name in it is a sign of HTML: &sect, &copy."""
    link = '<a href="https://kort.example/?id=1&amp;section=2&amp;copy=3">kortet</a>'
    town.edit("Husk billede.", f"Se {link}.")

    text = town.take().read_text(encoding="utf-8")

    address = "https://kort.example/?id=1&section=2&copy=3"
    assert text == LOCAL.replace("Husk billede.", f"Se [kortet]({address}).")


def test_sections_added_renamed_and_removed(town: Town) -> None:
    """A new heading is a new section at its place; keys and audiences of the others stay."""
    town.edit('<h2 id="pris">Pris</h2>', '<h2 id="pris">Hvad det koster</h2>')
    town.edit('<h2 id="til-sidst">', '<h2>Åbent</h2>\n<p>Hver dag.</p>\n<h2 id="til-sidst">')
    town.edit("Nøglen ligger i skabet.", "Nøglen er væk.")

    text = town.take().read_text(encoding="utf-8")

    assert text == LOCAL.replace("## Pris {", "## Hvad det koster {").replace(
        "Nøglen ligger i skabet.\n", "Nøglen er væk.\n\n## Åbent\n\nHver dag.\n"
    )
    assert town.publish() == {"kept": 1, "changed": 1}
    assert "Hver dag." in town.place.of("pas").html


def test_two_sections_that_say_the_same(town: Town) -> None:
    """The one that was changed on the page is the one that is changed in the file."""
    again = "\n## Til sidst {#igen}\n\nHusk billede.\n"
    (town.folders.local / "pas.md").write_text(LOCAL + again, encoding="utf-8")
    town.publish()
    html = town.place.of("pas").html
    last = html[html.index('<h2 id="igen">') :]
    town.edit(last, last.replace("Husk", "Glem ikke"))

    assert town.take().read_text(encoding="utf-8") == LOCAL + again.replace("Husk", "Glem ikke")


def test_what_looks_like_a_heading(town: Town) -> None:
    """In code it is none, and braces at the end of a person's heading are words."""
    code = "\n```\n## Bemærkning\n\n1 2 3\n```\n\nSlut.\n"
    (town.folders.local / "pas.md").write_text(LOCAL + code, encoding="utf-8")
    town.publish()
    town.edit("Slut.", "Helt slut.")
    town.edit("Pris</h2>", "Pris {2027}</h2>")

    text = town.take().read_text(encoding="utf-8")

    assert text == LOCAL.replace("Pris {", "Pris {2027} {") + code.replace("Slut", "Helt slut")


NEW = "<h2>Åbent</h2>\n<p>Hver dag.</p>\n<h2>Lukket</h2>\n<p>Om natten.</p>\n"


@pytest.mark.parametrize("before", ["pris", "til-sidst"])
def test_two_new_sections(town: Town, before: str) -> None:
    """They stay together in their order, at the beginning too."""
    own = LOCAL.replace("Et pas gælder i ti år.\n\n", "")
    (town.folders.local / "pas.md").write_text(own, encoding="utf-8")
    town.publish()
    town.edit(f'<h2 id="{before}">', f'{NEW}<h2 id="{before}">')

    text = town.take().read_text(encoding="utf-8")

    heading = {"pris": "## Pris", "til-sidst": "## Til sidst"}[before]
    assert text == own.replace(
        heading, f"## Åbent\n\nHver dag.\n\n## Lukket\n\nOm natten.\n\n{heading}"
    )


def test_two_new_sections_of_a_shared_article(town: Town) -> None:
    """Each says what it stands after, in an order that can be read."""
    (town.shared / "skat.md").write_text(LOCAL.replace("id: pas", "id: skat"), encoding="utf-8")
    town.publish()
    town.edit('<h2 id="til-sidst">', f'{NEW}<h2 id="til-sidst">', "skat")

    town.take("skat")

    library = read(town.folders)
    keys = [each.key for each in library.articles["skat"].sections]
    assert keys == ["", "pris", "os", "aabent", "lukket", "til-sidst"]
    assert library.mistakes == ()


def test_a_removed_section(town: Town) -> None:
    """It leaves the file with its heading."""
    html = town.place.of("pas").html
    start = html.index('<h2 id="til-sidst">')
    town.edit(html[start:], "")

    text = town.take().read_text(encoding="utf-8")

    assert text == LOCAL.replace("\n## Til sidst\n\nHusk billede.\n", "")


def test_a_title(town: Town) -> None:
    """It goes into the front matter."""
    page = town.place.of("pas")
    page.title, page.version = 'Pas: "nyt"', page.version + 1
    town.look()

    text = town.take().read_text(encoding="utf-8")

    assert 'title: "Pas: \\"nyt\\""\n' in text
    assert read(town.folders).articles["pas"].title == 'Pas: "nyt"'


def test_a_shared_article_gets_an_overlay(town: Town) -> None:
    """The national file stays as it is; ours holds the changed section, and what it was against."""
    national = LOCAL.replace("id: pas", "id: skat")
    (town.shared / "skat.md").write_text(national, encoding="utf-8")
    town.publish()
    town.edit("Husk billede.", "Husk to billeder.", "skat")

    path = town.take("skat")

    assert (town.shared / "skat.md").read_text(encoding="utf-8") == national
    assert base_path(town.folders, "skat").read_text(encoding="utf-8") == national
    assert path.read_text(encoding="utf-8") == (
        "---\noverlays: skat\n---\n\n## Til sidst {#til-sidst}\n\nHusk to billeder.\n"
    )
    assert town.publish()["changed"] == 1
    assert "to billeder" in town.place.of("skat").html


def test_an_overlay_that_is_there_is_changed(town: Town) -> None:
    """Its own section is replaced, its braces stay, another section is added."""
    national = LOCAL.replace("id: pas", "id: skat")
    (town.shared / "skat.md").write_text(national, encoding="utf-8")
    base_path(town.folders, "skat").parent.mkdir()
    base_path(town.folders, "skat").write_text(national, encoding="utf-8")
    own = "---\noverlays: skat\nunit: Skat\n---\n\n## Mere {#mere after=pris}\n\nVores.\n"
    (town.folders.local / "skat.md").write_text(own, encoding="utf-8")
    town.publish()
    town.edit("Vores.", "Vores eget.", "skat")
    town.edit("Nøglen ligger i skabet.", "Nøglen er væk.", "skat")

    text = town.take("skat").read_text(encoding="utf-8")

    assert text == own.replace("Vores.", "Vores eget.") + (
        "\n## Kun os {#os .staff}\n\nNøglen er væk.\n"
    )


def test_an_overlay_with_nothing_in_it_yet(town: Town) -> None:
    """As `articles new --over` makes it: the changed section and title are its first."""
    (town.shared / "skat.md").write_text(LOCAL.replace("id: pas", "id: skat"), encoding="utf-8")
    town.publish()
    empty = "---\noverlays: skat\n# Skriv kun det, der er vores.\n---\n"
    (town.folders.local / "skat.md").write_text(empty, encoding="utf-8")
    town.place.of("skat").title = "Pas hos os"
    town.edit("Husk billede.", "Husk to billeder.", "skat")

    text = town.take("skat").read_text(encoding="utf-8")

    assert text == empty.removesuffix("---\n") + (
        'title: "Pas hos os"\n---\n\n## Til sidst {#til-sidst}\n\nHusk to billeder.\n'
    )


def test_another_articles_file_is_not_written_over(town: Town) -> None:
    """The file that the new overlay would get is there, and is of another article: it stays."""
    (town.shared / "skat.md").write_text(LOCAL.replace("id: pas", "id: skat"), encoding="utf-8")
    town.publish()
    town.edit("Husk billede.", "Husk to billeder.", "skat")
    theirs = town.folders.local / "skat.md"
    theirs.write_text(LOCAL.replace("id: pas", "id: moms"), encoding="utf-8")

    with pytest.raises(CannotTake) as caught:
        town.take("skat")

    assert caught.value.key == "would_break"
    assert "id: moms" in theirs.read_text(encoding="utf-8")
    assert not base_path(town.folders, "skat").exists()


def test_a_shared_article_that_is_gone_by_now(town: Town) -> None:
    """The library was read while its file was still there; nothing is written."""
    (town.shared / "skat.md").write_text(LOCAL.replace("id: pas", "id: skat"), encoding="utf-8")
    town.publish()
    town.edit("Husk billede.", "Husk to billeder.", "skat")
    edit, library = open_edit(town.ledger, "skat"), read(town.folders)
    (town.shared / "skat.md").unlink()

    with pytest.raises(CannotTake) as caught:
        take(town.ledger, edit, library, town.folders, actor="anna")

    assert caught.value.key == "no_source"
    assert not (town.folders.local / "skat.md").exists()


def test_what_cannot_be_taken(town: Town) -> None:
    """A deleted page has no text; what is no edit, or was decided, is told apart."""
    town.place.delete("pas")
    town.look()

    with pytest.raises(CannotTake) as caught:
        town.take()
    assert caught.value.key == "only_text"
    with pytest.raises(CannotTake) as caught:
        town.take("flytning")
    assert caught.value.key == "not_found"

    edit = open_edit(town.ledger, "pas")
    dismiss(town.ledger, edit, actor="anna", reason="skal være der")
    with pytest.raises(CannotTake) as caught:
        dismiss(town.ledger, edit, actor="bo", reason="")
    assert caught.value.key == "decided"


def test_a_taken_edit_whose_source_was_put_back(town: Town) -> None:
    """Without the text in the source, ours does not replace theirs: it is shown once more."""
    town.edit("890 kr", "950 kr")
    path = town.take()
    path.write_text(LOCAL, encoding="utf-8")

    town.publish()

    assert "950 kr" in town.place.of("pas").html
