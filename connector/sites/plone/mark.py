"""What we keep with a page in Plone, in one line: what was put there, and how it read then."""

from __future__ import annotations

import msgspec

_WITHDRAWN = "withdrawn"


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """`digest` of the page that was put last, the `left` fingerprint of what readers then read,
    ids of articles that its text names without a link because they had no address."""

    digest: str = ""
    left: str = ""
    missing: tuple[str, ...] = ()
    is_withdrawn: bool = False  # where the workflow's state does not say so

    def line(self) -> str:
        """As it is written."""
        pieces = [self.digest or "-", self.left or "-"]
        if self.is_withdrawn:
            pieces.append(_WITHDRAWN)
        if self.missing:
            pieces.append("~" + ",".join(self.missing))
        return " ".join(pieces)


def read(line: str | None) -> Mark:
    """The mark of a line; an empty one of anything else."""
    digest, *rest = (line or "").split() or [""]
    left = rest[0] if rest else ""
    missing = [each[1:].split(",") for each in rest[1:] if each.startswith("~")]
    return Mark(
        digest="" if digest == "-" else digest,
        left="" if left == "-" else left,
        missing=tuple(missing[0]) if missing else (),
        is_withdrawn=_WITHDRAWN in rest[1:],
    )
