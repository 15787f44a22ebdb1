"""Which case somebody means by the number that they write: the ledger knows, or the register."""

from __future__ import annotations

from connector.jobs.refresh import ask_for
from connector.ledger.access import Hidden, Viewer
from connector.ledger.deciding import find_case_for
from connector.web.site import Site


def case_meant(site: Site, viewer: Viewer, typed: str) -> str:
    """The number of the case as the register writes it.

    A number that the ledger does not know is asked of the register: the case may be new. Raises
    Hidden when there is none that the viewer may see, RemoteError, and TooOften: the register is
    asked as often in a minute as the search may be.
    """
    if not typed:
        raise Hidden("-")
    program = site.program
    try:
        return _known(site, viewer, typed)
    except Hidden:
        site.limit("register", viewer.actor, site.web.searches_per_min)
        case = ask_for(site.ledger, program.register, program.policy(), typed)
    if case is None:
        raise Hidden(typed)
    return _known(site, viewer, case.number)


def _known(site: Site, viewer: Viewer, number: str) -> str:
    with site.read() as connection:
        return find_case_for(connection, viewer, number, site.program.scanner).number
