"""What a message says of its writer's language, and when the bot asks, switches or leaves it."""

import time
import unicodedata
from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.language import Action, Hint, LangState, LanguageSense, Lexicon, Script, Source, Verdict
from bot.language.text import clean

SENSE = LanguageSense()

SENTENCES = {
    "Polish": ("Nie czuję się tu bezpiecznie w nocy", "pl"),
    "Polish without accents": ("nie czuje sie tu bezpiecznie w nocy", "pl"),
    "Romanian": ("Nu mă simt în siguranță pe stradă", "ro"),
    "Romanian without accents": ("nu ma simt in siguranta pe strada noaptea", "ro"),
    "Urdu": ("میں رات کو یہاں محفوظ محسوس نہیں کرتا", "ur"),
    "Roman Urdu": ("mujhe raat ko yahan dar lagta hai", "ur-Latn"),
    "Roman Urdu in another spelling": ("mujay rat ko yahaan darr lagta hay", "ur-Latn"),
    "Punjabi in Gurmukhi": ("ਮੈਨੂੰ ਇੱਥੇ ਚੰਗਾ ਲੱਗਦਾ ਹੈ", "pa"),
    "Punjabi in Shahmukhi, answered in Urdu": ("مینوں ایتھے بوہت چنگا لگدا اے", "ur"),
    "Arabic": ("لا أشعر بالأمان في الشارع ليلا", "ar"),
    "Arabizi": ("ana mesh 7ases b aman hena b el leil", "ar-Latn"),
    "Sorani": ("من لێرە هەست بە ئارامی ناکەم", "ckb"),
    "a Sorani phrase": ("سەرجەم ڕازیم", "ckb"),
    "Kurmanji": ("Ez li vir xwe ewle hîs nakim", "kmr"),
    "Bengali": ("আমি এখানে নিরাপদ বোধ করি না", "bn"),
    "Pashto": ("زه دلته د شپې ځان خوندي نه احساسوم", "ps"),
    "Persian": ("من شب‌ها اینجا احساس امنیت نمی‌کنم", "fa"),
    "Ukrainian": ("Я не відчуваю себе тут безпечно", "uk"),
    "Russian": ("Я не чувствую себя здесь в безопасности", "ru"),
    "Tigrinya": ("ኣብዚ ከተማ ድሕነት ኣይስምዓንን እዩ", "ti"),
    "Amharic": ("በዚህ ከተማ ውስጥ ደህንነት አይሰማኝም", "am"),
    "Slovak": ("Necítim sa tu v noci bezpečne, pretože je tu málo ľudí", "sk"),
    "Lithuanian": ("Naktį čia nesijaučiu saugiai", "lt"),
}

ENGLISH = {
    "agreement": "yes i agree",
    "a feeling": "I don't feel safe round here at night",
    "Stoke": "ay up duck its nowt to do with me",
    "texting": "dunno m8 cant be botherd 2moro",
    "a place": "Hanley and Tunstall need more buses",
    "an ordinal": "2nd one",
    "a protest": "Stop the boats",
    "dismay": "oh dear",
}

NO_EVIDENCE = {
    "a Pakistani name": "Imran Khan",
    "a name with a title": "Mr Khan",
    "a name of three parts": "mohammed ali khan",
    "a Kurdish name": "karwan ali",
    "a name that is a Turkish word": "sana malik",
    "an English name": "John Paul",
    "a name that no list has": "Zorbina Quell",
    "a name in Arabic letters": "محمد علي",
    "one name in Arabic letters": "علي",
    "a football ground": "Port Vale",
    "a part of the town": "Abbey Hulton",
    "a greeting": "Asalam alaikum",
    "a greeting in Arabic letters": "السلام علیکم",
    "a wish for a holiday": "Jumma mubarak",
    "faith": "insha allah",
    "Latin in English": "per se",
    "more Latin in English": "et cetera",
    "French in English": "c'est la vie",
    "a football song": "Vale til I die",
    "humming": "la di da",
}

NOTHING = {
    "a digit": "2",
    "two digits": "18-24",
    "an Eastern digit": "۳",
    "letters of choices": "A, C",
    "an emoji": "😊👍🏽",
    "a keycap": "2️⃣",
    "a postcode": "ST4 1HH",
    "a postcode without its space": "st41hh",
    "an outward postcode": "ST6",
    "a link": "https://www.stoke.gov.uk/consult",
    "an address": "anna.nowak@example.com",
    "laughter": "hahaha",
    "an okay": "Ok 👍",
    "nothing": "",
    "dots": "...",
    "a year": "1985",
    "a time": "7:30",
}

FREE = st.text(max_size=60)
KNOWN = st.sampled_from([text for text, _ in SENTENCES.values()] + list(ENGLISH.values()))


def read(text: str) -> Verdict:
    """Read one text by itself, with every language offered."""
    return SENSE.read(text)[0]


class Known:
    """A voter that always says the same."""

    def __init__(self, name: str, votes: Mapping[str, float]) -> None:
        self.name = name
        self.votes = votes

    def vote(self, line: str, script: Script) -> Mapping[str, float]:
        """Give the same votes whatever is asked."""
        return self.votes


def outcome(verdict: Verdict) -> tuple[str | None, float, Action]:
    """Say what a verdict comes to."""
    return verdict.lang, verdict.p, verdict.action


@pytest.mark.parametrize(("text", "lang"), SENTENCES.values(), ids=SENTENCES)
def test_a_sentence_switches_to_its_language(text: str, lang: str) -> None:
    verdict = read(text)
    assert (verdict.lang, verdict.action, verdict.is_plain) == (lang, Action.SWITCH, True)


@pytest.mark.parametrize("text", ENGLISH.values(), ids=ENGLISH)
def test_english_stays(text: str) -> None:
    verdict = read(text)
    assert (verdict.lang, verdict.action) == ("en", Action.STAY)


@pytest.mark.parametrize("text", NOTHING.values(), ids=NOTHING)
def test_what_is_in_no_language_gets_no_verdict(text: str) -> None:
    assert outcome(read(text)) == (None, 0.0, Action.STAY)


def test_what_is_in_no_language_leaves_the_evidence_as_it_was() -> None:
    _, state = SENSE.read("Nie wiem")
    assert SENSE.read("ST4 1HH", state)[1] == state


@pytest.mark.parametrize(
    "text", ["Agnieszka", "agnieszka", "Piotr Kowalski", "Łukasz", "Andrei Popescu", "Fatima", "Олена", "محمد"]
)
def test_a_name_does_not_switch(text: str) -> None:
    assert read(text).action is Action.STAY


@pytest.mark.parametrize("text", NO_EVIDENCE.values(), ids=NO_EVIDENCE)
def test_what_people_write_in_any_language_is_no_evidence_of_one(text: str) -> None:
    before = SENSE.read("more buses and more parks")[1]
    verdict, state = SENSE.read(text, before)
    assert (verdict.action, state) == (Action.STAY, before)


@pytest.mark.parametrize("text", ["My name is Ali Khan", "Eid mubarak to all", "I live in Abbey Hulton duck"])
def test_a_name_or_a_greeting_in_an_english_sentence_leaves_it_english(text: str) -> None:
    assert (read(text).lang, read(text).action) == ("en", Action.STAY)


def test_a_greeting_before_a_sentence_leaves_it_in_its_language() -> None:
    verdict = read("salam mujhe raat ko yahan dar lagta hai")
    assert (verdict.lang, verdict.action) == ("ur-Latn", Action.SWITCH)


@pytest.mark.parametrize(("text", "is_plain"), [("oh la la", False), ("je ne sais pas", True), ("дякую", True)])
def test_a_few_latin_words_are_too_little_to_speak_of_a_language(text: str, is_plain: bool) -> None:
    assert read(text).is_plain is is_plain


def test_a_spelling_alone_is_no_known_word_of_roman_urdu() -> None:
    lexicon = Lexicon.shipped()
    assert lexicon.knowing(["mujhe", "xyzzy"], Script.LATIN) == {"ur-Latn"}
    assert "ur-Latn" not in lexicon.knowing(["lagtaa"], Script.LATIN)
    assert "ro" in lexicon.knowing(["stiu"], Script.LATIN)


@pytest.mark.parametrize(("text", "lang"), [("شکریہ", "ur"), ("дякую", "uk"), ("ਧੰਨਵਾਦ", "pa"), ("مننه", "ps")])
def test_one_word_in_another_script_switches_where_a_list_knows_it(text: str, lang: str) -> None:
    assert (read(text).action, read(text).lang) == (Action.SWITCH, lang)


@pytest.mark.parametrize("text", ["da", "ne", "no", "nu", "tak", "si", "nahi", "igen", "dziękuję", "mulțumesc"])
def test_one_latin_word_never_switches_by_itself(text: str) -> None:
    assert read(text).action is not Action.SWITCH


@pytest.mark.parametrize("text", ["Ik weet het niet zeker", "Jag vet inte riktigt vad jag ska säga"])
def test_a_language_that_we_do_not_know_does_not_switch_to_one_that_we_do(text: str) -> None:
    assert read(text).action is not Action.SWITCH


def test_a_script_that_none_of_our_languages_uses_gets_no_verdict() -> None:
    assert outcome(read("Καλημέρα σας")) == (None, 0.0, Action.STAY)


def test_the_language_that_is_spoken_already_stays() -> None:
    assert SENSE.read("Nie czuję się tu bezpiecznie", LangState(current="pl"))[0].action is Action.STAY


def test_after_a_switch_english_leads_back() -> None:
    verdict, state = SENSE.read("Nie czuję się tu bezpiecznie w nocy")
    assert verdict.lang == "pl"
    state = msgspec.structs.replace(state, current="pl")
    for text in ("sorry I would rather write in English", "is there a way to do this in English please"):
        verdict, state = SENSE.read(text, state)
    assert (verdict.action, verdict.lang) == (Action.SWITCH, "en")


def test_short_messages_that_agree_switch_together() -> None:
    state = LangState()
    actions = []
    for word in ("mulțumesc", "dumneavoastră", "foarte", "bine"):
        verdict, state = SENSE.read(word, state)
        actions.append(verdict.action)
    assert actions[0] is Action.ASK
    assert Action.SWITCH in actions[2:]


def test_a_hint_makes_its_language_likelier_and_english_hardly_any() -> None:
    plain = read("no se puede").p
    hinted = SENSE.read("no se puede", hint=Hint("es-MX"))[0]
    poster = SENSE.read("no se puede", hint=Hint("es", Source.POSTER))[0]
    english = SENSE.read("no se puede", hint=Hint("en-GB"))[0]
    assert plain < hinted.p < poster.p
    assert english.lang == "es"
    assert plain - english.p < 0.1


def test_a_hint_alone_is_no_verdict() -> None:
    assert outcome(SENSE.read("4", hint=Hint("pl", Source.POSTER))[0]) == (None, 0.0, Action.STAY)


def test_a_hint_against_the_text_does_not_switch() -> None:
    assert SENSE.read("I agree with most of this", hint=Hint("pl"))[0].action is Action.STAY


def test_a_verdict_says_what_every_source_found() -> None:
    sources = {each.source: each.scores for each in read("Nie czuję się tu bezpiecznie").why}
    assert {"together", "hits", "spelling", "letters for", "letters against", "langdetect"} <= set(sources)
    assert next(iter(sources["together"])) == "pl"


def test_the_state_goes_through_json() -> None:
    _, state = SENSE.read("Nie wiem co powiedzieć")
    assert msgspec.json.decode(msgspec.json.encode(state), type=LangState) == state
    assert state.sums["pl"] == 0.0


@pytest.mark.parametrize("text", [text for text, _ in SENTENCES.values()] + ["da", "nie wiem", "no se puede"])
def test_more_of_the_same_never_lowers_a_chance(text: str) -> None:
    state, chances = LangState(), []
    for _ in range(5):
        verdict, state = SENSE.read(text, state)
        chances.append(verdict.p)
    assert chances == sorted(chances)


@given(FREE | KNOWN)
@settings(max_examples=60, deadline=None)
def test_the_same_text_gets_the_same_verdict(text: str) -> None:
    assert read(text) == LanguageSense().read(text)[0]


@given(KNOWN)
@settings(max_examples=40, deadline=None)
def test_upper_and_lower_case_are_alike(text: str) -> None:
    assert outcome(read(text.upper())) == outcome(read(text.lower()))


@given(KNOWN)
@settings(max_examples=40, deadline=None)
def test_composed_and_decomposed_letters_are_alike(text: str) -> None:
    assert outcome(read(unicodedata.normalize("NFD", text))) == outcome(read(unicodedata.normalize("NFC", text)))


@given(st.text(alphabet=st.characters(categories=("Nd", "No", "So", "Sk", "Po", "Zs")), max_size=30))
@settings(max_examples=100, deadline=None)
def test_text_without_letters_gets_no_verdict(text: str) -> None:
    assume(not any(char.isalpha() for char in unicodedata.normalize("NFKC", text)))
    verdict = read(text)
    assert (verdict.lang, verdict.action) == (None, Action.STAY)


@given(FREE)
@settings(max_examples=100, deadline=None)
def test_any_text_can_be_read(text: str) -> None:
    verdict, state = SENSE.read(text)
    assert 0.0 <= verdict.p <= 1.0
    assert (verdict.lang is None) == (verdict.p == 0.0)
    assert state.informative <= (verdict.lang is not None)
    assert isinstance(verdict.script, Script)


def test_one_word_again_and_again_is_too_little_to_switch() -> None:
    state = LangState()
    for said in (1, 2):
        verdict, state = SENSE.read("dziękuję", state)
        assert (verdict.action, state.words) == (Action.ASK, said)
    assert SENSE.read("dziękuję", state)[0].action is Action.SWITCH


def test_what_was_written_before_does_not_switch_where_the_newest_text_says_otherwise() -> None:
    state = LangState()
    for text in ("Nie czuję się tu bezpiecznie w nocy", "nie wiem co powiedzieć", "wszystko jest bardzo dobrze"):
        _, state = SENSE.read(text, state)
    verdict, _ = SENSE.read("no se puede", state)
    assert verdict.lang == "pl"
    assert verdict.action is not Action.SWITCH


def test_a_voter_that_finds_a_language_that_is_not_ours_stops_a_switch() -> None:
    text, ours, dutch = "wszystko jest dobrze", {"pl": 1.0}, {"nl": 0.9, "pl": 0.1}
    heard = [LanguageSense(voters=(Known("langdetect", votes),)).read(text)[0] for votes in (ours, dutch)]
    assert [verdict.lang for verdict in heard] == ["pl", "pl"]
    assert heard[0].action is Action.SWITCH
    assert heard[1].action is not Action.SWITCH


def test_an_english_app_counts_little_and_a_polish_one_much() -> None:
    sources = [SENSE.read("no se puede", hint=Hint(code))[0].why[-1].scores[code] for code in ("en", "pl")]
    assert sources[0] < sources[1] / 4


def test_the_evidence_of_a_long_talk_can_still_be_overcome() -> None:
    state = LangState()
    for _ in range(30):
        _, state = SENSE.read("Nie czuję się tu bezpiecznie w nocy", state)
    assert min(state.sums.values()) >= -10.5 / 0.7 - 0.01


def test_a_text_that_is_all_dots_is_read_at_once() -> None:
    began = time.perf_counter()
    clean("a-b." * 20_000)
    assert time.perf_counter() - began < 1
