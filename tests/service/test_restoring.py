"""After a disaster: a backup, a ledger and the provider's list bring back what was, and nobody is texted twice."""

from pathlib import Path

import pytest

from bot.service.backup import BackupRefused, back_up
from bot.service.privacy import erase
from bot.service.restoring import Restored, restore
from bot.service.resuming import release
from storage import ledger as entries
from storage.keys import rotate_data_keys
from tests.fakes.twilio import Refuse
from tests.service.backups import NewUrl, empty_of_contacts
from tests.service.restoring_scene import AMINA, BEN, CASS, Service, phone_company, queue, service, text
from tests.service.sending import HOUR, MINUTE, Time

DAY = 24 * HOUR


@pytest.mark.parametrize("to", ["sqlite", "postgres"])
async def test_everything_said_since_the_backup_comes_back_and_nobody_is_texted_twice(
    database_url: str, to: str, new_url: NewUrl, tmp_path: Path
) -> None:
    time, services = Time(), list[Service]()
    ledger = tmp_path / "earshot.ledger"
    async with phone_company(time, services) as twilio:
        async with service(database_url, twilio, time, ledger) as old:
            services.append(old)
            assert not await old.resume()
            await old.run_for(1)
            await text(twilio, time, AMINA, "STOKE", "1")
            await text(twilio, time, CASS, "STOKE", "1", "1 3", "Cass has a secret")
            made = await back_up(old.database, tmp_path / "backups", who="test", now=time.now())
            await text(twilio, time, AMINA, "1 2", "More light")
            await text(twilio, time, BEN, "STOKE", "2", "STOP")
            await text(twilio, time, CASS, "yes")
            assert (await erase(old.database, old.keys, CASS, who="test", now=time.now())).contacts == 1
            await old.run_for(1)
            answers, phones = await old.answers(), {n: twilio.phone(n) for n in (AMINA, BEN, CASS)}

        time.go_on(HOUR)
        twilio.lose(AMINA, "no")  # while nobody was there
        url = await new_url(to)
        restored = await restore(url, made.path, ledger, without_ledger=False, who="test", now=time.now())
        assert (restored.erased, restored.stops_and_starts, restored.used_ledger) == (1, 1, True)

        async with service(url, twilio, time, ledger) as new:
            services.append(new)
            assert "Cass has a secret" not in str(await new.rows("SELECT said FROM answer"))
            await new.run_for(2)
            assert {n: twilio.phone(n) for n in phones} == phones  # held: not a word to anybody
            twilio.fail_next(Refuse(503))  # waits for the provider, however long
            assert await new.resume()
            await new.run_for(5)

            assert [row for row in await new.answers() if row not in answers] == []
            assert await new.answers() == answers  # "no" is to a question that keeps no answer
            assert await new.is_stopped(BEN)
            assert not await new.is_stopped(AMINA)
            assert await new.rows("SELECT count(*) FROM contact") == [(2,)]
            assert twilio.phone(BEN) == phones[BEN]
            assert twilio.phone(CASS) == phones[CASS]
            assert [*phones[AMINA], twilio.phone(AMINA)[-1]] == twilio.phone(AMINA)
            assert "How old are you?" in twilio.phone(AMINA)[-1]  # the one reply that nobody had sent
            assert not await new.resume()


async def test_what_may_have_been_sent_is_looked_for_before_it_is_sent(database_url: str, tmp_path: Path) -> None:
    """One message went out after the backup, one did not, and one is not due yet."""
    time, services = Time(), list[Service]()
    ledger = tmp_path / "earshot.ledger"
    async with phone_company(time, services) as twilio:
        async with service(database_url, twilio, time, ledger) as old:
            services.append(old)
            await text(twilio, time, AMINA, "STOKE")
            await old.run_for(3)
            contact = (await old.rows("SELECT id FROM contact"))[0][0]
            for name, due in (("went out", 0), ("did not", 5 * MINUTE), ("later", DAY)):
                await queue(old, contact, name, time.now() + due)
                time.go_on(1000)
            made = await back_up(old.database, tmp_path, who="test", now=time.now())
            await old.run_for(1)
            assert twilio.phone(AMINA)[1:] == ["went out"]

        time.go_on(HOUR)
        url = f"sqlite:///{tmp_path / 'restored.db'}"
        await restore(url, made.path, None, without_ledger=True, who="test", now=time.now())
        async with service(url, twilio, time, ledger) as new:
            services.append(new)
            assert await new.outbox.send_due() == 0
            assert await new.resume()
            assert await states(new) == {"went out": "unknown", "did not": "unknown", "later": "queued"}
            await new.run_for(4)
            assert twilio.phone(AMINA)[1:] == ["went out", "did not"]
            assert await states(new) == {"went out": "accepted", "did not": "accepted", "later": "queued"}


async def states(there: Service) -> dict[str, str]:
    wanted = ["went out", "did not", "later"]
    return {text: state for text, state in await there.rows("SELECT text, state FROM outbox") if text in wanted}


async def try_with(ledger: Path, made: Path, url: str, now: int, without_ledger: bool = False) -> Restored:
    return await restore(url, made, ledger, without_ledger=without_ledger, who="ann", now=now)


@pytest.mark.parametrize(
    ("case", "why"),
    [
        pytest.param("another", "belongs to another database", id="another database's"),
        pytest.param("older", "older than the backup", id="one that was not kept to the end"),
        pytest.param("new keys", "rotate --data-keys", id="one under newer keys"),
        pytest.param("long ago", "days old", id="a backup older than erasures are known"),
    ],
)
async def test_a_ledger_that_cannot_serve_is_refused_unless_one_goes_without(
    database_url: str, case: str, why: str, tmp_path: Path
) -> None:
    time, services, now = Time(), list[Service](), Time().now() + HOUR
    ledger = tmp_path / "earshot.ledger"
    async with phone_company(time, services) as twilio, service(database_url, twilio, time, ledger) as old:
        services.append(old)
        await old.resume()
        if case == "older":
            ledger.rename(tmp_path / "kept.ledger")
        await text(twilio, time, AMINA, "STOKE", "STOP")
        await old.run_for(1) if case != "older" else None
        made = await back_up(old.database, tmp_path, who="ann", now=time.now())
        if case == "new keys":
            await rotate_data_keys(old.database, old.keys)
            await text(twilio, time, BEN, "STOKE", "STOP")
            await old.run_for(1)
        if case == "older":
            (tmp_path / "kept.ledger").rename(ledger)
        if case == "another":
            ledger.write_bytes(ledger.read_bytes().replace(b'"database":"', b'"database":"0'))
        if case == "long ago":
            now += 91 * DAY
    url = f"sqlite:///{tmp_path / 'restored.db'}"
    with pytest.raises(BackupRefused, match=why):
        await try_with(ledger, made.path, url, now)
    assert await empty_of_contacts(url)
    assert not (await try_with(ledger, made.path, url, now, without_ledger=True)).used_ledger


async def test_a_restore_that_finds_no_ledger_is_refused_and_says_where_it_looked(
    database_url: str, tmp_path: Path
) -> None:
    """Whoever restores into another file has the default ledger beside the old one; and a name can be mistyped."""
    time, services = Time(), list[Service]()
    ledger = tmp_path / "earshot.ledger"
    async with phone_company(time, services) as twilio, service(database_url, twilio, time, ledger) as old:
        services.append(old)
        await old.resume()
        await text(twilio, time, AMINA, "STOKE")
        made = await back_up(old.database, tmp_path, who="ann", now=time.now())
    looked_for, url = tmp_path / "new.ledger", f"sqlite:///{tmp_path / 'new.db'}"
    with pytest.raises(BackupRefused, match=rf"(?s){looked_for}.*earshot\.ledger for earshot\.db.*--without-ledger"):
        await try_with(looked_for, made.path, url, time.now())
    with pytest.raises(BackupRefused, match="SUPPRESSION_LEDGER"):
        await restore(url, made.path, None, without_ledger=False, who="ann", now=time.now())
    assert not (tmp_path / "new.db").exists()
    assert not (await try_with(looked_for, made.path, url, time.now(), without_ledger=True)).used_ledger


async def test_a_held_database_can_be_released_by_hand_and_stop_holds_then(database_url: str, tmp_path: Path) -> None:
    time, services = Time(), list[Service]()
    ledger = tmp_path / "earshot.ledger"
    async with phone_company(time, services) as twilio:
        async with service(database_url, twilio, time, ledger) as old:
            services.append(old)
            await old.resume()
            await text(twilio, time, AMINA, "STOKE")
            made = await back_up(old.database, tmp_path, who="ann", now=time.now())
            await text(twilio, time, AMINA, "STOP")
            await old.run_for(1)
        url = f"sqlite:///{tmp_path / 'restored.db'}"
        await try_with(ledger, made.path, url, time.now())
        async with service(url, twilio, time, ledger) as new:
            assert not await new.is_stopped(AMINA)
            assert await release(new.database, now=time.now())
            assert await new.is_stopped(AMINA)
            assert not await release(new.database, now=time.now())
            assert await new.database.read(entries.held) is None
            assert not await new.resume()  # and the ledger holds nothing that is news
