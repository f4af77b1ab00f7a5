"""The small readings under a reply: one form for a text, postcodes, amounts with units, bands, merged tables."""

from decimal import Decimal

import pytest

from bot.core.reading import Number, Unclear, Why, read_postcode_area, read_reply
from bot.core.reading.bands import Band, read_band
from bot.core.reading.lexicon import lexicon
from bot.core.reading.normalise import fold, normalise, repair_digits, shrink, tokens
from bot.core.survey import QuestionType
from bot.core.words import Scale, WordTable, in_order
from tests.core.words import AGREEMENT, WORDS, asked


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("  Don’t  KNOW!! ", "dont know"),
        ("don't know", "dont know"),
        ("dont\u00a0know", "dont know"),
        ("z\u200bero\u2060", "zero"),
        ("3️⃣", "3"),
        ("🔟", "10"),
        ("①", "1"),
        ("➌", "3"),
        ("２", "2"),
        ("٣", "3"),
        ("۴", "4"),
        ("৫", "5"),
        ("੬", "6"),
        ("Română", "romana"),
        ("Łódź", "lodz"),
        ("«Straße»", "strasse"),
        ("16–24", "16-24"),
        ("85+", "85+"),
        ("هَـٰذا", "هذا"),
        ("كيف", "کیف"),
        ("👍🏽", "👍"),
        ("tab\tand\nline", "tab and line"),
        ("\x00bell\x07", "bell"),
        ("", ""),
    ],
)
def test_texts_that_mean_the_same_have_one_form(text: str, form: str) -> None:
    assert normalise(text) == form


def test_a_text_is_cut_into_words_numbers_and_pictures() -> None:
    assert tokens(fold("24yrs, 100% agree; 2nd: 50/50 👍👍 in-between")) == (
        *("24", "yrs", "100%", "agree", "2nd", "50", "50", "👍", "👍", "in", "between"),
    )


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("o2", "02"),
        ("5o", "50"),
        ("lo0", "100"),
        ("z2", "22"),
        ("2 zoo", "2 zoo"),
        ("lol", "lol"),
        ("st6", "st6"),
        ("2nd", "2nd"),
    ],
)
def test_letters_are_digits_only_where_all_the_rest_are(text: str, mended: str) -> None:
    assert repair_digits(text) == mended


def test_a_stretched_word_has_two_shorter_forms() -> None:
    assert shrink("agreeeee") == ("agree", "agre")
    assert shrink("agree") == ()


@pytest.mark.parametrize(
    ("text", "area"),
    [
        ("ST1 4HH", "ST1"),
        ("st14hh", "ST1"),
        ("St1", "ST1"),
        ("st 6", "ST6"),
        ("ST6-5AB.", "ST6"),
        ("ST141AB", "ST14"),
        ("M1 1AA", "M1"),
        ("EC1A 1BB", "EC1A"),
        ("STI 4HH", "ST1"),
        ("ST1 OAA", "ST1"),
        ("STO 4HH", "ST0"),
        ("ST1 4", None),
        ("stoke", None),
        ("stoics", None),
        ("st", None),
        ("1", None),
        ("", None),
        ("ST1 4HH please", None),
    ],
)
def test_a_postcode_is_read_as_far_as_its_area(text: str, area: str | None) -> None:
    assert read_postcode_area(text) == area


@pytest.mark.parametrize(
    ("text", "band"),
    [
        ("16-24", Band(16, 24)),
        ("16 to 24 years", Band(16, 24)),
        ("between 16 and 24", Band(16, 24)),
        ("aged 16-24", Band(16, 24)),
        ("under 16", Band(0, 15)),
        ("16 and under", Band(0, 16)),
        ("up to 16", Band(0, 16)),
        ("85+", Band(85, None)),
        ("85 or over", Band(85, None)),
        ("at least 85", Band(85, None)),
        ("over 85", Band(86, None)),
        ("24-16", None),
        ("16 24", None),
        ("16 and 24", None),
        ("34", None),
        ("16-24-34", None),
        ("not 16-24", None),
        ("1985-1990", None),
        ("old", None),
    ],
)
def test_a_band_is_read_from_its_wording(text: str, band: Band | None) -> None:
    assert read_band(fold(text), lexicon(WORDS)) == band


@pytest.mark.parametrize(
    ("band", "value", "is_in"),
    [
        pytest.param(Band(85, None), 120, True, id="the oldest"),
        pytest.param(Band(85, None), 121, False, id="older than anybody"),
        pytest.param(Band(101, 200), 150, True, id="no age, but within a band that ends"),
        pytest.param(Band(500, None), 600, True, id="a band that begins where ages end"),
    ],
)
def test_a_band_without_an_end_goes_as_far_as_ages_do(band: Band, value: int, is_in: bool) -> None:
    assert band.holds(value) is is_in


@pytest.mark.parametrize(
    ("wording", "text", "meant"),
    [
        ("How many years have you lived here?", "3 years", Decimal(3)),
        ("How many years have you lived here?", "36 months", None),
        ("How many months have you waited?", "6 months", Decimal(6)),
        ("How many months have you waited?", "2 years", None),
        ("How old are you?", "34 years old", Decimal(34)),
        ("How many children live with you?", "2 children", Decimal(2)),
        ("How many people live with you?", "3 kids", None),
        ("", "3 years", Decimal(3)),
    ],
)
def test_a_unit_is_taken_only_if_the_question_asks_in_it(wording: str, text: str, meant: Decimal | None) -> None:
    reading = read_reply(asked(type=QuestionType.INTEGER, wording=wording), text, WORDS)
    assert (reading.value if isinstance(reading, Number) else None) == meant


def test_too_many_digits_are_no_amount() -> None:
    for text in ("1234567890", "I'm 1234567890", "1,234,567,890"):
        reading = read_reply(asked(type=QuestionType.INTEGER), text, WORDS)
        assert isinstance(reading, Unclear)
        assert reading.why is Why.NOT_A_NUMBER


@pytest.mark.parametrize(
    ("text", "why", "candidates"),
    [
        ("1 or 2", Why.SEVERAL, ("strongly_agree", "agree")),
        ("3-agree", Why.SEVERAL, ("neither_agree_nor_disagree", "agree")),
        ("2-4", Why.RANGE, ("agree", "disagree")),
        ("9", Why.NOT_LISTED, ()),
        ("agree?", Why.ASKS, ("agree",)),
        ("dont agree", Why.NOTHING, ("disagree", "strongly_disagree")),
        ("I agree with most of what you say about our parks", Why.NOTHING, ("agree",)),
        ("the bus never comes and nobody answers the telephone", Why.NOTHING, ()),
        ("😡", Why.NOTHING, ()),
    ],
)
def test_an_unclear_reply_says_why_and_what_it_may_be(text: str, why: Why, candidates: tuple[str, ...]) -> None:
    assert read_reply(AGREEMENT, text, WORDS) == Unclear(candidates, why)


@pytest.mark.parametrize(
    ("text", "why"), [("1 2 3", Why.TOO_MANY), ("all", Why.TOO_MANY), ("1-2", Why.RANGE), ("1 to 2", Why.RANGE)]
)
def test_too_many_choices_and_ranges_say_so(text: str, why: Why) -> None:
    reading = read_reply(asked("Parks", "Buses", "Jobs", type=QuestionType.SELECT_MULTIPLE, most=2), text, WORDS)
    assert isinstance(reading, Unclear)
    assert reading.why is why


@pytest.mark.parametrize(
    ("text", "candidates", "why"),
    [
        ("parks or buses", ("parks", "buses"), Why.NOTHING),
        ("first 3", ("parks", "jobs"), Why.SEVERAL),
        ("1 and the last one", ("parks", "jobs"), Why.SEVERAL),
        ("1.5", (), Why.NOT_LISTED),
        ("½ of the buses", ("buses",), Why.NOT_LISTED),
    ],
)
def test_only_alternatives_are_candidates_for_one_choice_among_several(
    text: str, candidates: tuple[str, ...], why: Why
) -> None:
    question = asked("Parks", "Buses", "Jobs", type=QuestionType.SELECT_MULTIPLE)
    assert read_reply(question, text, WORDS) == Unclear(candidates, why)


def test_both_chooses_two_options_where_there_are_two() -> None:
    both = read_reply(asked("Parks", "Buses", type=QuestionType.SELECT_MULTIPLE), "both", WORDS)
    assert getattr(both, "codes", None) == ("parks", "buses")


POLISH = WordTable(
    language="pl",
    reviewed_by="nobody yet",
    yes=frozenset({"tak", "no"}),
    no=frozenset({"nie"}),
    numbers={"dwa": 2, "one": 7},
    scales=(Scale("agree", frozenset({"zgadzam sie"}), frozenset({"nie zgadzam sie"})),),
)
CZECH = WordTable(
    language="cs", reviewed_by="nobody yet", yes=frozenset({"jo"}), no=frozenset({"ne"}), numbers={"dva": 2, "tri": 3}
)
ALBANIAN = WordTable(language="sq", reviewed_by="nobody yet", no=frozenset({"jo"}), numbers={"tri": 4})
ENGLISH = WORDS[0]
ALL = (ALBANIAN, CZECH, ENGLISH, POLISH)


def test_the_conversations_language_is_read_first_then_english() -> None:
    assert [table.language for table in in_order(ALL, "pl")] == ["pl", "en", "sq", "cs"]
    assert [table.language for table in in_order(ALL, "xx")] == ["en", "sq", "cs", "pl"]
    assert repr(ENGLISH) == "WordTable(en)"


def test_a_word_on_which_languages_disagree_goes_by_the_conversations_language() -> None:
    in_polish, in_english = lexicon(in_order(ALL, "pl")), lexicon(in_order(ALL, "en"))
    assert "no" in in_polish.yes
    assert "no" in in_english.no
    assert in_polish.numbers["one"] == 7
    assert in_english.numbers["one"] == 1


def test_a_word_on_which_other_languages_disagree_is_not_read_at_all() -> None:
    merged = lexicon(in_order(ALL, "en"))
    assert "jo" not in merged.yes | merged.no
    assert "tri" not in merged.numbers
    assert merged.numbers["dwa"] == merged.numbers["dva"] == 2


def test_another_languages_words_are_read_beside_the_conversations_own() -> None:
    reading = read_reply(AGREEMENT, "nie zgadzam się", in_order(ALL, "en"))
    assert getattr(reading, "codes", None) == ("disagree",)


def test_an_open_answer_is_kept_as_it_came() -> None:
    question = asked(type=QuestionType.TEXT)
    assert getattr(read_reply(question, "  Stop the boats \n", WORDS), "text", None) == "  Stop the boats \n"
    assert isinstance(read_reply(question, " \u200b ", WORDS), Unclear)
    assert isinstance(read_reply(asked(type=QuestionType.NOTE), "hello", WORDS), Unclear)
