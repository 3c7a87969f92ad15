"""The values aiops.yml stands for, units already resolved: seconds, requests/s, shares from 0 to 1, USD an hour."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from aiops_planner.file_form import FileForm, Gaps, Period, Rows
from aiops_planner.offers import Offer, Purchase
from aiops_planner.performance import Objective
from aiops_planner.plans import Goal, Limits, Survive
from aiops_planner.proofs import Routing
from aiops_reports.record import FailOn
from aiops_toolkit.config.targets import LoadSettings, Target

Comparison = Literal[">=", ">", "<=", "<", "=="]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """The service under test. Without `command` it runs already; `$PORT` in any text stands for the port it gets."""

    name: str
    setup: str | None = None
    command: str | None = None
    ready: str | None = None
    ready_timeout_s: float = 60.0
    stop_timeout_s: float = 10.0
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSettings:
    """The condition a metric has to meet."""

    metric: str
    comparison: Comparison
    threshold: float

    @property
    def condition(self) -> str:
        """The condition as written: >= 0.97."""
        return f"{self.comparison} {self.threshold:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestSettings:
    """The test command; it writes JUnit XML to $AIOPS_JUNIT and a flat JSON object of numbers to $AIOPS_METRICS."""

    __test__ = False  # pytest would collect a class of this name

    command: str
    gates: tuple[GateSettings, ...] = ()
    timeout_s: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkSettings:
    """One benchmark: what to load and how, and the objective its capacity is searched for."""

    name: str
    target: Target
    slo: Objective
    load: LoadSettings = field(default_factory=LoadSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogSettings:
    """Which offers of the catalog may take part: regions by cloud, families, accelerators, and bounds on size."""

    clouds: Mapping[Literal["aws", "gcp"], tuple[str, ...]]
    families: tuple[str, ...] = ()
    architectures: tuple[Literal["amd64", "arm64"], ...] = ("amd64",)
    min_vcpus: float | None = None
    max_vcpus: float | None = None
    min_memory_gib: float | None = None
    max_memory_gib: float | None = None
    accelerators: tuple[str, ...] = ()
    min_accelerator_memory_gib: float | None = None
    model_memory_bytes: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandSettings:
    """The traffic to plan for: `rates` by request class in requests/s, or a CSV `file`; exactly one is given.

    What the file's rows say and the quantile taken of them are those of `FileForm`. Whatever is read is then multiplied
    by `growth` and `peak_factor`.
    """

    rates: Mapping[str, float] | None = None
    file: Path | None = None
    rows: Rows = "rates"
    column: str | None = None
    gaps: Gaps = "refuse"
    timezone: str | None = None
    step_s: float | None = None
    quantile: float | None = None
    period: Period | None = None
    growth: float = 1.0
    peak_factor: float = 1.0

    @property
    def form(self) -> FileForm:
        """What the file's rows say."""
        return FileForm(
            rows=self.rows,
            column=self.column,
            gaps=self.gaps,
            timezone=self.timezone,
            step_s=self.step_s,
            quantile=self.quantile,
            period=self.period,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthSettings:
    """The tokens of a request and of its answer."""

    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedSettings:
    """A language model with published curves, and how long requests are: all of them, or by request class.

    Without `precision`, `backend` or `version` any will do.
    """

    model: str
    precision: str | None = None
    backend: str | None = None
    version: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    classes: Mapping[str, LengthSettings] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileSettings:
    """What one machine carries: `rates` by request class in requests/s, or the path of a `report` measured on it."""

    rates: Mapping[str, float] | None = None
    report: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """One of several models on a fleet: its traffic, objective and memory, and the benchmark that sizes offers for it.

    Without `benchmark` it is the one of the model's own name.
    """

    demand: DemandSettings
    slo: Objective = field(default_factory=Objective)
    memory_gib: float | None = None
    benchmark: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationSettings:
    """How requests arrive and find their machine when a plan is simulated.

    `arrivals` is "poisson" or the path of a trace below the directory of aiops.yml; `burstiness` is the squared
    coefficient of variation of the gaps.
    """

    arrivals: str = "poisson"
    burstiness: float = 1.0
    routing: Routing = "round-robin"
    requests: int = 200_000
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientsSettings:
    """Where requests come from: `shares` by client region, or none where the demand's classes are client regions.

    `round_trips` is the path of a table below the directory of aiops.yml, which goes before the shipped one.
    """

    shares: Mapping[str, float] = field(default_factory=dict)
    round_trips: str | None = None
    answer_bytes: float = 0.0
    egress_usd_per_gb: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacitySettings:
    """The sizing problem. Exactly one of `catalog` and `offers` is given, and one of `demand` and `models`.

    `benchmark` names the benchmark whose capacity sizes catalog offers; the only one when there is one. With
    `published` it is published curves that size them. Machine types in `profiles` were measured themselves.
    """

    demand: DemandSettings = field(default_factory=DemandSettings)
    models: Mapping[str, ModelSettings] = field(default_factory=dict)
    slo: Objective = field(default_factory=Objective)
    catalog: CatalogSettings | None = None
    offers: tuple[Offer, ...] = ()
    published: PublishedSettings | None = None
    profiles: Mapping[str, ProfileSettings] = field(default_factory=dict)
    benchmark: str | None = None
    purchases: tuple[Purchase, ...] = ("on_demand",)
    survive: Survive = "none"
    limits: Limits = field(default_factory=Limits)
    goal: Goal = "least_cost"
    simulation: SimulationSettings = field(default_factory=SimulationSettings)
    clients: ClientsSettings | None = None
    solver: Literal["highs", "cbc"] | None = None
    time_limit_s: float = 20.0
    gap: float = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSettings:
    """Where reports are kept and what turns a commit red. `store` is a directory relative to aiops.yml, or a URL."""

    store: str = ".aiops"
    fail_on: tuple[FailOn, ...] = ("tests", "gates")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole of one aiops.yml; relative paths in it are relative to `root`, the folder it lies in."""

    path: Path
    service: ServiceSettings
    tests: TestSettings | None = None
    benchmarks: tuple[BenchmarkSettings, ...] = ()
    capacity: CapacitySettings | None = None
    report: ReportSettings = field(default_factory=ReportSettings)

    @property
    def sizes_by_benchmark(self) -> bool:
        """Whether a plan takes a benchmark of this repository: catalog offers whose capacity nothing else tells."""
        if self.capacity is None or self.capacity.catalog is None or self.capacity.published is not None:
            return False
        return bool(self.benchmarks) or not self.capacity.profiles

    @property
    def root(self) -> Path:
        """The folder aiops.yml lies in: commands run here, relative paths start here."""
        return self.path.parent
