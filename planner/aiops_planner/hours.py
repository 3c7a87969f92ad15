"""The distinct hours of a demand: hours with the same demand need the same fleet, so each is decided once."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np

from aiops_planner.demand import Demand

_MOST_CUTS = 400


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
    levels = Levels.of(demand)
    if len(levels.rps) <= most:
        return demand
    weighted = sorted(zip(levels.rps, levels.weight, strict=True), key=lambda level: (sum(level[0]), level))
    distinct = [row for row, _ in weighted]
    edges = _edges(tuple(map(sum, distinct)), tuple(weight for _, weight in weighted), most)
    groups = [distinct[first:behind] for first, behind in pairwise(edges)]
    stands_for = {row: tuple(map(pick, zip(*group, strict=True))) for group in groups for row in group}
    return replace(demand, rps=tuple(stands_for[row] for row in demand.rps))


@lru_cache(maxsize=8)
def _edges(sizes: tuple[float, ...], weights: tuple[float, ...], most: int) -> tuple[int, ...]:
    """Where to cut ascending sizes into groups, so that the weighted distance between largest and least is smallest.

    Exact for up to _MOST_CUTS sizes; of more, only cuts between equally wide ranges of sizes are tried. With c cuts
    tried, best[j] after g rounds is the least distance of the first j in g groups: min_i best[i] + W(i, j) (s_j - s_i).
    """
    size, total = np.array(sizes), np.concatenate(([0.0], np.cumsum(weights)))
    cuts = np.arange(len(sizes) + 1)
    if len(sizes) > _MOST_CUTS:
        ranges = np.searchsorted(size, np.linspace(size[0], size[-1], _MOST_CUTS)[1:])
        cuts = np.unique(np.concatenate(([0], ranges, [len(sizes)])))
    first, behind = cuts[:, None], cuts[None, :]
    spread = (total[behind] - total[first]) * (size[behind - 1] - size[np.minimum(first, len(sizes) - 1)])
    spread = np.where(first < behind, spread, np.inf)
    best, chosen = spread[0], []
    for _ in range(min(most, len(cuts) - 1) - 1):
        through = best[:, None] + spread
        chosen.append(np.argmin(through, axis=0))
        best = through.min(axis=0)
    edges = [len(cuts) - 1]
    for before in reversed(chosen):
        edges.append(int(before[edges[-1]]))
    return tuple(int(cuts[place]) for place in (0, *reversed(edges)))
