"""The public recordings that the documentation names are read as it says."""

import re
from pathlib import Path

import pytest

from aiops_toolkit.config.reading import load_settings
from aiops_toolkit.sizing import read_demand

ROOT = Path(__file__).parents[2]
TRACES = ROOT / "tests" / "data" / "traces"
SHOWN = dict(
    re.findall(r"^\|.*\| `(\{file: ([\w.]+),.*\})` \|$", (ROOT / "docs" / "configuration.md").read_text(), re.MULTILINE)
)
PUBLISHED = {
    "elb_request_count_8c0756.csv": (TRACES / "load_balancer.csv").read_text(),
    "servegen_mid_hourly.csv": (TRACES / "servegen_mid_hourly.csv").read_text(),
    "azure_llm_code.csv": (TRACES / "azure_llm_code.csv").read_text(),
    "worldcup98_hourly.csv": "hour,requests,peak_minute_requests\n"
    + "".join(f"1998-05-01 {hour:02}:00:00,{3600 * (10 + hour)},900\n" for hour in range(24)),
}


def test_every_recording_that_is_named_is_tried():
    assert set(SHOWN.values()) == set(PUBLISHED)


@pytest.mark.parametrize(("written", "file"), SHOWN.items())
def test_a_recording_is_read_as_the_documentation_says(written, file, tmp_path):
    (tmp_path / file).write_text(PUBLISHED[file])
    offers = "[{name: a, price: $1/h, capacity: 1/s}]"
    config = tmp_path / "aiops.yml"
    config.write_text(f"version: 1\ncapacity:\n  demand: {written}\n  offers: {offers}\n")
    demand = read_demand(load_settings(config).capacity.demand, tmp_path)
    assert demand.classes == ("requests",)
    assert 0 < demand.mean_rps <= demand.peak_rps
    assert any(said.endswith(f"read from {file}") for said in demand.basis)
