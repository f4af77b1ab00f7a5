"""Messages that the bot could not handle: which wait, who may read them, and one answer at most."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from bot.service.unread import HandReply, UnreadMessages, load_hand_replies
from channels.looks import WHATSAPP
from channels.segments import count
from channels.simulator import SimulatorChannel
from storage.keys import KeyRing
from storage.script import Database
from storage.unread import Settled
from tests.analysis.filling import publish
from tests.fakes.twilio import FakeTwilio
from tests.service.sending import HOUR, MINUTE, NEIGHBOUR, OURS, WEDNESDAY_NOON, Office, sms_office
from tests.web.outreach_scene import SURVEY

WORDS = "What is this? Ring me on 07700 900123"
SURVEY_NOW = replace(SURVEY, closes="2026-06-30")
REPLIES = load_hand_replies()


@dataclass
class Desk:
    """The inbox of unread messages over an office that sends."""

    office: Office
    twilio: FakeTwilio
    unread: UnreadMessages

    async def hear(self, name: str = "m1", *, contact: str | None = None, **more: object) -> str:
        contact_id = contact or await self.office.contact()
        row = {"id": name, "contact": contact_id, "at": WEDNESDAY_NOON - HOUR, "text": WORDS, "filed": "unparsed"}
        row |= {"survey": "stoke", "question": "safe", "channel": "sms", "ours": OURS, "test": False, **more}
        await self.office.change(
            """INSERT INTO inbound (id, provider, account, event_id, contact_id, channel, kind, text, our_address,
                   arrival, received_at, filed, survey, question, test)
               VALUES (:id, 'twilio', 'AC', :id, :contact, :channel, 'text', :text, :ours, 'webhook', :at, :filed,
                   :survey, :question, :test)""",
            row,
        )
        return contact_id

    async def waiting(self) -> list[str]:
        number, listed = await self.unread.waiting()
        assert number == len(listed)
        return [each.id for each in listed]

    async def audit(self) -> list[tuple[str, ...]]:
        return await self.office.fetch("SELECT who, action, detail FROM audit ORDER BY id")

    def said(self) -> list[str]:
        return [message.body for message in self.twilio.messages]


@pytest.fixture
async def desk(database: Database, keys: KeyRing) -> AsyncIterator[Desk]:
    await database.run(publish(SURVEY_NOW))
    async with sms_office(database, keys) as (office, twilio):
        yield Desk(office, twilio, UnreadMessages(database, office.channels, now=office.time.now))


async def test_an_answer_goes_out_once_and_the_message_waits_no_more(desk: Desk) -> None:
    await desk.hear()
    assert await desk.waiting() == ["m1"]
    assert await desk.unread.answer("m1", "thank_you", "amina") is Settled.DONE
    assert await desk.unread.answer("m1", "thank_you", "bilal") is Settled.ALREADY
    assert await desk.waiting() == []
    await desk.office.outbox.send_due()
    assert desk.said() == [
        "Thank you. Somebody at the council has read your text. You do not need to do anything else."
    ]
    assert await desk.office.fetch("SELECT purpose, priority, state, segments FROM outbox") == [
        ("reply", 0, "accepted", 1)
    ]
    assert await desk.audit() == [("amina", "message answered", "m1: thank_you")]


async def test_every_look_at_words_is_in_the_audit_log_and_the_list_has_none(desk: Desk) -> None:
    await desk.hear()
    (_, (listed,)) = await desk.unread.waiting()
    assert WORDS not in repr(listed)
    assert await desk.audit() == []
    opened = await desk.unread.open("m1", "amina")
    assert opened is not None
    assert (opened.message.words, opened.question, opened.why_not) == ((WORDS,), "What about safe?", "")
    assert WORDS not in repr(opened.message)
    assert await desk.audit() == [("amina", "message read", "m1")]
    assert await desk.unread.open("m2", "amina") is None


async def test_no_answer_needed_sends_nothing(desk: Desk) -> None:
    await desk.hear()
    assert await desk.unread.leave("m1", "amina") is Settled.DONE
    assert await desk.unread.leave("m1", "amina") is Settled.ALREADY
    assert await desk.waiting() == []
    assert await desk.office.fetch("SELECT id FROM outbox") == []
    assert await desk.audit() == [("amina", "message left", "m1")]


async def test_nobody_is_answered_after_stop(desk: Desk) -> None:
    contact = await desk.hear()
    await desk.office.stop(contact)
    opened = await desk.unread.open("m1", "amina")
    assert opened is not None
    assert "texted STOP" in opened.why_not
    assert await desk.unread.answer("m1", "thank_you", "amina") is Settled.STOPPED
    assert await desk.waiting() == ["m1"]
    assert await desk.office.fetch("SELECT id FROM outbox") == []


async def test_a_stop_that_comes_before_the_answer_is_sent_keeps_it_back(desk: Desk) -> None:
    contact = await desk.hear()
    assert await desk.unread.answer("m1", "thank_you", "amina") is Settled.DONE
    desk.office.time.go_on(1000)
    await desk.office.stop(contact)
    await desk.office.outbox.send_due()
    assert desk.said() == []
    assert await desk.office.fetch("SELECT state, code FROM outbox") == [("cancelled", "stopped")]


async def test_what_is_not_for_these_eyes_or_needs_none_is_not_listed(desk: Desk) -> None:
    contact = await desk.hear("plain", question="why")
    change = desk.office.change
    await desk.hear("danger", contact=contact)
    await change("INSERT INTO flag (id, flagged_at, alert_at) VALUES ('danger', 1, 1)", {})
    await desk.hear("read", contact=contact, filed="answer")
    await desk.hear("erased", contact=contact, text="")
    await desk.hear("trial", contact=contact, test=True)
    await desk.hear("other survey", contact=contact, survey="closed")
    await desk.hear("no survey", contact=contact, survey="", question="")
    await desk.hear("failed just now", contact=contact, filed="unhandled", at=WEDNESDAY_NOON - MINUTE)
    await desk.hear("failed", contact=contact, filed="unhandled", question="age")
    assert sorted(await desk.waiting()) == ["failed", "no survey", "plain"]
    assert await desk.unread.open("danger", "amina") is None
    assert await desk.unread.answer("danger", "thank_you", "amina") is Settled.ALREADY
    assert await desk.unread.leave("danger", "amina") is Settled.ALREADY


async def test_a_voice_note_has_its_own_page(desk: Desk) -> None:
    contact = await desk.hear()
    await _begin(desk, contact)
    await desk.office.change(
        """INSERT INTO voice_note (id, contact_id, response_id, question, channel, received_at, try_at)
           VALUES ('m1', :contact, 'r1', 'safe', 'sms', 1, 1)""",
        {"contact": contact},
    )
    assert await desk.waiting() == []


@pytest.mark.parametrize(
    ("state", "after", "waits"),
    [
        pytest.param("answered", MINUTE, [], id="answered since"),
        pytest.param("answered", -MINUTE, ["m1"], id="answered before"),
        pytest.param("unparsed", MINUTE, ["m1"], id="still not understood"),
    ],
)
async def test_who_has_answered_the_question_since_needs_no_person(
    desk: Desk, state: str, after: int, waits: list[str]
) -> None:
    contact = await desk.hear()
    await _begin(desk, contact)
    await desk.office.change("UPDATE inbound SET response_id = 'r1'", {})
    await desk.office.change(
        """INSERT INTO answer (response_id, question, revision, state, channel, input, version, answered_at)
           VALUES ('r1', 'safe', 1, :state, 'sms', 'typed', '1', :at)""",
        {"state": state, "at": WEDNESDAY_NOON - HOUR + after},
    )
    assert await desk.waiting() == waits


async def test_what_one_resident_wrote_to_one_question_is_seen_to_together(desk: Desk) -> None:
    contact = await desk.hear("m1", text="what??")
    await desk.hear("m2", contact=contact, text="no idea", at=WEDNESDAY_NOON - HOUR + MINUTE)
    await desk.hear("m3", contact=contact, question="why")
    await desk.hear("m4", contact=await desk.office.contact(NEIGHBOUR))
    _, listed = await desk.unread.waiting()
    assert [(each.id, each.messages) for each in listed] == [("m2", 2), ("m3", 1), ("m4", 1)]
    opened = await desk.unread.open("m2", "amina")
    assert opened is not None
    assert opened.message.words == ("what??", "no idea")
    await desk.hear("m5", contact=contact, text="since then", at=WEDNESDAY_NOON)
    assert await desk.unread.answer("m2", "say_it_again", "amina") is Settled.DONE
    assert sorted(await desk.waiting()) == ["m3", "m4", "m5"]
    assert len(await desk.office.fetch("SELECT id FROM outbox")) == 1


async def test_a_survey_that_is_over_needs_no_answers(desk: Desk) -> None:
    await desk.hear()
    await desk.office.change("UPDATE survey SET closed_at = :at", {"at": WEDNESDAY_NOON - MINUTE})
    assert await desk.waiting() == []


async def test_a_message_whose_sender_is_gone_can_be_left_alone(desk: Desk) -> None:
    await desk.hear()
    await desk.office.change("UPDATE inbound SET contact_id = NULL", {})
    opened = await desk.unread.open("m1", "amina")
    assert opened is not None
    assert "not known any more" in opened.why_not
    assert await desk.unread.answer("m1", "thank_you", "amina") is None
    assert await desk.unread.leave("m1", "amina") is Settled.DONE


async def test_a_channel_that_is_off_answers_nobody(desk: Desk) -> None:
    await desk.hear(channel="telegram")
    opened = await desk.unread.open("m1", "amina")
    assert opened is not None
    assert "not on here" in opened.why_not


def windowed() -> SimulatorChannel:
    """Make a channel that lets us write for a day after the resident did, as WhatsApp does."""
    return SimulatorChannel("sms", WHATSAPP)


async def test_an_answer_keeps_to_the_channels_window(desk: Desk) -> None:
    contact = await desk.hear()
    unread = UnreadMessages(desk.office.database, {"sms": windowed()}, now=desk.office.time.now)
    written_at = WEDNESDAY_NOON - 23 * HOUR
    await desk.office.change(
        "UPDATE contact SET last_inbound_at = :at WHERE id = :id", {"at": written_at, "id": contact}
    )
    assert await unread.answer("m1", "thank_you", "amina") is Settled.DONE
    assert await desk.office.fetch("SELECT expires_at FROM outbox") == [(written_at + 24 * HOUR,)]
    await desk.hear("m2", contact=contact)
    desk.office.time.go_on(HOUR)
    opened = await unread.open("m2", "amina")
    assert opened is not None
    assert "too long ago" in opened.why_not
    assert await unread.answer("m2", "thank_you", "amina") is None


async def test_a_template_that_names_a_person_needs_one(desk: Desk) -> None:
    contact = await desk.hear()
    await desk.hear("m2", contact=contact, survey="", question="")
    opened, homeless = [await desk.unread.open(each, "amina") for each in ("m1", "m2")]
    assert opened is not None
    assert homeless is not None
    assert "01632 960 123" in {each.name: each.text for each in opened.replies}["talk_to_us"]
    assert {each.name for each in homeless.replies} == {"say_it_again", "thank_you"}
    assert await desk.unread.answer("m2", "talk_to_us", "amina") is None
    assert await desk.unread.answer("m1", "made up", "amina") is None


@pytest.mark.parametrize("reply", REPLIES, ids=[each.name for each in REPLIES])
def test_each_template_is_one_plain_text_message(reply: HandReply) -> None:
    text = reply.text.replace("{contact}", "01632 960 123 or 01632 960 124")
    assert text.isascii()
    assert count(text).segments == 1


async def _begin(desk: Desk, contact: str) -> None:
    await desk.office.change("INSERT INTO respondent (id, made_at) VALUES ('p1', 0)", {})
    await desk.office.change(
        """INSERT INTO response (id, respondent_id, survey, version, source, channel, started_at)
           VALUES ('r1', 'p1', :survey, '1', 'sms', 'sms', 0)""",
        {"survey": SURVEY_NOW.id},
    )
