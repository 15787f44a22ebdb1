"""SBSYS through its Web API (SBSIP): entries become journal notes, their files documents.

Built from public clients and a public copy of the database's schema; docs/systems/sbsys.md says
which, and what only a site can tell.
"""

from connector.journaling.connection import Connection
from connector.journaling.draft import Drafter
from connector.journaling.words import Words
from connector.journals.sbsys.register import SbsysRegister
from connector.journals.sbsys.sink import SbsysJournal
from connector.journals.sbsys.vocabulary import KIND, WORDS
from connector.ports import CaseRegister, Sink

__all__ = ["KIND", "WORDS", "SbsysJournal", "SbsysRegister", "make_register", "make_sink"]


def make_sink(connection: Connection, words: Words, drafter: Drafter) -> Sink:
    """The sink on this connection; nothing is asked of SBSYS yet."""
    return SbsysJournal(connection, words, drafter)


def make_register(connection: Connection, words: Words) -> CaseRegister:
    """The register on this connection; nothing is asked of SBSYS yet."""
    return SbsysRegister(connection, words)
