"""A survey answered page by page: which page stands, and what a posted page means. Pure, and no second rule of surveys.

The way, the skip logic, the constraints and the records are the conversation's own; only the reading is simpler, since
a page has fields. No page ever repeats an answer that was given before (invariant 12): one that is left blank keeps it.
"""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import TypeAlias, assert_never

from msgspec import Struct
from msgspec.structs import replace

from bot.core import asking, conversation
from bot.core.effects import Effect, Option, Record
from bot.core.events import Circumstances
from bot.core.languages import CHOSEN
from bot.core.limits import FORM_CHARACTERS
from bot.core.opening import count, next_steps, who_asks
from bot.core.phrases import Phrase
from bot.core.questionnaire import Questionnaire
from bot.core.reading import Chosen, Dated, Declined, Number, Rule, Words, read_reply
from bot.core.state import AnswerState, Phase, State
from bot.core.survey import Question, QuestionType, Role
from bot.core.turn import Turn

RIGHT_TO_LEFT = frozenset(("ar", "ckb", "fa", "he", "pnb", "ps", "sd", "ug", "ur", "yi"))
"""Languages written from right to left; with a script of its own (`ur-Latn`) a language is not."""


class Note(Struct, frozen=True, gc=False):
    """What the survey says before a question. `more` is its plain summary, if it has one."""

    text: str
    more: str


class Page(Struct, frozen=True, gc=False):
    """One question as its page shows it. `notes` are what the survey says just before it.

    `step` is the revision of its answer when the page was made. `back` names the question
    before, if there is one. `begins_about_you` marks the first of the questions about the resident.
    """

    question: Question
    place: str
    label: str
    hint: str
    more: str
    notes: tuple[Note, ...]
    options: tuple[Option, ...]
    step: int
    back: str
    is_answered: bool
    begins_about_you: bool


class Posted(Struct, frozen=True, gc=False):
    """A page as it came back. `mark` says whose it was. `day`, `month` and `year` are a date's fields, as written."""

    question: str
    step: int
    mark: str = ""
    skips: bool = False
    choices: tuple[str, ...] = ()
    text: str = ""
    day: str = ""
    month: str = ""
    year: str = ""


class Became(StrEnum):
    """What became of a posted page."""

    KEPT = "kept"
    SAME = "same"  # nothing new was said
    LATE = "late"  # after the close: kept, and marked so
    CLOSED = "closed"  # after the close: not kept
    ASKED_AGAIN = "asked_again"  # `problem` says why
    NO_LONGER_ASKED = "no_longer_asked"
    OTHER_ANSWERS = "other_answers"  # another response's page, or another version's


class Taken(Struct, frozen=True, gc=False):
    """What a posted page did: the state after it, and what is to be recorded."""

    became: Became
    state: State
    records: tuple[Record, ...] = ()
    problem: str = ""


EARLIEST_YEAR = 1000

Answer: TypeAlias = Chosen | Number | Dated | Words | Declined


def direction(language: str) -> str:
    """Return the direction in which a language is written, as HTML calls it."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def mark(questionnaire: Questionnaire) -> str:
    """Return what a page carries to say which version it shows."""
    return questionnaire.definition.hash[:8]


def introduction(questionnaire: Questionnaire, language: str, here: Circumstances) -> tuple[str, ...]:
    """Say who asks, what about, how many questions there are, for whom, and what becomes of the answers."""
    definition = questionnaire.definition

    def say(phrase: Phrase, /, **values: object) -> str:
        return questionnaire.say(phrase, language, short=False, **values)

    way = Turn(questionnaire, State(language), here).way
    contact = questionnaire.text(definition.contact, language)
    address = definition.verify_url or definition.privacy_url
    has_own_privacy = definition.privacy_url not in ("", address)
    sentences = (
        who_asks(questionnaire, language, short=False),
        count(questionnaire, language, here, way),
        say(Phrase.MINIMUM_AGE, age=definition.min_age) if definition.min_age else "",
        say(Phrase.TAKING_PART),
        say(Phrase.FORM_PRIVACY),
        say(Phrase.PRIVACY_AT, url=definition.privacy_url) if has_own_privacy else "",
        say(Phrase.CHECK, url=address) if address else "",
        say(Phrase.HELP_PERSON, contact=contact) if contact else "",
        say(Phrase.NOT_EMERGENCY),
    )
    return tuple(filter(None, sentences))


def thanks(questionnaire: Questionnaire, state: State, here: Circumstances) -> tuple[str, ...]:
    """Thank, and say what happens next; between the two, what the survey says after its last question."""
    language = state.language
    last = (note.text for note in _notes_before(Turn(questionnaire, state, here), None))
    return (questionnaire.say(Phrase.THANK_YOU, language), *last, next_steps(questionnaire, language, short=False))


def begin(questionnaire: Questionnaire, language: str, here: Circumstances, *, is_chosen: bool) -> Taken:
    """Begin a response in a language; `is_chosen` says that the resident chose it."""
    turn = Turn(questionnaire, conversation.begin(language, CHOSEN if is_chosen else "default"), here)
    turn.advance()
    return _taken(turn, Became.KEPT)


def page(questionnaire: Questionnaire, state: State, here: Circumstances, name: str = "") -> Page | None:
    """Return the page of a question that was put, or of the standing one; None where there is no such page."""
    turn = Turn(questionnaire, state, here)
    name = name or state.standing
    if not _was_put(turn, name):
        return None
    question = questionnaire.question(name)
    language = state.language
    before = [each for each in state.trail if each in turn.way.names]
    before = sorted(before, key=questionnaire.index)
    earlier = [each for each in before if questionnaire.index(each) < questionnaire.index(name)]
    given = state.given.get(name)
    return Page(
        question=question,
        place=turn.place_of(question),
        label=questionnaire.page_label(question, language),
        hint=questionnaire.page_hint(question, language),
        more=questionnaire.text(question.more, language),
        notes=_notes_before(turn, question),
        options=_options(turn, question),
        step=given.revision if given else 0,
        back=earlier[-1] if earlier else "",
        is_answered=turn.stands(question),
        begins_about_you=question.role is Role.DEMOGRAPHIC
        and not any(questionnaire.question(each).role is Role.DEMOGRAPHIC for each in earlier),
    )


def last_page(questionnaire: Questionnaire, state: State, here: Circumstances) -> str:
    """Name the last question that was put and still applies; empty where none was."""
    turn = Turn(questionnaire, state, here)
    put = [name for name in state.trail if name in turn.way.names]
    return max(put, key=questionnaire.index, default="")


def take(questionnaire: Questionnaire, state: State, here: Circumstances, posted: Posted) -> Taken:
    """Take one posted page.

    `here.recalled` holds the newest words of the posted question, if it is one for words. A page that comes twice, or
    that says what is known, changes nothing. Total: whatever is posted, in whatever order, has an answer.
    """
    turn = Turn(questionnaire, state, here)
    if not _was_put(turn, posted.question):
        return Taken(Became.NO_LONGER_ASKED, state)
    question = questionnaire.question(posted.question)
    if here.is_closed:
        return _take_late(turn, state, question, posted)
    if posted.skips:
        return _skip(turn, state, question, posted)
    if _is_blank(question, posted):
        if turn.stands(question):
            return _same(turn, state, question)
        return _ask_again(turn, state, Phrase.ANSWER_OR_SKIP)
    read = _read(turn, question, posted)
    if isinstance(read, str):
        return Taken(Became.ASKED_AGAIN, state, problem=read)
    if _is_same(turn, question, read):
        return _same(turn, state, question)
    if _is_overtaken(state, question, posted):
        return _ask_again(turn, state, Phrase.ANSWERED_SINCE)
    return _keep(turn, question, read, posted)


def speak(questionnaire: Questionnaire, state: State, language: str) -> Taken:
    """Go on in another language, if it is offered. What was answered stays, and so does the place."""
    offered = {each.code for each in questionnaire.offered}
    if language == state.language or language not in offered:
        return Taken(Became.SAME, state)
    spoken = replace(state, language=language, language_source=CHOSEN, language_p=1.0, language_known="")
    return Taken(Became.KEPT, spoken)


def _was_put(turn: Turn, name: str) -> bool:
    return name in turn.state.trail and name in turn.way.names


def _keep(turn: Turn, question: Question, read: Answer, posted: Posted) -> Taken:
    state = AnswerState.REFUSED if isinstance(read, Declined) else AnswerState.ANSWERED
    asking.write(turn, question, state, _said(turn, question, posted), read)
    turn.change(phase=Phase.ASKING)
    turn.advance()
    return _taken(turn, Became.KEPT)


def _skip(turn: Turn, state: State, question: Question, posted: Posted) -> Taken:
    given = state.given.get(question.name)
    if given is not None and given.state is AnswerState.SKIPPED:
        return _same(turn, state, question)
    if _is_overtaken(state, question, posted):
        return _ask_again(turn, state, Phrase.ANSWERED_SINCE)
    turn.change(phase=Phase.ASKING)
    asking.skip(turn, question, "")
    return _taken(turn, Became.KEPT)


def _same(turn: Turn, state: State, question: Question) -> Taken:
    """Keep nothing; but go on from a question that was answered after the close of a survey that is open again."""
    if question.name != state.standing:
        return Taken(Became.SAME, state)
    turn.advance()
    return _taken(turn, Became.SAME)


def _take_late(turn: Turn, state: State, question: Question, posted: Posted) -> Taken:
    """Keep the first answer to the standing question that comes after the close, marked as late; nothing goes on."""
    if posted.skips or state.late or question.name != state.standing or _is_blank(question, posted):
        return Taken(Became.CLOSED, state)
    read = _read(turn, question, posted)
    if isinstance(read, str | Declined):
        return Taken(Became.CLOSED, state)
    turn.change(late=True)
    asking.write(turn, question, AnswerState.ANSWERED, _said(turn, question, posted), read)
    return _taken(turn, Became.LATE)


def _taken(turn: Turn, became: Became) -> Taken:
    """Close the turn. What it would have said stands on the next page instead."""
    state, effects = turn.finish()
    return Taken(became, state, _records(effects))


def _records(effects: Sequence[Effect]) -> tuple[Record, ...]:
    return tuple(effect for effect in effects if isinstance(effect, Record))


def _ask_again(turn: Turn, state: State, phrase: Phrase) -> Taken:
    return Taken(Became.ASKED_AGAIN, state, problem=turn.q.say(phrase, state.language))


def _is_overtaken(state: State, question: Question, posted: Posted) -> bool:
    """Whether the question was settled since the page was made: an old page must not take a newer answer back."""
    given = state.given.get(question.name)
    return given is not None and given.is_settled and given.revision != posted.step


def _is_blank(question: Question, posted: Posted) -> bool:
    if question.is_closed:
        return not posted.choices
    if question.type is QuestionType.DATE:
        return not (posted.day + posted.month + posted.year).strip()
    return not posted.text.strip()


def _read(turn: Turn, question: Question, posted: Posted) -> Answer | str:
    """Read a page's fields; a text says why they are no answer."""

    def say(phrase: Phrase, /, **values: object) -> str:
        return turn.q.say(phrase, turn.state.language, short=False, **values)

    read: Answer
    if question.is_closed:
        offered = [question.choices[place].name for place in turn.shown(question)]
        codes = tuple(code for code in offered if code in posted.choices)
        is_one = question.type is QuestionType.SELECT_ONE
        if len(codes) != len(set(posted.choices)) or (is_one and len(codes) != 1):
            return say(Phrase.ANSWER_OR_SKIP)
        read = Chosen(codes, Rule.BUTTON, 1.0)
    elif question.type is QuestionType.DATE:
        day = _date(posted)
        if day is None:
            return say(Phrase.WRITE_A_DATE)
        read = Dated(day, Rule.DATE, 1.0)
    elif len(posted.text) > FORM_CHARACTERS:
        return say(Phrase.TOO_LONG, count=f"{len(posted.text):,}", most=f"{FORM_CHARACTERS:,}")
    elif question.type is QuestionType.TEXT:
        read = Words(posted.text)
    else:
        amount = read_reply(turn.asked(question), posted.text, turn.q.words(turn.state.language))
        if not isinstance(amount, Number | Declined):
            return say(Phrase.WRITE_A_NUMBER)
        read = amount
    if isinstance(read, Declined) or asking.fits(turn, question, read):
        return read
    return _why_not(turn, question)


def _why_not(turn: Turn, question: Question) -> str:
    """Say why an answer does not fit, in the survey's own words where it has some."""
    most = turn.q.most(question)
    message = turn.q.text(question.constraint_message, turn.state.language)
    if message or most is None:
        return message or turn.q.say(Phrase.DOES_NOT_FIT, turn.state.language)
    return turn.q.say(Phrase.TOO_MANY, turn.state.language, most=most)


def _date(posted: Posted) -> date | None:
    try:
        day = date(int(posted.year), int(posted.month), int(posted.day))
    except (ValueError, OverflowError):
        return None
    return day if day.year >= EARLIEST_YEAR else None  # "24" is a slip, and no year of anybody's life


def _is_same(turn: Turn, question: Question, read: Answer) -> bool:
    """Whether that is what the question has already."""
    given = turn.state.given.get(question.name)
    if given is None or given.state is AnswerState.UNPARSED:
        return False
    match read:
        case Declined():
            return given.state is AnswerState.REFUSED
        case Words(text):
            return turn.stands(question) and turn.here.recalled.get(question.name) == text
        case Chosen(codes):
            value = " ".join(codes)
        case Number(amount):
            value = asking.plain(amount)
        case Dated(day):
            value = day.isoformat()
        case _ as never:
            assert_never(never)
    return turn.stands(question) and given.value == value


def _said(turn: Turn, question: Question, posted: Posted) -> str:
    """Return what the resident wrote, verbatim; of a choice, the labels that they chose, as when a button is tapped."""
    if question.is_closed:
        chosen = [
            turn.q.label(question, place, turn.state.language, short=False)
            for place in turn.shown(question)
            if question.choices[place].name in posted.choices
        ]
        return "\n".join(chosen)
    if question.type is QuestionType.DATE:
        return f"{posted.day} {posted.month} {posted.year}"
    return posted.text


def _options(turn: Turn, question: Question) -> tuple[Option, ...]:
    return tuple(
        Option(question.choices[place].name, turn.q.label(question, place, turn.state.language, short=False))
        for place in (turn.shown(question) if question.is_closed else ())
    )


def _notes_before(turn: Turn, question: Question | None) -> tuple[Note, ...]:
    """Return the notes between the question before and this one; None stands for the end."""
    notes: list[Note] = []
    language = turn.state.language
    for each in turn.way.questions:
        if question is not None and each.name == question.name:
            break
        if each.is_asked:
            notes = []
        else:
            said = filter(None, (turn.q.page_label(each, language), turn.q.page_hint(each, language)))
            notes.append(Note("\n".join(said), turn.q.text(each.more, language)))
    return tuple(notes)
