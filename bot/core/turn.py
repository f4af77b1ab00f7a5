"""One turn in the making: what a step gathers before it is done. Nothing outside `bot.core` sees it."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from bot.core.effects import Effect, File, Filed, NoteOptIn, Option, Record, Say
from bot.core.events import Circumstances
from bot.core.opening import closing
from bot.core.phrases import Phrase
from bot.core.questionnaire import Questionnaire
from bot.core.reading import Asked
from bot.core.replies import own_fingerprint
from bot.core.state import AnswerState, Given, Phase, State
from bot.core.survey import Question, QuestionType, Role
from bot.core.way import Way
from bot.core.window import london_day

AGREED = ("yes", "y", "1", "true")
"""Codes that give leave on a question for the opt-in ledger."""


class Turn:
    """The state so far, the sentences so far, and the effects so far."""

    def __init__(self, questionnaire: Questionnaire, state: State, here: Circumstances) -> None:
        self.q = questionnaire
        self.here = here
        self.today = london_day(here.at)
        self.now = int(here.at.timestamp())
        sent = int((here.sent_at or here.at).timestamp())
        self.state = replace(state, heard_at=self.now, texts=state.texts + 1, last_sent=max(sent, state.last_sent))
        self.sentences: list[str] = []
        self.effects: list[Effect] = []
        self.instead: Callable[[], None] | None = None  # what goes out where the next question would stand, once
        self.is_own = False  # what is said is this person's alone
        self._recalled = here.recalled
        self._way: Way | None = None

    # -- what is known ------------------------------------------------------------------------------------------------

    @property
    def way(self) -> Way:
        """The questions and notes that apply, given the answers so far."""
        if self._way is None:
            values = self.values() if self.q.has_logic(self.here.source) else {}
            self._way = self.q.way(self.here.source, values, self.today)
        return self._way

    @property
    def standing(self) -> Question | None:
        """The question that awaits an answer."""
        return self.q.question(self.state.standing) if self.state.standing else None

    def values(self) -> dict[str, str]:
        """Every answer as the survey's expressions see it."""
        return self.q.values(self.state, self._recalled, self.today)

    def shown(self, question: Question) -> tuple[int, ...]:
        """Return the places of the choices that this resident is offered."""
        return self.q.choices(question, self.values() if question.choice_filter else {}, self.today)

    def stands(self, question: Question) -> bool:
        """Whether the question has an answer that its choice filter still lets through."""
        given = self.state.given.get(question.name)
        if given is None or given.state is not AnswerState.ANSWERED:
            return False
        offered = {question.choices[place].name for place in self.shown(question)} if question.choice_filter else None
        return offered is None or offered.issuperset(given.value.split())

    def place_of(self, question: Question) -> str:
        """Write the question's "2/8"."""
        return str(self.way.place(question.name))

    @property
    def first_place(self) -> str:
        """The "1/8" of a survey that has not begun, or is done."""
        first = next(iter(self.way.asked), None)
        return self.place_of(first) if first is not None else "1/1"

    @property
    def next_place(self) -> str:
        """The place of the question to go on with: all that awaits an answer shows one, the bot's own too."""
        return self.place_of(self.standing) if self.standing is not None else self.first_place

    def asked(self, question: Question) -> Asked:
        """Return what a reply to the question is read against."""
        return self.q.asked_now(question, self.state, self.here)

    # -- what is said -------------------------------------------------------------------------------------------------

    def say(self, phrase: Phrase, /, **values: object) -> None:
        """Add one of the bot's own sentences."""
        self.sentences.append(self.q.say(phrase, self.state.language, short=self.here.short, **values))

    def add(self, text: str) -> None:
        """Add words of the survey file."""
        if text:
            self.sentences.append(text)

    def change(self, **fields: Any) -> None:  # noqa: ANN401 - replace checks the names
        """Change the state."""
        self.state = replace(self.state, **fields)

    def file(self, filed: Filed, question: str = "") -> None:
        """Say where the message stands in the reconciliation report."""
        self.effects.append(File(filed, question))

    def send(self, question: Question | None = None, options: tuple[Option, ...] = ()) -> None:
        """End the message: with a question, if one awaits an answer, and its options."""
        if question is not None and self.instead is not None:
            instead, self.instead = self.instead, None
            instead()
            return
        if self.state.behind:
            self.change(behind=False, last_sent=self.now)  # whatever was sent before this is no answer to it
        if question is not None:
            if self.state.unseen:
                self.change(unseen=False)
            self.sentences.append(f"{self.place_of(question)} {self._prompt(question)}")
            options = self._options(question)
        takes_several = question is not None and question.type is QuestionType.SELECT_MULTIPLE
        name = question.name if question is not None else ""
        opener = self.q.say(Phrase.OPEN_LIST, self.state.language) if options else ""
        self.effects.append(Say("\n".join(self.sentences), options, takes_several, name, self.is_own, opener))
        self.sentences = []

    def _prompt(self, question: Question) -> str:
        return self.q.prompt(question, self.state.language, self.here.short)

    def _options(self, question: Question) -> tuple[Option, ...]:
        if not question.is_closed:
            return ()
        return self.q.options(question, self.state.language, self.here.short, self.shown(question))

    # -- what moves ---------------------------------------------------------------------------------------------------

    def finish(self) -> tuple[State, tuple[Effect, ...]]:
        """Close the turn: the new state and the effects, in order."""
        answered, applicable = self.way.progress(self.state.given)
        # A survey that was opened again takes answers in time.
        late = self.state.late and self.here.is_closed
        self.change(core_answered=answered, core_applicable=applicable, late=late)
        for effect in self.effects:
            if isinstance(effect, Say):
                numbered = [f"{i} {option.label}" for i, option in enumerate(effect.options, 1)]
                self.change(last_reply=own_fingerprint("\n".join([effect.text, *numbered])))
        return self.state, tuple(self.effects)

    def repeat(self) -> None:
        """Put the standing question again, below what was said."""
        self.send(self.standing)

    def record(
        self,
        question: Question,
        state: AnswerState,
        said: str,
        *,
        join: bool = False,
        is_open: bool = False,
        **found: Any,  # noqa: ANN401 - the fields of Record, which checks them
    ) -> None:
        """Keep a new revision of an answer; for the opt-in ledger, keep it there instead."""
        before = self.state.given.get(question.name)
        revision = before.revision + 1 if before else 1
        value: str = found.get("value", "")
        kept = "" if question.type is QuestionType.TEXT else value
        answered = state is AnswerState.ANSWERED
        self.change(
            given={**self.state.given, question.name: Given(state, kept, revision, is_open)},
            last_answer_at=self.now if answered else self.state.last_answer_at,
        )
        self._way = None
        if question.type is QuestionType.TEXT:
            whole = f"{self._recalled.get(question.name, '')}\n{said}" if join else said
            self._recalled = {**self._recalled, question.name: whole}
        if question.role is Role.CONTACT:
            # Leave that was given and is then skipped is taken back: as easy as giving it (UK GDPR, article 7.3).
            if answered or (before is not None and before.state is AnswerState.ANSWERED):
                self._note_opt_in(question, value)
            return
        asked_at = self.state.asked_at or None if question.name == self.state.standing else None
        self.effects.append(Record(question.name, state, revision, said, join=join, asked_at=asked_at, **found))

    def _note_opt_in(self, question: Question, value: str) -> None:
        given = value.lower() in AGREED
        self.effects.append(NoteOptIn(question.name, given, self._prompt(question)))

    def advance(self) -> None:
        """Go on to the first question that is not settled, notes before it included; or thank and end."""
        target = self._settle()
        place = self.q.index(target.name) if target else len(self.q.definition.questions)
        for question in self.way.questions:
            if question.type is QuestionType.NOTE and self.state.reached < self.q.index(question.name) < place:
                self.add(self._prompt(question))
        self.change(
            reached=max(self.state.reached, place),
            open_before=self._open_before(),
            standing=target.name if target else "",
            tries=0,
            keyword_asked="",
            asked_at=self.now,
        )
        self._calculate()
        if target is None:
            self._end()
            return
        self.change(trail=(*(n for n in self.state.trail if n != target.name), target.name))
        self.send(target)

    def reconsider(self) -> None:
        """Take back what the skip logic no longer reaches, and calculate anew, without asking anything."""
        questions = self.q.definition.questions
        place = self.q.index(self.state.standing) if self.state.standing else len(questions)
        while self.q.has_logic(self.here.source) and self._pass_over(place):
            pass
        self._calculate()

    def _settle(self) -> Question | None:
        """Find the next question, after taking back what the skip logic no longer reaches (as XForms does)."""
        while True:
            target = self._next()
            place = self.q.index(target.name) if target else len(self.q.definition.questions)
            if not self.q.has_logic(self.here.source) or not self._pass_over(place):
                return target

    def _pass_over(self, place: int) -> bool:
        """Record the questions before a place that do not apply; say whether that took an answer back."""
        names = self.way.names
        took_back = False
        for question in self.q.route(self.here.source):
            given = self.state.given.get(question.name)
            if question.name in names or not question.is_asked or self.q.index(question.name) >= place:
                continue
            if given is None or given.state is not AnswerState.NOT_APPLICABLE:
                took_back = took_back or given is not None
                self.record(question, AnswerState.NOT_APPLICABLE, "")
        return took_back

    def _next(self) -> Question | None:
        given = self.state.given
        for question in self.way.asked:
            one = given.get(question.name)
            if one is None or not self._is_settled(question, one):
                return question
        return None

    def _is_settled(self, question: Question, given: Given) -> bool:
        """Whether it need not be asked again: an answer that the choice filter no longer offers is, as in XForms."""
        if not question.choice_filter or given.state is not AnswerState.ANSWERED:
            return given.is_settled
        return self.stands(question)

    def _open_before(self) -> str:
        before = self.standing
        if before is None or before.type is not QuestionType.TEXT:
            return ""
        given = self.state.given.get(before.name)
        return before.name if given is not None and given.state is AnswerState.ANSWERED else ""

    def _end(self) -> None:
        self.change(phase=Phase.COMPLETE)
        if self.state.completed_at is None:
            self.change(completed_at=self.now)
            self.add(closing(self.q, self.state.language, self.here.short))
        else:
            self.say(Phrase.CHANGED)
        self.send()

    def _calculate(self) -> None:
        """Record every calculation whose value has changed."""
        for question, value in self.q.calculated(self.values() if self.q.has_calculations else {}):
            before = self.state.given.get(question.name)
            mark = self.q.mark(value)
            if (before is None and value) or (before is not None and before.value != mark):
                revision = before.revision + 1 if before else 1
                state = AnswerState.ANSWERED if value else AnswerState.NOT_APPLICABLE
                self.change(given={**self.state.given, question.name: Given(state, mark, revision)})
                self.effects.append(Record(question.name, state, revision, "", value=value, rule="calculated"))
