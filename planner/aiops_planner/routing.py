"""How a fleet shares the traffic: the load balancer's weights that keep the busiest offer as idle as possible.

Where sending answers costs money, the least of that comes first.
"""

from collections.abc import Mapping, Sequence

from aiops_planner.errors import SolverError
from aiops_planner.model import Model, Terms
from aiops_planner.offers import Offer
from aiops_planner.plans import CloudShare
from aiops_planner.solver import FEASIBILITY_TOLERANCE, Outcome, solve
from aiops_planner.wording import percent

Shares = dict[tuple[int, str], float]

_LIMIT_S = 10.0
_NO_SHARES: Mapping[str, CloudShare] = {}


def route(
    offers: Sequence[Offer],
    counts: Sequence[int],
    rates_rps: Mapping[str, float],
    cloud_shares: Mapping[str, CloudShare] = _NO_SHARES,
) -> Shares:
    """Requests/s by (offer, class) for one hour, with every offer at the same utilisation where classes allow it.

    `counts` are machines by offer. Raises SolverError when the machines cannot carry the rates.
    """
    wanted = {name: rate for name, rate in rates_rps.items() if rate > 0}
    used = [offer for offer, count in zip(offers, counts, strict=True) if count]
    if len(wanted) > 1 or cloud_shares or any(offer.egress_usd_per_request for offer in used):
        return _Routing(offers, counts, wanted, cloud_shares).shares()
    shares: Shares = {}
    for name, rate in wanted.items():
        capacity = {index: counts[index] * offer.capacity_rps.get(name, 0.0) for index, offer in enumerate(offers)}
        total = sum(capacity.values())
        _check(rate / total if total else float("inf"))
        shares |= {(index, name): rate * part / total for index, part in capacity.items() if part}
    return shares


def egress_usd_per_hour(offers: Sequence[Offer], shares: Shares) -> float:
    """What sending the answers of an hour costs."""
    sent = (rate * offers[index].egress_usd_per_request.get(name, 0.0) for (index, name), rate in shares.items())
    return 3600.0 * sum(sent)


class _Routing:
    """Minimise u with  sum_i y_ib = D_b,  sum_b y_ib / kappa_ib <= u n_i,  and clouds within their shares.

    Flows y are in shares of their class.
    """

    def __init__(
        self,
        offers: Sequence[Offer],
        counts: Sequence[int],
        rates_rps: Mapping[str, float],
        cloud_shares: Mapping[str, CloudShare],
    ) -> None:
        self.offers = offers
        self.rates_rps = rates_rps
        self.model = Model()
        self.utilisation = self.model.add_variable()
        self.flows = {
            (index, name): self.model.add_variable()
            for name in rates_rps
            for index, offer in enumerate(offers)
            if counts[index] and offer.capacity_rps.get(name)
        }
        for number, name in enumerate(rates_rps):
            arriving = [(flow, 1.0) for (_, served), flow in self.flows.items() if served == name]
            self.model.add_row(f"carry_{number}", arriving, low=1, high=1)
        for index, offer in enumerate(offers):
            load = [(flow, rates_rps[b] / offer.capacity_rps[b]) for (i, b), flow in self.flows.items() if i == index]
            if load:
                self.model.add_row(f"load_{index}", [*load, (self.utilisation, -float(counts[index]))], high=0)
        for cloud, share in cloud_shares.items():
            parts = [
                (flow, rates_rps[name] / sum(rates_rps.values()))
                for (index, name), flow in self.flows.items()
                if offers[index].cloud == cloud
            ]
            self.model.add_row(f"share_{cloud}", parts, low=share.least, high=share.most)

    def shares(self) -> Shares:
        """The flows, the cheapest to answer first, then those that load the busiest offer least."""
        egress: Terms = [
            (flow, self.rates_rps[name] * usd)
            for (index, name), flow in self.flows.items()
            if (usd := self.offers[index].egress_usd_per_request.get(name))
        ]
        if egress:
            self._pay_least(egress)
        self.model.minimise([(self.utilisation, 1.0)])
        outcome = self._solved()
        _check(float("inf") if outcome.objective is None else outcome.objective)
        return {
            (index, name): outcome.values[flow] * self.rates_rps[name]
            for (index, name), flow in self.flows.items()
            if outcome.values[flow] > 0
        }

    def _pay_least(self, egress: Terms) -> None:
        """Let no flows be chosen that cost more than the cheapest that the machines can carry."""
        scale = max(usd for _, usd in egress)
        egress = [(flow, usd / scale) for flow, usd in egress]
        self.model.highs[self.utilisation] = 1 + FEASIBILITY_TOLERANCE
        self.model.minimise(egress)
        cheapest = self._solved().objective
        _check(float("inf") if cheapest is None else 1.0)
        self.model.minimise([(flow, -usd) for flow, usd in egress])  # leaves no costs for what is minimised next
        self.model.add_row("egress", egress, high=(cheapest or 0.0) * (1 + FEASIBILITY_TOLERANCE))

    def _solved(self) -> Outcome:
        return solve(self.model, time_limit_s=_LIMIT_S, relaxed=True)


def _check(utilisation: float) -> None:
    if utilisation > 1 + FEASIBILITY_TOLERANCE:
        raise SolverError(
            f"the solver's fleet would run at {percent(utilisation, 2)} of its capacity; please report this problem as "
            "a defect"
        )
