"""Numbers become text in one place: the right unit, three significant digits, and a word for what is missing."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_reports import formatting


@pytest.mark.parametrize(
    ("write", "value", "text"),
    [
        ("duration", 0.0123, "12.3 ms"),
        ("duration", 1.2, "1.20 s"),
        ("duration", 0.00099999, "1.00 ms"),
        ("duration", 0.9999, "1.00 s"),
        ("duration", 0.000087, "87.0 µs"),
        ("duration", 4e-7, "< 1 µs"),
        ("duration", 0, "0 s"),
        ("duration", 125, "2 min 5 s"),
        ("duration", 3725, "1 h 2 min"),
        ("duration", None, "not resolved"),
        ("limit", 0.05, "50 ms"),
        ("limit", 1.5, "1.5 s"),
        ("limit", 0.00025, "250 µs"),
        ("rate", 690.2, "690/s"),
        ("rate", 1234.4, "1,234/s"),
        ("rate", 0.25, "0.250/s"),
        ("rate", 0, "0/s"),
        ("rate", None, "–"),
        ("power", 238050, "238 k/s²"),
        ("power", 999_999, "1.00 M/s²"),
        ("power", 3.2, "3.20 /s²"),
        ("power", None, "–"),
        ("percent", 0.001, "0.1 %"),
        ("percent", 0.9861, "98.6 %"),
        ("percent", 1, "100 %"),
        ("percent", 0.00001, "< 0.01 %"),
        ("percent", 30, "3,000 %"),
        ("percent", None, "–"),
        ("money", 1234.4, "$1,234"),
        ("money", 60.15, "$60.15"),
        ("money", 0.0412, "$0.0412"),
        ("money", 0, "$0"),
        ("money", -2.5, "-$2.50"),
        ("money", None, "–"),
        ("size", 186e6, "177 MiB"),
        ("size", 10, "10 B"),
        ("size", None, "–"),
        ("number", 18346, "18,346"),
        ("number", 0.98612, "0.9861"),
        ("number", 12345.678, "12,345.7"),
        ("number", None, "–"),
        ("tick", 250_000, "250 k"),
        ("tick", 1000, "1,000"),
        ("tick", 0.15, "0.15"),
        ("tick", 16384, "16.4 k"),
        ("moment", "2025-11-22T11:37:07+00:00", "2025-11-22 11:37 UTC"),
        ("moment", "2025-11-21T16:04:32+01:00", "2025-11-21 16:04 UTC+01:00"),
        ("moment", "2025-11-21T16:04:32", "2025-11-21 16:04 local time"),
        ("moment", "yesterday", "yesterday"),
        ("sentence", "two words", "Two words."),
        ("sentence", "Done!", "Done!"),
        ("sentence", "", ""),
        ("joined", ["a", "b", "c"], "a, b and c"),
        ("joined", ["a"], "a"),
        ("joined", [], ""),
    ],
)
def test_values_are_written_as_people_write_them(write: str, value: Any, text: str) -> None:
    assert getattr(formatting, write)(value) == text


def test_money_and_counts_carry_their_unit() -> None:
    assert formatting.money(1234, "month") == "$1,234/month"
    assert formatting.count(1, "test") == "1 test"
    assert formatting.count(1400, "test") == "1,400 tests"


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (780, 860, "780/s to 860/s"),
        (2100, None, "at least 2,100/s"),
        (0.0, None, "at least 0/s"),
        (None, 860, "at most 860/s"),
        (None, None, "not bounded"),
    ],
)
def test_the_ends_of_an_interval_may_be_open(low: float | None, high: float | None, text: str) -> None:
    assert formatting.interval(low, high, formatting.rate) == text


@pytest.mark.parametrize(
    ("concurrency", "text"),
    [(0.998, "0.998 requests in flight"), (1.0, "1 request in flight"), (2.371, "2.37 requests in flight")],
)
def test_concurrency_keeps_its_decimals(concurrency: float, text: str) -> None:
    assert formatting.in_flight(concurrency) == text


UNITS_S = {"s": 1, "ms": 1e-3, "µs": 1e-6}


@given(st.floats(1e-6, 99))
def test_a_duration_reads_back_within_half_a_percent(seconds: float) -> None:
    found = re.fullmatch(r"([\d.]+) (s|ms|µs)", formatting.duration(seconds))
    assert found is not None
    assert float(found[1]) * UNITS_S[found[2]] == pytest.approx(seconds, rel=0.005)


@given(st.floats(1e-9, 1e15))
def test_significant_digits_keep_three_of_them(value: float) -> None:
    assert float(formatting.significant(value).replace(",", "")) == pytest.approx(value, rel=0.006)


@pytest.mark.parametrize(("share", "text"), [(0.9968, "100 %"), (1.9, "190 %"), (0.1149, "11 %"), (0.00114, "0.11 %")])
def test_percentages_take_fewer_digits_without_exponents(share: float, text: str) -> None:
    assert formatting.percent(share, digits=2) == text


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("prices are dated", "Prices are dated."),
        ("on-demand prices, too!", "On-demand prices, too!"),
        ("c7a.xlarge is estimated", "c7a.xlarge is estimated."),
        ("p99 is not resolved", "p99 is not resolved."),
        ("", ""),
    ],
)
def test_sentences_start_with_a_capital_letter_unless_with_a_name(text: str, sentence: str) -> None:
    assert formatting.sentence(text) == sentence


@given(st.floats(min_value=1e-9, max_value=1e12))
def test_no_number_is_shown_with_an_exponent(value: float) -> None:
    shown = [formatting.number(value), formatting.tick(value), formatting.percent(value), formatting.rate(value)]
    assert not [text for text in (*shown, formatting.limit(value)) if re.search(r"\de[+-]", text)]
