"""The script that builds the published curves, run as a person would."""

import csv
import lzma
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROW = {
    "model_path": "a/b",
    "system": "h100_sxm",
    "backend": "vllm",
    "backend_version": "1.0",
    "precision": "fp8",
    "isl": "1024",
    "osl": "128",
    "gpus": "8.0",
    "tp_size": "4.0",
    "attention_dp_size": "2.0",
    "concurrency": "16.0",
    "silicon_ttft_ms": "100.5",
    "silicon_tpot_ms": "10.25",
    "measured": "2026-01-01",
    "id": "run_tp4_ep2_0_1",
    "extra": "x",
}


def build(source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "tools/build-llm-curves"), str(source), str(target)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def write(folder: Path, *changes: dict[str, str], without: str = "") -> Path:
    path = folder / "source.csv"
    columns = [column for column in ROW if column != without]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(ROW | change for change in changes)
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(lzma.decompress(path.read_bytes()).decode().splitlines()))


def test_the_same_input_in_any_order_gives_the_same_bytes(tmp_path: Path) -> None:
    changes = [{"concurrency": "8.0"}, {"concurrency": "64.0"}, {"system": "b200_sxm"}]
    first, second = tmp_path / "a.xz", tmp_path / "b.xz"
    assert build(write(tmp_path, *changes), first).returncode == 0
    assert build(write(tmp_path, *reversed(changes)), second).returncode == 0
    assert first.read_bytes() == second.read_bytes()
    assert [(row["system"], row["concurrency"]) for row in rows_of(first)] == [
        ("b200_sxm", "16"),
        ("h100_sxm", "8"),
        ("h100_sxm", "64"),
    ]


def test_what_is_there_twice_is_kept_once_with_its_latest_date(tmp_path: Path) -> None:
    again = {"measured": "2026-02-01", "id": "again_tp4_ep2_0_9"}
    repeated = {"silicon_ttft_ms": "101"}
    source = write(tmp_path, {}, {"measured": "", "id": "undated_tp4_ep2_0"}, again, repeated)
    built = build(source, tmp_path / "a.xz")
    assert "2 rows" in built.stdout
    rows = rows_of(tmp_path / "a.xz")
    assert [(row["ttft_ms"], row["measured"]) for row in rows] == [("100.5", "2026-02-01"), ("101", "2026-01-01")]
    assert {(row["expert_parallel"], row["gpus"], row["tensor_parallel"]) for row in rows} == {("2", "8", "4")}


@pytest.mark.parametrize(
    ("changes", "without", "said"),
    [({}, "osl", "osl"), ({"gpus": "2.5"}, "", "found 2.5, expected a whole number")],
)
def test_a_missing_column_or_number_is_one_clear_line(tmp_path: Path, changes, without, said) -> None:
    built = build(write(tmp_path, changes, without=without), tmp_path / "a.xz")
    assert built.returncode == 2
    assert said in built.stderr
    assert len(built.stderr.splitlines()) == 1
    assert not (tmp_path / "a.xz").exists()
