"""Any number of hours of a plain demand, exactly and without a solver: one class, nothing to survive, no quotas.

What commitments carry together is all that the hours see of them. So with C(s) a step of the cheapest ways to commit,

    cost(s)  =  usd(s) + sum_t w_t h_t(C(s)),      h_t(C) = min over firm f >= F_t - C of  od(f) + flexible(D_t - C - f)

where F_t is what firm machines have to carry without spot. Every step is a candidate; its hours cost no less than the
cheapest machines for D_t - C, or firm ones for F_t - C, so most steps are out before they are worked out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, isfinite
from time import monotonic

import numpy as np

from aiops_planner.by_hour import Decided
from aiops_planner.hours import Levels
from aiops_planner.offers import Purchase
from aiops_planner.plans import Problem
from aiops_planner.pools import COMMITTED, Pool, pools_of
from aiops_planner.pruning import useful_prices
from aiops_planner.staircase import Floats, Integers, Staircase, cheapest_steps, nearly_cheapest_steps
from aiops_planner.zone_market import is_all_that_limits

MOST_STEPS = 2000  # of an exact staircase
CELLS = 4096  # of the others
_WINDOW = 64  # firm steps beyond what is needed that are looked at where staircases are not exact
_NEAR = 5e-4  # relative: as near to machines that can be divided as is looked for then
_CHUNK = 2**21  # numbers at once

NAME = "staircases"


def decide_plain(problem: Problem, levels: Levels, *, time_limit_s: float) -> Decided:
    """The cheapest fleet of a plain, pruned problem over all its hours, and the bound: its cost, if time suffices.

    Fleets of so many machines that their staircases have no end are nearly the cheapest, and the bound is that of
    machines that can be divided. There are no machines where no fleet keeps the budget.
    """
    hours = _Hours.of(problem, levels)
    step, usd, bound_usd = hours.cheapest(deadline=monotonic() + time_limit_s)
    budget = problem.limits.budget_usd_per_hour
    found = step is not None and (budget is None or usd <= budget * (1 + 1e-9))
    return Decided(
        machines=hours.machines(problem, step) if found and step is not None else None,
        infeasible=bound_usd == inf or (budget is not None and bound_usd > budget * (1 + 1e-9)),
        bound_usd_per_hour=0.0 if bound_usd == inf else bound_usd,
        solver=NAME,
    )


def is_plain(problem: Problem) -> bool:
    """Whether the hours of a problem see nothing of its commitments but what these carry together."""
    return problem.survive == "none" and len(problem.demand.classes) == 1 and is_all_that_limits(problem)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hours:
    """The hours, and what can be bought as staircases: committed, firm by the hour, and any way by the hour.

    `usd_per_rps` are their least prices of a request/s, where not all staircases are exact.
    """

    rps: Floats
    weight: Floats
    firm_rps: Floats
    committed: Staircase
    firm: Staircase
    flexible: Staircase
    is_spot: Integers
    usd_per_rps: tuple[float, ...] | None

    @property
    def exact(self) -> bool:
        """Whether every way to buy machines is looked at."""
        return self.usd_per_rps is None

    @classmethod
    def of(cls, problem: Problem, levels: Levels) -> "_Hours":
        (name,) = problem.demand.classes
        capacity = np.array([offer.capacity_rps[name] for offer in problem.offers])
        prices = [useful_prices(offer, problem) for offer in problem.offers]
        on_demand, spot = (np.array([each.get(way, inf) for each in prices]) for way in ("on_demand", "spot"))
        committed = np.array([min((each[way] for way in COMMITTED if way in each), default=inf) for each in prices])
        share = problem.limits.spot_share
        ways = (committed, on_demand, np.minimum(on_demand, spot))
        exact = [cheapest_steps(capacity, usd, problem.demand.peak_rps, MOST_STEPS) for usd in ways]
        stairs = [
            nearly_cheapest_steps(capacity, usd, problem.demand.peak_rps, CELLS) if steps is None else steps
            for usd, steps in zip(ways, exact, strict=True)
        ]
        rps = np.array([rate for (rate,) in levels.rps])
        return cls(
            rps=rps,
            weight=np.array(levels.weight),
            firm_rps=rps * (0.0 if share is None else 1 - share),
            committed=stairs[0],
            firm=stairs[1],
            flexible=stairs[2],
            is_spot=(spot < on_demand).astype(np.intp),
            usd_per_rps=None if None not in exact else tuple(float((usd / capacity).min()) for usd in ways),
        )

    def cheapest(self, *, deadline: float) -> tuple[int | None, float, float]:
        """The best step of the commitments that was found, what it costs, and what no fleet costs less than."""
        least = self._least_usd(deadline)
        divided_usd = 0.0 if self.exact else self._divided_usd()
        best, best_usd, proven_usd = None, inf, inf
        for step in np.argsort(least, kind="stable").tolist():
            if least[step] >= best_usd or best_usd <= divided_usd * (1 + _NEAR):
                break
            if monotonic() >= deadline:
                proven_usd = float(least[step])
                break
            usd = float(self.committed.usd[step] + self.weight @ self._choices(step)[0])
            if usd < best_usd:
                best, best_usd = step, usd
        return best, best_usd, min(best_usd, proven_usd if self.exact else divided_usd)

    def _divided_usd(self) -> float:
        """The least cost if machines can be divided: convex in what is committed, with corners at the rates."""
        assert self.usd_per_rps is not None  # else nobody asks
        committed, firm, flexible = self.usd_per_rps
        needed = 0.0 if isfinite(flexible) else float(self.rps.max())
        needed = needed if isfinite(firm) else max(needed, float(self.firm_rps.max()))
        corners = np.unique(np.concatenate(([needed], self.rps, self.firm_rps)))
        corners = corners[corners >= needed] if isfinite(committed) else np.zeros(1)

        def usd(corner: int) -> float:
            carried = corners[corner]
            short = np.maximum(self.firm_rps - carried, 0.0)
            rest = np.maximum(self.rps - np.maximum(self.firm_rps, carried), 0.0)
            hourly = _times(firm, short) + _times(flexible, rest)
            return float(_times(committed, carried) + self.weight @ hourly)

        low, high = 0, len(corners) - 1
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if usd(middle) <= usd(middle + 1) else (middle + 1, high)
        return usd(low)

    def machines(self, problem: Problem, step: int) -> Mapping[Pool, tuple[int, ...]]:
        """The fleet of a step by pool and hour."""
        _, firm, rest = self._choices(step)
        committed = np.tile(self.committed.counts[step], (len(self.rps), 1))
        bought = self.flexible.counts[rest]
        by_way: dict[Purchase, Integers] = {
            "on_demand": self.firm.counts[firm] + bought * (1 - self.is_spot),
            "spot": bought * self.is_spot,
        }
        found = {}
        for pool in pools_of(problem):
            counts = committed if pool.committed else by_way[pool.purchase]
            found[pool] = tuple(counts[:, pool.offer].tolist())
        return {pool: counts for pool, counts in found.items() if any(counts)}

    def _least_usd(self, deadline: float) -> Floats:
        """What each step of the commitments costs at least; that of steps that time did not suffice for is zero."""
        least = np.zeros(len(self.committed.usd))
        size = max(1, _CHUNK // len(self.rps))
        for first in range(0, len(least), size):
            if monotonic() >= deadline:
                break
            carried = self.committed.rps[first : first + size, None]
            hourly = np.maximum(self.flexible.usd_at(self.rps - carried), self.firm.usd_at(self.firm_rps - carried))
            least[first : first + size] = self.committed.usd[first : first + size] + hourly @ self.weight
        return least

    def _choices(self, step: int) -> tuple[Floats, Integers, Integers]:
        """What follows each hour beside a step of the commitments: its cost, and its firm and its flexible step."""
        carried = self.committed.rps[step]
        firm = np.zeros(len(self.rps), dtype=np.intp)
        unmet = np.zeros(len(self.rps))
        short = np.flatnonzero(self.firm_rps > carried) if self.is_spot.any() else firm[:0]
        last = len(self.firm.rps) - 1
        beyond = np.arange(last + 1 if self.exact else min(_WINDOW, last + 1))
        size = max(1, _CHUNK // len(beyond))
        for first in range(0, len(short), size):
            hours = short[first : first + size]
            enough = self.firm.at(self.firm_rps[hours] - carried)[:, None]
            steps = np.minimum(enough + beyond, last)
            usd = self.firm.usd[steps] + self.flexible.usd_at(
                (self.rps[hours] - carried)[:, None] - self.firm.rps[steps]
            )
            firm[hours] = np.take_along_axis(steps, usd.argmin(axis=1)[:, None], axis=1)[:, 0]
            unmet[hours] = np.where(enough[:, 0] <= last, 0.0, inf)
        rest = self.flexible.at(self.rps - carried - self.firm.rps[firm])
        return self.firm.usd[firm] + np.append(self.flexible.usd, inf)[rest] + unmet, firm, rest


def _times(usd: float, rps: Floats) -> Floats:
    """What so much costs; nothing of what cannot be bought costs nothing."""
    cost: Floats = np.where(rps > 0, usd * np.where(rps > 0, rps, 1.0), 0.0)
    return cost
