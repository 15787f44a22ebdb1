"""Whatever order sources, people, kills and publishes come in, no text of a person is lost."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from connector.articles.edits import dismiss
from connector.articles.publishing import publish
from connector.errors import Unavailable
from connector.ledger import open_ledger
from connector.ledger.article_edits import TEXT, edits
from connector.ledger.article_pages import kept_page
from tests.articles.line import Line, link, page
from tests.articles.memory_site import Dead, Page
from tests.conftest import Clock

IDS = st.sampled_from(("pas", "flytning", "affald"))
CUTS = st.tuples(
    st.integers(1, 5),
    st.sampled_from(("before", "after")),
    st.sampled_from((Dead, Unavailable)),
)


class Publishing(RuleBasedStateMachine):
    """Three articles on one site. What each person wrote is remembered until it is dismissed."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock(datetime(2026, 11, 20, 12, tzinfo=UTC))
        self.line = Line(open_ledger("sqlite:///:memory:", clock=self.clock), self.clock)
        self.numbers = count(1)
        self.theirs: dict[str, set[str]] = {}  # article -> what stands there of people
        self.hidden: set[str] = set()  # deleted or hidden by a person
        self.is_fresh = False  # a publish ended, and nothing happened since

    def teardown(self) -> None:
        self.line.ledger.close()

    def page_of(self, id: str) -> Page | None:
        return next((p for p in self.line.place.pages.values() if p.article == id), None)

    @rule(id=IDS, other=IDS)
    def write(self, id: str, other: str) -> None:
        """The source has a new text, with a link."""
        text = f"Kildens {next(self.numbers)}. {link(other) if other != id else ''}"
        self.line.want(page(id, text))
        self.is_fresh = False

    @rule(id=IDS)
    def remove(self, id: str) -> None:
        """The article leaves the source."""
        self.line.pages.pop(id, None)
        self.is_fresh = False

    @rule()
    def run(self) -> None:
        """A whole publish."""
        self.line.publish(withdraw_all=True)
        self.is_fresh = True

    @rule(cut=CUTS)
    def run_cut_short(self, cut: tuple[int, str, type[BaseException]]) -> None:
        """A publish that dies, or whose site goes away, at one of its requests."""
        place = self.line.place
        made = self.line.plan(withdraw_all=True)
        place.cut_at, place.cut, place.dies = place.writes + cut[0], cut[1], cut[2]
        try:
            publish(made, self.line.site, self.line.ledger)
        except Dead:
            pass
        finally:
            place.cut_at = 0
        self.is_fresh = False

    @rule(id=IDS)
    def edit(self, id: str) -> None:
        """A person writes on a page that is shown."""
        found = self.page_of(id)
        if found is None or found.state != "published":
            return
        text = f"Personens {next(self.numbers)}."
        self.line.place.edit(id, text)
        self.theirs.setdefault(id, set()).add(text)
        self.is_fresh = False

    @rule(id=IDS, does=st.sampled_from(("delete", "hide")))
    def take_away(self, id: str, does: str) -> None:
        """A person deletes or hides a page that is shown."""
        found = self.page_of(id)
        if found is None or found.state != "published":
            return
        getattr(self.line.place, does)(id)
        row = kept_page(self.line.ledger, "intra", id)
        if row is not None and row.is_live and not row.intent:
            # What a run that was cut short had just made cannot be told from its half-made pages.
            self.hidden.add(id)
        if does == "delete":
            self.theirs.pop(id, None)  # by their own hand
        self.is_fresh = False

    @precondition(lambda self: self.is_fresh)
    @rule(pick=st.integers(0, 10))
    def dismiss_one(self, pick: int) -> None:
        """Somebody who has seen an edit lets our text win."""
        waiting = edits(self.line.ledger)
        if not waiting:
            return
        edit = waiting[pick % len(waiting)]
        dismiss(self.line.ledger, edit, actor="anna", reason="prøve")
        self.hidden.discard(edit.article)
        if edit.kind == TEXT:
            self.theirs.pop(edit.article, None)
        self.is_fresh = False

    @invariant()
    def no_text_of_a_person_is_overwritten(self) -> None:
        """What people wrote stands on their pages until it is dismissed."""
        for id, texts in self.theirs.items():
            found = self.page_of(id)
            assert found is not None, id
            for text in texts:
                assert text in found.html, (id, text)

    @invariant()
    def what_people_hid_stays_hidden(self) -> None:
        """Nobody sees again what a person took away, until that is dismissed."""
        for id in self.hidden & set(self.line.pages):
            if id not in self.theirs or self.page_of(id) is None:
                assert not self.line.shown(id), id

    @invariant()
    def a_page_is_there_once(self) -> None:
        """One article has one page."""
        found = [each.article for each in self.line.place.pages.values()]
        assert len(found) == len(set(found))

    @invariant()
    def what_was_published_is_true(self) -> None:
        """After a whole publish each page has the source's text, or a person's that is told."""
        if not self.is_fresh:
            return
        told = {each.article: each for each in edits(self.line.ledger)}
        for id, texts in self.theirs.items():
            assert id in told, id
            if told[id].kind == TEXT:
                assert all(text in told[id].html for text in texts)
        for id, wanted in self.line.pages.items():
            if id in told or wanted is None:
                continue
            words = wanted.parts[0].html.partition("<p>")[2].partition(".")[0]
            assert words in self.line.shown(id), (id, words)
        for found in self.line.place.pages.values():
            if found.article not in self.line.pages and found.article not in told:
                assert found.state != "published", found.article


TestPublishing = Publishing.TestCase
TestPublishing.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
