"""Plays a resident against the core alone: texts in, the SMS that comes back out. No database, no clock, no network."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from msgspec.structs import replace

from bot.core.desk import Desk
from bot.core.effects import NoteOptIn, Record
from bot.core.invitation import Invitation
from bot.core.listening import Listener
from bot.core.message import Heard, Message
from bot.core.phrases import Phrases
from bot.core.questionnaire import Questionnaire
from bot.core.sitting import Listing, Outcome, Person, Thread
from bot.core.state import State
from bot.core.survey import SurveyDefinition
from bot.core.words import Words, in_order
from bot.service.catalogues import load_catalogues, phrases_of
from bot.service.word_files import load_words
from bot.surveys.compile import compile_survey
from channels.base import Option
from channels.layout import with_numbered_options

SHIPPED = Path(__file__).parents[1] / "surveys" / "stoke-community-cohesion.xlsx"
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


@cache
def words() -> Words:
    """Load the word tables that ship."""
    return tuple(load_words())


@cache
def shipped() -> SurveyDefinition:
    """Compile the survey that ships."""
    return compile_survey(SHIPPED).definition


def questionnaire(
    definition: SurveyDefinition, listener: Listener | None = None, phrases: Phrases | None = None
) -> Questionnaire:
    """Make a definition ready, with every language offered."""
    tables = {"": words(), **{table.language: in_order(words(), table.language) for table in words()}}
    return Questionnaire(definition, phrases or Phrases(), tables, definition.languages, listener)


@dataclass
class Resident:
    """One phone. `answers` holds the newest revision of each answer, as the store would."""

    desk: Desk
    at: datetime = NOON
    person: Person = field(default_factory=Person)
    threads: dict[str, Thread] = field(default_factory=dict)
    answers: dict[tuple[str, str], Record] = field(default_factory=dict)
    said: dict[tuple[str, str], str] = field(default_factory=dict)
    opt_ins: list[NoteOptIn] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    short: bool = True
    erased: int = 0
    last_reply: str = ""
    _made: int = 0

    def text(self, text: str, **how: object) -> str:
        """Send one text and return the whole reply, or an empty string for silence."""
        self.at += timedelta(minutes=1)
        message = Message(self.at, Heard.TEXT, text, "sms", "sms", self.short)
        return self.send(replace(message, **how))

    def send(self, message: Message) -> str:
        """Send one message, as the service would: states go through JSON, new conversations get ids."""
        recalled = {key: {q: said for (k, q), said in self.said.items() if k == key} for key in self.threads}
        message = replace(message, recalled=recalled)
        outcome = self.desk.receive(self.person, tuple(self.threads.values()), message)
        self.outcomes.append(outcome)
        names = {key: f"c{self._made + i}" for i, key in enumerate(outcome.begun)}
        self._made += len(names)
        self.person = replace(outcome.person, current=names.get(outcome.person.current, outcome.person.current))
        for thread in outcome.changed:
            key = names.get(thread.key, thread.key)
            respondent = names.get(thread.respondent, thread.respondent)
            self.threads[key] = replace(
                thread, key=key, respondent=respondent, state=State.from_json(thread.state.to_json())
            )
        for owner, effect in outcome.effects:
            key = names.get(owner, owner)
            if isinstance(effect, Record):
                before = self.said.get((key, effect.question), "")
                self.said[key, effect.question] = f"{before}\n{effect.said}" if effect.join else effect.said
                self.answers[key, effect.question] = effect
            elif isinstance(effect, NoteOptIn):
                self.opt_ins.append(effect)
        if outcome.erases:
            self.forget()
        replies = [
            with_numbered_options(say.text, [Option(o.id, o.label) for o in say.options]) for say in outcome.says
        ]
        self.last_reply = "\n---\n".join(replies) or self.last_reply
        return "\n---\n".join(replies)

    def forget(self) -> None:
        """Do what the service does when a turn erases."""
        self.person = Person(is_stopped=self.person.is_stopped)
        self.threads, self.answers, self.said = {}, {}, {}
        self.erased += 1

    def wait(self, **time: float) -> None:
        """Let time pass."""
        self.at += timedelta(**time)

    @property
    def state(self) -> State:
        """The state of the conversation the resident is in."""
        return self.threads[self.person.current].state

    @property
    def codes(self) -> dict[str, str]:
        """The newest answers of the current conversation, as codes or numbers; states where there is none."""
        return {
            question: " ".join(record.codes) or record.value or record.state.value
            for (key, question), record in self.answers.items()
            if key == self.person.current
        }

    @property
    def filed(self) -> str:
        """Where the last message was filed."""
        return self.outcomes[-1].filed.value


def resident(
    *definitions: SurveyDefinition,
    closed_at: datetime | None = None,
    short: bool = True,
    listener: Listener | None = None,
    phrases: Phrases | None = None,
    invitations: Sequence[Invitation] = (),
) -> Resident:
    """Make a phone that can reach these surveys, and has seen the posters of these campaigns."""
    ready = [questionnaire(definition, listener, phrases) for definition in definitions or (shipped(),)]
    listings = [Listing(one, closed_at) for one in ready]
    return Resident(Desk(listings, phrases or Phrases(), words(), invitations=invitations), short=short)


@cache
def every_phrase() -> Phrases:
    """Load what the bot says in every language."""
    return phrases_of(load_catalogues())


def write_down(phone: Resident, written: str) -> str:
    """Play a transcript's own lines by SMS, and write it down with the answers as they are now."""
    lines: list[str] = []
    for line in written.splitlines():
        if line.startswith("> "):
            said = phone.text(line[2:]) or "(no reply)"
            lines += [line, *(f"    {part}".rstrip() for part in said.splitlines()), ""]
        elif line.startswith("#"):
            lines.append(line)
    return "\n".join(lines).rstrip() + "\n"


def play(phone: Resident, texts: Sequence[str]) -> list[str]:
    """Send texts one after the other and return the replies."""
    return [phone.text(text) for text in texts]
