"""What keeps replies from running away: a budget for each address, and a guard against machines (invariant 13)."""

from datetime import timedelta

from bot.core.effects import Say
from bot.core.limits import IDENTICAL_TEXTS, REPLIES_PER_HOUR
from bot.core.replies import fingerprint
from bot.core.sitting import Outcome, Person, Sitting

HOUR = timedelta(hours=1)


def hold_back(sitting: Sitting, text: str, is_answerable: bool, *, is_spoken: bool = False) -> Outcome:
    """Close a sitting, without its replies where they would feed a loop or break the budget. Answers always stay.

    Voice notes bear no words to tell them apart by, and no machine sends them: they are held to the budget alone.
    """
    person = sitting.person
    idle_text, idle_count = "", 0
    if not sitting.moved and not is_spoken:
        idle_text = fingerprint(text)
        idle_count = person.idle_count + 1 if idle_text == person.idle_text else 1
    hour_began, replies = person.hour_began, person.replies
    if hour_began is None or not hour_began <= sitting.at < hour_began + HOUR:  # before it: our clock was set back
        hour_began, replies = sitting.at, 0
    runs_away = idle_count > IDENTICAL_TEXTS or replies >= REPLIES_PER_HOUR
    # STOP and DELETE are always confirmed: silence would look as if they had not been heard. Where to find help is said
    # so seldom that it can feed no loop.
    is_silent = not is_answerable or (runs_away and not sitting.is_farewell and not sitting.calms)
    if not is_silent:
        replies += sum(isinstance(effect, Say) for _, effect in sitting.effects)
    held = Person(
        person.is_stopped,
        person.stopped_at,
        person.current,
        person.language,
        hour_began,
        replies,
        idle_text,
        idle_count,
    )
    return sitting.outcome(held, is_silent=is_silent)
