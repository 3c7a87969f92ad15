"""Both loops against real sockets: what is sent when, what is waited for, and what ends a run."""

import asyncio
import gc
import os
import resource
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aiops_planner.errors import MeasurementError
from aiops_toolkit.bench.alarm import LoopAlarm, TimerfdAlarm, create_alarm, timerfd_available
from aiops_toolkit.bench.engine import Engine
from aiops_toolkit.bench.schedule import constant, poisson
from aiops_toolkit.bench.targets.http import HttpLoad, connection_limit
from aiops_toolkit.bench.targets.link import resolve
from aiops_toolkit.bench.targets.payloads import build_requests
from aiops_toolkit.config.targets import HttpTarget
from support.bench_loads import Probe, counts, load_of
from support.bench_server import OK, Call, says, serving, silence, takes


def most_in_flight(table) -> int:
    """The largest number of requests that were in flight at once."""
    edges = sorted([(sent, 1) for sent in table.sent] + [(end, -1) for end in table.end])
    return int(np.max(np.cumsum([step for _, step in edges])))


@pytest.mark.parametrize("clients", [1, 3, 16])
def test_a_closed_loop_keeps_exactly_its_clients_in_flight(clients):
    with serving(takes(0.01)) as server, Engine(load_of(server.url), Probe()) as engine:
        run = engine.closed(clients, 0.4, drain_s=1)
    assert counts(run) == {"ok": server.requests}
    assert most_in_flight(run.table) == clients
    assert (run.table.first_byte <= run.table.end).all()
    assert (run.table.end - run.table.sent >= 0.009).all()
    assert run.table.intended.max() < run.stopped_s + 0.05
    assert run.stopped_s - run.started_s == pytest.approx(0.4)


def test_payloads_are_sent_in_turn(tmp_path):
    for name in "abc":
        (tmp_path / name).write_text(name)
    with serving(says(OK)) as server:
        target = HttpTarget(url=server.url, method="POST", payloads="*")
        requests = build_requests(target, root=tmp_path, url=server.url, environment={})
        with Engine(HttpLoad(requests), Probe()) as engine:
            engine.closed(1, 0.1, drain_s=1)
    assert server.bodies[:6] == [b"a", b"b", b"c", b"a", b"b", b"c"]


def test_an_open_loop_never_waits_for_answers():
    schedule = constant(100, 0.3)
    with serving(silence) as server, Engine(load_of(server.url), Probe()) as engine:
        run = engine.open(schedule, 0.3, drain_s=0.1)
    assert counts(run) == {"unfinished": 30}
    assert np.allclose(run.table.intended - run.started_s, schedule)
    assert (run.table.sent >= run.table.intended).all()
    assert server.connections == 31  # one of them only checked that the address accepts connections
    assert run.cut_s - run.stopped_s == pytest.approx(0.1, abs=0.1)


def test_an_open_loop_uses_idle_connections_again():
    with serving(takes(0.001)) as server, Engine(load_of(server.url), Probe()) as engine:
        run = engine.open(poisson(200, 0.5, seed=1), 0.5, drain_s=1)
    assert counts(run) == {"ok": server.requests}
    assert server.connections < server.requests / 2


def test_requests_beyond_the_most_connections_wait_and_their_waiting_counts():
    with serving(takes(0.05)) as server, Engine(load := load_of(server.url), Probe()) as engine:
        load.max_lanes = 2
        run = engine.open(constant(100, 0.3), 0.3, drain_s=2)
    assert counts(run) == {"ok": 30}
    assert server.connections == 3
    assert most_in_flight(run.table) == 2
    assert np.max(run.table.sent - run.table.intended) > 0.3
    assert (np.diff(run.table.sent) >= 0).all()  # first come, first served


def test_a_schedule_without_requests_only_lasts_its_time():
    with serving(says(OK)) as server, Engine(load_of(server.url), Probe()) as engine:
        run = engine.open(np.array([]), 0.1, drain_s=1)
    assert (len(run.table.end), server.requests) == (0, 0)


def test_a_closed_loop_goes_on_after_time_outs():
    with serving(silence) as server, Engine(load_of(server.url, timeout_s=0.1), Probe()) as engine:
        run = engine.closed(2, 0.5, drain_s=0.5)
    kinds = counts(run)
    assert set(kinds) == {"timeout"}
    assert kinds["timeout"] >= 6
    assert server.connections > kinds["timeout"]  # a connection that timed out is not used again


def test_a_dead_service_ends_the_load_at_once():
    probe = Probe()

    async def die_at_the_tenth(call: Call) -> bool:
        probe.lives = call.number < 10
        return await says(OK)(call)

    started = time.perf_counter()
    with (
        serving(die_at_the_tenth) as server,
        Engine(load_of(server.url), probe) as engine,
        pytest.raises(MeasurementError, match="the service died under load"),
    ):
        engine.closed(1, 30, drain_s=1)
    assert time.perf_counter() - started < 5


def test_an_unknown_host_is_named():
    url = "http://service.test/x"
    requests = build_requests(HttpTarget(url=url), root=Path(), url=url, environment={})
    unknown = replace(requests, endpoint=replace(requests.endpoint, host="::zz"))  # asks no name server
    with pytest.raises(MeasurementError, match=r"host ::zz of http://service\.test/x cannot be looked up \(.+\)"):
        resolve(unknown)


def test_the_garbage_collector_rests_during_a_load_only():
    seen = []

    class WatchingProbe(Probe):
        def alive(self) -> bool:
            seen.append(gc.isenabled())
            return True

    with serving(says(OK)) as server, Engine(load_of(server.url), WatchingProbe()) as engine:
        engine.closed(1, 0.05, drain_s=1)
    assert seen
    assert not any(seen)
    assert gc.isenabled()


def test_a_load_may_hold_some_connections_open():
    assert 1 <= connection_limit() <= 1024


def test_without_a_timerfd_the_event_loop_s_own_timers_serve():
    async def choose() -> type:
        loop = asyncio.get_running_loop()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        free = os.dup(0)
        os.close(free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
        try:
            alarm = create_alarm(loop, lambda: None)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        alarm.close()
        return type(alarm)

    assert asyncio.run(choose()) is LoopAlarm


ALARMS = [LoopAlarm, *([TimerfdAlarm] if timerfd_available() else []), create_alarm]


@pytest.mark.parametrize("make", ALARMS)
@pytest.mark.parametrize("ahead_s", [-1.0, 0.0, 0.02])
def test_an_alarm_rings_at_its_time(make, ahead_s):
    async def ring() -> float:
        rang = asyncio.get_running_loop().create_future()
        alarm = make(asyncio.get_running_loop(), lambda: rang.set_result(time.perf_counter()))
        at_s = time.perf_counter() + ahead_s
        alarm.set(at_s)
        try:
            return await asyncio.wait_for(rang, 5) - at_s
        finally:
            alarm.close()

    assert asyncio.run(ring()) > -0.002


@pytest.mark.parametrize("make", ALARMS)
def test_a_closed_alarm_stays_silent(make):
    async def listen() -> list[int]:
        rang: list[int] = []
        alarm = make(asyncio.get_running_loop(), lambda: rang.append(1))
        alarm.set(time.perf_counter() + 0.02)
        alarm.close()
        alarm.close()
        await asyncio.sleep(0.04)
        return rang

    assert asyncio.run(listen()) == []
