"""Request Tracker 5 by its REST 2.0: a case is a ticket, an entry is a comment with attachments.

Proven against a real RT, which the tests start; docs/systems/request_tracker.md says what was seen.
"""

from connector.journaling.connection import Connection
from connector.journaling.draft import Drafter
from connector.journaling.words import Words
from connector.journals.request_tracker.register import RequestTrackerRegister
from connector.journals.request_tracker.sink import RequestTrackerJournal
from connector.journals.request_tracker.vocabulary import KIND, WORDS
from connector.ports import CaseRegister, Sink

__all__ = [
    "KIND",
    "WORDS",
    "RequestTrackerJournal",
    "RequestTrackerRegister",
    "make_register",
    "make_sink",
]


def make_sink(connection: Connection, words: Words, drafter: Drafter) -> Sink:
    """The sink on this connection; nothing is asked of RT yet.

    Raises ConfigError for names that cannot stand in a query.
    """
    return RequestTrackerJournal(connection, words, drafter)


def make_register(connection: Connection, words: Words) -> CaseRegister:
    """The register on this connection; nothing is asked of RT yet. Errors as for `make_sink`."""
    return RequestTrackerRegister(connection, words)
