"""From published curves to offers: how many replicas a machine type holds, and what each carries within the objective.

A replica carries the largest rate on its curve whose mean times keep to the limits; nothing is extrapolated, neither
to more requests in flight than were published nor to longer requests.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise

from aiops_planner.catalog import Selection, accelerator_names, candidates, group_left_out, why_unfit
from aiops_planner.catalog_offers import catalog_offer
from aiops_planner.errors import UsageError
from aiops_planner.machine_types import InstanceType
from aiops_planner.offers import Offer, Purchase
from aiops_planner.performance import Objective
from aiops_planner.plans import LeftOut
from aiops_planner.published import (
    PUBLISHED_ERROR,
    SOURCE,
    TELLING,
    Choice,
    Curve,
    Length,
    Reading,
    Setup,
    check_length,
    find_curves,
)
from aiops_planner.wording import counted, percent

_SYSTEMS: Mapping[str, str] = {
    "h100": "h100_sxm",
    "h100-mega": "h100_sxm",
    "h200": "h200_sxm",
    "b200": "b200_sxm",
    "b300": "b300_sxm",
    "gb200": "gb200",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A language model to serve: which of its published curves, and the tokens of a request by class."""

    choice: Choice
    lengths: Mapping[str, Length]


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What one machine carries, in requests/s by class, with so many replicas of one setup.

    `lengths` are those of the published requests that stand for each class. `ended` classes would keep to the limits
    at the largest published load, too, so that the curve's end is what bounds them.
    """

    setup: Setup
    replicas: int
    capacity_rps: Mapping[str, float] = field(default_factory=dict)
    lengths: Mapping[str, Length] = field(default_factory=dict)
    ended: frozenset[str] = frozenset()

    def carries_all_of(self, other: "Served") -> bool:
        """Whether a machine of this kind carries at least as much of every class."""
        return all(self.capacity_rps.get(name, 0.0) >= rps for name, rps in other.capacity_rps.items())


def capacity_rps(curve: Curve, objective: Objective) -> float | None:
    """The most requests/s of a replica whose mean times keep to the limits on p50, ttft_p50 and tpot_p50.

    Between two readings both times are interpolated. None when the least published load already misses a limit.
    """
    load = largest_load(curve, objective)
    return None if load is None else max(curve.rps(reading) for reading in _up_to(curve, load))


def largest_load(curve: Curve, objective: Objective) -> float | None:
    """The most requests in flight that keep to the limits, at most as many as were published."""
    limited = (
        (objective.ttft_p50, [reading.ttft_s for reading in curve.readings]),
        (objective.tpot_p50, [reading.tpot_s for reading in curve.readings]),
        (objective.p50, [curve.response_s(reading) for reading in curve.readings]),
    )
    loads = [reading.concurrency for reading in curve.readings]
    crossings = [_crossing(loads, times_s, limit_s) for limit_s, times_s in limited if limit_s is not None]
    return min((load or 0.0 for load in crossings), default=loads[-1]) or None


def offers_from_published(
    workload: Workload,
    objective: Objective,
    selection: Selection,
    *,
    purchases: tuple[Purchase, ...] = ("on_demand",),
    whole_month: bool = False,
    catalog: tuple[InstanceType, ...] | None = None,
) -> tuple[tuple[Offer, ...], tuple[LeftOut, ...], tuple[str, ...]]:
    """Offers of the machine types of a selection with published capacities, what was left out, and notes.

    A machine type is offered once for each setup that no other one makes superfluous; the offer's name says the setup
    and how many replicas. `whole_month` prices on-demand machines that are never stopped. Raises CatalogError for what
    the catalog lacks or nobody published, and UsageError for an objective that published means say nothing about.
    """
    check_objective(objective)
    curves = find_curves(workload.choice)
    for name, length in workload.lengths.items():
        check_length(curves, name, length)
    wanted = candidates(selection, catalog)
    machines = _Machines(curves, workload.lengths, objective)
    reasons = {
        candidate.key: why_unfit(candidate, selection, purchases) or machines.why_none(candidate)
        for candidate in wanted
    }
    served = {candidate.key: machines.served(candidate) for candidate in wanted if reasons[candidate.key] is None}
    offers = tuple(
        _offer(candidate, one, whole_month=whole_month) for candidate in wanted for one in served.get(candidate.key, ())
    )
    notes = _notes(workload, curves, [one for several in served.values() for one in several])
    return offers, group_left_out(reasons), notes if offers else ()


def check_objective(objective: Objective) -> None:
    """Raise UsageError for an objective that published curves cannot be held against."""
    limits = [name for name, _ in objective.limits()] + [limit.name for limit in objective.stream_limits()]
    unknown = [name for name in limits if name not in TELLING]
    if unknown:
        raise UsageError(
            f"capacity.slo.{unknown[0]}: published curves are means, which tell nothing of it; limit "
            f"{', '.join(TELLING[:-1])} or {TELLING[-1]}, or measure a machine and give capacity.profiles"
        )
    if not limits:
        raise UsageError(
            "capacity.slo has no limit that sizes the fleet; add one, like ttft_p50: 500ms or tpot_p50: 30ms"
        )


class _Machines:
    """What machines of any accelerator and number of them carry, each worked out once."""

    def __init__(self, curves: Iterable[Curve], lengths: Mapping[str, Length], objective: Objective) -> None:
        self._curves = tuple(curves)
        self._lengths = lengths
        self._objective = objective
        self._served = cache(self._on)

    def served(self, candidate: InstanceType) -> tuple[Served, ...]:
        """The setups worth running on a machine type; none of them is made superfluous by another."""
        system = _system(candidate)
        return () if system is None else self._served(system, int(candidate.accelerator_count or 0))

    def why_none(self, candidate: InstanceType) -> str | None:
        """Why nothing is known of a machine type, or None when there is something."""
        if candidate.accelerator is None:
            return "it has no accelerator, and published curves are of accelerators"
        model = self._curves[0].model
        here = [curve for curve in self._curves if curve.system == _system(candidate)]
        if not here:
            return f"no curve of {model} is published for its accelerator; measure it and give capacity.profiles"
        if self.served(candidate):
            return None
        fitting = [curve for curve in here if curve.setup.gpus <= (candidate.accelerator_count or 0)]
        if not fitting:
            return f"every published replica of {model} takes more accelerators than it has"
        if not any(curve.length.covers(length) for curve in fitting for length in self._lengths.values()):
            return f"no curve of {model} on its accelerator is of requests as long"
        return "even the least published load misses the objective"

    def _on(self, system: str, accelerators: int) -> tuple[Served, ...]:
        by_setup: dict[str, list[Curve]] = {}
        for curve in self._curves:
            if curve.system == system and curve.setup.gpus <= accelerators:
                by_setup.setdefault(str(curve.setup), []).append(curve)
        found = [self._with(same, accelerators // same[0].setup.gpus) for same in by_setup.values()]
        return _undominated([one for one in found if one.capacity_rps])

    def _with(self, curves: list[Curve], replicas: int) -> Served:
        """What so many replicas of one setup carry; for each class the curve of long enough requests that is best."""
        best: dict[str, tuple[float, Curve]] = {}
        for name, length in self._lengths.items():
            rated = [
                (replicas * rps, curve)
                for curve in curves
                if curve.length.covers(length) and (rps := capacity_rps(curve, self._objective)) is not None
            ]
            if rated:
                best[name] = max(rated, key=lambda one: one[0])
        return Served(
            setup=curves[0].setup,
            replicas=replicas,
            capacity_rps={name: rps for name, (rps, _) in best.items()},
            lengths={name: curve.length for name, (_, curve) in best.items()},
            ended=frozenset(name for name, (_, curve) in best.items() if self._has_ended(curve)),
        )

    def _has_ended(self, curve: Curve) -> bool:
        return largest_load(curve, self._objective) == curve.readings[-1].concurrency


def _undominated(found: list[Served]) -> tuple[Served, ...]:
    """Those that no other one makes superfluous; the first of equals stays."""
    return tuple(
        one
        for place, one in enumerate(found)
        if not any(
            other.carries_all_of(one) and (after < place or not one.carries_all_of(other))
            for after, other in enumerate(found)
            if after != place
        )
    )


def _system(candidate: InstanceType) -> str | None:
    return next((_SYSTEMS[name] for name in accelerator_names(candidate) if name in _SYSTEMS), None)


def _crossing(loads: list[float], times_s: list[float], limit_s: float) -> float | None:
    """The load at which a time that never falls reaches its limit, at most the last; None below the first."""
    if times_s[0] > limit_s:
        return None
    for (load, time_s), (next_load, next_s) in pairwise(zip(loads, times_s, strict=True)):
        if next_s > limit_s:
            return load + (next_load - load) * (limit_s - time_s) / (next_s - time_s)
    return loads[-1]


def _up_to(curve: Curve, load: float) -> list[Reading]:
    """The readings up to a load, and the one at it, interpolated where there is none."""
    readings = [reading for reading in curve.readings if reading.concurrency <= load]
    beyond = [reading for reading in curve.readings if reading.concurrency > load]
    if not beyond:
        return readings
    below, above = readings[-1], beyond[0]
    share = (load - below.concurrency) / (above.concurrency - below.concurrency)
    ttft_s = below.ttft_s + share * (above.ttft_s - below.ttft_s)
    tpot_s = below.tpot_s + share * (above.tpot_s - below.tpot_s)
    return [*readings, Reading(load, ttft_s, tpot_s)]


def _offer(candidate: InstanceType, served: Served, *, whole_month: bool) -> Offer:
    return replace(
        catalog_offer(candidate, served.capacity_rps, whole_month=whole_month),
        name=f"{candidate.name} with {served.replicas} × {served.setup}",
        machine=candidate.name,
        capacity_source="published",
        capacity_error=PUBLISHED_ERROR,
    )


def _notes(workload: Workload, curves: tuple[Curve, ...], served: Collection[Served]) -> tuple[str, ...]:
    """How the capacities came about, in sentences for the reader."""
    first = curves[0]
    dates = sorted(curve.measured for curve in curves if curve.measured)
    dated = f", measured {dates[0]} to {dates[-1]} where dated" if dates else ""
    tokens = {name: {one.lengths[name] for one in served if name in one.lengths} for name in workload.lengths}
    stand_ins = tuple(
        f"requests of {name} ({length} tokens) are taken to be as long as published ones of "
        f"{' or '.join(map(str, sorted(longer)))}, which errs on the safe side"
        for name, length in workload.lengths.items()
        if (longer := tokens[name] - {length})
    )
    ended = sum(bool(one.ended) for one in served)
    return (
        f"capacities come from {counted(len(curves), 'published curve')} of {first.model} in {first.precision} "
        f"({SOURCE}{dated}), ±{percent(PUBLISHED_ERROR)}: repeated measurements of one setup are that far apart, other "
        "versions of its software further",
        "published times are means at a fixed number of requests in flight: nothing is known of p90 or p99, and "
        "requests that arrive at random wait longer",
        *stand_ins,
        *([_ended_note(ended, len(served))] if ended else ()),
    )


def _ended_note(ended: int, all_offers: int) -> str:
    return (
        f"for {ended} of {counted(all_offers, 'setup')} the published curve ends before a limit is reached; nothing is "
        "extrapolated, so they may carry more"
    )
