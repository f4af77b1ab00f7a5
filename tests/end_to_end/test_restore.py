"""The operator's worst day, by the commands alone: back up, lose the machine, restore, serve; and `doctor`."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.serving import MAIN, SECRET, Server, environment, free_port
from bench.wire import ACCOUNT, NUMBER, TOKEN
from tests.end_to_end.commands import Done, run
from tests.end_to_end.waiting import until
from tests.fakes.twilio import Refuse
from tests.fakes.twilio_account import FakeTwilioAccount
from tests.postgres import Server as Postgres

RESIDENT, NEIGHBOUR = "+447700900411", "+447700900412"


def server(settings: dict[str, str], folder: Path) -> Server:
    folder.mkdir(exist_ok=True)
    port = free_port()
    return Server((MAIN, "serve", "--port", str(port)), settings, folder, port)


async def export(settings: dict[str, str], folder: Path) -> str:
    out = folder / "answers.jsonl"
    done = await run(
        *("export", "--survey", "stoke-community-cohesion", "--format", "jsonl", "--out", out),
        settings=settings,
        folder=folder,
    )
    assert (done.code, done.err) == (0, "")
    return out.read_text()


async def test_a_council_that_loses_its_machine_moves_to_postgresql_and_loses_no_answer(
    published: str, postgres_server: Postgres, tmp_path: Path
) -> None:
    async with FakeTwilioAccount(account_sid=ACCOUNT, auth_token=TOKEN, numbers=(NUMBER,)) as twilio:
        ledger = str(tmp_path / "stoke.ledger")
        settings = environment(published, TWILIO_API_BASE_URL=twilio.url, SUPPRESSION_LEDGER=ledger)
        old = server(settings, tmp_path / "old")
        await old.start()
        twilio.target = f"http://127.0.0.1:{old.port}"
        for body in ("STOKE", "1"):
            await twilio.text(RESIDENT, body)
        await until(lambda: any("Messages" in path for _, path, _ in twilio.requests))  # listening has begun
        done = await run("backup", "--to", tmp_path / "backups", settings=settings, folder=tmp_path)
        assert (done.code, done.err) == (0, "")
        (made,) = (tmp_path / "backups").iterdir()
        for body in ("2", "3", "Stop the boats"):
            await twilio.text(RESIDENT, body)
        for body in ("STOKE", "STOP"):
            await twilio.text(NEIGHBOUR, body)
        await until(lambda: '"stop"' in written(ledger))
        before = await export(settings, tmp_path)
        await old.kill()
        phones = {number: twilio.phone(number) for number in (RESIDENT, NEIGHBOUR)}

        url = await postgres_server.create_database()
        settings = settings | {"DATABASE_URL": url}
        done = await run("restore", "--from", made, settings=settings, folder=tmp_path)
        assert (done.code, done.err) == (0, "")
        assert "1 STOP or START" in done.out
        doctor = await run("doctor", "--offline", settings=settings, folder=tmp_path)
        assert "warning  This database was restored" in doctor.out

        twilio.fail_next(Refuse(503))
        new = server(settings, tmp_path / "new")
        await new.start()
        twilio.target = f"http://127.0.0.1:{new.port}"
        assert without_ids(await export(settings, tmp_path)) == without_ids(before)
        assert {number: twilio.phone(number) for number in phones} == phones
        turn = await twilio.text(RESIDENT, "2")
        assert turn.status == 200
        assert turn.replies
        assert "restored_database_is_released" in new.errors
        assert (await new.stop()) == 0
        for number in (RESIDENT, NEIGHBOUR):
            assert number[1:] not in new.errors + done.out + written(ledger)
        await postgres_server.drop_database(url)


def written(file: str) -> str:
    return Path(file).read_text(encoding="utf-8")


def without_ids(rows: str) -> list[dict[str, object]]:
    """Leave out what a response that was taken in again has anew: its id, and when it came to us."""
    anew = {"response_id", "started_at", "last_answer_at", "completed_at", "duplicate_group", "quality"}
    found = [json.loads(line) for line in rows.splitlines()]
    return sorted(({k: v for k, v in row.items() if k not in anew} for row in found), key=str)


async def doctor(settings: dict[str, str], folder: Path, *arguments: str) -> Done:
    return await run("doctor", *arguments, settings=settings, folder=folder)


@pytest.fixture
def settings(migrated: Path, tmp_path: Path) -> dict[str, str]:
    numbers = tmp_path / "help-numbers.toml"
    today = datetime.now(UTC).date()
    numbers.write_text(f'[[number]]\nsay = "Adult care 01632 960000"\nchecked_on = {today}\n', encoding="utf-8")
    return environment(f"sqlite:///{tmp_path / 'earshot.db'}") | {
        "SAFEGUARDING_LEAD": "Amina",
        "SAFEGUARDING_WEBHOOK": "https://alerts.example/earshot",
        "SAFEGUARDING_NUMBERS": str(numbers),
    }


async def test_doctor_names_what_is_wrong_and_its_exit_code_says_so(settings: dict[str, str], tmp_path: Path) -> None:
    async with FakeTwilioAccount(account_sid=ACCOUNT, auth_token=TOKEN, numbers=(NUMBER,)) as twilio:
        settings["TWILIO_API_BASE_URL"] = twilio.url
        wanted = f"{settings['PUBLIC_BASE_URL']}/channels/sms#rc=5&rp=all"
        twilio.set_number(NUMBER, sms_url=wanted, sms_fallback_url=wanted)
        await run("staff", "add", "amina", "--role", "safeguarding", settings=settings, folder=tmp_path)
        well = await doctor(settings, tmp_path)
        assert (well.code, well.err) == (0, "")
        assert "problem" not in well.out
        assert f"ok       Texts to {NUMBER} reach us, with retries." in well.out.splitlines()
        asked = len(twilio.requests)
        assert (await doctor(settings, tmp_path, "--offline")).code == 0
        assert len(twilio.requests) == asked

        twilio.set_number(NUMBER, sms_url="")
        ill = await doctor(settings, tmp_path)
        assert ill.code == 1
        assert wanted in ill.out
        assert ill.err == "earshot: 1 problem(s); each line above says what to do.\n"
        for secret in (SECRET, TOKEN):
            assert secret not in well.out + ill.out


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"TWILIO_SMS_FROM": "STOKECC"}, "TWILIO_SMS_FROM: write a number"),
        ({"PUBLIC_BASE_URL": "http://bot.example"}, "PUBLIC_BASE_URL begins with http://"),
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set"),
        ({"SAFEGUARDING_LEAD": ""}, "SAFEGUARDING_LEAD is not set"),
        ({"SAFEGUARDING_WEBHOOK": ""}, "Amina is told of nothing"),
        ({"SAFEGUARDING_NUMBERS": ""}, "There are no help numbers"),
        ({"SAFEGUARDING_NUMBERS": "nowhere.toml"}, "SAFEGUARDING_NUMBERS: nowhere.toml: cannot be read"),
        ({"DATABASE_URL": "sqlite:////nowhere/at/all.db"}, "There is no folder"),
    ],
    ids=["an alphanumeric sender", "http", "no secret", "no lead", "no alerts", "no numbers", "no file", "no database"],
)
async def test_doctor_reads_the_settings_too(
    settings: dict[str, str], tmp_path: Path, changes: dict[str, str], line: str
) -> None:
    found = await doctor(settings | changes, tmp_path, "--offline")
    assert found.code == 1
    assert any(each.startswith("problem ") and line in each for each in found.out.splitlines())


@pytest.mark.parametrize(
    "arguments",
    [("restore",), ("restore", "--from", "a.zip", "--release"), ("backup",)],
    ids=["nothing to restore", "two things at once", "nowhere to back up to"],
)
async def test_bad_usage_exits_with_2(arguments: tuple[str, ...], settings: dict[str, str], tmp_path: Path) -> None:
    assert (await run(*arguments, settings=settings, folder=tmp_path)).code == 2


async def test_release_says_when_nothing_is_held(settings: dict[str, str], tmp_path: Path) -> None:
    done = await run("restore", "--release", settings=settings, folder=tmp_path)
    assert done.code == 1
    assert "Nothing is held" in done.err


async def test_a_restore_into_another_file_does_not_pass_over_the_old_ledger(
    settings: dict[str, str], tmp_path: Path
) -> None:
    assert (await run("backup", "--to", tmp_path / "backups", settings=settings, folder=tmp_path)).code == 0
    (made,) = (tmp_path / "backups").iterdir()
    elsewhere = settings | {"DATABASE_URL": f"sqlite:///{tmp_path / 'new.db'}"}
    refused = await run("restore", "--from", made, settings=elsewhere, folder=tmp_path)
    assert refused.code == 1
    assert f"There is no suppression ledger at {tmp_path / 'new.ledger'}." in refused.err
    off = await run("restore", "--from", made, settings=elsewhere | {"SUPPRESSION_LEDGER": "off"}, folder=tmp_path)
    assert (off.code, "SUPPRESSION_LEDGER" in off.err) == (1, True)
    done = await run("restore", "--from", made, "--without-ledger", settings=elsewhere, folder=tmp_path)
    assert (done.code, "WARNING" in done.out) == (0, True)


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        pytest.param(SECRET, "", id="the same"),
        pytest.param("another secret of this council", "SECRET_KEY is not the one", id="another"),
        pytest.param("", "SECRET_KEY: set it", id="none"),
    ],
)
async def test_a_restore_says_when_the_secret_key_does_not_open_what_it_restored(
    settings: dict[str, str], tmp_path: Path, secret: str, said: str
) -> None:
    assert (await run("retention", settings=settings, folder=tmp_path)).code == 0  # the keys are made at first use
    assert (await run("backup", "--to", tmp_path / "backups", settings=settings, folder=tmp_path)).code == 0
    (made,) = (tmp_path / "backups").iterdir()
    elsewhere = settings | {"DATABASE_URL": f"sqlite:///{tmp_path / 'new.db'}", "SECRET_KEY": secret}
    done = await run("restore", "--from", made, "--without-ledger", settings=elsewhere, folder=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert "Restored" in done.out
    assert ("no number can be read yet" in done.out, said in done.out) == (bool(said), True)
