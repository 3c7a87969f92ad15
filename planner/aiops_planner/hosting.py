"""Which models a machine hosts at once: every largest set whose memory fits together becomes an offer of its own.

Models on one machine share it in time, sum_b y_b / kappa_b <= n, so hosting one more never hurts, and smaller sets than
the largest need not be looked at.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations

from aiops_planner.catalog import group_left_out
from aiops_planner.errors import UsageError
from aiops_planner.hosted_models import MOST_MODELS, HostedModel
from aiops_planner.offers import Offer
from aiops_planner.plans import LeftOut
from aiops_planner.wording import number

MOST_NAMED = 3  # models in the name of an offer that hosts all of them
_ROUNDING = 1e-9  # relative: 0.1 GiB and 0.2 GiB fit into 0.3 GiB

Carried = Mapping[str, Collection[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosting:
    """Offers by what they host, the offers that host nothing with the reason, and notes on what was taken for granted.

    `homeless` are sentences on the models that no offer can host.
    """

    offers: tuple[Offer, ...]
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()
    homeless: tuple[str, ...] = ()

    @property
    def shared(self) -> bool:
        """Whether any machine hosts several models."""
        return any(len(offer.models) > 1 for offer in self.offers)


def hosted(
    offers: Sequence[Offer],
    models: Sequence[HostedModel],
    *,
    together: bool = True,
    carried: Carried | None = None,
) -> Hosting:
    """The offers, each in as many variants as there are largest sets of models that fit into its memory.

    A variant carries the classes of its models and no others; `machine` is the machine type, and `name` says what it
    hosts. `together=False` gives every model machines of its own. Of an offer that is in `carried`, by key, these
    classes decide which models it can host beside those it has a capacity for, so that the variants of an offer stay
    the same where some of its capacities are gone. Raises UsageError for models that cannot be meant.
    """
    check_models(models)
    reasons: dict[str, str | None] = {}
    variants: list[Offer] = []
    for offer in offers:
        classes = {name for name, rps in offer.capacity_rps.items() if rps} | set((carried or {}).get(offer.key, ()))
        able = tuple(model for model in models if classes & set(model.request_classes))
        sets = fitting_sets(able, offer.memory_gib) if together else _alone(able, offer.memory_gib)
        variants += [_variant(offer, hosts, models) for hosts in sets]
        reasons[offer.key] = None if sets else _why_nothing(able)
    found = {name for offer in variants for name in offer.models}
    return Hosting(
        offers=tuple(variants),
        left_out=group_left_out(reasons),
        notes=tuple(_notes(offers, models)),
        homeless=tuple(_homeless(model, offers) for model in models if model.name not in found),
    )


@cache
def fitting_sets(models: tuple[HostedModel, ...], memory_gib: float | None) -> tuple[tuple[HostedModel, ...], ...]:
    """The sets of models that fit together into so much memory (None: any) and leave no room for another one."""
    fitting = [
        chosen
        for size in range(len(models), 0, -1)
        for chosen in combinations(models, size)
        if _fits(chosen, memory_gib)
    ]
    largest: list[tuple[HostedModel, ...]] = []
    for chosen in fitting:  # from many models to few
        if not any(set(chosen) <= set(larger) for larger in largest):
            largest.append(chosen)
    return tuple(largest)


def check_models(models: Sequence[HostedModel], classes: Sequence[str] | None = None) -> None:
    """Raise UsageError unless the models have names, classes and memory that can be meant.

    Where the `classes` of a demand are given, each has to belong to one of the models.
    """
    if len(models) > MOST_MODELS:
        raise UsageError(
            f"capacity.models: {len(models)} models share the fleet, and at most {MOST_MODELS} can; "
            "join those that are always hosted together, or plan them in groups"
        )
    for name, count in Counter(model.name for model in models).items():
        if count > 1:
            raise UsageError(f"capacity.models: {name!r} is there twice; give each model its own name")
    owners = Counter(name for model in models for name in model.request_classes)
    for name, count in owners.items():
        if count > 1:
            raise UsageError(f"capacity.models: {count} models serve the class {name!r}; each class belongs to one")
    for model in models:
        _check_memory(model)
    ownerless = [name for name in classes or () if name not in owners]
    if ownerless:
        raise UsageError(
            f"capacity.models: no model serves the class {ownerless[0]!r} of the demand; name it in the classes of one"
        )


def _check_memory(model: HostedModel) -> None:
    memory = model.memory_gib
    if memory is not None and not (math.isfinite(memory) and memory > 0):
        raise UsageError(f"capacity.models.{model.name}.memory is {memory!r} GiB; it must be above 0, like 14 GiB")


def _fits(models: Iterable[HostedModel], memory_gib: float | None) -> bool:
    taken = sum(model.memory_gib or 0.0 for model in models)
    return memory_gib is None or taken <= memory_gib * (1 + _ROUNDING)


def _alone(models: Iterable[HostedModel], memory_gib: float | None) -> tuple[tuple[HostedModel, ...], ...]:
    return tuple((model,) for model in models if _fits([model], memory_gib))


def _variant(offer: Offer, hosts: Sequence[HostedModel], models: Sequence[HostedModel]) -> Offer:
    """The offer as it is when it hosts these of all models."""
    served = {name for model in hosts for name in model.request_classes}
    names = tuple(model.name for model in hosts)
    return replace(
        offer,
        name=offer.name if len(models) == 1 else f"{offer.name} with {_listed(names, len(models))}",
        machine=offer.machine or offer.name,
        models=names,
        capacity_rps={name: rps for name, rps in offer.capacity_rps.items() if name in served},
    )


def _listed(names: Sequence[str], of: int) -> str:
    if len(names) == of > MOST_NAMED:
        return f"all {of} models"
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def _why_nothing(able: Sequence[HostedModel]) -> str:
    if not able:
        return "serves none of the models"
    return "has less memory than any model takes that it could serve"


def _homeless(model: HostedModel, offers: Sequence[Offer]) -> str:
    """Why no offer can host a model."""
    able = [offer for offer in offers if any(offer.capacity_rps.get(name) for name in model.request_classes)]
    if not able:
        return f"no offer carries requests to {model.name} within its objective"
    most = max(offer.memory_gib or 0.0 for offer in able)
    return (
        f"{model.name} takes {number(model.memory_gib or 0.0)} GiB, and no machine that could serve it has more than "
        f"{number(most)} GiB"
    )


def _notes(offers: Sequence[Offer], models: Sequence[HostedModel]) -> Iterator[str]:
    """What is taken for granted where memory is not known."""
    if len(models) > 1 and (unknown := [model.name for model in models if model.memory_gib is None]):
        verb = "is taken to fit" if len(unknown) == 1 else "are taken to fit"
        yield f"the memory of {_listed(unknown, 0)} is not stated, so {'it' if len(unknown) == 1 else 'they'} " + (
            f"{verb} on every machine, beside any other model"
        )
    blind = [offer.name for offer in offers if offer.memory_gib is None]
    if blind and any(model.memory_gib is not None for model in models):
        more = " and others" if len(blind) > MOST_NAMED else ""
        yield f"the memory of {', '.join(blind[:MOST_NAMED])}{more} is not stated, so every model is taken to fit there"
