"""From a configuration to a records system: every kind is made, and a whole sync goes into one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connector import work
from connector.bootstrap import Program
from connector.defaults import defaults_dir
from connector.errors import ConfigError
from connector.ledger.views import status
from connector.sandbox import Municipality, build
from connector.sandbox.systems.base import DOWN
from connector.sandbox.systems.sbsys import TOKEN_PATH, SbsysCase, SbsysSystem
from connector.sandbox.systems.sharepoint import FakeSharePoint
from connector.settings import Settings, parse
from connector.settings_sinks import SYSTEMS
from connector.systems import make_drafter, words
from tests.contracts.sink import entry, open_file
from tests.running import NOW, TOKEN, Town, town

GRAPH = '[graph]\nauth = "static"\ntoken_env = "CASETHREAD_TOKEN"\n'
SECRETS = {
    "CASETHREAD_TOKEN": TOKEN,
    "CASETHREAD_SINK_ESDH_SECRET": "fictional",
    "CASETHREAD_SINK_ESDH_CLIENT_SECRET": "fictional-client",
    "CASETHREAD_SINK_ESDH_CONTACTS_SECRET": "fictional-contacts",
}


def settings(folder: Path, sink: str, register: str = "") -> Settings:
    return parse(f"{GRAPH}{register}\n[sinks.esdh]\n{sink}", folder, SECRETS)


def problems(folder: Path, sink: str, register: str = "") -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        settings(folder, sink, register)
    return caught.value.problems


def site_mapping(folder: Path, kind: str, *changes: str) -> None:
    """The site's own mapping: ours with one thing put in place of another."""
    own = folder / "mappings" / f"{kind}.toml"
    own.parent.mkdir(exist_ok=True)
    text = (defaults_dir() / "mappings" / f"{kind}.toml").read_text(encoding="utf-8")
    for old, new in zip(changes[::2], changes[1::2], strict=True):
        assert old in text
        text = text.replace(old, new)
    own.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("kind", SYSTEMS)
def test_every_kind_is_made(kind: str, tmp_path: Path) -> None:
    """Each kind of the settings has a sink, and a register unless it is an intranet."""
    sink = f"""
kind = "{kind}"
url = "https://esdh.example/x"
token_url = "https://auth.example/token"
user = "casethread"
in_flight = 7
"""
    if kind != "sharepoint":
        sink += 'client_id = "casethread"\n'
    else:
        site_mapping(tmp_path, "sharepoint", 'sign_in = "certificate"', 'sign_in = "ntlm"')
    register = '[register]\nkind = "sink"\nsink = "esdh"\n' if kind != "sharepoint" else ""
    program = Program(settings(tmp_path, sink, register))

    made = program.sinks["esdh"]

    assert made.name == "esdh"
    assert 1 <= made.capabilities.in_flight <= 7
    if register:
        assert program.register.name
        assert isinstance(program.register.can_list, bool)


def test_what_a_system_needs(tmp_path: Path) -> None:
    """An address, and one where a secret is safe; a register that has cases."""
    assert "sinks.esdh.url" in problems(tmp_path, 'kind = "sbsys"')[0]
    told = problems(tmp_path, 'kind = "sbsys"\nurl = "http://esdh.example"')
    assert "https://" in told[0]
    for name in ("esdh", "nobody", ""):
        register = f'[register]\nkind = "sink"\nsink = "{name}"\n'
        assert "register.sink" in problems(tmp_path, 'kind = "folder"', register)[0]


def test_a_secret_in_the_file_is_told(tmp_path: Path) -> None:
    """A password in the configuration names the variable and the file where it belongs."""
    url = 'kind = "sbsys"\nurl = "https://esdh.example"\n'
    for key in ("secret", "client_secret", "contacts_secret"):
        (told,) = problems(tmp_path, f'{url}{key} = "hemmeligt"')
        assert f"CASETHREAD_SINK_ESDH_{key.upper()}" in told
        assert f"sinks.esdh.{key}_file" in told
        assert "hemmeligt" not in told
    (told,) = problems(tmp_path, f'{url}password = "hemmeligt"')
    assert "CASETHREAD_SINK_ESDH_SECRET" in told


def test_a_secret_from_a_file(tmp_path: Path) -> None:
    """The file wins over the environment; neither is ever shown."""
    (tmp_path / "esdh.secret").write_text("from a file\n", encoding="utf-8")
    made = settings(
        tmp_path, 'kind = "sbsys"\nurl = "https://e.example"\nsecret_file = "esdh.secret"'
    )
    (sink,) = made.sinks

    assert (sink.secret.reveal(), sink.client_secret.reveal()) == (
        "from a file",
        "fictional-client",
    )
    assert "from a file" not in repr(made)


def test_a_wrong_mapping_is_told_with_its_line(tmp_path: Path) -> None:
    """A site's own mapping is used, and a fault in it is told by file and line."""
    text = (defaults_dir() / "mappings" / "sbsys.toml").read_text(encoding="utf-8")
    own = tmp_path / "mappings" / "sbsys.toml"
    own.parent.mkdir()
    lines = text.splitlines()
    at = next(place for place, line in enumerate(lines) if re.match(r"\w+ = \d+", line))
    lines[at] = lines[at].partition("=")[0] + '= "many"'
    own.write_text("\n".join(lines), encoding="utf-8")
    program = Program(settings(tmp_path, 'kind = "sbsys"\nurl = "https://esdh.example"'))

    with pytest.raises(ConfigError) as caught:
        _ = program.sinks

    (told,) = caught.value.problems
    assert told.startswith(f"{own}:{at + 1}: ")


def into_sbsys(place: Town, folder: Path, origin: str) -> Program:
    """The program of a configuration in which SBSYS is register and journal."""
    text = f"""
[ledger]
url = "sqlite:///ledger.db"
{GRAPH}
[register]
kind = "sink"
sink = "esdh"
[sinks.esdh]
kind = "sbsys"
url = "{origin}"
token_url = "{origin}{TOKEN_PATH}"
client_id = "casethread"
user = "casethread"
"""
    program = Program(parse(text, folder, SECRETS), clock=place.clock.now)
    program.graph = place.program.graph
    return program


def sbsys_of(municipality: Municipality) -> SbsysSystem:
    """SBSYS with the cases of the municipality."""
    system = SbsysSystem()
    for at, each in enumerate(municipality.cases(), 1):
        system.add(
            SbsysCase(
                id=at,
                number=each.number,
                title=each.title,
                state="Aktiv" if each.is_open else "Afsluttet",
                is_protected=each.access == "restricted",
                logon=each.caseworker.upn.partition("@")[0],
                persons=tuple(party.name for party in each.parties),
            )
        )
    return system


def test_a_system_has_titles_and_a_template_of_its_own(tmp_path: Path) -> None:
    """[titles] in a system's mapping and templates/KIND/ go before what all journals share."""
    sink = 'kind = "sbsys"\nurl = "https://esdh.example"'
    shared = titles_of(settings(tmp_path, sink))
    site_mapping(tmp_path, "sbsys", "[limits]", '[titles]\ncall = ["when", "kind"]\n\n[limits]')
    own = tmp_path / "mappings" / "templates" / "sbsys"
    own.mkdir(parents=True)
    (own / "transcript.html.j2").write_text("<p>{{ title }} {{ key }}</p>", encoding="utf-8")

    its = titles_of(settings(tmp_path, sink))

    assert shared == ("Telefonsamtale, indgående, 20-11-2026 14.12, 3 min 20 s", False)
    assert its == ("20-11-2026 14.12, Telefonsamtale", True)


def titles_of(made: Settings) -> tuple[str, bool]:
    """The title of a call, and whether the page is the site's own."""
    (sink,) = made.sinks
    drafter = make_drafter(made, sink, words(sink.kind, made), lambda: NOW)
    draft = drafter.draft(entry("call"), "CT-1", open_file, "esdh")
    return draft.title, draft.page == f"<p>{draft.title} CT-1</p>".encode()


def test_a_title_of_unknown_parts_is_told(tmp_path: Path) -> None:
    """A part that no title has is told with its line and what there is."""
    site_mapping(tmp_path, "sbsys", "[limits]", '[titles]\ncall = ["name"]\n\n[limits]')
    program = Program(settings(tmp_path, 'kind = "sbsys"\nurl = "https://esdh.example"'))

    with pytest.raises(ConfigError, match=r'\[titles\] call: "name" is not known; use kind, '):
        _ = program.sinks


def test_a_sync_into_a_records_system(tmp_path: Path) -> None:
    """Teams and voicemail of a small municipality end on the cases of SBSYS, each once."""
    municipality = build(users=30, days=5, seed=4, now=NOW)
    system = sbsys_of(municipality)
    with town(municipality, tmp_path) as place, system.serve() as listener:
        program = into_sbsys(place, tmp_path, listener.origin)
        jobs = work.sync_jobs(program)
        first = {result.job: result for result in work.run_jobs(program, jobs)}
        second = {result.job: result for result in work.run_jobs(program, jobs)}
        program.ledger.close()

    assert jobs.index("register") > jobs.index("chats"), "it is asked for what was just read"
    assert work.sync_jobs(program, ["register", "chats"]) == ["chats", "register"]
    assert work.sync_jobs(place.program, ["chats", "register"]) == ["register", "chats"]
    assert [name for name, result in first.items() if result.outcome == "failed"] == []
    notes = [note for case in system.cases.values() for note in case.notes]
    assert first["register"].counts["read"] > 3
    assert first["deliver"].counts["done"] == len(notes) > 5
    keys = [re.findall(r"Casethread (\S+) sha256", note["Note"])[-1] for note in notes]
    assert len(set(keys)) == len(keys)
    assert second["deliver"].counts["done"] == 0
    for case in system.cases.values():
        for note in case.notes:
            assert case.number in note["Note"]


def test_a_day_without_the_records_system(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is lost, the alarm is told once, status says since when; then all of it follows."""
    municipality = build(users=30, days=5, seed=4, now=NOW)
    system = sbsys_of(municipality)
    with town(municipality, tmp_path) as place, system.serve() as listener:
        program = into_sbsys(place, tmp_path, listener.origin)
        jobs = work.sync_jobs(program)
        work.run_jobs(program, [job for job in jobs if job != "deliver"])
        caplog.set_level("WARNING", logger="connector.ledger.outages")
        with system.being(DOWN):
            for _ in range(8):
                (result,) = work.run_jobs(program, ["deliver"])
                assert result.outcome == "failed"
                place.clock.move(hours=3)
            away = status(program.ledger)
        place.clock.move(hours=1)
        work.run_jobs(program, ["deliver"])
        back = status(program.ledger)
        program.ledger.close()

    (outage,) = away.outages
    assert (outage.sink, back.outages) == ("esdh", ())
    assert "503" in outage.reason
    assert away.at - outage.since >= 20 * 3_600_000
    told = [each.message for each in caplog.records if each.name == "connector.ledger.outages"]
    assert told == [
        "a journal takes nothing now",
        "the journal takes entries again",
    ]
    assert set(back.deliveries["esdh"]) == {"done"}
    notes = sum(len(case.notes) for case in system.cases.values())
    assert notes == back.deliveries["esdh"]["done"] == sum(away.deliveries["esdh"].values()) > 5


@pytest.mark.parametrize("publish", ["true", "false"])
def test_who_is_free_is_shown_when_asked_for(tmp_path: Path, publish: str) -> None:
    """The present state of everybody goes into a list of SharePoint, where the mapping says so."""
    municipality = build(users=12, days=1, seed=4, now=NOW)
    system = FakeSharePoint()
    site_mapping(
        tmp_path,
        "sharepoint",
        *('sign_in = "certificate"', 'sign_in = "ntlm"'),
        *("publish = false", f"publish = {publish}"),
    )
    with town(municipality, tmp_path) as place, system.serve() as listener:
        text = f"""
[ledger]
url = "sqlite:///ledger.db"
{GRAPH}
[register]
path = "journal"
[sinks.intranet]
kind = "sharepoint"
url = "{listener.origin}/sites/journal"
user = "casethread"
"""
        secrets = {**SECRETS, "CASETHREAD_SINK_INTRANET_SECRET": "fictional"}
        program = Program(parse(text, tmp_path, secrets), clock=place.clock.now)
        program.graph = place.program.graph
        results = work.run_jobs(program, ["directory", "presence"])
        again = work.run_jobs(program, ["presence"])
        program.ledger.close()

    assert [result.problems for result in [*results, *again]] == [[], [], []]
    rows = [row for each in system.store.lists.values() for row in each.rows]
    assert len(rows) == results[1].counts.get("shown", 0) == (12 if publish == "true" else 0)
    assert again[0].counts.get("shown", 0) == 0
