"""A fleet sized by published curves and by profiles of machine types, from aiops.yml on."""

from dataclasses import replace
from pathlib import Path

import pytest

from aiops_planner.errors import CatalogError, ConfigError, DocumentError, MeasurementError, UsageError
from aiops_planner.performance import Objective
from aiops_planner.plans import Infeasible, Plan
from aiops_reports import wording
from aiops_reports.document import to_json
from aiops_reports.record import BenchReport
from aiops_toolkit.config.settings import (
    CapacitySettings,
    CatalogSettings,
    DemandSettings,
    LengthSettings,
    ProfileSettings,
    PublishedSettings,
)
from aiops_toolkit.measured import measured_capacity
from aiops_toolkit.sizing import size_fleet, sizing_problem
from support.reports_samples import sample_report

REPORT = sample_report()
MEASURED = REPORT.benchmarks[0]
CORES = REPORT.environment.logical_cores
PUBLISHED = PublishedSettings(model="gpt-oss-120b", precision="fp4", input_tokens=1024, output_tokens=1024)
P5 = CatalogSettings(clouds={"aws": ("us-east-1",)}, families=("p5", "p5en"))
FROM_CURVES = CapacitySettings(
    demand=DemandSettings(rates={"chat": 40.0}),
    slo=Objective(ttft_p50=0.5, tpot_p50=0.015),
    catalog=P5,
    published=PUBLISHED,
)
C7A = CatalogSettings(clouds={"aws": ("us-east-1",)}, families=("c7a",), max_vcpus=8)
PROFILED = CapacitySettings(
    demand=DemandSettings(rates={"requests": 500.0}),
    slo=Objective(p99=0.1),
    catalog=C7A,
    profiles={"c7a.large": ProfileSettings(rates={"requests": 100.0})},
)


def offers_of(settings: CapacitySettings, root: Path = Path(), *, measured: bool = False):
    benchmarks = REPORT.benchmarks if measured else ()
    return sizing_problem(settings, benchmarks, REPORT.environment if measured else None, root).problem.offers


def test_published_curves_alone_make_a_plan_that_says_so() -> None:
    plan = size_fleet(FROM_CURVES, (), None, Path())
    assert isinstance(plan, Plan)
    assert {item.capacity_source for item in plan.fleet} == {"published"}
    assert "(published ± 15 %)" in wording.carries(plan.fleet[0], plan)
    assert any("ai-dynamo/aiconfigurator" in note for note in plan.notes)
    assert len(plan.cost_by_objective) > 1
    costs = [point.usd_per_month for point in plan.cost_by_objective if point.usd_per_month is not None]
    assert costs == sorted(costs, reverse=True)


def test_the_one_length_is_that_of_every_class_and_classes_have_their_own() -> None:
    demand = DemandSettings(rates={"chat": 40.0, "code": 5.0})
    same = offers_of(replace(FROM_CURVES, demand=demand))
    assert all(offer.capacity_rps["chat"] == offer.capacity_rps["code"] for offer in same)
    lengths = {"chat": LengthSettings(input_tokens=1024, output_tokens=1024)}
    lengths["code"] = LengthSettings(input_tokens=8192, output_tokens=1024)
    apart = PublishedSettings(model="gpt-oss-120b", precision="fp4", classes=lengths)
    told = offers_of(replace(FROM_CURVES, demand=demand, published=apart))
    assert all(offer.capacity_rps["chat"] > offer.capacity_rps["code"] for offer in told)


@pytest.mark.parametrize(
    ("published", "error", "said"),
    [
        ({"model": "gpt-4"}, CatalogError, "capacity.published.model: there is no curve for 'gpt-4'"),
        ({"precision": None}, CatalogError, "is published in fp4, fp8; choose the one that you serve"),
        ({"input_tokens": 90_000}, CatalogError, "90000 + 1024 tokens; published are "),
        (
            {"classes": {"code": LengthSettings(input_tokens=1, output_tokens=1)}},
            ConfigError,
            "the demand has the class 'chat', which has no length there; add it to code",
        ),
    ],
)
def test_what_is_not_published_is_one_line(published, error, said) -> None:
    with pytest.raises(error) as refused:
        size_fleet(replace(FROM_CURVES, published=replace(PUBLISHED, **published)), (), None, Path())
    assert said in refused.value.message
    assert "\n" not in refused.value.message


def test_published_curves_need_an_objective() -> None:
    with pytest.raises(UsageError, match="has no limit that sizes the fleet; add one"):
        size_fleet(replace(FROM_CURVES, slo=Objective()), (), None, Path())


def test_an_objective_below_every_published_time_is_no_fleet_with_the_reason() -> None:
    answer = size_fleet(replace(FROM_CURVES, slo=Objective(ttft_p50=0.001)), (), None, Path())
    assert isinstance(answer, Infeasible)
    assert any("even the least published load misses the objective" in reason for reason in answer.reasons)


def test_a_profile_takes_the_place_of_the_published_curve_of_its_type() -> None:
    profiled = replace(FROM_CURVES, profiles={"p5.48xlarge": ProfileSettings(rates={"chat": 7.0})})
    by_source = {(offer.machine or offer.name): offer for offer in offers_of(profiled)}
    assert by_source["p5.48xlarge"].capacity_rps == {"chat": 7.0}
    assert by_source["p5.48xlarge"].capacity_source == "measured"
    assert by_source["p5.48xlarge"].prices_usd_per_hour["on_demand"] == 55.04
    assert by_source["p5en.48xlarge"].capacity_source == "published"


def test_a_profile_may_tell_every_class_apart() -> None:
    rates = {"chat": 7.0, "code": 2.0}
    demand = DemandSettings(rates={"chat": 40.0, "code": 5.0})
    profiled = replace(FROM_CURVES, demand=demand, profiles={"p5.48xlarge": ProfileSettings(rates=rates)})
    measured = [offer for offer in offers_of(profiled) if offer.capacity_source == "measured"]
    assert [(offer.name, offer.capacity_rps) for offer in measured] == [("p5.48xlarge", rates)]


def test_a_profile_takes_the_place_of_the_estimate_of_its_type() -> None:
    sources = {offer.name: offer.capacity_source for offer in offers_of(PROFILED, measured=True)}
    assert sources["c7a.large"] == "measured"
    assert sources["c7a.xlarge"] == "estimated"
    plan = size_fleet(PROFILED, REPORT.benchmarks, REPORT.environment, Path())
    assert "measured on the machine type itself: c7a.large" in plan.notes


def test_without_benchmarks_only_profiled_types_take_part() -> None:
    assert [offer.name for offer in offers_of(PROFILED)] == ["c7a.large"]
    plan = size_fleet(PROFILED, (), None, Path())
    assert isinstance(plan, Plan)
    assert plan.fleet[0].count == 5


def written(folder: Path, report=REPORT, name: str = "report.json") -> ProfileSettings:
    (folder / name).write_text(to_json(report), encoding="utf-8")
    return ProfileSettings(report=Path(name))


def as_type(profile: ProfileSettings, slo: Objective = PROFILED.slo) -> CapacitySettings:
    name = {2: "c7a.large", 4: "c7a.xlarge", 8: "c7a.2xlarge"}[CORES]
    return replace(PROFILED, profiles={name: profile}, slo=slo)


def test_of_a_report_the_lower_end_of_the_interval_counts(tmp_path: Path) -> None:
    (offer,) = offers_of(as_type(written(tmp_path), Objective()), tmp_path)
    capacity = measured_capacity(MEASURED, MEASURED.objective)
    assert capacity.ci is not None
    assert capacity.ci.low is not None
    assert offer.capacity_rps["requests"] == capacity.ci.low < capacity.rps
    assert offer.capacity_error is None


def test_a_report_of_aiops_bench_is_read_as_one_of_aiops_run(tmp_path: Path) -> None:
    bench = BenchReport(environment=REPORT.environment, benchmarks=REPORT.benchmarks)
    (by_bench,) = offers_of(as_type(written(tmp_path, bench)), tmp_path)
    (by_run,) = offers_of(as_type(written(tmp_path)), tmp_path)
    assert by_bench == by_run


def test_the_report_is_held_against_the_objective_of_the_fleet(tmp_path: Path) -> None:
    with pytest.raises(MeasurementError) as refused:
        offers_of(as_type(written(tmp_path), Objective(p99=1e-6)), tmp_path)
    assert "report.json shows no capacity in benchmark" in refused.value.message
    assert "loosen capacity.slo" in refused.value.message


@pytest.mark.parametrize(
    ("profiles", "demand", "error", "said"),
    [
        ({"c7i.lage": 5.0}, {"a": 1.0}, CatalogError, "'c7i.lage' is none of the machine types that capacity.catalog"),
        ({"c7i.large": 5.0}, {"a": 1.0}, CatalogError, "did you mean c7a.large"),
        ({"c7a.large": 5.0}, {"a": 1.0, "b": 1.0}, ConfigError, "found one rate, but the demand has the classes a, b"),
        (
            {"c7a.large": {"c": 1.0, "d": 1.0}},
            {"a": 1.0, "b": 1.0},
            ConfigError,
            "found rates of c, d, but the demand is of a, b; name the classes alike",
        ),
    ],
)
def test_a_profile_that_does_not_fit_is_one_line(profiles, demand, error, said) -> None:
    given = {
        name: ProfileSettings(rates=rates if isinstance(rates, dict) else {"requests": rates})
        for name, rates in profiles.items()
    }
    settings = replace(PROFILED, demand=DemandSettings(rates=demand), profiles=given)
    with pytest.raises(error) as refused:
        size_fleet(settings, (), None, Path())
    assert said in refused.value.message
    assert "\n" not in refused.value.message


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"logical_cores": CORES + 1}, f"was measured on a machine with {CORES + 1} CPUs, and c7a"),
        ({"architecture": "aarch64"}, "was measured on arm64, and c7a"),
    ],
)
def test_a_report_of_another_machine_is_refused(tmp_path: Path, change, said) -> None:
    elsewhere = replace(REPORT, environment=replace(REPORT.environment, **change))
    with pytest.raises(ConfigError) as refused:
        offers_of(as_type(written(tmp_path, elsewhere)), tmp_path)
    assert said in refused.value.message
    assert "\n" not in refused.value.message


def test_a_report_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="No such file"):
        offers_of(as_type(ProfileSettings(report=Path("gone.json"))), tmp_path)
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(DocumentError, match=r"broken\.json"):
        offers_of(as_type(ProfileSettings(report=Path("broken.json"))), tmp_path)


def test_estimates_are_not_held_against_limits_on_tokens(tmp_path: Path) -> None:
    slo = Objective(ttft_p90=1.0)
    with pytest.raises(UsageError, match="no limit on response time"):
        offers_of(replace(PROFILED, slo=slo), tmp_path, measured=True)
