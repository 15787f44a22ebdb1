"""POST @casethread-token: a statement that the signed-in user is who asks the connector.

A statement is signed with this site's private key, is good for one use within a minute, and names
the user by sign-in name. What they may see is decided by the connector, as it is in its own portal.
"""

from __future__ import annotations

from typing import Any

from plone import api
from plone.restapi.services import Service

from casethread.plone import statements


class Token(Service):
    def reply(self) -> dict[str, Any]:
        self.request.response.setHeader("Cache-Control", "no-store")
        if api.user.is_anonymous():
            return self._refuse(401, "Unauthorized", "sign in first")
        try:
            signer = statements.signer()
        except statements.NotReady as error:
            return self._refuse(503, "ServiceUnavailable", str(error))
        # Never an address of e-mail: a user may be able to write another's into their own profile.
        user = api.user.get_current().getUserName()
        return {"statement": signer.state(user), "connector": signer.portal}

    def _refuse(self, status: int, sort: str, message: str) -> dict[str, Any]:
        self.request.response.setStatus(status)
        return {"error": {"type": sort, "message": message}}
