"""Small talk and machines' messages, and that answers are not taken for either."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.noise import NEVER_AN_ANSWER, Noise, find_noise
from tests.core.words import WORDS

NOISE = {
    Noise.GREETING: ("hi", "Hello!", "hiya duck", "ay up duck", "Ay up", "good morning", "asc", "👋", "hello there"),
    Noise.THANKS: ("thanks", "Thank you!", "ok thanks", "ta duck", "cheers mate", "thx", "ok thank you", "🙏", "ok ta"),
    Noise.WHO_IS_THIS: (
        "who is this",
        "Who's this?",
        "who are you?",
        "is this a scam?",
        "how did you get my number",
        "is this real",
    ),
    Noise.WRONG_NUMBER: ("wrong number", "Wrong number mate", "you have the wrong number", "Sorry, wrong number"),
    Noise.LATER: ("driving, later", "later", "busy", "in a meeting", "I'm busy right now", "not now"),
    Noise.EMPTY: ("", "   ", "...", "!!", "\u200b\u200d", "\n\n", "- -"),
    Noise.AUTO_REPLY: (
        "I’m driving with Do Not Disturb While Driving turned on. I’ll see your message when I get where I’m going.",
        "I'm not receiving notifications. If this is urgent, reply “urgent” to send a notification through.",
        "Auto-reply: I am away until Monday.",
        "This is an automated message.",
        "Out of office",
    ),
    Noise.REACTION: (
        "Liked “2/8 How far do you agree?”",
        'Loved "2/8 How far do you agree?"',
        "Laughed at “Thank you”",
        "Emphasised “3/8 Do you feel safe?”",
        "Reacted 👍 to “2/8 How far do you agree?”",
        "👍 to “2/8 How far do you agree?”",
        "\u200a\u200b👍\u200b to \u201c\u200a2/8 How far\u200a\u201d",
        "Removed a heart from “2/8 How far do you agree?”",
        "Removed 👍 from “2/8 How far”",
        "Liked an image",
    ),
}


@pytest.mark.parametrize(("noise", "text"), [(noise, text) for noise, texts in NOISE.items() for text in texts])
def test_small_talk_and_machines_are_known(noise: Noise, text: str) -> None:
    assert find_noise(text, WORDS) is noise


@pytest.mark.parametrize(
    "text",
    [
        *("1", "yes", "no", "ok", "agree", "alright", "2 thanks", "hi 2", "👍", "😂", "Stop the boats", "more"),
        *("thanks to the food bank on our road", "hello and welcome signs for newcomers", "I liked the old market"),
        *(
            "liked",
            "loved it",
            "driving instructors need work",
            "later buses",
            "wrong number of bins",
            "today",
            "tomorrow",
        ),
        *('"The council" never listens', 'they said "come later" and never did', "who is this strategy for"),
        *("thank you " * 40, "The swimming pool. I loved “old Hanley”"),
    ],
)
def test_an_answer_is_no_noise(text: str) -> None:
    assert find_noise(text, WORDS) is None


def test_only_machines_and_empty_texts_can_never_answer_an_open_question() -> None:
    assert {Noise.AUTO_REPLY, Noise.REACTION, Noise.EMPTY} == NEVER_AN_ANSWER


@given(st.text())
def test_no_text_makes_the_search_for_noise_raise(text: str) -> None:
    find_noise(text, WORDS)
