"""Marks that an analyst may want to look at. They drop nothing and change nothing."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median

STRAIGHTLINE, TOO_FAST = "straightline", "too_fast"
ANSWERED = (STRAIGHTLINE, TOO_FAST)
"""What a response's own answers tell, whenever it is exported."""

SIMILAR_TEXT, BURST, SEQUENTIAL, NO_CAMPAIGN = "similar_text", "burst", "sequential_numbers", "no_campaign"
NOTICED = (SIMILAR_TEXT, BURST, SEQUENTIAL, NO_CAMPAIGN)
"""What only a look over all the responses tells (`bot.analysis.merging`), as `annotation.kind`."""

MARKS = (*ANSWERED, *NOTICED)
"""Every mark that the column `quality` may hold, in its order."""

# Five alike in a row is the shortest run that published mode comparisons call straight-lining.
STRAIGHTLINE_RUN = 5
TOO_FAST_MILLISECONDS = 2_000
# A median of fewer gaps says nothing about a person.
FEWEST_GAPS = 3

# Where answers come one by one, so that the time between two of them is the respondent's own.
TIMED_INPUTS = frozenset({"typed", "button", "voice"})


def is_straightline(positions: Sequence[int]) -> bool:
    """Say whether at least five consecutive single-choice answers stand at the same place in their lists."""
    run = 0
    before = None
    for position in positions:
        run = run + 1 if position == before else 1
        if run >= STRAIGHTLINE_RUN:
            return True
        before = position
    return False


def is_too_fast(answered_at: Iterable[int]) -> bool:
    """Say whether the median time between answers is under two seconds.

    Times are epoch milliseconds, in any order. Answers of one and the same moment came in one message and count once.
    """
    moments = sorted(set(answered_at))
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    return len(gaps) >= FEWEST_GAPS and median(gaps) < TOO_FAST_MILLISECONDS
