"""CPU that a load generator uses per request in closed loop, beside wrk, aiohttp and hey, in interleaved rounds.

On a CI runner the generator shares its cores with the service: what it uses is missing there.
"""

from peers.children import serving
from peers.figures import Bar, per_request_us, ratios, spread, table
from peers.generators import Generator, Load, hey, ours, usable, with_aiohttp, wrk
from peers.scripts import Turns, describe_machine, read_turns, run_script

CONNECTIONS = 32
BARS = {"wrk": 1.5, "aiohttp": 0.2}


def main() -> None:
    """Print CPU per request of each generator, our ratio to it, and the bars."""
    turns = read_turns(__doc__, usual=Turns(rounds=7, seconds=3.0))
    print(f"Closed loop: CPU per request, {CONNECTIONS} connections, an answer of 2 bytes, loopback")
    print(describe_machine())
    generators = list(usable([ours(), wrk(), with_aiohttp(), hey()]))
    report(generators, measure(generators, turns), turns)


def measure(generators: list[Generator], turns: Turns) -> dict[str, list[Load]]:
    """The loads of each generator, by its name; they take turns on one server."""
    loads: dict[str, list[Load]] = {generator.name: [] for generator in generators}
    with serving() as url:
        for _ in range(turns.rounds):
            for generator in generators:
                if generator.closed is not None:
                    loads[generator.name].append(generator.closed(url, CONNECTIONS, turns.seconds))
    return loads


def report(generators: list[Generator], loads: dict[str, list[Load]], turns: Turns) -> None:
    """One line a generator, then the bars."""
    cpu_us = {name: [per_request_us(load.cpu_s, load.requests) for load in done] for name, done in loads.items()}
    mine = cpu_us["aiops"]
    rows = [["generator", "CPU us/request", "requests/s", "errors", "CPU, aiops / it"]]
    for generator in generators:
        done = loads[generator.name]
        rates = spread([load.requests / load.seconds for load in done])
        rows.append(
            [
                f"{generator.name} {generator.version}",
                f"{spread(cpu_us[generator.name]):.1f}",
                f"{rates:,.0f}",
                str(sum(load.errors for load in done)),
                f"{ratios(mine, cpu_us[generator.name]):.2f}",
            ]
        )
    print(f"{turns}\n\n{table(rows)}\n")
    for peer, limit in BARS.items():
        if peer in cpu_us:
            print(Bar(what=f"CPU per request, aiops / {peer}", measured=ratios(mine, cpu_us[peer]), limit=limit))


if __name__ == "__main__":
    run_script(main)
