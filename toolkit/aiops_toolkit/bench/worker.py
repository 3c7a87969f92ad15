"""A generator process: enters its copy of the target and carries out one order after the other.

`workers.py` starts it. They talk in pickles over its standard input and output; what a target prints goes to standard
error. It ends when its input does, when its parent is gone, and on SIGTERM, and always leaves the target.
"""

import os
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO

import numpy as np

from aiops_planner.errors import AiopsError, MeasurementError
from aiops_toolkit.bench.local import LocalGenerator
from aiops_toolkit.bench.messages import COLUMNS, Failed, Finished, Prepared, Ready, receive, send
from aiops_toolkit.bench.orders import Order
from aiops_toolkit.bench.samples import Outcome, Samples, kind_of
from aiops_toolkit.bench.target import Target
from aiops_toolkit.bench.watch import Usage
from aiops_toolkit.processes import terminate_as_interrupt

INTERRUPTED = 130


class _Surroundings:
    """Watches the parent process, and in place of the service what the target has started here."""

    log: Path | None = None

    def __init__(self, target: Target) -> None:
        self._target = target
        self._parent = os.getppid()

    def alive(self) -> bool:
        """Whether there is still a reason to go on."""
        if os.getppid() != self._parent:
            raise MeasurementError("the process that started this load generator is gone")
        return self._target.probe is None or self._target.probe.alive()

    def usage(self) -> Usage | None:
        """What the target uses here."""
        return None if self._target.probe is None else self._target.probe.usage()


def main() -> int:
    """Read the target from standard input, then orders, until there are no more."""
    with suppress(BrokenPipeError), os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        return _answer(sys.stdin.buffer, answers)
    return AiopsError.exit_code  # nobody is left to answer to


def _answer(orders: IO[bytes], answers: IO[bytes]) -> int:
    try:
        with terminate_as_interrupt():
            _serve(receive(orders), orders, answers)
    except AiopsError as error:
        send(answers, Failed(error=error))
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _serve(target: Target, orders: IO[bytes], answers: IO[bytes]) -> None:
    surroundings = _Surroundings(target)
    with LocalGenerator(target, lambda: surroundings) as generator:
        send(answers, Ready(max_lanes=generator.max_lanes))
        while (order := _next(orders)) is not None:
            _carry_out(order, generator, orders, answers)


def _carry_out(order: Order, generator: LocalGenerator, orders: IO[bytes], answers: IO[bytes]) -> None:
    def when() -> float:
        send(answers, Prepared())
        start_s: float = receive(orders)
        return start_s

    run = generator.run(order, when)
    kinds = {kind_of(outcome) for outcome in np.unique(run.table.outcome).tolist() if outcome != Outcome.OK}
    hints = {kind: generator.hint(kind) for kind in kinds}
    send(answers, Finished(run=replace(run, table=Samples().table()), hints=hints))
    for name in COLUMNS:
        send(answers, getattr(run.table, name))


def _next(orders: IO[bytes]) -> Order | None:
    try:
        order: Order = receive(orders)
    except EOFError:
        return None
    return order
