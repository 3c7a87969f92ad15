"""What every script here does alike: its options, the lines it opens with, one line when it fails."""

import argparse
import os
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass

from aiops_toolkit.environment import read_environment
from peers.children import ChildError

CHECK_SECONDS = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """How often each thing that is compared takes its turn, and for how long: 0 where a turn ends by itself.

    `check` asks for the least that shows that everything works.
    """

    rounds: int
    seconds: float = 0.0
    check: bool = False

    def __str__(self) -> str:
        rounds = "1 round" if self.rounds == 1 else f"{self.rounds} interleaved rounds"
        length = f" of {self.seconds:g} s each" if self.seconds else ""
        return f"{rounds}{length}; median [lowest - highest]"


def read_turns(description: str | None, *, usual: Turns) -> Turns:
    """What the command line asks for: `--rounds` and `--seconds`, or `--check` for one short round."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=usual.rounds, help="turns of each (default %(default)s)")
    if usual.seconds:
        parser.add_argument("--seconds", type=float, default=usual.seconds, help="of a turn (default %(default)s)")
    parser.add_argument("--check", action="store_true", help="one short round, to see that everything works")
    asked = parser.parse_args()
    seconds = asked.seconds if usual.seconds else 0.0
    if asked.rounds < 1 or not 0 <= seconds < 3600 or (usual.seconds and not seconds):
        parser.error("--rounds must be at least 1, --seconds more than 0 and less than an hour")
    if asked.check:
        return Turns(rounds=1, seconds=min(seconds, CHECK_SECONDS), check=True)
    return Turns(rounds=asked.rounds, seconds=seconds)


def describe_machine() -> str:
    """CPU, cores, kernel, Python, and how busy the machine is now."""
    environment = read_environment(os.environ)
    busy = f", load average {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"machine: {environment.cpu_model or 'unknown CPU'}, {environment.usable_cores:g} of "
        f"{environment.logical_cores} cores, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}{busy}"
    )


def run_script(main: Callable[[], None]) -> None:
    """Call `main`; a program that failed and a result that cannot be read become one line and exit code 1."""
    try:
        main()
    except (ChildError, ValueError) as error:
        print(f"not measured: {error}", file=sys.stderr)
        sys.exit(1)
