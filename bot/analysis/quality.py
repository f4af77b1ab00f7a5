"""Marks that an analyst may want to look at. They drop nothing and change nothing."""

from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise
from statistics import median

from bot.core.survey import Question, QuestionType, Role, SurveyDefinition

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


def scales(definition: SurveyDefinition) -> tuple[tuple[str, ...], ...]:
    """Name the questions that may make a straight line, run by run: five or more on one scale, one after the other.

    That is, opinions that have the same choices in the same order, with nothing asked between them. Whoever gives the
    same answer to unlike questions, or to those about themselves, has not been careless.
    """
    asked = (question for question in definition.questions if question.is_asked)
    runs = (tuple(each.name for each in alike) for scale, alike in groupby(asked, _scale) if scale)
    return tuple(run for run in runs if len(run) >= STRAIGHTLINE_RUN)


def _scale(question: Question) -> tuple[str, ...]:
    is_opinion = question.type is QuestionType.SELECT_ONE and question.role is Role.CLOSED
    return tuple(choice.name for choice in question.choices) if is_opinion else ()


def is_straightline(chosen: Sequence[str]) -> bool:
    """Say whether at least five consecutive answers on one scale are the same."""
    return any(len(list(alike)) >= STRAIGHTLINE_RUN for _, alike in groupby(chosen))


def is_too_fast(answered_at: Iterable[int]) -> bool:
    """Say whether the median time between answers is under two seconds.

    Times are epoch milliseconds, in any order. Answers of one and the same moment came in one message and count once.
    """
    moments = sorted(set(answered_at))
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    return len(gaps) >= FEWEST_GAPS and median(gaps) < TOO_FAST_MILLISECONDS
