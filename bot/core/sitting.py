"""One address at the desk: who it is, its conversations, and what this message changes in them."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from bot.core import conversation
from bot.core.effects import Effect, Erase, File, Filed, Linking, Say
from bot.core.events import Began, Circumstances, Stopped
from bot.core.invitation import Invitation
from bot.core.phrases import Phrase
from bot.core.questionnaire import Questionnaire
from bot.core.state import Phase, State
from bot.core.survey import QuestionType
from bot.core.window import Window, closed_on, last_day, opens_at, placed


class Listing:
    """One survey as this number offers it: its current version, and when it takes answers."""

    def __init__(self, questionnaire: Questionnaire, closed_at: datetime | None = None) -> None:
        self.questionnaire = questionnaire
        self._closed_at = closed_at
        self.is_closed_by_hand = closed_at is not None
        self.survey = questionnaire.definition.id
        self.opens_at = opens_at(questionnaire.definition)
        closing = closed_on(questionnaire.definition, closed_at)
        self._closes_at = closing
        self.closed_on = last_day(closing) if closing is not None else None

    def with_version(self, questionnaire: Questionnaire) -> "Listing":
        """Return the same survey as if that version were the current one."""
        return Listing(questionnaire, self._closed_at)

    def open_always(self) -> None:
        """Let it take answers at any time, for a rehearsal."""
        self.opens_at = self._closes_at = None

    def window(self, at: datetime) -> Window:
        """Place a moment before, in or after the time in which it takes answers."""
        return placed(self.opens_at, self._closes_at, at)


class Person(Struct, frozen=True, gc=False):
    """What is kept of an address beside its conversations. `current` is the key of the conversation it is in.

    `idle_text` and `idle_count` mark a text that came again and again and moved nothing (invariant 13). `calmed_at` is
    when they were last told where to find help.
    """

    is_stopped: bool = False
    stopped_at: datetime | None = None
    current: str = ""
    language: str = ""
    hour_began: datetime | None = None
    replies: int = 0
    idle_text: str = ""
    idle_count: int = 0
    calmed_at: datetime | None = None


class Thread(Struct, frozen=True, gc=False):
    """One conversation of the address, with the survey version it is pinned to. `respondent` tells people apart."""

    key: str
    questionnaire: Questionnaire
    state: State
    respondent: str = ""

    @property
    def survey(self) -> str:
        """The survey's id."""
        return self.questionnaire.definition.id

    @property
    def is_on_an_open_question(self) -> bool:
        """Whether a question that any words answer awaits its answer."""
        if self.state.phase is not Phase.ASKING or not self.state.standing:
            return False
        return self.questionnaire.question(self.state.standing).type is QuestionType.TEXT


class Outcome(Struct, frozen=True, gc=False):
    """What one message changed. `changed` has every thread whose state is new; `begun` are the keys of new ones.

    `effects` go with the thread they belong to (empty: none). `opt_out` is True for STOP and False for START. `linking`
    says what becomes of this address and another of the same person's. `is_danger` marks a message that a person must
    read; `calms` says that its writer is told where to find help.
    """

    person: Person
    changed: tuple[Thread, ...]
    begun: tuple[str, ...]
    effects: tuple[tuple[str, Effect], ...]
    filed: Filed
    question: str
    survey: str
    thread: str
    opt_out: bool | None
    opt_out_by: str
    erases: bool
    linking: Linking
    is_danger: bool = False
    calms: bool = False

    @property
    def says(self) -> tuple[Say, ...]:
        """The messages to the resident, in order."""
        return tuple(effect for _, effect in self.effects if isinstance(effect, Say))


class Sitting:
    """Gathers an outcome. Nothing outside `bot.core` sees it."""

    def __init__(self, person: Person, threads: Sequence[Thread], at: datetime, *, short: bool) -> None:
        self.person = person
        self.at = at
        self.short = short
        self._threads = {thread.key: thread for thread in threads}
        self._before = dict(self._threads)
        self._begun: list[str] = []
        self.effects: list[tuple[str, Effect]] = []
        self._filed = (Filed.NOISE, "", "", "")
        self._opt_out: bool | None = None
        self._by = "text"
        self._erases = False
        self._linking = Linking.NOTHING
        self._is_danger = False
        self.calms = False

    @property
    def threads(self) -> tuple[Thread, ...]:
        """Every conversation, oldest first."""
        return tuple(self._threads.values())

    @property
    def current(self) -> Thread | None:
        """The conversation the resident is in."""
        return self._threads.get(self.person.current)

    @property
    def own_threads(self) -> tuple[Thread, ...]:
        """The conversations of the person who writes: of whoever the current one is with."""
        current = self.current
        return tuple([one for one in self.threads if current is None or one.respondent == current.respondent])

    @property
    def has_just_completed(self) -> bool:
        """Whether a conversation has ended in this very message."""
        return any(
            thread.state.completed_at is not None
            and (key not in self._before or self._before[key].state.completed_at is None)
            for key, thread in self._threads.items()
        )

    def newest(self, survey: str) -> Thread | None:
        """Return the newest conversation on a survey of the person who writes."""
        return next((thread for thread in reversed(self.own_threads) if thread.survey == survey), None)

    def language(self, default: str) -> str:
        """Return the language to speak to this address in."""
        return self.current.state.language if self.current else self.person.language or default

    def make_current(self, thread: Thread) -> None:
        """Make a conversation the one that texts are for."""
        self.person = replace(self.person, current=thread.key)

    def keep(self, thread: Thread) -> None:
        """Keep a conversation's new state."""
        self._threads[thread.key] = thread

    def take(self, thread: Thread, state: State, effects: Sequence[Effect]) -> None:
        """Take over what a step gave."""
        self.keep(Thread(thread.key, thread.questionnaire, state, thread.respondent))
        for effect in effects:
            if isinstance(effect, File):
                self._filed = (effect.filed, effect.question, thread.survey, thread.key)
            elif isinstance(effect, Erase):
                self._erases = True
            else:
                self.effects.append((thread.key, effect))

    def begin(
        self,
        listing: Listing,
        here: Circumstances,
        language: str,
        greet: Phrase | None = None,
        missing: str = "",
        invitation: Invitation | None = None,
    ) -> None:
        """Begin a conversation on a survey's current version.

        `missing` is a language asked for and not offered, `invitation` what it comes by.
        """
        questionnaire = listing.questionnaire
        offered = {spoken.code for spoken in questionnaire.offered}
        spoken = next(
            (code for code in (language, self.person.language) if code in offered),
            questionnaire.definition.default_language,
        )
        # What a person has chosen stays; who comes next on the same phone has chosen nothing.
        is_chosen = spoken in (language, self.person.language) and greet is None
        source = "chosen" if is_chosen else "default"
        key = f"new{len(self._begun)}"
        # NEW is another person; anybody else goes on as who they are.
        respondent = self.current.respondent if self.current is not None and greet is None else key
        campaign, word = (invitation.campaign, invitation.word) if invitation else ("", "")
        thread = Thread(key, questionnaire, conversation.begin(spoken, source, campaign), respondent)
        self._begun.append(key)
        self.person = replace(self.person, current=key)
        state, effects = conversation.step(questionnaire, thread.state, Began(here, spoken, missing, word))
        if greet is not None:
            effects = tuple(_greeted(effect, questionnaire.say(greet, spoken, short=here.short)) for effect in effects)
        self.take(thread, state, effects)

    def stop(self, thread: Thread, here: Circumstances) -> None:
        """Mark a conversation as stopped; one that is complete stays so. The text counts for the current one alone."""
        state, effects = conversation.step(thread.questionnaire, thread.state, Stopped(here))
        is_current = thread.key == self.person.current
        self.take(thread, state if is_current else replace(state, texts=thread.state.texts), effects)

    def close(self, by: str) -> None:
        """Put the address on STOP."""
        self.person = replace(self.person, is_stopped=True)
        self._opt_out, self._by = True, by

    def reopen(self) -> None:
        """Take the address off STOP."""
        self.person = replace(self.person, is_stopped=False)
        self._opt_out = False

    def resume(self, threads: Iterable[Thread]) -> None:
        """Let conversations that STOP had ended go on."""
        for thread in threads:
            if thread.state.stopped_at is not None:
                self.keep(replace(thread, state=replace(thread.state, stopped_at=None)))

    def erase(self) -> None:
        """Remove everything that the address ever gave."""
        self._erases = True

    def link(self, linking: Linking) -> None:
        """Offer a code to join another address, or join this one to where its code led."""
        self._linking = linking

    def flag(self, calm: str) -> None:
        """Mark the message for a person to read, and put what is said to its writer before the reply, if there is one.

        `calm` is empty where it was said already. Who is on STOP gets no reply, and so not this either.
        """
        self._is_danger = True
        first = next((place for place, (_, effect) in enumerate(self.effects) if isinstance(effect, Say)), None)
        if calm and first is not None:
            key, say = self.effects[first]
            assert isinstance(say, Say)
            self.effects[first] = (key, replace(say, text=f"{calm}\n{say.text}"))
            self.calms = True

    def say(self, say: Say) -> None:
        """Say something that belongs to no conversation."""
        self.effects.append(("", say))

    def add(self, sentence: str) -> None:
        """Add a sentence to the last message."""
        place, key, last = [(i, key, e) for i, (key, e) in enumerate(self.effects) if isinstance(e, Say)][-1]
        self.effects[place] = (key, replace(last, text=f"{last.text}\n{sentence}"))

    def file(self, filed: Filed, survey: str = "") -> None:
        """Say where the message stands in the reconciliation report."""
        thread = self.current
        about = survey or (thread.survey if thread else "")
        self._filed = (filed, "", about, thread.key if thread and not survey else "")

    def outcome(self, person: Person, *, is_silent: bool) -> Outcome:
        """Close the sitting. A silent one keeps everything and says nothing."""
        changed = tuple(t for key, t in self._threads.items() if self._before.get(key) is not t)
        effects = tuple(self.effects)
        if is_silent:
            effects = tuple((key, effect) for key, effect in effects if not isinstance(effect, Say))
        filed, question, survey, thread = self._filed
        return Outcome(
            person,
            changed,
            tuple(self._begun),
            effects,
            filed,
            question,
            survey,
            thread,
            self._opt_out,
            self._by,
            self._erases,
            self._linking,
            self._is_danger,
            self.calms and not is_silent,
        )

    @property
    def is_farewell(self) -> bool:
        """Whether the message was STOP, or removed everything."""
        return self._opt_out is True or self._erases

    @property
    def moved(self) -> bool:
        """Whether the message moved anything: an answer, a place, a language, a phase, STOP, START or a link."""
        if self._begun or self._opt_out is not None or self._erases or self._linking is Linking.JOINS:
            return True
        if self._filed[0] is Filed.ANSWER:
            return True
        return any(
            _position(thread.state) != _position(self._before[key].state)
            for key, thread in self._threads.items()
            if self._before.get(key) is not thread
        )


def _position(state: State) -> tuple[str, Phase, str, str]:
    return state.standing, state.phase, state.language, state.keyword_asked


def _greeted(effect: Effect, greeting: str) -> Effect:
    return replace(effect, text=f"{greeting} {effect.text}") if isinstance(effect, Say) else effect
