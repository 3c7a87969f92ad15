"""Coverage-guided fuzzing of the parser of answers: python tests/fuzz/fuzz_response.py tests/data/corpus/response

Takes the options of libFuzzer, such as -max_total_time=60. What it finds belongs into the corpus as KIND--WHAT.http.
"""

import sys
from pathlib import Path

import atheris

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / folder) for folder in ("tests", "toolkit", "reports", "planner")]

with atheris.instrument_imports(include=["aiops_toolkit.bench.targets"]):
    from aiops_toolkit.bench.targets import connection, expectations  # noqa: F401 - instrumented here, used below

from support.bench_answers import assert_pieces_do_not_matter, cut  # noqa: E402 - after what it imports


def judge(answer: bytes) -> None:
    """Any bytes, cut anywhere, end with the same outcome as whole; nothing is ever raised."""
    for checked in (False, True):
        assert_pieces_do_not_matter(answer, cut(answer), checked=checked)


if __name__ == "__main__":
    atheris.Setup(sys.argv, judge)
    atheris.Fuzz()
