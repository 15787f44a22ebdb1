"""SharePoint: the contract of a sink, and what is its own, through the real client library."""

from __future__ import annotations

import copy
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from connector.journaling.connection import Connection
from connector.journaling.draft import Drafter
from connector.journaling.words import Words, load
from connector.journals.folder import load_mapping
from connector.model import Receipt
from connector.ports import Sink
from connector.sandbox.protocol import Request, Response
from connector.sandbox.systems.sharepoint import FakeSharePoint
from connector.sites.sharepoint import WORDS, make_sink
from tests.contracts.system import SystemContract
from tests.cutting import Cutter

MAPPINGS = Path(__file__).parent.parent / "mappings"
TOKEN = "a-fictional-token"
LIST = "/sites/journal/lists/casethread"
LIBRARY = "/sites/journal/casethreadfiles"


def drafter() -> Drafter:
    def clock() -> datetime:
        return datetime(2026, 11, 20, 15, 0, tzinfo=UTC)

    return Drafter(load_mapping(MAPPINGS, "da"), MAPPINGS / "templates", clock)


def words(**changes: dict[str, object]) -> Words:
    """The mapping of the program, with some sections changed."""
    text = (MAPPINGS / "sharepoint.toml").read_text(encoding="utf-8")
    read = load(text, WORDS, "mappings/sharepoint.toml")
    values = {name: {**keys, **changes.get(name, {})} for name, keys in read.values.items()}
    return Words(read.name, values)


def tokens(renew: bool) -> str:
    return TOKEN


def online() -> FakeSharePoint:
    """A site without our lists."""
    system = FakeSharePoint()
    system.tokens.add(TOKEN)
    return system


@pytest.fixture(scope="module")
def prepared() -> FakeSharePoint:
    """A site with our lists, made by the sink itself."""
    system = online()
    with system.serve() as listener:
        connection = Connection(name="sharepoint", url=f"{listener.origin}/sites/journal")
        make_sink(connection, words(), drafter(), tokens).prepare()
    return system


class TestSink(SystemContract):
    """The sink keeps the contract on a site whose lists are there."""

    system: FakeSharePoint
    knows_cases: ClassVar[bool] = False
    locks_cases: ClassVar[bool] = False
    changes: ClassVar[dict[str, dict[str, object]]] = {}
    template: FakeSharePoint

    @pytest.fixture(autouse=True)
    def _serving(self, prepared: FakeSharePoint):
        self.template = prepared
        yield from super()._serving.__wrapped__(self)  # type: ignore[attr-defined]

    def make_system(self) -> FakeSharePoint:
        system = online()
        system.store = copy.copy(self.template.store)
        system.store.lists = copy.deepcopy(self.template.store.lists)
        system.store.folders = set(self.template.store.folders)
        system.store.files = {}
        return system

    def connection(self, origin: str, adapter: Cutter | None = None) -> Connection:
        return Connection(
            name="sharepoint",
            url=f"{origin}/sites/journal",
            user="casethread",
            secret="fictional",
            adapter=adapter,
        )

    def connect(self, connection: Connection) -> Sink:
        return make_sink(connection, words(**self.changes), drafter(), tokens)

    def rows(self) -> list[dict[str, Any]]:
        found = self.system.store.lists.get(LIST)
        return list(found.rows.values()) if found else []

    def documents(self, sink: Sink, case_number: str) -> list[str]:
        return [row["CtKey"] for row in self.rows() if row["CtCase"] == case_number]

    def path(self, receipt: Receipt) -> str:
        return receipt.url.removeprefix(self.origin).lower()

    def read(self, sink: Sink, receipt: Receipt) -> str:
        return self.system.store.files[self.path(receipt)].content.decode()

    def recordings(self, receipt: Receipt) -> list[bytes]:
        files = self.system.store.files.items()
        return [
            file.content
            for path, file in files
            if path != self.path(receipt) and f"_{receipt.key.lower()}_" in path
        ]

    def orphans(self) -> list[str]:
        keys = {row["CtKey"] for row in self.rows()}
        return [
            path
            for path, file in self.system.store.files.items()
            if file.library.rows[file.item].get("CtKey") not in keys
        ]

    @contextmanager
    def lose_reply(self, sink: Sink):
        """Of the steps of a put, the answer to the last is lost: the entry is whole then."""
        answer = self.system.answer

        def lost(request: Request) -> Response:
            response = answer(request)
            is_row = request.method == "POST" and request.path.lower().endswith("/items")
            return Response(cut_at=-1) if is_row else response

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.system, "answer", lost)
            yield
