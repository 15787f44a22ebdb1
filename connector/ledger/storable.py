"""What no database takes, taken out: NUL characters and halves of characters.

Anybody who writes a chat can put them there, so one message must not stop the rest. Pure.
"""

from __future__ import annotations

from typing import Any, TypeVar, cast

import msgspec

from connector.model import Item, Kind

T = TypeVar("T")

_BACKSLASH = 0x5C
_encode = msgspec.json.Encoder().encode


def storable(value: T) -> T:
    """The value itself when both databases can keep it, else one that they can.

    PostgreSQL keeps no NUL, so it is left out; no database a lone surrogate, which JSON can write
    ("\\ud800"), so U+FFFD stands there. Bytes are left as they are.
    """
    if isinstance(value, Item) and value.kind is Kind.MESSAGE and not _may_break(value.raw):
        return value  # a million messages pass here: encoding each would cost a fifteenth of all
    try:
        if b"\\u0000" not in _encode(value):
            return value
    except UnicodeEncodeError:
        pass
    return cast(T, _mended(value))


def _may_break(raw: bytes) -> bool:
    """Whether JSON as received can hold either; nothing else gets into a message's texts."""
    if _BACKSLASH not in raw:  # one byte is looked for ten times faster than two
        return False
    return b"\\u0000" in raw or b"\\ud" in raw or b"\\uD" in raw


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        if "\0" not in value and value.isascii():
            return value
        whole = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return value if whole == value and "\0" not in value else whole.replace("\0", "")
    if isinstance(value, tuple):
        return tuple(_mended(each) for each in value)
    if isinstance(value, msgspec.Struct):
        names = value.__struct_fields__
        found = {name: _mended(getattr(value, name)) for name in names}
        return msgspec.structs.replace(value, **found)
    return value
