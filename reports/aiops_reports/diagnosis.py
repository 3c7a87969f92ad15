"""The values of a diagnosis: what a machine can and cannot measure, and how well.

Times are seconds, shares and variations from 0 to 1 (0.05 is 5 %); docs/doctor.md says how each is measured.
"""

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
class TimerCheck:
    """How much later than asked a timer wakes the load generator; a negative time is too early."""

    name: Literal["timerfd", "event loop"]
    late_p50_s: float
    late_p99_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """How evenly a core works for one busy thread.

    `work_variation` is the coefficient of variation of the same work repeated, `stolen_share` the part of the time in
    which the thread did not run although it wanted to, `worst_gap_s` the longest such stretch.
    """

    work_variation: float
    stolen_share: float
    worst_gap_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreCheck:
    """Which cores may be used, and whether staying on one of them makes work more even.

    `quota` is the CPU time, in cores, that control groups allow; None without a limit. `isolated` are cores that the
    kernel keeps free of other work. `pinned` is None where a thread cannot be bound to a core.
    """

    usable: tuple[int, ...]
    quota: float | None
    isolated: tuple[int, ...]
    free: Noise
    pinned: Noise | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineCheck:
    """The load engine against its own reference server: how late it sends and how much time it adds, in seconds."""

    offered_rps: float
    throughput_rps: float
    send_lag_p50_s: float | None
    send_lag_p99_s: float | None
    response_p50_s: float | None
    response_p99_s: float | None
    generator_utilisation: float
    invalid_because: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """The smallest change between two runs that would be told from noise, for a service that is always busy.

    A window of `window_s` seconds was cut into `blocks` equal ones. The variations are those of the means of blocks,
    the correlations between one block and the next; the smallest changes follow from them, for a test at 5 % with a
    power of 80 %.
    """

    window_s: float
    blocks: int
    throughput_variation: float
    throughput_correlation: float
    smallest_throughput_change: float
    response_variation: float
    response_correlation: float
    smallest_response_change: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What `aiops doctor` measured and found on one machine at one moment; `clock_step_s` is its clock's smallest step.

    `sensitivity` is None when no load could be generated.
    """

    schema: Literal["aiops/doctor/1"] = "aiops/doctor/1"
    environment: Environment
    clock_step_s: float
    timers: tuple[TimerCheck, ...]
    cores: CoreCheck
    engine: tuple[EngineCheck, ...]
    sensitivity: Sensitivity | None
    findings: tuple[Finding, ...]
    seconds: float

    @property
    def exit_code(self) -> int:
        """1 when something is missing that a command needs, else 0."""
        return int(any(finding.status == "missing" for finding in self.findings))
