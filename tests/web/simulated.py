"""The simulator over the bot itself: the shipped survey, or another, on a phone of each look."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from bot.cli.compose import now, service_of, simulator_channels, wording
from bot.core.survey import SurveyDefinition
from bot.web.phone import BotPhone
from storage import surveys
from storage.keys import KeyRing
from storage.script import Database
from tests.web.scripted import simulator_application


@asynccontextmanager
async def simulator_over(
    database: Database, keys: KeyRing, definition: SurveyDefinition, base: str
) -> AsyncIterator[FastAPI]:
    """Publish a survey and build the simulator round the running service, as `demo` does."""
    await database.run(
        lambda: surveys.publish(definition.id, definition.version, definition.hash, definition.to_json(), now())
    )
    channels = simulator_channels()
    async with service_of(database, keys, channels, wording(every=True)) as service:
        phones = {each.look.name: BotPhone(service.inbox, each, database, keys, now) for each in channels.values()}
        yield simulator_application(phones, base)
