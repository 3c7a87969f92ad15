"""What a commit costs, in words: one sentence that claims no more than was measured and proven, and a small table."""

from collections.abc import Iterator

from aiops_planner.cost_change import CommitCost, CommitFleet, CostDifference
from aiops_planner.performance import Interval
from aiops_planner.plans import Infeasible, Plan
from aiops_reports import formatting
from aiops_reports.rows import Judgement, Row

HEADS = ("Compared", "Before", "After", "Difference", "95 %")
NO_FLEET = "no fleet"
_JUDGED: dict[str, Judgement] = {"cheaper": "ok", "same": "ok", "no_fleet": "bad"}
_DIVIDED = "if machines could be divided"


def cost_row(plan: Plan | Infeasible) -> Iterator[Row]:
    """The verdict as a row of a summary; nothing for a plan that was not compared."""
    cost = plan.commit_cost
    if cost is not None:
        possible = cost.verdict == "no_fleet" and cost.after.status != "infeasible"
        judgement = "ok" if possible else _JUDGED.get(cost.verdict, "neutral")
        yield Row(label="Commit", value=sentence(cost), judgement=judgement)


def title(cost: CommitCost) -> str:
    """A heading that names both commits, where they have names."""
    if cost.before.name is None or cost.after.name is None:
        return "What the commit costs"
    return f"What the commit costs, from {cost.before.name} to {cost.after.name}"


def sentence(cost: CommitCost) -> str:
    """The verdict: what the commit costs, how sure that is, and what of it whole machines show."""
    if cost.verdict == "no_fleet":
        return _without_fleet(cost.before, cost.after)
    if cost.verdict == "same":
        return "this commit changes nothing that the fleet is sized by, so it costs the same"
    if cost.marginal is None:
        return f"what the commit costs {_DIVIDED} was not found in time{_whole(cost)}"
    changed = _changed(cost.marginal)
    if cost.verdict == "not_told_apart":
        return (
            "the measurements cannot tell whether this commit costs anything: "
            f"{_change(cost.marginal)} {_DIVIDED} ({_sure(cost.marginal.ci)}){_whole(cost)}"
        )
    if cost.verdict == "not_known":
        reason = cost.no_interval_because or "there is no interval"
        return f"this commit costs {changed} {_DIVIDED}{_whole(cost)}; how sure that is is not known: {reason}"
    return f"this commit costs {changed} {_DIVIDED} ({_sure(cost.marginal.ci)}){_whole(cost)}"


def table(cost: CommitCost) -> tuple[tuple[str, ...], ...]:
    """A row of cells each for whole machines, machines that could be divided, machines and capacity, under `HEADS`."""
    before, after = cost.before, cost.after
    return tuple(
        row
        for row in (
            ("Whole machines", _monthly(before), _monthly(after), *_cells(cost.whole_machines)),
            ("If divided", *_divided(before, after), *_cells(cost.marginal)),
            ("Machines", _machines(before), _machines(after), _more_machines(before, after), ""),
            ("Measured capacity", *_capacities(before, after), ""),
        )
        if any(cell not in (formatting.MISSING, "") for cell in row[1:])
    )


def remarks(cost: CommitCost) -> tuple[str, ...]:
    """What to know before believing the figures, as sentences."""
    proven = () if cost.is_proven is not False else (_not_proven(cost),)
    unknown = () if cost.no_interval_because is None else (f"No interval: {cost.no_interval_because}",)
    return tuple(map(formatting.sentence, (*proven, *unknown, *cost.notes)))


def signed(usd: float) -> str:
    """A difference in US dollars: +$214, -$1.20, $0."""
    return f"+{formatting.money(usd)}" if usd > 0 else formatting.money(usd + 0.0)


def _without_fleet(before: CommitFleet, after: CommitFleet) -> str:
    if before.status == after.status:
        return "no fleet meets the target, neither before this commit nor after it"
    reasons = "; ".join(before.reasons or after.reasons) or "no reason is recorded"
    if after.status == "infeasible":
        cost = formatting.money(before.usd_per_month, "month")
        return f"this commit leaves no fleet that meets the target, which one for {cost} did before: {reasons}"
    cost = formatting.money(after.usd_per_month, "month")
    return f"this commit makes a fleet possible, for {cost}; before it none met the target: {reasons}"


def _changed(change: CostDifference) -> str:
    """$214/month more (12.3 %), $3.10/month less."""
    usd = change.usd_per_month
    amount = formatting.money(abs(usd), "month")
    share = f" ({formatting.percent(abs(change.share))})" if change.share else ""
    return f"{amount} {'more' if usd > 0 else 'less'}{share}" if usd else "the same"


def _change(change: CostDifference) -> str:
    return f"{signed(change.usd_per_month)}/month"


def _sure(interval: Interval | None) -> str:
    assert interval is not None  # a verdict with an interval
    return f"95 %: {formatting.interval(interval.low, interval.high, signed)}"


def _whole(cost: CommitCost) -> str:
    """What whole machines show of it, which is nothing where less than one machine is at stake."""
    change = cost.whole_machines
    if change is None:
        return ""
    if change.usd_per_month:
        doubt = "" if cost.is_proven else ", which the solver has not proven"
        return f", and {_changed(change)} in whole machines{doubt}"
    return f"; whole machines cost the same{_too_little(cost)}"


def _too_little(cost: CommitCost) -> str:
    """Why whole machines do not show a difference that was told."""
    change, least = cost.marginal, cost.least_machine_usd_per_month
    if change is None or not change.is_told or least is None or abs(change.usd_per_month) >= least:
        return ""
    return f", as it is less than the {formatting.money(least, 'month')} of one"


def _not_proven(cost: CommitCost) -> str:
    left = cost.solver_range
    if cost.whole_machines is None or left is None:
        return ""
    between = formatting.interval(left.low, left.high, signed)
    return f"In whole machines the solver left open a difference of {between} a month, so its sign is not proven"


def _cells(change: CostDifference | None) -> tuple[str, str]:
    if change is None:
        return (formatting.MISSING, formatting.MISSING)
    share = f" ({'+' if change.share > 0 else ''}{formatting.percent(change.share)})" if change.share else ""
    interval = change.ci
    within = formatting.MISSING if interval is None else formatting.interval(interval.low, interval.high, signed)
    return (f"{signed(change.usd_per_month)}{share}", within)


def _monthly(fleet: CommitFleet) -> str:
    return formatting.money(fleet.usd_per_month, missing=NO_FLEET)


def _divided(before: CommitFleet, after: CommitFleet) -> tuple[str, str]:
    return (formatting.money(before.lp_usd_per_month), formatting.money(after.lp_usd_per_month))


def _machines(fleet: CommitFleet) -> str:
    return formatting.MISSING if fleet.machines is None else f"{fleet.machines:,}"


def _more_machines(before: CommitFleet, after: CommitFleet) -> str:
    if before.machines is None or after.machines is None:
        return formatting.MISSING
    more = after.machines - before.machines
    return f"{more:+,}" if more else "0"


def _capacities(before: CommitFleet, after: CommitFleet) -> tuple[str, str, str]:
    first, second = before.capacity_rps, after.capacity_rps
    shown = (formatting.rate(first), formatting.rate(second))
    if not first or second is None:
        return (*shown, formatting.MISSING)
    share = second / first - 1
    return (*shown, f"{'+' if share > 0 else ''}{formatting.percent(share)}")
