"""WhatsApp's window of 24 hours opens when a resident sends a text, however late that text reaches us."""

from channels.base import Inbound
from storage.script import Row
from tests.channels.webhooks import NOON
from tests.fakes.twilio_whatsapp import WHATSAPP_SENDER
from tests.service.voice_scene import MINUTE, WHATSAPP, Voices

HOUR = 60 * MINUTE
SENT = "SELECT state, problem FROM outbox ORDER BY id DESC LIMIT 1"


async def fetch(scene: Voices) -> tuple[Inbound, ...]:
    """Take in what Twilio alone has had since noon."""
    missed = await scene.channels["whatsapp"].received_since(WHATSAPP_SENDER, NOON)
    for inbound in missed:
        await scene.inbox.handle(inbound)
    return missed


async def opened_at(scene: Voices) -> int:
    ((at,),) = await scene.rows("SELECT last_inbound_at FROM contact")
    return int(at)


async def sent(scene: Voices) -> Row:
    """Let what waits go out, and give what became of the newest message."""
    await scene.outbox.send_due()
    await scene.twilio.deliver()
    return (await scene.rows(SENT))[0]


async def test_a_text_fetched_within_a_day_is_answered(park: Voices) -> None:
    park.twilio.lose(WHATSAPP, "PARKS")
    park.now += 23 * HOUR
    await fetch(park)
    assert await opened_at(park) == NOON
    assert await sent(park) == ("accepted", "")
    assert "1/3 Do you use the parks?" in park.twilio.screen(WHATSAPP)[-1].text


async def test_a_text_fetched_after_more_than_a_day_is_answered_in_vain_and_twilio_is_not_asked(park: Voices) -> None:
    park.twilio.lose(WHATSAPP, "PARKS")
    park.now += 25 * HOUR
    await fetch(park)
    assert await opened_at(park) == NOON
    asked = len(park.twilio.requests)
    assert await sent(park) == ("failed", "outside_window")
    assert len(park.twilio.requests) == asked


async def test_an_older_text_that_is_fetched_later_does_not_close_the_window_again(park: Voices) -> None:
    park.twilio.lose(WHATSAPP, "benches")
    park.now += 20 * HOUR
    await park.write("PARKS")
    written_at = park.now
    park.now += 5 * HOUR
    await fetch(park)
    assert await opened_at(park) == written_at
    assert await sent(park) == ("accepted", "")


async def test_a_provider_whose_clock_is_ahead_opens_no_window_in_the_future(park: Voices) -> None:
    park.now += HOUR
    park.twilio.lose(WHATSAPP, "PARKS")
    park.now -= HOUR
    await fetch(park)
    assert await opened_at(park) == park.now
