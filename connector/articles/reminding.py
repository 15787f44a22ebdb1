"""The reminders of a day, written, sent and recorded: a letter at a time.

Each letter is recorded, for good, as soon as the mail server has it. A program that dies between
those two sends that one letter again, with the same Message-ID, and no other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from connector.article import Article
from connector.articles.mail import MailAccess, send
from connector.articles.owners import Owners
from connector.articles.reminder_letters import Style, list_of, mail_of
from connector.articles.reminders import Ladder, Letter, Reminder, letters, reminders_due
from connector.durable import disk_error, replace_durable
from connector.errors import RemoteError
from connector.ledger.article_reminders import keep_reminders, reminders_sent
from connector.locale import text
from connector.progress import Progress, Silent

if TYPE_CHECKING:
    from connector.ledger.store import Ledger

JOB = "article_reminders"


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """Where reminders go: a folder of files, a mail server, or both."""

    style: Style
    folder: Path | None = None
    access: MailAccess | None = None


class Reminded(msgspec.Struct):
    """What a run of reminders did."""

    sent: int = 0  # letters that the mail server took
    kept: int = 0  # letters kept as files
    told: int = 0  # steps recorded as taken
    refused: int = 0  # letters that the mail server would not take
    homeless: int = 0  # reminders with nobody to tell
    problems: list[str] = []
    stopped: RemoteError | None = None

    def counts(self) -> dict[str, int]:
        """By name, for the record of the run."""
        names = ("sent", "kept", "told", "refused", "homeless")
        return {name: getattr(self, name) for name in names if getattr(self, name)}


class Planned(msgspec.Struct, frozen=True):
    """What is to be told today."""

    letters: tuple[Letter, ...]
    homeless: tuple[Reminder, ...]


def planned(
    articles: Iterable[Article],
    ledger: Ledger,
    owners: Owners,
    ladder: Ladder,
    now: datetime,
    zone: ZoneInfo,
) -> Planned:
    """The letters of today, those left out that were sent already."""
    today = now.astimezone(zone).date()
    with ledger.read() as connection:
        sent = reminders_sent(connection)
    taken = {(each.article, each.step, each.review_by) for each in sent}
    written_today = {each.to_whom for each in sent if each.at.astimezone(zone).date() == today}
    due = reminders_due(articles, owners, ladder, taken, today)
    ready, homeless = letters(due, written_today)
    return Planned(tuple(ready), tuple(homeless))


def remind(
    plan: Planned,
    ledger: Ledger,
    post: Post,
    now: datetime,
    zone: ZoneInfo,
    progress: Progress | None = None,
) -> Reminded:
    """Write and send the letters. What one address refuses keeps no other from getting its own."""
    done = Reminded(homeless=len(plan.homeless))
    language = post.style.language
    done.problems += dict.fromkeys(  # an article may be at several steps
        text("article.reminder.homeless", language, article=each.article, unit=each.unit or "…")
        for each in plan.homeless
    )
    if plan.letters and post.folder is None and post.access is None:
        done.problems.append(text("article.reminder.nowhere", language))
        return done
    today = now.astimezone(zone).date()
    mails = [mail_of(each, now, today, post.style) for each in plan.letters]
    told = progress or Silent()
    told.begin(JOB, len(mails))
    try:
        if post.folder is not None:
            _write(post.folder, plan.letters, mails, today, post.style)
            done.kept = len(mails)
        _deliver(plan.letters, mails, ledger, post, done, told)
    except RemoteError as error:
        done.stopped = error
        done.problems.append(str(error))
    finally:
        told.end(JOB)
    return done


def _deliver(
    those: Sequence[Letter],
    mails: Sequence[EmailMessage],
    ledger: Ledger,
    post: Post,
    done: Reminded,
    progress: Progress,
) -> None:
    """Send each letter and record it at once; without a mail server the file is the letter."""
    if not those:
        return
    kept = ((number, "") for number in range(len(mails)))
    for number, why in kept if post.access is None else send(post.access, mails):
        letter = those[number]
        if why:
            done.refused += 1
            done.problems.append(
                text("article.reminder.refused", post.style.language, to=letter.to, why=why)
            )
        else:
            keep_reminders(ledger, [each.key for each in letter.reminders], letter.to)
            done.sent += post.access is not None
            done.told += len(letter.reminders)
        progress.step(JOB, number + 1, {"sent": done.sent})


def _write(
    folder: Path,
    those: Sequence[Letter],
    mails: Sequence[EmailMessage],
    today: date,
    style: Style,
) -> None:
    """Keep each letter as a file, and all of them in one readable list of the day."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files = [folder / f"{today} {_file_name(each.to)}.eml" for each in those]
        new = [letter for letter, file in zip(those, files, strict=True) if not file.exists()]
        if new:
            with (folder / f"{today}.txt").open("a", encoding="utf-8") as file:
                file.write(list_of(new, today, style) + "\n")
        for path, mail in zip(files, mails, strict=True):
            replace_durable(path, mail.as_bytes())
    except OSError as error:
        raise disk_error(error, folder, "reminders") from error


def _file_name(address: str) -> str:
    """The address as every file system takes it."""
    return re.sub(r"[^\w.@+-]", "_", address)[:120]
