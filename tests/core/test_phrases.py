"""The bot's own sentences in other languages, in their short wording, and with days in them."""

from datetime import date, timedelta

import pytest

from bot.core.invitation import Invitation
from bot.core.phrases import Phrase, Phrases, english_day
from bot.core.survey import Language
from tests.core.small_surveys import one, survey
from tests.playing import resident

MAY_DAY = date(2026, 5, 1)
POLISH = {
    Phrase.WELCOME.value: "Nie ma za co.",
    Phrase.THANK_YOU.value: "Dziękujemy. To było ostatnie pytanie.",
    Phrase.OPENS_ON.value: "Ankieta zacznie się {date}. Wyślij {keyword}.",
}
SHORT = {Phrase.THANK_YOU.value: "Dziekujemy. To bylo ostatnie pytanie."}


def roman(day: date, language: str) -> str:
    """Write a day so that its language shows."""
    return f"{language} {day.day}.{day.month}"


def test_the_sms_wording_is_taken_only_where_it_is_asked_for_and_there_is_one() -> None:
    phrases = Phrases({"pl": POLISH}, {"pl": SHORT})
    assert phrases.say(Phrase.THANK_YOU, "pl") == "Dziękujemy. To było ostatnie pytanie."
    assert phrases.say(Phrase.THANK_YOU, "pl", short=True) == "Dziekujemy. To bylo ostatnie pytanie."
    assert phrases.say(Phrase.WELCOME, "pl", short=True) == "Nie ma za co."
    assert phrases.say(Phrase.HELLO, "pl", short=True) == "Hello!"
    assert phrases.say(Phrase.THANK_YOU, "ro", short=True) == "Thank you. That was the last question."


def test_what_a_language_lacks_is_known() -> None:
    phrases = Phrases({"pl": POLISH})
    assert phrases.has(Phrase.WELCOME, "pl")
    assert phrases.has(Phrase.HELLO, "en")
    assert not phrases.has(Phrase.HELLO, "pl")
    assert not phrases.has(Phrase.WELCOME, "ro")


def test_a_language_may_have_short_sentences_alone() -> None:
    phrases = Phrases(short={"pl": SHORT})
    assert phrases.say(Phrase.THANK_YOU, "pl", short=True) == "Dziekujemy. To bylo ostatnie pytanie."
    assert phrases.say(Phrase.THANK_YOU, "pl") == "Thank you. That was the last question."


def test_a_day_is_written_in_the_language_of_its_sentence() -> None:
    phrases = Phrases({"pl": POLISH}, write_day=roman)
    opens = phrases.say(Phrase.OPENS_ON, "pl", date=MAY_DAY, keyword="STOKE")
    closed = phrases.say(Phrase.CLOSED_ON, "pl", date=MAY_DAY)
    assert opens == "Ankieta zacznie się pl 1.5. Wyślij STOKE."
    assert closed == "This survey closed on en 1.5. Thank you for your interest."


def test_without_more_a_day_is_written_in_english() -> None:
    assert english_day(MAY_DAY, "pl") == "1 May 2026"
    assert Phrases().say(Phrase.CLOSED_ON, "pl", date=MAY_DAY).startswith("This survey closed on 1 May 2026.")


def test_a_text_message_says_the_short_wording_and_an_app_the_full_one() -> None:
    parks = survey(one("use", "Uses?"), languages=(Language("en", "English"), Language("pl", "Polski")))
    phrases = Phrases({"pl": POLISH}, {"pl": SHORT})
    by_sms = resident(parks, phrases=phrases)
    in_an_app = resident(parks, phrases=phrases, short=False)
    for phone in (by_sms, in_an_app):
        phone.text("PARKS POLSKI")
    assert by_sms.text("1").startswith("Dziekujemy.")
    assert in_an_app.text("1").startswith("Dziękujemy.")


PARKS = survey(one("use", "Uses?"), contact={"en": "Ann"}, privacy_url="p.example")
HALLS = survey(one("use", "Halls?"), id="halls", keyword="HALLS", contact={"en": "Ann"}, privacy_url="p.example")
SOON = survey(one("use", "Soon?"), id="soon", keyword="SOON", opens="2027-01-01")
PAST = survey(one("use", "Past?"), id="past", keyword="PAST", closes="2026-01-01")
OVER = Invitation("FAIR", "parks", "fair", last_day=date(2026, 1, 1))
FULL = {phrase.value: f"\u0141 {phrase.value}" for phrase in Phrase}
BRIEF = {phrase.value: f"L {phrase.value}" for phrase in Phrase}


@pytest.mark.parametrize("texts", [
    pytest.param(["hello"], id="which surveys are open"),
    pytest.param(["help"], id="help before anything has begun"),
    pytest.param(["privacy"], id="privacy before anything has begun"),
    pytest.param(["delete"], id="nothing to delete"),
    pytest.param(["SOON"], id="a survey that opens later"),
    pytest.param(["PAST"], id="a survey that has closed"),
    pytest.param(["FAIR"], id="a campaign that is over"),
    pytest.param(["PARKS", "NEW"], id="somebody else on the same phone"),
    pytest.param(["PARKS", "HALLS", "1"], id="another survey that waits"),
    pytest.param(["PARKS", "1", "STOP", "START"], id="another survey that is open"),
    pytest.param(["PARKS", "a month later"], id="after a month"),
])  # fmt: skip
def test_no_sentence_by_sms_is_said_in_its_dear_wording(texts: list[str]) -> None:
    phone = resident(PARKS, HALLS, SOON, PAST, phrases=Phrases({"en": FULL}, {"en": BRIEF}), invitations=[OVER])
    for text in texts:
        phone.at += timedelta(days=31) if text == "a month later" else timedelta()
        said = phone.text(text)
    assert "L " in said
    assert "\u0141" not in said
