"""POST @casethread-token: a statement that the signed-in user is who asks the connector.

A statement is signed with this site's private key, is good for one use within a minute, and names
the user by sign-in name. What they may see is decided by the connector, as it is in its own portal.
"""

from __future__ import annotations

from typing import Any

from plone import api
from zope.i18n import translate

from casethread.plone import statements
from casethread.plone.services.refusing import Refusing


class Token(Refusing):
    def reply(self) -> dict[str, Any]:
        self.request.response.setHeader("Cache-Control", "no-store")
        if api.user.is_anonymous():
            return self.refuse(401, "Unauthorized", "sign in first")
        try:
            signer = statements.signer()
        except statements.NotReady as error:
            why = translate(error.why, context=self.request)
            return self.refuse(503, "ServiceUnavailable", why)
        # Never an address of e-mail: a user may be able to write another's into their own profile.
        user = api.user.get_current().getUserName()
        return {"statement": signer.state(user), "connector": signer.portal}
