"""From aiops.yml and a measured report to a sizing problem: what is taken from where, and what is refused."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from aiops_planner.errors import AiopsError, ConfigError, MeasurementError, UsageError
from aiops_planner.offers import Offer
from aiops_planner.performance import Batches, Distribution, LoadPoint, Objective
from aiops_planner.plans import Infeasible, Plan
from aiops_toolkit.config.reading import load_settings
from aiops_toolkit.config.settings import CapacitySettings, CatalogSettings, DemandSettings
from aiops_toolkit.measured import measured_capacity, reference_from
from aiops_toolkit.sizing import MAX_DEMAND_BYTES, read_demand, size_fleet
from support.reports_samples import sample_report

REPORT = sample_report()
MEASURED = REPORT.benchmarks[0]
CATALOG = CatalogSettings(clouds={"aws": ("us-east-1",)}, families=("c7a",), max_vcpus=8)
FROM_CATALOG = CapacitySettings(
    demand=DemandSettings(rates={"requests": 500.0}), slo=Objective(p99=0.1), catalog=CATALOG
)
SMALL = Offer(name="small", prices_usd_per_hour={"on_demand": 0.1}, capacity_rps={"requests": 100.0})


def test_offers_that_state_their_capacity_need_no_measurement() -> None:
    plan = size_fleet(
        CapacitySettings(demand=DemandSettings(rates={"requests": 250.0}), offers=(SMALL,)), (), None, Path()
    )
    assert isinstance(plan, Plan)
    assert plan.usd_per_hour == pytest.approx(0.3)


def test_the_goal_of_most_traffic_comes_from_aiops_yml(tmp_path: Path) -> None:
    config = tmp_path / "aiops.yml"
    config.write_text(
        "version: 1\nservice: {name: x, command: serve $PORT}\n"
        "capacity:\n  demand: 50/s\n  offers: [{name: m, price: 1 USD/h, capacity: 100/s}]\n"
        "  limits: {budget: 4 USD/h}\n  goal: most_traffic\n"
    )
    capacity = load_settings(config).capacity
    assert capacity is not None
    plan = size_fleet(capacity, (), None, tmp_path)
    assert isinstance(plan, Plan)
    assert plan.goal == "most_traffic"
    assert plan.demand_share == pytest.approx(8.0, rel=1e-5)


def test_catalog_offers_are_sized_from_the_measured_benchmark() -> None:
    plan = size_fleet(FROM_CATALOG, REPORT.benchmarks, REPORT.environment, Path())
    assert isinstance(plan, Plan)
    assert {item.capacity_source for item in plan.fleet} == {"estimated"}
    assert any("estimate" in note for note in plan.notes)


def test_the_bare_service_time_is_that_of_the_least_loaded_valid_point() -> None:
    reference = reference_from(MEASURED, REPORT.environment, Objective(p99=0.1))
    ladder = [point for point in MEASURED.load_points if point.mode == "closed" and point.valid]
    alone = min(ladder, key=lambda point: point.concurrency)
    assert reference.mean_service_s == alone.service_s.mean
    assert reference.cpu_family == REPORT.environment.cpu_family


def test_counts_above_the_limits_of_a_benchmark_say_nothing_of_another_objective() -> None:
    batches = Batches(
        seconds=1.0,
        successes=(100,) * 10,
        requests=(100,) * 10,
        response_s=(0.01,) * 10,
        mean_concurrency=(1.0,) * 10,
        over={"p99": (50,) * 10},
    )
    points = tuple(replace(point, batches=batches) for point in MEASURED.load_points)
    reference = reference_from(replace(MEASURED, load_points=points), REPORT.environment, Objective(p99=0.1))
    assert reference == reference_from(MEASURED, REPORT.environment, Objective(p99=0.1))


def test_counts_above_a_limit_that_the_fleet_shares_with_the_benchmark_are_used() -> None:
    batches = Batches(
        seconds=1.0,
        successes=(100,) * 10,
        requests=(100,) * 10,
        response_s=(0.01,) * 10,
        mean_concurrency=(1.0,) * 10,
        over={"p99": (2, 0) * 5},
    )
    counted = replace(MEASURED, load_points=tuple(replace(point, batches=batches) for point in MEASURED.load_points))
    assert MEASURED.objective.errors is not None
    shared = Objective(p99=MEASURED.objective.p99)
    assert measured_capacity(counted, shared).ci is not None
    assert measured_capacity(counted, Objective(p99=2 * MEASURED.objective.p99)).ci is None


def open_points(*rates_rps: float, p99_s: float) -> tuple[LoadPoint, ...]:
    """Open-loop points with this p99, on top of the sample's ladder."""
    times = Distribution(mean=p99_s / 3, p50=p99_s / 3, p90=p99_s / 2, p95=p99_s / 2, p99=p99_s)
    point = next(point for point in MEASURED.load_points if point.mode == "open" and point.valid)
    closed = tuple(point for point in MEASURED.load_points if point.mode == "closed")
    return closed + tuple(replace(point, offered_rps=rate, response_s=times) for rate in rates_rps)


def test_a_service_that_misses_the_objective_under_hardly_any_load_misses_it_on_every_machine() -> None:
    missed = replace(MEASURED, load_points=open_points(5.0, 400.0, p99_s=2.0))
    answer = size_fleet(FROM_CATALOG, (missed,), REPORT.environment, Path())
    assert isinstance(answer, Infeasible)
    assert "even 5" in answer.reasons[0]
    assert "more machines do not help" in answer.reasons[0]


def test_a_service_that_missed_the_objective_only_under_load_may_have_been_disturbed() -> None:
    missed = replace(MEASURED, load_points=open_points(400.0, p99_s=2.0))
    with pytest.raises(MeasurementError, match=r"400/s missed p99 ≤ 100 ms .* quieter machine"):
        size_fleet(FROM_CATALOG, (missed,), REPORT.environment, Path())


REFUSALS = [
    (FROM_CATALOG, (), MeasurementError, "none was measured; measure one with `aiops run`"),
    (
        replace(FROM_CATALOG, demand=DemandSettings(rates={"a": 1.0, "b": 2.0})),
        REPORT.benchmarks,
        ConfigError,
        "classes a, b",
    ),
    (replace(FROM_CATALOG, benchmark="other"), REPORT.benchmarks, ConfigError, "found other, expected one of"),
    (FROM_CATALOG, (replace(MEASURED, load_points=()),), MeasurementError, "no valid closed-loop point, .* --budget"),
    (
        FROM_CATALOG,
        (replace(MEASURED, load_points=(), source="vegeta 12.8.4"),),
        MeasurementError,
        "no valid closed-loop point, .*; import closed-loop points of vegeta 12.8.4 too",
    ),
]


@pytest.mark.parametrize(("settings", "benchmarks", "error", "said"), REFUSALS)
def test_what_cannot_be_sized_is_refused_with_its_reason(
    settings: CapacitySettings, benchmarks: tuple, error: type[AiopsError], said: str
) -> None:
    with pytest.raises(error, match=said):
        size_fleet(settings, benchmarks, REPORT.environment, Path())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file"),
        (b"hour,requests\n0,\xff\xfe\n", "not UTF-8"),
        (b"x" * 2**20, "the header is 'xxx"),
        (b"hour,requests\n0,many\n", "many"),
    ],
)
def test_a_demand_file_that_cannot_be_used_is_named(tmp_path: Path, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / "demand.csv").write_bytes(content)
    with pytest.raises(UsageError, match=said) as caught:
        read_demand(DemandSettings(file=Path("demand.csv")), tmp_path)
    assert "demand.csv" in caught.value.message


def test_an_hourly_demand_is_read_relative_to_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "demand.csv").write_text("hour,requests\n0,10\n1,20\n")
    assert read_demand(DemandSettings(file=Path("demand.csv")), tmp_path).rps == ((10.0,), (20.0,))


def test_a_demand_file_without_measure_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "demand.csv").open("wb") as file:
        file.truncate(MAX_DEMAND_BYTES + 1)
    with pytest.raises(UsageError, match="larger than 256 MiB; count the requests"):
        read_demand(DemandSettings(file=Path("demand.csv")), tmp_path)


def test_a_demand_from_a_pipe_is_refused_rather_than_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "demand.csv")
    with pytest.raises(UsageError, match="is a pipe or device"):
        read_demand(DemandSettings(file=Path("demand.csv")), tmp_path)


def test_growth_and_peaks_raise_what_is_written_or_read(tmp_path: Path) -> None:
    (tmp_path / "demand.csv").write_text("hour,requests\n0,10\n1,20\n")
    read = read_demand(DemandSettings(file=Path("demand.csv"), growth=1.2, peak_factor=1.5), tmp_path)
    assert [rate for (rate,) in read.rps] == pytest.approx([18.0, 36.0])
    written = read_demand(DemandSettings(rates={"requests": 10.0}, growth=1.1), tmp_path)
    assert written.peak_rps == pytest.approx(11.0)


def test_the_one_class_of_a_file_is_what_the_benchmark_measured(tmp_path: Path) -> None:
    (tmp_path / "demand.csv").write_text("hour,classify\n0,10\n1,20\n")
    settings = replace(FROM_CATALOG, demand=DemandSettings(file=Path("demand.csv")))
    assert isinstance(size_fleet(settings, REPORT.benchmarks, REPORT.environment, tmp_path), Plan)
