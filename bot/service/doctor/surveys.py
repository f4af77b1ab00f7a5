"""The published surveys: does each say what a resident must be able to check before answering."""

from datetime import UTC, datetime

from bot.core.survey import SurveyDefinition
from bot.core.window import Window, closed_by_hand, window
from bot.service.doctor.finding import Finding, ok, problem, warning
from storage import surveys
from storage.script import Database

INSISTED = ("organisation", "privacy_url", "contact", "verify_url", "closes", "min_age")
"""What a campaign and a poster insist on too."""


async def examine_surveys(database: Database, now: int) -> list[Finding]:
    """Look at the current version of every survey that is not over. `now` is epoch milliseconds UTC."""
    at = datetime.fromtimestamp(now / 1000, UTC)
    found = []
    for row in await database.read(surveys.every_version):
        definition = SurveyDefinition.from_json(row.definition) if row.is_current else None
        if definition is None or window(definition, closed_by_hand(row.closed_at), at) is Window.CLOSED:
            continue
        missing = [name for name in INSISTED if getattr(definition, name) in ("", None, {})]
        if not definition.keywords:
            missing.append("keyword")
        if missing:
            text = f"Survey {definition.id} does not say {', '.join(missing)}: fill the settings sheet in, and publish."
            found.append(problem(text))
        else:
            found.append(ok(f"Survey {definition.id} says all that it should."))
    return found or [warning("No survey is published that is not over: survey publish FILE")]
