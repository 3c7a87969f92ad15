"""Round trips between regions: the shipped table of pings, and tables that a person measured."""

import csv
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from aiops_planner.errors import UsageError

COLUMNS = ("from", "to", "round_trip_ms")
LONGEST_MS = 60_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTrips:
    """Seconds from one region to another and back, by pairs like ("aws/eu-west-1", "aws/us-east-1").

    `dates` are the days of the measurements, oldest first; empty where they are not told.
    """

    seconds: Mapping[tuple[str, str], float]
    dates: tuple[str, ...] = ()


@cache
def shipped_round_trips() -> RoundTrips:
    """The means of pings between regions of AWS and between regions of Google Cloud that ship with the package."""
    text = files("aiops_planner").joinpath("data/round_trips.csv").read_text(encoding="utf-8")
    return read_round_trips(text.splitlines(), "round_trips.csv")


def read_round_trips(lines: Iterable[str], source: str) -> RoundTrips:
    """Read a CSV with the columns from, to and round_trip_ms, and date where it is known.

    A pair counts in both directions, unless the other direction has a row of its own. Raises UsageError that names
    the line.
    """
    rows = csv.DictReader(lines, skipinitialspace=True)
    missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise UsageError(
            f"{source}: the column {missing[0]!r} is missing; the first line has to name {', '.join(COLUMNS)}"
        )
    found: dict[tuple[str, str], float] = {}
    dates: set[str] = set()
    for row in rows:
        pair = (row["from"] or "").strip(), (row["to"] or "").strip()
        where = f"{source}, line {rows.line_num}"
        if not all(pair):
            raise UsageError(f"{where}: a region is missing; write a row like aws/eu-west-1,aws/us-east-1,75.2")
        if pair in found:
            raise UsageError(f"{where}: {pair[0]} to {pair[1]} is there a second time; keep one of both rows")
        found[pair] = _seconds(row["round_trip_ms"], where)
        dates |= {date} if (date := (row.get("date") or "").strip()) else set()
    back = {(there, here): seconds for (here, there), seconds in found.items()}
    return RoundTrips(seconds=back | found, dates=tuple(sorted(dates)))


def _seconds(text: str | None, where: str) -> float:
    try:
        milliseconds = float(text or "")
    except ValueError:
        milliseconds = math.nan
    if not 0 <= milliseconds <= LONGEST_MS:
        raise UsageError(
            f"{where}: the round trip is {text!r}; write milliseconds from 0 to {LONGEST_MS:,.0f}, like 75.2"
        )
    return milliseconds / 1000
