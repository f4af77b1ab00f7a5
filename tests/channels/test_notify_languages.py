"""A survey in several languages where Notify carries only Latin letters: nobody is left without an answer."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.cli.channels import how_to_begin, left_out
from bot.cli.compose import service_of, wording
from bot.core.phrases import Phrase, Phrases
from bot.core.survey import Choice, Language, Question, QuestionType, SurveyDefinition
from bot.service.doctor import examine_letters
from bot.service.doctor.finding import Level
from bot.service.letters import cannot_be_written, gets_through, with_names_that_get_through
from channels.base import Channel
from channels.notify_wire import is_carried
from storage import surveys
from storage.keys import KeyRing
from storage.script import Database
from tests.channels.notifying import notify_channel
from tests.channels.phones import every_channel
from tests.channels.telegrams import telegram_channel
from tests.core.small_surveys import survey

URDU = "\u06a9\u06cc\u0627 \u0622\u067e \u067e\u0627\u0631\u06a9 \u062c\u0627\u062a\u06d2 \u06c1\u06cc\u06ba\u061f"
POLISH = "Czy chodzi Pan do park\u00f3w?"
OWN_NAME = "\u0627\u0631\u062f\u0648"
USE = Question(
    "use_parks",
    QuestionType.SELECT_ONE,
    {"en": "Do you use the parks?", "ur": URDU, "pl": POLISH, "ur-Latn": "Kya aap park jate hain?"},
    choices=(
        Choice("yes", {"en": "Yes", "ur": "\u06c1\u0627\u06ba", "pl": "Tak", "ur-Latn": "Haan"}),
        Choice("no", {"en": "No", "ur": "\u0646\u06c1\u06cc\u06ba", "pl": "Nie", "ur-Latn": "Nahin"}),
    ),
)
LANGUAGES = (
    Language("en", "English"),
    Language("ur", OWN_NAME),
    Language("pl", "Polski"),
    Language("ur-Latn", "Roman Urdu"),
)
PARKS = survey(USE, languages=LANGUAGES)


async def publish(database: Database, definition: SurveyDefinition) -> None:
    fields = definition.id, definition.version, definition.hash, definition.to_json()
    await database.run(lambda: surveys.publish(*fields, 0))


async def test_notify_offers_only_what_it_can_write_and_an_app_offers_everything(
    database: Database, keys: KeyRing
) -> None:
    async with every_channel(database, keys, PARKS) as town:
        (by_notify,) = await town.write("notify", "PARKS")
        (by_app,) = await town.write("telegram", "PARKS")
    assert " URDU, POLSKI, ROMAN URDU? " in by_app.text
    assert " POLSKI, ROMAN URDU? " in by_notify.text
    assert " URDU, " not in by_notify.text


@pytest.mark.parametrize("words", ["PARKS URDU", "PARKS UR", f"PARKS {OWN_NAME}"])
async def test_who_asks_for_a_language_that_notify_cannot_write_is_told_so_and_asked_in_english(
    database: Database, keys: KeyRing, words: str
) -> None:
    async with every_channel(database, keys, PARKS) as town:
        (shown,) = await town.write("notify", words)
        (by_app,) = await town.write("telegram", words)
    assert "URDU" in shown.text
    assert "1/1 Do you use the parks?" in shown.text
    assert URDU in by_app.text


async def test_who_asks_in_the_middle_is_not_left_without_an_answer(database: Database, keys: KeyRing) -> None:
    async with every_channel(database, keys, PARKS) as town:
        await town.write("notify", "PARKS")
        (asked,) = await town.write("notify", "LANGUAGE URDU")
        (named,) = await town.write("notify", OWN_NAME)
        (polish,) = await town.write("notify", "LANGUAGE POLSKI")
        states = await town.office.fetch("SELECT DISTINCT state FROM outbox WHERE channel = 'notify'")
    assert "URDU" in asked.text
    assert named.text.startswith("Which language do you want for question 1/1?")
    assert "Czy chodzi Pan do parkow?" in polish.text.replace("\u00f3", "o")
    assert states == [("accepted",)]


@pytest.mark.parametrize(
    ("definition", "phrases", "lost"),
    [
        pytest.param(PARKS, Phrases(), ["ur"], id="the survey's own words"),
        pytest.param(
            replace(PARKS, languages=(*LANGUAGES, Language("ar", "Arabic"))),
            Phrases({"ar": {Phrase.THANK_YOU.value: "\u0634\u0643\u0631\u0627"}}),
            ["ur", "ar"],
            id="the bot's own words",
        ),
        pytest.param(replace(PARKS, default_language="ur"), Phrases(), [], id="never the default language"),
        pytest.param(
            survey(replace(USE, sms_label={"ur": "Park?"}, choices=()), languages=LANGUAGES),
            Phrases(),
            [],
            id="a short wording in other letters",
        ),
    ],
)
def test_a_language_cannot_be_written_if_one_sentence_cannot(
    definition: SurveyDefinition, phrases: Phrases, lost: list[str]
) -> None:
    assert [language.code for language in cannot_be_written(definition, phrases, is_carried)] == lost


def test_only_letters_decide_and_accents_may_be_lost() -> None:
    assert gets_through("Łódź, ęąż? ✔ 😀", is_carried)
    assert not gets_through("ok \u0627", is_carried)


def test_a_text_that_gets_through_is_left_alone() -> None:
    assert with_names_that_get_through("Română, Polski", is_carried) == "Română, Polski"
    assert with_names_that_get_through(f"{OWN_NAME} here", None) == f"{OWN_NAME} here"
    assert with_names_that_get_through(f"not in {OWN_NAME} yet", is_carried) == "not in URDU yet"


async def test_the_doctor_and_the_start_name_what_is_left_out(database: Database, keys: KeyRing) -> None:
    await publish(database, PARKS)
    channels: dict[str, Channel] = {"notify": notify_channel(), "telegram": telegram_channel()}
    (found,) = await examine_letters(database, channels, Phrases())
    assert found.level is Level.WARNING
    assert f"Survey parks is not offered by notify in {OWN_NAME}:" in found.text
    async with service_of(database, keys, channels, wording()) as service:
        assert list(left_out(service)) == [
            f"Survey parks is not offered by notify in {OWN_NAME}: their letters do not get through."
        ]


async def test_the_start_says_how_to_begin_and_which_drafts_nobody_is_asked_in(
    database: Database, keys: KeyRing
) -> None:
    drafted = replace(PARKS, draft_languages=tuple(each.code for each in PARKS.languages if each.code != "en"))
    await publish(database, drafted)
    await publish(database, replace(PARKS, id="past", keywords=("PAST",), closes="2026-01-31"))
    await publish(database, replace(PARKS, id="soon", keywords=("SOON", "LATER"), opens="2026-06-01"))
    async with service_of(database, keys, {"notify": notify_channel()}, wording()) as service:
        assert list(how_to_begin(service, datetime(2026, 5, 1, tzinfo=UTC))) == [
            "Survey parks: residents text PARKS.",
            f"  Not offered in {OWN_NAME}, Polski, Roman Urdu: drafts nobody has read. "
            "See `review list`, or ALLOW_DRAFT_LANGUAGES.",
            "Survey past is closed.",
            "Survey soon opens on 2026-06-01. Then residents text SOON or LATER.",
        ]
        assert not [line for line in left_out(service) if "parks" in line], "no other channel offers it either"


async def test_the_doctor_names_characters_without_which_nobody_is_answered(database: Database) -> None:
    smiling = replace(USE, label={"en": "Are you happy \U0001f600 with \u2714 the parks\u2019 benches?"}, choices=())
    await publish(database, survey(smiling))
    (found,) = await examine_letters(database, {"notify": notify_channel()}, Phrases())
    assert found.level is Level.PROBLEM
    assert "cannot carry: \u2714 \U0001f600 A text" in found.text


async def test_the_doctor_has_nothing_to_say_where_all_letters_get_through(database: Database) -> None:
    await publish(database, PARKS)
    assert await examine_letters(database, {"telegram": telegram_channel()}, Phrases()) == []
