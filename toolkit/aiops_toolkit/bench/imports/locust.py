"""Locust's CSV files: NAME_stats.csv, and NAME_stats_history.csv and NAME_failures.csv where they lie beside it."""

import csv
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from aiops_planner.performance import LoadPoint, Percentile
from aiops_toolkit.bench.imports.figures import Results, Tally, at_rate, by_clients, measured_point, times
from aiops_toolkit.bench.imports.reading import Fields, ResultFile, checked_number, read_file

NOTES = (
    "Locust counts from the call of its client, connecting and failed answers included; its percentiles are rounded to "
    "whole milliseconds, and to two digits from 100 ms on. Its figures begin with its first user.",
)
NO_USERS = (
    "The number of users is not known, so the requests in flight stand in; let Locust's _stats_history.csv lie beside "
    "its _stats.csv to have it."
)
MIXED = "Several kinds of requests are summed up in one curve; import.select takes one of them by its name."
SUFFIX = "_stats.csv"
AGGREGATED = "Aggregated"

# What the Locust file of `aiops export` calls its requests when its users keep a pace: classify (2/s a user).
_PACED = re.compile(r" \((?P<rate>\d+(?:\.\d+)?(?:e[+-]\d+)?)/s a user\)$")
_STATUS = re.compile(r"(?:code=|HTTPError\('|CatchResponseError\('status )(\d{3})")
_SIGNS = {
    "ConnectionRefused": "connect-refused",
    "ConnectionReset": "reset",
    "imeout": "timeout",
    "timed out": "timeout",
    "unexpected JSON": "unexpected-json",  # the checks of our own Locust file
    "unexpected size": "unexpected-size",
}
_PERCENTILES: Mapping[Percentile, str] = {"p50": "50%", "p90": "90%", "p95": "95%", "p99": "99%"}


def read_locust(file: ResultFile) -> Results:
    """The row selected by its name, with or without its method, the only row there is, or the sum of all."""
    rows = [file.fields(row, f"line {line}") for line, row in enumerate(csv.DictReader(file.text.splitlines()), 2)]
    if not rows or not {"Name", "Request Count", "Requests/s", *_PERCENTILES.values()} <= rows[0].values.keys():
        raise file.foreign("columns 'Name', 'Request Count', 'Requests/s' and percentiles")
    if rows[-1].text("Name") != AGGREGATED:
        raise file.foreign(f"last line {AGGREGATED}")
    row = _chosen(file, rows)
    users = _most_users(_beside(file, "_stats_history.csv"))
    notes = (*NOTES, MIXED) if row.text("Name") == AGGREGATED else NOTES
    point = _point(file, row)
    if users is None:
        return Results(points=(by_clients(point, None),), source="Locust", notes=(*notes, NO_USERS))
    paced = _PACED.search(row.text("Name") or "")
    if paced is None:
        return Results(points=(by_clients(point, users),), source="Locust", notes=notes)
    rate_rps = users * checked_number(file, "the pace in the name", paced["rate"])
    return Results(points=(at_rate(point, rate_rps, None, from_schedule=False),), source="Locust", notes=notes)


def _chosen(file: ResultFile, rows: list[Fields]) -> Fields:
    if file.select is not None:
        found = [row for row in rows if file.select in {row.text("Name"), f"{row.text('Type')} {row.text('Name')}"}]
        if len(found) != 1:
            names = ", ".join(sorted({repr(f"{row.text('Type')} {row.text('Name')}".strip()) for row in rows}))
            count = "no request" if not found else f"{len(found)} requests"
            raise file.refuse(f"it has {count} named {file.select!r}", f"select one of {names}")
        return found[0]
    named = [row for row in rows if row.text("Name") != AGGREGATED]
    return named[0] if len(named) == 1 else rows[-1]


def _point(file: ResultFile, row: Fields) -> LoadPoint:
    requests, failed, rate_rps = row.whole("Request Count"), row.whole("Failure Count"), row.number("Requests/s")
    tally = Tally(
        window_s=requests / rate_rps if rate_rps else 0.0,
        requests=requests,
        errors_by_kind=_kinds(_beside(file, "_failures.csv"), row, failed),
    )
    percentiles_s = {name: row.number(key) / 1e3 for name, key in _PERCENTILES.items()} if requests else {}
    return measured_point(file, tally, times(row.number("Average Response Time") / 1e3, requests, percentiles_s))


def _beside(file: ResultFile, suffix: str) -> list[Fields]:
    """The rows of another CSV file of the same run; none where there is no such file."""
    if not file.path.name.endswith(SUFFIX):
        return []
    path = Path(str(file.path).removesuffix(SUFFIX) + suffix)
    if not path.is_file():
        return []
    other = read_file(path, tool=file.tool, select=None)
    return [other.fields(row, f"line {line}") for line, row in enumerate(csv.DictReader(other.text.splitlines()), 2)]


def _most_users(history: list[Fields]) -> int | None:
    return max((row.whole("User Count") for row in history), default=None) or None


def _kinds(failures: list[Fields], row: Fields, failed: int) -> dict[str, int]:
    """Failures by kind, as far as the file of failures accounts for them."""
    kinds: Counter[str] = Counter()
    name = row.text("Name")
    for failure in failures:
        if name in {AGGREGATED, failure.text("Name")}:
            kinds[_kind(failure.text("Error") or "")] += failure.whole("Occurrences")
    if kinds.total() > failed:  # written a moment later than the figures
        return {"failed": failed}
    return {**kinds, "failed": kinds["failed"] + failed - kinds.total()}


def _kind(error: str) -> str:
    status = _STATUS.search(error)
    if status:
        return f"status-{status[1]}"
    return next((kind for sign, kind in _SIGNS.items() if sign in error), "failed")
