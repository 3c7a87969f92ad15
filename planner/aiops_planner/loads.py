"""How many machines of an offer it takes to carry everything alone."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aiops_planner.offers import Offer


def loads_alone(offers: Sequence[Offer], classes: Sequence[str], rps: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    """Machines by hour (rows) and offer, in fractions, that all of what an offer can serve takes of it alone."""
    capacity = np.array([[offer.capacity_rps.get(name, 0.0) for name in classes] for offer in offers], dtype=float)
    per_request = np.divide(1.0, capacity, out=np.zeros_like(capacity), where=capacity > 0)
    return np.asarray(np.array(rps) @ per_request.reshape(len(offers), len(classes)).T)
