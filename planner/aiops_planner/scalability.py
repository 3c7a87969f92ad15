"""The Universal Scalability Law, fitted as a diagnostic: contention alpha, coherency delay beta (Gunther 1993).

S = gamma N / (1 + alpha (N - 1) + beta N (N - 1)), linear in 1/gamma, alpha/gamma and beta/gamma when turned over.
"""

from collections.abc import Iterable
from math import sqrt

import numpy as np

from aiops_planner.ladders import MIN_LEVELS, ladder_of, levels
from aiops_planner.performance import LoadPoint, Scalability


def find_scalability(points: Iterable[LoadPoint]) -> Scalability | None:
    """The law that fits the valid closed-loop points best, by relative errors; None with fewer than five levels."""
    ladder = ladder_of(points)
    if levels(ladder) < MIN_LEVELS:
        return None
    from scipy.optimize import nnls  # noqa: PLC0415 - imported late: scipy would double what `aiops --help` takes

    number = np.array([point.mean_concurrency for point in ladder], dtype=float)
    throughput = np.array([point.throughput_rps for point in ladder])
    rows = np.column_stack([np.ones_like(number), number - 1, np.maximum(number * (number - 1), 0)])
    (one, contention, coherency), _ = nnls(rows * (throughput / number)[:, None], np.ones_like(number))
    if one <= 0:
        return None
    alpha, beta = float(contention / one), float(coherency / one)
    fitted = number / (rows @ np.array([one, contention, coherency]))
    return Scalability(
        alpha=alpha,
        beta=beta,
        gamma_rps=float(1 / one),
        residual=float(np.sqrt(np.mean(np.log(fitted / throughput) ** 2))),
        knee_concurrency=power_peak(alpha, beta),
    )


def power_peak(alpha: float, beta: float) -> float | None:
    """Where the law's power S^2 / N is largest, at least 1; None where it rises for ever.

    The zero of its derivative: 1 - alpha - (alpha - beta) N - 3 beta N^2 = 0.
    """
    if alpha >= 1:
        return 1.0
    if beta:
        return max(1.0, (-(alpha - beta) + sqrt((alpha - beta) ** 2 + 12 * beta * (1 - alpha))) / (6 * beta))
    return max(1.0, (1 - alpha) / alpha) if alpha else None
