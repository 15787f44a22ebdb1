"""`evaluate`: the linker on a sample of one's own, before anything is switched on."""

from __future__ import annotations

import gc
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import typer

from connector import screen
from connector.commands import FAILED, Session, tell
from connector.errors import ConfigError

if TYPE_CHECKING:
    from connector.evaluation import Judge, Result
    from connector.evaluation_input import Cases, Communications
    from connector.evaluation_report import Reading
    from connector.linking.keys import CaseFinder
    from connector.linking.patterns import Scanner
    from connector.linking.rules import Rules
    from connector.progress import Progress

FileArgument = Annotated[
    Path,
    typer.Argument(
        metavar="COMMUNICATIONS",
        help="A JSON object a line; see below.",
        exists=True,
        dir_okay=False,
        readable=True,
    ),
]
CasesOption = Annotated[
    Path,
    typer.Option(
        "--cases",
        metavar="CSV",
        help="The cases, in the columns of: casethread cases import --help.",
        exists=True,
        dir_okay=False,
        readable=True,
    ),
]
PredictionsOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write what is decided on each, a JSON object a line."),
]
PatternsOption = Annotated[
    str,
    typer.Option(
        metavar="NAMES",
        help="How case numbers are written, for example kle,go; else as the configuration says, "
        "and without one as the register writes them.",
    ),
]
MappingsOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="A folder with tables of your own; else those beside the configuration, else the "
        "program's.",
        exists=True,
        file_okay=False,
    ),
]


def evaluate(
    ctx: typer.Context,
    communications: FileArgument,
    cases: CasesOption,
    predictions: PredictionsOption = None,
    patterns: PatternsOption = "",
    mappings: MappingsOption = None,
    with_missed: Annotated[
        bool, typer.Option("--missed", help="List what has a case and was not linked, too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for a program.")] = False,
) -> None:
    """Judge the linking rules on a sample of your own. Changes nothing.

    By the rules, patterns and tables of the configuration where there is one, else by
    the program's own; the first line says which.

    \b
    Each line of the sample is a JSON object:
      id, kind        Required. Kind: chat, call, voicemail, missed_call, meeting.
      started         Required. 2026-11-20T12:30:00Z; without a zone it is UTC.
      direction       inbound, outbound or internal.
      participants    A list of {"role", "upn", "mail", "phone", "name", "department"};
                      role is from, to, transferred_to, organizer or attendee.
                      Staff have a upn.
      subject, text, thread_id
      expected        The right answer, for the scores: {"case": "..."}, or
                      {"case": null} for none. It may also hold "link": false where
                      a person is to decide, and "rule": any name to count by.

    \b
    Examples:
      casethread evaluate sample.jsonl --cases cases.csv
      casethread evaluate sample.jsonl --cases cases.csv --missed --predictions out.jsonl
    """
    from connector import evaluation_report
    from connector.evaluation_input import Cases, Communications

    session: Session = ctx.obj
    using = _policy(session, _names(patterns), mappings)
    _refuse_overwriting(session, predictions, (communications, cases))
    # What was loaded by now lives until the end: the collector need not walk through it.
    gc.freeze()
    gc.enable()
    shown = screen.progress(session.language)
    try:
        sample = _counted(shown, "look", lambda told: Communications(communications, told))
        reading, result = _judge(sample, Cases(cases), using, predictions, shown)
    finally:
        shown.close()
    if as_json:
        from connector.commands.looking import say_json

        value = evaluation_report.as_value(
            reading, result, session.language, with_missed=with_missed
        )
        say_json(value)
    else:
        teller = evaluation_report.Teller(session.language)
        teller.tell(reading, result, with_missed=with_missed)
        if predictions is not None:
            screen.say()
            screen.say(session.text("evaluate.written", path=predictions))
    if sample.faults:
        if as_json:
            tell(session.text("evaluate.faults", count=len(sample.faults)).rstrip(":"))
        raise typer.Exit(FAILED)


class Using(NamedTuple):
    """What is judged by: `configuration` and `rules` are None where there is no configuration."""

    configuration: Path | None
    rules: Rules | None
    zone: ZoneInfo | None
    numbers: Mapping[str, Any]  # the table of case numbers
    subjects: Mapping[str, Any]  # and that of words
    patterns: Sequence[str]
    are_given: bool  # the patterns, by an option


def _policy(session: Session, patterns: Sequence[str], mappings: Path | None) -> Using:
    """The site's policy, or the program's own; options go first. Raises ConfigError.

    A configuration that cannot be used is no reason to judge by other rules in silence.
    """
    from connector.settings_reader import find_file

    try:
        path = find_file(session.config, session.environ)
    except ConfigError:
        tables = _tables([mappings])
        return Using(None, None, None, *tables, patterns, bool(patterns))
    from connector.bootstrap import make_rules

    its = session.settings
    return Using(
        path,
        make_rules(its),
        ZoneInfo(its.time_zone),
        *_tables([mappings, its.folder / "mappings"]),
        patterns or its.linking.patterns,
        bool(patterns),
    )


def _judge(
    sample: Communications,
    cases: Cases,
    using: Using,
    predictions: Path | None,
    shown: Progress,
) -> tuple[Reading, Result]:
    """Load the register, judge every communication, write the predictions."""
    from connector.evaluation import Evaluation, replacing
    from connector.evaluation_report import Reading
    from connector.linking.keys import canonical, number_key
    from connector.linking.register import MemoryRegister, patterns_for

    found = using.patterns or patterns_for(cases.numbers(), using.numbers)
    scanner, judge_with = make_judge(using, found)
    register = _counted(shown, "register", lambda told: MemoryRegister(cases, scanner, told))

    def spelled(number: str) -> str:
        return canonical(number, scanner)[0]

    evaluation = Evaluation(
        judge_with(register), spelled, lambda number: bool(register.find([number_key(number)]))
    )
    with replacing(predictions) as out:
        result = _counted(
            shown,
            "evaluate",
            lambda told: evaluation.run(sample.in_order(), out, told),
            total=len(sample),
        )
    reading = Reading(
        items=len(sample),
        labelled=sample.labelled,
        cases=len(register),
        patterns=[pattern.key for pattern in scanner.patterns],
        patterns_from=_where_from(using, found),
        configuration="" if using.configuration is None else str(using.configuration),
        faults=sample.faults,
        register_notes=[f"{each.what} {each.fix}".rstrip() for each in cases.notes.findings()],
        doubled=register.doubled,
        is_sorted=sample.is_sorted,
        without_zone=sample.without_zone,
    )
    return reading, result


def _where_from(using: Using, patterns: Sequence[str]) -> str:
    """What said how case numbers are written."""
    if using.are_given:
        return "given"
    if using.configuration is not None:
        return "configured"
    return "found" if patterns else "none"


def make_judge(
    using: Using, patterns: Sequence[str]
) -> tuple[Scanner, Callable[[CaseFinder], Judge]]:
    """How case numbers are read, and how to judge with a register. Raises ConfigError."""
    from connector.linking.linker import make_linker
    from connector.linking.stream import Stream

    linker = make_linker(
        using.numbers, using.subjects, patterns, rules=using.rules, zone=using.zone
    )
    return linker.scanner, lambda cases: Stream(linker, cases).through


T = TypeVar("T")


def _counted(
    shown: Progress, job: str, work: Callable[[Callable[[int], None]], T], total: int | None = None
) -> T:
    """Do the work under a bar that follows what it counts."""
    shown.begin(job, total)
    try:
        return work(lambda count: shown.step(job, count, {"read": count}))
    finally:
        shown.end(job)


def _names(written: str) -> list[str]:
    return [name for name in (part.strip() for part in written.split(",")) if name]


def _tables(folders: Sequence[Path | None]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """How numbers are written and which words belong to which subject.

    Each file comes from the first folder that has it, else from the program.
    """
    from connector.defaults import defaults_dir

    ours = defaults_dir() / "mappings"
    read = []
    for name in ("case-numbers.toml", "subjects.toml"):
        theirs = (folder / name for folder in folders if folder is not None)
        path = next((each for each in theirs if each.is_file()), ours / name)
        try:
            read.append(tomllib.loads(path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigError([f"{path}: {error}"]) from error
    return read[0], read[1]


def _refuse_overwriting(session: Session, out: Path | None, read: Sequence[Path]) -> None:
    if out is not None and out.exists() and any(out.samefile(path) for path in read):
        raise ConfigError([session.text("evaluate.same_file", path=out)])
