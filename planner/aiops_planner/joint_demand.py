"""The demand of several models as one: hour by hour side by side, each model's requests a class of their own."""

from collections.abc import Mapping, Sequence

from aiops_planner.demand import Demand
from aiops_planner.errors import UsageError
from aiops_planner.series import days_kept_once
from aiops_planner.wording import counted

_TOLERANCE = 1e-9  # of weights that are one on average


def classes_of(model: str, demand: Demand) -> tuple[str, ...]:
    """What the classes of a model's demand are called beside those of others: the model, or model.class of several."""
    if len(demand.classes) == 1:
        return (model,)
    return tuple(f"{model}.{name}" for name in demand.classes)


def joined(by_model: Mapping[str, Demand]) -> Demand:
    """One demand for all models; their first hours are the same hour.

    A shorter demand is repeated where its hours divide those of the longest: a rate, or a day beside a week; days that
    are alike for all models are kept once. Raises UsageError where hours do not divide, and where those of two demands
    stand for different parts of the time.
    """
    longest = max(by_model, key=lambda model: len(by_model[model].rps))
    hours = len(by_model[longest].rps)
    for model, demand in by_model.items():
        if hours % len(demand.rps):
            raise UsageError(
                f"capacity.models: the demand of {model} has {counted(len(demand.rps), 'hour')} and that of {longest} "
                f"{hours:,}, which is no multiple of it; give both the same hours, or one that repeats within the other"
            )
    repeated = [demand.rps * (hours // len(demand.rps)) for demand in by_model.values()]
    demand = Demand(
        classes=tuple(name for model, demand in by_model.items() for name in classes_of(model, demand)),
        rps=tuple(tuple(rate for row in rows for rate in row) for rows in zip(*repeated, strict=True)),
        weights=_weights(by_model, hours),
        basis=_basis(by_model),
        origins=_origins(by_model),
    )
    return days_kept_once(demand)


def _weights(by_model: Mapping[str, Demand], hours: int) -> tuple[float, ...]:
    """The weights of the demands that have any, which those of the others must agree with."""
    weighted = {model: demand for model, demand in by_model.items() if demand.weights and len(demand.rps) > 1}
    if not weighted:
        return ()
    first, shared = next((model, _relative(demand, hours)) for model, demand in weighted.items())
    for model, demand in by_model.items():
        agrees = (
            max(abs(one - other) for one, other in zip(shared, _relative(demand, hours), strict=True)) < _TOLERANCE
            if model in weighted
            else _even_within(shared, len(demand.rps))
        )
        if not agrees:
            raise UsageError(
                f"capacity.models: the hours of {first} and {model} stand for different parts of the time; record both "
                "over the same days, or write them into one file with a column for each"
            )
    return tuple(shared)


def _relative(demand: Demand, hours: int) -> list[float]:
    """The weights over all hours, one on average."""
    mean = sum(demand.weights) / len(demand.weights)
    return [weight / mean for weight in demand.weights] * (hours // len(demand.rps))


def _even_within(weights: Sequence[float], hours: int) -> bool:
    """Whether what repeats every so many hours comes as often in each of them: a day, where weights are of days."""
    blocks = (weights[start : start + hours] for start in range(0, len(weights), hours))
    return all(max(block) - min(block) < _TOLERANCE for block in blocks)


def _basis(by_model: Mapping[str, Demand]) -> tuple[str, ...]:
    """How the rates came about: once what holds for all models, else after the model's name."""
    phrases = dict.fromkeys(phrase for demand in by_model.values() for phrase in demand.basis)
    told: list[str] = []
    for phrase in phrases:
        models = [model for model, demand in by_model.items() if phrase in demand.basis]
        told.append(phrase if len(models) == len(by_model) else f"{', '.join(models)}: {phrase}")
    return tuple(told)


def _origins(by_model: Mapping[str, Demand]) -> dict[str, str]:
    return {
        new: demand.origins[old]
        for model, demand in by_model.items()
        for old, new in zip(demand.classes, classes_of(model, demand), strict=True)
        if old in demand.origins
    }
