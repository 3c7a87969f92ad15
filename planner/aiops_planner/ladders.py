"""The closed-loop points that an operating curve is drawn from."""

from collections.abc import Iterable, Sequence

from aiops_planner.performance import LoadPoint

MIN_LEVELS = 5  # of concurrency; a curve of four parameters through fewer says nothing


def ladder_of(points: Iterable[LoadPoint]) -> list[LoadPoint]:
    """The valid closed-loop points that have a power, from the lowest concurrency to the highest."""
    usable = (point for point in points if point.mode == "closed" and point.valid and point.power)
    return sorted(usable, key=lambda point: (point.concurrency or 0, mean_concurrency(point)))


def levels(ladder: Sequence[LoadPoint]) -> int:
    """How many different numbers of clients were tried."""
    return len({point.concurrency for point in ladder})


def mean_concurrency(point: LoadPoint) -> float:
    """The measured mean concurrency, or the number of clients where nobody measured it."""
    return float(point.concurrency or 0) if point.mean_concurrency is None else point.mean_concurrency
