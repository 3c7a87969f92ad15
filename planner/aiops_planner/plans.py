"""The answer to a sizing problem: a plan with its bound and gap, or a refusal with its reasons."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from aiops_planner.cost_change import CommitCost
from aiops_planner.demand import Demand, mean_by_hour
from aiops_planner.explanations import BindingLimit, CostPoint, Remedy
from aiops_planner.hosted_models import HostedModel
from aiops_planner.offers import CapacitySource, Offer, Purchase
from aiops_planner.proofs import Proof, Verification

HOURS_PER_MONTH = 730.0
MOST_MACHINES = 1_000_000  # of one offer

OffersAt = Callable[[float], tuple[Offer, ...]]
Goal = Literal["least_cost", "most_traffic"]
Survive = Literal["none", "instance", "zone", "region", "cloud"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudShare:
    """The least and the most of all requests, 0 to 1, that a cloud carries at every hour."""

    least: float = 0.0
    most: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a plan may not exceed. Money in USD an hour, shares from 0 to 1.

    `quotas` maps a pattern over "cloud/region/name" (shell wildcards) to the most vCPUs that may be used together, as
    the clouds count them; offers without vCPUs count as one each.

    A spot pool is the spot machines of one offer in one zone, which are taken back together: `spot_share` of the demand
    may depend on all pools, `spot_pool_share` be carried by one, and any `spot_pools_lost` of them go without harm.
    """

    budget_usd_per_hour: float | None = None
    spot_share: float | None = None
    spot_pool_share: float | None = None
    spot_pools_lost: int = 0
    cloud_shares: Mapping[str, CloudShare] = field(default_factory=dict)
    quotas: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """All that decides a plan: what to carry, what can be rented, how it may be bought, and the limits.

    With the goal "most_traffic" the demand is the mix and the shape of what is carried, as much as the budget pays for.
    Where the classes belong to `models`, a machine hosts those whose memory fits together.
    """

    demand: Demand
    offers: tuple[Offer, ...]
    purchases: tuple[Purchase, ...] = ("on_demand",)
    survive: Survive = "none"
    limits: Limits = field(default_factory=Limits)
    goal: Goal = "least_cost"
    proof: Proof = field(default_factory=Proof)
    models: tuple[HostedModel, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetItem:
    """Some machines of one offer, bought one way. `count_by_hour` has one entry for an hour of the demand, and
    `weights` are the demand's. `machine` is the machine type where the offer's name says more, and `models` are those
    that it hosts where several share the fleet.
    """

    offer: str
    cloud: str | None = None
    region: str | None = None
    zone: str | None = None
    purchase: Purchase
    count_by_hour: tuple[int, ...]
    unit_usd_per_hour: float
    capacity_source: CapacitySource = "given"
    capacity_error: float | None = None
    weights: tuple[float, ...] = ()
    machine: str | None = None
    models: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """The most machines in any hour: what has to be allowed for."""
        return max(self.count_by_hour)

    @property
    def usd_per_hour(self) -> float:
        """Mean cost an hour: mean count times unit price."""
        return mean_by_hour(self.count_by_hour, self.weights) * self.unit_usd_per_hour


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficShare:
    """How much of one request class goes to one offer, in requests/s by hour, and that offer's capacity for it.

    `network_s` is the round trip to the clients of the class, where they are known.
    """

    request_class: str
    offer: str
    cloud: str | None = None
    region: str | None = None
    rps_by_hour: tuple[float, ...]
    capacity_rps: float
    network_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Offers that did not take part, or that the fleet does without, and why."""

    reason: str
    count: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """How the offers of a problem came about: what was left out and notes on the rest, both handed on in the answer.

    `offers_at` gives the offers with their capacities where every limit on response time is multiplied by a factor;
    None where capacities cannot be computed anew, so that nobody knows what another objective would cost.
    """

    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()
    offers_at: OffersAt | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Marginal:
    """What a little more would cost: USD/month for 1 % more demand, and for limits on response time 10 % tighter.

    Both are solved again in whole machines, None when no fleet does it, none was proven the cheapest, or, for the
    objective, when the capacities were given and nobody knows them at another one.
    """

    demand_plus_1_percent_usd_per_month: float | None
    lp_usd_per_month_per_percent: float | None = None
    objective_minus_10_percent_usd_per_month: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The cheapest fleet that was found, its proven lower bound, and where its numbers come from.

    `status` is "optimal" only when the solver proved the gap to be within its tolerance; otherwise "feasible".
    `notes` are sentences for the reader: what was estimated, what was not proven, what had no effect.
    `commit_cost` compares it with the plan at an earlier commit, where that was asked for.
    `egress_usd_per_hour` is what sending the answers costs, where that is known.
    `demand` is what is carried: `demand_share` of what was asked for, and no fleet carries more than
    `demand_share_bound` of it; both are one unless the goal is "most_traffic". `calibration_share` is what the measured
    machine carried of what the model of the estimates says of it. `apart_usd_per_month` is what the fleet would cost
    with machines of its own for each model, where several share it.
    """

    schema: Literal["aiops/plan/1"] = "aiops/plan/1"
    status: Literal["optimal", "feasible"]
    demand: Demand
    survive: Survive = "none"
    fleet: tuple[FleetItem, ...]
    traffic: tuple[TrafficShare, ...]
    lower_bound_usd_per_hour: float
    goal: Goal = "least_cost"
    demand_share: float = 1.0
    demand_share_bound: float = 1.0
    cheapest_by_cloud_usd_per_month: Mapping[str, float | None] = field(default_factory=dict)
    on_demand_only_usd_per_month: float | None = None
    apart_usd_per_month: float | None = None
    marginal: Marginal | None = None
    cost_by_demand: tuple[CostPoint, ...] = ()
    cost_by_objective: tuple[CostPoint, ...] = ()
    binding_limits: tuple[BindingLimit, ...] = ()
    egress_usd_per_hour: float = 0.0
    offers_considered: int
    left_out: tuple[LeftOut, ...] = ()
    rejected: tuple[LeftOut, ...] = ()
    calibration_share: float | None = None
    price_dates: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    verification: Verification | None = None
    commit_cost: CommitCost | None = None
    solver: str
    solve_s: float

    @property
    def usd_per_hour(self) -> float:
        """Mean cost an hour over the demand's hours, of the machines and of sending the answers."""
        return sum(item.usd_per_hour for item in self.fleet) + self.egress_usd_per_hour

    @property
    def usd_per_month(self) -> float:
        """Cost of 730 hours."""
        return self.usd_per_hour * HOURS_PER_MONTH

    @property
    def gap(self) -> float:
        """Relative distance between cost and lower bound: at most this much could still be saved."""
        return max(0.0, 1 - self.lower_bound_usd_per_hour / self.usd_per_hour) if self.usd_per_hour else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Infeasible:
    """No fleet meets the target.

    `reasons` name the limits that collide, and `remedies` say how far each of them would have to give; `feasible_share`
    is the largest part of the demand (0 to 1) that the limits allow, None when not even a part can be carried.
    """

    schema: Literal["aiops/plan/1"] = "aiops/plan/1"
    status: Literal["infeasible"] = "infeasible"
    demand: Demand
    reasons: tuple[str, ...]
    remedies: tuple[Remedy, ...] = ()
    feasible_share: float | None = None
    offers_considered: int = 0
    left_out: tuple[LeftOut, ...] = ()
    commit_cost: CommitCost | None = None
