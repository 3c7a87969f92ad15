"""What several processes recorded becomes one run, as if one process had recorded it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_toolkit.bench.merging import merge
from aiops_toolkit.bench.messages import COLUMNS
from aiops_toolkit.bench.orders import Order
from aiops_toolkit.bench.standstill import Standstill
from aiops_toolkit.bench.target import StreamTable
from aiops_toolkit.bench.watch import Reading
from support.bench_loads import OK, run_of


def merged(runs, readings=()):
    return merge(runs, columns=lambda name: [getattr(run.table, name) for run in runs], readings=readings)


def run_at(times, **changes):
    """Requests that leave at these times; every other value of a row tells which it is."""
    run = run_of([(time, time + 1, time + 2, OK) for time in times], mode="open", stopped_s=10.0)
    return replace(run, **changes)


def stream_of(run) -> StreamTable:
    """As many chunks as the row's time says, a gap of that length for each row."""
    whole = run.table.intended.astype(np.int32)
    return StreamTable(
        first_token=run.table.intended + 0.5,
        chunks=whole,
        output_tokens=2 * whole,
        input_tokens=3 * whole,
        gaps_s=run.table.intended[::-1].astype(np.float32),
        gap_rows=np.arange(len(whole), dtype=np.int32)[::-1],
    )


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 3)), min_size=1, max_size=60))
def test_rows_are_joined_in_the_order_of_their_times(rows):
    runs = [run_at(sorted(time for time, part in rows if part == number) or [0.0]) for number in range(4)]
    runs = [replace(run, stream=stream_of(run)) for run in runs]
    whole = merged(runs)
    times = sorted(time for run in runs for time in run.table.intended)
    assert whole.table.intended.tolist() == times
    assert (whole.table.end == whole.table.intended + 2).all()
    assert whole.table.outcome.dtype == np.int16
    assert (whole.stream.first_token == whole.table.intended + 0.5).all()
    assert (whole.stream.output_tokens == 2 * whole.table.intended).all()
    assert (whole.stream.gaps_s == whole.table.intended[whole.stream.gap_rows]).all()
    assert whole.processes == 4


def test_what_all_processes_used_is_added_up():
    def used(cpu_s, memory_bytes):
        return [
            Reading(at_s=at_s, generator_cpu_s=at_s * cpu_s, generator_memory_bytes=memory_bytes) for at_s in (0, 4)
        ]

    runs = [run_at([1], readings=used(0.5, 100)), run_at([2], readings=used(0.25, 200))]
    own = [
        Reading(at_s=1.0, generator_cpu_s=7.0, generator_memory_bytes=1000, service_cpu_s=3.0),
        Reading(at_s=2.0, generator_cpu_s=7.1),
    ]
    first, second = merged(runs, own).readings
    assert (first.generator_cpu_s, second.generator_cpu_s) == pytest.approx((7.75, 8.6))
    assert (first.generator_memory_bytes, second.generator_memory_bytes) == (1300, None)
    assert first.service_cpu_s == 3.0


def test_what_the_processes_watch_themselves_replaces_the_service():
    readings = [
        Reading(at_s=float(at_s), generator_cpu_s=0.0, service_cpu_s=2.0 * at_s, service_memory_bytes=10)
        for at_s in range(3)
    ]
    runs = [run_at([1], readings=readings), run_at([2], readings=readings)]
    (found,) = merged(runs, [Reading(at_s=1.5, generator_cpu_s=0.0, service_cpu_s=99.0)]).readings
    assert (found.service_cpu_s, found.service_memory_bytes) == (6.0, 20)


def test_the_whole_ends_with_the_last_and_keeps_what_one_alone_saw():
    still = Standstill(end_s=3.0, seconds=1.0)
    runs = [run_at([1], cut_s=11.0), run_at([2], cut_s=12.0, location="/there", standstills=(still,))]
    whole = merged(runs)
    assert (whole.cut_s, whole.location, whole.standstills, whole.stream) == (12.0, "/there", (still,), None)


@given(st.integers(1, 100), st.integers(1, 8))
def test_clients_are_shared_out_evenly(clients, processes):
    shares = [order.clients for order in Order(clients=clients, duration_s=1, drain_s=1).shares(processes)]
    assert sum(shares) == clients
    assert len(shares) == min(clients, processes)
    assert max(shares) - min(shares) <= 1


@given(st.integers(0, 100), st.integers(1, 8))
def test_every_arrival_is_sent_by_one_process(arrivals, processes):
    order = Order(schedule=np.arange(float(arrivals)), duration_s=1, drain_s=1)
    shares = [share.schedule for share in order.shares(processes)]
    assert sorted(np.concatenate(shares).tolist()) == list(range(arrivals))
    assert len(shares) == max(1, min(arrivals, processes))


def test_a_single_process_may_have_nothing_to_do():
    (share,) = Order(clients=0, duration_s=1, drain_s=1).shares(4)
    assert share.clients == 0


def test_columns_are_asked_for_one_by_one():
    runs, asked = [run_at([1, 2]), run_at([3])], []

    def columns(name):
        asked.append(name)
        return [getattr(run.table, name) for run in runs]

    merge(runs, columns=columns, readings=[])
    assert tuple(asked) == COLUMNS
