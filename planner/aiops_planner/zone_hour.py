"""One hour in three zones of which any may fail, solved exactly and without a solver, for one class of requests.

With the zones in order of what they carry, c1 >= c2 >= c3, the worst loss leaves c2 + c3. So some x >= D/2 exists with

    c1 >= x,   c2 >= x,   c3 >= D - x,   f1 + f2 + f3 >= F

where the firm machines f of all zones have to carry F alone, should all spot machines be taken back. A zone's firm
machines are a step of its staircase; the rest of what it needs comes from another, of machines bought any way.
"""

from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import count
from math import inf

import numpy as np

from aiops_planner.staircase import Floats, Integers, Staircase

_CELLS = 64  # of x to begin with
_PARTS = 8  # of a cell that is looked at more closely
_NARROW = 1e-3  # of D: cells that are not divided again
_PRICES = 9  # that are tried for what firm machines carry
_EXACT = 1e-9  # relative: what sums are off by
_FIRST_ROOM, _MORE_ROOM = 1e-5, 1.7  # of what nothing costs more than

Zones = tuple[Staircase, Staircase, Staircase]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A step of the firm staircase of each zone, the third being the one that carries D - x, and x.

    `usd` is what nothing costs less than, by the width of a narrow cell of x.
    """

    usd: float
    firm: tuple[int, int, int]
    x_rps: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cells:
    """Ranges of x. `usd` has a table a zone, with a row a cell and a column a step of the zone's firm staircase: what
    the zone costs at the end of the range where it needs least. `excess` is by how much a step is dearer than the best,
    were what firm machines carry paid for, and `bound` what no choice of a cell costs less than.
    """

    low: Floats
    high: Floats
    usd: tuple[Floats, ...]
    excess: tuple[Floats, ...]
    bound: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneHour:
    """What must be carried: `rps` without any one zone, `firm_rps` without spot; `flexible` is for any zone's rest."""

    rps: float
    firm_rps: float
    flexible: Staircase

    def cheapest(self, zones: Zones) -> Choice | None:
        """The cheapest choice when the third of the zones is the one that carries least, None when there is none.

        Choices are looked for among those that a bound by cell leaves room for. The room grows until one is found:
        whatever has been left out is dearer.
        """
        if sum(zone.rps[-1] for zone in zones) < self.firm_rps:
            return None
        edges = np.linspace(self.rps / 2, self.rps, _CELLS + 1)
        price = self._firm_price(zones, edges)
        cells = self._cells(zones, edges[:-1], edges[1:], price)
        least = float(cells.bound.min())
        dearest = sum(float(zone.usd[-1] + self.flexible.usd[-1]) for zone in zones) * (1 + _EXACT)
        room = _FIRST_ROOM * dearest
        while least < inf:
            found = self._search(zones, cells, price, min(least + room, dearest))
            if found is not None or least + room >= dearest:
                return found
            room *= _MORE_ROOM
        return None

    def bought(self, zones: Zones, choice: Choice) -> Choice:
        """The choice with the x that is best for its firm steps, and what it then really costs.

        The cost changes only where a zone takes the next step of the flexible staircase, so these x are all tried.
        """
        base = [float(zone.rps[step]) for zone, step in zip(zones, choice.firm, strict=True)]
        steps = self.flexible.rps
        tried = np.concatenate(([self.rps / 2], base[0] + steps, base[1] + steps, self.rps - base[2] - steps))
        x = tried[(tried >= self.rps / 2) & (tried <= self.rps)]
        rests = (x - base[0], x - base[1], self.rps - x - base[2])
        usd = np.sum([self.flexible.usd_at(rest) for rest in rests], axis=0)
        best = int(np.argmin(usd))
        firm_usd = sum(float(zone.usd[step]) for zone, step in zip(zones, choice.firm, strict=True))
        return replace(choice, usd=firm_usd + float(usd[best]), x_rps=float(x[best]))

    def _firm_price(self, zones: Zones, edges: Floats) -> float:
        """USD for a request/s that firm machines carry: any price bounds the cost, and the best of some is taken."""
        if not self.firm_rps:
            return 0.0
        whole = [zone for zone in zones if len(zone.rps) > 1]
        dearest = max(((zone.usd[-1] - zone.usd[0]) / (zone.rps[-1] - zone.rps[0]) for zone in whole), default=0.0)
        low, high = edges[:-1:_PARTS], edges[_PARTS::_PARTS]
        prices = np.linspace(0.0, dearest, _PRICES)
        bounds = [float(self._cells(zones, low, high, price).bound.min()) for price in prices]
        return float(prices[int(np.argmax(bounds))])

    def _cells(self, zones: Zones, low: Floats, high: Floats, price: float) -> _Cells:
        needs = (low, low, self.rps - high)
        usd = tuple(self._zone_usd(zone, need) for zone, need in zip(zones, needs, strict=True))
        paid = [table - price * zone.rps for zone, table in zip(zones, usd, strict=True)]
        least = [table.min(axis=1) for table in paid]
        with np.errstate(invalid="ignore"):  # without any rest to buy, infinite cost is no dearer than itself
            excess = tuple(table - best[:, None] for table, best in zip(paid, least, strict=True))
        return _Cells(low=low, high=high, usd=usd, excess=excess, bound=price * self.firm_rps + sum(least))

    def _zone_usd(self, zone: Staircase, need_rps: Floats) -> Floats:
        """What a zone costs, for each need (rows) and step of its firm machines (columns)."""
        cost: Floats = zone.usd + self.flexible.usd_at(need_rps[:, None] - zone.rps)
        return cost

    def _search(self, zones: Zones, cells: _Cells, price: float, most_usd: float) -> Choice | None:
        """The cheapest choice that costs no more than so much: the most promising cell is always looked at next."""
        numbers = count()
        waiting: list[tuple[float, int, _Cells, int, Choice | None]] = []

        def wait(cells: _Cells) -> None:
            for cell in np.flatnonzero(cells.bound <= most_usd).tolist():
                heappush(waiting, (float(cells.bound[cell]), next(numbers), cells, cell, None))

        wait(cells)
        while waiting:
            _, _, cells, cell, choice = heappop(waiting)
            low, high = cells.low[cell], cells.high[cell]
            if choice is None:
                choice = self._in_cell(zones, cells, cell, most_usd)
                if choice is not None:
                    heappush(waiting, (choice.usd, next(numbers), cells, cell, choice))
            elif high - low <= _NARROW * self.rps:
                return choice
            else:
                edges = np.linspace(low, high, _PARTS + 1)
                wait(self._cells(zones, edges[:-1], edges[1:], price))
        return None

    def _in_cell(self, zones: Zones, cells: _Cells, cell: int, most_usd: float) -> Choice | None:
        """The cheapest choice of a cell, were its zones to need no more than at either end of it."""
        room = most_usd - cells.bound[cell]
        steps = [np.flatnonzero(table[cell] <= room) for table in cells.excess]
        if not all(len(able) for able in steps):
            return None
        first, second = _pairs(steps[0], steps[1], alike=zones[0] is zones[1])
        usd = [table[cell] for table in cells.usd]
        third = steps[2]
        missing = self.firm_rps - zones[0].rps[first] - zones[1].rps[second]
        from_third = np.searchsorted(zones[2].rps[third], missing - _EXACT * self.rps)
        behind = np.append(np.minimum.accumulate(usd[2][third][::-1])[::-1], inf)
        total = usd[0][first] + usd[1][second] + behind[from_third]
        best = int(total.argmin())
        if not total[best] <= most_usd:
            return None
        able = third[from_third[best] :]
        firm = (int(first[best]), int(second[best]), int(able[usd[2][able].argmin()]))
        return Choice(usd=float(total[best]), firm=firm, x_rps=float(cells.low[cell]))


def _pairs(one: Integers, other: Integers, *, alike: bool) -> tuple[Integers, Integers]:
    """Every step of one zone with every step of another; of zones that are alike each pair once."""
    if alike:
        first, second = np.triu_indices(len(one))
        return one[first], one[second]
    return np.repeat(one, len(other)), np.tile(other, len(one))
