"""What became of a response (DESIGN section 8), as one SQL expression that every count and export shares.

`partial` and `breakoff` follow AAPOR's Standard Definitions: under half of the applicable core questions is a
break-off. Until a survey closes or the resident has been silent for 30 days, an unfinished response is `partial`,
for it may go on.
"""

from collections.abc import Mapping

from bot.analysis.columns import Published

COMPLETE = "complete"
PARTIAL = "partial"
BREAKOFF = "breakoff"
STOPPED = "stopped"
STATUSES = (COMPLETE, PARTIAL, BREAKOFF, STOPPED)

SILENCE_MILLISECONDS = 30 * 24 * 60 * 60 * 1000

# Where no core question applies at all, only a response without any answer is a break-off.
STATUS_SQL = """CASE
 WHEN r.completed_at IS NOT NULL THEN 'complete'
 WHEN r.stopped_at IS NOT NULL THEN 'stopped'
 WHEN (:is_closed OR COALESCE(r.last_inbound_at, r.last_answer_at, r.started_at) <= :silent_since)
  AND (2 * r.core_answered < r.core_applicable OR (r.core_applicable = 0 AND r.last_answer_at IS NULL))
 THEN 'breakoff' ELSE 'partial' END"""
"""The status of the response `r`. Takes the parameters that `status_params` gives."""


def status_params(published: Published, now: int) -> Mapping[str, int | bool]:
    """Give the parameters of STATUS_SQL at a time (epoch milliseconds UTC)."""
    return {"is_closed": published.is_closed(now), "silent_since": now - SILENCE_MILLISECONDS}
