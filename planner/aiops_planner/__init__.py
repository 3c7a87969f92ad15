"""Ground floor: performance curves, demand, prices, the linear program and its plans. Knows nobody above it."""
