"""Joins what several generator processes did at the same time into one run, column by column."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from aiops_toolkit.bench.loops import Run
from aiops_toolkit.bench.samples import Table
from aiops_toolkit.bench.target import StreamTable
from aiops_toolkit.bench.watch import Reading

Columns = Callable[[str], Sequence[NDArray[np.float64]]]


def merge(runs: Sequence[Run], *, columns: Columns, readings: Sequence[Reading]) -> Run:
    """One run whose rows are in the order of their intended times.

    `columns` is asked for every column of the table in turn and gives that of each run: never are all of them here
    twice. `readings` are of this process; what the others used is added to them.
    """
    intended = np.concatenate(columns("intended"))
    order = np.argsort(intended, kind="stable")
    intended = intended[order]
    table = Table(
        intended=intended,
        sent=np.concatenate(columns("sent"))[order],
        connected=np.concatenate(columns("connected"))[order],
        first_byte=np.concatenate(columns("first_byte"))[order],
        end=np.concatenate(columns("end"))[order],
        outcome=np.concatenate(columns("outcome"))[order].astype(np.int16, copy=False),
    )
    return Run(
        mode=runs[0].mode,
        table=table,
        started_s=runs[0].started_s,
        stopped_s=runs[0].stopped_s,
        cut_s=max(run.cut_s for run in runs),
        readings=_joined(readings, runs),
        location=next((run.location for run in runs if run.location is not None), None),
        stream=_streams(runs, order),
        standstills=tuple(still for run in runs for still in run.standstills),
        processes=len(runs),
    )


def _streams(runs: Sequence[Run], order: NDArray[np.intp]) -> StreamTable | None:
    streams = [run.stream for run in runs if run.stream is not None]
    if len(streams) < len(runs):
        return None
    places = np.empty(len(order), dtype=np.int32)
    places[order] = np.arange(len(order), dtype=np.int32)
    firsts = np.cumsum([0, *(len(stream.chunks) for stream in streams)])
    gap_rows = [stream.gap_rows + first for stream, first in zip(streams, firsts, strict=False)]
    return StreamTable(
        first_token=np.concatenate([stream.first_token for stream in streams])[order],
        chunks=np.concatenate([stream.chunks for stream in streams])[order],
        output_tokens=np.concatenate([stream.output_tokens for stream in streams])[order],
        input_tokens=np.concatenate([stream.input_tokens for stream in streams])[order],
        gaps_s=np.concatenate([stream.gaps_s for stream in streams]),
        gap_rows=places[np.concatenate(gap_rows)],
    )


def _joined(readings: Sequence[Reading], runs: Sequence[Run]) -> list[Reading]:
    """The readings of this process with the use of all processes; where those watch what is loaded, with its use."""
    times_s = np.array([reading.at_s for reading in readings])
    cpu_s = _sums(runs, "generator_cpu_s", times_s)
    memory_bytes = _sums(runs, "generator_memory_bytes", times_s)
    joined = [
        replace(
            reading,
            generator_cpu_s=reading.generator_cpu_s + more_s,
            generator_memory_bytes=None if (own := reading.generator_memory_bytes) is None else own + int(more_bytes),
        )
        for reading, more_s, more_bytes in zip(readings, cpu_s, memory_bytes, strict=True)
    ]
    service_cpu_s = _sums(runs, "service_cpu_s", times_s)
    service_bytes = _sums(runs, "service_memory_bytes", times_s)
    if np.isnan(service_cpu_s).any():
        return joined
    return [
        replace(reading, service_cpu_s=used_s, service_memory_bytes=None if np.isnan(used_bytes) else int(used_bytes))
        for reading, used_s, used_bytes in zip(joined, service_cpu_s, service_bytes, strict=True)
    ]


def _sums(runs: Sequence[Run], name: str, times_s: NDArray[np.float64]) -> list[float]:
    """What the runs' readings together say of these moments; NaN where one of them never tells."""
    total = np.zeros(len(times_s))
    for run in runs:
        told = [(reading.at_s, getattr(reading, name)) for reading in run.readings]
        known = np.array([row for row in told if row[1] is not None and not np.isnan(row[1])])
        total += np.interp(times_s, known[:, 0], known[:, 1]) if len(known) else np.nan
    found: list[float] = total.tolist()
    return found
