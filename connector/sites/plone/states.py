"""Moving pages through the site's workflow, whichever it is: only what it offers is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import msgspec

from connector.errors import Denied, Rejected
from connector.sites.plone.answers import Content, Transition, Workflow
from connector.sites.plone.forms import DIRECT, INSIDE
from connector.sites.plone.service import Service

_OPEN = frozenset({"published", "visible", "externally_visible"})
_INNER = frozenset({"internal", "internally_published"})
_UNSEEN = frozenset({"private", "draft", "withdrawn", "pending"})
_AWAY = ("withdraw", "hide", "make_private", "retract", "reject")
_BACK = ("retract", "hide", "make_private", "reject")
_MOST_MOVES = 4  # from seen by everybody to private, in the longest workflow that Plone has


class States:
    """The moves that are needed, and no more."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._usual: dict[tuple[str, str, bool], str] = {}  # what was the right move before

    def move_to_readers(self, content: Content, *, is_inner: bool) -> bool:
        """Let everybody see the page, or (`is_inner`) those who are signed in alone.

        False when it is so already. Raises Denied when the workflow does not offer it to us.
        """
        state = content.review_state or ""
        if state in (_INNER if is_inner else _OPEN):
            return False
        if (usual := self._usual.get((content.type, state, is_inner))) is not None:
            with suppress(Rejected, Denied):  # another workflow in this place: it is asked
                self._service.write("POST", f"{content.url}/@workflow/{usual}", {}, msgspec.Raw)
                return True
        offered = self._offered(content)
        wanted = INSIDE if is_inner else (*DIRECT, *INSIDE)
        if not is_inner and state in _INNER and not _first(offered, DIRECT):
            return False  # a workflow that shows pages to nobody outside
        move = _first(offered, wanted)
        if move is None:
            text = (
                f"{self._service.name}: the workflow of {content.url} (now {state}) offers "
                f"{self._service.user} none of {', '.join(wanted)}; give it Reviewer there"
            )
            raise Denied(text, system=self._service.name)
        self._make(move)
        self._usual[(content.type, state, is_inner)] = move.id
        return True

    def move_from_readers(self, content: Content, *, is_draft: bool) -> bool:
        """Let no reader see the page; as a draft when it is to be seen later. False: so already."""
        state, moved = content.review_state or "", False
        for _ in range(_MOST_MOVES):
            if state in _UNSEEN and (is_draft or state != "draft"):
                return moved
            move = _first(self._offered(content), _BACK if is_draft else _AWAY)
            if move is None:
                if state in _UNSEEN:
                    return moved
                break
            self._make(move)
            state, moved = self._now(content), True
        text = (
            f"{self._service.name}: the workflow of {content.url} (now {state}) offers "
            f"{self._service.user} no way to take it from its readers; give it Reviewer there"
        )
        raise Denied(text, system=self._service.name)

    def _workflow(self, content: Content) -> Workflow:
        return self._service.get(f"{content.url}/@workflow", Workflow)

    def _offered(self, content: Content) -> Sequence[Transition]:
        return self._workflow(content).transitions

    def _now(self, content: Content) -> str:
        return self._workflow(content).state.id

    def _make(self, move: Transition) -> None:
        self._service.write("POST", move.url, {}, msgspec.Raw)


def _first(offered: Sequence[Transition], wanted: Sequence[str]) -> Transition | None:
    known = {each.id: each for each in offered}
    return next((known[name] for name in wanted if name in known), None)
