"""What a message says of its writer's language, and when the bot asks, switches or leaves it."""

import unicodedata

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.language import Action, Asked, Hint, LangState, LanguageSense, Script, Source, Verdict

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


def outcome(verdict: Verdict) -> tuple[str | None, float, Action]:
    """Say what a verdict comes to."""
    return verdict.lang, verdict.p, verdict.action


@pytest.mark.parametrize(("text", "lang"), SENTENCES.values(), ids=SENTENCES)
def test_a_sentence_switches_to_its_language(text: str, lang: str) -> None:
    verdict = read(text)
    assert (verdict.lang, verdict.action, verdict.offer) == (lang, Action.SWITCH, lang)


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


@pytest.mark.parametrize(("text", "lang"), [("شکریہ", "ur"), ("дякую", "uk"), ("ਧੰਨਵਾਦ", "pa"), ("مننه", "ps")])
def test_one_word_in_another_script_switches_where_a_list_knows_it(text: str, lang: str) -> None:
    assert (read(text).action, read(text).lang) == (Action.SWITCH, lang)


@pytest.mark.parametrize("text", ["da", "ne", "no", "nu", "tak", "si", "nahi", "igen", "dziękuję", "mulțumesc"])
def test_one_latin_word_never_switches_by_itself(text: str) -> None:
    assert read(text).action is not Action.SWITCH


@pytest.mark.parametrize("text", ["Ik weet het niet zeker", "Jag vet inte riktigt vad jag ska säga"])
def test_a_language_that_we_do_not_know_does_not_switch_to_one_that_we_do(text: str) -> None:
    assert read(text).action is not Action.SWITCH


@pytest.mark.parametrize("asked", [Asked.NAME, Asked.CLOSED])
def test_only_free_text_is_looked_at(asked: Asked) -> None:
    assert SENSE.read("Nie czuję się tu bezpiecznie", asked=asked) == (Verdict(), LangState())


def test_a_script_that_none_of_our_languages_uses_gets_no_verdict() -> None:
    assert outcome(read("Καλημέρα σας")) == (None, 0.0, Action.STAY)


def test_an_explicit_choice_is_never_overridden() -> None:
    state = LangState().choose("ro")
    for text, _ in SENTENCES.values():
        verdict, state = SENSE.read(text, state)
        assert verdict.action is Action.STAY
    assert (state.current, state.is_chosen) == ("ro", True)


def test_the_language_that_is_spoken_already_stays() -> None:
    assert SENSE.read("Nie czuję się tu bezpiecznie", LangState(current="pl"))[0].action is Action.STAY


def test_after_a_switch_english_leads_back() -> None:
    verdict, state = SENSE.read("Nie czuję się tu bezpiecznie w nocy")
    assert verdict.offer == "pl"
    state = state.switch("pl")
    for text in ("sorry I would rather write in English", "is there a way to do this in English please"):
        verdict, state = SENSE.read(text, state)
    assert (verdict.action, verdict.offer) == (Action.SWITCH, "en")


def test_roman_urdu_is_offered_as_urdu_where_only_that_is() -> None:
    sense = LanguageSense(offered=("en", "ur"))
    verdict, _ = sense.read("mujhe raat ko yahan dar lagta hai")
    assert (verdict.lang, verdict.offer, verdict.action) == ("ur-Latn", "ur", Action.SWITCH)


def test_a_language_that_is_not_offered_is_named_and_stays() -> None:
    verdict, _ = LanguageSense(offered=("en", "pl")).read("Necítim sa tu v noci bezpečne, pretože je tu málo ľudí")
    assert (verdict.lang, verdict.offer, verdict.action, verdict.is_unoffered) == ("sk", None, Action.STAY, True)


def test_one_language_is_asked_about_once_and_at_most_two_are() -> None:
    state = LangState()
    actions = []
    for word in ("mulțumesc", "mulțumesc", "dziękuję", "köszönöm"):
        verdict, state = SENSE.read(word, msgspec.structs.replace(state, sums={}, informative=0, run=0, words=0))
        actions.append(verdict.action)
    assert actions == [Action.ASK, Action.STAY, Action.ASK, Action.STAY]


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
    assert state.informative == (verdict.lang is not None)
    assert isinstance(verdict.script, Script)
