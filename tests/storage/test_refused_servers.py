"""A PostgreSQL that cannot be used as it is: what a person is told, and that no password is in it."""

import re
from collections.abc import AsyncIterator

import asyncpg
import pytest

from storage.database import open_database
from storage.errors import CannotOpen
from tests.postgres import Server


async def order(server: Server, database: str, *orders: str) -> None:
    connection = await asyncpg.connect(server.url(database))
    try:
        for sql in orders:
            await connection.execute(sql)
    finally:
        await connection.close()


async def refusal(url: str) -> CannotOpen:
    with pytest.raises(CannotOpen) as refused:
        await open_database(url)
    return refused.value


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("earshot:qx@zv/wj@127.0.0.1:55433/earshot", "postgresql://127.0.0.1:55433/earshot"),
        ("earshot:qx/zv@127.0.0.1:55433/earshot", "postgresql://127.0.0.1:55433/earshot"),
        ("earshot:qx@zv@127.0.0.1:55433/earshot", "postgresql://127.0.0.1:55433/earshot"),
        ("earshot:qx?zv@127.0.0.1:55433/earshot", "the address in DATABASE_URL"),
        ("earshot:qx#zv@127.0.0.1:55433/earshot", "the address in DATABASE_URL"),
        ("earshot:qx:zv[wj@127.0.0.1:not-a-port/earshot", "postgresql://127.0.0.1:not-a-port/earshot"),
        ("earshot:qx", "the address in DATABASE_URL"),
    ],
)
async def test_a_password_with_a_sign_in_it_is_not_shown_and_the_way_to_write_it_is(address: str, shown: str) -> None:
    refused = await refusal(f"postgresql://{address}")
    assert refused.where == shown
    assert "%40 for @, %2F for /" in refused.remedy
    assert not re.search("qx|zv|wj", str(refused))


async def test_an_at_sign_in_an_option_is_none_of_a_password(postgres_server: Server) -> None:
    url = await postgres_server.create_database(await postgres_server.migrated())
    database = await open_database(f"{url}?application_name=earshot@stoke")
    await database.close()
    await postgres_server.drop_database(url)


@pytest.fixture
async def guest(postgres_server: Server) -> AsyncIterator[str]:
    """Give the address of an empty database for a user who may make no tables in it."""
    url = await postgres_server.create_database()
    name = url.rpartition("/")[2]
    await order(postgres_server, name, "CREATE ROLE guest LOGIN", "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    yield url.replace("tester@", "guest@")
    await postgres_server.drop_database(url)
    await order(postgres_server, "postgres", "DROP ROLE guest")


async def test_a_user_who_may_make_no_tables_is_told_so(guest: str) -> None:
    refused = await refusal(guest)
    assert "This user may not do what Earshot needs there" in refused.what
    assert "GRANT CREATE ON SCHEMA public" in refused.remedy


async def test_a_database_that_cannot_keep_every_letter_is_refused_at_once(postgres_server: Server) -> None:
    await order(
        postgres_server, "postgres", "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE_PROVIDER libc"
    )
    try:
        refused = await refusal(postgres_server.url("latin"))
    finally:
        await postgres_server.drop_database(postgres_server.url("latin"))
    assert "LATIN1" in refused.what
    assert "ENCODING 'UTF8'" in refused.remedy


@pytest.mark.parametrize(
    ("options", "what", "remedy"),
    [
        pytest.param("sslmod=hunter2", "not take an option .*: sslmod$", "behind the [?]", id="an unknown option"),
        pytest.param("work_mem=hunter2", "not take an option .*: work_mem$", "behind the [?]", id="a wrong value"),
        pytest.param("sslmode=require", "offers no TLS", "Turn TLS on at the server", id="TLS at a server without"),
        pytest.param("sslmode=hunter2", "cannot be read", "Set DATABASE_URL", id="no such sslmode"),
    ],
)
async def test_an_option_that_the_server_does_not_take_is_named(
    postgres_server: Server, options: str, what: str, remedy: str
) -> None:
    refused = await refusal(f"{postgres_server.url('postgres')}?{options}")
    assert re.search(what, refused.what)
    assert re.search(remedy, refused.remedy)
    assert "hunter2" not in str(refused)
