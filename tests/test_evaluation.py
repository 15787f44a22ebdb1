"""Judging on a labelled sample: what is read, what is predicted, and every figure."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector import evaluation_input
from connector.errors import ConfigError
from connector.evaluation import Evaluation, Result, excerpt, replacing, share
from connector.evaluation_input import Cases, Communications, Fault
from connector.linking.communication import Communication, Participant, Shape
from connector.model import Decision, Evidence, LinkState

FIRST, SECOND = "27.45.04-P19-12-24", "32.03.12-G01-36-26"


def line(id_: Any, **changes: Any) -> dict[str, Any]:
    return {"id": id_, "kind": "chat", "started": "2026-11-20T12:00:00Z"} | changes


def written(folder: Path, *lines: dict[str, Any] | str | bytes) -> Path:
    path = folder / "sample.jsonl"
    path.write_bytes(b"".join(as_bytes(each) + b"\n" for each in lines))
    return path


def as_bytes(each: dict[str, Any] | str | bytes) -> bytes:
    if isinstance(each, bytes):
        return each
    return (each if isinstance(each, str) else json.dumps(each)).encode()


def read(folder: Path, *lines: dict[str, Any] | str | bytes) -> Communications:
    return Communications(written(folder, *lines))


# --- reading ---


def test_reads_every_field(tmp_path: Path) -> None:
    """All fields of the format arrive; unknown ones and nulls do no harm."""
    who = {"role": "from", "phone": "+4536421***", "name": None, "colour": "red"}
    sample = read(
        tmp_path,
        line(
            "a",
            kind="voicemail",
            started="2026-11-20T13:30:00+01:00",
            direction="inbound",
            participants=[
                who,
                {"role": "to", "upn": "vita@kommune.example", "department": "Ydelse"},
            ],
            subject=None,
            text="Hej",
            thread_id="t",
            masked=True,
            weather="rain",
            expected={"case": f" {FIRST} ", "link": False, "rule": 12},
        ),
    )

    [found] = sample.in_order()

    assert found.its == Communication(
        id="a",
        kind=Shape.VOICEMAIL,
        started=datetime(2026, 11, 20, 12, 30, tzinfo=UTC),
        direction="inbound",
        participants=(
            Participant(role="from", phone="+4536421***"),
            Participant(role="to", upn="vita@kommune.example", department="Ydelse"),
        ),
        text="Hej",
        thread_id="t",
    )
    assert found.expected == evaluation_input.Expected(case=FIRST, link=False, rule="12")
    assert (sample.faults, sample.labelled, sample.without_zone) == ([], 1, 0)


@pytest.mark.parametrize(
    ("bad", "what", "values"),
    [
        ("{", "json", None),
        ("not json", "json", None),
        (b'{"id": "\xff"}', "json", None),
        (json.dumps(line("x"))[:-1] + ', "deep": ' + "[" * 100_000, "json", None),
        ("[]", "object", {}),
        ("null", "object", {}),
        ('"text"', "object", {}),
        ({}, "missing", {"field": "id"}),
        (line(""), "missing", {"field": "id"}),
        ({"id": "x", "kind": "chat"}, "missing", {"field": "started"}),
        (line("x", expected={"link": True}), "missing", {"field": "expected.case"}),
        (line(None), "type", {"field": "id", "reason": "Expected `int | str`, got `null`"}),
        (line("x", text=7), "type", None),
        (line("x", participants={}), "type", None),
        (line("x", participants=[{"upn": 1}]), "type", None),
        (line("x", expected="27.45.04-P19-12-24"), "type", None),
        (line("x", kind="email"), "kind", {"kind": "email", "known": evaluation_input.KINDS}),
        (line("x", started="yesterday"), "time", {}),
        (line("x", started="2026-13-01T00:00:00Z"), "time", {}),
        (line("x", started="0001-01-01T00:00:00+14:00"), "time", {}),
        (line("good"), "twice", {"first": "1"}),
    ],
)
def test_bad_line(
    tmp_path: Path, bad: dict[str, Any] | str | bytes, what: str, values: dict[str, str] | None
) -> None:
    """A line that cannot be used is told of with its number; its neighbours are used."""
    sample = read(tmp_path, line("good"), "", bad, line("also good"))

    assert [each.its.id for each in sample.in_order()] == ["good", "also good"]
    [fault] = sample.faults
    assert (fault.line, fault.what) == (3, what)
    assert values is None or fault.values == values


def test_order_of_time(tmp_path: Path) -> None:
    """A file in any order is read in order of time; equal times keep the file's order."""
    times = [
        "2026-11-20T12:00:00Z",
        "2026-11-20T12:30:00+01:00",
        "2026-11-20T12:00:00",
        "2026-11-19",
    ]
    sample = read(tmp_path, *(line(number, started=at) for number, at in enumerate(times)))

    assert [each.id for each in sample.in_order()] == [3, 1, 0, 2]
    assert not sample.is_sorted
    assert sample.without_zone == 2
    assert all(each.its.started.tzinfo is UTC for each in sample.in_order())


def test_sorted_file_is_told_so(tmp_path: Path) -> None:
    """In order, also with equal times: there is nothing to say. A byte order mark is no fault."""
    first = b"\xef\xbb\xbf" + json.dumps(line("a")).encode()
    sample = read(tmp_path, first, line("b"))

    assert sample.is_sorted
    assert (len(sample), sample.faults) == (2, [])


def test_empty_file(tmp_path: Path) -> None:
    """An empty file holds nothing, which is no fault."""
    sample = Communications(written(tmp_path))

    assert (len(sample), list(sample.in_order()), sample.faults) == (0, [], [])
    assert sample.is_sorted


def test_line_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line beyond any message is refused without being held; the lines round it are read."""
    monkeypatch.setattr(evaluation_input, "MAX_LINE_BYTES", 1000)
    sample = read(tmp_path, line("a"), line("b", text="x" * 5000), line("c"))

    assert [each.id for each in sample.in_order()] == ["a", "c"]
    assert [(fault.line, fault.what) for fault in sample.faults] == [(2, "long")]


def test_file_that_changes(tmp_path: Path) -> None:
    """A file that is cut off under the reader is an error, not a shorter sample."""
    path = written(tmp_path, line("a"), line("b"))
    sample = Communications(path)
    path.write_text(path.read_text()[:-20])

    with pytest.raises(ConfigError, match="changed"):
        list(sample.in_order())


def test_cases_of_one_number(tmp_path: Path) -> None:
    """Both rows of a number are given, and a row without a number is told of."""
    path = tmp_path / "cases.csv"
    path.write_text(f"number;title\n{FIRST};den ene\n;uden\n{FIRST};den anden\n", encoding="cp1252")
    cases = Cases(path)

    assert [case.title for case in cases] == ["den ene", "den anden"]
    assert list(cases.numbers()) == [FIRST, "", FIRST]
    assert [each.what.partition(":")[0] for each in cases.notes.findings()] == ["line 3"]


@pytest.mark.parametrize("content", [b"", b"title\nx\n", b"\xff\xfen\x00u\x00"])
def test_no_register(tmp_path: Path, content: bytes) -> None:
    """What is no table of cases is refused before anything is judged."""
    path = tmp_path / "cases.csv"
    path.write_bytes(content)

    with pytest.raises(ConfigError, match=r"cases\.csv"):
        list(Cases(path))


# --- counting ---


def says(text: str) -> Decision:
    """A judge that does what the text says: "link 27..., rule, 0.9"."""
    if not text:
        return Decision(state=LinkState.UNLINKED, rule="nothing", reason="Nothing.")
    state, case, rule, confidence = text.split(", ")
    return Decision(
        state=LinkState(state),
        case_number=case,
        rule=rule,
        confidence=float(confidence),
        reason="Because.",
        evidence=(Evidence(rule=rule, case_number=case, where="text", found="27", note="so"),),
    )


def judged(folder: Path, *lines: dict[str, Any], out: io.BytesIO | None = None) -> Result:
    evaluation = Evaluation(
        lambda each: (says(its.text) for its in each),
        canonical=lambda number: number.upper().replace(" ", ""),
        is_known=lambda number: number in (FIRST, SECOND),
    )
    sample = read(folder, *lines)
    assert not sample.faults
    return evaluation.run(sample.in_order(), out)


def labelled(id_: str, text: str, case: str | None, **changes: Any) -> dict[str, Any]:
    more = {name: changes.pop(name) for name in ("link", "rule") if name in changes}
    return line(id_, text=text, expected={"case": case, **more}, **changes)


SAMPLE = [
    labelled("right", f"linked, {FIRST}, number, 0.99", FIRST.lower(), link=True, rule="1"),
    labelled("right too", f"linked, {SECOND}, phone, 0.95", SECOND, link=False, rule="13"),
    labelled("wrong", f"linked, {FIRST}, number, 0.99", SECOND, link=True, rule="1", kind="call"),
    labelled("nobody's", f"linked, {FIRST}, phone, 0.95", None, rule="none", link=False),
    labelled("first", f"waiting, {FIRST}, closed, 0.7", FIRST, link=False, rule="12"),
    labelled("other", f"waiting, {SECOND}, closed, 0.7", FIRST, link=True, rule="1"),
    labelled("hidden", "waiting, , restricted, 0.7", FIRST, link=False, rule="7"),
    labelled("missed", "", FIRST, link=True, rule="2"),
    labelled("chatter", "", None, link=False, rule="none"),
    line("no label", text=f"linked, {FIRST}, number, 0.99"),
]


def test_figures(tmp_path: Path) -> None:
    """Every figure of a small sample, counted by hand."""
    result = judged(tmp_path, *SAMPLE)

    scores = {name: (each.n, each.of) for name, each in result.scores().items()}
    assert scores == {
        "precision": (2, 4),
        "recall": (2, 7),
        "recall_due": (1, 4),
        "abstained": (5, 9),
        "first_suggestion": (1, 4),
        "against_label": (1, 4),
    }
    assert result.states == {"linked": 5, "suggested": 2, "none": 3}
    assert result.rules["number"] == {"linked": 3}
    assert result.rules["nothing"] == {"none": 2}
    by_rule = {
        rule: (t.linked, t.right, t.wrong, t.suggested, t.suggested_right)
        for rule, t in result.by_rule.items()
    }
    assert by_rule == {
        "number": (2, 1, 1, 0, 0),
        "phone": (2, 1, 1, 0, 0),
        "closed": (0, 0, 0, 2, 1),
        "restricted": (0, 0, 0, 0, 0),
        "nothing": (0, 0, 0, 0, 0),
    }
    by_kind = {kind: (t.items, t.with_case, t.linked) for kind, t in result.by_kind.items()}
    assert by_kind == {"chat": (8, 6, 3), "call": (1, 1, 1)}
    by_label = {rule: (t.items, t.right, t.wrong) for rule, t in result.by_label.items()}
    assert by_label == {
        "1": (3, 1, 1),
        "2": (1, 0, 0),
        "7": (1, 0, 0),
        "12": (1, 0, 0),
        "13": (1, 1, 0),
        "none": (2, 0, 1),
    }
    bands = {band.low: (band.items, band.right, band.mean) for band in result.bands if band.items}
    assert bands == {0.6: (2, 1, 0.7), 0.95: (2, 1, 0.95), 0.99: (2, 1, 0.99)}
    assert [one.id for one in result.wrong] == ["wrong", "nobody's"]
    assert [one.id for one in result.missed] == ["other", "missed"]


def test_labels_without_policy(tmp_path: Path) -> None:
    """Where labels only name a case, recall is counted over all that have one, and nothing else."""
    result = judged(
        tmp_path, labelled("a", f"linked, {FIRST}, number, 1", FIRST), labelled("b", "", FIRST)
    )

    assert list(result.scores()) == ["precision", "recall", "abstained", "first_suggestion"]
    assert [one.id for one in result.missed] == ["b"]
    assert result.by_label == {}


def test_label_of_unknown_case(tmp_path: Path) -> None:
    """A label that names a case outside the register is told of: nothing could find it."""
    result = judged(
        tmp_path, labelled("a", "", FIRST.lower()), labelled("b", "", "99.99.99-X99-1-01")
    )

    assert result.unknown_labels == ["b"]


def test_predictions(tmp_path: Path) -> None:
    """A line for each communication, in the promised form; a hidden case is no suggestion."""
    out = io.BytesIO()
    judged(tmp_path, *SAMPLE[:1], *SAMPLE[4:7], line(7, text=""), out=out)
    lines = [json.loads(each) for each in out.getvalue().splitlines()]

    evidence = {"rule": "number", "case": FIRST, "where": "text", "found": "27", "note": "so"}
    assert lines[0] == {
        "id": "right",
        "case": FIRST,
        "state": "linked",
        "confidence": 0.99,
        "reason": "Because.",
        "evidence": [evidence],
    }
    assert [(each["id"], each["state"], each["case"]) for each in lines[1:]] == [
        ("first", "suggested", FIRST),
        ("other", "suggested", SECOND),
        ("hidden", "none", None),
        (7, "none", None),
    ]
    assert [each["confidence"] for each in lines[3:]] == [0.0, 0.0]
    assert lines[-1]["evidence"] == []


@pytest.mark.parametrize("state", [LinkState.EXCLUDED, LinkState.UNLINKED])
def test_what_is_not_proposed(tmp_path: Path, state: LinkState) -> None:
    """What is excluded or unlinked is on no case, whatever else the decision says."""
    result = judged(tmp_path, labelled("a", f"{state}, {FIRST}, number, 0.9", FIRST))

    assert result.states == {"none": 1}
    assert all(band.items == 0 for band in result.bands)


@pytest.mark.parametrize(
    ("n", "of", "low", "high"),
    [  # by the formula in another program, to four digits
        (0, 10, 0.0, 0.2775),
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0),
        (410, 412, 0.9825, 0.9987),
        (199, 200, 0.9722, 0.9991),
    ],
)
def test_interval(n: int, of: int, low: float, high: float) -> None:
    """The interval is Wilson's."""
    found = share(n, of)

    assert found.share == n / of
    assert found.low == pytest.approx(low, abs=5e-5)
    assert found.high == pytest.approx(high, abs=5e-5)


def test_no_share_of_nothing() -> None:
    """Nothing of nothing is neither good nor bad."""
    assert (share(0, 0).share, share(0, 0).low) == (None, None)


@given(st.integers(1, 10_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_interval_holds_the_share(pair: tuple[int, int]) -> None:
    """The share lies in its interval, and the interval in 0 to 1."""
    found = share(*pair)

    bounds = (0, found.low, found.share, found.high, 1)
    assert all(low <= high + 1e-12 for low, high in pairwise(bounds))  # type: ignore[operator]


def test_excerpt_masks_cpr() -> None:
    """No CPR number's last digits are shown, also where a line break or the end cuts it."""
    at = datetime(2026, 11, 20, tzinfo=UTC)
    text = "Hej\n010190\n1234 og 010190-1234 " + "x " * 30 + "y" * 20 + " 010190-1234 z"
    shown = excerpt(Communication(id="a", kind=Shape.CHAT, started=at, text=text))

    assert "1234" not in shown
    assert "010190 **** og 010190-****" in shown
    assert len(shown) <= 120
    assert "\n" not in shown


def test_ten_megabytes(tmp_path: Path) -> None:
    """A huge message is judged as any other, and only its beginning is kept."""
    text = "x" * 10_000_000
    path = written(tmp_path, line("a", text=text, expected={"case": None}))
    evaluation = Evaluation(
        lambda each: (says(f"linked, {FIRST}, number, 1" * (its.text == text)) for its in each),
        str,
        bool,
    )

    result = evaluation.run(Communications(path).in_order())

    assert [len(one.excerpt) for one in result.wrong] == [120]


def test_predictions_take_their_place_at_the_end(tmp_path: Path) -> None:
    """What was there stays until all is written, and for good when something fails."""
    path = tmp_path / "out.jsonl"
    path.write_text("before")
    first = path.stat().st_ino

    def fail() -> None:
        with replacing(path) as out:
            assert out is not None
            out.write(b"half")
            raise ValueError("in the middle")

    with pytest.raises(ValueError, match="middle"):
        fail()
    assert path.read_text() == "before"
    with replacing(path) as out:
        assert out is not None
        out.write(b"after")
        assert path.read_text() == "before"
    assert path.read_text() == "after"
    assert path.stat().st_ino != first  # another file took the name; none was written over
    assert [each.name for each in tmp_path.iterdir()] == ["out.jsonl"]


def test_predictions_into_no_folder(tmp_path: Path) -> None:
    """A folder that is not there is said so."""
    with pytest.raises(ConfigError, match="cannot be written"), replacing(tmp_path / "no" / "x"):
        pass


def test_fault_is_a_value() -> None:
    """Faults can be compared and listed."""
    assert Fault(1, "time", {}) == Fault(1, "time", {})
