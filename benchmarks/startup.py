"""How long `aiops --help` takes, beside the interpreter alone and click alone, in interleaved runs."""

import sys
from pathlib import Path
from time import perf_counter

from peers import children
from peers.figures import Bar, ratios, spread, table
from peers.scripts import Turns, describe_machine, read_turns, run_script

LIMIT_S = 30.0
BAR_MS = 150.0
BARE = "python -c pass"
OURS = "aiops --help"
COMMANDS = {
    BARE: [sys.executable, "-c", "pass"],
    "python -c 'import click'": [sys.executable, "-c", "import click"],
    OURS: [str(Path(sys.executable).parent / "aiops"), "--help"],
}


def milliseconds(command: list[str]) -> float:
    """Wall-clock time of one run."""
    began_s = perf_counter()
    children.run(command, limit_s=LIMIT_S)
    return (perf_counter() - began_s) * 1e3


def main() -> None:
    """Print the time of each command, its ratio to the bare interpreter, and the bar."""
    turns = read_turns(__doc__, usual=Turns(rounds=20))
    print("Start-up: what a user waits for the first word")
    print(describe_machine())
    for command in COMMANDS.values():
        milliseconds(command)  # later runs find its files in memory
    samples: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(turns.rounds):
        for name, command in COMMANDS.items():
            samples[name].append(milliseconds(command))
    rows = [["command", "ms", f"it / {BARE}"]]
    rows += [[name, f"{spread(taken):.0f}", f"{ratios(taken, samples[BARE]):.1f}"] for name, taken in samples.items()]
    print(f"{turns}\n\n{table(rows)}\n")
    print(Bar(what=f"{OURS}, ms", measured=spread(samples[OURS]), limit=BAR_MS, spec=".0f"))


if __name__ == "__main__":
    run_script(main)
