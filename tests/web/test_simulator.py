"""The simulator without scripts: texts go through, the row grows, and visitors stay apart."""

import asyncio
import re

import httpx2
import pytest

from bot.web.handsets import BUBBLES_AT_MOST, Handset, Thread
from bot.web.simulator import BOARDS_AT_MOST, FIRST_NUMBER, LAST_NUMBER, PHONES_AT_MOST
from tests.web.conftest import BASE
from tests.web.looking import addresses_on, bubbles_on, phone_on, row_on
from tests.web.scripted import QUESTIONS, ScriptedPhone, simulator_application


@pytest.fixture
def transport(phone: ScriptedPhone) -> httpx2.ASGITransport:
    return httpx2.ASGITransport(simulator_application({"sms": phone}, BASE))


@pytest.fixture
async def browser(transport: httpx2.ASGITransport) -> httpx2.AsyncClient:
    # A program with a cookie jar, that follows redirects and sends none of a browser's headers.
    client = httpx2.AsyncClient(transport=transport, base_url=BASE, follow_redirects=True)
    await client.get("/simulator")
    return client


async def send(browser: httpx2.AsyncClient, resident: int, text: str) -> str:
    answer = await browser.post("/simulator/text", data={"resident": str(resident), "text": text})
    assert answer.status_code == 200
    return answer.text


async def test_a_conversation_runs_without_scripts(browser: httpx2.AsyncClient) -> None:
    await send(browser, 1, "STOKE")
    page = await send(browser, 1, "2")
    said = bubbles_on(page, 1)
    assert [who for who, _ in said] == ["resident", "bot", "resident", "bot"]
    assert said[0] == ("resident", "STOKE")
    assert said[1][1].endswith("\n1 Very strongly\n2 Fairly strongly\n3 Not very strongly\n4 Not at all strongly")
    assert said[3] == ("bot", QUESTIONS["priorities"])
    assert bubbles_on(page, 2) == []


async def test_each_reply_shows_its_segments_and_price_and_the_phone_their_sum(browser: httpx2.AsyncClient) -> None:
    page = await send(browser, 1, "STOKE")
    assert re.findall(r'"price">([^<]+)<', phone_on(page, 1)) == ["3 segments · 7.2p"]
    page = await send(browser, 1, "2")
    assert re.findall(r'"price">([^<]+)<', phone_on(page, 1)) == ["3 segments · 7.2p", "1 segment · 2.4p"]
    assert re.findall(r'data-part="total">([^<]+)<', page) == [
        "4 segments · 9.6p in all",
        "No reply yet",
        "No reply yet",
    ]


async def test_more_than_a_pound_is_written_in_pounds(browser: httpx2.AsyncClient) -> None:
    page = ""
    for _ in range(42):
        page = await send(browser, 1, "more")
    assert "44 segments · £1.06 in all" in page


async def test_the_export_row_grows_with_every_answer(browser: httpx2.AsyncClient) -> None:
    assert "There is no row yet" in (await browser.get("/simulator")).text
    begun = row_on(await send(browser, 1, "STOKE"))
    assert begun["response_id"] == "r-001"
    assert "belonging" not in begun
    page = await send(browser, 1, "2")
    assert row_on(page)["belonging"] == "2"
    assert row_on(page)["belonging__state"] == "answered"
    assert re.findall(r'is-new"><th scope="row">(.*?)</th>', page) == ["belonging", "belonging_<wbr>_<wbr>state"]
    assert "6 columns still wait for an answer" in page


async def test_the_row_shown_is_of_the_resident_who_texted_last_or_was_chosen(browser: httpx2.AsyncClient) -> None:
    await send(browser, 1, "STOKE")
    assert row_on(await send(browser, 2, "STOKE"))["response_id"] == "r-002"
    page = (await browser.get("/simulator?resident=1")).text
    assert row_on(page)["response_id"] == "r-001"
    assert "Export row of resident 1" in page


async def test_silence_is_shown_as_silence(browser: httpx2.AsyncClient) -> None:
    await send(browser, 1, "STOKE")
    page = await send(browser, 1, "STOP")
    assert bubbles_on(page, 1)[-1] == ("resident", "STOP")


async def test_what_a_resident_writes_is_only_text_on_the_page(browser: httpx2.AsyncClient) -> None:
    await send(browser, 1, "STOKE")
    wicked = '<script>alert(1)</script> & "quotes"'
    page = await send(browser, 1, wicked)
    assert bubbles_on(page, 1)[2] == ("resident", wicked)
    assert row_on(page)["belonging"] == wicked
    assert "<script>alert" not in page


async def test_a_text_goes_to_the_bot_as_it_was_typed(browser: httpx2.AsyncClient, phone: ScriptedPhone) -> None:
    typed = "  پہلا\n+ دوسرا & %20 👍 "
    await send(browser, 1, typed)
    assert phone.said == {"+447700900001": [typed]}


@pytest.mark.parametrize(("length", "status"), [(1600, 200), (1601, 413)])
async def test_a_text_is_taken_whole_or_refused(
    browser: httpx2.AsyncClient, phone: ScriptedPhone, length: int, status: int
) -> None:
    answer = await browser.post("/simulator/text", data={"resident": "1", "text": "ж" * length})
    assert answer.status_code == status
    assert [len(text) for said in phone.said.values() for text in said] == ([length] if status == 200 else [])


@pytest.mark.parametrize("text", ["", "   ", "\n"])
async def test_an_empty_box_sends_nothing(browser: httpx2.AsyncClient, phone: ScriptedPhone, text: str) -> None:
    await send(browser, 1, text)
    assert phone.said == {}


async def test_texts_of_one_phone_are_taken_in_one_after_the_other(
    browser: httpx2.AsyncClient, phone: ScriptedPhone
) -> None:
    texts = [f"text {number}" for number in range(10)]
    await asyncio.gather(*(send(browser, 1, text) for text in texts))
    said = bubbles_on((await browser.get("/simulator")).text, 1)
    assert [who for who, _ in said] == ["resident", "bot"] * 10
    assert [text for who, text in said if who == "resident"] == phone.said["+447700900001"]


async def test_two_visitors_never_share_a_number(transport: httpx2.ASGITransport, browser: httpx2.AsyncClient) -> None:
    other = httpx2.AsyncClient(transport=transport, base_url=BASE)
    first, second = await browser.get("/simulator"), await other.get("/simulator")
    assert addresses_on(first.text) == ["07700 900001", "07700 900002", "07700 900003"]
    assert addresses_on(second.text) == ["07700 900004", "07700 900005", "07700 900006"]


async def test_a_number_with_a_row_is_left_alone_after_a_restart(
    transport: httpx2.ASGITransport, phone: ScriptedPhone
) -> None:
    phone.said = {"+447700900001": ["STOKE"], "+447700900003": ["STOKE"]}
    page = await httpx2.AsyncClient(transport=transport, base_url=BASE).get("/simulator")
    assert addresses_on(page.text) == ["07700 900002", "07700 900004", "07700 900005"]


async def test_when_every_number_has_a_row_the_page_still_opens(
    transport: httpx2.ASGITransport, phone: ScriptedPhone
) -> None:
    phone.said = {f"+447700{number}": ["STOKE"] for number in range(FIRST_NUMBER, LAST_NUMBER + 1)}
    page = await httpx2.AsyncClient(transport=transport, base_url=BASE).get("/simulator")
    assert len(addresses_on(page.text)) == 3


async def test_starting_afresh_gives_new_phones(browser: httpx2.AsyncClient) -> None:
    await send(browser, 1, "STOKE")
    page = (await browser.post("/simulator/afresh")).text
    assert bubbles_on(page, 1) == []
    assert addresses_on(page)[0] == "07700 900004"


async def test_phones_can_be_added_up_to_a_dozen(browser: httpx2.AsyncClient) -> None:
    page = ""
    for _ in range(PHONES_AT_MOST):
        page = (await browser.post("/simulator/add")).text
    assert len(set(addresses_on(page))) == PHONES_AT_MOST
    assert "Add a resident" not in page
    assert "Export row of resident 12" in page


async def test_a_hint_fills_the_box_without_sending(browser: httpx2.AsyncClient, phone: ScriptedPhone) -> None:
    page = (await browser.get("/simulator")).text
    assert 'href="/simulator?resident=2&amp;fill=STOKE%20URDU#text-2"' in page
    page = (await browser.get("/simulator?resident=2&fill=STOKE%20URDU")).text
    assert 'value="STOKE URDU"' in phone_on(page, 2)
    assert 'value="STOKE URDU"' not in phone_on(page, 1)
    assert phone.said == {}


@pytest.mark.parametrize("path", ["/simulator/text", "/simulator/add", "/simulator/afresh"])
async def test_another_site_cannot_use_the_phones(browser: httpx2.AsyncClient, path: str) -> None:
    form = {"resident": "1", "text": "STOKE"}
    before = (await browser.get("/simulator")).text
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        assert (await browser.post(path, data=form, headers=headers)).status_code == 403
    assert (await browser.get("/simulator")).text == before


@pytest.mark.parametrize("resident", ["", "0", "4", "one"])
async def test_a_phone_that_is_not_there_is_refused(browser: httpx2.AsyncClient, resident: str) -> None:
    answer = await browser.post("/simulator/text", data={"resident": resident, "text": "STOKE"})
    assert answer.status_code == 404


async def test_a_page_from_before_a_restart_says_so(transport: httpx2.ASGITransport, phone: ScriptedPhone) -> None:
    stranger = httpx2.AsyncClient(transport=transport, base_url=BASE)
    answer = await stranger.post("/simulator/text", data={"resident": "1", "text": "STOKE"})
    assert answer.status_code == 409
    assert "Open it again" in answer.text
    assert phone.said == {}


async def test_the_oldest_of_very_many_boards_is_let_go(
    transport: httpx2.ASGITransport, browser: httpx2.AsyncClient
) -> None:
    for visitors in (BOARDS_AT_MOST - 1, 1, 0):  # seen in between, it is never the oldest
        for _ in range(visitors):
            await httpx2.AsyncClient(transport=transport, base_url=BASE).get("/simulator")
        assert addresses_on((await browser.get("/simulator")).text)[0] == "07700 900001"
    for _ in range(BOARDS_AT_MOST):
        await httpx2.AsyncClient(transport=transport, base_url=BASE).get("/simulator")
    assert addresses_on((await browser.get("/simulator")).text)[0] != "07700 900001"


def test_a_number_is_written_as_people_write_it() -> None:
    assert Handset(1, "+447700900123", "English", "sms").written_address == "07700 900123"


def test_of_a_very_long_conversation_the_newest_stay() -> None:
    thread = Thread()
    for number in range(BUBBLES_AT_MOST + 2):
        thread.keep(str(number), is_ours=False)
    assert (thread.bubbles[0].text, len(thread.bubbles)) == ("2", BUBBLES_AT_MOST)
    assert thread.bubble("1") is None
    assert thread.bubble("3") == thread.bubbles[0]


async def test_what_comes_by_itself_stands_on_its_phone_once(browser: httpx2.AsyncClient, phone: ScriptedPhone) -> None:
    await send(browser, 1, "STOKE")
    phone.sent += [("m1", "Somebody has read your text."), ("m2", "And again.")]
    for page in ((await browser.get("/simulator")).text, await send(browser, 1, "2")):
        assert [page.count(said) for _, said in phone.sent] == [1, 1]
    assert "Somebody has read" not in phone_on(page, 2)
    phone.sent.append(("m3", "For the last time."))
    assert (await browser.get("/simulator")).text.count("For the last time.") == 1
