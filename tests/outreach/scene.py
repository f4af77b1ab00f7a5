"""A survey that says all it must, published, and campaigns made for it."""

from dataclasses import replace
from datetime import UTC, datetime

from bot.core.survey import Choice, Language, SurveyDefinition
from bot.outreach.campaigns import CampaignState, Wanted, change, create
from storage import surveys
from storage.campaigns import CampaignRow
from storage.script import Database, Fetch, Row, Script
from tests.core.small_surveys import one, survey, words_question

NOON = int(datetime(2026, 1, 14, 12, tzinfo=UTC).timestamp() * 1000)
DAY = 24 * 60 * 60 * 1000

YES_NO = (Choice("yes", {"en": "Yes", "ur": "جی ہاں"}), Choice("no", {"en": "No", "ur": "نہیں"}))
PARKS: SurveyDefinition = survey(
    one("use", "Do you use the parks?", YES_NO),
    one("ward", "Where do you live?", (Choice("hanley", {"en": "Hanley"}), Choice("elsewhere", {"en": "Elsewhere"}))),
    words_question("better", "What would make them better?"),
    languages=(Language("en", "English"), Language("ur", "اردو"), Language("pl", "Polski")),
    draft_languages=("pl",),
    organisation={"en": "Stoke-on-Trent City Council"},
    privacy_url="council.example/privacy",
    verify_url="council.example/real",
    contact={"en": "01632 960123"},
    closes="2026-03-31",
    min_age=16,
)
BARE = replace(PARKS, id="bare", keywords=("BARE",), closes="", min_age=None, organisation={}, contact={})


async def publish(database: Database, definition: SurveyDefinition = PARKS) -> None:
    text = definition.to_json()
    await database.run(lambda: surveys.publish(definition.id, definition.version, definition.hash, text, NOON))


async def running(database: Database, keyword: str = "HALL7", survey_id: str = "parks") -> CampaignRow:
    """Make a campaign and start it."""
    made = await create(database, Wanted(survey_id, "Bentilee hall", keyword=keyword), "Parveen", NOON)
    return await change(database, made.id, CampaignState.RUNNING, "Parveen", NOON)


async def rows(database: Database, sql: str) -> list[Row]:
    def script() -> Script[list[Row]]:
        return list((yield Fetch(sql)).rows)

    return await database.read(script)
