"""What the desk says when no conversation speaks: what is open, what is kept, and how two addresses are joined."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from bot.core import conversation
from bot.core.commands import CommandKind, KeywordMatch
from bot.core.effects import Filed, Linking, Say
from bot.core.events import Circumstances, Commanded
from bot.core.limits import KEYWORDS_LISTED
from bot.core.noise import Noise, find_noise
from bot.core.phrases import Phrase
from bot.core.sitting import Listing, Sitting, Thread
from bot.core.state import AnswerState, Phase
from bot.core.window import Window, first_day

if TYPE_CHECKING:
    from bot.core.desk import Desk
    from bot.core.message import Message


def _said(desk: Desk, sitting: Sitting, phrase: Phrase, language: str, **values: object) -> str:
    """Write one of the bot's sentences as the channel takes it."""
    return desk.phrases.say(phrase, language, short=sitting.short, **values)


def what_is_open(desk: Desk, sitting: Sitting, at: datetime) -> Say:
    """Name the open surveys and the words that start them."""
    language = sitting.language(desk.language)
    every = _open_surveys(desk, at)
    return Say(
        _invitation(desk, sitting, every, language) if every else _said(desk, sitting, Phrase.NOTHING_OPEN, language)
    )


def answer_stranger(desk: Desk, sitting: Sitting, message: Message) -> None:
    """Answer a text that begins nothing, from an address that has begun nothing: what is open, and who we are if asked.

    What a machine writes gets no answer.
    """
    sitting.file(Filed.NOISE)
    noise = find_noise(message.text, desk.words)
    if noise in conversation.MACHINES:
        return
    who = _who_we_are(desk, sitting, message.at) if noise is Noise.WHO_IS_THIS else []
    say = what_is_open(desk, sitting, message.at)
    sitting.say(replace(say, text="\n".join([*who, say.text])))


def _who_we_are(desk: Desk, sitting: Sitting, at: datetime) -> list[str]:
    """Name who asks in the open surveys, or in any if none is open, and where residents can check that."""
    language = sitting.language(desk.language)
    every = list(desk.listings.values())
    asking = [one for one in every if one.window(at) is Window.OPEN] or every
    known = [one.questionnaire for one in asking[:KEYWORDS_LISTED]]
    names = dict.fromkeys(one.text(one.definition.organisation, language) for one in known)
    addresses = dict.fromkeys(one.definition.verify_url for one in known)
    named = ", ".join(filter(None, names))
    sentences = [_said(desk, sitting, Phrase.WE_ARE, language, organisation=named)] if named else []
    return sentences + [_said(desk, sitting, Phrase.CHECK_SHORT, language, url=url) for url in addresses if url]


def offer_others(desk: Desk, sitting: Sitting, here: Circumstances) -> None:
    """Name the open surveys that a person has not answered, where nothing of their current one awaits them."""
    thread = sitting.current
    if thread is None or not (here.is_closed or thread.state.phase is Phase.COMPLETE):
        return
    done = {one.survey for one in sitting.own_threads if one.state.completed_at is not None}
    others = [listing for listing in _open_surveys(desk, here.at) if listing.survey not in done]
    if others:
        sitting.add(_invitation(desk, sitting, others, thread.state.language))


def _open_surveys(desk: Desk, at: datetime) -> list[Listing]:
    """Return the surveys that a word of their own can start now."""
    return [
        listing
        for listing in desk.listings.values()
        if listing.window(at) is Window.OPEN and listing.questionnaire.definition.keywords
    ]


def _invitation(desk: Desk, sitting: Sitting, listings: Sequence[Listing], language: str) -> str:
    named = [(one.questionnaire.definition.keywords[0], one.questionnaire.title(language)) for one in listings]
    if len(named) == 1:
        keyword, title = named[0]
        return _said(desk, sitting, Phrase.ONE_TO_START, language, keyword=keyword, title=title)
    lines = [f"{keyword}: {title}" for keyword, title in named[:KEYWORDS_LISTED]]
    return "\n".join([_said(desk, sitting, Phrase.TEXT_TO_START, language), *lines])


def answer_newcomer(desk: Desk, sitting: Sitting, kind: CommandKind, at: datetime) -> None:
    """Answer a command from an address that has begun nothing: whom to ask, what becomes of texts, and what is open."""
    sitting.file(Filed.COMMAND)
    language = sitting.language(desk.language)
    if kind is CommandKind.DELETE:
        sitting.erase()
        sitting.say(Say(_said(desk, sitting, Phrase.NOTHING_TO_DELETE, language)))
        return
    open_now = [one.questionnaire for one in desk.listings.values() if one.window(at) is Window.OPEN][:KEYWORDS_LISTED]
    sentences = []
    if kind is CommandKind.HELP:
        contacts = dict.fromkeys(one.text(one.definition.contact, language) for one in open_now)
        sentences = [
            _said(desk, sitting, Phrase.HELP_PERSON, language, contact=contact) for contact in contacts if contact
        ]
    elif kind is CommandKind.PRIVACY:
        urls = dict.fromkeys(one.definition.privacy_url for one in open_now)
        sentences = [_said(desk, sitting, Phrase.PRIVACY, language)]
        sentences += [_said(desk, sitting, Phrase.PRIVACY_AT, language, url=url) for url in urls if url]
    say = what_is_open(desk, sitting, at)
    sitting.say(replace(say, text="\n".join([*sentences, say.text])))


def not_open(desk: Desk, sitting: Sitting, listing: Listing, window: Window) -> Say:
    """Say that a survey opens later, or has closed."""
    language = sitting.language(desk.language)
    if window is Window.NOT_YET and listing.opens_at is not None:
        keyword = next(iter(listing.questionnaire.definition.keywords), "START")
        return Say(_said(desk, sitting, Phrase.OPENS_ON, language, date=first_day(listing.opens_at), keyword=keyword))
    return Say(_said(desk, sitting, Phrase.CLOSED_ON, language, date=listing.closed_on))


def word_of(desk: Desk, match: KeywordMatch) -> str:
    """Write a keyword as residents are told it: a campaign's own, or the first of its survey."""
    invitation = desk.invited.by(match.word)
    return invitation.word if invitation else desk.listings[match.survey].questionnaire.definition.keywords[0]


def turns_away(desk: Desk, sitting: Sitting, match: KeywordMatch, at: datetime, language: str) -> bool:
    """Say why a keyword begins nothing now: its survey is not open, or its campaign does not run; else do nothing."""
    listing, invitation = desk.listings[match.survey], desk.invited.by(match.word)
    window = listing.window(at)
    invited = invitation.window(at) if invitation else Window.OPEN
    if window is not Window.OPEN:
        sitting.file(Filed.COMMAND if window is Window.NOT_YET else Filed.LATE, survey=listing.survey)
        sitting.say(not_open(desk, sitting, listing, window))
    elif invited is not Window.OPEN:
        sitting.file(Filed.COMMAND, survey=listing.survey)
        spoken = language or sitting.language(desk.language)
        sitting.say(_not_invited(desk, sitting, listing, invited, spoken))
    return (window, invited) != (Window.OPEN, Window.OPEN)


def _not_invited(desk: Desk, sitting: Sitting, listing: Listing, window: Window, language: str) -> Say:
    """Say that a campaign's word begins nothing now, and which word of the survey's own does."""
    phrase = Phrase.CAMPAIGN_OVER if window is Window.CLOSED else Phrase.CAMPAIGN_NOT_NOW
    sentences = [_said(desk, sitting, phrase, language)]
    if listing.questionnaire.definition.keywords:
        sentences.append(_invitation(desk, sitting, [listing], language))
    return Say("\n".join(sentences))


def count(desk: Desk, sitting: Sitting, thread: Thread | None, message: Message) -> None:
    """MYDATA: say how much is kept from this address and whom to ask; never what it is (invariant 12)."""
    language = sitting.language(desk.language)
    how_to_delete = _said(desk, sitting, Phrase.MY_DATA_DELETE, language)
    if thread is None:
        sitting.file(Filed.COMMAND)
        sitting.say(Say(f"{_said(desk, sitting, Phrase.MY_DATA_EMPTY, language)}\n{how_to_delete}"))
        return
    texts = sum(one.state.texts for one in sitting.threads) + 1
    answers = sum(
        given.state is AnswerState.ANSWERED and one.questionnaire.question(name).is_asked
        for one in sitting.threads
        for name, given in one.state.given.items()
    )
    sentences = [_said(desk, sitting, Phrase.MY_DATA, language, texts=texts, answers=answers)]
    contact = thread.questionnaire.text(thread.questionnaire.definition.contact, language)
    if contact:
        sentences.append(_said(desk, sitting, Phrase.MY_DATA_ASK, language, contact=contact))
    sentences.append(how_to_delete)
    here = desk.circumstances(thread, message)
    state, effects = conversation.step(
        thread.questionnaire, thread.state, Commanded(here, CommandKind.MYDATA, "\n".join(sentences), message.text)
    )
    sitting.take(thread, state, effects)


def link(desk: Desk, sitting: Sitting, thread: Thread | None, message: Message, code: str) -> None:
    """LINK: give a code for another address; with a code, join this address to the one that got it.

    Why a code is refused is never said: who tries codes must not learn which of them were real.
    """
    language = sitting.language(desk.language)
    if not code:
        sitting.link(Linking.OFFERS)
        said = _said(desk, sitting, Phrase.LINK_CODE, language, code=message.new_code)
    elif message.is_led:
        sitting.link(Linking.JOINS)
        said = _said(desk, sitting, Phrase.LINKED, language)
    else:
        said = _said(desk, sitting, Phrase.NOT_LINKED, language)
    if thread is None:
        sitting.file(Filed.COMMAND)
        sitting.say(Say(said))
        return
    here = desk.circumstances(thread, message)
    told = Commanded(here, CommandKind.LINK, said, message.text)
    sitting.take(thread, *conversation.step(thread.questionnaire, thread.state, told))
