"""Documents: what is written can be read back, recomputed by anyone, and a broken one says what is wrong with it."""

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from aiops_planner.capacity import find_capacity
from aiops_planner.errors import DocumentError
from aiops_planner.knee import find_knee
from aiops_planner.plans import Infeasible, Plan
from aiops_planner.scalability import find_scalability
from aiops_reports import document
from aiops_reports.document import from_json, json_schema, read_document, to_json
from aiops_reports.record import BenchReport, CommitReport, TestReport
from aiops_reports.schemas import FOLDER, SHIPPED, render
from support import reports_samples as samples
from support.reports_strategies import values_of

REPORTS = (samples.sample_report, samples.failed_report, samples.infeasible_report, samples.partial_report)
TEXT = to_json(samples.sample_report())


@given(report=values_of(CommitReport))
@settings(max_examples=60, deadline=None)
def test_any_report_survives_a_round_trip_through_json(report: CommitReport) -> None:
    assert from_json(to_json(report), CommitReport, "report.json") == report


@pytest.mark.parametrize("make", REPORTS)
def test_samples_survive_and_validate_against_the_shipped_schema(make: Any) -> None:
    text = to_json(make())
    assert from_json(text, CommitReport, "report.json") == make()
    Draft202012Validator(json.loads((FOLDER / "report-1.json").read_text())).validate(json.loads(text))


def test_what_the_planner_finds_in_load_points_can_be_written_and_read() -> None:
    """Its arrays must leave plain numbers behind."""
    points = samples.sample_points()
    result = samples.sample_benchmark(points)
    found = replace(
        result,
        knee=find_knee(points),
        scalability=find_scalability(points),
        capacity=find_capacity(points, result.objective),
    )
    assert found.knee is not None and found.knee.in_range and found.scalability is not None
    report = replace(samples.bench_report(), benchmarks=(found,))
    assert from_json(to_json(report), BenchReport, "bench.json") == report


@pytest.mark.parametrize(
    ("value", "kind"), [(samples.bench_report(), BenchReport), (samples.tests_report(), TestReport)]
)
def test_parts_of_a_report_are_documents_of_their_own(value: Any, kind: type) -> None:
    assert from_json(to_json(value), kind, "part.json") == value
    Draft202012Validator(json_schema(kind)).validate(json.loads(to_json(value)))


@pytest.mark.parametrize("plan", [samples.sample_plan(), samples.hourly_plan(), samples.infeasible_report().plan])
def test_a_plan_and_a_refusal_are_documents_of_their_own(plan: Plan | Infeasible) -> None:
    assert from_json(to_json(plan), type(plan), "plan.json") == plan
    Draft202012Validator(json.loads((FOLDER / "plan-1.json").read_text())).validate(json.loads(to_json(plan)))


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_schemas_are_the_generated_ones(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == render(name), "run python -m aiops_reports.schemas"
    Draft202012Validator.check_schema(json.loads(render(name)))


def test_the_schema_of_what_is_written_knows_derived_numbers_and_refuses_unknown_keys() -> None:
    point = json_schema(CommitReport)["$defs"]["LoadPoint"]
    assert {"throughput_rps", "power", "valid", "errors"} <= set(point["required"])
    assert point["additionalProperties"] is False


def test_load_points_can_be_recomputed_from_their_raw_figures() -> None:
    for point in json.loads(TEXT)["benchmarks"][0]["load_points"]:
        throughput_rps = point["successes"] / point["window_s"]
        assert point["throughput_rps"] == pytest.approx(throughput_rps)
        assert point["power"] == pytest.approx(throughput_rps / point["response_s"]["mean"])
        assert point["errors"] == sum(point["errors_by_kind"].values())
        assert point["valid"] is (point["invalid_because"] == [])


def weighted_plan() -> Plan:
    """The hours of a day, of which each stands for more of the time than the one before."""
    plan, weights = samples.hourly_plan(), tuple(map(float, range(1, 25)))
    fleet = tuple(replace(item, weights=weights) for item in plan.fleet)
    return replace(plan, demand=replace(plan.demand, weights=weights), fleet=fleet)


@pytest.mark.parametrize("plan", [samples.sample_plan(), samples.hourly_plan(), weighted_plan()])
def test_cost_can_be_recomputed_from_counts_and_prices(plan: Plan) -> None:
    written = json.loads(to_json(plan))
    hours = len(written["demand"]["rps"])
    weights = written["demand"]["weights"] or [1] * hours
    hourly = [
        sum(item["count_by_hour"][hour % len(item["count_by_hour"])] * weights[hour] for hour in range(hours))
        / sum(weights)
        * item["unit_usd_per_hour"]
        for item in written["fleet"]
    ]
    assert written["usd_per_hour"] == pytest.approx(sum(hourly))
    assert written["usd_per_month"] == pytest.approx(sum(hourly) * 730)
    assert written["gap"] == pytest.approx(1 - written["lower_bound_usd_per_hour"] / sum(hourly))


def test_the_outcome_stands_in_the_document() -> None:
    written = json.loads(to_json(samples.infeasible_report()))
    assert (written["exit_code"], written["outcome"]) == (4, "infeasible")
    assert len(written["environment"]["fingerprint"]) == 12


def test_derived_numbers_of_a_document_are_not_believed() -> None:
    lie = TEXT.replace('"power": 238050.0', '"power": 1.0', 1)
    assert lie != TEXT
    assert from_json(lie, CommitReport, "report.json") == samples.sample_report()


def test_writing_is_stable_and_ends_with_one_newline() -> None:
    assert to_json(samples.sample_report()) == TEXT
    assert TEXT.endswith("}\n")
    assert not TEXT.endswith("\n\n")


def test_text_that_utf_8_cannot_carry_is_replaced_when_written() -> None:
    commit = replace(samples.sample_commit(), subject="caf\udce9")
    report = from_json(to_json(replace(samples.sample_report(), commit=commit)), CommitReport, "report.json")
    assert report.commit is not None
    assert report.commit.subject == "caf?"


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_not_written(number: float) -> None:
    plan = replace(samples.sample_plan(), solve_s=number)
    with pytest.raises(DocumentError, match=r"^plan\.solve_s is -?(nan|inf): only finite numbers"):
        to_json(replace(samples.sample_report(), plan=plan))


BROKEN = {
    "cut short": (TEXT[:500], "report.json: is cut short at line 15, column 18"),
    "cut in a text": (TEXT[: TEXT.index("example/image") + 3], "report.json: is cut short at line"),
    "empty": ("", "report.json: is cut short at line 1, column 1"),
    "not JSON": ("{'a': 1}", "report.json: is not JSON: expecting property name"),
    "nested deeply": ("[" * 100_000, "report.json: is not a document of aiops: it is nested too deeply"),
    "a huge number": ("1" * 5_000, "report.json: is not a document of aiops: a number is too long"),
    "not UTF-8": (b'{"schema": "\xe9"}', "report.json: is not UTF-8 text at byte 12"),
    "a list": ("[]", 'report.json: is not a document of aiops: it has no "schema"; expected aiops/report/1'),
}


@pytest.mark.parametrize(("text", "message"), BROKEN.values(), ids=BROKEN)
def test_text_that_is_no_document_says_why(text: str | bytes, message: str) -> None:
    with pytest.raises(DocumentError) as caught:
        from_json(text, CommitReport, "report.json")
    assert caught.value.message.startswith(message)
    assert "\n" not in caught.value.message


MANGLED = {
    "wrong type": (
        '"window_s": 5.0',
        '"window_s": "fast"',
        'benchmarks[0].load_points[0].window_s should be a valid number, found "fast"',
    ),
    "number as text": ('"requests": 2050', '"requests": "2050"', "benchmarks[0].load_points[0].requests should be"),
    "missing field": ('"offer": "c7a.xlarge"', '"ofer": 1', "plan.fleet[0].offer is missing"),
    "unknown word": (
        '"mode": "closed"',
        '"mode": "shut"',
        "benchmarks[0].load_points[0].mode should be 'closed' or",
    ),
    "other member": ('"status": "optimal"', '"status": "infeasible"', "plan.reasons is missing"),
    "no known status": ('"status": "optimal"', '"status": 7', "plan.status should be 'optimal' or 'feasible', found 7"),
    "NaN": ('"seconds": 2.31', '"seconds": NaN', "stages[0].seconds is not a finite number"),
    "infinity": ('"seconds": 2.31', '"seconds": 1e999', "stages[0].seconds is not a finite number"),
    "no window": ('"window_s": 5.0', '"window_s": 0', "benchmarks[0].load_points[0].throughput_rps cannot be computed"),
    "newer": (
        "aiops/report/1",
        "aiops/report/2",
        "was written by a newer aiops-action (aiops/report/2, this",
    ),
    "other kind": ("aiops/report/1", "aiops/plan/1", 'is of schema "aiops/plan/1", expected aiops/report/1'),
}


@pytest.mark.parametrize(("old", "new", "message"), MANGLED.values(), ids=MANGLED)
def test_a_mangled_document_names_the_field(old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(DocumentError) as caught:
        from_json(TEXT.replace(old, new, 1), CommitReport, "report.json")
    assert caught.value.message.startswith(f"report.json: {message}")


@given(
    st.integers(0, len(TEXT)), st.integers(0, 40), st.sampled_from(["", "0", "-1", "null", "[]", "{}", '"', "1e400"])
)
@settings(deadline=None)
def test_no_damage_is_answered_by_anything_but_a_document_error(start: int, length: int, patch: str) -> None:
    damaged = TEXT[:start] + patch + TEXT[start + length :]
    try:
        report = from_json(damaged, CommitReport, "report.json")
    except DocumentError as error:
        assert error.message.startswith("report.json: ")
        assert "\n" not in error.message
    else:
        assert isinstance(report, CommitReport)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A document of another room."""

    schema: Literal["aiops/visit/3"] = "aiops/visit/3"
    minutes: float
    guests: tuple[str, ...] = ()

    @property
    def hours(self) -> float:
        """Minutes in hours."""
        return self.minutes / 60


def test_any_dataclass_with_a_schema_is_a_document() -> None:
    visit = Visit(minutes=90, guests=("a",))
    assert json.loads(to_json(visit))["hours"] == 1.5
    assert from_json(to_json(visit), Visit, "visit.json") == visit
    Draft202012Validator(json_schema(Visit)).validate(json.loads(to_json(visit)))


def test_files_are_read_and_those_that_cannot_be_are_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.json"
    with pytest.raises(DocumentError, match="cannot be read: No such file or directory; check the path"):
        read_document(path, CommitReport)
    with pytest.raises(DocumentError, match="cannot be read: Is a directory"):
        read_document(tmp_path, CommitReport)
    path.write_text(TEXT, encoding="utf-8")
    assert read_document(path, CommitReport) == samples.sample_report()
    monkeypatch.setattr(document, "MAX_BYTES", len(TEXT) - 1)
    with pytest.raises(DocumentError, match="is larger than"):
        read_document(path, CommitReport)
    with pytest.raises(DocumentError, match="is larger than"):
        from_json(TEXT, CommitReport, "report.json")
