"""Who is erased by a command stays erased after a restore, whether or not a server ran beside it."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.serving import environment
from bot.service.suppression import Ledger
from storage.ledger import What
from tests.conftest import SECRET
from tests.end_to_end.commands import Done, run
from tests.service.restoring_scene import AMINA, BEN, CASS, Service, phone_company, service, text
from tests.service.sending import Time


@pytest.fixture
def settings(migrated: Path, tmp_path: Path) -> dict[str, str]:
    """Give settings over a SQLite file, whose ledger is `earshot.ledger` beside it."""
    shutil.copy(migrated, tmp_path / "earshot.db")
    return environment(f"sqlite:///{tmp_path / 'earshot.db'}", SECRET_KEY=SECRET)


def ledger_lines(folder: Path) -> Sequence[str]:
    return (folder / "earshot.ledger").read_text().splitlines()[1:]


async def everybody_texts(settings: dict[str, str], folder: Path) -> None:
    """Let three residents text to a server, which then ends."""
    time, services = Time(), list[Service]()
    async with (
        phone_company(time, services) as twilio,
        service(settings["DATABASE_URL"], twilio, time, folder / "earshot.ledger") as stoke,
    ):
        services.append(stoke)
        await stoke.keeper.catch_up()
        for number in (AMINA, BEN, CASS):
            await text(twilio, time, number, "STOKE", "1")


async def erase(number: str, settings: dict[str, str], folder: Path) -> Done:
    return await run("erase", "--address", number, settings=settings, folder=folder)


async def test_an_erasure_while_no_server_runs_is_not_undone_by_a_restore(
    settings: dict[str, str], tmp_path: Path
) -> None:
    await everybody_texts(settings, tmp_path)
    assert (await run("backup", "--to", tmp_path / "backups", settings=settings, folder=tmp_path)).code == 0
    (made,) = (tmp_path / "backups").iterdir()
    for number in (AMINA, BEN):
        erased = await erase(number, settings, tmp_path)
        assert (erased.code, erased.err) == (0, "")
    assert len(ledger_lines(tmp_path)) == 2

    ledger = {"SUPPRESSION_LEDGER": str(tmp_path / "earshot.ledger")}
    elsewhere = settings | ledger | {"DATABASE_URL": f"sqlite:///{tmp_path / 'new.db'}"}
    restored = await run("restore", "--from", made, settings=elsewhere, folder=tmp_path)
    assert (restored.code, restored.err) == (0, "")
    kept = [
        json.loads((await run("subject-access", "--address", number, settings=elsewhere, folder=tmp_path)).out)
        for number in (AMINA, BEN, CASS)
    ]
    assert [len(document["responses"]) for document in kept] == [0, 0, 1]


async def test_an_erasure_beside_a_server_stands_in_the_ledger_once(settings: dict[str, str], tmp_path: Path) -> None:
    await everybody_texts(settings, tmp_path)
    time, services, path = Time(), list[Service](), tmp_path / "earshot.ledger"
    async with phone_company(time, services) as twilio, service(settings["DATABASE_URL"], twilio, time, path) as stoke:
        services.append(stoke)
        await stoke.keeper.catch_up()
        assert (await erase(AMINA, settings, tmp_path)).code == 0
        await stoke.keeper.keep()
        await text(twilio, time, CASS, "STOP")
        await stoke.keeper.keep()
        assert (await erase(BEN, settings, tmp_path)).code == 0
        await stoke.keeper.keep()
        await stoke.keeper.catch_up()
    there = Ledger(path).read()
    assert there is not None
    assert sorted(entry.what for entry in there.entries) == [What.ERASED, What.ERASED, What.STOP]
    assert len(ledger_lines(tmp_path)) == 3


async def test_a_ledger_is_made_for_the_first_erasure(settings: dict[str, str], tmp_path: Path) -> None:
    await everybody_texts(settings, tmp_path)
    (tmp_path / "earshot.ledger").unlink()
    assert (await erase(AMINA, settings, tmp_path)).code == 0
    assert len(ledger_lines(tmp_path)) == 1
    assert (await erase(BEN, settings | {"SUPPRESSION_LEDGER": "off"}, tmp_path)).code == 0
    assert len(ledger_lines(tmp_path)) == 1


async def test_an_erasure_that_no_ledger_takes_is_done_and_says_what_to_do(
    settings: dict[str, str], tmp_path: Path
) -> None:
    await everybody_texts(settings, tmp_path)
    another = '{"suppression_ledger":1,"database":"0123456789abcdef"}\n'
    ledger = tmp_path / "another.ledger"
    ledger.write_text(another)
    erased = await erase(AMINA, settings | {"SUPPRESSION_LEDGER": str(ledger)}, tmp_path)
    assert (erased.code, erased.out) == (1, "Removed 1 answer and 4 texts of 1 contact.\n")
    assert erased.err == (
        "earshot: The erasure is done, but a restore would undo it. The suppression ledger "
        f"{ledger} belongs to another database. Correct SUPPRESSION_LEDGER. "
        "Then start `serve`, which adds what the ledger lacks.\n"
    )
    assert ledger.read_text() == another
    again = await erase(AMINA, settings, tmp_path)
    assert "Nobody is known" in again.err
    assert len(ledger_lines(tmp_path)) == 1


async def test_retention_brings_the_ledger_up_to_date(settings: dict[str, str], tmp_path: Path) -> None:
    await everybody_texts(settings, tmp_path)
    assert (await erase(AMINA, settings | {"SUPPRESSION_LEDGER": "off"}, tmp_path)).code == 0
    assert (await run("retention", settings=settings, folder=tmp_path)).code == 0
    assert ledger_lines(tmp_path) == []
    assert (await run("retention", "--apply", settings=settings, folder=tmp_path)).code == 0
    assert len(ledger_lines(tmp_path)) == 1
