"""From a value as TOML gives it to the value the program uses, or the mistake in it.

One function for each type and each rule named in the table. None of them shows a value that could
be a secret written in the wrong place.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from connector import schedule
from connector.setting import Setting

_SHOWN_CHARACTERS = 60
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PRIVATE_KEY = "-----BEGIN"


class Mistake(Exception):
    """What is wrong with one value: a key of the locale and the values for its placeholders.

    It never leaves settings.py, which collects them all.
    """

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


def convert(setting: Setting, value: object, folder: Path) -> Any:
    """`value` as the program uses it. Raises Mistake.

    Gives Path | None for paths (None when empty), Schedule for schedules, tuples for lists.
    """
    if isinstance(value, str) and _PRIVATE_KEY in value:
        raise Mistake("config.private_key")
    result = _TYPES[setting.type](setting, value, folder)
    if setting.check and value not in ("", ()):
        result = _CHECKS[setting.check](setting, result, folder)
    return result


def type_name(value: object) -> str:
    """The locale key for the type of a value as TOML gives it."""
    names: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (bool, "flag"),
        (str, "text"),
        (int, "integer"),
        (float, "number"),
        (list, "list"),
        (dict, "table"),
        ((datetime, date, time), "date"),
    )
    for kind, name in names:
        if isinstance(value, kind):
            return f"type.{name}"
    return "type.other"


def _wrong_type(setting: Setting, value: object) -> Mistake:
    return Mistake("config.type", found=type_name(value), expected=f"type.{setting.type}")


def _shown(value: str) -> str:
    """A value as it may stand in a message: quoted and not too long."""
    return f'"{value[:_SHOWN_CHARACTERS]}{"…" if len(value) > _SHOWN_CHARACTERS else ""}"'


def _text(setting: Setting, value: object, _folder: Path) -> str:
    if not isinstance(value, str):
        raise _wrong_type(setting, value)
    if not value.strip() and setting.default:
        raise Mistake("config.empty")
    return value.strip()


def _flag(setting: Setting, value: object, _folder: Path) -> bool:
    if not isinstance(value, bool):
        raise _wrong_type(setting, value)
    return value


def _number(setting: Setting, value: object, _folder: Path) -> int | float:
    kinds = (int,) if setting.type == "integer" else (int, float)
    if not isinstance(value, kinds) or isinstance(value, bool):
        raise _wrong_type(setting, value)
    low = -math.inf if setting.low is None else setting.low
    high = math.inf if setting.high is None else setting.high
    if not low <= value <= high:  # also true of nan
        unit = f"unit.{setting.unit}" if setting.unit else ""
        raise Mistake("config.range", value=value, low=f"{low:g}", high=f"{high:g}", unit=unit)
    return value if setting.type == "integer" else float(value)


def _path(setting: Setting, value: object, folder: Path) -> Path | None:
    text = _text(setting, value, folder)
    if not text:
        return None
    if not text.isprintable():  # "C:\temp" in double quotes holds a tab
        raise Mistake("config.path")
    if text.startswith("~"):
        raise Mistake("config.home")
    return folder / text


def _list(setting: Setting, value: object, _folder: Path) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(part, str) for part in value):
        raise _wrong_type(setting, value)
    parts = [part.strip() for part in value]
    if not all(parts) or (setting.default and setting.check and not parts):
        raise Mistake("config.empty")
    return tuple(dict.fromkeys(parts))


def _choice(setting: Setting, value: object, folder: Path) -> str:
    text = _text(setting, value, folder)
    if text not in setting.choices:
        choices = ", ".join(f'"{choice}"' for choice in setting.choices)
        raise Mistake("config.choice", value=_shown(text), choices=choices)
    return text


def _zone(setting: Setting, value: object, folder: Path) -> str:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    text = _text(setting, value, folder)
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Mistake("config.zone", value=_shown(text)) from error
    return text


def _schedule(setting: Setting, value: object, folder: Path) -> schedule.Schedule:
    text = _text(setting, value, folder)
    try:
        return schedule.parse(text)
    except ValueError as error:
        raise Mistake("config.schedule", value=_shown(text)) from error


def _database(_setting: Setting, url: str, folder: Path) -> str:
    """The address with an absolute path. SQLite in memory is refused: nothing would stay."""
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        name = rest.removeprefix("/")
        if not rest.startswith("/") or not name or name.startswith((":memory:", "?", "~")):
            raise Mistake("config.database")
        return f"sqlite:///{(folder / name).as_posix()}"
    parts = _split(url, "config.database")
    if parts.scheme not in ("postgresql", "postgresql+psycopg") or not parts.path.strip("/"):
        raise Mistake("config.database")
    if parts.password is not None or "password=" in parts.query.lower():
        raise Mistake("config.secret_in_url", variable="CASETHREAD_LEDGER_PASSWORD")
    return url


def _lync(_setting: Setting, entries: tuple[str, ...], folder: Path) -> tuple[Any, ...]:
    """Pairs of name and address, from "name = mssql://reader@server/LcsCDR"."""
    found: dict[str, str] = {}
    for entry in entries:
        name, sign, url = (part.strip() for part in entry.partition("="))
        if not sign or not re.fullmatch(r"[\w.-]{1,60}", name) or name in found:
            raise Mistake("config.lync", value=_shown(entry.rpartition("@")[2]))
        if url.startswith("sqlite"):
            found[name] = _database(_setting, url, folder)
            continue
        parts = _split(url, "config.lync")
        if parts.scheme not in ("mssql", "postgresql") or not parts.path.strip("/"):
            raise Mistake("config.lync", value=_shown(parts.hostname or ""))
        if parts.password is not None or "password=" in parts.query.lower():
            raise Mistake("config.secret_in_url", variable="CASETHREAD_LYNC_PASSWORD")
        found[name] = url
    return tuple(found.items())


def _https(_setting: Setting, url: str, _folder: Path) -> str:
    """A web address without its last slash; settings.py decides whether it may be http://."""
    parts = _split(url, "config.url")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Mistake("config.url")
    if parts.username is not None or parts.query or parts.fragment:
        raise Mistake("config.url")
    return url.rstrip("/")


def is_protected(url: str) -> bool:
    """True when nobody on the network can read what is sent to `url`."""
    parts = urlsplit(url)
    return parts.scheme == "https" or parts.hostname in _LOOPBACK


def is_loopback(host: str) -> bool:
    """True for a name of this machine itself."""
    return host in _LOOPBACK


def _proxy(_setting: Setting, url: str, _folder: Path) -> str:
    parts = _split(url, "config.proxy")
    if parts.password is not None:
        raise Mistake("config.secret_in_url", variable="CASETHREAD_PROXY_PASSWORD")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Mistake("config.proxy")
    return url.rstrip("/")


def _split(url: str, key: str) -> Any:
    """The parts of an address; a port or a bracket that cannot be read is a mistake too."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  reading it is the check
    except ValueError as error:
        raise Mistake(key, value="…") from error
    if any(character.isspace() for character in url):
        raise Mistake(key, value="…")
    return parts


def _word(_setting: Setting, text: str, _folder: Path) -> str:
    if not re.fullmatch(r"[\w.-]+", text):
        raise Mistake("config.word")
    return text


def _variable(setting: Setting, text: str, _folder: Path) -> str:
    """A letter, then capitals, digits and underscores: a secret seldom looks like that."""
    if not re.fullmatch(r"[A-Z][A-Z0-9_]{0,99}", text):
        raise Mistake("config.variable", example=setting.default)
    return text


def _thumbprint(_setting: Setting, text: str, _folder: Path) -> str:
    digits = text.replace(":", "").replace(" ", "").upper()
    if not re.fullmatch(r"(?:[0-9A-F]{40}|[0-9A-F]{64})", digits):
        raise Mistake("config.thumbprint")
    return digits


def _patterns(_setting: Setting, names: tuple[str, ...], _folder: Path) -> tuple[str, ...]:
    """Well-formed names; whether the mapping has them is known only when it is read."""
    for name in names:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise Mistake("config.pattern", value=_shown(name))
    return names


def _upn(_setting: Setting, names: tuple[str, ...], _folder: Path) -> tuple[str, ...]:
    for name in names:
        if not re.fullmatch(r"[^@\s]+@[^@\s]+", name):
            raise Mistake("config.upn", value=_shown(name))
    return tuple(name.lower() for name in names)


def _mail(_setting: Setting, text: str, _folder: Path) -> str:
    if not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", text):
        raise Mistake("config.mail", value=_shown(text))
    return text


def _unit_mails(_setting: Setting, entries: tuple[str, ...], folder: Path) -> tuple[Any, ...]:
    """Pairs of unit and mail address, from "Borgerservice = borgerservice@kommune.example"."""
    found: dict[str, str] = {}
    for entry in entries:
        unit, sign, address = (part.strip() for part in entry.partition("="))
        if not sign or not unit:
            raise Mistake("config.unit_mail", value=_shown(entry))
        found[unit] = _mail(_setting, address, folder)
    return tuple(found.items())


def _networks(_setting: Setting, entries: tuple[str, ...], _folder: Path) -> tuple[str, ...]:
    """Networks, or single addresses, of IPv4 and IPv6."""
    import ipaddress

    for entry in entries:
        try:
            ipaddress.ip_network(entry)
        except ValueError as error:
            raise Mistake("config.network", value=_shown(entry)) from error
    return entries


def _origins(_setting: Setting, entries: tuple[str, ...], _folder: Path) -> tuple[str, ...]:
    """Origins as a browser writes them: https://NAME or https://NAME:PORT, in small letters."""
    for entry in entries:
        parts = _split(entry, "config.origin")
        bare = f"{parts.scheme}://{parts.netloc}" == entry == entry.lower()
        if not bare or not parts.hostname or "@" in entry or not is_protected(entry):
            raise Mistake("config.origin", value=_shown(entry))
        if parts.scheme not in ("http", "https"):
            raise Mistake("config.origin", value=_shown(entry))
    return entries


def _private_words(_setting: Setting, words: tuple[str, ...], _folder: Path) -> tuple[str, ...]:
    """Words that nobody writes by chance: they begin with a sign, and hold no space."""
    for word in words:
        if not re.fullmatch(r"[#!/*][^\s]{2,38}", word):
            raise Mistake("config.private_word", value=_shown(word))
    return tuple(word.casefold() for word in words)


def _rules(_setting: Setting, names: tuple[str, ...], _folder: Path) -> tuple[str, ...]:
    from connector.linking.communication import Shape
    from connector.linking.rules import LINKING_RULES

    kinds = [kind.value for kind in Shape]
    for name in names:
        rule, slash, kind = name.partition("/")
        if rule not in LINKING_RULES or (slash and kind not in kinds):
            known = ", ".join(LINKING_RULES)
            raise Mistake("config.rule", value=_shown(name), known=known, kinds=", ".join(kinds))
    return names


def _file(_setting: Setting, path: Path, _folder: Path) -> Path:
    try:
        is_file = path.is_file()
    except (OSError, ValueError) as error:
        raise Mistake("config.no_file", path=path) from error
    if not is_file:
        raise Mistake("config.no_file", path=path)
    return path


_Function = Callable[[Setting, Any, Path], Any]

_TYPES: Mapping[str, _Function] = {
    "text": _text,
    "flag": _flag,
    "integer": _number,
    "number": _number,
    "path": _path,
    "list": _list,
    "choice": _choice,
    "zone": _zone,
    "url": _text,
    "schedule": _schedule,
}

_CHECKS: Mapping[str, _Function] = {
    "database": _database,
    "https": _https,
    "lync": _lync,
    "proxy": _proxy,
    "word": _word,
    "variable": _variable,
    "thumbprint": _thumbprint,
    "patterns": _patterns,
    "upn": _upn,
    "rules": _rules,
    "mail": _mail,
    "unit_mails": _unit_mails,
    "networks": _networks,
    "origins": _origins,
    "private_words": _private_words,
    "zone": _zone,
    "file": _file,
    "secret_file": _file,
}
