"""The site's policy: what each rule may do on its own, and the lengths of time that rules use."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

AUTOMATIC = "automatic"
CONFIRM = "confirm"
NEVER = "never"
BY_CONFIDENCE = "by confidence"

LINKING_RULES = (
    "number",
    "continuation",
    "quoted number",
    "thread",
    "slip",
    "phone",
    "phone and caseworker",
    "phone and matter",
    "masked",
    "call-back",
    "missed call",
    "relayed",
)
"""The rules that can link. All others leave it to a person."""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """`modes` holds a mode by rule, or by rule and kind ("phone/missed_call"); the latter wins.

    What is not named is automatic for an explicit number, else goes by its confidence and the
    threshold. Times are seconds.
    """

    modes: Mapping[str, str] = {}
    threshold: float = 0.9
    thread_quiet_s: float = 24 * 3600.0
    thread_forgotten_s: float = 14 * 24 * 3600.0  # after that not even a suggestion
    call_back_s: float = 2 * 3600.0
    shared_by: int = 5  # a telephone number of more open cases proves nothing

    def mode(self, rule: str, kind: str) -> str:
        """What this rule may do with a communication of this kind."""
        named = self.modes.get(f"{rule}/{kind}") or self.modes.get(rule)
        return named or (AUTOMATIC if rule == "number" else BY_CONFIDENCE)
