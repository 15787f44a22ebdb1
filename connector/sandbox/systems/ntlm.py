"""The server's side of NTLM, as far as a sandbox needs it: challenge, and proof of the password.

Source: Microsoft, [MS-NLMP] "NT LAN Manager (NTLM) Authentication Protocol", sections 2.2.1 and
3.3.2 (NTLMv2), read 2026-11-22. The old LM and NTLMv1 answers are refused.
"""

from __future__ import annotations

import hashlib
import hmac
import struct

SIGNATURE = b"NTLMSSP\x00"
_UNICODE, _NTLM, _ALWAYS_SIGN, _TARGET_INFO, _EXTENDED = 1, 0x200, 0x8000, 0x800000, 0x80000
_MASK = 0xFFFFFFFF


def message_type(message: bytes) -> int:
    """1 (what the client can do), 3 (its proof), 0 for no NTLM message."""
    if len(message) < 12 or not message.startswith(SIGNATURE):
        return 0
    return int(struct.unpack_from("<I", message, 8)[0])


def challenge_message(challenge: bytes, domain: str = "KOMMUNE") -> bytes:
    """The server's message (type 2) with its eight random bytes."""
    name = domain.encode("utf-16-le")
    info = struct.pack("<HH", 2, len(name)) + name + struct.pack("<HH", 0, 0)
    flags = _UNICODE | _NTLM | _ALWAYS_SIGN | _TARGET_INFO | _EXTENDED
    head = 48
    return (
        SIGNATURE
        + struct.pack("<IHHI", 2, len(name), len(name), head)
        + struct.pack("<I", flags)
        + challenge
        + bytes(8)
        + struct.pack("<HHI", len(info), len(info), head + len(name))
        + name
        + info
    )


def proves(message: bytes, challenge: bytes, user: str, password: str) -> bool:
    """Whether the client's message (type 3) proves that it knows the user's password."""
    if message_type(message) != 3 or len(message) < 52:
        return False
    answer, domain, name = (_field(message, at) for at in (20, 28, 36))
    if len(answer) <= 24 or name.decode("utf-16-le", "replace").lower() != user.lower():
        return False
    key = hmac.digest(
        md4(password.encode("utf-16-le")),
        user.upper().encode("utf-16-le") + domain,
        "md5",
    )
    return hmac.compare_digest(hmac.digest(key, challenge + answer[16:], "md5"), answer[:16])


def _field(message: bytes, at: int) -> bytes:
    length, _most, offset = struct.unpack_from("<HHI", message, at)
    return message[offset : offset + length]


def md4(data: bytes) -> bytes:
    """MD4 (RFC 1320), which OpenSSL 3 no longer offers; NTLM rests on it."""
    try:
        return hashlib.new("md4", data).digest()  # noqa: S324  the protocol asks for it
    except ValueError:
        pass
    state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476]
    padded = data + b"\x80" + bytes((55 - len(data)) % 64) + struct.pack("<Q", len(data) * 8)
    for start in range(0, len(padded), 64):
        words = struct.unpack_from("<16I", padded, start)
        state = [(old + new) & _MASK for old, new in zip(state, _rounds(state, words), strict=True)]
    return struct.pack("<4I", *state)


def _rounds(state: list[int], words: tuple[int, ...]) -> list[int]:
    a, b, c, d = state
    third = (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15)
    for step in range(48):
        if step < 16:
            mixed, at, turns = (b & c) | (~b & d), step, (3, 7, 11, 19)
        elif step < 32:
            mixed, at, turns = (b & c) | (b & d) | (c & d), (step % 4) * 4 + (step - 16) // 4, (
                3, 5, 9, 13,
            )  # fmt: skip
            mixed += 0x5A827999
        else:
            mixed, at, turns = (b ^ c ^ d) + 0x6ED9EBA1, third[step - 32], (3, 9, 11, 15)
        total = (a + mixed + words[at]) & _MASK
        turn = turns[step % 4]
        a, b, c, d = d, ((total << turn) | (total >> (32 - turn))) & _MASK, b, c
    return [a, b, c, d]
