"""python -m bench.articles: a thousand articles to a real Plone, and the checks before.

The program's own `casethread articles` checks and publishes them into an empty folder of a Plone
that runs our add-on; then once more, when nothing changed; then one article that did. Next to it,
in the same run, a plain script makes as many pages of the same text with `requests`, and looks at
nothing. scripts/plone installs the Plone.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import requests

from bench import measure

ROOT = Path(__file__).resolve().parents[1]
PYTHON, SERVE = ROOT / ".venv-plone" / "bin" / "python", ROOT / "intranet" / "plone" / "serve.py"
ACCOUNT, PASSWORD, PLACE = "casethread", "fictional-12", "viden"
GOAL_FIRST, GOAL_SAME_S, GOAL_ONE_S, GOAL_CHECK_S = 8, 20, 2, 5
TOPICS = ("pas", "flytning", "dagpleje", "affald", "byggesag", "pension", "parkering", "hegn")
SAYING = (
    "Du kan ordne det hjemmefra, når du har dit MitID.",
    "Kom i Borgerservice med gyldig legitimation, hvis du ikke kan bruge selvbetjeningen.",
    "Svartiden er som regel under to uger; i juni og december kan den være længere.",
    "Gebyret reguleres hvert år; tjek den gældende sats, før du betaler.",
    "Har du fuldmagt, skal den vises frem sammen med dit eget kort.",
    "Ring på hverdage mellem 9 og 14, så finder vi en tid, der passer.",
)


class Result(msgspec.Struct, frozen=True):
    """One row: what was done, what it cost, and the goal in words ("" for none)."""

    what: str
    cost: measure.Cost
    pages: int = 0
    goal: str = ""
    is_kept: bool = True

    def told(self) -> str:
        rate = f"{self.pages / self.cost.wall_s:7.1f} pages/s" if self.pages else " " * 15
        verdict = f"  goal {self.goal}: {'kept' if self.is_kept else 'MISSED'}" if self.goal else ""
        return (
            f"{self.what:<46} {self.cost.wall_s:7.1f} s {rate} {self.cost.cpu_s:6.1f} s CPU "
            f"{self.cost.peak_mb:5.0f} MB{verdict}"
        )


def main(words: list[str] | None = None) -> int:
    """Measure and print; the exit code is 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.articles", description=__doc__)
    parser.add_argument("--articles", type=int, default=1000)
    parser.add_argument("--folder", type=Path, default=ROOT / ".bench" / "articles")
    given = parser.parse_args(words)
    if not PYTHON.exists():
        sys.stderr.write("Plone is not installed: run scripts/plone\n")
        return 2
    shutil.rmtree(given.folder, ignore_errors=True)
    given.folder.mkdir(parents=True)
    with plone(given.folder) as url:
        results = measured(given.folder, url, given.articles)
    for each in results:
        sys.stdout.write(each.told() + "\n")
    return 0 if all(each.is_kept for each in results) else 1


@contextmanager
def plone(folder: Path) -> Iterator[str]:
    """A Plone of its own for as long as the block lasts; the address of its site."""
    rights = ["Contributor", "Editor", "Reviewer", "Reader"]
    place = {"id": PLACE, "title": "Viden", "roles": {ACCOUNT: rights}}
    site = {
        "admin_password": PASSWORD,
        "people": [{"id": ACCOUNT, "password": PASSWORD}],
        "folders": [place, {**place, "id": "plain", "title": "Plain"}],
    }
    (folder / "site.json").write_text(json.dumps(site), encoding="utf-8")
    with (folder / "plone.log").open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [PYTHON, SERVE, folder / "plone", "--site", folder / "site.json"],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        assert process.stdout is not None
        ready = next((line for line in process.stdout if line.startswith("READY")), "")
        if not ready:
            raise SystemExit(f"Plone did not start: see {folder / 'plone.log'}")
        yield ready.split()[1]
    finally:
        process.terminate()
        process.wait(20)


def measured(folder: Path, url: str, count: int) -> list[Result]:
    """All rows, in the order in which they are done."""
    write_articles(folder / "articles", count)
    (folder / "casethread.toml").write_text(_configuration(url), encoding="utf-8")
    (folder / "journal").mkdir()
    plain = _timed(lambda: _plain(url, count), "the plain script, one writer", count)
    check = _run(folder, "check")
    first = _run(folder, "publish")
    _all_there(url, count)
    same = _run(folder, "publish")
    path = folder / "articles" / f"{article_id(count // 2)}.md"
    path.write_text(path.read_text("utf-8") + "\nNyt siden sidst: tag et foto med.\n", "utf-8")
    one = _run(folder, "publish", article_id(count // 2))
    _shows(url, article_id(count // 2), "Nyt siden sidst")
    rate = count / first.wall_s
    return [
        plain,
        Result("casethread articles check", check, count, f"{GOAL_CHECK_S} s",
               check.wall_s <= GOAL_CHECK_S * count / 1000),
        Result("casethread articles publish, the first time", first, count,
               f"{GOAL_FIRST} pages/s", rate >= GOAL_FIRST),
        Result("the same again, nothing changed", same, 0, f"{GOAL_SAME_S} s",
               same.wall_s <= GOAL_SAME_S * count / 1000),
        Result("one article changed, live", one, 0, f"{GOAL_ONE_S} s",
               one.wall_s <= GOAL_ONE_S),
    ]  # fmt: skip


def article_id(number: int) -> str:
    """Of the article of this number."""
    return f"{TOPICS[number % len(TOPICS)]}-{number}"


def write_articles(folder: Path, count: int) -> None:
    """Articles of about 2,500 characters, five sections, each linking to two others."""
    folder.mkdir(parents=True)
    rng = random.Random(7)
    for number in range(count):
        others = [article_id(rng.randrange(count)) for _ in range(2)]
        lines = [
            "---",
            f"id: {article_id(number)}",
            f"title: {TOPICS[number % len(TOPICS)].capitalize()} nr. {number}",
            "summary: Hvem det er for, hvad du skal bruge, og hvor længe det tager.",
            'language: da\nsubject: "23.05"',
            "unit: Borgerservice\nowner: bodil@nordvang.example\nreview_by: 2099-01-01",
            "---",
            "",
        ]
        for part in range(5):
            mark = " .staff" if part == 4 else ""
            lines += [f"## Afsnit {part + 1} {{#del-{part}{mark}}}", ""]
            lines += [" ".join(rng.choices(SAYING, k=6)), ""]
            if part < 2:
                lines += [f"Se også [en anden artikel](article:{others[part]}).", ""]
        path = folder / f"{article_id(number)}.md"
        path.write_text("\n".join(lines), encoding="utf-8")


def _plain(url: str, count: int) -> None:
    """What somebody would write in an afternoon."""
    rng = random.Random(7)
    with requests.Session() as session:
        session.auth, session.headers["Accept"] = (ACCOUNT, PASSWORD), "application/json"
        for number in range(count):
            text = "".join(f"<p>{' '.join(rng.choices(SAYING, k=6))}</p>" for _ in range(5))
            body = {
                "@type": "Document",
                "id": article_id(number),
                "title": f"Artikel {number}",
                "text": {"data": text, "content-type": "text/html"},
            }
            session.post(f"{url}/plain", json=body, timeout=60).raise_for_status()
            address = f"{url}/plain/{article_id(number)}/@workflow/publish"
            session.post(address, json={}, timeout=60).raise_for_status()


def _timed(work: Callable[[], None], what: str, count: int) -> Result:
    began, cpu = time.perf_counter(), time.process_time()
    work()
    took, spent = time.perf_counter() - began, time.process_time() - cpu
    return Result(what, measure.Cost(0, took, spent, 0.0), count)


def _configuration(url: str) -> str:
    return f"""
[graph]
auth = "static"
token_env = "CASETHREAD_TOKEN"
[register]
path = "journal"
[sinks.journal]
kind = "folder"
path = "journal"
[articles]
folder = "articles"
[sites.intranet]
kind = "plone"
url = "{url}"
place = "{PLACE}"
user = "{ACCOUNT}"
"""


def _run(folder: Path, *words: str) -> measure.Cost:
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "CASETHREAD_TOKEN": "none",
        "CASETHREAD_SITE_INTRANET_SECRET": PASSWORD,
    }
    command = [sys.executable, "-m", "connector.cli", "articles", *words]
    cost = measure.run(command, folder=folder, log=folder / "log.txt", env=env)
    if cost.exit_code:
        raise SystemExit(f"{' '.join(words)} ended with {cost.exit_code}: see {folder}/log.txt")
    return cost


def _asked(url: str) -> dict[str, object]:
    headers = {"Accept": "application/json"}
    answer = requests.get(url, headers=headers, auth=(ACCOUNT, PASSWORD), timeout=60)
    answer.raise_for_status()
    found: dict[str, object] = answer.json()
    return found


def _all_there(url: str, count: int) -> None:
    found = _asked(f"{url}/{PLACE}/@search?portal_type=KnowledgeArticle&b_size=1")
    if found["items_total"] != count:
        raise SystemExit(f"of {count} articles Plone has {found['items_total']}")


def _shows(url: str, article: str, words: str) -> None:
    found = _asked(f"{url}/{PLACE}/@search?article_id={article}&fullobjects=1")
    if words not in json.dumps(found):
        raise SystemExit(f"{article} does not show its change")


if __name__ == "__main__":
    sys.exit(main())
