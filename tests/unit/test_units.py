"""Quantities as people write them."""

import contextlib
import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_planner.errors import UnitError
from aiops_planner.units import (
    parse_duration,
    parse_factor,
    parse_money_rate,
    parse_quantile,
    parse_rate,
    parse_share,
    parse_size,
)

PARSERS = (parse_duration, parse_rate, parse_share, parse_factor, parse_quantile, parse_size, parse_money_rate)


@pytest.mark.parametrize(
    ("parse", "written", "meant"),
    [
        (parse_duration, "250us", 0.00025),
        (parse_duration, "50ms", 0.05),
        (parse_duration, "1.5 s", 1.5),
        (parse_duration, " .5s ", 0.5),
        (parse_duration, "2min", 120.0),
        (parse_duration, "1h", 3600.0),
        (parse_duration, "1d", 86400.0),
        (parse_duration, "1e-3s", 0.001),
        (parse_duration, "0ms", 0.0),
        (parse_rate, "2000/s", 2000.0),
        (parse_rate, "2000 / s", 2000.0),
        (parse_rate, "100 rps", 100.0),
        (parse_rate, "100req/s", 100.0),
        (parse_rate, "600/min", 10.0),
        (parse_rate, "7200/h", 2.0),
        (parse_share, "0.1%", 0.001),
        (parse_share, "50 %", 0.5),
        (parse_share, "100%", 1.0),
        (parse_share, 0.001, 0.001),
        (parse_share, "0.25", 0.25),
        (parse_share, 1, 1.0),
        (parse_factor, "20%", 1.2),
        (parse_factor, "0 %", 1.0),
        (parse_factor, 1.3, 1.3),
        (parse_factor, "2", 2.0),
        (parse_quantile, "p95", 0.95),
        (parse_quantile, " P99.9 ", 0.999),
        (parse_quantile, "95 %", 0.95),
        (parse_quantile, 0.5, 0.5),
        (parse_quantile, "p100", 1.0),
        (parse_size, "0 B", 0),
        (parse_size, "512B", 512),
        (parse_size, "10 kB", 10_000),
        (parse_size, "1.5 MB", 1_500_000),
        (parse_size, "2GB", 2_000_000_000),
        (parse_size, "1 KiB", 1024),
        (parse_size, "1.5 MiB", 1_572_864),
        (parse_size, "1GiB", 1_073_741_824),
        (parse_money_rate, "1.01 USD/h", 1.01),
        (parse_money_rate, "$1.01/hour", 1.01),
        (parse_money_rate, "1.01$/h", 1.01),
        (parse_money_rate, "US$ 24/day", 1.0),
        (parse_money_rate, "USD 24/day", 1.0),
        (parse_money_rate, "5000 USD/month", 5000 / 730),
        (parse_money_rate, "5000 usd per month", 5000 / 730),
        (parse_money_rate, "8760 USD/year", 1.0),
    ],
)
def test_reads_quantities_as_people_write_them(parse, written, meant):
    assert parse(written) == pytest.approx(meant, rel=1e-12)


@pytest.mark.parametrize(
    ("parse", "written", "said"),
    [
        (parse_duration, 50, "no unit"),
        (parse_duration, "50", "no unit"),
        (parse_duration, "50 parsecs", "'parsecs' is not known"),
        (parse_duration, "50MS", "'MS' is not known"),
        (parse_size, 10, "no unit"),
        (parse_size, "10 KB", "'KB' is not known"),
        (parse_size, "-1 kB", "must not be negative"),
        (parse_duration, "5s 3ms", "'s 3ms' is not known"),
        (parse_duration, "1e308d", "too large"),
        (parse_rate, 2000, "no unit"),
        (parse_rate, "2000/fortnight", "'/fortnight' is not known"),
        (parse_rate, "2,000/s", "without separators"),
        (parse_share, 5, "did you mean 5%?"),
        (parse_share, "150%", "more than the whole"),
        (parse_share, "5 permille", "'permille' is not known"),
        (parse_factor, 0.2, "not from 1 to 1000; write a percentage like 20% for a fifth more"),
        (parse_factor, "1001", "not from 1 to 1000"),
        (parse_factor, "20 percent", "'percent' is not known"),
        (parse_factor, "-20%", "must not be negative"),
        (parse_quantile, "p0", "not from above 0"),
        (parse_quantile, 95, "not from above 0 to the whole; write a percentile like p95"),
        (parse_quantile, "p95th", "'th%' is not known"),
        (parse_quantile, "p", "write a percentile like p95"),
        (parse_money_rate, "5000 EUR/month", "currency 'EUR' is not USD"),
        (parse_money_rate, "5000 €/month", "currency '€' is not USD"),
        (parse_money_rate, "€1.01/h", "currency '€' is not USD"),
        (parse_money_rate, "EUR 1.01/h", "currency 'EUR' is not USD"),
        (parse_money_rate, "5000/month", "no currency"),
        (parse_money_rate, "5000 USD", "no period"),
        (parse_money_rate, "5000 USD/decade", "period 'decade' is not known"),
        (parse_money_rate, 5000, "no currency"),
        (parse_money_rate, "$-5/h", "must not be negative"),
    ],
)
def test_says_what_was_found_and_what_would_be_right(parse, written, said):
    with pytest.raises(UnitError) as refusal:
        parse(written)
    assert said in refusal.value.message
    assert "\n" not in refusal.value.message


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize(
    "nonsense",
    [
        "",
        " ",
        None,
        True,
        math.nan,
        math.inf,
        -1,
        10**400,
        "nan",
        "inf s",
        "-5ms",
        "1e400s",
        "٥ms",
        "５０ms",
        "ms",
        [],
        {"ms": 5},
        dt.date(2026, 1, 1),
        "9" * 100_000 + "s",
    ],
    ids=lambda value: repr(value)[:20],
)
def test_refuses_what_is_no_quantity_in_one_short_line(parse, nonsense):
    with pytest.raises(UnitError) as refusal:
        parse(nonsense)
    assert len(refusal.value.message) < 250
    assert "\n" not in refusal.value.message


@given(st.floats(min_value=0, max_value=1e9, allow_nan=False))
def test_a_number_of_seconds_reads_back_exactly(seconds):
    assert parse_duration(f"{seconds!r}s") == seconds


@given(st.text(max_size=20))
def test_any_text_is_read_or_refused_never_a_crash(text):
    for parse in PARSERS:
        with contextlib.suppress(UnitError):
            assert 0 <= parse(text) < math.inf
