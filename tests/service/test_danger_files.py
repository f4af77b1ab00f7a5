"""The phrase tables and the help numbers as files: what ships can be read, and what is wrong is named."""

from datetime import date
from pathlib import Path

import pytest

from bot.service.danger_files import DangerFileUnreadable, HelpNumber, load_danger, load_numbers

HEAD = 'language = "xx"\nreviewed_by = "nobody"\ncalm = "Calm."\ncalm_page = "Calm."\nhelp = "Help: {numbers}."\n'


def test_every_launch_language_has_a_table_and_all_but_english_are_drafts() -> None:
    drafts = {table.language: table.is_draft for table in load_danger()}
    assert set(drafts) == {"en", "ur", "ur-Latn", "pl", "ro", "pa", "ar", "ckb", "bn", "ps", "fa"}
    assert [language for language, is_draft in drafts.items() if not is_draft] == ["en"]


def test_what_each_table_says_fits_with_its_numbers_and_names_999() -> None:
    for table in load_danger():
        assert "999" in table.calm, table.language
        assert "999" in table.calm_page, table.language
        assert "116 123" in table.help.format(numbers="116 123")


@pytest.mark.parametrize(
    ("written", "why"),
    [
        pytest.param("language = ", "is no readable TOML file", id="no TOML"),
        pytest.param(HEAD + 'words = ["x"]', "key 'words', which means nothing", id="an unknown key"),
        pytest.param(HEAD.replace('calm = "Calm."\n', ""), "lacks the key 'calm'", id="nothing to say"),
        pytest.param(HEAD.replace("{numbers}", ""), "write {numbers}", id="no place for the numbers"),
        pytest.param(HEAD.replace("{numbers}", "{number}: {numbers}"), "no other brace", id="a brace of another name"),
        pytest.param(HEAD.replace("{numbers}", "{ {numbers}"), "no other brace", id="a stray brace"),
        pytest.param(HEAD + 'denials = ["no", "not at all"]', "'not at all' has several words", id="a long denial"),
        pytest.param(HEAD + 'phrases = ["die"]', "too short to be looked for", id="a phrase that is never found"),
        pytest.param(HEAD + 'phrases = "he hits me"', "key 'phrases': must be a list", id="no list"),
        pytest.param(HEAD + "phrases = [1]", "key 'phrases': must be a list", id="a number"),
        pytest.param(HEAD + 'denials = ["--"]', "key 'denials': must be a list", id="signs alone"),
        pytest.param(HEAD + 'groups = ["x"]', "key 'groups': must be a list", id="groups that are none"),
        pytest.param(HEAD + 'phrases = ["<who> hits"]', "the group 'who', which is not there", id="no such group"),
    ],
)
def test_a_table_with_a_mistake_is_named(tmp_path: Path, written: str, why: str) -> None:
    (tmp_path / "xx.toml").write_text(written, encoding="utf-8")
    with pytest.raises(DangerFileUnreadable, match=why) as refusal:
        load_danger(tmp_path)
    assert str(refusal.value).startswith("xx.toml: ")


def test_a_file_that_notepad_has_saved_is_read(tmp_path: Path) -> None:
    (tmp_path / "xx.toml").write_text(HEAD, encoding="utf-8-sig")
    assert [table.language for table in load_danger(tmp_path)] == ["xx"]
    (tmp_path / "numbers.toml").write_text('[[number]]\nsay = "NHS 111"', encoding="utf-8-sig")
    assert load_numbers(tmp_path / "numbers.toml") == (HelpNumber("NHS 111", None),)


def test_numbers_are_read_with_the_day_on_which_they_were_checked(tmp_path: Path) -> None:
    path = tmp_path / "numbers.toml"
    path.write_text('[[number]]\nsay = " NHS 111 "\nchecked_on = 2026-05-31\n[[number]]\nsay = "01632 960000"\n')
    assert load_numbers(path) == (HelpNumber("NHS 111", date(2026, 5, 31)), HelpNumber("01632 960000", None))
    assert load_numbers(None) == ()


@pytest.mark.parametrize(
    ("written", "why"),
    [
        pytest.param("number = 1", "begin each number", id="no list"),
        pytest.param('number = ["NHS 111"]', "begin each number", id="a list of texts"),
        pytest.param('[[numbers]]\nsay = "NHS 111"', "the key 'numbers', which means nothing", id="a key of its own"),
        pytest.param('[[number]]\nsay = "111"\nchecked = 2026-05-31', "the key 'checked'", id="a key within"),
        pytest.param("[[number]]\nsay = 111", "needs a line such as", id="a bare number"),
        pytest.param('[[number]]\nsay = "Samaritans"', "needs a line such as", id="a name without a number"),
        pytest.param('[[number]]\nsay = "111"\nchecked_on = "2026-05-31"', "without quotes", id="a date in quotes"),
        pytest.param('[[number]]\nsay = "111"\nchecked_on = 2026-05-31T10:00:00', "without quotes", id="a time"),
        pytest.param("[[number", "is no readable TOML", id="no TOML"),
    ],
)
def test_numbers_with_a_mistake_are_named(tmp_path: Path, written: str, why: str) -> None:
    path = tmp_path / "numbers.toml"
    path.write_text(written, encoding="utf-8")
    with pytest.raises(DangerFileUnreadable, match=why):
        load_numbers(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DangerFileUnreadable, match=r"numbers\.toml: cannot be read"):
        load_numbers(tmp_path / "numbers.toml")
