"""Which payload each request gets: one after the other, or drawn at random."""

import numpy as np

from aiops_toolkit.config.targets import Order

DRAWS = 16_384  # then they begin again


def turns(count: int, order: Order, seed: int) -> tuple[int, ...]:
    """Numbers of payloads, each below `count`; request number n gets that of place n, beginning again at the end."""
    if order == "cycle" or count == 1:
        return tuple(range(count))
    return tuple(np.random.default_rng(seed).integers(count, size=max(DRAWS, count)).tolist())
