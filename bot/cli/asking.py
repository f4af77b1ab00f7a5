"""`chat`: talk to the bot in the terminal, as a resident would by SMS, WhatsApp or Telegram.

What can be tapped stands below a message as `[1] Label`; a line that is such a number in its brackets is the tap.
"""

import asyncio
import json
import os
import re
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Annotated
from uuid import uuid4

import typer

from bot.analysis.columns import UnknownSurvey
from bot.cli.compose import Refusal, database_of, hearing, keys_of, now, service_of, simulator_channel, wording
from bot.cli.logs import configure
from bot.core.commands import find_language
from bot.core.language_names import names_of
from bot.core.questionnaire import Questionnaire
from bot.service.counting import counted
from bot.settings import Settings, load
from channels.base import Outbound, Request
from channels.looks import LOOKS, Key
from channels.simulator import SimulatorChannel
from storage import surveys as store
from storage.database import open_database
from storage.keys import KeyRing
from storage.script import Database

CHANNELS = {look.name: look for look in LOOKS}

_tap = re.compile(r"\s*\[(\d{1,2})\]\s*").fullmatch


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("chat", help="Talk to the bot in the terminal; Ctrl-D or Ctrl-C ends it.")(chat)


def chat(
    survey: Annotated[str, typer.Argument(metavar="SURVEY", help="The survey's form_id.")],
    channel: Annotated[str, typer.Option(help=f"Whose look and limits to take: {', '.join(CHANNELS)}.")] = "sms",
    lang: Annotated[str, typer.Option(help="Begin in this language.")] = "",
) -> None:
    """Begin a survey and pass lines back and forth. Its rows are marked as trials."""
    if channel not in CHANNELS:
        raise typer.BadParameter(f"choose one of: {', '.join(CHANNELS)}", param_hint="--channel")
    configure(readable=True)
    asyncio.run(_chat(load(), survey, lang, simulator_channel(CHANNELS[channel])))


async def _chat(settings: Settings, survey: str, lang: str, channel: SimulatorChannel) -> None:
    async with (
        _place(settings, survey) as (database, keys),
        service_of(database, keys, {channel.name: channel}, wording(every=True, listener=hearing())) as service,
    ):
        listing = service.library.desk.listings.get(survey)
        if listing is None:
            raise UnknownSurvey(survey, list(service.library.desk.listings))
        line: str | None = _first_text(listing.questionnaire, lang)
        address, buttons, typed = f"chat-{uuid4().hex}", tuple[Key, ...](), _typed()
        print(f"> {line}")
        while line is not None:
            key = _tapped(line, buttons)
            said = {"text": line} if key is None else {"text": key.label, "choice": key.id}
            body = json.dumps({"address": address, **said}).encode()
            (inbound,) = channel.receive(Request("", {}, body, now()))
            if key is not None and channel.look.keys_go:
                buttons = ()
            buttons = _show(channel, await service.inbox.handle(inbound), settings) or buttons
            print("> ", end="", flush=True)
            line = await typed.get()


@asynccontextmanager
async def _place(settings: Settings, survey: str) -> AsyncIterator[tuple[Database, KeyRing]]:
    """Open the configured database where SECRET_KEY opens it; else a throw-away copy of its surveys."""
    async with database_of(settings) as database:
        if settings.secret_key.get_secret_value():
            yield database, await keys_of(settings, database)
            return
        versions = await database.read(store.every_version)
    with tempfile.TemporaryDirectory(prefix="earshot-chat-") as folder:
        print("SECRET_KEY is not set, so this chat is thrown away at its end.", file=sys.stderr)
        database = await open_database(f"sqlite:///{Path(folder) / 'chat.db'}")
        try:
            for row in versions:
                if row.survey == survey and row.is_current:
                    await database.run(
                        lambda row=row: store.publish(row.survey, row.version, row.hash, row.definition, now())  # type: ignore[misc]
                    )
            yield database, await KeyRing.open(database, secrets.token_hex(16))
        finally:
            await database.close()


def _first_text(questionnaire: Questionnaire, lang: str) -> str:
    """Write the text that starts the survey, in a language. Raises Refusal without a keyword, BadParameter for `lang`.

    A language that the survey does not have is refused here, because the bot would go on in the survey's own.
    """
    definition = questionnaire.definition
    if not definition.keywords:
        raise Refusal(f"{definition.id} has no keyword, so no text can start it. Add one to its settings sheet.")
    if not lang:
        return definition.keywords[0]
    code = find_language(
        lang,
        {each.code: (each.name, *names_of(each.code, each.name).every) for each in questionnaire.offered},
        allow_code=True,
    )
    if code is None:
        known = ", ".join(f"{each.code} ({each.name})" for each in questionnaire.offered)
        raise typer.BadParameter(
            f"{definition.id} has no language '{lang}'; choose one of: {known}", param_hint="--lang"
        )
    return f"{definition.keywords[0]} {code}"


def _tapped(line: str, buttons: Sequence[Key]) -> Key | None:
    """Find what a line like `[2]` taps; None where it taps nothing, and is a text like any other."""
    found = _tap(line)
    place = int(found[1]) if found else 0
    return buttons[place - 1] if 0 < place <= len(buttons) else None


def _show(channel: SimulatorChannel, replies: Sequence[Outbound], settings: Settings) -> tuple[Key, ...]:
    """Print the replies as the phone shows them, and return the newest buttons, if there are any."""
    buttons: tuple[Key, ...] = ()
    for message in [drawn for reply in replies for drawn in channel.shown(reply)]:
        print()
        print(message.text)
        for place, key in enumerate(message.keys, 1):
            print(f"  [{place}] {key.note or key.label}")  # with a note, the label is that number already
        if channel.capabilities.cost_unit == "segment":
            count = channel.segments(message.text)
            print(f"  [{counted(count, 'segment')}, {count * settings.pence_per_segment:.1f}p]")
        buttons = message.keys or buttons
    print()
    return buttons


def _typed() -> asyncio.Queue[str | None]:
    """Read aside what the resident texts, None at its end. Bytes that are no UTF-8 become signs, as on a phone.

    The thread is one that nobody waits for and holds no lock of `sys.stdin`, so Ctrl-C need not wait for an Enter.
    """
    lines: asyncio.Queue[str | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        with suppress(RuntimeError), os.fdopen(sys.stdin.fileno(), "rb", closefd=False) as source:  # the loop has ended
            for line in source:
                loop.call_soon_threadsafe(lines.put_nowait, line.decode(errors="replace").rstrip("\r\n"))
            loop.call_soon_threadsafe(lines.put_nowait, None)

    Thread(target=read, name="typed", daemon=True).start()
    return lines
