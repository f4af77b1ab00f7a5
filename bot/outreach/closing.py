"""The last day of a survey, set by an admin: a new version that differs in nothing else, so no answer is touched."""

from dataclasses import replace
from datetime import date

from bot.core.survey import SurveyDefinition
from bot.core.window import day_in_use, london_day, moment
from bot.outreach.publishing import PublicationRefused, publish
from storage import surveys
from storage.script import Database, Script
from storage.staff import note


async def close_on(database: Database, survey: str, written: str, who: str, now: int) -> None:
    """Let a survey that has no last day close after one, written as 2027-01-31. `now` is epoch milliseconds UTC.

    Its version becomes `1+2027-01-31`; every process knows it once `Library.load` has run there. Raises
    PublicationRefused, also for a survey that somebody has closed: a new version would open it again.
    """
    day = _day(written)
    if day < london_day(moment(now)):
        raise PublicationRefused(f"The last day {written} is over. Choose a later one.")

    def script() -> Script[None]:
        yield surveys.ALONE
        rows = yield from surveys.every_version()
        current = next((row for row in rows if row.survey == survey and row.is_current), None)
        if current is None:
            raise PublicationRefused(f"There is no survey {survey!r}.")
        definition = SurveyDefinition.from_json(current.definition)
        if current.closed_at is not None:
            raise PublicationRefused("Somebody has closed this survey. Publish it again to open it.")
        if definition.closes:
            raise PublicationRefused(f"The survey has a last day already: {definition.closes[:10]}.")
        if definition.opens and definition.opens[:10] > day.isoformat():
            raise PublicationRefused(
                f"The survey would close ({day.isoformat()}) before it opens ({definition.opens[:10]})."
            )
        yield from publish(replace(definition, closes=day.isoformat()), now, is_dated=True)
        yield from note(now, who, "survey closes", f"{survey}: {day.isoformat()}")

    await database.run(script)


def _day(written: str) -> date:
    try:
        return day_in_use(written.strip())
    except ValueError:
        raise PublicationRefused("The last day must be a date in the years 2000 to 2999, such as 2027-01-31.") from None
