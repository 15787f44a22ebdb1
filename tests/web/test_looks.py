"""Every look is kept; who may read that somebody looked."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from connector.bootstrap import Program
from connector.errors import Unavailable
from connector.ledger.looks import DENIED
from connector.ledger.tables import case_reader, event
from connector.model import Case
from connector.web import denials
from connector.web.denials import PER_MINUTE
from connector.web.site import Site
from tests.making import add_cases
from tests.web import town
from tests.web.conftest import Client
from tests.web.test_todo import Register, decide, fill, waiting

Clients = Callable[..., Client]
PAGE = f"/cases/{town.BODILS}/looks"


@pytest.fixture
def shown(program: Program) -> None:
    """A portal whose caseworkers see who looked."""
    web = msgspec.structs.replace(program.settings.web, owner_sees_looks=True)
    program.settings = msgspec.structs.replace(program.settings, web=web)


def test_off_by_default(client: Clients) -> None:
    """Unless the organisation decided so, not even the caseworker sees who looked."""
    answer = client("bodil").get(PAGE)

    assert answer.status_code == 403
    assert "/looks" not in client("bodil").get(f"/cases/{town.BODILS}").text


@pytest.mark.usefixtures("shown")
def test_caseworker_sees(client: Clients) -> None:
    """The caseworker sees a colleague's look, with name and time, by a link on the case's page."""
    client("bent").get(f"/cases/{town.BODILS}")
    one = client("bodil")

    assert "Bent Bro" in one.get(PAGE).text
    assert PAGE in one.get(f"/cases/{town.BODILS}").text


@pytest.mark.usefixtures("shown")
@pytest.mark.parametrize(("who", "status"), [("bent", 403), ("carl", 404), ("rita", 403)])
def test_others_do_not(client: Clients, who: str, status: int) -> None:
    """A colleague does not see who looked; who may not see the case is told it is not there."""
    assert client(who).get(PAGE).status_code == status


def looks(site: Site) -> list[tuple[str, str]]:
    with site.read() as connection:
        rows = connection.execute(
            sa.select(event.c.actor, event.c.subject)
            .where(event.c.action == "looked")
            .order_by(event.c.id)
        )
        return [(row.actor, row.subject) for row in rows]


def test_hidden_case_is_no_look(client: Clients, site: Site) -> None:
    """Who is refused has seen nothing, and no look is kept; who is shown it leaves one."""
    client("carl").get(f"/cases/{town.BODILS}")
    client("bodil").get(f"/cases/{town.BODILS}")

    assert looks(site) == [("bodil@nordvang.example", f"case {town.BODILS}")]


def test_nothing_is_shown_when_the_look_cannot_be_kept(
    client: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the ledger cannot keep the look, the page is not given out."""
    from connector.errors import Unavailable
    from connector.web.pages import case

    def cannot(*_args: object, **_values: object) -> None:
        raise Unavailable("ledger: the disk is full", system="ledger")

    one = client("bodil")
    monkeypatch.setattr(case, "record_look", cannot)
    answer = one.get(f"/cases/{town.BODILS}")

    assert answer.status_code == 503
    assert "Asta" not in answer.text


def listed(rita: Client, **asked: str) -> str:
    return str(rita.get("/records/looks", params=asked).text)


def denied(site: Site) -> list[tuple[str, str, dict[str, str]]]:
    with site.read() as connection:
        rows = connection.execute(
            sa.select(event.c.actor, event.c.subject, event.c.detail)
            .where(event.c.action == DENIED)
            .order_by(event.c.id)
        )
        return [(row.actor, row.subject, msgspec.json.decode(row.detail)) for row in rows]


def test_number_of_a_restricted_case(client: Clients, site: Site) -> None:
    """A records manager reads that somebody looked at a restricted case, and not at which; in files
    too. The event itself stays whole.
    """
    carl, rita = client("carl"), client("rita")
    carl.get(f"/cases/{town.SECRET}")
    carl.get("/search", params={"q": f"møde {town.SECRET}"})
    carl.get("/search", params={"case": town.SECRET})
    carl.get(f"/cases/{town.CARLS}")
    page, file = listed(rita), rita.get("/records/looks.csv").text

    for text in (page, file):
        assert town.SECRET not in text
        assert "Sag (må ikke ses af dig: begrænset)" in text
        assert "møde •••" in text
        assert "sag •••" in text
        assert f"Sag {town.CARLS}" in text
    with site.read() as connection:
        kept = connection.execute(sa.select(event.c.detail, event.c.subject)).all()
    assert ("case " + town.SECRET) in [row.subject for row in kept]
    assert any(town.SECRET in row.detail for row in kept)


def test_looks_at_a_restricted_case(client: Clients) -> None:
    """Who asks for the looks at a case that they may not see gets none, as for no case at all."""
    client("carl").get(f"/cases/{town.SECRET}")
    client("carl").get(f"/cases/{town.CARLS}")
    rita = client("rita")

    assert "Carl Ølgård" in listed(rita, case=town.CARLS)
    for number in (town.SECRET, town.SECRET.lower(), "NONE"):
        assert "Carl Ølgård" not in listed(rita, case=number)


def test_named_reader_reads_the_number(program: Program, client: Clients) -> None:
    """A records manager whom the register names for a restricted case reads its number."""
    client("carl").get(f"/cases/{town.SECRET}")
    with program.ledger.write() as connection:
        reader = {"case_number": town.SECRET, "name": town.PEOPLE["rita"].upn}
        connection.execute(sa.insert(case_reader), reader)

    assert f"Sag {town.SECRET}" in listed(client("rita"))


def test_number_that_only_the_register_knows(program: Program, client: Clients) -> None:
    """The number of a restricted case is withheld also where no pattern of numbers knows it."""
    odd = Case(number="SAG HEMMELIG", title="x", caseworker=town.PEOPLE["carl"].upn,
               access="restricted")  # fmt: skip
    add_cases(program.ledger, odd)
    carl = client("carl")
    assert carl.get("/cases/SAG HEMMELIG").status_code == 200
    carl.get("/search", params={"case": "SAG HEMMELIG"})
    page = listed(client("rita"))

    assert "SAG HEMMELIG" not in page
    assert "sag •••" in page


@pytest.mark.parametrize(
    ("path", "subject", "why"),
    [
        (f"/cases/{town.SECRET}", f"case {town.SECRET}", "hidden"),
        (f"/cases/{town.CARLS}/export.zip", f"case {town.CARLS}", "hidden"),
        (f"/api/v1/cases/{town.CARLS.lower()}", f"case {town.CARLS}", "hidden"),
        ("/cases/010180-1234", "case 010180-****", "hidden"),
        ("/cases/" + "x" * 200, "case " + "x" * 60, "hidden"),
        ("/items/999999", "item 999999", "hidden"),
        ("/api/v1/items/999999", "item 999999", "hidden"),
        ("/files/999999/0", "file 999999/0", "hidden"),
        (PAGE, f"case {town.BODILS}", "role"),
        ("/records/looks", "page /records/looks", "role"),
        ("/operations", "page /operations", "role"),
    ],
)
def test_denied_is_kept(client: Clients, site: Site, path: str, subject: str, why: str) -> None:
    """What somebody asked for and was not shown is kept: who, what, when; a CPR number is not."""
    answer = client("bodil").get(path)

    assert answer.status_code in (403, 404)
    ((actor, told, detail),) = denied(site)
    assert (actor, told, detail["why"]) == (town.PEOPLE["bodil"].upn, subject, why)
    assert looks(site) == []


def test_denied_decision(program: Program, client: Clients, site: Site) -> None:
    """Who names a case that they may not see when they decide is kept as denied, too."""
    fill(program, 1)
    program.register = Register(*town.cases())  # type: ignore[assignment]
    answer = decide(
        client("bodil"), program, waiting(program)[0], do="choose", case=town.SECRET.lower()
    )

    assert answer.status_code == 404
    assert [subject for _, subject, _ in denied(site)] == [f"case {town.SECRET}"]


@pytest.mark.parametrize(
    ("who", "path", "status"),
    [("", f"/cases/{town.SECRET}", 303), ("bodil", f"/cases/{town.BODILS}", 200),
     ("bodil", "/nothing", 404), ("bodil", "/search?from=x", 400)],
)  # fmt: skip
def test_what_is_no_denial(client: Clients, site: Site, who: str, path: str, status: int) -> None:
    """Nobody who is not signed in, nothing that was shown and no slip in an address is kept."""
    assert client(who).get(path).status_code == status

    assert denied(site) == []


def test_denied_cannot_flood(client: Clients, site: Site) -> None:
    """Of a person's minute the first few are kept, and once that there were more."""
    bodil = client("bodil")
    for number in range(PER_MINUTE + 5):
        bodil.get(f"/items/{900_000 + number}")
    kept = denied(site)

    assert len(kept) == PER_MINUTE + 1
    assert [detail.get("how") for _, _, detail in kept] == [None] * PER_MINUTE + ["more"]
    client("carl").get("/items/900000")
    assert len(denied(site)) == PER_MINUTE + 2


def test_list_of_denied(client: Clients) -> None:
    """The records manager has what was denied as a list of its own, by person and case, and as a
    file; the number of a case that she may not see herself is withheld there, too.
    """
    bodil, rita = client("bodil"), client("rita")
    bodil.get(f"/cases/{town.SECRET}")
    bodil.get(f"/cases/{town.CARLS}")
    client("carl").get("/records")
    page = listed(rita, only=DENIED)

    assert "Højst 10 i minuttet" in page
    assert f"Sag {town.CARLS}" in page
    assert "findes ikke eller må ikke ses" in page
    assert "Siden /records" in page
    assert "Sag (må ikke ses af dig: begrænset)" in page
    assert town.SECRET not in page
    assert "Carl Ølgård" not in listed(rita, only=DENIED, case=town.CARLS)
    assert "Bodil Bæk" in listed(rita, only=DENIED, case=town.CARLS)
    assert "Bodil Bæk" not in listed(rita, only=DENIED, who="ølgård")
    assert town.CARLS not in listed(rita)
    file = rita.get("/records/looks.csv", params={"only": DENIED}).text
    assert f"Sag {town.CARLS}" in file
    assert town.SECRET not in file
    assert rita.get("/records/looks?only=x").status_code == 400


def test_denial_that_cannot_be_kept(
    client: Clients, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the ledger takes no event, the answer is still no."""
    monkeypatch.setattr(denials, "record_denied", no_answer)

    assert client("bodil").get(f"/cases/{town.CARLS}").status_code == 404
    assert denied(site) == []


def no_answer(*_args: object, **_values: object) -> None:
    raise Unavailable("ledger: no answer", system="ledger")


def test_most_looks_of_a_minute(program: Program, app: FastAPI, client: Clients) -> None:
    """A person who is shown more in a minute than people read must wait; others need not."""
    web = msgspec.structs.replace(program.settings.web, looks_per_min=20)
    program.settings = msgspec.structs.replace(program.settings, web=web)
    bodil = client("bodil")
    codes = [bodil.get(f"/cases/{town.BODILS}").status_code for _ in range(21)]
    refused = bodil.get(f"/api/v1/cases/{town.BODILS}")

    assert codes == [200] * 20 + [429]
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) <= 60
    assert "sekunder" in bodil.get(f"/cases/{town.BODILS}").text
    assert client("bent").get(f"/cases/{town.BODILS}").status_code == 200
