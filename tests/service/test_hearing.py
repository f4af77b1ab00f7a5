"""Hearing a language: plain English costs nothing, a clear other language switches, and no library can spoil a turn."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.core.listening import Action
from bot.language import LanguageSense
from bot.service.hearing import Hearing


class Deaf(LanguageSense):
    """A sense whose every reading fails."""

    def read(self, text: str, *more: Any, **how: Any) -> Any:
        raise RuntimeError(text)


@pytest.fixture(scope="module")
def hearing() -> Hearing:
    return Hearing()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Zgadzam się z tym planem, ale potrzebujemy więcej autobusów", "pl"),
        ("مجھے لگتا ہے کہ ہمیں مزید پارک چاہئیں", "ur"),
        ("mujhe lagta hai ke humein zyada parks chahiye", "ur-Latn"),
        ("پێویستمان بە پارکی زیاترە لە گەڕەکەکەمان", "ckb"),
    ],
)
def test_a_clear_text_in_another_language_switches(hearing: Hearing, text: str, language: str) -> None:
    heard = hearing(text, "", "", "en")
    assert (heard.language, heard.action) == (language, Action.SWITCH)
    assert heard.p >= 0.9


@pytest.mark.parametrize(
    "text",
    [
        *("a park", "more police please", "Stop the boats", "ay up duck nowt wrong", "👍", "12", "ST4 1HH", ""),
        *("ta ra duck", "oh no", "oh dear", "man dem", "et cetera", "My name is Ali Khan", "Sadiq Khan", "Salam"),
    ],
)
def test_plain_english_and_what_has_no_language_changes_nothing(hearing: Hearing, text: str) -> None:
    heard = hearing(text, "", "", "en")
    assert (heard.action, heard.known) == (Action.STAY, "")


@pytest.mark.parametrize(("text", "is_plain"), [("la casa es", False), ("nous voulons plus de bus", True)])
def test_a_few_words_are_not_enough_to_speak_of_a_language_that_is_not_offered(
    hearing: Hearing, text: str, is_plain: bool
) -> None:
    assert hearing(text, "", "", "en").is_plain is is_plain


def test_the_second_language_is_named_where_it_is_likely_too(hearing: Hearing) -> None:
    likely = {text: hearing(text, "", "", "en").likely for text in ("prosim", "sim")}
    assert likely == {"prosim": ("sk",), "sim": ()}


def test_english_in_a_polish_conversation_is_heard(hearing: Hearing) -> None:
    heard = hearing("I would like more youth clubs and better lighting please", "", "", "pl")
    assert (heard.language, heard.action) == ("en", Action.SWITCH)


def test_what_was_heard_before_travels_along(hearing: Hearing) -> None:
    first = hearing("bardzo", "", "", "en")
    again = hearing("bardzo", first.known, "", "en")
    assert first.action is not Action.SWITCH
    assert again.known != first.known


def test_a_library_that_fails_changes_nothing_and_is_logged_without_the_text() -> None:
    with capture_logs() as logs:
        heard = Hearing(Deaf())("zupełnie inne słowa tutaj", "", "", "en")
    assert (heard.action, heard.known) == (Action.STAY, "")
    assert [(log["event"], log["problem"]) for log in logs] == [("language unheard", "RuntimeError")]
    assert "słowa" not in str(logs)
