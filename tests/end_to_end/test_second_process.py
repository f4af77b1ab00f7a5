"""Two server processes share one PostgreSQL database: a resident's texts reach now one, now the other."""

from pathlib import Path

from bench.serving import serving
from storage.database import open_database
from tests.end_to_end.commands import exported
from tests.end_to_end.conftest import publish_shipped
from tests.end_to_end.counting import filed, revised
from tests.end_to_end.residents import assert_exported, everybody_answers, make_residents
from tests.postgres import Server as Postgres

RESIDENTS = 48


async def test_every_survey_is_exact_when_each_residents_texts_go_to_both_in_turn(
    postgres_server: Postgres, tmp_path: Path
) -> None:
    url = await postgres_server.create_database(template=await postgres_server.migrated())
    database = await open_database(url)
    try:
        await publish_shipped(database)
        async with serving(url, tmp_path / "one") as one, serving(url, tmp_path / "two") as two:
            everybody = make_residents(RESIDENTS, 5, one.port, two.port, repeats=0.2, forgeries=0.1)
            met = await everybody_answers(everybody)
        assert min(met["repeated"], met["forged"]) > RESIDENTS // 4
        assert_exported(await exported(url, tmp_path), everybody)
        assert await filed(database) == {"command": RESIDENTS, "answer": RESIDENTS * 12}
        assert await revised(database) == 0
        for server in (one, two):
            assert "failed" not in server.errors
    finally:
        await database.close()
        await postgres_server.drop_database(url)
