"""Moving pages through the site's workflow, whichever it is: only what it offers is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import msgspec

from connector.errors import Denied, Rejected
from connector.sites.plone.answers import Content, Moved, Transition, Workflow
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

    def move_to_readers(self, content: Content, *, is_inner: bool) -> Content:
        """Let everybody see the page, or (`is_inner`) those who are signed in alone.

        Gives the page as it is then. Raises Denied when the workflow does not offer it to us.
        """
        state = content.review_state or ""
        if state in (_INNER if is_inner else _OPEN):
            return content
        if (usual := self._usual.get((content.type, state, is_inner))) is not None:
            with suppress(Rejected, Denied):  # another workflow in this place: it is asked
                return self._moved(content, f"{content.url}/@workflow/{usual}")
        offered = self._offered(content)
        wanted = INSIDE if is_inner else (*DIRECT, *INSIDE)
        if not is_inner and state in _INNER and not _first(offered, DIRECT):
            return content  # a workflow that shows pages to nobody outside
        move = _first(offered, wanted)
        if move is None:
            text = (
                f"{self._service.name}: the workflow of {content.url} (now {state}) offers "
                f"{self._service.user} none of {', '.join(wanted)}; give it Reviewer there"
            )
            raise Denied(text, system=self._service.name)
        shown = self._moved(content, move.url)
        self._usual[(content.type, state, is_inner)] = move.id
        return shown

    def move_from_readers(self, content: Content, *, is_draft: bool) -> Content:
        """Let no reader see the page, as a draft when it is to be seen later; as it is then."""
        for _ in range(_MOST_MOVES):
            state = content.review_state or ""
            if state in _UNSEEN and (is_draft or state != "draft"):
                return content
            move = _first(self._offered(content), _BACK if is_draft else _AWAY)
            if move is None:
                if state in _UNSEEN:
                    return content
                break
            content = self._moved(content, move.url)
        text = (
            f"{self._service.name}: the workflow of {content.url} (now {content.review_state}) "
            f"offers {self._service.user} no way to take it from its readers; give it Reviewer "
            "there"
        )
        raise Denied(text, system=self._service.name)

    def _offered(self, content: Content) -> Sequence[Transition]:
        return self._service.get(f"{content.url}/@workflow", Workflow).transitions

    def _moved(self, content: Content, url: str) -> Content:
        """The page after a move. Nothing but its state is another (plone.restapi 10.0.4, seen
        2026-11-22), unless it has no date of publication: Plone gives it one with any move."""
        moved = self._service.write("POST", url, {}, Moved)
        if content.effective is None or not moved.review_state:
            return self._service.get(content.url, Content)
        return msgspec.structs.replace(content, review_state=moved.review_state)


def _first(offered: Sequence[Transition], wanted: Sequence[str]) -> Transition | None:
    known = {each.id: each for each in offered}
    return next((known[name] for name in wanted if name in known), None)
