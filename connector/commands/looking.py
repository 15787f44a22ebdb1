"""`status`, `history`, `explain`, `search`: what the ledger knows, without changing it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from connector import locale, screen
from connector.commands import FAILED, Session, tell
from connector.errors import ConfigError

if TYPE_CHECKING:
    from connector.ledger.history import Communication
    from connector.ledger.views import Status
    from connector.model import Case

JsonOption = Annotated[bool, typer.Option("--json", help="As JSON, for a program.")]


def say_json(value: object) -> None:
    """A value as indented JSON on standard output."""
    for line in msgspec.json.format(msgspec.json.encode(value), indent=2).decode().split("\n"):
        screen.say(line)


def local(session: Session, moment: datetime | int) -> str:
    """A time as the municipality's clock shows it; in the hour that comes twice with its offset."""
    from connector.mapping import is_shown_twice, offset

    if isinstance(moment, int):
        moment = datetime.fromtimestamp(moment / 1000, tz=UTC)
    zone = session.program.zone
    there = moment.astimezone(zone)
    told = f" ({offset(moment, zone)})" if is_shown_twice(there) else ""
    return f"{there:%Y-%m-%d %H:%M}{told}"


def age(session: Session, since: int, now: int) -> str:
    """How long ago, in the largest unit that says it."""
    minutes = max(0, now - since) // 60_000
    if minutes < 120:
        return session.text("age.minutes", count=minutes)
    if minutes < 48 * 60:
        return session.text("age.hours", count=minutes // 60)
    return session.text("age.days", count=minutes // 1440)


def status(
    ctx: typer.Context,
    as_json: JsonOption = False,
    limit: Annotated[int, typer.Option(help="At most so many lines in each list.", min=1)] = 20,
) -> None:
    """Show each job's last run, what waits for a person, and what could not be journaled.

    \b
    Examples:
      casethread status
      casethread status --json --limit 1000
    """
    from connector.ledger import views

    session: Session = ctx.obj
    found = views.status(session.program.ledger, limit=limit)
    if as_json:
        say_json(found)
        return
    for line in _status_head(session, found):
        screen.say(line)
    _tell_jobs(session, found)
    _tell_deliveries(session, found)
    _tell_waiting(session, found)
    _tell_problems(session, found)


def _status_head(session: Session, found: Status) -> Iterator[str]:
    if found.newest_at is None:
        yield session.text("status.nothing")
    else:
        newest, old = local(session, found.newest_at), age(session, found.newest_at, found.at)
        yield session.text("status.newest", at=newest, age=old)
    yield session.text("status.cases", count=found.cases)
    if found.backlog.owed:
        yield session.text("status.owed", count=found.backlog.owed)


def _tell_jobs(session: Session, found: Status) -> None:
    rows = []
    for each in found.jobs:
        did = each.reason
        if each.outcome == "running":
            did = session.text("status.running_on", host=each.host, pid=each.pid)
        elif not did:
            did = screen.did(each.job, each.counts, session.language)
        started = f"{local(session, each.started_at)} ({age(session, each.started_at, found.at)})"
        outcome = session.text(f"outcome.{each.outcome}")
        rows.append((screen.label(each.job, session.language), started, outcome, did))
    if rows:
        screen.say()
        columns = ("status.job", "status.when", "status.outcome", "status.did")
        screen.table([session.text(name) for name in columns], rows)


def _tell_deliveries(session: Session, found: Status) -> None:
    rows = [
        (sink, session.text(f"delivery.{state}"), str(count))
        for sink, states in found.deliveries.items()
        for state, count in states.items()
    ]
    if rows:
        screen.say()
        columns = ("status.sink", "status.state", "status.count")
        screen.table([session.text(name) for name in columns], rows)
    for outage in found.outages:
        screen.say()
        since, old = local(session, outage.since), age(session, outage.since, found.at)
        waiting = found.deliveries.get(outage.sink, {}).get("waiting", 0)
        values = {"sink": outage.sink, "since": since, "age": old, "count": waiting}
        screen.say(session.text("status.outage", **values))
        screen.say(f"  {outage.reason}")
    if not found.troubles:
        return
    screen.say()
    screen.say(session.text("status.trouble"))
    for each in found.troubles:
        kind, state = session.text(f"item.{each.kind}"), session.text(f"delivery.{each.state}")
        old = age(session, each.since, found.at)
        screen.say(f"  {each.case_number}  {kind}  {state}  {old}  {each.reason}")
        how = "status.fix_unsure" if each.state == "unsure" else "status.fix_failed"
        screen.say(f"    {session.text(how, delivery=each.key, sink=each.sink)}")


def _tell_waiting(session: Session, found: Status) -> None:
    if found.oldest_waiting_at is None:
        return
    old = age(session, found.oldest_waiting_at, found.at)
    screen.say()
    screen.say(session.text("status.waiting_title", count=found.backlog.waiting, age=old))
    rows = [
        (
            str(each.item),
            session.text(f"item.{each.kind}"),
            local(session, each.sent_at),
            _few(each.cases),
            reason(session, each.rule, each.reason),
        )
        for each in found.waiting
    ]
    columns = ("status.item", "status.kind", "status.sent", "status.case", "status.why")
    screen.table([session.text(name) for name in columns], rows)
    screen.say(session.text("status.link_how"))


def _few(cases: tuple[str, ...], most: int = 3) -> str:
    return ", ".join(cases[:most]) + (", …" if len(cases) > most else "")


def reason(session: Session, rule: str, kept: str, case: str = "") -> str:
    """A decision's reason in the session's language; a person's own words stay as they are."""
    from connector.linking.reasons import reason_text
    from connector.model import Decision, LinkState

    decision = Decision(state=LinkState.WAITING, case_number=case, rule=rule, reason=kept)
    return reason_text(decision, session.language)


def _tell_problems(session: Session, found: Status) -> None:
    if not found.problems:
        return
    screen.say()
    screen.say(session.text("status.problems", count=found.backlog.problems))
    for each in found.problems:
        where = " ".join(filter(None, (each.source, each.part, each.key)))
        screen.say(f"  {where}: {each.reason} ({each.times}, {local(session, each.last_at)})")


def history(
    ctx: typer.Context,
    case: Annotated[str, typer.Argument(metavar="CASE", help="A case number, as you write it.")],
    as_json: JsonOption = False,
) -> None:
    """Show all that was said on a case, in order of time, and where it is journaled.

    \b
    Example:
      casethread history 27.45.04-P19-123-26
    """
    show_history(ctx.obj, case, as_json=as_json)


def show_history(session: Session, case: str, *, as_json: bool = False) -> None:
    """The history of a case on standard output; ends the command when nobody knows the case."""
    from connector.ledger.history import history as read_history
    from connector.ledger.people import directory
    from connector.ledger.register import find_case

    program = session.program
    names = {each.id: each.name for each in directory(program.ledger)}
    with program.ledger.read() as connection:
        known = find_case(connection, case, program.scanner)
        number = known.number if known is not None else case.strip()
        found = read_history(connection, number, program.zone, names)
    if known is None and not found:
        tell(session.text("history.unknown", case=case))
        raise typer.Exit(FAILED)
    if as_json:
        say_json({"case": known or {"number": number}, "communications": found})
        return
    screen.say(_case_title(session, known, number))
    screen.say(session.text("history.count", count=sum(each.about is None for each in found)))
    before = None
    for each in found:
        screen.say()
        for line in communication_lines(session, each, before):
            screen.say(line)
        before = each


def _case_title(session: Session, known: Case | None, number: str) -> str:
    title = session.text("history.title", case=number)
    if known is None:
        return title
    state = session.text("history.open" if known.is_open else "history.closed")
    return f"{title} ({state}): {known.title}"


def communication_lines(
    session: Session, each: Communication, previous: Communication | None = None
) -> Iterator[str]:
    """One communication for people: when, what, who, what was said, why here, where journaled.

    Where a conversation is journaled stands after its first message only.
    """
    kind = session.text(f"item.{each.kind}")
    head = [local(session, each.at), kind]
    if each.direction != "unknown":
        head.append(session.text(f"direction.{each.direction}"))
    if each.duration_s is not None:
        head.append(f"{each.duration_s // 60}:{each.duration_s % 60:02d}")
    people = " → ".join(filter(None, (each.who, ", ".join(each.others))))
    yield "  ".join(filter(None, [*head, people, f"[{each.item}]"]))
    if each.is_erased:
        yield f"    {session.text('history.erased')}"
    if each.about is not None:
        yield f"    {session.text('history.about', item=each.about)}"
    for line in filter(None, (each.subject, *each.text.splitlines())):
        yield f"    {line}"
    yield from _edits(session, each)
    if each.deleted_at is not None:
        yield f"    {session.text('history.deleted', at=local(session, each.deleted_at))}"
    for name in each.files:
        yield f"    {session.text('history.file', name=name, note='')}".rstrip()
    yield f"    {session.text('history.linked_by', by=_by(session, each))}"
    if previous is None or not each.journaled or previous.journaled != each.journaled:
        yield from journaled_lines(session, each.journaled)


def _edits(session: Session, each: Communication) -> Iterator[str]:
    if each.unread_edit_at is not None:
        moment = local(session, each.unread_edit_at)
        yield f"    {session.text('history.edited_unread', at=moment)}"
    for version in each.earlier:
        moment = local(session, version.edited_at)
        words = " ".join(version.text.split())
        yield f"    {session.text('history.edited', at=moment, text=words)}"


def _by(session: Session, each: Communication) -> str:
    """The person who linked it, or the rule and how sure it is."""
    if each.rule == "person":
        return each.actor
    return f"{rule_name(session, each.rule)} {each.confidence} %"


def rule_name(session: Session, rule: str) -> str:
    """What people call a rule of the linker; its own name when there is no word for it."""
    key = f"rule.{rule}"
    return session.text(key) if key in locale.texts(session.language) else rule


def journaled_lines(session: Session, places: tuple[Any, ...]) -> Iterator[str]:
    """Where something is journaled, a line for each journal."""
    for place in places:
        if place.state == "done":
            where = place.url or place.target
            yield f"    {session.text('history.journaled', sink=place.sink, where=where)}"
            continue
        state = session.text(f"delivery.{place.state}")
        told = session.text("history.delivery", sink=place.sink, state=state, reason=place.reason)
        yield f"    {told}".rstrip()
    if not places:
        yield f"    {session.text('history.owed')}"


def search(
    ctx: typer.Context,
    words: Annotated[list[str], typer.Argument(help="Words that must all be in it.")],
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=10_000)] = 20,
    as_json: JsonOption = False,
) -> None:
    """Find messages, voicemails, calls and notes by their words, newest first.

    All words must be there, in any form and spelling; also "words in a row", beginn* and -not.
    A case number or a telephone number finds what names it or is on it.

    \b
    Examples:
      casethread search boligstøtte Hansen
      casethread search -- -P19-
    """
    from connector.ledger.search_query import read_query
    from connector.ledger.searching import search as find

    session: Session = ctx.obj
    asked = " ".join(words)
    program = session.program
    query = read_query(asked, program.scanner)
    if query.is_empty:
        raise ConfigError([session.text("search.none", words=asked)])
    with program.ledger.read() as connection:
        answer = find(connection, query, None, limit=limit, is_sqlite=program.ledger.is_sqlite)
    found = answer.hits
    if as_json:
        say_json(found)
        return
    if not found:
        screen.say(session.text("search.none", words=asked))
        return
    for each in found:
        state = each.case_number or session.text(f"state.{each.state}")
        kind = session.text(f"item.{each.kind}")
        screen.say(f"{local(session, each.at)}  {kind}  {state}  {each.who}  [{each.item}]")
        screen.say(f"    {each.excerpt}")


def explain(
    ctx: typer.Context,
    item: Annotated[
        str,
        typer.Argument(
            metavar="ITEM", help="An item's number, an entry's id or a delivery's key (CT-...)."
        ),
    ],
    as_json: JsonOption = False,
) -> None:
    """Show why an item is on its case: evidence, rule, who decided, and what was decided before.

    \b
    Examples:
      casethread explain 1204
      casethread explain CT-2QW4KX6P3Z5M7A2B4C6D8E2F3G
    """
    from connector.commands.explaining import tell_item
    from connector.ledger.explaining import explain as read

    session: Session = ctx.obj
    program = session.program
    with program.ledger.read() as connection:
        found = read(connection, item, program.linker)
    if not found:
        tell(session.text("explain.unknown", item=item))
        raise typer.Exit(FAILED)
    if as_json:
        say_json(found)
        return
    for each in found:
        tell_item(session, each)
