"""The parts that a verdict is made of: what is left of a text, letters, lists, spelling, voters and weights."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest

from bot.language import EVERY, FULL, LABELS, LIGHT, LanguageSense, Lexicon, Script, live_voters, shipped_weights
from bot.language.everywhere import FOLDER as EVERYWHERE
from bot.language.everywhere import telling
from bot.language.labels import BY_SCRIPT
from bot.language.letters import weigh as weigh_letters
from bot.language.lexicon import FOLDER, bare
from bot.language.mix import OWN, best_group
from bot.language.romanised import fold
from bot.language.spelling import Spelling
from bot.language.text import clean

LEXICON = Lexicon.shipped()


class Stubborn:
    """A voter that always says the same."""

    def __init__(self, name: str, votes: Mapping[str, float]) -> None:
        self.name = name
        self.votes = votes
        self.asked = 0

    def vote(self, line: str, script: Script) -> Mapping[str, float]:
        """Give the same votes whatever is asked."""
        self.asked += 1
        return self.votes


@pytest.mark.parametrize(
    ("text", "words", "script"),
    [
        pytest.param("I'm OK at ST4 1HH", ("i'm", "ok", "at"), Script.LATIN, id="a postcode goes"),
        pytest.param("see https://a.example/x?y=1 please", ("see", "please"), Script.LATIN, id="a link goes"),
        pytest.param("can c u 2moro m8", ("can", "c", "u"), Script.LATIN, id="English shorthand is no Arabizi"),
        pytest.param("ana 3ayez 7aga", ("ana", "3ayez", "7aga"), Script.LATIN, id="Arabizi keeps its digits"),
        pytest.param("at 3pm on the 2nd", ("at", "on", "the"), Script.LATIN, id="times and ordinals go"),
        pytest.param("میں Hanley میں رہتا ہوں", ("میں", "میں", "رہتا", "ہوں"), Script.ARABIC, id="mixed scripts"),
        pytest.param("نمی‌دانم", ("نمی", "دانم"), Script.ARABIC, id="a Persian half-space parts words"),
        pytest.param("ｙｅｓ please", ("yes", "please"), Script.LATIN, id="full-width letters"),
        pytest.param("日本語です", (), Script.OTHER, id="kana are none of ours"),
    ],
)
def test_only_what_belongs_to_a_language_is_left(text: str, words: tuple[str, ...], script: Script) -> None:
    cleaned = clean(text)
    assert cleaned.script is script
    assert script is Script.OTHER or cleaned.words == words


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("my name is ali khan", "my name is"),
        ("per se i agree", "i agree"),
        ("hasta la vista baby", ""),
        ("hasta la casa", "hasta la casa"),
        ("", ""),
    ],
)
def test_names_and_foreign_phrases_are_taken_out(text: str, left: str) -> None:
    assert telling(text.split()) == tuple(left.split())


@pytest.mark.parametrize(
    ("text", "is_telling"),
    [("Zorbina Quell", False), ("zorbina quell", True), ("Zorbina quell", True), ("Zo Be Qu El", True), ("Zorb", True)],
)
def test_two_or_three_words_with_capitals_may_be_a_name(text: str, is_telling: bool) -> None:
    assert clean(text).is_telling is is_telling


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *(("nahi", "nahee"), ("nahi", "nahin"), ("hai", "hay"), ("acha", "achha"), ("kyon", "kyun"), ("theek", "thik")),
        *(("mujhe", "mujay"), ("raha", "rahaa"), ("karein", "karen"), ("zyada", "ziada"), ("meray", "mere")),
    ],
)
def test_spellings_of_one_roman_urdu_word_fold_together(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("hai", "ho"), ("mera", "tera"), ("karna", "marna"), ("din", "dil")])
def test_different_roman_urdu_words_stay_apart(one: str, other: str) -> None:
    assert fold(one) != fold(other)


def test_accents_are_taken_off_as_people_do() -> None:
    assert bare("żółć łódź știe größe ılık") == "zolc lodz stie grose ilik"


@pytest.mark.parametrize(
    ("word", "script", "lang"),
    [
        ("ێۆڕ", Script.ARABIC, "ckb"),
        ("ښځې", Script.ARABIC, "ps"),
        ("ےںٹ", Script.ARABIC, "ur"),
        ("أةى", Script.ARABIC, "ar"),
        ("їєґ", Script.CYRILLIC, "uk"),
        ("ыэё", Script.CYRILLIC, "ru"),
        ("ቐኸ", Script.ETHIOPIC, "ti"),
        ("őű", Script.LATIN, "hu"),
        ("ățș", Script.LATIN, "ro"),
        ("łźń", Script.LATIN, "pl"),
    ],
)
def test_letters_speak_for_their_language_and_against_the_others(word: str, script: Script, lang: str) -> None:
    weights = dict(zip(BY_SCRIPT[script], weigh_letters([word], script), strict=True))
    assert weights[lang][0] == max(own for own, _ in weights.values()) > 0
    assert weights[lang][1] == 0
    assert all(against > 0 for other, (_, against) in weights.items() if other not in (lang, "pnb"))


def test_every_language_that_shares_a_script_has_its_list() -> None:
    sharing = {label for labels in BY_SCRIPT.values() if len(labels) > 1 for label in labels}
    assert set(LEXICON.words) == sharing
    assert {label: len(words) for label, words in LEXICON.words.items() if len(words) < 150} == {}


@pytest.mark.parametrize(
    "path", [*sorted(FOLDER.glob("*.txt")), *sorted(EVERYWHERE.glob("*.txt"))], ids=lambda path: path.stem
)
def test_every_list_names_its_source_and_licence_and_holds_words_alone(path: Path) -> None:
    first, *rest = path.read_text(encoding="utf-8").splitlines()
    assert first.startswith("# ")
    assert "Own work, written for Earshot; MIT." in first
    assert [word for word in " ".join(rest).split() if word.isdigit() or "_" in word] == []


def test_a_word_counts_more_the_fewer_languages_know_it() -> None:
    known = dict(zip(BY_SCRIPT[Script.LATIN], LEXICON.weigh(["zgadzam"], Script.LATIN), strict=True))
    shared = dict(zip(BY_SCRIPT[Script.LATIN], LEXICON.weigh(["no"], Script.LATIN), strict=True))
    assert known["pl"].hits > shared["en"].hits > 0
    assert known["en"].elsewhere == 1
    assert shared["es"].elsewhere == 0


def test_spelling_tells_words_that_no_list_holds() -> None:
    spelling = Spelling(LEXICON.words)
    words = ["szczególnie", "przeciwdziałanie"]
    assert not any(LEXICON.knows(word, Script.LATIN) for word in words)
    weights = dict(zip(BY_SCRIPT[Script.LATIN], spelling.weigh(words, Script.LATIN), strict=True))
    assert max(weights, key=lambda label: weights[label]) == "pl"
    assert weights["pl"] == 0


def test_letters_that_no_list_holds_say_nothing() -> None:
    assert set(Spelling({}).weigh(["szczególnie"], Script.LATIN)) == {0.0}


def test_the_voters_are_those_that_are_installed() -> None:
    assert [voter.name for voter in live_voters(LIGHT)] == ["langdetect", "fasttext"]
    assert [voter.name for voter in live_voters(FULL)] == ["langdetect", "fasttext", "py3langid"]


@pytest.mark.parametrize("voter", live_voters(FULL), ids=lambda voter: voter.name)
def test_a_voter_finds_a_polish_sentence_and_says_it_again(voter: Stubborn) -> None:
    votes = voter.vote("nie czuję się tu bezpiecznie", Script.LATIN)
    assert max(votes, key=lambda label: votes[label]) == "pl"
    assert voter.vote("nie czuję się tu bezpiecznie", Script.LATIN) == votes


@pytest.mark.parametrize("voter", live_voters(FULL), ids=lambda voter: voter.name)
@pytest.mark.parametrize(
    ("line", "script"), [("qqqq", Script.LATIN), ("ሰላም", Script.ETHIOPIC), ("ਸਤ", Script.GURMUKHI)]
)
def test_a_voter_that_knows_nothing_says_so_without_falling_over(voter: Stubborn, line: str, script: Script) -> None:
    assert all(0 <= chance <= 1.001 for chance in voter.vote(line, script).values())


def test_with_langdetect_alone_it_still_works() -> None:
    sense = LanguageSense(voters=live_voters(["langdetect"]))
    assert [voter.name for voter in sense.voters] == ["langdetect"]
    assert sense.read("Nie czuję się tu bezpiecznie w nocy")[0].lang == "pl"


def test_without_any_voter_rules_and_lists_still_work() -> None:
    sense = LanguageSense(voters=())
    assert sense.voters == ()
    assert sense.read("mujhe raat ko yahan dar lagta hai")[0].lang == "ur-Latn"


def test_a_voter_is_heard_but_does_not_decide_alone() -> None:
    for_it = LanguageSense(voters=(Stubborn("langdetect", {"ro": 1.0}),)).read("xara vilin")[0]
    against = LanguageSense(voters=(Stubborn("langdetect", {"hu": 1.0}),)).read("xara vilin")[0]
    scores = [next(each.scores for each in verdict.why if each.source == "langdetect") for verdict in (for_it, against)]
    assert [next(iter(each)) for each in scores] == ["ro", "hu"]
    assert LanguageSense(voters=(Stubborn("langdetect", {"id": 1.0, "ro": 0.9}),)).read("yes i agree")[0].lang == "en"


def test_lingua_is_heard_where_it_is_there() -> None:
    names = ("langdetect", "fasttext", "lingua")
    sense = LanguageSense(voters=tuple(Stubborn(name, {"ro": 1.0}) for name in names))
    assert {voter.name for voter in sense.voters} == set(names)
    verdict, _ = sense.read("xara vilin")
    assert next(iter(next(each.scores for each in verdict.why if each.source == "lingua"))) == "ro"


def test_a_voter_that_is_not_installed_is_left_out() -> None:
    installed = {"langdetect", "fasttext", "py3langid"} | ({"lingua"} if find_spec("lingua") else set())
    assert {voter.name for voter in live_voters(EVERY)} == installed


def test_a_voter_is_asked_only_where_a_script_has_several_languages() -> None:
    voter = Stubborn("langdetect", {"en": 1.0})
    sense = LanguageSense(voters=(voter,))
    for text in ("2", "ST4 1HH", "😊", "ਸਤ ਸ੍ਰੀ ਅਕਾਲ", "আমি"):
        sense.read(text)
    assert voter.asked == 0
    sense.read("hello there")
    assert voter.asked == 1


def test_a_voter_without_measured_weights_is_left_out() -> None:
    kept, weights = best_group((Stubborn("unheard", {}), Stubborn("langdetect", {})), shipped_weights())
    assert [voter.name for voter in kept] == ["langdetect"]
    assert weights is shipped_weights()["langdetect"]


@pytest.mark.parametrize("group", shipped_weights())
def test_every_group_of_voters_has_all_its_weights(group: str) -> None:
    weights = shipped_weights()[group]
    assert 0.8 <= weights.switch_at < 1
    for script, labels in BY_SCRIPT.items():
        if len(labels) > 1:
            assert set(weights.scripts[script].features) == {*OWN, *group.split()}
            assert set(weights.scripts[script].languages) == set(labels)


def test_there_are_36_languages() -> None:
    assert len(LABELS) == 36
    assert {"ur-Latn", "ar-Latn", "ckb", "pa"} <= set(LABELS)
    assert "pnb" not in LABELS
