"""What hey prints, as text or with -o csv; several texts in one file become several points."""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np

from aiops_planner.performance import LoadPoint, Percentile
from aiops_toolkit.bench.imports.commands import last_command, option
from aiops_toolkit.bench.imports.figures import Results, Tally, by_clients, measured_point, most_at_once, times
from aiops_toolkit.bench.imports.reading import ResultFile, checked_number
from aiops_toolkit.bench.percentiles import distribution

NOTES = ("hey counts in a closed loop; connecting and failed answers are in its times, and it cuts off no warm-up.",)
CSV_NOTE = "hey's CSV leaves out requests without an answer."
UNKNOWN_WORKERS = (
    "hey does not print its number of workers, so the requests in flight stand in; keep the line of the command above "
    "its output to have the real one."
)
ROUNDING_S = 1e-4  # of its CSV: answers that follow each other must not look as if they overlapped
ROUNDING_SHARE = 0.06  # of its Total, which a run of a millisecond has with four decimals
COLUMNS = ("response-time", "status-code", "offset")

_RUN = re.compile(r"^Summary:\s*$", re.MULTILINE)
_FIGURE = re.compile(r"^\s*(Total|Average|Requests/sec):\s*(\S+)", re.MULTILINE)
_PERCENTILE = re.compile(r"^\s*(50|90|95|99)% in (\S+) secs", re.MULTILINE)
_STATUS = re.compile(r"^\s*\[(\d{3})\]\s+(\d{1,15}) responses", re.MULTILINE)
_ERROR = re.compile(r"^\s*\[(\d{1,15})\]\s+(\D.*)$", re.MULTILINE)
_KINDS = {
    "connection refused": "connect-refused",
    "Client.Timeout": "timeout",
    "deadline exceeded": "timeout",
    "connection reset": "reset",
    "EOF": "closed-early",
}


def read_hey(file: ResultFile) -> Results:
    """Closed-loop points of hey."""
    file.refuse_select("every run in the file is taken")
    if file.text.startswith("response-time,"):
        return Results(points=(_from_rows(file),), source="hey", notes=(*NOTES, CSV_NOTE))
    runs = [(_workers(file, before), run) for before, run in _runs(file)]
    points = tuple(by_clients(_from_text(file, run), workers) for workers, run in runs)
    unknown = any(workers is None for workers, _ in runs)
    return Results(points=points, source="hey", notes=(*NOTES, UNKNOWN_WORKERS) if unknown else NOTES)


def _runs(file: ResultFile) -> Iterator[tuple[str, str]]:
    """Each run's text, and the text that stands before it."""
    parts = _RUN.split(file.text)
    if len(parts) == 1:
        raise file.foreign("line 'Summary:'")
    return pairwise(parts)


def _workers(file: ResultFile, before: str) -> int | None:
    """From the command that stands above a run's output."""
    workers = option(last_command(before, "hey"), "-c", "-c")
    return int(checked_number(file, "-c", workers or 0)) or None


def _from_text(file: ResultFile, run: str) -> LoadPoint:
    figures = dict(_FIGURE.findall(run))
    if not {"Total", "Average", "Requests/sec"} <= figures.keys():
        raise file.foreign("line 'Total', 'Average' or 'Requests/sec'")
    answers = {code: int(count) for code, count in _STATUS.findall(run)}
    errors: Counter[str] = Counter()
    for count, message in _ERROR.findall(run.partition("Error distribution:")[2]):
        errors[_kind(message)] += int(count)
    tally = Tally(
        window_s=checked_number(file, "Total", figures["Total"]),
        requests=sum(answers.values()) + errors.total(),
        errors_by_kind={**_by_status(answers), **errors},
    )
    expected = tally.window_s * checked_number(file, "Requests/sec", figures["Requests/sec"])
    if abs(tally.requests - expected) > 1 + ROUNDING_SHARE * expected:
        raise file.foreign(f"status or error for all of its {expected:.0f} requests")
    answered = sum(answers.values())
    mean_s = checked_number(file, "Average", figures["Average"]) if answered else 0.0  # NaN without any answer
    names: Mapping[str, Percentile] = {"50": "p50", "90": "p90", "95": "p95", "99": "p99"}
    percentiles = {
        names[share]: checked_number(file, f"{share}%", seconds) for share, seconds in _PERCENTILE.findall(run)
    }
    return measured_point(file, tally, times(mean_s, answered, percentiles))


def _from_rows(file: ResultFile) -> LoadPoint:
    rows = list(csv.DictReader(file.text.splitlines()))
    columns = {name: np.array([_cell(file, row, name, place) for place, row in enumerate(rows, 2)]) for name in COLUMNS}
    response_s, start_s = columns["response-time"], columns["offset"]
    statuses = Counter(f"{code:.0f}" for code in columns["status-code"])
    window_s = float((start_s + response_s).max() - start_s.min()) if rows else 0.0
    tally = Tally(window_s=window_s, requests=len(rows), errors_by_kind=_by_status(statuses))
    point = measured_point(file, tally, distribution(response_s))
    return by_clients(point, most_at_once(start_s + ROUNDING_S, start_s + response_s - ROUNDING_S))


def _cell(file: ResultFile, row: Mapping[str, str | None], name: str, line: int) -> float:
    if row.get(name) is None:
        raise file.foreign(f"column {name} in line {line}")
    return checked_number(file, f"line {line}, {name}", row[name])


def _by_status(answers: Mapping[str, int]) -> dict[str, int]:
    return {f"status-{code}": count for code, count in answers.items() if not code.startswith("2")}


def _kind(message: str) -> str:
    return next((kind for sign, kind in _KINDS.items() if sign in message), "other")
