"""A resident's voice is deleted at Twilio once it is stored here, and never before."""

from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from bot.service.discarding import TRIED_FOR_MS, Discarding
from bot.service.voice import AGAIN_MS, Fetching
from channels.base import Outage
from storage.keys import KeyRing
from storage.script import Database
from tests.channels.test_whatsapp_rest import sending
from tests.channels.voices import voice_note
from tests.fakes.twilio import Drop, Fault, Garble, Refuse
from tests.fakes.twilio_whatsapp import FakeWhatsApp
from tests.service.voice_scene import AMINA, MINUTE, WHATSAPP, Voices, voices

SOUND = voice_note(75, b"the sound of benches")


@pytest.fixture
async def park(database: Database, keys: KeyRing) -> AsyncIterator[Voices]:
    """Let a resident speak on WhatsApp in the middle of a survey."""
    async with voices(database, keys) as scene:
        for text in ("PARKS", "1", "2"):
            await scene.write(text)
        await scene.speak(SOUND)
        yield scene


def discarding(park: Voices) -> Discarding:
    """Begin as a process does that has just started."""
    return Discarding(park.database, park.channels, now=park.clock)


def deletions(twilio: FakeWhatsApp) -> int:
    return sum(method == "DELETE" for method, _, _ in twilio.requests)


async def test_a_voice_note_is_deleted_at_twilio_once_it_is_here_and_can_still_be_heard(park: Voices) -> None:
    worker = discarding(park)
    assert await worker.discard_stored() == 0
    assert len(park.twilio.media.kept) == 1  # not stored yet

    assert await park.box.fetch_waiting() == Fetching(fetched=1)
    assert await worker.discard_stored() == 1
    assert park.twilio.media.kept == []
    assert (await park.box.hear(await park.note(), AMINA)) is not None
    assert await worker.discard_stored() == 0
    assert deletions(park.twilio) == 1


async def test_what_could_not_be_fetched_is_left_where_it_is(park: Voices) -> None:
    for wait in (0, *AGAIN_MS):
        park.now += wait
        park.twilio.fail_next(Refuse(503))
        await park.box.fetch_waiting()
    assert await discarding(park).discard_stored() == 0
    assert len(park.twilio.media.kept) == 1


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param([Refuse(429, retry_after="2")], id="asked too often"),
        pytest.param([Refuse(500)], id="a failure at Twilio"),
        pytest.param([Drop(), Drop()], id="the connection breaks, twice"),  # once is mended by aiohttp itself
        pytest.param([Garble()], id="a gateway's page"),
    ],
)
async def test_what_could_not_be_deleted_is_deleted_later(park: Voices, faults: list[Fault]) -> None:
    await park.box.fetch_waiting()
    worker = discarding(park)
    park.twilio.fail_next(*faults)
    with capture_logs() as logs:
        assert await worker.discard_stored() == 0
    assert [entry["event"] for entry in logs] == ["voice note still at its provider"]
    assert WHATSAPP[10:] not in str(logs)
    assert await worker.discard_stored() == 1
    assert park.twilio.media.kept == []


async def test_what_a_dead_process_had_stored_is_deleted_by_the_next(park: Voices) -> None:
    await park.box.fetch_waiting()
    assert await discarding(park).discard_stored() == 1
    assert await discarding(park).discard_stored() == 1  # gone already: no failure
    assert deletions(park.twilio) == 1


async def test_after_a_week_twilio_is_asked_no_more(park: Voices) -> None:
    await park.box.fetch_waiting()
    park.now += TRIED_FOR_MS + MINUTE
    assert await discarding(park).discard_stored() == 0
    assert len(park.twilio.media.kept) == 1


async def test_a_voice_note_on_telegram_is_left_alone(database: Database, keys: KeyRing) -> None:
    async with voices(database, keys) as scene:
        scene.app = "telegram"
        await scene.write("PARKS")
        await scene.speak(SOUND)
        await scene.box.fetch_waiting()
        assert await discarding(scene).discard_stored() == 0


async def test_a_file_that_twilio_will_not_delete_is_an_outage() -> None:
    async with FakeWhatsApp() as twilio, sending(twilio) as channel:
        sid = await twilio.speak(WHATSAPP, SOUND, is_lost=True)
        await channel.download(sid)
        twilio.media.refuses_to_delete = True
        with pytest.raises(Outage, match="HTTP 403"):
            await channel.discard(sid)
