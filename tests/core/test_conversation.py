"""The bot's own questions, commands, small talk and languages in one survey's conversation."""

import pytest

from bot.core.desk import Desk
from bot.core.phrases import Phrases
from bot.core.questionnaire import Questionnaire
from bot.core.sitting import Listing
from bot.core.state import Phase
from bot.core.survey import Question, QuestionType
from tests.core.phones import CONFIRM, TONGUES, begun
from tests.core.small_surveys import one, question, survey
from tests.playing import Resident, play, resident, words

# -- delete ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["YES", "yes please!", "y", "Yes 👍", "delete", "DELETE"])
def test_delete_is_done_once_confirmed(text: str) -> None:
    phone = begun("yes", "delete")
    assert phone.text(text) == "Done. We have removed every answer and text sent to us in this chat."
    assert phone.erased == 1


def test_delete_after_the_end_names_no_question_to_go_on_with() -> None:
    phone = begun("yes", "2", "bench")
    assert phone.text("delete") == (
        "1/1 Remove every answer and text sent to us in this chat? Reply YES to remove them, NO to keep them."
    )
    assert phone.text("no").startswith("Nothing was removed.\nYou have answered this survey")


@pytest.mark.parametrize("text", ["no", "NO THANKS", "nope"])
def test_delete_is_not_done_on_a_no(text: str) -> None:
    phone = begun("delete")
    assert phone.text(text).startswith("Nothing was removed.\n1/3")
    assert phone.codes == {}


@pytest.mark.parametrize("text", ["yes", "yes delete it", "go ahead", "DELETE", "delete all"])
def test_delete_is_done_on_a_clear_yes(text: str) -> None:
    assert begun("delete", text).erased == 1


@pytest.mark.parametrize("text", ["yes, no", "no keep them", "2", "maybe", "hmm not sure", "thanks"])
def test_what_is_not_clearly_yes_or_no_to_delete_is_asked_again_and_is_no_answer(text: str) -> None:
    phone = begun("delete")
    assert phone.text(text) == (
        "Remove every answer and text sent to us in this chat? Reply YES to remove them, NO to go on with question 1/3."
    )
    assert (phone.codes, phone.erased) == ({}, 0)


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("skip", "2/3 The"),
        ("help", "You can text SKIP"),
        ("parks", "1/3 Do"),
        ("start", "Welcome back.\n1/3"),
    ],
)
def test_anything_else_forgets_the_wish_to_delete(text: str, reply: str) -> None:
    phone = begun("delete")
    assert phone.text(text).startswith(reply)
    phone.text("yes")
    assert phone.erased == 0


def test_what_plainly_answers_the_survey_s_question_is_its_answer_and_removes_nothing() -> None:
    phone = begun("yes", "delete")
    assert phone.text("strongly agree").startswith("Nothing was removed.\n3/3")
    assert phone.text("delete").endswith("question 3/3.")
    assert phone.text("more benches please").startswith("Nothing was removed.\nThank you")
    assert phone.codes == {"use_parks": "yes", "agree": "strongly_agree", "better": "more benches please"}


# -- beginning with a yes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["yes", "Yes please", "ok", "START"])
def test_a_survey_that_asks_first_begins_with_a_yes(text: str) -> None:
    assert begun(of=CONFIRM).text(text).startswith("1/3 Do you use")


@pytest.mark.parametrize(
    ("text", "reply", "filed"),
    [
        ("no", "That is fine. Text YES if you want to start (question 1/3).", "command"),
        ("1", "Reply YES to start with question 1/3.", "noise"),
        ("yes but who are you", "Reply YES to start with question 1/3.", "noise"),
        ("hello", "Hello!\nReply YES to start with question 1/3.", "noise"),
        ("who is this?", "This is The council, asking for your views: Our parks.\nReply YES", "noise"),
        ("", "We got no words in your text.\nReply YES to start", "noise"),
        ("skip", "Reply YES to start", "command"),
        ("back", "This is the first question.\nReply YES to start", "command"),
        ("more", "There is no more to read here.\nReply YES", "command"),
        ("parks", "Reply YES to start", "command"),
    ],
)
def test_a_survey_that_asks_first_does_not_begin_with_anything_else(text: str, reply: str, filed: str) -> None:
    phone = begun(of=CONFIRM)
    assert phone.text(text).startswith(reply)
    assert phone.filed == filed
    assert phone.state.phase is Phase.CONFIRMING_START


def test_start_after_stop_is_no_yes_to_the_survey() -> None:
    phone = begun("stop", of=CONFIRM)
    assert phone.text("start") == "Welcome back.\nReply YES to start with question 1/3."


# -- small talk and machines -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("texts", [[], ["yes", "2"], ["yes", "2", "bench"], ["delete"]])
@pytest.mark.parametrize("text", ["Liked “Do you use the parks?”", "This is an automatic reply. I am away."])
def test_a_machine_is_never_answered_and_never_an_answer(texts: list[str], text: str) -> None:
    phone = begun(*texts)
    kept = dict(phone.answers)
    assert phone.text(text) == ""
    assert phone.filed == "noise"
    assert phone.answers == kept


def test_thanks_on_an_open_question_is_an_answer() -> None:
    phone = begun("yes", "2", "thanks")
    assert phone.said["c0", "better"] == "thanks"


def test_punctuation_alone_is_no_answer_to_an_open_question() -> None:
    phone = begun("yes", "2")
    assert phone.text("...") == "We got no words in your text.\n3/3 What would make them better?"
    assert phone.filed == "noise"


@pytest.mark.parametrize("texts", [[], ["yes", "2"]], ids=["closed question", "open question"])
def test_our_own_text_that_comes_back_is_no_answer(texts: list[str]) -> None:
    phone = begun("hello", *texts)
    question = phone.last_reply
    assert phone.text(question) == question.removeprefix("Hello!\n")
    assert phone.filed == "noise"


def test_perhaps_stop_on_a_closed_question_is_no_answer_and_on_an_open_one_is() -> None:
    phone = begun()
    assert phone.text("stop it").startswith("To end these texts, text STOP.\n1/3")
    play(phone, ["yes", "2"])
    assert phone.text("stop it").startswith("To end these texts, text STOP.\nThank you.")
    assert phone.said["c0", "better"] == "stop it"


def test_an_open_answer_is_kept_word_for_word() -> None:
    said = "  Ünïcode \u202eשלום\u202c 👩‍👩‍👧 'DROP'; \n\n" + "long " * 320
    phone = begun("yes", "2", said)
    assert phone.said["c0", "better"] == said
    assert phone.state.phase is Phase.COMPLETE


# -- commands ----------------------------------------------------------------------------------------------------------

INFORMED = survey(
    question("note", QuestionType.NOTE, "The plan.", more={"en": "In short: a plan."}),
    one("a", "A?"),
    one("b", "B?", more={"en": "About B."}),
    verify_url="example.org/real",
    privacy_url="example.org/privacy",
    contact={"en": "Ann, 01782 000000"},
    organisation={"en": "The council"},
)


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["more"], "In short: a plan.\n1/2"),
        (["yes", "more"], "About B.\n2/2"),
        (["help"], "LINK (another phone), STOP.\nTo speak to a person"),
        (["help"], "on paper: Ann, 01782 000000.\n1/2"),
        (["/help"], "on paper: Ann, 01782 000000.\n1/2"),
        (["?"], "on paper: Ann, 01782 000000.\n1/2"),
        (["privacy"], "Privacy: example.org/privacy\n1/2"),
        (["mydata"], "any other text sent to us.\nTo see them or have them put right, ask Ann"),
        (["who is this"], "This is The council, asking for your views: Our parks.\nCheck: example.org/real\n1/2"),
        (["language"], "This survey is in English only for now, sorry.\n1/2"),
        (["change"], "To change an answer, text CHANGE and the question's number, like CHANGE 2.\n1/2"),
        (["change 2"], "There is no question 2 to change yet.\n1/2"),
        (["yes", "change 1"], "1/2 A?"),
    ],
)
def test_a_command_is_answered_and_the_question_put_again(texts: list[str], said: str) -> None:
    phone = begun(of=INFORMED)
    assert said in play(phone, texts)[-1]


@pytest.mark.parametrize(
    ("source", "short", "ways"),
    [
        ("sms", True, "Or use WhatsApp 07700 900998."),
        ("whatsapp", False, "Or use SMS 07700 900999, https://bot.example/s/parks."),
    ],
    ids=["on SMS no long address", "on an app the number for texts and the page"],
)
def test_help_names_the_other_ways_of_answering_that_are_set_up(source: str, short: bool, ways: str) -> None:
    everywhere = {
        "sms": "SMS 07700 900999", "whatsapp": "WhatsApp 07700 900998", "web": "https://bot.example/s/parks"
    }  # fmt: skip
    ready = Questionnaire(INFORMED, Phrases(), {"": words()}, reached_by=everywhere)
    phone = Resident(Desk((Listing(ready),), ready.phrases, words()), short=short)
    phone.text("parks", source=source)
    assert f"01782 000000.\n{ways}\n1/2" in phone.text("help", source=source)
    assert "Or use" not in begun("help", of=INFORMED).last_reply


@pytest.mark.parametrize(
    ("questions", "url", "said"),
    [
        pytest.param(INFORMED.questions, "", "In short: a plan.", id="what was consulted on"),
        pytest.param(INFORMED.questions[2:], "example.org/real", "Read more: example.org/real", id="where all is"),
        pytest.param(INFORMED.questions[2:], "", "There is no more to read here.", id="nothing"),
    ],
)
def test_more_after_the_end_explains_no_question(questions: tuple[Question, ...], url: str, said: str) -> None:
    phone = begun("yes", "no", of=survey(*questions, verify_url=url))
    assert (
        phone.text("more")
        == f"{said}\nYou have answered this survey, thank you. To change an answer, text CHANGE and its number."
    )


def test_more_where_there_is_none_points_to_the_page_where_all_is() -> None:
    phone = begun(of=survey(one("a", "A?"), verify_url="example.org/real"))
    assert phone.text("more").startswith("Read more: example.org/real\n1/1")


def test_change_after_the_end_says_that_the_answer_is_changed() -> None:
    phone = begun("yes", "agree", "bench")
    done = phone.state.completed_at
    assert phone.text("change 2").startswith("2/3")
    assert phone.text("disagree") == "Thank you, your answer is changed."
    assert (phone.codes["agree"], phone.state.completed_at) == ("disagree", done)


# -- languages ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["language polski", "LANG PL", "polski", "Polski!", "in polski please", "parks polski"]
)
def test_a_resident_can_choose_a_language_by_its_name(text: str) -> None:
    phone = begun(of=TONGUES)
    assert phone.text(text) == "We now write in Polski. Text ENGLISH to go back.\n1/2 A po polsku?\n1 Tak\n2 No"
    assert (phone.state.language, phone.state.language_source) == ("pl", "chosen")
    assert "Text POLSKI to go back" in phone.text("english")


def test_a_keyword_with_a_language_switches_on_an_open_question_too() -> None:
    phone = begun("yes", of=TONGUES)
    assert phone.text("parks pl") == "We now write in Polski. Text ENGLISH to go back.\n2/2 B?"


def test_the_way_back_can_be_typed_on_any_phone() -> None:
    phone = begun("language ur", of=TONGUES)
    assert "Text URDU to go back." in phone.text("polski")


def test_choosing_the_language_that_is_spoken_only_asks_again() -> None:
    assert begun(of=TONGUES).text("english").startswith("1/2 A?")


@pytest.mark.parametrize("text", ["1", "tak", "Yes", "ST1 1AA", "👍", "Piotr"])
def test_no_answer_switches_the_language(text: str) -> None:
    phone = begun(text, of=TONGUES)
    assert phone.state.language == "en"


def test_hints_are_shown_where_there_is_room() -> None:
    asked = survey(Question("a", QuestionType.TEXT, {"en": "A?"}, {"en": "A"}, hint={"en": "Take your time."}))
    for short, shown in ((True, "1/1 A"), (False, "1/1 A?\nTake your time.")):
        phone = resident(asked, short=short)
        assert phone.text("PARKS").endswith(shown)
