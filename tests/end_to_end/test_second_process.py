"""Two server processes share one PostgreSQL database: a resident's texts reach now one, now the other."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.serving import Server, serving
from bench.walk import edges, is_right
from bench.wire import Connection
from storage.database import open_database
from storage.script import Database
from tests.end_to_end.commands import exported
from tests.end_to_end.conftest import publish_shipped
from tests.end_to_end.counting import filed, revised
from tests.end_to_end.residents import (
    Resident,
    assert_exported,
    everybody_answers,
    make_residents,
    new_sid,
    send,
)
from tests.postgres import Server as Postgres

RESIDENTS = 48


@asynccontextmanager
async def two_servers(postgres: Postgres, folder: Path) -> AsyncIterator[tuple[Server, Server, Database, str]]:
    url = await postgres.create_database(template=await postgres.migrated())
    database = await open_database(url)
    try:
        await publish_shipped(database)
        async with serving(url, folder / "one") as one, serving(url, folder / "two") as two:
            yield one, two, database, url
            for server in (one, two):
                assert "failed" not in server.errors
    finally:
        await database.close()
        await postgres.drop_database(url)


async def test_every_survey_is_exact_when_each_residents_texts_go_to_both_in_turn(
    postgres_server: Postgres, tmp_path: Path
) -> None:
    async with two_servers(postgres_server, tmp_path) as (one, two, database, url):
        everybody = make_residents(RESIDENTS, 5, one.port, two.port, repeats=0.2, forgeries=0.1)
        met = await everybody_answers(everybody)
        assert min(met["repeated"], met["forged"]) > RESIDENTS // 4
        assert_exported(await exported(url, tmp_path), everybody)
        assert await filed(database) == {"command": RESIDENTS, "answer": RESIDENTS * 12}
        assert await revised(database) == 0


async def test_the_same_message_at_both_in_the_same_moment_is_answered_once_and_alike(
    postgres_server: Postgres, tmp_path: Path
) -> None:
    chance = random.Random(11)
    resident = Resident("+447700900321", edges(last=False), chance, ())
    async with two_servers(postgres_server, tmp_path) as (one, two, database, url):
        lines = [Connection(server.port) for server in (one, two) for _ in range(3)]
        for step in resident.steps:
            sid = new_sid(chance)
            replies = await asyncio.gather(*(send(line, sid, resident.number, step.text) for line in lines))
            assert {reply.status for reply in replies} == {200}
            assert len({reply.body for reply in replies}) == 1
            assert is_right(step, replies[0].text)
        for line in lines:
            line.close()
        assert_exported(await exported(url, tmp_path), [resident])
        assert await filed(database) == {"command": 1, "answer": 12}
