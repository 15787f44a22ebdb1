"""The ledger: what was seen, which case it belongs to, what is owed and what became of it.

Every move is one transaction and a compare-and-set on the old state. SQLite by default, PostgreSQL
past one machine: the same statements, the same migrations, every test on both.
"""

from connector.ledger.store import Ledger, open_ledger

__all__ = ["Ledger", "open_ledger"]
