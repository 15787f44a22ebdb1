"""A line of the list "write or mend these" in words for an editor: what, why and what to do."""

from __future__ import annotations

from collections.abc import Iterator

from connector import locale
from connector.articles import subjects
from connector.articles.gaps import CHECK, FEW, MEND, Evidence, Gap


def name_of(gap: Gap) -> str:
    """The article's title, the subject with its name, or the words that were searched for."""
    if gap.article:
        return gap.title
    if gap.subject:
        return f"{gap.subject} {subjects.title(gap.subject)}".strip()
    return f"»{gap.words[0]}«" if gap.words else ""


def told(count: int, language: str) -> str:
    """A count of citizens: under 5 no number is told, for so few could point at a person."""
    if 0 < count < FEW:
        return locale.text("article.gap.few", language)
    return locale.number(count, language)


def reasons(gap: Gap, language: str) -> Iterator[str]:
    """Why the line is there, each reason with its numbers, the weightiest kind first."""
    its = gap.evidence

    def say(key: str, **values: object) -> str:
        return locale.text(f"article.gap.{key}", language, **values)

    if its.down:
        up = locale.number(its.up, language)
        yield say("down", count=its.down, reasons=locale.number(its.reasons, language), up=up)
    if its.calls or its.calls_before:
        calls = told(its.calls, language)
        if its.calls_before is None:
            yield say("calls_alone", calls=calls)
        else:
            yield say("calls", calls=calls, before=told(its.calls_before, language))
    yield from _about_calls(its, language)
    if its.searches:
        words = ", ".join(f"»{each}«" for each in gap.words)
        yield say("searches", searches=told(its.searches, language), words=words)
    if its.citizen_views or its.staff_views:
        views = {"citizen": its.citizen_views, "staff": its.staff_views}
        yield say("views", **{key: locale.number(count, language) for key, count in views.items()})
    if gap.also and its.calls:
        yield say("also", articles=", ".join(f"»{each}«" for each in gap.also))


def _about_calls(its: Evidence, language: str) -> Iterator[str]:
    """What became of the calls; of under 5 nothing is told."""
    if its.calls < FEW:
        return
    if its.missed:
        missed = told(its.missed, language)
        yield locale.text("article.gap.missed", language, missed=missed)
    if its.moved:
        yield locale.text("article.gap.moved", language, moved=told(its.moved, language))
    if its.waited_s:
        wait = minutes(its.waited_s // its.calls)
        yield locale.text("article.gap.wait", language, wait=wait)


def advice(gap: Gap, language: str) -> str:
    """What to do about it, in a sentence."""
    if gap.do == MEND:
        end = "mend"
    elif gap.do == CHECK:
        is_about_calls = gap.evidence.calls >= FEW or not gap.words
        end = "check_calls" if is_about_calls else "check_words"
    else:
        end = "write_subject" if gap.subject else "write_words"
    return locale.text(f"article.gap.advice.{end}", language)


def minutes(seconds: int) -> str:
    """ "1:05": minutes and seconds."""
    return f"{seconds // 60}:{seconds % 60:02d}"
