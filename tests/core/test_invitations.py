"""Campaigns at the desk: a poster's word begins its survey, which notes whose word it was; an old one begins none."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.core.invitation import CampaignState, Invitation
from bot.core.message import Heard, Message
from bot.core.survey import Language
from bot.core.window import Window
from tests.core.small_surveys import one, survey, words_question
from tests.playing import NOON, Resident, play, resident

PARKS = survey(
    words_question("better", "What would make the parks better?"),
    one("use", "Do you use them?"),
    languages=(Language("en", "English"), Language("pl", "Polski")),
)
MUSEUM = survey(one("visited", "Have you been?"), id="museum", keyword="MUSEUM", title={"en": "Our museum"})
HALL7 = Invitation("HALL7", "parks", "hall7")
SUMMER = Invitation("SUMMER", "parks", "summer", first_day=date(2026, 5, 5), last_day=date(2026, 5, 6))


def phone(*invitations: Invitation) -> Resident:
    return resident(PARKS, MUSEUM, invitations=invitations or (HALL7,))


def came_by(who: Resident) -> list[str]:
    """Say by which campaign each conversation began, oldest first."""
    return [thread.state.campaign for thread in who.threads.values()]


@pytest.mark.parametrize("text", ["HALL7", "hall 7", "Hall-7!", "join hall7", "HALL7 please", "text HALL7"])
def test_a_campaigns_word_begins_its_survey_however_it_is_written(text: str) -> None:
    who = phone()
    assert "What would make the parks better?" in who.text(text)
    assert came_by(who) == ["hall7"]


def test_a_campaigns_word_takes_a_language_after_it() -> None:
    who = phone()
    who.text("HALL7 POLSKI")
    assert (who.state.language, who.state.language_source, came_by(who)) == ("pl", "chosen", ["hall7"])


@pytest.mark.parametrize(("word", "before"), [("HALL7", []), ("PARKS", []), ("HALL7", ["HALL7", "NEW"])])
def test_the_opening_names_the_word_that_somebody_came_by(word: str, before: list[str]) -> None:
    who = phone()
    opening = play(who, before)[-1] if before else who.text(word)
    assert f"POLSKI? Text {word} and the language." in opening
    assert came_by(who)[0] == ("hall7" if word == "HALL7" else "")


def test_a_language_that_is_not_offered_is_missed_and_the_survey_begins() -> None:
    who = phone()
    assert "not in URDU yet" in who.text("HALL7 URDU")
    assert came_by(who) == ["hall7"]


def test_the_surveys_own_word_notes_no_campaign() -> None:
    who = phone()
    who.text("PARKS")
    assert came_by(who) == [""]


@pytest.mark.parametrize(("word", "campaign"), [("PARKS", ""), ("HALL7", "hall7")])
def test_the_first_word_counts_and_nobody_is_moved_later(word: str, campaign: str) -> None:
    who = phone(HALL7, Invitation("FAIR", "parks", "fair"))
    play(who, [word, "JOIN FAIR", "Benches", "FAIR"])
    assert came_by(who) == [campaign]


def test_on_an_open_question_the_word_may_be_the_answer_and_is_asked_about_by_itself() -> None:
    who = phone()
    who.text("PARKS")
    assert "HALL7 is also the word for a survey" in who.text("hall7")
    who.text("hall7")
    assert who.said["c0", "better"] == "hall7"


def test_of_another_surveys_campaign_the_word_is_asked_about_too() -> None:
    who = phone(Invitation("MUMMY", "museum", "mummy"))
    who.text("PARKS")
    assert "text JOIN MUMMY" in who.text("mummy")
    assert "Have you been?" in who.text("join mummy")
    assert came_by(who) == ["", "mummy"]


def test_a_word_with_something_after_it_that_is_no_language_is_an_answer() -> None:
    who = phone()
    play(who, ["PARKS", "hall7 roof"])
    assert who.said["c0", "better"] == "hall7 roof"


@pytest.mark.parametrize(
    ("state", "says"),
    [
        pytest.param(CampaignState.DRAFT, "This invitation is not open just now.", id="a draft"),
        pytest.param(CampaignState.PAUSED, "This invitation is not open just now.", id="paused"),
        pytest.param(CampaignState.ENDED, "This invitation is over.", id="ended"),
    ],
)
def test_a_campaign_that_does_not_run_begins_nothing_and_names_the_surveys_own_word(
    state: CampaignState, says: str
) -> None:
    who = phone(Invitation("HALL7", "parks", "hall7", state))
    assert who.text("HALL7") == f"{says}\nTo take part, text PARKS (Our parks)."
    assert (who.threads, who.filed, who.outcomes[-1].survey) == ({}, "command", "parks")


def test_without_a_word_of_the_surveys_own_there_is_only_the_refusal() -> None:
    wordless = replace(PARKS, keywords=())
    without = resident(wordless, invitations=(Invitation("HALL7", "parks", "hall7", CampaignState.ENDED),))
    assert without.text("HALL7") == "This invitation is over."


def test_the_word_of_a_closed_surveys_campaign_says_that_the_survey_is_closed() -> None:
    who = resident(PARKS, closed_at=NOON - timedelta(days=1), invitations=(HALL7,))
    assert who.text("HALL7").startswith("This survey closed on 3 May 2026.")


@pytest.mark.parametrize("state", [CampaignState.PAUSED, CampaignState.ENDED])
def test_a_running_conversation_goes_on_and_knows_the_word(state: CampaignState) -> None:
    who = phone()
    play(who, ["HALL7", "Benches"])
    who.desk = phone(Invitation("HALL7", "parks", "hall7", state)).desk
    assert "Do you use them?" in who.text("HALL7")
    assert "Thank you" in who.text("1")
    assert came_by(who) == ["hall7"]


@pytest.mark.parametrize(
    ("days", "says"),
    [
        pytest.param(0, "not open just now", id="the day before"),
        pytest.param(1, "make the parks better", id="its first day"),
        pytest.param(2, "make the parks better", id="its last day"),
        pytest.param(3, "is over", id="the day after"),
    ],
)
def test_a_campaign_runs_from_its_first_day_to_its_last(days: int, says: str) -> None:
    who = phone(SUMMER)
    who.wait(days=days)
    assert says in who.text("SUMMER")


def test_days_are_those_of_london() -> None:
    before_midnight = datetime(2026, 5, 6, 22, 59, tzinfo=UTC)
    assert SUMMER.window(before_midnight) is Window.OPEN
    assert SUMMER.window(before_midnight + timedelta(minutes=1)) is Window.CLOSED
    assert SUMMER.state_at(before_midnight + timedelta(minutes=1)) is CampaignState.ENDED


def test_someone_else_on_this_phone_comes_by_the_same_campaign_while_it_runs() -> None:
    who = phone()
    play(who, ["HALL7", "Benches", "1", "NEW"])
    assert came_by(who) == ["hall7", "hall7"]
    who.desk = phone(Invitation("HALL7", "parks", "hall7", CampaignState.ENDED)).desk
    who.text("NEW")
    assert came_by(who) == ["hall7", "hall7", ""]


def test_someone_else_after_the_surveys_own_word_came_by_none() -> None:
    who = phone()
    play(who, ["PARKS", "NEW"])
    assert came_by(who) == ["", ""]


def test_a_second_survey_is_not_the_campaigns() -> None:
    who = phone()
    play(who, ["HALL7", "Benches", "1", "MUSEUM"])
    assert came_by(who) == ["hall7", ""]


def test_stop_start_and_the_end_leave_the_campaign_as_it_was() -> None:
    who = phone()
    play(who, ["HALL7", "STOP"])
    assert who.text("HALL7") == ""
    play(who, ["START", "Benches", "1", "CHANGE 2", "2"])
    assert came_by(who) == ["hall7"]


@pytest.mark.parametrize("payload", ["HALL7", "hall7", "HALL7_POLSKI"])
def test_a_link_brings_the_word_and_its_language(payload: str) -> None:
    who = phone()
    link = Message(NOON, Heard.LINK, payload, "telegram", "telegram", short=False)
    assert "What would make the parks better?" in who.send(link)
    assert (came_by(who), who.state.language) == (["hall7"], "pl" if "POLSKI" in payload else "en")


def test_a_link_of_a_campaign_that_is_over_takes_off_stop_and_begins_nothing() -> None:
    who = phone(Invitation("HALL7", "parks", "hall7", CampaignState.ENDED))
    who.text("STOP")
    assert "This invitation is over." in who.send(Message(NOON, Heard.LINK, "HALL7", "telegram", "telegram", False))
    assert (who.threads, who.person.is_stopped) == ({}, False)


def test_a_surveys_own_word_goes_before_a_campaigns_and_an_unknown_survey_has_none() -> None:
    who = phone(Invitation("museum", "parks", "museum"), Invitation("GONE", "gone", "gone"))
    assert "Have you been?" in who.text("MUSEUM")
    assert who.text("JOIN GONE") != ""
    assert came_by(who) == [""]
