"""The real process is killed again and again; afterwards nothing is missing and nothing is double.

`casethread sync` runs as a child of this test against the sandbox. It is killed with SIGKILL, its
whole process group, at random moments; the next run finds what is there. When a run at last ends by
itself, ledger and journal must be those of a run that was never disturbed.

Run it with its story: `pytest tests/test_kill.py -s`. KILL_SEED=n tries other moments.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector.journals.folder import FolderJournal
from connector.journals.folder.sidecar import Sidecar
from connector.sandbox import Server, serve
from tests import killing
from tests.killing import Counting, Picture, Site, Story, matter, picture

pytestmark = pytest.mark.crash

KILLS = 25
MOST_LIVES = 90
PHASES = {"chats", "voicemail", "attachments", "deliver"}  # each must be died in
SEED = int(os.environ.get("KILL_SEED", "20261121"))
NewUrl = Callable[[Path], str]


@dataclass(frozen=True)
class Undisturbed:
    """What a run that nobody killed left, and how long it took."""

    picture: Picture
    journal: dict[str, object]  # newest matter of each entry
    seconds: float
    rows: int


@dataclass(frozen=True)
class Town:
    """The municipality all ledgers read."""

    server: Server
    sandbox: Counting


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    """A municipality whose clock stands still."""
    now = datetime.now(UTC)
    sandbox = Counting(killing.town(), static_token=killing.TOKEN, clock=lambda: now)
    with serve(sandbox) as server:
        yield Town(server, sandbox)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def new_url(request: pytest.FixtureRequest) -> Iterator[NewUrl]:
    """Gives the address of a new, empty ledger each time it is asked."""
    if request.param == "sqlite":
        yield lambda folder: f"sqlite:///{folder / 'casethread.db'}"
        return
    import psycopg

    server_url = request.getfixturevalue("postgres")
    made: list[str] = []
    with psycopg.connect(server_url, autocommit=True) as connection:

        def create(folder: Path) -> str:
            made.append(f"kill_{os.getpid()}_{len(made)}")
            connection.execute(f'CREATE DATABASE "{made[-1]}"')
            url = str(server_url).replace("/postgres?", f"/{made[-1]}?")
            return url.replace(":@", "@")  # the program refuses a password here, an empty one too

        yield create
        for name in made:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_kill(town: Town, new_url: NewUrl, tmp_path: Path) -> None:
    """After 25 kills at random moments, ledger and journal are those of an undisturbed run."""
    began = time.monotonic()
    rng = random.Random(SEED)
    story = Story(seed=SEED)
    calm = _undisturbed(_new_site(tmp_path / "calm", new_url, town), town)
    try:
        while not _is_enough(story):
            site = _new_site(tmp_path / f"round-{story.rounds}", new_url, town)
            _round(site, rng, calm, story, town)
            assert story.lives < MOST_LIVES, "too few runs live long enough to be killed"
    except AssertionError as error:
        error.add_note(f"{story}\nledger: {site.url}")
        raise
    story.seconds = time.monotonic() - began
    name = site.url.partition(":")[0]
    print(f"\n{name}, {calm.seconds:.1f} s undisturbed; {story}")  # noqa: T201  shown with -s


def _new_site(folder: Path, new_url: NewUrl, town: Town) -> Site:
    return Site(folder, new_url(folder)).configure(town.server)


def _undisturbed(site: Site, town: Town) -> Undisturbed:
    before = town.sandbox.rows
    seconds = site.finish()
    rows = town.sandbox.rows - before
    calm = picture(site.url)
    assert calm.entries
    assert {"kept"} <= {state for _, state, _ in calm.attachments.values()}
    _check_journal(site, calm)
    return Undisturbed(calm, _newest(site), seconds, rows)


def _round(site: Site, rng: random.Random, calm: Undisturbed, story: Story, town: Town) -> None:
    """One ledger: lives that end in a kill, and at last one that ends by itself."""
    before = town.sandbox.rows
    seen: dict[str, str] = {}
    story.rounds += 1
    is_first, is_over = True, False
    while not is_over and not _is_enough(story):
        story.lives += 1
        missing = PHASES - set(story.phases)
        whole_s = (
            story.pace * calm.seconds * (1 if is_first else 0.6)
        )  # a later life has less to do
        is_partial = is_first and story.rounds == 1
        moment, jobs = killing.next_life(rng, whole_s, missing, is_partial=is_partial)
        is_first = False
        child = site.start(*jobs)
        try:
            moment.wait(site, town.sandbox, child)
        finally:
            was_alive = killing.kill(child)
        if was_alive:
            story.pace = min(1.0, 1.1 * story.pace)
            _after_death(site, child.pid, story, seen)
            continue
        assert child.returncode == 0, f"exit code {child.returncode}: {site.told()}"
        story.pace = max(0.3, 0.75 * story.pace)
        is_over = not jobs
    if not is_over:
        site.finish()
    story.rows_again += max(0, town.sandbox.rows - before - calm.rows)
    _compare(site, calm, story)
    assert seen.items() <= killing.hashes(site.journal).items()


def _is_enough(story: Story) -> bool:
    return story.kills >= KILLS and set(story.phases) >= PHASES


def _after_death(site: Site, pid: int, story: Story, seen: dict[str, str]) -> None:
    """Whatever the moment: what is visible is whole, and what the ledger says is done is there."""
    story.kills += 1
    found = killing.death(site.url, pid, site.folder / "copy")
    story.phases.update(found.jobs or ("start-up or between two jobs",))
    visible = killing.hashes(site.journal)
    story.on_the_way += len(found.sending)
    story.arrived += len(found.sending & set(visible))
    assert found.done <= set(visible)
    assert set(visible) <= found.done | found.sending
    assert seen.items() <= visible.items(), "an entry in the journal was written again"
    seen.update(visible)
    left = list(killing.strays(site.journal))
    story.in_pieces += bool(left)
    assert not [path for path in left if killing.is_cut(path)]
    assert killing.spool_is_whole(site.folder / "spool")


def _compare(site: Site, calm: Undisturbed, story: Story) -> None:
    """Nothing lost, nothing double."""
    got, want = picture(site.url), calm.picture
    assert got.items == want.items
    assert got.calls == want.calls
    assert got.links == want.links
    assert got.attachments == want.attachments
    assert got.problems == want.problems
    assert set(got.entries) == set(want.entries)
    for name, entry in want.entries.items():
        assert matter(got.entries[name]) == matter(entry)
    _check_journal(site, got)
    assert _newest(site) == calm.journal
    if site.url.startswith("sqlite"):
        assert killing.sqlite_is_sound(site.url)
    story.versions += got.versions - want.versions


def _check_journal(site: Site, got: Picture) -> None:
    """The journal holds exactly the entries the ledger has receipts of, each once and whole."""
    assert {state for state, _ in got.deliveries.values()} == {"done"}
    assert len(got.deliveries) == got.versions
    assert set(got.journaled) == {f"delivery {key}" for key in got.deliveries}
    assert set(got.journaled.values()) == {1}
    visible = killing.visible_entries(site.journal)
    assert set(visible) == set(got.deliveries)
    for key, (_, receipt) in got.deliveries.items():
        assert receipt is not None
        assert receipt.sha256 == killing.sha256(visible[key][1])
        assert (site.journal / receipt.target).is_file()
    assert list(killing.strays(site.journal)) == []
    assert [each.level for each in FolderJournal(site.journal).check()] == ["ok"]
    assert not [path for path in site.journal.rglob(".*") if path.name != ".gitignore"]
    assert killing.spool_is_whole(site.folder / "spool")


def _newest(site: Site) -> dict[str, object]:
    """The newest version of each entry as the folder has it."""
    newest: dict[str, Sidecar] = {}
    for sidecar, _ in killing.visible_entries(site.journal).values():
        other = newest.get(sidecar.entry.id)
        if other is None or other.entry.version < sidecar.entry.version:
            newest[sidecar.entry.id] = sidecar
    return {
        name: (matter(each.entry), sorted(file.sha256 for file in each.files))
        for name, each in newest.items()
    }
