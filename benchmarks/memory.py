"""Memory that a recorded request takes, its analysis included, from the peaks of processes that record many and few."""

import argparse
import json

from peers.children import ChildError, python, run
from peers.figures import Bar, spread, table
from peers.scripts import describe_machine, run_script

ROWS, FEW_ROWS, CHECK_ROWS = 10_000_000, 300_000, 900_000
LIMIT_BYTES = 64
MOST_S = 600.0


def main() -> None:
    """Print bytes a request in closed and in open loop, and the bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help="requests to record (default %(default)s)")
    parser.add_argument("--check", action="store_true", help="few requests, to see that everything works")
    asked = parser.parse_args()
    rows = CHECK_ROWS if asked.check else max(asked.rows, 2 * FEW_ROWS)
    print(f"Memory: peak of a process that records {rows:,} requests and makes a load point of them")
    print(describe_machine())
    lines, each_bytes = [["loop", "peak MiB", f"with {FEW_ROWS:,}", "bytes/request"]], []
    for mode in ("closed", "open"):
        few_bytes, peak_bytes = (peak_of(mode, count) for count in (FEW_ROWS, rows))
        each_bytes.append((peak_bytes - few_bytes) / (rows - FEW_ROWS))
        lines.append([mode, f"{peak_bytes / 2**20:,.0f}", f"{few_bytes / 2**20:,.0f}", f"{each_bytes[-1]:.1f}"])
    print(f"\n{table(lines)}\n")
    print(Bar(what="bytes a recorded request", measured=spread([max(each_bytes)]), limit=LIMIT_BYTES, spec=".1f"))


def peak_of(mode: str, rows: int) -> int:
    """The most bytes that were resident. Raises ChildError when not all requests were recorded."""
    finished = run(python("peers.recording", mode, "--rows", str(rows)), limit_s=MOST_S)
    found = json.loads(finished.output)
    if found["recorded"] != rows or not found["requests"]:
        raise ChildError(f"{found['recorded']:,} of {rows:,} requests were recorded, {found['requests']:,} measured")
    return int(found["peak_bytes"])


if __name__ == "__main__":
    run_script(main)
