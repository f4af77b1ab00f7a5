"""Small counts: what is hidden of a table of counts, so that no number points to somebody.

The rule: a count from 1 to 9 is hidden, and so much beside it that nobody finds it again by taking what is shown from
the sum. Source: Hundepool et al., Statistical Disclosure Control (2012), chapter 4, on secondary suppression.
"""

from collections.abc import Mapping

FEW = 10
"""Fewer people than this are not counted out loud, where what they have in common could point to somebody."""
ROUNDED_TO = 5


def hide_small(counts: Mapping[str, int]) -> dict[str, int | None]:
    """Hide small counts of a table whose sum may be known; None stands for what is hidden.

    At least two are hidden or none, and together they are 10 or more; where that cannot be, the whole table is hidden.
    Beside a count that is shown, every hidden one could be another, also to somebody who knows this rule.
    """
    hidden = {name for name, count in counts.items() if 0 < count < FEW}
    shown = {name: count for name, count in counts.items() if name not in hidden}
    while hidden and shown and not _is_safe([counts[name] for name in hidden]):
        # Noughts go last: that nobody gave an answer tells of nobody, until everything else is hidden too.
        least = min(shown.values(), key=lambda count: (count == 0, count))
        # All that are alike, for whoever knows the rule could else tell from the one that stayed which one went.
        for name in [name for name, count in shown.items() if count == least]:
            hidden.add(name)
            del shown[name]
    return {name: None if name in hidden else count for name, count in counts.items()}


def round_down(counts: Mapping[str, int | None]) -> dict[str, int | None]:
    """Round what is shown of a table down to fives: of two looks, one answer apart, most are alike.

    That is for whoever may look at any moment, and knows who answered in between.
    """
    return {name: None if count is None else count - count % ROUNDED_TO for name, count in counts.items()}


def _is_safe(hidden: list[int]) -> bool:
    """Say whether their sum leaves each of them open. Nothing but ones, or nines, has only one way to add up."""
    return len(hidden) > 1 and sum(hidden) >= FEW and set(hidden) not in ({1}, {FEW - 1})
