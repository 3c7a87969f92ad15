"""What NVIDIA GPUs do during loads, once a second: by NVML where `nvidia-ml-py` is installed, else by `nvidia-smi`."""

import csv
import importlib
import shutil
import subprocess
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Protocol

from aiops_planner.performance import GpuFigures

INTERVAL_S = 1
PATIENCE_S = 5.0
PROGRAM = "nvidia-smi"
QUERY = "index,name,utilization.gpu,memory.used,power.draw"
MIB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuReading:
    """One GPU at one moment of `time.perf_counter`; utilisation is a share from 0 to 1."""

    at_s: float
    index: int
    name: str
    utilisation: float
    memory_bytes: int
    power_w: float | None


class Source(Protocol):
    """Where readings come from."""

    def readings(self) -> Iterator[GpuReading]:
        """One after the other as time goes by, until `stop` is called from another thread."""

    def stop(self) -> None:
        """Let `readings` end."""


@contextmanager
def watched_gpus() -> Iterator[list[GpuReading]]:
    """A list that grows by the readings of each second; it stays empty where there is no GPU."""
    found: list[GpuReading] = []
    source = _nvml() or _nvidia_smi()
    if source is None:
        yield found
        return
    thread = threading.Thread(target=lambda: found.extend(source.readings()), daemon=True)
    thread.start()
    try:
        yield found
    finally:
        source.stop()
        thread.join(PATIENCE_S)


def gpu_figures(readings: Iterable[GpuReading], start_s: float, end_s: float) -> GpuFigures | None:
    """What the GPUs did between two moments, None when that is not known."""
    inside = [reading for reading in readings if start_s <= reading.at_s < end_s]
    if not inside:
        return None
    gpus = [[reading for reading in inside if reading.index == index] for index in {one.index for one in inside}]
    powers = [[reading.power_w for reading in gpu if reading.power_w is not None] for gpu in gpus]
    return GpuFigures(
        count=len(gpus),
        name=inside[0].name,
        mean_utilisation=sum(_mean([reading.utilisation for reading in gpu]) for gpu in gpus) / len(gpus),
        peak_memory_bytes=sum(max(reading.memory_bytes for reading in gpu) for gpu in gpus),
        mean_power_w=sum(map(_mean, powers)) if all(powers) else None,
    )


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


class _Nvml:
    """NVIDIA's management library, asked from this process."""

    def __init__(self, library: Any) -> None:
        """Raises the library's NVMLError where there is no driver."""
        library.nvmlInit()
        self._library = library
        self._handles = [library.nvmlDeviceGetHandleByIndex(index) for index in range(library.nvmlDeviceGetCount())]
        self._stopped = threading.Event()

    def readings(self) -> Iterator[GpuReading]:
        """See Source."""
        library = self._library
        while not self._stopped.wait(INTERVAL_S):
            for index, handle in enumerate(self._handles):
                try:
                    yield self._read(index, handle)
                except library.NVMLError:  # this GPU does not tell
                    continue
        library.nvmlShutdown()

    def stop(self) -> None:
        """See Source."""
        self._stopped.set()

    def _read(self, index: int, handle: Any) -> GpuReading:
        library = self._library
        name = library.nvmlDeviceGetName(handle)
        try:
            power_w = library.nvmlDeviceGetPowerUsage(handle) / 1000
        except library.NVMLError:
            power_w = None
        return GpuReading(
            at_s=perf_counter(),
            index=index,
            name=name.decode() if isinstance(name, bytes) else name,
            utilisation=library.nvmlDeviceGetUtilizationRates(handle).gpu / 100,
            memory_bytes=library.nvmlDeviceGetMemoryInfo(handle).used,
            power_w=power_w,
        )


def _nvml() -> Source | None:
    try:
        library = importlib.import_module("pynvml")
    except ImportError:
        return None
    try:
        return _Nvml(library)
    except library.NVMLError:
        return None


class _NvidiaSmi:
    """The program that comes with the driver, in the background."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def readings(self) -> Iterator[GpuReading]:
        """See Source."""
        assert self._process.stdout is not None  # asked for below
        with self._process.stdout as lines:
            for row in csv.reader(lines, skipinitialspace=True):
                reading = _of_row(row)
                if reading is not None:
                    yield reading

    def stop(self) -> None:
        """See Source."""
        self._process.terminate()
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _nvidia_smi() -> Source | None:
    program = shutil.which(PROGRAM)
    if program is None:
        return None
    command = [program, f"--query-gpu={QUERY}", "--format=csv,noheader,nounits", "-l", str(INTERVAL_S)]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError:
        return None
    return _NvidiaSmi(process)


def _of_row(row: list[str]) -> GpuReading | None:
    """The reading a line stands for; None for a message, and for a GPU that does not tell."""
    try:
        index, name, percent, memory_mib, power = (cell.strip() for cell in row)
        return GpuReading(
            at_s=perf_counter(),
            index=int(index),
            name=name,
            utilisation=float(percent) / 100,
            memory_bytes=round(float(memory_mib) * MIB),
            power_w=_number(power),
        )
    except ValueError:
        return None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:  # [N/A], [Not Supported]
        return None
