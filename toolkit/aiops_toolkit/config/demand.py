# ruff: noqa: D102 - what the methods of a kind do is said once, in Kind
"""The key `capacity.demand` of aiops.yml: a rate, rates by class or a file in short, or a section that says more."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, get_args

from aiops_planner.demand import SINGLE_CLASS
from aiops_planner.file_form import Gaps, Period, Rows
from aiops_planner.units import parse_factor, parse_quantile
from aiops_toolkit.config import nodes
from aiops_toolkit.config.forms import RateOrFile
from aiops_toolkit.config.kinds import Choice, Kind, Quantity, Row, Schema, Text, duration, rate
from aiops_toolkit.config.mistakes import Mistake, Mistakes, Place
from aiops_toolkit.config.settings import DemandSettings
from aiops_toolkit.config.structure import Either, Key, MapOf, Section

RATES = MapOf(of=rate(), what="a mapping of request classes to rates", key="class")
OF_A_FILE = ("rows", "column", "gaps", "timezone", "step", "quantile", "period")


class Figure(Quantity):
    """A bare number, or one with a sign of its own such as 20% or p95."""

    def schema(self) -> Schema:
        return {"type": ["string", "number"], "examples": [self.example]}

    def plain(self, value: float) -> str:
        return f"{value:g}"


def _factor(name: str, example: str) -> Figure:
    return Figure(name=name, example=example, parse=parse_factor)


def _check(demand: DemandSettings, node: nodes.Mapping, place: Place) -> Iterable[Mistake]:
    """What only a file has, and what arrivals or the lack of a quantile leave without meaning."""
    for entry in node:
        reason = _without_meaning(entry.name, demand)
        if reason:
            yield from place.key(entry.name).mistake(entry.line, f"has no meaning {reason}").found


def _without_meaning(name: str, demand: DemandSettings) -> str:
    if demand.file is None and name in OF_A_FILE:
        return "for rates, expected it with a file"
    if demand.rows == "arrivals" and name in {"column", "gaps"}:
        return "for arrivals, each of which is one row"
    if demand.quantile is None and name == "period":
        return "without a quantile"
    return ""


def _build(**values: Any) -> DemandSettings:
    file = values.pop("file", None)
    return DemandSettings(file=None if file is None else Path(file), **values)


SECTION: Section[DemandSettings] = Section(
    becomes=DemandSettings,
    build=_build,
    check=_check,
    one_of=("file", "rates"),
    keys=(
        Key(name="file", kind=Text(what="the path of a CSV file"), about="A CSV file of traffic, its times first."),
        Key(
            name="rates",
            kind=Either(short=rate(), long=RATES, spread=lambda requests: {SINGLE_CLASS: requests}),
            about="In place of a file: a rate, or rates by request class.",
        ),
        Key(
            name="rows",
            kind=Choice(words=get_args(Rows)),
            about="What the file's rows say: requests/s, requests counted in each step, or one request a row.",
        ),
        Key(
            name="column",
            kind=Text(numbers=True),
            about="The column that holds the requests; without it each column is a request class.",
        ),
        Key(
            name="gaps",
            kind=Choice(words=get_args(Gaps)),
            about="What rows that are missing are taken as: no traffic, the row before, or lying between those around.",
        ),
        Key(
            name="timezone",
            kind=Text(what="a time zone such as Europe/Berlin"),
            about="Where the file's local times are those of the clocks.",
        ),
        Key(
            name="step",
            into="step_s",
            kind=duration(),
            about="The step to average over, or to count arrivals in; each hour is planned for its busiest step.",
        ),
        Key(
            name="quantile",
            kind=Figure(name="a quantile", example="p95", parse=parse_quantile),
            about="Plan for this quantile of each hour of the week, or day, over the weeks of the file.",
        ),
        Key(
            name="period",
            kind=Choice(words=get_args(Period)),
            about="What repeats for the quantile; weeks when left out, days in a file of less than two weeks.",
        ),
        Key(name="growth", kind=_factor("a growth", "20%"), about="How much more traffic to plan for: 20% or 1.2."),
        Key(
            name="peak_factor",
            kind=_factor("a factor", "1.3"),
            about="How many times its rate each hour has to carry, for peaks within it.",
        ),
    ),
)


class SectionOrRates(Kind[DemandSettings]):
    """The section, or a mapping of request classes to rates, which may be called like keys of the section."""

    @property
    def expected(self) -> str:
        return RATES.expected

    @property
    def type(self) -> str:
        return f"{RATES.type}, or section"

    def read(self, node: nodes.Node, place: Place) -> DemandSettings:
        if isinstance(node, nodes.Mapping) and any(_is_of_section(entry) for entry in node):
            return SECTION.read(node, place)
        return DemandSettings(rates=RATES.read(node, place))

    def schema(self) -> Schema:
        return {"anyOf": [RATES.schema(), SECTION.schema()]}

    def rows(self, path: str) -> Iterator[Row]:
        return SECTION.rows(path)


def _is_of_section(entry: nodes.Entry) -> bool:
    """Whether an entry is one of the section's keys. Any but `rates` with a rate behind it is a request class."""
    if entry.name not in {key.name for key in SECTION.keys}:
        return False
    try:
        RATES.of.read(entry.value, Place())
    except Mistakes:
        return True
    return entry.name == "rates"


def _spread(written: float | Path) -> DemandSettings:
    if isinstance(written, Path):
        return DemandSettings(file=written)
    return DemandSettings(rates={SINGLE_CLASS: written})


DEMAND = Either(short=RateOrFile(), long=SectionOrRates(), spread=_spread)
