"""The values of a diagnosis, and the exit code that follows from them."""

from dataclasses import dataclass
from typing import Literal

from aiops_reports.record import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at: what was found, and what to do when it is not fine.

    `status` is "ok", "limited" (works, with the stated loss) or "missing" (a command will fail without it).
    """

    name: str
    status: Literal["ok", "limited", "missing"]
    found: str
    advice: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineCheck:
    """The load engine against its own reference server: how late it sends and how much time it adds, in seconds."""

    offered_rps: float
    throughput_rps: float
    send_lag_p50_s: float | None
    send_lag_p99_s: float | None
    response_p50_s: float | None
    generator_utilisation: float
    invalid_because: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """How steady this machine is: the same work repeated, and the same short sleep repeated.

    `work_variation` is the coefficient of variation of the repeated work (0.05 is 5 %); `sleep_late_p99_s` is how late
    the 99th of 100 wake-ups comes, in seconds; `timer_resolution_s` is the smallest step of the clock.
    """

    work_variation: float
    sleep_late_p99_s: float
    timer_resolution_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What `aiops doctor` prints as JSON."""

    schema: Literal["aiops/doctor/1"] = "aiops/doctor/1"
    environment: Environment
    noise: Noise
    engine: tuple[EngineCheck, ...]
    findings: tuple[Finding, ...]

    @property
    def exit_code(self) -> int:
        """1 when something is missing that a command needs, else 0."""
        return int(any(finding.status == "missing" for finding in self.findings))
