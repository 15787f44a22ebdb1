"""Chats and channel talk among the staff: mostly lunch and printers, now and then a case.

A conversation ("burst") is a few messages in one chat within minutes. One in five is about a case;
its number is written once, near the start, in one of many spellings, and the talk goes on after it.
"""

from __future__ import annotations

import html
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connector.sandbox import words
from connector.sandbox.world import (
    CaseFile,
    Chat,
    Citizen,
    Draw,
    Json,
    Message,
    Right,
    Staff,
    Team,
    millis,
)

MESSAGES_PER_USER_DAY = 1.4
NOTHING = Right(case=None, why="private or practical talk")
SITE = "https://nordvang.example/sites"


@dataclass(slots=True)
class Talk:
    """What is being made: the dice, the chats, and every message so far."""

    draw: Draw
    cases: tuple[CaseFile, ...]
    messages: list[Message] = field(default_factory=list)
    used: set[tuple[str, int]] = field(default_factory=set)
    last: dict[str, tuple[datetime, bool]] = field(default_factory=dict)

    def key(self, thread: str, at: datetime) -> tuple[str, datetime]:
        """A message id (epoch milliseconds) that is free in this thread, and its time."""
        while (thread, millis(at)) in self.used:
            at += timedelta(milliseconds=1)
        self.used.add((thread, millis(at)))
        return str(millis(at)), at


def chats(draw: Draw, people: tuple[Staff, ...], outside: tuple[Citizen, ...]) -> tuple[Chat, ...]:
    """One-to-one chats among colleagues, groups, and the chats of recurring meetings."""
    made: list[Chat] = []
    seen: set[frozenset[str]] = set()
    if len(people) < 2:
        return ()
    for _ in range(max(1, len(people) * 5 // 4)):
        pair = tuple(draw.dice.sample(people, 2))
        if frozenset(p.key for p in pair) not in seen:
            seen.add(frozenset(p.key for p in pair))
            made.append(_chat(draw, "oneOnOne", "", pair, None))
    for n in range(max(1, len(people) // 6)):
        members = tuple(draw.dice.sample(people, min(len(people), draw.dice.randint(3, 7))))
        guest = draw.dice.choice(outside) if n % 8 == 0 else None
        made.append(_chat(draw, "group", draw.dice.choice(words.GROUPS), members, guest))
    for n in range(max(1, len(people) // 10)):
        members = tuple(draw.dice.sample(people, min(len(people), draw.dice.randint(3, 9))))
        guest = draw.dice.choice(outside) if n % 5 == 0 else None
        made.append(_chat(draw, "meeting", draw.dice.choice(words.MEETINGS), members, guest))
    return tuple(made)


def _chat(
    draw: Draw, kind: str, topic: str, members: tuple[Staff, ...], guest: Citizen | None
) -> Chat:
    token = f"{draw.dice.getrandbits(128):032x}"
    key = {
        "oneOnOne": f"19:{members[0].key}_{members[1].key}@unq.gbl.spaces",
        "group": f"19:{token}@thread.v2",
        "meeting": f"19:meeting_{token}@thread.v2",
    }[kind]
    join = f"https://teams.microsoft.com/l/meetup-join/19%3ameeting_{token}%40thread.v2/0"
    return Chat(
        key=key,
        kind=kind,
        topic=topic,
        members=members,
        guest=guest,
        guest_key=draw.guid() if guest else "",
        created=draw.since - timedelta(days=draw.dice.randint(1, 300)),
        join_url=join if kind == "meeting" else "",
    )


def spell(draw: Draw, number: str) -> tuple[str, bool]:
    """A case number as people write it, as HTML; and whether it holds mark-up."""
    dice = draw.dice.random()
    if dice < 0.45:
        return number, False
    if dice < 0.60:
        return number.replace("-", " - "), False
    if dice < 0.72:
        return number.replace("-", "–"), False
    if dice < 0.80:
        return number.lower(), False
    subject, facet, rest = number.split("-", 2)
    if dice < 0.88:
        return f"{subject}-<strong>{facet}</strong>-{rest}", True
    if dice < 0.94:
        return f"{subject}&nbsp;-&nbsp;{facet}-{rest}", True
    return f'<a href="{SITE}/sager/{draw.dice.randrange(10**6)}">{number}</a>', True


def talk(
    draw: Draw, all_chats: tuple[Chat, ...], cases: tuple[CaseFile, ...], total: int
) -> tuple[Message, ...]:
    """About `total` messages in all chats, oldest first."""
    state = Talk(draw, cases)
    weights = [{"oneOnOne": 1.0, "group": 2.5, "meeting": 1.5}[chat.kind] for chat in all_chats]
    for chat in all_chats:
        if chat.kind != "oneOnOne":
            _joined(state, chat)
    misses = 0
    while all_chats and len(state.messages) < total and misses < total:
        chat = draw.dice.choices(all_chats, weights)[0]
        start = draw.moment(latest_s=120)
        if state.messages and draw.dice.random() < 0.03:
            start = draw.dice.choice(state.messages).at  # ids are unique inside one chat only
        if _is_free(state, chat.key, start):
            _burst(state, chat, start)
        else:
            misses += 1
    return tuple(sorted(state.messages, key=lambda message: (message.at, message.thread)))


def _is_free(state: Talk, thread: str, start: datetime) -> bool:
    """Bursts of one chat stand an hour apart; after talk of a case mostly more than a day."""
    at, was_case = state.last.get(thread, (start - timedelta(days=9), False))
    apart = abs((start - at).total_seconds())
    return apart > (93_600 if was_case and state.draw.dice.random() < 0.9 else 3_600)


def _joined(state: Talk, chat: Chat) -> None:
    """The system event that says who was added to a group."""
    key, at = state.key(chat.key, state.draw.moment(latest_s=120))
    state.messages.append(
        Message(
            thread=chat.key,
            key=key,
            at=at,
            sender="",
            html="<systemEventMessage/>",
            is_html=True,
            right=Right(case=None, why="a system event"),
            event={
                "@odata.type": "#microsoft.graph.membersAddedEventMessageDetail",
                "visibleHistoryStartDateTime": "0001-01-01T00:00:00Z",
                "members": [identity(p.key, None) for p in chat.members[1:]],
                "initiator": identity_set(chat.members[0].key, None),
            },
        )
    )


def identity(key: str, name: str | None) -> Json:
    """A user as Teams names one."""
    return {"id": key, "displayName": name, "userIdentityType": "aadUser"}


def identity_set(key: str, name: str | None) -> Json:
    """A user in the set of all kinds of identities."""
    return {"application": None, "device": None, "user": identity(key, name)}


def _burst(state: Talk, chat: Chat, start: datetime) -> None:
    dice = state.draw.dice
    about = dice.choice(state.cases) if state.cases and dice.random() < 0.22 else None
    lines = _case_lines(state, about) if about else _small_lines(state, chat)
    at, limit = start, state.draw.now - timedelta(seconds=61)
    people = [person.key for person in chat.members] + ([chat.guest_key] if chat.guest else [])
    previous = ""
    for text, is_html, right in lines:
        if at >= limit:
            break
        sender = dice.choice([p for p in people if p != previous] or people)
        _say(state, chat, at, sender, text, is_html, right)
        previous = sender if dice.random() < 0.7 else ""
        at += timedelta(milliseconds=dice.randint(8_000, 420_000))
    state.last[chat.key] = (at, about is not None)


Spoken = tuple[str, bool, Right]


def _small_lines(state: Talk, chat: Chat) -> list[Spoken]:
    dice = state.draw.dice
    lines: list[Spoken] = [
        (html.escape(dice.choice(words.SMALL_TALK), quote=False), False, NOTHING)
        for _ in range(dice.randint(1, 6))
    ]
    if dice.random() < 0.02:
        number = f"{dice.choice(words.KLE)[0]}-P99-{dice.randint(7000, 9999)}-19"
        right = Right(case=None, why="the number is not in the register")
        lines.append((words.UNKNOWN_NUMBER.format(n=number), False, right))
    if dice.random() < 0.1:
        asked = words.QUESTION_MARKS[2].format(p=dice.choice(chat.members).given)
        lines.append((asked, False, NOTHING))
    return lines


def _case_lines(state: Talk, case: CaseFile) -> list[Spoken]:
    dice = state.draw.dice
    lines: list[Spoken] = []
    if dice.random() < 0.2:
        early = Right(case=case.number, why="the number comes in a later message of the thread")
        lines.append((dice.choice(words.LEADING), False, early))
    if dice.random() < 0.04:
        other = dice.choice(state.cases)
        both = words.TWO_CASES.format(n=case.number, m=other.number)
        return [*lines[:0], (both, False, Right(case=None, why="two cases are named"))]
    written, is_html = spell(state.draw, case.number)
    said = dice.choice(words.NAMING).format(
        n=written, p=case.parties[0].name.split()[0], t=case.title.split(",")[0].lower()
    )
    why = "the number is named" if case.is_open else "the number of a closed case is named"
    lines.append((f"<p>{said}</p>" if is_html else said, is_html, Right(case=case.number, why=why)))
    goes_on = Right(case=case.number, why="the thread goes on after a number")
    lines += [(dice.choice(words.CONTINUING), False, goes_on) for _ in range(dice.randint(1, 6))]
    if dice.random() < 0.04:
        off = Right(case=None, why="private talk right after a case")
        lines.append((dice.choice(words.SMALL_TALK), False, off))
    return lines


def _say(
    state: Talk, chat: Chat, at: datetime, sender: str, text: str, is_html: bool, right: Right
) -> None:
    """One message, sometimes with a file, a picture, a quote, a card or a mention."""
    dice = state.draw.dice
    key, at = state.key(chat.key, at)
    roll, body, extra = dice.random(), text, ""
    attachments: tuple[Json, ...] = ()
    mentions: tuple[tuple[int, str, str], ...] = ()
    images: tuple[str, ...] = ()
    if roll < 0.03:
        attachments = (_file(state.draw, right),)
    elif roll < 0.055:
        images = (f"aWQ9e{dice.getrandbits(64):016x}",)
        extra = _image(chat.key, key, images[0])
    elif roll < 0.08 and state.messages and state.messages[-1].thread == chat.key:
        attachments = (_quote(state.messages[-1]),)
    elif roll < 0.10 and right.case:
        attachments = (_card(state.draw, right.case),)
    elif roll < 0.15:
        who = dice.choice(chat.members)
        mentions = ((0, who.given, who.key),)
        body = f'<at id="0">{html.escape(who.given)}</at> {text}'
    if attachments or images or mentions:
        is_html = True
        marks = "".join(f'<attachment id="{a["id"]}"></attachment>' for a in attachments)
        body = (
            f"{marks}<p>{body}{extra}</p>" if not body.startswith("<p>") else marks + body + extra
        )
    state.messages.append(
        _with_fate(
            state.draw,
            Message(
                thread=chat.key,
                key=key,
                at=at,
                sender=sender,
                html=body,
                is_html=is_html,
                right=right,
                attachments=attachments,
                mentions=mentions,
                images=images,
            ),
        )
    )


def _with_fate(draw: Draw, message: Message) -> Message:
    """Edits, deletions and reactions come later: minutes to a day, perhaps after now."""
    from dataclasses import replace

    roll = draw.dice.random()
    later = message.at + timedelta(milliseconds=draw.dice.randint(20_000, 40_000_000))
    if roll < 0.03:
        first = message.html.replace(".", "", 1) if "." in message.html else message.html + " ..."
        if message.right.why == "the number is named" or "href" in message.html:
            first = (
                message.html.replace("</p>", " ...</p>")
                if message.is_html
                else message.html + " ..."
            )
        return replace(message, edited_at=later, first_html=first)
    if roll < 0.055:
        return replace(message, deleted_at=later)
    if roll < 0.13:
        return replace(message, reacted_at=later)
    return message


def _file(draw: Draw, right: Right) -> Json:
    name = f"notat {draw.dice.randint(1, 400)}.docx" if right.case else "vagtplan.xlsx"
    return {
        "id": draw.guid(),
        "contentType": "reference",
        "contentUrl": f"{SITE}/faelles/Delte dokumenter/{name}",
        "content": None,
        "name": name,
        "thumbnailUrl": None,
        "teamsAppId": None,
    }


def _quote(message: Message) -> Json:
    content = {
        "messageId": message.key,
        "messagePreview": message.html[:80],
        "messageSender": identity_set(message.sender, None),
    }
    return {
        "id": message.key,
        "contentType": "messageReference",
        "contentUrl": None,
        "content": json.dumps(content, ensure_ascii=False),
        "name": None,
        "thumbnailUrl": None,
        "teamsAppId": None,
    }


def _card(draw: Draw, number: str) -> Json:
    link = f"{SITE}/sager/{draw.dice.randrange(10**6)}"
    content = {"title": number, "text": "Sagsoverblik", "tap": {"type": "openUrl", "value": link}}
    return {
        "id": f"{draw.dice.getrandbits(128):032x}",
        "contentType": "application/vnd.microsoft.card.thumbnail",
        "contentUrl": None,
        "content": json.dumps(content, ensure_ascii=False),
        "name": None,
        "thumbnailUrl": None,
        "teamsAppId": None,
    }


def _image(thread: str, key: str, image: str) -> str:
    source = (
        f"https://graph.microsoft.com/v1.0/chats/{thread}/messages/{key}"
        f"/hostedContents/{image}/$value"
    )
    return f'<img src="{source}" width="64" height="64" alt="skærmbillede" itemid="{image}">'


def channel_talk(
    draw: Draw, teams: tuple[Team, ...], cases: tuple[CaseFile, ...]
) -> tuple[Message, ...]:
    """A few root messages with replies in each channel."""
    made: list[Message] = []
    for team in teams:
        for channel, _name in team.channels:
            for _ in range(3):
                made += _thread(draw, team, channel, cases)
    return tuple(sorted(made, key=lambda message: (message.at, message.thread)))


def _thread(draw: Draw, team: Team, channel: str, cases: tuple[CaseFile, ...]) -> list[Message]:
    state = Talk(draw, cases)
    about = draw.dice.choice(cases) if cases and draw.dice.random() < 0.3 else None
    at, root, made = draw.moment(latest_s=3700), "", []
    lines = (
        _case_lines(state, about)
        if about
        else [(draw.dice.choice(words.SMALL_TALK), False, NOTHING)]
    )
    for text, is_html, right in lines[:5]:
        key = str(millis(at))
        made.append(
            Message(
                thread=f"{team.key}/{channel}",
                key=key,
                at=at,
                sender=draw.dice.choice(team.members).key,
                html=text,
                is_html=is_html,
                right=right,
                reply_to=root,
                team=team.key,
                channel=channel,
            )
        )
        root = root or key
        at += timedelta(milliseconds=draw.dice.randint(5_000, 600_000))
    return [message for message in made if message.at < draw.now]
