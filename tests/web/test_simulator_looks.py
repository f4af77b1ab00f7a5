"""The simulator's looks without scripts: the bot itself on SMS, WhatsApp and Telegram, with what each lets one tap."""

import io
import wave
from collections.abc import AsyncIterator

import httpx2
import pytest

from bot.cli.compose import now, service_of, simulator_channels, wording
from bot.core.survey import Question, QuestionType, SurveyDefinition
from bot.service.unread import UnreadMessages
from bot.web.phone import BotPhone
from channels.base import VoiceNotes
from storage import surveys
from storage.installation import mark_demo
from storage.keys import KeyRing
from storage.script import Database
from storage.unread import Settled
from tests.core.small_surveys import AGREEMENT, one, survey, words_question
from tests.playing import shipped
from tests.web.conftest import BASE
from tests.web.looking import Shown, addresses_on, messages_on, phone_on, row_on
from tests.web.simulated import simulator_over
from tests.web.walking import rows

SMS, WHATSAPP, TELEGRAM = 1, 2, 3  # the residents as the page opens
ADDRESS = "+447700900001"
CHANNELS = {SMS: "sms", WHATSAPP: "whatsapp", TELEGRAM: "telegram"}
PARKS = survey(
    one("use_parks", "Do you use the parks?"),
    one("agree", "The parks are looked after well.", AGREEMENT),
    words_question("better", "What would make them better?"),
)
MINE_ALONE = {"response_id", "source", "channel", "started_at", "last_answer_at", "completed_at"}
"""Columns that tell one response from another, whatever was answered."""


class Visitor:
    """A browser without scripts."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client
        self.page = ""

    async def post(self, path: str, resident: int, **fields: str) -> list[Shown]:
        answer = await self.client.post(f"/simulator/{path}", data={"resident": str(resident), **fields})
        assert answer.status_code == 200
        self.page = answer.text
        return messages_on(self.page, resident)

    async def text(self, resident: int, text: str) -> Shown:
        return (await self.post("text", resident, text=text))[-1]

    async def tap(self, resident: int, message: Shown, place: int) -> Shown:
        """Tap the key in a place, counted from 0."""
        return (await self.post("tap", resident, message=message.number, choice=message.keys[place][0]))[-1]


async def visit(database: Database, keys: KeyRing, definition: SurveyDefinition) -> AsyncIterator[Visitor]:
    async with (
        simulator_over(database, keys, definition, BASE) as app,
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=BASE, follow_redirects=True) as client,
    ):
        visitor = Visitor(client)
        visitor.page = (await client.get("/simulator")).text
        yield visitor


@pytest.fixture
async def in_stoke(database: Database, keys: KeyRing) -> AsyncIterator[Visitor]:
    async for visitor in visit(database, keys, shipped()):
        yield visitor


@pytest.fixture
async def in_the_park(database: Database, keys: KeyRing) -> AsyncIterator[Visitor]:
    async for visitor in visit(database, keys, PARKS):
        yield visitor


def asked(channel: str) -> tuple[Question, ...]:
    """List what the shipped survey asks on a channel, in order; none of it depends on an answer."""
    return tuple(q for q in shipped().questions if q.is_asked and (not q.channels or channel in q.channels))


async def walk(visitor: Visitor, resident: int) -> int:
    """Answer the whole shipped survey on one phone, by taps wherever there is something to tap; count the taps."""
    shown, taps = await visitor.text(resident, "STOKE"), 0
    for place, question in enumerate(asked(CHANNELS[resident]), 1):
        assert f"{place}/" in shown.text
        if shown.keys:
            shown, taps = await visitor.tap(resident, shown, 1), taps + 1
        elif question.type is QuestionType.SELECT_MULTIPLE:
            shown = await visitor.text(resident, "1 and 3")
        else:
            shown = await visitor.text(resident, "2" if question.choices else f"More buses, {question.name}")
    assert "Thank you" in shown.text
    return taps


async def test_the_whole_survey_gives_the_same_row_whatever_the_look(in_stoke: Visitor) -> None:
    taps, answers, everywhere = {}, {}, set.intersection(*({q.name for q in asked(each)} for each in CHANNELS.values()))
    for resident in CHANNELS:
        taps[resident] = await walk(in_stoke, resident)
        row = row_on(in_stoke.page)
        assert (row["source"], row["status"]) == (CHANNELS[resident], "complete")
        answers[resident] = {name: value for name, value in row.items() if name not in MINE_ALONE}
    alike = {
        resident: {name: value for name, value in row.items() if _question_of(name) in everywhere | {""}}
        for resident, row in answers.items()
    }
    assert alike[SMS] == alike[WHATSAPP] == alike[TELEGRAM]
    # What is asked on both, or not at all by text, is the same on both to the last column.
    assert answers[WHATSAPP] == answers[TELEGRAM]
    closed = sum(question.type is QuestionType.SELECT_ONE for question in asked("telegram"))
    assert taps == {SMS: 0, WHATSAPP: closed, TELEGRAM: closed}
    assert len(alike[SMS]) > 2 * len(everywhere)


def _question_of(column: str) -> str:
    """Name the question that a column is of; empty for the columns that every survey has."""
    names = [q.name for q in shipped().questions]
    return next((name for name in names if column.removesuffix("__state").split("/")[0] == name), "")


async def test_everything_said_on_the_page_is_marked_a_trial(in_the_park: Visitor, database: Database) -> None:
    for resident in CHANNELS:
        await in_the_park.text(resident, "PARKS")
    for table in ("contact", "inbound", "response"):
        assert [bool(row[0]) for row in await rows(database, f"SELECT test FROM {table}")] == [True] * 3


async def test_the_page_opens_with_a_phone_of_each_look(in_the_park: Visitor) -> None:
    for resident, name in CHANNELS.items():
        phone = phone_on(in_the_park.page, resident)
        assert f'value="{name}" aria-pressed="true"' in phone
        assert phone.count('aria-pressed="true"') == 1


@pytest.mark.parametrize(
    ("resident", "two", "six", "is_list"),
    [
        pytest.param(SMS, [], [], False, id="sms"),
        pytest.param(WHATSAPP, ["Yes", "No"], ["1 Strongly agree", "2 Agree"], True, id="whatsapp"),
        pytest.param(TELEGRAM, ["Yes", "No"], ["Strongly agree", "Agree"], False, id="telegram"),
    ],
)
async def test_each_look_offers_what_its_channel_offers(
    in_the_park: Visitor, resident: int, two: list[str], six: list[str], is_list: bool
) -> None:
    first = await in_the_park.text(resident, "PARKS")
    assert [words for _, words in first.keys] == two
    assert first.text.endswith("\n1 Yes\n2 No") == (not two)
    assert "<details" not in phone_on(in_the_park.page, resident)
    second = await in_the_park.text(resident, "1")
    assert [words for _, words in second.keys][:2] == six
    assert len(second.keys) == (6 if six else 0)
    assert ("<details" in phone_on(in_the_park.page, resident)) == is_list


async def test_only_sms_is_charged_by_the_segment(in_the_park: Visitor) -> None:
    for resident in CHANNELS:
        await in_the_park.text(resident, "PARKS")
        is_sms = resident == SMS
        assert ('class="price"' in phone_on(in_the_park.page, resident)) == is_sms
        assert ("Not charged by the segment" in phone_on(in_the_park.page, resident)) == (not is_sms)


async def test_a_tap_answers_its_question_as_a_button(in_the_park: Visitor, database: Database) -> None:
    for resident in (WHATSAPP, TELEGRAM):
        first = await in_the_park.text(resident, "PARKS")
        assert (await in_the_park.tap(resident, first, 1)).text.startswith("2/3")
        assert row_on(in_the_park.page)["use_parks"] == "no"
    assert await rows(database, "SELECT value_code, input FROM answer") == [("no", "button")] * 2


async def test_on_telegram_the_buttons_go_once_one_is_tapped(in_the_park: Visitor, database: Database) -> None:
    first = await in_the_park.text(TELEGRAM, "PARKS")
    await in_the_park.tap(TELEGRAM, first, 0)
    said = messages_on(in_the_park.page, TELEGRAM)
    assert [(each.who, len(each.keys)) for each in said] == [("resident", 0), ("bot", 0), ("tap", 0), ("bot", 6)]
    assert said[2].text == "Tapped Yes"
    await in_the_park.tap(TELEGRAM, first, 1)  # from a page that still has them
    assert messages_on(in_the_park.page, TELEGRAM) == said
    assert len(await rows(database, "SELECT id FROM inbound")) == 2


async def test_on_whatsapp_the_buttons_stay_and_answer_their_own_question_again(in_the_park: Visitor) -> None:
    first = await in_the_park.text(WHATSAPP, "PARKS")
    await in_the_park.tap(WHATSAPP, first, 0)
    await in_the_park.tap(WHATSAPP, first, 1)
    assert row_on(in_the_park.page)["use_parks"] == "no"
    assert [each.text for each in messages_on(in_the_park.page, WHATSAPP) if each.who == "resident"] == [
        "PARKS",
        "Yes",
        "No",
    ]


async def test_a_row_picked_from_a_list_is_said_with_its_words(in_the_park: Visitor) -> None:
    await in_the_park.text(WHATSAPP, "PARKS")
    second = await in_the_park.text(WHATSAPP, "1")
    await in_the_park.tap(WHATSAPP, second, 2)
    assert messages_on(in_the_park.page, WHATSAPP)[-2].text == "3\nNeither agree nor disagree"
    assert row_on(in_the_park.page)["agree"] == "neither"


@pytest.mark.parametrize(
    ("message", "choice"), [("2", "made-up"), ("99", ""), ("", ""), ("1", "")], ids=["key", "message", "none", "own"]
)
async def test_what_is_not_there_cannot_be_tapped(
    in_the_park: Visitor, database: Database, message: str, choice: str
) -> None:
    first = await in_the_park.text(TELEGRAM, "PARKS")
    await in_the_park.post("tap", TELEGRAM, message=message, choice=choice or first.keys[0][0])
    assert len(messages_on(in_the_park.page, TELEGRAM)) == 2
    assert len(await rows(database, "SELECT id FROM inbound")) == 1


async def test_a_phone_keeps_a_conversation_for_each_of_its_apps(in_the_park: Visitor) -> None:
    await in_the_park.text(SMS, "PARKS")
    await in_the_park.text(SMS, "1")
    by_sms = messages_on(in_the_park.page, 1)
    assert await in_the_park.post("look", 1, look="telegram") == []
    assert "There is no row yet" in in_the_park.page
    await in_the_park.text(1, "PARKS")
    assert row_on(in_the_park.page)["source"] == "telegram"
    assert await in_the_park.post("look", 1, look="sms") == by_sms
    assert (row_on(in_the_park.page)["source"], row_on(in_the_park.page)["use_parks"]) == ("sms", "yes")


async def test_a_number_that_answered_in_any_app_is_left_alone_after_a_restart(
    in_the_park: Visitor, database: Database, keys: KeyRing
) -> None:
    await in_the_park.text(TELEGRAM, "PARKS")
    async for later in visit(database, keys, PARKS):
        assert addresses_on(later.page) == ["07700 900001", "07700 900002", "07700 900004"]


async def test_an_app_that_is_not_there_is_refused(in_the_park: Visitor) -> None:
    answer = await in_the_park.client.post("/simulator/look", data={"resident": "1", "look": "pigeon"})
    assert answer.status_code == 404
    assert "sms, whatsapp, telegram" in answer.text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_voice_note_waits_for_a_person_and_a_picture_is_answered_politely(
    in_the_park: Visitor, database: Database
) -> None:
    for resident in (WHATSAPP, TELEGRAM):
        await in_the_park.text(resident, "PARKS")
        assert "Voice note" in phone_on(in_the_park.page, resident)
        for kind, said in (("voice note", "A person will listen"), ("picture", "We can only read words here")):
            await in_the_park.client.post("/simulator/media", data={"resident": str(resident), "media": kind})
            page = (await in_the_park.client.get("/simulator")).text
            assert said in phone_on(page, resident)
    notes = await rows(database, "SELECT channel, reference = '', test FROM voice_note ORDER BY channel")
    assert [tuple(note) for note in notes] == [("simulator-telegram", 0, 1), ("simulator-whatsapp", 0, 1)]


async def test_a_voice_note_of_the_simulator_can_be_heard() -> None:
    for channel in simulator_channels().values():
        assert isinstance(channel, VoiceNotes)
        recording = await channel.download("any")
        with wave.open(io.BytesIO(recording.content)) as sound:
            assert sound.getnframes() / sound.getframerate() == recording.seconds == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("resident", "kind"), [(SMS, "picture"), (WHATSAPP, "audio/ogg")], ids=["by SMS", "of no such kind"]
)
async def test_what_cannot_be_sent_is_refused(in_the_park: Visitor, resident: int, kind: str) -> None:
    assert "/simulator/media" not in phone_on(in_the_park.page, SMS)
    answer = await in_the_park.client.post("/simulator/media", data={"resident": str(resident), "media": kind})
    assert (answer.status_code, "goes by WhatsApp or Telegram" in answer.text) == (404, True)


@pytest.mark.parametrize("path", ["/simulator/tap", "/simulator/look"])
async def test_another_site_can_neither_tap_nor_switch(in_the_park: Visitor, path: str) -> None:
    first = await in_the_park.text(WHATSAPP, "PARKS")
    form = {"resident": "2", "look": "sms", "message": first.number, "choice": first.keys[0][0]}
    answer = await in_the_park.client.post(path, data=form, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert (await in_the_park.client.get("/simulator")).text == in_the_park.page


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_staff_write_by_hand_reaches_the_phone(database: Database, keys: KeyRing) -> None:
    await database.run(mark_demo)
    await database.run(lambda: surveys.publish(PARKS.id, PARKS.version, PARKS.hash, PARKS.to_json(), now()))
    channels = simulator_channels()
    async with service_of(database, keys, channels, wording(every=True)) as service:
        phones = [BotPhone(service.inbox, channel, database, keys, now) for channel in channels.values()]
        for text in ("PARKS", "Ring me about the trees"):
            await phones[0].text(ADDRESS, text)
        assert phones[0].arrived(ADDRESS, "") == (), "what was answered at once is no news"
        unread = UnreadMessages(database, channels, now=now)
        _, (listed,) = await unread.waiting()
        assert await unread.answer(listed.id, "thank_you", "amina") is Settled.DONE
        await service.outbox.send_due()
        ((id, message),) = phones[0].arrived(ADDRESS, "")
        assert message.text.startswith("Thank you. Somebody at the council has read your text.")
        assert phones[0].arrived(ADDRESS, id) == phones[1].arrived(ADDRESS, "") == ()
