"""The file of refreshed prices survives crashes and two writers at once."""

import subprocess
import sys
import threading
from dataclasses import replace

import pytest
from filelock import FileLock

from aiops_planner.catalog import load_catalog
from aiops_planner.catalog_file import Refreshed, read_refreshed
from aiops_planner.errors import StorageError
from aiops_planner.machine_types import to_row
from aiops_toolkit.catalog.store import save

MACHINE = load_catalog({"aws": ("us-east-1",)}, families=("c7i",))[0]

# Stops where the new file is complete but not yet in its place, as a machine that is switched off there would.
KILLED_BEFORE_THE_RENAME = """
import os, signal, sys
from pathlib import Path
from aiops_planner.catalog_file import Refreshed
from aiops_toolkit.catalog.store import save

sys.addaudithook(lambda event, arguments: event == "os.rename" and os.kill(os.getpid(), signal.SIGKILL))
row = tuple(sys.argv[2].split(","))
save(Path(sys.argv[1]), {f"{row[0]}/{row[2]}": Refreshed(at="now", source="test")}, (row,))
"""


def put(path, region, **changes):
    rows = (to_row(replace(MACHINE, region=region, **changes)),)
    save(path, {f"aws/{region}": Refreshed(at="2026-11-22T10:00:00+00:00", source="test")}, rows)


def places(path):
    return set(read_refreshed(path.read_bytes())[0])


def test_regions_that_are_not_refreshed_again_stay(tmp_path):
    path = tmp_path / "deep" / "catalog.csv.xz"
    put(path, "eu-west-1")
    put(path, "eu-west-2", price_date="2026-11-21")
    put(path, "eu-west-2", price_date="2026-11-22")
    assert places(path) == {"aws/eu-west-1", "aws/eu-west-2"}
    assert len(read_refreshed(path.read_bytes())[1]) == 2


def test_a_file_that_cannot_be_read_is_written_anew(tmp_path):
    path = tmp_path / "catalog.csv.xz"
    path.write_bytes(b"half a fi")
    put(path, "eu-west-1")
    assert places(path) == {"aws/eu-west-1"}


def test_a_process_that_is_killed_in_the_middle_leaves_the_file_of_before(tmp_path):
    path = tmp_path / "catalog.csv.xz"
    put(path, "eu-west-1")
    before = path.read_bytes()
    row = ",".join(to_row(replace(MACHINE, region="eu-west-2")))
    killed = subprocess.run([sys.executable, "-c", KILLED_BEFORE_THE_RENAME, str(path), row], check=False, timeout=60)
    assert killed.returncode == -9
    assert path.read_bytes() == before
    assert len(list(tmp_path.glob(".*.unfinished"))) == 1
    put(path, "eu-west-3")  # and the next one cleans up and goes on
    assert places(path) == {"aws/eu-west-1", "aws/eu-west-3"}
    assert not list(tmp_path.glob(".*.unfinished"))


def test_writers_at_once_lose_nothing(tmp_path):
    path = tmp_path / "catalog.csv.xz"
    regions = [f"eu-west-{number}" for number in range(1, 7)]
    writers = [threading.Thread(target=put, args=(path, region)) for region in regions]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert places(path) == {f"aws/{region}" for region in regions}


def test_waiting_for_another_writer_ends(tmp_path):
    path = tmp_path / "catalog.csv.xz"
    with FileLock(f"{path}.lock"), pytest.raises(StorageError, match="another refresh has been writing it"):
        save(path, {}, (), wait_s=0.01)


def test_a_folder_that_is_a_file_is_one_line(tmp_path):
    (tmp_path / "cache").write_text("")
    with pytest.raises(StorageError, match="AIOPS_CATALOG"):
        put(tmp_path / "cache" / "catalog.csv.xz", "eu-west-1")
