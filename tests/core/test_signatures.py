"""The line that a telephone puts under a text by itself: never part of what is read, always part of what is kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.commands import Command, CommandKind, find_command, is_stop, may_mean_stop
from bot.core.reading import Words, read_exactly, read_reply, unsigned
from bot.core.survey import QuestionType
from tests.core.phones import TONGUES, WORDS_FIRST, begun
from tests.core.test_reading_replies import REPLIES, Reply
from tests.core.words import WORDS, asked
from tests.playing import resident

SIGNATURES = (
    "\n\nSent from my iPhone",
    "\nSent from my Samsung Galaxy smartphone.",
    "\r\n\r\nGet Outlook for Android<https://aka.ms/AAb9ysg>",
    "\n\nSent from Yahoo Mail on Android\n",
    "\n-- \nSent from my mobile\nGet Outlook for iOS",
)
signatures = pytest.mark.parametrize("signature", SIGNATURES, ids=lambda signature: signature.split()[-1])


@signatures
@pytest.mark.parametrize("text", ["STOP", "Stop.", "please stop texting me"])
def test_stop_above_a_signature_is_stop(text: str, signature: str) -> None:
    assert is_stop(text + signature, WORDS)
    phone = begun("yes", "2")
    assert phone.text(text + signature).startswith("You will get no more texts from us.")
    assert phone.person.is_stopped


@signatures
def test_start_above_a_signature_returns(signature: str) -> None:
    phone = begun("stop")
    assert phone.text(f"START{signature}").startswith("Welcome back.")


@signatures
def test_commands_languages_and_keywords_are_found_above_a_signature(signature: str) -> None:
    assert find_command(f"Change 3{signature}", WORDS) == Command(CommandKind.CHANGE, "3")
    assert find_command(f"?{signature}", WORDS) == Command(CommandKind.HELP)
    assert may_mean_stop(f"stop it{signature}", WORDS)
    phone = resident(TONGUES)
    assert "1/2 A?" in phone.text(f"Parks{signature}")
    assert "1/2 A po polsku?" in phone.text(f"polski{signature}")


@given(st.sampled_from(REPLIES), st.sampled_from(SIGNATURES))
def test_a_closed_answer_is_read_as_if_it_had_no_signature(reply: Reply, signature: str) -> None:
    if reply.asked.type is QuestionType.TEXT or not reply.text.strip():
        return
    assert read_exactly(reply.asked, reply.text + signature, WORDS) == read_exactly(reply.asked, reply.text, WORDS)
    assert read_reply(reply.asked, reply.text + signature, WORDS) == read_reply(reply.asked, reply.text, WORDS)


@signatures
def test_what_is_kept_holds_the_signature_as_it_came(signature: str) -> None:
    phone = begun(f"Yes{signature}", f"agree{signature}", f"more benches{signature}")
    assert phone.codes == {"use_parks": "yes", "agree": "agree", "better": f"more benches{signature}"}
    assert phone.said["c0", "use_parks"] == f"Yes{signature}"


def test_an_open_answer_is_read_whole() -> None:
    text = "Letters should be\nSent from my councillor"
    assert read_reply(asked(type=QuestionType.TEXT), text, WORDS) == Words(text)


@signatures
def test_a_signature_makes_no_second_half_of_a_short_text(signature: str) -> None:
    phone = begun("more benches", of=WORDS_FIRST)
    assert phone.text(f"and bins{signature}").startswith("Sorry, we did not understand that.")
    phone = begun("more benches", of=WORDS_FIRST)
    assert phone.text(f"and some more bins{signature}").startswith("Thank you, we added that")


@signatures
def test_yes_to_deleting_counts_above_a_signature_and_perhaps_is_asked_again(signature: str) -> None:
    assert "Remove every answer" in begun("delete").text(f"yes, no{signature}")
    phone = begun("delete")
    phone.text(f"yes{signature}")
    assert phone.erased == 1


def test_a_number_that_is_not_listed_is_called_so_above_a_signature() -> None:
    assert begun().text("9\nSent from my iPhone").startswith("That number is not in the list.")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Agree\nSent from my iPhone", "Agree"),
        ("Agree\n\n__\nSent from my iPad\n\n", "Agree"),
        ("Agree\nSent from my iPhone\nbut only just", "Agree\nSent from my iPhone\nbut only just"),
        ("Sent from my iPhone", "Sent from my iPhone"),
        ("\nSent from my iPhone", "\nSent from my iPhone"),
        ("Agree\nSent for my friend", "Agree\nSent for my friend"),
        ("1\n?", "1\n?"),
        ("1\n?\nSent from my iPhone", "1\n?"),
        ("Agree\n👍", "Agree\n👍"),
        ("Agree\n!", "Agree\n!"),
        (f"Agree\nSent from my {'very ' * 30}old phone", f"Agree\nSent from my {'very ' * 30}old phone"),
    ],
)
def test_only_the_last_lines_can_be_a_signature(text: str, read: str) -> None:
    assert unsigned(text, WORDS) == read
