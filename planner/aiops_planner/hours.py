"""The distinct hours of a demand: hours with the same demand need the same fleet, so each is decided once."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from aiops_planner.demand import Demand


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """The distinct rows of a demand. `rps` has one row a level, `weight` its share of the time (they sum to one),
    and `of_hour` the level of each hour.
    """

    rps: tuple[tuple[float, ...], ...]
    weight: tuple[float, ...]
    of_hour: tuple[int, ...]

    @classmethod
    def of(cls, demand: Demand) -> "Levels":
        """Merge equal hours; exact, because hours are joined only by commitments, which are the same in all of them."""
        number: dict[tuple[float, ...], int] = {}
        of_hour = tuple(number.setdefault(row, len(number)) for row in demand.rps)
        weights = demand.weights or (1.0,) * len(of_hour)
        share = [0.0] * len(number)
        for level, weight in zip(of_hour, weights, strict=True):
            share[level] += weight
        total = sum(weights)
        return cls(rps=tuple(number), weight=tuple(part / total for part in share), of_hour=of_hour)


def join_hours(demand: Demand, most: int, pick: Callable[[Iterable[float]], float]) -> Demand:
    """The demand with at most `most` distinct hours: hours of similar size share the max (or min) of their rates.

    With `max` a fleet for the answer carries the demand; with `min` its cost is a lower bound.
    """
    distinct = sorted(set(demand.rps), key=lambda row: (sum(row), row))
    if len(distinct) <= most:
        return demand
    groups = [distinct[len(distinct) * number // most : len(distinct) * (number + 1) // most] for number in range(most)]
    stands_for = {row: tuple(map(pick, zip(*group, strict=True))) for group in groups for row in group}
    return replace(demand, rps=tuple(stands_for[row] for row in demand.rps))
