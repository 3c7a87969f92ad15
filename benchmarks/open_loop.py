"""How far the median response time that a load generator reports in open loop is from the server's own, beside peers.

The server takes 10 ms by a timer and says what it really took; whatever a generator reports beyond that is its own.
"""

import json
from dataclasses import dataclass

from peers.children import ChildError, fetch, serving
from peers.figures import Bar, spread, table
from peers.generators import HEY_REQUESTS_EACH_S, Generator, Load, hey, ours, usable, with_aiohttp
from peers.scripts import Turns, describe_machine, read_turns, run_script

SERVICE_S = 0.010
RATES_RPS = (1_000, 5_000)
ERROR_BARS_US = {1_000: 200.0, 5_000: 400.0}
CPU_BARS_PERCENT = {5_000: 40.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One load, and what the server says of it: its median from request read to answer written, its CPU seconds."""

    load: Load
    truth_s: float
    server_cpu_s: float

    @property
    def error_us(self) -> float:
        """The median the generator reports beyond the server's own. Raises ChildError when it reports none."""
        if self.load.p50_s is None:
            raise ChildError("a generator got no answer at all")
        return (self.load.p50_s - self.truth_s) * 1e6

    @property
    def cpu_percent(self) -> float:
        """The generator's share of one core."""
        return self.load.cpu_s / self.load.seconds * 100

    @property
    def server_cpu_percent(self) -> float:
        """The server's share of one core: far from 100, or it is the server that is measured."""
        return self.server_cpu_s / self.load.seconds * 100


def main() -> None:
    """Print error and CPU share of each generator at each rate, and the bars."""
    turns = read_turns(__doc__, usual=Turns(rounds=5, seconds=3.0))
    print(f"Open loop: error of the reported median response, a service of {SERVICE_S * 1e3:g} ms, loopback")
    print(describe_machine())
    generators = list(usable([ours(), with_aiohttp(), hey()]))
    print(f"{turns}; Poisson arrivals, but hey: clients that send {HEY_REQUESTS_EACH_S:g}/s each, all at once")
    for rate_rps in RATES_RPS[:1] if turns.check else RATES_RPS:
        report(rate_rps, generators, measure(rate_rps, generators, turns))


def measure(rate_rps: int, generators: list[Generator], turns: Turns) -> dict[str, list[Turn]]:
    """What each generator did, by its name; they take turns on one server."""
    done: dict[str, list[Turn]] = {generator.name: [] for generator in generators}
    with serving(service_s=SERVICE_S) as url:
        for seed in range(turns.rounds):
            for generator in generators:
                if generator.opened is not None:
                    fetch(f"{url}took")  # what came before is forgotten
                    load = generator.opened(url, rate_rps, turns.seconds, seed)
                    took = json.loads(fetch(f"{url}took"))
                    done[generator.name].append(
                        Turn(load=load, truth_s=took["p50_s"] or SERVICE_S, server_cpu_s=took["cpu_s"])
                    )
    return done


def report(rate_rps: int, generators: list[Generator], done: dict[str, list[Turn]]) -> None:
    """One line a generator at this rate, then our bars."""
    rows = [[f"{rate_rps:,} requests/s", "error us", "CPU % of a core", "server p50 ms", "server CPU %", "errors"]]
    for generator in generators:
        turns = done[generator.name]
        rows.append(
            [
                f"{generator.name} {generator.version}",
                f"{spread([turn.error_us for turn in turns]):.0f}",
                f"{spread([turn.cpu_percent for turn in turns]):.0f}",
                f"{spread([turn.truth_s * 1e3 for turn in turns]):.3f}",
                f"{spread([turn.server_cpu_percent for turn in turns]):.0f}",
                str(sum(turn.load.errors for turn in turns)),
            ]
        )
    print(f"\n{table(rows)}")
    for bar in bars(rate_rps, done["aiops"]):
        print(bar)


def bars(rate_rps: int, turns: list[Turn]) -> list[Bar]:
    """What is promised at this rate: the error always, the generator's CPU where a core may run short."""
    errors_us = spread([turn.error_us for turn in turns])
    promised = [Bar(what=f"error at {rate_rps:,}/s, us", measured=errors_us, limit=ERROR_BARS_US[rate_rps], spec=".0f")]
    if rate_rps in CPU_BARS_PERCENT:
        shares = spread([turn.cpu_percent for turn in turns])
        what = f"generator at {rate_rps:,}/s, % of a core"
        promised.append(Bar(what=what, measured=shares, limit=CPU_BARS_PERCENT[rate_rps], spec=".0f"))
    return promised


if __name__ == "__main__":
    run_script(main)
