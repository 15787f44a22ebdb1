"""Rules, evidence and texts as pages tell them, in the reader's language; links that are safe."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from markupsafe import Markup, escape

from connector import mapping
from connector.defaults import read_mapping
from connector.ledger.waiting import Waiting, Why
from connector.linking.reasons import MORE, TOO_LONG, reason_text
from connector.model import Decision, Evidence, LinkState
from connector.web.telephone import readable_in
from connector.web.words import say, words

# What may be followed: nothing but the web, and no more than a person would type.
_LINK = re.compile(r"https?://[^\s<>\"'`{}|\\^\x00-\x20\x7f]{1,2000}", re.IGNORECASE)
_TRAIL = ".,;:!?)]»”"


class Part(NamedTuple):
    """A stretch of a text; `link` is "" for what is no address."""

    text: str
    link: str = ""


class Telling:
    """Words of one language. `folder` is the site's, whose mappings go before the program's own."""

    def __init__(self, language: str, folder: Path) -> None:
        self.language = language
        self._words = _mapping(folder, language)

    def rule(self, rule: str) -> str:
        """What people call a rule of the linker; its own name where there is no word for it."""
        key = f"rule.{rule}"
        return say(key, self.language) if key in words(self.language) else rule

    def reason(self, rule: str, kept: str, case_number: str) -> str:
        """Why, as one sentence; a person's own words stay as they are."""
        decision = Decision(state=LinkState.LINKED, case_number=case_number, rule=rule, reason=kept)
        return reason_text(decision, self.language)

    def why_waiting(self, each: Waiting) -> str:
        """Why a person must decide, as far as the viewer may know it."""
        if each.why is Why.RULE:
            return self.reason(each.rule, "", each.case_number)
        return say(f"todo.why.{each.why.value}", self.language)

    def evidence(self, each: Evidence) -> str:
        """What points to a case: by what, where it was found, as it was written, what is odd."""
        if each.rule == MORE:
            return say("explain.more", self.language, count=int(each.found))
        if each.rule == TOO_LONG:
            return say("explain.too_long", self.language, count=int(each.found))
        text = self._words.rule(each.rule)
        if each.where not in (each.rule, "person"):
            text += f" ({self._words.place(each.where)})"
        if each.found:
            text += f": {readable_in(each.found)}"
        return f"{text}; {self._words.note(each.note)}" if each.note else text

    def role(self, role: str) -> str:
        """What a party, a leg or a file is."""
        return self._words.role(role)

    def size(self, size_bytes: int) -> str:
        """Bytes as people read them: 12,3 kB."""
        return self._words.size(size_bytes)

    def source(self, name: str) -> str:
        """What a source is called; its own name where there is no word for it."""
        key = f"source.{name}"
        return say(key, self.language) if key in words(self.language) else name

    def linked(self, text: str) -> Markup:
        """The text as HTML with its web addresses to be followed; everything in it is escaped."""
        if "://" not in text:
            return escape(text)
        return Markup("").join(
            Markup('<a href="{0}" rel="noopener noreferrer nofollow">{0}</a>').format(part.link)
            if part.link
            else part.text
            for part in self.parts(text)
        )

    @staticmethod
    def parts(text: str) -> Iterator[Part]:
        """The text with its web addresses as links; all of it is there, in order."""
        place = 0
        for match in _LINK.finditer(text):
            address = match[0].rstrip(_TRAIL)
            if len(address) <= len("https://"):
                continue
            if match.start() > place:
                yield Part(text[place : match.start()])
            yield Part(address, address)
            place = match.start() + len(address)
        if place < len(text):
            yield Part(text[place:])


@cache
def _mapping(folder: Path, language: str) -> mapping.Mapping:
    return mapping.load(read_mapping("entry.toml", folder), language)
