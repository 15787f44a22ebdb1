"""What several systems refuse in the same words."""

from __future__ import annotations

from connector.errors import Rejected


def other_content(system: str, key: str) -> Rejected:
    """The key is there with another entry: it is not written, and the first one stands."""
    text = (
        f"{system}: the key {key} is journaled already with other content; a correction is a new "
        "version with a key of its own"
    )
    return Rejected(text, system=system, field="key")
