"""One benchmark under way: its clock, the loads it puts on the service, and the points that came of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Protocol

from aiops_planner.errors import MeasurementError
from aiops_planner.performance import Arrivals, LoadPoint, Objective
from aiops_reports import formatting
from aiops_toolkit.bench.loops import Run
from aiops_toolkit.bench.points import Load, load_point
from aiops_toolkit.bench.samples import Outcome
from aiops_toolkit.bench.schedule import Schedule
from aiops_toolkit.bench.traces import MakeSchedule
from aiops_toolkit.progress import Progress

SETTLE_S = 2.0
MIN_DRAIN_S = 0.25


class LoadEngine(Protocol):
    """What a session asks of an engine; `closed` and `open` block until the load is over."""

    @property
    def max_lanes(self) -> int:
        """The most requests that can be in flight."""

    def closed(self, clients: int, duration_s: float, *, drain_s: float) -> Run:
        """Load by `clients` users, each with one request in flight, for `duration_s`."""

    def open(self, schedule: Schedule, duration_s: float, *, drain_s: float) -> Run:
        """Load by a schedule that covers `duration_s`."""

    def hint(self, kind: str) -> str:
        """What the user should check when every request of the last load ended as `kind` (connect-refused)."""


@dataclass(slots=True, kw_only=True)
class Session:
    """State of a benchmark. Every method may raise MeasurementError: the service died or no longer connects."""

    name: str
    engine: LoadEngine
    objective: Objective
    budget_s: float
    seed: int
    progress: Progress
    on_point: Callable[[LoadPoint], None]
    make_schedule: MakeSchedule
    arrivals: Arrivals = "poisson"
    clock: Callable[[], float] = perf_counter
    started_s: float = field(init=False)
    points: list[LoadPoint] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.started_s = self.clock()

    @property
    def elapsed_s(self) -> float:
        """Seconds since the start."""
        return self.clock() - self.started_s

    @property
    def left_s(self) -> float:
        """Seconds of the budget that are left, 0 when it is used up."""
        return max(0.0, self.budget_s - self.elapsed_s)

    def closed_run(self, clients: int, duration_s: float, drain_s: float) -> Run:
        """Load by `clients` users without making a point of it."""
        users = f"{clients} client{'s' if clients > 1 else ''}"
        return self._watched(lambda: self.engine.closed(clients, duration_s, drain_s=drain_s), users)

    def measure_closed(self, clients: int, duration_s: float, drain_s: float) -> LoadPoint:
        """One level of the ladder."""
        return self._keep(self.closed_run(clients, duration_s, drain_s), Load(clients=clients))

    def measure_open(self, rate_rps: float, duration_s: float, drain_s: float) -> LoadPoint:
        """One open-loop rate; afterwards the service gets time to work off what it was left with."""
        schedule = self.make_schedule(rate_rps, duration_s, self.seed + len(self.points))
        run = self._watched(
            lambda: self.engine.open(schedule, duration_s, drain_s=drain_s), f"{formatting.rate(rate_rps)}"
        )
        point = self._keep(run, Load(rate_rps=rate_rps, arrivals=self.arrivals))
        if (run.table.outcome == Outcome.UNFINISHED).any():
            self.closed_run(1, 0.0, min(SETTLE_S, self.left_s))
        return point

    def _watched(self, load: Callable[[], Run], description: str) -> Run:
        self.progress.advance(self.elapsed_s, f"{self.name}: {description}")
        try:
            return load()
        except MeasurementError as error:
            raise MeasurementError(
                f"benchmark {self.name}: {error.message} at {description}, "
                f"after {len(self.points)} finished load points"
            ) from None

    def _keep(self, run: Run, load: Load) -> LoadPoint:
        point = load_point(run, load, self.objective)
        errors = point.errors_by_kind
        if not point.successes and errors and all(kind.startswith("connect-") for kind in errors):
            raise MeasurementError(
                f"benchmark {self.name}: the service stopped accepting connections after {len(self.points)} finished "
                f"load points ({', '.join(errors)}); see whether it still runs"
            )
        self.points.append(point)
        self.on_point(point)
        return point
