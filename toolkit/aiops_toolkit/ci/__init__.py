"""CI systems: which one this runs in, and how a report reaches people through it."""
