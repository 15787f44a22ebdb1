"""The whole program against every misbehaviour of the sandbox: nothing is lost, nothing is double.

Each case reads the same small municipality with one scenario on, run after run as a schedule would,
and must end with the ledger and the journal that an undisturbed run has. What a scenario takes away
for good, or tells in other words, is written down here, one entry each; everything else is equal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from connector.ledger.people import directory
from connector.model import Entry
from connector.sandbox import ALL, Municipality, Sandbox, build, guide
from tests.kept import Kept, Key, Thing
from tests.running import NOW, Town, rounds, town

HOURS = (6.0, 24.0)  # between the syncs: a few hours later, and the next day
SIGNING_IN = {
    "token-expires",
    "token-refused",
    "secret-expired",
    "sign-in-unavailable",
    "permission-missing",
    "permission-too-much",
}
# A careful client never makes these happen; what shows that it is careful is asserted below.
NEVER_HAPPENS = {"filter-needs-both-bounds"}
# What goes wrong for the moment is mended within the run, but for these: the next one goes on.
NEXT_RUN = {
    "next-link-dies",
    "next-link-foreign",
    "next-link-laps",
    "throttled-long",
    "token-expires",
    "sign-in-unavailable",
}
# Some messages are read later than by an undisturbed run, and may have been edited by then: the
# first version was never shown to us.
READ_LATER = NEXT_RUN | {"clock-jumps", "paging-stops-at-deleted"}
CHATS = frozenset({"chats", "channels"})
ROWS = frozenset({"pstn", "direct_routing"})
TELEPHONY = ROWS | {"call_records"}
Lost = Callable[[Municipality, Key], bool]


def nothing(_town: Municipality, _key: Key) -> bool:
    return False


def of(*sources: str) -> Lost:
    return lambda _town, key: key[0] in sources


def of_first_mailbox(place: Municipality, key: Key) -> bool:
    return key[:2] == ("voicemail", place.staff[0].key)


def missed_mail(place: Municipality, key: Key) -> bool:
    """Nothing but its class tells what a notice of a missed call is."""
    return key[2] in {mail.internet_id for mail in place.mails if mail.kind == "missed"}


@dataclass(frozen=True)
class Differs:
    """What a scenario changes for good. The default: nothing."""

    lost: Lost = nothing
    versions: frozenset[str] = frozenset()  # sources that say the same in other versions
    words: Callable[[str, str], bool] | None = None  # (before, now): how a text may change
    links: Callable[[Thing], bool] | None = None  # whose links may be missing
    kinds: bool = False  # whether a call was answered may be told otherwise
    files: bool = False  # bytes of attachments are missing
    presences: bool = False  # some people are left out
    hours: tuple[float, ...] = HOURS
    troubles: Callable[[Municipality, Any], bool] | None = None  # problems that stay open
    stops: frozenset[str] = frozenset()  # sources that cannot be read at all


def of_part(source: str) -> Callable[[Municipality, Any], bool]:
    """A part of scope "part" for the first mailbox or user."""

    def is_it(place: Municipality, it: Any) -> bool:
        return (it.source, it.part, it.scope) == (source, place.staff[0].key, "part")

    return is_it


def stopped(*sources: str) -> dict[str, Any]:
    return {
        "lost": of(*sources),
        "stops": frozenset(sources),
        "troubles": lambda _town, it: it.source in sources and it.scope == "part",
    }


EVERYTHING = ("directory", "chats", "channels", "call_records", *ROWS, "voicemail", "presence")
PATIENT = (6.0, 24.0, 24.0, 24.0, 24.0)  # an attachment that is refused is tried five times
DIFFERS = {
    "message-outside-window": Differs(versions=CHATS),
    "etag-goes-back": Differs(versions=CHATS),
    "message-edited": Differs(
        versions=CHATS,
        words=lambda before, now: now.startswith(before) and now.endswith("(rettet)"),
    ),
    "message-deleted": Differs(versions=CHATS, words=lambda _before, now: now == ""),
    "unknown-enum-members": Differs(
        words=lambda before, now: (before, now) == ("membersAdded", "moodChanged")
    ),
    # What a row says is its version.
    "sentinel-dates": Differs(versions=ROWS),
    "call-id-not-unique": Differs(versions=ROWS),
    "numbers-masked": Differs(versions=ROWS, links=lambda thing: isinstance(thing, frozenset)),
    "records-partial": Differs(versions=frozenset({"call_records"})),
    "records-reversioned": Differs(versions=frozenset({"call_records"})),
    "records-without-detail": Differs(versions=frozenset({"call_records"}), kinds=True),
    "mail-class-lost": Differs(versions=frozenset({"voicemail"}), lost=missed_mail),
    "presence-missing": Differs(presences=True),
    "picture-gone": Differs(files=True),
    "chat-foreign": Differs(files=True, hours=PATIENT),
    "attachment-forbidden": Differs(files=True, hours=PATIENT),
    "broken-row": Differs(
        troubles=lambda _town, it: it.source in CHATS and it.scope == "item",
    ),
    "mailbox-forbidden": Differs(lost=of_first_mailbox, troubles=of_part("voicemail")),
    "mailbox-missing": Differs(lost=of_first_mailbox, troubles=of_part("voicemail")),
    # Every chat of theirs has another member here, who exports it.
    "chats-forbidden": Differs(troubles=of_part("chats")),
    "token-refused": Differs(**stopped(*EVERYTHING)),
    "secret-expired": Differs(**stopped(*EVERYTHING)),
    "protected-api": Differs(**stopped(*CHATS)),
    "payment-required": Differs(**stopped(*CHATS)),
    "permission-missing": Differs(**stopped("chats", *TELEPHONY)),
}


@pytest.fixture(scope="module")
def small_town() -> Municipality:
    """12 people for five days, chosen so that every scenario finds something to spoil.

    Somebody's case is spoken of on the last day, the first mailbox has a voicemail, some calls are
    missed. Its pages are short, so that there are pages to follow.
    """
    return build(seed=688, users=12, days=5, now=NOW)


@pytest.fixture(scope="module")
def calm(small_town: Municipality, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The same municipality, read without any misbehaviour."""
    with town(small_town, tmp_path_factory.mktemp("calm") / "town") as place:
        rounds(place, HOURS)
        yield place


@pytest.fixture(scope="module")
def calm_kept(calm: Town) -> Kept:
    return calm.kept()


def test_undisturbed(small_town: Municipality, calm: Town, calm_kept: Kept) -> None:
    """Undisturbed, the ledger has everything that exists, each once, and owes nothing."""
    chats = {("chats", m.thread, m.key) for m in small_town.messages}
    assert {key for key in calm_kept.keys if key[0] == "chats"} == chats
    channels = {m.key for m in small_town.channel_messages}
    assert {key[2] for key in calm_kept.keys if key[0] == "channels"} == channels
    calls = {frozenset(k[2] for k in one if k[0] == "call_records") for one in calm_kept.calls}
    assert calls == {frozenset({call.key}) for call in small_town.calls}
    voicemails = {m.internet_id for m in small_town.mails if m.kind == "voicemail"}
    assert {key[2] for key in calm_kept.voicemails} == voicemails
    assert calm_kept.people == {person.key for person in small_town.staff + small_town.shared}
    assert calm_kept.troubles == ()
    assert set(calm_kept.deliveries) == {"done"}
    assert_once(calm_kept)
    assert all(result.is_good for results in calm.results for result in results)
    for kind in ("conversation", "call", "missed_call", "voicemail"):
        assert any(entry[0] == kind for entry in calm_kept.entries), f"no {kind} to lose"


@pytest.mark.parametrize("name", ALL)
def test_scenario(
    name: str, small_town: Municipality, calm: Town, calm_kept: Kept, tmp_path: Path
) -> None:
    """The misbehaviour happens; nothing is lost, nothing is double, and what is refused is told."""
    differs = DIFFERS.get(name, Differs())
    expected = calm_kept
    if name == "paging-stops-at-deleted":
        expected = kept_of_changed_town(name, small_town, tmp_path / "calm")
    with town(small_town, tmp_path / "town", (name,), signs_in=name in SIGNING_IN) as place:
        rounds(place, differs.hours)
        kept = place.kept()
        if name in MORE:
            MORE[name](place, kept)

    assert (place.watch.happened[name] > 0) == (name not in NEVER_HAPPENS)
    assert_once(kept)
    assert_same(small_town, expected, kept, differs, is_late=name in READ_LATER)
    assert_told(small_town, place, kept, differs)
    assert_bounded(calm, place)
    assert place.hosts <= {"127.0.0.1", "localhost"}, "a token went to another host"


def kept_of_changed_town(name: str, place: Municipality, folder: Path) -> Kept:
    """Of a scenario that changes what there is: the changed municipality, served without lies."""

    def behave(sandbox: Sandbox) -> None:
        sandbox.active = ()

    with town(place, folder, (name,), prepare=behave) as calm:
        rounds(calm, HOURS)
        return calm.kept()


def assert_once(kept: Kept) -> None:
    """Nothing is there twice: item, call, entry, delivery, entry in the journal's folder."""
    for counted in (kept.versions, kept.calls, kept.entries, kept.owed, kept.journal):
        assert [one for one, times in counted.items() if times > 1] == []
    assert frozenset() not in kept.calls, "a call without a sighting"
    for entry in kept.contents.values():
        assert len({line.key for line in entry.lines}) == len(entry.lines)
    assert kept.journal == kept.owed, "what is delivered is what the journal has"
    assert set(kept.deliveries) <= {"done"}


def assert_same(
    place: Municipality, calm: Kept, kept: Kept, differs: Differs, *, is_late: bool
) -> None:
    """But for what the scenario changes for good, both hold the same."""
    lost = {key for key in calm.keys if differs.lost(place, key)}
    assert kept.keys == calm.keys - lost
    assert_same_versions(calm, kept, lost, differs, is_late=is_late)
    assert_same_texts(calm, kept, differs)

    def left(thing: Thing) -> Thing:
        return thing - lost if isinstance(thing, frozenset) else thing

    calls = {left(call) for call in calm.calls} - {frozenset()}
    assert set(kept.calls) == calls
    whole = {call for call in calm.calls if not call & lost}
    if not differs.kinds:
        assert {call: kept.kinds[call] for call in whole} == {c: calm.kinds[c] for c in whole}
    expected = {key: left(call) for key, call in calm.voicemails.items() if key not in lost}
    assert kept.voicemails == expected
    assert_same_links(calm, kept, lost, left, differs)
    assert_same_words_journaled(calm, kept, lost, is_late=is_late)
    if differs == Differs(hours=differs.hours) and not is_late:
        now = {name: matter(entry) for name, entry in kept.contents.items()}
        assert now == {name: matter(entry) for name, entry in calm.contents.items()}
    if not differs.files:
        assert set(kept.files) == {one for one in calm.files if one[0] not in lost}
    if not differs.stops:
        assert kept.people == calm.people
    if not differs.presences and "presence" not in differs.stops:
        assert kept.presences == calm.presences


def assert_same_versions(
    calm: Kept, kept: Kept, lost: set[Key], differs: Differs, *, is_late: bool
) -> None:
    """No version is missing and none was made up."""
    same = {v for v in calm.versions if v[0] not in differs.versions and v[:3] not in lost}
    if is_late:
        newest = {v[:3]: max(w[3] for w in same if w[:3] == v[:3]) for v in same}
        same -= {v for v in same - set(kept.versions) if v[3] != newest[v[:3]]}
    assert {v for v in kept.versions if v[0] not in differs.versions} == same


def assert_same_texts(calm: Kept, kept: Kept, differs: Differs) -> None:
    """The current words are the same, or changed as the scenario changes them; old ones stay."""
    changed = 0
    for key, (subject, text, is_deleted) in kept.texts.items():
        before = calm.texts[key]
        if (subject, text, is_deleted) == before:
            continue
        assert differs.words, f"{key}: {before} became {(subject, text, is_deleted)}"
        assert differs.words(before[1], text)
        assert key[0] != "chats" or before[1] in kept.spoken[key] | {"membersAdded"}
        changed += 1
    assert bool(changed) == bool(differs.words)


def assert_same_links(
    calm: Kept, kept: Kept, lost: set[Key], left: Callable[[Thing], Thing], differs: Differs
) -> None:
    """The same things stand on the same cases, and the same entries are in the journal."""
    gone: set[Any] = {*lost, frozenset()}
    wanted = {left(thing): link for thing, link in calm.links.items() if left(thing) not in gone}
    missing = {thing: link for thing, link in wanted.items() if kept.links.get(thing) != link}
    if differs.links is None:
        assert missing == {}
        assert set(kept.links) == set(wanted)
    else:
        assert missing, "the scenario took no link away"
        assert [thing for thing in missing if not differs.links(thing)] == []
        assert set(kept.links) <= set(wanted)
    # Less evidence may still lead there by another rule, never to another case.
    still = {thing for thing in missing if kept.links.get(thing, ("",))[0] == "linked"}
    assert all(kept.links[thing][1] == missing[thing][1] for thing in still)
    off = gone | (missing.keys() - still)
    entries = {
        (case, day, left(thing))
        for _, case, day, thing in calm.entries
        if left(thing) not in off and not is_thread_of(thing, lost)
    }
    assert {entry[1:] for entry in kept.entries} == entries


def assert_same_words_journaled(calm: Kept, kept: Kept, lost: set[Key], *, is_late: bool) -> None:
    """Every text that an undisturbed entry shows stands there still, now or as an earlier one."""
    said = {key[2]: texts for key, texts in kept.spoken.items()}
    for name, entry in kept.contents.items():
        before = {line.key: line.text for line in calm.contents[name].lines} if not lost else {}
        now = {line.key: (line.text, *line.earlier) for line in entry.lines}
        gone = [(key, text) for key, text in before.items() if text not in now.get(key, ())]
        assert [text for key, text in gone if text in said[key] or not is_late] == []


def is_thread_of(thing: Thing, lost: set[Key]) -> bool:
    """A conversation, all of which was lost."""
    return isinstance(thing, tuple) and len(thing) == 2 and any(k[:2] == thing for k in lost)


def matter(entry: Entry) -> tuple[object, ...]:
    """What an entry tells, without what depends on when it was written and under which names."""
    lines = [(line.key, line.at, line.text, line.earlier) for line in entry.lines]
    files = sorted((file.name, file.sha256) for file in entry.files)
    call = entry.call and (entry.call.started_at, entry.call.is_answered)
    return (entry.kind, lines, entry.text, files, call, sorted(entry.missing))


def assert_told(place: Municipality, ran: Town, kept: Kept, differs: Differs) -> None:
    """What stays refused is an open problem in words, its cursor stays; nothing else is open."""
    for trouble in kept.troubles:
        assert differs.troubles, f"still open: {trouble}"
        assert differs.troubles(place, trouble), f"still open: {trouble}"
        assert len(trouble.reason) > 20
        if trouble.scope == "part":
            assert (trouble.source, trouble.part) not in kept.cursors
    if differs.troubles:
        assert kept.troubles
    for source in differs.stops:
        assert not [part for part in kept.cursors if part[0] == source]
        runs = [r for results in ran.results for r in results if r.job == source]
        assert all(run.outcome in ("failed", "partly") or not run.counts["parts"] for run in runs)
    is_late = bool(NEXT_RUN & set(ran.server.sandbox.scenario))
    for results in ran.results[-1:] if is_late else ran.results:
        for result in results:
            text = f"{result.job}: {result.outcome} {result.problems} {result.counts}"
            assert result.is_good or differs.troubles, text


def assert_bounded(calm: Town, ran: Town) -> None:
    """No request is asked for ever: six attempts each, and not three times as many in all."""
    for asked in ran.asked:
        often = Counter(line for line in asked if "/oauth2/" not in line)
        assert not often or often.most_common(1)[0][1] <= 8, often.most_common(2)
    assert max(ran.requests) <= 3 * max(calm.requests)


# --- what else a scenario must show ---------------------------------------------------------------


def told(place: Town) -> list[str]:
    """Everything that the jobs said."""
    return [problem for run in place.results for result in run for problem in result.problems]


def both_bounds(place: Town, _kept: Kept) -> None:
    """Every first page of messages is asked for with a beginning and an end."""
    asked = [unquote(line) for lines in place.asked for line in lines if "getAllMessages" in line]
    first = [line for line in asked if "$skiptoken" not in line]
    assert first
    assert all(" gt " in line and " lt " in line for line in first)


def no_fifth(place: Town, _kept: Kept) -> None:
    """No mailbox is asked five things at once."""
    counts = place.server.sandbox.memory.counts
    assert any("inflight" in key for key in counts)
    assert place.watch.statuses[200]
    assert not place.watch.statuses[429]


def too_much(place: Town, _kept: Kept) -> None:
    """`check` names what is granted beyond need, and what to do about it."""
    findings = place.program.source("chats").check()
    assert [f for f in findings if f.level == "warning" and "Chat.ReadWrite.All" in f.what + f.fix]


def missing_files(_place: Town, kept: Kept) -> None:
    """What cannot be fetched is recorded as missing, and the entry says so."""
    assert [one for one in kept.files if one[2] == "missing"]
    assert not [one for one in kept.files if one[2] == "waiting"]
    entries = kept.contents.values()
    assert [e for e in entries if e.missing or any(not f.sha256 for f in e.files)]


def foreign_host(place: Town, _kept: Kept) -> None:
    """A next link to another host is told in the run that met it."""
    assert [text for text in told(place) if "another host" in text]


def removed(place: Town, kept: Kept) -> None:
    """Who was removed stays known by id: what they said is still theirs."""
    gone = place.server.sandbox.municipality.staff[0].key
    assert gone in kept.people
    assert next(p for p in directory(place.program.ledger) if p.id == gone).is_removed


def renamed(place: Town, _kept: Kept) -> None:
    """The new name is known; the person is the same."""
    who = place.server.sandbox.municipality.staff[0].key
    person = next(p for p in directory(place.program.ledger) if p.id == who)
    assert person.upn.startswith("nyt.navn@")


def head_alone(_place: Town, kept: Kept) -> None:
    """That there was a call is kept, and that its record was not there."""
    records = [version for version in kept.versions if version[0] == "call_records"]
    assert [version for version in records if version[3].endswith("-head")]
    assert [version for version in records if not version[3].endswith("-head")]


def waits(at_least_s: float, at_most_s: float = 60) -> Callable[[Town, Kept], None]:
    """As long as the server asks, and no longer."""

    def more(place: Town, _kept: Kept) -> None:
        assert at_least_s <= place.clock.slept_s <= at_most_s

    return more


def asks_again_after(seconds: float) -> Callable[[Town, Kept], None]:
    """Each of four requests told to wait comes again, and no earlier than it was told.

    Readers who are told so at the same moment wait together: the sum of their waits says nothing.
    """

    def more(place: Town, _kept: Kept) -> None:
        asked = place.watch.asked
        told = [at for at, each in enumerate(asked) if each.status == 429]
        assert len(told) == 4
        for at in told:
            first = asked[at]
            later = [each for each in asked[at + 1 :] if each[:2] == first[:2]]
            assert later, f"{first.target} was not asked for again"
            assert later[0].at_s >= first.at_s + seconds

    return more


def edits_shown(_place: Town, kept: Kept) -> None:
    """An entry in the journal shows the new words, the old ones and when they changed."""
    lines = [line for entry in kept.contents.values() for line in entry.lines]
    assert [line for line in lines if line.edited_at and line.text.endswith("(rettet)")]


def deletions_shown(_place: Town, kept: Kept) -> None:
    """An entry in the journal keeps the words and shows that and when they were deleted."""
    lines = [line for entry in kept.contents.values() for line in entry.lines if line.deleted_at]
    assert [line for line in lines if line.text]
    assert [line for line in lines if line.earlier and not line.text] == []


def says(words: str) -> Callable[[Town, Kept], None]:
    """Somebody is told what to do."""

    def more(place: Town, kept: Kept) -> None:
        assert [text for text in told(place) if words in text]
        assert [trouble for trouble in kept.troubles if words in trouble.reason]

    return more


MORE: dict[str, Callable[[Town, Kept], None]] = {
    "filter-needs-both-bounds": both_bounds,
    "mailbox-concurrency": no_fifth,
    "permission-too-much": too_much,
    "message-edited": edits_shown,
    "message-deleted": deletions_shown,
    "throttled": asks_again_after(1),
    "throttled-always-one": asks_again_after(1),
    "throttled-until": waits(1),
    "throttled-long": waits(0),
    "chat-foreign": missing_files,
    "picture-gone": missing_files,
    "attachment-forbidden": missing_files,
    "next-link-foreign": foreign_host,
    "user-removed": removed,
    "user-renamed": renamed,
    "records-without-detail": head_alone,
    "secret-expired": says("client secret has expired"),
    "token-refused": says("sign-in is not accepted"),
    "protected-api": says("Microsoft must approve"),
    "payment-required": says("payment"),
    "permission-missing": says("Chat.Read.All"),
}


# --- the truth ------------------------------------------------------------------------------------


def test_truth(tmp_path: Path) -> None:
    """No number written and no telephone number leads to a wrong case; threads seldom do."""
    place = build(seed=1, users=60, days=7, now=NOW)
    with town(place, tmp_path / "town") as ran:
        ran.sync()
        kept = ran.kept()

    right = truth(place, kept)
    score: dict[str, Counter[bool]] = {}
    for thing, (state, case, rule) in kept.links.items():
        if state == "linked":
            score.setdefault(rule, Counter())[right[thing] == case] += 1
    precision = {rule: round(c[True] / c.total(), 3) for rule, c in score.items()}
    found = {thing for thing, link in kept.links.items() if link[1] and link[1] == right[thing]}
    recall = {}
    for kind in ("message", "call", "voicemail"):
        wanted = {thing for thing, case in right.items() if case and kind == kind_of(thing)}
        recall[kind] = round(len(wanted & found) / len(wanted), 3)
    message = f"precision {precision}, recall {recall}, counts {score}"
    assert precision["number"] == 1, message
    assert precision["phone"] == 1, message
    assert precision["thread"] > 0.9, message
    assert recall["message"] > 0.7, message
    assert recall["call"] > 0.9, message
    assert recall["voicemail"] > 0.8, message


def kind_of(thing: Any) -> str:
    if isinstance(thing, frozenset):
        return "call"
    return "voicemail" if thing[0] == "voicemail" else "message"


def truth(place: Municipality, kept: Kept) -> dict[Any, str | None]:
    """The right case, or None, of everything that can be linked."""
    by_name: dict[tuple[str, ...], str | None] = {}
    for row in place.truth():
        if row["kind"] in ("message", "event"):
            is_chat = row["source"] == "teams.chats"
            by_name["message", row["thread"] if is_chat else "", row["key"]] = row["case"]
        elif "record" in row:
            by_name["call", row["record"]] = row["case"]
        else:
            by_name["mail", row["key"]] = row["case"]
    right: dict[Any, str | None] = {}
    for source, thread, key in kept.texts:
        if source in CHATS:
            within = thread if source == "chats" else ""
            right[source, thread, key] = by_name["message", within, key]
    for mail in kept.voicemails:
        right[mail] = by_name["mail", mail[2]]
    for call in kept.calls:
        (record,) = [key for source, _, key in call if source == "call_records"]
        right[call] = by_name["call", record]
    return right


def test_every_scenario_names_its_test() -> None:
    """docs/scenarios.md says for each scenario where it was seen and which test holds it."""
    page = guide.page()
    for name, scenario in ALL.items():
        assert f"`test_scenario[{name}]`" in page
        assert scenario.issue in page
    assert DIFFERS.keys() | MORE.keys() | NEVER_HAPPENS | NEXT_RUN | SIGNING_IN <= ALL.keys()
