"""The records manager's pages: for nobody else, right to the last number, and kept as looks."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import openpyxl
import pytest
import sqlalchemy as sa

from connector.bootstrap import Program
from connector.errors import Rejected, Unclear
from connector.jobs.deliver import deliver, write_entries
from connector.ledger.batch import Batch
from connector.ledger.linking import decide_by_person
from connector.ledger.runs import running
from connector.ledger.tables import delivery, event, item, sample_item
from connector.ledger.take import take
from connector.model import Case, LinkState
from connector.web.site import Site
from connector.web.words.records import DA
from tests.making import page as page_of
from tests.making import policy
from tests.test_deliveries import FakeSink, no_files
from tests.web import town
from tests.web.conftest import Client, Portal

PAGES = (
    "/records", "/records/items", "/records/times", "/records/corrections", "/records/looks",
    "/records/deliveries", "/records/samples",
)  # fmt: skip
FILES = ("figures", "items", "times", "corrections", "looks", "deliveries")


def send(program: Program, sink: FakeSink | None = None) -> FakeSink:
    """Write what is due and deliver it, a day after it was said."""
    made = sink or FakeSink()
    with running(program.ledger, "deliver") as run:
        write_entries(program.ledger, program.policy(), program.title)
        deliver(program.ledger, made, run, no_files)
    return made


@pytest.fixture
def rita(client: Callable[..., Client], program: Program) -> Client:
    """The records manager, after a delivery."""
    send(program)
    return client("rita")


def root_of(program: Program, text: str) -> int:
    with program.ledger.read() as connection:
        query = sa.select(item.c.root_id).where(item.c.text.contains(text))
        return int(connection.execute(query).scalars().first() or 0)


def looked(site: Site) -> list[tuple[str, str]]:
    with site.read() as connection:
        rows = connection.execute(
            sa.select(event.c.subject, event.c.detail).where(event.c.action == "looked")
        )
        return [(row.subject, row.detail) for row in rows]


@pytest.mark.parametrize("place", [*PAGES, *(f"/records/{name}.csv" for name in FILES)])
@pytest.mark.parametrize("who", ["bodil", "erik", "oda", "nobody"])
def test_for_nobody_else(client: Callable[..., Client], place: str, who: str) -> None:
    """Case workers, editors, operators and those without a role are refused."""
    assert client(who).get(place).status_code == 403


@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("place", PAGES)
def test_pages(rita: Client, place: str, language: str) -> None:
    """Each page is there in both languages, with one heading, without inline style or script."""
    answer = rita.get(place, headers={"accept-language": language})

    assert answer.status_code == 200
    assert answer.text.count("<h1") == 1
    assert not re.search(r"<style|\sstyle=|<script(?! src=)|\son\w+=", answer.text)


NUMBER = re.compile(r'<a href="(/records/items\?[^"]+)">([\d.]+)</a>')


def test_every_number_leads_to_its_items(rita: Client) -> None:
    """Behind each number of the overview stand exactly as many items."""
    page = rita.get("/records").text
    numbers = NUMBER.findall(page)
    assert len(numbers) > 20
    for address, count in dict.fromkeys(numbers):
        rows = rita.get(address.replace("&amp;", "&")).text.count('<th scope="row">')
        assert rows == int(count), address


def test_what_is_not_to_be_seen(rita: Client) -> None:
    """A restricted case and talk on no case: number, kind and time, and nothing more."""
    page = rita.get("/records/items").text

    assert DA["records.hidden"] in page
    assert DA["records.hidden_loose"] in page
    assert town.SECRET not in page
    assert "Underretning" not in page
    assert "frokost" not in page.casefold()
    assert town.BODILS in page


def test_list_is_a_look(rita: Client, site: Site) -> None:
    """That the manager saw the list, and took it away as a file, is on record."""
    rita.get("/records/items?fate=linked")
    rita.get("/records/items.csv?unit=Teknik")
    seen = [(subject, detail) for subject, detail in looked(site)]

    assert [subject for subject, _ in seen] == ["records items", "records items"]
    assert '"how":"page"' in seen[0][1]
    assert all(part in seen[1][1] for part in ('"how":"export"', '"unit":"Teknik"', "Rita Riis"))


def rows_of(answer: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("form", ["csv", "xlsx", "pdf"])
def test_files(rita: Client, name: str, form: str) -> None:
    """Every table is there in every form, under a safe name."""
    answer = rita.get(f"/records/{name}.{form}?from=2026-11-01&to=2026-11-20")

    assert answer.status_code == 200
    told = answer.headers["content-disposition"]
    assert re.fullmatch(r'attachment; filename="[a-z0-9-]+\.(csv|xlsx|pdf)"', told)
    assert answer.content.startswith({"csv": b"\xef\xbb\xbf", "xlsx": b"PK", "pdf": b"%PDF"}[form])
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_file_has_the_pages_numbers(rita: Client) -> None:
    """The file of figures adds up to what the page says of all."""
    page = rita.get("/records").text
    foot = page[page.index("<tfoot>") : page.index("</tfoot>")]
    expected = [int(text) for text in re.findall(r'<td class="count">(?:<a [^>]*>)?(\d+)', foot)]
    rows = rows_of(rita.get("/records/figures.csv"))
    book = openpyxl.load_workbook(io.BytesIO(rita.get("/records/figures.xlsx").content))
    cells = [[cell.value for cell in row][4:] for row in list(book["Tabel"].rows)[1:]]

    assert [sum(int(row[4 + n]) for row in rows[1:]) for n in range(8)] == expected
    assert [sum(row[n] for row in cells) for n in range(8)] == expected
    assert expected[0] > 5


@pytest.mark.parametrize(
    "query",
    [
        "from=2026-13-01", "to=x", "from=2026-11-20&to=2026-11-01", "from=2020-01-01", "kind=event",
        "to=9999-12-31", "from=0001-01-01&to=0001-01-02",
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", ["/records", "/records/items.csv", "/records/times"])
def test_wrong_question(rita: Client, place: str, query: str) -> None:
    """A period or kind that cannot be meant is told so."""
    assert rita.get(f"{place}?{query}").status_code == 400


def test_day_of_long_ago(rita: Client) -> None:
    """A date that is one, but outside what the ledger can hold, is told so."""
    text = rita.get("/records?from=1900-01-01").text

    assert "1900-01-01 ligger uden for årene 1971 til 8999." in text
    assert "er ikke en dato" not in text


@pytest.mark.parametrize(
    "address",
    [
        "/records/items?after=x", "/records/items?fate=lost", "/records/corrections?after=1",
        "/records/looks?after=x.y", "/records/deliveries?state=done", "/records/items?after=1.x",
        "/records/deliveries?after=x", "/records/items?after=9999999999999999999999.1",
    ],
)  # fmt: skip
def test_wrong_place(rita: Client, address: str) -> None:
    """A list goes on only where it was left."""
    assert rita.get(address).status_code == 400


def test_no_such_form(rita: Client) -> None:
    """There are three kinds of files and no more."""
    assert rita.get("/records/items.exe").status_code == 404


def test_times(rita: Client) -> None:
    """The page says how long it took, in a chart and in a table beside it."""
    page = rita.get("/records/times").text

    assert "49" in page  # hours from Wednesday noon to Friday 13.00
    assert page.index('<svg class="chart on-screen"') < page.index("<table")
    assert "3 arbejdsdage" in page


def test_every_number_of_the_times_leads_to_its_items(rita: Client, program: Program) -> None:
    """What is linked, journaled, late and in each bucket can be opened, and is as much as it says;
    in the file, too.
    """
    late = town.message_of("bodil", "19:late@x", f"Om {town.BODILS}", -9 * 24 * 60)
    take(program.ledger, [page_of(late)], policy())
    text = rita.get("/records/times").text
    found = re.findall(r'<a href="(/records/items\?[^"]+)">(\d+)</a>', text)

    asked = [parse_qs(urlsplit(unescape(link)).query) for link, _ in found]
    assert {each.get("speed", [""])[0] for each in asked} >= {"", "journaled", "late"}
    assert len(found) > 8
    for link, count in found:
        address = unescape(link)
        file = rita.get(address.replace("/records/items?", "/records/items.csv?")).text
        assert len(re.findall(r"(?m)^\d+;", file)) == int(count), file
        listed = re.findall(r'<th scope="row">', rita.get(address).text)
        assert len(listed) == int(count), address
    assert rita.get("/records/items?speed=x").status_code == 400


def moved(program: Program) -> None:
    root = root_of(program, "Bumpet")
    program.clock.move(minutes=1)  # type: ignore[attr-defined]
    town.put(program.ledger, program, root, Case(number=town.BODILS))
    program.clock.move(minutes=1)  # type: ignore[attr-defined]
    send(program)


def test_corrections(rita: Client, program: Program) -> None:
    """What moved stands with both cases, who, why and when; in the file too."""
    moved(program)
    page = rita.get("/records/corrections").text

    for words in (town.CARLS, town.BODILS, "made for a test", "taget tilbage", "bodil"):
        assert words in page
    (row,) = rows_of(rita.get("/records/corrections.csv"))[1:]
    assert (row[4], row[5], row[7]) == (town.CARLS, town.BODILS, "made for a test")


def test_looks(rita: Client, client: Callable[..., Client]) -> None:
    """Who looked at a case is found by name and by case."""
    client("bodil").get(f"/cases/{town.BODILS}")
    client("carl").get(f"/cases/{town.CARLS}")
    both = rita.get("/records/looks").text
    one = rita.get("/records/looks?who=ølgård").text
    other = rita.get(f"/records/looks?case={town.BODILS}").text

    assert f"Sag {town.BODILS}" in both
    assert f"Sag {town.CARLS}" in both
    assert f"Sag {town.CARLS}" in one
    assert f"Sag {town.BODILS}" not in one
    assert "Bodil Bæk" in other
    assert "Carl Ølgård" not in other


@pytest.fixture
def troubled(client: Callable[..., Client], program: Program) -> Client:
    """The records manager, after a delivery of which one failed and one is unsure."""
    sink = FakeSink(can_find=False)
    sink.errors = [
        Rejected("journal: the case is locked", system="journal"),
        Unclear("journal: no answer", system="journal"),
    ]
    send(program, sink)
    return client("rita")


def form_of(page: str, state: str) -> tuple[str, str]:
    """Address and `seen` of the first form of a delivery in this state."""
    found = re.search(
        r'action="(/records/deliveries/[^"]+)">(?:(?!action=).)*?name="seen" '
        rf'value="({state}\.[^"]+)"',
        page,
        re.S,
    )
    assert found is not None
    return found[1], found[2]


def states(program: Program) -> list[str]:
    with program.ledger.read() as connection:
        return sorted(connection.execute(sa.select(delivery.c.state)).scalars())


def test_deliveries(troubled: Client) -> None:
    """What is in trouble stands there with where, since when and why."""
    page = troubled.get("/records/deliveries").text

    for words in ("mislykket", "uvis", "the case is locked", "journal"):
        assert words in page
    assert "the case is locked" not in troubled.get("/records/deliveries?state=unsure").text


def test_try_again(troubled: Client, program: Program) -> None:
    """A failed one is tried again with the next delivery; a second press comes too late."""
    address, seen = form_of(troubled.get("/records/deliveries").text, "failed")
    answer = troubled.post(address, data={"seen": seen, "does": "again"})

    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/records/deliveries?done=again",
    )
    assert "failed" not in states(program)
    assert troubled.post(address, data={"seen": seen, "does": "again"}).status_code == 412


def test_it_is_there(troubled: Client, program: Program) -> None:
    """An unsure one is done once somebody says under which number the journal has it."""
    address, seen = form_of(troubled.get("/records/deliveries").text, "unsure")
    values = {"seen": seen, "does": "there", "reference": ""}
    assert troubled.post(address, data=values).status_code == 400
    answer = troubled.post(address, data=values | {"reference": "JP-7"})

    assert answer.status_code == 303
    assert "unsure" not in states(program)
    with program.ledger.read() as connection:
        told = connection.execute(sa.select(event).where(event.c.action == "confirmed")).one()
    assert (told.actor, told.detail) == ("rita@nordvang.example", '{"target":"JP-7"}')


def test_it_is_not_there(troubled: Client, program: Program) -> None:
    """An unsure one that is not there is sent again."""
    address, seen = form_of(troubled.get("/records/deliveries").text, "unsure")
    troubled.post(address, data={"seen": seen, "does": "missing"})
    send(program)

    assert "unsure" not in states(program)


def test_forged(troubled: Client, program: Program) -> None:
    """Without the form's token, or for another role, nothing changes."""
    address, seen = form_of(troubled.get("/records/deliveries").text, "failed")
    troubled.csrf = ""
    before = states(program)

    assert troubled.post(address, data={"seen": seen, "does": "again"}).status_code == 403
    assert states(program) == before


def drawn(rita: Client, **values: str) -> str:
    answer = rita.post("/records/samples", data={"size": "2", "seed": "s"} | values)
    assert answer.status_code == 303
    return str(answer.headers["location"])


YES = {"case": "yes", "complete": "yes", "readable": "yes", "comment": "", "seen_at": ""}


def test_sample(rita: Client, program: Program, site: Site) -> None:
    """A control is drawn, each item seen and judged, and its result told with its uncertainty."""
    place = drawn(rita)
    first = rita.get(f"{place}/1")
    assert first.status_code == 200
    assert any('"how":"sample"' in detail for _, detail in looked(site))
    answer = rita.post(f"{place}/1", data=YES | {"comment": "fin"})
    assert answer.headers["location"] == f"{place}/2"
    answer = rita.post(f"{place}/2", data=YES | {"complete": "no"})
    assert answer.headers["location"] == place
    page = rita.get(place).text

    for words in ("2 af 2 bedømt", "50 %", "100 %", "9–91 %", "fin", "Rita Riis", "SHA-256"):
        assert words in page
    rows = rows_of(rita.get(f"{place}.csv"))
    assert [row[5] for row in rows[1:]] == ["ja", "nej"]
    assert rita.get(f"{place}.pdf").content.startswith(b"%PDF")


def test_sample_is_judged_once(rita: Client) -> None:
    """A verdict on what somebody else has judged meanwhile is refused, and shows that."""
    place = drawn(rita)
    rita.post(f"{place}/1", data=YES)

    assert rita.post(f"{place}/1", data=YES | {"case": "no"}).status_code == 412
    seen_at = re.search(r'name="seen_at" value="(\d+)"', rita.get(f"{place}/1").text)
    assert seen_at is not None
    again = YES | {"case": "no", "seen_at": seen_at[1]}
    assert rita.post(f"{place}/1", data=again).status_code == 303


@pytest.mark.parametrize("change", [{"case": ""}, {"readable": "maybe"}, {"seen_at": "²"}])
def test_half_a_verdict(rita: Client, change: dict[str, str]) -> None:
    """All three questions are answered, or nothing is kept."""
    place = drawn(rita)

    assert rita.post(f"{place}/1", data=YES | change).status_code == 400


def test_sample_holds_no_restricted(rita: Client, program: Program) -> None:
    """What the manager may not see is not drawn; what was restricted since is not shown."""
    place = drawn(rita, size="50")
    page = rita.get(place).text
    assert "1 er ikke med" in page
    secret = root_of(program, "Familien")
    assert f" </span>{secret}</a>" not in page
    with program.ledger.write() as connection:
        connection.execute(
            sa.update(sample_item).where(sample_item.c.position == 1).values(item_id=secret)
        )
    one = rita.get(f"{place}/1").text
    assert DA["records.item_hidden"] in one
    assert "Familien" not in one
    assert rita.post(f"{place}/1", data=YES).status_code == 404


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/records/samples/99", 404), ("/records/samples/x", 404), ("/records/samples/0", 404),
        (f"/records/samples/{2**70}", 404), ("/records/samples/99.csv", 404),
    ],
)  # fmt: skip
def test_no_such_sample(rita: Client, address: str, status: int) -> None:
    """A control that is not there is told so."""
    assert rita.get(address).status_code == status


def test_sample_sizes(rita: Client) -> None:
    """A control of none or of too many is refused."""
    for size in ("0", "1001"):
        answer = rita.post("/records/samples", data={"size": size, "seed": "s"})
        assert answer.status_code == 400


def test_by_keyboard_and_phone(portal: Portal, browser: Callable[..., Any]) -> None:
    """In a real browser, 360 pixels wide and without scripts: draw a control and judge it."""
    send(portal.program)
    page = browser(width=360, scripts=False)
    portal.sign_in(page, "rita")
    page.goto(f"{portal.url}/records/samples")
    page.get_by_label("Hvor mange").fill("1")
    page.get_by_role("button", name="Træk en stikprøve").click()
    page.get_by_role("link", name="Bedøm den næste").click()
    for question in ("Står den på den rigtige sag?", "Er den fuldstændig?"):
        page.get_by_role("group", name=question).get_by_label("ja").check()
    page.get_by_role("group", name="Kan den læses og forstås?").get_by_label("uvis").check()
    page.get_by_role("button", name="Gem bedømmelsen").click()

    assert "1 af 1 bedømt" in page.inner_text("main")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_chart_says_what_the_table_says(rita: Client) -> None:
    """The chart has a name and a description, and no sign in it is by colour alone."""
    page = rita.get("/records").text
    chart = page[page.index("<svg") : page.rindex("</svg>")]

    for form in ("on-screen", "on-phone"):
        assert f'aria-labelledby="days-{form}-title days-{form}-desc"' in chart
        assert f'id="days-{form}-title"' in chart
        assert f'id="days-{form}-desc"' in chart
    patterns = re.findall(r"<pattern .*?</pattern>", chart)
    signs = {re.sub(r'(id|class)="[^"]+"', "", each) for each in patterns}
    assert len(patterns) == len(signs) == 6
    tips = re.findall(r"<g><title>18\.11\.: ([^<]+)</title>", chart)
    row = page[page.index("onsdag 18. november") :].split("</tr>")[0]
    counts = [int(text) for text in re.findall(r">(\d+)(?:</a>)?</td>", row)]
    assert sum(int(text) for text in re.findall(r"\d+", tips[0])) == counts[0]


def test_chart_fits_a_phone(portal: Portal, browser: Callable[..., Any]) -> None:
    """On a phone the whole chart is on the page, its newest end too; on paper it is the wide one.
    Its shapes have the patterns that stand in a drawing of their own.
    """
    page = browser(width=360)
    portal.sign_in(page, "rita")
    page.goto(f"{portal.url}/records")
    box = page.locator(".chart.on-phone").bounding_box()
    newest = page.locator(".chart.on-phone .axis").last.bounding_box()

    assert page.locator(".chart.on-screen").is_hidden()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360
    assert newest["x"] + newest["width"] <= 360
    assert page.locator(".chart.on-phone .axis").last.text_content() == "20.11."
    assert page.locator(".drawing").evaluate("its => its.scrollWidth <= its.clientWidth")
    page.emulate_media(media="print")
    assert page.locator(".chart.on-screen").is_visible()
    assert page.locator(".chart.on-phone").is_hidden()


def test_trouble_on_a_restricted_case(client: Callable[..., Client], program: Program) -> None:
    """Of a delivery to a case that the manager may not see: not the case and not the reason."""
    sink = FakeSink()
    sink.errors = [Rejected(f"no {number}", system="journal") for number in range(20)]
    send(program, sink)
    rita = client("rita")

    for answer in (rita.get("/records/deliveries"), rita.get("/records/deliveries.csv")):
        assert town.SECRET not in answer.text
    hidden = [row for row in rows_of(rita.get("/records/deliveries.csv"))[1:]
              if row[3] == DA["records.hidden"]]  # fmt: skip
    assert [row[7] for row in hidden] == [""]


def test_stays_between_the_tags(rita: Client, program: Program) -> None:
    """What people wrote as a reason or remark is text in the page, never a tag of it."""
    root = root_of(program, "Bumpet")
    program.clock.move(minutes=1)  # type: ignore[attr-defined]
    with program.ledger.write() as connection:
        batch = Batch(ledger=program.ledger, connection=connection, policy=program.policy(),
                      now=program.ledger.now())  # fmt: skip
        decide_by_person(batch, root, state=LinkState.UNLINKED, case=None, actor="carl",
                         reason="<script>alert(1)</script> 010180-1234")  # fmt: skip
    page = rita.get("/records/corrections").text
    place = drawn(rita)
    rita.post(f"{place}/1", data=YES | {"comment": '"><img src=x onerror=y>'})

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert "010180-1234" not in page
    assert "010180-1234" not in rita.get("/records/corrections.csv").text
    assert "<img src=x" not in rita.get(place).text
    assert "<img src=x" not in rita.get(f"{place}/1").text


def test_item_of_a_control_names_its_case(client: Callable[..., Client], program: Program) -> None:
    """Who judges whether it is on the right case sees the case's title and parties beside it."""
    send(program)
    rita = client("rita")
    place = drawn(rita, size="50")
    count = rita.get(place).text.count(f'href="{place}/')
    told = [rita.get(f"{place}/{n}").text for n in range(1, count + 1)]

    assert any(
        f'>{town.BODILS}</a> Boligstøtte, Asta Prøve' in text and "Parter: Asta Prøve 37 50" in text
        for text in told
    )  # fmt: skip
