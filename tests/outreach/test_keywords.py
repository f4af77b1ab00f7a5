"""Which words a campaign may have, and which one is proposed: none that means something, none that is hard to type."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.commands import find_keyword
from bot.outreach.keywords import faults, propose, tidy
from bot.service.word_files import load_words
from tests.outreach.scene import PARKS

WORDS = load_words()
TAKEN = ("PARKS", "Bus", "HALL7", "HOLLY5")


@pytest.mark.parametrize("word", ["HALL8", "BENTILEE", "GP4", "STOKE7", "MOSQUE", "FOODBANK2027", "EID", "PARKS2"])
def test_an_ordinary_word_will_do(word: str) -> None:
    assert faults(word, PARKS, TAKEN, WORDS) == ()


@pytest.mark.parametrize(
    ("word", "says"),
    [
        pytest.param("GP", "take 3 to 12 letters", id="too short"),
        pytest.param("A" * 13, "take 3 to 12 letters", id="too long"),
        pytest.param("7HALL", "a letter first", id="a digit first"),
        pytest.param("123", "a letter first", id="a number"),
        pytest.param("CAFÉ", "letters A to Z", id="a letter that old phones lack"),
        pytest.param("HALL-7", "letters A to Z", id="a sign"),
        pytest.param("PARKS", "belongs to", id="a survey's"),
        pytest.param("BUS", "belongs to", id="a survey's in other letters"),
        pytest.param("HALL7", "belongs to", id="a campaign's"),
        pytest.param("HA11Y5", "", id="nothing like it"),
        pytest.param("H0LLY5", "looks like HOLLY5", id="nought for an O"),
        pytest.param("HO11Y5", "looks like HOLLY5", id="ones for Ls"),
        pytest.param("PARKSURDU", "would be read as PARKS and a language", id="a survey's with a language"),
        pytest.param("STOP", "is a command", id="STOP"),
        pytest.param("STOPALL", "is a command", id="a carrier's word"),
        pytest.param("UNSUBSCRIBE", "is a command", id="a carrier's longer word"),
        pytest.param("HELP", "is a command", id="a command"),
        pytest.param("SKIP", "is a command", id="another command"),
        pytest.param("DALEJ", "is a command", id="a command in Polish"),
        pytest.param("URDU", "is the name of a language", id="a language"),
        pytest.param("POLSKI", "is the name of a language", id="a language by itself"),
        pytest.param("CKB", "is the name of a language", id="a language's code"),
        pytest.param("THANKS", "is a word of politeness", id="thanks"),
        pytest.param("HELLO", "is a word of politeness", id="a greeting"),
        pytest.param("YES", "would be read as an answer", id="yes"),
        pytest.param("TAK", "would be read as an answer", id="yes in Polish"),
        pytest.param("TEN", "would be read as an answer", id="a number in words"),
        pytest.param("HANLEY", "would be read as an answer", id="a choice of the survey"),
        pytest.param("ELSEWHERE", "would be read as an answer", id="a choice's label"),
    ],
)
def test_a_word_that_means_something_else_is_refused(word: str, says: str) -> None:
    found = faults(word, PARKS, TAKEN, WORDS)
    assert len(found) == bool(says)
    assert says in " ".join(found)


def test_a_keyword_is_tidied_to_capitals_without_spaces() -> None:
    assert tidy(" hall\n 7 ") == "HALL7"


@pytest.mark.parametrize(
    ("texts", "proposed"),
    [
        pytest.param(("Bentilee Neighbourhood Centre",), "BENTILEE", id="the place's own name"),
        pytest.param(("Hanley",), "HALL", id="an answer of the survey is passed over"),
        pytest.param(("Bus", "Parks"), "HALL", id="what is taken is passed over"),
        pytest.param(("The Parks",), "HALL", id="so is THE"),
        pytest.param(("Café Ślązak",), "CAFE", id="accents are left off"),
        pytest.param(("Wolstanton",), "WOLSTANT", id="a long name is cut"),
        pytest.param(("مسجد",), "HALL", id="other letters give a spare word"),
        pytest.param((), "HALL", id="nothing to go by"),
    ],
)
def test_a_word_is_proposed_from_what_the_campaign_is_called(texts: tuple[str, ...], proposed: str) -> None:
    assert propose(texts, PARKS, TAKEN, WORDS) == proposed


def test_where_every_word_is_taken_it_gets_a_digit_that_is_not_mistaken() -> None:
    taken = [*TAKEN, "DUDSON", "HALL", "TALK", "HERE"]
    for expected in ("DUDSON2", "HALL2", "TALK2", "HERE2", "DUDSON3"):
        assert propose(("Dudson",), PARKS, taken, WORDS) == expected
        taken.append(expected)


@given(st.lists(st.text(max_size=30), max_size=3))
def test_what_is_proposed_will_do_and_is_found_again(texts: list[str]) -> None:
    word = propose(texts, PARKS, TAKEN, WORDS)
    assert faults(word, PARKS, TAKEN, WORDS) == ()
    match = find_keyword(word.lower(), dict.fromkeys((*TAKEN, word), "") | {word: "here"}, WORDS)
    assert match is not None
    assert (match.survey, match.rest) == ("here", "")
