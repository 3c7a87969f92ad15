"""Recorded requests take little memory, and so does making a load point of them."""

import json
import sys

import pytest

from peers import children

MOST_BYTES = 64


def peak_bytes(mode: str, rows: int) -> int:
    finished = children.run(children.python("peers.recording", mode, "--rows", str(rows)), limit_s=100)
    found = json.loads(finished.output)
    assert found["recorded"] == rows
    assert 0 < found["requests"] <= rows
    return found["peak_bytes"]


@pytest.mark.skipif(sys.platform != "linux", reason="what counts as resident differs")
def test_a_request_takes_at_most_64_bytes_from_recording_to_load_point():
    few, many = 300_000, 600_000  # both beyond what the analysis keeps of any load
    assert (peak_bytes("open", many) - peak_bytes("open", few)) / (many - few) <= MOST_BYTES
