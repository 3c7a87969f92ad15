"""Figures of a machine become plain words, and a spread becomes the smallest change that would show."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_reports.diagnosis import CoreCheck, EngineCheck, Finding, Noise, Sensitivity, TimerCheck
from aiops_toolkit.doctor.noise import cores_of
from aiops_toolkit.doctor.sensitivity import spread_of
from aiops_toolkit.doctor.wording import core_findings, engine_findings, timer_finding
from support.reports_samples import sample_report

ENVIRONMENT = replace(sample_report().environment, usable_cores=4)
QUIET = Noise(work_variation=0.01, stolen_share=0.001, worst_gap_s=0.0004)
CORES = CoreCheck(usable=(0, 1, 2, 3), quota=None, isolated=(), free=QUIET, pinned=QUIET)
FAST = EngineCheck(
    offered_rps=1000.0,
    throughput_rps=1000.0,
    send_lag_p50_s=0.00005,
    send_lag_p99_s=0.0002,
    response_p50_s=0.0001,
    response_p99_s=0.0004,
    generator_utilisation=0.05,
    invalid_because=(),
)
SENSITIVITY = Sensitivity(
    window_s=3.9,
    blocks=20,
    throughput_variation=0.02,
    throughput_correlation=0.1,
    smallest_throughput_change=0.021,
    response_variation=0.03,
    response_correlation=0.0,
    smallest_response_change=0.0279,
)


def named(name: str, **changes: object) -> Finding:
    return next(found for found in core_findings(ENVIRONMENT, replace(CORES, **changes)) if found.name == name)


@pytest.mark.parametrize(
    ("text", "cores"),
    [("", ()), ("\n", ()), ("3", (3,)), ("2-3,6\n", (2, 3, 6)), ("0-1,4-5", (0, 1, 4, 5))],
)
def test_a_list_of_cores_is_read_as_the_kernel_writes_it(text, cores):
    assert cores_of(text) == cores


def test_the_smallest_change_of_independent_blocks_is_that_of_the_tables():
    means = [0.9, 1.1, 1.1, 0.9] * 5  # t(0.975; 19) = 2.0930 and t(0.80; 19) = 0.8610
    spread = spread_of(means)
    assert spread.variation == pytest.approx(0.10260, abs=1e-5)
    assert spread.correlation == 0.0
    assert spread.smallest_change == pytest.approx((2.0930 + 0.8610) * 0.10260 * (2 / 20) ** 0.5, rel=1e-4)


def test_blocks_that_drift_together_tell_less_than_independent_ones():
    random = np.random.default_rng(1)
    independent = 1 + 0.02 * random.standard_normal(400)
    drifting = 1 + 0.02 * np.convolve(random.standard_normal(409), np.ones(10) / 10**0.5, mode="valid")
    assert spread_of(drifting).smallest_change > 2 * spread_of(independent).smallest_change


def test_the_formula_finds_four_changes_in_five():
    """Two runs that differ by the smallest change differ significantly in about 80 % of the cases."""
    random = np.random.default_rng(7)
    blocks, deviation = 20, 0.05
    effect = spread_of([1 - deviation, 1 + deviation] * 500).variation * 2.954 * (2 / blocks) ** 0.5
    runs = 1 + deviation * random.standard_normal((2, 4000, blocks))
    base, head = runs[0].mean(axis=1), runs[1].mean(axis=1) + effect
    error = np.sqrt((runs[0].var(axis=1, ddof=1) + runs[1].var(axis=1, ddof=1)) / blocks)
    assert ((head - base) / error > 2.093).mean() == pytest.approx(0.80, abs=0.04)


@given(st.lists(st.floats(0.5, 2.0), min_size=3, max_size=40), st.floats(0.001, 1000.0))
def test_the_smallest_change_does_not_depend_on_the_unit(means, factor):
    assert spread_of([factor * mean for mean in means]).smallest_change == pytest.approx(
        spread_of(means).smallest_change, rel=1e-6, abs=1e-9
    )


def test_a_quiet_machine_has_no_advice():
    findings = [
        *core_findings(ENVIRONMENT, CORES),
        timer_finding((TimerCheck(name="timerfd", late_p50_s=0.00005, late_p99_s=0.0002),)),
        *engine_findings((FAST,), SENSITIVITY, None),
    ]
    assert {found.status for found in findings} == {"ok"}


@pytest.mark.parametrize(
    ("name", "changes", "status", "words"),
    [
        ("steadiness", {"free": replace(QUIET, work_variation=0.05)}, "limited", "varies by 5 %"),
        ("steadiness", {"free": replace(QUIET, work_variation=0.5)}, "limited", "varies by 50 %"),
        ("stolen time", {"free": replace(QUIET, stolen_share=0.2)}, "limited", "lost 20 % of its time to others"),
        ("pinning", {"pinned": None}, "limited", "cannot be bound"),
        ("pinning", {"pinned": replace(QUIET, work_variation=0.004)}, "ok", "it helps"),
        ("pinning", {"pinned": replace(QUIET, work_variation=0.04)}, "ok", "it does harm"),
        ("pinning", {}, "ok", "cores 0, 1, 2 and 3: on one of them the same work varies by 1 %"),
        ("pinning", {"isolated": (2, 3)}, "ok", "the kernel keeps 2 and 3 free of other work"),
        ("pinning", {"usable": (0,)}, "ok", "but one core"),
        ("CPU quota", {"quota": 1.5}, "limited", "the time of 1.5 cores"),
    ],
)
def test_what_is_found_about_the_cores_is_said_in_words(name, changes, status, words):
    found = named(name, **changes)
    assert found.status == status
    assert words in found.found
    assert found.status == "ok" or found.advice


@pytest.mark.parametrize(
    ("timers", "status", "words"),
    [
        ([("timerfd", 50e-6, 2e-3)], "limited", "timerfd wakes 50.0 µs late (p50), 2.00 ms late (p99)"),
        ([("timerfd", 50e-6, 1e-4), ("event loop", -2e-4, 1e-3)], "ok", "event loop wakes 200 µs early (p50)"),
        ([("event loop", 5e-4, 1e-3)], "limited", "event loop wakes 500 µs late"),
    ],
)
def test_how_late_a_timer_wakes_is_said_for_each(timers, status, words):
    found = timer_finding(tuple(TimerCheck(name=name, late_p50_s=p50, late_p99_s=p99) for name, p50, p99 in timers))
    assert found.status == status
    assert words in found.found


def test_an_engine_that_was_late_says_why():
    late = replace(FAST, invalid_because=("requests left late",))
    (found, _) = engine_findings((late,), SENSITIVITY, None)
    assert (found.name, found.status, found.advice) == ("engine at 1,000/s", "limited", "requests left late")


@pytest.mark.parametrize(
    ("sensitivity", "status", "words"),
    [
        (SENSITIVITY, "ok", "2.8 % of the mean response time or 2.1 % of the throughput"),
        (replace(SENSITIVITY, smallest_throughput_change=0.2), "limited", "20 % of the throughput"),
        (None, "limited", "not found"),
    ],
)
def test_the_smallest_change_is_told(sensitivity, status, words):
    (found,) = engine_findings((), sensitivity, None)
    assert found.name == "smallest change"
    assert found.status == status
    assert words in found.found


def test_an_engine_that_cannot_run_is_missing():
    (found,) = engine_findings((), None, "no connection could be opened")
    assert (found.status, found.found) == ("missing", "no connection could be opened")
