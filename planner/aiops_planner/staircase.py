"""The least cost of carrying at least so much, as a staircase: exact, from whole machines of many kinds."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]

_EXACT = 1e-9  # relative: three machines of 0.1/s carry 0.3/s


@dataclass(frozen=True, slots=True, kw_only=True)
class Staircase:
    """Steps of ascending `rps` and `usd`: whoever wants more than one step carries takes the next.

    `counts` has a row a step, with the machines of each kind.
    """

    rps: Floats
    usd: Floats
    counts: Integers

    def at(self, rps: Floats) -> Integers:
        """The first step that carries each of the rates, which may be negative; the number of steps where none does."""
        step: Integers = np.searchsorted(self.rps, rps - _EXACT * self.rps[-1])
        return step

    def usd_at(self, rps: Floats) -> Floats:
        """What carrying each of the rates costs, infinite where no step does."""
        cost: Floats = np.append(self.usd, np.inf)[self.at(rps)]
        return cost

    def up_to(self, rps: float) -> "Staircase":
        """The steps that are needed to carry no more than this."""
        steps = int(self.at(np.array([rps]))[0]) + 1
        return replace(self, rps=self.rps[:steps], usd=self.usd[:steps], counts=self.counts[:steps])

    def raised(self, rps: float) -> "Staircase":
        """The same steps on top of machines that carry so much already."""
        return replace(self, rps=self.rps + rps)


def cheapest_steps(rps: Floats, usd: Floats, most_rps: float, most_steps: int) -> Staircase | None:
    """The staircase up to `most_rps` of kinds of machines, each with what one carries and costs; at infinite cost none.

    Kind by kind, every number of its machines is added to every step so far, and what another step beats is dropped.
    Returns None where more than `most_steps` are left.
    """
    carried, cost = np.zeros(1), np.zeros(1)
    counts = np.zeros((1, len(rps)), dtype=np.intp)
    for kind in sorted(np.flatnonzero(np.isfinite(usd)), key=lambda kind: (usd[kind] / rps[kind], kind)):
        step, number = _additions(carried, rps[kind], most_rps)
        sums = carried[step] + number * rps[kind]
        sums[sums >= most_rps * (1 - _EXACT)] = most_rps
        costs = cost[step] + number * usd[kind]
        kept = _unbeaten(sums, costs)
        carried, cost, counts = sums[kept], costs[kept], counts[step[kept]]
        counts[:, kind] += number[kept]
        if len(carried) > most_steps:
            return None
    return Staircase(rps=carried, usd=cost, counts=counts)


def nearly_cheapest_steps(rps: Floats, usd: Floats, most_rps: float, cells: int) -> Staircase:
    """A staircase of real machines for fleets of very many: of what carries about the same only the cheapest is kept.

    Costs are as near to the least as cells are narrow. Numbers of machines of a kind are made of powers of two.
    """
    carried, cost = np.zeros(1), np.zeros(1)
    counts = np.zeros((1, len(rps)), dtype=np.intp)
    for kind in sorted(np.flatnonzero(np.isfinite(usd)), key=lambda kind: (usd[kind] / rps[kind], kind)):
        number = 1
        while number <= np.ceil(most_rps / rps[kind]):
            sums = np.concatenate((carried, np.minimum(carried + number * rps[kind], most_rps)))
            costs = np.concatenate((cost, cost + number * usd[kind]))
            kept = _cheapest_of_cells(sums, costs, most_rps / cells)
            kept = kept[_unbeaten(sums[kept], costs[kept])]
            added = np.where(kept < len(carried), 0, number)
            counts = counts[kept % len(carried)]
            counts[:, kind] += added
            carried, cost, number = sums[kept], costs[kept], 2 * number
    return Staircase(rps=carried, usd=cost, counts=counts)


def _cheapest_of_cells(carried: Floats, cost: Floats, width: float) -> Integers:
    """Of all that falls into a cell of so many requests/s, the cheapest."""
    cell = np.floor(carried / width)
    order = np.lexsort((-carried, cost, cell))
    first: Integers = order[np.unique(cell[order], return_index=True)[1]]
    return first


def _additions(carried: Floats, one_rps: float, most_rps: float) -> tuple[Integers, Integers]:
    """Every step with every number of machines to add to it, of which the last is the first to reach the most."""
    choices = np.ceil((most_rps - carried) / one_rps * (1 - _EXACT)).astype(np.intp) + 1
    step = np.repeat(np.arange(len(carried)), choices)
    return step, np.arange(len(step)) - np.repeat(np.cumsum(choices) - choices, choices)


def _unbeaten(carried: Floats, cost: Floats) -> Integers:
    """Where nothing else carries as much for no more, in ascending order."""
    order = np.lexsort((cost, -carried))
    least_before = np.minimum.accumulate(np.concatenate(([np.inf], cost[order][:-1])))
    unbeaten: Integers = order[cost[order] < least_before * (1 - _EXACT)][::-1]
    return unbeaten
