"""What is wrong between articles, and with those who answer for them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connector.articles import subjects
from connector.articles.checking import check, refused
from connector.articles.mistakes import ERROR, WARNING
from tests.articles.source_folder import TODAY, Source, keys, one, source

__all__ = ["source"]


@pytest.mark.parametrize("field", ["summary", "unit", "owner", "review_by"])
def test_what_must_be_filled_in(source: Source, field: str) -> None:
    """An article that nobody owns, or that is never reviewed, is not published."""
    source.article(**{field: ""})

    mistakes = source.check()

    assert one(mistakes, f"no_{field}").level == ERROR
    assert refused(source.read(), mistakes) == {"flytning"}


def test_a_good_article_has_no_mistakes(source: Source) -> None:
    """Nothing is told of an article that is as it should be."""
    source.article("pas", "## Pris {#pris}\n\n900 kr.")
    source.article(body="Se [pas](article:pas#pris), [her](#her).\n\n## Her {#her}\n\nx")

    assert source.check() == ()


@pytest.mark.parametrize(
    ("link", "key", "words"),
    [
        ("article:pass", "link_unknown_near", "pas"),
        ("article:xyzzy", "link_unknown", "xyzzy"),
        ("article:pas#prisen", "link_no_section", "pris, inde"),
        ("#findes-ikke", "link_no_section", "flytning"),
        ("article:pas#inde", "link_to_staff", "pas#inde"),
        ("article:intern", "link_to_staff", "intern"),
        ("article:kun-afsnit", "link_to_staff", "kun-afsnit"),
    ],
)
def test_links_between_articles(source: Source, link: str, key: str, words: str) -> None:
    """A link leads to an article and a section that is there and that its readers may see."""
    source.article("pas", "## Pris {#pris}\n\n900 kr.\n\n## Inde {#inde .staff}\n\nx")
    source.article("intern", "x", audience="staff")
    source.article("kun-afsnit", "## Inde {#inde .staff}\n\nx")
    source.article(body=f"Tekst.\n\nSe [siden]({link}).")

    mistake = one(source.check(), key)

    assert (mistake.article, mistake.line, mistake.level) == ("flytning", 12, ERROR)
    assert words in mistake.text("da")


def test_staff_may_be_led_to_staff(source: Source) -> None:
    """A section for staff links to what only they may see."""
    source.article("intern", "x", audience="staff")
    source.article(body="x\n\n## Inde {#inde .staff}\n\nSe [siden](article:intern).")

    assert source.check() == ()


def test_a_link_to_a_broken_article_is_told_once(source: Source) -> None:
    """An article that cannot be read is told itself; those that link to it are not wrong."""
    source.write("pas.md", "---\noverlays: pas\n---\n\nx")
    source.article(body="Se [pas](article:pas).")

    assert keys(source.check()) == ["overlay_of_nothing"]


def test_the_review_date(source: Source) -> None:
    """On its day an article may still be published, the day after it may not."""
    source.article("a", review_by=TODAY.isoformat())
    source.article("b", review_by=(TODAY - timedelta(days=1)).isoformat())

    mistake = one(source.check(), "review_past")

    assert (mistake.article, mistake.level) == ("b", ERROR)


def test_owners_who_left(source: Source) -> None:
    """Whoever is not in the directory answers for nothing."""
    source.article("a")
    source.article("b", owner="gone@kommunen.example")

    mistakes = check(source.read(), TODAY, lambda upn: upn.startswith("hanne"))

    assert one(mistakes, "owner_unknown").article == "b"


def test_validity(source: Source) -> None:
    """One that has expired is told, one that can never be shown is an error."""
    source.article("udloebet", valid_to="2026-11-21")
    source.article("i-dag", valid_to="2026-11-22")
    source.article("aldrig", valid_from="2027-02-01", valid_to="2027-01-01")

    mistakes = source.check()

    assert (one(mistakes, "expired").article, one(mistakes, "expired").level) == (
        "udloebet", WARNING,
    )  # fmt: skip
    assert one(mistakes, "valid_never").article == "aldrig"
    assert len(mistakes) == 2


def test_subjects(source: Source) -> None:
    """A KLE number that nobody knows is told; one whose main group is known is not."""
    source.article("a", subject='"23.05.08"')
    source.article("b", subject='"77.01"')

    assert one(source.check(), "subject_unknown").article == "b"


@pytest.mark.parametrize(
    ("number", "title"),
    [
        ("23.05.08", "Folkeregister"),
        ("23.99.99", "Borgerlige forhold"),
        ("23", "Borgerlige forhold"),
        ("07.00.00", "Affald og genanvendelse"),
        ("77", ""),
        ("", ""),
    ],
)
def test_what_subjects_are_called(number: str, title: str) -> None:
    """The longest known beginning of a number gives its name; a shared one the main group's."""
    assert subjects.title(number) == title


def test_translations(source: Source) -> None:
    """A translation names an original in another language, reviewed no later than itself."""
    source.article("a", language="da", review_by="2028-01-01")
    source.article("b", language="en", translation_of="a", review_by="2027-06-01")
    source.article("c", language="da", translation_of="a", review_by="2028-01-01")
    source.article("d", language="en", translation_of="findes-ikke")
    source.article("e", language="en", translation_of="a", review_by="2028-01-01")

    mistakes = source.check()

    assert {each.article: (each.key, each.level) for each in mistakes} == {
        "b": ("translation_old", WARNING),
        "c": ("translation_same_language", ERROR),
        "d": ("translation_of_unknown", ERROR),
    }


def test_mistakes_stand_in_the_order_of_the_files(source: Source) -> None:
    """A person goes through them from the top."""
    source.article("b", unit="", owner="", subject='"77"')
    source.article("a", "![](x.png)\n\n[x](article:nix)")

    places = [(each.path, each.line) for each in source.check()]

    assert places == sorted(places)
    assert len(places) == 6
