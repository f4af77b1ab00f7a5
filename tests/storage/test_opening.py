"""Opening a database: the tables it gets, and what a person is told when it cannot be opened."""

import asyncio
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from storage import migrating
from storage.database import HEAD, open_database
from storage.errors import CannotOpen
from storage.keys import KeyRing
from storage.sqlite import connect_to_write
from storage.tables import metadata
from tests.conftest import SECRET
from tests.postgres import NOBODY, Server
from tests.storage.deciding import JOHN, MARY, ONE_TURN, counts, make_intake, message


async def _migrate(url: str, work: migrating.Work = migrating.to_head) -> None:
    if url.startswith("sqlite"):
        await asyncio.to_thread(migrating.on_sqlite, Path(url.removeprefix("sqlite:///")), work)
    else:
        await migrating.on_postgres(url, work)


async def test_the_migrations_make_the_tables_of_this_program(empty_database_url: str) -> None:
    await _migrate(empty_database_url)
    differences: list[object] = []

    def compare(config: Config) -> None:
        context = MigrationContext.configure(config.attributes["connection"], opts={"compare_type": True})
        differences.extend(compare_metadata(context, metadata))

    await _migrate(empty_database_url, compare)
    assert differences == []


async def test_constraints_indexes_and_defaults_are_those_of_the_tables(tmp_path: Path) -> None:
    """Alembic's comparison overlooks partial indexes, defaults and names; SQLite's own words do not."""
    migrating.on_sqlite(tmp_path / "migrated.db")
    made = sa.create_engine(f"sqlite:///{tmp_path / 'made.db'}")
    metadata.create_all(made)
    made.dispose()
    assert _words(tmp_path / "migrated.db") == _words(tmp_path / "made.db")


def _words(path: Path) -> dict[str, list[str]]:
    connection = sqlite3.connect(path)
    found = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'alembic_version'"
    )
    # A column that was added later stands on the line of the one before it.
    words = {name: re.split(r",\s*\n|\n|, (?=[a-z_]+ [A-Z]{3})", sql) for name, sql in found}
    connection.close()
    bare = {name: [line.strip(" \t,()") for line in lines] for name, lines in words.items()}
    return {name: sorted(line for line in lines if line) for name, lines in bare.items()}


async def test_partial_indexes_are_partial_on_postgres(postgres_server: Server) -> None:
    url = await postgres_server.create_database(await postgres_server.migrated())
    connection = await asyncpg.connect(url)
    partial = await connection.fetch("SELECT indexname FROM pg_indexes WHERE indexdef LIKE '% WHERE %'")
    await connection.close()
    await postgres_server.drop_database(url)
    declared = {
        index.name
        for table in metadata.tables.values()
        for index in table.indexes
        if index.dialect_options["postgresql"]["where"] is not None
    }
    assert {row["indexname"] for row in partial} == declared
    assert len(declared) >= 3


async def test_a_filled_database_goes_down_and_up_again(empty_database_url: str) -> None:
    database = await open_database(empty_database_url)
    intake = make_intake(database, await KeyRing.open(database, SECRET))
    await intake.take(message("Hello", "SM1", MARY))
    await intake.take(message("Hello", "SM2", JOHN))
    await database.close()
    await _migrate(empty_database_url, lambda config: command.downgrade(config, "base"))
    await _migrate(empty_database_url)
    database = await open_database(empty_database_url)
    assert await counts(database) == dict.fromkeys(ONE_TURN, 0)
    await database.close()


async def test_a_migration_that_breaks_a_reference_is_undone(tmp_path: Path) -> None:
    path = tmp_path / "earshot.db"
    migrating.on_sqlite(path)

    def breaking(config: Config) -> None:
        insert = "INSERT INTO response (id, respondent_id, survey, version, source, channel, started_at) "
        config.attributes["connection"].exec_driver_sql(insert + "VALUES ('1', 'nobody', '', '', '', '', 1)")

    with pytest.raises(migrating.BrokenReferences, match="response"):
        migrating.on_sqlite(path, breaking)
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT count(*) FROM response").fetchone() == (0,)
    connection.close()


async def test_the_revision_known_without_alembic_is_the_newest_one() -> None:
    assert ScriptDirectory.from_config(migrating.config()).get_heads() == [HEAD]


async def test_processes_that_start_together_on_an_empty_database_all_open_it(empty_database_url: str) -> None:
    async with asyncio.timeout(60):
        opened = await asyncio.gather(*(open_database(empty_database_url) for _ in range(3)), return_exceptions=True)
    failed = [each for each in opened if isinstance(each, BaseException)]
    for each in opened:
        if not isinstance(each, BaseException):
            assert (await counts(each))["inbound"] == 0
            await each.close()
    assert failed == []


def test_connections_that_set_a_new_files_journal_mode_at_once_wait_for_each_other(tmp_path: Path) -> None:
    """SQLite itself says "locked" at once there: before we waited, to one in nine rounds of four."""
    rounds, at_once = 60, 4
    together = threading.Barrier(at_once)

    def open_it(path: Path) -> None:
        together.wait(timeout=30)
        connect_to_write(path).close()

    with ThreadPoolExecutor(at_once) as threads:
        for number in range(rounds):
            list(threads.map(open_it, [tmp_path / f"{number}.db"] * at_once))


async def test_opening_a_current_database_does_not_import_alembic(database_url: str) -> None:
    """It costs a second of CPU, at every command."""
    program = (
        "import asyncio, sys\nfrom storage.database import open_database\n"
        "async def go():\n    await (await open_database(sys.argv[1])).close()\n"
        "asyncio.run(go())\nsys.exit('alembic' in sys.modules or 'sqlalchemy' in sys.modules)"
    )
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program, database_url], cwd=Path(__file__).parents[2], check=False
    )
    assert done.returncode == 0


async def test_a_database_of_a_newer_earshot_is_refused(database_url: str) -> None:
    await _order(database_url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(CannotOpen, match=r"newer Earshot.*9999.*restore a backup"):
        await open_database(database_url)


async def _order(url: str, sql: str) -> None:
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        connection.execute(sql)
        connection.close()
    else:
        postgres = await asyncpg.connect(url)
        await postgres.execute(sql)
        await postgres.close()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "earshot.db",
        "hunter2",
        pytest.param(f"sqlite:///{'x' * 5_000}", id="a name too long for a file"),
        "sqlite:////tmp/none-of-this-name.db?mode=ro",
        "mysql://user:hunter2@host/name",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:////no/such/folder/earshot.db",
        "sqlite:////tmp",
        "postgresql://",
        "postgresql://user:hunter2@127.0.0.1:1/name",
        "postgresql://user:hunter2@127.0.0.1:not-a-port/name",
        "postgresql://user:hunter2@no-such-host.invalid/name?password=hunter2",
        "postgresql://user:hun/ter2:hunter2@[127.0.0.1/name",
    ],
    ids=lambda url: url.replace("/", "|") or "empty",
)
async def test_an_address_that_leads_nowhere_is_explained_without_its_password(url: str) -> None:
    with pytest.raises(CannotOpen) as refusal:
        await open_database(url)
    whole = "".join(_chain(refusal.value))
    assert "hunter2" not in whole
    assert refusal.value.what
    assert refusal.value.where
    assert refusal.value.remedy


def _chain(error: BaseException | None) -> list[str]:
    """Everything a traceback would print."""
    found = []
    while error is not None:
        found.append(repr(error) + str(error))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return found


async def test_a_wrong_database_name_is_explained(postgres_server: Server) -> None:
    with pytest.raises(CannotOpen, match="no such database"):
        await open_database(postgres_server.url("no_such_database"))


async def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear council, " * 100)
    with pytest.raises(CannotOpen, match=r"letter\.txt"):
        await open_database(f"sqlite:///{path}")
    assert path.read_text() == "Dear council, " * 100


async def test_another_programs_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    await _order(f"sqlite:///{path}", "CREATE TABLE recipes (name TEXT)")
    with pytest.raises(CannotOpen, match="another program"):
        await open_database(f"sqlite:///{path}")
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("recipes",)]
    connection.close()


@pytest.mark.parametrize("what", ["folder", "file"])
async def test_what_may_not_be_written_is_explained(what: str) -> None:
    with tempfile.TemporaryDirectory() as name:  # not below pytest's own, which only root may enter
        path = Path(name) / "earshot.db"
        if what == "file":
            path.touch(0o444)
        os.chmod(name, 0o555 if what == "folder" else 0o777)  # noqa: PTH101  # a plain call, in an async test
        with _as_nobody(), pytest.raises(CannotOpen, match="may not be written"):
            await open_database(f"sqlite:///{path}")


@contextmanager
def _as_nobody() -> Iterator[None]:
    """Root may write everywhere, so root steps back for a moment."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


async def test_sqlite_keeps_what_it_has_accepted_through_a_power_cut(tmp_path: Path) -> None:
    """WAL with synchronous FULL and foreign keys: what the promise to a provider rests on."""
    from storage.sqlite import connect_to_write

    connection = connect_to_write(tmp_path / "earshot.db")
    found = [
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "foreign_keys")
    ]
    connection.close()
    assert found == ["wal", 2, 1]
