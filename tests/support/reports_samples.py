"""Realistic reports of an image classifier, as the main job would write them; their figures agree with each other."""

from dataclasses import replace
from math import cos, pi

from aiops_planner.demand import SINGLE_CLASS, Demand
from aiops_planner.plans import FleetItem, Infeasible, LeftOut, Marginal, Plan, TrafficShare
from aiops_reports.record import (
    BenchReport,
    CheckResult,
    Commit,
    CommitReport,
    Environment,
    FailedTest,
    Gate,
    Stage,
    TestReport,
)
from support.reports_curves import OBJECTIVE, closed_point, open_point, sample_benchmark, sample_points, spread

__all__ = ["OBJECTIVE", "closed_point", "open_point", "sample_benchmark", "sample_points", "spread"]
PRICE_DATES = {"aws": "2025-11-18", "gcp": "2025-11-17"}


def sample_environment() -> Environment:
    """A hosted CI runner with two cores."""
    return Environment(
        cpu_model="AMD EPYC 7763 64-Core Processor",
        cpu_family="25",
        physical_cores=1,
        logical_cores=2,
        usable_cores=2,
        memory_bytes=8_323_411_968,
        os="Ubuntu 24.04.1 LTS",
        kernel="6.8.0-1021-azure",
        architecture="x86_64",
        python="3.12.3",
        container=False,
        ci_provider="github",
        ci_runner_image="ubuntu24 20251102.1",
        tool_version="0.1.0",
    )


def sample_commit() -> Commit:
    """A commit on a pull request."""
    return Commit(
        sha="3f9c1d27ab54e08c6f2b7d915a40e3c8d1f6b2a7",
        branch="faster-preprocessing",
        author_time="2025-11-21T16:04:32+01:00",
        subject="Decode images straight into the input tensor",
        dirty=False,
        shallow=False,
        pull_request=42,
        repository="example/image-classifier",
        build_url="https://github.com/example/image-classifier/actions/runs/1234567890",
    )


def sample_checks() -> CheckResult:
    """Fourteen passed tests and a gate that holds."""
    return CheckResult(
        command="pytest -q tests --junitxml=$AIOPS_JUNIT",
        exit_code=0,
        passed=14,
        failed=0,
        errors=0,
        skipped=1,
        seconds=3.42,
        metrics={"accuracy": 0.9861, "parameters": 18_346},
        gates=(Gate(metric="accuracy", condition=">= 0.97", value=0.9861, passed=True),),
    )


def sample_plan() -> Plan:
    """Two committed machines on one cloud and two spot machines on the other, for a constant demand of 2,000/s."""
    return Plan(
        status="optimal",
        demand=Demand.constant(2000.0),
        fleet=(
            FleetItem(
                offer="c7a.xlarge",
                cloud="aws",
                region="us-east-1",
                zone="1",
                purchase="reserved_3y",
                count_by_hour=(2,),
                unit_usd_per_hour=0.0903,
                capacity_source="estimated",
                capacity_error=0.3,
            ),
            FleetItem(
                offer="n2d-highcpu-4",
                cloud="gcp",
                region="us-central1",
                purchase="spot",
                count_by_hour=(2,),
                unit_usd_per_hour=0.0412,
                capacity_source="measured",
            ),
        ),
        traffic=(
            traffic_share("c7a.xlarge", "aws", "us-east-1", (1200.0,), 640.0),
            traffic_share("n2d-highcpu-4", "gcp", "us-central1", (800.0,), 480.0),
        ),
        lower_bound_usd_per_hour=0.2621,
        cheapest_by_cloud_usd_per_month={"aws": 214.62, "gcp": 231.05},
        on_demand_only_usd_per_month=521.22,
        marginal=Marginal(demand_plus_1_percent_usd_per_month=0.0, lp_usd_per_month_per_percent=1.91),
        offers_considered=112,
        left_out=(
            LeftOut(
                reason="more than 32 vCPUs", count=48, examples=("aws/us-east-1/c7i.12xlarge", "gcp/us-central1/n2-80")
            ),
            LeftOut(reason="no spot price on this day", count=3, examples=("gcp/us-central1/c3-standard-22",)),
        ),
        price_dates=PRICE_DATES,
        notes=("The capacity of c7a.xlarge is estimated from CPU scores, plus or minus 30 %.",),
        solver="HiGHS 1.9.0",
        solve_s=0.18,
    )


def traffic_share(
    offer: str, cloud: str, region: str, rps_by_hour: tuple[float, ...], capacity_rps: float
) -> TrafficShare:
    """Traffic of the single class to one offer."""
    return TrafficShare(
        request_class=SINGLE_CLASS,
        offer=offer,
        cloud=cloud,
        region=region,
        rps_by_hour=rps_by_hour,
        capacity_rps=capacity_rps,
    )


def hourly_plan() -> Plan:
    """A day of traffic between 400 and 2,000 requests/s: one committed machine, on-demand machines by the hour."""
    day = tuple(round(1200 - 800 * cos(2 * pi * (hour - 3) / 24), 1) for hour in range(24))
    firm = tuple(min(640.0, rate) for rate in day)
    rest = tuple(round(rate - kept, 1) for rate, kept in zip(day, firm, strict=True))
    on_demand = tuple(int(-(-rate // 480)) for rate in rest)
    plan = sample_plan()
    return replace(
        plan,
        status="feasible",
        demand=Demand(classes=(SINGLE_CLASS,), rps=tuple((rate,) for rate in day)),
        fleet=(
            replace(plan.fleet[0], count_by_hour=(1,) * 24),
            replace(plan.fleet[1], purchase="on_demand", unit_usd_per_hour=0.1142, count_by_hour=on_demand),
        ),
        traffic=(
            traffic_share("c7a.xlarge", "aws", "us-east-1", firm, 640.0),
            traffic_share("n2d-highcpu-4", "gcp", "us-central1", rest, 480.0),
        ),
        lower_bound_usd_per_hour=0.2571,
        cheapest_by_cloud_usd_per_month={"aws": 204.18, "gcp": 229.9},
        notes=(*plan.notes, "The solver stopped at its time limit: up to this gap a cheaper fleet may exist."),
    )


def sample_report() -> CommitReport:
    """A commit that passes everything, with a plan on two clouds."""
    return CommitReport(
        created_at="2025-11-22T11:37:07+00:00",
        service="image-classifier",
        quick=False,
        commit=sample_commit(),
        environment=sample_environment(),
        stages=(
            Stage(name="service", status="ok", seconds=2.31),
            Stage(name="tests", status="ok", seconds=3.42),
            Stage(name="benchmarks", status="ok", seconds=71.4),
            Stage(name="plan", status="ok", seconds=0.63),
        ),
        checks=sample_checks(),
        benchmarks=(sample_benchmark(),),
        plan=sample_plan(),
        notes=("Client and server shared the cores of this machine.",),
    )


def failed_report() -> CommitReport:
    """A commit with two broken tests and a missed gate; the figures were taken all the same."""
    report = sample_report()
    checks = replace(
        sample_checks(),
        exit_code=1,
        passed=12,
        failed=1,
        errors=1,
        failures=(
            FailedTest(
                name="tests/test_model.py::test_accuracy_on_the_held_out_split",
                kind="failed",
                message="assert 0.9417 >= 0.97",
            ),
            FailedTest(
                name="tests/test_api.py::test_refuses[broken|image]",
                kind="error",
                message="fixture <client> @setup: `ConnectionRefusedError`",
            ),
        ),
        metrics={"accuracy": 0.9417},
        gates=(
            Gate(metric="accuracy", condition=">= 0.97", value=0.9417, passed=False),
            Gate(metric="recall", condition=">= 0.9", value=None, passed=False),
        ),
    )
    message = "2 of 15 tests failed; see the report for their names"
    stages = tuple(
        replace(stage, status="failed", message=message, exit_code=3) if stage.name == "tests" else stage
        for stage in report.stages
    )
    return replace(report, checks=checks, stages=stages)


def infeasible_report() -> CommitReport:
    """A commit that no fleet within the budget can carry."""
    refusal = Infeasible(
        demand=Demand.constant(200_000.0),
        reasons=(
            "the budget of 100 USD/month collides with the demand of 200,000 requests/s",
            "the quota of 64 vCPUs on aws/us-east-1/c7a.* leaves 16 machines",
        ),
        feasible_share=0.034,
        offers_considered=112,
        left_out=sample_plan().left_out,
    )
    report = sample_report()
    planned = Stage(name="plan", status="failed", seconds=0.9, message="no fleet meets the target", exit_code=4)
    return replace(report, plan=refusal, stages=(*report.stages[:-1], planned))


def partial_report() -> CommitReport:
    """A quick run that was stopped by the user after the third load level: too few requests for any 99th percentile."""
    points = tuple(closed_point(clients, rate, None) for clients, rate in ((1, 61.0), (2, 98.0), (4, 101.2)))
    report = sample_report()
    return replace(
        report,
        quick=True,
        commit=replace(sample_commit(), dirty=True, pull_request=None, build_url=None),
        stages=(
            *report.stages[:2],
            Stage(
                name="benchmarks",
                status="interrupted",
                seconds=18.2,
                message="stopped by Ctrl-C after 3 load points; they are kept",
                exit_code=130,
            ),
            Stage(name="plan", status="skipped", seconds=0.0, message="the benchmarks did not finish"),
        ),
        benchmarks=(sample_benchmark(points, quick=True),),
        plan=None,
    )


def bench_report() -> BenchReport:
    """What `aiops bench` finds for the sample."""
    return BenchReport(environment=sample_environment(), benchmarks=(sample_benchmark(),))


def tests_report() -> TestReport:
    """What `aiops test` finds for the sample."""
    return TestReport(environment=sample_environment(), checks=sample_checks())
