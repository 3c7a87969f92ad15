"""GPUs are read once a second by whatever NVIDIA offers, and add up to the figures of a window."""

import os
import sys
from pathlib import Path

import pytest

from aiops_planner.performance import GpuFigures, Objective
from aiops_toolkit.bench.engine import Engine
from aiops_toolkit.bench.gpu import GpuReading, gpu_figures, watched_gpus
from aiops_toolkit.bench.points import Load, load_point
from support.bench_loads import Probe, load_of
from support.bench_processes import wait_until
from support.bench_server import serving, takes

NVIDIA_SMI = """#!{python}
import os, sys, time
assert sys.argv[1:] == [
    "--query-gpu=index,name,utilization.gpu,memory.used,power.draw", "--format=csv,noheader,nounits", "-l", "1"
], sys.argv
open(sys.argv[0] + ".pid", "w").write(str(os.getpid()))
while True:
    {prints}
    sys.stdout.flush()
    time.sleep(0.02)
"""
TWO_GPUS = (
    'print("0, NVIDIA A100-SXM4-40GB, 80, 1024, 300.25"); print("1, NVIDIA A100-SXM4-40GB, 40, 2048, [Not Supported]")'
)
NO_DRIVER = 'print("NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver."); sys.exit(9)'
NO_UTILISATION = 'print("0, GRID T4-8Q, [N/A], 1024, [N/A]")'

PYNVML = """
class NVMLError(Exception): pass
class Rates: gpu = 50
class Memory: used = 3 * 2**30
def nvmlInit(): {init}
def nvmlShutdown(): pass
def nvmlDeviceGetCount(): return 1
def nvmlDeviceGetHandleByIndex(index): return index
def nvmlDeviceGetName(handle): return b"Tesla T4"
def nvmlDeviceGetUtilizationRates(handle): return Rates
def nvmlDeviceGetMemoryInfo(handle): return Memory
def nvmlDeviceGetPowerUsage(handle): raise NVMLError
"""


@pytest.fixture
def nvidia_smi(tmp_path, monkeypatch):
    """Puts a program of that name on the path, which prints what it is told."""

    def install(prints: str) -> Path:
        program = tmp_path / "nvidia-smi"
        program.write_text(NVIDIA_SMI.format(python=sys.executable, prints=prints))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        return program

    return install


def test_nvidia_smi_is_read_in_the_background_and_ended(nvidia_smi):
    program = nvidia_smi(TWO_GPUS)
    with watched_gpus() as readings:
        wait_until(lambda: len(readings) >= 4)
    first, second = readings[:2]
    assert (first.index, first.name, first.utilisation) == (0, "NVIDIA A100-SXM4-40GB", 0.8)
    assert (first.memory_bytes, first.power_w) == (2**30, 300.25)
    assert (second.index, second.utilisation, second.power_w) == (1, 0.4, None)
    assert not Path("/proc", program.with_suffix(".pid").read_text()).exists()


def test_a_load_point_tells_what_the_gpus_did(nvidia_smi):
    nvidia_smi(TWO_GPUS)
    with serving(takes(0.01)) as server, Engine(load_of(server.url), Probe()) as engine:
        wait_until(lambda: engine._gpus)
        run = engine.closed(1, 0.5, drain_s=10)
    point = load_point(run, Load(clients=1), Objective())
    assert point.gpu == GpuFigures(
        count=2, name="NVIDIA A100-SXM4-40GB", mean_utilisation=pytest.approx(0.6), peak_memory_bytes=3 * 2**30
    )


@pytest.mark.parametrize("prints", [NO_DRIVER, NO_UTILISATION, "print('0, only, three')", "sys.exit(1)"])
def test_a_gpu_that_does_not_tell_has_no_figures(nvidia_smi, prints):
    program = nvidia_smi(prints)
    with watched_gpus() as readings:
        wait_until(program.with_suffix(".pid").exists)
    assert readings == []


def test_a_program_that_cannot_be_started_is_no_gpu(nvidia_smi):
    nvidia_smi("").write_text("no program")
    with watched_gpus() as readings:
        assert readings == []


@pytest.mark.parametrize(("init", "found"), [("pass", True), ("raise NVMLError", False)])
def test_nvml_is_asked_where_it_is_installed(tmp_path, monkeypatch, init, found):
    (tmp_path / "pynvml.py").write_text(PYNVML.format(init=init))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "pynvml", raising=False)
    monkeypatch.setenv("PATH", "")
    with watched_gpus() as readings:
        if found:
            wait_until(lambda: readings)
    sys.modules.pop("pynvml", None)
    assert [(one.name, one.utilisation, one.memory_bytes, one.power_w) for one in readings[:1]] == (
        [("Tesla T4", 0.5, 3 * 2**30, None)] if found else []
    )


def reading(at_s: float, index: int, utilisation: float, memory_bytes: int, power_w: float | None = None):
    return GpuReading(
        at_s=at_s, index=index, name="T4", utilisation=utilisation, memory_bytes=memory_bytes, power_w=power_w
    )


FIGURES = {
    "none": ([], None),
    "outside": ([reading(0.5, 0, 1.0, 5), reading(3.0, 0, 1.0, 5)], None),
    "one": (
        [reading(1.0, 0, 0.5, 5, 100.0), reading(2.0, 0, 0.7, 9, 200.0), reading(2.5, 0, 0.6, 7, 300.0)],
        GpuFigures(count=1, name="T4", mean_utilisation=pytest.approx(0.6), peak_memory_bytes=9, mean_power_w=200.0),
    ),
    "two, of which one was seen more often": (
        [reading(1.0, 0, 1.0, 5, 100.0), reading(1.0, 1, 0.0, 9, 50.0), reading(2.0, 1, 0.0, 8, 50.0)],
        GpuFigures(count=2, name="T4", mean_utilisation=0.5, peak_memory_bytes=14, mean_power_w=150.0),
    ),
}


@pytest.mark.parametrize(("readings", "figures"), FIGURES.values(), ids=FIGURES.keys())
def test_the_readings_of_a_window_add_up(readings, figures):
    assert gpu_figures(readings, 1.0, 3.0) == figures
