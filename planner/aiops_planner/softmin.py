"""The soft-min curve of throughput S over concurrency N, and its robust fit to many resamples at once.

    log S = softmin_k(log(gamma N), log Smax) - log(1 + beta N (N - 1))

with softmin_k(a, b) = -log(exp(-k a) + exp(-k b)) / k. gamma is the throughput of one client, Smax the most the service
could do, beta what every pair of clients costs; k = 1 is Amdahl's law, a large k a sharp knee.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ITERATIONS = 60
USUAL_ERROR = 0.03  # in log throughput; larger residuals count ever less (Cauchy's loss)
GRID = 400
STARTING_SHARPNESS = (1.5, 6.0, 24.0)
# Where points do not tell, k is taken to be about 4 and beta about 1e-5, each within a factor that is hardly known; and
# gamma to be near what the smallest concurrency shows.
PRIOR_SPREADS = np.array([1.0, np.inf, 1.5, 4.0])
PRIOR_LOG_SHARPNESS, PRIOR_LOG_BETA = np.log(4.0), np.log(1e-5)
LEAST, MOST = np.array([-np.inf, -np.inf, np.log(0.3), np.log(1e-12)]), np.array([np.inf, np.inf, np.log(100.0), 0.0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """Fitted curves: a row of `parameters` (log gamma, log Smax, log k, log beta) each, and `costs` of their fits."""

    parameters: Floats
    costs: Floats

    def log_throughput(self, concurrency: Floats) -> Floats:
        """The log S of each curve (rows) at each N (columns)."""
        return _model(self.parameters, np.log(concurrency)[None, :])[0]

    def knees(self, lowest: float, highest: float) -> tuple[Floats, Floats]:
        """For each curve, the N of largest power S^2 / N between two N, and log S there."""
        grid = np.geomspace(lowest, highest, GRID)
        log_s = self.log_throughput(grid)
        best = np.argmax(2 * log_s - np.log(grid), axis=1)
        return grid[best], log_s[np.arange(len(best)), best]


def fit(concurrency: Floats, throughput_rps: Floats) -> Curves:
    """The curve that fits best, from several starts; arrays of one value a point, all positive."""
    log_n, log_s = np.log(concurrency)[None, :], np.log(throughput_rps)[None, :]
    log_gamma, log_most = _log_gamma(log_n, log_s)[0], log_s.max()
    starts = np.array([[log_gamma, log_most, np.log(k), PRIOR_LOG_BETA] for k in STARTING_SHARPNESS])
    copies = len(starts)
    found = _descend(starts, np.repeat(log_n, copies, axis=0), np.repeat(log_s, copies, axis=0))
    best = int(np.argmin(found.costs))
    return Curves(parameters=found.parameters[best : best + 1], costs=found.costs[best : best + 1])


def refit(start: Curves, concurrency: Floats, throughput_rps: Floats) -> Curves:
    """A curve for each resample (rows of the arrays), from one that is near."""
    starts = np.repeat(start.parameters[:1], len(concurrency), axis=0)
    return _descend(starts, np.log(concurrency), np.log(throughput_rps))


def _model(parameters: Floats, log_n: Floats) -> tuple[Floats, Floats]:
    """The log S (curves x points) and its derivatives by the parameters (curves x points x 4)."""
    log_gamma, log_most, log_k, log_beta = (parameters[:, place, None] for place in range(4))
    sharpness = np.exp(log_k)
    linear = log_gamma + log_n
    softmin = -np.logaddexp(-sharpness * linear, -sharpness * log_most) / sharpness
    share = np.exp(-sharpness * (linear - softmin))  # of the linear branch, from 0 to 1
    number = np.exp(log_n)
    crosstalk = np.exp(log_beta) * np.maximum(number * (number - 1), 0.0)
    by_log_k = share * linear + (1 - share) * log_most - softmin
    slopes = np.stack([share, 1 - share, by_log_k, -crosstalk / (1 + crosstalk)], axis=-1)
    return softmin - np.log1p(crosstalk), slopes


def _log_gamma(log_n: Floats, log_s: Floats) -> Floats:
    """What one client would do, were the point of smallest concurrency without any queue."""
    rows, first = np.arange(len(log_n)), np.argmin(log_n, axis=1)
    found: Floats = log_s[rows, first] - log_n[rows, first]
    return found


def _descend(parameters: Floats, log_n: Floats, log_s: Floats) -> Curves:
    """Levenberg-Marquardt on all rows at once, under Cauchy's loss and the weak priors."""
    usual = np.column_stack(
        [_log_gamma(log_n, log_s), log_s.max(axis=1), *(np.full(len(log_s), value) for value in _PRIORS)]
    )
    damping = np.full(len(parameters), 1e-2)
    cost, gradient, curvature = _slopes(parameters, usual, log_n, log_s)
    for _ in range(ITERATIONS):
        damped = curvature + (damping[:, None] * (1e-3 + _diagonal(curvature)))[:, :, None] * np.eye(4)
        step = np.linalg.solve(damped, -gradient[:, :, None])[:, :, 0].clip(-2.0, 2.0)
        tried = (parameters + step).clip(LEAST, MOST)
        tried_cost, tried_gradient, tried_curvature = _slopes(tried, usual, log_n, log_s)
        better = tried_cost < cost
        parameters = np.where(better[:, None], tried, parameters)
        gradient = np.where(better[:, None], tried_gradient, gradient)
        curvature = np.where(better[:, None, None], tried_curvature, curvature)
        cost = np.where(better, tried_cost, cost)
        damping = np.where(better, damping / 5, damping * 4).clip(1e-9, 1e9)
    return Curves(parameters=parameters, costs=cost)


_PRIORS = (PRIOR_LOG_SHARPNESS, PRIOR_LOG_BETA)


def _slopes(parameters: Floats, usual: Floats, log_n: Floats, log_s: Floats) -> tuple[Floats, Floats, Floats]:
    """The cost of each row, its gradient (rows x 4) and the Gauss-Newton curvature (rows x 4 x 4)."""
    modelled, slopes = _model(parameters, log_n)
    errors = (modelled - log_s) / USUAL_ERROR
    weights = 1 / (1 + errors**2)
    strange = (parameters - usual) / PRIOR_SPREADS
    cost = np.log1p(errors**2).sum(axis=1) + (strange**2).sum(axis=1)
    scaled = slopes / USUAL_ERROR
    gradient = np.einsum("rp,rpk->rk", weights * errors, scaled) + strange / PRIOR_SPREADS
    curvature = np.einsum("rp,rpk,rpl->rkl", weights, scaled, scaled) + np.diag(PRIOR_SPREADS**-2.0)
    return cost, gradient, curvature


def _diagonal(matrices: Floats) -> Floats:
    return np.diagonal(matrices, axis1=1, axis2=2)
