"""What is counted for the operator, in Prometheus' text format. Labels name channels and outcomes, never people."""

import time
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from storage.destinations import Standing, State

CONTENT_TYPE = CONTENT_TYPE_LATEST
_FORWARDING = {
    "waiting_events": "Events that a destination is still to get.",
    "refused_events": "Events that a destination has refused, and that are tried again.",
    "dead_events": "Events that a destination has refused for three days.",
    "oldest_seconds": "Age of the oldest event that a destination is still to get.",
    "failing_seconds": "For how long nothing has arrived at a destination, though it was tried.",
    "running": "1 where a destination is sent to, 0 where it is paused.",
}


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
        self._forwarding = {
            name: Gauge(f"earshot_forward_{name}", what, ("destination",), registry=self._registry)
            for name, what in _FORWARDING.items()
        }
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

    def forwarding(self, standings: Sequence[Standing], now: int) -> None:
        """Note how the destinations of events stand. `now` is epoch milliseconds UTC."""
        for gauge in self._forwarding.values():
            gauge.clear()  # what was removed is shown no more
        for each in standings:
            destination = each.destination
            failing = 0 if destination.failing_since is None else now - destination.failing_since
            shown = {
                "waiting_events": each.ahead,
                "refused_events": 0 if each.refused is None else each.refused.count,
                "dead_events": each.dead,
                "oldest_seconds": 0 if each.oldest_at is None else max(0, now - each.oldest_at) / 1000,
                "failing_seconds": failing / 1000,
                "running": int(destination.state is State.RUNNING),
            }
            for name, value in shown.items():
                self._forwarding[name].labels(destination.name).set(value)

    def text(self) -> bytes:
        """Write every counter."""
        return generate_latest(self._registry)
