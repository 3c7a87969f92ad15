"""What became of a plan in the simulation: one sentence, and a table with a row for each scenario."""

from collections.abc import Iterator

from aiops_planner.plans import Plan
from aiops_planner.proofs import ClassTimes, Round, Routing, Scenario, Verification
from aiops_reports import formatting, wording
from aiops_reports.rows import Judgement, Row

ROUTINGS: dict[Routing, str] = {
    "round-robin": "machines of a type taken in turn",
    "shortest-queue": "always the machine with the fewest requests",
    "random": "a machine at random",
}
HEADS = ("Simulated", "Rate", "Machines", "Busy", "p50", "p95", "p99", "p99 (95 %)")
_JUDGED: dict[str, Judgement] = {"met": "ok", "missed": "bad", "not_simulated": "neutral"}


def simulation_row(plan: Plan) -> Iterator[Row]:
    """Whether the simulated plan meets its objective; nothing for a plan from before there were simulations."""
    proven = plan.verification
    if proven is not None:
        yield Row(label="Simulation", value=sentence(proven), judgement=_JUDGED[proven.status])


def sentence(proven: Verification) -> str:
    """What the simulation says of the plan, and how often it had to be solved again."""
    if not proven.rounds:
        return f"not simulated: {proven.reason}"
    verdict = "meets" if proven.status == "met" else "misses"
    parts = [f"{verdict} {formatting.joined(_limits(proven))} {_where(proven)} ({_assumptions(proven)})"]
    if len(proven.rounds) > 1:
        parts.append(_tightened(proven.rounds))
    if proven.reason:
        parts.append(proven.reason)
    return "; ".join(parts)


def table(plan: Plan) -> tuple[tuple[str, ...], ...]:
    """A row of cells for each scenario of each round, under `HEADS`; empty when nothing was simulated.

    Where classes have objectives of their own each of them has a row.
    """
    rounds = plan.verification.rounds if plan.verification else ()
    return tuple(
        cells
        for number, found in enumerate(rounds, start=1)
        for scenario in found.scenarios
        for cells in _rows(scenario, _label(scenario, found, plan, number))
    )


def _rows(scenario: Scenario, label: str) -> Iterator[tuple[str, ...]]:
    if not scenario.classes:
        yield (f"{label}{_judged(scenario.met)}", *_figures(scenario, scenario.offered_rps), *_times(scenario))
    for times in scenario.classes:
        shown = f"{label}, {times.request_class}{_judged(times.met)}"
        yield (shown, *_figures(scenario, times.offered_rps), *_times(times))


def _judged(met: bool) -> str:
    return "" if met else " (misses)"


def _limits(proven: Verification) -> list[str]:
    """The limits on response time, each class's own after its name."""
    if not proven.objectives:
        return wording.objective_parts(proven.objective)[: len(proven.objective.limits())]
    return [
        f"{name} {limit}"
        for name, slo in proven.objectives.items()
        for limit in wording.objective_parts(slo)[: len(slo.limits())]
    ]


def _where(proven: Verification) -> str:
    """At the busiest hour and without one m; of a plan that misses, only where it does."""
    scenarios = proven.rounds[-1].scenarios
    shown = scenarios if proven.status == "met" else [scenario for scenario in scenarios if not scenario.met]
    return formatting.joined([_scenario(scenario) for scenario in shown])


def _scenario(scenario: Scenario) -> str:
    return "at the busiest hour" if scenario.lost is None else f"without {scenario.lost}"


def _assumptions(proven: Verification) -> str:
    """How requests arrive and find their machine."""
    if proven.arrival_scv is None:
        arrivals = "arrivals of a trace"
    elif proven.arrival_scv == 1:
        arrivals = "Poisson arrivals"
    else:
        arrivals = f"arrivals of squared variation {formatting.short(proven.arrival_scv)}"
    return f"{arrivals}, {ROUTINGS[proven.routing]}"


def _tightened(rounds: tuple[Round, ...]) -> str:
    """Why the plan was solved again."""
    first, last = rounds[0], rounds[-1]
    return (
        f"a plan for {formatting.money(first.usd_per_month, 'month')} missed, so every capacity is taken at "
        f"{_scale(last)} of what was stated or estimated"
    )


def _scale(found: Round) -> str:
    """The share of the capacities that a plan was solved with; where classes differ, that of each."""
    scales = found.capacity_scales
    if len(set(scales.values())) < 2:
        return formatting.percent(found.capacity_scale)
    return formatting.joined([f"{formatting.percent(scale)} ({name})" for name, scale in scales.items()])


def _label(scenario: Scenario, found: Round, plan: Plan, number: int) -> str:
    """What was simulated, of which round where there are several, at which hour where they differ."""
    rounds = plan.verification.rounds if plan.verification else ()
    words = [_scenario(scenario)]
    if len(rounds) > 1:
        words.insert(0, f"round {number}, capacities at {_scale(found)}")
    if len(plan.demand.rps) > 1:
        words.append(f"hour {scenario.hour}")
    return ", ".join(words)


def _figures(scenario: Scenario, rate_rps: float) -> tuple[str, ...]:
    return (formatting.rate(rate_rps), f"{scenario.machines:,}", formatting.percent(scenario.utilisation))


def _times(simulated: Scenario | ClassTimes) -> tuple[str, ...]:
    """Percentiles and the interval of the last; of machines that cannot keep up there are none."""
    response, interval = simulated.response_s, simulated.intervals.get("p99")
    if response is None:
        return ("grows without end", *[formatting.MISSING] * 3)
    times = tuple(formatting.duration(seconds) for seconds in (response.p50, response.p95, response.p99))
    if interval is None:
        return (*times, formatting.MISSING)
    return (*times, formatting.interval(interval.low, interval.high, formatting.duration))
