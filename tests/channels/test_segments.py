import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.graphemes import graphemes
from channels.segments import GSM_7_BASIC, GSM_7_EXTENSION, Segments, count, plain, utf_16_units
from tests.channels.provider_data import cases
from tests.fakes.twilio_spec import SHARED_DATA

SMART_ENCODING = SHARED_DATA / "twilio" / "smart_encoding_map.json"


def smartly_encoded(text: str) -> str:
    """Replace as Twilio's Smart Encoding does (it also changes letters, which `plain` never does)."""
    pairs: dict[str, str] = json.loads(SMART_ENCODING.read_bytes())["map"]
    return "".join(pairs.get(character, character) for character in text)


@pytest.mark.parametrize("case", cases("sms_segment_cases.json", "cases"))
def test_segments_are_counted_as_twilios_own_calculator_counts_them(case: dict[str, Any]) -> None:
    body = smartly_encoded(case["body"]) if case["smart_encoding"] else case["body"]
    counted = count(body)
    bits = counted.units * (7 if counted.encoding == "GSM-7" else 16)
    assert (counted.encoding, counted.segments, bits) == (case["encoding"], case["segments"], case["messageSizeBits"])


def test_the_alphabet_is_that_of_the_standard() -> None:
    path = SHARED_DATA / "twilio" / "gsm7_alphabet.json"
    if not path.exists():
        pytest.skip(f"{path} is not on this machine")
    alphabet: dict[str, list[int]] = json.loads(path.read_bytes())["alphabet"]
    assert set(GSM_7_BASIC) == {character for character, code in alphabet.items() if len(code) == 1}
    assert set(GSM_7_EXTENSION) == {character for character, code in alphabet.items() if len(code) == 2}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", Segments("GSM-7", 0, 1), id="nothing at all"),
        pytest.param("a" * 160, Segments("GSM-7", 160, 1), id="a full single segment"),
        pytest.param("a" * 161, Segments("GSM-7", 161, 2), id="one septet too many"),
        pytest.param("a" * 152 + "€" + "a" * 153, Segments("GSM-7", 307, 3), id="a euro is not torn between parts"),
        pytest.param("a" * 151 + "€" + "a" * 153, Segments("GSM-7", 306, 2), id="a euro that just fits"),
        pytest.param("a\u0142b\u0142", Segments("UCS-2", 4, 1, ("\u0142",)), id="each dear letter is named once"),
        pytest.param("ą" * 70, Segments("UCS-2", 70, 1, ("ą",)), id="a full single Polish segment"),
        pytest.param("ą" * 71, Segments("UCS-2", 71, 2, ("ą",)), id="one Polish letter too many"),
        pytest.param("ą" * 66 + "👍" + "ą" * 66, Segments("UCS-2", 134, 3, ("ą", "👍")), id="an emoji is not torn"),
        pytest.param("ą" * 65 + "👍" + "ą" * 67, Segments("UCS-2", 134, 2, ("ą", "👍")), id="an emoji that just fits"),
        pytest.param(
            "ਹ" * 66 + "ਡੀ" + "ਹ" * 66,
            Segments("UCS-2", 134, 3, ("ਹ", "ਡ", "ੀ")),
            id="a Punjabi vowel stays on its letter",
        ),
    ],
)
def test_a_text_costs(text: str, expected: Segments) -> None:
    assert count(text) == expected


@pytest.mark.parametrize(
    ("text", "characters"),
    [
        pytest.param("e\u0301a", ["e\u0301", "a"], id="an accent belongs to its letter"),
        pytest.param("🇬🇧🇵🇱", ["🇬🇧", "🇵🇱"], id="two flags"),
        pytest.param("🇬🇧🇵", ["🇬🇧", "🇵"], id="a flag and half a flag"),
        pytest.param("👩\u200d👧a", ["👩\u200d👧", "a"], id="a family is one picture"),
        pytest.param("👋🏽!", ["👋🏽", "!"], id="a skin tone belongs to its hand"),
        pytest.param("می\u200cشود", ["م", "ی\u200c", "ش", "و", "د"], id="a Persian non-joiner"),
        pytest.param("\r\n\u0301", ["\r", "\n", "\u0301"], id="nothing attaches to a line end"),
        pytest.param("", [], id="nothing at all"),
    ],
)
def test_a_text_is_split_into_characters_as_a_reader_sees_them(text: str, characters: list[str]) -> None:
    assert list(graphemes(text)) == characters


@given(st.text(alphabet=st.sampled_from("ab ąਡੀ👩\u200d👧🇬🇧\u0301\r\n€"), max_size=400))
def test_no_character_is_lost_and_parts_are_never_fewer_than_the_bits_allow(text: str) -> None:
    counted = count(text)
    single, part = (160, 153) if counted.encoding == "GSM-7" else (70, 67)
    assert "".join(graphemes(text)) == text
    assert (counted.segments == 1) == (counted.units <= single)
    assert counted.segments >= (counted.units / part if counted.units > single else 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "We\u2019ve saved \u201cit\u201d \u2013 thanks\u2026", 'We\'ve saved "it" - thanks...', id="typography"
        ),
        pytest.param("a\u00a0b\u200b\ufeff\tc", "a b c", id="odd spaces"),
        pytest.param("Dziękujemy, café, Σ, ñ, ß", "Dziękujemy, café, Σ, ñ, ß", id="never a letter"),
        pytest.param("می\u200cشود 👩\u200d👧", "می\u200cشود 👩\u200d👧", id="joiners are spelling"),
        pytest.param("\u2066abc\u2069 \u200f", "\u2066abc\u2069 \u200f", id="direction marks are kept"),
    ],
)
def test_only_characters_without_meaning_are_made_plain(text: str, expected: str) -> None:
    assert plain(text) == expected


@given(st.text())
def test_making_plain_keeps_every_letter_and_digit(text: str) -> None:
    # U+02B9 and U+02BC are quotes in all but category.
    letters = [character for character in text if character.isalnum() and character not in "\u02b9\u02bc"]
    assert [character for character in plain(text) if character.isalnum()] == letters


def test_a_curly_apostrophe_does_not_double_the_price() -> None:
    text = "We\u2019ve saved your answer. " + "a" * 100
    assert (count(text).segments, count(plain(text)).segments) == (2, 1)


def test_length_is_measured_in_utf_16() -> None:
    assert (utf_16_units("abc"), utf_16_units("ął"), utf_16_units("👍")) == (3, 2, 2)
