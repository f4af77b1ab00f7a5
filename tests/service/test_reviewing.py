"""From draft to reviewed: the sheet, what is accepted of it, and what makes a sentence a draft again."""

import csv
import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from bot.core.phrases import Phrase, Phrases
from bot.core.survey import Choice, Language, Question, QuestionType, SurveyDefinition
from bot.service.catalogues import Catalogue
from bot.service.doctor import examine_languages
from bot.service.doctor.finding import Level
from bot.service.library import Library, Wording
from bot.service.reviewing import (
    COLUMNS,
    Sentence,
    SheetUnreadable,
    Standing,
    corrected,
    of_a_survey,
    of_the_bot,
    read_sheet,
    sentences_now,
    standing,
    write_sheet,
)
from storage import reviews, surveys
from storage.reviews import Reviews
from storage.script import Database
from tests.core.small_surveys import survey
from tests.playing import words

BOT = Catalogue(
    "pl",
    {phrase.value: f"PL {phrase.value}" for phrase in Phrase},
    reviewed=False,
    short={Phrase.HELLO.value: "PL Hi"},
)
PARKS = survey(
    Question(
        "use",
        QuestionType.SELECT_ONE,
        {"en": "Do you use the parks?", "pl": "Czy chodzisz do parku?"},
        choices=(Choice("yes", {"en": "Yes", "pl": "Tak"}), Choice("no", {"en": "No", "pl": "Nie"})),
    ),
    languages=(Language("en", "English"), Language("pl", "Polski")),
    draft_languages=("pl",),
)
TITLED = replace(PARKS, title={"en": "Our parks", "pl": "Nasze parki"})


def sheet(tmp_path: Path, definition: SurveyDefinition = TITLED, corrections: Mapping[str, str] = {}) -> Path:
    """Write the Polish sheet, with corrections by the English that they are for."""
    written = io.StringIO()
    write_sheet(written, "pl", [*of_the_bot(BOT), *of_a_survey(definition, "pl")])
    rows = list(csv.DictReader(io.StringIO(written.getvalue())))
    path = tmp_path / "pl.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.DictWriter(file, COLUMNS)
        out.writeheader()
        for row in rows:
            out.writerow({**row, "correction": corrections.get(row["english"], "")})
    return path


def standing_now(definition: SurveyDefinition = TITLED) -> dict[str, list[Sentence]]:
    return {"pl": [*of_the_bot(BOT), *of_a_survey(definition, "pl")]}


def test_the_sheet_has_the_english_beside_every_sentence_of_the_bot_and_the_survey() -> None:
    places = [(one.where, one.english, one.text) for one in of_a_survey(TITLED, "pl")]
    assert places == [
        ("parks: title", "Our parks", "Nasze parki"),
        ("parks: use", "Do you use the parks?", "Czy chodzisz do parku?"),
        ("parks: use, option 1", "Yes", "Tak"),
        ("parks: use, option 2", "No", "Nie"),
    ]
    said = of_the_bot(BOT)
    assert [one.english for one in said if one.where == "the bot"] == [phrase.value for phrase in Phrase]
    assert [one.text for one in said if one.where == "the bot, in text messages"] == ["PL Hi"]


def test_a_sheet_that_was_read_through_makes_the_language_reviewed(tmp_path: Path) -> None:
    accepted = read_sheet(sheet(tmp_path), standing_now())
    assert accepted.problems == ()
    kept = Reviews({"pl": frozenset(accepted.marks)})
    every = len(Phrase) + 1 + 4
    assert standing("pl", standing_now()["pl"], kept) == Standing("pl", every, 0, every)


def test_a_changed_english_sentence_makes_its_translation_a_draft_again(tmp_path: Path) -> None:
    kept = Reviews({"pl": frozenset(read_sheet(sheet(tmp_path), standing_now()).marks)})
    changed = replace(TITLED, title={"en": "Our parks and gardens", "pl": "Nasze parki"})
    now = standing("pl", of_a_survey(changed, "pl"), kept)
    assert (now.read, now.is_read) == (3, False)


def test_a_sheet_that_is_older_than_the_sentence_accepts_nothing_of_it(tmp_path: Path) -> None:
    old = sheet(tmp_path)
    changed = replace(TITLED, title={"en": "Our parks", "pl": "Parki"})
    accepted = read_sheet(old, standing_now(changed))
    (problem,) = accepted.problems
    assert "parks: title" in problem
    assert "has changed since the sheet was made" in problem


def test_a_correction_of_the_bot_s_own_is_said_from_then_on_and_counts_as_read(tmp_path: Path) -> None:
    accepted = read_sheet(sheet(tmp_path, corrections={"Hello!": "Dzień dobry!"}), standing_now())
    assert accepted.corrections == {"Hello!": "Dzień dobry!", "sms: Hello!": "Dzień dobry!"}
    after = corrected(BOT, accepted.corrections)
    assert (after.sentences["Hello!"], after.short["Hello!"]) == ("Dzień dobry!", "Dzień dobry!")
    assert standing("pl", of_the_bot(after), Reviews({"pl": frozenset(accepted.marks)})).is_read


def test_a_correction_of_a_survey_s_sentence_belongs_in_its_file(tmp_path: Path) -> None:
    accepted = read_sheet(sheet(tmp_path, corrections={"Our parks": "Parki w Stoke"}), standing_now())
    (problem,) = accepted.problems
    assert 'put "Parki w Stoke" into the survey file' in problem


def test_a_correction_must_keep_what_is_filled_in(tmp_path: Path) -> None:
    english = Phrase.LANGUAGE_NOW.value
    accepted = read_sheet(sheet(tmp_path, corrections={english: "Po polsku."}), standing_now())
    assert ["{words in braces}" in problem for problem in accepted.problems] == [True]
    assert accepted.corrections == {}


def test_a_correction_must_keep_the_words_that_residents_text(tmp_path: Path) -> None:
    english = Phrase.HOW_TO_STOP.value
    wrong = read_sheet(sheet(tmp_path, corrections={english: "PRZESTAN konczy, HELP to pomoc."}), standing_now())
    assert ["must keep STOP in capitals" in problem for problem in wrong.problems] == [True]
    assert wrong.corrections == {}
    right = read_sheet(sheet(tmp_path, corrections={english: "HELP to pomoc, STOP konczy."}), standing_now())
    assert [*right.corrections.values()] == ["HELP to pomoc, STOP konczy."]


def test_a_sheet_with_one_row_put_right_can_be_accepted_once_more(tmp_path: Path) -> None:
    read = sheet(tmp_path, corrections={"Hello!": "Dzień dobry!"})
    first = read_sheet(read, standing_now())
    now = {"pl": [*of_the_bot(corrected(BOT, first.corrections)), *of_a_survey(TITLED, "pl")]}
    again = read_sheet(read, now)
    assert (again.problems, set(again.marks)) == ((), set(first.marks))


def test_a_translation_of_a_sentence_that_had_none_is_said(tmp_path: Path) -> None:
    gap = replace(BOT, sentences={key: text for key, text in BOT.sentences.items() if key != "Hello!"}, short={})
    written = corrected(gap, {"Hello!": "Dzień dobry!", "nobody says this": "Nic"})
    assert written.sentences["Hello!"] == "Dzień dobry!"
    assert "nobody says this" not in written.sentences


def test_a_short_wording_is_read_too_where_the_english_needs_none() -> None:
    (question,) = PARKS.questions
    brief = replace(PARKS, questions=(replace(question, sms_label={"pl": "Chodzisz do parku?"}),))
    places = [(one.where, one.english, one.text) for one in of_a_survey(brief, "pl")]
    assert ("parks: use, for SMS", "Do you use the parks?", "Chodzisz do parku?") in places


def test_two_translations_of_one_english_option_are_both_read() -> None:
    (question,) = PARKS.questions
    again = replace(question, name="like", choices=(Choice("yes", {"en": "Yes", "pl": "Ananas"}), *question.choices))
    options = [one for one in of_a_survey(replace(PARKS, questions=(question, again)), "pl") if "option" in one.where]
    assert [(one.where, one.text) for one in options] == [
        ("parks: use, option 1", "Tak"),
        ("parks: use, option 2", "Nie"),
        ("parks: like, option 1", "Ananas"),
    ]


def test_a_sentence_without_a_translation_is_not_accepted(tmp_path: Path) -> None:
    accepted = read_sheet(sheet(tmp_path, PARKS), standing_now(PARKS))
    assert ["no translation yet" in problem for problem in accepted.problems] == [True]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"", "lacks language", id="empty"),
        pytest.param(b"english,translation\n", "the first row lacks language, where, correction", id="no heading"),
        pytest.param(b"language,where,english,translation,correction\n", "holds no sentence", id="no rows"),
        pytest.param(b"\xff\xfe\x00", "save it as CSV in UTF-8", id="another encoding"),
        pytest.param(b"language,where,english,translation,correction\nfr,a,b,c,\n", "'fr' is none of pl", id="unknown"),
        pytest.param(
            b"language,where,english,translation,correction\npl,a,b,c,\nur,a,b,c,\n", "one language", id="two languages"
        ),
    ],
)
def test_a_sheet_that_cannot_be_read_says_why(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "sheet.csv"
    path.write_bytes(content)
    with pytest.raises(SheetUnreadable, match=r"sheet\.csv") as refused:
        read_sheet(path, standing_now())
    assert said in str(refused.value)


def test_a_sheet_saved_with_semicolons_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    path.write_text(
        "language;where;english;translation;correction\npl;parks: use, option 1;Yes;Tak;\n", encoding="utf-8"
    )
    assert len(read_sheet(path, standing_now()).marks) == 1


async def test_a_running_server_offers_a_language_once_all_of_it_is_read(database: Database, tmp_path: Path) -> None:
    await database.run(lambda: surveys.publish("parks", "1", TITLED.hash, TITLED.to_json(), 1))
    said = Wording(phrases=Phrases(), words={"": words()}, catalogues=(BOT,)).reviewed(Reviews())
    library = Library(database, said)
    await library.load()
    assert _offered(library) == ["en"]
    assert library.phrases.say(Phrase.HELLO, "pl") == "Hello!"
    accepted = read_sheet(sheet(tmp_path, corrections={"Hello!": "Dzień dobry!"}), standing_now())
    await database.run(lambda: reviews.accept("pl", accepted.marks, accepted.corrections, "Agnieszka", 2))
    assert await library.load()
    assert _offered(library) == ["en", "pl"]
    assert library.phrases.say(Phrase.HELLO, "pl") == "Dzień dobry!"
    assert not await library.load()


async def test_reading_a_sheet_twice_keeps_the_newest_correction(database: Database) -> None:
    for at, better in enumerate(("Cześć!", "Dzień dobry!"), 1):
        await database.run(lambda at=at, better=better: reviews.accept("pl", ["m"], {"Hello!": better}, "A", at))  # type: ignore[misc]
    kept = await database.read(reviews.read)
    assert kept == Reviews({"pl": frozenset({"m"})}, {"pl": {"Hello!": "Dzień dobry!"}})


def _offered(library: Library) -> list[str]:
    return [language.code for language in library.questionnaire("parks", "1").offered]


async def test_doctor_says_which_languages_are_drafts_and_how_to_have_them_read(database: Database) -> None:
    await database.run(lambda: surveys.publish("parks", "1", TITLED.hash, TITLED.to_json(), 1))
    drafts, reading = await examine_languages(database, frozenset())
    assert drafts.level is Level.WARNING
    every, _ = await sentences_now(database)
    assert f"pl (0 of {len(every['pl'])} sentences read)" in drafts.text
    assert "review export LANG" in drafts.text
    await database.run(lambda: reviews.accept("pl", [one.mark for one in every["pl"]], {}, "Agnieszka", 2))
    assert "How replies are read is a draft in ar, bn" in reading.text
    found = await examine_languages(database, frozenset())
    assert [one.level for one in found] == [Level.OK, Level.WARNING, Level.WARNING]
    assert "pl (" not in found[1].text


async def test_doctor_says_which_drafts_residents_are_offered_all_the_same(database: Database) -> None:
    await database.run(lambda: surveys.publish("parks", "1", TITLED.hash, TITLED.to_json(), 1))
    held, offered, strange, _ = await examine_languages(database, frozenset({"pl", "polish"}))
    assert "pl (" not in held.text
    assert "Offered as drafts" in offered.text
    assert "pl (" in offered.text
    assert "names polish, which nothing is in" in strange.text
