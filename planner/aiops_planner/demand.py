"""How much traffic has to be carried: requests a second by class and by hour."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from aiops_planner.errors import UsageError
from aiops_planner.wording import counted

SINGLE_CLASS = "requests"
MOST_HOURS = 8784  # a leap year
MOST_RPS = 1e9  # some thousand times what the busiest sites of the world serve


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """Requests a second for each hour (rows) and request class (columns).

    `rps` has one row for a constant demand. `classes` names the columns; a demand without classes has the one class
    `SINGLE_CLASS`. `weights` has one entry an hour, in any unit: how much of the time the hour stands for; hours weigh
    the same without them.
    """

    classes: tuple[str, ...]
    rps: tuple[tuple[float, ...], ...]
    weights: tuple[float, ...] = ()

    @classmethod
    def constant(cls, rate_rps: float) -> "Demand":
        """One class at one rate, in requests a second."""
        return cls(classes=(SINGLE_CLASS,), rps=((rate_rps,),))

    @classmethod
    def of_classes(cls, rates_rps: Mapping[str, float]) -> "Demand":
        """Several classes at constant rates, in requests a second."""
        return cls(classes=tuple(rates_rps), rps=(tuple(rates_rps.values()),))

    @classmethod
    def from_csv(cls, text: str, source: str) -> "Demand":
        """Read "hour,class,..." with a header and one row an hour, 0, 1, 2, ... in any order; rates in requests/s.

        `source` names the file in errors. Raises UsageError that names line and column.
        """
        lines = csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
        try:
            classes = _header(next(lines, []), source)
            hours: dict[int, tuple[float, ...]] = {}
            for cells in lines:
                if cells:
                    _add_hour(hours, cells, classes, f"{source}:{lines.line_num}")
        except csv.Error as error:
            raise UsageError(
                f"{source}:{lines.line_num}: is no CSV ({error}); write hour,requests and numbers"
            ) from None
        if not hours:
            raise UsageError(f"{source}: has no row below its header; write one for each hour, like 0,1500")
        missing = next((hour for hour in range(len(hours)) if hour not in hours), None)
        if missing is not None:
            raise UsageError(f"{source}: hour {missing} is missing; hours count from 0 without gaps")
        return cls(classes=classes, rps=tuple(hours[hour] for hour in range(len(hours))))

    @property
    def peak_rps(self) -> float:
        """The largest hourly sum over the classes."""
        return max(sum(hour) for hour in self.rps)

    @property
    def mean_rps(self) -> float:
        """The mean over the time of the sum over the classes."""
        return mean_by_hour([sum(hour) for hour in self.rps], self.weights)

    def scaled(self, factor: float) -> "Demand":
        """The same demand with every rate multiplied."""
        return replace(self, rps=tuple(tuple(rate * factor for rate in hour) for hour in self.rps))

    def classes_asked_for(self) -> tuple[str, ...]:
        """The classes with a rate above zero in any hour."""
        return tuple(name for name, *rates in zip(self.classes, *self.rps, strict=True) if any(rates))

    @property
    def is_constant(self) -> bool:
        """Whether every hour asks for the same."""
        return all(hour == self.rps[0] for hour in self.rps)


def mean_by_hour(values: Sequence[float], weights: Sequence[float]) -> float:
    """The mean of one value an hour; hours weigh the same when there are no weights."""
    if not weights:
        return sum(values) / len(values)
    return sum(value * weight for value, weight in zip(values, weights, strict=True)) / sum(weights)


def _header(cells: list[str], source: str) -> tuple[str, ...]:
    """The classes in a header "hour,class,...", each named once."""
    names = [cell.strip() for cell in cells]
    if not names or names[0].lower() != "hour" or len(names) < 2 or "" in names:
        found = ",".join(names)[:60]
        raise UsageError(f"{source}:1: the header is {found!r}; write hour,requests or hour and one column a class")
    twice = next((name for number, name in enumerate(names) if name in names[:number]), None)
    if twice is not None:
        raise UsageError(f"{source}:1: column {twice!r} is there twice; name each class once")
    return tuple(names[1:])


def _add_hour(hours: dict[int, tuple[float, ...]], cells: list[str], classes: tuple[str, ...], where: str) -> None:
    """Read one row into `hours`."""
    if len(cells) != len(classes) + 1:
        raise UsageError(f"{where}: has {counted(len(cells), 'column')}, the header has {len(classes) + 1}")
    hour = _number(cells[0], "hour", where)
    if hour != int(hour) or hour >= MOST_HOURS:
        raise UsageError(f"{where}: column hour: {cells[0].strip()[:40]!r} is no hour of a year, 0 to {MOST_HOURS - 1}")
    if int(hour) in hours:
        raise UsageError(f"{where}: hour {int(hour)} is there twice; write each hour once")
    hours[int(hour)] = tuple(_number(cell, name, where) for cell, name in zip(cells[1:], classes, strict=True))


def _number(cell: str, column: str, where: str) -> float:
    """A finite number of at least zero, in ASCII digits."""
    text = cell.strip()
    try:
        number = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or number < 0:
        raise UsageError(
            f"{where}: column {column}: {text[:40]!r} is not a number of at least 0; write digits like 1500 or 12.5"
        )
    return number
