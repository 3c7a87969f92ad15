"""How long `aiops --help` takes, beside the interpreter alone and click alone, in interleaved runs."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 20
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "python -c 'import click'": [sys.executable, "-c", "import click"],
    "aiops --help": [str(Path(sys.executable).parent / "aiops"), "--help"],
}


def seconds(command: list[str]) -> float:
    """Wall-clock seconds of one run."""
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    """Print the median and quartiles of each command, and its ratio to the bare interpreter."""
    for command in COMMANDS.values():
        seconds(command)
    samples: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS):
        for name, command in COMMANDS.items():
            samples[name].append(seconds(command))
    bare = statistics.median(samples["python -c pass"])
    print(f"{'command':<26}{'median':>9}{'quartiles':>18}{'ratio':>8}   ({ROUNDS} interleaved runs)")
    for name, values in samples.items():
        low, median, high = statistics.quantiles(values, n=4)
        print(f"{name:<26}{median * 1e3:6.0f} ms{low * 1e3:10.0f}-{high * 1e3:.0f} ms{median / bare:8.1f}")


if __name__ == "__main__":
    main()
