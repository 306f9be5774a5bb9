"""Figures of one process for Prometheus: how much, how long, how deep."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

PREFIX = "calibrify"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
TASK_SECONDS = (0.05, 0.25, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0)

log = structlog.get_logger()


class Metrics:
    """The figures of one process, in a registry of their own.

    Labels take few values, known beforehand: a route's name and never a path, a class of
    status and never an id. Names are ``calibrify_<what>_<unit>``.
    """

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._gauges = _CalledGauges()
        self.registry.register(self._gauges)
        self._requests = self.histogram(
            "request_seconds", "Duration of requests.", ("method", "route", "status")
        )
        self._tasks = self.histogram(
            "task_seconds", "Duration of task runs.", ("task", "outcome"), TASK_SECONDS
        )
        self._plugin_calls = self.histogram(
            "plugin_call_seconds", "Duration of calls of plugins.", ("plugin", "what")
        )
        self._plugin_failures = self.counter(
            "plugin_call_failures", "Calls of plugins that failed.", ("plugin", "what")
        )

    def counter(self, name: str, description: str, labels: Sequence[str] = ()) -> Counter:
        """Makes a counter ``calibrify_<name>_total``."""
        return Counter(name, description, labels, namespace=PREFIX, registry=self.registry)

    def gauge(self, name: str, description: str, labels: Sequence[str] = ()) -> Gauge:
        """Makes a gauge ``calibrify_<name>`` that is set."""
        return Gauge(name, description, labels, namespace=PREFIX, registry=self.registry)

    def histogram(
        self,
        name: str,
        description: str,
        labels: Sequence[str] = (),
        buckets: Sequence[float] = SECONDS,
    ) -> Histogram:
        """Makes a histogram ``calibrify_<name>``; buckets are upper bounds, in seconds."""
        return Histogram(
            name, description, labels, namespace=PREFIX, buckets=buckets, registry=self.registry
        )

    def gauge_of(self, name: str, description: str, value: Callable[[], float]) -> None:
        """Makes a gauge ``calibrify_<name>`` that is asked for at each reading.

        Args:
            name: a second gauge of the same name takes the place of the first.
            description: what it tells.
            value: is called at each reading; if it fails, the gauge is left out.
        """
        self._gauges.known[f"{PREFIX}_{name}"] = (description, value)

    def outbox_depth(self, value: Callable[[], float]) -> None:
        """Makes the gauge ``calibrify_outbox_depth``: tasks that wait to be run."""
        self.gauge_of("outbox_depth", "Tasks that are due and wait to be run.", value)

    def observe_request(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """Notes a request.

        Args:
            method: HTTP method.
            route: name of the route, None if none matched.
            status: HTTP status.
            seconds: how long it took.
        """
        self._requests.labels(
            method if method in METHODS else "other", route or "none", f"{status // 100}xx"
        ).observe(seconds)

    def observe_task(self, task: str, outcome: str, seconds: float) -> None:
        """Notes a task run.

        Args:
            task: name of the task.
            outcome: how it ended, one of few words: ``done``, ``retried``, ``failed``.
            seconds: how long it took.
        """
        self._tasks.labels(task, outcome).observe(seconds)

    def observe_plugin_call(self, plugin: str, what: str, seconds: float, *, failed: bool) -> None:
        """Notes a call of something that a plugin declared.

        Args:
            plugin: name of the plugin.
            what: name of what was called, for example of the panel.
            seconds: how long it took.
            failed: whether it raised.
        """
        self._plugin_calls.labels(plugin, what).observe(seconds)
        if failed:
            self._plugin_failures.labels(plugin, what).inc()

    def rendered(self) -> bytes:
        """Returns all figures in the text format of Prometheus."""
        return generate_latest(self.registry)


class _CalledGauges(Collector):
    """Gauges whose values are asked for when somebody reads them."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[str, Callable[[], float]]] = {}

    def describe(self) -> list[Metric]:
        """Returns nothing: names come and go, and the registry need not reserve them."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Asks for each value; one that fails does not take the others along."""
        for name, (description, value) in list(self.known.items()):
            try:
                yield GaugeMetricFamily(name, description, value=value())
            except Exception:
                log.exception("gauge failed", gauge=name)


METRICS = Metrics()
"""The figures of this process."""
