"""A foreign client reads what we write to the sandbox's GetOrganized, and writes what we read.

itk-dev-shared-components is what robots of a Danish municipality use against the real system, so
the sandbox and the adapter are held to more than our own idea of it.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
import requests
from itk_dev_shared_components.getorganized import go_api

from connector.errors import Rejected
from connector.journals.getorganized import make_register, make_sink
from connector.journals.getorganized.rows import read_row
from connector.model import Case
from tests.contracts.sink import entry, open_file
from tests.test_getorganized import NUMBER, Own, drafter, words


class TestForeignClient(Own):
    """Both speak with one system; the foreign client always signs in with NTLM."""

    @pytest.fixture
    def session(self) -> requests.Session:
        session = go_api.create_session("casethread", "fictional")
        session.trust_env = False
        return session

    def test_it_finds_our_case(self, session: requests.Session):
        """Its search by title and its metadata show the case that our register shows."""
        self.case.row["CaseOwner"] = "7;#Kim Prøvesen(kim)"

        assert go_api.find_case(session, self.origin, "Bygge", "GEO") == [NUMBER]
        row = ElementTree.fromstring(go_api.get_case_metadata(session, self.origin, NUMBER)).attrib

        case = make_register(self.connection(), words()).lookup(NUMBER)
        assert case is not None
        assert (row["ows_CaseID"], row["ows_Title"]) == (case.number, case.title)

    def test_it_creates_a_case_that_we_write_on(self, session: requests.Session):
        """A case that it made is open to our register, and takes our entry."""
        number = go_api.create_case(
            session, self.origin, "Ny sag", "Åben for alle", "Byg", "02.34.02", "EMN"
        )

        register = make_register(self.connection(), words())
        assert register.lookup(number) == Case(number=number, title="Ny sag", access="restricted")
        sink = make_sink(self.connection(), words(), drafter())
        receipt = sink.put(entry(case_number=number), "CT-1", open_file)
        assert receipt == sink.find("CT-1", number)

    def test_it_reads_and_deletes_what_we_wrote(self, session: requests.Session):
        """Our page is a document by its id, journalised and final, whole; deleted, it is gone."""
        sink = make_sink(self.connection(), words(), drafter())
        receipt = sink.put(entry("voicemail", case_number=NUMBER), "CT-1", open_file)
        base = f"{self.origin}/_goapi/Documents"

        answer = session.get(f"{base}/Metadata/{receipt.target}", timeout=9).json()
        page = session.get(f"{base}/DocumentBytes/{receipt.target}", timeout=9).content

        row = read_row(answer["Metadata"])
        assert row["ows_CaseID"] == NUMBER
        assert row["ows_Beskrivelse"].endswith(f"{receipt.sha256} files:1")
        assert row["ows_Finalized"] == "1"
        assert int(row["ows_CaseRecordNumber"]) > 0
        assert "Ring venligst tilbage." in page.decode()

        go_api.delete_document(self.origin, int(receipt.target), session)

        assert sink.find("CT-1", NUMBER) is None

    def test_its_documents_are_left_alone(self, session: requests.Session):
        """What it uploads beside ours is neither taken for ours nor changed."""
        answer, day = json.loads(self.upload(session, "Brev_CT-1.pdf", "20-11-2026")), 20
        sink = make_sink(self.connection(), words(), drafter())
        assert sink.find("CT-1", NUMBER) is None

        sink.put(entry(case_number=NUMBER), "CT-1", open_file)

        theirs = self.system.store.document(answer["DocId"])[1]
        assert (theirs.content, theirs.is_final, theirs.record_number) == (b"%PDF", False, 0)
        assert theirs.row["Dato"] == f"{datetime(2026, 11, day, tzinfo=UTC):%Y-%m-%d} 00:00:00"

    def test_it_overwrites_no_entry_of_ours(self, session: requests.Session):
        """It asks to overwrite by default; a finalised document stands."""
        sink = make_sink(self.connection(), words(), drafter())
        receipt = sink.put(entry(case_number=NUMBER), "CT-1", open_file)
        name = self.case.documents[0].name

        with pytest.raises(requests.HTTPError):
            self.upload(session, name, "20-11-2026")

        assert receipt == sink.find("CT-1", NUMBER)

    def test_a_file_it_wrote_under_our_name_is_a_conflict(self, session: requests.Session):
        """A document of our name that carries another entry's mark is never taken for ours."""
        mark = f"Casethread CT-1 sha256:{'0' * 64}"
        answer = json.loads(self.upload(session, "2026-11-20_1412_chat_CT-1.html", "20-11-2026"))
        self.system.store.document(answer["DocId"])[1].row["Beskrivelse"] = mark

        with pytest.raises(Rejected) as caught:
            make_sink(self.connection(), words(), drafter()).put(
                entry(case_number=NUMBER), "CT-1", open_file
            )

        assert caught.value.field == "key"

    def upload(self, session: requests.Session, name: str, day: str) -> str:
        text: object = go_api.upload_document(
            apiurl=self.origin,
            file=bytearray(b"%PDF"),
            case_id=NUMBER,
            filename=name,
            date_string=day,
            session=session,
            doc_category="Notat",
            case_type="GEO",
        )
        return str(text)
