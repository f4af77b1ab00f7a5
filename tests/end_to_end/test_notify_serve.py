"""The real server with GOV.UK Notify as its only way to residents: settings in, texts answered, an outage made good."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bench.serving import Server, serving
from tests.end_to_end.waiting import until
from tests.fakes.notify import API_KEY, CALLBACK_TOKEN, SECRET, FakeNotify

RESIDENT = "+447700900123"
NO_TWILIO = {"TWILIO_ACCOUNT_SID": "", "TWILIO_AUTH_TOKEN": "", "TWILIO_SMS_FROM": "", "TWILIO_API_BASE_URL": ""}


@pytest.fixture
async def notify() -> AsyncIterator[FakeNotify]:
    async with FakeNotify() as notify:
        yield notify


@pytest.fixture
async def server(published: str, tmp_path: Path, notify: FakeNotify) -> AsyncIterator[Server]:
    settings = {"NOTIFY_API_KEY": API_KEY, "NOTIFY_CALLBACK_TOKEN": CALLBACK_TOKEN, "NOTIFY_API_BASE_URL": notify.url}
    async with serving(published, tmp_path / "server", **NO_TWILIO, **settings) as server:
        notify.target = f"http://127.0.0.1:{server.port}"
        yield server


async def test_texts_are_answered_through_notify_and_one_that_came_meanwhile_too(
    server: Server, notify: FakeNotify
) -> None:
    assert (await notify.text(RESIDENT, "STOKE")).status == 200
    await until(lambda: len(notify.phone(RESIDENT)) == 1)
    assert "1/8" in notify.phone(RESIDENT)[0]
    assert await notify.report(notify.texts[0].id, "delivered") == 204
    # The server listens to the list from its first look at it on.
    await until(lambda: any(path.endswith("received-text-messages") for _, path, _ in notify.requests))

    await server.kill()
    notify.lose(RESIDENT, "1")
    await server.start()
    await until(lambda: len(notify.phone(RESIDENT)) == 2)
    assert "2/" in notify.phone(RESIDENT)[1]

    assert "/channels/notify/status" in server.output
    for content in (RESIDENT[1:], SECRET, CALLBACK_TOKEN, "STOKE"):
        assert content not in server.errors
