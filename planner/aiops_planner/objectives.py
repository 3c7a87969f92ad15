"""Objectives made tighter or looser, and what of them a round trip to clients leaves for the service."""

from dataclasses import replace

from aiops_planner.performance import Objective


def multiplied(objective: Objective, factor: float) -> Objective:
    """The objective with every limit on a time multiplied, those on tokens included."""
    streamed = {f"{limit.metric}_{limit.percentile}": limit.seconds for limit in objective.stream_limits()}
    limits: dict[str, float] = {**dict(objective.limits()), **streamed}
    return replace(objective, **{name: limit_s * factor for name, limit_s in limits.items()})


def beyond(objective: Objective, distance_s: float) -> Objective | None:
    """What a round trip leaves of an objective for the service itself; None when it leaves nothing.

    The time between two tokens of an answer does not depend on how far it goes.
    """
    left = {name: limit_s - distance_s for name, limit_s in _limits(objective).items()}
    return replace(objective, **left) if all(limit_s > 0 for limit_s in left.values()) else None


def nearest_limit_s(objective: Objective) -> float | None:
    """The smallest limit that a round trip counts towards, seconds; None without any."""
    return min(_limits(objective).values(), default=None)


def _limits(objective: Objective) -> dict[str, float]:
    """The limits on the time to a whole answer and to its first token, by the objective's names."""
    first = {
        f"{limit.metric}_{limit.percentile}": limit.seconds
        for limit in objective.stream_limits()
        if limit.metric == "ttft"
    }
    return {**dict(objective.limits()), **first}
