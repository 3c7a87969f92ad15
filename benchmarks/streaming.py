"""CPU that a load generator uses per chunk of a token stream, and how far its time to the first token is off.

The server sends the first token after 200 ms by a timer, then one every 20 ms, and says what the first really took.
Times are those of requests over connections that were open already: a first answer of each client opens them.
"""

import importlib.util
import json
from dataclasses import dataclass

from peers.children import ChildError, fetch, python, run, serving
from peers.figures import Bar, ratios, spread, table
from peers.generators import START_S, installed_version
from peers.scripts import Turns, describe_machine, read_turns, run_script

STREAMS = 50
FIRST_S, GAP_S, TOKENS = 0.2, 0.02, 50
CPU_BAR_US = 35.0
ERROR_BAR_MS = 1.5
ANSWER_S = FIRST_S + GAP_S * TOKENS
DRAIN_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one generator did, and the server's own median time to the first token."""

    requests: int
    errors: int
    chunks: int
    cpu_s: float
    load_cpu_s: float
    ttft_p50_s: float
    truth_s: float

    @property
    def cpu_us(self) -> float:
        """CPU microseconds a chunk, everything included."""
        return self.cpu_s / self.chunks * 1e6

    @property
    def load_cpu_us(self) -> float:
        """CPU microseconds a chunk during the load, without what is done after it."""
        return self.load_cpu_s / self.chunks * 1e6

    @property
    def error_ms(self) -> float:
        """The median the generator reports beyond the server's own."""
        return (self.ttft_p50_s - self.truth_s) * 1e3


def main() -> None:
    """Print CPU per chunk and the error of each generator, and the bars."""
    turns = read_turns(__doc__, usual=Turns(rounds=5, seconds=4.0))
    print(f"Token streams: {STREAMS} at once, a first token after {FIRST_S * 1e3:g} ms, one every {GAP_S * 1e3:g} ms")
    print(describe_machine())
    generators = usable()
    report(generators, measure(generators, turns), turns)


def usable() -> dict[str, tuple[str, str]]:
    """Module and version of each generator by its name; those that are missing are named."""
    found = {"aiops": ("peers.ours_streaming", installed_version("aiops-action"))}
    if importlib.util.find_spec("aiohttp") is None:
        print("aiohttp: skipped, aiohttp is not installed (extra bench)")
    else:
        found["aiohttp"] = ("peers.with_aiohttp_streaming", installed_version("aiohttp"))
    return found


def measure(generators: dict[str, tuple[str, str]], turns: Turns) -> dict[str, list[Turn]]:
    """What each generator did, by its name; they take turns on one server."""
    done: dict[str, list[Turn]] = {name: [] for name in generators}
    pace = ("--first-s", str(FIRST_S), "--gap-s", str(GAP_S), "--tokens", str(TOKENS))
    with serving(python("peers.stream_server", *pace)) as url:
        for _ in range(turns.rounds):
            for name, (module, _) in generators.items():
                how = ("--duration-s", f"{ANSWER_S + turns.seconds:g}", "--clients", str(STREAMS))
                limit_s = ANSWER_S + turns.seconds + DRAIN_S + START_S
                said = json.loads(run(python(module, url, *how), limit_s=limit_s).output)
                truth_s = json.loads(fetch(f"{url}took"))["p50_s"]
                if said["ttft_p50_s"] is None:
                    raise ChildError(f"{name} got no answer over an open connection")
                done[name].append(Turn(**said, truth_s=truth_s))
    return done


def report(generators: dict[str, tuple[str, str]], done: dict[str, list[Turn]], turns: Turns) -> None:
    """One line a generator, then the bars."""
    rows = [["generator", "CPU us/chunk", "of it under load", "TTFT p50 error ms", "answers", "errors"]]
    for name, (_, version) in generators.items():
        rows.append(
            [
                f"{name} {version}",
                f"{spread([turn.cpu_us for turn in done[name]]):.1f}",
                f"{spread([turn.load_cpu_us for turn in done[name]]):.1f}",
                f"{spread([turn.error_ms for turn in done[name]]):.2f}",
                str(sum(turn.requests for turn in done[name])),
                str(sum(turn.errors for turn in done[name])),
            ]
        )
    print(f"{turns}\n\n{table(rows)}\n")
    mine = done["aiops"]
    if "aiohttp" in done:
        theirs = [turn.cpu_us for turn in done["aiohttp"]]
        print(f"CPU per chunk, aiops / aiohttp: {ratios([turn.cpu_us for turn in mine], theirs):.2f}")
    print(Bar(what="CPU per chunk, us", measured=spread([turn.cpu_us for turn in mine]), limit=CPU_BAR_US, spec=".1f"))
    print(Bar(what="TTFT p50 error, ms", measured=spread([turn.error_ms for turn in mine]), limit=ERROR_BAR_MS))


if __name__ == "__main__":
    run_script(main)
