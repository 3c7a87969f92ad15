"""`aiops init`: look at a repository, decide which files it needs to begin, write them without touching others."""

from aiops_toolkit.config.init.plan import InitPlan, PlannedFile, plan_files
from aiops_toolkit.config.init.writing import write_plan

__all__ = ["InitPlan", "PlannedFile", "plan_files", "write_plan"]
