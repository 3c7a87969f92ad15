"""One hour of a fleet, simulated: requests drawn by class and machine type as the plan shares them out.

Machine types are independent of each other: the load balancer's weights split the arrivals between them at random. A
fleet of very many machines is simulated by some of them with their part of the traffic, which errs on the safe side:
turns and shortest queues even out less among fewer machines.

Where classes have objectives of their own, a class waits as all requests to its machines do, whatever it is of, since
they are served in the order of their arrival. So its response times are these waits with service times of its own, as
many as are simulated, however rare it is. What shares no machine is simulated apart, with arrivals of its own.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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
    """The percentiles of so many requests; None where the machines cannot keep up. `utilisation` is of the busiest.

    `by_class` has those of each class where classes have objectives of their own.
    """

    percentiles: Percentiles | None
    utilisation: float
    requests: int
    by_class: Mapping[str, Percentiles] = field(default_factory=dict)


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
    random = np.random.default_rng(proof.seed)
    groups = _sharing(stations) if proof.objectives else [stations]
    runs = [_run(group, proof, random) for group in groups]
    response_s = runs[0].response_s if len(runs) == 1 else _blended(runs, proof.requests, random)
    by_class = {
        name: percentiles_of(run.responses_of(name, random)) for run in runs if proof.objectives for name in run.classes
    }
    return Outcome(
        percentiles=percentiles_of(response_s), utilisation=utilisation, requests=proof.requests, by_class=by_class
    )


def _stations(
    flows_rps: Mapping[tuple[int, str], float], offers: Sequence[Offer], counts: Sequence[int]
) -> list[_Station]:
    """The machines that get traffic, loaded by so much more as they are less efficient than their queue."""
    by_offer: dict[int, dict[str, float]] = {}
    for (index, name), rate in flows_rps.items():
        if rate > 0:
            factor = offers[index].load_factor.get(name, 1.0)
            by_offer.setdefault(index, {})[name] = rate * factor / offers[index].efficiency
    return [_Station(offer=offers[index], machines=counts[index], rates_rps=rates) for index, rates in by_offer.items()]


def _sharing(stations: Sequence[_Station]) -> list[list[_Station]]:
    """The stations in groups without a class in common."""
    groups: list[list[_Station]] = []
    for station in stations:
        touching = [group for group in groups if any(other.rates_rps.keys() & station.rates_rps for other in group)]
        groups = [group for group in groups if not any(group is other for other in touching)]
        groups.append([other for group in touching for other in group] + [station])
    return groups


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """Stations with what comes to them before they are thinned; responses in the order of arrival, and the waits."""

    stations: Sequence[_Station]
    response_s: Floats
    waits_s: Sequence[Floats]

    @property
    def rate_rps(self) -> float:
        """All requests to these stations."""
        return sum(sum(station.rates_rps.values()) for station in self.stations)

    @property
    def classes(self) -> list[str]:
        """The classes of the requests."""
        return list(dict.fromkeys(name for station in self.stations for name in station.rates_rps))

    def responses_of(self, name: str, random: np.random.Generator) -> Floats:
        """Response times of one class, as many as requests of all classes, at each station in the order of arrival."""
        rates = np.array([station.rates_rps.get(name, 0.0) for station in self.stations])
        chosen = random.choice(len(rates), size=len(self.response_s), p=rates / rates.sum())
        response_s = np.empty(len(chosen))
        for number, station in enumerate(self.stations):
            if name not in station.rates_rps:
                continue
            own, offer = chosen == number, station.offer
            count = int(own.sum())
            service_s = draw_service_s(offer.service_mean_s[name], offer.service_p99_s.get(name), count, random)
            response_s[own] = _evenly(self.waits_s[number], count) + service_s + offer.network_s.get(name, 0.0)
        return response_s


def _blended(runs: Sequence[_Run], count: int, random: np.random.Generator) -> Floats:
    """So many response times of all runs, in proportion to their rates."""
    rates = np.array([run.rate_rps for run in runs])
    chosen = random.choice(len(runs), size=count, p=rates / rates.sum())
    response_s = np.empty(count)
    for number, run in enumerate(runs):
        own = chosen == number
        response_s[own] = _evenly(run.response_s, int(own.sum()))
    return response_s


def _evenly(values: Floats, count: int) -> Floats:
    """So many of the values, evenly spread over them; zeros where a station is so idle that none came."""
    return values[np.arange(count) * len(values) // max(count, 1)] if len(values) else np.zeros(count)


def _run(stations: Sequence[_Station], proof: Proof, random: np.random.Generator) -> _Run:
    """What becomes of as many requests as are asked for."""
    total_rps = sum(sum(station.rates_rps.values()) for station in stations)
    scv = 1.0 if proof.arrival_times_s else proof.arrival_scv
    kept = [station.thinned(proof.requests * sum(station.rates_rps.values()) / total_rps, scv) for station in stations]
    pairs = [(station, name, rate) for station in kept for name, rate in station.rates_rps.items()]
    rates = np.array([rate for _, _, rate in pairs])
    arrivals_s = _arrivals(proof, float(rates.sum()), random)
    pair = random.choice(len(pairs), size=proof.requests, p=rates / rates.sum())
    service_s = np.empty(proof.requests)
    for number, (station, name, _) in enumerate(pairs):
        own = pair == number
        mean_s, p99_s = station.offer.service_mean_s[name], station.offer.service_p99_s.get(name)
        service_s[own] = draw_service_s(mean_s, p99_s, int(own.sum()), random)
    response_s = np.empty(proof.requests)
    waits_s = []
    for station in kept:
        own = np.isin(pair, [number for number, (other, _, _) in enumerate(pairs) if other is station])
        response_s[own] = response_times(
            arrivals_s[own],
            service_s[own],
            machines=station.machines,
            servers=station.offer.servers or 1,
            routing=proof.routing,
            random=random,
        )
        waits_s.append(response_s[own] - service_s[own])
    network_s: Floats = np.array([station.offer.network_s.get(name, 0.0) for station, name, _ in pairs])
    return _Run(stations=stations, response_s=response_s + network_s[pair], waits_s=waits_s)


def _arrivals(proof: Proof, rate_rps: float, random: np.random.Generator) -> Floats:
    if proof.arrival_times_s:
        return replayed_arrivals(proof.arrival_times_s, rate_rps, proof.requests)
    return renewal_arrivals(rate_rps, proof.arrival_scv, proof.requests, random)
