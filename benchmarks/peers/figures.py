"""What the scripts compute and print: medians with their spread, ratios round by round, bars that are met or missed."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The median of some rounds, with the lowest and the highest of them."""

    median: float
    low: float
    high: float

    def __format__(self, spec: str) -> str:
        return f"{self.median:{spec}} [{self.low:{spec}} - {self.high:{spec}}]"


def spread(values: Sequence[float]) -> Spread:
    """Median, lowest and highest. Raises ValueError without a value."""
    if not values:
        raise ValueError("no round was measured: nothing to take a median of")
    return Spread(median=median(values), low=min(values), high=max(values))


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """How many times theirs ours is, from rounds measured side by side. Raises ValueError for unequal numbers."""
    return spread([our / their for our, their in zip(ours, theirs, strict=True)])


def per_request_us(cpu_s: float, requests: int) -> float:
    """CPU microseconds a request. Raises ValueError when nothing was answered."""
    if requests <= 0:
        raise ValueError("no request was answered: CPU per request is not known")
    return cpu_s / requests * 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A promise of this project: `measured` must not exceed `limit`, by its median."""

    what: str
    measured: Spread
    limit: float
    spec: str = ".2f"

    @property
    def met(self) -> bool:
        """Whether the median keeps it."""
        return self.measured.median <= self.limit

    def __str__(self) -> str:
        verdict = "met" if self.met else "MISSED"
        return f"bar: {self.what} at most {self.limit:g}: {self.measured:{self.spec}} {verdict}"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of equally many cells, the first being the head, in columns as wide as they have to be."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
