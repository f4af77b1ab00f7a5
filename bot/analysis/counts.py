"""The counts on the staff page: responses by channel and status, and what became of each question."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.analysis.columns import read_published
from bot.analysis.reconciliation import COUNTED_SQL
from bot.analysis.rows import Selection
from bot.analysis.status import STATUS_SQL, STATUSES
from storage.script import Database, Fetch, Script


@dataclass(frozen=True, slots=True)
class QuestionCounts:
    """What became of one question: how many were asked it, and how it ended for them (newest revisions)."""

    column: str
    answered: int
    skipped: int
    refused: int
    unparsed: int

    @property
    def asked(self) -> int:
        """How many reacted to the question in any way."""
        return self.answered + self.skipped + self.refused + self.unparsed


@dataclass(frozen=True, slots=True)
class Counts:
    """One survey at one moment. `by_channel` holds, for each channel, how many responses have each status."""

    survey: str
    by_channel: Mapping[str, Mapping[str, int]]
    questions: tuple[QuestionCounts, ...]

    @property
    def statuses(self) -> Mapping[str, int]:
        """Responses of all channels by status."""
        return {status: sum(channel[status] for channel in self.by_channel.values()) for status in STATUSES}

    @property
    def responses(self) -> int:
        """All responses."""
        return sum(self.statuses.values())


async def count(database: Database, survey: str, *, include_test: bool, now: int) -> Counts:
    """Count a survey's responses and answers (`now`: epoch milliseconds UTC). Raises UnknownSurvey."""
    return await database.read(lambda: _read_counts(survey, include_test=include_test, now=now))


def _read_counts(survey: str, *, include_test: bool, now: int) -> Script[Counts]:
    published = yield from read_published(survey)
    selection = Selection(published, now, include_test)
    responses = yield Fetch(
        f"SELECT r.channel, {STATUS_SQL}, COUNT(*) FROM response r WHERE {selection.where()} GROUP BY 1, 2 ORDER BY 1",  # noqa: S608 - ours
        selection.params,
    )
    by_channel: dict[str, dict[str, int]] = {}
    for channel, status, number in responses.rows:
        by_channel.setdefault(channel, dict.fromkeys(STATUSES, 0))[status] = number
    answers = yield Fetch(
        f"""SELECT a.question, a.state, COUNT(*) FROM answer a
 JOIN response r ON r.id = a.response_id WHERE {selection.where()} AND {COUNTED_SQL}
 GROUP BY a.question, a.state""",  # noqa: S608 - texts of ours alone
        selection.params,
    )
    became = {(question, state): number for question, state, number in answers.rows}
    questions = tuple(
        QuestionCounts(
            variable.column,
            *(
                became.get((variable.question.name, state), 0)
                for state in ("answered", "skipped", "refused", "unparsed")
            ),
        )
        for variable in published.variables
        if variable.question.is_asked
    )
    return Counts(survey, by_channel, questions)


def campaign_statuses(survey: str, campaign: str, *, include_test: bool, now: int) -> Script[Mapping[str, int]]:
    """Count a campaign's responses by status (`now`: epoch milliseconds UTC). Raises UnknownSurvey."""
    selection = Selection((yield from read_published(survey)), now, include_test)
    found = yield Fetch(
        f"""SELECT {STATUS_SQL}, COUNT(*) FROM response r
 WHERE {selection.where()} AND r.campaign = :campaign GROUP BY 1""",  # noqa: S608 - texts of ours alone
        {**selection.params, "campaign": campaign},
    )
    return {**dict.fromkeys(STATUSES, 0), **dict(found.rows)}
