"""How a service says that it does not do what was asked."""

from __future__ import annotations

from typing import Any

from plone.restapi.services import Service


class Refusing(Service):
    """A service that may refuse."""

    def refuse(self, status: int, sort: str, message: str) -> dict[str, Any]:
        """The answer with this HTTP status, in plone.restapi's shape of an error."""
        self.request.response.setStatus(status)
        return {"error": {"type": sort, "message": message}}
