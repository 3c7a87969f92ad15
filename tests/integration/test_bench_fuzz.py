"""The fuzzer of the answers' parser runs for a moment, from the committed corpus."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
SECONDS = 4


@pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None, reason="atheris is not installed: it has no wheel here"
)
def test_the_fuzzer_finds_nothing(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"  # what the fuzzer learns stays out of the repository
    shutil.copytree(TESTS / "data/corpus/response", corpus)
    command = [sys.executable, TESTS / "fuzz/fuzz_response.py", f"-max_total_time={SECONDS}", "-timeout=30", corpus]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr[-4000:]
    assert "Done " in run.stderr  # libFuzzer's last line
