"""What the benchmark scripts compute from loads, and how they read the programs they compare with."""

from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from open_loop import Turn, bars
from peers.children import ChildError
from peers.figures import Bar, per_request_us, ratios, spread, table
from peers.generators import Generator, Load, hey, read_hey, read_hey_rows, read_wrk, usable, wrk
from peers.scripts import run_script

WRK = """
    Running 2s test @ http://127.0.0.1:34869/
      1 threads and 32 connections
      Thread Stats   Avg      Stdev     Max   +/- Stdev
        Latency   199.44us  148.86us   4.41ms   89.63%
        Req/Sec   113.92k    14.13k  133.29k    66.67%
      237584 requests in {time}, 14.95MB read
    {errors}Requests/sec: 113127.32
    Transfer/sec:      7.12MB
"""
HEY = """
    Summary:
      Total:	2.0004 secs
      Slowest:	0.0097 secs
      Requests/sec:	45517.8346

    Response time histogram:
      0.000 [1]	|
      0.001 [73426]	|

    Status code distribution:
      [200]	91054 responses
    {more}
"""
HEY_ROWS = """\
response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset
0.0102,0.0000,0.0000,0.0000,0.0102,0.0000,200,0.0563
0.0102,0.0000,0.0000,0.0000,0.0102,0.0000,200,0.0562
0.0103,0.0000,0.0000,0.0000,0.0103,0.0000,200,0.0561
0.0001,0.0000,0.0000,0.0000,0.0001,0.0000,503,0.0560
"""
POSITIVE = st.floats(min_value=1e-3, max_value=1e3)


def test_a_median_is_shown_with_the_lowest_and_the_highest_round() -> None:
    assert f"{spread([3.0, 1.0, 8.0]):.1f}" == "3.0 [1.0 - 8.0]"


def test_a_ratio_compares_rounds_that_were_measured_side_by_side() -> None:
    # the machine was twice as slow in the second round, for both
    assert ratios([2.0, 4.0], [1.0, 2.0]) == spread([2.0, 2.0])


@given(rounds=st.lists(st.tuples(POSITIVE, POSITIVE), min_size=1, max_size=9))
def test_a_ratio_lies_between_its_rounds_and_is_one_to_oneself(rounds: list[tuple[float, float]]) -> None:
    ours, theirs = zip(*rounds, strict=True)
    found = ratios(ours, theirs)
    assert found.low <= found.median <= found.high
    assert ratios(ours, ours) == spread([1.0])


def test_cpu_per_request_is_in_microseconds() -> None:
    assert per_request_us(1.5, 100_000) == pytest.approx(15.0)


@pytest.mark.parametrize(
    ("compute", "why"),
    [
        (lambda: spread([]), "no round was measured"),
        (lambda: ratios([1.0], [1.0, 2.0]), "shorter|longer"),
        (lambda: per_request_us(1.0, 0), "no request was answered"),
        (lambda: table([["a", "b"], ["c"]]), "shorter|longer"),
    ],
)
def test_what_cannot_be_computed_is_refused(compute, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        compute()


@pytest.mark.parametrize(("measured", "verdict"), [(1.49, "met"), (1.5, "met"), (1.51, "MISSED")])
def test_a_bar_is_judged_by_the_median(measured: float, verdict: str) -> None:
    bar = Bar(what="aiops / wrk", measured=spread([1.0, measured, 9.0]), limit=1.5)
    assert str(bar) == f"bar: aiops / wrk at most 1.5: {measured} [1.00 - 9.00] {verdict}".replace("1.5 [", "1.50 [")
    assert bar.met is (verdict == "met")


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert table([["generator", "us"], ["wrk", "12,345"], ["a", ""]]) == "generator   us\nwrk         12,345\na"


def turn(p50_s: float | None) -> Turn:
    load = Load(requests=15_000, errors=0, seconds=3.0, cpu_s=1.5, p50_s=p50_s)
    return Turn(load=load, truth_s=0.0101, server_cpu_s=0.6)


@pytest.mark.parametrize(
    ("rate_rps", "promised"),
    [
        (1_000, ["bar: error at 1,000/s, us at most 200: 300 [300 - 300] MISSED"]),
        (
            5_000,
            [
                "bar: error at 5,000/s, us at most 400: 300 [300 - 300] met",
                "bar: generator at 5,000/s, % of a core at most 40: 50 [50 - 50] MISSED",
            ],
        ),
    ],
)
def test_the_error_of_an_open_loop_is_taken_from_what_the_server_measured(rate_rps: int, promised: list[str]) -> None:
    assert [str(bar) for bar in bars(rate_rps, [turn(0.0104)])] == promised
    assert turn(0.0104).server_cpu_percent == pytest.approx(20.0)


def test_a_generator_without_an_answer_has_no_error_to_show() -> None:
    with pytest.raises(ChildError, match="got no answer"):
        bars(1_000, [turn(None)])


@pytest.mark.parametrize(
    ("time", "errors", "requests", "failed", "seconds"),
    [
        ("2.10s", "", 237_584, 0, 2.1),
        ("1.50m", "", 237_584, 0, 90.0),
        ("2.10s", "  Socket errors: connect 1, read 2, write 3, timeout 4\n", 237_584, 10, 2.1),
        ("2.10s", "  Non-2xx or 3xx responses: 84\n", 237_500, 84, 2.1),
    ],
)
def test_wrk_is_read(time: str, errors: str, requests: int, failed: int, seconds: float) -> None:
    load = read_wrk(dedent(WRK).format(time=time, errors=errors), cpu_s=1.75)
    assert (load.requests, load.errors, load.seconds, load.cpu_s) == (requests, failed, pytest.approx(seconds), 1.75)


@pytest.mark.parametrize(
    ("more", "failed"),
    [
        ("", 0),
        ("  [503]	40 responses\n", 40),
        ("\n    Error distribution:\n      [7]	Get http://127.0.0.1:1/: connection refused\n", 7),
    ],
)
def test_hey_is_read(more: str, failed: int) -> None:
    load = read_hey(dedent(HEY).format(more=more), cpu_s=2.3)
    assert (load.requests, load.errors, load.seconds, load.cpu_s) == (91_054, failed, 2.0004, 2.3)


def test_the_rows_of_hey_give_a_median_finer_than_their_digits() -> None:
    load = read_hey_rows(HEY_ROWS, seconds=1.0, cpu_s=0.1)
    assert (load.requests, load.errors) == (3, 1)
    assert load.p50_s == pytest.approx(0.010225)  # three quarters of the way through the class around 0.0102


@pytest.mark.parametrize(
    "read",
    [
        lambda text: read_wrk(text, cpu_s=0.0),
        lambda text: read_hey(text, cpu_s=0.0),
        lambda text: read_hey_rows(text, seconds=1.0, cpu_s=0.0),
    ],
)
@pytest.mark.parametrize("text", ["", "unable to connect to 127.0.0.1:1 Connection refused\n"])
def test_what_is_no_result_is_refused(read, text: str) -> None:
    with pytest.raises(ValueError, match=r"wrk named no|hey named no|hey listed no"):
        read(text)


def test_what_could_not_be_measured_is_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run_script(lambda: print(per_request_us(1.0, 0)))
    assert ended.value.code == 1
    assert capsys.readouterr().err == "not measured: no request was answered: CPU per request is not known\n"


@pytest.mark.parametrize("find", [wrk, hey])
def test_a_program_that_is_not_installed_is_named_with_the_reason(
    find, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    there = Generator(name="there")
    assert list(usable([find(), there])) == [there]
    assert capsys.readouterr().out == f"{find.__name__}: skipped, not installed (Debian package {find.__name__})\n"
