"""Whether simulated requests meet what they are held against: one objective, or each class its own."""

from collections.abc import Mapping, Sequence

from aiops_planner.fleet_simulation import Outcome
from aiops_planner.offers import Offer
from aiops_planner.performance import Distribution, Objective
from aiops_planner.proofs import ClassTimes, Proof
from aiops_planner.routing import Shares


def limits_nothing(proof: Proof, classes: Sequence[str]) -> bool:
    """Whether no response time of these classes is limited."""
    return not any(objective.limits() for objective in _objectives(proof, classes).values())


def class_times(outcome: Outcome, flows_rps: Shares, proof: Proof) -> tuple[ClassTimes, ...]:
    """The response times of each class beside its own objective; empty where all have one."""
    objectives = _objectives(proof, tuple(outcome.by_class))
    return tuple(
        ClassTimes(
            request_class=name,
            offered_rps=sum(rate for (_, served), rate in flows_rps.items() if served == name),
            response_s=found.response_s,
            intervals=found.intervals,
            met=_meets(found.response_s, objectives[name]),
        )
        for name, found in outcome.by_class.items()
    )


def is_met(outcome: Outcome, classes: Sequence[ClassTimes], proof: Proof) -> bool:
    """Whether every percentile that is limited is within its limit, of machines that can keep up."""
    if outcome.percentiles is None:
        return False
    if proof.objectives:
        return all(times.met for times in classes)
    return _meets(outcome.percentiles.response_s, proof.objective)


def classes_apart(classes: Sequence[str], offers: Sequence[Offer], proof: Proof) -> list[tuple[str, ...]]:
    """The classes in groups that share no machine, whose busiest hours are each looked at; one group for all where they
    have one objective.
    """
    if not proof.objectives:
        return [tuple(classes)]
    groups: list[set[str]] = [{name} for name in classes]
    for offer in offers:
        served = {name for name, rps in offer.capacity_rps.items() if rps}
        touched = [group for group in groups if group & served]
        groups = [group for group in groups if not group & served]
        groups += [set().union(*touched)] if touched else []
    return [tuple(name for name in classes if name in group) for group in groups]


def _objectives(proof: Proof, classes: Sequence[str]) -> Mapping[str, Objective]:
    return {name: proof.objectives.get(name, proof.objective) for name in classes}


def _meets(response_s: Distribution, objective: Objective) -> bool:
    return all((response_s.at(name) or 0.0) <= limit_s for name, limit_s in objective.limits())
