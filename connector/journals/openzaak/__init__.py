"""Open Zaak: cases and documents by the Dutch ZGW standard; contacts in Open Klant beside it.

An entry is a document with a link to the case, its files are documents too, and with Open Klant
connected it is also a contact moment about the case. See docs/systems/openzaak.md.
"""

from __future__ import annotations

import time

from connector.journaling.connection import Connection
from connector.journaling.draft import Drafter
from connector.journaling.words import Words
from connector.journals.openzaak.contacts import Contacts
from connector.journals.openzaak.register import OpenZaakRegister
from connector.journals.openzaak.rows import WORDS
from connector.journals.openzaak.service import Service, Signer, contact_service, zaak_service
from connector.journals.openzaak.sink import OpenZaakSink
from connector.ports import CaseRegister, Sink

__all__ = ["KIND", "WORDS", "make_register", "make_sink"]

KIND = "openzaak"


def make_sink(connection: Connection, words: Words, drafter: Drafter) -> Sink:
    """A sink on Open Zaak; with `contacts_url` every entry is a contact in Open Klant too."""
    signer, zaak = _zaak(connection)
    contacts = None
    if connection.contacts_url:
        contacts = Contacts(contact_service(connection), words, connection.time_zone)
    return OpenZaakSink(zaak, words, drafter, signer, contacts, in_flight=connection.in_flight)


def make_register(connection: Connection, words: Words) -> CaseRegister:
    """The cases (zaken) that the application may read."""
    _signer, zaak = _zaak(connection)
    return OpenZaakRegister(zaak, words, connection.default_region)


def _zaak(connection: Connection) -> tuple[Signer, Service]:
    client_id = connection.client_id or connection.user
    secret = connection.secret or connection.client_secret
    signer = Signer(client_id, secret, connection.user or client_id, time.time)
    return signer, zaak_service(connection, signer)
