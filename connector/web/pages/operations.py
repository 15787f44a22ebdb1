"""The operator's page: jobs, journals, throughput, what could not be read; and "run now".

It shows no content, so looking at it is no look at a case; who runs the program need not know which
cases there are, so the reasons that systems give are told without their numbers.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from connector import __version__, screen
from connector.bootstrap import SOURCES
from connector.identity import mask_cpr
from connector.ledger import operations as ledger
from connector.ledger.access import Viewer
from connector.ledger.events import event_row, record
from connector.ledger.operations import DAY_MS, HOUR_MS
from connector.ledger.tables import at
from connector.ledger.views import JobState
from connector.schedule import Schedule, next_after
from connector.web import moments, rules
from connector.web.page import Busy, NotFound, Refused, language_of, render
from connector.web.plans import plan
from connector.web.readiness import free_mb, places, unready
from connector.web.runner import Runner
from connector.web.site import Site, site_of
from connector.web.words import say, words
from connector.work import ARTICLES, JOBS

router = APIRouter(include_in_schema=False)
REFRESH_S = 10
PROBLEMS = 50
SOON_S = 1.0  # so long the answer to "run now" waits for the job to end
TOLD_MS = 10 * 60_000  # so long the page tells what a job did that was started from it
DAEMON = "daemon"  # the run of schedulers/embedded.py, open for as long as it lives
RUN_BY_PERSON = "job_started"  # action of the event


class JobLine(msgspec.Struct, frozen=True, kw_only=True):
    """A job as the page shows it. Times are ms."""

    name: str
    label: str
    schedule: Schedule | None  # None: it runs after others
    plan: str  # the same in words
    is_enabled: bool
    run: JobState | None
    did: str
    last_good_at: int | None
    next_due_at: int | None
    is_starting: bool
    refused: str
    ran: str  # what the run did that was started from here a while ago, in a sentence


@router.get("/operations")
def operations(request: Request, viewer: Annotated[Viewer, Depends(rules.OPERATOR)]) -> Response:
    """How everything is; the part that changes alone when the page asks again."""
    site = site_of(request)
    now = site.ledger.now()
    with site.read() as connection:
        sources = [name for name in SOURCES if name != "presence"]
        values: dict[str, Any] = {
            "overview": ledger.overview(
                connection,
                now,
                [each.name for each in site.settings.sinks],
                problems=PROBLEMS,
            ),
            "hour": ledger.figures(connection, sources, now - HOUR_MS),
            "day": ledger.figures(connection, sources, now - DAY_MS),
            "daemon": ledger.newest_runs(connection, (DAEMON,), now).get(DAEMON),
            "runs": ledger.newest_runs(connection, JOBS, now),
            "last_good": ledger.last_good(connection, JOBS),
        }
    jobs = job_lines(request, values.pop("runs"), values.pop("last_good"), values["daemon"])
    is_part = request.headers.get("hx-request") == "true"
    return render(
        request,
        "parts/operations_now.html" if is_part else "operations.html",
        viewer,
        jobs=jobs,
        told=lambda text: without_cases(site, text),
        refresh_s=REFRESH_S,
        version=__version__,
        database="SQLite" if site.ledger.is_sqlite else "PostgreSQL",
        room=[(str(place), free_mb(place)) for place in places(site)],
        unready=unready(site),
        **values,
    )


def job_lines(
    request: Request,
    runs: dict[str, JobState],
    last_good: dict[str, int],
    daemon: JobState | None,
) -> list[JobLine]:
    """Every job there is, in the order of a sync."""
    site, runner, language = site_of(request), runner_of(request), language_of(request)
    enabled = {*JOBS} - {*SOURCES} | {*site.program.enabled_sources()}
    is_scheduled = daemon is not None and daemon.outcome == "running"
    found = []
    for name in JOBS:
        if name in ARTICLES and not site.program.has_articles:
            continue
        run, schedule = runs.get(name), schedule_of(site, name)
        is_due = is_scheduled and name in enabled and schedule is not None
        found.append(
            JobLine(
                name=name,
                label=screen.label(name, language),
                schedule=schedule,
                plan="" if schedule is None or schedule.is_off else plan(schedule, language),
                is_enabled=name in enabled,
                run=run,
                did=screen.did(name, run.counts, language) if run is not None else "",
                last_good_at=last_good.get(name),
                next_due_at=_next(site, schedule) if is_due else None,
                is_starting=runner.is_running(name) and (run is None or run.outcome != "running"),
                refused=runner.refused(name),
                ran=_ran(request, name, run),
            )
        )
    return found


def _ran(request: Request, job: str, run: JobState | None) -> str:
    """What became of a run that somebody started from here; "" after a while, or when refused."""
    site, runner, language = site_of(request), runner_of(request), language_of(request)
    since = runner.started_at(job)
    if since is None or site.ledger.now() - since > TOLD_MS or runner.refused(job):
        return ""
    ago = moments.ago(at(since), site.clock(), language)
    if run is None or run.started_at < since or run.outcome == "running":
        return say("operations.ran_begun", language, ago=ago)
    did = screen.did(job, run.counts, language)
    if not did:
        key = f"operations.nothing.{job}"
        did = say(key if key in words(language) else "operations.nothing", language)
    return say("operations.ran", language, ago=ago, did=did)


def schedule_of(site: Site, job: str) -> Schedule | None:
    """When a job runs by itself; None for one that follows others."""
    its = site.settings
    fixed = {
        "register": its.register.schedule,
        "deliver": its.jobs.deliver,
        "prune": its.jobs.prune,
        "articles": its.articles.schedule,
        "article_links": its.articles.links_schedule,
        "article_reminders": its.articles.reminders_schedule,
    }
    if job in SOURCES:
        found: Schedule = getattr(its.sources, job).schedule
        return found
    return fixed.get(job)


def without_cases(site: Site, text: str) -> str:
    """What a system said, with case numbers and CPR numbers covered."""
    for hit in site.program.scanner.find(text):
        text = text.replace(hit.raw, "•••")
    return mask_cpr(text)


def _next(site: Site, schedule: Schedule | None) -> int | None:
    due = next_after(schedule, site.clock(), site.zone) if schedule is not None else None
    return None if due is None else int(due.timestamp() * 1000)


def runner_of(request: Request) -> Runner:
    """Who starts jobs in this process."""
    found: Runner = request.app.state.runner
    return found


@router.post("/operations/jobs/{job}/run")
def run_now(
    request: Request, job: str, viewer: Annotated[Viewer, Depends(rules.OPERATOR)]
) -> Response:
    """Start a job, keep who did, and go back to the page, where its state is seen."""
    site, language = site_of(request), language_of(request)
    if job not in JOBS:
        raise NotFound("operations.no_job", job=job)
    label = screen.label(job, language)
    if job in SOURCES and job not in site.program.enabled_sources():
        raise Refused("operations.job_off", job=label)
    now = site.ledger.now()
    with site.read() as connection:
        run = ledger.newest_runs(connection, (job,), now).get(job)
    if run is not None and run.outcome == "running":
        since = moments.moment(at(run.started_at), language, site.zone)
        raise Busy("operations.busy", job=label, host=run.host, since=since)
    if not runner_of(request).start(job):
        raise Busy("operations.busy_here", job=label)
    runner_of(request).wait(job, SOON_S)
    with site.write() as connection:
        record(connection, [event_row(now, viewer.actor, RUN_BY_PERSON, f"job {job}")])
    return RedirectResponse(f"/operations#job-{job}", 303)
