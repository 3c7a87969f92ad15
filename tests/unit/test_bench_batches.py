"""A load point's parts add up to the whole, and good requests, phases and streams are counted as defined."""

from dataclasses import replace
from math import nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_planner.performance import Objective
from aiops_toolkit.bench.points import Load, load_point
from aiops_toolkit.bench.samples import Outcome
from aiops_toolkit.bench.standstill import Standstill
from aiops_toolkit.bench.target import StreamTable
from support.bench_loads import OK, run_of

LIMITED = Objective(p50=0.5, p99=1.0)
TIMEOUT, UNFINISHED = int(Outcome.TIMEOUT), int(Outcome.UNFINISHED)

rows_of_any_load = st.lists(
    st.tuples(st.floats(0, 1.99), st.floats(0, 0.5), st.floats(0.001, 3), st.sampled_from([0, 0, 0, 5, 500, -1])),
    min_size=1,
    max_size=300,
)


def run_from(rows, mode):
    table = [
        (meant, meant + lag, nan if outcome == -1 else meant + lag + took, outcome)
        for meant, lag, took, outcome in rows
    ]
    return run_of(table, mode=mode, stopped_s=2.0, cut_s=6.0)


def in_flight_s(run, start_s: float, end_s: float) -> float:
    """The time-integral of requests in flight, request by request."""
    ends = np.where(np.isnan(run.table.end), run.cut_s, run.table.end)
    return float(sum(np.maximum(np.minimum(ends, end_s) - np.maximum(run.table.sent, start_s), 0)))


@given(rows_of_any_load, st.sampled_from(["closed", "open"]))
def test_the_parts_add_up_to_the_whole(rows, mode):
    run = run_from(rows, mode)
    point = load_point(run, Load(clients=1, rate_rps=1.0), LIMITED)
    parts = point.batches
    assert parts.seconds * len(parts.requests) == pytest.approx(point.window_s)
    assert sum(parts.successes) == point.successes
    for number, concurrency in enumerate(parts.mean_concurrency):
        start_s = point.warm_up_s + number * parts.seconds
        assert concurrency == pytest.approx(in_flight_s(run, start_s, start_s + parts.seconds) / parts.seconds)
    if point.response_s is not None:
        total_s = sum(count * mean for count, mean in zip(parts.requests, parts.response_s, strict=True))
        assert total_s / sum(parts.requests) == pytest.approx(point.response_s.mean)
        assert all(over <= count for over, count in zip(parts.over["p50"], parts.requests, strict=True))
        assert all(strict <= loose for strict, loose in zip(parts.over["p99"], parts.over["p50"], strict=True))
    assert 0 <= point.good_requests <= point.issued_requests


@pytest.mark.parametrize(("count", "parts"), [(5, 1), (9, 1), (25, 2), (199, 19), (1000, 20)])
def test_a_part_has_ten_requests_where_there_are_so_many(count, parts):
    rows = [(1 + n / count, 1 + n / count, 1 + n / count + 1e-4, OK) for n in range(count)]
    point = load_point(run_of(rows, mode="open", stopped_s=2.0), Load(rate_rps=count), LIMITED)
    assert len(point.batches.requests) == parts
    assert sum(point.batches.requests) == count


def test_a_part_counts_what_exceeds_each_limit():
    slow = {205: 0.6, 206: 1.2}
    rows = [(n / 100, n / 100, n / 100 + slow.get(n, 0.001), OK) for n in range(400)]
    point = load_point(run_of(rows, mode="open", stopped_s=4.0), Load(rate_rps=100), LIMITED)
    assert (sum(point.batches.over["p50"]), sum(point.batches.over["p99"])) == (2, 1)
    place = int((2.05 - point.warm_up_s) / point.batches.seconds)
    assert point.batches.over["p50"][place] + point.batches.over["p50"][place + 1] == 2


GOOD = {
    "a success within both limits": ((1.0, 1.0, 1.4, OK), True),
    "above the median's limit only": ((1.0, 1.0, 1.9, OK), True),
    "above the strictest limit": ((1.0, 1.0, 2.05, OK), False),
    "an error": ((1.0, 1.0, 1.1, 500), False),
    "a time-out": ((1.0, 1.0, 1.5, TIMEOUT), False),
    "no answer": ((1.0, 1.0, nan, UNFINISHED), False),
    "never sent": ((1.0, nan, nan, UNFINISHED), False),
}


@pytest.mark.parametrize(("row", "good"), GOOD.values(), ids=GOOD.keys())
def test_a_good_request_succeeds_within_the_strictest_limit(row, good):
    point = load_point(run_of([row], mode="open", stopped_s=2.0, cut_s=4.0), Load(rate_rps=1.0), LIMITED)
    assert (point.good_requests, point.issued_requests) == (int(good), 1)
    assert point.attainment == int(good)
    assert point.goodput_rps == pytest.approx(int(good) / point.window_s)


def test_the_phases_of_a_request_are_told_apart():
    run = run_of([(n / 10, n / 10, n / 10 + 0.01, OK) for n in range(100)], stopped_s=10.0)
    connected = np.where(np.arange(100) % 2, run.table.sent + 0.002, nan)
    run = replace(run, table=replace(run.table, connected=connected, first_byte=run.table.sent + 0.006))
    point = load_point(run, Load(clients=1), Objective())
    assert point.connect_s.mean == pytest.approx(0.002)
    assert point.first_byte_s.mean == pytest.approx((0.004 + 0.006) / 2, rel=0.05)
    assert point.service_s.mean == pytest.approx(0.01)


def streamed(count: int, first_token_s: float, tokens: int):
    """An open loop of 100/s whose answers take 0.1 s and have so many tokens, the first after `first_token_s`."""
    rows = [(n / 100, n / 100, n / 100 + 0.1, OK) for n in range(count)]
    run = run_of(rows, mode="open", stopped_s=count / 100)
    whole = np.ones(count, dtype=np.int32)
    stream = StreamTable(
        first_token=run.table.sent + first_token_s,
        chunks=whole,
        output_tokens=tokens * whole,
        input_tokens=whole,
        gaps_s=np.array([], dtype=np.float32),
        gap_rows=np.array([], dtype=np.int32),
    )
    return replace(run, stream=stream)


STREAMS = {
    "both limits met": (Objective(ttft_p99=0.05, tpot_p99=0.01), streamed(800, 0.04, 11), True, 0),
    "the first token too late": (Objective(ttft_p99=0.03), streamed(800, 0.04, 11), False, 800),
    "the tokens too slow": (Objective(tpot_p99=0.005), streamed(800, 0.04, 11), False, 800),
    "a single token each": (Objective(ttft_p90=0.05), streamed(800, 0.04, 1), True, 0),
}


@pytest.mark.parametrize(("objective", "run", "good", "over"), STREAMS.values(), ids=STREAMS.keys())
def test_limits_on_streams_decide_what_is_good(objective, run, good, over):
    point = load_point(run, Load(rate_rps=100), objective)
    assert point.valid, point.invalid_because
    assert point.good_requests == (point.issued_requests if good else 0)
    assert {bool(sum(counts)) for counts in point.batches.over.values()} == {bool(over)}
    assert point.stream.ttft_s.p90 == pytest.approx(0.04)


UNKNOWN = {
    "no stream": (
        replace(streamed(800, 0.04, 11), stream=None),
        "answers were not streamed, so ttft_p99 cannot be known: limit the response time instead (p99)",
    ),
    "too few answers": (streamed(200, 0.04, 11), "ttft_p99 needs 459 requests, "),
    "tokens unknown": (streamed(800, 0.04, -1), "tpot_p50 needs 7 requests, 0 were measured: not resolved"),
}


@pytest.mark.parametrize(("run", "reason"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_a_limit_on_a_stream_that_cannot_be_resolved_makes_a_point_invalid(run, reason):
    point = load_point(run, Load(rate_rps=100), Objective(ttft_p99=0.05, tpot_p50=0.1))
    assert any(reason in found for found in point.invalid_because), point.invalid_because
    assert not point.overstated


STANDSTILLS = {
    "stopped": (Standstill(end_s=3.0, seconds=0.5), "the load generator stood still for 0.50 s: it was stopped"),
    "suspended": (Standstill(end_s=3.0, seconds=7.0, suspended=True), "the machine was suspended for 7.0 s"),
}


@pytest.mark.parametrize(("standstill", "reason"), STANDSTILLS.values(), ids=STANDSTILLS.keys())
@pytest.mark.parametrize("mode", ["closed", "open"])
def test_a_standstill_in_the_window_overstates_times(standstill, reason, mode):
    rows = [(n / 100, n / 100, (n + 1) / 100, OK) for n in range(800)]
    run = replace(run_of(rows, mode=mode, stopped_s=8.0), standstills=(standstill,))
    point = load_point(run, Load(clients=1, rate_rps=100), LIMITED)
    assert point.invalid_because[0].startswith(reason)
    assert point.overstated is (mode == "open")


def test_a_standstill_during_warm_up_does_no_harm():
    rows = [(n / 100, n / 100, n / 100 + 0.1, OK) for n in range(800)]
    run = replace(run_of(rows, mode="open", stopped_s=8.0), standstills=(Standstill(end_s=0.29, seconds=0.26),))
    assert load_point(run, Load(rate_rps=100), LIMITED).valid
