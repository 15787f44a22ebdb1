"""Request Tracker: the contracts of sink and register against a real RT 5, and what is its own."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from connector.journaling.connection import Connection
from connector.journaling.draft import Drafter
from connector.journaling.words import Words, load
from connector.journals.folder import load_mapping
from connector.journals.request_tracker import KIND, WORDS, make_sink
from connector.model import Receipt
from connector.ports import Sink
from tests.contracts.sink import NUMBER
from tests.contracts.system import SystemContract
from tests.cutting import Cutter
from tests.rt_server import ROOT, Gateway, RealRt

MAPPING = ROOT / "mappings" / f"{KIND}.toml"


def words(**changes: str) -> Words:
    """The words of the file that is shipped, with one of its states meaning "locked"."""
    text = MAPPING.read_text(encoding="utf-8")
    for old, new in {"locked = []": 'locked = ["stalled"]', **changes}.items():
        assert old in text
        text = text.replace(old, new)
    return load(text, WORDS, MAPPING.name)


def clock() -> datetime:
    return datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def drafter() -> Drafter:
    folder = ROOT / "mappings"
    return Drafter(load_mapping(folder, "da"), folder / "templates", clock)


@pytest.fixture(scope="module")
def rt(request_tracker: RealRt) -> RealRt:
    """RT with one open case."""
    request_tracker.ask("POST", "ticket", ticket(NUMBER))
    request_tracker.keep()
    return request_tracker


def ticket(number: str, **more: object) -> dict[str, object]:
    return {"Queue": "Sager", "Subject": "Hjælp", "CustomFields": {"Sagsnummer": number}, **more}


def attachments(rt: RealRt, target: str) -> dict[str, bytes]:
    """The parts of a comment by file name, "" for its text; as RT's owner reads them."""
    parts = rt.ask("GET", f"transaction/{target}/attachments?fields=Filename,ContentType")["items"]
    found = {}
    for part in parts:
        if not part["ContentType"].startswith("multipart/"):
            content = rt.ask("GET", f"attachment/{part['id']}").get("Content") or ""
            found[part["Filename"]] = base64.b64decode(content)
    return found


def comments(rt: RealRt, number: str) -> list[int]:
    """The comments on the tickets of a case number, from the database itself."""
    found = rt.sql(
        "SELECT id FROM Transactions WHERE Type = 'Comment' AND ObjectType = 'RT::Ticket' AND "
        "ObjectId IN (SELECT ObjectId FROM ObjectCustomFieldValues WHERE ObjectType = 'RT::Ticket'"
        " AND Content = ?)",
        number,
    )
    return [number for (number,) in found]


class TestRequestTrackerJournal(SystemContract):
    """The sink side keeps the contract."""

    rt: RealRt

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def _real(cls, rt: RealRt) -> None:
        cls.rt = rt

    def make_system(self) -> Gateway:
        self.rt.restore()
        return Gateway(self.rt)

    def connection(self, origin: str, adapter: Cutter | None = None) -> Connection:
        return Connection(name="rt", url=origin, secret=self.rt.token, adapter=adapter)

    def connect(self, connection: Connection) -> Sink:
        return make_sink(connection, words(), drafter())

    def documents(self, sink: Sink, case_number: str) -> list[str]:
        return [str(number) for number in comments(self.rt, case_number)]

    def read(self, sink: Sink, receipt: Receipt) -> str:
        found = attachments(self.rt, receipt.target)
        page = next(content for name, content in found.items() if name.endswith(".html"))
        return page.decode()

    def recordings(self, receipt: Receipt) -> list[bytes]:
        found = attachments(self.rt, receipt.target)
        return [content for name, content in found.items() if name and not name.endswith(".html")]

    def orphans(self) -> list[str]:
        found = self.rt.sql(
            "SELECT id FROM Attachments WHERE TransactionId NOT IN (SELECT id FROM Transactions)"
        )
        return [str(number) for (number,) in found]

    def close_case(self, sink: Sink, case_number: str) -> None:
        self._set_status(case_number, "resolved")

    def lock_case(self, sink: Sink, case_number: str) -> None:
        self._set_status(case_number, "stalled")

    def _set_status(self, case_number: str, status: str) -> None:
        query = urlencode({"query": f"CF.{{Sagsnummer}} = '{case_number}'"})
        (found,) = self.rt.ask("GET", f"tickets?{query}")["items"]
        self.rt.ask("PUT", f"ticket/{found['id']}", {"Status": status})
