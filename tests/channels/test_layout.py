import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.base import Option
from channels.layout import split, with_numbered_options
from channels.segments import utf_16_units

NUMBER = re.compile(r"^\d+ of \d+: ")


def test_options_stand_below_the_question_one_to_a_line() -> None:
    options = (Option("yes", "Yes"), Option("no", "No, never"))
    assert with_numbered_options("Do you feel safe? 1/3", options) == "Do you feel safe? 1/3\n1 Yes\n2 No, never"


def test_a_message_without_options_is_its_text() -> None:
    assert with_numbered_options("Thank you.", ()) == "Thank you."


def test_a_text_that_fits_is_neither_cut_nor_numbered() -> None:
    assert split("a" * 1600, 1600) == ("a" * 1600,)


@pytest.mark.parametrize(
    ("text", "maximum", "parts"),
    [
        pytest.param(
            "One two three. Four five six. Seven eight.",
            41,
            ("1 of 2: One two three. Four five six.", "2 of 2: Seven eight."),
            id="after a sentence that ends exactly at the limit",
        ),
        pytest.param(
            "One two three four five six seven eight nine",
            40,
            ("1 of 2: One two three four five six", "2 of 2: seven eight nine"),
            id="between words where no sentence ends",
        ),
        pytest.param(
            "a" * 40 + "bcde",
            43,
            ("1 of 2: " + "a" * 31, "2 of 2: " + "a" * 9 + "bcde"),
            id="between letters where there is no space",
        ),
        pytest.param(
            "ہم آپ کے شکر گزار ہیں۔ آپ محفوظ ہیں؟ ہاں یا نہیں",
            47,
            ("1 of 2: ہم آپ کے شکر گزار ہیں۔", "2 of 2: آپ محفوظ ہیں؟ ہاں یا نہیں"),
            id="after an Urdu sentence",
        ),
        pytest.param(
            "Which one do you like\n1 Parks\n2 Buses\n3 Other things",
            50,
            ("1 of 2: Which one do you like\n1 Parks\n2 Buses", "2 of 2: 3 Other things"),
            id="between options",
        ),
    ],
)
def test_a_long_text_is_cut(text: str, maximum: int, parts: tuple[str, ...]) -> None:
    assert split(text, maximum) == parts


def test_length_is_counted_as_the_provider_counts_it() -> None:
    assert [len(split("👍 " * count, 60)) for count in (20, 21)] == [1, 2]


def test_a_long_text_of_nothing_but_space_is_one_empty_part() -> None:
    assert split(" " * 50, 40) == ("",)


def test_a_picture_is_never_cut_in_two() -> None:
    family = "👩\u200d👩\u200d👧"
    for part in split(family * 20, 40):
        assert NUMBER.sub("", part).replace(family, "") == ""


def test_the_number_of_a_part_is_never_digit_slash_digit() -> None:
    assert not any(re.search(r"\d/\d", part) for part in split("Thank you. " * 300, 1600))


@given(st.text(alphabet=st.sampled_from("ab. ?\nąਡੀ👩\u200d👧🇬🇧\u0301"), max_size=300), st.integers(20, 80))
def test_no_part_is_too_long_and_no_word_is_lost(text: str, maximum: int) -> None:
    parts = split(text, maximum)
    assert all(utf_16_units(part) <= maximum for part in parts)
    bare = [NUMBER.sub("", part) for part in parts] if len(parts) > 1 else list(parts)
    assert "".join("".join(bare).split()) == "".join(text.split())


def test_a_maximum_that_only_holds_the_number_is_refused() -> None:
    with pytest.raises(ValueError, match="longer than its number"):
        split("a long text", 5)
