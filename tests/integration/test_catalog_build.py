"""The script that builds the catalog, run as a person would."""

import csv
import hashlib
import importlib.resources
import lzma
import re
import subprocess
import sys
from pathlib import Path

from aiops_planner.machine_types import COLUMNS

ROOT = Path(__file__).parents[2]
COLUMNS_OF_SOURCES = [*COLUMNS, "extra"]


def build(source, target):
    command = [sys.executable, str(ROOT / "tools/build-catalog"), str(source), str(target)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def write_sources(folder, columns=COLUMNS_OF_SOURCES):
    for cloud in ("aws", "gcp"):
        with (folder / f"{cloud}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows([[f"{cloud}-{column}-{row}" for column in columns] for row in (2, 1)])


def test_the_same_input_gives_the_same_bytes_in_sorted_order(tmp_path):
    write_sources(tmp_path)
    first, second = tmp_path / "a.xz", tmp_path / "b.xz"
    assert build(tmp_path, first).returncode == build(tmp_path, second).returncode == 0
    assert first.read_bytes() == second.read_bytes()
    rows = lzma.decompress(first.read_bytes()).decode().splitlines()
    assert rows[0].startswith("provider,instance_type,region")
    assert "extra" not in rows[0]
    assert rows[1:] == sorted(rows[1:])
    assert len(rows) == 5


def test_a_missing_file_or_column_is_one_clear_line(tmp_path):
    absent = build(tmp_path, tmp_path / "a.xz")
    assert absent.returncode == 2
    assert "aws.csv" in absent.stderr
    write_sources(tmp_path, COLUMNS_OF_SOURCES[:-2])
    narrow = build(tmp_path, tmp_path / "a.xz")
    assert narrow.returncode == 2
    assert "spot_usd_hour" in narrow.stderr
    assert len(narrow.stderr.splitlines()) == 1
    assert not (tmp_path / "a.xz").exists()


def test_the_shipped_catalog_is_the_one_its_provenance_describes():
    data = importlib.resources.files("aiops_planner").joinpath("data")
    packed = data.joinpath("catalog.csv.xz").read_bytes()
    provenance = data.joinpath("PROVENANCE.md").read_text()
    stated = re.search(r"`catalog.csv.xz` \| `([0-9a-f]{64})`", provenance)
    assert stated is not None
    assert hashlib.sha256(packed).hexdigest() == stated[1]
    assert len(packed) < 400_000
