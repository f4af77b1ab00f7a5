"""Bursts: many who began on one channel within minutes, far more than begin there otherwise.

The rule: at least LEAST_STARTS within SPAN, and at least TIMES_USUAL as many as are usual. Usual is the median of the
channel's other spans in which anybody began; with fewer than LEAST_SPANS of these there is nothing to compare with.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from statistics import median

from bot.core.window import LONDON
from storage.annotations import Beginning

SPAN_MS = 10 * 60_000
LEAST_STARTS = 20
TIMES_USUAL = 10
LEAST_SPANS = 12


def find_bursts(beginnings: Sequence[Beginning]) -> list[list[str]]:
    """Find the bursts: the ids of each, in the order in which they began. `beginnings` are in that order.

    Whoever was helped is left out, for a helper enters many in a row; so is a time that is midnight in London to the
    millisecond, which is a date without a time.
    """
    by_channel: dict[str, list[Beginning]] = {}
    for each in beginnings:
        if not each.assisted and not _is_date_alone(each.started_at):
            by_channel.setdefault(each.channel, []).append(each)
    return [burst for channel in sorted(by_channel) for burst in _of_channel(by_channel[channel])]


def _is_date_alone(at: int) -> bool:
    moment = datetime.fromtimestamp(at // 1000, UTC).astimezone(LONDON)
    return at % 1000 == 0 and (moment.hour, moment.minute, moment.second) == (0, 0, 0)


def _of_channel(beginnings: Sequence[Beginning]) -> list[list[str]]:
    times = [each.started_at for each in beginnings]
    crowded = []
    until = 0
    for place, at in enumerate(times):
        end = bisect_left(times, at + SPAN_MS)
        if end - place >= LEAST_STARTS:
            until = end
        crowded.append(place < until)
    found: list[list[int]] = []
    for place, is_crowded in enumerate(crowded):
        if is_crowded and place and crowded[place - 1] and times[place] - times[place - 1] < SPAN_MS:
            found[-1].append(place)
        elif is_crowded:
            found.append([place])
    usual = _usual([at for at, is_crowded in zip(times, crowded, strict=True) if not is_crowded], times)
    return [
        [beginnings[place].id for place in burst]
        for burst in found
        if usual is not None and _most_in_a_span([times[place] for place in burst]) >= TIMES_USUAL * usual
    ]


def _usual(quiet: Sequence[int], times: Sequence[int]) -> float | None:
    """Give how many begin in a usual span; None where there are too few spans to say."""
    spans = Counter(at // SPAN_MS for at in quiet)
    if len(spans) < LEAST_SPANS:
        # Where it is always crowded, the crowd is the usual; where hardly anybody comes otherwise, nothing is.
        spans = Counter(at // SPAN_MS for at in times)
    return median(spans.values()) if len(spans) >= LEAST_SPANS else None


def _most_in_a_span(times: Sequence[int]) -> int:
    return max(bisect_left(times, at + SPAN_MS) - place for place, at in enumerate(times))
