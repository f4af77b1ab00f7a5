"""The service and the demo, put together with their pages and run until they are told to stop."""

import asyncio
import gc
import secrets
import signal
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote

import structlog
import uvicorn
from fastapi import APIRouter

from bot.cli.backups import prepare
from bot.cli.channels import how_to_begin, left_out, providers_of, telegram_job, to_configure
from bot.cli.compose import (
    Refusal,
    Service,
    clock_of,
    database_of,
    hearing,
    keys_of,
    now,
    service_of,
    simulator_channels,
    wording,
)
from bot.cli.forwarding import forwarding_jobs
from bot.cli.importing import import_sample
from bot.cli.logs import configure
from bot.cli.numbers import numbers_of, reached_by
from bot.cli.safeguarding import alerts_job, help_numbers
from bot.core.survey import wording as chosen
from bot.service.clock import Clock
from bot.service.forms import Forms
from bot.service.safeguarding import Safeguarding
from bot.service.transcribing import Transcribing
from bot.service.unread import UnreadMessages
from bot.settings import Settings, load, lookalikes
from bot.settings_files import text_of
from bot.surveys.compile import compile_survey
from bot.web.account import account_routes
from bot.web.accounts import Role, StaffRefused, create_staff, one_time_sign_in
from bot.web.app import Application, build
from bot.web.assisted import assisted_routes
from bot.web.campaigns import campaign_routes
from bot.web.council import council_routes
from bot.web.figures import Figures
from bot.web.form import form_routes
from bot.web.forwarding import forwarding_routes
from bot.web.importing import import_routes
from bot.web.metrics import Metrics
from bot.web.modes import mode_routes
from bot.web.pages import Pages
from bot.web.phone import BotPhone
from bot.web.pull import pull_routes
from bot.web.refusals import Refusals
from bot.web.safeguarding import safeguarding_routes
from bot.web.simulator import SimulatorSetup, simulator_routes
from bot.web.staff import staff_routes
from bot.web.voice import voice_routes
from bot.web.volunteers import volunteer_routes
from bot.web.webhooks import Webhooks
from channels.base import Channel
from channels.simulator import SimulatorChannel
from storage import installation
from storage import staff as staff_store
from storage import surveys as store
from storage.script import Database

log = structlog.get_logger()

SHIPPED_SURVEY = Path(__file__).parents[2] / "surveys" / "stoke-community-cohesion.xlsx"
KEY_FILE = "secret.key"
COLLECT_AFTER = (50_000, 20, 50)
"""A batch of turns makes and drops thousands of objects without a cycle; looking for one each 700 cost a tenth."""


def serve(host: str, port: int) -> None:
    """Run the service until told to stop. Raises Refusal."""
    configure()
    settings = load()
    if not settings.public_base_url and settings.has_sms:
        raise Refusal("PUBLIC_BASE_URL: set it to the address at which Twilio reaches this server; it is signed over.")
    if settings.is_open_to_eavesdroppers:
        log.warning(
            "PUBLIC_BASE_URL begins with http://: residents' texts and staff's passwords can be read on their way, and "
            "Twilio signs over exactly this address. Put a web server with https in front, and write https:// here."
        )
    for slip in lookalikes():
        log.warning(slip)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(settings, listen(host, port)))


def demo(data: Path, host: str, port: int) -> None:
    """Run the demo, its database in a folder, until told to stop. Raises Refusal."""
    configure(readable=True)
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as problem:
        raise Refusal(f"--data: {data} cannot be a folder ({problem.strerror}). Name another.") from None
    with listen(host, port) as listening, asyncio.Runner(loop_factory=_loop_factory()) as runner:
        named = f"[{host}]" if ":" in host else host
        runner.run(_demo(data, f"http://{named}:{listening.getsockname()[1]}", listening))


def _settings_of_demo(data: Path, base: str, secret: str) -> Settings:
    return load(
        database_url=f"sqlite:///{(data / 'earshot.db').resolve()}",
        secret_key=secret,
        secret_key_previous="",
        public_base_url=base,
        twilio_account_sid="",
        twilio_auth_token="",
        twilio_auth_token_secondary="",
        twilio_sms_from="",
        notify_api_key="",
        notify_callback_token="",
        notify_template_id="",
        twilio_whatsapp_from="",
        twilio_whatsapp_template="",
        telegram_bot_token="",
        telegram_webhook_secret="",
        safeguarding_email="",
        safeguarding_webhook="",
        safeguarding_numbers="",
    )


async def _serve(settings: Settings, listening: socket.socket) -> None:
    providers = providers_of(settings)
    async with database_of(settings) as database:
        keys = await keys_of(settings, database)
        said = wording(drafts_allowed=settings.drafts_allowed, numbers=help_numbers(settings), listener=hearing())
        said = replace(said, reached_by=reached_by(settings))
        days = settings.retention_voice_days
        async with service_of(database, keys, providers.channels, said, voice_days=days) as service:
            _say_where(settings, service, listening)
            metrics = Metrics()
            application = _application(settings, service, metrics, providers.channels, [])
            jobs = await prepare(settings, service, providers, metrics.job_ran)
            jobs.append(alerts_job(settings, service, metrics.job_ran))
            if providers.telegram is not None:
                jobs.append(telegram_job(providers.telegram, service, settings, metrics.job_ran))
            async with forwarding_jobs(settings, service, metrics) as forwarding:
                clock = clock_of(service, providers.senders, metrics.job_ran, [*jobs, *forwarding])
                await _run(application, clock, listening)


async def _demo(data: Path, base: str, listening: socket.socket) -> None:
    async with database_of(_settings_of_demo(data, base, "")) as database:
        await database.run(installation.mark_demo)
        if not await database.read(installation.is_demo):
            raise Refusal(
                "That folder's database has taken in real texts, so no demo runs on it. Choose another --data."
            )
        settings = _settings_of_demo(data, base, _kept_secret(data / KEY_FILE))  # no file beside a real database
        await _publish_shipped(database)
        keys = await keys_of(settings, database)
        channels = simulator_channels()
        async with service_of(database, keys, channels, wording(every=True, listener=hearing())) as service:
            keywords = tuple(k for d in service.library.definitions for k in d.keywords)
            metrics = Metrics()
            application = demo_application(settings, service, channels, metrics)
            sample = await import_sample(database, keys)
            await _say_what_to_try(settings, database, keywords, sample)
            async with forwarding_jobs(settings, service, metrics) as forwarding:
                await _run(application, clock_of(service, {}, metrics.job_ran, forwarding), listening)


def demo_application(
    settings: Settings, service: Service, channels: Mapping[str, SimulatorChannel], metrics: Metrics
) -> Application:
    """Put the demo's pages together: all that `serve` has, and the simulator, whose phones are on these channels."""
    keywords = tuple(k for d in service.library.definitions for k in d.keywords)
    setup = SimulatorSetup("Earshot", keywords, settings.pence_per_segment, languages=("English",))
    phones = {
        each.look.name: BotPhone(service.inbox, each, service.database, service.keys, now) for each in channels.values()
    }
    routes = simulator_routes(phones, Pages(_council(service)), setup, settings.public_base_url)
    # No webhook is mounted: the simulator's page talks to the inbox itself.
    return _application(settings, service, metrics, {}, [routes])


def _application(
    settings: Settings,
    service: Service,
    metrics: Metrics,
    mounted: Mapping[str, Channel],
    more: list[APIRouter],
) -> Application:
    webhooks = Webhooks(mounted, service.inbox, service.receipts.keep, metrics, now)
    figures = Figures(service.database, now, service.keys)
    pages = Pages(_council(service), Refusals(service.database, now).note)
    transcribing = Transcribing(service.database, service.library, now=now)
    base = settings.public_base_url
    staff = staff_routes(service.database, figures, pages, now, base)
    account = account_routes(service.database, service.keys, pages, now, base)
    voice = voice_routes(service.database, service.voice, transcribing, pages, now, base)
    flags = Safeguarding(service.database, service.keys, now=now)
    safe = safeguarding_routes(service.database, flags, pages, now, base)
    is_trial = any(channel.capabilities.is_test for channel in service.channels.values())
    forms = Forms(service.database, service.keys, service.library, now=now, test=is_trial)
    survey = form_routes(forms, pages, now, base)
    helped = assisted_routes(service.database, forms, pages, now, base)
    volunteers = volunteer_routes(service.database, forms, pages, now, base)
    numbers = numbers_of(settings, is_demo=is_trial)
    campaigns = campaign_routes(service.database, numbers, pages, now, base, service.library.load)
    unread = UnreadMessages(service.database, service.channels, now=now)
    council = council_routes(service.database, unread, pages, now, base)
    modes = mode_routes(service.database, service.keys, pages, now, base)
    routers = [survey, helped, volunteers, staff, account, voice, safe, campaigns, council, modes, *more]
    routers.append(import_routes(service.database, service.keys, pages, now, base))
    routers.append(forwarding_routes(service.database, pages, now, base))
    routers.append(pull_routes(service.database, settings.api_token.get_secret_value(), now))
    return build(webhooks, routers, metrics, lambda: _is_ready(service.database), pages)


async def _run(application: Application, clock: Clock, listening: socket.socket) -> None:
    """Serve until a signal says stop; then finish what was accepted."""
    config = uvicorn.Config(
        application,
        lifespan="off",
        ws="none",
        access_log=False,
        log_level="warning",
        log_config=None,  # what it has to say goes with ours, one JSON object a line
        proxy_headers=False,  # PUBLIC_BASE_URL is what counts, never what a caller says of itself
        server_header=False,
        date_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=20,
    )
    # uvicorn raises the signal again once it has stopped: that must not end us before the rest is finished too.
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.SIG_IGN)
    # What start-up made stays for ever: the collector need not walk it again at every few turns.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    clock.start()
    try:
        await uvicorn.Server(config).serve(sockets=[listening])
    finally:
        await clock.stop()


def listen(host: str, port: int) -> socket.socket:
    """Take the port, before anything is said or begun. Raises Refusal where it cannot be had."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError as problem:
        raise Refusal(
            f"{host} port {port} cannot be listened on ({problem.strerror}). "
            "Stop what is there, or choose another --port."
        ) from None
    return listening


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    return uvicorn.Config("").get_loop_factory()


async def _is_ready(database: Database) -> bool:
    with suppress(Exception):
        async with asyncio.timeout(5):
            await database.check()
            return True
    return False


def _council(service: Service) -> str:
    """Return the organisation of the newest survey that names one, for the head of every page."""
    names = [chosen(d.organisation, "", d.default_language) for d in service.library.definitions]
    return next((name for name in reversed(names) if name), "Earshot")


def _say_where(settings: Settings, service: Service, listening: socket.socket) -> None:
    """Print where the server listens, and the addresses to configure at each provider, with their retry settings."""
    host, port = listening.getsockname()[:2]
    print(f"Earshot listens on http://{host}:{port}")
    for line in to_configure(settings):
        print(line)
    if not service.channels:
        print("No channel is on: set TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_SMS_FROM for SMS,")
        print("or the settings of another channel (docs/reference/settings.md).", flush=True)
        return
    for line in (*how_to_begin(service, datetime.now(UTC)), *left_out(service)):
        print(line)
    if not service.library.definitions:
        print("No survey is published yet: survey publish FILE")
    print(end="", flush=True)


async def _publish_shipped(database: Database) -> None:
    definition = compile_survey(SHIPPED_SURVEY).definition
    there = await database.read(store.every_version)
    if not any(row.survey == definition.id and row.hash == definition.hash for row in there):
        version = definition.version
        taken = {row.version for row in there if row.survey == definition.id}
        if version in taken:  # the shipped file was edited without a new version: the demo goes on with what it has
            return
        await database.run(lambda: store.publish(definition.id, version, definition.hash, definition.to_json(), now()))


async def _say_what_to_try(settings: Settings, database: Database, keywords: tuple[str, ...], sample: str) -> None:
    base = settings.public_base_url
    try:
        staff_id = await create_staff(database, "demo", Role.ADMIN, None, now())
    except StaffRefused:
        member = await database.read(lambda: staff_store.staff_named("demo"))
        if member is None:
            raise
        staff_id = member.id
    token = await one_time_sign_in(database, staff_id, now())
    print("Earshot's demo is running. It talks to no provider, and everything in it is a trial.")
    print(f"  A resident's phone:  {base}/simulator   (text {' or '.join(keywords)})")
    print(f"  The staff pages:     {base}/staff")
    print(f"  Sign in once, within 15 minutes:  {base}/staff/sign-in/{token}")
    if sample:
        print(f"  {sample}")
    key = Path(settings.database_url.removeprefix("sqlite:///")).with_name(KEY_FILE)
    print("  A campaign and its poster: sign in, open Campaigns, and first say when the survey closes.")
    print("  Commands for this demo's data, in another terminal:")
    forward_to = f" FORWARD_TO={quote(settings.forward_to)}" if settings.forward_to else ""
    print(f"    export DATABASE_URL={settings.database_url} SECRET_KEY_FILE={key} PUBLIC_BASE_URL={base}{forward_to}")
    print("    sh run.sh export --survey stoke-community-cohesion --format csv --out answers.csv")
    print("    sh run.sh staff add sadia --role worker")
    print("  Stop with Ctrl-C.", flush=True)


def _kept_secret(path: Path) -> str:
    """Read the demo's secret key, making it the first time; only this user may read it."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32), encoding="utf-8")
    return text_of(path, f"The demo's secret key {path}").strip()
