"""Brings an older ledger up to date with Alembic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from connector.errors import LedgerError

if TYPE_CHECKING:
    from connector.ledger.store import Ledger


def upgrade(ledger: Ledger, to: str = "head") -> None:
    """Run the migrations that the ledger lacks, each in a transaction of its own.

    Raises LedgerError when the ledger was made by a newer version of the program.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    try:
        with ledger.write(durable=True) as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, to)
    except CommandError as error:
        raise LedgerError(
            "ledger: it was made by a newer version of Casethread; install that version, or open "
            "a copy from before the upgrade"
        ) from error
