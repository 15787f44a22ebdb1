"""Conversation History: what each participant's Lync client saved of a conversation.

Every participant has a copy, written in the client's local time, by the minute. Copies differ: a
clock runs a minute ahead, a participant left early, a client saved in the middle and again at the
end. Layouts: 2010 wrote a head line with the time in brackets, 2013 a table.
"""

from __future__ import annotations

import html
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from connector.sandbox.municipality import Municipality
from connector.sandbox.world import Message, Staff

ZONE = ZoneInfo("Europe/Copenhagen")
QUIET = timedelta(minutes=45)  # a conversation window is closed after so long
_TAGS = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """One participant's copy of one conversation."""

    key: str
    owner: Staff
    starter: Staff
    members: tuple[Staff, ...]
    messages: tuple[Message, ...]
    ended: datetime
    body: str


def conversations(town: Municipality) -> Iterator[tuple[tuple[Staff, ...], tuple[Message, ...]]]:
    """The chats among staff, cut into conversations as a client would have had them."""
    by_chat: dict[str, list[Message]] = {}
    for message in town.messages:
        chat = town.chat[message.thread]
        if not message.event and chat.guest is None and message.sender:
            by_chat.setdefault(message.thread, []).append(message)
    for thread, messages in by_chat.items():
        members = town.chat[thread].members
        for run in _runs(messages):
            yield members, run


def _runs(messages: Sequence[Message]) -> Iterator[tuple[Message, ...]]:
    run: list[Message] = []
    for message in messages:
        if run and message.at - run[-1].at > QUIET:
            yield tuple(run)
            run = []
        run.append(message)
    if run:
        yield tuple(run)


def copies(town: Municipality) -> Iterator[Saved]:
    """Every copy that the clients of the members saved."""
    for number, (members, run) in enumerate(conversations(town)):
        starter = town.person[run[0].sender]
        for owner in members:
            dice = random.Random(f"{town.seed}/{number}/{owner.key}")
            yield from _copies_of(number, owner, starter, members, run, dice)


def _copies_of(
    number: int,
    owner: Staff,
    starter: Staff,
    members: tuple[Staff, ...],
    run: tuple[Message, ...],
    dice: random.Random,
) -> Iterator[Saved]:
    layout = table_body if dice.random() < 0.4 else lines_body
    skew = timedelta(seconds=dice.choice((0, 0, 0, 20, -20)))
    parts = [run]
    if len(run) > 3 and dice.random() < 0.15:  # saved in the middle, and all of it at the end
        parts = [run[: len(run) // 2], run]
    for part, messages in enumerate(parts):
        yield Saved(
            key=f"{number}.{owner.key}.{part}",
            owner=owner,
            starter=starter,
            members=members,
            messages=messages,
            ended=messages[-1].at + timedelta(seconds=30),
            body=layout(messages, {each.key: each.name for each in members}, skew),
        )


def words_of(message: Message) -> str:
    """A message without mark-up."""
    text = message.first_html or message.html
    return html.unescape(_TAGS.sub("", text)) if message.is_html else html.unescape(text)


def lines_body(messages: Sequence[Message], names: dict[str, str], skew: timedelta) -> str:
    """As Lync 2010 wrote it: a line with name and time, then the words."""
    blocks = [
        f"<div><b>{html.escape(names[one.sender])} [{_clock(one.at + skew)}]:</b></div>"
        f"<div>{html.escape(words_of(one))}</div>"
        for one in messages
    ]
    return f"<html><body>{''.join(blocks)}</body></html>"


def table_body(messages: Sequence[Message], names: dict[str, str], skew: timedelta) -> str:
    """As Lync 2013 and Skype for Business wrote it: name and time only where they change."""
    rows, last_name, last_time = [], "", ""
    for one in messages:
        name, time = names[one.sender], _clock(one.at + skew)
        shown = ("" if name == last_name else html.escape(name), "" if time == last_time else time)
        rows.append(
            f"<tr><td>{shown[0]}&nbsp;</td><td>{html.escape(words_of(one))}</td>"
            f"<td>{shown[1]}&nbsp;</td></tr>"
        )
        last_name, last_time = name, time
    return f"<html><body><table>{''.join(rows)}</table></body></html>"


def _clock(at: datetime) -> str:
    return at.astimezone(ZONE).strftime("%H:%M")
