"""Staff at the server's terminal: added, found again, their codes forgotten, shut out; all of it in the audit log."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.serving import MAIN, environment
from bot.web.accounts import Door, Visit
from storage.database import open_database
from storage.script import Fetch, Row, Run, Script
from tests.end_to_end.commands import run

_LINK = re.compile(r"/staff/sign-in/(\S+)")


def audit() -> Script[list[Row]]:
    found = yield Fetch("SELECT action, detail FROM audit WHERE who LIKE 'terminal _%' ORDER BY id")
    return list(found.rows)


def give_codes() -> Script[None]:
    yield Run("UPDATE staff SET totp = :secret, totp_key_id = 1, totp_step = 1, totp_at = 1", {"secret": b"sealed"})


def has_codes() -> Script[bool]:
    found = yield Fetch("SELECT 1 FROM staff WHERE totp IS NOT NULL OR totp_at IS NOT NULL")
    return found.first is not None


async def test_somebody_is_added_found_again_and_shut_out(migrated: Path, tmp_path: Path) -> None:
    shutil.copy(migrated, tmp_path / "earshot.db")
    url = f"sqlite:///{tmp_path / 'earshot.db'}"

    async def staff(*arguments: str) -> tuple[int, str]:
        done = await run("staff", *arguments, settings=environment(url), folder=tmp_path)
        return done.code, done.out + done.err

    database = await open_database(url)
    door = Door(database, lambda: 0)
    try:
        status, said = await staff("add", "ada", "--role", "admin")
        assert (status, len(_LINK.findall(said))) == (0, 1)
        assert "set a password and one-time codes" in said
        visit = await door.by_link(_LINK.findall(said)[0])
        assert isinstance(visit, Visit)

        await database.run(give_codes)
        status, said = await staff("add", "Ada", "--new-codes")
        assert (status, len(_LINK.findall(said))) == (0, 1)
        assert "codes are forgotten" in said
        assert not await database.read(has_codes)
        assert await door.visit(visit.secret) is None

        assert await staff("add", "ada", "--role", "worker") == (
            1,
            "earshot: ada is there already, as admin. Remove them first to give another role.\n",
        )
        status, said = await staff("add", "bo", "--new-codes")
        assert (status, "no codes were forgotten" in said) == (1, True)
        assert (await staff("remove", "ada"))[0] == 0
        assert (await staff("remove", "ada"))[0] == 1
        assert (await staff("list")) == (0, "ada\tadmin\tno\t1970-01-01T00:00Z\n")
        assert await database.read(audit) == [
            ("staff added", "ada, admin"),
            ("sign-in link made", "ada"),
            ("one-time codes forgotten", "ada"),
            ("sign-in link made", "ada"),
            ("staff shut out", "ada"),
        ]
        status, said = await staff("add", "ada")
        assert (status, "ada (admin) may sign in once" in said) == (0, True)
    finally:
        await database.close()


async def test_without_a_terminal_no_password_is_asked_for(migrated: Path, tmp_path: Path) -> None:
    shutil.copy(migrated, tmp_path / "earshot.db")
    settings = environment(f"sqlite:///{tmp_path / 'earshot.db'}")
    done = await run("staff", "add", "ada", "--password", settings=settings, folder=tmp_path)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("earshot: --password asks at a terminal.")
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_ctrl_d_at_the_password_is_said_in_one_line(database_url: str, tmp_path: Path) -> None:
    keyboard, terminal = os.openpty()
    with subprocess.Popen(
        [sys.executable, MAIN, "staff", "add", "ada", "--password"],
        cwd=tmp_path,
        env=environment(database_url),
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as asking:
        assert asking.stderr is not None
        assert asking.stderr.read(1) == b" "  # getpass asks by it, after the word `Password:`
        os.write(keyboard, b"\x04")
        _, errors = asking.communicate()
    os.close(keyboard)
    os.close(terminal)
    assert asking.returncode == 1
    assert errors.startswith(b"earshot: No password was typed, so nothing was done.")
    assert errors.count(b"\n") == 1
