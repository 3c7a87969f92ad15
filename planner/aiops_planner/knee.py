"""The knee of an operating curve: the load of largest power P = S / T, which is S^2 / N in closed loop (Little's law).

It is the maximum of the soft-min curve fitted to the ladder, within the measured range; intervals come from resampling
the batches of every load point's window and the errors of the fit.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from aiops_planner import softmin
from aiops_planner.ladders import MIN_LEVELS, ladder_of, levels, mean_concurrency
from aiops_planner.performance import Batches, Interval, Knee, LoadPoint, SoftMin

RESAMPLES = 200
BLOCK = 2  # neighbouring batches are drawn together
MIN_BATCHES = 5
SEED = 1
TAILS = (0.025, 0.975)

Floats = NDArray[np.float64]


def find_knee(points: Iterable[LoadPoint], *, resamples: int = RESAMPLES) -> Knee | None:
    """The knee of the valid closed-loop points, None when there is none; no interval without `resamples`.

    With fewer than five levels it is the measured point of largest power.
    """
    ladder = ladder_of(points)
    if not ladder:
        return None
    measured = _measured(ladder)
    if levels(ladder) < MIN_LEVELS:
        return measured
    return _fitted(ladder, measured, resamples)


def power_interval(point: LoadPoint, *, resamples: int = RESAMPLES) -> Interval | None:
    """What the power of one closed-loop point may be, by its batches; None when it has too few."""
    if point.batches is None or len(point.batches.successes) < MIN_BATCHES:
        return None
    throughput, concurrency = _resampled(point.batches, np.random.default_rng(SEED), resamples)
    return _interval(throughput**2 / concurrency)


def _measured(ladder: Sequence[LoadPoint]) -> Knee:
    best = max(ladder, key=lambda point: point.power or 0.0)
    assert best.response_s is not None and best.power is not None  # the ladder holds no other points
    return Knee(
        concurrency=mean_concurrency(best),
        throughput_rps=best.throughput_rps,
        response_s=best.response_s.mean,
        power=best.power,
        in_range=best.concurrency != ladder[-1].concurrency,
        measured_concurrency=mean_concurrency(best),
        measured_power=best.power,
    )


def _fitted(ladder: Sequence[LoadPoint], measured: Knee, resamples: int) -> Knee:
    concurrency = np.array([mean_concurrency(point) for point in ladder])
    throughput = np.array([point.throughput_rps for point in ladder])
    curve = softmin.fit(concurrency, throughput)
    lowest, highest = float(concurrency.min()), float(concurrency.max())
    (at,), (log_s,) = curve.knees(lowest, highest)
    errors = np.log(throughput) - curve.log_throughput(concurrency)[0]
    best_rps = float(np.exp(log_s))
    knee = replace(
        measured,
        method="soft-min",
        concurrency=float(at),
        throughput_rps=best_rps,
        response_s=float(at) / best_rps,
        power=best_rps**2 / float(at),
        in_range=measured.in_range and bool(at < highest),
        residual=float(np.sqrt(np.mean(errors**2))),
        fit=_shape(curve),
    )
    if not resamples or any(point.batches is None for point in ladder):
        return knee
    numbers, rates = _resample(ladder, errors, resamples)
    knees, log_throughput = softmin.refit(curve, numbers, rates).knees(lowest, highest)
    found = _interval(knees)
    return replace(
        knee,
        concurrency_ci=found if found.high is not None and found.high < highest else replace(found, high=None),
        power_ci=_interval(np.exp(2 * log_throughput) / knees),
    )


def _shape(curve: softmin.Curves) -> SoftMin:
    gamma_rps, largest_rps, k, beta = (float(value) for value in np.exp(curve.parameters[0]))
    return SoftMin(gamma_rps=gamma_rps, largest_rps=largest_rps, k=k, beta=beta)


def _resample(ladder: Sequence[LoadPoint], errors: Floats, resamples: int) -> tuple[Floats, Floats]:
    """N and S of every point (columns) in every resample (rows).

    Batches tell of the noise within a load, the errors of the fit, with random signs, of that between loads.
    """
    random = np.random.default_rng(SEED)
    drawn = [_resampled(point.batches, random, resamples) for point in ladder if point.batches is not None]
    throughput, concurrency = (np.column_stack(columns) for columns in zip(*drawn, strict=True))
    signs = random.choice([-1.0, 1.0], size=throughput.shape)
    return concurrency, throughput * np.exp(signs * errors)


def _resampled(batches: Batches, random: np.random.Generator, resamples: int) -> tuple[Floats, Floats]:
    """S and N of a point in each resample of its batches, blocks of neighbours at a time."""
    count = len(batches.successes)
    starts = random.integers(0, count, size=(resamples, -(-count // BLOCK)))
    chosen = ((starts[:, :, None] + np.arange(BLOCK)) % count).reshape(resamples, -1)[:, :count]
    successes = np.array(batches.successes, dtype=float)[chosen].sum(axis=1)
    concurrency = np.array(batches.mean_concurrency)[chosen].mean(axis=1)
    return np.maximum(successes, 0.5) / (count * batches.seconds), np.maximum(concurrency, 1e-3)


def _interval(values: Floats) -> Interval:
    low, high = np.quantile(values, TAILS)
    return Interval(low=float(low), high=float(high))
