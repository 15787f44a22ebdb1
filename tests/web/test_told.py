"""What machines write (failures, schedules, dates) is told in people's words."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import date

import pypdf
import pytest

from connector.schedule import parse
from connector.web.failures import failure
from connector.web.moments import short
from connector.web.plans import plan
from tests.web.conftest import Client


@pytest.mark.parametrize(
    ("text", "danish", "english"),
    [
        ("callSetup: the call was not answered", "blev ikke taget", "not answered"),
        ("callSetup: something new", "kom ikke igennem", "did not get through"),
        ("midcall: media lost", "forbindelsen blev afbrudt", "the connection was lost"),
        ("486 Busy Here", "optaget", "busy"),
        ("SIP 487, diagnostic 51004", "der blev lagt på, før nogen svarede",
         "the caller hung up before anybody answered"),
        ("404 Not Found", "nummeret findes ikke", "there is no such number"),
        ("503 Service Unavailable", "fejl på linjen", "a fault on the line"),
        ("no answer was written", "blev ikke taget", "not answered"),
        ("unknownFutureValue: x", "fejl på linjen", "a fault on the line"),
    ],
)  # fmt: skip
def test_failure(text: str, danish: str, english: str) -> None:
    """Why a leg of a call came to nothing."""
    assert (failure(text, "da"), failure(text, "en")) == (danish, english)


@pytest.mark.parametrize(
    ("text", "danish", "english"),
    [
        ("every 20 s", "hvert 20. sekund", "every 20 seconds"),
        ("every 1 min", "hvert minut", "every minute"),
        ("every 90 s", "hvert 90. sekund", "every 90 seconds"),
        ("every 60 min", "hver time", "every hour"),
        ("every 6 h", "hver 6. time", "every 6 hours"),
        ("daily 03:00", "hver dag kl. 03.00", "daily at 03:00"),
        ("mon-fri 07:00", "mandag–fredag kl. 07.00", "Monday–Friday at 07:00"),
        ("mon,wed 07:00", "mandag, onsdag kl. 07.00", "Monday, Wednesday at 07:00"),
        ("sat,sun 07:00", "lørdag, søndag kl. 07.00", "Saturday, Sunday at 07:00"),
        ("mon-fri 07:00-18:00 every 1 min", "mandag–fredag kl. 07.00–18.00, hvert minut",
         "Monday–Friday 07:00–18:00, every minute"),
        ("22:00-06:00 every 10 min", "hver dag kl. 22.00–06.00, hvert 10. minut",
         "daily 22:00–06:00, every 10 minutes"),
    ],
)  # fmt: skip
def test_plan(text: str, danish: str, english: str) -> None:
    """When a job runs by itself."""
    assert (plan(parse(text), "da"), plan(parse(text), "en")) == (danish, english)


def test_short_day() -> None:
    """A day in a sentence."""
    day = date(2026, 11, 5)

    assert (short(day, "da"), short(day, "en")) == ("5.11.2026", "5 Nov 2026")


@pytest.mark.parametrize("path", ["/records", "/records/samples/1", "/records/figures.pdf"])
def test_no_machine_dates(client: Callable[..., Client], path: str) -> None:
    """No sentence of the records manager's pages has a date as programs write it."""
    rita = client("rita")
    rita.post("/records/samples", data={"size": "1", "seed": "x"})
    answer = rita.get(path)
    if path.endswith("pdf"):
        pages = pypdf.PdfReader(io.BytesIO(answer.content)).pages
        text = " ".join(page.extract_text() for page in pages)
    else:
        text = re.sub(r"<[^>]*>", " ", answer.text)

    assert "20.11.2026" in text
    assert not re.search(r"\d{4}-\d\d-\d\d", text)


def test_plans_on_the_page(client: Callable[..., Client]) -> None:
    """The operator's page has schedules in words, and as they are written as titles."""
    page = client("oda").get("/operations").text

    assert '<span title="daily 03:00">hver dag kl. 03.00</span>' in page
    assert "<code>" not in page[: page.index('id="backlog"')]
