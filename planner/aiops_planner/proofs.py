"""How a plan is put to the proof by simulation, and what came of it: values without arithmetic."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from aiops_planner.performance import Distribution, Interval, Objective, Percentile

Routing = Literal["round-robin", "shortest-queue", "random"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a plan is simulated against: the objective, how requests arrive, and which machine takes them.

    Gaps between requests have the squared coefficient of variation `arrival_scv`, 1 for Poisson arrivals; where
    `arrival_times_s` are given they are replayed at the rate of the hour instead. `routing` is within machines of one
    type; between types the plan's own traffic shares decide. `requests` are simulated for each scenario. Where
    `objectives` are given, by class, each class is held against its own, else all requests against `objective`.
    """

    objective: Objective = field(default_factory=Objective)
    objectives: Mapping[str, Objective] = field(default_factory=dict)
    arrival_scv: float = 1.0
    arrival_times_s: tuple[float, ...] = ()
    routing: Routing = "round-robin"
    requests: int = 200_000
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassTimes:
    """The response times of one class in a scenario, held against its own objective. Intervals are of 95 %."""

    request_class: str
    offered_rps: float
    response_s: Distribution
    intervals: Mapping[Percentile, Interval] = field(default_factory=dict)
    met: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """The requests of one hour, simulated at all machines or without what the plan has to survive losing.

    `lost` says what is missing, None for nothing, and `hour` which one is busiest then. `utilisation` is the share of
    time that the machines work. Without `response_s` they cannot keep up, and waits would grow without end. Intervals
    are of 95 %. `classes` are told apart where they have objectives of their own.
    """

    lost: str | None
    hour: int
    offered_rps: float
    machines: int
    utilisation: float
    requests: int
    response_s: Distribution | None
    intervals: Mapping[Percentile, Interval] = field(default_factory=dict)
    met: bool
    classes: tuple[ClassTimes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One plan that was simulated: with which share of the offers' capacities it was solved, and what it cost.

    Where classes have objectives of their own, `capacity_scales` are by class, and `capacity_scale` is the least.
    """

    capacity_scale: float
    usd_per_month: float
    scenarios: tuple[Scenario, ...]
    capacity_scales: Mapping[str, float] = field(default_factory=dict)

    @property
    def met(self) -> bool:
        """Whether every scenario met the objective."""
        return all(scenario.met for scenario in self.scenarios)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Whether the simulated plan meets its objective; the last round is of the plan that is shown.

    `reason` says why it was not simulated, or why it was not tightened any further though it missed. `arrival_scv` is
    None for the arrivals of a trace. `objectives` are by class, in place of `objective`.
    """

    status: Literal["met", "missed", "not_simulated"]
    objective: Objective
    objectives: Mapping[str, Objective] = field(default_factory=dict)
    arrival_scv: float | None = 1.0
    routing: Routing = "round-robin"
    seed: int = 1
    rounds: tuple[Round, ...] = ()
    reason: str | None = None

    @property
    def capacity_scale(self) -> float | None:
        """The share of the offers' capacities that the plan was solved with; None when nothing was simulated."""
        return self.rounds[-1].capacity_scale if self.rounds else None
