"""What the bot says in other languages: read from gettext files, and refused with file, sentence and what to do."""

import re
from datetime import date
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.pofile import read_po

from bot.cli.compose import wording
from bot.core.phrases import Phrase
from bot.service.catalogues import (
    FOLDER,
    CatalogueUnreadable,
    load_catalogues,
    phrases_of,
    read_catalogue,
    write_day,
)
from channels.segments import utf_16_units
from channels.whatsapp_layout import MAX_BUTTON_TITLE

LAUNCH = ("ar", "bn", "ckb", "fa", "pa", "pl", "ps", "ro", "ur-Latn", "ur")
COMMANDS = re.compile(
    r"\b(STOP|START|SKIP|BACK|CHANGE 2|CHANGE|MORE|HELP|LANGUAGE|PRIVACY|MYDATA|DELETE|NEW|LINK|JOIN|YES|NO)\b"
)
HEADER = 'msgid ""\nmsgstr ""\n"Language: pl\\n"\n"X-Review: draft\\n"\n\n'
HELLO = 'msgid "Hello!"\nmsgstr "Witaj!"\n'


def written(folder: Path, body: str, header: str = HEADER, name: str = "pl.po") -> Path:
    path = folder / name
    path.write_text(header + body, encoding="utf-8")
    return path


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def test_the_ten_launch_languages_ship_as_drafts() -> None:
    assert tuple(each.language for each in load_catalogues()) == LAUNCH
    assert not any(each.reviewed for each in load_catalogues())


@pytest.mark.parametrize("language", LAUNCH)
def test_every_sentence_is_translated_and_no_other(language: str) -> None:
    catalogue = read_catalogue(FOLDER / f"{language}.po")
    english = {phrase.value for phrase in Phrase}
    assert english - catalogue.sentences.keys() == set()
    assert {*catalogue.sentences, *catalogue.short} - english == set()


@pytest.mark.parametrize("language", LAUNCH)
def test_placeholders_and_commands_are_those_of_the_english(language: str) -> None:
    catalogue = read_catalogue(FOLDER / f"{language}.po")
    for sentences in (catalogue.sentences, catalogue.short):
        for english, translation in sentences.items():
            assert placeholders(translation) == placeholders(english), english
            assert set(COMMANDS.findall(translation)) == set(COMMANDS.findall(english)), english
            assert not re.search(r"\d/\d", translation), english
    assert 0 < utf_16_units(catalogue.sentences[Phrase.OPEN_LIST]) <= MAX_BUTTON_TITLE


def test_the_template_holds_every_sentence_and_no_translation() -> None:
    with (FOLDER / "phrases.pot").open("rb") as file:
        messages = [message for message in read_po(file) if message.id]
    assert [message.id for message in messages] == [phrase.value for phrase in Phrase]
    assert not any(message.string for message in messages)


def test_a_draft_is_spoken_only_where_it_may_be_offered() -> None:
    def hello(**how: object) -> str:
        return wording(**how).phrases.say(Phrase.HELLO, "pl")  # type: ignore[arg-type]

    assert hello() == hello(drafts_allowed=frozenset({"ro"})) == "Hello!"
    assert hello(every=True) == hello(drafts_allowed=frozenset({"pl"})) == "Dzień dobry!"


def test_a_reviewed_catalogue_says_by_whom(tmp_path: Path) -> None:
    path = written(tmp_path, HELLO, HEADER.replace("draft", "A. Nowak, 2026-05-01"))
    assert read_catalogue(path).reviewed
    assert not read_catalogue(written(tmp_path, HELLO)).reviewed


def test_a_missing_empty_or_outdated_translation_is_said_in_english(tmp_path: Path) -> None:
    path = written(
        tmp_path, f'{HELLO}\nmsgid "Nothing was removed."\nmsgstr ""\n\n#, fuzzy\nmsgid "Carry on"\nmsgstr "X"'
    )
    phrases = phrases_of([read_catalogue(path)])
    said = [phrases.say(phrase, "pl") for phrase in (Phrase.HELLO, Phrase.NOT_DELETED, Phrase.CARRY_ON, Phrase.WELCOME)]
    assert said == ["Witaj!", "Nothing was removed.", "Carry on", "You are welcome."]


def test_a_cheaper_wording_for_sms_stands_beside_the_full_one(tmp_path: Path) -> None:
    path = written(tmp_path, f'{HELLO}\nmsgctxt "sms"\nmsgid "Hello!"\nmsgstr "Hej!"\n')
    phrases = phrases_of([read_catalogue(path)])
    assert (phrases.say(Phrase.HELLO, "pl"), phrases.say(Phrase.HELLO, "pl", short=True)) == ("Witaj!", "Hej!")


@pytest.mark.parametrize(
    ("body", "header", "name", "told"),
    [
        pytest.param(
            'msgid "Check: {url}"\nmsgstr "Sprawdź: {adres}"\n',
            HEADER,
            "pl.po",
            'pl.po: "Check: {url}": the translation must hold {url} as in the English, and it is "Sprawdź: {adres}"',
            id="another placeholder",
        ),
        pytest.param(
            'msgid "Check: {url}"\nmsgstr "Sprawdź: {url"\n',
            HEADER,
            "pl.po",
            'pl.po: "Check: {url}": the translation must hold {url} as in the English, and it is "Sprawdź: {url"',
            id="a brace without its partner",
        ),
        pytest.param(
            'msgid "Hello!"\nmsgstr "Witaj {name:>9}!"\n',
            HEADER,
            "pl.po",
            'pl.po: "Hello!": the translation must hold no {...} as in the English, and it is "Witaj {name:>9}!"',
            id="a placeholder too many",
        ),
        pytest.param(
            'msgid "Hello!"\nmsgst "Witaj!"\n',
            HEADER,
            "pl.po",
            'pl.po: line 7: msgst "Witaj!" is misspelt; write msgid "..." and msgstr "..."',
            id="a slip in a keyword",
        ),
        pytest.param(
            HELLO,
            HEADER.replace('"X-Review: draft\\n"\n', ""),
            "pl.po",
            'pl.po: the header lacks X-Review; write "X-Review: draft\\n" below msgstr ""',
            id="no word of review",
        ),
        pytest.param(
            HELLO,
            HEADER.replace("Language: pl", "Language: "),
            "pl.po",
            'pl.po: the header lacks Language; write "Language: pl\\n" below msgstr ""',
            id="no language",
        ),
        pytest.param(
            HELLO,
            HEADER,
            "ro.po",
            "ro.po: the header says Language: pl; name the file pl.po",
            id="another language's name",
        ),
    ],
)
def test_a_broken_file_is_refused_with_what_to_do(tmp_path: Path, body: str, header: str, name: str, told: str) -> None:
    with pytest.raises(CatalogueUnreadable) as refusal:
        read_catalogue(written(tmp_path, body, header, name))
    assert str(refusal.value).startswith(told)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pl.po"
    path.write_bytes((HEADER + 'msgid "Hello!"\nmsgstr "Cześć!"\n').encode("iso-8859-2"))
    with pytest.raises(CatalogueUnreadable, match=r"pl\.po: cannot be read .* save it as UTF-8 text"):
        read_catalogue(path)


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("pl", "3 maja 2026"),
        ("ro", "3 mai 2026"),
        ("ur", "3 مئی 2026"),
        ("ur-Latn", "3 May 2026"),
        ("ar", "3 مايو 2026"),
        ("ckb", "3 ئایار 2026"),
        ("pnb", "3 May 2026"),
        ("no language", "3 May 2026"),
    ],
)
def test_a_day_is_written_as_its_language_writes_it(language: str, told: str) -> None:
    assert write_day(date(2026, 5, 3), language) == told
