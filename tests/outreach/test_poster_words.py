"""A poster's words and fonts: whole in every launch language, easy to mend, and the ones that were recorded."""

import hashlib
import json
from itertools import pairwise
from pathlib import Path

import pytest

from bot.outreach.poster_pen import FAMILIES, FONTS
from bot.outreach.poster_words import FOLDER, PosterPhrase, load_poster_words
from bot.service.catalogues import load_catalogues
from bot.service.word_files import WordFileUnreadable

VENDOR = json.loads((FONTS / "VENDOR.json").read_text(encoding="utf-8"))
MOST_BYTES = 2_500_000
URDU = (FOLDER / "ur.toml").read_text(encoding="utf-8")


def test_every_language_that_the_bot_speaks_has_poster_words_whole() -> None:
    words = load_poster_words()
    assert set(words) == {"en", *(catalogue.language for catalogue in load_catalogues())}
    assert all(set(each.sentences) == set(PosterPhrase) for each in words.values())


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_the_first_line_says_whether_it_is_a_draft(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert ("draft" in first) is not load_poster_words()[path.stem].reviewed


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_the_english_stands_above_each_sentence_for_whoever_mends_it(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    above = {line.partition(" = ")[0]: before for before, line in pairwise(lines) if " = " in line}
    assert {phrase: above[phrase.name.lower()] for phrase in PosterPhrase} == {p: f"# {p}" for p in PosterPhrase}


@pytest.mark.parametrize(
    ("mended", "reason"),
    [
        pytest.param(URDU.replace("{number}", "{nummer}"), "'text_to': keep each {word}", id="a changed placeholder"),
        pytest.param(URDU.replace("{date} ", ""), "'open_until': keep each {word}", id="a lost placeholder"),
        pytest.param(URDU.replace("scan =", "skan ="), "has the key 'skan'", id="a misspelt key"),
        pytest.param(URDU.replace("web_form =", "# web_form ="), "lacks the key 'web_form'", id="a key left out"),
        pytest.param(URDU.replace('reviewed_by = "draft"', 'reviewed_by = ""'), "'reviewed_by'", id="no status"),
        pytest.param(URDU.replace('"ur"', '"pl"'), "name the file pl.toml", id="another language's name"),
        pytest.param(URDU + "\nabout", "is no readable TOML file", id="half a line"),
    ],
)
def test_a_mistake_in_a_file_is_named(mended: str, reason: str, tmp_path: Path) -> None:
    assert mended != URDU
    (tmp_path / "ur.toml").write_text(mended, encoding="utf-8")
    with pytest.raises(WordFileUnreadable) as refused:
        load_poster_words(tmp_path)
    assert str(refused.value).startswith("ur.toml")
    assert reason in str(refused.value)


def test_a_name_after_reviewed_by_makes_it_no_draft(tmp_path: Path) -> None:
    read = URDU.replace('reviewed_by = "draft"', 'reviewed_by = "A. Speaker"')
    (tmp_path / "ur.toml").write_text(read, encoding="utf-8")
    assert load_poster_words(tmp_path)["ur"].reviewed


@pytest.mark.parametrize("name", VENDOR["shipped"])
def test_a_shipped_font_is_the_one_that_was_recorded(name: str) -> None:
    assert hashlib.sha256((FONTS / name).read_bytes()).hexdigest() == VENDOR["shipped"][name]


def test_every_font_is_recorded_and_has_its_licence_beside_it() -> None:
    assert {file.name for file in FONTS.iterdir()} == {*VENDOR["shipped"], "VENDOR.json"}
    assert "SIL OPEN FONT LICENSE" in (FONTS / "OFL.txt").read_text(encoding="utf-8")
    faces = {f"{family}-{weight}.ttf" for family in FAMILIES for weight in ("Regular", "Bold")}
    assert faces == {file.name for file in FONTS.glob("*.ttf")}


def test_the_fonts_are_small() -> None:
    assert sum(file.stat().st_size for file in FONTS.iterdir()) < MOST_BYTES
