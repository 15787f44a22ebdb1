"""Articles and people for tests of how articles are kept true."""

from __future__ import annotations

from datetime import date
from typing import Any

from connector.article import Article, Section
from connector.model import Person


def article(id: str = "flytning", text: str = "Meld flytning i tide.", **fields: Any) -> Article:
    """An article of one section, reviewed for a long time yet unless said otherwise."""
    given: dict[str, Any] = {
        "title": id.capitalize(),
        "summary": "Kort sagt.",
        "language": "da",
        "sections": (Section(key="", text=text),),
        "unit": "Borgerservice",
        "owner": "hanne.holm@kommunen.example",
        "review_by": date(2028, 1, 1),
        "paths": (f"{id}.md",),
    }
    return Article(id=id, **{**given, **fields})


def person(upn: str, **fields: Any) -> Person:
    """Somebody in the directory; the name is made of the user principal name."""
    name = upn.partition("@")[0].replace(".", " ").title()
    return Person(**{"id": f"id-{upn}", "upn": upn, "mail": upn, "name": name, **fields})
