"""GetOrganized (Netcompany): cases looked up by number, entries as journalised documents.

Built from public documents and the public clients of municipalities; not yet run at a site.
"""

from __future__ import annotations

import time

from connector.journaling.connection import Connection
from connector.journaling.draft import Drafter
from connector.journaling.words import Words
from connector.journals.getorganized.register import GetOrganizedRegister
from connector.journals.getorganized.sink import GetOrganizedSink
from connector.journals.getorganized.wire import Sleep, Wire
from connector.journals.getorganized.words import KIND, WORDS, names_of

__all__ = [
    "KIND",
    "WORDS",
    "GetOrganizedRegister",
    "GetOrganizedSink",
    "make_register",
    "make_sink",
]


def make_sink(
    connection: Connection, words: Words, drafter: Drafter, sleep: Sleep = time.sleep
) -> GetOrganizedSink:
    """A sink. Raises ConfigError for a mapping or a set-up that cannot work."""
    wire = Wire(connection, words)
    return GetOrganizedSink(connection, wire, words, names_of(words), drafter, sleep)


def make_register(connection: Connection, words: Words) -> GetOrganizedRegister:
    """A register. Raises ConfigError for a set-up that cannot work."""
    return GetOrganizedRegister(Wire(connection, words), words)
