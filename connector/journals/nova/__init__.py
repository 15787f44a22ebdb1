"""KMD Nova through its ESDH API: a journal note on the case, its transcript and files as documents.

docs/systems/nova.md tells what was read where, and what is not known.
"""

from connector.journals.nova.register import NovaRegister, make_register
from connector.journals.nova.sink import NovaSink, make_sink
from connector.journals.nova.words import KIND, WORDS

__all__ = ["KIND", "WORDS", "NovaRegister", "NovaSink", "make_register", "make_sink"]
