"""Texts that an outage held back: answers if they come in the order in which they were sent, and never otherwise."""

from datetime import datetime, timedelta

import pytest

from tests.core.phones import PARKS, begun
from tests.playing import Resident, resident

DELAYED = "An earlier text of yours reached us late. We have kept it.\n"


def held_back(phone: Resident, text: str, sent_at: datetime) -> str:
    """Let a text reach us now that was sent then."""
    return phone.text(text, sent_at=sent_at)


def overtaken(*texts: str) -> tuple[Resident, datetime]:
    """Make a phone on which these texts were sent, and say when it was just before the last of them."""
    phone = begun(*texts)
    return phone, phone.at - timedelta(seconds=30)


@pytest.mark.parametrize("text", ["1", "agree", "skip", "hello", "parks", "stop it", "back", "new", "START"])
def test_a_text_that_a_later_one_has_overtaken_is_kept_and_is_no_answer(text: str) -> None:
    phone, before = overtaken("yes")
    assert held_back(phone, text, before).startswith(f"{DELAYED}2/3 The parks are looked after well.")
    assert (phone.filed, phone.codes, len(phone.threads)) == ("unparsed", {"use_parks": "yes"}, 1)
    assert phone.text("agree").startswith("3/3")


def test_texts_that_come_in_their_order_are_the_answers_they_were_meant_as() -> None:
    phone = begun()
    sent = phone.at
    phone.wait(hours=3)
    for place, text in enumerate(("yes", "agree", "more benches"), 1):
        held_back(phone, text, sent + timedelta(seconds=place))
    assert phone.codes == {"use_parks": "yes", "agree": "agree", "better": "more benches"}


def test_two_texts_of_one_second_are_in_order() -> None:
    phone = begun()
    sent = phone.at + timedelta(seconds=10)
    phone.wait(hours=3)
    held_back(phone, "yes", sent)
    held_back(phone, "agree", sent)
    assert phone.codes == {"use_parks": "yes", "agree": "agree"}


def test_a_text_that_comes_late_leaves_the_order_as_it_was() -> None:
    phone, before = overtaken("yes")
    sent = phone.at
    held_back(phone, "no", before)
    assert held_back(phone, "agree", sent - timedelta(seconds=2)).startswith(DELAYED)
    assert held_back(phone, "agree", sent + timedelta(seconds=2)).startswith("3/3")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("help", "You can text SKIP"),
        ("privacy", "Your answers are used"),
        ("mydata", "Kept from this chat: answers 1"),
        ("delete", "Remove every answer"),
        ("STOP", "You will get no more texts"),
    ],
)
def test_what_means_the_same_however_late_is_carried_out(text: str, said: str) -> None:
    phone, before = overtaken("yes")
    assert held_back(phone, text, before).startswith(said)
    assert phone.filed == "command"


def test_a_start_sent_before_the_stop_does_not_undo_it() -> None:
    phone = begun("yes")
    sent = phone.at + timedelta(seconds=10)
    phone.text("stop")
    phone.person = type(phone.person)(is_stopped=True, stopped_at=phone.at, current=phone.person.current)
    assert held_back(phone, "START", sent) == ""
    assert (phone.person.is_stopped, phone.filed) == (True, "command")
    assert held_back(phone, "START", phone.person.stopped_at or sent).startswith("Welcome back.")


def test_a_first_text_that_comes_late_begins_the_survey() -> None:
    phone = resident(PARKS)
    sent = phone.at - timedelta(hours=2)
    assert "1/3 Do you use the parks?" in held_back(phone, "parks", sent)
    assert held_back(phone, "yes", sent + timedelta(seconds=5)).startswith("2/3")


def test_a_late_text_after_the_end_brings_no_thanks_for_it() -> None:
    phone, before = overtaken("yes", "2", "benches")
    assert held_back(phone, "and bins", before) == (
        f"{DELAYED}You have answered this survey, thank you. To change an answer, text CHANGE and its number."
    )


def test_after_a_late_text_a_yes_no_longer_means_delete() -> None:
    phone, before = overtaken("yes", "delete")
    assert held_back(phone, "no", before).startswith(f"{DELAYED}2/3")
    assert phone.text("yes").startswith("Sorry, we did not understand that.")
    assert phone.erased == 0
