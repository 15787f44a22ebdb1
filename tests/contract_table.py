"""The table of what each adapter is held to, made from the classes of tests that hold it to it.

Rows are the tests of the contract suites, in the words of their docstrings; columns are the kinds
of systems. Whether a suite leaves a test out is read from the test itself: it returns early where
the class says that its system has no such thing.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import tempfile
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connector.model import Capabilities
from tests.contracts.publisher import PublisherContract
from tests.contracts.register import RegisterContract
from tests.contracts.sink import SinkContract
from tests.contracts.system import RegisterOf, SystemContract
from tests.suites import TESTS, Suite, hooks_of

NOWHERE = "http://127.0.0.1:9"  # nothing is asked there
REASONS = {
    "knows_cases": "it takes any case number: no case is known to it, open or closed",
    "locks_cases": "nobody can lock a case there",
    "takes_void": "it takes no void",
    "can_list": "its cases are looked up by number and not listed",
    "locks_pages": "nobody can hold a page locked there",
    "moves_pages": "people cannot move a page there",
    "is_remote": "no line to it can break",
    "keeps_staff_apart": "a page shows everybody the same: it takes nothing for staff",
    "network": "not run, because it is not on a network; it has tests of its own instead",
}
_FLAGS = (
    "knows_cases", "locks_cases", "locks_pages", "moves_pages", "is_remote", "keeps_staff_apart",
)  # fmt: skip


@dataclass
class Notes:
    """The reasons that a table gives, numbered as they come."""

    texts: list[str] = field(default_factory=list)

    def mark(self, reasons: Sequence[str]) -> str:
        """ " (1, 2)" for these reasons; "" for none."""
        for reason in reasons:
            if REASONS[reason] not in self.texts:
                self.texts.append(REASONS[reason])
        numbers = [str(self.texts.index(REASONS[reason]) + 1) for reason in reasons]
        return f" ({', '.join(numbers)})" if numbers else ""


def facts_of(suite: Suite) -> dict[str, bool]:
    """What the system of a suite has: what its class says, and its register's `can_list`."""
    found = {name: bool(getattr(suite.type, name)) for name in _FLAGS if hasattr(suite.type, name)}
    found["network"] = issubclass(suite.type, SystemContract | RegisterOf)
    found["takes_void"] = Capabilities().takes_void
    if issubclass(suite.type, RegisterContract):
        found["can_list"] = _can_list(suite)
    return found


def _can_list(suite: Suite) -> bool:
    """As its register says; nothing is asked of the system."""
    hooks = hooks_of(suite.path)
    with tempfile.TemporaryDirectory() as folder:
        if isinstance(hooks, RegisterOf):
            return bool(hooks.connect(RegisterOf.connection(hooks, NOWHERE)).can_list)
        hooks.folder = Path(folder)
        return bool(hooks.make_register(()).can_list)


def properties_of(contract: type) -> dict[str, Callable[..., object]]:
    """The tests of a contract suite, those of its bases first, by name."""
    found: dict[str, Callable[..., object]] = {}
    for base in reversed(contract.__mro__):
        own = {name: each for name, each in vars(base).items() if name.startswith("test_")}
        found.update({name: own[name] for name in own if name not in found})
    return found


def in_words(test: Callable[..., object]) -> str:
    """The first paragraph of its docstring, in one line."""
    return " ".join((inspect.getdoc(test) or test.__name__).partition("\n\n")[0].split())


def left_out(
    test: Callable[..., object], facts: Mapping[str, bool]
) -> tuple[Sequence[str], Sequence[str]]:
    """Why a test does nothing for these facts, and why it leaves a part of itself out."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(test))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    whole: list[str] = []
    part: list[str] = []
    for number, step in enumerate(tree.body[1:]):  # after the docstring
        for inner in ast.walk(step):
            if not isinstance(inner, ast.If):
                continue
            missing = [
                each.attr
                for each in ast.walk(inner.test)
                if isinstance(each, ast.Attribute) and not facts.get(each.attr, True)
            ]
            returns = any(isinstance(each, ast.Return) for each in inner.body)
            (whole if returns and number == 0 else part).extend(missing[:1])
    return whole, [] if whole else list(dict.fromkeys(part))


def cell_of(suite: Suite, name: str, notes: Notes) -> str:
    """What one suite makes of one test."""
    facts = facts_of(suite)
    test = getattr(suite.type, name, None)
    if test is None:
        return f"not applicable{notes.mark(['network'])}"
    if not test.__module__.startswith("tests.contracts."):
        return "own form"
    whole, part = left_out(test, facts)
    if whole:
        return f"not applicable{notes.mark(whole)}"
    return f"in part{notes.mark(part)}" if part else "kept"


def columns(suites: Sequence[Suite]) -> dict[str, list[Suite]]:
    """The suites of each kind of system."""
    found: dict[str, list[Suite]] = {}
    for suite in suites:
        found.setdefault(suite.kind, []).append(suite)
    return found


def table(contract: type, suites: Sequence[Suite]) -> str:
    """In Markdown, with its notes below."""
    notes, kinds = Notes(), columns(suites)
    lines = [["", *(its[0].system for its in kinds.values())]]
    for name, test in properties_of(contract).items():
        cells = [_merged(its, name, notes) for its in kinds.values()]
        lines.append([in_words(test).replace("|", "\\|"), *cells])
    rule = ["---"] * len(lines[0])
    rows = [f"| {' | '.join(line)} |" for line in (lines[0], rule, *lines[1:])]
    said = [f"{number}. {text}" for number, text in enumerate(notes.texts, 1)]
    return "\n".join([*rows, "", *said])


def _merged(suites: Sequence[Suite], name: str, notes: Notes) -> str:
    """What the suites of one system say; where they differ, which says what."""
    cells = {suite: cell_of(suite, name, notes) for suite in suites}
    first = cells[suites[0]]
    others = [f"; {cell} in {suite.variant}" for suite, cell in cells.items() if cell != first]
    return first + "".join(others)


def sink_table(suites: Sequence[Suite]) -> str:
    """Of the sinks: the tests of every sink, and those of systems on the network."""
    assert all(issubclass(suite.type, SinkContract) for suite in suites)
    return table(SystemContract, suites)


def register_table(suites: Sequence[Suite]) -> str:
    """Of the case registers."""
    return table(RegisterContract, suites)


def publisher_table(suites: Sequence[Suite]) -> str:
    """Of the sites for articles."""
    return table(PublisherContract, suites)


def foreign_clients() -> str:
    """What foreign clients were seen to do, from the tests that run them."""
    lines: list[str] = []
    for file in sorted(TESTS.glob("test_*_foreign.py")):
        module: Any = importlib.import_module(f"tests.{file.stem}")
        lines += [f"`tests/{file.name}`: {(module.__doc__ or '').partition(chr(10))[0]}", ""]
        holders = [each for name, each in vars(module).items() if name.startswith("Test")]
        for holder in (module, *holders):
            lines += [
                f"- {in_words(each)}"
                for name, each in vars(holder).items()
                if name.startswith("test_")
            ]
        lines.append("")
    return "\n".join(lines).rstrip()
