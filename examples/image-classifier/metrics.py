"""What Prometheus can ask the service: requests by status, latency, requests in flight, and which model runs."""

import time
from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LATENCY_BUCKETS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


class Metrics:
    """One registry an application, so that a test may build several."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "http_requests", "Requests answered.", ("method", "path", "status"), registry=self.registry
        )
        self.latency = Histogram(
            "http_request_duration_seconds",
            "From the request's headers to the last byte of its answer.",
            ("path",),
            buckets=LATENCY_BUCKETS_S,
            registry=self.registry,
        )
        self.in_flight = Gauge("http_requests_in_flight", "Requests being answered now.", registry=self.registry)
        self.model = Info("model", "The model that answers.", registry=self.registry)

    def describe_model(self, card: Mapping[str, Any]) -> None:
        """Publish which model is loaded, from its card."""
        accuracy = str(card["held_out"]["accuracy"])
        self.model.info({"name": card["name"], "sha256": card["sha256"], "held_out_accuracy": accuracy})


class MetricsMiddleware:
    """Counts and times every HTTP request, whoever answers it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500  # what the client gets when the application fails before it answers

        async def watching_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        started_s = time.perf_counter()
        try:
            with self.metrics.in_flight.track_inprogress():
                await self.app(scope, receive, watching_send)
        finally:
            # The route's own path, never the one asked for: a stranger's typing must not create time series.
            path = getattr(scope.get("route"), "path", "unmatched")
            self.metrics.requests.labels(scope["method"], path, status).inc()
            self.metrics.latency.labels(path).observe(time.perf_counter() - started_s)
