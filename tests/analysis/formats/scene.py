"""A survey with every type of question and answers that are hard on a file, for each format to carry whole."""

from bot.core.survey import Choice, QuestionType, Role
from storage.script import Database
from tests.analysis.filling import BEGAN, MINUTE, Answer, Response, ask, keep, publish, version

BANDS = (
    Choice("16", {"en": "16 to 24", "ur": "16 سے 24"}),
    Choice("25", {"en": "25 and over"}),
    Choice("-99", {"en": "Prefer not to say"}),
)
SAFE = (Choice("yes", {"en": "Yes", "ur": "ہاں"}), Choice("no", {"en": "No", "ur": "نہیں"}))
NEEDS = (Choice("lights", {"en": "More lights, soon"}), Choice("buses", {"en": "Buses"}))
WHOLE = version(
    "1",
    ask("safe", choices=SAFE, label={"en": "Do you feel safe?", "ur": "کیا آپ محفوظ محسوس کرتے ہیں؟"}),
    ask("needs", QuestionType.SELECT_MULTIPLE, choices=NEEDS),
    ask("why", QuestionType.TEXT, role=Role.OPEN),
    ask("years", QuestionType.INTEGER),
    ask("rate", QuestionType.DECIMAL),
    ask("moved", QuestionType.DATE),
    ask("band", choices=BANDS, role=Role.DEMOGRAPHIC, label={"en": "How old are you?"}),
    ask("sum", QuestionType.CALCULATE),
)
HARD = '=1+1 \U0001f600 ‮ہاں، "بالکل"\r\nsecond\x0bline, 07700 900123'
HARD_MASKED = HARD.replace("07700 900123", "[phone]")
FULL = Response(
    "aa01",
    campaign="mosque",
    completed=BEGAN + 6 * MINUTE,
    core=(3, 3),
    answers=[
        Answer("safe", "1", "yes"),
        Answer("needs", "2 1", "buses", item="buses"),
        Answer("needs", "2 1", "lights", item="lights"),
        Answer("why", HARD),
        Answer("years", "34", number=34.0),
        Answer("rate", "2.5", number=2.5),
        Answer("moved", "3 May", "2021-05-03"),
        Answer("band", "3", "-99"),
        Answer("sum", None, "17"),
    ],
)
SPARSE = Response(
    "bb02",
    source="whatsapp",
    began=BEGAN + 90 * MINUTE,
    answers=[
        Answer("safe", None, state="skipped"),
        Answer("years", "-5", number=-5.0),
        Answer("rate", "dunno", state="unparsed"),
        Answer("band", None, state="refused"),
        Answer("why", "-"),
    ],
)
EMPTY = Response("cc03", began=BEGAN + 91 * MINUTE, source="telegram")


async def filled(database: Database, *more: Response) -> None:
    """Publish the survey and keep its responses, and more."""
    await database.run(publish(WHOLE))
    await database.run(keep(FULL, SPARSE, EMPTY, *more))
