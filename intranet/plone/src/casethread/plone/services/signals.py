"""GET @casethread-signals?since=CURSOR: views, votes and searches without a hit, for the connector.

Answers {"signals": [...], "cursor": "...", "more": true or false}. While there is more, ask again
with the cursor at once; else keep it for the next time. A key that comes again replaces its count.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from casethread.plone import counts
from casethread.plone.services.refusing import Refusing


class Signals(Refusing):
    def reply(self) -> dict[str, Any]:
        try:
            found, cursor, more = counts.signals(str(self.request.form.get("since") or ""))
        except counts.BadCursor:
            return self.refuse(400, "BadRequest", "since is no cursor of ours")
        self.request.response.setHeader("Cache-Control", "no-store")
        return {"signals": [asdict(each) for each in found], "cursor": cursor, "more": more}
