"""The JSON Schemas that are shipped with the package, beside this file, and how they are made.

`python -m aiops_reports.schemas` writes them again after a value has changed.
"""

import json
from pathlib import Path
from typing import Any

from aiops_planner.plans import Infeasible, Plan
from aiops_reports.diagnosis import Diagnosis
from aiops_reports.document import json_schema
from aiops_reports.record import BenchReport, CommitReport, TestReport

FOLDER = Path(__file__).parent

SHIPPED: dict[str, Any] = {
    "report-1.json": CommitReport,
    "bench-1.json": BenchReport,
    "tests-1.json": TestReport,
    "plan-1.json": Plan | Infeasible,
    "doctor-1.json": Diagnosis,
}


def render(name: str) -> str:
    """The text of one shipped schema, generated from the values as they are now."""
    return json.dumps(json_schema(SHIPPED[name]), indent=2, ensure_ascii=False) + "\n"
