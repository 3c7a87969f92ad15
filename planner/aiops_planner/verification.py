"""A plan put to the proof: its busiest hour simulated, also without what it has to survive losing.

A plan that misses its objective is solved again with capacities scaled down to what its own machines carried in the
simulation. A plan whose offers state no service time cannot be simulated, and says so.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from aiops_planner.errors import SolverError, UsageError
from aiops_planner.fleet_simulation import simulate
from aiops_planner.judging import class_times, classes_apart, is_met, limits_nothing
from aiops_planner.offers import Offer
from aiops_planner.plans import FleetItem, Infeasible, Plan, Problem
from aiops_planner.proofs import Proof, Round, Routing, Scenario, Verification
from aiops_planner.routing import Shares, route
from aiops_planner.simulation import FEWEST_REQUESTS, replayed_arrivals
from aiops_planner.wording import number, percent

MOST_ROUNDS = 4
MOST_REQUESTS = 10_000_000
_BISECTIONS = 6  # of the share of the demand that a fleet carries


def check_proof(proof: Proof) -> None:
    """Raise UsageError for a simulation that cannot be meant."""
    if proof.routing not in get_args(Routing):
        raise UsageError(f"proof.routing: {proof.routing!r} is not known; choose from {', '.join(get_args(Routing))}")
    if not isfinite(proof.arrival_scv) or proof.arrival_scv < 0:
        raise UsageError(
            f"proof.arrival_scv: {proof.arrival_scv!r} is no squared coefficient of variation; write 1 for Poisson "
            "arrivals and more for bursts"
        )
    if not FEWEST_REQUESTS <= proof.requests <= MOST_REQUESTS:
        raise UsageError(
            f"proof.requests: {number(proof.requests)} cannot be simulated; choose from {number(FEWEST_REQUESTS)} to "
            f"{number(MOST_REQUESTS)}"
        )
    if proof.arrival_times_s:
        replayed_arrivals(proof.arrival_times_s, 1.0, 1)


def prove(problem: Problem, solve: Callable[[Problem], Plan | Infeasible]) -> Plan | Infeasible:
    """The plan that `solve` finds, with its verification, solved again with less capacity while it misses.

    The answer is the last plan that was found; it says so when that one still misses. Raises what `solve` raises for
    the problem itself.
    """
    plan = solve(problem)
    if isinstance(plan, Infeasible):
        return plan
    verification = verify(plan, problem)
    while verification.status == "missed" and verification.reason is None:
        plan, verification = _tightened(plan, verification, problem, solve)
    return replace(plan, verification=verification)


def verify(plan: Plan, problem: Problem, *, capacity_scale: float = 1.0) -> Verification:
    """Whether a plan meets the objective of its problem when it is simulated, or why that is not known.

    `capacity_scale` is the share of the offers' capacities that the plan was solved with; `problem` has them as they
    are.
    """
    proof = problem.proof
    verification = Verification(
        status="not_simulated",
        objective=proof.objective,
        objectives=proof.objectives,
        arrival_scv=None if proof.arrival_times_s else proof.arrival_scv,
        routing=proof.routing,
        seed=proof.seed,
        reason=_why_not(plan, problem),
    )
    if verification.reason is not None:
        return verification
    fleet = _Fleet.of(plan, problem)
    scenarios = tuple(fleet.simulate(moment) for moment in fleet.moments(problem))
    found = Round(capacity_scale=capacity_scale, usd_per_month=plan.usd_per_month, scenarios=scenarios)
    return replace(verification, status="met" if found.met else "missed", rounds=(found,))


def _tightened(
    plan: Plan, verification: Verification, problem: Problem, solve: Callable[[Problem], Plan | Infeasible]
) -> tuple[Plan, Verification]:
    """The next round: a plan with less capacity and its verification, or this one with the reason for stopping."""
    if len(verification.rounds) == MOST_ROUNDS:
        return plan, replace(verification, reason=f"it still misses after {MOST_ROUNDS} rounds of tightening")
    scales = _carried_scales(plan, verification, problem)
    scale = min(scales.values())
    if not scale:
        words = "even a small part of the demand misses on these machines, so more of them would not help"
        return plan, replace(verification, reason=words)
    try:
        answer = solve(_scaled(problem, scales))
    except (SolverError, UsageError) as error:
        return plan, replace(verification, reason=f"it could not be tightened: {error.message}")
    if isinstance(answer, Infeasible):
        words = f"no fleet within the limits has the spare capacity, machines taken at {percent(scale)} of theirs"
        return plan, replace(verification, reason="; ".join((words, *answer.reasons[:1])))
    found = verify(answer, problem, capacity_scale=scale)
    by_class = scales if problem.proof.objectives else {}
    rounds = tuple(replace(one, capacity_scales=by_class) for one in found.rounds)
    return answer, replace(found, rounds=(*verification.rounds, *rounds))


def _carried_scales(plan: Plan, verification: Verification, problem: Problem) -> dict[str, float]:
    """By class, the share of the capacities that the plan's machines really have: with it, what missed would have met.

    It is the largest share of the demand that meets the objective, to 1/64, times the share of the capacities that the
    whole demand takes up. What shares no machine with a class that missed keeps the share it has.
    """
    fleet, last = _Fleet.of(plan, problem), verification.rounds[-1]
    scales = {name: last.capacity_scales.get(name, 1.0) for name in problem.demand.classes}
    for moment, before in zip(fleet.moments(problem), last.scenarios, strict=True):
        if before.met:
            continue
        missed = {times.request_class for times in before.classes if not times.met} or set(scales)
        affected = [name for group in fleet.groups if missed.intersection(group) for name in group]
        carried = fleet.carried_share(moment, affected) * fleet.strain(moment, affected)
        scales |= {name: min(scales[name], carried) for name in affected}
    return scales


def _scaled(problem: Problem, scales: Mapping[str, float]) -> Problem:
    """The problem with the capacities for each class multiplied by its share."""
    offers = tuple(
        replace(offer, capacity_rps={name: scales.get(name, 1.0) * rps for name, rps in offer.capacity_rps.items()})
        for offer in problem.offers
    )
    return replace(problem, offers=offers)


def _why_not(plan: Plan, problem: Problem) -> str | None:
    """Why a plan cannot be simulated."""
    if limits_nothing(problem.proof, problem.demand.classes_asked_for()):
        return "the objective limits no response time, so a simulation would have nothing to be held against"
    used = {(item.cloud, item.region, item.offer) for item in plan.fleet}
    unknown = [offer.name for offer in problem.offers if _identity(offer) in used and not _is_known(offer, problem)]
    if not unknown:
        return None
    names = ", ".join(dict.fromkeys(unknown[:3])) + (" and others" if len(unknown) > 3 else "")
    return f"of {names} only a capacity is stated, without the service time that waiting follows from"


def _identity(offer: Offer) -> tuple[str | None, str | None, str]:
    return (offer.cloud, offer.region, offer.name)


def _is_known(offer: Offer, problem: Problem) -> bool:
    """Whether an offer's queue can be simulated for every class it may be given."""
    asked = problem.demand.classes_asked_for()
    return offer.servers is not None and all(
        offer.service_mean_s.get(name) for name in asked if offer.capacity_rps.get(name)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loss:
    """What may be missing: the machines left of each fleet item (rows) at each hour, and the share to carry then."""

    lost: str | None
    left: NDArray[np.int64]
    share: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moment:
    """A loss at one hour."""

    loss: _Loss
    hour: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fleet:
    """A plan's machines as arrays. `kind` is each fleet item's place in `offers`, the distinct offers of the plan."""

    problem: Problem
    items: tuple[FleetItem, ...]
    offers: Sequence[Offer]
    kind: NDArray[np.int64]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, plan: Plan, problem: Problem) -> "_Fleet":
        """The machines of a plan for this problem, or for the share of its demand that the plan carries."""
        used = dict.fromkeys((item.cloud, item.region, item.offer) for item in plan.fleet)
        by_identity = {_identity(offer): offer for offer in problem.offers}
        numbers = {identity: number for number, identity in enumerate(used)}
        return cls(
            problem=replace(problem, demand=plan.demand),
            items=plan.fleet,
            offers=[by_identity[identity] for identity in used],
            kind=np.array([numbers[item.cloud, item.region, item.offer] for item in plan.fleet]),
            counts=np.array([item.count_by_hour for item in plan.fleet]),
        )

    def losses(self, problem: Problem) -> Iterator[list[_Loss]]:
        """For each thing that may happen, nothing first, the ways it may happen."""
        yield [_Loss(lost=None, left=self.counts)]
        if problem.survive == "instance":
            yield [self._without_one(row) for row in range(len(self.items))]
        if problem.survive == "zone":
            zones = dict.fromkeys((item.cloud, item.region, item.zone) for item in self.items if item.zone)
            yield [self._without_zone(*zone) for zone in zones]
        if problem.survive in ("region", "cloud"):
            yield [self._without_place(place) for place in self._places(problem.survive)]
        yield from self._spot_losses(problem)

    def _spot_losses(self, problem: Problem) -> Iterator[list[_Loss]]:
        firm = np.array([item.purchase != "spot" for item in self.items])
        pools = problem.limits.spot_pools_lost
        if pools and not firm.all():
            yield [self._without_spot_pools(pools, firm)]
        share = problem.limits.spot_share
        if share is not None and share < 1 and not firm.all():
            words = f"the spot machines, at {percent(1 - share)} of the demand"
            yield [_Loss(lost=words, left=self.counts * firm[:, None], share=1 - share)]

    def _without_one(self, row: int) -> _Loss:
        left = self.counts.copy()
        left[row] = np.maximum(left[row] - 1, 0)
        return _Loss(lost=f"one {self.offers[self.kind[row]].key}", left=left)

    def _without_zone(self, cloud: str | None, region: str | None, zone: str | None) -> _Loss:
        stays = np.array([(item.cloud, item.region, item.zone) != (cloud, region, zone) for item in self.items])
        place = "/".join(part for part in (cloud, region) if part)
        lost = f"zone {zone} of {place}" if place else f"zone {zone}"
        return _Loss(lost=lost, left=self.counts * stays[:, None])

    def _places(self, survive: str) -> list[tuple[str | None, ...]]:
        """The regions, as cloud and region, or the clouds that the fleet is in."""
        return list(dict.fromkeys((item.cloud, item.region)[: 1 if survive == "cloud" else 2] for item in self.items))

    def _without_place(self, place: tuple[str | None, ...]) -> _Loss:
        stays = np.array([(item.cloud, item.region)[: len(place)] != place for item in self.items])
        return _Loss(lost="/".join(part or "?" for part in place), left=self.counts * stays[:, None])

    def _without_spot_pools(self, pools: int, firm: NDArray[np.bool_]) -> _Loss:
        """Without the pools that carry the most in each hour, for the one class that such a demand has."""
        (name,) = self.problem.demand.classes
        each = np.array([offer.capacity_rps.get(name, 0.0) for offer in self.offers])
        carried = self.counts * (each[self.kind] * ~firm)[:, None]
        rank = np.argsort(np.argsort(-carried, axis=0, kind="stable"), axis=0)
        lost = "the largest spot pool" if pools == 1 else f"the {pools} largest spot pools"
        return _Loss(lost=lost, left=self.counts * ((rank >= pools) | firm[:, None]))

    @property
    def groups(self) -> list[tuple[str, ...]]:
        """The classes that are asked for, in groups that share no machine."""
        return classes_apart(self.problem.demand.classes_asked_for(), self.offers, self.problem.proof)

    def moments(self, problem: Problem) -> list[_Moment]:
        """The worst moment of each thing that may happen, for each of the classes that share no machine with others."""
        worst = [
            self._worst(number, losses, classes)
            for number, losses in enumerate(self.losses(problem))
            for classes in self.groups
        ]
        return list(dict(worst).values())

    def _worst(self, number: int, losses: list[_Loss], classes: Sequence[str]) -> tuple[tuple[int, int, int], _Moment]:
        """The way and the hour that leave the least capacity for classes of the demand, and its place among all."""
        strains = [self._strain_by_hour(loss, classes) for loss in losses]
        worst = max(range(len(losses)), key=lambda way: float(strains[way].max()))
        hour = int(strains[worst].argmax())
        return (number, worst, hour), _Moment(loss=losses[worst], hour=hour)

    def _strain_by_hour(self, loss: _Loss, classes: Sequence[str]) -> NDArray[np.float64]:
        """The demand as a share of the capacity that is left, added up over the classes."""
        demand = self.problem.demand
        strain = np.zeros(len(demand.rps))
        for name, rates in zip(demand.classes, zip(*demand.rps, strict=True), strict=True):
            if name not in classes:
                continue
            wanted = loss.share * np.array(rates)
            each = np.array([offer.capacity_rps.get(name, 0.0) for offer in self.offers])
            capacity = each[self.kind] @ loss.left
            strain += np.divide(wanted, capacity, out=np.where(wanted > 0, np.inf, 0.0), where=capacity > 0)
        return strain

    def strain(self, moment: _Moment, classes: Sequence[str]) -> float:
        """The share of its capacity that the busiest offer takes up of those that carry any of these classes."""
        flows, counts = self._flows(moment), self._counts(moment)
        flows = {pair: rate for pair, rate in flows.items() if pair[1] in classes}
        loads = [0.0] * len(counts)
        for (index, name), rate in flows.items():
            loads[index] += rate / self.offers[index].capacity_rps[name] / counts[index]
        return max(loads)

    def _counts(self, moment: _Moment) -> list[int]:
        """The machines of each offer that are left."""
        left = np.bincount(self.kind, weights=moment.loss.left[:, moment.hour], minlength=len(self.offers))
        return [int(count) for count in left]

    def _flows(self, moment: _Moment) -> Shares:
        """What comes to each offer, requests/s by (offer, class)."""
        demand = self.problem.demand
        rates = zip(demand.classes, demand.rps[moment.hour], strict=True)
        wanted = {name: moment.loss.share * rate for name, rate in rates}
        cloud_shares = {} if moment.loss.lost else self.problem.limits.cloud_shares
        return route(self.offers, self._counts(moment), wanted, cloud_shares)

    def simulate(self, moment: _Moment, share: float = 1.0) -> Scenario:
        """What becomes of a share of the hour's demand."""
        counts = self._counts(moment)
        flows = {pair: share * rate for pair, rate in self._flows(moment).items()}
        found = simulate(flows, self.offers, counts, self.problem.proof)
        response = found.percentiles.response_s if found.percentiles else None
        classes = class_times(found, flows, self.problem.proof)
        return Scenario(
            lost=moment.loss.lost,
            hour=moment.hour,
            offered_rps=sum(flows.values()),
            machines=sum(counts),
            utilisation=found.utilisation,
            requests=found.requests,
            response_s=response,
            intervals=found.percentiles.intervals if found.percentiles else {},
            met=is_met(found, classes, self.problem.proof),
            classes=classes,
        )

    def carried_share(self, moment: _Moment, classes: Sequence[str]) -> float:
        """The largest share of the demand at a moment with which these classes meet; 0 when not even 1/64 does."""
        low, high = 0.0, 1.0
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            found = self.simulate(moment, middle)
            told = [times.met for times in found.classes if times.request_class in classes]
            low, high = (middle, high) if (all(told) if told else found.met) else (low, middle)
        return low
