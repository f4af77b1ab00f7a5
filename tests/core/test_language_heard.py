"""A language heard in what is written: when the bot switches, when it asks, and when it does neither."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.limits import LANGUAGE_QUESTIONS
from bot.core.listening import Action, Impression
from tests.core.hearing import POLISH, SOUNDS, TALK, Ear, talking, wishes
from tests.playing import play, resident


@pytest.fixture
def ear() -> Ear:
    return Ear()


def test_a_clear_open_answer_switches_and_says_so_in_both_languages(ear: Ear) -> None:
    phone = talking(ear)
    assert phone.text("zgadzam sie z tym planem") == (
        "Teraz piszemy: Polski. Wyslij ENGLISH, by wrocic.\nWe now write in Polski. Text ENGLISH to go back.\n"
        "2/3 B, po polsku?\n1 Tak\n2 Wcale"
    )
    assert phone.codes["a"] == "zgadzam sie z tym planem"
    assert (phone.state.language, phone.state.language_source, phone.state.language_p) == ("pl", "detected", 0.99)


def test_a_text_that_was_not_understood_is_read_again_in_the_language_it_is_in(ear: Ear) -> None:
    phone = talking(ear, "benches")
    assert "3/3 C, po polsku?" in phone.text("wcale")
    assert phone.codes["b"] == "no"


def test_a_doubtful_text_is_kept_and_the_language_is_asked_in_place_of_the_next_question(ear: Ear) -> None:
    phone = talking(ear)
    assert phone.text("moze tak byc") == (
        "Jaki jezyk do pytania 2/3?\nWhich language do you want for question 2/3?\n1 Polski\n2 اردو\n3 English"
    )
    assert phone.codes["a"] == "moze tak byc"
    assert phone.text("1").endswith("2/3 B, po polsku?\n1 Tak\n2 Wcale")
    assert phone.state.language_source == "chosen"


def test_one_plain_latin_word_asks_for_no_language_until_a_second_is_not_understood(ear: Ear) -> None:
    assert talking(ear, "sti").last_reply.endswith("2/3 B?\n1 Yes\n2 No"), "a slip in an open answer"
    phone = talking(ear, "benches")
    assert "Which language" not in phone.text("sti")
    assert "Which language" in phone.text("sti")


def test_staying_with_the_language_that_is_spoken_is_a_choice_too(ear: Ear) -> None:
    phone = talking(ear, "moze tak byc")
    assert phone.text("3") == "2/3 B?\n1 Yes\n2 No"
    play(phone, ["1", "zgadzam sie z tym planem"])
    assert phone.state.language == "en"


@pytest.mark.parametrize(
    ("said", "filed"), [("yes", "unparsed"), ("more of what is here", "answer"), ("what is this", "noise")]
)
def test_what_answers_no_menu_is_never_taken_for_a_question_that_was_not_put(ear: Ear, said: str, filed: str) -> None:
    phone = talking(ear, "moze tak byc", said)
    assert "b" not in phone.codes
    assert phone.filed == filed
    assert phone.said["c0", "a"] == ("moze tak byc" if filed != "answer" else f"moze tak byc\n{said}")
    phone.text("skip") if filed == "noise" else None
    assert phone.last_reply.endswith("2/3 B?\n1 Yes\n2 No")
    assert phone.text("1").startswith("3/3 C?")


def test_a_second_half_after_the_bot_s_own_menu_is_listened_to(ear: Ear) -> None:
    phone = talking(ear, "moze tak byc")
    assert phone.text("zgadzam sie z tym planem").endswith("2/3 B, po polsku?\n1 Tak\n2 Wcale")
    assert phone.said["c0", "a"] == "moze tak byc\nzgadzam sie z tym planem"
    assert phone.state.language_source == "detected"


def test_skip_passes_the_menu_and_not_the_question_that_was_never_put(ear: Ear) -> None:
    phone = talking(ear, "moze tak byc")
    assert phone.text("skip") == "2/3 B?\n1 Yes\n2 No"
    assert phone.text("skip").startswith("3/3 C?")


def test_a_text_that_was_not_understood_brings_the_menu_and_then_the_same_question(ear: Ear) -> None:
    phone = talking(ear, "benches")
    assert phone.text("byc moze").startswith("Sorry, we did not understand that.\nJaki jezyk do pytania 2/3?")
    assert phone.text("yes").startswith("3/3 C?")
    assert phone.codes["b"] == "yes"


def test_the_second_half_of_an_open_answer_is_listened_to(ear: Ear) -> None:
    phone = talking(ear, "benches")
    assert phone.text("zgadzam sie z tym planem").endswith("2/3 B, po polsku?\n1 Tak\n2 Wcale")
    assert phone.said["c0", "a"] == "benches\nzgadzam sie z tym planem"


def test_the_bot_asks_by_itself_no_more_often_than_the_limit(ear: Ear) -> None:
    phone = talking(ear, "moze tak byc", "skip", "byc moze", "skip")
    assert phone.state.language_asks == LANGUAGE_QUESTIONS
    assert "language" not in phone.text("moze tak byc")


def test_the_last_answer_brings_no_menu(ear: Ear) -> None:
    phone = talking(ear, "benches", "yes")
    assert phone.text("moze tak byc").startswith("Thank you.")


def test_a_language_that_is_heard_and_not_offered_gets_one_line(ear: Ear) -> None:
    phone = talking(ear)
    assert phone.text("nous voulons plus de bus").startswith("Sorry, this survey is not in FRENCH yet.")
    play(phone, ["yes"])
    assert "Sorry" not in phone.text("nous voulons plus de bus")
    assert wishes(phone) == ["fr"]


def test_a_few_words_of_a_language_that_is_not_offered_are_no_wish_for_it(ear: Ear) -> None:
    phone = talking(ear)
    assert phone.text("oh dear me").startswith("2/3 B?")
    assert wishes(phone) == []


def test_the_language_that_is_spoken_is_never_asked_about_twice_over(ear: Ear) -> None:
    assert talking(ear).text("so so").endswith("1 اردو\n2 English")


def test_who_writes_urdu_in_latin_letters_is_asked_before_urdu_letters_come(ear: Ear) -> None:
    reply = talking(ear).text("mujhe parks pasand hain")
    assert reply.startswith("Sorry, this survey is not in Roman Urdu yet.")
    assert reply.endswith("1 اردو\n2 English")


@pytest.mark.parametrize("text", ["more buses", "je ne sais pas trop", "benches"])
def test_nothing_is_asked_where_nothing_could_change(ear: Ear, text: str) -> None:
    assert talking(ear).text(text) == "2/3 B?\n1 Yes\n2 No"


def test_what_was_asked_for_is_never_overridden_and_nothing_is_listened_to(ear: Ear) -> None:
    phone = talking(ear, "english", "zgadzam sie z tym planem")
    phone.text("language english")
    told = len(ear.told)
    play(phone, ["wcale", "zgadzam sie z tym planem"])
    assert phone.state.language == "en"
    assert len(ear.told) == told


def _insists_on_polish(text: str, known: str, hint: str, current: str) -> Impression:
    return Impression("pl", 1.0, Action.SWITCH)


# Commands, answers, words; and letters of which no language's name can be made.
SAID = st.sampled_from([*SOUNDS, "yes", "1", "skip", "back", "more", "help", "parks"]) | st.text("abcdefghąężść ")


@given(st.lists(SAID, max_size=8))
def test_whatever_is_written_never_overrides_a_choice(texts: list[str]) -> None:
    phone = resident(TALK, listener=_insists_on_polish, phrases=POLISH)
    play(phone, ["parks", "language english"])
    for text in texts:
        phone.text(text, language_hint="pl")
        assert (phone.state.language, phone.state.language_source) == ("en", "chosen")


def test_an_answer_that_is_understood_is_not_listened_to(ear: Ear) -> None:
    talking(ear, "benches", "yes")
    assert [text for text, *_ in ear.told] == ["benches"]


def test_the_listener_is_told_what_it_knew_and_what_the_app_says(ear: Ear) -> None:
    phone = talking(ear, "moze tak byc", "skip")
    phone.text("hmm no idea", language_hint="pl")
    assert ear.told[-1] == ("hmm no idea", "pl?", "pl", "en")
