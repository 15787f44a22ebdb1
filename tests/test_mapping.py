"""How entries read: titles, words, times, and what is said of a wrong mappings/entry.toml."""

from __future__ import annotations

import copy
import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector import defaults, mapping
from connector.defaults import defaults_dir
from connector.errors import ConfigError, Rejected
from connector.model import Call, Direction, Entry, Line, Party

CPH = mapping.find_zone("Europe/Copenhagen")
TABLE: dict[str, Any] = tomllib.loads(
    (defaults_dir() / "mappings" / "entry.toml").read_text(encoding="utf-8")
)
DA = mapping.load(TABLE, "da")
EN = mapping.load(TABLE, "en")
START = datetime(2026, 11, 20, 13, 12, tzinfo=UTC)


def entry(kind: str, **changes: Any) -> Entry:
    made = Entry(
        id="e",
        version=1,
        kind=kind,
        case_number="27.45.04-P19-12-24",
        started_at=START,
        ended_at=START + timedelta(seconds=200),
        local_day=date(2026, 11, 20),
        time_zone="Europe/Copenhagen",
        direction=Direction.INBOUND,
        duration_s=200,
    )
    return msgspec.structs.replace(made, **changes)


@pytest.mark.parametrize(
    ("kind", "danish", "english"),
    [
        (
            "call",
            "Telefonsamtale, indgående, 20-11-2026 14.12, 3 min 20 s",
            "Telephone call, inbound, 2026-11-20 14:12, 3 min 20 s",
        ),
        (
            "missed_call",
            "Ubesvaret opkald, indgående, 20-11-2026 14.12",
            "Missed call, inbound, 2026-11-20 14:12",
        ),
        (
            "voicemail",
            "Telefonsvarerbesked, 20-11-2026 14.12, 3 min 20 s",
            "Voicemail, 2026-11-20 14:12, 3 min 20 s",
        ),
        ("conversation", "Chat, 20-11-2026", "Chat, 2026-11-20"),
    ],
)
def test_titles(kind: str, danish: str, english: str):
    """A title says what, which way, when on the clocks of the place, and how long."""
    assert DA.title(entry(kind)) == danish
    assert EN.title(entry(kind)) == english


def test_titles_of_conversations_count_what_still_stands():
    """A conversation's title counts its messages; a deleted one does not count."""
    lines = tuple(Line(key=str(n), at=START, who="Bo", text="x") for n in range(3))
    deleted = msgspec.structs.replace(lines[0], deleted_at=START)

    assert DA.title(entry("conversation", lines=lines)).endswith("3 beskeder")
    assert DA.title(entry("conversation", lines=lines[:1])).endswith("1 besked")
    assert DA.title(entry("conversation", lines=(deleted, *lines[1:]))).endswith("2 beskeder")


def test_titles_of_later_versions_and_of_what_is_taken_back():
    """A correction carries its version and a void entry says so first."""
    assert DA.title(entry("call", version=2)).endswith(", udgave 2")
    assert EN.title(entry("call", version=2, is_void=True)).startswith("Taken back: ")


def test_an_unknown_direction_is_left_out():
    """What is not known does not stand in a title."""
    title = DA.title(entry("call", direction=Direction.UNKNOWN, duration_s=None))

    assert title == "Telefonsamtale, 20-11-2026 14.12"


@given(secret=st.uuids().map(str), kind=st.sampled_from(mapping.KINDS))
def test_titles_hold_nothing_of_the_content(secret: str, kind: str):
    """No text, name, number, address or case number of an entry gets into its title."""
    who = Party(name=secret, phone=secret, mail=secret, person=secret)
    made = entry(
        kind,
        text=secret,
        case_number=secret,
        linked_by=secret,
        parties=(who,),
        lines=(Line(key=secret, at=START, who=secret, text=secret),),
        call=Call(started_at=START, ended_at=START, caller=who, subject=secret),
        void_reason=secret,
    )

    assert secret not in DA.title(made)
    assert len(DA.title(made)) < 120


def test_long_times():
    """A moment reads as a Dane or an Englishman would write it, in the place's own time."""
    assert DA.long(START, CPH) == "fredag den 20. november 2026 kl. 14.12"
    assert EN.long(START, CPH) == "Friday 20 November 2026 at 14:12"
    assert DA.long(datetime(2026, 7, 1, 22, 5, tzinfo=UTC), CPH) == (
        "torsdag den 2. juli 2026 kl. 00.05"
    )


def test_the_hour_that_comes_twice_tells_which():
    """When clocks go back, 02.30 comes twice and each says its offset; other hours say none."""
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)

    assert DA.clock(first, CPH) == "02.30 (UTC+02:00)"
    assert DA.clock(first + timedelta(hours=1), CPH) == "02.30 (UTC+01:00)"
    assert DA.clock(first + timedelta(hours=2), CPH) == "03.30"
    assert DA.clock(first - timedelta(hours=1), CPH) == "01.30"


def test_the_hour_that_is_skipped_is_never_shown():
    """When clocks go forward, 01.59 is followed by 03.00, with no offset beside it."""
    before = datetime(2026, 3, 29, 0, 59, tzinfo=UTC)

    assert DA.clock(before, CPH) == "01.59"
    assert DA.clock(before + timedelta(minutes=1), CPH) == "03.00"
    assert EN.clock(before, CPH, seconds=True) == "01:59:00"


@given(
    moment=st.datetimes(
        min_value=datetime(1990, 1, 1),  # noqa: DTZ001  made aware by `timezones`
        max_value=datetime(2037, 1, 1),  # noqa: DTZ001
        timezones=st.just(UTC),
    ),
    zone=st.sampled_from(["Europe/Copenhagen", "America/Nuuk", "Atlantic/Faroe", "UTC"]),
)
def test_local_time_is_the_same_moment(moment: datetime, zone: str):
    """Local time with its offset names the very moment it came from."""
    there = mapping.local(moment, zone)
    written = f"{there:%Y-%m-%dT%H:%M:%S}{mapping.offset(moment, there.tzinfo)[3:]}"

    assert datetime.fromisoformat(written) == moment.replace(microsecond=0)


@pytest.mark.parametrize("name", ["", "Europe/Atlantis", "../../etc/passwd", "/etc/passwd", "\0"])
def test_an_unknown_zone_is_rejected(name: str):
    """A name that is no time zone is rejected by its field; no file outside is opened."""
    with pytest.raises(Rejected) as caught:
        mapping.find_zone(name)

    assert caught.value.field == "time_zone"


@pytest.mark.parametrize(
    ("seconds", "danish", "english"),
    [
        (0, "0 s", "0 s"),
        (59, "59 s", "59 s"),
        (200, "3 min 20 s", "3 min 20 s"),
        (3720, "1 t 2 min 0 s", "1 h 2 min 0 s"),
        (-5, "0 s", "0 s"),
    ],
)
def test_durations(seconds: int, danish: str, english: str):
    """Lengths of time are told in hours, minutes and seconds."""
    assert DA.duration(seconds) == danish
    assert EN.duration(seconds) == english


@pytest.mark.parametrize(
    ("size_bytes", "expected"),
    [(0, "0 B"), (999, "999 B"), (12_345, "12,3 kB"), (999_960, "1,0 MB"), (5_000_000, "5,0 MB")],
)
def test_sizes(size_bytes: int, expected: str):
    """Sizes are told in decimal units with the language's own point."""
    assert DA.size(size_bytes) == expected


def test_who_put_it_on_the_case():
    """A rule is told in words, a person by name."""
    assert DA.linked_by(entry("call", linked_by="rule phone")).startswith("automatisk: telefon")
    assert EN.linked_by(entry("call", linked_by="Kim Kladde")) == "by Kim Kladde"


def test_words_we_do_not_have_are_shown_as_they_are():
    """A role, rule or place that is new at its source is shown raw, not left out."""
    assert DA.role("observer") == "observer"
    assert DA.rule("moon") == "moon"
    assert DA.place("margin") == "margin"


def test_the_defaults_are_found_in_a_wheel_and_in_a_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A wheel has its data inside the package, a checkout beside it; without any it is broken."""
    package = tmp_path / "connector"
    package.mkdir()
    monkeypatch.setattr(defaults, "__file__", str(package / "defaults.py"))

    with pytest.raises(ConfigError, match="install the program again"):
        defaults.defaults_dir()
    (tmp_path / "mappings").mkdir()
    assert defaults.defaults_dir() == tmp_path
    (package / "_defaults" / "mappings").mkdir(parents=True)
    assert defaults.defaults_dir() == package / "_defaults"


def broken(*path: str, value: Any = None) -> dict[str, Any]:
    """The table with one value replaced, or removed when `value` is None."""
    table = copy.deepcopy(TABLE)
    place = table
    for name in path[:-1]:
        place = place[name]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return table


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (broken("texts"), "[texts] is missing"),
        (broken("texts", "facts"), "[texts] facts has no da"),
        (broken("texts", "facts", "en"), "[texts] facts has no en"),
        (broken("texts", "facts", "da", value=""), "[texts] facts has no da"),
        (broken("texts", "nonsense", value={"da": "a", "en": "b"}), "nonsense is not known"),
        (broken("texts", "many_messages", "da", value="mange"), "must hold {count}"),
        (broken("texts", "made_by", "da", value="{0.__class__}"), "a brace that means nothing"),
        (broken("texts", "correction", "en", value="{version} {version!r}"), "a brace"),
        (broken("kinds", "call", "file_da", value="../opkald"), "may hold a-z and 0-9 only"),
        (broken("kinds", "fax", value={}), "[kinds] fax is not known"),
        (broken("titles", "call"), "[titles] call has no list"),
        (broken("titles", "call", value=["kind", "text"]), '"text" is not known'),
        (broken("titles", "fax", value=["kind"]), "[titles] fax is not known"),
        (broken("titles", value=3), "[titles] is missing"),
        (broken("dates", "months", "da", value=["januar"]), "must hold 12 names"),
        (broken("dates", "weekdays", "en", value=[1] * 7), "something that is no name"),
        (broken("dates"), "[dates] is missing"),
        (broken("other", value={}), "[other] is not known"),
    ],
)
def test_a_wrong_table_is_told(table: dict[str, Any], words: str):
    """Each mistake in mappings/entry.toml is a sentence that names its place."""
    with pytest.raises(ConfigError) as caught:
        mapping.load(table, "da")

    assert any(words in problem for problem in caught.value.problems)


def test_all_mistakes_are_told_at_once():
    """An empty table and an unknown language give every problem, not the first."""
    with pytest.raises(ConfigError) as caught:
        mapping.load({"other": {}}, "sv")

    assert len(caught.value.problems) == 11


def test_both_languages_have_the_same_words():
    """Danish and English have words for the same things, and nothing is empty but a direction."""
    for one in (DA, EN):
        assert {name: set(words) for name, words in one.words.items()} == {
            name: set(words) for name, words in DA.words.items()
        }
        empty = [key for words in one.words.values() for key, text in words.items() if not text]
        assert empty == ["unknown"]
