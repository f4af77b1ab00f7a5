"""Phones on which a survey has begun, for tests of the core."""

from bot.core.message import Heard, Message
from bot.core.survey import Choice, Language, Question, QuestionType, Role, Start, SurveyDefinition
from tests.core.small_surveys import AGREEMENT, one, question, survey, words_question
from tests.playing import Resident, play, resident

PARKS = survey(
    one("use_parks", "Do you use the parks?"),
    one("agree", "The parks are looked after well.", AGREEMENT),
    words_question("better", "What would make them better?"),
)
WORDS_FIRST = survey(words_question("better", "What would make them better?"), *PARKS.questions[:2])
AGE = question("age", QuestionType.INTEGER, "How old are you?")
CONFIRM = survey(*PARKS.questions, start=Start.CONFIRM, organisation={"en": "The council"})
TONGUES = survey(
    Question(
        "a",
        QuestionType.SELECT_ONE,
        {"en": "A?", "pl": "A po polsku?"},
        choices=(Choice("yes", {"en": "Yes", "pl": "Tak"}), Choice("no", {"en": "No"})),
    ),
    Question("b", QuestionType.TEXT, {"en": "B?"}, role=Role.OPEN),
    languages=(Language("en", "English"), Language("pl", "Polski"), Language("ur", "اردو")),
)
BUSES = survey(
    one("ride", "Do you take the bus?"),
    words_question("where", "Where to?"),
    id="buses",
    keyword="BUS",
    title={"en": "Our buses"},
)


def begun(*texts: str, of: SurveyDefinition = PARKS) -> Resident:
    """Make a phone on which the survey has begun and these texts were sent."""
    phone = resident(of)
    play(phone, [of.keywords[0], *texts])
    return phone


def tap(phone: Resident, label: str, *, back: int = 0, choice_id: str | None = None, text: str | None = None) -> str:
    """Tap the newest button of that label, or the one that many before it."""
    seen = [o.id for outcome in phone.outcomes for say in outcome.says for o in say.options if o.label == label]
    chosen = choice_id if choice_id is not None else seen[-1 - back]
    sent = label if text is None else text
    return phone.send(Message(phone.at, Heard.TAP, sent, "sms", "sms", phone.short, choice_id=chosen))
