"""A message whose turn failed is run again, and what it says reaches the resident once, by the outbox or at once."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from msgspec.structs import replace

from bot.cli.compose import wording
from bot.service.inbox import Inbox
from bot.service.library import Library
from bot.service.unread import UnreadMessages
from channels.base import Inbound, Kind
from storage import surveys
from storage.ids import TimeOrderedIds
from storage.keys import KeyRing
from storage.script import Database
from storage.turns import TurnFailed
from tests.core.phones import PARKS
from tests.fakes.twilio import FakeTwilio
from tests.service.safeguarding_scene import DANGER
from tests.service.sending import MINUTE, OURS, RESIDENT, SECOND, Office, sms_office

HOUR = 60 * MINUTE
DONE = "Done. We have removed every answer and text sent to us in this chat."


@dataclass
class Counter:
    """A phone, the inbox it writes to, and the Twilio that brings it what is not said in the answer."""

    office: Office
    twilio: FakeTwilio
    inbox: Inbox
    numbers: "itertools.count[int]"

    def message(self, text: str) -> Inbound:
        self.office.time.go_on(SECOND)
        return Inbound(
            channel="sms",
            provider="twilio",
            account="AC1",
            event_id=f"SM{next(self.numbers):032d}",
            kind=Kind.TEXT,
            address=RESIDENT,
            our_address=OURS,
            text=text,
            at=self.office.time.now(),
        )

    async def fail(self, message: Inbound) -> None:
        """Let a turn fail: it cannot read the conversation, which is whole again afterwards."""
        ((kept,),) = await self.office.fetch("SELECT state FROM conversation")
        await self.office.change("UPDATE conversation SET state = '{'", {})
        with pytest.raises(TurnFailed):
            await self.inbox.handle(message)
        await self.office.change("UPDATE conversation SET state = :state", {"state": kept})

    async def rerun(self) -> int:
        self.office.time.go_on(MINUTE)
        return await self.inbox.rerun_unhandled(self.office.time.now())

    @property
    def brought(self) -> list[str]:
        return [message.body for message in self.twilio.messages]


@pytest.fixture
async def counter(database: Database, keys: KeyRing) -> AsyncIterator[Counter]:
    async with sms_office(database, keys) as (office, twilio):
        library = Library(database, wording())
        inbox = Inbox(database, keys, office.channels, library, new_id=TimeOrderedIds())
        await database.run(lambda: surveys.publish(PARKS.id, PARKS.version, PARKS.hash, PARKS.to_json(), 0))
        await library.load()
        made = Counter(office, twilio, inbox, itertools.count())
        await inbox.handle(made.message("PARKS"))
        yield made
        await inbox.close()


async def test_the_confirmation_of_a_delete_that_ran_again_is_sent_once(counter: Counter) -> None:
    await counter.inbox.handle(counter.message("delete"))
    confirmed = counter.message("yes")
    await counter.fail(confirmed)
    assert counter.brought == []
    assert await counter.rerun() == 1
    assert counter.brought == [DONE]
    assert await counter.office.fetch("SELECT id FROM contact") == []
    assert await counter.rerun() == 0
    assert await counter.inbox.handle(replace(confirmed, at=counter.office.time.now())) == ()
    assert counter.brought == [DONE]


async def test_any_other_reply_of_a_turn_that_ran_again_is_left_to_the_outbox(counter: Counter) -> None:
    await counter.fail(counter.message("yes"))
    assert await counter.rerun() == 1
    assert counter.brought == []
    ((state, text),) = await counter.office.fetch("SELECT state, text FROM outbox WHERE text LIKE '2/3%'")
    assert (state, text.splitlines()[0]) == ("queued", "2/3 The parks are looked after well.")


async def test_danger_in_a_turn_that_failed_is_flagged_once_and_analysts_do_not_come_upon_it(counter: Counter) -> None:
    message = counter.message(DANGER)
    await counter.fail(message)
    counter.office.time.go_on(HOUR)
    assert await counter.office.fetch("SELECT filed, calmed FROM inbound JOIN flag USING (id)") == [
        ("unhandled", False)
    ]
    unread = UnreadMessages(counter.office.database, counter.office.channels, now=counter.office.time.now)
    assert await unread.waiting() == (0, [])
    assert await counter.rerun() == 1
    ((calmed,),) = await counter.office.fetch("SELECT calmed FROM flag")
    assert calmed, "its turn has passed now, and says where help is"


async def test_what_failed_and_speaks_of_nothing_such_waits_for_a_person(counter: Counter) -> None:
    await counter.fail(counter.message("perhaps"))
    counter.office.time.go_on(HOUR)
    unread = UnreadMessages(counter.office.database, counter.office.channels, now=counter.office.time.now)
    assert (await unread.waiting())[0] == 1
