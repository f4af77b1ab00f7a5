"""What a turn or a page made of a response, as those who follow it are told: nothing where nothing shows."""

from bot.core.state import State
from storage.events import EventType


def what_happened(before: State | None, after: State, *, is_answered: bool) -> str:
    """Say what happened to the response of a conversation; empty where its row shows what it showed before.

    `before` is None for one that begins. Of several things the most telling counts: it was completed, stopped, started,
    updated. A STOP after the last question changes nothing: it stays complete.
    """
    if after.completed_at is not None and (before is None or before.completed_at is None):
        return EventType.COMPLETED.value
    if before is None:
        return EventType.STARTED.value
    if _is_stopped(after) and not _is_stopped(before):
        return EventType.STOPPED.value
    return EventType.UPDATED.value if is_answered or _shown(before) != _shown(after) else ""


def _is_stopped(state: State) -> bool:
    return state.stopped_at is not None and state.completed_at is None


def _shown(state: State) -> tuple[object, ...]:
    return (
        state.language,
        state.language_source,
        state.last_answer_at,
        state.completed_at,
        _is_stopped(state),
        state.late,
    )
