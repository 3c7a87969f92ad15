"""Load points and operating curves of an image classifier and a language model; their figures agree with each other."""

from collections.abc import Sequence
from dataclasses import replace

from aiops_planner.performance import (
    Capacity,
    Distribution,
    GpuFigures,
    Interval,
    Knee,
    LoadPoint,
    Objective,
    Scalability,
    SoftMin,
    StreamFigures,
    meets,
)
from aiops_reports.record import BenchmarkResult

WINDOW_S = 5.0
OBJECTIVE = Objective(p99=0.050, errors=0.001)
STREAM_OBJECTIVE = Objective(ttft_p99=0.8, tpot_p90=0.04)
FIT = SoftMin(gamma_rps=418.0, largest_rps=985.0, k=2.6, beta=0.00021)
USL = Scalability(alpha=0.118, beta=0.0061, gamma_rps=421.0, residual=0.047, knee_concurrency=4.53)


def spread(mean_s: float, p99_s: float | None) -> Distribution:
    """A plausible distribution around a mean; percentiles the sample cannot resolve are None with the 99th."""
    if p99_s is None:
        return Distribution(mean=mean_s, p50=mean_s * 0.92)
    return Distribution(
        mean=mean_s,
        p50=mean_s * 0.9,
        p90=mean_s + (p99_s - mean_s) * 0.35,
        p95=mean_s + (p99_s - mean_s) * 0.55,
        p99=p99_s,
    )


def closed_point(clients: int, throughput_rps: float, p99_s: float | None, **changes: object) -> LoadPoint:
    """A closed-loop point that obeys Little's law: T = N / S."""
    requests = round(throughput_rps * WINDOW_S)
    times = spread(clients * WINDOW_S / requests, p99_s)
    point = LoadPoint(
        mode="closed",
        concurrency=clients,
        window_s=WINDOW_S,
        warm_up_s=1.0,
        steadiness="steady",
        requests=requests,
        successes=requests,
        response_s=times,
        service_s=times,
        connect_s=Distribution(mean=0.00012),
        first_byte_s=spread(times.mean * 0.97, None if p99_s is None else p99_s * 0.98),
        good_requests=requests,
        issued_requests=requests,
        mean_concurrency=clients * 0.998,
        service_cpu_s=requests * 0.00104,
        service_memory_bytes=186_000_000 + clients * 400_000,
        generator_cpu_s=requests * 0.000031 + 0.04,
        generator_memory_bytes=61_400_000,
    )
    return replace(point, **changes)  # type: ignore[arg-type]


def open_point(offered_rps: float, mean_s: float, p99_s: float | None, **changes: object) -> LoadPoint:
    """An open-loop point with Poisson arrivals in which every request was answered."""
    requests = round(offered_rps * WINDOW_S)
    lag = Distribution(mean=0.00009, p50=0.00008, p90=0.00013, p95=0.00016, p99=0.00031)
    service = spread(mean_s - lag.mean, None if p99_s is None else p99_s - 0.0002)
    point = LoadPoint(
        mode="open",
        offered_rps=offered_rps,
        arrivals="poisson",
        window_s=WINDOW_S,
        warm_up_s=1.0,
        steadiness="steady",
        requests=requests,
        successes=requests,
        response_s=spread(mean_s, p99_s),
        service_s=service,
        send_lag_s=lag,
        connect_s=Distribution(mean=0.00012),
        first_byte_s=spread(service.mean * 0.97, service.p99),
        good_requests=requests,
        issued_requests=requests,
        mean_concurrency=offered_rps * mean_s,
        service_cpu_s=requests * 0.00104,
        service_memory_bytes=187_400_000,
        generator_cpu_s=requests * 0.000034 + 0.05,
        generator_memory_bytes=61_400_000,
    )
    return replace(point, **changes)  # type: ignore[arg-type]


def sample_points() -> tuple[LoadPoint, ...]:
    """A full operating curve: a closed-loop ladder with its knee near 2 clients, and open-loop points up to a miss."""
    return (
        closed_point(1, 410, 0.0041, steadiness="warmed-up-late"),
        closed_point(2, 690, 0.0062),
        closed_point(4, 905, 0.0113),
        closed_point(8, 962, 0.0226),
        closed_point(16, 955, 0.0441),
        closed_point(
            32,
            930,
            0.0918,
            invalid_because=("the generator used 84 % of its core",),
            generator_cpu_s=4.2,
            good_requests=4210,
        ),
        open_point(300, 0.0029, 0.0049),
        open_point(500, 0.0037, 0.0083),
        open_point(650, 0.0049, 0.0147),
        open_point(800, 0.0098, 0.0413, good_requests=3989),
        open_point(
            900,
            0.0312,
            0.1274,
            successes=4458,
            errors_by_kind={"status 503": 38, "timeout": 4},
            good_requests=3780,
            steadiness="never-steady",
        ),
    )


def measured_knee(points: Sequence[LoadPoint]) -> Knee | None:
    """The closed-loop point of largest power as a knee that was not fitted."""
    ladder = [point for point in points if point.mode == "closed" and point.valid and point.power is not None]
    if not ladder:
        return None
    best = max(ladder, key=lambda point: point.power or 0.0)
    assert best.response_s is not None and best.power is not None and best.mean_concurrency is not None
    return Knee(
        concurrency=best.mean_concurrency,
        throughput_rps=best.throughput_rps,
        response_s=best.response_s.mean,
        power=best.power,
        in_range=best is not ladder[-1],
        measured_concurrency=best.mean_concurrency,
        measured_power=best.power,
    )


def fitted_knee() -> Knee:
    """The knee of the sample's curve as a soft-min fit finds it, with intervals."""
    clients = 2.35
    throughput = FIT.throughput_rps(clients)
    return Knee(
        concurrency=clients,
        throughput_rps=throughput,
        response_s=clients / throughput,
        power=throughput**2 / clients,
        in_range=True,
        method="soft-min",
        concurrency_ci=Interval(low=2.07, high=2.66),
        power_ci=Interval(low=231_400.0, high=251_900.0),
        measured_concurrency=1.996,
        measured_power=238_050.0,
        residual=0.021,
        fit=FIT,
    )


def measured_capacity(points: Sequence[LoadPoint], objective: Objective) -> Capacity:
    """The largest measured rate that met the objective below the smallest that missed it."""
    rates = [(point.offered_rps or 0.0, meets(point, objective)) for point in points if point.mode == "open"]
    missed = min((rate for rate, met in rates if met is False), default=None)
    best = max((rate for rate, met in rates if met and (missed is None or rate < missed)), default=None)
    reason = None if best is not None else "no rate was shown to meet it"
    return Capacity(slo=objective, rps=best, missed_rps=missed, reason=reason)


def sample_benchmark(
    points: tuple[LoadPoint, ...] | None = None, *, name: str = "classify", quick: bool = False
) -> BenchmarkResult:
    """A benchmark whose knee and capacity follow from its points; with the sample's own, as a long run finds them."""
    whole = points is None
    points = sample_points() if points is None else points
    capacity = measured_capacity(points, OBJECTIVE)
    return BenchmarkResult(
        name=name,
        target="POST http://127.0.0.1:8080/v1/classify",
        objective=OBJECTIVE,
        load_points=points,
        knee=fitted_knee() if whole else measured_knee(points),
        capacity=replace(capacity, ci=Interval(low=771.0, high=864.0)) if whole else capacity,
        scalability=USL if whole else None,
        seconds=sum(point.window_s + (point.warm_up_s or 0.0) for point in points),
        seed=20251122,
        quick=quick,
    )


def streamed_point(offered_rps: float, ttft_s: float, tpot_s: float, **changes: object) -> LoadPoint:
    """An open-loop point of a language model whose answers have 120 tokens, on a machine with a GPU."""
    requests = round(offered_rps * 60)
    tokens = 120 * requests
    mean_s = ttft_s + 119 * tpot_s
    figures = StreamFigures(
        ttft_s=spread(ttft_s, ttft_s * 2.2),
        intended_ttft_s=spread(ttft_s * 1.01, ttft_s * 2.3),
        tpot_s=spread(tpot_s, tpot_s * 1.4),
        itl_s=spread(tpot_s, tpot_s * 3.1),
        chunks=tokens,
        output_tokens=tokens,
        input_tokens=260 * requests,
        output_tokens_per_s=tokens / 60,
        answers_without_usage=0,
    )
    gpu = GpuFigures(
        count=1,
        name="NVIDIA L4",
        mean_utilisation=min(0.99, offered_rps / 14),
        peak_memory_bytes=20_401_094_656,
        mean_power_w=68.4,
    )
    point = open_point(offered_rps, mean_s, mean_s * 1.5, window_s=60.0, gpu=gpu, stream=figures)
    counted = {"requests": requests, "successes": requests, "issued_requests": requests, "good_requests": requests}
    return replace(point, **(counted | changes))  # type: ignore[arg-type]


def streamed_benchmark() -> BenchmarkResult:
    """A language model measured in open loop, the last rate beyond its objective."""
    points = (
        streamed_point(4, 0.11, 0.018),
        streamed_point(8, 0.16, 0.023),
        streamed_point(12, 0.31, 0.031),
        streamed_point(14, 1.42, 0.049, good_requests=214, steadiness="never-steady"),
    )
    return BenchmarkResult(
        name="chat",
        target="POST http://127.0.0.1:8000/v1/chat/completions",
        objective=STREAM_OBJECTIVE,
        load_points=points,
        knee=None,
        capacity=Capacity(slo=STREAM_OBJECTIVE, rps=12.0, ci=Interval(low=11.2, high=None), missed_rps=14.0),
        seconds=244.0,
        seed=20251122,
        quick=False,
    )


def imported_benchmark() -> BenchmarkResult:
    """What wrk says of a service: two points, no CPU, no warm-up, no percentile between those it prints."""
    silent = {
        "warm_up_s": None,
        "steadiness": None,
        "connect_s": None,
        "first_byte_s": None,
        "good_requests": None,
        "issued_requests": None,
        "mean_concurrency": None,
        "service_cpu_s": None,
        "service_memory_bytes": None,
        "generator_cpu_s": None,
        "generator_memory_bytes": None,
    }
    points = tuple(
        closed_point(clients, rate, None, response_s=Distribution(mean=clients / rate, p50=clients / rate, p99=0.05))
        for clients, rate in ((8, 940.0), (32, 951.0))
    )
    return BenchmarkResult(
        name="wrk",
        target="http://127.0.0.1:8080/",
        objective=Objective(),
        load_points=tuple(replace(point, **silent) for point in points),  # type: ignore[arg-type]
        knee=None,
        capacity=Capacity(slo=Objective(), rps=None, reason="no open-loop rate was measured"),
        source="wrk 4.1.0",
        seconds=20.0,
        seed=0,
        quick=False,
    )
