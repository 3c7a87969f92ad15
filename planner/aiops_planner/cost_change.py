"""What a commit costs, as values: the fleets before and after it in short, and their difference with its interval.

Money is USD a month, and a difference is what comes after less what was before: above zero the commit is dearer.
"""

from dataclasses import dataclass
from typing import Literal

from aiops_planner.performance import Interval

CostVerdict = Literal["dearer", "cheaper", "same", "not_told_apart", "not_known", "no_fleet"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitFleet:
    """The cheapest fleet at one commit, or the `reasons` why there is none.

    `capacity_rps` was measured, `capacity_share` is its 95 % interval as shares of it (0.95 to 1.04), and the plan took
    all capacities at `capacity_scale` of what follows from it, so that its simulation met the objective.
    `usd_per_month` is in whole machines, and `usd_per_month_range` at the ends of the 97.5 % interval;
    `lp_usd_per_month` is if machines could be divided, and its interval at the ends of the 95 % one.
    """

    name: str | None = None
    status: Literal["optimal", "feasible", "infeasible"]
    usd_per_month: float | None = None
    usd_per_month_range: Interval | None = None
    lower_bound_usd_per_month: float | None = None
    lp_usd_per_month: float | None = None
    lp_usd_per_month_ci: Interval | None = None
    machines: int | None = None
    capacity_rps: float | None = None
    capacity_share: Interval | None = None
    capacity_scale: float = 1.0
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CostDifference:
    """What a commit adds to the bill, in USD/month and as a share of the bill before; `ci` is of the former."""

    usd_per_month: float
    share: float | None
    ci: Interval | None = None

    @property
    def is_told(self) -> bool | None:
        """Whether the interval leaves zero out; None without an interval."""
        if self.ci is None:
            return None
        low, high = self.ci.low, self.ci.high
        return (low is not None and low > 0) or (high is not None and high < 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitCost:
    """The same demand, offers and limits before and after a commit that changed what a machine carries.

    `whole_machines` compares the plans, `marginal` the fleets if machines could be divided, so that a small change is
    not lost in rounding; both are None where a side has no fleet. Between the ends of `solver_range` lies the
    difference of the two cheapest fleets, whatever the solver left open. `least_machine_usd_per_month` is the price of
    the cheapest machine in either fleet, below which whole machines tell nothing. `no_interval_because` says why
    intervals are missing.
    """

    before: CommitFleet
    after: CommitFleet
    whole_machines: CostDifference | None = None
    marginal: CostDifference | None = None
    solver_range: Interval | None = None
    least_machine_usd_per_month: float | None = None
    no_interval_because: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> CostVerdict:
        """What can be said of the commit: the sign of its marginal cost where the interval of that leaves zero out.

        Without an interval it is "same" for a difference of exactly zero, else "not_known".
        """
        if self.after.status == "infeasible" or self.before.status == "infeasible":
            return "no_fleet"
        if self.marginal is None or self.marginal.is_told is None:
            nothing = self.marginal is not None and self.marginal.usd_per_month == 0
            return "same" if nothing else "not_known"
        if not self.marginal.is_told:
            return "not_told_apart"
        return "dearer" if self.marginal.usd_per_month > 0 else "cheaper"

    @property
    def is_proven(self) -> bool | None:
        """Whether whole machines differ by more than the solver left open; None where they cannot be compared.

        No difference at all is proven when both plans are.
        """
        if self.whole_machines is None or self.solver_range is None:
            return None
        low, high = self.solver_range.low or 0.0, self.solver_range.high or 0.0
        if self.whole_machines.usd_per_month == 0:
            return self.before.status == self.after.status == "optimal"
        return low > 0 or high < 0
