"""The national text, what ours was written against, and ours, made one article."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.article import BOTH, LOCAL, NATIONAL, Section
from connector.articles.drafts import Part
from connector.articles.merging import lay, merge
from connector.articles.settling import accept, conflicts_of, settle
from connector.errors import ConfigError
from tests.articles.source_folder import PNG, TODAY, Source, keys, one, source

__all__ = ["source"]

NATIONAL_TEXT = "Indledning.\n\n## Frist {#frist}\n\nFem dage.\n\n## Pris {#pris}\n\nGratis."


def part(key: str, text: str, source: str = NATIONAL, **fields: str | bool) -> Part:
    section = Section(key=key, heading=key.title(), text=text, source=source)
    return Part(section=section, text_line=1, **fields)  # type: ignore[arg-type]


KEYS = st.sampled_from(["", "a", "b", "c", "d"])


@st.composite
def documents(draw: st.DrawFn, source: str = NATIONAL) -> tuple[Part, ...]:
    found = draw(st.lists(KEYS, unique=True))
    return tuple(part(key, draw(st.sampled_from("xyz")), source) for key in found)


@st.composite
def overlays(draw: st.DrawFn) -> tuple[Part, ...]:
    return tuple(
        msgspec.structs.replace(
            one, is_hidden=draw(st.booleans()), after=draw(st.sampled_from(["", "a", "b", "q"]))
        )
        for one in draw(documents(LOCAL))
    )


def said(parts: tuple[Part, ...]) -> list[tuple[str, ...]]:
    return [(one.section.key, *one.said) for one in parts]


@given(documents(), overlays())
def test_nothing_new_nationally_is_our_text(base: tuple[Part, ...], ours: tuple[Part, ...]) -> None:
    """When the national text did not change, the article is the local text laid over it."""
    merged = merge(base, base, ours)

    assert merged.clashes == ()
    assert said(merged.parts) == said(lay(base, ours).parts)


@given(documents(), documents(), overlays())
def test_no_local_text_is_ever_lost(
    base: tuple[Part, ...], national: tuple[Part, ...], ours: tuple[Part, ...]
) -> None:
    """Every section of ours that is not hidden stands in the article, conflict or not, once."""
    merged = merge(base, national, ours)

    shown = [one for one in merged.parts if one.section.source == LOCAL]
    assert sorted(said(tuple(shown))) == sorted(said(tuple(o for o in ours if not o.is_hidden)))
    found = [one.section.key for one in merged.parts]
    assert len(found) == len(set(found))
    assert not {o.section.key for o in ours if o.is_hidden} & set(found)


@given(documents(), documents())
def test_without_a_local_text_it_is_the_national_one(
    base: tuple[Part, ...], national: tuple[Part, ...]
) -> None:
    """What we never touched follows the national editor, removals included."""
    assert said(merge(base, national, ()).parts) == said(national)


@given(documents(), documents(), overlays(), st.randoms(use_true_random=False))
def test_the_order_of_our_sections_decides_nothing(
    base: tuple[Part, ...],
    national: tuple[Part, ...],
    ours: tuple[Part, ...],
    chance: random.Random,
) -> None:
    """Which sections clash does not depend on the order in which anybody wrote them."""
    mixed = [list(each) for each in (base, national, ours)]
    for each in mixed:
        chance.shuffle(each)

    clashes = {one.key for one in merge(base, national, ours).clashes}

    assert {one.key for one in merge(*mixed).clashes} == clashes


@given(documents(), documents(), overlays())
def test_only_what_both_changed_clashes(
    base: tuple[Part, ...], national: tuple[Part, ...], ours: tuple[Part, ...]
) -> None:
    """A section clashes when the national text changed since, and not to what ours says."""
    by_key = [{one.section.key: one for one in each} for each in (base, national, ours)]

    clashes = {one.key for one in merge(base, national, ours).clashes}

    for key, own in by_key[2].items():
        was, now = (
            None if found is None else found.said
            for found in (by_key[0].get(key), by_key[1].get(key))
        )
        mine = None if own.is_hidden else own.said
        assert (key in clashes) == (now not in (was, mine))
    assert clashes <= set(by_key[2])


def texts(source: Source, id: str = "flytning") -> dict[str, str]:
    return {each.key: each.text for each in source.read().articles[id].sections}


def test_replaced_added_and_hidden(source: Source) -> None:
    """An overlay replaces, adds and hides sections, and its fields own the page."""
    source.national(NATIONAL_TEXT)
    source.base(NATIONAL_TEXT)
    source.overlay(
        "## Frist {#frist}\n\nTre dage.\n\n## Hos os {#os after=frist}\n\nRing.\n\n"
        "## Også {#og after=frist}\n\nSkriv.\n\n## Pris {#pris .hidden}\n",
        unit="Byg",
        owner="bo@nordvang.example",
    )

    library = source.read()

    article = library.articles["flytning"]
    assert library.mistakes == ()
    assert [(s.key, s.text, s.source) for s in article.sections] == [
        ("", "Indledning.", NATIONAL),
        ("frist", "Tre dage.", LOCAL),
        ("os", "Ring.", LOCAL),
        ("og", "Skriv.", LOCAL),
    ]
    assert (article.unit, article.owner, article.title) == (
        "Byg",
        "bo@nordvang.example",
        "Meld flytning",
    )
    assert article.source == BOTH
    assert len(article.paths) == 2


def test_a_national_change_beside_ours_comes_through(source: Source) -> None:
    """Sections that we did not touch follow the national text without anybody asking."""
    source.base(NATIONAL_TEXT)
    source.national(NATIONAL_TEXT.replace("Gratis.", "100 kr.") + "\n\n## Ny {#ny}\n\nN")
    source.overlay("## Frist {#frist}\n\nTre dage.")

    assert source.read().conflicts == ()
    assert texts(source) == {"": "Indledning.", "frist": "Tre dage.", "pris": "100 kr.", "ny": "N"}


def test_both_changed_is_a_conflict(source: Source) -> None:
    """The article is blocked, stays as last accepted, and all three texts are shown."""
    source.base(NATIONAL_TEXT)
    source.national(NATIONAL_TEXT.replace("Fem dage", "Syv dage").replace("Gratis", "Dyrt"))
    source.overlay("## Frist {#frist}\n\nTre dage.")

    library = source.read()

    conflict = library.conflicts[0]
    assert (conflict.article, conflict.section) == ("flytning", "frist")
    assert conflict.base == "## Frist {#frist}\n\nFem dage."
    assert conflict.national.endswith("Syv dage.")
    assert conflict.local.endswith("Tre dage.")
    assert library.blocked == {"flytning"}
    assert texts(source) == {"": "Indledning.", "frist": "Tre dage.", "pris": "Gratis."}
    assert "casethread articles merge flytning" in one(library.mistakes, "conflict").text("da")


def test_the_same_change_on_both_sides_is_none(source: Source) -> None:
    """When the national editor takes our words, nothing is left to decide."""
    source.base(NATIONAL_TEXT)
    source.national(NATIONAL_TEXT.replace("Fem dage", "Tre dage"))
    source.overlay("## Frist {#frist}\n\nTre dage.")

    assert source.read().mistakes == ()


def test_a_removed_national_section_that_we_replaced(source: Source) -> None:
    """It is a conflict: ours stays until somebody decides."""
    source.base(NATIONAL_TEXT)
    source.national("Indledning.\n\n## Pris {#pris}\n\nGratis.")
    source.overlay("## Frist {#frist}\n\nTre dage.")

    library = source.read()

    assert keys(library.mistakes) == ["conflict_removed"]
    assert library.conflicts[0].national == ""
    assert texts(source)["frist"] == "Tre dage."


def test_a_removed_national_section_that_we_hid(source: Source) -> None:
    """Both took it away: nothing to decide, only a line to delete."""
    source.base(NATIONAL_TEXT)
    source.national("Indledning.\n\n## Frist {#frist}\n\nFem dage.")
    source.overlay("## Pris {#pris .hidden}\n")

    library = source.read()

    assert keys(library.mistakes) == ["hides_nothing"]
    assert library.blocked == frozenset()


def test_a_hidden_section_that_changes(source: Source) -> None:
    """What we hide may have become worth showing: a person looks."""
    source.base(NATIONAL_TEXT)
    source.national(NATIONAL_TEXT.replace("Gratis.", "100 kr."))
    source.overlay("## Pris {#pris .hidden}\n")

    assert [each.section for each in source.read().conflicts] == ["pris"]


def test_a_title_that_both_changed(source: Source) -> None:
    """Fields that we replace clash as sections do."""
    source.base(NATIONAL_TEXT, title="Flytning")
    source.national(NATIONAL_TEXT, title="Adresse")
    source.overlay("## Hos os {#os}\n\nRing.", title="Flytning til Nordvang")

    library = source.read()

    conflict = library.conflicts[0]
    assert (conflict.section, conflict.national) == ("title:", "Adresse")
    assert library.articles["flytning"].title == "Flytning til Nordvang"


def test_the_national_file_is_gone(source: Source) -> None:
    """The article stays with what it was written against, and is blocked until somebody acts."""
    source.base(NATIONAL_TEXT)
    source.overlay("## Frist {#frist}\n\nTre dage.")

    library = source.read()

    assert keys(library.mistakes) == ["national_gone"]
    assert library.blocked == {"flytning"}
    assert texts(source)["pris"] == "Gratis."


def test_an_overlay_of_nothing(source: Source) -> None:
    """It is told, and its id blocked, though there is no article to show."""
    source.overlay("## Frist {#frist}\n\nTre dage.", id="findes-ikke")
    source.article("pas")

    library = source.read()

    assert keys(library.mistakes) == ["overlay_of_nothing"]
    assert library.blocked == {"findes-ikke"}
    assert set(library.articles) == {"pas"}


def test_an_overlay_without_its_base(source: Source) -> None:
    """Until somebody says that it fits the national text of today, it is not published."""
    source.national(NATIONAL_TEXT)
    source.overlay("## Frist {#frist}\n\nTre dage.")

    assert keys(source.read().mistakes) == ["no_base"]

    accept(source.folders, "flytning")

    assert source.read().mistakes == ()


def test_two_overlays_of_one_article(source: Source) -> None:
    """Both files are named."""
    source.national(NATIONAL_TEXT)
    source.base(NATIONAL_TEXT)
    source.overlay("## Frist {#frist}\n\nTre dage.")
    source.write("zz.md", "---\noverlays: flytning\n---\n\n## Pris {#pris}\n\n5\n")

    assert keys(source.read().mistakes) == ["id_twice"]


def test_after_a_section_that_is_not_there(source: Source) -> None:
    """The section stands last, and its editor is told."""
    source.national(NATIONAL_TEXT)
    source.base(NATIONAL_TEXT)
    source.overlay("## Hos os {#os after=findes-ikke}\n\nRing.")

    library = source.read()

    assert keys(library.mistakes) == ["after_unknown"]
    assert library.blocked == frozenset()
    assert list(texts(source))[-1] == "os"


def test_mistakes_of_a_replaced_section_are_not_ours(source: Source) -> None:
    """A broken image in a national section that we replaced keeps nothing from being published."""
    text = NATIONAL_TEXT.replace("Fem dage.", "![](mangler.png)")
    source.national(text)
    source.base(text)
    source.overlay("## Frist {#frist}\n\nTre dage.")

    assert source.read().mistakes == ()


def test_both_sides_have_a_file_of_one_name(source: Source) -> None:
    """Each section shows the file beside its own text; one name for two files is a mistake."""
    text = NATIONAL_TEXT.replace("Fem dage.", "![Kort](kort.png)")
    (source.shared / "kort.png").write_bytes(PNG)
    source.write("kort.png", PNG + b"other")
    source.national(text)
    source.base(text)
    source.overlay("## Pris {#pris}\n\n![Vores kort](kort.png)")

    assert keys(source.read().mistakes) == ["file_name_taken"]


def conflicting(source: Source) -> None:
    source.base(NATIONAL_TEXT)
    source.national(NATIONAL_TEXT.replace("Fem dage", "Syv dage").replace("Gratis", "Dyrt"))
    source.overlay(
        "Vores indledning.\n\n## Frist {#frist}\n\nTre dage.\n\n## Pris {#pris}\n\n5 kr.\n\n"
        "## Hos os {#os}\n\nRing.",
        unit="Byg",
    )


def test_taking_ours(source: Source) -> None:
    """Our section stands over the new national one; the other conflict is left."""
    conflicting(source)

    settle(source.folders, "flytning", "frist", "local", TODAY)

    assert [each.section for each in conflicts_of(source.folders)] == ["pris"]
    assert conflicts_of(source.folders)[0].base == "## Pris {#pris}\n\nGratis."


def test_taking_theirs(source: Source) -> None:
    """Our section goes out of the overlay, is kept beside, and the rest of the file stays."""
    conflicting(source)

    written = settle(source.folders, "flytning", "frist", "national", TODAY)

    overlay = (source.local / "over-flytning.md").read_text(encoding="utf-8")
    assert overlay == (
        "---\noverlays: flytning\nunit: Byg\n---\n\nVores indledning.\n\n"
        "## Pris {#pris}\n\n5 kr.\n\n## Hos os {#os}\n\nRing.\n"
    )
    kept = (source.local / ".base" / "removed" / "flytning.md").read_text(encoding="utf-8")
    assert "Tre dage." in kept
    assert "2026-11-22" in kept
    assert written == (
        source.local / "over-flytning.md", source.local / ".base" / "removed" / "flytning.md"
    )  # fmt: skip


def test_when_all_is_decided_the_base_is_todays(source: Source) -> None:
    """After the last decision the article is published with both sides' changes."""
    conflicting(source)

    settle(source.folders, "flytning", "frist", "local", TODAY)
    settle(source.folders, "flytning", "pris", "national", TODAY)

    base = source.local / ".base" / "flytning.md"
    assert base.read_bytes() == (source.shared / "flytning.md").read_bytes()
    assert source.read().mistakes == ()
    assert texts(source) == {
        "": "Vores indledning.", "frist": "Tre dage.", "pris": "Dyrt.", "os": "Ring."
    }  # fmt: skip


def test_deciding_about_another_text_than_was_seen(source: Source) -> None:
    """When the national text changes once more while a person reads, they look again."""
    conflicting(source)
    seen = {each.section: each.mark for each in conflicts_of(source.folders)}["frist"]
    source.national(NATIONAL_TEXT.replace("Fem dage", "Otte dage").replace("Gratis", "Dyrt"))

    with pytest.raises(ConfigError, match="Look again"):
        settle(source.folders, "flytning", "frist", "national", TODAY, seen=seen)

    seen = {each.section: each.mark for each in conflicts_of(source.folders)}["frist"]
    settle(source.folders, "flytning", "frist", "national", TODAY, seen=seen)
    assert [each.section for each in conflicts_of(source.folders)] == ["pris"]


@pytest.mark.parametrize("take", ["national", "local"])
def test_deciding_about_a_title(source: Source, take: str) -> None:
    """A field is decided as a section is."""
    source.base(NATIONAL_TEXT, title="Flytning")
    source.national(NATIONAL_TEXT, title='"Adresse: \\"ny\\""')
    source.overlay("## Hos os {#os}\n\nRing.", title="Flytning til Nordvang", unit="Byg")

    settle(source.folders, "flytning", "title:", take, TODAY)

    library = source.read()
    assert library.mistakes == ()
    expected = 'Adresse: "ny"' if take == "national" else "Flytning til Nordvang"
    assert library.articles["flytning"].title == expected
    assert library.articles["flytning"].unit == "Byg"


@pytest.mark.parametrize("take", ["national", "local"])
def test_deciding_about_a_removed_section(source: Source, take: str) -> None:
    """A national section that is gone is ours to keep or to let go."""
    source.base(NATIONAL_TEXT)
    source.national("Indledning.\n\n## Pris {#pris}\n\nGratis.")
    source.overlay("## Frist {#frist}\n\nTre dage.")

    settle(source.folders, "flytning", "frist", take, TODAY)

    assert source.read().conflicts == ()
    assert ("frist" in texts(source)) == (take == "local")


def test_deciding_what_is_not_in_conflict(source: Source) -> None:
    """It is refused with the sections that are, and nothing is written."""
    conflicting(source)
    before = (source.local / "over-flytning.md").read_bytes()

    with pytest.raises(ConfigError, match="frist, pris"):
        settle(source.folders, "flytning", "os", "national", TODAY)
    with pytest.raises(ConfigError, match="findes-ikke"):
        accept(source.folders, "findes-ikke")

    assert (source.local / "over-flytning.md").read_bytes() == before


@given(
    st.sampled_from(["local", "national"]), st.sampled_from(["local", "national"]), st.booleans()
)
def test_any_order_of_decisions_ends_alike(
    tmp_path_factory: pytest.TempPathFactory, frist: str, pris: str, is_frist_first: bool
) -> None:
    """Which conflict is decided first changes nothing, and no local text is lost."""
    source = Source(tmp_path_factory.mktemp("articles"))
    conflicting(source)
    order = [("frist", frist), ("pris", pris)]

    for section, take in order if is_frist_first else reversed(order):
        settle(source.folders, "flytning", section, take, TODAY)

    found = texts(source)
    assert found["frist"] == ("Tre dage." if frist == "local" else "Syv dage.")
    assert found["pris"] == ("5 kr." if pris == "local" else "Dyrt.")
    everything = "".join(path.read_text(encoding="utf-8") for path in source.local.rglob("*.md"))
    assert all(text in everything for text in ("Tre dage.", "5 kr.", "Vores indledning.", "Ring."))
