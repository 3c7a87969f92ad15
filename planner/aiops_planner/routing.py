"""How a fleet shares the traffic: the load balancer's weights that keep the busiest offer as idle as possible."""

from collections.abc import Mapping, Sequence

from aiops_planner.errors import SolverError
from aiops_planner.model import Model
from aiops_planner.offers import Offer
from aiops_planner.solver import FEASIBILITY_TOLERANCE, solve

Shares = dict[tuple[int, str], float]


def route(offers: Sequence[Offer], counts: Sequence[int], rates_rps: Mapping[str, float]) -> Shares:
    """Requests/s by (offer, class) for one hour, with every offer at the same utilisation where classes allow it.

    `counts` are machines by offer. Raises SolverError when the machines cannot carry the rates.
    """
    wanted = {name: rate for name, rate in rates_rps.items() if rate > 0}
    if len(wanted) > 1:
        return _route_classes(offers, counts, wanted)
    shares: Shares = {}
    for name, rate in wanted.items():
        capacity = {index: counts[index] * offer.capacity_rps.get(name, 0.0) for index, offer in enumerate(offers)}
        total = sum(capacity.values())
        _check(rate / total if total else float("inf"))
        shares |= {(index, name): rate * part / total for index, part in capacity.items() if part}
    return shares


def _route_classes(offers: Sequence[Offer], counts: Sequence[int], rates_rps: Mapping[str, float]) -> Shares:
    """Minimise u with  sum_i y_ib = D_b,  sum_b y_ib / kappa_ib <= u n_i."""
    model = Model()
    utilisation = model.add_variable()
    model.minimise([(utilisation, 1.0)])
    flows = {
        (index, name): model.add_variable()
        for name in rates_rps
        for index, offer in enumerate(offers)
        if counts[index] and offer.capacity_rps.get(name)
    }
    for number, (name, rate) in enumerate(rates_rps.items()):
        arriving = [(flow, 1 / rate) for (_, served), flow in flows.items() if served == name]
        model.add_row(f"carry_{number}", arriving, low=1, high=1)
    for index, offer in enumerate(offers):
        load = [(flow, 1 / offer.capacity_rps[name]) for (i, name), flow in flows.items() if i == index]
        model.add_row(f"load_{index}", [*load, (utilisation, -float(counts[index]))], high=0)
    outcome = solve(model, time_limit_s=10.0, relaxed=True)
    _check(float("inf") if outcome.objective is None else outcome.objective)
    return {pair: outcome.values[flow] for pair, flow in flows.items() if outcome.values[flow] > 0}


def _check(utilisation: float) -> None:
    if utilisation > 1 + FEASIBILITY_TOLERANCE:
        raise SolverError(
            f"the solver's fleet would run at {utilisation:.2%} of its capacity; please report this problem as a defect"
        )
