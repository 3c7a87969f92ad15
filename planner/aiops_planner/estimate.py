"""From a service measured on one machine to its capacity on every machine type of the catalog.

Service times shrink with the speed of a vCPU, requests run in parallel on the vCPUs, and the capacity is the largest
rate whose response percentiles meet the objective in a G/G/c queue with Poisson arrivals, never above what the CPU time
of a request allows, and scaled down where the reference machine itself carried less than this model says.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial

from aiops_planner.catalog import Selection, group_left_out, load_catalog, select
from aiops_planner.catalog_offers import catalog_offer
from aiops_planner.demand import SINGLE_CLASS
from aiops_planner.errors import UsageError
from aiops_planner.machine_types import InstanceType
from aiops_planner.microarchitecture import doubts, families_with, identify, may_be_older, reference_scores
from aiops_planner.offers import Offer, Purchase
from aiops_planner.performance import Objective
from aiops_planner.plans import LeftOut
from aiops_planner.queueing import ServiceTime, capacity_rps
from aiops_planner.wording import counted, percent

# The two scales disagree by up to 21 % about a pair of CPUs, some 10 % each, and a service is no CPU benchmark: 20 %.
# The queue's formula is within 13 % of simulation. Together sqrt(0.20^2 + 0.13^2) = 0.24.
KNOWN_CPU_ERROR = 0.25
# Hyperthreads taken for whole cores make an estimate a third too low: sqrt(0.25^2 + 0.33^2) = 0.41. An older CPU than
# the one scored, or another clock, makes less of a difference.
DOUBTFUL_CPU_ERROR = 0.4
# Nine in ten scores a vCPU lie between 0.7 and 2 times the median of their cloud.
UNKNOWN_CPU_ERROR = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What was measured, and on which machine. Times in seconds for one request at low load.

    `capacity_rps` is the largest measured rate that met the objective and `missed_rps` the smallest that did not, None
    when every rate met it. `cpu_family` is "vendor family model" as /proc/cpuinfo has them, like "AuthenticAMD 25 17".
    `threads_per_core` is 1 where the machine's CPUs are whole cores.
    """

    objective: Objective
    mean_service_s: float
    usable_cores: int
    p99_service_s: float | None = None
    service_scv: float | None = None
    cpu_s_per_request: float | None = None
    capacity_rps: float | None = None
    missed_rps: float | None = None
    cpu_model: str | None = None
    cpu_family: str | None = None
    threads_per_core: float = 2.0
    request_class: str = SINGLE_CLASS

    @property
    def service(self) -> ServiceTime:
        """The service time on the reference machine."""
        return ServiceTime.fitted(mean_s=self.mean_service_s, p99_s=self.p99_service_s, scv=self.service_scv)

    @property
    def cores_per_request(self) -> float:
        """How many cores one request keeps busy, at least one."""
        return max(1.0, (self.cpu_s_per_request or 0.0) / self.mean_service_s)

    @property
    def servers(self) -> int:
        """How many requests the reference machine serves at once."""
        return max(1, math.floor(self.usable_cores / self.cores_per_request))


def size_catalog_offers(
    selection: Selection,
    reference: Reference,
    purchases: tuple[Purchase, ...],
    *,
    whole_month: bool = False,
    catalog: tuple[InstanceType, ...] | None = None,
    objective: Objective | None = None,
) -> tuple[tuple[Offer, ...], tuple[LeftOut, ...], tuple[str, ...]]:
    """Offers with estimated capacities for a selection of the catalog, what was left out, and notes for the reader.

    `whole_month` prices on-demand machines that are never stopped (a constant demand), with the discount that Google
    Cloud gives them. `objective` is another one to size for, once the estimates are calibrated for the reference's.
    Raises CatalogError for a selection the catalog cannot answer and UsageError for a reference that cannot be meant.
    """
    _check(reference)
    selected = select(selection, purchases, catalog)
    scale = Scale.of(reference, selection.clouds, catalog)
    efficiency = _efficiency(reference)
    reference = reference if objective is None else replace(reference, objective=objective)
    estimate = cache(partial(estimate_capacity_rps, reference, efficiency=efficiency))  # regions share their types
    capacities = {candidate.key: estimate(candidate.vcpus, scale.speed(candidate)) for candidate in selected.types}
    missed = "even an idle machine of this type would miss the objective"
    left_out = group_left_out({key: missed if capacity is None else None for key, capacity in capacities.items()})
    offers = tuple(
        _offer(candidate, capacity, reference, scale, efficiency=efficiency, whole_month=whole_month)
        for candidate in selected.types
        if (capacity := capacities[candidate.key]) is not None
    )
    notes = _notes(reference, scale, efficiency, offers)
    if whole_month and any(offer.cloud == "gcp" for offer in offers):
        notes += ("Google Cloud's on-demand prices include its discount for machines that run the whole month",)
    return offers, (*selected.left_out, *left_out), notes


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The reference machine's score a vCPU on each cloud's scale; empty when a cloud of the selection lacks its CPU.

    One cloud scaled and another not would favour one of them for no reason, so it is all or none. `doubts` are why the
    scores may be wrong for this machine.
    """

    microarchitecture: str | None
    scores: Mapping[str, float]
    doubts: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, reference: Reference, clouds: Collection[str], catalog: tuple[InstanceType, ...] | None = None
    ) -> "Scale":
        """Find the reference machine's CPU on the scales of the clouds."""
        microarchitecture = identify(reference.cpu_family)
        whole_cores = reference.threads_per_core < 1.5
        scored = load_catalog(families=families_with(microarchitecture)) if catalog is None else catalog
        known = reference_scores(microarchitecture, scored, whole_cores)
        if microarchitecture is None or not set(clouds) <= set(known):
            return cls(microarchitecture=microarchitecture, scores={})
        doubted = doubts(microarchitecture, reference.cpu_model, whole_cores)
        return cls(microarchitecture=microarchitecture, scores=known, doubts=doubted)

    @property
    def error(self) -> float:
        """The relative error band of an estimate for a machine type whose CPU is certain."""
        if not self.scores:
            return UNKNOWN_CPU_ERROR
        return DOUBTFUL_CPU_ERROR if self.doubts else KNOWN_CPU_ERROR

    def error_of(self, candidate: InstanceType) -> float:
        """The relative error band of the estimate for a machine type."""
        return max(self.error, DOUBTFUL_CPU_ERROR) if may_be_older(candidate) else self.error

    def speed(self, candidate: InstanceType) -> float:
        """How many times as fast a vCPU of the candidate is as one of the reference machine; 1 when unknown."""
        score = candidate.cpu_score_per_vcpu
        return score / self.scores[candidate.cloud] if self.scores and score is not None else 1.0


def estimate_capacity_rps(reference: Reference, vcpus: float, speed: float, efficiency: float = 1.0) -> float | None:
    """Requests/s within the objective on a machine with `vcpus` that are `speed` times as fast as the reference's.

    None when a single request on the idle machine already misses the objective.
    """
    slowdown, servers = _one_request(reference, vcpus, speed)
    rate_rps = capacity_rps(reference.objective, reference.service.slowed(slowdown), servers)
    if rate_rps is None:
        return None
    cpu_s = (reference.cpu_s_per_request or 0.0) / speed
    most_rps = vcpus / cpu_s if cpu_s else math.inf
    return min(rate_rps, most_rps) * efficiency


def _one_request(reference: Reference, vcpus: float, speed: float) -> tuple[float, int]:
    """How many times as long a request takes as on the reference machine, and how many are served at once."""
    crowded = max(1.0, reference.cores_per_request / vcpus)
    return crowded / speed, max(1, math.floor(vcpus / reference.cores_per_request))


def _efficiency(reference: Reference) -> float:
    """What the reference machine carried as a share of what the model says it should, at most 1.

    A capacity that no measured rate exceeded is only a lower bound, so it calibrates nothing.
    """
    if reference.capacity_rps is None or reference.missed_rps is None:
        return 1.0
    modelled_rps = estimate_capacity_rps(reference, reference.usable_cores, 1.0)
    return 1.0 if not modelled_rps else min(1.0, reference.capacity_rps / modelled_rps)


def _offer(
    candidate: InstanceType,
    capacity_rps: float,
    reference: Reference,
    scale: Scale,
    *,
    efficiency: float,
    whole_month: bool,
) -> Offer:
    """The offer of a machine type, with what simulating its queue takes."""
    name = reference.request_class
    slowdown, servers = _one_request(reference, candidate.vcpus, scale.speed(candidate))
    p99_s = reference.p99_service_s
    return replace(
        catalog_offer(candidate, {name: capacity_rps}, whole_month=whole_month),
        capacity_source="estimated",
        capacity_error=scale.error_of(candidate),
        servers=servers,
        service_mean_s={name: reference.mean_service_s * slowdown},
        service_p99_s={} if p99_s is None else {name: max(p99_s, reference.mean_service_s) * slowdown},
        efficiency=efficiency,
    )


def _notes(reference: Reference, scale: Scale, efficiency: float, offers: Collection[Offer]) -> tuple[str, ...]:
    """How the capacities came about, in sentences for the reader."""
    if not offers:
        return ()
    machine = f"{reference.cpu_model or 'an unknown CPU'} with {counted(reference.usable_cores, 'core')}"
    every = "the one catalog offer rests" if len(offers) == 1 else f"all {len(offers):,} catalog offers rest"
    notes = [
        f"{every} on estimates from one machine ({machine}), ±{percent(scale.error)}: "
        + _why_this_band(reference, scale),
        "the estimates take one worker for every vCPU, Poisson arrivals and no other bottleneck than the CPU",
    ]
    mixed = sorted({offer.family or offer.name for offer in offers if offer.capacity_error != scale.error})
    if mixed:
        notes.append(
            f"a machine of {', '.join(mixed)} may have an older CPU than its score is for, so these estimates "
            f"are ±{percent(DOUBTFUL_CPU_ERROR)} instead; a minimum CPU platform, where the family takes one, rules "
            "that out"
        )
    if reference.capacity_rps is None:
        notes.append("no capacity was measured at the objective, so nothing calibrates the estimates")
    elif reference.missed_rps is None:
        notes.append("every measured rate met the objective, so the measured capacity does not calibrate the estimates")
    elif efficiency < 1:
        notes.append(
            f"the measured machine carried {percent(efficiency)} of what the model says, so every estimate is scaled "
            "by that"
        )
    return tuple(notes)


def _why_this_band(reference: Reference, scale: Scale) -> str:
    if scale.scores:
        return (
            f"{scale.microarchitecture} is on the scale of CPU scores of every cloud chosen; such scores predict a "
            "service within about 20 %, the queueing formula within 13 %"
            + "".join(f"; {doubt}" for doubt in scale.doubts)
        )
    if scale.microarchitecture:
        return (
            f"{scale.microarchitecture} has no CPU score on every cloud chosen, so all vCPUs are taken as equally fast"
        )
    found = f"its CPU ({reference.cpu_family})" if reference.cpu_family else "its CPU"
    return f"{found} is not in the table of known CPUs, so all vCPUs are taken as equally fast"


def _check(reference: Reference) -> None:
    """Raise UsageError unless the reference is a measurement that can be scaled."""
    if not reference.objective.limits():
        raise UsageError("capacity.slo has no limit on response time, which sizes the fleet; add one, like p99: 100ms")
    for limit_name, limit_s in reference.objective.limits():
        _check_positive(f"capacity.slo.{limit_name}", limit_s)
    _check_positive("the mean service time of the benchmark", reference.mean_service_s)
    _check_positive("the number of cores of the measured machine", reference.usable_cores)
    optional = {
        "the p99 service time of the benchmark": reference.p99_service_s,
        "the CPU time of a request": reference.cpu_s_per_request,
        "the measured capacity": reference.capacity_rps,
    }
    for what, value in optional.items():
        if value is not None:
            _check_positive(what, value)


def _check_positive(what: str, value: float) -> None:
    if not math.isfinite(value) or value <= 0:
        raise UsageError(f"{what} is {value!r}; it must be a finite number above zero; measure again")
