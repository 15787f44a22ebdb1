"""`casethread evaluate`: what a person types and is told, with a judge of the test's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from connector import screen
from connector.cli import make_app, to_front
from connector.commands import evaluating
from connector.evaluation import Judge
from connector.linking.communication import Communication
from connector.linking.keys import CaseFinder, number_key, phone_key
from connector.linking.patterns import Scanner, compile_patterns
from connector.model import Decision, Evidence, LinkState

FIRST, SECOND = "27.45.04-P19-12-24", "32.03.12-G01-36-26"
CASES = f"""number,title,status,party_name,party_phone
{FIRST},Boligstøtte ved flytning,open,Tove Lyngby,+4520000001
{SECOND},Byggetilladelse,open,Åse Ørbæk,20 00 00 02
"""


class Told:
    """What the command wrote and how it ended."""

    def __init__(self, result: Any) -> None:
        self.out: str = result.stdout
        self.err: str = result.stderr
        self.code: int = result.exit_code
        assert "Traceback" not in self.err


Run = Callable[..., Told]
REAL = evaluating.make_judge


def judge_by_number(cases: CaseFinder, scanner: Scanner) -> Judge:
    """Links on any number in the register, suggests on a telephone number."""

    def judge(its: Communication) -> Decision:
        for hit in scanner.find(its.text):
            for case in cases.find([number_key(hit.number)]).get(number_key(hit.number), ()):
                proof = Evidence(rule="number", case_number=case.number, where="text")
                return decision(LinkState.LINKED, case.number, "number", 0.99, proof)
        for who in its.participants:
            for found in cases.find([phone_key(who.phone)]).values():
                return decision(LinkState.WAITING, found[0].number, "phone", 0.6)
        return decision(LinkState.UNLINKED, "", "nothing", 0.0)

    return lambda each: map(judge, each)


def decision(
    state: LinkState, number: str, rule: str, confidence: float, *proofs: Evidence
) -> Decision:
    return Decision(
        state=state, case_number=number, rule=rule, confidence=confidence, evidence=proofs
    )


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `evaluate` on lines and cases, without a configuration, in English."""

    def make_judge(
        using: evaluating.Using, patterns: Sequence[str]
    ) -> tuple[Scanner, Callable[[CaseFinder], Judge]]:
        scanner = compile_patterns(using.numbers, patterns)
        return scanner, lambda cases: judge_by_number(cases, scanner)

    def go(
        *words: str,
        lines: Sequence[Any] = (),
        cases: str = CASES,
        language: str = "en",
        real: bool = False,
    ) -> Told:
        monkeypatch.setattr(evaluating, "make_judge", REAL if real else make_judge)
        text = "".join(
            (each if isinstance(each, str) else json.dumps(each)) + "\n" for each in lines
        )
        (tmp_path / "sample.jsonl").write_text(text, encoding="utf-8")
        (tmp_path / "cases.csv").write_text(cases, encoding="utf-8")
        args = to_front(["evaluate", "sample.jsonl", "--cases", "cases.csv", *words])
        monkeypatch.setenv("LC_ALL", f"{language}_DK.UTF-8")
        return Told(CliRunner().invoke(make_app(), args, prog_name="casethread"))

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CASETHREAD_CONFIG", raising=False)
    return go


def line(id_: str, text: str = "", **changes: Any) -> dict[str, Any]:
    return {"id": id_, "kind": "chat", "started": "2026-11-20T12:00:00Z", "text": text} | changes


SAMPLE = [
    line("a", f"Sag {FIRST}", expected={"case": FIRST}),
    line("b", f"Nej, {SECOND}; borger 010190-1234", expected={"case": FIRST}),
    line("c", "hej", participants=[{"phone": "+4520000002"}], expected={"case": SECOND}),
    line("d", "frokost?", kind="call", expected={"case": None}),
    line("e", "hvornår", expected={"case": FIRST, "rule": "5"}),
]


def test_scores(run: Run) -> None:
    """The whole report, as it stands in a terminal of 80 columns without colours."""
    told = run("--missed", lines=SAMPLE)

    assert told.code == 0
    assert max(map(len, told.out.splitlines())) <= 80
    assert told.out == EXPECTED
    assert "Judging: 5 read" in told.err


EXPECTED = f"""\
Judged by the program's own rules: there is no configuration here.
Read 5 communications, 5 of them labelled, and 2 cases.
Case numbers are read as kle, kle_nf: the patterns that fit the register's own
numbers.

Linked                 2 of 5
Suggested to a person  1 of 5
On no case             2 of 5

Precision of links        50.0 %  1 of 2; 9.5 to 90.5 %
    So many of its links are right. A wrong one puts somebody's words on
    another's case.
Recall                    25.0 %  1 of 4; 4.6 to 69.9 %
    So many of those that have a case were linked to it.
Abstained                 60.0 %  3 of 5; 23.1 to 88.2 %
    So many were left to a person or to no case.
First suggestion right    50.0 %  1 of 2; 9.5 to 90.5 %
    Of those that have a case and were not linked, so many have it on top.
The range behind each figure holds the true one with 95 % certainty: more
labels make it narrower.

By reason
reason            all  linked  right  wrong  suggested  right
case number         2       2      1      1          0      0
nothing             2       0      0      0          0      0
telephone number    1       0      0      0          1      1

By kind
kind          all  have case  linked  right  wrong  suggested  right
chat message    4          4       2      1      1          1      1
call            1          0       0      0      0          0      0

By the label's rule
rule  all  have case  linked  right  wrong  suggested  right
5       1          1       0      0      0          0      0

How sure it was, and how often it was right
confidence  all    mean  share right
0.60-0.80     1  60.0 %      100.0 %
0.99-1.00     2  99.0 %       50.0 %

1 wrong link:
  b  chat message  2026-11-20 12:00 UTC  case number, 99 %
    expected {FIRST}, linked to {SECOND}
    "Nej, {SECOND}; borger 010190-****"

2 not linked, though they have a case:
  c  chat message  2026-11-20 12:00 UTC  telephone number, 60 %
    expected {SECOND}, suggested {SECOND}
    "hej"
  e  chat message  2026-11-20 12:00 UTC  nothing, 0 %
    expected {FIRST}, no suggestion
    "hvornår"
"""


def test_danish(run: Run) -> None:
    """In Danish every word is Danish, and figures have a comma."""
    told = run(lines=[*SAMPLE, "{"], language="da")

    assert told.code == 1
    for words in (
        "Læste 5 henvendelser, heraf 5 med facit, og 2 sager.",
        "1 linje kunne ikke læses og er udeladt:",
        "  - linje 6: intet JSON-objekt",
        "Rigtige tilknytninger     50,0 %  1 af 2; 9,5 til 90,5 %",
        "Efter begrundelse",
        "telefonnummer",
        "0,99-1,00",
        "1 forkert tilknytning:",
        "  b  chatbesked  2026-11-20 12:00 UTC  sagsnummer, 99 %",
        f"    facit {FIRST}, knyttet til {SECOND}",
    ):
        assert words in told.out, words
    assert max(map(len, told.out.splitlines())) <= 80


def test_no_labels(run: Run) -> None:
    """Without labels there are counts by state and reason, and no score."""
    unlabelled = [{k: v for k, v in each.items() if k != "expected"} for each in SAMPLE]
    told = run(lines=unlabelled)

    assert told.code == 0
    assert "On no case             2 of 5" in told.out
    assert "case number            2          0        0" in told.out
    assert "Precision" not in told.out
    assert "wrong" not in told.out


def test_json(run: Run) -> None:
    """For a program there is one object, with all that the report says."""
    told = run("--json", "--missed", lines=SAMPLE)
    found = json.loads(told.out)

    assert told.code == 0
    assert found["scores"]["precision"] == {
        "n": 1, "of": 2, "share": 0.5, "low": pytest.approx(0.0945, abs=1e-4),
        "high": pytest.approx(0.9055, abs=1e-4),
    }  # fmt: skip
    assert found["states"] == {"linked": 2, "suggested": 1, "none": 2}
    assert found["by_rule"]["number"]["wrong"] == 1
    assert [one["id"] for one in found["wrong"]] == ["b"]
    assert [one["id"] for one in found["missed"]] == ["c", "e"]
    assert found["faults"] == []


def test_bad_lines(run: Run) -> None:
    """Lines that cannot be read are listed, the others judged; the exit code says so."""
    lines = [*SAMPLE, *["nonsense"] * 25, line("a"), line("f", kind="fax")]
    told = run("--predictions", "out.jsonl", lines=lines)

    assert told.code == 1
    assert "27 lines could not be read and are left out:" in told.out
    assert "  - line 6: no JSON object" in told.out
    assert "  ... and 7 more" in told.out
    assert len(Path("out.jsonl").read_text().splitlines()) == 5
    assert "Precision of links" in told.out
    told = run("--json", lines=lines)
    assert told.code == 1
    assert [each["line"] for each in json.loads(told.out)["faults"]] == list(range(6, 33))
    assert "line 31: the id stands on line 1 already" in told.out
    assert 'line 32: kind \\"fax\\" is not known' in told.out


def test_predictions(run: Run) -> None:
    """The file holds a line for each communication, and only when all went well."""
    told = run("--predictions", "out.jsonl", lines=SAMPLE)
    found = [json.loads(each) for each in Path("out.jsonl").read_text("utf-8").splitlines()]

    assert told.out.endswith("\nThe predictions are in out.jsonl\n")
    assert [(each["id"], each["state"], each["case"]) for each in found] == [
        ("a", "linked", FIRST),
        ("b", "linked", SECOND),
        ("c", "suggested", SECOND),
        ("d", "none", None),
        ("e", "none", None),
    ]
    assert sorted(each.name for each in Path().iterdir()) == [
        "cases.csv", "out.jsonl", "sample.jsonl",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["sample.jsonl", "./cases.csv"])
def test_what_is_read_is_not_overwritten(run: Run, name: str) -> None:
    """A slip of the operator does not cost the labels."""
    told = run("--predictions", name, lines=SAMPLE)

    assert told.code == 2
    assert "another file" in told.err
    assert len(Path("sample.jsonl").read_text().splitlines()) == 5


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--patterns", "kle,nosuch"], "no pattern 'nosuch'"),
        (["--mappings", "nosuch"], "nosuch"),
        (["--predictions", "no/where.jsonl"], "cannot be written"),
        (["--colour"], "--colour"),
    ],
)
def test_wrong_use(run: Run, words: list[str], said: str) -> None:
    """Wrong use ends with 2 and says what is wrong."""
    told = run(*words, lines=SAMPLE)

    assert told.code == 2
    assert said in told.err
    assert told.out == ""


@pytest.mark.parametrize(
    ("cases", "said"),
    [("", 'no column "number"'), ("title\nx\n", 'no column "number"'), ('number\n\0"', None)],
)
def test_no_register(run: Run, cases: str, said: str | None) -> None:
    """A file that is no register is wrong use, not an empty register."""
    told = run(lines=SAMPLE, cases=cases)

    assert told.code in ((2,) if said else (0, 2))
    assert said is None or said in told.err


def test_empty_files(run: Run) -> None:
    """No communications, no cases: said so, with an empty file of predictions."""
    told = run("--predictions", "out.jsonl", cases="number\n")

    assert told.code == 0
    assert "The file holds no communications." in told.out
    assert "The register holds no cases; nothing can be linked." in told.out
    assert Path("out.jsonl").read_bytes() == b""


def test_what_to_look_at(run: Run) -> None:
    """What makes the figures doubtful is told before them."""
    later = line("z", started="2026-11-19T12:00:00", expected={"case": "99.99.99-X99-1-01"})
    cases = CASES + f"27.45.04-p19-12-2024,den anden,open\n,uden nummer,open\n{SECOND}-x,,maybe\n"
    told = run(lines=[*SAMPLE, later, line("y")], cases=cases)
    words = " ".join(told.out.split())

    assert told.code == 0
    for said in (
        "The file is not in order of time; it was read in that order.",
        "1 time has no zone; it is read as UTC.",
        "1 communication has no label; it is judged, not scored.",
        f"1 case number stands on several lines of the register ({FIRST})",
        "1 label names a case that the register does not have (z)",
        "- line 5: no case number; the line is left out",
        '- line 6: the status "maybe" is not known',
    ):
        assert said in words, said


def test_patterns_of_ones_own(run: Run, tmp_path: Path) -> None:
    """A table of one's own and named patterns are used in place of the program's."""
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "case-numbers.toml").write_text(
        "[pattern.own]\nregex = '(?P<n>Q[0-9]{4})'\ncanonical = '{n}'\n"
        "[pattern.own.examples]\nQ1234 = 'Q1234'\n"
    )
    lines = [line("a", "sag Q1234", expected={"case": "Q1234"})]
    words = ["--mappings", "tables", "--patterns", " own, "]
    told = run(*words, lines=lines, cases="number\nQ1234\n")

    assert told.code == 0
    assert "Case numbers are read as own." in told.out
    assert "100.0 %  1 of 1" in told.out


def test_no_pattern_fits(run: Run) -> None:
    """A register whose numbers no pattern reads is told of: nothing would be found."""
    told = run(lines=SAMPLE, cases="number\nløbenummer ti\n")

    assert "No pattern reads the register's own numbers" in told.out


# --- the site's rules --------------------------------------------------------------------------
CALLED = [
    line(
        "a",
        kind="call",
        direction="inbound",
        participants=[
            {"role": "from", "phone": "+4520000001"},
            {"role": "to", "upn": "vita@kommune.example"},
        ],
        expected={"case": FIRST},
    )
]
OF_VITA = f"""number,title,status,caseworker_upn,party_phone
{FIRST},Bolig,open,vita@kommune.example,+4520000001
"""
SITE = """language = "en"
[graph]
auth = "static"
[sinks.journal]
kind = "folder"
"""


def states(told: Told) -> tuple[int, int]:
    """How many are linked, and suggested."""
    found = json.loads(told.out)["states"]
    return found["linked"], found["suggested"]


@pytest.mark.parametrize("how", ["folder", "option", "environment"])
def test_rules_of_the_configuration(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """The site's policy decides wherever the configuration is found, and the first line says so."""
    told = run("--json", lines=CALLED, cases=OF_VITA, real=True)
    assert states(told) == (1, 0)
    assert json.loads(told.out)["configuration"] is None

    file = tmp_path / ("casethread.toml" if how == "folder" else "site.toml")
    file.write_text(SITE + '[linking]\nconfirm = ["phone"]\n', encoding="utf-8")
    words = ["--config", str(file)] if how == "option" else []
    if how == "environment":
        monkeypatch.setenv("CASETHREAD_CONFIG", str(file))
    told = run("--json", *words, lines=CALLED, cases=OF_VITA, real=True)
    assert states(told) == (0, 1)
    assert json.loads(told.out)["configuration"].endswith(file.name)

    told = run(*words, lines=CALLED, cases=OF_VITA, real=True)
    first = told.out.splitlines()[0]
    assert first.startswith("Judged by the rules of")
    assert first.endswith(f"{file.name}.")


@pytest.mark.parametrize(
    ("setting", "linked"),
    [
        ("threshold = 0.99", 1),
        ("threshold = 1.0", 0),
        ('threshold = 1.0\nautomatic = ["phone"]', 1),
        ('never = ["phone"]', 0),
        ('never = ["phone/missed_call"]', 1),
    ],
)
def test_every_setting_of_linking(run: Run, tmp_path: Path, setting: str, linked: int) -> None:
    """What [linking] says of a rule is what happens."""
    (tmp_path / "casethread.toml").write_text(f"{SITE}[linking]\n{setting}\n")

    assert states(run("--json", lines=CALLED, cases=OF_VITA, real=True))[0] == linked


@pytest.mark.parametrize(
    ("setting", "limit"),
    [("", True), ("thread_h = 1", False), ("thread_h = 3", True)],
)
def test_thread_time(run: Run, tmp_path: Path, setting: str, limit: bool) -> None:
    """A thread follows as long as the site says."""
    (tmp_path / "casethread.toml").write_text(f"{SITE}[linking]\n{setting}\n")
    talk = [
        line("a", f"Sag {FIRST}", thread_id="t"),
        line("b", "ok, tak", thread_id="t", started="2026-11-20T14:00:00Z"),
    ]

    assert states(run("--json", lines=talk, real=True)) == ((2, 0) if limit else (1, 0))


def test_tables_of_the_site(run: Run, tmp_path: Path) -> None:
    """Patterns and tables beside the configuration are used; the options go first."""
    (tmp_path / "casethread.toml").write_text(SITE + '[linking]\npatterns = ["site"]\n')
    for folder, name in (("mappings", "site"), ("other", "own")):
        (tmp_path / folder).mkdir()
        table = (
            f"[pattern.{name}]\nregex = '(?P<n>Q[0-9]{{4}})'\ncanonical = '{{n}}'\n"
            f"[pattern.{name}.examples]\nQ1234 = 'Q1234'\n"
        )
        (tmp_path / folder / "case-numbers.toml").write_text(table)
    cases = "number\nQ1234\n"
    lines = [line("a", "Sag Q1234", expected={"case": "Q1234"})]

    told = run(lines=lines, cases=cases, real=True)
    assert "Case numbers are read as site, as the configuration says." in told.out
    assert "100.0 %  1 of 1" in told.out
    told = run("--mappings", "other", "--patterns", "own", lines=lines, cases=cases, real=True)
    assert "Case numbers are read as own." in told.out
    assert "100.0 %  1 of 1" in told.out
    told = run("--mappings", "other", lines=lines, cases=cases, real=True)
    assert told.code == 2
    assert "site" in told.err


@pytest.mark.parametrize("words", [[], ["--config", "nowhere.toml"]])
def test_broken_configuration(run: Run, tmp_path: Path, words: list[str]) -> None:
    """A configuration that cannot be used stops it: other rules in silence would mislead."""
    (tmp_path / "casethread.toml").write_text("nonsense")
    told = run(*words, lines=SAMPLE)

    assert told.code == 2
    assert (words[-1] if words else "casethread.toml") in told.err


def test_language_of_the_configuration(run: Run, tmp_path: Path) -> None:
    """It speaks as the configuration says."""
    (tmp_path / "casethread.toml").write_text(SITE.replace('"en"', '"da"'))

    assert "Bedømt efter reglerne i" in run(lines=SAMPLE).out


def test_help_has_the_format() -> None:
    """The help names every field and gives an example."""
    words = ["evaluate", "--help"]
    told = CliRunner().invoke(make_app(), words, prog_name="casethread").stdout

    for word in ("participants", "thread_id", "expected", "casethread evaluate sample"):
        assert word in told, word


def test_control_characters(run: Run) -> None:
    """What a citizen wrote does not command the terminal."""
    lines = [line("a\x1b[2J", f"\x1b]0;x\x07 {SECOND}", expected={"case": None})]

    assert "\x1b" not in run(lines=lines).out
    assert screen.printable("\x1b") == "\\u001b"
