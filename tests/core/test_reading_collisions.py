"""The word tables beside one another: whole, and no phrase of one that means something else in another."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from bot.core.reading import Number, Reading, Unclear, read_exactly, read_reply
from bot.core.reading.normalise import key
from bot.core.reading.tongues import near
from bot.core.survey import QuestionType
from bot.core.words import CommandKind, WordTable
from bot.service.word_files import FOLDER
from tests.core.test_reading_replies import OTHERS, REPLIES
from tests.core.words import LANGUAGES, WORDS, asked, words_of

ANSWERS = ("yes", "no", "dont_know", "declined", "not_applicable", "passed", "none", "all", "both", "other", "neither")
GRADES = ("strong", "mild", "numbers", "ordinals")
TALK = ("greetings", "thanks", "who_is_this", "wrong_number", "later")
FULL = (
    *ANSWERS,
    "strong",
    "negations",
    "before",
    "after",
    "and_",
    "or_",
    "number_before",
    "years",
    "stop",
    "perhaps_stop",
)
LEFT_OUT = {"fa": {9}, "ur-Latn": {60}, "ps": {90}}
"""Numbers written like another word: Persian nine like no, Urdu sixty like with, Pashto ninety like new."""
every_table = pytest.mark.parametrize("table", WORDS, ids=LANGUAGES)
drafts = pytest.mark.parametrize("table", WORDS[1:], ids=LANGUAGES[1:])


def squeezed(phrase: str) -> str:
    return key(phrase).replace(" ", "")


def said(names: tuple[str, ...]) -> Mapping[str, set[tuple[str, str]]]:
    """Every phrase of these fields, without spaces, with the languages and fields that have it."""
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for table in WORDS:
        for name in names:
            for phrase in getattr(table, name):
                found[squeezed(phrase)].add((table.language, name))
    return found


def commands(table: WordTable) -> Iterator[tuple[CommandKind, str]]:
    for kind, phrases in table.commands.items():
        yield from ((kind, phrase) for phrase in phrases)


def poles(table: WordTable) -> set[str]:
    return {squeezed(phrase) for scale in table.scales for phrase in scale.positive | scale.negative}


def test_all_launch_languages_have_a_table() -> None:
    assert set(LANGUAGES) == {"en", "ur", "ur-Latn", "pl", "ro", "pa", "ar", "ckb", "bn", "ps", "fa"}


@drafts
def test_a_table_that_no_native_speaker_has_read_says_so(table: WordTable) -> None:
    assert table.reviewed_by == "draft"
    head = (FOLDER / f"{table.language}.toml").read_text(encoding="utf-8").splitlines()[0]
    assert "not yet reviewed by a native speaker" in head


@every_table
def test_every_table_is_full(table: WordTable) -> None:
    assert [name for name in FULL if not getattr(table, name)] == []
    assert set(table.commands) == set(CommandKind) - {CommandKind.STOP}
    assert {scale.name for scale in table.scales} >= {"agree", "satisfied", "safe", "important"}
    assert set(table.months.values()) == set(range(1, 13))
    assert set(range(1, 11)) | {-1} == set(table.ordinals.values())
    assert all(phrase not in table.yes for phrase in table.no)


@every_table
def test_numbers_from_nought_to_twenty_and_the_tens_are_words(table: WordTable) -> None:
    missing = {*range(21), *range(30, 101, 10)} - set(table.numbers.values())
    assert missing == LEFT_OUT.get(table.language, set())


@pytest.mark.parametrize("zero", "0٠۰০੦०０")
def test_digits_of_every_script_are_read(zero: str) -> None:
    for value in (3, 20, 84):
        text = "".join(chr(ord(zero) + int(digit)) for digit in str(value))
        assert unicodedata.decimal(text[0]) == int(str(value)[0])
        reading = read_reply(asked(type=QuestionType.INTEGER), text, words_of("en"))
        assert isinstance(reading, Number)
        assert reading.value == value


@every_table
def test_no_stop_phrase_is_an_answer_a_command_or_small_talk_anywhere(table: WordTable) -> None:
    others = said((*ANSWERS, *GRADES, *TALK))
    kinds = {squeezed(phrase): kind for one in WORDS for kind, phrase in commands(one)}
    agreed = {phrase for one in WORDS for phrase in poles(one)}
    for phrase in table.stop | table.perhaps_stop:
        assert squeezed(phrase) not in others, (phrase, others[squeezed(phrase)])
        assert squeezed(phrase) not in kinds, (phrase, kinds[squeezed(phrase)])
        assert squeezed(phrase) not in agreed, phrase
    assert not {squeezed(phrase) for one in WORDS for phrase in one.perhaps_stop} & set(map(squeezed, table.stop))


@every_table
def test_no_command_is_an_answer_or_small_talk_anywhere(table: WordTable) -> None:
    others = said((*ANSWERS, *GRADES, *TALK))
    agreed = {phrase for one in WORDS for phrase in poles(one)}
    for _, phrase in commands(table):
        assert squeezed(phrase) not in others, (phrase, others[squeezed(phrase)])
        assert squeezed(phrase) not in agreed, phrase


def test_no_phrase_is_two_commands() -> None:
    kinds: dict[str, set[CommandKind]] = defaultdict(set)
    for table in WORDS:
        for kind, phrase in commands(table):
            kinds[squeezed(phrase)].add(kind)
    assert {phrase: found for phrase, found in kinds.items() if len(found) > 1} == {}


def test_no_small_talk_is_an_answer_or_of_two_kinds() -> None:
    answers, talk = said((*ANSWERS, "numbers", "ordinals")), said(TALK)
    assert set(answers) & set(talk) == set()
    assert {phrase: places for phrase, places in talk.items() if len({name for _, name in places}) > 1} == {}


def test_no_word_is_yes_in_one_language_and_no_in_another() -> None:
    places = said(("yes", "no"))
    disputed = {phrase: found for phrase, found in places.items() if len({name for _, name in found}) > 1}
    assert disputed == {}


def test_languages_disagree_on_one_number_word_alone() -> None:
    values: dict[str, set[int]] = defaultdict(set)
    for table in WORDS:
        for phrase, value in table.numbers.items():
            values[key(phrase)].add(value)
    assert {phrase for phrase, found in values.items() if len(found) > 1} == {"ست"}  # six in Arabic, seven in Punjabi


COMMON = Path(__file__).parents[2] / "bot" / "language" / "words"
LISTED = tuple(language for language in LANGUAGES if (COMMON / f"{language}.txt").exists())
ALSO_OURS = {("en", "da")}
"""Common in a list and yet an answer of another language: English slang for "the" is Romanian for yes."""
PLACES = asked("Parks", "Roads", "Shops", "Trams", "Homes", "Clinics", "Rivers", "Bridges", "Markets", "Schools")


def common_words(language: str) -> list[str]:
    lines = (COMMON / f"{language}.txt").read_text(encoding="utf-8").splitlines()
    return " ".join(line for line in lines if not line.startswith("#")).split()


@pytest.mark.parametrize("language", LISTED)
def test_no_common_word_of_a_language_is_read_as_an_answer_of_another(language: str) -> None:
    questions = {reply.question: reply.asked for reply in (*REPLIES, *OTHERS) if reply.language == language}
    every = words_of(language)
    put = (questions["yes or no"], questions["how far do you agree"], PLACES, asked(type=QuestionType.INTEGER))
    for word in common_words(language):
        for question in put if (language, word) not in ALSO_OURS else ():
            reading = read_reply(question, word, every)
            if not isinstance(reading, Unclear):
                alone = read_reply(question, word, near(every))
                assert not isinstance(alone, Unclear), (word, reading)
                assert meant(reading) == meant(alone), word


def meant(reading: Reading) -> object:
    return getattr(reading, "codes", None) or getattr(reading, "value", None)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_stop_phrase_of_any_language_is_read_as_an_answer(language: str) -> None:
    questions = {reply.question: reply.asked for reply in (*REPLIES, *OTHERS) if reply.language == language}
    phrases = sorted({phrase for table in WORDS for phrase in table.stop})
    for question in (questions["yes or no"], questions["how far do you agree"]):
        assert [phrase for phrase in phrases if read_exactly(question, phrase, words_of(language))] == []
