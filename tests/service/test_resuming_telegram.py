"""A restore where the provider keeps no list: what was said since is lost, and nothing is read as what it was not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.service.backup import Made, back_up
from bot.service.looking import Looking
from bot.service.restoring import restore
from bot.service.resuming import resume
from storage.database import open_database
from storage.ids import TimeOrderedIds
from storage.keys import KeyRing
from tests.conftest import SECRET
from tests.service.backups import NewUrl
from tests.service.voice_scene import MINUTE, TELEGRAM, Voices, voices

ANSWERS = "SELECT question, value_code, said FROM answer ORDER BY id"


@asynccontextmanager
async def running(url: str) -> AsyncIterator[Voices]:
    """Run a service over a database, with one resident on Telegram."""
    database = await open_database(url)
    try:
        async with voices(database, await KeyRing.open(database, SECRET)) as there:
            there.app = "telegram"
            yield there
    finally:
        await database.close()


@asynccontextmanager
async def restored(url: str, made: Made, now: int) -> AsyncIterator[Voices]:
    """Restore a backup, run a service over it, and let it resume."""
    await restore(url, made.path, None, without_ledger=True, who="ann", now=now)
    async with running(url) as new:
        new.now = now
        new.telegram.queue.next_id += 1_000  # its own count goes on
        assert await resume(
            new.database, new.keys, new.channels, {}, new.inbox.handle, now=new.clock, new_id=TimeOrderedIds()
        )
        yield new


async def test_the_first_text_after_a_restore_is_no_answer_to_a_question_put_days_ago(
    database_url: str, new_url: NewUrl, tmp_path: Path
) -> None:
    async with running(database_url) as old:
        await old.write("PARKS")
        await old.write("yes")
        made = await back_up(old.stored, tmp_path, who="ann", now=old.now)
        assert (await old.write("agree")).startswith("3/")
        now = old.now + 60 * MINUTE
    async with restored(await new_url("sqlite"), made, now) as new:
        answers = await new.rows(ANSWERS)
        assert (await new.write("2")).startswith("We have kept your words as you wrote them.\n2/")
        assert await new.rows(ANSWERS) == answers
        assert await new.rows("SELECT filed FROM inbound WHERE text = '2'") == [("unparsed",)]
        assert (await new.write("agree")).startswith("3/")
        assert len(await new.rows(ANSWERS)) == len(answers) + 1


async def test_texts_that_waited_at_telegram_while_we_were_away_are_no_answers_either(
    database_url: str, new_url: NewUrl, tmp_path: Path
) -> None:
    async with running(database_url) as old:
        await old.write("PARKS")
        await old.write("yes")
        made = await back_up(old.stored, tmp_path, who="ann", now=old.now)
        now = old.now + 60 * MINUTE
    async with restored(await new_url("sqlite"), made, now) as new:
        answers = await new.rows(ANSWERS)
        for minutes in (30, 20):  # both were sent before the first of them was answered
            sent = (new.now - minutes * MINUTE) // 1000
            assert (await new.telegram.write(TELEGRAM, "2", date=sent)).status == 200
        assert await new.rows(ANSWERS) == answers
        assert await new.rows("SELECT filed FROM inbound WHERE text = '2'") == [("unparsed",)] * 2


async def test_a_reply_that_may_have_been_sent_since_the_backup_is_not_sent_again(
    database_url: str, new_url: NewUrl, tmp_path: Path
) -> None:
    async with running(database_url) as old:
        assert (await old.telegram.write(TELEGRAM, "PARKS")).status == 200
        made = await back_up(old.stored, tmp_path, who="ann", now=old.now)
        now = old.now + 60 * MINUTE
        assert await old.outbox.send_due() == 1
    async with restored(await new_url("sqlite"), made, now) as new:
        new.now += MINUTE
        assert await Looking(new.database, new.keys, new.channels, now=new.clock).look() == 1
        assert await new.outbox.send_due() == 0
        assert await new.rows("SELECT state, code FROM outbox") == [("failed", "outcome_unknown")]
