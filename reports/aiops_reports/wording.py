"""Words for the values of a report, the same on the terminal, in a comment and on a page."""

from collections.abc import Callable, Sequence
from itertools import groupby

from aiops_planner.demand import Demand
from aiops_planner.offers import Purchase
from aiops_planner.performance import Capacity, Interval, LoadPoint, Objective, Steadiness, meets, proves
from aiops_planner.plans import HOURS_PER_MONTH, FleetItem, Plan, TrafficShare
from aiops_reports import formatting
from aiops_reports.definitions import EVIDENCE, HEADLINE
from aiops_reports.record import BenchmarkResult, CommitReport, Environment

PURCHASES: dict[Purchase, str] = {
    "on_demand": "on demand",
    "reserved_1y": "1-year commitment",
    "reserved_3y": "3-year commitment",
    "spot": "spot",
}
_ARRIVALS = {"poisson": "Poisson", "constant": "constant", "trace": "replayed"}
CLOUDS = {"aws": "AWS", "gcp": "Google Cloud"}
SURVIVAL = {
    "none": "no failure is planned for",
    "instance": "carries the demand without its largest machine",
    "zone": "carries the demand without any one zone",
    "region": "carries the demand without any one region",
    "cloud": "carries the demand without any one cloud",
}
OUTCOMES = {
    "passed": "Passed",
    "failed": "Failed",
    "error": "Could not finish",
    "infeasible": "No fleet meets the target",
    "interrupted": "Stopped early",
}

NOTHING = "Nothing was measured"

# A fault of the generator that only lengthens response times leaves a point able to prove that an objective is met.
OVERSTATED_CAPACITY = (
    "bears the capacity all the same: its faults only make answers look slower, and it met the objective"
)

STEADINESS: dict[Steadiness, str] = {
    "steady": "steady",
    "warmed-up-late": "warmed up late",
    "slowing-down": "slowing down",
    "never-steady": "never steady",
}


def cloud(name: str | None) -> str:
    """The name people know a cloud by; offers without a cloud come from aiops.yml."""
    return CLOUDS.get(name, name) if name else "your own offers"


def load(point: LoadPoint) -> str:
    """The load that was asked for: 4 clients, or 500/s."""
    if point.mode == "closed":
        return formatting.count(point.concurrency or 0, "client")
    return formatting.rate(point.offered_rps)


def by_load(points: Sequence[LoadPoint]) -> list[LoadPoint]:
    """Points as people read a curve: closed loop before open loop, each from the smallest load to the largest."""
    return sorted(
        points, key=lambda point: (point.mode, point.arrivals or "", point.concurrency or 0, point.offered_rps or 0.0)
    )


def by_loop(points: Sequence[LoadPoint]) -> list[tuple[str, list[LoadPoint]]]:
    """Points by the kind of their load, in order of it: closed loop, open loop with Poisson arrivals."""
    return [(kind, list(group)) for kind, group in groupby(by_load(points), key=_loop)]


def objective(slo: Objective) -> str:
    """An objective in one phrase: p99 ≤ 50 ms and errors ≤ 0.1 %."""
    return formatting.joined(objective_parts(slo)) or "no objective"


def aim(result: BenchmarkResult) -> str:
    """What a benchmark was held against: objective p99 ≤ 50 ms, or no objective."""
    return f"objective {objective(result.objective)}" if objective_parts(result.objective) else "no objective"


def reading(result: BenchmarkResult) -> str:
    """How to read the figures of a benchmark: from when its times count, and that P is no evidence beside S and T."""
    if result.source is None:
        return f"{HEADLINE} {EVIDENCE}"
    return f"From when a response time counts is what {result.source} says of it. {EVIDENCE}"


def objective_parts(slo: Objective) -> list[str]:
    """The limits of an objective, each as a phrase; empty when it has none."""
    parts = [f"{name} ≤ {formatting.limit(seconds)}" for name, seconds in slo.limits()]
    parts += [
        f"{limit.metric.upper()} {limit.percentile} ≤ {formatting.limit(limit.seconds)}"
        for limit in slo.stream_limits()
    ]
    return parts if slo.errors is None else [*parts, f"errors ≤ {formatting.percent(slo.errors)}"]


def capacity(found: Capacity) -> str:
    """A capacity with its objective, its interval and the rate above it that missed, or why there is none."""
    within = confidence(found.ci, formatting.rate)
    if found.rps is None:
        reason = found.reason or "no reason is recorded"
        return f"{formatting.NOT_RESOLVED} for {objective(found.slo)}: {reason}{f' ({within})' if within else ''}"
    bound = f"{formatting.rate(found.missed_rps)} misses" if found.missed_rps else "no higher rate was tried"
    known = "; ".join(part for part in (within, bound) if part)
    return f"{formatting.rate(found.rps)} within {objective(found.slo)} ({known})"


def confidence(found: Interval | None, show: Callable[[float], str]) -> str:
    """A 95 % interval in words, empty without one: 95 %: 780/s to 860/s."""
    return "" if found is None else f"95 %: {formatting.interval(found.low, found.high, show)}"


def with_confidence(text: str, found: Interval | None, show: Callable[[float], str]) -> str:
    """A figure with its 95 % interval behind it, where it has one: 238 k/s² (95 %: 231 k/s² to 244 k/s²)."""
    within = confidence(found, show)
    return f"{text} ({within})" if within else text


def machines(item: FleetItem) -> str:
    """How many machines, by hour where it differs: 2, or 0 to 3."""
    least, most = min(item.count_by_hour), item.count
    return f"{most:,}" if least == most else f"{least:,} to {most:,}"


def fleet(plan: Plan) -> str:
    """The fleet in one phrase: 2 × c7a.xlarge (AWS us-east-1, spot) and ..."""
    return (
        formatting.joined([f"{machines(item)} × {item.offer} ({place(item)})" for item in plan.fleet]) or "no machine"
    )


def place(item: FleetItem) -> str:
    """Where machines stand and how they are bought."""
    return f"{where(item)}, {PURCHASES[item.purchase]}"


def where(item: FleetItem) -> str:
    """Cloud, region and zone, as far as they are known."""
    zone = f"zone {item.zone}" if item.zone else ""
    return " ".join(part for part in (cloud(item.cloud), item.region, zone) if part)


def away(share: TrafficShare) -> str:
    """How far the clients of some traffic are."""
    return "" if share.network_s is None else f", {formatting.duration(share.network_s)} away"


def origins(plan: Plan) -> list[tuple[str, str]]:
    """Where the requests of each client region go at their busiest: 1,500/s to AWS us-east-1, 93 ms away."""
    found: dict[str, dict[str, float]] = {}
    for share in plan.traffic:
        if share.request_class in plan.demand.origins:
            there = f"{cloud(share.cloud)} {share.region or ''}".strip() + away(share)
            rates = found.setdefault(share.request_class, {})
            rates[there] = rates.get(there, 0.0) + max(share.rps_by_hour, default=0.0)
    return [
        (
            f"From {name}" if plan.demand.origins[name] == name else name,
            formatting.joined([f"{formatting.rate(rate)} to {there}" for there, rate in rates.items()]),
        )
        for name, rates in found.items()
    ]


def egress(plan: Plan) -> str:
    """What of the cost is for sending answers, in brackets; nothing where that is not known."""
    usd_per_month = plan.egress_usd_per_hour * HOURS_PER_MONTH
    return f" ({formatting.money(usd_per_month)} of it for sending answers)" if usd_per_month else ""


def bound(plan: Plan) -> str:
    """How far the plan is from the proven lower bound."""
    if plan.gap < 1e-6:
        return "proven to be the cheapest"
    if not plan.lower_bound_usd_per_hour:
        return "not proven optimal: there was no time for a lower bound"
    proof = "proven" if plan.status == "optimal" else "not proven optimal:"
    return f"{proof} within {formatting.percent(plan.gap)} of the cheapest"


def demand(asked: Demand) -> str:
    """What was planned for and how it came about, as a sentence; empty for one rate that was written down."""
    if len(asked.rps) == 1 and not asked.basis:
        return ""
    rate = formatting.rate(asked.peak_rps)
    if not asked.is_constant:
        weighted = ", weighted by how often they come" if asked.weights else ""
        hours = formatting.count(len(asked.rps), "hour")
        rate = f"up to {rate}, {formatting.rate(asked.mean_rps)} on average over {hours}{weighted}"
    return formatting.sentence("; ".join((f"Planned for {rate}", *asked.basis)))


def prices(plan: Plan) -> str | None:
    """The sentence on the age of the prices; None for offers whose prices the user gave."""
    dates = [f"{cloud(name)} of {date}" for name, date in sorted(plan.price_dates.items())]
    return f"Prices are a dated snapshot: {formatting.joined(dates)}." if dates else None


def plan_notes(plan: Plan) -> tuple[str, ...]:
    """What readers of a plan must know, as sentences: a doubt first, the age of its prices, and its own notes."""
    dated = prices(plan)
    notes = (*calibration_warnings(plan), *((dated,) if dated else ()), *plan.notes)
    return tuple(map(formatting.sentence, notes))


def calibration_warnings(plan: Plan) -> tuple[str, ...]:
    """What it means that the measured machine carried less than half of what the model says of it."""
    share = plan.calibration_share
    if share is None or share >= 0.5:
        return ()
    carried = formatting.percent(share, digits=2)
    return (
        f"The capacity measured here is far below what its CPU allows ({carried} of what the model says), and every "
        "estimate is scaled down with it: measure on a quieter machine before sizing.",
    )


def stage_reason(report: CommitReport, name: str) -> str:
    """Why a stage left nothing behind, in the words of the stage itself."""
    stage = next((stage for stage in report.stages if stage.name == name), None)
    if stage is None:
        return "it was not asked for or not reached"
    return stage.message or {"ok": "there was nothing to do", "skipped": "it was skipped"}.get(
        stage.status, stage.status
    )


def other_fleets(plan: Plan) -> list[tuple[str, float | None]]:
    """The fleets a plan is compared with, and their USD/month; None where no fleet of that kind meets the target."""
    clouds = plan.cheapest_by_cloud_usd_per_month
    others: list[tuple[str, float | None]] = [(f"{cloud(name)} alone", clouds[name]) for name in sorted(clouds)]
    if plan.on_demand_only_usd_per_month is not None:
        others.append(("on demand only", plan.on_demand_only_usd_per_month))
    if plan.apart_usd_per_month is not None:
        others.append(("each model on machines of its own", plan.apart_usd_per_month))
    return others


def comparisons(plan: Plan) -> str:
    """What other fleets would cost: AWS alone $215/month, on demand only $521/month. Empty when none was computed."""
    missing = "cannot meet the target"
    return "; ".join(f"{name} {formatting.money(cost, 'month', missing)}" for name, cost in other_fleets(plan))


def carries(item: FleetItem, plan: Plan) -> str:
    """What one machine carries within the objective, by class, and where that number comes from."""
    shares = [
        share
        for share in plan.traffic
        if (share.offer, share.cloud, share.region) == (item.offer, item.cloud, item.region)
    ]
    several = len(plan.demand.classes) > 1
    rates = [f"{f'{share.request_class} ' if several else ''}{formatting.rate(share.capacity_rps)}" for share in shares]
    error = f" ± {formatting.percent(item.capacity_error)}" if item.capacity_error else ""
    return f"{', '.join(rates) or formatting.MISSING} ({item.capacity_source}{error})"


def machine(environment: Environment) -> str:
    """The machine in one phrase: AMD EPYC 7763, 2 cores, Ubuntu 24.04.1 LTS."""
    cpu = environment.cpu_model or "unknown CPU"
    return f"{cpu}, {formatting.count(environment.usable_cores, 'core')}, {environment.os}"


def capacity_point(result: BenchmarkResult) -> LoadPoint | None:
    """The point that bears the capacity: the largest rate up to it that met the objective, a valid one first."""
    most = result.capacity.rps
    if most is None:
        return None
    rates = [(point.offered_rps or 0.0, point.valid, point) for point in result.load_points if point.mode == "open"]
    ranked = sorted((rate for rate in rates if rate[0] <= most), key=lambda rate: rate[:2], reverse=True)
    return next((point for _, _, point in ranked if proves(point, result.objective)), None)


def roles(point: LoadPoint, result: BenchmarkResult) -> list[str]:
    """What a load point decided or shows: knee, capacity, a miss of the objective; an invalid one only the capacity."""
    is_capacity = point is capacity_point(result)
    missed = point.valid and bool(objective_parts(result.objective)) and meets(point, result.objective) is False
    return [
        word
        for word, applies in (
            (_knee_role(result), point.valid and _is_peak(point, result)),
            (_capacity_role(point, result), is_capacity and point.valid),
            (OVERSTATED_CAPACITY, is_capacity and not point.valid),
            ("misses the objective", missed),
        )
        if applies
    ]


def point_note(point: LoadPoint, result: BenchmarkResult, *, with_level: bool = True) -> str:
    """Why a point is invalid, whether it kept its level (where no column says so), and what it decided or shows."""
    because = f"invalid: {'; '.join(point.invalid_because)}" if not point.valid else ""
    moved = STEADINESS[point.steadiness] if with_level and point.steadiness not in (None, "steady") else ""
    shown = ", ".join(part for part in (moved, *roles(point, result)) if part)
    return "; ".join(part for part in (because, shown) if part)


def error_kinds(point: LoadPoint) -> list[str]:
    """The failed requests of a point by what happened, each as a phrase: 38 × status-503."""
    return [f"{amount:,} × {kind}" for kind, amount in point.errors_by_kind.items()]


def _is_peak(point: LoadPoint, result: BenchmarkResult) -> bool:
    """Whether this is the closed-loop point of largest measured power."""
    knee = result.knee
    if knee is None or point.mode != "closed":
        return False
    return point.mean_concurrency == (knee.measured_concurrency or knee.concurrency)


def _capacity_role(point: LoadPoint, result: BenchmarkResult) -> str:
    """What the largest rate that met the objective is: the capacity, unless that was found between two rates."""
    return "capacity" if point.offered_rps == result.capacity.rps else "largest rate that met the objective"


def _knee_role(result: BenchmarkResult) -> str:
    """What the point of largest power is: the knee, unless a fitted curve says where that lies."""
    fitted = result.knee is not None and result.knee.method == "soft-min"
    return "largest measured power" if fitted else "knee"


def _loop(point: LoadPoint) -> str:
    if point.mode == "closed":
        return "Closed loop: each client sends when its last answer came"
    arrivals = f" ({_ARRIVALS[point.arrivals]} arrivals)" if point.arrivals else ""
    return f"Open loop: requests leave at an offered rate and never wait{arrivals}"
