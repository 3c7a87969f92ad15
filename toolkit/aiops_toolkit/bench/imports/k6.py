"""k6: the end-of-test summary (--summary-export, or handleSummary), and the lines of --out json (see `k6_lines`)."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aiops_planner.errors import UnitError
from aiops_planner.performance import LoadPoint, Percentile
from aiops_planner.units import parse_duration
from aiops_toolkit.bench.imports.figures import Results, Tally, at_rate, by_clients, from_sending, measured_point, times
from aiops_toolkit.bench.imports.k6_lines import read_lines
from aiops_toolkit.bench.imports.reading import Fields, ResultFile, wrong

NOTES = (
    "k6's http_req_duration counts from sending to the last byte, without connecting and without waiting for a virtual "
    "user; it cuts off no warm-up.",
)
UNKNOWN_LOAD = (
    "k6's summary does not say how it was loaded, so it is taken as a closed loop of all its virtual users; let "
    "handleSummary write the scenarios beside it to have the real load."
)
ALL_ANSWERS = "This summary holds times of all answers only, so failed ones are in them."
DURATION = "http_req_duration"
SUCCESSFUL = "http_req_duration{expected_response:true}"
PERCENTILES: Mapping[Percentile, str] = {"p50": "med", "p90": "p(90)", "p95": "p(95)", "p99": "p(99)"}
CLOSED = ("constant-vus", "per-vu-iterations", "shared-iterations")


def read_k6(file: ResultFile) -> Results:
    """The one point of a summary, or a point a scenario of JSON lines."""
    if _are_lines(file.text):
        return read_lines(file)
    file.refuse_select("a summary holds one load")
    document = file.document()
    if "results" in document and "metrics" not in document:
        raise file.refuse(
            "it is k6's newer machine-readable summary, whose format is not known here",
            "write one with --summary-export, or JSON.stringify(data) in handleSummary",
        )
    metrics = document.section("metrics")
    point = from_sending(_point(metrics))
    notes = NOTES if SUCCESSFUL in metrics else (*NOTES, ALL_ANSWERS)
    if document.values.get("scenarios"):
        return Results(points=(_as_asked(point, metrics, document.section("scenarios")),), source="k6", notes=notes)
    closed = by_clients(point, _users(metrics))
    return Results(points=(closed,), source="k6", notes=(*notes, UNKNOWN_LOAD))


def _are_lines(text: str) -> bool:
    try:
        first: Any = json.loads(text.lstrip().partition("\n")[0])
    except ValueError:
        return False
    return isinstance(first, dict) and first.get("type") in {"Metric", "Point"}


def _values(metrics: Fields, name: str) -> Fields:
    """What handleSummary has in `values`, --summary-export has in the metric itself."""
    metric = metrics.section(name)
    return metric.section("values") if "values" in metric else metric


def _point(metrics: Fields) -> LoadPoint:
    sent = _values(metrics, "http_reqs")
    rate_rps = sent.number("rate")
    failed = _values(metrics, "http_req_failed").whole("passes")  # of a rate, what is true "passes": here a failure
    tally = Tally(
        window_s=sent.number("count") / rate_rps if rate_rps else 0.0,
        requests=sent.whole("count"),
        errors_by_kind={"failed": failed},
    )
    timed = _values(metrics, SUCCESSFUL if SUCCESSFUL in metrics else DURATION)
    found = {name: timed.optional(key) for name, key in PERCENTILES.items()}
    percentiles_s = {name: None if value is None else value / 1e3 for name, value in found.items()}
    samples = tally.requests - failed if SUCCESSFUL in metrics else tally.requests
    return measured_point(metrics.file, tally, times(timed.number("avg") / 1e3, samples, percentiles_s))


def _users(metrics: Fields) -> int | None:
    return _values(metrics, "vus_max").whole("max") if "vus_max" in metrics else None


def _as_asked(point: LoadPoint, metrics: Fields, scenarios: Fields) -> LoadPoint:
    """The point with the load that its one scenario asked for."""
    if len(scenarios.values) != 1:
        raise scenarios.file.refuse(
            f"it sums up {len(scenarios.values)} scenarios in one", "run k6 once for each, or use --out json"
        )
    scenario = scenarios.section(next(iter(scenarios.values)))
    executor = scenario.text("executor")
    if executor == "constant-arrival-rate":
        return at_rate(point, _asked_rps(metrics, scenario), "constant", from_schedule=False)
    if executor not in CLOSED:
        fault = f"executor {executor} changes the load, so this is no point of a curve"
        return replace(point, invalid_because=(*point.invalid_because, fault))
    return by_clients(point, scenario.whole("vus") if "vus" in scenario else 1)


def _asked_rps(metrics: Fields, scenario: Fields) -> float:
    """Iterations a second as asked for, times the requests of one iteration."""
    unit = scenario.text("timeUnit") or "1s"
    try:
        unit_s = parse_duration(unit)
    except UnitError:
        raise wrong(scenario.file, scenario.path("timeUnit"), unit, "a duration such as 1s") from None
    requests = _values(metrics, "http_reqs").number("count")
    iterations = _values(metrics, "iterations").number("count")
    return scenario.number("rate") / unit_s * (requests / iterations if iterations else 1.0)
