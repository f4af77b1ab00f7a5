"""Resuming after a restore: cut short, by two processes, and by hand, the last word on STOP and START is the newest."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.service.backup import Made, back_up
from bot.service.privacy import erase
from bot.service.restoring import restore
from bot.service.resuming import release, resume
from channels.base import Inbound
from storage import ledger
from storage.ids import TimeOrderedIds
from storage.ledger import Entry, What
from tests.fakes.twilio import NUMBER, FakeTwilio
from tests.service.backups import NewUrl
from tests.service.restoring_scene import AMINA, BEN, Service, phone_company, queue, service, text
from tests.service.sending import HOUR, MINUTE, Time


class Killed(BaseException):
    """The process ends here."""


@asynccontextmanager
async def restored_to(
    url: str, made: Made, twilio: FakeTwilio, time: Time, file: Path, services: list[Service]
) -> AsyncIterator[Service]:
    """Restore a backup with its ledger, and run a service over it."""
    await restore(url, made.path, file, without_ledger=False, who="test", now=time.now())
    async with service(url, twilio, time, file) as new:
        services.append(new)
        await new.keeper.catch_up()
        yield new


async def backed_up_before_start(
    url: str, folder: Path, twilio: FakeTwilio, time: Time, file: Path, services: list[Service]
) -> Made:
    """Lose a service whose backup has Amina on STOP, and whose ledger has her START since."""
    async with service(url, twilio, time, file) as old:
        services.append(old)
        await old.resume()
        await text(twilio, time, AMINA, "STOKE", "STOP")
        await old.run_for(1)
        made = await back_up(old.database, folder, who="ann", now=time.now())
        await text(twilio, time, AMINA, "START")
        await old.run_for(1)
    time.go_on(HOUR)
    return made


async def resume_with(there: Service, take_in: object) -> bool:
    assert callable(take_in)
    return await resume(
        there.database,
        there.keys,
        {"sms": there.channel},
        {"sms": NUMBER},
        take_in,
        now=there.time.now,
        new_id=TimeOrderedIds(),
    )


@pytest.mark.parametrize("then", ["resumed", "released by hand"])
async def test_a_stop_taken_in_after_an_older_start_holds_though_the_process_was_killed_between(
    database_url: str, then: str, new_url: NewUrl, tmp_path: Path
) -> None:
    time, services, file = Time(), list[Service](), tmp_path / "earshot.ledger"
    async with phone_company(time, services) as twilio:
        made = await backed_up_before_start(database_url, tmp_path, twilio, time, file, services)
        twilio.lose(AMINA, "STOP")  # while nobody was there
        async with restored_to(await new_url("sqlite"), made, twilio, time, file, services) as new:

            async def take_in_and_die(inbound: Inbound) -> None:
                await new.inbox.handle(inbound)
                if inbound.text == "STOP":
                    raise Killed

            with pytest.raises(Killed):
                await resume_with(new, take_in_and_die)
            assert await new.is_stopped(AMINA)
            words = await new.rows("SELECT id, stopped, at FROM opt_out ORDER BY id")
            assert await (new.resume() if then == "resumed" else release(new.database, now=time.now()))
            assert await new.is_stopped(AMINA)
            assert await new.rows("SELECT id, stopped, at FROM opt_out ORDER BY id") == words


async def test_a_process_that_lags_behind_another_changes_nothing_that_was_said_since(
    database_url: str, new_url: NewUrl, tmp_path: Path
) -> None:
    time, services, file = Time(), list[Service](), tmp_path / "earshot.ledger"
    async with phone_company(time, services) as twilio:
        made = await backed_up_before_start(database_url, tmp_path, twilio, time, file, services)
        twilio.lose(BEN, "STOKE")
        url, lags, may_go_on = await new_url("postgres"), asyncio.Event(), asyncio.Event()
        async with restored_to(url, made, twilio, time, file, services) as quick:
            async with service(url, twilio, time, file) as slow:

                async def lag(inbound: Inbound) -> None:
                    lags.set()
                    await may_go_on.wait()
                    await slow.inbox.handle(inbound)

                lagging = asyncio.create_task(resume_with(slow, lag))
                await lags.wait()
                assert await quick.resume()
                assert not await quick.is_stopped(AMINA)
                await text(twilio, time, AMINA, "STOP")
                await quick.run_for(1)
                (contact,) = await quick.rows("SELECT id FROM contact WHERE opted_out_at IS NULL")
                await queue(quick, contact[0], "About to go", time.now())
                outbox = await quick.rows("SELECT id, state, code FROM outbox ORDER BY id")
                may_go_on.set()
                assert await lagging
            assert await quick.is_stopped(AMINA)
            assert await quick.rows("SELECT id, state, code FROM outbox ORDER BY id") == outbox
            assert await quick.database.read(ledger.held) is None


async def test_an_older_entry_of_the_ledger_leaves_the_newest_word_the_newest(
    database_url: str, tmp_path: Path
) -> None:
    """Who stopped another phone of theirs is on STOP here too; the ledger may know only an older START of this one."""
    time, services, file = Time(), list[Service](), tmp_path / "earshot.ledger"
    async with phone_company(time, services) as twilio, service(database_url, twilio, time, file) as stoke:
        services.append(stoke)
        await text(twilio, time, AMINA, "STOKE", "STOP")
        start = Entry(9, What.START, "sms", stoke.keys.lookup("sms", AMINA), time.now() - MINUTE, "text")
        await stoke.database.run(lambda: ledger.hold([start], time.now()))
        assert await release(stoke.database, now=time.now())
        assert await stoke.is_stopped(AMINA)
        await erase(stoke.database, stoke.keys, AMINA, who="ann", now=time.now())
        await text(twilio, time, AMINA, "Hello")
        assert await stoke.is_stopped(AMINA)


@pytest.mark.parametrize("knows", ["the ledger", "the provider's list alone"])
async def test_whoever_said_stop_and_then_start_since_the_backup_goes_on(
    database_url: str, knows: str, new_url: NewUrl, tmp_path: Path
) -> None:
    time, services, file = Time(), list[Service](), tmp_path / "earshot.ledger"
    async with phone_company(time, services) as twilio:
        async with service(database_url, twilio, time, file) as old:
            services.append(old)
            await old.resume()
            await text(twilio, time, AMINA, "STOKE")
            made = await back_up(old.database, tmp_path, who="ann", now=time.now())
            if knows == "the ledger":
                await text(twilio, time, AMINA, "STOP", "START")
                await old.run_for(1)
        if knows != "the ledger":
            for word in ("STOP", "START"):
                time.go_on(MINUTE)
                twilio.lose(AMINA, word)
        time.go_on(HOUR)
        async with restored_to(await new_url("sqlite"), made, twilio, time, file, services) as new:
            assert await new.resume()
            assert not await new.is_stopped(AMINA)


async def test_after_a_release_by_hand_no_text_is_an_answer_before_its_question_came_again(
    database_url: str, new_url: NewUrl, tmp_path: Path
) -> None:
    time, services, file = Time(), list[Service](), tmp_path / "earshot.ledger"
    async with phone_company(time, services) as twilio:
        async with service(database_url, twilio, time, file) as old:
            services.append(old)
            await old.resume()
            await text(twilio, time, AMINA, "STOKE", "1")
            made = await back_up(old.database, tmp_path, who="ann", now=time.now())
            await text(twilio, time, AMINA, "1 2", "More light")
        async with restored_to(await new_url("sqlite"), made, twilio, time, file, services) as new:
            answers = await new.answers()
            assert await release(new.database, now=time.now())
            (reply,) = await text(twilio, time, AMINA, "2")
            assert reply.startswith("We have kept your words as you wrote them.\n2/")
            assert await new.answers() == answers
            await text(twilio, time, AMINA, "2")
            assert len(await new.answers()) > len(answers)
