"""A whole conversation played through before anyone is asked: what it says, and what it costs."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from bot.core.desk import Desk
from bot.core.effects import Say
from bot.core.message import Heard, Message
from bot.core.phrases import Phrases
from bot.core.questionnaire import Questionnaire
from bot.core.sitting import Listing, Person, Thread
from bot.core.survey import Question, QuestionType
from bot.core.words import Words
from channels.base import Channel, Option, Outbound

LONGEST = 200
"""Texts. A survey that is not through by then does not end."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """One conversation in one language. `replies` are laid out as the resident will see them."""

    texts: tuple[str, ...]
    replies: tuple[str, ...]
    segments: int

    @property
    def opening(self) -> str:
        """The first message."""
        return self.replies[0] if self.replies else ""


def rehearse(
    questionnaire: Questionnaire,
    channel: Channel,
    phrases: Phrases,
    words: Words,
    at: datetime | None = None,
    *,
    language: str = "",
) -> Rehearsal:
    """Answer every question of a survey once, the first way it can be answered, and count what is said.

    `language` is the code of the one to begin in; without it, the survey's own.
    """
    listing = _open_listing(questionnaire)
    now = at or datetime(2026, 1, 1, 12, tzinfo=UTC)
    desk = Desk((listing,), phrases, words)
    person, threads = Person(), tuple[Thread, ...]()
    texts: list[str] = []
    replies: list[str] = []
    keyword = next(iter(questionnaire.definition.keywords), "START")
    text = f"{keyword} {language}".strip()
    can = channel.capabilities
    while text and len(texts) < LONGEST:
        message = Message(now, Heard.TEXT, text, channel.name, can.source, can.short_wording)
        outcome = desk.receive(person, threads, message)
        texts.append(text)
        replies += [_laid_out(say, channel) for say in outcome.says]
        person = outcome.person
        threads = outcome.changed or threads
        now += timedelta(minutes=1)
        standing = threads[-1].state.standing if threads else ""
        text = _answer(questionnaire.question(standing), now.date()) if standing else ""
    return Rehearsal(tuple(texts), tuple(replies), sum(channel.segments(reply) for reply in replies))


def _open_listing(questionnaire: Questionnaire) -> Listing:
    """Return the survey as if it were open, whatever its dates."""
    listing = Listing(questionnaire)
    listing.open_always()
    return listing


def _laid_out(say: Say, channel: Channel) -> str:
    options = tuple(Option(option.id, option.label) for option in say.options)
    return channel.lay_out(Outbound("", "", "", say.text, options))


def _answer(question: Question, today: date) -> str:
    match question.type:
        case QuestionType.SELECT_ONE | QuestionType.SELECT_MULTIPLE:
            return "1"
        case QuestionType.INTEGER | QuestionType.DECIMAL:
            return "34"
        case QuestionType.DATE:
            return today.isoformat()
        case _:
            return "More for young people to do."
