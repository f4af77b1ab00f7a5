"""A resident who speaks of danger: the answer counts as ever, and the reply says once where help is."""

from msgspec.structs import replace

from bot.core.danger import Watch
from bot.core.desk import Desk
from bot.core.limits import IDENTICAL_TEXTS
from bot.core.message import Heard, Message
from bot.core.phrases import Phrases
from bot.core.sitting import Listing
from bot.core.survey import Choice
from bot.service.danger_files import load_danger
from tests.core.phones import PARKS
from tests.core.small_surveys import one as choice
from tests.core.small_surveys import survey
from tests.playing import Resident, questionnaire, words

WATCH = Watch(load_danger(), ("116 123",))
CALM = WATCH.calm("en")
DANGER = "My husband hits me"


def phone(*texts: str) -> Resident:
    made = Resident(Desk([Listing(questionnaire(PARKS))], Phrases(), words(), watch=WATCH))
    for text in texts:
        made.text(text)
    return made


def say(resident: Resident, text: str, **how: object) -> str:
    """Send a text, and keep what the store would keep of it."""
    reply = resident.text(text, **how)
    if resident.outcomes[-1].calms:
        resident.person = replace(resident.person, calmed_at=resident.at)
    return reply


def test_the_answer_is_taken_and_the_reply_says_where_help_is_and_then_goes_on() -> None:
    one = phone("PARKS", "1", "2")
    reply = say(one, DANGER)
    assert reply.startswith(f"{CALM}\n")
    assert "Thank you. That was the last question." in reply
    assert (one.filed, one.codes["better"]) == ("answer", DANGER)
    outcome = one.outcomes[-1]
    assert (outcome.is_danger, outcome.calms) == (True, True)


def test_an_ordinary_answer_is_neither_flagged_nor_answered_so() -> None:
    one = phone("PARKS", "1", "2")
    assert "999" not in say(one, "More benches, and knife crime is up")
    assert (one.outcomes[-1].is_danger, one.outcomes[-1].calms) == (False, False)


def test_it_is_said_inside_a_closed_question_too_which_is_asked_again() -> None:
    reply = say(phone("PARKS"), DANGER)
    assert reply.startswith(CALM)
    assert "1/3 Do you use the parks?" in reply.splitlines()[-3]


def test_below_where_help_is_nobody_is_told_that_they_were_not_understood() -> None:
    one = phone("PARKS")
    question = "1/3 Do you use the parks?\n1 Yes\n2 No"
    assert say(one, DANGER).endswith(f"\n{question}")
    assert "not understand" not in say(one, "he said he will kill me")
    assert one.filed == "unparsed"
    assert "Sorry, we did not understand that." in say(one, "flying carpets")


def test_words_that_speak_of_danger_use_up_no_try() -> None:
    one = phone("PARKS")
    for text in (DANGER, "he said he will kill me", "I want to die", "he beats me"):
        assert "1/3 Do you use the parks?" in say(one, text)


def test_it_is_said_once_a_day_and_flagged_every_time() -> None:
    one = phone("PARKS")
    assert CALM in say(one, DANGER)
    one.wait(hours=23)
    assert CALM not in say(one, "he said he will kill me")
    assert (one.outcomes[-1].is_danger, one.outcomes[-1].calms) == (True, False)
    one.wait(hours=1)
    assert CALM in say(one, "I want to die")


def test_a_stranger_and_who_has_finished_are_answered_too() -> None:
    assert say(phone(), DANGER).startswith(CALM)
    assert say(phone("PARKS", "1", "2", "benches"), DANGER).startswith(CALM)


def test_who_is_on_stop_is_flagged_and_told_nothing() -> None:
    one = phone("PARKS", "STOP")
    assert say(one, DANGER) == ""
    assert (one.outcomes[-1].is_danger, one.outcomes[-1].calms) == (True, False)


def test_a_changed_message_is_read_and_a_tap_holds_our_own_words() -> None:
    one = phone("PARKS")
    assert CALM in say(one, DANGER, heard=Heard.EDITED)
    labels = survey(choice("a", "What happened?", (Choice("hit", {"en": DANGER}),)))
    other = Resident(Desk([Listing(questionnaire(labels))], Phrases(), words(), watch=WATCH))
    other.text(labels.keywords[0])
    (option,) = other.outcomes[-1].says[-1].options
    other.send(Message(other.at, Heard.TAP, DANGER, "sms", "sms", True, choice_id=option.id))
    assert not other.outcomes[-1].is_danger


def test_a_machine_is_flagged_and_never_answered() -> None:
    one = phone("PARKS")
    assert say(one, DANGER, is_answerable=False) == ""
    assert (one.outcomes[-1].is_danger, one.outcomes[-1].calms) == (True, False)


def test_the_guard_against_loops_does_not_keep_help_back() -> None:
    one = phone("PARKS")
    for _ in range(IDENTICAL_TEXTS + 1):
        one.text("hello")
    one.person = replace(one.person, replies=10_000)
    assert say(one, DANGER).startswith(CALM)
    assert say(one, DANGER) == ""
