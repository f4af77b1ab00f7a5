"""What the council's page shows: everybody by channel, language, campaign, place and day, and who is missing. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.analysis.hiding import hide_small
from bot.analysis.population import Comparison, Group
from bot.analysis.tallies import NOTHING_YET, Activity, Breakdown, Tally, Total
from bot.core.survey import SurveyDefinition, wording
from bot.core.window import LONDON
from bot.web.campaign_sight import BreakdownSight, ago, breakdown_sight, language_name
from bot.web.charts import MOST_DAYS, Bars, Days, bars, days, in_words
from bot.web.pages import channel_name
from storage.campaigns import CampaignRow

NOWHERE = "No campaign"


@dataclass(frozen=True, slots=True)
class CampaignLine:
    """One campaign's line; `id` is empty for those whom no campaign brought."""

    id: str
    name: str
    partner: str
    started: int
    completed: int
    target: int | None


@dataclass(frozen=True, slots=True)
class GroupLine:
    """One kind of people, written for a person. `answers` is None where it is hidden."""

    name: str
    people_share: str
    expected: str
    answers: int | None
    share: str
    verdict: str


@dataclass(frozen=True, slots=True)
class MissingSight:
    """One question held against the people there are."""

    id: str
    words: str
    lines: Sequence[GroupLine]
    together: GroupLine | None
    with_others: bool
    source: str
    chart: Bars
    missing: Sequence[str]


@dataclass(frozen=True, slots=True)
class CouncilSight:
    """Everything that is drawn anew while the page is open."""

    all: Total
    channels: Sequence[Total]
    channel_chart: Bars
    languages: Sequence[tuple[str, int | None]]
    campaigns: Sequence[CampaignLine]
    places: Sequence[Total]
    by_day: Days | None
    days: Sequence[tuple[str, int]]
    missing: Sequence[MissingSight]
    others: Sequence[BreakdownSight]
    last: str
    at: str


def council_sight(
    counted: Tally,
    compared: Sequence[Comparison],
    about_you: Sequence[Breakdown],
    rows: Sequence[CampaignRow],
    definition: SurveyDefinition,
    now: int,
) -> CouncilSight:
    """Write a survey's totals for the council."""
    language = definition.default_language
    channels = [Total(channel_name(each.name), each.started, each.completed) for each in counted.by_channel]
    held = {each.question.name for each in compared}
    chart = bars(
        "channel-chart", "Begun by channel", [(each.name, each.started, f"{each.started:,}") for each in channels]
    )
    spoken = hide_small({each.name: each.started for each in counted.by_language_before})
    brought = {each.name: Activity(each.started, each.completed, None) for each in counted.by_campaign}
    return CouncilSight(
        all=counted.all,
        channels=channels,
        channel_chart=chart,
        languages=[(language_name(code), number) for code, number in spoken.items()],
        campaigns=_campaigns(rows, brought),
        places=_places(rows, brought),
        by_day=days("by-day", "Begun on each day", counted.by_day),
        days=[(in_words(day), number) for day, number in reversed(counted.by_day[-MOST_DAYS:])],
        missing=[_missing(each, language) for each in compared],
        # The same answers are never shown in two tables that hide different ones: together they would tell.
        others=[breakdown_sight(each, language) for each in about_you if each.question.name not in held],
        last=ago(counted.last_at, now),
        at=f"{datetime.fromtimestamp(now / 1000, LONDON):%H:%M:%S}",
    )


def _campaigns(rows: Sequence[CampaignRow], brought: Mapping[str, Activity]) -> list[CampaignLine]:
    lines = [
        CampaignLine(row.id, row.name, row.partner, went.started, went.completed, row.target)
        for row in rows
        for went in (brought.get(row.id, NOTHING_YET),)
    ]
    lines.sort(key=lambda line: (-line.completed, -line.started, line.name))
    unled = brought.get("", NOTHING_YET)
    return [*lines, CampaignLine("", NOWHERE, "", unled.started, unled.completed, None)]


def _places(rows: Iterable[CampaignRow], brought: Mapping[str, Activity]) -> list[Total]:
    """Sum the campaigns of each place; those that name none are left to the table of campaigns."""
    sums: dict[str, Total] = {}
    for row in rows:
        if row.place:
            went, so_far = brought.get(row.id, NOTHING_YET), sums.get(row.place, Total(row.place, 0, 0))
            sums[row.place] = Total(row.place, so_far.started + went.started, so_far.completed + went.completed)
    return sorted(sums.values(), key=lambda place: (-place.completed, -place.started, place.name))


def _missing(each: Comparison, language: str) -> MissingSight:
    labels = {choice.name: wording(choice.label, language, language) for choice in each.question.choices}
    words = wording(each.question.label, language, language)
    shown = [group for group in each.groups if group.share is not None]
    chart = bars(
        f"missing-{each.question.name}",
        f"Share of answers and of people: {words}",
        [(labels[group.code], group.share or 0.0, _percent(group.share)) for group in shown],
        [group.people_share for group in shown],
    )
    return MissingSight(
        id=each.question.name,
        words=words,
        lines=[_line(labels[group.code], group) for group in each.groups],
        together=_line("The hidden ones together", each.hidden) if each.hidden else None,
        with_others=each.with_others,
        source=each.source,
        chart=chart,
        missing=[labels[group.code] for group in each.groups if group.is_missing],
    )


def _line(name: str, group: Group) -> GroupLine:
    return GroupLine(
        name=name,
        people_share=_percent(group.people_share),
        expected=f"{group.expected:,.0f}",
        answers=group.answers,
        share=_percent(group.share) if group.share is not None else "hidden" if group.answers is None else "–",
        verdict=str(group.verdict) if group.verdict else "",
    )


def _percent(share: float | None) -> str:
    return f"{(share or 0) * 100:.1f}%"
