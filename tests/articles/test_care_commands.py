"""Articles kept true from the command line and by the schedule, as an operator has it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connector.bootstrap import Program
from connector.cli import make_app
from connector.settings import load
from connector.work import run_job
from schedulers.embedded import schedules
from tests.articles.link_server import web_server
from tests.articles.mail_server import mail_server

SETTINGS = """
language = "{language}"
[sources]
directory.enabled = false
chats.enabled = false
call_records.enabled = false
pstn.enabled = false
direct_routing.enabled = false
voicemail.enabled = false
presence.enabled = false
[sinks.journal]
path = "journal"
[articles]
mail_from = "artikler@kommunen.example"
unit_mails = ["Borgerservice = bs@kommunen.example"]
links_pause_s = 0.1
{more}
"""
ARTICLE = """---
id: {id}
title: {id}
summary: Kort sagt.
language: da
unit: Borgerservice
owner: hanne@kommunen.example
review_by: {review_by}
---
{text}
"""
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the program in a folder of articles; gives its exit code and what it said."""
    (tmp_path / "articles").mkdir()

    def run(*words: str) -> tuple[int, str]:
        told = CliRunner().invoke(make_app(), ["--config", str(tmp_path), "articles", *words])
        assert told.exception is None or isinstance(told.exception, SystemExit)
        return told.exit_code, told.output

    return run


def settings(folder: Path, more: str = "", language: str = "da") -> None:
    text = SETTINGS.format(more=more, language=language)
    (folder / "casethread.toml").write_text(text, encoding="utf-8")


def write(folder: Path, id: str, review_by: str = "2020-01-01", text: str = "Tekst.") -> None:
    content = ARTICLE.format(id=id, review_by=review_by, text=text)
    (folder / "articles" / f"{id}.md").write_text(content, encoding="utf-8")


def test_remind(tmp_path: Path, run: Run) -> None:
    """A dry run tells and keeps nothing; the real one writes; a third has nothing to say."""
    settings(tmp_path, 'mail_folder = "breve"')
    write(tmp_path, "pas")
    code, said = run("remind", "--dry-run")
    assert code == 0
    assert "ansvarlig, på datoen" in said
    assert "2 mails ville blive sendt" in said
    assert not (tmp_path / "breve").exists()
    assert run("remind") == (0, "2 mails gemt som filer\n3 påmindelser givet\n")
    assert len(list((tmp_path / "breve").glob("*.eml"))) == 2
    listed = next((tmp_path / "breve").glob("*.txt")).read_text(encoding="utf-8")
    assert listed.count("Fil: articles/pas.md") == 2
    assert run("remind") == (0, "Ingen at minde om noget i dag.\n")


def test_remind_with_a_problem(tmp_path: Path, run: Run) -> None:
    """A refused address is told with exit code 1; in JSON too."""
    with mail_server(tmp_path) as server:
        server.refused = {"hanne@kommunen.example"}
        more = f'mail_host = "127.0.0.1"\nmail_port = {server.port}\nmail_starttls = false'
        settings(tmp_path, more, "en")
        write(tmp_path, "pas")
        code, said = run("remind")
        assert code == 1
        assert "1 mail sent\n" in said
        assert "! hanne@kommunen.example: the mail server refused" in said
        code, said = run("remind", "--json")

    told = json.loads(said)
    assert code == 1
    assert (told["outcome"], told["refused"], len(told["problems"])) == ("partly", 1, 1)


def test_password_missing(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the mail account's password nobody is asked, and the variable is named."""
    monkeypatch.delenv("CASETHREAD_MAIL_PASSWORD", raising=False)
    settings(tmp_path, 'mail_host = "127.0.0.1"\nmail_user = "a"')
    write(tmp_path, "pas")
    code, said = run("remind")

    assert code == 2
    assert "CASETHREAD_MAIL_PASSWORD" in said


def test_check_tells_of_sites_and_mail(tmp_path: Path) -> None:
    """`casethread check` asks each site and the mail server, and one that fails hides no other."""
    with mail_server(tmp_path) as server:
        (tmp_path / "there").mkdir()
        place = f'place = "{tmp_path.as_posix()}'
        mail = f'mail_host = "127.0.0.1"\nmail_port = {server.port}\nmail_starttls = false'
        sites = f'[sites.a]\n{place}/gone"\n[sites.b]\n{place}/there"'
        settings(tmp_path, f"{mail}\n{sites}")
        told = CliRunner().invoke(make_app(), ["--config", str(tmp_path), "check", "--json"])

    found = {each["system"]: each["level"] for each in json.loads(told.stdout)}
    assert (found["a"], found["b"], found["mail"]) == ("error", "ok", "ok")
    assert server.letters == []
    told = CliRunner().invoke(make_app(), ["--config", str(tmp_path), "check"])
    assert f"127.0.0.1:{server.port} does not take mail now" in told.output


def test_links(tmp_path: Path, run: Run) -> None:
    """Links are listed when they need mending, all of them when asked; check warns of them."""
    with web_server() as web:
        settings(tmp_path, 'links_networks = ["127.0.0.0/8"]')
        write(tmp_path, "pas", "2999-01-01", f"[a]({web.url}/a) [b]({web.url}/status/404)")
        assert "Ingen links at vise.\n" in run("links")[1]
        code, said = run("links", "--check")
        assert code == 0
        assert "2 links kontrolleret\n1 skal rettes\n" in said
        assert "findes ikke (HTTP 404)" in said
        assert f"{web.url}/a " not in said
        assert f"{web.url}/a " in run("links", "--all")[1]
        listed = json.loads(run("links", "--json")[1])
        assert [each["status"] for each in listed] == ["gone"]

    settings(tmp_path, f'[sites.a]\nplace = "{tmp_path.as_posix()}/a"')
    assert "1 link til et andet websted skal rettes" in run("status")[1]
    code, said = run("check")
    assert code == 0
    assert "pas.md:10" in said
    assert f"{web.url}/status/404 findes ikke mere" in said


def test_own_network(tmp_path: Path, run: Run) -> None:
    """Without an allowance in the settings nothing of this machine's networks is asked."""
    with web_server() as web:
        settings(tmp_path)
        write(tmp_path, "pas", "2999-01-01", f"[a]({web.url}/a)")
        run("links", "--check")

    assert web.asked == []
    assert "ligger på et lukket net" in run("links")[1]


def test_scheduled(tmp_path: Path) -> None:
    """The jobs run by themselves where there are articles, each kept as a run; else they do not."""
    settings(tmp_path, 'mail_folder = "breve"')
    program = Program(settings=load(tmp_path, {}))
    assert not {"article_links", "article_reminders"} & set(schedules(program))
    (tmp_path / "articles").mkdir()
    write(tmp_path, "pas")

    assert {"article_links", "article_reminders"} <= set(schedules(program))
    assert run_job(program, "article_links").outcome == "done"
    done = run_job(program, "article_reminders")
    assert (done.outcome, done.counts) == ("done", {"kept": 2, "told": 3})
    program.close()
