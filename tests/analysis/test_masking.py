"""What identifies a person is masked in words that leave; what a resident says stays."""

import re
import sys
import tomllib
from pathlib import Path
from types import FrameType, ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.analysis import contact_details, masking, personal_numbers, street_addresses
from bot.analysis.masking import mask

MASKED = [
    pytest.param("Ring 07700 900123", "Ring [phone]", id="a UK mobile in two groups"),
    pytest.param("ring me on 07700900123.", "ring me on [phone].", id="a UK mobile in one"),
    pytest.param("07700 900 123 or 07700 900124", "[phone] or [phone]", id="two numbers"),
    pytest.param("call me,07700900123", "call me,[phone]", id="a number after a comma without space"),
    pytest.param("my tel07700900123", "my tel[phone]", id="a number glued to a word"),
    pytest.param("flat 12 07700 900123", "flat 12 [phone]", id="a flat number before it"),
    pytest.param("+44 (0)7700 900123", "[phone]", id="plus and a nought in brackets"),
    pytest.param("+447700900123 12 years ago", "[phone] 12 years ago", id="a number after it"),
    pytest.param("0044 7700 900123", "[phone]", id="nought nought"),
    pytest.param("447700900123", "[phone]", id="no plus"),
    pytest.param("7700 900123", "[phone]", id="no nought"),
    pytest.param("07700.900.123", "[phone]", id="dotted"),
    pytest.param("07700-900-123", "[phone]", id="hyphens"),
    pytest.param("07700\u200b900123", "[phone]", id="a zero-width space inside"),
    pytest.param("0 7 7 0 0 9 0 0 1 2 3", "[phone]", id="digit by digit"),
    pytest.param("(01782) 234 234", "[phone]", id="a Stoke number"),
    pytest.param("01782/234234", "[phone]", id="a slash"),
    pytest.param("0161 496 0000", "[phone]", id="a Manchester number"),
    pytest.param("٠٧٧٠٠٩٠٠١٢٣", "[phone]", id="Arabic digits"),
    pytest.param("۰۷۷۰۰ ۹۰۰۱۲۳", "[phone]", id="Persian and Urdu digits"),
    pytest.param("০৭৭০০৯০০১২৩", "[phone]", id="Bengali digits"),
    pytest.param("੦੭੭੦੦੯੦੦੧੨੩", "[phone]", id="Gurmukhi digits"),
    pytest.param("０７７００９００１２３", "[phone]", id="full-width digits"),
    pytest.param("+92-300-1234567", "[phone]", id="a Pakistani number"),
    pytest.param("92 300 1234567", "[phone]", id="a Pakistani number without plus"),
    pytest.param("+48 601 234 567", "[phone]", id="a Polish number"),
    pytest.param("mail a.b+c@example.co.uk now", "mail [email] now", id="an e-mail address"),
    pytest.param("zofia@przykład.pl", "[email]", id="an address with letters beyond ASCII"),
    pytest.param("john at gmail.com", "[email]", id="an address with at spelt out"),
    pytest.param("john at gmail dot com", "[email]", id="an address all spelt out"),
    pytest.param("I live in ST1 4HH", "I live in [postcode]", id="a postcode"),
    pytest.param("st14hh", "[postcode]", id="a postcode in small letters without space"),
    pytest.param("EC1A 1BB, M1 1AE", "[postcode], [postcode]", id="postcodes of other shapes"),
    pytest.param("ST1 1ST", "[postcode]", id="a postcode that ends like a date"),
    pytest.param("07700900123ST1 4HH", "[phone][postcode]", id="a postcode that shows only after the number"),
    pytest.param("My name is Parveen Akhtar and I", "My name is [name] and I", id="an introduced name"),
    pytest.param("my name is john smith", "my name is [name]", id="an introduced name in small letters"),
    pytest.param("my name is Ali Khan ring me", "my name is [name] ring me", id="a name and then a wish"),
    pytest.param("MY NAME IS JOHN SMITH AND I", "MY NAME IS [name] AND I", id="an introduced name in capitals"),
    pytest.param("mera naam Parveen hai", "mera naam [name] hai", id="an introduced name in Roman Urdu"),
    pytest.param("Call me Dave", "Call me [name]", id="call me"),
    pytest.param("This is Mohammed Khan speaking", "This is [name] speaking", id="this is ... speaking"),
    pytest.param("Fix the road. Regards,\nJ. Smith", "Fix the road. Regards,\n[name]", id="signed"),
]

KEPT = [
    pytest.param("@council and thanks @stoke", id="a bare @word"),
    pytest.param("see you @ hanley.park", id="an at sign for a place"),
    pytest.param("in 2019 2020 2021, since 1998-2004", id="years"),
    pytest.param("house 12, flat 3", id="house numbers"),
    pytest.param("£1,000,000,000 or £100000000000", id="prices"),
    pytest.param("999, 111, 101", id="short public numbers"),
    pytest.param("St1 and ST6 are bad", id="outward codes"),
    pytest.param("ST1 1st of May", id="an outward code before a date"),
    pytest.param("no5 3ft fence", id="no such postcode area"),
    pytest.param("01.02.2020 12:30, 12/11/2026", id="dates"),
    pytest.param("open 09.00-17.00 10.00-16.00", id="opening hours"),
    pytest.param("on a scale of 0 1 2 3 4 5 6 7 8 9 10", id="a scale"),
    pytest.param("1 2 3 4 5 6 7 8 9 10 11", id="a list of numbers"),
    pytest.param("buses 21 23 25 101 3 4", id="buses"),
    pytest.param("A500, A50, B5026, M6 J15", id="roads"),
    pytest.param("0.12345678901 and 1.07700900123", id="decimals"),
    pytest.param("my name is not important", id="no name given"),
    pytest.param("call me old-fashioned but", id="call me an opinion"),
    pytest.param("This is Hanley Park", id="a place"),
    pytest.param("I am British Pakistani", id="who one is"),
    pytest.param("بازار میں روشنی کم ہے", id="Urdu words"),
    pytest.param("", id="nothing"),
]


LABELLED = tomllib.loads(Path(__file__).with_name("masked.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("said", "masked"), MASKED)
def test_what_identifies_a_person_is_masked(said: str, masked: str) -> None:
    assert mask(said) == masked


@pytest.mark.parametrize("said", KEPT)
def test_what_identifies_nobody_stays(said: str) -> None:
    assert mask(said) == said


@pytest.mark.parametrize(
    ("said", "masked"),
    [pytest.param(*pair, id=f"{kind}: {pair[0]}") for kind, pairs in LABELLED["masked"].items() for pair in pairs],
)
def test_a_labelled_text_leaves_as_its_label_says(said: str, masked: str) -> None:
    assert mask(said) == masked
    assert mask(masked) == masked
    assert mask(f"well, {said} , ok") == f"well, {masked} , ok"


@pytest.mark.parametrize(
    "said",
    [pytest.param(text, id=f"{kind}: {text}") for kind, texts in LABELLED["kept"].items() for text in texts],
)
def test_a_text_labelled_as_telling_nobody_stays(said: str) -> None:
    assert mask(said) == said
    assert mask(f"well, {said} , ok") == f"well, {said} , ok"


_PIECES = st.sampled_from(
    [
        "07700 900123",
        "+44",
        "(0)",
        "7700",
        "ST1",
        "4HH",
        "a@b.org",
        "@",
        "my name is",
        "Dave",
        "regards,",
        "0",
        "٧",
        ".",
        " ",
    ]
)


@given(st.text() | st.lists(_PIECES).map("".join) | st.lists(_PIECES).map(" ".join))
def test_masking_twice_changes_nothing_more(said: str) -> None:
    assert mask(mask(said)) == mask(said)


@given(st.text(alphabet=st.characters(categories=["L", "Zs"], max_codepoint=0x2FF), max_size=60))
def test_a_number_is_masked_whatever_words_stand_around_it(words: str) -> None:
    assert "900123" not in mask(f"{words} 07700 900123 {words}")


_HOSTILE = (
    *(
        "0",
        "07 ",
        "+4 ",
        "+",
        "(",
        "a.b",
        "a@",
        "1-",
        "my name is ",
        "my name is Bo ",
        "regards, ",
        "1 a ",
        "1 a's ",
        "@",
    ),
    *(
        "077 00 900 123.",
        "07700900123,",
        "07700900123.",
        "07700900123ST1 4HH",
        "ST1 4HH",
        "oh seven ",
        "double ",
        "AB12 ",
        "S T 4 1 H H ",
        "S T ",
        "ST4, 1HH,",
        "ST 4 1HH ",
        "a @ b . ",
    ),
    *(
        "a dot ",
        "a at b dot ",
        "a at gmail.com",
        "999 000 0018,",
        "4111111111111111.",
        "AB123456C",
        "1 High ",
        "flat 1 ",
    ),
)


@pytest.mark.parametrize("piece", _HOSTILE)
def test_a_text_made_to_keep_the_program_busy_takes_steps_in_step_with_its_length(piece: str) -> None:
    few, many = (_steps(piece * times) for times in (150, 600))
    assert many < 5 * few + 500


@given(st.lists(_PIECES, min_size=1, max_size=8).map("".join))
def test_any_text_takes_steps_in_step_with_its_length(piece: str) -> None:
    few, many = (_steps(piece * times) for times in (25, 100))
    assert many < 6 * few + 500


def _steps(said: str) -> int:
    """Count what Python does for a text: every call and return, ours and the library's."""
    count = 0

    def step(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += 1

    before = sys.getprofile()
    sys.setprofile(step)
    try:
        mask(said)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("module", [masking, contact_details, personal_numbers, street_addresses], ids=str)
def test_a_pattern_looks_a_bounded_way_ahead_or_never_goes_back(module: ModuleType) -> None:
    # What a pattern does cannot be counted from outside. A repeat without end that may give back what it took is what
    # makes one slow, so none stands in any.
    assert _gives_back_without_end(re.compile(r"(a+)b"))
    patterns = [value for value in vars(module).values() if isinstance(value, re.Pattern)]
    assert patterns
    assert [each.pattern for each in patterns if _gives_back_without_end(each)] == []


def _gives_back_without_end(pattern: re.Pattern[str]) -> bool:
    return re.search(r"(?<!\\)(?:\*|(?<![*+?}])\+|,\})(?!\+)", re.sub(r"\[[^\]]*\]", "x", pattern.pattern)) is not None
