"""What is read before commands are looked for: only what can be nothing but an answer."""

import timeit
from decimal import Decimal

import pytest

from bot.core.commands import find_command, is_stop
from bot.core.reading import Asked, Chosen, Dated, Number, Rule, read_exactly
from bot.core.survey import QuestionType
from tests.core.test_reading_replies import REPLIES
from tests.core.words import AGREEMENT, TODAY, WORDS, YES_NO, asked

SHAPES = tuple({reply.question: reply.asked for reply in REPLIES}.items())


@pytest.mark.parametrize(
    ("text", "rule", "code"),
    [
        ("2", Rule.NUMBER, "agree"),
        (" 2. ", Rule.NUMBER, "agree"),
        ("02", Rule.NUMBER, "agree"),
        ("٢", Rule.NUMBER, "agree"),
        ("2️⃣", Rule.NUMBER, "agree"),
        ("option 2", Rule.NUMBER, "agree"),
        ("no. 2", Rule.NUMBER, "agree"),
        ("two", Rule.NUMBER_WORD, "agree"),
        ("second", Rule.ORDINAL, "agree"),
        ("b", Rule.LETTER, "agree"),
        ("AGREE", Rule.LABEL, "agree"),
        ("strongly_agree", Rule.LABEL, "strongly_agree"),
        ("Neither", Rule.LABEL, "neither_agree_nor_disagree"),
        ("neither agree nor disagree!", Rule.LABEL, "neither_agree_nor_disagree"),
    ],
)
def test_numbers_labels_letters_and_ordinals_are_exact(text: str, rule: Rule, code: str) -> None:
    reading = read_exactly(AGREEMENT, text, WORDS)
    assert isinstance(reading, Chosen)
    assert (reading.codes, reading.rule) == ((code,), rule)


@pytest.mark.parametrize("text", ["y", "Yes", "👍", "aye", "1"])
def test_yes_is_exact_where_yes_or_no_is_asked(text: str) -> None:
    reading = read_exactly(YES_NO, text, WORDS)
    assert isinstance(reading, Chosen)
    assert reading.codes == ("yes",)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "agre",
            "stongly agre",
            "1 please",
            "my answer is 2",
            "1 or 2",
            "7",
            "1?",
            "*2",
            "",
            "...",
            "agree because",
            "ok thanks",
        ),
        *(
            "1 - strongly agree",
            "no",
            "dont know what to say about all this",
            "agree with you all",
            "9" * 5000,
            "strongly agree ok so",
        ),
    ],
)
def test_what_needs_good_will_is_not_exact(text: str) -> None:
    assert read_exactly(AGREEMENT, text, WORDS) is None


@pytest.mark.parametrize("text", ["no 1", "ok thanks", "no one", "yes?"])
def test_no_is_never_read_out_of_something_else(text: str) -> None:
    assert read_exactly(YES_NO, text, WORDS) is None


@pytest.mark.parametrize(
    ("type", "text", "meant"),
    [
        (QuestionType.INTEGER, "24", Decimal(24)),
        (QuestionType.INTEGER, "-5", Decimal(-5)),
        (QuestionType.INTEGER, "٢٤", Decimal(24)),
        (QuestionType.INTEGER, "24 years", None),
        (QuestionType.INTEGER, "2.5", None),
        (QuestionType.INTEGER, "9" * 5000, None),
        (QuestionType.DECIMAL, "2.5", Decimal("2.5")),
        (QuestionType.DECIMAL, "2 or 3", None),
    ],
)
def test_a_number_is_exact_only_alone(type: QuestionType, text: str, meant: Decimal | None) -> None:
    reading = read_exactly(asked(type=type), text, WORDS)
    assert (reading.value if isinstance(reading, Number) else None) == meant


def test_a_day_in_numbers_is_exact() -> None:
    reading = read_exactly(asked(type=QuestionType.DATE), "10/3/2025", WORDS)
    assert isinstance(reading, Dated)
    assert reading.value == TODAY
    assert read_exactly(asked(type=QuestionType.DATE), "today", WORDS) is None


@pytest.mark.parametrize("type", [QuestionType.TEXT, QuestionType.NOTE, QuestionType.CALCULATE])
def test_nothing_is_an_exact_answer_to_an_open_question(type: QuestionType) -> None:
    assert read_exactly(asked(type=type), "2", WORDS) is None


@pytest.mark.parametrize("question", [shape for _, shape in SHAPES], ids=[name for name, _ in SHAPES])
def test_no_command_and_no_stop_word_is_ever_taken_for_an_answer(question: Asked) -> None:
    phrases = {phrase for table in WORDS for kind in table.commands.values() for phrase in kind}
    phrases |= {phrase for table in WORDS for phrase in table.stop}
    assert all(find_command(phrase, WORDS) or is_stop(phrase, WORDS) for phrase in phrases)
    assert {p for p in phrases if read_exactly(question, p, WORDS)} == set()


def test_a_command_is_an_answer_where_it_is_literally_a_label() -> None:
    question = asked("More", "Less", "The same")
    reading = read_exactly(question, "more", WORDS)
    assert isinstance(reading, Chosen)
    assert reading.codes == ("more",)


def test_a_command_is_no_answer_where_it_is_only_like_a_label() -> None:
    assert read_exactly(asked("The start", "The end (help)"), "start", WORDS) is None


def test_a_clear_digit_is_read_in_microseconds() -> None:
    read_exactly(AGREEMENT, "2", WORDS)
    seconds = min(timeit.repeat(lambda: read_exactly(AGREEMENT, "2", WORDS), number=1000, repeat=20)) / 1000
    assert seconds < 60e-6, "the aim is 15 microseconds on a quiet machine"
