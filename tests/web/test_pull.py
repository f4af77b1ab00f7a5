"""The reading API: by token alone, by cursor, and the same as what is forwarded and what is exported."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from bot.analysis.export import Format, export
from bot.analysis.forwarding.events import SCHEMAS, Rendering, schema
from bot.service.privacy import erase
from bot.web.pull import HOUR_MS, WHO, pull_routes
from storage import ledger, surveys
from storage.keys import KeyRing
from storage.script import Database
from tests.service.privacy_scene import NEIGHBOUR, RESIDENT, Town, hits, rows, town

TOKEN = "a token that is only for tests"
BOTH = ("/api/v1/events", "/api/v1/responses")
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True, ids=["sqlite"])


@pytest.fixture
async def stoke(database: Database, keys: KeyRing) -> AsyncIterator[Town]:
    async with town(database, keys) as running:
        yield running


def reader(stoke: Town, token: str = TOKEN, sent: str = f"Bearer {TOKEN}") -> httpx2.AsyncClient:
    app = FastAPI()
    app.include_router(pull_routes(stoke.database, token, lambda: stoke.now))
    headers = {"authorization": sent} if sent else {}
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="https://earshot.example", headers=headers)


async def read(stoke: Town, path: str, **asked: object) -> dict[str, Any]:
    async with reader(stoke) as client:
        answer = await client.get(path, params={name: str(value) for name, value in asked.items()})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    page: dict[str, Any] = answer.json()
    return page


@on_sqlite
@pytest.mark.parametrize("path", BOTH)
@pytest.mark.parametrize(
    ("token", "sent", "status"),
    [
        pytest.param(TOKEN, "", 401, id="no token"),
        pytest.param(TOKEN, "Bearer another", 401, id="a wrong token"),
        pytest.param(TOKEN, "Bearer é", 401, id="a token in other letters"),
        pytest.param(TOKEN, f"Basic {TOKEN}", 401, id="another scheme"),
        pytest.param(TOKEN, "Bearer", 401, id="an empty token"),
        pytest.param("", "Bearer ", 403, id="the API is off"),
        pytest.param("", "", 403, id="the API is off and nothing is sent"),
    ],
)
async def test_nothing_is_read_without_the_token(stoke: Town, path: str, token: str, sent: str, status: int) -> None:
    await stoke.text("STOKE")
    async with reader(stoke, token, "") as client:
        headers = [(b"authorization", sent.encode())] if sent else []
        answer = await client.get(path, headers=headers)
    assert (answer.status_code, list(answer.json())) == (status, ["detail"])
    assert answer.headers.get("www-authenticate", "").startswith("Bearer") == (status == 401)
    assert await rows(stoke.database, "SELECT 1 FROM audit WHERE action = 'pull'") == []


@on_sqlite
@pytest.mark.parametrize("path", BOTH)
@pytest.mark.parametrize(
    ("asked", "status"),
    [
        *((asked, 422) for asked in ("after=-1", "after=x", "after=9e99", "limit=0", "limit=1001", "survey=%00")),
        ("survey=stroke", 404),
        ("after=2", 409),
    ],
)
async def test_what_cannot_be_asked_for_is_refused(stoke: Town, path: str, asked: str, status: int) -> None:
    await stoke.text("STOKE")
    async with reader(stoke) as client:
        answer = await client.get(f"{path}?{asked}")
    assert answer.status_code == status
    detail = answer.json()["detail"]
    assert isinstance(detail, str) if status != 422 else detail[0]["loc"] == ["query", asked.partition("=")[0]]


async def test_the_events_are_the_bytes_that_are_forwarded(stoke: Town) -> None:
    await stoke.answer_everything()
    async with reader(stoke) as client:
        answer = await client.get("/api/v1/events")
    forwarded = (await Rendering(stoke.database).page(0, 1_000)).bodies
    assert len(forwarded) == 6
    assert b",".join(forwarded) in answer.content
    assert [event["type"] for event in answer.json()["events"]][-1] == "response.completed"
    assert hits(answer.text, (RESIDENT[1:], "07700900321")) == []


async def test_a_reader_by_cursor_gets_every_event_once(stoke: Town) -> None:
    for text in ("STOKE", "1", "1 3"):
        await stoke.text(text)
    first = await read(stoke, "/api/v1/events", limit=2)
    assert (len(first["events"]), first["has_more"]) == (2, True)
    second = await read(stoke, "/api/v1/events", limit=2, after=first["next"])
    assert (len(second["events"]), second["has_more"]) == (1, False)
    await stoke.text("STOKE", NEIGHBOUR)
    third = await read(stoke, "/api/v1/events", after=second["next"])
    assert [event["data"]["revision"] for page in (first, second, third) for event in page["events"]] == [1, 2, 3, 1]
    assert await read(stoke, "/api/v1/events", after=third["next"]) == {
        "events": [],
        "next": third["next"],
        "has_more": False,
    }
    await stoke.database.run(lambda: surveys.publish("park", "1", "", "{}", stoke.now))
    assert (await read(stoke, "/api/v1/events", survey="park"))["events"] == []


async def test_a_copy_of_all_responses_is_kept_up_by_cursor(stoke: Town, tmp_path: Path) -> None:
    copy: dict[str, Any] = {}
    cursor = 0

    async def catch_up() -> None:
        nonlocal cursor
        while True:
            page = await read(stoke, "/api/v1/responses", after=cursor, limit=1)
            copy.update({each["response_id"]: each for each in page["responses"]})
            for each in page["withdrawn"]:
                copy.pop(each["response_id"], None)
            cursor = page["next"]
            if not page["has_more"]:
                return

    await stoke.answer_everything()
    await stoke.text("STOKE", NEIGHBOUR)
    await stoke.text("STOKE", "+447700900777")
    await catch_up()
    assert list(copy.values()) == await exported(stoke, tmp_path)
    await stoke.text("1", NEIGHBOUR)
    await erase(stoke.database, stoke.keys, RESIDENT, who="ann", now=stoke.now)
    await catch_up()
    expected = await exported(stoke, tmp_path)
    assert sorted(copy.values(), key=_id) == sorted(expected, key=_id)
    assert len(copy) == 2


async def exported(stoke: Town, folder: Path) -> list[dict[str, Any]]:
    """Read the JSON Lines export."""
    out = folder / "out.jsonl"
    await export(
        stoke.database, "stoke", Format.JSONL, out,
        raw=False, labels=None, include_test=False, who="ann", now=stoke.now,
    )  # fmt: skip
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


def _id(row: dict[str, Any]) -> str:
    return str(row["response_id"])


@on_sqlite
async def test_what_is_read_is_in_the_audit_log_once_an_hour(stoke: Town) -> None:
    async with reader(stoke) as client:
        for _ in range(3):
            for path in BOTH:
                await client.get(path)
        stoke.now += HOUR_MS
        await client.get(BOTH[0])
    noted = await rows(stoke.database, "SELECT who, detail FROM audit WHERE action = 'pull' ORDER BY id")
    assert noted == [(WHO, "events"), (WHO, "responses"), (WHO, "events")]


@on_sqlite
async def test_nothing_is_read_until_a_restored_database_has_caught_up(stoke: Town) -> None:
    await stoke.database.run(lambda: ledger.hold((), stoke.now))
    async with reader(stoke) as client:
        for path in BOTH:
            answer = await client.get(path)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")


@on_sqlite
async def test_the_schemas_are_there_for_anybody(stoke: Town) -> None:
    async with reader(stoke, sent="") as client:
        for name in SCHEMAS:
            assert (await client.get(f"/api/v1/schemas/{name}")).json() == schema(name)
        for name in ("response/2", "..%2Fresponse/1"):
            assert (await client.get(f"/api/v1/schemas/{name}")).status_code == 404
