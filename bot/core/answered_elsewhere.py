"""A whole questionnaire that was answered elsewhere, as on the council's own web form: what it leaves here. Pure.

What applies, what fits and what is calculated are the conversation's own rules, so that the same answers give the same
row whichever way they came.
"""

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct

from bot.core import asking
from bot.core.effects import Record
from bot.core.events import Circumstances
from bot.core.questionnaire import Questionnaire
from bot.core.reading import Chosen, Dated, Number, Rule, Unclear, Words
from bot.core.state import AnswerState, Phase, State
from bot.core.survey import Question
from bot.core.turn import Turn

Found: TypeAlias = Chosen | Number | Dated | Words | Unclear | None
"""What a field holds: an answer, words that are none, or nothing."""


class Field(Struct, frozen=True, gc=False):
    """One question as it stood on the other form. `said` is what stands there, verbatim."""

    found: Found = None
    said: str = ""


class Taken(Struct, frozen=True, gc=False):
    """What a questionnaire leaves: its state, and the answers to keep, in order.

    `unfit` names the questions whose answer the survey's own rules refuse: the words are kept, without a code.
    `unasked` names those that were answered there, though the survey does not ask them after such answers: the answer
    is kept, and taken back by the next revision.
    """

    state: State
    records: tuple[Record, ...]
    unfit: tuple[str, ...]
    unasked: tuple[str, ...]


def take(
    questionnaire: Questionnaire,
    language: str,
    here: Circumstances,
    fields: Mapping[str, Field],
    *,
    is_complete: bool = True,
) -> Taken:
    """Take a questionnaire. `fields` has the questions that stood on the form, answered or blank.

    A blank one was skipped, if it applies. One that is not complete skipped only what comes before its last answer.
    """
    turn = Turn(questionnaire, State(language, "imported"), here)
    turn.change(late=here.is_closed)
    asked = [question for question in questionnaire.route(here.source) if question.is_asked]
    answered = [question for question in asked if fields.get(question.name, _BLANK).found is not None]
    unfit = [question.name for question in answered if not _keep(turn, question, fields[question.name])]
    last = questionnaire.index(answered[-1].name) if answered else -1
    turn.change(standing="" if is_complete or not answered else answered[-1].name)
    turn.reconsider()
    for question in asked:
        is_reached = is_complete or questionnaire.index(question.name) < last
        if question.name in fields and is_reached and _is_open(turn, question):
            turn.record(question, AnswerState.SKIPPED, "", rule=Rule.SKIP)
    taken_back = [
        question.name for question in answered if turn.state.given[question.name].state is AnswerState.NOT_APPLICABLE
    ]
    if is_complete:
        turn.change(phase=Phase.COMPLETE, completed_at=turn.now, reached=len(questionnaire.definition.questions))
    state, effects = turn.finish()
    records = tuple(effect for effect in effects if isinstance(effect, Record))
    return Taken(state, records, tuple(name for name in unfit if name not in taken_back), tuple(taken_back))


_BLANK = Field()


def _keep(turn: Turn, question: Question, field: Field) -> bool:
    """Keep an answer; one that does not fit is kept as words without a code. Say whether it fits."""
    found = field.found
    if isinstance(found, Unclear | None) or not _fits(turn, question, found):
        turn.record(question, AnswerState.UNPARSED, field.said)
        return False
    asking.write(turn, question, AnswerState.ANSWERED, field.said, found)
    return True


def _fits(turn: Turn, question: Question, found: asking.Answer) -> bool:
    if isinstance(found, Chosen) and question.choice_filter:
        offered = {question.choices[place].name for place in turn.shown(question)}
        if not offered.issuperset(found.codes):
            return False
    return asking.fits(turn, question, found)


def _is_open(turn: Turn, question: Question) -> bool:
    given = turn.state.given.get(question.name)
    return question.name in turn.way.names and (given is None or given.state is AnswerState.NOT_APPLICABLE)
