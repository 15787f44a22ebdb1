"""Reminders sent to a real mail server, kept as files, and recorded once each."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html import escape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connector.articles import reminding
from connector.articles.mail import MailAccess
from connector.articles.owners import Owners
from connector.articles.reminder_letters import Style
from connector.articles.reminders import Ladder
from connector.articles.reminding import Post, Reminded, planned, remind
from connector.errors import Denied, Unavailable
from connector.ledger import Ledger, open_ledger
from connector.ledger.article_reminders import reminders_sent
from tests.articles.mail_server import PASSWORD, USER, mail_server
from tests.articles.writing import article, person
from tests.conftest import Clock

ZONE = ZoneInfo("Europe/Copenhagen")
HANNE, OLE = "hanne.holm@kommunen.example", "ole.bech@kommunen.example"
UNIT, EDITOR = "bs@kommunen.example", "red@kommunen.example"
PEOPLE = Owners([person(HANNE), person(OLE)])
LADDER = Ladder(unit_mails={"Borgerservice": UNIT}, editor_mail=EDITOR)
TODAY = date(2026, 11, 20)
PAST = TODAY - timedelta(days=40)
TODAY_NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
THOSE = [
    article("pas", title="Forny dit pas", review_by=TODAY),
    article("flytning", title="Meld flytning <b>æøå</b>", review_by=TODAY + timedelta(days=1)),
    article("pension", title="Søg pension", owner=OLE, review_by=TODAY - timedelta(days=31)),
]


@pytest.fixture
def ledger(ledger_url: str, clock: Clock) -> Iterator[Ledger]:
    made = open_ledger(ledger_url, clock=clock)
    yield made
    made.close()


def post(port: int = 0, **changes: Any) -> Post:
    access = {"host": "127.0.0.1", "port": port, "has_starttls": False, "timeout_s": 5}
    given = {key: changes.pop(key) for key in list(changes) if key in MailAccess.__struct_fields__}
    style = Style(language="da", sender="artikler@kommunen.example", pages=changes.pop("pages", {}))
    return Post(style=style, access=MailAccess(**{**access, **given}) if port else None, **changes)


def run(ledger: Ledger, where: Post, those: Any = THOSE, people: Owners = PEOPLE) -> Reminded:
    now = ledger.clock()
    plan = planned(those, ledger, people, LADDER, now, ZONE)
    return remind(plan, ledger, where, now, ZONE)


def content(letter: EmailMessage, subtype: str) -> str:
    body = letter.get_body((subtype,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def test_sent(ledger: Ledger, tmp_path: Path) -> None:
    """Each person gets one mail with all its articles, in text and HTML; a second run none."""
    with mail_server(tmp_path) as server:
        first = run(ledger, post(server.port, pages={"pas": ("https://intranet.example/pas",)}))
        second = run(ledger, post(server.port))

    assert first.counts() == {"sent": 4, "told": 5}
    assert second.counts() == {}
    assert sorted(server.to) == sorted([HANNE, OLE, UNIT, EDITOR])
    letter = server.letters[server.to.index(HANNE)]
    assert letter["Subject"] == "2 vidensartikler venter på dig"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Content-Language"] == "da"
    plain = content(letter, "plain")
    assert "1. Forny dit pas\n   Skal gennemgås i dag, 20. november 2026." in plain
    assert "Side: https://intranet.example/pas" in plain
    assert "Skal gennemgås senest 21. november 2026 (om 1 dag)." in plain
    html = content(letter, "html")
    assert '<a href="https://intranet.example/pas">' in html
    assert "<b>" not in html
    assert "&lt;b&gt;æøå" in html


def test_said_only_when_true(ledger: Ledger, tmp_path: Path) -> None:
    """That readers see a page to be overdue is said only of a page that they see."""
    folder = tmp_path / "r"
    run(
        ledger, post(folder=folder, pages={"skat": ()}), [THOSE[2], article("skat", review_by=PAST)]
    )
    listed = (folder / f"{TODAY}.txt").read_text(encoding="utf-8").split("\n- ")

    assert ["Siden viser" in each for each in listed if "(skat)" in each] == [True, True, True]
    assert ["Siden viser" in each for each in listed if "(pension)" in each] == [False] * 3
    assert ["er også mindet" in each for each in listed if "(skat)" in each].count(True) == 2


def test_two_addresses_that_begin_alike(ledger: Ledger, tmp_path: Path) -> None:
    """Each is one link, of the whole of it."""
    urls = ("https://by.example/pas", "https://by.example/pas.html?a=1&b=2")
    run(ledger, post(folder=tmp_path / "r", pages={"pas": urls}), [article("pas", review_by=PAST)])
    file = next((tmp_path / "r").glob("*.eml"))
    letter = message_from_bytes(file.read_bytes(), policy=default)
    assert isinstance(letter, EmailMessage)

    links = re.findall(r'<a href="([^"]*)">([^<]*)</a>', content(letter, "html"))
    assert links == [(escape(url), escape(url)) for url in urls]
    assert content(letter, "html").count("<a ") == 2


def test_english(ledger: Ledger, tmp_path: Path) -> None:
    """The letters are in the language of the settings, with one article named in the subject."""
    style = Style(language="en", sender="articles@kommunen.example")
    with mail_server(tmp_path) as server:
        where = Post(style=style, access=post(server.port).access)
        run(ledger, where, THOSE[2:])

    letter = server.letters[server.to.index(OLE)]
    assert letter["Subject"] == "A knowledge article waits for you: Søg pension"
    assert "20 October 2026 (31 days ago)" in content(letter, "plain")


def test_starttls_and_sign_in(ledger: Ledger, tmp_path: Path) -> None:
    """Over STARTTLS with a certificate that is checked, signed in."""
    with mail_server(tmp_path, has_tls=True, needs_user=True) as server:
        where = post(
            server.port, has_starttls=True, user=USER, password=PASSWORD, ca_bundle=server.ca
        )
        done = run(ledger, where)

    assert done.sent == 4
    assert server.was_protected == [True] * 4


def test_strange_certificate(ledger: Ledger, tmp_path: Path) -> None:
    """A certificate that nobody vouches for ends the run before a word or a password is sent."""
    with mail_server(tmp_path, has_tls=True, needs_user=True) as server:
        done = run(ledger, post(server.port, has_starttls=True, user=USER, password=PASSWORD))

    assert isinstance(done.stopped, Unavailable)
    assert "certificate" in str(done.stopped).lower()
    assert server.letters == []


def test_no_starttls(ledger: Ledger, tmp_path: Path) -> None:
    """A server without STARTTLS gets nothing when STARTTLS is asked for; the message says so."""
    with mail_server(tmp_path) as server:
        done = run(ledger, post(server.port, has_starttls=True))

    assert isinstance(done.stopped, Denied)
    assert "mail_starttls" in done.problems[0]
    assert server.letters == []


def test_tls_from_the_start(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the port for it, TLS is spoken from the first letter on."""
    with mail_server(tmp_path, is_tls_from_start=True) as server:
        monkeypatch.setattr("connector.articles.mail.TLS_PORT", server.port)
        done = run(ledger, post(server.port, has_starttls=True, ca_bundle=server.ca))

    assert done.sent == 4


def test_wrong_password(ledger: Ledger, tmp_path: Path) -> None:
    """A refused sign-in is told with the setting to look at, and without the password."""
    with mail_server(tmp_path, needs_user=True) as server:
        done = run(ledger, post(server.port, user=USER, password="wrong"))

    assert isinstance(done.stopped, Denied)
    assert "mail_user" in str(done.stopped)
    assert "wrong" not in str(done.stopped)


def test_refused_recipient(ledger: Ledger, tmp_path: Path) -> None:
    """One address that the server refuses keeps nobody else waiting, and is tried the next day."""
    with mail_server(tmp_path) as server:
        server.refused = {HANNE}
        first = run(ledger, post(server.port))
        server.refused = set()
        second = run(ledger, post(server.port))

    assert first.counts() == {"sent": 3, "told": 3, "refused": 1}
    assert HANNE in first.problems[0]
    assert "no such mailbox" in first.problems[0]
    assert second.counts() == {"sent": 1, "told": 2}
    assert sorted(server.to) == sorted([HANNE, OLE, UNIT, EDITOR])


def test_address_with_danish_letters(ledger: Ledger, tmp_path: Path) -> None:
    """An address that the server cannot take is told; the others get their letters."""
    odd = "søren@kommunen.example"
    with mail_server(tmp_path) as server:
        those = [*THOSE, article("skat", owner=odd, review_by=TODAY)]
        done = run(
            ledger, post(server.port), those, Owners([person(HANNE), person(OLE), person(odd)])
        )

    # The server of the test speaks SMTPUTF8; one that does not is told apart by the client.
    assert odd in [*server.to, *done.problems]
    assert done.sent + done.refused == 5


def test_line_cut(ledger: Ledger, tmp_path: Path) -> None:
    """A connection that breaks ends the run; what was taken is recorded, the rest goes next."""
    with mail_server(tmp_path) as server:
        server.closes_after = 1
        first = run(ledger, post(server.port))
        server.closes_after = None
        second = run(ledger, post(server.port))

    assert isinstance(first.stopped, Unavailable)
    assert (first.sent, second.sent) == (1, 3)
    assert len(set(server.to)) == len(server.to) == 4


def test_nobody_listens(ledger: Ledger) -> None:
    """A mail server that is down is told with its name, and nothing is recorded."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    done = run(ledger, post(port))

    assert isinstance(done.stopped, Unavailable)
    assert f"127.0.0.1:{port}" in done.problems[0]
    with ledger.read() as connection:
        assert reminders_sent(connection) == []


def test_death_between_sending_and_recording(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    """A program that dies there sends that letter once more, under the same id, and no other."""

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with mail_server(tmp_path) as server:
        run(ledger, post(server.port), THOSE[2:])
        with monkeypatch.context() as patch:
            patch.setattr(reminding, "keep_reminders", die)
            with pytest.raises(KeyboardInterrupt):
                run(ledger, post(server.port))
        clock.move(minutes=7)
        run(ledger, post(server.port))

    ids = [letter["Message-ID"] for letter in server.letters if letter["To"] == HANNE]
    assert len(ids) == 2
    assert ids[0] == ids[1]
    assert sorted(server.to) == sorted([OLE, UNIT, EDITOR, HANNE, HANNE])


def test_files(ledger: Ledger, tmp_path: Path) -> None:
    """Without a mail server each letter is a file for mail programs, beside a readable list."""
    folder = tmp_path / "reminders"
    first = run(ledger, post(folder=folder))
    second = run(ledger, post(folder=folder))

    assert first.counts() == {"kept": 4, "told": 5}
    assert second.counts() == {}
    file = folder / f"{TODAY} {HANNE}.eml"
    letter = message_from_bytes(file.read_bytes(), policy=default)
    assert letter["To"] == HANNE
    assert "Forny dit pas" in content(letter, "plain")
    listed = (folder / f"{TODAY}.txt").read_text(encoding="utf-8")
    assert listed.startswith("Påmindelser 20. november 2026\n")
    assert listed.count("Forny dit pas (pas)") == 1


def test_files_and_mail(ledger: Ledger, tmp_path: Path) -> None:
    """A letter that is sent is kept as well; tried again, it stands in the list once."""
    folder = tmp_path / "reminders"
    with mail_server(tmp_path) as server:
        server.refused = {HANNE}
        run(ledger, post(server.port, folder=folder))
        server.refused = set()
        run(ledger, post(server.port, folder=folder))

    assert len(list(folder.glob("*.eml"))) == 4
    assert (folder / f"{TODAY}.txt").read_text(encoding="utf-8").count("(pas)") == 1


def test_nowhere_to_send(ledger: Ledger) -> None:
    """Without a folder and a mail server nothing counts as told, and the problem is named."""
    done = run(ledger, post())

    assert done.counts() == {}
    assert "articles.mail_folder" in done.problems[0]


def test_homeless(ledger: Ledger, tmp_path: Path) -> None:
    """An article that nobody can be reminded of is a problem with what to write."""
    plan = planned([article(owner="", review_by=TODAY)], ledger, PEOPLE, Ladder(), TODAY_NOW, ZONE)
    done = remind(plan, ledger, post(folder=tmp_path / "r"), TODAY_NOW, ZONE)

    assert done.homeless == 1
    assert "articles.unit_mails" in done.problems[0]
    assert not (tmp_path / "r").exists() or list((tmp_path / "r").iterdir()) == []


def test_homeless_at_several_steps(ledger: Ledger, tmp_path: Path) -> None:
    """Each step counts, and what is to be written is told once."""
    late = article(owner="", review_by=PAST)
    plan = planned([late], ledger, PEOPLE, Ladder(), TODAY_NOW, ZONE)
    done = remind(plan, ledger, post(folder=tmp_path / "r"), TODAY_NOW, ZONE)

    assert done.homeless == 3  # owner, unit, editor
    assert len(done.problems) == 1


def test_over_the_months(ledger: Ledger, tmp_path: Path, clock: Clock) -> None:
    """Run each day for two months: each step of the ladder once, on its day."""
    review_by = TODAY + timedelta(days=20)
    its = [article("pas", review_by=review_by)]
    days = []
    for _ in range(60):
        done = run(ledger, post(folder=tmp_path / "r"), its)
        days += [(clock().astimezone(ZONE).date() - review_by).days] * done.told
        clock.move(days=1)

    assert days == [-14, 0, 14, 30]


def test_disk_full(ledger: Ledger, tmp_path: Path) -> None:
    """A folder that cannot be written to is told, and nothing counts as sent."""
    file = tmp_path / "file"
    file.write_text("in the way")
    done = run(ledger, post(folder=file))

    assert done.stopped is not None
    assert str(file) in done.problems[-1]
    with ledger.read() as connection:
        assert reminders_sent(connection) == []
