"""A folder with an aiops.yml whose capacity section a test writes, and `aiops plan` run in it."""

import json
import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ONE_OFFER = "offers: [{name: a, price: 1 USD/h, capacity: 100/s}]"
PLAN = "from aiops_toolkit.cli.main import main; main(['plan', *sys.argv[1:]])"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFolder:
    """A temporary folder, and what is said there."""

    path: Path

    def write(self, capacity: str, files: dict[str, str | bytes] | None = None, *, more: str = "") -> None:
        """Write aiops.yml with this capacity section, from its line 3 on, more sections below it, and other files."""
        (self.path / "aiops.yml").write_text(f"version: 1\ncapacity:\n{textwrap.indent(capacity, '  ')}\n{more}")
        for name, content in (files or {}).items():
            written = content if isinstance(content, bytes) else content.encode()
            (self.path / name).write_bytes(written)

    def plan(self, *arguments: str, before: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `aiops plan` in a process of its own, after the statements in `before`."""
        code = f"import sys; {before}\n{PLAN}"
        return subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=self.path,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def json(self, name: str = "plan.json") -> dict[str, Any]:
        """A JSON file that was written there."""
        read: dict[str, Any] = json.loads((self.path / name).read_text())
        return read
