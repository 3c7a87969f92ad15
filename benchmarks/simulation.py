"""How long one million simulated requests take, beside ciw on fewer of them, and how near M/M/c they come."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import process_time

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from aiops_planner.proofs import Routing
from aiops_planner.queueing import ServiceTime
from aiops_planner.simulation import Percentiles, draw_service_s, percentiles_of, poisson_arrivals, response_times
from peers.figures import Bar, spread, table
from peers.scripts import Turns, describe_machine, read_turns, run_script
from support.planner_queues import ciw_response_s, response_percentile_s

MILLION, CHECK_REQUESTS, PEER_REQUESTS = 1_000_000, 20_000, 20_000
MACHINES, SERVERS, BUSY, MEAN_S = 16, 4, 0.8, 0.02
RATE_RPS = BUSY * SERVERS / MEAN_S  # at one machine
SECONDS_BAR, ERROR_BAR_PERCENT = 3.0, 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way to simulate: how many requests, at how many machines; the p99 is known where arrivals stay Poisson."""

    name: str
    requests: int
    simulate: Callable[[int], Percentiles]
    known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """CPU seconds of one run, scaled to a million requests, and its p99."""

    seconds: float
    p99_s: float


def ours(routing: Routing, machines: int, requests: int, seed: int) -> Percentiles:
    """Poisson arrivals and exponential service, from drawing them to the intervals."""
    random = np.random.default_rng(seed)
    arrivals_s = poisson_arrivals(RATE_RPS * machines, requests, random)
    service_s = draw_service_s(MEAN_S, None, requests, random)
    return percentiles_of(
        response_times(arrivals_s, service_s, machines=machines, servers=SERVERS, routing=routing, random=random)
    )


def peer() -> Way | None:
    """Ciw at one machine, for it routes between machines in another way; None with a word where it is missing."""
    try:
        import ciw  # noqa: PLC0415
    except ImportError:
        print("ciw: skipped, not installed (pip install ciw)")
        return None
    service = ciw.dists.Exponential(rate=1 / MEAN_S)

    def simulate(seed: int) -> Percentiles:
        return percentiles_of(ciw_response_s(RATE_RPS, service, SERVERS, requests=PEER_REQUESTS, seed=seed))

    return Way(name=f"ciw {ciw.__version__}, one machine", requests=PEER_REQUESTS, simulate=simulate, known=True)


def ways(requests: int) -> list[Way]:
    """Every way that takes part."""
    machines: dict[str, tuple[Routing, int, bool]] = {
        "aiops, round-robin": ("round-robin", MACHINES, False),
        "aiops, random": ("random", MACHINES, True),
        "aiops, shortest-queue": ("shortest-queue", MACHINES, False),
        "aiops, one machine": ("random", 1, True),
    }
    found = [
        Way(name=name, requests=requests, simulate=partial(ours, routing, count, requests), known=known)
        for name, (routing, count, known) in machines.items()
    ]
    other = peer()
    return [*found, *([other] if other else [])]


def run(way: Way, seed: int) -> Run:
    """One run of a way."""
    began_s = process_time()
    found = way.simulate(seed)
    seconds = (process_time() - began_s) * MILLION / way.requests
    return Run(seconds=seconds, p99_s=found.response_s.p99 or 0.0)


def main() -> None:
    """Print CPU seconds a million requests and the error of the p99 for each way, then the bars."""
    turns = read_turns(__doc__, usual=Turns(rounds=3))
    requests = CHECK_REQUESTS if turns.check else MILLION
    print(f"Simulation: {requests:,} requests at {MACHINES} machines of {SERVERS} servers that are {BUSY:.0%} busy")
    print(describe_machine())
    taking_part = ways(requests)
    done: dict[str, list[Run]] = {way.name: [] for way in taking_part}
    for seed in range(turns.rounds):
        for way in taking_part:
            done[way.name].append(run(way, seed))
    report(taking_part, done)


def report(taking_part: list[Way], done: dict[str, list[Run]]) -> None:
    """One line a way, then our bars."""
    exact_s = response_percentile_s("p99", RATE_RPS, ServiceTime.exponential(MEAN_S), SERVERS)
    rows = [["way", "requests", "CPU s a million", "p99 ms", "p99 off M/M/c %"]]
    for way in taking_part:
        runs = done[way.name]
        off = spread([abs(each.p99_s / exact_s - 1) * 100 for each in runs])
        rows.append(
            [
                way.name,
                f"{way.requests:,}",
                f"{spread([each.seconds for each in runs]):.2f}",
                f"{spread([each.p99_s * 1e3 for each in runs]):.1f}",
                f"{off:.1f}" if way.known else "",
            ]
        )
    print(f"\n{table(rows)}\n")
    for way in taking_part[:3]:
        seconds = spread([each.seconds for each in done[way.name]])
        print(Bar(what=f"{way.name}, CPU s a million", measured=seconds, limit=SECONDS_BAR))
    off = spread([abs(each.p99_s / exact_s - 1) * 100 for each in done["aiops, random"]])
    print(Bar(what="p99 off M/M/c, %", measured=off, limit=ERROR_BAR_PERCENT))


if __name__ == "__main__":
    run_script(main)
