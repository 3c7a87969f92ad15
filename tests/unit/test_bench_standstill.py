"""A tick that comes far too late tells that nothing was sent or read meanwhile."""

import ast
import time
from pathlib import Path

import pytest

import aiops_toolkit.bench
from aiops_toolkit.bench.standstill import MAX_LATE_S, Standstill, TickWatch


@pytest.mark.parametrize(
    ("late_s", "found"),
    [
        (0.0, []),
        (MAX_LATE_S, []),
        (0.5, [Standstill(end_s=10.5, seconds=0.5)]),
        (-0.01, []),  # timers of an event loop may ring early
    ],
)
def test_a_late_tick_is_a_standstill(late_s, found):
    ticks = TickWatch()
    ticks.due(10.0)
    assert ticks.came(10.0 + late_s) is bool(found)
    assert ticks.found == found


def test_the_first_tick_cannot_be_late():
    ticks = TickWatch()
    assert not ticks.came(time.perf_counter())
    assert ticks.found == []


def test_every_standstill_is_kept():
    ticks = TickWatch()
    for number in range(3):
        ticks.due(float(number))
        ticks.came(number + 0.5)
    assert [still.end_s for still in ticks.found] == [0.5, 1.5, 2.5]


WALL_CLOCKS = {("time", "time"), ("time", "time_ns"), ("datetime", "now"), ("datetime", "utcnow"), ("date", "today")}


def test_the_load_engine_never_reads_a_clock_that_can_be_set():
    read = {
        (node.value.id, node.attr)
        for module in Path(aiops_toolkit.bench.__path__[0]).rglob("*.py")
        if module.parent.name != "imports"  # other tools' results, which are files with a date
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    assert ("time", "clock_gettime") in read  # the search finds what it looks for
    assert read & WALL_CLOCKS == set()
