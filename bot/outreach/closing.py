"""The last day of a survey, set by an admin: a new version that differs in nothing else, so no answer is touched."""

from dataclasses import replace
from datetime import UTC, date, datetime

from bot.core.survey import SurveyDefinition
from bot.core.window import london_day
from bot.outreach.drawing_up import CampaignRefused
from storage import surveys
from storage.script import Database, Script
from storage.staff import note


async def close_on(database: Database, survey: str, written: str, who: str, now: int) -> None:
    """Let a survey close after a day, written as 2027-01-31. `now` is epoch milliseconds UTC. Raises CampaignRefused.

    Its version becomes `1+2027-01-31`; every process knows it once `Library.load` has run there.
    """
    day = _day(written)
    if day < london_day(datetime.fromtimestamp(now / 1000, UTC)):
        raise CampaignRefused(f"The last day {written} is over. Choose a later one.")

    def script() -> Script[None]:
        yield surveys.ALONE
        current = next(
            (row for row in (yield from surveys.every_version()) if row.survey == survey and row.is_current), None
        )
        if current is None:
            raise CampaignRefused(f"There is no survey {survey!r}.")
        definition = SurveyDefinition.from_json(current.definition)
        if definition.opens and definition.opens[:10] > day.isoformat():
            raise CampaignRefused(
                f"The survey would close ({day.isoformat()}) before it opens ({definition.opens[:10]})."
            )
        version = f"{definition.version.partition('+')[0]}+{day.isoformat()}"
        dated = replace(definition, closes=day.isoformat(), version=version)
        other = yield from surveys.publish(survey, version, dated.hash, dated.to_json(), now)
        if other is not None:
            raise CampaignRefused(
                f"There is a version {version} that differs in more than its last day. Choose another day."
            )
        yield from note(now, who, "survey closes", f"{survey}: {day.isoformat()}")

    await database.run(script)


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written.strip())
    except ValueError:
        raise CampaignRefused("The last day must be a date, such as 2027-01-31.") from None
