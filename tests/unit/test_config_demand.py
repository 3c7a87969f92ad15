"""The demand in aiops.yml: short where a word is enough, a section where more has to be said."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from aiops_planner.errors import ConfigError
from aiops_toolkit.config.reading import load_settings
from aiops_toolkit.config.schema import config_schema
from aiops_toolkit.config.settings import DemandSettings

ENTIRE = "version: 1\ncapacity:\n  demand: %s\n  offers: [{name: a, price: $1/h, capacity: 1/s}]\n"


@pytest.fixture
def load(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def load(demand: str) -> DemandSettings:
        Path("aiops.yml").write_text(ENTIRE % demand, encoding="utf-8")
        capacity = load_settings(Path("aiops.yml")).capacity
        assert capacity is not None
        return capacity.demand

    return load


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("60/min", DemandSettings(rates={"requests": 1.0})),
        ("traffic/a.csv", DemandSettings(file=Path("traffic/a.csv"))),
        ("{short: 8/s, long: 2/s}", DemandSettings(rates={"short": 8.0, "long": 2.0})),
        ("{file: 8/s, growth: 2/s}", DemandSettings(rates={"file": 8.0, "growth": 2.0})),
        ("{rates: 8/s}", DemandSettings(rates={"requests": 8.0})),
        ("{rates: {a: 8/s}, growth: 20%}", DemandSettings(rates={"a": 8.0}, growth=1.2)),
        (
            "{rates: 8/s, growth: 1.5, peak_factor: 1.3}",
            DemandSettings(rates={"requests": 8.0}, growth=1.5, peak_factor=1.3),
        ),
        ("{file: a.csv, gaps: interpolate}", DemandSettings(file=Path("a.csv"), gaps="interpolate")),
        ("{file: a.txt, rows: arrivals, step: 10s}", DemandSettings(file=Path("a.txt"), rows="arrivals", step_s=10.0)),
        (
            "{file: a.csv, rows: counts, column: value, timezone: Europe/Berlin, quantile: p95, period: day}",
            DemandSettings(
                file=Path("a.csv"),
                rows="counts",
                column="value",
                timezone="Europe/Berlin",
                quantile=0.95,
                period="day",
            ),
        ),
    ],
)
def test_a_demand_is_what_its_form_says(load, written, meant):
    assert load(written) == meant


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{}", "demand: found a mapping, expected a mapping of request classes to rates"),
        ("{growth: 20%}", "demand: found none, expected exactly one of file, rates"),
        ("{file: a.csv, rates: 8/s}", "demand: found file and rates, expected exactly one of file, rates"),
        ("{short: 8/s, growth: 20%}", "demand.short: unknown key; known here: file, rates, rows"),
        ("{file: a.csv, growht: 20%}", 'demand.growht: unknown key; did you mean "growth"?'),
        ("{file: a.csv, growth: 0.2}", "demand.growth: found 0.2, expected a growth such as 20%"),
        ("{file: a.csv, growth: -20%}", "demand.growth: found -20%, expected a growth such as 20%"),
        ("{file: a.csv, peak_factor: 2000}", "demand.peak_factor: found 2000, expected a factor such as 1.3"),
        ("{file: a.csv, quantile: 95}", "demand.quantile: found 95, expected a quantile such as p95"),
        ("{file: a.csv, rows: requests}", "demand.rows: found requests, expected one of rates, counts, arrivals"),
        ("{file: a.csv, step: 0s}", "demand.step: found 0s, expected a duration above 0"),
        ("{file: a.csv, period: day}", "demand.period: has no meaning without a quantile"),
        ("{rates: 8/s, quantile: p95}", "demand.quantile: has no meaning for rates, expected it with a file"),
        ("{rates: 8/s, gaps: hold}", "demand.gaps: has no meaning for rates, expected it with a file"),
        ("{file: a.csv, rows: arrivals, gaps: hold}", "demand.gaps: has no meaning for arrivals, each of which is one"),
        ("{file: a.csv, gaps: ignore}", "demand.gaps: found ignore, expected one of refuse, zero, hold, interpolate"),
        (
            "{file: a.csv, rows: arrivals, column: b}",
            "demand.column: has no meaning for arrivals, each of which is one",
        ),
    ],
)
def test_a_demand_that_cannot_be_meant_is_refused_with_its_key(load, written, said):
    with pytest.raises(ConfigError) as refusal:
        load(written)
    assert any(line.startswith(f"aiops.yml:3: capacity.{said}") for line in refusal.value.message.splitlines())


@pytest.mark.parametrize(
    ("demand", "fits"),
    [
        ("2000/s", True),
        ("demand.csv", True),
        ({"short": "8/s"}, True),
        ({"file": "demand.csv", "growth": "20%", "quantile": "p95"}, True),
        ({"file": "demand.csv", "growth": 1.2, "peak_factor": 1.3, "rows": "counts"}, True),
        ({"file": "demand.csv", "rows": 5}, False),
        ({"file": "demand.csv", "rates": {"a": "1/s"}}, False),
        (2000, False),
    ],
)
def test_editors_are_told_the_same(demand, fits):
    offers = [{"name": "a", "price": "$1/h", "capacity": "1/s"}]
    entire = {"version": 1, "capacity": {"demand": demand, "offers": offers}}
    assert Draft7Validator(config_schema()).is_valid(json.loads(json.dumps(entire))) is fits
