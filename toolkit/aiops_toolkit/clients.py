"""From `capacity.clients` of aiops.yml to a problem whose demand comes from client regions."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from aiops_planner.clients import Clients, Spread, spread, within_reach
from aiops_planner.demand import SINGLE_CLASS, Demand
from aiops_planner.errors import ConfigError, UsageError
from aiops_planner.objectives import beyond, multiplied, nearest_limit_s
from aiops_planner.offers import Offer
from aiops_planner.performance import Objective
from aiops_planner.plans import LeftOut, Origin, Problem
from aiops_planner.round_trips import RoundTrips, read_round_trips, shipped_round_trips
from aiops_toolkit.config.settings import ClientsSettings

SizedFor: TypeAlias = Callable[[Objective], tuple[Offer, ...]]


def clients_from(settings: ClientsSettings, root: Path) -> Clients:
    """Client regions and the network to them. Raises UsageError for a table of round trips that cannot be read."""
    own = RoundTrips(seconds={}) if settings.round_trips is None else _read(root / settings.round_trips)
    return Clients(
        round_trips_s={**shipped_round_trips().seconds, **own.seconds},
        shares=settings.shares,
        egress_usd_per_gb=settings.egress_usd_per_gb,
        answer_bytes=settings.answer_bytes,
    )


def without_origins(demand: Demand, settings: ClientsSettings) -> Demand:
    """The demand as what sizes the offers sees it: all of one class where its classes are client regions."""
    if settings.shares:
        return demand
    return replace(demand, classes=(SINGLE_CLASS,), rps=tuple((sum(row),) for row in demand.rps))


def reached(
    problem: Problem, origin: Origin, sized_for: SizedFor | None, demand: Demand, clients: Clients
) -> tuple[Problem, Origin]:
    """The problem with `demand` by client region, and its offers with what they carry for each.

    `sized_for` gives the offers sized for another objective; without it they state the response time of their
    capacity. Raises ConfigError where no limit on response time says how far clients may be.
    """
    objective = problem.proof.objective
    if nearest_limit_s(objective) is None:
        raise ConfigError(
            "capacity.clients needs to know how long an answer may take; add capacity.slo, like p99: 200ms"
        )
    asked = spread(demand, clients)
    offers, left_out = _placed(problem.offers, asked, clients, objective, sized_for)

    def offers_at(factor: float) -> tuple[Offer, ...]:
        assert sized_for is not None  # else nobody asks
        other = multiplied(objective, factor)
        return _placed(sized_for(other), asked, clients, other, sized_for)[0]

    each = dict.fromkeys(asked.demand.classes, objective)  # no client region pays for the nearness of another
    return (
        replace(problem, demand=asked.demand, offers=offers, proof=replace(problem.proof, objectives=each)),
        replace(
            origin,
            left_out=(*origin.left_out, *left_out),
            notes=(*origin.notes, *_notes(clients)),
            offers_at=None if origin.offers_at is None else offers_at,
        ),
    )


def _placed(
    offers: tuple[Offer, ...], asked: Spread, clients: Clients, objective: Objective, sized_for: SizedFor | None
) -> tuple[tuple[Offer, ...], tuple[LeftOut, ...]]:
    limit_s = nearest_limit_s(objective) or 0.0

    def sized_at(distance_s: float) -> Mapping[str, Mapping[str, float]]:
        left = beyond(objective, distance_s)
        sized = () if left is None or sized_for is None else sized_for(left)
        return {offer.key: offer.capacity_rps for offer in sized}

    if sized_for is None and objective.p99 is None:
        raise ConfigError(
            "capacity.clients: offers state their p99, so capacity.slo has to limit it too; add p99, like p99: 200ms"
        )
    own_limit_s = limit_s if sized_for is not None else objective.p99 or 0.0
    reach = within_reach(offers, asked, clients, own_limit_s, None if sized_for is None else sized_at)
    return reach.offers, reach.left_out


def _notes(clients: Clients) -> list[str]:
    """What the reader has to know of the network."""
    dates = shipped_round_trips().dates
    notes = [
        f"round trips that are not your own are means of pings between regions of one cloud, from {dates[0]} to "
        f"{dates[-1]}; the way from a home or an office to its region comes on top"
    ]
    if not clients.egress_usd_per_gb:
        notes.append("sending answers is not in the costs, since capacity.clients.egress does not say what a GB costs")
    return notes


def _read(path: Path) -> RoundTrips:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return read_round_trips(file, str(path))
    except OSError as error:
        raise UsageError(f"{path}: the round trips cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: the round trips are not UTF-8 text; save them as UTF-8 CSV") from None
