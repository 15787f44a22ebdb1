"""The operator's page, "run now", and what machines ask about health and figures."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from fastapi import FastAPI, Request
from prometheus_client.parser import text_string_to_metric_families

from connector.bootstrap import Program
from connector.errors import Unavailable
from connector.jobs.prune import Pruned
from connector.ledger import views
from connector.ledger.outages import note_sink
from connector.ledger.runs import running
from connector.ledger.tables import delivery, event, item, problem, run
from connector.web import readiness, runner
from connector.web.pages.health import came_by_proxy, is_among
from connector.work import JobResult, run_job
from tests.web.conftest import Client, Portal

Opens = Callable[..., Client]


def waited(app: FastAPI, job: str) -> None:
    """Until the job that was started from the page has ended."""
    thread = app.state.runner._threads[job]
    thread.join(timeout=20)
    assert not thread.is_alive()


def runs(program: Program) -> list[tuple[str, str]]:
    with program.ledger.read() as connection:
        return [tuple(row) for row in connection.execute(sa.select(run.c.job, run.c.outcome))]


@pytest.fixture
def journal(program: Program) -> None:
    """The folder that entries are written to."""
    program.settings.sinks[0].path.mkdir()


@pytest.mark.usefixtures("journal")
def test_page(client: Opens, program: Program) -> None:
    """Each job with its schedule and last run; what is missing; throughput; health."""
    run_job(program, "deliver")
    text = client("oda").get("/operations").text

    for words in (
        "Tidsplanen kører ikke",
        "Sagsregister",
        "færdig",
        "Opkald via Direct Routing",
        "slået fra",
        "Venter på en person",
        "Portalen kan arbejde.",
        "Alt kunne læses.",
    ):
        assert words in text
    assert "Asta" not in text
    assert "Boligstøtte" not in text


def test_next_due(client: Opens, program: Program) -> None:
    """When a job is next due is told while the schedule runs, and only then."""
    opened = client("oda")
    assert "Tidsplanen kører på" not in opened.get("/operations").text

    with running(program.ledger, "daemon"):
        text = opened.get("/operations").text

    assert "Tidsplanen kører på" in text
    row = text[text.index('id="job-deliver"') : text.index('id="job-prune"')]
    assert "20.11.2026 kl. 13.0" in row


@pytest.mark.usefixtures("journal")
def test_troubles(client: Opens, program: Program) -> None:
    """A journal that takes nothing, and what could not be read, stand with their reasons."""
    run_job(program, "deliver")
    note_sink(
        program.ledger,
        "journal",
        reason="journal: no space, 010190-1234, 27.18.02-P25-14-26",
        took=0,
    )
    with program.ledger.write() as connection:
        values = {"source": "chats", "part": "u1", "key": "<b>k</b>", "scope": "item"}
        times = {"first_at": program.ledger.now(), "last_at": program.ledger.now()}
        connection.execute(sa.insert(problem).values(reason="not JSON", **values, **times))

    text = client("oda").get("/operations").text

    assert "tager intet imod siden" in text
    assert "journal: no space" in text
    assert "010190-1234" not in text
    assert "27.18.02" not in text
    assert "&lt;b&gt;k&lt;/b&gt;" in text


@pytest.mark.usefixtures("journal")
def test_throughput(client: Opens, program: Program) -> None:
    """What was delivered within the hour is counted for each journal."""
    result = run_job(program, "deliver")
    assert result.counts["done"] > 0

    text = client("oda").get("/operations").text

    row = text[text.index('<th scope="row">journal</th>') :]
    assert row[: row.index("</tr>")].count(f">{result.counts['done']}</td>") == 2


@pytest.mark.usefixtures("journal")
def test_run_now(client: Opens, app: FastAPI, program: Program) -> None:
    """A job that an operator starts runs as any other, and who started it is kept."""
    answer = client("oda").post("/operations/jobs/deliver/run", data={})

    assert (answer.status_code, answer.headers["location"]) == (303, "/operations#job-deliver")
    waited(app, "deliver")
    assert runs(program) == [("deliver", "done")]
    with program.ledger.read() as connection:
        told = connection.execute(
            sa.select(event.c.actor, event.c.subject).where(event.c.action == "job_started")
        ).all()
    assert [tuple(row) for row in told] == [("oda@nordvang.example", "job deliver")]


@pytest.mark.parametrize(
    ("job", "status", "words"),
    [
        ("nothing", 404, "Der er intet job"),
        ("..%2Fdeliver", 404, "findes ikke"),
        ("channels", 403, "slået fra"),
    ],
)
def test_what_cannot_be_run(
    client: Opens, program: Program, job: str, status: int, words: str
) -> None:
    """A job that is not there, or is switched off, is not run, and the page says why."""
    answer = client("oda").post(f"/operations/jobs/{job}/run", data={})

    assert answer.status_code == status
    assert words in answer.text
    assert runs(program) == []


@pytest.mark.parametrize("who", ["bodil", "rita", "erik"])
def test_roles(client: Opens, program: Program, who: str) -> None:
    """Only an operator sees the page or starts a job."""
    assert client(who).get("/operations").status_code == 403
    assert client(who).post("/operations/jobs/deliver/run", data={}).status_code == 403
    assert runs(program) == []


def test_forged_form(client: Opens, program: Program) -> None:
    """A form of another site starts nothing."""
    opened = client("oda")
    opened.csrf = ""

    assert opened.post("/operations/jobs/deliver/run", data={}).status_code == 403
    assert runs(program) == []


def test_runs_elsewhere(client: Opens, app: FastAPI, program: Program) -> None:
    """A job that runs in another process is not started a second time."""
    with running(program.ledger, "deliver"):
        answer = client("oda").post("/operations/jobs/deliver/run", data={})
        page = client("oda").get("/operations").text

    assert answer.status_code == 409
    assert "Journalisering kører allerede" in answer.text
    assert "disabled" in page[page.index('id="run-deliver"') : page.index('id="job-prune"')]
    assert [job for job, _ in runs(program)] == ["deliver"]


class Held:
    """Holds every job that is started until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.go = threading.Event(), threading.Event()
        self.stops: list[bool] = []
        monkeypatch.setattr(runner, "run_job", self)

    def __call__(
        self, _program: Program, job: str, *, should_stop: Callable[[], bool]
    ) -> JobResult:
        self.begun.set()
        while not self.go.wait(0.01) and not should_stop():
            pass
        self.stops.append(should_stop())
        return JobResult(job=job)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    made = Held(monkeypatch)
    yield made
    made.go.set()


def test_started_twice(client: Opens, app: FastAPI, held: Held) -> None:
    """A job that was started from here and has not ended is not started again."""
    opened = client("oda")
    assert opened.post("/operations/jobs/prune/run", data={}).status_code == 303
    assert held.begun.wait(10)

    answer = opened.post("/operations/jobs/prune/run", data={})
    page = opened.get("/operations").text

    assert answer.status_code == 409
    assert "allerede sat i gang herfra" in answer.text
    assert "begynder" in page
    assert "Sat i gang herfra lige nu" in page
    held.go.set()
    waited(app, "prune")
    assert opened.post("/operations/jobs/prune/run", data={}).status_code == 303
    waited(app, "prune")


@pytest.mark.parametrize(
    ("job", "told"),
    [("prune", "der var intet at slette"), ("attachments", "der var intet nyt")],
)
def test_tells_what_it_did(client: Opens, program: Program, job: str, told: str) -> None:
    """A job that was started from the page and ended at once: the page says when, and what it did;
    after a while no more. One that was not started from there says nothing.
    """
    opened = client("oda")
    opened.post(f"/operations/jobs/{job}/run", data={})
    page = opened.get("/operations").text

    assert f"Kørt herfra lige nu: {told}." in page
    assert page.count("Kørt herfra") == 1
    program.clock.move(minutes=9)  # type: ignore[attr-defined]
    assert "Kørt herfra for 9 min. siden" in opened.get("/operations").text
    program.clock.move(minutes=2)  # type: ignore[attr-defined]
    assert "Kørt herfra" not in opened.get("/operations").text


def test_tells_counts(client: Opens, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it did is told as numbers with their words; while it goes on, that it does."""

    def prune(*_: Any, **__: Any) -> Pruned:
        return Pruned(items=3, files=1, problems=2, runs=1)

    monkeypatch.setattr("connector.jobs.prune.prune", prune)
    opened = client("oda")
    opened.post("/operations/jobs/prune/run", data={})
    told = "3 slettet, 1 fil slettet, 1 gammel kørsel glemt"

    assert f"Kørt herfra lige nu: {told}." in opened.get("/operations").text


def test_stops_with_the_portal(app: FastAPI, held: Held) -> None:
    """A portal that stops asks its jobs to stop, waits for them, and starts no more."""
    assert app.state.runner.start("prune")
    assert held.begun.wait(10)

    app.state.runner.stop()

    assert held.stops == [True]
    assert not app.state.runner.start("prune")


def test_reason_of_a_failure(
    client: Opens, app: FastAPI, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why a job failed stands on its line: once, and a bug in it does not end the portal."""

    def fails(*_args: Any, **_values: Any) -> None:
        raise Unavailable("register: the file is away", system="register")

    monkeypatch.setattr("connector.jobs.refresh.refresh", fails)
    opened = client("oda")
    opened.post("/operations/jobs/register/run", data={})
    waited(app, "register")
    page = opened.get("/operations").text
    assert page.count("register: the file is away") == 1

    def bug(*_args: Any, **_values: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(runner, "run_job", bug)
    opened.post("/operations/jobs/prune/run", data={})
    waited(app, "prune")
    told = opened.get("/operations").text
    assert "Kunne ikke startes: ZeroDivisionError" in told
    assert "Kørt herfra" not in told


def test_alive(client: Opens, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """That the process lives is told even when the ledger is away."""
    monkeypatch.setattr(program.ledger, "read", no_answer)

    answer = client().get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


def no_answer(*_args: Any, **_values: Any) -> Any:
    raise Unavailable("ledger: postgresql://secret@host does not answer", system="ledger")


def test_ready(client: Opens) -> None:
    """With the ledger there and room on the disk, the portal can work."""
    answer = client().get("/readyz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


def test_not_ready(client: Opens, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands in the way is told as a problem (RFC 9457), and nothing that helps attackers."""
    monkeypatch.setattr(readiness, "is_up_to_date", no_answer)
    answer = client().get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "Portalen kan ikke arbejde nu. Hovedbogen svarer ikke."
    assert "secret" not in answer.text

    monkeypatch.setattr(readiness, "is_up_to_date", lambda _ledger: True)
    monkeypatch.setattr(readiness, "free_mb", lambda _place: readiness.LEAST_FREE_MB - 1)
    assert "under 500 MB" in client().get("/readyz").json()["detail"]


def test_other_version(client: Opens, program: Program) -> None:
    """A ledger that another version of the program took over makes the portal unready."""
    with program.ledger.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")

    assert "anden version" in client().get("/readyz").json()["detail"]


def test_free_space(tmp_path: Any) -> None:
    """Free space is told of the folder that is to be made too; of no disk there is none."""
    assert readiness.free_mb(tmp_path / "not" / "yet") > 0
    assert readiness.free_mb(tmp_path / "not" / "yet") == readiness.free_mb(tmp_path)


def metrics(opened: Client) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Name and labels -> value."""
    answer = opened.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


@pytest.fixture
def loopback(client: Opens) -> Client:
    """A Prometheus on the same machine."""
    return client(client=("127.0.0.1", 50000))


@pytest.mark.usefixtures("journal")
def test_figures(loopback: Client, program: Program) -> None:
    """The backlog, the age of the oldest, each job's last success, and deliveries by state."""
    done = run_job(program, "deliver").counts["done"]
    with program.ledger.write() as connection:
        connection.execute(sa.update(item).where(item.c.id == 1).values(state="waiting"))
        key = sa.select(sa.func.min(delivery.c.key)).scalar_subquery()
        connection.execute(sa.update(delivery).where(delivery.c.key == key).values(state="failed"))
    with program.ledger.read() as connection:
        backlog = views.backlog(connection)
        oldest = views.oldest_waiting_at(connection)
    assert oldest is not None

    found = metrics(loopback)

    now = program.ledger.now()
    assert found["casethread_ledger_up", ()] == 1
    assert found["casethread_backlog", (("what", "waiting"),)] == backlog.waiting > 0
    assert found["casethread_oldest_waiting_seconds", ()] == (now - oldest) / 1000
    assert found["casethread_cases", ()] == 4
    assert found["casethread_delivered_last_day", (("sink", "journal"),)] == done > 0
    failed = (("sink", "journal"), ("state", "failed"))
    assert found["casethread_deliveries_open", failed] == 1
    assert found["casethread_sink_outage_seconds", (("sink", "journal"),)] == 0
    job = (("job", "deliver"),)
    assert found["casethread_job_last_success_timestamp_seconds", job] == now / 1000
    assert ("casethread_job_last_success_timestamp_seconds", (("job", "chats"),)) not in found


def test_requests_are_counted(client: Opens, loopback: Client) -> None:
    """Requests count by route and status, never by path: a path names a case."""
    client("bodil").get("/presence?unit=Teknik")
    client("bodil").get("/presence")
    client("oda").post("/operations/jobs/nothing-27.18.02-P25-14-26/run", data={})
    client().get("/nowhere/27.18.02-P25-14-26")
    client().request("BREW", "/")

    text = loopback.get("/metrics").text
    found = metrics(loopback)

    def count(method: str, route: str, status: str) -> float:
        labels = (("method", method), ("route", route), ("status", status))
        return found["casethread_http_requests_total", labels]

    assert count("GET", "/presence", "200") == 2
    assert count("POST", "/operations/jobs/{job}/run", "404") == 1
    assert count("GET", "(none)", "404") == 1
    assert "27.18.02" not in text
    assert "BREW" not in text
    for name in ("bodil", "Bodil", "Teknik", "nordvang"):
        assert name not in text


def test_figures_without_ledger(
    loopback: Client, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the ledger is away, that is the figure."""
    monkeypatch.setattr(program.ledger, "read", no_answer)

    found = metrics(loopback)

    assert found["casethread_ledger_up", ()] == 0
    assert ("casethread_cases", ()) not in found


def test_asked_seldom(
    loopback: Client, app: FastAPI, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prometheus may ask as often as it likes: the ledger is asked twice a minute at most."""
    asked: list[int] = []
    read = program.ledger.read
    monkeypatch.setattr(program.ledger, "read", lambda: asked.append(1) or read())  # type: ignore[func-returns-value]
    at = [1000.0]
    monkeypatch.setattr("connector.web.metrics.time.monotonic", lambda: at[0])
    for _ in range(3):
        metrics(loopback)
    assert len(asked) == 1

    at[0] += 30
    metrics(loopback)
    assert len(asked) == 2


def test_figures_from_elsewhere(client: Opens) -> None:
    """An address that the settings do not name gets no figures."""
    answer = client(client=("192.0.2.7", 50000)).get("/metrics")

    assert answer.status_code == 403
    assert "192.0.2.7" in answer.json()["detail"]
    assert "casethread_cases" not in answer.text


@pytest.mark.parametrize(
    "name", ["X-Forwarded-For", "x-forwarded-proto", "Forwarded", "Via", "X-Real-IP"]
)
def test_figures_through_a_proxy(loopback: Client, name: str) -> None:
    """What a proxy of this machine passes on gets no figures, though its address may have them."""
    answer = loopback.get("/metrics", headers={name: "127.0.0.1"})

    assert answer.status_code == 403
    assert "proxy" in answer.json()["detail"]
    assert "casethread_cases" not in answer.text


@pytest.mark.parametrize(
    ("host", "public", "expected"),
    [
        ("sagstraad.example", "sagstraad.example", True),
        ("sagstraad.example:8080", "sagstraad.example", True),
        ("127.0.0.1:8080", "sagstraad.example", False),
        ("127.0.0.1:8080", "127.0.0.1", False),
        ("", "sagstraad.example", False),
    ],
)
def test_public_name_is_a_proxys(host: str, public: str, expected: bool) -> None:
    """On the portal's own machine only a proxy asks by the public name."""
    scope = {"type": "http", "headers": [(b"host", host.encode())], "client": ("127.0.0.1", 1)}

    assert came_by_proxy(Request(scope), public) is expected
    assert not came_by_proxy(Request({**scope, "client": ("192.0.2.7", 1)}), public)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.1.2.3", True),
        ("10.2.0.1", False),
        ("::ffff:10.2.0.1", False),
        ("testclient", False),
        ("", False),
    ],
)
def test_addresses(address: str, expected: bool) -> None:
    """Addresses and networks of both kinds; what is no address is nobody's."""
    assert is_among(address, ("127.0.0.1", "::1", "10.1.0.0/16")) is expected


def test_log_names_no_case(client: Opens, caplog: pytest.LogCaptureFixture) -> None:
    """The log has each request by its route, without its path, its question or its person."""
    with caplog.at_level(logging.INFO, logger="connector"):
        client("oda").post("/operations/jobs/27.18.02-P25-14-26/run?q=Asta", data={})

    told = [each for each in caplog.records if getattr(each, "action", "") == "request"]
    assert [(each.route, each.status) for each in told] == [  # type: ignore[attr-defined]
        ("/operations/jobs/{job}/run", 404)
    ]
    text = " ".join(str(vars(each)) for each in told)
    assert "27.18" not in text
    assert "Asta" not in text


def test_broken_answer_counts(
    loopback: Client, client: Opens, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that ended by a bug is counted as one."""
    monkeypatch.setattr("connector.web.pages.operations.job_lines", lambda *_args: 1 / 0)
    answer = client("oda", raise_server_exceptions=False).get("/operations")
    assert answer.status_code == 500

    labels = (("method", "GET"), ("route", "/operations"), ("status", "500"))
    assert metrics(loopback)["casethread_http_requests_total", labels] == 1


@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("width", [1280, 360])
def test_accessible(portal: Portal, browser: Callable[..., Any], language: str, width: int) -> None:
    """No violation of WCAG 2.1 A and AA, no error in the browser, no page wider than the screen."""
    portal.program.settings.sinks[0].path.mkdir()
    run_job(portal.program, "deliver")
    note_sink(portal.program.ledger, "journal", reason="journal: no space", took=0)
    page = browser(language=language, width=width)
    portal.sign_in(page, "oda")
    page.goto(portal.url + "/operations")

    found = Axe().run(
        page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
    )

    assert found.violations_count == 0, found.generate_report()
    assert page.wrong == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scripts", [True, False])
def test_run_now_in_a_browser(portal: Portal, browser: Callable[..., Any], scripts: bool) -> None:
    """An operator presses the button, and sees on the page what the job did."""
    portal.program.settings.sinks[0].path.mkdir()
    page = browser(scripts=scripts)
    portal.sign_in(page, "oda")
    page.goto(portal.url + "/operations")

    page.get_by_role("button", name="Kør Journalisering nu").press("Enter")
    waited(portal.app, "deliver")
    page.get_by_role("link", name="Hent igen").click()

    row = page.locator("#job-deliver")
    assert "færdig" in row.inner_text()
    assert "journaliseret" in row.inner_text()
    assert page.wrong == []
