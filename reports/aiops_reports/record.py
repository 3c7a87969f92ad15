"""The record of one commit: what was measured where, what came of it, and the exit code that follows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal

from aiops_planner.performance import Capacity, Knee, LoadPoint, Objective, Scalability
from aiops_planner.plans import Infeasible, Plan

FailOn = Literal["tests", "gates", "regression"]
StageName = Literal["service", "tests", "benchmarks", "plan", "report"]
StageStatus = Literal["ok", "failed", "error", "skipped", "interrupted"]
Outcome = Literal["passed", "failed", "error", "infeasible", "interrupted"]

_OUTCOMES: dict[int, Outcome] = {0: "passed", 3: "failed", 4: "infeasible", 130: "interrupted"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The machine and software a record was measured with; figures of two fingerprints are not comparable."""

    cpu_model: str | None
    cpu_family: str | None = None
    physical_cores: int | None
    logical_cores: int
    usable_cores: int
    memory_bytes: int
    os: str
    kernel: str
    architecture: str
    python: str
    container: bool | None
    ci_provider: str | None = None
    ci_runner_image: str | None = None
    tool_version: str

    @property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits of a hash over what decides speed: CPU, cores, memory in GiB, OS, runner image."""
        parts = (
            self.cpu_model,
            self.cpu_family,
            self.usable_cores,
            round(self.memory_bytes / 2**30),
            self.os,
            self.architecture,
            self.ci_runner_image,
        )
        return sha256("|".join(str(part) for part in parts).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """The commit that was measured. `dirty` is True when tracked files differ from it; times are ISO 8601."""

    sha: str
    branch: str | None
    author_time: str
    subject: str
    dirty: bool
    shallow: bool
    pull_request: int | None = None
    repository: str | None = None
    build_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedTest:
    """One test that failed or errored, with the first line of its message."""

    name: str
    kind: Literal["failed", "error"]
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A metric the tests wrote, held against its condition: accuracy >= 0.97. `value` is None when it is missing."""

    metric: str
    condition: str
    value: float | None
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What the test command reported. `seconds` is its wall-clock time."""

    command: str
    exit_code: int
    passed: int
    failed: int
    errors: int
    skipped: int
    seconds: float
    failures: tuple[FailedTest, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    gates: tuple[Gate, ...] = ()

    @property
    def tests_passed(self) -> bool:
        """No test failed or errored, at least one passed, and the command agreed."""
        return not self.failed and not self.errors and self.passed > 0 and self.exit_code == 0

    @property
    def gates_passed(self) -> bool:
        """Every gate's metric was written and meets its condition."""
        return all(gate.passed for gate in self.gates)


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkResult:
    """The operating curve of one benchmark. `seed` reproduces the schedule; `notes` are sentences for the reader.

    `source` names the tool that measured it where that was not this one (wrk 4.1.0).
    """

    name: str
    target: str
    objective: Objective
    load_points: tuple[LoadPoint, ...]
    knee: Knee | None
    capacity: Capacity
    scalability: Scalability | None = None
    source: str | None = None
    seconds: float
    seed: int
    quick: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One step of the main job. `message` is the one line for the person who must act when it did not succeed."""

    name: StageName
    status: StageStatus
    seconds: float
    message: str | None = None
    exit_code: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitReport:
    """Everything known about one commit. Parts that were not reached are None or empty, and `stages` says why."""

    schema: Literal["aiops/report/1"] = "aiops/report/1"
    created_at: str
    service: str
    quick: bool
    commit: Commit | None
    environment: Environment
    stages: tuple[Stage, ...]
    checks: CheckResult | None = None
    benchmarks: tuple[BenchmarkResult, ...] = ()
    plan: Plan | Infeasible | None = None
    fail_on: tuple[FailOn, ...] = ("tests", "gates")
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """130 interrupted, 1 or 2 a stage could not do its work, 3 tests or gates failed, 4 no fleet, 0 fine."""
        if any(stage.status == "interrupted" for stage in self.stages):
            return 130
        broken = [stage.exit_code for stage in self.stages if stage.status == "error"]
        if broken:
            return max(broken)
        if self.checks is not None:
            if "tests" in self.fail_on and not self.checks.tests_passed:
                return 3
            if "gates" in self.fail_on and not self.checks.gates_passed:
                return 3
        return 4 if isinstance(self.plan, Infeasible) else 0

    @property
    def outcome(self) -> Outcome:
        """The exit code in a word."""
        return _OUTCOMES.get(self.exit_code, "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchReport:
    """What `aiops bench` prints as JSON."""

    schema: Literal["aiops/bench/1"] = "aiops/bench/1"
    environment: Environment
    benchmarks: tuple[BenchmarkResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TestReport:
    """What `aiops test` prints as JSON."""

    __test__ = False  # pytest would collect a class of this name

    schema: Literal["aiops/tests/1"] = "aiops/tests/1"
    environment: Environment
    checks: CheckResult
