"""A whole benchmark against a loopback server: what it finds, when it ends, and what it says when it cannot go on."""

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from aiops_planner.capacity import find_capacity
from aiops_planner.errors import MeasurementError
from aiops_planner.knee import find_knee
from aiops_planner.performance import LoadPoint, Objective
from aiops_reports.record import BenchmarkResult
from aiops_toolkit.bench.benchmark import empty_result, run_benchmark, with_points
from aiops_toolkit.config.settings import BenchmarkSettings
from aiops_toolkit.config.targets import HttpTarget
from aiops_toolkit.progress import Silent
from support.bench_loads import Probe, load_of, opened
from support.bench_server import OK, Call, Reply, Server, says, serving, silence, status, takes

SLACK_S = 1.0


def measure(
    url: str,
    objective: Objective,
    *,
    budget_s: float,
    points: list[LoadPoint] | None = None,
    probe: Probe | None = None,
    **target: Any,
) -> BenchmarkResult:
    """Run a benchmark and hold it to its budget."""
    settings = BenchmarkSettings(name="classify", target=HttpTarget(url=url, **target), slo=objective)
    started = time.perf_counter()
    try:
        return run_benchmark(
            settings,
            load_of(url, **target),
            budget_s=budget_s,
            quick=True,
            seed=5,
            probe=probe or Probe(),
            progress=Silent(),
            on_point=(points if points is not None else []).append,
        )
    finally:
        assert time.perf_counter() - started < budget_s + SLACK_S


def test_a_benchmark_climbs_the_ladder_and_searches_the_capacity():
    points: list[LoadPoint] = []
    objective = Objective(p50=0.5, errors=0.01)
    with serving(takes(0.004, workers=2)) as server:
        result = measure(server.url, objective, budget_s=4, points=points)
    ladder = [point for point in result.load_points if point.mode == "closed"]
    rates = [point for point in result.load_points if point.mode == "open"]
    assert result.load_points == tuple(points)
    assert len({point.concurrency for point in ladder}) >= 2
    assert rates
    assert all(point.arrivals == "poisson" and point.errors == 0 for point in rates)
    assert all(0 < point.offered_rps <= 500 * 1.1 for point in rates)  # two workers of 4 ms
    assert (result.knee, result.capacity) == (find_knee(points), find_capacity(points, objective))
    assert (result.name, result.seed, result.quick) == ("classify", 5, True)
    assert result.target == f"GET {server.url}"
    assert all(point.response_s.mean >= 0.004 for point in points)


def test_percentiles_that_time_does_not_resolve_are_said_so():
    with serving(takes(0.1)) as server:
        result = measure(server.url, Objective(p99=0.5), budget_s=4)
    rates = [point for point in result.load_points if point.mode == "open"]
    assert any(note.startswith("p99 at ") and note.endswith("not resolved.") for note in result.notes)
    assert all(point.response_s is None or point.response_s.p99 is None for point in rates)
    assert any("p99 needs 459 requests" in reason for point in rates for reason in point.invalid_because)
    assert result.capacity.rps is None


def test_a_service_much_slower_than_the_budget_has_one_point_at_least():
    with serving(takes(0.5)) as server:
        result = measure(server.url, Objective(p99=2.0), budget_s=4)
    first, *_ = result.load_points
    assert first.successes
    assert first.response_s.mean >= 0.5
    assert any("ended before" in note for note in result.notes)


def test_an_objective_below_the_response_time_of_one_request_is_hopeless():
    with serving(takes(0.02, workers=1)) as server:
        result = measure(server.url, Objective(p50=0.005), budget_s=2)
    assert any("above the p50 limit of 5.0 ms" in note for note in result.notes)
    assert len([point for point in result.load_points if point.mode == "open"]) <= 2
    assert result.capacity.rps is None


def test_errors_beyond_the_objective_leave_no_capacity():
    async def fail_every_third(call: Call) -> bool:
        return await says(status(500) if call.number % 3 == 0 else OK)(call)

    with serving(fail_every_third) as server:
        result = measure(server.url, Objective(errors=0.01), budget_s=4)
    assert result.capacity.rps is None
    assert re.match(
        r"errors, not time, missed it: 3[0-9.]* % of requests failed \(status-500\) at", result.capacity.reason
    )
    assert all(point.errors_by_kind.keys() <= {"status-500"} for point in result.load_points)


def redirects(*headers: str) -> Reply:
    return says("\r\n".join(["HTTP/1.1 307 Temporary Redirect", *headers, "Content-Length: 0", "", ""]).encode())


FAILING: dict[str, tuple[Reply, str]] = {
    "not found": (says(status(404)), r"every request failed: status-404 \((\d+) of \1\); GET .*: check the path"),
    "rejected": (says(status(422)), r"every request failed: status-422 .*: check the payloads"),
    "forbidden": (says(status(401)), r"status-401 .*: check the headers that carry credentials"),
    "redirected": (
        redirects("Location: /predict/"),
        r"status-307 .*: redirects are not followed, and this one points to /predict/; write the final address",
    ),
    "redirected to nowhere": (redirects(), r"status-307 .*: redirects are not followed; write the final address"),
    "no HTTP": (says(b"220 smtp ready\r\n"), r"malformed .*: check that the port speaks HTTP/1\.1"),
    "closing": (says(close=True), r"closed-early .*: check that the port speaks HTTP/1\.1, and the service's log"),
    "hanging": (silence, r"no answer within 1\.\d s; GET .*: raise the target's timeout, or check the service's log"),
}


@pytest.mark.parametrize(("reply", "message"), FAILING.values(), ids=FAILING.keys())
def test_a_service_that_answers_nothing_well_ends_the_benchmark_early(reply, message):
    points: list[LoadPoint] = []
    with serving(reply) as server, pytest.raises(MeasurementError, match=message) as caught:
        measure(server.url, Objective(p99=0.1), budget_s=2, points=points)
    assert caught.value.message.startswith("benchmark classify: ")
    assert "\n" not in caught.value.message
    assert points == []


@pytest.mark.parametrize(
    ("code", "ending"),
    [(500, r"check the payloads, the headers and the service's log: .*service\.log$"), (404, r"service\.log\)$")],
)
def test_a_failing_benchmark_names_the_log_of_the_service(tmp_path, code, ending):
    log = tmp_path / "service.log"
    log.write_text("it failed")
    with serving(says(status(code))) as server, pytest.raises(MeasurementError, match=ending):
        measure(server.url, Objective(), budget_s=2, probe=Probe(log=log))


def test_a_log_that_was_never_written_is_not_named(tmp_path):
    with serving(says(status(500))) as server, pytest.raises(MeasurementError, match=r"and the service's log$"):
        measure(server.url, Objective(), budget_s=2, probe=Probe(log=tmp_path / "service.log"))


def test_a_service_that_is_not_there_ends_the_benchmark_early():
    with serving(says(OK)) as server:
        pass
    with pytest.raises(MeasurementError, match=r"connect-refused \(\d+ of \d+\).*nothing listens there"):
        measure(server.url, Objective(), budget_s=4)


@pytest.mark.parametrize("known", [True, False], ids=["and its probe knows", "and nobody knows"])
def test_a_service_that_dies_under_load_keeps_what_was_measured(known):
    points: list[LoadPoint] = []
    probe = Probe()
    servers: list[Server] = []

    async def die_on_the_ladder(call: Call) -> bool:
        if len(points) == 2:
            probe.lives = not known
            servers[0].stop.set()
        return await takes(0.002)(call)

    message = "died under load at .*, after 2 finished" if known else "stopped accepting connections after"
    with serving(die_on_the_ladder) as server, pytest.raises(MeasurementError, match=message):
        servers.append(server)
        measure(server.url, Objective(p99=0.1), budget_s=6, points=points, probe=probe)
    assert len(points) >= 2
    assert all(point.successes or not point.valid for point in points), "no figures of a dead service"


def test_a_service_that_hangs_under_load_costs_no_more_than_the_budget():
    async def hang_later(call: Call) -> bool:
        return await (says(OK) if call.number < 300 else silence)(call)

    with serving(hang_later) as server:
        result = measure(server.url, Objective(p99=0.1), budget_s=3)
    assert result.capacity.rps is None
    assert any(not point.valid for point in result.load_points)


def test_a_result_says_that_its_benchmark_did_not_run_to_its_end_until_it_did():
    settings = BenchmarkSettings(name="classify", target=HttpTarget(url="http://h/"), slo=Objective(p99=0.1))
    begun = empty_result(settings, "GET http://h/", seed=1, quick=True)
    missed = with_points(begun, [opened(100, 0.2)])
    unfinished = "the benchmark did not run to its end; until then "
    assert begun.capacity.reason == f"{unfinished}no open-loop rate was measured"
    assert missed.capacity.reason == f"{unfinished}no rate met it: 100/s missed (p99 200.0 ms, limit 100 ms)"
    assert with_points(begun, [opened(100, 0.05)]).capacity.rps == 100
    assert with_points(begun, [opened(100, 0.2)], finished=True).capacity.reason.startswith("no rate met it")


def test_an_interrupt_ends_a_benchmark_at_once_and_without_a_warning():
    program = textwrap.dedent(
        """
        import sys
        from test_bench_benchmark import measure
        from aiops_planner.performance import Objective
        print("ready", flush=True)
        try:
            measure(sys.argv[1], Objective(p99=0.1), budget_s=60)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        """
    )
    here = Path(__file__).parent
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(here), str(here.parent)])}
    with serving(takes(0.002)) as server:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", program, server.url],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout.readline() == "ready\n"
        while server.requests < 20:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        started = time.perf_counter()
        output, errors = process.communicate(timeout=20)
    assert (output, errors, process.returncode) == ("interrupted\n", "", 0)
    assert time.perf_counter() - started < 5
