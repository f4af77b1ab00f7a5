"""What the reading tests share: the shipped word tables, and questions written in one line."""

import datetime
from functools import cache

from bot.core.reading import Asked, Option
from bot.core.survey import QuestionType
from bot.core.words import Words, in_order
from bot.service.word_files import load_words

WORDS = load_words()
LANGUAGES = tuple(table.language for table in WORDS)


@cache
def words_of(language: str) -> Words:
    """Return the shipped tables as a conversation in that language reads with them."""
    return in_order(WORDS, language)


TODAY = datetime.date(2025, 3, 10)


def asked(
    *labels: str | tuple[str, ...],
    type: QuestionType = QuestionType.SELECT_ONE,
    most: int | None = None,
    wording: str = "",
) -> Asked:
    """Write a question down by its labels; an option's code is its first label, with underscores."""
    options = tuple(
        Option(texts[0].lower().replace(" ", "_").replace("'", ""), number, texts)
        for number, texts in enumerate(((label,) if isinstance(label, str) else label for label in labels), 1)
    )
    return Asked(type, options, most, TODAY, wording)


AGREEMENT = asked(
    "Strongly agree",
    "Agree",
    ("Neither agree nor disagree", "Neither"),
    "Disagree",
    "Strongly disagree",
    "Don't know",
)
YES_NO = asked("Yes", "No")
