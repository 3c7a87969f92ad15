"""The smallest change that two runs on this machine could show, from how much one run varies within itself.

A window is cut into n equal blocks, and the means of these have a standard deviation s (relative to their own mean) and
a correlation r from one to the next. Correlated blocks tell less than independent ones: n' = n (1 - r) / (1 + r)
(Bayley and Hammersley 1946, for a first-order autoregression). The difference of two such windows has the standard
error s sqrt(2 / n'), and the minimum detectable effect of a two-sided test at 5 % that finds it in 80 % of the cases is
(t_0.975 + t_0.80) times that, with n - 1 degrees of freedom (Bloom 1995, Evaluation Review 19(5)).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.stats import t as student

from aiops_planner.errors import MeasurementError
from aiops_planner.performance import Objective
from aiops_reports.diagnosis import Sensitivity
from aiops_toolkit.bench.engine import Engine
from aiops_toolkit.bench.points import Load, load_point

SIGNIFICANCE = 0.05
POWER = 0.80
CLIENTS = 4
WINDOW_S = 4.0  # what a load point gets of the default budget: 60 s for some fifteen of them
WARM_UP_S = 0.5
MAX_CORRELATION = 0.9
MIN_BLOCKS = 3


@dataclass(frozen=True, slots=True)
class Spread:
    """Blocks of one figure: their number, their relative standard deviation, and the correlation of neighbours."""

    blocks: int
    variation: float
    correlation: float

    @property
    def smallest_change(self) -> float:
        """The minimum detectable effect, relative to the mean; see the module."""
        independent = self.blocks * (1 - self.correlation) / (1 + self.correlation)
        quantiles = student.ppf((1 - SIGNIFICANCE / 2, POWER), self.blocks - 1)
        return float(sum(quantiles)) * self.variation * sqrt(2 / independent)


def spread_of(means: Sequence[float]) -> Spread:
    """The spread of the means of consecutive blocks; a negative correlation counts as none, to be on the safe side."""
    values = np.asarray(means)
    deviations = values - values.mean()
    squares = float(deviations @ deviations)
    correlation = float(deviations[1:] @ deviations[:-1]) / squares if squares else 0.0
    return Spread(
        blocks=len(values),
        variation=float(values.std(ddof=1) / values.mean()),
        correlation=min(max(correlation, 0.0), MAX_CORRELATION),
    )


def measure_sensitivity(engine: Engine, share: float = 1.0) -> Sensitivity:
    """Keep the reference server busy for four seconds, or a `share` of that.

    Raises MeasurementError when it hardly answers.
    """
    engine.closed(CLIENTS, share * WARM_UP_S, drain_s=1.0)
    run = engine.closed(CLIENTS, share * WINDOW_S, drain_s=1.0)
    point = load_point(run, Load(clients=CLIENTS), Objective())
    batches = point.batches
    assert batches is not None  # measured here
    responses_s = [mean for mean, count in zip(batches.response_s, batches.requests, strict=True) if count]
    if len(responses_s) < MIN_BLOCKS:
        raise MeasurementError("the reference server gave too few answers to tell how steady they are")
    throughput, response = spread_of(batches.successes), spread_of(responses_s)
    return Sensitivity(
        window_s=point.window_s,
        blocks=throughput.blocks,
        throughput_variation=throughput.variation,
        throughput_correlation=throughput.correlation,
        smallest_throughput_change=throughput.smallest_change,
        response_variation=response.variation,
        response_correlation=response.correlation,
        smallest_response_change=response.smallest_change,
    )
