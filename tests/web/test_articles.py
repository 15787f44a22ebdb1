"""The editors' pages: articles by state, an article and its readers, edits, conflicts, gaps."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from axe_playwright_python.sync_playwright import Axe
from fastapi import FastAPI

from connector.article import STAFF
from connector.articles.rendering import page_of
from connector.bootstrap import Program
from connector.ledger.article_edits import DISMISSED, edits
from connector.ledger.article_signals import votes_on
from connector.ledger.article_tables import article_edit
from connector.ledger.outside_links import OutsideLink, keep_links
from connector.ledger.tables import event
from connector.web.app import make_app
from connector.web.words.articles import DA
from tests.conftest import Clock
from tests.web import article_town, town
from tests.web.conftest import URL, Client, Portal, free_port, no_issuer, serving
from tests.web.test_pages import WCAG

PAGES = (
    "/articles", "/articles/pas", "/articles/hjemmehjaelp", "/articles/hjemmehjaelp/conflict",
    "/articles/pas/edits/1", "/articles/gaps", "/articles/effect",
)  # fmt: skip


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory, filled: Path) -> Path:
    """A folder with the town's ledger and articles, to be copied."""
    folder = tmp_path_factory.mktemp("articles")
    shutil.copy(filled, folder / "ledger.db")
    clock = Clock(datetime(2026, 11, 20, 12, tzinfo=UTC))
    program = Program(settings=town.settings(folder, URL, more=article_town.MORE), clock=clock)
    article_town.fill(folder, program)
    program.close()
    return folder


@pytest.fixture
def program(tmp_path: Path, clock: Clock, published: Path) -> Iterator[Program]:
    """A program with the town's articles, of its own."""
    yield from _program(tmp_path, clock, published, URL)


def _program(folder: Path, clock: Clock, published: Path, url: str) -> Iterator[Program]:
    shutil.copytree(published, folder, dirs_exist_ok=True)
    made = Program(settings=town.settings(folder, url, more=article_town.MORE), clock=clock)
    yield made
    made.close()


@pytest.fixture
def erik(client: Callable[..., Client]) -> Client:
    """The editor."""
    return client("erik")


@pytest.mark.parametrize("place", PAGES)
@pytest.mark.parametrize("who", ["bodil", "rita", "oda", "nobody"])
def test_for_nobody_else(client: Callable[..., Client], place: str, who: str) -> None:
    """Case workers, records managers, operators and those without a role are refused."""
    assert client(who).get(place).status_code == 403


@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("place", PAGES)
def test_pages(erik: Client, place: str, language: str) -> None:
    """Each page is there in both languages, with one heading, without inline style or script."""
    answer = erik.get(place, headers={"accept-language": language})

    assert answer.status_code == 200
    assert answer.text.count("<h1") == 1
    assert not re.search(r"<style|\sstyle=|<script(?! src=)|\son\w+=", answer.text)


def rows(page: str) -> list[str]:
    return re.findall(r'<th scope="row"><a href="/articles/([a-z0-9-]+)">', page)


def test_states(erik: Client) -> None:
    """Each state's list holds as many articles as its number says, and the right ones."""
    page = erik.get("/articles").text
    found = re.findall(r'<a href="/articles\?state=(\w+)[^"]*">[^<]*<strong>(\d+)</strong>', page)
    assert len(found) >= 5
    lists = {state: rows(erik.get(f"/articles?state={state}").text) for state, _ in found}

    assert {state: len(ids) for state, ids in lists.items()} == {s: int(n) for s, n in found}
    assert lists["edited"] == ["pas"]
    assert lists["conflict"] == ["hjemmehjaelp"]
    assert "flextrafik" in lists["waiting"]
    assert "pas" in lists["live"]  # on the website
    assert lists["overdue"]


def test_a_site(erik: Client) -> None:
    """A state on one site is the state there, not elsewhere."""
    edited = "/articles?state=edited&where="

    assert rows(erik.get(edited + article_town.INTRANET).text) == ["pas"]
    assert rows(erik.get(edited + article_town.WEBSITE).text) == []


def test_words(erik: Client) -> None:
    """An article is found by words of its title, in any order and case."""
    assert rows(erik.get("/articles?q=PAS").text)
    assert rows(erik.get("/articles?q=findesikke").text) == []
    assert erik.get("/articles?state=unheard").status_code == 400


def test_source_that_changes(erik: Client, program: Program) -> None:
    """A change of a file is seen at once: the article waits to be published."""
    assert "legat" in rows(erik.get("/articles?state=live").text)
    path = program.settings.articles.folder / "legat.md"
    path.write_text(path.read_text("utf-8") + "\nNyt afsnit.\n", "utf-8")

    assert "legat" not in rows(erik.get("/articles?state=live").text)
    assert "legat" in rows(erik.get("/articles?state=waiting").text)


def test_source_that_is_broken(erik: Client, program: Program) -> None:
    """An article that may not be published says what is wrong, in which file and line."""
    path = program.settings.articles.folder / "legat.md"
    path.write_text(path.read_text("utf-8") + "\n[x](article:findes-ikke)\n", "utf-8")
    page = erik.get("/articles/legat").text

    assert DA["articles.told.blocked"] in page
    assert re.search(r"<code>articles/local/legat\.md:\d+</code>", page)


def test_no_articles(erik: Client, program: Program) -> None:
    """Without the folders the page says so, and what stands on the sites is still there."""
    shutil.rmtree(program.settings.folder / "articles")
    page = erik.get("/articles").text

    assert "articles/shared" in page
    assert "pas" in rows(page)
    assert DA["articles.gone"] in erik.get("/articles/pas").text


@pytest.mark.parametrize(
    "place",
    ["/articles/findes-ikke", "/articles/%00", "/articles/pas/edits/99",
     "/articles/legat/edits/1", "/articles/findes-ikke/conflict",
     "/articles/pas?where=intranet&older=1&newer=99", "/articles/pas?where=nowhere&older=1"],
)  # fmt: skip
def test_what_is_not_there(erik: Client, place: str) -> None:
    """What does not exist is told so."""
    assert erik.get(place).status_code == 404


def vote_forms(page: str) -> list[dict[str, str]]:
    found = re.findall(
        r'name="at" value="([^"]*)"><input type="hidden" name="key" value="([^"]*)"', page
    )
    return [{"at": at, "key": key} for at, key in found]


def test_feedback(erik: Client) -> None:
    """Readers' reasons stand there; a CPR number in one does not; a bare up vote is not listed."""
    page = erik.get("/articles/pas").text

    assert article_town.REASON in page
    assert "1234" not in page
    assert "Tak, det var nemt" in page
    assert len(vote_forms(page)) == 8  # four on each site: three down, one up with a reason


def test_answering(erik: Client, program: Program) -> None:
    """An answer is kept with who gave it; done is done until it is taken up again."""
    form = vote_forms(erik.get("/articles/pas").text)[0]
    answer = erik.post("/articles/pas/votes", data=form | {"text": "Prisen står der nu",
                       "does": "keep"})  # fmt: skip
    assert answer.status_code == 303
    page = erik.get(answer.headers["location"]).text
    assert DA["articles.vote.kept"] in page
    assert "Prisen står der nu" in page
    assert "Erik Eng" in page

    def is_done() -> bool:
        with program.ledger.read() as connection:
            votes = {each.signal.key: each for each in votes_on(connection, "pas")}
        return votes[form["key"]].is_done

    assert not is_done()
    erik.post("/articles/pas/votes", data=form | {"does": "finish"})
    assert is_done()
    assert DA["articles.vote.again"] in erik.get("/articles/pas").text
    erik.post("/articles/pas/votes", data=form | {"does": "again"})
    assert not is_done()


@pytest.mark.parametrize(
    ("change", "status"),
    [({"does": "keep", "text": "  "}, 400), ({"does": "burn"}, 400), ({"key": "none"}, 404),
     ({"at": "elsewhere"}, 404), ({"text": "x" * 2001}, 422)],
)  # fmt: skip
def test_answers_that_are_none(erik: Client, change: dict[str, str], status: int) -> None:
    """An answer without words, to no vote, or much too long, is refused."""
    form = vote_forms(erik.get("/articles/pas").text)[0] | {"does": "finish", "text": ""}
    answer = erik.post("/articles/pas/votes", data=form | change)

    assert answer.status_code == status


def test_forged(erik: Client, program: Program) -> None:
    """Without the form's token nothing is answered or dismissed."""
    form = vote_forms(erik.get("/articles/pas").text)[0] | {"does": "finish"}
    erik.csrf = ""

    assert erik.post("/articles/pas/votes", data=form).status_code == 403
    answer = erik.post("/articles/pas/edits/1", data={"does": "dismiss", "reason": "x"})
    assert answer.status_code == 403
    assert len(edits(program.ledger)) == 1


def test_edit(erik: Client) -> None:
    """What somebody typed on the live page stands beside ours, marked, with who it was."""
    page = erik.get("/articles/pas/edits/1").text

    assert f"<ins>{article_town.TYPED}</ins>" in page
    assert "Bent Bro" in page
    assert "casethread articles edits take pas --site intranet" in page
    assert page.count("<del>") == 0


def test_edit_that_is_hostile(erik: Client, program: Program) -> None:
    """Markup that somebody put on the live page is shown as words, never as markup."""
    html = "<p>Hej</p><script>alert(1)</script><p onclick='x()'>&lt;img src=x onerror=y()&gt;</p>"
    with program.ledger.write() as connection:
        connection.execute(sa.update(article_edit).values(html=html, title="<b>x</b>"))
    page = erik.get("/articles/pas/edits/1").text

    assert "alert(1)" not in page
    assert "onclick" not in page
    assert "<img" not in page.replace('<img src="/static/icon.svg"', "")
    assert "<b>" not in page


def test_dismissing(erik: Client, program: Program) -> None:
    """An edit is dismissed by name and with a reason, once; then our text may be published."""
    place = "/articles/pas/edits/1"
    assert erik.post(place, data={"does": "dismiss", "reason": " "}).status_code == 400
    assert erik.post(place, data={"does": "dismiss", "reason": "Forkert pris"}).status_code == 303
    (edit,) = edits(program.ledger, open_only=False)

    assert (edit.decision, edit.actor, edit.reason) == (
        DISMISSED, "erik@nordvang.example", "Forkert pris",
    )  # fmt: skip
    page = erik.get(place).text
    assert "Forkert pris" in page
    assert "<textarea" not in page
    assert erik.post(place, data={"does": "dismiss", "reason": "igen"}).status_code == 412
    assert rows(erik.get("/articles?state=edited").text) == []


def test_taking(erik: Client, program: Program) -> None:
    """An edit is written into our file by name, once; what is no text cannot be taken."""
    place = "/articles/pas/edits/1"
    assert erik.post(place, data={"does": "take"}).status_code == 303
    (edit,) = edits(program.ledger, open_only=False)

    assert (edit.decision, edit.actor) == ("taken", "erik@nordvang.example")
    path = program.settings.articles.folder / "pas.md"
    assert article_town.TYPED in path.read_text("utf-8")
    assert erik.post(place, data={"does": "take"}).status_code == 412


def test_taking_what_was_dismissed(erik: Client, program: Program) -> None:
    """An edit that somebody dismissed meanwhile is not written into our file."""
    place = "/articles/pas/edits/1"
    path = program.settings.articles.folder / "pas.md"
    before = path.read_bytes()
    assert erik.post(place, data={"does": "dismiss", "reason": "nej"}).status_code == 303
    assert erik.post(place, data={"does": "take"}).status_code == 412

    assert path.read_bytes() == before


def test_taking_what_is_no_text(erik: Client, program: Program) -> None:
    """A page that was deleted has no text to take; the answer says so in words."""
    with program.ledger.write() as connection:
        connection.execute(sa.update(article_edit).values(kind="deleted"))
    assert DA["articles.take_none"] in erik.get("/articles/pas/edits/1").text
    answer = erik.post("/articles/pas/edits/1", data={"does": "take"})

    assert answer.status_code == 400
    assert DA["articles.edit.deleted"] in answer.text


def test_conflict(erik: Client) -> None:
    """The three texts of a section stand beside each other, with what each side changed marked."""
    page = erik.get("/articles/hjemmehjaelp/conflict").text

    for name in ("base", "national", "local"):
        assert DA[f"articles.conflict.{name}"] in page
    assert "<ins>" in page
    assert "<pre>casethread articles merge hjemmehjaelp --accept</pre>" in page
    assert DA["articles.conflict.none"] in erik.get("/articles/pas/conflict").text


@pytest.mark.parametrize("take", ["local", "national"])
def test_settling(erik: Client, program: Program, take: str) -> None:
    """The choice is written into the files, on record by name, once."""
    place = "/articles/hjemmehjaelp/conflict"
    ours = "inden for ti hverdage"
    path = program.settings.articles.folder / "hjemmehjaelp.md"
    assert ours in path.read_text("utf-8")
    answer = erik.post(place, data={"section": "ansoeg", "take": take})
    assert answer.status_code == 303
    assert DA["articles.conflict.settled"] in erik.get(answer.headers["location"]).text

    assert (ours in path.read_text("utf-8")) is (take == "local")
    assert rows(erik.get("/articles?state=conflict").text) == []
    with program.ledger.read() as connection:
        told = connection.execute(sa.select(event).where(event.c.action == "article_settled")).one()
    assert (told.actor, told.subject) == ("erik@nordvang.example", "article hjemmehjaelp")
    assert erik.post(place, data={"section": "ansoeg", "take": take}).status_code == 412


def test_settling_what_cannot_be(erik: Client, program: Program) -> None:
    """A section that is none, a choice that is none, a folder that cannot be written."""
    place = "/articles/hjemmehjaelp/conflict"
    assert erik.post(place, data={"section": "nej", "take": "local"}).status_code == 412
    assert erik.post(place, data={"section": "ansoeg", "take": "both"}).status_code == 400
    assert erik.post("/articles/findes-ikke/conflict", data={"take": "local"}).status_code == 404


def test_settling_in_a_closed_folder(erik: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the portal may not write the files, the page says so and names the command."""

    def refused(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("connector.articles.settling.replace_durable", refused)
    answer = erik.post(
        "/articles/hjemmehjaelp/conflict", data={"section": "ansoeg", "take": "local"}
    )

    assert answer.status_code == 503
    assert "Permission denied" in answer.text


def test_versions(erik: Client, program: Program) -> None:
    """Any two versions, and the source as it is now, are compared; what differs is marked."""
    path = program.settings.articles.folder / "legat.md"
    path.write_text(path.read_text("utf-8") + "\nNyt afsnit om frister.\n", "utf-8")
    place = f"/articles/legat?where={article_town.INTRANET}"

    assert "Nyt afsnit om frister." in erik.get(place + "&older=1&newer=0").text
    assert DA["articles.same"] in erik.get(place + "&older=1&newer=1").text


def test_gaps(erik: Client) -> None:
    """Votes, searches and calls make the list; what only one person typed is not in it."""
    page = erik.get("/articles/gaps").text

    assert "gravsten" in page
    assert "asta" not in page.lower()
    assert "24 opkald" in page
    assert '<a href="/articles/pas">' in page
    for form in ("on-screen", "on-phone"):
        assert f'aria-labelledby="gaps-{form}-title gaps-{form}-desc"' in page
    points = re.findall(r'<td class="count">([\d.]+)</td></tr>', page)
    assert points == sorted(points, key=int, reverse=True)


def test_gaps_after_an_answer(erik: Client) -> None:
    """Votes that were dealt with no longer weigh."""
    before = score_of(erik, "pas")
    for form in vote_forms(erik.get("/articles/pas").text):
        erik.post("/articles/pas/votes", data=form | {"does": "finish"})

    assert score_of(erik, "pas") == before - 6 * 3


def score_of(erik: Client, article: str) -> int:
    page = erik.get("/articles/gaps").text
    found = re.search(
        rf'<th scope="row"><a href="/articles/{article}">.*?<td class="count">(\d+)</td></tr>', page
    )
    assert found is not None
    return int(found[1])


def republished(program: Program, days_ago: int) -> None:
    library = article_town.library_of(program)
    page = page_of(library.articles["pas"], library, STAFF, article_town.TODAY)
    assert page is not None
    article_town.publish(program, article_town.INTRANET, page, days_ago=days_ago)


def test_effect(erik: Client, program: Program) -> None:
    """A publishing with two weeks behind it is told, as association; newer ones are only named."""
    early = erik.get("/articles/effect").text
    assert "±" not in early
    assert '<a href="/articles/flytning">' in early
    republished(program, 20)
    page = erik.get("/articles/effect").text

    assert "ikke nødvendigvis årsag" in page
    assert "31.10.2026" in page
    assert DA["articles.effect.more"] in page  # none before, two a day since
    assert DA["articles.effect.again"] in page


@pytest.fixture
def shown(tmp_path: Path, clock: Clock, published: Path) -> Iterator[Portal]:
    """The portal on a port of its own."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    for program in _program(tmp_path, clock, published, url):
        app: FastAPI = make_app(program, no_issuer())
        with serving(app, port):
            yield Portal(url, app, program)


@pytest.mark.parametrize(("language", "width"), [("da", 1280), ("en", 360)])
def test_accessible(shown: Portal, browser: Callable[..., Any], language: str, width: int) -> None:
    """Axe-core finds no violation on any of the pages, and none scrolls sideways."""
    page = browser(width=width, language=language, color_scheme="dark" if width < 500 else "light")
    shown.sign_in(page, "erik")
    compared = f"/articles/pas?where={article_town.WEBSITE}&older=1&newer=0"
    for place in (*PAGES, compared):
        page.goto(shown.url + place)
        found = Axe().run(page, options=WCAG).response["violations"]

        assert [(place, each["id"], each["nodes"][0]["html"]) for each in found] == []
        assert page.wrong == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width, place


def test_by_keyboard_and_phone(shown: Portal, browser: Callable[..., Any]) -> None:
    """In a real browser, 360 pixels wide and without scripts: find what readers miss, answer a
    vote, dismiss an edit."""
    page = browser(width=360, scripts=False)
    shown.sign_in(page, "erik")
    page.goto(f"{shown.url}/")
    page.get_by_role("link", name="Artikler", exact=True).first.click()
    page.get_by_role("link", name="Skriv eller ret").click()
    page.get_by_role("link", name=re.compile("pas", re.IGNORECASE)).first.click()
    page.get_by_text("Svar, eller meld færdig").first.click()
    page.get_by_label("Dit svar").first.fill("Det koster det samme")
    page.get_by_role("button", name="Gem, og meld færdig").first.click()
    assert "Det koster det samme" in page.inner_text("main")
    page.get_by_role("link", name=re.compile("Se og vælg")).click()
    page.get_by_label("Hvorfor").fill("Det passer ikke")
    page.get_by_role("button", name="Forkast rettelsen").click()

    assert "forkastet" in page.inner_text("main")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_links_to_other_sites(erik: Client, program: Program) -> None:
    """What the nights found wrong with an article's links stands on its page, and on no other."""
    url = "https://gone.example/pas"
    (program.settings.articles.folder / "steder.md").write_text(
        "---\nid: steder\ntitle: Steder\nsummary: Kort sagt.\nlanguage: da\nunit: Borgerservice\n"
        f"owner: a@b.example\nreview_by: 2027-01-01\n---\nSe [pas]({url}#pris).\n",
        encoding="utf-8",
    )
    gone = OutsideLink(url=url, articles=("steder",), status="gone", code=404)
    keep_links(program.ledger, [gone])
    page = erik.get("/articles/steder", headers={"accept-language": "da"}).text

    assert f"{url} findes ikke mere (HTTP 404)" in page
    assert "steder.md:10" in page
    assert url not in erik.get("/articles/pas").text
