"""`campaign create | change | list | status | start | pause | resume | end`: inviting residents, place by place."""

import asyncio
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from bot.analysis.counts import campaign_statuses
from bot.analysis.tallies import NOTHING_YET, Activity, Tally, Total, activities, tally
from bot.cli.compose import Refusal, by_terminal, database_of, now, wording
from bot.cli.listing import show
from bot.cli.numbers import numbers_of
from bot.cli.values import a_day, some_words
from bot.core.language_names import name_in_english, names_of
from bot.core.survey import SurveyDefinition
from bot.core.window import Window, london_day
from bot.outreach.amending import amend, as_wanted
from bot.outreach.campaigns import (
    CHANNELS,
    CampaignState,
    Numbers,
    Wanted,
    change,
    create,
    links,
    over_at,
    starts,
    state_at,
)
from bot.service.library import Library
from bot.settings import Settings, load
from bot.surveys.insisted import unreachable_contact
from storage import campaigns as store
from storage import surveys
from storage.campaigns import CampaignRow
from storage.installation import is_demo
from storage.script import Database

Campaign = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="The campaign's id, or its keyword.")]


def _channels(named: list[str] | None) -> list[str] | None:
    for one in named or ():
        if one not in CHANNELS:
            raise typer.BadParameter(f"{one!r} is no channel of a campaign. Choose from: {', '.join(CHANNELS)}.")
    return named


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("create", help="Make a campaign, as a draft, and print its links.")(create_campaign)
    app.command("change", help="Change its channels, languages, place, target or last day.")(change_campaign)
    app.command("list", help="List the campaigns, tab-separated when not on a terminal.")(list_campaigns)
    app.command("status", help="Say how a campaign stands, and who came by it, in numbers.")(show_status)
    app.command("start", help="Let a campaign's keyword begin conversations.")(start)
    app.command("pause", help="Let it begin none for now. Conversations that run go on.")(pause)
    app.command("resume", help="Let it begin conversations again.")(resume)
    app.command("end", help="End a campaign for good. Conversations that run go on.")(end)


def create_campaign(
    survey: Annotated[str, typer.Argument(metavar="SURVEY", help="The survey's form_id.")],
    name: Annotated[str, typer.Option(callback=some_words, help="What the campaign is called.")],
    partner: Annotated[str, typer.Option(help="Who invites on the spot, such as a community group.")] = "",
    place: Annotated[str, typer.Option(help="Where.")] = "",
    keyword: Annotated[str, typer.Option(help="The word to text; without it, one is proposed.")] = "",
    language: Annotated[list[str] | None, typer.Option(help="A language, by name or code. Repeatable.")] = None,
    channel: Annotated[
        list[str] | None, typer.Option(callback=_channels, help="sms, whatsapp, telegram or web. Repeatable.")
    ] = None,
    target: Annotated[int | None, typer.Option(min=1, help="How many responses are hoped for.")] = None,
    starts_on: Annotated[
        str, typer.Option("--from", metavar="DATE", callback=a_day, help="Its first day, as 2027-01-11.")
    ] = "",
    ends_on: Annotated[
        str, typer.Option("--until", metavar="DATE", callback=a_day, help="Its last day, as 2027-01-31.")
    ] = "",
) -> None:
    """Make one."""
    settings = load()
    wanted = Wanted(
        survey,
        name,
        partner,
        place,
        keyword,
        languages=tuple(language or ()),
        channels=tuple(channel or ()),
        target=target,
        starts_on=starts_on,
        ends_on=ends_on,
    )
    row, survey_now = asyncio.run(_create(settings, wanted))
    _warn(survey_now.definition)
    print(f"Made the campaign {row.id}: {row.name}. Its keyword is {row.keyword}.")
    for line in _how_to_join(row, survey_now, settings):
        print(line)
    print(f"It is a draft. Print it:  poster --campaign {row.id} --out {row.id}.pdf")
    print(f"Then begin:  campaign start {row.id}")


def change_campaign(
    campaign: Campaign,
    place: Annotated[str | None, typer.Option(help="Where; empty for nowhere named.")] = None,
    language: Annotated[list[str] | None, typer.Option(help="Its languages from now on. Repeatable.")] = None,
    channel: Annotated[
        list[str] | None, typer.Option(callback=_channels, help="Its channels from now on. Repeatable.")
    ] = None,
    target: Annotated[
        int | None, typer.Option(min=0, help="How many responses are hoped for; 0 for no number.")
    ] = None,
    ends_on: Annotated[
        str | None,
        typer.Option(
            "--until", metavar="DATE", callback=a_day, help="Its last day; empty for until the survey closes."
        ),
    ] = None,
) -> None:
    """Change what was asked for, and leave the rest as it is."""
    settings = load()
    asked = {
        "place": place,
        "languages": tuple(language) if language else None,
        "channels": tuple(channel) if channel else None,
        "target": target,
        "ends_on": ends_on,
    }
    given = {name: value for name, value in asked.items() if value is not None}
    row, survey_now = asyncio.run(_amend(settings, campaign, {**given, **({"target": None} if target == 0 else {})}))
    print(f"{row.keyword} is as you asked. Print its poster again:  poster --campaign {row.id} --out {row.id}.pdf")
    for line in _how_to_join(row, survey_now, settings):
        print(line)


def links_here(numbers: Numbers) -> tuple[str, ...]:
    """Name the channels by which residents can reach this server."""
    on = dict(zip(CHANNELS, (numbers.sms, numbers.whatsapp, numbers.telegram, numbers.base_url), strict=True))
    return tuple(name for name, reached in on.items() if reached)


def list_campaigns() -> None:
    """Print one line for each campaign, the newest first."""
    moment = now()
    rows, going, over = asyncio.run(_every(load(), moment))
    lines = [
        (
            row.id,
            row.survey,
            state_at(row, moment, over).value,
            row.keyword,
            str(going.get(row.id, NOTHING_YET).started),
            str(going.get(row.id, NOTHING_YET).completed),
            row.name,
        )
        for row in rows
    ]
    columns = {"campaign": "14", "survey": "28", "state": "8", "keyword": "14", "begun": ">6", "complete": ">8"}
    show(lines, columns | {"name": ""})


def show_status(campaign: Campaign) -> None:
    """Print how one stands."""
    settings = load()
    row, survey, came, statuses = asyncio.run(_status(settings, campaign))
    state = state_at(row, now(), {row.survey} if survey.window is Window.CLOSED else ())
    about = ", ".join(part for part in (row.name, row.partner, row.place) if part)
    days = " ".join(
        part for part in (row.starts_on and f"from {row.starts_on}", row.ends_on and f"until {row.ends_on}") if part
    )
    print(f"{row.keyword} is {state.value}: {about}. Survey {row.survey}{f', {days}' if days else ''}.")
    target = f" of {row.target} hoped for" if row.target else ""
    if survey.window is not Window.OPEN:
        print(f"{row.survey} takes no answers now, so {row.keyword} begins nothing.")
    print(f"Begun {came.all.started}{target}, complete {came.all.completed}.")
    print("By status: " + ", ".join(f"{status} {number}" for status, number in statuses.items()))
    if came.all.started:
        print(_table("channel", came.by_channel))
        print(
            _table(
                "language", [Total(name_in_english(one.name), one.started, one.completed) for one in came.by_language]
            )
        )
        print(
            "\n".join(["day             begun", *(f"{day.isoformat():14} {number:>6}" for day, number in came.by_day)])
        )
    for line in _how_to_join(row, survey, settings):
        print(line)


def start(campaign: Campaign) -> None:
    """Start one."""
    row = _change(campaign, CampaignState.RUNNING)
    is_early = row.starts_on > london_day(datetime.now(UTC)).isoformat()
    when = f"From {row.starts_on} on, residents" if is_early else "Residents"
    print(f"{row.keyword} runs. {when} who text it begin {row.survey}.")


def pause(campaign: Campaign) -> None:
    """Pause one."""
    row = _change(campaign, CampaignState.PAUSED)
    print(f"{row.keyword} is paused: it begins nothing. Go on with: campaign resume {row.id}")


def resume(campaign: Campaign) -> None:
    """Go on with one."""
    row = _change(campaign, CampaignState.RUNNING)
    print(f"{row.keyword} runs again.")


def end(campaign: Campaign) -> None:
    """End one."""
    row = _change(campaign, CampaignState.ENDED)
    print(f"{row.keyword} has ended, for good. What came by it stays.")


@dataclass(frozen=True, slots=True)
class SurveyNow:
    """A survey as residents meet it now: the languages that they are offered, and whether it takes answers."""

    definition: SurveyDefinition
    offered: frozenset[str]
    window: Window


def _how_to_join(row: CampaignRow, survey: SurveyNow, settings: Settings) -> Iterator[str]:
    """Give what residents text, and the links."""
    numbers = numbers_of(settings, is_demo=row.test)
    if numbers.sms and "sms" in row.channels:
        yield f"Residents text {row.keyword} to {numbers.sms}."
    else:
        yield f"Residents text {row.keyword}."
    draft = {names_of(one.code, one.name).own for one in survey.definition.languages if one.code not in survey.offered}
    for name, said in starts(survey.definition, row):
        if name in draft:
            yield f"  In {name}: {said} (a draft that is not offered yet: see `review list`, or ALLOW_DRAFT_LANGUAGES)"
        elif said != row.keyword:
            yield f"  In {name}: {said}"
    joined = links(row, numbers)
    yield from (f"  {channel}: {link}" for channel, link in joined.items())
    for channel in row.channels:
        if channel not in joined:
            yield f"  {channel}: it is not set up here, or its number or name is not known (docs/reference/settings.md)"


def _table(what: str, totals: Sequence[Total]) -> str:
    lines = [f"{what:14} {'begun':>6} {'complete':>9}"]
    return "\n".join(lines + [f"{one.name:14} {one.started:>6} {one.completed:>9}" for one in totals])


async def _create(settings: Settings, wanted: Wanted) -> tuple[CampaignRow, SurveyNow]:
    async with database_of(settings) as database:
        here = links_here(numbers_of(settings, is_demo=await database.read(is_demo)))
        row = await create(database, replace(wanted, channels=wanted.channels or here), by_terminal(), now())
        return row, await _survey_now(settings, database, row.survey)


async def _amend(settings: Settings, campaign: str, asked: Mapping[str, Any]) -> tuple[CampaignRow, SurveyNow]:
    async with database_of(settings) as database:
        row = await database.read(lambda: store.named(campaign))
        if row is None:
            raise Refusal(f"There is no campaign {campaign!r}. See: campaign list")
        amended = await amend(database, row.id, replace(as_wanted(row), **asked), by_terminal(), now())
        return amended, await _survey_now(settings, database, amended.survey)


async def _every(settings: Settings, moment: int) -> tuple[list[CampaignRow], dict[str, Activity], frozenset[str]]:
    async with database_of(settings) as database:
        demo = await database.read(is_demo)
        over = over_at(await database.read(surveys.every_version), moment)
        return await database.read(store.every), await database.read(lambda: activities(demo)), over


async def _status(settings: Settings, campaign: str) -> tuple[CampaignRow, SurveyNow, Tally, Mapping[str, int]]:
    async with database_of(settings) as database:
        row = await database.read(lambda: store.named(campaign))
        if row is None:
            raise Refusal(f"There is no campaign {campaign!r}. See: campaign list")
        demo, moment = await database.read(is_demo), now()
        came = await database.read(lambda: tally(row.survey, row.id, include_test=demo, now=moment))
        statuses = await database.read(lambda: campaign_statuses(row.survey, row.id, include_test=demo, now=moment))
        return row, await _survey_now(settings, database, row.survey), came, statuses


async def _survey_now(settings: Settings, database: Database, survey: str) -> SurveyNow:
    library = Library(database, wording(drafts_allowed=settings.drafts_allowed))
    await library.load()
    listing = library.desk.listings[survey]
    offered = frozenset(one.code for one in listing.questionnaire.offered)
    return SurveyNow(listing.questionnaire.definition, offered, listing.window(datetime.now(UTC)))


def _change(campaign: str, state: CampaignState) -> CampaignRow:
    async def run() -> tuple[CampaignRow, SurveyDefinition]:
        async with database_of(load()) as database:
            row = await change(database, campaign, state, by_terminal(), now())
            versions = await database.read(surveys.every_version)
            current = next(one for one in versions if one.is_current and one.survey == row.survey)
            return row, SurveyDefinition.from_json(current.definition)

    row, definition = asyncio.run(run())
    if state is CampaignState.RUNNING:
        _warn(definition)
    return row


def _warn(definition: SurveyDefinition) -> None:
    """Say what does not stand in the way of a campaign, and should be better."""
    if unreachable := unreachable_contact(definition):
        print(f"warning: {definition.id}: {unreachable}.", file=sys.stderr)
