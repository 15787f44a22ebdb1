"""Figures for Prometheus: the requests of the portal, and what the ledger says of the rest.

All within one registry of its own. Where several processes answer, each counts in files of a folder
that all read: the library's own way, which common.py chooses before this module is loaded. Labels
are names of the program (routes, jobs, sinks, states), never of people or cases.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    Metric,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from connector.errors import ConnectorError
from connector.ledger import operations
from connector.ledger.operations import DAY_MS, Overview

if TYPE_CHECKING:
    from connector.ledger import Ledger
    from connector.web.common import Common

CONTENT_TYPE = CONTENT_TYPE_LATEST
KEPT_S = 30  # figures of the ledger are not asked for again within this time
# Seconds, about the goals of pages: 0.1 for a case, 0.15 for a list, 0.3 for a search by relevance.
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.15, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0)


_NOT_SUMMED = frozenset({"process_start_time_seconds", "process_max_fds"})


class Metrics:
    """What the portal's processes count, and the ledger's state when somebody asks."""

    def __init__(
        self,
        ledger: Callable[[], Ledger],
        jobs: Iterable[str],
        sinks: Iterable[str],
        common: Common,
    ) -> None:
        self.registry = CollectorRegistry()
        counted = CollectorRegistry() if common.folder is not None else self.registry
        self._requests = Counter(
            "casethread_http_requests",
            "Answers by method, route and status.",
            ("method", "route", "status"),
            registry=counted,
        )
        self._seconds = Histogram(
            "casethread_http_request_seconds",
            "Time until the answer was sent, by method and route.",
            ("method", "route"),
            buckets=BUCKETS,
            registry=counted,
        )
        if common.folder is not None:
            # The library leaves this class without types.
            MultiProcessCollector(self.registry, str(common.folder))  # type: ignore[no-untyped-call]
        self.registry.register(Processes(common.processes))
        self.registry.register(LedgerFigures(ledger, tuple(jobs), tuple(sinks)))

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request was answered."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def text(self) -> bytes:
        """Everything in Prometheus' text form."""
        return generate_latest(self.registry)


class Processes(Collector):
    """What the processes that answer take of the machine, together; the oldest one's start."""

    def __init__(self, pids: Callable[[], Iterable[int]]) -> None:
        self._pids = pids

    def describe(self) -> list[Metric]:
        """Nothing: who answers is not known yet."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The library's figures of one process, summed up."""
        found: dict[str, list[Metric]] = {}
        for pid in self._pids():
            for each in ProcessCollector(pid=partial(int, pid), registry=None).collect():
                found.setdefault(each.name, []).append(each)
        for name, its in found.items():
            values = [sample.value for each in its for sample in each.samples]
            first = its[0]
            value = min(values) if name in _NOT_SUMMED else sum(values)
            first.samples = [first.samples[0]._replace(value=value)]
            yield first


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger said at one moment."""

    overview: Overview
    last_good: dict[str, int]
    delivered: Mapping[str, int]
    said: dict[tuple[str, str], int]


class LedgerFigures(Collector):
    """The ledger's figures, asked for when Prometheus asks, at most every KEPT_S seconds."""

    def __init__(
        self, ledger: Callable[[], Ledger], jobs: tuple[str, ...], sinks: tuple[str, ...]
    ) -> None:
        self._ledger = ledger
        self._jobs = jobs
        self._sinks = sinks
        self._kept: tuple[float, Figures | None] | None = None
        self._lock = threading.Lock()

    def describe(self) -> list[Metric]:
        """Nothing: registering must not ask the ledger."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Whether the ledger answers, and if it does, its figures."""
        found = self._figures()
        up = GaugeMetricFamily("casethread_ledger_up", "1 when the ledger answers, else 0.")
        up.add_metric([], 0 if found is None else 1)
        yield up
        if found is not None:
            yield from _backlog(found.overview)
            yield from _jobs(found)
            yield from _sinks(found)

    def _figures(self) -> Figures | None:
        with self._lock:
            if self._kept is None or time.monotonic() - self._kept[0] >= KEPT_S:
                self._kept = (time.monotonic(), self._ask())
            return self._kept[1]

    def _ask(self) -> Figures | None:
        try:
            ledger = self._ledger()
            now = ledger.now()
            with ledger.read() as connection:
                return Figures(
                    overview=operations.overview(connection, now, self._sinks, problems=0),
                    delivered=operations.figures(connection, (), now - DAY_MS).delivered,
                    last_good=operations.last_good(connection, self._jobs),
                    said=operations.said_since(connection, now - DAY_MS),
                )
        except ConnectorError:
            return None


def _backlog(its: Overview) -> Iterator[Metric]:
    yield _gauge(
        "casethread_backlog",
        "What is unfinished: communications that wait for a person, entries owed to a sink, "
        "deliveries that failed or are unsure, and what could not be read.",
        ("what",),
        (((name,), count) for name, count in msgspec.structs.asdict(its.backlog).items()),
    )
    oldest = its.oldest_waiting_at
    age_s = 0 if oldest is None else max(0, its.at - oldest) / 1000
    yield _gauge(
        "casethread_oldest_waiting_seconds",
        "Age of the oldest communication that waits for a person; 0 when none does.",
        (),
        [((), age_s)],
    )
    if its.newest_at is not None:
        yield _gauge(
            "casethread_newest_communication_timestamp_seconds",
            "When the newest communication took place.",
            (),
            [((), its.newest_at / 1000)],
        )
    yield _gauge("casethread_cases", "Cases in the copy of the register.", (), [((), its.cases)])


def _jobs(its: Figures) -> Iterator[Metric]:
    yield _gauge(
        "casethread_job_last_success_timestamp_seconds",
        "When each job last ended well; a job that never did is left out.",
        ("job",),
        (((job,), at / 1000) for job, at in its.last_good.items()),
    )
    yield _gauge(
        "casethread_communications_last_day",
        "Communications of the last 24 hours by kind and by what they were decided to be.",
        ("kind", "state"),
        its.said.items(),
    )


def _sinks(figures: Figures) -> Iterator[Metric]:
    its = figures.overview
    yield _gauge(
        "casethread_delivered_last_day",
        "Deliveries that reached a sink in the last 24 hours.",
        ("sink",),
        (((sink,), figures.delivered.get(sink, 0)) for sink in its.deliveries),
    )
    yield _gauge(
        "casethread_deliveries_open",
        "Deliveries that are not done, by sink and state.",
        ("sink", "state"),
        (
            ((sink, state), count)
            for sink, states in its.deliveries.items()
            for state, count in states.items()
        ),
    )
    away = {each.sink: each.since for each in its.outages}
    yield _gauge(
        "casethread_sink_outage_seconds",
        "For how long a sink has taken nothing; 0 when it does.",
        ("sink",),
        (((sink,), (its.at - away[sink]) / 1000 if sink in away else 0) for sink in its.deliveries),
    )


def _gauge(
    name: str,
    told: str,
    labels: tuple[str, ...],
    values: Iterable[tuple[tuple[str, ...], float]],
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, told, labels=labels)
    for its, value in values:
        family.add_metric(its, value)
    return family
