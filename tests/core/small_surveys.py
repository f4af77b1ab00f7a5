"""Small definitions, made in code, for tests of the core."""

from typing import Any

from bot.core.survey import Choice, Language, Question, QuestionType, Role, Start, SurveyDefinition

YES_NO = (Choice("yes", {"en": "Yes"}), Choice("no", {"en": "No"}))
AGREEMENT = tuple(
    Choice(code, {"en": label})
    for code, label in (
        ("strongly_agree", "Strongly agree"),
        ("agree", "Agree"),
        ("neither", "Neither agree nor disagree"),
        ("disagree", "Disagree"),
        ("strongly_disagree", "Strongly disagree"),
        ("dont_know", "Don't know"),
    )
)


def question(name: str, kind: QuestionType, label: str, **more: Any) -> Question:
    """Make one question with an English label."""
    return Question(name, kind, {"en": label}, **more)


def one(name: str, label: str, choices: tuple[Choice, ...] = YES_NO, **more: Any) -> Question:
    """Make a question with one choice."""
    return question(name, QuestionType.SELECT_ONE, label, choices=choices, **more)


def words_question(name: str, label: str, **more: Any) -> Question:
    """Make an open question."""
    return question(name, QuestionType.TEXT, label, role=Role.OPEN, **more)


def survey(*questions: Question, id: str = "parks", keyword: str = "PARKS", **more: Any) -> SurveyDefinition:
    """Make a survey of these questions."""
    fields: dict[str, Any] = {
        "title": {"en": "Our parks"},
        "version": "1",
        "default_language": "en",
        "languages": (Language("en", "English"),),
        "start": Start.DIRECT,
    }
    return SurveyDefinition(id=id, keywords=(keyword,), questions=questions, **(fields | more))
