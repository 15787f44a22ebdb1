"""Whether the portal can do its work: what a load balancer and a service manager ask."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from connector.errors import ConnectorError
from connector.ledger.store import is_up_to_date

if TYPE_CHECKING:
    from connector.web.site import Site

LEAST_FREE_MB = 500  # a day of a large municipality's voicemail; below it nothing is kept safely


def unready(site: Site) -> list[str]:
    """What stands in the way, as keys of words; empty when nothing does.

    No path, address or error text: whoever can reach the port may ask.
    """
    found = _ledger(site)
    if any(free_mb(place) < LEAST_FREE_MB for place in places(site)):
        found.append("health.disk")
    return found


def _ledger(site: Site) -> list[str]:
    try:
        return [] if is_up_to_date(site.ledger) else ["health.migrations"]
    except ConnectorError:
        return ["health.ledger"]


def places(site: Site) -> list[Path]:
    """The folders that fill: the ledger's, where it is a file, and the attachments'."""
    its = site.settings.ledger
    found = [its.spool]
    if its.database_file is not None:
        found.append(its.database_file.parent)
    return found


def free_mb(place: Path) -> int:
    """Free megabytes on the disk where this folder is, or will be; 0 when that cannot be told."""
    there = next((each for each in (place, *place.parents) if each.is_dir()), None)
    try:
        return shutil.disk_usage(there).free // 1_000_000 if there is not None else 0
    except OSError:
        return 0
