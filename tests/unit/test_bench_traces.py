"""Recorded arrivals are read as people have them, and replayed at any rate with their bursts kept."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_planner.errors import UsageError
from aiops_toolkit.bench.schedule import replay, replay_counts
from aiops_toolkit.bench.traces import arrivals_kind, arrivals_schedule, read_trace
from aiops_toolkit.config.targets import LoadSettings

TRACES = Path(__file__).parents[1] / "data" / "traces"
CODE = read_trace(TRACES / "azure_llm_code.csv").times_s
COUNTED = read_trace(TRACES / "load_balancer.csv")


def variation(times_s) -> float:
    """The squared coefficient of variation of the gaps: 1 for Poisson arrivals."""
    gaps = np.diff(times_s)
    return float(gaps.var() / gaps.mean() ** 2)


READABLE = {
    "plain seconds": ("0.5\n1.5\n4.5\n", [0, 1, 4]),
    "named columns": ("t_s,context_tokens\n10,4808\n12.5,3180\n", [0, 2.5]),
    "dates with seven digits": (
        "TIMESTAMP,ContextTokens,GeneratedTokens\n"
        "2023-11-16 18:17:03.9799600,4808,10\n2023-11-16 18:17:04.9799600,1,1\n",
        [0, 1],
    ),
    "dates with a zone": ("2026-03-29T01:59:59Z\n2026-03-29T05:00:00+02:00\n", [0, 3601]),
    "any order": ("3\n1\n2\n", [0, 1, 2]),
    "a byte order mark, empty lines and no last newline": ("\ufefftime\n\n1\n \n3", [0, 2]),
    "intervals with counts": ("timestamp,value\n2014-04-10 00:04:00,94.0\n2014-04-10 00:09:00,0\n", [0, 300, 600]),
}


@pytest.mark.parametrize(("text", "times"), READABLE.values(), ids=READABLE.keys())
def test_a_trace_is_read_as_people_have_it(tmp_path, text, times):
    (tmp_path / "trace.csv").write_text(text, encoding="utf-8")
    assert read_trace(tmp_path / "trace.csv").times_s.tolist() == pytest.approx(times)


MISTAKES = {
    "text": ("t_s\n1\nsoon\n", "line 3 says 'soon' where a time in seconds (0 or more) or a date is expected"),
    "negative": ("1\n-2\n", "line 2 says '-2' where a time in seconds (0 or more) or a date is expected"),
    "not a number": ("1\nnan\n", "line 2 says 'nan' where a time in seconds"),
    "empty": ("", "has 0 arrivals, which is no rate: give two or more at different times"),
    "names only": ("t_s\n", "has 0 arrivals"),
    "one arrival": ("t_s\n1\n", "has 1 arrival, which is no rate"),
    "all at once": ("1\n1\n1\n", "has 3 arrivals at one and the same time, which is no rate"),
    "no count": ("timestamp,value\n0,1\n1\n", "line 3 says '' where a count (0 or more) is expected"),
    "a negative count": ("hour,requests\n0,1\n1,-3\n", "line 3 says '-3' where a count (0 or more) is expected"),
    "nothing counted": ("hour,requests\n0,0\n1,0\n", "counts no request in any interval"),
    "one interval": ("hour,requests\n0,5\n", "needs two or more intervals that begin at different times"),
    "an interval twice": (
        "hour,requests\n0,5\n0,6\n1,2\n",
        "needs two or more intervals that begin at different times",
    ),
}


@pytest.mark.parametrize(("text", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_trace_that_cannot_be_meant_is_refused(tmp_path, text, message):
    (tmp_path / "trace.csv").write_text(text)
    with pytest.raises(UsageError) as caught:
        read_trace(tmp_path / "trace.csv")
    assert message in caught.value.message
    assert str(tmp_path / "trace.csv") in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, "No such file or directory"),
        (lambda path: path.mkdir(), "Is a directory"),
        (lambda path: path.write_bytes(b"1\n\xff\xfe\n"), "it is not CSV text"),
    ],
)
def test_a_trace_that_cannot_be_read_is_named(tmp_path, make, reason):
    path = tmp_path / "trace.csv"
    make(path)
    with pytest.raises(UsageError, match=rf"trace .*trace\.csv cannot be read \({reason}\): name a CSV file"):
        read_trace(path)


@given(
    st.lists(st.floats(0, 1e6), min_size=2, max_size=50).filter(lambda times: max(times) - min(times) > 1e-3),
    st.floats(0.5, 500),
    st.floats(0.1, 5),
    st.integers(0, 2**32),
)
def test_a_replay_has_the_rate_and_the_duration_that_were_asked_for(times, rate, duration, seed):
    recorded = np.sort(np.array(times))
    counts = np.ones(len(recorded) - 1)
    for schedule in (
        replay(recorded, rate, duration, seed=seed),
        replay_counts(recorded, counts, rate, duration, seed=seed),
    ):
        assert len(schedule) == max(1, round(rate * duration))
        assert (np.diff(schedule) >= 0).all()
        assert schedule[0] >= 0
        assert schedule[-1] < duration


@pytest.mark.parametrize("rate", [1.0, 40.0, 4000.0])
def test_bursts_stay_bursts_at_any_rate(rate):
    whole = replay(CODE, rate, len(CODE) / rate, seed=1)
    assert variation(CODE) > 3
    assert variation(whole) == pytest.approx(variation(CODE), rel=0.05)


def test_a_replay_that_outlasts_its_trace_begins_again():
    schedule = replay(np.array([0.0, 1.0, 3.0]), 1.0, 9.0, seed=0)
    gaps = np.diff(schedule)
    assert sorted(gaps[:3].tolist()) == pytest.approx([2 / 3, 1.0, 4 / 3])  # of the trace 1, 1.5 (its mean) and 2
    assert gaps[:3].tolist() == pytest.approx(gaps[3:6].tolist())


def test_the_seed_chooses_the_part_of_the_trace():
    parts = [replay(CODE, 100, 1, seed=seed).tolist() for seed in (1, 1, 2)]
    assert parts[0] == parts[1] != parts[2]


def test_arrivals_of_one_moment_stay_together():
    assert replay(np.array([0.0, 5.0, 5.0, 5.0, 5.0, 9.0]), 2, 1, seed=1).tolist() == pytest.approx([0, 0])


def test_counts_are_followed():
    counts = np.array([10.0, 0.0, 90.0])
    schedule = replay_counts(np.array([0.0, 1.0, 2.0, 3.0]), counts, 1000, 30, seed=5)
    assert len(schedule) == 30_000
    lap_s = 30 * 100 / 30_000
    share, _ = np.histogram(schedule % lap_s, bins=300)
    assert np.count_nonzero(share < 5) == pytest.approx(100, abs=5)  # a third of each lap has none
    assert share.max() == pytest.approx(30_000 * 0.9 / 100, rel=0.3)


def test_within_an_interval_of_a_count_arrivals_are_poisson():
    schedule = replay_counts(COUNTED.times_s, COUNTED.counts, 1000, 0.05, seed=3)
    assert len(schedule) == 50  # an interval has some hundred
    assert 0.3 < variation(replay_counts(COUNTED.times_s, np.ones(300), 1000, 5, seed=3)) < 1.5


@pytest.mark.parametrize(
    ("arrivals", "kind", "count"),
    [("poisson", "poisson", 213), ("constant", "constant", 200), ("azure_llm_code.csv", "trace", 200)],
)
def test_a_schedule_is_made_as_the_load_is_described(arrivals, kind, count):
    load = LoadSettings(arrivals=arrivals)
    assert arrivals_kind(load) == kind
    assert len(arrivals_schedule(load, TRACES)(100.0, 2.0, 1)) == pytest.approx(count, abs=40)


def test_a_long_trace_is_read_whole(tmp_path):
    (tmp_path / "trace.csv").write_text("\n".join(map(str, range(200_000))))
    assert (read_trace(tmp_path / "trace.csv").times_s == np.arange(200_000)).all()
