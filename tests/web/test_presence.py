"""The page that shows who is free now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

from connector.bootstrap import Program
from connector.ledger.batch import Batch
from connector.ledger.people import keep_presences
from connector.model import Presence
from connector.web.pages.presence import chat, readable
from tests.conftest import Clock
from tests.making import policy
from tests.web.conftest import Client, Portal
from tests.web.town import PEOPLE


def seen(program: Program, who: str, availability: str, **changes: Any) -> None:
    """A new state of one of the town's people."""
    values: dict[str, Any] = {"activity": availability, "observed_at": program.clock()} | changes
    with program.ledger.write() as connection:
        now = program.ledger.now()
        batch = Batch(ledger=program.ledger, connection=connection, policy=policy(), now=now)
        keep_presences(
            batch, [Presence(person=PEOPLE[who].id, availability=availability, **values)]
        )


def test_own_unit(client: Callable[..., Client]) -> None:
    """The viewer's own unit stands there, how each can be reached, and how old that is."""
    text = client("bodil").get("/presence").text

    assert "<h2>Borgerservice</h2>" in text
    assert "1 af 2 er ledig nu" in text
    assert text.index("Bodil Bæk</th>") < text.index("Bent Bro</th>")
    assert "Carl Ølgård" not in text
    assert "Optaget" in text
    assert "for 2 min. siden" in text
    assert "&lt;time" not in text


def test_another_unit(client: Callable[..., Client]) -> None:
    """Another unit of the directory may be chosen; one that is not there asks to choose."""
    assert "Carl Ølgård" in client("bodil").get("/presence?unit=Teknik").text

    unknown = client("bodil").get("/presence?unit=Månen").text
    assert "Vælg en enhed" in unknown
    assert "Månen" not in unknown


def test_ways_to_reach(client: Callable[..., Client]) -> None:
    """A colleague can be called and written to; nobody is offered to call themselves."""
    text = client("bent").get("/presence").text

    assert 'href="tel:+4537100001"' in text
    assert "Ring til Bodil Bæk på 37 10 00 01" in text
    assert "intet nummer" not in text  # nothing is said of oneself
    assert "https://teams.microsoft.com/l/chat/0/0?users=bodil@nordvang.example" in text
    assert "users=bent" not in text
    assert "intet nummer i kataloget" in client("bodil").get("/presence").text  # Bent has none


def test_what_a_colleague_wrote(client: Callable[..., Client], program: Program) -> None:
    """A status message is text and no markup, its CPR numbers masked; who is out is told so."""
    said = "<b>Ferie</b> til mandag, 010190-1234"
    seen(program, "bodil", "Available", message=said, is_out_of_office=True)

    text = client("bent").get("/presence").text

    assert "&lt;b&gt;Ferie&lt;/b&gt; til mandag" in text
    assert "010190-1234" not in text
    assert "Autosvar: ikke på arbejde" in text
    assert "0 af 2 er ledige nu" in text


def test_old_states(client: Callable[..., Client], clock: Clock) -> None:
    """States that nobody has read for an hour say nothing, and the page says that they do not."""
    viewer = client("bodil")
    clock.move(minutes=55)

    text = viewer.get("/presence").text

    assert "for 57 min. siden, for gammel til at sige noget" in text
    assert "Ledig</span>" not in text.replace("\n", "")
    assert "Hvem der er ledig nu, vides ikke" in text


def test_part(client: Callable[..., Client]) -> None:
    """Asked again by the page itself, the answer is the table alone."""
    text = client("bodil").get("/presence", headers={"hx-request": "true"}).text

    assert "Bodil Bæk" in text
    assert "<html" not in text


@pytest.mark.parametrize(("who", "status"), [("rita", 200), ("erik", 403), ("oda", 403)])
def test_roles(client: Callable[..., Client], who: str, status: int) -> None:
    """Those who meet citizens see who is free; others have no use for it."""
    assert client(who).get("/presence").status_code == status


def test_english(client: Callable[..., Client]) -> None:
    """The page in English."""
    text = client("bodil").get("/presence", headers={"accept-language": "en"}).text

    assert "1 of 2 is free now" in text
    assert "2 min ago" in text


def test_addresses() -> None:
    """A strange user name makes no other address; foreign numbers stand as abroad."""
    assert chat("a&b=c/?#@x.dk") == (
        "https://teams.microsoft.com/l/chat/0/0?users=a%26b%3Dc%2F%3F%23@x.dk"
    )
    assert readable("+4537100001") == "37 10 00 01"
    assert readable("+46812345678") == "+46 8 123 456 78"


def opened(portal: Portal, browser: Callable[..., Any], **values: Any) -> Any:
    """Bodil's browser on the page."""
    page = browser(**values)
    portal.sign_in(page, "bodil")
    page.goto(portal.url + "/presence?unit=Borgerservice")
    return page


@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("width", [1280, 360])
def test_accessible(portal: Portal, browser: Callable[..., Any], language: str, width: int) -> None:
    """No violation of WCAG 2.1 A and AA, no error in the browser, no page wider than the screen."""
    page = opened(portal, browser, language=language, width=width)

    found = Axe().run(
        page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
    )

    assert found.violations_count == 0, found.generate_report()
    assert page.wrong == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_refreshes_itself(portal: Portal, browser: Callable[..., Any]) -> None:
    """The list comes again by itself, keeps the reader's place, and can be told to stop."""
    page = browser()
    page.clock.install(time=datetime(2026, 11, 20, 12, tzinfo=UTC))
    portal.sign_in(page, "bodil")
    page.goto(portal.url + "/presence?unit=Borgerservice")
    assert page.get_by_text("1 af 2 er ledig nu").is_visible()
    link = page.get_by_role("link", name="Chat med Bent Bro")
    link.focus()

    seen(portal.program, "bent", "Available")
    page.clock.fast_forward(31_000)
    page.get_by_text("2 af 2 er ledige nu").wait_for()
    assert link.evaluate("each => each === document.activeElement")

    page.get_by_role("button", name="Hold op med at opdatere").click()
    assert page.get_by_text("Siden opdaterer sig ikke.").is_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.fast_forward(300_000)
    assert asked == []

    seen(portal.program, "bent", "Busy")
    page.get_by_role("button", name="Opdatér af sig selv").click()
    page.get_by_text("1 af 2 er ledig nu").wait_for()
    assert page.wrong == []


def test_stops_when_nobody_is_there(portal: Portal, browser: Callable[..., Any]) -> None:
    """A page that nobody has touched for twenty minutes asks no more: it would keep the session."""
    page = browser()
    page.clock.install(time=datetime(2026, 11, 20, 12, tzinfo=UTC))
    portal.sign_in(page, "bodil")
    page.goto(portal.url + "/presence?unit=Borgerservice")

    page.clock.run_for(21 * 60_000)

    assert page.get_by_text("Siden opdaterer sig ikke.").is_visible()


def test_without_scripts(portal: Portal, browser: Callable[..., Any]) -> None:
    """Without scripts one chooses a unit with a button and looks again with a link."""
    page = opened(portal, browser, scripts=False)
    assert not page.get_by_role("button", name="Hold op med at opdatere").is_visible()

    page.get_by_label("Enhed").select_option("Teknik")
    page.get_by_role("button", name="Vis").click()
    assert page.get_by_role("heading", name="Teknik").is_visible()

    seen(portal.program, "carl", "Available")
    page.get_by_role("link", name="Hent igen").click()
    assert page.get_by_text("1 af 1 er ledig nu").is_visible()
