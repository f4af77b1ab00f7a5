"""What holds for any text at all: no error, no code that is not offered, no agreement out of a negation."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.reading import (
    Asked,
    Chosen,
    Declined,
    Option,
    Rule,
    Unclear,
    read_exactly,
    read_postcode_area,
    read_reply,
)
from bot.core.reading.normalise import fold, key, normalise, repair_digits, tokens
from bot.core.reading.scheme import scheme
from bot.core.reading.several import read_numbers, read_several
from bot.core.survey import QuestionType
from tests.core.test_reading_replies import REPLIES
from tests.core.words import AGREEMENT, TODAY, WORDS, YES_NO, asked

SHAPES = tuple({reply.question: reply.asked for reply in REPLIES}.values())
PIECES = sorted(
    {piece for reply in REPLIES for piece in reply.text.split()}
    | {phrase for phrase in WORDS[0].before | WORDS[0].after | WORDS[0].label_before | WORDS[0].negations}
)
MIXED = st.lists(st.sampled_from(PIECES), max_size=7).map(" ".join)
ANY_TEXT = st.one_of(st.text(), MIXED, st.text(st.characters()), st.sampled_from([reply.text for reply in REPLIES]))
ANY_OPTIONS = st.lists(st.text(max_size=12), max_size=12).map(
    lambda labels: tuple(Option(f"c{n}", n, (label,)) for n, label in enumerate(labels, 1))
)
ANY_QUESTION = st.one_of(
    st.sampled_from(SHAPES),
    st.builds(
        Asked,
        st.sampled_from(QuestionType),
        ANY_OPTIONS,
        st.one_of(st.none(), st.integers(0, 4)),
        st.dates(),
        st.text(),
    ),
)


@given(ANY_QUESTION, ANY_TEXT)
@settings(max_examples=600)
def test_no_text_raises_and_no_code_is_invented(question: Asked, text: str) -> None:
    offered = {option.code for option in question.options}
    for reading in (read_exactly(question, text, WORDS), read_reply(question, text, WORDS)):
        if isinstance(reading, Chosen):
            assert reading.codes
            assert set(reading.codes) <= offered
            assert len(set(reading.codes)) == len(reading.codes)
            assert 0 < reading.confidence <= 1
            if question.type is QuestionType.SELECT_ONE:
                assert len(reading.codes) == 1
            if question.most is not None and len(reading.codes) > 1:
                assert len(reading.codes) <= question.most
        if isinstance(reading, Unclear):
            assert set(reading.candidates) <= offered


@given(st.sampled_from(SHAPES), MIXED)
@settings(max_examples=300)
def test_what_is_read_exactly_is_read_the_same_with_good_will(question: Asked, text: str) -> None:
    exact = read_exactly(question, text, WORDS)
    if exact is not None:
        assert read_reply(question, text, WORDS) == exact


LABELS = (
    "One",
    "Two",
    "3",
    "4 or more",
    "None",
    "2nd",
    "Don't know",
    "16-24",
    "1 or 2",
    "Bus / tram",
    "Parks",
    "Other",
)
OPTIONS = st.one_of(
    st.lists(st.sampled_from(LABELS), min_size=3, max_size=11, unique=True).map(
        lambda labels: tuple(Option(f"c{n}", n, (label,)) for n, label in enumerate(labels, 1))
    ),
    st.sampled_from([shape.options for shape in SHAPES if shape.options]),
)
NUMBERS = st.lists(st.integers(1, 5), min_size=2, max_size=4, unique=True)
NUMBERED = st.one_of(
    st.tuples(NUMBERS, st.sampled_from([" ", ", ", ",", "  ", " ,"])).map(
        lambda drawn: drawn[1].join(map(str, drawn[0]))
    ),
    st.text("0123456789 ,", max_size=9),
    MIXED,
)


@given(OPTIONS, NUMBERED, st.one_of(st.none(), st.integers(0, 4)))
@settings(max_examples=1500)
def test_the_short_way_to_read_numbers_reads_what_the_long_way_reads(
    options: tuple[Option, ...], text: str, most: int | None
) -> None:
    made = scheme(options, WORDS)
    short = read_numbers(made, text, most)
    if short is not None:
        assert read_several(made, repair_digits(fold(text)), most) == short


@pytest.mark.parametrize("text", ["2 3", "2, 3", "2 and 3", "two, three", "23", "1st 2, 2nd 3", "1 2"])
def test_a_list_with_a_number_that_also_names_another_option_is_asked_again(text: str) -> None:
    rooms = asked("Any", "One", "2", "3", type=QuestionType.SELECT_MULTIPLE)
    assert isinstance(read_reply(rooms, text, WORDS), Unclear)
    assert read_reply(rooms, "1 4", WORDS) == Chosen(("any", "3"), Rule.SEVERAL, 1.0)


@given(st.sampled_from(SHAPES), st.sampled_from([reply.text for reply in REPLIES]))
@settings(max_examples=300)
def test_case_and_spaces_around_change_nothing(question: Asked, text: str) -> None:
    once = read_reply(question, text, WORDS)
    again = read_reply(question, f"  {text.upper()} ", WORDS)
    assert getattr(once, "codes", None) == getattr(again, "codes", None)
    assert getattr(once, "value", None) == getattr(again, "value", None)


NEGATIONS = (
    "not",
    "dont",
    "don't",
    "don’t",
    "do not",
    "never",
    "cant",
    "cannot",
    "wont",
    "didnt",
    "no",
    "dunna",
    "conna",
    "hardly",
    "nor",
)
STRENGTHS = ("", "strongly", "really", "totally", "quite", "fully", "completely", "100%", "tend to", "always")


@given(
    st.sampled_from(NEGATIONS),
    st.sampled_from(STRENGTHS),
    st.sampled_from(["agree", "agre", "aggree", "agreed", "agreee", "AGREE!", "agrre"]),
    st.sampled_from(["", "i ", "I do ", "we ", "well "]),
    st.sampled_from(["", " please", " at all", " with this", " duck", " tbh"]),
    st.booleans(),
)
@settings(max_examples=500)
def test_negated_agreement_never_reads_as_agreement(
    negation: str, strength: str, agree: str, before: str, after: str, negated_outside: bool
) -> None:
    words = (negation, strength, agree) if negated_outside else (strength, negation, agree)
    reading = read_reply(AGREEMENT, f"{before}{' '.join(words)}{after}", WORDS)
    assert not (isinstance(reading, Chosen) and {"agree", "strongly_agree"} & set(reading.codes))


@given(
    st.sampled_from(["no", "not", "none", "nobody", "nowhere", "No.", "nothing"]),
    st.lists(st.sampled_from(PIECES), min_size=4, max_size=9),
)
def test_no_at_the_head_of_a_sentence_is_no_no(first: str, rest: list[str]) -> None:
    sentence = f"{first} one here {' '.join(rest)}"
    assert not isinstance(read_reply(YES_NO, sentence, WORDS), Chosen)


@pytest.mark.parametrize(
    "wrapper",
    ["not {}", "anything but {}", "maybe {}", "{} or more", "{}?", "{} or 3", "except {}", "sorry {}", "about {}"],
)
@pytest.mark.parametrize("answer", ["1", "2", "agree", "strongly agree", "the second", "two", "b"])
def test_a_hedge_around_an_answer_makes_it_unclear(wrapper: str, answer: str) -> None:
    reading = read_reply(AGREEMENT, wrapper.format(answer), WORDS)
    assert isinstance(reading, Unclear)


@given(st.text())
def test_normalising_again_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)
    assert fold(fold(text)) == fold(text)
    assert key(key(text)) == key(text)
    assert all(tokens(fold(text)))


@given(st.text())
def test_no_text_makes_a_postcode_raise(text: str) -> None:
    area = read_postcode_area(text)
    assert area is None or 2 <= len(area) <= 4


def test_no_tables_at_all_still_read_numbers_and_labels() -> None:
    assert isinstance(read_reply(AGREEMENT, "2", ()), Chosen)
    assert isinstance(read_reply(AGREEMENT, "agree", ()), Chosen)
    assert isinstance(read_reply(AGREEMENT, "hmm", ()), Unclear)
    assert not isinstance(read_reply(Asked(QuestionType.DATE, (), None, TODAY), "today", ()), Declined)


def test_the_first_and_last_days_of_the_calendar_do_not_raise() -> None:
    for day in (type(TODAY).min, type(TODAY).max):
        for text in ("yesterday", "tomorrow"):
            read_reply(Asked(QuestionType.DATE, (), None, day), text, WORDS)


def test_a_number_of_thousands_of_digits_is_no_number() -> None:
    for kind in (QuestionType.INTEGER, QuestionType.DECIMAL, QuestionType.DATE):
        assert isinstance(read_reply(Asked(kind, (), None, TODAY), "9" * 6000, WORDS), Unclear)
    assert isinstance(read_reply(AGREEMENT, "9" * 6000 + " agree", WORDS), Unclear)


@pytest.mark.parametrize(
    "text", ["a " * 2000, "1 " * 2000, "agree and " * 400, "1," * 2000, '"' * 4000, "st1 " * 1000, "9" * 4000]
)
def test_a_long_text_takes_no_long_time(text: str) -> None:
    for question in SHAPES:
        began = time.process_time()
        read_exactly(question, text, WORDS)
        read_reply(question, text, WORDS)
        assert time.process_time() - began < 0.5


@pytest.mark.parametrize("type", [QuestionType.SELECT_ONE, QuestionType.SELECT_MULTIPLE])
@pytest.mark.parametrize("text", ["4", "6", "1 4", "4 5", "16 4"])
def test_the_first_digit_of_a_label_is_no_name_for_it(text: str, type: QuestionType) -> None:
    bands = asked("16-24", "25-44", "45 or over", type=type)
    assert not isinstance(read_reply(bands, text, WORDS), Chosen)
