"""Replay: read the raw messages of every response again, and say what the bot would make of them today.

It changes nothing. What differs after a mended table or rule is for a person to judge (invariant 11).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from bot.core.desk import Desk
from bot.core.effects import Record
from bot.core.invitation import CampaignState
from bot.core.message import Heard
from bot.core.sitting import Person, Thread
from bot.service.deciding import message_of
from bot.service.library import Library
from channels.base import Channel
from storage import replaying
from storage.replaying import KeptMessage, StoredAnswer
from storage.script import Database


@dataclass(frozen=True, slots=True)
class Difference:
    """One question of one response that would be read otherwise. Codes and states only, never words."""

    response_id: str
    question: str
    stored: str
    now: str

    def __str__(self) -> str:
        """Write it as one tab-separated line."""
        return f"{self.response_id}\t{self.question}\tstored {self.stored}\tnow {self.now}"


async def replay(
    database: Database, library: Library, channels: Mapping[str, Channel], survey: str
) -> list[Difference]:
    """Replay a survey, response by response in the order in which they began. Raises LookupError for an unknown one."""
    if survey not in library.desk.listings:
        raise LookupError(survey)
    differences: list[Difference] = []
    for response_id, version in await database.read(lambda: replaying.responses(survey)):
        kept = await database.read(lambda response_id=response_id: replaying.messages(response_id))  # type: ignore[misc]
        stored = await database.read(lambda response_id=response_id: replaying.answers(response_id))  # type: ignore[misc]
        if not kept or any(message.is_blank for message in kept):
            continue  # its words have passed their date, or were erased: there is nothing to read again
        read = _read_again(library, channels, survey, version, kept)
        differences += _compare(response_id, stored, read)
    return differences


def _read_again(
    library: Library, channels: Mapping[str, Channel], survey: str, version: str, kept: list[KeptMessage]
) -> dict[str, str]:
    """Play the messages to a fresh conversation on the same version; return each question's outcome."""
    questionnaire = library.questionnaire(survey, version)
    listing = library.desk.listings[survey].with_version(questionnaire)
    # A word that was good when it was texted is read as such, whatever became of its campaign.
    invitations = [
        replace(one, state=CampaignState.RUNNING, first_day=None, last_day=None) for one in library.invitations
    ]
    desk = Desk((listing,), library.desk.phrases, library.desk.words, invitations=invitations)
    person, threads = Person(), dict[str, Thread]()
    outcomes: dict[str, str] = {}
    words: dict[str, str] = {}
    for place, message in enumerate(kept):
        channel = channels.get(message.channel) or next(iter(channels.values()))
        heard = message_of(message, channel, dict.fromkeys(threads, words))
        outcome = desk.receive(person, tuple(threads.values()), heard)
        if place == 0 and not outcome.begun:  # by NEW, or by a word that the survey no longer has
            outcome = desk.receive(person, (), replace(heard, heard=Heard.TEXT, text="START"))
        person = outcome.person
        threads |= {thread.key: thread for thread in outcome.changed}
        for _, effect in outcome.effects:
            if isinstance(effect, Record):
                before = words.get(effect.question, "")
                words[effect.question] = f"{before}\n{effect.said}" if effect.join else effect.said
                outcomes[effect.question] = _outcome(
                    effect.state.value, effect.codes or ((effect.value,) if effect.rule != "words" else ())
                )
    return outcomes


def _compare(response_id: str, stored: list[StoredAnswer], read: dict[str, str]) -> list[Difference]:
    there = {answer.question: _outcome(answer.state, answer.codes) for answer in stored}
    spoken = {answer.question for answer in stored if answer.is_spoken}
    return [
        Difference(response_id, question, there.get(question, "nothing"), read.get(question, "nothing"))
        for question in dict.fromkeys((*there, *read))
        if question not in spoken and there.get(question) != read.get(question)
    ]


def _outcome(state: str, codes: tuple[str, ...]) -> str:
    return " ".join((state, *filter(None, codes)))
