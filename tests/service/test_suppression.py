"""The ledger outside the database: complete after any crash, and the way to see that a database is older than it."""

import json
import os
import shutil
import stat
from pathlib import Path

import pytest

from bot.service.privacy import RetentionPolicy, erase, retention
from bot.service.suppression import ERASURES_KEPT_MS, Keeper, Ledger, LedgerProblem
from storage import ledger as entries
from storage import surveys
from storage.database import open_database
from storage.ledger import Entry, What
from storage.script import Run, Script
from tests.service.restoring_scene import AMINA, BEN, CASS, Service, phone_company, service, text
from tests.service.sending import HOUR, Time

DAY = 24 * HOUR
HEAD = b'{"suppression_ledger":1,"database":"0123456789abcdef"}\n'


def written(path: Path) -> list[tuple[str, str]]:
    """Read what stands in a ledger, without its first line."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert set(lines[0]) == {"suppression_ledger", "database"}
    return [(line["what"], line["by"]) for line in lines[1:]]


async def test_stop_start_and_erasure_are_written_down_and_name_nobody(database_url: str, tmp_path: Path) -> None:
    time, services, path = Time(), list[Service](), tmp_path / "earshot.ledger"
    async with phone_company(time, services) as twilio, service(database_url, twilio, time, path) as stoke:
        services.append(stoke)
        assert await stoke.keeper.catch_up() == 0
        assert written(path) == []
        await text(twilio, time, AMINA, "STOKE", "STOP", "START")
        await text(twilio, time, BEN, "STOKE", "1", "DELETE", "YES")
        assert await stoke.keeper.keep() == 3
        assert await stoke.keeper.keep() == 0
        await text(twilio, time, CASS, "STOKE")
        await erase(stoke.database, stoke.keys, CASS, who="ann", now=time.now())
        assert await stoke.keeper.keep() == 1
    assert written(path) == [("stop", "text"), ("start", "text"), ("erased", ""), ("erased", "")]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for number in (AMINA, BEN, CASS):
        assert number[1:] not in path.read_text()


async def test_what_a_crash_kept_out_of_the_ledger_is_added_at_the_next_start(
    database_url: str, tmp_path: Path
) -> None:
    time, services, path = Time(), list[Service](), tmp_path / "earshot.ledger"
    async with phone_company(time, services) as twilio:
        async with service(database_url, twilio, time, path) as stoke:
            services.append(stoke)
            await stoke.keeper.catch_up()
            await text(twilio, time, AMINA, "STOKE", "STOP")
            await stoke.keeper.keep()
            await text(twilio, time, BEN, "STOKE", "STOP")  # killed before the clock's next second
        with path.open("a") as file:
            file.write('{"id":2,"what":"st')  # and in the middle of a line
        async with service(database_url, twilio, time, path) as stoke:
            assert await stoke.keeper.catch_up() == 0
            assert written(path) == [("stop", "text"), ("stop", "text")]
            assert await stoke.database.read(entries.held) is None
            assert await stoke.keeper.keep() == 0


async def test_a_torn_line_of_another_process_is_written_over(tmp_path: Path, database_url: str) -> None:
    time, services, path = Time(), list[Service](), tmp_path / "earshot.ledger"
    async with phone_company(time, services) as twilio, service(database_url, twilio, time, path) as stoke:
        services.append(stoke)
        await stoke.keeper.catch_up()
        with path.open("a") as file:
            file.write('{"id":9,"what":"st')
        await text(twilio, time, AMINA, "STOKE", "STOP")
        await stoke.keeper.keep()
    assert written(path) == [("stop", "text")]


@pytest.mark.parametrize("torn", [0, 40, 4095, 4096, 20_000])
def test_a_line_is_added_after_the_last_whole_one_however_much_was_torn(torn: int, tmp_path: Path) -> None:
    path = tmp_path / "earshot.ledger"
    path.write_bytes(HEAD + b"x" * torn)
    Ledger(path).append([Entry(1, What.STOP, "sms", "someone", 1, "text")])
    assert written(path) == [("stop", "text")]


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="only Linux counts what a process reads")
def test_adding_a_line_reads_only_the_end_of_a_long_ledger(tmp_path: Path) -> None:
    path = tmp_path / "earshot.ledger"
    path.write_bytes(HEAD + b"a line of some length\n" * 500_000)
    before = bytes_read()
    Ledger(path).append([Entry(1, What.STOP, "sms", "someone", 1, "text")])
    assert bytes_read() - before < 100_000


def bytes_read() -> int:
    (line,) = [line for line in Path("/proc/self/io").read_text().splitlines() if line.startswith("rchar: ")]
    return int(line.removeprefix("rchar: "))


async def test_two_processes_on_one_ledger_lose_nothing_of_each_other(database_url: str, tmp_path: Path) -> None:
    time, services, path = Time(), list[Service](), tmp_path / "earshot.ledger"
    async with phone_company(time, services) as twilio, service(database_url, twilio, time, path) as stoke:
        services.append(stoke)
        other = Keeper(stoke.database, path, now=time.now)
        await stoke.keeper.catch_up()
        await other.catch_up()
        await text(twilio, time, AMINA, "STOKE", "STOP")
        seen = Ledger(path).read()
        assert seen is not None
        await other.keep()  # while the first one is about to write the file anew
        Ledger(path).replace(seen.database, seen.entries, seen.entries)
        await stoke.keeper.keep()
        await stoke.keeper.catch_up()
    there = Ledger(path).read()
    assert there is not None
    assert [entry.what for entry in there.entries] == [What.STOP]
    assert written(path) == [("stop", "text")]


def test_what_another_process_has_written_meanwhile_is_not_written_twice(tmp_path: Path) -> None:
    path = tmp_path / "earshot.ledger"
    path.write_bytes(HEAD)
    first, second = (Entry(id, What.STOP, "sms", "someone", id, "text") for id in (1, 2))
    ours, theirs = Ledger(path), Ledger(path)
    assert ours.read() == theirs.read()
    theirs.append([first])
    ours.append([first])
    assert written(path) == [("stop", "text")]
    ours.replace("0123456789abcdef", [first], ())
    assert written(path) == [("stop", "text")]
    theirs.replace("0123456789abcdef", [second, first], [first])
    ours.append([second])
    assert written(path) == [("stop", "text")] * 2


async def test_a_database_older_than_its_ledger_is_held_and_catches_up(migrated: Path, tmp_path: Path) -> None:
    """Whoever copies an old file back, or rewinds PostgreSQL, gets the same care as with `restore`."""
    time, services, path = Time(), list[Service](), tmp_path / "earshot.ledger"
    file = tmp_path / "earshot.db"
    shutil.copy(migrated, file)
    async with phone_company(time, services) as twilio:
        async with service(f"sqlite:///{file}", twilio, time, path) as stoke:
            services.append(stoke)
            await stoke.resume()
            await stoke.run_for(1)
            await text(twilio, time, AMINA, "STOKE")
            await text(twilio, time, CASS, "STOKE", "1", "1", "Cass has a secret")
        shutil.copy(file, tmp_path / "old.db")
        async with service(f"sqlite:///{file}", twilio, time, path) as stoke:
            services.append(stoke)
            await stoke.keeper.catch_up()
            await text(twilio, time, AMINA, "STOP")
            await erase(stoke.database, stoke.keys, CASS, who="ann", now=time.now())
            await stoke.keeper.keep()
        shutil.copy(tmp_path / "old.db", file)
        async with service(f"sqlite:///{file}", twilio, time, path) as stoke:
            assert await stoke.keeper.catch_up() == 2
            held = await stoke.database.read(entries.held)
            assert held is not None
            assert [entry.what for entry in held.pending] == [What.STOP]
            assert await stoke.rows("SELECT said FROM answer") == []
            assert await stoke.keeper.catch_up() == 1  # cut short here, it begins again
            told = await stoke.rows("SELECT type FROM event WHERE seq > 1000000 ORDER BY seq")
            assert [row[0] for row in told] == ["response.updated", "response.updated", "response.withdrawn"]
            assert await stoke.resume()
            assert await stoke.is_stopped(AMINA)
            assert await stoke.keeper.catch_up() == 0


async def test_another_databases_ledger_is_set_aside_for_whoever_restores_that(
    database_url: str, tmp_path: Path
) -> None:
    time, services, path = Time(), list[Service](), tmp_path / "earshot.ledger"
    path.write_text('{"suppression_ledger":1,"database":"0123456789abcdef"}\n')
    async with phone_company(time, services) as twilio, service(database_url, twilio, time, path) as stoke:
        assert await stoke.keeper.catch_up() == 0
    assert written(path) == []
    assert (tmp_path / "earshot-01234567.ledger").exists()


async def test_what_the_database_lets_go_of_leaves_the_ledger_too(database_url: str, tmp_path: Path) -> None:
    time, services, path = Time(), list[Service](), tmp_path / "earshot.ledger"
    async with phone_company(time, services) as twilio, service(database_url, twilio, time, path) as stoke:
        services.append(stoke)
        await stoke.keeper.catch_up()
        await text(twilio, time, AMINA, "STOKE", "STOP", "START")
        await text(twilio, time, BEN, "STOKE", "STOP")
        await text(twilio, time, CASS, "STOKE")
        await erase(stoke.database, stoke.keys, CASS, who="ann", now=time.now())
        await stoke.keeper.keep()
        exact = [entry.at for entry in await stoke.database.read(entries.entries)]
        await stoke.database.run(lambda: surveys.close("stoke", time.now()))
        time.go_on(31 * DAY)
        await retention(stoke.database, stoke.keys, RetentionPolicy(), time.now(), apply=True)
        assert await stoke.keeper.catch_up() == 0
        assert sorted(written(path)) == [("erased", ""), ("stop", "text")]
        left = Ledger(path).read()
        assert left is not None
        assert [entry.at in exact for entry in left.entries if entry.what is What.STOP] == [False]  # the month alone
        time.go_on(ERASURES_KEPT_MS)
        assert await stoke.keeper.catch_up() == 0
        assert written(path) == [("stop", "text")]
        assert await stoke.rows("SELECT count(*) FROM erasure") == [(0,)]


async def test_once_a_day_the_whole_is_compared(database_url: str, tmp_path: Path) -> None:
    time, services, path = Time(), list[Service](), tmp_path / "earshot.ledger"
    async with phone_company(time, services) as twilio, service(database_url, twilio, time, path) as stoke:
        services.append(stoke)
        await stoke.keeper.catch_up()
        await text(twilio, time, AMINA, "STOKE", "STOP")
        await stoke.keeper.keep()
        path.unlink()
        time.go_on(DAY + HOUR)
        await stoke.keeper.keep()
    assert written(path) == [("stop", "text")]


FOREIGN = {
    "a secret key, one line without an end": b"0123456789abcdef0123456789abcdef",
    "a secret key, one line": b"0123456789abcdef0123456789abcdef\n",
    "an empty line and then words": b"\nsecret",
    "a letter": b"Dear diary\nand so on\n",
    "another program's JSON": b'{"suppression":1',
    "a database": b"SQLite format 3\0" + b"\0" * 5_000,
    "a ledger that Notepad has saved": b"\xef\xbb\xbf" + HEAD,
    "a ledger whose first line is lost": b'{"id":1,"what":"stop"',
    "a ledger of a database in another folder": HEAD.replace(b"0123456789", b"../../x"),
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN.keys())
async def test_a_file_that_is_no_ledger_is_never_written_to(migrated: Path, tmp_path: Path, content: bytes) -> None:
    time, path = Time(), tmp_path / "secret.key"
    path.write_bytes(content)
    database = await open_database(f"sqlite:///{shutil.copy(migrated, tmp_path / 'earshot.db')}")
    try:
        with pytest.raises(LedgerProblem, match=r"secret\.key is no suppression ledger.*SUPPRESSION_LEDGER"):
            await Keeper(database, path, now=time.now).catch_up()
    finally:
        await database.close()
    if not content.startswith(HEAD[:22]):  # the first line alone is looked at, again and again
        with pytest.raises(LedgerProblem, match="SUPPRESSION_LEDGER"):
            Ledger(path).append([Entry(1, What.STOP, "sms", "someone", 1, "text")])
    with pytest.raises(LedgerProblem, match="SUPPRESSION_LEDGER"):
        Ledger(path).replace("0123456789abcdef", [], [])
    assert path.read_bytes() == content
    assert names_in(tmp_path) == ["earshot.db", "secret.key"]


def names_in(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


@pytest.mark.parametrize("kept", range(0, len(HEAD), 10))
async def test_a_ledger_cut_off_in_its_first_line_is_made_anew(migrated: Path, tmp_path: Path, kept: int) -> None:
    time, path = Time(), tmp_path / "earshot.ledger"
    path.write_bytes(HEAD[:kept])
    database = await open_database(f"sqlite:///{shutil.copy(migrated, tmp_path / 'earshot.db')}")
    try:
        assert await Keeper(database, path, now=time.now).catch_up() == 0
    finally:
        await database.close()
    assert written(path) == []


def test_a_ledger_emptied_meanwhile_is_not_written_on_without_its_first_line(tmp_path: Path) -> None:
    path = tmp_path / "earshot.ledger"
    path.touch()
    with pytest.raises(LedgerProblem, match="SUPPRESSION_LEDGER"):
        Ledger(path).append([Entry(1, What.STOP, "sms", "someone", 1, "text")])
    assert path.read_bytes() == b""


def test_the_file_that_is_written_beside_a_ledger_takes_nobody_elses_place(tmp_path: Path) -> None:
    path, beside = tmp_path / "earshot", tmp_path / "earshot.new"
    beside.write_text("Dear diary")
    with pytest.raises(LedgerProblem, match=r"earshot\.new is no suppression ledger"):
        Ledger(path).replace("0123456789abcdef", [], [])
    assert beside.read_text() == "Dear diary"
    beside.write_bytes(HEAD * 3 + b'{"id":9,"what":"st')  # as a power cut leaves it
    Ledger(path).replace("0123456789abcdef", [], [])
    assert path.read_bytes() == HEAD


def test_a_device_is_no_ledger() -> None:
    null = Path(os.devnull)
    with pytest.raises(LedgerProblem, match="SUPPRESSION_LEDGER"):
        Ledger(null).read()
    assert not null.is_file()


def test_a_ledger_that_was_set_aside_is_not_replaced_by_the_next(tmp_path: Path) -> None:
    path = tmp_path / "earshot.ledger"
    aside = []
    for lines in (HEAD * 2, HEAD):
        path.write_bytes(lines)
        aside.append(Ledger(path).set_aside("0123456789abcdef"))
    assert [each.name for each in aside] == ["earshot-01234567.ledger", "earshot-01234567-2.ledger"]
    assert [each.read_bytes() for each in aside] == [HEAD * 2, HEAD]


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda path: path.write_text("Dear diary\nand so on\n"), id="no ledger"),
        pytest.param(lambda path: path.mkdir(), id="a folder"),
        pytest.param(
            lambda path: path.parent.joinpath("x").symlink_to("/nowhere/x") or path.symlink_to("x"), id="gone"
        ),
    ],
)
async def test_a_file_that_cannot_be_the_ledger_is_named(database_url: str, tmp_path: Path, spoil: object) -> None:
    time, services, path = Time(), list[Service](), tmp_path / "earshot.ledger"
    assert callable(spoil)
    spoil(path)
    async with phone_company(time, services) as twilio, service(database_url, twilio, time, path) as stoke:
        with pytest.raises(LedgerProblem, match="SUPPRESSION_LEDGER"):
            await stoke.keeper.catch_up()


async def test_a_row_that_shows_up_late_on_postgresql_is_not_passed_over(database_url: str, tmp_path: Path) -> None:
    time, services, path = Time(), list[Service](), tmp_path / "earshot.ledger"
    async with phone_company(time, services) as twilio, service(database_url, twilio, time, path) as stoke:
        services.append(stoke)
        if not stoke.database.is_postgres:
            pytest.skip("SQLite has one writer: no row can show up behind another")
        await stoke.keeper.catch_up()
        await stop_as(stoke, 20, "first")
        await stoke.keeper.keep()
        await stop_as(stoke, 19, "second")
        assert await stoke.keeper.keep() == 1
    assert len(written(path)) == 2


async def stop_as(stoke: Service, id: int, hmac: str) -> None:
    def script() -> Script[None]:
        yield Run(
            "INSERT INTO opt_out (id, address_hmac, channel, stopped, by, at) VALUES (:id, :hmac, 'sms', TRUE, 'x', 1)",
            {"id": id, "hmac": hmac},
        )

    await stoke.database.run(script)
