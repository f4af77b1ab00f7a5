"""What a channel hears besides texts and taps: a link's code, an edited text, and notices that nobody wrote."""

import pytest

from bot.core.message import Heard
from bot.core.survey import Start
from tests.core.phones import BUSES, PARKS, begun
from tests.core.small_surveys import survey
from tests.playing import Resident, play, resident


def heard(phone: Resident, heard: Heard, text: str = "") -> str:
    """Let the channel hear something."""
    return phone.text(text, heard=heard)


@pytest.mark.parametrize("code", ["bus", "BUS"])
def test_a_link_begins_the_survey_that_its_code_names(code: str) -> None:
    assert "1/2 Do you take the bus?" in heard(resident(PARKS, BUSES), Heard.LINK, code)


def test_a_link_on_an_open_question_is_never_its_answer() -> None:
    phone = resident(PARKS, BUSES)
    play(phone, ["parks", "yes", "2"])
    assert "1/2 Do you take the bus?" in heard(phone, Heard.LINK, "bus")
    assert heard(phone, Heard.LINK, "parks") == "3/3 What would make them better?"
    assert phone.said.get(("c0", "better")) is None


@pytest.mark.parametrize("code", ["", "from-a-poster"])
def test_a_link_without_a_code_that_we_know_is_a_start(code: str) -> None:
    assert "1/3 Do you use the parks?" in heard(resident(PARKS), Heard.LINK, code)
    assert heard(begun("yes"), Heard.LINK, code).startswith("Welcome back.\n2/3")


def test_a_link_returns_from_stop_to_every_survey() -> None:
    phone = resident(PARKS, BUSES)
    play(phone, ["parks", "yes", "join bus", "stop"])
    assert heard(phone, Heard.LINK, "parks").startswith("2/3")
    assert not phone.person.is_stopped
    assert phone.outcomes[-1].opt_out is False
    assert all(thread.state.stopped_at is None for thread in phone.threads.values())
    play(phone, ["stop"])
    assert heard(phone, Heard.LINK).startswith("Welcome back.\n2/3")


def test_a_link_after_stop_is_no_yes_to_a_survey_that_asks_first() -> None:
    phone = begun("stop", of=survey(*PARKS.questions, start=Start.CONFIRM))
    assert heard(phone, Heard.LINK, "parks") == "Reply YES to start with question 1/3."
    assert phone.text("yes").startswith("1/3")


def test_an_edited_text_changes_no_answer_and_the_question_comes_again() -> None:
    phone = begun("yes")
    assert "2/3 The parks are looked after well." in heard(phone, Heard.EDITED, "no")
    assert (phone.filed, phone.codes) == ("noise", {"use_parks": "yes"})


def test_an_edited_text_from_someone_who_has_begun_nothing_is_kept_in_silence() -> None:
    phone = resident(PARKS)
    assert heard(phone, Heard.EDITED, "parks") == ""
    assert (phone.filed, phone.threads) == ("noise", {})


@pytest.mark.parametrize("texts", [[], ["parks"], ["parks", "stop"]], ids=["before anything", "midway", "on stop"])
def test_a_notice_is_kept_in_silence_and_moves_nothing(texts: list[str]) -> None:
    phone = resident(PARKS)
    play(phone, texts)
    before = {key: thread.state for key, thread in phone.threads.items()}
    assert heard(phone, Heard.NOTICE) == ""
    assert phone.filed == "noise"
    assert {key: thread.state for key, thread in phone.threads.items()} == before


def test_a_voice_note_after_the_last_question_is_kept_for_a_person() -> None:
    phone = resident(PARKS)
    play(phone, ["parks", "yes", "2", "benches"])
    assert phone.text("", is_spoken=True, attachments=1) == "Thank you. A person will listen to it."
    assert phone.filed == "unparsed"
