"""At the desk: newcomers, several people on one phone, opening times, and replies that must not run away."""

from datetime import timedelta

import pytest

from bot.core.effects import Filed
from bot.core.limits import IDENTICAL_TEXTS, REPLIES_PER_HOUR
from bot.core.message import Heard, Message
from bot.core.sitting import Outcome
from bot.core.survey import Language, QuestionType
from tests.core.phones import BUSES, PARKS, TONGUES, tap
from tests.core.small_surveys import one, question, survey, words_question
from tests.playing import play, resident

# -- when a survey is open --------------------------------------------------------------------------------------------


def test_before_the_opening_date_it_says_when_and_begins_nothing() -> None:
    phone = resident(survey(*PARKS.questions, opens="2026-05-20"))
    assert phone.text("parks") == "This survey opens on 20 May 2026. Please text PARKS again then."
    assert (phone.filed, phone.threads) == ("command", {})
    assert phone.text("hello").startswith("No survey is open")


def test_after_the_close_a_newcomer_is_told_so_and_filed_as_late() -> None:
    phone = resident(survey(*PARKS.questions, closes="2026-05-01"))
    assert phone.text("parks") == "This survey closed on 1 May 2026. Thank you for your interest."
    assert (phone.filed, phone.threads) == ("late", {})


def test_nobody_new_begins_after_the_close() -> None:
    phone = resident(survey(*PARKS.questions, closes="2026-05-10"))
    play(phone, ["parks", "yes"])
    phone.wait(days=10)
    assert phone.text("new").startswith("This survey closed on 10 May 2026.")
    assert (phone.filed, list(phone.threads)) == ("late", ["c0"])


# -- people -----------------------------------------------------------------------------------------------------------


def test_new_is_a_second_person_with_answers_of_their_own() -> None:
    phone = resident(PARKS)
    play(phone, ["parks", "yes", "new", "no"])
    assert phone.answers["c0", "use_parks"].codes == ("yes",)
    assert phone.answers["c1", "use_parks"].codes == ("no",)
    assert "1/3" in resident(PARKS).text("new")


def test_new_keeps_a_chosen_language_and_the_next_person_has_chosen_none() -> None:
    phone = resident(TONGUES)
    play(phone, ["parks", "new"])
    assert phone.state.language_source == "default"
    assert "1/2 A po polsku?" in play(phone, ["polski", "new"])[-1]
    assert phone.state.language_source == "default"


def test_a_button_of_the_earlier_person_does_not_answer_for_the_new_one() -> None:
    phone = resident(PARKS)
    play(phone, ["parks", "yes", "2", "new"])
    tap(phone, "Disagree")
    assert ("c1", "agree") not in phone.answers
    assert phone.answers["c0", "agree"].codes == ("disagree",)


def test_mydata_gives_counts_and_never_answers() -> None:
    phone = resident(
        survey(
            question("n", QuestionType.INTEGER, "How many?"),
            question("twice", QuestionType.CALCULATE, "", calculation="${n} * 2"),
            words_question("why", "Why?"),
        )
    )
    play(phone, ["parks", "3"])
    assert phone.text("mydata") == (
        "Kept from this chat: answers 1, texts in surveys 3, and any other text sent to us.\n"
        "Text DELETE to remove them.\n2/2 Why?"
    )


def test_a_stop_counts_as_one_text_however_many_surveys_there_are() -> None:
    phone = resident(PARKS, BUSES)
    play(phone, ["parks", "bus", "stop", "start"])
    assert "answers 0, texts in surveys 5," in phone.text("mydata")


def test_mydata_from_an_address_without_answers_says_so_and_counts_nothing() -> None:
    phone = resident(PARKS)
    play(phone, ["hello", "is this real?"])
    assert phone.text("mydata") == (
        "Kept from this chat: no answers, only the texts sent to us.\nText DELETE to remove them."
    )
    assert phone.filed == "command"


def test_delete_from_an_address_without_answers_removes_its_texts() -> None:
    phone = resident(PARKS)
    phone.text("hello")
    assert phone.text("delete") == "There are no answers from this chat. We have removed every text sent to us here."
    assert phone.erased == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("help", "To speak to a person, or answer by phone or on paper: Ann.\nTo take part, text PARKS (Our parks)."),
        ("?", "To speak to a person, or answer by phone or on paper: Ann.\nTo take part, text PARKS (Our parks)."),
        ("privacy", "Privacy: example.org/privacy\nTo take part, text PARKS (Our parks)."),
        ("skip", "To take part, text PARKS (Our parks)."),
    ],
)
def test_somebody_who_has_not_begun_can_ask_for_a_person_and_about_privacy(text: str, said: str) -> None:
    phone = resident(survey(*PARKS.questions, contact={"en": "Ann"}, privacy_url="example.org/privacy"))
    assert phone.text(text).endswith(said)
    assert phone.filed == "command"


ASKERS = ("who is this?", "who are you", "what is this about", "Is this a scam?")


@pytest.mark.parametrize("text", ASKERS)
def test_somebody_new_who_asks_is_told_who_writes_in_one_text(text: str) -> None:
    phone = resident()
    assert phone.text(text) == (
        "This is Stoke-on-Trent City Council.\nCheck: www.stoke.gov.uk/communitycohesion\n"
        "To take part, text STOKE (Community Cohesion Strategy 2026-30)."
    )
    assert phone.filed == "noise"
    assert len(phone.last_reply) <= 160
    assert phone.text("hello").startswith("To take part")


def test_whoever_asks_in_the_open_surveys_is_named_once() -> None:
    council = {"en": "The council"}
    parks = survey(*PARKS.questions, organisation=council, verify_url="a.example")
    buses = survey(*BUSES.questions, id="buses", keyword="BUS", organisation=council, verify_url="a.example")
    trams = survey(*BUSES.questions, id="trams", keyword="TRAM", organisation={"en": "The trams"})
    past = survey(*BUSES.questions, id="past", keyword="PAST", organisation={"en": "Others"}, closes="2026-01-01")
    said = resident(parks, buses, trams, past, BUSES).text("who is this?")
    assert said.startswith("This is The council, The trams.\nCheck: a.example\nTo take part, text one of these words:")
    assert resident(past).text("who is this?").startswith("This is Others.\nNo survey is open here just now.")
    assert resident(BUSES).text("who is this?").startswith("To take part, text BUS")


def test_where_no_survey_names_a_person_none_is_named() -> None:
    phone = resident(PARKS, BUSES)
    assert phone.text("help").startswith("To take part")
    assert phone.text("privacy").startswith("Your answers are used for this survey only.")


# -- replies that must not run away (invariant 13) --------------------------------------------------------------------


def test_from_the_sixth_identical_text_that_moves_nothing_there_is_no_reply() -> None:
    phone = resident(PARKS)
    phone.text("parks")
    replies = play(phone, ["who is this?"] * (IDENTICAL_TEXTS + 2))
    assert [bool(reply) for reply in replies] == [True] * IDENTICAL_TEXTS + [False] * 2
    assert phone.text("who are you?")
    assert play(phone, ["who is this?"] * IDENTICAL_TEXTS)[-1]


def test_voice_notes_in_a_row_are_all_answered() -> None:
    phone = resident(PARKS)
    phone.text("parks")
    note = Message(phone.at, Heard.TEXT, "", "whatsapp", "whatsapp", phone.short, attachments=1, is_spoken=True)
    assert all(phone.send(note) for _ in range(IDENTICAL_TEXTS + 2))


def test_the_same_answer_to_question_after_question_is_no_loop() -> None:
    many = survey(*(one(f"q{i}", f"Question {i}?") for i in range(20)))
    phone = resident(many)
    phone.text("parks")
    assert all(play(phone, ["1"] * 20))
    assert len(phone.codes) == 20


def test_what_moved_something_begins_the_count_anew() -> None:
    phone = resident(PARKS)
    phone.text("parks")
    assert all(play(phone, ["who is this?"] * 5 + ["yes"] + ["who is this?"] * 5))
    assert phone.text("who is this?") == ""


def test_sixty_replies_an_hour_are_given_and_answers_are_kept_beyond() -> None:
    phone = resident(PARKS)
    phone.text("parks")
    replies = []
    for number in range(REPLIES_PER_HOUR + 4):
        phone.at -= timedelta(seconds=50)
        replies.append(phone.text("help" if number % 2 else "privacy"))
    assert [bool(reply) for reply in replies] == [True] * (REPLIES_PER_HOUR - 1) + [False] * 5
    assert phone.text("yes") == ""
    assert phone.codes == {"use_parks": "yes"}
    phone.wait(hours=1)
    assert phone.text("parks").startswith("2/3")


def test_a_budget_of_an_hour_that_is_still_to_come_holds_nobody_back() -> None:
    phone = resident(PARKS)
    phone.text("parks")
    for number in range(REPLIES_PER_HOUR):
        phone.at -= timedelta(seconds=50)
        silent = not phone.text("help" if number % 2 else "privacy")
    assert silent
    phone.at -= timedelta(days=3)  # the server's clock was three days ahead, and is set right
    assert phone.text("yes").startswith("2/3")


def test_a_machine_that_is_not_to_be_answered_is_kept_and_not_answered() -> None:
    phone = resident(PARKS)
    assert phone.text("parks", is_answerable=False) == ""
    assert phone.text("yes", is_answerable=False) == ""
    assert phone.codes == {"use_parks": "yes"}
    assert phone.person.replies == 0


def test_an_automatic_reply_from_nobody_we_know_is_not_answered() -> None:
    phone = resident(PARKS)
    assert phone.text("This is an automatic reply. I am away.") == ""
    assert phone.filed == "noise"


# -- what an outcome tells --------------------------------------------------------------------------------------------


def test_an_outcome_tells_where_its_message_is_filed() -> None:
    phone = resident(PARKS)
    play(phone, ["parks", "yes"])
    told: Outcome = phone.outcomes[-1]
    assert (told.filed, told.question, told.survey, told.thread) == (Filed.ANSWER, "use_parks", "parks", "c0")
    assert told.person.idle_count == 0
    phone.text("hello")
    assert phone.outcomes[-1].person.idle_count == 1


def test_a_language_chosen_before_is_used_for_the_next_survey() -> None:
    other = survey(one("x", "X?"), id="other", keyword="OTHER", languages=TONGUES.languages)
    phone = resident(TONGUES, other)
    phone.person = type(phone.person)(language="pl")
    phone.text("other")
    assert phone.state.language == "pl"
    assert Language("pl", "Polski") in other.languages
