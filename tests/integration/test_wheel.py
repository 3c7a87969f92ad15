"""The wheel a stranger installs: every file the code reads at run time is in it, and nothing else is."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DATA = [
    "aiops_planner/data/catalog.csv.xz",
    "aiops_planner/data/PROVENANCE.md",
    "aiops_planner/py.typed",
    "aiops_reports/py.typed",
    "aiops_reports/schemas/report-1.json",
    "aiops_reports/templates/report.html.jinja",
    "aiops_toolkit/config/aiops.schema.json",
    "aiops_toolkit/config/init/templates/aiops.yml.j2",
    "aiops_toolkit/py.typed",
]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = target.glob("*.whl")
    return zipfile.ZipFile(wheel).namelist()


@pytest.mark.parametrize("name", DATA)
def test_a_file_read_at_run_time_is_in_the_wheel(names: list[str], name: str) -> None:
    assert name in names


def test_the_wheel_holds_the_three_packages_and_its_own_facts(names: list[str]) -> None:
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"aiops_planner", "aiops_reports", "aiops_toolkit"}


def test_licence_and_notice_travel_with_the_wheel(names: list[str]) -> None:
    licences = {name.rsplit("/", 1)[1] for name in names if "/licenses/" in name}
    assert {"LICENSE", "NOTICE"} <= licences
