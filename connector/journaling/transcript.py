"""The HTML transcript of an entry, from mappings/templates/transcript.html.j2."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from connector.errors import ConfigError
from connector.mapping import Mapping, find_zone, offset
from connector.model import Entry, EntryFile, Party

if TYPE_CHECKING:
    from jinja2 import Environment, Template

TEMPLATE = "transcript.html.j2"
_SHOWN_IMAGES = {"image/png", "image/jpeg", "image/gif", "image/webp"}
# Control characters have no place in HTML; tab and line feed stay.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class ShownFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file as the transcript lists it; an empty `name` means that it is not in the folder."""

    name: str
    original_name: str
    role: str
    size_bytes: int | None
    sha256: str
    note: str
    url: str
    is_audio: bool
    is_image: bool


class Transcript:
    """Makes transcripts in one language. The template is read at the first use, and kept."""

    def __init__(self, mapping: Mapping, templates: Path) -> None:
        self.mapping = mapping
        self.templates = templates
        self._lock = threading.Lock()
        self._template: Template | None = None

    def compile(self) -> Template:
        """The template. Raises ConfigError when it is missing or an operator's change broke it."""
        with self._lock:
            if self._template is None:
                self._template = _compile(self.templates)
            return self._template

    def render(
        self,
        entry: Entry,
        files: Sequence[ShownFile],
        *,
        key: str,
        title: str,
        entry_sha256: str,
        written_at: datetime,
        previous: str = "",
    ) -> bytes:
        """The page as UTF-8. `previous` is the file name of the transcript this one follows."""
        from jinja2 import TemplateError

        zone = find_zone(entry.time_zone)
        try:
            text = self.compile().render(
                m=self.mapping,
                t=self.mapping.words["texts"],
                entry=entry,
                files=files,
                parties=shown_parties(entry),
                key=key,
                title=title,
                entry_sha256=entry_sha256,
                written_at=written_at,
                previous=previous,
                offset=offset(entry.started_at, zone),
                about=lambda its: self.mapping.about(its, zone),
                far=lambda moment: self.mapping.long(moment, zone),
                near=lambda moment: _near(self.mapping, moment, entry, zone),
                exact=lambda moment: self.mapping.clock(moment, zone, seconds=True),
            )
        except TemplateError as error:
            path = self.templates / TEMPLATE
            raise ConfigError([f"{path} cannot be used: {type(error).__name__}"]) from error
        return _CONTROL.sub("\ufffd", text).encode()


@lru_cache(maxsize=4)
def _environment(templates: Path) -> Environment:
    """All sinks share what was compiled; Jinja compiles a file that was changed again."""
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _compile(templates: Path) -> Template:
    import jinja2

    try:
        return _environment(templates).get_template(TEMPLATE)
    except jinja2.TemplateSyntaxError as error:
        raise ConfigError([f"{templates / TEMPLATE}, line {error.lineno}: {error}"]) from error
    except jinja2.TemplateError as error:
        raise ConfigError([f"there is no {templates / TEMPLATE}"]) from error


def _near(mapping: Mapping, moment: datetime, entry: Entry, zone: ZoneInfo) -> str:
    """The time alone on the entry's own day, else with its date."""
    if moment.astimezone(zone).date() == entry.local_day:
        return mapping.clock(moment, zone)
    return mapping.short(moment, zone)


def shown_parties(entry: Entry) -> list[tuple[str, Party]]:
    """Everybody once with a role: the entry's parties, else those of its call."""
    named = [(party.role, party) for party in entry.parties]
    if not named and entry.call is not None:
        named = [
            ("caller", entry.call.caller),
            *(("callee", party) for party in entry.call.callees),
            *((party.role or "other", party) for party in entry.call.others),
        ]
    seen: set[Party] = set()
    shown = []
    for role, party in named:
        if party not in seen:
            seen.add(party)
            shown.append((role, party))
    return shown


def shown_file(file: EntryFile, name: str, size_bytes: int | None) -> ShownFile:
    """A file for the list; only http and https addresses become links."""
    kind = file.content_type.split(";")[0].strip().lower()
    is_link = file.url.lower().startswith(("https://", "http://"))
    return ShownFile(
        name=name,
        original_name=file.name,
        role=file.role,
        size_bytes=size_bytes,
        sha256=file.sha256,
        note=file.note,
        url=file.url if is_link else "",
        is_audio=bool(name) and (file.role == "audio" or kind.startswith("audio/")),
        is_image=bool(name) and kind in _SHOWN_IMAGES,
    )
