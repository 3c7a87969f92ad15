"""The numbers on the page about the machine are those the doctor works with."""

from math import sqrt

import pytest
from scipy.stats import t

from aiops_toolkit.bench.batches import PARTS
from aiops_toolkit.doctor import diagnosis, engine, noise, sensitivity, timers, wording
from support.docs_pages import DOCS

PAGE = " ".join((DOCS / "doctor.md").read_text(encoding="utf-8").split())
QUANTILES = [float(t.ppf(p, PARTS - 1)) for p in (1 - sensitivity.SIGNIFICANCE / 2, sensitivity.POWER)]


@pytest.mark.parametrize(
    "statement",
    [
        f"for about {diagnosis.SECONDS:g} s",
        f"{diagnosis.ENOUGH_SPACE_BYTES >> 20} MiB left",
        f"a loop of {noise.WORK_STEPS:,} additions",
        f"more than {noise.GAP_S * 1e6:g} µs apart are a gap",
        f"at least {wording.ENOUGH_CORES} |",
        f"at most {wording.STEADY_VARIATION:.0%} |",
        f"at most {wording.STOLEN_SHARE:.0%} |",
        f"less than {wording.PINNING_HELPS:g} times as much",
        f"set {timers.WAKES} times, {timers.PAUSE_S * 1e3:g} ms ahead",
        f"p99 is at most {wording.LATE_WAKE_UP_S * 1e3:g} ms",
        "sends {:,.0f}, {:,.0f} and {:,.0f} requests a second".format(*engine.SECONDS_BY_RATE),
        f"For {sensitivity.WINDOW_S:g} s, which is",
        f"{sensitivity.CLIENTS} clients keep",
        f"n = {PARTS} blocks",
        f"test at {sensitivity.SIGNIFICANCE:.0%} finds in {sensitivity.POWER:.0%} of the cases",
        f"{QUANTILES[0]:.2f} + {QUANTILES[1]:.2f} for {PARTS} blocks",
        f"With s = 2% and r = 0 that is {sum(QUANTILES) * 0.02 * sqrt(2 / PARTS):.1%}",
        f"at most {wording.SMALL_CHANGE:.0%} for both",
    ],
)
def test_a_number_is_the_one_the_code_works_with(statement):
    assert statement.replace("%", " %") in PAGE


def test_the_time_on_the_cores_is_the_half_second_that_is_told():
    assert noise.SECONDS * noise.WORK_SHARE / 2 == 0.5
    assert PAGE.count("half a second") == 2
