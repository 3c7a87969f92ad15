"""Runs the steps of the Jenkins shared library under Groovy, many scenarios in one Java machine."""

import json
import os
import shutil
import subprocess
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
HARNESS = Path(__file__).parent / "groovy" / "Harness.groovy"
# Debian's Groovy is made for Debian's Java; a newer one that comes first in PATH may be too new for it.
DEBIAN_JAVA = Path("/usr/lib/jvm/default-java")


def missing_groovy() -> str | None:
    """Why pipelines cannot be run here, or None when they can."""
    absent = [program for program in ("groovy", "java") if shutil.which(program) is None]
    return f"{' and '.join(absent)} not installed; make test installs it as root on Debian" if absent else None


@dataclass
class Scenario:
    """A pipeline script, where it runs and what it finds there."""

    workspace: str
    script: str
    env: dict[str, str]
    credentials: dict[str, Any] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)


@dataclass
class Outcome:
    """What came of a scenario: the build's result, the steps that ran, and what the script returned."""

    result: str
    error: str | None
    returned: Any
    steps: list[dict[str, Any]]

    def arguments(self, name: str) -> list[Any]:
        """The first argument of every step of that name."""
        return [step["arguments"][0] for step in self.steps if step["name"] == name]


def run_scenarios(scenarios: list[Scenario]) -> list[Outcome]:
    """Run scenarios one after the other. Raises AssertionError with Groovy's own words when the harness breaks."""
    java = shutil.which("java")
    assert java is not None
    java_home = DEBIAN_JAVA if DEBIAN_JAVA.exists() else Path(java).resolve().parents[1]
    done = subprocess.run(
        ["groovy", str(HARNESS), str(ROOT / "vars")],
        input=json.dumps([asdict(scenario) for scenario in scenarios]),
        env={**os.environ, "JAVA_HOME": str(java_home)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [Outcome(**outcome) for outcome in json.loads(done.stdout)]
