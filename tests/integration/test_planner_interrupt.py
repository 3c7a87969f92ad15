"""A solve that is interrupted."""

import signal
import subprocess
import sys
import textwrap
import time

LARGE_PLAN = """
    import math
    from aiops_planner import Demand, Offer, Problem, plan
    offers = tuple(
        Offer(name=f"t{n}", region=f"r{n % 4}", capacity_rps={"requests": 37.0 * n + n % 7},
              prices_usd_per_hour={"on_demand": 0.1 * n + 0.01 * (n % 5), "reserved_1y": 0.06 * n + 0.003 * (n % 11)})
        for n in range(1, 40)
    )
    rows = tuple((20000 + 15000 * math.sin(hour / 4) + hour * 37 % 101,) for hour in range(40))
    print("ready", flush=True)
    problem = Problem(demand=Demand(classes=("requests",), rps=rows), offers=offers, survive="zone",
                      purchases=("on_demand", "reserved_1y"))
    print(plan(problem, gap=0.0, time_limit_s=60).status)
"""


def test_an_interrupt_ends_a_long_solve_at_once():
    program = textwrap.dedent(LARGE_PLAN)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        time.sleep(2.0)
        process.send_signal(signal.SIGINT)
        before = time.monotonic()
        _, said = process.communicate(timeout=30)
    assert time.monotonic() - before < 5.0  # 2 s, and room for a busy machine
    assert b"KeyboardInterrupt" in said
    assert process.returncode == -signal.SIGINT
