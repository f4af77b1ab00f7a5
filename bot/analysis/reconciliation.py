"""The reconciliation report: every message that came in has one place, and the places add up (invariant 10)."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.analysis.columns import Published, read_published
from bot.analysis.rows import Selection
from bot.analysis.status import STATUS_SQL, STATUSES
from bot.core.survey import Role
from storage.answers import given
from storage.script import Database, Fetch, Script

FILED = ("answer", "command", "noise", "unparsed", "late", "unhandled", "erased")
"""The places a message can have. `erased` counts messages whose words are gone."""


@dataclass(frozen=True, slots=True)
class Places:
    """How many messages came in, and how many stand in each place. `misplaced` counts places that FILED lacks."""

    inbound: int
    filed: Mapping[str, int]
    misplaced: int

    @property
    def is_balanced(self) -> bool:
        """Whether inbound = answers + commands + noise + unparsed + late + unhandled + erased."""
        return self.inbound == sum(self.filed.values())


@dataclass(frozen=True, slots=True)
class Report:
    """One survey's report. `unattached` are the messages that belong to no survey.

    `answers_without_row` counts messages filed as an answer that left no row in `answer`: lost writes. It must be 0.
    `answers` are the questions that people answered, by channel, newest revisions only: no calculation is one.
    """

    survey: str
    messages: Places
    unattached: Places
    answers_without_row: int
    responses: Mapping[str, int]
    answers: Mapping[str, int]

    @property
    def is_balanced(self) -> bool:
        """Whether everything adds up and no write is lost."""
        return self.messages.is_balanced and self.unattached.is_balanced and not self.answers_without_row

    def __str__(self) -> str:
        """Write the report for a terminal."""
        lines = [f"Messages that came in for '{self.survey}', and messages that belong to no survey:", ""]
        lines.append(f"  {'':<12}{'survey':>10}{'no survey':>12}")
        for place in FILED:
            lines.append(f"  {place:<12}{self.messages.filed[place]:>10,}{self.unattached.filed[place]:>12,}")
        lines.append(f"  {'inbound':<12}{self.messages.inbound:>10,}{self.unattached.inbound:>12,}")
        lines += ["", self._verdict(), "", "Responses:"]
        lines += [f"  {status:<12}{self.responses[status]:>10,}" for status in STATUSES]
        lines += [f"  {'all':<12}{sum(self.responses.values()):>10,}", "", "Answered questions by channel:"]
        lines += [f"  {channel:<12}{count:>10,}" for channel, count in self.answers.items()] or ["  none yet"]
        return "\n".join(lines)

    def _verdict(self) -> str:
        if self.is_balanced:
            return "Balanced: every message has its place, and every answer its row."
        misplaced = self.messages.misplaced + self.unattached.misplaced
        return (
            f"NOT BALANCED: {misplaced} messages have no known place, and {self.answers_without_row} messages filed as"
            " an answer have no row in the answers. Keep the database as it is and report this."
        )


async def reconcile(database: Database, survey: str, *, include_test: bool, now: int) -> Report:
    """Count a survey's messages and responses at one moment. Raises UnknownSurvey.

    `now` (epoch milliseconds UTC) decides which unfinished responses are break-offs; `include_test` takes in trials.
    """
    return await database.read(lambda: _read_report(survey, include_test=include_test, now=now))


def _read_report(survey: str, *, include_test: bool, now: int) -> Script[Report]:
    published = yield from read_published(survey)
    selection = Selection(published, now, include_test)
    messages = yield from _read_places(survey, include_test=include_test)
    unattached = yield from _read_places("", include_test=include_test)
    without_row = yield from _read_lost_answers(published)
    responses = yield from read_statuses(selection)
    answers = yield Fetch(
        f"""SELECT a.channel, COUNT(*) FROM answer a JOIN response r ON r.id = a.response_id
 WHERE {selection.where()} AND a.state = 'answered' AND {given("a")} AND {COUNTED_SQL}
 GROUP BY a.channel ORDER BY a.channel""",  # noqa: S608 - texts of ours alone
        selection.params,
    )
    return Report(survey, messages, unattached, without_row, responses, dict(answers.rows))


COUNTED_SQL = """NOT EXISTS (SELECT 1 FROM answer n WHERE n.response_id = a.response_id AND n.question = a.question
 AND (n.revision, n.item) > (a.revision, a.item))"""
"""The condition that keeps one row `a` for each question of a response: of the newest revision, its last item."""


def read_statuses(selection: Selection) -> Script[Mapping[str, int]]:
    """Count the responses by status; a status that none has counts 0."""
    found = yield Fetch(
        f"SELECT {STATUS_SQL}, COUNT(*) FROM response r WHERE {selection.where()} GROUP BY 1",  # noqa: S608 - ours
        selection.params,
    )
    return dict.fromkeys(STATUSES, 0) | dict(found.rows)


def _read_places(survey: str, *, include_test: bool) -> Script[Places]:
    # A page is no message. What is kept of one is kept for its flag, and no count may tell that there is a flag.
    found = yield Fetch(
        """SELECT filed, COUNT(*) FROM inbound
 WHERE survey = :survey AND (:include_test OR NOT test) AND provider <> 'web' GROUP BY filed""",
        {"survey": survey, "include_test": include_test},
    )
    counts: dict[str, int] = dict(found.rows)
    filed = {place: counts.get(place, 0) for place in FILED}
    return Places(sum(counts.values()), filed, sum(counts.values()) - sum(filed.values()))


def _read_lost_answers(published: Published) -> Script[int]:
    # What is asked for the opt-in ledger leaves its row there.
    contact = {q.name for d in published.definitions for q in d.questions if q.role is Role.CONTACT}
    found = yield Fetch(
        """SELECT COUNT(*) FROM inbound i WHERE i.survey = :survey AND i.filed = 'answer'
 AND i.question NOT IN (SELECT :contact*text) AND i.provider <> 'web'
 AND NOT EXISTS (SELECT 1 FROM answer a WHERE a.response_id = i.response_id AND a.inbound_id = i.id)""",
        {"survey": published.survey, "contact": sorted(contact)},
    )
    assert found.first is not None
    count: int = found.first[0]
    return count
