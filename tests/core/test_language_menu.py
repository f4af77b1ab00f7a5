"""The language menu: what brings it, what chooses, what leaves it, and a language that is not on it."""

import pytest

from bot.core.language_names import name_in_english
from bot.core.message import Heard, Message
from bot.core.state import Phase
from bot.core.survey import Choice, Question, QuestionType, Role, Start
from tests.core.hearing import TALK, Ear, talking, wishes
from tests.core.phones import PARKS, tap
from tests.core.small_surveys import survey
from tests.playing import play, resident

ENGLISH_ALONE = survey(Question("a", QuestionType.TEXT, {"en": "A?"}, role=Role.OPEN), TALK.questions[1])
NUMBERED = survey(
    *(
        Question(name, QuestionType.SELECT_ONE, {"en": f"{name}?"}, choices=tuple(Choice(*each) for each in choices))
        for name, choices in (
            ("where", (("st1", {"en": "ST1"}), ("st4", {"en": "ST4"}), ("st6", {"en": "ST6"}))),
            ("age", (("16_24", {"en": "16 to 24"}), ("25_34", {"en": "25 to 34"}), ("35", {"en": "35 or over"}))),
        )
    ),
    languages=TALK.languages[:2],
)
MENU = "Which language do you want for question {}?\n1 English\n2 Polski\n3 اردو"


@pytest.fixture
def ear() -> Ear:
    return Ear()


def test_language_alone_puts_a_menu_in_each_language_s_own_name(ear: Ear) -> None:
    assert talking(ear).text("LANGUAGE") == MENU.format("1/3")


@pytest.mark.parametrize("said", ["2", "polski", "Polish", "po polsku", "two", "pl"])
def test_the_menu_takes_a_number_or_a_name_and_says_it_in_both_languages(ear: Ear, said: str) -> None:
    phone = talking(ear, "language")
    assert phone.text(said) == (
        "Teraz piszemy: Polski. Wyslij ENGLISH, by wrocic.\nWe now write in Polski. Text ENGLISH to go back.\n"
        "1/3 A, po polsku?"
    )
    assert (phone.state.language, phone.state.language_source, phone.state.language_p) == ("pl", "chosen", 1.0)
    assert phone.text("ENGLISH").endswith("1/3 A?")


def test_a_number_on_the_menu_is_no_answer_to_the_question_below(ear: Ear) -> None:
    phone = talking(ear, "benches", "language", "1")
    assert "b" not in phone.codes
    assert phone.last_reply.startswith("2/3 B?")


def test_a_number_that_is_not_on_the_menu_brings_it_again(ear: Ear) -> None:
    phone = talking(ear, "language")
    assert phone.text("7") == "That number is not in the list.\n" + MENU.format("1/3")
    assert phone.text("").startswith("We got no words in your text.")


def test_an_answer_in_place_of_a_choice_is_the_answer_to_the_question_that_was_seen(ear: Ear) -> None:
    phone = talking(ear, "language", "more benches please")
    assert phone.codes["a"] == "more benches please"
    assert talking(ear, "benches", "language", "yes").codes["b"] == "yes"


@pytest.mark.parametrize("said", ["ST4", "st4 2ab", "34", "i am 34"])
def test_what_no_list_has_a_place_for_is_an_answer_to_the_closed_question_behind_the_menu(said: str) -> None:
    phone = resident(NUMBERED)
    play(phone, ["parks", *([] if "st" in said.casefold() else ["ST1"]), "language", said])
    assert (phone.codes.get("where"), phone.codes.get("age")) in {("st4", None), ("st1", "25_34")}


def test_a_number_on_the_list_behind_the_menu_is_no_answer() -> None:
    phone = resident(NUMBERED)
    play(phone, ["parks", "language", "3"])
    assert (phone.codes, phone.last_reply[:31]) == ({}, "That number is not in the list.")


@pytest.mark.parametrize("said", ["2 or 3", "1,3", "2 and 3", "2 2"])
def test_several_numbers_under_the_menu_are_no_answer_and_bring_it_again(ear: Ear, said: str) -> None:
    for texts in ((), ("benches",)):
        phone = talking(ear, *texts, "language")
        assert phone.text(said).startswith("Please reply with one number, 1 to 3. Or text SKIP.\nWhich language")
        assert "b" not in phone.codes
        assert phone.said.get(("c0", "a")) == (texts[0] if texts else None)


@pytest.mark.parametrize("said", ["3 polski", "2 polish", "polski 1"])
def test_a_number_with_a_name_is_that_language(ear: Ear, said: str) -> None:
    phone = talking(ear, "language", said)
    assert (phone.state.language, phone.state.phase) == ("pl", Phase.ASKING)
    assert "a" not in phone.codes


def test_small_talk_under_the_menu_is_answered_and_the_menu_stays(ear: Ear) -> None:
    phone = talking(ear, "language")
    assert phone.text("hello") == "Hello!\n" + MENU.format("1/3")
    assert phone.filed == "noise"


@pytest.mark.parametrize("said", ["none", "no"])
def test_who_wants_none_of_the_menu_gets_the_question_again(ear: Ear, said: str) -> None:
    phone = talking(ear, "language")
    assert phone.text(said) == "1/3 A?"
    assert "a" not in phone.codes


def test_a_no_under_the_menu_is_the_answer_to_a_question_that_takes_one(ear: Ear) -> None:
    assert talking(ear, "benches", "language", "no").codes["b"] == "no"


@pytest.mark.parametrize("first", [[], ["benches"]], ids=["before an open question", "before a closed question"])
def test_a_menu_that_is_not_understood_twice_gives_way_to_the_question(ear: Ear, first: list[str]) -> None:
    phone = talking(ear, *first, "language")
    before = dict(phone.said)
    assert phone.text("mirpuri").startswith("Sorry, we did not understand that.\nWhich language")
    assert phone.text("pahari").startswith(f"Sorry, we did not understand that.\n{len(first) + 1}/3 ")
    assert phone.said == before
    phone.text("language")
    assert "Which language" in phone.text("mirpuri")


def test_a_long_text_under_the_menu_of_a_closed_question_is_read_as_before(ear: Ear) -> None:
    phone = talking(ear, "benches", "language", "and more trees too")
    assert phone.said["c0", "a"] == "benches\nand more trees too"


def test_a_language_that_is_missing_is_named_under_the_menu_too(ear: Ear) -> None:
    phone = talking(ear, "language")
    assert phone.text("somali").startswith("Sorry, this survey is not in Soomaali yet.")
    assert phone.text("somali") == MENU.format("1/3")
    assert wishes(phone) == ["so"]


@pytest.mark.parametrize("said", ["french", "Español", "kurmanji", "in french please", "LANGUAGE FR"])
def test_a_language_that_is_asked_for_and_missing_gets_one_line_and_the_menu(ear: Ear, said: str) -> None:
    for texts in ((), ("benches",)):
        phone = talking(ear, *texts)
        assert phone.text(said).startswith("Sorry, this survey is not in ")
        assert phone.last_reply.endswith(MENU.format(f"{len(texts) + 1}/3"))
        assert len(wishes(phone)) == 1
        assert phone.filed == "command"


def test_the_name_of_a_missing_language_is_an_answer_when_it_comes_again(ear: Ear) -> None:
    phone = talking(ear, "french", "none", "french")
    assert phone.codes["a"] == "french"


def test_a_missing_language_that_is_one_of_the_choices_is_the_answer(ear: Ear) -> None:
    choices = (Choice("so", {"en": "Somali"}), Choice("xx", {"en": "Something else"}))
    asked = Question("b", QuestionType.SELECT_ONE, {"en": "B?"}, choices=choices)
    phone = resident(survey(asked, languages=TALK.languages), listener=ear)
    play(phone, ["parks", "somali language"])
    assert (wishes(phone), phone.filed) == (["so"], "command")
    play(phone, ["none", "i am somali"])
    assert phone.codes["b"] == "so"
    play(phone, ["change 1", "somalii"])
    assert phone.codes["b"] == "so"


@pytest.mark.parametrize("said", ["English", "ENGLISH", "I speak English"])
def test_the_name_of_the_language_that_is_spoken_is_an_answer_to_an_open_question_when_it_comes_again(
    ear: Ear, said: str
) -> None:
    phone = talking(ear)
    assert phone.text(said) == ("We now write in English. If it is your answer, please send it once more.\n1/3 A?")
    assert phone.codes == {}
    phone.text(said)
    assert phone.codes["a"] == said


def test_a_way_back_that_is_taken_twice_is_no_answer(ear: Ear) -> None:
    phone = talking(ear, "polski", "english", "english")
    assert (phone.state.language, phone.codes) == ("en", {})


def test_the_name_of_the_language_that_is_spoken_brings_a_closed_question_again(ear: Ear) -> None:
    assert talking(ear, "benches", "English").last_reply.endswith("2/3 B?\n1 Yes\n2 No")


def test_the_only_language_s_name_is_an_answer_to_an_open_question() -> None:
    phone = resident(ENGLISH_ALONE)
    play(phone, ["parks", "English"])
    assert phone.codes["a"] == "English"


@pytest.mark.parametrize(
    "said", ["po angielsku", "انگلش", "انجليزي", "انگلیسی", "انګلیسي", "ইংরেজি", "ਅੰਗਰੇਜ਼ੀ", "English mein"]
)
def test_english_is_found_by_its_name_in_every_language(ear: Ear, said: str) -> None:
    phone = talking(ear, "polski", said)
    assert (phone.state.language, phone.codes) == ("en", {})


@pytest.mark.parametrize("said", ["polish language", "language polish", "polski mein", "start polski"])
def test_a_language_is_found_with_what_people_write_around_it(ear: Ear, said: str) -> None:
    assert talking(ear, said).state.language == "pl"


def test_who_says_that_they_do_not_speak_english_gets_the_menu(ear: Ear) -> None:
    assert talking(ear).text("I don't speak English") == MENU.format("1/3")


def test_a_tap_on_the_menu_chooses(ear: Ear) -> None:
    phone = talking(ear, "language")
    assert tap(phone, "Polski").endswith("1/3 A, po polsku?")
    assert "Which language" in tap(phone, "Polski", choice_id="language.xx")


def test_a_command_leaves_the_menu(ear: Ear) -> None:
    phone = talking(ear, "benches", "language")
    assert "Question" not in phone.text("back")
    assert phone.last_reply == "1/3 A?"
    assert talking(ear, "language").text("skip") == "1/3 A?"


def test_the_menu_stays_through_what_is_no_answer_to_it(ear: Ear) -> None:
    phone = talking(ear, "language")
    assert phone.text("language") == MENU.format("1/3")
    assert "remove" in phone.text("delete").lower()
    assert phone.text("no").endswith("1/3 A?")


def test_the_keyword_leaves_the_menu(ear: Ear) -> None:
    phone = talking(ear, "more trees", "language", "parks polski")
    assert phone.last_reply.endswith("2/3 B, po polsku?\n1 Tak\n2 Wcale")


def test_after_the_end_the_menu_names_no_question(ear: Ear) -> None:
    phone = talking(ear, "trees", "yes", "benches")
    assert phone.text("language") == "1/1 Which language do you want?\n1 English\n2 Polski\n3 اردو"
    assert phone.text("2").startswith("Teraz piszemy: Polski.")


def test_before_the_start_the_menu_names_the_first_question() -> None:
    phone = resident(survey(*TALK.questions, languages=TALK.languages, start=Start.CONFIRM))
    assert play(phone, ["parks", "language"])[-1] == MENU.format("1/3")
    assert phone.text("english") == "Reply YES to start with question 1/3."


def test_after_a_long_silence_the_menu_is_gone(ear: Ear) -> None:
    phone = talking(ear, "language")
    phone.wait(days=40)
    assert "Carry on with question 1/3" in phone.text("2")


def test_a_survey_in_one_language_says_so(ear: Ear) -> None:
    phone = resident(ENGLISH_ALONE, listener=ear)
    phone.text("parks")
    assert phone.text("language") == "This survey is in English only for now, sorry.\n1/2 A?"
    assert phone.text("language polish") == (
        "Sorry, this survey is not in Polski yet. We have counted that you asked.\n1/2 A?"
    )
    assert phone.text("language polish") == "1/2 A?"
    assert wishes(phone) == ["pl"]


def test_a_language_that_is_not_offered_is_counted_once_and_the_others_are_named(ear: Ear) -> None:
    phone = talking(ear)
    assert phone.text("language french").startswith("Sorry, this survey is not in FRENCH yet.")
    assert phone.last_reply.endswith(MENU.format("1/3"))
    assert wishes(phone) == ["fr"]


@pytest.mark.parametrize("first", [[], ["parks", "benches", "yes", "trees"]])
def test_a_keyword_with_a_language_that_is_not_offered_says_so(ear: Ear, first: list[str]) -> None:
    phone = resident(TALK, listener=ear)
    play(phone, first)
    assert "Sorry, this survey is not in ROMANA yet." in phone.text("parks romana")
    assert wishes(phone) == ["ro"]


def test_a_menu_that_nobody_has_begun_a_conversation_for_is_nothing(ear: Ear) -> None:
    phone = resident(PARKS, listener=ear)
    stray = Message(phone.at, Heard.TAP, "Polski", "whatsapp", "whatsapp", short=False, choice_id="language.pl")
    assert phone.send(stray).startswith("To take part, text PARKS")


@pytest.mark.parametrize(
    ("code", "name"),
    [("pl", "Polish"), ("ur-Latn", "Roman Urdu"), ("fr", "French"), ("xx", "xx"), ("ckb", "Kurdish (Sorani)")],
)
def test_staff_read_a_language_s_name_in_english(code: str, name: str) -> None:
    assert name_in_english(code) == name
