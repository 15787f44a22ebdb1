"""KMD Nova through a client that is not ours: itk-dev-shared-components, of municipal robots.

It reads what our sink wrote to the sandbox's Nova, and our register and sink read what it wrote, so
that the sandbox is more than our own idea of Nova.
"""

from __future__ import annotations

import base64
import io
import uuid
from collections.abc import Iterator
from datetime import datetime

import pytest
import requests
from itk_dev_shared_components.kmd_nova import (
    authentication,
    nova_cases,
    nova_documents,
    nova_notes,
)
from itk_dev_shared_components.kmd_nova.authentication import NovaAccess
from itk_dev_shared_components.kmd_nova.nova_objects import (
    CaseParty,
    Caseworker,
    Department,
    Document,
    NovaCase,
)

from connector.errors import CaseClosed
from connector.journaling.draft import read_mark
from connector.journals.nova import make_register, make_sink, wire
from connector.model import Direction
from connector.sandbox.systems.nova import CLIENT, SECRET, Nova
from connector.sandbox.systems.nova_rows import FakeCase
from tests.contracts.sink import AUDIO, entry, open_file
from tests.test_nova import NUMBER, connection_to, drafter, words

WORKER = Caseworker(uuid=str(uuid.uuid4()), name="Kim Prøvesen", ident="AZ00001")
UNIT = Department(id=70003, name="Teknik og Miljø", user_key="TM")


@pytest.fixture
def nova() -> Nova:
    system = Nova()
    system.cases = [FakeCase(number=NUMBER, title="Hjælp i hjemmet", sensitivity="Følsomme")]
    return system


@pytest.fixture
def origin(nova: Nova) -> Iterator[str]:
    with nova.serve() as listener:
        yield listener.origin


@pytest.fixture
def access(origin: str, monkeypatch: pytest.MonkeyPatch) -> NovaAccess:
    """The foreign client, signed in; the address of its sign-in is fixed, so it is led here."""
    real = requests.post

    def led(url: str, **more: object) -> requests.Response:
        return real(url.replace("https://novaauth.kmd.dk", origin), **more)

    with monkeypatch.context() as patch:
        patch.setattr(authentication.requests, "post", led)
        return NovaAccess(CLIENT, SECRET, domain=origin)


def foreign_case(title: str = "Støj fra nabo", state: str = "Opstaaet") -> NovaCase:
    return NovaCase(
        uuid=str(uuid.uuid4()),
        title=title,
        case_date=datetime(2026, 11, 1, 9, 30),  # noqa: DTZ001  the client sends it without a zone
        progress_state=state,
        case_parties=[
            CaseParty(role="Primær", identification_type="Frit", identification="x", name="Carla")
        ],
        caseworker=WORKER,
        kle_number="09.02.11",
        proceeding_facet="K08",
        sensitivity="IkkeFortrolige",
        responsible_department=UNIT,
        security_unit=UNIT,
    )


def test_it_reads_the_note_we_wrote(nova: Nova, origin: str, access: NovaAccess):
    """Title, approval, format and text of our note, with its mark and Danish letters."""
    sink = make_sink(connection_to(origin), words(), drafter())

    receipt = sink.put(entry(case_number=NUMBER), "CT-1", open_file)

    (case,) = nova_cases.get_cases(access, case_number=NUMBER)
    assert (case.note_count, case.document_count) == (1, 1)
    (note,) = nova_notes.get_notes(case.uuid, access)
    text = base64.b64decode(note.note).decode()
    assert note.uuid == receipt.target
    assert note.approved
    assert note.note_format == "Text"
    assert note.title.startswith("Chat, ")
    assert "Anna Prøvesen" in text
    mark = read_mark(text)
    assert mark
    assert mark[0] == "CT-1"


def test_it_reads_the_documents_we_wrote(nova: Nova, origin: str, access: NovaAccess):
    """The transcript and the sound, with their marking, their kind and their very bytes."""
    sink = make_sink(connection_to(origin), words(), drafter())
    sink.put(entry("voicemail", case_number=NUMBER), "CT-1", open_file)
    (case,) = nova_cases.get_cases(access, case_number=NUMBER)

    page, sound = nova_documents.get_documents(case.uuid, access)

    assert (page.file_extension, sound.file_extension) == ("html", "wav")
    assert {each.sensitivity for each in (page, sound)} == {"Følsomme"}
    assert {each.document_type for each in (page, sound)} == {"Indgående"}
    assert sound.uuid == wire.derived("CT-1", "file 1")
    assert sound.approved
    assert nova_documents.download_document_file(sound.uuid, access) == AUDIO
    assert b"Ring venligst" in nova_documents.download_document_file(page.uuid, access)


def test_our_register_reads_its_case(nova: Nova, origin: str, access: NovaAccess):
    """A case that the foreign client opened is ours to read: title, unit, KLE, worker, party."""
    made = foreign_case()
    nova_cases.add_case(made, access)
    (theirs,) = nova_cases.get_cases(access, case_title="Støj")
    upn = ('caseworker_upn = ""', 'caseworker_upn = "{racf_id}@kommune.example"')

    case = make_register(connection_to(origin), words(upn)).lookup(theirs.case_number)

    assert case
    assert case.remote_id == made.uuid
    assert (case.title, case.is_open, case.access) == ("Støj fra nabo", True, "")
    assert (case.kle_subject, case.kle_facet) == ("09.02.11", "K08")
    assert case.caseworker == "az00001@kommune.example"
    assert case.department == "Teknik og Miljø"
    assert [party.name for party in case.parties] == ["Carla"]
    assert str(case.opened) == "2026-11-01"


def test_a_case_it_closes_takes_no_more(nova: Nova, origin: str, access: NovaAccess):
    """The foreign client sets the state; our register and sink see it."""
    (case,) = nova_cases.get_cases(access, case_number=NUMBER)
    nova_cases.set_case_state(case.uuid, "Afsluttet", access)

    ours = make_register(connection_to(origin), words()).lookup(NUMBER)

    assert ours
    assert not ours.is_open
    assert str(ours.closed) == "2026-11-20"
    with pytest.raises(CaseClosed):
        make_sink(connection_to(origin), words(), drafter()).put(
            entry(case_number=NUMBER), "CT-1", open_file
        )


def test_our_entries_stand_beside_its_own(nova: Nova, origin: str, access: NovaAccess):
    """Notes and documents of the foreign client are neither taken for ours nor touched."""
    (case,) = nova_cases.get_cases(access, case_number=NUMBER)
    theirs = nova_notes.add_text_note(case.uuid, "Rykker", "Sendt på ny", WORKER, True, access)
    document = Document(
        uuid=nova_documents.upload_document(io.BytesIO(b"brev"), "brev.txt", access),
        title="Brev",
        sensitivity="Fortrolige",
        document_type="Udgående",
        description="",
        approved=True,
        caseworker=WORKER,
    )
    nova_documents.attach_document_to_case(case.uuid, document, access)
    sink = make_sink(connection_to(origin), words(), drafter())
    assert sink.find("CT-1", NUMBER) is None

    receipt = sink.put(
        entry("voicemail", case_number=NUMBER, direction=Direction.INBOUND), "CT-1", open_file
    )

    notes = nova_notes.get_notes(case.uuid, access)
    assert [note.uuid for note in notes] == [theirs, receipt.target]
    assert base64.b64decode(notes[0].note).decode().rstrip() == "Sendt paa ny"
    assert len(nova_documents.get_documents(case.uuid, access)) == 3
    assert nova_documents.download_document_file(document.uuid, access) == b"brev"


def test_both_avoid_padding_in_the_same_way(nova: Nova, origin: str, access: NovaAccess):
    """On a Nova that spoils padding, our way round it gives notes that both read whole."""
    nova.spoils_padding = True
    avoiding = ("avoid_padding = false", "avoid_padding = true")
    sink = make_sink(connection_to(origin), words(avoiding), drafter())
    (case,) = nova_cases.get_cases(access, case_number=NUMBER)

    nova_notes.add_text_note(case.uuid, "Rykker", "a", WORKER, True, access)
    sink.put(entry(case_number=NUMBER), "CT-1", open_file)

    notes = nova_notes.get_notes(case.uuid, access)
    assert [note.note.endswith("=") for note in notes] == [False, False]
    assert base64.b64decode(notes[0].note) == b"a  "
    assert read_mark(base64.b64decode(notes[1].note).decode())
