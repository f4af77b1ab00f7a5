"""What a survey's conversation says next: `step` takes the state and one event, and gives the new state and effects.

Pure and total: every event has an answer in every state, and nothing here reads a clock, a file or a database. What
concerns the whole address (which survey is meant, STOP, unknown keywords) is decided before, in `bot.core.desk`.
"""

from typing import assert_never

from msgspec.structs import replace

from bot.core import asking, languages, steering
from bot.core.commands import confirms_delete, may_mean_stop
from bot.core.effects import Effect, Filed
from bot.core.events import (
    Began,
    Circumstances,
    Commanded,
    Delayed,
    Edited,
    Event,
    KeywordAgain,
    PerhapsKeyword,
    Started,
    Stopped,
    Tapped,
    Wrote,
)
from bot.core.limits import LANGUAGE_TRIES, SILENCE_DAYS
from bot.core.noise import Noise, find_noise
from bot.core.opening import opening
from bot.core.phrases import Phrase
from bot.core.questionnaire import Questionnaire
from bot.core.reading import Chosen, Rule, Unclear, read_exactly, read_reply
from bot.core.reading.lexicon import lexicon
from bot.core.reading.normalise import key
from bot.core.replies import Consent, fingerprint, read_consent
from bot.core.state import Phase, State
from bot.core.survey import Question, QuestionType, Role, Start
from bot.core.turn import Turn

SILENCE_SECONDS = SILENCE_DAYS * 24 * 3600

_NO_PLACE_ON_A_LIST = (Rule.LABEL, Rule.NUMBER_AND_LABEL, Rule.AGE, Rule.POSTCODE)

MACHINES = (Noise.AUTO_REPLY, Noise.REACTION)
"""What a telephone writes by itself. It is never answered, whatever stands."""


def begin(language: str, language_source: str = "default", campaign: str = "") -> State:
    """Make the state of a conversation that has not said anything yet. `campaign` is what invited to it."""
    return State(language=language, language_source=language_source, campaign=campaign)


def step(questionnaire: Questionnaire, state: State, event: Event) -> tuple[State, tuple[Effect, ...]]:
    """Take one event. The effects are to be carried out in order, in one transaction with the new state."""
    turn = Turn(questionnaire, state, event.here)
    was_silent = _is_silent(state, event.here)
    if was_silent:
        turn.change(phase=Phase.COMPLETE if _calm(state) is Phase.COMPLETE else Phase.RETURNING)
    match event:
        case Began():
            _begin(turn, event.missing, event.word)
        case Stopped():
            turn.change(stopped_at=None if state.completed_at else turn.now, phase=_calm(turn.state))
            turn.file(Filed.COMMAND)
        case Started():
            _start_again(turn, was_stopped=state.stopped_at is not None)
        case Delayed() | Edited():
            _set_aside(turn, event)
        case Commanded():
            steering.command(turn, event.command, event.argument, event.text)
        case KeywordAgain():
            _keyword_again(turn, event)
        case PerhapsKeyword() | Wrote() | Tapped() if was_silent and turn.state.phase is Phase.RETURNING:
            turn.file(Filed.NOISE)
            steering.put_again(turn)
        case PerhapsKeyword():
            _keyword_or_answer(turn, event)
        case Tapped():
            _tapped(turn, event)
        case Wrote():
            _wrote(turn, event)
        case _ as never:
            assert_never(never)
    return turn.finish()


def lose_sight(state: State) -> State:
    """Return the state of a conversation whose later texts may be lost, as after a restore.

    The next text is no answer: it may be to a question of which we know nothing any more. It brings ours again.
    """
    return state if state.phase is Phase.COMPLETE else replace(state, phase=_calm(state), keyword_asked="", behind=True)


def reads_exactly(questionnaire: Questionnaire, state: State, here: Circumstances, text: str) -> Wrote | None:
    """Say whether a text is, word for word, an answer to the standing closed question: then it is nothing else."""
    if state.phase is not Phase.ASKING or not state.standing:
        return None
    question = questionnaire.question(state.standing)
    if question.type is QuestionType.TEXT:
        return None
    asked = questionnaire.asked_now(question, state, here)
    reading = read_exactly(asked, text, questionnaire.words(state.language))
    return Wrote(here, text, reading=reading) if reading is not None else None


def _is_silent(state: State, here: Circumstances) -> bool:
    is_waiting = state.phase is not Phase.COMPLETE and state.heard_at > 0
    return is_waiting and here.at.timestamp() - state.heard_at > SILENCE_SECONDS and not here.is_closed


def _calm(state: State) -> Phase:
    """Return the phase without the bot's own open question about deleting or about the language."""
    return state.resume if state.phase in (Phase.CONFIRMING_DELETE, Phase.CHOOSING_LANGUAGE) else state.phase


def _set_aside(turn: Turn, event: Delayed | Edited) -> None:
    """Say why a text is no answer to the standing question, and put that again."""
    if turn.state.phase is Phase.CONFIRMING_DELETE:
        turn.change(phase=turn.state.resume)  # or a yes to the question that is put now would remove everything
    if isinstance(event, Edited):
        turn.file(Filed.NOISE)
        turn.say(Phrase.EDITED)
    else:
        turn.file(Filed.UNPARSED)
        turn.say(Phrase.LEFT_OPEN if turn.state.behind else Phrase.DELAYED)
    steering.put_again(turn)


def _begin(turn: Turn, missing: str, word: str) -> None:
    turn.file(Filed.COMMAND)
    turn.add(opening(turn.q, turn.state.language, turn.here, turn.way, word))
    if missing:
        languages.miss(turn, missing)
    if turn.q.definition.start is Start.CONFIRM and turn.way.asked:
        turn.change(phase=Phase.CONFIRMING_START)
        steering.ask_to_start(turn, Phrase.CONFIRM_START)
    else:
        turn.advance()


def _start_again(turn: Turn, *, was_stopped: bool) -> None:
    turn.change(stopped_at=None, phase=_calm(turn.state))
    if turn.state.phase is Phase.CONFIRMING_START and not was_stopped:
        steering.confirm_start(turn, Consent.YES)
        return
    turn.file(Filed.COMMAND)
    turn.say(Phrase.BACK_AGAIN)
    steering.put_again(turn)


def _keyword_again(turn: Turn, event: KeywordAgain) -> None:
    turn.file(Filed.COMMAND)
    turn.change(phase=_calm(turn.state))
    if event.language and event.language != turn.state.language:
        languages.switch(turn, event.language)
    if event.missing:
        languages.miss(turn, event.missing)
    steering.put_again(turn)


def _keyword_or_answer(turn: Turn, event: PerhapsKeyword) -> None:
    """On an open question a keyword or a language may be the answer: ask once; the same word again is the answer."""
    question = turn.standing
    mark = fingerprint(event.text)
    if question is not None and turn.state.keyword_asked == mark:
        asking.answer(turn, question, event.text)
        return
    turn.file(Filed.COMMAND)
    turn.change(keyword_asked=mark)
    if event.keyword:
        turn.say(Phrase.KEYWORD_OR_ANSWER, keyword=event.keyword)
    else:
        turn.say(Phrase.LANGUAGE_OR_ANSWER, language=languages.own_name(turn, turn.state.language))
    steering.put_again(turn)


def _tapped(turn: Turn, event: Tapped) -> None:
    """Take a tap on an option that was put in this conversation; any other only brings the question again."""
    question, choice = turn.q.tapped(event.choice_id) or (None, 0)
    was_put = question is not None and question.name in turn.state.trail and question.name in turn.way.names
    if question is None or not was_put or choice not in turn.shown(question):
        turn.file(Filed.NOISE)
        steering.put_again(turn)
    elif turn.here.is_closed:
        asking.answer_late_by_button(turn, question, choice, event.text)
    else:
        asking.answer_by_button(turn, question, choice, event.text)


def _wrote(turn: Turn, event: Wrote) -> None:
    noise = find_noise(event.text, turn.q.words(turn.state.language)) if event.reading is None else None
    if noise is not None and noise in MACHINES:
        steering.answer_noise(turn, noise)
        return
    if event.about in turn.way.names and _calm(turn.state) in (Phase.ASKING, Phase.COMPLETE):
        turn.change(phase=_calm(turn.state))
        asking.answer_quoted(turn, turn.q.question(event.about), event.text)
        return
    match turn.state.phase:
        case Phase.CONFIRMING_DELETE:
            _confirm_delete(turn, event)
        case Phase.RETURNING:
            steering.returned(turn, event.text)
        case Phase.CHOOSING_LANGUAGE:
            _choose_language(turn, event, noise)
        case Phase.CONFIRMING_START:
            _confirm_start(turn, event, noise)
        case Phase.COMPLETE:
            _after_the_end(turn, event, noise)
        case Phase.ASKING:
            _asked(turn, event, noise)
        case _ as never:
            assert_never(never)


def _confirm_delete(turn: Turn, event: Wrote) -> None:
    """Take a clear yes or no. Nothing is removed by anything else, nor answered unless it plainly is an answer."""
    consent = _consent(turn, event)
    is_closed_question = turn.standing is not None and turn.standing.type is not QuestionType.TEXT
    is_answer = _is_read if is_closed_question and turn.state.resume is Phase.ASKING else _is_plainly_an_answer
    if consent is Consent.YES or confirms_delete(event.text, turn.q.words(turn.state.language)):
        turn.file(Filed.COMMAND)
        steering.erase(turn)
    elif consent is Consent.NO:
        turn.change(phase=turn.state.resume)
        turn.file(Filed.COMMAND)
        turn.say(Phrase.NOT_DELETED)
        steering.put_again(turn)
    elif consent is Consent.NEITHER and is_answer(turn, event.text):
        turn.change(phase=turn.state.resume)
        turn.say(Phrase.NOT_DELETED)
        _wrote(turn, event)
    else:
        turn.file(Filed.NOISE)
        steering.ask_delete(turn)


def _choose_language(turn: Turn, event: Wrote, noise: Noise | None) -> None:
    """Take the answer to the menu. Nothing else that comes is an answer to the question below, unless plainly one."""
    code = languages.read_menu(turn, event.text)
    if code:
        turn.change(phase=turn.state.resume)
        turn.file(Filed.COMMAND)
        languages.switch(turn, code)
        steering.put_again(turn)
    elif _wants_none(turn, event, code):
        turn.change(phase=turn.state.resume)
        turn.file(Filed.COMMAND)
        steering.put_again(turn)
    elif code is not None and (turn.state.unseen or not _is_read(turn, event.text)):
        turn.file(Filed.NOISE)
        if event.text.strip().isdecimal():
            turn.say(Phrase.NOT_LISTED)
        else:
            turn.say(Phrase.REPLY_WITH_NUMBER, first=1, last=len(turn.state.language_menu))
        _menu_again(turn)
    elif noise is not None:
        steering.answer_noise(turn, noise)
    elif turn.state.unseen:
        _answer_before_the_menu(turn, event)
    elif _is_plainly_an_answer(turn, event.text):
        turn.change(phase=turn.state.resume)
        _wrote(turn, event)
    else:
        turn.file(Filed.UNPARSED)
        turn.say(Phrase.NOT_UNDERSTOOD)
        _menu_again(turn)


def _menu_again(turn: Turn) -> None:
    """Put the menu again, or after the last try the question that it stands before."""
    turn.change(language_tries=turn.state.language_tries + 1)
    if turn.state.language_tries >= LANGUAGE_TRIES:
        turn.change(phase=turn.state.resume)
    steering.put_again(turn)


def _wants_none(turn: Turn, event: Wrote, code: str | None) -> bool:
    """Say whether a text turns all of the menu down: "none", or a "no" where that is no answer to what was asked."""
    if key(event.text) in lexicon(turn.q.words(turn.state.language)).none:
        return True
    is_question = turn.standing is not None and turn.standing.type is not QuestionType.TEXT and not turn.state.unseen
    return code is None and not is_question and _consent(turn, event) is Consent.NO


def _answer_before_the_menu(turn: Turn, event: Wrote) -> None:
    """Join a second half to the answer before a menu that the bot put; the question below was never seen."""
    turn.change(phase=turn.state.resume)
    if turn.state.open_before and asking.has_second_half_words(turn, event.text):
        languages.listen(turn, event.text)
        asking.join(turn, event.text)
    else:
        turn.file(Filed.UNPARSED)
        steering.put_again(turn)


def _is_plainly_an_answer(turn: Turn, text: str) -> bool:
    """Say whether a text to a question of the bot's own can only be meant for the one that stands behind it."""
    is_none = turn.standing is None or turn.state.resume is not Phase.ASKING
    return is_none or asking.has_second_half_words(turn, text) or _is_read(turn, text)


def _is_read(turn: Turn, text: str) -> bool:
    """Say whether a text is read as an answer to the closed question that stands, by more than a number on a list."""
    question = turn.standing
    if question is None or turn.state.resume is not Phase.ASKING or question.type is QuestionType.TEXT:
        return False
    reading = read_reply(turn.asked(question), text, turn.q.words(turn.state.language))
    if isinstance(reading, Chosen) and reading.rule in _NO_PLACE_ON_A_LIST:
        return True
    return not isinstance(reading, Unclear) and not any(c.isdecimal() for c in text)


def _confirm_start(turn: Turn, event: Wrote, noise: Noise | None) -> None:
    consent = _consent(turn, event)
    if consent is Consent.NEITHER and noise is not None and not turn.here.is_closed:
        steering.answer_noise(turn, noise)
    else:
        steering.confirm_start(turn, consent)


def _consent(turn: Turn, event: Wrote) -> Consent:
    return read_consent(event.text, turn.q.words(turn.state.language), turn.today)


def _after_the_end(turn: Turn, event: Wrote, noise: Noise | None) -> None:
    if turn.here.is_closed:
        turn.file(Filed.LATE)
        steering.put_again(turn)
    elif event.is_spoken and not event.text.strip():
        turn.file(Filed.UNPARSED)
        turn.say(Phrase.VOICE_KEPT_AFTER)
        turn.send()
    elif noise is Noise.THANKS:
        turn.file(Filed.NOISE)
        turn.say(Phrase.WELCOME)
        turn.send()
    elif noise is not None:
        steering.answer_noise(turn, noise)
    else:
        turn.file(Filed.NOISE)
        steering.put_again(turn)


def _asked(turn: Turn, event: Wrote, noise: Noise | None) -> None:
    """Read a text that stands against a survey question."""
    question = turn.standing
    if question is None:
        turn.file(Filed.NOISE)
        steering.put_again(turn)
        return
    if turn.here.is_closed:
        asking.answer_late(turn, event.text, event.reading)
        return
    if event.reading is not None:
        asking.take(turn, question, event.reading, event.text)
        return
    if not event.text.strip():
        _wordless(turn, event, question)
        return
    if fingerprint(event.text) == turn.state.last_reply:
        turn.file(Filed.NOISE, question.name)
        turn.repeat()
        return
    is_open = question.type is QuestionType.TEXT
    if noise is not None and (noise is Noise.EMPTY or not is_open):
        steering.answer_noise(turn, noise)
        return
    if may_mean_stop(event.text, turn.q.words(turn.state.language)):
        turn.say(Phrase.TO_STOP)
        if not is_open:
            turn.file(Filed.NOISE, question.name)
            turn.repeat()
            return
    asking.answer(turn, question, event.text)


def _wordless(turn: Turn, event: Wrote, question: Question) -> None:
    """Ask for words. A voice note waits for a person to write it down, and counts as no try.

    What is asked for the opt-in ledger needs the resident's own words: nobody else's hand gives leave for them.
    """
    if event.is_spoken and question.role is not Role.CONTACT:
        turn.file(Filed.UNPARSED, question.name)
        turn.say(Phrase.VOICE_KEPT)
    else:
        turn.file(Filed.NOISE, question.name)
        turn.say(Phrase.ONLY_TEXT if event.attachments else Phrase.EMPTY_TEXT)
    turn.repeat()
