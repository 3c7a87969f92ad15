"""A lower bound that keeps machines whole in every zone: each hour by itself, with commitments at prices of its own.

A committed machine costs p_i an hour all the time. Let hour t pay the part r_t of that for as many as it likes, where
the parts of all hours add up to one. Then for every fleet, with its commitments R and what follows the hour in each,

    sum_i p_i R_i + sum_t w_t flexible_t  =  sum_t (r_t sum_i p_i R_i + w_t flexible_t)  >=  sum_t z_t(r_t)

where z_t is the least that hour t can cost at these prices. The bound holds for any parts; the best are looked for.
z_t is concave, and what the hour spends on commitments is its slope: every hour that was solved is a line above z_t,
and the parts that are best by all lines so far are tried next.
"""

from collections import Counter
from dataclasses import dataclass, replace
from math import inf, isfinite
from time import monotonic
from typing import TypeAlias

import numpy as np

from aiops_planner.hours import Levels
from aiops_planner.model import Model
from aiops_planner.solver import solve
from aiops_planner.staircase import Floats
from aiops_planner.zone_hour import ZoneHour
from aiops_planner.zone_market import ZoneMarket

_NEAR = 3e-4  # relative: lines that promise no more than this are not followed
_SAME = 1e-9  # parts of a price

Commitments: TypeAlias = tuple[tuple[int, ...], ...]  # for each zone the offers of its machines, in ascending order


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An hour that was solved: the part it pays, its share of the cost, and the commitments it takes, with their price.

    The hour costs no less than `usd` - `part` times what is spent on commitments, besides these.
    """

    part: float
    usd: float
    spent_usd: float
    wish: Commitments


@dataclass(frozen=True, slots=True, kw_only=True)
class HourBound:
    """What no fleet can cost less than, USD an hour; every line of each hour; and those that the bound is made of."""

    usd_per_hour: float
    lines: tuple[tuple[Line, ...], ...]
    best: tuple[Line, ...]

    @property
    def wishes(self) -> tuple[Commitments, ...]:
        """The commitments that hours take, those of most hours first."""
        return tuple(wish for wish, _ in Counter(line.wish for line in self.best).most_common())

    @property
    def spent_usd(self) -> float:
        """What is best spent on commitments, as far as the lines tell, USD an hour."""
        tried = sorted({line.spent_usd for lines in self.lines for line in lines})
        return min(tried, key=self.least_usd)

    def least_usd(self, spent_usd: float) -> float:
        """What every fleet costs at least that spends so much on commitments."""
        return spent_usd + float(self.flexible_usd(spent_usd).sum())

    def flexible_usd(self, spent_usd: float) -> Floats:
        """What following each hour costs at least, times its weight, when so much is spent on commitments."""
        return np.array([max(line.usd - line.part * spent_usd for line in lines) for lines in self.lines])


def bound_by_hours(market: ZoneMarket, levels: Levels, *, time_limit_s: float, enough_usd: float) -> HourBound | None:
    """The best bound within a time, or the first that is enough; None when there was no time for any.

    `levels` are the hours of one class.
    """
    pricing = _Pricing(market, levels, deadline=monotonic() + time_limit_s)
    parts, promised = pricing.first_parts(), inf
    best: HourBound | None = None
    while parts is not None:
        known = pricing.solved
        lines = [pricing.line(hour, part) for hour, part in enumerate(parts)]
        usd = sum(line.usd for line in lines)
        if best is None or usd > best.usd_per_hour:
            best = HourBound(usd_per_hour=usd, lines=pricing.lines, best=tuple(lines))
        if best.usd_per_hour >= min(enough_usd, promised * (1 - _NEAR)) or (promised < inf and pricing.solved == known):
            break
        parts, promised = pricing.best_parts()
    return best


class _Pricing:
    """The hours, each with the lines that are known, and the parts of the prices that they ask for."""

    def __init__(self, market: ZoneMarket, levels: Levels, *, deadline: float) -> None:
        self.market = market
        self.weights = levels.weight
        self.rps = tuple(rate for (rate,) in levels.rps)
        self.deadline = deadline
        self._known: list[list[Line]] = [[] for _ in self.rps]

    @property
    def lines(self) -> tuple[tuple[Line, ...], ...]:
        """The lines so far."""
        return tuple(map(tuple, self._known))

    @property
    def solved(self) -> int:
        """How many lines there are."""
        return sum(map(len, self._known))

    def first_parts(self) -> list[float] | None:
        """Parts to begin with, all but one at an end of the range where they matter; None without time for the ends.

        A commitment carries a request for what a machine that follows the hour does at the lower end, and for what one
        that is firm does at the upper. Hours that gain most are moved up, as far as all parts add up to one.
        """
        market = self.market
        committed, flexible, firm = (
            float((usd / market.rps).min())
            for usd in (market.committed_usd, np.minimum(market.on_demand_usd, market.spot_usd), market.on_demand_usd)
        )
        low, high = flexible / committed, (firm / committed if isfinite(firm) else float(len(self.weights)))
        ends = [(self._tried(hour, w * low), self._tried(hour, w * high)) for hour, w in enumerate(self.weights)]
        gains = {hour: upper.usd - lower.usd for hour, (lower, upper) in enumerate(ends) if lower and upper}
        if len(gains) < len(ends):
            return None
        parts = [weight * min(low, 1.0) for weight in self.weights]
        left = 1.0 - sum(parts)
        for hour in sorted(gains, key=lambda hour: -gains[hour] / self.weights[hour]):
            more = max(0.0, min(left, self.weights[hour] * (high - low)))
            parts[hour] += more
            left -= more
        return parts

    def line(self, hour: int, part: float) -> Line:
        """The hour at a part of the price; when time is up, what it costs at least by the lines around.

        z_t is concave, never falls and never is below zero, so that it lies above what connects any of its points.
        """
        found = self._tried(hour, part)
        if found is not None:
            return found
        known = sorted(self._known[hour], key=lambda line: line.part)
        usd = np.interp(part, [0.0, *(line.part for line in known)], [0.0, *(line.usd for line in known)])
        nearest = min(known, key=lambda line: abs(line.part - part))
        return replace(nearest, part=part, usd=float(usd))

    def _tried(self, hour: int, part: float) -> Line | None:
        known = next((line for line in self._known[hour] if abs(line.part - part) <= _SAME), None)
        if known is None and monotonic() < self.deadline:
            known = self._solved(hour, part)
            self._known[hour] += [known] if known else []
        return known

    def _solved(self, hour: int, part: float) -> Line | None:
        """The hour with commitments at a part of their price."""
        rps, weight, market = self.rps[hour], self.weights[hour], self.market
        if not rps:
            return Line(part=part, usd=0.0, spent_usd=0.0, wish=((), (), ()))
        price = part / weight
        firm = market.firm(price, rps)
        problem = ZoneHour(rps=rps, firm_rps=market.firm_share * rps, flexible=market.flexible)
        choice = None if firm is None else problem.cheapest((firm, firm, firm))
        if firm is None or choice is None:
            return None
        counts = [market.committed(firm.counts[step], price) for step in choice.firm]
        spent = sum(float(count @ np.where(count, market.committed_usd, 0.0)) for count in counts)
        wish = tuple(sorted(tuple(np.repeat(np.arange(len(count)), count).tolist()) for count in counts))
        return Line(part=part, usd=weight * choice.usd, spent_usd=spent, wish=wish)

    def best_parts(self) -> tuple[list[float], float]:
        """The parts that are best by the lines so far, and the bound they promise."""
        model = Model()
        parts = [model.add_variable(0.0, 1.0) for _ in self.rps]
        usd = [model.add_variable() for _ in self.rps]
        model.add_row("parts", [(part, 1.0) for part in parts], high=1.0)
        for hour, lines in enumerate(self._known):
            for number, line in enumerate(lines):
                level = line.usd - line.spent_usd * line.part
                model.add_row(
                    f"line_{number}_hour_{hour}", [(usd[hour], 1.0), (parts[hour], -line.spent_usd)], high=level
                )
        model.minimise([(variable, -1.0) for variable in usd])
        outcome = solve(model, time_limit_s=max(self.deadline - monotonic(), 1.0), relaxed=True)
        values = outcome.values
        return [values[part] for part in parts], -(outcome.objective or 0.0)
