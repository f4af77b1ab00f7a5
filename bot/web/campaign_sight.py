"""What the campaign pages show of a campaign: rows and totals, written for a person. No database."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from bot.analysis.hiding import hide_small, round_down
from bot.analysis.tallies import Activity, Breakdown, Tally, Total
from bot.core.language_names import name_in_english, names_of
from bot.core.survey import Language, SurveyDefinition, wording
from bot.core.window import LONDON, london_day
from bot.outreach.campaigns import CampaignState, state_at
from bot.web.charts import MOST_DAYS, Bars, Days, bars, days, in_words
from bot.web.pages import channel_name
from storage.campaigns import CampaignRow

_DAY_MS = 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Listed:
    """One campaign in the list."""

    id: str
    name: str
    keyword: str
    survey: str
    state: str
    started: int
    completed: int
    target: int | None
    last: str
    made_by: str


@dataclass(frozen=True, slots=True)
class QuestionSight:
    """One question's line of the table: its words, how its answers ended, and how many went no further."""

    words: str
    answered: int
    skipped: int
    refused: int
    unparsed: int
    left: int


@dataclass(frozen=True, slots=True)
class BreakdownSight:
    """The answers to one about-you question: (label, count); None is a hidden count."""

    id: str
    words: str
    rows: Sequence[tuple[str, int | None]]


@dataclass(frozen=True, slots=True)
class TotalsSight:
    """Everything that is drawn anew while the page is open. `at` is when it was counted."""

    all: Total
    channels: Sequence[Total]
    languages: Sequence[tuple[str, int | None]]
    by_day: Days | None
    days: Sequence[tuple[str, int]]
    chart: Bars
    questions: Sequence[QuestionSight]
    left_before: int
    breakdowns: Sequence[BreakdownSight]
    last: str
    at: str


def standing(row: CampaignRow, now: int, over: Collection[str] = ()) -> str:
    """Say how a campaign stands: as it was set, by its days, and by its survey (`over` are those that are closed)."""
    today = london_day(datetime.fromtimestamp(now / 1000, UTC)).isoformat()
    match state_at(row, now, over):
        case CampaignState.ENDED if state_at(row, now) is not CampaignState.ENDED:
            return "Ended: its survey is closed"
        case CampaignState.DRAFT:
            return "Not started"
        case CampaignState.RUNNING if today < row.starts_on:
            return f"Starts on {in_words(date.fromisoformat(row.starts_on))}"
        case CampaignState.RUNNING | CampaignState.PAUSED | CampaignState.ENDED as state:
            return state.capitalize()


def listed(row: CampaignRow, survey: str, activity: Activity, now: int, over: Collection[str] = ()) -> Listed:
    """Write a campaign's line in the list. `survey` is the title."""
    return Listed(
        id=row.id,
        name=row.name,
        keyword=row.keyword,
        survey=survey,
        state=standing(row, now, over),
        started=activity.started,
        completed=activity.completed,
        target=row.target,
        last=ago(activity.last_at, now),
        made_by=row.made_by,
    )


def totals_sight(
    counted: Tally, about_you: Sequence[Breakdown], definition: SurveyDefinition, target: int | None, now: int
) -> TotalsSight:
    """Write a campaign's totals: of languages and of answers, what would point to somebody is hidden or rounded."""
    spoken = round_down(hide_small({each.name: each.started for each in counted.by_language_before}))
    return TotalsSight(
        all=counted.all,
        channels=[Total(channel_name(each.name), each.started, each.completed) for each in counted.by_channel],
        languages=[(language_name(code), number) for code, number in spoken.items()],
        by_day=days("by-day", "Begun on each day", counted.by_day),
        days=[(in_words(day), number) for day, number in reversed(counted.by_day[-MOST_DAYS:])],
        chart=_progress(counted.all, target),
        questions=_questions(counted, definition),
        left_before=counted.left_before,
        breakdowns=[
            breakdown_sight(replace(each, counts=round_down(each.counts)), definition.default_language)
            for each in about_you
        ],
        last=ago(counted.last_at, now),
        at=f"{datetime.fromtimestamp(now / 1000, LONDON):%H:%M:%S}",
    )


def breakdown_sight(each: Breakdown, language: str) -> BreakdownSight:
    """Write the answers to one about-you question."""
    labels = {choice.name: wording(choice.label, language, language) for choice in each.question.choices}
    rows = [(labels.get(code, code), count) for code, count in each.counts.items()]
    return BreakdownSight(each.question.name, wording(each.question.label, language, language), rows)


def language_name(code: str) -> str:
    """Write a language for staff."""
    return name_in_english(code) if code else "Not known yet"


def written(language: Language) -> str:
    """Write a language of a survey for staff, and as it calls itself: Urdu, اردو."""
    english, own = name_in_english(language.code), names_of(language.code, language.name).own
    return english if english == own else f"{english}, {own}"


def ago(at: int | None, now: int) -> str:
    """Write how long ago something was, as staff say it; after a day, the day."""
    if at is None:
        return "nobody yet"
    minutes = max(0, now - at) // 60_000
    if minutes < 1:
        return "less than a minute ago"
    if minutes < 60:
        return f"{minutes} minute{'s' if minutes > 1 else ''} ago"
    if now - at < _DAY_MS:
        hours = minutes // 60
        return f"{hours} hour{'s' if hours > 1 else ''} ago"
    return in_words(london_day(datetime.fromtimestamp(at / 1000, UTC)))


def _progress(all: Total, target: int | None) -> Bars:
    rows = [
        ("Begun", float(all.started), f"{all.started:,}"),
        ("Completed", float(all.completed), f"{all.completed:,}"),
    ]
    if target is not None:
        rows.append(("Hoped for", float(target), f"{target:,}"))
    return bars("progress", "Answers so far", rows)


def _questions(counted: Tally, definition: SurveyDefinition) -> list[QuestionSight]:
    words: Mapping[str, str] = {
        each.name: wording(each.label, definition.default_language, definition.default_language)
        for each in definition.questions
    }
    return [
        QuestionSight(
            words.get(each.name) or each.name, each.answered, each.skipped, each.refused, each.unparsed, each.left
        )
        for each in counted.questions
    ]
