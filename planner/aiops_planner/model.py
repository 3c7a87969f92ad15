"""A mixed-integer linear program as plain numbers: what every solver is handed, whatever it calls things itself."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, TypeAlias

Terms: TypeAlias = list[tuple[int, float]]  # variables with their factors; each variable once


@dataclass(slots=True)
class Model:
    """Minimise costs x with lows <= x <= highs and row_lows <= A x <= row_highs.

    A variable is the number of its column. A lies row after row in `columns` and `factors`; row r has the places from
    `starts[r]` up to `starts[r + 1]`.
    """

    costs: list[float] = field(default_factory=list)
    lows: list[float] = field(default_factory=list)
    highs: list[float] = field(default_factory=list)
    integer: list[bool] = field(default_factory=list)
    row_names: list[str] = field(default_factory=list)
    row_lows: list[float] = field(default_factory=list)
    row_highs: list[float] = field(default_factory=list)
    starts: list[int] = field(default_factory=lambda: [0])
    columns: list[int] = field(default_factory=list)
    factors: list[float] = field(default_factory=list)

    def add_variable(self, low: float = 0.0, high: float = math.inf, *, integer: bool = False) -> int:
        """A new variable, whole or not, between its bounds."""
        self.costs.append(0.0)
        self.lows.append(low)
        self.highs.append(high)
        self.integer.append(integer)
        return len(self.costs) - 1

    def add_row(
        self, name: str, terms: Iterable[tuple[int, float]], *, low: float = -math.inf, high: float = math.inf
    ) -> None:
        """A new constraint: the terms add up to something between `low` and `high`."""
        for variable, factor in terms:
            self.columns.append(variable)
            self.factors.append(factor)
        self.row_names.append(name)
        self.row_lows.append(low)
        self.row_highs.append(high)
        self.starts.append(len(self.columns))

    def minimise(self, terms: Iterable[tuple[int, float]]) -> None:
        """Take the sum of the terms as what is minimised."""
        for variable, factor in terms:
            self.costs[variable] += factor

    def cost_of(self, values: Sequence[float]) -> float:
        """What the values of all variables cost."""
        return sum(cost * value for cost, value in zip(self.costs, values, strict=True))

    def holds(self, values: Sequence[float], tolerance: float) -> bool:
        """Whether every bound, integrality and row holds to a tolerance."""
        return self._within_bounds(values, tolerance) and self._within_rows(values, tolerance)

    def _within_bounds(self, values: Sequence[float], tolerance: float) -> bool:
        return all(
            low - tolerance <= value <= high + tolerance and not (whole and abs(value - round(value)) > tolerance)
            for value, low, high, whole in zip(values, self.lows, self.highs, self.integer, strict=True)
        )

    def _within_rows(self, values: Sequence[float], tolerance: float) -> bool:
        sums = (
            sum(self.factors[place] * values[self.columns[place]] for place in range(first, end))
            for first, end in pairwise(self.starts)
        )
        return all(
            low - tolerance <= total <= high + tolerance
            for total, low, high in zip(sums, self.row_lows, self.row_highs, strict=True)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What a solver is told besides the model. `start` are values of some variables to begin with, where it can;
    `relaxed` drops integrality.
    """

    time_limit_s: float
    gap: float = 0.0
    relaxed: bool = False
    start: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a solver says of a model. "optimal" is within the gap that was asked for.

    `values` of variables are None without a solution; `bound` is minus infinity where none is told. Reduced costs of
    variables and shadow prices of rows are there for a relaxed model.
    """

    status: Literal["optimal", "infeasible", "stopped"]
    values: Sequence[float] | None = None
    bound: float = -math.inf
    reduced_costs: Sequence[float] = ()
    shadow_prices: Sequence[float] = ()
