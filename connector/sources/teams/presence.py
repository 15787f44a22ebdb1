"""Presence: how people are reachable right now. There is no history at the source.

Facts: Microsoft Graph, "cloudCommunications: getPresencesByUserId" and "presence resource type",
read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from connector.errors import Gone, Rejected
from connector.http import Answer, Graph
from connector.model import Finding, Page, Person, Presence, Problem
from connector.ports import Known
from connector.sources import rights
from connector.sources.text import plain
from connector.typed import read_json

PATH = "communications/getPresencesByUserId"
_CHUNK = 650  # the most ids that one request may hold


class _Text(msgspec.Struct, rename="camel"):
    content: str | None = None
    content_type: str | None = None


class _Status(msgspec.Struct):
    message: _Text | None = None


class _OutOfOffice(msgspec.Struct, rename="camel"):
    is_out_of_office: bool | None = None


class _Presence(msgspec.Struct, rename="camel"):
    id: str
    availability: str | None = None
    activity: str | None = None
    status_message: _Status | None = None
    out_of_office_settings: _OutOfOffice | None = None
    sequence_number: str | int | None = None


def presences_request(ids: Sequence[str]) -> bytes:
    """The body of one question."""
    return msgspec.json.encode({"ids": list(ids)})


def parse_presences(
    source: str, part: str, answer: Answer, seen_at: datetime
) -> tuple[tuple[Presence, ...], tuple[Problem, ...]]:
    """The states in an answer, and the rows that could not be read.

    One state may come bare or wrapped in `value`, as in the documentation's own example.
    """
    wrapped = read_json(answer.body, dict[str, msgspec.Raw]).get("value")
    if wrapped is None:
        rows = [msgspec.Raw(answer.body)]
    elif bytes(wrapped).lstrip()[:1] == b"[":
        rows = read_json(wrapped, list[msgspec.Raw])
    else:
        rows = [wrapped]
    states, problems = [], []
    for raw in rows:
        try:
            states.append(_state(read_json(raw, _Presence), seen_at))
        except msgspec.DecodeError as error:
            reason = f"presence not readable: {error}"
            problems.append(
                Problem(source=source, part=part, key="", reason=reason, raw=bytes(raw))
            )
    return tuple(states), tuple(problems)


def _state(row: _Presence, seen_at: datetime) -> Presence:
    text = row.status_message.message if row.status_message else None
    words = ""
    if text is not None and text.content:
        words = plain(text.content, is_html=text.content_type != "text").text
    away = row.out_of_office_settings
    return Presence(
        person=row.id,
        availability=row.availability or "PresenceUnknown",
        activity=row.activity or "PresenceUnknown",
        observed_at=seen_at,
        sequence=str(row.sequence_number if row.sequence_number is not None else ""),
        message=words,
        is_out_of_office=bool(away and away.is_out_of_office),
    )


class PresenceStates:
    """The present state of everybody; a part is up to 650 ids, joined by commas."""

    def __init__(self, graph: Graph, *, name: str = "teams.presence") -> None:
        self.name = name
        self._graph = graph

    def check(self) -> list[Finding]:
        """The state of one person."""

        def attempt() -> None:
            path = "users?$select=id&$top=1"
            one = self._graph.ask(path, rights.first_id, service="directory")
            if one:
                self._graph.post_read(PATH, presences_request([one]))

        return rights.check(self._graph, self.name, rights.PRESENCE, attempt)

    def parts(self, people: Sequence[Person]) -> list[str]:
        """Chunks of people with an open account."""
        ids = [person.id for person in people if person.is_enabled and not person.is_removed]
        return [",".join(ids[i : i + _CHUNK]) for i in range(0, len(ids), _CHUNK)]

    def changes(self, part: str, cursor: str | None, known: Known) -> Iterator[Page]:
        """One page with the states now. Somebody the server does not know is just not in it."""
        del cursor, known  # there is no history to go on from
        body = presences_request(part.split(","))
        try:
            answer = self._graph.post_read(PATH, body)
        except (Gone, Rejected) as error:
            reason = Problem(source=self.name, part=part, key="", reason=str(error), scope="part")
            yield Page(source=self.name, part=part, items=(reason,))
            return
        seen_at = self._graph.server_now()
        states, problems = parse_presences(self.name, part, answer, seen_at)
        yield Page(source=self.name, part=part, items=problems, presences=states)

    def content(self, ref: str) -> Iterator[bytes]:
        """A state has no attachments."""
        raise Gone(f"{self.name}: there is no content {ref[:40]!r}", system=self.name)

    @property
    def in_flight(self) -> int:
        return self._graph.in_flight("presence")
