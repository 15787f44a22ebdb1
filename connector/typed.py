"""JSON and MessagePack read into a type, from any thread.

msgspec 0.22 works out what a struct looks like when it is first decoded into, and keeps that on the
class. Two threads that do so at once crash the whole process (seen in one of forty tries with
twelve threads). So each type's decoder is made here, one at a time, before anybody uses it.
"""

from __future__ import annotations

import threading
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_lock = threading.Lock()
_made: dict[Any, msgspec.json.Decoder[Any]] = {}
_packed: dict[Any, msgspec.msgpack.Decoder[Any]] = {}


def decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    """The decoder of this type, the same for all threads."""
    found = _made.get(kind)
    if found is None:
        with _lock:
            found = _made.get(kind)
            if found is None:
                found = _made[kind] = msgspec.json.Decoder(kind)
    return found


def packed_decoder(kind: type[T]) -> msgspec.msgpack.Decoder[T]:
    """The same for MessagePack."""
    found = _packed.get(kind)
    if found is None:
        with _lock:
            found = _packed.get(kind)
            if found is None:
                found = _packed[kind] = msgspec.msgpack.Decoder(kind)
    return found


def read_json(content: bytes | bytearray | memoryview | msgspec.Raw | str, kind: type[T]) -> T:
    """JSON as this type. Raises msgspec.DecodeError, and ValidationError where it does not fit."""
    return decoder(kind).decode(content)


def convert(values: object, kind: type[T]) -> T:
    """Values that are read already (dicts and lists) as this type. Raises ValidationError."""
    decoder(kind)
    return msgspec.convert(values, kind)
