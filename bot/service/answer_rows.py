"""How a recorded answer lies in storage: one row for each chosen option, or one row in all."""

from typing import NamedTuple

from msgspec.structs import replace

from bot.core.effects import Record
from bot.core.reading import Rule
from bot.core.sitting import Thread
from bot.core.state import State
from storage.turns import AnswerRow


class Given(NamedTuple):
    """How an answer was given: by which channel, how (`typed`, `button`, `voice`), in which wording, and when."""

    channel: str
    input: str
    wording: str
    at: int


def answer_rows(
    record: Record, thread: Thread, response_id: str, given: Given, before: State | None = None
) -> list[AnswerRow]:
    """Lay out an answer: one row for each chosen option, or one row in all.

    `before` is the state in which the question was put, where the answer itself may have changed the language.
    """
    is_multiple = len(record.codes) > 0 and thread.questionnaire.question(record.question).type == "select_multiple"
    one = AnswerRow(
        response_id=response_id,
        question=record.question,
        item="",
        revision=record.revision,
        state=str(record.state),
        value_code=record.codes[0] if record.codes else _value_code(record),
        value_number=record.number,
        said=record.said or None,
        lang=(before or thread.state).language,
        channel=given.channel,
        input=given.input,
        rule=str(record.rule),
        confidence=record.confidence,
        wording=given.wording,
        version=thread.questionnaire.definition.version,
        asked_at=record.asked_at * 1000 if record.asked_at is not None else None,
        answered_at=given.at,
        late=thread.state.late,
        join=record.join,
    )
    if not is_multiple:
        return [one]
    return [replace(one, item=code, value_code=code) for code in record.codes]


def _value_code(record: Record) -> str | None:
    """Return a number, a date or a calculated value, which stands where a code would; words stand in `said` alone."""
    return record.value or None if record.rule != Rule.WORDS else None
