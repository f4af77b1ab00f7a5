"""Languages beside one another: the conversation's own first, then English, then any other, and never a guess."""

import pytest

from bot.core.reading import Asked, Chosen, Declined, Number, Option, Unclear, read_exactly, read_reply
from bot.core.reading.lexicon import lexicon
from bot.core.reading.normalise import fold, key
from bot.core.reading.tongues import near, other_tongues, own_spelling, respell, tongues_of
from bot.core.survey import QuestionType
from bot.core.words import Scale, WordTable, in_order
from tests.core.test_reading_replies import OTHERS, REPLIES, UNCLEAR
from tests.core.words import AGREEMENT, TODAY, WORDS, YES_NO, asked, words_of

YES_OR_NO = {reply.language: reply.asked for reply in (*REPLIES, *OTHERS) if reply.question == "yes or no"}
HOW_FAR = {reply.language: reply.asked for reply in (*REPLIES, *OTHERS) if reply.question == "how far do you agree"}
AGREES = {"sa", "a", "strongly_agree", "agree"}
DISAGREES = {"sd", "d", "strongly_disagree", "disagree"}
every_language = pytest.mark.parametrize("table", WORDS, ids=[table.language for table in WORDS])


def codes(question: Asked, text: str, language: str = "en") -> tuple[str, ...]:
    reading = read_reply(question, text, words_of(language))
    return reading.codes if isinstance(reading, Chosen) else ()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *(("tak", "yes"), ("da", "yes"), ("haan ji", "yes"), ("ہاں", "yes"), ("ਹਾਂ ਜੀ", "yes"), ("نعم", "yes")),
        *(("بەڵێ", "yes"), ("হ্যাঁ", "yes"), ("هو", "yes"), ("بله", "yes"), ("taaak!", "yes"), ("hanji", "yes")),
        *(("nie", "no"), ("nu, mulțumesc", "no"), ("nahi", "no"), ("naheen", "no"), ("لا", "no"), ("نەخێر", "no")),
    ],
)
def test_a_plain_yes_or_no_of_any_language_is_read_in_an_english_conversation(text: str, code: str) -> None:
    assert codes(YES_NO, text) == (code,)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *(("zgadzam sie", "agree"), ("nie zgadzam się", "disagree"), ("sunt de acord", "agree")),
        *(("main mutafiq hoon", "agree"), ("muttaffiq", "agree"), ("haan agree", "agree"), ("bohat agree", "")),
        *(("سەرجەم ڕازیم", "strongly_agree"), ("لا أوافق", "disagree"), ("کاملا موافقم", "strongly_agree")),
        *(("pata nahi", "dont_know"), ("nie wiem", "dont_know"), ("trzy", "neither_agree_nor_disagree")),
        *(("druga", "agree"), ("nie, zgadzam się", ""), ("nahi agree", ""), ("agree nahi", "")),
    ],
)
def test_grades_of_another_language_are_read_beside_english_labels(text: str, code: str) -> None:
    assert codes(AGREEMENT, text) == ((code,) if code else ())


def test_what_was_not_read_in_the_conversations_language_is_less_sure() -> None:
    own, other = (read_reply(YES_NO, text, words_of("en")) for text in ("yeah", "tak"))
    assert isinstance(own, Chosen)
    assert isinstance(other, Chosen)
    assert own.rule == other.rule
    assert other.confidence < own.confidence
    assert read_exactly(YES_NO, "tak", words_of("en")) is None
    assert read_exactly(YES_NO, "tak", words_of("pl")) is not None


@pytest.mark.parametrize(("language", "meant"), [("en", ("no",)), ("ur", ("no",)), ("pl", ()), ("ro", ())])
def test_no_is_asked_again_where_it_is_a_kind_of_yes(language: str, meant: tuple[str, ...]) -> None:
    assert codes(YES_OR_NO[language], "no", language) == meant
    assert codes(YES_OR_NO[language], "no 1", language) == ()


@pytest.mark.parametrize("text", ["tin", "teen", "sat", "d", "ha", "normal", "exact", "to agree", "ya ya 2", "sola"])
def test_an_english_word_is_not_read_as_another_languages_answer(text: str) -> None:
    assert isinstance(read_reply(AGREEMENT, text, words_of("en")), Unclear) or text == "d"
    assert isinstance(read_reply(asked("Yes", "No", "Perhaps", "Never"), text, words_of("en")), Unclear) or text == "d"


NUMBER = asked(type=QuestionType.INTEGER)


def test_a_number_word_means_what_it_means_in_the_conversations_language() -> None:
    for language, value in (("ar", 6), ("pa", 7)):
        reading = read_reply(NUMBER, "ست", words_of(language))
        assert isinstance(reading, Number)
        assert reading.value == value


def test_what_two_other_languages_read_differently_is_unclear() -> None:
    assert isinstance(read_reply(NUMBER, "ست", words_of("en")), Unclear)
    assert isinstance(read_reply(NUMBER, "trzydzieści cztery", words_of("ur")), Number)


def test_two_languages_that_read_the_same_agree() -> None:
    date = asked(type=QuestionType.DATE)
    for text in ("وتوبر", "3 اکتوبر 2024"):
        reading = read_reply(date, text, words_of("en"))
        assert isinstance(reading, Unclear) == (text == "وتوبر")
    assert isinstance(read_reply(date, "nie chcę odpowiadać", words_of("en")), Declined)
    assert isinstance(read_reply(date, "wczoraj", words_of("en")), type(read_reply(date, "3/5/2024", words_of("en"))))


SHAPES = ("{n} {p}", "{p} {n}", "{n}, {p}", "{s} {n} {p}", "{s} {p} {n}", "{n} {s} {p}")


@every_language
def test_a_negation_never_lets_agreement_through(table: WordTable) -> None:
    agree = next(scale for scale in table.scales if scale.name == "agree")
    strong = sorted(table.strong)[0]
    for negation in table.negations:
        for phrase in sorted(agree.positive)[:8]:
            for shape in SHAPES:
                text = shape.format(n=negation, p=phrase, s=strong)
                assert not AGREES & set(codes(HOW_FAR[table.language], text, table.language)), text


FAR = ("Strongly agree", "Agree", "Disagree", "Strongly disagree", "Don't know")
UNTABLED = {
    "pt": ("Concordo plenamente", "Concordo", "Não estou de acordo", "Discordo plenamente", "Não sei"),
    "ru": ("Полностью согласен", "Согласен", "Не согласен", "Совсем не согласен", "Не знаю"),
    "fr": ("Tout à fait d'accord", "D'accord", "Pas vraiment d'accord", "Pas du tout d'accord", "Ne sait pas"),
    "tr": ("Tamamen katılıyorum", "Katılıyorum", "Aynı görüşte değilim", "Hiç katılmıyorum", "Bilmiyorum"),
}


@pytest.mark.parametrize(
    ("language", "text", "meant"),
    [
        *(("pt", "estou de acordo", ""), ("pt", "não estou de acorda", "disagree"), ("pt", "sei", "")),
        *(("ru", "совсем согласен", ""), ("ru", "совсем не согласн", "strongly_disagree"), ("ru", "знаю", "")),
        *(("fr", "vraiment d'accord", ""), ("fr", "du tout d'accord", ""), ("fr", "pas vraiment daccor", "disagree")),
        *(
            ("tr", "aynı görüşte değlim", "disagree"),
            ("tr", "aynıgörüşte değilim", "disagree"),
        ),
    ],
)
def test_a_slip_drops_no_word_of_a_language_without_a_table(language: str, text: str, meant: str) -> None:
    labels = zip(UNTABLED[language], FAR, strict=True)
    options = tuple(Option(key(en).replace(" ", "_"), place, (own, en)) for place, (own, en) in enumerate(labels, 1))
    question = Asked(QuestionType.SELECT_ONE, options, None, TODAY)
    assert codes(question, text) == ((meant,) if meant else ())


@every_language
def test_no_language_turns_anothers_answer_round(table: WordTable) -> None:
    agree = next(scale for scale in table.scales if scale.name == "agree")
    for language in YES_OR_NO:
        for wrong, phrases in (({"no"}, table.yes), ({"yes"}, table.no)):
            for phrase in phrases:
                assert not wrong & set(codes(YES_OR_NO[language], phrase, language)), (language, phrase)
        for turned, phrases in ((DISAGREES, agree.positive), (AGREES, agree.negative)):
            for phrase in sorted(phrases)[:8]:
                assert not turned & set(codes(HOW_FAR[language], phrase, language)), (language, phrase)


@pytest.mark.parametrize("language", sorted(YES_OR_NO))
def test_what_is_unclear_in_its_own_language_is_no_yes_in_another(language: str) -> None:
    texts = [reply.text for reply in OTHERS if reply.question == "yes or no" and reply.meant == UNCLEAR]
    # An Urdu road is "it is true" in Kurdish, an Urdu "at last" is the last in Arabic, an Arabic "I see" a Dari yes.
    plain_elsewhere = {"no", "No", "no no", "no, no", "ya", "یا", "هو نه", "راستہ", "آخر", "أرى"}
    for text in set(texts) - plain_elsewhere:
        assert codes(YES_OR_NO[language], text, language) == (), text


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        *(("zdecydowanie nie zgadzam się", "sd"), ("nie zgadzam się zdecydowanie", ""), ("raczej nie zgadzam się", "")),
        *(("zdecydowanie się zgadzam", "sa"), ("nie zdecydowanie się zgadzam", ""), ("nei zgadzam się", "")),
    ],
)
def test_strength_belongs_to_disagreement_only_before_its_not(text: str, meant: str) -> None:
    assert codes(HOW_FAR["pl"], text, "pl") == ((meant,) if meant else ())


@pytest.mark.parametrize(
    ("language", "text"), [("ro", "dexacord"), ("ro", "de zacord"), ("ro", "dezacord"), ("ur", "متفقن ہیں")]
)
def test_a_slip_never_turns_disagreement_into_agreement(language: str, text: str) -> None:
    assert not AGREES & set(codes(HOW_FAR[language], text, language))


def test_a_grade_that_no_label_gives_is_not_the_next_best_one() -> None:
    vision = asked("Agree", "Disagree", "Anything but that")
    assert codes(vision, "strongly disagree") == ()
    assert codes(asked("Agree", "Disagree"), "strongly disagree") == ("disagree",)


def test_a_free_spelling_is_compared_in_one_form() -> None:
    spelling = tuple(words_of("ur-Latn")[0].spelling.items())
    assert {respell(word, spelling) for word in ("nahee", "naahi", "nahi", "nahhi")} == {"nahi"}
    assert respell("too good", ()) == "too good"
    assert own_spelling(words_of("pl")) is None
    assert own_spelling(()) is None
    assert own_spelling(words_of("ckb")) is not None


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        *(("paanch", "sd"), ("dusraa", "a"), ("mutaffiq hun", "a"), ("ghayr mutafiq", "d"), ("patta nahee", "dk")),
        *(("air mutafiq", ""), ("aye", ""), ("mutafiq nahee", "d"), ("mootafiq", "a")),
    ],
)
def test_roman_urdu_is_read_however_it_is_spelt(text: str, meant: str) -> None:
    assert codes(HOW_FAR["ur-Latn"], text, "ur-Latn") == ((meant,) if meant else ())


def test_labels_are_compared_in_the_free_spelling_too() -> None:
    question = asked("Mehfooz", "Ghair mehfooz", "Sirf din mein")
    assert codes(question, "sirf deen main", "ur-Latn") == ("sirf_din_mein",)


def test_what_two_words_become_in_the_free_spelling_means_neither() -> None:
    table = WordTable(
        language="xx",
        reviewed_by="nobody yet",
        yes=frozenset({"saa", "hoo"}),
        no=frozenset({"sa", "soo sa"}),
        numbers={"boot": 1, "but": 2, "beet": 3},
        scales=(Scale("agree", frozenset({"goot"}), frozenset({"baat"})),),
        same={"moon": frozenset({"luun"})},
        spelling={"oo": "u", "ee": "i"},
    )
    own = own_spelling((table,))
    assert own is not None
    assert own.tables[0].yes == {"saa", "hoo"}  # a stump of two letters is nothing
    assert own.tables[0].no == {"sa", "soo sa"}
    assert own.tables[0].numbers == {"bit": 3}
    assert own.tables[0].same == {"mun": {"lun"}}
    assert own.tables[0].scales == (Scale("agree", frozenset({"gut"}), frozenset({"bat"})),)


def test_a_yes_that_becomes_a_no_in_the_free_spelling_is_neither() -> None:
    table = WordTable("xx", "nobody yet", yes=frozenset({"saat"}), no=frozenset({"sat", "no"}), spelling={"oo": "u"})
    own = own_spelling((table,))
    assert own is not None
    assert own.tables[0].yes == frozenset()
    assert own.tables[0].no == {"no"}


def test_other_languages_are_looked_up_only_for_short_texts_of_known_words() -> None:
    words = words_of("en")
    assert [tongue.tables[-1].language for tongue in tongues_of(AGREEMENT, fold("zgadzam sie"), words)] == ["pl"]
    assert list(tongues_of(AGREEMENT, fold("zgadzam sie z burmistrzem"), words)) == []
    assert list(tongues_of(AGREEMENT, fold("agree with the bins"), words)) == []
    assert list(tongues_of(AGREEMENT, fold("tak " * 20), words)) == []
    assert list(tongues_of(AGREEMENT, "", words)) == []


def test_the_conversations_language_and_english_are_always_read() -> None:
    assert [table.language for table in near(words_of("pl"))] == ["pl", "en"]
    assert [table.language for table in near(words_of("en"))] == ["en"]
    assert near(()) == ()
    assert sum(len(tongues) for _, _, tongues in other_tongues(words_of("pl"))) == len(WORDS) - 2


def test_a_yes_of_one_language_is_no_wrapping_of_another() -> None:
    one = WordTable("xx", "nobody yet", yes=frozenset({"oj"}), no=frozenset({"nej"}))
    other = WordTable("yy", "nobody yet", before=frozenset({"oj", "well"}), after=frozenset({"nej"}))
    merged = lexicon(in_order((one, other), "xx"))
    assert merged.before == {"well"}
    assert merged.after == frozenset()
