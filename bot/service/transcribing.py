"""What a person heard in a voice note, as an answer: shown what waits, written down, or left.

The one who writes chooses nothing: the words are read by the rules for typed replies (invariant 6).
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from msgspec import Struct

from bot.core.events import Circumstances
from bot.core.questionnaire import Questionnaire
from bot.core.sitting import Thread
from bot.core.spoken import applies, write_down
from bot.core.state import State
from bot.core.survey import wording
from bot.service.answer_rows import Given, answer_rows
from bot.service.deciding import state_row
from bot.service.happened import what_happened
from bot.service.library import Library, UnknownVersion
from bot.service.voice import ONE_LISTENING_MS
from storage import transcribing, voice
from storage.flagging import flag_kept
from storage.installation import is_demo
from storage.script import Database, Script
from storage.staff import note_once
from storage.transcribing import Hand, Spoken, Verdict, Written
from storage.voice import GivenAnswer, OpenNote

VOICE = "voice"
"""The export's word for an answer that was spoken."""


NO_QUESTION = "None: it answers no question, as after the last one. Listen to it, and leave it."


class Note(Struct, frozen=True):
    """One voice note as a page shows it; `survey` and `question` are as a person reads them, in the default language.

    `answered_since` is what the resident has answered by their own hand since, in their words; None where they have
    not. Times are epoch milliseconds UTC.
    """

    id: str
    survey: str
    question: str
    language: str
    channel: str
    received_at: int
    seconds: int | None
    is_here: bool
    problem: str
    keep_until: int | None
    answered_since: str | None


class Desk(Struct, frozen=True):
    """What waits for somebody to write it down: how much there is, and the oldest of it."""

    count: int
    notes: tuple[Note, ...]


class Transcribing:
    """Shows and settles voice notes; every change is in the audit log. `now` gives epoch milliseconds UTC."""

    def __init__(self, database: Database, library: Library, *, now: Callable[[], int]) -> None:
        self._database = database
        self._library = library
        self._now = now

    async def waiting(self) -> Desk:
        """Show what waits. The voice notes of trials count in a demo's database alone."""
        now = self._now()
        await self._library.load()
        return await self._database.read(lambda: self._waiting(now))

    async def note_words_seen(self, desk: Desk, hand: Hand) -> None:
        """Note in the audit log that a member of staff is shown answers, which stand beside some voice notes."""
        now = self._now()
        for each in desk.notes:
            if each.answered_since is not None:
                seen = partial(note_once, now, hand.name, "answer seen", each.id, now - ONE_LISTENING_MS)
                await self._database.run(seen)

    async def write(self, note_id: str, text: str, hand: Hand) -> Verdict:
        """Write down what was said, verbatim; say what became of it. What speaks of danger is flagged unless GONE.

        For UNCLEAR, ANSWERED_SINCE, NOT_ASKED and GONE nothing else is written.
        """
        try:
            return await self._write(note_id, text, hand)
        except UnknownVersion:  # another process has published it
            await self._library.load()
            return await self._write(note_id, text, hand)

    async def leave(self, note_id: str, hand: Hand) -> Verdict:
        """Leave a voice note as it is: it holds no answer, or the resident's own stays."""
        now = self._now()
        return await self._database.run(lambda: transcribing.leave(note_id, hand, now))

    async def _write(self, note_id: str, text: str, hand: Hand) -> Verdict:
        now = self._now()
        watch = self._library.watch
        is_danger = watch is not None and watch.hears(text)

        def script() -> Script[Verdict]:
            verdict = yield from transcribing.transcribe(
                note_id, lambda spoken: self._decide(spoken, text), hand, now, self._library.recalled
            )
            if is_danger and verdict is not Verdict.GONE:
                yield from flag_kept(note_id, now)
            return verdict

        return await self._database.run(script)

    def _waiting(self, now: int) -> Script[Desk]:
        include_test = yield from is_demo()
        count, found = yield from voice.open_notes(now, include_test=include_test)
        notes = []
        for each in found:
            given = yield from voice.newest_answer(each.response_id, each.question)
            notes.append(self._shown(each, given))
        return Desk(count, tuple(notes))

    def _shown(self, note: OpenNote, given: GivenAnswer | None) -> Note:
        questionnaire = self._library.questionnaire(note.survey, note.version)
        default = questionnaire.definition.default_language
        question = (
            wording(questionnaire.question(note.question).label, default, default) if note.question else NO_QUESTION
        )
        is_answered = given is not None and given.is_newer_than(note.received_at)
        return Note(
            id=note.id,
            survey=wording(questionnaire.definition.title, default, default),
            question=question,
            language=note.language,
            channel=note.channel,
            received_at=note.received_at,
            seconds=note.seconds,
            is_here=note.fetched_at is not None,
            problem=note.problem,
            keep_until=note.keep_until,
            answered_since=_in_words(questionnaire, note.question, given) if is_answered and given else None,
        )

    def _decide(self, spoken: Spoken, text: str) -> Written:
        """Read the words against the conversation as it stands. Raises UnknownVersion."""
        questionnaire = self._library.questionnaire(spoken.survey, spoken.version)
        state = State.from_json(spoken.state)
        given = spoken.given
        if given is not None and given.is_newer_than(spoken.received_at):
            return Written(Verdict.ANSWERED_SINCE)
        at = datetime.fromtimestamp(spoken.received_at / 1000, UTC)
        here = Circumstances(at, spoken.channel, spoken.source, short=False, recalled=spoken.recalled)
        if not spoken.question or not applies(questionnaire, state, here, spoken.question):
            return Written(Verdict.NOT_ASKED)
        joins = given is not None and given.input == VOICE and given.state == "answered"
        down = write_down(questionnaire, state, here, spoken.question, text, joins=joins, is_late=spoken.is_late)
        if down.became is None:
            return Written(Verdict.UNCLEAR)
        thread = Thread(spoken.conversation_id, questionnaire, down.state)
        how = Given(spoken.channel, VOICE, "full", spoken.received_at)
        rows = [row for record in down.records for row in answer_rows(record, thread, spoken.response_id, how)]
        event = what_happened(state, down.state, is_answered=bool(rows))
        shown = state_row(thread, spoken.conversation_id, spoken.response_id, event)
        return Written(Verdict(down.became.value), shown, tuple(rows))


def _in_words(questionnaire: Questionnaire, name: str, given: GivenAnswer) -> str:
    """Write an answer for a person: what was said, or else the labels of what was chosen."""
    default = questionnaire.definition.default_language
    choices = questionnaire.question(name).choices
    labels = [wording(choice.label, default, default) for choice in choices if choice.name in given.codes]
    return given.said or ", ".join(labels) or " ".join(given.codes)
