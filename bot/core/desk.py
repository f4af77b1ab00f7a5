"""The desk: what concerns a whole address, before any one survey's conversation.

It decides which survey a text is for, and answers STOP, START, DELETE, NEW, MYDATA, LINK and words that start nothing.
The order of reading is DESIGN section 7: STOP; an exact answer to the standing question; commands and language names;
keywords; then whatever the conversation makes of it. Pure and total, like `conversation.step`.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from bot.core import conversation, guards, languages, reception
from bot.core.commands import CommandKind, KeywordMatch, find_command, find_keyword, stops
from bot.core.danger import Watch
from bot.core.effects import Filed, Say
from bot.core.events import (
    Circumstances,
    Commanded,
    Delayed,
    Edited,
    Event,
    KeywordAgain,
    PerhapsKeyword,
    Started,
    Tapped,
    Wrote,
)
from bot.core.invitation import Invitation, Invited
from bot.core.message import Heard, Message
from bot.core.phrases import Phrase, Phrases
from bot.core.reading.normalise import normalise
from bot.core.sitting import Listing, Outcome, Person, Sitting, Thread
from bot.core.state import Phase
from bot.core.steering import CARRY_ON, START_NEW, read_returning
from bot.core.turn import Turn
from bot.core.watching import marked, watch_over
from bot.core.window import Window
from bot.core.words import Words

AT_ANY_AGE = (CommandKind.DELETE, CommandKind.HELP, CommandKind.PRIVACY, CommandKind.MYDATA)
"""Commands that mean the same however late they reach us."""


class Desk:
    """The surveys this number knows, and the words it answers with when none is meant."""

    def __init__(
        self,
        listings: Sequence[Listing],
        phrases: Phrases,
        words: Words,
        language: str = "en",
        watch: Watch | None = None,
        invitations: Sequence[Invitation] = (),
    ) -> None:
        self.listings = {listing.survey: listing for listing in listings}
        self.phrases = phrases
        self.words = words
        self.language = language
        self._watch = watch
        # An open survey may take over the word of one that was closed by hand.
        self.keywords = {
            keyword: listing.survey
            for listing in sorted(listings, key=lambda listing: listing.is_closed_by_hand, reverse=True)
            for keyword in listing.questionnaire.definition.keywords
        }
        self.invited = Invited(invitations, self.keywords, self.listings)

    def receive(self, person: Person, threads: Sequence[Thread], message: Message) -> Outcome:
        """Take one message from an address. Says what changed, what was said, and where the message is filed."""
        message = marked(self._watch, message)
        sitting = Sitting(person, threads, message.at, short=message.short)
        if message.heard is Heard.NOTICE:
            sitting.file(Filed.NOISE)
        elif person.is_stopped:
            self._while_stopped(sitting, message)
        elif message.heard is Heard.CARRIER_STOP or stops(message.text, self.invited.words, self.words):
            self._stop(sitting, message)
        elif message.heard is Heard.CARRIER_HELP:
            sitting.file(Filed.COMMAND)
        elif message.heard is Heard.CARRIER_START:
            self._start(sitting, message)
        elif message.heard is Heard.LINK:
            self._follow_link(sitting, message)
        elif message.heard is Heard.EDITED:
            self._read_edited(sitting, message)
        elif message.heard is Heard.TAP:
            self._tap(sitting, message)
        else:
            self._read(sitting, message)
        self._mention_unfinished(sitting)
        watch_over(self._watch, sitting, message, self.language)
        return guards.hold_back(sitting, message.text, message.is_answerable, is_spoken=message.is_spoken)

    # -- STOP and START -----------------------------------------------------------------------------------------------

    def _while_stopped(self, sitting: Sitting, message: Message) -> None:
        """On STOP nothing is said; only START re-opens, and DELETE acts at once (invariant 7)."""
        command = find_command(message.text, self.words) if message.heard is Heard.TEXT else None
        is_start = message.heard in (Heard.CARRIER_START, Heard.LINK) or (command and command.kind is CommandKind.START)
        was_before = message.sent_at and sitting.person.stopped_at and message.sent_at < sitting.person.stopped_at
        if is_start and not was_before:
            sitting.reopen()
            self._follow_link(sitting, message) if message.heard is Heard.LINK else self._start(sitting, message)
        elif command and command.kind is CommandKind.DELETE:
            sitting.file(Filed.COMMAND)
            sitting.erase()
        else:
            is_command = command is not None or message.heard in (Heard.CARRIER_STOP, Heard.CARRIER_HELP)
            sitting.file(Filed.COMMAND if is_command else Filed.NOISE)

    def _stop(self, sitting: Sitting, message: Message) -> None:
        by_carrier = message.heard is Heard.CARRIER_STOP
        language = sitting.language(self.language)
        for thread in sitting.threads:
            sitting.stop(thread, self.circumstances(thread, message))
        sitting.close(by="carrier" if by_carrier else "text")
        sitting.file(Filed.COMMAND)
        if not by_carrier:
            phrase = Phrase.STOPPED if sitting.threads else Phrase.STOPPED_EMPTY
            sitting.say(Say(self.phrases.say(phrase, language, short=sitting.short)))

    def _start(self, sitting: Sitting, message: Message) -> None:
        thread = sitting.current
        if thread is None:
            self._begin_the_only(sitting, message)
            return
        sitting.resume(one for one in sitting.threads if one.key != thread.key)
        here = self.circumstances(thread, message)
        self._step(sitting, thread, Started(here))
        reception.offer_others(self, sitting, here)

    def _follow_link(self, sitting: Sitting, message: Message) -> None:
        """Begin the survey that a link's code names, or whatever START would: pressing Start is never an answer."""
        match = find_keyword(message.text, self.invited.words, self.words)
        if match is None:
            self._start(sitting, message)
        else:
            sitting.resume(sitting.threads)
            self._open_survey(sitting, match, message)

    def _read_edited(self, sitting: Sitting, message: Message) -> None:
        """Leave every answer as it was read, and say how to change one."""
        thread = sitting.current
        if thread is None:
            sitting.file(Filed.NOISE)
        else:
            self._step(sitting, thread, Edited(self.circumstances(thread, message)))

    # -- reading a text -----------------------------------------------------------------------------------------------

    def _read(self, sitting: Sitting, message: Message) -> None:
        thread = sitting.current
        if thread is not None and self._is_delayed(thread, message):
            self._step(sitting, thread, Delayed(self.circumstances(thread, message)))
            return
        quoted = thread is not None and _quoted(thread, message)
        if thread is not None and not quoted:
            here = self.circumstances(thread, message)
            exact = conversation.reads_exactly(thread.questionnaire, thread.state, here, message.text)
            if exact is not None:
                self._step(sitting, thread, exact)
                return
        if self._read_command(sitting, thread, message) or self._read_keyword(sitting, thread, message):
            return
        if thread is None:
            if message.heard is Heard.TEXT and self._read_wish(sitting, message):
                return
            reception.answer_stranger(self, sitting, message)
            return
        if thread.state.phase is Phase.RETURNING and self._wants_new(thread, message):
            self._new_person(sitting, message)
            return
        here = self.circumstances(thread, message)
        wrote = Wrote(here, message.text, message.attachments, is_spoken=message.is_spoken, about=quoted or "")
        self._step(sitting, thread, wrote)

    def _is_delayed(self, thread: Thread, message: Message) -> bool:
        """Say whether a later text has overtaken this one, so that it cannot be the standing question's answer.

        Nor can one where later texts were lost with a database. Texts that an outage held back and that come in their
        order are the answers they were meant as.
        """
        is_overtaken = message.sent_at is not None and int(message.sent_at.timestamp()) < thread.state.last_sent
        if not is_overtaken and not thread.state.behind:
            return False
        command = find_command(message.text, self.words)
        if command is None:
            return True
        return command.kind not in AT_ANY_AGE if is_overtaken else command.kind is CommandKind.SKIP

    def _wants_new(self, thread: Thread, message: Message) -> bool:
        turn = Turn(thread.questionnaire, thread.state, Circumstances(message.at, "", "", message.short))
        return read_returning(turn, message.text) == START_NEW

    def _read_command(self, sitting: Sitting, thread: Thread | None, message: Message) -> bool:
        command = find_command(message.text, self.words)
        if command is None:
            return thread is not None and self._read_language(sitting, thread, message)
        if command.kind is CommandKind.START:
            self._start(sitting, message)
        elif command.kind is CommandKind.NEW:
            self._new_person(sitting, message)
        elif command.kind is CommandKind.MYDATA:
            reception.count(self, sitting, thread, message)
        elif command.kind is CommandKind.LINK:
            reception.link(self, sitting, thread, message, command.argument)
        elif thread is None:
            reception.answer_newcomer(self, sitting, command.kind, message.at)
        else:
            here = self.circumstances(thread, message)
            self._step(sitting, thread, Commanded(here, command.kind, command.argument, message.text))
        return True

    def _read_language(self, sitting: Sitting, thread: Thread, message: Message) -> bool:
        """Change the language where the whole message is a language's own or English name."""
        here = self.circumstances(thread, message)
        turn = Turn(thread.questionnaire, thread.state, here)
        if languages.names_another(turn, message.text):
            self._step(sitting, thread, Commanded(here, CommandKind.LANGUAGE, message.text, message.text))
        elif languages.names_the_same(turn, message.text):
            self._step(sitting, thread, PerhapsKeyword(here, message.text, ""))
        else:
            return False
        return True

    def _read_keyword(self, sitting: Sitting, thread: Thread | None, message: Message) -> bool:
        match = find_keyword(message.text, self.invited.words, self.words)
        if match is None:
            return False
        language = self._language(match)
        if match.rest and not language and thread is not None and thread.state.standing:
            return False
        is_join = normalise(message.text).startswith("join ")  # which can mean nothing but the survey
        if thread is not None and not language and thread.is_on_an_open_question and not is_join:
            here = self.circumstances(thread, message)
            if not here.is_closed:
                self._step(sitting, thread, PerhapsKeyword(here, message.text, reception.word_of(self, match)))
                return True
        self._open_survey(sitting, match, message)
        return True

    def _read_wish(self, sitting: Sitting, message: Message) -> bool:
        """Begin the one open survey in the language that a first text names ("URDU", "start polski")."""
        open_now = self._open_now(message)
        named = languages.find_named(message.text, [one.questionnaire for one in open_now], self.words)
        if not named:
            return False
        if len(open_now) == 1:
            is_ours = named in languages.offered(open_now[0].questionnaire)
            language, missing = (named, "") if is_ours else ("", named)
            sitting.begin(open_now[0], _beginning(message), language, missing=missing)
        else:
            sitting.file(Filed.COMMAND)
            sitting.person = replace(sitting.person, language=named)
            sitting.say(reception.what_is_open(self, sitting, message.at))
        return True

    def _open_now(self, message: Message) -> list[Listing]:
        return [listing for listing in self.listings.values() if listing.window(message.at) is Window.OPEN]

    def _language(self, match: KeywordMatch) -> str:
        """Return the language, among those of the survey, that was named after its keyword; empty for none."""
        return languages.find(self.listings[match.survey].questionnaire, match.rest, self.words)

    def _open_survey(self, sitting: Sitting, match: KeywordMatch, message: Message) -> None:
        """Begin a survey by its keyword or by a campaign's, or go on with it."""
        listing = self.listings[match.survey]
        language = self._language(match)
        missing = "" if language else languages.find_missing(match.rest, self.words)
        thread = sitting.newest(listing.survey)
        if not language and not missing:
            language = languages.find_nearly(listing.questionnaire, match.rest)
        if thread is not None:
            here = self.circumstances(thread, message)
            if sitting.current is None or (thread.state.phase is not Phase.COMPLETE and not here.is_closed):
                sitting.make_current(thread)
            self._step(sitting, thread, KeywordAgain(here, language, missing))
            return
        if reception.turns_away(self, sitting, match, message.at, language):
            return
        invitation = self.invited.by(match.word)
        sitting.begin(listing, _beginning(message), language, missing=missing, invitation=invitation)

    # -- people -------------------------------------------------------------------------------------------------------

    def _begin_the_only(self, sitting: Sitting, message: Message) -> None:
        """START or NEW from an unknown address: the one open survey, or the list of them."""
        open_now = self._open_now(message)
        if len(open_now) == 1:
            sitting.begin(open_now[0], _beginning(message), "")
            return
        sitting.file(Filed.COMMAND)
        sitting.say(reception.what_is_open(self, sitting, message.at))

    def _new_person(self, sitting: Sitting, message: Message) -> None:
        """Begin anew for someone else on this phone: a second respondent and a second row."""
        thread = sitting.current
        if thread is None:
            self._begin_the_only(sitting, message)
            return
        listing = self.listings[thread.survey]
        if listing.window(message.at) is not Window.OPEN:
            sitting.file(Filed.LATE, survey=listing.survey)
            sitting.say(reception.not_open(self, sitting, listing, listing.window(message.at)))
            return
        chosen = thread.state.language if thread.state.language_source == "chosen" else ""
        # Whoever comes next on this phone is at the same place, while people are invited there.
        invitation = self.invited.still(thread.state.campaign, message.at)
        sitting.begin(listing, _beginning(message), chosen, greet=Phrase.NEW_PERSON, invitation=invitation)

    # -- one survey's conversation ------------------------------------------------------------------------------------

    def _tap(self, sitting: Sitting, message: Message) -> None:
        """Take a tap as the answer to the question that its button stood under, in the newest conversation that put it.

        Any other button can be a command or a keyword, and never an answer.
        """
        if sitting.current is not None and message.choice_id.startswith(languages.MENU):
            here = self.circumstances(sitting.current, message)
            self._step(sitting, sitting.current, Commanded(here, CommandKind.LANGUAGE, message.choice_id, message.text))
            return
        thread = next((one for one in reversed(sitting.threads) if _has_put(one, message.choice_id)), None)
        if thread is None:
            thread = sitting.current
            if thread is None or thread.state.behind:
                self._read(sitting, message)
                return
            if message.choice_id in (CARRY_ON, START_NEW) and thread.state.phase is Phase.RETURNING:
                self._read(sitting, replace(message, text=message.choice_id))
                return
            if self._read_command(sitting, thread, message) or self._read_keyword(sitting, thread, message):
                return
        self._step(sitting, thread, Tapped(self.circumstances(thread, message), message.choice_id, message.text))

    def _step(self, sitting: Sitting, thread: Thread, event: Event) -> None:
        sitting.take(thread, *conversation.step(thread.questionnaire, thread.state, event))

    def circumstances(self, thread: Thread, message: Message) -> Circumstances:
        """Say when and how a message came, for one conversation."""
        listing = self.listings.get(thread.survey)
        is_closed = listing is None or listing.window(message.at) is Window.CLOSED
        return Circumstances(
            at=message.at,
            channel=message.channel,
            source=message.source,
            short=message.short,
            sent_at=message.sent_at,
            is_closed=is_closed,
            closed_on=listing.closed_on if is_closed and listing is not None else None,
            recalled=message.recalled.get(thread.key, {}),
            language_hint=message.language_hint,
            is_danger=message.is_danger,
        )

    def _mention_unfinished(self, sitting: Sitting) -> None:
        """When one survey has just ended, say how to go on with another that waits."""
        if not sitting.has_just_completed:
            return
        for thread in sitting.threads:
            listing = self.listings.get(thread.survey)
            is_open = listing is not None and listing.window(sitting.at) is Window.OPEN
            keywords = thread.questionnaire.definition.keywords
            is_newest = sitting.newest(thread.survey) is thread
            if is_open and is_newest and keywords and thread.state.completed_at is None:
                language = thread.state.language
                title = thread.questionnaire.title(language)
                said = self.phrases.say(
                    Phrase.UNFINISHED, language, short=sitting.short, title=title, keyword=keywords[0]
                )
                sitting.add(said)
                return


def _beginning(message: Message) -> Circumstances:
    return Circumstances(
        message.at,
        message.channel,
        message.source,
        message.short,
        carrier=message.carrier,
        sent_at=message.sent_at,
        language_hint=message.language_hint,
    )


def _quoted(thread: Thread, message: Message) -> str:
    """Return the question that a text is about by quoting it; empty for the standing one, which needs no quoting."""
    survey, question = message.quoted
    is_ours = survey == thread.survey and question in thread.state.trail and question != thread.state.standing
    return question if is_ours and message.text.strip() else ""


def _has_put(thread: Thread, choice_id: str) -> bool:
    question, _ = thread.questionnaire.tapped(choice_id) or (None, 0)
    return question is not None and question.name in thread.state.trail
