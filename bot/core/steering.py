"""What a resident can do besides answering: the commands, the bot's own questions, and small talk."""

from typing import assert_never

from bot.core import asking, languages
from bot.core.commands import CommandKind
from bot.core.effects import Erase, Filed, Option
from bot.core.noise import Noise
from bot.core.phrases import Phrase
from bot.core.reading import Asked, Chosen, read_reply
from bot.core.reading import Option as ReadOption
from bot.core.replies import Consent
from bot.core.state import Phase
from bot.core.survey import Question, QuestionType
from bot.core.turn import Turn

CARRY_ON = "carry_on"
START_NEW = "start_new"


def put_again(turn: Turn) -> None:
    """Say where the conversation stands: the question again, or that it is done, or that it is closed."""
    if turn.here.is_closed:
        say_closed(turn)
        return
    match turn.state.phase:
        case Phase.RETURNING:
            ask_returning(turn)
        case Phase.CONFIRMING_START:
            ask_to_start(turn, Phrase.CONFIRM_START)
        case Phase.CHOOSING_LANGUAGE:
            languages.put_menu(turn, turn.state.language_menu)
        case Phase.COMPLETE:
            turn.say(Phrase.ALREADY_DONE)
            turn.send()
        case Phase.ASKING | Phase.CONFIRMING_DELETE:
            if turn.standing is None:
                turn.advance()
            else:
                turn.repeat()
        case _ as never:
            assert_never(never)


def say_closed(turn: Turn) -> None:
    """Say that the survey is closed, and since when if that is known."""
    if turn.here.closed_on:
        turn.say(Phrase.CLOSED_ON, date=turn.here.closed_on)
    else:
        turn.say(Phrase.CLOSED)
    turn.send()


def ask_to_start(turn: Turn, phrase: Phrase) -> None:
    """Ask for a yes before the first question (the survey's `start` setting is `confirm`)."""
    turn.say(phrase, place=turn.first_place)
    turn.send()


def confirm_start(turn: Turn, consent: Consent) -> None:
    """Take the yes or no to starting."""
    if turn.here.is_closed:
        turn.file(Filed.LATE)
        say_closed(turn)
        return
    turn.file(Filed.COMMAND if consent in (Consent.YES, Consent.NO) else Filed.NOISE)
    if consent is Consent.YES:
        turn.change(phase=Phase.ASKING)
        turn.advance()
    else:
        ask_to_start(turn, Phrase.NOT_STARTED if consent is Consent.NO else Phrase.CONFIRM_START)


def ask_returning(turn: Turn) -> None:
    """Ask, after a long silence, whether the same person carries on. No earlier answer is shown (invariant 12)."""
    turn.say(Phrase.RETURNING, place=turn.next_place)
    turn.send(options=tuple(Option(code, label) for code, label in _returning_labels(turn)))


def _returning_labels(turn: Turn) -> list[tuple[str, str]]:
    language, short = turn.state.language, turn.here.short
    return [
        (CARRY_ON, turn.q.say(Phrase.CARRY_ON, language, short=short)),
        (START_NEW, turn.q.say(Phrase.START_NEW, language, short=short)),
    ]


def read_returning(turn: Turn, text: str) -> str:
    """Read the choice between carrying on and starting new: one of the two, or empty when it is neither."""
    if text in (CARRY_ON, START_NEW):  # a button's id
        return text
    options = tuple(ReadOption(code, i, (label,)) for i, (code, label) in enumerate(_returning_labels(turn), 1))
    asked = Asked(QuestionType.SELECT_ONE, options, None, turn.today)
    match read_reply(asked, text, turn.q.words(turn.state.language)):
        case Chosen((code,)):
            return code
        case _:
            return ""


def returned(turn: Turn, text: str) -> None:
    """Take the choice to carry on; to start new is for the desk, which makes a second conversation."""
    carries_on = read_returning(turn, text) == CARRY_ON and not turn.here.is_closed
    turn.file(Filed.COMMAND if carries_on else Filed.LATE if turn.here.is_closed else Filed.NOISE)
    if carries_on:
        turn.change(phase=Phase.ASKING)
    put_again(turn)


def command(turn: Turn, kind: CommandKind, argument: str, text: str) -> None:
    """Carry out a command that concerns this survey."""
    turn.file(Filed.COMMAND)
    if _closes_the_bots_own(turn, kind):
        put_again(turn)
        return
    match kind:
        case CommandKind.SKIP | CommandKind.BACK | CommandKind.CHANGE:
            _move(turn, kind, argument, text)
        case CommandKind.MORE:
            _more(turn)
        case CommandKind.HELP:
            _help(turn)
        case CommandKind.PRIVACY:
            _privacy(turn)
        case CommandKind.LANGUAGE:
            if languages.ask_for(turn, argument):
                put_again(turn)
        case CommandKind.DELETE:
            _delete(turn)
        case CommandKind.MYDATA | CommandKind.LINK:
            turn.is_own = True
            turn.add(argument)
            put_again(turn)
        case CommandKind.START | CommandKind.STOP | CommandKind.NEW:
            put_again(turn)  # the desk has dealt with what concerns the whole address
        case _ as never:
            assert_never(never)


def _closes_the_bots_own(turn: Turn, kind: CommandKind) -> bool:
    """Leave a question of the bot's own that the command is no answer to; say whether the command meant that alone."""
    phase = turn.state.phase
    if phase is Phase.CHOOSING_LANGUAGE or (phase is Phase.CONFIRMING_DELETE and kind is not CommandKind.DELETE):
        turn.change(phase=turn.state.resume)
    # SKIP passes the menu, and not the question that it stands before.
    return phase is Phase.CHOOSING_LANGUAGE and kind is CommandKind.SKIP


def _delete(turn: Turn) -> None:
    if turn.state.phase is Phase.CONFIRMING_DELETE:
        erase(turn)
    else:
        ask_delete(turn)


def _move(turn: Turn, kind: CommandKind, argument: str, text: str) -> None:
    question = turn.standing
    if turn.here.is_closed or turn.state.phase is Phase.RETURNING:
        put_again(turn)
    elif kind is CommandKind.CHANGE:
        _change(turn, argument)
    elif kind is CommandKind.BACK:
        _back(turn)
    elif question is None or turn.state.phase is not Phase.ASKING:
        put_again(turn)
    else:
        asking.skip(turn, question, text)


def _ask_question_again(turn: Turn, name: str) -> None:
    """Put an earlier question, without a word of what was answered (invariant 12)."""
    turn.change(phase=Phase.ASKING, standing=name, tries=0, asked_at=turn.now, open_before="", keyword_asked="")
    turn.repeat()


def _back(turn: Turn) -> None:
    trail = tuple(name for name in turn.state.trail if name in turn.way.names)
    if turn.state.standing in trail:
        trail = trail[: trail.index(turn.state.standing)]
    if not trail:
        turn.say(Phrase.FIRST_QUESTION)
        put_again(turn)
        return
    _ask_question_again(turn, trail[-1])


def _change(turn: Turn, argument: str) -> None:
    for name in turn.state.trail:
        if name in turn.way.names and str(turn.way.place(name).number) == argument:
            _ask_question_again(turn, name)
            return
    turn.say(Phrase.NO_SUCH_QUESTION if argument else Phrase.CHANGE_HOW, number=argument)
    put_again(turn)


def _more(turn: Turn) -> None:
    more = _more_text(turn)
    url = turn.q.definition.verify_url
    if more:
        turn.add(more)
    elif url:
        turn.say(Phrase.MORE_AT, url=url)
    else:
        turn.say(Phrase.NO_MORE)
    put_again(turn)


def _more_text(turn: Turn) -> str:
    """Return the plain summary of the standing question, or of the nearest question or note before it that has one.

    Where no question awaits an answer, a question's own would speak of what nobody is asked: it is the first note's,
    which is about what is consulted on.
    """
    if turn.standing is None or turn.here.is_closed:
        explained = [one for one in turn.way.questions if one.type is QuestionType.NOTE]
    else:
        last = turn.q.index(turn.standing.name)
        explained = [one for one in reversed(turn.way.questions) if turn.q.index(one.name) <= last]
    return next((text for one in explained if (text := turn.q.text(one.more, turn.state.language))), "")


def _help(turn: Turn) -> None:
    contact = turn.q.text(turn.q.definition.contact, turn.state.language)
    is_closed = turn.here.is_closed  # then nothing can be answered any more, here or in another way
    turn.say(Phrase.HELP_WHEN_CLOSED if is_closed else Phrase.HELP)
    if contact:
        turn.say(Phrase.HELP_PERSON_WHEN_CLOSED if is_closed else Phrase.HELP_PERSON, contact=contact)
    # An address is long, and a text is paid for by its length.
    left_out = {turn.here.source, "web"} if turn.here.short else {turn.here.source}
    ways = [where for source, where in turn.q.reached_by.items() if source not in left_out]
    if ways and not is_closed:
        turn.say(Phrase.HELP_WAYS, ways=", ".join(ways))
    put_again(turn)


def _privacy(turn: Turn) -> None:
    turn.say(Phrase.PRIVACY)
    if turn.q.definition.privacy_url:
        turn.say(Phrase.PRIVACY_AT, url=turn.q.definition.privacy_url)
    put_again(turn)


def ask_delete(turn: Turn) -> None:
    """Ask for a yes before everything is removed."""
    if turn.state.phase is not Phase.CONFIRMING_DELETE:
        turn.change(phase=Phase.CONFIRMING_DELETE, resume=turn.state.phase)
    if turn.here.is_closed or turn.state.resume is Phase.COMPLETE:
        turn.say(Phrase.CONFIRM_DELETE_AFTER, place="1/1")  # the only thing that awaits an answer
    else:
        turn.say(Phrase.CONFIRM_DELETE, place=turn.next_place)
    turn.send()


def erase(turn: Turn) -> None:
    """Remove everything, as the resident has confirmed."""
    turn.say(Phrase.DELETED)
    turn.effects.append(Erase())
    turn.send()


def answer_noise(turn: Turn, noise: Noise) -> None:
    """Answer small talk in a few words and put the question again. What a machine writes gets no answer."""
    question: Question | None = turn.standing
    turn.file(Filed.NOISE, question.name if question else "")
    match noise:
        case Noise.AUTO_REPLY | Noise.REACTION:
            return
        case Noise.GREETING:
            turn.say(Phrase.HELLO)
        case Noise.THANKS:
            turn.say(Phrase.WELCOME)
        case Noise.WHO_IS_THIS:
            _say_who(turn)
        case Noise.WRONG_NUMBER:
            turn.say(Phrase.WRONG_NUMBER)
        case Noise.LATER:
            turn.say(Phrase.NO_PROBLEM)
        case Noise.EMPTY:
            turn.say(Phrase.EMPTY_TEXT)
        case _ as never:
            assert_never(never)
    put_again(turn)


def _say_who(turn: Turn) -> None:
    definition = turn.q.definition
    organisation = turn.q.text(definition.organisation, turn.state.language)
    title = turn.q.title(turn.state.language)
    if organisation:
        turn.say(Phrase.WHO_WE_ARE, organisation=organisation, title=title)
    else:
        turn.say(Phrase.WHAT_ABOUT, title=title)
    if definition.verify_url:
        turn.say(Phrase.CHECK_SHORT, url=definition.verify_url)
