"""cBrain F2 as a journal and a register, through F2-REST 13."""

from connector.journaling.connection import Connection
from connector.journaling.draft import Drafter
from connector.journaling.words import Words
from connector.journals.f2.register import F2Register
from connector.journals.f2.rows import WORDS
from connector.journals.f2.sink import F2Sink
from connector.ports import CaseRegister, Sink

KIND = "f2"

__all__ = ["KIND", "WORDS", "make_register", "make_sink"]


def make_sink(connection: Connection, words: Words, drafter: Drafter) -> Sink:
    """Where entries are journaled. No request is made yet."""
    return F2Sink(connection, words, drafter)


def make_register(connection: Connection, words: Words) -> CaseRegister:
    """Where cases are looked up. No request is made yet."""
    return F2Register(connection, words)
