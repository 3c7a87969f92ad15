"""Token streams as one reads them with aiohttp on uvloop: one closed-loop load, its cost as JSON."""

import argparse
import asyncio
import json
from statistics import median
from time import perf_counter, process_time

import aiohttp
import uvloop

BODY = {"model": "tiny", "messages": [{"role": "user", "content": "Hello"}], "stream": True}


class Load:
    """One session, and what its answers said."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.first_s: list[float] = []
        self.requests = 0
        self.chunks = 0
        self.errors = 0
        self._session = session
        self._url = f"{url}chat/completions"

    async def request(self, *, opens: bool) -> None:
        """One answer, read line by line as it comes; its time counts unless it `opens` a connection."""
        sent_s = perf_counter()
        first_s = None
        try:
            async with self._session.post(self._url, json=BODY) as answer:
                async for line in answer.content:
                    if not line.startswith(b"data: {"):
                        continue
                    now = perf_counter()
                    choices = json.loads(line[6:])["choices"]
                    if choices and choices[0]["delta"].get("content"):
                        self.chunks += 1
                        first_s = first_s or now - sent_s
        except aiohttp.ClientError:
            first_s = None
        if first_s is None:
            self.errors += 1
            return
        self.requests += 1
        if not opens:
            self.first_s.append(first_s)

    async def closed(self, clients: int, duration_s: float) -> None:
        """Each client sends its next request once the last one was answered."""
        stop_s = perf_counter() + duration_s

        async def client() -> None:
            opens = True
            while perf_counter() < stop_s:
                await self.request(opens=opens)
                opens = False

        await asyncio.gather(*(client() for _ in range(clients)))


async def _load(asked: argparse.Namespace) -> dict[str, float | None]:
    async with aiohttp.ClientSession() as session:
        load = Load(session, asked.url)
        began_cpu_s = process_time()
        await load.closed(asked.clients, asked.duration_s)
        cpu_s = process_time() - began_cpu_s
    return {
        "requests": load.requests,
        "errors": load.errors,
        "chunks": load.chunks,
        "cpu_s": cpu_s,
        "load_cpu_s": cpu_s,
        "ttft_p50_s": median(load.first_s) if load.first_s else None,
    }


def main() -> None:
    """Load by `--clients`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--duration-s", type=float, required=True)
    parser.add_argument("--clients", type=int, required=True)
    print(json.dumps(uvloop.run(_load(parser.parse_args()))))


if __name__ == "__main__":
    main()
