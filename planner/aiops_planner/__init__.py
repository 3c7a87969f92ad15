"""Ground floor: performance curves, demand, prices, the linear program and its plans. Knows nobody above it."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiops_planner.demand import Demand as Demand
    from aiops_planner.file_form import FileForm as FileForm
    from aiops_planner.hosted_models import HostedModel as HostedModel
    from aiops_planner.offers import Offer as Offer
    from aiops_planner.performance import Objective as Objective
    from aiops_planner.plans import CloudShare as CloudShare
    from aiops_planner.plans import Infeasible as Infeasible
    from aiops_planner.plans import Limits as Limits
    from aiops_planner.plans import Plan as Plan
    from aiops_planner.plans import Problem as Problem
    from aiops_planner.proofs import Proof as Proof
    from aiops_planner.sizing import plan as plan

# Loaded when asked for: the solver takes longer to import than the command line may take to answer.
_HOMES = {
    "CloudShare": "plans",
    "Demand": "demand",
    "FileForm": "file_form",
    "HostedModel": "hosted_models",
    "Infeasible": "plans",
    "Limits": "plans",
    "Objective": "performance",
    "Offer": "offers",
    "Plan": "plans",
    "Problem": "plans",
    "Proof": "proofs",
    "plan": "sizing",
}

__all__ = [
    "CloudShare",
    "Demand",
    "FileForm",
    "HostedModel",
    "Infeasible",
    "Limits",
    "Objective",
    "Offer",
    "Plan",
    "Problem",
    "Proof",
    "plan",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
