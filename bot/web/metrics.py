"""What is counted for the operator, in Prometheus' text format. Labels name channels and outcomes, never people."""

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

CONTENT_TYPE = CONTENT_TYPE_LATEST


class Metrics:
    """One process's counters, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "earshot_webhook_requests",
            "Provider requests by channel, kind (message, status) and HTTP status.",
            ("channel", "kind", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "earshot_webhook_seconds",
            "Seconds from a provider's request to our answer.",
            ("channel", "kind"),
            registry=self._registry,
            buckets=(0.005, 0.02, 0.08, 0.3, 1, 5, 15),
        )
        self._job_at = Gauge(
            "earshot_job_last_run_seconds", "When a clock job last ran, Unix time.", ("job",), registry=self._registry
        )
        self._label_sets: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def webhook(self, channel: str, kind: str, status: int, began: float) -> None:
        """Count one provider request; `began` is from time.perf_counter."""
        labels = (channel, kind, status)
        found = self._label_sets.get(labels)
        if found is None:
            found = (
                self._requests.labels(channel, kind, str(status)),
                self._seconds.labels(channel, kind),
            )
            self._label_sets[labels] = found
        found[0].inc()
        found[1].observe(time.perf_counter() - began)

    def job_ran(self, job: str) -> None:
        """Note that a clock job has run."""
        self._job_at.labels(job).set_to_current_time()

    def text(self) -> bytes:
        """Write every counter."""
        return generate_latest(self._registry)
