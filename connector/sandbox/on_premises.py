"""The same municipality as it looked in 2012: Exchange 2010, Lync 2010, and nothing in the cloud.

Exchange answers on loopback; Lync's call details are a database file, its exported conversations
files in a folder, and the people a file of Active Directory, as a site's own jobs leave them.
"""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from connector.sandbox.ews import PATH, Exchange
from connector.sandbox.ews_store import store_of
from connector.sandbox.lync_cdr import LyncCdr
from connector.sandbox.lync_messages import export
from connector.sandbox.municipality import Municipality
from connector.sandbox.people import account

VERSION = 2010
DATABASE, ARCHIVE, PEOPLE = "lync-cdr.db", "lync-archive", "people.csv"
USER_DOMAIN = "KOMMUNE"


@dataclass(slots=True)
class OnPremises:
    """The servers of one municipality. `folder` is where the files stand."""

    town: Municipality
    folder: Path
    clock: Callable[[], datetime]
    exchange: Exchange = field(init=False)
    cdr: LyncCdr = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.exchange = Exchange(store_of(self.town, self.clock))
        engine = sa.create_engine(f"sqlite:///{self.folder / DATABASE}")
        self.cdr = LyncCdr(self.town, engine, version=VERSION)
        write_people_csv(self.town, self.folder / PEOPLE)
        self.show()

    def show(self) -> datetime:
        """Bring database and archive to what they are now; gives that time."""
        now = self.clock()
        self.cdr.show(now)
        export(self.town, self.folder / ARCHIVE, until=now)
        return now

    @contextlib.contextmanager
    def serving(self) -> Iterator[str]:
        """The address of EWS while the block lasts."""
        with self.exchange.serve() as listener:
            yield listener.origin + PATH

    def told(self) -> dict[str, str]:
        """What a configuration needs to read it, beside the address of EWS."""
        return {
            "exchange_user": f"{USER_DOMAIN}\\{self.exchange.user}",
            "exchange_password": self.exchange.password,
            "people": str(self.folder / PEOPLE),
            "lync_database": f"sqlite:///{self.folder / DATABASE}",
            "lync_archive": str(self.folder / ARCHIVE),
        }


def write_people_csv(town: Municipality, path: Path) -> None:
    """Everybody with an account, as `Get-ADUser | Export-Csv` writes them."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file, quoting=csv.QUOTE_ALL)
        rows.writerow(
            ["ObjectGUID", "UserPrincipalName", "mail", "DisplayName",
             "msRTCSIP-PrimaryUserAddress", "msRTCSIP-Line", "Department", "Office", "Enabled"]
        )  # fmt: skip
        for person in (*town.staff, *town.shared):
            sip, line = (f"sip:{person.upn}", f"tel:{person.phone}") if person.phone else ("", "")
            rows.writerow(
                [account(person), person.upn, person.upn, person.name.strip(), sip, line,
                 person.department, person.centre, str(person.is_enabled)]
            )  # fmt: skip
