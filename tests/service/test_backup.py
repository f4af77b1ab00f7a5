"""A backup: of one moment, whole or refused, the same for both engines, and back again row by row."""

import asyncio
import hashlib
import json
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.service.backup import BackupRefused, back_up, last_backup
from bot.service.restoring import restore
from storage.carried import LEFT_OUT, tables
from storage.database import bring_to
from storage.portable import snapshot
from storage.script import Database, Row
from storage.staff import Secret, StaffMember, add_staff, keep_secret
from tests.conftest import SECRET
from tests.service.backups import NewUrl, empty_of_contacts, opened, rewrite, rows
from tests.service.sending import HOUR
from tests.storage.deciding import JOHN, MARY, NOON

DAY = 24 * HOUR


async def test_a_backup_is_of_one_moment_while_others_write(database_url: str) -> None:
    loop = asyncio.get_running_loop()
    async with opened(database_url) as (database, say):
        await say("Hello", "SM1", MARY)

        def look() -> tuple[int, int]:
            with snapshot(database) as moment:
                by_name = {table.name: table for table in tables()}
                before = sum(len(found) for found in moment.rows(by_name["contact"]))
                asyncio.run_coroutine_threadsafe(say("Hello", "SM2", JOHN), loop).result()
                return before, sum(len(found) for found in moment.rows(by_name["inbound"]))

        assert await asyncio.to_thread(look) == (1, 1)
        assert await rows(database, "SELECT count(*) FROM inbound") == [(2,)]


async def test_a_backup_names_nobody_is_its_owners_alone_and_is_noted(database_url: str, tmp_path: Path) -> None:
    async with opened(database_url) as (database, say):
        await say("Hello", "SM1", MARY)
        await database.run(lambda: add_staff(StaffMember("s1", "ann", "admin"), NOON))
        await database.run(lambda: keep_secret("s1", Secret("hash of a secret", "session", NOON, NOON + DAY)))
        made = await back_up(database, tmp_path / "new" / "folder", who="ann", now=NOON)
        with pytest.raises(BackupRefused, match="never replaces another"):
            await back_up(database, made.path.parent, who="ann", now=NOON)
        noted = await last_backup(database)
        audit = await rows(database, "SELECT who, action FROM audit WHERE who = 'ann'")
    assert noted is not None
    assert (noted.at, noted.file, audit) == (NOON, str(made.path), [("ann", "backup")])
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    contents: dict[str, bytes] = {}
    rewrite(made.path, tmp_path / "copy.zip", lambda name, content: contents.setdefault(name, content))
    assert set(contents) == {"manifest.json", *(f"tables/{table.name}.jsonl" for table in tables())}
    assert "tables/staff_session.jsonl" not in contents
    assert {"staff_session"} == LEFT_OUT
    everything = b"".join(contents.values())
    for secret in (SECRET, MARY, MARY[1:], "hash of a secret"):
        assert secret.encode() not in everything
    assert [path.name for path in made.path.parent.iterdir()] == [made.path.name]


async def test_every_table_comes_back_row_by_row_and_ids_go_on(
    database_url: str, new_url: NewUrl, tmp_path: Path
) -> None:
    async with opened(database_url) as (database, say):
        for number, words in enumerate(("Hello", "a line\nand \u2028 another", "", "\U0001f600 ok", "STOP")):
            await say(words, f"SM{number}", MARY)
        made = await back_up(database, tmp_path, who="ann", now=NOON)
        before = {table.name: await rows(database, f"SELECT * FROM {table.name} ORDER BY 1") for table in tables()}
    for engine in ("sqlite", "postgres"):
        url = await new_url(engine)
        restored = await restore(url, made.path, None, without_ledger=True, who="ann", now=NOON)
        assert not restored.used_ledger
        async with opened(url) as (database, say):
            for name in before.keys() - {"audit", "installation", "outbox", "event", "response"}:
                assert await rows(database, f"SELECT * FROM {name} ORDER BY 1") == before[name], name
            assert [row[:3] for row in before["outbox"]] == [
                row[:3] for row in await rows(database, "SELECT * FROM outbox ORDER BY 1")
            ]
            newest = await _told_again(database, before)
            await say("START", "SM8", MARY)
            await say("And on", "SM9", MARY)
            assert (await rows(database, "SELECT count(*), max(id) FROM answer"))[0] == (5, 5)
            assert await rows(database, "SELECT max(seq), max(revision) FROM event") == [(newest[0] + 1, newest[1] + 1)]


async def _told_again(database: Database, before: dict[str, list[Row]]) -> tuple[int, int]:
    """Whoever follows the events may know newer ones: all is told again, by numbers and revisions that none had."""
    *events, again = await rows(database, "SELECT * FROM event ORDER BY seq")
    assert events == before["event"]
    seq, _, type, _, _, subject, revision, *shown = again
    assert (type, subject, shown) == ("response.updated", events[-1][5], list(events[-1][7:]))
    assert seq > events[-1][0] + 1_000_000
    (response,) = await rows(database, "SELECT * FROM response")
    assert response[:-1] == before["response"][0][:-1]
    assert response[-1] == revision == NOON // 60_000
    return seq, revision


async def test_a_restore_overwrites_nothing(database_url: str, tmp_path: Path) -> None:
    async with opened(database_url) as (database, say):
        await say("Hello", "SM1", MARY)
        made = await back_up(database, tmp_path, who="ann", now=NOON)
    with pytest.raises(BackupRefused, match="is not empty"):
        await restore(database_url, made.path, None, without_ledger=True, who="ann", now=NOON)
    async with opened(database_url) as (database, _):
        assert await rows(database, "SELECT count(*) FROM inbound") == [(1,)]


def spoil_a_row(name: str, content: bytes) -> bytes:
    return content.replace(b"Hello", b"Jello") if name == "tables/inbound.jsonl" else content


def leave_out_a_table(name: str, content: bytes) -> bytes | None:
    return None if name == "tables/answer.jsonl" else content


def leave_out_the_manifest(name: str, content: bytes) -> bytes | None:
    return None if name == "manifest.json" else content


def lose_a_row(name: str, content: bytes) -> bytes:
    return content[: content.index(b"\n") + 1] if name == "tables/inbound.jsonl" else content


def with_respondents(change: Callable[[list[Any]], list[Any]]) -> Callable[[str, bytes], bytes]:
    """Change the rows of one table, and their hash with them."""
    hashes: list[str] = []

    def rewritten(name: str, content: bytes) -> bytes:
        if name == "tables/respondent.jsonl":
            lines = [json.dumps(change(json.loads(line))).encode() + b"\n" for line in content.splitlines()]
            hashes.append(hashlib.sha256(b"".join(lines)).hexdigest())
            return b"".join(lines)
        if name == "manifest.json":
            manifest = json.loads(content)
            (part,) = [part for part in manifest["parts"] if part["table"]["name"] == "respondent"]
            part["sha256"] = hashes[-1]
            return json.dumps(manifest).encode()
        return content

    return rewritten


def name_another_table(name: str, content: bytes) -> bytes:
    return content.replace(b'"name": "answer"', b'"name": "answer; drop"') if name == "manifest.json" else content


def come_from_the_future(name: str, content: bytes) -> bytes:
    return content.replace(b'"revision": "0', b'"revision": "9') if name == "manifest.json" else content


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param(spoil_a_row, "not those that were written", id="a letter of a row"),
        pytest.param(lose_a_row, "not those that were written", id="a row is missing"),
        pytest.param(leave_out_a_table, "cannot be read", id="a table is missing"),
        pytest.param(leave_out_the_manifest, "list of contents", id="the manifest is missing"),
        pytest.param(
            with_respondents(lambda row: [row[0] + "?", *row[1:]]),
            "does not fit the tables",
            id="a reference to nothing",
        ),
        pytest.param(with_respondents(lambda row: row[:-1]), "does not fit the tables", id="a value is missing"),
        pytest.param(name_another_table, "cannot be one", id="a table that is none"),
        pytest.param(come_from_the_future, "newer Earshot", id="made by a newer program"),
    ],
)
@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
async def test_a_backup_that_is_not_whole_restores_nothing(
    change: Callable[[str, bytes], bytes | None], why: str, engine: str, new_url: NewUrl, tmp_path: Path
) -> None:
    async with opened(f"sqlite:///{tmp_path / 'old.db'}") as (database, say):
        await say("Hello", "SM1", MARY)
        await say("Hello", "SM2", JOHN)
        made = await back_up(database, tmp_path, who="ann", now=NOON)
    broken = rewrite(made.path, tmp_path / "broken.zip", change)
    url = await new_url(engine)
    with pytest.raises(BackupRefused, match=why):
        await restore(url, broken, None, without_ledger=True, who="ann", now=NOON)
    assert await empty_of_contacts(url)


async def test_what_is_no_backup_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "notes.zip").write_text("not a zip")
    (tmp_path / "cut.zip").write_bytes(b"PK\x03\x04" + b"x" * 100)
    for name in ("notes.zip", "cut.zip", "missing.zip"):
        with pytest.raises(BackupRefused, match=name):
            await restore(f"sqlite:///{tmp_path / 'new.db'}", tmp_path / name, None, without_ledger=True, who="", now=0)


async def test_a_backup_of_an_older_revision_is_migrated(new_url: NewUrl, tmp_path: Path) -> None:
    async with opened(f"sqlite:///{tmp_path / 'old.db'}") as (database, say):
        await say("Hello", "SM1", MARY)
        made = await back_up(database, tmp_path, who="ann", now=NOON)
        await say("This is not in it", "SM9", MARY)
        (known_to_others,) = await rows(database, "SELECT MAX(seq), MAX(revision) FROM event")
    await bring_to(f"sqlite:///{tmp_path / 'oldest.db'}", "0002")
    known = columns_of(tmp_path / "oldest.db")
    older = rewrite(made.path, tmp_path / "older.zip", as_of_revision("0002", known))
    for engine in ("sqlite", "postgres"):
        url = await new_url(engine)
        await restore(url, older, None, without_ledger=True, who="ann", now=NOON)
        async with opened(url) as (database, say):
            assert await rows(database, "SELECT count(*) FROM inbound") == [(1,)]
            assert await rows(database, "SELECT count(*) FROM erasure") == [(0,)]
            ((seq, revision),) = await rows(database, "SELECT MAX(seq), MAX(revision) FROM event")
            assert seq > known_to_others[0]
            assert revision > known_to_others[1]
            await say("And on", "SM2", MARY)


def columns_of(path: Path) -> dict[str, list[str]]:
    connection = sqlite3.connect(path)
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = {name: [row[1] for row in connection.execute(f"PRAGMA table_info({name})")] for name in names}
    connection.close()
    return found


def as_of_revision(revision: str, known: dict[str, list[str]]) -> Callable[[str, bytes], bytes | None]:
    """Make a backup what the program of an older revision would have written: without what it did not know."""
    by_name = {table.name: [column.name for column in table.columns] for table in tables()}
    hashes: dict[str, str] = {}

    def older(name: str, content: bytes) -> bytes | None:
        if name == "manifest.json":
            manifest = json.loads(content)
            parts = [part for part in manifest["parts"] if part["table"]["name"] in known]
            for part in parts:
                table = part["table"]
                table["columns"] = [each for each in table["columns"] if each["name"] in known[table["name"]]]
                part["sha256"] = hashes[table["name"]]
            return json.dumps(manifest | {"revision": revision, "parts": parts}).encode()
        table = Path(name).stem
        if table not in known:
            return None
        kept = [place for place, column in enumerate(by_name[table]) if column in known[table]]
        lines = [json.dumps([json.loads(line)[place] for place in kept]).encode() for line in content.splitlines()]
        written = b"".join(line + b"\n" for line in lines)
        hashes[table] = hashlib.sha256(written).hexdigest()
        return written

    return older
