"""kill -9 in the middle of 64 residents answering: nothing acknowledged is lost, nothing doubled, nobody led astray."""

import asyncio
import random
from pathlib import Path

from bench.serving import serving
from bench.walk import edges, is_right
from storage.script import Database
from tests.end_to_end.commands import SURVEY, exported, run
from tests.end_to_end.counting import filed, revised, untold
from tests.end_to_end.reaping import Reaper
from tests.end_to_end.residents import assert_exported, everybody_answers, expected_cells, make_residents
from tests.end_to_end.waiting import until
from tests.fakes.twilio import FakeTwilio

RESIDENTS = 64
TURNS = 13
KILLS = 4
SEED = 20261122
SECONDS = 90.0


async def test_killed_again_and_again_among_64_residents_every_survey_is_whole_and_exact(
    published: str, database: Database, tmp_path: Path
) -> None:
    async with asyncio.timeout(SECONDS), serving(published, tmp_path / "server") as server:
        reaper = Reaper(server, random.Random(SEED), turns=RESIDENTS * TURNS, kills=KILLS)
        everybody = make_residents(
            RESIDENTS,
            SEED,
            server.port,
            until_up=reaper.until_up,
            repeats=0.15,
            forgeries=0.15,
            on_turn=reaper.note_turn,
        )
        met = await everybody_answers(everybody)
        await reaper.finish()
    assert reaper.kills == KILLS
    assert min(met["repeated"], met["forged"], met["hung up"]) > RESIDENTS // 4, met

    assert_exported(await exported(published, tmp_path), everybody)
    # One row of the inbound for each text, however often it was sent: the keywords, and every answer.
    assert await filed(database) == {"command": RESIDENTS, "answer": RESIDENTS * (TURNS - 1)}
    assert await revised(database) == 0
    assert await untold(database) == []


async def test_what_twilio_took_while_the_server_was_down_is_fetched_once_and_answered(
    published: str, database: Database, tmp_path: Path
) -> None:
    steps = edges(last=True)
    numbers = [f"+447700900{n}" for n in range(501, 505)]
    heard, lost = 1, 5  # the keyword comes in; then four answers each, of which only the provider knows
    async with asyncio.timeout(SECONDS), FakeTwilio() as twilio:
        async with serving(published, tmp_path / "server", TWILIO_API_BASE_URL=twilio.url) as server:
            twilio.target = f"http://127.0.0.1:{server.port}"
            for number in numbers:
                assert is_right(steps[0], (await twilio.text(number, steps[0].text)).replies[0])
            await server.kill()
            for step in steps[heard:lost]:
                for number in numbers:
                    twilio.lose(number, step.text)
            await server.start()
            await until(lambda: all(is_right(steps[lost - 1], twilio.phone(number)[-1]) for number in numbers))
            for number in numbers:
                for step in steps[lost:]:
                    assert is_right(step, (await twilio.text(number, step.text)).replies[0])
        assert {m.receiver for m in twilio.messages if m.direction == "outbound-api"} == set(numbers)

    rows = await exported(published, tmp_path)
    cells = expected_cells(steps)
    assert [{name: row[name] for name in cells} for row in rows] == [cells] * len(numbers)
    assert await filed(database) == {"command": len(numbers), "answer": len(numbers) * (TURNS - 1)}
    report = await run("reconcile-report", "--survey", SURVEY, settings=server.settings, folder=tmp_path)
    assert report.code == 0, report
