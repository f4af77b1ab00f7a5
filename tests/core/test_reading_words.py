"""The word files: the shipped ones are sound, and a broken one says which file, which key and what to do."""

from pathlib import Path

import pytest

from bot.core.reading.normalise import normalise
from bot.core.words import CommandKind
from bot.service.word_files import FOLDER, WordFileUnreadable, load_words

HEAD = 'language = "xx"\nreviewed_by = "nobody"\n'


def test_english_is_shipped_first_and_says_who_reviewed_it() -> None:
    english = load_words()[0]
    assert english.language == "en"
    assert english.reviewed_by == "the maintainers"
    assert set(english.commands) == set(CommandKind) - {CommandKind.STOP}
    for path in FOLDER.glob("*.toml"):
        assert "reviewed" in path.read_text(encoding="utf-8").splitlines()[0].lower()


def test_words_are_normalised_as_they_are_loaded(tmp_path: Path) -> None:
    (tmp_path / "xx.toml").write_text(
        f'{HEAD}yes = ["Don’t  ask!", "YES"]\nand = ["AND"]\nor = ["Or"]\n', encoding="utf-8"
    )
    (table,) = load_words(tmp_path)
    assert table.yes == {"dont ask", "yes"}
    assert table.and_ == {"and"}
    assert table.or_ == {"or"}
    assert all(normalise(phrase) == phrase for phrase in table.yes)


def test_a_file_saved_by_notepad_is_read(tmp_path: Path) -> None:
    (tmp_path / "xx.toml").write_text(HEAD, encoding="utf-8-sig")
    assert [table.language for table in load_words(tmp_path)] == ["xx"]


def test_a_free_spelling_is_read_in_its_order(tmp_path: Path) -> None:
    (tmp_path / "xx.toml").write_text(f'{HEAD}[spelling]\nOO = "u"\n"ي" = "ی"\nee = "i"\n', encoding="utf-8")
    (table,) = load_words(tmp_path)
    assert list(table.spelling.items()) == [("oo", "u"), ("ی", "ی"), ("ee", "i")]


def test_a_language_need_not_fill_every_table(tmp_path: Path) -> None:
    (tmp_path / "xx.toml").write_text(HEAD, encoding="utf-8")
    (table,) = load_words(tmp_path)
    assert table.no == frozenset()
    assert table.numbers == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("language = ", "is no readable TOML file"),
        ('language = "xx"\n', "lacks the key 'reviewed_by'"),
        ('reviewed_by = "x"\n', "lacks the key 'language'"),
        (f"{HEAD}colours = []\n", "has the key 'colours', which is not one of"),
        ('language = ""\n', "key 'language': must be a text"),
        ("language = 3\n", "key 'language': must be a text"),
        (f'{HEAD}yes = "yes"\n', "key 'yes': must be a list of phrases"),
        (f'{HEAD}yes = ["yes", "!"]\n', "key 'yes': holds a phrase of no letter or digit"),
        (f"{HEAD}yes = [1]\n", "key 'yes': must be a list of phrases"),
        (f'{HEAD}yes = ["si"]\nno = ["Si!"]\n', "key 'no': 'si' also stands under 'yes'"),
        (f'{HEAD}numbers = ["one"]\n', "key 'numbers': must be a table"),
        (f'{HEAD}[numbers]\none = "1"\n', "key 'numbers': 'one' must be a whole number"),
        (f"{HEAD}[numbers]\none = true\n", "key 'numbers': 'one' must be a whole number"),
        (f'{HEAD}[scales.agree]\npositive = ["agree"]\n', "key 'scales': 'agree' must have the lists"),
        (f"{HEAD}[scales]\nagree = 1\n", "key 'scales': must be a table"),
        (f'{HEAD}[commands]\nSING = ["sing"]\n', "key 'commands': 'SING' is no command"),
        (f"{HEAD}[spelling]\noo = 3\n", "key 'spelling': 'oo' and what it stands for must be letters"),
        (f'{HEAD}[numbers]\neen = 2\n"één" = 1\n', "key 'numbers': 'één' is 1 and 2"),
        (
            f'{HEAD}[scales.agree]\npositive = ["For!"]\nnegative = ["for"]\n',
            "key 'scales': 'for' stands under positive and negative of 'agree'",
        ),
        (f'{HEAD}[spelling]\n"" = "u"\n', "key 'spelling': '' and what it stands for must be letters"),
        (f'{HEAD}[same]\nfemale = "woman"\n', "key 'same': must be a list of phrases"),
    ],
)
def test_a_broken_file_says_which_key_and_what_to_do(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "xx.toml").write_text(text, encoding="utf-8")
    with pytest.raises(WordFileUnreadable) as raised:
        load_words(tmp_path)
    assert str(raised.value).startswith("xx.toml: ")
    assert says in str(raised.value)


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "xx.toml").write_bytes(b'language = "\xff"\n')
    with pytest.raises(WordFileUnreadable):
        load_words(tmp_path)
