"""One pass over one mailbox: its folders, what changed in each, and what of that is for us."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from connector.model import Item, Page, Problem
from connector.ports import Known
from connector.sources.exchange import folders, items, wire
from connector.sources.exchange.refusals import (
    AWAY,
    FOLDER_GONE,
    GONE,
    PASSING,
    STATE_UNUSABLE,
    TOO_MUCH,
    Refusal,
    told,
)
from connector.sources.exchange.wire import Folder, Row
from connector.sources.teams.messages import moment
from connector.typed import read_json

if TYPE_CHECKING:
    from connector.sources.exchange.source import Exchange

ITEMS_A_REQUEST = 25  # Microsoft advises about ten with bodies; recordings are not in it
MOST_PAGES = 100_000


class _Place(msgspec.Struct, omit_defaults=True):
    """Where a folder was left: the server's state, and how it looked when it was read out."""

    state: str = ""
    changed_at: str = ""
    count: int = 0


class State(msgspec.Struct, omit_defaults=True):
    """The cursor of a mailbox. `day` is when all folders were last asked for their changes."""

    folders: dict[str, _Place] = msgspec.field(default_factory=dict)
    day: str = ""


def state_of(cursor: str | None) -> State:
    """What a cursor holds; one that makes no sense means from the beginning."""
    try:
        return read_json(cursor or "{}", State)
    except msgspec.DecodeError:
        return State()


class Reading:
    """One pass over one mailbox."""

    def __init__(
        self, source: Exchange, mailbox: str, state: State, known: Known, now: datetime
    ) -> None:
        self._source, self._mailbox, self._state = source, mailbox, state
        self._known, self._now = known, now
        self._client = source.client
        self._seen: set[tuple[str, str]] = set()

    def pages(self) -> Iterator[Page]:
        """The pages. Raises Refusal when the mailbox itself is refused."""
        listed = folders.wanted(self._client.folders(self._mailbox), self._source.excluded)
        state, today = self._state, self._now.date().isoformat()
        is_new_day = state.day != today
        state.folders = {f.id: state.folders.get(f.id, _Place()) for f in listed}
        for folder in listed:
            place = state.folders[folder.id]
            if is_new_day or not _is_unchanged(folder, place):
                yield from self._folder(folder, place)
        state.day = today
        yield self._page([])

    def _page(self, found: Sequence[Item | Problem]) -> Page:
        cursor = msgspec.json.encode(self._state).decode()
        return Page(source=self._source.name, part=self._mailbox, cursor=cursor, items=tuple(found))

    # -- one folder ------------------------------------------------------------------------------

    def _folder(self, folder: Folder, place: _Place) -> Iterator[Page]:
        """Rounds until one is empty: what the server says of the last item is not to be trusted."""
        if folder.count == 0 and folder.changed_at and not place.state:
            place.changed_at, place.count = folder.changed_at, 0
            return
        seen = {place.state}
        for _ in range(MOST_PAGES):
            try:
                changes = self._changes(folder, place)
            except Refusal as error:
                if error.code not in FOLDER_GONE | {"ErrorInvalidOperation"}:
                    raise
                # It was deleted, or moved away, since it was listed.
                self._state.folders.pop(folder.id, None)
                return
            found = self._items(folder, changes.rows)
            found += [self._problem("", f"{folder.name}: {text}") for text in changes.broken]
            place.state = changes.state
            if not changes.count:
                break
            if changes.state in seen:
                found.append(self._problem("", f"{folder.name}: the server's state repeats"))
                yield self._page(found)
                return
            seen.add(changes.state)
            yield self._page(found)
        place.changed_at, place.count = folder.changed_at, folder.count

    def _changes(self, folder: Folder, place: _Place) -> wire.Changes:
        """A page of changes; a state that the server cannot use means from the beginning."""
        try:
            return self._client.changes(self._mailbox, folder.id, place.state)
        except Refusal as error:
            if error.code not in STATE_UNUSABLE or not place.state:
                raise
            place.state = ""
            return self._client.changes(self._mailbox, folder.id, "")

    # -- items -----------------------------------------------------------------------------------

    def _items(self, folder: Folder, rows: Sequence[Row]) -> list[Item | Problem]:
        """What of the listed rows is for us, new and not too old, opened."""
        with_history = self._source.history
        maybe = [
            row
            for row in rows
            if self._is_recent(row) and items.is_candidate(row, folder, with_history=with_history)
        ]
        names = {row.id: (items.key(row), items.version(row)) for row in maybe}
        pairs = [pair for pair in names.values() if pair not in self._seen]
        old = self._known_pairs(pairs) | self._seen if pairs else self._seen
        new = {row.id: row for row in maybe if names[row.id] not in old}
        listed, found = list(new.values()), list[Item | Problem]()
        for start in range(0, len(listed), ITEMS_A_REQUEST):
            copies = []
            for row, opened in self._open(listed[start : start + ITEMS_A_REQUEST]):
                if isinstance(opened, Problem):
                    found.append(opened)
                elif opened is not None and items.is_conversation(row, folder):
                    copies.append((row, opened))
                elif opened is not None:
                    found += self._made(folder, row, opened)
            found += self._conversations(copies)
        self._seen.update(names[key] for key in new)
        return found

    def _known_pairs(self, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """A mailbox goes by its address until the directory knows its owner."""
        threads = {self._mailbox, self._source.thread(self._mailbox)}
        return set().union(*(self._known(thread, pairs) for thread in sorted(threads)))

    def _is_recent(self, row: Row) -> bool:
        """Not from before the configured start. One without a date is read."""
        at = moment(row.letter.received_date_time)[0]
        return at is None or at >= self._source.first_day(self._now)

    def _open(self, rows: list[Row]) -> Iterator[tuple[Row, Row | Problem | None]]:
        """The rows opened. A batch that fails as a whole is split until it is known which one."""
        try:
            messages = self._client.items(self._mailbox, [row.id for row in rows])
        except Refusal as error:
            if error.code not in TOO_MUCH:
                raise
            if len(rows) == 1 and error.code == "ErrorTimeoutExpired":
                raise  # the server is slow today; the item is not to blame
            if len(rows) == 1:
                yield rows[0], self._unreadable(rows[0], told(error.code))
                return
            half = len(rows) // 2
            yield from self._open(rows[:half])
            yield from self._open(rows[half:])
            return
        if len(messages) != len(rows):
            raise Refusal("another number of items than asked for")
        for row, message in zip(rows, messages, strict=True):
            yield row, self._opened(row, message)

    def _opened(self, row: Row, message: wire.Element) -> Row | Problem | None:
        code, _text = wire.code_of(message)
        if code in GONE:
            return None  # deleted or moved since it was listed; a move lists it anew
        if code in PASSING:
            raise self._source.unavailable(code)
        if code in AWAY:
            raise Refusal(code)
        if code != "NoError":
            return self._unreadable(row, told(code))
        try:
            return wire.parse_item(message)
        except (ValueError, AttributeError, LookupError, TypeError) as error:
            return self._unreadable(row, f"{type(error).__name__} in its XML")

    def _unreadable(self, row: Row, why: str) -> Problem:
        return self._problem(items.key(row), f"item not readable: {why}")

    def _made(self, folder: Folder, row: Row, opened: Row) -> Sequence[Item | Problem]:
        try:
            return items.made(self._source, self._mailbox, folder, row, opened, self._now)
        except (ValueError, OverflowError) as error:
            return [self._unreadable(row, f"{type(error).__name__} in its contents")]

    def _conversations(self, copies: Sequence[tuple[Row, Row]]) -> Sequence[Item | Problem]:
        """What the copies hold; where one cannot be read, the others one by one."""
        if not copies:
            return []
        try:
            return items.conversations(self._source, self._mailbox, copies, self._known, self._now)
        except (ValueError, OverflowError) as error:
            if len(copies) == 1:
                text = f"{type(error).__name__} in its contents"
                return [self._unreadable(copies[0][0], text)]
            return [each for one in copies for each in self._conversations([one])]

    def _problem(self, key: str, reason: str) -> Problem:
        return Problem(source=self._source.name, part=self._mailbox, key=key, reason=reason)


def _is_unchanged(folder: Folder, place: _Place) -> bool:
    """Nothing came since the folder was read out, as far as its time of change and number tell.

    Once a day all are asked all the same.
    """
    is_same = (place.changed_at, place.count) == (folder.changed_at, folder.count)
    return bool(place.changed_at) and is_same
