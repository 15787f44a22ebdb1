"""A plan says what would be done, and publishing does that: once, whole, never over people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from connector.article import CITIZEN, STAFF, digest_of
from connector.articles.edits import CannotTake, dismiss, open_edit
from connector.articles.publishing import publish
from connector.errors import Unavailable
from connector.ledger import Ledger, open_ledger
from connector.ledger.article_edits import edits
from connector.ledger.article_pages import kept_page, kept_pages
from connector.ledger.article_versions import versions_of
from tests.articles.line import Line, link, page
from tests.articles.memory_site import ROOT, Dead, Page, links_in, while_
from tests.conftest import Clock


@pytest.fixture
def memory(clock: Clock) -> Iterator[Ledger]:
    """An empty ledger in memory; both databases are tried in test_article_ledger.py."""
    made = open_ledger("sqlite:///:memory:", clock=clock)
    yield made
    made.close()


@pytest.fixture
def line(memory: Ledger, clock: Clock) -> Line:
    """Three articles and an empty site."""
    made = Line(memory, clock)
    made.want(page("pas"), page("flytning"), page("affald"))
    return made


def dismissed(line: Line, id: str) -> None:
    """Somebody lets our text win."""
    dismiss(line.ledger, open_edit(line.ledger, id), actor="anna", reason="Ikke rigtigt")


# --- plan and publish ---


def test_a_plan_writes_nothing(line: Line) -> None:
    """It tells what would be created, and neither the site nor the ledger has any of it."""
    made = line.plan()

    assert {step.article: step.kind for step in made.steps} == dict.fromkeys(
        ("affald", "flytning", "pas"), "create"
    )
    assert "+Her er teksten." in made.steps[0].difference
    assert line.place.writes == 0
    assert kept_pages(line.ledger, "intra") == {}


def test_a_second_run_does_nothing(line: Line) -> None:
    """Each page is made once; the next run makes no write and reads no page by itself."""
    assert line.publish().counts == {"created": 3}
    writes, requests = line.place.writes, line.place.requests

    assert line.publish().counts == {"kept": 3}
    assert line.place.writes == writes
    assert line.place.requests == requests + 1


def test_a_change_is_told_and_made(line: Line) -> None:
    """The difference is of readable text; only the changed page is written."""
    line.publish()
    line.want(page("pas", "Her er en <strong>ny</strong> tekst."))

    step = next(each for each in line.plan().steps if each.article == "pas")
    result = line.publish()

    assert (step.kind, step.why) == ("change", "text")
    assert "-Her er teksten." in step.difference
    assert "+Her er en **ny** tekst." in step.difference
    assert result.counts == {"kept": 2, "changed": 1}
    assert "ny</strong>" in line.shown("pas")


def test_every_publish_is_a_version(line: Line) -> None:
    """Numbers rise, what was put is kept whole, and an unchanged page has no new one."""
    line.publish()
    line.want(page("pas", "Ny."))
    line.publish()
    line.publish()

    found = versions_of(line.ledger, "intra", "pas")

    assert [each.number for each in found] == [2, 1]
    assert [each.why for each in found] == ["text", "new"]
    assert found[1].page == page("pas")


def test_one_article_alone(line: Line) -> None:
    """Asked for one, the others are neither listed nor written."""
    line.publish()
    line.want(page("pas", "Ny."), page("affald", "Også ny."))
    requests = line.place.requests

    result = line.publish("pas")

    assert result.counts == {"changed": 1}
    assert "Ny." in line.shown("pas")
    assert "teksten" in line.shown("affald")
    assert line.place.requests - requests <= 3


def test_what_is_gone_is_withdrawn(line: Line) -> None:
    """An article that left the source is hidden; it comes back at the same address."""
    line.publish()
    url = kept_pages(line.ledger, "intra")["pas"].url
    gone = line.pages.pop("pas")

    assert line.publish().counts == {"kept": 2, "withdrawn": 1}
    assert line.shown("pas") == ""

    assert gone is not None
    line.want(gone)
    assert line.publish().counts == {"kept": 2, "changed": 1}
    assert "teksten" in line.shown("pas")
    assert kept_pages(line.ledger, "intra")["pas"].url == url


def test_an_article_for_others_is_withdrawn(line: Line) -> None:
    """When nothing of an article is for this site any more, its page goes."""
    line.publish()
    line.pages["pas"] = None

    step = next(each for each in line.plan().steps if each.article == "pas")

    assert (step.kind, step.why) == ("withdraw", "audience")


# --- the source is suddenly empty ---


def test_an_empty_source_withdraws_nothing(line: Line) -> None:
    """A share that is not connected looks like this; with withdraw_all it is meant."""
    line.publish()
    line.pages.clear()

    made = line.plan()

    assert made.problems == ("empty",)
    assert {step.kind for step in made.steps} == {"held"}
    assert line.publish().outcome == "partly"
    assert line.shown("pas")

    assert line.publish(withdraw_all=True).counts == {"withdrawn": 3}
    assert not line.shown("pas")


def test_more_than_half_gone_withdraws_nothing(line: Line) -> None:
    """Two of three; one of three is an ordinary day. What else there is to do is done."""
    line.publish()
    del line.pages["pas"], line.pages["affald"]
    line.want(page("flytning", "Ny."))

    result = line.publish()

    assert line.plan().problems == ("vanished",)
    assert result.counts == {"held": 2, "changed": 1}
    assert line.shown("pas")


def test_an_unreadable_file_withdraws_nothing(line: Line) -> None:
    """An article that is missing may be the one that cannot be read."""
    line.publish()
    del line.pages["pas"]
    line.is_whole = False

    assert line.plan().problems == ("unreadable",)
    assert line.kinds()["pas"] == "held"

    line.is_whole = True
    assert line.kinds()["pas"] == "withdraw"


def test_a_site_of_nothing_has_no_problem(line: Line) -> None:
    """An empty source and an empty site: nothing is held back, and nothing is told."""
    line.pages.clear()

    assert line.plan().problems == ()


# --- blocked ---


def test_a_blocked_article_stays_as_it_is(line: Line) -> None:
    """What is live of it is neither changed nor withdrawn; a new one is not made."""
    line.publish()
    line.want(page("pas", "Ny."), page("ny"))
    line.blocked = {"pas": "linket virker ikke", "ny": "ingen ansvarlig", "ulaeselig": "YAML"}

    steps = {step.article: step for step in line.plan().steps}
    line.publish()

    assert {id: step.kind for id, step in steps.items()} == {
        "affald": "keep",
        "flytning": "keep",
        "ny": "blocked",
        "pas": "blocked",
        "ulaeselig": "blocked",
    }
    assert steps["pas"].detail == "linket virker ikke"
    assert "teksten" in line.shown("pas")
    assert not line.shown("ny")


def test_an_overdue_article_gets_its_badge(line: Line) -> None:
    """Blocked because nobody reviewed it, its last text stays and says that it is overdue."""
    line.publish()
    late = page("pas", "Ny, men ikke gennemgået.", is_overdue=True)
    line.want(late)
    line.blocked = {"pas": "over tiden"}

    step = next(each for each in line.plan().steps if each.article == "pas")
    line.publish()

    assert (step.kind, step.why) == ("change", "badge")
    assert "teksten" in line.shown("pas")
    assert versions_of(line.ledger, "intra", "pas")[0].page.is_overdue
    assert line.kinds()["pas"] == "blocked"


def test_a_blocked_article_for_staff_leaves_the_citizens(line: Line) -> None:
    """Whatever else is wrong with it: nobody outside may see it any more."""
    line.publish()
    line.pages["pas"] = None
    line.blocked = {"pas": "over tiden"}
    assert line.kinds()["pas"] == "blocked"

    line.closed = frozenset({"pas"})

    assert line.kinds()["pas"] == "withdraw"


def test_fields_alone(line: Line) -> None:
    """A change of what stands beside the text is told as that."""
    line.publish()
    line.want(page("pas", keywords=("rejse",)))

    step = next(each for each in line.plan().steps if each.article == "pas")

    assert (step.kind, step.why, step.difference) == ("change", "fields", "")


# --- times ---


def test_published_and_withdrawn_on_time(line: Line, clock: Clock) -> None:
    """Before its time nothing is there, from its end on nothing again; to the second."""
    begins, ends = clock.now + timedelta(hours=1), clock.now + timedelta(hours=2)
    line.want(page("jul", effective=begins, expires=ends))

    assert line.kinds()["jul"] == "waiting"
    line.publish()
    assert not line.shown("jul")

    clock.now = begins - timedelta(seconds=1)
    assert line.kinds()["jul"] == "waiting"
    clock.now = begins
    line.publish()
    assert line.shown("jul")

    clock.now = ends
    assert line.publish().counts == {"kept": 3, "withdrawn": 1}
    assert not line.shown("jul")
    assert line.publish().counts == {"kept": 3}


def test_a_time_moved_forward_hides_the_page(line: Line, clock: Clock) -> None:
    """What is live and gets a later beginning waits for that."""
    line.publish()
    line.want(page("pas", effective=clock.now + timedelta(days=1)))

    step = next(each for each in line.plan().steps if each.article == "pas")

    assert (step.kind, step.why) == ("withdraw", "early")


@pytest.mark.parametrize(
    ("begins", "shown_from"),
    [
        # The clock goes from 03:00 back to 02:00; both 02:30 are named with their offsets.
        ("2026-10-25T02:30:00+02:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("2026-10-25T02:30:00+01:00", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        ("2027-03-28T03:30:00+02:00", datetime(2027, 3, 28, 1, 30, tzinfo=UTC)),
    ],
)
def test_changes_of_the_clock(
    memory: Ledger, clock: Clock, begins: str, shown_from: datetime
) -> None:
    """A time that comes twice is the one that is meant, to the minute."""
    line = Line(memory, clock)
    line.want(page("sommertid", effective=datetime.fromisoformat(begins)))

    clock.now = shown_from - timedelta(minutes=1)
    assert line.kinds() == {"sommertid": "waiting"}
    clock.now = shown_from
    assert line.kinds() == {"sommertid": "create"}


# --- people ---


def test_a_title_that_somebody_changed(line: Line) -> None:
    """It is in the difference, though the text below is as we left it."""
    line.want(page("pas"))
    line.publish()
    shown = line.place.of("pas")
    shown.title, shown.version = "Pas og kørekort", shown.version + 1

    (step,) = line.plan().of("edited")

    changed = [each for each in step.difference.splitlines()[2:] if each[0] in "-+"]
    assert changed == ["-# Artikel pas", "+# Pas og kørekort"]


def test_an_edit_is_kept_and_left_alone(line: Line) -> None:
    """It is shown with its difference, kept whole in the ledger, and never written over."""
    line.publish()
    line.place.edit("pas", "Også om aftenen.")
    line.want(page("pas", "Vores nye tekst."))

    step = next(each for each in line.look().steps if each.article == "pas")
    result = line.publish()

    assert (step.kind, step.why) == ("edited", "text")
    assert step.difference.splitlines()[-1] == "+Også om aftenen."
    assert result.counts == {"kept": 2, "edited": 1}
    assert "aftenen" in line.shown("pas")
    (edit,) = edits(line.ledger)
    assert "aftenen" in edit.html
    assert edit.changed_by == "Karla Redaktør"


def test_a_dismissed_edit_gives_way_once(line: Line) -> None:
    """Our text stands again, and the same edit made again is a new question."""
    line.publish()
    line.place.edit("pas", "Også om aftenen.")
    line.look()
    dismissed(line, "pas")

    assert line.publish().counts == {"kept": 2, "changed": 1}
    assert "aftenen" not in line.shown("pas")

    line.place.edit("pas", "Også om aftenen.")

    assert line.kinds()["pas"] == "edited"
    line.publish()
    assert "aftenen" in line.shown("pas")


def test_a_dismissal_is_of_one_edit(line: Line) -> None:
    """What somebody wrote after that is not dismissed with it."""
    line.publish()
    line.place.edit("pas", "Også om aftenen.")
    line.look()
    dismissed(line, "pas")
    line.place.edit("pas", "Og søndag.")

    assert line.kinds()["pas"] == "edited"
    line.publish()
    assert "søndag" in line.shown("pas")


def test_an_edit_that_was_undone_is_over(line: Line) -> None:
    """When the page is as we left it again, nothing waits for a decision."""
    line.publish()
    before = line.place.of("pas").html
    line.place.edit("pas", "Også om aftenen.")
    line.look()
    line.place.of("pas").html = before
    line.place.of("pas").version += 1

    line.publish()

    assert edits(line.ledger) == []
    with pytest.raises(CannotTake):
        open_edit(line.ledger, "pas")


def test_an_edit_between_plan_and_publish(line: Line) -> None:
    """The site tells; the edit is kept, the others are published."""
    line.publish()
    line.want(page("pas", "Ny."), page("affald", "Ny."))
    made = line.plan()
    line.place.edit("pas", "Også om aftenen.")

    result = publish(made, line.site, line.ledger)

    assert result.counts == {"kept": 1, "changed": 1, "edited": 1}
    assert "aftenen" in line.shown("pas")
    assert [each.article for each in edits(line.ledger)] == ["pas"]
    assert line.kinds()["pas"] == "edited"


def test_a_deleted_page_is_not_made_again(line: Line) -> None:
    """A person deleted it: told, until somebody says that it should be there."""
    line.publish()
    line.place.delete("pas")

    step = next(each for each in line.look().steps if each.article == "pas")
    line.publish()

    assert (step.kind, step.why) == ("edited", "deleted")
    assert not line.shown("pas")

    dismissed(line, "pas")
    assert line.publish().counts == {"kept": 2, "created": 1}
    assert line.shown("pas")


def test_a_hidden_page_stays_hidden(line: Line) -> None:
    """A person took it from its readers: told, until somebody says that it should be seen."""
    line.publish()
    line.place.hide("pas")

    step = next(each for each in line.look().steps if each.article == "pas")
    line.publish()

    assert (step.kind, step.why) == ("edited", "withdrawn")
    assert not line.shown("pas")

    dismissed(line, "pas")
    line.publish()
    assert line.shown("pas")


def test_a_moved_page_is_followed(line: Line) -> None:
    """It stays where somebody put it; pages that link to it get the new address."""
    line.want(page("pas", link("affald")))
    line.publish()
    line.place.move("affald", ROOT + "genbrug/affald")

    step = next(each for each in line.plan().steps if each.article == "pas")
    result = line.publish()

    assert (step.kind, step.why) == ("change", "links")
    assert result.counts == {"kept": 2, "links": 1}
    assert links_in(line.shown("pas")) == {"affald": ROOT + "genbrug/affald"}
    assert line.publish().counts == {"kept": 3}


def test_an_edited_page_that_expires_is_hidden_not_lost(line: Line, clock: Clock) -> None:
    """Its time is over whoever wrote in it; the text is kept, and asked about before it is shown
    again."""
    line.publish()
    line.place.edit("pas", "Også om aftenen.")
    line.want(page("pas", expires=clock.now))

    assert line.publish().counts == {"kept": 2, "withdrawn": 1}
    assert not line.shown("pas")
    assert "aftenen" in edits(line.ledger)[0].html

    line.want(page("pas"))
    assert line.kinds()["pas"] == "edited"
    line.publish()
    assert "aftenen" in line.place.of("pas").html

    dismissed(line, "pas")
    line.publish()
    assert line.shown("pas")
    assert "aftenen" not in line.shown("pas")


def test_a_page_shown_again_by_a_person(line: Line) -> None:
    """We hid it, somebody shows it: that is their decision, until it is dismissed."""
    line.publish()
    gone = line.pages.pop("pas")
    line.publish()
    line.place.of("pas").state = "published"
    line.place.of("pas").version += 1

    step = next(each for each in line.look().steps if each.article == "pas")
    line.publish()

    assert gone is not None
    assert (step.kind, step.why) == ("edited", "shown")
    assert line.shown("pas")

    dismissed(line, "pas")
    line.publish()
    assert not line.shown("pas")


def test_a_locked_page_waits(line: Line) -> None:
    """An editor has it open: the others go on, and the next run publishes it."""
    line.publish()
    line.want(page("pas", "Ny."), page("affald", "Ny."))
    line.place.of("pas").locked_by = "Karla Redaktør"

    result = line.publish()

    assert result.counts == {"kept": 1, "changed": 1, "locked": 1}
    assert result.outcome == "partly"

    line.place.of("pas").locked_by = ""
    assert line.publish().counts == {"kept": 2, "changed": 1}


def test_an_address_of_somebody_elses_page(line: Line) -> None:
    """The article is refused, the page that stands there is untouched, the others are published."""
    line.place.pages["person"] = Page("", ROOT + "pas", html="<p>En andens side</p>")

    result = line.publish()

    assert result.counts == {"created": 2, "rejected": 1}
    assert "another id" in result.problems[0]
    assert line.place.pages["person"].html == "<p>En andens side</p>"


# --- links ---


def test_links_both_ways_need_a_second_pass(line: Line) -> None:
    """Two articles that link to each other: one of them is put once more, and counted."""
    line.want(page("pas", link("flytning")), page("flytning", link("pas")))

    result = line.publish()

    assert result.counts == {"created": 3, "links": 1}
    assert links_in(line.shown("pas")) == {"flytning": ROOT + "flytning"}
    assert links_in(line.shown("flytning")) == {"pas": ROOT + "pas"}
    assert line.publish().counts == {"kept": 3}
    assert [each.number for each in versions_of(line.ledger, "intra", "pas")] == [1]


def test_what_is_linked_to_comes_first(line: Line) -> None:
    """A chain of links is put in one pass."""
    line.want(page("affald", link("flytning")), page("flytning", link("pas")))

    assert line.publish().counts == {"created": 3}
    assert links_in(line.shown("affald")) == {"flytning": ROOT + "flytning"}


def test_a_link_to_what_is_withdrawn(line: Line) -> None:
    """Its words stay, its address goes; when the other comes back, so does the link."""
    line.want(page("pas", link("affald")))
    line.publish()
    gone = line.pages["affald"]
    line.pages["affald"] = None

    assert {step.article: step.why for step in line.plan().steps if step.kind != "keep"} == {
        "affald": "audience",
        "pas": "links",
    }
    assert line.publish().counts == {"kept": 1, "withdrawn": 1, "links": 1}
    assert links_in(line.shown("pas")) == {}

    line.pages["affald"] = gone
    assert line.publish().counts == {"kept": 1, "changed": 1, "links": 1}
    assert links_in(line.shown("pas")) == {"affald": ROOT + "affald"}


# --- made together ---

MANY_WRITES = 2  # of a whole publish of these: three pages, then two


@pytest.fixture
def many(line: Line) -> Line:
    """Five new articles, two of them in a circle, on a site that makes three at once."""
    line.place.at_once = 3
    line.want(page("bil", link("cykel")), page("cykel", link("bil")))
    return line


def test_made_together_is_the_same(many: Line, clock: Clock) -> None:
    """Pages, links, versions and counts are those of a site that makes each by itself; with fewer
    writes, and no second put of a circle that was made together."""
    ledger = open_ledger("sqlite:///:memory:", clock=clock)
    alone = Line(ledger, clock)
    alone.pages = many.pages

    assert many.publish().counts == {"created": 5}
    assert alone.publish().counts == {"created": 5, "links": 1}

    assert many.place.writes == MANY_WRITES < alone.place.writes
    for id in many.pages:
        assert many.shown(id) == alone.shown(id)
        (version,) = versions_of(many.ledger, "intra", id)
        assert version.number == 1
        rows = [kept_page(each, "intra", id) for each in (many.ledger, ledger)]
        assert rows[0] is not None
        assert rows[1] is not None
        assert (rows[0].intent, rows[0].links) == ("", rows[1].links)
    writes = many.place.writes
    assert many.publish().counts == {"kept": 5}
    assert many.place.writes == writes
    ledger.close()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("at", range(1, MANY_WRITES + 1))
def test_killed_while_they_are_made(many: Line, at: int, when: str) -> None:
    """Wherever the process dies, the next run makes each page once and asks nobody."""
    made = many.plan()
    many.place.cut_at, many.place.cut = at, when
    with pytest.raises(Dead):
        publish(made, many.site, many.ledger)
    many.place.cut_at = 0

    many.publish()

    assert sorted(each.article for each in many.place.pages.values()) == sorted(many.pages)
    assert all(many.shown(id) for id in many.pages)
    assert edits(many.ledger) == []
    assert many.publish().counts == {"kept": 5}


def test_one_that_is_refused_leaves_the_others(many: Line) -> None:
    """Where one of them is not taken each is put by itself: that one alone is told."""
    many.place.pages["x"] = Page(article="", url=ROOT + "bil", state="published")

    result = many.publish()

    assert result.counts == {"created": 4, "rejected": 1}
    assert [each.partition(":")[0] for each in result.problems] == ["bil"]
    assert [many.shown(id) != "" for id in sorted(many.pages)] == [True, False, True, True, True]
    assert many.publish().counts["rejected"] == 1


def test_a_lost_answer_to_all_of_them(many: Line) -> None:
    """They may have got there: the run ends, and the next one looks."""
    with while_(many.place, loses_replies=True):
        assert many.publish().outcome == "failed"
    assert len(many.place.pages) == 3

    many.publish()

    assert len(many.place.pages) == 5
    assert many.publish().counts == {"kept": 5}


def test_an_edit_after_they_were_made(many: Line) -> None:
    """A person wrote after a run that died before it had settled them: it is theirs, and stays."""
    made = many.plan()
    many.place.cut_at, many.place.cut = 1, "after"
    with pytest.raises(Dead):
        publish(made, many.site, many.ledger)
    many.place.cut_at = 0
    edited = next(iter(many.place.pages.values())).article
    many.place.edit(edited, "Også om aftenen.")

    many.publish()

    assert "aftenen" in many.shown(edited)
    assert [each.article for each in edits(many.ledger)] == [edited]


# --- bad days ---


def test_a_site_that_goes_away_in_the_middle(line: Line) -> None:
    """What was done is done, the rest comes next time, and nothing is half."""
    made = line.plan()
    line.place.cut_at, line.place.dies = 3, Unavailable

    result = publish(made, line.site, line.ledger)

    assert result.outcome == "failed"
    assert result.counts == {"created": 1}
    line.place.cut_at = 0
    assert line.publish().counts == {"kept": 1, "created": 2}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("at", range(1, 7))
def test_killed_at_every_request(line: Line, at: int, when: str) -> None:
    """Wherever the process dies, the next run makes each page once and asks nobody."""
    made = line.plan()
    line.place.cut_at, line.place.cut = at, when
    with pytest.raises(Dead):
        publish(made, line.site, line.ledger)
    line.place.cut_at = 0

    line.publish()

    assert sorted(each.article for each in line.place.pages.values()) == [
        "affald",
        "flytning",
        "pas",
    ]
    assert all(line.shown(id) for id in line.pages)
    assert edits(line.ledger) == []
    assert line.publish().counts == {"kept": 3}
    assert [v.number for v in versions_of(line.ledger, "intra", "affald")][-1] == 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_killed_change_and_another_change(line: Line, when: str) -> None:
    """The source went on while the process was dead: the page gets the newest text."""
    line.publish()
    line.want(page("pas", "Anden."))
    made = line.plan()
    line.place.cut_at, line.place.cut = line.place.writes + 1, when
    with pytest.raises(Dead):
        publish(made, line.site, line.ledger)
    line.place.cut_at = 0
    line.want(page("pas", "Tredje."))

    line.publish()

    assert "Tredje." in line.shown("pas")
    assert edits(line.ledger) == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_edit_after_a_kill(line: Line, when: str) -> None:
    """A person wrote while we were dead in the middle: it is theirs, and stays."""
    line.publish()
    line.want(page("pas", "Anden."))
    made = line.plan()
    line.place.cut_at, line.place.cut = line.place.writes + 1, when
    with pytest.raises(Dead):
        publish(made, line.site, line.ledger)
    line.place.cut_at = 0
    line.place.edit("pas", "Også om aftenen.")

    line.publish()

    assert "aftenen" in line.shown("pas")
    assert [each.article for each in edits(line.ledger)] == ["pas"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_killed_withdrawal(line: Line, when: str) -> None:
    """The next run finishes it, or finds it done."""
    line.publish()
    del line.pages["pas"]
    made = line.plan()
    line.place.cut_at, line.place.cut = line.place.writes + 1, when
    with pytest.raises(Dead):
        publish(made, line.site, line.ledger)
    line.place.cut_at = 0

    line.publish()

    assert not line.shown("pas")
    row = kept_page(line.ledger, "intra", "pas")
    assert row is not None
    assert (row.state, row.intent) == ("withdrawn", "")
    assert edits(line.ledger) == []


def test_a_lost_answer(line: Line) -> None:
    """The page may have got there: the next run looks, and makes it once."""
    with while_(line.place, loses_replies=True):
        assert line.publish().outcome == "failed"

    line.publish()

    assert len(line.place.pages) == 3
    assert line.publish().counts == {"kept": 3}


def test_a_page_without_permission(line: Line) -> None:
    """One page may have a right of its own; after three in a row it is the account's."""
    line.want(page("bolig"), page("skat"))
    with while_(line.place, is_read_only=True):
        result = line.publish()

    assert result.counts == {"denied": 3}
    assert result.outcome == "failed"
    assert line.place.pages == {}
    assert line.publish().counts == {"created": 5}


def test_a_lost_ledger(line: Line, clock: Clock) -> None:
    """A new ledger takes over what stands as we left it, and shows what somebody changed."""
    line.publish()
    line.place.edit("pas", "Også om aftenen.")
    line.want(page("affald", "Ny."))
    line.ledger = open_ledger("sqlite:///:memory:", clock=clock)

    assert line.kinds() == {"affald": "change", "flytning": "keep", "pas": "edited"}
    assert line.publish().counts == {"kept": 1, "edited": 1, "changed": 1}
    assert len(line.place.pages) == 3


def test_pages_of_another_program(line: Line) -> None:
    """A page with an article's mark that neither source nor ledger knows is left alone."""
    line.publish()
    stranger = Page("andres", ROOT + "andres", html="<p>x</p>", state="published")
    line.place.pages["uid-99"] = stranger

    assert line.kinds()["andres"] == "edited"
    line.publish()
    assert stranger.state == "published"


def test_staff_text_never_reaches_a_citizens_site(memory: Ledger, clock: Clock) -> None:
    """Should a page for staff ever come so far, the site refuses it."""
    line = Line(memory, clock, audience=CITIZEN)
    inner = page("vagt", audience=STAFF)
    line.want(msgspec.structs.replace(inner, digest=digest_of(inner)))

    assert line.publish().counts == {"rejected": 1}
    assert not line.shown("vagt")
