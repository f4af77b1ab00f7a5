"""A survey through GOV.UK Notify, from keyword to row: the real inbox and outbox, the strict fake, both engines.

Texts come in by the web's own webhooks and go out by the outbox, as `serve` joins them.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from bot.cli.compose import wording
from bot.service.inbox import Inbox
from bot.service.library import Library
from bot.service.reconcile import fetch_missed
from bot.web.metrics import Metrics
from bot.web.webhooks import Webhooks
from channels.notify import NotifyChannel
from storage import surveys
from storage.ids import TimeOrderedIds
from storage.keys import KeyRing
from storage.outbox import REPLY_LEASE_MS, State
from storage.script import Database
from tests.channels.notifying import notify_channel
from tests.core.small_surveys import AGREEMENT, one, survey, words_question
from tests.fakes.notify import FakeNotify, Refuse, Text
from tests.fakes.twilio import Drop
from tests.service.sending import HOUR, MINUTE, SECOND, Office, Time

RESIDENT = "+447700900123"
PARKS = survey(
    one("use_parks", "Do you use the parks?"),
    one("agree", "The parks are looked after well.", AGREEMENT),
    words_question("better", "What would make them better?"),
)


@dataclass
class Town:
    """A running service with one number at Notify, and residents who text it."""

    office: Office
    notify: FakeNotify
    inbox: Inbox
    channel: NotifyChannel

    async def text(self, words: str, sender: str = RESIDENT) -> list[str]:
        """Let a resident text, let the outbox run, and give what came back."""
        before = len(self.notify.phone(sender))
        turn = await self.notify.text(sender, words)
        assert (turn.status, turn.attempts) == (200, 1)
        self.office.time.go_on(10 * SECOND)
        await self.office.outbox.send_due()
        return self.notify.phone(sender)[before:]

    async def until_looked_twice(self) -> None:
        """Let time go by until what is unknown has been looked for twice."""
        for _ in range(2):
            self.office.time.go_on(MINUTE)
            await self.office.looking.look()

    async def replies(self) -> list[tuple[Any, ...]]:
        """Give every reply's state, status and number of tries, oldest first."""
        return await self.office.fetch("SELECT state, status, attempts FROM outbox ORDER BY made_at, id")


@pytest.fixture
async def town(database: Database, keys: KeyRing) -> AsyncIterator[Town]:
    text = PARKS.to_json()
    await database.run(lambda: surveys.publish(PARKS.id, PARKS.version, PARKS.hash, text, Time().ms))
    library = Library(database, wording())
    await library.load()
    time = Time()
    notify = FakeNotify(now=time.as_datetime)
    async with notify:
        channel = notify_channel(notify.url, clock=time.now)
        channels = {channel.name: channel}
        inbox = Inbox(database, keys, channels, library, new_id=TimeOrderedIds())
        office = Office(database, keys, time, channels)
        notify.app = Webhooks(channels, inbox, office.receipts.keep, Metrics(), time.now)
        yield Town(office, notify, inbox, channel)
        await inbox.close()
        await channel.close()


async def test_a_resident_goes_from_the_keyword_to_the_end(town: Town) -> None:
    opening, first, second, last = [(await town.text(words))[0] for words in ("PARKS", "yes", "2", "More benches")]
    assert opening.endswith("1/3 Do you use the parks?\n1 Yes\n2 No")
    assert first.startswith("2/3 The parks are looked after well.\n1 Strongly agree")
    assert second == "3/3 What would make them better?"
    assert last.startswith("Thank you")
    assert await town.office.fetch("SELECT question, state, value_code, said FROM answer ORDER BY id") == [
        ("use_parks", "answered", "yes", "yes"),
        ("agree", "answered", "agree", "2"),
        ("better", "answered", None, "More benches"),
    ]
    ((source, channel, completed_at),) = await town.office.fetch("SELECT source, channel, completed_at FROM response")
    assert (source, channel, completed_at is not None) == ("sms", "notify", True)
    assert [state for state, _, _ in await town.replies()] == [State.ACCEPTED] * 4


async def test_a_reply_waits_for_the_outbox_and_goes_out_once(town: Town) -> None:
    await town.notify.text(RESIDENT, "PARKS")
    assert town.notify.phone(RESIDENT) == []
    await town.office.outbox.send_due()
    await town.office.outbox.send_due()
    assert len(town.notify.phone(RESIDENT)) == 1


async def test_a_callback_that_comes_again_is_answered_once(town: Town) -> None:
    await town.text("PARKS")
    turn = await town.notify.text(RESIDENT, "yes")
    again = await town.notify.redeliver(turn.id)
    await town.office.outbox.send_due()
    assert again.status == 200
    assert len(town.notify.phone(RESIDENT)) == 2
    assert await town.office.fetch("SELECT COUNT(*) FROM answer") == [(1,)]


async def test_a_text_whose_callback_never_came_is_fetched_and_answered(town: Town) -> None:
    async def fetch() -> int:
        fetched = await fetch_missed(
            town.office.database,
            town.channel,
            town.channel.service_id,
            town.inbox.handle,
            now=town.office.time.now,
        )
        return fetched.taken_in

    assert await fetch() == 0  # from here on we listen
    await town.text("PARKS")
    town.notify.lose(RESIDENT, "yes")
    town.office.time.go_on(MINUTE)
    assert [await fetch(), await fetch()] == [1, 0]
    await town.office.outbox.send_due()
    assert town.notify.phone(RESIDENT)[-1].startswith("2/3")


async def test_stop_is_ours_to_answer_and_silences_until_start(town: Town) -> None:
    await town.text("PARKS")
    assert "no more texts" in (await town.text("STOP"))[0]
    assert await town.text("yes") == []
    assert "1/3" in (await town.text("START"))[0]


async def test_a_delivery_receipt_settles_the_reply_it_names(town: Town) -> None:
    await town.text("PARKS")
    (sent,) = town.notify.texts
    assert [await town.notify.report(sent.id, status) for status in ("delivered", "sending")] == [204, 204]
    assert await town.replies() == [("accepted", "delivered", 1)]


async def test_a_receipt_alone_proves_that_a_send_of_unknown_outcome_went_out(town: Town) -> None:
    town.notify.fail_next(Drop(accept=True))
    await town.text("PARKS")
    assert await town.replies() == [("unknown", None, 1)]
    await town.notify.report(town.notify.texts[0].id, "delivered")
    assert await town.replies() == [("accepted", "delivered", 1)]


@pytest.mark.parametrize("clocks_differ_by", [0, 30], ids=["clocks agree", "clocks differ"])
async def test_what_notify_has_is_known_by_our_reference_and_never_sent_again(
    town: Town, clocks_differ_by: int
) -> None:
    town.notify.fail_next(Drop(accept=True))
    now = town.office.time.as_datetime
    town.notify.now = lambda: now() - timedelta(seconds=clocks_differ_by)
    await town.text("PARKS")
    town.notify.texts[0].body = "as Notify has tidied it"
    await town.until_looked_twice()
    await town.office.outbox.send_due()
    assert await town.replies() == [("accepted", "queued", 1)]
    assert len(town.notify.phone(RESIDENT)) == 1


async def test_what_notify_never_had_is_sent_once_after_two_looks(town: Town) -> None:
    town.notify.fail_next(Drop())
    await town.text("PARKS")
    await town.until_looked_twice()
    await town.office.outbox.send_due()
    assert await town.replies() == [("accepted", None, 2)]
    assert len(town.notify.phone(RESIDENT)) == 1


async def test_two_messages_of_the_same_words_are_told_apart_by_reference(town: Town) -> None:
    office = town.office
    person = await office.contact(RESIDENT, "notify")
    lost = await office.replied(person, "Please choose 1 or 2.", "notify")
    office.time.go_on(SECOND)
    sent = await office.replied(person, "Please choose 1 or 2.", "notify")
    listed = Text(str(uuid4()), RESIDENT, "Please choose 1 or 2.", office.time.as_datetime(), reference=sent)
    town.notify.texts.append(listed)
    office.time.go_on(REPLY_LEASE_MS)
    await town.until_looked_twice()
    assert [await office.state(message) for message in (lost, sent)] == ["queued", "accepted"]


async def test_a_long_text_of_which_notify_has_a_part_is_never_sent_again(town: Town) -> None:
    office = town.office
    town.notify.per_minute = 1
    sent = await office.queue(await office.contact(RESIDENT, "notify"), "word " * 300, channel="notify")
    await office.outbox.send_due()
    assert await office.state(sent) == "unknown"
    await town.until_looked_twice()
    assert await office.state(sent) == "accepted"
    assert len(town.notify.phone(RESIDENT)) == 1


async def test_a_phone_that_was_off_gets_the_text_once_more_and_the_first_try_is_not_taken_for_it(town: Town) -> None:
    await town.text("PARKS")
    first = town.notify.texts[0]
    await town.notify.report(first.id, "temporary-failure")
    town.office.time.go_on(4 * HOUR)
    town.notify.fail_next(Drop(accept=True))
    await town.office.outbox.send_due()
    await town.until_looked_twice()
    assert await town.office.fetch("SELECT state, provider_id, attempts FROM outbox") == [
        ("accepted", town.notify.texts[1].id, 2)
    ]


async def test_too_fast_is_tried_again_and_so_is_a_reply_that_our_settings_kept_back(town: Town) -> None:
    town.notify.fail_next(Refuse(429, "RateLimitError"))
    assert await town.text("PARKS") == []
    town.office.time.go_on(5 * SECOND)
    await town.office.outbox.send_due()
    assert len(town.notify.phone(RESIDENT)) == 1
    town.notify.fail_next(Refuse(400, "BadRequestError"))
    assert await town.text("yes") == []
    town.office.time.go_on(HOUR)
    await town.office.outbox.send_due()
    assert [state for state, _, _ in await town.replies()] == ["accepted", "accepted"]


async def test_a_forged_callback_is_refused_and_nothing_kept(town: Town) -> None:
    town.notify.callback_token = "guessed by somebody"
    turn = await town.notify.text(RESIDENT, "PARKS")
    assert (turn.status, turn.attempts) == (403, 1)
    assert await town.office.fetch("SELECT id FROM inbound") == []
