"""Targets that generator processes can unpickle, and what is left of those processes."""

import time
from collections.abc import Callable

import psutil

from aiops_planner.errors import MeasurementError
from aiops_toolkit.bench.targets.http import HttpLoad


class TalkativeLoad(HttpLoad):
    """Prints where a careless library would."""

    def __enter__(self) -> "TalkativeLoad":
        print("the target says hello")
        super().__enter__()
        return self

    def hint(self, kind: str) -> str:
        return f"seen {kind} where it happened" if self.max_lanes > 1 else "seen from outside"


class UnwillingLoad(HttpLoad):
    """Cannot be entered."""

    def __enter__(self) -> "UnwillingLoad":
        raise MeasurementError("the model is not loaded: load it first")


class FragileLoad(HttpLoad):
    """Fails in a way nobody has foreseen."""

    def __enter__(self) -> "FragileLoad":
        raise RuntimeError("unforeseen")


def generators() -> list[psutil.Process]:
    """The generator processes that this process has started and that still run."""
    return [
        child
        for child in psutil.Process().children()
        if child.status() != psutil.STATUS_ZOMBIE and "aiops_toolkit.bench.worker" in " ".join(child.cmdline())
    ]


def wait_until(fact: Callable[[], object], *, within_s: float = 20.0) -> None:
    """Return as soon as it holds; fail when that takes too long."""
    deadline = time.monotonic() + within_s
    while not fact():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)
