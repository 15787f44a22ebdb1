"""The sandbox's articles: enough of them, whole, and the same picture in every year."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from connector.sandbox import people, words
from connector.sandbox.article_files import AUTHORED, moved, write_articles
from connector.sandbox.world import Draw

LEFT = "merete.sandholt@nordvang.example"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("articles")
    write_articles(made, AUTHORED)
    return made


def texts(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in folder.glob("*/*.md")
    }


def field(text: str, name: str) -> str:
    found = re.search(rf"^{name}: \"?(.*?)\"?$", text.partition("\n---\n")[0], re.MULTILINE)
    return found[1] if found else ""


def test_forty_and_more(folder: Path) -> None:
    """There are at least 44 articles, and Nordvang's own text lies over some of the shared ones."""
    ids = [field(text, "id") for text in texts(folder).values() if field(text, "id")]
    overlays = [field(text, "overlays") for text in texts(folder).values()]

    assert len(ids) >= 44
    assert len(set(ids)) == len(ids)
    assert {each for each in overlays if each} <= set(ids)
    assert len(list((folder / "local" / ".base").glob("*.md"))) == len(
        [each for each in overlays if each]
    )


def test_links_lead_somewhere(folder: Path) -> None:
    """Every link between articles names one that is there, and every image has its file."""
    known = {field(text, "id") for text in texts(folder).values()}
    for name, text in texts(folder).items():
        assert set(re.findall(r"\]\(article:([a-z0-9-]+)", text)) <= known, name
        for alt, image in re.findall(r"!\[(.*?)\]\((.*?)\)", text):
            assert alt, name
            assert ((folder / name).parent / image).is_file(), name


def test_owners_work_here(folder: Path) -> None:
    """Owners are employees of a sandbox of any size above twenty, but for one who has left."""
    now = datetime(2026, 11, 22, tzinfo=UTC)
    here = {p.upn: p.department for p in people.staff(Draw(1, "staff", now, now), 20)}
    gone = set()
    for text in texts(folder).values():
        owner, unit = field(text, "owner"), field(text, "unit")
        if owner == LEFT:
            gone.add(field(text, "id"))
        else:
            assert here[owner] == unit

    assert gone == {"hundeskov"}


def test_subjects_people_call_about(folder: Path) -> None:
    """Some subjects of the cases have an article, and some have none: there is work to propose."""
    ours = {field(text, "subject") for text in texts(folder).values()}
    asked = {subject for subject, _facet, _unit, _title in words.KLE}

    assert len(asked & ours) >= 10
    assert asked - ours


def test_dates_move_with_the_day(tmp_path: Path, folder: Path) -> None:
    """A year on, as many review dates are past as on the day that they were written for."""
    later = AUTHORED + timedelta(days=400)
    write_articles(tmp_path, later)

    def overdue(where: Path, today: date) -> set[str]:
        return {
            name
            for name, text in texts(where).items()
            if date.fromisoformat(field(text, "review_by")) < today
        }

    assert overdue(tmp_path, later) == overdue(folder, AUTHORED)
    assert len(overdue(folder, AUTHORED)) == 4


def test_dates_in_the_text_stay() -> None:
    """Only the front matter's dates move."""
    text = "---\nreview_by: 2026-12-01\n---\n\nreview_by: 2026-12-01\n"

    assert moved(text, timedelta(days=1)) == text.replace("12-01", "12-02", 1)
