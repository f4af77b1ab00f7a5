"""`doctor`: look at everything that must be right before residents text, and say in plain words what is not."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import typer

from bot.analysis.forwarding.allowed import ForwardRefused
from bot.cli.backups import ledger_path
from bot.cli.channels import RETRIES, Providers, providers_of, telegram_webhook
from bot.cli.compose import Refusal, database_of, now, wording
from bot.cli.forwarding import allowed_of
from bot.cli.logs import configure
from bot.cli.safeguarding import numbers_file
from bot.core.phrases import Phrases
from bot.service.doctor import (
    Finding,
    advanced_opt_out,
    examine_database,
    examine_forwarding,
    examine_keys,
    examine_languages,
    examine_ledger,
    examine_letters,
    examine_notify,
    examine_safeguarding,
    examine_signature,
    examine_surveys,
    examine_telegram,
    examine_twilio,
    ok,
    problem,
    warning,
)
from bot.service.doctor.finding import Level
from bot.settings import Settings, SettingsProblem, load, lookalikes
from storage import destinations
from storage.errors import CannotOpen, Unavailable
from storage.script import Database


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor", help="Look at settings, database, providers and surveys; say what is wrong, and what to do.")(
        doctor
    )


def doctor(
    offline: Annotated[bool, typer.Option("--offline", help="Leave the providers out.")] = False,
) -> None:
    """Print a line for each check; exit 1 where there is a problem."""
    configure(readable=True)
    problems = asyncio.run(_examine(offline))
    if problems:
        raise Refusal(f"{problems} problem(s); each line above says what to do.")


async def _examine(offline: bool) -> int:
    try:
        settings = load()
    except SettingsProblem as wrong:
        print(problem(str(wrong)))
        return 1
    problems = 0
    async with aclosing(examine(settings, offline=offline)) as findings:
        async for finding in findings:
            print(finding, flush=True)
            problems += isinstance(finding, Finding) and finding.level is Level.PROBLEM
    return problems


async def examine(settings: Settings, *, offline: bool = False) -> AsyncGenerator[Finding | str]:
    """Give what is found, as it is found; plain text is what to set elsewhere. Asks the providers unless `offline`."""
    yield ok("The settings can be read.")
    for slip in lookalikes():
        yield warning(slip)
    async with aclosing(_in_the_database(settings)) as findings:
        async for finding in findings:
            yield finding
    yield _address(settings)
    try:
        providers = providers_of(settings)
    except Refusal as refusal:
        yield problem(str(refusal))
        return
    try:
        for finding in _of_channels(settings, providers):
            yield finding
        async for finding in _of_letters(settings, providers):
            yield finding
        if offline:
            yield ok("Not asked, because of --offline: the providers.")
        else:
            async for finding in _at_the_providers(settings, providers):
                yield finding
    finally:
        for channel in providers.channels.values():
            await channel.close()
    if "MG" in (settings.twilio_sms_from[:2], settings.twilio_whatsapp_from[:2]):
        for line in advanced_opt_out(Phrases()):
            yield line


async def _in_the_database(settings: Settings) -> AsyncGenerator[Finding]:
    try:
        async with database_of(settings) as database:
            for finding in await examine_database(database, now()):
                yield finding
            secret = settings.secret_key.get_secret_value()
            yield await examine_keys(database, secret, settings.secret_key_previous.get_secret_value() or None)
            yield await examine_ledger(database, ledger_path(settings), now())
            is_told = bool(settings.safeguarding_email or settings.safeguarding_webhook)
            lead, numbers = settings.safeguarding_lead, numbers_file(settings)
            for finding in await examine_safeguarding(database, lead, is_told, numbers, now()):
                yield finding
            for finding in await examine_surveys(database, now()):
                yield finding
            for finding in await examine_languages(database, settings.drafts_allowed):
                yield finding
            for finding in (*await examine_forwarding(database), *await _of_targets(settings, database)):
                yield finding
    except (CannotOpen, Unavailable) as closed:
        yield problem(str(closed))


async def _of_targets(settings: Settings, database: Database) -> list[Finding]:
    found = []
    try:
        allowed = await allowed_of(settings, database)
    except ForwardRefused as refusal:
        return [problem(str(refusal))]
    for each in await database.read(destinations.every):
        try:
            allowed.kind_of(each.target)
        except ForwardRefused as refusal:
            found.append(problem(f"{each.name} gets nothing. {refusal}"))
    return found


def _address(settings: Settings) -> Finding:
    if not settings.public_base_url:
        return warning("PUBLIC_BASE_URL is not set: providers and people cannot reach this server.")
    if settings.is_open_to_eavesdroppers:
        return problem(
            "PUBLIC_BASE_URL begins with http://: residents' texts and staff's passwords can be read on their way. Put "
            "a web server with https in front, and write https:// here."
        )
    return ok(f"PUBLIC_BASE_URL is {settings.public_base_url}")


def _of_channels(settings: Settings, providers: Providers) -> list[Finding]:
    if not providers.channels:
        return [warning("No channel is on, so nobody can text: see docs/reference/settings.md.")]
    token = settings.twilio_auth_token.get_secret_value()
    return [
        examine_signature(providers.channels[name], settings.twilio_account_sid, token, settings.public_base_url)
        for name in ("sms", "whatsapp")
        if name in providers.channels
    ]


async def _of_letters(settings: Settings, providers: Providers) -> AsyncGenerator[Finding]:
    try:
        async with database_of(settings) as database:
            phrases = wording(drafts_allowed=settings.drafts_allowed).phrases
            for finding in await examine_letters(database, providers.channels, phrases):
                yield finding
    except (CannotOpen, Unavailable):
        return  # it was said above


async def _at_the_providers(settings: Settings, providers: Providers) -> AsyncGenerator[Finding]:
    senders = {
        providers.senders[name]: f"{settings.public_base_url}/channels/{name}{RETRIES}"
        for name in ("whatsapp", "sms")
        if name in providers.channels
    }
    if senders:
        token = settings.twilio_auth_token.get_secret_value()
        for finding in await examine_twilio(settings.twilio_account_sid, token, settings.twilio_api_base_url, senders):
            yield finding
    if settings.has_notify:
        key = settings.notify_api_key.get_secret_value()
        for finding in await examine_notify(key, settings.notify_template_id, settings.notify_api_base_url):
            yield finding
    if providers.telegram is not None:
        for finding in await examine_telegram(providers.telegram, telegram_webhook(settings)):
            yield finding
