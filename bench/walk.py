"""One resident's way through the shipped survey: what is texted, what must be shown, what must be exported."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bot.core.survey import Question, QuestionType, Role, SurveyDefinition, wording
from bot.surveys.compile import compile_survey
from bot.surveys.lint import as_sms
from channels.base import Option
from channels.layout import with_numbered_options
from channels.telegram_layout import in_words

SHIPPED = Path(__file__).parents[1] / "surveys" / "stoke-community-cohesion.xlsx"
OPEN_ANSWERS = (
    "Stop the boats",
    "More for the young ones to do round here",
    "Nothing, it's all fine & dandy <really>",
    "Buses after six, and lights in the park; then folk would come out",
    "Ask us before you decide, not after",
)


@dataclass(frozen=True, slots=True)
class Step:
    """One text. The reply must end with `shows`. `column` and `value` are what the export must hold of it."""

    text: str
    shows: str
    column: str = ""
    value: str = ""


@cache
def shipped() -> SurveyDefinition:
    """Compile the shipped survey."""
    return compile_survey(SHIPPED).definition


@cache
def asked(source: str = "sms") -> tuple[Question, ...]:
    """Return what it asks by this way, in order. None of these depends on an answer."""
    questions = (q for q in shipped().questions if q.is_asked and (not q.channels or source in q.channels))
    return tuple(questions)


def walk(chooses: random.Random, source: str = "sms") -> tuple[Step, ...]:
    """Make one way through the survey, from the keyword to the thanks. Every answer is typed, buttons or not."""
    texts, keyword = shown(source), shipped().keywords[0]
    steps = [Step(f"/start {keyword}" if source == "telegram" else keyword, texts[0])]
    for question, shows in zip(asked(source), [*texts[1:], ""], strict=True):
        text, value = _answer(question, chooses)
        steps.append(Step(text, shows, "" if question.role is Role.CONTACT else question.name, value))
    return tuple(steps)


def edges(last: bool) -> tuple[Step, ...]:
    """Walk through by SMS by every first option, or by every last one; open answers are `Stop the boats`."""
    texts = shown("sms")
    steps = [Step(shipped().keywords[0], texts[0])]
    for question, shows in zip(asked(), [*texts[1:], ""], strict=True):
        at = len(question.choices) - 1 if last else 0
        is_text = question.type is QuestionType.TEXT
        text, value = (OPEN_ANSWERS[0],) * 2 if is_text else (str(at + 1), question.choices[at].name)
        steps.append(Step(text, shows, "" if question.role is Role.CONTACT else question.name, value))
    return tuple(steps)


def is_right(step: Step, reply: str) -> bool:
    """Say whether this is the reply to expect: the next question whole, or the thanks at the end."""
    if step.shows:
        return reply.endswith(step.shows)
    return "Thank you" in reply and "/12" not in reply


def _answer(question: Question, chooses: random.Random) -> tuple[str, str]:
    if question.type is QuestionType.TEXT:
        said = f"{chooses.choice(OPEN_ANSWERS)} ({chooses.randrange(100)})"
        return said, said
    count = chooses.randint(1, 3) if question.type is QuestionType.SELECT_MULTIPLE else 1
    chosen = sorted(chooses.sample(range(len(question.choices)), count))
    return " ".join(str(at + 1) for at in chosen), " ".join(question.choices[at].name for at in chosen)


@cache
def shown(source: str) -> Sequence[str]:
    """Write each question as it must stand at the end of a reply, with its place: n/8, and n/12 for those after."""
    questions = asked(source)
    core = sum(question.role in (Role.OPEN, Role.CLOSED) for question in questions)
    places = [f"{n}/{core if n <= core else len(questions)}" for n in range(1, len(questions) + 1)]
    definition, write = shipped(), as_telegram if source == "telegram" else as_sms
    return [
        write(definition, q, definition.default_language, place) for q, place in zip(questions, places, strict=True)
    ]


def as_telegram(definition: SurveyDefinition, question: Question, language: str, position: str) -> str:
    """Write a question as it stands above its buttons on Telegram; it has none where several may be chosen."""
    default = definition.default_language
    label, hint = (wording(texts, language, default) for texts in (question.label, question.hint))
    text = f"{position} {label}\n{hint}" if hint else f"{position} {label}"
    options = [Option(choice.name, wording(choice.label, language, default)) for choice in question.choices]
    if question.type is QuestionType.SELECT_MULTIPLE:
        return with_numbered_options(text, options)
    return in_words(text, options)
