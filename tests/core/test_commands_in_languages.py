"""STOP and the commands in all languages, in any conversation: by the whole message, never inside an answer."""

import pytest

from bot.core.commands import Command, CommandKind, find_command, is_stop, may_mean_stop
from bot.core.noise import NEVER_AN_ANSWER, Noise, find_noise
from tests.core.words import LANGUAGES, WORDS, words_of

STOPS = (
    *("nie pisz", "Nie pisz!", "Proszę nie pisać", "przestańcie pisać", "Wypisz mnie", "STOP wiadomości"),
    *("nu mai scrieți", "Nu-mi mai trimiteți mesaje!", "opriți", "dezabonare", "va rog nu mai trimiteti"),
    *(
        "band karo",
        "Band kar do",
        "msg mat karo",
        "message na bhejein",
        "bas karo please",
        "plz band karo",
        "BAND KARO!!",
    ),
    *("بند کریں", "بس کریں", "بس کرو", "میسج مت کرو", "براہ کرم بند کریں", "مجھے پیغام نہ بھیجیں"),
    *("ਬੰਦ ਕਰੋ", "ਬੱਸ ਕਰੋ", "ਮੈਸੇਜ ਨਾ ਭੇਜੋ", "ਕਿਰਪਾ ਕਰਕੇ ਬੰਦ ਕਰੋ", "میسج نہ کرو", "msg na bhejo"),
    *("توقف", "توقّف", "أوقفوا الرسائل", "لا ترسلوا", "إلغاء الاشتراك", "الغاء الاشتراك", "لا تراسلوني من فضلك"),
    *("بوەستە", "نامە مەنێرن", "تکایە نامە مەنێرن", "ژمارەکەم بسڕنەوە"),
    *("বন্ধ করুন", "মেসেজ পাঠাবেন না", "দয়া করে বন্ধ করুন", "স্টপ", "bondho korun"),
    *("بند کړئ", "ودرېږئ", "پیغام مه رالېږئ", "مهرباني وکړئ بند کړئ"),
    *("متوقف کنید", "پیام نفرستید", "لطفا پیام نفرستید", "لغو اشتراک", "استاپ"),
)
ANSWERS = (
    *("nie pisz bzdur o naszym mieście", "Przestańcie wycinać drzewa", "Stop pijanym kierowcom", "nie", "nie wiem"),
    *("nu mai construiți blocuri", "opriți gropile de pe străzi", "nu"),
    *("band karo ye nashe ki dukanein", "bas stop par lights lagao", "nahi", "bijli band hai", "police ko mat roko"),
    *("بند کریں یہ فیکٹریاں", "بس سٹاپ پر روشنی", "نہیں", "بس کا کرایہ کم کریں"),
    *("ਬੰਦ ਕਰੋ ਨਸ਼ੇ ਦੀਆਂ ਦੁਕਾਨਾਂ", "ਨਹੀਂ"),
    *("توقفوا عن هدم المساجد", "أوقفوا الجريمة", "لا", "لا أعرف"),
    *("بوەستن لە بڕینی دار", "نەخێر", "نازانم"),
    *("বন্ধ করুন মাদক ব্যবসা", "না"),
    *("بند کړئ دا فابریکې", "نه"),
    *("متوقف کنید قطع درختان را", "نه", "نمیدانم"),
)


@pytest.mark.parametrize("text", STOPS)
def test_stop_is_known_in_every_language_in_every_conversation(text: str) -> None:
    for language in LANGUAGES:
        assert is_stop(text, words_of(language))
        assert find_command(text, words_of(language)) == Command(CommandKind.STOP)


@pytest.mark.parametrize("text", ANSWERS)
def test_an_answer_that_begins_like_stop_is_none(text: str) -> None:
    for language in LANGUAGES:
        assert not is_stop(text, words_of(language))
        assert find_command(text, words_of(language)) is None


def test_every_stop_phrase_counts_however_it_is_written_and_spaced() -> None:
    for table in WORDS:
        for phrase in table.stop:
            assert is_stop(f" {phrase.upper()}! ", WORDS), phrase
            assert is_stop(phrase.replace(" ", "  "), WORDS), phrase
            assert not may_mean_stop(phrase, WORDS), phrase


@pytest.mark.parametrize("text", ["koniec", "ajunge", "bas", "بس", "خلاص", "بەسە", "আর না", "ਬੱਸ", "کافيه", "کافي ده"])
def test_a_text_that_may_mean_stop_in_another_language_is_known_as_such(text: str) -> None:
    assert may_mean_stop(text, WORDS)


def test_stop_in_its_plainest_spelling_counts() -> None:
    assert is_stop("mesages band karo", WORDS)
    assert is_stop("نامە مەنیرن", WORDS)


COMMANDS = {
    "pomoc": CommandKind.HELP,
    "Proszę pomóż": CommandKind.HELP,
    "pomiń": CommandKind.SKIP,
    "więcej": CommandKind.MORE,
    "wstecz": CommandKind.BACK,
    "język": CommandKind.LANGUAGE,
    "usuń moje dane": CommandKind.DELETE,
    "treci peste": CommandKind.SKIP,
    "înapoi": CommandKind.BACK,
    "șterge": CommandKind.DELETE,
    "datele mele": CommandKind.MYDATA,
    "chhor do": CommandKind.SKIP,
    "agla sawal please": CommandKind.SKIP,
    "madad": CommandKind.HELP,
    "zubaan": CommandKind.LANGUAGE,
    "اگلا سوال": CommandKind.SKIP,
    "مدد کریں": CommandKind.HELP,
    "زبان": CommandKind.LANGUAGE,
    "ਛੱਡੋ": CommandKind.SKIP,
    "ਮਦਦ": CommandKind.HELP,
    "تخطي": CommandKind.SKIP,
    "مساعدة": CommandKind.HELP,
    "مساعده": CommandKind.HELP,
    "الخصوصية": CommandKind.PRIVACY,
    "تێپەڕە": CommandKind.SKIP,
    "یارمەتی": CommandKind.HELP,
    "এড়িয়ে যান": CommandKind.SKIP,
    "সাহায্য": CommandKind.HELP,
    "ভাষা": CommandKind.LANGUAGE,
    "پرېږدئ": CommandKind.SKIP,
    "مرسته": CommandKind.HELP,
    "رد کردن": CommandKind.SKIP,
    "کمک": CommandKind.HELP,
    "شخص جدید": CommandKind.NEW,
}


@pytest.mark.parametrize(("text", "kind"), COMMANDS.items(), ids=COMMANDS)
def test_a_command_is_found_in_any_language(text: str, kind: CommandKind) -> None:
    assert find_command(text, WORDS) == Command(kind)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        *(("zmień 3", "3"), ("zmień pytanie 3", "3"), ("zmień moją odpowiedź", ""), ("schimbă 2", "2")),
        *(("badlo 3", "3"), ("تبدیل کریں ۳", "3"), ("ਬਦਲੋ ੨", "2"), ("تغيير ٤", "4"), ("তغير", None)),
        *(("পরিবর্তন ৩", "3"), ("تغییر سوال ۵", "5"), ("zmień prawo", None)),
    ],
)
def test_change_takes_its_number_in_any_language(text: str, place: str | None) -> None:
    assert find_command(text, WORDS) == (None if place is None else Command(CommandKind.CHANGE, place))


@pytest.mark.parametrize(
    "text",
    [
        *("pomoc dla bezdomnych", "więcej autobusów", "język angielski dla wszystkich", "mai multe parcuri"),
        *("madad karo ghareeb logon ki", "اگلا بس سٹاپ", "ਮਦਦ ਕਰੋ ਗਰੀਬਾਂ ਦੀ", "مساعدة الفقراء", "کمک به مردم فقیر"),
        *("সাহায্য দরকার গরিব মানুষের", "یارمەتی هەژاران", "مرسته له بېوزلو سره"),
    ],
)
def test_an_answer_in_any_language_that_begins_like_a_command_is_none(text: str) -> None:
    for language in LANGUAGES:
        assert find_command(text, words_of(language)) is None


NOISE = {
    Noise.GREETING: ("dzień dobry", "Bună ziua!", "assalam o alaikum", "السلام علیکم", "ਸਤ ਸ੍ਰੀ ਅਕਾਲ", "سڵاو", "নমস্কার"),
    Noise.THANKS: (
        "dziękuję",
        "mulțumesc",
        "shukriya",
        "شکریہ",
        "ਧੰਨਵਾਦ",
        "شكرا جزيلا",
        "سوپاس",
        "ধন্যবাদ",
        "مننه",
        "ممنون",
    ),
    Noise.WHO_IS_THIS: ("kto to?", "cine e?", "aap kaun hain?", "من أنت؟", "ئەمە کێیە؟", "আপনি কে?", "شما کی هستید؟"),
    Noise.WRONG_NUMBER: ("pomyłka", "număr greșit", "ghalat number", "غلط نمبر", "رقم غلط", "ভুল নম্বর", "شماره اشتباه"),
    Noise.LATER: ("nie teraz", "mai târziu", "baad mein", "بعد میں", "بعدين", "دواتر", "পরে", "بعدا", "ਬਾਅਦ ਵਿੱਚ"),
}


@pytest.mark.parametrize(("noise", "text"), [(noise, text) for noise, texts in NOISE.items() for text in texts])
def test_small_talk_is_known_in_any_language(noise: Noise, text: str) -> None:
    assert find_noise(text, WORDS) is noise
    assert noise not in NEVER_AN_ANSWER


@pytest.mark.parametrize("text", ["tak", "haan ji", "nahi", "da", "ہاں", "نعم", "না", "هو", "nie wiem", "zgadzam się"])
def test_an_answer_in_any_language_is_no_noise(text: str) -> None:
    assert find_noise(text, WORDS) is None
