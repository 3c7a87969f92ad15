"""The knee of an operating curve: the load of largest power P = S / T."""

from collections.abc import Iterable

from aiops_planner.performance import Knee, LoadPoint


def find_knee(points: Iterable[LoadPoint]) -> Knee | None:
    """The valid closed-loop point of largest power, or None when there is no such point."""
    ladder = sorted(
        (point for point in points if point.mode == "closed" and point.valid and point.power is not None),
        key=lambda point: point.concurrency or 0,
    )
    if not ladder:
        return None
    best = max(ladder, key=lambda point: point.power or 0.0)
    assert best.response_s is not None and best.power is not None  # both follow from power being measured
    concurrency = best.mean_concurrency if best.mean_concurrency is not None else float(best.concurrency or 0)
    return Knee(
        concurrency=concurrency,
        throughput_rps=best.throughput_rps,
        response_s=best.response_s.mean,
        power=best.power,
        in_range=best is not ladder[-1],
    )
