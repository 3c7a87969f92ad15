"""One hour of a fleet, simulated: requests drawn by class and machine type as the plan shares them out.

Machine types are independent of each other: the load balancer's weights split the arrivals between them at random. A
fleet of very many machines is simulated by some of them with their part of the traffic, which errs on the safe side:
turns and shortest queues even out less among fewer machines.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aiops_planner.offers import Offer
from aiops_planner.proofs import Proof
from aiops_planner.simulation import (
    Floats,
    Percentiles,
    draw_service_s,
    percentiles_of,
    renewal_arrivals,
    replayed_arrivals,
    response_times,
)

FEWEST_MACHINES = 16  # of one type, before only some of them are simulated
RELAXATIONS = 40  # that a simulation lasts at least, of which the start takes four


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The percentiles of so many requests; None where the machines cannot keep up. `utilisation` is of the busiest."""

    percentiles: Percentiles | None
    utilisation: float
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Station:
    """Equal machines and what comes to all of them, requests/s by class."""

    offer: Offer
    machines: int
    rates_rps: Mapping[str, float]

    @property
    def utilisation(self) -> float:
        """Work that comes in as a share of what the servers can do."""
        work = sum(rate * self.offer.service_mean_s[name] for name, rate in self.rates_rps.items())
        servers = self.machines * (self.offer.servers or 1)
        return work / servers if servers else math.inf

    def thinned(self, requests: float, arrival_scv: float) -> "_Station":
        """As many of the machines as so many requests keep busy for long enough to forget the empty start.

        A queue of c servers forgets within (ca2 + 1) / 2 / (1 - sqrt(rho))^2 services of a machine.
        """
        relaxation = max(1.0, (arrival_scv + 1) / 2) / (1 - math.sqrt(self.utilisation)) ** 2
        most = max(FEWEST_MACHINES, int(requests / (RELAXATIONS * relaxation)))
        kept = min(self.machines, most)
        rates = {name: rate * kept / self.machines for name, rate in self.rates_rps.items()}
        return _Station(offer=self.offer, machines=kept, rates_rps=rates)


def simulate(
    flows_rps: Mapping[tuple[int, str], float], offers: Sequence[Offer], counts: Sequence[int], proof: Proof
) -> Outcome:
    """The response times of requests that come to `counts` machines of each offer, by (offer, class) in requests/s.

    Every offer that gets a flow states its servers and the service time of that class.
    """
    stations = _stations(flows_rps, offers, counts)
    utilisation = max((station.utilisation for station in stations), default=0.0)
    if not stations or utilisation >= 1:
        return Outcome(percentiles=None, utilisation=utilisation, requests=0)
    total_rps = sum(sum(station.rates_rps.values()) for station in stations)
    scv = 1.0 if proof.arrival_times_s else proof.arrival_scv
    kept = [station.thinned(proof.requests * sum(station.rates_rps.values()) / total_rps, scv) for station in stations]
    found = percentiles_of(_responses(kept, proof))
    return Outcome(percentiles=found, utilisation=utilisation, requests=proof.requests)


def _stations(
    flows_rps: Mapping[tuple[int, str], float], offers: Sequence[Offer], counts: Sequence[int]
) -> list[_Station]:
    """The machines that get traffic, loaded by so much more as they are less efficient than their queue."""
    by_offer: dict[int, dict[str, float]] = {}
    for (index, name), rate in flows_rps.items():
        if rate > 0:
            by_offer.setdefault(index, {})[name] = rate / offers[index].efficiency
    return [_Station(offer=offers[index], machines=counts[index], rates_rps=rates) for index, rates in by_offer.items()]


def _responses(stations: Sequence[_Station], proof: Proof) -> Floats:
    """The response time of every request in the order of arrival, seconds."""
    random = np.random.default_rng(proof.seed)
    pairs = [(station, name, rate) for station in stations for name, rate in station.rates_rps.items()]
    rates = np.array([rate for _, _, rate in pairs])
    arrivals_s = _arrivals(proof, float(rates.sum()), random)
    pair = random.choice(len(pairs), size=proof.requests, p=rates / rates.sum())
    service_s = np.empty(proof.requests)
    for number, (station, name, _) in enumerate(pairs):
        own = pair == number
        mean_s, p99_s = station.offer.service_mean_s[name], station.offer.service_p99_s.get(name)
        service_s[own] = draw_service_s(mean_s, p99_s, int(own.sum()), random)
    response_s = np.empty(proof.requests)
    for station in stations:
        own = np.isin(pair, [number for number, (other, _, _) in enumerate(pairs) if other is station])
        response_s[own] = response_times(
            arrivals_s[own],
            service_s[own],
            machines=station.machines,
            servers=station.offer.servers or 1,
            routing=proof.routing,
            random=random,
        )
    network_s: Floats = np.array([station.offer.network_s.get(name, 0.0) for station, name, _ in pairs])
    return response_s + network_s[pair]


def _arrivals(proof: Proof, rate_rps: float, random: np.random.Generator) -> Floats:
    if proof.arrival_times_s:
        return replayed_arrivals(proof.arrival_times_s, rate_rps, proof.requests)
    return renewal_arrivals(rate_rps, proof.arrival_scv, proof.requests, random)
