"""A command as a target: started once a request, by a small process of its own (`spawner.py`)."""

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from aiops_planner.errors import UsageError
from aiops_toolkit import logs
from aiops_toolkit.bench.samples import Outcome
from aiops_toolkit.bench.targets import spawner
from aiops_toolkit.bench.targets.helpers import HelperLoad, Work, messages_for
from aiops_toolkit.bench.targets.payloads import find_payloads
from aiops_toolkit.config.targets import CommandTarget
from aiops_toolkit.masking import secrets_in
from aiops_toolkit.processes import describe_exit

PAYLOAD = "{payload}"
COMMANDS_PER_CORE = 8  # at once; further ones wait, or a burst would fill the memory


class CommandLoad(HelperLoad):
    """Starts a command for each request; a request lasts until the command exits."""

    failed = Outcome.EXIT_CODE
    is_helper_measured = False

    def __enter__(self) -> "CommandLoad":
        """Start the spawner. Raises UsageError when the command lacks a payload, MeasurementError otherwise."""
        if any(PAYLOAD in line for line in self._work.plan["lines"]):
            raise UsageError(f"{self.label}: {PAYLOAD} stands for a payload file; name them with payloads: a pattern")
        super().__enter__()
        return self

    def hint(self, kind: str) -> str:
        """What to check."""
        complaint = self.most_common_complaint()
        if kind == "exit-code" and complaint is not None:
            said = f"; it wrote last: {complaint.text}" if complaint.text else " and wrote no error"
            return f"the command {describe_exit(complaint.code)}{said}"
        return super().hint(kind)


def command_load(
    target: CommandTarget, *, root: Path, environment: Mapping[str, str], port: str | None, seed: int
) -> CommandLoad:
    """The target of a shell command run in `root`; it finds `port`, where there is one, as PORT in its environment.

    Raises UsageError for payloads that cannot be read or that the command does not use.
    """
    secrets = secrets_in(environment)
    label = f"command {logs.one_line(target.command, secrets=secrets, limit=120)}"
    files = [path for path, _ in find_payloads(root, target.payloads)] if target.payloads else []
    if files and PAYLOAD not in target.command:
        raise UsageError(f"{label}: it does not use its payloads; write {PAYLOAD} where the path of one is to stand")
    paths = [shlex.quote(str(path.absolute())) for path in files] or [PAYLOAD]
    return CommandLoad(
        Work(
            label=label,
            line=f"exec {shlex.quote(sys.executable)} -P -m {spawner.__name__}",
            plan={
                "lines": [target.command.replace(PAYLOAD, path) for path in paths],
                "at_once": COMMANDS_PER_CORE * (os.cpu_count() or 1),
            },
            messages=messages_for(len(files), target.order, seed),
            root=root,
            timeout_s=target.timeout_s,
            environment={} if port is None else {"PORT": port},
            secrets=secrets,
        )
    )
