"""The fake WhatsApp is trusted by many tests, so what it claims about Twilio and Meta is tested too."""

import json
from datetime import timedelta
from urllib.parse import urlencode

import httpx2
import pytest

from channels.base import Kind
from tests.channels.webhooks import Bot, whatsapp_channel
from tests.fakes.twilio import ACCOUNT_SID, AUTH_TOKEN, NUMBER, SERVICE_SID
from tests.fakes.twilio_spec import CONTENT_SPEC
from tests.fakes.twilio_whatsapp import WHATSAPP_SENDER, FakeWhatsApp

RESIDENT = "whatsapp:+447700900123"
USER_ID = "whatsapp:GB.1502576394655843"
MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"
CALLBACK = "https://bot.example/channels/whatsapp/status?o=a"


def client() -> httpx2.AsyncClient:
    return httpx2.AsyncClient(auth=(ACCOUNT_SID, AUTH_TOKEN), trust_env=False)


async def post(twilio: FakeWhatsApp, **fields: str) -> tuple[int, int]:
    form = {"To": RESIDENT, "From": WHATSAPP_SENDER, "StatusCallback": CALLBACK} | fields
    async with client() as http:
        response = await http.post(
            twilio.url + MESSAGES,
            content=urlencode({name: value for name, value in form.items() if value}).encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
    return response.status_code, response.json().get("code") or 0


async def make(twilio: FakeWhatsApp, kind: str, shown: object, **rest: object) -> tuple[int, str]:
    """Ask for a Content object; give the status and its sid."""
    asked = {"friendly_name": "a", "language": "en", "types": {kind: shown}} | rest
    async with client() as http:
        response = await http.post(
            f"{twilio.url}/v1/Content",
            content=json.dumps(asked).encode(),
            headers={"Content-Type": "application/json"},
        )
    return response.status_code, response.json().get("sid", "")


def replies(*titles: str, body: str = "Safe?") -> dict[str, object]:
    actions = [{"type": "QUICK_REPLY", "title": title, "id": f"id{n}"} for n, title in enumerate(titles)]
    return {"body": body, "actions": actions}


def rows(*titles: str, description: str = "", id: str = "", button: str = "Choose") -> dict[str, object]:
    items = [{"id": id or f"id{n}", "item": title, "description": description} for n, title in enumerate(titles)]
    return {"body": "Which?", "button": button, "items": items}


@pytest.mark.parametrize(
    ("kind", "shown", "status"),
    [
        pytest.param("twilio/quick-reply", replies("Yes", "No"), 201, id="two buttons"),
        pytest.param("twilio/quick-reply", replies("x" * 20), 201, id="the longest title"),
        pytest.param("twilio/quick-reply", replies("x" * 21), 400, id="a title too long"),
        pytest.param("twilio/quick-reply", replies("Yes", "Yes"), 400, id="two alike"),
        pytest.param("twilio/quick-reply", replies(""), 400, id="an empty title"),
        pytest.param("twilio/quick-reply", replies("a\nb"), 400, id="a title on two lines"),
        pytest.param("twilio/quick-reply", replies(), 400, id="no buttons"),
        pytest.param("twilio/quick-reply", replies("Yes", body="x" * 1025), 400, id="a text too long"),
        pytest.param("twilio/list-picker", rows(*"abcdefghij"), 201, id="ten rows"),
        pytest.param("twilio/list-picker", rows(*"abcdefghijk"), 400, id="eleven rows"),
        pytest.param("twilio/list-picker", rows("x" * 25), 400, id="a row too long"),
        pytest.param("twilio/list-picker", rows("a", description="x" * 73), 400, id="a description too long"),
        pytest.param("twilio/list-picker", rows("a", "b", id="same"), 400, id="two ids alike"),
        pytest.param("twilio/list-picker", rows("a", id="x" * 201), 400, id="an id too long"),
        pytest.param("twilio/list-picker", rows("a", button=""), 400, id="nothing to open it with"),
        pytest.param("twilio/text", {"body": "x" * 1600}, 201, id="a text"),
    ],
)
async def test_the_content_api_takes_and_refuses_what_twilios_does(
    kind: str, shown: dict[str, object], status: int
) -> None:
    async with FakeWhatsApp() as twilio:
        assert (await make(twilio, kind, shown))[0] == status
        assert len(twilio.content.kept) == (status == 201)


async def test_content_can_be_fetched_and_listed_page_by_page() -> None:
    async with FakeWhatsApp() as twilio, client() as http:
        sids = [(await make(twilio, "twilio/text", {"body": f"{n}"}))[1] for n in range(3)]
        one = (await http.get(f"{twilio.url}/v1/Content/{sids[1]}")).json()
        first = (await http.get(f"{twilio.url}/v1/Content?PageSize=2")).json()
        second = (await http.get(first["meta"]["next_page_url"])).json()
        missing = await http.get(f"{twilio.url}/v1/Content/HX{'0' * 32}")
    assert one["types"] == {"twilio/text": {"body": "1"}}
    assert [content["sid"] for page in (first, second) for content in page["contents"]] == sids
    assert (second["meta"]["next_page_url"], missing.status_code) == (None, 404)


@pytest.mark.skipif(not CONTENT_SPEC.exists(), reason=f"{CONTENT_SPEC} is not on this machine")
async def test_content_has_every_field_that_twilio_gives_and_a_broken_request_fails_the_test() -> None:
    schema = json.loads(CONTENT_SPEC.read_bytes())["components"]["schemas"]["content.v1.content"]["properties"]

    async def break_it() -> None:
        async with FakeWhatsApp() as twilio:
            await make(twilio, "twilio/text", {"body": "Hi"}, language=7)

    async with FakeWhatsApp() as twilio, client() as http:
        await make(twilio, "twilio/text", {"body": "Hi"})
        (content,) = (await http.get(f"{twilio.url}/v1/Content")).json()["contents"]
    assert set(content) == set(schema)
    with pytest.raises(AssertionError, match="not of type 'string'"):
        await break_it()


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        pytest.param({"Body": "Hi"}, (201, 0), id="a text"),
        pytest.param({"Body": "Hi", "To": USER_ID}, (201, 0), id="to a person without a number"),
        pytest.param({"Body": "Hi", "To": "whatsapp:07700"}, (400, 21211), id="to nobody"),
        pytest.param({"Body": "Hi", "From": ""}, (400, 21603), id="no sender"),
        pytest.param({"Body": "Hi", "From": NUMBER}, (400, 21910), id="from a number of SMS"),
        pytest.param({"Body": "Hi", "From": RESIDENT}, (400, 63007), id="from another's sender"),
        pytest.param({"Body": "Hi", "From": "", "MessagingServiceSid": SERVICE_SID}, (400, 60727), id="SMS service"),
        pytest.param({}, (400, 21602), id="nothing to say"),
        pytest.param({"Body": "x" * 1601}, (400, 21617), id="too long"),
        pytest.param({"ContentSid": "HX" + "0" * 32}, (400, 21655), id="no such content"),
        pytest.param({"Body": "Hi", "ContentVariables": "{}"}, (400, 21654), id="values for no content"),
    ],
)
async def test_messages_are_taken_and_refused_as_by_twilio(fields: dict[str, str], answer: tuple[int, int]) -> None:
    async with FakeWhatsApp() as twilio:
        assert await post(twilio, **fields) == answer
        assert len(twilio.messages) == (answer[0] == 201)


@pytest.mark.parametrize(
    ("values", "answer"),
    [
        pytest.param({"1": "Hanley"}, (201, 0), id="a word"),
        pytest.param({}, (400, 21656), id="nothing"),
        pytest.param({"1": ""}, (400, 21656), id="an empty word"),
        pytest.param({"1": "two\nlines"}, (400, 21656), id="two lines"),
    ],
)
async def test_a_placeholder_wants_one_line_of_words(values: dict[str, str], answer: tuple[int, int]) -> None:
    async with FakeWhatsApp() as twilio:
        _, sid = await make(twilio, "twilio/text", {"body": "Are you from {{1}}?"})
        assert await post(twilio, ContentSid=sid, ContentVariables=json.dumps(values)) == answer
        if answer[0] == 201:
            assert [shown.text for shown in twilio.screen(RESIDENT)] == ["Are you from Hanley?"]


async def test_a_free_text_outside_the_window_is_taken_and_fails_afterwards() -> None:
    bot = Bot(whatsapp_channel())
    async with FakeWhatsApp(app=bot) as twilio:
        assert await post(twilio, Body="Hello?") == (201, 0)
        await twilio.text(RESIDENT, "STOKE")
        assert await post(twilio, Body="Welcome") == (201, 0)
        late = twilio.now() + timedelta(hours=24)
        twilio.now = lambda: late
        template = twilio.approve("Still open.")
        _, plain = await make(twilio, "twilio/text", {"body": "Not approved."})
        for sid in (template, plain):
            assert await post(twilio, ContentSid=sid) == (201, 0)
        await twilio.deliver()
        await twilio.deliver()  # nothing arrives twice
        assert [shown.text for shown in twilio.screen(RESIDENT)] == ["Welcome", "Still open."]
    ends = [(one.status.value, one.code) for one in bot.receipts if one.status != "sent"]
    assert ends == [("failed", "63016"), ("delivered", ""), ("delivered", ""), ("failed", "63016")]


async def test_a_list_opens_no_conversation_and_four_buttons_want_approval() -> None:
    bot = Bot(whatsapp_channel())
    async with FakeWhatsApp(app=bot) as twilio:
        _, picker = await make(twilio, "twilio/list-picker", rows("a", "b"))
        _, four = await make(twilio, "twilio/quick-reply", replies(*"abcd"))
        twilio.content.kept[0].approved = True
        await post(twilio, ContentSid=picker)
        await twilio.text(RESIDENT, "STOKE")
        await post(twilio, ContentSid=four)
        await twilio.deliver()
    assert [one.code for one in bot.receipts if one.code] == ["63016", "63021"]


async def test_what_is_not_on_the_phone_cannot_be_tapped() -> None:
    async with FakeWhatsApp(app=Bot(whatsapp_channel())) as twilio:
        _, sid = await make(twilio, "twilio/quick-reply", replies("Yes", "No"))
        await post(twilio, ContentSid=sid)
        with pytest.raises(AssertionError, match="Maybe"):
            await twilio.tap(RESIDENT, "Maybe")


async def test_stop_is_ours_to_answer_on_whatsapp_and_twilios_by_sms() -> None:
    bot = Bot(whatsapp_channel())
    async with FakeWhatsApp(app=bot) as twilio:
        await twilio.text(RESIDENT, "STOP")
        assert await post(twilio, Body="You will hear no more from us.") == (201, 0)
        sms = await twilio.text(RESIDENT.removeprefix("whatsapp:"), "STOP")
        assert twilio.phone(RESIDENT.removeprefix("whatsapp:"))
    assert [heard.kind for heard in bot.heard] == [Kind.TEXT]
    assert sms.status == 400  # this app has no SMS


async def test_a_resident_with_a_hidden_number_has_an_id_alone_and_one_with_both_keeps_the_number() -> None:
    bot = Bot(whatsapp_channel())
    async with FakeWhatsApp(app=bot) as twilio:
        await twilio.text(USER_ID, "hello")
        twilio.user_ids[RESIDENT] = "whatsapp:GB.77"
        await twilio.text(RESIDENT, "hello", media=("audio/ogg",))
        await post(twilio, To="whatsapp:GB.77", Body="Hi")
        assert twilio.messages[-1].receiver == RESIDENT
    assert [(heard.address, heard.aliases, heard.media) for heard in bot.heard] == [
        (USER_ID, (), ()),
        (RESIDENT, ("whatsapp:GB.77",), ("audio/ogg",)),
    ]
