"""Names of folders and files in the journal: ASCII, short, safe on every file system. Pure.

They hold a date, a kind, a key and a case number; never a person's name, a telephone number or a
CPR number. The names that files had where they came from stand in the transcript and the sidecar.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import PurePosixPath

# Upper case only: "s2026-1" and "S2026-1" would be one folder on Windows. No "_": it marks names
# that had to be changed, which end in "_" and a hash.
_PLAIN = re.compile(r"[A-Z0-9](?:[A-Z0-9.-]{0,62}[A-Z0-9])?")
_PLAIN_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,47}")
_UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")
_CPR = re.compile(r"(?<!\d)[0-9][0-9](?:0[1-9]|1[0-2])\d{2}[- _]?\d{4}(?!\d)")
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,8}")
# Reserved by Windows with any extension.
_RESERVED = re.compile(r"(?:CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9])(?:\..*)?", re.IGNORECASE)
_EXTENSION_OF = {
    "audio/mpeg": ".mp3",
    "audio/mp3": ".mp3",
    "audio/wav": ".wav",
    "audio/x-wav": ".wav",
    "audio/ogg": ".ogg",
    "audio/mp4": ".m4a",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "application/pdf": ".pdf",
    "text/plain": ".txt",
}
_ROLE_WORDS = {
    "da": {"audio": "lyd", "image": "billede"},
    "en": {"audio": "audio", "image": "image"},
}
_VOID_WORDS = {"da": "tilbagetaget", "en": "void"}
_FILE_WORD = {"da": "bilag", "en": "file"}


def case_folder_name(number: str) -> str:
    """The folder of a case: its number where every file system takes it, else slug, "_" and hash.

    Different numbers get different names also where upper and lower case are one: plain names hold
    no "_", changed names end in 40 bits of the number's SHA-256.
    """
    if _PLAIN.fullmatch(number) and not _RESERVED.fullmatch(number) and not _CPR.search(number):
        return number
    # Every long run of digits goes when one of them looks like a CPR number.
    text = re.sub(r"\d[\d _-]{8,}\d", "", number) if _CPR.search(number) else number
    slug = _UNSAFE.sub("-", text).strip("-.")[:48].strip("-.")
    return f"{slug or 'case'}_{_digest(number, 10)}"


def safe_key(key: str) -> str:
    """The key as a part of a file name; a key that cannot stand there gets a hash."""
    if _PLAIN_KEY.fullmatch(key) and not _CPR.search(key):
        return key
    return f"k-{_digest(key, 32)}"


def stem(there: datetime, kind_word: str, key: str) -> str:
    """ "2026-11-20_1412_opkald_CT-ABC": local time, kind, key; the same for the same entry."""
    return f"{there.strftime('%Y-%m-%d_%H%M')}_{kind_word}_{safe_key(key)}"


def kind_word(word: str, is_void: bool, language: str) -> str:
    """ "opkald", and "opkald-tilbagetaget" for an entry that takes an earlier one back."""
    return f"{word}-{_VOID_WORDS[language]}" if is_void else word


def find_sidecars(listed: Iterable[str], key: str) -> list[str]:
    """The names among `listed` that may be the sidecar of this key; at most one, as a rule.

    The end decides: a key in a name holds no "_", so "_<key>.json" cannot be the end of another's.
    """
    end = f"_{safe_key(key)}.json"
    return [name for name in listed if name.endswith(end) and not name.startswith(".")]


def file_name(
    entry_stem: str, number: int, name: str, content_type: str, role: str, language: str
) -> str:
    """The name of an entry's file: stem, what it is, number, extension: "..._lyd-01.mp3".

    Nothing of the foreign name is kept but a short ASCII extension, so neither a path, a reserved
    name, a person's name nor a CPR number can come in by it.
    """
    extension = PurePosixPath(name.replace("\\", "/")).suffix.lower()
    if not _EXTENSION.fullmatch(extension):
        extension = _EXTENSION_OF.get(content_type.split(";")[0].strip().lower(), ".bin")
    word = _ROLE_WORDS[language].get(role, _FILE_WORD[language])
    return f"{entry_stem}_{word}-{number:02}{extension}"


def _digest(text: str, length: int) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:length]
