"""The case page: what was said, why it is there, where it went; seen by those who may see it."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
import sqlalchemy as sa

from connector.bootstrap import Program
from connector.ledger.batch import Batch
from connector.ledger.linking import decide_by_person
from connector.ledger.looks import LOOKED
from connector.ledger.notes import notes_of
from connector.ledger.tables import attachment, event, item
from connector.ledger.take import take
from connector.model import CaseParty, LinkState, Page
from connector.web.telling import Telling
from tests.making import add_cases
from tests.web import rich, town
from tests.web.conftest import Client, Portal

PAGE = f"/cases/{town.BODILS}"
Clients = Callable[..., Client]


@pytest.fixture
def talk(program: Program) -> Program:
    """Bodil's case with one of everything."""
    rich.fill(program)
    return program


def root_of(program: Program, kind: str, *, last: bool = True) -> int:
    order = item.c.sent_at.desc() if last else item.c.sent_at
    with program.ledger.read() as connection:
        return int(
            connection.execute(
                sa.select(item.c.id)
                .where(item.c.kind == kind, item.c.id == item.c.root_id)
                .where(item.c.case_number == town.BODILS)
                .order_by(order)
                .limit(1)
            ).scalar_one()
        )


def looks(program: Program) -> list[tuple[str, str, dict[str, Any]]]:
    with program.ledger.read() as connection:
        rows = connection.execute(
            sa.select(event.c.actor, event.c.subject, event.c.detail)
            .where(event.c.action == LOOKED)
            .order_by(event.c.id)
        )
        return [(row.actor, row.subject, msgspec.json.decode(row.detail)) for row in rows]


def article(text: str, root: int) -> str:
    """The part of a page that tells of one communication."""
    found = re.search(rf'<article id="item-{root}".*?</article>', text, re.DOTALL)
    assert found is not None, root
    return found[0]


# --- what stands there


def test_everything_is_there(talk: Program, client: Clients) -> None:
    """A case shows head, conversations, calls, missed calls, voicemails, and the note."""
    text = client("bodil").get(PAGE).text

    for words in (
        "Boligstøtte, Asta Prøve", "Borgerservice", "27.18.02", "Ledig",
        "Bodil Bæk og Bent Bro skriver sammen", "Opkald fra Asta Prøve",
        "Ubesvaret opkald fra Asta Prøve", "Besked på telefonsvareren fra Asta Prøve",
        "huslejen stiger til 6.500 kr.", "fredag 20. november 2026",
    ):  # fmt: skip
        assert words in text, words
    assert text.count("<article") == 8


def test_english(talk: Program, client: Clients) -> None:
    """The same page in English has no Danish words of ours."""
    text = client("bodil").get(PAGE, headers={"accept-language": "en"}).text

    assert "Missed call from Asta Prøve" in text
    assert not re.search(r"Ubesvaret|Besvaret|journaliseret|Skriv notat|Rettet", text)


def test_edit_and_deletion(talk: Program, client: Clients) -> None:
    """An edit is a difference, told in words too; a deletion is a dated mark on what was said."""
    text = client("bodil").get(PAGE).text

    assert "fjernet: </span>mandag<" in text
    assert "tilføjet: </span>tirsdag<" in text
    assert "Hun har også en søster i Aabenraa" in text
    assert re.search(r"Slettet <time datetime=\"2026-11-19T11:17", text)
    assert re.search(
        r"Rettet <time datetime=\"2026-11-19T11:13[^/]*</time>, de tidligere ord blev ikke læst",
        text,
    )


def test_nothing_of_people_is_markup(talk: Program, client: Clients) -> None:
    """Scripts, tags and odd addresses that somebody wrote are text; links go to the web only."""
    text = client("bodil").get(PAGE).text

    assert "<script>alert" not in text
    assert "<img" not in text.replace('<img src="/static/icon.svg"', "")
    assert 'href="javascript' not in text
    assert (
        '<a href="https://www.borger.dk/boligstoette" rel="noopener noreferrer nofollow">' in text
    )


def test_call_back(talk: Program, client: Clients) -> None:
    """Whom nobody called back can be called by telephone and in Teams, as Teams documents it."""
    part = article(client("bodil").get(PAGE).text, root_of(talk, "voicemail"))

    assert 'href="tel:+4537500001"' in part
    assert 'href="https://teams.microsoft.com/l/call/0/0?users=4:%2B4537500001"' in part
    assert '<audio controls preload="none"' in part


def test_note_says_enough(talk: Program, client: Clients) -> None:
    """Beside a note about a voicemail it does not say that nobody called back."""
    root = root_of(talk, "voicemail")
    bodil = client("bodil")
    assert "Ingen har ringet tilbage" in article(bodil.get(PAGE).text, root)
    _write(bodil, root, "Jeg ringede tilbage fra min mobil.")

    assert "Ingen har ringet tilbage" not in article(bodil.get(PAGE).text, root)


def test_got_through(talk: Program, client: Clients) -> None:
    """A missed call that was followed by a talk says so, and asks for nothing."""
    part = article(client("bodil").get(PAGE).text, root_of(talk, "missed_call", last=False))

    assert "Borgeren kom igennem til Bent Bro" in part
    assert "tel:" not in part


def test_legs(talk: Program, client: Clients) -> None:
    """A call's journey tells who waited, rang, talked and was put through, with lengths."""
    part = article(client("bodil").get(PAGE).text, root_of(talk, "call"))

    assert "<strong>kø</strong> ventede 1:23" in part
    assert "Carl Ølgård ringede 0:15, ikke besvaret" in part
    assert "Bodil Bæk fik opkaldet stillet om og talte 3:45" in part


def test_proof(talk: Program, client: Clients) -> None:
    """Each communication tells why it is there, and leads to where it is journaled."""
    part = article(client("bodil").get(PAGE).text, root_of(talk, "call"))

    assert "Telefonnummeret eller adressen hører til netop én åben sag" in part
    assert re.search(r'href="https://esdh\.example/CT-[A-Z0-9]+" rel="noopener noreferrer"', part)


def test_missing(talk: Program, client: Clients) -> None:
    """What is known to be missing is told with its reason."""
    text = client("bodil").get(PAGE).text

    assert "Årsopgørelse 2025.pdf kunne ikke hentes: 403: ingen adgang" in text


def test_party_with_cpr_is_masked(talk: Program, client: Clients) -> None:
    """The head shows no CPR number, wherever the register wrote it."""
    case = next(each for each in town.cases() if each.number == town.BODILS)
    party = CaseParty(name="Asta Prøve 010190-1234", phone=town.CITIZEN)
    changed = msgspec.structs.replace(case, title="Boligstøtte 010190-1234", parties=(party,))
    add_cases(talk.ledger, changed)

    text = client("bodil").get(PAGE).text

    assert "010190-1234" not in text
    assert text.count("010190-****") >= 2


# --- filter and pages


def test_filter(talk: Program, client: Clients) -> None:
    """A filter shows what fits, says that it is one, and leads back to everything."""
    text = client("bodil").get(PAGE, params={"kind": ["voicemail"], "words": "tilbage"}).text

    assert text.count("<article") == 2
    assert "viser 2" in text
    assert f'<a href="{PAGE}">Vis alt</a>' in text
    assert f'href="{PAGE}/print?kind=voicemail&amp;words=tilbage"' in text


def test_filter_by_period(talk: Program, client: Clients) -> None:
    """A period is of local days, both of them included."""
    one = client("bodil")

    text = one.get(PAGE, params={"from": "2026-11-19", "to": "2026-11-19"}).text

    assert text.count("<article") == 2
    assert "torsdag 19. november 2026" in text


def test_nothing_found(talk: Program, client: Clients) -> None:
    """A filter that nothing fits says so."""
    assert "Intet på sagen passer" in client("bodil").get(PAGE, params={"words": "giraf"}).text


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"from": "i går"}, "ikke en dato"),
        ({"cursor": "'; DROP TABLE item"}, "Åbn sagen igen"),
        ({"who": "010190-1234"}, "CPR-nummer"),
        ({"words": "0101901234"}, "CPR-nummer"),
    ],
)
def test_bad_query(talk: Program, client: Clients, params: dict[str, str], words: str) -> None:
    """What cannot be meant is refused with what to do; no CPR number is kept in an address."""
    answer = client("bodil").get(PAGE, params=params)

    assert answer.status_code == 400
    assert words in answer.text


def test_bad_filter_keeps_the_form(talk: Program, client: Clients) -> None:
    """What was filled in stands in the form again, but a CPR number; a print is refused."""
    params = {"from": "i går", "who": "Asta", "words": "0101901234", "kind": "call"}
    answer = client("bodil").get(PAGE, params=params)
    form = answer.text.split(f'<form action="{PAGE}"')[1].split("</form>")[0]

    assert answer.status_code == 400
    assert 'name="who" value="Asta"' in form
    assert 'name="kind" value="call" checked' in form
    assert "0101901234" not in form
    assert '<article id="item-' not in answer.text
    assert client("bodil").get(f"{PAGE}/print", params=params).status_code == 400


def test_paging(talk: Program, client: Clients) -> None:
    """A long case is shown in pages that lead on and back."""
    both = town.chat_of("bodil", "bent")
    many = tuple(
        town.message_of("bodil", both, f"{n} om {town.BODILS}", 10_000 + n * 1440)
        for n in range(50)
    )
    take(talk.ledger, [Page(source="chats", part="x", cursor="2", items=many)], talk.policy())
    one = client("bodil")

    first = one.get(PAGE).text
    (on,) = re.findall(r'<p class="pager"><a href="([^"]+)">Ældre', first)
    second = one.get(on).text

    assert (first.count("<article"), second.count("<article")) == (25, 25)
    assert "Nyere</a>" in second


# --- who may see it


@pytest.mark.parametrize("end", ["", "/print", "/print.css", "/export.zip"])
@pytest.mark.parametrize(
    ("who", "status"),
    [("bodil", 200), ("bent", 200), ("rita", 200), ("carl", 404), ("oda", 403), ("erik", 403)],
)
def test_who_sees(talk: Program, client: Clients, who: str, status: int, end: str) -> None:
    """Its caseworker, the unit and the records manager see the case; nobody else, in any form."""
    answer = client(who).get(PAGE + end)

    assert answer.status_code == status
    if status != 200:
        assert "Asta" not in answer.text


def test_hidden_case_looks_like_none(talk: Program, client: Clients) -> None:
    """A case that one may not see and one that does not exist get the same answer."""
    one = client("bodil")

    hidden = one.get(f"/cases/{town.SECRET}")
    nowhere = one.get(f"/cases/{town.SECRET[:-2]}25")

    assert (hidden.status_code, nowhere.status_code) == (404, 404)
    same = hidden.text.replace(town.SECRET, "N")
    assert same == nowhere.text.replace(f"{town.SECRET[:-2]}25", "N")


def test_number_with_slash(program: Program, client: Clients) -> None:
    """A case number may hold a slash, and whatever else a register writes."""
    number = 'S/2026 "1"<b>'
    case = msgspec.structs.replace(town.cases()[0], number=number)
    add_cases(program.ledger, case)

    answer = client("bodil").get(f"/cases/{quote(number)}")
    style = client("bodil").get(f"/cases/{quote(number)}/print.css")

    assert answer.status_code == 200
    assert "<b>" not in answer.text
    assert style.status_code == 200
    assert '"1"' not in style.text


# --- looks


def test_every_look_is_kept(talk: Program, client: Clients) -> None:
    """Each way of seeing a case's content is an event; none holds what was said."""
    one = client("bodil")
    one.get(PAGE)
    one.get(PAGE, params={"words": "husleje"})
    one.get(f"{PAGE}/print")
    one.get(f"{PAGE}/export.zip")

    kept = looks(talk)

    assert {(who, subject) for who, subject, _ in kept} == {
        ("bodil@nordvang.example", f"case {town.BODILS}")
    }
    assert [detail["how"] for _, _, detail in kept] == ["page", "page", "print", "export"]
    assert "husleje" not in str(kept)


def test_refused_look_is_none(talk: Program, client: Clients) -> None:
    """Who sees nothing has not looked."""
    client("carl").get(PAGE)

    assert looks(talk) == []


# --- one item


def test_item_on_a_case(talk: Program, client: Clients) -> None:
    """An item on a case is shown there, at its place."""
    root = root_of(talk, "call")

    answer = client("bodil").get(f"/items/{root}")

    assert answer.status_code == 303
    assert answer.headers["location"] == f"{PAGE}?item={root}#item-{root}"


def _lunch(program: Program) -> int:
    with program.ledger.read() as connection:
        return int(
            connection.execute(
                sa.select(item.c.id).where(item.c.text.like("Skal vi spise%"))
            ).scalar_one()
        )


@pytest.mark.parametrize(("who", "status"), [("bodil", 200), ("bent", 404), ("rita", 404)])
def test_item_on_no_case(program: Program, client: Clients, who: str, status: int) -> None:
    """What is on no case is seen by those who took part, and by nobody else."""
    answer = client(who).get(f"/items/{_lunch(program)}")

    assert answer.status_code == status
    assert ("Skal vi spise" in answer.text) is (status == 200)


def test_look_at_item_is_kept(program: Program, client: Clients) -> None:
    """A look at one item is an event too."""
    root = _lunch(program)
    client("bodil").get(f"/items/{root}")

    assert [subject for _, subject, _ in looks(program)] == [f"item {root}"]


def test_part_of_hidden_case(program: Program, client: Clients) -> None:
    """Who took part in something on a case of others sees it, and not which case it is."""
    both = town.chat_of("bodil", "carl")
    said = town.message_of("carl", both, "Husk det, vi talte om", 40)
    take(program.ledger, [Page(source="chats", part="s", cursor="3", items=(said,))],
         program.policy())  # fmt: skip
    with program.ledger.read() as connection:
        root = connection.execute(
            sa.select(item.c.id).where(item.c.text == "Husk det, vi talte om")
        ).scalar_one()
    secret = next(each for each in town.cases() if each.number == town.SECRET)
    town.put(program.ledger, program, root, secret, actor="carl@nordvang.example")

    answer = client("bodil").get(f"/items/{root}")

    assert answer.status_code == 200
    assert "Husk det" in answer.text
    assert town.SECRET not in answer.text
    assert "made for a test" not in answer.text


OTHER = "27.18.02-P25-77-26"  # a second open case of Bodil's


def _wait(program: Program, *texts: str) -> list[int]:
    """Chats of Bodil's with Carl in which this was said; their numbers."""
    town_case = town.cases()[0]
    add_cases(program.ledger, msgspec.structs.replace(town_case, number=OTHER))
    said = tuple(
        town.message_of("bodil", f"19:wait-{n}@thread.v2", text, n)
        for n, text in enumerate(texts)
    )  # fmt: skip
    page = Page(source="chats", part="w", cursor="4", items=said)
    take(program.ledger, [page], program.policy())
    with program.ledger.read() as connection:
        query = sa.select(item.c.id).where(item.c.state == "waiting").order_by(item.c.sent_at)
        return list(connection.execute(query).scalars())


def test_what_waits_leads_to_its_place(program: Program, client: Clients) -> None:
    """The page of something that waits has a link to where it is decided, on whatever page."""
    roots = _wait(program, *(f"Nr. {n}: {town.BODILS} eller {OTHER}?" for n in range(45)))
    bodil = client("bodil")
    for root in (roots[0], roots[19], roots[20], roots[44]):
        link = re.search(r'href="(/todo[^"]*)"', bodil.get(f"/items/{root}").text.split("<main")[1])
        assert link is not None
        assert f'<article id="item-{root}" class="card current"' in bodil.get(
            link[1].replace("&amp;", "&").split("#")[0]
        ).text  # fmt: skip


def test_what_waits_for_a_case(program: Program, client: Clients) -> None:
    """A case says what may belong to it and waits, to who may see that."""
    _wait(program, f"{town.BODILS} eller {OTHER}?", f"{town.BODILS} eller {town.SECRET}")
    text = client("bodil").get(PAGE).text

    assert "2 beskeder og opkald venter på at blive knyttet til sagen:" in text
    assert text.count('<a href="/todo?scope=mine&amp;at=') == 2
    assert "1 besked eller opkald venter på at" in client("rita").get(PAGE).text
    assert "venter på at blive knyttet" not in client("carl").get(f"/cases/{town.CARLS}").text


def test_why_tells_nothing_of_a_hidden_case(program: Program, client: Clients) -> None:
    """Who took part is not told by what rule something waits that points to a hidden case."""
    (root,) = _wait(program, f"{town.CARLS} eller {town.SECRET}")
    text = client("bodil").get(f"/items/{root}").text

    assert "En afgørelse om en sag, som du ikke har adgang til." in text
    assert "flere åbne" not in text
    assert "begrænset" not in text


@pytest.mark.parametrize("root", ["0", "-1", "999999", str(2**64), str(2**63)])
def test_no_item(program: Program, client: Clients, root: str) -> None:
    """A number that is no item's is not there."""
    assert client("bodil").get(f"/items/{root}").status_code == 404


# --- print and export


def test_print_is_whole(talk: Program, client: Clients) -> None:
    """On paper everything is unfolded, and it stands who printed it and when."""
    text = client("bodil").get(f"{PAGE}/print").text

    assert text.count("<article") == 8
    assert not re.search(r"<details(?![^>]* open)", text)
    assert re.search(r"Udskrevet af Bodil Bæk <time[^>]+>20\.11\.2026 kl\. 13\.00", text)
    assert "<form" not in text


def test_print_margin(talk: Program, client: Clients) -> None:
    """Each sheet names the case and who printed it, whatever signs are in the names."""
    answer = client("bodil").get(f"{PAGE}/print.css")
    told = "".join(chr(int(code, 16)) for code in re.findall(r"\\([0-9a-f]{6})", answer.text))

    assert answer.headers["content-type"].startswith("text/css")
    assert told == f"{town.BODILS} · Bodil Bæk · 2026-11-20 13:00"


@pytest.fixture
def exported(talk: Program, client: Clients) -> zipfile.ZipFile:
    answer = client("bodil").get(f"{PAGE}/export.zip")
    assert answer.headers["content-type"] == "application/zip"
    name = f'attachment; filename="{town.BODILS}_2026-11-20.zip"'
    assert answer.headers["content-disposition"] == name
    return zipfile.ZipFile(io.BytesIO(answer.content))


def test_export_holds_all(exported: zipfile.ZipFile) -> None:
    """An export is a page, data and files, with names of our own and hashes that are right."""
    names = exported.namelist()

    assert exported.testzip() is None
    assert names[:4] == ["index.html", "communications.json", "style.css", "case.css"]
    assert sorted(names[4:-1]) == ["files/0001.wav", "files/0002.bin", "files/0003.wav"]
    sums = exported.read("SHA256SUMS").decode().splitlines()
    assert sums == [
        f"{hashlib.sha256(exported.read(name)).hexdigest()}  {name}" for name in names[:-1]
    ]
    assert exported.read("files/0001.wav") == rich.sound()


def test_export_page(exported: zipfile.ZipFile) -> None:
    """The exported page needs no server: it refers to the archive's own files alone."""
    page = exported.read("index.html").decode()

    assert 'src="files/0001.wav"' in page
    assert not re.search(r'(?:src|href)="/', page)
    assert "<script" not in page.replace("&lt;script", "")
    for name in re.findall(r'(?:src|href)="([^"#:]+)"', page):
        assert name in exported.namelist()


def test_export_data(exported: zipfile.ZipFile) -> None:
    """The exported data is what the page shows."""
    data = msgspec.json.decode(exported.read("communications.json"))

    assert data["case"]["number"] == town.BODILS
    assert len(data["timeline"]["entries"]) == 8
    paths = {each["path"]: each["name"] for each in data["files"]}
    assert paths["files/0002.bin"] == "../../etc/passwd"


def test_export_runs_nothing(talk: Program, client: Clients) -> None:
    """A page or a picture with scripts that somebody sent does not run when it is unpacked."""
    with talk.ledger.write() as connection:
        for old, new in (("../../etc/passwd", "svar.HTML"), ("besked.wav", "kort.svg")):
            its = attachment.c.name == old
            connection.execute(sa.update(attachment).where(its).values(name=new))

    answer = client("bodil").get(f"{PAGE}/export.zip")

    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    files = sorted(name for name in archive.namelist() if name.startswith("files/"))
    assert files == ["files/0001.svg.txt", "files/0002.html.txt", "files/0003.svg.txt"]
    assert "files/0002.html.txt" in archive.read("index.html").decode()


def test_export_without_lost_file(talk: Program, client: Clients) -> None:
    """A file that the store has lost is left out, and the rest is there."""
    talk.spool.remove(hashlib.sha256(rich.sound()).hexdigest())

    answer = client("bodil").get(f"{PAGE}/export.zip")

    names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    assert [name for name in names if name.startswith("files/")] == []


# --- notes


def _write(one: Client, root: int, text: str, version: int = 0) -> Any:
    return one.post(f"/items/{root}/note", data={"text": text, "version": str(version)})


def _note(program: Program, root: int) -> Any:
    with program.ledger.read() as connection:
        return notes_of(connection, [root]).get(root)


def test_reminder(talk: Program, client: Clients) -> None:
    """An answered call without a note has a gentle reminder; one with a note has none."""
    text = client("bodil").get(PAGE).text

    assert "Intet notat endnu" in article(text, root_of(talk, "call"))
    assert "Intet notat endnu" not in article(text, root_of(talk, "call", last=False))


def test_write_note(talk: Program, client: Clients) -> None:
    """A note is kept with its writer's name, shown on the case, and its reminder is gone."""
    root = root_of(talk, "call")
    one = client("bodil")

    answer = _write(one, root, "Aftalt: hun sender kontrakten <b>i dag</b>")

    assert answer.status_code == 303
    assert answer.headers["location"] == f"{PAGE}?item={root}#item-{root}"
    part = article(one.get(PAGE).text, root)
    assert "hun sender kontrakten &lt;b&gt;i dag&lt;/b&gt;" in part
    assert "Intet notat endnu" not in part
    assert _note(talk, root).author == "Bodil Bæk"


def test_note_that_changed_meanwhile(talk: Program, client: Clients) -> None:
    """Two who write at once: the second gets both texts back, and nothing is overwritten."""
    root = root_of(talk, "call", last=False)
    _write(client("bent"), root, "Bents tilføjelse", 1)

    answer = _write(client("bodil"), root, "Bodils egen rettelse", 1)

    assert answer.status_code == 412
    assert "Bents tilføjelse" in answer.text
    assert "Bodils egen rettelse</textarea>" in answer.text
    assert 'name="version" value="2"' in answer.text
    assert _note(talk, root).text == "Bents tilføjelse"


def test_too_long_note_comes_back(talk: Program, client: Clients) -> None:
    """A text that is too long comes back to its writer with the limit."""
    root = root_of(talk, "call")

    answer = _write(client("bodil"), root, "x" * 20_001)

    assert answer.status_code == 400
    assert "20.000" in answer.text
    assert "x" * 20_001 in answer.text
    assert _note(talk, root) is None


def test_note_is_taken_back(talk: Program, client: Clients) -> None:
    """An emptied note says that it was taken back, and no longer what it said."""
    root = root_of(talk, "call", last=False)
    one = client("bodil")

    _write(one, root, "", 1)

    part = article(one.get(PAGE).text, root)
    assert "Notatet er trukket tilbage af Bodil Bæk" in part
    assert "huslejen stiger" not in part


@pytest.mark.parametrize(("who", "status"), [("carl", 404), ("rita", 403), ("oda", 403)])
def test_who_writes(talk: Program, client: Clients, who: str, status: int) -> None:
    """A note is written by a case worker who may see the case."""
    root = root_of(talk, "call")

    assert _write(client(who), root, "x").status_code == status
    assert _note(talk, root) is None


def test_forged_note(talk: Program, client: Clients) -> None:
    """A form from another place writes nothing."""
    root = root_of(talk, "call")
    one = client("bodil")
    one.csrf = "0" * 40

    assert _write(one, root, "x").status_code == 403
    assert _note(talk, root) is None


def test_note_needs_a_case(program: Program, client: Clients) -> None:
    """Nothing can be noted of what is on no case."""
    answer = _write(client("bodil"), _lunch(program), "x")

    assert answer.status_code == 400
    assert "på en sag først" in answer.text


def test_participant_writes_no_note_on_hidden_case(talk: Program, client: Clients) -> None:
    """Who only took part writes no note on a case that is not theirs to see."""
    root = root_of(talk, "call")
    with talk.ledger.write() as connection:
        batch = Batch(
            ledger=talk.ledger, connection=connection, policy=talk.policy(), now=talk.ledger.now()
        )
        secret = next(each for each in town.cases() if each.number == town.SECRET)
        decide_by_person(batch, root, state=LinkState.LINKED, case=secret, actor="carl", reason="x")

    assert _write(client("bodil"), root, "x").status_code == 404
    assert _note(talk, root) is None


# --- links in texts


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("se https://a.dk/b?c=1&d=2.", ["https://a.dk/b?c=1&d=2"]),
        ("(http://a.dk)", ["http://a.dk"]),
        ("javascript:alert(1) data:text/html,x vbscript:x", []),
        ("https:// http://", []),
        ('https://a.dk/"onclick="x', ["https://a.dk/"]),
        ("HTTPS://A.DK", ["HTTPS://A.DK"]),
        ("https://a.dk\nhttps://b.dk", ["https://a.dk", "https://b.dk"]),
    ],
)
def test_links(text: str, links: list[str]) -> None:
    """Web addresses become links, nothing else does, and no sign of the text is lost."""
    parts = list(Telling.parts(text))

    assert [part.link for part in parts if part.link] == links
    assert "".join(part.text for part in parts) == text


# --- in a browser


@pytest.fixture
def seen(portal: Portal) -> Portal:
    rich.fill(portal.program)
    return portal


@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("width", [1280, 360])
def test_accessible(seen: Portal, browser: Any, width: int, language: str) -> None:
    """No page of a case breaks a rule of WCAG 2.1 AA, or is wider than its window."""
    from axe_playwright_python.sync_playwright import Axe

    page = browser(width=width, language=language)
    seen.sign_in(page, "bodil")
    for path in (PAGE, f"{PAGE}?kind=call&words=x", f"{PAGE}/print"):
        page.goto(seen.url + path)
        page.evaluate("document.querySelectorAll('details').forEach((each) => each.open = true)")
        found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]})

        assert found.response["violations"] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.wrong == []


def test_note_without_scripts(seen: Portal, browser: Any) -> None:
    """A note is written and read again in a browser without scripts."""
    page = browser(scripts=False)
    seen.sign_in(page, "bodil")
    page.goto(seen.url + PAGE)
    part = page.locator("article.call", has_text="Opkaldets vej: 5 led")
    part.get_by_text("Skriv notat").click()
    part.get_by_label("Dit notat").fill("Skrevet uden scripts")
    part.get_by_role("button", name="Gem notat").click()

    assert page.locator("section.note", has_text="Skrevet uden scripts").count() == 1
    assert "#item-" in page.url


def test_keyboard(seen: Portal, browser: Any) -> None:
    """The first call back is reached and its folded parts are opened by keys alone."""
    page = browser()
    seen.sign_in(page, "bodil")
    page.goto(seen.url + PAGE)
    names = []
    for _ in range(40):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.textContent.trim()"))
    assert any("Ring tilbage" in name for name in names)
    page.locator("article .proof > summary").first.focus()
    page.keyboard.press("Enter")

    assert page.locator("article .proof[open]").count() == 1


def test_plays(seen: Portal, browser: Any) -> None:
    """A voicemail plays in the page."""
    page = browser()
    seen.sign_in(page, "bodil")
    page.goto(seen.url + PAGE)
    length_s = page.evaluate(
        """async () => {
            const sound = document.querySelector("audio");
            const ready = new Promise((done, fail) => {
                sound.onloadedmetadata = () => done(sound.duration);
                sound.onerror = () => fail(new Error(sound.error.message));
            });
            sound.load();
            sound.preload = "metadata";
            return ready;
        }"""
    )

    assert length_s == pytest.approx(0.1)


def test_printed(seen: Portal, browser: Any) -> None:
    """Each printed sheet has its number and names the case."""
    import pypdf

    page = browser()
    seen.sign_in(page, "bodil")
    page.goto(f"{seen.url}{PAGE}/print")
    sheets = pypdf.PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True))).pages

    assert len(sheets) > 1
    for number, sheet in enumerate(sheets, 1):
        text = sheet.extract_text()
        assert f"{number} / {len(sheets)}" in text
        assert f"{town.BODILS} · Bodil Bæk" in text


def test_link_unfolds(seen: Portal, browser: Any) -> None:
    """A link to a message in the folded part of a long conversation unfolds it."""
    both = town.chat_of("bodil", "bent")
    many = tuple(
        town.message_of("bodil", both, f"{n} om {town.BODILS}", 9000 + n) for n in range(20)
    )
    program = seen.program
    take(program.ledger, [Page(source="chats", part="x", cursor="2", items=many)],
         program.policy())  # fmt: skip
    with program.ledger.read() as connection:
        root = connection.execute(
            sa.select(item.c.id).where(item.c.text == f"19 om {town.BODILS}")
        ).scalar_one()
    page = browser()
    seen.sign_in(page, "bodil")
    page.goto(f"{seen.url}/items/{root}")

    assert page.locator(f"#item-{root}").is_visible()


def test_period_that_ends_before_it_begins(client: Clients) -> None:
    """A period that cannot be meant is refused on the page, on paper and through the API."""
    bodil = client("bodil")
    asked = {"from": "2026-11-20", "to": "2026-11-19"}
    answer = bodil.get(PAGE, params=asked)

    assert answer.status_code == 400
    assert "Perioden slutter, før den begynder." in answer.text
    assert bodil.get(f"{PAGE}/print", params=asked).status_code == 400
    told = bodil.get(f"/api/v1{PAGE}/timeline", params=asked)
    assert (told.status_code, told.json()["type"][-15:]) == (400, "case.bad_period")
    assert bodil.get("/api/v1/search", params=asked).status_code == 400
    assert bodil.get(PAGE, params={"from": "2026-11-19", "to": "2026-11-19"}).status_code == 200
