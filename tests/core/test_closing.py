"""What comes after the close."""

import pytest

from bot.core import conversation
from bot.core.commands import CommandKind
from bot.core.desk import Desk
from bot.core.events import Circumstances, Commanded
from bot.core.phrases import Phrases
from bot.core.questionnaire import Questionnaire
from bot.core.sitting import Listing
from bot.core.survey import QuestionType, Start, SurveyDefinition
from tests.core.phones import PARKS, begun, tap
from tests.core.small_surveys import one, question, survey
from tests.playing import NOON, Resident, play, words

CLOSES = survey(*PARKS.questions, closes="2026-06-30")
LATE = "This survey has closed. Your text came after that"
CLOSED = "This survey closed on 30 June 2026."


def closed(*texts: str, of: SurveyDefinition = CLOSES) -> Resident:
    """Make a phone on which the survey has begun and has then closed."""
    phone = begun(*texts, of=of)
    phone.wait(days=80)
    return phone


def test_the_first_reply_after_the_close_is_kept_and_marked_late_and_the_next_changes_nothing() -> None:
    phone = closed("yes")
    assert phone.text("agree").startswith(LATE)
    assert (phone.filed, phone.codes["agree"], phone.state.late) == ("late", "agree", True)
    assert phone.text("disagree").startswith(LATE)
    assert (phone.filed, phone.codes["agree"]) == ("late", "agree")


def test_what_comes_once_the_survey_is_open_again_is_not_late() -> None:
    phone = closed("yes")
    phone.text("agree")
    assert phone.state.late
    phone.wait(days=-80)  # as when its last day is moved
    phone.text("agree")
    assert not phone.state.late


def test_a_reply_after_the_close_that_cannot_be_read_changes_nothing() -> None:
    phone = closed("yes")
    assert phone.text("blah").startswith(LATE)
    assert (phone.filed, phone.codes, phone.state.late) == ("late", {"use_parks": "yes"}, False)


def test_a_tap_after_the_close_is_kept_if_it_is_for_the_standing_question() -> None:
    phone = closed("yes")
    assert tap(phone, "No", text="").startswith(LATE)
    assert (phone.filed, phone.codes) == ("late", {"use_parks": "yes"})
    assert tap(phone, "Agree", text="").startswith(LATE)
    assert (phone.filed, phone.codes) == ("late", {"use_parks": "yes", "agree": "agree"})


@pytest.mark.parametrize("text", ["parks", "skip", "back", "change 1", "start", "hi there", "delete no"])
def test_nothing_is_asked_after_the_close(text: str) -> None:
    for phone in (closed("yes"), closed("yes", "agree", "bench"), closed("yes", "agree")):
        assert "/3" not in phone.text(text)


@pytest.mark.parametrize("text", ["yes", "no", "hello", "carry on", "1"])
def test_neither_a_yes_nor_carrying_on_opens_a_survey_that_has_closed(text: str) -> None:
    asked_first = closed(of=survey(*PARKS.questions, closes="2026-06-30", start=Start.CONFIRM))
    returning = begun("yes", of=CLOSES)
    returning.wait(days=35)
    assert "Carry on" in returning.text("hello")
    returning.wait(days=35)
    for phone in (asked_first, returning):
        assert phone.text(text) == f"{CLOSED} Thank you for your interest."
        assert phone.filed == "late"


def test_delete_after_the_close_names_no_question_to_go_on_with() -> None:
    phone = closed("yes")
    assert phone.text("delete").startswith("1/1 Remove every answer and text sent to us in this chat?")
    assert phone.text("no") == f"Nothing was removed.\n{CLOSED} Thank you for your interest."
    play(phone, ["delete", "yes"])
    assert phone.erased == 1


def test_what_comes_after_a_finished_survey_has_closed_is_late() -> None:
    phone = closed("yes", "agree", "bench")
    assert phone.text("and lights").startswith(CLOSED)
    assert phone.filed == "late"


INFORMED = survey(
    question("note", QuestionType.NOTE, "The plan.", more={"en": "In short: a plan."}),
    one("a", "A?", more={"en": "We use this for one thing."}),
    contact={"en": "Ann, 01632 960000"},
    closes="2026-06-30",
)


def test_help_after_the_close_offers_only_what_there_still_is() -> None:
    ready = Questionnaire(INFORMED, Phrases(), {"": words()}, reached_by={"whatsapp": "WhatsApp 07700 900998"})
    phone = Resident(Desk((Listing(ready),), ready.phrases, words()))
    assert "Or use WhatsApp" in play(phone, ["parks", "help"])[-1]
    phone.wait(days=80)
    assert phone.text("help") == (
        "You can text MORE (to read), LANGUAGE, PRIVACY, MYDATA (what we keep), DELETE (remove it), "
        "LINK (another phone), STOP.\n"
        "To speak to a person: Ann, 01632 960000.\n"
        f"{CLOSED} Thank you for your interest."
    )


def test_more_after_the_close_explains_no_question() -> None:
    assert closed(of=INFORMED).text("more").startswith("In short: a plan.\nThis survey closed")


def test_a_survey_closed_without_a_day_says_so() -> None:
    phone = begun("yes")
    thread = phone.threads["c0"]
    here = Circumstances(NOON, "sms", "sms", True, is_closed=True)
    _, effects = conversation.step(thread.questionnaire, thread.state, Commanded(here, CommandKind.HELP))
    assert "This survey is closed." in str(effects)
