"""The static site as citizens meet it: by axe-core, wide and narrow, without scripts, on paper,
and its search from a server with a strict policy and from a disk without any.
"""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from connector.article import CITIZEN, LivePage, PagePart, SiteAccess
from connector.errors import Rejected
from connector.sites.html.overview import folded
from connector.sites.html.publisher import HtmlPublisher
from tests.conftest import Clock
from tests.contracts.publisher import STEPS, nowhere, open_file, page, part, with_image
from tests.web.test_pages import problems

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'"
)
TABLE = PagePart(
    key="priser",
    heading="Priser",
    html='<h2 id="priser">Priser</h2>\n<table><thead><tr><th>Hvem</th><th>Pris</th></tr></thead>'
    "<tbody><tr><td>Voksne</td><td>890 kr.</td></tr></tbody></table>",
)
NAMES = ("index.html", "search.html", "pas.html", "moving.html", "gammel.html")


class Site:
    """A folder with a handful of articles."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = Clock(datetime(2026, 11, 20, 12, tzinfo=UTC))
        access = SiteAccess(
            name="borger", place=str(folder), audience=CITIZEN, url="https://hjaelp.kommune.example"
        )
        self.publisher = HtmlPublisher(access, self.clock)
        self.live = {
            each.id: self.publisher.put(each, None, open_file, nowhere)
            for each in (
                with_image(),
                page("boernehave", title="Plads i børnehave", summary="Skriv dit barn op.",
                     subject="28.03.04", subject_title="Dagtilbud", keywords=("vuggestue",),
                     parts=(part("pris", "Det koster noget at gå på Ærø."),)),
                page("moving", title="Moving to Læsø", summary="What to do first.",
                     language="en", parts=(part("first", "Register your new address."),),
                     subject_title="Flytning"),
                page("priser", title="Øvrige priser", parts=(TABLE, STEPS),
                     subject="", subject_title="", is_overdue=True, review_by=date(2026, 3, 1)),
                page("gammel", title="Hemmelig gammel titel"),
            )
        }  # fmt: skip
        self.publisher.withdraw(self.live["gammel"])
        self.publisher.finish()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Shared: these tests look and change nothing."""
    return Site(tmp_path_factory.mktemp("static"))


class _Handler(http.server.SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def served(site: Site) -> Iterator[str]:
    """The folder behind a web server that allows nothing but the site's own files."""
    handler = functools.partial(_Handler, directory=str(site.folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_accessible(
    served: str, browser: Callable[..., Any], name: str, width: int, scheme: str
) -> None:
    """Axe-core finds no violation of WCAG 2.1 A and AA, a strict policy forbids nothing, and
    nothing scrolls sideways."""
    shown = browser(width=width, color_scheme=scheme)
    shown.goto(f"{served}/{name}")

    assert problems(shown) == []
    assert [each for each in shown.wrong if "favicon" not in each and "404" not in each] == []
    assert shown.locator("h1").count() == 1
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    assert shown.evaluate("document.documentElement.lang") == (
        "en" if name == "moving.html" else "da"
    )


def hits(shown: Any, words: str) -> list[str]:
    """The titles that the search gives for these words."""
    shown.fill("#words", words)
    return list(shown.locator("#hits a").all_inner_texts())


def test_search_from_a_disk(site: Site, browser: Callable[..., Any]) -> None:
    """Without any server the search finds by title, keyword, summary and text; Danish letters may
    be written as one has them, in any case, and endings of words do not matter."""
    shown = browser()
    shown.goto((site.folder / "search.html").as_uri())

    for words in ("børnehave", "BOERNEHAVE", "bornehave", "børnehaver", "vuggestue", "skriv barn"):
        assert hits(shown, words) == ["Plads i børnehave"], words
    assert hits(shown, "ærø") == hits(shown, "aeroe") == ["Plads i børnehave"]
    assert sorted(hits(shown, "Læsø")) == ["Forny dit pas på Læsø", "Moving to Læsø"]
    assert shown.locator("#count").inner_text() == "2 vejledninger"
    assert hits(shown, "ubåd") == []
    assert "Ingen vejledning" in shown.locator("#count").inner_text()
    assert shown.locator("#all").is_hidden()

    shown.fill("#words", "gamle pas")
    shown.locator("#hits a").first.click()

    assert shown.locator("h1").inner_text() == "Forny dit pas på Læsø"
    assert shown.locator("img").evaluate("image => image.naturalWidth") == 2
    assert shown.wrong == []


def test_a_title_weighs_most(site: Site, browser: Callable[..., Any]) -> None:
    """An article with the word in its title comes before those with it in their text."""
    shown = browser()
    shown.goto((site.folder / "search.html").as_uri())

    assert hits(shown, "pris")[0] == "Øvrige priser"
    assert "Plads i børnehave" in hits(shown, "pris")


def test_without_scripts(served: str, browser: Callable[..., Any]) -> None:
    """Without scripts the search page lists every article with its summary, in Danish order."""
    shown = browser(scripts=False)
    shown.goto(f"{served}/search.html")

    titles = shown.locator("#all a").all_inner_texts()
    assert titles == [
        "Forny dit pas på Læsø", "Moving to Læsø", "Plads i børnehave", "Øvrige priser",
    ]  # fmt: skip
    assert shown.locator("#search").is_hidden()


def test_the_start_page(served: str, browser: Callable[..., Any]) -> None:
    """It lists articles by subject, those without one last; none that is withdrawn."""
    shown = browser()
    shown.goto(served)

    assert shown.locator("h2").all_inner_texts() == ["Dagtilbud", "Flytning", "Pas", "Andre emner"]
    assert shown.locator('li[lang="en"]').inner_text() == "Moving to Læsø"
    assert "Hemmelig" not in shown.content()


def test_what_a_page_tells(served: str, browser: Callable[..., Any]) -> None:
    """Unit, review date and last change stand on it in its language; an overdue one says so."""
    shown = browser()
    shown.goto(f"{served}/pas.html")
    told = shown.locator("article footer").inner_text()
    for each in ("Borgerservice", "1. marts 2027", "20. november 2026", "Pas"):
        assert each in told
    assert "Anna" not in shown.content()  # citizens are told the unit

    shown.goto(f"{served}/moving.html")
    assert "20 November 2026" in shown.locator("article footer").inner_text()

    shown.goto(f"{served}/priser.html")
    assert "1. marts 2026" in shown.locator(".overdue").inner_text()


def test_on_paper(served: str, browser: Callable[..., Any]) -> None:
    """A printed page is the article without menus."""
    shown = browser()
    shown.goto(f"{served}/pas.html")
    shown.emulate_media(media="print")

    assert shown.locator(".top").is_hidden()
    assert shown.locator("h1").is_visible()


def test_the_feed(site: Site) -> None:
    """An Atom feed has an entry for each article that can be read, with its address."""
    atom = "{http://www.w3.org/2005/Atom}"
    feed = ElementTree.parse(site.folder / "feed.xml").getroot()
    links = [entry.find(f"{atom}link") for entry in feed.iter(f"{atom}entry")]

    assert {link.get("href") for link in links if link is not None} == {
        f"https://hjaelp.kommune.example/{name}.html"
        for name in ("pas", "boernehave", "moving", "priser")
    }
    assert feed.findtext(f"{atom}updated") == "2026-11-20T12:00:00Z"


def test_a_change_leads_the_feed(tmp_path: Path) -> None:
    """What was changed last stands first; a page that was put again unchanged keeps its time."""
    made = Site(tmp_path)
    made.clock.move(hours=1)
    put = functools.partial(made.publisher.put, open_file=open_file, address=nowhere)
    put(page("moving", title="Moving house", language="en"), made.live["moving"])
    same: LivePage = put(with_image(), made.live["pas"])
    made.publisher.finish()

    text = (tmp_path / "feed.xml").read_text()

    assert same == made.live["pas"]
    assert text.index("Moving house") < text.index("Plads i børnehave")
    assert text.count("2026-11-20T13:00:00Z") == 2  # the feed's and the entry's


def test_files_of_others_are_left(tmp_path: Path) -> None:
    """A start page that is not ours stands in the way, is told by check, and is not overwritten;
    other files, also beside our images, stay whatever happens."""
    made = Site(tmp_path)
    (tmp_path / "logo.svg").write_text("<svg/>")
    beside = tmp_path / "files" / "pas" / "notat.txt"
    beside.write_text("mit")
    (tmp_path / "index.html").write_text("<h1>Vores egen forside</h1>")

    made.publisher.withdraw(made.live["pas"])
    with pytest.raises(Rejected) as caught:
        made.publisher.finish()

    assert caught.value.field == "place"
    assert {each.level for each in made.publisher.check()} == {"error"}
    assert (tmp_path / "index.html").read_text() == "<h1>Vores egen forside</h1>"
    assert (tmp_path / "logo.svg").exists()
    assert [each.name for each in beside.parent.iterdir()] == ["notat.txt"]


@pytest.mark.parametrize(
    ("one", "other"),
    [("Børnehave", "boernehave"), ("BLÅBÆR", "blaabaer"), ("Ærø", "aeroe"), ("café", "cafe"),
     ("A\u030alborg", "aalborg")],
)  # fmt: skip
def test_folding(one: str, other: str) -> None:
    """Two ways to write a word are one word to the search."""
    assert folded(one) == folded(other)
