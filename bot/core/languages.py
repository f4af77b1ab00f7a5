"""The language of a conversation: asked for, chosen from a menu, or heard in what a resident writes.

A language that was asked for stays until another is asked for. What is only heard is a guess: it may ask, or switch
and say so, and both languages name the way back (DESIGN section 7).
"""

from collections.abc import Iterable
from functools import lru_cache

from rapidfuzz.distance import OSA

from bot.core.commands import find_language
from bot.core.effects import NoteLanguage, Option
from bot.core.language_names import EVERY_NAME, SERVES, names_of
from bot.core.limits import LANGUAGE_QUESTIONS, LIKELY
from bot.core.listening import Action
from bot.core.phrases import Phrase
from bot.core.questionnaire import Questionnaire
from bot.core.reading import Asked, Chosen, Unclear, Why, read_reply
from bot.core.reading import Option as ReadOption
from bot.core.reading.normalise import fold, key, tokens
from bot.core.state import Phase
from bot.core.survey import QuestionType
from bot.core.turn import Turn
from bot.core.words import Words

CHOSEN, DETECTED = "chosen", "detected"
MENU = "language."
"""What the ids of a language menu's buttons begin with; the code follows."""

_SHORTEST = 4
"""Letters of the shortest name that is found with one of them amiss."""


@lru_cache(maxsize=64)
def offered(questionnaire: Questionnaire) -> dict[str, tuple[str, ...]]:
    """Return the offered languages by code, each with the names it can be asked for by."""
    return {one.code: (one.name, *names_of(one.code, one.name).every) for one in questionnaire.offered}


def find(questionnaire: Questionnaire, text: str, words: Words) -> str:
    """Find the language that the whole text names, by name or code, among those of a survey; else empty."""
    return find_language(text, offered(questionnaire), words, allow_code=True) or "" if text else ""


def find_missing(text: str, words: Words) -> str:
    """Find the language that the whole text names among all that we have names for; else empty."""
    return find_language(text, EVERY_NAME, words, allow_code=True) or "" if text else ""


def find_named(text: str, questionnaires: Iterable[Questionnaire], words: Words) -> str:
    """Find the language that the whole text names, and not by its code alone; one that is offered first; else empty."""
    known = [*map(offered, questionnaires), EVERY_NAME]
    return next((code for names in known if (code := find_language(text, names, words))), "")


def find_nearly(questionnaire: Questionnaire, text: str) -> str:
    """Find the one offered language whose name is at most one letter off; else empty."""
    said = key(text)
    if len(said) < _SHORTEST - 1:
        return ""
    near = {code for name, code in _long_names(questionnaire) if OSA.distance(said, name, score_cutoff=1) <= 1}
    return near.pop() if len(near) == 1 else ""


@lru_cache(maxsize=64)
def _long_names(questionnaire: Questionnaire) -> tuple[tuple[str, str], ...]:
    named = [(key(name), code) for code, names in offered(questionnaire).items() for name in names]
    return tuple((name, code) for name, code in named if len(name) >= _SHORTEST)


def names_another(turn: Turn, text: str) -> bool:
    """Say whether the whole text asks for another language by its name.

    Against an open question the name of one that the survey lacks may be the answer: when it comes again, it is. Nor is
    it a wish where it is nearly one of the choices.
    """
    ours, words = offered(turn.q), turn.q.words(turn.state.language)
    question = turn.standing if turn.state.phase is Phase.ASKING else None
    is_open = question is not None and question.type is QuestionType.TEXT
    named = find_language(text, ours, words)
    if named is not None:
        return len(ours) > 1 and not (is_open and named == turn.state.language)
    missing = find_language(text, EVERY_NAME, words)
    if missing is None or (is_open and missing in turn.state.languages_missed):
        return False
    return is_open or question is None or isinstance(read_reply(turn.asked(question), text, words), Unclear)


def names_the_same(turn: Turn, text: str) -> bool:
    """Say whether the whole text names the language that is spoken, against an open question: a wish, or an answer."""
    question = turn.standing if turn.state.phase is Phase.ASKING and not turn.here.is_closed else None
    if question is None or question.type is not QuestionType.TEXT or len(ours := offered(turn.q)) == 1:
        return False
    return find_language(text, ours, turn.q.words(turn.state.language)) == turn.state.language


def ask_for(turn: Turn, argument: str) -> bool:
    """Change to the language that was asked for, or show the menu; say whether the question is still to be put."""
    named = argument.removeprefix(MENU)
    words = turn.q.words(turn.state.language)
    code = find(turn.q, named, words)
    if code:
        switch(turn, code)
        return True
    ours = offered(turn.q)
    missing = find_missing(named, words)
    if missing:
        miss(turn, missing)
    elif len(ours) == 1:
        turn.say(Phrase.ONE_LANGUAGE, language=own_name(turn, *ours))
    if len(ours) == 1:
        return True
    put_menu(turn, tuple(ours))
    return False


def switch(turn: Turn, code: str, source: str = CHOSEN, p: float = 1.0) -> None:
    """Go on in another language; say so in it and in the one before, each with the way back."""
    before = turn.state.language
    turn.change(language=code, language_source=source, language_p=round(p, 2), language_known="")
    if code != before:
        name, back = own_name(turn, code), names_of(before, own_name(turn, before)).typed
        said = (
            turn.q.say(Phrase.LANGUAGE_NOW, one, short=turn.here.short, language=name, back=back)
            for one in (code, before)
        )
        turn.add("\n".join(dict.fromkeys(said)))


def miss(turn: Turn, code: str) -> None:
    """Say once that a language is not offered, and count that somebody would have liked it."""
    if code in turn.state.languages_missed:
        return
    turn.change(languages_missed=(*turn.state.languages_missed, code))
    names = names_of(code, code)
    # Letters of its own would make a whole SMS cost twice.
    turn.say(Phrase.NOT_OFFERED, language=names.own if names.own.isascii() or not turn.here.short else names.typed)
    turn.effects.append(NoteLanguage(code))


def put_menu(turn: Turn, codes: tuple[str, ...]) -> None:
    """Ask which of these languages is wanted. Until that is answered a number means one of them, and nothing else."""
    phase = turn.state.phase
    resume = turn.state.resume if phase is Phase.CHOOSING_LANGUAGE else phase
    tries = turn.state.language_tries if phase is Phase.CHOOSING_LANGUAGE else 0
    turn.change(phase=Phase.CHOOSING_LANGUAGE, resume=resume, language_menu=codes, language_tries=tries)
    is_over = resume is Phase.COMPLETE or turn.here.is_closed
    phrase = Phrase.WHICH_LANGUAGE_AFTER if is_over else Phrase.WHICH_LANGUAGE
    place = "1/1" if is_over else turn.next_place  # once it is over, the only thing that awaits an answer
    said = (turn.q.say(phrase, one, short=turn.here.short, place=place) for one in (codes[0], turn.state.language))
    turn.add("\n".join(dict.fromkeys(said)))
    turn.send(options=tuple(Option(MENU + code, own_name(turn, code)) for code in codes))


def read_menu(turn: Turn, text: str) -> str | None:
    """Read the answer to the menu: its code; empty for a number that is not on it, or for several; else None."""
    words = turn.q.words(turn.state.language)
    named = find(turn.q, text, words) or find(turn.q, _without_numbers(text), words)
    if named:
        return named
    menu = turn.state.language_menu
    options = tuple(ReadOption(code, i, (own_name(turn, code),)) for i, code in enumerate(menu, 1))
    match read_reply(Asked(QuestionType.SELECT_ONE, options, None, turn.today), text, words):
        case Chosen((code,)):
            return code
        case Unclear(why=Why.NOT_LISTED | Why.SEVERAL):
            return ""
        case _:
            return None


def listen(turn: Turn, text: str) -> bool:
    """Hear which language an open answer, or a text that was not understood, is in; say whether that changed ours."""
    state, listener = turn.state, turn.q.listener
    if listener is None or state.language_source == CHOSEN:
        return False
    heard = listener(text, state.language_known, turn.here.language_hint, state.language)
    if heard.known != state.language_known:
        turn.change(language_known=heard.known)
    if heard.action is Action.STAY or heard.language == state.language or _says_little(turn, text, heard.action):
        return False
    ours = offered(turn.q)
    if heard.action is Action.SWITCH and heard.language in ours:
        switch(turn, heard.language, DETECTED, heard.p)
        return True
    if heard.action is Action.SWITCH and heard.is_plain:
        miss(turn, heard.language)
    meant = (heard.language, *SERVES.get(heard.language, ()), *heard.likely)
    _offer(turn, tuple(dict.fromkeys(code for code in meant if code in ours and code != state.language)))
    return False


def _says_little(turn: Turn, text: str, action: Action) -> bool:
    """One plain Latin word may be a name, a slip or a postcode: the first that is not understood asks nothing."""
    return action is Action.ASK and turn.state.tries == 0 and text.isascii() and len(text.split()) == 1


def _offer(turn: Turn, likely: tuple[str, ...]) -> None:
    """Put a short menu where the next question would stand, no more often than `LANGUAGE_QUESTIONS`."""
    if not likely or turn.state.language_asks >= LANGUAGE_QUESTIONS:
        return
    turn.change(language_asks=turn.state.language_asks + 1)
    stood = turn.state.standing

    def ask() -> None:
        turn.change(unseen=turn.state.standing != stood)
        put_menu(turn, (*likely[:LIKELY], turn.state.language))

    turn.instead = ask


def own_name(turn: Turn, code: str) -> str:
    """Return a language's own name, as the survey or we have it."""
    return names_of(code, next((one.name for one in turn.q.offered if one.code == code), code)).own


def _without_numbers(text: str) -> str:
    """Leave the words of "2 urdu": who writes a number and a name means the name."""
    return " ".join(word for word in tokens(fold(text)) if not word.isdecimal())
