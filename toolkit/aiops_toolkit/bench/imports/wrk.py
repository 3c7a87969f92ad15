"""The text wrk and wrk2 print, with or without --latency; several runs in one file become several points."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from aiops_planner.performance import LoadPoint, Percentile
from aiops_toolkit.bench.imports.commands import last_command, option
from aiops_toolkit.bench.imports.figures import Results, Tally, at_rate, by_clients, from_sending, measured_point, times
from aiops_toolkit.bench.imports.reading import ResultFile, checked_number

WRK_NOTES = (
    "wrk counts from sending in a closed loop: waits that would build up at a fixed rate are not in its times.",
    "wrk adds made-up samples for answers that took twice the mean interval of a connection; it cuts off no warm-up.",
)
WRK2_NOTES = ("wrk2 counts from the intended time, and only what follows its first 10 s of calibration.",)
UNKNOWN_RATE = (
    "wrk2 does not print the rate it was asked for, so the rate it reached stands in; keep the line of the command "
    "above its output to have the real one."
)

_RUN = re.compile(r"^Running \S+ test @ ", re.MULTILINE)
_CONNECTIONS = re.compile(r"\d+ threads? and (\d{1,15}) connections?")
_TOTAL = re.compile(r"^\s*(\d{1,15}) requests in ", re.MULTILINE)
_RATE = re.compile(r"^Requests/sec:\s*(\S+)\s+^Transfer/sec:", re.MULTILINE)
_STATUS = re.compile(r"Non-2xx or 3xx responses: (\d{1,15})")
_SOCKET = re.compile(r"Socket errors: connect (\d{1,15}), read (\d{1,15}), write (\d{1,15}), timeout (\d{1,15})")
_MEAN = re.compile(r"^\s*Latency\s+(\S+)", re.MULTILINE)
_PERCENTILE = re.compile(r"^\s*(50|90|95|99)(?:\.0+)?%\s+(\S+)\s*$", re.MULTILINE)
_SPECTRUM = re.compile(r"^\s*([\d.]+)\s+(0\.[59]0*|0\.950*|0\.990*)\s+\d+\s+[\d.]+\s*$", re.MULTILINE)
_SPECTRUM_MEAN = re.compile(r"#\[Mean\s*=\s*([^,\s]+)")
_SPECTRUM_COUNT = re.compile(r"Total count\s*=\s*(\d{1,15})")
_TIME = re.compile(r"(-?[\d.]+|-?nan)(us|ms|s|m|h)")
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def read_wrk(file: ResultFile) -> Results:
    """Closed-loop points of wrk."""
    file.refuse_select("every run in the file is taken")
    points = tuple(_closed(file, run) for _, run in _runs(file))
    return Results(points=points, source="wrk", notes=WRK_NOTES)


def read_wrk2(file: ResultFile) -> Results:
    """Open-loop points of wrk2, at the rates of the commands that stand above its output."""
    file.refuse_select("every run in the file is taken")
    points = []
    notes: tuple[str, ...] = WRK2_NOTES
    for before, run in _runs(file):
        rate_rps = _asked_rate(file, before)
        if rate_rps is None:
            notes = (*WRK2_NOTES, UNKNOWN_RATE)
        points.append(_open(file, run, rate_rps))
    return Results(points=tuple(points), source="wrk2", notes=notes)


def _runs(file: ResultFile) -> Iterator[tuple[str, str]]:
    """Each run's text, and the text that stands before it."""
    starts = [match.start() for match in _RUN.finditer(file.text)]
    if not starts:
        raise file.foreign("line 'Running ... test @'")
    ends = [*starts[1:], len(file.text)]
    befores = [0, *starts[:-1]]
    for before, start, end in zip(befores, starts, ends, strict=True):
        yield file.text[before:start], file.text[start:end]


def _closed(file: ResultFile, run: str) -> LoadPoint:
    if "HdrHistogram" in run or "Thread calibration" in run:
        raise file.refuse("wrk2 wrote it, not wrk", "set import.format: wrk2")
    tally, timeouts = _tally(file, run)
    tally = replace(tally, errors_by_kind={**tally.errors_by_kind, "timeout": timeouts})
    mean_s = _mean_s(file, run)
    response_s = times(mean_s, tally.requests - timeouts, _percentiles(file, _PERCENTILE, run))
    point = from_sending(measured_point(file, tally, response_s))
    return by_clients(point, _connections(file, run))


def _open(file: ResultFile, run: str, rate_rps: float | None) -> LoadPoint:
    if re.search(r"^\s*Latency Distribution\s*$", run, re.MULTILINE):
        raise file.refuse("wrk wrote it, not wrk2", "set import.format: wrk")
    recorded = run.partition("Uncorrected Latency")[0]
    tally, timeouts = _tally(file, run)
    errors = {**tally.errors_by_kind, "timeout": timeouts}
    tally = replace(tally, requests=tally.requests + timeouts, errors_by_kind=errors)  # wrk2 never answered those
    count = _SPECTRUM_COUNT.search(recorded)
    samples = int(count[1]) if count else tally.requests
    percentiles = _percentiles(file, _PERCENTILE, recorded)
    for match in _SPECTRUM.finditer(recorded):
        if float(match[2]) == 0.95:
            percentiles["p95"] = checked_number(file, "the percentile spectrum", match[1]) * 1e-3
    mean = _SPECTRUM_MEAN.search(recorded)
    mean_s = checked_number(file, "Mean", mean[1]) * 1e-3 if mean else _mean_s(file, recorded)
    point = measured_point(file, tally, times(mean_s, samples, percentiles))
    return at_rate(point, rate_rps or tally.requests / tally.window_s, "constant", from_schedule=True)


def _tally(file: ResultFile, run: str) -> tuple[Tally, int]:
    """Requests and errors, and the answers that took longer than wrk's time-out beside them."""
    total = int(_found(file, _TOTAL, run, "line '... requests in ...'")[1])
    rate = _found(file, _RATE, run, "line 'Requests/sec' with 'Transfer/sec' after it")
    rate_rps = checked_number(file, "Requests/sec", rate[1])
    sockets = [int(count) for count in match.groups()] if (match := _SOCKET.search(run)) else [0, 0, 0, 0]
    connect, read, write, timeouts = sockets
    status = int(match[1]) if (match := _STATUS.search(run)) else 0
    tally = Tally(
        window_s=total / rate_rps if rate_rps else 0.0,
        requests=total + connect + read + write,
        errors_by_kind={"bad-status": status, "connect-failed": connect, "closed-early": read + write},
    )
    return tally, timeouts


def _mean_s(file: ResultFile, run: str) -> float:
    return _seconds(file, _found(file, _MEAN, run, "line 'Latency'")[1], "Latency")


def _percentiles(file: ResultFile, pattern: re.Pattern[str], run: str) -> dict[Percentile, float | None]:
    names: Mapping[str, Percentile] = {"50": "p50", "90": "p90", "95": "p95", "99": "p99"}
    return {names[match[1]]: _seconds(file, match[2], f"{match[1]}%") for match in pattern.finditer(run)}


def _seconds(file: ResultFile, text: str, place: str) -> float:
    match = _TIME.fullmatch(text)
    return checked_number(file, place, match[1] if match else text) * (_SECONDS[match[2]] if match else 1.0)


def _connections(file: ResultFile, run: str) -> int:
    return int(_found(file, _CONNECTIONS, run, "line '... threads and ... connections'")[1])


def _found(file: ResultFile, pattern: re.Pattern[str], run: str, what: str) -> re.Match[str]:
    match = pattern.search(run)
    if match is None:
        raise file.foreign(what)
    return match


def _asked_rate(file: ResultFile, before: str) -> float | None:
    rate = option(last_command(before, "wrk2?"), "-R", "--rate")
    if rate is None:
        return None
    factor = {"k": 1e3, "M": 1e6}.get(rate[-1:], 1.0)
    return checked_number(file, "-R", rate if factor == 1.0 else rate[:-1]) * factor
