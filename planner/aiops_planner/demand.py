"""How much traffic has to be carried: requests a second by class and by hour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from aiops_planner.wording import number

if TYPE_CHECKING:
    from aiops_planner.file_form import FileForm

SINGLE_CLASS = "requests"
MOST_HOURS = 8784  # a leap year
MOST_RPS = 1e9  # some thousand times what the busiest sites of the world serve


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """Requests a second for each hour (rows) and request class (columns).

    `rps` has one row for a constant demand. `classes` names the columns; a demand without classes has the one class
    `SINGLE_CLASS`. `weights` has one entry an hour, in any unit: how much of the time the hour stands for; hours weigh
    the same without them. `basis` says in phrases how the rates came about. `origins` names the client region of
    classes that come from one, like "aws/eu-west-1".
    """

    classes: tuple[str, ...]
    rps: tuple[tuple[float, ...], ...]
    weights: tuple[float, ...] = ()
    basis: tuple[str, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def constant(cls, rate_rps: float) -> "Demand":
        """One class at one rate, in requests a second."""
        return cls(classes=(SINGLE_CLASS,), rps=((rate_rps,),))

    @classmethod
    def of_classes(cls, rates_rps: Mapping[str, float]) -> "Demand":
        """Several classes at constant rates, in requests a second."""
        return cls(classes=tuple(rates_rps), rps=(tuple(rates_rps.values()),))

    @classmethod
    def from_csv(cls, text: str, source: str, form: "FileForm | None" = None) -> "Demand":
        """Read a CSV text: "hour,class,..." with a header and one row an hour, or what `form` says of its rows.

        Rates are in requests/s; `source` names the file in errors. Raises UsageError that names line and column.
        """
        from aiops_planner.demand_file import read_traffic  # noqa: PLC0415 - it makes demands

        return read_traffic(text, source, form)

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

    def expected(self, *, growth: float = 1.0, peak_factor: float = 1.0) -> "Demand":
        """The demand to plan for: times a factor of growth, and one for peaks within an hour; `basis` names both."""
        grown = (f"grown by {number(100 * (growth - 1))} %",) if growth != 1 else ()
        peaks = (f"{number(peak_factor)} times as much for peaks within the hour",) if peak_factor != 1 else ()
        return replace(self.scaled(growth * peak_factor), basis=(*self.basis, *grown, *peaks))

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
