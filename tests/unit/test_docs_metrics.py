"""Every number that is printed is defined on the page of measurement, with the limits that the code works with."""

import re
from dataclasses import fields

import pytest

from aiops_planner import knee, ladders
from aiops_planner.performance import (
    Capacity,
    GpuFigures,
    Knee,
    LoadPoint,
    Scalability,
    SoftMin,
    Steadiness,
    StreamFigures,
)
from aiops_reports import summary, wording
from aiops_reports.definitions import DEFINITIONS
from aiops_reports.document import derived_names
from aiops_reports.record import BenchmarkResult
from aiops_toolkit.bench import batches, gpu, standstill, steady, trend
from support.docs_pages import DOCS

PAGE = (DOCS / "measurement.md").read_text(encoding="utf-8")
TEXT = " ".join(PAGE.split())
VALUES = (LoadPoint, StreamFigures, Knee, SoftMin, Scalability, Capacity)
PERCENTAGE = re.compile(r"(\d)%")


def figures(kind: type) -> list[str]:
    return [field.name for field in fields(kind)] + list(derived_names(kind))


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in VALUES for name in figures(kind)])
def test_every_figure_is_defined(kind: type, name: str) -> None:
    assert f"`{name}`" in PAGE or f".{name}`" in PAGE, f"{kind.__name__}.{name}"


@pytest.mark.parametrize("name", figures(GpuFigures))
def test_every_figure_of_a_gpu_is_defined(name: str) -> None:
    assert f"`{name}`" in PAGE or f"`gpu.{name}`" in PAGE


@pytest.mark.parametrize("name", list(DEFINITIONS))
def test_every_column_of_a_table_is_defined(name: str) -> None:
    shown = re.findall(r"^\| [^|]+ \| ([^|]+) \|", PAGE, re.MULTILINE)
    heads = {head.strip() for cell in shown for head in cell.split(",")}
    assert name in heads or name == "capacity"


@pytest.mark.parametrize(("name", "words"), list(wording.STEADINESS.items()))
def test_every_steadiness_is_explained(name: Steadiness, words: str) -> None:
    assert f"| `{name}` | {words} |" in PAGE


def test_the_source_of_imported_figures_is_named() -> None:
    assert "source" in figures(BenchmarkResult)
    assert "`source`" in PAGE


@pytest.mark.parametrize(
    "statement",
    [
        f"at a significance of {trend.SIGNIFICANCE:.0%}",
        f"A drift of less than {trend.MIN_DRIFT:.0%} of the median",
        f"means of {steady.GROUP_REQUESTS} requests",
        f"up to {batches.PARTS} equal parts, of {batches.MIN_REQUESTS} requests or more",
        f"stood still for more than {standstill.MAX_LATE_S:g} s",
        f"Above {summary.POOR_FIT:g} a note says",
        f"({knee.RESAMPLES} times, two neighbours at a time",
    ],
)
def test_a_number_is_the_one_the_code_works_with(statement: str) -> None:
    assert PERCENTAGE.sub(r"\1 %", statement) in TEXT


def test_what_a_reader_may_have_to_multiply_is_what_the_code_multiplies() -> None:
    assert steady.MAX_SHARE == 1 / 2
    assert "never more than half of the point" in TEXT
    assert steady.MARGIN == 1.5
    assert "with half as much again" in TEXT
    assert knee.BLOCK == 2
    assert ladders.MIN_LEVELS == 5
    assert "With at least five closed-loop levels" in TEXT
    assert gpu.INTERVAL_S == 1
    assert "GPUs are read once a second" in TEXT
