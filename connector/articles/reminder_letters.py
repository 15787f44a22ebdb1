"""Reminders put into words: mail in plain text with a simple page beside it, and a list to read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape
from pathlib import Path
from typing import Any

import msgspec

from connector.articles.owners import LEFT
from connector.articles.reminders import (
    DUE,
    EDITOR,
    OWNER_LEFT,
    SOON,
    UNIT,
    Letter,
    Reminder,
    shown,
)
from connector.locale import text


class Style(msgspec.Struct, frozen=True, kw_only=True):
    """How letters are written: language, sender, and where the pages of articles stand.

    `pages` has every article that readers see now; one whose address is not known has none. Files
    are named from `root` on.
    """

    language: str
    sender: str
    pages: Mapping[str, Sequence[str]] = {}
    root: Path = Path()


def day(when: date, language: str) -> str:
    """A date in words: "1. december 2026", "1 December 2026"."""
    month = text("article.months", language).split()[when.month - 1]
    return text("article.day", language, day=when.day, month=month, year=when.year)


def lines_of(reminder: Reminder, today: date, style: Style) -> list[str]:
    """What is said of one article, a sentence a line, its title left out."""

    def say(key: str, **values: Any) -> str:
        return text(f"article.reminder.{key}", style.language, **values)

    lines = []
    if reminder.review_by is not None and reminder.step != OWNER_LEFT:
        lines.append(_when(reminder.review_by, today, style.language))
        if reminder.review_by < today and reminder.article in style.pages:
            lines.append(say("shown"))
    if reminder.step in (UNIT, EDITOR) and reminder.owner.upn and reminder.owner.state != LEFT:
        lines.append(say("owner_too"))
    if reminder.owner.state == LEFT:
        lines.append(say("left", owner=reminder.owner.name))
    else:
        owner = reminder.owner.name or say("nobody")
        has_unit = bool(reminder.unit)
        lines.append(
            say("owner_unit", owner=owner, unit=reminder.unit)
            if has_unit
            else say("owner", owner=owner)
        )
    lines += [say("page", url=url) for url in style.pages.get(reminder.article, ())]
    if reminder.path:
        lines.append(say("file", path=_from(style.root, reminder.path)))
    return lines


def _from(root: Path, path: str) -> str:
    """The path as it is in a checkout elsewhere, when the file lies under `root`."""
    file = Path(path)
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else path


def _when(review_by: date, today: date, language: str) -> str:
    days = (review_by - today).days
    if not days:
        return text("article.reminder.today", language, day=day(review_by, language))
    key = f"article.reminder.{SOON if days > 0 else DUE}"
    return text(key, language, day=day(review_by, language), count=abs(days))


def mail_of(letter: Letter, now: datetime, today: date, style: Style) -> EmailMessage:
    """The letter as a mail.

    Its id is made of whom it tells of what: a letter that goes out twice, because the program
    died between sending and recording, carries the same one, and mail servers drop the second.
    """
    those = shown(letter)
    message = EmailMessage()
    message["From"], message["To"] = style.sender, letter.to
    message["Date"] = format_datetime(now)
    if len(those) == 1:
        subject = text("article.reminder.subject_alone", style.language, title=those[0].title)
    else:
        subject = text("article.reminder.subject", style.language, count=len(those))
    message["Subject"] = " ".join(subject.split())
    told = "\n".join([letter.to.casefold(), *sorted(map(_key, letter.reminders))])
    domain = style.sender.rpartition("@")[2]
    message["Message-ID"] = f"<{hashlib.sha256(told.encode()).hexdigest()[:32]}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
    message.set_content(_plain(those, today, style))
    message.add_alternative(_html(those, today, style), subtype="html")
    message["Content-Language"] = style.language  # after the content, which takes such fields away
    return message


def _key(reminder: Reminder) -> str:
    return " ".join(map(str, reminder.key))


def _plain(those: Sequence[Reminder], today: date, style: Style) -> str:
    parts = [_word("hello", style), "", _word("intro", style), ""]
    for number, each in enumerate(those, 1):
        parts.append(f"{number}. {each.title}")
        parts += [f"   {line}" for line in lines_of(each, today, style)]
        parts.append("")
    return "\n".join([*parts, _word("bye", style), ""])


def _html(those: Sequence[Reminder], today: date, style: Style) -> str:
    items = []
    for each in those:
        urls = style.pages.get(each.article, ())
        lines = [_linked(line, urls) for line in lines_of(each, today, style)]
        told = "<br>\n".join([f"<strong>{escape(each.title)}</strong>", *lines])
        items.append(f"<li>{told}</li>")
    title = escape(_word("intro", style))
    return (
        f'<!DOCTYPE html>\n<html lang="{style.language}">\n<head><meta charset="utf-8">'
        f"<title>{escape(_word('hello', style))}</title></head>\n<body>\n"
        f"<p>{escape(_word('hello', style))}</p>\n<p>{title}</p>\n<ol>\n"
        + "\n".join(items)
        + f"\n</ol>\n<p>{escape(_word('bye', style))}</p>\n</body>\n</html>\n"
    )


def _linked(line: str, urls: Sequence[str]) -> str:
    """The line as HTML, its address a link; of two that begin alike the longer one is meant."""
    url = max((each for each in urls if each in line), key=len, default="")
    said = escape(line)
    return said.replace(escape(url), f'<a href="{escape(url)}">{escape(url)}</a>') if url else said


def _word(key: str, style: Style) -> str:
    return text(f"article.reminder.{key}", style.language)


def list_of(letters: Sequence[Letter], today: date, style: Style) -> str:
    """All letters of a day in one readable text: to whom, and of which articles."""
    heading = text("article.reminder.list", style.language, day=day(today, style.language))
    without_addresses = msgspec.structs.replace(style, pages=dict.fromkeys(style.pages, ()))
    parts = [heading, "=" * len(heading), ""]
    for letter in letters:
        parts += [letter.to, "-" * len(letter.to)]
        for each in shown(letter):
            said = " ".join(lines_of(each, today, without_addresses))
            parts.append(f"- {each.title} ({each.article}): {said}")
        parts.append("")
    return "\n".join(parts)
