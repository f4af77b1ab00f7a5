"""A voice note, once a person has written down what was said: an answer that comes long after its message.

The conversation itself stands still: the question that awaits an answer goes on waiting, and nothing is said.
"""

from msgspec import Struct
from msgspec.structs import replace

from bot.core import asking
from bot.core.effects import Record
from bot.core.events import Circumstances
from bot.core.questionnaire import Questionnaire
from bot.core.state import AnswerState, State
from bot.core.turn import Turn


class WrittenDown(Struct, frozen=True, gc=False):
    """What came of it: the new state, what is to be recorded, and what became of the question.

    `became` is None where nothing was kept: the words are no clear answer, and an earlier answer stands.
    """

    state: State
    records: tuple[Record, ...]
    became: AnswerState | None


def applies(questionnaire: Questionnaire, state: State, here: Circumstances, name: str) -> bool:
    """Say whether a question is still one that this resident is asked, given the answers so far."""
    return name in Turn(questionnaire, state, here).way.names


def write_down(
    questionnaire: Questionnaire,
    state: State,
    here: Circumstances,
    name: str,
    text: str,
    *,
    joins: bool = False,
    is_late: bool = False,
) -> WrittenDown:
    """Take what was said as the answer to a question, read by the same rules as a typed reply and never guessed.

    `here` is when and how the voice note came, `text` what was said, verbatim. `joins` puts it below the words that the
    question has from an earlier voice note; `is_late` marks one that came after the close.
    """
    turn = Turn(questionnaire, state, here)
    became = asking.write_down(turn, questionnaire.question(name), text, joins=joins)
    if became is None:
        return WrittenDown(state, (), None)
    turn.reconsider()
    after, effects = turn.finish()
    after = replace(
        after,
        # It was heard when it came; a person who types is not the resident.
        heard_at=state.heard_at,
        texts=state.texts,
        last_sent=state.last_sent,
        last_answer_at=max(after.last_answer_at or 0, state.last_answer_at or 0) or None,
        late=state.late or is_late,
    )
    return WrittenDown(after, tuple(effect for effect in effects if isinstance(effect, Record)), became)
