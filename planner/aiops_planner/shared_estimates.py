"""Catalog offers for several models, each sized from a benchmark of its own: one offer for each machine type."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from aiops_planner.catalog import Selection, group_left_out, select
from aiops_planner.estimate import Reference, size_catalog_offers
from aiops_planner.machine_types import InstanceType
from aiops_planner.objectives import multiplied
from aiops_planner.offers import Offer, Purchase
from aiops_planner.plans import LeftOut

MISSED_BY_ALL = "even an idle machine of this type would miss the objective of every model"


def size_for_models(
    selection: Selection,
    references: Mapping[str, Reference],
    purchases: tuple[Purchase, ...],
    *,
    whole_month: bool = False,
    catalog: tuple[InstanceType, ...] | None = None,
    objective_factor: float = 1.0,
) -> tuple[tuple[Offer, ...], tuple[LeftOut, ...], tuple[str, ...]]:
    """Offers with a capacity for each request class of `references`, what was left out, and notes for the reader.

    A machine type that misses the objective of a class has no capacity for it. The rest is as `size_catalog_offers`
    has it, and raises the same errors.
    """
    sized = {
        name: size_catalog_offers(
            selection,
            replace(reference, request_class=name),
            purchases,
            whole_month=whole_month,
            catalog=catalog,
            objective=multiplied(reference.objective, objective_factor),
        )
        for name, reference in references.items()
    }
    by_key: dict[str, list[Offer]] = {}
    for offers, _, _ in sized.values():
        for offer in offers:
            by_key.setdefault(offer.key, []).append(offer)
    selected = select(selection, purchases, catalog)
    missed = group_left_out({one.key: None if one.key in by_key else MISSED_BY_ALL for one in selected.types})
    notes = _notes({name: notes for name, (_, _, notes) in sized.items()})
    return tuple(_merged(same) for same in by_key.values()), (*selected.left_out, *missed), notes


def _merged(offers: Sequence[Offer]) -> Offer:
    """One machine type from its offers for each class.

    The simulation has one queue a machine: with as many servers as the class that takes the most of the machine, which
    errs on the safe side. Classes of which more are served at once load it by so much less.
    """
    first = offers[0]
    servers = min(offer.servers or 1 for offer in offers)
    efficiency = min(offer.efficiency for offer in offers)
    return replace(
        first,
        capacity_rps=_together(offer.capacity_rps for offer in offers),
        capacity_error=max(offer.capacity_error or 0.0 for offer in offers),
        servers=servers,
        service_mean_s=_together(offer.service_mean_s for offer in offers),
        service_p99_s=_together(offer.service_p99_s for offer in offers),
        efficiency=efficiency,
        response_p99_s=None,
        load_factor={
            name: factor
            for offer in offers
            for name in offer.capacity_rps
            if (factor := servers / (offer.servers or 1) * efficiency / offer.efficiency) != 1
        },
    )


def _together(values: Iterable[Mapping[str, float]]) -> dict[str, float]:
    return {name: value for by_class in values for name, value in by_class.items()}


def _notes(by_class: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Each note once: what is said of all classes as it is, the rest after the names of the classes it is about."""
    notes = dict.fromkeys(note for told in by_class.values() for note in told)
    about = {note: [name for name, told in by_class.items() if note in told] for note in notes}
    return tuple(
        note if len(names) == len(by_class) else f"{', '.join(names)}: {note}" for note, names in about.items()
    )
