"""Small, valid recordings made in code: silence as MP3 frames, a soft tone as WAV."""

from __future__ import annotations

import math
import struct
import zlib

from connector.sandbox.world import Sound

# MPEG-2 layer III, 8 kbit/s, 16 kHz, mono: 36 bytes a frame of 576 samples; all zero is silence.
FRAME = bytes((0xFF, 0xF3, 0x18, 0xC4)) + bytes(32)
FRAMES_A_SECOND = 16_000 / 576
WAV_RATE = 4_000  # samples a second, one byte each


def recording(sound: Sound) -> bytes:
    """The bytes of a recording: the same for the same value, unlike any other's."""
    if sound.suffix == "wav":
        return _wav(sound)
    return _id3(sound.title) + FRAME * max(1, round(sound.seconds * FRAMES_A_SECOND))


def content_type(sound: Sound) -> str:
    """The media type that the mail says."""
    return "audio/wav" if sound.suffix == "wav" else "audio/mpeg"


def png(label: str) -> bytes:
    """A one-colour picture of 8 by 8 pixels whose colour comes from the label."""
    colour = zlib.crc32(label.encode()).to_bytes(4, "big")[:3]
    rows = (b"\x00" + colour * 8) * 8
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)),
        (b"tEXt", b"Comment\x00" + label.encode("latin-1", "replace")),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _id3(title: str) -> bytes:
    text = b"\x03" + title.encode()
    frame = b"TIT2" + struct.pack(">I", len(text)) + b"\x00\x00" + text
    size = len(frame)
    sync_safe = bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\x00\x00" + sync_safe + frame


def _wav(sound: Sound) -> bytes:
    pitch_hz = 180 + zlib.crc32(sound.title.encode()) % 400
    second = bytes(
        128 + round(40 * math.sin(2 * math.pi * pitch_hz * n / WAV_RATE)) for n in range(WAV_RATE)
    )
    data = second * max(1, sound.seconds)
    head = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, WAV_RATE, WAV_RATE, 1, 8)
    tail = struct.pack("<4sI", b"data", len(data)) + data
    return struct.pack("<4sI4s", b"RIFF", 4 + len(head) + len(tail), b"WAVE") + head + tail
