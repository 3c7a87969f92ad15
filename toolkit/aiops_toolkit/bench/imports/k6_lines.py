"""The lines of k6's --out json: every request with its time and outcome, so that each scenario becomes a point."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from aiops_planner.performance import LoadPoint
from aiops_toolkit.bench.imports.figures import Results, Tally, by_clients, from_sending, measured_point, most_at_once
from aiops_toolkit.bench.imports.reading import Fields, ResultFile, wrong
from aiops_toolkit.bench.percentiles import distribution

NOTES = (
    "k6's http_req_duration counts from sending to the last byte, without connecting and without waiting for a virtual "
    "user; it cuts off no warm-up.",
    "k6's lines do not name the executor, so each scenario is taken as a closed loop of the requests it had in flight.",
)


@dataclass(slots=True)
class _Scenario:
    """What the lines say of one scenario: for each request its end and duration in seconds, and whether it failed."""

    end_s: list[float] = field(default_factory=list)
    duration_s: list[float] = field(default_factory=list)
    succeeded: list[bool] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)


def read_lines(file: ResultFile) -> Results:
    """A closed-loop point for each scenario, or for the one selected."""
    scenarios: dict[str, _Scenario] = defaultdict(_Scenario)
    for request in _requests(file):
        _add(request, scenarios)
    if not scenarios:
        raise file.foreign("line with the metric http_req_duration")
    if file.select is not None and file.select not in scenarios:
        raise file.refuse(f"it has no scenario {file.select!r}", f"select one of {', '.join(scenarios)}")
    chosen = [scenario for name, scenario in scenarios.items() if file.select in {None, name}]
    return Results(points=tuple(_point(file, scenario) for scenario in chosen), source="k6", notes=NOTES)


def _requests(file: ResultFile) -> Iterator[Fields]:
    """The data of each point of http_req_duration."""
    for number, line in enumerate(file.text.splitlines(), 1):
        if '"http_req_duration"' in line and '"Point"' in line:
            yield file.fields(file.parsed(line, f"line {number}"), f"line {number}").section("data")


def _add(request: Fields, scenarios: dict[str, _Scenario]) -> None:
    tags = request.section("tags")
    scenario = scenarios[tags.text("scenario") or "default"]
    succeeded = tags.text("expected_response") == "true"
    scenario.end_s.append(_seconds(request))
    scenario.duration_s.append(request.number("value") / 1e3)
    scenario.succeeded.append(succeeded)
    if not succeeded:
        status = tags.text("status")
        scenario.errors["failed" if status in {None, "0"} else f"status-{status}"] += 1


def _seconds(request: Fields) -> float:
    text = request.text("time")
    try:
        return datetime.fromisoformat(text or "").timestamp()
    except (ValueError, OverflowError):
        raise wrong(request.file, request.path("time"), text, "a time such as 2026-01-31T12:00:00Z") from None


def _point(file: ResultFile, scenario: _Scenario) -> LoadPoint:
    end_s, duration_s = np.array(scenario.end_s), np.array(scenario.duration_s)
    start_s = end_s - duration_s
    window_s = float(end_s.max() - start_s.min())
    tally = Tally(window_s=window_s, requests=len(end_s), errors_by_kind=dict(scenario.errors))
    point = measured_point(file, tally, distribution(duration_s[np.array(scenario.succeeded)]))
    return by_clients(from_sending(point), most_at_once(start_s, end_s))
