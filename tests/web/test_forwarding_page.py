"""The page of the destinations: who may open it, what it says of trouble, and what its buttons do."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from bot.web.forwarding import PAGE, forwarding_routes
from bot.web.metrics import Metrics
from bot.web.pages import Pages
from storage import destinations
from storage.destinations import Text
from storage.keys import KeyRing
from storage.script import Database
from tests.analysis.forwarding.sending_scene import Scene, a_scene
from tests.fakes.receiver import Answer
from tests.web.at_the_door import token_on
from tests.web.conftest import BASE, SignIn
from tests.web.scripted import Clock, ScriptedPhone, application
from tests.web.walking import rows, words_of

# What the database does here, tests/analysis/forwarding has tried on both engines.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def app(database: Database, clock: Clock, phone: ScriptedPhone) -> FastAPI:
    app = application(database, clock, phone, BASE)
    app.include_router(forwarding_routes(database, Pages("Stoke"), clock, BASE))
    return app


@pytest.fixture
async def scene(database: Database, keys: KeyRing, clock: Clock) -> AsyncIterator[Scene]:
    async with a_scene(database, keys) as scene:
        scene.clock = scene.receiver.clock = clock
        await scene.add(target=f"{scene.receiver.url}/events?key=not-to-be-shown")
        await scene.happen("r1", "r2", "r1")
        yield scene


async def test_it_says_what_waits_and_shows_no_key(scene: Scene, signed_in: SignIn) -> None:
    admin = await signed_in("ada", "admin")
    assert PAGE in (await admin.get("/staff")).text
    page = (await admin.get(PAGE)).text
    assert "not-to-be-shown" not in page
    assert f"Webhook {scene.receiver.url}/events · survey stoke · masked text 3 events wait" in words_of(page)
    await scene.sender().send_all_due()
    page = words_of((await admin.get(PAGE)).text)
    assert "council Running" in page
    assert "0 events wait · settled up to number 3 · last arrival 22 November 2026, 12:00" in page


@pytest.mark.parametrize("role", ["analyst", "worker", "safeguarding"])
async def test_others_than_admins_are_turned_away(scene: Scene, signed_in: SignIn, role: str) -> None:
    client = await signed_in("cem", role)
    assert PAGE not in (await client.get("/staff")).text
    assert (await client.get(PAGE)).status_code == 403
    token = token_on((await client.get("/staff")).text)
    form = {"token": token, "destination": "council", "do": "pause"}
    assert (await client.post(PAGE, data=form)).status_code == 403
    assert (await scene.standing()).destination.state == "running"


async def test_trouble_is_said_in_words_and_a_button_ends_it(scene: Scene, signed_in: SignIn) -> None:
    admin, sender = await signed_in("ada", "admin"), scene.sender()
    scene.receiver.answer = lambda event: Answer(500)
    await sender.send_all_due()
    failing = words_of((await admin.get(PAGE)).text)
    assert "council Failing" in failing
    assert "Nothing has arrived since 22 November 2026, 12:00: it answered 500. The next try is on" in failing
    await scene.live_through(10, sender)
    await scene.live_through(70, sender)
    again = await signed_in("bo", "admin")
    page = (await again.get(PAGE)).text
    assert "council Given up" in words_of(page)
    assert "It is not tried any more." in words_of(page)
    scene.receiver.answer = lambda event: None
    answer = await again.post(PAGE, data={"token": token_on(page), "destination": "council", "do": "resume"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PAGE}?done=resume")
    assert "It is sent to again" in (await again.get(answer.headers["location"])).text
    await sender.send_all_due()
    assert sorted(scene.receiver.seqs) == [1, 2, 3]
    assert ("bo", "forwarding resumed", "council") in await rows(
        scene.database, "SELECT who, action, detail FROM audit"
    )


async def test_refused_events_dead_letters_and_old_events_go_again(scene: Scene, signed_in: SignIn) -> None:
    scene.receiver.answer = lambda event: Answer(400) if event["response"] == "r2" else None
    sender = scene.sender()
    await scene.live_through(0.01, sender)
    admin = await signed_in("bo", "admin")
    page = (await admin.get(PAGE)).text
    assert "council Running Refusing some" in words_of(page)
    assert "1 event is refused: it answered 400." in words_of(page)
    assert "The next try is on 22 November 2026, 12:05." in words_of(page)
    tried = scene.receiver.requests
    await admin.post(PAGE, data={"token": token_on(page), "destination": "council", "do": "replay-refused"})
    await sender.send_all_due()
    assert scene.receiver.requests == tried + 1
    await scene.live_through(80, sender)
    admin = await signed_in("ada", "admin")
    page = (await admin.get(PAGE)).text
    assert "1 event was refused for three days." in words_of(page)
    about = {"token": token_on(page), "destination": "council"}
    scene.receiver.answer = lambda event: None
    assert (await admin.post(PAGE, data={**about, "do": "replay-dead"})).status_code == 303
    assert (await admin.post(PAGE, data={**about, "do": "replay", "from": " 3 "})).status_code == 303
    await sender.send_all_due()
    assert scene.receiver.seqs == [1, 3, 2, 3]
    scene.receiver.answer = lambda event: Answer(503)
    await scene.happen("r3")
    await sender.send_all_due()
    answer = await admin.post(PAGE, data={**about, "do": "replay", "from": "3"}, follow_redirects=True)
    assert "They go again at its next try." in answer.text
    for again, said in (("3", "They go again once it is resumed."), ("4", "There was nothing to send again.")):
        await admin.post(PAGE, data={**about, "do": "pause"})
        answer = await admin.post(PAGE, data={**about, "do": "replay", "from": again}, follow_redirects=True)
        assert said in answer.text


async def test_raw_text_stands_out_in_words(scene: Scene, signed_in: SignIn) -> None:
    admin = await signed_in("ada", "admin")
    assert "Raw text" not in (await admin.get(PAGE)).text
    await scene.add("drops", text=Text.RAW)
    page = words_of((await admin.get(PAGE)).text)
    assert "drops Running Raw text" in page
    assert "raw text: what residents wrote goes there as it is, with any name or number in it" in page


@pytest.mark.parametrize("number", ["", "0", "-1", "x", "1.5", "٣", "9" * 19])
async def test_what_is_no_number_is_asked_for_again(scene: Scene, signed_in: SignIn, number: str) -> None:
    admin = await signed_in("ada", "admin")
    token = token_on((await admin.get(PAGE)).text)
    form = {"token": token, "destination": "council", "do": "replay", "from": number}
    answer = await admin.post(PAGE, data=form)
    assert answer.status_code == 422
    assert 'href="#from-council">Write the number of the first event' in answer.text


@pytest.mark.parametrize(
    ("destination", "do", "status"),
    [
        pytest.param("nobody", "pause", 409, id="no such destination"),
        pytest.param("council", "dance", 400, id="no such deed"),
    ],
)
async def test_a_made_up_form_does_nothing(
    scene: Scene, signed_in: SignIn, destination: str, do: str, status: int
) -> None:
    admin = await signed_in("ada", "admin")
    token = token_on((await admin.get(PAGE)).text)
    answer = await admin.post(PAGE, data={"token": token, "destination": destination, "do": do})
    assert answer.status_code == status


async def test_the_metrics_say_how_every_destination_stands(scene: Scene) -> None:
    metrics = Metrics()
    scene.receiver.answer = lambda event: Answer(500)
    await scene.sender().send_all_due()
    scene.clock.pass_minutes(1)
    metrics.forwarding(await scene.database.read(destinations.standings), scene.clock())
    text = metrics.text().decode()
    assert 'earshot_forward_waiting_events{destination="council"} 3.0' in text
    assert 'earshot_forward_failing_seconds{destination="council"} 60.0' in text
    assert 'earshot_forward_refused_events{destination="council"} 0.0' in text
    assert 'earshot_forward_dead_events{destination="council"} 0.0' in text
    assert 'earshot_forward_oldest_seconds{destination="council"} 60.0' in text
    assert 'earshot_forward_running{destination="council"} 1.0' in text
    metrics.forwarding([], scene.clock())
    assert "council" not in metrics.text().decode()
