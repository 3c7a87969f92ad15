"""What explains a plan, in sentences: what a little more costs, which limits bind, why other offers were not chosen."""

from collections.abc import Iterator

from aiops_planner.explanations import BindingLimit
from aiops_planner.plans import Marginal, Plan
from aiops_reports import formatting
from aiops_reports.rows import Row

MOST_LIMITS = 3  # in a short table


def explanation(plan: Plan) -> tuple[str, ...]:
    """The sentences on what a little more of demand, objective and limits would cost or save."""
    more = () if plan.marginal is None else tuple(_marginal(plan.marginal))
    return (*more, *(formatting.sentence(f"{limit.limit} {_binds(limit)}") for limit in plan.binding_limits))


def limit_rows(plan: Plan) -> Iterator[Row]:
    """The limits that cost most, as rows of a summary."""
    costly = sorted(plan.binding_limits, key=lambda limit: -(limit.saves_usd_per_month_per_unit or 0.0))
    for limit in costly[:MOST_LIMITS]:
        yield Row(label="Limit", value=f"{limit.limit} {_binds(limit)}")


def _marginal(cost: Marginal) -> Iterator[str]:
    monthly, linear = cost.demand_plus_1_percent_usd_per_month, cost.lp_usd_per_month_per_percent
    if monthly is None:
        yield "No fleet within the limits carries 1 % more demand, or none was proven the cheapest."
    else:
        divided = f" in whole machines, {formatting.money(linear, 'month')} if machines could be divided"
        yield f"1 % more demand costs {formatting.money(monthly, 'month')}{divided if linear is not None else ''}."
    tighter = cost.objective_minus_10_percent_usd_per_month
    if tighter is not None:
        yield f"Limits on response time that are 10 % tighter cost {formatting.money(tighter, 'month')} more."


def _binds(limit: BindingLimit) -> str:
    """What more of a limit would save, and how much of it whole machines use, which may be less than divided ones."""
    used = "" if limit.used is None else f"{_amount(limit)}"
    saves = limit.saves_usd_per_month_per_unit
    if not saves:
        return f"binds{used and f' ({used} used)'}, but more of it would save nothing"
    more = (
        f"costs money: one {limit.unit} more would save {formatting.money(saves, 'month')} if machines could be divided"
    )
    return f"{more}{used and f'; whole machines use {used}'}"


def _amount(limit: BindingLimit) -> str:
    used = limit.used or 0.0
    if limit.unit == "USD/month":
        return formatting.money(used, "month")
    return formatting.percent(used / 100) if limit.unit == "percentage point" else formatting.number(used)
