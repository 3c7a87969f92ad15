"""The rate at which the share of requests above a limit crosses what is allowed, and how sure that is.

The share rises with the rate: share = floor + (allowed - floor) exp(b (rate - crossing)), b > 0, exact for M/M/1 with
no floor. All looks together tell where it crosses, by quasi-likelihood: requests above a limit come in clusters, so
their counts vary more than independent ones would. Nothing is said beyond the measured rates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BLOCKS = 5  # of a look's window: long enough that a queue has forgotten most of what the block before saw
FAR = 30.0  # shares larger than so many times what is allowed are far above the crossing, however much larger
CANDIDATES = 151  # crossings tried, from the lowest rate to the highest
ELASTICITIES = np.geomspace(1.0, 300.0, 36)  # of the share by the rate, at the crossing
FLOORS = np.array([0.0, 0.2, 0.4, 0.6, 0.8, 0.9])  # of what is allowed: requests that are slow without any load
QUEUES_A_CLUSTER = 3.0  # requests that wait behind each other exceed a limit together, some queues one after the other
LEAST_CLUSTERING = 3.0
UNSEEN = 2.5  # times the margin below: bursts make counts skewed, and one that was not seen would lower the crossing
USUAL_FREEDOM = 24.0  # what is usual weighs as much as six windows, since bursts are rare: few show none at all


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one load at a rate says of one limit, a value a batch: requests, and how many of them were above it."""

    rate_rps: float
    requests: tuple[int, ...]
    over: tuple[int, ...]

    @property
    def share(self) -> float:
        """Of all requests, how many were above the limit."""
        return sum(self.over) / max(sum(self.requests), 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """Where the share crosses, and its 95 % interval: -inf and inf where the measured rates bound nothing."""

    rate_rps: float
    low: float
    high: float


def find_crossing(looks: Sequence[Look], allowed: float, *, limit_s: float = 0.0) -> Crossing:
    """The likeliest crossing within the measured rates, and all that are not much less likely (an F test).

    `limit_s` is the limit in seconds: a queue so long holds rate x limit requests (Little's law).
    """
    from scipy.special import fdtri  # noqa: PLC0415 - imported late: scipy would double what `aiops --help` takes

    counts = _Counts(looks, min(FAR * allowed, 1.0))
    candidates = np.linspace(counts.rates.min(), counts.rates.max(), CANDIDATES)
    shares = _shares(counts, allowed, candidates)
    likelihoods = counts.over * np.log(shares) - counts.requests * shares
    likelihoods = likelihoods.sum(axis=2)
    shape, best = np.unravel_index(int(np.argmax(likelihoods)), likelihoods.shape)
    usual = max(QUEUES_A_CLUSTER * float(candidates[best]) * limit_s, LEAST_CLUSTERING)
    clustering, freedom = counts.clustering(shares[shape, best], allowed, usual)
    likelihood = likelihoods.max(axis=0)
    margin = clustering * float(fdtri(1.0, freedom, 0.95)) / 2
    lowest = np.flatnonzero(likelihood >= likelihood[best] - UNSEEN * margin)[0]
    highest = np.flatnonzero(likelihood >= likelihood[best] - margin)[-1]
    return Crossing(
        rate_rps=float(candidates[best]),
        low=float(candidates[lowest]) if lowest else -inf,
        high=float(candidates[highest]) if highest < CANDIDATES - 1 else inf,
    )


def _shares(counts: "_Counts", allowed: float, candidates: Floats) -> Floats:
    """The share at each look's rate, for each shape of the curve and each crossing (shapes x crossings x looks)."""
    slopes = ELASTICITIES[:, None, None] / candidates[None, :, None]
    rising = np.exp(np.minimum(slopes * (counts.rates - candidates[None, :, None]), np.log(FAR)))
    floors = FLOORS[:, None, None, None] * allowed
    shares = np.minimum(floors + (allowed - floors) * rising, counts.largest_share)
    return np.maximum(shares.reshape(-1, len(candidates), len(counts.rates)), 1e-12)


class _Counts:
    """What all looks counted, those far above the limit as if they were at `largest_share`."""

    def __init__(self, looks: Sequence[Look], largest_share: float) -> None:
        self.largest_share = largest_share
        self.rates = np.array([look.rate_rps for look in looks])
        self.block_requests = np.array([_blocks(look.requests) for look in looks])
        excess = np.array([max(look.share / largest_share, 1.0) for look in looks])
        self.block_over = np.array([_blocks(look.over) for look in looks]) / excess[:, None]
        self.requests = self.block_requests.sum(axis=1)
        self.over = self.block_over.sum(axis=1)

    def clustering(self, shares: Floats, allowed: float, usual: float) -> tuple[float, float]:
        """The variance of a block's count over its mean (Pearson's), and the degrees of freedom that rests on.

        What is `usual` is taken into account, for bursts are rare and few windows tell. `shares` are those of the
        fitted curve; looks far from the crossing tell nothing of how it is there.
        """
        telling = (shares >= allowed / 5) & (shares <= allowed * 5)
        expected = self.block_requests[telling] * shares[telling, None]
        strange = float(((self.block_over[telling] - expected) ** 2 / np.maximum(expected, 1e-9)).sum())
        freedom = max(float(expected.size) - 2.0, 0.0)
        together = freedom + USUAL_FREEDOM
        return max(1.0, (strange + usual * USUAL_FREEDOM) / together), together


def _blocks(batches: Sequence[float]) -> Floats:
    return np.array([part.sum() for part in np.array_split(np.array(batches, dtype=float), BLOCKS)])
