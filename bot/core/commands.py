"""What a resident can ask for at any moment, by the whole message: STOP, the commands, a language, a keyword."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from bot.core import link_code
from bot.core.language_names import EVERY_NAME, NAMES_AROUND
from bot.core.reading.amounts import number_in_words
from bot.core.reading.lexicon import lexicon
from bot.core.reading.normalise import LAST_TEXTS, fold, key, tokens
from bot.core.reading.signature import unsigned
from bot.core.reading.tongues import respell
from bot.core.reading.wrapping import Tokens, drop_leading, either, openings, unwrap
from bot.core.words import CommandKind, Words

__all__ = [
    "Command",
    "CommandKind",
    "KeywordMatch",
    "confirms_delete",
    "find_command",
    "find_keyword",
    "find_language",
    "is_stop",
    "may_mean_stop",
    "stops",
]

_LONGEST = 200
"""Letters of the longest text that can be a command."""
_REST_WORDS = 2
_PLACE_DIGITS = 3
_CODE = re.compile(r"[a-z]{2}(?: [a-z]{4})?")
_BOT = re.compile(r"(/\w+)@\w+")


@dataclass(frozen=True, slots=True)
class Command:
    """A command, with its argument in plain form: `3` for CHANGE, the language for LANGUAGE, the code for LINK."""

    kind: CommandKind
    argument: str = ""


@dataclass(frozen=True, slots=True)
class KeywordMatch:
    """The survey that a keyword stands for, and at most two words that came after it, normalised.

    `word` is the keyword itself, as `key` writes it.
    """

    survey: str
    rest: str
    word: str


@lru_cache(maxsize=LAST_TEXTS)
def is_stop(text: str, words: Words) -> bool:
    """Say whether the whole message asks for silence, in any language we know, however it is spaced or punctuated.

    "/stop@our_bot" is how Telegram writes a command that was tapped.

    Never by its first word: "Stop the boats" is an answer. The carrier's own words are STOP, STOPALL, UNSUBSCRIBE,
    CANCEL, END, QUIT, REVOKE and OPTOUT (Twilio, default opt-out words).
    """
    return _is_one_of(text, words, "stop")


def stops(text: str, keywords: Mapping[str, str], words: Words) -> bool:
    """Say whether the whole message is STOP, or STOP beside a keyword ("STOP STOKE")."""
    if is_stop(text, words):
        return True
    said = _without_pictures(text) if len(text) <= _LONGEST else ()
    if len(said) < 2:
        return False
    whole = " ".join(said)
    beside = [
        rest.strip()
        for word in _by_key(tuple(keywords.items()))
        for rest in (whole.removesuffix(f" {word}"), whole.removeprefix(f"{word} "))
        if rest != whole
    ]
    return any(is_stop(rest, words) for rest in beside)


def confirms_delete(text: str, words: Words) -> bool:
    """Say whether the whole message says in other words that all is to be removed: "yes delete it", "go ahead"."""
    lex = lexicon(words)
    core = unwrap(_without_pictures(text), either(lex.polite, lex.yes), lex.polite) if len(text) <= _LONGEST else ()
    return " ".join(core) in lex.delete_confirmed


def may_mean_stop(text: str, words: Words) -> bool:
    """Say whether the whole message may ask for silence and may not ("stop it", "stop 1"): the bot asks once."""
    if is_stop(text, words):
        return False
    return _is_one_of(text, words, "perhaps_stop") or is_stop(text.rstrip("0123456789 "), words)


def _is_one_of(text: str, words: Words, table: str) -> bool:
    text = _BOT.sub(r"\1", unsigned(text, words))
    if len(text) > _LONGEST or text.isdecimal():
        return False
    said = _without_pictures(text) or tokens(text)
    phrases = _squeezed(words, table)
    polite = lexicon(words).polite
    once = set(said) - polite  # "stop stop", "stop please stop"
    forms = (said, unwrap(said, polite, polite), tuple(once) if len(once) == 1 else ())
    return any("".join(form) in phrases for form in forms if form)


@cache
def _squeezed(words: Words, table: str) -> frozenset[str]:
    """Write the phrases of every language without spaces: "stop all" is STOPALL, and "opt-out" is OPTOUT.

    Where a language is written freely, its plainest spelling counts as well.
    """
    return frozenset(
        written.replace(" ", "")
        for one in words
        for phrase in map(key, getattr(one, table))
        for written in (phrase, respell(phrase, tuple(one.spelling.items())))
    )


@lru_cache(maxsize=LAST_TEXTS)
def _without_pictures(text: str) -> Tokens:
    said = tokens(fold(text))
    if text.isascii():
        return said
    return tuple(token for token in said if token.isascii() or any(c.isalnum() for c in token))


def find_command(text: str, words: Words) -> Command | None:
    """Find the command that the whole message is, `/` before it and politeness around it allowed; else None."""
    text = unsigned(text, words)
    if len(text) > _LONGEST:
        return None
    folded = fold(_BOT.sub(r"\1", text))
    if folded and not folded.strip("?! "):
        return Command(CommandKind.HELP) if "?" in folded else None
    if is_stop(text, words):
        return Command(CommandKind.STOP)
    lex = lexicon(words)
    said = _without_pictures(folded)
    core = unwrap(said, lex.polite, lex.polite)
    whole, bare = " ".join(said), " ".join(core)
    for kind, phrases in lex.commands.items():
        if bare in phrases or whole in phrases:
            return Command(kind)
    return _change(core, words) or _language(core, words) or _link(said, core, folded, words)


def _change(core: Tokens, words: Words) -> Command | None:
    """Read "change 3", "change q3" and "change my answer to question three"; "change 3 to 2" puts question 3 again."""
    lex = lexicon(words)
    size = _command_size(core, words, CommandKind.CHANGE)
    if size == 0:
        return None
    rest = core[size:]
    if " ".join(rest) in lex.question_words:
        return Command(CommandKind.CHANGE)
    place = drop_leading(rest, lex.question_words)
    is_place = bool(place) and place[0].isdecimal() and len(place[0]) <= _PLACE_DIGITS
    if is_place and all(word == "to" or word.isdecimal() for word in place[1:]):
        return Command(CommandKind.CHANGE, str(int(place[0])))
    number = number_in_words(place, lex)
    return Command(CommandKind.CHANGE, str(number)) if number is not None else None


def _language(core: Tokens, words: Words) -> Command | None:
    """Read "language polish" and "lang pl"; "language lessons" is an answer."""
    size = _command_size(core, words, CommandKind.LANGUAGE)
    if size == 0:
        return None
    argument = " ".join(core[size:])
    is_language = argument in lexicon(words).language_names or _CODE.fullmatch(argument)
    return Command(CommandKind.LANGUAGE, argument) if is_language else None


def _link(said: Tokens, core: Tokens, folded: str, words: Words) -> Command | None:
    """Read "link 7GKC2MPQ", also with gaps or a letter amiss; "link the bus lanes" is an answer."""
    for read in (said, core):  # what looks like politeness may be the end of a code
        size = _command_size(read, words, CommandKind.LINK)
        code = "".join(read[size:]).upper() if size else ""
        if link_code.is_code(code) or (len(folded.split()) == size + 1 and link_code.may_be_code(code)):
            return Command(CommandKind.LINK, code)
    return None


def _command_size(core: Tokens, words: Words, kind: CommandKind) -> int:
    """Count the words of the command that a message begins with; 0 for none."""
    phrases = lexicon(words).commands.get(kind, frozenset())
    longest = min(openings(phrases).get(core[0], 0), len(core) - 1) if core else 0
    return next((size for size in range(longest, 0, -1) if " ".join(core[:size]) in phrases), 0)


def find_language(
    text: str, languages: Mapping[str, tuple[str, ...]], words: Words = (), *, allow_code: bool = False
) -> str | None:
    """Find the language that the whole message names, among `languages` (names by code); by its code only if allowed.

    `words` adds what may stand around it: "in Polish please".
    """
    text = unsigned(text, words)
    if len(text) > _LONGEST:
        return None
    lex = lexicon(words)
    said = _without_pictures(text)
    asks = lex.commands.get(CommandKind.LANGUAGE, frozenset())
    before = either(either(lex.polite, lex.language_before), either(asks, lex.keyword_before))
    named = {" ".join(unwrap(said, before, either(either(lex.polite, asks), NAMES_AROUND))), " ".join(said)} - {""}
    by_name = _by_name(tuple(languages.items()), allow_code)
    return next((by_name[name] for name in named if name in by_name), None)


@lru_cache(maxsize=64)
def _by_name(languages: tuple[tuple[str, tuple[str, ...]], ...], allow_code: bool) -> Mapping[str, str]:
    found = {key(name): code for code, names in reversed(languages) for name in names}
    found = {**{name.replace(" ", ""): code for name, code in found.items()}, **found}
    return {**found, **{key(code): code for code, _ in reversed(languages)}} if allow_code else found


def find_keyword(text: str, keywords: Mapping[str, str], words: Words = ()) -> KeywordMatch | None:
    """Find the survey whose keyword the message begins with, two words after it at most ("STOKE URDU", "join stoke").

    `keywords` maps keywords in any case to survey ids.
    """
    text = unsigned(text, words)
    if len(text) > _LONGEST:
        return None
    lex = lexicon(words)
    by_key = _by_key(tuple(keywords.items()))
    before = either(either(lex.polite, lex.keyword_before), lex.greetings)
    core = unwrap(_without_pictures(text), before, lex.polite)
    for size in range(len(core), max(0, len(core) - _REST_WORDS - 1), -1):
        word = " ".join(core[:size])
        survey = by_key.get(word)
        if survey is not None:
            return KeywordMatch(survey, " ".join(core[size:]), word)
    return _keyword_with_language(core, by_key, words)


def _keyword_with_language(core: Tokens, by_key: Mapping[str, str], words: Words) -> KeywordMatch | None:
    """Find a keyword beside a language in one of the other ways: "urdu stoke", "stokeurdu", "stoke lang roman urdu"."""
    whole = " ".join(core)
    for word, survey in by_key.items():
        for rest in (whole.removesuffix(word), whole.removeprefix(word)):
            if rest != whole and (rest.strip() and find_language(rest, EVERY_NAME, words) is not None):
                return KeywordMatch(survey, rest.strip(), word)
    return None


@lru_cache(maxsize=8)
def _by_key(keywords: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    return {key(keyword): survey for keyword, survey in keywords}
