"""A survey version made ready to be conducted: its wording, its options and its way through, looked up once."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import compress

from msgspec.structs import replace

from bot.core import expressions
from bot.core.effects import Option
from bot.core.events import Circumstances
from bot.core.limits import OPTION_ID_BYTES
from bot.core.listening import Listener
from bot.core.phrases import Phrase, Phrases
from bot.core.reading import Asked
from bot.core.reading import Option as ReadOption
from bot.core.state import AnswerState, State
from bot.core.survey import Language, Question, QuestionType, Role, SurveyDefinition, Texts, short_wording, wording
from bot.core.way import Way
from bot.core.window import london_day
from bot.core.words import Words

_AT_MOST = re.compile(r"count-selected\(\s*\.\s*\)\s*(<=?)\s*(\d+)")

WITHOUT_ADDRESS = ("web", "assisted", "paper", "phone")
"""Ways of answering page by page: nobody's number or account is known there."""

WAYS_KEPT = 1_000
"""Ways through one survey that are kept ready; a survey with much skip logic has more, which are made anew."""


NOWHERE_ELSE: Mapping[str, str] = {}


class Questionnaire:
    """One version of a survey with the phrases and word tables it is asked with. Immutable but for its caches.

    `reached_by` says for each source (`sms`, `web` ...) where residents can answer by it: `WhatsApp 07700 900123`.
    """

    def __init__(
        self,
        definition: SurveyDefinition,
        phrases: Phrases,
        words: Mapping[str, Words],
        offered: Sequence[Language] = (),
        listener: Listener | None = None,
        reached_by: Mapping[str, str] = NOWHERE_ELSE,
    ) -> None:
        self.definition = definition
        self.reached_by = reached_by
        self.phrases = phrases
        self.listener = listener
        self._words = words
        self.offered = tuple(offered) or (Language(definition.default_language, definition.default_language),)
        self._index = {question.name: i for i, question in enumerate(definition.questions)}
        self._ways: dict[tuple[str, tuple[bool, ...]], Way] = {}
        self._routes: dict[str, tuple[Question, ...]] = {}
        self._options: dict[tuple[str, str, bool], tuple[Option, ...]] = {}
        self._asked: dict[tuple[str, str], tuple[ReadOption, ...]] = {}
        self._mark = definition.hash[:8]
        self._has_logic: dict[str, bool] = {}
        self._calculations = tuple(q for q in definition.questions if q.type is QuestionType.CALCULATE)

    @property
    def has_calculations(self) -> bool:
        """Whether the survey calculates anything."""
        return bool(self._calculations)

    def calculated(self, values: Mapping[str, str]) -> list[tuple[Question, str]]:
        """Return every calculation with its value among `values`."""
        return [(question, values.get(question.name, "")) for question in self._calculations]

    def mark(self, value: str) -> str:
        """Return a short mark by which a changed calculation is seen, without keeping words in the state."""
        return hashlib.sha256(value.encode(errors="replace")).hexdigest()[:8] if value else ""

    def question(self, name: str) -> Question:
        """Return the question of that name."""
        return self.definition.questions[self._index[name]]

    def index(self, name: str) -> int:
        """Say where in the survey a question stands, notes counted."""
        return self._index[name]

    def words(self, language: str) -> Words:
        """Return the word tables for a conversation in that language: its own first, then the others."""
        return self._words.get(language) or self._words[""]

    def say(self, phrase: Phrase, language: str, /, *, short: bool = False, **values: object) -> str:
        """Write one of the bot's own sentences; `short` asks for the SMS wording."""
        return self.phrases.say(phrase, language, short=short, **values)

    def text(self, texts: Texts, language: str) -> str:
        """Choose a wording of the survey file, in the language or else the default one."""
        return wording(texts, language, self.definition.default_language)

    def title(self, language: str) -> str:
        """Return the survey's title."""
        return self.text(self.definition.title, language)

    def prompt(self, question: Question, language: str, short: bool) -> str:
        """Return the wording of a question or note: the short one where there is one and the channel wants it."""
        if short:
            return short_wording(question.label, question.sms_label, language, self.definition.default_language)
        label = self.text(question.label, language)
        hint = self.text(question.hint, language)
        return f"{label}\n{hint}" if hint else label

    def page_label(self, question: Question, language: str) -> str:
        """Return the wording of a question or note on a page."""
        return short_wording(question.label, question.web_label, language, self.definition.default_language)

    def page_hint(self, question: Question, language: str) -> str:
        """Return what a page says of how to answer."""
        return short_wording(question.hint, question.web_hint, language, self.definition.default_language)

    def route(self, source: str) -> tuple[Question, ...]:
        """Return the questions and notes that may be asked by this way, in order.

        What is asked for the opt-in ledger is asked only where there is an address to write down with it.
        """
        if source not in self._routes:
            self._routes[source] = tuple(
                q
                for q in self.definition.questions
                if q.type is not QuestionType.CALCULATE
                and (not q.channels or source in q.channels)
                and (q.role is not Role.CONTACT or source not in WITHOUT_ADDRESS)
            )
        return self._routes[source]

    def most_asked(self, source: str) -> int:
        """Count what could be asked by this way, whatever the answers: each resident meets at most so many."""
        return sum(q.is_asked for q in self.route(source))

    def has_logic(self, source: str) -> bool:
        """Say whether any question that may be asked by this way has a condition."""
        if source not in self._has_logic:
            self._has_logic[source] = any(q.relevant for q in self.route(source))
        return self._has_logic[source]

    def values(self, state: State, recalled: Mapping[str, str], today: date) -> dict[str, str]:
        """Return every answer as the survey's expressions see it, calculations included."""
        values = {}
        for name, given in state.given.items():
            kind = self.question(name).type
            if given.state is AnswerState.ANSWERED and kind is not QuestionType.CALCULATE:
                values[name] = recalled.get(name, "") if kind is QuestionType.TEXT else given.value
        for question in self._calculations:
            if self.holds(question.relevant, values, today):
                values[question.name] = self.value_of(question.calculation, values, today)
        return values

    def holds(self, expression: str, values: Mapping[str, str], today: date, current: str | None = None) -> bool:
        """Evaluate a condition; an empty one holds."""
        if not expression:
            return True
        return expressions.holds(expression, values, current=current, today=today, choice_names=self._choice_name)

    def value_of(self, expression: str, values: Mapping[str, str], today: date) -> str:
        """Evaluate a calculation."""
        return expressions.value_of(expression, values, current=None, today=today, choice_names=self._choice_name)

    def way(self, source: str, values: Mapping[str, str], today: date) -> Way:
        """Return what applies by now, for a way of answering."""
        route = self.route(source)
        taken: tuple[bool, ...] = ()
        if self.has_logic(source):
            taken = tuple(not q.relevant or self.holds(q.relevant, values, today) for q in route)
        key = (source, taken)
        if key not in self._ways:
            if len(self._ways) >= WAYS_KEPT:
                self._ways.clear()
            self._ways[key] = Way(compress(route, taken) if taken else route)
        return self._ways[key]

    def choices(self, question: Question, values: Mapping[str, str], today: date) -> tuple[int, ...]:
        """Return the places of the choices that the choice filter lets through."""
        if not question.choice_filter:
            return tuple(range(len(question.choices)))
        let_through = {choice.name for choice in expressions.offered(question, values, today=today)}
        return tuple(i for i, choice in enumerate(question.choices) if choice.name in let_through)

    def options(self, question: Question, language: str, short: bool, shown: Sequence[int]) -> tuple[Option, ...]:
        """Return the options under a question, in order, with their labels in the language."""
        key = (question.name, language, short)
        if key not in self._options:
            place = self._index[question.name]
            self._options[key] = tuple(
                Option(f"{self._mark}.{place}.{i}", self.label(question, i, language, short))
                for i in range(len(question.choices))
            )
        every = self._options[key]
        return every if len(shown) == len(every) else tuple(every[i] for i in shown)

    def label(self, question: Question, place: int, language: str, short: bool) -> str:
        """Return one choice's label."""
        choice = question.choices[place]
        if short:
            return short_wording(choice.label, choice.sms_label, language, self.definition.default_language)
        return self.text(choice.label, language)

    def asked(self, question: Question, language: str, shown: Sequence[int], today: date) -> Asked:
        """Return what a reply is read against: the options as they were numbered, with every wording they have."""
        key = (question.name, language)
        wording = self.text(question.label, language)
        if key not in self._asked or len(shown) != len(question.choices):
            default = self.definition.default_language
            options = tuple(
                ReadOption(
                    question.choices[i].name,
                    number,
                    tuple(
                        dict.fromkeys(
                            text
                            for spoken in (language, default)
                            for text in (
                                question.choices[i].label.get(spoken, ""),
                                question.choices[i].sms_label.get(spoken, ""),
                            )
                            if text
                        )
                    ),
                )
                for number, i in enumerate(shown, 1)
            )
            if len(shown) != len(question.choices):
                return Asked(question.type, options, self.most(question), today, wording)
            self._asked[key] = options
        return Asked(question.type, self._asked[key], self.most(question), today, wording)

    def asked_now(self, question: Question, state: State, here: Circumstances) -> Asked:
        """Return what a reply to the question is read against in a conversation as it stands."""
        today = london_day(here.at)
        values = self.values(state, here.recalled, today) if question.choice_filter else {}
        asked = self.asked(question, state.language, self.choices(question, values, today), today)
        if state.pair and question.name == state.standing:
            return replace(asked, offered=state.pair, is_numbered=here.short)
        return asked

    def most(self, question: Question) -> int | None:
        """Say how many choices a constraint such as `count-selected(.) <= 3` allows; None where it says nothing."""
        if question.type is not QuestionType.SELECT_MULTIPLE:
            return None
        found = _AT_MOST.search(question.constraint)
        return int(found[2]) - (found[1] == "<") if found else None

    def tapped(self, choice_id: str) -> tuple[Question, int] | None:
        """Say which question and choice a button was for; None for a button that is not of this version."""
        mark, _, rest = choice_id.partition(".")
        place, _, choice = rest.partition(".")
        is_ours = mark == self._mark and len(choice_id) <= OPTION_ID_BYTES
        if not is_ours or not (place.isdecimal() and choice.isdecimal()):
            return None
        if int(place) >= len(self.definition.questions):
            return None
        question = self.definition.questions[int(place)]
        return (question, int(choice)) if int(choice) < len(question.choices) else None

    def _choice_name(self, name: str, code: str) -> str:
        question = self.question(name)
        return next(
            (self.text(c.label, self.definition.default_language) for c in question.choices if c.name == code), ""
        )
