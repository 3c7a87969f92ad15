"""Top floor: configuration, running tests and load, CI systems, the command line. Knows the reports and the planner."""

__version__ = "0.1.0"
