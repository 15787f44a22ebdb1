"""Which bytes of a file a request asks for, if any (RFC 9110, sections 13 and 14). Pure."""

from __future__ import annotations

import re

_ONE = re.compile(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*", re.ASCII | re.IGNORECASE)


class Unsatisfiable(ValueError):
    """No byte of the file is in the range: the answer is 416."""


def asked_range(header: str, size_bytes: int) -> tuple[int, int] | None:
    """First and last byte; None for the whole file.

    A header that cannot be read, and one with several ranges, may be ignored, and is: nothing that
    plays sound or shows a picture asks for several. Raises Unsatisfiable.
    """
    match = _ONE.fullmatch(header)
    if match is None or match[1] == match[2] == "":
        return None
    first_text, last_text = match.groups()
    if not first_text:  # the last so many bytes
        count = min(int(last_text), size_bytes)
        if count == 0:
            raise Unsatisfiable(header)
        return size_bytes - count, size_bytes - 1
    first = int(first_text)
    last = min(int(last_text), size_bytes - 1) if last_text else size_bytes - 1
    if last_text and int(last_text) < first:
        return None  # not a range at all
    if first >= size_bytes:
        raise Unsatisfiable(header)
    return first, last


def has_it(header: str, mark: str) -> bool:
    """Whether If-None-Match names this ETag (weakly compared): the answer is 304 without a body."""
    marks = {each.strip().removeprefix("W/") for each in header.split(",")}
    return mark in marks or "*" in marks
