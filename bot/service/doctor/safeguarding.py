"""Safeguarding: is there a lead who is told, do the alerts go out, and has somebody checked the help numbers."""

from datetime import date, timedelta
from pathlib import Path

from bot.core.window import london_day, moment
from bot.service.danger_files import DangerFileUnreadable, HelpNumber, load_danger, load_numbers
from bot.service.doctor.finding import Finding, ok, problem, warning
from storage import safeguarding
from storage.script import Database
from storage.staff import roles

CHECKED_FOR = timedelta(days=365)
"""A help number that was last checked longer ago than this may have changed."""
ROLE = "safeguarding"


async def examine_safeguarding(
    database: Database, lead: str, is_told: bool, numbers: Path | None, now: int
) -> list[Finding]:
    """Look at what must be there before residents text. `is_told`: an e-mail address or a webhook is set."""
    found = [_lead(lead, is_told), await _account(database)]
    found += _numbers(numbers, london_day(moment(now)))
    failing, why = await database.read(safeguarding.failing)
    if failing:
        found.append(problem(f"The safeguarding lead could not be told: {why}. It is tried again."))
    drafts = [table.language for table in load_danger() if table.is_draft]
    if drafts:
        languages = ", ".join(sorted(drafts))
        found.append(warning(f"The phrases that speak of danger are drafts, and miss more, in: {languages}."))
    return found


def _lead(lead: str, is_told: bool) -> Finding:
    if not lead:
        return problem("SAFEGUARDING_LEAD is not set: name the person who reads what speaks of danger.")
    if not is_told:
        return problem(f"{lead} is told of nothing: set SAFEGUARDING_EMAIL or SAFEGUARDING_WEBHOOK.")
    return ok(f"{lead} is told when somebody speaks of danger.")


async def _account(database: Database) -> Finding:
    count = (await database.read(roles)).get(ROLE, 0)
    if not count:
        return problem("Nobody may open what speaks of danger: staff add NAME --role safeguarding")
    if count == 1:
        return warning("Only one person holds the role safeguarding: nobody sees to it while they are away.")
    return ok(f"{count} people hold the role safeguarding.")


def _numbers(path: Path | None, today: date) -> list[Finding]:
    try:
        numbers = load_numbers(path)
    except DangerFileUnreadable as unreadable:
        return [problem(f"SAFEGUARDING_NUMBERS: {unreadable}")]
    if not numbers:
        return [problem("There are no help numbers: write them into a file, and name it in SAFEGUARDING_NUMBERS.")]
    unsure = [finding for number in numbers if (finding := _number(number, today)) is not None]
    return unsure or [ok(f"{len(numbers)} help number(s) were all checked within a year.")]


def _number(number: HelpNumber, today: date) -> Finding | None:
    if number.checked_on is None:
        return problem(f"Nobody has checked the help number '{number.say}': ring it, and write checked_on beside it.")
    if number.checked_on > today:
        return problem(f"The help number '{number.say}' has a checked_on that is still to come. Correct it.")
    if today - number.checked_on > CHECKED_FOR:
        return warning(f"The help number '{number.say}' was last checked on {number.checked_on}: ring it again.")
    return None
