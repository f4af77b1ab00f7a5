"""STOP, the commands, languages and keywords: by the whole message, never by its first word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.commands import (
    Command,
    CommandKind,
    KeywordMatch,
    confirms_delete,
    find_command,
    find_keyword,
    find_language,
    is_stop,
    may_mean_stop,
    stops,
)
from tests.core.words import WORDS

STOPS = (
    *(
        "STOP",
        "stop",
        "Stop.",
        " STOP! ",
        "'stop'",
        "/stop",
        "stop\n",
        "STOPALL",
        "Stop all",
        "UNSUBSCRIBE",
        "unsubscribe",
    ),
    *(
        "CANCEL",
        "END",
        "quit",
        "Quit.",
        "REVOKE",
        "OPTOUT",
        "opt out",
        "opt-out",
        "OPT OUT",
        "Stopp",
        "S T O P",
        "s.t.o.p",
    ),
    *("stop please", "please stop", "Stop please duck", "stop thank you", "stop texting me", "Stop texting me please"),
    *("please stop texting me", "no more messages", "No more texts.", "no more texts please", "unsubscribe please"),
    *("unsubscribe me", "remove me", "remove me please", "take me off this list", "please take me off your list"),
    *("leave me alone", "dont text me again", "Don't text me again", "don’t text me", "stop sending me messages"),
    *(
        "STOP STOP STOP",
        "stop stop",
        "STOP 🛑",
        "stop 😡",
        "ＳＴＯＰ",
        "st\u200bop",
        "stop sending these",
        "opt me out",
    ),
    *(
        "/stop@ear_bot",
        "/STOP@Ear_Bot!",
        "STOP PLEASE STOP",
        "ok stop",
        "yes stop",
        "can you stop please",
        "stop txting",
    ),
    *(
        "stop sending me this",
        "stop survey now",
        "Stop promotions",
        "Zatrzymaj promocje",
        "end this survey",
        "🛑",
        "🛑🛑",
        "stop 🛑",
        "বন্ধ",
        "ਬੰਦ",
        "بند",
        "ڕاوەستە",
    ),
)
NOT_STOPS = (
    *(
        "Stop the boats",
        "stop closing youth clubs",
        "Stop wasting money on consultants",
        "stop it",
        "stop now?",
        "enough",
    ),
    *("stop and listen to people", "end of", "the end", "end austerity", "quite", "cancel culture", "no more potholes"),
    *(
        "stop immigration",
        "stop the drugs",
        "stop the council",
        "stop litter",
        "we should stop building flats",
        "bus stop",
    ),
    *(
        "the bus stop on our road",
        "dont stop",
        "don't stop the buses",
        "non stop",
        "1",
        "yes",
        "no",
        "",
        "...",
        "stopping",
    ),
    *(
        "remove me from the waiting list for a house",
        "unsubscribe from hate",
        "stop knife crime please",
        "quit smoking help",
    ),
    "stop " * 60,
)


@pytest.mark.parametrize("text", STOPS)
def test_a_whole_message_that_asks_for_silence_is_stop(text: str) -> None:
    assert is_stop(text, WORDS)
    assert not may_mean_stop(text, WORDS)
    assert find_command(text, WORDS) == Command(CommandKind.STOP)


@pytest.mark.parametrize("text", NOT_STOPS)
def test_an_answer_that_holds_a_stop_word_is_no_stop(text: str) -> None:
    assert not is_stop(text, WORDS)


@pytest.mark.parametrize(
    "text", ["stop it", "Stop it!", "stop now?", "enough", "thats enough", "not interested", "go away", "stop 1", "✋"]
)
def test_a_text_that_may_mean_stop_is_known_as_such(text: str) -> None:
    assert may_mean_stop(text, WORDS)


@pytest.mark.parametrize("text", ["STOP", "STOP STOKE", "stop stoke!", "Stoke stop", "please stop stoke", "end hall 7"])
def test_stop_beside_a_keyword_is_stop(text: str) -> None:
    assert stops(text, {"STOKE": "s", "hall 7": "s"}, WORDS)


@pytest.mark.parametrize(
    "text", ["Stop the boats", "STOKE", "stop hall 8", "stoke please", "bus stop stoke", "x" * 300]
)
def test_a_keyword_beside_anything_else_is_no_stop(text: str) -> None:
    assert not stops(text, {"STOKE": "s", "hall 7": "s"}, WORDS)


@pytest.mark.parametrize(
    "text",
    ["yes delete it", "Yes please remove them", "confirm", "go ahead", "do it", "yes, delete everything", "remove"],
)
def test_words_that_confirm_a_deletion_are_known_as_such(text: str) -> None:
    assert confirms_delete(text, WORDS)


@pytest.mark.parametrize(
    "text", ["", "no", "dont delete it", "do not remove them", "maybe", "delete question 2", "y" * 300]
)
def test_other_words_confirm_no_deletion(text: str) -> None:
    assert not confirms_delete(text, WORDS)


@pytest.mark.parametrize("text", ["Stop the boats", "enough houses have been built", "hello", "2", ""])
def test_other_texts_do_not_even_perhaps_mean_stop(text: str) -> None:
    assert not may_mean_stop(text, WORDS)


@pytest.mark.parametrize(
    "after", ["the boats", "closing our library", "hate crime", "wasting money", "building on fields"]
)
@pytest.mark.parametrize("first", ["stop", "STOP", "Stop", "end", "cancel", "quit"])
def test_a_stop_word_followed_by_what_should_stop_is_an_answer(first: str, after: str) -> None:
    assert not is_stop(f"{first} {after}", WORDS)


COMMANDS = {
    "START": Command(CommandKind.START),
    "unstop": Command(CommandKind.START),
    "help": Command(CommandKind.HELP),
    "HELP!": Command(CommandKind.HELP),
    "help please": Command(CommandKind.HELP),
    "INFO": Command(CommandKind.HELP),
    "?": Command(CommandKind.HELP),
    "??": Command(CommandKind.HELP),
    "؟": Command(CommandKind.HELP),
    "/help": Command(CommandKind.HELP),
    "/help@EarshotBot": Command(CommandKind.HELP),
    "more": Command(CommandKind.MORE),
    "More.": Command(CommandKind.MORE),
    "tell me more": Command(CommandKind.MORE),
    "skip": Command(CommandKind.SKIP),
    "SKIP pls": Command(CommandKind.SKIP),
    "skip this question": Command(CommandKind.SKIP),
    "can i skip this one please": Command(CommandKind.SKIP),
    "back": Command(CommandKind.BACK),
    "go back": Command(CommandKind.BACK),
    "change": Command(CommandKind.CHANGE),
    "CHANGE 3": Command(CommandKind.CHANGE, "3"),
    "change 3 4": Command(CommandKind.CHANGE, "3"),
    "Change 3 to 2": Command(CommandKind.CHANGE, "3"),
    "change q3": Command(CommandKind.CHANGE, "3"),
    "change question 03.": Command(CommandKind.CHANGE, "3"),
    "Change my answer to question three": Command(CommandKind.CHANGE, "3"),
    "change ٣": Command(CommandKind.CHANGE, "3"),
    "change my answer": Command(CommandKind.CHANGE),
    "language": Command(CommandKind.LANGUAGE),
    "language polish": Command(CommandKind.LANGUAGE, "polish"),
    "LANG pl": Command(CommandKind.LANGUAGE, "pl"),
    "language ur-Latn": Command(CommandKind.LANGUAGE, "ur latn"),
    "Language: Română": Command(CommandKind.LANGUAGE, "romana"),
    "language اردو": Command(CommandKind.LANGUAGE, "اردو"),
    "new": Command(CommandKind.NEW),
    "someone else": Command(CommandKind.NEW),
    "privacy": Command(CommandKind.PRIVACY),
    "MYDATA": Command(CommandKind.MYDATA),
    "my data": Command(CommandKind.MYDATA),
    "LINK": Command(CommandKind.LINK),
    "/link please": Command(CommandKind.LINK),
    "LINK 7GKC2MPQ": Command(CommandKind.LINK, "7GKC2MPQ"),
    "link 7gkc 2mpq": Command(CommandKind.LINK, "7GKC2MPQ"),
    "Link: 7GKC-2MPQ.": Command(CommandKind.LINK, "7GKC2MPQ"),
    "/link@a_bot 7gkc2mpq": Command(CommandKind.LINK, "7GKC2MPQ"),
    "please link 7GKC2MPQ thanks": Command(CommandKind.LINK, "7GKC2MPQ"),
    "LINK 7GKO2MP0": Command(CommandKind.LINK, "7GKO2MP0"),
    "LINK 7GKC2MX": Command(CommandKind.LINK, "7GKC2MX"),
    "delete": Command(CommandKind.DELETE),
    "Delete my answers please": Command(CommandKind.DELETE),
}


@pytest.mark.parametrize(("text", "command"), COMMANDS.items(), ids=COMMANDS)
def test_a_command_is_found_by_the_whole_message(text: str, command: Command) -> None:
    assert find_command(text, WORDS) == command


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "...",
            "!",
            "1",
            "yes",
            "help me",
            "more buses",
            "skip the queue",
            "back to basics",
            "new houses please",
        ),
        *(
            "change the bins",
            "change 3 things",
            "change 1000 lives",
            "change 3 to parks",
            "language lessons",
            "language barrier",
        ),
        *(
            "language classes for all",
            "more police",
            "privacy matters",
            "delete the council",
            "start again with new people",
        ),
        *("link the bus lanes", "link road", "link 3 roads", "link 2 bus routes", "link us", "link 22334455"),
        *("help the homeless", "information for newcomers", "hello?", "is this real?", "more " * 80),
    ],
)
def test_an_answer_that_begins_like_a_command_is_none(text: str) -> None:
    assert find_command(text, WORDS) is None


LANGUAGES = {
    "en": ("English",),
    "pl": ("Polski", "Polish"),
    "ur": ("اردو", "Urdu"),
    "ro": ("Română", "Romanian", "ROMANA"),
}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("polski", "pl"),
        ("POLISH", "pl"),
        ("Polish please", "pl"),
        ("in polish", "pl"),
        ("اردو", "ur"),
        ("romana", "ro"),
        ("Română!", "ro"),
        ("pl", None),
        ("polish people", None),
        ("English Heritage", None),
        ("", None),
        ("polish " * 50, None),
    ],
)
def test_a_language_is_found_by_its_own_or_english_name(text: str, code: str | None) -> None:
    assert find_language(text, LANGUAGES, WORDS) == code


def test_a_bare_code_names_a_language_only_where_that_is_allowed() -> None:
    assert find_language("PL", LANGUAGES, allow_code=True) == "pl"
    assert find_language("ro", LANGUAGES) is None


KEYWORDS = {"STOKE": "cohesion", "Bus Fares": "buses"}


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("stoke", KeywordMatch("cohesion", "", "stoke")),
        (" Stoke! ", KeywordMatch("cohesion", "", "stoke")),
        ("STOKE.", KeywordMatch("cohesion", "", "stoke")),
        ("“STOKE”", KeywordMatch("cohesion", "", "stoke")),
        ("#stoke", KeywordMatch("cohesion", "", "stoke")),
        ("Stoke please", KeywordMatch("cohesion", "", "stoke")),
        ("join stoke", KeywordMatch("cohesion", "", "stoke")),
        ("text STOKE", KeywordMatch("cohesion", "", "stoke")),
        ("STOKE URDU", KeywordMatch("cohesion", "urdu", "stoke")),
        ("stoke-pl", KeywordMatch("cohesion", "pl", "stoke")),
        ("stoke roman urdu", KeywordMatch("cohesion", "roman urdu", "stoke")),
        ("bus fares", KeywordMatch("buses", "", "bus fares")),
        ("bus", None),
        ("stoke is a great city", None),
        ("I love stoke", None),
        ("s t o k e", None),
        ("stokes", None),
        ("", None),
        ("stoke " * 60, None),
    ],
)
def test_a_keyword_is_found_with_two_words_after_it_at_most(text: str, match: KeywordMatch | None) -> None:
    assert find_keyword(text, KEYWORDS, WORDS) == match


@given(st.text())
def test_no_text_makes_a_command_raise(text: str) -> None:
    is_stop(text, WORDS)
    may_mean_stop(text, WORDS)
    find_command(text, WORDS)
    find_language(text, LANGUAGES, WORDS, allow_code=True)
    find_keyword(text, KEYWORDS, WORDS)
