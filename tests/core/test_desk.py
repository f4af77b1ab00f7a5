"""The desk: STOP and START, keywords, several surveys and people on one number, and runaway replies."""

import pytest

from bot.core.limits import KEYWORDS_LISTED
from bot.core.message import Heard, Message
from tests.core.phones import BUSES, PARKS, TONGUES, tap
from tests.core.small_surveys import one, survey
from tests.playing import Resident, play, resident


def carrier(phone: Resident, heard: Heard) -> str:
    """Let the carrier say that it has answered STOP, START or HELP itself."""
    return phone.send(Message(phone.at, heard, "", "sms", "sms", short=True))


# -- STOP and START (invariant 7) -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param([], id="before anything"),
        pytest.param(["parks"], id="on a closed question"),
        pytest.param(["parks", "yes", "2"], id="on an open question"),
        pytest.param(["parks", "delete"], id="asked about deleting"),
        pytest.param(["parks", "yes", "2", "bench"], id="when done"),
        pytest.param(["parks", "blah", "blah"], id="between tries"),
    ],
)
@pytest.mark.parametrize(
    "stop", ["STOP", "stop.", "Stop all", "UNSUBSCRIBE", "please stop texting me", "cancel", "END", "STOP PARKS"]
)
def test_stop_ends_all_with_one_confirmation_that_says_how_to_come_back(texts: list[str], stop: str) -> None:
    phone = resident(PARKS)
    play(phone, texts)
    how_on = "Your answers are kept. Text DELETE to remove them, START to come back."
    assert phone.text(stop) == f"You will get no more texts from us. {how_on if texts else 'Text START to come back.'}"
    assert phone.outcomes[-1].opt_out is True
    kept = dict(phone.answers)
    assert play(phone, ["1", "STOP", "parks", "help", "new", "yes", "hello", "skip"]) == [""] * 8
    assert phone.answers == kept


@pytest.mark.parametrize("text", ["Stop the boats", "stop cutting trees down", "STOP! in the name of love", "end of"])
def test_a_text_that_only_begins_with_stop_is_an_answer(text: str) -> None:
    phone = resident(PARKS)
    play(phone, ["parks", "yes", "2", text])
    assert phone.said["c0", "better"] == text
    assert not phone.person.is_stopped


def test_where_the_carrier_has_answered_nothing_more_is_said() -> None:
    phone = resident(PARKS)
    phone.text("parks")
    assert carrier(phone, Heard.CARRIER_STOP) == ""
    assert phone.outcomes[-1].opt_out_by == "carrier"
    assert phone.text("1") == ""
    assert carrier(phone, Heard.CARRIER_STOP) == ""
    assert carrier(phone, Heard.CARRIER_START).startswith("Welcome back.\n1/3")
    assert carrier(phone, Heard.CARRIER_HELP) == ""
    assert phone.filed == "command"


def test_the_carriers_start_from_someone_who_is_not_on_stop_is_a_start() -> None:
    phone = resident(PARKS)
    assert "1/3 Do you use the parks?" in carrier(phone, Heard.CARRIER_START)
    assert carrier(phone, Heard.CARRIER_START).startswith("Welcome back.\n1/3")


@pytest.mark.parametrize(
    ("text", "filed"), [("STOP", "command"), ("help", "command"), ("1", "noise"), ("stop the boats", "noise")]
)
def test_what_comes_from_an_address_on_stop_is_filed(text: str, filed: str) -> None:
    phone = resident(PARKS)
    play(phone, ["parks", "stop", text])
    assert phone.filed == filed


def test_start_from_someone_who_has_answered_names_the_survey_that_is_open_besides() -> None:
    phone = resident(PARKS, BUSES)
    play(phone, ["parks", "yes", "2", "bench", "stop"])
    assert phone.text("START") == (
        "Welcome back.\nYou have answered this survey, thank you. To change an answer, text CHANGE and its number.\n"
        "To take part, text BUS (Our buses)."
    )
    assert "1/2 Do you take the bus?" in phone.text("bus")


def test_start_from_someone_who_has_answered_lists_all_that_are_open_besides() -> None:
    others = [survey(one("a", "A?"), id=id, keyword=id.upper(), title={"en": id}) for id in ("cats", "dogs")]
    phone = resident(PARKS, *others, survey(one("b", "B?"), id="past", keyword="PAST", closes="2026-05-01"))
    play(phone, ["parks", "yes", "2", "bench"])
    assert phone.text("start").endswith("To take part, text one of these words:\nCATS: cats\nDOGS: dogs")


def test_start_names_no_survey_that_has_been_answered_already_by_this_person() -> None:
    phone = resident(PARKS, BUSES)
    play(phone, ["bus", "yes", "town", "parks", "yes", "2", "bench"])
    assert phone.text("start").endswith("text CHANGE and its number.")
    play(phone, ["new", "yes", "2", "bench"])
    assert phone.text("start").endswith("To take part, text BUS (Our buses).")


def test_start_does_not_name_a_survey_of_which_only_an_answer_is_being_changed() -> None:
    phone = resident(PARKS, BUSES)
    play(phone, ["parks", "yes", "2", "bench", "change 1", "join bus", "yes", "town"])
    assert phone.text("start").endswith("text CHANGE and its number.")


def test_start_on_a_survey_that_has_closed_names_the_one_that_is_open() -> None:
    phone = resident(PARKS, survey(*BUSES.questions, id="buses", keyword="BUS", closes="2026-05-10"))
    play(phone, ["bus", "yes"])
    phone.wait(days=10)
    assert phone.text("start").endswith(
        "This survey closed on 10 May 2026. Thank you for your interest.\nTo take part, text PARKS (Our parks)."
    )


def test_start_where_a_question_waits_puts_it_again_and_names_nothing_else() -> None:
    phone = resident(PARKS, BUSES)
    play(phone, ["parks", "yes", "stop"])
    assert "To take part" not in phone.text("start")


def test_stop_ends_every_conversation_and_start_returns_to_them() -> None:
    phone = resident(PARKS, BUSES)
    play(phone, ["parks", "bus", "stop"])
    assert all(thread.state.stopped_at is not None for thread in phone.threads.values())
    assert phone.text("start").startswith("Welcome back.\n1/2 Do you take the bus?")
    assert all(thread.state.stopped_at is None for thread in phone.threads.values())


def test_a_survey_that_is_done_stays_done_after_stop() -> None:
    phone = resident(PARKS)
    play(phone, ["parks", "yes", "2", "bench", "stop"])
    assert phone.state.stopped_at is None
    assert phone.state.completed_at is not None


def test_delete_from_an_address_on_stop_acts_at_once_and_in_silence() -> None:
    phone = resident(PARKS)
    play(phone, ["parks", "yes", "stop"])
    assert phone.text("delete") == ""
    assert phone.erased == 1
    assert phone.person.is_stopped
    assert phone.text("START").endswith("1 Yes\n2 No")


@pytest.mark.parametrize("text", ["Yes", "START", "delete"])
def test_a_tap_while_stopped_is_kept_as_noise_whatever_its_label(text: str) -> None:
    phone = resident(PARKS)
    play(phone, ["parks", "stop"])
    assert tap(phone, "Yes", text=text) == ""
    assert (phone.person.is_stopped, phone.erased) == (True, 0)
    assert (phone.filed, phone.codes) == ("noise", {})


# -- keywords ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["PARKS", "parks", " Parks! ", '"parks"', "#parks", "join parks", "text PARKS", "parks please", "/parks", "START"],
)
def test_a_survey_begins_with_its_keyword_however_it_is_written(text: str) -> None:
    assert "1/3 Do you use the parks?" in resident(PARKS).text(text)


@pytest.mark.parametrize("text", ["parcs", "", "hello", "help", "more", "START", "NEW", "1", "👍"])
def test_what_starts_nothing_names_the_open_surveys(text: str) -> None:
    assert resident(PARKS, BUSES).text(text) == (
        "To take part, text one of these words:\nPARKS: Our parks\nBUS: Our buses"
    )


def test_no_more_surveys_are_named_than_a_small_phone_shows() -> None:
    many = [survey(one("a", "A?"), id=f"s{i}", keyword=f"WORD{'ABCDEFGHIJ'[i]}") for i in range(9)]
    assert resident(*many).text("hello").count("WORD") == KEYWORDS_LISTED


def test_a_survey_without_a_keyword_begins_with_start() -> None:
    quiet = survey(one("a", "A?"), keyword="")
    phone = resident(type(quiet).from_json(quiet.to_json().replace('"keywords":[""]', '"keywords":[]')))
    assert phone.text("hello").startswith("No survey is open")
    assert "1/1 A?" in phone.text("start")


@pytest.mark.parametrize("text", ["parks polski", "PARKS PL", "join parks polski", "Parks in polski"])
def test_a_keyword_with_a_language_begins_in_it(text: str) -> None:
    phone = resident(TONGUES)
    assert "1/2 A po polsku?" in phone.text(text)
    assert phone.state.language_source == "chosen"


def test_a_bare_keyword_names_the_languages_that_can_be_typed() -> None:
    assert "POLSKI, URDU? Text PARKS and the language." in resident(TONGUES).text("parks")


def test_a_keyword_before_an_answer_is_part_of_the_answer() -> None:
    phone = resident(PARKS, BUSES)
    play(phone, ["parks", "yes", "2", "parks with buses"])
    assert phone.said["c0", "better"] == "parks with buses"


def test_a_keyword_on_an_open_question_asks_once_and_the_same_word_again_is_the_answer() -> None:
    phone = resident(PARKS, BUSES)
    play(phone, ["parks", "yes", "2"])
    assert phone.text("Bus!").startswith("BUS is also the word for a survey.")
    assert phone.text("parks").startswith("PARKS is also the word for a survey.")
    assert phone.text("PARKS").startswith("Thank you.")
    assert phone.said["c0", "better"] == "PARKS"


def test_join_on_an_open_question_can_only_mean_the_survey() -> None:
    phone = resident(PARKS, BUSES)
    play(phone, ["parks", "yes", "2"])
    assert phone.text("join parks") == "3/3 What would make them better?"
    assert "1/2 Do you take the bus?" in phone.text("JOIN BUS")


def test_a_keyword_from_another_survey_brings_the_open_question_again_without_asking_what_it_means() -> None:
    phone = resident(PARKS, BUSES)
    play(phone, ["parks", "yes", "2", "join bus"])
    assert phone.text("parks") == "3/3 What would make them better?"


@pytest.mark.parametrize("text", ["parks", "PARKS", "join parks"])
def test_a_keyword_while_it_asks_about_deleting_forgets_that(text: str) -> None:
    phone = resident(PARKS)
    play(phone, ["parks", "yes", "2", "delete"])
    assert phone.text(text) == "3/3 What would make them better?"
    phone.text("yes")
    assert phone.erased == 0


def test_a_keyword_after_the_end_says_so_and_begins_nothing() -> None:
    phone = resident(PARKS, BUSES)
    play(phone, ["parks", "yes", "2", "bench"])
    assert phone.text("parks").startswith("You have answered this survey, thank you.")
    play(phone, ["bus", "yes"])
    assert phone.text("join parks").startswith("You have answered this survey, thank you.")
    assert list(phone.threads) == ["c0", "c1"]
    assert phone.text("town").startswith("Thank you.")
    assert phone.said["c1", "where"] == "town"


# -- two surveys on one number ----------------------------------------------------------------------------------------


def test_a_keyword_changes_the_survey_and_each_keeps_its_place() -> None:
    phone = resident(PARKS, BUSES)
    play(phone, ["parks", "yes"])
    assert "1/2 Do you take the bus?" in phone.text("bus")
    assert phone.text("parks").startswith("2/3")
    assert phone.text("bus").startswith("1/2")


def test_at_the_end_of_one_survey_the_other_that_waits_is_named() -> None:
    phone = resident(PARKS, BUSES)
    play(phone, ["parks", "bus", "yes"])
    assert phone.text("town").endswith("You have not finished Our parks. Text PARKS to go on.")


def test_a_survey_that_someone_else_left_unfinished_is_not_named() -> None:
    phone = resident(PARKS)
    assert "not finished" not in play(phone, ["parks", "yes", "new", "yes", "2", "bench"])[-1]


def test_the_keyword_of_a_closed_survey_does_not_lead_away_from_an_open_one() -> None:
    closing = survey(*BUSES.questions, id="buses", keyword="BUS", title={"en": "Our buses"}, closes="2026-05-10")
    phone = resident(PARKS, closing)
    play(phone, ["bus", "yes", "join parks", "yes"])
    phone.wait(days=10)
    assert phone.text("bus").startswith("This survey closed on 10 May 2026.")
    assert phone.text("agree").startswith("3/3")


def test_on_the_open_question_of_a_closed_survey_another_keyword_begins_the_other() -> None:
    closing = survey(*BUSES.questions, id="buses", keyword="BUS", closes="2026-05-10")
    phone = resident(PARKS, closing)
    play(phone, ["bus", "yes"])
    phone.wait(days=10)
    assert "1/3 Do you use the parks?" in phone.text("parks")


# -- buttons ----------------------------------------------------------------------------------------------------------


def test_a_button_of_the_other_survey_answers_there() -> None:
    phone = resident(PARKS, BUSES)
    play(phone, ["parks", "bus"])
    assert "2/3 The parks" in tap(phone, "Yes", back=1)
    assert phone.answers["c0", "use_parks"].codes == ("yes",)


@pytest.mark.parametrize(
    ("text", "said"), [("Bus", "1/2 Do you take the bus?"), ("Help", "You can text SKIP"), ("x", "1/3 Do")]
)
def test_a_button_that_is_not_ours_can_be_a_word_we_know(text: str, said: str) -> None:
    phone = resident(PARKS, BUSES)
    phone.text("parks")
    assert said in tap(phone, text, choice_id="from-a-poster")


def test_a_button_from_nobody_we_know_is_read_as_its_words() -> None:
    assert "1/3" in tap(resident(PARKS), "Parks", choice_id="from-a-poster")
