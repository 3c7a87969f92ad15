"""The published curves are what their provenance says, and are found by the names people use."""

import csv
import hashlib
import importlib.resources
import io
import lzma
import re
from collections import defaultdict
from itertools import pairwise
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_planner.errors import CatalogError
from aiops_planner.published import (
    PUBLISHED_ERROR,
    Choice,
    Length,
    check_length,
    find_curves,
    isotonic,
    load_curves,
)
from support.docs_pages import DOCS

DATA = importlib.resources.files("aiops_planner").joinpath("data")
PACKED = DATA.joinpath("llm_curves.csv.xz").read_bytes()
ROWS = list(csv.DictReader(io.StringIO(lzma.decompress(PACKED).decode())))
PLANNING = " ".join((DOCS / "planning.md").read_text(encoding="utf-8").split())


def setup_of(row):
    """All of a row but what was measured."""
    return tuple(row[column] for column in row if column not in ("ttft_ms", "tpot_ms", "measured"))


def test_the_file_is_the_one_its_provenance_describes():
    stated = re.search(r"`llm_curves.csv.xz` \| `([0-9a-f]{64})`", DATA.joinpath("PROVENANCE.md").read_text())
    assert stated is not None
    assert hashlib.sha256(PACKED).hexdigest() == stated[1]
    assert len(ROWS) == 2_713
    assert len({row["model"] for row in ROWS}) == 12
    dates = sorted({row["measured"] for row in ROWS} - {""})
    assert (dates[0], dates[-1]) == ("2025-10-29", "2026-04-22")


def test_every_measurement_is_in_one_curve():
    curves = load_curves()
    assert len(curves) == 472
    loads = {(curve, reading.concurrency) for curve in curves for reading in curve.readings}
    distinct = {
        tuple(row[column] for column in row if column not in ("ttft_ms", "tpot_ms", "measured")) for row in ROWS
    }
    assert len(loads) == len(distinct) == 2_514
    assert load_curves() is curves


def test_units_are_seconds_and_both_times_never_fall_with_the_load():
    for curve in load_curves():
        times = [(reading.ttft_s, reading.tpot_s) for reading in curve.readings]
        assert times == sorted(times)
        assert all(first[1] <= then[1] for first, then in pairwise(times))
        assert all(0.02 < ttft_s < 400 and 0.002 < tpot_s < 0.25 for ttft_s, tpot_s in times)
        assert curve.setup.gpus == curve.setup.tensor_parallel * curve.setup.attention_data_parallel


def test_rates_follow_from_littles_law():
    (curve,) = [
        curve
        for curve in find_curves(Choice(model="gpt-oss-120b", precision="fp4", backend="vllm", version="0.18.0"))
        if (curve.system, curve.setup.gpus, curve.length) == ("h100_sxm", 2, Length(1024, 1024))
    ]
    busiest = curve.readings[-1]
    assert busiest == (64, pytest.approx(0.1690152), pytest.approx(0.0148319))
    assert curve.response_s(busiest) == pytest.approx(0.1690152 + 0.0148319 * 1023)
    assert curve.rps(busiest) == pytest.approx(64 / curve.response_s(busiest))
    assert str(curve.setup) == "vllm 0.18.0 TP2"


def rates_by(*ignored):
    """The requests/s of all measurements that differ in nothing but what is ignored, up to a factor."""
    rates = defaultdict(list)
    for row in ROWS:
        response_s = float(row["ttft_ms"]) + float(row["tpot_ms"]) * (int(row["output_tokens"]) - 1)
        alike = tuple(row[column] for column in row if column not in ("ttft_ms", "tpot_ms", "measured", *ignored))
        rates[alike].append((row["version"], 1 / response_s))
    return rates.values()


def test_the_error_band_is_that_of_repeated_measurements():
    repeated = [[rps for _, rps in one] for one in rates_by() if len(one) > 1]
    off = [abs(rps / fmean(rates) - 1) for rates in repeated for rps in rates]
    assert len(off) > 300
    assert f"lie within {np.quantile(off, 0.95):.1%} of their mean".replace("%", " %") in PLANNING
    assert np.quantile(off, 0.95) < PUBLISHED_ERROR
    assert f"| `capacity_error`: ±{PUBLISHED_ERROR:.0%} |".replace("%", " %") in PLANNING


def test_versions_differ_as_much_as_is_told():
    spreads = []
    for one in rates_by("version", "expert_parallel"):
        means = [fmean(rps for version, rps in one if version == name) for name in dict(one)]
        spreads += [max(means) / min(means) - 1] if len(means) > 1 else []
    half, most = (f"{np.quantile(spreads, share):.0%}".replace("%", " %") for share in (0.5, 0.95))
    assert f"the fastest carries {half} more than the slowest in half of the cases, and {most} more" in PLANNING


def test_the_documentation_counts_the_curves():
    models = {curve.model for curve in load_curves()}
    assert f"{len(load_curves())} published curves of {len(models)} models" in PLANNING


@pytest.mark.parametrize("name", ["openai/gpt-oss-120b", "gpt-oss-120b", "GPT-OSS-120B"])
def test_a_model_is_found_by_its_full_name_and_by_its_own(name):
    assert {curve.model for curve in find_curves(Choice(model=name, precision="fp4"))} == {"openai/gpt-oss-120b"}


def test_one_precision_need_not_be_named_and_unstated_is_one():
    assert {curve.precision for curve in find_curves(Choice(model="Qwen3-235B-A22B-FP8"))} == {"fp8"}
    assert {curve.precision for curve in find_curves(Choice(model="Llama-3.1-8B-Instruct"))} == {"unstated"}


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"model": "gpt-oss"}, "capacity.published.model: there is no curve for 'gpt-oss'; did you mean gpt-oss-120b?"),
        ({"model": "opnai/gpt-oss-120b"}, "did you mean openai/gpt-oss-120b"),
        ({"model": "mine"}, "published are DeepSeek-R1, DeepSeek-R1-NVFP4, DeepSeek-V3, GLM-5, "),
        ({"model": "gpt-oss-120b"}, "openai/gpt-oss-120b is published in fp4, fp8; choose the one that you serve"),
        ({"model": "Qwen3-32B", "precision": "int8"}, "no curve of Qwen/Qwen3-32B for 'int8'"),
        ({"model": "GLM-5", "precision": "fp8", "backend": "tgi"}, "capacity.published.backend: "),
        ({"model": "GLM-5", "precision": "fp8", "version": "9"}, "capacity.published.version: "),
    ],
)
def test_what_is_not_published_is_refused_with_what_is(choice, said):
    with pytest.raises(CatalogError) as refused:
        find_curves(Choice(**choice))
    assert said in refused.value.message
    assert "\n" not in refused.value.message


def test_requests_longer_than_all_published_are_refused_with_the_lengths_there_are():
    curves = find_curves(Choice(model="GLM-5", precision="fp8"))
    check_length(curves, "chat", Length(1024, 1000))
    with pytest.raises(CatalogError) as refused:
        check_length(curves, "code", Length(9000, 100))
    assert "as long as those of 'code', 9000 + 100 tokens" in refused.value.message
    assert "1024 + 1024, 1024 + 8192, 8192 + 1024" in refused.value.message


@given(st.lists(st.floats(0, 1e3), min_size=1, max_size=8))
def test_the_isotonic_fit_rises_keeps_the_mean_and_leaves_what_rises(values):
    fitted = isotonic(values)
    assert fitted == sorted(fitted)
    assert fmean(fitted) == pytest.approx(fmean(values), abs=1e-9)
    assert isotonic(sorted(values)) == pytest.approx(sorted(values))
