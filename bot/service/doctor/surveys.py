"""The published surveys: does each say what a resident must be able to check before answering."""

from datetime import UTC, datetime

from bot.core.survey import SurveyDefinition
from bot.core.window import Window, closed_by_hand, window
from bot.service.doctor.finding import Finding, ok, problem, warning
from bot.surveys.insisted import INSISTED, missing_settings, unreachable_contact
from storage import installation, surveys
from storage.script import Database

_KEYWORD = "what to text to begin (keyword)"


async def examine_surveys(database: Database, now: int) -> list[Finding]:
    """Look at the current version of every survey that is not over. `now` is epoch milliseconds UTC.

    What a survey does not say is a problem, and in a demo's database a warning: a sample is asked nobody.
    """
    at = datetime.fromtimestamp(now / 1000, UTC)
    is_sample = await database.read(installation.is_demo)
    found = []
    for row in await database.read(surveys.every_version):
        definition = SurveyDefinition.from_json(row.definition) if row.is_current else None
        if definition is None or window(definition, closed_by_hand(row.closed_at), at) is Window.CLOSED:
            continue
        missing = [] if definition.keywords else [_KEYWORD]
        missing += [f"{INSISTED[name]} ({name})" for name in missing_settings(definition)]
        unreachable = unreachable_contact(definition)
        if unreachable:
            found.append(warning(f"Survey {definition.id}: {unreachable}."))
        if missing:
            text = f"Survey {definition.id} does not say {', nor '.join(missing)}."
            if is_sample:
                found.append(warning(f"{text} That will do for a demo. A survey that residents are asked must say it."))
            else:
                remedy = "Fill that in on its settings sheet, with a new version, and run: survey publish FILE"
                found.append(problem(f"{text} Residents must be able to know. {remedy}"))
        elif not unreachable:
            found.append(ok(f"Survey {definition.id} says all that it should."))
    return found or [warning("No survey is published that is not over: survey publish FILE")]
