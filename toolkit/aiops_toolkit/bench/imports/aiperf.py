"""AIPerf's profile_export_aiperf.json, and GenAI-Perf's file of the same form."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from aiops_planner.performance import PERCENTILES, Arrivals, Distribution, LoadPoint, StreamFigures
from aiops_toolkit.bench.imports.figures import Results, Tally, at_rate, by_clients, from_sending, measured_point, times
from aiops_toolkit.bench.imports.reading import Fields, ResultFile, wrong

NOTE = "AIPerf counts from sending, failed requests left out; tokens are its tokenizer's where the server named none."
KNOWN_SCHEMA = "1"
ARRIVALS: Mapping[str, Arrivals] = {"poisson": "poisson", "constant": "constant"}
SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0}


def read_aiperf(file: ResultFile) -> Results:
    """The one point of a run."""
    file.refuse_select("a file holds one run")
    document = file.document()
    schema = document.text("schema_version")
    if schema is not None and schema.partition(".")[0] != KNOWN_SCHEMA:
        raise file.refuse(f"its schema is {schema}, and only 1.x is known here", "use AIPerf 0.13 or a newer aiops")
    if document.values.get("is_complete") is False or document.values.get("was_cancelled") is True:
        raise file.refuse("the run was stopped before its end", "run AIPerf again")
    point = _loaded(_point(document), document)
    version = document.text("aiperf_version")
    tool = f"AIPerf {version}" if version else "GenAI-Perf"
    return Results(points=(point,), source=tool, notes=(NOTE,))


def _point(document: Fields) -> LoadPoint:
    """Requests, throughput and times; both loops count from sending."""
    successes = document.section("request_count").whole("avg")
    rate_rps = document.section("request_throughput").number("avg")
    failed = document.section("error_request_count").whole("avg") if "error_request_count" in document else 0
    tally = Tally(
        window_s=successes / rate_rps if rate_rps else 0.0,
        requests=successes + failed,
        errors_by_kind=_errors(document, failed),
    )
    latency_s = _times(document, "request_latency", successes)
    point = measured_point(document.file, tally, latency_s)
    lag_s = _times(document, "credit_to_start_latency", successes)
    return replace(from_sending(point), send_lag_s=lag_s, stream=_stream(document, successes))


def _errors(document: Fields, failed: int) -> dict[str, int]:
    """Failures by their code, as far as the summary of errors accounts for them."""
    kinds: dict[str, int] = {}
    for error in document.sections("error_summary") if "error_summary" in document else ():
        code = error.section("error_details").values.get("code")
        kind = f"status-{code}" if isinstance(code, int) and code >= 100 else "failed"
        kinds[kind] = kinds.get(kind, 0) + error.whole("count")
    return kinds if sum(kinds.values()) == failed else {"failed": failed}


def _times(document: Fields, name: str, requests: int) -> Distribution | None:
    """A metric's mean and percentiles in seconds; None where it was not measured."""
    if name not in document:
        return None
    metric = document.section(name)
    unit = metric.text("unit") or "ms"
    if unit not in SECONDS:
        raise wrong(metric.file, metric.path("unit"), unit, f"one of {', '.join(SECONDS)}")
    found = {key: metric.optional(key) for key in PERCENTILES}
    percentiles_s = {key: None if value is None else value * SECONDS[unit] for key, value in found.items()}
    samples = metric.whole("count") if "count" in metric else requests
    return times(metric.number("avg") * SECONDS[unit], samples, percentiles_s)


def _stream(document: Fields, requests: int) -> StreamFigures | None:
    """What streamed answers have; None for answers that came in one piece."""
    ttft_s = _times(document, "time_to_first_token", requests)
    if ttft_s is None:
        return None
    gaps = document.section("inter_chunk_latency") if "inter_chunk_latency" in document else None
    return StreamFigures(
        ttft_s=ttft_s,
        intended_ttft_s=ttft_s,
        tpot_s=_times(document, "inter_token_latency", requests),
        itl_s=_times(document, "inter_chunk_latency", requests),
        chunks=requests + (gaps.whole("count") if gaps and "count" in gaps else 0),
        output_tokens=_total(document, "total_usage_completion_tokens", "total_osl", "total_output_tokens"),
        input_tokens=_total(document, "total_usage_prompt_tokens", "total_isl"),
        output_tokens_per_s=_average(document, "output_token_throughput"),
    )


def _total(document: Fields, *names: str) -> int | None:
    return next((document.section(name).whole("avg") for name in names if name in document), None)


def _average(document: Fields, name: str) -> float | None:
    return document.section(name).number("avg") if name in document else None


def _loaded(point: LoadPoint, document: Fields) -> LoadPoint:
    """The point with the load that was asked for, by whichever version's name for it."""
    for load in _loads(document):
        rate = next((name for name in ("rate", "request_rate") if name in load), None)
        if rate is not None:
            kind = load.text("type") or load.text("arrival_pattern") or load.text("request_rate_mode") or ""
            return at_rate(point, load.number(rate), ARRIVALS.get(kind), from_schedule=False)
        if "concurrency" in load:
            return by_clients(point, load.whole("concurrency"))
    return by_clients(point, None)


def _loads(document: Fields) -> Iterator[Fields]:
    """Where versions of AIPerf and GenAI-Perf say how they loaded."""
    if "input_config" not in document:
        return
    config = document.section("input_config")
    if "phases" in config:
        yield from (phase for phase in config.sections("phases") if phase.text("kind") in {None, "profiling"})
    if "loadgen" in config:
        yield config.section("loadgen")
    if "perf_analyzer" in config:
        yield config.section("perf_analyzer").section("stimulus")
    yield config
