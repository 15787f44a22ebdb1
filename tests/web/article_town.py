"""The town's articles: the sandbox's files, published on two sites, read, voted on, and edited.

On the intranet a page was edited by hand ("pas"), the website has an old version of one
("koerekort"), and one is on neither ("flextrafik"). Calls come in on bodil's case.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from connector.article import CITIZEN, STAFF, ArticlePage, LivePage, Signal
from connector.articles.owners import owners_of
from connector.articles.reading import Folders, Library, read
from connector.articles.rendering import page_of
from connector.bootstrap import Program
from connector.ledger.article_edits import TEXT, edit_of, keep_edit
from connector.ledger.article_pages import begin_put, settle_put
from connector.ledger.article_signals import keep_signals
from connector.ledger.article_tables import article_version
from connector.ledger.tables import ms
from connector.ledger.take import take
from connector.model import Case, CaseParty, Page, Party, Person
from connector.sandbox.article_files import write_articles
from tests.making import add_cases, sighting
from tests.web import town

TODAY = date(2026, 11, 20)
INTRANET, WEBSITE = "intranet", "hjemmeside"
MORE = f"""
[articles]
folder = "articles/local"
shared = "articles/shared"
[sites.{INTRANET}]
kind = "html"
place = "www/{INTRANET}"
audience = "staff"
[sites.{WEBSITE}]
kind = "html"
place = "www/{WEBSITE}"
audience = "citizen"
"""
REASON = "Hvad koster det, når barnet er under 12?"
TYPED = "Husk også et billede på papir"
PHONE = "+4537500077"
CALLED = "23.00.10-P19-7-26"  # a case of passports, Bodil's
LEFT_OUT = frozenset({"flextrafik"})
LEFT = "merete.sandholt@nordvang.example"  # owns "hundeskov", and is in no directory


def fill(folder: Path, program: Program) -> None:
    """Articles in files, what was published of them, what readers did since; owners; calls."""
    write_articles(folder / "articles", TODAY)
    take(program.ledger, [owners(library_of(program))], program.policy())
    publish_all(program, TODAY, "bent@nordvang.example")
    call(program, TODAY, town.PEOPLE["bodil"])


def library_of(program: Program) -> Library:
    """The articles as they are in the files."""
    its = program.settings.articles
    return read(Folders(its.folder, its.shared))


def publish_all(program: Program, today: date, editor: str) -> None:
    """Publish on both sites what may be; `editor` writes into a page; readers read and vote."""
    library = library_of(program)
    name_of = owners_of(program.ledger).shown_name
    for name, audience in ((INTRANET, STAFF), (WEBSITE, CITIZEN)):
        for id, article in library.articles.items():
            page = page_of(article, library, audience, today, name_of)
            is_due = article.valid_from is None or article.valid_from.date() <= today
            if page is not None and is_due and id not in LEFT_OUT and id not in library.blocked:
                publish(program, name, page)
    passport = page_of(library.articles["pas"], library, STAFF, today, name_of)
    assert passport is not None
    edit(program, passport, editor)
    keep_signals(program.ledger, WEBSITE, signals(today), "1")
    keep_signals(program.ledger, INTRANET, signals(today, STAFF), "1")


def owners(library: Library) -> Page:
    """The directory with those who own the articles, but for one who has left."""
    names = sorted({each.owner for each in library.articles.values() if each.owner} - {LEFT})
    people = tuple(
        Person(
            id=f"00000000-0000-4000-8000-{number:012x}", upn=upn,
            name=upn.partition("@")[0].replace(".", " ").title(), department="Borgerservice",
        )
        for number, upn in enumerate(names, start=0xA000)
    )  # fmt: skip
    return Page(
        source="directory", part="users", cursor="c2", people=(*town.PEOPLE.values(), *people)
    )


def publish(program: Program, site: str, page: ArticlePage, days_ago: int = 0) -> None:
    """Put a page, as the ledger keeps it; an earlier version first where `days_ago` says so."""
    version = begin_put(program.ledger, site, page, actor="erik@nordvang.example", why="")
    url = f"https://{site}.nordvang.example/{page.id}"
    html = "".join(part.html for part in page.parts)
    live = LivePage(id=page.id, ref=page.id, url=url, version="1", title=page.title, html=html)
    settle_put(
        program.ledger, site, live, page.digest, {}, actor="erik@nordvang.example", version=version
    )
    if days_ago:
        when = program.ledger.now() - days_ago * 86_400_000
        with program.ledger.write() as connection:
            connection.execute(
                sa.update(article_version)
                .where(article_version.c.id == version)
                .values(at=when, done_at=when)
            )


def edit(program: Program, page: ArticlePage, editor: str) -> None:
    """Somebody writes into the page on the intranet."""
    html = "".join(part.html for part in page.parts) + f"<p>{TYPED}</p>"
    live = LivePage(
        id=page.id, ref=page.id, url=f"https://{INTRANET}.nordvang.example/{page.id}",
        version="2", fingerprint="other", title=page.title, html=html,
        changed_by=editor, changed_at=program.clock() - timedelta(hours=3),
    )  # fmt: skip
    keep_edit(program.ledger, edit_of(INTRANET, live, TEXT))


def signals(today: date, audience: str = CITIZEN) -> list[Signal]:
    """Two weeks of readers."""
    found = []
    for number in range(14):
        day = today - timedelta(days=number)
        for id, count in (("pas", 40), ("flytning", 25), ("folkepension", 12)):
            key = f"{audience}-view-{id}-{number}"
            found.append(_one(key, "view", day, count, audience, article=id))
    votes = (("down", REASON), ("down", "Jeg er 010190-1234 og fandt ikke prisen"), ("down", ""),
             ("up", "Tak, det var nemt"), ("up", ""))  # fmt: skip
    for number, (value, reason) in enumerate(votes):
        vote = _one(
            f"{audience}-vote-{number}", "vote", today - timedelta(days=number), 1, audience,
            article="pas", value=value, reason=reason,
        )  # fmt: skip
        found.append(vote)
    for words, count in (("gravsten", 9), ("byggetilladelse carporte", 6), ("asta prøve", 1)):
        found.append(_one(f"{audience}-{words}", "search", today, count, audience, value=words))
    return found


def _one(key: str, kind: str, day: date, count: int, audience: str, **values: Any) -> Signal:
    return Signal(key=key, kind=kind, day=day, count=count, audience=audience, **values)


def call(program: Program, today: date, worker: Person) -> None:
    """Two calls on passports on each of twelve days, eight of them missed; one long before."""
    case = Case(
        number=CALLED, title="Pas", caseworker=worker.upn,
        department=worker.department, kle_subject="23.00.10",
        parties=(CaseParty(name="Dan Demo", phone=PHONE),),
    )  # fmt: skip
    add_cases(program.ledger, case)
    items: list[Any] = []
    for number in (*range(24), 150):
        # `today` is the municipality's: an hour before midnight UTC it is a day ahead of UTC's.
        at = datetime.combine(today, program.clock().astimezone(program.zone).timetz())
        at = at.astimezone(UTC) - timedelta(days=1 + number // 2, hours=number % 2)
        made = sighting(
            key=f"pas-{number}",
            call={
                "caller": Party(phone=PHONE, role="from"),
                "callees": (Party(person=worker.id, role="to"),),
                "started_at": at, "ended_at": at + timedelta(minutes=2),
                "is_answered": number % 3 != 0,
            },
        )  # fmt: skip
        items.append(msgspec.structs.replace(made, sent_at=at, modified_at=at))
    assert ms(items[0].sent_at) < program.ledger.now()
    page = Page(source="call_records", part="p", cursor="9", items=tuple(items))
    take(program.ledger, [page], program.policy())
