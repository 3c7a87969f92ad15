"""What a service can do: load points, the operating curve, its knee, and the capacity within an objective.

Throughput S counts successful completions inside the window, divided by the window. Power is P = S / T with T the mean
response time (Kleinrock 1979); it is largest at the knee of the curve.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp, log, log1p
from typing import Literal

Percentile = Literal["p50", "p90", "p95", "p99"]
PERCENTILE_SHARES: Mapping[Percentile, float] = {"p50": 0.50, "p90": 0.90, "p95": 0.95, "p99": 0.99}
PERCENTILES: tuple[Percentile, ...] = tuple(PERCENTILE_SHARES)
StreamMetric = Literal["ttft", "tpot"]
Steadiness = Literal["steady", "warmed-up-late", "slowing-down", "never-steady"]
Arrivals = Literal["constant", "poisson", "trace"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A 95 % confidence interval; an end that nothing bounds is None."""

    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """Mean and percentiles of a sample of times, in seconds; None where too few samples resolve the percentile."""

    mean: float
    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None

    def at(self, percentile: Percentile) -> float | None:
        """The percentile in seconds, or None when it is not resolved."""
        value: float | None = getattr(self, percentile)
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamLimit:
    """A limit in seconds on a percentile of a streaming metric: time to first token or time per output token."""

    metric: StreamMetric
    percentile: Percentile
    seconds: float

    @property
    def name(self) -> str:
        """As aiops.yml writes it: ttft_p99."""
        return f"{self.metric}_{self.percentile}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """Limits in seconds by percentile, and on the share of requests that may fail (0 to 1).

    p50 to p99 limit the response time; ttft_* the time to the first token of a streamed answer, counted like the
    response time; tpot_* the time per output token.
    """

    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None
    ttft_p50: float | None = None
    ttft_p90: float | None = None
    ttft_p95: float | None = None
    ttft_p99: float | None = None
    tpot_p50: float | None = None
    tpot_p90: float | None = None
    tpot_p95: float | None = None
    tpot_p99: float | None = None
    errors: float | None = None

    def limits(self) -> tuple[tuple[Percentile, float], ...]:
        """The limits on response time that are set, loosest percentile first."""
        found = ((name, getattr(self, name)) for name in PERCENTILES)
        return tuple((name, limit) for name, limit in found if limit is not None)

    def stream_limits(self) -> tuple[StreamLimit, ...]:
        """The limits on streaming metrics that are set, loosest percentile first."""
        metrics: tuple[StreamMetric, ...] = ("ttft", "tpot")
        wanted = ((metric, name, getattr(self, f"{metric}_{name}")) for metric in metrics for name in PERCENTILES)
        return tuple(
            StreamLimit(metric=metric, percentile=name, seconds=limit)
            for metric, name, limit in wanted
            if limit is not None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Batches:
    """A load point's window cut into equal parts of `seconds`, a value a part: what intervals are resampled from.

    `requests` are those whose response time counts, `response_s` their mean (NaN never: 0 where there is none).
    `over` counts, for each limit of the objective by its name (p99, ttft_p99), the requests above it.
    """

    seconds: float
    successes: tuple[int, ...]
    requests: tuple[int, ...]
    response_s: tuple[float, ...]
    mean_concurrency: tuple[float, ...]
    over: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFigures:
    """What only streamed answers have. Times are seconds; `ttft_s` counts from the first byte sent.

    `intended_ttft_s` counts from the intended time (the same in closed loop). `tpot_s` = (t_e - t_s - ttft) / (n - 1)
    for answers of n >= 2 tokens, n from the server's own `usage` (None when it sends none: then tokens are unknown).
    `itl_s` are the gaps between chunks, pooled over requests.
    """

    ttft_s: Distribution | None
    intended_ttft_s: Distribution | None
    tpot_s: Distribution | None
    itl_s: Distribution | None
    chunks: int
    output_tokens: int | None
    input_tokens: int | None
    output_tokens_per_s: float | None
    answers_without_usage: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuFigures:
    """All visible NVIDIA GPUs over a window; `name` is the first one's.

    Utilisation is their mean, a share from 0 to 1; memory is the sum of their peaks, power the sum of their means.
    """

    count: int
    name: str
    mean_utilisation: float
    peak_memory_bytes: int
    mean_power_w: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPoint:
    """One measured point of the operating curve: a fixed load, held for `window_s` seconds after warm-up.

    `mode` is "closed" (`concurrency` clients, each sends when the last answer came) or "open" (`offered_rps` requests a
    second on a schedule that never waits). `response_s` counts from the intended time in open loop and from the first
    byte sent in closed loop; `service_s` always from the first byte sent; `send_lag_s` is their difference. `connect_s`
    is the time to open a connection, over the requests that had to; `first_byte_s` counts from the first byte sent to
    the first one received. `good_requests` met every limit of the objective, out of `issued_requests`. `steadiness` is
    None where the load was too short to tell. What another tool did not say (imports) is None.
    `invalid_because` is empty for a point that may be used. `overstated`: every fault of an invalid point can only have
    made response times look longer, so it may prove that an objective is met, never that it is missed; it feeds nothing
    else.
    """

    mode: Literal["closed", "open"]
    concurrency: int | None = None
    offered_rps: float | None = None
    arrivals: Arrivals | None = None
    window_s: float
    warm_up_s: float | None
    steadiness: Steadiness | None = None
    requests: int
    successes: int
    errors_by_kind: Mapping[str, int] = field(default_factory=dict)
    response_s: Distribution | None = None
    service_s: Distribution | None = None
    send_lag_s: Distribution | None = None
    connect_s: Distribution | None = None
    first_byte_s: Distribution | None = None
    good_requests: int | None = None
    issued_requests: int | None = None
    mean_concurrency: float | None
    service_cpu_s: float | None = None
    service_memory_bytes: int | None = None
    generator_cpu_s: float | None
    generator_memory_bytes: int | None = None
    generator_processes: int = 1
    gpu: GpuFigures | None = None
    stream: StreamFigures | None = None
    batches: Batches | None = None
    invalid_because: tuple[str, ...] = ()
    overstated: bool = False

    @property
    def throughput_rps(self) -> float:
        """S: successful completions inside the window, divided by the window."""
        return self.successes / self.window_s

    @property
    def power(self) -> float | None:
        """P = S / mean T, in 1/s^2; None when nothing succeeded."""
        if self.response_s is None or self.response_s.mean <= 0:
            return None
        return self.throughput_rps / self.response_s.mean

    @property
    def errors(self) -> int:
        """Requests that did not succeed, of every kind."""
        return sum(self.errors_by_kind.values())

    @property
    def valid(self) -> bool:
        """Whether the point may feed the curve."""
        return not self.invalid_because

    @property
    def service_cpu_s_per_request(self) -> float | None:
        """CPU seconds of the service's process tree for one successful request."""
        if self.service_cpu_s is None or not self.successes:
            return None
        return self.service_cpu_s / self.successes

    @property
    def generator_utilisation(self) -> float | None:
        """CPU seconds of the generator divided by the window and its processes: the share of a core each used."""
        if self.generator_cpu_s is None:
            return None
        return self.generator_cpu_s / self.window_s / self.generator_processes

    @property
    def goodput_rps(self) -> float | None:
        """Requests that met every limit of the objective, divided by the window."""
        return None if self.good_requests is None else self.good_requests / self.window_s

    @property
    def attainment(self) -> float | None:
        """The share of all issued requests that met every limit; errors are misses."""
        if self.good_requests is None or not self.issued_requests:
            return None
        return self.good_requests / self.issued_requests


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftMin:
    """The curve fitted to the closed-loop points: S = softmin_k(gamma N, Smax) / (1 + beta N (N - 1)), N in flight.

    softmin_k(a, b) = (a^-k + b^-k)^(-1/k): k = 1 is Amdahl's law, a large `k` a sharp bend. `gamma_rps` is the
    throughput (1/s) of one client, `largest_rps` is Smax.
    """

    gamma_rps: float
    largest_rps: float
    k: float
    beta: float

    def throughput_rps(self, concurrency: float) -> float:
        """S on the curve with so many requests in flight, one or more."""
        rising, level = log(self.gamma_rps * concurrency), log(self.largest_rps)
        bend = log1p(exp(-self.k * abs(rising - level))) / self.k
        return exp(min(rising, level) - bend - log1p(self.beta * concurrency * (concurrency - 1)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Knee:
    """Where power P = S / T is largest.

    `method` says where it comes from: the maximum of the soft-min curve fitted to the closed-loop points, or the
    measured point of largest power where too few points carry a fit. `measured_concurrency` and `measured_power` are
    always that point's. `in_range` is False when the best level is the last one tried: the true knee may lie beyond.
    `residual` is the root mean square of the fit's errors in log throughput (0.05: about 5 %), `fit` its curve.
    """

    concurrency: float
    throughput_rps: float
    response_s: float
    power: float
    in_range: bool
    method: Literal["soft-min", "measured"] = "measured"
    concurrency_ci: Interval | None = None
    power_ci: Interval | None = None
    measured_concurrency: float | None = None
    measured_power: float | None = None
    residual: float | None = None
    fit: SoftMin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalability:
    """The Universal Scalability Law S = gamma N / (1 + alpha (N - 1) + beta N (N - 1)), a diagnostic (Gunther 1993).

    `alpha` is contention, `beta` coherency delay, `gamma` the throughput (1/s) of one client. `knee_concurrency` is
    where its power peaks, None where it never does. `residual` is the root mean square error in log throughput.
    """

    alpha: float
    beta: float
    gamma_rps: float
    residual: float
    knee_concurrency: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """The largest offered rate that meets the objective; never extrapolated beyond what was measured.

    `rps` is where the share of requests above a limit, rising with the rate, crosses what is allowed, at most the
    largest measured rate that met the objective. Where nothing tells of these shares it is the largest one that met it
    below all that missed; None when no measured rate did, and `reason` says why. `missed_rps` is the smallest measured
    rate above `rps` that did not meet it, None when every one did. `ci` is open (None) at an end that no measured rate
    bounds.
    """

    slo: Objective
    rps: float | None
    ci: Interval | None = None
    missed_rps: float | None = None
    reason: str | None = None


def meets(point: LoadPoint, objective: Objective) -> bool | None:
    """Whether a point meets an objective; None when a percentile it needs is not resolved."""
    if objective.errors is not None and error_share(point) > objective.errors:
        return False
    if point.response_s is None:
        return False
    resolved = [(point.response_s.at(name), limit) for name, limit in objective.limits()]
    resolved += [(streamed_s(point, limit), limit.seconds) for limit in objective.stream_limits()]
    if any(value is not None and value > limit for value, limit in resolved):
        return False
    return None if any(value is None for value, _ in resolved) else True


def streamed_s(point: LoadPoint, limit: StreamLimit) -> float | None:
    """The percentile of a streaming metric that a limit is on, counted like the response time; None if not resolved."""
    if point.stream is None:
        return None
    times = point.stream.tpot_s if limit.metric == "tpot" else point.stream.intended_ttft_s
    return None if times is None else times.at(limit.percentile)


def proves(point: LoadPoint, objective: Objective) -> bool | None:
    """Whether a point proves that an objective is met (True) or missed (False); None when it proves neither."""
    met = meets(point, objective)
    if point.valid:
        return met
    return True if point.overstated and met else None


def error_share(point: LoadPoint) -> float:
    """Failed requests out of all, 0 without any."""
    return point.errors / point.requests if point.requests else 0.0
