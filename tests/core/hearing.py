"""An ear that knows a few texts by heart, and phones on which a survey in three languages has begun."""

from bot.core.effects import NoteLanguage
from bot.core.listening import Action, Impression
from bot.core.phrases import Phrase, Phrases
from bot.core.survey import Choice, Language, Question, QuestionType, Role
from tests.core.small_surveys import survey
from tests.playing import Resident, play, resident

POLISH = Phrases(
    {
        "pl": {
            Phrase.LANGUAGE_NOW.value: "Teraz piszemy: {language}. Wyslij {back}, by wrocic.",
            Phrase.WHICH_LANGUAGE.value: "Jaki jezyk do pytania {place}?",
        }
    }
)
TALK = survey(
    Question("a", QuestionType.TEXT, {"en": "A?", "pl": "A, po polsku?"}, role=Role.OPEN),
    Question(
        "b",
        QuestionType.SELECT_ONE,
        {"en": "B?", "pl": "B, po polsku?"},
        choices=(Choice("yes", {"en": "Yes", "pl": "Tak"}), Choice("no", {"en": "No", "pl": "Wcale"})),
    ),
    Question("c", QuestionType.TEXT, {"en": "C?", "pl": "C, po polsku?"}, role=Role.OPEN),
    languages=(Language("en", "English"), Language("pl", "Polski"), Language("ur", "اردو")),
)

SOUNDS = {
    "zgadzam sie z tym planem": Impression("pl", 0.99, Action.SWITCH, known="pl"),
    "wcale": Impression("pl", 0.97, Action.SWITCH),
    "moze tak byc": Impression("pl", 0.7, Action.ASK, likely=("sk", "ur"), known="pl?"),
    "byc moze": Impression("pl", 0.7, Action.ASK),
    "nous voulons plus de bus": Impression("fr", 0.99, Action.SWITCH),
    "mujhe parks pasand hain": Impression("ur-Latn", 0.98, Action.SWITCH),
    "je ne sais pas trop": Impression("fr", 0.7, Action.ASK),
    "sti": Impression("pl", 0.7, Action.ASK),
    "more buses": Impression("en", 0.99, Action.SWITCH),
    "oh dear me": Impression("es", 0.99, Action.SWITCH, is_plain=False),
    "so so": Impression("it", 0.7, Action.ASK, likely=("en", "ur")),
}


class Ear:
    """A listener that knows a few texts by heart, and keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, str, str]] = []

    def __call__(self, text: str, known: str, hint: str, current: str) -> Impression:
        self.told.append((text, known, hint, current))
        return SOUNDS.get(text, Impression("", 0.0, Action.STAY, known=known))


def talking(ear: Ear, *texts: str) -> Resident:
    """Make a phone on which the survey has begun and these texts were sent, all heard by this ear."""
    phone = resident(TALK, listener=ear, phrases=POLISH)
    play(phone, ["parks", *texts])
    return phone


def wishes(phone: Resident) -> list[str]:
    """List the languages that were noted as wished for."""
    return [e.language for outcome in phone.outcomes for _, e in outcome.effects if isinstance(e, NoteLanguage)]
