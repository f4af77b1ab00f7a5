"""`survey check | publish | list | close`: from a file to a survey that residents can start."""

import asyncio
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from bot.analysis.columns import UnknownSurvey
from bot.cli.compose import Refusal, by_terminal, database_of, now, simulator_channel, stop_phrases, wording
from bot.cli.listing import show
from bot.cli.numbers import numbers_of
from bot.cli.values import a_day
from bot.core.questionnaire import Questionnaire
from bot.core.survey import Language, SurveyDefinition
from bot.core.survey import wording as chosen
from bot.core.window import Window, closed_by_hand, window
from bot.outreach import publishing
from bot.service.counting import counted
from bot.service.library import Wording
from bot.service.rehearsal import Rehearsal, rehearse
from bot.settings import Settings, load
from bot.surveys.compile import compile_survey
from bot.surveys.lint import lint
from storage import surveys as store
from storage.script import Script
from storage.staff import note
from storage.surveys import VersionRow

File = Annotated[Path, typer.Argument(help="The survey file: an XLSForm workbook (.xlsx).")]
SurveyId = Annotated[str, typer.Argument(metavar="SURVEY", help="The survey's form_id.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("check", help="Say what is wrong with a survey file, and what could be better.")(check)
    app.command("publish", help="Publish a survey file as a new version, and say how residents start it.")(publish)
    app.command("list", help="List the published surveys, tab-separated when not on a terminal.")(list_surveys)
    app.command("close", help="Close a survey now: it takes no more answers.")(close)


def check(file: File) -> None:
    """Compile and lint; exit 1 where it cannot be published."""
    compiled = compile_survey(file, stop_words=stop_phrases())
    channel = simulator_channel()
    warnings = (*compiled.warnings, *lint(compiled.definition, segments=channel.segments))
    for warning in warnings:
        print(f"warning: {warning}")
    definition = compiled.definition
    asked = sum(question.is_asked for question in definition.questions)
    print(f"{definition.id} version {definition.version}: {asked} questions, {len(warnings)} warnings.")
    said = wording(every=True)
    for language in definition.languages:
        rehearsal = _rehearsed(definition, said, language)
        print(f"{language.name}: one whole conversation sends {_cost(rehearsal, load())}.")


def publish(
    file: File,
    closes: Annotated[
        str,
        typer.Option(
            metavar="DATE", callback=a_day, help="The last day, as 2027-01-31, in place of the settings sheet's."
        ),
    ] = "",
) -> None:
    """Keep the file as a version that never changes, and make it the current one."""
    settings = load()
    compiled = compile_survey(file, stop_words=stop_phrases())
    definition = replace(compiled.definition, closes=closes) if closes else compiled.definition
    if closes and definition.opens and definition.opens[:10] > definition.closes:
        raise Refusal(f"--closes: the survey would close ({closes}) before it opens ({definition.opens}).")
    # Played through before anything is written: a survey that cannot be asked is not published.
    said = wording(drafts_allowed=settings.drafts_allowed)
    language = said.offered(definition)[0]
    rehearsal = _rehearsed(definition, said, language)
    definition = asyncio.run(_publish(settings, definition, is_dated=bool(closes)))
    for warning in compiled.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(f"Published {definition.id} version {definition.version} ({definition.hash[:12]}).")
    if definition.closes and not closes and not compiled.definition.closes:
        print(f"It closes on {definition.closes}, the last day that it was published with.")
    in_sheet = "its settings sheet" if compiled.definition.closes else "the day it was published with"
    _warn_if_shut(definition, "--closes" if closes else in_sheet)
    keyword = definition.keywords[0] if definition.keywords else ""
    for line in _how_to_start(settings, keyword):
        print(line)
    print(f"\nThe opening in {language.name}, as a resident gets it by SMS:\n")
    print("\n".join(f"    {line}" for line in rehearsal.opening.splitlines()))
    print(f"\nOne whole conversation sends {_cost(rehearsal, settings)}.")
    if remarks := lint(definition, segments=simulator_channel().segments):
        print(f"Before residents see it: `survey check` has {counted(len(remarks), 'warning')} about it.")


def _warn_if_shut(definition: SurveyDefinition, dated_by: str) -> None:
    match window(definition, None, datetime.now(UTC)):
        case Window.OPEN:
            return
        case Window.CLOSED:
            why = f"closed on {definition.closes}, by {dated_by}"
        case Window.NOT_YET:
            why = f"opens only on {definition.opens}, by its settings sheet"
    print(f"warning: it takes no answers now: it {why}.", file=sys.stderr)


def _how_to_start(settings: Settings, keyword: str) -> list[str]:
    """Say how residents begin, on every channel that is on."""
    if not keyword:
        return ["It has no keyword, so residents cannot start it by text: add one to the settings sheet."]
    lines = []
    numbers = numbers_of(settings)
    if numbers.sms:
        lines += [f"Residents text {keyword} to {numbers.sms}.", f"Link: sms:{numbers.sms}?body={quote(keyword)}"]
    elif settings.has_sms or settings.has_notify:
        lines.append(f"Residents text {keyword} to your number.")
    if numbers.whatsapp:
        lines.append(f"On WhatsApp: https://wa.me/{numbers.whatsapp.removeprefix('+')}?text={quote(keyword)}")
    if numbers.telegram:
        lines.append(f"On Telegram: https://t.me/{numbers.telegram}?start={quote(keyword)}")
    elif settings.has_telegram:
        lines.append(f"On Telegram, with your bot's name: https://t.me/YOUR_BOT?start={quote(keyword)}")
    return lines or [f"Residents will text {keyword}, once a channel is set up: set TWILIO_SMS_FROM or another."]


def list_surveys() -> None:
    """Print one line for each survey."""
    settings = load()
    moment = datetime.now(UTC)
    lines = []
    for row in asyncio.run(_versions(settings)):
        if not row.is_current:
            continue
        definition = SurveyDefinition.from_json(row.definition)
        title = chosen(definition.title, "", definition.default_language)
        state = window(definition, closed_by_hand(row.closed_at), moment).value
        lines.append((definition.id, definition.version, state, " ".join(definition.keywords), title))
    show(lines, {"survey": "32", "version": "12", "state": "8", "keyword": "12", "title": ""})


def close(survey: SurveyId) -> None:
    """Close by hand, whatever the settings sheet says."""
    settings = load()
    was_open = asyncio.run(_close(settings, survey))
    print(f"Closed {survey}. Replies from now on are kept and marked late." if was_open else f"{survey} was closed.")


async def _publish(settings: Settings, definition: SurveyDefinition, *, is_dated: bool) -> SurveyDefinition:
    def script() -> Script[SurveyDefinition]:
        published = yield from publishing.publish(definition, now(), is_dated=is_dated)
        yield from note(now(), by_terminal(), "survey published", f"{published.id} {published.version}")
        return published

    async with database_of(settings) as database:
        return await database.run(script)


async def _versions(settings: Settings) -> list[VersionRow]:
    async with database_of(settings) as database:
        return await database.read(store.every_version)


async def _close(settings: Settings, survey: str) -> bool:
    async with database_of(settings) as database:
        rows = await database.read(store.every_version)
        known = sorted({row.survey for row in rows})
        if survey not in known:
            raise UnknownSurvey(survey, known)

        def script() -> Script[bool]:
            was_open = yield from store.close(survey, now())
            if was_open:
                yield from note(now(), by_terminal(), "survey closed", survey)
            return was_open

        return await database.run(script)


def _rehearsed(definition: SurveyDefinition, said: Wording, language: Language) -> Rehearsal:
    """Play one conversation in a language of the survey."""
    questionnaire = Questionnaire(definition, said.phrases, said.words, said.offered(definition))
    begin = "" if language.code == definition.default_language else language.code
    return rehearse(questionnaire, simulator_channel(), said.phrases, said.words[""], language=begin)


def _cost(rehearsal: Rehearsal, settings: Settings) -> str:
    pence = rehearsal.segments * settings.pence_per_segment
    return (
        f"{len(rehearsal.replies)} messages, {rehearsal.segments} segments, about {pence:.1f}p "
        f"at {settings.pence_per_segment:g}p a segment"
    )
