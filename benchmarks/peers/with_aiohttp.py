"""A load generator as one writes it with aiohttp on uvloop: loads a URL once and prints what that cost as JSON.

Its session is the default one, of at most 100 connections: without that limit it falls behind sooner at high rates.
"""

import argparse
import asyncio
import json
from statistics import median
from time import perf_counter, process_time

import aiohttp
import uvloop

from aiops_toolkit.bench.schedule import poisson


class Load:
    """One session, and the response times of what it was answered."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.responses_s: list[float] = []
        self.errors = 0
        self._session = session
        self._url = url

    async def request(self, intended_s: float) -> None:
        """One request whose response time counts from when it was meant to leave."""
        try:
            async with self._session.get(self._url) as answer:
                await answer.read()
                succeeded = answer.ok
        except aiohttp.ClientError:
            succeeded = False
        if succeeded:
            self.responses_s.append(perf_counter() - intended_s)
        else:
            self.errors += 1

    async def closed(self, clients: int, duration_s: float) -> None:
        """Each client sends its next request once the last one was answered."""
        stop_s = perf_counter() + duration_s

        async def client() -> None:
            while (now := perf_counter()) < stop_s:
                await self.request(now)

        await asyncio.gather(*(client() for _ in range(clients)))

    async def open(self, rate_rps: float, duration_s: float, seed: int) -> None:
        """Each request is a task that is started when the schedule says so."""
        started_s = perf_counter()
        async with asyncio.TaskGroup() as group:
            for intended_s in (poisson(rate_rps, duration_s, seed=seed) + started_s).tolist():
                early_s = intended_s - perf_counter()
                if early_s > 0:
                    await asyncio.sleep(early_s)
                group.create_task(self.request(intended_s))


async def _load(arguments: argparse.Namespace) -> dict[str, float | None]:
    async with aiohttp.ClientSession() as session:
        load = Load(session, arguments.url)
        began_s, began_cpu_s = perf_counter(), process_time()
        if arguments.clients:
            await load.closed(arguments.clients, arguments.duration_s)
        else:
            await load.open(arguments.rate, arguments.duration_s, arguments.seed)
        return {
            "requests": len(load.responses_s),
            "errors": load.errors,
            "seconds": perf_counter() - began_s,
            "cpu_s": process_time() - began_cpu_s,
            "p50_s": median(load.responses_s) if load.responses_s else None,
        }


def main() -> None:
    """Load in closed loop by `--clients`, or in open loop at `--rate`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--duration-s", type=float, required=True)
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--clients", type=int)
    how.add_argument("--rate", type=float)
    parser.add_argument("--seed", type=int, default=1)
    print(json.dumps(uvloop.run(_load(parser.parse_args()))))


if __name__ == "__main__":
    main()
