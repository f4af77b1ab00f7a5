"""Callers who hang up, at every point of a request, leave nothing behind that spoils the next ones."""

import asyncio
import random
from contextlib import suppress
from pathlib import Path

from bench.serving import serving
from bench.wire import text_request
from storage.script import Database
from tests.end_to_end.commands import exported
from tests.end_to_end.counting import filed, revised
from tests.end_to_end.residents import (
    Resident,
    assert_exported,
    everybody_answers,
    make_residents,
    new_sid,
)

RUDE = 60
NEXT = 8  # residents of 13 turns each: the hundred turns after


async def hang_up(port: int, sent: bytes, *, waits: bool) -> None:
    """Send some bytes and cut the line: at once, or once the server has begun to answer or to wait for more."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    if waits:
        await writer.drain()
        await asyncio.sleep(0)
    writer.transport.abort()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def test_after_callers_who_hang_up_the_next_hundred_turns_are_right(
    published: str, database: Database, tmp_path: Path
) -> None:
    chance = random.Random(3)
    async with serving(published, tmp_path / "server") as server:
        everybody = make_residents(NEXT, 3, server.port)
        async with asyncio.TaskGroup() as together:
            for n in range(RUDE):
                hello = text_request(new_sid(chance), f"+447700900{500 + n}", "hello")
                sent = hello[: chance.choice([len(hello), chance.randrange(1, len(hello))])]
                together.create_task(hang_up(server.port, sent, waits=chance.random() < 0.5))
        await everybody_answers(everybody)
    assert_exported(await exported(published, tmp_path), everybody)
    assert await revised(database) == 0
    assert (await filed(database))["answer"] == NEXT * 12
    assert "Traceback" not in server.errors


async def test_a_caller_who_hangs_up_before_each_answer_gets_the_same_message_answered_once(
    published: str, database: Database, tmp_path: Path
) -> None:
    """Every message is sent first by a caller who goes away, then again by the provider's rule."""

    async def rude_then_patient(resident: Resident) -> None:
        chance = random.Random(resident.number)
        for step in resident.steps:
            sid = new_sid(chance)
            await hang_up(server.port, text_request(sid, resident.number, step.text), waits=chance.random() < 0.5)
            await resident.say(sid, step)

    async with serving(published, tmp_path / "server") as server:
        everybody = make_residents(NEXT, 4, server.port)
        async with asyncio.TaskGroup() as together:
            for resident in everybody:
                together.create_task(rude_then_patient(resident))
    assert_exported(await exported(published, tmp_path), everybody)
    assert await filed(database) == {"command": NEXT, "answer": NEXT * 12}
    assert await revised(database) == 0
    assert "Traceback" not in server.errors
