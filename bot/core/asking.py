"""Taking what a resident wrote as an answer: kept, or asked again, or left open with their words kept."""

from decimal import Decimal
from typing import TypeAlias, assert_never

from bot.core import languages
from bot.core.effects import Filed
from bot.core.limits import SECOND_HALF_WORDS, TRIES
from bot.core.phrases import Phrase
from bot.core.reading import (
    Chosen,
    Dated,
    Declined,
    Number,
    Reading,
    Rule,
    Unclear,
    Why,
    Words,
    read_reply,
    unsigned,
)
from bot.core.state import AnswerState, Phase
from bot.core.survey import Question, QuestionType
from bot.core.turn import Turn

Answer: TypeAlias = Chosen | Number | Dated | Words
"""A reading that answers the question."""

Reply: TypeAlias = Answer | Declined
"""A reading that settles it."""


def answer(turn: Turn, question: Question, text: str) -> None:
    """Take a text as the reply to the standing question."""
    reading = read_reply(turn.asked(question), text, turn.q.words(turn.state.language))
    is_free = isinstance(reading, Words) or (isinstance(reading, Unclear) and reading.why is Why.NOTHING)
    if is_free and languages.listen(turn, text):
        reading = read_reply(turn.asked(question), text, turn.q.words(turn.state.language))
    if isinstance(reading, Unclear) and _is_second_half(turn, question, reading, text):
        join(turn, text)
        return
    take(turn, question, reading, text)


def take(turn: Turn, question: Question, reading: Reading, text: str) -> None:
    """Act on a reading of a text as the reply to the standing question."""
    match reading:
        case Unclear():
            _ask_again(turn, question, text, reading)
        case Declined():
            _keep(turn, question, AnswerState.REFUSED, text, reading)
        case Chosen() | Number() | Dated() | Words():
            if fits(turn, question, reading):
                _keep(turn, question, AnswerState.ANSWERED, text, reading)
            else:
                _ask_again(turn, question, text, None)
        case _ as never:
            assert_never(never)


def answer_by_button(turn: Turn, question: Question, choice: int, text: str) -> None:
    """Take a tap: on the question it belongs to, which need not be the standing one."""
    reading = _by_button(question, choice)
    turn.change(phase=Phase.ASKING)
    if question.name == turn.state.standing:
        take(turn, question, reading, text)
        return
    if not fits(turn, question, reading):
        turn.file(Filed.UNPARSED, question.name)
        _explain(turn, question, None, text)
        _go_on(turn)
        return
    turn.say(Phrase.THAT_ANSWERED, place=turn.way.place(question.name).number)
    turn.file(Filed.ANSWER, question.name)
    write(turn, question, AnswerState.ANSWERED, text, reading)
    _go_on(turn)


def answer_quoted(turn: Turn, question: Question, text: str) -> None:
    """Take a text as the answer to an earlier question, which it was written under. To open words it is added."""
    reading = read_reply(turn.asked(question), text, turn.q.words(turn.state.language))
    if turn.here.is_closed:
        turn.file(Filed.LATE, question.name)
        turn.say(Phrase.LATE)
        turn.send()
        return
    if isinstance(reading, Unclear) or (not isinstance(reading, Declined) and not fits(turn, question, reading)):
        turn.file(Filed.UNPARSED, question.name)
        _explain(turn, question, reading if isinstance(reading, Unclear) else None, text)
        _go_on(turn)
        return
    turn.change(phase=Phase.ASKING)
    turn.file(Filed.ANSWER, question.name)
    turn.say(Phrase.THAT_ANSWERED, place=turn.way.place(question.name).number)
    if isinstance(reading, Words) and turn.stands(question):
        turn.record(question, AnswerState.ANSWERED, text, join=True, value=text, rule=Rule.WORDS, confidence=1.0)
    else:
        state = AnswerState.REFUSED if isinstance(reading, Declined) else AnswerState.ANSWERED
        write(turn, question, state, text, reading)
    _go_on(turn)


def _by_button(question: Question, choice: int) -> Chosen:
    return Chosen((question.choices[choice].name,), Rule.BUTTON, 1.0)


def _go_on(turn: Turn) -> None:
    """Put the standing question again, or the next one where an answer has made it pointless."""
    if turn.state.standing in turn.way.names:
        turn.repeat()
    else:
        turn.advance()


def answer_late(turn: Turn, text: str, reading: Reading | None = None) -> None:
    """Keep what came after the close: the first readable reply, marked as late; the survey does not go on."""
    question = turn.standing
    turn.file(Filed.LATE, question.name if question else "")
    if question is not None and not turn.state.late:
        reading = reading or read_reply(turn.asked(question), text, turn.q.words(turn.state.language))
        if not isinstance(reading, Unclear | Declined) and fits(turn, question, reading):
            turn.change(late=True)
            write(turn, question, AnswerState.ANSWERED, text, reading)
    turn.say(Phrase.LATE)
    turn.send()


def answer_late_by_button(turn: Turn, question: Question, choice: int, text: str) -> None:
    """Keep a tap that came after the close, if it is for the standing question: an earlier answer stays as it is."""
    if question.name == turn.state.standing:
        answer_late(turn, text, _by_button(question, choice))
        return
    turn.file(Filed.LATE, question.name)
    turn.say(Phrase.LATE)
    turn.send()


def write_down(turn: Turn, question: Question, text: str, *, joins: bool) -> AnswerState | None:
    """Keep what a person heard in a voice note, read exactly as if it had been typed; say what became of the question.

    Nothing is asked. What is not clearly an answer leaves the question open with these words, or, where it has an
    answer already, leaves that as it is: then nothing is kept (None). `joins` puts words below those that stand.
    """
    reading = read_reply(turn.asked(question), text, turn.q.words(turn.state.language))
    if isinstance(reading, Declined):
        write(turn, question, AnswerState.REFUSED, text, reading)
        return AnswerState.REFUSED
    if isinstance(reading, Unclear) or not fits(turn, question, reading):
        if turn.stands(question):
            return None
        turn.record(question, AnswerState.UNPARSED, text, is_open=question.name == turn.state.standing)
        return AnswerState.UNPARSED
    if joins and isinstance(reading, Words):
        turn.record(question, AnswerState.ANSWERED, text, join=True, value=text, rule=Rule.WORDS, confidence=1.0)
    else:
        write(turn, question, AnswerState.ANSWERED, text, reading)
    return AnswerState.ANSWERED


def skip(turn: Turn, question: Question, text: str) -> None:
    """Leave the standing question out, as the resident wishes: `required` never blocks this."""
    turn.record(question, AnswerState.SKIPPED, text, rule=Rule.SKIP)
    turn.advance()


def _keep(turn: Turn, question: Question, state: AnswerState, text: str, reading: Reply) -> None:
    turn.file(Filed.ANSWER, question.name)
    write(turn, question, state, text, reading)
    turn.advance()


def write(turn: Turn, question: Question, state: AnswerState, text: str, reading: Reply) -> None:
    """Write one reading down as a revision of the question's answer; nothing is asked or filed."""
    match reading:
        case Chosen(codes, rule, confidence):
            ordered = tuple(c.name for c in question.choices if c.name in codes)
            turn.record(question, state, text, codes=ordered, value=" ".join(ordered), rule=rule, confidence=confidence)
        case Number(value, rule, confidence):
            turn.record(
                question, state, text, number=float(value), value=plain(value), rule=rule, confidence=confidence
            )
        case Dated(value, rule, confidence):
            turn.record(question, state, text, value=value.isoformat(), rule=rule, confidence=confidence)
        case Words():
            turn.record(question, state, text, value=text, rule=Rule.WORDS, confidence=1.0)
        case Declined(rule):
            turn.record(question, state, text, rule=rule)
        case _ as never:
            assert_never(never)


def plain(value: Decimal) -> str:
    """Write a number as XForms does: 3 rather than 3.0."""
    return str(int(value)) if value == value.to_integral_value() else format(value.normalize(), "f")


def fits(turn: Turn, question: Question, reading: Answer) -> bool:
    """Check an answer against the question's constraint."""
    match reading:
        case Chosen(codes):
            current = " ".join(codes)
        case Number(value):
            current = plain(value)
        case Dated(value):
            current = value.isoformat()
        case Words(text):
            current = text
        case _ as never:
            assert_never(never)
    return not question.constraint or turn.q.holds(question.constraint, turn.values(), turn.today, current)


def _is_second_half(turn: Turn, question: Question, reading: Unclear, text: str) -> bool:
    """Say whether a text goes on with the open answer before (invariant 15). How much time has passed says nothing."""
    return (
        turn.state.open_before != ""
        and turn.state.tries == 0
        and reading.why is Why.NOTHING
        and not reading.candidates
        and has_second_half_words(turn, text)
    )


def has_second_half_words(turn: Turn, text: str) -> bool:
    """Say whether a text is long enough to go on with an open answer."""
    return len(unsigned(text, turn.q.words(turn.state.language)).split()) >= SECOND_HALF_WORDS


def join(turn: Turn, text: str) -> None:
    """Put a text below the open answer before, and the standing question again."""
    before = turn.q.question(turn.state.open_before)
    turn.file(Filed.ANSWER, before.name)
    turn.record(before, AnswerState.ANSWERED, text, join=True, value=text, rule=Rule.WORDS, confidence=1.0)
    turn.say(Phrase.ADDED)
    turn.repeat()


def _ask_again(turn: Turn, question: Question, text: str, reading: Unclear | None) -> None:
    """Ask again, simpler each time; after the last try keep the words, leave the question open and go on.

    An answer that is to be changed stays until there is a new one. Words that speak of danger are no failed try: below
    where help is stands the question, and no "we did not understand".
    """
    turn.file(Filed.UNPARSED, question.name)
    is_danger = turn.here.is_danger
    tries = turn.state.tries + (not is_danger)
    stands = turn.stands(question)
    if not stands:
        before = turn.state.given.get(question.name)
        joins = before is not None and before.is_open
        turn.record(question, AnswerState.UNPARSED, text, join=joins, is_open=tries < TRIES)
    if tries >= TRIES:
        turn.say(Phrase.STAYS if stands else Phrase.LEFT_OPEN)
        turn.advance()
        return
    pair = turn.state.pair
    turn.change(tries=tries)
    if not is_danger:
        _say_why(turn, question, reading, text, pair)
        if tries > 1:
            _how_to_reply(turn, question)
    turn.repeat()


def _say_why(turn: Turn, question: Question, reading: Unclear | None, text: str, before: tuple[str, ...]) -> None:
    """Say what was not clear. Where it is one of two choices, ask which; so too if they were asked that `before`."""
    match reading:
        case Unclear((_, _) as pair, Why.NOTHING | Why.OFFERED):
            phrase = Phrase.DID_YOU_MEAN
        case Unclear((_, _) as pair, Why.SEVERAL) if question.type is QuestionType.SELECT_ONE:
            phrase = Phrase.SEVERAL_ANSWERS
        case Unclear(codes, Why.NOTHING | Why.ASKS) if before and set(codes) <= set(before):
            phrase, pair = Phrase.DID_YOU_MEAN, before
        case _:
            turn.change(offered=())
            _explain(turn, question, reading, text)
            return
    turn.change(offered=pair)
    first, second = (_label(turn, question, code) for code in pair)
    turn.say(phrase, first=first, second=second)


def _explain(turn: Turn, question: Question, reading: Unclear | None, text: str) -> None:
    if reading is None:
        message = turn.q.text(question.constraint_message, turn.state.language)
        turn.add(message) if message else turn.say(Phrase.DOES_NOT_FIT)
    elif reading.why is Why.TOO_MANY:
        turn.say(Phrase.TOO_MANY, most=turn.q.most(question))
    elif reading.why is Why.NOT_LISTED and unsigned(text, turn.q.words(turn.state.language)).strip().isdecimal():
        turn.say(Phrase.NOT_LISTED)
    else:
        turn.say(Phrase.NOT_UNDERSTOOD)


def _label(turn: Turn, question: Question, code: str) -> str:
    place = next(i for i, choice in enumerate(question.choices) if choice.name == code)
    return turn.q.label(question, place, turn.state.language, turn.here.short)


def _how_to_reply(turn: Turn, question: Question) -> None:
    match question.type:
        case QuestionType.SELECT_ONE if not turn.here.short:  # an app's buttons have no numbers
            turn.say(Phrase.CHOOSE_ONE)
        case QuestionType.SELECT_ONE:
            turn.say(Phrase.REPLY_WITH_NUMBER, first=1, last=len(turn.shown(question)))
        case QuestionType.SELECT_MULTIPLE:
            turn.say(Phrase.REPLY_WITH_NUMBERS)
        case QuestionType.INTEGER | QuestionType.DECIMAL:
            turn.say(Phrase.REPLY_WITH_AMOUNT)
        case QuestionType.DATE:
            turn.say(Phrase.REPLY_WITH_DATE)
        case QuestionType.TEXT | QuestionType.NOTE | QuestionType.CALCULATE:
            pass
        case _ as never:
            assert_never(never)
