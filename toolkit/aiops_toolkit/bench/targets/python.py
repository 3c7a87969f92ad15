"""A Python function as a target: called by the user's own interpreter in a process of its own (`worker.py`)."""

import shlex
from collections.abc import Mapping
from pathlib import Path

from aiops_planner.errors import MeasurementError
from aiops_toolkit.bench.samples import Outcome
from aiops_toolkit.bench.targets import worker
from aiops_toolkit.bench.targets.helpers import HelperLoad, Work, messages_for
from aiops_toolkit.bench.targets.payloads import find_payloads
from aiops_toolkit.config.targets import PythonTarget
from aiops_toolkit.masking import secrets_in

MAX_THREADS = 64  # that call a function at once; further calls wait, as they would for the workers of a server


class PythonLoad(HelperLoad):
    """Calls a function with the bytes of one payload after the other, or with nothing."""

    failed = Outcome.EXCEPTION

    def hint(self, kind: str) -> str:
        """What to check."""
        complaint = self.most_common_complaint()
        if kind == "exception" and complaint is not None:
            return f"the function raised {complaint.text}"
        return super().hint(kind)

    def start_failure(self, what: str) -> MeasurementError:
        """The error for a function that cannot be called."""
        if "command not found" in what or "cannot be imported" in what:
            what += "; let interpreter name the Python that has the function's packages, such as .venv/bin/python"
        return super().start_failure(what)


def python_load(
    target: PythonTarget, *, root: Path, environment: Mapping[str, str], port: str | None, seed: int
) -> PythonLoad:
    """The target of a function below `root`; it finds `port`, where there is one, as PORT in its environment.

    Raises UsageError for payloads that cannot be read.
    """
    files = [path for path, _ in find_payloads(root, target.payloads)] if target.payloads else []
    return PythonLoad(
        Work(
            label=f"python {target.function}",
            line=f"exec {target.interpreter} {shlex.quote(worker.__file__)}",
            plan={
                "function": target.function,
                "payloads": [str(path.absolute()) for path in files],
                "at_once": MAX_THREADS,
            },
            messages=messages_for(len(files), target.order, seed),
            root=root,
            timeout_s=target.timeout_s,
            environment={} if port is None else {"PORT": port},
            secrets=secrets_in(environment),
        )
    )
