"""What speaks of danger and what does not, in every language; and how a phrase is read."""

import tomllib
from pathlib import Path

import pytest

from bot.core.danger import DangerTable, PhraseUnreadable, Watch, read_phrase, runs_of
from bot.service.danger_files import load_danger

TABLES = load_danger()
WATCH = Watch(TABLES)
FIXTURES = {
    path.stem.removeprefix("danger_"): tomllib.loads(path.read_text(encoding="utf-8"))
    for path in sorted(Path(__file__).parent.glob("danger_*.toml"))
}
LEAST = {"en": (60, 120), **dict.fromkeys(("ur", "ur-Latn", "pl", "ro", "ckb", "ar"), (12, 12))}


@pytest.mark.parametrize("language", FIXTURES)
def test_a_text_that_a_person_must_read_is_flagged(language: str) -> None:
    assert [text for text in FIXTURES[language]["flag"] if not WATCH.hears(text)] == []


@pytest.mark.parametrize("language", FIXTURES)
def test_opinions_anger_swearing_and_talk_of_the_news_are_not_flagged(language: str) -> None:
    assert [text for text in FIXTURES[language]["leave"] if WATCH.hears(text)] == []


def test_every_language_has_its_phrases_and_enough_labelled_texts() -> None:
    assert sorted(FIXTURES) == sorted(table.language for table in TABLES)
    for language, texts in FIXTURES.items():
        flag, leave = LEAST.get(language, (6, 6))
        assert len(set(texts["flag"])) >= flag, language
        assert len(set(texts["leave"])) >= leave, language


def table(*phrases: str, language: str = "en", reviewed_by: str = "somebody", **groups: list[str]) -> DangerTable:
    return DangerTable(
        language=language,
        reviewed_by=reviewed_by,
        calm=f"Calm {language}.",
        calm_page=f"Calm page {language}.",
        help="Help: {numbers}.",
        phrases=tuple(read_phrase(phrase, groups) for phrase in phrases),
        denials=frozenset(("not", "never", "dont", "no")),
        still=runs_of(("dont know",)),
        idioms=runs_of(("my mum hits me up",)),
    )


@pytest.mark.parametrize(
    ("phrase", "text", "is_heard"),
    [
        pytest.param("he hits me", "HE  hits\nme, again", True, id="case and gaps do not matter"),
        pytest.param("he hits me", "he hit me", False, id="another word"),
        pytest.param("he hit* me", "he hitting me", True, id="a beginning of a word"),
        pytest.param("he|she hits me", "she hits me", True, id="either word"),
        pytest.param("<who> hits me", "my dad hits me", True, id="a group with more words than one"),
        pytest.param("<who> hits|hit* me", "my dad hitting me", True, id="a word beside a beginning"),
        pytest.param("<who> .. hits me", "my dad often still hits me", True, id="words between"),
        pytest.param("<who> .. hits me", "my dad and two or three hits me", False, id="too many words between"),
        pytest.param("<who> .. hits me", "my dad never hits me", False, id="a denial between"),
        pytest.param("<who> hits me", "not true that my dad hits me", True, id="a denial far before"),
        pytest.param("<who> hits me", "it is not my dad hits me", False, id="a denial just before"),
        pytest.param("<who> hits me", "dont know my dad hits me", True, id="a denial that denies nothing"),
        pytest.param("<who> hits me", "no, my dad hits me", True, id="a denial before a comma"),
        pytest.param("<who> hits me", "not ok - my dad hits me", True, id="a denial before a dash"),
        pytest.param("<who> hits me", "not ok: my dad hits me", True, id="a denial before a colon"),
        pytest.param("<who> hits me", "never، my dad hits me", True, id="a denial before an Arabic comma"),
        pytest.param("<who> .. hits me", "my dad, again, hits me", True, id="a comma within"),
        pytest.param("<who> hits me", "not-my dad hits me", False, id="a dash without a pause"),
        pytest.param("never hits me", "he never hits me", True, id="a denial that the phrase itself has"),
        pytest.param("<who> hits me", "my mum hits me up for money", False, id="an idiom"),
        pytest.param("<who> hits me", "see my dad. hits me like a wall", False, id="over the end of a sentence"),
        pytest.param("<who> hits me", "my dad... hits me", True, id="trailing off"),
        pytest.param("<who> hits me", "good bus. my dad hits me", True, id="in the second sentence"),
        pytest.param("he hits me", "he hits", False, id="a text that ends too soon"),
        pytest.param("<who> .. hits .. me", "my dad hits", False, id="a text that ends in a gap"),
        pytest.param("he hits me", "yes", False, id="too short to be looked at"),
        pytest.param("die* .. now", "dies now", True, id="a short text that is all of a phrase"),
        pytest.param("<either> hits me", "me dad hits me", True, id="either word within a group"),
    ],
)
def test_a_phrase_is_looked_for(phrase: str, text: str, is_heard: bool) -> None:
    watch = Watch([table(phrase, who=["my dad", "my mum", "him"], either=["my|me dad"])])
    assert watch.hears(text) is is_heard


@pytest.mark.parametrize(
    ("phrase", "why"),
    [
        pytest.param("", "begin and end with a word", id="nothing"),
        pytest.param(".. hits me", "begin and end with a word", id="a gap at the beginning"),
        pytest.param("hits me ..", "begin and end with a word", id="a gap at the end"),
        pytest.param("<who> hits", "names the group 'who'", id="a group that is not there"),
        pytest.param("hi* me", "at least 3 letters", id="a beginning that is too short"),
        pytest.param("--- hits", "a part without a word", id="signs alone"),
        pytest.param("<nobody> hits", "a part without a word", id="a group that holds nothing"),
        pytest.param("die", "too short to be looked for", id="too short"),
        pytest.param("hits|to", "too short to be looked for", id="too short by one of its words"),
    ],
)
def test_a_phrase_that_cannot_be_read_is_named(phrase: str, why: str) -> None:
    with pytest.raises(PhraseUnreadable, match=why):
        read_phrase(phrase, {"nobody": []})


def test_what_is_said_is_english_until_a_speaker_has_reviewed_it() -> None:
    tables = [table(), table(language="pl", reviewed_by=" Draft"), table(language="ro")]
    watch = Watch(tables, ("111", "116 123"))
    assert watch.calm("pl") == watch.calm("en") == watch.calm("xx") == "Calm en. Help: 111, 116 123."
    assert watch.calm("ro") == "Calm ro. Help: 111, 116 123."


def test_without_numbers_nothing_is_said_of_them() -> None:
    assert Watch([table()]).calm("en") == "Calm en."


def test_a_page_has_calm_words_of_its_own_and_names_their_language() -> None:
    watch = Watch([table(), table(language="pl", reviewed_by="draft"), table(language="ro")], ("111",))
    assert watch.calm("ro", on_page=True) == "Calm page ro. Help: 111."
    assert [watch.calm_in(language) for language in ("ro", "pl", "xx")] == ["ro", "en", "en"]
    assert watch.calm("pl", on_page=True) == "Calm page en. Help: 111."


def test_what_is_said_in_english_costs_no_dear_letters_and_names_no_subject() -> None:
    said = WATCH.calm("en")
    assert said.isascii()
    assert "999" in said
    assert not WATCH.hears(said)
    assert not {"abuse", "suicide", "harm", "hate", "safeguarding"} & set(said.casefold().split())
